"""Local partials of a gate: ∂node/∂operand for each operand, one rule an operation.

Sums, products and powers go by structure, which is linear in their operands; functions by their row
in `symback.operations.elementwise`. Partials are written over names, the gate's own included, so
that a derivative reuses the value: for v = x/y, ∂v/∂y = -v/y.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Protocol

from sympy import Add, Eq, Expr, Mul, Piecewise, S, Symbol

from symback.autodiff.gates import is_square, split_number
from symback.circuits.circuit import Node
from symback.operations.arrays import (
    ArrayFunction,
    has_arrays,
    shape_of,
)
from symback.operations.arrays.loops import loop
from symback.operations.construction import transposed, unbroadcast
from symback.operations.edges import plainly, power_partials, times_in_branch
from symback.operations.elementwise import BY_HEAD, POWER
from symback.operations.expressions import product, real_symbol
from symback.operations.functions import Slope
from symback.operations.vjp import At, contributions


class Guard(Protocol):
    """What keeps entries that are not read out of a contribution."""

    def product(self, product: Expr, upstream: Expr, op: ArrayFunction | None = None) -> Expr:
        """upstream × partial where it is read, else 0; `op` mixes elements."""

    def operands(self, op: ArrayFunction) -> Expr:
        """The operation over its operands where they are read, else over 0."""


@dataclass(frozen=True, slots=True)
class Local:
    """The local partial of a gate by one operand.

    `elementwise` is the partial where the gate does not mix elements, and `terms` are those
    operations of the gate that do. `words` are the rule, where the operation has one.
    """

    gate: Node
    operand: Symbol
    partial: Expr
    words: str
    elementwise: Expr
    terms: tuple[tuple[Expr, ArrayFunction], ...] = ()  # coefficient × operation, to be added up

    @property
    def value(self) -> Symbol:
        """The gate's own name."""
        return self.gate.symbol

    @property
    def rule(self) -> str:
        """The rule in words, or the names that textbooks give to those of sums and products."""
        return self.words or rule_by(self.gate.formula, self.operand)

    @property
    def expanded(self) -> Expr:
        """The partial with a kept slope written out: σ′ as v·(1 − v)."""
        return _expanded(self.partial, self.value)

    @property
    def slope(self) -> Expr | None:
        """What the forward pass may compute beside the value and keep for this partial."""
        return self.partial if isinstance(self.partial, Slope) else None

    @property
    def needs_whole(self) -> bool:
        """Whether the adjoint must have the gate's shape: not where it is multiplied only."""
        return False

    def contribution(
        self,
        upstream: Expr,
        slope: Symbol | None = None,
        *,
        expanded: bool = False,
        guard: Guard | None = None,
    ) -> Expr:
        """upstream × partial; `slope` is the name of the kept slope, where there is one.

        `guard` is what the product is passed through.
        """
        partial = self.expanded if expanded else self.partial
        product = times(upstream, partial if slope is None else slope)
        return product if guard is None else guard.product(product, upstream)

    def moved(self, op: ArrayFunction, upstream: Expr, guard: Guard | None = None) -> Expr:
        """What the operand gets through one of the terms from the adjoint of the gate."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class ArrayLocal(Local):
    """The edge from a gate to an operand where either is an array.

    `partial` is elementwise; where the gate mixes elements it has none and `partial` is the
    whole contribution over the name of the gate's adjoint.
    """

    @property
    def slope(self) -> Expr | None:
        if isinstance(self.elementwise, Slope):
            return self.elementwise
        for _, op in self.terms:
            if op.companion is not None and op.args[0] == self.operand:
                return op.companion
        return None

    @property
    def needs_whole(self) -> bool:
        shapes = self.gate.shapes
        return bool(self.terms) or shapes[self.operand.name] != self.gate.shape

    def contribution(
        self,
        upstream: Expr,
        slope: Symbol | None = None,
        *,
        expanded: bool = False,
        guard: Guard | None = None,
    ) -> Expr:
        """What the operand's adjoint gets: the sum over the elements that read each element."""
        gate = self.gate
        found: list[Expr] = []
        if self.elementwise != 0:
            partial = _expanded(self.elementwise, gate.symbol) if expanded else self.elementwise
            product = times(upstream, partial)
            product = product if guard is None else guard.product(product, upstream)
            found.append(unbroadcast(product, gate.shape, gate.shapes[self.operand.name]))
        for coefficient, op in self.terms:
            part = self.moved(op, coefficient * upstream, guard)
            found.append(part if guard is None else guard.product(part, upstream, op))
        total = Add(*found)
        return total if slope is None else total.xreplace({self.slope: slope})

    def moved(self, op: ArrayFunction, upstream: Expr, guard: Guard | None = None) -> Expr:
        gate, shapes = self.gate, self.gate.shapes
        g = unbroadcast(upstream, gate.shape, shape_of(op, shapes))
        value = gate.symbol if gate.formula == op else op
        safe = op if guard is None else guard.operands(op)
        parts = contributions(safe, g, At(safe, value, shapes))
        return Add(
            *(
                _through_transpose(part, operand)
                for part, operand in zip(parts, op.operands, strict=True)
                if part is not None and operand.has(self.operand)
            )
        )


def _through_transpose(part: Expr, operand: Expr) -> Expr:
    """The contribution to A of one to Aᵀ."""
    if operand.is_Symbol:
        return part
    return transposed(part)


def local_partials(gate: Node, least: Collection[Symbol] = ()) -> dict[str, Local]:
    """∂gate/∂operand by operand, in the operands' order.

    A gate in `least` is a power of what is never negative.
    """
    expr, value = gate.formula, gate.symbol
    if not gate.operands:  # a named constant, such as g = 9.81
        return {}
    if gate.has_arrays:
        return _of_arrays(gate, least)
    found, words = _elementwise(expr, value, least)
    local = {s.name: Local(gate, s, partial, words, partial) for s, partial in found.items()}
    return {name: local[name] for name in gate.operands}


def _elementwise(
    expr: Expr, value: Symbol, least: Collection[Symbol]
) -> tuple[dict[Symbol, Expr], str]:
    """Partials of what holds element by element, and the rule, where it is that of all."""
    if expr.is_Symbol:
        return {expr: S.One}, "copy"
    if expr.is_Add:
        return _of_sum(expr), ""
    if isinstance(expr, Piecewise):
        return _of_choice(expr), "the branch taken"
    if is_square(expr):
        return _of_square(expr), "∂u² = 2u·∂u"
    if expr.is_Mul:
        return _of_product(expr, value), ""
    if expr.is_Pow:
        return _of_power(expr, value, value in least)
    return _of_function(expr, value)


def _of_arrays(gate: Node, least: Collection[Symbol]) -> dict[str, Local]:
    """Elementwise partials and the terms that mix elements, operand by operand."""
    if isinstance(gate.formula, loop):
        return {name: _of_loop(gate, real_symbol(name)) for name in gate.operands}
    plain, terms = [], []
    for term in Add.make_args(gate.formula):
        coefficient, op = split_number(term)
        if isinstance(op, ArrayFunction):
            terms.append((coefficient, op))
        elif has_arrays(term):
            raise ValueError(
                f"{gate.name} = {gate.formula} is not a gate: an operation on whole arrays is one "
                "by itself; split the circuit into gates first"
            )
        else:
            plain.append(term)
    elementwise: dict[Symbol, Expr] = {}
    rule = ""
    if any(not t.is_number for t in plain):
        elementwise, rule = _elementwise(Add(*plain), gate.symbol, least)
    found: dict[str, Local] = {}
    upstream = real_symbol(f"{gate.name}_bar")
    for name in gate.operands:
        symbol = real_symbol(name)
        own = tuple((c, op) for c, op in terms if any(o.has(symbol) for o in op.operands))
        partial = elementwise.get(symbol, S.Zero)
        words = "; ".join(dict.fromkeys(op.rule for _, op in own)) or rule
        words = "sum" if words == "copy" and gate.formula.is_Add else words
        local = ArrayLocal(gate, symbol, partial, words, partial, own)
        found[name] = replace(local, partial=local.contribution(upstream)) if own else local
    return found


def _of_loop(gate: Node, operand: Symbol) -> ArrayLocal:
    """That of a loop's node, whose contribution `symback.autodiff.loops` makes."""
    upstream = real_symbol(f"{gate.name}_bar")
    words = gate.formula.rule
    return ArrayLocal(gate, operand, upstream, words, S.Zero, ((S.One, gate.formula),))


def rule_by(expr: Expr, symbol: Symbol) -> str:
    """The rules that give the partial of a sum or product by one operand, as textbooks name them.

    >>> from sympy.abc import w, x
    >>> print(rule_by(w * x + 1, x), rule_by(x / w, w), rule_by(x**2 / 2, x), sep=", ")
    sum and product, quotient, constant multiple and power
    """
    names: dict[str, None] = {"sum": None} if expr.is_Add else {}
    for term in Add.make_args(expr):
        if term.has(symbol):
            names.update(dict.fromkeys(_of_term(term, symbol, within=expr.is_Add)))
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _of_term(term: Expr, symbol: Symbol, within: bool) -> Iterator[str]:
    coefficient, rest = split_number(term)
    if coefficient != 1 and not (within and coefficient == -1):
        yield "constant multiple"
    factors = Mul.make_args(rest)
    below = any(f.is_Pow and f.exp.could_extract_minus_sign() for f in factors)
    if len(factors) > 1:
        yield "quotient" if below else "product"
    powers = [f.exp for f in factors if f.is_Pow and f.base.has(symbol)]
    if powers and not (len(factors) > 1 and powers == [-1]):
        yield "power"


def times(upstream: Expr, partial: Expr) -> Expr:
    """upstream × partial, taken into the branches of a choice, where it stays a float32."""
    choice = None
    if not partial.is_Symbol:  # most partials of a large circuit: x of w*x
        choice = next((f for f in Mul.make_args(partial) if isinstance(f, Piecewise)), None)
    if choice is None:
        return product(upstream, partial)
    rest = upstream * Mul(*(f for f in Mul.make_args(partial) if f is not choice))
    return Piecewise(*((times_in_branch(rest, v), condition) for v, condition in choice.args))


def is_choice(partial: Expr) -> bool:
    """Whether it is a choice between numbers, 0 among them: the partial by a branch."""
    if not isinstance(partial, Piecewise):
        return False
    values = [plainly(value) for value, _ in partial.args]
    return all(v.is_number for v in values) and S.Zero in values


def guarded(product: Expr, mask: Expr) -> Expr:
    """The product where the mask is not 0, else 0, whatever the product is there; NaN stays."""
    if mask.is_Symbol:
        return Piecewise((S.Zero, _is_zero(mask)), (product, True), evaluate=False)
    branches = [(product if plainly(v) != 0 else v, condition) for v, condition in mask.args]
    return Piecewise(*branches, evaluate=False)  # nothing else to evaluate: there are many


@cache
def _is_zero(mask: Symbol) -> Expr:
    return Eq(mask, 0)


def _expanded(partial: Expr, value: Symbol) -> Expr:
    if isinstance(partial, Slope):
        return partial.expanded(*partial.args, value)
    return partial


def _add(found: dict[Symbol, Expr], symbol: Symbol, partial: Expr) -> None:
    found[symbol] = found[symbol] + partial if symbol in found else partial


def _of_sum(expr: Expr) -> dict[Symbol, Expr]:
    found: dict[Symbol, Expr] = {}
    for term in expr.args:
        if term.is_number:
            continue
        partials = _of_square(term) if is_square(term) else _of_monomial(term)
        for symbol, partial in partials.items():
            _add(found, symbol, partial)
    return found


def _of_square(expr: Expr) -> dict[Symbol, Expr]:
    coefficient, square = split_number(expr)
    total = square.base
    found: dict[Symbol, Expr] = {}
    for term in total.args:
        if not term.is_number:
            inner, symbol = split_number(term)
            found[symbol] = 2 * coefficient * inner * total
    return found


def _of_monomial(term: Expr) -> dict[Symbol, Expr]:
    """c·x^n·…: each partial is the product of the other factors times n·x^(n-1)."""
    factors = Mul.make_args(term)
    found: dict[Symbol, Expr] = {}
    for i, factor in enumerate(factors):
        if factor.is_number:
            continue
        if factor.is_Symbol:
            found[factor] = product(*factors[:i], *factors[i + 1 :])
            continue
        base, power = factor.as_base_exp()
        others = Mul(*factors[:i], *factors[i + 1 :])
        found[base] = others * power * base ** (power - 1)
    return found


def _of_product(expr: Expr, value: Symbol) -> dict[Symbol, Expr]:
    found = _of_monomial(expr)
    for factor in Mul.make_args(expr):
        if factor.is_Pow and factor.base.is_Symbol and factor.exp.is_negative:
            found[factor.base] = factor.exp * value / factor.base
    return found


def _of_power(expr: Expr, value: Symbol, least: bool) -> tuple[dict[Symbol, Expr], str]:
    base, power = expr.base, expr.exp
    found: dict[Symbol, Expr] = {}
    partials = power_partials(value, base, power, least)
    for operand, partial in zip((base, power), partials, strict=True):
        if operand.is_Symbol:
            _add(found, operand, partial)
    if power.is_number:
        return found, "√′(u) = 1/(2√u)" if power == S.Half else "power"
    return found, POWER.rule


def _of_function(expr: Expr, value: Symbol) -> tuple[dict[Symbol, Expr], str]:
    op = BY_HEAD[expr.func]
    found: dict[Symbol, Expr] = {}
    for operand, partial in zip(expr.args, op.local_partials(value, *expr.args), strict=True):
        if operand.is_Symbol:
            _add(found, operand, partial)
    return found, op.rule


def _of_choice(expr: Piecewise) -> dict[Symbol, Expr]:
    """Where a branch is taken, its value's partial is 1; a condition has none."""
    found: dict[Symbol, Expr] = {s: S.Zero for s in expr.free_symbols}
    for branch in dict.fromkeys(e for e, _ in expr.args if e.is_Symbol):
        found[branch] = Piecewise(*((S.One if e == branch else S.Zero, c) for e, c in expr.args))
    return found


__all__ = [
    "ArrayLocal",
    "Guard",
    "Local",
    "guarded",
    "is_choice",
    "local_partials",
    "times",
]
