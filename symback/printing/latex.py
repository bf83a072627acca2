"""LaTeX for people: the expressions of a derivation in mathematical notation."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from sympy import Expr, Piecewise, Rational, S, Symbol
from sympy.logic.boolalg import And, Or

from symback.operations.elementwise import BY_HEAD, SLOPES
from symback.operations.signs import GREEK
from symback.operations.special import weighed
from symback.operations.textbook import SIGNS
from symback.printing.array_notation import PEOPLE
from symback.printing.people import ForPeople
from symback.printing.printer import ADD, ATOM, MUL, NEG, POW, TERM

_OWN_COMMANDS = ("exp log sin cos tan sinh cosh tanh min max").split()
_NAMES = {"asin": "arcsin", "acos": "arccos", "atan": "arctan"}
_GREEK_NAMES = {"sigma": r"\sigma", "gamma": r"\Gamma"}
_LIKE_LATIN = dict(
    zip(
        "Alpha Beta Epsilon Zeta Eta Iota Kappa Mu Nu Omicron Rho Tau Chi omicron".split(),
        "ABEZHIKMNOPTXo",
        strict=True,
    )
)
"""Greek letters that look like Latin ones, for which LaTeX has no command."""
_GREEK_COMMANDS = {
    name.rstrip("_"): rf"\mathrm{{{_LIKE_LATIN[name]}}}"
    if name in _LIKE_LATIN
    else f"\\{name.rstrip('_')}"
    for name in GREEK.values()
}


def operator_in_latex(name: str) -> str:
    """The name of an operation as LaTeX has it."""
    if name in _OWN_COMMANDS or name in _NAMES:
        return f"\\{_NAMES.get(name, name)}"
    if name in _GREEK_NAMES:
        return _GREEK_NAMES[name]
    escaped = name.replace("_", r"\_")
    return rf"\operatorname{{{escaped}}}"


def name_in_latex(name: str) -> str:
    """A node's name: letters, then digits as a subscript; Greek names as letters.

    >>> print(name_in_latex("w3"), name_in_latex("W_0_1"), name_in_latex("h[t - 1]"))
    w_{3} W_{0,1} h_{t - 1}
    >>> print(name_in_latex("b_h1_2"))
    b_{\\mathrm{h1,2}}
    >>> print(name_in_latex("net_2[t]"))
    {\\mathrm{net}_{2}}_{t}
    """
    if name.endswith("]"):
        base, _, index = name[:-1].partition("[")
        inner = name_in_latex(base)
        return f"{{{inner}}}_{{{index}}}" if "_" in inner else f"{inner}_{{{index}}}"
    stem, rest = re.match(r"([A-Za-z]+)_?(.*)", name.rstrip("_") or name).groups()  # type: ignore[union-attr]
    shown = _GREEK_COMMANDS.get(stem) or (stem if len(stem) == 1 else rf"\mathrm{{{stem}}}")
    if not rest:
        return shown
    if all(part.isdigit() for part in rest.split("_")):
        return f"{shown}_{{{rest.replace('_', ',')}}}"
    escaped = re.sub(r"(?<=\d)_(?=\d)", ",", rest).replace("_", r"\_")
    return rf"{shown}_{{\mathrm{{{escaped}}}}}"


_WRITTEN: dict[str, Callable[[Sequence[str]], str]] = {
    **{operator_in_latex(name): sign.printed for name, sign in SIGNS.items()},
    operator_in_latex("binomial"): lambda args: rf"\binom{{{args[0]}}}{{{args[1]}}}",
    operator_in_latex("factorial"): lambda args: _factorial(args[0]),
    operator_in_latex("floor"): lambda args: rf"\left\lfloor {args[0]} \right\rfloor",
    operator_in_latex("ceil"): lambda args: rf"\left\lceil {args[0]} \right\rceil",
}
"""Functions that have a sign instead of a name before brackets."""


def _factorial(text: str) -> str:
    is_one = re.fullmatch(r"\\?[A-Za-z]+(_\{\w+\})?|[0-9]+", text)
    return f"{text}!" if is_one else rf"\left({text}\right)!"


class LatexPrinter(ForPeople):
    """Prints expressions as LaTeX, without the mathematics delimiters."""

    arrays: ClassVar = PEOPLE
    times: ClassVar[str] = r" \, "
    functions: ClassVar = {
        **{head: operator_in_latex(op.name) for head, op in BY_HEAD.items()},
        **{slope: f"{operator_in_latex(op.name)}'" for slope, op in SLOPES.items()},
    }
    constants: ClassVar = {S.Pi: r"\pi", S.Exp1: r"\mathrm{e}"}
    relations: ClassVar = {
        "<": "<",
        "<=": r"\le",
        ">": ">",
        ">=": r"\ge",
        "==": "=",
        "!=": r"\ne",
    }

    def bracket(self, text: str) -> str:
        return rf"\left({text}\right)"

    def symbol(self, symbol: Symbol) -> str:
        return self.signs.get(symbol.name) or name_in_latex(symbol.name)

    def rational(self, number: Rational) -> tuple[str, int]:
        text, level = super().rational(number)
        if "/" in text:
            return rf"\frac{{{abs(number.p)}}}{{{number.q}}}", MUL
        return text, level

    def decimal(self, text: str) -> str:
        mantissa, sign, power = text.partition("e")
        return rf"{mantissa} \cdot 10^{{{int(power)}}}" if sign else text

    def quotient(self, above: Sequence[Expr], below: Sequence[Expr]) -> tuple[str, int]:
        if not below:
            return super().quotient(above, below)
        top = super().quotient(above, [])[0] if above else "1"
        bottom = super().quotient(below, [])[0]
        return rf"\frac{{{top}}}{{{bottom}}}", MUL

    def root(self, base: Expr) -> tuple[str, int]:
        return rf"\sqrt{{{self.print(base)}}}", ATOM

    elementwise: ClassVar[str] = r" \circ "
    kronecker: ClassVar[str] = r" \otimes "
    sum_name: ClassVar[str] = r"\textstyle\sum"
    choice_level: ClassVar[int] = ADD  # cases are open to the right

    def word(self, name: str) -> str:
        if name in _OWN_COMMANDS or name == "det":
            return f"\\{name}"
        escaped = name.replace("_", r"\_")
        return r"\log\det" if name == "logdet" else rf"\operatorname{{{escaped}}}"

    def function(self, expr: Expr) -> tuple[str, int]:
        """weighed(w, u) is the product w u: that 0·log 0 is 0 goes without saying in books."""
        if isinstance(expr, weighed):
            are_arrays = self.shapes and all(self.shape_of(arg) for arg in expr.args)
            return self.joined(expr.args), TERM if are_arrays else MUL
        return super().function(expr)

    def column(self, vector: Expr) -> tuple[str, int]:
        """A vector as as many equal columns as there must be, as books have it."""
        return rf"{self.at(vector, MUL)} \, \mathbf{{1}}^{{\top}}", MUL

    def raised(self, base: Expr, exponent: str) -> str:
        return f"{self.at(base, ATOM)}^{{{exponent.replace('T', chr(92) + 'top')}}}"

    def between_bars(self, text: str) -> str:
        return rf"\left\lVert {text} \right\rVert"

    def named_sum(self, first: str, second: str, result: str, x: str, y: str) -> str:
        over = "".join(letter for letter in first if letter not in result)
        total = rf"\textstyle\sum_{{{over}}} " if over else ""
        product = rf"{{{x}}}_{{{first}}} \, {{{y}}}_{{{second}}}"
        return rf"\left[ {total}{product} \right]_{{{result}}}"

    def squared(self, text: str) -> str:
        return f"{text}^{{2}}"

    def number_power(self, base: Expr, exponent: Expr) -> tuple[str, int]:
        return f"{self.at(base, ATOM)}^{{{self.print(exponent)}}}", POW

    def call(self, name: str, args: Sequence[str]) -> str:
        if name == r"\operatorname{abs}":
            return rf"\left|{args[0]}\right|"
        written = _WRITTEN.get(name)
        if written is not None:
            return written(args)
        return rf"{name}\left({', '.join(args)}\right)"

    def along(self, name: str, args: Sequence[str], axes: Sequence[str]) -> str:
        return self.call(rf"{name}_{{\mathrm{{axis}} \, {', '.join(axes)}}}", args)

    def where(self, expr: Piecewise) -> str:
        rows = [
            rf"{self.print(value)} & \text{{if }} {self.condition(condition)}"
            for value, condition in expr.args[:-1]
        ]
        rows.append(rf"{self.print(expr.args[-1].expr)} & \text{{otherwise}}")
        return r"\begin{cases} " + r" \\ ".join(rows) + r" \end{cases}"

    def connective(self, condition: Any) -> str:
        if isinstance(condition, And | Or):
            sign = r" \wedge " if isinstance(condition, And) else r" \vee "
            return sign.join(sorted(self.condition(part) for part in condition.args))
        return super().connective(condition)

    # -- chains -----------------------------------------------------------------------------

    def partial_of(self, mark: str, of: str, by: Sequence[str]) -> str:
        raised = mark + ("2" if len(by) > 1 else "")
        sign = rf"\partial^{{{raised}}}" if raised else r"\partial"
        names = [name_in_latex(name) for name in by]
        if len(by) > 1 and by[0] == by[1]:
            names = [self.squared(names[0])]
        below = r" \, ".join(rf"\partial {name}" for name in names)
        return rf"\frac{{{sign} {name_in_latex(of)}}}{{{below}}}"

    times_sign: ClassVar[str] = r" \cdot "

    def products(self, products: Sequence[Sequence[Expr]]) -> str:
        """A sum of products, their factors in the order given."""
        return " + ".join(
            r" \cdot ".join(self._factor(f, first=(i, j) == (0, 0)) for j, f in enumerate(factors))
            for i, factors in enumerate(products)
        )

    def _factor(self, factor: Expr, *, first: bool) -> str:
        text, level = self._print(factor)
        if level == ADD or (not first and (level == NEG or text.startswith("-"))):
            return self.bracket(text)
        return text
