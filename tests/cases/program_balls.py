"""Programs of one sample in balls, and how fast their results move by central differences.

At 1000 bits a difference over a step of 2⁻¹²⁰ has more than 50 decimal digits of the slope.
"""

from functools import cache

from flint import arb

import symback as sb
from symback.autodiff.lower import lower, plain
from symback.autodiff.tangents import tangent_program
from symback.circuits.program import batch_sum
from symback.operations.balls.arrays import evaluate_entries
from symback.operations.balls.scalars import precision
from symback.operations.elementwise import OPS
from symback.operations.entries import Entries, nested

BITS = 1000
STEP = 2.0**-120


@cache
def lowered(circuit):
    products = ["jvp"]
    if circuit.params and not circuit.objective.shape:
        products.append("hessp")
    return lower(circuit, [*plain(circuit), *products])


@cache
def forward_with_tangents(circuit):
    return lowered(circuit).program("jvp")


@cache
def gradient_with_tangents(circuit):
    return lowered(circuit).program("hessp")


@cache
def plain_gradient_with_tangents(circuit):
    """The same in the formulas of books, which no rounding has shaped."""
    found = lowered(circuit)
    params = {p.symbol for p in found.circuit.params}
    program = found.program("objective")
    return tangent_program(
        program,
        found.names,
        {s: found.names.tangent(s.name) for s in program.arguments if s in params},
        least=found.circuit.least,
        results=program.results[1:],
        plain=True,
    )


STATED = {"relu_at": "1/2", "abs_at": "1", "max_at": "1", "min_at": "1/4"}


def of_numbers(name, point):
    """The circuit f = name(u0, u1, …), whose operands are parameters, but those that have to be
    numbers: these are those of the point."""
    given = OPS[name].given
    operands = [*map(str, point[:given]), *(f"u{i}" for i in range(given, len(point)))]
    if name in STATED:
        operands[-1] = STATED[name]
    declared = "\n".join(f"{u}: param" for u in operands if u.startswith("u"))
    return sb.circuit(f"{declared}\nf: output = {name}({', '.join(operands)})\nl: loss = f")


def entries(value):
    """An array of balls from a number, nested lists or an array."""
    plain = value.tolist() if hasattr(value, "tolist") else value
    return nested(plain).map(lambda u: arb(float(u)))


def run(program, values, sizes):
    """The results of a program, from the entries of its arguments by name."""
    known = {s: values[s.name] for s in program.arguments if s.name in values}
    for line in program.lines:
        expr = line.expr.replace(batch_sum, lambda value: value)  # of one sample
        known[line.target] = evaluate_entries(expr, known, sizes)
    return [known[r] for r in program.results]


def moved(values, direction, step):
    """The values after a step along a direction, whose names are those of the values."""
    return {
        name: value + direction[name].map(lambda d: d * step) if name in direction else value
        for name, value in values.items()
    }


def dotted(direction):
    return {f"{name}_dot": value for name, value in direction.items()}


def inner(a, b):
    """Σ a∘b over two arrays, or over all of two mappings or lists of them."""
    if isinstance(a, Entries):
        return sum((x * y for x, y in zip(a.flat, b.flat, strict=True)), arb(0))
    pairs = (
        zip(a.values(), b.values(), strict=True) if isinstance(a, dict) else zip(a, b, strict=True)
    )
    return sum((inner(x, y) for x, y in pairs), arb(0))


def difference(function, values, direction):
    """(f(x + h·v) − f(x − h·v))/2h of a function of entries by name."""
    with precision(BITS):
        ahead = function(moved(values, direction, arb(STEP)))
        behind = function(moved(values, direction, arb(-STEP)))
        return Entries(
            ahead.shape,
            [(a - b) / (2 * arb(STEP)) for a, b in zip(ahead.flat, behind.flat, strict=True)],
        )


def second_difference(function, values, one, other):
    """vᵀ·H·w of a number that is a function of entries by name."""
    with precision(BITS):
        h = arb(STEP)
        total = arb(0)
        for sign in (1, -1):
            for other_sign in (1, -1):
                at = moved(moved(values, one, h * sign), other, h * other_sign)
                total += sign * other_sign * function(at)
        return total / (4 * h * h)


def assert_equal(found, expected, what, digits=40):
    found = found.flat if isinstance(found, Entries) else [found]
    expected = expected.flat if isinstance(expected, Entries) else [expected]
    assert len(found) == len(expected), what
    scale = max(abs(e.mid()) for e in expected)
    for one, other in zip(found, expected, strict=True):
        error = abs((one - other).mid())
        assert one.is_finite() and error <= max(scale, arb(1e-15)) * arb(10) ** -digits, (
            f"{what}: {one.str(20)}, not {other.str(20)}"
        )
