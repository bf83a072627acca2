"""The C target for circuits of arrays: against SymPy, against NumPy's module, and as C."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import symback as sb
from symback.check.check import check_file, check_module
from symback.codegen.generate import render_files
from symback.codegen.loops.elements import MOVED
from symback.codegen.loops.heads import HEADS
from symback.operations import arrays as a
from tests.cases.array_circuits import ALL, array_sample
from tests.cases.compilers import COMPILER, STRICT, compiles, imported

LARGE_SIZES = "x: input[64]; W: param[10, 64]; i: param[10]\nf = sum(tanh(W @ x + i))/64"


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    """A cache for compiled files that no other test has."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """The digits network, imported from its files."""
    folder = tmp_path_factory.mktemp("network")
    array_sample("digits_network").generate(folder / "network.c", target="c")
    return imported(folder, "network")


def batch(module, rows, dtype=float):
    """Parameters and samples of the digits network at its sizes."""
    rng = np.random.default_rng(5)
    params = module.init_params(rng, h=128, d=64, k=10)
    t = np.eye(10)[rng.integers(10, size=rows)]
    x = rng.random((rows, 64))
    return module.Params(*(p.astype(dtype) for p in params)), module.Inputs(
        x.astype(dtype), t.astype(dtype)
    )


# -- tables and refusals ----------------------------------------------------------------------


def test_every_operation_is_printed():
    tables = (HEADS.keys(), MOVED.keys())
    assert set().union(*tables) == a.ARRAY_FUNCTIONS
    assert sum(map(len, tables)) == len(a.ARRAY_FUNCTIONS)


# -- the C file -------------------------------------------------------------------------------


def strictly(name, text, folder):
    for end, content in render_files(sb.circuit(text), target="c", stem="made").items():
        (folder / f"made{end}").write_text(content, encoding="utf-8")
    command = [COMPILER, *STRICT, "-Wshadow", "-fsyntax-only", "made.c"]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert run.returncode == 0, f"{name}: {run.stderr}"


@compiles
def test_no_compiler_warns(tmp_path):
    for name in ("digits_network", "parts", "broadcast", "extremes"):
        strictly(name, ALL[name], tmp_path)
    for name in ("i", "j", "inner", "work", "sizes", "row"):  # names that the functions use
        strictly(name, f"x: input[n]; {name}: param[n]\nf = dot({name}, x)", tmp_path)
    strictly("macros", "x: input[n]; MADE_H: param[n]\nf = dot(MADE_H, x)", tmp_path)
    strictly("sizes", LARGE_SIZES, tmp_path)


@compiles
@pytest.mark.slow
def test_no_compiler_warns_of_any_circuit(tmp_path):
    for name in ALL:
        strictly(name, ALL[name], tmp_path)


@pytest.mark.slow
@compiles
def test_rows_are_multiplied_four_at_a_time_and_what_is_left():
    """W @ x and A @ W.T of whole numbers, which are exact, with 1 to 9 rows."""
    text = "W: param[m, n]; A: param[k, n]; x: input[n]\nf = norm(W @ x) + norm(A @ W.T)"
    module = sb.circuit(text, loss=None).compile(target="c")
    rng = np.random.default_rng(0)
    for m in range(1, 10):
        for n in (1, 3, 17):
            W, A, x = (rng.integers(-9, 10, (r, n)).astype(float) for r in (m, 2, 3))
            found, _ = module.forward(module.Params(W, A), module.Inputs(x))
            expected = np.sqrt(((x @ W.T) ** 2).sum(axis=1)) + np.sqrt(((A @ W.T) ** 2).sum())
            np.testing.assert_array_max_ulp(found, expected, 2)


CALLER = r"""
#include <stdio.h>
#include <stdlib.h>
#include "made.h"
int main(void)
{
    double w[2] = {0.5, -1.0}, b[1] = {0.25}, x[6] = {1, 2, 3, 4, 5, 6}, y[3] = {0, 1, 2};
    double gw[2], gb[1], rates[4] = {0.125, 0.125, 0.0625, 0.0625}, losses[4];
    const made_sizes sizes = {2};
    const made_params params = {w, b}, grad = {gw, gb};
    const made_inputs inputs = {x, y};
    double *work = malloc(made_work(&sizes) * sizeof *work);
    printf("%.17g ", made_value_and_grad(&sizes, &params, &inputs, 3, &grad, work));
    printf("%.17g %.17g %.17g ", gw[0], gw[1], gb[0]);
    printf("%d ", (int)made_sgd(&sizes, &params, &inputs, 3, 2, 2, rates, losses, work));
    printf("%.17g %.17g %.17g %.17g\n", w[0], w[1], b[0], losses[3]);
    free(work);
    return 0;
}
"""


@compiles
def test_c_calls_it_without_python(tmp_path):
    """Linear regression f = w·x + b, whose numbers a dozen operations give by hand."""
    strictly("linear", "w: param[d]; x: input[d]; b: param\nf = dot(w, x) + b", tmp_path)
    (tmp_path / "main.c").write_text(CALLER)
    flags = ["-std=c99", "-O1", "made.c", "main.c", "-o", "made", "-lm"]
    subprocess.run([COMPILER, *flags], cwd=tmp_path, check=True)
    run = subprocess.run([tmp_path / "made"], capture_output=True, text=True, check=True)
    found = [float(text) for text in run.stdout.split()]
    x, y, w, b = np.array([[1.0, 2], [3, 4], [5, 6]]), np.arange(3.0), np.array([0.5, -1]), 0.25
    away = x @ w + b - y
    expected = [(away @ away) / 6, *(away @ x / 3), away.mean(), 4]
    for rate, rows in zip((0.125, 0.125, 0.0625, 0.0625), (slice(2), slice(2, 3)) * 2, strict=True):
        away = x[rows] @ w + b - y[rows]
        loss = (away @ away) / 2 / len(away)
        w, b = w - rate * (away @ x[rows]) / len(away), b - rate * away.mean()
    np.testing.assert_allclose(found, [*expected, *w, b, loss], rtol=1e-14)


# -- the compiled module ----------------------------------------------------------------------


@compiles
@pytest.mark.parametrize("name", ["parts", *(pytest.param(n, marks=pytest.mark.slow) for n in ALL)])
def test_agrees_with_sympy(name):
    circuit = array_sample(name)
    report = check_module(circuit, circuit.compile(target="c"))
    assert report.passed, str(report)


@pytest.mark.slow
@compiles
def test_the_files_agree_with_sympy(network):
    report = check_file(Path(network.__file__).with_suffix(".c"))
    assert report.passed and not report.remarks, str(report)


@pytest.mark.slow
@compiles
def test_sizes_given_as_numbers_may_be_shrunk():
    """The check compiles the module anew for small sizes, and then takes the true ones."""
    circuit = sb.circuit(LARGE_SIZES)
    module = circuit.compile(target="c")
    report = check_module(circuit, module)
    assert report.passed, str(report)
    assert module.SHAPES["W"] == (10, 64) and module.check_gradients() < 1e-6


@compiles
def test_a_batch_gives_what_numpy_gives(network):
    numpy = array_sample("digits_network").compile()
    params, inputs = batch(network, 300)
    z, kept = network.forward(params, inputs)
    other, other_kept = numpy.forward(params, inputs)
    seed = np.random.default_rng(6).normal(size=z.shape)
    bars = network.backward(params, inputs, kept, seed)
    other_bars = numpy.backward(params, inputs, other_kept, seed)
    pairs = [(z, other), *zip(bars[0], other_bars[0], strict=True), (bars[1].x, other_bars[1].x)]
    loss, grad = network.value_and_grad(params, inputs)
    other_loss, other_grad = numpy.value_and_grad(params, inputs)
    pairs += [(loss, other_loss), *zip(grad, other_grad, strict=True)]
    for rng in (None, 3):
        runs = []
        for module, callback in ((network, None), (network, lambda *step: None), (numpy, None)):
            seeded = None if rng is None else np.random.default_rng(rng)
            options = {"learning_rate": 0.1, "epochs": 2, "batch_size": 64, "rng": seeded}
            runs.append(module.sgd(params, inputs, callback=callback, **options))
        assert all(map(np.array_equal, (*runs[0][0], runs[0][1]), (*runs[1][0], runs[1][1])))
        pairs += [*zip(runs[0][0], runs[2][0], strict=True), (runs[0][1], runs[2][1])]
    assert pairs
    for found, expected in pairs:
        assert np.shape(found) == np.shape(expected)
        np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-14)


@compiles
def test_float32_is_computed_in_double(network):
    params, inputs = batch(network, 40, np.float32)
    wide = (type(t)(*(np.asarray(v, float) for v in t)) for t in (params, inputs))
    single, double = network.forward(params, inputs)[0], network.forward(*wide)[0]
    assert single.dtype == np.float32
    assert np.array_equal(single, double.astype(np.float32))


@compiles
def test_functions_keep_to_their_memory(network, monkeypatch):
    """Working memory is as large as NAME_work says: what is behind it stays as it was."""
    made = []

    def empty(shape, *rest):
        if not isinstance(shape, int):
            return np.empty(shape, *rest)
        made.append((np.full(shape + 64, 7.25), shape))
        return made[-1][0][:shape]

    known = {name: getattr(np, name) for name in dir(np) if not name.startswith("_")}
    monkeypatch.setattr(network, "np", SimpleNamespace(**{**known, "empty": empty}))
    params, inputs = batch(network, 5)
    network.backward(params, inputs, network.forward(params, inputs)[1])
    network.value_and_grad(params, inputs)
    network.sgd(params, inputs, learning_rate=0.1, batch_size=2)
    assert len(made) >= 4
    for whole, size in made:
        assert np.all(whole[size:] == 7.25)
        assert np.any(whole[:size] != 7.25) or not size


@compiles
def test_a_loss_that_is_not_finite_stops_training(network):
    params, inputs = batch(network, 6)
    inputs.x[4, 0] = np.nan
    for callback in (None, lambda *step: None):
        with pytest.raises(FloatingPointError, match=r"step 2, rows 4, 5: x is not finite"):
            network.sgd(params, inputs, learning_rate=0.1, batch_size=2, callback=callback)


def test_generated_files_are_in_step():
    folder = Path(__file__).parents[3] / "generated" / "c"
    texts = render_files(array_sample("digits_network"), target="c", stem="digits_network")
    assert texts
    for end, text in texts.items():
        assert (folder / f"digits_network{end}").read_text(encoding="utf-8") == text
