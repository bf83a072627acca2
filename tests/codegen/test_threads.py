"""Generated functions are pure: any number of threads, no argument changed, runs that resume."""

from __future__ import annotations

import io
import json
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import symback as sb

THREADS = 8
CALLS, VERY_MANY = 60, 10_000  # a thread; by default, and in the slow test
CIRCUITS = {
    "numbers": "f = x1 − σ(w3x3 + w4x4)*tanh(w3*x1)",
    "arrays": "x: input[d]; t: target[k]\nW1: param[h, d]; b1: param[h]; W2: param[k, h]\n"
    "h1 = tanh(W1 @ x + b1)\nz: output = W2 @ h1\nE: loss = cross_entropy(z, t)",
}
SIZES = {"numbers": {}, "arrays": {"d": 5, "h": 7, "k": 3}}


@pytest.fixture(scope="module", params=CIRCUITS)
def module(request):
    compiled = sb.circuit(CIRCUITS[request.param]).compile()
    compiled.sizes = SIZES[request.param]
    return compiled


def samples(module, seed, n=17):
    """Parameters and inputs drawn with a seed."""
    rng = np.random.default_rng(seed)
    drawn = module.init_params(rng, **module.sizes)
    params = module.Params(*(rng.normal(size=np.shape(value)) for value in drawn))
    shapes = {"x": (5,), "t": (3,)} if module.sizes else {}
    columns = {name: rng.normal(size=(n, *shapes.get(name, ()))) for name in module.Inputs._fields}
    if module.sizes:
        columns["t"] = np.eye(3)[rng.integers(3, size=n)]
    return params, module.Inputs(**columns)


def flat(values):
    """The bytes of nested tuples of arrays; equal bytes are equal bits."""
    if values is None:
        return b"-"
    if isinstance(values, tuple | list):
        return b"|".join(flat(v) for v in values)
    return np.asarray(values).tobytes()


def everything(module, params, inputs):
    """The results of all functions at a point."""
    output, cache = module.forward(params, inputs)
    return flat(
        (
            output,
            tuple(cache),
            module.backward(params, inputs, cache, 0.5),
            module.value_and_grad(params, inputs),
            module.sgd(
                params, inputs, learning_rate=0.1, batch_size=5, rng=np.random.default_rng(1)
            ),
            module.objective(module.ravel(params), inputs),
        )
    )


def compare_threads(module, calls):
    points = [samples(module, seed) for seed in range(THREADS)]
    before = flat(points)
    alone = [everything(module, *point) for point in points]

    def work(number):
        wrong = 0
        for turn in range(calls):
            k = (number + turn) % THREADS  # threads share arguments
            wrong += everything(module, *points[k]) != alone[k]
        return wrong

    pause = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(THREADS) as pool:
            assert list(pool.map(work, range(THREADS))) == [0] * THREADS
    finally:
        sys.setswitchinterval(pause)
    assert flat(points) == before


def test_threads_get_the_bits_that_one_thread_gets(module):
    compare_threads(module, CALLS)


@pytest.mark.slow
def test_very_many_calls_in_threads_get_the_bits_that_one_thread_gets(module):
    compare_threads(module, VERY_MANY)


def test_arguments_may_be_read_only(module):
    params, inputs = samples(module, 0)
    free = everything(module, params, inputs)
    for value in (*params, *inputs):
        np.asarray(value).setflags(write=False)
    assert everything(module, params, inputs) == free


def test_no_function_keeps_state(module):
    """Nothing in the module differs after calls: no scratch arrays, caches or counters.

    But for the sizes that `unravel` has found, which the first call leaves.
    """
    everything(module, *samples(module, 0))
    kept = {k: v for k, v in vars(module).items() if not k.startswith("__")}
    shown = repr(sorted((k, repr(v)) for k, v in kept.items()))
    first = everything(module, *samples(module, 0))
    everything(module, *samples(module, 1))
    assert everything(module, *samples(module, 0)) == first
    now = {k: v for k, v in vars(module).items() if not k.startswith("__")}
    assert repr(sorted((k, repr(v)) for k, v in now.items())) == shown


def decaying(t):
    return 0.3 / (1 + 0.01 * t)


def saved(params, rng, step):
    """A state as bytes: an archive of arrays, and text."""
    memory = io.BytesIO()
    np.savez(memory, **params._asdict())
    return memory.getvalue(), json.dumps({"rng": rng.bit_generator.state, "step": step})


def loaded(module, state):
    with np.load(io.BytesIO(state[0]), allow_pickle=False) as archive:
        params = module.Params(**{name: archive[name] for name in module.Params._fields})
    rng = np.random.default_rng()
    told = json.loads(state[1])
    rng.bit_generator.state = told["rng"]
    return params, rng, told["step"]


@pytest.mark.parametrize("cut", [1, 2, 5])
def test_descent_resumes_from_a_saved_state_bit_for_bit(module, cut):
    """Epochs in one call, and in two with parameters, generator and step saved between them."""
    params, inputs = samples(module, 3)
    settings = {"batch_size": 4}
    whole, losses = module.sgd(
        params,
        inputs,
        learning_rate=decaying,
        epochs=6,
        rng=np.random.default_rng(7),
        **settings,
    )
    rng = np.random.default_rng(7)
    part, first = module.sgd(
        params, inputs, learning_rate=decaying, epochs=cut, rng=rng, **settings
    )
    part, rng, step = loaded(module, saved(part, rng, len(first)))
    resumed, rest = module.sgd(
        part,
        inputs,
        learning_rate=lambda t: decaying(step + t),
        epochs=6 - cut,
        rng=rng,
        **settings,
    )
    assert flat(resumed) == flat(whole)
    assert flat(np.concatenate([first, rest])) == flat(losses)
