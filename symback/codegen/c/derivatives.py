"""Jacobians, Hessians and products with them in a C module: what its Python file hands to C."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symback.autodiff.function import Port
from symback.autodiff.lower import NAMES
from symback.autodiff.per_sample import NAME as PER_SAMPLE
from symback.circuits.circuit import Circuit
from symback.codegen.c.loader import contiguous, passing, slots
from symback.codegen.c.names import CNames
from symback.codegen.functions import lowered_names
from symback.codegen.numpy.bound import bound_text
from symback.codegen.numpy.derivatives import DerivativeText, output_shape, pattern
from symback.codegen.numpy.functions import FunctionText, FunctionWriter, signature
from symback.codegen.numpy.per_sample import PartialsText, partials_text
from symback.operations.shapes import Shape

BY_COLUMN = {"hessian": "hessp"}
"""Functions that are made of another one, called for one column at a time."""


def in_c(circuit: Circuit, on_request: Sequence[str]) -> list[str]:
    """The functions of a lowered circuit that those on request need."""
    return [name for name in lowered_names(on_request, BY_COLUMN) if name in NAMES]


def c_derivative_text(names: CNames, on_request: Sequence[str]) -> DerivativeText:
    """The functions on request, as lines of the Python file."""
    functions = names.lowered.functions
    forward = FunctionWriter(names.lowered, "forward")
    has_jacobian, has_shape = "jacobian" in functions, bool(names.circuit.output.shape)
    return DerivativeText(
        frozenset(on_request),
        names.circuit.output.name,
        len(names.circuit.params),
        not any(param.shape for param in names.circuit.params),
        jvp=_jvp(names) if "jvp" in functions else None,
        jvp_per_sample="jvp" in functions and forward.per_sample,
        hessp=_hessp(names) if "hessp" in functions else None,
        residuals=_residuals(names) if "residuals" in functions else None,
        jacobian=_jacobian(names) if has_jacobian else None,
        jacobian_in_rows=has_jacobian and Port.ROWS in functions["jacobian"].results,
        seeded=has_jacobian and Port.SEED in functions["jacobian"].given,
        output_shape=output_shape(forward) if has_shape else (),
        bound=bound_text(names.lowered, on_request) if "bind" in on_request else None,
        partials=_partials(names) if PER_SAMPLE in on_request else (),
        many="hessp" in functions and Port.ROWS in functions["hessp"].results,
        outputs_dot=_outputs_dot(names) if "params_jvp" in functions and has_shape else None,
        jacobian_pattern=pattern(names.lowered, on_request, "jacobian"),
        hessian_pattern=pattern(names.lowered, on_request, "hessian"),
    )


def _jvp(names: CNames) -> FunctionText:
    writer = FunctionWriter(names.lowered, "jvp")
    code = passing(names)
    dots = slots([n.name for n in names.columns], _dotted(writer), "dots")
    lines = [
        "dtype, rows = _dtype(params, columns), _rows(columns)",
        *contiguous(names, writer.columns, "columns"),
        f"given, moved = {code['given']}, {_given(names, '_param_dots')}",
        *_taken_dots(writer),
        f"output = np.empty({names.python_shape(writer.function.of.shape, writer.function.varies)},"
        f" {code['real']})",
        f'_call("jvp", {code["kind"]}, given, [{_slots(names, writer)}], rows, moved, '
        f"[{', '.join(dots)}], output)",
        "return output.astype(dtype, copy=False)[()]",
    ]
    arguments = ["params: Params", "columns: Any", "_param_dots: Any", "_column_dots: Any"]
    return _text(writer, "_output_dot", arguments, lines, spread=False)


def _dotted(writer: FunctionWriter) -> list[str]:
    """The inputs that have tangents: not the targets."""
    return list(writer.function.given[Port.INPUT_DOTS])


def _taken_dots(writer: FunctionWriter) -> list[str]:
    """The tangents of inputs among those of all columns, as C reads them."""
    dotted = _dotted(writer)
    places = [i for i, name in enumerate(writer.columns) if name in dotted]
    chosen = ", ".join(f"_column_dots[{i}]" for i in places)
    real = "DOUBLE" if writer.function.of.has_arrays else "dtype"
    return [f"dots = _contiguous([{chosen}], {real})"] if dotted else []


def _hessp(names: CNames) -> FunctionText:
    writer = FunctionWriter(names.lowered, "hessp")
    code = passing(names)
    many = Port.ROWS in writer.function.results
    made = "[np.empty((count, *value.shape)) for value in given]" if many else code["sums"]
    lines = [
        *_block(names, writer, reads_dtype=not many, rows="_param_dots[0]" if many else ""),
        f"moved, bars = {_given(names, '_param_dots')}, {made}",
        f'_call("hessp", {code["kind"]}, given, [{_slots(names, writer)}], count, moved, bars)',
        "return [bar.astype(params[0].dtype, copy=False) for bar in bars]"
        if many
        else f"return {code['summed']}",
    ]
    return _text(writer, "_bar_dots", ["params: Params", "_param_dots: Any"], lines)


def _outputs_dot(names: CNames) -> FunctionText:
    """J·v by the parameters, for every sample or a row for each v."""
    writer = FunctionWriter(names.lowered, "params_jvp")
    code = passing(names)
    shape = _of_rows(names, writer.function.of.shape)
    rows = "_param_dots[0]" if writer.function.varies and not writer.columns else ""
    lines = [
        *_block(names, writer, rows=rows),
        f"moved, output = {_given(names, '_param_dots')}, np.empty({shape}, {code['real']})",
        f'_call("params_jvp", {code["kind"]}, given, [{_slots(names, writer)}], count, moved, '
        "output)",
        "return output.astype(dtype, copy=False)",
    ]
    return _text(writer, "_outputs_dot", ["params: Params", "_param_dots: Any"], lines)


def _residuals(names: CNames) -> FunctionText:
    writer = FunctionWriter(names.lowered, "residuals")
    code = passing(names)
    shape = _of_rows(names, writer.function.of.shape)
    lines = [
        *_block(names, writer),
        f"found = np.empty({shape}, {code['real']})",
        f'_call("residuals", {code["kind"]}, given, [{_slots(names, writer)}], count, found)',
        "return found.astype(dtype, copy=False)",
    ]
    return _text(writer, "_residuals", ["params: Params"], lines)


def _jacobian(names: CNames) -> FunctionText:
    """Adjoints of the parameters put into the rows of an array, or tangents into its columns."""
    writer = FunctionWriter(names.lowered, "jacobian")
    code, function = passing(names), writer.function
    seeds = [str(s) for s in function.given.get(Port.SEED, {}).values()]
    shape = _of_rows(names, function.of.shape)
    if names.by_value:
        found = f"list(np.empty(({len(writer.params)}, count), dtype))"
        put = ["for _j, _column in enumerate(found):", "    _place[:, _j] = _column"]
    elif Port.ROWS in function.results:
        found = "[np.empty((count, *value.shape)) for value in given]"
        put = ["_put(_place, params, tuple(found))"]
    else:
        found = f"[*np.empty(({len(writer.params)}, *{shape}))]"
        put = ["for _j, _column in enumerate(found):", "    _place[..., _j] = _column"]
    lines = [
        *_block(names, writer, reads_dtype=names.by_value, rows="".join(seeds)),
        f"found = {found}",
        f'_call("jacobian", {code["kind"]}, given, [{_slots(names, writer)}], '
        f"{', '.join(['count', *_plain(seeds, code), 'found'])})",
        *put,
    ]
    arguments = ["_place: Array", "params: Params", *(f"{seed}: Array" for seed in seeds)]
    return _text(writer, "_put_rows", arguments, lines)


def _plain(seeds: Sequence[str], code: Mapping[str, str]) -> list[str]:
    return [f"_plain({seed}, {code['real']})" for seed in seeds]


def _of_rows(names: CNames, shape: Shape) -> str:
    """The code for the shape of values of some rows."""
    return names.python_shape(shape, True).replace("rows", "count", 1)


def _partials(names: CNames) -> list[PartialsText]:
    def written(writer: FunctionWriter, name: str, arguments: Sequence[str]) -> FunctionText:
        return _partials_of_node(names, writer, name, arguments)

    return partials_text(names.lowered, written)


def _partials_of_node(
    names: CNames, writer: FunctionWriter, name: str, arguments: Sequence[str]
) -> FunctionText:
    """The partials of a node, an array for each leaf and a row for each seed or sample."""
    code, circuit = passing(names), names.circuit
    seeds = [str(s) for s in writer.function.given.get(Port.SEED, {}).values()]
    (by,) = writer.function.results.values()
    every = circuit.params if Port.ROWS in writer.function.results else circuit.inputs
    shapes = [_of_rows(names, circuit[name].shape) for name in by]
    places = ", ".join(slots([leaf.name for leaf in every], [*by], "found"))
    lines = [
        *_block(names, writer, reads_dtype=names.by_value, rows="".join(seeds)),
        f"found = [np.empty(shape, {code['real']}) for shape in [{', '.join(shapes)}]]",
        f'_call("{name[1:]}", {code["kind"]}, given, [{_slots(names, writer)}], '
        f"{', '.join(['count', *_plain(seeds, code), f'[{places}]'])})",
        "return found",
    ]
    return _text(writer, name, arguments, lines)


def _block(
    names: CNames, writer: FunctionWriter, *, reads_dtype: bool = True, rows: str = ""
) -> list[str]:
    """What each function of a block begins with, whose length is that of `rows`."""
    count = f"len({rows})" if rows else "_rows(rows)"
    both = f"dtype, count = _dtype(params, rows), {count}"
    return [
        both if reads_dtype else f"count = {count}",
        *contiguous(names, writer.columns, "rows"),
        f"given = {passing(names)['given']}",
    ]


def _slots(names: CNames, writer: FunctionWriter) -> str:
    return ", ".join(slots([n.name for n in names.columns], writer.columns, "columns"))


def _given(names: CNames, values: str) -> str:
    """The code that passes values of the parameters' shapes."""
    return f"np.array({values}, dtype)" if names.by_value else f"_contiguous({values}, DOUBLE)"


def _text(
    writer: FunctionWriter,
    name: str,
    arguments: Sequence[str],
    lines: Sequence[str],
    *,
    spread: bool = True,
) -> FunctionText:
    every = [*arguments, *(["*rows: Array"] if spread else [])]
    head = signature(name, every, "Any", one_a_line=True)
    return FunctionText(name, head, writer.function.summary, lines, writer.columns)


__all__ = ["c_derivative_text", "in_c"]
