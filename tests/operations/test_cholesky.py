"""The factor of Cholesky, triangular systems, and the evidence of a Gaussian process by them."""

import numpy as np
import pytest

import symback as sb
from symback.check import check_module
from symback.errors import SymbackError
from tests.cases.array_circuits import FACTORS

EVERY = ("jvp", "hessp", "hessian")
EVIDENCE = sb.circuit(
    """
    x: input[n]; y: input[n]; a: param; r: param; s: param
    D = x[:, None] - x[None, :]
    K = a**2*exp(-D**2/(2*r**2)) + s**2*eye(n)
    L = cholesky(K)
    u = solve_triangular(L, y)
    f = dot(u, u)/2 + sum(log(diag(L))) + n*log(2*pi)/2
    """,
    params=["a", "r", "s"],
    loss=None,
)


@pytest.mark.parametrize("text", FACTORS, ids=["factor", "evidence"])
def test_modules_agree_with_sympy(text):
    circuit = sb.circuit(text, loss=None)
    assert sb.circuit(str(circuit)) == circuit
    module = circuit.compile(functions=EVERY)
    report = check_module(circuit, module, points=20)
    assert report.passed, str(report)
    module.check_gradients()


def test_the_evidence_of_a_gaussian_process_and_its_slopes():
    x, y = np.linspace(0, 1, 6), np.sin(np.arange(6.0))
    m = EVIDENCE.compile()
    params = m.Params(1.3, 0.4, 0.2)
    value, cache = m.forward(params, m.Inputs(x, y))
    bars, _ = m.backward(params, m.Inputs(x, y), cache)
    distance = np.subtract.outer(x, x)
    kernel = np.exp(-(distance**2) / (2 * 0.4**2))
    whole = 1.3**2 * kernel + 0.2**2 * np.eye(6)
    alpha, inverse = np.linalg.solve(whole, y), np.linalg.inv(whole)
    expected = y @ alpha / 2 + np.linalg.slogdet(whole)[1] / 2 + 3 * np.log(2 * np.pi)
    assert value == pytest.approx(expected, rel=1e-12, abs=0)
    outer = (inverse - np.outer(alpha, alpha)) / 2
    slopes = {
        "a": 2 * 1.3 * kernel,
        "r": 1.3**2 * kernel * distance**2 / 0.4**3,
        "s": 2 * 0.2 * np.eye(6),
    }
    for name, slope in slopes.items():
        assert getattr(bars, name) == pytest.approx(np.sum(outer * slope), rel=1e-10, abs=0)


def test_the_lower_triangle_is_read():
    m = sb.circuit("a: param[2, 2]; f = sum(cholesky(a))", loss=None).compile()
    value, cache = m.forward(m.Params(np.array([[4.0, np.nan], [2.0, 10.0]])), m.Inputs())
    assert value == 2.0 + 1.0 + 3.0
    bars, _ = m.backward(m.Params(np.array([[4.0, 2.0], [2.0, 10.0]])), m.Inputs(), cache)
    assert np.allclose(bars.a, [[1 / 4 - 1 / 8 + 1 / 24, 0], [1 / 2 - 1 / 6, 1 / 6]])


def test_what_has_no_factor_is_an_error():
    m = sb.circuit("a: param[2, 2]; f = sum(cholesky(a))", loss=None).compile()
    with pytest.raises(np.linalg.LinAlgError, match="not positive definite"):
        m.forward(m.Params(np.array([[1.0, 2], [2, 1]])), m.Inputs())
    with pytest.raises(SymbackError, match="takes a square matrix"):
        sb.circuit("a: param[2, 3]; f = sum(cholesky(a))")


def test_triangular_systems():
    text = "a: param[3, 3]; b: input[3]; f: output = solve_triangular(a, b, lower=False)"
    m = sb.circuit(text, loss=None).compile()
    a, b = np.array([[2.0, 1, 3], [9, 4, 1], [9, 9, 5]]), np.array([1.0, 2, 3])
    value, _ = m.forward(m.Params(a), m.Inputs(b))
    assert np.allclose(value, np.linalg.solve(np.triu(a), b), rtol=1e-14)
