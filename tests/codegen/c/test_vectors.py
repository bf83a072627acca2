"""Functions of <math.h> in loops of vector code: their digits, and which loops take them."""

from __future__ import annotations

import ctypes
import math
import subprocess

import numpy as np
import pytest
from mpmath import mp

import symback as sb
from symback.codegen.c.printer import kernel_sources
from symback.codegen.c.vectors import WITHOUT_BRANCHES
from symback.codegen.generate import render_files
from tests.cases.compilers import COMPILER, STRICT, compiles

ULP = 4
HEAD = "#include <math.h>\n#include <stdint.h>\n#include <string.h>\n#include <stddef.h>\n"
LOOP = """
void all_{0}(const double *z, double *to, size_t n) {{
    for (size_t i = 0; i < n; i++) {{ to[i] = symback_{0}(z[i]); }}
}}
"""
MEANING = {
    "exp": mp.exp,
    "log": mp.log,
    "log1p": mp.log1p,
    "expm1": mp.expm1,
    "sinh": mp.sinh,
    "cosh": mp.cosh,
    "pow": mp.power,
}
OF_ONE = [name for name in WITHOUT_BRANCHES if name != "pow"]
LOOP_OF_TWO = """
void all_pow(const double *z, const double *y, double *to, size_t n) {
    for (size_t i = 0; i < n; i++) { to[i] = symback_pow(z[i], y[i]); }
}
"""
ENDS = [0.0, -0.0, math.inf, -math.inf, math.nan, -1.0, 5e-324, -5e-324, 2.0**-1022, 1.7e308]


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("library")
    text = "\n\n".join(kernel_sources(f"symback_{name}(z)" for name in WITHOUT_BRANCHES))
    whole = HEAD + text + "".join(map(LOOP.format, OF_ONE)) + LOOP_OF_TWO
    (folder / "k.c").write_text(whole, encoding="utf-8")
    flags = [*STRICT, "-O3", "-march=native", "-fno-math-errno", "-ffp-contract=off"]
    command = [COMPILER, *flags, "-shared", "-fPIC", "k.c", "-o", "k.so", "-lm"]
    subprocess.run(command, cwd=folder, check=True)
    return ctypes.CDLL(str(folder / "k.so"))


def found_by(library, name, *operands):
    to, address = np.empty_like(operands[0]), ctypes.c_void_p
    places = [address(array.ctypes.data) for array in (*operands, to)]
    getattr(library, f"all_{name}")(*places, ctypes.c_size_t(len(to)))
    return to


def points(name):
    """Numbers of every magnitude, and those near where the function is 0 or overflows."""
    rng = np.random.default_rng(0)
    sizes = [2.0 ** rng.uniform(-1074, 1023, 300), rng.uniform(0, 3, 300), rng.uniform(0, 709, 300)]
    sizes += [2.0 ** rng.uniform(-60, 2, 300), 1 + 1e-3 * rng.normal(size=300)]
    z = np.concatenate(sizes)
    if name == "exp":
        return np.concatenate([z[z < 709], -z])
    if name == "log":
        return z
    if name == "log1p":
        return np.concatenate([z, -(2.0 ** rng.uniform(-60, 0, 300))])
    z = z[z < 709]
    return np.concatenate([z, -z])


def test_every_kernel_has_a_meaning():
    assert MEANING.keys() == {*WITHOUT_BRANCHES}


@compiles
@pytest.mark.parametrize("name", OF_ONE)
def test_kernels_are_within_4_ulp(library, name):
    z = points(name)
    with mp.workdps(50):
        for at, value in zip(z.tolist(), found_by(library, name, z).tolist(), strict=True):
            truth = MEANING[name](mp.mpf(at))
            assert abs(value - truth) <= ULP * math.ulp(float(truth)), at


@compiles
@pytest.mark.parametrize("name", OF_ONE)
def test_ends_are_those_of_the_library(library, name):
    z = np.array([*ENDS, *(-np.array([2.0, 800.0])), 800.0])
    with np.errstate(all="ignore"):
        expected = getattr(np, name)(z)
    found = found_by(library, name, z)
    np.testing.assert_array_max_ulp(found, expected, ULP)
    assert np.array_equal(np.signbit(found[:2]), np.signbit(expected[:2]))


def powers():
    """Bases of every magnitude and near 1, with exponents of which the power is a float."""
    rng = np.random.default_rng(1)
    sizes = [2.0 ** rng.uniform(-1074, 1023, 400), 2.0 ** rng.uniform(-3, 3, 400)]
    sizes += [1 + 1e-3 * rng.normal(size=400), 1 + 1e-8 * rng.normal(size=400)]
    x = np.concatenate(sizes)
    y = rng.uniform(-708, 708, len(x)) / np.log(np.where(x == 1.0, 2.0, x))
    y[::3] = rng.uniform(-0.6, 0.6, len(y[::3]))
    whole = np.abs(y) >= 1.0
    y[whole] = np.where(rng.random(whole.sum()) < 0.5, np.trunc(y[whole]), y[whole])
    return x * np.where((np.trunc(y) == y) & (rng.random(len(x)) < 0.5), -1.0, 1.0), y


@compiles
def test_powers_are_within_4_ulp(library):
    x, y = powers()
    assert (x < 0.0).any()
    with mp.workdps(50):
        for base, exponent, value in zip(x, y, found_by(library, "pow", x, y), strict=True):
            truth = mp.power(mp.mpf(float(base)), mp.mpf(float(exponent)))
            assert abs(mp.mpf(float(value)) - truth) <= ULP * math.ulp(float(truth)), (
                base,
                exponent,
            )


@compiles
def test_ends_of_powers_are_those_of_the_library(library):
    ends = [
        *ENDS,
        1.0,
        2.0,
        -2.0,
        0.5,
        -0.5,
        3.0,
        -3.0,
        1023.0,
        1024.0,
        -1075.0,
        2.0**51 + 1,
        2.0**53,
    ]
    x, y = (axis.ravel().copy() for axis in np.meshgrid(ends, ends))
    expected = np.array([of_library(a, b) for a, b in zip(x, y, strict=True)])
    found = found_by(library, "pow", x, y)
    np.testing.assert_array_max_ulp(found, expected, ULP)
    numbers = ~np.isnan(expected)
    assert np.array_equal(np.signbit(found[numbers]), np.signbit(expected[numbers]))


def of_library(x, y):
    """pow of the C library, which NumPy calls for single numbers."""
    with np.errstate(all="ignore"):
        return float(np.float64(x) ** np.float64(y))


@pytest.mark.parametrize(
    ("text", "has_kernel"),
    [
        ("f = w*log(x)", True),
        ("f = w*log(x) + x*tanh(w)", True),
        ("f = w*log(x) + sin(w*x)", False),  # no vector code: the library is faster
        ("f = w*x**b", True),
        ("f = d/(1 + (x/k)**n)", True),
        ("f = w*log(x)*besselj(2, x)", False),
        ("x: input[n]; w: param[n]\nf = sum(w*log(x))", True),
        ("x: input[n]; w: param[n]\ny = sinh(w*x)\nf = sum(y)", True),
    ],
)
def test_loops_of_vector_code_take_kernels(text, has_kernel):
    code = render_files(sb.circuit(text), target="c", stem="f")[".c"]
    taken = any(f"symback_{name}(" in code for name in WITHOUT_BRANCHES)
    assert taken == has_kernel
