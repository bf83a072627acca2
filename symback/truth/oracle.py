"""What a module of a circuit must give at a point, and how far rounding may take it from that.

The truth comes from `symback.truth.reference`, the allowance from `symback.truth.rounding`.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from flint import arb
from sympy import Symbol
from sympy.codegen.cfunctions import hypot

from symback.autodiff.function import Port
from symback.autodiff.lower import lower
from symback.circuits.circuit import Circuit
from symback.circuits.loops import loops_written_out
from symback.operations.balls.functions import NOT_A_NUMBER, Undecided
from symback.operations.balls.scalars import precision
from symback.operations.entries import Entries
from symback.operations.expressions import real_symbol
from symback.stable import stable
from symback.truth.condition import Condition, Conditions
from symback.truth.edges import EdgeFinder
from symback.truth.explicit import explicit
from symback.truth.packing import ModuleEntries
from symback.truth.points import (
    SAMPLES,
    PointBatch,
    far_batches,
    has_kinks,
    kink_batches,
    large_batches,
    point_batches,
    shared_alone,
)
from symback.truth.ranges import norm_adjoints, unlimited_lines
from symback.truth.reference import Reference, Truth
from symback.truth.rounding import SUBNORMAL, UNIT, OutOfRange, Undefined, enclosures

BITS = 1300
UNDERFLOW = arb(10) ** -290  # what may underflow where exp is shifted
LARGE_TRIED = 24  # point batches in which exp overflows where it is not shifted
LARGE_KEPT = 8_000  # of them, numbers at all points together
MOST_MASKED = 3  # points with NaN in what is not read
MOST_INFINITE = 3  # leaves that are tried infinite
MOST_MISSING = 3  # leaves that are tried NaN where they are read
LARGEST = arb(10) ** 300  # of a truth; what is larger may overflow on the way
LOOSE = arb(2) ** -20  # of a truth and of 1: allowed where the program itself has no number


@dataclass(frozen=True, slots=True)
class Expected:
    """Truth and allowance of one quantity at one point; a loose one says nothing on digits.

    A truth that is NaN says that the quantity must be NaN.
    """

    truth: arb
    allowed: arb
    is_loose: bool = False

    def scaled(self, factor: float) -> Expected:
        return replace(self, truth=self.truth * factor, allowed=self.allowed * abs(factor))


@dataclass(frozen=True, slots=True)
class _Enclosed:
    """The ball of a quantity, and whether its program has no number there for certain."""

    ball: arb
    undefined: bool


Truths = dict[str, Expected]
"""By quantity: "f", "∂f/∂w3"; those of the objective have a dot, "l.", "∂l./∂w3"."""

ProvenBatches = list[tuple[PointBatch, list[Truths]]]
"""Each with the truths of its points."""


class Oracle:
    """The truths of one circuit, each found once."""

    def __init__(self, circuit: Circuit) -> None:
        self.kept = circuit  # with its loops
        circuit = loops_written_out(circuit)
        self.typed = circuit
        computed = circuit if circuit.is_literal else stable(circuit)  # as the module does
        numbers, typed = explicit(_without_kinks(circuit, computed), computed)
        self.circuit = numbers  # without arrays
        self.entries_of: Mapping[str, Entries] = typed.computed  # its nodes, of arrays
        stabilised, entries = explicit(computed)
        self.layout = ModuleEntries.of(entries)
        self.lowered = lower(replace(stabilised, is_literal=True))
        # of the arrays: a softmax of one entry is 1 in the explicit circuit, for all samples
        shaped = (lower(computed) if self.layout.has_arrays else self.lowered).functions
        is_once = bool(shared_alone(computed))
        self._once = [node.name for node in numbers.constants if is_once]
        self.per_sample_output = shaped["forward"].varies and not is_once
        self.per_sample_objective = shaped.get("objective", shaped["forward"]).varies
        starts = (*self.layout.may_overflow, *self.layout.scaled)
        norms = {real_symbol(name) for name in self.layout.scaled}  # their squares have no range
        self.unlimited = unlimited_lines(self.lowered, starts) - norms
        self._norms, node = norm_adjoints(self.lowered, norms), self.lowered.circuit
        self.factorised = [
            [[node[name].symbol for name in row] for row in matrix]
            for matrix in self.layout.factorised
        ]
        self._reference = Reference(numbers, numbers.output.name, numbers.objective.name)
        known = self._reference.nodes
        self._in_unread_entries = frozenset(
            o for n in numbers.computed if n.name not in known for o in n.operands
        )
        self._found: dict[tuple[tuple[str, float], ...], Truths | None] = {}
        self._found_at_edges: dict[tuple[tuple[str, float], ...], Truths | None] = {}
        self._point_batches: dict[tuple[int, int], ProvenBatches] = {}
        self._skipped: dict[tuple[int, int], int] = {}

    def point_batches(self, points: int, seed: int) -> ProvenBatches:
        """Batches whose points all have a proven truth: enough, and more at kinks and edges.

        At edges of the formulas a partial without a truth is left out.
        """
        key = (points, seed)
        if key not in self._point_batches:
            found = self._draw(points, np.random.default_rng(seed))
            edges, self._skipped[key] = self._edges(found, np.random.default_rng([seed, 1]))
            self._point_batches[key] = [*found, *edges]
        return self._point_batches[key]

    def skipped(self, points: int, seed: int) -> int:
        """How many points on edges and beside them have no truth."""
        self.point_batches(points, seed)
        return self._skipped[points, seed]

    def _edges(self, found: ProvenBatches, rng: np.random.Generator) -> tuple[ProvenBatches, int]:
        """Point batches at edges, and how many of their points were left out."""
        tried = list(EdgeFinder(self.circuit, self.layout).point_batches(rng))
        kept = self._kept(tried, SAMPLES)
        left = sum(len(batch.points) for batch in tried) - sum(len(t) for _, t in kept)
        more = [*self._without_unread(kept), *self._with_infinities(found, rng)]
        more += self._with_missing(found, rng)
        forward = self.lowered.program("forward")
        if self.layout.scaled or any(line.expr.has(hypot) for line in forward.lines):
            more += far_batches(self.circuit, rng, self.layout)
        return [*kept, *self._kept(more, SAMPLES)], left

    def _without_unread(self, found: ProvenBatches) -> list[PointBatch]:
        """Points at which what only a branch reads that is not taken is not a number."""
        if not self._reference.has_branches:
            return []
        points = [(s, p) for s, _ in found for p in s.points]
        unread = [self._reference.unread(s.merged(p)) for s, p in points]
        always = frozenset.intersection(*unread) if unread else frozenset()
        always |= self._in_unread_entries | {
            n.name for n in self.circuit.params
        }  # data may be missing
        chosen: dict[frozenset[str], PointBatch] = {}
        for (batch, point), names in zip(points, unread, strict=True):
            masked = dict.fromkeys(sorted(names - always), math.nan)
            if masked:
                shared, sample = (
                    {n: masked.get(n, v) for n, v in part.items()} for part in (batch.shared, point)
                )
                new = PointBatch(shared, (sample,), self.layout, at_edge=True)
                chosen.setdefault(frozenset(masked), new)
        return list(chosen.values())[:MOST_MASKED]

    def _with_infinities(self, found: ProvenBatches, rng: np.random.Generator) -> list[PointBatch]:
        """Points with one infinite number; those at which the formulas have a value are kept.

        A factorisation has no use for one, and a class's share of -∞ is 0·∞ in code.
        """
        unfit = {n.name for n in (*self.circuit.targets, *self.circuit.constants)}
        unfit |= self._in_unread_entries
        names = [name for name in self._reference.leaves if name not in unfit]
        if not found or not names or self.factorised or self.layout.classes:
            return []
        batch = found[0][0]
        made = []
        for name in rng.permutation(names)[:MOST_INFINITE].tolist():
            for infinite in (math.inf, -math.inf):
                shared, sample = (
                    {n: infinite if n == name else v for n, v in part.items()}
                    for part in (batch.shared, batch.points[0])
                )
                if name not in self._reference.unread({**shared, **sample}):
                    made.append(PointBatch(shared, (sample,), self.layout, at_edge=True))
        return made

    def _with_missing(self, found: ProvenBatches, rng: np.random.Generator) -> list[PointBatch]:
        """Points with one number that is NaN and is read, where a formula has a kink or chooses."""
        chooses = self._reference.has_branches or has_kinks(self.typed)
        if not found or not chooses or self.factorised or self.layout.classes:
            return []
        unfit = {n.name for n in (*self.circuit.targets, *self.circuit.constants)}
        unfit |= self._in_unread_entries
        names = [name for name in self._reference.leaves if name not in unfit]
        batch = found[0][0]
        made = []
        for name in rng.permutation(names)[:MOST_MISSING].tolist():
            shared, sample = (
                {n: math.nan if n == name else v for n, v in part.items()}
                for part in (batch.shared, batch.points[0])
            )
            made.append(PointBatch(shared, (sample,), self.layout, at_edge=True))
        return made

    def _draw(self, points: int, rng: np.random.Generator) -> ProvenBatches:
        found: ProvenBatches = []
        left = points
        for batch in point_batches(self.circuit, rng, points, self.layout):
            kept, truths = self._inside(batch, left)
            if kept.points:
                left -= len(kept.points)
                found.append((kept, truths))
            if left <= 0:
                break
        if has_kinks(self.typed):
            more = kink_batches(self.circuit, rng, points * 2 // 3, self.layout)
            found += self._kept(more, points)
        if self.layout.may_overflow:
            more = large_batches(self.circuit, rng, LARGE_TRIED, self.layout)
            left = LARGE_KEPT // len(self.circuit)
            for batch in more:
                batch, truths = self._inside(batch, points)
                if not truths:
                    continue
                found.append((batch, truths))
                left -= len(truths)
                if left <= 0:
                    break
        return found

    def _kept(self, more: Iterable[PointBatch], most: int) -> ProvenBatches:
        """Those of more point batches that have points with a proven truth."""
        return [pair for pair in (self._inside(batch, most) for batch in more) if pair[1]]

    def _inside(self, batch: PointBatch, most: int) -> tuple[PointBatch, list[Truths]]:
        """The points of a point batch that have a proven truth, with it."""
        kept, truths = [], []
        batch = batch.with_shared(self._once)
        for point in batch.points[:most]:
            expected = self.expected(batch.merged(point), batch.at_edge)
            if expected is not None:
                kept.append(point)
                truths.append(expected)
        return batch.with_points(kept), truths

    def expected(self, point: Mapping[str, float], at_edge: bool = False) -> Truths | None:
        """Truth and allowance of every quantity at a point; None where there is none.

        At an edge quantities that have none are left out, if the value has one.
        """
        found = self._found_at_edges if at_edge else self._found
        key = tuple(point.items())
        if key not in found:
            found[key] = self._at_edge(point) if at_edge else self._expected(point)
        return found[key]

    def _expected(self, point: Mapping[str, float]) -> Truths | None:
        try:
            with precision(BITS):
                enclosed = self._enclosed(point)
        except (OutOfRange, ArithmeticError):
            return None
        truths = self._reference.all_at(point)
        if truths is None:
            return None
        with precision(BITS):
            found = self._all_quantities(
                truths, {k: arb(e.ball.rad()) for k, e in enclosed.items()}
            )
            whole = all(e.allowed.is_finite() and _is_moderate(e.truth) for e in found.values())
        return found if whole else None

    def _at_edge(self, point: Mapping[str, float]) -> Truths | None:
        """Where the program has no number although there is a truth, the module must have one.

        Where it has none because of rounding, or beyond float64, nothing is expected.
        """
        truths = self._reference.all_at(point, partly=True)
        if truths is None:
            return self._lost(point)
        try:
            with precision(BITS):
                enclosed = self._enclosed(point, at_edge=True)
        except Undecided:
            return None
        with precision(BITS):
            radii = {
                key: arb(e.ball.rad()) if e.ball.is_finite() else arb("inf")
                for key, e in enclosed.items()
            }
            found = self._all_quantities(truths, radii)
            for key, e in found.items():
                if not e.allowed.is_finite() and enclosed[key].undefined:
                    found[key] = Expected(e.truth, LOOSE * (1 + abs(e.truth)), is_loose=True)
        kept = {k: e for k, e in found.items() if e.allowed.is_finite() and _is_moderate(e.truth)}
        return kept if self.circuit.output.name in kept and len(kept) > 2 else None

    def _lost(self, point: Mapping[str, float]) -> Truths | None:
        """What must be NaN where a number that is read is."""
        if not any(map(math.isnan, point.values())):
            return None
        nan = Expected(NOT_A_NUMBER, arb(0))
        names = self.circuit.output.name, f"{self.circuit.objective.name}."
        found: Truths = {}
        try:
            with precision(BITS):
                lost = self._reference.lost(point)
        except Undecided:
            return None
        for name, leaves in zip(names, lost, strict=True):
            if leaves is not None:
                found |= dict.fromkeys([name, *(f"∂{name}/∂{leaf}" for leaf in leaves)], nan)
        return found if names[0] in found else None

    def _enclosed(self, point: Mapping[str, float], at_edge: bool = False) -> dict[str, _Enclosed]:
        """What correct code may give for each quantity."""
        lowered = self.lowered
        symbols: dict[Symbol, float] = {
            n.symbol: point[n.name] for n in self.circuit.leaves if n.name in point
        }
        unlimited, factorised = self.unlimited, self.factorised
        lost = Undefined() if at_edge else None
        lost_in_objective = Undefined(of_adjoints=True) if at_edge else None
        ahead, back = lowered.program("forward"), lowered.program("backward")
        forward = enclosures(ahead, symbols, unlimited, factorised, lost, self._norms)
        cached = {s: forward[s] for s in lowered.functions["backward"].given[Port.CACHE].values()}
        seeded: dict[Symbol, float | arb] = {**symbols, lowered.seed: 1.0, **cached}
        if lost is not None:
            lost.of_adjoints = True
        backward = {**forward, **enclosures(back, seeded, unlimited, (), lost, self._norms)}
        objective = lowered.program("objective")
        fused = enclosures(
            objective, symbols, unlimited, factorised, lost_in_objective, self._norms
        )
        found: dict[str, _Enclosed] = {}
        for of, value, balls, undefined in (
            (self.circuit.output.name, self.circuit.output.symbol, backward, lost),
            (f"{self.circuit.objective.name}.", objective.results[0], fused, lost_in_objective),
        ):
            keys = {of: value}
            keys |= {f"∂{of}/∂{n.name}": lowered.names.adjoint(n.name) for n in self.circuit.leaves}
            for key, symbol in keys.items():
                if symbol in balls:
                    certain = undefined is not None and symbol in undefined.certain
                    found[key] = _Enclosed(balls[symbol], certain)
        return found

    def conditions(
        self, point: Mapping[str, float], only: Collection[str] | None = None
    ) -> dict[str, Condition]:
        """How much rounding counts in each quantity, or in some, at a point of the leaves."""
        lowered, leaves = self.lowered, self.circuit.leaves
        forward, backward, fused = (
            lowered.program(name) for name in ("forward", "backward", "objective")
        )
        symbols = {n.symbol: arb(point[n.name]) for n in leaves if n.name in point}
        output, objective = self.circuit.output, self.circuit.objective
        found: dict[str, Condition] = {}
        with precision(BITS):
            for of, value, lines, seed in (
                (
                    output.name,
                    output.symbol,
                    (*forward.lines, *backward.lines),
                    lowered.seed,
                ),
                (f"{objective.name}.", fused.results[0], fused.lines, None),
            ):
                keys = {of: value}
                keys |= {f"∂{of}/∂{n.name}": lowered.names.adjoint(n.name) for n in leaves}
                wanted = {k: s for k, s in keys.items() if only is None or k in only}
                if wanted:
                    conditions = Conditions(lines, symbols, seed)
                    known = {k: s for k, s in wanted.items() if conditions.knows(s)}
                    found |= {key: conditions.of(symbol) for key, symbol in known.items()}
        return found

    def line_of(self, line: str) -> str:
        """The name by which a module has a line: an entry of an array by its array."""
        if not self.layout.has_arrays:
            return line
        owners = [n.name for n in self.typed.nodes if f"{line}_".startswith(f"{n.name}_")]
        return max(owners, key=len, default=line)

    def _all_quantities(self, truths: Sequence[Truth], radii: Mapping[str, arb]) -> Truths:
        output, objective = truths
        return {
            **self._quantities(self.circuit.output.name, output, radii),
            **self._quantities(f"{self.circuit.objective.name}.", objective, radii),
        }

    @property
    def underflow(self) -> arb:
        """What may be lost below the smallest float64."""
        return UNDERFLOW if self.layout.may_overflow else arb(SUBNORMAL)

    def _quantities(self, of: str, truth: Truth, radii: Mapping[str, arb]) -> Truths:
        lost = self.underflow
        found = {of: Expected(truth.value, _tolerance(radii[of], truth.value, lost))}
        for leaf in self.circuit.leaves:
            key = f"∂{of}/∂{leaf.name}"
            if key in radii and leaf.name not in truth.undefined:
                partial = truth.partials.get(leaf.name, arb(0))
                found[key] = Expected(partial, _tolerance(radii[key], partial, lost))
        return found


def _without_kinks(typed: Circuit, computed: Circuit) -> Circuit:
    """The typed circuit but for formulas whose kinks cancel, which are smooth where these are."""
    smooth = {rewrite.node for rewrite in computed.rewrites if rewrite.smooths}
    nodes = tuple(computed[n.name] if n.name in smooth else n for n in typed.nodes)
    if not smooth:
        return typed
    loss = None if typed.loss is None else typed.loss.name
    by_name = {n.name: n for n in nodes}
    return replace(
        typed,
        nodes=nodes,
        output=by_name[typed.output.name],
        loss=by_name.get(loss) if loss else None,
    )


def _is_moderate(truth: arb) -> bool:
    return bool(abs(truth) < LARGEST)


def _tolerance(radius: arb, truth: arb, lost: arb) -> arb:
    """What rounding allows, at least the half ULP of the last rounding."""
    return radius + arb(truth.rad()) + UNIT * abs(truth) + lost


def total(parts: Sequence[Expected]) -> Expected:
    """A sum over samples, with the rounding of the sum itself."""
    with precision(BITS):
        size = sum((abs(p.truth) for p in parts), arb(0))
        allowed = sum((p.allowed for p in parts), arb(0)) + 2 * len(parts) * UNIT * size
        loose = any(p.is_loose for p in parts)
        return Expected(sum((p.truth for p in parts), arb(0)), allowed, loose)


__all__ = ["BITS", "Expected", "Oracle", "Truths", "total"]
