"""SymPy expressions and programs in mpmath, at high precision: a second opinion.

Shares nothing with symback's own evaluation: plain definitions by hand, complex where real
functions end, no balls.
"""

from collections.abc import Mapping
from typing import Any

import mpmath as mp
import sympy as sp
from sympy.core.relational import Relational

from symback.circuits.program import Program, batch_sum
from symback.operations import edges, special
from symback.operations import elementwise as ops
from symback.operations import functions as fn
from symback.operations.expressions import postorder
from tests.cases import elementwise
from tests.cases import special_kernels as kernels

DIGITS = 60

MEANING = {name: case.meaning for name, case in elementwise.CASES.items()}
"""Every operation by its textbook definition."""

SLOPE_MEANING = {
    fn.sigma_prime: lambda u: 1 / (2 + mp.exp(u) + mp.exp(-u)),
    fn.tanh_prime: lambda u: mp.sech(u) ** 2,
    fn.sinc_prime: lambda u: (mp.cos(u) - mp.sinc(u)) / u if u else mp.mpf(0),
    fn.log1psq_prime: lambda u: 2 * u / (1 + u * u),
    fn.binary_cross_entropy_prime: lambda z, t: 1 / (1 + mp.exp(-z)) - t,
    edges.over_square: lambda a, b: a / (b * b),
    edges.nonzero: lambda v: v or mp.inf,
    edges.nonvanishing: lambda v: v or mp.mpf(1),
    edges.power_slope: lambda a, b: b and b * mp.power(a, b - 1),
    edges.root_slope: lambda a, b: 0 if a == 0 and 0 < b < 1 else b and b * mp.power(a, b - 1),
    edges.zero_or_nan: lambda v: mp.mpf(0),
    edges.unless_nan: lambda a, u: a,
    edges.zero_over: lambda a, b: a and a / b,
    edges.exp_share: lambda a, b: 1 / (1 + mp.exp(b - a)),
    edges.power_log: lambda v, a: v and v * mp.log(a),
    fn.silu_prime: lambda u: mp.diff(MEANING["silu"], u),
    fn.gelu_prime: lambda u: mp.ncdf(u) + u * mp.npdf(u),
    special.exprel_prime: kernels.exprel_slope,
    special.inv_exprel_prime: kernels.MEANING["inv_exprel_slope"],
    special.overexpm1_prime: kernels.MEANING["overexpm1_slope"],
    special.boxcox_prime: kernels.boxcox_slope,
    special.langevin_prime: kernels.MEANING["langevin_slope"],
    special.tanhc_prime: kernels.MEANING["tanhc_slope"],
    special.acosc_prime: kernels.MEANING["acosc_slope"],
    special.erfcx_prime: kernels.MEANING["erfcx_slope"],
    special.stirlerr_prime: kernels.stirlerr_slope,
    special.digammamlog_prime: kernels.digammamlog_slope,
    special.log_wallis_prime: kernels.log_wallis_slope,
    special.pow1prel_prime: kernels.pow1prel_slope,
    special.powshare_prime: kernels.powshare_slope,
    special.bateman_prime: kernels.bateman_slope,
    **{
        getattr(special, f"{called}_prime"): kernels.over_slope(name)
        for name, called in kernels.QUOTIENTS.items()
    },
}

_BY_HEAD: dict[Any, Any] = {op.head: MEANING[name] for name, op in ops.OPS.items()} | SLOPE_MEANING
_BY_HEAD |= {
    sp.erfc: mp.erfc,
    sp.Heaviside: lambda u, *half: (mp.sign(u) + 1) / 2,
    sp.DiracDelta: lambda u, *order: mp.mpf(0),
}
_COMPARE = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


def value(expr: Any, point: Mapping[str, Any]) -> Any:
    """The number of an expression; `point` gives those of names."""
    done: dict[Any, Any] = {}
    for part in postorder(expr):
        if isinstance(part, sp.Expr):
            try:
                done[part] = _value(part, done, point)
            except ZeroDivisionError:  # in a branch that is not taken, or the value is no number
                done[part] = mp.nan
    return done[expr]


def _value(part: Any, done: dict[Any, Any], point: Mapping[str, Any]) -> Any:
    args = [done.get(a) for a in part.args]
    if part.is_Symbol:
        number = point[part.name]
        return number if isinstance(number, mp.mpc) else mp.mpf(number)
    if part.is_Rational:
        return mp.mpf(int(part.p)) / int(part.q)
    if part.is_NumberSymbol:
        return {sp.pi: +mp.pi, sp.E: +mp.e}[part]
    if part.is_Add:
        return mp.fsum(args)
    if part.is_Mul:
        return mp.fprod(args)
    if part.is_Pow:
        return mp.sqrt(args[0]) if part.exp == sp.S.Half else mp.power(*args)
    if isinstance(part, sp.Piecewise):
        return next(done[e] for e, c in part.args if _holds(c, done))
    if isinstance(part, batch_sum):
        return args[0]  # of one sample
    return _BY_HEAD[part.func](*args)


def _holds(condition: Any, done: Mapping[Any, Any]) -> bool:
    if isinstance(condition, Relational):
        return bool(_COMPARE[condition.rel_op](done[condition.lhs], done[condition.rhs]))
    if isinstance(condition, sp.And | sp.Or):
        every = isinstance(condition, sp.And)
        return (all if every else any)(_holds(c, done) for c in condition.args)
    if isinstance(condition, sp.Not):
        return not _holds(condition.args[0], done)
    return bool(condition)


def run(program: Program, point: Mapping[str, Any]) -> dict[str, Any]:
    """The results of a program for a batch of one sample, its lines one after the other."""
    values = dict(point)
    for line in program.lines:
        values[line.target.name] = value(line.expr, values)
    return {s.name: values[s.name] for s in program.results}


def circuit_value(circuit: Any, of: str, point: Mapping[str, Any]) -> Any:
    """The value of a node at a point, node by node as typed."""
    values = dict(point)
    for node in circuit.computed:
        values[node.name] = value(node.expr, values)
    return values[of]


def close(got: Any, expected: Any, digits: int = 25) -> bool:
    """Whether two numbers agree to that many digits, relatively or at the scale of 1e-40."""
    return bool(abs(got - expected) <= mp.mpf(10) ** -digits * abs(expected) + mp.mpf(10) ** -40)
