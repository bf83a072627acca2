r"""LaTeX → statements: formulas as books have them, read into the terms of circuit text.

A letter is a name, and letters side by side are a product; x_1 is x1, x_{ij} is x_ij, \hat y is
y_hat, \mathrm{net} is net, bold letters are the letters. What has two readings is refused.
Sums and products run over constant ranges. `x \in \mathbb{R}^{d}` declares a vector or matrix.

The module is long because it is one grammar, a method for each construct.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from symback.errors import TooLarge
from symback.language import words
from symback.language.arrays import CALLS
from symback.language.latex_names import ACCENTS, FONTS, GREEK_LETTERS, REFUSED
from symback.language.latex_signs import LatexSigns
from symback.language.latex_tokens import LatexToken, scripts_in_order, tokens
from symback.language.options import inferred_role
from symback.language.syntax import Declaration, Equation, SourceText, Statement
from symback.language.terms import Refused, Term, extended, make_term
from symback.operations.elementwise import SPELLINGS

MOST_STEPS = 200_000  # factors that are read, those of sums each time
DEEPEST = 60

_TRANSPOSED = frozenset({"top", "intercal", "T"})
_BARS = {
    "lvert": ("rvert", "bars"),
    "lVert": ("rVert", "norm"),
    "Vert": ("Vert", "norm"),
    "vert": ("vert", "bars"),
    "|": ("|", "norm"),
    "lfloor": ("rfloor", "floor"),
    "lceil": ("rceil", "ceil"),
}
_SAME_BARS = frozenset({"|", "Vert", "vert"})  # that open and close alike
_NO_FUNCTIONS = frozenset({*ACCENTS, *FONTS, *REFUSED})
_IN_BOOKS = {
    **{"tr": "trace", "Tr": "trace"},
    **{"ReLU": "relu", "GELU": "gelu", "SiLU": "silu", "ELU": "elu", "SELU": "selu"},
}
_WORDS_BETWEEN = frozenset("and or if for when where otherwise else falls".split())

_DERIVATIVE = re.compile(r"\{ d( \^ (\d+|\{ \d+ \}))?( [^ ^{}]+)? \} \{ d (?!\})")
"""The tokens of a fraction of differentials, up to what stands below."""


def _known(name: str) -> bool:
    name = _IN_BOOKS.get(name, name)
    return name in SPELLINGS or name in CALLS or name in words.ALIASES or bool(words.arities(name))


def statements_of_latex(source: SourceText) -> list[Statement]:
    """The statements of a LaTeX text; CircuitSyntaxError says where and why it is none."""
    try:
        return _Reader(scripts_in_order(tokens(source.text))).statements()
    except Refused as error:
        raise error.kind(error.message, source.place(error.at)) from None


class _Reader(LatexSigns):
    """Reads tokens from left to right; a method reads one construct."""

    def __init__(self, found: list[LatexToken]) -> None:
        super().__init__(found)
        self._depth = 0
        self._steps = 0
        self._ranks: dict[str, int] = {}
        self._called: set[str] = set()
        self._closing: list[str] = []
        self._has_arrays = any(t.kind == "command" and t.text == "in" for t in found)
        self._functions = self._names_with_arguments()
        self._own = ""  # the node or function that is being defined

    # -- statements -------------------------------------------------------------------------

    def _names_with_arguments(self) -> set[str]:
        """The names of g(u) = …, which may be functions of the text, and those of all nodes."""
        start = self._at
        found: set[str] = set()
        defined: set[str] = set()
        while self._next.kind != "end":
            if self._begins_name() and (left := self._left_side()) is not None:
                defined.add(left.text)
                if left.args:
                    found.add(left.text)
            while self._next.kind != "end" and not self._accept("\\\\"):
                self._take()
        self._at = start
        self._defined = frozenset(defined)
        return found

    def statements(self) -> list[Statement]:
        found: list[Statement] = []
        while self._next.kind != "end":
            if self._accept("\\\\", ",", ";", ".", "&"):
                continue
            found.append(self._statement())
            if not (self._next.kind == "end" or self._is("\\\\", ",", ";", ".")):
                raise self._strange()
        for i, one in enumerate(found):
            if isinstance(one, Equation) and one.right and self._is_node(one.left):
                name = make_term("name", one.left.place, [], one.left.text)
                found[i] = Equation(name, one.right)
        return found

    def _is_node(self, left: Term) -> bool:
        """Whether f(x) = … is a node of x, as nothing calls it."""
        return left.kind == "call" and left.text not in self._called

    def _statement(self) -> Statement:
        start = self._at
        if self._begins_name():
            left = self._left_side()
            if left is not None and self._is("in"):
                return self._declaration(left)
            if left is not None:
                self._accept("&")
                self._accept(":")
                self._expect("=")
                self._accept("&")
                self._own = left.text
                return Equation(left, self._sum())
            self._at = start
        bare = self._sum()
        if self._is("=", "&"):
            raise self._refused(
                r"left of '=' stands one name, as in f = x_1 - x_2; of several letters it is "
                r"\mathrm{PV}"
            )
        return Equation(bare, None)

    def _left_side(self) -> Term | None:
        """The name before =, perhaps with arguments, or before \\in; else nothing."""
        try:
            name = self._name()
            arguments: list[Term] = []
            if self._accept("("):
                while self._begins_name():
                    arguments.append(self._name())
                    if self._accept("="):  # P(X = k) = …
                        arguments.append(self._name())
                    if not self._accept(",", ";", "mid", "|"):
                        break
                if not self._accept(")"):
                    return None
        except Refused:
            return None
        if not (self._is("=", "in") or (self._is("&", ":") and self._is("=", ahead=1))):
            return None
        return make_term("call" if arguments else "name", name.place, arguments, name.text)

    def _declaration(self, name: Term) -> Declaration:
        r"""x \in \mathbb{R}^{n \times d}"""
        self._expect("in")
        if not (self._accept("mathbb") or self._is("R")):
            raise self._refused(r"a declaration is x \in \mathbb{R}^{d}")
        braced = self._accept("{")
        self._take()
        if braced:
            self._expect("}")
        sizes: list[Term] = []
        if self._accept("^"):
            braced = self._accept("{")
            sizes.append(self._size())
            while braced and self._accept("times"):
                sizes.append(self._size())
            if braced:
                self._expect("}")
        role = make_term("name", name.place, [], inferred_role(name.text, ()))
        shape = make_term("shape", name.place, sizes) if sizes else None
        self._ranks[name.text] = len(sizes)
        return Declaration(name, role, shape, None)

    def _size(self) -> Term:
        if self._next.kind == "number":
            token = self._take()
            return make_term("number", token.place, [], token.text)
        return self._name()

    # -- sums and products ------------------------------------------------------------------

    def _sum(self) -> Term:
        self._depth += 1
        if self._depth > DEEPEST:
            raise Refused(self._next.place, "nested too deep; name inner parts", TooLarge)
        self._accept("&")
        place = self._next.place
        negative = self._sign()
        total = self._product()
        if negative:
            total = make_term("negative", place, [total])
        while self._is("+", "-"):
            minus = self._take().text == "-"
            self._accept("&")
            at = self._next.place
            minus ^= self._sign()
            part = self._product()
            total = extended("sum", total, make_term("negative", at, [part]) if minus else part)
        self._depth -= 1
        return total

    def _sign(self) -> bool:
        negative = False
        while self._is("+", "-"):
            negative ^= self._take().text == "-"
        return negative

    def _product(self) -> Term:
        left = self._factor()
        divisor: LatexToken | None = None
        while True:
            sign = self._next.text if self._next.kind in ("sign", "command") else ""
            if sign in ("*", "cdot", "times", "ast", "circ", "odot"):
                self._take()
                kind = {"circ": "product", "odot": "product"}.get(sign, "dotted")
                left, divisor = self._times(kind, left, self._signed_factor()), None
            elif sign in ("/", "div"):
                divisor = self._take()
                below = self._signed_factor()
                reciprocal = make_term("reciprocal", below.place, [below])
                left = self._times("product", left, reciprocal)
            elif self._begins_factor():
                if divisor is not None:
                    raise self._refused(
                        r"does / divide by all that follows? Write \frac or brackets"
                    )
                if self._next.kind == "number":
                    raise self._refused(rf"write \cdot before the number {self._next.text[:20]}")
                left = self._times("juxtaposed", left, self._factor())
            else:
                return left

    def _times(self, kind: str, left: Term, right: Term) -> Term:
        if kind == "product":
            return extended("product", left, right)
        return make_term(kind, left.place, [left, right])

    def _signed_factor(self) -> Term:
        at = self._next.place
        if self._sign():
            return make_term("negative", at, [self._factor()])
        return self._factor()

    # -- factors ----------------------------------------------------------------------------

    def _begins_factor(self) -> bool:
        token = self._next
        if token.kind in ("letter", "number", "word", "text"):
            return token.text.rstrip(".,:") not in _WORDS_BETWEEN
        if token.kind == "sign":
            return token.text in ("(", "{", "[") or (token.text == "|" and self._opens())
        more = {*_CONSTRUCTS, "pi", *_BARS}
        return token.kind == "command" and (
            (token.text in more and (token.text not in _SAME_BARS or self._opens()))
            or token.text in ACCENTS
            or token.text in FONTS
            or token.text in GREEK_LETTERS
            or _known(token.text)
            or token.text in REFUSED
        )

    def _opens(self) -> bool:
        """Whether a bar opens: none of its kind is open."""
        return self._next.text not in self._closing

    def _factor(self) -> Term:
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise Refused(self._next.place, "the sums are too long; name parts", TooLarge)
        base = self._base()
        if self._is("!"):
            base = self._factorial(base)
        if self._is("^"):
            base = self._raised(base)
            if self._is("!"):
                raise self._refused("write brackets: (x^2)! or x^{(2!)}")
        if self._is("^"):
            raise self._refused("a second exponent; write brackets around the first power")
        return base

    def _factorial(self, base: Term) -> Term:
        place = self._take().place
        if self._is("!"):
            raise self._refused(
                "a double factorial has no word here; write (x!)! for two factorials"
            )
        return make_term("call", place, [base], "factorial")

    def _base(self) -> Term:
        token = self._next
        if token.kind == "number":
            self._take()
            return make_term("number", token.place, [], token.text)
        if self._is("(", "{", "["):
            return self._bracketed({"(": ")", "{": "}", "[": "]"}[self._take().text])
        if self._is("|", *_BARS):
            return self._between_bars()
        if token.kind == "command" and token.text in _CONSTRUCTS:
            self._take()
            return _CONSTRUCTS[token.text](self, token)
        if (by_sign := self._by_sign()) is not None:
            return by_sign
        is_called = token.kind == "text" and self._is("(", ahead=1)
        if (token.kind in ("command", "word") or is_called) and self._is_function(token):
            return self._function(self._take())
        if token.text == "pi" and token.kind == "command" and not self._is("_", ahead=1):
            self._take()
            return make_term("name", token.place, [], "pi")
        if not self._begins_name() or token.text in REFUSED:
            raise self._strange()
        return self._name_or_call()

    def _is_function(self, token: LatexToken) -> bool:
        if token.kind == "command" and token.text in GREEK_LETTERS:
            called = self._is("(", "{", "'", ahead=1) and not self._tokens[self._at + 1].spaced
            if token.text == "Gamma":
                return called and "Gamma" not in self._functions
            return token.text == "sigma" and (
                called or bool(self._with_subscript("sigma", self._at + 1))
            )
        if token.text == "e" or (token.kind == "command" and token.text in _NO_FUNCTIONS):
            return False
        if token.kind == "word" and not _known(token.text):
            return bool(self._with_subscript(token.text, self._at + 1))
        return _known(token.text)

    def _bracketed(self, closing: str) -> Term:
        place = self._next.place
        outer, self._closing = self._closing, []
        inner = self._sum()
        self._closing = outer
        self._expect(closing)
        return make_term("bracketed", place, [inner])

    def _between_bars(self) -> Term:
        token = self._take()
        closing, kind = ("|", "bars") if token.kind == "sign" else _BARS[token.text]
        self._closing.append(closing)
        inner = self._sum()
        self._closing.pop()
        self._expect(closing)
        if kind == "norm":
            return self._norm(token, inner)
        if kind == "bars":
            return make_term("bars", token.place, [inner])
        return make_term("call", token.place, [inner], kind)

    def _name_or_call(self) -> Term:
        """A name; before a bracket a function of the text, or a factor."""
        joined = self._next
        self._refuse_words()
        name = self._name()
        if name.text == "e":
            return self._euler(name)
        if name.text in self._bound:
            return make_term("number", name.place, [], str(self._bound[name.text]))
        if name.text == "Delta" and self._begins_name() and not self._next.spaced:
            raise self._refused(
                r"is it \Delta times x or one name? Write \Delta \cdot x or \mathrm{dx}"
            )
        if joined.kind != "letter" and name.text == "d" and self._is_factor_of_unknown_d():
            shown = self._next.text[:20]
            raise self._refused(
                rf"is \mathrm{{d}} {shown} a differential or a product? Write the formula without "
                rf"differentials, which symback derives, or \mathrm{{d}} \cdot {shown}",
                name.place,
            )
        if not self._is("(") or self._next.spaced:
            return name
        if name.text in self._functions:
            if name.text == self._own:
                raise self._refused(f"'{name.text[:20]}' calls itself", name.place)
            self._called.add(name.text)
            return make_term("call", name.place, self._arguments(), name.text)
        start = self._at
        self._take()
        single = self._begins_name() and self._name() is not None and self._is(")", ",")
        self._at = start
        self._refuse_function(name, joined, single)
        return name

    def _is_factor_of_unknown_d(self) -> bool:
        """Whether a name stands behind an upright d, which no line of the text defines."""
        return self._begins_name() and "d" not in self._defined

    def _euler(self, name: Term) -> Term:
        if not self._accept("^"):
            raise self._refused(
                r"e is Euler's number or a name; write \mathrm{e} or e_0", name.place
            )
        start = self._at
        units = {"i", "j"} - self._defined - self._bound.keys()
        imaginary = next((t for t in self._exponent_tokens() if t.text in units), None)
        self._at = start
        if imaginary is not None:
            raise self._refused(
                f"is {imaginary.text} the imaginary unit, which is not known, or a name? Write "
                f"{imaginary.text}_0",
                imaginary.place,
            )
        return make_term("call", name.place, [self._exponent()], "exp")

    def _exponent_tokens(self) -> list[LatexToken]:
        """The letters of an exponent that stand alone, without those of subscripts."""
        if not self._accept("{"):
            return []
        depth, found = 1, []
        while depth and self._next.kind != "end":
            token, below = self._take(), self._is("_")
            depth += (token.text == "{") - (token.text == "}")
            if token.text == "_":
                self._skip_group()
            elif token.kind == "letter" and not below:
                found.append(token)
        return found

    def _refuse_words(self) -> None:
        """Letters that spell a function, as sin, are its name or a product."""
        end = self._at
        while self._tokens[end].kind == "letter" and (end == self._at or self._tokens[end].joined):
            end += 1
        word = "".join(t.text for t in self._tokens[self._at : end])
        for length in range(len(word), 2, -1):
            part = word[:length]
            if _known(part) or part in GREEK_LETTERS:
                spaced = " ".join(part)
                raise self._refused(
                    rf"'{part}' is \{part} or the product {spaced}; write one of them"
                )

    # -- powers -----------------------------------------------------------------------------

    def _raised(self, base: Term) -> Term:
        place = self._take().place
        braced = self._is("{")
        inner = 1 if braced else 0
        token = self._tokens[min(self._at + inner, len(self._tokens) - 1)]
        alone = not braced or self._is("}", ahead=2)
        if alone and base.kind == "name" and token.kind == "number" and token.text == "0":
            name = base.text[:20]
            raise self._refused(f"{name}^0 is 1; is it a name? Write {name}_0", place)
        if alone and token.text in _TRANSPOSED and (token.text != "T" or self._has_arrays):
            self._at += 3 if braced else 1
            return make_term("transpose", place, [base], ".T")
        if alone and token.text == "circ":
            raise self._refused(r"write degrees as radians: x \cdot \pi/180")
        if alone and token.text in ("*", "ast", "dagger", "prime", "star"):
            raise self._refused("this mark has no meaning here; write a name, as x_1")
        if alone and token.kind == "letter" and token.text == "T":
            raise self._refused(r"is ^T the transpose, x^\top of arrays, or the power x^{(T)}?")
        return make_term("power", place, [base, self._exponent()], "^")

    def _exponent(self) -> Term:
        if self._accept("{"):
            place = self._next.place
            inner = self._sum()
            self._expect("}")
            return make_term("bracketed", place, [inner])
        token = self._next
        if token.kind == "number" and len(token.text) > 1:
            raise self._refused(f"write ^{{{token.text[:10]}}}: LaTeX raises one digit only")
        return make_term("bracketed", token.place, [self._base()])

    # -- functions --------------------------------------------------------------------------

    def _with_subscript(self, name: str, at: int) -> str:
        """The function that SymPy prints in two parts: atan with the subscript 2, inv_{add exp}."""
        if self._tokens[at].text != "_":
            return ""
        end = at + 1
        while self._tokens[end].text not in ("}", "") and end < at + len(self._tokens):
            end += 1
        braced = self._tokens[at + 1].text == "{"
        parts = self._tokens[at + 2 : end] if braced else self._tokens[at + 1 : at + 2]
        below = "".join("_" * (i > 0 and not p.joined) + p.text for i, p in enumerate(parts))
        return next((n for n in (name + below, f"{name}_{below}") if below and _known(n)), "")

    def _function(self, token: LatexToken) -> Term:
        name, base = _IN_BOOKS.get(token.text, token.text), None
        if self._is("'") and f"{name}_prime" in SPELLINGS:
            self._take()
            name = f"{name}_prime"
        if whole := self._with_subscript(name, self._at):
            name = whole
            self._take()
            self._skip_group()
        elif self._accept("_"):
            if name not in ("log", "ln"):
                raise self._refused(f"{name} has no subscript here", token.place)
            base = self._index_of_log()
        exponent = None
        if self._accept("^"):
            exponent = self._exponent()
            inner = exponent.args[0]
            if inner.kind == "negative" and inner.args[0].text == "1":
                why = rf"is \{name}^{{-1}} the inverse, \arc{name}, or 1/\{name}? Write one of them"
                raise self._refused(why, token.place)
        arguments = self._arguments() if self._is("(", "{", "[") else [self._argument(token)]
        arguments += [] if base is None else [base]
        made = make_term("call", token.place, arguments, name)
        return made if exponent is None else make_term("power", token.place, [made, exponent], "^")

    def _skip_group(self) -> None:
        if self._take().text == "{":
            while self._take().text not in ("}", ""):
                pass

    def _index_of_log(self) -> Term:
        place = self._next.place
        if self._accept("{"):
            inner = self._sum()
            self._expect("}")
            return inner
        return make_term("bracketed", place, [self._base()])

    def _arguments(self) -> list[Term]:
        r"""(a, b), [a], {a}, \{a, b\}, and SymPy's {\left(a \right)}."""
        opening = self._take().text
        if opening == "{" and self._is("("):
            start, found = self._at, self._arguments()
            if self._accept("}"):
                return found
            self._at = start
        outer, self._closing = self._closing, []
        found = [self._sum()]
        while self._accept(","):
            found.append(self._sum())
        self._closing = outer
        self._expect({"(": ")", "[": "]", "{": "}"}[opening])
        return found

    def _argument(self, function: LatexToken) -> Term:
        """What follows a function without brackets: the factors up to a sign or a function."""
        if self._accept("lbrace"):
            raise self._refused("write round brackets")
        if not self._begins_factor():
            raise self._refused(f"{function.text} needs an argument", function.place)
        found = self._factor()
        while self._begins_factor() and not self._ends_argument():
            found = make_term("juxtaposed", found.place, [found, self._factor()])
        if self._is("(", "["):
            raise self._refused(
                f"does {function.text} take the bracket as well? Write {function.text}(…)"
            )
        return found

    def _ends_argument(self) -> bool:
        token = self._next
        if token.text in ("(", "[", "|", "sum", "prod", "begin cases", *_BARS):
            return True
        return token.kind in ("command", "word") and self._is_function(token)

    # -- constructs -------------------------------------------------------------------------

    def _fraction(self, token: LatexToken) -> Term:
        above, below = self._fraction_part(), self._fraction_part()
        reciprocal = make_term("reciprocal", below.place, [below])
        whole = make_term("product", token.place, [above, reciprocal])
        return make_term("bracketed", token.place, [whole])

    def _fraction_part(self) -> Term:
        if self._is("partial") or (self._is("{") and self._is("partial", ahead=1)):
            raise self._refused(REFUSED["partial"])
        if self._is_differential():
            raise self._refused("write the formula without d/dx; symback derives it")
        if self._accept("{"):
            return self._bracketed("}")
        token = self._next
        if token.kind == "number" and len(token.text) > 1:  # \frac12
            first, rest = token.text[0], token.text[1:]
            self._tokens[self._at] = LatexToken("number", rest, token.place)
            return make_term("number", token.place, [], first)
        return self._base()

    def _is_differential(self) -> bool:
        """Whether d/dx, dy/dx or d²y/dx² stands here, the d upright or not."""
        ahead = " ".join(t.text for t in self._tokens[self._at : self._at + 12])
        return _DERIVATIVE.match(ahead) is not None

    def _binomial(self, token: LatexToken) -> Term:
        operands = [self._fraction_part(), self._fraction_part()]
        return make_term("call", token.place, operands, "binomial")

    def _root(self, token: LatexToken) -> Term:
        degree: Term | None = None
        if self._accept("["):
            degree = self._bracketed("]")
        inner = self._bracketed("}") if self._accept("{") else self._base()
        if degree is None:
            return make_term("call", token.place, [inner], "sqrt")
        one = make_term("number", token.place, [], "1")
        below = make_term("reciprocal", degree.place, [degree])
        exponent = make_term("product", degree.place, [one, below])
        return make_term("power", token.place, [inner, exponent], "**")

    def _repeated(self, token: LatexToken) -> Term:
        r"""\sum_{i=1}^{3} and \prod, each term written out; \sum(x) of an array."""
        if not self._is("_"):
            if self._is("(") and token.text == "sum":
                return make_term("call", token.place, self._arguments(), "sum")
            raise self._refused("the bounds are missing, as in \\sum_{i=1}^{3} x_i", token.place)
        self._take()
        index, first = self._lower_bound(token)
        if not self._accept("^"):
            raise self._refused(f"the upper bound of {index} is missing", token.place)
        last = self._whole()
        start, outer = self._at, dict(self._bound)
        if index in outer:
            raise self._refused(f"'{index}' is the index of two sums", token.place)
        parts: list[Term] = []
        for value in range(first, last + 1):
            self._at = start
            self._bound[index] = value
            parts.append(self._product())
        self._bound = outer
        if not parts:
            raise self._refused(f"the range of {index} is empty", token.place)
        return make_term("bracketed", token.place, [self._joined_parts(token, parts)])

    def _joined_parts(self, token: LatexToken, parts: list[Term]) -> Term:
        kind = "sum" if token.text == "sum" else "product"
        return parts[0] if len(parts) == 1 else make_term(kind, token.place, parts)

    def _lower_bound(self, token: LatexToken) -> tuple[str, int]:
        if self._accept("{") and self._next.kind == "letter":
            index = self._take().text
            if self._accept("="):
                first = self._whole_number()
                self._expect("}")
                return index, first
        raise self._refused(
            "a sum has constant bounds, as in \\sum_{i=1}^{3}; of arrays write \\sum(x)",
            token.place,
        )

    def _whole(self) -> int:
        if self._accept("{"):
            number = self._whole_number()
            self._expect("}")
            return number
        return self._whole_number()

    def _whole_number(self) -> int:
        negative, token = self._sign(), self._take()
        if token.kind == "letter" and token.text in self._bound:
            return self._bound[token.text]
        if token.kind != "number" or not token.text.isdigit() or len(token.text) > 6:
            raise self._refused(
                f"'{token.text[:20]}' is not a constant bound; of arrays write \\sum(x)",
                token.place,
            )
        return -int(token.text) if negative else int(token.text)


_CONSTRUCTS: dict[str, Callable[[Any, LatexToken], Term]] = {
    **dict.fromkeys(("frac", "dfrac", "tfrac"), _Reader._fraction),
    **dict.fromkeys(("binom", "dbinom", "tbinom"), _Reader._binomial),
    "sqrt": _Reader._root,
    "sum": _Reader._repeated,
    "prod": _Reader._repeated,
    "begin cases": _Reader._cases,
    "begin matrix": _Reader._matrix,
    "langle": _Reader._angles,
}


__all__ = ["statements_of_latex"]
