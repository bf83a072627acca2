"""What printers of code share: numbers to the last digit, powers, conditions and kernels.

A constant prints as the float64 nearest to it, so no digit is lost; a fraction stays one where both
its numbers are exact in float64. A printer of a language adds its tables and its spelling.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, ClassVar

from sympy import Expr, Mul, Pow, S
from sympy.logic.boolalg import And, Or

from symback.errors import DomainError, clip
from symback.operations.balls.scalars import constant, nearest_float
from symback.operations.edges import CAREFUL, Careful, over_square
from symback.operations.elementwise import OPS, SLOPES
from symback.operations.polynomials import horner
from symback.printing.printer import ADD, ATOM, MUL, NEG, POW, Printer

_LARGEST_EXACT = 2**53
_CALL = re.compile(r"\b\w+(?=[(,])", re.ASCII)  # called, or given to what calls it


class CodePrinter(Printer):
    """Prints expressions as code; `functions` may hold templates: "fmax({0}, 0.0)"."""

    times: ClassVar[str] = " * "
    over: ClassVar[str] = " / "
    both: ClassVar[str] = " && "
    either: ClassVar[str] = " || "
    longest_fraction: ClassVar[int] = _LARGEST_EXACT  # beyond, a product's numbers are one number

    def _print(self, expr: Expr) -> tuple[str, int]:
        if expr.is_number and not expr.is_Rational and expr not in self.constants:
            return self.literal(expr)
        return super()._print(expr)

    # -- numbers ----------------------------------------------------------------------------

    def literal(self, number: Expr) -> tuple[str, int]:
        """A number that is not rational, as the float64 nearest to it."""
        value = nearest_float(constant(number))
        if value - value != 0:
            raise DomainError(f"the constant {clip(str(number), 60)} is not a float64")
        return repr(value), NEG if value < 0 else ATOM

    def integer(self, number: int) -> str:
        return str(number)

    def rational(self, number: Expr) -> tuple[str, int]:
        if max(abs(number.p), number.q) > _LARGEST_EXACT:
            text = repr(int(number.p) / int(number.q))
            return text, NEG if number < 0 else ATOM
        return super().rational(number)

    def fraction(self, expr: Expr) -> tuple[list[Expr], list[Expr]]:
        """Factors above and below the line; numbers that are not exact as one, rounded once."""
        factors = Mul.make_args(expr)
        numbers = [f for f in factors if not f.is_Symbol and f.is_number]
        if all(n.is_Rational and max(abs(n.p), n.q) <= self.longest_fraction for n in numbers):
            return super().fraction(expr)
        above, below = super().fraction(Mul(*(f for f in factors if not f.is_number)))
        return [Mul(*numbers), *above], below

    def product(self, expr: Expr) -> tuple[str, int]:
        if all(f.is_Symbol for f in expr.args):  # most products of a large circuit
            factors = sorted(expr.args, key=self.factor_key)
            return self.times.join([self._print(f)[0] for f in factors]), MUL
        return super().product(expr)

    # -- powers -----------------------------------------------------------------------------

    def power(self, base: Expr, exponent: Expr) -> tuple[str, int]:
        """Cheap powers by products and roots, which take a tenth of the general power's time."""
        if exponent == 2 and base.is_Symbol:
            return self.square(self.print(base))
        if exponent.is_Rational and exponent.q == 2 and 1 < exponent < 4:
            whole = self.at(Pow(base, exponent - S.Half), MUL)
            return f"{whole}{self.times}{self.root(base)[0]}", MUL
        return self.general_power(base, exponent)

    def square(self, name: str) -> tuple[str, int]:
        return f"{name}{self.times}{name}", MUL

    def general_power(self, base: Expr, exponent: Expr) -> tuple[str, int]:
        raise NotImplementedError

    def factors(self, expr: Expr) -> Sequence[Expr]:
        factors: Sequence[Expr] = Mul.make_args(expr)
        return factors

    def function(self, expr: Expr) -> tuple[str, int]:
        return self.horner(*expr.args) if isinstance(expr, horner) else super().function(expr)

    def horner(self, u: Expr, first: Expr, *others: Expr) -> tuple[str, int]:
        """a + u·(b + u·(c + …))."""
        text, inside = self.at(u, POW), ""
        for coefficient in reversed(others):
            whole = f"{self.at(coefficient, ADD)}{self.plus}{inside}" if inside else ""
            inside = f"{text}{self.times}({whole})" if inside else self._times(text, coefficient)
        return f"{self.at(first, ADD)}{self.plus}{inside}" if inside else self.at(first, ADD), ADD

    def _times(self, text: str, coefficient: Expr) -> str:
        return f"{text}{self.times}{self.at(coefficient, POW)}"

    def careful(self, expr: Careful) -> tuple[str, int]:
        return (
            self.over_square(*expr.args) if isinstance(expr, over_square) else self.function(expr)
        )

    def over_square(self, a: Expr, b: Expr) -> tuple[str, int]:
        below = self.at(b, POW)
        return f"{self.at(a, MUL)}{self.over}{below}{self.over}{below}", MUL

    # -- calls and conditions ---------------------------------------------------------------

    def nested(self, expr: Expr) -> str:
        """A function of several operands by calls with two."""
        first, *others = sorted(expr.args, key=self.term_key)
        text = self.print(first)
        for other in others:
            text = self.call(self.functions[expr.func], [text, self.print(other)])
        return text

    def call(self, name: str, args: Sequence[str]) -> str:
        return name.format(*args) if "{" in name else super().call(name, args)

    def connective(self, condition: Any) -> str:
        if isinstance(condition, And | Or):
            sign = self.both if isinstance(condition, And) else self.either
            return sign.join(sorted(f"({self.condition(part)})" for part in condition.args))
        return super().connective(condition)


def with_kernels(
    functions: Mapping[Any, str], kernels: Collection[str], prefix: str
) -> dict[Any, str]:
    """What a language calls each operation: what its table says, else the kernel named after it.

    With the prefix "_", sigma is _sigma and its slope _sigma_slope.
    """
    named: dict[Any, str] = {op.head: f"{prefix}{op.name}" for op in OPS.values()}
    named |= {slope: f"{prefix}{op.name}_slope" for slope, op in SLOPES.items()}
    named |= {head: f"{prefix}{head.__name__}" for head in CAREFUL}
    known = {head: name for head, name in named.items() if name in kernels}
    return {**known, horner: "", **functions}  # which printers write out


def called_kernels(
    lines: Iterable[str], known: Collection[str], source: Callable[[str], str]
) -> dict[str, str]:
    """The sources of the known kernels that the lines call, each after those that it calls."""
    sources: dict[str, str] = {}
    begun: set[str] = set()

    def add(text: str) -> None:
        for name in sorted(_called(text, known) - begun):
            begun.add(name)
            own = source(name).rstrip()
            add(own)
            sources[name] = own

    add("\n".join(line for line in lines if not line.startswith("#")))
    return sources


def _called(text: str, known: Collection[str]) -> set[str]:
    return {name for name in _CALL.findall(text) if name in known}


__all__ = ["CodePrinter", "called_kernels", "with_kernels"]
