"""Equal circuits and equal nodes: what equality is, and that equal ones generate the same."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

import symback as sb
from symback.circuits.circuit import Circuit, Nodes, computed, leaf, size
from symback.language import parse
from symback.operations.expressions import real_symbol

TEXTS = (
    "f = w*x",
    "f = x*w",
    "f = w*x + b",
    "w: param = 0.0; f = w*x",
    "w: param = -0.0; f = w*x",
    "w: input; x: param; f = w*x",
    "f = 1/(1 + exp(-w*x))",
    "f = sigma(w*x)",
    "f = w*x\nloss: none",
)
CIRCUITS: list[Circuit] = [
    made
    for text in TEXTS
    for typed in [sb.circuit(text)]
    for made in (typed, typed.as_typed(), parse.circuit(text), sb.circuit(typed.source))
]
W, X = real_symbol("w"), real_symbol("x")
VECTOR = (real_symbol("n"),)
NODES = [
    leaf("x", "input"),
    leaf("x", "input"),
    leaf("x", "param"),
    leaf("x", "param", 0.0),
    leaf("x", "param", -0.0),
    leaf("x", "param", float("nan")),
    leaf("x", "input", shape=VECTOR),
    size("x"),
    computed("x", W * X, ["w", "x"]),
    computed("x", W * X, ["x", "w"]),
    computed("x", W * X, ["w", "x"], generated=True),
    computed("x", W * X, ["w", "x"], shapes={"x": VECTOR}, shape=VECTOR),
    computed("x", W * X, ["w", "x"], shapes={"w": VECTOR}, shape=VECTOR),
]
THINGS: list[object] = [*CIRCUITS, *NODES, "x", "f", *TEXTS]


def test_equality_is_reflexive_symmetric_and_transitive():
    for a, b in product(THINGS, THINGS):
        assert a is not b or a == b
        assert (a == b) == (b == a)
        for c in THINGS if a == b else ():
            assert (a == c) == (b == c)


def test_equal_ones_have_the_same_hash():
    pairs = [(a, b) for a, b in product(THINGS, THINGS) if a == b]
    assert len(pairs) > len(THINGS)  # not only each with itself
    assert all(hash(a) == hash(b) for a, b in pairs)


def test_circuits_that_are_equal_generate_the_same_text_and_others_are_not():
    modules = [sb.Circuit.of(c).generate() for c in CIRCUITS]
    assert 1 < len(set(modules)) < len(modules)  # both cases below occur
    for (a, of_a), (b, of_b) in product(list(zip(CIRCUITS, modules, strict=True)), repeat=2):
        if a == b:
            assert of_a == of_b
        if of_a != of_b:
            assert a != b


def test_a_circuit_as_typed_is_another():
    circuit = sb.circuit("f = 1/(1 + exp(-w*x))")
    assert circuit != circuit.as_typed()
    assert circuit.generate() != circuit.as_typed().generate()
    assert len({circuit, circuit.as_typed(), replace(circuit)}) == 2


@pytest.mark.parametrize("text", TEXTS)
def test_the_circuit_with_methods_equals_its_data(text):
    data, held = parse.circuit(text), sb.circuit(text)
    assert data == held and held == data and len({data, held}) == 1


def test_no_node_is_a_text():
    node, text = leaf("x", "input"), "x"
    assert node != text and text != node


def test_nodes_are_found_by_name_and_by_node():
    circuit = sb.circuit("f = w*x + b")
    kinds = (circuit.params, circuit.inputs, circuit.leaves, circuit.computed, circuit.nodes)
    assert all(isinstance(nodes, Nodes) for nodes in kinds)
    assert "w" in circuit.params and "x" not in circuit.params and "f" in circuit.nodes
    assert circuit["w"] in circuit.params and leaf("w", "input") not in circuit.params
    assert str(circuit.params) == str(tuple(circuit.params))
    assert circuit["w"] is circuit[circuit["w"]]
