"""Powers, roots and norms at their edges: one convention a kind, however a formula is spelled."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
import sympy as sp

import symback as sb
from symback.codegen.numpy import edge_kernels
from symback.operations.edges import CAREFUL, plainly
from symback.operations.expressions import real_symbol
from symback.stable import stable
from symback.truth.reference import Reference
from tests.cases.compilers import compiles
from tests.cases.one_in import one_in
from tests.cases.roads import (
    NODE,
    assert_gives,
    by_derivation,
    by_javascript,
    by_module,
    circuit_at,
)

INF, NAN = float("inf"), float("nan")
LEAST = 5e-324  # what a derivation gives where all digits cancel
POWERS = [  # circuit, point, value and partials in the order of the point
    ("f = x**p", {"x": 0, "p": 2.5}, (0, 0, 0)),
    ("f = x**p", {"x": 0, "p": 2}, (0, 0, 0)),
    ("f = x**p", {"x": 0, "p": 1}, (0, 1, 0)),
    ("f = x**p", {"x": 0, "p": 0.5}, (0, INF, 0)),
    ("f = x**p", {"x": 0, "p": 0}, (1, 0, -INF)),
    ("f = x**p", {"x": 0, "p": -1}, (INF, -INF, -INF)),
    ("f = x**p", {"x": 2, "p": 0}, (1, 0, 0.6931471805599453)),
    ("f = x**p", {"x": -2, "p": 0}, (1, 0, None)),
    ("f = x**(2*p + 1)", {"x": 0, "p": 0}, (0, 1, 0)),
    ("f = x**(1/n)", {"x": 0, "n": 0.5}, (0, 0, 0)),
    ("v = x**p; f = w*v + v**2", {"x": 0, "p": 1, "w": 3}, (0, 3, 0, 0)),
    ("f = x**x", {"x": 0}, (1, -INF)),
    ("f = x**x", {"x": 5e-324}, (1, -743.4400719213812)),
    ("f = 2**p*x**q", {"p": 1, "x": 0, "q": 2}, (0, 0, 0, 0)),
    ("f = x**0.3", {"x": 0}, (0, INF)),
    ("f = x**(1/3)", {"x": 0}, (0, INF)),
    ("f = x**1.5", {"x": 0}, (0, 0)),
    ("f = sqrt(x)", {"x": 0}, (0, INF)),
    ("f = K**n/(K**n + D**n)", {"K": 2, "D": 0, "n": 1.5}, (1, 0, 0, 0)),
    ("f = a*D**n/(K + D**n)", {"a": 3, "D": 0, "n": 2, "K": 1}, (0, 0, 0, 0, 0)),
    ("f = k*max(u, 0)**p", {"k": 2, "u": -1, "p": 2}, (0, 0, 0, 0)),
    ("f = k*max(u, 0)**p", {"k": 2, "u": -1, "p": 0.5}, (0, 0, 0, 0)),
    ("f = k*max(u, 0)**p", {"k": 2, "u": 0, "p": 1}, (0, 0, 1, 0)),
    ("f = relu(u)**0.5", {"u": -1}, (0, 0)),
    ("f = abs(x)**p", {"x": 0, "p": 0.5}, (0, 0, 0)),
    ("f = abs(x)**0.7", {"x": 0}, (0, 0)),
]
ORIGINS = [  # all are 0 with their slopes where x, y and z are 0
    "f = hypot(x, y)",
    "f = sqrt(x**2 + y**2)",
    "f = sqrt(x**2 + y**2 + z**2)",
    "f = sqrt(4*x**2 + y**2/9)",
    "f = sqrt(2*x**2 + 3*y**2)",
    "f = sqrt(2*x**2 + x**4*exp(y))",
    "f = sqrt(exp(z)*x**2 + y**2)",
    "f = (x**2 + y**2)**0.3",
    "f = (x**2 + y**2)**0.75",
    "f = (x**2 + y**2)**1.5",
    "r = sqrt(x**2 + y**2); f = r**2",
    "r = sqrt(x**2 + y**2); f = r*sin(x)",
    "r = hypot(x, y); f = log(1 + r)*exp(-r)",
    "q = x**2 + y**2; r = sqrt(q); f = 3*r + q",
    "u = 2*x - y; f = sqrt(u**2 + z**2)",
    "f = sqrt(abs(x) + y**2)",
    "f = sqrt(sin(x)**2 + (1 - cos(y))**2)",
    "f = hypot(hypot(x, y), z)",
    "f = sqrt(hypot(x, y)**2 + z**2)",
]
WEIGHTED = [
    ("f = sqrt(w*x**2 + v*y**2)", {"w": 2, "x": 0, "v": 3, "y": 0}, (0, 0, 0, 0, 0)),
    ("f = (w*x**2 + v*y**2)**p", {"w": 2, "x": 0, "v": 3, "y": 0, "p": 0.4}, (0,) * 6),
    ("f = (x**2 + y**2)**(p/2)", {"x": 0, "y": 0, "p": 1.5}, (0, 0, 0, 0)),
    ("f = sqrt((x - a)**2 + (y - b)**2)", {"x": 1, "a": 1, "y": 2, "b": 2}, (0,) * 5),
    ("f = sqrt(x**2 + y**2)", {"x": 0, "y": -2}, (2, 0, -1)),
    (
        "n = x**1.5; v = where(x < 0, 0, n)*x; f = sqrt(v**2 + y**2)*v",
        {"x": -0.5, "y": 0},
        (0,) * 3,
    ),
    ("n = x**1.5; v = where(x < 0, 0, n)*x; f = sqrt(v**2 + y**2)*v", {"x": 1, "y": 0}, (1, 5, 0)),
    ("n = x**1.5; v = n*x; f = y*(v**2 + y**2)**1.5", {"x": 0, "y": 0}, (0, 0, 0)),
    ("f = sqrt(x**2 - y**2)", {"x": 1, "y": 1}, (0, INF, -INF)),
    ("f = sqrt(x**2 + c)", {"x": 1, "c": -1}, (0, INF, INF)),
]
ARRAYS = [
    ("x: input[3]\nf = norm(x)", {"x": [0, 0, 0]}, (0, [0, 0, 0])),
    ("x: input[3]\nf = sqrt(dot(x, x))", {"x": [0, 0, 0]}, (0, [0, 0, 0])),
    ("x: input[3]\nf = sqrt(x @ x)", {"x": [0, 0, 0]}, (0, [0, 0, 0])),
    ("x: input[3]\nf = sqrt(sum(x**2))", {"x": [0, 0, 0]}, (0, [0, 0, 0])),
    ("x: input[3]\nf = sqrt(mean(x**2))", {"x": [0, 0, 0]}, (0, [0, 0, 0])),
    ("x: input[2]\nf = sqrt(2*sum(x**2))", {"x": [0, 0]}, (0, [0, 0])),
    ("x: input[2]; w: param[2]\nf = sqrt(sum(w*x**2))", {"x": [0, 0], "w": [3, 4]},
     (0, [0, 0], [0, 0])),
    ("x: input[2]; w: param[2]\nf = sqrt(dot(w, x**2))", {"x": [0, 0], "w": [3, 4]},
     (0, [0, 0], [0, 0])),
    ("x: input[2]; A: param[2, 2]\nf = sqrt(x @ A @ x)", {"x": [0, 0], "A": [[2, 0], [0, 1]]},
     (0, [0, 0], [[0, 0], [0, 0]])),
    ("X: input[2, 2]\nf = sum(norm(X, axis=1))", {"X": [[0, 0], [3, 4]]},
     (5, [[0, 0], [0.6, 0.8]])),
    ("X: input[2, 2]\nf = sum(sqrt(sum(X**2, axis=0)))", {"X": [[0, 3], [0, 4]]},
     (5, [[0, 0.6], [0, 0.8]])),
    ("X: input[2, 2]; w: param[2]\nr = sqrt(sum(w*X**2, axis=1)); f = sum(r**2)",
     {"X": [[0, 0], [3, 4]], "w": [1, 1]}, (25, [[0, 0], [6, 8]], [9, 16])),
    ("x: input[2]; y: input[2]\nf = sum(sqrt(x**2 + y**2))", {"x": [0, 3], "y": [0, 4]},
     (5, [0, 0.6], [0, 0.8])),
    ("x: input[2]; p: param\nf = sum(abs(x)**p)**(1/p)", {"x": [0, 0], "p": 1.5},
     (0, [0, 0], 0)),
    ("x: input[2]; p: param\nf = sum(x**p)", {"x": [0, 1], "p": 2}, (1, [0, 2], 0)),
    ("x: input[2]; p: param[2]\nf = sum(x**p)", {"x": [0, 0], "p": [1, 3]},
     (0, [1, 0], [0, 0])),
]  # fmt: skip
RANGES = [
    ("x: input[2]\nf = norm(x)", {"x": [3e200, 4e200]}, (5e200, [0.6, 0.8])),
    ("x: input[2]\nf = norm(x)", {"x": [3e-170, -4e-170]}, (5e-170, [0.6, -0.8])),
    ("x: input[2]\nf = sqrt(sum(x**2))", {"x": [3e200, 4e200]}, (5e200, [0.6, 0.8])),
    ("x: input[2]\nf = sqrt(dot(x, x))", {"x": [3e-170, 4e-170]}, (5e-170, [0.6, 0.8])),
    ("x: input[2]\nf = 1/sqrt(x @ x)", {"x": [3e200, 4e200]}, (2e-201, [0, 0])),
    ("x: input[2]; y: input\nf = sqrt(4*sum(x**2) + y**2)", {"x": [0, 1.5e200], "y": 4e200},
     (5e200, [0, 1.2], 0.8)),
    ("X: input[2, 2]\nf = norm(X)", {"X": [[3e200, 0], [0, 4e200]]},
     (5e200, [[0.6, 0], [0, 0.8]])),
    ("X: input[2, 2]\nf = sum(norm(X, axis=1))", {"X": [[3e-170, 4e-170], [3, 4]]},
     (5, [[0.6, 0.8], [0.6, 0.8]])),
    ("X: input[2, 2]\nf = sum(norm(X, axis=0))", {"X": [[3e200, 0], [4e200, 0]]},
     (5e200, [[0.6, 0], [0.8, 0]])),
    ("X: param[2, 2]; a: input\nf = a*sum(sqrt(sum(X**2, axis=1)))",
     {"X": [[3e200, 4e200], [0, 0]], "a": 2}, (1e201, [[1.2, 1.6], [0, 0]], 5e200)),
    ("x: input[2]\nf = norm(x)", {"x": [INF, 1]}, (INF, [None, 0])),
    ("x: input[2]\nf = sum(x/norm(x))", {"x": [0, 0]}, (NAN, None)),
]  # fmt: skip
INFINITE_LOGS = [
    ("x: input[3]\nf = logsumexp(x)", {"x": [-INF] * 3}, (-INF, [1 / 3] * 3)),
    ("x: input[3]\nf = logsumexp(x)", {"x": [1, INF, 0]}, (INF, [0, 1, 0])),
    ("x: input[3]\nf = logsumexp(x)", {"x": [INF, -INF, INF]}, (INF, [0.5, 0, 0.5])),
    ("x: input[2]\nf = logsumexp(x)", {"x": [-INF, 3]}, (3, [0, 1])),
    ("x: input[2]\nf = logsumexp(x)", {"x": [NAN, INF]}, (NAN, [NAN, NAN])),
    ("x: input[2]\nf = log(sum(exp(x)))", {"x": [-INF, -INF]}, (-INF, [0.5, 0.5])),
    ("x: input[3]\nf = softmax(x)[1]", {"x": [1, INF, 0]}, (1, [0, 0, 0])),
    ("x: input[3]\nf = softmax(x)[1]", {"x": [-INF, 2, 2]}, (0.5, [0, 0.25, -0.25])),
    ("x: input[3]\nf = log_softmax(x)[1]", {"x": [1, INF, 0]}, (0, [0, 0, 0])),
    ("x: input[3]\nf = log_softmax(x)[0]", {"x": [-INF, 2, 2]}, (-INF, [1, -0.5, -0.5])),
    ("X: input[2, 2]\nf = sum(logsumexp(X))", {"X": [[-INF, 0], [2, -INF]]},
     (2, [[0, 1], [1, 0]])),
    ("f = logaddexp(a, b)", {"a": -INF, "b": -INF}, (-INF, 0.5, 0.5)),
    ("f = logaddexp(a, b)", {"a": INF, "b": INF}, (INF, 0.5, 0.5)),
    ("f = log(exp(a) + exp(b))", {"a": -INF, "b": 2}, (2, 0, 1)),
    ("f = logaddexp(a, b)", {"a": INF, "b": 2}, (INF, 1, 0)),
    ("f = log(exp(a) + exp(b) + exp(c))", {"a": -INF, "b": -INF, "c": -INF},
     (-INF, 0.25, 0.25, 0.5)),
    ("z: input[3]; t: target[3]\nf = cross_entropy(z, t)", {"z": [2, -INF, 2], "t": [1, 0, 0]},
     (0.6931471805599453, [-0.5, 0, 0.5], None)),
    ("z: input[2]; t: target[2]\nf = cross_entropy(z, t)", {"z": [2, -INF], "t": [0, 1]},
     (INF, [1, -1], None)),
    ("z: input[3]; t: target\nf = cross_entropy(z, t)", {"z": [2, -INF, 2], "t": 0},
     (0.6931471805599453, [-0.5, 0, 0.5], None)),
]  # fmt: skip
NOT_A_NUMBER = [
    ("f = relu(x)", {"x": NAN}, (NAN, NAN)),
    ("f = abs(x)", {"x": NAN}, (NAN, NAN)),
    ("f = max(x, y)", {"x": NAN, "y": 1}, (NAN, NAN, 0)),
    ("f = max(x, y)", {"x": -INF, "y": NAN}, (NAN, 0, NAN)),
    ("f = min(x, y)", {"x": NAN, "y": NAN}, (NAN, NAN, NAN)),
    ("f = max(x, y, z)", {"x": 1, "y": NAN, "z": 2}, (NAN, None, NAN, 0)),
    ("f = sign(x)", {"x": NAN}, (NAN, None)),
    ("relu'(0) = 1\nf = relu(x)", {"x": NAN}, (NAN, NAN)),
    ("abs'(0) = 1\nf = abs(x)", {"x": NAN}, (NAN, NAN)),
    ("max'(tie) = 1\nf = max(x, y)", {"x": NAN, "y": 1}, (NAN, NAN, 0)),
    ("min'(tie) = 0\nf = min(x, y)", {"x": 1, "y": NAN}, (NAN, 0, NAN)),
    ("f = where(x > 0, y, 2*y)", {"x": NAN, "y": 3}, (6, 0, 2)),
    ("f = where(x > 0, x, y**2)", {"x": NAN, "y": 3}, (9, 0, 6)),
    ("f = where(y > 0, x, y)", {"y": 1, "x": NAN}, (NAN, 0, 1)),
    ("f = relu(x)*y + y", {"x": -INF, "y": 2}, (2, 0, 1)),
    ("x: input[3]\nf = max(x)", {"x": [1, NAN, 2]}, (NAN, [0, NAN, 0])),
    ("X: input[2, 2]\nf = sum(min(X, axis=1))", {"X": [[1, NAN], [2, 2]]},
     (NAN, [[0, NAN], [0.5, 0.5]])),
    ("x: input[3]\nf = sum(relu(x)) + sum(abs(x))", {"x": [1, NAN, -2]}, (NAN, [2, NAN, -1])),
    ("x: input[2]; y: input[2]\nf = sum(max(x, y))", {"x": [NAN, 1], "y": [1, NAN]},
     (NAN, [NAN, 0], [0, NAN])),
]  # fmt: skip
LOGISTIC = [  # spelled so that it keeps its digits; the parts have kinks, the whole has none
    "relu(z) - z*t + log(1 + exp(-abs(z)))",
    "max(z, 0) - t*z + log1p(exp(-abs(z)))",
    "relu(-z) + z*(1 - t) + log(1 + exp(-abs(z)))",
    "max(-z, 0) + z - z*t + log1p(exp(-abs(z)))",
    "(abs(z) + z)/2 - z*t + softplus(-abs(z))",
    "relu(z)*(1 - t) + relu(-z)*t - log(sigma(abs(z)))",
    "where(z >= 0, z, 0) - z*t + log(1 + exp(-where(z > 0, z, -z)))",
    "where(z < 0, 0, z) - z*t + log(1 + exp(min(z, -z)))",
    "-min(z, 0) + (1 - t)*z - logsigmoid(max(z, -z))",
]
SMOOTH = [
    *((f"f = {text}", {"z": 0, "t": 0.25}, (0.6931471805599453, 0.25, 0)) for text in LOGISTIC),
    ("a = abs(z); m = relu(z); f = m - z*t + log(1 + exp(-a))", {"z": 0, "t": 1},
     (0.6931471805599453, -0.5, 0)),
    ("p = relu(z) - z*t; q = log(1 + exp(-abs(z))); f = p + q", {"z": 0, "t": 0},
     (0.6931471805599453, 0.5, 0)),
    ("relu'(0) = 1; abs'(0) = -1\nf = relu(z) + log(1 + exp(-abs(z)))", {"z": 0},
     (0.6931471805599453, 0.5)),
    ("f = 3*w*relu(2*z) - 6*w*z*t + 3*w*log(1 + exp(-2*abs(z)))", {"w": 1, "z": 0, "t": 0},
     (2.0794415416798357, 2.0794415416798357, 3, 0)),
    ("f = relu(w*x + b) - (w*x + b)*t + log(1 + exp(-abs(w*x + b)))",
     {"w": 2, "x": 1, "b": -2, "t": 0}, (0.6931471805599453, 0.5, 1, 0.5, 0)),
    ("z: input[2]; t: input[2]\nf = mean(relu(z) - z*t + log(1 + exp(-abs(z))))",
     {"z": [0, 0], "t": [0, 1]}, (0.6931471805599453, [0.25, -0.25], [0, 0])),
]  # fmt: skip
ALL = [
    *POWERS,
    *((t, {n: 0 for n in "xyz" if n in t.replace("exp", "")}, None) for t in ORIGINS),
    *WEIGHTED,
    *ARRAYS,
    *RANGES,
    *INFINITE_LOGS,
    *NOT_A_NUMBER,
    *SMOOTH,
]
ROADS = {
    "NumPy": lambda c, at: by_module(c, at, "numpy", np.float64),
    "NumPy, float32": lambda c, at: by_module(c, at, "numpy", np.float32),
    "NumPy, a batch": lambda c, at: by_module(c, at, "numpy", np.float64, rows=1),
    "C": lambda c, at: by_module(c, at, "c", np.float64),
    "C, float32": lambda c, at: by_module(c, at, "c", np.float32),
    "JavaScript": by_javascript,
    "derivation": by_derivation,
}
MARKS = {"C": compiles, "C, float32": compiles}
MARKS["JavaScript"] = pytest.mark.skipif(NODE is None, reason="node is not installed")


def expected(circuit, at, given, road):
    """What a road can give: None is a number that nothing is promised of."""
    names = [circuit.output.name, *(f"∂{n}" for n in at)]
    right = dict(zip(names, given or [0.0] * len(names), strict=True))
    right = {n: v for n, v in right.items() if v is not None}
    if road == "derivation":  # which takes the mathematics, where a pole has no number
        right = {n: v for n, v in right.items() if np.all(np.isfinite(np.array(v, float)))}
    return right


def compare(found, right, digits, what):
    for name, value in right.items():
        parts = np.array(value, object)
        known = np.vectorize(lambda part: part is not None, otypes=[bool])(parts)
        wanted = np.where(known, parts, 0.0).astype(float)
        got = np.asarray(found.get(name, 0.0), float).reshape(wanted.shape)
        np.testing.assert_allclose(
            got[known], wanted[known], digits, LEAST, err_msg=f"{what}: {name}"
        )


def in_range_of_float32(at, given):
    numbers = [n for v in (*at.values(), *(given or ())) for n in np.ravel(v) if n is not None]
    return all(n == 0 or not np.isfinite(n) or 1e-37 < abs(n) < 1e38 for n in numbers)


@pytest.mark.parametrize(
    "road", one_in(2, [pytest.param(r, marks=MARKS.get(r, ())) for r in ROADS])
)
@pytest.mark.parametrize(("text", "at", "given"), one_in(9, ALL))
def test_values_and_slopes_at_the_edges(text, at, given, road):
    circuit = circuit_at(text, at)
    if road == "JavaScript" and circuit.has_arrays:
        pytest.skip("the page's programs are of numbers")
    if road == "derivation" and any(not np.all(np.isfinite(v)) for v in at.values()):
        pytest.skip("a derivation takes finite numbers")
    if "float32" in road and not in_range_of_float32(at, given):
        pytest.skip("the numbers are beyond float32")
    found = ROADS[road](circuit, at)
    compare(found, expected(circuit, at, given, road), 1e-6 if "32" in road else 1e-14, road)


CUSPS = {
    "f = k*max(u, 0)**p",
    "f = abs(x)**p",
    "f = abs(x)**0.7",
    "f = (x**2 + y**2)**0.3",
    "f = sqrt(abs(x) + y**2)",
    "f = (w*x**2 + v*y**2)**p",
}
SCALARS = [c for c in ALL if "[" not in c[0] and c not in (*INFINITE_LOGS, *NOT_A_NUMBER, *SMOOTH)]


@pytest.mark.parametrize(("text", "at", "given"), SCALARS)
def test_the_truth_has_the_same_conventions(text, at, given):
    """The reference of the check, and the same circuit computed as it is typed."""
    circuit = circuit_at(text, at)
    right = expected(circuit, at, given, "derivation")
    typed = by_module(circuit.as_typed(), at, "numpy", np.float64)
    compare(typed, right, 1e-14, "as typed")
    truth = Reference(circuit, circuit.output.name).at({n: float(v) for n, v in at.items()})
    numbers = [x for v in given or () for x in np.ravel(v)]
    if text not in CUSPS:  # where the slopes of both sides have no mean
        assert (truth is None) == (not all(x is not None and np.isfinite(x) for x in numbers))
    if truth is not None:
        found = {f"∂{n}": float(b.mid()) for n, b in truth.partials.items()}
        compare({circuit.output.name: float(truth.value.mid()), **found}, right, 1e-14, "truth")


@pytest.mark.parametrize("scale", [1e19, 1e-22])
def test_norms_keep_their_range_in_float32(scale):
    circuit = sb.circuit("X: input[m, n]\nf = norm(X) + sum(sqrt(sum(X**2, axis=1)))", loss=None)
    at = {"X": (scale * np.array([[3, 0], [0, 4]])).tolist()}
    found = by_module(circuit, at, "numpy", np.float32)
    assert found["f"].dtype == found["∂X"].dtype == np.float32
    assert_gives(found, {"f": 12 * scale, "∂X": [[1.6, 0], [0, 1.8]]}, 1e-6, "float32")


def test_derivations_show_what_was_typed():
    circuit = sb.circuit("f = x**p + sqrt(x**2 + w*y**2)", inputs="x y", params="p w", loss=None)
    for text in (str(circuit.derive()), circuit.derive().to_latex(), str(circuit.gradient())):
        assert not any(head.__name__ in text for head in CAREFUL)
    gradient = circuit.gradient()
    x, p = real_symbol("x"), real_symbol("p")
    assert gradient["p"] == x**p * sp.log(x)


@pytest.mark.parametrize("head", CAREFUL)
def test_plain_forms_are_equal_inside_the_domain(head):
    names = [real_symbol(n) for n in ("a", "b")][: max(head.nargs)]
    made = head(*names)
    inside = {n: sp.Rational(v) for n, v in zip(names, ("3/2", "5/4"), strict=False)}
    assert plainly(sp.sin(made)) == sp.sin(head.plain(*names))
    assert abs(made.subs(inside).evalf(30) - head.plain(*names).subs(inside).evalf(30)) < 1e-25
    for name in names:
        slope = plainly(made.diff(name)).subs(inside).evalf(30)
        assert abs(slope - head.plain(*names).diff(name).subs(inside).evalf(30)) < 1e-25


def test_a_root_that_is_not_of_squares_has_an_infinite_slope():
    """Nothing but what is never negative is least at 0."""
    for text in ("sqrt(x)", "sqrt(x*y)", "sqrt(x + y**2)", "sqrt(x*exp(y))", "(x + abs(y))**0.3"):
        circuit = sb.circuit(f"f = {text}", inputs="x y" if "y" in text else "x", loss=None)
        at = {n: float(n == "y" and "y*" not in text and "x +" not in text) for n in "xy"}
        at = {n: v for n, v in at.items() if n in text.replace("exp", "")}
        assert by_module(circuit, at, "numpy", np.float64)["∂x"] == INF, text


@pytest.mark.parametrize("text", [LOGISTIC[0], LOGISTIC[6], f"mean({LOGISTIC[5]})"])
def test_the_check_takes_a_loss_for_smooth_that_is(text):
    """The points of a check at kinks have z = 0."""
    leaves = "z: input[n]; t: input[n]" if "mean" in text else "z: input; t: input"
    report = sb.circuit(f"{leaves}\nf = {text}", loss=None).check(points=20)
    assert report.passed, str(report)


@pytest.mark.parametrize("text", ["relu(z) + log(1 + exp(-abs(t)))", "abs(z) + softplus(-abs(z))"])
def test_kinks_that_stay_are_kinks(text):
    at = {"z": 0, "t": 0} if "abs(t)" in text else {"z": 0}
    circuit = circuit_at(f"f = {text}", at)
    assert not any(rewrite.smooths for rewrite in stable(circuit).rewrites)
    assert by_module(circuit, at, "numpy", np.float64)["∂z"] == 0


KERNELS = {  # kernel, what it is in mpmath, points
    "_power_slope": (lambda a, b: b * mp.power(a, b - 1), [(0.3, 2.5), (1.7, -3.0), (-2.0, 3.0)]),
    "_root_slope": (lambda a, b: b * mp.power(a, b - 1), [(0.3, 0.5), (1.7, -3.0), (4.0, 2.0)]),
    "_power_log": (lambda v, a: v * mp.log(a), [(0.3, 2.5), (-1.7, 0.01)]),
    "_nonzero": (lambda v: v, [(0.3,), (-1e-20,)]),
    "_nonvanishing": (lambda v: v, [(0.3,), (-1e-30,)]),
    "_zero_over": (lambda a, b: a / b, [(0.3, 2.5), (-1.7, -0.01)]),
    "_exp_share": (lambda a, b: 1 / (1 + mp.exp(b - a)), [(0.3, 2.5), (100.0, -3.0), (-80.0, 2.0)]),
}
EXACT_VALUES = [
    ("_power_slope", (0.0, 0.0), 0), ("_power_slope", (0.0, 1.0), 1),
    ("_power_slope", (0.0, 0.5), INF), ("_power_slope", (0.0, -1.0), -INF),
    ("_power_slope", (INF, 0.0), 0), ("_power_slope", (INF, 2.5), INF),
    ("_power_slope", (-INF, 4.0), -INF),
    ("_root_slope", (0.0, 0.5), 0), ("_root_slope", (0.0, 1.0), 1), ("_root_slope", (0.0, 0.0), 0),
    ("_root_slope", (0.0, 1e-12), 0), ("_root_slope", (0.0, -1.0), -INF),
    ("_power_log", (0.0, 0.0), 0), ("_power_log", (1.0, 0.0), -INF), ("_power_log", (0.0, INF), 0),
    ("_nonzero", (0.0,), INF), ("_nonzero", (-0.0,), INF), ("_nonvanishing", (0.0,), 1),
    ("_zero_over", (0.0, 0.0), 0), ("_zero_over", (1.0, 0.0), INF),
    ("_exp_share", (INF, INF), 0.5), ("_exp_share", (-INF, -INF), 0.5),
    ("_exp_share", (INF, -INF), 1), ("_exp_share", (-INF, 2.0), 0),
]  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", KERNELS)
def test_kernels_keep_their_digits(name, dtype):
    meaning, points = KERNELS[name]
    kernel = getattr(edge_kernels, name)
    columns = np.array([p for p in points if max(map(abs, p)) < 1e30], dtype).T
    found = kernel(*columns)
    assert found.dtype == dtype and found.shape == columns[0].shape
    for point, number in zip(columns.T, found, strict=True):
        right = dtype(float(meaning(*(mp.mpf(float(p)) for p in point))))
        np.testing.assert_array_max_ulp(number, right, 4)
        alone = kernel(*point)
        assert alone.dtype == dtype and alone.ndim == 0
        np.testing.assert_array_max_ulp(alone, number, 1)
    assert np.isnan(kernel(*[dtype(np.nan)] * len(columns)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("name", "at", "right"), EXACT_VALUES)
def test_kernels_at_the_edges(name, at, right, dtype):
    with np.errstate(divide="ignore"):
        assert getattr(edge_kernels, name)(*map(dtype, at)) == right


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_slope_of_a_power_where_1_over_its_base_overflows(dtype):
    least, power = np.finfo(dtype).smallest_subnormal, 0.13 if dtype is np.float32 else 0.045
    bases = np.array([least, 0.0, 4.0, 0.0, -least, least, least], dtype)
    exponents = np.array([least, 1.0, 0.5, -1.0, -2.0, -least, power], dtype)
    base, exponent = mp.mpf(float(least)), mp.mpf(float(exponents[-1]))
    with mp.workdps(30):
        right = [1, 1, 0.25, -INF, INF, -1, float(exponent * base ** (exponent - 1))]
    with np.errstate(all="ignore"):
        found = edge_kernels._power_slope(bases, exponents)
        assert found.dtype == dtype
        alone = [edge_kernels._power_slope(*at) for at in zip(bases, exponents, strict=True)]
    for slopes in (found, alone):
        np.testing.assert_allclose(slopes, right, 1e-6 if dtype is np.float32 else 1e-14)


def test_kernels_choose_entry_by_entry_and_warn_of_nothing_that_is_not_chosen():
    with np.errstate(all="raise"):
        shares = edge_kernels._exp_share(np.array([INF, 2.0, -INF]), np.array([INF, 0.0, 1.0]))
        slopes = edge_kernels._root_slope(np.array([0.0, 4.0]), np.array([0.5, 0.5]))
        logs = edge_kernels._power_log(np.array([0.0, 2.0]), np.array([0.0, 1.0]))
    np.testing.assert_allclose(shares, [0.5, 0.8807970779778824, 0], 1e-15)
    assert slopes.tolist() == [0, 0.25] and logs.tolist() == [0, 0]
