"""Random circuits to the second order: compiled modules beside JAX, where it is installed.

SymPy has the same in `test_random_circuits.py`, where costs are counted as well. The slow run takes
CIRCUITS of each kind from the environment, 50 if it does not say; all others are one of each kind.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
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


def units(leaves: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    """The directions of all entries of all leaves, in their order.

    One at a time, because JAX compiles each operation for each shape of its operands.
    """
    for i, leaf in enumerate(leaves):
        for place in np.ndindex(leaf.shape):
            along = [np.zeros_like(other) for other in leaves]
            along[i][place] = 1
            yield tuple(along)


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

    def flat(*parts: Iterable[Any]) -> Any:
        return np.concatenate([np.zeros(0), *(np.ravel(v) for part in parts for v in part)])

    def value(theta: tuple[Any, ...], x: tuple[Any, ...]) -> Any:
        return value_in_jax(circuit, dict(zip([*params, *inputs], theta + x, strict=True)))

    at = tuple(params.values()), tuple(inputs.values())
    by_params, by_inputs = jax.grad(value, (0, 1))(*at)
    dots = module.Params(**params_dot), module.Inputs(**inputs_dot)
    moved = flat(by_params, by_inputs) @ flat(params_dot.values(), inputs_dot.values())
    near(module.jvp(*given, *dots), moved, circuit.text)
    if not params:
        return
    theta, v = flat(params.values()), flat(params_dot.values())
    slope = jax.grad(value)
    columns = [jax.jvp(lambda t: slope(t, at[1]), at[:1], (e,))[1] for e in units(at[0])]
    second = np.array([flat(column) for column in columns]).T
    near(module.objective(theta, given[1])[1], flat(by_params), circuit.text)
    near(module.jacobian(theta, given[1])[0], flat(by_params), circuit.text)
    near(module.hessp(theta, v, given[1]), second @ v, circuit.text)
    near(module.hessian(theta, given[1]), second, circuit.text)
