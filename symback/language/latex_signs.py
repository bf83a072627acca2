r"""Signs of textbooks in LaTeX: \mathrm{J}_0(x), \langle a, b \rangle, matrices, entries x_i."""

from __future__ import annotations

from collections.abc import Sequence

from symback.language.latex_cases import LatexCases
from symback.language.latex_names import GREEK_LETTERS
from symback.language.latex_tokens import LatexToken
from symback.language.terms import Refused, Term, make_term
from symback.operations.textbook import SIGNS

_LETTERS = {
    sign.letter.removeprefix(r"\ln").removeprefix(r"\mathrm{").rstrip("}").lstrip("\\")
    for sign in SIGNS.values()
    if "operatorname" not in sign.letter and "log" not in sign.letter
}
_OFTEN_FUNCTIONS = frozenset({"f", "phi", "Phi", "psi", "Psi", "zeta", "Gamma"})
"""Letters before a bracket that more books use for functions than for factors."""
_BESIDE = {"beta": "euler_beta"}  # where a number has the name
_NORMS = {"1": "sum", "infty": "max", "F": "norm", "2": "norm"}


class LatexSigns(LatexCases):
    """Reads what stands for a function by its sign, and brackets of vectors and matrices."""

    _defined: frozenset[str] = frozenset()  # the names on the left of = and of \in
    _ranks: dict[str, int]  # those that \in declares
    _functions: set[str]
    _own: str  # the node that is being defined
    _has_arrays: bool

    # -- functions by their letters ---------------------------------------------------------

    def _by_sign(self) -> Term | None:
        """A function by the letter of textbooks, as SIGNS has it; None where none stands here."""
        start = self._at
        logarithm = self._is("ln", "log")
        if logarithm:
            self._take()
        token = self._take()
        is_letter = token.kind == "word" or token.text in ("psi", "Phi", "Gamma")
        if not is_letter or token.text not in _LETTERS or self._is_taken(token):
            self._at = start
            return None
        try:
            found = self._sign_at(token, logarithm)
        except Refused:
            found = None
        if found is None:
            self._at = start
        return found

    def _is_taken(self, token: LatexToken) -> bool:
        name = GREEK_LETTERS.get(token.text, token.text)
        return name in self._defined or name in self._functions

    def _sign_at(self, token: LatexToken, logarithm: bool) -> Term | None:
        letter = rf"\mathrm{{{token.text}}}" if token.kind == "word" else f"\\{token.text}"
        letter = rf"\ln{letter}" if logarithm else letter
        below = self._script() if self._accept("_") else None
        above = self._script(order=True) if self._accept("^") else None
        if not self._is("(", "{") or self._next.spaced:
            return None
        inside = self._arguments()
        for name, sign in SIGNS.items():
            if sign.letter != letter or len(sign.inside) != len(inside):
                continue
            operands = dict(zip(sign.inside, inside, strict=True))
            if _agrees(sign.below, below, operands) and _agrees(sign.above, above, operands):
                ordered = [operands[i] for i in sorted(operands)]
                return make_term("call", token.place, ordered, _BESIDE.get(name, name))
        return None

    def _script(self, order: bool = False) -> Term:
        """What stands below, or above: a number in brackets there is an order."""
        if not self._accept("{"):
            return self._base()
        made = self._sum()
        self._expect("}")
        return made

    # -- what has two readings --------------------------------------------------------------

    def _refuse_function(self, name: Term, joined: LatexToken, is_single: bool) -> None:
        """A name before a bracket that is a function for its readers, or before a single name."""
        of_bessel = joined.text in "JYIK" and name.text[1:].isdigit()
        is_word = joined.kind in ("word", "text") and len(joined.text) > 1
        is_function = is_word or (of_bessel and joined.text in "JY")
        if not (is_single or is_function or name.text in _OFTEN_FUNCTIONS):
            return
        shown = name.text[:20]
        bessels = rf"for Bessel's function \mathrm{{{joined.text}}}_{name.text[1:]}(…)"
        raise self._refused(
            f"is {shown}(…) a product or a function? Write {shown} \\cdot (…), or "
            f"{bessels if of_bessel else 'a name without brackets'}",
            joined.place,
        )

    # -- brackets ---------------------------------------------------------------------------

    def _angles(self, token: LatexToken) -> Term:
        r"""\langle a, b \rangle is the product of two vectors."""
        left = self._sum()
        if not self._accept(","):
            raise self._refused("a mean is not known; write its formula", token.place)
        right = self._sum()
        self._expect("rangle")
        return make_term("call", token.place, [left, right], "dot")

    def _matrix(self, token: LatexToken) -> Term:
        """A column is a vector, other numbers are the rows of a matrix."""
        rows: list[list[Term]] = [[]]
        while not self._accept("end matrix"):
            if self._accept("\\\\"):
                rows.append([])
                continue
            if rows[-1]:
                self._expect("&")
            rows[-1].append(self._entry())
        rows = [row for row in rows if row]
        if not rows or len({len(row) for row in rows}) > 1:
            raise self._refused("the rows of a matrix are of one length", token.place)
        if len(rows[0]) == 1:
            return make_term("vector", token.place, [row[0] for row in rows])
        parts = [make_term("vector", row[0].place, row) for row in rows]
        return make_term("vector", token.place, parts)

    def _entry(self) -> Term:
        """One entry, which is no left side of a column: & ends it."""
        return self._sum()

    def _norm(self, token: LatexToken, inner: Term) -> Term:
        r"""\lVert x \rVert, with _1, _2, _\infty or _F below."""
        kind = self._kind_of_norm() if self._accept("_") else ""
        if kind in ("1", "2", "infty") and self._is_matrix(inner):
            raise self._refused(
                r"the norm of a matrix: \lVert A \rVert_F is that of its elements; the others are "
                "largest values, which have no word here",
                token.place,
            )
        word = _NORMS.get(kind or "2")
        if word is None:
            raise self._refused(r"a norm is that of _1, _2, _\infty or _F", token.place)
        if word != "norm":
            inner = make_term("call", token.place, [inner], "abs")
        return make_term("call", token.place, [inner], word)

    def _kind_of_norm(self) -> str:
        braced = self._accept("{")
        kind = self._take().text
        if braced:
            self._expect("}")
        return kind

    def _is_matrix(self, term: Term) -> bool:
        """Whether a name, or a sum of names, is one of matrices."""
        while term.kind in ("bracketed", "negative", "transpose"):
            term = term.args[0]
        if term.kind == "sum":
            return any(map(self._is_matrix, term.args))
        return term.kind == "name" and self._ranks.get(term.text, 0) > 1

    # -- entries ----------------------------------------------------------------------------

    def _entry_of(self, stem: str, parts: Sequence[str], name: Term) -> Term:
        """x_1 of a vector x, where no x1 is defined: entries count from 1."""
        is_array = self._has_arrays and stem in self._defined and stem != self._own
        if not is_array or name.text in self._defined:
            return name
        if not parts or not all(part.isdigit() for part in parts):
            return name
        numbers = list(parts)
        if self._ranks.get(stem, 0) > 1 and len(numbers) == 1:
            numbers = list(numbers[0])  # w_{12}
        if "0" in numbers:
            raise self._refused(
                f"is {stem[:20]}_0 an entry, which count from 1, or a name of its own? Write a "
                r"word below it, as x_{\mathrm{start}}",
                name.place,
            )
        array = make_term("name", name.place, [], stem)
        places = [make_term("number", name.place, [], str(int(n) - 1)) for n in numbers]
        return make_term("index", name.place, [array, *places])

    def _arguments(self) -> list[Term]:
        raise NotImplementedError

    def _base(self) -> Term:
        raise NotImplementedError


def _agrees(part: int | str | None, typed: Term | None, operands: dict[int, Term]) -> bool:
    """Whether a script is that of the sign; an operand in it joins the others."""
    if part is None or typed is None:
        return part is None and typed is None
    if isinstance(part, str):
        return _text_of(typed) == part
    if typed.kind == "bracketed":
        typed = typed.args[0]
    operands[part] = typed
    return True


def _text_of(term: Term) -> str:
    if term.kind == "bracketed":
        return f"({_text_of(term.args[0])})"
    if term.kind == "negative":
        return f"-{_text_of(term.args[0])}"
    return term.text


__all__ = ["LatexSigns"]
