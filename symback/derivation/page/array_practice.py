"""Practice on a page of arrays: the questions of `ArrayQuiz`, whose answers are choices."""

from __future__ import annotations

from itertools import chain
from typing import Any

from symback.derivation.page.quiz import MOST_EDGES, SEEDS, Practice
from symback.derivation.practice.array_quiz import ArrayQuiz
from symback.derivation.practice.quiz import KINDS, LEVELS, Grade, Question, QuestionKind
from symback.derivation.record import Derivation
from symback.errors import SymbackError


def array_practice(derivation: Derivation) -> Practice | None:
    """The practice of a page; None where there is nothing to ask, or too much to show."""
    if len(derivation.walk.edges) > MOST_EDGES:
        return None
    try:
        quiz = ArrayQuiz(derivation, "partials", None, 0, LEVELS)
    except SymbackError:
        return None
    return _Writer(quiz).practice()


class _Writer:
    def __init__(self, quiz: ArrayQuiz) -> None:
        self._quiz = quiz
        self._texts: dict[str, int] = {}
        self._edges: dict[tuple[str, str], int] = {}
        self._said: dict[tuple[int, int, int], int] = {}
        self._bank: dict[tuple[str, tuple[str, str]], list[Any]] = {}

    def practice(self) -> Practice:
        rounds = {kind: self._rounds(kind) for kind in KINDS}  # fills the bank
        places = [i for i, (kind, _) in enumerate(self._bank) if kind == "edge"]
        results = ("sum", "substitute", "expand", "simplify")
        derivation = self._quiz.derivation
        hidden = [s.id for s in derivation.steps if s.kind in results]
        data: dict[str, Any] = {
            "choosesOnly": True,
            "points": [0, 0],
            **{key: {} for key in ("greek", "aliases", "names", "short", "partials")},
            "leaves": [],
            "rounds": rounds,
            "questions": list(self._bank.values()),
            "paths": [places],
            "veils": {step: [LEVELS + 1, -1, 0] for step in hidden},
            "edges": list(chain.from_iterable(self._edges)),
            "messages": list(chain.from_iterable(self._said)),
            "texts": list(self._texts),
            **{"rows": "", "wrong": ""},
        }
        return Practice(SEEDS, LEVELS, data, ())

    def _rounds(self, kind: QuestionKind) -> list[list[list[Any]]]:
        """By seed and level the questions of a quiz, each with its choices."""
        levels = range(1, LEVELS + 1)
        return [[self._drawn(kind, seed, level) for level in levels] for seed in range(SEEDS)]

    def _drawn(self, kind: QuestionKind, seed: int, level: int) -> list[Any]:
        drawn = self._quiz.variant(kind, None, seed, level)
        return [
            [self._place(drawn, question), *map(self._text, question.choices)]
            for question in drawn.questions
        ]

    def _place(self, quiz: Any, question: Question) -> int:
        key = (str(question.kind), question.asked)
        if key not in self._bank:
            grades = {text: quiz.answer(question.number, text) for text in question.choices}
            right = next(text for text, grade in grades.items() if grade)
            told = {text: self._told(grade) for text, grade in grades.items() if not grade}
            mistakes = [x for text, said in told.items() for x in (said, self._text(text))]
            other = next(iter(told.values()), -1)
            self._bank[key] = [
                *(question.partial, question.step, 0, other, ""),
                *(self._text(right), other, mistakes),
            ]
        return list(self._bank).index(key)

    def _text(self, text: str) -> int:
        return self._texts.setdefault(text, len(self._texts))

    def _told(self, grade: Grade) -> int:
        edge = -1
        if grade.edge is not None:
            edge = self._edges.setdefault(grade.edge, len(self._edges))
        said = (edge, self._text(grade.message), self._text(grade.hint))
        return self._said.setdefault(said, len(self._said))


__all__ = ["array_practice"]
