"""Loops that are kept, as loops over turns of a function that computes one sample.

Values that are stacked are computed where they stay: a name of the turn is then a place in the
array of all turns. Others have working memory for one turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from sympy import Expr, Symbol

from symback.circuits.program import Assign, loop_of
from symback.codegen.loops.tree import Declare, For, Storage, Store, Tree, fused
from symback.operations.arrays.loops import STACKED, SUMMED, Turn
from symback.operations.expressions import real_symbol
from symback.operations.shapes import Shape, is_size


class TurnWriter:
    """Writes one loop for all lines of a program that it gives, in the trees of a body.

    The body is the writer of a function: it has names, memory and an evaluator of formulas. Its
    `each` is the tree that lines go to.
    """

    fuses: ClassVar = False  # loops side by side over the same elements

    def __init__(self, body: Any, lines: Sequence[Assign]) -> None:
        self._body, self._lines = body, lines
        of: Any = loop_of(lines[0])
        self._turn: Turn = of.turn
        self._given = dict(zip(self._turn.operands, of.operands, strict=True))
        self._needed = self._turn.needed([loop_of(line).name for line in lines])
        self._index = body.fresh("turn")
        self._at = self._index
        self._tree = self._outer_tree(of.operands)
        self._ends: list[Assign] = []  # lines behind the loop
        self._stacks: dict[Symbol, list[Symbol]] = {}
        self._sums: dict[Symbol, list[Symbol]] = {}
        self._hidden: dict[str, str | None] = {}  # what names of the turn are called elsewhere

    def _outer_tree(self, operands: Sequence[Expr]) -> Tree:
        """The tree that the loop stands in."""
        found: Tree = self._body.each
        return found

    def write(self) -> None:
        body, turn = self._body, self._turn
        self._give_memory()
        given = {name: self._operand(name) for name in turn.operands if name in self._needed}
        self._start(given)
        outer, stored = body.each, dict(body.stored)
        inner: Tree = []
        body.each = inner
        self._enter(given)
        for name, line in turn.lines:
            if name in self._needed:
                self._line(name, line)
        self._leave()
        body.each, body.stored = outer, stored
        lines = fused(inner) if self.fuses else inner
        self._tree.append(For(self._index, "0", body.length(turn.count), tuple(lines)))
        for line in self._ends:
            body.write_line(line)

    # -- what is left ----------------------------------------------------------------------------

    def _give_memory(self) -> None:
        """Memory for what the loop leaves, and lines behind it for values of the last turn."""
        for line in self._lines:
            of = loop_of(line)
            if of.kind in (STACKED, SUMMED):
                kept = self._stacks if of.kind == STACKED else self._sums
                kept.setdefault(of.name, []).append(self._place_of(line, of))
            else:
                self._ends.append(Assign(line.target, self._before(of.name)))

    def _before(self, name: Symbol) -> Symbol:
        """What has the value of the last turn behind the loop."""
        return next(before for before, after in self._turn.carried if after == name)

    def _place_of(self, line: Assign, of: Any) -> Symbol:
        """The name of what is stacked or summed over the turns."""
        self._make_room(line.target, of)
        return line.target

    def _make_room(self, target: Symbol, of: Any) -> None:
        """Memory for what is stacked, zeros for what is summed."""
        body, shape = self._body, self._body.printer.shape_of(of)
        if shape:
            body.allocate(target)
            if of.kind == SUMMED:
                self._tree += body.evaluator().loops.zero(target, shape)
        else:
            self._tree.append(Declare(Storage.VARIABLE, body.name(target), "0.0"))

    # -- what a turn is given --------------------------------------------------------------------

    def _operand(self, name: Symbol) -> Symbol:
        operand = self._given[name]
        carried = {before for before, _ in self._turn.carried}
        return operand if operand.is_Symbol or name in carried else self._body.store(operand)

    def _start(self, given: dict[Symbol, Symbol]) -> None:
        """The memory of names that are carried, with their initial values."""
        body = self._body
        for before, _ in self._turn.carried:
            if before not in self._needed:
                continue
            body.target = before.name
            body.carried.add(body.name(before))
            if body.printer.shape_of(before):
                body.allocate(before)
                self._tree += body.evaluator().assigned(before, given[before])
            else:
                value = body.printer.print(body.evaluator().prepared(given[before]))
                self._tree.append(Declare(Storage.VARIABLE, body.name(before), value))

    def _enter(self, given: dict[Symbol, Symbol]) -> None:
        """Names of the turn for entries of sequences, what is shared, and what is stacked."""
        body, turn = self._body, self._turn
        if turn.is_backwards:
            self._at = body.fresh("at")
            count = body.length(turn.count)
            body.each.append(Declare(Storage.SIZE, self._at, f"{count} - 1 - {self._index}"))
        for name in turn.sequences:
            if name in self._needed:
                self._name_entry(name, given[name], Storage.READ)
        for name in turn.shared:
            if name in self._needed and name != given[name] and not is_size(name):
                body.signs[name.name] = body.printer.memory(given[name])
        for name, stacks in self._stacks.items():
            if name in {before for before, _ in turn.carried}:
                self._copy(name, stacks)
            elif body.printer.shape_of(name):
                self._name_entry(name, stacks[0], Storage.WRITE)
                body.placed.add(name.name)

    def _name_entry(self, name: Symbol, stack: Symbol, kind: Storage) -> None:
        """Makes a name that of a turn's value in the array of those of all turns."""
        body, shape = self._body, self._body.printer.shape_of(name)
        if body.name(name) in body.carried:  # by a loop above, whose variable is still there
            self._hidden[name.name] = body.names.get(name.name)
            body.names[name.name] = body.fresh(f"{name}_here")
        if shape:
            offset = f"{self._at} * {_factor(body.count(shape))}"
            memory = body.printer.memory(stack)
            body.each.append(
                Declare(kind, body.name(name), memory, offset, count=body.count(shape))
            )
        else:
            value = body.printer.indexed(body.printer.memory(stack), self._at)
            body.each.append(Declare(Storage.NUMBER, body.name(name), value))

    def _copy(self, name: Symbol, stacks: Sequence[Symbol]) -> None:
        """A value into the arrays of all turns' values."""
        body = self._body
        shape = body.printer.shape_of(name)
        for stack in stacks:
            if not shape:
                place = body.printer.indexed(body.printer.memory(stack), self._at)
                body.each.append(Store(place, body.printer.print(name)))
                continue
            alias = real_symbol(body.fresh(f"{name}_to"))
            body.shapes[alias.name] = shape
            self._name_entry(alias, stack, Storage.WRITE)
            body.each += body.evaluator().loops.elementwise(alias, shape, "=", name)

    # -- a turn ----------------------------------------------------------------------------------

    def _line(self, name: Symbol, line: Expr) -> None:
        """A line of the turn; a sum takes it up where no other line reads it."""
        body = self._body
        body.target = name.name
        sums = self._sums.get(name, ())
        read = any(name in other.free_symbols for _, other in self._turn.lines)
        if len(sums) == 1 and not read:
            self._add(sums[0], line)
            return
        body.assign(body.each, name, line)
        for target in sums:
            self._add(target, name)
        stacks = self._stacks.get(name, [])
        self._copy(name, stacks[1:] if body.printer.shape_of(name) else stacks)

    def _add(self, target: Symbol, value: Expr) -> None:
        body = self._body
        if body.printer.shape_of(target):
            body.assign(body.each, target, value, "+=")
        else:
            text = body.printer.print(body.evaluator().prepared(value))
            body.each.append(Store(body.name(target), text, "+="))

    def _leave(self) -> None:
        """What is carried into the next turn."""
        body = self._body
        for before, after in self._turn.carried:
            if before not in self._needed:
                continue
            shape: Shape = body.printer.shape_of(before)
            if shape:
                body.each += body.evaluator().loops.elementwise(before, shape, "=", after)
            else:
                body.each.append(Store(body.name(before), body.printer.print(after)))
        for name, own in self._hidden.items():
            if own is None:
                del body.names[name]
            else:
                body.names[name] = own


def _factor(count: str) -> str:
    return f"({count})" if " " in count else count


__all__ = ["TurnWriter"]
