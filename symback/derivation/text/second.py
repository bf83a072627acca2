"""A Hessian as text: curvatures, slopes of inner nodes, then each entry node by node."""

from __future__ import annotations

from collections.abc import Sequence

from symback.derivation.hessian import kind_of_term
from symback.derivation.record import LEFT_OUT, Derivation, Step
from symback.derivation.steps import Left
from symback.derivation.text.normal import WIDTH, Text, folded
from symback.printing.text import TextPrinter

CURVATURES = "Curvatures: second local partials"
SLOPES = "Slopes of inner nodes"


class HessianText(Text):
    """The parts of a Hessian; each term of the second chain rule has its kind beside it."""

    def _partials(self) -> list[list[str]]:
        curvatures = self._steps("curvature")
        parts = [self._table(CURVATURES, curvatures)] if curvatures else []
        slopes = [left for left in self._about if len(left) == 2]
        parts += [[SLOPES, *self._all(slopes)]] if slopes else []
        for asked in self._derivation.asked:
            parts.append(self._all([left for left in self._about if left[1:] == asked[1:]]))
            parts[-1] += left_out(self._derivation, self._printer, asked, "  ")
        return parts

    def _all(self, lefts: Sequence[Left]) -> list[str]:
        return [line for left in lefts for line in self._partial(left)]

    def _partial(self, about: Left) -> list[str]:
        steps = self._about[about]
        if "sum" not in steps:
            return super()._partial(about)
        left = self._printer.partial(*about)
        terms = self._short.chains(steps["sum"].right)
        lines = self._terms(left, steps["sum"]) if len(about) > 2 and terms != left else []
        rights = self._forms(steps) if "substitute" in steps else []
        rights = rights if lines else [terms, *rights]
        said = ["", *rights] if lines else [r for r in dict.fromkeys(rights) if r != left]
        for i, right in enumerate(dict.fromkeys(said)):
            start = f"  {left} = " if i == 0 else f"  {'':<{len(left)}} = "
            lines += folded(start, right) if right else []
        if "expand" in steps:
            lines += self._expansion(left, steps["expand"], steps.get("substitute"))
        return lines

    def _terms(self, left: str, step: Step) -> list[str]:
        """The sum of products, one a line, with the kind of each where it fits."""
        lines: list[str] = []
        for i, chain in enumerate(step.right):
            sign = "=" if i == 0 else self._short.plus.strip()
            start = f"  {left if i == 0 else '':<{len(left)}} {sign} "
            words, names = kind_of_term(chain)
            text, kind = self._short.chain(chain), words.format(*names)
            if len(start) + len(text) + 3 + len(kind) <= WIDTH:
                lines.append(f"{start + text:<{WIDTH - len(kind)}}{kind}")
            else:
                lines += [*folded(start, text), f"{kind:>{WIDTH}}"]
        return lines


def left_out(
    derivation: Derivation, printer: TextPrinter, left: Left, indent: str = ""
) -> list[str]:
    """What is said of an entry that is not written out."""
    said = f"{printer.partial(*left)} {LEFT_OUT}"
    return folded(indent, said) if derivation.is_left_out(left) else []


__all__ = ["HessianText", "left_out"]
