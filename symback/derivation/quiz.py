"""Practice: a derivation with right-hand sides left blank, and what answers are worth.

The more is blank, the higher the level: worked steps are removed little by little. An answer is
compared in value, never as text, so every form of it counts.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from symback.derivation.answers import read_answer
from symback.derivation.detail import Shown
from symback.derivation.mistakes import agrees, find_mistake, flows, on_edge, on_partial
from symback.derivation.record import Derivation, Step, derive, slopes_of
from symback.derivation.text import ascii_words, folded, printer_for
from symback.errors import CircuitError, SymbackError, UnknownName, Unsupported, nearest
from symback.ops import OPS
from symback.program import symbols
from symback.reverse import Edge
from symback.targets.notation import NotationPrinter

Kind = Literal["partials", "rules", "steps"]
KINDS = ("partials", "rules", "steps")
LEVELS = 3
MOST_CHOICES = 5
BLANK = "______"

Key = tuple[str, tuple[str, str]]  # "edge" or "result", and the partial that is asked for


@dataclass(frozen=True, slots=True)
class Question:
    """One blank: `asked` is the partial (of, wrt), `choices` the rules to choose from."""

    number: int
    kind: Literal["edge", "result", "rule"]
    asked: tuple[str, str]
    step: int
    choices: tuple[str, ...] = ()

    def __str__(self) -> str:
        partial = f"∂{self.asked[0]}/∂{self.asked[1]}"
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
        self, derivation: Derivation, kind: Kind, blanks: int | None, seed: int, level: int
    ) -> None:
        if kind not in KINDS:
            raise CircuitError(f"no quiz '{kind}'{nearest(str(kind), KINDS)}; {', '.join(KINDS)}")
        if level not in range(1, LEVELS + 1):
            raise CircuitError(f"a quiz has the levels 1 to {LEVELS}")
        if derivation.circuit.has_arrays:
            raise Unsupported(
                "a quiz asks about circuits of numbers; the derivation of arrays has none yet"
            )
        if derivation.view != "paths":
            derivation = derive(derivation.circuit, derivation.of, derivation.wrt)
        self.derivation, self.kind, self.seed, self.level = derivation, kind, seed, level
        self._walk = derivation.walk
        self._edges = {(e.node, e.operand): e for e in self._walk.edges}
        self._flows = flows(self._walk)
        if not self._flows:
            raise Unsupported("no point was found at which answers could be compared")
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
        results = self._results() if self.kind == "steps" else {}
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

    def _results(self) -> dict[Key, Step]:
        """The last step of each partial that is more than one edge."""
        found: dict[Key, Step] = {}
        for name in self.derivation.wrt:
            left = (self.derivation.of, name)
            steps = {s.kind: s for s in self.derivation.steps if s.left == left}
            if "sum" not in steps or (len(steps["sum"].right), len(steps["sum"].right[0])) == (
                1,
                1,
            ):
                continue
            last = steps.get("expand", steps["simplify"])
            if symbols(last.right) <= {n.symbol for n in self._walk.circuit.nodes}:
                found["result", left] = last
        return found

    def _asked(self) -> Iterator[Question]:
        for number, ((kind, asked), step) in enumerate(self._steps.items(), 1):
            if self.kind == "rules":
                yield Question(number, "rule", asked, step.id, self._choices(step, number))
            else:
                yield Question(number, "edge" if kind == "edge" else "result", asked, step.id)

    def _choices(self, step: Step, number: int) -> tuple[str, ...]:
        """The right rule among others, those of this derivation first."""
        draw = random.Random(f"{self.seed} {number}")
        own = [s.rule for s in self.derivation.steps if s.kind == "edge"]
        others = ["sum", "product", "power", *(op.rule for op in OPS.values())]
        known = [r for r in dict.fromkeys([*own, *others]) if r != step.rule]
        chosen = [step.rule, *known[: MOST_CHOICES - 1]]
        draw.shuffle(chosen)
        return tuple(chosen)

    # -- faces -----------------------------------------------------------------------------------

    @property
    def text(self) -> Shown:
        """The derivation with its blanks."""
        return self.to_text()

    def to_text(self, *, ascii: bool = False) -> Shown:
        lines = _Text(self.derivation, self._numbers, self.kind, self.level, ascii).lines()
        for question in self.questions if self.kind == "rules" else ():
            lines += ["", str(question)]
            lines += [f"  {chr(97 + i)}) {rule}" for i, rule in enumerate(question.choices)]
        return Shown("\n".join(ascii_words(x) for x in lines) if ascii else "\n".join(lines))

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text

    # -- answers ---------------------------------------------------------------------------------

    def question(self, number: int) -> Question:
        found = [q for q in self.questions if q.number == number]
        if not found:
            raise UnknownName(f"no question ({number}); there are 1 to {len(self.questions)}")
        return found[0]

    def answer(self, number: int, given: Any) -> Grade:
        """The grade of one answer: circuit text, a SymPy expression, or a rule or its letter.

        Raises the parser's error, with its place, where the text is none.
        """
        question = self.question(number)
        if question.kind == "rule":
            return self._rule(question, given)
        expr = read_answer(given, self._walk.circuit)
        value = lambda flow: flow.value(expr)  # noqa: E731
        right = agrees(value, self._truth(question), self._flows)
        if right is None:
            raise Unsupported("the answer can't be compared at any point; write it another way")
        if right:
            return Grade(number, True)
        if question.kind == "edge":
            candidates = on_edge(self._walk, self._edges[question.asked])
        else:
            name = question.asked[1]
            candidates = on_partial(self._walk, name, self.derivation.paths(name))
        mistake = find_mistake(self._walk, self._flows, value, candidates)
        if mistake is not None:
            return Grade(number, False, mistake.message, mistake.edge, mistake.hint)
        return self._unknown(question)

    def _truth(self, question: Question) -> Any:
        if question.kind == "edge":
            return lambda flow: flow.partials[question.asked]
        return lambda flow: flow.adjoints[question.asked[1]]

    def _unknown(self, question: Question) -> Grade:
        of, wrt = question.asked
        message = f"that does not equal ∂{of}/∂{wrt}"
        if question.kind == "edge":
            hint = f"how does {of} change when {wrt} does, and all else stays?"
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
            raise UnknownName(f"that is none of the rules; write a letter from a to {last}")
        if chosen == self.derivation.steps[question.step - 1].rule:
            return Grade(question.number, True)
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
        question = self.question(number)
        step = self.derivation.steps[question.step - 1]
        if question.kind == "rule":
            return Shown(step.rule)
        return Shown(NotationPrinter.of(self._walk.circuit).print(step.right))


class _Text:
    """The derivation as text, blanks where questions are and nothing that gives them away."""

    def __init__(
        self,
        derivation: Derivation,
        numbers: Mapping[Key, int],
        kind: str,
        level: int,
        ascii: bool,
    ) -> None:
        self._derivation, self._numbers = derivation, numbers
        self._kind, self._level = kind, level
        self._printer = printer_for(derivation.walk.circuit, ascii)

    def lines(self) -> list[str]:
        derivation = self._derivation
        rows = [s for s in derivation.steps if s.kind == "forward"]
        lines = [f"Quiz on the partials of {derivation.of}, level {self._level}", "", "Forward"]
        for step in rows:
            lines += folded(f"  {step.node} = ", self._printer.print(step.right))
        lines += ["", "Edges, with their local partials", *self._edges()]
        for name in derivation.wrt:
            part = self._partial(name)
            lines += ["", *part] if part else []
        return lines

    def _edges(self) -> Iterator[str]:
        for number, step in enumerate((s for s in self._derivation.steps if s.edge), 1):
            assert step.edge is not None
            node, operand = step.edge
            blank = self._numbers.get(("edge", step.edge))
            left = f"{number:>4}  {node} → {operand}   {self._printer.partial(node, operand)} = "
            right, rule = self._printer.print(step.right), step.rule
            if blank is not None and self._kind == "rules":
                rule = f"({blank}) {BLANK}"
            elif blank is not None:
                right = f"({blank}) {BLANK}"
                rule = rule if self._level == 1 else ""
            yield from folded(left, f"{right}   {rule}".rstrip())

    def _partial(self, name: str) -> list[str]:
        """The lines of one partial, as far as they tell no answer."""
        derivation = self._derivation
        asked = (derivation.of, name)
        steps = {s.kind: s for s in derivation.steps if s.left == asked}
        if "sum" not in steps:
            return []
        blank = self._numbers.get(("result", asked))
        rights = self._worked(steps, asked, blank)
        if blank is not None:
            rights.append(f"({blank}) {BLANK}")
        elif not self._hides(steps["sum"]):
            rights.append(self._printer.print(steps["simplify"].right))
        left = f"  {self._printer.partial(*asked)} = "
        lines: list[str] = []
        for right in dict.fromkeys(rights):
            lines += folded(left, right)
            left = f"{'':<{len(left) - 2}}= "
        if blank is None and "expand" in steps and not self._hides(steps["sum"]):
            for slope, expanded in slopes_of(derivation):
                lines += folded(f"  {self._printer.print(slope)} = ", self._printer.print(expanded))
            right = self._printer.print(steps["expand"].right)
            lines += folded(f"  {self._printer.partial(*asked)} = ", right)
        return lines

    def _worked(
        self, steps: Mapping[Any, Step], asked: tuple[str, str], blank: int | None
    ) -> list[str]:
        """The chain and its product: fewer where the level is higher."""
        rights = []
        chains = self._printer.chains(steps["sum"].right)
        faded = self._kind == "steps" and self._level == LEVELS
        if chains != self._printer.partial(*asked) and not faded:
            rights.append(chains)
        many = self._derivation.paths(asked[1]) is None
        if (many and self._hides(steps["sum"])) or (blank is not None and self._level > 1):
            return rights
        return rights if faded else [*rights, self._product(steps)]

    def _product(self, steps: Mapping[Any, Step]) -> str:
        """The local partials in the chain's place, the number of a question for its answer."""
        texts = []
        chains, products = steps["sum"].right, steps["substitute"].right
        for chain, product in zip(chains, products, strict=True):
            factors = []
            for link, factor in zip(chain, product, strict=True):
                blank = None if self._kind == "rules" else self._numbers.get(("edge", link))
                text = self._printer.products([[factor]])
                enclosed = factor.is_Add or text.startswith(self._printer.negative)
                text = f"({text})" if enclosed and len(product) > 1 else text
                factors.append(text if blank is None else f"({blank})")
            texts.append(self._printer.times_sign.join(factors))
        return " + ".join(texts)

    def _hides(self, step: Step) -> bool:
        """Whether an answer went into a sum over paths."""
        if self._kind == "rules":
            return False
        end = step.left[1]
        used: Sequence[Sequence[Edge]] | None = self._derivation.paths(end)
        if used is None:
            return bool(self._numbers)
        return any(("edge", (e.node, e.operand)) in self._numbers for path in used for e in path)


__all__ = ["Grade", "Marks", "Question", "Quiz"]
