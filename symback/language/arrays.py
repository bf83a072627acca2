"""Terms → formulas over arrays: shapes inferred part by part, and checked where they meet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sympy as sp
from sympy import Expr, Integer, S, Tuple

from symback.errors import CircuitError, CircuitSyntaxError, UnknownName, clip
from symback.language.products import factors_among
from symback.language.scalars import Builder
from symback.language.terms import Term
from symback.language.words import LISTS
from symback.operations import arrays
from symback.operations.arrays import ArrayFunction, shape_of
from symback.operations.construction import matrix_product, stacked
from symback.operations.shapes import Shape, ShapeError, broadcast, need_equal, shown

_ELEMENTWISE = frozenset("sum product beside negative power superscript bracketed".split())
_WHOLE = Tuple(S.Zero, S.Infinity)
MOST_ORIGINS = 3  # arrays that a message names


class row(ArrayFunction):
    """x.T of a vector, which has a meaning only beside @."""


@dataclass(slots=True)
class ArrayBuilder(Builder):
    """Builds the formulas of a circuit with arrays.

    `shape` gives the shape of a node; `is_target` says whether a name is a target.
    """

    shape: Callable[[str], Shape] = lambda name: ()
    is_target: Callable[[str], bool] = lambda name: False
    _shapes: dict[str, Shape] = field(default_factory=dict)
    _known: dict[Expr, Shape] = field(default_factory=dict)
    _parts: list[list[Shape]] = field(default_factory=lambda: [[]])

    @property
    def shapes(self) -> Mapping[str, Shape]:
        """The shapes of all names used so far."""
        return self._shapes

    def build(self, term: Term) -> Expr:
        self._parts.append([])
        try:
            expr = Builder.build(self, term)
        except ShapeError as error:
            if error.place is not None:
                raise
            raise ShapeError(error.message + self._origin(term), self.place_of(term)) from None
        parts = self._parts.pop()
        shape = self._checked(expr, term, parts)
        self._parts[-1].append(shape)
        return expr

    def whole(self, term: Term) -> tuple[Expr, Shape]:
        """The formula of a node, and its shape."""
        expr = self.build(term)
        expr = expr.args[0] if isinstance(expr, row) else expr
        return expr, self.shape_of(expr)

    def shape_of(self, expr: Expr) -> Shape:
        if isinstance(expr, row):
            return self.shape_of(expr.args[0])
        return shape_of(expr, self._shapes, self._known)

    def _checked(self, expr: Expr, term: Term, parts: list[Shape]) -> Shape:
        """The shape of what was built; an array that SymPy cancelled would be lost in silence."""
        try:
            if term.kind not in ("matrix_product", "transpose", "bracketed"):
                self._refuse_row(expr)
            shape = self.shape_of(expr)
            scalar = term.kind == "call" and self._is_elementwise(term)
            expected = broadcast(parts) if term.kind in _ELEMENTWISE or scalar else shape
        except ShapeError as error:
            raise ShapeError(error.message + self._origin(term), self.place_of(term)) from None
        if shape != expected:
            raise CircuitError(
                f"an array {shown(expected)} cancels out here; leave it out, or write zeros(…)",
                self.place_of(term),
            )
        return shape

    @staticmethod
    def _refuse_row(expr: Expr) -> None:
        if expr.has(row):
            raise ShapeError("x.T of a vector stands only beside @, as in x.T @ A @ x")

    def _is_elementwise(self, term: Term) -> bool:
        return not self._is_array_call(term) and term.text not in self.functions

    def _origin(self, term: Term) -> str:
        """Where the arrays in a term come from: '; W1 is [h, d], x is [k]'."""
        names = self._array_names([term])
        if len(names) > MOST_ORIGINS:  # the first of each operand
            names = [name for part in term.args for name in self._array_names([part])[:1]]
        shapes = {name: f"{clip(name, 20)} is {shown(self._shapes[name])}" for name in names}
        return "; " + ", ".join(list(shapes.values())[:MOST_ORIGINS]) if shapes else ""

    def _array_names(self, stack: list[Term]) -> list[str]:
        """The arrays that are read, in the text's order."""
        found: dict[str, None] = {}
        while stack:
            part = stack.pop()
            stack.extend(reversed(part.args))
            if part.kind == "name" and self._shapes.get(part.text):
                found[part.text] = None
        return list(found)

    def _symbol(self, name: str, term: Term) -> Expr:
        symbol = Builder._symbol(self, name, term)
        if not self.is_known(name):
            self._refuse_product(name, term)
        if name not in self._shapes and not self.is_size(name):
            self._shapes[name] = self.shape(name)
        self._parts[-1].append(self._shapes.get(name, ()))
        return symbol

    def _refuse_product(self, name: str, term: Term) -> None:
        """A name that is made of names of arrays, such as Wx, is not a number beside them."""
        factors = factors_among(name, self.is_known)
        ranks = [len(self.shape(f)) for f in factors]
        if any(ranks):
            sign = " @ " if 2 in ranks else "*"
            raise UnknownName(
                f"'{clip(name, 20)}' is not defined; write {sign.join(factors)} for a product",
                self.place_of(term),
            )

    # -- products and parts -----------------------------------------------------------------

    def _matrix_product(self, term: Term) -> Expr:
        left, right = (self.build(a) for a in term.args)
        shapes = self.shape_of(left), self.shape_of(right)
        ranks = len(shapes[0]), len(shapes[1])
        if 0 in ranks:
            raise ShapeError("@ takes arrays, and one of these is a number; write *")
        need_equal("@", *shapes, (shapes[0][-1], shapes[1][0]))
        if isinstance(right, row):
            raise ShapeError("x.T of a vector stands left of @; the product u·vᵀ is outer(u, v)")
        is_row = isinstance(left, row) and ranks[1] == 2
        left = left.args[0] if isinstance(left, row) else left
        if ranks == (1, 1) and isinstance(left, arrays.matvec):  # (Aᵀ·x)ᵀ·y reads xᵀ·(A·y)
            matrix, left = left.args
            right = matrix_product(arrays.transpose(matrix), right, (2, 1))
        expr = matrix_product(left, right, ranks)
        self.shape_of(expr)
        return row(expr) if is_row else expr

    def _beside(self, term: Term) -> Expr:
        """A number beside an array; two arrays have several products."""
        made = Builder._beside(self, term)
        if all(self.shape_of(self._unrecorded(a)) for a in term.args):
            raise ShapeError("write @ for a product of matrices, or * for that of the elements")
        return made

    def _bars(self, term: Term) -> Expr:
        made = Builder._bars(self, term)
        if self.shape_of(made):
            raise ShapeError("|x| of an array: write norm(x), det(x) or abs(x), of each element")
        return made

    def _power(self, term: Term) -> Expr:
        made = Builder._power(self, term)
        if term.text == "^" and len(self.shape_of(made)) == 2:
            raise ShapeError("^ of a matrix: write A @ A, or A**2 for the squares of its elements")
        return made

    def _unrecorded(self, term: Term) -> Expr:
        """The expression of a term that is built once more."""
        self._parts.append([])
        made = self.build(term)
        self._parts.pop()
        return made

    def _transpose(self, term: Term) -> Expr:
        array = self.build(term.args[0])
        rank = len(self.shape_of(array))
        if rank == 1:
            return array.args[0] if isinstance(array, row) else row(array)
        return arrays.transpose(array) if rank == 2 else array

    def _vector(self, term: Term) -> Expr:
        """[a, b]: numbers make a vector, vectors the rows of a matrix."""
        entries = [self.build(entry) for entry in term.args]
        for entry in entries:
            self._refuse_row(entry)
        shapes = [self.shape_of(entry) for entry in entries]
        if len(set(shapes)) > 1:
            shown_ = ", ".join(map(shown, dict.fromkeys(shapes[:MOST_ORIGINS])))
            raise ShapeError(
                f"the entries of a list have one shape, not {shown_}; concat(…) joins vectors"
            )
        return stacked(entries, len(shapes[0]))

    def _index(self, term: Term) -> Expr:
        base, *subscripts = term.args
        member = self._member(term)
        if member is not None:
            return member
        array = self.build(base)
        shape = self.shape_of(array)
        kinds = [s.kind == "name" and s.text == "None" for s in subscripts]
        self._refuse_row(array)
        if any(kinds):
            return self._new_axis(array, shape, subscripts, kinds)
        if not shape:
            raise ShapeError("an index takes an array, and this is a number")
        if len(subscripts) > len(shape):
            raise ShapeError(f"{len(subscripts)} indices for {shown(shape)}")
        parts = [self._part(s, size) for s, size in zip(subscripts, shape, strict=False)]
        while parts and parts[-1] == _WHOLE:
            parts.pop()
        return arrays.slice_(array, Tuple(*parts)) if parts else array

    def _new_axis(self, array: Expr, shape: Shape, subscripts: list[Term], new: list[bool]) -> Expr:
        whole = [s.kind == "slice" and all(a.kind == "end" for a in s.args) for s in subscripts]
        if len(shape) == 1 and (new, whole) == ([False, True], [True, False]):
            return arrays.expand_dims(array)
        if len(shape) == 1 and (new, whole) == ([True, False], [False, True]):
            return arrays.transpose(arrays.expand_dims(array))
        raise ShapeError("None makes a vector a column, b[:, None], or a row, b[None, :]")

    def _part(self, term: Term, size: Expr) -> Expr:
        if term.kind == "slice":
            start, stop = term.args
            first = S.Zero if start.kind == "end" else self._counted(self.whole_number(start), size)
            if stop.kind == "end":
                return Tuple(first, S.Infinity)
            last = self._counted(self.whole_number(stop), size)
            return Tuple(first, S.Infinity if last == size else last)
        return self._counted(self.whole_number(term), size)

    @staticmethod
    def _counted(number: Integer, size: Expr) -> Expr:
        """Counted from the front where the size is a number."""
        return number + size if number < 0 and size.is_Integer and number >= -size else number

    # -- calls ------------------------------------------------------------------------------

    def _is_array_call(self, term: Term) -> bool:
        if term.text in ("max", "min", "maximum", "minimum"):
            return len([a for a in term.args if a.kind != "keyword"]) == 1
        return term.text in CALLS

    def _call(self, term: Term) -> Expr:
        term = self.own_word(term)
        if term.text in self.functions or self.is_known(term.text):
            return Builder._call(self, term)
        if term.text in LISTS and [a.kind for a in term.args] == ["vector"]:
            return self.build(term.args[0])
        if not self._is_array_call(term):
            self._refuse_keywords(term, ())
            return Builder._call(self, term)
        least, most, options, make = CALLS[term.text]
        self._refuse_keywords(term, options)
        positional = [a for a in term.args if a.kind != "keyword"]
        if len(positional) < least or (most is not None and len(positional) > most):
            wanted = f"{least}" + ("" if most == least else f" to {most}" if most else " or more")
            raise CircuitSyntaxError(
                f"{term.text} takes {wanted} argument{'' if wanted == '1' else 's'}, "
                f"{len(positional)} given",
                self.place_of(term),
            )
        given = {a.text: self.whole_number(a.args[0]) for a in term.args if a.kind == "keyword"}
        operands = [self.build(a) for a in positional]
        for operand in operands:
            self._refuse_row(operand)
        expr: Expr = make(self, operands, **given)
        self.shape_of(expr)
        return expr

    def _refuse_keywords(self, term: Term, known: tuple[str, ...]) -> None:
        given: set[str] = set()
        for argument in (a for a in term.args if a.kind == "keyword"):
            name = argument.text
            if name not in known or name in given:
                has = f"; it has {', '.join(known)}" if known else ""
                why = f"is not an option of {term.text}{has}"
                why = "is given twice" if name in given else why
                raise CircuitSyntaxError(
                    f"the option '{clip(name, 30)}' {why}", self.place_of(argument)
                )
            given.add(name)

    def _keyword(self, term: Term) -> Expr:
        raise CircuitSyntaxError("an option stands only in a call", self.place_of(term))


# -- the calls, by name: fewest and most arguments, options, what they build ---------------------

Make = Callable[..., Expr]


def _plain(head: Any) -> Make:
    return lambda builder, args: head(*args)


def _reduced(head: Any) -> Make:
    def make(builder: ArrayBuilder, args: list[Expr], axis: Expr | None = None) -> Expr:
        array, *more = args
        if more and axis is not None:
            raise ShapeError("the axis is given twice")
        axis = more[0] if more else axis
        rank = len(builder.shape_of(array))
        if axis is not None and (not axis.is_Integer or not -rank <= axis < rank):
            raise ShapeError(f"{shown(builder.shape_of(array))} has no axis {axis}")
        if axis is None or rank == 1:
            return head(array)
        return head(array, axis % rank)

    return make


def _dot(builder: ArrayBuilder, args: list[Expr]) -> Expr:
    if not builder.shape_of(args[0]) and not builder.shape_of(args[1]):
        raise ShapeError("dot takes arrays, and these are numbers; write *")
    return arrays.dot(*args)


def _diag(builder: ArrayBuilder, args: list[Expr]) -> Expr:
    head = arrays.diag if len(builder.shape_of(args[0])) == 1 else arrays.diagonal
    return head(args[0])


def _cross_entropy(builder: ArrayBuilder, args: list[Expr]) -> Expr:
    """-Σ t∘log_softmax(z); a target is known to add up to 1, or is the index of a class."""
    z, t = args
    is_target = t.is_Symbol and builder.is_target(t.name)
    if not builder.shape_of(t):
        if not is_target:
            raise ShapeError("cross_entropy: a number as second operand is a class, so a target")
        return arrays.sparse_cross_entropy(z, t)
    if builder.shape_of(z) != builder.shape_of(t) or is_target:
        return arrays.cross_entropy(z, t)
    terms = t * arrays.log_softmax(z)
    rows = len(builder.shape_of(z)) == 2
    return -(arrays.reduce_sum(terms, S.One) if rows else arrays.dot(t, arrays.log_softmax(z)))


def _one_hot(builder: ArrayBuilder, args: list[Expr]) -> Expr:
    """1 at an index, else 0: of a size, or as long as a vector."""
    index, like = args
    if builder.shape_of(like):
        return arrays.one_hot(index, like)
    return arrays.one_hot(index, arrays.full(S.Zero, *_sizes([like])))


def _mse(builder: ArrayBuilder, args: list[Expr]) -> Expr:
    a, b = (builder.shape_of(arg) for arg in args)
    if a != b:
        raise ShapeError(f"mse takes two arrays of one shape, not {shown(a)} and {shown(b)}")
    square = sp.Pow(args[0] - args[1], 2)
    return arrays.mean(square) if a else square


def _layer_norm(builder: ArrayBuilder, args: list[Expr]) -> Expr:
    gain, bias = (*args[1:], *(S.One, S.Zero)[len(args) - 1 :])
    return arrays.layer_norm(args[0]) * gain + bias


def _concat(builder: ArrayBuilder, args: list[Expr], axis: Expr = S.Zero) -> Expr:
    rank = max(len(builder.shape_of(arg)) for arg in args)
    joined = arrays.concat(axis % rank if axis < 0 and rank else axis, *args)
    builder.shape_of(joined)
    return args[0] if len(args) == 1 and rank else joined


def _sizes(args: list[Expr]) -> list[Expr]:
    for size in args:
        if not (size.is_Symbol and size.is_integer) and not (size.is_Integer and size > 0):
            raise ShapeError("a size is a whole number or the name of a size")
    return args


def _constant(value: Expr) -> Make:
    return lambda builder, args: arrays.full(value, *_sizes(args))


CALLS: dict[str, tuple[int, int | None, tuple[str, ...], Make]] = {
    "sum": (1, 2, ("axis",), _reduced(arrays.reduce_sum)),
    "mean": (1, 2, ("axis",), _reduced(arrays.mean)),
    "max": (1, 1, ("axis",), _reduced(arrays.reduce_max)),
    "maximum": (1, 1, ("axis",), _reduced(arrays.reduce_max)),
    "min": (1, 1, ("axis",), _reduced(arrays.reduce_min)),
    "minimum": (1, 1, ("axis",), _reduced(arrays.reduce_min)),
    "dot": (2, 2, (), _dot),
    "norm": (1, 2, ("axis",), _reduced(arrays.norm)),
    "outer": (2, 2, (), _plain(arrays.outer)),
    "trace": (1, 1, (), _plain(arrays.trace)),
    "diag": (1, 1, (), _diag),
    "inv": (1, 1, (), _plain(arrays.inv)),
    "det": (1, 1, (), _plain(arrays.det)),
    "logdet": (1, 1, (), _plain(arrays.logdet)),
    "solve": (2, 2, (), _plain(arrays.solve)),
    "softmax": (1, 1, (), _plain(arrays.softmax)),
    "log_softmax": (1, 1, (), _plain(arrays.log_softmax)),
    "logsumexp": (1, 1, (), _plain(arrays.logsumexp)),
    "cross_entropy": (2, 2, (), _cross_entropy),
    "mse": (2, 2, (), _mse),
    "one_hot": (2, 2, (), _one_hot),
    "layer_norm": (1, 3, (), _layer_norm),
    "concat": (1, None, ("axis",), _concat),
    "eye": (1, 1, (), lambda builder, args: arrays.eye(*_sizes(args))),
    "zeros": (1, 2, (), _constant(S.Zero)),
    "ones": (1, 2, (), _constant(S.One)),
}
"""Operations on arrays by the name that circuit text gives them."""

NO_NAMES = CALLS.keys() - {"one_hot"}
"""Those whose name no node has among arrays; data that is one-hot may be called so."""

__all__ = ["CALLS", "NO_NAMES", "ArrayBuilder"]
