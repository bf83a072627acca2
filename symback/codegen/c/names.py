"""The C target: what names, sizes and shapes are in C, and in its loader."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sympy import Expr, Integer, Symbol

from symback.autodiff.lower import Lowered
from symback.circuits.circuit import Node
from symback.circuits.program import loop_lines, loop_of
from symback.circuits.requirements import uses_of as demanded
from symback.codegen.c.printer import c_names
from symback.codegen.lines import tuple_of
from symback.codegen.loops.loops import INDICES, INNERS
from symback.codegen.loops.sizes import count_of, length, numbers
from symback.codegen.loops.tree import Declare, Storage
from symback.operations.arrays import NAMING_SIZES
from symback.operations.arrays.loops import Turn
from symback.operations.shapes import Shape, Size, shown, size_symbol

LARGEST_LITERAL = 4
"""Larger sizes that are given as numbers have a macro, which a compiler's option may change."""
LOCAL = frozenset({*INDICES, *INNERS, "sizes", "work", "grad", "batch", "rest", "tile", "taken"})
"""Names that functions over arrays have, beside those of all."""
C_NAMES = {"objective": "sums"}
"""What C calls functions that have another name there."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a structure."""

    name: str
    shape: str  # for people
    count: str  # the code for the number of its elements
    target: bool = False
    varies: bool = True

    @property
    def factor(self) -> str:
        """The number of elements as a factor."""
        return f"({self.count})" if " " in self.count else self.count

    @property
    def remark(self) -> str:
        """A comment on its values."""
        meaning = f"{self.meaning}; target: for training" if self.target else self.meaning
        return f" /* {meaning} */"

    @property
    def meaning(self) -> str:
        """The shape of its values, and how many there are."""
        return f"{self.shape} for each sample" if self.varies else self.shape


class CNames:
    """One name in C for every symbol of all programs, and the code for sizes and shapes."""

    def __init__(self, lowered: Lowered, prefix: str) -> None:
        programs = [function.program for function in lowered.functions.values()]
        self.lowered = lowered
        self.circuit = lowered.circuit
        self.prefix = prefix
        self.columns = tuple(self.circuit.columns)
        self.by_value = not self.circuit.has_arrays  # every shape is (): numbers are members
        self.shapes = dict(lowered.names.shapes)
        self.kept_varying = lowered.program("forward").varying()  # of the cache as well
        uses_of = [n.name for n in self.circuit.nodes] + [str(s) for s in self.circuit.size_names]
        for program in programs:
            uses_of += [s.name for s in program.arguments]
            uses_of += [line.target.name for line in program.lines]
            for lines in loop_lines(program).values():
                turn: Turn = loop_of(lines[0]).turn
                uses_of += [s.name for s in turn.operands] + [s.name for s, _ in turn.lines]
        local = frozenset() if self.by_value else LOCAL
        self.names = c_names(dict.fromkeys(uses_of), prefix, local)
        self.taken = {*uses_of, *self.names.values(), *local}
        self.fixed = self._fixed_sizes()

    def _fixed_sizes(self) -> dict[Size, tuple[str, int, str, int]]:
        """The macros of large sizes that are given as numbers, where no formula names one too."""
        if demanded(self.circuit, *NAMING_SIZES):
            return {}
        uses_of: dict[Size, tuple[str, int, str, int]] = {}
        for leaf in self.circuit.leaves:
            for axis, size in enumerate(leaf.shape):
                if size.is_Integer and size > LARGEST_LITERAL:
                    macro = f"{self.prefix.upper()}_SIZE_{size}"
                    uses_of.setdefault(size, (macro, int(size), leaf.name, axis))
        return uses_of

    # -- names and sizes ----------------------------------------------------------------------

    def name(self, name: str) -> str:
        return self.names.get(name, name)

    def length(self, size: Size) -> str:
        """The code for a size."""
        return length(size, self._named)

    def _named(self, size: Size) -> str:
        if size.is_Integer:
            return self.fixed[size][0] if size in self.fixed else str(size)
        return self.name(size.name)

    def count(self, shape: Shape) -> str:
        return count_of(shape, self._named)

    def elements(self, shape: Shape) -> Expr:
        """How many numbers an array has, macros as symbols."""
        uses_of: Expr = Integer(1)
        for size in shape:
            uses_of = uses_of * (size_symbol(self.fixed[size][0]) if size in self.fixed else size)
        return uses_of

    def numbers(self, count: Expr) -> str:
        """The code for a number of elements."""
        return numbers(count, self._named)

    def leaf(self, node: Node) -> Member:
        return self.member(node.name, node.shape, target=node.role == "target")

    def value(self, symbol: Symbol) -> Member:
        shape = self.shapes.get(symbol.name, ())
        return self.member(symbol.name, shape, symbol in self.kept_varying)

    def member(self, name: str, shape: Shape, varies: bool = True, target: bool = False) -> Member:
        return Member(self.name(name), shown(shape), self.count(shape), target, varies)

    def read_sizes(self, texts: Iterable[str], columns: Sequence[str]) -> list[Declare]:
        """The sizes that lines use, each with a name."""
        texts = [*texts, *(self.count(self.circuit[name].shape) for name in columns)]
        used = words(texts)
        names = [self.name(str(s)) for s in self.circuit.size_names]
        return [Declare(Storage.SIZE, name, f"sizes->{name}") for name in names if name in used]

    def python_shape(self, shape: Shape, varies: bool) -> str:
        """The code for the shape in the loader."""
        parts = ["rows"] if varies else []
        for size in shape:
            named = {s: Symbol(f'lengths["{s}"]') for s in size.free_symbols}
            fixed = self.fixed.get(size)
            parts.append(f'lengths["{fixed[0]}"]' if fixed else str(size.xreplace(named)))
        return tuple_of(parts) if parts else "()"


def words(texts: Iterable[str]) -> set[str]:
    """The names that code uses; comments and members of structures are left out."""
    code = re.sub(r"/\*.*?\*/|->\w+", "", "\n".join(texts), flags=re.DOTALL)
    return set(re.findall(r"\w+", code))


__all__ = ["C_NAMES", "CNames", "Member", "words"]
