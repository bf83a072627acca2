"""Arguments of generated modules that are of another kind: sentences, in every target."""

import functools

import numpy as np
import pytest

import symback as sb
from tests.cases.targets import TARGETS

NETWORK = """
x: input[3]; y: target[2]
W: param[2, 3]; b: param[2]
f = W @ x + b
l: loss = sum((f - y)**2)
"""
POINTS = {
    "f = w*x + b": ((1.0, 2.0), (np.arange(6.0), np.ones(6))),
    NETWORK: ((np.ones((2, 3)), np.ones(2)), (np.ones((6, 3)), np.ones((6, 2)))),
}


@functools.cache
def compiled(text, target):
    return sb.circuit(text).compile(target=target)


@pytest.fixture(params=TARGETS)
def target(request):
    return request.param


@pytest.fixture(params=POINTS, ids=["numbers", "arrays"])
def point(request, target):
    """A module with parameters and inputs."""
    module, (params, inputs) = compiled(request.param, target), POINTS[request.param]
    return module, module.Params(*params), module.Inputs(*inputs)


CALLS = {
    "forward": lambda module, params, inputs, cache: module.forward(params, inputs),
    "backward": lambda module, params, inputs, cache: module.backward(params, inputs, cache),
    "value_and_grad": lambda module, params, inputs, cache: module.value_and_grad(params, inputs),
    "sgd": lambda module, params, inputs, cache: module.sgd(params, inputs, learning_rate=0.1),
}


@pytest.mark.parametrize("name", CALLS)
def test_what_is_no_params_or_inputs(point, name):
    module, params, inputs = point
    cache, call = module.forward(params, inputs)[1], CALLS[name]
    wanted = ", ".join(f"{field}=…" for field in params._fields)
    for other in (params._asdict(), params[:1], (*params, 1.0), None, 5, "abc"):
        message = rf"params is a {type(other).__name__}; give Params\({wanted}\)"
        with pytest.raises(ValueError, match=message):
            call(module, other, inputs, cache)
    for other in (inputs._asdict(), tuple(inputs), None, 5):
        message = rf"inputs is a {type(other).__name__} without x; give Inputs\(x=…\)"
        with pytest.raises(ValueError, match=message):
            call(module, params, other, cache)
    for same in (list(params), tuple(params)):
        call(module, same, inputs, cache)


def test_ravel_takes_params(point):
    module, params, _ = point
    for other in (params._asdict(), params[:1]):
        with pytest.raises(ValueError, match=r"params is a .*; give Params\("):
            module.ravel(other)


BAD_COUNTS = [float("nan"), -1, float("inf"), "a", "3", None, 1.5, [], {}, b"1", 1j]
BAD_RATES = [float("nan"), -1, float("inf"), 10**400, "a", "3", None, [], {}, b"1", 1j]
BAD_STREAMS = [float("nan"), -1, 1.5, "a", "3", {}, 1j]


@pytest.mark.parametrize(
    "name, value",
    [
        *(("epochs", value) for value in BAD_COUNTS),
        *(("batch_size", value) for value in [0, *BAD_COUNTS]),
        *(("learning_rate", value) for value in BAD_RATES),
        *(("learning_rate", lambda t, value=value: value) for value in BAD_RATES),
        *(("rng", value) for value in BAD_STREAMS),
    ],
)
def test_what_sgd_refuses(point, name, value):
    module, params, inputs = point
    with pytest.raises(ValueError, match=rf"{name} is .*; expected a"):
        module.sgd(params, inputs, **{"learning_rate": 0.1, name: value})


def test_a_seed_is_a_generator(point):
    module, params, inputs = point
    run = {"learning_rate": 0.01, "epochs": 3, "batch_size": 2}
    moved, losses = module.sgd(params, inputs, rng=5, **run)
    again, same = module.sgd(params, inputs, rng=np.random.default_rng(5), **run)
    assert np.array_equal(losses, same)
    assert all(np.array_equal(a, b) for a, b in zip(moved, again, strict=True))
    start, drawn = module.init_params(5), module.init_params(np.random.default_rng(5))
    assert all(np.array_equal(a, b) for a, b in zip(start, drawn, strict=True))
    assert module.check_gradients(params, inputs, rng=3) < 1e-6
    for value in BAD_STREAMS:
        with pytest.raises(ValueError, match=r"rng is .*; expected a NumPy Generator or a seed"):
            module.init_params(value)


def test_numbers_of_numpy_are_numbers(point):
    module, params, inputs = point
    run = {"epochs": np.int64(2), "batch_size": np.float64(3), "learning_rate": np.float32(0.125)}
    plain = {"epochs": 2, "batch_size": 3, "learning_rate": 0.125}
    assert np.array_equal(
        module.sgd(params, inputs, **run)[1], module.sgd(params, inputs, **plain)[1]
    )
    huge = module.sgd(params, inputs, learning_rate=0.125, batch_size=10**30)[1]
    assert np.array_equal(huge, module.sgd(params, inputs, learning_rate=0.125)[1])


def test_a_learning_rate_is_blamed_only_where_it_can_be(target):
    module = compiled("w: param; x: input; f = sqrt(x - w)", target)
    inputs = module.Inputs(np.array([1.0, 3.0, 2.0, 4.0]), np.ones(4))
    with np.errstate(all="ignore"):
        with pytest.raises(FloatingPointError, match=r"step 0, .*; change params or these rows"):
            module.sgd(module.Params(2.5), inputs, learning_rate=0.1, batch_size=4)
        with pytest.raises(
            FloatingPointError, match="step 1, rows 1: w is not finite, nor was the gradi"
        ):
            module.sgd(module.Params(1.0), inputs, learning_rate=1e-9, batch_size=1)
    line = compiled("f = w*x + b", target)
    columns = line.Inputs(np.full(4, 100.0), np.ones(4))
    blamed = pytest.raises(FloatingPointError, match="a smaller learning_rate may help")
    with np.errstate(all="ignore"), blamed:
        line.sgd(line.Params(1.0, 1.0), columns, learning_rate=10.0, epochs=300)


@pytest.mark.parametrize("value", [3, "print", [], {}, np.array([1.0])], ids=repr)
def test_a_callback_is_called(point, value):
    module, params, inputs = point
    with pytest.raises(ValueError, match=r"callback is .*; expected a function of t, loss and par"):
        module.sgd(params, inputs, learning_rate=0.1, callback=value)


NO_PARAMETERS = "x: input; z: input\nf = x*z\nloss: none"
FUNCTIONS = ("jvp", "per_sample")


@functools.cache
def with_functions(text, target):
    circuit = sb.circuit(text)
    return circuit.compile(target=target, functions=FUNCTIONS)


@pytest.mark.parametrize("other", [3, 0.5, None, np.array(2), "a", ["a"], (1.0,), {}, object()])
def test_a_module_without_parameters_takes_none(target, other):
    module = with_functions(NO_PARAMETERS, target)
    inputs = module.Inputs(np.ones(3), np.ones(3))
    cache = module.forward(module.Params(), inputs)[1]
    calls = [
        lambda: module.forward(other, inputs),
        lambda: module.backward(other, inputs, cache),
        lambda: module.value_and_grad(other, inputs),
        lambda: module.sgd(other, inputs, learning_rate=0.1),
        lambda: module.jvp(other, inputs, module.Params()),
        lambda: module.per_sample(other, inputs),
        lambda: module.check_gradients(other, inputs),
    ]
    for call in calls[: 7 - (other is None)]:  # check_gradients draws those that are missing
        with pytest.raises(ValueError, match=r"params is a .*; give Params\(\)"):
            call()


def test_parameters_of_the_right_kind_and_another_number(point):
    module, params, inputs = point
    for other in ((*params, "a"), params[:1], (*params, *params)):
        with pytest.raises(ValueError, match=r"params is a tuple; give Params\("):
            module.forward(other, inputs)


@pytest.mark.parametrize("name", ["params", "inputs"])
@pytest.mark.parametrize("other", [3, 0.5, {}, np.array([1.0, 2.0, 3.0]), "a", object()])
def test_what_check_gradients_refuses(point, name, other):
    module, params, inputs = point
    given = {"params": params, "inputs": inputs, name: other}
    for arguments in (given, {name: other}):
        with pytest.raises(ValueError, match=rf"{name} is a "):
            module.check_gradients(**arguments)


@pytest.mark.parametrize("value", [float("nan"), -1, "a", None, [1e-6], {}, b"1", 1j], ids=repr)
def test_tolerances_are_numbers(point, value):
    module, params, inputs = point
    with pytest.raises(ValueError, match="rtol "):
        module.check_gradients(params, inputs, rtol=value)


@pytest.mark.parametrize("value", [None, 3, 0.5, (), [1.0], "ab", {"a": 1}, np.ones(3)], ids=repr)
def test_a_cache_is_that_of_forward(target, value):
    module = compiled("f = sigma(w*x) + exp(w*x)", target)
    params, inputs = module.Params(2.0), module.Inputs(np.ones(3))
    with pytest.raises(ValueError, match=r"cache is a .*; give the Cache that forward returned"):
        module.backward(params, inputs, value)


@pytest.mark.parametrize(
    "value", [3, None, 0.5, [3], [None], object(), np.array(2), np.ones(2), ()]
)
def test_nodes_are_asked_for_by_name(target, value):
    module = with_functions("f = w*x", target)
    params, inputs = module.Params(2.0), module.Inputs(np.ones(3))
    for name in ("of", "wrt"):
        if name == "of" or value is not None:
            with pytest.raises(ValueError, match=rf"{name} (is|names) .*; expected "):
                module.per_sample(params, inputs, **{name: value})


@pytest.mark.parametrize("other", [3, {"x": 1.0}, (1.0,), np.ones(3)], ids=repr)
def test_tangents_of_inputs_are_inputs(target, other):
    """A mapping had no attribute x, and so no tangent: the product was 0."""
    module = with_functions("f = w*x", target)
    params, inputs = module.Params(2.0), module.Inputs(np.ones(3))
    with pytest.raises(ValueError, match=r"inputs_dot is a .* without x; give Inputs\(x=…\)"):
        module.jvp(params, inputs, module.Params(0.0), other)


SIZED = "x: input[d]; y: target; W: param[k, d]; v: param[k]\nf = v @ tanh(W @ x)"


@pytest.mark.parametrize("value", [None, 0, -1, 1.5, float("nan"), "3", [3], {}, np.ones(2), 1j])
def test_sizes_are_whole_numbers(target, value):
    module = compiled(SIZED, target)
    vector, inputs = np.ones(8), module.Inputs(np.ones((4, 3)), np.ones(4))
    calls = [
        lambda: module.init_params(0, d=3, k=value),
        lambda: module.unravel(vector, d=3, k=value),
        lambda: module.unravel(vector, k=value),
        lambda: module.objective(vector, inputs, k=value),
    ]
    for call in calls:
        with pytest.raises(ValueError, match=r"k is .*; expected a whole number from 1"):
            call()


def test_sizes_have_their_names(target):
    module = compiled(SIZED, target)
    vector, inputs = np.ones(8), module.Inputs(np.ones((4, 3)), np.ones(4))
    for call in (
        lambda: module.unravel(vector, h=2, d=3),
        lambda: module.objective(vector, inputs, h=2),
    ):
        with pytest.raises(ValueError, match="h is not a size of the module; sizes are d, k"):
            call()
    assert module.unravel(vector, d=np.int64(3)).W.shape == (2, 3)
    plain = compiled(NETWORK, target)
    with pytest.raises(ValueError, match="h is not a size of the module"):
        plain.unravel(np.ones(8), h=2)
