"""Local partials: every operation against SymPy's own diff, against numbers, and at its kinks."""

import mpmath as mp
import pytest
import sympy as sp
from sympy.codegen.cfunctions import hypot

import symback as sb
from symback.autodiff.gates import gates
from symback.autodiff.partials import is_choice, local_partials, times
from symback.codegen.numpy.printer import FUNCTIONS, VALUE_AND_SLOPE
from symback.derivation.verify.gate import ADJOINT, Gate, gate_reference
from symback.errors import CircuitError
from symback.operations import edges, special
from symback.operations import elementwise as ops
from symback.operations import functions as fn
from symback.operations.arrays import (
    cross_entropy,
    dot,
    matmul,
    matvec,
    reduce_sum,
    softmax,
    solve,
    sparse_cross_entropy,
)
from symback.operations.elementwise import OPS, POWER, elementary
from symback.operations.expressions import exact, real_symbol
from symback.printing.circuit_text import NotationPrinter
from symback.printing.text import AsciiPrinter, TextPrinter
from symback.truth.reference import Reference
from tests.cases import elementwise
from tests.cases.independent import DIGITS, MEANING, circuit_value, close, value
from tests.cases.one_in import one_in

CASES = {name: case.points for name, case in elementwise.CASES.items()}

# operation, operands at the kink, partials there by the convention that elementwise.py states
KINKS = [
    ("abs", (0,), (0,)),
    ("sign", (0,), (0,)),
    ("relu", (0,), (0,)),
    ("relu_at", (0, 0.25), (0.25, 0)),
    ("abs_at", (0, -1), (-1, 0)),
    ("max_at", (2, 2, 1), (1, 0, 0)),
    ("max_at", (-3, -3, 0.25), (0.25, 0.75, 0)),
    ("min_at", (0, 0, 1), (1, 0, 0)),
    ("min_at", (2, 2, 0.75), (0.75, 0.25, 0)),
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
    ("3*(2*x - y)**2", (2, 5), (-12, 6)),
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

LETTERS = "xyzw"


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
    kinked = {name for name, op in OPS.items() if op.kink}
    assert kinked == {name for name, *_ in KINKS}
    for op in OPS.values():
        assert op.rule, op.name
        assert all(ops.SPELLINGS[s] is op for s in (op.name, *op.aliases))


def applied(name: str, at: tuple) -> sb.Circuit:
    """A circuit of one gate, f = name(x, …); parameters without a slope are numbers."""
    given = OPS[name].given
    operands = ", ".join([*map(str, at[:given]), *LETTERS[given : len(at)]])
    inputs = " ".join(LETTERS[given : len(at)])
    return sb.circuit(f"f = {name}({operands})", inputs=inputs, loss=None)


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


@pytest.mark.parametrize(
    ("name", "at"), one_in(6, [(n, p) for n, points in CASES.items() for p in points])
)
def test_local_partials_are_those_of_sympy(name, at):
    circuit = applied(name, at)
    point = dict(zip(LETTERS, at, strict=False))
    symbols = [real_symbol(s) for s in LETTERS[OPS[name].given : len(at)]]
    meaning = elementary(circuit.output.expr)
    exact = {str(s): point[str(s)] for s in symbols}
    expected = [value(sp.diff(meaning, s), exact) for s in symbols]
    got = locals_at(circuit, point)
    assert all(close(g, e, 20) for g, e in zip(got, expected, strict=True)), (got, expected)


DERIVED = {n: points for n, points in CASES.items() if n not in ("stated", "stop_gradient")}


@pytest.mark.parametrize(
    ("name", "at"), one_in(6, [(n, p) for n, points in DERIVED.items() for p in points])
)
def test_local_partials_are_the_slopes_of_the_textbook_function(name, at):
    circuit, at = applied(name, at), [mp.mpf(v) for v in at]
    got = locals_at(circuit, dict(zip(LETTERS, at, strict=False)))
    assert got
    for i, partial in enumerate(got, OPS[name].given):
        along = [0] * len(at)
        along[i] = 1
        central = mp.diff(MEANING[name], tuple(at), tuple(along), h=mp.mpf(10) ** -20)
        assert close(partial, central, 12), (partial, central)


@pytest.mark.parametrize("name", one_in(2, DERIVED))
def test_the_row_states_the_partials(name):
    """Also that of sqrt, which as a gate is a power: answers and pages read the row."""
    given = OPS[name].given
    for at in CASES[name]:
        numbers = map(sp.Rational, at[:given])
        symbols = [*numbers, *(real_symbol(s) for s in LETTERS[given : len(at)])]
        found = OPS[name].local_partials(real_symbol("v"), *symbols)
        assert len(found) == len(symbols)
        at = [mp.mpf(v) for v in at]
        point = {**dict(zip(LETTERS, at, strict=False)), "v": MEANING[name](*at)}
        for i, partial in enumerate(found[given:], given):
            along = [int(i == k) for k in range(len(at))]
            slope = mp.diff(MEANING[name], tuple(at), tuple(along), h=mp.mpf(10) ** -20)
            assert close(value(partial, point), slope, 12), at


@pytest.mark.parametrize("name", CASES)
def test_the_elementary_form_is_the_textbook_function(name):
    for at in CASES[name]:
        point = dict(zip(LETTERS, at, strict=False))
        meaning = elementary(applied(name, at).output.expr)
        assert close(value(meaning, point), MEANING[name](*map(mp.mpf, at)))


def test_the_elementary_form_reaches_every_part():
    x, y = map(real_symbol, "xy")
    assert elementary(x * fn.sigma(y)) == x / (1 + sp.exp(-y))
    assert elementary(x + sp.sin(fn.softplus(y))) == x + sp.sin(sp.log(1 + sp.exp(y)))
    assert elementary(fn.softplus(fn.sigma(y))) == sp.log(1 + sp.exp(1 / (1 + sp.exp(-y))))


@pytest.mark.parametrize(("name", "at", "expected"), KINKS)
def test_kinks_follow_the_documented_convention(name, at, expected):
    circuit = applied(name, at)
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


PLACES_OF = {
    fn.log1mexp: (-3.0, -0.5),
    **dict.fromkeys(
        (special.stirlerr_prime, special.digammamlog_prime, special.log_wallis_prime), (0.75, 6.0)
    ),
}
"""Where functions are defined that are not everywhere."""


@pytest.mark.parametrize(
    "head",
    [
        *(
            fn.sigma,
            fn.softplus,
            fn.logsigmoid,
            fn.relu,
            fn.silu,
            fn.gelu,
            *ops.SLOPES,
        ),
        *(
            fn.cbrt,
            fn.log1psq,
            fn.logcosh,
            fn.log1mexp,
            fn.logaddexp,
            fn.binary_cross_entropy,
        ),
        *(
            fn.relu_at,
            fn.abs_at,
            fn.max_at,
            fn.min_at,
        ),
    ],
)
def test_own_functions_differentiate_as_their_meaning_does(head):
    """f.diff() in SymPy, also of a kept slope, is the derivative of the elementary form."""
    x = real_symbol("x")
    others = [sp.Rational(2, 3)] * (max(head.nargs) - 1)
    for at in PLACES_OF.get(head, (-3.0, -0.5, 0.75, 6.0)):
        exact = {x: sp.Rational(at)}
        got = elementary(sp.diff(head(x, *others), x)).subs(exact).evalf(40)
        expected = sp.diff(elementary(head(x, *others)), x).subs(exact).evalf(40)
        assert abs(got - expected) < 1e-30
        value = elementary(head(x, *others)).subs(exact).evalf(40)
        assert abs(head(sp.Rational(at), *others).evalf(40) - value) < 1e-30
        assert abs(head(x, *others).rewrite(sp.exp).subs(exact).evalf(40) - value) < 1e-30
    symbols = [real_symbol(s) for s in LETTERS[: max(head.nargs)]]
    exact = dict(zip(symbols, map(sp.Rational, (-0.75, 1.25, 0.5)), strict=False))
    for symbol in symbols:
        got = elementary(sp.diff(head(*symbols), symbol)).subs(exact).evalf(40)
        expected = sp.diff(elementary(head(*symbols)), symbol).subs(exact).evalf(40)
        assert abs(got - expected) < 1e-30
    assert head(*symbols).is_extended_real


# function of a stated kink, operands, and its derivatives by all but the stated one
AT_KINKS = [
    (fn.relu, (0,), (0,)),
    (fn.relu_at, (0, 0.25), (0.25,)),
    (fn.relu_at, (-2, 0.25), (0,)),
    (fn.relu_at, (3, 0.25), (1,)),
    (fn.relu_at, (0.25, 0.75), (1,)),
    (fn.abs_at, (0, -1), (-1,)),
    (fn.abs_at, (0, 0.25), (0.25,)),
    (fn.abs_at, (-2, 0.25), (-1,)),
    (fn.abs_at, (3, 0.25), (1,)),
    (fn.max_at, (2, 2, 0.25), (0.25, 0.75)),
    (fn.max_at, (2, 1, 0.25), (1, 0)),
    (fn.max_at, (-1, 2, 0.25), (0, 1)),
    (fn.min_at, (2, 2, 0.25), (0.25, 0.75)),
    (fn.min_at, (2, 1, 0.25), (0, 1)),
    (fn.min_at, (-1, 2, 0.25), (1, 0)),
]


@pytest.mark.parametrize(("head", "at", "expected"), AT_KINKS)
def test_derivatives_of_functions_with_a_stated_kink(head, at, expected):
    symbols = [real_symbol(n) for n in LETTERS[: len(at)]]
    point = dict(zip(symbols, map(sp.Rational, at), strict=True))
    for symbol, slope in zip(symbols, expected, strict=False):
        assert head(*symbols).diff(symbol).xreplace(point) == sp.Rational(slope)


# function, operands, and the sum of the sizes of the terms that it is computed from
SIZES = [
    ("binary_cross_entropy", (-2, 0.25), lambda: mp.log(1 + mp.exp(-2)) + 2),
    ("binary_cross_entropy", (3, 1.5), lambda: mp.log(1 + mp.exp(-3)) + 3 * (1.5 + 0.5)),
    ("binary_cross_entropy", (3, -0.5), lambda: mp.log(1 + mp.exp(-3)) + 3 * (0.5 + 1.5)),
    ("binary_cross_entropy_prime", (-2, 0.25), lambda: 1 / (1 + mp.exp(2)) + 0.75),
    ("binary_cross_entropy_prime", (3, 1.5), lambda: 1 / (1 + mp.exp(3)) + 1.5),
    ("binary_cross_entropy_prime", (3, -2), lambda: 1 / (1 + mp.exp(3)) + 3),
    ("logaddexp", (-0.75, -0.75), lambda: 0.75 + mp.log(2)),
    ("logaddexp", (-3, 2), lambda: 2 + mp.log(1 + mp.exp(-5))),
    ("logaddexp", (1, -0.5), lambda: 1 + mp.log(1 + mp.exp(-1.5))),
    ("sinc_prime", (-1.75,), lambda: 0),
    ("sinc_prime", (2,), lambda: 0),
    ("sinc_prime", (-2.25,), lambda: (-mp.cos(2.25) + mp.sin(2.25) / 2.25) / 2.25),
    ("sinc_prime", (5,), lambda: (mp.cos(5) - mp.sin(5) / 5) / 5),
]


@pytest.mark.parametrize(("name", "at", "expected"), SIZES)
def test_sizes_of_what_cancels(name, at, expected):
    size = elementary(vars(fn)[name].terms_size(*map(sp.Rational, at)))
    assert close(value(size, {}), expected(), 20)


def test_forms_for_people_have_quotients():
    """over_square is for code; conditions stay as typed, for SymPy would solve them."""
    x, y = map(real_symbol, "xy")
    gradient = sb.circuit("f = atan2(y, x)", loss=None).gradient()
    assert not any(gradient[name].has(edges.over_square) for name in "xy")
    assert gradient["y"] == x / hypot(x, y) ** 2
    slope = ops.expand_slopes(OPS["sigma"].slope(x))
    assert slope == fn.sigma(x) * (1 - fn.sigma(x))
    choice = sp.Piecewise((y, fn.relu(x) > 1), (0, True))
    assert elementary(choice) == choice


def test_floats_are_the_decimals_that_were_typed():
    """But those of more digits than a float has, which are the binary numbers that they are."""
    for text in ("0.1", "0.30000000000000004", "1e-9"):
        assert exact(sp.Float(float(text))) == sp.Rational(text)
    assert exact(sp.Float(0.1)).is_Rational
    longer = sp.Rational(1) + sp.Rational(2) ** -53
    found = exact(sp.Float(longer, precision=54))
    assert found.is_Rational and found == longer


def test_sinc_at_0():
    """sin(u)/u = 1 - u²/6 + …: the value 1, the slope 0, and -1/3 for that of the slope."""
    u = real_symbol("u")
    slope = OPS["sinc"].slope(u)
    assert elementary(sp.sinc(u)).subs(u, 0) == 1
    assert elementary(slope).subs(u, 0) == 0
    assert slope.diff(u).subs(u, 0) == sp.Rational(-1, 3)
    assert slope.expanded(u, sp.S.One).subs(u, 0) == 0


@pytest.mark.parametrize("name", CASES)
def test_another_number_of_operands_is_refused(name):
    known = len(CASES[name][0])
    fewer = [] if name == "softsign" else [known - 1]  # softsign(u) is u/(1 + |u|)
    more = [] if name in ("log", "min", "max", "horner") else [known + 1]
    for count in (*fewer, *more):
        operands = ", ".join("abcde"[:count])
        with pytest.raises(CircuitError):
            sb.circuit(f"f = {name}({operands})", loss=None)


SIGNS = {
    "positive": lambda v: v > 0,
    "negative": lambda v: v < 0,
    "nonnegative": lambda v: v >= 0,
    "nonpositive": lambda v: v <= 0,
    "zero": lambda v: v == 0,
    "extended_real": lambda v: True,
}


@pytest.mark.parametrize("name", CASES)
def test_what_a_function_states_of_its_sign_holds(name):
    """SymPy takes abs(f) for f where f states that it is positive."""
    symbols = [real_symbol(s) for s in LETTERS[: len(CASES[name][0])]]
    with mp.workdps(DIGITS):
        for at in CASES[name]:
            found = MEANING[name](*map(mp.mpf, at))
            for sign, holds in SIGNS.items():
                stated = getattr(OPS[name].head(*symbols), f"is_{sign}")
                assert stated is None or stated == holds(found), (sign, at)


def test_a_partial_reuses_the_value():
    split = gates(sb.circuit("f = exp(x), g: output = x/f + tan(f)", loss=None))
    f, x = real_symbol("f"), real_symbol("x")
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


# circuits of arrays, and what each edge of the last gate is: the rule, the slope that the forward
# pass may keep, and whether the adjoint must have the gate's shape
EDGES = [
    ("x: input; y: input\nf = x*y", {"x": ("product", None, False), "y": ("product", None, False)}),
    (
        "x: input\nf = sigma(x)",
        {"x": (OPS["sigma"].rule, fn.sigma_prime(real_symbol("x")), False)},
    ),
    ("x: input\nf = x", {"x": ("copy", None, False)}),
    ("x: input\nf = sqrt(x)", {"x": ("√′(u) = 1/(2√u)", None, False)}),
    ("x: input\nf = x**3", {"x": ("power", None, False)}),
    ("x: input\nf = 2**x", {"x": (POWER.rule, None, False)}),
    ("x: input; y: input\nf = x**y", {n: (POWER.rule, None, False) for n in "xy"}),
    ("x: input[n]\nf = x", {"x": ("copy", None, False)}),
    (
        "x: input[n]; y: input[n]\nf = x + 2*y + 1",
        {"x": ("sum", None, False), "y": ("sum and constant multiple", None, False)},
    ),
    (
        "X: input[m, n]; b: param[n]; c: param\nf = X*b*c",
        {"X": ("product", None, False), "b": ("product", None, True), "c": ("product", None, True)},
    ),
    (
        "x: input[n]; c: param\nf = (x - c)**2/2",
        {"x": ("∂u² = 2u·∂u", None, False), "c": ("∂u² = 2u·∂u", None, True)},
    ),
    (
        "x: input[n]\nf = sigma(x)",
        {"x": (OPS["sigma"].rule, fn.sigma_prime(real_symbol("x")), False)},
    ),
    (
        "x: input[n]; y: input[n]; c: param\nf = where(x > y, x, c)",
        {
            "x": ("the branch taken", None, False),
            "y": ("the branch taken", None, False),
            "c": ("the branch taken", None, True),
        },
    ),
    ("A: param[m, n]; x: input[n]\nf = A @ x", {o: (matvec.rule, None, True) for o in "Ax"}),
    (
        "A: param[m, n]; x: input[n]; b: param[m]\nf = b - 3*(A @ x)",
        {
            "A": (matvec.rule, None, True),
            "x": (matvec.rule, None, True),
            "b": ("sum", None, False),
        },
    ),
    ("A: param[n, n]; x: input[n]\nf = A @ x + 2", {o: (matvec.rule, None, True) for o in "Ax"}),
    (
        "A: param[n, n]; B: param[n, n]; x: input[n]\nf = A @ x - B @ x + x**2",
        {o: (matvec.rule, None, True) for o in "ABx"},
    ),
    (
        "A: param[n, m]; B: param[k, n]\nf = A.T @ B.T",
        {o: (matmul.rule, None, True) for o in "AB"},
    ),
    (
        "A: param[n, n]; x: input[n]\nf = solve(A.T, x)",
        {o: (solve.rule, None, True) for o in "Ax"},
    ),
    (
        "A: param[n, n]; B: param[n, n]; x: input[n]\nf = A @ B + A @ x - A",
        {"A": (f"{matmul.rule}; {matvec.rule}", None, True)},
    ),
    ("z: input[n]\nf = softmax(z)", {"z": (softmax.rule, None, True)}),
    (
        "z: input[n]; t: target[n]\nf = cross_entropy(z, t)",
        {
            "z": (cross_entropy.rule, softmax(real_symbol("z")), True),
            "t": (cross_entropy.rule, None, True),
        },
    ),
    (
        "z: input[n]; t: target\nf = cross_entropy(z, t)",
        {"z": (sparse_cross_entropy.rule, softmax(real_symbol("z")), True)},
    ),
    ("x: input[n]; w: param[n]\nf = dot(x, w)", {o: (dot.rule, None, True) for o in "xw"}),
]


@pytest.mark.parametrize(("text", "expected"), EDGES)
def test_edges_of_gates(text, expected):
    gate = gates(sb.circuit(text, loss=None)).output
    found = local_partials(gate)
    for name, facts in expected.items():
        local = found[name]
        assert (local.rule, local.slope, local.needs_whole) == facts, name


OF_ARRAYS = [text for text, _ in EDGES if "[" in text]
F, X, Y, Z, KEPT = map(real_symbol, "f x y z kept".split())


@pytest.mark.parametrize("text", OF_ARRAYS)
def test_contributions_are_those_of_sympy(text):
    """∂Σ(g∘gate) by SymPy's diff, entry by entry: over the names, a kept slope, and written out."""
    gate = gates(sb.circuit(text, loss=None)).output
    upstream = real_symbol(f"{gate.name}_bar")
    assert local_partials(gate)
    for operand, local in local_partials(gate).items():
        if operand == "t":  # a target has no derivative
            continue
        alone, names = Gate.of(gate, operand, any_sum=False)
        forms = [local.contribution(upstream), local.contribution(upstream, expanded=True)]
        if local.slope is not None:
            over = local.contribution(upstream, KEPT)
            assert over.has(KEPT) and not over.has(local.slope)
            forms.append(over.xreplace({KEPT: local.slope}))
        if not local.needs_whole:
            forms += [upstream * local.partial, upstream * local.expanded]
        if local.terms:
            forms += [local.partial, local.expanded]
        truth = gate_reference(alone)
        for form in forms:
            form = form.xreplace({**names, upstream: ADJOINT})
            assert truth.verify(form, times_adjoint=False), f"{operand} of {text}"


def test_the_closed_form_of_what_stands_beside_a_product():
    """x + A·x, as beside a layer that is passed by: ∂(v·f)/∂x = v + Aᵀ·v."""
    text = "A: param[n, n]; x: input[n]; v: param[n]\nf = A @ x + {}\nE = dot(v, f)"
    for term, expected in (("x", "v + A.T*v"), ("x**2", "2*(HadamardProduct(v, x)) + A.T*v")):
        gradient = sb.circuit(text.format(term), loss=None).gradient("E")
        assert sorted(str(gradient["x"]).split(" + ")) == sorted(expected.split(" + "))


# gate → its partials over the names, its own value reused
REUSED = [
    ("sqrt(x)", {"x": 1 / (2 * F)}),
    ("x**(1/3)", {"x": edges.nonvanishing(F) / (3 * X)}),
    ("x**(-1.5)", {"x": -3 * F / (2 * X)}),
    ("x**1.5", {"x": sp.Rational(3, 2) * sp.sqrt(X)}),
    ("x**(pi/4)", {"x": sp.pi / 4 * X ** (sp.pi / 4 - 1)}),
    ("x**y", {"x": edges.power_slope(X, Y), "y": edges.power_log(F, X)}),
    ("x/y", {"x": 1 / Y, "y": -F / Y}),
    ("tan(x)", {"x": 1 + F**2}),
]


@pytest.mark.parametrize("shape", ["", "[n]"])
def test_partials_reuse_the_value(shape):
    for text, expected in REUSED:
        leaves = "; ".join(f"{name}: input{shape}" for name in expected)
        gate = gates(sb.circuit(f"{leaves}\nf = {text}", loss=None)).output
        found = local_partials(gate)
        assert {name: local.partial for name, local in found.items()} == expected, text


@pytest.mark.parametrize("shape", ["", "[n]"])
def test_what_is_kept_is_used(shape):
    """A slope that is kept is not written out, one that is written out is gone, branches get g."""
    g = real_symbol("f_bar")
    gate = gates(sb.circuit(f"x: input{shape}\nf = sigma(x)", loss=None)).output
    local = local_partials(gate)["x"]
    assert local.contribution(g, KEPT) == g * KEPT
    assert local.contribution(g, expanded=True) == g * F * (1 - F)
    assert local.contribution(g) == g * fn.sigma_prime(X)
    leaves = f"x: input{shape}; y: input{shape}"
    choice = gates(sb.circuit(f"{leaves}\nf = where(x > y, x, y)", loss=None)).output
    expected = sp.Piecewise((g, X > Y), (0, True))
    assert local_partials(choice)["x"].contribution(g) == expected


def test_a_factor_goes_into_the_branches():
    choice = sp.Piecewise((X, X > Y), (KEPT, True))
    assert times(F, 2 * X * choice) == sp.Piecewise((2 * F * X**2, X > Y), (2 * F * X * KEPT, True))
    x, y, z = map(real_symbol, "xyz")
    keeps = edges.zero_or_nan(z)
    nan = edges.unless_nan(sp.S.NegativeOne, z)
    found = times(x, sp.Piecewise((1, y > 0), (nan, y < -1), (keeps, True)))
    stays = edges.unless_nan(-x, z)  # 0 times an infinite factor would be no number
    assert found == sp.Piecewise((x, y > 0), (stays, y < -1), (keeps, True))


def test_a_choice_has_a_branch_that_passes_nothing_on():
    y, z = map(real_symbol, "yz")
    assert is_choice(sp.Piecewise((1, y > 0), (edges.zero_or_nan(z), True)))
    assert is_choice(sp.Piecewise((0, y > 0), (3, True)))
    assert not is_choice(sp.Piecewise((1, y > 0), (-1, True)))
    assert not is_choice(sp.Piecewise((z, y > 0), (0, True)))
    assert not is_choice(y)


def test_operations_on_arrays_reuse_the_value():
    """Where they are the whole gate: that of softmax is f∘(g - f·g)."""
    g = real_symbol("f_bar")
    for text, number, softened in (("softmax(z)", 1, F), ("2*softmax(z)", 2, softmax(Z))):
        circuit = sb.circuit(f"z: input[n]\nf = {text}", loss=None)
        found = local_partials(circuit.output)["z"].contribution(g)
        assert found == softened * (number * g - reduce_sum(softened * number * g))


def test_what_is_not_a_gate_is_refused():
    whole = sb.circuit("A: param[n, n]; x: input[n]\nf = tanh(A @ x)", loss=None).output
    with pytest.raises(ValueError, match=r"f = tanh\(.*\) is not a gate.*split the circuit"):
        local_partials(whole)
