"""Practice: a derivation with right-hand sides left blank, and what answers are worth.

The more is blank, the higher the level: worked steps are removed little by little. An answer is
compared in value, never as text, so every form of it counts.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any, Literal

from symback.circuits.arguments import checked
from symback.circuits.program import symbols
from symback.derivation.derive import derive
from symback.derivation.paths import listed_paths
from symback.derivation.practice.answers import read_answer
from symback.derivation.practice.flow import BallOrNone, Flow, agrees, flows
from symback.derivation.practice.mistakes import Mistake, find_mistake, on_edge, on_partial
from symback.derivation.practice.text import BLANK, LEVELS, Key, QuizText
from symback.derivation.record import Derivation, Step
from symback.derivation.steps import partial_text, rule_names
from symback.derivation.text.detail import Shown
from symback.derivation.text.normal import ascii_words, printer_for
from symback.errors import CircuitError, SymbackError, UnknownName, Unsupported, nearest
from symback.operations.elementwise import OPS
from symback.printing.circuit_text import NotationPrinter
from symback.printing.printer import Printer

QuestionKind = Literal["partials", "rules", "steps"]
ALSO = (
    frozenset({"product", "constant multiple", "quotient", "power", "√′(u) = 1/(2√u)"}),
    frozenset({"sum", "constant multiple"}),
)
"""Rules of which several apply to one gate: x² is x·x, x/y is x·(1/y), 1/x is x⁻¹, −y in x − y."""
QuestionOf = Literal["edge", "result", "rule"]
KINDS: tuple[QuestionKind, ...] = ("partials", "rules", "steps")
MOST_CHOICES = 5


@dataclass(frozen=True, slots=True)
class Question:
    """One blank: `asked` is the partial (of, wrt, …), `choices` the rules to choose from.

    `direct`: an edge is asked for that is only a part of the whole partial of these names.
    """

    number: int
    kind: QuestionOf
    asked: Any  # a partial: (of, wrt), of matrices also (of, wrt, wrt)
    step: int
    choices: tuple[str, ...] = ()
    direct: bool = False
    left: str = ""  # what is asked for, where it is not a partial

    @property
    def partial(self) -> str:
        """What is asked for: ∂f/∂x, ∂⁺f/∂x along one edge alone, or an adjoint."""
        if self.left:
            return self.left
        text = partial_text(self.asked)
        return text.replace("∂", "∂⁺", 1) if self.direct else text

    def __str__(self) -> str:
        partial = self.partial
        if self.kind != "rule":
            return f"({self.number}) {partial} ="
        return f"({self.number}) {partial} by which rule?"


@dataclass(frozen=True, slots=True)
class Grade:
    """What an answer is worth; where it is wrong, the edge at fault if it was found, and a hint."""

    number: int
    right: bool
    message: str = "right"
    edge: tuple[str, str] | None = None
    hint: str = ""

    def __bool__(self) -> bool:
        return self.right

    def __str__(self) -> str:
        where = f"edge {self.edge[0]} → {self.edge[1]}: " if self.edge else ""
        hint = f"; {self.hint}" if self.hint else ""
        return f"({self.number}) {where}{self.message}{hint}"


@dataclass(frozen=True, slots=True)
class Marks:
    """The grades of a whole quiz; a question without an answer is not right."""

    grades: tuple[Grade, ...]

    @property
    def right(self) -> int:
        return sum(g.right for g in self.grades)

    @property
    def passed(self) -> bool:
        return self.right == len(self.grades)

    def __getitem__(self, number: int) -> Grade:
        return next(g for g in self.grades if g.number == number)

    def __str__(self) -> str:
        lines = [str(g) for g in self.grades]
        return "\n".join([*lines, f"{self.right} of {len(self.grades)} right"])


class Quiz:
    """A derivation with blanks.

    >>> import symback as sb
    >>> q = sb.circuit("f = x1 - x2, x2 = w3*x3").partial("f", "w3").quiz(level=3)
    >>> print(q.questions[0], q.answer(1, "-1"))
    (1) ∂f/∂x2 = (1) right
    >>> print(q.answer(1, "1"))
    (1) edge f → x2: the sign is wrong; does f grow or fall when x2 grows?
    """

    def __init__(
        self, derivation: Derivation, kind: QuestionKind, blanks: int | None, seed: int, level: int
    ) -> None:
        if derivation.view != "paths":
            derivation = derive(derivation.circuit, derivation.of, derivation.wrt)
        self.derivation = derivation
        self._walk = derivation.walk
        self._edges = {(e.node, e.operand): e for e in self._walk.edges}
        self.points = tuple(flows(self._walk))
        if not self.points:
            raise Unsupported("no point was found at which answers could be compared")
        self._results = self._last_steps()
        self._choose(kind, blanks, seed, level)

    def variant(self, kind: QuestionKind, blanks: int | None, seed: int, level: int) -> Quiz:
        """Another quiz on the same derivation; the points where answers are compared are kept."""
        other = copy(self)
        other._choose(kind, blanks, seed, level)
        return other

    def _choose(self, kind: QuestionKind, blanks: int | None, seed: int, level: int) -> None:
        if kind not in KINDS:
            raise CircuitError(f"no quiz '{kind}'{nearest(str(kind), KINDS)}; {', '.join(KINDS)}")
        if level not in range(1, LEVELS + 1):
            raise CircuitError(f"a quiz has the levels 1 to {LEVELS}")
        self.kind, self.seed, self.level = kind, seed, level
        self._steps = self._blank(blanks)
        self.questions: tuple[Question, ...] = tuple(self._asked())
        self._numbers: dict[Key, int] = {
            ("edge" if q.kind == "rule" else q.kind, q.asked): q.number for q in self.questions
        }

    # -- which right-hand sides are blank --------------------------------------------------------

    def _blank(self, blanks: int | None) -> dict[Key, Step]:
        """The chosen steps; those of a lower level are among those of a higher one."""
        draw = random.Random(self.seed)
        edges: dict[Key, Step] = {
            ("edge", s.edge): s for s in self.derivation.steps if s.edge is not None
        }
        results = self._results if self.kind == "steps" else {}
        order: list[Key] = []
        for group in (results, edges):  # the last lines are left out first
            keys = list(group)
            draw.shuffle(keys)
            order += keys
        if not order:
            raise CircuitError("the derivation has no edge to ask about")
        if blanks is not None and blanks < 1:
            raise CircuitError("a quiz has at least one blank")
        count = -(-len(order) * self.level // LEVELS) if blanks is None else blanks
        chosen = set(order[:count])
        return {key: step for key, step in {**edges, **results}.items() if key in chosen}

    def _last_steps(self) -> dict[Key, Step]:
        """The last step of each partial that is more than one edge."""
        found: dict[Key, Step] = {}
        names = {n.symbol for n in self._walk.circuit.nodes}
        by_left: dict[Any, dict[str, Step]] = {}
        for step in self.derivation.steps:
            by_left.setdefault(step.left, {})[step.kind] = step
        for name in self.derivation.wrt:
            left = (self.derivation.of, name)
            steps = by_left.get(left, {})
            if "sum" not in steps or (len(steps["sum"].right), len(steps["sum"].right[0])) == (
                1,
                1,
            ):
                continue
            last = steps.get("expand", steps["simplify"])
            if symbols(last.right) <= names:
                found["result", left] = last
        return found

    def _asked(self) -> Iterator[Question]:
        for number, ((kind, _), step) in enumerate(self._steps.items(), 1):
            choices = self._choices(step, number) if self.kind == "rules" else ()
            yield self.question_about("rule" if choices else kind, step, number, choices)

    def question_about(
        self, kind: str, step: Step, number: int = 0, choices: tuple[str, ...] = ()
    ) -> Question:
        """The question about a step: its edge, its rule, or its result."""
        asked: QuestionOf = "rule" if kind == "rule" else "edge" if kind == "edge" else "result"
        assert isinstance(step.left, tuple)
        direct = asked != "result" and step.left in self.derivation.direct
        left = (step.left[0], step.left[1])
        return Question(number, asked, left, step.id, choices, direct)

    def _choices(self, step: Step, number: int) -> tuple[str, ...]:
        """The right rule among others, those of this derivation first, of which none applies: no
        part of it, and no other way to take the same partial, as quotient beside power of 1/x.
        """
        draw = random.Random(f"{self.seed} {number}")
        own = [s.rule for s in self.derivation.steps if s.kind == "edge"]
        others = ["sum", "product", "power", *(op.rule for op in OPS.values())]
        right = set(rule_names(step.rule))
        right |= {rule for also in ALSO if not also.isdisjoint(right) for rule in also}
        known = [r for r in dict.fromkeys([*own, *others]) if not right.issuperset(rule_names(r))]
        chosen = [step.rule, *known[: MOST_CHOICES - 1]]
        draw.shuffle(chosen)
        return tuple(chosen)

    # -- for people --------------------------------------------------------------------------------

    @property
    def text(self) -> Shown:
        """The derivation with its blanks."""
        return self.to_text()

    def to_text(self, *, ascii: bool = False) -> Shown:
        lines = QuizText(self.derivation, self._numbers, self.kind, self.level, ascii).lines()
        for question in self.questions if self.kind == "rules" else ():
            lines += ["", str(question)]
            lines += [f"  {chr(97 + i)}) {rule}" for i, rule in enumerate(question.choices)]
        return Shown("\n".join(ascii_words(x) for x in lines) if ascii else "\n".join(lines))

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text

    # -- answers ---------------------------------------------------------------------------------

    @checked()
    def question(self, number: int) -> Question:
        found = [q for q in self.questions if q.number == number]
        if not found:
            raise UnknownName(f"no question ({number}); there are 1 to {len(self.questions)}")
        return found[0]

    def answer(self, number: int, given: Any) -> Grade:
        """The grade of one answer: circuit text, a SymPy expression, or a rule or its letter.

        Raises the parser's error, with its place, where the text is not an expression.
        """
        question = self.question(number)
        if question.kind == "rule":
            return self._rule(question, given)
        expr = read_answer(given, self._walk.circuit)
        value = lambda flow: flow.value(expr)  # noqa: E731
        right = agrees(value, self.truth(question), self.points)
        if right is None:
            raise Unsupported("the answer can't be compared at any point; write it another way")
        if right:
            return Grade(number, True)
        mistake = find_mistake(self._walk, self.points, value, self.mistakes(question))
        if mistake is not None:
            return Grade(number, False, mistake.message, mistake.edge, mistake.hint)
        return self.unequal(question)

    def mistakes(self, question: Question) -> Iterator[Mistake]:
        """The mistakes that are looked for in an answer, the likely ones first."""
        if question.kind == "edge":
            return on_edge(self._walk, self._edges[question.asked])
        name = question.asked[1]
        return on_partial(self._walk, name, listed_paths(self._walk, name))

    def truth(self, question: Question) -> Callable[[Flow], BallOrNone]:
        """The value that is asked for, by point."""
        if question.kind == "edge":
            return lambda flow: flow.partials[question.asked]
        return lambda flow: flow.adjoints[question.asked[1]]

    def unequal(self, question: Question) -> Grade:
        """The grade of a wrong answer that no known mistake explains."""
        of, wrt = question.asked
        message = f"that does not equal {question.partial}"
        if question.kind == "edge":
            hint = f"how does {of} change with {wrt} while everything else is held fixed?"
            return Grade(question.number, False, message, question.asked, hint)
        hint = "multiply the partials along each path, and add the paths"
        return Grade(question.number, False, message, None, hint)

    def _rule(self, question: Question, given: Any) -> Grade:
        if not isinstance(given, str):
            raise CircuitError("the answer is a rule or its letter")
        said = given.strip().rstrip(")").strip()
        choices = question.choices
        letters = {chr(97 + i): rule for i, rule in enumerate(choices)}
        plain = {ascii_words(rule).replace(" ", "").lower(): rule for rule in choices}
        written = ascii_words(given).replace(" ", "").lower()
        chosen = letters.get(said.lower()) or plain.get(written)
        if chosen is None:
            last = chr(96 + len(choices))
            raise UnknownName(f"that is not one of the rules; choose one of a–{last}")
        if chosen == self.derivation.steps[question.step - 1].rule:
            return Grade(question.number, True)
        return self.other_rule(question)

    def other_rule(self, question: Question) -> Grade:
        """The grade of a wrong rule."""
        node, operand = question.asked
        hint = f"which operation makes {node} out of {operand}?"
        return Grade(question.number, False, "that is another rule", question.asked, hint)

    def grade(self, answers: Mapping[int, Any]) -> Marks:
        """The grades of all questions; an answer that can't be read is not right."""
        for number in answers:
            self.question(number)
        found = []
        for question in self.questions:
            number = question.number
            if number not in answers:
                found.append(Grade(number, False, "no answer"))
                continue
            try:
                found.append(self.answer(number, answers[number]))
            except SymbackError as error:
                found.append(Grade(number, False, str(error)))
        return Marks(tuple(found))

    def solution(self, number: int) -> Shown:
        """The right-hand side as circuit text, which is an answer; of a rule its words."""
        return self._solution(number, NotationPrinter.of(self._walk.circuit))

    def printed_solution(self, number: int, *, ascii: bool = False) -> Shown:
        """The same in the notation of the derivation, as σ′(net) and x2·(1 − x2)."""
        return self._solution(number, printer_for(self.derivation, ascii))

    def _solution(self, number: int, printer: Printer) -> Shown:
        question = self.question(number)
        step = self.derivation.steps[question.step - 1]
        return Shown(step.rule if question.kind == "rule" else printer.print(step.right))


__all__ = ["BLANK", "KINDS", "LEVELS", "Grade", "Marks", "Question", "QuestionKind", "Quiz"]
