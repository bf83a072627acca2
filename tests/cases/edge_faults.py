"""Faults at the edges of formulas, planted in right modules: what other tools give there.

Each is a circuit, the number that is wrong, where it is, and what it is instead: NaN where a guard
is missing, 0 where a reflection cancels, a share where a convention is another one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

NAN = float("nan")


@dataclass(frozen=True)
class Fault:
    """`number` is a leaf, for its partial, or the output; the others are functions of leaves."""

    circuit: str
    number: str
    where: Callable[..., Any]
    instead: Callable[..., Any]

    def plant(self, module: ModuleType) -> ModuleType:
        """The module with the fault in forward or backward."""
        made = ModuleType("faulty")
        made.__dict__.update(module.__dict__)
        if self.number in (*module.Params._fields, *module.Inputs._fields):
            made.backward = lambda *given: self._backward(module, *given)
        else:
            made.forward = lambda *given: self._forward(module, *given)
        return made

    def _forward(self, module: Any, params: Any, inputs: Any) -> Any:
        value, cache = module.forward(params, inputs)
        return self._replaced(value, params, inputs), cache

    def _backward(self, module: Any, params: Any, inputs: Any, cache: Any, bar: Any = 1.0) -> Any:
        bars = module.backward(params, inputs, cache, bar)
        return tuple(
            part._replace(
                **{self.number: self._replaced(getattr(part, self.number), params, inputs)}
            )
            if self.number in part._fields
            else part
            for part in bars
        )

    def _replaced(self, right: Any, params: Any, inputs: Any) -> Any:
        """The number, wrong where the fault is; of a sum over samples wrong if one of them is."""
        leaves = {**params._asdict(), **inputs._asdict()}
        known = {name: np.asarray(value) for name, value in leaves.items() if value is not None}
        with np.errstate(all="ignore"):
            hit = np.asarray(self.where(**known))
            wrong = np.asarray(self.instead(right, **known))
        if hit.ndim > np.ndim(right):
            lead = tuple(range(hit.ndim - np.ndim(right)))
            hit, wrong = hit.any(axis=lead), NAN if np.isnan(wrong).any() else right + 1.0
        found = np.where(hit, wrong, right)
        return np.float64(found) if np.ndim(found) == 0 else found


def _nan(right: Any, **_: Any) -> Any:
    return np.full(np.shape(right), NAN)


def _zero(right: Any, **_: Any) -> Any:
    return np.zeros(np.shape(right))


def _mean(right: Any, **_: Any) -> Any:
    return right + 0.5


FAULTS = {
    # a guard removed, the operand being in the same line or a node of its own
    "sqrt behind a condition": Fault(
        "f = where(u <= 0, 0, sqrt(u))*w", "u", lambda u, **_: u <= 0, _nan
    ),
    "sqrt as a node": Fault(
        "n = sqrt(u)\nf = where(u <= 0, 0, n)", "u", lambda u, **_: u <= 0, _nan
    ),
    "log as a node": Fault("n = log(u)\nf = where(u > 0, n, 0)", "u", lambda u, **_: u <= 0, _nan),
    "a quotient as a node": Fault(
        "n = 1/u\nf = where(abs(u) < 1/4, 0, n)", "u", lambda u, **_: u == 0, _nan
    ),
    "acos as a node": Fault(
        "n = acos(u)\nf = where(abs(u) < 1, n, 0)", "u", lambda u, **_: abs(u) > 1, _nan
    ),
    "u**1.5 as a node": Fault(
        "n = u**1.5\nf = where(u < 0, 0, n)", "u", lambda u, **_: u < 0, _nan
    ),
    "Huber of a norm": Fault(
        "r = sqrt(u**2 + v**2)\nf = where(r > 1, r, r**2/2 + 1/2)",
        "u",
        lambda u, v, **_: (u == 0) & (v == 0),
        _nan,
    ),
    "a row of zeros": Fault(
        "X: input[n, d]\nr = sqrt(sum(X**2, axis=1))\nf = sum(where(r > 0.5, r, 1))",
        "X",
        lambda X, **_: np.broadcast_to((X == 0).all(axis=-1, keepdims=True), X.shape),
        _nan,
    ),
    "the other side of a condition": Fault(
        "f = where(x > 3, x**2, exp(w*x))",
        "x",
        lambda x, **_: x == 3,
        lambda right, **_: 0 * right + 6.0,
    ),
    # a square of a root
    "a square of a root": Fault(
        "r = sqrt(u**2 + v**2)\nf = r**2", "u", lambda u, v, **_: (u == 0) & (v == 0), _nan
    ),
    # an entry that nothing reads
    "an entry that is not read": Fault(
        "X: input[2, 2]; a: param\nT = a*X\nr = sqrt(T)\nf = r[0, 1]",
        "a",
        lambda X, a, **_: (a * X[..., 1, 0] <= 0) & (a * X[..., 0, 1] > 0),
        _nan,
    ),
    # 0·log 0
    "x**p by p at 0": Fault("f = x**p", "p", lambda x, p, **_: (x == 0) & (p > 0), _nan),
    "x**p by x at 0": Fault("f = x**p", "x", lambda x, p, **_: (x == 0) & (p > 1), _nan),
    "a power of a relu": Fault(
        "f = k*max(u, 0)**p", "p", lambda u, p, **_: (u <= 0) & (p > 0), _nan
    ),
    # erfc reflected
    "erfc reflected": Fault("f = erfc(-x)", "f", lambda x, **_: x < -6, _zero),
    # constant partials
    "a slope of ones in float32": Fault(
        "x: input[n]; b: param\nf = mean(x + b)",
        "x",
        lambda x, **_: x == x,
        lambda right, **_: right.astype(np.float32).astype(float) * (1 + 2.0**-24),
    ),
    # norms without their scale
    "a norm without scale": Fault(
        "x: input[n]\nf = norm(x)",
        "f",
        lambda x, **_: np.abs(x).max(axis=-1) > 1e154,
        lambda right, **_: np.full(np.shape(right), np.inf),
    ),
    "a norm that underflows": Fault(
        "x: input[n]\nf = norm(x)", "f", lambda x, **_: np.abs(x).max(axis=-1) < 1e-162, _zero
    ),
    # -∞ among logs
    "logsumexp with an infinite entry": Fault(
        "x: input[n]\nf = logsumexp(x)", "f", lambda x, **_: np.isneginf(x).any(axis=-1), _nan
    ),
    "softmax with an infinite entry": Fault(
        "x: input[n]; w: param[n]\nf = dot(softmax(x), w)",
        "w",
        lambda x, w, **_: np.broadcast_to(np.isneginf(x).any(), np.shape(w)),
        _nan,
    ),
    # the origin
    "a norm at the origin": Fault(
        "f = sqrt(x**2 + y**2)", "x", lambda x, y, **_: (x == 0) & (y == 0), _nan
    ),
    "hypot at the origin": Fault(
        "f = hypot(x, y)",
        "x",
        lambda x, y, **_: (x == 0) & (y == 0),
        lambda right, **_: right + 1.0,
    ),
    "a norm of a vector at the origin": Fault(
        "x: input[n]\nf = sqrt(dot(x, x))",
        "x",
        lambda x, **_: np.broadcast_to((x == 0).all(axis=-1, keepdims=True), x.shape),
        _nan,
    ),
    # kinks
    "relu at 0": Fault("f = relu(x)*w", "x", lambda x, **_: x == 0, _mean),
    "abs at 0": Fault("f = abs(x)*w", "x", lambda x, **_: x == 0, _mean),
    "max at a tie": Fault("f = max(x, y)", "x", lambda x, y, **_: x == y, _mean),
    "the largest of equal entries": Fault(
        "x: input[2]\nf = max(x)",
        "x",
        lambda x, **_: np.broadcast_to((x == x[..., :1]).all(axis=-1, keepdims=True), x.shape),
        _mean,
    ),
    # missing numbers behind a mask
    "NaN behind a mask": Fault(
        "m: input[n]; d: input[n]; a: param\nf = sum(where(m > 0, (d - a)**2, 0))",
        "a",
        lambda m, d, **_: (np.isnan(d) & (m <= 0)).any(axis=-1),
        _nan,
    ),
    # NaN where it is read
    "relu of NaN": Fault("f = relu(x)*w", "x", lambda x, **_: np.isnan(x), _zero),
    "abs of NaN": Fault("f = abs(x) + w", "x", lambda x, **_: np.isnan(x), _zero),
    "max of NaN": Fault("f = max(w*x, b)", "x", lambda x, **_: np.isnan(x), _zero),
    "min of NaN": Fault("n = min(x, y)\nf = n*w", "y", lambda y, **_: np.isnan(y), _zero),
    "max that passes NaN by": Fault(
        "f = max(x, y)", "f", lambda x, **_: np.isnan(x), lambda right, y, **_: y
    ),
    "the largest of entries, one of them NaN": Fault(
        "x: input[n]\nf = max(x)", "x", lambda x, **_: np.isnan(x), _zero
    ),
    "a comparison with NaN": Fault(
        "f = where(x > 0, x, w)", "w", lambda x, **_: np.isnan(x).any(), _zero
    ),
    "NaN through a branch": Fault("f = where(x > w, b, x)", "f", lambda x, **_: np.isnan(x), _zero),
    # a smooth whole of parts with kinks
    "a logistic loss at 0": Fault(
        "f = relu(z) - z*t + log(1 + exp(-abs(z)))",
        "z",
        lambda z, **_: z == 0,
        lambda right, **_: right - 0.5,
    ),
    "a logistic loss of a score at 0": Fault(
        "z = w*x\nf = max(z, 0) - z*t + log(1 + exp(-abs(z)))",
        "w",
        lambda x, w, **_: w * x == 0,
        lambda right, x, **_: right - x / 2,
    ),
    # equal terms
    "a difference of squares of nodes that are equal": Fault(
        "u = w*x\nv = b*y\nf = u**2 - v**2",
        "w",
        lambda w, x, b, y, **_: (w * x == b * y) & (x != 0),
        _nan,
    ),
    "a difference of squares of nodes that are opposite": Fault(
        "u = w*x\nv = b*y\nf = u**2 - v**2",
        "b",
        lambda w, x, b, y, **_: (w * x == -b * y) & (y != 0),
        lambda right, y, **_: right + y,
    ),
    "a difference of cubes of nodes that are equal": Fault(
        "u = w*x\nv = b + y\nf = u**3 - v**3",
        "f",
        lambda w, x, b, y, **_: w * x == b + y,
        lambda right, y, **_: right + 1,
    ),
    "an infinite number": Fault("f = exp(x)*w", "x", lambda x, **_: np.isneginf(x), _nan),
}
