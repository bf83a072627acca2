"""One step of an optimiser: a gradient in, new parameters and state out."""

from __future__ import annotations

from functools import lru_cache
from math import isfinite, sqrt
from types import ModuleType
from typing import Any

import numpy as np

from symback.autodiff.updates import Update
from symback.codegen.generate import compile_module
from symback.codegen.loading import ModuleFiles
from symback.training.settings import Settings
from symback.training.sources.dtypes import FloatArray

LEAST, MOST = 1e-30, 1e30  # sums of squares between them keep their digits in float32, too


@lru_cache(maxsize=16)
def _compiled(rule: Update, target: str) -> ModuleType:
    """The module of a rule; short runs ask for it again and again."""
    return compile_module(rule, target)


class Optimiser:
    """The update rule of the settings, over the flat vector θ.

    A gradient longer than `clip` is shortened first: g ← g·min(1, clip/‖g‖) (Pascanu, Mikolov and
    Bengio 2013). The rule is the generated module of `symback.update`; an optimiser that is
    pickled takes its text along.
    """

    def __init__(self, settings: Settings, target: str = "numpy") -> None:
        rule, self.options = settings.update()
        self.module: Any = _compiled(rule, target)
        self.clip = settings.clip
        self.counts = any(setting.name == "t" for setting in rule.rule.settings)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "module": ModuleFiles.of(self.module)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, module=state["module"].module())

    def start(self, theta: FloatArray) -> Any:
        """The state before the first step."""
        return self.module.init_state(theta)

    def move(
        self, theta: FloatArray, gradient: FloatArray, state: Any, *, t: int, eta: float
    ) -> tuple[FloatArray, Any]:
        """θ and the state after step t = 0, 1, …, with the step width η_t."""
        if self.clip is not None:
            norm = _norm(gradient)
            if norm > self.clip:
                gradient = gradient * (self.clip / norm)
        counted = {"t": t + 1} if self.counts else {}
        moved: tuple[FloatArray, Any] = self.module.update(
            theta, gradient, state, eta=eta, **counted, **self.options
        )
        return moved


def _norm(gradient: FloatArray) -> float:
    """‖g‖, also where the squares leave the range of the type."""
    with np.errstate(over="ignore", under="ignore"):
        square = float(np.dot(gradient, gradient))
    if LEAST < square < MOST:
        return sqrt(square)
    largest = float(np.abs(gradient).max())
    if largest == 0 or not isfinite(largest):
        return largest
    shrunk = gradient.astype(np.float64) / largest
    return largest * sqrt(float(np.dot(shrunk, shrunk)))
