"""Modules don't guess: what is masked, missing or no number is a ValueError that names it."""

import numpy as np
import pandas as pd
import pytest

import symback as sb
from tests.cases.compilers import compiles

NUMBERS = sb.circuit("f = x1 - sigma(w3*x3 + w4*x4)")
ARRAYS = sb.circuit("x: input[d]; y: target; w: param[d]; b: param\nf = w @ x + b")
TARGETS = pytest.mark.parametrize("target", ["numpy", pytest.param("c", marks=compiles)])
N = 4
LEFT_OUT = [True, *[False] * (N - 1)]

masked, rest = np.ma.masked, [2.0] * (N - 1)
REFUSED = {  # columns of N values that NumPy would read as numbers or as Python objects
    "masked": lambda: np.ma.masked_array(np.full(N, 1e20), mask=LEFT_OUT),
    "masked, float32": lambda: np.ma.masked_array(np.ones(N, np.float32), mask=LEFT_OUT),
    "masked, integers": lambda: np.ma.masked_array(np.ones(N, int), mask=LEFT_OUT),
    "masked everywhere": lambda: np.ma.masked_all(N),
    "masked in a list": lambda: [masked, *rest],
    "nullable numbers": lambda: pd.array([None, *rest], dtype="Float64"),
    "nullable series": lambda: pd.Series([None, *rest], dtype="Float64"),
    "nullable integers": lambda: pd.Series([None, 1, 2, 3], dtype="Int64"),
    "NA among objects": lambda: pd.Series([pd.NA, *rest]),
    "objects": lambda: np.array([1.0, *rest], object),
    "None among objects": lambda: [None, *rest],
    "records": lambda: np.zeros(N, [("a", float)]),
    "complex": lambda: np.ones(N, complex),
    "text": lambda: np.array(["1"] * N),
    "bytes": lambda: [b"1"] * N,
    "dates": lambda: np.zeros(N, "M8[s]"),
    "void": lambda: np.zeros(N, "V8"),
    "categories": lambda: pd.Categorical(["a"] * N),
    "a mapping": lambda: {"a": 1.0},
    "ragged": lambda: [[1.0], [1.0, 2.0], 1.0, 1.0],
}
TAKEN = {  # columns that lack nothing
    "a masked array without a masked value": lambda: np.ma.masked_array([1.0, *rest]),
    "nullable numbers, all there": lambda: pd.array([1.0, *rest], dtype="Float64"),
    "a series": lambda: pd.Series([1.0, *rest]),
    "a list": lambda: [1.0, *rest],
    "a list of numbers of NumPy": lambda: list(np.array([1.0, *rest])),
    "integers": lambda: [1, 2, 2, 2],
}


def called(module, name, value):
    """Every function that takes the argument `name`, called with that value for it."""
    one = np.linspace(0.5, 2, N)
    params = {n: 0.5 for n in module.Params._fields} | (
        {"w": np.array([0.5, 2.0])} if "b" in module.Params._fields else {}
    )
    inputs = {n: one for n in module.Inputs._fields}
    if "x" in inputs:
        inputs["x"] = np.stack([one, one], axis=1)
    if name in params:
        params[name] = value
    elif name in inputs:
        inputs[name] = value
    p, i = module.Params(**params), module.Inputs(**inputs)
    calls = {
        "value_and_grad": lambda: module.value_and_grad(p, i),
        "sgd": lambda: module.sgd(p, i, learning_rate=0.1, epochs=1),
    }
    if name != "y":  # a target, which these do not read
        calls["forward"] = lambda: module.forward(p, i)
        calls["backward"] = lambda: module.backward(p, i, (one,) * len(module.Cache._fields))
        calls["check_gradients"] = lambda: module.check_gradients(p, i)
    if name in params:
        calls["ravel"] = lambda: module.ravel(p)
    else:
        calls["objective"] = lambda: module.objective(np.full(len(p) + ("x" in inputs), 0.5), i)
    return calls


def assert_refused(call, name, of):
    with pytest.raises(ValueError, match=rf"^(a sample of )?{name} has ") as caught:
        call()
    assert len(str(caught.value)) < 200, of


@TARGETS
@pytest.mark.parametrize("kind", REFUSED)
def test_columns_that_lack_values_are_refused_by_name(kind, target):
    module = NUMBERS.compile(target=target)
    for name in ("x1", "x4", "y"):
        for of, call in called(module, name, REFUSED[kind]()).items():
            assert_refused(call, name, of)


@TARGETS
@pytest.mark.parametrize("kind", REFUSED)
def test_arrays_that_lack_values_are_refused_by_name(kind, target):
    module = ARRAYS.compile(target=target)
    for of, call in called(module, "y", REFUSED[kind]()).items():
        assert_refused(call, "y", of)
    rows = {
        "masked": np.ma.masked_array(np.full((N, 2), 1e20), mask=[[True, False]] * N),
        "masked in a list": [[masked, 1.0]] * N,
        "list of masked arrays": [np.ma.masked_array([1e20, 1.0], mask=[True, False])] * N,
        "nullable table": pd.DataFrame({"a": [None, *rest], "b": [1.0, *rest]}, dtype="Float64"),
    }
    for value in rows.values():
        for of, call in called(module, "x", value).items():
            assert_refused(call, "x", of)


PARAMS = {
    "masked": masked,
    "masked array": np.ma.masked_array(1e20, mask=True),
    "NA": pd.NA,
    "None": None,
    "text": "1",
    "complex": 1j,
    "object": np.array(1.0, object),
    "a record": np.zeros((), [("a", float)]),
}


@TARGETS
@pytest.mark.parametrize("kind", PARAMS)
def test_parameters_that_lack_values_are_refused_by_name(kind, target):
    for circuit, name in ((NUMBERS, "w4"), (ARRAYS, "b")):
        for of, call in called(circuit.compile(target=target), name, PARAMS[kind]).items():
            assert_refused(call, name, of)
    masked_row = np.ma.masked_array([1e20, 1.0], mask=[True, False])
    for of, call in called(ARRAYS.compile(target=target), "w", masked_row).items():
        assert_refused(call, "w", of)


@TARGETS
@pytest.mark.parametrize("kind", REFUSED)
def test_seeds_and_vectors_that_lack_values_are_refused_by_name(kind, target):
    module = NUMBERS.compile(target=target)
    params = module.Params(0.5, 0.5)
    inputs = module.Inputs(*np.ones((3, N)), np.ones(N))
    _, cache = module.forward(params, inputs)
    seed, vector = REFUSED[kind](), REFUSED[kind]()
    assert_refused(lambda: module.backward(params, inputs, cache, seed), "output_bar", "seed")
    assert_refused(lambda: module.unravel(vector), "vector", "unravel")
    assert_refused(lambda: module.objective(vector, inputs), "vector", "objective")


@TARGETS
@pytest.mark.parametrize("kind", TAKEN)
def test_columns_that_lack_nothing_are_taken(kind, target):
    module = NUMBERS.compile(target=target)
    plain = np.array([1.0, *rest])
    for name in ("x1", "x4", "y"):
        expected = called(module, name, plain)["value_and_grad"]()
        value = TAKEN[kind]()
        assert called(module, name, value)["value_and_grad"]() == expected


@TARGETS
@pytest.mark.parametrize("name", ["theta", "g", "m"])
def test_updates_refuse_what_lacks_values(name, target):
    module = sb.update("momentum").compile(target=target)
    plain = np.ones(N)
    for kind, make in REFUSED.items():
        given = {"theta": plain, "g": plain, "m": plain}
        slot = module.State._fields[0]
        wanted = slot if name == "m" else name
        given[name] = make()
        state = module.State(given["m"])
        assert_refused(
            lambda given=given, state=state: module.update(
                given["theta"], given["g"], state, eta=0.1
            ),
            wanted,
            kind,
        )


@pytest.mark.parametrize("value", [np.ma.masked, np.ma.masked_array(1e20, mask=True), pd.NA, None])
def test_points_of_derivations_refuse_what_lacks_values(value):
    for circuit in (NUMBERS, ARRAYS):
        point = {n.name: 0.5 for n in circuit.leaves if not n.shape}
        point |= {n.name: [0.5, 2.0] for n in circuit.leaves if n.shape}
        scalar = next(n.name for n in circuit.leaves if not n.shape)
        with pytest.raises(sb.SymbackError, match=f"'{scalar}' "):
            circuit.derive().at(**{**point, scalar: value})


def test_estimators_refuse_what_is_masked():
    from symback.estimator import CircuitRegressor

    plain = np.linspace(0, 1, 8)
    hidden = np.ma.masked_array(plain, mask=[True, *[False] * 7])
    fitted = CircuitRegressor("f = w*x + b").fit(plain[:, None], plain)
    calls = {
        "X": [
            lambda: CircuitRegressor("f = w*x + b").fit(hidden[:, None], plain),
            lambda: fitted.predict(hidden[:, None]),
            lambda: fitted.score(hidden[:, None], plain),
        ],
        "y": [lambda: CircuitRegressor("f = w*x + b").fit(plain[:, None], hidden)],
    }
    for name, each in calls.items():
        for call in each:
            with pytest.raises(ValueError, match=f"{name} has masked values"):
                call()
