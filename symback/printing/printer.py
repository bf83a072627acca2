"""What all printers share: precedence, signs, quotients and a stable order of operands.

SymPy sorts operands by its own rules and its printers follow it. Here terms and factors come in
the order in which their symbols first appear in the circuit, so that `x3 + x5 + x4` prints as
it was typed. A language is a subclass with its tables; an operation without an entry raises.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar, Self

from sympy import Add, Expr, Mul, Piecewise, Pow, Rational, S, Symbol
from sympy.core.relational import Relational
from sympy.logic.boolalg import ITE, And, Not, Or

from symback.errors import Unsupported
from symback.operations.arrays import shape_of
from symback.operations.edges import CAREFUL, Careful
from symback.operations.elementwise import BY_HEAD, POWER, SLOPES
from symback.operations.expressions import postorder
from symback.operations.shapes import Shape
from symback.operations.simplify import Spelling

if TYPE_CHECKING:
    from symback.circuits.circuit import Circuit

ADD, TERM, MUL, NEG, POW, ATOM = range(1, 7)
"""Precedence. What is below TERM takes brackets in a sum, what is below MUL in a product."""
_RELATIONS = {"<": "<", "<=": "<=", ">": ">", ">=": ">=", "==": "==", "!=": "!="}
_SHORT_DENOMINATORS = (2, 4, 8)
_LONGEST_DECIMAL = 400  # digits
_MOST_ZEROS = 7  # that an integer is written with


class Printer:
    """Prints SymPy expressions over node names; `order` ranks the names."""

    plus: ClassVar[str] = " + "
    minus: ClassVar[str] = " - "
    negative: ClassVar[str] = "-"
    times: ClassVar[str] = "*"
    over: ClassVar[str] = "/"
    choice_level: ClassVar[int] = ATOM  # how tightly a choice binds, as it is written
    functions: ClassVar[Mapping[Any, str]] = {}
    constants: ClassVar[Mapping[Any, str]] = {}
    relations: ClassVar[Mapping[str, str]] = _RELATIONS
    arrays: ClassVar[Mapping[Any, Callable[..., tuple[str, int]]]] = {}
    shapes: Mapping[str, Shape] = {}  # of the names that are arrays
    adjoints: Mapping[str, Symbol] = {}  # of nodes, by name
    signs: Mapping[str, str] = {}  # of names that print otherwise, such as adjoints
    shared: Collection[str] = ()  # names of which whole expressions come first in a product

    def __init__(self, order: Mapping[str, Any], leading: Collection[str] = ()) -> None:
        self._order = order
        self._leading = leading  # names that come first in a product: weights before inputs
        self._keys: dict[Symbol, tuple[Any, ...]] = {}  # by which names are sorted

    @classmethod
    def of(cls, circuit: Circuit) -> Self:
        """A printer with the order of a circuit's names."""
        printer = cls(circuit.ranks, {p.name for p in circuit.params})
        printer.shapes = circuit.shapes
        return printer

    def shape_of(self, expr: Expr) -> Shape:
        return shape_of(expr, self.shapes) if self.shapes else ()

    def print(self, expr: Expr) -> str:
        return self._print(expr)[0]

    def at(self, expr: Expr, level: int) -> str:
        """The text, in brackets where its precedence is below `level`."""
        text, precedence = self._print(expr)
        return text if precedence >= level else self.bracket(text)

    def bracket(self, text: str) -> str:
        return f"({text})"

    def _print(self, expr: Expr) -> tuple[str, int]:
        if expr.is_Symbol:
            return self.symbol(expr), ATOM
        if expr.is_Rational:
            return self.rational(expr)
        if expr in self.constants:
            return self.constants[expr], ATOM
        if expr.is_Add:
            return self.sum(expr)
        if expr.is_Mul:
            return self.product(expr)
        if expr.is_Pow:
            return self.power_or_quotient(expr)
        if isinstance(expr, Piecewise):
            return self.where(expr), self.choice_level
        if isinstance(expr, Careful):
            return self.careful(expr)
        return self.function(expr)

    # -- leaves -----------------------------------------------------------------------------

    def symbol(self, symbol: Symbol) -> str:
        return self.signs.get(symbol.name, str(symbol.name))

    def rational(self, number: Rational) -> tuple[str, int]:
        if number < 0:
            text, precedence = self.rational(-number)
            return self.negative + text, min(NEG, precedence)
        if number.q == 1:
            return self.integer(int(number)), ATOM
        decimal = short_decimal(number)
        if decimal is not None:
            return self.decimal(decimal), ATOM
        return f"{self.integer(int(number.p))}{self.over}{self.integer(int(number.q))}", MUL

    def integer(self, number: int) -> str:
        return short_integer(number)

    def decimal(self, text: str) -> str:
        return text

    # -- sums, products, powers -------------------------------------------------------------

    def sorted_terms(self, expr: Add) -> list[Expr]:
        """The terms of a sum in the order of print: 1 - x rather than -x + 1."""
        terms = sorted(expr.args, key=self.term_key)
        if is_negative(terms[0]):
            first = next((i for i, t in enumerate(terms) if not is_negative(t)), 0)
            terms.insert(0, terms.pop(first))
        return terms

    def sum(self, expr: Add) -> tuple[str, int]:
        terms = self.sorted_terms(expr)
        text = self.at(terms[0], ADD)
        for term in terms[1:]:
            if is_negative(term):
                text += self.minus + self.at(-term, TERM)
            else:
                text += self.plus + self.at(term, TERM)
        return text, ADD

    def product(self, expr: Mul) -> tuple[str, int]:
        if is_negative(expr):
            return self.negative + self.at(-expr, MUL), NEG
        above, below = self.fraction(expr)
        return self.quotient(above, below)

    def fraction(self, expr: Expr) -> tuple[list[Expr], list[Expr]]:
        """Factors above and below the line, each sorted."""
        above: list[Expr] = []
        below: list[Expr] = []
        factors = self.factors(expr)
        if all(f.is_Symbol for f in factors):  # most products of a large circuit
            return sorted(factors, key=self.factor_key), below
        for factor in factors:
            if factor.is_Rational:
                if factor.q != 1 and short_decimal(factor) is None:
                    above += [Rational(factor.p)] if factor.p != 1 else []
                    below.append(Rational(factor.q))
                else:
                    above.append(factor)
            elif factor.is_Pow and is_negative(factor.exp) and factor.base is not S.Exp1:
                below.append(Pow(factor.base, -factor.exp))
            else:
                above.append(factor)
        above, below = joined_roots(above, below)
        return sorted(above, key=self.factor_key), sorted(below, key=self.factor_key)

    def factors(self, expr: Expr) -> Sequence[Expr]:
        """The factors of a product, plain for people: b·a^(b−1) is two."""
        factors: Sequence[Expr] = Mul.make_args(expr)
        if not any(isinstance(f, Careful) for f in factors):
            return factors
        plain = (f.plain(*f.args) if isinstance(f, Careful) else f for f in factors)
        factors = Mul.make_args(Mul(*plain))
        return factors

    def quotient(self, above: Sequence[Expr], below: Sequence[Expr]) -> tuple[str, int]:
        top = self.joined(above)
        if not below:
            if len(above) == 1:
                return self._print(above[0])
            return top, MUL
        top = top or self.integer(1)
        if len(below) == 1:
            return f"{top}{self.over}{self.at(below[0], POW)}", MUL
        bottom = self.joined(below)
        return f"{top}{self.over}{self.bracket(bottom)}", MUL

    def joined(self, factors: Sequence[Expr]) -> str:
        """A product, its factors in the order given."""
        return self.times.join(self.at(f, MUL if i == 0 else NEG) for i, f in enumerate(factors))

    def careful(self, expr: Careful) -> tuple[str, int]:
        """For people, the plain form."""
        return self._print(expr.plain(*expr.args))

    def power_or_quotient(self, expr: Pow) -> tuple[str, int]:
        if is_negative(expr.exp):
            return self.quotient([], [Pow(expr.base, -expr.exp)])
        if expr.exp == S.Half:
            return self.root(expr.base)
        return self.power(expr.base, expr.exp)

    def root(self, base: Expr) -> tuple[str, int]:
        return f"sqrt({self.print(base)})", ATOM

    def power(self, base: Expr, exponent: Expr) -> tuple[str, int]:
        # Binds tighter than a minus on its left, looser than one on its right, as in Python.
        return f"{self.at(base, ATOM)}**{self.at(exponent, NEG)}", POW

    # -- functions --------------------------------------------------------------------------

    def function(self, expr: Expr) -> tuple[str, int]:
        if expr.func in self.arrays:
            return self.arrays[expr.func](self, *expr.args)
        name = self.functions.get(expr.func)
        if name is None:
            raise Unsupported(
                f"{type(self).__name__} has no entry for '{expr.func.__name__}'; "
                "write the expression with the operations that symback lists"
            )
        args = expr.args if expr.func in ORDERED else sorted(expr.args, key=self.term_key)
        return self.call(name, [self.print(a) for a in args]), ATOM

    def call(self, name: str, args: Sequence[str]) -> str:
        return f"{name}({', '.join(args)})"

    def along(self, name: str, args: Sequence[str], axes: Sequence[str]) -> str:
        """A call along axes, which have numbers."""
        which = axes[0] if len(axes) == 1 else f"({', '.join(axes)})"
        return self.call(name, [*args, f"axis={which}"])

    def where(self, expr: Piecewise) -> str:
        text = self.print(expr.args[-1].expr)
        for piece in reversed(expr.args[:-1]):
            text = self.branch(self.condition(piece.cond), self.print(piece.expr), text)
        return text

    def branch(self, condition: str, yes: str, no: str) -> str:
        return self.call("where", [condition, yes, no])

    def condition(self, condition: Any) -> str:
        if isinstance(condition, Relational):
            relation = self.relations.get(condition.rel_op)
            if relation is not None:
                return f"{self.at(condition.lhs, ADD)} {relation} {self.at(condition.rhs, ADD)}"
        if isinstance(condition, ITE):  # SymPy's, of a relation with a choice in it
            first, yes, no = condition.args
            return self.condition(Or(And(first, yes), And(Not(first), no)))
        return self.connective(condition)

    def connective(self, condition: Any) -> str:
        raise Unsupported(f"{type(self).__name__} has no entry for the condition '{condition}'")

    # -- order ------------------------------------------------------------------------------

    def rank(self, symbol: Symbol) -> Any:
        return self._order.get(symbol.name, (len(self._order),))

    def parts_key(self, expr: Expr) -> tuple[Any, ...]:
        """Ranks of the symbols, size, and, where those are equal, the spelling."""
        if expr.is_Symbol:
            known = self._keys.get(expr)
            if known is None:
                known = self._keys[expr] = (((*self.rank(expr), expr.name),), 1, Spelling(expr))
            return known
        if expr.is_Mul and all(f.is_Symbol for f in expr.args):  # most of a large circuit
            names = dict.fromkeys(expr.args)
            ranks = sorted([self.parts_key(s)[0][0] for s in names])
            return (tuple(ranks), 1 + len(names), Spelling(expr))
        parts = postorder(expr)
        ranks = sorted((*self.rank(s), s.name) for s in parts if s.is_Symbol)
        return (tuple(ranks), len(parts), Spelling(expr))

    def term_key(self, expr: Expr) -> tuple[Any, ...]:
        ranks, *rest = self.parts_key(expr)
        return (not ranks, ranks, *rest)

    def factor_key(self, expr: Expr) -> tuple[Any, ...]:
        if expr.is_Symbol and not self.shared:
            return (1 if expr.name in self._leading else 2, *self.parts_key(expr))
        base = expr.base if expr.is_Pow and expr.exp.is_number else expr
        leads = base.is_Symbol and base.name in self._leading
        if self.shared and not leads:  # (1 - beta)*g
            leads = all(s.name in self.shared for s in postorder(expr) if s.is_Symbol)
        kind = 0 if expr.is_number else 1 if leads else 2 if base.is_Symbol else 3
        return (kind, *self.parts_key(expr))


ORDERED: frozenset[Any] = frozenset(
    [
        *(head for head, op in BY_HEAD.items() if op.name not in ("min", "max")),
        *SLOPES,
        *CAREFUL,
        POWER.head,
    ]
)
"""Heads whose operands are not interchangeable."""


def is_negative(expr: Expr) -> bool:
    """Whether the expression prints with a minus sign in front."""
    coefficient = expr.args[0] if expr.is_Mul else expr
    return bool(coefficient.is_Rational and coefficient < 0)


def joined_roots(above: list[Expr], below: list[Expr]) -> tuple[list[Expr], list[Expr]]:
    """Roots of numbers as people write them: √2/(2·√π) is 1/√(2·π)."""
    roots, above = _numeric_roots(above)
    under, below = _numeric_roots(below)
    for root in list(roots):
        whole = next((b for b in below if b.is_Integer and root.is_Integer and b % root == 0), None)
        if whole is not None:  # √a/a is 1/√a
            roots.remove(root)
            under.append(root)
            below.remove(whole)
            below += [whole / root] if whole != root else []
    return above + _one_root(roots), below + _one_root(under)


def _numeric_roots(factors: Sequence[Expr]) -> tuple[list[Expr], list[Expr]]:
    """The numbers under square roots, and the other factors."""
    roots = [f.base for f in factors if f.is_Pow and f.exp == S.Half and f.base.is_number]
    others = [f for f in factors if not (f.is_Pow and f.exp == S.Half and f.base.is_number)]
    return roots, others


def _one_root(numbers: Sequence[Expr]) -> list[Expr]:
    if not numbers:
        return []
    under = numbers[0] if len(numbers) == 1 else Mul(*numbers, evaluate=False)
    return [Pow(under, S.Half, evaluate=False)]


def short_decimal(number: Rational) -> str | None:
    """The decimal text of a fraction where that is what people write: 0.1, 8.314, 6.626e-34.

    Halves, quarters and eighths stay fractions, as do numbers without an exact short decimal.
    """
    if number.q == 1 or number.q in _SHORT_DENOMINATORS:
        return None
    exact = Fraction(int(abs(number.p)), int(number.q))
    for text in (repr(float(exact)), _exact_decimal(exact)):
        if text and Fraction(text) == exact:
            return text if number > 0 else f"-{text}"
    return None


def _exact_decimal(number: Fraction) -> str:
    """The number's own digits where it ends, such as those of a subnormal float; else nothing."""
    rest, places = number.denominator, 0
    while rest % 10 == 0:
        rest, places = rest // 10, places + 1
    while rest % 2 == 0 or rest % 5 == 0:
        rest, places = rest // (2 if rest % 2 == 0 else 5), places + 1
        if places > _LONGEST_DECIMAL:
            return ""
    if rest != 1:
        return ""
    digits = str(number * 10**places)
    return f"{digits}e-{places}" if len(digits) <= _LONGEST_DECIMAL else ""


def short_integer(number: int) -> str:
    """The number's text; with an exponent where it ends in many zeros, as 6.02214076e23 does."""
    text = str(number)
    digits = text.rstrip("0")
    zeros = len(text) - len(digits)
    if zeros < _MOST_ZEROS:
        return text
    mantissa = digits if len(digits) == 1 else f"{digits[0]}.{digits[1:]}"
    return f"{mantissa}e{len(text) - 1}"
