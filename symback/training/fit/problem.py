"""What a fit minimises: half a weighted sum of squared residuals, or a sum of losses."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Any

import numpy as np

from symback.training.fit.parameters import FreeParameters
from symback.training.sources.dtypes import FloatArray


@dataclass(frozen=True)
class Squares:
    """The residuals rᵢ = √wᵢ·(fᵢ − yᵢ) and their Jacobian by the free entries of θ."""

    module: ModuleType
    inputs: Any  # the module's Inputs
    parameters: FreeParameters
    weights: FloatArray | None  # a number a row

    @cached_property
    def _bound(self) -> Any:
        return self.module.bind(self.inputs)

    def residuals(self, theta: FloatArray) -> FloatArray:
        found: FloatArray = self._bound.residuals(self.parameters.whole(theta))
        return found if self.weights is None else found * self._roots(found.size)

    def jacobian(self, theta: FloatArray) -> FloatArray:
        whole: FloatArray = self._bound.jacobian(self.parameters.whole(theta))
        found = whole[:, self.parameters.free]
        return found if self.weights is None else found * self._roots(len(found))[:, None]

    def _roots(self, count: int) -> FloatArray:
        """√w for each residual: a row may have several."""
        weights = np.asarray(self.weights)
        return np.repeat(np.sqrt(weights), count // weights.size)


@dataclass(frozen=True)
class Likelihood:
    """The sum L of the losses, taken as −log of a likelihood, with its gradient and Hessian."""

    module: ModuleType
    inputs: Any
    parameters: FreeParameters

    @cached_property
    def rows(self) -> int:
        return int(np.shape(self.inputs[0])[0])

    @cached_property
    def _bound(self) -> Any:
        return self.module.bind(self.inputs)

    def loss(self, theta: FloatArray) -> float:
        return self.rows * float(self._objective(theta)[0])

    def gradient(self, theta: FloatArray) -> FloatArray:
        found: FloatArray = self.rows * self._objective(theta)[1][self.parameters.free]
        return found

    def hessian(self, theta: FloatArray) -> FloatArray:
        free = self.parameters.free
        whole: FloatArray = self._bound.hessian(self.parameters.whole(theta))
        found: FloatArray = self.rows * whole[np.ix_(free, free)]
        return found

    def _objective(self, theta: FloatArray) -> tuple[float, FloatArray]:
        found: tuple[float, FloatArray] = self._bound.objective(self.parameters.whole(theta))
        return found


__all__ = ["Likelihood", "Squares"]
