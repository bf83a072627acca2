"""Derivations of Jacobians and Hessians of arrays as matrices, by differentials.

Every value and every adjoint moves with the leaves: d(X·w) = X·dw, dδ = d(f − y)/n. What dw is
multiplied by in d(∂f/∂w) = Xᵀ·X/n·dw is the Hessian, as Magnus and Neudecker derive it. The rules
are those of tangents, so that a matrix is what modules multiply by.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations_with_replacement
from typing import Any

from sympy import Add, Expr, Mul, S, Symbol

from symback.autodiff.closed_forms import Gradient, inline_generated, inner_nodes
from symback.autodiff.factors import factors_in_front
from symback.autodiff.reverse import ReversePass
from symback.autodiff.tangents import TangentLines
from symback.circuits.program import Assign
from symback.derivation.accumulation import Accumulation, differential_names
from symback.derivation.class_blocks import class_blocks, class_part, softmax_of
from symback.derivation.linear_map import matrix_of
from symback.derivation.steps import Left, Step
from symback.derivation.verify.differentials import DifferentialVerifier
from symback.derivation.writer import StepWriter
from symback.errors import TooLarge
from symback.operations.arrays import (
    ArrayFunction,
    concat,
    explicit_matrix,
    full,
    rows,
    shape_of,
    size,
)
from symback.operations.elementwise import expand_slopes
from symback.operations.expressions import postorder
from symback.operations.functions import Slope
from symback.operations.jvp import linear_operands
from symback.operations.matrix_view import as_matrix
from symback.operations.shapes import Shape
from symback.operations.simplify import weight

LARGEST = 2000  # operations of a differential over those of the leaves
LARGEST_WRITTEN = 200  # of one that is a step
SUBSTITUTED = "substitute the differentials"
NO_MATRIX = "no product of matrices writes the factor of {}"
FACTOR = "what {} is multiplied by"
ONE_CLASS = "the block of a class with itself"
TWO = "the block of two different classes"
FLAT = "it does not move with {}"
CANCEL = "the terms with {} cancel"


class DifferentialWriter:
    """Writes the differentials that are needed, then the matrix of each pair of names."""

    def __init__(
        self, writer: StepWriter, gradient: Gradient, wrt: Sequence[str], *, second: bool
    ) -> None:
        self._writer, self._wrt, self._is_second = writer, tuple(wrt), second
        self._walk: ReversePass = writer.walk
        self._symbols, self._names = differential_names(self._walk)
        self._accumulation = Accumulation(self._walk, gradient, writer.enter, self._names)
        self._seeds = {self._names.tangent(name): name for name in self._wrt}
        self._verifier = DifferentialVerifier(self._walk, wrt, second=second)
        self._inner = inner_nodes(self._walk.circuit, "")
        typed = [node for node in self._walk.circuit.computed if not node.generated]
        self._named = {n.formula: n.symbol for n in typed if not n.formula.is_Symbol}
        self._slopes = {
            e.local.slope: e.local.expanded
            for e in self._walk.edges
            if isinstance(e.local.slope, Slope)
        }
        self._lines: dict[Symbol, Expr] = {}
        self._steps: dict[Symbol, int] = {}
        self._written: set[Symbol] = set()
        self.closed: dict[Left, Expr] = {}

    @property
    def verified(self) -> bool:
        """Whether every step was proven to hold."""
        return self._verifier.verified

    def write(self, forward: Mapping[str, int]) -> None:
        """The differentials, and the matrices of all pairs of names."""
        tangents = self._tangents(forward)
        if not self._is_second:
            value = self._walk.node(self._walk.of).symbol
            self._write_needed([tangents.get(value, S.Zero)], forward)
            for name in self._wrt:
                self._write_result((self._walk.of, name), value, tangents)
            return
        bars = {name: self._names.adjoint(name) for name in self._wrt}
        moved = {name: tangents.get(bar, S.Zero) for name, bar in bars.items()}
        self._write_needed(list(moved.values()), forward)
        for a, b in combinations_with_replacement(self._wrt, 2):
            self._write_result((self._walk.of, a, b), bars[a], tangents)

    def verify_stable(self, steps: Sequence[Step]) -> None:
        """Refuse a result of the stable form that is not that of what was typed."""
        for step in steps:
            if step.kind == "stable" and isinstance(step.left, tuple) and step.left in self.closed:
                self._verifier.result(step.left, step.right)

    # -- differentials --------------------------------------------------------------------------

    def _tangents(self, forward: Mapping[str, int]) -> Mapping[Symbol, Expr]:
        """Differentials of values and adjoints by their names; `_lines` has those with a line."""
        walk, names = self._walk, self._names
        dots: dict[Symbol, Expr] = {
            walk.node(name).symbol: symbol for symbol, name in self._seeds.items()
        }
        found = TangentLines(names, dots, frozenset(), "", plain=True)
        for node in walk.circuit.computed:
            if node.name in forward:
                found.add(Assign(node.symbol, node.formula))
        if self._is_second:
            for name in walk.order[1:]:
                found.add(Assign(names.adjoint(name), self._accumulation.total(name)))
        values = {*(n.symbol for n in walk.circuit), *map(names.adjoint, walk.order)}
        parts: dict[Expr, Expr] = {}
        for line in found.lines:
            expr = line.expr.xreplace(parts)
            if line.target in self._symbols:
                self._lines[line.target] = expr
            elif line.target not in values:
                parts[line.target] = expr
        return found.dots

    def _write_needed(self, wanted: Sequence[Expr], forward: Mapping[str, int]) -> None:
        """The lines that lead to what is wanted, in their order."""
        needed: set[Any] = set().union(*(expr.free_symbols for expr in wanted))
        for symbol in reversed(self._lines):
            if symbol in needed:
                needed |= self._lines[symbol].free_symbols
        for symbol, expr in self._lines.items():
            if symbol in needed:
                name, of_adjoint = self._symbols[symbol]
                own = [] if of_adjoint else [forward[name]] if name in forward else []
                because = (*own, *self._used(expr))
                self._differential(symbol, expr, _rule_of(self._source(symbol), expr), because)

    def _source(self, symbol: Symbol) -> Expr:
        """What the differential is that of."""
        name, of_adjoint = self._symbols[symbol]
        return self._accumulation.total(name) if of_adjoint else self._walk.node(name).formula

    def _differential(self, symbol: Symbol, expr: Expr, rule: str, because: Any) -> None:
        self._verifier.differential(str(symbol), expr)
        number = self._writer.enter("differential", str(symbol), expr, rule, tuple(because))
        self._steps[symbol] = number

    def _used(self, expr: Expr) -> list[int]:
        return sorted(self._steps[s] for s in expr.free_symbols if s in self._steps)

    def _over_leaves(self, expr: Expr) -> Expr:
        """A differential over values and the differentials of leaves."""
        while named := expr.free_symbols & self._lines.keys():
            expr = self._put(expr, {s: self._lines[s] for s in named})
            if weight(expr) > LARGEST:
                raise TooLarge(
                    f"the differentials of '{self._walk.of}' over those of "
                    f"{', '.join(self._wrt)} have more than {LARGEST} operations; name fewer "
                    "(wrt=…, --wrt …), or generate a module with functions=('jacobian', 'hessian')"
                )
        return factors_in_front(self._over_values(expr), self._names.shapes)

    def _over_values(self, expr: Expr) -> Expr:
        """The same with adjoints that are short written out."""
        bars = {self._names.adjoint(name): name for name in self._walk.order}
        while named := expr.free_symbols & bars.keys():
            known = {
                s: S.One if bars[s] == self._walk.of else self._accumulation.total(bars[s])
                for s in named
            }
            longer = self._put(expr, known)
            if weight(longer) > LARGEST:
                return expr
            expr = longer
        return expr

    def _put(self, expr: Expr, known: Mapping[Any, Expr]) -> Expr:
        """The formula with others in place of names; what cancels keeps the shape it had."""
        found: dict[Any, Any] = {}
        shapes = self._names.shapes
        for part in postorder(expr):
            if part in known:
                found[part] = known[part]
            elif isinstance(part, ArrayFunction):
                operands = [found[o] for o in part.operands]
                joined = isinstance(part, concat | explicit_matrix | rows) and not any(operands)
                if joined or S.Zero in operands[: linear_operands(part)]:
                    found[part] = S.Zero
                    continue
                for i, old in enumerate(part.operands):
                    operands[i] = self._spread(operands[i], shape_of(old, shapes))
                found[part] = part.with_operands(operands)
            else:
                args = [found.get(arg, arg) for arg in part.args]
                found[part] = part.func(*args) if args else part
        return found[expr]

    def _spread(self, expr: Expr, shape: Shape) -> Expr:
        """A formula in the shape that it had before terms of it fell away."""
        if shape_of(expr, self._names.shapes) == shape:
            return expr
        return full(expr, *shape) if expr.is_number else expr * full(S.One, *shape)

    def _over_names(self, expr: Expr) -> Expr:
        """A formula over names that were typed, as people read it."""
        inlined = inline_generated(expr.xreplace(self._named), self._inner, slopes=True)
        return factors_in_front(inlined.xreplace(self._named), self._names.shapes)

    # -- matrices -------------------------------------------------------------------------------

    def _write_result(self, left: Left, of: Symbol, tangents: Mapping[Symbol, Expr]) -> None:
        moved, name = tangents.get(of, S.Zero), left[-1]
        seed = self._names.tangent(name)
        sign = f"d{name}"
        whole = self._over_leaves(moved)
        others = dict.fromkeys((s for s in self._seeds if s != seed), S.Zero)
        part = self._put(whole, others)
        if seed not in part.free_symbols:
            self._zero(left, of, FLAT.format(sign))
            return
        own = self._names.tangent(str(of))
        self._write_out(own, moved, whole)
        because = (self._steps[own],) if own in self._steps else ()
        part = self._spread(part, shape_of(of, self._names.shapes))
        matrix = matrix_of(part, seed, self._names.shapes)
        if matrix == 0:
            self._zero(left, of, CANCEL.format(sign), because)
            return
        if matrix is None:
            self._product(left, self._over_names(part), NO_MATRIX.format(sign), because)
            self._blocks(left, part, seed)
            return
        typed, matrix = matrix, self._over_names(matrix)
        self._verifier.result(left, matrix)
        number = self._writer.enter("simplify", left, matrix, FACTOR.format(sign), because)
        closed = self._over_names(expand_slopes(typed.xreplace(self._slopes)))
        if closed != matrix:
            self._verifier.result(left, closed)
            rule = "expand the derivatives of the activations"
            self._writer.enter("expand", left, closed, rule, (number,), matrix)
        self.closed[left] = self._shown(closed)

    def _zero(self, left: Left, of: Symbol, rule: str, because: tuple[int, ...] = ()) -> None:
        self._verifier.zero(left)
        self._writer.enter("simplify", left, S.Zero, rule, because)
        self.closed[left] = self._zeros(of, left[-1])

    def _write_out(self, own: Symbol, moved: Expr, whole: Expr) -> None:
        """The differential of what is asked for, over those of the leaves, once."""
        shown = self._over_names(whole)
        if own in self._written or shown == self._lines.get(own):
            return
        if weight(shown) > LARGEST_WRITTEN:
            return
        self._written.add(own)
        self._differential(own, shown, SUBSTITUTED, self._used(moved))

    def _product(self, left: Left, right: Expr, rule: str, because: tuple[int, ...]) -> None:
        self._verifier.product(left, right)
        self._writer.enter("product", left, right, rule, because)

    def _blocks(self, left: Left, part: Expr, seed: Symbol) -> None:
        """The blocks of two classes, where columns, rows or entries of leaves are those of
        classes."""
        if not self._is_second:
            return
        circuit = self._walk.circuit
        taken = frozenset(n.name for n in circuit) | frozenset(map(str, circuit.size_names))
        found = class_blocks(part, seed, self._names.shapes, taken)
        if found is None:
            return
        of, one, two = left
        because = (self._writer.steps[-1].id,)
        first = class_part(one, found.axes[0], found.indices[0])
        for is_same, form, rule in ((True, found.same, ONE_CLASS), (False, found.other, TWO)):
            right = softmax_of(self._over_names(form))
            self._verifier.block(left, right, found.axes, found.indices, same=is_same)
            second = class_part(two, found.axes[1], found.indices[not is_same])
            self._writer.enter("block", (of, first, second), right, rule, because)

    def _zeros(self, of: Symbol, name: str) -> Expr:
        """The block of what does not move."""
        rows, columns = (
            shape_of(s, self._names.shapes) for s in (of, self._walk.node(name).symbol)
        )
        shape = (Mul(*rows), Mul(*columns)) if rows and columns else (rows or columns)
        return self._shown(full(S.Zero, *shape) if shape else S.Zero)

    def _shown(self, matrix: Expr) -> Expr:
        """For SymPy, numbers of elements as products of sizes."""
        shapes = self._names.shapes
        counts = {e: Mul(*_lengths(e, shapes)) for e in matrix.atoms(size)}
        matrix = matrix.xreplace(counts)
        return as_matrix(matrix, shapes, shape_of(matrix, shapes))


def _lengths(op: size, shapes: Mapping[str, Shape]) -> Sequence[Expr]:
    shape = shape_of(op.args[0], shapes)
    return [shape[int(axis)] for axis in op.options] if op.options else shape


def _rule_of(expr: Expr, moved: Expr) -> str:
    """The rule by which a formula moves as it does.

    >>> from symback.operations.arrays import matvec
    >>> X, w, dw = map(Symbol, ("X", "w", "dw"))
    >>> _rule_of(matvec(X, w), matvec(X, dw))
    'constant factor'
    """
    if isinstance(expr, ArrayFunction) and linear_operands(expr) < 2:
        return "linear" if linear_operands(expr) else "chain rule"
    if isinstance(expr, Add):
        return "sum rule"
    if not isinstance(expr, ArrayFunction) and not expr.is_Mul:
        return "chain rule"
    return "product rule" if moved.is_Add else "constant factor"


__all__ = ["DifferentialWriter"]
