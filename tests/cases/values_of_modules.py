"""Tests of what generated modules compute, which files of the contract have for their targets."""

import numpy as np
import pytest

from tests.cases.arguments import SHAPES, inputs_of, params_of
from tests.cases.sample_circuits import sample


def row(inputs, i):
    return type(inputs)(*(c[i] for c in inputs))


def needs_inputs(name):
    circuit = sample(name)
    return bool(circuit.inputs or circuit.targets)


WITH_INPUTS = [n for n in SHAPES if needs_inputs(n)]


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("n", [None, 1, 7])
def test_shapes_follow_the_batch(name, n, compiled):
    module, circuit = compiled(name), sample(name)
    params, inputs = params_of(module), inputs_of(module, n)
    f, cache = module.forward(params, inputs)
    shape = () if n is None or not circuit.inputs else (n,)
    assert np.shape(f) == shape
    param_bars, input_bars = module.backward(params, inputs, cache)
    assert isinstance(param_bars, module.Params) and isinstance(input_bars, module.Inputs)
    assert all(np.shape(bar) == () for bar in param_bars)
    for node in circuit.inputs:
        assert np.shape(getattr(input_bars, node.name)) == (() if n is None else (n,)), node.name
    assert all(getattr(input_bars, t.name) is None for t in circuit.targets)
    loss, grad = module.value_and_grad(params, inputs)
    assert type(loss) is float and isinstance(grad, module.Params)
    assert all(np.shape(g) == () and np.asarray(g).dtype == float for g in grad)


@pytest.mark.parametrize("name", WITH_INPUTS)
def test_a_batch_is_its_samples(name, compiled):
    module, circuit = compiled(name), sample(name)
    params, inputs = params_of(module), inputs_of(module, 7)
    f, cache = module.forward(params, inputs)
    seeds = np.linspace(-2, 3, 7)
    param_bars, input_bars = module.backward(params, inputs, cache, seeds)
    loss, grad = module.value_and_grad(params, inputs)
    sums = np.zeros((2, len(params)))
    losses = []
    for i in range(7):
        one = row(inputs, i)
        f_i, cache_i = module.forward(params, one)
        assert np.isclose(np.atleast_1d(f)[i], f_i, rtol=1e-14, atol=0)
        bars_i, x_i = module.backward(params, one, cache_i, seeds[i])
        for node in circuit.inputs:
            here = getattr(input_bars, node.name)[i]
            assert np.isclose(here, getattr(x_i, node.name), rtol=1e-13, atol=1e-15)
        loss_i, grad_i = module.value_and_grad(params, one)
        losses.append(loss_i)
        sums += [np.array(bars_i, float), np.array(grad_i, float)]
    assert np.allclose(param_bars, sums[0], rtol=1e-12, atol=1e-13)
    assert np.isclose(loss, np.mean(losses), rtol=1e-12)
    assert np.allclose(grad, sums[1] / 7, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", SHAPES)
def test_backward_is_linear_in_output_bar(name, compiled):
    module = compiled(name)
    params, inputs = params_of(module), inputs_of(module, 5)
    f, cache = module.forward(params, inputs)
    default = module.backward(params, inputs, cache)
    scalar = module.backward(params, inputs, cache, -2.5)
    array = module.backward(params, inputs, cache, np.full(np.shape(f), -2.5))
    for once, one, many in zip(*map(flat, (default, scalar, array)), strict=True):
        assert np.allclose(np.multiply(once, -2.5), one, rtol=1e-13, atol=1e-14)
        assert np.array_equal(one, many)


def flat(bars):
    return [np.asarray(b) for group in bars for b in group if b is not None]


def test_backward_speaks_of_the_output_and_value_and_grad_of_the_loss(compiled):
    """By hand: f = w*x; l = (f - y)²/2, so ∂f/∂w = x and ∂l/∂w = (f - y)·x."""
    module = compiled("one parameter")
    params, inputs = module.Params(2.0), module.Inputs(np.array([3.0, -1.0]), np.array([5.0, 4.0]))
    f, cache = module.forward(params, inputs)
    assert f.tolist() == [6.0, -2.0]
    bars, x_bars = module.backward(params, inputs, cache, np.array([1.0, 10.0]))
    assert (bars.w, x_bars.x.tolist()) == (3.0 - 10.0, [2.0, 20.0])
    loss, grad = module.value_and_grad(params, inputs)
    assert loss == (0.5 + 18.0) / 2 and grad.w == (3.0 + 6.0) / 2


def test_rosenbrock_by_hand(compiled):
    module = compiled("Rosenbrock")
    assert module.init_params() == (-1.2, 1.0)
    value, grad = module.value_and_grad(module.Params(-1.2, 1.0), module.Inputs())
    assert np.isclose(value, 24.2) and np.allclose(grad, [-215.6, -88.0])
    value, grad = module.value_and_grad(module.Params(1.0, 1.0), module.Inputs())
    assert value == 0 and list(grad) == [0, 0]


def test_targets_are_not_needed_to_predict(compiled):
    for name in ("L5", "cross-entropy", "target t"):
        module = compiled(name)
        full = inputs_of(module)
        bare = module.Inputs(*(getattr(full, n.name) for n in sample(name).inputs))
        f, cache = module.forward(params_of(module), bare)
        assert np.array_equal(f, module.forward(params_of(module), full)[0])
        module.backward(params_of(module), bare, cache)
        with pytest.raises(ValueError, match="missing"):
            module.value_and_grad(params_of(module), bare)


def test_inputs_that_only_the_loss_uses_have_zero_partials_of_the_output(compiled):
    module = compiled("input of the loss")
    params, inputs = params_of(module), inputs_of(module)
    _, cache = module.forward(params, inputs)
    assert module.backward(params, inputs, cache)[1].s.tolist() == [0.0] * 7


def test_params_that_only_the_loss_uses_have_zero_partials_of_the_output(compiled):
    module = compiled("regulariser")
    params, inputs = params_of(module), inputs_of(module)
    _, cache = module.forward(params, inputs)
    bar = module.backward(params, inputs, cache)[0].c
    assert bar == 0 and np.asarray(bar).dtype == float


def test_nan_in_gives_nan_out(compiled):
    for name in ("L5", "where", "max", "abs", "relu", "sign"):
        module = compiled(name)
        params, inputs = params_of(module), inputs_of(module)
        first = sample(name).inputs[-1].name
        column = getattr(inputs, first).copy()
        column[3] = np.nan
        with np.errstate(invalid="ignore"):
            f, _ = module.forward(params, inputs._replace(**{first: column}))
        if name != "where":  # a comparison with nan is false: the other branch
            assert np.isnan(f[3]), name
        assert np.isfinite(np.delete(f, 3)).all()


__all__ = [
    "test_a_batch_is_its_samples",
    "test_backward_is_linear_in_output_bar",
    "test_backward_speaks_of_the_output_and_value_and_grad_of_the_loss",
    "test_inputs_that_only_the_loss_uses_have_zero_partials_of_the_output",
    "test_nan_in_gives_nan_out",
    "test_params_that_only_the_loss_uses_have_zero_partials_of_the_output",
    "test_rosenbrock_by_hand",
    "test_shapes_follow_the_batch",
    "test_targets_are_not_needed_to_predict",
]
