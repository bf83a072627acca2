"""Terms → formulas over arrays: shapes inferred part by part, and checked where they meet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sympy import Expr, S, Tuple

from symback.errors import CircuitError, CircuitSyntaxError, UnknownName, clip
from symback.language import indices
from symback.language.array_calls import (
    CALLS,
    LISTS_OF_NUMBERS,
    NO_NAMES,
    OF_LISTS,
    OPTIONS_ELSEWHERE,
    TUPLES,
)
from symback.language.products import factors_among
from symback.language.scalars import Builder
from symback.language.terms import Term
from symback.language.words import LISTS
from symback.operations import arrays
from symback.operations.arrays import ArrayFunction, shape_of
from symback.operations.construction import (
    matrix_product,
    permuted,
    stacked,
    stacked_along,
    with_axis,
)
from symback.operations.expressions import product
from symback.operations.named_products import product_of_stacks
from symback.operations.shapes import (
    Shape,
    ShapeError,
    broadcast,
    is_size,
    need_equal,
    shown,
)

_ELEMENTWISE = frozenset("sum product beside negative power superscript bracketed".split())
_TRUTHS = {"True": True, "False": False}
MOST_ORIGINS = 3  # arrays that a message names
_BRACKETED = ("pair", "tuple", "vector")
_LISTS = (["vector"], ["pair"], ["tuple"])

_OF_MATRICES = frozenset("matrix_product transpose bracketed juxtaposed dotted".split())
"""Terms that may be the row x.T of a vector."""


def _chain(term: Term) -> list[tuple[str, Term]]:
    """The operands of a product of LaTeX, each with the kind of the sign before it."""
    found: list[tuple[str, Term]] = []
    while term.kind in ("juxtaposed", "dotted"):
        found.append((term.kind, term.args[1]))
        term = term.args[0]
    return [("", term), *reversed(found)]


def _is_minus_one(term: Term) -> bool:
    while term.kind == "bracketed":
        term = term.args[0]
    return term.kind == "negative" and term.args[0].text == "1"


def _by_our_option(term: Term) -> Term:
    """The option by NumPy's name: dim of PyTorch is axis."""
    text = OPTIONS_ELSEWHERE.get(term.text, term.text)
    return Term(term.kind, term.place, term.args, text, term.depth, term.size)


class row(ArrayFunction):
    """x.T of a vector, which has a meaning only beside @."""

    @classmethod
    def shape_rule(cls, shapes: Sequence[Shape], options: Sequence[Any]) -> Shape:
        return shapes[0]


@dataclass(slots=True)
class ArrayBuilder(Builder):
    """Builds the formulas of a circuit with arrays.

    `shape` gives the shape of a node; `is_target` says whether a name is a target, and `is_leaf`
    whether it is one of the leaves.
    """

    shape: Callable[[str], Shape] = lambda name: ()
    is_target: Callable[[str], bool] = lambda name: False
    is_leaf: Callable[[str], bool] = lambda name: True
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
        for size in sorted(filter(is_size, expr.free_symbols), key=str):  # of ravel(x), say
            self.used.setdefault(size.name, self.place_of(term))
        return expr, self.shape_of(expr)

    def shape_of(self, expr: Expr) -> Shape:
        if isinstance(expr, row):
            return self.shape_of(expr.args[0])
        return shape_of(expr, self._shapes, self._known)

    def _checked(self, expr: Expr, term: Term, parts: list[Shape]) -> Shape:
        """The shape of what was built; an array that SymPy cancelled would be lost in silence."""
        try:
            if term.kind not in _OF_MATRICES:
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
    def _refuse_row(expr: Any) -> None:
        if isinstance(expr, Expr) and expr.has(row):
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
        return self._product_of_arrays(left, right)

    def _product_of_arrays(self, left: Expr, right: Expr) -> Expr:
        shapes = self.shape_of(left), self.shape_of(right)
        ranks = len(shapes[0]), len(shapes[1])
        if 0 in ranks:
            raise ShapeError("@ takes arrays, and one of these is a number; write *")
        if max(ranks) > 2:
            for operand in (left, right):
                self._refuse_row(operand)
            return product_of_stacks(left, right, *shapes)
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
        """Numbers beside an array; two arrays have several products."""
        made = Builder._beside(self, term)
        if sum(map(bool, self._parts[-1])) > 1:
            raise ShapeError("write @ for a product of matrices, or * for that of the elements")
        return made

    def _multiplied(self, term: Term) -> Expr:
        """W x and x · y of LaTeX: products of matrices, and the numbers beside them."""
        numbers: list[Expr] = []
        whole: Expr | None = None
        for kind, part in _chain(term):
            built = self.build(part)
            if not self.shape_of(built):
                numbers.append(built)
            elif whole is None:
                whole = built
            elif kind == "dotted" and len(self.shape_of(whole)) == 1 == len(self.shape_of(built)):
                whole = arrays.dot(whole, built)
            elif isinstance(built, row) and not isinstance(whole, row):
                whole = arrays.outer(whole, built.args[0])
            else:
                whole = self._product_of_arrays(whole, built)
        if isinstance(whole, row):
            return row(product(*numbers, whole.args[0]))
        return product(*numbers, *([] if whole is None else [whole]))

    def _factors_of(self, term: Term) -> list[Expr]:
        while term.kind == "bracketed":
            term = term.args[0]
        kept = term.kind in ("juxtaposed", "dotted")
        return [self.build(term)] if kept else Builder._factors_of(self, term)

    def _bars(self, term: Term) -> Expr:
        made = Builder._bars(self, term)
        if self.shape_of(made):
            raise ShapeError("|x| of an array: write norm(x), det(x) or abs(x), of each element")
        return made

    def _power(self, term: Term) -> Expr:
        """A^-1 of a matrix is its inverse; A^2 may be A @ A or the squares of its elements."""
        if term.text != "^":
            return Builder._power(self, term)
        if _is_minus_one(term.args[1]):
            base = self.build(term.args[0])
            is_matrix = len(self.shape_of(base)) == 2
            made = arrays.inv(base) if is_matrix else self._power_of(base, S.NegativeOne, term)
            return made
        made = Builder._power(self, term)
        if len(self.shape_of(made)) == 2:
            raise ShapeError("^ of a matrix: write A @ A, or A**2 for the squares of its elements")
        return made

    def _transpose(self, term: Term) -> Expr:
        array = self.build(term.args[0])
        rank = len(self.shape_of(array))
        if rank == 1 and term.text == ".T":
            return array.args[0] if isinstance(array, row) else row(array)
        if term.text == ".T":
            return permuted(array, tuple(reversed(range(rank))))
        if rank < 2:
            raise ShapeError(f".mT takes a matrix, not {shown(self.shape_of(array))}")
        return permuted(array, (*range(rank - 2), rank - 1, rank - 2))

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
        return stacked(entries, len(shapes[0]), self.shape_of)

    def _index(self, term: Term) -> Expr:
        base, *subscripts = term.args
        member = self._member(term)
        if member is not None:
            return member
        array = self.build(base)
        shape = self.shape_of(array)
        index = self._index_from_data(subscripts)
        if index is not None and shape:
            return arrays.take(array, index)
        self._refuse_row(array)
        if not shape:
            raise ShapeError("an index takes an array, and this is a number")
        rows = indices.listed(self.whole_number, subscripts, shape[0])
        if rows is not None:
            taken = [arrays.slice_(array, Tuple(row)) for row in rows]
            return stacked_along(taken, len(shape) - 1, 0)
        subscripts = indices.without_dots(subscripts, len(shape))
        kinds = [indices.is_new_axis(s) for s in subscripts]
        chosen = [s for s, is_new in zip(subscripts, kinds, strict=True) if not is_new]
        if len(chosen) > len(shape):
            raise ShapeError(f"{len(chosen)} indices for {shown(shape)}")
        parts = [
            indices.part(self.whole_number, s, size) for s, size in zip(chosen, shape, strict=False)
        ]
        kept = [i for i, s in enumerate(subscripts) if kinds[i] or s.kind == "slice"]
        while parts and parts[-1] == indices.WHOLE:
            parts.pop()
        array = arrays.slice_(array, Tuple(*parts)) if parts else array
        for place, i in enumerate(kept):
            array = with_axis(array, len(self.shape_of(array)), place) if kinds[i] else array
        return array

    def _index_from_data(self, subscripts: Sequence[Term]) -> Expr | None:
        """The leaf whose whole numbers choose rows, as in W[i]; None for a constant index."""
        names = [s.text for s in subscripts if s.kind == "name" and s.text not in self.bound]
        names = [n for n in names if n != "None" and not self.is_size(n)]
        if not names:
            return None
        term = next(s for s in subscripts if s.text == names[0])
        if len(subscripts) > 1:
            why = (
                "an index from data stands alone and first: write W[i][j] for W[i, j], "
                "and W.T[i].T for W[:, i]"
            )
            raise ShapeError(why, self.place_of(term))
        if not self.is_leaf(names[0]):
            raise CircuitError(
                f"'{names[0]}' is computed, and an index is a whole number from data; declare an "
                f"input such as i: int, or write one_hot(t, n) @ W",
                self.place_of(term),
            )
        return self._symbol(names[0], term)

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
            self._refuse_keywords(term, [a for a in term.args if a.kind == "keyword"], ())
            return Builder._call(self, term)
        least, most, options, make = CALLS[term.text]
        named = [_by_our_option(a) for a in term.args if a.kind == "keyword"]
        self._refuse_keywords(term, named, options)
        positional = [a for a in term.args if a.kind != "keyword"]
        if term.text in OF_LISTS and [a.kind for a in positional] in _LISTS:
            positional = positional[0].args
        if len(positional) < least or (most is not None and len(positional) > most):
            wanted = f"{least}" + ("" if most == least else f" to {most}" if most else " or more")
            raise CircuitSyntaxError(
                f"{term.text} takes {wanted} argument{'' if wanted == '1' else 's'}, "
                f"{len(positional)} given",
                self.place_of(term),
            )
        given = {a.text: self._option(a) for a in named}
        operands = [self._argument(a, i, term.text) for i, a in enumerate(positional)]
        for operand in operands:
            self._refuse_row(operand)
        expr: Expr = make(self, operands, **given)
        self.shape_of(expr)
        return expr

    def _argument(self, term: Term, place: int, of: str) -> Any:
        """An array or number; several numbers, such as axes or sizes; the text of subscripts."""
        if term.kind == "string" and of == "einsum" and not place:
            return term.text
        if term.kind in _BRACKETED and place >= TUPLES.get(of, len(term.args) + place):
            return tuple(map(self.build, term.args))
        if term.kind in _BRACKETED and place >= LISTS_OF_NUMBERS.get(of, len(term.args) + place):
            return self._whole_numbers(term, nested=True)
        return self.build(term)

    def _string(self, term: Term) -> Expr:
        raise CircuitSyntaxError(
            'a text in quotes stands only in einsum("ij,jk->ik", A, B)', self.place_of(term)
        )

    def _option(self, term: Term) -> Any:
        """The value of an option: a truth, a size, a whole number, or several."""
        (value,) = term.args
        if term.text in ("keepdims", "lower"):
            if value.kind != "name" or value.text not in _TRUTHS:
                raise CircuitSyntaxError(f"{term.text} is True or False", self.place_of(value))
            return _TRUTHS[value.text]
        if value.kind == "name" and value.text == "None":
            return None
        if term.text == "num_segments":
            return self.build(value)
        return self._whole_numbers(value, nested=term.text == "axes")

    def _whole_numbers(self, term: Term, nested: bool = False) -> Any:
        """A whole number, or a tuple of them, or of such tuples."""
        if term.kind not in _BRACKETED:
            return self.whole_number(term)
        return tuple(
            self._whole_numbers(part) if nested else self.whole_number(part) for part in term.args
        )

    def _refuse_keywords(self, term: Term, named: Sequence[Term], known: tuple[str, ...]) -> None:
        given: set[str] = set()
        for argument in named:
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


__all__ = ["CALLS", "NO_NAMES", "ArrayBuilder"]
