"""SymPy as other packages write it: functions of time, sums, entries by index, choices, arrays."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import solve_ivp
from sympy.physics.mechanics import dynamicsymbols

import symback as sb
from examples.double_pendulum import simulate
from symback import errors

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


REFUSED = {
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


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_plain_is_refused(name):
    expr, words = REFUSED[name]
    with pytest.raises(errors.SymbackError, match=re.escape(words)) as caught:
        sb.Circuit.from_sympy(expr, loss=None)
    assert len(str(caught.value)) <= 200


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
