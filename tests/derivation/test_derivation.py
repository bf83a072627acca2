"""The step record and its renderings: order, completeness, the same steps everywhere."""

from __future__ import annotations

import json
import math
import random
import re
from pathlib import Path

import jsonschema
import pytest
import sympy as sp

import symback as sb
from symback.api import Derivation
from symback.operations.elementwise import elementary
from symback.printing.circuit_text import NotationPrinter
from tests.cases import elementwise
from tests.cases.one_in import one_in

ROOT = Path(__file__).parents[2]
L6B = "f = x1 − x2, x1 = x3 + x5, x2 = σ(net2), net2 = w3x3 + w4x4"
CIRCUITS = [
    "f = x1 − σ(w3x3 + w4x4)",
    L6B,
    "exp(-(theta/sigma)**2/2)/(sqrt(2*pi)*sigma)",
    "f = where(x > 0, log(x), w*x)",
    "f = max(a, b)*abs(x) + atan2(x, y)**2",
    "h = tanh(w1*x + b1)\nf = h*w2 + h**2 + exp(-h)",
    "f = x",
    "f = 2*x1 - 3",
]
NETWORK = (ROOT / "examples/digits_network/network.circuit").read_text(encoding="utf-8")
ORDER = ["forward", "seed", "edge", "sum", "substitute", "simplify", "expand"]


def over_leaves(circuit: sb.Circuit, expr: sp.Expr) -> sp.Expr:
    for node in reversed(circuit.computed):
        expr = expr.xreplace({node.symbol: node.expr})
    return elementary(expr)


def agree(left: sp.Expr, right: sp.Expr) -> bool:
    """Equal at random rational points, to 30 digits."""
    rng = random.Random(3)
    names = sorted(left.free_symbols | right.free_symbols, key=str)
    for _ in range(3):
        at = {s: sp.Rational(rng.randint(1, 99), 37) for s in names}
        a, b = (sp.N(side.subs(at), 40) for side in (left, right))
        if abs(a - b) > sp.Float("1e-30") * (1 + abs(a)):
            return False
    return True


@pytest.mark.parametrize("text", CIRCUITS)
def test_steps_come_in_order_and_depend_on_earlier_ones(text: str) -> None:
    derivation = sb.circuit(text).derive()
    assert [s.id for s in derivation.steps] == list(range(1, len(derivation.steps) + 1))
    assert all(d < s.id for s in derivation.steps for d in s.depends)
    kinds = [s.kind for s in derivation.steps]
    general = [k for k in kinds if k in ("forward", "seed", "edge")]
    assert general == sorted(general, key=ORDER.index)
    for name in derivation.wrt:
        own = [s.kind for s in derivation.steps if s.left == (derivation.of, name)]
        own = [k for k in own if k not in ("edge", "seed")]
        assert own == sorted(own, key=ORDER.index)


@pytest.mark.parametrize("text", CIRCUITS)
def test_every_step_of_a_partial_equals_sympys_derivative(text: str) -> None:
    circuit = sb.circuit(text)
    derivation = circuit.derive()
    inner = derivation.walk.circuit
    truth = over_leaves(circuit, circuit.output.expr)
    assert derivation.steps
    for step in derivation.steps:
        if not isinstance(step.left, tuple) or step.kind in ("seed", "sum"):
            continue
        of, wrt = step.left
        if step.kind == "substitute":
            right = sp.Add(*(sp.Mul(*product) for product in step.right))
        else:
            right = step.right
        if step.kind == "edge":
            node = elementary(inner[of].expr)
            expected = sp.diff(node, inner[wrt].symbol)
            right = elementary(right).xreplace({inner[of].symbol: node})
            expected, right = over_leaves(inner, expected), over_leaves(inner, right)
        else:
            expected = sp.diff(truth, circuit[wrt].symbol)
            right = over_leaves(inner, right)
        assert agree(elementary(right), expected.doit()), (step, right, expected)


def test_paths_are_listed_and_added() -> None:
    text = str(sb.circuit(L6B).partial("f", "x3"))
    assert "2 paths lead from x3 to f" in text
    assert "x3 → x1 → f" in text and "x3 → net2 → x2 → f" in text
    assert "∂f/∂x2 · ∂x2/∂net2 · ∂net2/∂x3 + ∂f/∂x1 · ∂x1/∂x3" in text
    assert "−1 · σ′ · w3 + 1 · 1" in text
    assert "Expand σ′ = σ(net2)·(1 − σ(net2)) = x2·(1 − x2)" in text
    assert text.rstrip().endswith("∂f/∂x3 = 1 − w3·x2·(1 − x2)")


@pytest.mark.parametrize(
    ("text", "slope", "result"),
    [
        ("f = x1 − σ(w3x3 + w4x4)", "σ′ = σ(net)·(1 − σ(net))", "−x3·σ(net)·(1 − σ(net))"),
        ("f = x1 − tanh(w3*x)", "tanh′ = 1 − tanh(f_1)² = 1 − tanh(w3·x)²", "x·(tanh(w3·x)² − 1)"),
        ("f = x1 − p, p = σ(w3x3 + w4x4)", "σ′ = σ(net)·(1 − σ(net)) = p·(1 − p)", "−x3·p·(1 − p)"),
    ],
)
def test_slopes_are_expanded_over_the_names_of_the_result(text, slope, result) -> None:
    lines = str(sb.circuit(text).partial("w3")).splitlines()
    assert lines[-2:] == [f"Expand {slope}", f"  ∂f/∂w3 = {result}"]


def test_what_a_slope_is_stands_once() -> None:
    derivation = sb.circuit("f = (x1 + x5) − σ(w3x3 + w4x4)").derive()
    for _ in range(2):  # a text says it again
        assert str(derivation).count("Expand σ′ =") == 1
    assert str(derivation).count("Expand\n") == 3


def test_many_paths_are_accumulated_not_listed() -> None:
    lines = ["h0 = w*x"] + [f"h{i} = tanh(h{i - 1}) + sin(h{i - 1})" for i in range(1, 25)]
    derivation = sb.circuit("\n".join([*lines, "f = h24"])).partial("f", "w")
    steps = {s.kind: s for s in derivation.steps if s.left == ("f", "w")}
    assert len(steps["sum"].right) == 1
    assert len(str(derivation)) < 20_000


def test_numbers_agree_with_sympy() -> None:
    circuit = sb.circuit(L6B)
    point = {"x3": 0.5, "x5": 1.0, "w3": 2.0, "w4": 0.8, "x4": -1.5}
    nodes, partials = circuit.derive().at(**point).evaluated()
    at = {circuit[name].symbol: sp.Rational(value) for name, value in point.items()}
    truth = over_leaves(circuit, circuit.output.expr)
    assert nodes["f"] == float(sp.N(truth.subs(at), 30))
    for name, value in partials.items():
        exact = sp.N(sp.diff(truth, circuit[name].symbol).subs(at), 30)
        assert value == pytest.approx(float(exact), rel=1e-15, abs=0)


@pytest.mark.parametrize("text", CIRCUITS)
def test_text_is_narrow_deterministic_and_has_an_ascii_form(text: str) -> None:
    derivation = sb.circuit(text).derive()
    shown = derivation.to_text()
    assert shown == sb.circuit(text).derive().to_text() == str(derivation)
    assert max(map(len, shown.splitlines())) <= 80
    assert derivation.to_text(ascii=True).isascii()


def balanced(text: str) -> bool:
    pairs = [(r"\left", r"\right"), ("{", "}"), (r"\begin", r"\end")]
    return all(text.count(a) == text.count(b) for a, b in pairs)


@pytest.mark.parametrize("name", one_in(4, elementwise.CASES))
def test_the_derivation_of_every_operation_is_written(name: str) -> None:
    derivation = sb.circuit(elementwise.CASES[name].circuit).derive()
    assert "∂f/∂" in str(derivation) and "$" in derivation.to_markdown()
    assert r"\partial f" in derivation.to_latex()
    assert len(json.loads(derivation.to_json())["steps"]) > 2


@pytest.mark.parametrize("text", CIRCUITS)
def test_latex_and_markdown_are_balanced(text: str) -> None:
    derivation = sb.circuit(text).derive()
    known = set(
        "partial frac cdot sigma sqrt pi left right mathrm operatorname begin end text le ge ne "
        "theta tanh exp sin cos log max min alpha beta gamma".split()
    )
    for rendered in (derivation.to_latex(), derivation.to_markdown()):
        assert balanced(rendered)
        assert set(re.findall(r"\\([A-Za-z]+)", rendered)) <= known


@pytest.mark.parametrize("text", CIRCUITS)
def test_json_holds_the_same_steps(text: str) -> None:
    derivation: Derivation = sb.circuit(text).derive()
    content = json.loads(derivation.to_json())
    assert content["schema"] == "symback-derivation/1"
    assert [(s["id"], s["kind"], s["rule"]) for s in content["steps"]] == [
        (s.id, s.kind, s.rule) for s in derivation.steps
    ]
    assert sb.circuit(content["circuit"]) == sb.circuit(text)
    printer = NotationPrinter.of(derivation.walk.circuit)
    for name, closed in derivation.closed.items():
        assert content["results"][name]["text"] == printer.print(closed)


SCHEMA = json.loads((ROOT / "docs/derivation.schema.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("text", [*CIRCUITS, NETWORK])
def test_json_is_what_its_schema_says(text: str) -> None:
    derivation: Derivation = sb.circuit(text).derive()
    content = json.loads(derivation.to_json())
    jsonschema.Draft202012Validator(SCHEMA).validate(content)
    for step, kept in zip(content["steps"], derivation.steps, strict=True):
        assert all(number < step["id"] for number in step["depends"])
        assert (step["before"] is None) == (kept.before is None)
        assert step["why"] == kept.why
    without = {**content, "steps": [{**content["steps"][0], "kind": "guess"}]}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMA).validate(without)


def test_json_has_the_number_of_each_step() -> None:
    derivation = sb.circuit(L6B).partial("w3").at(x3=0.5, x5=1, w3=2, w4=0.8, x4=-1.5)
    content = json.loads(derivation.to_json())
    jsonschema.Draft202012Validator(SCHEMA).validate(content)
    assert {s["id"]: s["value"] for s in content["steps"]} == derivation.numbers()
    net = 2 * 0.5 + 0.8 * -1.5
    slope = math.exp(-net) / (1 + math.exp(-net)) ** 2
    assert content["steps"][-1]["value"] == pytest.approx(-0.5 * slope, rel=1e-15, abs=0)


def test_partial_takes_one_name_for_the_output() -> None:
    circuit = sb.circuit(L6B)
    assert circuit.partial("w3").result == circuit.partial("f", "w3").result
    assert circuit.partial("l", "w3").of == "l"


def test_names_that_are_not_there() -> None:
    with pytest.raises(sb.SymbackError, match="did you mean 'net2'"):
        sb.circuit(L6B).partial("f", "net3")
    with pytest.raises(sb.SymbackError, match="missing values"):
        str(sb.circuit(L6B).partial("w3").at(x3=1.0))


PARTLY = {"x3": 1.0, "x4": 2.0, "w3": 0.5, "w4": 1.0}


def test_some_leaves_determine_some_numbers() -> None:
    """∂f/∂w3 = −σ′(2.5)·x3 needs no x1; f does. σ′(2.5) = 0.07010371654510815 by mpmath."""
    derivation = sb.circuit("f = x1 - sigma(w3*x3 + w4*x4)").partial("w3").at(**PARTLY)
    text = str(derivation)
    assert "  ∂f/∂w3 = −1 · 0.0701037 · 1 = −0.0701037\n" in text
    assert text.endswith("  not determined without x1: f\n")
    assert derivation.to_text(ascii=True).endswith("  not determined without x1: f\n")
    assert r"\frac{\partial f}{\partial w_{3}} &= -0.0701037" in derivation.to_latex()
    content = json.loads(derivation.to_json())
    assert content["partials"] == {"w3": pytest.approx(-0.07010371654510815, rel=1e-15, abs=0)}
    assert content["values"].keys() == {"net", "f_1"}
    line = sb.circuit("f = w*x + b").derive().at(x=3)
    assert "At x = 3\n  ∂f/∂w = 3\n  ∂f/∂b = 1\n  not determined without w, b: f, ∂f/∂x" in str(
        line
    )
    with pytest.raises(sb.SymbackError, match="missing values: w, x"):
        str(sb.circuit("f = w*x + b").partial("w").at(b=1))


@pytest.mark.slow
def test_a_long_derivation_has_numbers() -> None:
    """Closed forms of deep circuits keep the names of adjoints; their numbers are known as well."""
    text = "v0 = sin(x)*w\n" + "\n".join(
        f"v{i} = tanh(v{i - 1}) + v{i - 1}*v{max(0, i - 3)}/4 + cos(v{i - 1}*x)"
        for i in range(1, 20)
    )
    derivation = sb.circuit(f"{text}\nloss: none").derive().at(x=0.5, w=0.25)
    nodes, partials = derivation.evaluated()
    assert any("_bar" in str(closed) for closed in derivation.closed.values())
    x, w = sp.symbols("x w", real=True)
    slopes = {x: sp.cos(sp.Rational(1, 2)) / 4, w: sp.sin(sp.Rational(1, 2))}
    values, rows = [sp.N(sp.sin(sp.Rational(1, 2)) / 4, 60)], [slopes]
    for i in range(1, 20):  # forward mode at 60 digits
        a, b = values[i - 1], values[max(0, i - 3)]
        c = sp.Rational(1, 2)
        values.append(sp.N(sp.tanh(a) + a * b / 4 + sp.cos(a * c), 60))
        row = {}
        for leaf in (x, w):
            da, db = rows[i - 1][leaf], rows[max(0, i - 3)][leaf]
            dc = 1 if leaf == x else 0
            row[leaf] = sp.N(
                (1 - sp.tanh(a) ** 2) * da
                + (da * b + a * db) / 4
                - sp.sin(a * c) * (da * c + a * dc),
                60,
            )
        rows.append(row)
    assert nodes["v19"] == pytest.approx(float(values[-1]), rel=1e-15, abs=0)
    assert partials["x"] == pytest.approx(float(rows[-1][x]), rel=1e-15, abs=0)
    assert partials["w"] == pytest.approx(float(rows[-1][w]), rel=1e-15, abs=0)
    assert str(derivation)


def test_latex_writes_out_the_slopes_of_each_partial_only() -> None:
    derivation = sb.circuit("h = tanh(w1*x + b), f = sigma(w2*h + c)").derive()
    for rendered in (derivation.to_latex(), derivation.to_markdown()):
        of_c = rendered[
            rendered.index("Partial derivative of $f$ with respect to $c$") :
        ].partition("end{align")[0]
        assert r"\sigma'" in of_c and r"\tanh'" not in of_c


def test_what_is_too_small_for_a_float_is_nearly_0_in_every_rendering():
    circuit, point = sb.circuit("f = w*exp(-x)", loss=None), {"x": 800, "w": 1}
    at, picture = circuit.derive().at(**point), circuit.draw(at=point)
    assert "f_2 ≈ 0, f ≈ 0" in at.to_text() and "f_2 ~ 0, f ~ 0" in at.to_text(ascii=True)
    assert at.to_text(detail="full").count("≈ 0") >= 3
    assert r"\approx 0" in at.to_latex() and "≈ 0" in picture
    for text in (at.to_text(), at.to_text(ascii=True), at.to_latex(), picture):
        assert "4.94" not in text and "5e-324" not in text


def test_infinity_and_nan_at_a_point():
    text = "z: input[3]; b: input[3]; T: param; f: output = softmax((z + b)/T)[1]"
    derivation = sb.circuit(text.replace("; ", "\n"), loss=None).derive()
    _, partials = derivation.at(z=[0, 1, 2], b=[0, 0, -math.inf], T=2).evaluated()
    e = math.exp(0.5)
    assert partials["T"] == pytest.approx(-e / (1 + e) ** 2 / 4, rel=1e-14, abs=0)
    assert partials["z"][2] == 0
    _, partials = (
        sb.circuit("f = max(x, y)*w", loss=None).derive().at(x=math.nan, y=1, w=2).evaluated()
    )
    assert math.isnan(partials["x"]) and partials["y"] == 0
    assert r"\infty" in sb.circuit("f = w + x", loss=None).derive().at(w=math.inf, x=0).to_latex()
