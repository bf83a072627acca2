"""Jacobians and Hessians of arrays as matrices, by differentials."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import sympy as sp

import symback as sb
from symback.derivation import differentials
from symback.derivation.text.normal import printer_for
from symback.derivation.verify.scalars import StepRefused
from symback.errors import Unsupported
from tests.cases.one_in import one_in

STYLES = ("align", "beamer", "table")
SCHEMA = json.loads((Path(__file__).parents[2] / "docs/derivation.schema.json").read_text())
LINEAR = "X: input[b, n]; w: param[n]; y: target[b]\nf: output = X @ w\n"
LEAST_SQUARES = f"{LINEAR}l: loss = mean((f - y)**2)/2"
RIDGE = f"{LINEAR}c: input\nl: loss = mean((f - y)**2)/2 + c*dot(w, w)/2"
LOGISTIC = (
    "X: input[b, n]; w: param[n]; c: param; y: target[b]\n"
    "z: output = X @ w + c\nl: loss = mean(softplus(z) - y*z)"
)
SOFTMAX = (
    "x: input[n]; W: param[k, n]; c: param[k]; t: target[k]\n"
    "z = W @ x + c\np: output = softmax(z)\nl: loss = -dot(t, log(p))"
)
CROSS = (
    "x: input[n]; W: param[k, n]; c: param[k]; t: target\n"
    "z: output = W @ x + c\nl: loss = cross_entropy(z, t)"
)
POISSON = (
    "X: input[b, n]; w: param[n]; y: target[b]\nz: output = X @ w\nl: loss = sum(exp(z) - y*z)"
)
QUADRATIC = "A: input[n, n]; x: param[n]\nf: output = dot(x, A @ x)/2\nloss: none"
LAYER = (
    "x: input[n]; W: param[k, n]; v: param[k]; y: target\n"
    "f: output = dot(v, tanh(W @ x))\nl: loss = (f - y)**2/2"
)
ALL = [LEAST_SQUARES, RIDGE, LOGISTIC, SOFTMAX, POISSON, QUADRATIC, LAYER]

HESSIANS = [
    (LEAST_SQUARES, "w w", "Xᵀ·X/b"),
    (RIDGE, "w w", "Xᵀ·X/b + c·I"),
    (LOGISTIC, "w w", "Xᵀ·diag(σ(z) ∘ (1 − σ(z)))·X/b"),
    (LOGISTIC, "w c", "Xᵀ·(σ(z) ∘ (1 − σ(z)))/b"),
    (LOGISTIC, "c c", "sum(σ(z) ∘ (1 − σ(z)))/b"),
    (CROSS, "W W", "(diag(softmax(z)) − softmax(z)·softmax(z)ᵀ) ⊗ x·xᵀ"),
    (CROSS, "W c", "(diag(softmax(z)) − softmax(z)·softmax(z)ᵀ) ⊗ x"),
    (CROSS, "c c", "diag(softmax(z)) − softmax(z)·softmax(z)ᵀ"),
    (POISSON, "w w", "Xᵀ·diag(exp(z))·X"),
    (QUADRATIC, "x x", "A/2 + Aᵀ/2"),
]
JACOBIANS = [
    (LINEAR + "loss: none", "f w", "X"),
    (LINEAR + "loss: none", "f X", "I ⊗ wᵀ"),
    ("x: input[n]; w: param[n]\nz: output = w*x", "z w", "diag(x)"),
    ("u: param[n]; v: param[k]\nz: output = outer(u, v)", "z u", "I ⊗ v"),
    ("u: param[n]; v: param[k]\nz: output = outer(u, v)", "z v", "u ⊗ I"),
    ("A: input[m, n]; V: param[n, k]; B: input[k, j]\nz: output = A @ V @ B", "z V", "A ⊗ Bᵀ"),
    ("z: output = softmax(a)\na: param[n]", "z a", "diag(z) − z·zᵀ"),
    ("a: param[n]; A: input[n, n]\nz: output = solve(A, a)", "z a", "A⁻¹"),
    ("a: param[n]; s: param\nz: output = s*a", "z s", "a"),
    ("a: param[n]\nz: output = tanh(a)", "z a", "diag(1 − z ∘ z)"),
    ("X: input[b, n]; a: param[n]\nz: output = X + 3*a", "z a", "3·(ones(b) ⊗ I)"),
    ("X: input[b, n]; a: param[b]\nz: output = X - a[:, None]", "z a", "−I ⊗ ones(n)"),
]


def printed(derivation: sb.Derivation, left: str) -> str:
    return json.loads(derivation.to_json())["results"][left]["print"]


def hessian_of(text: str, wrt: object = None) -> sb.Derivation:
    circuit = sb.circuit(text)
    return circuit.derive(circuit.loss.name if circuit.loss else None, wrt, order=2)


@pytest.mark.parametrize(("text", "names", "expected"), HESSIANS)
def test_hessians_read_as_in_textbooks(text, names, expected):
    derivation = hessian_of(text, names.split())
    assert derivation.verified
    assert printed(derivation, f"{derivation.of} {names}") == expected


@pytest.mark.parametrize(("text", "names", "expected"), JACOBIANS)
def test_jacobians_read_as_in_textbooks(text, names, expected):
    of, wrt = names.split()
    derivation = sb.circuit(text, loss=None).derive(of, wrt, jacobian=True)
    assert derivation.verified and derivation.matrix_name == "Jacobian"
    assert printed(derivation, names) == expected


def sized(text: str, **sizes: int) -> str:
    for name, number in sizes.items():
        for before in "[, ":
            for after in "],":
                text = text.replace(f"{before}{name}{after}", f"{before}{number}{after}")
    return text


@pytest.mark.slow
@pytest.mark.parametrize(
    "text", one_in(3, [LEAST_SQUARES, RIDGE, LOGISTIC, SOFTMAX, POISSON, QUADRATIC, LAYER])
)
def test_matrices_at_numbers_are_those_of_the_entries(text):
    """Along the paths of single numbers, by the second chain rule."""
    rng = np.random.default_rng(1)
    circuit = sb.circuit(sized(text, b=3, n=2, k=2))
    of = circuit.loss.name if circuit.loss else None
    at = {n.name: rng.normal(size=[int(s) for s in n.shape]) for n in circuit.leaves}
    matrices = circuit.derive(of, order=2, view="matrices").at(**at).evaluated()[1]
    entries = circuit.derive(of, order=2).at(**at)
    expected = entries.evaluated()[1]
    names = {name: entries.entries.get(name, (name,)) for name in (p.name for p in circuit.params)}
    for (node, a, b), block in matrices.items():
        found = np.reshape(block, (len(names[a]), len(names[b])))
        for i, j in np.ndindex(found.shape):
            pair = (names[a][i], names[b][j])
            entry = expected.get((node, *pair), expected.get((node, *pair[::-1])))
            assert found[i, j] == pytest.approx(entry, rel=1e-12, abs=1e-12)


def test_least_squares_at_numbers():
    x = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 7.0]])
    derivation = hessian_of(LEAST_SQUARES).at(X=x, w=[1, -1], y=[0.5, 1, 2])
    (block,) = derivation.evaluated()[1].values()
    np.testing.assert_allclose(block, x.T @ x / 3, rtol=1e-15)
    assert "∂²l/∂w² = [[11.6667, 16.3333], [16.3333, 23]]" in str(derivation)


def test_matrices_in_sympy():
    x = hessian_of(LEAST_SQUARES).matrix
    assert isinstance(x, sp.MatrixExpr)
    assert x.shape == sb.circuit(LEAST_SQUARES)["w"].shape * 2
    whole = hessian_of(LOGISTIC).matrix
    assert isinstance(whole, sp.BlockMatrix) and whole.blockshape == (2, 2)
    assert whole.blocks[1, 0].shape == whole.blocks[0, 1].shape[::-1]


def test_every_format_has_the_same_results():
    derivation = hessian_of(LEAST_SQUARES)
    text = derivation.to_text()
    assert "  df       = X·dw" in text and "  d(∂l/∂w) = Xᵀ·X·dw/b" in text
    assert derivation.to_text(ascii=True).isascii()
    assert max(map(len, text.splitlines())) <= 80
    assert derivation.to_text(detail="brief") == "∂²l/∂w² = Xᵀ·X/b\n"
    assert "[15] simplify   ∂²l/∂w² = Xᵀ·X/b" in derivation.to_text(detail="full")
    latex = r"\frac{\partial^{2} l}{\partial w^{2}} &= \frac{X^{\top} \, X}{b}"
    assert latex in derivation.to_latex() and latex in derivation.to_markdown()
    for style in ("align", "beamer", "table"):
        assert r"\mathrm{d}w" in derivation.to_latex(style, standalone=True)
    content = json.loads(derivation.to_json())
    jsonschema.Draft202012Validator(SCHEMA).validate(content)
    assert content["matrix"] == "Hessian"
    assert "Differentials, for any" in derivation.to_html()
    assert str(derivation.step(15)).startswith("[15] simplify   ∂²l/∂w² = Xᵀ·X/b")
    assert "what dw is multiplied by" in str(derivation.why(15))


def test_a_matrix_that_no_product_writes_has_its_product_with_a_differential():
    text = "x: param[n]\nf: output = sum((x[1:] - x[:-1])**2)\nloss: none"
    derivation = sb.circuit(text).derive(order=2)
    assert derivation.verified
    assert "∂²f/∂x² · dx = " in str(derivation)
    assert "no product of matrices writes the factor of dx" in str(derivation)
    with pytest.raises(Unsupported, match="no product of matrices writes ∂²f/∂x²"):
        _ = derivation.matrix


SOFTMAX_OF_A_BATCH = (
    "X: input[b, n]; T: target[b, k]; W: param[n, k]\n"
    "P: output = softmax(X @ W)\nl: loss = -sum(T*log(P))/b"
)


def test_a_product_with_a_differential_says_so_in_every_section_and_rendering():
    derivation = hessian_of(SOFTMAX_OF_A_BATCH)
    assert derivation.verified
    steps = [s for s in derivation.steps if s.left == ("l", "W", "W")]
    assert (
        {s.kind for s in steps if s.is_product} == {s.kind for s in steps} >= {"product", "stable"}
    )
    for text in (str(derivation), *(derivation.to_text(detail=d) for d in ("brief", "full"))):
        assert text.count("∂²l/∂W² · dW = ") >= 1
        assert "∂²l/∂W² = " not in text
    for style in ("align", "beamer", "table"):
        latex = derivation.to_latex(style)
        whole = r"\frac{\partial^{2} l}{\partial W^{2}}"
        assert latex.count(whole) == latex.count(rf"{whole} \cdot \mathrm{{d}}W") > 0


OVER_CLASSES = {  # a text, where its classes are, s ∘ p of its formulas, and its softmax
    "typed": (SOFTMAX_OF_A_BATCH, "[:, {}]", "sum(T, axis=1) ∘ P"),
    "cross-entropy": (
        "X: input[b, n]; T: target[b, c]; W: param[n, c]\nZ: output = X @ W\n"
        "E: loss = mean(cross_entropy(Z, T))",
        "[:, {}]",
        "softmax(Z)",
    ),
    "a row for each class": (
        "X: input[b, n]; T: target[b, c]; W: param[c, n]; v: param[c]\nZ: output = X @ W.T + v\n"
        "E: loss = mean(cross_entropy(Z, T))",
        "[{}]",
        "softmax(Z)",
    ),
}


@pytest.mark.parametrize("name", OVER_CLASSES)
def test_softmax_regression_over_a_batch_has_blocks_of_classes(name):
    text, part, p = OVER_CLASSES[name]
    derivation = hessian_of(text, "W")
    assert derivation.verified
    same, other = (s for s in derivation.steps if s.kind == "block")
    k, l = ("i", "j") if name == "typed" else ("k", "l")  # noqa: E741
    of, (w_k, w_l) = derivation.of, (f"W{part.format(letter)}" for letter in (k, l))
    assert (same.left, other.left) == ((of, w_k, w_k), (of, w_k, w_l))
    p_k, p_l = f"{p}[:, {k}]", f"{p.rpartition(' ')[2]}[:, {l}]"
    one = p_k.rpartition("∘ ")[2]
    text = " ".join(str(derivation).split())
    assert f"∂²{of}/∂{w_k}² = Xᵀ·diag({p_k} ∘ (1 − {one}))·X/b" in text
    assert f"∂²{of}/∂{w_k}∂{w_l} = −Xᵀ·diag({p_k} ∘ {p_l})·X/b" in text
    assert "the block of two different classes" in text
    assert derivation.to_text(ascii=True).isascii()
    assert "the block of a class with itself" in derivation.to_text(detail="full")
    for latex in (derivation.to_latex(s, standalone=True) for s in ("align", "beamer", "table")):
        assert latex.count(r"\operatorname{diag}") == 2
        assert rf"\partial W_{{{part[1:-1].format(k)}}}^{{2}}" in latex
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(derivation.to_json()))
    assert "the block of a class with itself" in derivation.to_html()


ROW = "X: input[b, n]; T: target[b, c]; W: param[n, c]; v: param[c]; Z: output = X @ W + v\n"
CROSS_ENTROPY = f"{ROW}E: loss = mean(cross_entropy(Z, T))"
PAIRS = {  # of parameters: a text, whose partials, and the blocks of one class and of two
    "weights and bias": (CROSS_ENTROPY, "W[:, k]; v[k]", "Xᵀ·({same})/b", "−Xᵀ·({other})/b"),
    "bias and weights": (
        CROSS_ENTROPY.replace("W: param[n, c]; v: param[c]", "v: param[c]; W: param[n, c]"),
        "v[k]; W[:, k]",
        "Xᵀ·({same})/b",
        "−Xᵀ·({other})/b",
    ),
    "bias": (CROSS_ENTROPY, "v[k]; v[k]", "sum({same})/b", "−sum({other})/b"),
    "a row for each class": (
        CROSS_ENTROPY.replace("W: param[n, c]", "W: param[c, n]").replace("X @ W", "X @ W.T"),
        "W[k]; v[k]",
        "Xᵀ·({same})/b",
        "−Xᵀ·({other})/b",
    ),
    "two matrices": (
        CROSS_ENTROPY.replace("X @ W + v", "X @ W + Q @ V + v").replace(
            "v:", "Q: input[b, m]; V: param[m, c]; v:"
        ),
        "W[:, k]; V[:, k]",
        "Xᵀ·diag({same})·Q/b",
        "−Xᵀ·diag({other})·Q/b",
    ),
    "the last of two layers": (
        CROSS_ENTROPY.replace("X @ W", "tanh(X @ U) @ W").replace("v:", "U: param[n, n]; v:"),
        "W[:, k]; v[k]",
        "tanh(X·U)ᵀ·({same})/b",
        "−tanh(X·U)ᵀ·({other})/b",
    ),
    "weights of samples": (
        CROSS_ENTROPY.replace("mean(cross_entropy(Z, T))", "dot(u, cross_entropy(Z, T))").replace(
            "v:", "u: input[b]; v:"
        ),
        "v[k]; v[k]",
        "sum(u ∘ {same})",
        "−sum(u ∘ {other})",
    ),
    "log-softmax": (
        f"{ROW}E: loss = -sum(T*log_softmax(Z))/b",
        "v[k]; v[k]",
        "sum(sum(T, axis=1) ∘ {same})/b",
        "−sum(sum(T, axis=1) ∘ {other})/b",
    ),
    "classes that do not mix": (
        f"{ROW}E: loss = sum(softplus(Z) - T*Z)",
        "W[:, k]; v[k]",
        "Xᵀ·σ′(Z[:, k])",
        "0",
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_blocks_of_classes_of_pairs_of_parameters(name):
    text, names, same, other = PAIRS[name]
    one, two = names.split("; ")
    derivation = hessian_of(text, list(dict.fromkeys(n.partition("[")[0] for n in (one, two))))
    assert derivation.verified
    blocks = {s.left: s.right for s in derivation.steps if s.kind == "block"}
    print_ = printer_for(derivation).print
    parts = {"same": "softmax(Z)[:, k] ∘ (1 − softmax(Z)[:, k])"}
    parts["other"] = "softmax(Z)[:, k] ∘ softmax(Z)[:, l]"
    for second, expected in (("k", same), ("l", other)):
        left = ("E", one, two.replace("k", second))
        assert print_(blocks[left]) == expected.format(**parts)


@pytest.mark.parametrize("wrong", ["same", "other"])
def test_a_wrong_block_of_a_pair_is_refused(monkeypatch, wrong):
    right = differentials.class_blocks

    def class_blocks(expr, moved, *args):
        found = right(expr, moved, *args)
        wrongly = replace(found, **{wrong: 2 * getattr(found, wrong)})
        return wrongly if str(moved) == "v_dot" else found

    monkeypatch.setattr(differentials, "class_blocks", class_blocks)
    with pytest.raises(StepRefused, match="the step for ∂²E/∂W∂v does not hold"):
        hessian_of(CROSS_ENTROPY)


def test_blocks_of_pairs_in_every_format():
    derivation = hessian_of(CROSS_ENTROPY, ["W", "v"])
    text = derivation.to_text()
    assert text.count("no product of matrices writes the factor of dv") == 2
    assert "∂²E/∂W[:, k]∂v[l] = −Xᵀ·(softmax(Z)[:, k] ∘ softmax(Z)[:, l])/b" in text
    assert derivation.to_text(ascii=True).isascii()
    for latex in (derivation.to_markdown(), *(derivation.to_latex(s) for s in STYLES)):
        assert r"{\partial W_{:, k} \, \partial v_{l}}" in latex
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(derivation.to_json()))
    assert "the block of two different classes" in derivation.to_html()


@pytest.mark.slow
def test_blocks_of_classes_are_those_of_the_entries():
    """Xᵀ·diag(s ∘ p_k ∘ (δ_kl − p_l))·X/b beside the second chain rule over single numbers."""
    text = sized(SOFTMAX_OF_A_BATCH, n=2, k=3, b=4).replace("/b", "/4")
    rng = np.random.default_rng(4)
    x, t, w = rng.normal(size=(4, 2)), rng.normal(size=(4, 3)), rng.normal(size=(2, 3))
    found = sb.circuit(text).derive("l", order=2).at(X=x, T=t, W=w)
    p = np.exp(x @ w) / np.exp(x @ w).sum(axis=1, keepdims=True)
    numbers = found.evaluated()[1]
    for k, l in np.ndindex(3, 3):  # noqa: E741
        weights = t.sum(axis=1) * p[:, k] * ((k == l) - p[:, l])
        block = x.T @ np.diag(weights) @ x / 4
        for i, j in np.ndindex(2, 2):
            pair = f"W_{i}_{k}", f"W_{j}_{l}"
            entry = numbers.get(("l", *pair), numbers.get(("l", *pair[::-1])))
            assert block[i, j] == pytest.approx(entry, rel=1e-12, abs=1e-14)
    blocks = sb.circuit(text).derive("l", order=2, view="matrices")
    assert blocks.verified and sum(s.kind == "block" for s in blocks.steps) == 2
    assert "= Xᵀ·diag(sum(T, axis=1) ∘ P[:, i] ∘ (1 − P[:, i]))·X/4" in " ".join(
        str(blocks).split()
    )


@pytest.mark.parametrize("wrong", ["same", "other"])
def test_a_wrong_block_is_refused(monkeypatch, wrong):
    right = differentials.class_blocks

    def class_blocks(*args):
        found = right(*args)
        return replace(found, **{wrong: 2 * getattr(found, wrong)})

    monkeypatch.setattr(differentials, "class_blocks", class_blocks)
    with pytest.raises(StepRefused, match="the step for ∂²l/∂W² does not hold"):
        hessian_of(SOFTMAX_OF_A_BATCH)


@pytest.mark.parametrize(
    "loss",
    [
        "sum((X @ W - Y)**2)",  # a product of matrices writes it
        "sum(exp(X @ W @ Y.T))",  # the columns mix in products
        "mean(log(sum(exp(tanh(X @ W) @ Y.T), axis=1)))",
    ],
)
def test_others_have_no_blocks_of_classes(loss):
    text = f"X: input[b, n]; Y: input[b, c]; W: param[n, c]\nl: loss = {loss}"
    derivation = hessian_of(text)
    assert not [s for s in derivation.steps if s.kind == "block"]


def test_what_does_not_move_is_0():
    derivation = hessian_of(
        "a: param[n]; c: param[n]\nf = sum(a**2 + c**3)\nloss: none", ["a", "c"]
    )
    assert derivation.verified
    assert "it does not move with dc" in str(derivation)


def test_what_cancels_is_0():
    text = "Y: input[b, n]; v: param[n]; z = v + Y\n"
    text += "l: loss = sum(mean(z - mean(z, axis=0), axis=1)**3)"
    derivation = hessian_of(text, ["v"])
    assert derivation.verified
    assert "∂²l/∂v² = 0" in str(derivation) and "the terms with dv cancel" in str(derivation)
    assert derivation.matrix.doit() == sp.ZeroMatrix(*sb.circuit(text)["v"].shape * 2)


def test_what_is_computed_otherwise_stands_in_the_last_section():
    typed = LOGISTIC.replace("softplus(z)", "log(1 + exp(z))")
    derivation = hessian_of(typed, "w")
    assert derivation.verified
    *_, last = str(derivation).split("Rewritten for numerical stability")
    assert "∂²l/∂w² = Xᵀ·diag(σ(z) ∘ (1 − σ(z)))·X/b" in last
    at = {"X": [[900.0], [-900.0]], "w": [1.0], "c": 0.0, "y": [0.0, 1.0]}
    assert np.isfinite(derivation.at(**at).evaluated()[1]["l", "w", "w"]).all()


@pytest.mark.parametrize("wrong", [lambda m: -m, lambda m: 2 * m, lambda m: m + m.func(*m.args)])
def test_a_wrong_matrix_is_refused(monkeypatch, wrong):
    right = differentials.matrix_of
    monkeypatch.setattr(differentials, "matrix_of", lambda *args: wrong(right(*args)))
    with pytest.raises(StepRefused, match="the step for ∂²l/∂w² does not hold"):
        hessian_of(LEAST_SQUARES)


def test_a_wrong_differential_is_refused(monkeypatch):
    right = differentials.TangentLines.add

    def add(self, line):
        before = len(self.lines)
        right(self, line)
        for i in range(before, len(self.lines)):
            new = self.lines[i]
            if str(new.target) == "f_bar_dot":
                self.lines[i] = type(new)(new.target, 2 * new.expr)

    monkeypatch.setattr(differentials.TangentLines, "add", add)
    with pytest.raises(StepRefused, match="'f_bar_dot' does not hold"):
        hessian_of(LEAST_SQUARES)


REFUSED = [
    (lambda: hessian_of(LEAST_SQUARES, "f"), "'f' is computed; a Hessian of arrays is by inputs"),
    (lambda: hessian_of(CROSS, "t"), "'t' is the index of a class"),
    (lambda: sb.circuit("f = w*x").derive(order=2, view="matrices"), "along paths"),
    (lambda: sb.circuit(LEAST_SQUARES).derive("w", jacobian=True), "'w' is not a computed node"),
    (lambda: sb.circuit(LEAST_SQUARES).derive("l", view="matrices"), "add jacobian=True or order"),
    (lambda: sb.circuit(LEAST_SQUARES).derive(order=2, view="accumulation"), "leave out the view"),
]


@pytest.mark.parametrize(("ask", "message"), REFUSED)
def test_what_is_refused(ask, message):
    with pytest.raises(Unsupported, match=message):
        ask()
