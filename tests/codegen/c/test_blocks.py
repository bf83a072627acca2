"""Sums over blocks of samples: the same bits on any number of threads, called in any way."""

from __future__ import annotations

import multiprocessing
import pickle
import sys

import numpy as np
import pytest

import symback as sb
from tests.cases.compilers import compiles

pytestmark = compiles
ROWS, BLOCK = 83, 8  # the last block is not full
CIRCUITS = {
    "numbers": "f = x1 - sigma(w3*x3 + w4*x4)",
    "arrays": "x: input[d]; A: param[k, d]; b: param[k]\nf = dot(b, tanh(A @ x))",
}
SHAPES = {"A": (3, 4), "b": (3,), "x": (ROWS, 4)}
THREADS = (1, 2, 3, 50)


def compiled(name, caller=True):
    made = sb.circuit(CIRCUITS[name]).compile(
        target="c", functions=("bind", "residuals", "jacobian")
    )
    made.BLOCK_ROWS = BLOCK
    if not caller:
        made._caller = lambda: None
    return made


@pytest.fixture(scope="module", params=CIRCUITS)
def module(request):
    return compiled(request.param)


def point(module, dtype=np.float64):
    rng = np.random.default_rng(0)
    values = {n: rng.normal(size=SHAPES.get(n, ())).astype(dtype) for n in module.Params._fields}
    columns = [rng.normal(size=SHAPES.get(n, (ROWS,))).astype(dtype) for n in module.Inputs._fields]
    return module.Params(**values), module.Inputs(*columns)


def results(module, params, inputs, threads):
    vector = module.ravel(params)
    bound = module.bind(inputs, threads=threads)
    value, bars = module.value_and_grad(params, inputs, threads=threads)
    return [
        *(value, module.ravel(bars), *module.objective(vector, inputs, threads=threads)),
        *(module.residuals(vector, inputs, threads=threads), bound.residuals(vector)),
        *(module.jacobian(vector, inputs, threads=threads), bound.jacobian(vector)),
        *bound.objective(vector),
        *pickle.loads(pickle.dumps(bound)).objective(vector),
    ]


def bits(values):
    return [np.asarray(value).tobytes() for value in values]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_any_number_of_threads_gives_the_same_bits(module, dtype, monkeypatch):
    monkeypatch.setitem(sys.modules, module.__name__, module)
    params, inputs = point(module, dtype)
    expected = results(module, params, inputs, None)
    for threads in THREADS:
        assert bits(results(module, params, inputs, threads)) == bits(expected)
    monkeypatch.setenv("SYMBACK_THREADS", "2")
    assert bits(results(module, params, inputs, None)) == bits(expected)
    numpy = sb.circuit(module.SOURCE).compile()
    value, bars = numpy.value_and_grad(numpy.Params(*params), numpy.Inputs(*inputs))
    scale = np.finfo(dtype).eps * ROWS
    np.testing.assert_allclose(expected[0], value, rtol=scale)
    np.testing.assert_allclose(expected[1], numpy.ravel(bars), rtol=scale, atol=scale)


def test_ctypes_adds_the_same_blocks():
    with_caller, without = compiled("numbers"), compiled("numbers", caller=False)
    params, inputs = point(with_caller)
    expected = bits(with_caller.value_and_grad(params, inputs, threads=2)[1])
    found = without.value_and_grad(without.Params(*params), without.Inputs(*inputs), threads=3)[1]
    assert bits(found) == expected


@pytest.mark.parametrize("threads", [0, -1, 1.5, "many", np.nan])
def test_what_is_not_a_number_of_threads_is_refused(module, threads):
    params, inputs = point(module)
    for call in (
        lambda: module.value_and_grad(params, inputs, threads=threads),
        lambda: module.bind(inputs, threads=threads),
    ):
        with pytest.raises(ValueError, match=r"^threads is .*; expected a whole number from 1$"):
            call()


@pytest.mark.parametrize("text", ["0", "two", "1.5", "-2"])
def test_a_variable_that_says_no_number_is_named(module, monkeypatch, text):
    monkeypatch.setenv("SYMBACK_THREADS", text)
    with pytest.raises(ValueError, match=f"^SYMBACK_THREADS is '{text}'; expected a whole number"):
        module.value_and_grad(*point(module))


def test_an_error_in_a_thread_reaches_the_caller(module):
    def fails(*rows):
        raise KeyError("there")

    with pytest.raises(KeyError, match="there"):
        [*module._of_blocks(fails, [np.zeros(ROWS)], 3)]


def _in_child(module, params, inputs, sent):
    sent.send(bits(results(module, params, inputs, 3)))


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_has_threads_of_its_own(module, monkeypatch):
    monkeypatch.setitem(sys.modules, module.__name__, module)
    params, inputs = point(module)
    expected = bits(results(module, params, inputs, 2))
    fork = multiprocessing.get_context("fork")
    here, there = fork.Pipe()
    child = fork.Process(target=_in_child, args=(module, params, inputs, there))
    child.start()
    assert here.poll(60) and here.recv() == expected
    child.join()
    assert child.exitcode == 0
