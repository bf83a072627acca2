"""Practice on a page: the questions of a quiz, and the values by which the page judges answers.

A browser has no SymPy, so all that is compared is computed here, in ball arithmetic: at some
points the values of all names, of what is asked for, and of each known mistake, every one
rounded to the nearest float64. The page evaluates nothing but what its reader types.
"""

from __future__ import annotations

import math
import re
import struct
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal

from flint import arb

from symback.codegen.javascript.printer import operations, spellings
from symback.derivation.paths import listed_paths
from symback.derivation.practice.answers import short_forms
from symback.derivation.practice.flow import BallOrNone, Flow, counted
from symback.derivation.practice.mistakes import Mistake
from symback.derivation.practice.quiz import KINDS, LEVELS, Grade, Question, QuestionKind, Quiz
from symback.derivation.record import Derivation
from symback.errors import CircuitError, Unsupported
from symback.operations.balls.scalars import nearest_float
from symback.operations.expressions import postorder
from symback.operations.properties import has_kink
from symback.operations.signs import GREEK
from symback.printing.circuit_text import NotationPrinter

SEEDS = 3  # quizzes to draw from, each of all levels; of many questions one
MOST_EDGES = 300  # of a derivation that can be practised
MOST_QUESTIONS = 24  # of one quiz
MOST_MISTAKES = 80  # that are looked for in one answer
POINTS = 8  # at which answers are compared; where a function has a kink, all that the quiz has
POINTS_OF_MISTAKES = 4  # at which a wrong answer is compared with a mistake, if there is no kink
SMALLEST, LARGEST = 1e-4, 1e4  # numbers at the points that are taken first: few digits cancel
LONGEST_SOLUTION = 300

Kinds = Literal["edge", "result"]
QuestionKey = tuple[Kinds, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Practice:
    """What a page needs to practise: quizzes by seed and level, and what its script reads."""

    seeds: int
    levels: int
    data: Mapping[str, Any]
    operations: Sequence[str]


def practice(derivation: Derivation, is_large: bool) -> Practice | None:
    """The practice of a page; None where there is nothing to ask, or too much to show.

    A quiz asks about circuits of numbers that have a point inside their domain.
    """
    if is_large or len(derivation.walk.edges) > MOST_EDGES:
        return None
    try:
        quiz = Quiz(derivation, "steps", None, 0, LEVELS)
    except (CircuitError, Unsupported):  # no edge, or no point at which answers could be compared
        return None
    return _ExerciseWriter(quiz).practice()


class NumberRows:
    """Values at the points, each row kept once: its place, or −1 − place of its negative."""

    def __init__(self) -> None:
        self._places: dict[bytes, int] = {}

    def place(self, numbers: Sequence[float]) -> int:
        negative = self._places.get(_packed(-x for x in numbers))
        if negative is not None and numbers != [-x for x in numbers]:
            return -1 - negative
        return self._places.setdefault(_packed(numbers), len(self._places))

    def text(self) -> str:
        return b64encode(b"".join(self._places)).decode("ascii")


def rounded(value: Callable[[Flow], BallOrNone], points: Iterable[Flow]) -> list[float]:
    """The nearest float64s; NaN where there is no value or a float64 cannot hold it."""
    values = [counted(value)(point) for point in points]
    found = [math.nan if v is None else nearest_float(v) for v in values]
    return [x if math.isfinite(x) else math.nan for x in found]


def _packed(numbers: Iterable[float]) -> bytes:
    """Little-endian; a zero has no sign, and there is one NaN."""
    return b"".join(struct.pack("<d", math.nan if x != x else x + 0.0) for x in numbers)


def chosen_points(quiz: Quiz) -> tuple[Sequence[Flow], Sequence[Flow]]:
    """The points of answers, and those of them at which mistakes are compared.

    Those at which no number is tiny or huge come first: there most forms of an answer agree.
    """
    if any(has_kink(n.formula) for n in quiz.derivation.walk.circuit.computed):
        return quiz.points, quiz.points
    found = sorted(quiz.points, key=_spread)[:POINTS]
    return found, found[:POINTS_OF_MISTAKES]


def _spread(flow: Flow) -> float:
    """By how much the numbers at a point leave the range that floats are best in."""
    low, high = arb(SMALLEST), arb(LARGEST)
    worst = 0.0
    for value in chain(flow.values.values(), flow.partials.values(), flow.adjoints.values()):
        size = abs(value)
        if not size.contains(0) and not low < size < high:
            worst = max(worst, abs(float(size.log().mid())))
    return worst


class _ExerciseWriter:
    def __init__(self, quiz: Quiz) -> None:
        self._quiz = quiz
        self._derivation = quiz.derivation
        self._walk = quiz.derivation.walk
        self._points, self._first = chosen_points(quiz)
        self._rows, self._wrong = NumberRows(), NumberRows()
        self._texts: dict[str, int] = {}
        self._edges: dict[tuple[str, str], int] = {}
        self._said: dict[tuple[int, int, int], int] = {}
        self._seeds = SEEDS if len(self._walk.edges) <= 2 * MOST_QUESTIONS else 1
        self._bank: dict[QuestionKey, int] = {}  # the step of whatever any of the quizzes asks

    def practice(self) -> Practice:
        rounds = {kind: self._rounds(kind) for kind in KINDS}  # fills the bank
        paths, veils = self._veils()
        direct = sorted(self._derivation.direct)
        data = {
            "points": [len(self._points), len(self._first)],
            "greek": self._greek(),
            "aliases": spellings(self.operations()),
            "leaves": [n.name for n in self._walk.circuit.leaves],
            "names": self._names(),
            "short": self._short(),
            "partials": self._partials(),
            **({"direct": [" ".join(edge) for edge in direct]} if direct else {}),
            "rounds": rounds,
            "questions": [self._question(*place, step) for place, step in self._bank.items()],
            "paths": paths,
            "veils": veils,
            "edges": list(chain.from_iterable(self._edges)),
            "messages": list(chain.from_iterable(self._said)),
            "texts": list(self._texts),
            "rows": self._rows.text(),
            "wrong": self._wrong.text(),
        }
        return Practice(self._seeds, LEVELS, data, self.operations())

    def _greek(self) -> dict[str, str]:
        """What the Greek letters stand for of which a name is made."""
        names = " ".join(["sigma pi", *(n.name for n in self._walk.circuit.nodes)])
        return {letter: name for letter, name in GREEK.items() if name in names}

    def operations(self) -> list[str]:
        """What an answer may call, as rows of JavaScript."""
        formulas = [n.formula for n in self._walk.circuit.computed]
        return operations({part.func for formula in formulas for part in postorder(formula)})

    def _text(self, text: str) -> int:
        return self._texts.setdefault(text, len(self._texts))

    def _row(self, value: Callable[[Flow], BallOrNone]) -> int:
        return self._rows.place(rounded(value, self._points))

    # -- names -----------------------------------------------------------------------------------

    def _names(self) -> dict[str, int]:
        nodes = self._walk.circuit.nodes
        return {n.name: self._row(lambda f, s=n.symbol: f.values[s]) for n in nodes}  # type: ignore[misc]

    def _short(self) -> dict[str, int]:
        """σ and σ′ without an operand, where a circuit has one σ only."""
        forms = short_forms(self._walk.circuit)
        return {name: self._row(lambda f, e=e: f.value(e)) for name, e in forms.items()}  # type: ignore[misc]

    def _partials(self) -> dict[str, int]:
        """The local partials by name: an answer to a whole partial may use them."""
        links = [(e.node, e.operand) for e in self._walk.edges]
        return {" ".join(at): self._row(lambda f, at=at: f.partials[at]) for at in links}  # type: ignore[misc]

    # -- questions -------------------------------------------------------------------------------

    def _rounds(self, kind: QuestionKind) -> list[list[list[Any]]]:
        """By seed and level the questions of a quiz; those about rules with their choices."""
        levels = range(1, LEVELS + 1)
        return [[self._drawn(kind, seed, level) for level in levels] for seed in range(self._seeds)]

    def _drawn(self, kind: QuestionKind, seed: int, level: int) -> list[Any]:
        drawn = self._quiz.variant(kind, None, seed, level).questions
        if len(drawn) > MOST_QUESTIONS:
            drawn = self._quiz.variant(kind, MOST_QUESTIONS, seed, level).questions
        return [self._asked(question) for question in drawn]

    def _asked(self, question: Question) -> Any:
        place: QuestionKey = ("result" if question.kind == "result" else "edge", question.asked)
        self._bank.setdefault(place, question.step)
        number = list(self._bank).index(place)
        if question.kind != "rule":
            return number
        return [number, *map(self._text, question.choices)]

    def _question(self, kind: Kinds, asked: tuple[str, str], step: int) -> list[Any]:
        """What is asked, the step, the row of its values, the message for a wrong answer, and more.

        More is an answer; of an edge the rule and the message for a wrong one, else −1; mistakes.
        """
        right = self._derivation.steps[step - 1]
        question = self._quiz.question_about(kind, right)
        solution = NotationPrinter.of(self._walk.circuit).print(right.right)
        row = self._row(self._quiz.truth(question))
        rule = [-1, -1]
        if kind == "edge":
            rule = [self._text(right.rule), self._told(self._quiz.other_rule(question))]
        unequal = self._told(self._quiz.unequal(question))
        shown = solution if len(solution) <= LONGEST_SOLUTION else ""
        return [question.partial, step, row, unequal, shown, *rule, self._mistakes(question)]

    def _told(self, grade: Grade | Mistake) -> int:
        """What a grade says: the edge at fault or −1, the message and the hint.

        { and } stand for the names of the edge, so that most texts are there once.
        """
        edge, texts = -1, [grade.message, grade.hint]
        for name, bracket in zip(grade.edge or (), "{}", strict=False):
            texts = [re.sub(rf"\b{name}\b", bracket, text) for text in texts]
        if grade.edge is not None:
            edge = self._edges.setdefault(grade.edge, len(self._edges))
        said = (edge, self._text(texts[0]), self._text(texts[1]))
        return self._said.setdefault(said, len(self._said))

    def _mistakes(self, question: Question) -> list[int]:
        """The message for each mistake, and the row of its values: two numbers a mistake."""
        found: dict[int, int] = {}
        right = rounded(self._quiz.truth(question), self._first)
        for mistake in self._quiz.mistakes(question):
            numbers = rounded(mistake.value, self._first)
            if numbers != right and not all(map(math.isnan, numbers)):
                row = self._wrong.place(numbers)
                if row not in found:
                    found[row] = self._told(mistake)
            if len(found) == MOST_MISTAKES:
                break
        return [x for row, said in found.items() for x in (said, row)]

    # -- what would give an answer away ----------------------------------------------------------

    def _veils(self) -> tuple[list[list[int]], dict[int, list[int]]]:
        """The steps that stay hidden while a question is open.

        For each the level from which on the question of its whole partial hides it, that
        question, and the list of the edges whose questions hide it; −1 where there is none.
        """
        order = {place: i for i, place in enumerate(self._bank)}
        paths: list[list[int]] = []
        veils: dict[int, list[int]] = {}
        for name in self._derivation.wrt:
            left = (self._derivation.of, name)
            steps = {s.kind: s.id for s in self._derivation.steps if s.left == left}
            if "sum" not in steps:
                continue
            result = order.get(("result", left), -1)
            edges = [order.get(("edge", edge), -1) for edge in self._leading(name)]
            paths.append(sorted({edge for edge in edges if edge >= 0}))
            for kind, step in steps.items():
                level, path = _VEILED.get(kind, (1, True))
                veils[step] = [level, result, len(paths) - 1 if path else -1]
        return paths, veils

    def _leading(self, name: str) -> Iterator[tuple[str, str]]:
        """The edges that lead from a name to what is differentiated; all, where paths are many."""
        paths = listed_paths(self._walk, name)
        edges = self._walk.edges if paths is None else chain.from_iterable(paths)
        return ((e.node, e.operand) for e in edges)


_VEILED = {"sum": (LEVELS, False), "substitute": (2, True)}
"""From which level on an open whole partial hides a step, and whether open edges do."""


__all__ = ["NumberRows", "Practice", "chosen_points", "practice"]
