"""Smooth functions f of a norm at its origin: second partials are f″(0) times the identity."""

import numpy as np
import pytest

import symback as sb
from symback.codegen.runtimes import in_numpys_terms
from tests.cases.one_in import one_in

NORMS = {  # n, and its parameters where it is 0; each has a slope of 0 or 1 by each
    "n = abs(x)": {"x": 0.0},
    "n = sqrt(x**2)": {"x": 0.0},
    "n = hypot(x, y)": {"x": 0.0, "y": 0.0},
    "n = sqrt(x**2 + y**2)": {"x": 0.0, "y": 0.0},
    "n = norm(u)": {"u": [0.0, 0.0, 0.0]},
    "n = sqrt(u @ u)": {"u": [0.0, 0.0, 0.0]},
    "n = sqrt(sum(u**2))": {"u": [0.0, 0.0, 0.0]},
    "n = norm(X, axis=1)": {"X": [[0.0, 0.0], [0.0, 0.0]]},
    "n = norm(X, axis=0)": {"X": [[0.0, 0.0], [0.0, 0.0]]},
    "n = abs(u)": {"u": [0.0, 0.0]},
}
SMOOTH = {  # f(n), and f″(0)
    "n**2": 2.0,
    "(3*n)**2/2": 9.0,
    "n**4": 0.0,
    "cos(n)": -1.0,
    "cosh(2*n)": 4.0,
    "log(cosh(n))": 1.0,
    "exp(-n**2/2)": -1.0,
    "(1 + n)*exp(-n)": -1.0,
    "(1 + 2*n + 4*n**2/3)*exp(-2*n)": -4 / 3,
    "1/(1 + n**2)": -2.0,
    "sqrt(1 + n**2)": 1.0,
    "n - log(1 + n)": 1.0,
    "where(n < 1, n**2/2, n - 1/2)": 1.0,
    "(n - sin(n))/1 + n*sin(n)": 2.0,
}
WITH_NAMES = [  # f(n) in steps, and f″(0)
    ("m = n; f = m**2", 2.0),
    ("m = 3*n; f = m**2", 18.0),
    ("e = exp(-n); f = e*(1 + n)", -1.0),
    ("q = n**2; r = 1 + q; f = 1/r", -2.0),
    ("r = n/2; c = sin(r); f = c*c", 0.5),
]
CASES = [
    (f"{n}; f = {f}", at, second)
    for n, at in NORMS.items()
    for f, second in [*((f, s) for f, s in SMOOTH.items())]
] + [(f"{n}; {f}", at, second) for n, at in NORMS.items() for f, second in WITH_NAMES]


def _second(text, at, target="numpy", dtype="float64"):
    declared = [f"{p}: param{list(np.shape(v)) or ''}" for p, v in at.items()]
    *inner, last = text.split("; ")
    last = last.replace("f = ", "f: loss = ")
    if np.ndim(next(iter(at.values()))) == 2 or text.startswith("n = abs(u)"):
        last = f"f: loss = sum({last.removeprefix('f: loss = ')})"
    circuit = sb.circuit("; ".join([*declared, *inner, last]))
    module = in_numpys_terms(circuit.compile(target=target, functions=("hessp",)))
    point = np.concatenate([np.ravel(v) for v in at.values()]).astype(dtype)
    with np.errstate(all="ignore"):
        return np.array(
            [module.hessp(point, v, module.Inputs()) for v in np.eye(len(point), dtype=dtype)]
        )


@pytest.mark.parametrize(("text", "at", "second"), one_in(12, CASES), ids=str)
def test_a_smooth_function_of_a_norm_has_its_second_partials_at_the_origin(text, at, second):
    found = _second(text, at)
    np.testing.assert_allclose(found, second * np.eye(len(found)), rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize(("text", "at", "second"), one_in(60, CASES, 7), ids=str)
def test_c_has_the_same_there(text, at, second):
    found = _second(text, at, "c")
    np.testing.assert_allclose(found, second * np.eye(len(found)), rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize(("text", "at", "second"), one_in(60, CASES, 5), ids=str)
def test_single_precision_has_the_same_there(text, at, second):
    found = _second(text, at, dtype="float32")
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, second * np.eye(len(found)), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("n", ["abs(x)", "hypot(x, y)", "sqrt(x**2 + y**2)"])
def test_a_norm_that_is_a_kink_of_the_whole_adds_nothing(n):
    """w*n is not smooth in the operand of n, and moves by the convention at a kink."""
    at = {"x": 0.0, "w": 3.0} | ({"y": 0.0} if "y" in n else {})
    assert not _second(f"n = {n}; f = w*n", at).any()


def test_rows_of_which_some_are_0():
    """Of Σ cos(‖row‖), beside the identity those of sin(n)/n·u·uᵀ."""
    at = {"X": [[0.0, 0.0], [3.0, 4.0]]}
    found = _second("n = norm(X, axis=1); f = cos(n)", at)
    u = np.array([0.6, 0.8])
    there = -np.cos(5) * np.outer(u, u) - np.sin(5) / 5 * (np.eye(2) - np.outer(u, u))
    expected = np.block([[-np.eye(2), np.zeros((2, 2))], [np.zeros((2, 2)), there]])
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-15)


def test_distances_from_a_centre_that_is_a_parameter():
    """Of cosh(|x - c|) at x = c it is that of (x - c)²/2."""
    at = {"x": 1.5, "c": 1.5}
    np.testing.assert_allclose(_second("n = abs(x - c); f = cosh(n)", at), [[1, -1], [-1, 1]])
    at = {"u": [1.0, 2.0], "c": [1.0, 2.0]}
    eye = np.eye(2)
    found = _second("n = norm(u - c); f = cosh(n)", at)
    np.testing.assert_allclose(found, np.block([[eye, -eye], [-eye, eye]]))


def test_what_is_masked_there_adds_nothing():
    text = "n = norm(X, axis=1); f = where(m > 0, n**2 + cos(n), 0)"
    circuit = sb.circuit(
        "X: param[2, 2]; m: input[2]; " + text.replace("f = ", "f: loss = sum(") + ")"
    )
    module = circuit.compile(functions=("hessp",))
    found = [
        module.hessp(np.zeros(4), v, module.Inputs(m=np.array([[0.0, 1.0]]))) for v in np.eye(4)
    ]
    np.testing.assert_array_equal(found, np.diag([0, 0, 1, 1]))


def test_a_norm_with_a_number_beside_has_no_origin():
    """√(1 + x²) is never 0; its second derivative by x is (1 + x²)^(−3/2)."""
    circuit = sb.circuit("x: param; h = sqrt(1 + x**2); f: loss = log(h) + h")
    module = circuit.compile(functions=("hessian",))
    for x in (0.0, 0.75, -2.0):
        second = (1 + x * x) ** -1.5 + (1 - x * x) / (1 + x * x) ** 2
        assert module.hessian(np.array([x]), module.Inputs())[0, 0] == pytest.approx(
            second, rel=1e-14, abs=0
        )
