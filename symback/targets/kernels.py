# mypy: disable-error-code="no-untyped-def, no-untyped-call"
"""Vectorised functions that NumPy lacks or computes badly; `inspect.getsource` pastes them.

Each takes a float32 or float64 array or scalar and returns its dtype and shape. It needs NumPy
and other functions of this file only, warns of nothing and holds no state. Accuracies are the
largest errors met, in units in the last place (ULP), over 10⁷ float64 points and over every
float32; NumPy's own float32 exp is off by 2.5. Constants are Python floats, which leave float32
alone; a ufunc with one takes twice as long as one without, so the forms are chosen for few.
"""

import numpy as np


def _smallest(z):
    """min(z), NaN if any element is, 0 if there is none; argmin takes a third of NumPy's min."""
    return z.item(z.argmin()) if z.size else 0.0


def _largest(z):
    """max(z), NaN if any element is, 0 if there is none; argmax takes a third of NumPy's max."""
    return z.item(z.argmax()) if z.size else 0.0


# -- the logistic family ------------------------------------------------------------------------


def _sigma(z):
    """σ(z) = 1/(1 + exp(-z)), within 2.1 ULP (float32 3.6).

    The plain form takes four calls; it is right until exp overflows, which one guard excludes.
    """
    if _smallest(z) > -87.0:
        q = np.exp(-z)
        q += 1.0
        return 1.0 / q
    e = np.exp(-np.abs(z))
    return np.maximum(e, z >= 0.0) / (1.0 + e)  # e ≤ 1, so the numerator is 1 where z ≥ 0


def _sigma_slope(z):
    """σ'(z) = e/(1 + e)² with e = exp(-|z|), within 2.5 ULP (float32 3.6).

    Written as 1 + e(2 + e), the square is off by half as much as the product of two rounded sums.
    """
    e = np.exp(-np.abs(z))
    square = 2.0 + e
    square *= e
    square += 1.0
    e /= square
    return e


def _sigma_and_slope(z):
    """σ(z) and σ'(z), within 2.1 and 2.5 ULP (float32 3.6).

    One exp serves both, without a branch: with q = exp(-z), q·σ² would save two calls, but is
    off by 4.8 ULP.
    """
    e = np.exp(-np.abs(z))
    sigma = np.maximum(e, z >= 0.0)  # e ≤ 1, so this is 1 where z ≥ 0
    sigma /= 1.0 + e
    square = 2.0 + e
    square *= e
    square += 1.0
    e /= square
    return sigma, e


def _tanh_slope(z):
    """tanh'(z) = 4e/(1 + e)² with e = exp(-2|z|), within 2.5 ULP (float32 3.9).

    1 - tanh(z)² would lose all digits; 1/cosh(z)² doubles the error of cosh.
    """
    e = np.exp(-2.0 * np.minimum(np.abs(z), 400.0))  # exp(-800) is 0; -2|z| could overflow
    square = 2.0 + e
    square *= e
    square += 1.0
    e *= 4.0
    e /= square
    return e


def _tanh_and_slope(z):
    """tanh(z) and tanh'(z), within 1.9 and 2.5 ULP (float32 2.0 and 3.9).

    Nothing is shared: no cheap expression in exp keeps the digits of both.
    """
    return np.tanh(z), _tanh_slope(z)


def _softplus(z):
    """log(1 + exp(z)), within 1.4 ULP (float32 3.1).

    The plain form takes two calls; it is right until exp overflows, which one guard excludes.
    """
    if _largest(z) < 87.0:
        return np.log1p(np.exp(z))
    return np.maximum(z, 0.0) + np.log1p(np.exp(-np.abs(z)))


def _logsigmoid(z):
    """log σ(z) = -softplus(-z), within 1.4 ULP (float32 3.1); as few calls as by itself."""
    return -_softplus(-z)


# -- silu ---------------------------------------------------------------------------------------


def _silu(z):
    """silu(z) = z·σ(z) = z/(1 + exp(-z)), within 2.1 ULP (float32 3.6).

    The plain form takes four calls; it is right until exp overflows, which one guard excludes.
    """
    if _smallest(z) > -87.0:
        q = np.exp(-z)
        q += 1.0
        return z / q
    near = np.maximum(z, -87.0)
    return np.where(z < -87.0, _times_exp(z, z), near / (1.0 + np.exp(-near)))[()]


def _silu_slope(z):
    """silu'(z) = σ(z)(1 + zσ(-z)), within 3.7 ULP, also next to its zero (float32 0.6).

    silu'(-z) = 1 - silu'(z), so z ≤ 0 is enough: (1 + z + exp(z))/(2 + 2cosh(z)), which rounds
    less often than exp(z)/(1 + exp(z))². Next to its zero -z0 the numerator is d + K(exp(d) - 1)
    with d = z + z0 and K = exp(-z0), whose terms have one sign.
    """
    if z.dtype == np.float32:  # float32 would be off by 7 ULP
        return _silu_slope(z.astype(np.float64)).astype(np.float32)
    n = -np.abs(z)
    near = _smallest(n) > -700.0  # further out cosh overflows
    if not near:
        n = np.maximum(n, -700.0)
    d = n + 1.2784645427610737
    slope = np.expm1(d)
    slope *= 0.27846454276107385
    slope += 1.3995343912896686e-16  # what is lost as z0 is no float64
    slope += d
    slope *= 0.5
    slope /= 1.0 + np.cosh(n)
    slope = np.where(z < 0.0, slope, 1.0 - slope)[()]
    return slope if near else np.where(z < -700.0, _times_exp(1.0 + z, z), slope)[()]


def _silu_and_slope(z):
    """silu(z) and silu'(z), within 2.1 and 3.7 ULP (float32 3.6 and 0.6).

    Nothing is shared: the slope through exp instead of cosh would be off by 4.5 ULP.
    """
    return _silu(z), _silu_slope(z)


def _times_exp(factor, z):
    """factor·exp(z) where z < -87, else 0: two halves of exp, as the whole may be subnormal."""
    far = z < -87.0
    half = np.exp(0.5 * np.where(far, np.maximum(z, -1600.0), -1600.0))  # 0 at -1600
    factor = np.where(far, np.maximum(factor, -1600.0), 0.0)
    return (factor * half * half).astype(z.dtype)


# -- the error function and gelu ----------------------------------------------------------------


def _erf(z):
    """erf(z) = 2/√π ∫₀ᶻ exp(-t²) dt, within 2.0 ULP (float32 0.6).

    erf(x)² = 1 - exp(-x²·g(x²)) with a smooth g between 4/π and 1, so that one polynomial and no
    branch serve all x, and the root halves every error. g is the polynomial in s/(s + 8) - 1/2,
    s = x², fitted by least squares to -log(1 - erf²)/s at 60 Chebyshev nodes for 0 ≤ s ≤ 36,
    weighted by its effect on erf (mpmath, 60 digits; remaining relative error of erf 5e-20).
    """
    if z.dtype == np.float32:  # NumPy's float32 expm1 alone is off by 2.5 ULP
        return _erf(z.astype(np.float64)).astype(np.float32)
    x = np.maximum(np.minimum(z, 6.0), -6.0)  # erf(6) rounds to 1
    size = np.maximum(np.abs(x), 1e-140)  # so that the square does not underflow
    s = size * size
    # fmt: off
    g = _polynomial((
        1.1217298496438473, -0.2614460885503889, 0.11286893656395189,
        -0.056686060908160724, -0.1818979667327605, 0.23063690572992993,
        -0.031818111224996344, -0.7659812037745444, 0.23582941176179759,
        1.3288759708067037, -1.0611248353992708, -3.8679332044559085,
        -2.311138760235794, 3.3240997770315954, 11.982841914082847,
        7.635979828350864, -42.196164080307305, -110.97473053619389,
        -91.07316596817287, 45.35158584161119, 159.4277389438282,
        141.82351663472684, 58.654114644795555, 9.503250489739372,
    ), s / (s + 8.0) - 0.5)
    # fmt: on
    s *= g
    root = np.sqrt(-np.expm1(-s))
    root *= x / size  # ±1, but for the smallest x
    return root


def _erfc(z):
    """erfc(z) = 1 - erf(z) = 2Φ(-√2·z), within 3.6 ULP (float32 0.6).

    erfc(|z|) is exp(-z²) by a smooth quotient, erfc(-|z|) = 2 - erfc(|z|): see `_tail_bend`. The
    factor √2 stands where its rounding is damped.
    """
    if z.dtype == np.float32:  # no slower than to split z² in float32, and nearly exact
        return _erfc(z.astype(np.float64)).astype(np.float32)
    x = np.minimum(np.abs(z), 28.0)  # erfc(28) rounds to 0
    w = _tail_bend(1.4142135623730951 * x)
    w *= 2.0 * x - 1.0631937702987864  # √2·(√2·x - x0)
    below = 0.7071067811865476 + x
    e, m = _gaussian(x, 1.0)
    m += (below - x - 0.7071067811865476) / below  # what the sum has lost in rounding
    w += (0.00935333634007766 + w) * m
    w += 0.00935333634007766
    w /= below
    w *= e
    return np.where(z < 0.0, 2.0 - w, w)[()]


def _gelu(z):
    """gelu(z) = z·Φ(z) = max(z, 0) - |z|·Φ(-|z|), within 3.7 ULP (float32 0.6).

    This form needs the tail of Φ only, neither a branch nor erf: see `_tail_bend`.
    """
    if z.dtype == np.float32:  # no slower than to split z² in float32, and nearly exact
        return _gelu(z.astype(np.float64)).astype(np.float32)
    x = np.minimum(np.abs(z), 40.0)  # gelu(-40) rounds to 0
    w = _tail_bend(x)
    w *= x - 0.7517915246935645
    e, m = _gaussian(x, 0.5)
    below = 1.0 + x
    m += (below - 1.0 - x) / below  # what the sum has lost in rounding
    w += (0.0066138075527874774 + w) * m
    w += 0.0066138075527874774
    w *= e
    w *= x / below
    return np.maximum(z, 0.0) - w


def _gelu_slope(z):
    """gelu'(z) = Φ(z) + z·φ(z), within 3.7 ULP, also next to its zero (float32 0.6).

    gelu'(-x) is φ(x) by a smooth quotient and x0 - x, gelu'(x) = 1 - gelu'(-x): see `_tail_bend`.
    """
    if z.dtype == np.float32:  # no slower than to split z² in float32, and nearly exact
        return _gelu_slope(z.astype(np.float64)).astype(np.float32)
    x = np.minimum(np.abs(z), 40.0)  # gelu'(-40) rounds to 0
    slope = 0.003775453562571842 - _tail_bend(x)
    slope /= 1.0 + x
    e, m = _gaussian(x, 0.5)
    slope += (0.0050219421722142235 + slope) * m
    slope += 0.0050219421722142235
    slope *= e
    slope *= 0.7517915246935645 - x - 1.4956759177009883e-17  # x0 is no float64
    return np.where(z < 0.0, slope, 1.0 - slope)[()]


def _gelu_and_slope(z):
    """gelu(z) and gelu'(z), within 3.7 ULP (float32 0.6).

    Both need the same polynomial and Gaussian, three quarters of the work: see `_tail_bend`.
    """
    if z.dtype == np.float32:  # no slower than to split z² in float32, and nearly exact
        gelu, slope = _gelu_and_slope(z.astype(np.float64))
        return gelu.astype(np.float32), slope.astype(np.float32)
    x = np.minimum(np.abs(z), 40.0)
    bend = _tail_bend(x)
    e, m = _gaussian(x, 0.5)
    below = 1.0 + x
    slope = 0.003775453562571842 - bend
    slope /= below
    slope += (0.0050219421722142235 + slope) * m
    slope += 0.0050219421722142235
    slope *= e
    slope *= 0.7517915246935645 - x - 1.4956759177009883e-17
    m += (below - 1.0 - x) / below
    bend *= x - 0.7517915246935645
    bend += (0.0066138075527874774 + bend) * m
    bend += 0.0066138075527874774
    bend *= e
    bend *= x / below
    return np.maximum(z, 0.0) - bend, np.where(z < 0.0, slope, 1.0 - slope)[()]


def _gaussian(x, rate):
    """exp(35/8 - rate·x²) as e·(1 + m), 0 ≤ x ≤ 40, rate 1 or 1/2; e is within 0.7 ULP.

    The square of h, x rounded to 1/512, is exact, and m = exp(rate·(h² - x²)) - 1 small: the split
    of W. J. Cody, Math. Comp. 23 (1969) 631. Left apart, m is added where its rounding is damped.
    35/8 keeps e from underflow where Φ is not 0.
    """
    h = np.rint(x * 512.0)
    h *= 1.0 / 512.0
    m = h - x
    m *= h + x
    m *= rate
    h *= h
    h *= -rate
    h += 4.375
    return np.exp(h), np.expm1(m)


def _tail_bend(x):
    """b(x), x ≥ 0, from which the lower tail of the normal distribution and gelu' follow.

    With c = exp(-35/8)/√(2π) and Mills' ratio R(x) = Φ(-x)/φ(x), whose fixed point is x0 = R(x0),

        c·R(x) = (c·x0·(1 + x0) + (x - x0)·b(x))/(1 + x)
        c·(R(x) - x) = (x0 - x)·(c + (c·x0 - b(x))/(1 + x)),  where gelu'(-x) = φ(x)·(R(x) - x)

    so that neither cancels, not even next to the zero x0 of gelu'. b(x)·(x + 11/2) is the
    polynomial in x/(x + 11/2) - 1/2 through 24 Chebyshev nodes for 0 ≤ x ≤ 40 (mpmath, 60 digits;
    remaining relative error of R 3e-19). The variable is that of M. M. Shepherd and
    J. G. Laframboise, Math. Comp. 36 (1981) 249. 1 and 35/8 were chosen for little rounding.
    """
    pole = x + 5.5
    # fmt: off
    bend = _polynomial((
        -0.0019880737556692923, 8.28781217543873e-05, 0.004002911128439925,
        -0.010024206700960379, 0.016405411617952104, -0.02051931603868906,
        0.020009664844656393, -0.01453725231970898, 0.006534621761763012,
        9.318207452725263e-05, -0.0026782896475192695, 0.001644156774997025,
        0.00031201093495217204, -0.0009374229590460258, 0.0002263941220559542,
        0.0004163609457727051, -0.00024345718377408532, -0.000182669668942579,
        0.00017471575758857348, 9.171868482940013e-05, -0.00010866342380812562,
        -5.785401430072432e-05, 4.717832614705998e-05, 3.294609732209912e-05,
    ), x / pole - 0.5)
    # fmt: on
    bend /= pole
    return bend


def _polynomial(coefficients, t):
    """Σ c_k·tᵏ of 24 coefficients, lowest first: three rows of eight powers, then Horner in t⁸.

    One matrix product instead of 14 Horner steps: half the time for short arrays, no more for long.
    """
    rows = np.empty((12, t.size))  # one block of memory: NumPy's time goes into page faults else
    powers = rows[:9]
    powers[0] = 1.0
    powers[1] = t.ravel()
    np.multiply(powers[1], powers[1], out=powers[2])
    np.multiply(powers[1:3], powers[2], out=powers[3:5])
    np.multiply(powers[1:5], powers[4], out=powers[5:9])
    low, middle, high = np.dot(np.array(coefficients).reshape(3, 8), powers[:8], out=rows[9:])
    high *= powers[8]
    high += middle
    high *= powers[8]
    return (high + low).reshape(t.shape)[()]
