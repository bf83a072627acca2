"""The nodes of a circuit that its kept loops make: values of all turns, and entries of these."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sympy import Expr, Integer

from symback.circuits.circuit import Node
from symback.circuits.names import fresh_name
from symback.errors import Place, SymbackError
from symback.language.arrays import ArrayBuilder
from symback.language.loops import KeptLoop, NotKept, TurnReader, stacked_node, step_node
from symback.language.outline import Outline
from symback.language.scalars import Builder
from symback.language.syntax import SourceText
from symback.language.terms import Term
from symback.operations.arrays.loops import Turn
from symback.operations.expressions import real_symbol
from symback.operations.shapes import Shape


@dataclass(slots=True)
class StepBuilder(ArrayBuilder):
    """Builds formulas that may read one turn's value; `step` gives the name of its node."""

    step: Callable[[Term], str | None] = lambda term: None

    def _member(self, term: Term) -> Expr | None:
        name = self.step(term)
        return ArrayBuilder._member(self, term) if name is None else self._symbol(name, term)


class LoopNodes:
    """Makes the nodes as formulas ask for them. `settings` are those of the builders of formulas,
    `shape` gives the shape of any node.
    """

    def __init__(
        self,
        source: SourceText,
        outline: Outline,
        settings: Mapping[str, Any],
        shape: Callable[[str], Shape],
    ) -> None:
        self._source, self._outline = source, outline
        self._settings, self._shape = settings, shape
        self._of = {name: kept for kept in outline.loops for name in kept.equations}
        self._turns: dict[tuple[int, int], tuple[Turn, tuple[Expr, ...], Mapping[str, Shape]]] = {}
        self._entries: dict[str, tuple[str, Expr]] = {}  # from the end, where data know it
        self._made: dict[str, Node] = {}
        self._stacks: set[tuple[int, int]] = set()  # loops that others read turn by turn
        self.used: dict[str, dict[str, Place]] = {}
        known = (*outline.leaves, *outline.definitions, *outline.functions, *outline.sizes)
        self._taken = {*known, *self._of}
        for name in known:
            if name in self._of or self._entry(name) is not None:
                family = name if name in self._of else name.rpartition("_")[0]
                raise NotKept(self._of[family].at, f"'{name}' has a meaning already")

    def knows(self, name: str) -> bool:
        """Whether the name is that of one turn's value, such as h_8."""
        return bool(self._of) and self._entry(name) is not None

    def step(self, term: Term) -> str | None:
        """The name of the node that an index into a loop stands for, such as h[8] or h[T - 1]."""
        base, *subscripts = term.args
        if base.kind != "name" or base.text not in self._of or len(subscripts) != 1:
            return None
        sizes = self._outline.sizes
        builder = Builder(self._source, sizes.__contains__, is_size=sizes.__contains__)
        kept, index = self._of[base.text], builder.build(subscripts[0])
        entry = kept.entry(base.text, index)
        if entry is None or index.is_Integer:
            return None
        name = next((n for n, found in self._entries.items() if found == (base.text, entry)), "")
        if not name:
            place = f"last_{-entry}" if entry < -1 else "last"
            name = fresh_name([f"{base.text}_{place}"], self._taken)
            self._taken.add(name)
            self._entries[name] = base.text, entry
        return name

    def _entry(self, name: str) -> tuple[str, Expr] | None:
        if name in self._entries:
            return self._entries[name]
        family, _, number = name.rpartition("_")
        if family not in self._of or not number.isdigit() or number != str(int(number)):
            return None
        place = self._of[family].entry(family, Integer(number))
        return None if place is None else (family, place)

    def node(self, name: str) -> Node:
        """The node of all values of a name, or of one of them."""
        if name not in self._made:
            family, entry = self._entry(name) or (name, None)
            place = self._source.place(self._of[family].at)
            if entry is None:
                made = stacked_node(name, *self._turn(self._of[family]), place)
            else:
                made = step_node(name, self.node(family), entry, place)
            self._made[name] = made
        return self._made[name]

    def _turn(self, kept: KeptLoop) -> tuple[Turn, tuple[Expr, ...], Mapping[str, Shape]]:
        if kept.at not in self._turns:
            settings = {**self._settings, "bound": {}, "once": None}
            reader = TurnReader(
                self._source, kept, settings, self._taken, self._shape, self._stack_beside(kept)
            )
            try:
                self._turns[kept.at] = reader.read()
            except SymbackError as error:
                if not kept.count.is_Integer:
                    raise
                raise NotKept(kept.at, error.message) from None
            self.used[str(kept.at)] = reader.used
            turn = self._turns[kept.at][0]
            if kept.count.is_Integer and not any(turn.shape(name) for name, _ in turn.lines):
                raise NotKept(kept.at, "its turn computes numbers alone")
        return self._turns[kept.at]

    def _stack_beside(self, kept: KeptLoop) -> Callable[[str], tuple[KeptLoop, Shape] | None]:
        def stack(name: str) -> tuple[KeptLoop, Shape] | None:
            other = self._of.get(name)
            if other is None or other is kept:
                return None
            self._stacks.add(other.at)
            return other, self.node(name).shape

        return stack

    def _reads_last(self, kept: KeptLoop) -> bool:
        """Whether a formula reads a value of the last turn: of those behind, none is needed."""
        entries = {e[1] for e in map(self._entry, self._made) if e and self._of[e[0]] is kept}
        return not entries.isdisjoint({-1, kept.count - 1}) or kept.at in self._stacks

    def nodes(self) -> list[Node]:
        """All nodes that were asked for, once all formulas are built."""
        for kept in self._outline.loops:
            read = [name for name in kept.equations if name in self._made]
            if not read:
                last = f"{next(iter(kept.equations))}[{kept.count + kept.start - 1}]"
                raise NotKept(kept.at, f"no formula below it reads its values, such as {last}")
            turn = self._turns[kept.at][0]
            symbols = [real_symbol(s) for s, name, _ in turn.steps if name in read]
            needed = turn.needed(symbols)
            unused = next((n for s, n, _ in turn.steps if real_symbol(s) not in needed), None)
            if unused is not None:
                raise NotKept(kept.at, f"nothing reads '{unused}'")
            if not self._reads_last(kept):
                raise NotKept(kept.at, "no formula reads the values of its last turn")
        return [*self._made.values()]


__all__ = ["LoopNodes"]
