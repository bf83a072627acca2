"""What a module of a circuit must give at a point, and how far rounding may take it from that.

The truth comes from `symback.truth.reference`, the allowance from `symback.truth.rounding`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from flint import arb
from sympy import Symbol

from symback.autodiff.lower import Lowered, lower
from symback.circuits.circuit import Circuit
from symback.operations.balls.scalars import precision
from symback.stable import stable
from symback.truth.condition import Condition, Conditions
from symback.truth.explicit import explicit
from symback.truth.packing import ModuleEntries
from symback.truth.points import PointBatch, has_kinks, kink_scenes, large_scenes, scenes
from symback.truth.reference import Reference, Truth
from symback.truth.rounding import SUBNORMAL, UNIT, OutOfRange, enclosures

BITS = 1300
UNDERFLOW = arb(10) ** -290  # what may underflow where exp is shifted
LARGE_TRIED = 24  # scenes in which exp overflows where it is not shifted
LARGE_KEPT = 8_000  # of them, numbers at all points together
LARGEST = arb(10) ** 300  # of a truth; what is larger may overflow on the way


@dataclass(frozen=True, slots=True)
class Expected:
    """Truth and allowance of one quantity at one point."""

    truth: arb
    allowed: arb

    def scaled(self, factor: float) -> Expected:
        return Expected(self.truth * factor, self.allowed * abs(factor))


Truths = dict[str, Expected]
"""By quantity: "f", "∂f/∂w3"; those of the objective have a dot, "l.", "∂l./∂w3"."""


class Oracle:
    """The truths of one circuit, each found once."""

    def __init__(self, circuit: Circuit) -> None:
        self.typed = circuit
        computed = circuit if circuit.is_literal else stable(circuit)  # as the module does
        self.circuit, _ = explicit(_without_kinks(circuit, computed), computed)  # of numbers only
        stabilised, entries = explicit(computed)
        self.layout = ModuleEntries.of(entries)
        self.lowered = lower(replace(stabilised, is_literal=True))
        # of the arrays: a softmax of one entry is 1 in the explicit circuit, for all samples
        shaped = lower(computed) if self.layout.has_arrays else self.lowered
        self.per_sample_output = shaped.per_sample_output
        self.per_sample_objective = shaped.per_sample_objective
        self._unlimited = _unlimited(self.lowered, self.layout.may_overflow)
        node = self.lowered.circuit
        self._factorised = [
            [[node[name].symbol for name in row] for row in matrix]
            for matrix in self.layout.factorised
        ]
        of = self.circuit.output.name, self.circuit.objective.name
        self._reference = Reference(self.circuit, *of)
        self._found: dict[tuple[tuple[str, float], ...], Truths | None] = {}
        self._scenes: dict[tuple[int, int], list[tuple[PointBatch, list[Truths]]]] = {}

    def scenes(self, points: int, seed: int) -> list[tuple[PointBatch, list[Truths]]]:
        """Scenes whose points all have a proven truth: enough points, and more at kinks."""
        key = (points, seed)
        if key not in self._scenes:
            self._scenes[key] = self._draw(points, np.random.default_rng(seed))
        return self._scenes[key]

    def _draw(self, points: int, rng: np.random.Generator) -> list[tuple[PointBatch, list[Truths]]]:
        found: list[tuple[PointBatch, list[Truths]]] = []
        left = points
        for scene in scenes(self.circuit, rng, points, self.layout):
            kept, truths = self._inside(scene, left)
            if kept.points:
                left -= len(kept.points)
                found.append((kept, truths))
            if left <= 0:
                break
        if has_kinks(self.typed):
            more = kink_scenes(self.circuit, rng, points * 2 // 3, self.layout)
            found += self._kept(more, points)
        if self.layout.may_overflow:
            more = large_scenes(self.circuit, rng, LARGE_TRIED, self.layout)
            left = LARGE_KEPT // len(self.circuit)
            for scene, truths in self._kept(more, points):
                found.append((scene, truths))
                left -= len(truths)
                if left <= 0:
                    break
        return found

    def _kept(
        self, more: Iterable[PointBatch], points: int
    ) -> Iterator[tuple[PointBatch, list[Truths]]]:
        """Those of more scenes that have points with a proven truth."""
        return (pair for pair in (self._inside(scene, points) for scene in more) if pair[1])

    def _inside(self, scene: PointBatch, most: int) -> tuple[PointBatch, list[Truths]]:
        """The points of a scene that have a proven truth, with it."""
        kept, truths = [], []
        for point in scene.points[:most]:
            expected = self.expected(scene.merged(point))
            if expected is not None:
                kept.append(point)
                truths.append(expected)
        return scene.with_points(kept), truths

    def expected(self, point: Mapping[str, float]) -> Truths | None:
        """Truth and allowance of every quantity at a point; None where there is none."""
        key = tuple(point.items())
        if key not in self._found:
            self._found[key] = self._expected(point)
        return self._found[key]

    def _expected(self, point: Mapping[str, float]) -> Truths | None:
        try:
            with precision(BITS):
                allowed = self._allowances(point)
        except (OutOfRange, ArithmeticError):
            return None
        truths = self._reference.all_at(point)
        if truths is None:
            return None
        output, objective = truths
        with precision(BITS):
            found = {
                **self._quantities(self.circuit.output.name, output, allowed),
                **self._quantities(f"{self.circuit.objective.name}.", objective, allowed),
            }
            lost = any(
                not e.allowed.is_finite() or not abs(e.truth) < LARGEST for e in found.values()
            )
        return None if lost else found

    def _allowances(self, point: Mapping[str, float]) -> dict[str, arb]:
        lowered = self.lowered
        leaves = self.circuit.leaves
        symbols: dict[Symbol, float] = {n.symbol: point[n.name] for n in leaves if n.name in point}
        forward = enclosures(lowered.forward, symbols, self._unlimited, self._factorised)
        cached = {name: forward[name] for name in lowered.cache}
        seeded: dict[Symbol, float | arb] = {**symbols, lowered.seed: 1.0, **cached}
        backward = enclosures(lowered.backward, seeded, self._unlimited)
        fused = enclosures(lowered.objective, symbols, self._unlimited, self._factorised)
        output, objective = self.circuit.output, self.circuit.objective
        found = {output.name: forward[output.symbol], f"{objective.name}.": fused[lowered.total]}
        for leaf in leaves:
            bar = lowered.names.adjoint(leaf.name)
            if bar in backward:
                found[f"∂{output.name}/∂{leaf.name}"] = backward[bar]
            if bar in fused:
                found[f"∂{objective.name}./∂{leaf.name}"] = fused[bar]
        return {key: arb(ball.rad()) for key, ball in found.items()}

    def conditions(self, point: Mapping[str, float]) -> dict[str, Condition]:
        """How much rounding counts in each quantity at a point of the circuit's leaves."""
        lowered = self.lowered
        leaves = self.circuit.leaves
        symbols = {n.symbol: arb(point[n.name]) for n in leaves if n.name in point}
        output, objective = self.circuit.output, self.circuit.objective
        found: dict[str, Condition] = {}
        with precision(BITS):
            lines = [*lowered.forward.lines, *lowered.backward.lines]
            of_output = Conditions(lines, symbols, lowered.seed)
            of_objective = Conditions(lowered.objective.lines, symbols)
            found[output.name] = of_output.of(output.symbol)
            found[f"{objective.name}."] = of_objective.of(lowered.total)
            for leaf in leaves:
                bar = lowered.names.adjoint(leaf.name)
                if of_output.knows(bar):
                    found[f"∂{output.name}/∂{leaf.name}"] = of_output.of(bar)
                if of_objective.knows(bar):
                    found[f"∂{objective.name}./∂{leaf.name}"] = of_objective.of(bar)
        return found

    def _quantities(self, of: str, truth: Truth, allowed: Mapping[str, arb]) -> Truths:
        lost = UNDERFLOW if self.layout.may_overflow else arb(SUBNORMAL)
        found = {of: Expected(truth.value, _tolerance(allowed[of], truth.value, lost))}
        for leaf in self.circuit.leaves:
            key = f"∂{of}/∂{leaf.name}"
            if key in allowed:
                partial = truth.partials.get(leaf.name, arb(0))
                found[key] = Expected(partial, _tolerance(allowed[key], partial, lost))
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


def _unlimited(lowered: Lowered, starts: tuple[str, ...]) -> frozenset[Symbol]:
    """Lines inside operations whose code shifts exp, and adjoints that such lines enter."""
    if not starts:
        return frozenset()
    adjoints = {lowered.names.adjoint(n.name) for n in lowered.circuit.nodes}
    lines = (*lowered.forward.lines, *lowered.backward.lines, *lowered.objective.lines)
    return frozenset(
        line.target
        for line in lines
        if line.target.name.startswith(starts)
        or (line.target in adjoints and any(s.name.startswith(starts) for s in line.reads))
    )


def _tolerance(radius: arb, truth: arb, lost: arb) -> arb:
    """What rounding allows, at least the half ULP of the last rounding."""
    return radius + arb(truth.rad()) + UNIT * abs(truth) + lost


def total(parts: Sequence[Expected]) -> Expected:
    """A sum over samples, with the rounding of the sum itself."""
    with precision(BITS):
        size = sum((abs(p.truth) for p in parts), arb(0))
        allowed = sum((p.allowed for p in parts), arb(0)) + 2 * len(parts) * UNIT * size
        return Expected(sum((p.truth for p in parts), arb(0)), allowed)


__all__ = ["BITS", "Expected", "Oracle", "Truths", "total"]
