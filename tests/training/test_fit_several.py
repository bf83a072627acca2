"""Squared losses of several outputs: least squares of all residuals, beside SciPy's own."""

import numpy as np
import pytest
from scipy import optimize

import symback as sb

HEAD = "x: input; y: target; z: target; a: param = 1; k: param = 1\n"
OUTPUTS = "u: output = a*exp(-k*x)\nv: output = a*k*x\n"
LIST = "f: output = [a*exp(-k*x), a*k*x]\n"
FORMS = {
    "two outputs": (HEAD + OUTPUTS + "L: loss = (u - y)**2/2 + (v - z)**2/2", (1, 1)),
    "residuals with names": (
        HEAD + OUTPUTS + "r = y - u; s = v - z\nL: loss = (r**2 + s**2)/2",
        (1, 1),
    ),
    "a list": (HEAD + LIST + "L: loss = sum((f - [y, z])**2)", (1, 1)),
    "one counts more": (HEAD + OUTPUTS + "L: loss = 8*(u - y)**2 + (v - z)**2/2", (16, 1)),
    "outputs in the loss alone": (
        HEAD + "L: loss = (a*exp(-k*x) - y)**2 + (a*k*x - z)**2",
        (1, 1),
    ),
}
X = np.linspace(0.0, 3.0, 30)
NOISE = np.random.default_rng(3).normal(size=(2, 30))
DATA = {
    "x": X,
    "y": 1.3 * np.exp(-0.7 * X) + 0.02 * NOISE[0],
    "z": 0.91 * X + 0.1 * NOISE[1],
    "weight": 1 + X**2,
}


def by_scipy(counts, rows=1.0):
    """Estimates, standard errors and residuals, each row's side by side."""
    roots = np.sqrt(np.outer(rows * np.ones(30), counts))

    def residuals(theta):
        a, k = theta
        model = np.stack([a * np.exp(-k * X), a * k * X], axis=1)
        return (roots * (model - np.stack([DATA["y"], DATA["z"]], axis=1))).ravel()

    def slopes(theta):
        a, k = theta
        e = np.exp(-k * X)
        rows = np.stack([np.stack([e, -a * X * e], -1), np.stack([k * X, a * X], -1)], axis=1)
        return (roots[..., None] * rows).reshape(-1, 2)

    found = optimize.least_squares(residuals, [1, 1], slopes, xtol=3e-16, ftol=3e-16, gtol=1e-15)
    j, r = slopes(found.x), residuals(found.x)
    return found.x, np.sqrt(np.diag(np.linalg.inv(j.T @ j)) * (r @ r) / (r.size - 2)), r


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_fits_of_two_outputs_are_scipys(form, weighted):
    text, counts = FORMS[form]
    fit = sb.fit(sb.circuit(text), DATA, weights="weight" if weighted else None)
    theta, errors, residuals = by_scipy(counts, DATA["weight"] if weighted else 1.0)
    assert [*fit.values.values()] == pytest.approx(theta, rel=1e-9, abs=0.0)
    assert [*fit.errors.values()] == pytest.approx(errors, rel=1e-8, abs=0.0)
    assert fit.residuals == pytest.approx(residuals, rel=1e-6, abs=1e-9)
    assert (fit.rows, fit.degrees_of_freedom) == (30, 58)
    data = np.stack([DATA["y"], DATA["z"]], axis=1)
    roots = np.sqrt(np.outer(DATA["weight"] if weighted else np.ones(30), counts)).ravel()
    assert fit.fitted == pytest.approx(data.ravel() + residuals / roots, rel=1e-6, abs=1e-9)
    w = roots.reshape(30, 2) ** 2
    spread = w * (data - (w * data).sum(axis=0) / w.sum(axis=0)) ** 2
    assert fit.r2 == pytest.approx(1 - residuals @ residuals / spread.sum(), rel=1e-9, abs=0.0)


def test_arrays_of_several_outputs_have_their_residuals_row_by_row():
    text = "x: input; y: target[2]; z: target; a: param[2]; k: param\n"
    text += "u: output = a*x + k; v: output = k*x\nL: loss = sum((u - y)**2)/2 + (v - z)**2/2"
    y = np.stack([DATA["y"], DATA["z"]], axis=1)
    fit = sb.fit(sb.circuit(text), {"x": X, "y": y, "z": 0.5 * X + 0.1 * NOISE[0]})
    zero, one = np.zeros(30), np.ones(30)
    rows = [[X, zero, one], [zero, X, one], [zero, zero, X]]
    design = np.stack([np.stack(row, axis=1) for row in rows], axis=1).reshape(-1, 3)
    wanted = np.concatenate([y, (0.5 * X + 0.1 * NOISE[0])[:, None]], axis=1).ravel()
    theta, squares, *_ = np.linalg.lstsq(design, wanted, rcond=None)
    assert [*fit.values.values()] == pytest.approx(theta, rel=1e-10, abs=0.0)
    assert fit.loss == pytest.approx(squares[0], rel=1e-10, abs=0.0)
    assert fit.residuals == pytest.approx(design @ theta - wanted, rel=1e-8, abs=1e-12)


@pytest.mark.parametrize("form", ["two outputs", "a list"])
def test_modules_have_the_residuals_of_all_outputs(form):
    circuit = sb.circuit(FORMS[form][0])
    module = circuit.compile(functions=("residuals", "jacobian", "covariance"))
    inputs = module.Inputs(x=X, y=DATA["y"], z=DATA["z"])
    theta, errors, residuals = by_scipy((1, 1))
    assert module.residuals(theta, inputs) == pytest.approx(residuals, rel=1e-6, abs=1e-9)
    covariance = module.covariance(theta, inputs)
    assert np.sqrt(np.diag(covariance)) == pytest.approx(errors, rel=1e-8, abs=0.0)
    report = circuit.check(points=20, functions=("residuals", "jacobian", "covariance"))
    assert report.passed and "\nresiduals " in str(report)
