"""Array operations in print: circuit text, plain text and LaTeX.

People write W·x, xᵀ and a ∘ b; circuit text writes W @ x, x.T and a*b. Each table has an entry for
every operation, so that none prints by chance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sympy import Expr, Mul, S, Tuple

from symback.operations import arrays as a
from symback.printing.printer import ATOM, MUL, NEG, POW, TERM

if TYPE_CHECKING:
    from symback.printing.people import ForPeople
    from symback.printing.printer import Printer

Printed = tuple[str, int]
Print = Callable[..., Printed]


def bounds(parts: Tuple) -> str:
    """The inside of an index: 0, 1:4, :"""
    texts = []
    for part in parts:
        if isinstance(part, Tuple):
            start, stop = part
            first = "" if start == 0 else str(start)
            texts.append(f"{first}:{'' if stop is S.Infinity else stop}")
        else:
            texts.append(str(part))
    return ", ".join(texts)


def call(name: str, operands: int | None = None) -> Print:
    """A call by a name, with an axis by name where there is one."""

    def print_(p: Printer, *args: Any) -> Printed:
        arrays = args if operands is None else args[:operands]
        texts = [p.print(x) for x in arrays]
        texts += [f"axis={x}" for x in args[len(arrays) :]]
        return p.call(name, texts), ATOM

    return print_


def _concat(name: str) -> Print:
    def print_(p: Printer, axis: Expr, *operands: Expr) -> Printed:
        entries = _entries(p, axis, operands)
        if entries:
            return f"[{', '.join(p.print(e) for e in entries)}]", ATOM
        option = [f"axis={axis}"] if axis != 0 else []
        return p.call(name, [*(p.print(o) for o in operands), *option]), ATOM

    return print_


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


def _full(p: Printer, value: Expr, *sizes: Expr) -> Printed:
    name = {0: "zeros", 1: "ones"}.get(value, "full")
    return p.call(name, [p.print(s) for s in sizes]), ATOM


# -- circuit text ------------------------------------------------------------------------------


def _matrix_product(p: Printer, x: Expr, y: Expr) -> Printed:
    return f"{p.at(x, TERM)} @ {p.at(y, NEG)}", TERM  # c*A @ x would be (c*A) @ x


def _dot_in_text(p: Printer, u: Expr, v: Expr) -> Printed:
    if u == v:
        return f"norm({p.print(u)})**2", POW
    return call("dot")(p, u, v)


NOTATION: dict[Any, Print] = {
    a.matmul: _matrix_product,
    a.matvec: _matrix_product,
    a.outer: call("outer"),
    a.dot: _dot_in_text,
    a.transpose: lambda p, m: transposed(p, m) or (f"{p.at(m, ATOM)}.T", ATOM),
    a.reduce_sum: call("sum", 1),
    a.mean: call("mean", 1),
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
    a.softmax: call("softmax"),
    a.log_softmax: call("log_softmax"),
    a.logsumexp: call("logsumexp"),
    a.cross_entropy: call("cross_entropy"),
    a.sparse_cross_entropy: call("cross_entropy"),
    a.one_hot: call("one_hot"),
    a.layer_norm: call("layer_norm"),
    a.rsqrt_variance: call("rsqrt_variance"),
    a.concat: _concat("concat"),
    a.slice_: _slice,
    a.scatter: lambda p, g, x, parts: (f"scatter({p.print(g)}, [{bounds(parts)}])", ATOM),
    a.expand_dims: lambda p, v: (f"{p.at(v, ATOM)}[:, None]", ATOM),
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


def _size(p: ForPeople, x: Expr, axis: Expr | None = None) -> Printed:
    """The number of elements: a product of sizes."""
    sizes = p.shape_of(x)
    return p._print(Mul(*(sizes if axis is None else [sizes[int(axis)]])))


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


PEOPLE: dict[Any, Print] = {
    a.matmul: _product,
    a.matvec: _product,
    a.outer: _outer,
    a.dot: _dot,
    a.transpose: lambda p, m: (_transposed(p, m), ATOM),
    a.reduce_sum: lambda p, *args: call(p.sum_name, 1)(p, *args),
    a.mean: words("mean", 1),
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
    a.solve: lambda p, m, b: (f"{_inverse(p, m)}{p.times}{_factor(p, b)}", MUL),
    a.softmax: words("softmax"),
    a.log_softmax: words("log_softmax"),
    a.logsumexp: words("logsumexp"),
    a.cross_entropy: words("cross_entropy"),
    a.sparse_cross_entropy: words("cross_entropy"),
    a.one_hot: lambda p, t, z: (p.call(p.word("one_hot"), [p.print(t)]), ATOM),
    a.layer_norm: words("layer_norm"),
    a.rsqrt_variance: _rsqrt_variance,
    a.concat: lambda p, *args: _concat(p.word("concat"))(p, *args),
    a.slice_: _slice,
    a.scatter: lambda p, g, x, parts: (
        p.call(p.word("scatter"), [p.print(g), f"[{bounds(parts)}]"]),
        ATOM,
    ),
    a.expand_dims: words("column"),
    a.broadcast_like: lambda p, value, x: p._print(value),
    a.size: _size,
    a.eye: lambda p, n: ("I", ATOM),
    a.eye_like: lambda p, m: ("I", ATOM),
    a.full: _full,
}


def _inverse(p: ForPeople, m: Expr) -> str:
    if isinstance(m, a.transpose):
        return p.raised(m.args[0], "-T")
    return p.raised(m, "-1")


__all__ = ["NOTATION", "PEOPLE"]
