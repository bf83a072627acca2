"""Array operations in print: circuit text, plain text and LaTeX.

People write W·x, xᵀ and a ∘ b; circuit text writes W @ x, x.T and a*b. Each table has an entry for
every operation, so that none prints by chance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sympy import Expr, Mul, S, Tuple

from symback.operations import arrays as a
from symback.operations.subscripts import LETTERS, flips, matrix_subscripts
from symback.printing.printer import ATOM, MUL, NEG, POW, TERM

if TYPE_CHECKING:
    from symback.printing.people import ForPeople
    from symback.printing.printer import Printer

Printed = tuple[str, int]
Print = Callable[..., Printed]


_OPEN = (S.Infinity, S.NegativeInfinity)
"""Bounds of a part that are left out."""


def bounds(parts: Tuple) -> str:
    """The inside of an index: 0, 1:4, :"""
    texts = []
    for part in parts:
        if isinstance(part, Tuple):
            start, stop, *step = part
            first = "" if start == 0 and not step else start
            given = ["" if bound in _OPEN else str(bound) for bound in (first, stop)]
            texts.append(":".join([*given, *map(str, step)]))
        else:
            texts.append(str(part))
    return ", ".join(texts)


def call(name: str, operands: int | None = None) -> Print:
    """A call by a name, with an axis by name where there is one."""

    def print_(p: Printer, *args: Any) -> Printed:
        arrays = args if operands is None else args[:operands]
        texts = [p.print(x) for x in arrays]
        axes = [str(axis) for axis in args[len(arrays) :]]
        return p.along(name, texts, axes) if axes else p.call(name, texts), ATOM

    return print_


def _tuple(numbers: Sequence[Any]) -> str:
    return f"({', '.join(map(str, numbers))})"


def _permute(name: str) -> Print:
    def print_(p: Printer, array: Expr, *axes: Expr) -> Printed:
        return p.call(name, [p.print(array), _tuple(axes)]), ATOM

    return print_


def _new_axis(p: Printer, array: Expr, axis: Expr | None = None) -> Printed:
    """v[:, None], the axis among the others."""
    before = len(a.shape_of(array, p.shapes)) if axis is None else int(axis)
    return f"{p.at(array, ATOM)}[{', '.join([*[':'] * before, 'None'])}]", ATOM


def _concat(name: str) -> Print:
    def print_(p: Printer, axis: Expr, *operands: Expr) -> Printed:
        entries = _entries(p, axis, operands)
        if entries:
            return f"[{', '.join(p.print(e) for e in entries)}]", ATOM
        texts = [p.print(o) for o in operands]
        return p.call(name, texts) if axis == 0 else p.along(name, texts, [str(axis)]), ATOM

    return print_


def _explicit_matrix(p: Printer, *numbers_and_columns: Expr) -> Printed:
    *numbers, columns = numbers_and_columns
    texts = [p.print(number) for number in numbers]
    rows = (", ".join(texts[i : i + int(columns)]) for i in range(0, len(texts), int(columns)))
    return f"[{', '.join(f'[{row}]' for row in rows)}]", ATOM


def transposed(p: Printer, m: Expr) -> Printed | None:
    """A row of numbers, [[a, b]]."""
    vector = _row(a.transpose(m))
    if not isinstance(vector, a.concat) or not _entries(p, vector.options[0], vector.operands):
        return None
    return f"[{p.print(vector)}]", ATOM


def _entries(p: Printer, axis: Expr, operands: Sequence[Expr]) -> Sequence[Expr]:
    """The numbers of a vector, or the rows of a matrix, that are joined; none for other arrays."""
    if all(not a.shape_of(o, p.shapes) for o in operands):
        return operands
    rows = [_row(o) for o in operands]
    return [r for r in rows if r is not None] if axis == 0 and None not in rows else []


def _row(expr: Expr) -> Expr | None:
    """The vector that stands as a row, v[None, :]."""
    is_row = isinstance(expr, a.transpose) and isinstance(expr.args[0], a.expand_dims)
    return expr.args[0].args[0] if is_row else None


def _slice(p: Printer, array: Expr, parts: Tuple) -> Printed:
    return f"{p.at(array, ATOM)}[{bounds(parts)}]", ATOM


def _taken(name: str) -> Print:
    """A[i], or the call by that name along an axis."""

    def print_(p: Printer, array: Expr, index: Expr, *axis: Expr) -> Printed:
        if axis:
            return call(name, 2)(p, array, index, *axis)
        return f"{p.at(array, ATOM)}[{p.print(index)}]", ATOM

    return print_


def _segments(name: str) -> Print:
    """With the number of segments, or as the adjoint of what takes rows, along an axis where it is
    named.
    """

    def print_(p: Printer, part: Expr, index: Expr, like: Expr, *axis: Expr) -> Printed:
        if isinstance(like, a.full):
            return p.call(name, [p.print(o) for o in (part, index, like.args[1])]), ATOM
        return call(name, 2)(p, part, index, *axis)

    return print_


def _full(p: Printer, value: Expr, *sizes: Expr, word: Callable[[str], str] = str) -> Printed:
    name = {0: "zeros", 1: "ones"}.get(value, "full")
    return p.call(word(name), [p.print(s) for s in sizes]), ATOM


def _one_hot(
    p: Printer, index: Expr, like: Expr, word: Callable[[str], str] | None = None
) -> Printed:
    """With the size where that was typed; in formulas to read, without the vector it is long as."""
    sized = [p.print(like.args[1])] if isinstance(like, a.full) else []
    if not sized and word is None:
        sized = [p.print(like)]
    return p.call((word or str)("one_hot"), [p.print(index), *sized]), ATOM


def _reshape(name: str) -> Print:
    def print_(p: Printer, array: Expr, *sizes: Expr) -> Printed:
        return p.call(name, [p.print(array), *map(p.print, sizes)]), ATOM

    return print_


def _windows(name: str) -> Print:
    def print_(p: Printer, *args: Any) -> Printed:
        texts = [_several(o) if isinstance(o, Tuple) else p.print(o) for o in args]
        return p.call(name, texts), ATOM

    return print_


def _several(numbers: Tuple) -> str:
    """(2, 2), or (2,) for one."""
    return f"({', '.join(map(str, numbers))}{',' * (len(numbers) == 1)})"


def letters_of(subscripts: Sequence[Expr]) -> list[str]:
    """The names of axes as letters: those of both operands, and those of the result."""
    return ["".join(LETTERS[int(i)] for i in names) for names in subscripts]


# -- circuit text ------------------------------------------------------------------------------


def _matrix_product(p: Printer, x: Expr, y: Expr) -> Printed:
    return f"{p.at(x, TERM)} @ {p.at(y, NEG)}", TERM  # c*A @ x would be (c*A) @ x


def _dot_in_text(p: Printer, u: Expr, v: Expr) -> Printed:
    if u == v:
        return f"norm({p.print(u)})**2", POW
    return call("dot")(p, u, v)


def _einsum_in_text(p: Printer, x: Expr, y: Expr, subscripts: Tuple) -> Printed:
    ranks = len(subscripts[0]), len(subscripts[1])
    if subscripts == matrix_subscripts(*ranks):
        return _matrix_product(p, x, y)
    first, second, result = letters_of(subscripts)
    return p.call("einsum", [f'"{first},{second}->{result}"', p.print(x), p.print(y)]), ATOM


NOTATION: dict[Any, Print] = {
    a.matmul: _matrix_product,
    a.matvec: _matrix_product,
    a.outer: call("outer"),
    a.dot: _dot_in_text,
    a.kron: call("kron"),
    a.transpose: lambda p, m: transposed(p, m) or (f"{p.at(m, ATOM)}.T", ATOM),
    a.permute: _permute("transpose"),
    a.reshape: _reshape("reshape"),
    a.reshape_like: call("reshape_like"),
    a.windows: _windows("windows"),
    a.fold: _windows("fold"),
    a.tril: call("tril"),
    a.triu: call("triu"),
    a.einsum: _einsum_in_text,
    a.reduce_sum: call("sum", 1),
    a.mean: call("mean", 1),
    a.prod: call("prod", 1),
    a.products_of_others: call("products_of_others", 1),
    a.cumsum: call("cumsum", 1),
    a.cumprod: call("cumprod", 1),
    a.products_before: call("products_before", 1),
    a.scan_back: call("scan_back", 2),
    a.reduce_max: call("max", 1),
    a.reduce_min: call("min", 1),
    a.argmax_mask: call("argmax_mask", 2),
    a.norm: call("norm", 1),
    a.normalized: call("normalized", 2),
    a.trace: call("trace"),
    a.diag: call("diag"),
    a.diagonal: call("diag"),
    a.inv: call("inv"),
    a.det: call("det"),
    a.logdet: call("logdet"),
    a.solve: call("solve"),
    a.cholesky: call("cholesky"),
    a.eigvalsh: call("eigvalsh"),
    a.eigenvectors: call("eigenvectors"),
    a.inverse_gaps: call("inverse_gaps"),
    a.softmax: call("softmax", 1),
    a.log_softmax: call("log_softmax", 1),
    a.logsumexp: call("logsumexp", 1),
    a.cross_entropy: call("cross_entropy"),
    a.sparse_cross_entropy: call("cross_entropy"),
    a.one_hot: _one_hot,
    a.layer_norm: call("layer_norm"),
    a.rsqrt_variance: call("rsqrt_variance"),
    a.concat: _concat("concat"),
    a.explicit_matrix: _explicit_matrix,
    a.rows: lambda p, *parts: (f"[{', '.join(map(p.print, parts))}]", ATOM),
    a.slice_: _slice,
    a.take: _taken("take_along_axis"),
    a.segment_sum: _segments("segment_sum"),
    a.scatter: lambda p, g, x, parts: (f"scatter({p.print(g)}, [{bounds(parts)}])", ATOM),
    a.expand_dims: _new_axis,
    a.broadcast_like: call("broadcast_like"),
    a.size: call("size", 1),
    a.eye: call("eye"),
    a.eye_like: call("eye_like"),
    a.full: _full,
}


# -- for people --------------------------------------------------------------------------------


def _product(p: ForPeople, x: Expr, y: Expr) -> Printed:
    return f"{_factor(p, x)}{p.times}{_factor(p, y)}", MUL


def _factor(p: ForPeople, x: Expr) -> str:
    """A factor of a product of matrices; a product of its own elements takes brackets."""
    text = p.print(x)
    return p.bracket(text) if x.is_Mul or p.at(x, MUL) != text else text


def _outer(p: ForPeople, u: Expr, v: Expr) -> Printed:
    return f"{_factor(p, u)}{p.times}{_transposed(p, v)}", MUL


def _transposed(p: ForPeople, x: Expr) -> str:
    if isinstance(x, a.inv):
        return p.raised(x.args[0], "-T")
    if isinstance(x, a.transpose):
        return p.at(x.args[0], ATOM)
    return p.raised(x, "T")


def _dot(p: ForPeople, u: Expr, v: Expr) -> Printed:
    if u == v:
        return p.squared(p.between_bars(p.print(u))), POW
    if len(p.shape_of(u)) == 1:
        return f"{_transposed(p, u)}{p.times}{_factor(p, v)}", MUL
    return p.call(p.sum_name, [f"{p.at(u, NEG)}{p.elementwise}{p.at(v, NEG)}"]), ATOM


def _kron(p: ForPeople, x: Expr, y: Expr) -> Printed:
    factors = []
    for factor in (x, y):
        row = _row(factor)
        column = isinstance(factor, a.expand_dims) and len(p.shape_of(factor.args[0])) == 1
        if row is not None:
            factors.append(_transposed(p, row))
        else:
            factors.append(_factor(p, factor.args[0] if column else factor))
    return p.kronecker.join(factors), MUL


def _size(p: ForPeople, x: Expr, *axes: Expr) -> Printed:
    """The number of elements: a product of sizes."""
    sizes = p.shape_of(x)
    return p._print(Mul(*([sizes[int(axis)] for axis in axes] if axes else sizes)))


def _column(p: ForPeople, array: Expr, *axis: Expr) -> Printed:
    if axis or len(p.shape_of(array)) != 1:
        return _new_axis(p, array, *axis)
    return p.column(array)


def _norm(p: ForPeople, x: Expr, *axis: Expr) -> Printed:
    if axis:
        return call(p.word("norm"), 1)(p, x, *axis)
    return p.between_bars(p.print(x)), ATOM


def _normalized(p: ForPeople, x: Expr, norm: Expr, *axis: Expr) -> Printed:
    return p.quotient([x], [norm])


def _rsqrt_variance(p: ForPeople, x: Expr) -> Printed:
    return f"1{p.over}{p.call(p.word('deviation'), [p.print(x)])}", MUL


def words(name: str, operands: int | None = None) -> Print:
    """A call by a word, in the type that the language has for words."""
    return lambda p, *args: call(p.word(name), operands)(p, *args)


def _einsum(p: ForPeople, x: Expr, y: Expr, subscripts: Tuple) -> Printed:
    """A product of matrices where it is one in its last axes, else a sum over named axes."""
    as_matrices = flips(subscripts)
    if as_matrices is None:
        first, second, result = letters_of(subscripts)
        return p.named_sum(first, second, result, p.at(x, ATOM), p.at(y, ATOM)), ATOM
    swapped, flip_x, flip_y = as_matrices
    factors = [_transposed(p, o) if f else _factor(p, o) for o, f in ((x, flip_x), (y, flip_y))]
    return p.times.join(reversed(factors) if swapped else factors), MUL


PEOPLE: dict[Any, Print] = {
    a.matmul: _product,
    a.matvec: _product,
    a.outer: _outer,
    a.dot: _dot,
    a.kron: _kron,
    a.transpose: lambda p, m: (_transposed(p, m), ATOM),
    a.permute: lambda p, *args: _permute(p.word("transpose"))(p, *args),
    a.reshape: lambda p, *args: _reshape(p.word("reshape"))(p, *args),
    a.reshape_like: lambda p, value, x: (p.call(p.word("reshape"), [p.print(value)]), ATOM),
    a.windows: lambda p, *args: _windows(p.word("windows"))(p, *args),
    a.fold: lambda p, g, x, *args: _windows(p.word("fold"))(p, g, *args),
    a.tril: words("tril"),
    a.triu: words("triu"),
    a.einsum: _einsum,
    a.reduce_sum: lambda p, *args: call(p.sum_name, 1)(p, *args),
    a.mean: words("mean", 1),
    a.prod: words("prod", 1),
    a.products_of_others: words("products_of_others", 1),
    a.cumsum: words("cumsum", 1),
    a.cumprod: words("cumprod", 1),
    a.products_before: words("products_before", 1),
    a.scan_back: words("scan_back", 2),
    a.reduce_max: words("max", 1),
    a.reduce_min: words("min", 1),
    a.argmax_mask: lambda p, x, v, *axis: (
        p.call(p.word("share"), [f"{p.print(x)} = {p.print(v)}"]),
        ATOM,
    ),
    a.norm: _norm,
    a.normalized: _normalized,
    a.trace: words("tr"),
    a.diag: words("diag"),
    a.diagonal: words("diag"),
    a.inv: lambda p, m: (p.raised(m, "-1"), ATOM),
    a.det: words("det"),
    a.logdet: words("logdet"),
    a.cholesky: words("cholesky"),
    a.eigvalsh: words("eigvalsh"),
    a.eigenvectors: words("eigenvectors"),
    a.inverse_gaps: words("inverse_gaps"),
    a.solve: lambda p, m, b: (f"{_inverse(p, m)}{p.times}{_factor(p, b)}", MUL),
    a.softmax: words("softmax", 1),
    a.log_softmax: words("log_softmax", 1),
    a.logsumexp: words("logsumexp", 1),
    a.cross_entropy: words("cross_entropy"),
    a.sparse_cross_entropy: words("cross_entropy"),
    a.one_hot: lambda p, t, z: _one_hot(p, t, z, word=p.word),
    a.layer_norm: words("layer_norm"),
    a.rsqrt_variance: _rsqrt_variance,
    a.concat: lambda p, *args: _concat(p.word("concat"))(p, *args),
    a.explicit_matrix: _explicit_matrix,
    a.rows: lambda p, *parts: (f"[{', '.join(map(p.print, parts))}]", ATOM),
    a.slice_: _slice,
    a.take: lambda p, *args: _taken(p.word("take_along_axis"))(p, *args),
    a.segment_sum: lambda p, *args: _segments(p.word("segment_sum"))(p, *args),
    a.scatter: lambda p, g, x, parts: (
        p.call(p.word("scatter"), [p.print(g), f"[{bounds(parts)}]"]),
        ATOM,
    ),
    a.expand_dims: _column,
    a.broadcast_like: lambda p, value, x: p._print(value),
    a.size: _size,
    a.eye: lambda p, n: ("I", ATOM),
    a.eye_like: lambda p, m: ("I", ATOM),
    a.full: lambda p, *args: _full(p, *args, word=p.word),
}


def _inverse(p: ForPeople, m: Expr) -> str:
    if isinstance(m, a.transpose):
        return p.raised(m.args[0], "-T")
    return p.raised(m, "-1")


__all__ = ["NOTATION", "PEOPLE"]
