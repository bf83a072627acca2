"""Practice: right answers in many forms, wrong ones and their edges, hostile ones refused."""

from __future__ import annotations

import builtins
import os
from pathlib import Path

import pytest
import sympy as sp
from click.testing import CliRunner

import symback as sb
from symback.cli.main import cli
from symback.derivation.practice.quiz import BLANK, Quiz
from symback.derivation.practice.session import practise, read_answers
from symback.errors import SymbackError
from tests.cases.answers import EXTRA, RIGHT, WRONG, x3, x4
from tests.cases.sample_circuits import ALL, sample

L5 = ALL["L5"]
L6B = ALL["L6b"]


def quiz(name: str, wrt: str, kind: str = "steps", **options: int) -> Quiz:
    return sample(name).partial("f", wrt).quiz(kind, **{"level": 3, **options})  # type: ignore[arg-type]


def number_of(found: Quiz, of: str, wrt: str) -> int:
    return next(q.number for q in found.questions if q.asked == (of, wrt))


@pytest.mark.parametrize("row", RIGHT, ids=lambda row: f"{row[0]} {row[1]}")
def test_equivalent_answers_are_right(row: tuple[str, tuple[str, str], list[object]]) -> None:
    name, asked, answers = row
    circuit = sb.circuit(EXTRA[name]) if name in EXTRA else sample(name)
    found = circuit.derive().quiz("steps", level=3)
    number = next((q.number for q in found.questions if q.asked == asked), None)
    assert number is not None
    for answer in (*answers, found.solution(number)):
        grade = found.answer(number, answer)
        assert grade and grade.message == "right", (answer, grade)


@pytest.mark.parametrize("row", WRONG, ids=lambda row: f"{row[0]} {row[1]} {row[2]}")
def test_a_wrong_answer_gets_its_edge_named(
    row: tuple[str, tuple[str, str], str, object, str],
) -> None:
    name, asked, answer, edge, words = row
    found = sample(name).derive().quiz("steps", level=3)
    number = number_of(found, *asked)
    grade = found.answer(number, answer)
    assert not grade and not grade.right
    assert (grade.edge, words in grade.message) == (edge, True), grade
    shown = str(grade)
    assert found.solution(number) not in shown or len(found.solution(number)) <= 2, shown
    assert grade.hint and (edge is None or f"edge {edge[0]} → {edge[1]}: " in shown)  # type: ignore[index]


def test_one_branch_of_a_choice_is_not_enough() -> None:
    found = sample("where").derive().quiz("steps", level=3)
    number = number_of(found, "f", "w")
    assert not found.answer(number, "x") and not found.answer(number, "b**2")


HOSTILE = [
    "__import__('os').system('touch hacked')",
    "().__class__.__bases__[0].__subclasses__()",
    "open('hacked', 'w')",
    "eval(x3)",
    "exec(x3)",
    "lambda: 0",
    "x3; import os",
    "x3\nx4",
    "x3, x4",
    "f = x3",
    "x3: input",
    "x3 if x3 else x4",
    "f'{x3}'",
    "x3.__class__",
    "x3.free_symbols",
    "9**9**9**9",
    "x3**(9**9**9)",
    "(" * 5000,
    "1+" * 3000 + "1",
    "1/0",
    "log(0)",
    "sqrt(-1)",
    "x3[0]",
    "x3 @ x4",
    "x3 > 0",
    "sum(x3)",
    "",
    "   ",
    "# x3",
    "\0",
    "sigma_prime()",
    "sigma_prime(x3, x4)",
    "max_prime(x3)",
    "nosuch_prime(x3)",
    "σ",
    "log",
    "x9",
    "pi(x3)",
    True,
    None,
    [1],
    b"x3",
    1j,
    float("nan"),
    float("inf"),
    sp.I,
    sp.zoo,
    sp.Function("system")(x3),
    sp.Symbol("x9"),
    sp.Symbol("__class__"),
    sp.MatrixSymbol("x3", 2, 2),
    sp.Eq(x3, x4),
    sp.Integral(x3, x3),
]


@pytest.mark.parametrize("answer", HOSTILE, ids=lambda a: repr(a)[:40])
def test_hostile_answers_are_refused(answer: object, monkeypatch: pytest.MonkeyPatch) -> None:
    found = sb.circuit("f = x1 - x2, x2 = w3*x3 + w4*x4").derive().quiz("steps", level=3)

    def refuse(*args: object, **options: object) -> None:
        raise AssertionError("something was executed")

    for name in ("eval", "exec", "open"):
        monkeypatch.setattr(builtins, name, refuse)
    monkeypatch.setattr(os, "system", refuse)
    monkeypatch.setattr(sp, "parse_expr", refuse)
    with pytest.raises(SymbackError) as caught:
        found.answer(1, answer)
    assert len(caught.value.message) <= 200
    marks = found.grade({1: answer})
    assert not marks[1].right and not marks.passed


def test_syntax_errors_show_the_place() -> None:
    found = quiz("L5", "w3")
    with pytest.raises(SymbackError) as caught:
        found.answer(1, "x1 - (x2")
    assert caught.value.column == 9 and str(caught.value).splitlines()[1:] == [
        "x1 - (x2",
        "        ^",
    ]
    with pytest.raises(SymbackError, match="did you mean 'net2'"):
        found.answer(1, "sigma(net3)")


@pytest.mark.parametrize("kind", ["partials", "rules", "steps"])
@pytest.mark.parametrize(
    "name", ["L1", "L4", "L5", "L6b", "two layers", "where", "exp", "copied output"]
)
def test_solutions_are_right_at_every_level(name: str, kind: str) -> None:
    derivation = sample(name).derive()
    sizes = []
    for level in (1, 2, 3):
        found = derivation.quiz(kind, level=level)  # type: ignore[arg-type]
        text = found.text
        assert [q.number for q in found.questions] == list(range(1, len(found.questions) + 1))
        assert all(f"({q.number}) {BLANK}" in text for q in found.questions)
        assert text.count(BLANK) == len(found.questions)
        assert max(map(len, text.splitlines())) <= 80
        assert found.to_text(ascii=True).isascii()
        marks = found.grade({q.number: found.solution(q.number) for q in found.questions})
        assert marks.passed and marks.right == len(found.questions), marks
        sizes.append(len(found.questions))
    assert sizes == sorted(sizes) and sizes[0] >= 1
    assert len(derivation.quiz(kind, level=3).questions) == sizes[-1]  # type: ignore[arg-type]


def test_no_rule_gives_the_blank_beside_it_away() -> None:
    """The rule of σ is its derivative; sum and product say how to go on."""
    text = str(sample("L6b").partial("f", "x3").quiz("partials", blanks=5, level=1))
    rows = [line for line in text.splitlines() if "→" in line]
    assert [row.rpartition("______")[2].strip() for row in rows] == [
        "sum", "sum", "", "sum and product", "sum",
    ]  # fmt: skip
    assert len({row.index(" = ") for row in rows}) == len({row.index("∂") for row in rows}) == 1


def test_levels_and_seeds_are_deterministic() -> None:
    derivation = sample("L6b").derive()
    for level in (1, 2, 3):
        assert (
            derivation.quiz(seed=5, level=level).text == derivation.quiz(seed=5, level=level).text
        )
    texts = {derivation.quiz(seed=seed).text for seed in range(12)}
    assert len(texts) > 3
    for seed in range(4):  # what is blank stays blank
        asked = [
            {q.asked for q in derivation.quiz(seed=seed, level=n).questions} for n in (1, 2, 3)
        ]
        assert asked[0] < asked[1] < asked[2]
    assert len(derivation.quiz(blanks=2).questions) == 2
    assert len(derivation.quiz(blanks=1000).questions) == len(derivation.quiz(level=3).questions)


def test_blanks_hide_what_they_ask() -> None:
    text = quiz("L5", "w3").text
    assert "−x3·σ′" not in text and "(1 − σ" not in text and "σ·" not in text
    first = sample("L5").partial("f", "w3").quiz("partials", blanks=3).text
    assert "= (1)___ · (2)___ · (3)___" in first


def test_rules_are_chosen_by_letter_or_words() -> None:
    found = quiz("L5", "w3", "rules")
    number = number_of(found, "x2", "net2")
    question = found.question(number)
    rule = "σ′ = σ·(1 − σ)"
    assert rule in question.choices and len(set(question.choices)) == 5
    letter = chr(97 + question.choices.index(rule))
    for answer in (letter, letter.upper(), f"{letter})", rule, "sigma' = sigma*(1 - sigma)"):
        assert found.answer(number, answer)
    other = chr(97 + question.choices.index("sum"))
    grade = found.answer(number, other)
    assert not grade and grade.edge == ("x2", "net2") and rule not in str(grade)
    for bad in ("z", "no rule", 3):
        with pytest.raises(SymbackError):
            found.answer(number, bad)


def test_what_is_refused() -> None:
    derivation = sample("L5").derive()
    arrays = sb.circuit("x: input[d]; w: param[d]\nf = dot(w, x)", loss=None)
    refused = [
        (lambda: derivation.quiz("all"), "partials, rules, steps"),  # type: ignore[arg-type]
        (lambda: derivation.quiz(level=4), "levels 1 to 3"),
        (lambda: derivation.quiz(blanks=0), "at least one"),
        (lambda: derivation.quiz().answer(99, "x3"), "there are 1 to"),
        (lambda: derivation.quiz().grade({99: "x3"}), "there are 1 to"),
        (lambda: arrays.derive().quiz(), "quizzes of arrays need sizes in numbers"),
        (lambda: sb.circuit("f = log(x - abs(x) - 1)", loss=None).derive().quiz(), "no point"),
    ]
    for ask, words in refused:
        with pytest.raises(SymbackError, match=words):
            ask()


def test_the_view_by_adjoints_has_the_same_quiz() -> None:
    paths = sample("L6b").derive()
    assert paths.accumulation().quiz("steps").text == paths.quiz("steps").text


def test_many_paths_are_asked_without_listing_them() -> None:
    lines = ["h0 = w*x"] + [f"h{i} = tanh(h{i - 1}) + sin(h{i - 1})" for i in range(1, 5)]
    found = sb.circuit("\n".join([*lines, "f = h4"])).partial("f", "w").quiz("steps", level=3)
    marks = found.grade({q.number: found.solution(q.number) for q in found.questions})
    assert marks.passed, marks
    number = number_of(found, "f", "w")
    assert found.answer(number, f"-({found.solution(number)})").right is False


def test_answers_are_read_by_number() -> None:
    text = "(1) -1\n2: σ′  # the slope\n\n3 = x3\n4) w3*x3\n# nothing\n"
    assert read_answers(text) == {1: "-1", 2: "σ′", 3: "x3", 4: "w3*x3"}
    for wrong in ("x3", "1 x3", "(1) a\n1: b", "10*x", "-1: x"):
        with pytest.raises(SymbackError, match="answers, line"):
            read_answers(wrong)


def test_a_session_asks_again_and_gives_the_solution() -> None:
    found = sample("L5").partial("f", "w3").quiz("partials", level=3)
    lines = iter(["1", "-1", "x2", "oops(", "x2*(1 - x2)", ""])
    said: list[str] = []
    marks = practise(found, lambda prompt: next(lines), said.append)
    assert [g.right for g in marks.grades] == [True, True, False]
    assert "edge f → x2: the sign is wrong" in said[1] and said[2] == "(1) right"
    assert said[-2:] == ["    a correct answer is x3", "2 of 3 right"]


def test_an_answer_that_cannot_be_read_is_not_a_try() -> None:
    found = sample("L5").partial("f", "w3").quiz("partials", level=3)
    lines = iter(["oops(", "2*", "x9", "1", "1", "-1", "", ""])
    said: list[str] = []
    marks = practise(found, lambda prompt: next(lines), said.append, tries=3)
    assert marks[1].right and not marks[2].right
    assert "x9" in said[3] and said[6] == "(1) right"
    assert said[7] == "    a correct answer is σ′(net2)"


def test_names_count_as_they_are_typeset() -> None:
    found = sample("L5").partial("f", "w3").quiz("partials", level=3)
    for right in ("x2(1-x2)", "x_2*(1 - x_2)", "x2 - x2**2"):
        assert found.answer(2, right), right
    assert found.answer(3, "x_3")
    assert not found.answer(3, "w_3")


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("f = x - y", {"x": "sum", "y": "sum"}),
        ("f = 3*x + y", {"x": "sum and constant multiple", "y": "sum"}),
        ("f = -x", {"x": "constant multiple"}),
        ("f = w*x", {"w": "product", "x": "product"}),
        ("f = w*x + b", {"w": "sum and product", "x": "sum and product", "b": "sum"}),
        ("f = x/y", {"x": "quotient", "y": "quotient"}),
        ("f = 1/x", {"x": "power"}),
        ("f = x**3", {"x": "power"}),
        ("f = 0.5*x**2", {"x": "constant multiple and power"}),
        ("f = x**2*y", {"x": "product and power", "y": "product"}),
        ("f = x*y + x", {"x": "sum and product", "y": "sum and product"}),
        (
            "x: input[n]; y: input[n]; g = 2*x*y + 1; f = sum(g)",
            {"x": "sum, constant multiple and product"},
        ),
    ],
)
def test_rules_have_the_names_of_textbooks(text: str, rules: dict[str, str]) -> None:
    steps = sb.circuit(text, loss=None).derive().steps
    found = {s.left[1]: s.rule for s in steps if s.kind == "edge"}
    assert {name: found[name] for name in rules} == rules


@pytest.mark.parametrize(
    ("text", "right", "also"),
    [
        ("net = w3*x3 + w4*x4; f = σ(net)", "sum and product", {"sum", "product"}),
        ("f = 1/x + x/y", "power", {"quotient", "product"}),  # of 1/x
        ("f = 1/x + x/y", "quotient", {"power", "product"}),
        ("g = x*y; f = g**2 + 3*exp(x)", "product", {"power", "constant multiple"}),
        ("g = x*y; f = sqrt(g) + g**3", "√′(u) = 1/(2√u)", {"power"}),
        ("f = x - exp(y) - 2*exp(z)", "sum", {"sum and constant multiple"}),
    ],
)
def test_no_other_choice_applies(text: str, right: str, also: set[str]) -> None:
    """Neither a part of the rule, nor another rule by which the same partial is right."""
    found = sb.circuit(text, loss=None).derive()
    asked = [
        question.choices
        for question in found.quiz("rules", level=3).questions
        if found.steps[question.step - 1].rule == right
    ]
    assert asked
    for choices in asked:
        assert choices.count(right) == 1 and len(set(choices)) == 5
        assert also.isdisjoint(choices)


def run(*arguments: str, given: str | None = None) -> tuple[int, str]:
    done = CliRunner().invoke(cli, ["quiz", *arguments], input=given)
    return done.exit_code, done.stdout


def test_the_command_line_grades_a_file(tmp_path: Path) -> None:
    file = tmp_path / "answers.txt"
    options = [L5, "--wrt", "w3", "--kind", "partials", "--level", "3", "--answers", str(file)]
    file.write_text("(1) -1\n(2) σ′(net2)\n(3) x3\n", encoding="utf-8")
    code, output = run(*options)
    assert code == 0 and "3 of 3 right" in output
    file.write_text("(1) 1\n(2) σ(x1\n", encoding="utf-8")
    code, output = run(*options)
    assert code == 1 and "edge f → x2: the sign is wrong" in output and "0 of 3 right" in output
    assert "a '(' is not closed" in output and "(3) no answer" in output
    assert run(*options, "--ascii")[1].isascii()
    file.write_text("nonsense", encoding="utf-8")
    assert run(*options)[0] != 0
    assert run(*options[:-1], str(tmp_path / "none.txt"))[0] != 0


def test_the_command_line_reads_plain_lines() -> None:
    code, output = run(L5, "--wrt", "w3", "--kind", "partials", "--level", "3", given="-1\nx2\n")
    assert code == 0
    assert "(1) ∂f/∂x2 = -1" in output and "that is σ itself" in output
    assert "1 of 3 right" in output
    assert run("-", given="f = w*x\n")[0] == 2
