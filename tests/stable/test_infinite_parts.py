"""Formulas that are ∞/∞ or 0/0 as typed and have a limit: values and slopes by hand."""

import numpy as np
import pytest

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
    ("f = (x**n - 1)/(x - 1)", {"x": 1, "n": 3.5}, 3.5, {"x": 4.375, "n": 1}),
    ("f = a*(1 - x**n)/(1 - x)", {"a": 2, "x": 1, "n": 4}, 8, {"a": 4, "x": 12, "n": 2}),
    ("d = x - 1; p = x**n; f = (p - 1)/d", {"x": 1, "n": 3}, 3, {"x": 3, "n": 1}),
]


@pytest.mark.parametrize(("text", "at", "value", "slopes"), AT_POLES, ids=str)
def test_the_limit_and_its_slopes(text, at, value, slopes):
    circuit = roads.circuit_at(text, {n: float(v) for n, v in at.items()})
    right = {"f": value, **{f"∂{n}": v for n, v in slopes.items()}}
    found = roads.by_module(circuit, at, "numpy", float, rows=2)
    for name, expected in right.items():
        np.testing.assert_allclose(found[name], expected, rtol=1e-14, atol=1e-15)


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
