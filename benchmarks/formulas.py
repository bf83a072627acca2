"""Scalar formulas: each typed as a circuit, and once more as a function that any system can run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np


class Functions(NamedTuple):
    """The functions of one system."""

    exp: Callable[[Any], Any]
    tanh: Callable[[Any], Any]
    sigma: Callable[[Any], Any]


def functions(module: Any) -> Functions:
    """Those of a module without a σ of its own."""
    return Functions(module.exp, module.tanh, lambda u: 1 / (1 + module.exp(-u)))


@dataclass(frozen=True, slots=True)
class Formula:
    """A loss of one sample, (f − y)²/2; `loss` takes Functions, the parameters, the columns."""

    name: str
    circuit: str
    params: tuple[str, ...]
    columns: tuple[str, ...]
    loss: Callable[..., Any]
    batches: tuple[int, ...] = (1, 128, 10_000)

    @property
    def quantities(self) -> tuple[str, ...]:
        return ("the mean loss", *(f"the gradient by {name}" for name in self.params))


class Samples(NamedTuple):
    """A formula, a point, and the columns of a batch."""

    formula: Formula
    theta: list[float]
    columns: list[Any]


def samples(formula: Formula, b: int) -> Samples:
    rng = np.random.default_rng(0)
    theta = rng.uniform(0.5, 1.5, len(formula.params)).tolist()
    return Samples(formula, theta, list(rng.normal(size=(len(formula.columns), b))))


def _neuron(m: Functions, w3: Any, w4: Any, x3: Any, x4: Any, x5: Any, y: Any) -> Any:
    return ((x3 + x5) - m.sigma(w3 * x3 + w4 * x4) - y) ** 2 / 2


def _two_layers(m: Functions, *values: Any) -> Any:
    w1, w2, b1, w3, w4, b2, w5, w6, b3, x1, x2, y = values
    h1 = m.tanh(w1 * x1 + w2 * x2 + b1)
    h2 = m.tanh(w3 * x1 + w4 * x2 + b2)
    return (m.sigma(w5 * h1 + w6 * h2 + b3) - y) ** 2 / 2


def _bell(m: Functions, b0: Any, b1: Any, b2: Any, x: Any, y: Any) -> Any:
    return (b0 * m.exp(-(((x - b1) / b2) ** 2) / 2) - y) ** 2 / 2


NEURON = Formula(
    "neuron",
    "f = (x3 + x5) - sigma(w3*x3 + w4*x4)",
    ("w3", "w4"),
    ("x3", "x4", "x5", "y"),
    _neuron,
    (1, 128, 10_000, 1_000_000, 4_000_000),
)
TWO_LAYERS = Formula(
    "two layers",
    "h1 = tanh(w1*x1 + w2*x2 + b1)\nh2 = tanh(w3*x1 + w4*x2 + b2)\nf = sigma(w5*h1 + w6*h2 + b3)",
    ("w1", "w2", "b1", "w3", "w4", "b2", "w5", "w6", "b3"),
    ("x1", "x2", "y"),
    _two_layers,
)
BELL = Formula(
    "bell curve", "f = b0*exp(-((x - b1)/b2)**2/2)", ("b0", "b1", "b2"), ("x", "y"), _bell
)
