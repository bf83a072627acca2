"""First and second derivatives at edges as limits of quotients of differences, by mpmath.

A second partial is ∂(∂f/∂p)/∂q, both by quotients at steps of which one is far smaller. All numbers
lie a far smaller offset inside the domain, where no logarithm is taken of 0, and conditions hold as
they do at the point itself. A partial that depends on the steps, their order or their side has no
limit: it is infinite there, or a convention.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from itertools import product
from typing import Any, TypeAlias

import mpmath
import numpy as np
import sympy as sp
from sympy import Expr, Piecewise

import symback as sb
from symback.truth.explicit import written_out
from symback.truth.second import meaning

DIGITS = 480
OFFSETS = (mpmath.mpf(10) ** -300, mpmath.mpf(10) ** -220)
SCALES = ((90, 30), (75, 26))  # exponents of the steps of the first and the second difference
CLOSE = mpmath.mpf(10) ** -11
WEIGHTS = (3, 5, 7, 11, 13, 17, 19, 23)  # offsets are no multiples of each other
MOST_SIDES = 16
Side: TypeAlias = Mapping[str, int]
"""The signs of the steps, by leaf."""
Line: TypeAlias = tuple[str, tuple[list[str], Any]]
"""A node with the names that it reads and what computes it."""


class Limits:
    """Partials of the output of a circuit whose leaves are all numbers that move."""

    def __init__(self, circuit: sb.Circuit, at: Mapping[str, Any]) -> None:
        made, entries = written_out(circuit) if circuit.has_arrays else (circuit, {})
        self.names: list[str] = []
        self.at: dict[str, mpmath.mpf] = {}
        for name, value in at.items():
            flat = [name] if not np.shape(value) else entries[name]
            self.names += flat
            for entry, number in zip(flat, np.ravel(value), strict=True):
                self.at[entry] = mpmath.mpf(float(number))
        self._output = made.output.name
        self._nodes = [(n.name, meaning(n.formula)) for n in made.computed]
        self._values: dict[Any, Any] = {}
        self._frozen: dict[tuple[int, ...], list[Line]] = {}
        self._sides = self._found_sides()

    def second(self) -> dict[tuple[str, str], float]:
        """The second partials that exist, by pair of names, both orders."""
        found = {}
        for i, p in enumerate(self.names):
            for q in self.names[i:]:
                limit = self._limit(partial(self._second, p, q))
                if limit is not None:
                    found[p, q] = found[q, p] = limit
        return found

    def first(self) -> dict[str, float]:
        """The first partials that exist."""
        limits = {p: self._limit(partial(self._first, p)) for p in self.names}
        return {p: limit for p, limit in limits.items() if limit is not None}

    # -- quotients ------------------------------------------------------------------------------

    def _limit(self, quotients: Any) -> float | None:
        with mpmath.workdps(DIGITS):
            sides = product(self._sides, OFFSETS)
            found = [q for side, offset in sides for q in quotients(side, offset)]
            if not found or any(not mpmath.isfinite(q) for q in found):
                return None
            room = CLOSE * max(1, *map(abs, found))
            return float(found[0]) if max(found) - min(found) < room else None

    def _first(self, p: str, side: Side, offset: Any) -> Iterator[Any]:
        for exponent, _ in SCALES:
            h = self._step(p, side, exponent)
            yield (self._value(side, offset, {p: h}) - self._value(side, offset, {})) / h

    def _second(self, p: str, q: str, side: Side, offset: Any) -> Iterator[Any]:
        for fine, coarse in SCALES:
            for one, other in ((fine, coarse), (coarse, fine)) if p != q else ((fine, coarse),):
                h, k = self._step(p, side, one), self._step(q, side, other)
                corners = [
                    self._value(side, offset, _added((p, a * h), (q, b * k)))
                    * (1 if a == b else -1)
                    for a, b in product((1, 0), repeat=2)
                ]
                yield mpmath.fsum(corners) / (h * k)

    def _step(self, name: str, side: Side, exponent: int) -> Any:
        return side[name] * self._scale(name) * mpmath.mpf(10) ** -exponent

    def _scale(self, name: str) -> Any:
        """The size of what is tiny, beside which steps are small."""
        return min(abs(self.at[name]), 1) or mpmath.mpf(1)

    def _value(self, side: Side, offset: Any, steps: Mapping[str, Any]) -> Any:
        key = (tuple(side.values()), offset, tuple(sorted(steps.items())))
        if key not in self._values:
            with mpmath.workdps(DIGITS):
                lines = self._lines(side)
                self._values[key] = _run(lines, self._moved(side, offset, steps))[self._output]
        return self._values[key]

    def _moved(self, side: Side, offset: Any, steps: Mapping[str, Any]) -> dict[str, Any]:
        moved = {}
        for i, (name, value) in enumerate(self.at.items()):
            inside = side[name] * self._scale(name) * offset * WEIGHTS[i % len(WEIGHTS)]
            moved[name] = value + inside + steps.get(name, 0)
        return moved

    def _lines(self, side: Side) -> list[Line]:
        """The formulas with the branches that are taken at the point itself."""
        signs = tuple(side.values())
        if signs not in self._frozen:
            values, found = self._moved(side, OFFSETS[0], {}), []
            for name, formula in self._nodes:
                rounded = {k: _rounded(v) for k, v in values.items()}
                call = _compiled(_without_conditions(formula, rounded))
                values[name] = _called(call, values)
                found.append((name, call))
            self._frozen[signs] = found
        return self._frozen[signs]

    def _found_sides(self) -> list[dict[str, int]]:
        """Signs of the steps by leaf, those with which the value is a number."""
        count = len(self.names)
        tried: list[tuple[int, ...]] = [(1,) * count, (-1,) * count]
        if count <= 4:
            tried += list(product((1, -1), repeat=count))
        else:
            rng = np.random.default_rng(count)
            tried += [tuple(int(s) for s in rng.choice([1, -1], count)) for _ in range(MOST_SIDES)]
        found = []
        for signs in dict.fromkeys(tried):
            side = dict(zip(self.names, signs, strict=True))
            if mpmath.isfinite(self._value(side, OFFSETS[0], {})):
                found.append(side)
        return found


def _added(*steps: tuple[str, Any]) -> dict[str, Any]:
    total: dict[str, Any] = {}
    for name, step in steps:
        if step:
            total[name] = total.get(name, 0) + step
    return total


def _rounded(value: Any) -> Any:
    """The number itself that is an offset away."""
    if not mpmath.isfinite(value) or abs(value) > mpmath.mpf(10) ** 60:
        return value
    with mpmath.workdps(60):
        return mpmath.mpf(0) if abs(value) < mpmath.mpf(10) ** -60 else +value


def _without_conditions(formula: Expr, values: Mapping[str, Any]) -> Expr:
    def taken(choice: Expr) -> Expr:
        for value, condition in choice.args:
            names = sorted(condition.free_symbols, key=str)
            holds = sp.lambdify(names, condition, "mpmath")(*(values[s.name] for s in names))
            if holds:
                return value
        return sp.nan

    while choices := formula.atoms(Piecewise):
        inner = [c for c in choices if not any(e.has(Piecewise) for e, _ in c.args)]
        formula = formula.xreplace({c: taken(c) for c in inner or choices})
    return formula


def _compiled(formula: Expr) -> tuple[list[str], Any]:
    names = sorted(formula.free_symbols, key=str)
    return [s.name for s in names], sp.lambdify(names, formula, "mpmath")


def _called(call: tuple[list[str], Any], values: Mapping[str, Any]) -> Any:
    names, function = call
    try:
        found = mpmath.mpmathify(function(*(values[n] for n in names)))
    except (ValueError, ZeroDivisionError, mpmath.libmp.NoConvergence):
        return mpmath.nan
    return mpmath.nan if isinstance(found, mpmath.mpc) else found


def _run(lines: Iterable[Line], values: dict[str, Any]) -> dict[str, Any]:
    for name, call in lines:
        values[name] = _called(call, values)
    return values
