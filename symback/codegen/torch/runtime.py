"""A PyTorch module's functions for NumPy's arrays in float64, as PyTorch differentiates them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

from symback.codegen.calls import Calls


def torch_calls(module: ModuleType) -> Calls:
    """What forward gives, and what autograd and torch.func give of it and of the loss."""
    import torch as package  # an extra

    torch: Any = package
    m: Any = module

    def tensor(value: Any, moves: bool = False) -> Any:
        found = torch.as_tensor(value, dtype=torch.float64 if isinstance(value, float) else None)
        return found.double().requires_grad_(moves) if found.is_floating_point() else found

    def given(values: Any, moves: bool = False) -> Any:
        """Params or Inputs of tensors."""
        kind = m.Params if values._fields == m.Params._fields else m.Inputs
        return kind(
            *(
                None if v is None else tensor(v, moves and name not in (*m.TARGETS, *m.INDICES))
                for name, v in zip(values._fields, values, strict=True)
            )
        )

    def forward(params: Any, inputs: Any) -> Any:
        return _plain(m.forward(given(params), given(inputs)))

    def backward(params: Any, inputs: Any, output_bar: Any) -> tuple[Any, Any]:
        params, inputs = given(params, True), given(inputs, True)
        value = m.forward(params, inputs)
        leaves = [v for v in (*params, *inputs) if v is not None and v.requires_grad]
        bar = torch.broadcast_to(tensor(output_bar), value.shape)
        found = torch.autograd.grad(value, leaves, bar, materialize_grads=True)
        bars = {id(leaf): _plain(b) for leaf, b in zip(leaves, found, strict=True)}
        return tuple(bars[id(p)] for p in params), tuple(bars.get(id(x)) for x in inputs)

    def value_and_grad(params: Any, inputs: Any) -> tuple[Any, Any]:
        params = given(params, True)
        value = m.loss(params, given(inputs))
        grad = torch.autograd.grad(value, params, materialize_grads=True)
        return _plain(value), tuple(map(_plain, grad))

    def jvp(params: Any, inputs: Any, param_dots: Any, input_dots: Any) -> Any:
        inputs = given(inputs)
        fixed = {*m.TARGETS, *m.INDICES}
        moving = {n: v for n, v in inputs._asdict().items() if n not in fixed}
        dots = {n: tensor(getattr(input_dots, n)) for n in moving}
        return _plain(
            torch.func.jvp(
                lambda p, x: m.forward(p, inputs._replace(**x)),
                (given(params), moving),
                (given(param_dots), dots),
            )[1]
        )

    def hessp(params: Any, inputs: Any, dots: Any) -> Any:
        inputs = given(inputs)
        gradient = torch.func.grad(lambda p: m.loss(p, inputs))
        found = torch.func.jvp(gradient, (given(params),), (given(m.Params(*dots)),))[1]
        return tuple(map(_plain, found))

    has_loss = hasattr(m, "loss")
    return Calls(
        forward,
        backward,
        value_and_grad if has_loss else None,
        jvp,
        hessp if has_loss else None,
        _initial(torch, m),
    )


def _plain(value: Any) -> Any:
    """A tensor as NumPy has it."""
    return value.detach().numpy()[()]


def _initial(torch: Any, m: Any) -> Callable[..., Any]:
    def init_params(**sizes: int) -> Any:
        before = torch.get_default_dtype()
        torch.set_default_dtype(torch.float64)
        try:
            return m.Params(*map(_plain, m.init_params(**sizes)))
        finally:
            torch.set_default_dtype(before)

    init_params.__signature__ = inspect.signature(m.init_params)  # type: ignore[attr-defined]
    return init_params


__all__ = ["torch_calls"]
