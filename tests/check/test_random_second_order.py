"""Random circuits to the second order: compiled modules beside JAX, where it is installed.

SymPy has the same in `test_random_circuits.py`, where costs are counted as well. The slow run takes
CIRCUITS of each kind from the environment, 50 if it does not say; all others are one of each kind.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest

import symback as sb
from tests.cases import random_circuits

jax = pytest.importorskip("jax")
jnp = jax.numpy
jax.config.update("jax_enable_x64", True)

KINDS = {"numbers": random_circuits.of_numbers, "arrays": random_circuits.of_arrays}
MANY = int(os.environ.get("CIRCUITS", "50"))
CASES = [
    pytest.param(kind, number, marks=[pytest.mark.slow] if number else [])
    for kind in KINDS
    for number in range(MANY)
]
CLOSE = 1e-9  # of the largest term; JAX's own formulas lose digits
FUNCTIONS = ("jvp", "jacobian", "hessp", "hessian")
IN_JAX = {
    **{name: getattr(jnp, name) for name in ("tanh", "sin", "cos", "exp", "log", "sqrt", "where")},
    **{name: getattr(jnp, name) for name in ("abs", "outer", "dot", "sum", "mean")},
    "sigma": jax.nn.sigmoid,
    "softplus": jax.nn.softplus,
    "atan2": jnp.arctan2,
    "max": jnp.maximum,
    "min": jnp.minimum,
    "relu": jax.nn.relu,
    "softmax": jax.nn.softmax,
    "concat": lambda *parts: jnp.concatenate(parts),
    "logsumexp": jax.nn.logsumexp,
    "norm": lambda v: jnp.sqrt(jnp.sum(v**2)),
}
"""What the lines of random circuits call."""


def value_in_jax(circuit: random_circuits.RandomCircuit, leaves: dict[str, Any]) -> Any:
    names = dict(leaves)
    for name, line in circuit.lines:
        names[name] = eval(line, {"__builtins__": {}}, {**IN_JAX, **names})  # our own text
    return names[circuit.output]


def near(found: Any, expected: Any, text: str) -> None:
    expected = np.asarray(expected)
    assert np.shape(found) == expected.shape
    scale = max(1.0, float(np.abs(expected).max(initial=0)))
    np.testing.assert_allclose(found, expected, rtol=0, atol=CLOSE * scale, err_msg=text)


def test_every_operation_of_random_circuits_is_known():
    assert IN_JAX.keys() == random_circuits.PYTHON.keys()


@pytest.mark.parametrize(("kind", "number"), CASES)
def test_first_and_second_derivatives_are_those_of_jax(kind, number):
    """Gradient, J, J·v, H·v and Hessian at one sample."""
    rng = np.random.default_rng([number, len(kind), 2])
    circuit = KINDS[kind](rng)

    def drawn(shapes: Any) -> dict[str, Any]:
        return {name: np.asarray(rng.normal(size=shape)) for name, shape in shapes.items()}

    params, inputs = drawn(circuit.params), drawn(circuit.inputs)
    params_dot, inputs_dot = drawn(circuit.params), drawn(circuit.inputs)
    module = sb.circuit(circuit.text).compile(functions=FUNCTIONS if params else ("jvp",))
    params = {name: params[name] for name in module.Params._fields}
    params_dot = {name: params_dot[name] for name in params}
    given = module.Params(**params), module.Inputs(**inputs)

    def value(theta: Any) -> Any:
        """By a vector of the parameters, then the inputs, each in the order of its kind."""
        names, start = {}, 0
        for name, leaf in {**params, **inputs}.items():
            names[name] = theta[start : start + leaf.size].reshape(leaf.shape)
            start += leaf.size
        return value_in_jax(circuit, names)

    def flat(*parts: dict[str, Any]) -> Any:
        return np.concatenate([np.zeros(0), *(np.ravel(v) for p in parts for v in p.values())])

    point, v = flat(params, inputs), flat(params_dot)
    slope = np.asarray(jax.grad(value)(point))
    dots = module.Params(**params_dot), module.Inputs(**inputs_dot)
    near(module.jvp(*given, *dots), slope @ flat(params_dot, inputs_dot), circuit.text)
    if not params:
        return
    theta, p = flat(params), len(v)
    second = np.asarray(jax.hessian(lambda t: value(jnp.concatenate([t, point[p:]])))(theta))
    near(module.objective(theta, given[1])[1], slope[:p], circuit.text)
    near(module.jacobian(theta, given[1])[0], slope[:p], circuit.text)
    near(module.hessp(theta, v, given[1]), second @ v, circuit.text)
    near(module.hessian(theta, given[1]), second, circuit.text)
