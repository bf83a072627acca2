"""The steps on a page: each as a title and an equation, in groups.

Mathematics where there are some hundred steps; plain text in folded groups where there are more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from sympy import Expr

from symback.derivation.accumulation import ONE
from symback.derivation.numbers.links import Link
from symback.derivation.page.mathml import breakable, mathml
from symback.derivation.record import Derivation, Step
from symback.derivation.steps import ABOUT_NODES, STABLE_FORM, Left
from symback.derivation.text.adjoints import adjoint_sign, matrix_left, name_of, printer_of
from symback.derivation.text.grouped import groups_of_steps
from symback.errors import clip
from symback.operations.simplify import weight
from symback.printing.latex import LatexPrinter, name_in_latex
from symback.printing.text import TextPrinter

MOST_CHAINS = 12  # of a sum among very many steps
MOST_OPERATIONS = {"forward": 160}
"""Operations of a formula that a page still shows, forward and (60) elsewhere; none reads more."""
MOST_STEPS_IN_MATHML = 600
"""Beyond so many steps formulas are plain Unicode: MathML takes milliseconds and kilobytes each."""
TITLES = {
    "forward": "Forward",
    "seed": "Seed",
    "edge": "Local partial",
    "curvature": "Curvature",
    "differential": "Differential",
    "product": "Product",
    "block": "Block",
    "sum": "Chain rule",
    "substitute": "Substitute",
    "simplify": "Simplify",
    "expand": "Expand",
    "define": "Define",
    "rewrite": "Rewrite",
    "stable": "Stable form",
}


LOCAL = ("edge", "curvature")
"""Kinds of steps about one gate."""


@dataclass(frozen=True, slots=True)
class StepText:
    """One step as the page shows it."""

    id: int
    kind: str
    title: str
    math: Markup
    rule: str
    depends: Sequence[int]
    still: str = ""  # the number where no script runs


@dataclass(frozen=True, slots=True)
class StepGroup:
    """Steps under one heading; one of very many is folded until it is asked for."""

    title: Markup
    steps: Sequence[StepText]
    folded: bool = False
    spoken: str = ""  # the heading as text, where it is mathematics


class EquationWriter:
    """Writes the equation of a step: mathematics, or plain text where there are very many."""

    def __init__(
        self, derivation: Derivation, still: Callable[[Step], str] = lambda step: ""
    ) -> None:
        self.derivation = derivation
        self._still = still
        self.latex = printer_of(LatexPrinter, derivation)
        self._text = printer_of(TextPrinter, derivation)
        self.is_large = len(derivation.steps) > MOST_STEPS_IN_MATHML
        self._printed: dict[int, str] = {}

    def step(self, step: Step) -> StepText:
        math = self._in_text(step) if self.is_large else self._equation(step)
        still = "" if self.is_large else self._still(step)
        return StepText(step.id, step.kind, self.title(step), math, step.rule, step.depends, still)

    def subject(self, step: Step) -> str:
        if isinstance(step.left, str):
            return name_of(self._text, step)
        if step.is_product:
            return matrix_left(self._text, self.derivation, step)
        if step.kind in LOCAL:
            return self._text.edge(*step.left)
        return self._text.partial(*step.left)

    def name(self, name: str) -> Markup:
        return Markup.escape(name) if self.is_large else in_math(name_in_latex(name))

    def partial(self, of: str, wrt: str) -> Markup:
        if self.is_large:
            return Markup.escape(self._text.partial(of, wrt))
        return in_math(self.latex.partial(of, wrt))

    def _in_text(self, step: Step) -> Markup:
        """The equation as text, for derivations of thousands of steps."""
        if is_too_long(step):
            return Markup("{} is too long to show here").format(self.subject(step))
        return Markup("{} = {}").format(self.subject(step), self.right(step))

    def said(self, step: Step) -> str:
        """The step as a sentence, for screen readers."""
        if is_too_long(step):
            return f"{self.subject(step)}, too long to read out"
        return clip(f"{self.subject(step)} = {self.right(step)}", 400)

    def right(self, step: Step) -> str:
        if step.id not in self._printed:
            self._printed[step.id] = self._right(step)
        return self._printed[step.id]

    def _right(self, step: Step) -> str:
        if step.kind == "sum":
            cut = MOST_CHAINS if self.is_large else len(step.right)
            more = f" + … ({len(step.right)} terms)" if len(step.right) > cut else ""
            return " + ".join(self._text.chain(c) for c in step.right[:cut]) + more
        if step.kind == "substitute":
            return self._text.products(step.right)
        before = f"{self._text.print(step.before)} = " if step.kind == "rewrite" else ""
        return before + self._text.print(step.right)

    def title(self, step: Step) -> str:
        if step.kind == "sum" and len(step.left) > 2:
            return "Second chain rule"
        if step.kind == "simplify" and self.derivation.view == "matrices":
            return "Matrix"
        several = step.kind == "sum" and not isinstance(step.right, Expr) and len(step.right) > 1
        return "Sum over paths" if several else TITLES.get(step.kind, step.kind)

    def left(self, step: Step) -> str:
        """The left-hand side in LaTeX."""
        if isinstance(step.left, str):
            return name_of(self.latex, step)
        if step.is_product:
            return matrix_left(self.latex, self.derivation, step)
        if step.kind in LOCAL:
            return self.latex.edge(*step.left)
        return self.latex.partial(*step.left)

    def _equation(self, step: Step) -> Markup:
        left = self.left(step)
        if is_too_long(step):
            return Markup("{} <span>is too long to show here</span>").format(in_math(left))
        right = self._right_in_latex(step)
        if right == left:
            return in_math(left)
        return Markup(breakable(f"{left} {self.relation(step)} {right}"))

    def relation(self, step: Step) -> str:
        return "="

    def _right_in_latex(self, step: Step) -> str:
        if step.kind == "rewrite":
            return f"{self.latex.print(step.before)} = {self.latex.print(step.right)}"
        if isinstance(step.right, Expr):
            return self.latex.print(step.right)
        if step.kind == "sum":
            return " + ".join(self.latex.chain(c) for c in step.right)
        return self.latex.products(step.right)

    def groups(self) -> list[StepGroup]:
        """Forward, backward edge by edge, then one group an asked partial."""
        steps = self.derivation.steps
        if self.is_large:
            return self._folded_groups()
        text = {s.id: self.step(s) for s in steps}
        forward = [text[s.id] for s in steps if s.kind == "forward"]
        moved = [text[s.id] for s in steps if s.kind == "differential"]
        about_nodes = (*ABOUT_NODES, "differential")
        others = [s for s in self.derivation.typed_steps if s.kind not in about_nodes]
        edges = [text[s.id] for s in others if self.is_backward(s)]
        groups = [
            StepGroup(Markup("Forward: values"), forward),
            StepGroup(self.backward(), edges),
        ]
        rest = [s for s in others if not self.is_backward(s)]
        by_title: dict[Left, list[StepText]] = {}
        for step in rest:
            by_title.setdefault(self._entry(tuple(step.left)), []).append(text[step.id])
        first = [left for left in by_title if moved and left not in self.derivation.asked]
        of_results = [left for left in by_title if left and left not in first]
        for left in (*first, (), *of_results):
            if not left and moved:
                groups.append(StepGroup(self._moved(), moved))
            if left not in by_title:
                continue
            found = by_title[left]
            title = in_math(self.latex.partial(*left)) if left else Markup("Slopes of inner nodes")
            spoken = self._text.partial(*left) if left else ""
            groups.append(StepGroup(title, found, folded=len(by_title) > 1, spoken=spoken))
        stable = [text[s.id] for s in self.derivation.stable_steps]
        groups.append(StepGroup(Markup(self.derivation.stable_title), stable))
        return [g for g in groups if g.steps]

    def _moved(self) -> Markup:
        names = (in_math(rf"\mathrm{{d}}{name_in_latex(name)}") for name in self.derivation.wrt)
        return Markup("Differentials, for any {}").format(Markup(", ").join(names))

    def _entry(self, left: Left) -> Left:
        """The result that a step belongs to; none for the slopes that second ones are made of."""
        if self.derivation.order == 1 or self.derivation.view == "matrices":
            return left
        return (self.derivation.of, *left[1:]) if len(left) > 2 else ()

    def is_backward(self, step: Step) -> bool:
        """Whether a step belongs to the edges, not to one of the results."""
        return step.kind in ("seed", *LOCAL)

    def backward(self) -> Markup:
        alone = Markup("; {}: along this edge alone").format(in_math(r"\partial^{+}"))
        what = Markup("Backward: edges")
        if self.derivation.order > 1:
            what = Markup("Local partials and curvatures")
        return what + (alone if self.derivation.direct else "")

    def _folded_groups(self) -> list[StepGroup]:
        """What has one form under one heading, to be opened where it is of interest."""
        groups = []
        for steps in groups_of_steps(self.derivation):
            first, last = (self.subject(s) for s in (steps[0], steps[-1]))
            kind = {"forward": "Forward: "}
            kind |= dict.fromkeys(STABLE_FORM, f"{self.derivation.stable_title}: ")
            kind |= dict.fromkeys(("seed", "edge"), "Backward: ")
            names = first if first == last else f"{first} … {last}"
            count = "1 step" if len(steps) == 1 else f"{len(steps)} steps"
            title = Markup("{}{} <span class=quiet>({})</span>").format(
                kind.get(steps[0].kind, ""), names, count
            )
            groups.append(StepGroup(title, [self.step(s) for s in steps], folded=True))
        return groups

    def lit(self, step: Step) -> tuple[Iterable[str], Iterable[Link]]:
        """The nodes and edges that a step is about."""
        walk = self.derivation.walk
        if step.kind in ("define", "differential"):  # the picture has no such node
            return [], []
        if isinstance(step.left, str):
            return [step.node], [(step.node, o) for o in walk.circuit[step.node].operands]
        of, *names = tuple(step.left)
        if step.kind in ("seed", *LOCAL):
            return [of, *names], [(of, n) for n in names]
        if step.kind == "sum" and not isinstance(step.right, Expr):
            links = [(k[0], n) for chain in step.right for k in chain if k != 2 for n in k[1:]]
            return [of, *names, *(b for _, b in links)], links
        return [of, *names], [(e.node, n) for n in names for e in walk.into.get(n, ())]


class AdjointWriter(EquationWriter):
    """Writes steps by adjoints: what each edge gives to the adjoint of its operand."""

    def __init__(
        self, derivation: Derivation, still: Callable[[Step], str] = lambda step: ""
    ) -> None:
        super().__init__(derivation, still)
        self.latex = printer_of(LatexPrinter, derivation, adjoints=True)
        self._text = printer_of(TextPrinter, derivation, adjoints=True)

    def title(self, step: Step) -> str:
        own = {
            "edge": "Propagate back",
            "sum": "Accumulate",
            "substitute": "Substitute the adjoints",
        }
        return own.get(step.kind) or super().title(step)

    def is_backward(self, step: Step) -> bool:
        return step.kind in ("seed", "edge", "sum") or step.rule == ONE

    def backward(self) -> Markup:
        sign, partial = r"\delta_{v}", self.latex.partial(self.derivation.of, "v")
        return Markup("Backward: adjoints, {}").format(in_math(f"{sign} = {partial}"))

    def left(self, step: Step) -> str:
        return super().left(step) if self._is_plain(step) else self._sign(self.latex, step)

    def subject(self, step: Step) -> str:
        return super().subject(step) if self._is_plain(step) else self._sign(self._text, step)

    def relation(self, step: Step) -> str:
        adds = step.kind == "edge" and len(self.derivation.walk.into[step.left[1]]) > 1
        return r"\mathrel{+}=" if adds else "="

    def _is_plain(self, step: Step) -> bool:
        return step.kind in (*ABOUT_NODES, "seed") or not self.is_backward(step)

    def _sign(self, printer: Any, step: Step) -> str:
        return adjoint_sign(printer, self.derivation.walk, step.left[1])

    def _right(self, step: Step) -> str:
        return self._text.print(step.right)


def in_math(latex: str) -> Markup:
    return Markup(mathml(latex))


def is_too_long(step: Step) -> bool:
    """Whether a formula has too many operations; known before it is printed, which takes time."""
    if step.kind == "sum" and not isinstance(step.right, Expr):
        return False
    products = step.right if step.kind == "substitute" else ((step.right,),)
    products = ((products,),) if isinstance(products, Expr) else products
    count = sum(weight(factor) + 1 for product in products for factor in product)
    return count > MOST_OPERATIONS.get(step.kind, 60)


__all__ = ["AdjointWriter", "EquationWriter", "StepGroup", "StepText", "in_math", "is_too_long"]
