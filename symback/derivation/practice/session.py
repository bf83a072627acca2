"""A quiz in a session or over a file of answers: questions out, answers in."""

from __future__ import annotations

import re
from collections.abc import Callable

from symback.derivation.practice.quiz import Grade, Marks, Question, Quiz
from symback.derivation.text.normal import ascii_words
from symback.errors import DataError, SymbackError, clip

TRIES = 3
_NUMBERED = re.compile(r"\(?(\d{1,6})(?:\)\s*[:=]?|\s*[:=])\s*(.*)")

Ask = Callable[[str], str | None]
Say = Callable[[str], None]


def read_answers(text: str) -> dict[int, str]:
    """Answers by number, one a line: `(1) -x3`, `1: -x3` or `1 = -x3`; # begins a comment."""
    found: dict[int, str] = {}
    for count, line in enumerate(text.splitlines(), 1):
        line = line.partition("#")[0].strip()
        if not line:
            continue
        numbered = _NUMBERED.fullmatch(line)
        if numbered is None:
            raise DataError(f"answers, line {count}: '{clip(line, 40)}' is not (1) and an answer")
        number = int(numbered[1])
        if number in found:
            raise DataError(f"answers, line {count}: ({number}) is answered twice")
        found[number] = numbered[2]
    return found


def practise(quiz: Quiz, ask: Ask, say: Say, *, tries: int = TRIES, ascii: bool = False) -> Marks:
    """Ask question by question; a wrong one is reported with its edge, and may be tried again.

    `ask` gives a line, or None where there are no more. Where there are several tries, an answer
    that can't be read is not one of them.
    """
    report: Say = (lambda text: say(ascii_words(text))) if ascii else say
    report(quiz.to_text(ascii=ascii) + "\n")
    grades = [Grade(q.number, False, "no answer") for q in quiz.questions]
    for i, question in enumerate(quiz.questions):
        found = _one(quiz, question, ask, report, tries, ascii)
        if found is None:
            break
        grades[i] = found
    marks = Marks(tuple(grades))
    report(f"{marks.right} of {len(grades)} right")
    return marks


def _one(
    quiz: Quiz, question: Question, ask: Ask, report: Say, tries: int, ascii: bool
) -> Grade | None:
    """The grade of the last try; None where there are no more lines. An empty line gives up."""
    number = question.number
    grade = Grade(number, False, "no answer")
    prompt = ascii_words(str(question)) if ascii else str(question)
    left = tries
    while left and not grade.right:
        line = ask(f"{prompt} ")
        if line is None:
            return None
        if not line.strip():
            break
        left -= 1
        try:
            grade = quiz.answer(number, line)
        except SymbackError as error:
            grade = Grade(number, False, str(error))
            left += tries > 1
        report(str(grade))
    if not grade.right:
        report(f"    a correct answer is {quiz.printed_solution(number, ascii=ascii)}")
    return grade


__all__ = ["practise", "read_answers"]
