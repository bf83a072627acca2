# mypy: disable-error-code="no-untyped-def, no-untyped-call, call-overload"
"""Kernels of the gamma function and of what is made of it.

As in `symback.codegen.numpy.exponential_kernels`. Beyond 4 to 6 they are the series of Stirling
(NIST Digital Library of Mathematical Functions, 5.11), its tail a polynomial in 1/x² that was
fitted at Chebyshev nodes; below, quotients of polynomials with positive coefficients, which
interpolate at Chebyshev nodes (mpmath, 60 digits; remaining relative errors below 1e-18). Both
sides of a pole at 0, -1, … are linked by reflection (same source, 5.5.3).
"""

import numpy as np

from symback.codegen.numpy.exponential_kernels import _in_float64


def _horner(coefficients, x):
    """The polynomial of these coefficients, lowest first."""
    value = coefficients[-1] * x
    for c in coefficients[-2:0:-1]:
        value += c
        value *= x
    value += coefficients[0]
    return value


def _only_where(condition, kernel, x, others):
    """The kernel of x where the condition holds, which alone is computed, and the others."""
    value = np.array(others)
    value[condition] = kernel(x[condition])
    return value


def _sinpi(x):
    """sin(π·x), whose zeros are the whole numbers: π times the rest to the nearest one."""
    near = np.rint(x)
    half = 0.5 * near
    sign = 1.0 - 4.0 * np.abs(half - np.rint(half))
    return sign * np.sin(3.141592653589793 * (x - near))


def _stirling_rest(w):
    """x·(log Γ(x) - (x - 1/2)·log(x) + x - log(2π)/2) with w = 1/x², for x ≥ 4."""
    # fmt: off
    return _horner((
        0.08333333333333333, -0.002777777777771282, 0.0007936507901790028,
        -0.0005952373670602233, 0.0008416721346212977, -0.0019125362555693283,
        0.006210978712139505, -0.024319503703113494, 0.08600730140313213,
        -0.17389698599427594,
    ), w)
    # fmt: on


def _loggamma_near(y):
    """log Γ(1 + y) = y·(y - 1)·R(y) for 0 ≤ y ≤ 3; its zeros are 0 and 1."""
    # fmt: off
    above = _horner((
        0.13971566490153287, 0.3079640486204033, 0.08957635985203748,
        -0.2948147045557344, -0.3448313705353701, -0.16365936277951756,
        -0.03906294311130585, -0.004703084831774635, -0.0002606467374440289,
        -5.342970858342218e-06, -2.278932114720956e-08,
    ), y)
    below = _horner((
        1.0, 3.9595804631704827, 6.479120447903299,
        5.682186838650035, 2.9012379516671243, 0.8789664830166952,
        0.1547808033224463, 0.014929383529582728, 0.0007031634789819261,
        1.2894477253346623e-05, 5.208987690790757e-08,
    ), y)
    # fmt: on
    return y * (y - 1.0) * (0.4375 + above / below)


def _loggamma_below(x):
    """log Γ(x) for 0 ≤ x ≤ 4."""
    value = _loggamma_near(np.where(x > 1.0, x - 1.0, x))
    return np.where(x > 1.0, value, value - np.log(x))


def _loggamma_above(x):
    """log Γ(x) for x ≥ 0."""
    inverse = 1.0 / x
    rest = _stirling_rest(inverse * inverse) * inverse
    tail = (x - 0.5) * (np.log(x) - 1.0) + (0.4189385332046727 + rest)
    return _only_where(x <= 4.0, _loggamma_below, x, tail)


def _lost(z):
    """What log Γ(1 - z) loses where 1 - z is rounded, for z < 0."""
    x = np.maximum(1.0 - z, 1.0)
    return ((1.0 - x) - z) * (np.log(x) - 0.5 / x)


def _loggamma(z):
    """log |Γ(z)|, within 4.0 ULP for z > 0."""

    def wide(z):
        if not np.any(z < 0.0):
            return _loggamma_above(z)
        value = _loggamma_above(np.where(z < 0.0, 1.0 - z, z))
        left = np.log(3.141592653589793 / np.abs(_sinpi(z))) - (value + _lost(z))
        left = np.where(z > -1e-300, -np.log(-z), left)
        left = np.where(z == -np.inf, np.inf, left)
        return np.where(z < 0.0, left, value)

    with np.errstate(divide="ignore", invalid="ignore"):
        return _in_float64(wide, z)


def _digamma_below(x):
    """ψ(x) for 0 ≤ x ≤ 4: ψ(1 + y) is (1 + y - x0)·Q(y), x0 being its zero."""
    y = np.where(x > 1.0, x - 1.0, x)
    # fmt: off
    above = _horner((
        0.4378801375034054, 0.19229134561206956, -0.35833434892192395,
        -0.3285655135920424, -0.107636886235759, -0.016526291751182233,
        -0.0011980364897851525, -3.6101475482037246e-05, -3.101677798280306e-07,
    ), y)
    below = _horner((
        1.0, 2.3910303677697975, 2.13025227505565,
        0.9306500781833718, 0.21686606427381228, 0.027105081389092216,
        0.0017139346932061438, 4.713007993540955e-05, 3.8347125324643785e-07,
    ), y)
    # fmt: on
    value = (y - 0.46163214496836236 + 1.5522348162858677e-17) * (0.8125 + above / below)
    return np.where(x > 1.0, value, value - 1.0 / x)


def _digamma_rest(w):
    """x²·(log(x) - ψ(x) - 1/(2·x)) with w = 1/x², for x ≥ 4."""
    # fmt: off
    return _horner((
        0.08333333333333333, -0.008333333333318812, 0.00396825395884422,
        -0.0041666642608649785, 0.007575437623017763, -0.021067486640757558,
        0.08204823112086292, -0.3992933301971507, 2.0004446022501905,
        -7.874451722680898, 16.271823089543854,
    ), w)
    # fmt: on


def _digamma_above(x):
    """ψ(x) for x ≥ 0."""
    inverse = 1.0 / x
    w = inverse * inverse
    tail = np.log(x) - (0.5 * inverse + _digamma_rest(w) * w)
    return _only_where(x <= 4.0, _digamma_below, x, tail)


def _digamma(z):
    """ψ(z) = Γ'(z)/Γ(z), within 4.0 ULP for z > 0."""

    def wide(z):
        if not np.any(z < 0.0):
            return _digamma_above(z)
        value = _digamma_above(np.where(z < 0.0, 1.0 - z, z))
        near = np.rint(z)
        rest = 3.141592653589793 * (z - near)
        pole = 3.141592653589793 / np.tan(rest)
        left = np.where(z == near, np.nan, value - pole)
        return np.where(z < 0.0, left, value)

    with np.errstate(divide="ignore", invalid="ignore"):
        return _in_float64(wide, z)


def _trigamma_rest(x):
    """x³·(ψ'(x) - 1/x - 1/(2·x²)) for x ≥ 1."""
    y = np.minimum(x, 5.0) - 1.0
    inverse = 1.0 / x
    far = np.minimum(inverse * inverse, 0.04)
    # fmt: off
    above = _horner((
        0.14493406684822643, 0.4589815978527095, 0.6148864966814072,
        0.46543257923410003, 0.2201088621972889, 0.06707491590854901,
        0.012939957588272988, 0.001453580993232865, 7.3290977121724e-05,
    ), y)
    below = _horner((
        1.0, 2.9550899449728645, 3.827733953941366,
        2.8461942871932946, 1.3329111575843269, 0.40401789332782223,
        0.07772769475501089, 0.008721485957512005, 0.000439745862763339,
    ), y)
    rest = _horner((
        0.16666666666666666, -0.03333333333325114, 0.023809523741047327,
        -0.0333333109859967, 0.07575382690383699, -0.2527460535425504,
        1.1441270306196765, -6.19421452490826, 31.163387423201286,
        -92.777612530711,
    ), far)
    # fmt: on
    return np.where(x > 5.0, rest, above / below)


def _trigamma_above(x):
    """ψ'(x) for x ≥ 0; below 1 it is that of x + 1 and 1/x²."""
    shifted = np.where(x < 1.0, x + 1.0, x)
    inverse = 1.0 / shifted
    value = inverse + inverse * inverse * (0.5 + inverse * _trigamma_rest(shifted))
    return np.where(x < 1.0, value + (1.0 / x) / x, value)


def _trigamma(z):
    """ψ'(z), within 3.0 ULP for z > 0."""

    def wide(z):
        value = _trigamma_above(np.where(z < 0.0, 1.0 - z, z))
        if np.any(z < 0.0):
            pole = 3.141592653589793 / _sinpi(z)
            value = np.where(z < 0.0, pole * pole - value, value)
        return value

    with np.errstate(divide="ignore", invalid="ignore"):
        return _in_float64(wide, z)


def _hurwitz(s, x):
    """ζ(s, x) = Σ 1/(x + k)ˢ over k ≥ 0, for s > 1 and x ≥ 0: ten terms, then the sum of Euler and
    Maclaurin (NIST Digital Library of Mathematical Functions, 25.11.28).
    """
    total = 0.0
    for k in range(10):
        total = total + (x + k) ** -s
    a = x + 10.0
    w = (1.0 / a) / a
    rest = 1.0 - 0.025330294778152237 * (s + 23.0) * (s + 24.0) * w
    rest = 1.0 - 0.025330291380456796 * (s + 21.0) * (s + 22.0) * w * rest
    rest = 1.0 - 0.025330277786482922 * (s + 19.0) * (s + 20.0) * w * rest
    rest = 1.0 - 0.02533022338183393 * (s + 17.0) * (s + 18.0) * w * rest
    rest = 1.0 - 0.025330005504037488 * (s + 15.0) * (s + 16.0) * w * rest
    rest = 1.0 - 0.025329131652661065 * (s + 13.0) * (s + 14.0) * w * rest
    rest = 1.0 - 0.02532561505065123 * (s + 11.0) * (s + 12.0) * w * rest
    rest = 1.0 - 0.02531135531135531 * (s + 9.0) * (s + 10.0) * w * rest
    rest = 1.0 - 0.025252525252525252 * (s + 7.0) * (s + 8.0) * w * rest
    rest = 1.0 - 0.025 * (s + 5.0) * (s + 6.0) * w * rest
    rest = 1.0 - 0.023809523809523808 * (s + 3.0) * (s + 4.0) * w * rest
    rest = 1.0 - 0.016666666666666666 * (s + 1.0) * (s + 2.0) * w * rest
    return total + a**-s * (a / (s - 1.0) + (0.5 + s / (12.0 * a) * rest))


def _polygamma(n, z):
    """ψ⁽ⁿ⁾(z) = (-1)ⁿ⁺¹·n!·ζ(n + 1, z) for a whole number n > 0.

    For z < 0 the terms below and above the nearest pole are summed apart.
    """

    def wide(n, z):
        s = n + 1.0
        half = 0.5 * s
        sign = 1.0 - 4.0 * np.abs(half - np.rint(half))  # 1 where n is odd
        value = _hurwitz(s, np.where(z < 0.0, 1.0, z))
        if np.any(z < 0.0):
            rest = np.where(z < 0.0, z - np.rint(z), 0.0)
            right = np.where(rest > 0.0, rest, 1.0 + rest)
            left = np.where(rest > 0.0, 1.0 - rest, -rest)
            below = _hurwitz(s, left) - _hurwitz(s, np.where(z < 0.0, 1.0 - z, 1.0))
            value = np.where(z < 0.0, _hurwitz(s, right) + sign * below, value)
        return sign * _gamma(s) * value

    with np.errstate(divide="ignore", invalid="ignore"):
        return _in_float64(wide, n, z)


# -- the gamma function, beta, binomial coefficients ---------------------------------------------


def _gamma_root(x):
    """The root of x^(x - 1/2), which is within the floats where Γ(x) or 1/Γ(x) is."""
    return x ** (0.5 * x - 0.25)


def _gamma_over_root(x, root):
    """Γ(x) without that root, for x ≥ 4: √(2π)·x^(x/2 - 1/4)·exp(-x)·exp(…), where x/2 is exact."""
    inverse = 1.0 / x
    rest = np.exp(_stirling_rest(inverse * inverse) * inverse)
    return root * (2.5066282746310002 * rest * np.exp(-x))


def _gamma_above(x):
    """Γ(x) for x ≥ 0."""
    near = np.minimum(x, 4.0)
    value = np.exp(_loggamma_near(np.where(near > 1.0, near - 1.0, near)))
    value = np.where(near > 1.0, value, value / near)
    far = np.minimum(np.maximum(x, 4.0), 172.0)  # beyond, it is beyond the floats
    root = _gamma_root(far)
    value = np.where(x > 4.0, _gamma_over_root(far, root) * root, value)
    return np.where((x < 19.0) & (x == np.rint(x)), np.rint(value), value)


def _gamma_far_below(z):
    """Γ(z) for z < -160, where Γ(1 - z) may be beyond the floats: divided by in two steps."""
    x = np.minimum(1.0 - z, 190.0)  # beyond, it is 0
    root = _gamma_root(x)
    rest = _sinpi(z) * (1.0 + _lost(z)) * _gamma_over_root(x, root)
    return np.where(z == np.rint(z), np.nan, 3.141592653589793 / rest / root)


def _gamma(z):
    """Γ(z), within 4.0 ULP or the rounding of z."""

    def wide(z):
        value = _gamma_above(np.where(z < 0.0, 1.0 - z, z))
        if np.any(z < 0.0):
            left = np.where(
                z == np.rint(z), np.nan, 3.141592653589793 / (_sinpi(z) * (1.0 + _lost(z)) * value)
            )
            left = _only_where(z < -160.0, _gamma_far_below, z, left)
            value = np.where(z < 0.0, left, value)
        return value

    with np.errstate(divide="ignore", invalid="ignore"):
        return _in_float64(wide, z)


def _gamma_sign(x):
    """The sign of Γ(x)."""
    return np.where(x < 0.0, np.sign(_sinpi(x)), 1.0)


def _factorial(z):
    """Γ(1 + z), within 4.0 ULP or the rounding of z."""

    def wide(z):
        return _gamma(1.0 + z)

    return _in_float64(wide, z)
