"""Judge of kernels: how many units of the last place a kernel is off, by ball arithmetic.

Every true value comes with a proven error bound (python-flint's arb), and the precision is
doubled until that bound is 2⁻⁸⁰ of the value.
"""

import math
from functools import cache

import numpy as np
from flint import arb, ctx

from symback.codegen.numpy import kernels
from tests.cases.elementwise import CASES

BOUND = 4  # ULP; below the normal range, units of the subnormal grid
DTYPES = (np.float64, np.float32)


MEANING = {
    **{name: case.digits for name, case in CASES.items() if case.digits is not None},
    **{f"{name}_slope": case.slope for name, case in CASES.items() if case.slope is not None},
}
"""By name: what a kernel computes, as the rows of operations say."""
FORMS = [(f"_{name}", (name,)) for name in MEANING]
FORMS += [(f"_{name}_and_slope", (name, f"{name}_slope")) for name in CASES]
KERNELS = {name: of for name, of in FORMS if hasattr(kernels, name)}
"""Each kernel of one number, with what it returns."""
ZEROS = (-1.2784645427610738, -0.7517915246935645)  # of silu' and gelu'


def call(name, z, namespace=None):
    """What the kernel returns, as a tuple; any floating-point warning but underflow raises."""
    kernel = vars(kernels)[name] if namespace is None else namespace[name]
    with np.errstate(all="raise", under="ignore"):
        values = kernel(z)
    return values if isinstance(values, tuple) else (values,)


@cache
def true_value(meaning, z):
    """A ball around the value at the float z, its radius at most 2⁻⁸⁰ of it."""
    digits = MEANING[meaning]
    if abs(z) > 2000:
        return arb((digits.low if z < 0 else digits.high)(z))
    precision = 128
    while True:
        with ctx.workprec(precision):
            ball = digits.value(arb(z))
        if ball.rel_accuracy_bits() >= 80 or ball == 0:
            return ball
        precision *= 2
        assert precision < 2**16, (meaning, z)


def error(got, meaning, z, dtype):
    """|got - truth| in units of the last place that dtype has at the truth."""
    if not math.isfinite(got):
        return math.inf
    truth = true_value(meaning, z)
    info = np.finfo(dtype)
    with ctx.workprec(256):
        mantissa, exponent = (int(part) for part in truth.mid().man_exp())
        place = max(exponent + abs(mantissa).bit_length() - 1, int(info.minexp))
        unit = (
            arb(2) ** (place - int(info.nmant)) if mantissa else arb(float(info.smallest_subnormal))
        )
        return float(abs(arb(got) - truth).mid() / unit)


def worst(name, zs, namespace=None):
    """The largest error of the kernel over an array, and where it is met."""
    found = (0.0, "nowhere")
    for meaning, values in zip(KERNELS[name], call(name, zs, namespace), strict=True):
        for z, got in zip(zs.tolist(), values.tolist(), strict=True):
            found = max(found, (error(got, meaning, z, zs.dtype), f"{meaning}({z!r}) = {got!r}"))
    return found


def near_points(dtype):
    """Points at which no kernel leaves its fast path: log-uniform, uniform, next to the zeros."""
    rng = np.random.default_rng(7)
    info = np.finfo(dtype)
    signs = rng.choice([-1.0, 1.0], 500)
    sizes = 2.0 ** np.concatenate(
        [rng.uniform(info.minexp - info.nmant, 6.3, 150), rng.uniform(-6, 6.3, 350)]
    )
    steps = 2.0 ** rng.uniform(-info.nmant, -2, (2, 40)) * rng.choice([-1.0, 1.0], (2, 40))
    roots = (np.array(ZEROS)[:, None] + steps).ravel()
    small = 2.0 ** rng.uniform(-60, -6, 60)  # where a threshold next to 0 would show
    points = np.concatenate([signs * sizes, rng.uniform(-6, 6, 200), roots, small, -small])
    points = points.astype(dtype)
    beside = np.array(ZEROS, dtype)
    for _ in range(3):
        beside = np.concatenate([np.nextafter(beside, dtype(-9)), beside, np.nextafter(beside, 0)])
    return np.concatenate([points, np.unique(beside)]).astype(dtype)


def far_points(dtype):
    """All that is left: up to the largest number, where results are subnormal, special values."""
    rng = np.random.default_rng(8)
    info = np.finfo(dtype)
    sizes = 2.0 ** rng.uniform(6, info.maxexp - 1, 100)
    tails = np.concatenate(
        [
            rng.uniform(80, 110, 60),  # float32: exp
            rng.uniform(690, 760, 80),  # float64: exp
            rng.uniform(345, 380, 40),  # float64: tanh'
            rng.uniform(40, 56, 30),  # float32: tanh'
            rng.uniform(12.5, 15, 40),  # float32: gelu; erfc from 9
            rng.uniform(9, 10.5, 20),
            rng.uniform(36.5, 39.5, 80),  # float64: gelu; erfc from 26
            rng.uniform(26, 28, 40),
        ]
    )
    special = [0.0, info.smallest_subnormal, info.tiny, info.max, 1.0, 6.0, 28.0, 40.0, 87.0, 700.0]
    thresholds = np.multiply.outer([87.0, 150.0, 300.0, 700.0], [1 - 1e-11, 1 + 1e-11]).ravel()
    points = np.concatenate([sizes, tails, special, thresholds]).astype(dtype)
    return np.concatenate([points, -points])


def constants(name):
    """The float constants of a kernel, and the table of coefficients if there is one."""
    found = vars(kernels)[name].__code__.co_consts
    tables = [c for c in found if isinstance(c, tuple) and len(c) == 24]
    return {c for c in found if isinstance(c, float)}, tables[0] if tables else None
