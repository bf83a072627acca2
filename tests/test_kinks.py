"""Stated derivatives at kinks mean the same in text, derivation, code and check."""

from __future__ import annotations

import numpy as np
import pytest

import symback as sb
from symback.check import check_module
from symback.errors import CircuitError, SymbackError

BODY = "x: input; w: param\nf = w*{name}(x)\nloss: none"
STATED = [  # function, what is stated, its partials by x at -2, 0 and 3 where w is 2
    ("relu", "relu'(0) = 1/2\n", (0, 1, 2)),
    ("relu", "relu′(0) = 1\n", (0, 2, 2)),
    ("relu", "", (0, 0, 2)),
    ("abs", "abs'(0) = 1; ", (-2, 2, 2)),
    ("abs", "abs'(0) = -½\n", (-2, -1, 2)),
    ("abs", "", (-2, 0, 2)),
]


@pytest.mark.parametrize(("name", "stated", "expected"), STATED)
def test_code_derivation_and_check_have_the_stated_derivative(name, stated, expected):
    circuit = sb.circuit(stated + BODY.format(name=name))
    assert sb.circuit(circuit.source) == circuit
    module = circuit.compile()
    points = np.array([-2.0, 0.0, 3.0])
    params, inputs = module.Params(w=2.0), module.Inputs(x=points)
    values, cache = module.forward(params, inputs)
    function = np.abs if name == "abs" else lambda u: np.maximum(u, 0)
    assert np.array_equal(values, 2 * function(points))
    _, bars = module.backward(params, inputs, cache)
    assert tuple(bars.x) == expected
    derivation = circuit.partial("f", "x")
    assert tuple(derivation.at(x=x, w=2.0).evaluated()[1]["x"] for x in points) == expected
    assert circuit.check()


def test_the_check_sees_another_convention():
    stated, plain = (sb.circuit(s + BODY.format(name="relu")) for s in ("relu'(0) = 1/2\n", ""))
    assert not check_module(stated, plain.compile())
    assert not check_module(plain, stated.compile())


def test_functions_and_arrays_follow_the_statement():
    text = "relu'(0) = 1\nleaky(u) = relu(u) - relu(-u)/8\nx: input[2]; W: param[3, 2]\n"
    circuit = sb.circuit(text + "f = sum(leaky(W @ x))\nloss: none")
    module = circuit.compile()
    params, inputs = module.Params(W=np.zeros((3, 2))), module.Inputs(x=np.array([1.0, 2.0]))
    _, cache = module.forward(params, inputs)
    bars, _ = module.backward(params, inputs, cache)
    assert np.array_equal(bars.W, np.tile([1.125, 2.25], (3, 1)))
    assert circuit.check()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("relu'(1) = 2\nf = relu(x)", "only relu'(0) and abs'(0) can be stated"),
        ("tanh'(0) = 2\nf = tanh(x)", "only relu'(0) and abs'(0) can be stated"),
        ("relu'(0) = y\nf = relu(x)", "line 1, column 12: relu'(0) is a number"),
        ("relu'(0) = 1\nrelu'(0) = 0\nf = relu(x)", "line 2, column 1: relu'(0) is stated twice"),
        ("relu'(0) =\nf = relu(x)", "line 1, column 11"),
        ("for t in range(2):\n    relu'(0) = 1\nf = x", "declare before the loop"),
        ("f = relu'(0)", "text in quotes"),
    ],
)
def test_what_cannot_be_stated(text, message):
    with pytest.raises(SymbackError) as caught:
        sb.circuit(text)
    assert message in str(caught.value)
    assert isinstance(caught.value, CircuitError)
