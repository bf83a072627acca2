"""The functions of a C module's Python file: they hand arrays to C and take them back."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from symback.autodiff.function import Port
from symback.codegen.c.names import C_NAMES, CNames
from symback.codegen.lines import columns_of, names_in, quoted, tuple_of
from symback.codegen.numpy.functions import BLOCK_RESULT, FunctionText, FunctionWriter

NUMBERS = {
    "real": "dtype",  # of values in C
    "kind": "dtype",  # what a call says of them
    "given": "np.array(params, dtype)",
    "copied": "np.array(params, dtype)",
    "reached": "Params(*theta)",
    "bars": "np.empty({count}, dtype)",
    "sums": "np.empty({count})",
    "found": "Params(*bars)",
    "summed": "Params(*bars.astype(dtype))",
    "value": "{0}[()]",
    "value_or_one": "{0}[0 if single else ()]",
}
"""How a loader passes numbers, which have the dtype of the arguments in C too: the parameters are
one vector, members of a structure by value."""
ARRAYS = {
    "real": "DOUBLE",
    "kind": "lengths",
    "given": "_contiguous(params, DOUBLE)",
    "copied": "[array.copy() for array in _contiguous(params, dtype)]",
    "reached": "Params(*(_returned(value.copy(), dtype) for value in theta))",
    "bars": "[np.empty(value.shape) for value in given]",
    "sums": "[np.empty(value.shape) for value in given]",
    "found": "Params(*(_returned(bar, dtype) for bar in bars))",
    "summed": "Params(*(_returned(bar, dtype) for bar in bars))",
    "value": "_returned({0}, dtype)",
    "value_or_one": "_returned({0}, dtype, single)",
}
"""How it passes arrays: doubles in C, each at its own address, and C needs their sizes."""


@dataclass(frozen=True, slots=True)
class Passage:
    """How the values of a port are passed, as code with braces for what differs by function."""

    before: Sequence[str]  # statements before the call of C
    argument: str = ""
    after: Sequence[str] = ()
    result: str = ""  # what a user gets


SHAPES = "shapes: list[Any] = {shapes}"
GIVEN: Mapping[Port, Passage] = {
    Port.CACHE: Passage([SHAPES, "kept = _kept(cache, shapes, {real})"], "kept"),
    Port.SEED: Passage(["seed = _seed(output_bar, {shape}, {single}, {real})"], "seed"),
}
MADE: Mapping[Port, Passage] = {
    Port.OUTPUT: Passage(["output = np.empty({shape}, {real})"], "output", (), "{output}"),
    Port.CACHE: Passage(
        [SHAPES, "kept = [np.empty(shape, {real}) for shape in shapes]"],
        "kept",
        (),
        "Cache(*({value} for value in kept))",
    ),
    Port.PARAM_BARS: Passage(["bars = {bars}"], "bars", (), "{found}"),
    Port.INPUT_BARS: Passage(
        ["found = [np.empty(column.shape, {real}) for column in columns]"],
        "[{input_slots}]",
        ["input_bars = [{bar} for bar in found]"],
        "Inputs{input_bars}",
    ),
}


def loader_function(names: CNames, name: str) -> FunctionText:
    """The function under the name, and with the docstring, of the one that NumPy computes."""
    python = FunctionWriter(names.lowered, name)
    text, code = python.head(), _code(names, name, python)
    if text.in_blocks:
        signature = f"def {text.name}(params: Params, *rows: Array) -> {BLOCK_RESULT}:"
        return replace(text, signature=[signature], lines=_of_a_block(names, python, code))
    return replace(text, lines=_of_a_call(names, python, code))


def _of_a_call(names: CNames, python: FunctionWriter, code: Mapping[str, str]) -> list[str]:
    """The body of a function that reads its arguments as users have them."""
    given = [GIVEN[port] for port in python.function.given]
    made = [MADE[port] for port in python.function.results]
    if not python.columns:
        made = [replace(p, before=(), after=()) if p.after else p for p in made]
    cached = [p.argument for p in given if p is GIVEN[Port.CACHE]]  # before the number of rows
    others = [p.argument for p in (*given, *made) if p is not GIVEN[Port.CACHE]]
    arguments = ["{kind}", "given", "[{slots}]", *cached, "rows", *others]
    lines = [
        "dtype, rows = _dtype(params, columns), _rows(columns)",
        *contiguous(names, python.columns, "columns"),
        f"given = {code['given']}",
        *(line.format(**code) for p in (*given, *made) for line in p.before),
        f'_call("{{c_name}}", {", ".join(arguments)})'.format(**code),
        *(line.format(**code) for p in made for line in p.after),
        f"return {', '.join(p.result for p in made)}".format(**code),
    ]
    single = "single" if "single" in names_in(lines) else "_"
    return [f"params, columns, {single} = {python.reading}", *lines]


def _of_a_block(names: CNames, python: FunctionWriter, code: Mapping[str, str]) -> list[str]:
    """The body of a function that sums over samples, given as columns."""
    return [
        "dtype, count = _dtype(params, rows), _rows(rows)",
        *contiguous(names, python.columns, "rows"),
        f"given = {code['given']}",
        f"bars = {code['sums']}",
        'total = _call("{c_name}", {kind}, given, [{slots}], count, bars)'.format(**code),
        f"return dtype.type(total), {code['summed']}",
    ]


def passing(names: CNames) -> dict[str, str]:
    """How the loader passes numbers, or arrays, by what is passed."""
    count = len(names.circuit.params)
    found = NUMBERS if names.by_value else ARRAYS
    return {what: text.replace("{count}", str(count)) for what, text in found.items()}


def _code(names: CNames, name: str, python: FunctionWriter) -> dict[str, str]:
    """What the braces stand for."""
    function, circuit, code = python.function, names.circuit, passing(names)
    cache = {**function.given, **function.results}.get(Port.CACHE, {})
    zeros = "np.zeros(np.shape(inputs.{}), dtype)"  # no path leads to that input
    inputs = [n.name for n in circuit.inputs]
    every = [n.name for n in names.columns]
    of_one, of_all = code["value_or_one"], code["value"]
    return {
        **code,
        "c_name": C_NAMES.get(name, name),
        "slots": ", ".join(slots(every, python.columns, "columns")),
        "shape": names.python_shape(function.of.shape, function.varies),
        "shapes": _list(
            [
                names.python_shape(names.shapes.get(s.name, ()), s in names.kept_varying)
                for s in cache.values()
            ]
        ),
        "single": "single" if python.per_sample else "False",
        "output": (of_one if python.per_sample else of_all).format("output"),
        "value": of_all.format("value"),
        "bar": of_one.format("bar"),
        "input_slots": ", ".join(slots(inputs, python.columns, "found")),
        "input_bars": _made(
            slots(inputs, python.columns, "input_bars", zeros),
            len(circuit.columns) - len(inputs),
        ),
    }


def contiguous(names: CNames, columns: Sequence[str], given: str, real: str = "") -> list[str]:
    """The statements that make columns as C reads them, of the dtype that the code `real` gives."""
    lines = [] if names.by_value else [f"lengths = _lengths(params, {given}{quoted(columns)})"]
    real = real or passing(names)["real"]
    return [*lines, *([f"columns = _contiguous({given}, {real})"] if columns else [])]


def wholes(names: CNames, on_request: Collection[str]) -> dict[str, str]:
    """The functions that the extension computes, by name, and the code for the inputs they read.

    Of arrays they are those of bound samples alone.
    """
    functions, by_value = names.lowered.functions, names.by_value
    if (
        not names.circuit.params
        or names.circuit.constants
        or (not by_value and "bind" not in on_request)
    ):
        return {}
    computed = ["objective", "residuals", "jacobian", "hessp"]
    seeded = "jacobian" in functions and Port.SEED in functions["jacobian"].given
    if seeded or "sparsity" in on_request:  # an entry at a time, or results of another type
        computed = [name for name in computed if name != "jacobian"]
    read = {
        name: columns_of(names.lowered, functions[name].program)
        for name in computed
        if name in functions
    }
    for name, other in (("value_and_grad", "objective"), ("hessian", "hessp")):
        if by_value and other in read and not (name in on_request and "sparsity" in on_request):
            read[name] = read[other]
    return {name: tuple_of([f'"{c}"' for c in columns]) for name, columns in read.items()}


def _list(items: Sequence[str]) -> str:
    if len(items) > 1 and len({*items}) == 1:
        return f"[{items[0]}] * {len(items)}"
    return f"[{_arguments(items)}]"


def _arguments(items: Sequence[str]) -> str:
    """The items between the brackets of a call or list, one a line where a line is too short."""
    text = ", ".join(items)
    if len(text) <= 60:
        return text
    return "".join(f"\n        {item}," for item in items) + "\n    "


def _made(items: Sequence[str], missing: int) -> str:
    """What makes a named tuple of the items, with the brackets; so many at its end are missing."""
    if items and items[0].startswith("*") and len(items) > 1:  # no checker knows how many
        return f"._make([{_arguments([*items, *['None'] * missing])}])"
    return f"({_arguments(items)})"


def slots(
    every: Sequence[str], read: Sequence[str], values: str, missing: str = "None"
) -> list[str]:
    """The values of `read`, which has the order of `every`, with `missing` for the other names.

    >>> slots("abcde", "abd", "columns")
    ['*columns[0:2]', 'None', 'columns[2]', 'None']
    """
    items: list[str] = []
    start = 0
    for known, group in groupby(every, read.__contains__):
        names = list(group)
        if not known:
            items += [missing.format(name) for name in names]
            continue
        stop = start + len(names)
        if len(names) == len(read):
            items.append(f"*{values}")
        else:
            items.append(f"{values}[{start}]" if len(names) == 1 else f"*{values}[{start}:{stop}]")
        start = stop
    return items


__all__ = ["contiguous", "loader_function", "passing", "slots", "wholes"]
