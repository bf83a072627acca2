"""Practice on arrays: what each edge gives to an adjoint, chosen among what usual mistakes give.

Every wrong choice has another shape or another value than the right one, at a point that is tried.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flint import arb
from sympy import Expr, Function, S

from symback.autodiff.names import Names
from symback.circuits.circuit import Node
from symback.derivation.numbers.arrays import Accumulated, balls_of
from symback.derivation.practice.quiz import KINDS, Grade, Question, QuestionKind, Quiz
from symback.derivation.practice.text import BLANK, LEVELS
from symback.derivation.record import Derivation, Step
from symback.derivation.starts import array_start, leaves_below
from symback.derivation.text.adjoints import adjoint_sign, printer_of
from symback.derivation.text.detail import Shown
from symback.derivation.text.normal import ascii_words, folded, printer_for
from symback.errors import CircuitError, SymbackError, UnknownName, Unsupported, nearest
from symback.operations.arrays import matmul, matvec, outer, transpose
from symback.operations.balls.scalars import precision
from symback.operations.entries import Entries
from symback.operations.expressions import postorder
from symback.operations.functions import Slope

MOST_CHOICES = 5
_BITS = 100
_APART = arb(2) ** -40  # two values that differ by less are the same


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the expressions to choose from, and what is wrong with it, if anything."""

    text: str
    message: str = ""
    hint: str = ""


class ArrayQuiz(Quiz):
    """A derivation by adjoints with blanks, each with expressions, or rules, to choose from.

    >>> import symback as sb
    >>> q = sb.circuit("x: input[2]; W: param[3, 2]; y = W @ x; E: loss = sum(y**2)/2").derive("E")
    >>> quiz = q.quiz(level=3)
    >>> print(quiz.questions[3], quiz.answer(4, "Wᵀ·δy"))
    (4) ∂E/∂x = (4) right
    >>> print(quiz.answer(4, "W·δy"))
    (4) edge y → x: the matrix is not transposed; which way do adjoints go through W·x?
    """

    def __init__(
        self, derivation: Derivation, kind: QuestionKind, blanks: int | None, seed: int, level: int
    ) -> None:
        if any(not size.is_Integer for n in derivation.walk.circuit.nodes for size in n.shape):
            raise Unsupported("quizzes of arrays need sizes in numbers, such as w: param[3]")
        self.derivation, self._walk = derivation, derivation.walk
        self._steps_by_edge = {
            (s.left[0], s.left[1]): s for s in derivation.steps if s.kind == "edge"
        }
        self._choose(kind, blanks, seed, level)

    def _choose(self, kind: QuestionKind, blanks: int | None, seed: int, level: int) -> None:
        if kind not in KINDS:
            raise CircuitError(f"no quiz '{kind}'{nearest(str(kind), KINDS)}; {', '.join(KINDS)}")
        if level not in range(1, LEVELS + 1):
            raise CircuitError(f"a quiz has the levels 1 to {LEVELS}")
        if blanks is not None and blanks < 1:
            raise CircuitError("a quiz has at least one blank")
        self.kind, self.seed, self.level = kind, seed, level
        asked = [e for e in self._steps_by_edge if kind == "rules" or len(self.choices[e]) > 1]
        if not asked:
            raise CircuitError("the derivation has no edge to ask about")
        order = list(asked)
        random.Random(seed).shuffle(order)
        chosen = set(order[: blanks or -(-len(order) * level // LEVELS)])
        self.questions = tuple(
            self._question_of(edge, number)
            for number, edge in enumerate((e for e in asked if e in chosen), 1)
        )

    def _question_of(self, edge: tuple[str, str], number: int) -> Question:
        step = self._steps_by_edge[edge]
        if self.kind == "rules":
            return Question(number, "rule", edge, step.id, self._choices(step, number))
        texts = [choice.text for choice in self.choices[edge]]
        random.Random(f"{self.seed} {edge}").shuffle(texts)
        return Question(number, "edge", edge, step.id, tuple(texts), left=self.left(edge))

    def left(self, edge: tuple[str, str]) -> str:
        """δh, or what an edge gives to it where several lead there."""
        sign = adjoint_sign(self._printer, self._walk, edge[1])
        several = len(self._walk.into[edge[1]]) > 1
        return f"{sign} from {edge[0]}" if several else sign

    @cached_property
    def _printer(self) -> Any:
        from symback.printing.text import TextPrinter

        return printer_of(TextPrinter, self.derivation, adjoints=True)

    # -- choices -----------------------------------------------------------------------------------

    @cached_property
    def choices(self) -> Mapping[tuple[str, str], tuple[Choice, ...]]:
        """The right expression of each edge, and what usual mistakes give."""
        values = self._values()
        return {edge: tuple(self._of(step, values)) for edge, step in self._steps_by_edge.items()}

    def _of(self, step: Step, values: Accumulated) -> Iterator[Choice]:
        right = self._entries(values, step.right)
        seen = {self._printer.print(step.right)}
        yield Choice(*seen)
        found = 1
        for expr, message, hint in self._mistaken(step):
            text = self._printer.print(expr)
            if text in seen or found == MOST_CHOICES:
                continue
            seen.add(text)
            if not _is_same(self._entries(values, expr), right):
                found += 1
                yield Choice(text, message, hint)

    def _mistaken(self, step: Step) -> Iterator[tuple[Expr, str, str]]:
        """What the usual mistakes give in place of an edge's contribution."""
        node, operand = step.left[0], step.left[1]
        right = step.right
        parts = list(postorder(right))
        way = f"which way do adjoints go through {self._formula(node)}?"
        for part in parts:
            if isinstance(part, transpose):
                yield right.xreplace({part: part.args[0]}), "the matrix is not transposed", way
        for part in parts:
            if isinstance(part, Slope):
                lost = right.xreplace({part: S.One})
                yield (
                    lost,
                    f"the slope of {node} is missing",
                    "activations multiply by their slope",
                )
                function: Any = part.of
                used = right.xreplace({part: function(*part.args)})
                yield (
                    used,
                    "that is the function, not its slope",
                    "take its derivative",
                )
        for part in parts:
            if isinstance(part, outer):
                a, b = part.args
                yield (
                    right.xreplace({part: outer(b, a)}),
                    "the factors are in the other order",
                    (f"{operand} has the shape of its gradient"),
                )
        bar = Names(self._walk.circuit).adjoint(node)
        for part in parts:
            if isinstance(part, matvec | matmul) and bar in part.free_symbols:
                yield bar, "the other factor is missing", way
        yield -right, "the sign is wrong", f"does {node} grow or fall when {operand} grows?"
        if bar in right.free_symbols and not any(isinstance(p, Function) for p in parts):
            yield 2 * right, "that is twice as much", f"how often is {operand} in {node}?"
        if node != self._walk.of and bar in right.free_symbols:
            upstream = f"multiply with the adjoint of {node}, which comes from above"
            for part in parts:
                if isinstance(part, Slope):
                    yield right.xreplace({bar: S.One}), "the adjoint is missing", upstream

    def _formula(self, node: str) -> str:
        found: Node = self._walk.node(node)
        return str(self._printer.print(found.formula))

    def _values(self) -> Accumulated:
        """All values and adjoints at a point."""
        derivation = self.derivation
        start = array_start(derivation).values
        leaves = {n.name: balls_of(start[n.name]) for n in leaves_below(derivation)}
        with precision(_BITS):
            found = Accumulated(self._walk, leaves, {}, int)
            for step in derivation.typed_steps:
                found.add(step)
        return found

    @staticmethod
    def _entries(values: Accumulated, expr: Expr) -> Entries | None:
        """The entries of an expression; None where its shapes don't fit."""
        from symback.operations.balls.arrays import evaluate_entries

        try:
            with precision(_BITS):
                return evaluate_entries(expr, values.values, {})
        except (SymbackError, ValueError, IndexError):
            return None

    # -- for people --------------------------------------------------------------------------------

    def to_text(self, *, ascii: bool = False) -> Shown:
        derivation, printer = self.derivation, printer_for(self.derivation, ascii)
        lines = [f"Quiz on the partials of {derivation.of}, level {self.level}", "", "Forward"]
        for step in derivation.steps:
            if step.kind == "forward":
                lines += folded(f"  {step.node} = ", printer.print(step.right))
        of = self._printer.partial(derivation.of, "v")
        lines += ["", f"Backward pass, with δv = {of}"]
        numbers = {q.asked: q.number for q in self.questions}
        for place, (edge, step) in enumerate(self._steps_by_edge.items(), 1):
            blank = f"({numbers[edge]}) {BLANK}" if edge in numbers else ""
            is_rule = self.kind == "rules"
            right = self._printer.print(step.right) if is_rule or not blank else blank
            rule = blank if is_rule and blank else step.rule if not blank or self.level == 1 else ""
            node, operand = edge
            left = f"{place:>4}  {node} → {operand}   {self.left(edge)} = "
            lines += folded(left, f"{right}   {rule}".rstrip())
        for question in self.questions:
            lines += ["", str(question)]
            lines += [f"  {chr(97 + i)}) {text}" for i, text in enumerate(question.choices)]
        return Shown("\n".join(map(ascii_words, lines) if ascii else lines))

    # -- answers -----------------------------------------------------------------------------------

    def answer(self, number: int, given: Any) -> Grade:
        """The grade of one answer: one of the choices, or its letter."""
        question = self.question(number)
        if question.kind == "rule":
            return self._rule(question, given)
        chosen = self._chosen(question, given)
        found = next(c for c in self.choices[question.asked] if c.text == chosen)
        if not found.message:
            return Grade(number, True)
        return Grade(number, False, found.message, question.asked, found.hint)

    def _chosen(self, question: Question, given: Any) -> str:
        if not isinstance(given, str):
            raise CircuitError("the answer is one of the choices or its letter")
        letters = {chr(97 + i): text for i, text in enumerate(question.choices)}
        plain = {_bare(text): text for text in question.choices}
        chosen = letters.get(given.strip().rstrip(")").strip().lower()) or plain.get(_bare(given))
        if chosen is None:
            last = chr(96 + len(question.choices))
            raise UnknownName(f"that is not one of the choices; choose one of a–{last}")
        return chosen

    def solution(self, number: int) -> Shown:
        """The right choice."""
        return self.printed_solution(number)

    def printed_solution(self, number: int, *, ascii: bool = False) -> Shown:
        question = self.question(number)
        step = self._steps_by_edge[question.asked]
        text = step.rule if question.kind == "rule" else self.choices[question.asked][0].text
        return Shown(ascii_words(text) if ascii else text)


def _bare(text: str) -> str:
    return ascii_words(text).replace(" ", "").lower()


def _is_same(one: Entries | None, other: Entries | None) -> bool:
    """Whether two arrays have one shape and the same entries, as far as the digits tell."""
    if one is None or other is None or one.shape != other.shape:
        return False
    return all(abs(a - b) < _APART for a, b in zip(one.flat, other.flat, strict=True))


__all__ = ["ArrayQuiz", "Choice"]
