"""A PyTorch module's functions for NumPy's arrays in float64, as PyTorch differentiates them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

from symback.codegen.calls import Calls


def torch_calls(module: ModuleType) -> Calls:
    """What forward gives, and what autograd and torch.func give of it and of the loss."""
    import torch  # an extra

    runs = _Runs(torch, module)
    has_loss = hasattr(module, "loss")
    return Calls(
        runs.forward,
        runs.backward,
        runs.value_and_grad if has_loss else None,
        runs.jvp,
        runs.hessp if has_loss else None,
        _initial(torch, module),
    )


class _Runs:
    """A module's functions on tensors that are made of what is given."""

    def __init__(self, torch: Any, module: Any) -> None:
        self._torch, self._module = torch, module
        self._fixed = {*module.TARGETS, *module.INDICES, *getattr(module, "SHARED", ())}

    def forward(self, params: Any, inputs: Any) -> Any:
        return _plain(self._module.forward(self._given(params), self._given(inputs)))

    def backward(self, params: Any, inputs: Any, output_bar: Any) -> tuple[Any, Any]:
        params, inputs = self._given(params, True), self._given(inputs, True)
        value = self._module.forward(params, inputs)
        leaves = [v for v in (*params, *inputs) if v is not None and v.requires_grad]
        bar = self._torch.broadcast_to(self._tensor(output_bar), value.shape)
        found = self._torch.autograd.grad(value, leaves, bar, materialize_grads=True)
        bars = {id(leaf): _plain(b) for leaf, b in zip(leaves, found, strict=True)}
        return tuple(bars[id(p)] for p in params), tuple(bars.get(id(x)) for x in inputs)

    def value_and_grad(self, params: Any, inputs: Any) -> tuple[Any, Any]:
        params = self._given(params, True)
        value = self._module.loss(params, self._given(inputs))
        if not params:
            return _plain(value), ()
        grad = self._torch.autograd.grad(value, params, materialize_grads=True)
        return _plain(value), tuple(map(_plain, grad))

    def jvp(self, params: Any, inputs: Any, param_dots: Any, input_dots: Any) -> Any:
        inputs = self._given(inputs)
        moving = {n: v for n, v in inputs._asdict().items() if n not in self._fixed}
        dots = {n: self._tensor(getattr(input_dots, n)) for n in moving}

        def moved(params: Any, columns: Any) -> Any:
            return self._module.forward(params, inputs._replace(**columns))

        given, along = (self._given(params), moving), (self._given(param_dots), dots)
        return _plain(self._torch.func.jvp(moved, given, along)[1])

    def hessp(self, params: Any, inputs: Any, dots: Any) -> Any:
        inputs = self._given(inputs)
        gradient = self._torch.func.grad(lambda p: self._module.loss(p, inputs))
        along = self._given(self._module.Params(*dots))
        found = self._torch.func.jvp(gradient, (self._given(params),), (along,))[1]
        return tuple(map(_plain, found))

    def _given(self, values: Any, moves: bool = False) -> Any:
        """Params or Inputs of tensors."""
        m = self._module
        kind = m.Params if values._fields == m.Params._fields else m.Inputs
        pairs = zip(values._fields, values, strict=True)
        return kind(
            *(v if v is None else self._tensor(v, moves and n not in self._fixed) for n, v in pairs)
        )

    def _tensor(self, value: Any, moves: bool = False) -> Any:
        dtype = self._torch.float64 if isinstance(value, float) else None
        found = self._torch.as_tensor(value, dtype=dtype)
        return found.double().requires_grad_(moves) if found.is_floating_point() else found


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
