"""The text of a derivation: line by line, or by groups where it is large."""

from __future__ import annotations

from symback.derivation.record import Derivation
from symback.derivation.text import grouped
from symback.derivation.text.matrices import MatricesText
from symback.derivation.text.normal import ArrayDerivationText, Text
from symback.derivation.text.second import HessianText


def to_text(derivation: Derivation, *, ascii: bool = False) -> str:
    """The whole derivation: forward lines, edges, sums over paths, results, numbers.

    Beyond some hundred edges, nodes and edges of one form are one line.
    """
    if grouped.is_large(derivation) and not derivation.is_matrix:
        return grouped.to_text(derivation, ascii=ascii)
    kind = ArrayDerivationText if derivation.view == "accumulation" else Text
    kind = HessianText if derivation.order > 1 else kind
    kind = MatricesText if derivation.view == "matrices" else kind
    return "\n".join(kind(derivation, ascii).lines()).rstrip() + "\n"


__all__ = ["to_text"]
