"""Loops that are kept, differentiated: a turn lowered as a circuit is, its way back another turn.

Of a turn, which is a small circuit, the reverse pass gives the adjoints of all that it reads for
those of what it leaves. The loop backwards runs these turns from the last to the first: it carries
the adjoints of what is carried, adds to them what is read of each turn from outside, leaves those
of sequences turn by turn, and sums those of what all turns share. What a turn's way back reads of
its way ahead is kept, an array each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sympy import Add, Expr, S, Symbol
from sympy.core.symbol import Str

from symback.autodiff.gates import Gates, gates
from symback.autodiff.names import Names
from symback.autodiff.passes import PASSES, Pass, optimise
from symback.autodiff.passes.drop_dead import drop_dead
from symback.autodiff.passes.fold_copies import fold_copies
from symback.autodiff.passes.fold_products import fold_products
from symback.autodiff.passes.recurrences import is_small
from symback.autodiff.passes.share_common import share_common
from symback.autodiff.reverse import NOT_MOVED, ReversePass
from symback.autodiff.still import NOWHERE, Still
from symback.circuits.circuit import Circuit, Node, computed, leaf, size
from symback.circuits.names import fresh_name
from symback.circuits.program import Assign, Program
from symback.operations.arrays import broadcast_like, dot
from symback.operations.arrays.loops import LAST, STACKED, SUMMED, Turn, TurnOf, loop
from symback.operations.expressions import real_symbol
from symback.operations.shapes import Shape, is_size

BACK_PASSES: tuple[Pass, ...] = (drop_dead, fold_copies, share_common, fold_products, drop_dead)
"""Of a turn backwards: no one asks for the adjoint of an inner node."""

Lines = tuple[tuple[Symbol, Expr], ...]


@dataclass(frozen=True, slots=True)
class LoweredLoop:
    """A loop ahead and its way back, for the adjoints of some of what it leaves."""

    ahead: Turn
    kept: Mapping[Symbol, Symbol]  # names of a turn → the arrays of their values in all turns
    back: Turn
    operands: tuple[Expr, ...]  # of the way back, behind the adjoints from outside
    adjoints: tuple[tuple[Str, Symbol] | None, ...]  # what it leaves for each operand of the loop
    still: Still  # where tangents of a turn's values are chosen


class KeptLoops:
    """The loops of one module, each lowered once for each walk over it."""

    def __init__(self, circuit: Gates, names: Names, lowering: Callable[[Gates], Any]) -> None:
        self._circuit, self._names, self._lowering = circuit, names, lowering
        self._lowered: dict[tuple[Any, ...], LoweredLoop] = {}
        self._locals: dict[tuple[Any, ...], Symbol] = {}
        self.has_guards = False
        self.has_origins = False

    def values(self, node: Node, record: ReversePass, done: set[Any]) -> list[Assign]:
        """The lines of a loop's node: its values, and once for the loop what is kept."""
        of: Any = node.formula
        found = self._of(of, record)
        names = {node.symbol: self._locals[of.group, of.name]}
        if of.group not in done:
            done.add(of.group)
            names |= {symbol: name for name, symbol in found.kept.items()}
        return [
            Assign(symbol, loop(*of.operands, TurnOf(found.ahead), STACKED, Str(name.name)))
            for symbol, name in names.items()
        ]

    def contribution(
        self, gate: Node, operand: Symbol, record: ReversePass, upstream: Callable[[Node], Expr]
    ) -> Expr:
        """What an operand gets from all that its loop leaves, once for the loop: from the first of
        its nodes.
        """
        of: Any = gate.formula
        nodes = self._nodes(of, record)
        if nodes[0] != gate:
            return S.Zero
        found = self._of(of, record)
        initial = of.operands[: len(of.turn.carried)]
        zeros = [broadcast_like(S.Zero, start) for start in initial]
        operands = (*zeros, *map(upstream, nodes), *found.operands)
        parts = [
            loop(*operands, TurnOf(found.back), adjoint[0], Str(adjoint[1].name))
            for own, adjoint in zip(of.operands, found.adjoints, strict=True)
            if own == operand and adjoint is not None
        ]
        return Add(*parts)

    @property
    def still(self) -> Still:
        """Where the tangents of turns' values are chosen, not multiplied."""
        return NOWHERE.joined(*(found.still for found in self._lowered.values()))

    def _nodes(self, of: Any, record: ReversePass) -> list[Node]:
        """The nodes that a walk visits of what a loop leaves."""
        found = (self._circuit[name] for name in record.order)
        return [n for n in found if isinstance(n.formula, loop) and n.formula.group == of.group]

    def _of(self, of: Any, record: ReversePass) -> LoweredLoop:
        nodes: list[Any] = [node.formula for node in self._nodes(of, record)]
        names = tuple(part.name for part in nodes) or (of.name,)
        key = of.group, names
        if key not in self._lowered:
            self._lowered[key] = self._lower(of, names)
        return self._lowered[key]

    def _lower(self, of: Any, names: Sequence[Symbol]) -> LoweredLoop:
        roles = {n.symbol: n.role for n in self._circuit.nodes}
        pairs = zip(of.turn.operands, of.operands, strict=True)
        fixed = {name for name, o in pairs if is_size(name) or roles.get(o) in NOT_MOVED}
        small = _TurnCircuit(of.turn, names, fixed)
        circuit = Circuit(small.nodes, small.nodes[-1], is_literal=self._circuit.is_literal)
        lowering = self._lowering(gates(circuit, keep_loops=True))
        made = _LoweredTurn(of.turn, names, small, lowering)
        self.has_guards |= lowering.has_guards
        self.has_origins |= lowering.origins.may_be_smooth or lowering.loops.has_origins
        own = _OwnNames(self._names, self._locals, of.group)
        return _assembled(of, made, own)


class _TurnCircuit:
    """A turn as a circuit of one number: Σ ⟨v̄, v⟩ over what it leaves, whose adjoints are those
    that v̄ gives. Nothing is differentiated by what is `fixed`.
    """

    def __init__(self, turn: Turn, names: Sequence[Symbol], fixed: set[Symbol]) -> None:
        shapes = dict(turn.shapes)
        self.fixed = fixed
        taken = {s.name for s in turn.operands} | {s.name for s, _ in turn.lines}
        leaves = [self._leaf(name, shapes) for name in turn.operands]
        self.bars: dict[Symbol, Symbol] = {}
        terms: list[Expr] = []
        for name in dict.fromkeys((*(after for _, after in turn.carried), *names)):
            bar = fresh_name([f"{name}_bar_all"], taken)
            taken.add(bar)
            shapes[bar] = shape = shapes.get(name.name, ())
            self.bars[name] = real_symbol(bar)
            leaves.append(leaf(bar, "const", shape=shape))
            terms.append(dot(real_symbol(bar), name) if shape else real_symbol(bar) * name)
        lines = [self._node(name.name, line, shapes) for name, line in turn.lines]
        total = self._node(fresh_name(["total"], taken), Add(*terms), shapes)
        self.nodes = (*leaves, *lines, total)

    def _leaf(self, name: Symbol, shapes: Mapping[str, Shape]) -> Node:
        if is_size(name):
            return size(name.name)
        role: Any = "const" if name in self.fixed else "input"
        return leaf(name.name, role, shape=shapes.get(name.name, ()))

    @staticmethod
    def _node(name: str, line: Expr, shapes: Mapping[str, Shape]) -> Node:
        operands = sorted(s.name for s in line.free_symbols)
        return computed(name, line, operands, shapes=shapes, shape=shapes.get(name, ()))


class _LoweredTurn:
    """The lines of a turn ahead and back, over the names of its own circuit."""

    def __init__(
        self, turn: Turn, names: Sequence[Symbol], small: _TurnCircuit, lowering: Any
    ) -> None:
        self.turn, self.names, self.small = turn, names, small
        self.shapes = lowering.names.shapes
        total = lowering.circuit.output
        self.still: Still = lowering.still(total)
        adjoints = lowering.adjoints(total, S.One, summed=False)
        moved = [name for name in turn.operands if name not in small.fixed]
        bars = {name: lowering.names.adjoint(name.name) for name in moved}
        unread = {line.target for line in adjoints if line.expr is S.Zero}
        self.bars = {name: bar for name, bar in bars.items() if bar not in unread}
        values = lowering.values(total)
        back = _lines(adjoints, [*self.bars.values()], lowering.names, BACK_PASSES)
        self.back = (*_same_in_all_turns(turn, values, back), *back)
        self.reads = {s for line in self.back for s in line.reads} - {x.target for x in self.back}
        before = [start for start, _ in turn.carried]
        self.kept = [s for s in (*before, *(x.target for x in values)) if s in self.reads]
        left = [*(after for _, after in turn.carried), *names, *self.kept]
        self.ahead = _lines(values, left, lowering.names, PASSES)


def _same_in_all_turns(
    turn: Turn, values: Sequence[Assign], back: Sequence[Assign]
) -> list[Assign]:
    """What a way back reads and can compute itself, as all turns have the same: it is not kept."""
    known = {*turn.shared}
    same = []
    for line in values:
        if known.issuperset(s for s in line.reads if not is_size(s)):
            known.add(line.target)
            same.append(line)
    needed = {s for line in back for s in line.reads}
    found: list[Assign] = []
    for line in reversed(same):
        if line.target in needed:
            found.insert(0, line)
            needed |= line.reads
    return found


def _lines(
    lines: Sequence[Assign], results: Sequence[Symbol], names: Names, passes: Sequence[Pass]
) -> tuple[Assign, ...]:
    """The lines that results need, after passes."""
    targets = {line.target for line in lines}
    arguments = set().union(*(line.reads for line in lines), results) - targets
    ordered = tuple(sorted(arguments, key=str))
    program = Program(ordered, tuple(lines), tuple(dict.fromkeys(results)), frozenset())
    return optimise(program, names, passes).lines


@dataclass(slots=True)
class _OwnNames:
    """The names that the functions of a module have for those of a turn, each made once."""

    names: Names
    known: dict[tuple[Any, ...], Symbol]
    group: Any

    def of(self, name: Symbol, shape: Shape, more: str = "") -> Symbol:
        key = self.group, name
        if key not in self.known:
            self.known[key] = self.names.local(f"{name}{more}")
        self.names.set_shape(self.known[key], shape)
        return self.known[key]

    def shapes(self, lines: Lines, others: Iterable[Symbol]) -> tuple[tuple[str, Shape], ...]:
        """The shapes of the names of a turn that are arrays."""
        names = {s.name for name, line in lines for s in (name, *line.free_symbols)}
        names |= {s.name for s in others}
        found = self.names.shapes
        return tuple((n, shape) for n, shape in found.items() if n in names and shape)


def _assembled(of: Any, made: _LoweredTurn, own: _OwnNames) -> LoweredLoop:
    turn = made.turn
    of_shared = {made.bars[name] for name in turn.shared if name in made.bars}
    given = [n for n in turn.operands if n not in turn.shared]
    renamed: dict[Symbol, Symbol] = {}  # what is shared keeps its name
    for symbol in (*given, *(line.target for line in (*made.ahead, *made.back))):
        shape = made.shapes.get(symbol.name, ())
        renamed[symbol] = own.of(symbol, shape, "_t" * (symbol in of_shared))
    lines = tuple((renamed[x.target], x.expr.xreplace(renamed)) for x in made.ahead)
    ahead = turn.renamed(renamed, lines)
    others = [*ahead.operands, *(after for _, after in ahead.carried)]
    ahead = replace(ahead, shapes=own.shapes(lines, others))
    kept = {renamed[s]: own.names.kept(renamed[s], turn.count) for s in made.kept}
    back = _WayBack(made, own, renamed)
    sequences = [s for s in turn.sequences if s in made.reads]
    read = {s for line in made.back for s in line.reads}
    sizes = sorted({s for s in read if is_size(s)}.difference(turn.shared), key=str)
    shared = [*(s for s in turn.shared if s in made.reads), *sizes]
    operand_of = dict(zip(turn.operands, of.operands, strict=True)) | {s: s for s in sizes}
    operands = (*kept.values(), *(operand_of[s] for s in (*sequences, *shared)))
    of_turns = (*back.outside, *kept, *(renamed[s] for s in sequences))
    still = made.still.renamed({s.name: new.name for s, new in renamed.items()})
    small = frozenset(name for name, line in lines if is_small(line))
    way_back = replace(back.turn(of_turns, shared), small=small)
    return LoweredLoop(ahead, kept, way_back, operands, back.adjoints(), still)


class _WayBack:
    """A turn backwards: the adjoints of what it leaves, then those of what it reads."""

    def __init__(
        self, made: _LoweredTurn, own: _OwnNames, renamed: Mapping[Symbol, Symbol]
    ) -> None:
        self._made, self._own, self._renamed = made, own, renamed
        self.outside: list[Symbol] = []  # adjoints of all turns' values, as other nodes give them
        self._carried: list[tuple[Symbol, Symbol]] = []
        self._first: list[tuple[Symbol, Expr]] = []
        turn, bars = made.turn, made.small.bars
        whole = {name: own.of(bar, turn.shape(name)) for name, bar in bars.items()}
        outside: dict[Symbol, Symbol] = {}
        for before, after in turn.carried:
            start = whole[after]
            if after in made.names:
                start = own.of(real_symbol(f"{after}_bar_later"), turn.shape(after))
                outside[after] = own.of(real_symbol(f"{after}_bar_here"), turn.shape(after))
                self._first.append((whole[after], start + outside[after]))
            self._carried.append((start, self._new(before, start)))
        self.outside = [outside.get(name, whole[name]) for name in made.names]
        replaced = {**renamed, **{bars[name]: symbol for name, symbol in whole.items()}}
        self._rest = [(renamed[x.target], x.expr.xreplace(replaced)) for x in made.back]

    def _new(self, before: Symbol, start: Symbol) -> Symbol:
        """The adjoint of a value before the turn; zero where the turn does not move it."""
        if before in self._made.bars:
            return self._renamed[self._made.bars[before]]
        none = self._own.of(real_symbol(f"{before}_bar_none"), self._made.turn.shape(before))
        self._first.append((none, broadcast_like(S.Zero, start)))
        return none

    def turn(self, sequences: tuple[Symbol, ...], shared: Sequence[Symbol]) -> Turn:
        lines = (*self._first, *self._rest)
        others = (*sequences, *shared, *(s for pair in self._carried for s in pair))
        of, shapes = self._made.turn, self._own.shapes(lines, others)
        return Turn(
            *(of.variable, of.start, of.count, lines, tuple(self._carried)),
            *(sequences, tuple(shared), shapes),
            is_backwards=True,
        )

    def adjoints(self) -> tuple[tuple[Str, Symbol] | None, ...]:
        """What the loop leaves for each operand of the one ahead."""
        turn, bars = self._made.turn, self._made.bars
        found: list[tuple[Str, Symbol] | None] = [(LAST, new) for _, new in self._carried]
        for names, kind in ((turn.sequences, STACKED), (turn.shared, SUMMED)):
            found += [(kind, self._renamed[bars[n]]) if n in bars else None for n in names]
        return tuple(found)


__all__ = ["KeptLoops", "LoweredLoop"]
