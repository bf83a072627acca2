"""Several outputs and lists of numbers: in text and from SymPy, to derivation, module and check."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
import sympy as sp

import symback as sb
from symback import errors
from symback.check import check_module
from symback.training import train_from_file
from tests.cases.compilers import compiles
from tests.cases.targets import TARGETS

W, X, B = sp.symbols("w x b", real=True)

SEVERAL = {
    "two numbers": "f: output = w*x; g: output = sin(f)*b",
    "a later one first": "g: output = f**2; f: output = w*x",
    "a loss beside them": "f: output = w*x; g: output = f*b; y: target; l: loss = (f - y)**2 + g",
    "a vector inside": "x: input[n]; w: param\nf: output = w; g: output = w*x; h: output = f",
    "two vectors": "x: input[n]; w: param[m]\nf: output = tanh(x); g: output = w*sum(x)",
    "a matrix, row by row": "x: input[2]; W: param[3, 2]\nf: output = W*x; g: output = sum(x)",
    "shared by all samples": "x: input; w: param\nf: output = w**2; g: output = 2*w; h: output = x",
    "a name that is taken": "outputs: input; w: param\nf: output = w*outputs; g: output = f**2",
    "a condition": "f: output = where(x > 0, w*x, x**2); g: output = max(w, x)",
    "formulas that lose digits": "f: output = 1/(1 + exp(-w*x)); g: output = log(f)",
    "a constant": "f: output = w*x; g: output = 2",
    "a target": "y: target; w: param; x: input\nf: output = w*x - y; g: output = w",
}  # fmt: skip
LISTS = {
    "numbers": "f = [w*x, b, x**2]",
    "named numbers": "u = w*x; v = sin(u); f: output = [u, v, u*v]",
    "constants": "x: input[3]; w: param\nf = [1, w, 0]*x",
    "entries and sums of arrays": "x: input[3]; w: param\nf: output = [x[0], w, 1, sum(x)*w]",
    "shared by all samples": "x: input; w: param; b: param\nf: output = [w, b]*x",
    "one number": "f: output = [w*x]",
    "rows": "f: output = [[w*x, b], [x, 2]]",
    "one row": "f: output = [[w, x, 1]]",
    "vectors": "x: input[n]; v: param[n]\nf: output = [x, v, x*v]",
    "a rotation": "p: input[2]; a: param\nf: output = [[cos(a), -sin(a)], [sin(a), cos(a)]] @ p",
    "a determinant": "l: loss = det([[w, x], [b, 2]])**2",
    "joined to vectors": "x: input[n]; w: param\nf = concat([w], w*x, [w**2, 1])",
    "a function": "g(u) = [u, u**2]; f = sum(g(x)*[w1, w2])",
    "a branch": "f: output = where(x > 0, [w*x, b], [b, x])",
    "a loss of entries": "y: target[2]; f = [w*x, b*x**2]; l: loss = sum((f - y)**2)",
    "two lists": "f: output = [w*x, b]; g: output = [x, f[0], 1]",
}  # fmt: skip
EVERY = [*SEVERAL.values(), *LISTS.values()]


@pytest.mark.parametrize("text", EVERY)
def test_they_are_read_back_and_checked(text):
    circuit = sb.circuit(text)
    assert sb.circuit(circuit.source) == circuit
    assert pickle.loads(pickle.dumps(circuit)) == circuit
    assert hash(sb.circuit(str(circuit))) == hash(circuit)
    assert circuit.check(points=20).passed


@pytest.mark.slow
@compiles
@pytest.mark.parametrize("text", [text for text in EVERY if "det(" not in text])
def test_they_are_right_in_c(text):
    circuit = sb.circuit(text)
    assert check_module(circuit, circuit.compile(target="c"), points=20).passed


@pytest.mark.parametrize("text", SEVERAL.values())
def test_outputs_are_the_nodes_that_were_declared(text):
    circuit = sb.circuit(text)
    lines = [line.strip() for line in text.replace("\n", ";").split(";")]
    assert circuit.outputs == tuple(line.split(":")[0] for line in lines if "output =" in line)
    assert circuit.output not in circuit.outputs and circuit.output.formula.args
    assert circuit.loss is None or circuit.loss.name == "l"


@pytest.mark.parametrize("functions", [["jvp"], ["jacobian"], ["jacobian", "jvp"]])
@pytest.mark.parametrize("text", [SEVERAL["two numbers"], SEVERAL["two vectors"], LISTS["numbers"]])
def test_their_derivatives_are_checked(text, functions):
    circuit = sb.circuit(text)
    report = check_module(circuit, circuit.compile(functions=functions), points=20)
    assert report.passed, str(report)
    assert set(functions) <= {row.quantity for row in report.rows}


def test_one_output_is_as_before():
    circuit = sb.circuit("f: output = w*x")
    assert circuit == sb.circuit("f = w*x") and circuit.outputs == ("f",) and circuit.loss
    assert sb.circuit("f: output = [w*x, b]").outputs == ("f",)
    assert sb.circuit("f: output = concat(w*x, b)") == sb.circuit("f: output = [w*x, b]")


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("target", TARGETS)
def test_the_module_stacks_them(target, dtype):
    module = sb.circuit("f: output = w*x; g: output = sin(f)*b; h: output = b").compile(
        target=target
    )
    x, w, b = np.linspace(-1, 2, 5).astype(dtype), dtype(0.7), dtype(-1.3)
    params, inputs = module.Params(w, b), module.Inputs(x)
    value, cache = module.forward(params, inputs)
    tolerance = {"rtol": 1e-13 if dtype is np.float64 else 1e-6}
    expected = np.stack([w * x, np.sin(w * x) * b, np.full_like(x, b)], axis=-1)
    assert value.shape == (5, 3) and value.dtype == dtype
    np.testing.assert_allclose(value, expected, **tolerance)
    bars = np.random.default_rng(0).normal(size=(5, 3)).astype(dtype)
    found = module.backward(params, inputs, cache, bars)
    inner = np.cos(w * x) * b
    w_bar = bars[:, 0] @ x + bars[:, 1] @ (inner * x)
    b_bar = bars[:, 1] @ np.sin(w * x) + bars[:, 2].sum()
    np.testing.assert_allclose(found[0], [w_bar, b_bar], **tolerance)
    np.testing.assert_allclose(found[1].x, w * (bars[:, 0] + bars[:, 1] * inner), **tolerance)
    one, _ = module.forward(params, module.Inputs(x[0]))
    np.testing.assert_allclose(one, expected[0], **tolerance)
    assert not hasattr(module, "value_and_grad") and not hasattr(module, "sgd")


def test_a_loss_of_several_outputs_trains():
    module = sb.circuit(SEVERAL["a loss beside them"]).compile()
    x, y = np.array([1.0, 2.0]), np.array([0.5, 1.0])
    loss, bars = module.value_and_grad(module.Params(0.3, 0.2), module.Inputs(x, y))
    np.testing.assert_allclose(loss, np.mean((0.3 * x - y) ** 2 + 0.2 * 0.3 * x), rtol=1e-14)
    w_bar = np.mean(2 * (0.3 * x - y) * x + 0.2 * x)
    np.testing.assert_allclose(bars, [w_bar, np.mean(0.3 * x)], rtol=1e-14)


# -- derivations and pictures ---------------------------------------------------------------------


@pytest.mark.parametrize("text", [SEVERAL["two numbers"], LISTS["named numbers"]])
def test_each_is_derived_as_the_only_one(text):
    circuit = sb.circuit(text)
    for node in circuit.computed:
        if node.shape:
            continue
        exprs = {n.name: n.formula for n in circuit.computed if not n.shape}
        expr = exprs[node.name]
        while names := {s for s in expr.free_symbols if s.name in exprs}:
            expr = expr.xreplace({s: exprs[s.name] for s in names})
        gradient = circuit.gradient(node.name, expand=True)
        derivation = circuit.derive(node.name)
        assert derivation.view == "paths" and derivation.verified
        for leaf in circuit.leaves:
            assert sp.simplify(gradient[leaf.name] - sp.diff(expr, leaf.symbol)) == 0
        numbers = {leaf.name: {"x": 0.5, "w": 2, "b": 3}[leaf.name] for leaf in circuit.leaves}
        point = {circuit[name].symbol: number for name, number in numbers.items()}
        values, partials = derivation.at(**numbers).evaluated()
        assert values[node.name] == pytest.approx(float(expr.subs(point)), rel=1e-12, abs=0)
        for name, partial in partials.items():
            expected = sp.diff(expr, circuit[name].symbol).subs(point)
            assert partial == pytest.approx(float(expected), rel=1e-12, abs=0)
        assert sb.circuit(json.loads(derivation.to_json())["circuit"]) == circuit
        assert derivation.to_html().count("<svg") and derivation.to_latex()
        assert "<svg" in circuit.draw(numbers, of=node.name)
    assert "<svg" in circuit.draw() and circuit._repr_svg_()
    assert circuit.jacobian(expand=True).shape if circuit.stacked else True


def test_without_a_name_one_is_asked_for():
    circuit = sb.circuit(SEVERAL["two numbers"])
    for call in (circuit.derive, circuit.gradient, lambda: circuit.partial("w")):
        with pytest.raises(errors.Unsupported, match=r"2 outputs, f, g; name the one .*--of f"):
            call()
    with_loss = sb.circuit(SEVERAL["a loss beside them"])
    assert with_loss.derive().of == "l" and with_loss.gradient()["b"] == sp.Symbol("f", real=True)
    assert circuit.jacobian(wrt="w") == sp.ImmutableMatrix(
        [circuit.gradient("f")["w"], circuit.gradient("g")["w"]]
    )


def test_lists_are_printed_as_they_are_typed():
    derivation = sb.circuit("x: input; w: param; v = [w*x, 2, x]; f = dot(v, v)").derive("f")
    assert "= [v_1, 2, x]" in derivation.to_text() and "[v_{1}, 2, x]" in derivation.to_latex()
    assert "f: output = [[w*x, b], [x, 2]]\n" in sb.circuit(LISTS["rows"]).source


# -- training ------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [SEVERAL["two numbers"], LISTS["numbers"]])
def test_training_asks_for_a_loss(text, tmp_path):
    data = tmp_path / "data.csv"
    data.write_text("x\n1\n2\n3\n")
    with pytest.raises(errors.TrainingError, match="add a loss"):
        train_from_file(sb.circuit(text), data, epochs=1, quiet=True)


# -- from SymPy ----------------------------------------------------------------------------------

n = sp.Symbol("n", integer=True, positive=True)
U, V = sp.MatrixSymbol("u", n, 1), sp.MatrixSymbol("v", 2, 1)
A = sp.MatrixSymbol("A", 2, 2)
F = sp.Symbol("f")
SQUARE = sp.ImmutableMatrix([[W, X], [B, 2]])
AV = "A: input[2, 2]; v: input[2]"
ARRAYS = {
    "a list": ([W * X, B, 2], "f = [w*x, b, 2]"),
    "a tuple": ((W * X, B), "f = [w*x, b]"),
    "a generator": ((X**k for k in range(1, 3)), "f = [x, x**2]"),
    "a Tuple": (sp.Tuple(W * X, B), "f = [w*x, b]"),
    "an Array": (sp.Array([W * X, B]), "f = [w*x, b]"),
    "of NumPy": (np.array([W * X, B]), "f = [w*x, b]"),
    "a column": (sp.Matrix([W * X, B]), "f = [w*x, b]"),
    "one entry": (sp.Matrix([W * X]), "f = [w*x]"),
    "a row": (sp.Matrix([[W * X, B]]), "f = [[w*x, b]]"),
    "rows": (sp.Matrix([[W * X, B], [X, 2]]), "f = [[w*x, b], [x, 2]]"),
    "lists of lists": ([[W * X, 1], [B, 2]], "f = [[w*x, 1], [b, 2]]"),
    "immutable": (sp.ImmutableMatrix([W * X, B]), "f = [w*x, b]"),
    "sparse": (sp.SparseMatrix(2, 2, {(0, 1): W * X}), "f = [[0, w*x], [0, 0]]"),
    "a Jacobian": (sp.Matrix([W * X**2, B]).jacobian([X, B]), "f = [[2*w*x, 0], [0, 1]]"),
    "beside a symbol": (A * sp.Matrix([W, X]) + V, f"{AV}; f = A @ [w, x] + v"),
    "of entries": (sp.Matrix([A[0, 1] * X, V[0]]), f"{AV}; f = [x*A[0,1], v[0]]"),
    "in a determinant": (sp.Determinant(SQUARE), "f = det([[w, x], [b, 2]])"),
}  # fmt: skip


@pytest.mark.parametrize("name", ARRAYS)
def test_matrices_and_lists_are_arrays(name):
    value, text = ARRAYS[name]
    found, typed = sb.Circuit.from_sympy(value, loss=None), sb.circuit(text, loss=None)
    assert {n.name: n for n in found.computed} == {n.name: n for n in typed.computed}
    assert sb.circuit(found.source) == found
    back = sb.Circuit.from_sympy(found.output.expr, loss=None)
    assert back.output == found.output
    if name in ("a column", "a row", "rows"):
        assert sp.Matrix(value) == found.output.expr


MAPPINGS = {
    "what none uses": ({"f": W * X, "g": F**2, "h": B}, {}, ["g", "h"]),
    "named": ({"f": W * X, "g": F**2, "h": B}, {"outputs": ["h", "f", "g"]}, ["h", "f", "g"]),
    "named in a text": ({"f": W * X, "g": F + B}, {"outputs": "g, f"}, ["g", "f"]),
    "pairs": ([("f", W * X), ("g", B * X)], {}, ["f", "g"]),
    "pairs of symbols": ([(sp.Symbol("f"), W * X), (sp.Symbol("g"), B * X)], {}, ["f", "g"]),
    "a list among them": ({"f": [W * X, B], "g": W}, {}, ["f", "g"]),
    "matrices": ({"f": U, "g": W}, {}, ["f", "g"]),
    "a loss": ({"f": W * X, "g": B * X, "l": F**2 + sp.Symbol("g")}, {"loss": "l"}, ["f", "g"]),
    "one": ({"f": W * X, "g": F**2}, {}, ["g"]),
}


@pytest.mark.parametrize("name", MAPPINGS)
def test_mappings_have_outputs(name):
    value, options, expected = MAPPINGS[name]
    circuit = sb.Circuit.from_sympy(value, **options)
    assert [str(n) for n in circuit.outputs] == expected
    assert sb.circuit(circuit.source) == circuit
    exprs = {n.name: n.expr for n in circuit.computed if n != circuit.stack}
    loss = str(circuit.loss) if circuit.loss else None
    again = sb.Circuit.from_sympy(exprs, loss=loss, outputs=[n.name for n in circuit.outputs])
    assert set(again.computed) == set(circuit.computed) and again.outputs == circuit.outputs
    assert circuit.check(points=20).passed


@pytest.mark.parametrize(
    ("value", "outputs", "match"),
    [
        ({"f": W * X, "g": B}, ["f", "k"], "'k' is not a named expression"),
        ({"f": W * X, "g": B}, ["f", "f"], "given twice"),
        ({"f": W * X, "g": B}, ["f"], "'g' is computed but never used"),
        ({"f": W * X, "l": F**2}, ["f", "l"], "is the loss"),
        ([[X, 1], [B]], None, "takes an expression, a list"),
        ([V, X], None, "takes an expression, a list"),
        (sp.Matrix(0, 2, []), None, "without entries"),
        (sp.Matrix([X, sp.zoo]), None, "ComplexInfinity"),
        (sp.Matrix([1, 2]), None, "it is a constant"),
    ],
)
def test_what_has_no_meaning_is_refused(value, outputs, match):
    loss = "l" if isinstance(value, dict) and "l" in value else None
    with pytest.raises(errors.SymbackError, match=match):
        sb.Circuit.from_sympy(value, outputs=outputs, loss=loss)
