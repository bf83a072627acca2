"""Points to check at: many magnitudes, both signs, zeros and ties.

A scene is one set of parameters with a few samples, as a batch is. Magnitudes are drawn
log-uniformly, from narrow ranges to wide ones; points of all ones or of small normal numbers
would miss most wrong formulas.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import numpy as np
import sympy as sp
from sympy import Piecewise

from symback.ops import relu
from symback.structure import Circuit

Point = Mapping[str, float]

SAMPLES = 4  # of a scene
MOST_SCENES = 400
KINK_SCENES = 10
MOST_LEVELS = 6  # different numbers of the circuit that points at kinks use
KINKED = (Piecewise, sp.Abs, sp.sign, sp.Max, sp.Min, relu)
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


@dataclass(frozen=True, slots=True)
class Scene:
    """Values of the parameters, and samples that share them."""

    shared: Point
    points: tuple[Point, ...]

    def with_points(self, points: Sequence[Point]) -> Scene:
        return replace(self, points=tuple(points))

    def merged(self, point: Point) -> dict[str, float]:
        return {**self.shared, **point}

    def params(self, module: ModuleType) -> Any:
        return module.Params(**self.shared)

    def inputs(self, module: ModuleType, point: Point) -> Any:
        return module.Inputs(**point)

    def batch(self, module: ModuleType) -> Any:
        names = self.points[0].keys()
        return module.Inputs(**{n: np.array([p[n] for p in self.points]) for n in names})

    def describe(self, point: Point) -> str:
        return ", ".join(f"{name}={value:.6g}" for name, value in self.merged(point).items())


def scenes(circuit: Circuit, rng: np.random.Generator, points: int) -> Iterator[Scene]:
    """Scenes in all ranges of magnitude, in turn; the caller drops what is outside the domain."""
    params = [n.name for n in circuit.params]
    others = [n.name for n in (*circuit.inputs, *circuit.targets)]
    for number in range(MOST_SCENES + points):
        low, high = RANGES[number % len(RANGES)]
        positive = number % 3 == 2  # many formulas of physics have no other domain
        shared = _draw(params, rng, low, high, positive)
        samples = [_draw(others, rng, low, high, positive) for _ in range(SAMPLES)]
        if number % 4 == 3:
            _make_special(shared, samples, rng, number)
        yield Scene(shared, tuple(samples))


def kink_scenes(circuit: Circuit, rng: np.random.Generator) -> Iterator[Scene]:
    """Scenes of few different numbers, zero and the circuit's own among them.

    Sums and products of them are exact, so that arguments of max tie, conditions hold with
    equality and abs meets 0. None where the circuit has no such place.
    """
    if not any(n.expr.has(*KINKED) for n in circuit.computed):
        return
    typed = {c for n in circuit.computed for c in n.expr.atoms(sp.Rational)}
    short = sorted(abs(float(c)) for c in typed if c.q in (2, 4, 8) or (c.q == 1 and abs(c) < 1000))
    levels = np.array([*dict.fromkeys([0.0, 0.5, 1.0, 2.0, *short[:MOST_LEVELS]])])
    params = [n.name for n in circuit.params]
    others = [n.name for n in (*circuit.inputs, *circuit.targets)]

    def draw(names: Sequence[str]) -> dict[str, float]:
        signs = rng.choice([-1.0, 1.0], len(names))
        return dict(zip(names, (rng.choice(levels, len(names)) * signs).tolist(), strict=True))

    for _ in range(KINK_SCENES):
        yield Scene(draw(params), tuple(draw(others) for _ in range(SAMPLES)))


def _draw(
    names: Sequence[str], rng: np.random.Generator, low: float, high: float, positive: bool
) -> dict[str, float]:
    sizes = np.exp(rng.uniform(np.log(low), np.log(high), len(names)))
    signs = np.ones(len(names)) if positive else rng.choice([-1.0, 1.0], len(names))
    return dict(zip(names, (sizes * signs).tolist(), strict=True))


def _make_special(
    shared: dict[str, float], samples: list[dict[str, float]], rng: np.random.Generator, number: int
) -> None:
    """Put a zero, a negative zero, a subnormal number, or two equal values into each sample."""
    for i, sample in enumerate(samples):
        names = list(sample) or list(shared)
        values = sample or shared
        first, second = rng.choice(names, 2).tolist()
        values[first] = (0.0, -0.0, 5e-324, values[second])[(number // 4 + i) % 4]
