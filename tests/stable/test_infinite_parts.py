"""Formulas that are ∞/∞ or 0/0 as typed and have a limit: values and slopes by hand."""

import numpy as np
import pytest
import sympy as sp

import symback as sb
from symback.autodiff.gates import gates
from tests.cases import roads
from tests.cases.compilers import compiles

AT_POLES = [  # circuit, point, value, slopes by name
    ("n = 1/x; f = n/(1 + n)", {"x": 0}, 1, {"x": -1}),
    ("n = 1/x; d = 1 + n; f = n/d", {"x": 0}, 1, {"x": -1}),
    ("n = 1/x; m = 1/(1 + n); f = n*m", {"x": 0}, 1, {"x": -1}),
    ("n = 1/x; f = (2*n + 3)/(n + 1)", {"x": 0}, 2, {"x": 1}),
    ("n = 1/x; f = (n - 1)/(n + 1)", {"x": 0}, 1, {"x": -2}),
    ("n = 1/x**2; f = 3*n/(1 + n)", {"x": 0}, 3, {"x": 0}),
    ("f = (2/x + 3)/(1/x + 1)", {"x": 0}, 2, {"x": 1}),
    ("n = a/x; f = n/(b + n)", {"a": 2, "b": 3, "x": 0}, 1, {"a": 0, "b": 0, "x": -1.5}),
    ("n = a/x; m = b/x; f = n/(n + m)", {"a": 1, "b": 3, "x": 0}, 1 / 4, {"a": 3 / 16, "x": 0}),
    ("n = 1/(x - 1); f = n/(1 + n)", {"x": 1}, 1, {"x": -1}),
    ("n = 1/(a - b); f = n/(1 + n)", {"a": 2, "b": 2}, 1, {"a": -1, "b": 1}),
    ("n = a/(sqrt(T)*x); f = n/(1 + n)", {"a": 2, "T": 4, "x": 0}, 1, {"x": -1, "a": 0, "T": 0}),
    ("n = 1/x; f = n*x*y", {"x": 0, "y": 3}, 3, {"x": 0, "y": 1}),
    ("r = a/x; f = 1/(1/r + 1/s)", {"a": 2, "s": 3, "x": 0}, 3, {"a": 0, "s": 1, "x": -4.5}),
    (
        "f = V*S/(K*(1 + E/L) + S)",
        {"V": 2, "S": 3, "K": 1, "E": 1, "L": 0},
        0,
        {"V": 0, "S": 0, "K": 0, "E": 0, "L": 6},
    ),
    (
        "f = A*T**n*exp(-E/T)",
        {"A": 2, "T": 0, "n": -1, "E": 1},
        0,
        {"A": 0, "T": 0, "n": 0, "E": 0},
    ),
    (
        "f = 3*R*(h/T)**2*exp(h/T)/(exp(h/T) - 1)**2",
        {"R": 2, "h": 1, "T": 0},
        0,
        {"R": 0, "h": 0, "T": 0},
    ),
    ("f = E*sigma(-1/x)/x**2 + erfc(1/x)", {"E": 2, "x": 0}, 0, {"E": 0, "x": 0}),
    (
        "w = sqrt(k/m); f = v*sin(w*t)/w",
        {"k": 0, "m": 2, "v": 3, "t": 1},
        3,
        {"k": -0.25, "m": 0, "v": 1, "t": 3},
    ),
    ("w = sqrt(k); f = (1 - cos(w*t))/k", {"k": 0, "t": 2}, 2, {"k": -2 / 3, "t": 2}),
    ("t = acos(x); f = sin(n*t)/sin(t)", {"x": 1, "n": 3}, 3, {"x": 8, "n": 1}),
    ("f = sinh(n*acosh(x))/sinh(acosh(x))", {"x": 1, "n": 3}, 3, {"x": 8, "n": 1}),
    ("f = (x**3 - 1)/(x - 1)", {"x": 1}, 3, {"x": 3}),
    ("p = x**3; d = x - 1; f = a*(p - 1)/d", {"a": 2, "x": 1}, 6, {"a": 3, "x": 6}),
    ("f = (x**2.5 - 1)/(x - 1)", {"x": 1}, 2.5, {"x": 1.875}),
    ("f = (x**n - 1)/(x - 1)", {"x": 1, "n": 3.5}, 3.5, {"x": 4.375, "n": 1}),
    ("f = a*(1 - x**n)/(1 - x)", {"a": 2, "x": 1, "n": 4}, 8, {"a": 4, "x": 12, "n": 2}),
    ("d = x - 1; p = x**n; f = (p - 1)/d", {"x": 1, "n": 3}, 3, {"x": 3, "n": 1}),
]


FAR = [  # the same of powers that overflow
    (
        "f = (x**p + y**p)**(1/p)",
        {"x": 3e200, "y": 4e200, "p": 3},
        4.497941445275415e200,
        {"x": 0.4448513517305355, "y": 0.790846847520952, "p": -3.0388346340753535e199},
    ),
    (
        "f = (abs(a - b)**3 + 2*abs(c)**3)**(1/3)",
        {"a": 0, "b": 3e-200, "c": 0},
        3e-200,
        {"a": -1, "b": 1, "c": 0},
    ),
]


@pytest.mark.parametrize(("text", "at", "value", "slopes"), [*AT_POLES, *FAR], ids=str)
def test_the_limit_and_its_slopes(text, at, value, slopes):
    circuit = roads.circuit_at(text, {n: float(v) for n, v in at.items()})
    right = {"f": value, **{f"∂{n}": v for n, v in slopes.items()}}
    found = roads.by_module(circuit, at, "numpy", float, rows=2)
    for name, expected in right.items():
        atol = 0 if expected else 1e-15
        np.testing.assert_allclose(found[name], expected, rtol=1e-14, atol=atol)


TEXT = "n = 1/x; d = y - 1; p = y**k; f = n/(1 + n) + (p - 1)/d"
AT = {"x": 0.0, "y": 1.0, "k": 3.5}
RIGHT = {"f": 4.5, "∂x": -1.0, "∂y": 4.375, "∂k": 1.0}


@compiles
def test_c_has_them():
    circuit = roads.circuit_at(TEXT, AT)
    roads.assert_gives(roads.by_module(circuit, AT, "c", float), RIGHT, 1e-14, "C")


@pytest.mark.skipif(not roads.NODE, reason="needs Node")
def test_javascript_has_them():
    roads.assert_gives(roads.by_javascript(roads.circuit_at(TEXT, AT), AT), RIGHT, 1e-14, "Node")


def test_a_derivation_has_them():
    roads.assert_gives(roads.by_derivation(roads.circuit_at(TEXT, AT), AT), RIGHT, 1e-14, "at")


def test_entries_of_arrays_have_them():
    circuit = roads.circuit_at(
        "x: input[3]; n = 1/x; f: output = sum(n/(1 + n))", {"x": np.zeros(3)}
    )
    found = roads.by_module(circuit, {"x": np.array([0.0, 1, 3])}, "numpy", float)
    np.testing.assert_allclose(found["∂x"], [-1, -1 / 4, -1 / 16], rtol=1e-15)


def test_what_is_infinite_stays_infinite():
    for text in ("n = 1/x; f = n", "n = 1/x; f = n + 1", "n = 1/x; f = n**2/(1 + n)"):
        circuit = roads.circuit_at(text, {"x": 0.0})
        assert not np.isfinite(roads.by_module(circuit, {"x": 0.0}, "numpy", float)["f"])


COEFFICIENTS = [
    "T",
    "T**2",
    "sqrt(T)",
    "T**0.7",
    "T**k",
    "log(T)",
    "exp(k/T)",
    "(1 + sqrt(T))",
    "3",
]


@pytest.mark.parametrize("c", COEFFICIENTS)
def test_coefficients_may_be_any_function(c):
    """SymPy's `cancel` took minutes where one was a root, as in Redlich and Kwong's law."""
    state = {"R": 8.3, "T": 1.7, "V": 3.0, "b": 0.5, "a": 2.0, "k": 0.6}
    names = {n for n in "Tk" if n in c}
    value = float(sp.sympify(c).subs(state))
    at = {"a": 2.0, "x": 0.0, **{n: state[n] for n in sorted(names)}}
    circuit = roads.circuit_at(f"n = a/({c}*x); f = n/(1 + n)", at)
    found = roads.by_module(circuit, at, "numpy", float, rows=2)
    np.testing.assert_allclose(found["f"], 1, rtol=1e-15)
    np.testing.assert_allclose(found["∂x"], -value / 2, rtol=1e-14)
    if "k" not in c:
        del state["k"]
    circuit = roads.circuit_at(f"f = R*T/(V - b) - a/({c}*V*(V + b))", state)
    found = roads.by_module(circuit, state, "numpy", float, rows=2)
    right = 8.3 * 1.7 / 2.5 - 2 / (value * 3 * 3.5)
    np.testing.assert_allclose(found["f"], right, rtol=1e-14)


def test_a_term_over_several_numbers_has_no_branch_for_each():
    """Each branch would have poles again: the focal length of a thick lens had 83 lines."""
    circuit = sb.circuit("f = 1/((n - 1)*(1/R1 - 1/R2 + (n - 1)*d/(n*R1*R2)))", loss=None)
    assert len(gates(circuit)) < 20
    module = circuit.compile()
    point = {"R1": 0.125, "R2": -0.25, "n": 1.5, "d": 0.03125}
    inputs = module.Inputs(*(point[name] for name in module.Inputs._fields))
    found = module.forward(module.Params(), inputs)[0]
    assert found == pytest.approx(6 / 35, rel=1e-15, abs=0.0)
