"""Tangents of every operation against central differences at 180 digits, and against the VJPs."""

import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from flint import arb

import symback as sb
from symback.autodiff.curvatures import curvatures
from symback.autodiff.lower import lower, optimised, plain
from symback.autodiff.passes.drop_dead import drop_dead
from symback.derivation.walks import typed_walk
from symback.errors import Unsupported
from symback.operations import jvp, number_slopes
from symback.operations.arrays import ARRAY_FUNCTIONS, ArrayFunction
from symback.operations.balls.scalars import precision
from symback.operations.edges import CAREFUL
from symback.operations.elementwise import OPS
from symback.operations.entries import Entries
from symback.operations.expressions import postorder
from symback.operations.shapes import size_symbol
from tests.cases.array_cases import CASES as ARRAYS
from tests.cases.array_cases import SIZES
from tests.cases.array_circuits import CIRCUITS
from tests.cases.array_judge import circuit, samples
from tests.cases.compilers import compiles
from tests.cases.counts import assert_cheap
from tests.cases.elementwise import CASES
from tests.cases.one_in import one_in
from tests.cases.program_balls import (
    BITS,
    assert_equal,
    difference,
    dotted,
    entries,
    forward_with_tangents,
    gradient_with_tangents,
    inner,
    lowered,
    of_numbers,
    plain_gradient_with_tangents,
    run,
    second_difference,
)

# -- operations on numbers -----------------------------------------------------------------------

ENDS = {("acosc", (1,))}  # points at which the definition ends
NUMBERS = [
    (name, point)
    for name, case in CASES.items()
    if name not in ("stated", "stop_gradient")  # whose slope is not that of the value
    for point in case.points
    if (name, point) not in ENDS
]


def drawn(seed, shapes):
    rng = np.random.default_rng(zlib.crc32(seed.encode()))
    return {name: entries(rng.normal(size=shape)) for name, shape in shapes.items()}


@pytest.mark.parametrize(
    ("name", "point"), one_in(6, NUMBERS), ids=lambda p: str(p).replace(" ", "")
)
def test_first_and_second_tangents_of_functions_of_numbers(name, point):
    found = of_numbers(name, point)
    values = {p.name: entries(point[int(p.name[1:])]) for p in found.params}
    direction = drawn(f"{name} v", {n: () for n in values})
    judge_both(found, values, direction, {}, f"{name}{point}")


def test_tangents_where_the_definition_ends():
    """acos(w)/√(1 − w²) = 1 − (w − 1)/3 + 2·(w − 1)²/15 − …"""
    found = of_numbers("acosc", (1,))
    values = {"u0": entries(1), "u0_dot": entries(1)}
    assert run(forward_with_tangents(found), values, {})[0].item().overlaps(-arb(1) / 3)
    assert run(gradient_with_tangents(found), values, {})[0].item().overlaps(arb(4) / 15)


def judge_both(circuit, values, direction, sizes, what):
    """J·v and H·v of a circuit at a point, each against differences of its values."""
    program = lowered(circuit).program("forward")

    def value(at):
        return run(program, at, sizes)[0]

    with precision(BITS):
        (found,) = run(forward_with_tangents(circuit), {**values, **dotted(direction)}, sizes)
    assert_equal(found, difference(value, values, direction), f"J·v of {what}")
    judge_second(circuit, values, direction, sizes, what)


def has_series(circuit):
    """Whether code has a slope as a series that is cut off where float64 has no more digits."""
    lines = lowered(circuit).program("objective").lines
    return any(
        part.func in number_slopes.SECOND_SLOPES for line in lines for part in postorder(line.expr)
    )


def judge_second(circuit, values, direction, sizes, what):
    program = lowered(circuit).program("objective")
    params = {p.name: direction[p.name] for p in circuit.params}
    other = drawn(f"{what} w", {n: v.shape for n, v in params.items()})

    def loss(at):
        return run(program, at, sizes)[0].item()

    expected = second_difference(loss, values, params, other)
    with precision(BITS):
        at = {**values, **dotted(params)}
        books = inner(list(other.values()), run(plain_gradient_with_tangents(circuit), at, sizes))
        code = inner(list(other.values()), run(gradient_with_tangents(circuit), at, sizes))
    assert_equal(books, expected, f"H·v of {what}")
    assert_equal(code, expected, f"H·v of {what} in code", 15 if has_series(circuit) else 40)


def test_every_operation_on_numbers_has_points():
    assert CASES.keys() == OPS.keys()


# -- operations on arrays ------------------------------------------------------------------------

SOME = list({c.name: c for c in ARRAYS if not c.is_slow}.values())
SIZE_VALUES = {size_symbol(name): size for name, size in SIZES.items()}


def point_of(case):
    sample = samples(case)[0]
    found = {name: entries(sample[name]) for name in sample}
    for name in (n for n, kind in case.kinds.items() if kind == "distribution"):
        with precision(BITS):  # that adds up to 1, as the rule has it
            rows = [[*row[:-1], 1 - sum(row[:-1], arb(0))] for row in found[name].rows()]
        found[name] = Entries(found[name].shape, [entry for row in rows for entry in row])
    return found


@pytest.mark.parametrize("case", one_in(4, SOME), ids=lambda c: c.id)
def test_first_and_second_tangents_of_functions_of_arrays(case):
    values = point_of(case)
    moving = [n.name for n in (*circuit(case).params, *circuit(case).inputs)]
    direction = drawn(case.id, {n: values[n].shape for n in moving})
    if not lowered(circuit(case)).circuit.params:
        return judge_forward(case, values, direction)
    judge_both(circuit(case), values, direction, SIZE_VALUES, case.id)


def judge_forward(case, values, direction):
    def value(at):
        return run(lowered(circuit(case)).program("forward"), at, SIZE_VALUES)[0]

    with precision(BITS):
        program = forward_with_tangents(circuit(case))
        (found,) = run(program, {**values, **dotted(direction)}, SIZE_VALUES)
    assert_equal(found, difference(value, values, direction), case.id)


@pytest.mark.parametrize("case", one_in(3, SOME), ids=lambda c: c.id)
def test_tangents_are_adjoint_to_the_reverse_pass(case):
    """⟨u, J·v⟩ = ⟨Jᵀ·u, v⟩."""
    found, values = lowered(circuit(case)), point_of(case)
    leaves = [n.name for n in (*found.circuit.params, *found.circuit.inputs)]
    direction = drawn(case.id, {n: values[n].shape for n in leaves})
    with precision(BITS):
        program = forward_with_tangents(circuit(case))
        (forwards,) = run(program, {**values, **dotted(direction)}, SIZE_VALUES)
        weights = drawn(f"{case.id} u", {"u": forwards.shape})["u"]
        forward, backward = found.program("forward"), found.program("backward")
        cached = run(forward, values, SIZE_VALUES)
        known = dict(zip([r.name for r in forward.results], cached, strict=True))
        backwards = run(backward, {**values, **known, found.seed.name: weights}, SIZE_VALUES)
        backwards = [
            b.broadcast_to(v.shape) for b, v in zip(backwards, direction.values(), strict=True)
        ]
        assert_equal(inner(weights, forwards), inner(backwards, list(direction.values())), case.id)


# -- branches, ties and edges --------------------------------------------------------------------

EDGES = [
    # what is not taken moves nothing, though its slope is infinite or not a number
    ("where(x > 0, sqrt(x), x)", 0.0, 1.0),
    ("where(x > 0, log(x)*x, 2*x)", 0.0, 2.0),
    ("max(sqrt(x), x + 1)", 0.0, 1.0),
    ("sum(where([x, 1] > 0, sqrt([x, 1]), 3*[x, 1]))", 0.0, 3.0),
    ("max(concat(sqrt(x), x + 1))", 0.0, 1.0),
    ("concat(sqrt(x), x + 1)[1]", 0.0, 1.0),
    # what a branch leaves still is not multiplied with an infinite slope
    ("asin(where(x > 5, x, 1))", 0.0, 0.0),
    ("where(x > 5, x, 0)**(1/3)", 0.0, 0.0),
    ("acosh(max(x, 1))", 0.5, 0.0),
    ("sqrt(relu(x))", -1.0, 0.0),
    # kinks by the conventions of the reverse pass
    ("relu(x)", 0.0, 0.0),
    ("abs(x)", 0.0, 0.0),
    ("max(x, 0)", 0.0, 0.5),
    ("max(x, 3*x)", 0.0, 2.0),
    ("max(concat(x, 3*x, -x))", 0.0, 1.0),
    ("min(concat(x, 3*x, 1))", 0.0, 2.0),
    ("hypot(x, 2*x)", 0.0, 0.0),
    ("norm(concat(x, 2*x))", 0.0, 0.0),
]


def of_x(formula):
    formula = formula.replace("[x, 1]", "concat(x, 1)")
    return sb.circuit(f"x: param\nf: output = {formula}\nl: loss = f")


@pytest.mark.parametrize(("formula", "x", "expected"), EDGES)
def test_a_branch_is_chosen_as_the_reverse_pass_chooses_it(formula, x, expected):
    values = {"x": entries(x), "x_dot": entries(1)}
    with precision(BITS):
        (found,) = run(forward_with_tangents(of_x(formula)), values, {})
        backwards = run(lowered(of_x(formula)).program("objective"), {"x": entries(x)}, {})[1]
        assert abs(found.item() - expected) < 1e-15
        assert abs(backwards.item() - expected) < 1e-15


SECOND = [
    ("where(x > 0, sqrt(x), x**2)", 0.0, 2.0),
    ("max(sqrt(x), 1 + x**3)", 0.5, 3.0),
    ("relu(x)**2", 3.0, 2.0),
    ("relu(x)**2", -3.0, 0.0),
    ("abs(x)*x", -3.0, -2.0),
    ("x**2", 0.0, 2.0),
    ("x**1", 0.0, 0.0),
    ("norm(concat(x, 2*x))", 3.0, 0.0),
    ("max(concat(x**2, x))", 3.0, 2.0),
    ("asin(where(x > 5, x, 1))", 0.0, 0.0),
]


@pytest.mark.parametrize(("formula", "x", "expected"), SECOND)
def test_second_derivatives_choose_branches(formula, x, expected):
    values = {"x": entries(x), "x_dot": entries(1)}
    with precision(BITS):
        (found,) = run(gradient_with_tangents(of_x(formula)), values, {})
        assert abs(found.item() - expected) < 1e-15


@pytest.mark.parametrize(("a", "b"), [(0, 2), (0, 3), (2, 0), (2, 1), (0.5, 2.5)])
def test_second_derivatives_of_a_power_at_its_edges(a, b):
    """By the base it is b·(b − 1)·aᵇ⁻², which is 2 for 0², and 0 for a⁰ and a¹."""
    found = sb.circuit("a: param; b: input\nf: output = a**b\nl: loss = f")
    values = {"a": entries(a), "b": entries(b), "a_dot": entries(1)}
    (second,) = run(gradient_with_tangents(found), values, {})
    assert_equal(
        second.item(), arb(b) * (b - 1) * arb(a) ** (b - 2) if b > 1 else arb(0), f"{a}**{b}", 15
    )


# -- costs ---------------------------------------------------------------------------------------

EXAMPLES = sorted(Path(__file__).parents[2].glob("examples/*/*.circuit"))
COUNTED = {**{p.stem: p.read_text() for p in EXAMPLES}, **CIRCUITS}


@pytest.mark.parametrize("name", COUNTED)
def test_costs_by_count(name):
    """Beside the value, J·v is at most three times its operations, and H·v ten times."""
    assert_cheap(sb.circuit(COUNTED[name]))


@pytest.mark.parametrize("name", one_in(8, COUNTED))
def test_costs_of_partials_of_each_sample(name):
    """Those of a node take, beside its value, at most five times its operations."""
    found = lower(sb.circuit(COUNTED[name]), [*plain(sb.circuit(COUNTED[name])), "per_sample"])
    after = optimised(found)
    for of, function in found.functions.items():
        if of in plain(found.circuit):
            continue
        results = {line.target: line for line in function.program.lines}
        value = function.of.symbol
        alone = replace(function.program, results=(value,) if value in results else ())
        cost = drop_dead(alone, found.names).operations
        assert after.program(of).operations - cost <= 5 * max(cost, 1), of


def test_a_sparse_hessian_takes_a_product_for_each_colour():
    """Three colours of Rosenbrock's function, whatever its size; its products are those of H·v."""
    text = "x: param[n]\nf: loss = sum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)"
    module = sb.circuit(text).compile(functions=("hessian", "hessp", "sparsity"))
    rows, real = [], module._bar_dots
    module._bar_dots = lambda params, dots: rows.append(len(dots[0])) or real(params, dots)
    for size in (30, 300):
        module.hessian(np.ones(size), module.Inputs())
    module.hessp(np.ones(30), np.ones(30), module.Inputs())
    assert rows == [3, 3, 1]


# -- the tables are complete ---------------------------------------------------------------------


def test_every_operation_on_arrays_has_a_rule():
    assert set(jvp.JVP) == ARRAY_FUNCTIONS
    assert set(number_slopes.CAREFUL_JVP) == set(CAREFUL)


@pytest.mark.slow
def test_the_rules_of_all_operations_are_judged():
    """Some case differentiates each, those among them that only adjoints have."""
    found = set()
    for case in SOME:
        program = lowered(circuit(case)).program("objective")
        found |= {p.func for line in program.lines for p in postorder(line.expr)}
    assert {head for head in found if issubclass(head, ArrayFunction)} == ARRAY_FUNCTIONS


@pytest.mark.parametrize("target", ["numpy", pytest.param("c", marks=compiles)])
def test_a_gradient_that_stays_has_a_tangent_of_0_in_its_shape(target):
    circuit = sb.circuit("a: param[n]; b: param; x: input\nl: loss = sum(3*a) + x*b**2")
    module = circuit.compile(target=target, functions=("hessp", "hessian"))
    theta, v, inputs = np.array([1.0, 2.0, 3.0]), np.array([1.0, -1.0, 0.5]), module.Inputs(2.0)
    np.testing.assert_array_equal(module.hessp(theta, v, inputs), [0, 0, 2])
    np.testing.assert_array_equal(module.hessian(theta, inputs), np.diag([0.0, 0.0, 4.0]))


@pytest.mark.slow
def test_curvatures_are_by_pairs_of_operands_in_their_order():
    pairs = 0
    circuits = [of_numbers(name, case.points[0]) for name, case in CASES.items()]
    computed = (
        "f = hypot(x, u) + v",
        "f = hypot(u, x) + v",
        "f = atan2(u, x)*v",
    )  # edges to u come first
    circuits += [sb.circuit(f"u = exp(x), v = sin(u), {f}", loss=None) for f in computed]
    for made in circuits:
        try:
            walk = typed_walk(made, "f")
            of_nodes = curvatures(walk)
        except Unsupported:  # by an operand that has to be a number, or stated
            continue
        for node, by_pair in of_nodes.items():
            place = {o: i for i, o in enumerate(walk.node(node).operands)}
            found = [(place[p], place[q]) for p, q in by_pair]
            assert found == sorted(found) and all(p <= q for p, q in found)
            pairs += len(found)
    assert pairs > 100
