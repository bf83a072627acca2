"""The models of examples/ agree with the same models written by hand in JAX."""

from pathlib import Path

import numpy as np
import pytest

import symback as sb

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
MODELS = (
    "digits_softmax/softmax_regression",
    "digits_network/network",
    "matrix_factorisation/factorisation",
    "gaussian_mixture/mixture",
    "lstm/lstm",
    "attention/attention",
)
BATCH = 5
CLOSE = 1e-10  # of the largest element of an array


@pytest.fixture(scope="module")
def jax():
    return pytest.importorskip("jax")


def shape(peer, declared):
    return tuple(peer.sizes.get(size, size) for size in declared)


def draw(peer, rng):
    """Random parameters and a batch of random samples, by name."""
    params = {name: rng.normal(size=shape(peer, s)) for name, s in peer.params.items()}
    inputs = {name: rng.normal(size=(BATCH, *shape(peer, s))) for name, s in peer.inputs.items()}
    if "y" in inputs:
        inputs["y"] = rng.integers(peer.sizes["k"], size=BATCH)
    if "t" in inputs:
        inputs["t"] = rng.dirichlet(np.ones(peer.sizes["k"]), size=BATCH)
    return params, inputs


@pytest.fixture(params=MODELS)
def case(request, jax):
    """The compiled circuit, its peer, and numbers for both."""
    from tests.cases.peers import PEERS

    peer = PEERS[request.param]
    text = (EXAMPLES / f"{request.param}.circuit").read_text(encoding="utf-8")
    rng = np.random.default_rng(MODELS.index(request.param))
    return sb.circuit(text).compile(), peer, *draw(peer, rng)


def assert_close(found, expected, name):
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape, name
    assert np.max(abs(expected)) > 1e-4, f"{name}: the numbers drawn don't test it"
    assert np.max(abs(found - expected)) <= CLOSE * np.max(abs(expected)), name


def test_parameters_are_declared_alike(case):
    module, peer, _, _ = case
    initial = module.init_params(np.random.default_rng(0), **peer.sizes)
    assert set(module.Params._fields) == set(peer.params)
    assert set(module.Inputs._fields) == set(peer.inputs)
    for name, array in initial._asdict().items():
        assert np.shape(array) == shape(peer, peer.params[name]), name


def test_loss_and_gradient_agree(case, jax):
    module, peer, params, inputs = case

    def mean_loss(params, inputs):
        return jax.vmap(peer.loss, in_axes=(None, 0))(params, inputs).mean()

    expected, gradient = jax.value_and_grad(mean_loss)(params, inputs)
    loss, bars = module.value_and_grad(module.Params(**params), module.Inputs(**inputs))
    assert loss == pytest.approx(float(expected), rel=CLOSE)
    for name, bar in bars._asdict().items():
        assert_close(bar, gradient[name], name)


def test_output_and_its_adjoints_agree(case, jax):
    module, peer, params, inputs = case
    rng = np.random.default_rng(1)
    read = {name: inputs[name] for name in inputs if name not in ("y", "t")}
    rest = {name: inputs[name] for name in inputs if name in ("y", "t")}

    def outputs(params, read):
        return jax.vmap(peer.output, in_axes=(None, 0))(params, {**read, **rest})

    expected, pull = jax.vjp(outputs, params, read)
    output, cache = module.forward(module.Params(**params), module.Inputs(**inputs))
    assert_close(output, expected, "output")
    output_bar = rng.normal(size=output.shape)
    param_bars, input_bars = pull(output_bar)
    found = module.backward(
        module.Params(**params), module.Inputs(**inputs), cache, output_bar=output_bar
    )
    for name, bar in param_bars.items():
        assert_close(getattr(found[0], name), bar, name)
    for name, bar in input_bars.items():
        assert_close(getattr(found[1], name), bar, name)
