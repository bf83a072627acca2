"""What symback gives can be given back: closed forms and nodes of every operation."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

import symback as sb
from symback import errors
from symback.circuits.requirements import classes, indices
from symback.operations.arrays import ARRAY_FUNCTIONS, permute, segment_sum
from symback.operations.edges import CAREFUL
from symback.operations.elementwise import OPS, SLOPES
from symback.operations.expressions import postorder
from symback.operations.vjp import VJP
from symback.sympy_io.adjoints import WRITTEN
from tests.cases import array_circuits, elementwise, sample_circuits
from tests.cases.one_in import one_in

NUMBERS = {
    **{name: case.circuit for name, case in elementwise.CASES.items()},
    **sample_circuits.STRUCTURES,
}
ARRAYS = {
    **{
        name: text
        for name, text in array_circuits.ALL.items()
        if name not in array_circuits.SLOW
        and ": int" not in text  # points are drawn, and an index is a whole number
        and not sb.circuit(text).objective.shape
        and all(len(node.shape) < 3 for node in sb.circuit(text).nodes)
    },
    "part": "x: input[n]; w: param[2]; f = dot(x[1:3], w) + x[0]**2",
    "row": "A: param[m, n]; x: input[n]; f = dot(A[1], x)**2 + A[0, 2]",
    "block": "A: param[m, n]; f = sum(A[1:, 0:2]**2)/2 + sum(A[:, 1])",
    "matrix": "x: param[2]; y: input; f = sum([[x[0], y], [1, x[1]]] @ x)",
    "norm": "x: param[n]; y: input[n]; f = norm(x - y)",
    "largest": "A: param[m, n]; f = max(A)**2 + sum(max(A, axis=1)**2) + sum(min(A, axis=0))",
    "trace": "A: param[n, n]; B: input[n, n]; f = trace(A @ B)**2",
    "mean": "A: param[m, n]; f = mean(A**2) + sum(mean(A, axis=1)**2)",
    "layer_norm": "x: param[n]; y: input[n]; f = dot(layer_norm(x), y)",
    "index": "index: input; W: param[k, n]; x: input[n]; f = dot(one_hot(index, k) @ W, x)**2",
    "rows": "index: input; W: param[k, n]; x: input[n]; f = dot(W[index], x)**2",
    "factor": "A: param[n, n]; x: input[n]; f = sum((cholesky(A) @ x)**2)",
    "spectrum": "A: param[n, n]; x: input[n]; f = dot(eigvalsh(A)**2, x)",
    "axes": "A: param[n, n]; x: input[n]; f = sum((eigenvectors(A) @ x)**3)",
    "class": "x: input[n]; W: param[3, n]; t: target; E: loss = cross_entropy(W @ x, t)",
}  # fmt: skip
BEYOND_MATRICES = {permute}
"""Operations of more than two axes, which SymPy's matrix expressions have not."""
SIZES = {"d": 4, "h": 3, "k": 2, "m": 3, "n": 4, "r": 5, "q": 2, "s": 3, "p": 2, "c": 3, "b": 5}


def point_of(circuit: sb.Circuit) -> dict[str, object]:
    rng = np.random.default_rng(7)
    sizes = {s.name: SIZES.get(s.name, 3) for s in circuit.size_names}
    values: dict[str, object] = {}
    for leaf in circuit.leaves:
        shape = [int(s) if s.is_Integer else sizes[s.name] for s in leaf.shape]
        drawn = rng.uniform(0.2, 0.9, shape)
        if len(shape) == 2 and shape[0] == shape[1]:  # positive definite
            drawn = drawn @ drawn.T + np.eye(shape[0])
        if leaf.role == "target" and shape:  # the rows of a target add up to 1
            drawn = drawn / drawn.sum(axis=-1, keepdims=True)
        values[leaf.name] = drawn.tolist() if shape else float(drawn)
        if leaf.name in {*classes(circuit), *indices(circuit), "index"}:
            values[leaf.name] = np.ones(shape).tolist() if shape else 1
    return values


def results(circuit: sb.Circuit):
    """Closed forms by leaves and named nodes, with their values at a point, and node values."""
    of = circuit.objective.name
    point = point_of(circuit)
    values, partials = circuit.derive(of).at(**point).evaluated()
    gradient = circuit.gradient(of)
    values = {**values, **rewritten_nets(circuit, {**point, **values})}
    for name in gradient:
        yield f"∂{of}/∂{name}", gradient[name], partials[name], {**point, **values}


def value_of(expr: sp.Expr, values: dict[str, object]) -> np.ndarray:
    """The value of an expression that was read again, from a module of its own."""
    circuit = sb.Circuit.from_sympy(expr, params=[], loss=None)
    module = circuit.compile()
    found = {}
    for leaf in circuit.leaves:
        name = leaf.name.removesuffix("_like")  # of which only the size counts
        sizes = [SIZES.get(str(size), 3) for size in leaf.shape]
        value = np.ones(sizes) if name != leaf.name else values[leaf.name]
        found[leaf.name] = np.asarray(value, float)
        if leaf.shape and found[leaf.name].ndim > len(leaf.shape):
            found[leaf.name] = found[leaf.name][:, 0]
    params = module.Params(**{n: found[n] for n in module.Params._fields})
    inputs = module.Inputs(**{n: found[n] for n in module.Inputs._fields})
    return np.asarray(module.forward(params, inputs)[0])


def rewritten_nets(circuit: sb.Circuit, values: dict[str, object]) -> dict[str, object]:
    """Net inputs of rewritten formulas, which closed forms name and the typed ones have not."""
    nets = [n for n in circuit.gates.nodes if n.generated and n.name.startswith("net")]
    missing = [n for n in nets if n.name not in values and {*n.operands} <= values.keys()]
    return {n.name: float(value_of(n.formula, values)) for n in missing}


@pytest.mark.parametrize("name", one_in(24, [*NUMBERS, *ARRAYS]))
def test_closed_forms_are_read_back_with_equal_values(name):
    circuit = sb.circuit({**NUMBERS, **ARRAYS}[name])
    compared = constant = 0
    for what, expr, wanted, values in results(circuit):
        if not expr.free_symbols:
            constant += 1
            continue
        with np.errstate(all="ignore"):
            found = value_of(expr, values)
        np.testing.assert_allclose(
            np.squeeze(found), np.squeeze(np.asarray(wanted, float)), rtol=1e-9, atol=1e-12,
            err_msg=what,
        )  # fmt: skip
        compared += 1
    assert compared or constant


OF_EACH_NODE = [
    *one_in(8, ARRAYS),
    *(pytest.param(n, marks=pytest.mark.slow) for n in list(NUMBERS)[::6]),
]


@pytest.mark.parametrize("name", one_in(3, OF_EACH_NODE))
def test_every_node_is_read_back_with_equal_values(name):
    """Each formula of a gate, and the partials of each number by all nodes below it."""
    circuit = sb.circuit({**NUMBERS, **ARRAYS}[name])
    point = point_of(circuit)
    for node in circuit.computed:
        gradient = circuit.gradient(node.name) if not node.shape else {}
        into = [n.name for n in circuit.nodes if n.name in gradient or n.name in circuit.computed]
        below = [n for n in into if gradient and n != node.name and n in gradient.walk.into]
        if not below:
            continue
        values, partials = circuit.derive(node.name, below).at(**point).evaluated()
        values = {**values, **rewritten_nets(circuit, {**point, **values})}
        every = {f"∂{node}/∂{n}": (gradient[n], partial) for n, partial in partials.items()}
        every |= {n: (circuit[n].expr, value) for n, value in values.items()}
        for what, (expr, wanted) in every.items():
            if expr.free_symbols:
                with np.errstate(all="ignore"):
                    found = np.squeeze(value_of(expr, {**point, **values}))
                wanted = np.squeeze(np.asarray(wanted, float))
                np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12, err_msg=what)


@pytest.mark.parametrize("name", one_in(8, [*NUMBERS, *ARRAYS], first=1))
def test_nodes_and_steps_are_read_back(name):
    """The formula of each gate, and what each step of the derivation has."""
    circuit = sb.circuit({**NUMBERS, **ARRAYS}[name])
    exprs = [node.expr for node in circuit.gates.computed]
    if not circuit.has_arrays:
        exprs += [s.right for s in circuit.derive(circuit.objective.name).steps]
    for expr in exprs:
        if isinstance(expr, sp.Expr) and expr.free_symbols:
            again = sb.Circuit.from_sympy(expr, loss=None)
            assert sb.circuit(again.source).leaves == again.leaves


def test_every_operation_is_crossed():
    """A new operation needs a circuit in the tables above, or a formula in `WRITTEN`."""
    seen: set[object] = set()
    for text in {**NUMBERS, **ARRAYS}.values():
        for node in sb.circuit(text).gates.computed:
            seen.update(part.func for part in postorder(node.formula))
    assert {op.head for op in OPS.values()} - seen <= {sp.sqrt}
    assert set(VJP) - BEYOND_MATRICES <= seen
    in_adjoints = {head for head in ARRAY_FUNCTIONS if head.in_adjoints_only}
    assert WRITTEN.keys() == in_adjoints | {segment_sum}  # an array lends it its shape there


@pytest.mark.parametrize("head", [*CAREFUL, *SLOPES])
def test_functions_of_partials_are_read(head):
    (count,) = head.nargs
    operands = sp.symbols(f"u0:{count}", positive=True)
    w = sp.Symbol("w")
    circuit = sb.Circuit.from_sympy(w * head(*operands) + w, loss=None)
    assert "w" in circuit.leaves
    assert {leaf.name for leaf in circuit.leaves} <= {"w", *map(str, operands)}
    assert sb.circuit(circuit.source).leaves == circuit.leaves


def test_a_gradient_that_names_its_node_gets_another_name():
    gradient = sb.circuit("f = w*x").gradient("l")
    again = sb.Circuit.from_sympy(gradient["w"], loss=None)
    assert again.output.name == "g" and "f" in again.leaves
    with pytest.raises(errors.CircuitError, match="cycle"):
        sb.Circuit.from_sympy(gradient["w"], "f", loss=None)


n, m = sp.symbols("n m", integer=True, positive=True)
w = sp.Symbol("w", real=True)
WITHOUT_CARRIER = {
    "identity": (sp.Identity(n), "n_like: param[n]\nf: output = eye(n)"),
    "ones": (w * sp.OneMatrix(n, 1), "w: param\nn_like: param[n]\nf: output = w*ones(n)"),
    "beside an input": (
        sp.Symbol("x") * sp.OneMatrix(n, m),
        "x: input; n_like: input[n]; m_like: input[m]\nf: output = x*ones(n, m)",
    ),
    "a number": (
        sp.Trace(w * sp.Identity(n)),
        "w: param\nn_like: param[n]\nf: output = trace(w*eye(n))",
    ),
    "a name that is taken": (
        sp.Symbol("n_like") * sp.OneMatrix(n, 1),
        "n_like: input; n_like_2: input[n]\nf: output = n_like*ones(n)",
    ),
    "a part of a matrix": (
        sp.MatrixSymbol("p", m - 1, n) * sp.MatrixSymbol("x", n, 1),
        "p: input[m_1, n]; x: input[n]\nf: output = p @ x",
    ),
    "its ones": (
        w * sp.OneMatrix(m - 1, 1),
        "w: param\nm_1_like: param[m_1]\nf: output = w*ones(m_1)",
    ),
    "carried": (
        sp.MatrixSymbol("x", n, 1) + w * sp.OneMatrix(n, 1),
        "x: input[n]\nw: param\nf: output = w + x",
    ),
}


@pytest.mark.parametrize("name", WITHOUT_CARRIER)
def test_a_size_that_no_array_has_gets_a_leaf_or_a_name(name):
    expr, text = WITHOUT_CARRIER[name]
    circuit = sb.Circuit.from_sympy(expr, loss=None)
    assert {*circuit.source.splitlines()} == {*text.splitlines(), "loss: none"}
    assert sb.circuit(circuit.source) == circuit
    assert circuit.check(points=20).passed


def test_a_leaf_may_be_read_for_its_size_alone():
    """In circuits too: the output has a size that only another input has."""
    circuit = sb.circuit("x: input[n]; w: param; f: output = w*ones(n); l: loss = sum((f - x)**2)")
    assert circuit.check(points=20).passed
    module = circuit.compile()
    found, _ = module.forward(module.Params(2.0), module.Inputs(np.zeros((5, 3))))
    np.testing.assert_array_equal(found, [2.0, 2.0, 2.0])
    with pytest.raises(errors.CircuitError, match="'x' is declared but never used"):
        sb.circuit("x: input[n]; w: param; y: input; f = w*y")
