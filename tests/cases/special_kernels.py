"""What each kernel of special functions means, in mpmath, and where its digits are tried."""

import itertools
import math
from functools import cache

import mpmath as mp
import numpy as np
from flint import arb, ctx

TOLERANCE = 4.0  # ULP
OVER_CONDITION = 2.0  # or so many units of what rounding the operands alone causes
UNIT = 2.0**-52


def exprel(z):
    return mp.expm1(z) / z if z else mp.mpf(1)


def exprel_slope(z):
    return (mp.exp(z) * (z - 1) + 1) / z**2 if z else mp.mpf(1) / 2


def langevin(z):
    return mp.coth(z) - 1 / z if z else mp.mpf(0)


def acosc(w):
    return mp.acos(w) / mp.sqrt(1 - w * w) if w != 1 else mp.mpf(1)


def boxcox(x, k):
    return (x**k - 1) / k if k else mp.log(x)


def boxcox_slope(x, k):
    if x == 0:
        return 1 / k**2
    log = mp.log(x)
    return (x**k * (k * log - 1) + 1) / k**2 if k else log**2 / 2


def divided(a, b):
    return (mp.exp(a) - mp.exp(b)) / (a - b) if a != b else mp.exp(a)


def divided_slope(a, b):
    return (mp.exp(a) - divided(a, b)) / (a - b) if a != b else mp.exp(a) / 2


def erf_slope(u):
    return 2 / mp.sqrt(mp.pi) * mp.exp(-u * u)


def erfdivdiff(a, b):
    if a < 0 and b < 0:
        a, b = -a, -b
    with mp.extraprec(200):
        return (mp.erfc(b) - mp.erfc(a)) / (a - b) if a != b else erf_slope(a)


def erfdivdiff2(a, b):
    if a < 0 and b < 0:
        return -erfdivdiff2(-a, -b)
    with mp.extraprec(200):
        return (erf_slope(a) - erfdivdiff(a, b)) / (a - b) if a != b else -a * erf_slope(a)


def bound(a, b, k):
    with mp.extraprec(4000):
        total = a + b + k
        return (total - mp.sqrt(total**2 - 4 * a * b)) / 2


def boundshare(a, b, k):
    with mp.extraprec(4000):
        return bound(a, b, k) / a if a else b / (b + k)


def logwsumexp(*operands):
    pairs = zip(operands[::2], operands[1::2], strict=True)
    return mp.log(mp.fsum(w * mp.exp(u) for w, u in pairs))


def xlogy(x, y):
    return x * mp.log(y) if x else mp.mpf(0)


def powshare(x, k, n):
    """1/(1 + (k/x)ⁿ), also where x is 0 and n > 0."""
    return 1 / (1 + (k / x) ** n) if x else mp.mpf(0)


def powshare_slope(x, k, n):
    return n * powshare(x, k, n) * powshare(k, x, n) / x


def quadroot(a, b, c):
    return (mp.sqrt(b * b - 4 * a * c) - b) / (2 * a) if a else -c / b


def bateman(k, m, t):
    return k * t * divided(-k * t, -m * t)


def bateman_slope(k, m, t):
    if k == m:
        return t * mp.exp(-k * t) * (1 - k * t / 2)
    return (k * t * mp.exp(-k * t) - m * t * divided(-k * t, -m * t)) / (k - m)


def pow1prel(r, n):
    return ((1 + r) ** n - 1) / r if r else n


def pow1prel_slope(r, n):
    return (n * (1 + r) ** (n - 1) - pow1prel(r, n)) / r if r else n * (n - 1) / 2


H = {
    "log1p": lambda z: mp.log(1 + z),
    "expm1": mp.expm1,
    "sin": mp.sin,
    "sinh": mp.sinh,
    "tan": mp.tan,
    "tanh": mp.tanh,
    "asin": mp.asin,
    "asinh": mp.asinh,
    "atan": mp.atan,
    "atanh": mp.atanh,
}
"""Functions that are z + … at 0."""

H_PRIME = {
    "log1p": lambda z: 1 / (1 + z),
    "tan": lambda z: 1 + mp.tan(z) ** 2,
    "asin": lambda z: 1 / mp.sqrt(1 - z * z),
    "asinh": lambda z: 1 / mp.sqrt(1 + z * z),
    "atan": lambda z: 1 / (1 + z * z),
    "atanh": lambda z: 1 / (1 - z * z),
}


def less(name):
    def of(x):
        with mp.extraprec(max(0, -3 * mp.mag(x)) if x else 0):
            return H[name](x) - x

    return of


def over(name):
    def of(x):
        with mp.extraprec(max(0, -mp.mag(x)) if x else 0):
            return H[name](x) / x if x else mp.mpf(1)

    return of


def over_slope(name):
    at_zero = mp.mpf(-0.5 if name == "log1p" else 0)

    def of(x):
        with mp.extraprec(max(0, -3 * mp.mag(x)) if x else 0):
            return (H_PRIME[name](x) - H[name](x) / x) / x if x else at_zero

    return of


QUOTIENTS = {name: "log1prel" if name == "log1p" else f"{name}c" for name in H_PRIME}


def erfcinv(q):
    """By Halley's method; mpmath has the inverse of erf alone."""
    if q > 0.3:
        return mp.erfinv(1 - q)
    y = mp.sqrt(-mp.log(q * mp.sqrt(-mp.pi * mp.log(q))))
    for _ in range(100):
        step = (mp.erfc(y) - q) * mp.sqrt(mp.pi) / 2 * mp.exp(y * y)
        y += step / (1 - y * step)
        if abs(step) <= y * mp.mpf(2) ** (12 - mp.mp.prec):
            return y
    raise ArithmeticError(q)


def log_abs_gamma(x):
    return mp.loggamma(x) if x > 0 else mp.log(abs(mp.gamma(x)))


def digits_for(*operands):
    """Digits for differences of values at these operands, of any size."""
    sizes = [mp.mag(x) for x in operands if x]
    return mp.extraprec(20 + max(0, *sizes) + max(sizes) - max(min(sizes), -80))


def loggamma_rise(x, k):
    with digits_for(x, k):
        return log_abs_gamma(x + k) - log_abs_gamma(x)


def digits_beside_stirling(x):
    """Digits for what is left of large terms at a number of any size."""
    return mp.extraprec(40 + 4 * abs(mp.mag(x)))


def stirlerr(x):
    with digits_beside_stirling(x):
        return mp.loggamma(x) - (x - mp.mpf(1) / 2) * mp.log(x) + x - mp.log(2 * mp.pi) / 2


def stirlerr_slope(x):
    with digits_beside_stirling(x):
        return mp.psi(0, x) - mp.log(x) + 1 / (2 * x)


def digammamlog(x):
    with digits_beside_stirling(x):
        return mp.psi(0, x) - mp.log(x)


def digammamlog_slope(x):
    with digits_beside_stirling(x):
        return mp.psi(1, x) - 1 / x


def log_wallis(x):
    with digits_beside_stirling(x):
        return mp.loggamma(x + mp.mpf(1) / 2) - mp.loggamma(x) - mp.log(x) / 2


def log_wallis_slope(x):
    with digits_beside_stirling(x):
        return mp.psi(0, x + mp.mpf(1) / 2) - mp.psi(0, x) - 1 / (2 * x)


def digamma_rise(x, k):
    with digits_for(x, k):
        return mp.psi(0, x + k) - mp.psi(0, x)


def trigamma_rise(x, k):
    with digits_for(x, k):
        return mp.psi(1, x + k) - mp.psi(1, x)


def betaln(a, b):
    with digits_for(a, b):
        return log_abs_gamma(a) + log_abs_gamma(b) - log_abs_gamma(a + b)


def binomial(n, k):
    with digits_for(n, k):
        return mp.gamma(n + 1) * mp.rgamma(k + 1) * mp.rgamma(n - k + 1)


def by_flint(function):
    """A function of balls for numbers of mpmath, whose own takes minutes near whole orders."""

    def of(*at):
        precision = 4 * mp.mp.prec
        balls = [arb((int(x.man) * (-1 if x < 0 else 1), int(x.exp))) for x in at]
        while True:
            with ctx.workprec(precision):
                value = function(*balls)
            if value.rel_accuracy_bits() > mp.mp.prec:
                mantissa, exponent = value.mid().man_exp()
                return mp.ldexp(mp.mpf(int(mantissa)), int(exponent))
            precision *= 2
            assert precision < 2**16, at

    return of


MEANING = {
    "exprel": exprel,
    "exprel_slope": exprel_slope,
    "inv_exprel": lambda z: 1 / exprel(z),
    "inv_exprel_slope": lambda z: -exprel_slope(z) / exprel(z) ** 2,
    "inv_expm1": lambda z: 1 / mp.expm1(z),
    "inv_add_exp": lambda a, b, u: 1 / (a + b * mp.exp(u)),
    "expshare": lambda a, b, u: a / (a + b * mp.exp(u)),
    "expdiff": lambda a, b: mp.exp(a) - mp.exp(b),
    "expm1over": lambda k, u: mp.expm1(k * u) / k if k else u,
    "overexpm1": lambda x, r: x / mp.expm1(r * x) if x else 1 / r,
    "overexpm1_slope": lambda x, r: -exprel_slope(r * x) / exprel(r * x) ** 2,
    "expdivdiff": lambda a, b, t: t * divided(a * t, b * t),
    "expdivdiff2": divided_slope,
    "expexp": lambda a, b, u: mp.exp(a + b * mp.exp(u)),
    "expm1exp": lambda b, u: mp.expm1(b * mp.exp(u)),
    "logwsumexp": logwsumexp,
    "powm1": lambda x, k: x**k - 1,
    "pow1p": lambda x, k: (1 + x) ** k,
    "pow1pm1": lambda x, k: (1 + x) ** k - 1,
    "boxcox": boxcox,
    "boxcox_slope": boxcox_slope,
    "log_sinhc": lambda z: mp.log(mp.sinh(z) / z) if z else mp.mpf(0),
    "langevin": langevin,
    "langevin_slope": lambda z: 1 / z**2 - 1 / mp.sinh(z) ** 2 if z else mp.mpf(1) / 3,
    "tanhc": lambda z: mp.tanh(z) / z if z else mp.mpf(1),
    "tanhc_slope": lambda z: (mp.sech(z) ** 2 - mp.tanh(z) / z) / z if z else mp.mpf(0),
    "acosc": acosc,
    "acosc_slope": lambda w: (w * acosc(w) - 1) / (1 - w * w) if w != 1 else mp.mpf(-1) / 3,
    "hypotsub": lambda a, c: mp.sqrt(a * a + c * c) - a,
    "sqrtsub": lambda b, d: mp.sqrt(b * b + d) - b,
    "erfcx": lambda z: mp.exp(z * z) * mp.erfc(z),
    "erfcx_slope": lambda z: 2 * z * mp.exp(z * z) * mp.erfc(z) - 2 / mp.sqrt(mp.pi),
    "log_erfc": lambda z: mp.log(mp.erfc(z)),
    "log_ndtr": lambda z: mp.log(mp.erfc(-z / mp.sqrt(2)) / 2),
    "xlogx": lambda z: xlogy(z, z),
    "xlogx1p": lambda z: xlogy(1 + z, 1 + z),
    "powlog": lambda x, k: x**k * mp.log(x) if x else mp.mpf(0),
    "weighed": lambda w, u: w * u,
    "xlogy": xlogy,
    "xlog1py": lambda x, y: xlogy(x, 1 + y),
    "rel_entr": lambda x, y: x * mp.log(x / y) if x else mp.mpf(0),
    "kl_div": lambda x, y: xlogy(x, x / y) - x + y,
    "log_ratio": lambda a, b: mp.log(a / b),
    "logit": lambda p: mp.log(p / (1 - p)),
    "sigmadiff": lambda a, b: 1 / (1 + mp.exp(-a)) - 1 / (1 + mp.exp(-b)),
    "erfdiff": lambda a, b: mp.erf(a) - mp.erf(b),
    "erfdivdiff": erfdivdiff,
    "erfdivdiff2": erfdivdiff2,
    "invdiff": lambda a, b: 1 / a - 1 / b,
    "bound": bound,
    "boundshare": boundshare,
    "unbound": lambda a, b, k: a - bound(a, b, k),
    "unboundshare": lambda a, b, k: 1 - boundshare(a, b, k),
    "pow_rise": lambda x, h, k: (x + h) ** k - x**k,
    "softplusdiff": lambda a, b: mp.log1p(mp.exp(a)) - mp.log1p(mp.exp(b)),
    "atandiff": lambda a, b: mp.atan(a) - mp.atan(b),
    "softsign": lambda x, c: x / (c + abs(x)),
    "hypotshare": lambda x, y: x / mp.sqrt(x * x + y * y),
    "sumshare": lambda a, b: a / (a + b),
    "diffshare": lambda a, b: (a - b) / (a + b),
    "powshare": powshare,
    "powshare_slope": powshare_slope,
    "pow1prel": pow1prel,
    "pow1prel_slope": pow1prel_slope,
    "inv_expm1sub": lambda z: 1 / mp.expm1(z) - 1 / z if z else mp.mpf(-0.5),
    "quadroot": quadroot,
    "bateman": bateman,
    "bateman_slope": bateman_slope,
    "erfinv": mp.erfinv,
    "erfcinv": erfcinv,
    "ndtri": lambda p: -mp.sqrt(2) * erfcinv(2 * p),
    "lambertw": lambda x: mp.lambertw(x),
    "lambertwm1": lambda x: mp.lambertw(x, -1).real,
    "gamma": mp.gamma,
    "loggamma": log_abs_gamma,
    "digamma": lambda x: mp.psi(0, x),
    "trigamma": lambda x: mp.psi(1, x),
    "polygamma": lambda n, x: mp.psi(int(n), x),
    "beta": lambda a, b: mp.gamma(a) * mp.gamma(b) * mp.rgamma(a + b),
    "betaln": betaln,
    "factorial": lambda x: mp.gamma(x + 1),
    "binomial": binomial,
    "besselj": by_flint(lambda n, x: x.bessel_j(n)),
    "bessely": by_flint(lambda n, x: x.bessel_y(n)),
    "besseli": by_flint(lambda n, x: x.bessel_i(n)),
    "besselk": by_flint(lambda n, x: x.bessel_k(n)),
    "gammainc": by_flint(lambda a, x: x.gamma_lower(a, 1)),
    "gamma_pdf": lambda a, x: x ** (a - 1) * mp.exp(-x) / mp.gamma(a),
    "gammaincc": by_flint(lambda a, x: x.gamma_upper(a, 1)),
    "betainc": by_flint(lambda a, b, x: x.beta_lower(a, b, 1)),
    "beta_pdf": lambda a, b, x: x ** (a - 1) * (1 - x) ** (b - 1) / mp.beta(a, b),
    "stirlerr": stirlerr,
    "stirlerr_slope": stirlerr_slope,
    "digammamlog": digammamlog,
    "digammamlog_slope": digammamlog_slope,
    "log_wallis": log_wallis,
    "log_wallis_slope": log_wallis_slope,
    "loggamma_rise": loggamma_rise,
    "digamma_rise": digamma_rise,
    "trigamma_rise": trigamma_rise,
    **{f"{name}mx": less(name) for name in H},
    **{called: over(name) for name, called in QUOTIENTS.items()},
    **{f"{called}_slope": over_slope(name) for name, called in QUOTIENTS.items()},
}
"""Kernel → its textbook definition."""

TO_THE_CONDITION = {
    "inv_add_exp",
    "expshare",
    "expdiff",
    "expexp",
    "expm1exp",
    "logwsumexp",
    "powm1",
    "pow1p",
    "pow1pm1",
    "boxcox",
    "boxcox_slope",
    "expdivdiff",
    "softplusdiff",
    "atandiff",
    "expdivdiff2",
    "expm1over",
    "overexpm1",
    "overexpm1_slope",
    "exprel",
    "exprel_slope",
    "inv_expm1",
    "inv_exprel",
    "inv_exprel_slope",
    "powlog",
    "kl_div",
    "erfdiff",
    "erfdivdiff",
    "erfdivdiff2",
    "pow1prel",
    "pow1prel_slope",
    "pow_rise",
    "bound",
    "boundshare",
    "unbound",
    "unboundshare",
    "powshare",
    "powshare_slope",
    "quadroot",
    "bateman",
    "bateman_slope",
    "lambertw",
    "lambertwm1",
    "gamma",
    "polygamma",
    "beta",
    "betaln",
    "factorial",
    "binomial",
    "loggamma_rise",
    "digamma_rise",
    "trigamma_rise",
    "stirlerr",
    "stirlerr_slope",
    "besselj",
    "bessely",
    "besseli",
    "besselk",
    "gammainc",
    "gamma_pdf",
    "gammaincc",
    "betainc",
    "beta_pdf",
    *(f"{name}mx" for name in H),
    *(f"{called}_slope" for called in QUOTIENTS.values()),
}
"""Those that are exponentials for large operands, as good as rounding of these allows."""

NEAR = (1e-300, 1e-20, 1e-9, 1e-5, 0.01, 0.3, 0.5, 0.7, 1.0, 1.3, 1.5, 1.9, 2.0, 2.1, 2.9, 3.0)
FAR = (3.3, 5.0, 9.0, 17.0, 27.9, 28.1, 40.0, 90.0, 300.0, 650.0)
BEYOND = (720.0, 1e3, 1e5, 1e10, 1e30)
SIGNED = (0.0, *NEAR, *FAR, *BEYOND, *(-z for z in (*NEAR, *FAR, *BEYOND)))
EXPONENTS = (0.0, 1e-9, 0.5, 3.0, 40.0, 690.0, -1e-9, -0.5, -3.0, -40.0, -690.0, -2e3)
WEIGHTS = (0.3, 2.0, 1e-5)
BASES = (1e-10, 0.2, 0.9999, 1.0, 1.00001, 2.5, 50.0, 1e10)
SIZES = (1e-300, 1e-20, 1e-3, 0.3, 0.99999, 1.0, 1.00001, 3.0, 1e5, 1e200)
PLACES = (0.0, 1e-9, 0.3, 0.49, 0.51, 0.7, 2.0, 2.0000001, 5.0, 9.0, 10.0, 25.0)
PROBABILITIES = (1e-300, 1e-9, 0.1, 0.26, 0.4999999, 0.5, 0.500001, 0.7, 0.8, 0.999999)
POWERS = (1e-12, 1e-5, 0.3, 1.0, 3.0, 17.0, -1e-12, -0.5, -4.0)


ABOVE = (1e-300, 1e-20, 1e-5, 0.3, 0.5, 0.9999999, 1.00001, 1.4616321, 1.4616321449683622, 1.7, 2.0)
ABOVE = (*ABOVE, 2.0000001, 2.7, 3.3, 3.9999, 4.0001, 4.9, 5.1, 7.9, 8.1, 13.0, 19.5, 90.0, 171.5)
UP_TO_SUBNORMALS = (
    "gamma",
    "factorial",
    "gammainc",
    "gammaincc",
    "gamma_pdf",
    "beta_pdf",
    "betainc",
)
FAR_BELOW = (-159.5, -160.5, -168.25, -170.5, -171.3, -172.5, -174.46, -175.5, -177.0 + 2.0**-15)
BETWEEN = (-1e-20, -0.3, -0.7, -0.9999, -1.5, -3.7, -10.3, -33.25)
"""Of the gamma function: above 0, on both sides of its zeros and of where kernels change their
way; and between its poles.
"""


INSIDE = (0.24, 0.26, 0.89, 0.91, 0.95, 0.999, 1.19, 1.21, 1.39, 1.41, 1.49, 1.51, 2.49, 2.51)
INSIDE = (*INSIDE, *(-z for z in INSIDE), -0.59, -0.61, -0.49, -0.51)
"""On both sides of where a kernel changes its way."""


def is_defined(name, z):
    """Whether the function is defined at z, and finite; a tangent far out depends on all digits."""
    if name.startswith("log1p"):
        return z > -1
    if name.startswith("tan"):
        return abs(z) < 1.57
    return abs(z) < 1 or name.startswith(("asinh", "atanmx", "atanc"))


NOT_ZERO = {
    **dict.fromkeys(("erfcinv", "ndtri", "lambertwm1"), (0,)),
    **dict.fromkeys(("gamma", "loggamma", "digamma", "trigamma"), (0,)),
    **dict.fromkeys(("loggamma_rise", "digamma_rise", "trigamma_rise"), (0,)),
    **{
        f"{name}{of}": (0,)
        for name in ("stirlerr", "digammamlog", "log_wallis")
        for of in ("", "_slope")
    },
    **dict.fromkeys(("beta", "betaln"), (0, 1)),
    **dict.fromkeys(("polygamma", "bessely", "besselk"), (1,)),
    "gamma_pdf": (1,),
    "beta_pdf": (2,),
    "inv_expm1": (0,),
    "logit": (0,),
    "xlogy": (1,),
    "rel_entr": (1,),
    "log_ratio": (0, 1),
    "invdiff": (0, 1),
    "sumshare": (1,),
    "diffshare": (1,),
    "softsign": (1,),
    "hypotshare": (1,),
    "powshare": (0, 1),
    "powshare_slope": (0, 1),
}
"""Operands that must not round to 0."""


def operands_of(name):
    """The operands at which a kernel is tried, one list an operand."""
    if name in ("inv_add_exp", "expshare", "expexp", "expm1exp"):
        constants = (-2.0, -0.3, 0.7, 1e-5)
        firsts = {
            "inv_add_exp": constants,
            "expshare": constants,
            "expexp": (-1.0, 0.0, 3.0),
            "expm1exp": (),
        }[name]
        lists = [c for c in (firsts, constants, EXPONENTS) if c]
    elif name == "expdivdiff":
        lists = [(-1.0, 0.5, -1 + 2.0**-40), (-1.0, 0.5, -3.0, 1e-9), (1e-9, 2.0, 300.0, -3.0)]
    elif name in ("expm1over", "overexpm1", "overexpm1_slope"):
        lists = [(1e-12, -0.3, 2.0, -40.0, 0.0), (0.5, 1e-9, -3.0, 300.0)]
    elif name in ("expdiff", "expdivdiff2"):
        lists = [EXPONENTS, (*EXPONENTS, 3.0000001, 41.0)]
    elif name == "logwsumexp":
        lists = [(*WEIGHTS, 1.0), EXPONENTS, (*WEIGHTS, 0.7, 2e-8), (-800.0, -1.0, -0.3, 2.0)]
    elif name in ("powm1", "boxcox", "boxcox_slope"):
        lists = [BASES, (*POWERS, *([0.0] if name != "powm1" else []))]
    elif name in ("pow1p", "pow1pm1"):
        lists = [(1e-20, -1e-9, 1e-9, 0.03, -0.4, 0.6, -0.9, 5.0, 1e10), POWERS]
    elif name in ("bound", "unbound", "boundshare", "unboundshare"):
        amounts = (1e-150, 1e-9, 0.3, 1.0, 1.0000001, 40.0, 1e9)
        lists = [amounts, amounts, (1e-12, 1e-3, 1.0, 1e6)]
    elif name == "pow_rise":
        steps = (1e-20, -1e-9, 1e-4, 0.3, 5.0, 1e10)
        lists = [(2e-9, 0.7, 1.0, 1e5), steps, (-1.0, -3.0, 2.5, 3.0, -0.5, 1e-9, -1e-6)]
    elif name == "sqrtsub":
        lists = [(1e-9, 1.0, 1e8, 1e17, -1e-9, -1.0, -1e8), (1e-30, 1e-5, 2.0, 1e10)]
    elif name == "hypotsub":
        lists = [SIGNED, (1e-9, 1.0, -3.0, 1e5)]
    elif name == "kl_div":
        close = (1e-3, 0.3, 1.0, 1.00001, 1.0000000001, 2.9, 3.1, 1e5)
        lists = [(0.0, *close), close]
    elif name in ("xlogy", "xlog1py", "rel_entr", "log_ratio", "invdiff"):
        lists = [(*SIZES, *([] if name in ("log_ratio", "invdiff") else [0.0])), SIZES]
    elif name == "weighed":
        lists = [(0.0, *SIZES), SIGNED]
    elif name == "powlog":
        lists = [(0.0, *SIZES[1:-1]), (0.5, 2.0, 3.0, 1.25)]
    elif name == "xlogx":
        lists = [(0.0, *SIZES)]
    elif name == "xlogx1p":
        lists = [(-1.0, -1 + 2.0**-50, -0.7, -1e-9, 0.0, *SIZES)]
    elif name == "logit":
        lists = [PROBABILITIES]
    elif name in ("softplusdiff", "atandiff"):
        far = (*PLACES, 0.5000001, 2.9, 3.1, 40.0, 1e8, 2e8)
        lists = [(*far, *(-x for x in far)), (*far, *(-x for x in far))]
    elif name in ("softsign", "hypotshare"):
        lists = [SIGNED, SIZES]
    elif name == "sigmadiff":
        far = (40.0, 41.0, 690.0, 800.0)
        both = (*PLACES, *far, *(-x for x in (*PLACES, *far)))
        lists = [both, both]
    elif name.startswith("erfdiv"):
        both = (*PLACES[1:], -0.5, -9.0, 0.3000001, 2.3)
        lists = [both, both]
    elif name == "erfdiff":
        lists = [(*PLACES, *(-x for x in PLACES)), (*PLACES, *(-x for x in PLACES))]
    elif name.startswith("pow1prel"):
        rates = (0.0, 1e-20, -1e-9, 1e-9, 0.03, -0.4, 0.49, 0.6, -0.9, 5.0, 1e5)
        lists = [rates, (1.0, *POWERS[1:], 30.0)]
    elif name in ("sumshare", "diffshare"):
        lists = [(0.0, *SIZES), SIZES]
    elif name.startswith("powshare"):
        doses = (1e-150, 1e-9, 0.3, 2.0, 2.0000001, 1e5, 1e150)
        lists = [doses, doses, (0.5, 1.0, 2.0, 3.7, 40.0, -1.5)]
    elif name == "erfinv":
        lists = [(0.0, 1e-300, 1e-9, 0.3, 0.5, 0.50001, 0.7, 0.99, 1 - 2.0**-22, -1e-9, -0.3, -0.9)]
    elif name in ("erfcinv", "ndtri"):
        both = (1e-300, 1e-40, 1e-21, 1e-9, 2e-3, 0.1, 0.26, 0.49, 0.51, 0.7, 0.9999)
        lists = [(*both, *((1.2, 1.9, 2 - 2.0**-20) if name == "erfcinv" else ()))]
    elif name == "lambertw":
        lists = [(-0.3678794, -0.367, -0.3, -0.24, -1e-9, 0.0, 1e-300, 0.29, 0.31, 3.0, 1e5, 1e300)]
    elif name == "lambertwm1":
        lists = [(-0.3678794, -0.367, -0.3, -0.26, -0.24, -0.1, -1e-5, -1e-30, -1e-300)]
    elif name in ("gamma", "loggamma", "digamma", "trigamma", "factorial"):
        lists = [(*ABOVE, 1e5, 1e10, 1e200, *BETWEEN, *FAR_BELOW)]
    elif name.startswith(("stirlerr", "digammamlog", "log_wallis")):
        lists = [(*ABOVE, 1e5, 1e10, 1e100)]
    elif name == "polygamma":
        lists = [(2.0, 3.0, 7.0), (*ABOVE[1:], 1e5, *BETWEEN[1:])]
    elif name in ("beta", "betaln"):
        lists = [(*ABOVE[1::2], 1e5), (*ABOVE[::3], 20.0, 1e5, 1e10)]
    elif name == "binomial":
        lists = [(0.3, 1.0, 7.5, 40.0, 1029.0, 1e6), (0.0, 1e-9, 0.25, 1.0, 3.0, 20.5)]
    elif name.endswith("gamma_rise"):
        lists = [(*ABOVE[::2], 1e5, 1e10, 1e17), (1e-9, 0.3, 1.0, 5.0, 33.0, 1e7, -1e-9)]
    elif name.startswith("bessel"):
        lists = [(0.0, 1.0, 7.0, 50.0, 0.5, 10.5), (1e-9, 0.99, 2.4, 11.0, 51.9, 52.1, 90.0)]
    elif name in ("gammainc", "gammaincc", "gamma_pdf"):
        far = (1e-310, 1e-120, 703.5, 742.3, 744.6, 747.0)
        places = (1e-9, 0.3, 1.01, 2.4, 11.0, 85.0, 490.0, 550.0, *far)
        lists = [(1e-9, 0.3, 1.0, 2.5, 3.0, 19.5, 90.0, 500.0), places]
    elif name in ("betainc", "beta_pdf"):
        shapes = (0.25, 1.0, 2.5, 40.0)
        places = (1e-310, 1e-120, 1e-9, 0.01, 0.49, 0.51, 0.8, 0.99, 0.9999)
        lists = [(*shapes, 900.0), (*shapes, 1e-9), places]
    elif name == "quadroot":
        lists = [(0.0, 1e-9, 1.0, 3.0), (1e8, 1.0, 0.3), (-2.0, 1e-9, 1e-3)]
    elif name.startswith("bateman"):
        rates = (1e-6, 0.3, 0.5, 0.50000001, 0.7, 2.0)
        lists = [rates, (*rates, 1.1), (1e-9, 0.7, 3.0, 40.0)]
    elif name.startswith(("log1p", "tan", "asin", "atan")) and not name.startswith("tanh"):
        lists = [[z for z in (*SIGNED, *INSIDE) if is_defined(name, z)]]
    elif name.startswith("acosc"):
        near = [1 - d for d in (0.0, 1e-15, 1e-9, 1e-4, 0.1, 0.4999, 0.5, 0.5001)]
        lists = [(*near, 0.3, 1e-9, 0.0, -0.2, -0.7, -0.999, -1 + 1e-9)]
    else:
        inside = (z for z in SIGNED if abs(z) < 27 or z > 0 or not name.startswith("erfcx"))
        lists = [list(inside)]
    rows = list(itertools.product(*lists))
    return [np.array(column) for column in zip(*rows, strict=True)]


@cache
def true_value(name, operands):
    """Value and condition number at one point, at a precision that is doubled until it suffices."""
    found = None
    precision = 256
    while True:
        with mp.workprec(precision):
            at = [mp.mpf(float(o)) for o in operands]
            value = MEANING[name](*at)
            if found is not None and abs(value - found) <= abs(value) * mp.mpf(2) ** -80:
                return value, _condition(name, at, value)
            found, precision = value, 2 * precision
            assert precision < 2**15, (name, operands)


def _condition(name, at, value):
    if name not in TO_THE_CONDITION or value == 0:
        return mp.mpf(0)
    total = mp.mpf(0)
    for place, x in enumerate(at):
        step = abs(x) * mp.mpf(2) ** -90
        if step:
            moved = [*at[:place], x + step, *at[place + 1 :]]
            total += abs((MEANING[name](*moved) - value) / step * x)
    return total / abs(value)


def worst(name, call, dtype=np.float64):
    """The largest error in ULP, where no condition excuses it, and the point."""
    info = np.finfo(dtype)
    with np.errstate(over="ignore"):
        rows = [o.astype(dtype) for o in operands_of(name)]
    inside = np.all(np.isfinite(rows), axis=0)
    for place in NOT_ZERO.get(name, ()):
        inside &= rows[place] != 0
    if name.startswith("acosc"):
        inside &= rows[0] > -1
    operands = [o[inside] for o in rows]
    found = (0.0, "nowhere")
    got = call(*operands)
    least = float(np.spacing(dtype(0)) if name in UP_TO_SUBNORMALS else info.tiny)
    for row in zip(*(o.tolist() for o in operands), got.tolist(), strict=True):
        *at, value = row
        exact, condition = true_value(name, tuple(at))
        if not isinstance(exact, mp.mpf) or not least <= abs(exact) <= float(info.max):
            continue
        error = abs(mp.mpf(value) - exact) if math.isfinite(value) else mp.inf
        spacing = np.spacing(dtype(abs(float(exact))))
        ulp = float(error / mp.mpf(float(spacing)))
        if ulp > TOLERANCE and error <= OVER_CONDITION * float(info.eps) * abs(exact) * (
            1 + condition
        ):
            continue
        found = max(found, (ulp, f"{name}{tuple(at)} = {value!r}, not {mp.nstr(exact, 20)}"))
    return found
