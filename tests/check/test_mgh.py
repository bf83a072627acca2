"""Gradients and Hessians of published test functions, against SymPy's own derivatives."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
import sympy
from scipy.optimize import minimize

from tests.cases.mgh import MGH
from tests.cases.one_in import one_in

CLOSE = 1e-12
AWAY_FROM_KINKS = {"DiracDelta": lambda u: 0}  # the second derivative of |u|
SHORT = ("Rosenbrock", "Helical valley", "Wood", "Gulf research", "Kowalik and Osborne")
CASES = [n if n in SHORT else pytest.param(n, marks=pytest.mark.slow) for n in MGH]


def _truth(problem) -> tuple[np.ndarray, np.ndarray]:
    """Gradient and Hessian at the start by SymPy's `diff`, evaluated with 50 digits."""
    symbols = [sympy.Symbol(name, real=True) for name in problem.names]
    circuit = problem.circuit
    with mpmath.workdps(50):
        point = dict(zip(symbols, map(sympy.Rational, map(str, problem.start)), strict=True))
        numbers = [mpmath.mpf(x.p) / x.q for x in point.values()]
        gradient = np.zeros(len(symbols))
        hessian = np.zeros((len(symbols),) * 2)
        residuals = [n.formula for n in circuit.computed if n.name.startswith("r")]
        assert len(residuals) == len(problem.residuals)
        for residual in residuals:
            first = [sympy.diff(residual, s) for s in symbols]
            second = [[sympy.diff(d, s) for s in symbols] for d in first]
            r, jacobian, curve = (
                sympy.lambdify(symbols, e, [AWAY_FROM_KINKS, "mpmath"])(*numbers)
                for e in (residual, first, second)
            )
            for i, a in enumerate(jacobian):
                gradient[i] += float(2 * r * a)
                for j, b in enumerate(jacobian):
                    hessian[i, j] += float(2 * (a * b + r * curve[i][j]))
    return gradient, hessian


@pytest.mark.parametrize("name", one_in(4, CASES))
def test_gradient_and_hessian(name):
    problem = MGH[name]
    module = problem.circuit.compile(functions=("hessian",))
    point = np.array(problem.start, float)
    gradient, hessian = _truth(problem)
    found = module.objective(point, module.Inputs())[1]
    np.testing.assert_allclose(found, gradient, rtol=0, atol=CLOSE * np.abs(gradient).max())
    found = module.hessian(point, module.Inputs())
    np.testing.assert_allclose(found, hessian, rtol=0, atol=CLOSE * np.abs(hessian).max())
    np.testing.assert_array_equal(found, found.T)


@pytest.mark.parametrize("name", CASES)
def test_published_minima(name):
    """BFGS from the published start reaches the published minimum: data and formulas are right."""
    problem = MGH[name]
    module = problem.circuit.compile()

    def value_and_grad(theta):
        value, gradient = module.objective(theta, module.Inputs())
        return float(value), np.array(gradient)

    with np.errstate(all="ignore"):
        found = minimize(
            value_and_grad, problem.start, jac=True, method="BFGS", options={"gtol": 1e-12}
        )
    assert found.fun == pytest.approx(problem.minimum, rel=3e-6, abs=1e-20)
