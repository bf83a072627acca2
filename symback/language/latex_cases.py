r"""The cases of LaTeX: values with their conditions, the last \text{otherwise}."""

from __future__ import annotations

from symback.language.latex_names import RELATIONS, LatexNames
from symback.language.latex_tokens import LatexToken
from symback.language.terms import Refused, Term, make_term

_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}


class LatexCases(LatexNames):
    """Reads the inside of an environment of cases."""

    def _cases(self, token: LatexToken) -> Term:
        """Values and conditions; the last is otherwise, or the opposite of the one before."""
        rows: list[tuple[Term, Term | None]] = []
        while not self._accept("end cases"):
            value = self._sum()
            self._accept(",")
            self._expect("&")
            rows.append((value, self._case()))
            self._accept(",", ".")
            if not self._accept("\\\\") and not self._is("end cases"):
                raise self._strange()
        if len(rows) < 2:
            raise self._refused(r"cases have two rows or more", token.place)
        value, holds = rows[-1]
        if holds is not None and not _is_opposite(rows[-2][1], holds):
            why = r"the last of the cases needs \text{otherwise}, or the opposite condition"
            raise self._refused(why, token.place)
        for first, condition in reversed(rows[:-1]):
            if condition is None:
                raise self._refused("only the last of the cases is otherwise", token.place)
            value = make_term("call", token.place, [condition, first, value], "where")
        return value

    def _case(self) -> Term | None:
        text = self._next.text.strip().rstrip(",.:").lower()
        if self._next.kind in ("text", "word"):
            self._take()
            if text in ("otherwise", "else", "elsewhere"):
                return None
            if text not in ("if", "for", "when", "where", "falls"):
                raise self._refused(r"a case is \text{if } x > 0 or \text{otherwise}")
        return self._condition()

    def _condition(self) -> Term:
        left = self._conjunction()
        while self._accept("vee", "lor") or self._accept_text("or"):
            left = make_term("either", left.place, [left, self._conjunction()])
        return left

    def _conjunction(self) -> Term:
        left = self._comparison()
        while self._accept("wedge", "land") or self._accept_text("and"):
            left = make_term("both", left.place, [left, self._comparison()])
        return left

    def _accept_text(self, word: str) -> bool:
        if self._next.kind in ("text", "word") and self._next.text.strip() == word:
            self._take()
            return True
        return False

    def _comparison(self) -> Term:
        if self._is("("):
            start = self._at
            self._take()
            try:
                inner = self._condition()
                self._expect(")")
                return inner
            except Refused:
                self._at = start
        left, found = self._sum(), None
        while self._is(*RELATIONS):
            token = self._take()
            right = self._sum()
            one = make_term("compare", token.place, [left, right], RELATIONS[token.text])
            found = one if found is None else make_term("both", token.place, [found, one])
            left = right
        if found is None:
            raise self._refused("a comparison is missing, as in x > 0")
        return found


def _is_opposite(one: Term | None, other: Term) -> bool:
    if one is None or one.kind != "compare" or other.kind != "compare":
        return False
    return _OPPOSITE[one.text] == other.text and all(
        _same(a, b) for a, b in zip(one.args, other.args, strict=True)
    )


def _same(a: Term, b: Term) -> bool:
    alike = (a.kind, a.text, len(a.args)) == (b.kind, b.text, len(b.args))
    return alike and all(_same(x, y) for x, y in zip(a.args, b.args, strict=True))


__all__ = ["LatexCases"]
