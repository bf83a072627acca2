"""SymPy's matrix expressions in: formulas, gradients, refusals, and views that read back."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import sympy as sp
from sympy import (
    Adjoint,
    Determinant,
    DiagMatrix,
    DotProduct,
    HadamardPower,
    HadamardProduct,
    Identity,
    Inverse,
    KroneckerProduct,
    Lambda,
    MatAdd,
    MatMul,
    MatrixSymbol,
    OneMatrix,
    Rational,
    Symbol,
    Trace,
    Tuple,
    ZeroMatrix,
    sqrt,
    symbols,
    tanh,
)
from sympy.core.symbol import Str
from sympy.matrices.expressions.diagonal import DiagonalOf

import symback as sb
from symback import errors
from symback.circuits.loops import unrolled
from symback.operations.matrix_view import HEADS, Array, Elementwise, Number
from symback.operations.shapes import size_symbol
from symback.operations.vjp import VJP
from symback.sympy_io.from_matrices import has_matrices
from symback.sympy_io.matrix_derivatives import NAMED

read = sb.Circuit.from_sympy
n, m, k, a, s, t, i = symbols("n m k a s t i")
S, Q = MatrixSymbol("S", n, n), MatrixSymbol("Q", n, n)
A, B = MatrixSymbol("A", m, n), MatrixSymbol("B", m, n)
U, V = MatrixSymbol("U", m, k), MatrixSymbol("V", k, n)
x, y, v = MatrixSymbol("x", n, 1), MatrixSymbol("y", n, 1), MatrixSymbol("v", m, 1)
w, o = MatrixSymbol("w", 1, n), MatrixSymbol("o", 1, 1)

LEAVES = {
    "S": "[n, n]",
    "Q": "[n, n]",
    "A": "[m, n]",
    "B": "[m, n]",
    "U": "[m, k]",
    "V": "[k, n]",
    "x": "[n]",
    "y": "[n]",
    "v": "[m]",
    "w": "[1, n]",
    "o": "[1]",
    "a": "",
    "s": "",
    "u0": "",
}
SIZES = {"n": 3, "m": 2, "k": 4}


def circuit_of(text: str, loss: str | None = None) -> sb.Circuit:
    """A circuit from formulas over the leaves above."""
    named = dict.fromkeys(re.findall(r"[A-Za-z]\w*", text))
    heads = [f"{name}: input{LEAVES[name]}" for name in named if name in LEAVES]
    body = text if re.match(r"\w+ = ", text) else f"f = {text}"
    return sb.circuit("\n".join([*heads, body]), loss=loss)


# What SymPy has, and the formula that circuit text has for it.
FORMULAS = [
    # products: chains are done from the vectors
    (S * x + y, "S @ x + y"),
    (S * Q * x, "S @ (Q @ x)"),
    (x.T * S * y, "x.T @ S @ y"),
    ((x.T * S).T, "S.T @ x"),
    (x.T * S, "(S.T @ x)[None, :]"),
    (x.T * y, "dot(x, y)"),
    (3 * x.T * y / n, "3*dot(x, y)/n"),
    (x.T * y + y.T * y, "dot(x, y) + dot(y, y)"),
    (DotProduct(x, y), "dot(x, y)"),
    (x * y.T, "outer(x, y)"),
    (x * y.T * x, "x*dot(y, x)"),
    (x * y.T * S, "outer(x, S.T @ y)"),
    (S * x * y.T * Q * y * x.T, "dot(y, Q @ y)*outer(S @ x, x)"),
    (w * x, "(w @ x)[0]"),
    (w.T, "w.T"),
    (x * o, "x*o[0]"),
    (S * Q * S, "S @ Q @ S"),
    (2 * S * Q, "2*(S @ Q)"),
    (Trace(S) * A * S, "trace(S)*(A @ S)"),
    (S**3, "S @ S @ S"),
    (S**-2, "inv(S) @ inv(S)"),
    (S**2 * x, "S @ (S @ x)"),
    (A * OneMatrix(n, 1), "A @ ones(n)"),
    (OneMatrix(1, m) * A * OneMatrix(n, 1), "sum(A)"),
    (x.T * OneMatrix(n, 1) * a, "a*sum(x)"),
    # inverses: A⁻¹·b is the solution of a system
    (S.I, "inv(S)"),
    (S.I * x, "solve(S, x)"),
    (S.I * Q.I * x, "solve(S, solve(Q, x))"),
    (x.T * S.I * y, "dot(x, solve(S, y))"),
    ((x.T * S.I).T, "solve(S.T, x)"),
    (A * S.I, "A @ inv(S)"),
    (A * S.I * Q, "A @ solve(S, Q)"),
    ((V.T * V).I * V.T * U.T * v, "solve(V.T @ V, V.T @ (U.T @ v))"),
    # element by element
    (A + 2 * B - A * a, "(1 - a)*A + 2*B"),
    (HadamardProduct(A, B, A), "A*B*A"),
    (HadamardPower(A, 3), "A**3"),
    (HadamardPower(A, -1), "1/A"),
    (HadamardPower(A, Rational(1, 2)), "sqrt(A)"),
    (HadamardPower(2, A), "2**A"),
    (HadamardPower(x, a), "x**a"),
    (HadamardProduct(x * v.T, S * A.T), "outer(x, v)*(S @ A.T)"),
    (OneMatrix(m, n) * a + A, "A + a"),
    (ZeroMatrix(m, n) + A, "A"),
    (Identity(n) + S, "S + eye(n)"),
    (S.T + Q, "S.T + Q"),
    (Adjoint(S) * x, "S.T @ x"),
    (A.applyfunc(tanh), "tanh(A)"),
    ((S * x + y).applyfunc(lambda u: 1 / (1 + sp.exp(u))), "1/(1 + exp(S @ x + y))"),
    (x.applyfunc(Lambda(t, sp.Max(t, 0) * a)), "a*max(x, 0)"),
    (
        x.applyfunc(Lambda(t, sp.Piecewise((t, t > a), (0, True)))),
        "where(a < x, x, 0)",
    ),
    (Elementwise(tanh(t) * a + s, (t, S * x)), "a*tanh(S @ x) + s"),
    (Elementwise(t * a + i, (t, v), (i, x.T)), "a*v[:, None] + x"),
    # numbers
    (Trace(S) + 1, "trace(S) + 1"),
    (Trace(S) / n, "trace(S)/n"),
    (Trace(A.T * B), "dot(A, B)"),
    (Trace(S.T * Q * S), "dot(S, Q @ S)"),
    (Trace((U * V).T * (U * V)), "dot(U @ V, U @ V)"),
    (Trace(S * Q), "trace(S @ Q)"),
    (Trace(x.T * y) * S, "dot(x, y)*S"),
    (Determinant(S) ** 2, "det(S)**2"),
    (sp.log(Determinant(S)), "logdet(S)"),
    (sqrt(Trace(A.T * A)), "norm(A)"),
    (1 / sqrt(Trace(A.T * A)), "1/norm(A)"),
    (sqrt(Trace((A - U * V).T * (A - U * V))), "norm(A - U @ V)"),
    ((x.T * x) ** Rational(1, 2), "norm(x)"),
    ((x.T * x) ** -1, "1/dot(x, x)"),
    (sp.exp(-x.T * S * x), "exp(-dot(x, S @ x))"),
    (sp.Max(Trace(S), a), "max(trace(S), a)"),
    # parts
    (DiagMatrix(x) * S, "diag(x) @ S"),
    (DiagonalOf(S), "diag(S)"),
    (S[0, 1] * a + x[2, 0], "S[0, 1]*a + x[2]"),
    (S[0, :].T, "S[0]"),
    (S[:, 0], "S[:, 0]"),
    (S[0, :] * x, "dot(S[0], x)"),
    (S[:-1, 1:3], "S[:-1, 1:3]"),
    (A[1:, :], "A[1:]"),
    (x[1:, :], "x[1:]"),
    # ours
    (Number(Str("logsumexp"), x), "logsumexp(x)"),
    (Array(Str("softmax"), (m, n), A), "softmax(A)"),
    (Array(Str("sum"), (m, 1), A, 1), "sum(A, axis=1)"),
]


@pytest.mark.parametrize(("expr", "text"), FORMULAS, ids=[text for _, text in FORMULAS])
def test_formulas(expr, text):
    found, wanted = read(expr, loss=None).output, circuit_of(text).output
    assert found.formula == wanted.formula
    assert found.shape == wanted.shape
    assert set(found.operands) == set(wanted.operands)


@pytest.mark.parametrize(("expr", "text"), FORMULAS, ids=[text for _, text in FORMULAS])
def test_text_and_expression_are_one_circuit(expr, text):
    c = read(expr, loss=None)
    assert sb.circuit(str(c)) == c


def numbers_for(names, seed=0):
    rng = np.random.default_rng(seed)
    found = {}
    for name in names:
        sizes = re.findall(r"\w+", LEAVES[name])
        shape = tuple(int(size) if size.isdigit() else SIZES[size] for size in sizes)
        found[name] = np.round(rng.uniform(0.25, 1.75, shape) * 16) / 16
        if shape == (3, 3):
            found[name] += np.eye(3) * 2
    return found


def explicit(expr, values):
    """The value of a SymPy expression by SymPy itself."""
    for name, size in SIZES.items():
        expr = expr.subs({Symbol(name): size, size_symbol(name): size})
    chosen = {}
    for part in expr.free_symbols:
        value = sp.Matrix(np.atleast_1d(values[part.name])).applyfunc(sp.nsimplify)
        chosen[part] = sp.ImmutableMatrix(value) if isinstance(part, MatrixSymbol) else value[0]
        if isinstance(part, MatrixSymbol):
            assert part.shape == value.shape
    result = expr.xreplace(chosen).doit()
    result = result.as_explicit() if isinstance(result, sp.MatrixExpr) else sp.Matrix([result])
    return np.array(result.evalf().tolist(), float)


def forward(circuit):
    names = [leaf.name for leaf in circuit.leaves]
    values = numbers_for(names)
    module = circuit.compile()
    kinds = [
        kind(**{name: values[name] for name in kind._fields if name in values})
        for kind in (module.Params, module.Inputs)
    ]
    return np.asarray(module.forward(*kinds)[0]), values


def in_sympy(expr):
    """Whether SymPy can evaluate it; of the diagonal of a matrix of numbers it can't."""
    beyond = (Array, Number, DiagonalOf)
    return not any(isinstance(p, beyond) for p in sp.preorder_traversal(expr))


IN_SYMPY = [(e, text) for e, text in FORMULAS if in_sympy(e)]


@pytest.mark.parametrize(("expr", "text"), IN_SYMPY, ids=[text for _, text in IN_SYMPY])
def test_values_are_those_of_sympy(expr, text):
    value, values = forward(read(expr, loss=None))
    truth = explicit(expr, values)
    if isinstance(expr, sp.MatrixExpr) and value.ndim == 2:
        assert value.shape == truth.shape
    np.testing.assert_allclose(value.reshape(truth.shape), truth, rtol=1e-12, atol=1e-12)


# -- gradients -----------------------------------------------------------------------------------

GRADIENTS = {
    "factorisation": (
        Trace((A - U * V).T * (A - U * V)) / 2 + Trace(U.T * U) / 2,
        {
            "U": lambda A, U, V: -(A - U @ V) @ V.T + U,
            "V": lambda A, U, V: -U.T @ (A - U @ V),
            "A": lambda A, U, V: A - U @ V,
        },
    ),
    "log det": (sp.log(Determinant(S)), {"S": lambda S: np.linalg.inv(S).T}),
    "tr AᵀBA": (
        Trace(S.T * Q * S),
        {"S": lambda Q, S: (Q + Q.T) @ S, "Q": lambda Q, S: S @ S.T},
    ),
    "aᵀX⁻¹b": (
        x.T * S.I * y,
        {
            "S": lambda S, x, y: -np.outer(np.linalg.solve(S.T, x), np.linalg.solve(S, y)),
            "x": lambda S, x, y: np.linalg.solve(S, y),
            "y": lambda S, x, y: np.linalg.solve(S.T, x),
        },
    ),
    "tr E + 1": (Trace(S) + 1, {"S": lambda S: np.eye(3)}),
    "xᵀAx": (
        x.T * S * x,
        {"x": lambda S, x: (S + S.T) @ x, "S": lambda S, x: np.outer(x, x)},
    ),
    "det": (Determinant(S), {"S": lambda S: np.linalg.det(S) * np.linalg.inv(S).T}),
    "norm": (sqrt(Trace(A.T * A)), {"A": lambda A: A / np.linalg.norm(A)}),
    "sum": (OneMatrix(1, m) * A * OneMatrix(n, 1), {"A": lambda A: np.ones((2, 3))}),
    "element": (A[1, 2] ** 2, {"A": lambda A: np.where([[0] * 3, [0, 0, 1]], 2 * A, 0)}),
    "tr A⁻¹": (Trace(S.I), {"S": lambda S: -(np.linalg.inv(S) @ np.linalg.inv(S)).T}),
    "tr A³": (Trace(S**3), {"S": lambda S: 3 * (S @ S).T}),
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients_have_their_closed_forms(name):
    expr, closed_forms = GRADIENTS[name]
    c = read(expr, params=list(closed_forms), loss=None)
    module = c.compile()
    values = numbers_for(sorted(closed_forms))
    params = module.Params(**values)
    _, cache = module.forward(params, module.Inputs())
    bars, _ = module.backward(params, module.Inputs(), cache)
    for leaf, closed_form in closed_forms.items():
        found = getattr(bars, leaf)
        np.testing.assert_allclose(found, closed_form(**values), rtol=1e-12, atol=1e-13)


def test_norm_of_zero_has_a_gradient():
    module = read(sqrt(Trace(A.T * A)), params=["A"], loss=None).compile()
    params = module.Params(np.zeros((2, 3)))
    _, cache = module.forward(params, module.Inputs())
    assert not module.backward(params, module.Inputs(), cache)[0].A.any()


@pytest.mark.parametrize(
    "expr", [S * x + y, Trace(S.T * Q * S), x.T * S.I * y, A.applyfunc(tanh) * x], ids=str
)
def test_modules_agree_with_sympy(expr):
    report = read(expr, loss=None).check(points=20)
    assert report, str(report)


# -- views read back -----------------------------------------------------------------------------

EXAMPLES = [
    path
    for path in sorted((Path(__file__).parents[2] / "examples").glob("*/*.circuit"))
    if all(len(node.shape) < 3 for node in sb.circuit(path.read_text()).nodes)
]
"""Those without more than two axes, which SymPy's matrix expressions have not."""


def read_back(c: sb.Circuit) -> sb.Circuit:
    return read(
        {node.name: node.expr for node in c.computed},
        params=[p.name for p in c.params],
        inputs=[i.name for i in c.inputs],
        outputs=[node.name for node in c.outputs if node is not c.loss],
        loss=c.loss.name if c.loss else None,
    )


def assert_same(found: sb.Circuit, wanted: sb.Circuit) -> None:
    assert {node.name for node in found} == {node.name for node in wanted}
    for node in wanted:
        same = found[node.name]
        assert same.formula == node.formula, node.expr
        assert (same.shape, same.role) == (node.shape, inferred(node, wanted))


def inferred(node, circuit: sb.Circuit) -> str:
    """SymPy has no word for a target: it is what the loss reads and no other node."""
    readers = [n.name for n in circuit.computed if node.name in n.operands]
    is_target = node.role == "target" and circuit.loss and readers == [circuit.loss.name]
    return "input" if node.role == "target" and not is_target else node.role


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_views_of_examples_read_back(path):
    c = unrolled(sb.circuit(path.read_text()))
    assert_same(read_back(c), c)


VIEWS = """
v @ A
x @ S @ Q @ y
S @ (Q @ S)
2*(S @ (Q @ S))
(2*S) @ Q
(A @ S).T
outer(v, x) @ y
2*x + 1
x + ones(n)
x + zeros(n) + y
tanh(ones(n)*x)
h = 2*ones(n); f = A*s*h
h = ones(m, n); f = A @ x + sum(h)
h = zeros(1, n); f = x + h
h = s*eye(n); f = h @ x
A + x
A + v[:, None]
A*x*v[:, None]
v[:, None]
v[:, None] + v[:, None]**2
v[:, None] @ x[None, :]
exp(v[:, None] + x)
exp(v[:, None])
x[None, :] + 1
A - s*x + a
tanh(x)*u0 + exp(u0*x)*sin(u0)
u0**x + x**u0
x**3 + x**-2 + sqrt(x)
where(x > y, x, y*a)
where((s > 0) & (a < 1), s, a)
max(A, axis=1)
min(A, axis=0)
max(x) + min(A)
sum(A, axis=1)/n
mean(A)
dot(A, B)
dot(A.T, S @ B.T)
trace(A.T @ B)
trace((S.T @ Q) @ S)
trace(2*(S.T @ Q))
trace((-S.T) @ Q)
sqrt(trace(S.T @ S))
sqrt(dot(A, A))
1/sqrt(dot(x, x))
A/norm(A)
norm(A)**3
logdet(S)
log(det(S))
exp(x*s)**log(det(S))
inv(S) @ x
2*(inv(S) @ Q)
x @ inv(S)
inv(S) @ inv(Q) @ x
solve(S, Q @ x)
solve(S, Q) @ x
2*solve(S.T, x)
inv(inv(S))
diag(x) @ S + diag(S)
S*eye(n) + S @ eye(n)
softmax(A) + log_softmax(A + x)
logsumexp(A)
layer_norm(x, y, s)
mse(x, y)
concat(A, B, axis=1)
concat(A, B) @ x
concat(s, a)
x[0] + x[1:3] + A[0, 1]
x[:-1]
A[0] + A[:, 0:1]
A[0:1] + x
A[1:, 0:2]
w @ x + o
2*(w @ x)
w + x
o + s
S @ S @ S
x*dot(x, y) + tanh(x + tanh(x + y))
exp(-dot(x - y, x - y)/2)
d = n*sum(x)
ones(m) @ A
(x + s)*(y + a)
C = v[:, None]; f = A + C
""".strip().splitlines()


@pytest.mark.parametrize("text", VIEWS)
def test_views_read_back(text):
    c = circuit_of(text)
    assert_same(read_back(c), c)


J = np.concatenate
COLUMNS = {  # SymPy does not tell a matrix of one column from a vector
    "C: input[3, 1]; f = concat(C, C, axis=1)": lambda C: J((C, C), 1),
    "C: input[3, 1]; w: input; f = concat(w*C, exp(C), axis=1)": lambda C, w: J(
        (w * C, np.exp(C)), 1
    ),
    "C: input[3, 1]; D: input[3, 2]; f = concat(C, D, axis=1)": lambda C, D: J((C, D), 1),
    "C: input[3, 1]; D: input[3, 2]; u = exp(C); f = concat(D, u, D, axis=1)": (
        lambda C, D: J((D, np.exp(C), D), 1)
    ),
    "C: input[3, 1]; B: input[1, 1]; f = concat(C @ B, C, axis=1)": lambda C, B: J((C @ B, C), 1),
    "C: input[3, 1]; x: input[2]; B: input[1, 1]; f = sum(concat(C, reshape(x, 2, 1), B))": (
        lambda C, x, B: np.sum(C) + np.sum(x) + np.sum(B)
    ),
    "C: input[3, 1]; D: input[3, 2]; f = sum(concat(C, D[:, :1]))": (
        lambda C, D: np.sum(C) + np.sum(D[:, 0])
    ),
    "x: input[3]; v: input[1]; f = concat(outer(x, v), outer(x, v), axis=1)": (
        lambda x, v: np.stack((x * v, x * v), 1)
    ),
    "B: input[1, 1]; R: input[1, 2]; f = concat(B, R, axis=1)": lambda B, R: J((B, R), 1),
    "B: input[1, 1]; x: input[3]; f = concat(B[0], x)": lambda B, x: J((B[0], x)),
    "B: input[1, 1]; x: input[3]; f = concat(exp(B)[:, 0], x)": lambda B, x: J((np.exp(B[0]), x)),
    "B: input[1, 1]; v: input[1]; f = concat(B @ v, v)": lambda B, v: J((B @ v, v)),
    "B: input[1, 1]; v: input[1]; x: input[3]; u = inv(B) @ v; f = concat(u, x)": (
        lambda B, v, x: J((v / B[0], x))
    ),
    "C: input[3, 1]; f = C[:, 0]": lambda C: C[:, 0],
    "C: input[3, 1]; x: input[3]; f = dot(C[:, 0], x)": lambda C, x: C[:, 0] @ x,
    "C: input[3, 1]; v: input[1]; f = C @ v": lambda C, v: C @ v,
}


@pytest.mark.parametrize("text", COLUMNS)
def test_columns_are_matrices_where_an_operation_needs_that(text):
    c = sb.circuit(text.replace("; ", "\n"), loss=None)
    found = sb.Circuit.from_sympy({n.name: n.expr for n in c.computed}, outputs=["f"], loss=None)
    assert found["f"].shape == c["f"].shape
    rng = np.random.default_rng(0)
    values = {leaf.name: rng.uniform(0.5, 2.0, tuple(map(int, leaf.shape))) for leaf in c.leaves}
    module = found.compile()
    roles = {leaf.name: leaf for leaf in found.leaves}
    given = {n: np.reshape(v, tuple(map(int, roles[n].shape))) for n, v in values.items()}
    params = module.Params(*(given.pop(name) for name in module.Params._fields))
    value, _ = module.forward(params, module.Inputs(**given))
    np.testing.assert_allclose(value, COLUMNS[text](**values), rtol=1e-14)


@pytest.mark.parametrize("text", [t for t in VIEWS if "h = " not in t and "C = " not in t])
def test_views_have_the_values_of_modules(text):
    c = circuit_of(text)
    view = c.output.expr
    if in_sympy(view):
        value, values = forward(c)
        truth = explicit(view, values)
        np.testing.assert_allclose(value.reshape(truth.shape), truth, rtol=1e-12, atol=1e-12)


def test_operations_that_can_be_named():
    assert {h for heads in NAMED.values() for h in heads} >= set(VJP)
    assert set(NAMED) <= set(HEADS)


# -- names, roles and sizes ----------------------------------------------------------------------


def test_named_nodes_in_any_order():
    h, e = MatrixSymbol("h", m, 1), Symbol("e")
    pairs = [("h", (A * x + v).applyfunc(tanh)), ("e", h.T * h), ("E", (e - a) ** 2)]
    for given in (pairs, pairs[::-1], dict(pairs)):
        c = read(given, loss="E", params=["A", "v"])
        assert c["h"].shape == c["v"].shape and c["e"].shape == ()
        assert c.loss.name == "E" and c.output.name == "e"
        assert [p.name for p in c.params] == ["A", "v"]
        assert c.targets == ("a",)
    assert str(c) == str(sb.circuit(str(c)))


def test_sizes_may_be_numbers():
    c = read(MatrixSymbol("A", 2, 3) * MatrixSymbol("x", 3, 1), loss=None)
    assert c.output.shape == (2,)
    assert c.size_names == ()
    assert [str(size) for size in read(A * x).size_names] == ["m", "n"]


def test_a_size_is_a_number_in_formulas():
    c = read(Trace(S) / n, loss=None)
    assert [node.name for node in c.sizes] == ["n"]
    assert sb.circuit(str(c)) == c


def test_targets_of_cross_entropy():
    z, truth = S * x, MatrixSymbol("truth", n, 1)
    c = read([("z", z), ("E", Number(Str("cross_entropy"), z, truth))], loss="E")
    assert c.targets == ("truth",)
    with pytest.raises(errors.Unsupported, match="target"):
        read(Number(Str("cross_entropy"), z, S * y))


def test_which_expressions_have_matrices():
    assert has_matrices(Trace(S) * a)
    assert has_matrices(A[0, 1])
    assert not has_matrices(a + s)
    assert not has_matrices("A")


# -- refusals ------------------------------------------------------------------------------------

j = sp.Symbol("j", integer=True)
REFUSED = {
    "KroneckerProduct": KroneckerProduct(S, Q),
    "BlockMatrix": sp.BlockMatrix([[S, Q], [Q, S]]),
    "BlockDiagMatrix": sp.BlockDiagMatrix(S, Q),
    "FunctionMatrix": sp.FunctionMatrix(3, 3, Lambda((i, t), i + t)) * MatrixSymbol("z", 3, 1),
    "Permanent": sp.Permanent(S),
    "exp": sp.exp(S),
    "power a": S**a,
    "power 1/2": S ** Rational(1, 2),
    "MatrixElement": S[j, 0],
    "MatrixSlice": S[::2, :],
    "zeta": S.applyfunc(sp.zeta),
    "mystery": S.applyfunc(sp.Function("mystery")),
    "Sum": (x.T * S * x)[0, 0],
    "Derivative": sp.Derivative(Trace(S * Q), S),
    "ImaginaryUnit": sp.I * x,
    "NaN": sp.nan * x,
    "re": sp.re(Trace(S)),
    "compound": MatrixSymbol("Z", n + 1, n) * x,
    "foo": Array(Str("foo"), (n, 1), S),
    "scatter": Array(Str("scatter"), (n, 1), x, x, Tuple(0)),
    "dot of wrong": Number(Str("dot"), S),
    "sum of wrong": Number(Str("sum"), S, a),
    "slice of wrong": Number(Str("slice"), x, Tuple(Tuple(0, 1, 2, 3))),
    "Elementwise": Elementwise(t),
    "formula of an element": Elementwise(x, (t, x)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_everything_outside_is_refused_by_name(name):
    with pytest.raises(errors.Unsupported) as caught:
        read(REFUSED[name])
    message = str(caught.value)
    assert "'f'" in message and name in message and len(message) <= 200


MISFITS = {
    "MatAdd": MatAdd(x, S),
    "HadamardProduct": HadamardProduct(A, S),
    "HadamardPower": HadamardPower(S, x),
    "MatMul": MatMul(x.T, y, S),
    "inv": Inverse(A),
    "trace": Trace(A),
    "vector": DiagMatrix(S),
    "softmax": Array(Str("softmax"), (n, 2), x),
    "sum": Array(Str("sum"), (n, 1), S),
}


@pytest.mark.parametrize("name", MISFITS)
def test_shapes_that_do_not_fit_are_refused(name):
    """SymPy lets sizes with names differ, since they might be equal."""
    with pytest.raises(errors.CircuitError) as caught:
        read(MISFITS[name])
    assert "node 'f'" in str(caught.value) and len(str(caught.value)) <= 200


@pytest.mark.parametrize(
    ("expr", "why"),
    [
        (x * Symbol("x"), "two different symbols"),
        (S * MatrixSymbol("S", n, 1), "two different symbols"),
        (MatrixSymbol("z", n, 1) * Symbol("n", real=True), "two different symbols"),
        (MatrixSymbol("sum", n, n) * x, "operation on arrays"),
        (MatrixSymbol("np", n, n), "generated module"),
        (MatrixSymbol("a b", n, n), "not a name"),
        (MatrixSymbol("n", n, n), "'n'"),
        (Array(Str("full"), (1, 1), 2, n, n), "size of no MatrixSymbol"),
        (MatrixSymbol("Z", 0, 0), "no size"),
        ([("h", S * x), ("f", Symbol("h") + 1)], "as a MatrixSymbol"),
        ([("h", S * x), ("f", MatrixSymbol("h", n, n))], "is used as"),
        ([("h", MatrixSymbol("f", n, 1) + x), ("f", MatrixSymbol("h", n, 1))], "cycle"),
        ([("n", a + 1), ("f", x)], "both a size and a node"),
    ],
)
def test_names_that_clash_are_refused(expr, why):
    with pytest.raises(errors.SymbackError, match=why):
        read(expr)


def test_large_powers_and_deep_nests_are_refused():
    with pytest.raises(errors.TooLarge, match="power"):
        read(S**1000)
    deep = x
    for _ in range(120):
        deep = deep.applyfunc(tanh) if deep is x else Elementwise(tanh(t), (t, deep))
    with pytest.raises(errors.TooLarge, match="'f'"):
        read(deep)


def test_text_is_never_evaluated():
    with pytest.raises(sp.SympifyError):
        Number(Str("sum"), "__import__('os')")
    with pytest.raises(sp.SympifyError):
        Elementwise(t, (t, "x"))
