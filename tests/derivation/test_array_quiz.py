"""Practice on arrays: one choice is right, the others are wrong in shape or value and say why."""

import json

import pytest
from click.testing import CliRunner

import symback as sb
from symback.cli.main import cli
from symback.derivation.page.html import page_text
from symback.derivation.practice.array_quiz import ArrayQuiz
from symback.errors import SymbackError
from tests.cases.arrays_on_pages import CIRCUITS, NETWORK, derived
from tests.cases.browser import complaints, in_browser, start_browser
from tests.cases.one_in import one_in

KINDS = ("partials", "rules", "steps")


@pytest.mark.parametrize("name", one_in(2, CIRCUITS))
@pytest.mark.parametrize("kind", KINDS)
def test_one_choice_is_right_and_the_others_say_what_is_wrong(name, kind):
    quiz = derived(name).quiz(kind, level=3)
    assert isinstance(quiz, ArrayQuiz) and quiz.questions
    for question in quiz.questions:
        texts = question.choices
        assert len(set(texts)) == len(texts) > 1
        grades = [quiz.answer(question.number, text) for text in texts]
        assert sum(grade.right for grade in grades) == 1
        letters = [quiz.answer(question.number, chr(97 + i)) for i, _ in enumerate(texts)]
        assert letters == grades
        assert all(g.edge and g.message and g.hint for g in grades if not g.right)
        assert quiz.answer(question.number, quiz.solution(question.number))


MISTAKES = [
    ("δh", "W2·δz", "not transposed"),
    ("δh", "−W2ᵀ·δz", "sign"),
    ("δnet", "δh", "slope of h is missing"),
    ("δnet", "δh ∘ tanh(net)", "the function, not its slope"),
    ("δnet", "tanh′(net)", "adjoint is missing"),
    ("∂E/∂W1", "x·δnetᵀ", "other order"),
    ("∂E/∂x", "δnet", "other factor is missing"),
]


@pytest.mark.parametrize(("left", "chosen", "says"), MISTAKES)
def test_a_usual_mistake_is_named(left, chosen, says):
    quiz = sb.circuit(NETWORK).derive("E").quiz(level=3)
    question = next(q for q in quiz.questions if q.partial == left)
    grade = quiz.answer(question.number, chosen)
    assert not grade and says in grade.message


def test_what_equals_the_right_answer_is_no_choice():
    """Wᵀ = W of a symmetric product of one number; δ·1 of a slope of 1 is not there at all."""
    derivation = sb.circuit("x: input[1]; w: param[1, 1]; E: loss = sum(w @ x)").derive("E")
    texts = [t for q in derivation.quiz(level=3).questions for t in q.choices]
    assert not [t for t in texts if t.startswith("x·")]


def test_levels_are_nested_and_seeds_are_kept():
    derivation = sb.circuit(NETWORK).derive("E")
    asked = [{q.asked for q in derivation.quiz(level=n).questions} for n in (1, 2, 3)]
    assert asked[0] < asked[1] < asked[2]
    assert str(derivation.quiz(seed=1)) == str(derivation.quiz(seed=1))
    assert str(derivation.quiz(seed=1)) != str(derivation.quiz(seed=2))
    text = derivation.quiz(level=3).to_text()
    assert "δh = (2) ______" in text and "δh = W2ᵀ" not in text
    assert derivation.quiz(level=3).to_text(ascii=True).isascii()


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda d: d.quiz("all"), "partials, rules, steps"),
        (lambda d: d.quiz(level=4), "levels 1 to 3"),
        (lambda d: d.quiz(blanks=0), "at least one"),
        (lambda d: d.quiz().answer(1, "z"), "choose one of a–"),
        (lambda d: d.quiz().answer(1, 2.0), "one of the choices"),
        (lambda d: d.quiz().answer(99, "a"), "there are 1 to"),
    ],
)
def test_what_is_refused(ask, says):
    with pytest.raises(SymbackError, match=says):
        ask(sb.circuit(NETWORK).derive("E"))


def test_the_command_line_asks_about_arrays(tmp_path):
    quiz = sb.circuit(NETWORK).derive("E").quiz("steps", level=3)
    lines = [f"({q.number}) {quiz.solution(q.number)}" for q in quiz.questions]
    answers = tmp_path / "answers.txt"
    answers.write_text("\n".join(lines), encoding="utf-8")
    words = ["quiz", NETWORK, "--of", "E", "--level", "3", "--answers", str(answers)]
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == 0, done.output
    assert f"{len(lines)} of {len(lines)} right" in done.output


@pytest.mark.parametrize("name", one_in(3, CIRCUITS))
def test_the_page_has_the_questions_of_the_quiz(name):
    derivation = derived(name)
    page = page_text(derivation)
    data = json.loads(page.data)["practice"]
    for kind in KINDS:
        for seed, levels in enumerate(data["rounds"][kind]):
            for level, drawn in enumerate(levels, 1):
                quiz = derivation.quiz(kind, seed=seed, level=level)
                assert len(drawn) == len(quiz.questions)
                for (place, *choices), question in zip(drawn, quiz.questions, strict=True):
                    assert tuple(data["texts"][i] for i in choices) == question.choices
                    right = data["texts"][data["questions"][place][5]]
                    assert quiz.answer(question.number, right)


ANSWER = """
const [number, text] = arguments;
const form = document.querySelector(`form[data-question="${number}"]`);
const labels = [...form.querySelectorAll("label")];
labels.find((label) => label.textContent.slice(4) === text).querySelector("input").click();
form.requestSubmit();
return [document.getElementById("score").textContent, form.querySelector(".feedback").textContent];
"""


@in_browser
def test_practice_on_arrays_in_chromium(tmp_path):
    derivation = sb.circuit(NETWORK).derive("E")
    quiz = derivation.quiz(level=1)
    path = tmp_path / "page.html"
    path.write_text(derivation.to_html(), encoding="utf-8")
    driver = start_browser()
    try:
        driver.get(path.as_uri())
        driver.find_element("id", "practise").click()
        for question in quiz.questions:
            right = quiz.solution(question.number)
            wrong = next(text for text in question.choices if text != right)
            score, said = driver.execute_script(ANSWER, question.number, wrong)
            assert quiz.answer(question.number, wrong).message in said
            assert score.startswith(f"{question.number - 1} of ")
            score, _ = driver.execute_script(ANSWER, question.number, right)
            assert score == f"{question.number} of {len(quiz.questions)} right"
        assert not complaints(driver)
    finally:
        driver.quit()
