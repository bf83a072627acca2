"""The C target: digits of its kernels, the files, the compiled module and its cache.

tests/codegen/test_contract.py has the whole contract of a module, circuit by circuit.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import math
import os
import re
import shutil
import stat
import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from flint import arb

import symback as sb
from symback.check.check import check_file, check_module
from symback.cli.modules import generate
from symback.codegen.c import kernels
from symback.codegen.c.printer import FUNCTIONS, c_names, c_prefix, kernel_sources
from symback.codegen.c.vectors import SUFFIX, of_many
from symback.codegen.generate import render_files
from symback.errors import CheckFailed, FileRefused, Unsupported
from symback.operations.elementwise import BY_HEAD, SLOPES
from tests.cases import kernel_digits as judge
from tests.cases.compilers import COMPILER, STRICT, compiles, imported
from tests.cases.elementwise import Digits
from tests.cases.folders import entries
from tests.cases.one_in import one_in
from tests.cases.sample_circuits import sample

NEURON = "f = (x3 + x5) - sigma(w3*x3 + w4*x4)"


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """A cache for compiled files that no other test has."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield folder / "symback"


@pytest.fixture(scope="module")
def neuron(tmp_path_factory, cache):
    """The folder with the files of the neuron."""
    folder = tmp_path_factory.mktemp("neuron")
    sb.circuit(NEURON).generate(folder / "neuron.c", target="c")
    return folder


# -- tables -----------------------------------------------------------------------------------


def test_the_table_is_complete():
    """Every operation but those that print in their own way, and every kernel that it names."""
    assert {*BY_HEAD, *SLOPES} <= FUNCTIONS.keys()
    named = {f.partition("(")[0] for f in FUNCTIONS.values() if f.startswith("symback_")}
    assert named <= kernels.names()


@pytest.mark.slow
def test_kernels_come_after_those_that_they_call():
    for name in sorted(kernels.names()):
        sources = kernel_sources([f"{name}(z)"])
        defined = [re.search(r"static inline \w+ (\w+)\(", text).group(1) for text in sources]
        assert defined[-1] == name
        for i, text in enumerate(sources):
            called = set(re.findall(r"\b(symback_\w+)\(", text)) - {defined[i]}
            assert called <= set(defined[:i])


@pytest.mark.parametrize("name", ["tail", "slope_tail"])
def test_coefficients_are_those_of_the_numpy_kernels(name):
    """Where they come from is tested there."""
    table = re.search(r"c\[24\] = \{(.*?)\}", kernels.source(f"symback_{name}"), re.DOTALL)
    found = tuple(float(number) for number in table.group(1).split(","))
    assert found == judge.constants(f"_{name}")[1]
    for constant in ("1.2784645427610737", "0.27846454276107385", "1.3995343912896686e-16"):
        assert constant in kernels.source("symback_silu_slope")
        assert float(constant) in judge.constants("_silu_slope")[0]
    for constant in (0.7517915246935645, 1.4956759177009883e-17):
        assert constant in judge.constants("_gelu_slope")[0]
        assert repr(constant) in kernels.source("symback_gelu_slope")


def test_names_of_c_are_taken_by_no_node():
    names = ["x", "double", "count", "symback_exp", "neuron_forward", "v_double"]
    found = c_names(names, "neuron")
    assert found.keys() == {"double", "count", "symback_exp", "neuron_forward"}
    assert not {*found.values()} & {*names} and len({*found.values()}) == len(found)
    for stem, prefix in {
        "neuron": "neuron",
        "my-net 2": "my_net_2",
        "2": "c_2",
        "int": "c_int",
    }.items():
        assert c_prefix(stem) == prefix


# -- digits of the kernels --------------------------------------------------------------------

MEANING = {
    "exp": Digits(arb.exp, lambda z: 0.0, lambda z: math.inf),
    "exp_low": Digits(arb.exp, lambda z: 0.0, lambda z: math.inf),
    "expm1_low": Digits(arb.expm1, lambda z: -1.0, lambda z: math.inf),
    "log1p_unit": Digits(arb.log1p),
    "log1psq": Digits(lambda z: (1 + z * z).log()),
    "log1psq_slope": Digits(lambda z: 2 * z / (1 + z * z)),
    "log1mexp": Digits(lambda z: (1 - z.exp()).log(), lambda z: 0.0),
    "logcosh": Digits(lambda z: z.cosh().log()),
    "sinc": Digits(lambda z: z.sin() / z if z != 0 else arb(1)),
    "sinc_slope": Digits(lambda z: (z.cos() - z.sin() / z) / z if z != 0 else arb(0)),
    **{name: m for name, m in judge.MEANING.items() if name not in ("erf", "erfc")},
}
"""Kernels of one number: what they compute, beside what rows of operations say."""

DOMAIN = {
    "exp": lambda z: z < 709.7,
    "exp_low": lambda z: z <= 0,
    "expm1_low": lambda z: z <= 1.5,
    "log1p_unit": lambda z: (z >= 0) & (z <= 1),
    "log1mexp": lambda z: z < 0,
    "log1psq": lambda z: np.abs(z) < 2000,
    "log1psq_slope": lambda z: np.abs(z) < 2000,
    "logcosh": lambda z: np.abs(z) < 2000,
    "sinc": lambda z: np.abs(z) < 2000,
    "sinc_slope": lambda z: np.abs(z) < 4.4,
}
SHARPER = {"exp": 1, "exp_low": 1, "expm1_low": 2, "log1p_unit": 2, "sigma_slope": 3, "tanh": 3}


def all_kernels() -> str:
    blocks = (Path(__file__).parents[3] / "templates/c/blocks.c.jinja").read_text("utf-8")
    return "\n".join([blocks, *kernel_sources(f"{name}(" for name in kernels.names())])


def compiled_kernels(folder: Path, flags: list[str], text: str | None = None, called=str):
    """Each kernel of one number as a function of arrays, by the name that it is `called`."""
    text = all_kernels() if text is None else text
    heads = "".join(f"#include <{h}.h>\n" for h in ("math", "stddef", "stdint", "string"))
    for name in MEANING:
        text += f"void all_{name}(const double *x, double *y, size_t n)\n{{\n"
        text += "#pragma omp simd\nfor (size_t i = 0; i < n; i++) "
        text += f"y[i] = {called(f'symback_{name}')}(x[i]);\n}}\n"
    (folder / "all.c").write_text(heads + text)
    subprocess.run(
        [COMPILER, "-std=c99", "-O3", "-fno-math-errno", *flags, "-shared", "-fPIC",
         "all.c", "-o", "all.so", "-lm"],
        cwd=folder, check=True,
    )  # fmt: skip
    library = ctypes.CDLL(str(folder / "all.so"))

    def call(name, points):
        values = np.empty_like(points)
        pointers = (ctypes.c_void_p(a.ctypes.data) for a in (points, values))
        getattr(library, f"all_{name}")(*pointers, ctypes.c_size_t(points.size))
        return values

    return call


def worst(call, name, points):
    points = points[DOMAIN[name](points)] if name in DOMAIN else points
    return max(
        (judge.error(got, name, z, np.float64), f"{name}({z!r}) = {got!r}")
        for z, got in zip(points.tolist(), call(name, points).tolist(), strict=True)
    )


@pytest.fixture
def meanings(monkeypatch):
    monkeypatch.setattr(judge, "MEANING", {**judge.MEANING, **MEANING})


@compiles
@pytest.mark.parametrize(
    "flags",
    [
        ["-march=native", "-fopenmp-simd", "-ffp-contract=off"],
        pytest.param(["-ffp-contract=off"], marks=pytest.mark.slow),
        pytest.param(["-march=native", "-ffp-contract=fast"], marks=pytest.mark.slow),
        pytest.param(["-O0"], marks=pytest.mark.slow),
    ],
    ids=" ".join,
)
def test_kernels_keep_their_digits(flags, tmp_path, meanings):
    call = compiled_kernels(tmp_path, flags)
    near, far = judge.near_points(np.float64), judge.far_points(np.float64)
    points = np.concatenate([near[::2], far[::2]])
    for name in MEANING:
        ulp, place = worst(call, name, points)
        assert ulp <= SHARPER.get(name, judge.BOUND), place
        with np.errstate(invalid="ignore"):
            assert np.isnan(call(name, np.array([1.0, np.nan, 0.5])))[1]
    limits = call("sigma", np.array([-np.inf, -1000.0, 1000.0, np.inf]))
    assert limits.tolist() == [0.0, 0.0, 1.0, 1.0]
    assert call("exp", np.array([-np.inf, 710.0, np.inf])).tolist() == [0.0, np.inf, np.inf]
    assert call("log1psq", np.array([1e200])) == pytest.approx(400 * math.log(10), rel=1e-15, abs=0)
    assert call("log1psq_slope", np.array([-1e200, 1e300])).tolist() == [-2e-200, 2e-300]
    assert call("logcosh", np.array([-1e300, 1e5])).tolist() == [1e300, 1e5 - math.log(2)]


OF_LOGS = {
    "inv_expm1": (lambda z: 1 / z.expm1(), lambda z: (np.abs(z) < 700) & (np.abs(z) > 1e-300)),
    "xlogx": (lambda z: z * z.log(), lambda z: (z > 0) & (z < 2000)),
    "xlogx1p": (lambda z: (1 + z) * z.log1p(), lambda z: (z > -1) & (z < 2000)),
    "log1pmx": (lambda z: z.log1p() - z, lambda z: (z > -1) & (z < 2000) & (np.abs(z) > 1e-150)),
    "sinhmx": (lambda z: z.sinh() - z, lambda z: (np.abs(z) < 700) & (np.abs(z) > 1e-100)),
}
"""Those of one number that stand on functions of <math.h>: what they compute, and where."""


@compiles
@pytest.mark.slow
def test_kernels_of_vector_code_keep_their_digits(tmp_path, meanings, monkeypatch):
    for name, (meaning, domain) in OF_LOGS.items():
        monkeypatch.setitem(MEANING, name, Digits(meaning))
        monkeypatch.setitem(judge.MEANING, name, Digits(meaning))
        monkeypatch.setitem(DOMAIN, name, domain)
    names = [name for name in MEANING if of_many(f"symback_{name}") != f"symback_{name}"]
    assert {"log1mexp", "log1psq", *OF_LOGS} <= {*names}
    more = kernel_sources(f"{of_many(f'symback_{name}')}(" for name in MEANING)
    text = all_kernels() + "\n".join(s for s in more if SUFFIX in s)
    flags = ["-march=native", "-fopenmp-simd", "-ffp-contract=off"]
    call = compiled_kernels(tmp_path, flags, text, of_many)
    points = np.concatenate([judge.near_points(np.float64)[::2], judge.far_points(np.float64)[::2]])
    for name in names:
        ulp, place = worst(call, name, points)
        assert ulp <= judge.BOUND, place


PLANTED = {
    "a coefficient of exp": ("exp", "0.008333333333330063", "0.008333333333430063"),
    "half of log 2": ("exp", "1.9082149292705877e-10", "1.9082149282705877e-10"),
    "one factor for 2^k": ("exp_low", "- 1000.0) ? shift - 1000.0", "- 1900.0) ? shift - 1900.0"),
    "a coefficient of log1p": ("log1p_unit", "0.11111111358713932", "0.11111112358713932"),
    "no choice by sign": ("sigma", "(z < 0.0) ? e * inverse", "(z < 0.0) ? inverse"),
    "a clip instead of a tail": ("silu", "(size > 700.0) ? tail", "(size > 900.0) ? tail"),
    "a coefficient of F": ("gelu", "0.002544856923507817", "0.002544856923517817"),
}


@compiles
def test_planted_errors_are_found(tmp_path, meanings):
    """All at once, each seen in its own kernel: one file to compile."""
    points = np.concatenate([judge.near_points(np.float64), judge.far_points(np.float64)])[::2]
    text = all_kernels()
    for _, right, wrong in PLANTED.values():
        assert right in text
        text = text.replace(right, wrong)
    call = compiled_kernels(tmp_path, ["-ffp-contract=off"], text)
    for planted, (name, _, _) in PLANTED.items():
        assert worst(call, name, points)[0] > judge.BOUND, planted


# -- the compiled module ----------------------------------------------------------------------


@compiles
@pytest.mark.parametrize("name", ["cross-entropy"])
def test_agrees_with_sympy(name, cache):
    circuit = sample(name)
    report = check_module(circuit, circuit.compile(target="c"))
    assert report.passed, str(report)


@compiles
def test_the_files_agree_with_sympy_and_know_edits(neuron):
    report = check_file(neuron / "neuron.py")
    assert report.passed and not report.remarks, str(report)
    assert str(check_file(neuron / "neuron.c")).splitlines()[1:-1] == str(report).splitlines()[1:-1]


KINKS = """x: input; w: param = 2; double: param = 3; count: input
row = relu(w*x) + abs(x)
i = max(x, count) + min(x, count)/4
f: output = row + double*i + where((x > 0) & (count < 5), sign(x), x**3)
loss: none"""


@compiles
def test_kinks_ties_and_names(cache):
    """By hand, at x = -1, 0, 1 with count = x: ties take one half of each side."""
    module = sb.circuit(KINKS).compile(target="c")
    x = np.array([-1.0, 0.0, 1.0])
    for dtype in (np.float64, np.float32):
        inputs = module.Inputs(x=x.astype(dtype), count=x.astype(dtype))
        params = module.init_params()
        f, kept = module.forward(params, inputs)
        assert f.dtype == dtype and f.tolist() == [0 + 1 - 3.75 - 1, 0.0, 2 + 1 + 3.75 + 1]
        bars, x_bars = module.backward(params, inputs, kept)
        tie = 3 * (0.5 + 0.125)
        assert x_bars.x.tolist() == [-1 + tie + 3, tie, 2 + 1 + tie]
        assert x_bars.count.tolist() == [tie] * 3
        assert (bars.w, bars.double) == (1.0, 0.0)
    single = module.forward(params, module.Inputs(x=1.0, count=2.0))[0]
    assert np.shape(single) == () and single == 2 + 1 + 3 * 2.25 + 1
    assert np.isnan(module.forward(params, module.Inputs(x=np.nan, count=1.0))[0])


@compiles
def test_sums_keep_their_digits(neuron):
    """Of 3·10⁵ rows, against sums that math.fsum rounds once."""
    module = imported(neuron)
    rng = np.random.default_rng(3)
    inputs = module.Inputs(*rng.normal(size=(4, 300_000)) + 0.5)
    params = module.Params(0.3, -0.7)
    loss, grad = module.value_and_grad(params, inputs)
    f, kept = module.forward(params, inputs)
    away, n = f - inputs.y, len(f)
    slope = -away * kept[0]
    for got, parts in (
        (loss, away**2 / 2), (grad.w3, slope * inputs.x3), (grad.w4, slope * inputs.x4)
    ):  # fmt: skip
        exact = math.fsum(parts) / n
        assert abs(got - exact) <= 1e-15 * math.fsum(np.abs(parts)) / n
    assert module.value_and_grad(params, inputs) == (loss, grad)


@compiles
def test_sgd_takes_the_batches_of_numpy(neuron):
    """The same rng gives the same steps, with and without a callback; float32 stays float32."""
    module, numpy = imported(neuron), sb.circuit(NEURON).compile()
    columns = np.random.default_rng(4).normal(size=(4, 1000))
    for rate in (0.5, lambda t: 1 / (1 + t)):
        options = {"learning_rate": rate, "epochs": 3, "batch_size": 64}
        for seed in (None, 5):
            runs = []
            for m, seen in ((module, None), (module, []), (numpy, None)):
                rng = None if seed is None else np.random.default_rng(seed)
                callback = None if seen is None else lambda *step, seen=seen: seen.append(step)
                start = m.Params(0.1, 0.2)
                runs.append(m.sgd(start, m.Inputs(*columns), rng=rng, callback=callback, **options))
                if seen is not None:
                    assert [s[0] for s in seen] == list(range(48))
                    assert [s[1] for s in seen] == runs[-1][1].tolist()
                    assert seen[-1][2] == runs[-1][0]
            assert runs[0][0] == runs[1][0] and np.array_equal(runs[0][1], runs[1][1])
            np.testing.assert_allclose(runs[0][0], runs[2][0], rtol=1e-12)
            np.testing.assert_allclose(runs[0][1], runs[2][1], rtol=1e-12)
    single = module.Inputs(*columns.astype(np.float32))
    trained, losses = module.sgd(module.Params(0.1, 0.2), single, learning_rate=0.5)
    assert losses.dtype == np.float32 and trained.w3.dtype == np.float32


@compiles
def test_columns_of_any_layout_are_read(neuron):
    module = imported(neuron)
    table = np.random.default_rng(6).normal(size=(50, 4))
    params = module.Params(0.3, -0.7)
    expected = module.value_and_grad(params, module.Inputs(*np.ascontiguousarray(table.T)))
    swapped = table.astype(">f8")
    shifted = np.frombuffer(b"\0" + np.ascontiguousarray(table.T).tobytes(), "u1")[1:].view("f8")
    for columns in (table.T, swapped.T, shifted.reshape(4, 50)):
        assert module.value_and_grad(params, module.Inputs(*columns)) == expected


PROGRAM = r"""
#include <stdio.h>
#include "neuron.h"

int main(void)
{
    const double x3[3] = {1.0, -2.0, 0.5}, x5[3] = {0.0, 1.0, 2.0};
    const double x4[3] = {1.0, 1.0, -1.0}, y[3] = {0.0, 0.0, 1.0};
    const neuron_inputs inputs = {x3, x5, x4, y};
    const double rates[2] = {0.5, 0.25};
    double f[3], slopes[3], losses[2], loss;
    neuron_cache cache;
    neuron_params params = {2.0, 0.8}, grad;
    cache.f_1_slope = slopes;
    neuron_forward(&params, &inputs, 3, f, &cache);
    loss = neuron_value_and_grad(&params, &inputs, 3, &grad);
    printf("%.17g %.17g %.17g\n", f[0], f[1], f[2]);
    printf("%.17g %.17g %.17g\n", loss, grad.w3, grad.w4);
    printf("%lu\n", (unsigned long)neuron_sgd(&params, &inputs, 3, 2, 1, rates, losses));
    printf("%.17g %.17g %.17g %.17g\n", params.w3, params.w4, losses[0], losses[1]);
    return 0;
}
"""


@compiles
def test_a_c_program_needs_the_header_only(neuron, tmp_path):
    """Compiled without a warning, also of a header that C++ includes; numbers of NumPy's module."""
    (tmp_path / "main.c").write_text(PROGRAM)
    files = [str(tmp_path / "main.c"), str(neuron / "neuron.c"), f"-I{neuron}"]
    subprocess.run([COMPILER, *STRICT, *files, "-o", "main", "-lm"], cwd=tmp_path, check=True)
    done = subprocess.run(["./main"], cwd=tmp_path, check=True, capture_output=True, text=True)
    rows = [[float(word) for word in line.split()] for line in done.stdout.splitlines()]
    module = sb.circuit(NEURON).compile()
    inputs = module.Inputs(
        np.array([1, -2, 0.5]), np.array([0.0, 1, 2]), np.array([1.0, 1, -1]), np.array([0.0, 0, 1])
    )
    params = module.Params(2.0, 0.8)
    loss, grad = module.value_and_grad(params, inputs)
    trained, losses = module.sgd(
        params, inputs, learning_rate=lambda t: (0.5, 0.25)[t], batch_size=2
    )
    expected = [module.forward(params, inputs)[0], [loss, *grad], [2], [*trained, *losses]]
    assert rows
    for got, right in zip(rows, expected, strict=True):
        np.testing.assert_allclose(got, right, rtol=1e-14)
    if shutil.which("g++"):
        header = ["-x", "c++", "-std=c++98", "-fsyntax-only", "-Wall", "-Wextra", "-Werror"]
        subprocess.run(["g++", *header, str(neuron / "neuron.h")], check=True)


# -- the cache of compiled files --------------------------------------------------------------


@compiles
def test_the_cache_is_private_and_used_again(neuron, cache, monkeypatch):
    module = imported(neuron)
    module._library()
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700
    assert not [name for name in entries(cache) if not name.endswith(".so")]
    before = entries(cache)
    again = imported(neuron)
    monkeypatch.setattr(again.subprocess, "run", None)  # nothing is compiled a second time
    assert again._library() and entries(cache) == before


DAMAGE = {
    "cut short": lambda whole: whole[:100],
    "cut in the middle": lambda whole: whole[: len(whole) // 2],
    "without its end": lambda whole: whole[:-1],
    "empty": lambda whole: b"",
    "one byte changed": lambda whole: whole[:2000] + b"\xff" + whole[2001:],
    "text": lambda whole: b"hello\n",
}


@compiles
@pytest.mark.parametrize("damage", one_in(3, DAMAGE))
def test_a_damaged_file_in_the_cache_is_made_again(damage, neuron, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    imported(neuron)._library()
    (file,) = (tmp_path / "symback").iterdir()
    whole = file.read_bytes()
    file.unlink()  # this process has it open
    file.write_bytes(DAMAGE[damage](whole))
    module = imported(neuron)
    assert module.forward(module.Params(0.0, 0.0), module.Inputs(1.0, 2.0, 3.0))[0] == 2.5
    assert file.read_bytes() == whole


@compiles
@pytest.mark.parametrize("flags", ["-c", "-E"])
def test_a_compiler_whose_file_cannot_be_loaded_is_named(flags, neuron, cache, monkeypatch):
    monkeypatch.setenv("CC", f"{COMPILER} {flags}")
    with pytest.raises(
        OSError, match=rf"{flags} makes a file of neuron.c that can't be loaded; set CC"
    ):
        imported(neuron)._library()


@compiles
def test_a_cache_of_another_user_is_refused(neuron, cache, monkeypatch):
    module = imported(neuron)
    monkeypatch.setattr(os, "getuid", lambda: os.stat(cache).st_uid + 1)
    with pytest.raises(OSError, match=r"another user; set XDG_CACHE_HOME"):
        module._library()


@pytest.mark.parametrize(
    ("compiler", "message"),
    [
        ("no-such-cc", r"needs a C compiler, but CC names no-such-cc, which is not there; install"),
        ("/", r"needs a C compiler, but CC names /, which is no program; install gcc or clang"),
        ("false", r"false can't compile neuron.c: exit code 1; set CC to gcc or clang"),
        ("true", r"true can't compile neuron.c: it ends without a compiled file; set CC to gcc"),
        (sys.executable, r"can't compile neuron.c: exit code 2; set CC to gcc or clang"),
        ('gcc "open', r"""but CC is 'gcc "open': No closing quotation; set CC to gcc or clang"""),
        (None, r"needs a C compiler, but there is none; install gcc or clang, or set CC"),
    ],
)
def test_a_missing_compiler_is_reported(compiler, message, neuron, cache, monkeypatch):
    if compiler is None:
        monkeypatch.delenv("CC", raising=False)
        monkeypatch.setenv("PATH", "/nowhere")
    else:
        monkeypatch.setenv("CC", compiler)
    module = imported(neuron)
    assert module.Params(1, 2).w4 == 2  # only the functions need it
    with pytest.raises(OSError, match=message):
        module.forward(module.Params(1, 2), module.Inputs(1, 2, 3))
    with pytest.raises(FileRefused, match=message):
        check_file(neuron / "neuron.py")
    with pytest.raises(Unsupported, match=message.replace("neuron", "symback_f")):
        sb.circuit(NEURON).compile(target="c")
    assert not [p for p in cache.glob("*") if p.suffix != ".so"]  # there is none at first


def test_the_self_check_ends_in_a_message_without_a_compiler(neuron, cache):
    run = subprocess.run(
        [sys.executable, neuron / "neuron.py"],
        env={**os.environ, "CC": "no-such-cc"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert run.stderr.startswith("neuron.c needs a C compiler")
    assert "Traceback" not in run.stderr


@compiles
def test_a_loader_refuses_the_c_file_of_another_circuit(tmp_path, cache):
    sb.circuit("f = w*x").generate(tmp_path / "neuron.c", target="c")
    loader = (tmp_path / "neuron.py").read_text()
    sb.circuit("f = w*x + b").generate(tmp_path / "neuron.c", target="c")
    (tmp_path / "neuron.py").write_text(loader)
    with pytest.raises(ImportError, match=r"not of one kind; generate them again"):
        imported(tmp_path)._library()
    (tmp_path / "neuron.h").unlink()
    with pytest.raises(ImportError, match=r"neuron\.h is needed beside neuron\.py"):
        imported(tmp_path)._library()


@compiles
@pytest.mark.slow
def test_two_processes_may_compile_at_once(neuron, tmp_path):
    script = "import neuron; print(neuron.check_gradients() < 1e-6)"
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", script],
            cwd=neuron, env=environment, stdout=subprocess.PIPE, text=True,
        )
        for _ in range(4)
    ]  # fmt: skip
    assert [run.communicate()[0] for run in runs] == ["True\n"] * 4
    headers = Path(sysconfig.get_path("include"), "Python.h").exists()  # so there is an extension
    assert len(entries(tmp_path / "symback")) == 1 + headers


# -- the files --------------------------------------------------------------------------------


def test_three_files_are_written_beside_each_other(tmp_path):
    path = tmp_path / "neuron.c"
    text = sample("L5").generate(path, target="c")
    assert entries(tmp_path) == ["neuron.c", "neuron.h", "neuron.py"]
    assert path.read_text(encoding="utf-8") == text
    with pytest.raises(FileRefused, match=r"name the file neuron\.c"):
        sample("L5").generate(tmp_path / "neuron.py", target="c")


@pytest.mark.parametrize("end", [".c", ".h", ".py"])
def test_an_edited_file_keeps_all_three(end, tmp_path):
    path = tmp_path / "neuron.c"
    sample("L5").generate(path, target="c")
    edited = path.with_suffix(end)
    edited.write_text(edited.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    with pytest.raises(FileRefused, match=r"force"):
        sample("L4").generate(path, target="c")
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before
    sample("L4").generate(path, target="c", force=True)
    assert "w4 * x4" in path.read_text(encoding="utf-8")


@compiles
def test_the_command_checks_writes_and_compares(tmp_path, cache):
    def run(*options):
        text = "w: param; x: input\nf = w*x"
        return CliRunner().invoke(generate, [text, "--target", "c", *options])

    path = tmp_path / "line.c"
    done = run("-o", str(path), "--certificate", str(tmp_path / "line.json"))
    assert done.exit_code == 0 and "line.c agrees with SymPy" in done.output
    assert entries(tmp_path) == ["line.c", "line.h", "line.json", "line.py"]
    for end in (".c", ".py"):
        assert "Checked against SymPy" in path.with_suffix(end).read_text(encoding="utf-8")
    certificate = json.loads((tmp_path / "line.json").read_text())
    assert certificate["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert run("-o", str(path)).exit_code == 0  # without the certificate's lines
    assert run("-o", str(path), "--diff").exit_code == 0
    assert run().output.startswith("/* f = w·x")
    (tmp_path / "line.h").write_text("")
    stale = run("-o", str(path), "--diff")
    assert isinstance(stale.exception, CheckFailed) and "line.h" in str(stale.exception)


def test_generated_files_are_in_step():
    root = Path(__file__).parents[3]
    circuit = sb.circuit((root / "examples/lecture/l5_activation.circuit").read_text())
    folder = root / "generated" / "c"
    texts = render_files(circuit, target="c", stem="l5_activation")
    assert len(texts) == 3
    for end, text in texts.items():
        assert (folder / f"l5_activation{end}").read_text(encoding="utf-8") == text
