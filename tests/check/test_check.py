"""The check: right modules pass at every point, planted errors never do."""

import json
import math

import mpmath as mp
import numpy as np
import pytest
import sympy as sp
from flint import arb

import symback as sb
from symback.autodiff.lower import lower
from symback.check.check import check_module
from symback.codegen.loading import load
from symback.errors import CheckFailed
from symback.operations.balls import scalars as balls
from symback.operations.elementwise import OPS
from symback.operations.expressions import real_symbol
from symback.truth import rounding
from symback.truth.oracle import Oracle
from symback.truth.points import has_kinks, kink_batches, point_batches
from symback.truth.reference import Reference
from tests.cases.independent import DIGITS, circuit_value
from tests.cases.mutants import hunt, mutants
from tests.cases.one_in import one_in
from tests.cases.sample_circuits import ALL, LECTURE, OPERATIONS, sample

# -- right modules -------------------------------------------------------------------------------


def test_every_operation_has_a_circuit():
    assert set(OPERATIONS) == set(OPS)


@pytest.mark.parametrize("name", one_in(16, ALL))
def test_right_modules_pass(name):
    report = sample(name).check()
    assert report.passed and report.points >= 24, str(report)
    assert bool(report) and report.passed


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
def test_right_modules_never_fail(name):
    circuit, module = sample(name), sample(name).compile()
    oracle = Oracle(circuit)
    for seed in range(30):
        report = check_module(circuit, module, points=40, seed=seed, oracle=oracle)
        assert report.passed, str(report)


def test_every_partial_is_a_row():
    report = sample("L5").check()
    names = [row.quantity for row in report.rows]
    assert names[:6] == ["f", "∂f/∂w3", "∂f/∂w4", "∂f/∂x1", "∂f/∂x3", "∂f/∂x4"]
    assert {"l", "∂l/∂w3", "∂l/∂w4", "batch backward", "blocks of a batch", "sgd"} <= set(names)
    assert all(row.points for row in report.rows)


def test_a_report_is_a_table_and_json():
    circuit = sample("L5")
    report = circuit.check(points=20, seed=3)
    text = str(report)
    assert "agrees with SymPy at 20 points (seed 3)" in text and "WRONG" not in text
    content = json.loads(report.to_json())
    assert content["passed"] is True and content["seed"] == 3 and content["points"] == 20
    wrong = load(circuit.generate().replace("x2_bar = -f_bar", "x2_bar = f_bar"), "wrong")
    report = check_module(circuit, wrong)
    assert "WRONG at w3=" in str(report) and "DISAGREES" in str(report)
    rows = {r["quantity"]: r["passed"] for r in json.loads(report.to_json())["rows"]}
    assert not rows["∂f/∂w3"] and rows["f"] and rows["∂l/∂w3"]


def test_the_same_seed_gives_the_same_report():
    circuit = sample("nested where")
    assert str(circuit.check(seed=5)) == str(circuit.check(seed=5)) != str(circuit.check(seed=6))


def test_too_few_points_are_refused():
    with pytest.raises(CheckFailed, match="20"):
        sample("L1").check(points=19)


@pytest.mark.parametrize("wrong", [{"seed": "a"}, {"seed": -1}, {"points": "x"}, {"points": 2.5}])
def test_options_that_are_no_whole_numbers_are_refused(wrong):
    (name,) = wrong
    with pytest.raises(CheckFailed, match=f"{name} is .*; it must be a whole number ≥ 0"):
        sample("L1").check(**wrong)


def test_a_domain_that_no_point_meets_is_reported():
    report = sb.circuit("f = log(sin(x) - 2)*w", loss=None).check()
    assert not report.passed and report.points == 0
    assert "inside the domain" in str(report)


# -- planted errors ------------------------------------------------------------------------------

PLANTED = {
    # a few mutants of each of these by default, all of them in the slow run
    "L1": 5,
    "L4": 19,
    "L5": 27,
    "L6b": 35,
    "tanh": 39,
    "where": 23,
    "max": 75,
    "cross-entropy": 11,
    "regulariser": 19,
    "Rosenbrock": 11,
    "constants": 15,
    "normal density": 35,
    "no parameters": 11,
}


FEW = one_in(16, [(name, every, 24) for name, every in PLANTED.items()])
EVERY = [pytest.param(n, 1, 96, marks=pytest.mark.slow) for n in ALL]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "every", "points"), [*FEW, *EVERY])
def test_planted_errors_are_caught(name, every, points):
    """How many are caught is printed; pytest -rP shows it."""
    found = hunt(sample(name), every, points)
    print(f"{name}: {found.killed} caught, {found.equivalent} mean the same")
    assert not found.survived, "\n".join(f"{m.kind}: {m.where}" for m in found.survived)
    assert found.killed >= 5


def test_mutants_are_of_every_kind():
    """All the kinds of error that the check must know, in every function that computes."""
    found = list(mutants(sample("L6b").generate()))
    kinds = {m.kind for m in found}
    assert kinds >= {
        "sign",
        "operands swapped",
        "swapped operand",
        "factor dropped",
        "term dropped",
        "constant off by 1e-9",
        "off by 1e-3",
        "float32",
        "clipped argument",
    }
    functions = {m.where.split(":")[0] for m in found}
    assert functions >= {"forward", "backward", "_loss_and_bars", "value_and_grad", "sgd", "_sums"}
    assert len({m.text for m in found}) > 300


# text → text, in the module of L5
PLANTED_BY_HAND = {
    "ravel reversed": (
        "for n, value in _by_name(params)])",
        "for n, value in [*_by_name(params)][::-1]])",
    ),
    "unravel reversed": ("return Params(*vector)", "return Params(*vector[::-1])"),
    "objective of another sign": ("return value, ravel(grad)", "return value, -ravel(grad)"),
    "gradients exchanged": ("return Params(w3_bar, w4_bar)", "return Params(w4_bar, w3_bar)"),
    "sum for mean": ("total / n", "total"),
    "blocks dropped": ("total = total + block_total", "pass"),
    "ragged batch divided by b": ("b = len(batch[0])", "b = batch_size"),
    "learning rate of the first step": (
        "_rate(learning_rate, len(losses))",
        "_rate(learning_rate, 0)",
    ),
    "ascent": ("w - step * bar", "w + step * bar"),
    "float32 everywhere": ("np.dtype(float)", "np.dtype(np.float32)"),
    "a batch seen as one sample": ("_seed(output_bar, ", "_seed(1.0, "),
    "nothing computed": ("    f = x1 - x2", "    f = x1 - x2\n    f = f * np.nan"),
    "an exception": ("    f = x1 - x2", "    f = x1 - x2\n    raise ValueError('no')"),
    "a changed shape": ("return f[0] if _single else f,", "return f,"),
    "a list": ("return f[0] if _single else f, Cache", "return [f], Cache"),
}


@pytest.mark.parametrize("case", PLANTED_BY_HAND)
def test_planted_by_hand(case):
    old, new = PLANTED_BY_HAND[case]
    circuit = sample("L5")
    text = circuit.generate()
    assert old in text
    if case == "float32 everywhere":  # the dtype of integer samples, which the check does not use
        text = text.replace("column.astype(dtype, copy=False)", "column.astype(np.float32)")
    assert not check_module(circuit, load(text.replace(old, new), "planted"))


def test_a_kernel_that_loses_digits_is_caught():
    """s(1 - s) has no digit left for large z; exp(-z) overflows for very negative z."""
    circuit = sample("L5")
    text = circuit.generate()
    naive = (
        "\n\ndef _sigma_and_slope(z):\n"
        "    s = 1.0 / (1.0 + np.exp(-z))\n    return s, s * (1.0 - s)\n"
    )
    at = text.index('\n\nif __name__ == "__main__"')
    assert not check_module(circuit, load(text[:at] + naive + text[at:], "naive"))


# -- the reference -------------------------------------------------------------------------------


@pytest.mark.parametrize("z", [0.5, 40.0, 120.0, 700.0, 745.0])
def test_the_slope_of_sigma_where_50_digits_do_not_suffice(z):
    """σ(1 - σ) is 0 at z = 120 with 50 digits; the truth is e^-z/(1 + e^-z)²."""
    truth = Reference(sb.circuit("f = sigma(z)", loss=None), "f").at({"z": z})
    with mp.workdps(400):
        expected = mp.exp(-z) / (1 + mp.exp(-mp.mpf(z))) ** 2
        assert balls.nearest_float(truth.partials["z"]) == float(expected) > 0
    with mp.workdps(50):
        s = 1 / (1 + mp.exp(-mp.mpf(z)))
        naive = s * (1 - s)
    if z >= 120:
        assert naive == 0


# formula of one variable, point, where plain evaluation cancels or overflows
HARD = [
    ("log(1 + x)", 1e-18),
    ("exp(x) - 1", -1e-18),
    ("1 - cos(x)", 1e-9),
    ("sin(x)/x", 1e-6),
    ("sqrt(x + 1) - sqrt(x)", 1e15),
    ("log(1 + x**2)", 1e150),
    ("sqrt(x**2 + 1)", 1e160),
    ("softplus(x)", 700.0),
    ("softplus(x)", -700.0),
    ("tanh(x)", 300.0),
    ("gelu(x)", -37.0),
    ("erf(x)", 26.0),
    ("silu(x)", -740.0),
    ("x - tanh(x)", 1e-7),
    ("(x + 1)**3 - x**3", 1e9),
    ("sin(x)", 1e22),
    ("tan(x)", 1e16),
    ("atan(x + 1) - atan(x)", 1e8),
]


@pytest.mark.parametrize(("text", "at"), HARD)
def test_the_reference_where_evaluation_is_hard(text, at):
    """Value and slope against mpmath at 1,000 digits."""
    circuit = sb.circuit(f"f = {text}", inputs="x", loss=None)
    truth = Reference(circuit, "f").at({"x": at})
    with mp.workdps(1000):
        value = circuit_value(circuit, "f", {"x": at})
        h = mp.mpf(at) * mp.mpf(10) ** -300
        up, down = (circuit_value(circuit, "f", {"x": at + s * h}) for s in (1, -1))
        for got, expected in ((truth.value, value), (truth.partials["x"], (up - down) / (2 * h))):
            assert balls.nearest_float(got) == float(expected)


STATED = {  # partials of f that differences don't give; the loss is (f - y)²/2
    "stop_gradient": {"w": "x", "x": "w", "w2": "w*x", "y": "-1"},
    "stated": {"w": "3*w2*x", "x": "3*w2*w", "w2": "relu(w*x)", "y": "-1"},
}


@pytest.mark.parametrize("name", [*one_in(4, [n for n in ALL if n not in STATED]), *STATED])
def test_the_reference_agrees_with_mpmath(name):
    circuit = sample(name)
    rng = np.random.default_rng(4)
    reference = Reference(circuit, circuit.objective.name)
    compared = 0
    with mp.workdps(DIGITS):
        for largest in (2, 0.5) * 4:  # domains of functions end at 1, or begin there
            drawn = rng.uniform(0.1, largest, 99)
            point = {n.name: float(v) for n, v in zip(circuit.leaves, drawn)}  # noqa: B905
            truth = reference.at(point)
            if truth is None:
                continue
            compared += 1
            of = circuit.objective.name
            assert float(circuit_value(circuit, of, point)) == pytest.approx(
                balls.nearest_float(truth.value), rel=1e-15, abs=0
            )
            for leaf in reference.leaves:
                h = mp.mpf(10) ** -25
                up, down = ({**point, leaf: point[leaf] + s * h} for s in (1, -1))
                slope = (circuit_value(circuit, of, up) - circuit_value(circuit, of, down)) / (
                    2 * h
                )
                if name in STATED:
                    stated = sb.circuit(f"f = ({STATED[name][leaf]})*residual", loss=None)
                    residual = circuit_value(circuit, "f", point) - mp.mpf(point["y"])
                    slope = circuit_value(stated, "f", {**point, "residual": residual})
                assert float(slope) == pytest.approx(
                    balls.nearest_float(truth.partials[leaf]), rel=1e-14, abs=1e-30
                )
    assert compared or name == "acosh"


OUTSIDE = [
    ("log(x)", -1.0),
    ("log(x)", 0.0),
    ("sqrt(x)", -1e-300),
    ("sqrt(x)", 0.0),  # its slope is infinite
    ("1/x", 0.0),
    ("x**0.5", -2.0),
    ("asin(x)", 1.5),
    ("asin(x)", 1.0),
    ("acosh(x)", 0.5),
    ("atanh(x)", 1.0),
    ("x**x", -0.5),
    ("max(x, log(x))", -1.0),
    ("atan2(x, -1)", 0.0),  # the cut: floats tell atan2(-0, -1) from atan2(0, -1)
    ("atan2(x, x)", 0.0),
]


@pytest.mark.parametrize(("text", "at"), OUTSIDE)
def test_there_is_no_truth_outside_the_domain(text, at):
    circuit = sb.circuit(f"f = {text}", inputs="x", loss=None)
    assert Reference(circuit, "f").at({"x": at}) is None
    assert Oracle(circuit).expected({"x": at}) is None


def test_a_tie_of_three_has_no_truth():
    circuit = sb.circuit("f = max(x, y, z)", loss=None)
    reference = Reference(circuit, "f")
    assert reference.at({"x": 1.0, "y": 1.0, "z": 1.0}) is None
    two = reference.at({"x": 1.0, "y": 1.0, "z": -1.0})
    assert [float(two.partials[n].mid()) for n in "xyz"] == [0.5, 0.5, 0.0]


# -- balls ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (sp.Rational(1, 10), 0.1),
        (sp.Rational(1, 3), 1 / 3),
        (sp.Rational(2) ** -1074, 5e-324),
        (sp.Rational(2) ** -1075, 0.0),  # a tie goes to even
        (3 * sp.Rational(2) ** -1076, 5e-324),
        (sp.Integer(2) ** 1024 - 2**970 - 1, 1.7976931348623157e308),
        (sp.Integer(2) ** 1024, math.inf),
        (-(sp.Integer(2) ** 1024), -math.inf),
        (sp.Integer(2) ** 53 + 1, 2.0**53),
        (sp.Integer(2) ** 53 + 3, 2.0**53 + 4),
        (sp.Rational(10) ** -400, 0.0),
        (sp.Integer(0), 0.0),
    ],
)
def test_the_nearest_float(number, expected):
    with balls.precision(3000):
        assert balls.nearest_float(balls.rational(number)) == expected


@pytest.mark.parametrize(
    ("expr", "digits"),
    [
        (sp.pi, "3.14159265358979323846264338327950288"),
        (sp.sqrt(2), "1.41421356237309504880168872420969808"),
        (sp.exp(1), "2.71828182845904523536028747135266250"),
        (sp.log(2), "0.693147180559945309417232121458176568"),
        (sp.sin(10**22), "-0.852200849767188801772705893753029368"),
        (sp.erf(1), "0.842700792949714869341220635082609259"),
    ],
)
def test_constants_against_the_literature(expr, digits):
    value = balls.constant(expr)
    with balls.precision(150):
        assert abs(value - arb(digits)) < arb(10) ** -24 and value.rel_accuracy_bits() >= 80


@pytest.mark.parametrize("expr", [sp.sqrt(-1), sp.log(-1), sp.zoo, sp.oo, sp.nan])
def test_constants_that_are_no_numbers(expr):
    assert not balls.constant(expr).is_finite()


def test_comparisons_that_balls_cannot_decide_say_so():
    x = real_symbol("x")
    choice = sp.Piecewise((1, x > 0), (2, True))
    for ball, expected in ((arb(0), 2), (arb(1, 0.5), 1), (arb(-1, 0.5), 2)):
        assert float(balls.evaluate(choice, {x: ball}).mid()) == expected
    with pytest.raises(balls.Undecided):
        balls.evaluate(choice, {x: arb(0, 0.5)})


# -- rounding ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["L5", "quotient", "roots", "general power", "constants", "paths"])
def test_the_allowance_encloses_float64_and_little_more(name):
    """NumPy's own rounding stays inside; a slip of 1e-12 of the largest term does not."""
    circuit = sample(name)
    module, lowered = circuit.compile(), lower(circuit)
    rng = np.random.default_rng(0)
    for batch in list(point_batches(circuit, rng, 20))[:12]:
        point = batch.merged(batch.points[0])
        symbols = {n.symbol: point[n.name] for n in circuit.leaves}
        try:
            with balls.precision(1300):
                ball = rounding.enclosures(lowered.program("forward"), symbols)[
                    circuit.output.symbol
                ]
        except ArithmeticError:
            continue
        if not ball.is_finite():
            continue
        with np.errstate(all="ignore"):
            got = float(
                module.forward(batch.params(module), batch.inputs(module, batch.points[0]))[0]
            )
        assert ball.contains(arb(got)), (name, point)
        size = sum(abs(point[n.name]) for n in circuit.leaves) + abs(got)
        if 1e-3 < size < 1e3 and abs(got) > size / 100:
            assert not ball.contains(arb(got * (1 + 1e-12))), (name, point)


def test_exact_arithmetic_is_not_widened():
    """Small numbers add and multiply without rounding, so ties stay ties."""
    circuit = sb.circuit("f = max(w*x + b, c*x)", params="w b c", loss=None)
    point = {"w": 1.5, "x": 2.0, "b": 0.25, "c": 1.625}
    found = Oracle(circuit).expected(point)
    assert found is not None
    assert float(found["∂f/∂w"].truth.mid()) == 1.0 and float(found["∂f/∂c"].truth.mid()) == 1.0
    nearly = {**point, "b": 0.1, "c": 1.55}  # rounding decides which is larger
    assert Oracle(circuit).expected(nearly) is None


# -- points --------------------------------------------------------------------------------------


def test_points_have_many_magnitudes_signs_and_special_values():
    circuit = sample("L5")
    found = [p[n] for s in list(point_batches(circuit, np.random.default_rng(0), 24))[:64]
             for p in map(s.merged, s.points) for n in p]  # fmt: skip
    sizes = np.abs([v for v in found if v and abs(v) > 1e-300])
    assert sizes.min() < 1e-15 and sizes.max() > 1e15
    assert min(found) < 0 < max(found) and 5e-324 in found and 0.0 in found
    assert any(v == 0 and math.copysign(1, v) < 0 for v in found)


@pytest.mark.parametrize("name", ["abs", "relu", "max", "min", "where", "nested where", "tie"])
def test_points_at_kinks_are_met(name):
    """Among the points with a truth some lie exactly on a kink."""
    circuit = sample(name)
    oracle = Oracle(circuit)
    lowered = oracle.lowered
    met = 0
    for batch in kink_batches(circuit, np.random.default_rng(0), 16):
        for point in map(batch.merged, batch.points):
            if oracle.expected(point) is None:
                continue
            values = dict(point)
            for node in lowered.circuit.computed:
                values[node.name] = circuit_value(lowered.circuit, node.name, values)
            met += any(_is_at_kink(node.expr, values) for node in lowered.circuit.computed)
    assert met >= 3


def _is_at_kink(expr, values):
    values = {s: values[s.name] for s in expr.free_symbols}
    if not all(isinstance(v, float | mp.mpf) for v in values.values()):
        return False  # a branch that is not taken may leave the real numbers
    at = {s: sp.Rational(float(v)) for s, v in values.items()}
    if isinstance(expr, sp.Max | sp.Min):
        a, b = (arg.subs(at) for arg in expr.args)
        return a == b
    if isinstance(expr, sp.Piecewise):
        relations = [r for _, c in expr.args for r in c.atoms(sp.core.relational.Relational)]
        return any(r.lhs.subs(at) == r.rhs.subs(at) for r in relations)
    return expr.func.__name__ in ("Abs", "relu") and expr.args[0].subs(at) == 0


def test_smooth_circuits_have_no_kinks():
    assert not has_kinks(sample("L5")) and has_kinks(sample("max"))


@pytest.mark.parametrize("name", LECTURE)
def test_the_oracle_keeps_what_it_found(name):
    oracle = Oracle(sample(name))
    assert oracle.point_batches(24, 0) is oracle.point_batches(24, 0)
