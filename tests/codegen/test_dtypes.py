"""Every result of a module has the dtype of its data, also where a partial is a constant."""

import numpy as np
import pytest

import symback as sb
from tests.cases.compilers import compiles
from tests.cases.one_in import one_in

CIRCUITS = [
    "W: param[3, n]; b: param[3]; x: input[n]\nE: loss = sum(tanh(W @ x) + b)",
    "x: input[n]; b: param[n]\nl: loss = mean(x + b)",
    "x: input[n]; b: param\nl: loss = mean(x + b)",
    "x: input; b: param\nl: loss = x + b",
    "x: input; b: param\nl: loss = 3*b + x/7",
    "x: input; b: param\nl: loss = where(x > 0, b, 2)",
    "g = 9.81; x: input; b: param\nf = where(x > 0, g, 0)*b\nl: loss = f",
    "x: input; b: param\nl: loss = sign(x)*b + abs(b) + max(x, 2) + min(3, b)",
    "b: param[3]\nl: loss = sum(b)",
    "b: param\nl: loss = 2*b + 1",
    "X: input[m, n]; b: param[m, 1]\nl: loss = sum(X + b)",
    "X: input[m, n]; b: param[n]\nl: loss = sum(mean(X, axis=0) + b)",
    "x: input[n]; b: param[n]\nl: loss = sum(where(x > 0, b, 2*b))",
    "x: input[n]; b: param\nl: loss = mean(where(x > 0, b, 3)) + n*b",
    "x: input[n]; b: param[2]\nl: loss = sum(concat(x, b)) + max(b)",
    "x: input[n]; b: param[n]\nl: loss = sum(concat(x*b, [pi, 2])) + sum(concat(b, [3]))",
    "x: input; b: param\nl: loss = sum(concat(x*b, 2, b)**2)",
    "x: input[n]; b: param[n]\nl: loss = dot(ones(n), b) + sum(pi*x)/sqrt(n)",
    "x: input; p: param\nl: loss = abs(x)**p + hypot(x, p) + logaddexp(x, p) + relu(p)",
    "x: input[n]; p: param[n]\nl: loss = sum(abs(x)**p) + norm(x - p) + logsumexp(x*p)",
    "X: input[m, n]; p: param[n]\nl: loss = sum(norm(X - p, axis=1)) + sum(softmax(X) @ p)",
    "x: input[n]; b: param[n]\nl: loss = sum(where(x > 0, b, where(x < -1, 1/3, 2/3)))",
    "x: input[n]; b: param[n]\nl: loss = sum(x*b)*(sigma(n) + erf(n) + where(n > 1, 1/3, n))",
]
SIZES = {"m": 2, "n": 2}


def drawn(node, rng, dtype, rows=()):
    shape = [int(SIZES.get(str(size), size)) for size in node.shape]
    return rng.normal(size=(*rows, *shape)).astype(dtype)[()]


@pytest.mark.parametrize("rows", [(), (5,)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("target", ["numpy", pytest.param("c", marks=compiles)])
@pytest.mark.parametrize("text", one_in(6, CIRCUITS))
def test_results_have_the_dtype_of_the_data(text, target, dtype, rows):
    circuit = sb.circuit(text)
    module, rng = circuit.compile(target=target), np.random.default_rng(0)
    params = module.Params(*(drawn(n, rng, dtype) for n in circuit.params))
    inputs = module.Inputs(*(drawn(n, rng, dtype, rows) for n in circuit.inputs))
    value, cache = module.forward(params, inputs)
    vector = module.ravel(params)
    trained, losses = module.sgd(params, inputs, learning_rate=0.01, epochs=2)
    found = {
        "value": value,
        "losses": losses,
        "vector": vector,
        "objective": module.objective(vector, inputs)[1],
        **{f"cache {i}": part for i, part in enumerate(cache)},
    }
    gradient = module.value_and_grad(params, inputs)[1]
    for what, parts in {
        "backward": module.backward(params, inputs, cache)[0],
        "inputs": module.backward(params, inputs, cache)[1],
        "gradient": gradient,
        "trained": trained,
    }.items():
        found.update({f"{what} {name}": part for name, part in parts._asdict().items()})
    assert {what: np.asarray(v).dtype for what, v in found.items()} == dict.fromkeys(found, dtype)
