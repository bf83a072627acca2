"""A bare function as statements and loops, for languages that write these alike.

Arrays are read and written row by row, as one line of memory. A language says whether it makes
arrays itself; where it doesn't, results go to the caller's memory, and so does what is computed on
the way: into arrays of the function where their sizes are numbers, else into `work`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sympy import Expr, Integer, S, Symbol

from symback.circuits.names import fresh_name
from symback.circuits.program import Assign, loop_lines, loop_of
from symback.codegen.bare.functions import BareFunction
from symback.codegen.lines import chain_comment, print_order
from symback.codegen.loops.elements import ElementPrinter
from symback.codegen.loops.evaluator import (
    Evaluator,
    refuse_unknown,
    values_read,
    without_unread,
)
from symback.codegen.loops.loops import INDICES, INNERS
from symback.codegen.loops.sizes import count_of, length, numbers
from symback.codegen.loops.tree import (
    Comment,
    Declare,
    Return,
    Storage,
    Tree,
    Unused,
    names_read,
)
from symback.codegen.loops.turns import TurnWriter
from symback.operations.expressions import real_symbol
from symback.operations.shapes import Shape, Size, is_size
from symback.printing.circuit_text import rewrite_notes

WORK = "work"
LOCAL = frozenset({*INDICES, *INNERS, WORK})
"""Names that functions of arrays have beside those of the circuit."""
MOST_NUMBERS = 4096
"""That arrays of a function hold together, where it makes them without asking for memory."""


@dataclass(frozen=True, slots=True)
class BareLanguage:
    """What a language says of its bare functions."""

    name: str
    elements: type[ElementPrinter]
    names: Callable[[Iterable[str], frozenset[str]], Mapping[str, str]]
    """Those that it gives names of a circuit, where these are taken, by the second as well."""
    makes_arrays: bool  # and so returns them
    taken: frozenset[str] = frozenset()  # names around the lines of a function


@dataclass(frozen=True, slots=True)
class BareValue:
    """An argument or a result of a function."""

    name: str
    count: str = ""  # of its elements; empty for a number
    at: str = ""  # the name of the number that a result takes


@dataclass(frozen=True, slots=True)
class BareBody:
    """What a function takes, does and gives."""

    arguments: Sequence[BareValue]
    sizes: Sequence[str]  # that it takes besides
    size_names: Sequence[str]  # what the circuit calls these
    results: Sequence[BareValue]
    work: str  # how many numbers it needs for arrays on the way
    tree: Tree


def bare_body(
    function: BareFunction, language: BareLanguage, fixed: Mapping[Size, str] | None = None
) -> BareBody:
    """The statements of a function; `fixed` has names for sizes that are given as numbers.

    Raises Unsupported for an operation without loops.
    """
    refuse_unknown([function.program], language.name)
    function = replace(function, program=without_unread(function.program))
    return _Writer(function, language, fixed or {}).body()


class _Writer:
    def __init__(
        self, function: BareFunction, language: BareLanguage, fixed: Mapping[Size, str]
    ) -> None:
        self.function, self.language, self.fixed = function, language, fixed
        self.program, lowered = function.program, function.lowered
        self.shapes: dict[str, Shape] = dict(lowered.names.shapes)
        symbols = [*self.program.arguments, *(line.target for line in self.program.lines)]
        self.loops = loop_lines(self.program)
        turns = [loop_of(lines[0]).turn for lines in self.loops.values()]
        inner = dict.fromkeys(name for turn in turns for name in turn.names)
        symbols += [name for name in inner if name not in symbols and not is_size(name)]
        found = {s for each in symbols for s in _sizes(self.shapes.get(each.name, ()))}
        found |= {*function.sizes, *(s for turn in turns for s in turn.count.free_symbols)}
        self.sizes = [s for s in lowered.circuit.size_names if s in found]
        known = [str(s) for s in (*symbols, *self.sizes)]
        local = LOCAL if function.has_arrays else frozenset()
        self.taken = {*known, *local, *language.taken, function.out, *fixed.values()}
        self.names = dict(language.names(known, local | {function.out}))
        self.taken |= set(self.names.values())
        self.results = self._results()
        params = {p.name for p in lowered.circuit.params}
        order = print_order(lowered, self.program)
        self.printer = language.elements(order, params, self.shapes, self.length)
        self.printer.signs = self.signs = self.names
        self.notes = rewrite_notes(lowered.circuit)
        self.tree: Tree = []
        self.each = self.tree  # where lines go: of the function, or of a turn
        self.stored: dict[Expr, Symbol] = {}
        self.placed = {s.name for s in self.program.arguments}
        self.carried: set[str] = set()  # variables of loops that turns hand on
        self.owned: list[tuple[str, Shape]] = []  # arrays that are made on the way
        self.target = ""

    def name(self, symbol: Symbol) -> str:
        return self.names.get(symbol.name, str(symbol.name))

    def length(self, size: Size) -> str:
        return length(size, self._named)

    def count(self, shape: Shape) -> str:
        return count_of(shape, self._named)

    def fresh(self, name: str) -> str:
        found = fresh_name([name, f"{name}_"], self.taken)
        self.taken.add(found)
        return found

    def _named(self, size: Symbol) -> str:
        if size in self.fixed:
            return self.fixed[size]
        text: str = str(size) if size.is_Integer else self.name(size)
        return text

    def _results(self) -> list[BareValue]:
        """What is returned; what goes to the caller's memory has its own name there."""
        found = []
        for symbol in self.program.results:
            name, shape = self.name(symbol), self.shapes.get(symbol.name, ())
            if shape or self.language.makes_arrays or not self._in_memory:
                found.append(BareValue(name, count_of(shape, self._named) if shape else ""))
                continue
            own = self.names[symbol.name] = self.fresh(f"{symbol.name}_value")
            found.append(BareValue(name, "1", own))
        return found

    @property
    def _in_memory(self) -> bool:
        """Whether results go to memory of their own each."""
        results = self.program.results
        several = len(results) > 1 or bool(self.function.out)
        return any(self.shapes.get(s.name) for s in results) or (
            several and self.function.has_arrays
        )

    # -- statements -----------------------------------------------------------------------------

    def body(self) -> BareBody:
        function, program = self.function, self.program
        read = self._read()
        behind = {line.target for lines in self.loops.values() for line in lines[1:]}
        for line in program.lines:
            if line.target in self.loops:
                TurnWriter(self, self.loops[line.target]).write()
            elif line.target not in behind:
                self.write_line(line)
        unread = [self.name(s) for s in program.arguments if s not in read and not is_size(s)]
        taken = [(s, self.shapes.get(s.name, ())) for s in program.arguments if not is_size(s)]
        by_name = {s.name: (s, shape) for s, shape in taken}
        arguments = [
            BareValue(self.name(s), count_of(shape, self._named) if shape else "")
            for s, shape in (by_name[name] for name in function.arguments)
        ]
        memory, work = self._memory()
        ends: Tree = []
        if not (function.out or self._in_memory or self.language.makes_arrays):
            ends = [Return(self.results[0].name)]
        tree = [*memory, *self.tree, *ends]
        sizes = [*(self.name(s) for s in self.sizes), *self.fixed.values()]
        used = names_read(tree)
        unread += [size for size in sizes if size not in used]
        tree[:0] = map(Unused, unread)
        called = [*map(str, self.sizes), *self.fixed.values()]
        return BareBody(arguments, sizes, called, self.results, work, tree)

    def _read(self) -> set[Symbol]:
        """The names whose values lines need."""
        found = set(self.program.results)
        for line in self.program.lines:
            if loop_of(line) is None:
                found |= values_read(line.expr)
        for lines in self.loops.values():
            of = loop_of(lines[0])
            needed = of.turn.needed([loop_of(line).name for line in lines])
            for name, operand in zip(of.turn.operands, of.operands, strict=True):
                found |= operand.free_symbols if name in needed else set()
        return found

    def write_line(self, line: Assign) -> None:
        """The statements of a line of the program, and its comment."""
        if line.chains and line.of:
            self.each.append(Comment(tuple(chain_comment(line.of, line.chains))))
        elif line.target.name in self.notes:
            self.each.append(Comment((self.notes[line.target.name],)))
        self.target = line.target.name
        self.assign(self.each, line.target, line.expr)

    def store(self, part: Expr) -> Symbol:
        """A symbol for the value of a part."""
        if part not in self.stored:
            symbol = real_symbol(self.fresh(f"{self.target}_part"))
            self.shapes[symbol.name] = self.shape_of(part)  # another may have an array of this name
            self.assign(self.each, symbol, part)
            self.stored[part] = symbol
        return self.stored[part]

    def shape_of(self, expr: Expr) -> Shape:
        return self.printer.shape_of(expr)

    def evaluator(self) -> Evaluator:
        return Evaluator(self.printer, self.store)

    def assign(self, tree: Tree, to: Symbol, expr: Expr, sign: str = "=") -> None:
        """Appends the statements of `to = expr`, or of `to += expr` for an array."""
        statements = self.evaluator().assigned(to, expr, sign)
        self.allocate(to)
        tree += statements

    def allocate(self, to: Symbol) -> None:
        """Memory for an array that has none."""
        shape = self.shapes.get(to.name, ())
        if not shape or to.name in self.placed:
            return
        self.placed.add(to.name)
        if self.language.makes_arrays:
            self.tree.append(Declare(Storage.OWN, self.name(to), count=self.count(shape)))
        elif to not in self.program.results:
            self.owned.append((to.name, shape))

    def _memory(self) -> tuple[Tree, str]:
        """Where arrays on the way are, and how many numbers the caller is to have for them."""
        total = sum((_elements(shape) for _, shape in self.owned), S.Zero)
        kind = Storage.WORK
        if total.is_Integer and total <= MOST_NUMBERS and not self.fixed:
            kind = Storage.OWN
        tree: Tree = []
        last, offset = WORK, ""
        for name, shape in self.owned:
            own, count = self.names.get(name, name), count_of(shape, self._named)
            where = (last, offset) if kind is Storage.WORK else ("", "")
            tree.append(Declare(kind, own, *where, count=count))
            last, offset = own, count
        needed = numbers(total, self._named) if kind is Storage.WORK and self.owned else ""
        return tree, needed


def _sizes(shape: Shape) -> set[Symbol]:
    return {s for size in shape for s in size.free_symbols}


def _elements(shape: Shape) -> Expr:
    found: Expr = Integer(1)
    for size in shape:
        found = found * size
    return found


__all__ = ["WORK", "BareBody", "BareLanguage", "BareValue", "bare_body"]
