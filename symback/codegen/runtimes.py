"""A module that computes in another runtime, by the contract of NumPy modules.

A target whose modules don't compute with NumPy names a function in its row that gives `Calls`: what
a module's functions give for NumPy's arrays in float64. Around these stands the NumPy module of the
same circuit, so that the check, which knows that contract, compares numbers of the other runtime.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from symback.codegen.calls import Calls
from symback.codegen.generate import render_files
from symback.codegen.loading import load_files
from symback.codegen.targets import TARGETS
from symback.language.parse import circuit as parse

TRAINED = ("sgd", "check_gradients")
"""What only modules have that compute with NumPy's arrays."""


def in_numpys_terms(module: ModuleType) -> ModuleType:
    """The module itself, or one that calls it where its target has a runtime of its own."""
    row = TARGETS.get(getattr(module, "TARGET", "numpy"))
    if row is None or row.calls is None:
        return module
    circuit = parse(module.SOURCE)
    asked = ["jvp"] if circuit.objective.shape or not circuit.params else ["jvp", "hessp"]
    texts = render_files(circuit, functions=asked)
    found: Any = load_files(texts, f"{row.name}_{circuit.output.name}")  # no one else's
    for name in TRAINED:
        vars(found).pop(name, None)
    _put(found, module, row.calls(module))
    checked: ModuleType = found
    return checked


def _put(found: Any, module: Any, calls: Calls) -> None:
    """The functions of the contract, which give what the calls give."""

    def sized(call: Callable[..., Any]) -> Callable[..., Any]:
        def called(*args: Any) -> Any:
            if hasattr(module, "SHAPES") and hasattr(found, "SHAPES"):
                module.SHAPES = {**module.SHAPES, **found.SHAPES}  # a check may use others
            return call(*args)

        return called

    def forward(params: Any, inputs: Any) -> Any:
        return sized(calls.forward)(params, inputs), None

    def backward(params: Any, inputs: Any, cache: Any, output_bar: Any = 1.0) -> Any:
        param_bars, input_bars = sized(calls.backward)(params, inputs, output_bar)
        return found.Params(*param_bars), found.Inputs(*input_bars)

    def value_and_grad(params: Any, inputs: Any) -> Any:
        assert calls.value_and_grad is not None
        value, grad = sized(calls.value_and_grad)(params, inputs)
        return float(value), found.Params(*grad)

    found.SUBNORMALS, found.__file__ = calls.subnormals, getattr(module, "__file__", "")
    found.forward, found.backward = forward, backward
    had = {n for n in ("value_and_grad", "objective", "jvp", "hessp") if vars(found).pop(n, None)}
    if calls.value_and_grad is not None:
        found.value_and_grad = value_and_grad
    if calls.value_and_grad is not None and "objective" in had:
        found.objective = _objective(found)
    if calls.jvp is not None:
        found.jvp = sized(calls.jvp)
    if calls.hessp is not None and "hessp" in had:
        found.hessp = _hessp(found, sized(calls.hessp))
    for name, call in (("jacobian", calls.jacobian), ("hessian", calls.hessian)):
        if call is not None:
            setattr(found, name, _matrix(found, sized(call)))
    if calls.init_params is not None:
        found.init_params = calls.init_params


def _objective(found: Any) -> Callable[..., Any]:
    def objective(vector: Any, inputs: Any, **sizes: int) -> Any:
        """The mean loss and its gradient as a vector."""
        value, grad = found.value_and_grad(_params(found, vector, inputs, sizes), inputs)
        return value, found.ravel(grad)

    return objective


def _hessp(found: Any, call: Callable[..., Any]) -> Callable[..., Any]:
    def hessp(vector: Any, v: Any, inputs: Any, **sizes: int) -> Any:
        """H·v of the mean objective as a vector."""
        params, dots = (_params(found, w, inputs, sizes) for w in (vector, v))
        return found.ravel(found.Params(*call(params, inputs, dots)))

    return hessp


def _matrix(found: Any, call: Callable[..., Any]) -> Callable[..., Any]:
    def matrix(vector: Any, inputs: Any, **sizes: int) -> Any:
        """The matrix at the parameters of a vector."""
        return call(_params(found, vector, inputs, sizes), inputs)

    return matrix


def _params(found: Any, vector: Any, inputs: Any, sizes: dict[str, int]) -> Any:
    """The parameters of a vector, with the sizes that the inputs have."""
    if not hasattr(found, "SHAPES"):
        return found.unravel(vector)
    known = {
        size: length
        for name, value in inputs._asdict().items()
        if value is not None and found.SHAPES[name]
        for size, length in zip(
            found.SHAPES[name], value.shape[-len(found.SHAPES[name]) :], strict=True
        )
        if isinstance(size, str) and size.isidentifier()
    }
    return found.unravel(vector, **{**known, **sizes})


__all__ = ["in_numpys_terms"]
