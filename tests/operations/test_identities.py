"""Published identities of matrix calculus: the table itself, and symback against it.

The gradients of the table are compared with central differences of plain NumPy first, so that a
slip in the table is found as one. Only the other tests use symback.
"""

from __future__ import annotations

import functools
import zlib

import numpy as np
import pytest

import symback as sb
from tests.cases.identities import IDENTITIES
from tests.cases.one_in import one_in

BATCH = 3
EACH = pytest.mark.parametrize("identity", one_in(3, IDENTITIES), ids=lambda i: i.name)
EACH_WITH_INPUTS = pytest.mark.parametrize(
    "identity",
    [i for i in IDENTITIES if set(i.roles.values()) != {"param"}],
    ids=lambda i: i.name,
)


def sample(identity, shift=0):
    """Values of all leaves in the identity's domain, the same in every run."""
    rng = np.random.default_rng([zlib.crc32(identity.name.encode()), shift])
    return {
        name: np.asarray(identity.given[name], float)
        if name in identity.given
        else draw(rng, shape, identity.domain)
        for name, shape in identity.shapes.items()
    }


def draw(rng, shape, domain):
    if domain == "positive":
        return np.asarray(rng.uniform(0.5, 2, shape))
    values = np.asarray(rng.normal(size=shape))
    if len(shape) < 2 or shape[0] != shape[1]:
        return values
    if domain == "spd":
        return values @ values.T + len(values) * np.eye(len(values))
    if domain == "wellconditioned":
        return 2 * np.eye(len(values)) + 0.3 * values
    return values


def differences(identity, leaves, name, h=1e-3):
    """∂f/∂name by central differences of fourth order."""
    gradient = np.zeros(leaves[name].shape)
    for index in np.ndindex(gradient.shape):

        def moved(by, index=index):
            changed = leaves[name].copy()
            changed[index] += by
            return identity.value(**{**leaves, name: changed})

        gradient[index] = (8 * (moved(h) - moved(-h)) - moved(2 * h) + moved(-2 * h)) / (12 * h)
    return gradient


def published(identity, leaves):
    return {n: np.asarray(g(**leaves), float) for n, g in identity.gradients.items()}


def assert_near(found, expected, tolerance, what):
    """Equal shapes, and entries equal up to a share of the largest one."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape, what
    worst = np.abs(found - expected).max()
    assert worst <= tolerance * np.abs(expected).max(), f"{what}: off by {worst:.2e}"


@functools.cache
def compiled(text):
    return sb.circuit(text).compile()


def as_tuples(module, identity, leaves):
    """Params and Inputs of a module, filled from leaves by name."""
    params = {n: leaves[n] for n, role in identity.roles.items() if role == "param"}
    inputs = {n: leaves[n] for n, role in identity.roles.items() if role != "param"}
    return module.Params(**params), module.Inputs(**inputs)


# The table ----------------------------------------------------------------------------------------


def test_the_table_has_entries_of_its_own():
    names = [i.name for i in IDENTITIES]
    assert len(names) >= 150
    assert len(set(names)) == len(names)


@EACH
def test_published_gradients_agree_with_differences(identity):
    leaves = sample(identity)
    assert set(identity.gradients) | set(identity.given) <= set(leaves)
    assert np.shape(identity.value(**leaves)) == ()
    for name, gradient in published(identity, leaves).items():
        assert np.abs(gradient).max() > 1e-6, f"the gradient of {name} says nothing"
        assert_near(gradient, differences(identity, leaves, name), 1e-6, name)


# symback ------------------------------------------------------------------------------------------


@EACH
def test_symback_agrees(identity):
    module = compiled(identity.text)
    leaves = sample(identity)
    params, inputs = as_tuples(module, identity, leaves)
    if identity.has_loss:
        value, params_bar = module.value_and_grad(params, inputs)
        found = params_bar._asdict()
    else:
        value, cache = module.forward(params, inputs)
        params_bar, inputs_bar = module.backward(params, inputs, cache)
        found = {**inputs_bar._asdict(), **params_bar._asdict()}
    assert_near(value, identity.value(**leaves), 1e-9, "the value")
    for name, gradient in published(identity, leaves).items():
        assert_near(found[name], gradient, 1e-9, name)


@EACH_WITH_INPUTS
def test_symback_agrees_for_a_batch(identity):
    """Parameters of one sample, inputs of several: sums over samples, or the means of a loss."""
    module = compiled(identity.text)
    first = sample(identity)
    several = [
        {n: first[n] if role == "param" else leaves[n] for n, role in identity.roles.items()}
        for leaves in (sample(identity, shift) for shift in range(BATCH))
    ]
    stacked = {
        n: first[n] if role == "param" else np.stack([leaves[n] for leaves in several])
        for n, role in identity.roles.items()
    }
    params, inputs = as_tuples(module, identity, stacked)
    values = np.array([identity.value(**leaves) for leaves in several])
    each = [published(identity, leaves) for leaves in several]
    if identity.has_loss:
        value, params_bar = module.value_and_grad(params, inputs)
        assert_near(value, values.mean(), 1e-9, "the mean loss")
        for name in identity.gradients:
            expected = np.mean([gradients[name] for gradients in each], axis=0)
            assert_near(getattr(params_bar, name), expected, 1e-9, name)
        return
    value, cache = module.forward(params, inputs)
    assert_near(value, values, 1e-9, "the values")
    params_bar, inputs_bar = module.backward(params, inputs, cache)
    for name in identity.gradients:
        gradients = [g[name] for g in each]
        if identity.roles[name] == "param":
            assert_near(getattr(params_bar, name), np.sum(gradients, axis=0), 1e-9, name)
        else:
            assert_near(getattr(inputs_bar, name), np.stack(gradients), 1e-9, name)
