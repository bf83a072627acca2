"""A node that is reached directly and through others: the edge alone and the whole partial, which
have the same names, have different signs in every format, in practice and in code, so that no
equation has one thing on both sides.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest
import sympy as sp

import symback as sb
from symback.derivation.page.html import page_text
from symback.derivation.text.detail import text_in_detail
from tests.cases.sample_circuits import LECTURE

NODE = shutil.which("node")
DIRECT = {
    "L6b typed flat": ("f = (x3 + x5) - sigma(w3*x3 + w4*x4)", "x3"),
    "a power and an exponential": ("f = x**3*exp(-x)", "x"),
    "a residual": ("h = tanh(w*x)\nf = x + h", "x"),
    "an inner node": ("h = w*x\ng = h**2\nf = g*h", "h"),
    "rewritten": ("f = x*log(1 + exp(x))", "x"),
    "two operands": ("a = x*y\nf = a*x + a*y + x*y", "y"),
    "very many paths": (
        "\n".join(f"h{i + 1} = tanh(h{i})*h{i} + x" for i in range(6)) + "\nf = h6 + x*h5",
        "x",
    ),
}


def derivation_of(name: str) -> sb.Derivation:
    text, wrt = DIRECT[name]
    return sb.circuit(text, loss=None).derive("f", wrt)


def own_terms(right: str, left: str) -> bool:
    """Whether a sum has the left side itself as a term or a factor."""
    return any(left in re.split(r" [·*] | \\cdot ", term) for term in right.split(" + "))


@pytest.mark.parametrize("name", DIRECT)
def test_no_text_has_the_whole_partial_in_its_own_sum(name):
    d = derivation_of(name)
    (wrt,) = d.wrt
    assert ("f", wrt) in d.direct
    for detail in ("normal", "full"):
        for ascii_ in (False, True):
            left = f"df/d{wrt}" if ascii_ else f"∂f/∂{wrt}"
            alone = left.replace("df", "d+f").replace("∂f", "∂⁺f")
            flat = re.sub(r"\n {8,}(?![ =])", " ", text_in_detail(d, detail, ascii=ascii_))
            assert f"{alone} " in flat and (flat.isascii() or not ascii_)
            sums = [line.partition(" = ")[2] for line in flat.splitlines() if f"{left} =" in line]
            assert sums and not any(own_terms(right, left) for right in sums)


@pytest.mark.parametrize("name", DIRECT)
def test_no_latex_has_it(name):
    d = derivation_of(name)
    left = rf"\frac{{\partial f}}{{\partial {d.wrt[0]}}}".replace("x3}", "x_{3}}")
    alone = left.replace(r"\partial f", r"\partial^{+} f")
    for latex in (d.to_latex(), d.to_markdown()):
        assert rf"{alone} &=" in latex and r"$\partial^{+}$: along this edge alone" in latex
        rows = re.findall(rf"^\s*{re.escape(left)} &= (.*?)(?: \\\\)?$", latex, re.M)
        assert rows and not any(left in row for row in rows)
    for style in ("beamer", "table", "align"):
        assert alone in d.to_latex(style, standalone=True)


@pytest.mark.parametrize("name", DIRECT)
def test_the_page_has_both_signs(name):
    d = derivation_of(name)
    text = page_text(d)
    (wrt,) = d.wrt
    said = [s["said"] for s in json.loads(str(text.data).replace("<\\/", "</"))["steps"]]
    assert any(s.startswith(f"∂⁺f/∂{wrt} = ") for s in said)
    sums = [s.partition(" = ")[2] for s in said if s.startswith(f"∂f/∂{wrt} = ")]
    assert sums and not any(own_terms(right, f"∂f/∂{wrt}") for right in sums)
    lefts = [row[0] for row in json.loads(str(text.data))["practice"]["questions"]]
    assert len(lefts) == len(set(lefts))
    assert "along this edge alone" in str(text.groups[1].title)


@pytest.mark.parametrize("name", DIRECT)
def test_no_two_questions_read_the_same(name):
    quiz = derivation_of(name).quiz("steps", level=3)
    asked = [str(q).partition(" ")[2] for q in quiz.questions]
    assert len(asked) == len(set(asked))
    for line in quiz.text.splitlines():
        left, _, right = line.strip().partition(" = ")
        assert left != right or not right


def test_the_whole_is_named_where_the_edge_is_asked():
    quiz = sb.circuit("f = x**3*exp(-x)").partial("f", "x").quiz("steps", level=3)
    number = {str(q).partition(" ")[2]: q.number for q in quiz.questions}
    whole, edge = "3*x**2*exp(-x) - x**3*exp(-x)", "3*x**2*f_2"
    assert quiz.answer(number["∂⁺f/∂x ="], edge) and quiz.answer(number["∂f/∂x ="], whole)
    told = quiz.answer(number["∂⁺f/∂x ="], whole)
    assert not told and "that is ∂f/∂x, the sum over all paths" in str(told)
    assert not quiz.answer(number["∂f/∂x ="], edge)


@pytest.mark.parametrize("name", DIRECT)
def test_the_edge_alone_has_its_own_value(name):
    """∂⁺ is SymPy's derivative of the node's formula over its operands, the rest held fixed."""
    d = derivation_of(name)
    (wrt,) = d.wrt
    (step,) = (s for s in d.steps if s.edge == ("f", wrt))
    gate = d.gates["f"].formula
    values = {n.symbol: sp.Rational(3 + i, 7) for i, n in enumerate(d.gates) if n.name != "f"}
    found = step.right.xreplace({d.gates["f"].symbol: gate})
    expected = sp.diff(gate, d.gates[wrt].symbol)
    assert sp.N((found - expected).doit().xreplace(values), 30) == 0


@pytest.mark.parametrize("name", LECTURE)
def test_where_no_name_is_reached_twice_from_the_node_nothing_changes(name):
    circuit = sb.circuit(LECTURE[name])
    d = circuit.derive(circuit.output.name)
    text = d.to_text() + d.to_latex() + d.quiz().text
    assert bool(d.direct) == ("⁺" in text) == (r"\partial^{+}" in text)


def test_comments_of_modules_have_both_signs():
    text = sb.circuit("h = tanh(w*x)\nf = x*w + h", loss=None).generate()
    comments = re.findall(r"# (∂f/∂\w+) = (.*)", text)
    assert any(right.startswith("∂⁺") or " + ∂⁺" in right for _, right in comments)
    assert not any(own_terms(right, left) for left, right in comments)


READ = """
const read = answerReader({greek: {}, aliases: {}, known: new Map([["x", () => [3, 0]]]),
  short: new Map(), partials: new Map([["f x", () => [7, 0]]]), direct: ["f x"]});
for (const text of ["∂⁺f/∂x*x", "∂f/∂x*x", "horner(x, 1, 2, 3)"]) {
  try { console.log(read(text, {allowsPartials: true})(0)[0]); }
  catch (error) { console.log(error.message); }
}
"""


@pytest.mark.skipif(NODE is None, reason="node is not installed")
def test_answers_on_a_page_name_the_edge():
    page = sb.circuit("f = x**3*exp(-x)").derive().to_html()
    script = page[page.index("const OPERATIONS") : page.index("(() => {")]
    ran = subprocess.run([NODE, "-e", script + READ], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines() == ["21", "the edge alone is ∂⁺f/∂x", "34"]


def test_a_text_by_groups_says_what_the_sign_means():
    total = " + ".join(f"w{i}*x{i}" for i in range(160))
    text = sb.circuit(f"s = tanh({total})\nf = s*x0", loss=None).derive("f").to_text()
    assert " groups\n" in text
    assert "\n∂⁺: along this edge alone\n" in text
