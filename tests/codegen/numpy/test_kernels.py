"""The NumPy kernels: digits over the whole range, special values, dtypes, shapes, provenance.

Their judge is tests/cases/kernel_digits.py.
"""

import dis
import inspect
import itertools
import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest

from symback.codegen.numpy import (
    array_kernels,
    bessel_kernels,
    difference_kernels,
    edge_kernels,
    entropy_kernels,
    exponential_kernels,
    gamma_kernels,
    incomplete_kernels,
    inverse_kernels,
    kernels,
    remainder_kernels,
    rise_kernels,
    series_kernels,
    special_kernels,
    stirling_kernels,
)
from symback.codegen.numpy.printer import FUNCTIONS, VALUE_AND_SLOPE
from tests.cases.kernel_digits import (
    BOUND,
    DTYPES,
    KERNELS,
    MEANING,
    call,
    constants,
    error,
    far_points,
    near_points,
    worst,
)
from tests.cases.one_in import one_in

# -- digits -------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", KERNELS)
def test_digits(name, dtype):
    """Apart, as one far element sends an array down the slower path, also one of either sign; then
    together."""
    near, far = near_points(dtype), far_points(dtype)
    middle = far[np.abs(far) < 299]
    for points in (near, middle, far[far > 0], far[far < 0], far, np.concatenate([near, far])):
        ulp, place = worst(name, points)
        assert ulp <= BOUND, place


def test_the_judge_knows_an_ulp():
    half = np.float64(0.5)
    assert error(0.5, "sigma", 0.0, np.float64) == 0
    assert error(float(np.nextafter(half, 1)), "sigma", 0.0, np.float64) == 1
    assert error(float(np.nextafter(half, 0)), "sigma", 0.0, np.float64) == 0.5
    assert error(float(np.nextafter(np.float32(0.5), 1)), "sigma", 0.0, np.float32) == 1
    assert error(0.0, "sigma", -745.0, np.float64) == pytest.approx(0.57125, abs=1e-4)
    assert error(2 * 5e-324, "sigma", -1e9, np.float64) == 2
    assert error(math.nan, "sigma", 0.0, np.float64) == math.inf


# what is planted → kernel, right text, wrong text
PLANTED = {
    "a slip of 1e-3": ("_softplus", "return np.log1p(", "return 1.001 * np.log1p("),
    "a slip of 1e-15": ("_tanh_slope", "square += 1.0", "square += 1.0 + 1e-15"),
    "no choice by sign": ("_sigma_and_slope", "np.maximum(e, z >= 0.0)", "np.maximum(e, 1.0)"),
    "a clip instead of a guard": (
        "_silu",
        "if _smallest(z) > -87.0:",
        "z = np.maximum(z, -87.0)\n    if True:",
    ),
    "no subnormals": ("_silu", "((shift + y) * half * half)", "((shift + y) * np.exp(y))"),
    "a zero that is a float": ("_silu_slope", "1.3995343912896686e-16", "0.0"),
    "half of the zero of gelu'": ("_gelu_slope", "- x - 1.4956759177009883e-17", "- x"),
    "a coefficient of g": ("_erf", "0.11286893656395189", "0.11286893656395589"),
    "a coefficient of F": ("_gelu", "0.002544856923507817", "0.002544856923517817"),
    "a coefficient of K": ("_gelu_and_slope", "0.009432965199663029", "0.009432965199673029"),
    "a float32 intermediate": ("_erfc", "e /= below", "e = e.astype('f4') / below"),
    "a rounded square": ("_gelu", "m = h - x", "m = h - h"),
    "a clipped argument": ("_tanh_slope", "np.abs(z)", "np.minimum(np.abs(z), 370.0)"),
    "a sign": ("_logsigmoid", "return -_softplus(-z)", "return -_softplus(z)"),
}


@pytest.mark.parametrize("planted", PLANTED)
def test_planted_errors_are_found(planted):
    name, right, wrong = PLANTED[planted]
    source = inspect.getsource(kernels)
    assert right in source
    namespace = {}
    exec(source.replace(right, wrong), namespace)
    points = (near_points(np.float64), far_points(np.float64))
    assert max(worst(name, zs, namespace)[0] for zs in points) > BOUND


def test_float32_needs_its_detours():
    """Without the detour through float64 the kernels that take it would be out of bounds."""
    source = inspect.getsource(kernels).replace("z.dtype == np.float32", "z.dtype == np.float16")
    source = source.replace("np.empty((12, t.size))", "np.empty((12, t.size), t.dtype)")
    source = source.replace("np.array(coefficients)", "np.array(coefficients, powers.dtype)")
    namespace = {}
    exec(source, namespace)
    zs = np.linspace(-14, 14, 1001, dtype=np.float32)
    for name in ("_silu_slope", "_erfc", "_gelu", "_gelu_slope", "_gelu_and_slope"):
        assert worst(name, zs, namespace)[0] > BOUND, name


@pytest.mark.parametrize("name, side", [("_gelu", -1), ("_gelu_and_slope", -1), ("_erfc", 1)])
def test_what_a_sum_has_lost_is_put_back(name, side):
    """An error below the bound: 0.59 ULP in the mean, 0.7 without the correction, 0.9 with its
    sign wrong."""
    zs = side * np.random.default_rng(1).uniform(0.01, 1, 400)
    values = call(name, zs)[0]
    meaning = KERNELS[name][0]
    errors = [
        error(got, meaning, z, np.float64)
        for z, got in zip(zs.tolist(), values.tolist(), strict=True)
    ]
    assert np.sqrt(np.mean(np.square(errors))) < 0.615


# -- special values, bounds and symmetries ------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", KERNELS)
def test_infinities(name, dtype):
    values = call(name, np.array([-np.inf, np.inf], dtype))
    for meaning, (left, right) in zip(KERNELS[name], values, strict=True):
        digits = MEANING[meaning]
        assert (left, right) == (digits.low(-math.inf), digits.high(math.inf))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("others", [(-1.0, 0.5, 2.0), (-1e6, -800.0, 0.0, 800.0, 1e6, np.inf)])
def test_nan_stays_where_it_is(name, dtype, others):
    clean = np.array([others[0], *others], dtype)
    dirty = np.concatenate([clean[:1], np.array([np.nan], dtype), clean[1:]])
    for with_nan, without in zip(call(name, dirty), call(name, clean), strict=True):
        assert np.isnan(with_nan).tolist() == np.isnan(dirty).tolist()
        np.testing.assert_array_max_ulp(np.delete(with_nan, 1), without, 2 * BOUND, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_bounds_are_kept(dtype):
    zs = np.concatenate([near_points(dtype), far_points(dtype)])
    (sigma_,), (erf,), (erfc,) = call("_sigma", zs), call("_erf", zs), call("_erfc", zs)
    assert sigma_.min() >= 0 and sigma_.max() <= 1
    assert np.abs(erf).max() <= 1
    assert erfc.min() >= 0 and erfc.max() <= 2
    for name in ("_sigma_slope", "_tanh_slope", "_softplus"):
        assert call(name, zs)[0].min() >= 0
    assert call("_logsigmoid", zs)[0].max() <= 0


@pytest.mark.parametrize("dtype", DTYPES)
def test_symmetries_are_exact(dtype):
    zs = np.concatenate([near_points(dtype), far_points(dtype)])
    for name in ("_sigma_slope", "_tanh_slope"):
        np.testing.assert_array_equal(*call(name, zs), *call(name, -zs))
    np.testing.assert_array_equal(*call("_erf", zs), -call("_erf", -zs)[0])
    assert np.signbit(call("_erf", np.array([-0.0], dtype))[0]).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", [name for name in KERNELS if name.endswith("_and_slope")])
def test_slopes_are_those_of_the_slope_kernels(name, dtype):
    for zs in (near_points(dtype), far_points(dtype)):
        slope = call(name.replace("_and", ""), zs)[0]
        np.testing.assert_array_max_ulp(call(name, zs)[1], slope, 2 * BOUND, dtype=dtype)


# kernel of arrays, operands, and what it gives where a plain formula would divide by 0 or take
# the log of what is negative
AT_EDGES = [
    ("_normalized", ([0.0, 0.0], 0.0, (0,)), [0.0, 0.0]),
    ("_normalized", ([3e-10, -4e-10], 5e-10, (0,)), [0.6, -0.8]),
    ("_normalized", ([[3.0, 4.0], [0.0, 0.0]], [5.0, 0.0], (1,)), [[0.6, 0.8], [0.0, 0.0]]),
    ("_normalized", ([0.0, math.nan], math.nan, (0,)), [math.nan, math.nan]),
    ("_logdet", ([[2.0, 0.0], [0.0, 3.0]],), math.log(6)),
    ("_logdet", ([[-2.0, 0.0], [0.0, -3.0]],), math.log(6)),
    ("_logdet", ([[-2.0, 0.0], [0.0, 3.0]],), math.nan),
    ("_logdet", ([[1.0, 2.0], [2.0, 4.0]],), -math.inf),
    ("_one_hot", (2, [0.5, 0.0, 1.0]), [0.0, 0.0, 1.0]),
    ("_one_hot", ([1.0, 0.0], [[0.5, 1.0], [2.0, 3.0]]), [[0.0, 1.0], [1.0, 0.0]]),
    ("_argmax_mask", ([2.0, 1.0, 2.0], 2.0, (0,)), [0.5, 0.0, 0.5]),
]


@pytest.mark.parametrize(("name", "operands", "expected"), AT_EDGES)
def test_kernels_of_arrays_at_edges(name, operands, expected):
    for dtype in DTYPES:
        given = [np.array(o, dtype) if isinstance(o, list | float) else o for o in operands]
        found = vars(array_kernels)[name](*given)
        assert found.dtype == dtype
        np.testing.assert_allclose(found, expected, rtol=4 * np.finfo(dtype).eps)


# -- dtypes, shapes, purity ---------------------------------------------------------------------

SHAPES = [(), (0,), (1,), (7,), (2, 3), (2, 0), (2, 1, 3)]


@pytest.mark.parametrize("far", [False, True], ids=["near", "far"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", one_in(2, KERNELS))
def test_dtype_and_shape_are_kept(name, dtype, shape, far):
    count = math.prod(shape)
    flat = np.linspace(-800 if far else -3, 5, max(count, 1)).astype(dtype)
    expected = call(name, flat)
    assert flat.size
    for z in _forms(flat[:count].reshape(shape)):
        before = z.copy()
        for got, whole in zip(call(name, z), expected, strict=True):
            assert got.dtype == dtype and got.shape == shape
            np.testing.assert_array_max_ulp(
                got, whole[:count].reshape(shape), 2 * BOUND, dtype=dtype
            )
            assert not np.shares_memory(got, z)
        np.testing.assert_array_equal(z, before)


def _forms(z):
    """The same numbers read-only, not contiguous and in Fortran's order, and as a scalar."""
    z.flags.writeable = False
    yield z
    yield np.array(z, order="F")
    if z.ndim:
        yield np.repeat(z, 2, axis=-1)[..., ::2]
    else:
        yield z[()]


@pytest.mark.parametrize("name", [name for name in KERNELS if name.endswith("_and_slope")])
def test_results_share_no_memory(name):
    assert not np.shares_memory(*call(name, np.linspace(-3, 3, 9)))


@pytest.mark.parametrize("name", KERNELS)
def test_threads_do_not_meet(name):
    inputs = [np.linspace(-9 - i, 9, 301) for i in range(8)]
    alone = [call(name, z) for z in inputs]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda z: call(name, z), inputs * 5))
    for values, expected in zip(together, alone * 5, strict=True):
        np.testing.assert_array_equal(values, expected)


@pytest.mark.parametrize("shape", [(65, 16), (65, 17), (64, 3), (65, 3), (65, 4, 4), (900, 2)])
def test_layouts_of_arrays(shape):
    """Entries lie side by side over the samples where these are many and those few."""
    rows = np.arange(np.prod(shape), dtype=float).reshape(shape)
    moved = np.prod(shape[1:]) <= 16 and shape[0] > 64
    found = array_kernels._side_by_side(rows)
    assert np.array_equal(found, rows) and (found.strides[0] == rows.itemsize) == moved
    back, number = array_kernels._row_by_row(np.asfortranarray(rows), np.float64(2))
    assert np.array_equal(back, rows) and back.strides == rows.strides
    assert number.shape == () and number == 2


def test_smallest_and_largest():
    for z in ([3.0, -2.0, 5.0], [[1.0, 7.0], [-4.0, 2.0]]):
        for form in _forms(np.array(z)):
            assert kernels._smallest(form) == np.min(z)
            assert kernels._largest(form) == np.max(z)
    for extreme in (kernels._smallest, kernels._largest):
        assert extreme(np.empty((0, 3))) == 0
        assert extreme(np.float32(2.5)) == 2.5
        assert math.isnan(extreme(np.array([1.0, np.nan, -np.inf, np.inf])))


# -- where the constants come from --------------------------------------------------------------


def _chebyshev(low, high, count):
    middle, half = (low + high) / 2, (high - low) / 2
    return [middle + half * mp.cos(mp.pi * (2 * k + 1) / (2 * count)) for k in range(count)]


@pytest.fixture
def sixty_digits():
    with mp.workdps(60):
        yield


def _exponent(s):
    """g(s) = -log(1 - erf(√s)²)/s."""
    x = mp.sqrt(s)
    return -(mp.log(mp.erfc(x)) + mp.log1p(mp.erf(x))) / s


@pytest.mark.usefixtures("sixty_digits")
def test_g_follows_from_its_derivation():
    top = mp.mpf(36) / 44 - mp.mpf(1) / 2
    ts = _chebyshev(-mp.mpf(1) / 2, top, 60)
    ss = [8 * (t + 0.5) / (0.5 - t) for t in ts]
    gs = [_exponent(s) for s in ss]
    weights = [s * g / mp.expm1(s * g) / 2 for s, g in zip(ss, gs, strict=True)]
    rows = mp.matrix([[w * t**j for j in range(24)] for w, t in zip(weights, ts, strict=True)])
    right = mp.matrix([w * g for w, g in zip(weights, gs, strict=True)])
    fitted, _ = mp.qr_solve(rows, right)
    assert tuple(float(c) for c in fitted) == constants("_erf")[1]
    for t, w in zip(ts[::7], weights[::7], strict=True):
        t += mp.mpf(1) / 500
        s = 8 * (t + 0.5) / (0.5 - t)
        value = mp.polyval(list(fitted)[::-1], t)
        assert abs(value / _exponent(s) - 1) * w < 1e-19


@pytest.mark.usefixtures("sixty_digits")
def test_tails_follow_from_their_derivation():
    """F and K of Φ(-x) = φ(x)·F(x)/(7/8 + x) and gelu'(-x) = φ(x)·(x0 - x)·K(x)."""
    half, eighth = mp.mpf(1) / 2, mp.mpf(1) / 8

    def mills(x):  # Φ(-x)/φ(x)
        return mp.sqrt(mp.pi / 2) * mp.exp(x * x / 2) * mp.erfc(x / mp.sqrt(2))

    zero = mp.findroot(lambda x: mills(x) - x, 0.75)
    tails = {
        "_tail": lambda x: (7 * eighth + x) * mills(x) / mp.sqrt(2 * mp.pi),
        "_slope_tail": lambda x: (mills(x) - x) / (zero - x) / mp.sqrt(2 * mp.pi),
    }
    meet = mp.findroot(lambda x: tails["_tail"](x) - tails["_slope_tail"](x), (4, 5))
    (center,) = constants("_tail_powers")[0] - {5.5}
    assert center == float(meet / (meet + 5.5))

    def place(t):
        return 11 * half * (t + center) / (1 - t - center)

    scale = 1 / (64 * tails["_tail"](place(mp.mpf(0))))
    ts = _chebyshev(mp.mpf(-center), mp.mpf(40) / (40 + 11 * half) - center, 23)
    rows = mp.matrix([[t**j for j in range(1, 24)] for t in ts])
    for name, tail in tails.items():
        fitted = mp.lu_solve(rows, mp.matrix([scale * tail(place(t)) - mp.mpf(1) / 64 for t in ts]))
        coefficients = (0.0, *(float(c) for c in fitted))
        assert coefficients == constants(name)[1]
        for t in (a + (b - a) / 3 for a, b in itertools.pairwise(ts)):
            value = mp.mpf(1) / 64 + t * mp.polyval(list(fitted)[::-1], t)
            assert abs(value / (scale * tail(place(t))) - 1) < 1e-17

    assert {float(zero), -float(zero - float(zero))} <= constants("_gelu_slope")[0]
    assert float(7 * eighth / mp.sqrt(2)) in constants("_erfc")[0]
    for name, factor in {"_gelu": 1, "_gelu_slope": 1, "_gelu_and_slope": 1, "_erfc": 2}.items():
        shift = -mp.log(scale) + mp.log(factor) / 2
        short = mp.nint(512 * shift) / 512
        found = {abs(c) for c in constants(name)[0]}
        assert {float(short), abs(float(shift - short))} <= found, name


@pytest.mark.usefixtures("sixty_digits")
def test_the_zero_of_silu_slope():
    zero = 1 + mp.lambertw(mp.exp(-1)).real
    rounded = float(zero)
    factor = mp.exp(-mp.mpf(rounded))
    lost = 1 - mp.mpf(rounded) + factor
    assert {rounded, float(factor), float(lost)} <= constants("_silu_slope")[0]


# -- what a generated module needs --------------------------------------------------------------


def _functions():
    return {name for name, value in vars(kernels).items() if inspect.isfunction(value)}


def _callees(name):
    """The global names that a function loads, but for NumPy."""
    code = dis.get_instructions(vars(kernels)[name])
    return {step.argval for step in code if step.opname == "LOAD_GLOBAL"} - {"np"}


def test_kernels_need_numpy_and_each_other_only():
    assert _functions()
    for name in _functions():
        assert _callees(name) <= _functions()
        assert not vars(kernels)[name].__annotations__


def test_the_module_holds_no_state():
    names = {name for name in vars(kernels) if not name.startswith("__")}
    assert names == _functions() | {"np"}


def test_lines_fit():
    assert max(map(len, Path(kernels.__file__).read_text(encoding="utf-8").splitlines())) <= 100


def test_every_function_is_covered():
    """Each function is a kernel of the table or serves one, and the printer asks for no other."""
    reached = set(KERNELS)
    while more := {callee for name in reached for callee in _callees(name)} - reached:
        reached |= more
    assert reached == _functions()
    wanted = {*FUNCTIONS.values(), *VALUE_AND_SLOPE.values()}
    # tests/stable/test_stable.py, tests/operations/test_edge_partials.py and
    # test_special_kernels.py have their digits
    families = (series_kernels, edge_kernels, exponential_kernels, special_kernels)
    families = (*families, entropy_kernels, difference_kernels, remainder_kernels)
    families = (*families, gamma_kernels, inverse_kernels, rise_kernels)
    families = (*families, bessel_kernels, incomplete_kernels, stirling_kernels)
    elsewhere = {name for family in families for name in vars(family)}
    assert {name for name in wanted if name.startswith("_")} <= set(KERNELS) | elsewhere
    assert {meaning for meanings in KERNELS.values() for meaning in meanings} == set(MEANING)
