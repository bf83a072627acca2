"""Practice on matrices: entries of a Jacobian or of a Hessian left blank.

An answer is compared in value with the entry, as those of other quizzes. Where it is wrong, and it
is what one of the usual mistakes gives, the grade names that.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

from sympy import Expr, S

from symback.autodiff.partials import times
from symback.derivation.hessian import CURVED, SLOPED, kind_of_term
from symback.derivation.numbers.links import below
from symback.derivation.paths import listed_paths
from symback.derivation.practice.answers import read_answer
from symback.derivation.practice.flow import BallOrNone, Flow, agrees, flows
from symback.derivation.practice.mistakes import find_mistake, on_partial
from symback.derivation.practice.quiz import Grade, Question, QuestionKind, Quiz
from symback.derivation.practice.text import BLANK, LEVELS
from symback.derivation.record import Derivation
from symback.derivation.steps import Left, is_chains, partial_text
from symback.derivation.text.detail import Shown
from symback.derivation.text.normal import ascii_words, folded, printer_for, title_of
from symback.errors import CircuitError, Unsupported, nearest

KINDS: tuple[QuestionKind, ...] = ("partials", "steps")
ValueAt = Callable[[Flow], BallOrNone]


class MatrixQuiz(Quiz):
    """A matrix with blank entries.

    >>> import symback as sb
    >>> q = sb.circuit("f = w*x**2", loss=None).derive(wrt=["w", "x"], order=2).quiz(level=3)
    >>> print(q.questions[1], q.answer(2, "2x"))
    (2) ∂²f/∂w∂x = (2) right
    >>> print(q.answer(2, "-2x"))
    (2) the sign is wrong; how does ∂f/∂w change when x grows?
    """

    def __init__(
        self, derivation: Derivation, kind: QuestionKind, blanks: int | None, seed: int, level: int
    ) -> None:
        if derivation.view == "matrices":
            raise Unsupported(
                "quizzes ask for the entries of a matrix; declare shapes in numbers, such as "
                "w: param[3], and leave out the view"
            )
        self.derivation, self._walk = derivation, derivation.walk
        self._walks = {walk.of: walk for walk in derivation.walks}
        self._flows = {of: tuple(flows(walk)) for of, walk in self._walks.items()}
        if not all(self._flows.values()):
            raise Unsupported("no point was found at which answers could be compared")
        self._choose(kind, blanks, seed, level)

    def _choose(self, kind: QuestionKind, blanks: int | None, seed: int, level: int) -> None:
        if kind not in KINDS:
            raise CircuitError(
                f"no quiz '{kind}' of a matrix{nearest(str(kind), KINDS)}; {', '.join(KINDS)}: "
                "both ask for entries"
            )
        if level not in range(1, LEVELS + 1):
            raise CircuitError(f"a quiz has the levels 1 to {LEVELS}")
        if blanks is not None and blanks < 1:
            raise CircuitError("a quiz has at least one blank")
        self.kind, self.seed, self.level = kind, seed, level
        entries = [left for left in self.derivation.asked if left in self.derivation.closed]
        order = list(entries)
        random.Random(seed).shuffle(order)
        chosen = set(order[: blanks or -(-len(order) * level // LEVELS)])
        if not chosen:
            raise CircuitError("no entry of the matrix is short enough to ask for")
        asked = [left for left in entries if left in chosen]
        self.questions = tuple(
            Question(number, "result", left, self.derivation.last_step_about(left).id)
            for number, left in enumerate(asked, 1)
        )
        self._blanks = {question.asked: question.number for question in self.questions}

    def to_text(self, *, ascii: bool = False) -> Shown:
        """The values of the nodes, and the entries with their blanks."""
        derivation, printer = self.derivation, printer_for(self.derivation, ascii)
        lines = [f"Quiz: {title_of(derivation, printer)}, level {self.level}", "", "Forward"]
        for step in derivation.steps:
            if step.kind == "forward":
                lines += folded(f"  {step.node} = ", printer.print(step.right))
        lines.append("")
        for left in derivation.asked:
            blank = self._blanks.get(left)
            right = f"({blank}) {BLANK}"
            if blank is None:
                form = derivation.closed.get(left)
                right = "…" if form is None else printer.print(form)
            lines += folded(f"  {printer.partial(*left)} = ", right)
        return Shown("\n".join(map(ascii_words, lines) if ascii else lines))

    def answer(self, number: int, given: Any) -> Grade:
        """The grade of one answer: circuit text or a SymPy expression."""
        question = self.question(number)
        walk = self._walks[question.asked[0]]
        points = self._flows[question.asked[0]]
        expr = read_answer(given, walk.circuit)
        right = agrees(lambda flow: flow.value(expr), self._entry(question.asked), points)
        if right is None:
            raise Unsupported("the answer can't be compared at any point; write it another way")
        if right:
            return Grade(number, True)
        if self.derivation.order == 1:
            name = question.asked[1]
            mistakes = on_partial(walk, name, listed_paths(walk, name))
            found = find_mistake(walk, points, lambda flow: flow.value(expr), mistakes)
            if found is not None:
                return Grade(number, False, found.message, found.edge, found.hint)
            return self.unequal(question)
        for form, message, hint in self._likely(question.asked):
            value: ValueAt = lambda flow, form=form: flow.value(form)  # type: ignore[misc]  # noqa: E731
            if agrees(lambda flow: flow.value(expr), value, points):
                return Grade(number, False, message, None, hint)
        hint = "differentiate the first partial, which is a sum of products"
        return Grade(number, False, f"that does not equal {question.partial}", None, hint)

    def _entry(self, left: Left) -> ValueAt:
        form = self.derivation.closed[left]
        return lambda flow: flow.value(form)

    def _likely(self, left: Left) -> Iterator[tuple[Expr, str, str]]:
        """What the usual mistakes give for a second partial, with a message and a hint."""
        of, a, b = left
        form = self.derivation.closed[left]
        yield -form, "the sign is wrong", f"how does ∂{of}/∂{a} change when {b} grows?"
        for kind, other in ((CURVED, SLOPED), (SLOPED, CURVED)):
            part = self._terms(left, kind)
            if part is not None and part != 0:
                missing = f"terms are missing: {other.format(of, 'its operands')}"
                yield part, missing, f"{partial_text(left)} is a sum of terms of two kinds"
        yield 2 * form, "that is twice the entry", "is a term there more than once?"
        half = "a term is there twice: once for each order of the two names"
        yield form / 2, "that is half of the entry", half
        for name in dict.fromkeys((a, b)):
            walk = self._walks[of]
            if name in walk.into:
                first = _first_partial(self.derivation, name)
                hint = f"differentiate it by {b if name == a else a} as well"
                yield first, f"that is ∂{of}/∂{name}, the first partial", hint

    def _terms(self, left: Left, kind: str) -> Expr | None:
        """The terms of one kind of the node itself, where its sum is written out."""
        steps = self.derivation.results.get(left, {})
        if "sum" not in steps or "substitute" not in steps or not is_chains(steps["sum"].right):
            return None
        total: Expr = S.Zero
        pairs = zip(steps["sum"].right, steps["substitute"].right, strict=True)
        for chain, product in pairs:
            if kind_of_term(chain)[0] == kind:
                value: Expr = S.One
                for factor in product:
                    value = times(value, factor)
                total = total + value
        return total


def _first_partial(derivation: Derivation, name: str) -> Expr:
    """∂of/∂name over the nodes of the walk, by its edges."""
    walk = derivation.walk
    found: dict[str, Expr] = {name: S.One}
    for node in below(walk.circuit, walk.of):
        parts = [
            times(edge.partial, found[edge.operand])
            for edge in walk.edges
            if edge.node == node.name and edge.operand in found
        ]
        if parts:
            found[node.name] = sum(parts[1:], parts[0])
    return found.get(walk.of, S.Zero)


__all__ = ["MatrixQuiz"]
