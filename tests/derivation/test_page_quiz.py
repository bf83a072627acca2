"""Practice on the page: the session's questions, graded by a browser as the session grades them.

What the page compares with is checked against SymPy's own `diff`. The page itself runs in a
headless Chromium, where it and its driver are installed.
"""

from __future__ import annotations

import random
import re
from base64 import b64decode
from functools import cache
from pathlib import Path
from struct import unpack

import pytest
import sympy as sp
from sympy.codegen.cfunctions import hypot
from sympy.core.relational import Relational

import symback as sb
from symback.codegen.javascript.printer import operations, spellings
from symback.derivation.page import html
from symback.derivation.page.quiz import MOST_QUESTIONS, NumberRows, practice
from symback.derivation.practice.quiz import KINDS, LEVELS
from symback.errors import SymbackError
from symback.operations import elementwise
from symback.operations.balls import scalars as balls
from symback.operations.balls.scalars import evaluate, nearest_float, order, precision
from symback.operations.elementwise import elementary
from symback.operations.signs import GREEK
from symback.printing.circuit_text import NotationPrinter
from symback.printing.text import AsciiPrinter, TextPrinter
from tests.cases.answers import EXTRA, RIGHT, WRONG
from tests.cases.browser import CHROMEDRIVER, CHROMIUM, complaints, emulate, start_browser
from tests.cases.page_reader import Reader
from tests.cases.sample_circuits import ALL

ROOT = Path(__file__).parents[2]
LIMIT = 150_000  # bytes of the page of L6b, of which 40,000 are practice; a page may have 250,000
BRANCHES = "f = where(x > 1, w*log(x), b*exp(-w*x)) + b**2"
MORE = [pytest.param(n, marks=pytest.mark.slow) for n in ("L5", "paths", "normal density")]
CIRCUITS = {**ALL, **EXTRA, "branches": BRANCHES}


@cache
def derived(name):
    return sb.circuit(CIRCUITS[name]).derive()


@cache
def page_of(name):
    return derived(name).to_html()


@cache
def data_of(name):
    found = practice(derived(name), False)
    assert found is not None
    return dict(found.data)


def floats(text, width):
    numbers = unpack(f"<{len(b64decode(text)) // 8}d", b64decode(text))
    return [numbers[i : i + width] for i in range(0, len(numbers), width)]


def row(rows, place):
    return list(rows[place]) if place >= 0 else [-x for x in rows[-1 - place]]


# -- what a page compares with -----------------------------------------------------------------


def leaves_only(circuit, name):
    """A node's formula over leaves."""
    formula = circuit[name].formula
    for node in reversed(circuit.computed):
        formula = formula.xreplace({node.symbol: node.formula})
    return formula


@pytest.mark.parametrize("name", ["L6b", "branches", *MORE])
def test_values_are_sympys_correctly_rounded(name):
    d = derived(name)
    circuit, data = d.walk.circuit, data_of(name)
    rows = floats(data["rows"], data["points"][0])
    at = {n: row(rows, place) for n, place in data["names"].items()}
    assert len(at) == len(circuit.nodes) and data["points"][0] >= 8
    checked = 0
    for point in range(data["points"][0]):
        exact = {circuit[n].symbol: sp.Rational(at[n][point]) for n in data["leaves"]}
        value = lambda expr, exact=exact: float(elementary(expr).xreplace(exact).evalf(60))  # noqa: E731
        for node in circuit.computed:
            assert at[node.name][point] == value(leaves_only(circuit, node.name)), node.name
        over_leaves = {n.symbol: leaves_only(circuit, n.name) for n in circuit.computed}
        for asked, _, place, _, _, rule, *_ in data["questions"]:
            of, wrt = re.fullmatch("∂⁺?(.*)/∂(.*)", asked).groups()
            if rule >= 0:  # of an edge: the local partial
                local = sp.diff(elementary(circuit[of].formula), circuit[wrt].symbol)
                partial = local.xreplace(over_leaves)
            else:
                partial = sp.diff(elementary(leaves_only(circuit, of)), circuit[wrt].symbol)
            assert row(rows, place)[point] == value(partial), asked
            checked += 1
    assert checked >= 8 * len(data["questions"])


def test_mistakes_have_the_values_of_what_they_say():
    """By hand: σ for σ′, a lost sign, the other operand, a path of two that is missing."""
    data = data_of("L6b")
    rows, wrong = floats(data["rows"], data["points"][0]), floats(data["wrong"], data["points"][1])
    at = {n: row(rows, place) for n, place in data["names"].items()}
    expected = [
        ("∂x2/∂net2", "x2 → net2", "itself", lambda v: v["x2"]),
        ("∂net2/∂w3", "net2 → w3", "the sign is wrong", lambda v: -v["x3"]),
        ("∂net2/∂w3", "net2 → w3", "that is ∂net2/∂x3", lambda v: v["w3"]),
        ("∂f/∂x3", "f → x2", "path f → x2 → net2 → x3 is missing", lambda v: 1),
        ("∂f/∂w4", "f → x2", "the sign is wrong", lambda v: v["x4"] * v["x2"] * (1 - v["x2"])),
        ("∂f/∂w4", "x2 → net2", "its factor is missing", lambda v: -v["x4"]),
    ]
    assert expected
    for asked, edge, words, formula in expected:
        (question,) = (q for q in data["questions"] if q[0] == asked)
        found = []
        for said, place in zip(question[-1][::2], question[-1][1::2], strict=True):
            at_edge, message, _ = data["messages"][3 * said : 3 * said + 3]
            names = data["edges"][2 * at_edge : 2 * at_edge + 2] if at_edge >= 0 else []
            text = data["texts"][message]
            if " → ".join(names) == edge:
                found.append((text.replace("{", names[0]).replace("}", names[1]), place))
        (place,) = (p for text, p in found if words in text and "too" not in text)
        for point in range(data["points"][1]):
            wanted = formula({n: values[point] for n, values in at.items()})
            assert row(wrong, place)[point] == pytest.approx(wanted, rel=1e-13, abs=0)


@pytest.mark.parametrize("name", ["L6b", *MORE])
def test_the_session_asks_the_same(name):
    d, data = derived(name), data_of(name)
    for kind in KINDS:
        for seed, by_level in enumerate(data["rounds"][kind]):
            for level in range(1, LEVELS + 1):
                asked = [[q] if isinstance(q, int) else q for q in by_level[level - 1]]
                questions = d.quiz(kind, seed=seed, level=level).questions
                found = [(data["questions"][q[0]][0], data["questions"][q[0]][1]) for q in asked]
                assert found == [(q.partial, q.step) for q in questions]
                for (_, *choices), question in zip(asked, questions, strict=True):
                    assert tuple(data["texts"][c] for c in choices) == question.choices


def test_every_function_of_one_number_has_a_derivative_in_answers():
    """Of the session and of the page; sqrt is a power in SymPy, and has one all the same."""
    quiz = derived("sqrt").quiz("steps", level=3)
    number = number_asked(quiz.derivation, ("f", "w")).number
    assert quiz.answer(number, "x*sqrt'(w*x + b)") and quiz.answer(number, "x*sqrt_prime(w*x + b)")
    rows = operations({op.head for op in elementwise.OPS.values()})
    for op, text in zip(elementwise.OPS.values(), rows, strict=True):
        assert text.startswith(f'["{op.name}", {op.arity[0]}, {op.arity[1] or 0}, ')
        assert text.count("u => ") >= (op.arity == (1, 1)), text


def test_a_row_is_kept_once_with_its_negative():
    rows = NumberRows()
    places = [rows.place(x) for x in ([1.0, 2.0], [0.0, 0.0], [-1.0, -2.0], [-0.0, 0.0])]
    assert places == [0, 1, -1, 1]
    assert floats(rows.text(), 2) == [(1.0, 2.0), (0.0, 0.0)]


def test_the_page_stays_small(monkeypatch):
    d = sb.circuit(
        (ROOT / "examples/lecture/l6b_multiple_paths.circuit").read_text("utf-8")
    ).derive()
    page = d.to_html()
    monkeypatch.setattr(html, "practice", lambda *_: None)
    without = d.to_html()
    assert "practise" in page and "practise" not in without
    assert len(page.encode()) < LIMIT
    assert Reader(page).open == []


@pytest.mark.parametrize(
    "text",
    [
        (ROOT / "examples/digits_network/network.circuit").read_text("utf-8"),
        "f = " + " + ".join(f"w{i}*x{i}" for i in range(160)),
    ],
    ids=["arrays", "very large"],
)
def test_what_cannot_be_asked_offers_no_practice(text):
    page = sb.circuit(text).derive().to_html()
    assert "practise" not in page and "answerReader" not in page


def test_many_edges_have_a_bounded_number_of_questions():
    data = data_of("30 parameters")
    drawn = [level for by_seed in data["rounds"].values() for seed in by_seed for level in seed]
    assert max(map(len, drawn)) == MOST_QUESTIONS


# -- in the browser ------------------------------------------------------------------------------

ANSWER = """
const [kind, answers] = arguments;
for (const [name, value] of [["kind", kind], ["level", "3"]]) {
  document.querySelector(`#practice [name=${name}]`).value = value;
}
return answers.map(([asked, text]) => {
  document.querySelector("#practice select").dispatchEvent(new Event("change", {bubbles: true}));
  const field = [...document.querySelectorAll("#steps input[type=text]")]
    .find((e) => e.getAttribute("aria-label").endsWith(` ${asked} =`));
  field.value = text;
  const form = field.form;
  form.requestSubmit();
  return [document.getElementById("said").textContent, form.querySelector(".feedback").textContent];
});
"""
"""Answers each question of the quiz that is drawn anew; gives what is said and what is written."""

EVALUATE = """
const [texts, values, greek, aliases] = arguments;
const known = new Map(Object.entries(values).map(([name, x]) => [name, () => [x, 0]]));
const read = answerReader({greek, aliases, known, short: new Map(), partials: new Map()});
return texts.map((text) => {
  try { const [x, error] = read(text)(0); return [String(x), String(error)]; }
  catch (problem) { return [`${text}: ${problem.message}`, ""]; }
});
"""

SHOWN = """
const parts = (li) => [...li.querySelector(".body").children];
return [...document.querySelectorAll("#steps li")].map((li) => [
  Number(li.dataset.step), li.getClientRects().length > 0, li.querySelector("form") !== null,
  parts(li).filter((e) => e.matches(".math, .rule")).length,
  li.querySelectorAll("form math").length,
  (li.querySelector("form .left") ?? li).textContent,
]);
"""

# text, column of the error, words
SYNTAX = [
    ("", 1, "the answer is empty"),
    ("x3 +", 5, "expression is incomplete"),
    ("x3 x4", 4, "an operator is missing before 'x4'"),
    ("(x3", 4, "a '(' is not closed"),
    ("x3)", 3, "')' without '('"),
    ("x3 + y9", 6, "no node 'y9'"),
    ("2x3", 1, "'2x3' is not a number; write 2*x3"),
    ("w3*()", 5, "empty brackets"),
    ("σ(x3, x4)", 1, "sigma takes 1 argument, 2 given"),
    ("foo(x3)", 1, "unknown function 'foo'"),
    ("exp", 1, "'exp' needs an argument"),
    ("x3(2)", 1, "'x3' is a node here"),
    ("x3 > 0", 4, "comparisons stand only inside where"),
    ("where(x3, 1, 2)", 7, "where needs a comparison first"),
    ("x3, x4", 3, "one expression"),
    ("x1 = 3", 4, "one expression"),
    ("x3; x4", 3, "';' is not part of the notation"),
    ("1/w3x3", 3, "divide by all of 'w3x3'"),
    ("x3 * * x4", 6, "an operand is missing before '*'"),
    ("x3'", 3, "has no place in a formula"),
    ("∂f/∂x2", 1, "without ∂"),
    ("(" * 120 + "x3" + ")" * 120, 101, "nested more than 100"),
    ("1" + "+1" * 600, 1001, "at most 1000 characters"),
    ("__import__('os')", 12, "not part of the notation"),
    ("constructor", 1, "no node 'constructor'"),
    ("x3.constructor('alert(1)')()", 3, "not part of the notation"),
]


def number_asked(d, asked):
    return next(q for q in d.quiz("steps", level=3).questions if q.asked == asked)


def graded(driver, answers, kind="steps"):
    return driver.execute_script(ANSWER, kind, [["∂{}/∂{}".format(*a), t] for a, t in answers])


class Pages:
    """Opens pages in one browser, practising."""

    def __init__(self, folder):
        self.driver = start_browser()
        self.folder = folder
        emulate(self.driver)

    def open(self, name):
        path = self.folder / "page.html"
        path.write_text(page_of(name), encoding="utf-8")
        self.driver.get("about:blank")
        self.driver.get(path.as_uri())
        self.driver.find_element("tag name", "body").send_keys("p")
        return self.driver


def check_right_answers(pages, names):
    rows = [*RIGHT, ("branches", ("f", "w"), ["where(x > 1, log(x), -x*b*exp(-w*x))"])]
    rows.append(("L6b", ("net2", "w3"), ["exp(log(x3))", "sqrt(x3)²"]))
    rows.append(("sqrt", ("f", "w"), ["x*sqrt'(w*x + b)", "x/(2√(w*x + b))"]))
    rows.append(("L6b", ("f", "x3"), ["∂f/∂x1·∂x1/∂x3 + ∂f/∂x2·∂x2/∂net2·∂net2/∂x3"]))
    for name, asked, answers in (r for r in rows if r[0] in names):
        driver = pages.open(name)
        texts = [a for a in answers if isinstance(a, str)]
        session = derived(name).quiz("steps", level=3)
        texts.append(session.solution(number_asked(derived(name), asked).number))
        found = graded(driver, [(asked, text) for text in texts])
        for text, (said, _) in zip(texts, found, strict=True):
            assert f") right: {text.strip()}. 1 of " in said, (name, text, said)


def check_wrong_answers(pages, names):
    """Each is told what the session tells it: the edge, the mistake and the hint."""
    for name in names:
        rows = [r for r in WRONG if r[0] == name]
        driver, session = pages.open(name), derived(name).quiz("steps", level=3)
        found = graded(driver, [(asked, text) for _, asked, text, *_ in rows])
        for (_, asked, text, edge, words), (said, written) in zip(rows, found, strict=True):
            grade = session.answer(number_asked(session.derivation, asked).number, text)
            told = str(grade).partition(") ")[2]
            assert said == f"wrong: {told}" and written == f"✗ {said}", (name, asked, text)
            assert words in said and (edge is None or "edge {} → {}: ".format(*edge) in said)


def check_undefined_answers(pages):
    driver = pages.open("L6b")
    texts = ["log(-x3**2)", "sqrt(-1) + x3", "x3 + 0/0", "x3 + 1e300 - 1e300"]
    for said, _ in graded(driver, [(("net2", "w3"), text) for text in texts]):
        assert said.startswith("this answer has no value, or loses all its digits"), said


def check_syntax_errors(pages):
    driver = pages.open("L6b")
    found = graded(driver, [(("net2", "w3"), text) for text, _, _ in SYNTAX])
    for (text, column, words), (said, written) in zip(SYNTAX, found, strict=True):
        assert said.startswith(f"not an expression: column {column}: "), (text, said)
        assert words in said and written == f"✗ {said}", (text, said)


def check_answers_are_not_there(pages):
    """Neither the right-hand sides of open questions nor steps that give them away."""
    driver = pages.open("L6b")
    d = derived("L6b")
    for kind in ("partials", "steps"):
        graded(driver, [(("net2", "w3"), "17")], kind)
        steps = {step: rest for step, *rest in driver.execute_script(SHOWN)}
        for question in d.quiz(kind, level=3).questions:
            is_shown, is_open, answers, maths, text = steps[question.step]
            assert is_shown and is_open and answers == 0 and maths == 1
            assert text == "({}) ∂{}∂{} =".format(question.number, *question.asked)
        for step in d.steps:
            is_shown, is_open, answers, *_ = steps[step.id]
            if step.kind in ("substitute", "simplify", "expand") and not is_open:
                assert answers == 0, step
            if step.kind == "forward":
                assert is_shown and answers == 2
        slots = driver.execute_script(
            "return [...document.querySelectorAll('[data-slot]')].filter((e) =>"
            " !e.dataset.slot.startsWith('value')).map((e) => e.textContent)"
        )
        assert slots and all(text.endswith("—") for text in slots)
    rules = [s.rule for s in d.steps if s.kind == "edge"]
    driver.execute_script(
        "const e = document.querySelector('#practice select'); e.value = 'rules';"
        "e.dispatchEvent(new Event('change', {bubbles: true}))"
    )
    steps = {step: rest for step, *rest in driver.execute_script(SHOWN)}
    assert all(steps[s.id][2] == 1 for s in d.steps if s.kind == "edge") and rules


def check_keyboard(pages):
    """From the first question to the last with keys alone; rules too."""
    from selenium.webdriver.common.keys import Keys

    driver = pages.open("L5")
    said = lambda: driver.find_element("id", "said").get_attribute("textContent")  # noqa: E731
    keys = lambda *pressed: driver.switch_to.active_element.send_keys(*pressed)  # noqa: E731
    label = lambda: driver.switch_to.active_element.get_attribute("aria-label")  # noqa: E731
    session = derived("L5").quiz("partials", level=1)
    assert label() == f"(1) ∂{session.questions[0].asked[0]}/∂{session.questions[0].asked[1]} ="
    keys("x3 +", Keys.ENTER)
    assert said().startswith("not an expression: column 5") and label().startswith("(1)")
    keys(Keys.CONTROL, "a")
    keys(session.solution(1), Keys.ENTER)
    assert said() == f"✓ (1) right: {session.solution(1)}. 1 of 3 right"
    assert label().startswith("(2)")
    keys(Keys.TAB)
    driver.switch_to.active_element.send_keys(Keys.TAB)
    assert driver.switch_to.active_element.text == "Show answer"
    keys(Keys.ENTER)
    assert "(2) shown, not counted: " in said() and "1 of 3 right" in said()
    keys(session.solution(3), Keys.ENTER)
    assert said().endswith("2 of 3 right")
    assert driver.switch_to.active_element.text == "2 of 3 right"
    assert not driver.find_elements("css selector", "#steps form, #steps .veiled")
    keys("p")
    assert driver.find_element("id", "practise").text == "Practise"
    assert driver.execute_script("return document.querySelectorAll('#steps .math').length") == len(
        derived("L5").steps
    )
    keys("p")
    select = driver.find_element("css selector", "#practice select")
    select.send_keys("rules")
    session = derived("L5").quiz("rules", level=1)
    first = driver.find_element("css selector", "#steps input[type=radio]")
    right = session.questions[0].choices.index(session.solution(1))
    first.send_keys(" ")
    for _ in range((right + 1) % 5):  # the one behind the right one
        keys(Keys.ARROW_DOWN)
    keys(Keys.ENTER)
    assert said().startswith("wrong: edge ") and "that is another rule" in said()
    keys(Keys.ARROW_UP)
    keys(Keys.ENTER)
    assert said().startswith("✓ (1) right: ") and said().endswith("1 of 3 right")


def check_print_and_width(pages):
    driver = pages.open("L6b")
    for theme in ("light", "dark"):
        emulate(driver, 400, theme)
        assert driver.execute_script(
            "const e = document.documentElement; return e.scrollWidth <= e.clientWidth"
        )
    emulate(driver, media="print")
    driver.execute_script("dispatchEvent(new Event('beforeprint'))")
    seen = driver.execute_script(
        "const n = (s) => [...document.querySelectorAll(s)].filter((e) => e.getClientRects().length"
        " && e.getBoundingClientRect().width > 60).length;"
        "return [n('.rule-line'), n('input'), n('#steps button'), n('#steps .veiled'), n('nav')]"
    )
    assert seen == [3, 0, 0, 0, 0]
    emulate(driver)
    assert driver.find_elements("css selector", "#steps form")


# -- a fuzz of the parser ------------------------------------------------------------------------

NAMES = [sp.Symbol(n, real=True) for n in ("x1", "x2", "w3", "alpha", "net2")]
AT = {"x1": 0.75, "x2": 1.375, "w3": -0.8125, "alpha": 0.4375, "net2": 2.5}


def random_expression(draw, depth):
    if depth == 0 or draw.random() < 0.1:
        number = sp.Rational(draw.randint(-9, 9), draw.choice([1, 2, 3, 10]))
        return draw.choice([*NAMES, *NAMES, number, sp.pi, sp.S.Half])
    inner = lambda: random_expression(draw, depth - 1)  # noqa: E731
    heads = [op.head for op in elementwise.OPS.values() if op.arity == (1, 1)]
    slopes = [op.slope for op in elementwise.OPS.values() if op.slope and op.arity == (1, 1)]
    kind = draw.randrange(8)
    if kind < 2:
        return inner() + inner() - inner()
    if kind < 4:
        return inner() * inner() / draw.choice([inner(), sp.S.One])
    if kind == 4:
        if draw.random() < 0.3:  # whether a float is whole can't be told: no negative base
            return sp.Abs(inner()) ** inner()
        return inner() ** draw.choice([2, 3, -1, -2, sp.S.Half, sp.Rational(1, 3)])
    if kind == 5:
        two = draw.choice([sp.Min, sp.Max, sp.atan2, hypot])
        return two(inner(), inner())
    if kind == 6:
        holds = draw.choice([sp.Lt, sp.Ge])(draw.choice(NAMES), inner())
        return sp.Piecewise((inner(), holds), (inner(), True))
    return draw.choice(heads + slopes)(inner())


def value_of(expr):
    return evaluate(elementary(expr), {n: balls.arb(AT[n.name]) for n in NAMES})


def is_slope(part):
    """Whether it is the slope of a function, which has no value where the function has none."""
    return part.func in elementwise.SLOPES


def random_cases(count, seed=7):
    """Expressions, printed in all the notations, with values that 64 bits give to 50."""
    draw = random.Random(seed)
    rows = operations({op.head for op in elementwise.OPS.values()})
    assert len(rows) == len(elementwise.OPS)
    printers = [p({n.name: (i,) for i, n in enumerate(NAMES)}) for p in
                (NotationPrinter, TextPrinter, AsciiPrinter)]  # fmt: skip
    cases = []
    while len(cases) < count:
        printer = printers[len(cases) % 3]
        with precision(64):
            try:
                expr = random_expression(draw, draw.choice([1, 2, 3]))
                value = value_of(expr)
                parts = order(expr)
                bases = [elementwise.SLOPES[p.func].head(*p.args) for p in parts if is_slope(p)]
                if not all(value_of(part).is_finite() for part in (*parts, *bases)):
                    continue  # SymPy may make sense of √x², a float has none for x < 0
                if any(value_of(r.lhs - r.rhs).contains(0) for r in expr.atoms(Relational)):
                    continue  # sides that are equal can't be compared in floats
                text = printer.print(expr)
            except (SymbackError, ArithmeticError, AttributeError, TypeError, ValueError):
                continue
            if not value.is_finite() or value.rel_accuracy_bits() < 50 or expr.is_number:
                continue
        if len(text) < 900 and 1e-200 < abs(float(value.mid())) < 1e200:
            cases.append((text, nearest_float(value)))
    return cases


def check_parser(pages, count):
    """All operations are known, also those that are left out of pages that don't use them."""
    driver = pages.open("branches")
    rows = operations({op.head for op in elementwise.OPS.values()})
    code = "\n".join(html.module([("ALL", rows)]))
    driver.execute_script(
        f"{code}\nfor (const row of ALL)"
        " if (!OPERATIONS.some(([name]) => name === row[0])) OPERATIONS.push(row);"
    )
    cases = random_cases(count)
    found = driver.execute_script(EVALUATE, [t for t, _ in cases], AT, GREEK, spellings(rows))
    wrong = []
    for (text, wanted), (value, error) in zip(cases, found, strict=True):
        close = error and abs(float(value) - wanted) <= 1e-12 * abs(wanted)
        if not close or not float(error) >= abs(float(value) - wanted):
            wrong.append((text, wanted, value, error))
    assert wrong == [], wrong[:6]


@pytest.fixture
def pages(tmp_path):
    if CHROMIUM is None or CHROMEDRIVER is None:
        pytest.skip("chromium or chromedriver is not installed")
    found = Pages(tmp_path)
    yield found
    said = complaints(found.driver)
    found.driver.quit()
    assert said == []


@pytest.mark.slow
def test_practice_in_chromium(pages):
    """One test, so that one worker starts one browser."""
    check_keyboard(pages)
    check_right_answers(pages, {"L5", "L6b", "branches"})
    check_wrong_answers(pages, ["L5", "L6b"])
    check_syntax_errors(pages)
    check_undefined_answers(pages)
    check_answers_are_not_there(pages)
    check_print_and_width(pages)
    check_parser(pages, 200)


@pytest.mark.slow
def test_all_answers_of_the_session_in_chromium(pages):
    check_right_answers(pages, {name for name, *_ in RIGHT})
    check_wrong_answers(pages, dict.fromkeys(name for name, *_ in WRONG))
    check_parser(pages, 3000)
