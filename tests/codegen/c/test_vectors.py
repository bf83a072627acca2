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
}
ENDS = [0.0, -0.0, math.inf, -math.inf, math.nan, -1.0, 5e-324, -5e-324, 2.0**-1022, 1.7e308]


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("library")
    text = "\n\n".join(kernel_sources(f"symback_{name}(z)" for name in WITHOUT_BRANCHES))
    whole = HEAD + text + "".join(map(LOOP.format, WITHOUT_BRANCHES))
    (folder / "k.c").write_text(whole, encoding="utf-8")
    flags = [*STRICT, "-O3", "-march=native", "-fno-math-errno", "-ffp-contract=off"]
    command = [COMPILER, *flags, "-shared", "-fPIC", "k.c", "-o", "k.so", "-lm"]
    subprocess.run(command, cwd=folder, check=True)
    return ctypes.CDLL(str(folder / "k.so"))


def found_by(library, name, z):
    to, address = np.empty_like(z), ctypes.c_void_p
    function = getattr(library, f"all_{name}")
    function(address(z.ctypes.data), address(to.ctypes.data), ctypes.c_size_t(len(z)))
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
@pytest.mark.parametrize("name", WITHOUT_BRANCHES)
def test_kernels_are_within_4_ulp(library, name):
    z = points(name)
    with mp.workdps(50):
        for at, value in zip(z.tolist(), found_by(library, name, z).tolist(), strict=True):
            truth = MEANING[name](mp.mpf(at))
            assert abs(value - truth) <= ULP * math.ulp(float(truth)), at


@compiles
@pytest.mark.parametrize("name", WITHOUT_BRANCHES)
def test_ends_are_those_of_the_library(library, name):
    z = np.array([*ENDS, *(-np.array([2.0, 800.0])), 800.0])
    with np.errstate(all="ignore"):
        expected = getattr(np, name)(z)
    found = found_by(library, name, z)
    np.testing.assert_array_max_ulp(found, expected, ULP)
    assert np.array_equal(np.signbit(found[:2]), np.signbit(expected[:2]))


@pytest.mark.parametrize(
    ("text", "has_kernel"),
    [
        ("f = w*log(x)", True),
        ("f = w*log(x) + x*tanh(w)", True),
        ("f = w*log(x) + sin(w*x)", False),  # no vector code: the library is faster
        ("f = w*log(x)*besselj(2, x)", False),
        ("x: input[n]; w: param[n]\nf = sum(w*log(x))", True),
        ("x: input[n]; w: param[n]\ny = sinh(w*x)\nf = sum(y)", True),
    ],
)
def test_loops_of_vector_code_take_kernels(text, has_kernel):
    code = render_files(sb.circuit(text), target="c", stem="f")[".c"]
    taken = any(f"symback_{name}(" in code for name in WITHOUT_BRANCHES)
    assert taken == has_kernel
