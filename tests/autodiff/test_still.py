"""Tangents where slope × tangent would be 0·∞, by hand: what does not move, and what has faded."""

import re

import numpy as np
import pytest

import symback as sb
from symback.autodiff.names import Names
from symback.autodiff.reverse import reverse_pass
from symback.autodiff.still import still
from tests.cases.one_in import one_in

INF = float("inf")
AT_EDGES = [  # circuit, leaves, along, J·v
    ("f = sqrt(x) + y", {"x": 0, "y": 2}, "y", 1),
    ("f = sqrt(x) + y", {"x": 0, "y": 2}, "x", INF),
    ("f = asin(x) + 3*y", {"x": 1, "y": 2}, "y", 3),
    ("f = acos(x)*y", {"x": -1, "y": 2}, "y", np.pi),
    ("f = acosh(x) + y", {"x": 1, "y": 2}, "y", 1),
    ("f = cbrt(a*x)", {"a": 2, "x": 0}, "a", 0),
    ("f = (a*x)**p", {"a": 2, "x": 0, "p": 0.5}, "p", 0),
    ("f = x*log(x/y)", {"x": 0, "y": 2}, "y", 0),
    ("f = (1 + x)*log(1 + x) + y", {"x": -1, "y": 0}, "y", 1),
    ("f = B + A*exp(-E/T)", {"A": 2, "E": 3, "T": 0, "B": 1}, "T", 0),
    ("f = B + A*exp(-E/T)", {"A": 2, "E": 3, "T": 0, "B": 1}, "B", 1),
    ("f = sigma(-a/x)", {"a": 2, "x": 0}, "a", 0),
    ("f = sqrt(x)*relu(x - 1)", {"x": 0}, "x", 0),
    ("f = x/(1 + x**t)", {"x": 0, "t": 0.5}, "x", 1),
    ("f = k*x/(1 + x**t)**2", {"k": 3, "x": 0, "t": 0.5}, "x", 3),
    ("u = w*x; n = 1 + u**t; f = u/n", {"w": 2, "x": 0, "t": 0.5}, "x", 2),
    ("f = sqrt(sqrt(a*x)*b)", {"a": 2, "x": 0, "b": 3}, "b", 0),
]


@pytest.mark.parametrize(("text", "at", "along", "expected"), AT_EDGES, ids=str)
def test_tangents_at_edges(text, at, along, expected):
    module = sb.circuit(text, inputs=list(at), loss=None).compile(functions=("jvp",))
    params = module.Params()
    inputs = module.Inputs(**{name: float(v) for name, v in at.items()})
    moved = module.Inputs(**{name: float(name == along) for name in at})
    with np.errstate(all="ignore"):
        found = module.jvp(params, inputs, params, moved)
    np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_entries_without_weight_do_not_move_a_softmax():
    """p[1] = σ((z1 - z0)/T): by T it is -p·(1 - p)·(z1 - z0)/T², whatever divides -∞."""
    text = "z: input[3]; T: param; f: output = softmax(z/T)[1]"
    module = sb.circuit(text, loss=None).compile(functions=("jvp",))
    params, inputs = module.Params(T=2.0), module.Inputs(z=np.array([0, 1, -np.inf]))
    found = module.jvp(params, inputs, module.Params(T=1.0), module.Inputs(z=np.zeros(3)))
    p = 1 / (1 + np.exp(-0.5))
    np.testing.assert_allclose(found, -p * (1 - p) / 4, rtol=1e-14)


@pytest.mark.parametrize("text", ["f = tanh(w*x + b)", "f = exp(-x**2/2)*w", "f = w*x/(1 + x**2)"])
def test_tangents_elsewhere_are_multiplied(text):
    """What is neither steep nor fades from infinity pays for no choice."""
    record = reverse_pass(sb.circuit(text, loss=None))
    found = still(record, Names(record.circuit))
    assert not found.steep
    assert not found.weightless


SECOND = [  # loss, parameters, along, H·v by hand
    (
        "z: param[2]; w: param[2]; f: loss = logsumexp(w*z)",  # it is w[1]*z[1]
        {"z": [-INF, 1], "w": [1, 2]},
        3,
        [0, 1, 0, 0],
    ),
    (
        "x: param; w: param; f: loss = sqrt(x)*where(x > 1, log(x - 1), 0)*w",
        {"x": 0, "w": 2},
        0,
        [0, 0],
    ),
    (
        "a: param; b: param; x: param; y: param; f: loss = (a*x + b*y)**1.5",
        {"a": 2, "b": 3, "x": 0, "y": 0},
        0,
        [0, 0, 0, 0],
    ),
    ("A: param; E: param; T: param; f: loss = A*exp(-E/T)", {"A": 2, "E": 3, "T": 0}, 2, [0] * 3),
    # what is 0 may move: of x/(2·√(a·x + b)) by x, and of -exp(-E/T)·A/T by A
    (
        "a: param; x: param; b: param; f: loss = sqrt(a*x + b)",
        {"a": 2, "x": 0, "b": 4},
        1,
        [0.25, -0.125, -0.0625],
    ),
    (
        "a: param[2]; x: param[2]; b: param; f: loss = sqrt(a @ x + b)",
        {"a": [1, 2], "x": [0, 1], "b": 2},
        2,
        [0.25, -1 / 32, -1 / 32, -1 / 16, -1 / 32],
    ),
    (
        "A: param; E: param; T: param; f: loss = A*exp(-E/T)",
        {"A": 0, "E": 3, "T": 1},
        0,
        [0, -np.exp(-3), 3 * np.exp(-3)],
    ),
]


@pytest.mark.parametrize(("text", "at", "along", "expected"), SECOND, ids=str)
def test_second_tangents_at_edges(text, at, along, expected):
    module = sb.circuit(text).compile(functions=("hessp",))
    point = np.concatenate([np.ravel(v) for v in at.values()]).astype(float)
    unit = np.zeros(len(point))
    unit[along] = 1
    with np.errstate(all="ignore"):
        found = module.hessp(point, unit, module.Inputs())
    np.testing.assert_array_equal(found, expected)


def test_the_curvature_by_a_temperature_has_no_part_of_what_has_no_weight():
    """Of log(1 + exp(-d/T)), d = z1 - z0 = 1, by T: with s = σ(-d/T) it is s·d/T²."""
    text = "z: param[3]; t: target; T: param; f: loss = cross_entropy(z/T, t)"
    module = sb.circuit(text).compile(functions=("hessp",))
    inputs = module.Inputs(t=np.array([1]))
    found = module.hessp(np.array([0, 1, -INF, 2]), np.array([0, 0, 0, 1.0]), inputs)
    s = 1 / (1 + np.exp(0.5))
    by_t = s * (1 - s) / 16 - 2 * s / 8  # d²/T⁴·s·(1 - s) - 2·s·d/T³
    by_d = s / 4 - s * (1 - s) / 8  # of -s/T by T
    np.testing.assert_allclose(found, [-by_d, by_d, 0, by_t], rtol=1e-13)


STEEP = ["sqrt(x)", "cbrt(x)", "x**0.3", "x**t", "(w*x)**0.6"]
OUTER = {  # h, and h(0)
    "1/(1 + u)": 1.0,
    "(2 + u)**-2": 0.25,
    "(1 + u)**(1/t)": 1.0,
    "exp(-u)": 1.0,
    "log(2 + u)": np.log(2),
    "sqrt(4 + u)": 2.0,
    "cos(u)": 1.0,
    "sigma(u)": 0.5,
}
PRODUCTS = [
    (text, 3 * at_zero)
    for inner in STEEP
    for outer, at_zero in OUTER.items()
    for text in (
        f"f = w*x*{outer.replace('u', f'({inner})')}",
        f"u = {inner}; r = w*x; f = r*{outer}",
    )
]


@pytest.mark.parametrize(("text", "expected"), one_in(8, PRODUCTS), ids=str)
def test_what_vanishes_with_the_base_of_a_root_has_the_slope_of_its_limit(text, expected):
    """Of x·h(xᵖ) at 0 that is h(0), by gradient, by J·v and in the numbers of a derivation."""
    at = {"w": 3.0, "x": 0.0, "t": 0.5}
    names = [
        name for name in at if name != "t" or "t" in text.replace("sqrt", "").replace("cbrt", "")
    ]
    circuit = sb.circuit(text, inputs=names, loss=None)
    module = circuit.compile(functions="jvp")
    inputs = module.Inputs(**{name: at[name] for name in module.Inputs._fields})
    moved = module.Inputs(**{name: float(name == "x") for name in module.Inputs._fields})
    with np.errstate(all="ignore"):
        params = module.Params()
        bars = module.backward(params, inputs, module.forward(params, inputs)[1])[1]
        along = module.jvp(params, inputs, params, moved)
    np.testing.assert_allclose([bars.x, along], expected, rtol=1e-14)
    shown = circuit.derive(wrt="x").at(**inputs._asdict()).evaluated()[1]
    np.testing.assert_allclose(shown["x"], expected, rtol=1e-14)


def test_two_roots_of_one_base_keep_their_slope():
    """√x·√x/(1 + √x) has the slope 1 at 0, which no product of the two slopes has."""
    circuit = sb.circuit("f = x/(1 + sqrt(x))", loss=None)
    assert not any(rewrite.rule == "powshare" for rewrite in circuit.gates.rewrites)
    assert circuit.check().passed


WITHOUT_WEIGHT = [  # what is infinitely steep at the end of where it is defined, and that end
    *((steep, 0.0) for steep in ("sqrt(x)", "cbrt(x)", "x**0.3", "x**t", "x*log(x)")),
    *((steep, 1.0) for steep in ("asin(x)", "acos(x)", "acosh(x)", "sqrt(1 - x**2)")),
]
WEIGHED = [
    (text.replace("h", f"({steep})" if "n = h" not in text else steep), end)
    for steep, end in WITHOUT_WEIGHT
    for text in (
        "f = w*h",
        "f = w**2*h + v",
        "n = h; f = w*n*v",
        "n = h; m = w*v; f = 2*m*n - v",
    )
]


@pytest.mark.parametrize(("text", "end"), one_in(6, WEIGHED), ids=str)
def test_a_weight_of_0_leaves_no_slope_at_the_end_of_a_root(text, end):
    """Of w·h(x) by x at w = 0 it is 0 for every x, and by w it is h(x); twice as well."""
    at = {"w": 0.0, "x": end, "v": 1.0, "t": 0.5}
    given = {n: v for n, v in at.items() if re.search(rf"\b{n}\b", text)}
    circuit = sb.circuit(text, inputs=list(given), loss=None)
    module = circuit.compile(functions="jvp")
    params, inputs = module.Params(), module.Inputs(**given)
    with np.errstate(all="ignore"):
        bars = module.backward(params, inputs, module.forward(params, inputs)[1])[1]
        moved = module.Inputs(**{n: float(n == "x") for n in given})
        along = module.jvp(params, inputs, params, moved)
    assert (bars.x, along) == (0, 0)
    shown = circuit.derive(wrt="x").at(**given).evaluated()[1]
    assert float(shown["x"]) == 0


@pytest.mark.parametrize("x", [0.0, 4.0])
def test_a_weight_that_is_0_may_move(x):
    circuit = sb.circuit("w: param; x: param; f: loss = w*sqrt(x)")
    module = circuit.compile(functions=("hessp",))
    with np.errstate(all="ignore"):
        found = [module.hessp(np.array([0, x]), v, module.Inputs()) for v in np.eye(2)]
    slope = 0.25 if x else INF
    np.testing.assert_array_equal(found, [[0, slope], [slope, 0]])


def test_what_vanishes_with_the_base_is_no_slope_of_0():
    """As typed the slope at 0 of h(√x) with h'(0) = 0, which is h″(0)/2, is 0·∞."""
    module = sb.circuit("s = sqrt(x); f = cos(s)", inputs=["x"], loss=None).compile(stable=False)
    inputs = module.Inputs(x=0.0)
    with np.errstate(all="ignore"):
        cache = module.forward(module.Params(), inputs)[1]
        (found,) = module.backward(module.Params(), inputs, cache)[1]
    assert np.isnan(found)
