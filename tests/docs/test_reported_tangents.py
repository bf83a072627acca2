"""The page of reported formulas in forward mode: J·v gives the gradients of reverse mode."""

import numpy as np
import pytest

from symback.codegen.runtimes import in_numpys_terms
from tests.cases.compilers import compiles
from tests.cases.one_in import one_in
from tests.cases.reported import REPORTED, circuit_of, numbers

VALUED = [row for row in REPORTED if not np.isnan(next(iter(numbers(row[2]).values())))]


def along_each(module, point):
    """J·v along each entry of each leaf that moves, beside the gradient's entry, both by name."""
    floats = {
        n: np.asarray(v, float) if isinstance(v, list) else float(v) for n, v in point.items()
    }

    def tuples(values):
        parts = (module.Params, module.Inputs)
        return [part(**{n: values[n] for n in part._fields}) for part in parts]

    params, inputs = tuples(floats)
    _, cache = module.forward(params, inputs)
    bars = {}
    for part in module.backward(params, inputs, cache):
        bars |= part._asdict()
    still = {name: np.zeros(np.shape(v)) if np.shape(v) else 0.0 for name, v in floats.items()}
    moved, wanted = {}, {}
    for name, bar in ((n, b) for n, b in bars.items() if b is not None):
        for at in np.ndindex(np.shape(floats[name])):
            unit = np.zeros(np.shape(floats[name]))
            unit[at] = 1
            unit = unit if at else 1.0
            moved[name, at] = module.jvp(params, inputs, *tuples({**still, name: unit}))
            wanted[name, at] = np.asarray(bar)[at]
    return moved, wanted


@pytest.mark.parametrize("text, at, gives", one_in(12, map(tuple, VALUED)))
@pytest.mark.parametrize("target", ["numpy", pytest.param("c", marks=[compiles, pytest.mark.slow])])
def test_tangents_along_each_leaf_are_the_gradient(text, at, gives, target):
    """An infinite partial along one leaf does not reach the tangent along another one."""
    point = numbers(at)
    assert_is_the_gradient(
        circuit_of(text, point).compile(target=target, functions=("jvp",)), point
    )


@pytest.mark.parametrize("text, at, gives", one_in(48, map(tuple, VALUED)))
@pytest.mark.parametrize("target", ["jax", "torch"])
def test_tangents_of_frameworks_are_the_gradient(text, at, gives, target):
    """The same of what jax.jvp and torch.func.jvp make of modules for them."""
    pytest.importorskip(target)
    point = numbers(at)
    made = circuit_of(text, point).compile(target=target)
    assert_is_the_gradient(in_numpys_terms(made), point)


def assert_is_the_gradient(module, point):
    with np.errstate(all="ignore"):
        moved, wanted = along_each(module, point)
    assert moved
    for along, expected in wanted.items():
        if np.isfinite(expected):
            np.testing.assert_allclose(
                moved[along], expected, rtol=1e-12, atol=1e-16, err_msg=str(along)
            )
