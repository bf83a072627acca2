"""Fits: estimates and standard errors against certified values, closed forms and SciPy."""

from __future__ import annotations

import json
from functools import partial

import numpy as np
import pytest
from scipy.optimize import curve_fit
from scipy.stats import norm
from scipy.stats import t as student

import symback as sb
from symback.errors import CircuitError, DataError, SymbackError, TrainingError, UnknownName
from symback.training import train_from_file
from tests.cases.nist import problems

ENOUGH = 6  # certified digits

NOT_CERTIFIABLE = "Lanczos1"  # data without noise: its standard errors are rounding


def _reached(name: str, number: int) -> tuple[float, float]:
    problem = problems()[name]
    found = sb.fit(problem.circuit, problem.columns, initial=problem.start(number))
    assert found.minimum.converged
    return (
        problem.digits(list(found.values.values())),
        problem.digits_of_errors(list(found.errors.values())),
    )


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("name", ["Misra1a", "BoxBOD", "Rat43", "MGH10", "Hahn1"])
def test_certified_values_and_standard_errors(name, number):
    assert min(_reached(name, number)) >= ENOUGH


@pytest.mark.slow
@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("name", problems())
def test_all_certified_values_and_standard_errors(name, number):
    values, errors = _reached(name, number)
    assert values >= ENOUGH
    assert errors >= ENOUGH or name == NOT_CERTIFIABLE


DECAY = sb.circuit("f = a*exp(-k*x) + b", params=["a", "k", "b"])
START = {"a": 1.0, "k": 1.0, "b": 0.1}


@pytest.fixture(scope="module")
def decay():
    rng = np.random.default_rng(0)
    x = np.linspace(0, 10, 30)
    y = 2 * np.exp(-0.3 * x) + 0.5 + 0.01 * rng.normal(size=30)
    return {"x": x, "y": y, "w": 1 + x}


def _by_scipy(data, **options):
    def model(x, a, k, b):
        return a * np.exp(-k * x) + b

    tight = dict.fromkeys(("ftol", "xtol", "gtol"), 1e-15)
    return curve_fit(model, data["x"], data["y"], (1, 1, 0.1), **options, **tight)


@pytest.mark.parametrize("weighted", [False, True])
def test_curve_fit_agrees(decay, weighted):
    options = {"sigma": 1 / np.sqrt(decay["w"])} if weighted else {}
    values, covariance = _by_scipy(decay, **options)
    found = sb.fit(DECAY, decay, initial=START, weights="w" if weighted else None)
    np.testing.assert_allclose(list(found.values.values()), values, rtol=1e-7)
    np.testing.assert_allclose(found.covariance, covariance, rtol=1e-5)


def test_rows_of_weight_0_are_as_if_they_were_not_there(decay):
    weights = np.where(np.arange(30) % 3 == 0, 0.0, decay["w"])
    found = sb.fit(DECAY, {**decay, "w": weights}, initial=START, weights="w")
    kept = {name: values[weights > 0] for name, values in decay.items()}
    other = sb.fit(DECAY, kept, initial=START, weights="w")
    assert found.degrees_of_freedom == other.degrees_of_freedom == 17
    np.testing.assert_allclose(found.covariance, other.covariance, rtol=1e-10)
    assert found.r2 == pytest.approx(other.r2, rel=1e-12, abs=0) and np.isfinite(found.fitted).all()


def test_linear_regression_has_its_closed_form():
    rng = np.random.default_rng(1)
    x, n = rng.normal(size=(40, 3)), 40
    y = x @ [1.0, -2.0, 0.5] + 3 + rng.normal(size=n)
    circuit = sb.circuit("x: input[d]; w: param[d]; b: param\nf = w @ x + b")
    found = sb.fit(circuit, {"x": x, "y": y}, level=0.9)
    design = np.column_stack([x, np.ones(n)])
    right = np.linalg.lstsq(design, y)[0]
    residuals = design @ right - y
    variance = residuals @ residuals / (n - 4)
    covariance = variance * np.linalg.inv(design.T @ design)
    assert list(found.values) == ["w[0]", "w[1]", "w[2]", "b"]
    np.testing.assert_allclose(list(found.values.values()), right, rtol=1e-10)
    np.testing.assert_allclose(found.covariance, covariance, rtol=1e-9)
    np.testing.assert_allclose(found.residuals, residuals, atol=1e-10)
    np.testing.assert_allclose(found.fitted, design @ right, rtol=1e-10)
    np.testing.assert_allclose(found.residual_error, np.sqrt(variance), rtol=1e-10)
    total = np.sum((y - y.mean()) ** 2)
    assert found.r2 == pytest.approx(1 - residuals @ residuals / total, rel=1e-10, abs=0)
    half = student.ppf(0.95, n - 4) * np.sqrt(covariance[3, 3])
    assert found.upper["b"] - found.values["b"] == pytest.approx(half, rel=1e-9)
    spread = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose(found.correlation, covariance / np.outer(spread, spread), rtol=1e-8)


def test_intervals_have_students_quantile():
    """2.178812829667228 for 12 degrees of freedom and 95 %, from tables of Student's t."""
    problem = problems()["Misra1a"]
    found = sb.fit(problem.circuit, problem.columns, initial=problem.start(1))
    assert found.degrees_of_freedom == 12
    half = found.upper["b1"] - found.values["b1"]
    assert half == pytest.approx(2.178812829667228 * 2.7070075241, rel=1e-7)


def test_fixed_parameters_and_bounds(decay):
    """On its bound a parameter holds the others as if it were fixed there."""
    bounded = sb.fit(DECAY, decay, initial=START, bounds={"b": (0, 0.4)})
    fixed = sb.fit(DECAY, decay, initial={"a": 1, "k": 1}, fixed={"b": 0.4})
    assert bounded.on_bounds == ("b",)
    assert bounded.values["b"] == 0.4
    assert np.isnan(bounded.errors["b"])
    assert fixed.fixed == {"b": 0.4}
    assert fixed.degrees_of_freedom == bounded.degrees_of_freedom == 28
    for name in ("a", "k"):
        assert bounded.values[name] == pytest.approx(fixed.values[name], rel=1e-7)
        assert bounded.errors[name] == pytest.approx(fixed.errors[name], rel=1e-6)
    assert "b is on its upper bound 0.4" in str(bounded)
    free = sb.fit(DECAY, decay, initial=START)
    loose = sb.fit(DECAY, decay, initial=START, bounds={"b": (0, 5), "k": (0, None)})
    assert loose.on_bounds == ()
    np.testing.assert_allclose(list(loose.errors.values()), list(free.errors.values()), rtol=1e-6)


LIKELIHOODS = {
    "rate of an exponential distribution": (
        "x: input\nrate: param\nL: loss = rate*x - log(rate)",
        {"rate": 0.5},
        lambda x: {"rate": (1 / x.mean(), 1 / x.mean() / np.sqrt(x.size))},
    ),
    "mean and deviation of a normal distribution": (
        "x: input\nm: param\ns: param\nL: loss = (x - m)**2/(2*s**2) + log(s)",
        {"m": 1.0, "s": 2.0},
        lambda x: {
            "m": (x.mean(), x.std() / np.sqrt(x.size)),
            "s": (x.std(), x.std() / np.sqrt(2 * x.size)),
        },
    ),
    "odds of a coin": (
        "x: input\nz: param\nL: loss = binary_cross_entropy(z, where(x > 1, 1, 0))",
        {"z": 0.0},
        lambda x: {
            "z": (
                np.log((x > 1).mean() / (x <= 1).mean()),
                1 / np.sqrt(x.size * (x > 1).mean() * (x <= 1).mean()),
            )
        },
    ),
}


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_likelihoods_have_the_observed_information(name):
    text, start, right = LIKELIHOODS[name]
    x = np.random.default_rng(2).exponential(2, size=80)
    found = sb.fit(sb.circuit(text), {"x": x}, initial=start)
    for parameter, (value, error) in right(x).items():
        assert found.values[parameter] == pytest.approx(value, rel=1e-8)
        assert found.errors[parameter] == pytest.approx(error, rel=1e-7)
    assert found.degrees_of_freedom is None
    assert found.upper[parameter] - found.values[parameter] == pytest.approx(
        1.959963984540054 * error, rel=1e-7
    )


def test_logistic_regression_has_its_information():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(120, 2))
    y = (rng.random(120) < 1 / (1 + np.exp(-(0.3 + x @ [1.0, -0.5])))).astype(float)
    circuit = sb.circuit(
        "x: input[d]; y: target; w: param[d]; b: param\n"
        "L: loss = binary_cross_entropy(w @ x + b, y)"
    )
    found = sb.fit(circuit, {"x": x, "y": y})
    design = np.column_stack([x, np.ones(120)])
    p = 1 / (1 + np.exp(-design @ list(found.values.values())))
    np.testing.assert_allclose(design.T @ (p - y), 0, atol=1e-8)
    information = design.T @ (design * (p * (1 - p))[:, None])
    np.testing.assert_allclose(found.covariance, np.linalg.inv(information), rtol=1e-7)


@pytest.mark.parametrize("weighted", [False, True])
def test_likelihood_and_criteria_of_normal_errors(decay, weighted):
    """The density of the residuals by SciPy, with the variance that makes it largest."""
    found = sb.fit(DECAY, decay, initial=START, weights="w" if weighted else None)
    weights = decay["w"] if weighted else np.ones(30)
    plain = found.residuals / np.sqrt(weights)
    spread = np.sqrt(found.loss / 30 / weights)
    right = norm.logpdf(plain, scale=spread).sum()
    assert found.log_likelihood == pytest.approx(right, rel=1e-12, abs=0)
    assert found.aic == pytest.approx(2 * 4 - 2 * right, rel=1e-12, abs=0)
    assert found.bic == pytest.approx(4 * np.log(30) - 2 * right, rel=1e-12, abs=0)
    for name, p in found.p_values.items():
        ratio = abs(found.values[name] / found.errors[name])
        assert p == pytest.approx(2 * student.sf(ratio, 27), rel=1e-12, abs=0)


def test_likelihood_and_criteria_of_a_declared_loss():
    """The mean of normal numbers with the variance 4, whose likelihood SciPy knows."""
    x = np.random.default_rng(8).normal(1, 2, size=50)
    text = "x: input\nm: param = 0\nL: loss = (x - m)**2/8 + log(2) + log(2*pi)/2"
    found = sb.fit(sb.circuit(text), {"x": x})
    right = norm.logpdf(x, x.mean(), 2).sum()
    assert found.log_likelihood == pytest.approx(right, rel=1e-12, abs=0)
    assert found.aic == pytest.approx(2 - 2 * right, rel=1e-12, abs=0)
    assert found.bic == pytest.approx(np.log(50) - 2 * right, rel=1e-12, abs=0)
    ratio = x.mean() / (2 / np.sqrt(50))
    assert found.p_values["m"] == pytest.approx(2 * norm.sf(abs(ratio)), rel=1e-9)
    assert "P > |z|" in str(found)
    summary = json.loads(found.to_json())
    assert summary["aic"] == found.aic and summary["log_likelihood"] == found.log_likelihood


def test_a_residual_with_a_name_of_its_own_is_fitted_by_least_squares(decay):
    text = "a: param; k: param; b: param; x: input; y: target; f: output = a*exp(-k*x) + b"
    named = sb.circuit((text + "; d = y - f; L: loss = d**2/2").replace("; ", "\n"))
    found, right = (sb.fit(c, decay, initial=START) for c in (named, DECAY))
    assert found.values == right.values and found.errors == right.errors


ONLY_A_LOSS = {
    "declared": "y: target; L: loss = (a*exp(-k*x) + b - y)**2",
    "halved and turned": "y: target; L: loss = (y - a*exp(-k*x) - b)**2/2",
    "not declared": "y: target; L = 3*(a*exp(-k*x) + b - y)**2",
    "residual with a name": "y: target; d = 2*y - 2*a*exp(-k*x) - 2*b; L: loss = d**2",
    "values with a name": "y: target; g = a*exp(-k*x) + b; d = g - y; L: loss = d**2",
    "data as an input": "y: input; L: loss = (y - a*exp(-k*x) - b)**2",
}


@pytest.mark.parametrize("name", ONLY_A_LOSS)
def test_a_squared_residual_alone_is_fitted_by_least_squares(decay, name):
    text = f"a: param; k: param; b: param; x: input; {ONLY_A_LOSS[name]}".replace("; ", "\n")
    found, right = (sb.fit(c, decay, initial=START) for c in (sb.circuit(text), DECAY))
    assert found.values == pytest.approx(right.values, rel=1e-9)
    assert found.errors == pytest.approx(right.errors, rel=1e-7)
    np.testing.assert_allclose(found.fitted, right.fitted, rtol=1e-9)


def test_a_squared_residual_of_arrays_alone(decay):
    """Two columns, compared with one number: the mean of all, with its standard error."""
    text = "a: param; Y: target[2]; L: loss = mean((a - Y)**2)".replace("; ", "\n")
    y = np.column_stack([decay["x"], decay["y"]])
    found = sb.fit(sb.circuit(text), {"Y": y})
    assert found.values["a"] == pytest.approx(y.mean(), rel=1e-12, abs=0)
    assert found.errors["a"] == pytest.approx(y.std(ddof=1) / np.sqrt(y.size), rel=1e-9)


def test_drawn_values_begin_within_their_bounds(decay):
    line = sb.circuit("f = a*x + c", params=["a", "c"])
    for bounds, expected in (((5, None), 5), ((None, -5), -5), ((1, 3), 1)):
        found = sb.fit(line, decay, bounds={"a": bounds})
        assert found.values["a"] == expected and found.on_bounds == ("a",)


NOT_MINIMA = {
    "a maximum": ("w: param; L: loss = -x**2*w**2", {"w": 0.0}, "the losses curve downwards there"),
    "no minimum": (
        "w: param; L: loss = binary_cross_entropy(w*(x - 5), where(x > 5, 1, 0))",
        {"w": 1.0},
        "the losses still fall where the parameters are twice as large",
    ),
}


@pytest.mark.parametrize("name", NOT_MINIMA)
def test_what_is_no_minimum_has_no_errors_that_mislead(decay, name):
    text, start, message = NOT_MINIMA[name]
    found = sb.fit(sb.circuit(text.replace("; ", "\n"), inputs=["x"]), decay, initial=start)
    assert not found.minimum.converged and message in str(found)
    assert np.isnan(found.errors["w"]) or found.errors["w"] > abs(found.values["w"])


REFUSED = {
    "few rows of a likelihood": (
        "a: param[40]; L: loss = sum(a**2)*x - sum(a)",
        {},
        DataError,
        "30 rows do not determine 40 parameters",
    ),
    "other parameter": ("DECAY", {"fixed": {"q": 1}}, UnknownName, "'q' is not a parameter"),
    "turned bounds": ("DECAY", {"bounds": {"a": (1, 0)}}, DataError, "the lower one comes first"),
    "one bound": ("DECAY", {"bounds": {"a": 3}}, DataError, "give a pair"),
    "start outside": ("DECAY", {"bounds": {"a": (0, 0.5)}}, DataError, "outside of its bounds"),
    "both": ("DECAY", {"bounds": {"a": (0, 3)}, "fixed": {"a": 1}}, DataError, "one of the two"),
    "all fixed": ("DECAY", {"fixed": {"a": 1, "k": 1, "b": 1}}, DataError, "all parameters are"),
    "level": ("DECAY", {"level": 95}, TrainingError, "a probability such as 0.95"),
    "column": ("DECAY", {"weights": "v"}, DataError, "no column 'v'"),
    "start": ("DECAY", {"initial": {**START, "k": -1e3}}, DataError, "in row 4"),
    "twofold": (
        "a: param; c: param; f = a*c*x",
        {},
        TrainingError,
        "do not determine a and c apart",
    ),
    "sum": (
        "a: param; c: param; f = (a + c)*x",
        {},
        TrainingError,
        "do not determine a and c apart",
    ),
    "silent": (
        "a: param; c: param; f = a*x + c*where(x > 99, x, 0)",
        {},
        TrainingError,
        "do not determine c",
    ),
    "a loss that is compared itself": (
        "a: param; y: input; q = (a*x - y)**2",
        {"mapping": {"y": "y"}},
        DataError,
        "if 'q' is the loss, declare what it compares with: y: target",
    ),
    "two that could be the data": (
        "a: param; y: input; L: loss = (a + x - y)**2",
        {},
        CircuitError,
        "say which of them is the data",
    ),
    "fixed at no number": ("DECAY", {"fixed": {"a": np.nan}}, DataError, "give finite numbers"),
    "level of another kind": ("DECAY", {"level": "95 %"}, TrainingError, "a probability such as"),
    "evaluations": ("DECAY", {"evaluations": 0}, TrainingError, "a number from 1 on"),
    "weights": ("DECAY", {"weights": [1, 2]}, TrainingError, "into a column of the data"),
    "no parameters": ("f: output = 2*x", {}, TrainingError, "no parameters"),
    "weighted loss": (
        "a: param; L: loss = (a - x)**4",
        {"weights": "w"},
        TrainingError,
        "multiply the loss",
    ),
    "flat loss": ("a: param; L: loss = abs(a - x)", {}, TrainingError, "do not determine a"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals_say_what_to_do(decay, name):
    text, options, error, message = REFUSED[name]
    if text == "DECAY":
        circuit, options = DECAY, {"initial": START, **options}
    else:
        circuit = sb.circuit(text.replace("; ", "\n"), inputs=["x"])
    with pytest.raises(error, match=message) as caught:
        sb.fit(circuit, decay, **options)
    assert isinstance(caught.value, SymbackError)
    assert len(str(caught.value)) <= 200


def test_few_rows_are_refused_and_as_many_as_parameters_have_no_errors(decay):
    with pytest.raises(DataError, match="2 residuals do not determine 3 parameters"):
        sb.fit(DECAY, {k: v[:2] for k, v in decay.items()}, initial=START)
    line = sb.circuit("f = w*x + b")
    with pytest.raises(DataError, match="1 residual does not determine 2 parameters"):
        sb.fit(line, {k: v[:1] for k, v in decay.items()})
    found = sb.fit(line, {k: v[:2] for k, v in decay.items()})
    assert found.degrees_of_freedom == 0
    assert found.residual_error is None
    assert all(np.isnan(error) for error in found.errors.values())
    assert "no standard error" in str(found)
    assert json.loads(found.to_json())["parameters"]["w"]["standard_error"] is None


def test_one_row_and_several_names_have_their_grammar():
    one = sb.fit(sb.circuit("f = w*x"), {"x": [2.0], "y": [4.0]})
    assert str(one).startswith("least squares: 1 row, 1 parameter\n")
    hinge = sb.circuit("f = a*relu(x - t)", params=["a", "t"])
    with pytest.raises(TrainingError, match="a and t: the derivative by them is 0"):
        sb.fit(hinge, {"x": np.arange(5.0), "y": np.arange(5.0)}, initial={"a": 1, "t": 100})


def test_a_fit_that_does_not_converge_says_so():
    """Classes that a line separates: the likelihood grows without end."""
    x = np.linspace(-1, 1, 21)
    circuit = sb.circuit("x: input; y: target; w: param\nL: loss = binary_cross_entropy(w*x, y)")
    found = sb.fit(circuit, {"x": x, "y": (x > 0).astype(float)})
    assert not found.converged
    lines = str(found).splitlines()
    assert "has not converged" in lines[1] == found.notes[0]  # before any number
    assert str(found).count("has not converged") == 1
    assert json.loads(found.to_json())["converged"] is False


@pytest.mark.parametrize(
    ("circuit", "sizes", "message"),
    [
        ("f = w*x + b", {"n": 3}, "no size 'n'; none has a name"),
        ("x: input; w: param[dim]; f = sum(w)*x", {"dm": 3}, "did you mean 'dim'"),
        ("x: input[d]; w: param[d]; f = dot(w, x)", {"d": 3}, "d is 3, but the data have 2"),
        ("x: input[d]; w: param[d]; f = dot(w, x)", {"k": 2}, "no size 'k'; there are d"),
    ],
)
@pytest.mark.parametrize("entry", [sb.fit, partial(train_from_file, quiet=True)])
def test_a_size_of_another_name_or_number_is_refused(entry, circuit, sizes, message):
    x = np.arange(8.0).reshape(4, 2) if "x: input[d]" in circuit else np.arange(4.0)
    with pytest.raises(TrainingError, match=message):
        entry(sb.circuit(circuit), {"x": x, "y": np.arange(4.0)}, sizes=sizes)


def test_starting_values_come_from_a_run(decay, tmp_path):
    line = sb.circuit("f = w*x + b")
    train_from_file(line, decay, output=tmp_path / "run", epochs=1, quiet=True)
    found = sb.fit(line, decay, initial=tmp_path / "run" / "parameters.npz")
    assert found.minimum.converged
