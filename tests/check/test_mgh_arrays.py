"""Jacobians and Hessians of published functions as arrays, dense and sparse, against SymPy's."""

import numpy as np
import pytest
import sympy as sp

import symback as sb
from tests.cases.mgh_arrays import MGH_ARRAYS, N
from tests.cases.targets import TARGETS

CLOSE = 1e-13
SHORT = ("Broyden tridiagonal", "Discrete integral equation")
CASES = [n if n in SHORT else pytest.param(n, marks=pytest.mark.slow) for n in MGH_ARRAYS]


def truth(residuals, at):
    """Residuals, their Jacobian, and gradient and Hessian of their squares, with 50 digits."""
    names = sp.symbols(f"x1:{N + 1}", real=True)
    point = dict(zip(names, map(sp.Rational, map(float, at)), strict=True))

    def number(matrix):
        return sp.Matrix(matrix).subs(point).evalf(50)

    formulas = residuals.formulas(names)
    r, jacobian = number(formulas), number(sp.Matrix(formulas).jacobian(names))
    hessian = 2 * jacobian.T * jacobian
    for value, formula in zip(r, formulas, strict=True):
        hessian += 2 * value * number(sp.hessian(formula, names))
    found = (r, jacobian, 2 * jacobian.T * r, hessian)
    return [np.array(matrix.tolist(), float) for matrix in found]


def dense(matrix):
    return matrix.toarray() if hasattr(matrix, "toarray") else matrix


def agree(found, exact):
    scale = np.abs(exact).max() or 1.0
    np.testing.assert_allclose(dense(found), exact.reshape(np.shape(found)), 0, CLOSE * scale)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", CASES)
def test_matrices_of_residuals_and_of_their_squares(name, target):
    residuals = MGH_ARRAYS[name]
    at = np.array(residuals.start, float) + np.cos(np.arange(N)) / 16
    r, jacobian, gradient, hessian = truth(residuals, at)
    text = f"x: param[{N}]\n{residuals.text}"
    for sparse in ((), ("sparsity",)):
        circuit = sb.circuit(f"{text}\nloss: none")
        module = circuit.compile(target=target, functions=("jacobian", "bind", *sparse))
        agree(module.forward(module.Params(at), module.Inputs())[0], r)
        agree(module.jacobian(at, module.Inputs()), jacobian)
        agree(module.bind(module.Inputs()).jacobian(at), jacobian)
        circuit = sb.circuit(f"{text}\nl: loss = sum(r**2)")
        asked = ("hessian", "hessp", "bind", *sparse)
        module = circuit.compile(target=target, functions=asked)
        agree(module.objective(at, module.Inputs())[1], gradient)
        agree(module.hessian(at, module.Inputs()), hessian)
        agree(module.bind(module.Inputs()).hessian(at), hessian)
        v = np.sin(1.0 + np.arange(N))
        agree(module.hessp(at, v, module.Inputs()), hessian @ v)
