"""The check at the edges of formulas: where it looks, what it finds there, what it says."""

import json
import math

import mpmath as mp
import numpy as np
import pytest
import sympy as sp
from flint import arb

import symback as sb
from symback.check.check import check_module
from symback.codegen.loading import ModuleFiles, load, load_files
from symback.operations.balls.scalars import evaluate, nearest_float, order, precision
from symback.operations.expressions import real_symbol
from symback.truth.edges import EdgeFinder
from symback.truth.explicit import explicit
from symback.truth.oracle import Oracle
from symback.truth.packing import ModuleEntries
from symback.truth.reference import Reference
from symback.truth.sides import slope_by_operations, slope_from_sides
from tests.cases.compilers import compiles
from tests.cases.edge_faults import FAULTS
from tests.cases.one_in import one_in

# -- planted faults ------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", one_in(2, FAULTS))
def test_faults_at_edges_are_found_and_right_modules_pass(fault):
    planted = FAULTS[fault]
    circuit = sb.circuit(planted.circuit, loss=None)
    module, oracle = circuit.compile(), Oracle(circuit)
    assert check_module(circuit, module, oracle=oracle).passed
    report = check_module(circuit, planted.plant(module), oracle=oracle)
    wrong = {row.quantity for row in report.rows if not row.passed}
    assert any(planted.number in quantity.split("∂")[-1] for quantity in wrong), str(report)


def test_a_report_names_the_point_the_number_and_the_line():
    circuit = sb.circuit("n = sqrt(u)\nf = where(u <= 0, 0, n)", loss=None)
    right = "u_bar = np.where(u <= 0, 0.0, n_bar / (2 * n))"
    text = circuit.generate()
    assert right in text
    report = check_module(circuit, load(text.replace(right, "u_bar = n_bar / (2 * n)"), "bare"))
    row = next(row for row in report.rows if row.quantity == "∂f/∂u")
    assert row.at.startswith("u=") and "is not a finite float64 number" in row.at
    assert row.at.endswith(": u_bar = n_bar / (2 * n)")


# circuit, a line of its C file, what stands there instead, the quantity that is lost
IN_C = [
    (
        "n = sqrt(u)\nf = where(u <= 0, 0, n)",
        "const double u_bar = ((u <= 0.0) ? 0.0 : n_bar / (2.0 * n));",
        "const double u_bar = n_bar / (2.0 * n);",
        "∂f/∂u",
    ),
    (
        "f = abs(x)*w",
        "const double f_1 = fabs(x);",
        "const double f_1 = fabs(x) / (x - x);",
        "f",
    ),
    (
        "x: input[k]; w: param[k]\nn = log(x)\nf: output = sum(where(x > 0, w*n, 0))",
        "x_bar[i] = ((x[i] > 0.0) ? n_bar[i] / x[i] : 0.0);",
        "x_bar[i] = n_bar[i] / x[i];",
        "∂f/∂x_1",
    ),
]


@compiles
@pytest.mark.parametrize(("text", "right", "wrong", "quantity"), IN_C)
def test_a_report_names_the_line_of_a_c_file(text, right, wrong, quantity):
    circuit = sb.circuit(text, loss=None)
    texts = dict(ModuleFiles.of(circuit.compile(target="c")).files)
    source = texts[".c"].decode()
    assert right in source, source
    number = source[: source.index(right)].count("\n") + 1
    files = {end: content.decode() for end, content in texts.items()}
    module = load_files({**files, ".c": source.replace(right, wrong)}, "bare")
    rows = {row.quantity: row for row in check_module(circuit, module).rows}
    assert rows[quantity].at.endswith(f", from line {number} of the C file: {wrong}"), rows


# -- where it looks ------------------------------------------------------------------------------

# circuit, and what holds at some of the points that are found
MET = [
    ("n = sqrt(u)\nf = where(u <= 0, 0, n)", lambda u: u == 0),
    ("n = sqrt(u)\nf = where(u <= 0, 0, n)", lambda u: u < 0),
    ("n = sqrt(u)\nf = where(u <= 0, 0, n)", lambda u: u > 0),
    ("f = where(2*u + 3 > v, u, v)", lambda u, v: 2 * u + 3 == v),
    ("f = where(2*u + 3 > v, u, v)", lambda u, v: 2 * u + 3 < v),
    ("f = where(2*u + 3 > v, u, v)", lambda u, v: 2 * u + 3 > v),
    ("n = tanh(u)\nf = where(n > 1/2, u, 0)", lambda u: mp.tanh(u) > 0.5),
    ("f = u**v", lambda u, v: u == 0 and v > 0),
    ("n = u - v\nf = max(n, w)", lambda u, v, w: u - v == w),
    ("f = abs(u - 3*v)", lambda u, v: u == 3 * v),
    ("f = abs(u)*v", lambda u, v: u == 0 and math.copysign(1, u) < 0),
    ("r = sqrt(u**2 + (v - w)**2)\nf = r**2", lambda u, v, w: u == 0 and v == w),
    ("f = where(u + v < 1/4, 0, acos(u))", lambda u, v: abs(u) > 1 and u + v < 0.25),
]


@pytest.mark.parametrize(("text", "holds"), MET)
def test_points_lie_on_edges_and_on_both_sides(text, holds):
    made, entries = explicit(sb.circuit(text, loss=None))
    names = {n.name for n in made.leaves}
    found = []
    for seed in range(6):
        finder = EdgeFinder(made, ModuleEntries.of(entries))
        for batch in finder.point_batches(np.random.default_rng(seed)):
            found += [batch.merged(point) for point in batch.points]
    assert found and any(holds(**{n: point[n] for n in names}) for point in found)


def test_what_is_not_read_is_nan_at_some_points():
    circuit = sb.circuit("f = where(m > 0, d*a, exp(-d))", loss=None)
    points = [s.merged(p) for s, _ in Oracle(circuit).point_batches(24, 0) for p in s.points]
    assert any(math.isnan(point["a"]) and point["m"] <= 0 for point in points)
    masked = [point for point in points if sum(map(math.isnan, point.values())) > 1]
    assert not any(math.isnan(point["d"]) or math.isnan(point["m"]) for point in masked)


def test_smooth_circuits_cost_nothing_more():
    point_batches = Oracle(sb.circuit("f = x1 - sigma(w3*x3 + w4*x4)")).point_batches(24, 0)
    assert not any(batch.at_edge for batch, _ in point_batches)


# -- what is right there -------------------------------------------------------------------------

SLOPES = [
    # function, place, slope: by the definition of a derivative, or of a kink of even form
    (lambda t: t * t * t, 0, 0),
    (lambda t: abs(t) * t, 0, 0),
    (lambda t: abs(t), 0, 0),
    (lambda t: t.sqrt() if t >= 0 else arb("nan"), 0, None),
    (lambda t: t.sqrt() if t >= 0 else arb("nan"), 4, 0.25),
    (lambda t: 2 * t + abs(t), 0, None),
    (lambda t: arb(1) if t == 0 else t.sin() / t, 0, 0),
    (lambda t: t.exp(), 0, 1),
    (lambda t: (-t).sqrt() if t <= 0 else arb("nan"), 0, None),
    (lambda t: abs(t) ** 3 + t, 0, 1),
    (lambda t: t if t > 0 else arb("nan") if t < 0 else arb(0), 0, None),
    (lambda t: t * t if t > 0 else 2 * t, 0, None),
    (lambda t: t * t if t > 0 else -(t * t), 0, 0),
    (lambda t: -3 * abs(t), 0, 0),
]


# the same where the function may be defined on one side only
INSIDE = [
    (lambda t: t * t + 3 * t if t >= 0 else arb("nan"), 0, 3),
    (lambda t: t * t + 3 * t if t <= 0 else arb("nan"), 0, 3),
    (lambda t: t.sqrt() if t >= 0 else arb("nan"), 0, None),
    (lambda t: arb("nan") if t != 0 else t, 0, None),
    (lambda t: t.exp(), 0, 1),
]


@pytest.mark.parametrize(("function", "at", "slope"), INSIDE)
def test_slopes_from_inside(function, at, slope):
    found = slope_from_sides(function, arb(at), inside=True)
    assert found.is_nan() if slope is None else nearest_float(found) == slope


@pytest.mark.parametrize(("function", "at", "slope"), SLOPES)
def test_slopes_from_both_sides(function, at, slope):
    found = slope_from_sides(function, arb(at))
    assert found.is_nan() if slope is None else nearest_float(found) == slope


u, v, p = map(real_symbol, "uvp")
BY_OPERATIONS = [
    # expression, point, slope by u through the branch that is taken
    (sp.Piecewise((2 * sp.Max(u, 0) ** p, p > 0), (sp.log(u), True)), {u: 0, p: 1}, 1),
    (sp.Piecewise((2 * sp.Max(u, 0) ** p, p > 0), (sp.log(u), True)), {u: 2, p: -1}, 0.5),
    (v * sp.Piecewise((u**2, u > v), (sp.sqrt(u), True)) + 3 * u, {u: 4, v: 3}, 27),
    (v * sp.Piecewise((u**2, u > v), (sp.sqrt(u), True)) + 3 * u, {u: 4, v: 8}, 5),
    (sp.sin(u) * sp.exp(u * v), {u: 0, v: 7}, 1),
    (sp.Abs(u) * v + u, {u: 0, v: 7}, 1),
    (v**2, {u: 0, v: 7}, 0),
    (u, {u: 5}, 1),
]


@pytest.mark.parametrize(("expr", "at", "slope"), BY_OPERATIONS)
def test_slopes_by_operations_go_through_the_branch_taken(expr, at, slope):
    with precision(200):
        values = {symbol: arb(number) for symbol, number in at.items()}
        for part in order(expr):
            values[part] = evaluate(part, values)
        found = slope_by_operations(expr, u, values)
    assert isinstance(found, arb) and nearest_float(found) == slope


TRUTHS = [
    # circuit, point, partials by hand
    ("n = sqrt(u)\nf = where(u <= 0, 0, n)", {"u": -1}, {"u": 0}),
    ("r = sqrt(u**2 + v**2)\nf = r**2", {"u": 0, "v": 0}, {"u": 0, "v": 0}),
    ("s = u**2 + v**2\nf = sqrt(s)", {"u": 0, "v": 0}, {"u": 0, "v": 0}),
    ("f = u**v", {"u": 0, "v": 3}, {"u": 0, "v": 0}),
    ("f = u**v", {"u": 0, "v": 1}, {"u": 1, "v": 0}),
    ("f = w*max(u, 0)**v", {"u": -2, "v": 1.5, "w": 3}, {"u": 0, "v": 0, "w": 0}),
    ("f = where(m > 0, (d - a)**2, 0)", {"m": 0, "d": math.nan, "a": 1}, {"m": 0, "d": 0, "a": 0}),
    ("f = exp(x)*w", {"x": -math.inf, "w": 2}, {"x": 0, "w": 0}),
    ("f = (a*x)**b", {"a": 2, "x": 0, "b": 1.5}, {"a": 0, "x": 0, "b": 0}),
    ("f = (a/x)**1.5", {"a": 2, "x": math.inf}, {"a": 0, "x": 0}),
    ("f = max(sqrt(a/x), a)", {"a": 2, "x": math.inf}, {"a": 1, "x": 0}),
    ("f = where(a > 1, 3*a, sqrt(a/x))", {"a": 2, "x": math.inf}, {"a": 3, "x": 0}),
]


@pytest.mark.parametrize(("text", "at", "right"), TRUTHS)
def test_the_truth_at_edges(text, at, right):
    circuit = sb.circuit(text, inputs=list(at), loss=None)
    truth = Reference(circuit, "f").at({name: float(value) for name, value in at.items()})
    assert {name: nearest_float(ball) for name, ball in truth.partials.items()} == right


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("f = sqrt(a*x)", {"a": 2.0, "x": 0.0}),
        ("f = sqrt(a/x)", {"a": 2.0, "x": math.inf}),
        ("f = (1/x)**0.3", {"x": math.inf}),
        ("f = exp(-(a*c/x)**b)", {"a": 2.0, "c": 3.0, "x": math.inf, "b": 0.5}),
        ("s = sqrt(x)\nf = s*x", {"x": 0.0}),
        ("f = log(x)*x", {"x": 0.0}),
        ("f = abs(x) + 2*sqrt(x**2 + y**2) + sqrt(x)", {"x": 0.0, "y": 0.0}),
    ],
)
def test_there_is_no_truth_where_there_is_no_slope(text, at):
    assert Reference(sb.circuit(text, inputs=list(at), loss=None), "f").at(at) is None


# -- what it says --------------------------------------------------------------------------------


def test_points_without_a_derivative_are_counted():
    report = sb.circuit("f = sqrt(x)*w", loss=None).check()
    assert report.passed and report.skipped >= 1
    assert f"{report.skipped} point" in report.verdict and "skipped" in str(report)
    assert json.loads(report.to_json())["skipped"] == report.skipped
    assert "skipped" not in str(sb.circuit("f = tanh(x)*w").check())


def test_lost_digits_are_in_the_verdict():
    report = sb.circuit("f = x/(x**2 + 1) - 1/(x + 2)", loss=None).check()
    assert report.passed and report.loses_digits
    assert "agrees, but loses digits at f" in str(report).splitlines()[-1], str(report)
    assert "ULP at x=" in report.verdict and "but loses digits" in report.to_markdown()
    assert json.loads(report.to_json())["loses_digits"] == report.loses_digits
    assert not sb.circuit("f = x1 - sigma(w3*x3 + w4*x4)").check().loses_digits


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        ("f = (loggamma(x) - loggamma(y))/(x - y)", True),
        ("d = x - y; f = (digamma(x) - digamma(y))/d", True),
        ("f = (sinh(x) - sinh(y))/(x - y)", False),  # is rewritten
        ("f = z/(x - y)", False),  # the point is to blame
    ],
)
def test_digits_are_looked_for_where_a_divisor_cancels(text, lost):
    report = sb.circuit(text, loss=None).check()
    assert report.passed and bool(report.loses_digits) == lost, str(report)
    places = report.loses_digits.partition(" at ")[2].split(", ")
    assert not lost or len({place.partition("=")[2] for place in places}) == 2, "alike in print"


@pytest.mark.parametrize(
    "text",
    one_in(
        2,
        [
            "x: input[n]; w: param[n]\nf = sum(w*x - mean(w*x))",
            "X: input[n, d]; g: param[d]; b: param[d]\nm = mean(X, axis=0)\n"
            "v = mean((X - m)**2, axis=0)\nf = sum(tanh(g*(X - m)/sqrt(v + 1e-5) + b))",
            "x: input[n]; w: param[n]\nz = w*x\nf = mean(z**2) - mean(z)**2",
            "x: input[1]; w: param[1]; t: target[1]\n"
            "z: output = w*x\nl: loss = cross_entropy(z, t)",
            "A: param[n, n]; x: input\nf = logdet(A @ A.T + eye(n))*x",
            "A: param[n, n]; x: input[n]\nf = sum(inv(inv(A)) @ x)",
            "f = w1*w2*w3*w4*w5*w6*w7*w8*x1*x2*x3*x4",
            "x: input[n]; w: param[n]\nf = dot(w, x)/(norm(w)*norm(x))",
        ],
    ),
)
def test_right_modules_whose_numbers_cancel_pass(text):
    for seed in (0, 7):
        report = sb.circuit(text).check(seed=seed)
        assert report.passed, str(report)


def test_what_the_difference_in_a_share_rounds_is_allowed():
    """Where exp(a - b) is small, a - b is large, and half a unit of it many of exp."""
    circuit = sb.circuit("a: input; b: param\nf = log(exp(a) + exp(b))", loss=None)
    at = {"a": 61.58691, "b": 3.448013}
    module, oracle = circuit.compile(), Oracle(circuit)
    params, inputs = module.Params(b=at["b"]), module.Inputs(a=at["a"])
    _, cache = module.forward(params, inputs)
    by_b = float(module.backward(params, inputs, cache)[0].b)
    expected = oracle.expected(at)["∂f/∂b"]
    off = abs(arb(by_b) - expected.truth)
    assert off <= expected.allowed <= 1e-13 * by_b
    assert off > 16 * math.ulp(by_b) / 2
