"""Newton's method and Gauss and Newton's over all rows: certified digits, states, refusals."""

from functools import cache

import numpy as np
import pytest

import symback as sb
from symback.errors import SymbackError, TrainingError
from symback.training.checkpoint import Saver, load
from symback.training.engine.gradients import triangle_of
from symback.training.loop import Diverged, train
from symback.training.newton import truncated
from symback.training.run import train_from_file
from symback.training.settings import FULL_BATCH, NEEDED, Settings
from tests.cases.nist import problems

METHODS = ["newton-cg", "gauss-newton"]
ENOUGH = 6  # certified digits
ELSEWHERE = {  # a plateau or a valley far from the certified point
    ("BoxBOD", 0, "gauss-newton"),
    ("MGH10", 0, "gauss-newton"),
    ("MGH10", 0, "newton-cg"),
}
FAST = {"Misra1b", "Thurber"}


@cache
def module_of(name, method):
    return problems()[name].circuit.compile(functions=NEEDED[method])


def run(name, method, start=0, saver=None, **more):
    module, problem = module_of(name, method), problems()[name]
    settings = Settings(optimiser=method, validation=0, **more)
    initial = module.Params(*problem.starts[start])
    return train(module, problem.columns, settings, initial=initial, saver=saver)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("start", [0, 1])
@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=() if n in FAST else pytest.mark.slow) for n in problems()]
)
def test_certified_digits(name, start, method):
    result = run(name, method, start)
    if (name, start, method) not in ELSEWHERE:
        assert result.converged and problems()[name].digits(result.params) >= ENOUGH


@pytest.mark.parametrize("name, method", [("Hahn1", "newton-cg"), ("ENSO", "gauss-newton")])
def test_a_run_broken_off_after_each_epoch_makes_the_same_steps(name, method, tmp_path):
    whole = run(name, method, epochs=4, saver=Saver(tmp_path / "whole"))
    (tmp_path / "parts").mkdir()
    for epochs in range(1, 5):
        saver = Saver(tmp_path / "parts", resume=epochs > 1)
        parts = run(name, method, epochs=epochs, saver=saver)
        assert (
            len(load(tmp_path / "parts").point.state) == {"newton-cg": 1, "gauss-newton": 3}[method]
        )
    assert parts.history == whole.history
    first, second = (tmp_path / n / "checkpoint.npz" for n in ("whole", "parts"))
    assert first.read_bytes() == second.read_bytes()


def test_iterations_end_amid_an_epoch_and_go_on(tmp_path):
    first = run("Hahn1", "newton-cg", options={"max_iterations": 27}, saver=Saver(tmp_path))
    assert first.history[-1].step == 27 and first.converged is False
    saver = Saver(tmp_path, resume=True)
    second = run("Hahn1", "newton-cg", options={"max_iterations": 60}, saver=saver)
    assert second.history == run("Hahn1", "newton-cg", options={"max_iterations": 60}).history


@pytest.mark.parametrize("method", METHODS)
def test_tolerances_end_a_run(method):
    exact = run("Thurber", method).history[-1]
    for options in ({"ftol": 1e-2}, {"gtol": 1e3}):
        loose = run("Thurber", method, options=options)
        assert loose.converged and loose.history[-1].step < exact.step


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype, tolerance", [("float64", 1e-9), ("float32", 2e-3)])
def test_linear_regression_has_its_closed_form(method, dtype, tolerance):
    """Arrays with a named size that only settings give, several outputs, and shards."""
    rng = np.random.default_rng(4)
    x, noise = rng.normal(size=(60, 3)), rng.normal(size=(60, 2))
    y = x @ rng.normal(size=(3, 2)) + noise
    circuit = sb.circuit("""
    x: input[d]; y: target[k]; W: param[k, d]; b: param[k]
    f: output = W @ x + b
    l: loss = mean((f - y)**2)
    """)
    result = train_from_file(
        circuit, {"x": x, "y": y}, optimiser=method, validation=0, shards=4, dtype=dtype, quiet=True
    )
    right = np.linalg.lstsq(np.column_stack([x, np.ones(60)]), y)[0]
    assert result.converged
    np.testing.assert_allclose(result.params.W, right[:3].T, atol=tolerance)
    np.testing.assert_allclose(result.params.b, right[3], atol=tolerance)


def test_shards_give_one_triangle_whatever_the_blocks(monkeypatch):
    """RᵀR is [J r]ᵀ[J r], and blocks of few rows give the R of all."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(50, 4))
    whole = triangle_of([rows])
    parts = triangle_of([triangle_of([rows[:2]]), triangle_of([rows[2:30]]), rows[30:]])
    for found in (whole, parts):
        assert found.shape == (4, 4) and np.array_equal(found, np.triu(found))
        np.testing.assert_allclose(found.T @ found, rows.T @ rows, rtol=1e-12)
    exact = run("Thurber", "gauss-newton").params
    monkeypatch.setattr("symback.training.engine.gradients.MOST_ENTRIES", 30)
    np.testing.assert_allclose(run("Thurber", "gauss-newton", shards=3).params, exact, rtol=1e-8)
    assert np.isnan(triangle_of([np.array([[1.0, np.inf]])])).all()


@pytest.mark.parametrize("seed", range(6))
def test_truncated_steps_stay_in_the_region_and_fall(seed):
    """In a region that is large enough the step is Newton's; H may curve downwards."""
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(6, 6))
    bowl, gradient = matrix @ matrix.T + np.eye(6), 1e-9 * rng.normal(size=6)
    full = truncated(bowl.dot, gradient, 1e3, 50)
    np.testing.assert_allclose(full.step, -np.linalg.solve(bowl, gradient), rtol=1e-3)
    assert not full.at_edge
    for hessian in (bowl, matrix + matrix.T):
        found = truncated(hessian.dot, gradient, 1e-11, 50)
        assert found.at_edge and np.linalg.norm(found.step) == pytest.approx(1e-11)
        fall = -(gradient @ found.step + found.step @ hessian @ found.step / 2)
        assert found.fall == pytest.approx(fall, rel=1e-9) and fall > 0


def test_a_saddle_is_left():
    """At w = 1e-3 the loss w⁴/4 − w²/2 curves downwards; its minimum is at w = 1."""
    circuit = sb.circuit("x: input; w: param; l: loss = x*(w**4/4 - w**2/2)")
    found = train_from_file(
        circuit,
        {"x": np.ones(5)},
        optimiser="newton-cg",
        initial={"w": 1e-3},
        validation=0,
        quiet=True,
    )
    assert found.converged and found.params.w == pytest.approx(1, rel=1e-12, abs=0)


LOGISTIC = "f = sigma(w*x + b); l: loss = -y*log(f) - (1 - y)*log(1 - f)"
DATA = {"x": np.linspace(-2, 2, 9), "y": np.array([0, 0, 1, 0, 1, 0, 1, 1, 1.0])}
REFUSED = {
    "another loss": (LOGISTIC, {}, "gauss-newton needs a squared loss, such as (f − y)**2/2 with"),
    "no loss": (
        "f = w*x; loss: none",
        {},
        "and the circuit has no loss; choose newton-cg or lbfgs",
    ),
    "clip": ("f = w*x", {"clip": 1.0}, "gauss-newton takes no clip"),
    "batch size": ("f = w*x", {"batch_size": 4}, "gauss-newton takes no batch_size"),
    "an option of L-BFGS": ("f = w*x", {"options": {"memory": 4}}, "has no option 'memory'"),
    "no parameters": ("f = x**2; loss: none", {}, "the circuit has no parameters"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_gauss_newton_cannot_take_is_refused(case):
    text, settings, message = REFUSED[case]
    with pytest.raises(SymbackError) as error:
        train_from_file(
            sb.circuit(text.replace("; ", "\n")),
            DATA,
            optimiser="gauss-newton",
            quiet=True,
            **settings,
        )
    assert message in str(error.value)


def test_more_parameters_than_a_triangle_has_room_for_are_refused(monkeypatch):
    monkeypatch.setattr("symback.training.methods.MOST_SQUARED", 3)
    circuit = sb.circuit("x: input; y: target; w: param[4]\nf: output = sum(w*x)")
    with pytest.raises(TrainingError, match=r"and there are 4 of them \(at most 3\)"):
        train_from_file(circuit, DATA, optimiser="gauss-newton", quiet=True)
    assert train_from_file(circuit, DATA, optimiser="newton-cg", quiet=True).converged


@pytest.mark.parametrize("method", METHODS)
def test_a_module_without_the_functions_is_refused(method):
    module = sb.circuit("f = w*x").compile()
    with pytest.raises(TrainingError, match=rf"{method} needs the function {NEEDED[method][0]}"):
        train(module, DATA, Settings(optimiser=method))


@pytest.mark.parametrize(
    "method, text, message",
    [
        ("newton-cg", "f = w*x\nl: loss = (f - y)**2 + (w - 1)**1.5", "second derivatives are"),
        ("gauss-newton", "f = sqrt(w)*x\nl: loss = (f - y)**2", "not finite"),
    ],
)
def test_derivatives_that_are_not_finite_end_a_run_in_a_sentence(method, text, message):
    start = {"w": 1.0 if method == "newton-cg" else 0.0}
    with pytest.raises(Diverged, match=message):
        train_from_file(sb.circuit(text), DATA, optimiser=method, initial=start, quiet=True)


def test_methods_and_their_functions_are_known():
    assert {*NEEDED} < {*FULL_BATCH} == {"lbfgs", *METHODS}
