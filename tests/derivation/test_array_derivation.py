"""Derivations of circuits of arrays: what they read like, and that each step holds."""

import json
import re

import numpy as np
import pytest
import sympy as sp

import symback as sb
from symback import errors
from symback.operations.matrix_view import as_matrix

NETWORK = (
    "x: input[d]; t: target[k]; W1: param[h, d]; b1: param[h]; W2: param[k, h]; b2: param[k]\n"
    "h1 = tanh(W1 @ x + b1)\nz: output = W2 @ h1 + b2\nE: loss = cross_entropy(z, t)"
)

LINES = {
    # circuit → what the derivation must say
    NETWORK: [
        "δz = sum(t)·softmax(z) − t",
        "= softmax(z) − t",
        "δh1 = W2ᵀ·δz",
        "δnet = δh1 ∘ tanh′(net)",
        "∂E/∂W1 = δnet·xᵀ",
        "∂E/∂b1 = δnet",
        "∂E/∂W2 = δz·h1ᵀ",
        "∂E/∂W1 = ((W2ᵀ·(softmax(z) − t)) ∘ (1 − h1 ∘ h1))·xᵀ",
    ],
    "A: input[m, n]; U: param[m, r]; V: param[r, n]\n"
    "f = norm(A - U @ V)**2/2 + norm(U)**2/2; loss: none": [
        "f_2 = ‖f_1‖²",
        "∂f/∂A = ∂f/∂f_2 · ∂f_2/∂f_1 · ∂f_1/∂A = A − U·V",
        "∂f/∂U = (U·V − A)·Vᵀ + U",
        "= Uᵀ·(U·V − A)",
    ],
    "A: param[n, n]; f = logdet(A); loss: none": ["∂f/∂A = A⁻ᵀ"],
    "A: param[n, n]; x: param[n]; f = x.T @ A @ x; loss: none": [
        "= x·xᵀ",
        "∂f/∂x = A·x + Aᵀ·x",
    ],
    "X: param[n, n]; a: input[n]; b: input[n]; f = a.T @ inv(X) @ b; loss: none": [
        "= −X⁻ᵀ·a·bᵀ·X⁻ᵀ"
    ],
    "v: param[n]; f = log(sum(exp(v))); loss: none": ["∂f/∂v = "],
    "E: param[n, n]; f = trace(E) + 1; loss: none": ["∂f/∂E = ∂f/∂f_1 · ∂f_1/∂E = I"],
    "z: param[k]; y: target; E: loss = cross_entropy(z, y)": ["softmax(z) − one_hot(y)"],
}


@pytest.mark.parametrize("text", LINES)
def test_the_derivation_says(text):
    circuit = sb.circuit(text)
    printed = str(circuit.derive(circuit.objective.name))
    flat = " ".join(printed.split())
    for line in LINES[text]:
        assert " ".join(line.split()) in flat, printed
    assert max(map(len, printed.splitlines())) <= 80


@pytest.mark.parametrize("text", LINES)
def test_renderings_have_the_same_steps(text):
    circuit = sb.circuit(text)
    derivation = circuit.derive(circuit.objective.name)
    steps = json.loads(derivation.to_json())["steps"]
    assert [s["id"] for s in steps] == [s.id for s in derivation.steps]
    edges = [s for s in derivation.steps if s.kind == "edge"]
    assert derivation.to_text(ascii=True).isascii()
    for rendering in (derivation.to_latex(), derivation.to_markdown()):
        rows = rendering.split("Backward")[1].split("Partial derivative of")[0]
        assert rows.count("&") >= len(edges)
        assert rendering.count(r"\left") == rendering.count(r"\right")


def test_closed_forms_are_matrix_expressions():
    gradient = sb.circuit(NETWORK).gradient("E")
    shapes = {"x": ("d", 1), "W1": ("h", "d"), "b1": ("h", 1), "W2": ("k", "h"), "b2": ("k", 1)}
    for name, shape in shapes.items():
        assert isinstance(gradient[name], sp.MatrixExpr)
        assert tuple(map(str, gradient[name].shape)) == tuple(map(str, shape)), name
    assert str(gradient["b2"]) == "softmax(z) - t"
    x, a = sp.MatrixSymbol("x", 3, 1), sp.MatrixSymbol("A", 3, 3)
    quadratic = sb.circuit("A: param[3, 3]; x: input[3]; f = x.T @ A @ x; loss: none").gradient()
    assert quadratic["A"] == x * x.T
    assert quadratic["x"].as_explicit() == (a * x + a.T * x).as_explicit()


def test_every_step_of_the_reverse_pass_holds():
    """Each edge's contribution, evaluated with NumPy, against the module's adjoints."""
    circuit = sb.circuit(NETWORK)
    module = circuit.compile()
    rng = np.random.default_rng(0)
    params = module.init_params(rng, d=4, h=5, k=3)
    x, t = rng.normal(size=4), np.eye(3)[1]
    net = params.W1 @ x + params.b1
    h1 = np.tanh(net)
    z = params.W2 @ h1 + params.b2
    soft = np.exp(z) / np.exp(z).sum()
    delta_z = soft - t
    delta_net = (params.W2.T @ delta_z) * (1 - h1**2)
    _, grad = module.value_and_grad(params, module.Inputs(x, t))
    np.testing.assert_allclose(grad.W1, np.outer(delta_net, x), rtol=1e-12)
    np.testing.assert_allclose(grad.b1, delta_net, rtol=1e-12)
    np.testing.assert_allclose(grad.W2, np.outer(delta_z, h1), rtol=1e-12)
    np.testing.assert_allclose(grad.b2, delta_z, rtol=1e-12)


REFUSED = {
    "an array as what is differentiated": (
        lambda c: c.partial("z", "W1"),
        ["'z' is an array [k]", "loss"],
    ),
    "a number for an array": (lambda c: c.partial("E", "W1").at(x=1), ["'x' is [d]", "a number"]),
    "an unknown name": (lambda c: c.partial("E", "W3"), ["no node 'W3'"]),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused(what):
    ask, words = REFUSED[what]
    with pytest.raises(errors.SymbackError) as caught:
        ask(sb.circuit(NETWORK))
    assert all(word in str(caught.value) for word in words), caught.value


def test_large_partials_keep_adjoints_by_name():
    text = "x: input[9, d]; W: param[n, d]; U: param[n, n]; h[0] = zeros(n)\n"
    text += "for t in range(1, 8):\n    h[t] = tanh(W @ x[t] + U @ h[t - 1])\nf = sum(h[7])"
    printed = str(sb.circuit(text, loss=None).partial("f", "U"))
    assert "h_6ᵀ" in printed.split("∂f/∂U = ")[-1] and len(printed) < 6000


def test_a_formula_of_lower_rank_is_spread_in_its_matrix_expression():
    n = sp.Symbol("n", integer=True, positive=True)
    s, ones = sp.Symbol("s", real=True), sp.OneMatrix(n, 1)
    assert as_matrix(s, {}, (n,)) == s * ones


@pytest.mark.parametrize("part", ["a[3:]", "a[2:-1]", "windows(a, (4,))", "conv1d(a, a[:3])"])
def test_parts_of_a_size_with_a_name_have_elements_where_they_are_verified(part):
    text = f"a: input[k]; y: target\nz: output = {part}\nl: loss = mean((z - y)**2)"
    assert sb.circuit(text).derive("l").verified


TEXTBOOK_SIGNS = {
    "W: param[n, d]; b: param[n]; f = sum(exp(W*b[:, None]))": [
        r"b \, \mathbf{1}^{\top}",
        r"W \circ \left(b \, \mathbf{1}^{\top}\right)",
    ],
    "p: param[k]; t: input[k]; f = -sum(t*log(softmax(p)))": [
        r"t \circ \operatorname{log\_softmax}\left(p\right)",
    ],
}


@pytest.mark.parametrize("text", TEXTBOOK_SIGNS)
def test_latex_has_the_signs_of_textbooks_for_columns_and_weights(text):
    circuit = sb.circuit(text, loss=None)
    latex = circuit.derive("f", circuit.params[0]).to_latex()
    assert not {"column", "weighed"} & set(re.findall(r"[a-z]+", latex))
    for sign in TEXTBOOK_SIGNS[text]:
        assert sign in latex


@pytest.mark.parametrize("size", ["k", "4", "W"])
def test_one_hot_is_printed_as_typed(size):
    """A size is part of the formula; a vector, of which the length alone counts, is left out."""
    circuit = sb.circuit(
        f"t: input; W: param[{size.replace('W', 'k')}]; f = sum(W*one_hot(t, {size}))"
    )
    assert f"sum(W*one_hot(t, {size}))" in str(circuit)
    shown = "one_hot(t)" if size == "W" else f"one_hot(t, {size})"
    assert str(circuit.partial("f", "W")).splitlines()[-1].strip() == f"= {shown}"
