"""Stated derivatives at kinks mean the same in text, derivation, code and check."""

from __future__ import annotations

import math

import numpy as np
import pytest

import symback as sb
from symback.check.check import check_module
from symback.errors import CircuitError, SymbackError
from tests.cases.one_in import one_in

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


TIES = [  # what is stated, the call, the partials by x, y and z where w is 2 and all are equal
    ("max'(tie) = 1", "max(x, y, z)", (2, 0, 0)),
    ("max′(tie) = 0; min'(tie) = 1", "max(x, y, z)", (0, 0, 2)),
    ("min'(tie) = 1/4", "min(x, y)", (0.5, 1.5)),
    ("min'(tie) = 1/4", "minimum(y, x)", (1.5, 0.5)),
    ("min'(tie) = 1", "max(x, y)", (1, 1)),
    ("max'(tie) = ½", "max(x, y)", (1, 1)),
]


@pytest.mark.parametrize(("stated", "call", "expected"), TIES)
def test_ties_are_shared_as_stated(stated, call, expected):
    """Beside a tie the larger or smaller operand gets all, whatever is stated."""
    names = "xyz"[: len(expected)]
    circuit = sb.circuit(f"{stated}\nw: param; {'; '.join(f'{n}: input' for n in names)}\n"
                         f"f = w*{call}\nloss: none")  # fmt: skip
    assert sb.circuit(circuit.source) == circuit
    module = circuit.compile()
    rows = [*np.eye(len(names)), np.ones(len(names)), np.full(len(names), -3.0)]
    params = module.Params(w=2.0)
    inputs = module.Inputs(*np.array(rows).T)
    values, cache = module.forward(params, inputs)
    assert np.array_equal(values, 2 * (np.max if "max" in call else np.min)(rows, axis=1))
    _, bars = module.backward(params, inputs, cache)
    got = np.array(bars).T
    assert np.array_equal(got[-2], expected) and np.array_equal(got[-1], expected)
    if "max" in call:
        assert np.array_equal(got[: len(names)], 2 * np.eye(len(names)))
    derivation = circuit.derive()
    for row, partials in zip(rows, got, strict=True):
        at = derivation.at(w=2.0, **dict(zip(names, row, strict=True))).evaluated()[1]
        assert [at[n] for n in names] == list(partials)
    assert circuit.check()


def test_the_check_sees_a_tie_that_is_shared_otherwise():
    body = "x: input; y: input; w: param\nf = w*max(x, y)\nloss: none"
    texts = ("", "max'(tie) = 1\n", "max'(tie) = 0\n")
    circuits = [sb.circuit(text + body) for text in texts]
    assert circuits
    for one in circuits:
        for other in circuits:
            assert bool(check_module(one, other.compile())) == (one is other)


@pytest.mark.parametrize(
    "formula",
    [
        "relu(relu(x) - y)",
        "abs(abs(x) - relu(y))",
        "max(x - relu(x), y)",
        "min(max(x, y), z - y, abs(z))",
    ],
)
@pytest.mark.parametrize("stated", one_in(2, ["", "relu'(0) = 1; abs'(0) = -1; max'(tie) = 1/4; "]))
def test_kinks_inside_kinks_are_checked(stated, formula):
    report = sb.circuit(f"{stated}f = w*{formula}\nloss: none").check(points=20)
    assert report.passed, str(report)


def test_nan_stays_nan_where_a_tie_is_stated():
    module = sb.circuit("max'(tie) = 1\nf = w*max(x, y)\nloss: none").compile()
    inputs = module.Inputs(x=np.array([np.nan, 1.0]), y=np.array([1.0, np.nan]))
    values, _ = module.forward(module.Params(w=1.0), inputs)
    assert np.all(np.isnan(values))


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
        ("relu'(1) = 2\nf = relu(x)", "only abs'(0), min'(tie), max'(tie), relu'(0) can be stated"),
        ("tanh'(0) = 2\nf = tanh(x)", "only abs'(0), min'(tie), max'(tie), relu'(0) can be stated"),
        ("relu'(0) = y\nf = relu(x)", "line 1, column 12: relu'(0) is a number"),
        ("relu'(0) = 1\nrelu'(0) = 0\nf = relu(x)", "line 2, column 1: relu'(0) is stated twice"),
        ("relu'(0) =\nf = relu(x)", "line 1, column 11"),
        ("max'(0) = 1\nf = max(x, y)", "min'(tie), max'(tie), relu'(0) can be stated"),
        ("relu'(tie) = 1\nf = relu(x)", "of those that are known, abs'(0), min'(tie), max'(tie)"),
        ("min'(tie) = 1; min'(tie) = 0\nf = min(x, y)", "min'(tie) is stated twice"),
        ("max'(tie) = y\nf = max(x, y)", "max'(tie) is a number"),
        ("for t in range(2):\n    relu'(0) = 1\nf = x", "declare before the loop"),
        ("f = relu'(0)", "a formula cannot contain the derivative relu'; a line of its own"),
    ],
)
def test_what_cannot_be_stated(text, message):
    with pytest.raises(SymbackError) as caught:
        sb.circuit(text)
    assert message in str(caught.value)
    assert isinstance(caught.value, CircuitError)


@pytest.mark.parametrize("other", [1.0, -1.0])
@pytest.mark.parametrize("form", ["max", "min"])
@pytest.mark.parametrize("sign", [">", ">=", "<", "<="])
def test_an_extreme_is_known_to_be_its_operand(form, other, sign):
    """m = max(a, w) is a itself where a > w, so that m > a is no close call."""
    circuit = sb.circuit(
        f"a = sin(x)\nm = {form}(a, w)\nf = where(m {sign} a, 2*m, 3*m)", loss=None
    )
    found = circuit.derive().at(x=0.5, w=other).evaluated()[0]["f"]
    a = math.sin(0.5)
    m = max(a, other) if form == "max" else min(a, other)
    taken = {">": m > a, ">=": m >= a, "<": m < a, "<=": m <= a}[sign]
    assert found == pytest.approx(2 * m if taken else 3 * m, rel=1e-15, abs=0)
