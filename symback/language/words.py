"""Words that are compositions of operations, and SymPy's spellings: what each stands for.

With these `str(expr)` of SymPy is circuit text: Max(x, 1), Piecewise((x, x > 0), (0, True)).
None of them is reserved: a circuit may have a node or a function of such a name.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from symback.language.terms import Term

ALIASES: Mapping[str, str] = {
    "Abs": "abs",
    "Max": "max",
    "Min": "min",
    "Pow": "pow",
    "power": "pow",
    "float_power": "pow",
    "clamp": "clip",
    "Mod": "mod",
    "remainder": "mod",
    "ceiling": "ceil",
    "rint": "round",
    "Heaviside": "heaviside",
    "secant": "sec",
    "cosec": "csc",
    **dict.fromkeys(("norm_cdf", "normcdf", "normal_cdf", "Phi"), "ndtr"),
    **dict.fromkeys(("normpdf", "normal_pdf"), "norm_pdf"),
    **dict.fromkeys(("norm_logcdf", "normal_logcdf", "log_norm_cdf", "log_normal_cdf"), "log_ndtr"),
    **dict.fromkeys(("norm_ppf", "normal_ppf", "norm_quantile", "normal_quantile"), "ndtri"),
    **dict.fromkeys(("norminv", "inv_Phi"), "ndtri"),
    "ctg": "cot",
    "cotan": "cot",
    "cth": "coth",
    **{f"arc{name}": f"a{name}" for name in ("sec", "csc", "cot", "sech", "csch", "coth")},
    **{f"ar{name}": f"a{name}" for name in ("sech", "csch", "coth")},
    "arcctg": "acot",
    "absolute": "abs",
    "fabs": "abs",
    **dict.fromkeys(("expit", "inv_logit"), "sigma"),
    "log_inv_logit": "logsigmoid",
    **dict.fromkeys(("log_diff_exp", "logminusexp"), "logsubexp"),
    "log1m_exp": "log1mexp",
    "log_sigmoid": "logsigmoid",
    "log_expit": "logsigmoid",
    "swish": "silu",
    "sgn": "sign",
    "signum": "sign",
    "log_gamma": "loggamma",
    "log_beta": "betaln",
    "comb": "binomial",
    "choose": "binomial",
    "dnorm": "norm_pdf",
    "pnorm": "ndtr",
    "qnorm": "ndtri",
    "plogis": "sigma",
    "qlogis": "logit",
    "deg2rad": "radians",
    "rad2deg": "degrees",
    "hard_tanh": "hardtanh",
    "hard_sigmoid": "hardsigmoid",
    "hard_swish": "hardswish",
    "lrelu": "leaky_relu",
    "prelu": "leaky_relu",
    "rising_factorial": "poch",
    "rf": "poch",
    "logdiffexp": "logsubexp",
    "fix": "trunc",
    "igamma": "gammainc",
    "igammac": "gammaincc",
}
"""Other spellings, by the word that each stands for."""

COMPOSED = """
log(u, v) = log(u)/log(v)
ln(u, v) = log(u)/log(v)
pow(u, v) = u**v
square(u) = u**2
cube(u) = u**3
reciprocal(u) = 1/u
rsqrt(u) = 1/sqrt(u)
exp2(u) = 2**u
exp10(u) = 10**u
sec(u) = 1/cos(u)
csc(u) = 1/sin(u)
cot(u) = 1/tan(u)
sech(u) = 1/cosh(u)
csch(u) = 1/sinh(u)
coth(u) = 1/tanh(u)
asec(u) = acos(1/u)
acsc(u) = asin(1/u)
acot(u) = atan(1/u)
asech(u) = acosh(1/u)
acsch(u) = asinh(1/u)
acoth(u) = atanh(1/u)
frac(u) = u - floor(u)
ndtr(u) = erfc(-u/sqrt(2))/2
norm_pdf(u) = exp(-u**2/2)/sqrt(2*pi)
heaviside(u) = (1 + sign(u))/2
heaviside(u, v) = where(u == 0, v, (1 + sign(u))/2)
clip(u, v, w) = min(max(u, v), w)
relu6(u) = min(max(u, 0), 6)
hardtanh(u) = min(max(u, -1), 1)
hardsigmoid(u) = min(max(u/6 + 1/2, 0), 1)
hardswish(u) = u*min(max(u + 3, 0), 6)/6
hardshrink(u, v) = where(abs(u) > v, u, 0)
softshrink(u, v) = where(u > v, u - v, where(u < -v, u + v, 0))
tanhshrink(u) = u - tanh(u)
leaky_relu(u) = where(u > 0, u, 0.01*u)
leaky_relu(u, v) = where(u > 0, u, v*u)
elu(u) = where(u > 0, u, expm1(u))
elu(u, v) = where(u > 0, u, v*expm1(u))
celu(u, v) = where(u > 0, u, v*expm1(u/v))
selu(u) = where(u > 0, 1.0507009873554805*u, 1.7580993408473768*expm1(u))
mish(u) = u*tanh(softplus(u))
softsign(u) = u/(1 + abs(u))
huber(u, v) = where(abs(v) < u, v**2/2, u*(abs(v) - u/2))
pseudo_huber(u, v) = u**2*(sqrt(1 + (v/u)**2) - 1)
entr(u) = -u*log(u)
poch(u, v) = gamma(u + v)/gamma(u)
rgamma(u) = 1/gamma(u)
logsubexp(u, v) = u + log1mexp(v - u)
logaddexp2(u, v) = logaddexp(u*log(2), v*log(2))/log(2)
sinpi(u) = sin(pi*u)
cospi(u) = cos(pi*u)
tanpi(u) = tan(pi*u)
cosm1(u) = -2*sin(u/2)**2
radians(u) = pi*u/180
degrees(u) = 180*u/pi
trunc(u) = sign(u)*floor(abs(u))
inv_boxcox(u, v) = (1 + u*v)**(1/v)
lowergamma(u, v) = gamma(u)*gammainc(u, v)
uppergamma(u, v) = gamma(u)*gammaincc(u, v)
j0(u) = besselj(0, u)
j1(u) = besselj(1, u)
y0(u) = bessely(0, u)
y1(u) = bessely(1, u)
i0(u) = besseli(0, u)
i1(u) = besseli(1, u)
k0(u) = besselk(0, u)
k1(u) = besselk(1, u)
Rational(u, v) = u/v
Rational(u) = u
Integer(u) = u
Float(u) = u
"""
"""Compositions as circuit text writes them; log(u, v) is the logarithm to the base v."""

COMPARISONS: Mapping[str, str] = {
    "Eq": "==",
    "Ne": "!=",
    "Lt": "<",
    "Le": "<=",
    "Gt": ">",
    "Ge": ">=",
}
"""SymPy's comparisons by name."""

CONNECTIVES: Mapping[str, str] = {"And": "both", "Or": "either"}

LISTS = frozenset({"Matrix", "ImmutableMatrix", "Array", "ImmutableDenseMatrix"})
"""What SymPy writes around a list of numbers or of rows."""


def called(name: str, arguments: int) -> tuple[str, tuple[str, ...], Term] | None:
    """The composition that a call stands for: its name, its arguments and its formula."""
    return _composed().get((ALIASES.get(name, name), arguments))


def arities(name: str) -> list[int]:
    """The numbers of arguments that a composition takes."""
    return [n for word, n in _composed() if word == ALIASES.get(name, name)]


@cache
def _composed() -> dict[tuple[str, int], tuple[str, tuple[str, ...], Term]]:
    from symback.language.syntax import Equation, SourceText, statements  # which reads terms

    found = {}
    for statement in statements(SourceText(COMPOSED)):
        assert isinstance(statement, Equation) and statement.right is not None
        left = statement.left
        arguments = tuple(a.text for a in left.args)
        found[left.text, len(arguments)] = (left.text, arguments, statement.right)
    return found


def names() -> list[str]:
    """The words, for hints; those that SymPy alone spells so are left out."""
    return list(dict.fromkeys(word for word, _ in _composed() if word.islower()))


def placed(term: Term, place: tuple[int, int]) -> Term:
    """A copy of the term at one place, where messages point."""
    args = [placed(a, place) for a in term.args]
    return Term(term.kind, place, args, term.text, term.depth, term.size)


__all__ = [
    "ALIASES",
    "COMPARISONS",
    "COMPOSED",
    "CONNECTIVES",
    "LISTS",
    "arities",
    "called",
    "names",
    "placed",
]
