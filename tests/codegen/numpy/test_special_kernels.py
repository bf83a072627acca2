"""Kernels of special functions in all languages, beside mpmath, and their limits."""

import ctypes
import json
import re
import shutil
import subprocess

import numpy as np
import pytest
from mpmath import mp

from symback.codegen.c import kernels as c
from symback.codegen.c.printer import kernel_sources as c_sources
from symback.codegen.javascript import kernels as javascript
from symback.codegen.numpy import (
    bessel_kernels,
    difference_kernels,
    entropy_kernels,
    exponential_kernels,
    gamma_kernels,
    incomplete_kernels,
    inverse_kernels,
    remainder_kernels,
    rise_kernels,
    special_kernels,
    stirling_kernels,
)
from symback.codegen.rust.printer import kernel_sources as rust_sources
from symback.operations import special
from symback.operations.elementwise import OPS, SLOPES
from tests.cases.compilers import COMPILER, compiles
from tests.cases.one_in import one_in
from tests.cases.special_kernels import MEANING, TOLERANCE, operands_of, true_value, worst

DTYPES = (np.float64, np.float32)
NODE, RUSTC = shutil.which("node"), shutil.which("rustc")
FAMILIES = (
    exponential_kernels,
    special_kernels,
    entropy_kernels,
    difference_kernels,
    remainder_kernels,
    gamma_kernels,
    rise_kernels,
    stirling_kernels,
    bessel_kernels,
    incomplete_kernels,
    inverse_kernels,
)
KERNELS = {name: kernel for family in FAMILIES for name, kernel in vars(family).items()}
needs_node = pytest.mark.skipif(NODE is None, reason="needs node")


def numpy_kernel(name):
    kernel = KERNELS[f"_{name}"]

    def call(*operands):
        with np.errstate(all="raise", under="ignore"):
            return kernel(*operands)

    return call


def test_every_kernel_has_a_meaning():
    named = {name for name in special.__all__ if name in OPS}
    named |= {
        f"{op.name}_slope" for s, op in SLOPES.items() if s.__module__.startswith(special.__name__)
    }
    assert named == set(MEANING)


@pytest.mark.parametrize("dtype", one_in(4, DTYPES))
@pytest.mark.parametrize("name", one_in(16, MEANING))
def test_numpy_kernels_keep_their_digits(name, dtype):
    ulp, place = worst(name, numpy_kernel(name), dtype)
    assert ulp <= TOLERANCE, place


@pytest.mark.parametrize("name", MEANING)
def test_shapes_and_dtypes(name):
    operands = [o[:6] for o in operands_of(name)]
    for dtype in DTYPES:
        given = [o.astype(dtype) for o in operands]
        with np.errstate(all="ignore"):
            whole = KERNELS[f"_{name}"]
            got = whole(*given)
            assert got.dtype == dtype and got.shape == (6,)
            assert whole(*(o[0] for o in given)).dtype == dtype
            assert whole(*(o.reshape(2, 3) for o in given)).shape == (2, 3)
            assert whole(*(o[:0] for o in given)).shape == (0,)
            if len(given) > 1:  # a constant of the formula is a plain number
                assert whole(float(given[0][0]), *given[1:]).dtype == dtype


@pytest.mark.parametrize("name", [n for n in MEANING if f"{n}_slope" in MEANING])
def test_values_and_slopes_together_are_what_they_are_alone(name):
    operands = operands_of(name)
    both = KERNELS[f"_{name}_and_slope"]
    with np.errstate(all="ignore"):
        for got, part in zip(both(*operands), (name, f"{name}_slope"), strict=True):
            np.testing.assert_array_equal(got, KERNELS[f"_{part}"](*operands))


# kernel → what it is close to at -1e200 and 1e200
LIMITS = {
    "exprel": (0, np.inf),
    "exprel_slope": (0, np.inf),
    "inv_exprel": (1e200, 0),
    "inv_exprel_slope": (-1, 0),
    "inv_expm1": (-1, 0),
    "log_sinhc": (1e200, 1e200),
    "langevin": (-1, 1),
    "langevin_slope": (0, 0),
    "tanhc": (0, 0),
    "tanhc_slope": (0, 0),
    "erfcx": (np.inf, 0),
    "erfcx_slope": (-np.inf, 0),
    "log_erfc": (np.log(2), -np.inf),
    "log_ndtr": (-np.inf, 0),
}


@pytest.mark.parametrize("name", LIMITS)
def test_limits_and_nan(name):
    *got, nan = numpy_kernel(name)(np.array([-1e200, 1e200, np.nan]))
    np.testing.assert_allclose(got, LIMITS[name], rtol=1e-15, atol=1e-190)
    assert np.isnan(nan)


FAR = [
    ("expdivdiff", (-0.5, -0.55, np.inf), 0.0),
    ("expdivdiff", (-0.5, -0.5, np.inf), 0.0),
    ("expdivdiff", (0.0, -0.5, np.inf), 2.0),
    ("expdivdiff", (-0.5, 0.0, np.inf), 2.0),
    ("expdivdiff", (0.5, -0.5, np.inf), np.inf),
    ("expdivdiff", (0.5, 0.55, -np.inf), 0.0),
    ("expdivdiff", (-np.inf, -0.5, 2.0), 0.0),
    ("bateman", (0.5, 0.3, np.inf), 0.0),
    ("bateman_slope", (0.5, 0.3, np.inf), 0.0),
    ("bateman_slope", (0.5, 0.49, np.inf), 0.0),
    ("bateman_slope", (0.5, 0.5, np.inf), 0.0),
]


@pytest.mark.parametrize(("name", "at", "limit"), FAR)
def test_decays_have_their_limits(name, at, limit):
    assert numpy_kernel(name)(*map(np.array, at)) == limit
    if limit == 0.0:
        assert numpy_kernel(name)(*at[:-1], 1e300 * np.sign(at[-1])) == 0.0


# products of what is below the smallest normal float and of what lifts them above it
BELOW = [
    ("exprel_slope", (-740.0,)),
    ("inv_exprel", (722.0,)),
    ("inv_exprel_slope", (722.0,)),
    ("overexpm1_slope", (1.02905, 702.371)),
    ("expdivdiff", (-7.0, -7.25, 1e2)),
]


@pytest.mark.parametrize(("name", "at"), BELOW)
def test_subnormal_results_are_rounded_once(name, at):
    true, _ = true_value(name, at)
    got = float(numpy_kernel(name)(*map(np.array, at)))
    assert abs(mp.mpf(got) - true) <= mp.mpf(2) ** -1074 + 3e-16 * abs(true)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kernels")
    text = "".join(f"#include <{h}.h>\n" for h in ("math", "stddef", "stdint", "string"))
    text += "\n".join(c_sources(f"{c.PREFIX}{name}(" for name in MEANING))
    for name in MEANING:
        count = len(operands_of(name))
        given = ", ".join(f"const double *x{i}" for i in range(count))
        at = ", ".join(f"x{i}[i]" for i in range(count))
        at = f"{count // 2}, (const double[]){{{at}}}" if name == "logwsumexp" else at
        text += f"void all_{name}({given}, double *y, size_t n)\n"
        text += f"{{ for (size_t i = 0; i < n; i++) y[i] = symback_{name}({at}); }}\n"
    (folder / "all.c").write_text(text)
    command = [COMPILER, "-std=c99", "-O2", "-fno-math-errno", "-shared", "-fPIC"]
    subprocess.run([*command, "all.c", "-o", "all.so", "-lm"], cwd=folder, check=True)
    return ctypes.CDLL(str(folder / "all.so"))


def by_library(library, name):
    """A kernel of a compiled library, of arrays."""

    def call(*operands):
        arrays = [np.ascontiguousarray(o) for o in operands]
        values = np.empty_like(arrays[0])
        pointers = [ctypes.c_void_p(a.ctypes.data) for a in (*arrays, values)]
        getattr(library, f"all_{name}")(*pointers, ctypes.c_size_t(values.size))
        return values

    return call


@compiles
@pytest.mark.parametrize("name", one_in(8, MEANING))
def test_c_kernels_keep_their_digits(name, compiled):
    ulp, place = worst(name, by_library(compiled, name))
    assert ulp <= TOLERANCE, place


@pytest.fixture(scope="module")
def of_rust(tmp_path_factory):
    """All kernels in one library of Rust."""
    folder = tmp_path_factory.mktemp("kernels")
    text = "\n\n".join(rust_sources(f"_{name}(" for name in MEANING))
    for name in MEANING:
        count = len(operands_of(name))
        given = ", ".join(f"x{i}: *const f64" for i in range(count))
        at = ", ".join(f"*x{i}.add(i)" for i in range(count))
        at = f"&[{at}]" if name == "logwsumexp" else at
        text += f'\n#[no_mangle]\nunsafe extern "C" fn all_{name}({given}, y: *mut f64, n: usize)\n'
        text += f"{{ for i in 0..n {{ *y.add(i) = _{name}({at}); }} }}\n"
    (folder / "all.rs").write_text(text, encoding="utf-8")
    command = [RUSTC, "--edition=2021", "--crate-type=cdylib", "-Copt-level=1", "-Awarnings"]
    subprocess.run([*command, "-o", "all.so", "all.rs"], cwd=folder, check=True)
    return ctypes.CDLL(str(folder / "all.so"))


@pytest.mark.slow
@pytest.mark.skipif(RUSTC is None, reason="needs rustc")
@pytest.mark.parametrize("name", MEANING)
def test_rust_kernels_keep_their_digits(name, of_rust):
    ulp, place = worst(name, by_library(of_rust, name))
    assert ulp <= TOLERANCE, place


@needs_node
@pytest.mark.parametrize("name", one_in(24, MEANING))
def test_javascript_kernels_keep_their_digits(name):
    code = "\n".join(map(javascript.source, sorted(javascript.names())))

    def call(*operands):
        rows = json.dumps([list(row) for row in zip(*(o.tolist() for o in operands), strict=True)])
        text = f"{code}\nconsole.log({rows}.map((r) => String(_{name}(...r))).join(' '))"
        run = subprocess.run([NODE, "-"], input=text, capture_output=True, text=True, check=True)
        return np.array([float(re.sub("Infinity", "inf", v)) for v in run.stdout.split()])

    ulp, place = worst(name, call)
    assert ulp <= TOLERANCE, place
