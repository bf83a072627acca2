"""Circuits of gates: small parts with readable names, shared, split where wide, guarded."""

import itertools

import mpmath as mp
import pytest
import sympy as sp

import symback as sb
from symback.autodiff.gates import WIDEST_PRODUCT, WIDEST_SUM, Gates, gates
from symback.autodiff.lower import lower
from symback.autodiff.names import Names
from symback.autodiff.passes import optimise
from symback.autodiff.reverse import reverse_pass
from symback.circuits.names import check_name
from symback.circuits.program import operations
from symback.codegen.numpy.module import numpy_text
from symback.operations.elementwise import BY_HEAD
from symback.operations.expressions import applied, compounds, postorder, product, real_symbol
from tests.cases.independent import DIGITS, circuit_value, close
from tests.cases.one_in import one_in
from tests.cases.sample_circuits import ALL, sample

# circuit, its generated gates by name
GENERATED = [
    ("f = x1 - x2", []),
    ("f = x1 - sigma(w3*x3 + w4*x4)", ["net", "f_1"]),
    ("f = x1 - x2, x2 = sigma(net2), net2 = w3*x3 + w4*x4", []),
    ("f = sigma(w*x)", ["f_1"]),
    ("f = tanh(w1*x + b1)*relu(w2*x + b2)", ["net", "f_1", "net_2", "f_2"]),
    ("f = exp(-(x/w)**2/2)", ["f_1"]),
    ("f = w*x**3 + b", []),
    ("f = (f0 - y)**2/2, f0 = w*x", []),
    ("f = sin(w*x)*cos(w*x)", ["f_1", "f_2", "f_3"]),
]

# circuits whose own names are those that symback would make
COLLISIONS = [
    "f = net - sigma(w3*x3 + w4*x4)",
    "f = f_1 - sigma(w3*x3 + f_2)",
    "f = x_bar*sigma(w*x + b) + f_bar",
    "f = f_1_slope - sigma(w*x + f_1_slope_)",
    "f = net_2 - sigma(w*x + net) + net_bar*net_slope",
    "f = l - tanh(w*l_sum + y), l_bar = f*target",
    "f_part = w*x + sin(w*x), g = f_part*sin(w*x)",
    "f = rows + sigma(batch*eta + step), total = f*bars",
    "f = w*n + b",
    "f = loss*sigma(rng*order + dtype)",
    "f = w_bar*x + w*x_bar_ + w_bar_*x_bar",
]


@pytest.fixture(autouse=True)
def high_precision():
    with mp.workdps(DIGITS):
        yield


@pytest.mark.parametrize(("text", "names"), GENERATED)
def test_generated_names_are_readable(text, names):
    split = gates(sb.circuit(text, loss=None))
    assert [n.name for n in split.computed if n.generated] == names


@pytest.mark.parametrize("name", one_in(2, ALL))
def test_gates_keep_meaning(name):
    """Node by node, the gates give what the circuit as typed gives."""
    circuit = sample(name)
    point = {n.name: mp.mpf(7 + 2 * i) / (8 + i) for i, n in enumerate(circuit.leaves)}
    split = gates(circuit)
    for node in circuit.computed:
        expected = circuit_value(circuit, node.name, point)
        assert close(circuit_value(split, node.name, point), expected), node.name


@pytest.mark.parametrize("name", one_in(2, ALL))
def test_every_gate_is_one_step(name):
    """A sum of monomials or squares, one product, one power, one function or one choice."""
    assert gates(sample(name)).computed
    for node in gates(sample(name)).computed:
        expr = node.expr
        if expr.is_Add:
            assert len(expr.args) <= WIDEST_SUM
        elif expr.is_Mul:
            factors = [f for f in expr.args if not f.is_number]
            assert len(factors) <= WIDEST_PRODUCT
            for factor in factors:
                is_square_of_sum = factor.is_Pow and factor.exp == 2 and factor.base.is_Add
                assert factor.is_Symbol or is_square_of_sum or factor.base.is_Symbol
        elif not expr.is_Symbol and not expr.is_Pow and not isinstance(expr, sp.Piecewise):
            assert all(a.is_Symbol or a.is_number for a in expr.args), node


@pytest.mark.parametrize("name", one_in(2, ALL))
def test_equal_gates_are_shared(name):
    split = gates(sample(name))
    generated = [n.expr for n in split.computed if n.generated]
    assert len(set(generated)) == len(generated)


def test_equal_subexpressions_share_one_gate_across_nodes():
    split = gates(sb.circuit("f = sin(w*x) + 1, g: output = f*sin(w*x)", loss=None))
    sines = [n for n in split.computed if n.expr.has(sp.sin)]
    assert len(sines) == 1


def test_a_named_node_serves_as_the_gate():
    split = gates(sb.circuit("s = sin(x), f: output = s + cos(sin(x))", loss=None))
    assert [n.name for n in split.computed if n.expr.has(sp.sin)] == ["s"]


@pytest.mark.parametrize("text", COLLISIONS)
def test_generated_names_are_free_of_collisions(text):
    circuit = sb.circuit(text)
    lowered = lower(circuit)
    own = {n.name for n in circuit.nodes}
    names = [n.name for n in lowered.circuit.nodes]
    assert len(set(names)) == len(names)
    for program in (f.program for f in lowered.functions.values()):
        optimised = optimise(program, lowered.names)
        targets = [line.target.name for line in optimised.lines]
        assert len(set(targets)) == len(targets)
        leaves = {n.name for n in circuit.leaves}
        assert not leaves & set(targets)
        for target in set(targets) - own:
            assert target.isidentifier() and not target.startswith("_"), target
    assert circuit.check(points=20).passed


@pytest.mark.parametrize("text", COLLISIONS)
def test_generated_names_could_be_typed(text):
    """Every name that symback makes is one that a user may type, so SOURCE can hold it."""
    lowered = lower(sb.circuit(text))
    assert lowered.circuit.nodes
    for node in lowered.circuit.nodes:
        assert check_name(node.name) == node.name


def test_adjoint_names_are_made_once():
    circuit = gates(sb.circuit("f = w*x_bar + x, x_bar_: output = f*b"))
    names = Names(circuit)
    assert names.adjoint("x") == names.adjoint("x")
    assert len({names.adjoint(n.name).name for n in circuit.nodes}) == len(circuit.nodes)
    assert not {names.adjoint(n.name).name for n in circuit.nodes} & {n.name for n in circuit.nodes}


def ratio(circuit):
    """Operations of the gradient in parts of those of forward."""
    lowered = lower(circuit)
    backward = optimise(lowered.program("backward"), lowered.names).operations
    return backward / max(1, lowered.program("forward").operations)


@pytest.mark.parametrize("n", [10, 100, 1000])
def test_a_wide_product_costs_linear(n):
    text = "f = " + "*".join(f"x{i}" for i in range(n))
    circuit = sb.circuit(text, inputs=" ".join(f"x{i}" for i in range(n)), loss=None)
    typed = operations(circuit.output.expr)
    assert typed == n - 1
    lowered = lower(circuit)
    backward = optimise(lowered.program("backward"), lowered.names)
    assert backward.operations <= 5 * typed
    assert lowered.program("forward").operations <= 2 * typed
    assert len(backward.lines) <= 6 * n


@pytest.mark.parametrize("n", [10, 100, 1000])
def test_a_wide_sum_costs_linear(n):
    circuit = sb.circuit("f = " + " + ".join(f"w{i}*x{i}" for i in range(n)), loss=None)
    typed = operations(circuit.output.expr)
    lowered = lower(circuit)
    assert lowered.program("forward").operations <= 1.1 * typed
    assert optimise(lowered.program("backward"), lowered.names).operations <= 5 * typed
    assert all(
        len(node.expr.args) <= WIDEST_SUM for node in lowered.circuit.computed if node.expr.is_Add
    )


@pytest.mark.parametrize("operation", ["max", "min"])
def test_a_wide_extreme_costs_linear(operation):
    n = 20
    circuit = sb.circuit(
        f"f = {operation}(" + ", ".join(f"x{i}" for i in range(n)) + ")", inputs="", loss=None
    )
    lowered = lower(circuit)
    assert lowered.program("forward").operations <= 2 * n
    assert optimise(lowered.program("backward"), lowered.names).operations <= 12 * n


def chain(n):
    lines = [f"h{i} = sin(w*{f'h{i - 1}' if i else 'x'})" for i in range(n)]
    return sb.circuit("\n".join(["x: input", "w: param", *lines, "loss: none"]))


@pytest.mark.parametrize("n", [1100, pytest.param(2000, marks=pytest.mark.slow)])
def test_a_deep_chain_of_named_nodes_stays_off_the_stack(n):
    """Longer than Python's recursion limit: closed form and programs without recursion."""
    circuit = chain(n)
    lowered = lower(circuit)
    assert (
        optimise(lowered.program("backward"), lowered.names).operations
        <= 5 * lowered.program("forward").operations
    )
    assert str(circuit.gradient("h3")["w"])
    point = {"x": mp.mpf("0.3"), "w": mp.mpf("0.9")}
    assert abs(circuit_value(lowered.circuit, circuit.output.name, point)) < 1


@pytest.mark.slow
def test_a_deep_doubling_chain_stays_shared():
    """h_{i+1} = h_i*h_i + h_i has 3^n terms over leaves; its programs have O(n) lines."""
    n = 200
    lines = ["x: input"] + [
        f"h{i} = {'x' if not i else f'h{i - 1}*sin(h{i - 1}) + h{i - 1}'}" for i in range(n)
    ]
    lowered = lower(sb.circuit("\n".join(lines) + "\nloss: none"))
    assert len(lowered.program("forward").lines) <= 3 * n
    assert len(optimise(lowered.program("backward"), lowered.names).lines) <= 5 * n


def test_repeated_parts_inside_one_expression_stay_shared():
    expr = real_symbol("x")
    for _ in range(45):  # 2^45 leaves as a tree, and not deeper than from_sympy reads
        expr = sp.sin(expr) * sp.cos(expr)
    circuit = sb.Circuit.from_sympy(expr)
    lowered = lower(circuit)
    assert len(lowered.program("forward").lines) <= 3 * 45
    assert len(optimise(lowered.program("backward"), lowered.names).lines) <= 6 * 45


@pytest.mark.parametrize("depth", [50, 150, 250])
def test_a_nested_expression_works_or_is_an_error_of_its_own(depth):
    expr = real_symbol("x")
    for _ in range(depth):
        expr = sp.sin(expr, evaluate=False)
    try:
        split = gates(sb.Circuit.from_sympy(expr))
    except sb.SymbackError as error:
        assert depth > 100 and "deep" in str(error)
    else:
        assert len(split.computed) == depth


def test_text_of_a_wide_circuit_is_linear():
    sizes = []
    for n in (30, 60):
        circuit = sb.circuit("f = " + "*".join(f"x{i}" for i in range(n)), loss=None)
        text = numpy_text(circuit, "0")
        sizes.append(sum(len(line) for f in text.functions for line in f.lines))
    assert sizes[1] < 2.5 * sizes[0]


def test_postorder_is_linear_in_the_shared_graph():
    expr = real_symbol("x")
    for _ in range(60):
        expr = sp.sin(expr) * sp.cos(expr)
    assert len(postorder(expr)) == 3 * 60 + 1


def test_compounds_are_the_parts_with_operands():
    x, y = map(real_symbol, "xy")
    for expr in (x, sp.Integer(3), x * y, 2 * x + sp.sin(x * y) ** 2 / 3 - sp.sin(x * y)):
        assert compounds(expr) == {part for part in postorder(expr) if part.args}


a, b, c = map(real_symbol, "abc")
PLAIN = [a, a * b, a + b, a * b + c, a * b * c, a + a * b + c]


@pytest.mark.parametrize("head", BY_HEAD, ids=lambda head: head.__name__)
def test_what_sympy_is_not_asked_has_no_simpler_form(head):
    for operands in itertools.product(PLAIN, repeat=BY_HEAD[head].arity[0]):
        assert applied(head, *operands) == head(*operands)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (applied(sp.tanh, -a), -sp.tanh(a)),
        (applied(sp.cos, a + sp.pi), -sp.cos(a)),
        (applied(sp.Abs, a**2), a**2),
        (applied(sp.exp, sp.log(a)), a),
    ],
)
def test_sympy_is_asked_where_there_may_be_a_simpler_form(made, expected):
    assert made == expected


FACTORS = [a, b, c, real_symbol("w_10"), real_symbol("w_9"), real_symbol("A"), -a, 2 * b, a**2]
FACTORS += [sp.S.One, sp.S.Zero, a + b, sp.Symbol("a"), sp.Symbol("n", integer=True)]
"""Names of nodes, and what is none: also a symbol that SymPy does not know to be real."""


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_a_product_is_the_one_that_sympy_makes(count):
    for factors in itertools.product(FACTORS, repeat=count):
        made, expected = product(*factors), sp.Mul(*factors)
        assert made == expected and made.args == expected.args and hash(made) == hash(expected)
        assert made.is_commutative is expected.is_commutative


@pytest.mark.parametrize("text", ["f = w*x", "f = log(1 + exp(w*x))", "f = sigma(w*x + b)"])
def test_gates_are_split_once(text):
    """Also where no part needed a name: the type says it, and nothing is guessed."""
    circuit = sb.circuit(text, loss=None)
    split = gates(circuit)
    assert isinstance(split, Gates) and not isinstance(circuit, Gates)
    assert reverse_pass(split).circuit is split
    assert reverse_pass(circuit).circuit == split
