"""The functions of a Rust module: what stands before, in and behind the loop over the samples."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sympy import Min

from symback.circuits.circuit import SHARED_DATA, Circuit, Node
from symback.circuits.names import fresh_name
from symback.codegen.bare.body import WORK, BareBody, BareLanguage, BareValue, bare_body
from symback.codegen.bare.functions import BareFunction
from symback.codegen.bare.modules import given_by, taken_by
from symback.codegen.bare.text import said
from symback.codegen.lines import freed, names_in
from symback.codegen.loops.sizes import count_of, length
from symback.codegen.loops.tree import Declare, Return, Storage, Tree, Unused
from symback.codegen.rust.bare import SPLIT
from symback.codegen.rust.elements import RustElementPrinter
from symback.codegen.rust.printer import rust_names
from symback.codegen.rust.statements import RustStatements
from symback.operations.shapes import Size

TAKEN = frozenset(
    """
    BLOCK count start stop row rows sizes results total params params_dot params_bar inputs
    inputs_dot inputs_bar output_bar grad product needed entry width place part
    """.split()
)
"""Names that the functions of a module have around the lines of a sample."""
LANGUAGE = BareLanguage(
    "the Rust target",
    RustElementPrinter,
    lambda names, local: rust_names(names, local | TAKEN),
    makes_arrays=False,
    taken=TAKEN,
)
ADJOINTS = {"vjp": "params_bar", "value_and_gradient": "grad", "hessp": "product"}
"""Where the adjoints of parameters go."""
ARGUMENTS = {
    "value": ("params", "inputs"),
    "vjp": ("params", "inputs", "output_bar", "params_bar", "inputs_bar"),
    "jvp": ("params", "inputs", "params_dot", "inputs_dot"),
    "value_and_gradient": ("params", "inputs", "grad"),
    "hessp": ("params", "inputs", "params_dot", "product"),
    "jacobian": ("params", "inputs"),
}
"""What functions are given, beside sizes and memory."""
MEANS = ("value_and_gradient", "hessp")


@dataclass(slots=True)
class RustFunction:
    """The lines of one function, without indentation."""

    about: Sequence[str]  # as lines of its documentation
    once: list[str] = field(default_factory=list)  # before the loop
    block: list[str] = field(default_factory=list)  # before the samples of a block
    each: list[str] = field(default_factory=list)  # for a sample
    after: list[str] = field(default_factory=list)  # behind the samples of a block
    ends: list[str] = field(default_factory=list)  # behind the loop
    total: str = ""  # the name of a sum that is returned
    work: str = ""  # the numbers that it works in, by members of `sizes`

    @property
    def lines(self) -> list[str]:
        """All lines but comments."""
        found = [*self.once, *self.block, *self.each, *self.after, *self.ends]
        return [line for line in found if not line.lstrip().startswith("//")]

    def unused(self, arguments: Iterable[str]) -> list[str]:
        """What keeps the compiler from warning of names that no line reads."""
        used = names_in(self.lines)
        return [f"let _ = {name};" for name in arguments if name not in used]


def function_text(
    kind: str,
    function: BareFunction,
    fixed: Mapping[Size, str],
    fields: Mapping[str, str],
    bounds: Mapping[str, Size],
) -> RustFunction:
    """The lines of a function; `fields` are members whose names are not those of the circuit,
    `bounds` are above indices.
    """
    return _Writer(kind, function, fixed, fields, bounds).text()


def size_names(fields: Mapping[str, str], fixed: Mapping[Size, str]) -> Callable[[Size], str]:
    """The code for a size."""

    def code(size: Size) -> str:
        if size.is_Integer and size not in fixed:
            return str(size)
        name = fixed.get(size, str(size))
        return f"sizes.{fields.get(name, name)}"

    return code


def index_line(place: str, count: str, bound: Size, code: Callable[[Size], str]) -> str:
    """The line that ends a call where a number from data is not the index that it should be."""
    first, *others = bound.args if isinstance(bound, Min) else (bound,)
    below = length(first, code) + "".join(f".min({length(o, code)})" for o in others)
    return f'_indices("{place}", {place}, {count}, count, {freed(below)})?;'


def width_of(circuit: Circuit, code: Callable[[Size], str]) -> str:
    """The code for how many numbers all parameters have."""
    return " + ".join(count_of(p.shape, code) if p.shape else "1" for p in circuit.params)


def has_number(count: str) -> bool:
    """Whether a count is one that the compiler knows."""
    return not re.search(r"[A-Za-z]", count)


def _factor(count: str) -> str:
    """A count as an operand."""
    return f"({count})" if " " in count else count


class _Writer:
    def __init__(
        self,
        kind: str,
        function: BareFunction,
        fixed: Mapping[Size, str],
        fields: Mapping[str, str],
        bounds: Mapping[str, Size],
    ) -> None:
        self.kind, self.function, self.fields, self.bounds = kind, function, fields, bounds
        self.code = size_names(fields, fixed)
        self.all_sizes = [*function.lowered.circuit.size_names, *fixed]
        self.body: BareBody = bare_body(function, LANGUAGE, fixed)
        self.found = RustFunction([f"/// {line}".rstrip() for line in said(function)])
        self.printer = RustStatements()
        lines = self.printer.lines(self.body.tree)
        values = [*self.body.arguments, *self.body.results]
        self.taken = {*names_in(lines), *(v.name for v in values), *self.body.sizes, *TAKEN, WORK}
        self.splits: list[str] = []  # arrays of the working memory
        self.needs: list[str] = [self.body.work] if self.body.work else []

    def name(self, base: str, end: str) -> str:
        """A new name."""
        found = fresh_name([f"{base}_{end}", f"{base}_{end}_"], self.taken)
        self.taken.add(found)
        return found

    def member(self, node: Node) -> str:
        return self.fields.get(node.name, node.name)

    def text(self) -> RustFunction:
        found = self.found
        before: Tree = [n for n in self.body.tree if _is_memory(n)]
        others = [*map(Unused, self.body.sizes), *before]  # sizes that no line reads have no name
        rest: Tree = [n for n in self.body.tree if n not in others and not isinstance(n, Return)]
        found.each += self._arguments()
        if self.kind == "jacobian":
            found.each += self._in_rows(rest)
        else:
            written = self._results()
            found.each += [*self.printer.lines(rest, depth=3), *written]
        found.once += [*self.printer.lines(before), *self.splits]
        for place in [k for k, line in enumerate(found.once) if SPLIT in line][-1:]:
            found.once[place] = found.once[place].replace(SPLIT, ", _) = ")
        needed = " + ".join(self.needs)
        if needed:
            found.once.insert(0, f"let {WORK} = _room_for({WORK}, {needed})?;")
            found.work = self._by_members(needed)
        found.once[:0] = self._head()
        found.each += found.unused(["row"])
        given = [*ARGUMENTS[self.kind], *["sizes"][: len(self.all_sizes)]]
        found.once[:0] = found.unused(given)
        return found

    def _head(self) -> list[str]:
        """The sizes that lines use, and the number of samples."""
        used = names_in(self.found.lines)
        sizes = zip(self.body.sizes, self.body.size_names, strict=True)
        head = ["let count = 1_usize;"]
        for taken in taken_by(self.function, self.body):
            if taken.leaf and taken.leaf.role in ("input", "target") and not taken.moves:
                column = f"inputs.{self.member(taken.leaf)}"
                head = [f"let count = _samples({column}, {taken.value.count or '1'});"]
                used |= names_in(head)
                break
        if self.kind in MEANS:
            head += ["if count == 0 {", "    return Err(Error::NoSamples);", "}"]
        found = ((local, self.fields.get(n, n)) for local, n in sizes if local in used)
        return [*(f"let {local} = sizes.{member};" for local, member in found), *head]

    def _by_members(self, count: str) -> str:
        """A count by members of `sizes` in place of variables."""
        names = dict(zip(self.body.sizes, self.body.size_names, strict=True))

        def member(word: re.Match[str]) -> str:
            name = names.get(word[0])
            return f"sizes.{self.fields.get(name, name)}" if name else word[0]

        return re.sub(r"[A-Za-z_]\w*", member, count)

    # -- arguments ------------------------------------------------------------------------------

    def _arguments(self) -> list[str]:
        """What a sample reads."""
        each: list[str] = []
        for taken in taken_by(self.function, self.body):
            leaf, value = taken.leaf, taken.value
            dot = "_dot" if taken.moves else ""
            if leaf is None and self.kind == "jacobian":
                self.splits.append(self._memory(value.name, value.count))
            elif leaf is None:
                each.append(self._column(value, "output_bar", "output_bar"))
            elif leaf.role == "param":
                self.found.once.append(self._param(value, f"params{dot}.{self.member(leaf)}"))
            elif leaf.role in SHARED_DATA:
                each.append(self._shared(value, leaf))
                self._refuse_wrong_index(value, leaf)
            else:
                place = f"inputs{dot}.{self.member(leaf)}"
                each.append(self._column(value, place, place))
                self._refuse_wrong_index(value, leaf)
        return each

    def _refuse_wrong_index(self, value: BareValue, leaf: Node) -> None:
        """Adds the line that ends the call where a number is not the index that it should be."""
        bound, place = self.bounds.get(leaf.name), f"inputs.{self.member(leaf)}"
        if bound is not None:
            self.found.once.append(index_line(place, value.count or "1", bound, self.code))

    def _param(self, value: BareValue, place: str) -> str:
        if not value.count:
            return f"let {value.name} = {place};"
        return f'let {value.name} = _column("{place}", {place}.as_ref(), {value.count})?;'

    def _column(self, value: BareValue, called: str, place: str) -> str:
        """What a sample has of a column, or of the adjoints of the output."""
        at, size = self.name(value.name, "at"), _factor(value.count)
        if not value.count:
            self.found.once.append(f'let {at} = _column("{called}", {place}, count)?;')
            self.found.block.append(f"let {at} = &{at}[start..stop];")
            return f"let {value.name} = {at}[row];"
        self.found.once.append(f'let {at} = _column("{called}", {place}, count * {size})?;')
        self.found.block.append(f"let {at} = &{at}[start * {size}..stop * {size}];")
        return f"let {value.name} = &{at}[row * {size}..(row + 1) * {size}];"

    def _shared(self, value: BareValue, leaf: Node) -> str:
        """What all samples share, or each has of its own."""
        at, step = self.name(value.name, "at"), self.name(value.name, "step")
        place, size = f"inputs.{self.member(leaf)}", value.count or "1"
        given = place
        if leaf.role == "samples":
            given = self.name(value.name, "given")
            own = self.name(value.name, "counted")
            self.found.once += [
                f"let {own} = [count as f64];",
                f"let {given} = if {place}.is_empty() {{ &{own} }} else {{ {place} }};",
            ]
        self.found.once.append(f'let ({at}, {step}) = _shared("{place}", {given}, {size}, count)?;')
        if not value.count:
            return f"let {value.name} = {at}[(start + row) * {step}];"
        return f"let {value.name} = &{at}[(start + row) * {step}..][..{size}];"

    # -- results --------------------------------------------------------------------------------

    def _results(self) -> list[str]:
        """What is done with what a sample gives."""
        stores: list[str] = []
        found = list(given_by(self.function, self.body))
        for given in found:
            leaf, value = given.leaf, given.value
            if leaf is not None and leaf.role == "param":
                place = f"{ADJOINTS[self.kind]}.{self.member(leaf)}"
                stores.append(self._param_sum(value, place))
            elif leaf is None and self.kind == "value_and_gradient":
                self.found.total = self.name(value.name, "total")
                stores.append(self._number_sum(value, self.found.total))
            else:
                place = f"inputs_bar.{self.member(leaf)}" if leaf else "results"
                stores += self._per_sample(value, place)
        self._leave({given.leaf for given in found})
        return stores

    def _in_rows(self, lines: Tree) -> list[str]:
        """The lines for each entry of the output, which put adjoints of the parameters in a row."""
        output = self.function.lowered.circuit.output
        entries = count_of(output.shape, self.code) if output.shape else ""
        size = f"{_factor(entries)} * width" if entries else "width"
        self.found.once += [
            f"let width = {width_of(self.function.lowered.circuit, self.code)};",
            f'let results = _room("results", results, count * {size})?;',
        ]
        self.found.block.append(f"let results = &mut results[start * {size}..stop * {size}];")
        row = f"(row * {_factor(entries)} + entry)" if entries else "row"
        stores = [f"let place = &mut results[{row} * width..][..width];", *self._side_by_side()]
        if not entries:
            return [*self.printer.lines(lines, depth=3), *stores]
        seeds = [taken.value.name for taken in taken_by(self.function, self.body) if not taken.leaf]
        unit = [line for name in seeds for line in (f"{name}.fill(0.0);", f"{name}[entry] = 1.0;")]
        inner = [*unit, *self.printer.lines(lines, depth=4), *stores]
        return [f"for entry in 0..{entries} {{", *(f"    {line}" for line in inner), "}"]

    def _side_by_side(self) -> list[str]:
        """The statements that fill `place`, with zeros where nothing depends on a parameter."""
        made = {
            given.leaf.name: given.value
            for given in given_by(self.function, self.body)
            if given.leaf
        }
        lines = []
        params = self.function.lowered.circuit.params
        for leaf in params:
            value, part = made.get(leaf.name), "place"
            if leaf is not params[-1]:
                part = "part"
                size = count_of(leaf.shape, self.code) if leaf.shape else "1"
                lines.append(f"let (part, place) = place.split_at_mut({size});")
            if value is None:
                lines.append(f"{part}.fill(0.0);")
            elif value.count and not value.at:
                self.splits.append(self._memory(value.name, value.count))
                lines.append(f"{part}.copy_from_slice({value.name});")
            else:
                lines.append(f"{part}[0] = {value.at or value.name};")
        return lines

    def _leave(self, made: Iterable[Node | None]) -> None:
        """Zeros where nothing depends on a leaf."""
        roles = ("param", "input") if self.kind == "vjp" else ("param",)
        known = {node.name for node in made if node is not None}
        for node in self.function.lowered.circuit.leaves if self.kind in ADJOINTS else ():
            if node.role not in roles or node.name in known:
                continue
            of_param = node.role == "param"
            place = f"{ADJOINTS[self.kind] if of_param else 'inputs_bar'}.{self.member(node)}"
            if of_param and not node.shape:
                self.found.ends.append(f"{place} = 0.0;")
            else:
                self.found.ends.append(f"{place}{'.as_mut()' * of_param}.fill(0.0);")

    def _per_sample(self, value: BareValue, place: str) -> list[str]:
        to, size = self.name(value.name, "to"), _factor(value.count)
        if not value.count or value.at:
            self.found.once.append(f'let {to} = _room("{place}", &mut *{place}, count)?;')
            self.found.block.append(f"let {to} = &mut {to}[start..stop];")
            return [f"{to}[row] = {value.at or value.name};"]
        self.found.once.append(f'let {to} = _room("{place}", &mut *{place}, count * {size})?;')
        self.found.block.append(f"let {to} = &mut {to}[start * {size}..stop * {size}];")
        self.found.each.append(f"let {value.name} = &mut {to}[row * {size}..(row + 1) * {size}];")
        return []

    def _number_sum(self, value: BareValue, total: str) -> str:
        """A number that is added up, block by block."""
        each = self.name(value.name, "each")
        self.found.once += [f"let mut {total} = [0.0; 2];", f"let {each} = &mut [0.0; BLOCK];"]
        self.found.block.append(f"let {each} = &mut {each}[..stop - start];")
        self.found.after.append(f"_add(&mut {total}, _sum({each}));")
        return f"{each}[row] = {value.at or value.name};"

    def _param_sum(self, value: BareValue, place: str) -> str:
        by = " / count as f64" if self.kind in MEANS else ""
        if not value.count or value.at:
            total = self.name(value.name, "total")
            line = self._number_sum(value, total)
            self.found.ends.append(f"{place} = _whole({total}){by};")
            return line
        total, size = self.name(value.name, "sum"), value.count
        self.found.once += [
            f'let {total} = _room("{place}", {place}.as_mut(), {size})?;',
            f"{total}.fill(0.0);",
        ]
        self.splits.append(self._memory(value.name, size))
        if by:
            self.found.ends.append(f"_divide({total}, count as f64);")
        return f"_add_all({total}, {value.name});"

    def _memory(self, name: str, count: str) -> str:
        """Memory for an array of a sample."""
        if has_number(count):
            return f"let {name} = &mut [0.0; {count}];"
        self.needs.append(count)
        return f"let ({name}, {WORK}) = {WORK}.split_at_mut({freed(count)});"


def _is_memory(node: object) -> bool:
    return isinstance(node, Declare) and node.kind in (Storage.OWN, Storage.WORK)


__all__ = ["RustFunction", "function_text", "has_number", "size_names", "width_of"]
