"""What a module's functions give for NumPy's arrays, where they compute in another runtime."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Calls:
    """What a module's functions give; arguments are `Params` and `Inputs` of NumPy's arrays.

    Adjoints are tuples in the order of these, None for what has none. `hessp` is of the mean
    objective and takes tangents of the parameters.
    """

    forward: Callable[[Any, Any], Any]
    backward: Callable[[Any, Any, Any], tuple[Any, Any]]  # with the adjoint of the output
    value_and_grad: Callable[[Any, Any], tuple[Any, Any]] | None = None
    jvp: Callable[[Any, Any, Any, Any], Any] | None = None  # with tangents of both
    hessp: Callable[[Any, Any, Any], Any] | None = None
    init_params: Callable[..., Any] | None = None
    subnormals: bool = True  # whether it computes with numbers below 2.2e-308, or takes 0 for them
    jacobian: Callable[[Any, Any], Any] | None = None  # by the parameters, as a matrix
    hessian: Callable[[Any, Any], Any] | None = None


__all__ = ["Calls"]
