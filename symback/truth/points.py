"""Points to check at: many magnitudes, both signs, zeros and ties.

A point batch is one set of parameters with a few samples, as in training. Magnitudes are drawn
log-uniformly, from narrow ranges to wide ones; points of all ones or of small normal numbers
would miss most wrong formulas.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import numpy as np
import sympy as sp

from symback.circuits.circuit import Circuit
from symback.operations.properties import has_kink
from symback.truth.packing import NUMBERS, ModuleEntries

Point = Mapping[str, float]

SAMPLES = 4  # of a point batch
MOST_BATCHES = 400
SHORT = 2**10  # numbers at kinks are multiples of 1/SHORT
MOST_NUMBERS = 6  # of the circuit that points at kinks use
RANGES = (
    (0.1, 10.0),
    (1e-3, 1e3),
    (0.3, 3.0),
    (1e-8, 80.0),
    (0.1, 10.0),
    (1e-20, 1e20),
    (0.01, 1.0),
    (1.0, 80.0),
)
"""Magnitudes, in turn; numbers on both sides of 1 keep narrow domains within reach."""

MODERATE = ((0.1, 10.0), (0.3, 3.0), (1.0, 80.0), (0.01, 1.0), (1e-3, 30.0))
"""Magnitudes for arrays: an inverse of numbers of very different size has no digits to compare."""


FAR = ((1e155, 1e250), (1e-250, 1e-165))
"""Magnitudes whose squares no float64 holds."""

LARGE = (700.0, 1200.0)
BESIDE_LARGE = (0.1, 1.0)
SIGNS = ("all positive", "one a sample", "one an element")
"""Magnitudes of one array whose exp no float64 holds, and of all others."""


@dataclass(frozen=True, slots=True)
class PointBatch:
    """Values of the parameters, and samples that share them.

    What is given once for all samples is among them where the output has no other data.
    """

    shared: Point
    points: tuple[Point, ...]
    layout: ModuleEntries = NUMBERS
    at_edge: bool = False  # of a formula: there some partials may have no truth

    def with_points(self, points: Sequence[Point]) -> PointBatch:
        return replace(self, points=tuple(points))

    def with_shared(self, names: Collection[str]) -> PointBatch:
        """With the first sample's numbers of these names for all."""
        once = {name: self.points[0][name] for name in names if name in self.points[0]}
        points = ({n: v for n, v in point.items() if n not in once} for point in self.points)
        return replace(self, shared={**self.shared, **once}, points=tuple(points))

    def merged(self, point: Point) -> dict[str, float]:
        return {**self.shared, **point}

    def params(self, module: ModuleType) -> Any:
        return self.layout.pack(module.Params, self.shared)

    def inputs(self, module: ModuleType, point: Point) -> Any:
        return self.layout.pack(module.Inputs, self.merged(point))

    def batch(self, module: ModuleType) -> Any:
        return self.layout.pack_batch(module.Inputs, self.points, self.shared)

    def describe(self, point: Point) -> str:
        return ", ".join(f"{name}={value:.6g}" for name, value in self.merged(point).items())


def point_batches(
    circuit: Circuit, rng: np.random.Generator, points: int, layout: ModuleEntries = NUMBERS
) -> Iterator[PointBatch]:
    """Batches in all ranges of magnitude, in turn; the caller drops what is outside the domain."""
    params, others = _names(circuit)
    for number in range(MOST_BATCHES + points):
        usual = MODERATE if layout.has_arrays else RANGES
        one_range = [usual[number % len(usual)]]
        ranges = np.log(usual if number % 4 == 1 else one_range)  # one for all, or one for each
        positive = number % 3 == 2  # many formulas of physics have no other domain
        chosen = {n: ranges[rng.integers(len(ranges))] for n in (*params, *others)}
        shared = _draw(params, rng, chosen, positive)
        samples = [_draw(others, rng, chosen, positive) for _ in range(SAMPLES)]
        if number % 4 == 3:
            _make_special(shared, samples, rng, number)
        for sample in samples:
            layout.constrain(sample, lambda n: int(rng.integers(n)))
        yield PointBatch(shared, tuple(samples), layout)


def shared_alone(circuit: Circuit) -> set[str]:
    """The names of data for all samples, if the output reads no other: it has no batch then."""
    read = {circuit.output.name}
    for node in reversed(circuit.nodes):
        read |= {*node.operands} if node.name in read else set()
    own = {node.name for node in (*circuit.inputs, *circuit.targets)}
    shared = {node.name for node in circuit.constants}
    return shared if read & shared and not read & own else set()


def has_kinks(circuit: Circuit) -> bool:
    """Whether a formula has a place where its derivative jumps."""
    return any(has_kink(n.formula) for n in circuit.computed)


def kink_batches(
    circuit: Circuit, rng: np.random.Generator, count: int, layout: ModuleEntries = NUMBERS
) -> Iterator[PointBatch]:
    """Point batches whose leaves share a few short numbers, zero and the circuit's own among them.

    Sums and products of such numbers are exact, so that arguments of max tie, conditions hold
    with equality and abs meets 0.
    """
    params, others = _names(circuit)
    targets = [n.name for n in (*circuit.targets, *circuit.constants)]
    own = _short_numbers(circuit)
    for number in range(count):
        one, two = rng.integers(1, 4 * SHORT, 2) / SHORT
        pool = [0.0, 1.0, *(own if number % 3 == 1 else []), one, two, one * two]
        if number % 3 == 2:  # w1*x1, w2*x2 and b are often equal or opposite
            shared = _pick(params, rng, [one, one, one * two])
            samples = [_pick(others, rng, [two]) for _ in range(SAMPLES)]
        else:
            shared = _pick(params, rng, pool)
            samples = [_pick(others, rng, pool) for _ in range(SAMPLES)]
        if number % 4:  # a target that is like no other number
            for sample in samples:
                sample.update(_pick(targets, rng, rng.integers(1, 4 * SHORT, 1) / SHORT))
        for sample in samples:
            layout.constrain(sample, lambda n: int(rng.integers(n)))
        yield PointBatch(shared, tuple(samples), layout)


def large_batches(
    circuit: Circuit, rng: np.random.Generator, count: int, layout: ModuleEntries
) -> Iterator[PointBatch]:
    """Point batches in which one array has elements whose exp no float64 holds.

    They have one sign in a sample, so that samples are far apart, or signs of their own, so that
    elements are.
    """
    params = [n.name for n in circuit.params]
    others = [n.name for n in circuit.columns]
    targets = {n.name for n in (*circuit.targets, *circuit.constants)}
    arrays = sorted({layout.array_of(n) for n in (*params, *others) if n not in targets})
    pairs = [(array, style) for array in arrays for style in SIGNS]
    for number in rng.permutation(len(pairs))[:count]:
        large, style = pairs[number]
        low, high = np.log(BESIDE_LARGE).tolist()
        chosen = dict.fromkeys((*params, *others), (low, high))
        positive = style == SIGNS[0]
        shared = _draw(params, rng, chosen, positive)
        samples = [_draw(others, rng, chosen, positive) for _ in range(SAMPLES)]
        for point in (shared, *samples):
            names = [n for n in point if layout.array_of(n) == large and n not in targets]
            signs = rng.choice([-1.0, 1.0], len(names) if style == SIGNS[2] else 1)
            values = signs * rng.uniform(*LARGE, len(names))
            point.update(zip(names, values.tolist(), strict=True))
        for sample in samples:
            layout.constrain(sample, lambda n: int(rng.integers(n)))
        yield PointBatch(shared, tuple(samples), layout)


def far_batches(
    circuit: Circuit, rng: np.random.Generator, layout: ModuleEntries
) -> Iterator[PointBatch]:
    """Batches whose inputs, or parameters, all have a square that float64 does not hold."""
    params, others = _names(circuit)
    for far in FAR:
        for names in (params, others):
            chosen = dict.fromkeys((*params, *others), np.log((0.1, 10.0)).tolist())
            chosen |= dict.fromkeys(names, np.log(far).tolist())
            if names:
                shared = _draw(params, rng, chosen, False)
                sample = _draw(others, rng, chosen, False)
                layout.constrain(sample, lambda n: int(rng.integers(n)))
                yield PointBatch(shared, (sample,), layout, at_edge=True)


def _names(circuit: Circuit) -> tuple[list[str], list[str]]:
    """Parameters, then inputs and targets."""
    return [n.name for n in circuit.params], [n.name for n in circuit.columns]


def _short_numbers(circuit: Circuit) -> list[float]:
    """Numbers of the circuit that are exact in a few bits: its thresholds are among them."""
    typed = {abs(c) for n in circuit.computed for c in n.formula.atoms(sp.Rational)}
    return [float(c) for c in sorted(typed) if c.q in (1, 2, 4, 8) and c < SHORT][:MOST_NUMBERS]


def _draw(
    names: Sequence[str],
    rng: np.random.Generator,
    ranges: Mapping[str, tuple[float, float]],
    positive: bool,
) -> dict[str, float]:
    """Log-uniform numbers; `ranges` gives the logarithm of the smallest and of the largest."""
    low, high = np.array([ranges[name] for name in names]).reshape(-1, 2).T
    sizes = np.exp(rng.uniform(low, high))
    signs = np.ones(len(names)) if positive else rng.choice([-1.0, 1.0], len(names))
    return dict(zip(names, (sizes * signs).tolist(), strict=True))


def _pick(names: Sequence[str], rng: np.random.Generator, pool: Any) -> dict[str, float]:
    picked = rng.choice(pool, len(names)) * rng.choice([-1.0, 1.0], len(names))
    return dict(zip(names, picked.tolist(), strict=True))


def _make_special(
    shared: dict[str, float], samples: list[dict[str, float]], rng: np.random.Generator, number: int
) -> None:
    """Put a zero, a negative zero, a subnormal number, or two equal values into each sample."""
    for i, sample in enumerate(samples):
        names = list(sample) or list(shared)
        values = sample or shared
        first, second = rng.choice(names, 2).tolist()
        values[first] = (0.0, -0.0, 5e-324, values[second])[(number // 4 + i) % 4]
