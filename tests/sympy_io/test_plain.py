"""SymPy as other packages write it: functions of time, sums, entries by index, choices, arrays."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import solve_ivp
from sympy.physics.mechanics import dynamicsymbols
from sympy.physics.units import meter

import symback as sb
from examples.double_pendulum import simulate
from symback import errors
from tests.cases.one_in import one_in

x, y, t, i, j, n = sp.symbols("x y t i j n")
a, b, w, mu, s = sp.symbols("a b w mu s")
q, u = sp.Function("q"), sp.Function("u")
A, v = sp.IndexedBase("A"), sp.IndexedBase("v")
q1, q2 = dynamicsymbols("q1 q2")
ROOT = Path(__file__).parents[2]

READ = {
    "function of time": (q(t) * x, "q*x"),
    "its derivative": (q(t).diff(t) ** 2 / 2, "q_t**2/2"),
    "second derivative": (x * q(t).diff(t, 2) + q(t), "x*q_tt + q"),
    "of two arguments": (u(x, t).diff(x, t) * a, "u_tx*a"),
    "at two places": (q(x) + q(y), "q_x + q_y"),
    "at an instant": (q(0) + q(t), "q_0 + q_t"),
    "dynamicsymbols": (sp.cos(q1 - q2) * q1.diff(), "cos(q1 - q2)*q1_t"),
    "kinetic energy": (a * (q1.diff() ** 2 + q2.diff() ** 2) / 2, "a*(q1_t**2 + q2_t**2)/2"),
    "sum": (sp.Sum(x**i, (i, 0, 3)), "1 + x + x**2 + x**3"),
    "sum of entries": (sp.Sum(v[i] * x**i, (i, 0, 2)), "v_0 + v_1*x + v_2*x**2"),
    "double sum": (sp.Sum(A[i, j] * x, (i, 1, j), (j, 1, 2)), "x*(A_1_1 + A_1_2 + A_2_2)"),
    "sum of a sum": (sp.Sum(sp.Sum(v[i], (i, 0, 1)) * x, (j, 1, 2)), "2*x*(v_0 + v_1)"),
    "product": (sp.Product(x + i, (i, 1, 3)), "(x + 1)*(x + 2)*(x + 3)"),
    "product in a sum": (sp.Sum(sp.Product(x, (j, 1, 2)), (i, 1, 2)), "2*x**2"),
    "empty sum": (x + sp.Sum(v[i], (i, 3, 2)), "x"),
    "entry": (A[0, 1] * v[2], "A_0_1*v_2"),
    "two branches": (sp.Piecewise((x, x >= 0), (-2 * x, x < 0)), "where(x >= 0, x, -2*x)"),
    "three branches": (
        sp.Piecewise((0, x < 0), (x, (x >= 0) & (x < 1)), (1, x >= 1), evaluate=False),
        None,
    ),
    "branch over another": (
        sp.Piecewise((sp.Piecewise((x, x > 0), (0, True)), y > 0), (y, True)),
        "where(y > 0, where(x > 0, x, 0), y)",
    ),
    "Heaviside": (sp.Heaviside(x) * y, "heaviside(x)*y"),
    "floor": (sp.floor(x / y) * x, "floor(x/y)*x"),
    "Mod": (sp.Mod(x, y) * w, "mod(x, y)*w"),
    "Max": (sp.Max(x, y, 0), "max(x, y, 0)"),
    "Abs": (sp.Abs(x - y), "abs(x - y)"),
    "sec": (sp.sec(x) + sp.coth(y), "1/cos(x) + 1/tanh(y)"),
    "log of a base": (sp.log(x, 2) * y, "log(x)/log(2)*y"),
    "Rational": (x ** sp.Rational(1, 3), "x**(1/3)"),
    "normal density": (
        sp.exp(-(((x - mu) / s) ** 2) / 2) / (s * sp.sqrt(2 * sp.pi)),
        "exp(-((x - mu)/s)**2/2)/(s*sqrt(2*pi))",
    ),
    "array": (sp.Array([x * y, y]), "[x*y, y]"),
    "array of rows": (sp.Array([[x, y], [y, a]]), "[[x, y], [y, a]]"),
    "matrix of derivatives": (sp.Matrix([q1.diff(), q2 * q1]), "[q1_t, q1*q2]"),
    "unevaluated": (sp.Add(x, sp.Mul(2, x, evaluate=False), evaluate=False), "3*x"),
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_expressions_of_other_packages(name):
    expr, text = READ[name]
    if text is None:
        with pytest.raises(errors.Unsupported, match="last branch"):
            sb.Circuit.from_sympy(expr, loss=None)
        return
    found = sb.Circuit.from_sympy(expr, loss=None)
    names = sorted({leaf.name for leaf in found.leaves})
    right = sb.circuit(f"f = {text}", inputs=names, loss=None)
    difference = sp.simplify(found.output.expr - right.output.expr)
    assert (
        difference == sp.zeros(*difference.shape)
        if hasattr(difference, "shape")
        else not difference
    )
    assert names == sorted(leaf.name for leaf in right.leaves)


X, V = sp.MatrixSymbol("X", 2, 2), sp.MatrixSymbol("V", 2, 1)
NUMERIC = {
    "exponential series": sp.Sum(x**i / sp.factorial(i), (i, 0, 5)),
    "sum over both sides": sp.Sum(1 / (x + j), (j, -1, 2)),
    "product of sums": sp.Product(sp.Sum(x * i + j, (i, 1, 2)), (j, 1, 3)),
    "three branches": sp.Piecewise((x**2, x < -1), (sp.sin(x), x <= 1), (sp.exp(-x), True)),
    "branches joined": sp.Piecewise((x, (x > 0) & (y < 1)), (y, (x < -1) | sp.Eq(y, 0)), (0, True)),
    "interval": sp.Piecewise((x, sp.Interval(0, 1).contains(x)), (y, True)),
    "either but not both": sp.Piecewise((1, sp.Xor(x > 1.5, y > 1.5)), (x, True)),
    "condition in a condition": sp.Piecewise((x, sp.ITE(x > 1.5, y > 1, y < 1)), (y, True)),
    "implied": sp.Piecewise((x, sp.Implies(x > 1.5, y > 1.5)), (y, True)),
    "not both": sp.Piecewise((x, ~((x > 1) & (y > 1.5))), (y, True)),
    "not equal": sp.Piecewise((x, ~sp.Eq(x, y)), (0, True)),
    "steps": sp.Heaviside(x - y) + sp.Heaviside(y, 1) + sp.floor(x) + sp.ceiling(y) + sp.frac(x),
    "loads of a beam": sp.SingularityFunction(x, y, 0) * 3 - sp.SingularityFunction(x, 1, 2) / 2,
    "roots from a place on": sp.SingularityFunction(x, y, sp.Rational(3, 2)),
    "Kronecker": sp.KroneckerDelta(sp.floor(x), 1) * y + sp.KroneckerDelta(1, sp.floor(2 * y)),
    "remainders": sp.Mod(x, 3) + sp.Mod(x, y),
    "gamma and its kin": sp.gamma(x) + sp.loggamma(y) + sp.digamma(x) + sp.polygamma(2, x),
    "beta and factorials": sp.beta(x, y) + sp.factorial(x) + sp.binomial(x, y),
    "incomplete gamma": sp.uppergamma(2.5, x) + 3 * sp.lowergamma(1.5, y),
    "error functions": sp.erf(x) + sp.erfc(y) * sp.erfinv(x / 9),
    "Lambert": sp.LambertW(x) + sp.LambertW(-x / 9, -1),
    "Bessel": sp.besselj(1, x) + sp.bessely(0, x) + sp.besseli(2, y) + sp.besselk(1, y),
    "polynomials": sp.legendre(3, x) + sp.chebyshevt(4, y) + sp.hermite(2, x) + sp.laguerre(2, y),
    "Max of Min": sp.Max(x, sp.Min(y, a, 1), 0),
    "Abs and sign": sp.Abs(x - y) * sp.sign(x),
    "roots": sp.cbrt(x) + sp.root(y, 4) + sp.sqrt(x**2),
    "inverse functions": sp.acot(x) + sp.asec(x) + sp.acsc(y) + sp.acsch(x) + sp.acoth(y),
    "sinc and atan2": sp.sinc(x) + sp.atan2(y, x),
    "powers": x**y + x ** sp.Rational(-2, 3) + sp.log(x, 2) + sp.log(x, y),
    "rising": sp.RisingFactorial(x, 3) + sp.FallingFactorial(x, 2) + sp.rf(x, y),
    "constants": sp.pi * x + sp.E * y + sp.Rational(123456789, 987654321) + sp.Float("1e-30"),
    "kept from evaluation": sp.UnevaluatedExpr(x + 1) * 2 + sp.Mul(x, x, evaluate=False),
    "entries of a matrix": X[0, 1] * X[1, 0] - X[0, 0],
    "quadratic form": (V.T * X * V)[0, 0],
    "trace and determinant": sp.Trace(X * X.T) + sp.Determinant(X),
    "array": sp.ImmutableDenseNDimArray([[x, y], [x * y, 1]]),
}
"""As the tests of SymPy and of packages on it have them; at every point as SymPy's own value."""


@pytest.mark.parametrize("name", one_in(4, NUMERIC))
def test_values_are_those_of_sympy(name):
    expr = NUMERIC[name]
    found = sb.Circuit.from_sympy(expr, loss=None)
    module = found.compile()
    rng = np.random.default_rng(3)
    for _ in range(3):
        at = {n.name: rng.uniform(1.2, 1.9, [int(s) for s in n.shape]) for n in found.leaves}
        value, _ = module.forward(
            module.Params(**{n: at[n] for n in module.Params._fields}),
            module.Inputs(**{n: at[n] for n in module.Inputs._fields}),
        )
        matrices = {m: sp.Matrix(at[m.name].reshape(m.shape)) for m in (X, V) if m.name in at}
        exact = expr.doit().subs({p: float(at[p.name]) for p in (x, y, a) if p.name in at})
        if matrices:
            exact = exact.subs(
                {
                    m[i, j]: v[i, j]
                    for m, v in matrices.items()
                    for i in range(m.rows)
                    for j in range(m.cols)
                }
            )
            exact = exact.subs(matrices).doit()
        entries = sp.flatten(exact) if isinstance(exact, sp.NDimArray) else [exact]
        np.testing.assert_allclose(np.ravel(value), [float(sp.N(e)) for e in entries], rtol=1e-11)


REFUSED = {
    "array of three axes": (sp.Array([[[x, y], [x, 1]], [[1, 2], [3, y]]]), "an array of 3 axes"),
    "Dirac": (sp.DiracDelta(x) * y, "symback has no function of that meaning"),
    "entry alone": (v[i], "Symbol('v_i')"),
    "impulse": (sp.SingularityFunction(x, 1, -1), "a number from 0 on, not -1"),
    "bracket to n": (sp.SingularityFunction(x, 1, n), "a number from 0 on, not n"),
    "unit": (x * meter, "put a number in place of the unit: expr.subs(meter, 1)"),
    "number of no float64": (sp.Float("1e-400") * x, "a number that is not a float64"),
    "integral": (sp.Integral(sp.exp(-(x**2)), (x, 0, 1)), "doit()"),
    "limit": (sp.Limit(sp.sin(x) / x, x, 0), "doit()"),
    "complex part": (sp.re(x) + 1, "real=True"),
    "imaginary unit": (sp.I * x, "as_real_imag()"),
    "order": (x + sp.O(x**2), "removeO()"),
    "Catalan": (sp.Catalan * x, "put its value"),
    "equation": (sp.Eq(x, y), "a node is a SymPy expression"),
    "sum to n": (sp.Sum(x**i, (i, 1, n)), "whole numbers"),
    "sum to infinity": (sp.Sum(x**i, (i, 0, sp.oo)), "whole numbers"),
    "product to n": (sp.Product(x + i, (i, 1, n)), "whole numbers"),
    "long sum": (sp.Sum(v[i] * x, (i, 1, 10**9)), "more than 20,000 terms"),
    "long sums of sums": (sp.Sum(sp.Sum(x * i + j, (i, 1, 999)), (j, 1, 999)), "20,000"),
    "entry by a name": (v[i] * x, "Symbol('v_i')"),
    "function of a sum": (q(x + 1), "expr.subs"),
    "derivative of a formula": (sp.Derivative(sp.sin(x), x), "doit()"),
    "no last branch": (sp.Piecewise((x, x > 0)), "last branch"),
    "nan as last": (sp.Piecewise((x, x > 0), (sp.nan, True)), "give a number for every case"),
    "name of a function": (sp.Function("open('P','w')")(x), "is not a name"),
    "name of an operation": (sp.Function("exp_ ")(x), "is not a name"),
    "two of one name": (sp.Symbol("q") * q(t), "two different symbols"),
}


@pytest.mark.parametrize("name", one_in(2, REFUSED))
def test_what_is_not_plain_is_refused(name):
    expr, words = REFUSED[name]
    with pytest.raises(errors.SymbackError, match=re.escape(words)) as caught:
        sb.Circuit.from_sympy(expr, loss=None)
    assert len(str(caught.value)) <= 200


F = sp.Function("f")
LEAVES_NAMED_F = {
    "symbol": sp.Symbol("f"),
    "function of time": F(t),
    "its derivative": F(t) + F(t).diff(t),
    "at two places": F(x) + F(y),
    "entry": sp.IndexedBase("f")[0],
    "entry of a matrix": sp.MatrixSymbol("f", 2, 2)[0, 1],
}


@pytest.mark.parametrize("leaf", LEAVES_NAMED_F)
@pytest.mark.parametrize("form", [lambda u: u * x, lambda u: [u, x], lambda u: sp.Matrix([u, x])])
def test_the_output_has_a_name_that_no_leaf_has(form, leaf):
    found = sb.Circuit.from_sympy(form(LEAVES_NAMED_F[leaf]), loss=None)
    assert found.output.name == "g"


def test_a_partial_by_a_speed_holds_the_angle():
    c = sb.Circuit.from_sympy(q(t) ** 2 * q(t).diff(t), loss=None)
    assert {n: str(p) for n, p in c.gradient().items()} == {"q_t": "q**2", "q": "2*q*q_t"}


def test_the_double_pendulum_moves_as_its_equations_say():
    states, energies = simulate.simulate(seconds=0.5)
    difference, angles = simulate.lagrangian()
    method = simulate.LagrangesMethod(difference, angles)
    method.form_lagranges_equations()
    places = [*angles, *(angle.diff() for angle in angles)]
    numbers = {sp.Symbol(name): value for name, value in simulate.CONSTANTS.items()}
    plain = method.rhs().subs(dict(zip(reversed(places), sp.symbols("d c b a"), strict=True)))
    rate = sp.lambdify([*sp.symbols("a b c d")], plain.subs(numbers))
    peer = solve_ivp(lambda _, at: np.ravel(rate(*at)), (0, 0.5), states[0], rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(states[-1], peer.y[:, -1], atol=1e-8)
    assert np.abs(energies - energies[0]).max() < 1e-8


@pytest.mark.slow
def test_the_page_of_the_double_pendulum_has_its_numbers():
    states, energies = simulate.simulate()
    page = (ROOT / "examples" / "double_pendulum" / "README.md").read_text(encoding="utf-8")
    assert f"q1 = {states[-1, 0]:.4f}, q2 = {states[-1, 1]:.4f}" in page
    assert f"energy {energies[0]:.4f}" in page
