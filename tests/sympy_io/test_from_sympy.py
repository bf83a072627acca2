"""SymPy expressions in: what is accepted, what is refused by name, what comes out in partials."""

from __future__ import annotations

import math
import random

import mpmath
import numpy as np
import pytest
import sympy as sp
from sympy.codegen.cfunctions import expm1, fma, hypot, log1p

import symback as sb
from symback import errors
from symback.operations import elementwise as ops
from symback.operations import functions as fn
from symback.operations import special
from symback.operations.expressions import real_symbol
from symback.operations.special.named import NamedFunction
from tests.cases.one_in import one_in
from tests.cases.special_kernels import MEANING

x, y, z, w, b = sp.symbols("x y z w b")
real_x, real_y, real_w = sp.symbols("x y w", real=True)
read = sb.Circuit.from_sympy

LEFTOVERS = (sp.Heaviside, sp.DiracDelta, sp.Derivative, sp.Subs, sp.re, sp.im, sp.conjugate)

# What SymPy's own diff would leave Heaviside, DiracDelta, Derivative or Subs in, with the
# partials by x at points away from kinks, worked out by hand.
KINKED = {
    "abs": (sp.Abs(x), {2.0: 1.0, -3.0: -1.0, 0.0: 0.0}),
    "sign": (x * sp.sign(x), {2.0: 1.0, -3.0: -1.0}),
    "max": (sp.Max(x, 1) * x, {2.0: 4.0, 0.5: 1.0, -3.0: 1.0}),
    "min": (sp.Min(x, x**2), {0.5: 1.0, 3.0: 1.0, -1.0: 1.0, 0.25: 0.5}),
    "max of three": (sp.Max(x, 2 * x, 3), {1.0: 0.0, 4.0: 2.0, -1.0: 0.0}),
    "tie": (sp.Max(x, 1), {1.0: 0.5}),
    "relu": (sp.Max(0, x), {2.0: 1.0, -1.0: 0.0}),
    "piecewise": (sp.Piecewise((x**2, x > 1), (3 * x, True)), {2.0: 4.0, 0.5: 3.0, 1.0: 3.0}),
    "three branches": (
        sp.Piecewise((0, x < 0), (x**2 / 2, x < 1), (x - sp.Rational(1, 2), True)),
        {-1.0: 0.0, 0.5: 0.5, 2.0: 1.0},
    ),
    "and, or": (
        sp.Piecewise((x, (x > 0) & (x < 1)), (5 * x, (x > 3) | (x < -3)), (7, True)),
        {0.5: 1.0, 4.0: 5.0, -4.0: 5.0, 2.0: 0.0},
    ),
    "abs inside": (sp.exp(-sp.Abs(x)), {1.0: -math.exp(-1), -1.0: math.exp(-1)}),
    "abs of a product": (sp.Abs(x * (x - 3)), {1.0: 1.0, 4.0: 5.0}),
    "huber": (
        sp.Piecewise((x**2 / 2, sp.Abs(x) <= 1), (sp.Abs(x) - sp.Rational(1, 2), True)),
        {0.5: 0.5, 3.0: 1.0, -3.0: -1.0},
    ),
}
KINKED["min"][1][0.25] = 0.5  # x² is the smaller below 1
KINKED["min"][1][0.5] = 1.0
KINKED["min"][1][-1.0] = 1.0


@pytest.mark.parametrize("name", one_in(2, KINKED))
def test_partials_of_kinked_functions(name):
    expr, truth = KINKED[name]
    c = read(expr)
    for expand in (False, True):
        partial = c.gradient(expand=expand)["x"]
        assert not partial.has(*LEFTOVERS), partial
        if expand:
            for at, value in truth.items():
                found = ops.elementary(partial).subs(real_x, sp.Rational(at))
                assert float(found) == pytest.approx(value, abs=1e-15), at


@pytest.mark.parametrize("name", one_in(2, KINKED))
def test_modules_of_kinked_functions(name):
    expr, truth = KINKED[name]
    c = read(expr)
    module, at = c.compile(), np.array(list(truth))
    _, cache = module.forward(module.Params(), module.Inputs(at))
    _, bars = module.backward(module.Params(), module.Inputs(at), cache)
    np.testing.assert_allclose(bars.x, list(truth.values()), rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("name", one_in(2, KINKED))
def test_text_of_kinked_functions_reads_back(name):
    c = read(KINKED[name][0])
    assert sb.circuit(str(c)) == c


# -- numbers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "number", [0.1, 1 / 3, 2.5, 1e22, 6.02214076e23, 5e-324, 1.7976931348623157e308, 0.1 + 0.2]
)
def test_floats_stay_the_double_that_was_typed(number):
    expr = read(sp.Float(number) * x).output.expr
    coefficient = expr.coeff(real_x)
    assert coefficient.is_Rational
    assert float(coefficient) == number
    module = read(sp.Float(number) * x).compile()
    assert module.forward(module.Params(), module.Inputs(1.0))[0] == number


def test_floats_of_other_precisions_are_read():
    for digits in (5, 30, 50):
        coefficient = read(sp.Float("0.1", digits) * x).output.expr.coeff(real_x)
        assert float(coefficient) == pytest.approx(0.1, rel=1e-5)


def test_constants():
    assert read(sp.pi * x).output.expr == sp.pi * real_x
    assert read(sp.E * x).output.expr == sp.E * real_x
    assert read(sp.sqrt(2) * x).output.expr == sp.sqrt(2) * real_x
    assert read({"f": 2 * x, "g": sp.Symbol("f") + 1}).output.expr == sp.Symbol("f", real=True) + 1
    assert read([("u", 3), ("f", sp.Symbol("u") * x)])["u"].expr == 3
    assert read([("u", 0.1), ("f", sp.Symbol("u") * x)])["u"].expr == sp.Rational(1, 10)


# -- symbols ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "assumption",
    [
        {},
        {"real": True},
        {"positive": True},
        {"integer": True},
        {"nonnegative": True},
        {"complex": True},
        {"negative": True},
    ],
)
def test_symbols_are_mapped_by_name(assumption):
    symbol = sp.Symbol("x", **assumption)
    c = read(sp.sin(symbol) * symbol)
    assert c.output.expr == sp.sin(real_x) * real_x
    assert c.output.expr.free_symbols == {real_x}


def test_two_symbols_of_one_name_are_refused():
    positive = sp.Symbol("x", positive=True)
    with pytest.raises(errors.NameRefused, match="'x'"):
        read(x + sp.exp(positive))
    with pytest.raises(errors.NameRefused, match="'x'"):
        read([("u", x), ("f", positive * sp.Symbol("u"))])


def test_roles_and_options():
    c = read(w * x + b)
    assert [p.name for p in c.params] in (["w", "b"], ["b", "w"])
    assert [i.name for i in c.inputs] == ["x"]
    assert c.loss.name == "l" and c.targets == ("y",)
    c = read(w * x + b, params=["x"], inputs=["w", "b"], loss=None)
    assert [p.name for p in c.params] == ["x"]
    assert c.loss is None
    with pytest.raises(errors.UnknownName, match="'v'"):
        read(w * x, params=["v"])
    with pytest.raises(errors.UnknownName, match="'v'"):
        read(w * x, loss="v")


def test_lists_and_mappings_of_named_expressions():
    net2, x2, f = sp.symbols("net2 x2 f")
    pairs = [("net2", w * x + b), ("x2", sp.tanh(net2)), ("f", y - x2)]
    circuits = [
        read(pairs),
        read(dict(pairs)),
        read(tuple(pairs)),
        read(iter(pairs)),
        read({sp.Symbol(n): e for n, e in pairs}),
        read(pairs[::-1]),
    ]
    for c in circuits:
        assert [n.name for n in c.computed] == ["net2", "x2", "f", "l"]
        assert c.output.name == "f"
        slope = 1 - sp.tanh(real_w * real_x + sp.Symbol("b", real=True)) ** 2
        found = ops.elementary(c.gradient(expand=True)["w"])
        assert sp.simplify(found + slope * real_x) == 0
    with_loss = read([*pairs, ("E", (f - z) ** 2)], loss="E")
    assert with_loss.loss.name == "E" and with_loss.output.name == "f"


@pytest.mark.parametrize(
    "pairs",
    [
        [],
        {},
        [("f", x), ("f", y)],
        [("f", x, y)],
        [("f",)],
        [("u", sp.Symbol("f")), ("f", sp.Symbol("u"))],
        [("f", sp.Symbol("f") + 1)],
        [(3, x)],
        [(None, x)],
    ],
)
def test_bad_lists_are_refused(pairs):
    with pytest.raises(errors.CircuitError):
        read(pairs)


# -- gamma and its kin -----------------------------------------------------------------------


def _catalan(x):
    return 4**x * mpmath.gamma(x + 0.5) * mpmath.rgamma(x + 2) / mpmath.sqrt(mpmath.pi)


OF_GAMMA = {
    sp.gamma(x): lambda x, y: mpmath.gamma(x),
    sp.factorial(x): lambda x, y: mpmath.factorial(x),
    sp.beta(x, y): mpmath.beta,
    sp.binomial(x, y): mpmath.binomial,
    sp.RisingFactorial(x, y): mpmath.rf,
    sp.FallingFactorial(x, y): mpmath.ff,
    sp.loggamma(x): lambda x, y: mpmath.loggamma(x),
    sp.digamma(x): lambda x, y: mpmath.digamma(x),
    sp.harmonic(x): lambda x, y: mpmath.harmonic(x),
    sp.harmonic(x, 2): lambda x, y: mpmath.zeta(2) - mpmath.zeta(2, x + 1),
    sp.harmonic(x, 5): lambda x, y: mpmath.zeta(5) - mpmath.zeta(5, x + 1),
    sp.zeta(2, x): lambda x, y: mpmath.zeta(2, x),
    sp.zeta(5, x): lambda x, y: mpmath.zeta(5, x),
    sp.catalan(x): lambda x, y: mpmath.binomial(2 * x, x) / (x + 1),
    sp.catalan(x - sp.Rational(19, 4)): lambda x, y: _catalan(x - mpmath.mpf(4.75)),  # at a zero
    sp.catalan(x - 10): lambda x, y: _catalan(x - 10),
    sp.EulerGamma * x: lambda x, y: mpmath.euler * x,
    sp.GoldenRatio * x: lambda x, y: mpmath.phi * x,
}


@pytest.mark.parametrize("expr", OF_GAMMA, ids=str)
def test_functions_of_gamma_are_read(expr):
    """Value and slope by x, from mpmath at 50 digits."""
    at = {"x": 2.75, "y": 1.5}
    module = read(expr, loss=None, params=[]).compile()
    inputs = module.Inputs(**{name: at[name] for name in module.Inputs._fields})
    value, cache = module.forward(module.Params(), inputs)
    slope = module.backward(module.Params(), inputs, cache)[1].x
    with mpmath.workdps(50):
        wanted = [
            float(mpmath.diff(lambda x: OF_GAMMA[expr](x, mpmath.mpf(1.5)), 2.75, n))
            for n in (0, 1)
        ]
    assert [value, slope] == pytest.approx(wanted, rel=1e-14, abs=0)


# -- everything outside ----------------------------------------------------------------------

undefined = sp.Function("mystery")
OUTSIDE = {
    "erfi": sp.erfi(x),
    "factorial2": sp.factorial2(x),
    "airyai": sp.airyai(x),
    "DiracDelta": sp.DiracDelta(x),
    "arg": sp.arg(x),
    "conjugate": sp.conjugate(x),
    "re": sp.re(x),
    "mystery": undefined(x + 1),
    "Derivative": sp.Derivative(undefined(2 * x), x),
    "Integral": sp.Integral(sp.exp(-(x**2)), (x, 0, y)),
    "Sum": sp.Sum(x**z, (z, 1, y)),
    "Product": sp.Product(x + z, (z, 1, y)),
    "Limit": sp.Limit(sp.sin(x) / x, x, 0),
    "Subs": sp.Subs(undefined(x), x, 1),
    "ImaginaryUnit": sp.I * x,
    "Infinity": sp.Max(x, sp.oo, evaluate=False),
    "NaN": sp.nan,
    "ComplexInfinity": sp.zoo,
    "RootOf": sp.rootof(sp.Symbol("t") ** 5 - sp.Symbol("t") + 1, 0) * x,
    "Catalan": sp.Catalan * x,
    **{
        type(part).__name__: part * w
        for part in (
            *(sp.elliptic_k(x), sp.LeviCivita(x, y, 1), sp.hyper([x], [2], y), sp.fresnels(x)),
            *(sp.meijerg([[], []], [[0], []], x), sp.legendre(y, x), sp.elliptic_pi(x, y)),
        )
    },
    "Order": x + sp.Order(x**2),
    "MatrixElement": sp.MatrixSymbol("A", 2, 2)[sp.Symbol("i"), 0] * x,
    "Indexed": sp.Indexed("A", y) * x,
}


COMPOSED = "sec csc cot sech csch coth asec acsc acot asech acsch acoth".split()


@pytest.mark.parametrize("name", COMPOSED)
def test_functions_that_are_compositions_are_read_as_in_text(name):
    found = read(getattr(sp, name)(w * x), params="w")
    assert found == sb.circuit(f"f = {name}(w*x)")


STEPS = {
    "floor(x)": sp.floor(x),
    "ceil(x)": sp.ceiling(x),
    "mod(x, y)": sp.Mod(x, y),
    "frac(x)": sp.frac(x),
    "heaviside(x)": sp.Heaviside(x),
    "heaviside(x, 1)": sp.Heaviside(x, 1),
}


@pytest.mark.parametrize("text", STEPS)
def test_steps_are_read_as_in_text(text):
    assert read(STEPS[text] * x, inputs="x y" if "y" in text else "x") == sb.circuit(
        f"f = ({text})*x", loss=None
    )


@pytest.mark.parametrize("name", OUTSIDE)
def test_everything_outside_is_refused_by_name(name):
    with pytest.raises(errors.Unsupported) as caught:
        read(OUTSIDE[name])
    message = str(caught.value)
    assert "'f'" in message and len(message) <= 200
    assert name in message


@pytest.mark.parametrize(
    "value",
    [
        "x",
        "__import__('os')",
        None,
        object(),
        sp.Matrix([x, sp.zoo]),
        x > 0,
        sp.true,
        sp.And(x > 0, y > 0),
        sp.Tuple(x, x > 0),
        sp.FiniteSet(x),
        sp.Lambda(x, x),
        3 + 2j,
        float("nan"),
        float("inf"),
        True,
    ],
)
def test_what_is_not_an_expression_is_refused(value):
    with pytest.raises(errors.SymbackError) as caught:
        read([("f", value)])
    assert len(str(caught.value)) <= 200


def test_a_piecewise_without_last_branch_is_refused():
    with pytest.raises(errors.Unsupported, match="True"):
        read(sp.Piecewise((x, x > 0)))


@pytest.mark.parametrize("expr", [sp.log(-2) * x, sp.sqrt(-3) * x, sp.asin(2) + x, sp.E**800 * x])
def test_constants_that_are_not_real_are_refused(expr):
    with pytest.raises(errors.SymbackError):
        read(expr)


def test_depth_is_bounded():
    deep = x
    for _ in range(99):
        deep = sp.sin(deep)
    assert len(read(deep).gradient()) == 1
    with pytest.raises(errors.TooLarge, match="'f'"):
        read(sp.sin(sp.sin(deep)))


# -- agreement -------------------------------------------------------------------------------

SMOOTH = {
    "neuron": 1 / (1 + sp.exp(-(w * x + b))),
    "gauss": sp.exp(-(x**2) / (2 * y**2)) / sp.sqrt(2 * sp.pi) / y,
    "erf": sp.erf(x * y) * sp.atan2(y, x),
    "hyperbolic": sp.sinh(x) * sp.cosh(y) + sp.asinh(x * y) + sp.tanh(x),
    "powers": (x**2 + y**2) ** sp.Rational(3, 2) / (x + 2 * y),
    "inverse": sp.asin(x / 4) + sp.acos(y / 4) + sp.atan(x * y) + sp.atanh(x / 9),
    "kernels": log1p(x**2) + expm1(-y) + hypot(x, y),
    "general power": x**y + 2**x + sp.acosh(2 + x),
    "tan": sp.tan(x / 4) * sp.log(x + y),
}


@pytest.mark.parametrize("name", one_in(2, SMOOTH))
def test_partials_agree_with_sympy(name):
    c = read(SMOOTH[name], loss=None)
    expr = ops.elementary(c.output.expr)
    rng = random.Random(3)
    assert c.leaves
    for leaf in c.leaves:
        point = {n.symbol: sp.Rational(rng.randint(5, 30), 16) for n in c.leaves}
        truth = sp.diff(expr, leaf.symbol).subs(point).evalf(40)
        found = ops.elementary(c.gradient(expand=True)[leaf.name]).subs(point).evalf(40)
        assert abs(found - truth) <= sp.Float("1e-30") * (1 + abs(truth))


@pytest.mark.parametrize("name", one_in(2, SMOOTH))
def test_text_and_expression_are_one_circuit(name):
    c = read(SMOOTH[name])
    assert sb.circuit(str(c)) == c


@pytest.mark.parametrize("name", ["neuron", "powers", "kernels", "general power"])
def test_modules_from_sympy_agree(name):
    report = read(SMOOTH[name]).check()
    assert report, str(report)


def test_results_can_be_read_again():
    gradient = sb.circuit("f = x1 - sigma(w3*x3 + w4*x4)").gradient(expand=True)
    again = read(gradient["w3"], loss=None)
    assert again.output.expr == gradient["w3"]
    second = again.gradient(expand=True)["w3"]
    u = sp.exp(-(sp.Symbol("w3") * sp.Symbol("x3") + sp.Symbol("w4") * sp.Symbol("x4")))
    by_hand = sp.diff(-(1 / (1 + u)), sp.Symbol("w3"), 2)
    point = {"w3": 0.5, "x3": -1.25, "w4": 0.75, "x4": 2.0}
    expected = by_hand.subs({sp.Symbol(n): v for n, v in point.items()})
    found = ops.elementary(second).subs({sp.Symbol(n, real=True): v for n, v in point.items()})
    assert float(found) == pytest.approx(float(expected), rel=1e-12, abs=0)


# -- our own functions in SymPy --------------------------------------------------------------

OWN = {
    fn.sigma: lambda u: 1 / (1 + mpmath.exp(-u)),
    fn.cbrt: lambda u: mpmath.sign(u) * mpmath.root(abs(u), 3),
    fn.softplus: lambda u: mpmath.log(1 + mpmath.exp(u)),
    fn.logsigmoid: lambda u: -mpmath.log(1 + mpmath.exp(-u)),
    fn.relu: lambda u: max(u, mpmath.mpf(0)),
    fn.silu: lambda u: u / (1 + mpmath.exp(-u)),
    fn.gelu: lambda u: u * (1 + mpmath.erf(u / mpmath.sqrt(2))) / 2,
    fn.log1psq: lambda u: mpmath.log(1 + u * u),
    fn.log1mexp: lambda u: mpmath.log(1 - mpmath.exp(u)),
    fn.logcosh: lambda u: mpmath.log(mpmath.cosh(u)),
}
ONE = sp.FiniteSet(1)
SPECIAL = {getattr(special, name): MEANING[name] for name in special.__all__ if name in MEANING}
OWN |= {function: meaning for function, meaning in SPECIAL.items() if function.nargs == ONE}
NAMED = [f for f in SPECIAL if issubclass(f, NamedFunction) and f.nargs == ONE]  # SymPy's own
PLACES = dict.fromkeys(OWN, (-3.5, -0.25, 0.0, 0.75, 5.0)) | {
    fn.log1mexp: (-30.0, -3.5, -0.25),
    special.inv_expm1: (-3.5, -0.25, 0.75, 5.0),
    special.xlogx: (0.25, 0.75, 5.0),
    special.xlogx1p: (-0.75, -0.25, 0.0, 0.75, 5.0),
    special.logit: (0.0625, 0.25, 0.5, 0.9375),
    **dict.fromkeys(
        (special.asinmx, special.atanhmx, special.asinc, special.atanhc),
        (-0.75, -0.25, 0.0, 0.5, 0.9375),
    ),
    **dict.fromkeys((special.log1pmx, special.log1prel), (-0.75, -0.25, 0.0, 0.75, 5.0)),
    fn.cbrt: (-3.5, -0.25, 0.75, 5.0),
    special.acosc: (-0.75, -0.25, 0.0, 0.75, 0.9375),
    **dict.fromkeys(NAMED, (-3.5, -0.25, 0.75, 5.0)),
    special.erfinv: (-0.75, 0.25),
    special.erfcinv: (0.25, 1.5),
    special.ndtri: (0.25, 0.75),
    special.lambertw: (-0.25, 0.75, 5.0),
    special.lambertwm1: (-0.25, -0.125),
}
NEED_DIGAMMA = {special.stirlerr, special.digammamlog, special.log_wallis}  # `math` has none either
PLACES |= dict.fromkeys(NEED_DIGAMMA, (0.25, 0.75, 5.0, 40.0))
NEED_ERF = {fn.gelu, special.erfcx, special.log_erfc, special.log_ndtr}  # NumPy has none


def subclasses(of):
    return {c for direct in of.__subclasses__() for c in (direct, *subclasses(direct))}


def test_the_table_of_own_functions_is_complete():
    """Of one operand; those of more are in `test_partials`."""
    bases = (fn.Elementary, NamedFunction)
    own = {c for base in bases for c in subclasses(base) if c.nargs == ONE}
    own = {c for c in own if c.__name__.islower()}
    assert own - ops.SLOPES.keys() == OWN.keys()


@pytest.mark.parametrize(
    ("function", "at"),
    one_in(2, [pytest.param(f, at, id=f"{f.__name__} {at}") for f in OWN for at in PLACES[f]]),
)
def test_own_functions_evaluate_and_differentiate(function, at):
    with mpmath.workdps(60):  # a shorter step would lose what 1/u - coth(u) cancels
        meaning, u = OWN[function], mpmath.mpf(at)
        truth = meaning(u)
        slope = mpmath.diff(meaning, u, h=1e-12) if at or function is not fn.relu else 0
    assert float(function(sp.Rational(at)).evalf(30)) == pytest.approx(
        float(truth), rel=1e-14, abs=0
    )
    for expr, expected in ((function(real_x), truth), (sp.diff(function(real_x), real_x), slope)):
        for backend in ("numpy", "mpmath", "math"):
            if backend == "numpy" and function in NEED_ERF:
                continue
            if backend != "mpmath" and function in NEED_DIGAMMA.union(NAMED):
                continue
            made = sp.lambdify(real_x, expr, backend)
            given = np.float64(at) if backend == "numpy" else at
            with np.errstate(all="ignore"):  # NumPy takes a quotient at 0 before it chooses
                found = float(made(given))
            assert found == pytest.approx(float(expected), rel=1e-9, abs=1e-12)
        assert float(expr.evalf(30, subs={real_x: at})) == pytest.approx(
            float(expected), rel=1e-9, abs=1e-12
        )


def test_branches_of_lambert_that_are_not_real_are_refused():
    with pytest.raises(errors.Unsupported, match="branches 0 and -1 alone, not on 2"):
        sb.Circuit.from_sympy(sp.LambertW(x, 2))
    found = sb.Circuit.from_sympy(sp.LambertW(real_x, -1))
    assert found["f"].expr == special.lambertwm1(real_x)


def test_own_functions_in_sympy():
    assert fn.sigma(0) == sp.Rational(1, 2)
    assert fn.sigma(real_x).diff(real_x) == fn.sigma(real_x) * (1 - fn.sigma(real_x))
    assert fn.sigma(real_x).rewrite(sp.exp) == 1 / (1 + sp.exp(-real_x))
    assert fn.sigma(real_x).subs(real_x, 0) == sp.Rational(1, 2)
    assert sp.limit(fn.sigma(real_x).rewrite(sp.exp), real_x, sp.oo) == 1
    assert str(fn.sigma(real_x)) == "sigma(x)"


def nested(levels):
    """e ← e·tanh(e) + sin(e): written out, three times as long a level."""
    w, e = sp.Symbol("w", real=True), sp.Symbol("x", real=True)
    e = w * e
    for _ in range(levels):
        factors = e, sp.tanh(e, evaluate=False)
        e = sp.Add(sp.Mul(*factors, evaluate=False), sp.sin(e, evaluate=False), evaluate=False)
    return e


def test_shared_parts_get_names_where_the_text_would_repeat_them():
    twenty, forty = (sb.Circuit.from_sympy(nested(n)) for n in (20, 40))
    assert len(forty.nodes) - len(twenty.nodes) == 20
    lengths = len(twenty.generate()), len(forty.generate())
    assert lengths[1] < 2 * lengths[0]
    assert forty.check().passed
    assert sb.circuit(forty.source) == forty


def test_200_levels_are_no_burden():
    expr = sp.Symbol("x", real=True)
    for _ in range(200):
        expr = sp.Add(expr, sp.Pow(expr, 2, evaluate=False), evaluate=False)
    circuit = sb.Circuit.from_sympy(expr)
    assert len(circuit.generate()) < 2_000 * len(circuit.nodes)


def test_short_expressions_stay_one_formula():
    assert [n.name for n in sb.Circuit.from_sympy(nested(3)).computed] == ["f", "l"]


def test_names_of_shared_parts_are_free():
    expr = nested(6) + sp.Symbol("f_1", real=True)
    circuit = sb.Circuit.from_sympy(expr)
    names = [n.name for n in circuit.nodes]
    assert "f_1" in {n.name for n in circuit.leaves} and len(names) == len(set(names))
    assert circuit.check().passed


# -- numbers that are not real -----------------------------------------------------------------

NO_NUMBERS = {
    "zoo": sp.zoo,
    "oo": sp.oo,
    "-oo": -sp.oo,
    "nan": sp.nan,
    "I": sp.I,
    "2*I": 2 * sp.I,
    "sqrt(-2)": sp.sqrt(-2),
    "log(-3)": sp.log(-3),
    "asin(3)": sp.asin(3),
    "1/0": sp.Pow(0, -1, evaluate=False),
    "log(0)": sp.log(0, evaluate=False),
    "0**x": 0**x,
    "0.0**x": sp.Float(0.0) ** x,
    "0**(x**2)": 0 ** (x**2),
    "(-2)**x": (-2) ** x,
    "(-pi)**(x + 1)": (-sp.pi) ** (x + 1),
    "(-1)**n": (-1) ** sp.Symbol("n", integer=True),
    "sqrt(-1 - x**2)": sp.sqrt(-1 - x**2),
    "(-exp(x))**y": (-sp.exp(x)) ** y,
    "sqrt(-x**2)": sp.sqrt(-(x**2)),
    "log(-1 - x**2)": sp.log(-1 - x**2),
    "asin(2 + x**2)": sp.asin(2 + x**2),
    "acos(-2 - x**2)": sp.acos(-2 - x**2),
    "acosh(-x**2)": sp.acosh(-(x**2)),
    "atanh(2 + x**2)": sp.atanh(2 + x**2),
}
AROUND = {
    "alone": lambda u: u,
    "sum": lambda u: sp.Add(z, u, evaluate=False),
    "product": lambda u: sp.Mul(z, u, evaluate=False),
    "base": lambda u: sp.Pow(u, 3, evaluate=False),
    "exponent": lambda u: sp.Pow(z, u, evaluate=False),
    "function": lambda u: sp.sin(u, evaluate=False),
    "function of two": lambda u: sp.atan2(z, u, evaluate=False),
    "maximum": lambda u: sp.Max(z, u, evaluate=False),
    "branch": lambda u: sp.Piecewise((u, z > 0), (z, True)),
    "last branch": lambda u: sp.Piecewise((z, z > 0), (u, True)),
    "condition": lambda u: sp.Piecewise((z, sp.Gt(u, z, evaluate=False)), (0, True)),
    "matrix": lambda u: sp.Trace(sp.MatrixSymbol("A", 2, 2)) * u,
}


def without_numbers():
    """Each of them at each place; SymPy itself compares no complex numbers."""
    for place, around in AROUND.items():
        for name, number in NO_NUMBERS.items():
            if place != "condition" or (number.is_extended_real is not False and number != sp.nan):
                yield pytest.param(around, number, id=f"{place} {name}")


@pytest.mark.parametrize(("around", "number"), one_in(2, [*without_numbers()]))
def test_what_is_not_real_is_refused_on_reading(around, number):
    expr = around(number)
    with pytest.raises(errors.SymbackError) as caught:
        read([("v", x + w), ("f", expr)])
    message = str(caught.value)
    assert "'f'" in message and len(message) <= 200
    assert any(cause in message for cause in ("real", "by zero", "not positive")), message


@pytest.mark.parametrize("text", ["0**x", "(-2)**x", "1/0", "x/0", "(1 - 1)**x", "0**(x**2)"])
def test_text_refuses_the_same_with_its_place(text):
    with pytest.raises(errors.DomainError) as caught:
        sb.circuit(f"f = z*({text})")
    assert caught.value.line == 1 and caught.value.column > 4


INSTEAD = {
    "re": (sp.re(x), "real=True"),
    "Order": (x + sp.Order(x**2), "removeO"),
    "Integral": (sp.Integral(sp.exp(-(x**2)), (x, 0, y)), "doit()"),
    "Sum": (sp.Sum(x**z, (z, 1, y)), "doit()"),
    "Catalan": (sp.Catalan * x, "expr.subs(Catalan, Catalan.n())"),
    "harmonic": (sp.harmonic(x, y), "where its order is a number from 0 on, not y"),
    "zeta": (sp.zeta(x), "where s is a whole number from 2 on, not x"),
    "elliptic_k": (sp.elliptic_k(x), "a[t] = (a[t-1] + b[t-1])/2, b[t] = sqrt(a[t-1]*b[t-1])"),
    "LeviCivita": (sp.LeviCivita(x, y, 1), "whole numbers in place of its indices"),
    "hyper": (sp.hyper([x], [2], y), "sympy.hyperexpand(expr)"),
    "meijerg": (sp.meijerg([[], []], [[0], []], x), "sympy.hyperexpand(expr)"),
    "legendre": (sp.legendre(y, x), "a whole number in place of its degree"),
    "fresnels": (sp.fresnels(x), "expr.subs(fresnels(x), Symbol('fresnels_x')), and chain its"),
    "Si": (sp.Si(2 * x) * x, "expr.subs(Si(2*x), Symbol('Si_2_x')), and chain its derivative"),
    "function": (x + undefined(2 * x), "expr.subs(mystery(2*x), Symbol('mystery_2_x'))"),
    "derivative": (sp.Derivative(undefined(2 * x), x), "expr.subs(Derivative(mystery(2*x), x), "),
    "Indexed": (sp.Indexed("A", y) * x, "expr.subs(A[y], Symbol('A_y'))"),
    "imaginary symbol": (sp.Symbol("v", imaginary=True) * x, "Symbol('v', real=True)"),
}


def test_the_loop_that_the_refusal_of_elliptic_k_names_gives_its_values_and_slopes():
    """A&S 17.6.1; from mpmath at 30 digits."""
    circuit = sb.circuit(
        "m: input\na[0] = 1; b[0] = sqrt(1 - m)\nfor t in range(1, 6):\n"
        "    a[t] = (a[t-1] + b[t-1])/2\n    b[t] = sqrt(a[t-1]*b[t-1])\nf = pi/(a[5] + b[5])",
        loss=None,
    )
    module = circuit.compile()
    at = np.array([-5.0, 0.0, 0.3, 0.99])
    value, cache = module.forward(module.Params(), module.Inputs(at))
    slope = module.backward(module.Params(), module.Inputs(at), cache)[1].m
    with mpmath.workdps(30):
        wanted = [[float(mpmath.diff(mpmath.ellipk, m, n)) for m in at] for n in (0, 1)]
    np.testing.assert_allclose([value, slope], wanted, rtol=1e-13)


@pytest.mark.parametrize("name", INSTEAD)
def test_refusals_name_the_next_step(name):
    expr, advice = INSTEAD[name]
    with pytest.raises(errors.Unsupported) as caught:
        read(expr)
    assert advice in str(caught.value)


@pytest.mark.parametrize(
    "text", ["x: input[2, 3]; f: output = sum(tril(x))", "x: input[4]; f: output = dot(x, x)"]
)
def test_formulas_of_arrays_without_their_shapes_are_refused_by_what_to_give(text):
    with pytest.raises(errors.Unsupported, match="a Symbol has no shape; give the circuit's text"):
        read(sb.circuit(text)["f"].formula)


def test_a_symbol_in_place_of_a_function_is_read():
    t = sp.Symbol("t")
    q = undefined(2 * t)
    expr = sp.sin(q) * t
    with pytest.raises(errors.Unsupported, match="mystery_2_t"):
        read(expr)
    assert {n.name for n in read(expr.subs(q, sp.Symbol("p"))).leaves} == {"p", "t"}


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        (sp.besselj(2, x), special.besselj(2, real_x)),
        (sp.besseli(sp.Rational(3, 2), x), special.besseli(sp.Rational(3, 2), real_x)),
        (sp.lowergamma(3, x, evaluate=False), special.gamma(3) * special.gammainc(3, real_x)),
        (sp.uppergamma(3, x, evaluate=False), special.gamma(3) * special.gammaincc(3, real_x)),
        (sp.erf2(x, 2), sp.erf(2) - sp.erf(real_x)),
        (fma(x, 3, 1), 3 * real_x + 1),
        (sp.betainc_regularized(2, 3, 0, x), special.betainc(2, 3, real_x)),
        (
            sp.betainc_regularized(2, 3, sp.Rational(1, 4), x),
            special.betainc(2, 3, real_x) - special.betainc(2, 3, sp.Rational(1, 4)),
        ),
        (
            sp.jn(1, x),
            sp.sqrt(sp.pi / 2) * special.besselj(sp.Rational(3, 2), real_x) / sp.sqrt(real_x),
        ),
    ],
)
def test_functions_of_bessel_and_incomplete_ones_of_sympy(typed, read):
    found = sb.Circuit.from_sympy(typed, name="f", loss=None)
    value = found["f"].expr
    for node in reversed(found.computed[:-1]):
        value = value.xreplace({real_symbol(node.name): node.expr})
    at = {real_x: sp.Rational(3, 4)}
    assert float(value.subs(at).evalf(30)) == pytest.approx(float(read.subs(at).evalf(30)))
