"""Sums stand in derivations as they were typed, whatever order SymPy keeps them in."""

from itertools import permutations

import pytest

import symback as sb

TERMS = ("x3", "x5", "σ(x4)", "2·x4", "x3²")
ORDERS = list(permutations(TERMS, 3))[::7]


def forward(circuit):
    """The right-hand sides of the forward pass by node, as text and as LaTeX."""
    text = str(circuit.derive()).partition("\n\n")[2].splitlines()[1:]
    lines = (line.partition(" = ") for line in text[: text.index("")])
    return {left.strip(): right for left, _, right in lines}


@pytest.mark.parametrize("terms", ORDERS)
def test_sums_are_shown_in_the_order_typed(terms):
    found = forward(sb.circuit(f"f = {' + '.join(terms)}"))
    gates = {right: name for name, right in found.items() if name != "f"}
    assert found["f"] == " + ".join(gates.get(term, term) for term in terms)


CASES = [
    ("f = (x3 + x5) − σ(w3x3 + w4x4)", "x3 + x5 − f_1", "x_{3} + x_{5} - f_{1}"),
    ("f = -x + 1", "−x + 1", "-x + 1"),
    ("f = 1 - x", "1 − x", "1 - x"),
    ("f = 3 + x**2 + 2*x", "3 + x² + 2·x", "3 + x^{2} + 2 \\, x"),
    ("h = w*x; f = b + h", "b + h", "b + h"),
    ("f = c - (a - b*x)", "c − a + b·x", "c - a + b \\, x"),
    ("f = -(x - y) + z", "−x + y + z", "-x + y + z"),
]


@pytest.mark.parametrize(("text", "shown", "latex"), CASES)
def test_sums_of_every_kind(text, shown, latex):
    circuit = sb.circuit(text)
    assert forward(circuit)["f"] == shown
    assert f"f &= {latex}\n" in circuit.derive().to_latex()


def test_sums_of_arrays():
    leaves = "b: param[2]; W: param[2, 2]; x: input[2]; "
    circuit = sb.circuit(leaves + "net = b + W @ x; f: output = sum(tanh(net))")
    assert forward(circuit)["net"] == "b + W·x"


def test_the_order_is_not_part_of_what_is_computed():
    one, other = sb.circuit("f = b + w*x"), sb.circuit("f = w*x + b", inputs="x", params="b, w")
    assert one.generate().partition('"""')[0] == other.generate().partition('"""')[0]
    assert one["f"] == other["f"]
