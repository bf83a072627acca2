"""Local partials: every operation against SymPy's own diff, against numbers, and at its kinks."""

import mpmath as mp
import pytest
import sympy as sp
from independent import DIGITS, MEANING, circuit_value, close, value

import symback as sb
from symback import ops
from symback.gates import gates
from symback.ops import OPS, elementary
from symback.partials import local_partials
from symback.reference import Reference
from symback.targets.notation import NotationPrinter
from symback.targets.numpy import FUNCTIONS, VALUE_AND_SLOPE
from symback.targets.text import AsciiPrinter, TextPrinter

# operation → points inside its domain, on both sides of every kink
CASES = {
    "exp": [(-30,), (-1.5,), (0,), (0.25,), (40,)],
    "log": [(1e-12,), (0.5,), (1,), (3,), (1e12,)],
    "log1p": [(-0.999,), (-1e-9,), (0,), (1e-9,), (7,)],
    "expm1": [(-20,), (-1e-9,), (0,), (1e-9,), (7,)],
    "sqrt": [(1e-10,), (0.25,), (2,), (1e10,)],
    "sin": [(-3,), (0,), (1e-8,), (1.5,), (100,)],
    "cos": [(-3,), (0,), (1e-8,), (1.5,), (100,)],
    "tan": [(-1.5,), (0,), (1,), (2,)],
    "asin": [(-0.999,), (-0.1,), (0,), (0.5,), (0.999,)],
    "acos": [(-0.999,), (-0.1,), (0,), (0.5,), (0.999,)],
    "atan": [(-100,), (-0.5,), (0,), (2,)],
    "atan2": [(1, 2), (1, -2), (-1, 2), (-1, -2), (0, 3), (2, 0), (1e-9, 1e3)],
    "sinh": [(-5,), (0,), (1e-8,), (6,)],
    "cosh": [(-5,), (0,), (1e-8,), (6,)],
    "tanh": [(-30,), (-0.5,), (0,), (1,), (30,)],
    "asinh": [(-50,), (0,), (1e-8,), (2,)],
    "acosh": [(1.001,), (2,), (100,)],
    "atanh": [(-0.999,), (0,), (0.5,), (0.999,)],
    "abs": [(-2,), (-1e-12,), (1e-12,), (3,)],
    "sign": [(-2,), (-1e-12,), (1e-12,), (3,)],
    "min": [(1, 2), (2, 1), (-1, 1), (1, 1 + 1e-12)],
    "max": [(1, 2), (2, 1), (-1, 1), (1, 1 + 1e-12)],
    "hypot": [(3, 4), (-3, 4), (1e-9, 1), (0, 2), (2, 0)],
    "erf": [(-3,), (-0.1,), (0,), (0.5,), (4,)],
    "sigma": [(-40,), (-1,), (0,), (0.5,), (40,)],
    "softplus": [(-40,), (-1,), (0,), (0.5,), (40,)],
    "relu": [(-2,), (-1e-12,), (1e-12,), (3,)],
    "silu": [(-40,), (-1.3,), (0,), (0.5,), (40,)],
    "gelu": [(-6,), (-1.3,), (0,), (0.5,), (6,)],
    "logsigmoid": [(-40,), (-1,), (0,), (0.5,), (40,)],
}

# operation, operands at the kink, partials there by the convention that ops.py states
KINKS = [
    ("abs", (0,), (0,)),
    ("sign", (0,), (0,)),
    ("relu", (0,), (0,)),
    ("min", (2, 2), (0.5, 0.5)),
    ("max", (2, 2), (0.5, 0.5)),
    ("min", (0, 0), (0.5, 0.5)),
    ("max", (-3, -3), (0.5, 0.5)),
]

# gate, point, and its partials by hand
GATES = [
    ("x + y", (2, 5), (1, 1)),
    ("x - 3*y + 7", (2, 5), (1, -3)),
    ("x*y", (2, 5), (5, 2)),
    ("4*x**2*y**3", (2, 5), (4 * 2 * 2 * 125, 4 * 4 * 3 * 25)),
    ("x*y + x**2", (2, 5), (5 + 4, 2)),
    ("x/y", (2, 5), (sp.S(1) / 5, -sp.S(2) / 25)),
    ("3/(x*y**2)", (2, 5), (-3 / sp.S(100), -6 / sp.S(250))),
    ("x/y + y/x", (2, 5), (sp.S(1) / 5 - sp.S(5) / 4, -sp.S(2) / 25 + sp.S(1) / 2)),
    ("(x - y)**2/2", (2, 5), (-3, 3)),
    ("3*(2*x - y + 1)**2", (2, 5), (6 * 0 * 2, 0)),
    ("(x - y)**2 + x*y", (2, 5), (-6 + 5, 6 + 2)),
    ("x**3 + y", (2, 5), (12, 1)),
    ("x**-2*y", (2, 5), (-2 * 5 / sp.S(8), sp.S(1) / 4)),
    ("x**0.5*y", (4, 5), (5 / sp.S(4), 2)),
    ("x**1.5 + y", (4, 5), (3, 1)),
    ("x**y", (2, 5), (5 * 16, 32 * sp.log(2))),
    ("x**x + y", (2, 5), (4 * (sp.log(2) + 1), 1)),
    ("2**x*y", (3, 5), (40 * sp.log(2), 8)),
    ("max(x, y)*y", (2, 5), (0, 10)),
    ("max(x, x)*y", (2, 5), (5, 2)),
    ("where(x > y, x*y, x + y**2)", (2, 5), (1, 10)),
    ("where(x < y, x*y, x + y**2)", (2, 5), (5, 2)),
    ("where(x > y, 1, 0) + y", (2, 5), (0, 1)),
    ("where((x > 1) & (y > 9), x, where((x > 1) | (y > 9), 3*y, y))", (2, 5), (0, 3)),
    ("atan2(x, x) + y", (2, 5), (0, 1)),
    ("hypot(x, x) + y", (2, 5), (sp.sqrt(2), 1)),
    ("pi*x + sqrt(2)*y", (2, 5), (sp.pi, sp.sqrt(2))),
]

LETTERS = "xyz"


@pytest.fixture(autouse=True)
def high_precision():
    with mp.workdps(DIGITS):
        yield


def test_every_operation_is_complete():
    """A case, an independent meaning, and an entry in every target, for each operation."""
    assert set(OPS) == set(CASES) == set(MEANING)
    for op in OPS.values():
        heads = {op.head} - {sp.sqrt} | ({op.slope} if op.slope else set())
        for table in (FUNCTIONS, TextPrinter.functions, AsciiPrinter.functions):
            assert heads <= set(table), op.name
        assert heads <= set(NotationPrinter.functions), op.name
        if op.slope:
            assert op.slope in VALUE_AND_SLOPE, op.name
    assert {name for name, op in OPS.items() if op.kinks} <= {name for name, _, _ in KINKS}
    for op in OPS.values():
        assert op.rule, op.name
        assert all(ops.SPELLINGS[s] is op for s in (op.name, *op.aliases))


def applied(name: str, count: int) -> sb.Circuit:
    """A circuit of one gate, f = name(x, …)."""
    operands = ", ".join(LETTERS[:count])
    return sb.circuit(f"f = {name}({operands})", inputs=" ".join(LETTERS[:count]), loss=None)


def locals_at(circuit: sb.Circuit, point: dict) -> list:
    """The kept and the expanded local partials of the output's gate, as numbers."""
    split = gates(circuit)
    values = dict(point)
    for node in split.computed:
        values[node.name] = value(node.expr, values)
    found = local_partials(split.output)
    kept = [value(found[o].partial, values) for o in split.output.operands]
    written_out = [value(found[o].expanded, values) for o in split.output.operands]
    assert all(close(a, b, 20) for a, b in zip(kept, written_out, strict=True))
    return kept


@pytest.mark.parametrize(("name", "at"), [(n, p) for n, points in CASES.items() for p in points])
def test_local_partials_are_those_of_sympy(name, at):
    circuit = applied(name, len(at))
    point = dict(zip(LETTERS, at, strict=False))
    symbols = [ops.real_symbol(s) for s in LETTERS[: len(at)]]
    meaning = elementary(circuit.output.expr)
    exact = {str(s): v for s, v in zip(symbols, at, strict=True)}
    expected = [value(sp.diff(meaning, s), exact) for s in symbols]
    got = locals_at(circuit, point)
    assert all(close(g, e, 20) for g, e in zip(got, expected, strict=True)), (got, expected)


@pytest.mark.parametrize(("name", "at"), [(n, p) for n, points in CASES.items() for p in points])
def test_local_partials_are_the_slopes_of_the_textbook_function(name, at):
    at = [mp.mpf(v) for v in at]
    got = locals_at(applied(name, len(at)), dict(zip(LETTERS, at, strict=False)))
    for i, partial in enumerate(got):
        along = [0] * len(at)
        along[i] = 1
        central = mp.diff(MEANING[name], tuple(at), tuple(along), h=mp.mpf(10) ** -20)
        assert close(partial, central, 12), (partial, central)


@pytest.mark.parametrize("name", CASES)
def test_the_elementary_form_is_the_textbook_function(name):
    for at in CASES[name]:
        point = dict(zip(LETTERS, at, strict=False))
        meaning = elementary(applied(name, len(at)).output.expr)
        assert close(value(meaning, point), MEANING[name](*map(mp.mpf, at)))


@pytest.mark.parametrize(("name", "at", "expected"), KINKS)
def test_kinks_follow_the_documented_convention(name, at, expected):
    circuit = applied(name, len(at))
    got = locals_at(circuit, dict(zip(LETTERS, at, strict=False)))
    # what sign'(u) = 0 drops is an edge
    assert [float(g) for g in got] == [float(e) for e in expected]
    truth = Reference(circuit, "f").at({s: float(v) for s, v in zip(LETTERS, at, strict=False)})
    assert [float(truth.partials[s].mid()) for s in LETTERS[: len(at)]] == list(
        map(float, expected)
    )


@pytest.mark.parametrize(("text", "at", "expected"), GATES)
def test_gates_by_hand(text, at, expected):
    circuit = sb.circuit(f"f = {text}", inputs="x y", loss=None)
    gradient = circuit.gradient(expand=True)
    point = dict(zip("xy", map(mp.mpf, at), strict=True))
    for name, partial in zip("xy", expected, strict=True):
        assert close(value(gradient[name], point), value(sp.sympify(partial), {})), name


@pytest.mark.parametrize(
    "head", [ops.sigma, ops.softplus, ops.logsigmoid, ops.relu, ops.silu, ops.gelu, *ops.SLOPES]
)
def test_own_functions_differentiate_as_their_meaning_does(head):
    """f.diff() in SymPy, also of a kept slope, is the derivative of the elementary form."""
    x = ops.real_symbol("x")
    for at in (-3.0, -0.5, 0.75, 6.0):
        exact = {x: sp.Rational(at)}
        got = elementary(sp.diff(head(x), x)).subs(exact).evalf(40)
        expected = sp.diff(elementary(head(x)), x).subs(exact).evalf(40)
        assert abs(got - expected) < 1e-30
        assert (
            abs(head(sp.Rational(at)).evalf(40) - elementary(head(x)).subs(exact).evalf(40)) < 1e-30
        )


def test_a_partial_reuses_the_value():
    split = gates(sb.circuit("f = exp(x), g: output = x/f + tan(f)", loss=None))
    f, x = ops.real_symbol("f"), ops.real_symbol("x")
    assert local_partials(split["f"])["x"].partial == f
    quotient = next(n for n in split.computed if n.expr == x / f)
    assert local_partials(quotient)["f"].partial == -quotient.symbol / f


def test_composites_agree_with_central_differences():
    circuit = sb.circuit("f = x*tanh(x*y) - sigma(y)**2/(1 + x**2)", inputs="x y", loss=None)
    gradient = circuit.gradient(expand=True)
    point = {"x": mp.mpf("0.7"), "y": mp.mpf("-1.3")}
    for name in "xy":
        central = mp.diff(
            lambda t, n=name: circuit_value(circuit, "f", {**point, n: t}), point[name]
        )
        assert close(value(gradient[name], point), central, 20)
