# mypy: disable-error-code="no-untyped-def, no-untyped-call, call-overload"
"""Kernels of the incomplete functions gamma and beta, and of the densities that are their slopes.

As in `symback.codegen.numpy.exponential_kernels`. The series and fractions are those of the NIST
Digital Library of Mathematical Functions (8.7.1, 8.9.2, 8.17.22), read from their ends; for large
a next to x = a the uniform expansion 8.12, by N. M. Temme, SIAM J. Math. Anal. 10 (1979) 757. What
stands before them is written as C. Loader writes densities ("Fast and accurate computation of
binomial probabilities", 2000): a power of what is near 1, and gamma functions over their formula of
Stirling.
"""

import numpy as np

from symback.codegen.numpy.exponential_kernels import _in_float64
from symback.codegen.numpy.gamma_kernels import _gamma, _horner, _loggamma_near, _stirling_rest
from symback.codegen.numpy.kernels import _erfc
from symback.codegen.numpy.remainder_kernels import _log1pmx
from symback.codegen.numpy.rise_kernels import _loggamma_rise


def _gamma_over_stirling(x):
    """Γ(x + 1)/(√(2·π·x)·(x/e)ˣ) for x > 0."""
    near = np.minimum(x, 4.0)
    value = _gamma(1.0 + near) * np.exp(near) / (2.5066282746310002 * np.sqrt(near) * near**near)
    inverse = 1.0 / np.maximum(x, 4.0)
    return np.where(x > 4.0, np.exp(_stirling_rest(inverse * inverse) * inverse), value)


def _power_near_one(u, t, k):
    """(u·exp(-t))ᵏ with t = u - 1."""
    held = np.minimum(np.maximum(t, -0.5), 0.5)
    near = np.exp(k * _log1pmx(held))
    whole = (u * np.exp(-t)) ** k
    apart = u**k * np.exp(-k * t)
    return np.where(np.abs(t) <= 0.5, near, np.where(k > 4.0, whole, apart))


def _times_power_below(v, x, a):
    """v·xᵃ⁻¹, as v·xᵃ/x for a < 1, where a - 1 is not exact."""
    return np.where(a < 1.0, v * x**a / x, v * x ** (a - 1.0))


# -- gamma ----------------------------------------------------------------------------------------


def _decayed(v, x):
    """v·exp(-x) by two factors, the first of which is within the floats."""
    return v * np.exp(-np.minimum(x, 700.0)) * np.exp(np.minimum(700.0 - x, 0.0))


def _gamma_term(a, x):
    """xᵃ·exp(-x)/Γ(a + 1)."""
    held = np.minimum(x, 1e3)
    plain = _decayed(held**a / _gamma(1.0 + np.minimum(a, 20.0)), held)
    shape = 2.5066282746310002 * np.sqrt(a) * _gamma_over_stirling(a)
    scaled = _power_near_one(x / a, (x - a) / a, a) / shape
    return np.where(a <= 20.0, plain, scaled)


def _gamma_series(a, x):
    """The lower function over `_gamma_term`, for x ≤ a."""
    total = 1.0 + 0.0 * x
    for k in range(220, 0, -1):
        total = 1.0 + x / (a + k) * total
    return total


def _gamma_fraction(a, x):
    """The upper function over `_gamma_term`, for x ≥ max(a, 1)."""
    total = x + 441.0 - a
    for k in range(220, 0, -1):
        total = x + (2 * k - 1) - a - k * (k - a) / total
    return a / total


def _gamma_uniform(a, x, sign):
    """The upper function for sign = 1, the lower one for -1; a > 400 and x near a."""
    t = np.minimum(np.maximum((x - a) / a, -0.4), 0.4)
    rest = -_log1pmx(t)
    eta = np.copysign(np.sqrt(2.0 * rest), t)
    w = 1.0 / a
    # fmt: off
    c0 = _horner((
        -0.3333333333333333, 0.08333333333333333, -0.014814814814814815,
        0.0011574074074074073, 0.0003527336860670194, -0.0001787551440329218,
        3.919263178522438e-05, -2.185448510679992e-06, -1.85406221071516e-06,
        8.296711340953087e-07, -1.7665952736826078e-07, 6.707853543401498e-09,
        1.0261809784240309e-08, -4.382036018453353e-09, 9.14769958223679e-10,
        -2.5514193994946248e-11,
    ), eta)
    c1 = _horner((
        -0.001851851851851852, -0.003472222222222222, 0.0026455026455026454,
        -0.0009902263374485596, 0.00020576131687242798, -4.018775720164609e-07,
        -1.8098550334489977e-05, 7.64916091608111e-06, -1.6120900894563446e-06,
        4.647127802807434e-09, 1.378633446915721e-07, -5.752545603517705e-08,
        1.1951628599778148e-08,
    ), eta)
    c2 = _horner((
        0.004133597883597883, -0.0026813271604938273, 0.0007716049382716049,
        2.0093878600823047e-06, -0.0001073665322636516, 5.2923448829120125e-05,
        -1.2760635188618728e-05, 3.423578734096138e-08, 1.3721957309062934e-06,
        -6.298992138380055e-07, 1.4280614206064242e-07,
    ), eta)
    c3 = _horner((
        0.0006494341563786008, 0.00022947209362139917, -0.0004691894943952557,
        0.00026772063206283885, -7.561801671883977e-05, -2.396505113867297e-07,
        1.1082654115347302e-05, -5.6749528269915965e-06, 1.4230900732435883e-06,
    ), eta)
    c4 = _horner((
        -0.0008618882909167117, 0.0007840392217200666, -0.0002990724803031902,
        -1.4638452578843418e-06, 6.641498215465122e-05, -3.968365047179435e-05,
        1.1375726970678419e-05,
    ), eta)
    c5 = _horner((
        -0.00033679855336635813, -6.972813758365857e-05, 0.0002772753244959392,
        -0.00019932570516188847, 6.797780477937208e-05,
    ), eta)
    # fmt: on
    total = c0 + w * (c1 + w * (c2 + w * (c3 + w * (c4 + w * c5))))
    beside = np.exp(-a * rest) / (2.5066282746310002 * np.sqrt(a)) * total
    return 0.5 * _erfc(sign * eta * np.sqrt(0.5 * a)) + sign * beside


def _gamma_small(a, x):
    """The upper function for a ≤ 1 and x ≤ 1, by 8.7.3."""
    power = a * np.log(x) - _loggamma_near(a)
    total = 0.0 * x
    for k in range(22, 0, -1):
        total = x / k * ((1.0 / (a + k)) - total)
    return a * np.exp(power) * total - np.expm1(power)


def _gammainc_parts(a, x, sign):
    """The upper function for sign = 1, the lower one for -1, for 0 < x < ∞."""
    uniform = (a > 400.0) & (np.abs(x - a) < 0.3 * a)
    term = _gamma_term(a, x)
    below = x <= np.maximum(a, 1.0)
    lower = term * _gamma_series(a, np.where(below, x, a))
    upper = term * _gamma_fraction(a, np.where(below, a + 1.0, x))
    held = np.minimum(x, 1.0)
    small = _gamma_small(np.minimum(a, 1.0), held)
    upper = np.where(below, np.where((a <= 1.0) & (x <= 1.0), small, 1.0 - lower), upper)
    lower = np.where(below, lower, 1.0 - upper)
    value = np.where(sign > 0.0, upper, lower)
    return np.where(uniform, _gamma_uniform(a, x, sign), value)


def _gammainc(a, z):
    """The regularised lower incomplete function gamma P(a, z)."""

    def wide(a, z):
        x = np.where(z > 0.0, np.minimum(z, 1e300), 1.0)
        value = _gammainc_parts(a, x, -1.0)
        value = np.where(z == 0.0, 0.0, np.where(z == np.inf, 1.0, value))
        return np.where(z < 0.0, np.nan, np.where(np.isnan(z), z, value))

    with np.errstate(all="ignore"):
        return _in_float64(wide, a, z)


def _gammaincc(a, z):
    """The regularised upper incomplete function gamma Q(a, z) = 1 - P(a, z)."""

    def wide(a, z):
        x = np.where(z > 0.0, np.minimum(z, 1e300), 1.0)
        value = _gammainc_parts(a, x, 1.0)
        value = np.where(z == 0.0, 1.0, np.where(z == np.inf, 0.0, value))
        return np.where(z < 0.0, np.nan, np.where(np.isnan(z), z, value))

    with np.errstate(all="ignore"):
        return _in_float64(wide, a, z)


def _gamma_pdf(a, z):
    """∂P(a, z)/∂z = zᵃ⁻¹·exp(-z)/Γ(a), the density of the gamma distribution."""

    def wide(a, z):
        x = np.where(z > 0.0, np.minimum(z, 1e300), 1.0)
        held = np.minimum(x, 1e3)
        shape = a / _gamma(1.0 + np.minimum(a, 20.0))
        plain = _decayed(_times_power_below(shape, held, a), held)
        scaled = _gamma_term(a, x) * (a / np.maximum(x, 1e-300))
        value = np.where(a <= 20.0, plain, scaled)
        first = np.where(a > 1.0, 0.0, np.where(a < 1.0, np.inf, 1.0))
        value = np.where(z == 0.0, first, np.where(z == np.inf, 0.0, value))
        return np.where(z < 0.0, np.nan, np.where(np.isnan(z), z, value))

    with np.errstate(all="ignore"):
        return _in_float64(wide, a, z)


# -- beta -----------------------------------------------------------------------------------------


def _beta_term(a, b, x, y):
    """xᵃ·yᵇ/B(a, b) with y = 1 - x."""
    plain = x**a * y**b * (_gamma(a + b) / (_gamma(a) * _gamma(b)))
    shift = x * b - y * a
    shape = _gamma_over_stirling(a) * _gamma_over_stirling(b) / _gamma_over_stirling(a + b)
    root = 0.3989422804014327 * np.sqrt(a) * np.sqrt(b / (a + b))
    first = _power_near_one(x * (a + b) / a, shift / a, a)
    scaled = root / shape * first * _power_near_one(y * (a + b) / b, -shift / b, b)
    return np.where(a + b <= 20.0, plain, scaled)


def _beta_fraction(a, b, x, y, shift):
    """The lower function over `_beta_term`, for x ≤ a/(a + b) or (a + 1)/(a + b + 2), with
    shift = x·b - y·a: of 8.17.22 every second step, as A. R. Didonato and A. H. Morris, ACM TOMS 18
    (1992) 360, have it.
    """
    total = 1.0 + 0.0 * x
    for k in range(200, 1, -1):
        total = (
            (k - 1)
            + (k - 1) * (b - (k - 1)) * x / (a + (2 * k - 3))
            + (a + (k - 1)) / (a + (2 * k - 1)) * (1.0 - shift + (k - 1) * (1.0 + y))
            + (a + (k - 1)) * (a + b + (k - 1)) * k * (b - k) * (x / (a + (2 * k - 1))) ** 2 / total
        )
    total = a / (a + 1.0) * (1.0 - shift) + a * (a + b) * (b - 1.0) * (x / (a + 1.0)) ** 2 / total
    return 1.0 / total


def _beta_small(a, b, y):
    """The lower function for b < 1 next to x = 1, as 1 less the series 8.17.7 of the upper one."""
    power = b * np.log(y) - _loggamma_near(b) + _loggamma_rise(a, b)
    term, total = 1.0 + 0.0 * y, 0.0 * y
    for k in range(1, 21):
        term = term * y * ((k - a) / k)
        total = total + term / (b + k)
    return -np.expm1(power) - b * np.exp(power) * total


def _betainc(a, b, z):
    """The regularised incomplete function beta I(z; a, b)."""

    def wide(a, b, z):
        x = np.where(z > 0.0, np.minimum(z, 1.0), 0.5)
        y = 1.0 - x
        term = _beta_term(a, b, x, y)
        shift = x * b - y * a
        below = (shift <= 0.0) | (x - y <= -shift)
        lower = term * _beta_fraction(a, b, x, y, np.minimum(shift, 1.0))
        upper = term * _beta_fraction(b, a, y, x, np.minimum(-shift, 1.0))
        value = np.where(below, lower, 1.0 - upper)
        held = np.minimum(np.maximum(y, 1e-300), 0.05)
        small = (b < 1.0) & (y <= 0.05) & (a * y <= 0.4)  # where the fraction converges slowly
        value = np.where(small, _beta_small(a, np.minimum(b, 1.0), held), value)
        value = np.where(z == 0.0, 0.0, np.where(z == 1.0, 1.0, value))
        return np.where((z < 0.0) | (z > 1.0), np.nan, np.where(np.isnan(z), z, value))

    with np.errstate(all="ignore"):
        return _in_float64(wide, a, b, z)


def _beta_pdf(a, b, z):
    """∂I(z; a, b)/∂z = zᵃ⁻¹·(1 - z)ᵇ⁻¹/B(a, b), the density of the beta distribution."""

    def wide(a, b, z):
        x = np.where(z > 0.0, np.minimum(z, 1.0), 0.5)
        y = 1.0 - x
        held = np.maximum(x, 5e-17)  # 1 less it is 1, and its powers are within the floats
        value = _beta_term(a, b, held, y) / held / y
        value = _times_power_below(value, x / held, a)
        low = np.where(a > 1.0, 0.0, np.where(a < 1.0, np.inf, b))
        high = np.where(b > 1.0, 0.0, np.where(b < 1.0, np.inf, a))
        value = np.where(z == 0.0, low, np.where(z == 1.0, high, value))
        return np.where((z < 0.0) | (z > 1.0), np.nan, np.where(np.isnan(z), z, value))

    with np.errstate(all="ignore"):
        return _in_float64(wide, a, b, z)
