"""The contract of generated modules, item by item, on many circuits, kept by every target."""

import functools
import inspect
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import symback as sb
from symback.check.check import check_module
from symback.circuits.requirements import stated_in
from symback.codegen.loading import load
from tests.cases.arguments import SHAPES, inputs_of, params_of
from tests.cases.one_in import one_in
from tests.cases.sample_circuits import ALL, sample
from tests.cases.targets import TARGETS
from tests.cases.values_of_modules import *  # noqa: F403  # tests that pytest finds here
from tests.cases.values_of_modules import WITH_INPUTS, flat


@pytest.fixture(scope="module", params=TARGETS)
def target(request):
    return request.param


@pytest.fixture(scope="module")
def compiled(target):
    """Modules by name, each compiled once."""
    return functools.cache(lambda name: sample(name).compile(target=target))


FUNCTIONS = (
    "init_params",
    "forward",
    "backward",
    "value_and_grad",
    "sgd",
    "ravel",
    "unravel",
    "objective",
    "check_gradients",
)


TRAINED = [n for n in SHAPES if sample(n).params]


# -- names and types -----------------------------------------------------------------------------
@pytest.mark.parametrize("name", one_in(8, ALL))
def test_names_and_order(name, compiled):
    module, circuit = compiled(name), sample(name)
    assert module.Params._fields == tuple(n.name for n in circuit.params)
    assert module.Inputs._fields == tuple(n.name for n in (*circuit.inputs, *circuit.targets))
    assert module.Inputs._field_defaults == {n.name: None for n in circuit.targets}
    assert isinstance(module.SOURCE, str) and module.__doc__
    for function in FUNCTIONS:
        assert callable(getattr(module, function)), function
        assert getattr(module, function).__doc__, function


def test_signatures_are_those_of_the_contract(compiled):
    module = compiled("L5")
    expected = {
        "init_params": ["rng"],
        "forward": ["params", "inputs"],
        "backward": ["params", "inputs", "cache", "output_bar"],
        "value_and_grad": ["params", "inputs"],
        "sgd": [
            "params", "inputs", "learning_rate", "epochs", "batch_size", "rng", "callback",
        ],
        "ravel": ["params"],
        "unravel": ["vector"],
        "objective": ["vector", "inputs"],
    }  # fmt: skip
    for name, names in expected.items():
        assert list(inspect.signature(getattr(module, name)).parameters) == names
    sgd = inspect.signature(module.sgd).parameters
    assert {n: sgd[n].default for n in ("epochs", "batch_size", "rng", "callback")} == {
        "epochs": 1,
        "batch_size": 128,
        "rng": None,
        "callback": None,
    }
    assert inspect.signature(module.backward).parameters["output_bar"].default == 1.0


# -- values: three batch shapes, VJP -------------------------------------------------------------
# -- dtypes --------------------------------------------------------------------------------------
def dtypes(*values):
    return {np.asarray(v).dtype for v in values if v is not None}


@pytest.mark.parametrize("name", one_in(3, [n for n in ALL if n != "L1"]))
@pytest.mark.parametrize("n", one_in(2, [None, 5]))
def test_float32_in_gives_float32_out(name, n, compiled):
    module, circuit = compiled(name), sample(name)
    single = np.dtype(np.float32)
    params, inputs = params_of(module, np.float32), inputs_of(module, n, np.float32)
    with np.errstate(all="ignore"):
        f, cache = module.forward(params, inputs)
        assert dtypes(f, *cache) == {single}
        for bar in (1.0, np.float64(0.5), np.full(np.shape(f), 0.5)):
            param_bars, input_bars = module.backward(params, inputs, cache, bar)
            assert dtypes(*param_bars, *input_bars) <= {single}
        loss, grad = module.value_and_grad(params, inputs)
        assert dtypes(*grad) <= {single}
        if not circuit.params:
            return
        assert module.ravel(params).dtype == single
        assert dtypes(*module.unravel(module.ravel(params))) == {single}
        assert module.objective(module.ravel(params), inputs)[1].dtype == single
        start = type(params)(*params)
        if not np.isfinite(loss):  # outside the domain, where sgd stops
            return
        trained, losses = module.sgd(
            start, inputs, learning_rate=np.float64(1e-3), epochs=2, batch_size=2
        )
        assert dtypes(*trained, losses) == {single}


@pytest.mark.parametrize("name", ["where", "nested where", "abs", "sign", "max", "relu", "tie"])
def test_branches_with_constants_stay_float32(name, compiled):
    """Each side of a kink: a branch that is a bare constant must not make float64 of it."""
    module = compiled(name)
    for shift in (-3, 0, 3):
        inputs = module.Inputs(*(c + np.float32(shift) for c in inputs_of(module, 5, np.float32)))
        params = params_of(module, np.float32)
        f, cache = module.forward(params, inputs)
        bars = module.backward(params, inputs, cache)
        assert dtypes(f, *cache, *bars[0], *bars[1]) == {np.dtype(np.float32)}


def test_the_dtype_is_that_of_the_samples(compiled):
    module = compiled("L5")
    double, single = inputs_of(module), inputs_of(module, 7, np.float32)
    assert module.forward(params_of(module, np.float32), double)[0].dtype == float
    assert module.forward(params_of(module), single)[0].dtype == np.float32
    mixed = double._replace(x3=double.x3.astype(np.float32))
    assert module.forward(params_of(module), mixed)[0].dtype == float


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int64, bool])
def test_integers_and_booleans_are_converted_never_wrapped(kind, compiled):
    module = compiled("L4")
    columns = [np.array([1, 0, 1, 1]).astype(kind) * kind(1) for _ in module.Inputs._fields]
    if kind in (np.int8, np.uint8):
        columns = [np.array([100, 100, 100, 100], kind) for _ in columns]
    params = module.Params(100, 50)
    exact = [c.astype(float) for c in columns]
    got = module.value_and_grad(params, module.Inputs(*columns))
    assert got == module.value_and_grad(module.Params(100.0, 50.0), module.Inputs(*exact))
    assert module.forward(params, module.Inputs(*columns))[0].dtype == float


def test_lists_are_samples_too(compiled):
    module = compiled("one parameter")
    assert module.forward(module.Params(2), module.Inputs([1, 2, 3]))[0].tolist() == [2, 4, 6]


# -- errors --------------------------------------------------------------------------------------
X = np.arange(3.0)


WRONG_INPUTS = {
    "two axes": ({"x3": np.ones((3, 1))}, ["x3", "(3, 1)"]),
    "other length": ({"x4": np.ones(4)}, ["x4", "(4,)", "(3,)"]),
    "no batch axis": ({"x4": 1.0}, ["x4", "()", "(3,)"]),
    "empty": ({n: np.ones(0) for n in ("x1", "x3", "x4", "y")}, ["x1", "(0,)"]),
    "complex": ({"x3": X + 1j}, ["x3", "complex128"]),
    "object": ({"x3": np.array([1, 2, None])}, ["x3", "object"]),
    "text": ({"x3": np.array(["1", "2", "3"])}, ["x3", "<U1"]),
    "date": ({"x3": np.array(["2020-01-01"] * 3, "datetime64[D]")}, ["x3", "datetime64"]),
    "float16": ({"x3": X.astype(np.float16)}, ["x3", "float16"]),
    "missing": ({"x4": None}, ["x4", "missing"]),
    "missing target": ({"y": None}, ["y", "missing"]),
    "target of other length": ({"y": np.ones(2)}, ["y", "(2,)", "(3,)"]),
}


@pytest.mark.parametrize("case", WRONG_INPUTS)
@pytest.mark.parametrize("call", ["value_and_grad", "sgd", "objective", "forward", "backward"])
def test_wrong_inputs_are_value_errors(case, call, compiled):
    module = compiled("L5 flat")
    changed, words = WRONG_INPUTS[case]
    params = module.Params(1.0, 2.0)
    good = module.Inputs(X, X, X, X)
    inputs = good._replace(**changed)
    if call in ("forward", "backward") and set(changed) == {"y"}:
        return
    with pytest.raises(ValueError) as error:
        if call == "sgd":
            module.sgd(params, inputs, learning_rate=0.1)
        elif call == "objective":
            module.objective(module.ravel(params), inputs)
        elif call == "backward":
            module.backward(params, inputs, module.forward(params, good)[1])
        else:
            getattr(module, call)(params, inputs)
    for word in words:
        assert word in str(error.value), str(error.value)


def test_a_wrong_first_input_is_not_blamed_on_the_others(compiled):
    """Where one of four differs, its name and both shapes are told, whichever it is."""
    module = compiled("L5 flat")
    inputs = module.Inputs(np.ones(4), X, X, X)
    with pytest.raises(ValueError) as error:
        module.forward(module.Params(1.0, 2.0), inputs)
    assert "x1" in str(error.value) and "(4,)" in str(error.value) and "(3,)" in str(error.value)


WRONG_PARAMS = {
    "array": (np.ones(3), ["w3", "(3,)", "()"]),
    "one row": (np.ones((1, 1)), ["w3", "(1, 1)", "()"]),
    "complex": (1j, ["w3", "complex128"]),
    "text": ("one", ["w3", "<U3"]),
    "None": (None, ["w3", "object"]),
}


@pytest.mark.parametrize("case", WRONG_PARAMS)
def test_wrong_params_are_value_errors(case, compiled):
    module = compiled("L5 flat")
    value, words = WRONG_PARAMS[case]
    params, inputs = module.Params(value, 2.0), module.Inputs(X, X, X, X)
    calls = [
        lambda: module.forward(params, inputs),
        lambda: module.value_and_grad(params, inputs),
        lambda: module.sgd(params, inputs, learning_rate=0.1),
        lambda: module.backward(params, inputs, module.forward(module.Params(1, 2), inputs)[1]),
    ]
    assert calls
    for call in calls:
        with pytest.raises(ValueError) as error:
            call()
        assert all(word in str(error.value) for word in words), str(error.value)


@pytest.mark.parametrize("bar", [np.ones(2), np.ones((3, 1)), np.ones((1, 3)), np.ones(1)])
def test_a_wrong_output_bar_is_a_value_error(bar, compiled):
    module = compiled("L5 flat")
    params, inputs = module.Params(1.0, 2.0), module.Inputs(X, X, X)
    _, cache = module.forward(params, inputs)
    with pytest.raises(ValueError) as error:
        module.backward(params, inputs, cache, bar)
    assert "output_bar" in str(error.value) and str(bar.shape) in str(error.value)
    assert "(3,)" in str(error.value)


def test_a_complex_output_bar_is_a_value_error(compiled):
    module = compiled("L5 flat")
    params, inputs = module.Params(1.0, 2.0), module.Inputs(X, X, X)
    _, cache = module.forward(params, inputs)
    for bar in (1j, np.array([1j, 0, 0]), "1", None):
        with pytest.raises(ValueError, match="output_bar"):
            module.backward(params, inputs, cache, bar)


def test_a_cache_of_another_batch_is_a_value_error(compiled):
    module = compiled("L5 flat")
    params = module.Params(1.0, 2.0)
    _, cache = module.forward(params, module.Inputs(X, X, X))
    other = module.Inputs(*[np.ones(5)] * 3)
    with pytest.raises(ValueError):
        module.backward(params, other, cache)


@pytest.mark.parametrize("vector", [np.ones(3), np.ones((2, 1)), np.ones(()), np.ones(0)])
def test_a_wrong_vector_is_a_value_error(vector, compiled):
    module = compiled("L5 flat")
    for call in (module.unravel, lambda v: module.objective(v, module.Inputs(X, X, X, X))):
        with pytest.raises(ValueError) as error:
            call(vector)
        assert str(vector.shape) in str(error.value) and "(2,)" in str(error.value)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"batch_size": 0}, "batch_size"),
        ({"batch_size": -1}, "batch_size"),
        ({"batch_size": 1.5}, "batch_size"),
        ({"epochs": -1}, "epochs"),
        ({"epochs": 0.5}, "epochs"),
    ],
)
def test_wrong_options_of_sgd_are_value_errors(options, word, compiled):
    module = compiled("L5 flat")
    with pytest.raises(ValueError, match=word):
        module.sgd(module.Params(1.0, 2.0), module.Inputs(X, X, X, X), learning_rate=0.1, **options)


# -- memory --------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", SHAPES)
def test_arguments_are_never_changed_and_never_shared(name, compiled):
    module, circuit = compiled(name), sample(name)
    params = module.Params(*(np.array(v) for v in params_of(module)))
    inputs = inputs_of(module, 6)
    given = [*params, *inputs]
    before = [np.copy(v) for v in given]
    f, cache = module.forward(params, inputs)
    f_before = np.copy(f)
    bars = module.backward(params, inputs, cache, np.ones(np.shape(f)))
    results = [f, *flat(bars)]
    vector = module.ravel(params)
    results += [*module.value_and_grad(params, inputs)[1], vector]
    results += [module.objective(vector, inputs)[1]]
    if circuit.params:
        trained, losses = module.sgd(params, inputs, learning_rate=0.01, batch_size=4)
        results += [*trained, losses]
    for i, result in enumerate(results):
        result = np.asarray(result)
        for other in given:
            assert not np.shares_memory(result, other)
        for other in results[:i]:
            assert not (result.ndim and np.shares_memory(result, np.asarray(other)))
        if result.ndim:
            result[...] = -777.0
    assert all(np.array_equal(a, b) for a, b in zip(given, before, strict=True))
    assert np.array_equal(module.forward(params, inputs)[0], f_before)


@pytest.mark.parametrize("name", SHAPES)
def test_changing_a_result_does_not_change_the_gradient(name, compiled):
    """Writing into f must not spoil the cache that backward reads."""
    module = compiled(name)
    params, inputs = params_of(module), inputs_of(module, 6)
    f, cache = module.forward(params, inputs)
    expected = flat(module.backward(params, inputs, cache))
    if np.ndim(f):
        f[...] = 1e9
    for got, right in zip(flat(module.backward(params, inputs, cache)), expected, strict=True):
        assert np.array_equal(got, right)


def test_a_vector_is_not_shared_with_its_params(compiled):
    module = compiled("30 parameters")
    vector = np.arange(30.0)
    params = module.unravel(vector)
    assert np.array_equal(module.ravel(params), vector)
    vector[:] = -1
    assert params.w3 == 3.0 and module.Params._fields[3] == "w3"
    assert module.ravel(module.Params(*range(30))).dtype == float


def test_params_are_pickled(compiled):
    module = compiled("L5 flat")
    params, inputs = module.Params(1.5, -2.0), inputs_of(module)
    assert pickle.loads(pickle.dumps(params)) == params
    again = pickle.loads(pickle.dumps(inputs))
    assert type(again) is module.Inputs and np.array_equal(again.x3, inputs.x3)


# -- training ------------------------------------------------------------------------------------
def by_hand(module, params, inputs, rate, epochs, size, rng=None):
    """θ ← θ - η_t (1/b) Σ ∇l, from the mean gradient of each batch."""
    n = np.size(inputs[0])
    losses, t = [], 0
    for _ in range(epochs):
        order = np.arange(n) if rng is None else rng.permutation(n)
        for start in range(0, n, size):
            batch = type(inputs)(*(c[order[start : start + size]] for c in inputs))
            loss, grad = module.value_and_grad(params, batch)
            eta = rate(t) if callable(rate) else rate
            params = type(params)(*(w - eta * g for w, g in zip(params, grad, strict=True)))
            losses.append(loss)
            t += 1
    return params, losses


RULES = {"full": 10, "one point": 1, "mini-batch": 5, "ragged": 4, "larger than n": 64}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", ["L5", "cross-entropy", "regulariser", "one parameter"])
@pytest.mark.parametrize("rate", [0.05, lambda t: 0.1 / (1 + t)], ids=["number", "η_t"])
@pytest.mark.parametrize("shuffled", [False, True])
def test_sgd_follows_the_three_rules(rule, name, rate, shuffled, compiled):
    module = compiled(name)
    params, inputs = params_of(module), inputs_of(module, 10)
    rngs = [np.random.default_rng(9) if shuffled else None for _ in range(2)]
    got, losses = module.sgd(
        params, inputs, learning_rate=rate, epochs=3, batch_size=RULES[rule], rng=rngs[0]
    )
    expected, right = by_hand(module, params, inputs, rate, 3, RULES[rule], rngs[1])
    assert isinstance(got, module.Params) and isinstance(losses, np.ndarray)
    assert np.allclose(got, expected, rtol=1e-12) and np.allclose(losses, right, rtol=1e-12)


def test_the_last_batch_divides_by_its_true_size(compiled):
    """f = w*x from w = 0: steps by hand, θ ← θ + η·mean(x·(y - w·x))."""
    module = compiled("one parameter")
    inputs = module.Inputs(np.ones(3), np.array([1.0, 3.0, 8.0]))
    params, losses = module.sgd(module.Params(0.0), inputs, learning_rate=0.5, batch_size=2)
    assert losses.tolist() == [(0.5 + 4.5) / 2, 7.0**2 / 2]
    assert params.w == 1.0 + 0.5 * 7.0


def test_the_default_batch_is_128(compiled):
    module = compiled("one parameter")
    _, losses = module.sgd(module.Params(0.1), inputs_of(module, 300), learning_rate=0.1)
    assert len(losses) == 3


def test_shuffling_is_seeded(compiled):
    module = compiled("L5")
    params, inputs = params_of(module), inputs_of(module, 50)

    def train(rng):
        return module.sgd(params, inputs, learning_rate=0.1, batch_size=8, epochs=2, rng=rng)[0]

    once, again, other = (train(np.random.default_rng(s)) for s in (3, 3, 4))
    assert once == again and once != other and train(None) == train(None) != once


def test_the_callback_sees_every_step(compiled):
    module = compiled("L5")
    seen = []
    params, losses = module.sgd(
        params_of(module),
        inputs_of(module, 10),
        learning_rate=0.1,
        batch_size=4,
        epochs=2,
        callback=lambda t, loss, params: seen.append((t, loss, params)),
    )
    assert [t for t, _, _ in seen] == list(range(6))
    assert [loss for _, loss, _ in seen] == losses.tolist()
    assert seen[-1][2] == params and type(seen[0][1]) is float


def test_no_epochs_change_nothing(compiled):
    module = compiled("L5")
    params, losses = module.sgd(params_of(module), inputs_of(module), learning_rate=1, epochs=0)
    assert params == params_of(module) and losses.shape == (0,)


def test_sgd_takes_one_sample_without_a_batch_axis(compiled):
    module = compiled("L5")
    params, inputs = params_of(module), inputs_of(module, None)
    batch = module.Inputs(*(np.array([v]) for v in inputs))
    got, _ = module.sgd(params, inputs, learning_rate=0.1)
    assert np.allclose(got, module.sgd(params, batch, learning_rate=0.1)[0], rtol=1e-14)


def test_sgd_without_inputs_descends(compiled):
    module = compiled("Rosenbrock")
    _, losses = module.sgd(module.init_params(), module.Inputs(), learning_rate=1e-3, epochs=200)
    assert losses[-1] < losses[0] / 5 and len(losses) == 200


@pytest.mark.parametrize("name", ["L5", "cross-entropy", "Rosenbrock", "two layers"])
def test_scipy_minimises_the_objective(name, compiled):
    from scipy.optimize import minimize

    module = compiled(name)
    inputs = inputs_of(module, 40)
    start = module.ravel(module.init_params())
    found = minimize(module.objective, start, args=(inputs,), jac=True)
    assert found.fun <= module.objective(start, inputs)[0]
    if name == "Rosenbrock":
        assert np.allclose(found.x, 1.0, atol=1e-5)
    value, grad = module.objective(found.x, inputs)
    assert type(value) is float and grad.shape == start.shape and np.abs(grad).max() < 1e-3


@pytest.mark.parametrize("name", [n for n in WITH_INPUTS if sample(n).params])
def test_blocks_equal_one_block(name, compiled):
    text = sample(name).generate()
    module = load(text, "blocks")
    n = module.BLOCK_ROWS * 2 + 17
    params, inputs = params_of(module), inputs_of(module, n)
    value, grad = module.value_and_grad(params, inputs)
    module.BLOCK_ROWS = n
    whole_value, whole = module.value_and_grad(params, inputs)
    assert np.isclose(value, whole_value, rtol=1e-12)
    assert np.allclose(grad, whole, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("name", one_in(6, ALL))
def test_the_self_check_agrees(name, compiled):
    if stated_in(sample(name)):
        with pytest.raises(ArithmeticError, match="stated, not derived"):
            compiled(name).check_gradients()
        return
    assert compiled(name).check_gradients() <= 1e-6


def test_check_gradients_takes_arguments_and_raises(compiled):
    module = compiled("L5")
    error = module.check_gradients(params_of(module), inputs_of(module))
    assert 0 <= error <= 1e-6
    without = inputs_of(module)._replace(y=None)
    assert module.check_gradients(params_of(module), without) <= 1e-6
    text = sample("L5").generate().replace("x2_bar = -f_bar", "x2_bar = f_bar")
    with pytest.raises(ArithmeticError, match="exceeds"):
        load(text, "wrong").check_gradients()


STOPPED = [  # circuit, its columns, options of sgd, what it says
    (
        "x: input; w: param = 1; y: target\nu = exp(w*x)\nf = u + 1",
        {"x": [1.0, 2.0, 800.0, 3.0], "y": [0.0] * 4},
        {"batch_size": 1, "learning_rate": 0.0},
        "step 2, rows 2: u is not finite",
    ),
    (
        "x: input; w: param = 1; y: target\nf = w*x",
        {"x": [1.0, 2.0, np.nan], "y": [0.0] * 3},
        {"batch_size": 2, "learning_rate": 0.0},
        "step 1, rows 2: x is not finite",
    ),
    (
        "x: input; w: param = 1; y: target\nf = w*x",
        {"x": 1e200, "y": 0.0},
        {"learning_rate": 0.0},
        "step 0: l is not finite",
    ),
    (
        "x: input; w: param = 1; y: target\nf = w*x",
        {"x": [3.0, 3.0], "y": [0.0, 0.0]},
        {"batch_size": 1, "learning_rate": 1e200, "epochs": 3},
        "step 1, rows 1: l is not finite",
    ),
    (
        "x: input[2]; W: param[2, 2]; t: target[2]\nz: output = tanh(W @ x)\nE: loss = mse(z, t)",
        {"x": np.array([[0.0, 1], [2, 3], [np.nan, 4]] * 3), "t": np.zeros((9, 2))},
        {"batch_size": 7, "learning_rate": 0.1},
        "step 0, rows 0, 1, 2, 3, 4, …: x is not finite",
    ),
]


@pytest.mark.parametrize(("text", "columns", "options", "message"), STOPPED)
def test_sgd_stops_where_the_loss_is_not_finite(text, columns, options, message, target):
    module = sb.circuit(text).compile(target=target)
    params = module.Params(np.ones((2, 2)) if "W" in module.Params._fields else 1.0)
    seen = []
    with np.errstate(all="ignore"), pytest.raises(FloatingPointError) as caught:
        module.sgd(
            params,
            module.Inputs(**{name: np.array(c) for name, c in columns.items()}),
            callback=lambda t, loss, params: seen.append(t),
            **options,
        )
    assert str(caught.value).startswith(message)
    assert f"step {len(seen)}" in message


@pytest.mark.parametrize("name", one_in(24, ALL))
def test_agrees_with_sympy(name, compiled):
    report = check_module(sample(name), compiled(name))
    assert report.passed, str(report)


def test_threads_do_not_meet(compiled):
    module = compiled("L5")
    params = params_of(module)
    batches = [inputs_of(module, 5000, seed=s) for s in range(8)]
    alone = [module.value_and_grad(params, batch) for batch in batches]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda b: module.value_and_grad(params, b), batches * 5))
    assert together == alone * 5
