"""SymPy's matrix expressions → formulas over arrays, part by part.

A matrix of one column is a vector, every other a matrix. Each part becomes a formula that NumPy's
rule of broadcasting brings to the shape that SymPy gives the part; the two are compared at every
part, so that no rank and no axis is guessed. A product of 1 × 1 counts as a number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

import sympy as sp
from sympy import Expr, MatrixExpr, MatrixSymbol, S, Symbol, Tuple
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction

from symback.circuits.circuit import Node, computed
from symback.circuits.names import check_size_name
from symback.errors import CircuitError, NameRefused, TooLarge, Unsupported, clip
from symback.language.arrays import NO_NAMES
from symback.language.terms import DEEPEST
from symback.operations import arrays as a
from symback.operations.arrays import shape_of
from symback.operations.construction import stacked
from symback.operations.expressions import postorder, real_symbol
from symback.operations.matrix_view import Array, Elementwise, Number
from symback.operations.shapes import Shape, ShapeError, shown, size_symbol
from symback.sympy_io.matrix_derivatives import NAMED, RULES, better
from symback.sympy_io.matrix_products import ALL, MatrixValue, as_number, full
from symback.sympy_io.refusals import shown_part
from symback.sympy_io.shared import split

LARGEST_POWER = 64  # of a matrix: it is written out as a product
_HALVES = (S.Half, -S.Half)


class Scalars(Protocol):
    """The reader of expressions over numbers, for the parts that are numbers."""

    unread: set[str]

    def claim(self, symbol: Any) -> str: ...
    def add_leaf(self, name: str) -> None: ...
    def refuse(self, name: str, part: Any) -> Any: ...
    def is_known(self, part: Any) -> bool: ...
    def part_name(self, node: str) -> str: ...
    def free_name(self, name: str) -> str: ...
    def number(self, name: str, value: Any) -> Expr: ...
    def translate(self, name: str, part: Any, done: Mapping[Any, Any]) -> Any: ...


def has_matrices(expr: Any) -> bool:
    """Whether a SymPy expression is a matrix or made from some."""
    if not isinstance(expr, sp.Basic):
        return False
    return any(isinstance(part, MatrixExpr | Number) for part in postorder(expr))


class MatrixReader:
    """Translates named expressions, some of them over matrices.

    `shapes` has those of all names that are arrays, `sizes` which sizes are used as numbers,
    `targets` which names an operation takes as a target, `carriers` leaves for the sizes that no
    MatrixSymbol has, such as that of an Identity alone. A size such as m - 1 gets a name of its
    own where m is the size of nothing else.
    """

    def __init__(self, scalars: Scalars, pairs: Sequence[tuple[str, Any]]) -> None:
        self._scalars = scalars
        self._pairs = dict(pairs)
        self.node = ""
        self._known: dict[Expr, Shape] = {}
        self._computed: dict[str, Shape] = {}
        self._renamed: dict[Expr, Expr] = {}
        self.carriers: dict[str, Shape] = {}
        self._name_sizes([e for _, e in pairs])
        self.shapes: dict[str, Shape] = {}
        self.sizes: dict[str, None] = {}
        self.targets: dict[str, None] = {}

    def _name_sizes(self, exprs: Sequence[Any]) -> None:
        """Find the names of sizes, give some to compound sizes, and leaves to those without one."""
        sizes = [size for e in exprs for size in _sizes(e, _is_symbol)]
        every = dict.fromkeys([*sizes, *(size for e in exprs for size in _sizes(e, _is_constant))])
        plain = {size for size in every if size.is_Symbol}
        self._size_names = {s.name for size in every for s in size.free_symbols}
        for size in every:
            if size.free_symbols and size not in plain and plain.isdisjoint(size.free_symbols):
                name = self._scalars.part_name(min(map(str, size.free_symbols)))
                self._renamed[size] = size_symbol(name)
                self._size_names.add(name)
        carried = {str(self._renamed.get(size, size)) for size in sizes}
        for size in every:
            name = str(self._renamed.get(size, size))
            if (size in plain or size in self._renamed) and name not in carried:
                self.carriers[self._scalars.free_name(f"{name}_like")] = (size_symbol(name),)

    def nodes(self) -> list[Node]:
        """The nodes in the order of the pairs; each is read after those that it uses.

        Before a node stand those of the parts that it uses again and again.
        """
        for name in self._pairs:
            self._refuse_name(name)
        found = {name: self._read_node(name) for name in self._in_order()}
        return [node for name in self._pairs for node in found[name]]

    def _in_order(self) -> list[str]:
        """Names, those first that others use."""
        done: dict[str, None] = {}
        open_names: set[str] = set()
        stack = [(name, False) for name in reversed(self._pairs)]
        while stack:
            name, entered = stack.pop()
            if entered:
                done[name] = None
            elif name not in open_names:
                open_names.add(name)
                stack.append((name, True))
                names = reversed(_uses(self._pairs[name], frozenset()))
                stack += [(n, False) for n in names if n in self._pairs]
            elif name not in done:
                raise CircuitError(f"a cycle through '{name}'; a node may use earlier nodes only")
        return list(done)

    def _read_node(self, name: str) -> list[Node]:
        self.node = name
        expr = self._pairs[name]
        if not isinstance(expr, sp.Basic):
            expr = self._scalars.number(name, expr)
        try:
            formula = self.whole(self.read(expr, {}))
            shape = self.shape_of(formula)
        except ShapeError as error:
            raise ShapeError(f"node '{name}': {error.message}") from None
        dims = self.dims(expr)
        if dims != (*shape, S.One, S.One)[:2]:
            raise ShapeError(
                f"node '{name}' has the shape {shown(dims)} in SymPy, but {shown(shape)} here"
            )
        self._computed[name] = shape
        if shape:
            self.shapes[name] = shape
        nodes = split(formula, self._part_name)
        return [self._node(part or name, inner) for part, inner in nodes]

    def _part_name(self, part: Expr) -> str:
        name = self._scalars.part_name(self.node)
        self._computed[name] = self.shape_of(part)
        if self._computed[name]:
            self.shapes[name] = self._computed[name]
        return name

    def _node(self, name: str, formula: Expr) -> Node:
        names = [p.name for p in postorder(formula) if p.is_Symbol]
        self.sizes.update(dict.fromkeys(n for n in names if n in self._size_names))
        shape = self._computed[name]
        return computed(name, formula, names, shapes=self.shapes, shape=shape)

    def whole(self, value: MatrixValue) -> Expr:
        """The formula of a node: a row stays a matrix of one row, as SymPy has it."""
        formula = full(value, self.shape_of)
        is_row = value.dims != (1, 1) and value.dims[0] == 1 and len(self.shape_of(formula)) == 1
        return stacked([formula], 1, self.shape_of) if is_row else formula

    def shape_of(self, expr: Expr) -> Shape:
        return shape_of(expr, self.shapes, self._known)

    # -- names and sizes ----------------------------------------------------------------------

    def _refuse_name(self, name: str) -> None:
        if name in NO_NAMES:
            raise NameRefused(f"'{name}' is an operation on arrays; choose another name")
        if name in self._size_names:
            raise NameRefused(f"'{name}' is both a size and a node; rename one")

    def size(self, size: Any) -> Expr:
        """A size of SymPy in the symbols of this circuit."""
        if size in self._renamed:
            return self._renamed[size]
        for symbol in size.free_symbols:
            check_size_name(self._scalars.claim(symbol))
            if symbol.name not in self._size_names:
                raise CircuitError(
                    f"node '{self.node}': '{symbol.name}' is the size of no MatrixSymbol"
                )
        found: Expr = size.xreplace({s: size_symbol(s.name) for s in size.free_symbols})
        return sp.expand(found)

    def dims(self, part: Any) -> tuple[Expr, Expr]:
        if not isinstance(part, MatrixExpr):
            return S.One, S.One
        rows, columns = map(sp.sympify, part.shape)  # ints where the entries are given
        return self.size(rows), self.size(columns)

    def symbol(self, symbol: Symbol) -> Expr:
        """A number: a size, a leaf or a node."""
        name = self._scalars.claim(symbol)
        if name in self._size_names:
            return size_symbol(name)
        shape = self._computed.get(name, ())
        if shape:
            raise ShapeError(f"'{name}' is {shown(shape)}; use it as a MatrixSymbol, not a Symbol")
        self._scalars.add_leaf(name)
        return real_symbol(name)

    def matrix_symbol(self, part: Any) -> Expr:
        name, dims = self._scalars.claim(part), self.dims(part)
        self._refuse_name(name)
        if name in self._pairs:
            shape = self._computed.get(name, dims)
            if (*shape, S.One, S.One)[:2] != dims:
                raise ShapeError(f"'{name}' is {shown(shape)}, but is used as {shown(dims)}")
        else:
            for size in dims:
                if not (size.is_Symbol or (size.is_Integer and size > 0)):
                    why = "compound; give it a name of its own" if size.free_symbols else "no size"
                    raise Unsupported(
                        f"node '{self.node}': the size {clip(str(size), 30)} of '{name}' is {why}"
                    )
            self.shapes[name] = dims[:1] if dims[1] == 1 else dims
            self._scalars.add_leaf(name)
        return real_symbol(name)

    def add_target(self, formula: Expr) -> None:
        """What an operation takes as a target, for which it has no derivative."""
        if not formula.is_Symbol or formula.name in self._pairs:
            raise Unsupported(f"node '{self.node}': cross_entropy takes a target, not a formula")
        self.targets[formula.name] = None

    def add_shapes_of(self, formulas: Sequence[Expr]) -> None:
        """What an operation of adjoints takes, of some operands only the shape."""
        self._scalars.unread.update(p.name for f in formulas for p in postorder(f) if p.is_Symbol)

    # -- parts --------------------------------------------------------------------------------

    def read(self, expr: Any, bound: Mapping[Any, Expr]) -> MatrixValue:
        """The value of an expression; `bound` has the formulas that symbols stand for."""
        if not isinstance(expr, Expr):
            kind = type(expr).__name__
            raise Unsupported(f"node '{self.node}' is a {kind}; a node is a SymPy expression")
        done: dict[Any, MatrixValue] = {}
        levels: dict[Any, int] = {}
        stack: list[tuple[Any, bool]] = [(expr, False)]
        while stack:
            part, entered = stack.pop()
            if part in done:
                continue
            if part in bound:
                done[part], levels[part] = MatrixValue(bound[part], None), 1
                continue
            operands = self._operands(part)
            if not entered:
                stack.append((part, True))
                stack.extend((o, False) for o in reversed(operands))
                continue
            levels[part] = 1 + max((levels[o] for o in operands), default=0)
            if levels[part] > DEEPEST:
                raise TooLarge(
                    f"node '{self.node}' is nested more than {DEEPEST} levels deep; name parts"
                )
            done[part] = self._value(part, [done[o] for o in operands])
        return done[expr]

    def _operands(self, part: Any) -> tuple[Any, ...]:
        """What a part is made from; a part that is not known is refused before what is in it."""
        rule = RULES.get(type(part))
        if isinstance(part, Array | Number) and part.name not in NAMED:
            raise Unsupported(
                f"node '{self.node}' has the operation '{clip(part.name, 40)}', which symback "
                "doesn't know"
            )
        if rule is not None:
            return rule.operands(part)
        if isinstance(part, MatrixExpr) or not self._scalars.is_known(part):
            self._scalars.refuse(self.node, part)
        operands: tuple[Any, ...] = part.args
        return operands

    def _value(self, part: Any, values: list[MatrixValue]) -> MatrixValue:
        rule = RULES.get(type(part))
        if rule is None:
            return self._scalar(part, values)
        if any(value.dims is None for value in values):
            raise Unsupported(
                f"node '{self.node}': {type(part).__name__} of an element of a matrix"
            )
        value = MatrixValue(rule.formula(self, part, values), self.dims(part))
        self._check(part, value)
        return value

    def _check(self, part: Any, value: MatrixValue) -> None:
        """The formula must broadcast to the shape that SymPy gives the part."""
        shape, (rows, columns) = self.shape_of(value.formula), value.dims
        wanted = {0: (), 1: (rows if columns == 1 else columns,), 2: (rows, columns)}[len(shape)]
        if any(size not in (1, want) for size, want in zip(shape, wanted, strict=True)):
            raise ShapeError(
                f"{type(part).__name__} has the shape {shown(value.dims)} in SymPy, "
                f"but {shown(shape)} here"
            )

    def _scalar(self, part: Any, values: list[MatrixValue]) -> MatrixValue:
        """A number, or an element where an operand is one."""
        if isinstance(part, Symbol):
            return MatrixValue(self.symbol(part), (S.One, S.One))
        for operand, value in zip(part.args, values, strict=True):
            if value.dims not in (None, (1, 1)):
                kind = clip(type(part).__name__, 30)
                raise Unsupported(
                    f"node '{self.node}' has {kind} of the matrix {shown_part(operand)}; for "
                    "each element write A.applyfunc(…), HadamardProduct or HadamardPower"
                )
        formulas = [as_number(v, self.shape_of) for v in values]
        done = dict(zip(part.args, formulas, strict=True))
        formula = better(part, formulas)
        if formula is None:
            formula = self._scalars.translate(self.node, part, done)
        is_element = any(value.dims is None for value in values)
        return MatrixValue(formula, None if is_element else (S.One, S.One))

    def elementwise(
        self, formula: Any, pairs: Iterable[tuple[Any, MatrixValue]], part: Any
    ) -> Expr:
        """A scalar formula whose symbols stand for the elements of matrices."""
        symbols, values = zip(*pairs, strict=True)
        bound = dict(zip(symbols, self.aligned(values, self.dims(part)), strict=True))
        value = self.read(formula, bound)
        if value.dims not in (None, (1, 1)):
            raise Unsupported(f"node '{self.node}': a matrix in the formula of an element")
        return as_number(value, self.shape_of)

    def aligned(self, values: Sequence[MatrixValue], dims: tuple[Expr, Expr]) -> list[Expr]:
        """Formulas that NumPy broadcasts together as the matrices would be."""
        columns = dims[1]
        formulas = []
        for value in values:
            is_column = value.dims[1] == 1 and value.dims != (1, 1)
            is_vector = len(self.shape_of(value.formula)) == 1
            turned = is_column and is_vector and columns != 1
            formulas.append(a.expand_dims(value.formula) if turned else value.formula)
        if columns == 1 and any(len(self.shape_of(f)) == 1 for f in formulas):
            first = Tuple(ALL, S.Zero)
            formulas = [a.slice_(f, first) if len(self.shape_of(f)) == 2 else f for f in formulas]
        return formulas


def _uses(expr: Any, bound: frozenset[Any]) -> list[str]:
    """The names of the symbols in an expression that are not bound inside it."""
    found: dict[str, None] = {}
    seen: set[Any] = set()
    stack = [expr] if isinstance(expr, sp.Basic) else []
    while stack:
        part = stack.pop()
        if part in seen or part in bound:
            continue
        seen.add(part)
        if isinstance(part, Symbol | MatrixSymbol):
            found[part.name] = None
        elif isinstance(part, Elementwise):
            symbols = [pair[0] for pair in part.pairs]
            found.update(dict.fromkeys(_uses(part.formula, bound | set(symbols))))
            stack.extend(pair[1] for pair in part.pairs)
        elif isinstance(part, ElementwiseApplyFunction):
            function = part.function
            found.update(dict.fromkeys(_uses(function.expr, bound | set(function.variables))))
            stack.append(part.expr)
        else:
            stack.extend(reversed(part.args))
    return list(found)


def _sizes(expr: Any, has: Callable[[Any], bool]) -> list[Expr]:
    """The sizes of parts of a kind, in order."""
    parts = postorder(expr) if isinstance(expr, sp.Basic) else []
    return [size for part in parts if has(part) for size in map(sp.expand, part.shape)]


def _is_symbol(part: Any) -> bool:
    return isinstance(part, MatrixSymbol)


def _is_constant(part: Any) -> bool:
    full = isinstance(part, Array) and part.name == "full"
    return full or isinstance(part, sp.Identity | sp.OneMatrix | sp.ZeroMatrix)


__all__ = ["MatrixReader", "has_matrices"]
