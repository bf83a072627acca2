r"""The signs of textbooks for functions, as LaTeX has them: \mathrm{J}_{n}(x) is besselj.

Letters of functions are upright, as ISO 80000-2 has them: J_0(x) in italics may be a product.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sign:
    """The letter of a function; the operands in brackets, the one below, the order in (…) above.

    A text in the place of an operand is part of the sign, as in \\mathrm{W}_{-1}.
    """

    letter: str
    inside: tuple[int, ...]
    below: int | str | None = None
    above: int | str | None = None

    def printed(self, operands: Sequence[str]) -> str:
        text = self.letter
        if self.below is not None:
            text += f"_{{{_shown(self.below, operands)}}}"
        if self.above is not None:
            above = _shown(self.above, operands)
            text += f"^{{{above}}}" if isinstance(self.above, str) else f"^{{({above})}}"
        return rf"{text}\left({', '.join(operands[i] for i in self.inside)}\right)"


def _shown(part: int | str, operands: Sequence[str]) -> str:
    return part if isinstance(part, str) else operands[part]


SIGNS: Mapping[str, Sign] = {
    "besselj": Sign(r"\mathrm{J}", (1,), below=0),
    "bessely": Sign(r"\mathrm{Y}", (1,), below=0),
    "besseli": Sign(r"\mathrm{I}", (1,), below=0),
    "besselk": Sign(r"\mathrm{K}", (1,), below=0),
    "betainc": Sign(r"\mathrm{I}", (0, 1), below=2),
    "gammainc": Sign(r"\mathrm{P}", (0, 1)),
    "gammaincc": Sign(r"\mathrm{Q}", (0, 1)),
    "beta": Sign(r"\mathrm{B}", (0, 1)),
    "betaln": Sign(r"\ln\mathrm{B}", (0, 1)),
    "loggamma": Sign(r"\ln\Gamma", (0,)),
    "lambertw": Sign(r"\mathrm{W}", (0,), below="0"),
    "lambertwm1": Sign(r"\mathrm{W}", (0,), below="-1"),
    "digamma": Sign(r"\psi", (0,), above="(0)"),
    "polygamma": Sign(r"\psi", (1,), above=0),
    "trigamma": Sign(r"\psi", (0,), above="(1)"),
    "ndtri": Sign(r"\Phi", (0,), above="-1"),
    "ndtr": Sign(r"\Phi", (0,)),
    "log10": Sign(r"\log", (0,), below="10"),
    "log2": Sign(r"\log", (0,), below="2"),
}
"""By the name of the function."""

__all__ = ["SIGNS", "Sign"]
