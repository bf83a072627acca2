"""Names of LaTeX, and the walk over its tokens."""

from __future__ import annotations

from collections.abc import Sequence

from symback.errors import CircuitSyntaxError
from symback.language.latex_tokens import LatexToken
from symback.language.terms import Refused, Term, make_term
from symback.operations.signs import GREEK

GREEK_LETTERS = {name.rstrip("_"): name for name in GREEK.values()}
GREEK_LETTERS |= {"varepsilon": "epsilon", "vartheta": "theta", "varphi": "phi", "varrho": "rho"}
GREEK_LETTERS |= {"ell": "ell", "hbar": "hbar"}
ACCENTS = {"hat": "_hat", "widehat": "_hat", "bar": "_bar", "overline": "_bar", "tilde": "_tilde"}
FONTS = frozenset("mathbf boldsymbol bm vec mathcal mathbb".split())
RELATIONS = {
    **{sign: sign for sign in "<>"},
    **{"=": "==", "lt": "<", "gt": ">", "ne": "!=", "neq": "!="},
    **dict.fromkeys(("le", "leq", "leqslant"), "<="),
    **dict.fromkeys(("ge", "geq", "geqslant"), ">="),
}
REFUSED = {
    "pm": "± is two formulas; write one of them",
    "mp": "∓ is two formulas; write one of them",
    "int": "integrals are not known; write the formula of the integral",
    **dict.fromkeys(("oint", "iint"), "integrals are not known; write the formula of the integral"),
    **dict.fromkeys(("lim", "to"), "limits are not known; write the formula of the limit"),
    "choose": r"write \binom{n}{k}",
    "otimes": r"write \operatorname{outer}(a, b) of vectors, \operatorname{kron}(a, b) of matrices",
    "infty": "∞ can't stand in a formula",
    "partial": "write the formula without ∂; symback derives it",
    "nabla": "write the formula without ∇; symback derives it",
    "dot": r"\dot x is a derivative; write a name, as \mathrm{v}",
    "ddot": r"\ddot x is a derivative; write a name, as \mathrm{a}",
    "ldots": "write every term, or a sum over constant bounds",
    "dots": "write every term, or a sum over constant bounds",
    "cdots": "write every term, or a sum over constant bounds",
    **dict.fromkeys(("approx", "equiv", "simeq", "sim", "propto"), "write = to define a node"),
    "lg": r"is \lg the logarithm to base 10 or 2? Write \log_{10} or \log_{2}",
    "bmod": r"write \operatorname{mod}(x, y)",
    "mod": r"write \operatorname{mod}(x, y)",
    "over": r"write \frac{a}{b}",
    "underbrace": "write the formula without braces below it",
    "overbrace": "write the formula without braces above it",
    "%": r"write 5\% as 0.05",
    "star": r"write a name, as x_1 or \mathrm{x\_star}",
}


class LatexNames:
    """A place among tokens, and the names that stand there."""

    def __init__(self, found: list[LatexToken]) -> None:
        last = found[-1].place if found else (1, 1)
        self._tokens = [*found, LatexToken("end", "", (last[0], last[1] + 1))]
        self._at = 0
        self._bound: dict[str, int] = {}  # the indices of sums

    # -- tokens -----------------------------------------------------------------------------

    @property
    def _next(self) -> LatexToken:
        return self._tokens[self._at]

    def _is(self, *texts: str, ahead: int = 0) -> bool:
        token = self._tokens[min(self._at + ahead, len(self._tokens) - 1)]
        return token.kind in ("sign", "command") and token.text in texts

    def _take(self) -> LatexToken:
        token = self._next
        self._at += token.kind != "end"
        return token

    def _accept(self, *texts: str) -> bool:
        if self._is(*texts):
            self._take()
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._accept(text):
            shown = self._next.text or "the end"
            raise self._refused(f"'{text}' is missing before '{shown[:20]}'")

    def _refused(self, why: str, at: tuple[int, int] | None = None) -> Refused:
        return Refused(at or self._next.place, why, CircuitSyntaxError)

    def _begins_name(self) -> bool:
        token = self._next
        if token.kind in ("letter", "word", "text"):
            return True
        known = ACCENTS.keys() | FONTS | GREEK_LETTERS.keys()
        if token.text == "pi":  # a constant, and pi2 a name
            return token.kind == "command" and self._is("_", ahead=1)
        return token.kind == "command" and token.text in known

    def _strange(self) -> Refused:
        token = self._next
        if self._is("="):
            return self._refused(r"'=' a second time; end each formula by \\")
        if token.text in REFUSED:
            return self._refused(REFUSED[token.text])
        if self._is("'"):
            return self._refused("a prime is a derivative or part of a name; write x_1 or a word")
        if self._is("!"):
            return self._refused("'!' stands behind what it is of, as in n!")
        if self._is(*RELATIONS):
            return self._refused(r"comparisons stand in \begin{cases} only")
        return self._refused(f"'{token.text[:20] or 'the end'}' can't stand here")

    # -- names ------------------------------------------------------------------------------

    def _name(self, has_scripts: bool = True) -> Term:
        """A name; \\hat y_1 has a hat on its letter alone, and then the subscript."""
        token = self._take()
        place = token.place
        if token.kind in ("letter", "word", "text"):
            text = token.text
        elif token.text in GREEK_LETTERS:
            text = GREEK_LETTERS[token.text]
        elif token.text in ACCENTS or token.text in FONTS:
            braced = self._accept("{")
            if self._next.kind == "number":
                raise self._refused("write an indicator function by cases", place)
            inner = self._name(has_scripts=braced)
            if token.text == "mathbb" and inner.text in ("E", "P", "V"):
                raise self._refused("a mean or probability is not known; write its formula", place)
            if braced:
                self._expect("}")
            text = inner.text + ACCENTS.get(token.text, "")
        else:
            self._at -= 1
            raise self._strange()
        if token.kind == "word" and text == "e":
            return make_term("call", place, [make_term("number", place, [], "1")], "exp")
        stem, parts = text, []
        if has_scripts and self._accept("_"):
            subscript = self._group()
            text, parts = _joined(text, subscript), subscript.split("_")
        if has_scripts and self._is("'"):
            raise self._strange()
        name = make_term("name", place, [], text)
        return self._entry_of(stem, parts, name)

    def _entry_of(self, stem: str, parts: Sequence[str], name: Term) -> Term:
        return name

    def _group(self) -> str:
        """The text of a subscript; the indices of sums have their values."""
        if not self._is("{"):
            return self._part()
        self._take()
        parts: list[str] = []
        while not self._is("}") and self._next.kind != "end":
            parts.append(self._part())
        self._expect("}")
        text = "".join(parts)
        if any(sign in text for sign in "+-"):
            return self._computed(parts)
        return text

    def _part(self) -> str:
        token = self._take()
        if token.kind == "letter" and token.text in self._bound:
            return str(self._bound[token.text])
        if token.kind in ("letter", "number", "word", "text"):
            return token.text.replace(",", "_")  # h1,1 in a roman font is one token
        if token.kind == "command" and token.text in GREEK_LETTERS:
            return GREEK_LETTERS[token.text].rstrip("_")
        if token.kind == "command" and token.text in ("max", "min"):
            return token.text
        if token.text in (",", "/", "+", "-"):
            return "_" if token.text in ",/" else token.text
        raise self._refused("a subscript has letters and numbers", token.place)

    def _computed(self, parts: list[str]) -> str:
        """i + 1, where i is the index of a sum."""
        total, sign = 0, 1
        for part in parts:
            if part in "+-":
                sign = 1 if part == "+" else -1
            elif part.isdigit():
                total += sign * int(part)
            else:
                raise self._refused("a subscript that is computed has indices of sums only")
        return str(total)

    def _sum(self) -> Term:
        raise NotImplementedError


def _joined(name: str, subscript: str) -> str:
    """x with 1 is x1, with max x_max."""
    plain = subscript.isdigit() and "_" not in name
    return name + subscript if plain else f"{name.rstrip('_')}_{subscript}"


__all__ = ["ACCENTS", "FONTS", "GREEK_LETTERS", "REFUSED", "RELATIONS", "LatexNames"]
