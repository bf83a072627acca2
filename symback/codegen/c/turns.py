"""The C target: loops that are kept, as loops over turns inside the loop over samples.

Values that are stacked are computed where they stay: a name of the turn is then a place in the
array of all turns. Others have working memory for one turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sympy import Expr, Symbol

from symback.circuits.program import Assign, batch_sum, loop_of, varies
from symback.codegen.loops.tree import Declare, For, Storage, Store, Tree, fused
from symback.operations.arrays.loops import STACKED, SUMMED, Turn
from symback.operations.expressions import real_symbol
from symback.operations.shapes import is_size


class TurnWriter:
    """Writes one loop for all lines of a program that it gives, in the trees of a `Body`."""

    def __init__(self, body: Any, lines: Sequence[Assign]) -> None:
        self._body, self._lines = body, lines
        of: Any = loop_of(lines[0])
        self._turn: Turn = of.turn
        self._given = dict(zip(self._turn.operands, of.operands, strict=True))
        self._varies = any(varies(operand, body.varying) for operand in of.operands)
        self._needed = self._turn.needed([loop_of(line).name for line in lines])
        self._index = body._fresh("turn")
        self._at = self._index
        self._tree = body.each if self._varies else self._shared_tree(of.operands)
        self._ends: list[Assign] = []  # lines behind the loop
        self._stacks: dict[Symbol, list[Symbol]] = {}
        self._sums: dict[Symbol, list[Symbol]] = {}

    def _shared_tree(self, operands: Sequence[Expr]) -> Tree:
        body = self._body
        read = {s for operand in operands for s in operand.free_symbols}
        found: Tree = body.before if body.behind.isdisjoint(read) else body.after
        return found

    def write(self) -> None:
        body, turn = self._body, self._turn
        if self._tree is body.after:
            body.behind |= {line.target for line in self._lines} | {b for b, _ in turn.carried}
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
        count = body.writer.length(turn.count)
        loop = For(self._index, "0", count, tuple(fused(inner)))
        self._tree.append(loop)
        for line in self._ends:
            body._line(line)

    # -- what is left ----------------------------------------------------------------------------

    def _give_memory(self) -> None:
        """Memory for what the loop leaves of each sample; sums over samples are added behind it."""
        body = self._body
        for line in self._lines:
            of = loop_of(line)
            in_batch = isinstance(line.expr, batch_sum)
            shape = body.printer.shape_of(of)
            direct = in_batch and of.kind == SUMMED and shape and self._varies
            target = line.target
            if direct:
                body.behind.add(target)
                body._allocate(target)
                body.before += body._evaluator().loops.zero(target, shape)
            elif of.kind in (STACKED, SUMMED):
                target = self._of_sample(line, of, in_batch)
            else:
                before = next(b for b, after in self._turn.carried if after == of.name)
                self._ends.append(Assign(line.target, batch_sum(before) if in_batch else before))
                continue
            kept = self._stacks if of.kind == STACKED else self._sums
            kept.setdefault(of.name, []).append(target)

    def _of_sample(self, line: Assign, of: Any, in_batch: bool) -> Symbol:
        """The name of what is stacked or summed over the turns of one sample."""
        body, target, shape = self._body, line.target, self._body.printer.shape_of(of)
        if in_batch or not shape:
            target = real_symbol(body._fresh(f"{line.target}_turns"))
            body.shapes[target.name] = shape
            body.behind |= {target} if self._tree is body.after else set()
            end = batch_sum(target) if in_batch else target
            self._ends.append(Assign(line.target, end))
            if self._varies:
                body.varying.add(target)
        if shape:
            body._allocate(target)
            if of.kind == SUMMED:
                self._tree += body._evaluator().loops.zero(target, shape)
        else:
            self._tree.append(Declare(Storage.VARIABLE, target.name, "0.0"))
        return target

    # -- what a turn is given --------------------------------------------------------------------

    def _operand(self, name: Symbol) -> Symbol:
        operand = self._given[name]
        carried = {before for before, _ in self._turn.carried}
        return operand if operand.is_Symbol or name in carried else self._body._store(operand)

    def _start(self, given: dict[Symbol, Symbol]) -> None:
        """The memory of names that are carried, with their initial values."""
        body = self._body
        for before, _ in self._turn.carried:
            if before not in self._needed:
                continue
            body.target = before.name
            body.varying |= {before} if self._varies else set()
            if body.printer.shape_of(before):
                body._allocate(before)
                self._tree += body._evaluator().assigned(before, given[before])
            else:
                value = body.printer.print(body._evaluator().prepared(given[before]))
                name = body.writer.name(before.name)
                self._tree.append(Declare(Storage.VARIABLE, name, value))

    def _enter(self, given: dict[Symbol, Symbol]) -> None:
        """Names of the turn for entries of sequences, what is shared, and what is stacked."""
        body, turn = self._body, self._turn
        body.varying |= {name for name, _ in turn.lines} | {*turn.sequences}
        if turn.is_backwards:
            self._at = body._fresh("at")
            count = body.writer.length(turn.count)
            body.each.append(Declare(Storage.SIZE, self._at, f"{count} - 1 - {self._index}"))
        for name in turn.sequences:
            if name in self._needed:
                body.signs[name.name] = self._place(given[name], name)
        for name in turn.shared:
            if name in self._needed and name != given[name] and not is_size(name):
                body.signs[name.name] = body.printer.memory(given[name])
        for name, stacks in self._stacks.items():
            if name in {before for before, _ in turn.carried}:
                self._copy(name, stacks)
            elif body.printer.shape_of(name):
                body.signs[name.name] = self._place(stacks[0], name)
                body.placed.add(name.name)

    def _place(self, stack: Symbol, name: Symbol) -> str:
        """The code for a turn's value in the array of those of all turns."""
        body = self._body
        memory = body.printer.memory(stack)
        shape = body.printer.shape_of(name)
        if not shape:
            return f"{memory}[{self._at}]"
        count = body.writer.count(shape)
        return f"({memory} + {self._at} * {f'({count})' if ' ' in count else count})"

    def _copy(self, name: Symbol, stacks: Sequence[Symbol]) -> None:
        """A value into the arrays of all turns' values."""
        body = self._body
        shape = body.printer.shape_of(name)
        for stack in stacks:
            if not shape:
                body.each.append(Store(self._place(stack, name), body.printer.print(name)))
                continue
            alias = real_symbol(body._fresh(f"{name}_to"))
            body.shapes[alias.name] = shape
            body.signs[alias.name] = self._place(stack, name)
            body.each += body._evaluator().loops.elementwise(alias, shape, "=", name)

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
        body._assign(body.each, name, line)
        for target in sums:
            self._add(target, name)
        stacks = self._stacks.get(name, [])
        self._copy(name, stacks[1:] if body.printer.shape_of(name) else stacks)

    def _add(self, target: Symbol, value: Expr) -> None:
        body = self._body
        if body.printer.shape_of(target):
            body._assign(body.each, target, value, "+=")
        else:
            text = body.printer.print(body._evaluator().prepared(value))
            body.each.append(Store(body.writer.name(target.name), text, "+="))

    def _leave(self) -> None:
        """What is carried into the next turn."""
        body = self._body
        for before, after in self._turn.carried:
            if before not in self._needed:
                continue
            shape = body.printer.shape_of(before)
            if shape:
                body.each += body._evaluator().loops.elementwise(before, shape, "=", after)
            else:
                text = body.printer.print(after)
                body.each.append(Store(body.writer.name(before.name), text))


__all__ = ["TurnWriter"]
