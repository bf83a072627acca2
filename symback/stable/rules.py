"""The rules: one row each, with what it looks for, what it puts there, and why.

A matcher takes `see`, which looks behind the names of nodes, and an expression whose parts are
rewritten already; it returns an expression that is equal wherever the first is defined, or None.
Matchers look at the terms or factors of one sum or product, so each costs no more than their
number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp
from sympy import Add, Expr, Mul, Pow
from sympy.codegen.cfunctions import expm1, log1p

from symback.operations import arrays
from symback.operations.elementwise import BY_HEAD, OPS
from symback.operations.expressions import postorder
from symback.operations.functions import (
    Elementary,
    erfc,
    sigma,
    sigma_prime,
    softplus,
    tanh_prime,
)
from symback.operations.special import (
    diffshare,
    digamma,
    expshare,
    inv_add_exp,
    inv_exprel,
    loggamma,
    logwsumexp,
    overexpm1,
    pow1pm1,
    powm1,
    quadroot,
    sqrtsub,
    sumshare,
    trigamma,
)
from symback.stable import (
    axes,
    bases,
    binding,
    branch_points,
    compound,
    differences,
    divergences,
    divided,
    entropies,
    exponentials,
    extremes,
    gammas,
    growth,
    hyperbolic,
    inverses,
    logistic,
    logs,
    means,
    norms,
    poles,
    quotients,
    rational,
    ratios,
    removable,
    shares,
    stirling,
    sums,
)
from symback.stable.matching import Matcher


@dataclass(frozen=True, slots=True)
class Rule:
    """One rewriting: its name, why the typed form is computed badly, and where it applies.

    `words` say what the formula becomes where that is not an operation of its own; one that
    `smooths` finds that the kinks of the parts cancel; what `stays` is not given up for others;
    what comes `last` is tried on what the others have made; what is `final` no rule is shown.
    """

    name: str
    why: str
    heads: tuple[Any, ...]
    match: Matcher
    words: str = ""
    smooths: bool = False
    stays: bool = False
    last: bool = False
    final: bool = False


OVERFLOWS = "exp overflows for large operands"
OVERFLOWS_ALONE = "the gamma function overflows where its log does not"
LOG = "log(0) where its argument underflows"
COSH = "cosh overflows for large operands"
CANCELS = "nearly equal terms cancel"
ENTROPY = "log(1 - sigma) keeps no digits where sigma rounds to 1"
KINKS = "at 0 the slopes of the parts do not add up to that of the whole"
ANGLE = "a product of sines"
INVERSE = "a function of its own inverse: its slope is lost where that of the inverse is infinite"
FLAT = "the inverse of what has rounded to its limit"
ROOT = "a power of a root: at 0 its slopes are not the convention at the root's"
UNDONE = "what is inside the inverse"
ROOTS = "a quotient by the sum of the roots"
NEAR = "the slope cancels where the argument is small, and 0/0 at 0"
VANISHES = "0·∞ in the slope where an inner exp overflows"
SQUARES = "a square overflows or underflows"
POWERS = "the powers overflow or underflow"
NEAR_ONE = "1 + u loses the digits of a small u"
ZERO = "0·∞ where the number before the log is 0"
SATURATED = "its log is lost where sigma rounds to 1"
SATURATES = "the slope cancels where the share is nearly 1"
INFINITE = "0·∞ in the slope where the quotient or the log is infinite"
STEEP = "0·∞ in the slope where a root or an inverse is infinitely steep"
LIMIT = "its limit where a number is 0"
LIMIT_OF = "a divided difference, and its limit"
WEIGHTS = "exp overflows, and its log is lost where all terms underflow"

LOOKED_INTO = (arrays.reduce_sum, arrays.dot, arrays.mean)
PUT_IN_PLACE = (arrays.softmax, arrays.log_softmax, arrays.logsumexp, arrays.norm)
COVERED = (*LOOKED_INTO, *PUT_IN_PLACE, arrays.reduce_max, arrays.reduce_min)
"""The operations on arrays that a rule can look into, and those that one puts in place."""

WAVES = (sp.sin, sp.cos, sp.sinh, sp.cosh)
PRODUCTS = (
    *(arrays.matvec, arrays.transpose, arrays.expand_dims),
    *(arrays.slice_, arrays.take, arrays.concat, arrays.matmul, arrays.trace),
)
"""Those that are looked into as well where no proof is found without."""

_NATURAL: tuple[Rule, ...] = (
    Rule("power of a power", INVERSE, (Pow,), inverses.power_of_power, UNDONE),
    Rule("power of a root", ROOT, (Pow,), inverses.power_of_root, UNDONE),
    Rule("exp of a log", INVERSE, (sp.exp,), inverses.exp_of_log, UNDONE),
    Rule("log of an exp", INVERSE, (sp.log,), inverses.log_of_exp, UNDONE),
    Rule("h⁻¹(h(u))", FLAT, inverses.INVERSES, inverses.inverse_of_function, UNDONE),
    Rule("softmax", OVERFLOWS, (Mul,), quotients.share_of_sum),
    Rule("cosine", SQUARES, (Mul,), quotients.cosine, "the product with a unit vector"),
    Rule("(Σ|x|ᵖ)^(1/p)", POWERS, (Pow,), norms.root_of_powers, "powers of |x|/max(|x|)"),
    Rule("tr(Xᵀ·X)", SQUARES, (arrays.trace,), norms.trace_of_square, "a sum of squares"),
    Rule("softmax of a sum", OVERFLOWS, (Mul,), quotients.mean_by_softmax),
    Rule("logsumexp", OVERFLOWS, (sp.log,), logs.log_of_sum_of_exp),
    Rule("log of a weighted sum", OVERFLOWS, (sp.log,), logs.log_of_weighted_sum),
    Rule("1/(c + exp)", OVERFLOWS, (Pow,), quotients.reciprocal),
    Rule("1/expm1", OVERFLOWS, (Pow,), exponentials.reciprocal_of_expm1),
    Rule("1/(a + b·exp)", OVERFLOWS, (Pow,), exponentials.reciprocal_of_sum),
    Rule("(c + exp)ʳ", OVERFLOWS, (Pow,), exponentials.root_of_powers),
    Rule("σᵍ", SATURATED, (Pow,), exponentials.power_of_sigma),
    Rule("acosc", NEAR, (Pow,), ratios.inverse_sinc_of_acos),
    Rule("exp/(c + exp)", OVERFLOWS, (Mul,), quotients.exp_times_share),
    Rule("exp/(a + b·exp)", OVERFLOWS, (Mul,), exponentials.exp_times_reciprocal),
    Rule("exp/(a·exp + b·exp)", OVERFLOWS, (Mul,), exponentials.share_of_two),
    Rule("a/(a + b·exp)", CANCELS, (Mul,), exponentials.share_of_sum),
    Rule("Σ·exp/Σ·exp", OVERFLOWS, (Mul,), growth.sum_over_sum, "a sum of quotients"),
    Rule("exp(u - logcosh(u))", OVERFLOWS, (sp.exp,), growth.power_over_cosh),
    Rule("(a·cosh + b·sinh)/cosh", OVERFLOWS, (Mul,), hyperbolic.sum_over_cosh, "tanh"),
    Rule("cosh(u)/sinh(v)", OVERFLOWS, (Mul,), hyperbolic.quotient_by_logs),
    Rule("cosh(u)/(cosh(u) + cosh(v))", COSH, (Mul,), hyperbolic.over_two_arguments),
    Rule("exp·w/expm1(w)", OVERFLOWS, (Mul,), growth.power_times_fading),
    Rule("exp/(exp + …)", OVERFLOWS, (Mul,), growth.share_of_weighted),
    Rule("exp(exp)", VANISHES, (sp.exp,), exponentials.exp_of_exp),
    Rule("expm1(exp)", VANISHES, (expm1,), exponentials.expm1_of_exp),
    Rule("exp(-softplus)", OVERFLOWS, (sp.exp,), quotients.exp_of_softplus),
    Rule("tanh", OVERFLOWS, (Mul,), quotients.quotient_is_tanh),
    Rule("1/cosh", COSH, (Pow,), quotients.power_of_cosh),
    Rule(
        "sigma_prime", "1 - sigma keeps few digits", (Mul,), quotients.sigma_times_one_minus_sigma
    ),
    Rule("1 - sigma", CANCELS, (Add,), sums.one_minus(sigma, sp.tanh)),
    Rule("tanh_prime", CANCELS, (Add,), sums.one_minus_square(sp.tanh)),
    Rule("1 - cos²", CANCELS, (Add,), sums.one_minus_square(sp.cos, sp.sin), "the other square"),
    Rule("sigma - 1/2", CANCELS, (Add,), extremes.sigma_minus_half),
    Rule("π/2 - atan", CANCELS, (Add,), extremes.rest_of_right_angle),
    Rule("acosh(1 + u)", NEAR_ONE, (sp.acosh, sp.acos), extremes.inverse_beside_one),
    Rule("expm1", CANCELS, (Add,), sums.one_minus(sp.exp)),
    Rule("1 - exp(exp)", CANCELS, (Add,), exponentials.one_minus_exp_of_exp),
    Rule("1 - cos", CANCELS, (Add,), sums.one_minus(sp.cos), "the square of a sine"),
    Rule("1 - cosh", CANCELS, (Add,), sums.one_minus(sp.cosh), "the square of a sinh"),
    Rule("cosh² - 1", CANCELS, (Add,), hyperbolic.square_beside_one, "the other square"),
    Rule("cosh - sinh", CANCELS, (Add,), hyperbolic.cosh_minus_sinh, "a power of e"),
    Rule("atan(sinh)", COSH, (sp.atan, sp.asin), hyperbolic.angle),
    Rule("erfc", CANCELS, (Add,), sums.one_minus(sp.erf, erfc)),
    Rule("exp - exp", CANCELS, (Add,), exponentials.difference_of_powers),
    Rule("a - b·h", CANCELS, (Add,), differences.whole_minus_part),
    Rule("h(a) - h(b)", CANCELS, (Add,), differences.at_two_places),
    Rule("1/a - 1/b", CANCELS, (Add,), differences.difference_of_reciprocals),
    Rule("h(u) - u", CANCELS, (Add,), differences.less_argument),
    Rule("√ - 1", CANCELS, (Add,), sums.root_minus_number, ROOTS),
    Rule("√ - √", CANCELS, (Add,), sums.pair((Pow,), sums.difference_of_roots), ROOTS),
    Rule("bound of two", CANCELS, (Add,), binding.bound_of_two),
    Rule("a - bound", CANCELS, (Add,), binding.rest_of_one),
    Rule("√ - a", CANCELS, (Add,), differences.root_minus_member),
    Rule("√a - √b", CANCELS, (Add,), differences.difference_of_any_roots),
    Rule("power - 1", CANCELS, (Add,), differences.power_minus_one),
    Rule("1/expm1 - 1/u", CANCELS, (Add,), removable.expm1_pole),
    Rule("(x + h)² - x²", CANCELS, (Add,), removable.squares_of_neighbours, "a product of sums"),
    Rule("(x + h)ⁿ - xⁿ", CANCELS, (Add,), differences.powers_of_neighbours),
    Rule("coth - 1/u", CANCELS, (Add,), ratios.coth_minus_inverse),
    Rule(
        "log - log",
        CANCELS,
        (Add,),
        sums.pair((sp.log, log1p, logwsumexp), sums.difference_of_logs),
    ),
    Rule("betaln", CANCELS, (Add,), gammas.loggamma_to_betaln),
    Rule("loggamma - loggamma", CANCELS, (Add,), sums.pair((loggamma,), gammas.rise_of_loggamma)),
    Rule("digamma - log", CANCELS, (Add,), stirling.digamma_less_log),
    Rule("log Γ - Stirling", CANCELS, (Add,), stirling.loggamma_less_stirling),
    Rule("Wallis' ratio", CANCELS, (Add,), stirling.wallis),
    Rule("digamma - digamma", CANCELS, (Add,), sums.pair((digamma,), gammas.rise_of_digamma)),
    Rule("trigamma - trigamma", CANCELS, (Add,), sums.pair((trigamma,), gammas.rise_of_trigamma)),
    Rule("Γ/Γ", OVERFLOWS_ALONE, (Mul,), gammas.quotient_of_gammas),
    Rule("log of gamma", OVERFLOWS_ALONE, (sp.log,), gammas.log_of_gamma),
    Rule("sin - sin", CANCELS, (Add,), sums.pair(WAVES, sums.difference_of_waves), ANGLE),
    Rule("logistic loss", KINKS, (Add,), logistic.cross_entropy_of_parts, smooths=True),
    Rule("logaddexp - a", CANCELS, (Add,), sums.log_sum_exp_minus_member),
    Rule("binary_cross_entropy", ENTROPY, (Add,), sums.cross_entropy_of_sigma),
    Rule("logaddexp", OVERFLOWS, (sp.log, log1p), logs.log_of_powers),
    Rule("asinh", CANCELS, (sp.log,), logs.log_of_root_sum),
    Rule("logit", CANCELS, (sp.log,), entropies.log_of_odds),
    Rule("log of a quotient", CANCELS, (sp.log,), logs.log_of_quotient),
    Rule("log of a product", LOG, (sp.log,), logs.log_of_product),
    Rule("logsigmoid", "1 - sigma keeps few digits", (log1p,), logs.log_of_one_minus_sigma),
    Rule("log1mexp", "1 - exp keeps few digits", (sp.log, log1p), logs.log_of_expm1),
    Rule("logdiffexp", OVERFLOWS, (sp.log,), logs.log_of_difference),
    Rule("log of sigma - sigma", OVERFLOWS, (sp.log,), logs.log_of_sigma_difference),
    Rule("logcosh", COSH, (sp.log,), logs.log_of_cosh),
    Rule("log of a slope", LOG, (sp.log, log1p), logs.log_of_slope),
    Rule("log of exprel", OVERFLOWS, (sp.log,), logs.log_of_exprel),
    Rule(
        "log1psq", "the square overflows or is lost", (sp.log, log1p), logs.log_of_one_plus_square
    ),
    Rule("log of sinh", OVERFLOWS, (sp.log,), extremes.log_of_hyperbolic),
    Rule("log of 1 - exp(-exp)", LOG, (sp.log,), extremes.log_of_expm1_of_exp),
    Rule("logwsumexp", WEIGHTS, (sp.log, log1p), logs.log_of_weighted_powers),
    Rule("log of 1 - erf", LOG, (log1p,), logs.log_of_one_minus_erf),
    Rule("log of squares", SQUARES, (sp.log,), logs.log_of_squares),
    Rule("log1p", "1 + u loses the digits of a small u", (sp.log,), logs.log_of_one_plus),
    Rule(
        "hypot",
        SQUARES,
        (Pow,),
        quotients.root_of_squares,
        stays=True,  # its slope at the origin is 0 by its form
    ),
    Rule("sinc", "the slope of sin(u)/u cancels for small u", (Mul,), quotients.sine_over_argument),
    Rule("coth", COSH, (Mul,), ratios.cosh_over_sinh),
    Rule("exprel", NEAR, (Mul,), exponentials.over_its_argument),
    Rule("inv_exprel", NEAR, (Mul,), exponentials.argument_over_expm1),
    Rule("log_sinhc", NEAR, (Mul,), exponentials.even_product),
    Rule("h(u)/u", NEAR, (Mul,), ratios.odd_over_argument),
    Rule("h(√v)²/v", NEAR, (Mul,), ratios.power_over_square),
    Rule("h(u)·(v/u)", NEAR, (Mul,), axes.function_times_axis),
    Rule("acosc", NEAR, (Mul,), ratios.angle_over_sine),
    Rule("((1 + x)ⁿ - 1)/x", NEAR, (Mul,), removable.power_over_argument),
    Rule("(1 + r)ⁿ/((1 + r)ⁿ - 1)", NEAR_ONE, (Mul,), compound.growth_over_growth_less_one),
    Rule("((p/q)ⁿ - 1)/(p - q)", NEAR, (Mul,), compound.growth_over_difference),
    Rule("(√ - √)/x", NEAR, (Mul,), removable.root_less_root_over_argument, ROOTS),
    Rule("bound/a", NEAR, (Mul,), binding.share_of_one),
    Rule("(xⁿ - 1)/(x - 1)", NEAR, (Mul,), removable.geometric_sum),
    Rule("root of a quadratic", NEAR, (Mul,), removable.root_of_quadratic),
    Rule("c/(√ - b)", NEAR, (Mul,), removable.root_of_quadratic_below),
    Rule("bateman", NEAR, (Mul,), removable.between_decays),
    Rule("boxcox", NEAR, (Mul,), differences.power_minus_one_over_exponent),
    Rule("erfcx", OVERFLOWS, (Mul,), ratios.exp_of_square_times_erfc),
    Rule("exp·erfc", OVERFLOWS, (Mul,), ratios.exp_times_erfc),
    Rule("erfc/erfc", LOG, (Mul,), extremes.ratio_of_tails),
    Rule("x·log(x)", ZERO, (Mul,), entropies.times_log),
    Rule("x·log(x/m) + y·log(y/m)", CANCELS, (Add,), divergences.balanced),
    Rule("x·log(x) - x·log(y)", CANCELS, (Add,), entropies.difference_of_entropies),
    Rule("logarithmic mean", NEAR, (Mul,), extremes.logarithmic_mean, last=True),
    Rule("x·log(x/y) - x + y", CANCELS, (Add,), entropies.divergence, last=True),
    Rule("Σ x·log(x)", ZERO, (arrays.dot,), entropies.dot_with_log),
    Rule("t·log_softmax", ZERO, (Mul,), entropies.times_log_softmax),
    Rule("Σ t·log_softmax", ZERO, (arrays.dot,), entropies.dot_with_log_softmax),
    Rule("(h(a) - h(b))/(a - b)", NEAR, (Mul,), divided.divided_difference, LIMIT_OF, last=True),
    Rule("p/q", NEAR, (Mul,), removable.common_factor, "the quotient", last=True),
    Rule("1/(cosh(u) + cosh(v))", COSH, (Pow,), hyperbolic.over_two_arguments, last=True),
    Rule("cosh/(a + b·cosh)", COSH, (Mul, Pow), hyperbolic.far_out, last=True, final=True),
    Rule("contrast", SATURATES, (Mul,), shares.contrast, last=True),
    Rule("share of a sum", SATURATES, (Mul,), shares.part_of_sum, last=True),
    Rule("other share of a sum", SATURATES, (Mul,), shares.other_part_of_sum, last=True),
    Rule("1/(1 + p/q)", INFINITE, (Pow,), shares.reciprocal_of_one_and_ratio, last=True),
    Rule("logistic of a log", INFINITE, (sigma,), shares.logistic_of_log, last=True),
    Rule("1 - share", CANCELS, (Add,), shares.rest_of_whole, last=True),
    Rule("a + (b - a)·share", CANCELS, (Add,), shares.blend, "both shares", last=True),
    Rule("x/√(x² + y²)", SATURATES, (Mul,), shares.over_length, last=True),
    Rule("1 - x/√(x² + y²)", CANCELS, (Add,), shares.rest_of_length, last=True),
    Rule(
        "h(log)",
        INFINITE,
        (sp.exp, sigma, sp.tanh, softplus),
        poles.function_of_log,
        LIMIT,
        last=True,
        final=True,
    ),
    Rule("exp(1/x)/x", INFINITE, (Mul,), poles.fading_over_pole, LIMIT, last=True, final=True),
    Rule("1/Σ(w/x)", INFINITE, (Pow,), poles.reciprocal_of_sum_of_poles, LIMIT, last=True),
    Rule("exp(Σ w·log)", INFINITE, (sp.exp,), poles.power_of_mean_log, LIMIT, last=True),
    Rule(
        "h(1/x) at 0",
        INFINITE,
        (sp.exp, erfc, tanh_prime, sigma_prime, inv_exprel, overexpm1),
        poles.fading_at_pole,
        LIMIT,
        last=True,
        final=True,
    ),
    Rule("(Σ w·xʳ)^(1/r)", NEAR_ONE, (Pow,), means.mean_of_powers, LIMIT, last=True, final=True),
    Rule("log/(x² - 1)", NEAR, (Mul,), means.log_over_polynomial, LIMIT, last=True, final=True),
    Rule("(xᵏ - yᵏ)/k", NEAR, (Mul,), means.power_less_power, LIMIT, last=True, final=True),
    Rule("(1 + p/v)ᵛ", NEAR_ONE, (Pow,), compound.compounded, last=True),
    Rule("(1 + u)ⁿ", NEAR_ONE, (Pow,), compound.power_beside_one, last=True),
    Rule("1/(p/x + q)", INFINITE, (Pow,), poles.reciprocal_of_poles, LIMIT, last=True),
    Rule("(1 + p/v)ᵛ - 1", NEAR_ONE, (pow1pm1,), compound.compounded_less_one, last=True),
    Rule(
        "√(b² + b·e) - b", CANCELS, (sqrtsub, quadroot), removable.root_over_own_member, last=True
    ),
    Rule("(p/q)ⁿ - 1", CANCELS, (powm1,), compound.growth_less_one, last=True),
    Rule("h(u)/k(v)", NEAR, (Mul,), compound.quotient_of_vanishing, LIMIT, last=True, final=True),
    Rule("log(a + b·cosh)", COSH, (sp.log, log1p), hyperbolic.log_far_out, last=True, final=True),
    Rule("expm1/(a + b·exp)", OVERFLOWS, (Mul,), growth.less_one_over_sum, last=True, final=True),
    Rule("v·h(p/v)", CANCELS, (Mul,), compound.beside_divisor, last=True),
    Rule("atan(p/x)", INFINITE, (sp.atan,), poles.angle_of_pole, LIMIT, last=True),
    Rule(
        "logsumexp of a log",
        INFINITE,
        (arrays.logsumexp,),
        poles.logsumexp_of_log,
        LIMIT,
        last=True,
    ),
    Rule(
        "∞/∞",
        INFINITE,
        (Add, Mul, sumshare, diffshare, expshare, inv_add_exp),
        rational.finite_at_pole,
        LIMIT,
        last=True,
    ),
    Rule(
        "h(√v)",
        STEEP,
        (Add, Mul, Pow, arrays.dot, *BY_HEAD),
        branch_points.regular_at_branch_point,
        LIMIT,
        last=True,
    ),
)


def _matchers(head: Any) -> list[Matcher]:
    return [rule.match for rule in _NATURAL if head in rule.heads and not rule.last]


BASE = "what log loses"

RULES: tuple[Rule, ...] = (
    *_NATURAL,
    Rule("log2, log10", BASE, tuple(bases.BASES), bases.of_log(_matchers(sp.log))),
    Rule("x·log2(x)", ZERO, (Mul,), bases.of_product([entropies.times_log])),
    Rule("log2 - log2", CANCELS, (Add,), bases.of_sum(_matchers(Add))),
)
"""Every rewriting, in the order in which they are tried."""

SERIES = Rule("series near 0", NEAR, (), lambda see, expr: None, "its series near 0")
"""Where `symback.stable.series` puts one."""


def words_of(before: Expr, after: Expr, rules: Sequence[Rule]) -> str:
    """What the formula became: the words of the rules, or the operations that are new in it."""
    words = dict.fromkeys(rule.words for rule in rules if rule.words)
    heads = {part.func for part in postorder(before)}
    new = {BY_HEAD[p.func].name for p in postorder(after) if p.func in BY_HEAD.keys() - heads}
    known = [name for name in OPS if name in new]
    known += [p.func.__name__ for p in postorder(after) if isinstance(p, PUT_IN_PLACE)]
    used = [p.func.__name__ for p in postorder(after) if isinstance(p, Elementary)]
    return ", ".join(words or known or used[:1] or [rules[-1].name])


def why_of(words: str, rules: Sequence[Rule]) -> str:
    """The reasons of the rules that are named like what came out, else of all."""
    named = [rule for rule in rules if words in (rule.name, rule.words)]
    return "; ".join(dict.fromkeys(rule.why for rule in named or rules))


__all__ = ["RULES", "SERIES", "Rule", "why_of", "words_of"]
