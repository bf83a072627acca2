# mypy: disable-error-code="no-untyped-def, no-untyped-call, call-overload"
"""Vectorised functions that NumPy lacks or computes badly; `inspect.getsource` pastes them.

Each takes a float32 or float64 array or scalar and returns its dtype and shape. It needs NumPy
and other functions of this file only, warns of nothing and holds no state. Accuracies are the
largest errors met, in units in the last place (ULP), over 10⁷ float64 points and all or most
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
    """σ(z) = e/(1 + e) with e = exp(z), within 2.6 ULP (float32 3.7).

    This form takes three calls; it is right until exp overflows, which one guard excludes.
    """
    if _largest(z) < 87.0:
        e = np.exp(z)
        return e / (1.0 + e)
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
    """σ(z) and σ'(z), within 2.6 and 3.1 ULP (float32 3.7 and 3.6).

    One exp serves both. exp(z) saves four calls against exp(-|z|) and is right until its square
    overflows, which one guard excludes; float32 takes the way that loses no digit.
    """
    if z.dtype.itemsize == 8 and _largest(z) < 300.0:
        e = np.exp(z)
        sigma = e / (1.0 + e)
    else:
        e = np.exp(-np.abs(z))
        sigma = np.maximum(e, z >= 0.0)  # e ≤ 1, so this is 1 where z ≥ 0
        sigma /= 1.0 + e
    square = 2.0 + e
    square *= e
    square += 1.0
    e /= square
    return sigma, e


def _tanh_slope(z):
    """tanh'(z) = 4e/(1 + e)² with e = exp(-2|z|), within 3.2 ULP (float32 3.9).

    1 - tanh(z)² would lose all digits; 1/cosh(z)² doubles the error of cosh. As in
    `_sigma_and_slope`, exp(-2z) serves as well until its square overflows.
    """
    with np.errstate(over="ignore"):  # -2|z| may be infinite, and exp of that is 0
        if z.dtype.itemsize == 8 and _smallest(z) > -150.0:
            e = np.asarray(-2.0 * z)
        else:
            e = np.asarray(np.abs(z))
            e *= -2.0
    np.exp(e, out=e)
    square = 2.0 + e
    square *= e
    square += 1.0
    e *= 4.0
    e /= square
    return e[()]


def _tanh_and_slope(z, out=None):
    """tanh(z) and tanh'(z), within 1.9 and 3.2 ULP (float32 2.0 and 3.9).

    Nothing is shared: no cheap expression in exp keeps the digits of both. `out`, which may be z,
    takes tanh(z).
    """
    slope = _tanh_slope(z)
    return np.tanh(z, out=out), slope


def _softplus(z):
    """log(1 + exp(z)), within 1.7 ULP (float32 3.4).

    The plain form takes two calls; it is right until exp overflows, which one guard excludes.
    """
    if _largest(z) < 87.0:
        return np.log1p(np.exp(z))
    return np.maximum(z, 0.0) + np.log1p(np.exp(-np.abs(z)))


def _logsigmoid(z):
    """log σ(z) = -softplus(-z), within 1.7 ULP (float32 3.4); as few calls as by itself."""
    return -_softplus(-z)


# -- silu ---------------------------------------------------------------------------------------


def _silu(z):
    """silu(z) = z·σ(z) = z/(1 + exp(-z)), within 3.0 ULP (float32 3.7).

    The plain form takes four calls; it is right until exp overflows, which one guard excludes.
    """
    if _smallest(z) > -87.0:
        q = np.exp(-z)
        q += 1.0
        return z / q
    near = np.maximum(z, -87.0)
    near = near / (1.0 + np.exp(-near))
    return np.where(z < -87.0, _silu_tail(z, 0.0), near)[()]


def _silu_slope(z):
    """silu'(z) = σ(z)(1 + zσ(-z)), within 4.0 ULP, also next to its zero (float32 0.6).

    silu'(-z) = 1 - silu'(z), so z ≤ 0 is enough: (1 + z + exp(z))/(2 + 2cosh(z)), which rounds
    less often than exp(z)/(1 + exp(z))². Next to its zero -z0 the numerator is d + K(exp(d) - 1)
    with d = z + z0 and K = exp(-z0), whose terms have one sign.
    """
    if z.dtype == np.float32:  # nearly exact; float32 would need other constants
        return _silu_slope(z.astype(np.float64)).astype(np.float32)
    n = -np.abs(z)
    near = _smallest(n) > -700.0  # further out cosh overflows
    if not near:
        n = np.maximum(n, -700.0)
    below = np.cosh(n)
    below += 1.0
    d = n + 1.2784645427610737
    slope = np.expm1(d)
    slope *= 0.27846454276107385
    slope += 1.3995343912896686e-16  # what is lost as z0 is no float64
    slope += d
    slope *= 0.5
    slope /= below
    slope = np.where(z < 0.0, slope, 1.0 - slope)
    if not near:
        slope = np.where(z < -700.0, _silu_tail(z, 1.0), slope)
    return slope[()]


def _silu_and_slope(z):
    """silu(z) and silu'(z), within 3.0 and 4.0 ULP (float32 3.7 and 0.6).

    Nothing is shared: the slope through exp instead of cosh would be off by 4.5 ULP.
    """
    return _silu(z), _silu_slope(z)


def _silu_tail(z, shift):
    """(shift + z)·exp(z) for z ≤ -87, as exp(z) may be subnormal through its two halves."""
    y = np.maximum(np.minimum(z, -87.0), -1600.0).astype(np.float64)  # exp(-800) is 0
    half = np.exp(0.5 * y)
    return ((shift + y) * half * half).astype(z.dtype)


# -- the error function and gelu ----------------------------------------------------------------


def _erf(z):
    """erf(z) = 2/√π ∫₀ᶻ exp(-t²) dt, within 3.1 ULP (float32 0.6).

    erf(x)² = 1 - exp(-x²·g(x²)) with a smooth g between 4/π and 1, so that one polynomial and no
    branch serve all x, and the root halves every error. g is the polynomial in s/(s + 8) - 1/2,
    s = x², fitted by least squares to -log(1 - erf²)/s at 60 Chebyshev nodes for 0 ≤ s ≤ 36,
    weighted by its effect on erf (mpmath, 60 digits; remaining relative error of erf 5e-20).
    """
    if z.dtype == np.float32:  # nearly exact; float32 would need other constants
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
    ), _powers(s / (s + 8.0) - 0.5))
    # fmt: on
    s *= g.reshape(z.shape)
    root = np.sqrt(-np.expm1(-s))
    root *= x / size  # ±1, but for the smallest x
    return root


def _erfc(z):
    """erfc(z) = 1 - erf(z) = 2Φ(-√2·z), within 3.6 ULP (float32 0.6).

    For x = |z| it is exp(-x²)·F(√2·x)/(7/8 + √2·x) with the smooth F of `_tail`, and
    erfc(-x) = 2 - erfc(x).
    """
    if z.dtype == np.float32:  # nearly exact; float32 would need other constants
        return _erfc(z.astype(np.float64)).astype(np.float32)
    x = np.minimum(np.abs(z), 28.0)  # erfc(28) rounds to 0
    w = _tail(_tail_powers(1.4142135623730951 * x)).reshape(z.shape)
    e, m = _gaussian(x, 1.0, 3.71484375, 0.0006954856105308912)
    below = 0.6187184335382291 + x  # 7/8/√2 + x
    m += (below - x - 0.6187184335382291) / below  # what the sum has lost in rounding
    w += (0.015625 + w) * m
    e /= below
    w *= e
    w += 0.015625 * e
    return np.where(z < 0.0, 2.0 - w, w)[()]


def _gelu(z):
    """gelu(z) = z·Φ(z) = max(z, 0) - |z|·Φ(-|z|), within 3.5 ULP (float32 0.6).

    This form needs the tail of Φ only, neither a branch nor erf: Φ(-x) = φ(x)·F(x)/(7/8 + x) with
    the smooth F of `_tail`.
    """
    if z.dtype == np.float32:  # nearly exact; float32 would need other constants
        return _gelu(z.astype(np.float64)).astype(np.float32)
    x = np.minimum(np.abs(z), 40.0)  # gelu(-40) rounds to 0
    w = _tail(_tail_powers(x)).reshape(z.shape)
    e, m = _gaussian(x, 0.5, 3.369140625, -0.0001749796694417636)
    below = 0.875 + x
    m += (below - 0.875 - x) / below  # what the sum has lost in rounding
    w += (0.015625 + w) * m
    e *= x / below
    w *= e
    w += 0.015625 * e
    return np.maximum(z, 0.0) - w


def _gelu_slope(z):
    """gelu'(z) = Φ(z) + z·φ(z), within 3.7 ULP, also next to its zero (float32 0.6).

    gelu'(-x) = φ(x)·(x0 - x)·K(x) with the smooth K of `_slope_tail`; gelu'(x) = 1 - gelu'(-x).
    """
    if z.dtype == np.float32:  # nearly exact; float32 would need other constants
        return _gelu_slope(z.astype(np.float64)).astype(np.float32)
    x = np.minimum(np.abs(z), 40.0)  # gelu'(-40) rounds to 0
    slope = _slope_tail(_tail_powers(x)).reshape(z.shape)
    e, m = _gaussian(x, 0.5, 3.369140625, -0.0001749796694417636)
    slope += (0.015625 + slope) * m
    e *= 0.7517915246935645 - x - 1.4956759177009883e-17  # x0 is no float64
    slope *= e
    slope += 0.015625 * e
    return np.where(z < 0.0, slope, 1.0 - slope)[()]


def _gelu_and_slope(z):
    """gelu(z) and gelu'(z), within 3.5 and 3.7 ULP (float32 0.6), as they are by themselves.

    Powers and Gaussian, three quarters of the work, serve both.
    """
    if z.dtype == np.float32:  # nearly exact; float32 would need other constants
        gelu, slope = _gelu_and_slope(z.astype(np.float64))
        return gelu.astype(np.float32), slope.astype(np.float32)
    x = np.minimum(np.abs(z), 40.0)
    powers = _tail_powers(x)
    w = _tail(powers).reshape(z.shape)
    slope = _slope_tail(powers).reshape(z.shape)
    del powers  # before more memory is needed
    e, m = _gaussian(x, 0.5, 3.369140625, -0.0001749796694417636)
    slope += (0.015625 + slope) * m
    factor = 0.7517915246935645 - x - 1.4956759177009883e-17
    factor *= e
    slope *= factor
    slope += 0.015625 * factor
    below = 0.875 + x
    m += (below - 0.875 - x) / below
    w += (0.015625 + w) * m
    e *= x / below
    w *= e
    w += 0.015625 * e
    return np.maximum(z, 0.0) - w, np.where(z < 0.0, slope, 1.0 - slope)[()]


def _gaussian(x, rate, shift, rest):
    """exp(shift + rest - rate·x²) as e·(1 + m), 0 ≤ x ≤ 40, rate 1 or 1/2, shift short.

    With h = x rounded to 1/512, shift - rate·h² is exact and m = exp(rest + rate·(h² - x²)) - 1
    small: the split of W. J. Cody, Math. Comp. 23 (1969) 631. The caller adds m where its rounding
    is damped, and chooses shift + rest so that φ or its like takes a power of two as its factor.
    """
    h = np.rint(x * 512.0)
    h *= 1.0 / 512.0
    m = h - x
    m *= h + x
    m *= rate
    m += rest
    h *= h
    h *= -rate
    h += shift
    return np.exp(h), np.expm1(m)


def _tail(powers):
    """c·F(x) - 1/64, where Φ(-x) = φ(x)·F(x)/(7/8 + x), x ≥ 0; F lies between 0.39 and 0.49·√(2π).

    The polynomial in t, `_tail_powers`, through 23 Chebyshev nodes for 0 ≤ x ≤ 40 (mpmath, 60
    digits; remaining relative error of F 5e-18). c makes it 0 at t = 0: the 1/64 left out is a
    factor without rounding. The form is that of M. M. Shepherd and J. G. Laframboise, Math. Comp.
    36 (1981) 249.
    """
    # fmt: off
    return _polynomial((
        0.0, -0.005151255622958841, 0.002544856923507817,
        0.0062054977495094275, -0.022192283302951293, 0.04219719883288985,
        -0.05811989351026588, 0.060665293930441865, -0.046188841645893215,
        0.021265853297725946, 0.0006062706078947431, -0.00913467173416728,
        0.005223648666211658, 0.0015095321358787695, -0.0031802518573841847,
        0.00039349457839491756, 0.0015554216498220182, -0.0005734111736659294,
        -0.0007686454666656526, 0.00040320998230168863, 0.00038963285003277263,
        -0.00019470684710475215, -0.00014848657300165082, 3.8018997996592154e-05,
    ), powers)
    # fmt: on


def _slope_tail(powers):
    """c·K(x) - 1/64, where gelu'(-x) = φ(x)·(x0 - x)·K(x), x ≥ 0, and gelu'(-x0) = 0.

    Fitted as `_tail` is, with the same c: t = 0 is where F and K are equal (remaining relative
    error of K 1e-18).
    """
    # fmt: off
    return _polynomial((
        0.0, -0.006441713401803126, 0.009432965199663029,
        -0.012220653318091993, 0.013815611532691617, -0.013345406575477116,
        0.010625518493685687, -0.006479094182266088, 0.002434386127465324,
        0.00014031048199369535, -0.0008615393512706349, 0.0004244737075909573,
        0.00012021876498922165, -0.00021987331779352908, 2.5219913012450562e-05,
        9.190808519997494e-05, -3.3395240821883615e-05, -4.0142043478596445e-05,
        2.3036401895141672e-05, 2.1611233724718263e-05, -1.4618756407607942e-05,
        -1.5639055305808778e-05, 7.177563135069572e-06, 9.67923370511828e-06,
    ), powers)
    # fmt: on


def _tail_powers(x):
    """Powers of t = x/(x + 11/2) - 0.46…, between -0.47 and 0.42, for `_tail` and `_slope_tail`."""
    return _powers(x / (x + 5.5) - 0.46285882114615007)


def _powers(t):
    """t⁰ … t⁸, a row each, of t made flat, and three rows of room for `_polynomial`.

    One block of memory, not many: C libraries return those to the system at every call.
    """
    powers = np.empty((12, t.size))
    powers[0] = 1.0
    powers[1] = t.ravel()
    np.multiply(powers[1], powers[1], out=powers[2])
    np.multiply(powers[1:3], powers[2], out=powers[3:5])
    np.multiply(powers[1:5], powers[4], out=powers[5:9])
    return powers


def _polynomial(coefficients, powers):
    """Σ c_k·tᵏ of 24 coefficients, lowest first, from `_powers`: Horner in t⁸.

    Its three digits come from one matrix product: half the time of 23 Horner steps for short
    arrays, less for long ones.
    """
    digits = np.array(coefficients).reshape(3, 8)
    low, middle, high = np.dot(digits, powers[:8], out=powers[9:])
    high *= powers[8]
    high += middle
    high *= powers[8]
    return high + low
