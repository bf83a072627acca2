"""A row of cases for each elementwise operation: all tests of operations read it.

A row has a circuit whose operands are inside the domain at some of any random numbers, points
inside the domain and on both sides of every kink, and the textbook definition in mpmath, which
shares nothing with symback's own evaluation. Where the operation or its slope has a kernel, the row
also says what the kernel computes, for the test of its digits.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mpmath as mp
from flint import arb

from tests.cases import special_kernels as kernels


@dataclass(frozen=True)
class Digits:
    """A function of one number in balls, and the floats that it tends to on both sides."""

    value: Callable[[arb], arb]
    low: Callable[[float], float] | None = None  # for z → -∞
    high: Callable[[float], float] | None = None  # for z → ∞


@dataclass(frozen=True)
class Case:
    circuit: str
    points: list[tuple[float, ...]]
    meaning: Callable[..., Any]
    digits: Digits | None = None
    slope: Digits | None = None


def _zero(z: float) -> float:
    return 0.0


def _one(z: float) -> float:
    return 1.0


def _itself(z: float) -> float:
    return z


def _sigma(z: arb) -> arb:
    return 1 / (1 + (-z).exp())


def _normal(z: arb) -> arb:
    return (-z / arb(2).sqrt()).erfc() / 2


def _density(z: arb) -> arb:
    return (-z * z / 2).exp() / (2 * arb.pi()).sqrt()


CASES = {
    "exp": Case("f = exp(w*x + b)", [(-30,), (-1.5,), (0,), (0.25,), (40,)], mp.exp),
    "log": Case("f = log(w*x)", [(1e-12,), (0.5,), (1,), (3,), (1e12,)], mp.log),
    "log1p": Case(
        "f = log1p(w*x)", [(-0.999,), (-1e-9,), (0,), (1e-9,), (7,)], lambda u: mp.log(1 + u)
    ),
    "expm1": Case(
        "f = expm1(w*x)", [(-20,), (-1e-9,), (0,), (1e-9,), (7,)], lambda u: mp.exp(u) - 1
    ),
    "log10": Case("f = log10(w*x)", [(1e-12,), (0.5,), (3,), (1000,)], mp.log10),
    "log2": Case("f = log2(w*x)", [(1e-12,), (0.5,), (3,), (1024,)], lambda u: mp.log(u, 2)),
    "cbrt": Case(
        "f = w2*cbrt(w*x + b)",
        [(-27,), (-1e-9,), (1e-9,), (2,), (1e10,)],
        lambda u: mp.sign(u) * mp.root(abs(u), 3),
    ),
    "sqrt": Case("f = sqrt(w*x + b)", [(1e-10,), (0.25,), (2,), (1e10,)], mp.sqrt),
    "sin": Case("f = sin(w*x + b)", [(-3,), (0,), (1e-8,), (1.5,), (100,)], mp.sin),
    "cos": Case("f = cos(w*x + b)", [(-3,), (0,), (1e-8,), (1.5,), (100,)], mp.cos),
    "tan": Case("f = tan(w*x)", [(-1.5,), (0,), (1,), (2,)], mp.tan),
    "asin": Case("f = asin(w*x)", [(-0.999,), (-0.1,), (0,), (0.5,), (0.999,)], mp.asin),
    "acos": Case("f = acos(w*x)", [(-0.999,), (-0.1,), (0,), (0.5,), (0.999,)], mp.acos),
    "atan": Case("f = atan(w*x + b)", [(-100,), (-0.5,), (0,), (2,)], mp.atan),
    "atan2": Case(
        "f = atan2(w*y1, b*x)",
        [(1, 2), (1, -2), (-1, 2), (-1, -2), (0, 3), (2, 0), (1e-9, 1e3)],
        mp.atan2,
    ),
    "sinh": Case("f = sinh(w*x)", [(-5,), (0,), (1e-8,), (6,)], mp.sinh),
    "cosh": Case("f = cosh(w*x)", [(-5,), (0,), (1e-8,), (6,)], mp.cosh),
    "tanh": Case(
        "f = w2*tanh(w*x + b)",
        [(-30,), (-0.5,), (0,), (1,), (30,)],
        mp.tanh,
        digits=Digits(arb.tanh, lambda z: -1.0, _one),
        slope=Digits(lambda z: 4 * _sigma(2 * z) * _sigma(-2 * z), _zero, _zero),
    ),
    "asinh": Case("f = asinh(w*x)", [(-50,), (0,), (1e-8,), (2,)], mp.asinh),
    "acosh": Case("f = acosh(w*x)", [(1.001,), (2,), (100,)], mp.acosh),
    "atanh": Case("f = atanh(w*x)", [(-0.999,), (0,), (0.5,), (0.999,)], mp.atanh),
    "abs": Case("f = w2*abs(w*x + b)", [(-2,), (-1e-12,), (1e-12,), (3,)], abs),
    "sign": Case("f = w*sign(x)*x**2", [(-2,), (-1e-12,), (1e-12,), (3,)], mp.sign),
    "floor": Case("f = w*x - floor(x/2)", [(-2.5,), (-1e-3,), (0.25,), (7.75,)], mp.floor),
    "ceil": Case("f = w*x - ceil(x/2)", [(-2.5,), (-1e-3,), (0.25,), (7.75,)], mp.ceil),
    "round": Case("f = w*x - round(x/2)", [(-2.75,), (-0.25,), (0.25,), (7.75,)], mp.nint),
    "mod": Case(
        "f = w*mod(x1, x2)",
        [(7.5, 2), (-7.5, 2), (7.5, -2), (-7.5, -2), (0.3, 5), (-0.3, 5)],
        lambda a, b: a - b * mp.floor(a / b),
    ),
    "min": Case("f = min(w1*x1, w2*x2, b)", [(1, 2), (2, 1), (-1, 1), (1, 1 + 1e-12)], min),
    "max": Case("f = max(w1*x1, w2*x2, b)", [(1, 2), (2, 1), (-1, 1), (1, 1 + 1e-12)], max),
    "hypot": Case(
        "f = hypot(w1*x1, w2*x2)",
        [(3, 4), (-3, 4), (1e-9, 1), (0, 2), (2, 0)],
        lambda a, b: mp.sqrt(a * a + b * b),
    ),
    "erf": Case(
        "f = erf(w*x)",
        [(-3,), (-0.1,), (0,), (0.5,), (4,)],
        mp.erf,
        digits=Digits(arb.erf, lambda z: -1.0, _one),
    ),
    "erfc": Case(
        "f = w2*erfc(w*x + b)",
        [(-3,), (-0.1,), (0,), (0.5,), (4,)],
        mp.erfc,
        digits=Digits(arb.erfc, lambda z: 2.0, _zero),
    ),
    "sinc": Case("f = w2*sinc(w*x + b)", [(-7,), (-1e-8,), (1e-9,), (0.5,), (2,), (40,)], mp.sinc),
    "log1psq": Case(
        "f = w2*log1psq(w*x + b)",
        [(-1e9,), (-0.5,), (0,), (1e-9,), (3,)],
        lambda u: mp.log(1 + u * u),
    ),
    "log1mexp": Case(
        "f = w2*log1mexp(-w**2 - x**2)",
        [(-40,), (-1,), (-0.5,), (-1e-9,)],
        lambda u: mp.log(1 - mp.exp(u)),
    ),
    "logcosh": Case(
        "f = w2*logcosh(w*x + b)",
        [(-40,), (-1,), (0,), (1e-9,), (3,)],
        lambda u: mp.log(mp.cosh(u)),
    ),
    "exprel": Case(
        "f = w2*exprel(w*x + b)", [(-40,), (-1.5,), (0,), (1e-9,), (0.5,), (30,)], kernels.exprel
    ),
    "inv_exprel": Case(
        "f = w2*inv_exprel(w*x + b)",
        [(-40,), (-1.5,), (0,), (1e-9,), (0.5,), (30,)],
        lambda u: 1 / kernels.exprel(u),
    ),
    "inv_expm1": Case(
        "f = w2*inv_expm1(w*x)", [(-40,), (-1e-9,), (0.5,), (30,)], lambda u: 1 / mp.expm1(u)
    ),
    "inv_add_exp": Case(
        "f = w2*inv_add_exp(w**2 + 1, x**2 + 0.5, b)",
        [(1, 2, -40), (0.5, -3, 0.25), (1, 0.125, 30)],
        lambda a, b, u: 1 / (a + b * mp.exp(u)),
    ),
    "expdiff": Case(
        "f = w2*expdiff(w*x, b)",
        [(1, 2), (-40, 3), (0.5, 0.5), (1e-9, 0)],
        lambda a, b: mp.exp(a) - mp.exp(b),
    ),
    "expm1over": Case(
        "f = w2*expm1over(w, x)",
        [(1, 2), (-40, 3), (0, 0.5), (1e-9, -2)],
        kernels.MEANING["expm1over"],
    ),
    "overexpm1": Case(
        "f = w2*overexpm1(x, w**2 + 1)",
        [(1, 2), (-40, 3), (0, 0.5), (1e-9, 2)],
        kernels.MEANING["overexpm1"],
    ),
    "expdivdiff": Case(
        "f = w2*expdivdiff(w, b, x)",
        [(1, 2, 0.5), (-4, 3, -2), (0.5, 0.5, 3), (1e-9, 0, 2)],
        kernels.MEANING["expdivdiff"],
    ),
    "expdivdiff2": Case(
        "f = w2*expdivdiff2(w*x, b)",
        [(1, 2), (-40, 3), (0.5, 0.5), (1e-9, 0)],
        kernels.divided_slope,
    ),
    "expshare": Case(
        "f = w2*expshare(w**2 + 1, x**2 + 0.5, b)",
        [(1, 2, -40), (0.5, -3, 0.25), (1, 0.125, 30)],
        kernels.MEANING["expshare"],
    ),
    "expexp": Case(
        "f = w2*expexp(w, -x**2, b)",
        [(1, -2, 0.5), (0, 3, -40), (2, -0.5, 3)],
        lambda a, b, u: mp.exp(a + b * mp.exp(u)),
    ),
    "expm1exp": Case(
        "f = w2*expm1exp(-x**2, b)",
        [(-2, 0.5), (3, -40), (-1e-9, 3)],
        lambda b, u: mp.expm1(b * mp.exp(u)),
    ),
    "logwsumexp": Case(
        "f = w2*logwsumexp(w**2 + 1, x, b**2 + 1, 2*x)",
        [(1, -40, 2, 40), (0.5, 1, -0.25, -3), (2, 0, 1, 0)],
        kernels.logwsumexp,
    ),
    "powm1": Case(
        "f = w2*powm1(w*x, b)", [(2, 3), (0.5, 1e-9), (1 + 1e-9, -2), (9, 0)], lambda x, k: x**k - 1
    ),
    "pow1pm1": Case(
        "f = w2*pow1pm1(w*x, b)",
        [(2, 3), (-0.5, 1e-9), (1e-9, -2), (9, 0)],
        lambda x, k: (1 + x) ** k - 1,
    ),
    "pow1p": Case(
        "f = w2*pow1p(w*x, b)",
        [(2, 3), (-0.5, 1e-9), (1e-9, -2), (9, 0)],
        kernels.MEANING["pow1p"],
    ),
    "boxcox": Case("f = w2*boxcox(w*x, b)", [(2, 3), (0.5, 1e-9), (9, 0), (3, -2)], kernels.boxcox),
    "log_sinhc": Case(
        "f = w2*log_sinhc(w*x + b)",
        [(-40,), (-1,), (0,), (1e-9,), (3,)],
        kernels.MEANING["log_sinhc"],
    ),
    "langevin": Case(
        "f = w2*langevin(w*x + b)", [(-40,), (-1,), (0,), (1e-9,), (3,)], kernels.langevin
    ),
    "tanhc": Case(
        "f = w2*tanhc(w*x + b)", [(-40,), (-1,), (0,), (1e-9,), (2,)], kernels.MEANING["tanhc"]
    ),
    "acosc": Case(
        "f = w2*acosc(w*x)", [(-0.75,), (0,), (0.5,), (1 - 2.0**-30,), (1,)], kernels.acosc
    ),
    "sumshare": Case(
        "f = w2*sumshare(w**2, x**2 + 1)",
        [(3, 2), (1e10, 1), (1e-9, 5), (2, 2)],
        kernels.MEANING["sumshare"],
    ),
    "diffshare": Case(
        "f = w2*diffshare(w**2, x**2 + 1)",
        [(3, 2), (1e10, 1), (1e-9, 5), (2, 2)],
        kernels.MEANING["diffshare"],
    ),
    "powshare": Case(
        "f = w2*powshare(w**2, x**2 + 1, b)",
        [(3, 2, 1.5), (1e-9, 5, 40), (2, 2, -3), (1e5, 1, 2)],
        kernels.powshare,
    ),
    "hypotsub": Case(
        "f = w2*hypotsub(w*x, b)", [(3, 4), (-3, 4), (1e8, 1), (0, 2)], kernels.MEANING["hypotsub"]
    ),
    **{
        name: Case(
            f"f = w2*{name}(w**2, x**2 + 1, b**2)",
            [(1, 2, 3), (1e-5, 1, 2), (3, 1, 1e-3), (2, 2, 0.5)],
            kernels.MEANING[name],
        )
        for name in ("bound", "unbound", "boundshare", "unboundshare")
    },
    "pow_rise": Case(
        "f = w2*pow_rise(w**2 + 1, x**2, b)",
        [(1, 2, -2), (3, 1e-9, 1.5), (0.5, -0.1, -1), (2, 40, 3)],
        kernels.MEANING["pow_rise"],
    ),
    "sqrtsub": Case(
        "f = w2*sqrtsub(w*x, b**2 + 1)",
        [(3, 4), (-3, 4), (1e8, 1), (2, -3)],
        kernels.MEANING["sqrtsub"],
    ),
    "erfcx": Case("f = w2*erfcx(w*x + b)", [(-3,), (0,), (0.5,), (30,)], kernels.MEANING["erfcx"]),
    "log_erfc": Case(
        "f = w2*log_erfc(w*x + b)", [(-3,), (1e-9,), (0.5,), (30,)], kernels.MEANING["log_erfc"]
    ),
    "log_ndtr": Case(
        "f = w2*log_ndtr(w*x + b)", [(-40,), (0,), (0.5,), (6,)], kernels.MEANING["log_ndtr"]
    ),
    "xlogx": Case(
        "f = w2*xlogx(w**2*x**2)", [(1e-9,), (0.5,), (1,), (40,)], kernels.MEANING["xlogx"]
    ),
    "xlogx1p": Case(
        "f = w2*xlogx1p(w*x)", [(-0.75,), (1e-9,), (0.5,), (40,)], kernels.MEANING["xlogx1p"]
    ),
    "powlog": Case(
        "f = w2*powlog(x**2, w**2)",
        [(1e-3, 2), (0.5, 0.5), (1, 3), (40, 2)],
        kernels.MEANING["powlog"],
    ),
    "softplusdiff": Case(
        "f = w2*softplusdiff(w, x)",
        [(2, 3), (0.3, 0.30001), (-40, 5)],
        kernels.MEANING["softplusdiff"],
    ),
    "atandiff": Case(
        "f = w2*atandiff(w, x)", [(2, 3), (0.3, -0.7), (1e9, 2e9)], kernels.MEANING["atandiff"]
    ),
    "softsign": Case("f = w2*softsign(w, x)", [(2, 3), (-0.3, 1)], kernels.MEANING["softsign"]),
    "hypotshare": Case(
        "f = w2*hypotshare(w, x)", [(2, 3), (-0.3, 1)], kernels.MEANING["hypotshare"]
    ),
    "horner": Case(
        "f = w2*horner(x, w, b)",
        [(2, 3, 0.5), (0.3, -0.7, 1.1), (-20, 3, 2)],
        lambda u, *c: mp.fsum(a * u**k for k, a in enumerate(c)),
    ),
    "weighed": Case(
        "f = w2*weighed(w, x)", [(2, 3), (0, 2), (0.3, 0.7)], kernels.MEANING["weighed"]
    ),
    "xlogy": Case("f = w2*xlogy(w, x**2)", [(2, 3), (0, 2), (-1e-9, 0.5), (3, 1)], kernels.xlogy),
    "xlog1py": Case(
        "f = w2*xlog1py(w, x**2)",
        [(2, 3), (0, 2), (-1e-9, 0.5), (3, 1e-9)],
        kernels.MEANING["xlog1py"],
    ),
    "rel_entr": Case(
        "f = w2*rel_entr(w**2, x**2)",
        [(2, 3), (1e-9, 0.5), (3, 3), (1, 1 + 1e-9)],
        kernels.MEANING["rel_entr"],
    ),
    "kl_div": Case(
        "f = w2*kl_div(w**2, x**2)",
        [(2, 3), (1e-9, 0.5), (3, 3), (1, 1 + 1e-9)],
        kernels.MEANING["kl_div"],
    ),
    "log_ratio": Case(
        "f = w2*log_ratio(w*x, b**2 + 1)",
        [(2, 3), (1e-9, 5), (3, 3), (1 + 1e-9, 1)],
        kernels.MEANING["log_ratio"],
    ),
    "logit": Case(
        "f = w2*logit(w*x)", [(1e-9,), (0.3,), (0.5,), (0.9375,)], kernels.MEANING["logit"]
    ),
    "sigmadiff": Case(
        "f = w2*sigmadiff(w*x, b)",
        [(1, 2), (40, 39), (-40, 3), (0.5, 0.5 + 1e-9)],
        kernels.MEANING["sigmadiff"],
    ),
    "erfdivdiff": Case(
        "f = w2*erfdivdiff(w, x)",
        [(1, 2), (-4, 3), (0.5, 0.5), (1e-9, 0), (2, 2.25)],
        kernels.erfdivdiff,
    ),
    "erfdivdiff2": Case(
        "f = w2*erfdivdiff2(w, x)",
        [(1, 2), (-4, 3), (0.5, 0.5), (1e-9, 0), (2, 2.25)],
        kernels.erfdivdiff2,
    ),
    "erfdiff": Case(
        "f = w2*erfdiff(w*x, b)",
        [(1, 2), (6, 5), (-4, 3), (0.5, 0.5 + 1e-9)],
        kernels.MEANING["erfdiff"],
    ),
    "invdiff": Case(
        "f = w2*invdiff(w*x, b)", [(1, 2), (-3, 5), (7, 7 + 1e-9)], kernels.MEANING["invdiff"]
    ),
    "log1pmx": Case(
        "f = w2*log1pmx(w*x + b)", [(-0.5,), (0,), (1e-9,), (3,)], kernels.less("log1p")
    ),
    "expm1mx": Case(
        "f = w2*expm1mx(w*x + b)", [(-1,), (0,), (1e-9,), (0.5,)], kernels.less("expm1")
    ),
    "sinmx": Case("f = w2*sinmx(w*x + b)", [(-1,), (0,), (1e-9,), (0.5,)], kernels.less("sin")),
    "sinhmx": Case("f = w2*sinhmx(w*x + b)", [(-1,), (0,), (1e-9,), (0.5,)], kernels.less("sinh")),
    "tanmx": Case("f = w2*tanmx(w*x + b)", [(-1,), (0,), (1e-9,), (0.5,)], kernels.less("tan")),
    "tanhmx": Case("f = w2*tanhmx(w*x + b)", [(-1,), (0,), (1e-9,), (0.5,)], kernels.less("tanh")),
    "asinmx": Case(
        "f = w2*asinmx(w*x + b)", [(-0.75,), (0,), (1e-9,), (0.5,)], kernels.less("asin")
    ),
    "asinhmx": Case(
        "f = w2*asinhmx(w*x + b)", [(-1,), (0,), (1e-9,), (0.5,)], kernels.less("asinh")
    ),
    "atanmx": Case("f = w2*atanmx(w*x + b)", [(-1,), (0,), (1e-9,), (0.5,)], kernels.less("atan")),
    "atanhmx": Case(
        "f = w2*atanhmx(w*x + b)", [(-0.75,), (0,), (1e-9,), (0.5,)], kernels.less("atanh")
    ),
    "log1prel": Case(
        "f = w2*log1prel(w*x + b)", [(-0.5,), (0,), (1e-9,), (3,)], kernels.over("log1p")
    ),
    "tanc": Case("f = w2*tanc(w*x + b)", [(-1,), (0,), (1e-9,), (0.5,)], kernels.over("tan")),
    "asinc": Case("f = w2*asinc(w*x + b)", [(-0.75,), (0,), (1e-9,), (0.5,)], kernels.over("asin")),
    "asinhc": Case("f = w2*asinhc(w*x + b)", [(-1,), (0,), (1e-9,), (0.5,)], kernels.over("asinh")),
    "atanc": Case("f = w2*atanc(w*x + b)", [(-1,), (0,), (1e-9,), (0.5,)], kernels.over("atan")),
    "atanhc": Case(
        "f = w2*atanhc(w*x + b)", [(-0.75,), (0,), (1e-9,), (0.5,)], kernels.over("atanh")
    ),
    "pow1prel": Case(
        "f = w2*pow1prel(w*x, b)",
        [(2, 3), (0, 5), (1e-9, -2), (-0.25, 0.5)],
        kernels.pow1prel,
    ),
    "inv_expm1sub": Case(
        "f = w2*inv_expm1sub(w*x + b)",
        [(-40,), (-1,), (0,), (1e-9,), (3,)],
        kernels.MEANING["inv_expm1sub"],
    ),
    "quadroot": Case(
        "f = w2*quadroot(w, x, b)",
        [(1, 4, 1), (2, -5, 1), (0, 3, 1), (1e-9, 2, 5)],
        kernels.quadroot,
    ),
    "bateman": Case(
        "f = w2*bateman(w, b, x)",
        [(1, 2, 0.5), (0.5, 0.5, 3), (4, 1e-9, 2), (3, 3 + 1e-9, 1)],
        kernels.bateman,
    ),
    "erfinv": Case(
        "f = w2*erfinv(0.99*tanh(w*x))", [(-0.75,), (1e-9,), (0.5,), (0.9375,)], mp.erfinv
    ),
    "erfcinv": Case("f = w2*erfcinv(2*sigma(w*x))", [(1e-9,), (0.5,), (1.25,)], kernels.erfcinv),
    "ndtri": Case(
        "f = w2*ndtri(sigma(w*x))", [(1e-9,), (0.25,), (0.9375,)], kernels.MEANING["ndtri"]
    ),
    "lambertw": Case(
        "f = w2*lambertw(w*x)", [(-0.25,), (1e-9,), (2,), (1e10,)], kernels.MEANING["lambertw"]
    ),
    "lambertwm1": Case(
        "f = w2*lambertwm1(-sigma(x)/4)", [(-0.25,), (-1e-9,)], kernels.MEANING["lambertwm1"]
    ),
    "gamma": Case("f = w2*gamma(w*x)", [(-2.5,), (1e-9,), (0.5,), (3,), (20.25,)], mp.gamma),
    "loggamma": Case(
        "f = w2*loggamma(w*x)",
        [(-2.5,), (1e-9,), (1 + 1e-9,), (2.5,), (1e10,)],
        kernels.log_abs_gamma,
    ),
    "digamma": Case(
        "f = w2*digamma(w*x)",
        [(-2.5,), (1e-9,), (1.46163,), (3,), (1e10,)],
        kernels.MEANING["digamma"],
    ),
    "trigamma": Case(
        "f = w2*trigamma(w*x)",
        [(-2.5,), (1e-9,), (0.5,), (3,), (1e5,)],
        kernels.MEANING["trigamma"],
    ),
    "polygamma": Case(
        "f = w2*polygamma(2, w*x)",
        [(2, -2.5), (3, 0.5), (2, 7), (5, 40)],
        kernels.MEANING["polygamma"],
    ),
    "beta": Case("f = w2*beta(w**2, x**2)", [(2, 3), (1e-9, 0.5), (40, 0.25), (300, 7)], mp.beta),
    "betaln": Case(
        "f = w2*betaln(w**2, x**2)", [(2, 3), (1e-9, 0.5), (40, 0.25), (1e6, 1e9)], kernels.betaln
    ),
    "factorial": Case(
        "f = w2*factorial(w*x)", [(-2.5,), (1e-9,), (0.5,), (3,), (20.25,)], mp.factorial
    ),
    "binomial": Case(
        "f = w2*binomial(w**2 + 1, x)",
        [(5, 2), (0.5, 1e-9), (40, 20), (1e6, 3.5)],
        kernels.binomial,
    ),
    "besselj": Case(
        "f = w2*besselj(2, w*x)", [(2, -3.5), (0, 1e-9), (3, 30), (0.5, 4)], mp.besselj
    ),
    "bessely": Case("f = w2*bessely(2, w*x)", [(2, 3.5), (0, 1e-9), (3, 30), (0.5, 4)], mp.bessely),
    "besseli": Case(
        "f = w2*besseli(2, w*x)", [(2, -3.5), (0, 1e-9), (3, 30), (0.5, 4)], mp.besseli
    ),
    "besselk": Case("f = w2*besselk(2, w*x)", [(2, 3.5), (0, 1e-9), (3, 30), (0.5, 4)], mp.besselk),
    "gammainc": Case(
        "f = w2*gammainc(5/2, w*x)",
        [(2.5, 1e-9), (0.5, 0.25), (3, 4), (30, 25)],
        kernels.MEANING["gammainc"],
    ),
    "gammaincc": Case(
        "f = w2*gammaincc(5/2, w*x)",
        [(2.5, 1e-9), (0.5, 0.25), (3, 4), (30, 25)],
        kernels.MEANING["gammaincc"],
    ),
    "betainc": Case(
        "f = w2*betainc(5/2, 1/2, sigma(w*x))",
        [(3, 4, 0.75), (2.5, 0.5, 0.25), (0.5, 0.5, 1e-9), (30, 25, 0.5)],
        kernels.MEANING["betainc"],
    ),
    "gamma_pdf": Case(
        "f = w2*gamma_pdf(5/2, w*x)",
        [(2.5, 1e-9), (0.5, 0.25), (3, 4), (30, 25)],
        kernels.MEANING["gamma_pdf"],
    ),
    "beta_pdf": Case(
        "f = w2*beta_pdf(5/2, 1/2, sigma(w*x))",
        [(3, 4, 0.75), (2.5, 0.5, 0.25), (0.5, 0.5, 1e-9), (30, 25, 0.5)],
        kernels.MEANING["beta_pdf"],
    ),
    **{
        name: Case(
            f"f = w2*{name}(w**2 + x**2)", [(2.5,), (1e-9,), (1e9,), (0.25,), (30,)], meaning
        )
        for name, meaning in (
            ("stirlerr", kernels.stirlerr),
            ("digammamlog", kernels.digammamlog),
            ("log_wallis", kernels.log_wallis),
        )
    },
    "loggamma_rise": Case(
        "f = w2*loggamma_rise(w**2, x**2)",
        [(2, 3), (1e-9, 0.5), (1e9, 7), (30, 1e-9)],
        kernels.loggamma_rise,
    ),
    "digamma_rise": Case(
        "f = w2*digamma_rise(w**2, x**2)",
        [(2, 3), (1e-9, 0.5), (1e9, 7), (30, 1e-9)],
        kernels.digamma_rise,
    ),
    "trigamma_rise": Case(
        "f = w2*trigamma_rise(w**2, x**2)",
        [(2, 3), (1e-9, 0.5), (1e9, 7), (30, 1e-9)],
        kernels.trigamma_rise,
    ),
    "binary_cross_entropy": Case(
        "t: target\nf = w*x + b\nl: loss = binary_cross_entropy(f, t)",
        [(-40, 0), (40, 1), (0, 0.25), (2, 0), (-3, 1)],
        lambda z, t: mp.log(1 + mp.exp(z)) - t * z,
    ),
    "logaddexp": Case(
        "f = w2*logaddexp(w*x, b)",
        [(-40, 40), (1, 2), (0, 0), (1e-9, -3)],
        lambda a, b: mp.log(mp.exp(a) + mp.exp(b)),
    ),
    "sigma_prime": Case(
        "f = w2*sigma_prime(w*x + b)",
        [(-40,), (-1,), (0,), (0.5,), (40,)],
        lambda u: 1 / (2 + mp.exp(u) + mp.exp(-u)),
    ),
    "tanh_prime": Case(
        "f = w2*tanh_prime(w*x + b)",
        [(-30,), (-0.5,), (0,), (1,), (30,)],
        lambda u: mp.sech(u) ** 2,
    ),
    "sigma": Case(
        "f = w2*sigma(w*x + b)",
        [(-40,), (-1,), (0,), (0.5,), (40,)],
        lambda u: 1 / (1 + mp.exp(-u)),
        digits=Digits(_sigma, _zero, _one),
        slope=Digits(lambda z: _sigma(z) * _sigma(-z), _zero, _zero),
    ),
    "softplus": Case(
        "f = w2*softplus(w*x + b)",
        [(-40,), (-1,), (0,), (0.5,), (40,)],
        lambda u: mp.log(1 + mp.exp(u)),
        digits=Digits(lambda z: z.exp().log1p(), _zero, _itself),
    ),
    "relu": Case(
        "f = w2*relu(w*x + b)", [(-2,), (-1e-12,), (1e-12,), (3,)], lambda u: max(u, mp.mpf(0))
    ),
    "relu_at": Case(
        "f = w2*relu_at(w*x + b, 1/2)",
        [(-2, 1), (-1e-12, 1), (1e-12, 0.5), (3, 0)],
        lambda u, k: max(u, mp.mpf(0)),
    ),
    "stop_gradient": Case("f = w*x + w2*stop_gradient(w*x)", [(-2.5,), (0,), (3,)], lambda u: u),
    "stated": Case(
        "f = w2*stated(relu(w*x), w*x, 3)",
        [(-2, 1, 0.5), (0, 0.25, 1), (3, 2, 7)],
        lambda v, u, d: v,
    ),
    "abs_at": Case(
        "f = w2*abs_at(w*x + b, 1)",
        [(-2, 1), (-1e-12, 1), (1e-12, 0.5), (3, 0)],
        lambda u, k: abs(u),
    ),
    "max_at": Case(
        "f = w2*max_at(w*x, b, 1)",
        [(1, 2, 0.25), (2, 1, 1), (-1, 1, 0), (1, 1 + 1e-12, 0.5)],
        lambda a, b, k: max(a, b),
    ),
    "min_at": Case(
        "f = w2*min_at(w*x, b, 1/4)",
        [(1, 2, 0.25), (2, 1, 1), (-1, 1, 0), (1, 1 + 1e-12, 0.5)],
        lambda a, b, k: min(a, b),
    ),
    "silu": Case(
        "f = w2*silu(w*x + b)",
        [(-40,), (-1.3,), (0,), (0.5,), (40,)],
        lambda u: u / (1 + mp.exp(-u)),
        digits=Digits(lambda z: z * _sigma(z), _zero, _itself),
        slope=Digits(lambda z: _sigma(z) * (1 + z * _sigma(-z)), _zero, _one),
    ),
    "gelu": Case(
        "f = w2*gelu(w*x + b)",
        [(-6,), (-1.3,), (0,), (0.5,), (6,)],
        lambda u: u * mp.ncdf(u),
        digits=Digits(lambda z: z * _normal(z), _zero, _itself),
        slope=Digits(lambda z: _normal(z) + z * _density(z), _zero, _one),
    ),
    "logsigmoid": Case(
        "f = w2*logsigmoid(w*x + b)",
        [(-40,), (-1,), (0,), (0.5,), (40,)],
        lambda u: -mp.log(1 + mp.exp(-u)),
        digits=Digits(lambda z: -(-z).exp().log1p(), _itself, _zero),
    ),
}
