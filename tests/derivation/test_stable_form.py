"""Derivations of formulas that are rewritten: the steps are those of what was typed, and the stable
form, which modules compute, is the last section, in every rendering and with numbers.
"""

from __future__ import annotations

import json
import math
import pickle
import random
import re
from dataclasses import replace
from pathlib import Path

import jsonschema
import mpmath as mp
import pytest
import sympy as sp

import symback as sb
from symback.autodiff.gates import gates, typed_gates
from symback.derivation.latex.documents import words_in_latex
from symback.derivation.numbers.steps import numbers_of
from symback.derivation.page.live import programs, programs_along
from symback.derivation.steps import STABLE_FORM
from symback.derivation.text.normal import ascii_words
from symback.operations.elementwise import elementary
from symback.stable import RULES, rewrite
from tests.cases import sample_circuits, typed_forms
from tests.cases.browser import in_browser, set_leaf, shown_numbers, start_browser
from tests.cases.one_in import one_in
from tests.cases.page_reader import Reader

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "docs/derivation.schema.json").read_text(encoding="utf-8"))
TITLE = "Rewritten for numerical stability, as modules compute it"
CROSS_ENTROPY = "p = sigma(w*x + b)\nL = -y*log(p) - (1 - y)*log(1 - p)"
SOFTMAX = "z: input[k]\nt: target[k]\np = exp(z)/sum(exp(z))\nf = -sum(t*log(p))"
BOXCOX = "f = (x**k - 1)/k"
TEXTS = {
    "cross-entropy by hand": CROSS_ENTROPY,
    "sigmoid of a net input": "f = 1/(1 + exp(-w*x - b))*u",
    "other net inputs": "f = 1/(1 + exp(-(a + b)))*sigma(c + d) + tanh(a + c)",
    "softmax by hand": "z1 = w*x\nz2 = u*x\nq = exp(z1)/(exp(z1) + exp(z2))\nL = -log(q)",
    "a branch": "n = sqrt(u)\nf = where(u <= 0, 0, n) + log(1 + exp(v))",
    "box-cox": BOXCOX,
    "kinks that cancel": "f = relu(z) - z*t + log(1 + exp(-abs(z)))",
    "names of parts": "f_1 = x*w\nf = log(1 + exp(f_1 + b))*f_1",
}
PLAIN = {**sample_circuits.LECTURE, **sample_circuits.STRUCTURES}
MARKED = ("to_text", "to_latex", "to_markdown", "to_json")


def derivation_of(name: str) -> sb.Derivation:
    circuit = sb.circuit(TEXTS[name], loss=None)
    return circuit.derive(circuit.output.name)


def over_leaves(circuit, expr):
    while inner := [s for s in expr.free_symbols if not circuit[s.name].is_leaf]:
        expr = expr.xreplace({s: circuit[s.name].formula for s in inner})
    return expr


def slope_by_mpmath(formula, leaf, point):
    """∂formula/∂leaf by a central difference with 50 digits to spare."""
    with mp.workdps(80):
        f = sp.lambdify(sorted(point, key=str), elementary(formula), "mpmath")
        at = {s: mp.mpf(v) for s, v in point.items()}
        h = mp.mpf(10) ** -25
        ends = [{**at, leaf: at[leaf] + sign * h} for sign in (1, -1)]
        above, below = (f(*(end[s] for s in sorted(point, key=str))) for end in ends)
        return (above - below) / (2 * h)


# -- the lesson ---------------------------------------------------------------------------------


def test_cross_entropy_by_hand_goes_over_p():
    text = sb.circuit(CROSS_ENTROPY).derive("L", "w").to_text()
    assert "\n  p   = σ(net)\n" in text and "L_5 → p     ∂L_5/∂p   = 1/p" in text
    assert "∂L_5/∂p · ∂p/∂net · ∂net/∂w" in text
    assert text.endswith(
        "  ∂L/∂w = x·p − x·y\n\n"
        f"{TITLE}\n"
        "  L = −y·log(σ(net)) − log(1 − σ(net))·(1 − y) = binary_cross_entropy(net, y)\n"
        "    log(1 - sigma) keeps no digits where sigma rounds to 1\n"
        "  ∂L/∂w = x·(σ(net) − y)\n"
    )


def test_the_results_are_those_of_the_gradient():
    circuit = sb.circuit(CROSS_ENTROPY)
    d = circuit.derive("L")
    assert d.closed == dict(circuit.gradient("L").items())
    assert [s.right for s in d.steps if s.kind == "stable"] == list(d.closed.values())
    assert circuit.partial("L", "w").result == circuit.gradient("L")["w"]


@pytest.mark.parametrize("classes", [2, 3, 4])
def test_softmax_by_hand_ends_in_the_shares(classes):
    """∂L/∂zᵢ is pᵢ·Σt − tᵢ: the shares by name, and no exponential is left."""
    z, t, p = (sp.symbols(f"{a}1:{classes + 1}", real=True) for a in "ztp")
    lines = ["s = " + " + ".join(f"exp({u})" for u in z)]
    lines += [f"{q} = exp({u})/s" for q, u in zip(p, z, strict=True)]
    loss = " - ".join(f"{u}*log({q})" for u, q in zip(t, p, strict=True))
    d = sb.circuit("\n".join([*lines, f"L = -({loss.replace(' - ', ' + ')})"])).derive("L", "z1")
    typed = d.last_step("z1").right
    assert sp.expand(typed - (p[0] * sum(t) - t[0])) == 0
    assert typed.free_symbols == {p[0], *t}


def test_arrays_have_the_typed_steps_too():
    text = sb.circuit(SOFTMAX).derive("f", "z").to_text()
    assert "p   = p_1/p_2" in text and "δp = δf_1/p" in text
    typed, stable = "−sum(t ∘ log(exp(z)/sum(exp(z))))", "−sum(weighed(t, log_softmax(z)))"
    assert f"{TITLE}\n  f = {typed} = {stable}" in text


@pytest.mark.parametrize("name", TEXTS)
def test_typed_parts_are_numbered_in_their_order(name):
    """Without gaps, over names that are typed; the parts that only the stable form has follow."""
    circuit = sb.circuit(TEXTS[name], loss=None)
    shown, computed = typed_gates(circuit), gates(circuit)
    assert computed.rewrites
    for owner in circuit.computed:
        typed = _numbers(owner.name, (n for n in shown.computed if n.generated))
        taken = _numbers(owner.name, circuit.nodes)
        assert typed == [k for k in range(1, 99) if k not in taken][: len(typed)]
        only_stable = _numbers(owner.name, (n for n in computed.computed if n.name not in shown))
        assert min(only_stable, default=99) > max(typed, default=0)


def _numbers(owner, nodes):
    found = (re.fullmatch(rf"{owner}_(\d+)", n.name) for n in nodes)
    return [int(m[1]) for m in found if m]


@pytest.mark.parametrize("name", PLAIN)
def test_a_circuit_that_is_not_rewritten_has_no_such_section(name):
    circuit = sb.circuit(PLAIN[name])
    d = circuit.derive(circuit.objective.name)
    assert not d.stable and not d.stable_steps and d.typed_steps == d.steps
    assert typed_gates(circuit) is gates(circuit) and "Rewritten" not in d.to_text()


# -- the typed steps and the stable form are both right ------------------------------------------


@pytest.mark.parametrize("name", one_in(2, TEXTS))
def test_steps_are_those_of_the_circuit_as_typed(name):
    """As of the literal circuit, but that parts may have other names; numbers are the same."""
    d, circuit = derivation_of(name), sb.circuit(TEXTS[name], loss=None)
    typed = circuit.as_typed().derive(circuit.output.name)
    assert [(s.kind, s.rule) for s in d.typed_steps] == [(s.kind, s.rule) for s in typed.steps]
    draw = random.Random(name)
    at = {n.name: draw.uniform(0.2, 0.9) for n in circuit.leaves}
    numbers = typed.at(**at).numbers()
    assert {i: n for i, n in d.at(**at).numbers().items() if i in numbers} == numbers


@pytest.mark.parametrize("name", one_in(2, TEXTS))
def test_both_results_are_the_derivative(name):
    circuit, d = sb.circuit(TEXTS[name], loss=None), derivation_of(name)
    assert d.stable and d.verified
    formula = over_leaves(circuit, circuit.output.formula)
    draw = random.Random(name)
    point = {n.symbol: draw.uniform(0.2, 0.9) for n in circuit.leaves}
    for wrt in d.wrt:
        right = slope_by_mpmath(formula, circuit[wrt].symbol, point)
        about = [s for s in d.steps if s.left == (d.of, wrt) and s.kind in (*STABLE_FORM, "expand")]
        rights = [s.right for s in about] or [d.last_step(wrt).right]
        for expr in rights:
            whole = elementary(over_leaves(d.gates, expr))
            with mp.workdps(40):
                value = sp.lambdify(sorted(point, key=str), whole, "mpmath")
                found = value(*(mp.mpf(point[s]) for s in sorted(point, key=str)))
            assert mp.almosteq(found, right, 1e-15, 1e-15), (wrt, expr)


@pytest.mark.parametrize("name", one_in(2, TEXTS))
def test_a_name_means_the_same_in_every_form(name):
    circuit = sb.circuit(TEXTS[name], loss=None)
    opaque = gates(circuit, opaque=[n.name for n in circuit.computed])
    meaning = {}
    for made in (gates(circuit), typed_gates(circuit), opaque, derivation_of(name).gates):
        for node in made.computed:
            if node.generated:
                assert meaning.setdefault(node.name, node.formula) == node.formula
                assert circuit[node.name].formula == node.formula


@pytest.mark.parametrize("number", range(0, len(typed_forms.FORMS), 28))
def test_typed_forms_are_derived_as_typed(number):
    form = typed_forms.FORMS[number]
    circuit = sb.circuit(form.circuit, loss=None)
    d = circuit.derive(circuit.output.name)
    assert d.closed == {n: circuit.gradient()[n] for n in d.wrt}
    if not d.stable:
        return
    assert not d.walk.circuit.rewrites and d.steps == (*d.typed_steps, *d.stable_steps)
    at = {name: values[-1] for name, values in form.points.items()}
    stable = numbers_of(replace(d.stable_of_leaves, values=at))
    nodes, partials = d.at(**at).evaluated()
    assert partials == dict(stable.partials)
    assert nodes[d.of] == stable.nodes[d.of]


# -- numbers ------------------------------------------------------------------------------------

LOG3 = math.log(3)
AT_ZERO = {"f": LOG3, "x": 1 / 3, "k": LOG3**2 / 2}


def test_what_is_given_is_right_where_the_typed_formula_is_not_defined():
    d = sb.circuit(BOXCOX).derive().at(x=3, k=0)
    nodes, partials = d.evaluated()
    assert nodes["f"] == pytest.approx(AT_ZERO["f"], rel=1e-15, abs=0)
    assert partials == {n: pytest.approx(AT_ZERO[n], rel=1e-15, abs=0) for n in ("x", "k")}
    assert math.isnan(d.numbers()[3])  # step 3 is f as typed


def test_a_typed_number_that_is_not_right_is_marked():
    d = sb.circuit(BOXCOX).derive().at(x=3, k=0)
    text, full = d.to_text(), d.to_text(detail="full")
    assert "f_2 = 0, f = 1.09861 (as typed: nan)" in text
    assert "∂f/∂k = 0.603474 (as typed: nan)" in text
    assert "f = f_2/k (as typed: nan; stable form: 1.09861)" in full
    assert "∂f/∂x = x^(k − 1) = 0.333333" in full  # which is right by itself
    for latex in (d.to_latex(), d.to_markdown(), d.to_latex("beamer")):
        assert r"1.09861 \quad (\text{as typed: }\mathrm{NaN})" in latex
    assert r"\text{; stable form: }1.09861)" in d.to_latex("table")
    content = json.loads(d.to_json(), parse_constant=pytest.fail)  # no NaN, which is not JSON
    jsonschema.Draft202012Validator(SCHEMA).validate(content)
    steps = content["steps"]
    (f,) = (s for s in steps if s["kind"] == "forward" and s["left"] == "f")
    assert f["value"] == "nan" and f["stable_value"] == pytest.approx(LOG3, rel=1e-15, abs=0)
    assert d.to_text(ascii=True, detail="full").isascii()


def test_kinks_that_cancel_have_the_slope_of_the_whole():
    d = sb.circuit(TEXTS["kinks that cancel"]).derive().at(z=0, t=0)
    assert d.evaluated()[1]["z"] == 0.5
    assert "∂f/∂z = 0.5 (as typed: 0)" in d.to_text()


def test_arrays_are_marked_entry_by_entry():
    d = sb.circuit(SOFTMAX).derive().at(z=[1e9, 2], t=[0, 1])
    nodes, partials = d.evaluated()
    assert nodes["f"] == 1e9 - 2 and partials["z"].tolist() == [1, -1]
    assert "= as typed: [inf, 7.38906]" in d.to_text(detail="full")


def test_branches_that_are_not_taken_are_guarded_in_the_typed_steps():
    d = sb.circuit(TEXTS["a branch"]).derive("f").at(u=-1, v=0)
    assert d.evaluated()[1] == {"u": 0.0, "v": 0.5}
    sums = {s.left[1]: d.numbers()[s.id] for s in d.steps if s.kind == "sum"}
    assert sums == {"u": 0.0, "v": 0.5}


@pytest.mark.parametrize("name", one_in(2, TEXTS))
def test_near_numbers_are_not_marked(name):
    circuit = sb.circuit(TEXTS[name], loss=None)
    draw = random.Random(name)
    at = {n.name: draw.uniform(0.2, 0.9) for n in circuit.leaves}
    assert not numbers_of(circuit.derive(circuit.output.name).at(**at)).off


# -- every rendering ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", one_in(2, TEXTS))
def test_every_rendering_has_the_section_once(name):
    d = derivation_of(name)
    assert d.to_text().count(TITLE) == 1 and d.to_text(ascii=True).isascii()
    assert d.accumulation().to_text().count(TITLE) == 1
    for latex in (d.to_latex(), d.to_markdown(), *map(d.to_latex, ("align", "beamer"))):
        assert latex.count(TITLE) == 1
    assert TITLE in d.to_latex("beamer", standalone=True)
    content = json.loads(d.to_json())
    jsonschema.Draft202012Validator(SCHEMA).validate(content)
    assert content["steps"][-1]["kind"] in STABLE_FORM
    page = Reader(d.to_html())
    assert page.steps == [(s.id, s.kind) for s in d.steps] and d.to_html().count(TITLE) == 1


def test_the_shortest_text_has_both_results():
    d = sb.circuit(CROSS_ENTROPY).partial("L", "w")
    assert d.to_text(detail="brief") == (
        "∂L/∂w = x·p − x·y\n      = x·(σ(net) − y)   (what modules compute)\n"
    )


@pytest.mark.parametrize("rule", RULES, ids=[rule.name for rule in RULES])
def test_reasons_print_everywhere(rule):
    assert words_in_latex(rule.why) and ascii_words(rule.why).isascii()


def test_a_net_input_that_only_the_stable_form_has_is_defined_there():
    d = derivation_of("sigmoid of a net input")
    assert "net" not in {s.left for s in d.steps if s.kind == "forward"}
    assert f"{TITLE}\n  net = w·x + b\n  f = u/(1 + exp(−w·x − b)) = u·σ(net)" in d.to_text()
    assert d.gates["net"].formula == gates(d.circuit)["net"].formula


def test_results_by_leaves_and_by_inner_nodes():
    """∂L/∂p has no rewriting; that by w is what modules compute, also beside it."""
    d = sb.circuit(CROSS_ENTROPY).derive("L", ["w", "p"])
    p, y, w = (sp.Symbol(n, real=True) for n in "pyw")
    assert sp.simplify(d.closed["p"] - (-y / p + (1 - y) / (1 - p))) == 0
    assert d.closed["w"] == sb.circuit(CROSS_ENTROPY).gradient("L")["w"] and w not in d.closed
    (stable,) = (s for s in d.steps if s.kind == "stable")
    assert stable.left == ("L", "w") and stable.rule == "what modules compute"


def test_pictures_are_of_what_was_typed():
    circuit = sb.circuit(CROSS_ENTROPY)
    assert "p = σ(net)" in circuit.draw(of="L") and "p = " in circuit.to_dot(of="L")
    drawn = circuit.draw({"w": 5000, "x": 1, "b": 0, "y": 1}, of="L")
    assert "undefined" in drawn  # inside, as typed
    assert "as typed; L and those of leaves: stable form" in drawn
    assert "stable form" not in sb.circuit("f = w*x").draw({"w": 1, "x": 2})


def test_practice_asks_about_what_was_typed():
    quiz = sb.circuit(CROSS_ENTROPY).derive("L", "w").quiz("steps", level=3)
    asked = {q.asked: q.number for q in quiz.questions}
    assert ("L_5", "p") in asked and ("p", "net") in asked
    assert quiz.answer(asked["L_5", "p"], "1/p")
    for right in ("x*(p - y)", "x*p - x*y", "x*(sigma(net) - y)"):
        assert quiz.answer(asked["L", "w"], right)
    assert not quiz.answer(asked["L", "w"], "x*(y - p)")
    assert TITLE not in quiz.text


def test_practice_accepts_the_names_of_the_stable_form():
    quiz = derivation_of("sigmoid of a net input").quiz("steps", level=3)
    number = next(q.number for q in quiz.questions if q.asked == ("f", "w"))
    assert quiz.answer(number, "u*x*sigma(net)*(1 - sigma(net))")


# -- pages --------------------------------------------------------------------------------------


def test_a_page_has_the_programs_of_both():
    d = sb.circuit(CROSS_ENTROPY).derive("L")
    page = d.to_html()
    assert "const STABLE = [\n[STABLE1_FORWARD, STABLE1_BACKWARD],\n];" in page
    assert 'name: "L_3", from: ["L_2"]' in page and "_binary_cross_entropy(net, y)" in page
    assert programs(d).tables == programs_along(d.stable[0].walk).tables
    assert "STABLE" not in sb.circuit("f = w*x").derive().to_html()


@in_browser
def test_live_numbers_mark_what_the_typed_formula_loses(tmp_path):
    d = sb.circuit(CROSS_ENTROPY).derive("L").at(w=1, x=2, b=0, y=1)
    page = tmp_path / "page.html"
    page.write_text(d.to_html(), encoding="utf-8")
    driver = start_browser()
    try:
        driver.get(f"file://{page}#step={len(d.steps)}")
        assert "as typed:" not in driver.find_element("id", "steps").text
        set_leaf(driver, "number", "w", "50")
        text = driver.find_element("id", "steps").text
        _, rows = shown_numbers(driver)
    finally:
        driver.quit()
    assert "= log(0) = as typed: −∞" in text
    assert "as typed: undefined; stable form: 3.72008e−44" in text
    by_w = -2 * math.exp(-100) / (1 + math.exp(-100))
    assert {leaf: float(p) for leaf, p, _ in rows}["w"] == pytest.approx(by_w, rel=1e-14, abs=0)


# -- found once ---------------------------------------------------------------------------------


def test_a_circuit_is_rewritten_once(monkeypatch):
    made = []
    plain = rewrite.Rewriter.__init__
    monkeypatch.setattr(
        rewrite.Rewriter,
        "__init__",
        lambda self, circuit, opaque, *rules, **options: (
            made.append((circuit, opaque)) or plain(self, circuit, opaque, *rules, **options)
        ),
    )
    circuit = sb.circuit(CROSS_ENTROPY)
    circuit.compile()
    assert circuit.check().passed
    circuit.derive("L").at(w=1, x=2, b=0, y=1).to_html()
    assert [c for c, _ in made].count(circuit) == 1


def test_what_was_found_is_no_part_of_a_circuit():
    circuit, fresh = sb.circuit(CROSS_ENTROPY), sb.circuit(CROSS_ENTROPY)
    circuit.derive("L")
    found = []
    assert circuit.once(lambda c: found.append(c)) is None and found == [circuit]
    assert circuit == fresh and hash(circuit) == hash(fresh)
    assert pickle.loads(pickle.dumps(circuit)) == circuit  # without the function that found it


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("n = abs(x); f = n**2", "f = n² = x²"),
        ("r = sqrt(x); f = r**4*w", "f = w·r⁴ = w·x²"),
        ("e = exp(x); f = log(e)", "f = log(e) = x"),
    ],
)
def test_the_formula_as_typed_is_over_names_where_sympy_undoes_it(text, step):
    d = sb.circuit(text).derive()
    assert f"{TITLE}\n  {step}\n" in d.to_text() and d.verified
