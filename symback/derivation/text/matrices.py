"""Matrices of arrays as text: what moves, then what each differential is multiplied by."""

from __future__ import annotations

from symback.derivation.record import Step
from symback.derivation.steps import Left
from symback.derivation.text.adjoints import matrix_left, name_of
from symback.derivation.text.normal import ArrayDerivationText, folded


class MatricesText(ArrayDerivationText):
    """The parts of a Jacobian or Hessian by differentials."""

    def _partials(self) -> list[list[str]]:
        derivation = self._derivation
        first = [(derivation.of, n) for n in derivation.wrt] if derivation.order > 1 else []
        parts = [self._partial(left) for left in first if left in self._about]
        parts.append(self._differentials())
        parts += [self._matrix(left) for left in derivation.asked]
        return parts

    def _differentials(self) -> list[str]:
        leaves = self._derivation.wrt
        moved = ", ".join(f"d{name}" for name in leaves)
        lines = [f"Differentials, for any {moved}"]
        steps = self._steps("differential")
        signs = [name_of(self._printer, step) for step in steps]
        width = max((len(sign) for sign in signs), default=0)
        for sign, step in zip(signs, steps, strict=True):
            lines += self._line("", f"{sign:<{width}} = ", step)
        return lines if steps else []

    def _line(self, start: str, left: str, step: Step) -> list[str]:
        self._room = self._room if start else 0
        return super()._line(start, left, step)

    def _matrix(self, left: Left) -> list[str]:
        steps = self._about[left]
        step = steps.get("simplify") or steps["product"]
        about = matrix_left(self._printer, self._derivation, step)
        lines = self._line("", f"{about} = ", step)
        for block in self._derivation.blocks_of(left):
            lines += self._line("", f"{self._printer.partial(*block.left)} = ", block)
        if "expand" in steps:
            expanded = self._printer.print(steps["expand"].right)
            lines += [*self._slopes(step), *folded(f"  {about} = ", expanded)]
        return lines


__all__ = ["MatricesText"]
