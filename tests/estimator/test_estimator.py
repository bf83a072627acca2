"""The estimators pass scikit-learn's own checks, and learn what its models learn."""

from __future__ import annotations

import inspect
import pickle
import subprocess
import sys
import textwrap
import warnings
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn")

import joblib
import pandas as pd
from sklearn.base import clone
from sklearn.datasets import load_digits, make_blobs, make_regression
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning, NotFittedError
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

import symback as sb
from symback.errors import DataError, SymbackError, TrainingError
from symback.estimator.base import compiled, parsed
from symback.estimator.estimators import LINEAR, SOFTMAX, CircuitClassifier, CircuitRegressor
from symback.estimator.features import assign_features
from symback.training.feed.columns import Leaf
from symback.training.loop import Diverged, Settings, train
from symback.training.settings import FULL_BATCH

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
NETWORK = """\
x: input[d]; t: target
W1: param[h, d]; b1: param[h]; W2: param[k, h]; b2: param[k]
z: output = W2 @ tanh(W1 @ x + b1) + b2
E: loss = cross_entropy(z, t)
"""
NEURON = """\
x: input[d]; y: target
w: param[d]; b: param
net = dot(w, x) + b
f: output = sigma(net)
l: loss = softplus(net) - y*net
"""
FITS = {"epochs": 8, "learning_rate": 0.2}  # fewer epochs than by default, for speed
CHECKED = {  # in float64: two of the checks ask for more digits than float32 has
    "regressor": CircuitRegressor(**FITS),
    "softmax": CircuitClassifier(**FITS),
    "neuron": CircuitClassifier(NEURON, **FITS),
    "network": CircuitClassifier(NETWORK, sizes={"h": 8}, **FITS),
    "lbfgs": CircuitRegressor(optimiser="lbfgs", epochs=20),
}
FAST = ("regressor", "neuron")


@pytest.fixture(scope="module")
def table():
    X, y = make_regression(200, 5, noise=20.0, random_state=3)
    return X, y


@pytest.fixture(scope="module")
def blobs():
    """Three classes that overlap."""
    return make_blobs(300, centers=[(0, 0), (2, 1), (0, 3)], cluster_std=1.5, random_state=1)


def params_of(estimator):
    return {name: np.asarray(value) for name, value in estimator.params_._asdict().items()}


def assert_same_bits(one, other):
    for name, value in params_of(one).items():
        assert value.tobytes() == params_of(other)[name].tobytes(), name


# -- scikit-learn's checks -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", [n if n in FAST else pytest.param(n, marks=pytest.mark.slow) for n in CHECKED]
)
def test_checks_of_scikit_learn(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the checks' own data: that a loss rose, conversions
        results = check_estimator(CHECKED[name], on_skip=None)
    states = {result["check_name"]: result["status"] for result in results}
    if states.get("check_array_api_input") == "skipped":
        del states["check_array_api_input"]  # unless SCIPY_ARRAY_API is set
    assert set(states.values()) == {"passed"}
    assert "check_n_features_in_after_fitting" in states
    assert "check_readonly_memmap_input" in states
    assert len(results) > 50


# -- what is learned -------------------------------------------------------------------------------


@pytest.mark.parametrize("optimiser", FULL_BATCH)
def test_linear_model_is_that_of_least_squares(table, optimiser):
    X, y = table
    ours = CircuitRegressor(optimiser=optimiser, random_state=0).fit(X, y)
    design = np.column_stack([X, np.ones(len(X))])
    coefficients, *_ = np.linalg.lstsq(design, y, rcond=None)
    learned = np.append(ours.params_.w, ours.params_.b)
    np.testing.assert_allclose(learned, coefficients, rtol=1e-5)
    theirs = LinearRegression().fit(X, y)
    np.testing.assert_allclose(ours.score(X, y), theirs.score(X, y), rtol=1e-10)


def test_linear_model_of_several_outputs(table):
    X, y = table
    Y = np.column_stack([y, X[:, 0] - 2 * y, y**2 / 100])
    ours = CircuitRegressor(optimiser="lbfgs", random_state=0).fit(X, Y)
    theirs = LinearRegression().fit(X, Y)
    np.testing.assert_allclose(ours.params_.W, theirs.coef_, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-4, atol=1e-3)
    assert ours.predict(X[:1]).shape == (1, 3)


def test_softmax_regression_is_that_of_scikit_learn(blobs):
    X, y = blobs
    labels = np.array(["b", "a", "c"])[y]
    ours = CircuitClassifier(optimiser="lbfgs", random_state=0).fit(X, labels)
    theirs = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(X, labels)
    assert ours.classes_.tolist() == theirs.classes_.tolist() == ["a", "b", "c"]
    assert 0.6 < ours.score(X, labels) < 0.99  # they do overlap
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-4)
    assert (ours.predict(X) == theirs.predict(X)).mean() > 0.99


@pytest.mark.parametrize(
    "circuit",
    [
        NEURON,
        "x: input[d]; y: target; w: param[d]; b: param\n"
        "net: output = dot(w, x) + b\nl: loss = binary_cross_entropy(net, y)",
        "x: input[d]; y: target; w: param[d]; b: param\n"
        "net: output = dot(w, x) + b\nl: loss = log(1 + exp(net)) - y*net",
        SOFTMAX,
        "x: input[d]; t: target[k]; W: param[k, d]; b: param[k]\n"
        "z = W @ x + b\np: output = softmax(z)\nE: loss = cross_entropy(z, t)",
    ],
    ids=["neuron", "logit", "logit by hand", "index", "one hot"],
)
def test_two_classes_are_those_of_logistic_regression(circuit, blobs):
    X, y = blobs
    X, y = X[y < 2], y[y < 2] == 1
    ours = CircuitClassifier(circuit, optimiser="lbfgs", random_state=0).fit(X, y)
    theirs = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(X, y)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-4)
    assert ours.predict(X).dtype == bool
    assert ours.score(X, y) == theirs.score(X, y)


def test_network_on_digits():
    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X / 16, y, random_state=0)
    network = CircuitClassifier(NETWORK, sizes={"h": 128}, epochs=12, random_state=0)
    network.fit(X_train, y_train)
    assert network.params_.W1.shape == (128, 64)
    assert network.score(X_test, y_test) >= 0.95


def test_neuron_on_breast_cancer():
    table = pd.read_csv(EXAMPLES / "breast_cancer" / "breast_cancer.csv")
    y = table.pop("malignant")
    circuit = (EXAMPLES / "breast_cancer" / "neuron.circuit").read_text(encoding="utf-8")
    scaler = StandardScaler().set_output(transform="pandas")
    backwards = table[table.columns[::-1]]  # inputs take columns by name
    models = []
    for data in (table, backwards):
        neuron = CircuitClassifier(circuit, epochs=20, random_state=0)
        models.append(make_pipeline(clone(scaler), neuron).fit(data, y))
    assert models[0].score(table, y) >= 0.95
    assert_same_bits(models[0][-1], models[1][-1])
    np.testing.assert_array_equal(models[0].predict(table), models[1].predict(backwards))


# -- the same loop ---------------------------------------------------------------------------------


def test_fit_is_a_run_of_train(table):
    X, y = table
    estimator = CircuitRegressor(epochs=3, batch_size=16, learning_rate=0.1, random_state=7)
    estimator.fit(X, y)
    settings = Settings(
        epochs=3, batch_size=16, learning_rate=0.1, optimiser="adam", seed=7, validation=0.0
    )
    result = train(sb.circuit(LINEAR).compile(), {"x": X, "y": y}, settings)
    assert estimator.history_ == result.history
    for name, value in result.params._asdict().items():
        assert np.asarray(value).tobytes() == params_of(estimator)[name].tobytes()


@pytest.mark.parametrize("optimiser", ["sgd", "momentum", "adam", "adamw", *FULL_BATCH])
def test_partial_fit_goes_on_bit_for_bit(optimiser, table):
    X, y = table[0], table[1] / 100
    setting = {"optimiser": optimiser, "random_state": 5}
    whole = CircuitRegressor(epochs=3, **setting).fit(X, y)
    parts = CircuitRegressor(**setting)
    for _ in range(3):
        parts = pickle.loads(pickle.dumps(parts)).partial_fit(X, y)
    assert_same_bits(whole, parts)
    assert whole.history_ == parts.history_[: len(whole.history_)]  # lbfgs ends where it can
    assert_same_bits(parts.fit(X, y), CircuitRegressor(**setting).fit(X, y))  # from the start


def test_partial_fit_after_fit_and_over_other_rows(blobs):
    X, y = blobs
    model = CircuitClassifier(epochs=2, random_state=0).fit(X, y)
    before = params_of(model)
    model.partial_fit(X[y == 0], y[y == 0])
    assert model.history_[-1].epoch == 3
    assert not np.array_equal(before["W"], params_of(model)["W"])
    with pytest.raises(ValueError, match="not one of the classes"):
        model.partial_fit(X[:2], [0, 9])
    with pytest.raises(ValueError, match="first call"):
        CircuitClassifier().partial_fit(X, y)
    with pytest.raises(ValueError, match="not those of the first call"):
        model.partial_fit(X, y, classes=[0, 1])
    with pytest.raises(TrainingError, match="began with adam"):
        model.set_params(optimiser="sgd").partial_fit(X, y)
    for settings, message in (
        ({"schedule": "cosine"}, "options={'steps': 1000}"),
        ({"validation_fraction": 0.1, "patience": 2}, "holds out no rows"),
    ):
        with pytest.raises(TrainingError, match=message):
            CircuitClassifier(**settings).partial_fit(X, y, classes=[0, 1, 2])


def test_early_end(table):
    X, y = table
    model = CircuitRegressor(
        epochs=200, learning_rate=5.0, validation_fraction=0.25, patience=3, random_state=0
    ).fit(X, y)
    losses = [record.validation_loss for record in model.history_]
    assert len(losses) < 201
    assert min(losses) == losses[-4]  # the best is three epochs back


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_random_state(table):
    X, y = table

    def fitted(state):
        return CircuitRegressor(epochs=1, random_state=state).fit(X, y)

    assert_same_bits(fitted(1), fitted(1))
    generator = np.random.RandomState(1)
    assert_same_bits(fitted(np.random.RandomState(1)), first := fitted(generator))
    assert params_of(first)["w"].tobytes() != params_of(fitted(generator))["w"].tobytes()
    assert params_of(fitted(1))["w"].tobytes() != params_of(fitted(2))["w"].tobytes()


def test_float32(blobs):
    X, y = blobs
    model = CircuitClassifier(dtype="float32", epochs=5, random_state=0).fit(X, y)
    assert {value.dtype for value in params_of(model).values()} == {np.dtype("float32")}
    assert model.predict_proba(X.astype(np.float32)).dtype == np.float32
    assert model.partial_fit(X, y).params_.W.dtype == np.float32


def test_interrupt_ends_a_search_and_keeps_what_was_learned(table):
    X, y = table

    def rate(t):
        if t == 20:
            raise KeyboardInterrupt
        return 0.1

    model = CircuitRegressor(learning_rate=rate, random_state=0)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    assert model.history_[-1].step == 20
    assert model.predict(X).shape == y.shape


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_divergence(table):
    X, y = table
    model = CircuitRegressor(optimiser="sgd", learning_rate=1e3, random_state=0)
    with pytest.raises(Diverged, match="smaller learning rate"):
        model.fit(X, y)
    with pytest.raises(NotFittedError):
        model.predict(X)
    with pytest.warns(ConvergenceWarning, match="the loss rose"):
        model.set_params(learning_rate=2.0, epochs=1).fit(X, y)


def test_a_run_that_was_too_short(table):
    X, y = table
    with pytest.warns(ConvergenceWarning, match="worse than of the mean of y; standardise"):
        short = CircuitRegressor(epochs=1, random_state=0).fit(X, y + 500)
    assert short.score(X, y + 500) < 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert CircuitRegressor(optimiser="lbfgs").fit(X, y + 500).score(X, y + 500) > 0.9


# -- as other estimators ---------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_grid_search_takes_numpy_numbers(table):
    X, y = table
    grid = {
        "circuitregressor__learning_rate": np.logspace(-3, 0, 3),
        "circuitregressor__batch_size": np.array([16, 64]),
        "circuitregressor__options": [{"beta1": np.float32(0.5)}],
    }
    pipeline = make_pipeline(StandardScaler(), CircuitRegressor(epochs=20, random_state=0))
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(X, y)
    assert search.best_params_["circuitregressor__learning_rate"] == 1.0
    assert search.best_score_ > 0.9


def test_circuits_clone_and_pickle():
    circuit = sb.circuit(NETWORK)
    model = CircuitClassifier(circuit, sizes={"h": 3}, epochs=2, random_state=0)
    X, y = make_blobs(50, random_state=0)
    copies = [clone(model), pickle.loads(pickle.dumps(model))]
    text = CircuitClassifier(NETWORK, sizes={"h": 3}, epochs=2, random_state=0).fit(X, y)
    for copy in copies:
        assert copy.get_params()["circuit"] == circuit
        assert_same_bits(copy.fit(X, y), text)
    assert circuit.source == text.module_.SOURCE


def test_models_hold_no_module(blobs):
    X, y = blobs
    model = CircuitClassifier(NETWORK, sizes={"h": 4}, epochs=2, random_state=0).fit(X, y)
    stored, expected = pickle.dumps(model), model.predict_proba(X)
    compiled.cache_clear()
    parsed.cache_clear()
    loaded = pickle.loads(stored)
    assert compiled.cache_info().currsize == 0  # made when it is needed
    np.testing.assert_array_equal(loaded.predict_proba(X), expected)
    assert loaded.history_ == model.history_
    assert_same_bits(loaded.partial_fit(X, y), model.partial_fit(X, y))


@pytest.mark.slow  # it imports everything anew
def test_models_load_in_a_fresh_process(tmp_path, blobs):
    X, y = blobs
    model = CircuitClassifier(NETWORK, sizes={"h": 4}, epochs=2, random_state=0).fit(X, y)
    joblib.dump(model, tmp_path / "model.joblib")
    np.save(tmp_path / "x.npy", X)
    program = """
        import sys, joblib, numpy as np
        model = joblib.load(sys.argv[1] + "/model.joblib")
        X = np.load(sys.argv[1] + "/x.npy")
        np.save(sys.argv[1] + "/found.npy", model.predict_proba(X))
        print(type(model.params_).__name__, model.module_.SHAPES["W1"], model.history_[-1].epoch)
    """
    command = [sys.executable, "-c", textwrap.dedent(program), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "Params ('h', 'd') 2\n"
    np.testing.assert_array_equal(np.load(tmp_path / "found.npy"), model.predict_proba(X))


def test_without_scikit_learn_one_sentence_says_so():
    program = """
        import sys
        import symback
        import symback.training.loop
        assert "sklearn" not in sys.modules
        sys.modules["sklearn"] = None
        try:
            import symback.estimator.estimators
        except ImportError as error:
            assert isinstance(error, symback.SymbackError)
            print(error)
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "symback.estimator needs scikit-learn: pip install 'symback[sklearn]'\n"


def test_sample_weight_is_not_a_parameter():
    for method in (CircuitRegressor.fit, CircuitClassifier.fit, CircuitClassifier.partial_fit):
        assert "sample_weight" not in inspect.signature(method).parameters


def test_progress_is_shown_where_wanted(table, capsys):
    CircuitRegressor(epochs=1, random_state=0).fit(*table)
    assert capsys.readouterr() == ("", "")
    CircuitRegressor(epochs=1, verbose=True, random_state=0).fit(*table)
    assert "loss" in capsys.readouterr().err


# -- features and targets --------------------------------------------------------------------------


def leaf(name, *shape):
    return Leaf(name, "input", shape)


ROW = np.arange(6.0)[None]
DEALT = [
    # leaves, names, sizes, what each gets
    ([leaf("x", "d")], None, {}, {"x": [0, 1, 2, 3, 4, 5]}),
    ([leaf("A", 2, "d")], None, {}, {"A": [[0, 1, 2], [3, 4, 5]]}),
    ([leaf("A", "m", "n")], None, {"m": 3}, {"A": [[0, 1], [2, 3], [4, 5]]}),
    ([leaf("A", "n", "n"), leaf("v", "n")], None, {}, {"A": [[0, 1], [2, 3]], "v": [4, 5]}),
    ([leaf("s"), leaf("x", "d"), leaf("t")], None, {}, {"s": 0, "x": [1, 2, 3, 4], "t": 5}),
    ([leaf("s"), leaf("x", "d")], "abcdes", {}, {"s": 5, "x": [0, 1, 2, 3, 4]}),
    ([leaf("e"), leaf("b")], "abcdes", {}, {"e": 4, "b": 1}),
]


@pytest.mark.parametrize(("leaves", "names", "sizes", "expected"), DEALT)
def test_features_are_dealt(leaves, names, sizes, expected):
    found = assign_features(leaves, ROW, names=names, sizes=sizes)
    assert {name: value[0].tolist() for name, value in found.items()} == expected


@pytest.mark.parametrize(
    ("leaves", "names", "sizes", "message"),
    [
        ([leaf("a"), leaf("b")], None, {}, "6 columns cannot fill a, b, which take 2"),
        ([leaf("x", 8)], None, {}, "6 columns cannot fill x[8], which take 8"),
        ([leaf("A", "n", "n")], None, {}, "6 columns cannot fill A[n, n];"),
        ([leaf("x", "d")], None, {"d": 4}, "6 columns cannot fill x[d], which take 4"),
        ([leaf("A", "m", "n")], None, {}, "do not decide the sizes m and n; give all but one"),
        ([leaf("s"), leaf("B")], "abcdes", {}, "no column 'B' for the input of that name; did"),
        ([leaf("length")], "abcdes", {}, "no column 'length' for the input of that name; rename"),
    ],
)
def test_features_that_do_not_fit(leaves, names, sizes, message):
    with pytest.raises(DataError) as caught:
        assign_features(leaves, ROW, names=names, sizes=sizes)
    assert message in str(caught.value)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_shapes_of_predictions(table):
    X, y = table
    column = y[:, None]
    assert CircuitRegressor(epochs=1).fit(X, y).predict(X).shape == (200,)
    assert CircuitRegressor(epochs=1).fit(X, column).predict(X).shape == (200, 1)
    with pytest.warns(DataConversionWarning):
        assert CircuitRegressor(LINEAR, epochs=1).fit(X, column).predict(X).shape == (200,)
    own = "x: input[5]; y: target[k]; W: param[k, 5]; f: output = W @ x; l: loss = mse(f, y)"
    assert CircuitRegressor(own, epochs=1).fit(X, y).predict(X).shape == (200,)
    matrix = (
        "x: input[5]; y: target[2, 2]; u: param[2, 5]; v: param[2, 5]\n"
        "f: output = outer(u @ x, v @ x); l: loss = sum((f - y)**2)"
    )
    Y = np.column_stack([y, y, y, y]) / 100
    assert CircuitRegressor(matrix, epochs=1).fit(X, Y).predict(X).shape == (200, 4)


def test_constant_output(table):
    X, y = table
    centre = "x: input; y: target; c: param\nf: output = c; l: loss = (x*(f - y))**2"
    model = CircuitRegressor(centre, optimiser="lbfgs").fit(X[:, :1], y)
    mean = np.average(y, weights=X[:, 0] ** 2)
    np.testing.assert_allclose(model.predict(X[:3, :1]), np.full(3, mean), rtol=1e-6)


PAIR = """\
x: input[d]; y: target; W: param[2, d]
f: output = W @ x
l: loss = sum((f - y)**2)
"""
ABSOLUTE = "x: input[d]; w: param[d]; y: target\nf: output = w @ x\nl: loss = abs(f - y)"
REGRESSION_REFUSED = [
    ({"circuit": "f = x1 - sigma(w3*x3"}, "a '(' is not closed"),
    ({"circuit": "x: input[d]; w: param[d]; f = dot(w, x); loss: none"}, "has no targets"),
    ({"circuit": "x: input; y: target; w: param; e = w*x - y; f: output = e**2"}, "reads the"),
    (
        {"circuit": PAIR},
        "the output 'f' is an array [2], but the target 'y' is a number",
    ),
    (
        {"circuit": "x: input[d]; W: param[h, d]; v: param[h]; f = dot(v, tanh(W @ x))"},
        "the data do not determine the size 'h' of 'W'; give it, as in sizes={'h': 32}",
    ),
    ({"circuit": "f = w1*a + w2*c"}, "5 columns cannot fill a, c, which take 2"),
    ({"sizes": {"q": 2}}, "the circuit has no size 'q'"),
    ({"sizes": {"d": 2}}, "5 columns cannot fill x[d], which take 2"),
    ({"optimiser": "adm"}, "did you mean 'adam'?"),
    ({"optimiser": "lbfgs", "learning_rate": 0.1}, "lbfgs takes no learning_rate"),
    ({"optimiser": "newton-cg", "batch_size": 8}, "newton-cg takes no batch_size"),
    ({"optimiser": "gauss-newton", "circuit": ABSOLUTE}, "a squared loss"),
    ({"epochs": 0}, "it must be a whole number"),
    ({"dtype": "int32"}, "it must be float64 or float32"),
    ({"patience": 3}, "set validation_fraction above 0"),
]


@pytest.mark.parametrize(("settings", "message"), REGRESSION_REFUSED)
def test_what_a_regressor_refuses(settings, message, table):
    with pytest.raises(SymbackError) as caught:
        CircuitRegressor(**settings).fit(*table)
    assert message in str(caught.value)


LINE = "x: input[d]; y: target; w: param[d]; b: param; f: output = dot(w, x) + b\n"
CLASSES_REFUSED = [
    ({"circuit": NEURON}, [0, 1, 2], "Only binary classification is supported"),
    ({"circuit": NEURON}, [1], "the circuit has 2 classes, but y has 1 class;"),
    (
        {"circuit": SOFTMAX.replace("k", "4")},
        [0, 1, 2],
        "the circuit has 4 classes, but y has 3 classes",
    ),
    ({"sizes": {"k": 5}}, [0, 1, 2], "the size k is 5, but there are 3 classes"),
    (
        {"circuit": PAIR},
        [0, 1],
        "do not encode classes",
    ),
]


@pytest.mark.parametrize(("settings", "labels", "message"), CLASSES_REFUSED)
def test_what_a_classifier_refuses(settings, labels, message, table):
    X = table[0]
    with pytest.raises((ValueError, TrainingError)) as caught:
        CircuitClassifier(**settings).fit(X, np.resize(labels, len(X)))
    assert message in str(caught.value)


def test_outputs_that_are_no_probabilities(blobs):
    X, y = blobs
    line = CircuitClassifier(LINE + "l: loss = (f - y)**2", epochs=3, random_state=0)
    line.fit(X, y > 0)
    with pytest.raises(TrainingError, match="'f' is not a probability; make sigma"):
        line.predict(X)
    scores = "x: input[d]; t: target[k]; W: param[k, d]\nf: output = W @ x; l: loss = mse(f, t)"
    model = CircuitClassifier(scores, random_state=0).fit(X, y)
    expected = (X @ model.params_.W.T).argmax(axis=1)  # the largest is the best, whatever it is
    np.testing.assert_array_equal(model.predict(X), expected)
    with pytest.raises(TrainingError, match="'f' is not a probability; make softmax"):
        model.predict_proba(X)


def test_rows_outside_of_the_domain():
    model = CircuitRegressor("f = w*log(x)", epochs=1, random_state=0).fit([[1.0], [2.0]], [0, 1])
    with pytest.raises(DataError, match="not finite in row 1 of X"):
        model.predict([[1.0], [-1.0]])


def test_lbfgs_takes_its_options_and_says_where_it_did_not_converge(table):
    X, y = table
    exact = CircuitRegressor(optimiser="lbfgs", random_state=0).fit(X, y)
    options = {"ftol": 1e-3, "memory": np.int64(5)}
    loose = CircuitRegressor(optimiser="lbfgs", options=options, random_state=0).fit(X, y)
    assert loose.history_[-1].step < exact.history_[-1].step
    assert loose.history_[-1].loss >= exact.history_[-1].loss
    with pytest.warns(ConvergenceWarning, match="lbfgs has not converged after 2 iterations"):
        CircuitRegressor(optimiser="lbfgs", options={"max_iterations": 2}).fit(X, y)
    with pytest.raises(TrainingError, match="lbfgs takes no batch_size"):
        CircuitRegressor(optimiser="lbfgs", batch_size=8).fit(X, y)


OTHER_KINDS = {
    "circuit": [3, 0.5, [], ["f = w*x"], {}, object(), len],
    "optimiser": [None, 3, [], ["adam"], {}, object(), len],
    "schedule": [None, 3, [], {}, object()],
    "options": [3, "mu=1", ["mu"], object(), np.array([1.0, 2.0])],
    "sizes": [3, "h=1", ["h"], object(), np.array([1.0, 2.0]), 1j],
    "dtype": [None, 3, float, np.array([1.0, 2.0]), object()],
    "target": [None, 3, [], {}, object(), np.array([1.0])],
}


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize("name", OTHER_KINDS)
@pytest.mark.parametrize("kind", [CircuitRegressor, CircuitClassifier])
def test_parameters_of_another_kind_are_refused_by_name(kind, name, method):
    X, y = np.arange(8.0).reshape(4, 2), np.array([0, 1, 0, 1])
    more = {"classes": [0, 1]} if kind is CircuitClassifier and method == "partial_fit" else {}
    for value in OTHER_KINDS[name]:
        with pytest.raises(SymbackError, match=rf"^(the )?{name} is .*; it must be "):
            getattr(kind(**{name: value}), method)(X, y, **more)
