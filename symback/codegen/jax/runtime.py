"""A JAX module's functions for NumPy's arrays in float64, as JAX differentiates them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

from symback.codegen.calls import Calls


def jax_calls(module: ModuleType) -> Calls:
    """What forward gives, and what jax.vjp, jax.jvp and jax.grad give of it and of the loss."""
    import jax as package  # an extra

    jax: Any = package
    m: Any = module

    def forward(params: Any, inputs: Any) -> Any:
        return m.forward(params, inputs)

    def backward(params: Any, inputs: Any, output_bar: Any) -> tuple[Any, Any]:
        value, back = jax.vjp(
            lambda p, x: m.forward(p, inputs._replace(**x)), params, _floats(m, inputs)
        )
        param_bars, input_bars = back(jax.numpy.broadcast_to(output_bar, value.shape))
        return tuple(param_bars), tuple(input_bars.get(name) for name in m.Inputs._fields)

    def jvp(params: Any, inputs: Any, param_dots: Any, input_dots: Any) -> Any:
        return jax.jvp(
            lambda p, x: m.forward(p, inputs._replace(**x)),
            (params, _floats(m, inputs)),
            (param_dots, _floats(m, input_dots)),
        )[1]

    def hessp(params: Any, inputs: Any, dots: Any) -> Any:
        return tuple(jax.jvp(lambda p: jax.grad(m.loss)(p, inputs), (params,), (dots,))[1])

    def value_and_grad(params: Any, inputs: Any) -> tuple[Any, Any]:
        value, grad = jax.value_and_grad(m.loss)(params, inputs)
        return value, tuple(grad)

    def given(value: Any) -> Any:
        """An argument in the types of the module and the arrays of JAX."""
        if not isinstance(value, tuple):
            return jax.numpy.asarray(value, dtype=float)
        arrays = [None if v is None else jax.numpy.asarray(v) for v in value]
        kind = m.Params if value._fields == m.Params._fields else m.Inputs  # type: ignore[attr-defined]
        return kind(*arrays)

    def wide(call: Callable[..., Any]) -> Callable[..., Any]:
        def called(*args: Any) -> Any:
            with _float64(jax):
                return jax.tree.map(lambda v: jax.device_get(v)[()], call(*map(given, args)))

        return called

    has_loss = hasattr(m, "loss")
    return Calls(
        wide(jax.jit(forward)),
        wide(jax.jit(backward)),
        wide(jax.jit(value_and_grad)) if has_loss else None,
        wide(jax.jit(jvp)),
        wide(jax.jit(hessp)) if has_loss else None,
        _initial(jax, m),
        subnormals=False,
    )


def _floats(m: Any, inputs: Any) -> dict[str, Any]:
    """The inputs that have a derivative."""
    fixed = {*m.TARGETS, *m.INDICES, *getattr(m, "SHARED", ())}
    return {name: v for name, v in inputs._asdict().items() if name not in fixed}


def _initial(jax: Any, m: Any) -> Callable[..., Any]:
    def init_params(**sizes: int) -> Any:
        with _float64(jax):
            return m.Params(*map(jax.device_get, m.init_params(**sizes)))

    init_params.__signature__ = inspect.signature(m.init_params)  # type: ignore[attr-defined]
    return init_params


def _float64(jax: Any) -> Any:
    """The context in which JAX keeps 64 bits."""
    if hasattr(jax, "enable_x64"):
        return jax.enable_x64(True)
    return jax.experimental.enable_x64()


__all__ = ["jax_calls"]
