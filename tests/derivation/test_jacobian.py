"""Jacobians derived row by row: the rows are the derivations of their nodes, shared steps once."""

import json
from pathlib import Path

import jsonschema
import pytest
import sympy as sp

import symback as sb
from symback.autodiff.closed_forms import over_leaves
from symback.errors import CircuitError, TooLarge, Unsupported

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "docs/derivation.schema.json").read_text(encoding="utf-8")
)
ARM = (
    "q1: param; q2: param\n"
    "p: output = [cos(q1) + cos(q1 + q2)/2, sin(q1) + sin(q1 + q2)/2]\nloss: none"
)
ROBERTSON = (
    "a: input; b: input; c: input\nr1 = 0.04*a; r2 = 1e4*b*c; r3 = 3e7*b**2\n"
    "da: output = r2 - r1\ndb: output = r1 - r2 - r3\ndc: output = r3\nloss: none"
)
TABLE = {
    "two-link arm": (
        ARM,
        ["q1", "q2"],
        [
            ["-sin(q1) - sin(q1 + q2)/2", "-sin(q1 + q2)/2"],
            ["cos(q1) + cos(q1 + q2)/2", "cos(q1 + q2)/2"],
        ],
    ),
    "Robertson": (
        ROBERTSON,
        ["a", "b", "c"],
        [
            ["-0.04", "1e4*c", "1e4*b"],
            ["0.04", "-1e4*c - 6e7*b", "-1e4*b"],
            ["0", "6e7*b", "0"],
        ],
    ),
    "a number": (
        "f = w1*(1 - exp(-w2*x))\nloss: none",
        ["w1", "w2"],
        [["1 - exp(-w2*x)", "w1*x*exp(-w2*x)"]],
    ),
}


@pytest.mark.parametrize("case", TABLE.values(), ids=TABLE)
def test_textbook_jacobians(case):
    text, wrt, expected = case
    circuit = sb.circuit(text)
    derivation = circuit.derive(wrt=wrt, jacobian=True)
    assert derivation.verified and derivation.matrix.shape == (len(expected), len(wrt))
    symbols = {n.name: n.symbol for n in circuit.leaves}
    values = {s: sp.Rational(5 + 3 * i, 8) for i, s in enumerate(symbols.values())}
    at = derivation.at(**{s.name: float(v) for s, v in values.items()}).evaluated()[1]
    for i, of in enumerate(derivation.row_names):
        for j, name in enumerate(wrt):
            truth = sp.sympify(expected[i][j], locals=symbols, rational=True).subs(values).evalf(40)
            form = over_leaves(circuit.gates, derivation.matrix[i, j])
            form = sp.nsimplify(form, rational=True).rewrite(sp.exp).subs(values)
            form = form.subs(values).doit().evalf(40)
            assert abs(form - truth) <= 1e-30 * (1 + abs(truth))
            assert at[of, name] == pytest.approx(float(truth), rel=1e-15, abs=0)


def test_rows_are_the_derivations_of_their_nodes():
    circuit = sb.circuit("u = w*x, f = x**2 - u*sigma(u)")
    whole = circuit.derive(["u", "f"], ["w", "x"])
    for of in ("u", "f"):
        alone = circuit.derive(of, ["w", "x"])
        for name in ("w", "x"):
            assert whole.closed[of, name] == alone.closed[name]
            kinds = [s.kind for s in alone.steps if s.left == (of, name) and s.kind != "edge"]
            assert [
                s.kind for s in whole.steps if s.left == (of, name) and s.kind != "edge"
            ] == kinds
    assert whole.matrix == circuit.jacobian(["u", "f"], ["w", "x"])


def test_steps_that_rows_share_are_there_once():
    derivation = sb.circuit(ROBERTSON).derive(jacobian=True)
    about = [(s.kind, s.left) for s in derivation.steps if s.kind in ("forward", "edge")]
    assert len(about) == len(set(about))
    assert [s.id for s in derivation.steps] == [*range(1, len(derivation.steps) + 1)]
    assert all(number < s.id for s in derivation.steps for number in s.depends)
    edges = {s.id: s.left for s in derivation.steps if s.kind == "edge"}
    for step in derivation.steps:
        if step.kind == "sum":
            links = {link for chain in step.right for link in chain}
            assert {edges[number] for number in step.depends if number in edges} == links


def test_an_edge_that_is_a_part_of_a_row_is_marked():
    text = str(sb.circuit("u = x*sin(x), f = u*x\nloss: none").derive(["u", "f"], "x"))
    assert "∂u/∂x = ∂⁺u/∂x + ∂u/∂u_1 · ∂u_1/∂x" in text
    assert "∂f/∂u · ∂⁺u/∂x" in text  # not ∂u/∂x, which is the whole of the first row


def test_arrays_of_fixed_sizes_have_a_row_for_each_entry():
    circuit = sb.circuit("x: input[2]; W: param[2, 2]; b: param[2]\nz: output = W @ x + b**2")
    derivation = circuit.derive(jacobian=True)
    x_0, x_1, b_0, b_1 = sp.symbols("x_0 x_1 b_0 b_1", real=True)
    assert derivation.row_names == ("z_0", "z_1") and derivation.verified
    assert derivation.matrix == sp.Matrix(
        [[x_0, x_1, 0, 0, 2 * b_0, 0], [0, 0, x_0, x_1, 0, 2 * b_1]]
    )
    at = derivation.at(x=[0.5, 0.25], W=[[1, 2], [3, 4]], b=[3, -1]).evaluated()[1]
    assert at["z_1", "W_1_1"] == 0.25 and at["z_1", "b_1"] == -2.0
    assert circuit.derive("z", "b", jacobian=True).wrt == ("b_0", "b_1")


def test_a_session_knows_the_paths_of_each_row():
    derivation = sb.circuit("u = x*sin(x), f = u*x\nloss: none").derive(["u", "f"], "x")
    assert derivation.path("f", "u", "x").startswith("f → u → x\n")
    assert derivation.path("u", "x").startswith("u → x\n")
    with pytest.raises(Unsupported, match="a Jacobian is derived along paths"):
        derivation.accumulation()


def test_every_format_has_the_rows():
    derivation = sb.circuit(ARM).derive(jacobian=True).at(q1=0.3, q2=0.9)
    text = str(derivation)
    assert text.startswith("Jacobian of p_0, p_1 with respect to q1, q2\n")
    assert "∂p_1/∂q2 = 0.5 · 0.362358 · 1 = 0.181179\n" in text
    content = json.loads(derivation.to_json())
    jsonschema.Draft202012Validator(SCHEMA).validate(content)
    assert content["matrix"] == "Jacobian" and content["rows"] == ["p_0", "p_1"]
    assert content["partials"]["p_0 q2"] == pytest.approx(-0.46601954298361314, rel=1e-15, abs=0)
    assert content["circuit"] == sb.circuit(ARM).source
    assert r"Jacobian of $p_{0}$, $p_{1}$" in derivation.to_latex("beamer")
    assert "the Jacobian of" in derivation.to_html()
    assert derivation.to_text(ascii=True, detail="full").isascii()


def test_numbers_go_as_far_as_those_given():
    derivation = sb.circuit("u: output = w*x; v: output = b**2\nloss: none").derive(jacobian=True)
    assert (
        derivation.at(b=3.0).numbers().keys() < derivation.at(b=3.0, w=1.0, x=2.0).numbers().keys()
    )
    shown = str(derivation.at(b=3.0))
    assert "At b = 3\n  v = 9\n" in shown and "  ∂v/∂b = 6\n" in shown
    assert shown.endswith("  not determined without w, x: u, ∂u/∂w\n")
    with pytest.raises(sb.SymbackError, match="missing values: w, x"):
        derivation.at(b=3.0).evaluated()


MANY = "\n".join(f"f{i}: output = " + " + ".join(f"w{j}*x" for j in range(21)) for i in range(20))


@pytest.mark.parametrize(
    ("ask", "kind", "message"),
    [
        (lambda: sb.circuit(MANY).derive(jacobian=True), TooLarge, "a Jacobian of 20 × 21"),
        (lambda: sb.circuit(ARM).derive(jacobian=True, order=2), CircuitError, "of one node"),
        (lambda: sb.circuit(ARM).derive([]), CircuitError, "at least one node"),
        (
            lambda: sb.circuit("f = w*x").derive(jacobian=True, view="accumulation"),
            Unsupported,
            "along paths",
        ),
        (lambda: sb.circuit(ROBERTSON).derive(), Unsupported, "--jacobian"),
    ],
)
def test_what_is_refused(ask, kind, message):
    with pytest.raises(kind) as caught:
        ask()
    assert message in str(caught.value)
