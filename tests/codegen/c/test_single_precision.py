"""Training in C over arrays of type float: its kernels, and a step beside that in double."""

from __future__ import annotations

import ctypes
import subprocess

import numpy as np
import pytest
from mpmath import mp

import symback as sb
from symback.codegen.c.printer import kernel_sources
from symback.codegen.c.single_precision import ELEMENTWISE, SUFFIX
from symback.errors import Unsupported
from tests.cases.array_circuits import ALL, SLOW, values_of
from tests.cases.compilers import COMPILER, STRICT, compiles
from tests.cases.one_in import one_in

pytestmark = compiles
ULP = 4
HEAD = "#include <math.h>\n#include <stdint.h>\n#include <string.h>\n#include <stddef.h>\n"
LOOP = """
void all_{0}(const float *z, float *to, size_t n) {{
    for (size_t i = 0; i < n; i++) {{ to[i] = {0}(z[i]); }}
}}
"""
DEFINITIONS = {
    "symback_sigma": lambda z: 1 / (1 + mp.exp(-z)),
    "symback_sigma_slope": lambda z: 1 / (2 + 2 * mp.cosh(z)),
    "symback_tanh": mp.tanh,
    "symback_tanh_slope": lambda z: mp.sech(z) ** 2,
}
SAMPLES = 37


@pytest.fixture(scope="module", params=[["-march=native"], []], ids=["native", "plain"])
def kernels(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("kernels")
    names = [f"{name}{SUFFIX}" for name in ELEMENTWISE]
    text = "\n\n".join(kernel_sources(f"{name}(z)" for name in names))
    (folder / "k.c").write_text(HEAD + text + "".join(map(LOOP.format, names)), encoding="utf-8")
    flags = [*STRICT, "-O3", "-ffp-contract=off", *request.param, "-shared", "-fPIC"]
    command = [COMPILER, *flags, "-Wno-unused-function", "k.c", "-o", "k.so", "-lm"]
    subprocess.run(command, cwd=folder, check=True)
    return ctypes.CDLL(str(folder / "k.so"))


def points():
    """Numbers of every magnitude, and those around which the functions bend."""
    rng = np.random.default_rng(0)
    sizes = np.concatenate([2.0 ** rng.uniform(-149, 128, 400), rng.uniform(0, 110, 1200)])
    ends = [0.0, 2.0**-149, 2.0**-126, 88.7, 103.9, 3e38, np.inf]
    sizes = np.concatenate([sizes, ends]).astype(np.float32)
    return np.concatenate([sizes, -sizes])


def test_every_kernel_has_a_definition():
    assert DEFINITIONS.keys() == set(ELEMENTWISE)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_kernels_of_floats_are_within_4_ulp(kernels, name):
    z = points()
    found = np.empty_like(z)
    address = ctypes.c_void_p
    function = getattr(kernels, f"all_{name}{SUFFIX}")
    function(address(z.ctypes.data), address(found.ctypes.data), ctypes.c_size_t(len(z)))
    with mp.workdps(50):
        for at, value in zip(z.tolist(), found.tolist(), strict=True):
            truth = DEFINITIONS[name](mp.mpf(at))
            unit = float(np.spacing(np.float32(abs(truth))))
            assert abs(value - truth) <= ULP * unit, (at, value)


def test_kernels_of_floats_hand_on_nan(kernels):
    z, to = np.full(1, np.nan, np.float32), np.zeros(1, np.float32)
    address = ctypes.c_void_p
    for name in ELEMENTWISE:
        function = getattr(kernels, f"all_{name}{SUFFIX}")
        function(address(z.ctypes.data), address(to.ctypes.data), ctypes.c_size_t(1))
        assert np.isnan(to[0])


def trained(module, circuit, dtype):
    """Parameters and losses after steps at samples that differ a little."""
    values = values_of(circuit)
    rng = np.random.default_rng(1)
    inputs = {}
    for node in circuit.columns:
        column = np.repeat(np.asarray(values[str(node)])[None], SAMPLES, axis=0)
        if node.role == "input" and node.name != "y":
            column = column * rng.uniform(0.9, 1.1, column.shape)
        inputs[str(node)] = column.astype(np.float32).astype(dtype)
    params = {n.name: np.asarray(values[n.name], np.float32).astype(dtype) for n in circuit.params}
    options = {"learning_rate": 0.001, "batch_size": 16, "epochs": 1}
    found, losses = module.sgd(module.Params(**params), module.Inputs(**inputs), **options)
    return [*found, losses]


TRAINED = [name for name in ALL if name not in {*SLOW, "gasoline"}]  # whose y are no classes


@pytest.mark.parametrize("name", one_in(6, TRAINED))
def test_a_step_in_float_is_as_near_as_that_of_numpy(name):
    circuit = sb.circuit(ALL[name])
    try:
        module = circuit.compile(target="c")
    except Unsupported:
        pytest.skip("C has no lines for it")
    if not hasattr(module, "sgd"):
        pytest.skip("nothing is trained")
    single, double = (trained(module, circuit, dtype) for dtype in (np.float32, np.float64))
    numpy = trained(circuit.compile(), circuit, np.float32)
    eps = float(np.finfo(np.float32).eps)
    for ours, truth, theirs in zip(single, double, numpy, strict=True):
        assert np.asarray(ours).dtype == np.float32
        scale = np.max(np.abs(truth))
        allowed = 4 * np.max(np.abs(theirs - truth)) + 8 * eps * scale
        assert np.max(np.abs(ours - truth)) <= allowed
