"""The step record in a session: one step at a time, levels of detail, two views, verification."""

from dataclasses import replace

import pytest
import sympy as sp

import symback as sb
from symback import errors
from symback.api import Derivation
from symback.autodiff.reverse import reverse_pass
from symback.derivation.text.normal import ascii_words
from symback.derivation.verify.scalars import StepRefused, Verifier
from symback.operations.elementwise import BY_HEAD
from tests.cases.lecture import ROWS
from tests.cases.sample_circuits import sample

L6B = "x1 = x3 + x5, x2 = sigma(net2), net2 = w3*x3 + w4*x4, f = x1 - x2"
POINT = {"x3": 1, "x4": 2, "x5": 0.5, "w3": 0.3, "w4": -0.2}


@pytest.fixture
def derivation() -> Derivation:
    return sb.circuit(L6B).partial("f", "x3")


def test_steps_are_walked_through(derivation):
    shown = [derivation.next() for _ in derivation.steps]
    assert [s.split("]")[0] for s in shown] == [f"[{s.id}" for s in derivation.steps]
    assert derivation.next() == shown[-1]  # the last step stays the last
    assert derivation.back() == shown[-2]
    assert derivation.step(3) == shown[2] and derivation.next() == shown[3]
    assert repr(shown[0]) == str(shown[0])


def test_a_step_says_what_it_is_and_why(derivation):
    edge = next(s for s in derivation.steps if s.edge == ("x2", "net2"))
    assert "∂x2/∂net2 = σ′(net2)" in derivation.step(edge.id)
    why = derivation.why(edge.id)
    assert "σ′ = σ·(1 − σ)" in why and "x2 = σ(net2)" in why
    rewritten = [s for s in derivation.steps if s.before is not None]
    assert [s.kind for s in rewritten] == ["substitute", "simplify", "expand"]


def test_paths_are_shown_alone(derivation):
    assert derivation.path("x3").count("x3") >= 4  # two paths, each with its product
    one = derivation.path("x1", "x3")
    assert one.splitlines()[0] == "f → x1 → x3" and "net2" not in one


REFUSED = {
    "no such step": (lambda d: d.step(99), ["no step 99"]),
    "step zero": (lambda d: d.step(0), ["no step 0"]),
    "no such node": (lambda d: d.path("x9"), ["no node 'x9'"]),
    "no such path": (lambda d: d.path("x5", "x2"), ["no path leads"]),
    "no end": (lambda d: d.path("f"), ["leads to"]),
    "no such detail": (lambda d: d.to_text(detail="all"), ["brief, normal and full"]),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused(what, derivation):
    ask, words = REFUSED[what]
    with pytest.raises(errors.SymbackError) as caught:
        ask(derivation)
    assert all(word in str(caught.value) for word in words), caught.value


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("detail", ["brief", "normal", "full"])
def test_every_detail_fits_the_line_and_ascii(row, detail):
    derivation = sb.circuit(ROWS[row].named[0]).derive()
    for ascii_ in (False, True):
        text = derivation.to_text(ascii=ascii_, detail=detail)
        assert max(map(len, text.splitlines())) <= 80
        assert text.isascii() or not ascii_


def test_full_detail_has_every_step_and_refers_back(derivation):
    full = derivation.to_text(detail="full")
    assert full.count("\n[") == len(derivation.steps)
    assert "as in step" in full
    assert full.count("by definition of the circuit") == 1


def test_brief_detail_is_the_result(derivation):
    assert derivation.to_text(detail="brief") == "∂f/∂x3 = 1 − w3·x2·(1 − x2)\n"


def test_numbers_stand_behind_each_step(derivation):
    full = derivation.at(**POINT).to_text(detail="full")
    assert "net2 = w3·x3 + w4·x4 = −0.1" in full
    assert "∂x2/∂net2 = σ′(net2) = 0.249376" in full  # σ(−0.1)·(1 − σ(−0.1)), by SymPy below
    s = 1 / (1 + sp.exp(sp.Rational(1, 10)))
    assert f"{float(s * (1 - s)):.6g}" == "0.249376"
    assert f"1 − w3·x2·(1 − x2) = {float(1 - sp.Rational(3, 10) * s * (1 - s)):.6g}" in full


def test_numbers_that_are_not_known_are_no_zero(derivation):
    partly = derivation.at(x3=1, x5=0.5)
    full = partly.to_text(detail="full")
    assert "x1 = x3 + x5 = 1.5" in full and "net2 = w3·x3 + w4·x4 = —" in full


@pytest.mark.parametrize("row", ["L2", "L4", "L5", "L6b", "tanh", "where", "max"])
def test_both_views_give_one_gradient(row):
    circuit = sample(row)
    paths = circuit.derive()
    accumulated = paths.accumulation()
    assert accumulated.view == "accumulation" and accumulated.closed == paths.closed
    assert "Backward" in str(accumulated)


def test_steps_are_verified_against_sympy():
    walk = reverse_pass(sb.circuit(L6B))
    verifier = Verifier(walk.circuit)
    for edge in walk.edges:
        verifier.partial(walk.node(edge.node), edge.operand, edge.partial)
        with pytest.raises(StepRefused):
            verifier.partial(
                walk.node(edge.node), edge.operand, edge.partial * (1 + sp.Rational(1, 10**30))
            )


def test_a_wrong_rule_is_raised_and_never_printed(monkeypatch):
    wrong = replace(BY_HEAD[sp.exp], partials=lambda v, u: (v + sp.Rational(1, 10**20),))
    monkeypatch.setitem(BY_HEAD, sp.exp, wrong)
    with pytest.raises(StepRefused):
        sb.circuit("f = exp(w*x)").derive()


def test_a_wrong_simplification_is_raised(monkeypatch):
    import symback.derivation.writer as writer

    monkeypatch.setattr(writer, "simplified", lambda expr: 2 * expr)
    with pytest.raises(StepRefused):
        sb.circuit("f = x1 - sigma(w3*x3 + w4*x4)").derive()


def test_a_circuit_without_a_point_is_derived_and_says_so():
    derivation = sb.circuit("f = log(x - abs(x) - 1)", loss=None).derive()
    assert not derivation.verified and derivation.result is not None
    assert sb.circuit(L6B).derive().verified


WITH_LONG_RULES = [
    "f = relu(w*x + b)",
    "f = max(0, 1 - y*w*x)",
    "x: input[n]\ng: param[n]\nf = sum(g*layer_norm(x))",
]


@pytest.mark.parametrize("text", WITH_LONG_RULES)
@pytest.mark.parametrize("ascii", [False, True])
def test_every_edge_has_its_rule_also_where_the_line_is_long(text, ascii):
    derivation = sb.circuit(text).derive()
    lines = derivation.to_text(ascii=ascii).splitlines()
    assert max(map(len, lines)) <= 80
    shown = " ".join(" ".join(lines).split())
    for step in (s for s in derivation.steps if s.kind == "edge"):
        assert " ".join((ascii_words(step.rule) if ascii else step.rule).split()) in shown


def test_latex_writes_axes_and_cases_as_mathematics():
    """No code, `axis=0`, among the formulas, and what follows cases stands outside brackets."""
    text = "X: input[m, n]\nW: param[n, c]\nf = sum(softmax(X @ W)**2) + sum(max(X @ W, axis=0)**3)"
    latex = sb.circuit(text).derive().to_latex()
    assert r"\textstyle\sum_{\mathrm{axis} \, 1}" in latex and r"\max_{\mathrm{axis} \, 0}" in latex
    assert "axis=" not in latex
    chain = sb.circuit("f = v*relu(w*x + b)").derive(wrt="w").to_latex()
    assert r"\end{cases}\right) \cdot x" in chain
    assert r"= \begin{cases}" in chain  # alone it needs none
