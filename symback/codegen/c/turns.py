"""The C target: loops that are kept, as loops over turns inside the loop over samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from sympy import Expr, Symbol

from symback.circuits.program import Assign, batch_sum, loop_of, varies
from symback.codegen.loops.tree import Storage, Tree
from symback.codegen.loops.turns import TurnWriter
from symback.operations.arrays.loops import STACKED, SUMMED
from symback.operations.expressions import real_symbol


class SampleTurnWriter(TurnWriter):
    """Writes a loop where its operands are: for each sample, or once before or behind them."""

    fuses: ClassVar = True

    def _outer_tree(self, operands: Sequence[Expr]) -> Tree:
        body = self._body
        self._varies = any(varies(operand, body.varying) for operand in operands)
        if self._varies:
            return super()._outer_tree(operands)
        read = {s for operand in operands for s in operand.free_symbols}
        found: Tree = body.before if body.behind.isdisjoint(read) else body.after
        return found

    def write(self) -> None:
        body, turn = self._body, self._turn
        if self._tree is body.after:
            body.behind |= {line.target for line in self._lines} | {b for b, _ in turn.carried}
        super().write()

    def _give_memory(self) -> None:
        """Memory for what the loop leaves of each sample; sums over samples are added behind it."""
        body = self._body
        for line in self._lines:
            of = loop_of(line)
            in_batch = isinstance(line.expr, batch_sum)
            shape = body.printer.shape_of(of)
            target = line.target
            if in_batch and of.kind == SUMMED and shape and self._varies:
                body.behind.add(target)
                body.allocate(target)
                body.before += body.evaluator().loops.zero(target, shape)
            elif of.kind in (STACKED, SUMMED):
                target = self._place_of(line, of)
            else:
                before = self._before(of.name)
                self._ends.append(Assign(target, batch_sum(before) if in_batch else before))
                continue
            kept = self._stacks if of.kind == STACKED else self._sums
            kept.setdefault(of.name, []).append(target)

    def _place_of(self, line: Assign, of: Any) -> Symbol:
        """The name of what is stacked or summed over the turns of one sample."""
        body, target, shape = self._body, line.target, self._body.printer.shape_of(of)
        in_batch = isinstance(line.expr, batch_sum)
        if in_batch or not shape:
            target = real_symbol(body.fresh(f"{line.target}_turns"))
            body.shapes[target.name] = shape
            body.behind |= {target} if self._tree is body.after else set()
            end = batch_sum(target) if in_batch else target
            self._ends.append(Assign(line.target, end))
            if self._varies:
                body.varying.add(target)
        self._make_room(target, of)
        return target

    def _start(self, given: dict[Symbol, Symbol]) -> None:
        if self._varies:
            self._body.varying |= {b for b, _ in self._turn.carried if b in self._needed}
        super()._start(given)

    def _enter(self, given: dict[Symbol, Symbol]) -> None:
        turn = self._turn
        self._body.varying |= {name for name, _ in turn.lines} | {*turn.sequences}
        super()._enter(given)

    def _name_entry(self, name: Symbol, stack: Symbol, kind: Storage) -> None:
        """A name of a turn stands for its place in memory, of whatever type that is."""
        body = self._body
        memory, shape = body.printer.memory(stack), body.printer.shape_of(name)
        if not shape:
            body.signs[name.name] = f"{memory}[{self._at}]"
            return
        count = body.count(shape)
        factor = f"({count})" if " " in count else count
        body.signs[name.name] = f"({memory} + {self._at} * {factor})"


__all__ = ["SampleTurnWriter"]
