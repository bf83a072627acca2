"""The contract of generated modules of arrays, on every operation in every pattern of parameters
and batched inputs, kept by every target.
"""

import numpy as np
import pytest

import symback as sb
from symback.errors import Unsupported
from tests.cases import one_in
from tests.cases.array_cases import BATCH, CASES, SIZES
from tests.cases.array_judge import (
    arguments,
    assert_near,
    circuit,
    compiled,
    locked,
    pulled_back,
    samples,
    varies,
)
from tests.cases.targets import TARGETS


def each(cases, share=1):
    """A test for every case, named after it; those but every `share`-th are slow."""
    found = ((c, c.is_slow or i % (share + 3 * c.is_higher) > 0) for i, c in enumerate(cases))
    params = [
        pytest.param(c, marks=[pytest.mark.slow] * is_slow, id=c.id)
        for c, is_slow in found
        if one_in.collects_slow or not is_slow
    ]
    return pytest.mark.parametrize("case", params)


EACH = each(CASES, share=3)
EACH_TRAINED = each((c for c in CASES if "param" in c.roles), share=3)


@pytest.fixture(params=TARGETS)
def module(request, case):
    """The module of a case; a target may have no lines for an operation, and says so by name."""
    try:
        return compiled(case, request.param)
    except Unsupported as error:
        assert request.param != "numpy"
        assert " target has no " in str(error)
        pytest.skip(str(error))


@each(CASES, share=7)
def test_text_comes_back_and_forward(case, module):
    """The circuit's text reads back equal, and its module agrees with Python, row by row."""
    again = sb.circuit(circuit(case).source)
    assert (again, again.source) == (circuit(case), circuit(case).source)
    rows = samples(case)
    expected = [case.plain(row) for row in rows]
    batch = expected[0] if not varies(case) else np.stack(expected)
    z, _ = module.forward(*arguments(module, case, rows))
    assert_near(z, batch, "a batch", 1e-12)
    z, _ = module.forward(*arguments(module, case, rows[:1]))
    assert_near(z, batch if not varies(case) else batch[:1], "a batch of one", 1e-12)
    z, _ = module.forward(*arguments(module, case, rows[0]))
    assert_near(z, expected[0], "no batch axis", 1e-12)


@each(CASES, share=5)
def test_backward(case, module):
    rows = samples(case)
    params, inputs = arguments(module, case, rows)
    z, cache = module.forward(params, inputs)
    z_bar = locked(np.random.default_rng(7).normal(size=np.shape(z)), float)
    bars = module.backward(params, inputs, cache, z_bar)
    seeds = z_bar if varies(case) else [z_bar]
    adjoints = [pulled_back(case, shift, seed) for shift, seed in enumerate(seeds)]
    assert_bars(case, bars, adjoints, rows)

    if varies(case):  # one row, with a batch axis and without
        params, inputs = arguments(module, case, rows[:1])
        cache = module.forward(params, inputs)[1]
        bars = module.backward(params, inputs, cache, z_bar[:1])
        assert_bars(case, bars, adjoints[:1], rows[:1])
    params, inputs = arguments(module, case, rows[0])
    cache = module.forward(params, inputs)[1]
    params_bar, inputs_bar = module.backward(params, inputs, cache, seeds[0])
    for name in case.open:
        found = getattr(params_bar if case.is_param(name) else inputs_bar, name)
        assert_near(found, adjoints[0][name], name)


def assert_bars(case, bars, adjoints, rows):
    """Sums over the samples for parameters, one adjoint a sample for inputs; none for targets."""
    params_bar, inputs_bar = bars
    for name in case.open:
        of_name = [a[name] for a in adjoints]
        if case.is_param(name):
            assert_near(getattr(params_bar, name), np.sum(of_name, axis=0), name)
        else:
            assert_near(getattr(inputs_bar, name), np.stack(of_name), name)
    for name in (*case.kinds, "y"):
        assert getattr(inputs_bar, name) is None


@each(CASES, share=4)
def test_results_are_new_arrays_and_one_seed_serves_all(case, module):
    """No result shares memory; output_bar is 1 unless given."""
    params, inputs = arguments(module, case, samples(case))
    z, cache = module.forward(params, inputs)
    bars = [b for part in module.backward(params, inputs, cache) for b in part if b is not None]
    results = [r for r in (z, *bars) if isinstance(r, np.ndarray)]
    for i, result in enumerate(results):
        others = [*params, *inputs, *results[:i]]
        assert result.flags.writeable
        assert not any(np.shares_memory(result, other) for other in others)
    again = module.backward(params, inputs, cache, np.ones(np.shape(z)))
    again = [b for part in again for b in part if b is not None]
    assert all(np.array_equal(a, b) for a, b in zip(bars, again, strict=True))


@each(CASES, share=6)
def test_value_and_grad(case, module):
    rows = samples(case)
    adjoints = []
    for shift, row in enumerate(rows):
        z = case.plain(row)
        adjoints.append(pulled_back(case, shift, 2 * (z - row["y"]) / np.size(z)))
    loss = np.mean([case.plain_loss(row) for row in rows])
    assert module.BLOCK_ROWS > BATCH
    for block_rows in (module.BLOCK_ROWS, 2):
        module.BLOCK_ROWS, usual = block_rows, module.BLOCK_ROWS
        try:
            value, bars = module.value_and_grad(*arguments(module, case, rows))
        finally:
            module.BLOCK_ROWS = usual
        assert_near(value, loss, "the loss", 1e-12)
        for name, bar in zip(bars._fields, bars, strict=True):
            assert_near(bar, np.mean([a[name] for a in adjoints], axis=0), name)
    for one in (rows[:1], rows[0]):
        value, bars = module.value_and_grad(*arguments(module, case, one))
        assert_near(value, case.plain_loss(rows[0]), "the loss of one sample", 1e-12)
        for name, bar in zip(bars._fields, bars, strict=True):
            assert_near(bar, adjoints[0][name], name)


@each([c for c in CASES if "param" in c.roles], share=5)
def test_training_and_vectors(case, module):
    """One step of sgd, ravel and its inverse, and the objective for SciPy."""
    rows = samples(case)
    params, inputs = arguments(module, case, rows)
    value, bars = module.value_and_grad(params, inputs)
    trained, losses = module.sgd(params, inputs, learning_rate=0.25)
    assert_near(losses, [value], "the loss", 1e-12)
    for old, new, bar in zip(params, trained, bars, strict=True):
        assert_near(new, old - 0.25 * bar, "a step", 1e-12)
    sizes = named_sizes(case, params_only=True)
    vector = module.ravel(params)
    for old, new in zip(params, module.unravel(vector, **sizes), strict=True):
        assert np.array_equal(old, new) and np.shape(old) == np.shape(new)
    found, slope = module.objective(vector, inputs, **sizes)
    assert found == value and np.array_equal(slope, module.ravel(bars))
    drawn = module.init_params(np.random.default_rng(3), **sizes)
    assert [np.shape(v) for v in drawn] == [np.shape(v) for v in params]


def named_sizes(case, params_only):
    names = [n for n in case.leaves if case.is_param(n) or not params_only]
    found = [size for n in names for size in case.leaves[n] if size in SIZES]
    return {size: SIZES[size] for size in found}


@each(CASES, share=6)
def test_float32_stays_float32(case, module):
    rows = samples(case)
    params, inputs = arguments(module, case, rows, np.float32)
    z, cache = module.forward(params, inputs)
    params_bar, inputs_bar = module.backward(params, inputs, cache)
    value, mean_bar = module.value_and_grad(params, inputs)
    trained, losses = module.sgd(params, inputs, learning_rate=1e-6, epochs=2, batch_size=2)
    single, _ = module.forward(*arguments(module, case, rows[0], np.float32))
    named = {
        "z": (z, single),
        "cache": cache,
        "params_bar": params_bar,
        "inputs_bar": [bar for bar in inputs_bar if bar is not None],
        "mean_bar": mean_bar,
        "trained": trained,
        "losses": [losses],
    }
    for name, values in named.items():
        made = [v for v in values if not isinstance(v, int | float) or isinstance(v, np.generic)]
        assert {v.dtype.name for v in made} <= {"float32"}, name  # a Python number keeps float32
    wide = module.value_and_grad(*arguments(module, case, rows))
    assert_near(value, wide[0], "the loss", 1e-4)
    for found, expected in zip(mean_bar, wide[1], strict=True):
        assert_near(found, expected, "the gradient", 1e-3)
