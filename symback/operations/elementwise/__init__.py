"""The primitive operations: what each means in SymPy and what its local partials are.

`OPS` is the one table: all that is true of an operation stands in its row. Partials are written
over the operands and the operation's own value v, so that a derivative reuses what forward has
computed: exp'(u) = v. Where no partial is given, SymPy's own `fdiff` supplies it.

NaN gives NaN, and its partial is NaN; a comparison with NaN does not hold, but ≠ does.

Conventions at kinks: relu'(0) = 0, abs'(0) = sign(0) = 0, sign'(0) = 0; where the arguments of
min or max are equal, each gets half; where(c, a, b) has the derivative of the branch taken.
A circuit may state another number where a row has `at_kink`: for relu, abs, min and max.

The module is long because it is one table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sympy as sp
from flint import arb
from sympy import Expr, Piecewise, Rational, S
from sympy.codegen.cfunctions import expm1, hypot, log1p, log2, log10
from sympy.logic.boolalg import Boolean

from symback.operations.balls import functions as balls
from symback.operations.edges import (
    exp_share,
    nonzero,
    over_square,
    plainly,
    power_log,
    power_partials,
    unless_nan,
    zero_or_nan,
    zero_over,
)
from symback.operations.expressions import postorder
from symback.operations.functions import (
    Elementary,
    Slope,
    abs_at,
    binary_cross_entropy,
    binary_cross_entropy_prime,
    cbrt,
    erfc,
    gelu,
    gelu_prime,
    log1mexp,
    log1psq,
    log1psq_prime,
    logaddexp,
    logcosh,
    logsigmoid,
    max_at,
    min_at,
    relu,
    relu_at,
    sigma,
    sigma_prime,
    silu,
    silu_prime,
    sinc_prime,
    softplus,
    tanh_prime,
)
from symback.operations.special import (
    Remainder,
    acosc,
    acosc_prime,
    asinc,
    asinc_prime,
    asinhc,
    asinhc_prime,
    asinhmx,
    asinmx,
    atanc,
    atanc_prime,
    atanhc,
    atanhc_prime,
    atanhmx,
    atanmx,
    bateman,
    bateman_partials,
    bateman_prime,
    boxcox,
    boxcox_prime,
    diffshare,
    erf_slope,
    erfcx,
    erfcx_prime,
    erfdiff,
    expdiff,
    expdivdiff,
    expdivdiff2,
    expdivdiff_partials,
    expexp,
    expexp_partials,
    expm1exp,
    expm1mx,
    expm1over,
    exprel,
    exprel_prime,
    expshare,
    expshare_partials,
    hypotsub,
    inv_add_exp,
    inv_add_exp_partials,
    inv_expm1,
    inv_expm1sub,
    inv_exprel,
    inv_exprel_prime,
    invdiff,
    kl_div,
    langevin,
    langevin_prime,
    log1pmx,
    log1prel,
    log1prel_prime,
    log_erfc,
    log_ndtr,
    log_ratio,
    log_sinhc,
    logit,
    logwsumexp,
    logwsumexp_partials,
    overexpm1,
    overexpm1_prime,
    pow1p,
    pow1pm1,
    pow1prel,
    pow1prel_prime,
    powlog,
    powlog_partials,
    powm1,
    powshare,
    powshare_prime,
    quadroot,
    quadroot_partials,
    rel_entr,
    sigmadiff,
    sinhmx,
    sinmx,
    sqrtsub,
    sumshare,
    tanc,
    tanc_prime,
    tanhc,
    tanhc_prime,
    tanhmx,
    tanmx,
    xlog1py,
    xlogx,
    xlogx1p,
    xlogy,
)
from symback.operations.steps import ceil, floor, mod, round

Partials = Callable[..., tuple[Expr, ...]]


@dataclass(frozen=True, slots=True)
class Op:
    """One primitive operation.

    `partials(v, *operands)` gives the local partial for each operand, v being the value; with a
    `slope`, which is that for the first or the one that it names, for the others. `rule` is the
    derivative in words or symbols. `activation` marks the functions that a neuron applies to its
    net input: the argument of one is called net where the user gave it no name.
    """

    name: str
    head: Callable[..., Expr]
    rule: str
    arity: tuple[int, int | None] = (1, 1)
    in_pairs: bool = False  # it takes an even number of operands
    sign: str = ""
    partials: Partials | None = None
    slope: type[Slope] | None = None
    activation: bool = False
    aliases: tuple[str, ...] = ()
    definition: Callable[..., Expr] | None = None  # in SymPy's own functions, if it is not one
    enclosure: Callable[..., arb] | None = None  # of SymPy's own functions, in balls
    kink: str = ""  # where the derivative jumps: at "0", or at a "tie"
    at_kink: type[Elementary] | None = None  # the operation whose derivative there is an operand
    singular: bool = False  # it or its slope is not finite everywhere
    exact: bool = False  # it chooses or negates, and so never rounds

    @property
    def meaning(self) -> Callable[..., Expr] | None:
        """The operation in SymPy's own functions; None if it is one of these."""
        return self.definition or getattr(self.head, "elementary", None)

    def local_partials(self, value: Expr, *operands: Expr) -> tuple[Expr, ...]:
        if self.slope is not None:
            others = self.partials(value, *operands) if self.partials else ()
            before = self.slope.by - 1
            return (*others[:before], self.slope(*operands), *others[before:])
        if self.partials is not None:
            return self.partials(value, *operands)
        applied = self.head(*operands)
        return tuple(applied.fdiff(i + 1) for i in range(len(operands)))


_half = Rational(1, 2)


def _larger(a: Expr, b: Expr, k: Expr = _half) -> Expr:
    return Piecewise((1, a > b), (k, sp.Eq(a, b)), (unless_nan(S.Zero, a), True))


def _smaller(a: Expr, b: Expr, k: Expr = _half) -> Expr:
    return Piecewise((1, a < b), (k, sp.Eq(a, b)), (unless_nan(S.Zero, a), True))


def _remainder(head: type[Remainder], rule: str, singular: bool = False) -> Op:
    """The row of h(u) - u."""
    return Op(
        head.__name__,
        head,
        rule,
        partials=lambda v, u: (head.derivative(u),),
        singular=singular,
    )


def _over_argument(
    head: type[Elementary], slope: type[Slope], rule: str, singular: bool = False
) -> Op:
    """The row of h(u)/u."""
    return Op(head.__name__, head, rule, slope=slope, singular=singular)


_TABLE = (
    Op(
        "exp",
        sp.exp,
        "exp′ = exp",
        partials=lambda v, u: (v,),
        enclosure=arb.exp,
        singular=True,
    ),
    Op(
        "log",
        sp.log,
        "log′(u) = 1/u",
        aliases=("ln",),
        enclosure=balls.log,
        singular=True,
    ),
    Op(
        "log1p",
        log1p,
        "log1p′(u) = 1/(1 + u)",
        definition=lambda u: sp.log(1 + u),
        singular=True,
    ),
    Op(
        "expm1",
        expm1,
        "expm1′(u) = exp(u)",
        partials=lambda v, u: (sp.exp(u),),
        definition=lambda u: sp.exp(u) - 1,
        singular=True,
    ),
    Op(
        "log10",
        log10,
        "log10′(u) = 1/(u·log(10))",
        partials=lambda v, u: (1 / (u * sp.log(10)),),
        definition=lambda u: sp.log(u) / sp.log(10),
        singular=True,
    ),
    Op(
        "log2",
        log2,
        "log2′(u) = 1/(u·log(2))",
        partials=lambda v, u: (1 / (u * sp.log(2)),),
        definition=lambda u: sp.log(u) / sp.log(2),
        singular=True,
    ),
    Op(
        "cbrt",
        cbrt,
        "∛′(u) = 1/(3·∛u²)",
        partials=lambda v, u: (1 / (3 * v**2),),
        singular=True,
    ),
    Op("sqrt", sp.sqrt, "√′(u) = 1/(2√u)", partials=lambda v, u: (1 / (2 * v),)),
    Op(
        "sin",
        sp.sin,
        "sin′ = cos",
        enclosure=arb.sin,
    ),
    Op(
        "cos",
        sp.cos,
        "cos′ = −sin",
        enclosure=arb.cos,
    ),
    Op(
        "tan",
        sp.tan,
        "tan′ = 1 + tan²",
        partials=lambda v, u: (1 + v**2,),
        enclosure=arb.tan,
        singular=True,
    ),
    Op(
        "asin",
        sp.asin,
        "asin′(u) = 1/√(1 − u²)",
        partials=lambda v, u: (1 / sp.sqrt((1 - u) * (1 + u)),),
        aliases=("arcsin",),
        enclosure=arb.asin,
        singular=True,
    ),
    Op(
        "acos",
        sp.acos,
        "acos′(u) = −1/√(1 − u²)",
        partials=lambda v, u: (-1 / sp.sqrt((1 - u) * (1 + u)),),
        aliases=("arccos",),
        enclosure=arb.acos,
        singular=True,
    ),
    Op(
        "atan",
        sp.atan,
        "atan′(u) = 1/(1 + u²)",
        aliases=("arctan",),
        enclosure=arb.atan,
    ),
    Op(
        "atan2",
        sp.atan2,
        "∂atan2(y, x) = (x·∂y − y·∂x)/(x² + y²)",
        (2, 2),
        partials=lambda v, y, x: (
            over_square(x, hypot(x, y)),
            -over_square(y, hypot(x, y)),
        ),
        aliases=("arctan2",),
        enclosure=balls.atan2,
        singular=True,
    ),
    Op(
        "sinh",
        sp.sinh,
        "sinh′ = cosh",
        enclosure=arb.sinh,
        singular=True,
    ),
    Op(
        "cosh",
        sp.cosh,
        "cosh′ = sinh",
        enclosure=arb.cosh,
        singular=True,
    ),
    Op(
        "tanh",
        sp.tanh,
        "tanh′ = 1 − tanh²",
        slope=tanh_prime,
        activation=True,
        enclosure=arb.tanh,
    ),
    Op(
        "asinh",
        sp.asinh,
        "asinh′(u) = 1/√(1 + u²)",
        partials=lambda v, u: (1 / hypot(1, u),),
        aliases=("arcsinh",),
        enclosure=arb.asinh,
    ),
    Op(
        "acosh",
        sp.acosh,
        "acosh′(u) = 1/√(u² − 1)",
        partials=lambda v, u: (1 / sp.sqrt((u - 1) * (u + 1)),),
        aliases=("arccosh",),
        enclosure=arb.acosh,
        singular=True,
    ),
    Op(
        "atanh",
        sp.atanh,
        "atanh′(u) = 1/(1 − u²)",
        partials=lambda v, u: (1 / ((1 - u) * (1 + u)),),
        aliases=("arctanh",),
        enclosure=arb.atanh,
        singular=True,
    ),
    Op(
        "abs",
        sp.Abs,
        "abs′ = sign",
        partials=lambda v, u: (sp.sign(u),),
        enclosure=abs,
        kink="0",
        at_kink=abs_at,
        exact=True,
    ),
    Op(
        "sign",
        sp.sign,
        "sign′ = 0",
        partials=lambda v, u: (S.Zero,),
        enclosure=balls.sign,
        kink="0",
        exact=True,
    ),
    Op("floor", floor, "floor′ = 0", enclosure=balls.floor, exact=True),
    Op("ceil", ceil, "ceil′ = 0", enclosure=balls.ceil, exact=True),
    Op("round", round, "round′ = 0", enclosure=balls.nearest, exact=True),
    Op(
        "mod",
        mod,
        "∂mod(u, v)/∂u = 1, ∂v: −floor(u/v)",
        (2, 2),
        partials=lambda v, u, w: (S.One, -round((u - v) / w)),
        enclosure=balls.mod,
        singular=True,
    ),
    Op(
        "min",
        sp.Min,
        "1 for the smaller, ½ each where equal",
        (2, None),
        partials=lambda v, a, b: (_smaller(a, b), _smaller(b, a)),
        aliases=("minimum",),
        enclosure=balls.smaller,
        kink="tie",
        at_kink=min_at,
        exact=True,
    ),
    Op(
        "max",
        sp.Max,
        "1 for the larger, ½ each where equal",
        (2, None),
        partials=lambda v, a, b: (_larger(a, b), _larger(b, a)),
        aliases=("maximum",),
        enclosure=balls.larger,
        kink="tie",
        at_kink=max_at,
        exact=True,
    ),
    Op(
        "hypot",
        hypot,
        "∂hypot(a, b)/∂a = a/hypot(a, b)",
        (2, 2),
        partials=lambda v, a, b: (a / nonzero(v), b / nonzero(v)),
        definition=lambda a, b: sp.sqrt(a**2 + b**2),
    ),
    Op(
        "erf",
        sp.erf,
        "erf′(u) = 2·exp(−u²)/√π",
        enclosure=arb.erf,
    ),
    Op(
        "erfc",
        erfc,
        "erfc′(u) = −2·exp(−u²)/√π",
        definition=sp.erfc,
    ),
    Op(
        "sinc",
        sp.sinc,
        "sinc′(u) = (cos(u) − sinc(u))/u",
        slope=sinc_prime,
        definition=lambda u: Piecewise((sp.sin(u) / u, sp.Ne(u, 0)), (1, True)),
    ),
    Op("log1psq", log1psq, "log(1 + u²)′ = 2·u/(1 + u²)", slope=log1psq_prime),
    Op(
        "log1mexp",
        log1mexp,
        "log(1 − exp(u))′ = exp(u)/expm1(u)",
        singular=True,
    ),
    Op("logcosh", logcosh, "log(cosh(u))′ = tanh(u)"),
    Op("exprel", exprel, "exprel′(u) = (exp(u) − exprel(u))/u", slope=exprel_prime, singular=True),
    Op(
        "expm1over",
        expm1over,
        "∂u: exp(k·u), ∂k: (u·exp(k·u) − (exp(k·u) − 1)/k)/k",
        (2, 2),
        partials=lambda v, k, u: (u**2 * exprel_prime(k * u), sp.exp(k * u)),
        singular=True,
    ),
    Op(
        "overexpm1",
        overexpm1,
        "(x/expm1(r·x))′ = ∂x/expm1(r·x) − x·exp(r·x)·(r·∂x + x·∂r)/expm1(r·x)²",
        (2, 2),
        slope=overexpm1_prime,
        partials=lambda v, x, r: (-sp.exp(-2 * log_sinhc(r * x / 2)) / r**2,),
        singular=True,
    ),
    Op(
        "inv_exprel",
        inv_exprel,
        "(u/expm1(u))′ = (exp(u)·(1 − u) − 1)/expm1(u)²",
        slope=inv_exprel_prime,
    ),
    Op(
        "inv_expm1",
        inv_expm1,
        "(1/expm1(u))′ = −exp(u)/expm1(u)²",
        partials=lambda v, u: (v * inv_expm1(-u),),
        singular=True,
    ),
    Op(
        "inv_add_exp",
        inv_add_exp,
        "(1/(a + b·exp(u)))′ = −(∂a + exp(u)·∂b + b·exp(u)·∂u)/(a + b·exp(u))²",
        (3, 3),
        partials=inv_add_exp_partials,
        singular=True,
    ),
    Op(
        "expshare",
        expshare,
        "(a/(a + b·exp(u)))′ = exp(u)·(b·∂a − a·∂b − a·b·∂u)/(a + b·exp(u))²",
        (3, 3),
        partials=expshare_partials,
        singular=True,
    ),
    Op(
        "expdiff",
        expdiff,
        "∂a: exp(a), ∂b: −exp(b)",
        (2, 2),
        partials=lambda v, a, b: (sp.exp(a), -sp.exp(b)),
        singular=True,
    ),
    Op(
        "expdivdiff",
        expdivdiff,
        "∂t: (a·exp(a·t) − b·exp(b·t))/(a − b), ∂a: (t·exp(a·t) − v)/(a − b), v the value",
        (3, 3),
        partials=expdivdiff_partials,
        singular=True,
    ),
    Op(
        "expdivdiff2",
        expdivdiff2,
        "∂a: (exp(a) − 2·v)/(a − b), ∂b: (v − expdivdiff2(b, a))/(a − b), v = expdivdiff2(a, b)",
        (2, 2),
        singular=True,
    ),
    Op(
        "expexp",
        expexp,
        "∂exp(a + b·exp(u)) = exp(a + b·exp(u))·(∂a + exp(u)·∂b + b·exp(u)·∂u)",
        (3, 3),
        partials=expexp_partials,
        singular=True,
    ),
    Op(
        "expm1exp",
        expm1exp,
        "∂expm1(b·exp(u)) = exp(b·exp(u))·exp(u)·(∂b + b·∂u)",
        (2, 2),
        partials=lambda v, b, u: (expexp(u, b, u), b * expexp(u, b, u)),
        singular=True,
    ),
    Op(
        "logwsumexp",
        logwsumexp,
        "∂log(Σ w·exp(u)) = Σ exp(u)·(∂w + w·∂u)/Σ w·exp(u)",
        (4, None),
        in_pairs=True,
        partials=logwsumexp_partials,
        singular=True,
    ),
    Op(
        "powm1",
        powm1,
        "∂(xᵏ − 1) = k·xᵏ⁻¹·∂x + xᵏ·log(x)·∂k",
        (2, 2),
        partials=lambda v, x, k: power_partials(x**k, x, k),
        singular=True,
    ),
    Op(
        "pow1pm1",
        pow1pm1,
        "∂((1 + x)ᵏ − 1) = k·(1 + x)ᵏ⁻¹·∂x + (1 + x)ᵏ·log(1 + x)·∂k",
        (2, 2),
        partials=lambda v, x, k: (k * pow1p(x, k - 1), (1 + v) * log1p(x)),
        singular=True,
    ),
    Op(
        "pow1p",
        pow1p,
        "∂(1 + x)ᵏ = k·(1 + x)ᵏ⁻¹·∂x + (1 + x)ᵏ·log(1 + x)·∂k",
        (2, 2),
        partials=lambda v, x, k: (k * pow1p(x, k - 1), v * log1p(x)),
        singular=True,
    ),
    Op(
        "boxcox",
        boxcox,
        "∂x: xᵏ⁻¹, ∂k: (xᵏ·log(x) − (xᵏ − 1)/k)/k",
        (2, 2),
        slope=boxcox_prime,
        partials=lambda v, x, k: (x ** (k - 1),),
        singular=True,
    ),
    Op(
        "log_sinhc",
        log_sinhc,
        "log(sinh(u)/u)′ = coth(u) − 1/u",
        partials=lambda v, u: (langevin(u),),
    ),
    Op("langevin", langevin, "(coth(u) − 1/u)′ = 1/u² − 1/sinh²(u)", slope=langevin_prime),
    Op("tanhc", tanhc, "(tanh(u)/u)′ = (tanh′(u) − tanh(u)/u)/u", slope=tanhc_prime),
    Op(
        "acosc",
        acosc,
        "(acos(w)/√(1 − w²))′ = (w·acos(w)/√(1 − w²) − 1)/(1 − w²)",
        slope=acosc_prime,
        singular=True,
    ),
    Op(
        "hypotsub",
        hypotsub,
        "∂(√(a² + c²) − a) = (a/√(a² + c²) − 1)·∂a + c/√(a² + c²)·∂c",
        (2, 2),
        partials=lambda v, a, c: (-v / hypot(a, c), c / hypot(a, c)),
        singular=True,
    ),
    Op(
        "sqrtsub",
        sqrtsub,
        "∂(√(b² + d) − b) = (b/√(b² + d) − 1)·∂b + ∂d/(2·√(b² + d))",
        (2, 2),
        partials=lambda v, b, d: (-v / sp.sqrt(b**2 + d), 1 / (2 * sp.sqrt(b**2 + d))),
        singular=True,
    ),
    Op("erfcx", erfcx, "erfcx′(u) = 2·u·erfcx(u) − 2/√π", slope=erfcx_prime, singular=True),
    Op(
        "log_erfc",
        log_erfc,
        "log(erfc(u))′ = −2·exp(−u²)/(√π·erfc(u))",
        partials=lambda v, u: (-2 / sp.sqrt(sp.pi) / erfcx(u),),
    ),
    Op(
        "log_ndtr",
        log_ndtr,
        "log_ndtr′(u) = exp(−u²/2)/(√(2π)·ndtr(u))",
        partials=lambda v, u: (sp.sqrt(2 / sp.pi) / erfcx(-u / sp.sqrt(2)),),
    ),
    Op(
        "xlogx",
        xlogx,
        "(u·log(u))′ = log(u) + 1",
        partials=lambda v, u: (sp.log(u) + 1,),
        singular=True,
    ),
    Op(
        "xlogx1p",
        xlogx1p,
        "((1 + u)·log(1 + u))′ = log(1 + u) + 1",
        partials=lambda v, u: (log1p(u) + 1,),
        singular=True,
    ),
    Op(
        "powlog",
        powlog,
        "∂(xᵏ·log(x)) = xᵏ⁻¹·(k·log(x) + 1)·∂x + xᵏ·log(x)²·∂k",
        (2, 2),
        partials=powlog_partials,
        singular=True,
    ),
    Op(
        "xlogy",
        xlogy,
        "∂(x·log(y)) = log(y)·∂x + x/y·∂y",
        (2, 2),
        partials=lambda v, x, y: (sp.log(y), zero_over(x, y)),
        singular=True,
    ),
    Op(
        "xlog1py",
        xlog1py,
        "∂(x·log(1 + y)) = log(1 + y)·∂x + x/(1 + y)·∂y",
        (2, 2),
        partials=lambda v, x, y: (log1p(y), zero_over(x, 1 + y)),
        singular=True,
    ),
    Op(
        "rel_entr",
        rel_entr,
        "∂(x·log(x/y)) = (log(x/y) + 1)·∂x − x/y·∂y",
        (2, 2),
        partials=lambda v, x, y: (log_ratio(x, y) + 1, -zero_over(x, y)),
        singular=True,
    ),
    Op(
        "kl_div",
        kl_div,
        "∂(x·log(x/y) − x + y) = log(x/y)·∂x + (1 − x/y)·∂y",
        (2, 2),
        partials=lambda v, x, y: (log_ratio(x, y), (y - x) / y),
        singular=True,
    ),
    Op(
        "log_ratio",
        log_ratio,
        "∂log(a/b) = ∂a/a − ∂b/b",
        (2, 2),
        partials=lambda v, a, b: (1 / a, -1 / b),
        singular=True,
    ),
    Op(
        "logit",
        logit,
        "logit′(p) = 1/(p·(1 − p))",
        partials=lambda v, p: (1 / (p * (1 - p)),),
        singular=True,
    ),
    Op(
        "sigmadiff",
        sigmadiff,
        "∂(σ(a) − σ(b)) = σ′(a)·∂a − σ′(b)·∂b",
        (2, 2),
        partials=lambda v, a, b: (sigma(a) * sigma(-a), -sigma(b) * sigma(-b)),
    ),
    Op(
        "erfdiff",
        erfdiff,
        "∂(erf(a) − erf(b)) = 2/√π·(exp(−a²)·∂a − exp(−b²)·∂b)",
        (2, 2),
        partials=lambda v, a, b: (erf_slope(a), -erf_slope(b)),
    ),
    Op(
        "invdiff",
        invdiff,
        "∂(1/a − 1/b) = ∂b/b² − ∂a/a²",
        (2, 2),
        partials=lambda v, a, b: (-1 / a**2, 1 / b**2),
        singular=True,
    ),
    _remainder(log1pmx, "(log(1 + u) − u)′ = −u/(1 + u)", singular=True),
    _remainder(expm1mx, "(exp(u) − 1 − u)′ = exp(u) − 1", singular=True),
    _remainder(sinmx, "(sin(u) − u)′ = −2·sin²(u/2)"),
    _remainder(sinhmx, "(sinh(u) − u)′ = 2·sinh²(u/2)", singular=True),
    _remainder(tanmx, "(tan(u) − u)′ = tan²(u)", singular=True),
    _remainder(tanhmx, "(tanh(u) − u)′ = −tanh²(u)"),
    _remainder(asinmx, "(asin(u) − u)′ = 1/√(1 − u²) − 1", singular=True),
    _remainder(asinhmx, "(asinh(u) − u)′ = 1/√(1 + u²) − 1"),
    _remainder(atanmx, "(atan(u) − u)′ = −u²/(1 + u²)"),
    _remainder(atanhmx, "(atanh(u) − u)′ = u²/(1 − u²)", singular=True),
    Op(
        "log1prel",
        log1prel,
        "(log(1 + u)/u)′ = (1/(1 + u) − log(1 + u)/u)/u",
        slope=log1prel_prime,
        singular=True,
    ),
    _over_argument(tanc, tanc_prime, "(tan(u)/u)′ = (1 + tan²(u) − tan(u)/u)/u", singular=True),
    Op(
        "asinc",
        asinc,
        "(asin(u)/u)′ = (1/√(1 − u²) − asin(u)/u)/u",
        slope=asinc_prime,
        singular=True,
    ),
    _over_argument(asinhc, asinhc_prime, "(asinh(u)/u)′ = (1/√(1 + u²) − asinh(u)/u)/u"),
    _over_argument(atanc, atanc_prime, "(atan(u)/u)′ = (1/(1 + u²) − atan(u)/u)/u"),
    Op(
        "atanhc",
        atanhc,
        "(atanh(u)/u)′ = (1/(1 − u²) − atanh(u)/u)/u",
        slope=atanhc_prime,
        singular=True,
    ),
    Op(
        "pow1prel",
        pow1prel,
        "∂r: (n·(1 + r)ⁿ⁻¹ − v)/r, ∂n: (1 + r)ⁿ·log(1 + r)/r, v the value",
        (2, 2),
        slope=pow1prel_prime,
        partials=lambda v, r, n: (zero_over(pow1p(r, n), 1 / log1prel(r)),),
        singular=True,
    ),
    Op(
        "inv_expm1sub",
        inv_expm1sub,
        "(1/expm1(u) − 1/u)′ = 1/u² − exp(u)/expm1(u)²",
        partials=lambda v, u: (langevin_prime(u / 2) / 4,),
    ),
    Op(
        "sumshare",
        sumshare,
        "(a/(a + b))′ = (b·∂a − a·∂b)/(a + b)²",
        (2, 2),
        partials=lambda v, a, b: (sumshare(b, a) / (a + b), -v / (a + b)),
        singular=True,
    ),
    Op(
        "diffshare",
        diffshare,
        "((a − b)/(a + b))′ = 2·(b·∂a − a·∂b)/(a + b)²",
        (2, 2),
        partials=lambda v, a, b: (
            2 * sumshare(b, a) / (a + b),
            -2 * sumshare(a, b) / (a + b),
        ),
        singular=True,
    ),
    Op(
        "powshare",
        powshare,
        "(xⁿ/(xⁿ + kⁿ))′ = v·(1 − v)·(n·∂x/x − n·∂k/k + log(x/k)·∂n), v the value",
        (3, 3),
        slope=powshare_prime,
        partials=lambda v, x, k, n: (
            -powshare_prime(k, x, n),
            power_log(v * powshare(k, x, n), x / nonzero(k)),
        ),
        singular=True,
    ),
    Op(
        "quadroot",
        quadroot,
        "∂v = −(v²·∂a + v·∂b + ∂c)/√(b² − 4·a·c), v the root",
        (3, 3),
        partials=quadroot_partials,
        singular=True,
    ),
    Op(
        "bateman",
        bateman,
        "∂k: (k·t·exp(−k·t) − m·v/k)/(k − m), ∂t: k·exp(−k·t) − m·v, v the value",
        (3, 3),
        slope=bateman_prime,
        partials=bateman_partials,
        singular=True,
    ),
    Op(
        "binary_cross_entropy",
        binary_cross_entropy,
        "∂z: σ(z) − t, ∂t: −z",
        (2, 2),
        partials=lambda v, z, t: (-z,),
        slope=binary_cross_entropy_prime,
        activation=True,
    ),
    Op(
        "logaddexp",
        logaddexp,
        "∂logaddexp(a, b)/∂a = σ(a − b)",
        (2, 2),
        partials=lambda v, a, b: (exp_share(a, b), exp_share(b, a)),
    ),
    Op(
        "sigma_prime",
        sigma_prime,
        "(σ′)′ = −σ′·tanh(u/2)",
        sign="σ′",
        partials=lambda v, u: (-v * sp.tanh(u / 2),),
    ),
    Op(
        "tanh_prime",
        tanh_prime,
        "(tanh′)′ = −2·tanh·tanh′",
        sign="tanh′",
        partials=lambda v, u: (-2 * v * sp.tanh(u),),
    ),
    Op(
        "sigma",
        sigma,
        "σ′ = σ·(1 − σ)",
        sign="σ",
        slope=sigma_prime,
        activation=True,
        aliases=("sigmoid", "logistic"),
    ),
    Op(
        "softplus",
        softplus,
        "softplus′ = σ",
        partials=lambda v, u: (sigma(u),),
        activation=True,
    ),
    Op(
        "relu",
        relu,
        "relu′(u) = 1 where u > 0, else 0",
        partials=lambda v, u: (Piecewise((1, u > 0), (zero_or_nan(v), True)),),
        activation=True,
        kink="0",
        at_kink=relu_at,
        exact=True,
    ),
    Op(
        "relu_at",
        relu_at,
        "relu′(u) = 1 where u > 0, k at 0, else 0",
        (2, 2),
        partials=lambda v, u, k: (
            Piecewise((1, u > 0), (k, sp.Eq(u, 0)), (zero_or_nan(v), True)),
            S.Zero,
        ),
        activation=True,
        kink="0",
        exact=True,
    ),
    Op(
        "abs_at",
        abs_at,
        "abs′(u) = sign(u), k at 0",
        (2, 2),
        partials=lambda v, u, k: (
            Piecewise((1, u > 0), (k, sp.Eq(u, 0)), (unless_nan(S.NegativeOne, u), True)),
            S.Zero,
        ),
        kink="0",
        exact=True,
    ),
    Op(
        "max_at",
        max_at,
        "1 for the larger, k for the first and 1 − k for the second where equal",
        (3, 3),
        partials=lambda v, a, b, k: (_larger(a, b, k), _larger(b, a, 1 - k), S.Zero),
        kink="tie",
        exact=True,
    ),
    Op(
        "min_at",
        min_at,
        "1 for the smaller, k for the first and 1 − k for the second where equal",
        (3, 3),
        partials=lambda v, a, b, k: (_smaller(a, b, k), _smaller(b, a, 1 - k), S.Zero),
        kink="tie",
        exact=True,
    ),
    Op(
        "silu",
        silu,
        "silu′(u) = σ(u)·(1 + u·(1 − σ(u)))",
        slope=silu_prime,
        activation=True,
    ),
    Op(
        "gelu",
        gelu,
        "gelu′(u) = (1 + erf(u/√2))/2 + u·exp(−u²/2)/√(2π)",
        slope=gelu_prime,
        activation=True,
    ),
    Op(
        "logsigmoid",
        logsigmoid,
        "logsigmoid′(u) = σ(−u)",
        partials=lambda v, u: (sigma(-u),),
        activation=True,
    ),
)

OPS: dict[str, Op] = {op.name: op for op in _TABLE}
"""Every operation by the name that circuit text gives it."""

POWER = Op("**", sp.Pow, "∂aᵇ = b·aᵇ⁻¹·∂a + aᵇ·log(a)·∂b", (2, 2), partials=power_partials)

SPELLINGS: dict[str, Op] = {spelling: op for op in _TABLE for spelling in (op.name, *op.aliases)}
"""Every accepted spelling of an operation."""

BY_HEAD: dict[Any, Op] = {op.head: op for op in _TABLE if op.name != "sqrt"}
"""Operations by SymPy class; sqrt has none of its own, being a power."""

AT_KINK: dict[str, Op] = {op.name: BY_HEAD[op.at_kink] for op in _TABLE if op.at_kink}
"""What stands for an operation in a circuit that states its derivative at the kink.

At a tie the first operand's partial is stated.
"""

EXACT: tuple[Any, ...] = tuple(op.head for op in _TABLE if op.exact)
"""The heads of operations that never round."""

SLOPES: dict[type[Slope], Op] = {op.slope: op for op in _TABLE if op.slope is not None}

_MEANINGS: dict[Any, Callable[..., Expr]] = {
    **{op.head: op.meaning for op in _TABLE if op.meaning is not None},
    **{slope: slope.elementary for slope in SLOPES},
    over_square: over_square.plain,
}


def elementary(expr: Expr) -> Expr:
    """The expression in SymPy's own functions only, by each operation's definition.

    Conditions stay as they are: SymPy would solve a choice inside a comparison.
    """
    done: dict[Expr, Expr] = {}
    for part in postorder(expr):
        if isinstance(part, Boolean):
            done[part] = part
            continue
        args = [done[a] for a in part.args]
        meaning = _MEANINGS.get(part.func)
        if meaning is None and all(a is b for a, b in zip(args, part.args, strict=True)):
            done[part] = part  # to make it anew would ask SymPy for simpler forms again
        else:
            done[part] = meaning(*args) if meaning else part.func(*args)
    return done[expr]


def expand_slopes(expr: Expr) -> Expr:
    """The expression with every kept slope, sigma'(u), written out: sigma(u)*(1 - sigma(u))."""
    found = {p: p.written for p in postorder(expr) if isinstance(p, Slope)}
    return plainly(expr.xreplace(found) if found else expr)


__all__ = [
    "AT_KINK",
    "BY_HEAD",
    "EXACT",
    "OPS",
    "POWER",
    "SLOPES",
    "SPELLINGS",
    "Op",
    "elementary",
    "erfc",
    "expand_slopes",
]
