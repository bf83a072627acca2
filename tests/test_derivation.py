"""The step record and its renderings: order, completeness, the same steps everywhere."""

from __future__ import annotations

import json
import random
import re

import pytest
import sympy as sp

import symback as sb
from symback.derivation.record import Derivation
from symback.ops import elementary
from symback.targets.notation import NotationPrinter

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


def test_partial_takes_one_name_for_the_output() -> None:
    circuit = sb.circuit(L6B)
    assert circuit.partial("w3").result == circuit.partial("f", "w3").result
    assert circuit.partial("l", "w3").of == "l"


def test_names_that_are_not_there() -> None:
    with pytest.raises(sb.SymbackError, match="did you mean 'net2'"):
        sb.circuit(L6B).partial("f", "net3")
    with pytest.raises(sb.SymbackError, match="no value for"):
        str(sb.circuit(L6B).partial("w3").at(x3=1.0))
