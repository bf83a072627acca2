"""Jacobians of objectives with their constraints, against SymPy and at published minima."""

import mpmath
import numpy as np
import pytest
import sympy
from scipy.optimize import minimize

from tests.cases.hock_schittkowski import HOCK_SCHITTKOWSKI
from tests.cases.one_in import one_in

TIGHT = {"ftol": 1e-15, "maxiter": 400}


def by_sympy(problem, at):
    """Jacobian and Hessians of all outputs by SymPy's `diff`, with 50 digits."""
    symbols = [sympy.Symbol(name, real=True) for name in problem.names]
    known = dict(zip(problem.names, symbols, strict=True))
    formulas = [sympy.sympify(f, locals=known) for f in (problem.objective, *problem.constraints)]
    with mpmath.workdps(50):
        numbers = [mpmath.mpf(float(x)) for x in at]

        def evaluated(expr):
            found = sympy.lambdify(symbols, expr, "mpmath")(*numbers)
            return np.array(found.tolist(), float)

        jacobian = evaluated(sympy.Matrix(formulas).jacobian(symbols))
        return jacobian, [evaluated(sympy.hessian(f, symbols)) for f in formulas]


@pytest.mark.parametrize("number", one_in(4, HOCK_SCHITTKOWSKI))
def test_jacobians_and_hessians(number):
    problem = HOCK_SCHITTKOWSKI[number]
    circuit = problem.circuit
    module = circuit.compile(functions=("jacobian", "per_sample"))
    at = np.array(problem.start) + 0.125
    jacobian, hessians = by_sympy(problem, at)
    found = module.jacobian(at, module.Inputs())
    np.testing.assert_allclose(found, jacobian, 1e-14, 1e-14)
    rows = module.per_sample(module.unravel(at), module.Inputs(), of=problem.outputs)
    np.testing.assert_allclose(rows, jacobian, 1e-14, 1e-14)
    point = dict(zip((p.symbol for p in circuit.params), map(sympy.Rational, at), strict=True))
    for output, exact in zip(problem.outputs, hessians, strict=True):
        written = circuit.hessian(output).subs(point).evalf(30)
        np.testing.assert_allclose(np.array(written.tolist(), float), exact, 1e-13, 1e-13)


@pytest.mark.parametrize("number", one_in(4, HOCK_SCHITTKOWSKI))
def test_published_minima(number):
    """SLSQP with these Jacobians reaches the published minimum, where the gradient is normal."""
    problem = HOCK_SCHITTKOWSKI[number]
    module = problem.circuit.compile(functions="jacobian")
    inputs = module.Inputs()

    def value(at):
        return module.forward(module.unravel(at), inputs)[0]

    def rows(at):
        return module.jacobian(at, inputs)

    constraint = {"type": "eq", "fun": lambda at: value(at)[1:], "jac": lambda at: rows(at)[1:]}
    found = minimize(
        lambda at: float(value(at)[0]),
        problem.start,
        jac=lambda at: rows(at)[0],
        constraints=[constraint],
        method="SLSQP",
        options=TIGHT,
    )
    assert found.fun == pytest.approx(problem.minimum, rel=1e-6, abs=1e-6)
    np.testing.assert_allclose(value(found.x)[1:], 0, atol=1e-8)
    gradient, normals = rows(found.x)[0], rows(found.x)[1:]
    multipliers = np.linalg.lstsq(normals.T, gradient, rcond=None)[0]
    np.testing.assert_allclose(normals.T @ multipliers, gradient, atol=1e-3)
