"""Program → program with tangents: how fast each value moves when the arguments do.

A line v = f(a, b) is followed by the line of its tangent, v_dot = ∂f/∂a·a_dot + ∂f/∂b·b_dot. So
the tangent of a forward program is J·v, and that of a program which computes a gradient is H·v:
forward over reverse. Rules are those of the rows of operations (`symback.operations.jvp`). What
does not move has no tangent and costs nothing, and that of a branch is chosen, not multiplied.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

from sympy import Add, Expr, Mul, Piecewise, Pow, S, Symbol
from sympy.codegen.cfunctions import hypot

from symback.autodiff.gates import split_number
from symback.autodiff.names import Names
from symback.autodiff.origin_tangents import OriginTangents
from symback.autodiff.origins import TIES, Origins, reached
from symback.autodiff.partials import guarded, times
from symback.autodiff.steep import factor_of_guard, unless_zero
from symback.autodiff.still import NOWHERE, Pairs, Still
from symback.autodiff.tangent_terms import (
    is_below,
    multiplied,
    negative,
    of_taken,
    sum_of_tangents,
)
from symback.autodiff.turn_tangents import MovedLoop, moved_loop
from symback.circuits.program import Assign, Program, batch_sum, loop_of
from symback.operations.arrays import ArrayFunction, broadcast_like
from symback.operations.edges import Careful, nonzero, plainly, power_partials, power_slope
from symback.operations.elementwise import BY_HEAD, SLOPES
from symback.operations.jvp import Tangent, tangent_of_array
from symback.operations.number_slopes import careful_tangent, slopes
from symback.operations.shapes import is_size
from symback.operations.special import diffshare, sumshare
from symback.operations.vjp import At


def tangent_program(
    program: Program,
    names: Names,
    dots: Mapping[Symbol, Expr],
    *,
    least: Collection[Symbol] = (),
    results: Iterable[Symbol] | None = None,
    along: str = "",
    plain: bool = False,
    still: Still = NOWHERE,
    origins: Origins | None = None,
) -> Program:
    """The program with the tangents of its lines, whose results are those of its results.

    `dots` gives the tangents of arguments, by names or numbers; arguments without one do not
    move. Names among them become arguments. `least` are powers of what is never negative, and
    `results` are the results that tangents are wanted of, where not of all. Tangents are named
    after the parameter `along` which they are. With `plain` formulas are those of books, also
    where others keep more digits. `still` are the edges along which slope × tangent may be 0·∞.

    >>> import symback as sb
    >>> from symback.autodiff.lower import lower
    >>> found = lower(sb.circuit("f = w*sin(x)", loss=None))
    >>> forward, output = found.program("forward"), found.circuit.output.symbol
    >>> w, x = forward.arguments
    >>> dots = {w: found.names.tangent("w"), x: S.One}
    >>> print(tangent_program(forward, found.names, dots, results=[output]))
    (w, x, w_dot):
        f_1 = sin(x)
        f_1_dot = cos(x)
        f = f_1*w
        f_dot = f_1*w_dot + f_1_dot*w
        return f_dot
    """
    moving = TangentLines(names, dict(dots), frozenset(least), along, plain, still)
    for of in filter(None, map(loop_of, program.lines)):
        moving.left.setdefault(of.group, {})[of.name] = None
    here = Origins() if origins is None else origins.within(program)
    if reached(here, program, dots):
        moving.lines += program.lines  # as tangents of values ask for adjoints there
        moving.origins = OriginTangents(here, moving)
    for line in program.lines:
        moving.add(line)
    wanted = tuple(program.results if results is None else results)
    found = [moving.result(symbol) for symbol in wanted]
    seeds = tuple(dict.fromkeys(d for d in dots.values() if d.is_Symbol))
    varying = {d for s, d in dots.items() if d.is_Symbol and s in program.per_sample}
    read = {s for line in moving.lines for s in line.reads if is_size(s)}
    sizes = sorted(read - {*program.arguments}, key=str)  # of tangents only
    return Program(
        (*sizes, *program.arguments, *seeds),
        tuple(moving.lines),
        tuple(found),
        program.per_sample | varying,
    ).check()


@dataclass
class TangentLines:
    """The lines so far, and the tangents of the names that they assign."""

    names: Names
    dots: dict[Symbol, Expr]
    least: frozenset[Symbol]
    along: str
    plain: bool
    still: Still = NOWHERE
    origins: OriginTangents | None = None
    lines: list[Assign] = field(default_factory=list)
    left: dict[Any, dict[Symbol, None]] = field(default_factory=dict)  # names that loops leave
    stand_in: dict[Symbol, Symbol] = field(default_factory=dict)  # in slopes of kinks, and for what
    _moved: dict[Any, MovedLoop | None] = field(default_factory=dict)  # loops, by their group
    _parts: dict[Expr, Symbol] = field(default_factory=dict)
    _still: set[Symbol] = field(default_factory=set)  # tangents that a choice may have made 0
    _formulas: dict[Symbol, Expr] = field(default_factory=dict)  # of the lines
    _zeros: dict[Symbol, tuple[str, str] | None] = field(default_factory=dict)  # whose they are
    _owner: str = ""

    def add(self, line: Assign) -> None:
        self._owner = line.target.name
        if line.expr is S.Zero:
            self._zeros[line.target] = line.of
        place = len(self.lines)
        if (of := loop_of(line)) is not None:
            self._add_loop(line, of)
            return
        expr, value = line.expr, line.target
        if self.origins is not None:
            expr, value = self.origins.moved_line(line)
        self._formulas |= {line.target: line.expr, value: expr}
        tangent = self._of(expr, value)
        if self.origins is None:  # else all values are there
            parts, after = self.lines[place:], {line.target}
            for part in parts:
                if part.reads & after:
                    after.add(part.target)
            self.lines[place:] = [p for p in parts if p.target not in after]
            self.lines += [line, *(p for p in parts if p.target in after)]
        self._parts.setdefault(line.expr, line.target)
        if self.origins is not None:
            tangent = self.origins.of_line(line, tangent, place)
        if tangent is not None:
            self.dots[line.target] = self.dots[value] = self._whole(line.target, tangent)

    def tangent_of(self, expr: Expr) -> Tangent:
        """The tangent of an expression; None where nothing moves it."""
        return self._of(expr)

    def inside(self, dots: dict[Symbol, Expr]) -> TangentLines:
        """The same for the lines of a turn, whose names that move have these tangents."""
        return TangentLines(self.names, dots, self.least, self.along, self.plain, self.still)

    def _add_loop(self, line: Assign, of: Any) -> None:
        """What a loop leaves, and how that moves: from one loop, whose turns compute both."""
        if of.group not in self._moved:
            left = self.left.get(of.group, {of.name: None})
            self._moved[of.group] = moved_loop(of, left, self.names, self, self.named)
        moved = self._moved[of.group]
        if moved is None:
            if self.origins is None:  # else all values are there
                self.lines.append(line)
            return

        def made(name: Symbol) -> Expr:
            found = moved.left(of.kind, name)
            return batch_sum(found) if isinstance(line.expr, batch_sum) else found

        if self.origins is None:
            self.lines.append(replace(line, expr=made(of.name)))
        dot = moved.dots.get(of.name)
        if dot is not None:
            target = self.names.tangent(line.target.name, self.along)
            self.lines.append(Assign(target, made(dot)))
            self.dots[line.target] = target

    def result(self, symbol: Symbol) -> Symbol:
        """The name of a result's tangent, which is 0 where nothing moves it."""
        tangent, name = self.dots.get(symbol, S.Zero), self.names.tangent(symbol.name, self.along)
        if tangent != name:
            apart = self.names.shape_of(tangent) != self.names.shape_of(symbol)
            if apart and symbol not in self._zeros:
                tangent = broadcast_like(tangent, symbol)
            self.lines.append(Assign(name, tangent, (), self._zeros.get(symbol)))
            self.dots[symbol] = name
        return name

    def _whole(self, target: Symbol, tangent: Expr) -> Expr:
        """A name for a tangent of the value's shape, or what needs no line: a copy, a number."""
        if self.names.shape_of(tangent) != self.names.shape_of(target):
            tangent = broadcast_like(tangent, target)
        number, rest = split_number(tangent)
        if rest == 1 or (rest.is_Symbol and abs(number) == 1):
            return tangent
        name = self.names.tangent(target.name, self.along)
        if self._may_be_still(tangent):
            self._still.add(name)
        self.lines.append(Assign(name, tangent))
        return name

    # -- one kind of expression each ------------------------------------------------------------

    def _of(self, expr: Expr, value: Symbol | None = None) -> Tangent:
        """The tangent of an expression; `value` is its name, where it has one."""
        if expr.is_Symbol:
            return self.dots.get(expr)
        if not expr.args or not any(s in self.dots for s in expr.free_symbols):
            return None
        found = self._by_kind(expr, value)
        return found if self.origins is None else self.origins.of_contribution(expr, found)

    def _by_kind(self, expr: Expr, value: Symbol | None) -> Tangent:
        if expr.is_Add:
            return sum_of_tangents([self._of(a) for a in expr.args])
        if isinstance(expr, batch_sum):
            dot = self._of(expr.args[0])
            if dot is None:
                return None
            parts = map(split_number, Add.make_args(dot))
            return Add(*(number * batch_sum(rest) for number, rest in parts))
        if isinstance(expr, Piecewise):
            return self._choice(expr)
        name = _Name(self, expr, value)
        if expr.is_Mul:
            return self._product(expr, name)
        if expr.is_Pow:
            return self._power(expr, name)
        if isinstance(expr, ArrayFunction):
            return self._array(expr, name)
        return self._function(expr, name)

    def _choice(self, expr: Piecewise) -> Tangent:
        """The tangent of the branch taken; a product that is 0 with a factor moves with it."""
        if (factor := factor_of_guard(expr)) is not None:
            product = expr.args[1][0]
            rest = self._besides(factor, product)
            rest = None if rest is None else unless_zero(factor, rest)
            return sum_of_tangents([self._along(factor, product), rest])
        dots = [self._of(e) for e, _ in expr.args]
        if all(d is None for d in dots):
            return None
        branches = [
            (S.Zero if d is None else d, c) for d, (_, c) in zip(dots, expr.args, strict=True)
        ]
        return Piecewise(*branches, evaluate=False)

    def _along(self, factor: Expr, product: Expr) -> Tangent:
        """The part u̇·p of the tangent of u·p, for the factor u."""
        dot = self._of(factor)
        if dot is None:
            return None
        if not factor.is_Symbol:
            return self._unless_still(dot, times(dot, product / factor))
        found = self._moved_with({factor: dot}, product)
        return None if found is None else self._unless_still(dot, found)

    def _besides(self, factor: Expr, product: Expr) -> Tangent:
        """The part u·ṗ."""
        if not factor.is_Symbol:
            return multiplied(self._of(product / factor), factor)
        return self._moved_with({s: d for s, d in self.dots.items() if s != factor}, product)

    def _moved_with(self, dots: dict[Symbol, Expr], expr: Expr) -> Tangent:
        kept, self.dots = self.dots, dots
        found = self._of(expr)
        self.dots = kept
        return found

    def _unless_still(self, dot: Expr, moved: Expr) -> Expr:
        """The tangent that a dot causes, and 0 where it is 0, be the rate infinite."""
        if dot.is_number:
            return moved
        return guarded(moved, self.briefly(dot))

    def _product(self, expr: Mul, name: _Name) -> Tangent:
        """Factor by factor; of n/d it is (n_dot − v·d_dot)/d, v being the quotient."""
        factors = Mul.make_args(expr)
        if not self.plain and (cosine := self._cosine(factors)) is not None:
            return cosine
        below = [f for f in factors if is_below(f)]
        parts = self._by_factors([f for f in factors if f not in below])
        over = Mul(*below)
        names = [f.base for f in below if f.base.is_Symbol]
        steep = any(self._is_among(self.still.steep, name) for name in names)
        if below and not steep and all(f.exp == -1 for f in below):
            falling = sum_of_tangents(self._by_factors([f.base for f in below]))
            moved = multiplied(falling, -name.symbol)
            weightless = any(self._is_among(self.still.weightless, f.base) for f in below)
            if moved is not None and weightless:
                moved = unless_zero(name.symbol, moved)
            return multiplied(sum_of_tangents([*parts, moved]), over)
        found = [multiplied(p, over) for p in parts]
        for factor in below:
            rate = factor.exp * name.symbol / factor.base
            found.append(self._moved_by(factor.base, rate, singular=True))
        return sum_of_tangents(found)

    def _by_factors(self, factors: list[Expr]) -> list[Tangent]:
        """One tangent a factor; of (1 − u)·(1 + u) it is −2·u·u_dot, which does not cancel."""
        dots = [self._of(f) for f in factors]
        for i, j in combinations(range(len(factors)), 2):
            if dots[i] is not None and dots[i] in (dots[j], negative(dots[j])):
                sign = 1 if dots[i] == dots[j] else -1
                both = multiplied(dots[i], factors[j] + sign * factors[i])
                others = [f for k, f in enumerate(factors) if k not in (i, j)]
                rest = self._by_factors(others)
                pair = factors[i] * factors[j]
                return [multiplied(both, Mul(*others)), *(multiplied(d, pair) for d in rest)]
        return [
            self._by_factor(factor, dot, Mul(*factors[:i], *factors[i + 1 :]))
            for i, (factor, dot) in enumerate(zip(factors, dots, strict=True))
        ]

    def _by_factor(self, factor: Expr, dot: Tangent, others: Expr) -> Tangent:
        found = multiplied(dot, others)
        still = self.still
        if found is None or not (factor.is_Symbol and factor.name in still.switched):
            return found
        if not any(s.name in still.zero for s in others.free_symbols):
            return found
        return unless_zero(self.named(others), found)

    def _cosine(self, factors: tuple[Expr, ...]) -> Tangent:
        """Of a/hypot(a, b), b·(b·a_dot − a·b_dot)/hypot³: the quotient's rule would cancel."""
        for over in factors:
            h = self._hypot_below(over)
            if h is None:
                continue
            for a, b in (h.args, h.args[::-1]):
                if a in factors and (self._of(a) is not None or self._of(b) is not None):
                    rest = Mul(*(f for f in factors if f not in (a, over)))
                    cosine, sine = self.named(a * over), self.named(b * over)
                    turned = sum_of_tangents(
                        [multiplied(self._of(a), sine), multiplied(self._of(b), -cosine)]
                    )
                    turned = multiplied(turned, rest * sine * over)
                    return sum_of_tangents([turned, multiplied(self._of(rest), cosine)])
        return None

    def _hypot_below(self, factor: Expr) -> Expr | None:
        """The hypot that a factor divides by, by its name or as it is."""
        if not (factor.is_Pow and factor.exp == -1):
            return None
        below = factor.base.args[0] if isinstance(factor.base, nonzero) else factor.base
        found = self._formulas.get(below, below)
        return found if isinstance(found, hypot) else None

    def _power(self, expr: Pow, name: _Name) -> Tangent:
        base, power = expr.base, expr.exp
        least = name.value in self.least if name.value is not None else False
        rates = power_partials(name.symbol, base, power, least)
        singular = not (power.is_Integer and power.is_positive)
        return sum_of_tangents(
            [self._moved_by(a, r, singular) for a, r in zip((base, power), rates, strict=True)]
        )

    def _function(self, expr: Expr, name: _Name) -> Tangent:
        if isinstance(expr, Careful):
            dots = [self._of(a) for a in expr.args]
            if isinstance(expr, power_slope):  # which asks whether the power moves
                dots[1] = None if dots[1] is None else self.briefly(dots[1])
            return careful_tangent(expr, name.symbol, dots)
        row = BY_HEAD.get(expr.func) or SLOPES.get(expr.func)
        rates = slopes(expr, name.symbol, plain=self.plain)
        if isinstance(expr, TIES) and not self.plain:
            dots = [self._of(leg) for leg in expr.args[:2]]
            if None not in dots:
                return of_taken(expr, dots, name.symbol)
        singular = row is not None and row.singular
        below = Add(*expr.args) if isinstance(expr, sumshare | diffshare) else S.One
        parts = [
            self._moved_by(a, r * below, singular) for a, r in zip(expr.args, rates, strict=True)
        ]
        return multiplied(sum_of_tangents(parts), 1 / below)

    def _array(self, expr: ArrayFunction, name: _Name) -> Tangent:
        dots = []
        for operand in expr.operands:
            dot, shape = self._of(operand), self.names.shape_of(operand)
            if dot is not None and self.names.shape_of(dot) != shape:
                dot = broadcast_like(dot, operand)
            dots.append(dot)
        if all(d is None for d in dots):
            return None
        weightless = any(self._is_among(self.still.weightless, o) for o in expr.operands)
        at = At(expr, name.symbol, self.names.shapes, weightless)
        return tangent_of_array(at, *dots)

    # -- where 0 × a partial may be NaN -----------------------------------------------------------

    def _moved_by(self, operand: Expr, rate: Expr, singular: bool) -> Tangent:
        """partial × tangent, and 0 where what is 0 leaves the operand or the value still."""
        dot = self._of(operand)
        if dot is None or rate == 0:
            return None
        if self._is_among(self.still.weightless, operand):
            rate = self.named(rate)
            return unless_zero(rate, times(dot, rate))
        steep = self._is_among(self.still.steep, operand) and not dot.is_number
        if not (steep or (singular and self._may_be_still(dot))):
            return multiplied(dot, rate)
        dot = self.briefly(dot)
        return guarded(times(dot, rate), dot)

    def _is_among(self, edges: Pairs, operand: Expr) -> bool:
        if not edges:
            return False
        names = (self.stand_in.get(s, s).name for s in operand.free_symbols)
        return any((self._owner, name) in edges for name in names)

    def _may_be_still(self, dot: Expr) -> bool:
        """Whether a tangent may be 0 because of a choice, whatever the direction."""
        if dot.is_Add:
            return all(self._may_be_still(a) for a in dot.args)
        if dot.is_Mul:
            return any(self._may_be_still(a) for a in dot.args)
        if isinstance(dot, Piecewise):
            return any(plainly(e) == 0 or self._may_be_still(e) for e, _ in dot.args)
        return dot in self._still

    def briefly(self, dot: Expr) -> Expr:
        """An expression that is read several times, by a name unless it is a name or a number."""
        return dot if dot.is_Symbol or dot.is_number else self.named(dot)

    def named(self, expr: Expr) -> Symbol:
        """The name of an expression, which gets a line of its own."""
        if expr not in self._parts:
            name = self.names.part(self._owner, expr)
            self._parts[expr] = name
            self.lines.append(Assign(name, expr))
        return self._parts[expr]


@dataclass
class _Name:
    """The name of a part's value, which gets a line of its own when a rule asks for it."""

    tangents: TangentLines
    expr: Expr
    value: Symbol | None

    @property
    def symbol(self) -> Symbol:
        return self.value if self.value is not None else self.tangents.named(self.expr)


__all__ = ["TangentLines", "tangent_program"]
