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
    """The residuals rᵢ = √wᵢ·(fᵢ − yᵢ) and their Jacobian by the free entries of θ.

    Each row of the data has those of all targets in turn.
    """

    module: ModuleType
    inputs: Any  # the module's Inputs
    parameters: FreeParameters
    targets: tuple[str, ...]
    of_rows: FloatArray | None  # weights, a number a row
    of_targets: tuple[float, ...] | None  # the same, a number a target

    @cached_property
    def _bound(self) -> Any:
        return self.module.bind(self.inputs)

    def residuals(self, theta: FloatArray) -> FloatArray:
        found: FloatArray = self._bound.residuals(self.parameters.whole(theta))
        return found if self.weights is None else found * np.sqrt(self.weights)

    def jacobian(self, theta: FloatArray) -> FloatArray:
        whole: FloatArray = self._bound.jacobian(self.parameters.whole(theta))
        found = whole[:, self.parameters.free]
        return found if self.weights is None else found * np.sqrt(self.weights)[:, None]

    @cached_property
    def _columns(self) -> list[FloatArray]:
        """What each target has in each row."""
        found = (np.asarray(getattr(self.inputs, name)) for name in self.targets)
        return [np.reshape(y, (np.shape(y)[0], -1)) for y in found]

    @property
    def rows(self) -> int:
        return len(self._columns[0])

    @cached_property
    def data(self) -> FloatArray:
        """What each residual compares with."""
        return np.concatenate(self._columns, axis=1).ravel()

    @cached_property
    def target_of_each(self) -> FloatArray:
        """The number of the target that each residual is of."""
        widths = [column.shape[1] for column in self._columns]
        return np.tile(np.repeat(np.arange(len(widths)), widths), self.rows)

    @cached_property
    def weights(self) -> FloatArray | None:
        """The weight of each residual; None where all count alike."""
        if self.of_rows is None and self.of_targets is None:
            return None
        rows = np.ones(self.rows) if self.of_rows is None else self.of_rows
        found: FloatArray = np.repeat(rows, self.data.size // self.rows)
        if self.of_targets is not None:
            found = found * np.asarray(self.of_targets)[self.target_of_each]
        return found


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
