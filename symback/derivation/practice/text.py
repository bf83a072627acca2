"""A derivation as text with blanks in it, and nothing that gives an answer away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from symback.derivation.paths import listed_paths
from symback.derivation.record import Derivation, Step, slopes_of
from symback.derivation.steps import RULES, rule_names
from symback.derivation.text.normal import edges_title, folded, printer_for

LEVELS = 3
BLANK = "______"
MOST_ALIGNED = 40  # characters of a right-hand side that the column of rules leaves room for

Key = tuple[str, tuple[str, str]]  # "edge" or "result", and the partial that is asked for


class QuizText:
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
        self._kind, self._level, self._ascii = kind, level, ascii
        self._printer = printer_for(derivation, ascii)

    def lines(self) -> list[str]:
        derivation = self._derivation
        rows = [s for s in derivation.steps if s.kind == "forward"]
        lines = [f"Quiz on the partials of {derivation.of}, level {self._level}", "", "Forward"]
        for step in rows:
            lines += folded(f"  {step.node} = ", self._printer.print(step.right))
        lines += ["", edges_title(derivation, self._ascii), *self._edges()]
        for name in derivation.wrt:
            part = self._partial(name)
            lines += ["", *part] if part else []
        return lines

    def _edges(self) -> Iterator[str]:
        """A row an edge, its columns as wide as those of the derivation."""
        steps = [s for s in self._derivation.steps if s.edge]
        links = [s.edge for s in steps if s.edge is not None]
        names = [f"{node} → {operand}" for node, operand in links]
        partials = [self._printer.edge(*link) for link in links]
        sides = [self._sides(step, self._numbers.get(("edge", link)))
                 for step, link in zip(steps, links, strict=True)]  # fmt: skip
        wide, broad = max(map(len, names), default=0), max(map(len, partials), default=0)
        room = max((len(right) for right, _ in sides if len(right) <= MOST_ALIGNED), default=0)
        rows = enumerate(zip(names, partials, sides, strict=True), 1)
        for number, (name, partial, (right, rule)) in rows:
            left = f"{number:>4}  {name:<{wide}}   {partial:<{broad}} = "
            yield from folded(left, f"{right:<{room}}   {rule}".rstrip())

    def _sides(self, step: Step, blank: int | None) -> tuple[str, str]:
        """Right-hand side and rule, one of them a blank; a rule that is a formula, such as
        σ′ = σ·(1 − σ), would give the blank beside it away.
        """
        right, rule = self._printer.print(step.right), step.rule
        if blank is None:
            return right, rule
        if self._kind == "rules":
            return right, f"({blank}) {BLANK}"
        is_name = all(name in RULES for name in rule_names(rule))
        return f"({blank}) {BLANK}", rule if is_name and self._level == 1 else ""

    def _partial(self, name: str) -> list[str]:
        """The lines of one partial, as far as they give no answer away."""
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
            for slope, expanded in slopes_of(derivation, steps["expand"].before):
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
        many = listed_paths(self._derivation.walk, asked[1]) is None
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
                factors.append(text if blank is None else f"({blank}){BLANK[:3]}")
            texts.append(self._printer.times_sign.join(factors))
        return " + ".join(texts)

    def _hides(self, step: Step) -> bool:
        """Whether an answer went into a sum over paths."""
        if self._kind == "rules":
            return False
        end = step.left[1]
        used = listed_paths(self._derivation.walk, end)
        if used is None:
            return bool(self._numbers)
        return any(("edge", (e.node, e.operand)) in self._numbers for path in used for e in path)


__all__ = ["BLANK", "LEVELS", "Key", "QuizText"]
