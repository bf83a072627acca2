"""Functions of roots at a branch point: slopes that are 0·∞ as typed, beside limits by mpmath."""

import re

import numpy as np
import pytest

import symback as sb
from symback.stable import stable
from tests.cases import roads
from tests.cases.compilers import compiles
from tests.cases.limits import Limits
from tests.cases.one_in import one_in

ROOTS = {  # a steep function, its name left open, and its end
    "sqrt(x)": 0.0,
    "sqrt(w*x)": 0.0,
    "sqrt(1 - x)": 1.0,
    "sqrt(1 - x**2)": 1.0,
    "acos(x)": 1.0,
    "acosh(x)": 1.0,
    "pi/2 - asin(x)": 1.0,
}
FUNCTIONS = [
    *("cos(s)", "s*tanh(s)", "log(1 + s)*s", "s**2", "(1 + s)*exp(-s)", "s*sin(w*s)", "sin(s)/s"),
    *(
        "w*exp(-s**2)",
        "log(cosh(w*s))",
        "s/tanh(s)",
        "1/cosh(s)",
        "softplus(s) - s/2",
        "w + cosh(s)",
    ),
    *("(1 + w*s + w**2*s**2/3)*exp(-w*s)", "besselj(0, w*s)", "logaddexp(s, -s)", "sqrt(4 + s**2)"),
]
SPELLINGS = {
    "inline": lambda outer, root: "f = " + re.sub(r"\bs\b", f"({root})", outer),
    "named": lambda outer, root: f"s = {root}; f = {outer}",
    "in steps": lambda outer, root: f"s = {root}; g = {outer}; f = 3*g - w",
}
CASES = [
    (spell(outer, root), end)
    for outer in FUNCTIONS
    for root, end in ROOTS.items()
    for spell in SPELLINGS.values()
]


def circuit_of(text, wanted="input"):
    leaves = [n for n in ("x", "w") if re.search(rf"\b{n}\b", text)]
    declared = "\n".join(f"{n}: {wanted}" for n in leaves)
    return sb.circuit(f"{declared}\n" + text.replace("; ", "\n"), loss=None), leaves


def gradient_of(circuit, at):
    module = circuit.compile()
    inputs = module.Inputs(**at)
    with np.errstate(all="ignore"):
        value, cache = module.forward(module.Params(), inputs)
        bars = module.backward(module.Params(), inputs, cache, np.ones_like(value))[1]
    assert np.isfinite(value)
    return bars._asdict()


@pytest.mark.parametrize(("text", "end"), one_in(30, CASES), ids=str)
def test_the_slope_at_the_end_is_its_limit(text, end):
    circuit, leaves = circuit_of(text)
    at = {n: {"x": end, "w": 1.75}[n] for n in leaves}
    limits = Limits(circuit, at).first()
    assert "x" in limits
    found = gradient_of(circuit, at)
    for name, limit in limits.items():
        np.testing.assert_allclose(found[name], limit, rtol=1e-13, atol=1e-15)


ROADS = {
    "numpy": lambda circuit, at: roads.by_module(circuit, at, "numpy", float, rows=3),
    "c": lambda circuit, at: roads.by_module(circuit, at, "c", float),
    "javascript": roads.by_javascript,
    "derivation": roads.by_derivation,
}
NEEDS = {"c": compiles, "javascript": pytest.mark.skipif(not roads.NODE, reason="needs Node")}


@pytest.mark.parametrize("road", [pytest.param(road, marks=NEEDS.get(road, ())) for road in ROADS])
def test_every_road_has_these_slopes(road):
    circuit, _ = circuit_of("s = sqrt(x); t = acosh(1 + w); f = s*tanh(s) + t**2 + cos(t)")
    found = ROADS[road](circuit, {"x": 0.0, "w": 0.0})
    assert np.all(np.equal(found["∂x"], 1))
    assert np.all(np.equal(found["∂w"], 1))  # that of t² is 2, that of cos(t) -1


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("f = cos(sqrt(x))", {"x": 0}),
        ("t = acos(x); f = w*t**2", {"x": 1, "w": 2}),
        ("s = sqrt(x); f = s*tanh(w*s)", {"x": 0, "w": 2}),
    ],
)
def test_second_derivatives_at_the_end_are_limits(text, at):
    circuit, leaves = circuit_of(text.replace("f =", "f: loss ="), "param")
    limits = Limits(circuit, at).second()
    assert ("x", "x") in limits
    module = circuit.compile(functions=("hessp",))
    point = np.array([at[n] for n in leaves], float)
    for i, p in enumerate(leaves):
        with np.errstate(all="ignore"):
            found = module.hessp(point, np.eye(len(leaves))[i], module.Inputs())
        expected = [limits[p, q] for q in leaves]
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sum(cos(sqrt(x)))", [-0.5, -np.sin(1) / 2, -np.sin(2) / 4]),
        (
            "dot(sqrt(x), sin(sqrt(x)))",
            [1, (np.sin(1) + np.cos(1)) / 2, np.sin(2) / 4 + np.cos(2) / 2],
        ),
    ],
)
def test_entries_of_arrays_have_the_slopes_of_numbers(text, expected):
    circuit = sb.circuit(f"x: input[3]; f: output = {text}", loss=None)
    found = gradient_of(circuit, {"x": np.array([0.0, 1.0, 4.0])})
    np.testing.assert_allclose(found["x"], expected, rtol=1e-14)


@pytest.mark.parametrize(
    ("text", "x", "infinite"),
    [
        ("f = sin(sqrt(x))", 0.0, True),
        ("f = sqrt(x)*cos(sqrt(x))", 0.0, True),
        ("f = acos(x)**2", -1.0, True),
        ("f = exp(-sqrt(x))", 0.0, True),
        ("f = cos(sqrt(x))", -1.0, False),
    ],
)
def test_infinite_slopes_stay_so_and_no_value_is_made_up(text, x, infinite):
    """acos(x)² is as steep as acos at -1; outside of where a root is real nothing is known."""
    circuit, _ = circuit_of(text)
    module = circuit.compile()
    inputs = module.Inputs(x=x)
    with np.errstate(all="ignore"):
        cache = module.forward(module.Params(), inputs)[1]
        (found,) = module.backward(module.Params(), inputs, cache, 1.0)[1]
    assert np.isinf(found) if infinite else np.isnan(found)


@pytest.mark.parametrize(
    "text",
    [
        "where(x > 0, cos(sqrt(x)), 1 - x/2)",  # guarded
        "abs(min(sqrt(max(-y, x)**2 + 2*min(x - y, x)**2), y))**3",  # its slope has no operation
    ],
)
def test_no_second_choice_is_made(text):
    circuit, _ = circuit_of(f"f = {text}")
    assert stable(circuit) is circuit
