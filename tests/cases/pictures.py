"""Circuits to draw: small, random and large."""

import random

import symback as sb
from symback.errors import CircuitError
from tests.cases.sample_circuits import LECTURE


def network(inputs, *widths):
    """A network with tanh layers of these widths and a σ at its end, as text."""
    before, lines, count = [f"x{i + 1}" for i in range(inputs)], [], 0
    for layer, width in enumerate((*widths, 1)):
        names = [f"h{layer + 1}_{i + 1}" for i in range(width)] if layer < len(widths) else ["f"]
        for name in names:
            terms = [f"w{count + i + 1}*{operand}" for i, operand in enumerate(before)]
            count += len(terms)
            head = "sigma" if name == "f" else "tanh"
            lines.append(f"{name} = {head}({' + '.join(terms)} + b_{name})")
        before = names
    return "\n".join(lines)


def some_circuit(seed):
    """A random circuit of up to 25 nodes with shared parts, long wires and long names."""
    rng = random.Random(seed)
    while True:
        try:
            circuit = sb.circuit(some_text(rng))
            circuit.draw(point(circuit))
            return circuit
        except CircuitError as error:  # a name cancels out, or two operands are equal
            assert "cancels out" in str(error) or "kink" in str(error)


def some_text(rng):
    names = ["x1", "x2", "a_rather_long_name_of_an_input", "w1", "w2", "b"]
    lines = []
    forms = ["{0} + {1}", "{0}*{1} - {2}", "sin({0})", "tanh({0} + {1}*w1)", "{0}**2/({1}**2 + 1)"]
    forms += ["max({0}, {1})", "where({0} > {1}, {1}, {2})", "{0}*w2 + {1}*w1 + b", "sqrt({0}**2)"]
    for i in range(rng.randrange(3, 20)):
        operands = rng.sample(names[-8:], min(3, len(names)))
        lines.append(f"v{i} = {rng.choice(forms).format(*operands)}")
        names.append(f"v{i}")
    used = " ".join(lines)
    unused = [n for n in names if n.startswith("v") and used.count(f"{n}") < 2]
    return "\n".join([*lines, f"f: output = {' + '.join(dict.fromkeys([*unused, names[-1]]))}"])


PICTURES = {
    **LECTURE,
    "16 gates": network(2, 4, 3),
    "26 gates": network(2, 6, 6),
    "26 gates, one layer": network(1, 12),
}


def point(circuit, seed=0):
    rng = random.Random(seed)
    return {n.name: round(rng.uniform(-2, 2), 6) for n in circuit.leaves}


LARGE = {
    "dense": network(10, 20, 20),
    "chain": "\n".join(
        ["a0 = w*x", *(f"a{i} = tanh(a{i - 1} + u)*w{i % 7}" for i in range(1, 700))]
    ),
    "wide": "f = " + " + ".join(f"w{i}*x{i}" for i in range(600)),
    "many": "\n".join(f"s{i} = sin(w{i}*x)" for i in range(600))
    + "\nf = "
    + "+".join(f"s{i}" for i in range(600)),
}
