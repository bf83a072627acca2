"""Which entries of a Jacobian or Hessian can be other than 0: the lines of a module that say it.

A program of tangents is linear in them. So what a line reads is found over sets of parameters in
place of numbers, one set an entry: united entry by entry, moved, added up, or all mixed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sympy import Expr, Piecewise, Symbol
from sympy.core.relational import Relational

from symback.autodiff.function import Port
from symback.autodiff.lower import Lowered
from symback.circuits.program import batch_sum
from symback.codegen.lines import WIDTH, names_in, tuple_of, unpacked
from symback.codegen.numpy.shapes import fixed_sizes
from symback.operations import arrays as a
from symback.operations.arrays import ArrayFunction
from symback.operations.shapes import Shape, Size, size_symbol
from symback.printing.array_notation import bounds

_Reads = tuple[str, Shape]
"""The code for what the entries of a value read, and the shape of the value."""


@dataclass(frozen=True, slots=True)
class PatternText:
    """A function of the sizes that gives a pattern."""

    of: str  # a Jacobian or a Hessian
    sentence: str
    lines: Sequence[str]

    @property
    def name(self) -> str:
        """What the module calls it."""
        return f"_{self.of}_reads"


def pattern_text(lowered: Lowered, function: str, of: str, sentence: str) -> PatternText:
    """What the results of a program of tangents read of the entries of the parameters."""
    return PatternText(of, sentence, _PatternWriter(lowered, function).lines())


class _PatternWriter:
    """Prints what each line reads; a line that no tangent reaches reads nothing."""

    def __init__(self, lowered: Lowered, function: str) -> None:
        self._function = lowered.functions[function]
        self._params, self._names = lowered.circuit.params, lowered.names
        self._sizes = {str(s): f'_given["{s}"]' for s in lowered.circuit.size_names}
        self._fixed: dict[Size, Size] = {}
        for size, text in fixed_sizes(lowered.circuit).items():
            self._fixed[size] = size_symbol(f"_size_{size}")
            self._sizes[f"_size_{size}"] = text
        self._known: dict[Symbol, Shape] = {}

    def lines(self) -> list[str]:
        """From the entries of the parameters to those of the results."""
        dots, params = self._function.given[Port.PARAM_DOTS], self._params
        own = [dots[p.name].name if p.name in dots else "_" for p in params]
        self._known = {dots[p.name]: self.shape(p.symbol) for p in params if p.name in dots}
        lines = [
            f"_shapes = {tuple_of([code(self.shape(p.symbol)) for p in params])}",
            f"{unpacked(own)} = _own(_shapes)",
        ]
        for line in self._function.program.lines:
            found = self.reads(line.expr)
            if found is not None:
                shape = self.shape(line.target)
                lines += f"{line.target} = {spread(found, shape)[0]}".split("\n")
                self._known[line.target] = shape
        results = self._function.program.results
        used = [
            s.name if s in self._known else f"_none({code(self.shape(s))}, _shapes)"
            for s in results
        ]
        lines.append(f"return _stacked([{', '.join(used)}])")
        known = names_in(lines)
        return [*(f"{n} = {text}" for n, text in self._sizes.items() if n in known), *lines]

    def shape(self, expr: Expr) -> Shape:
        return tuple(self._fixed.get(size, size) for size in self._names.shape_of(expr))

    def reads(self, expr: Expr) -> _Reads | None:
        """What an expression reads; None where no tangent is below it."""
        if expr.is_Symbol:
            return (expr.name, self._known[expr]) if expr in self._known else None
        if not expr.args or isinstance(expr, Relational):
            return None
        if isinstance(expr, batch_sum):  # samples read the same
            return self.reads(expr.args[0])
        if isinstance(expr, Piecewise):
            return self._united([value for value, _ in expr.args], self.shape(expr))
        if not isinstance(expr, ArrayFunction):
            return self._united(expr.args, self.shape(expr))
        operands = [self.reads(operand) for operand in expr.operands]
        if all(found is None for found in operands):
            return None
        rule = RULES.get(expr.func, _all_mixed)
        parts = rule(self, expr, *operands)
        return united(parts, self.shape(expr))

    def _united(self, parts: Sequence[Expr], shape: Shape) -> _Reads | None:
        found = [reads for reads in map(self.reads, parts) if reads is not None]
        return united(found, shape) if found else None


# -- code ----------------------------------------------------------------------------------------


def code(shape: Shape) -> str:
    """The code for a shape, sizes by their names."""
    return tuple_of([str(size) for size in shape]) if shape else "()"


def index(shape: Shape) -> str:
    """The code for an array whose entries are their own numbers."""
    return f"_index({code(shape)})"


def spread(reads: _Reads, shape: Shape) -> _Reads:
    """The same, broadcast to a shape."""
    text, own = reads
    if own == shape:
        return reads
    return f"_picked({text}, np.broadcast_to({index(own)}, {code(shape)}))", shape


def united(parts: Sequence[_Reads], shape: Shape) -> _Reads:
    """What one of them reads, entry by entry."""
    texts = list(dict.fromkeys(spread(part, shape)[0] for part in parts))
    if len(texts) == 1:
        return texts[0], shape
    inside = ", ".join(texts)
    if len(inside) > WIDTH - 40:
        inside = "\n" + "".join(f"    {text},\n" for text in texts)
    return f"_either({inside})", shape


def mixed(reads: _Reads, shape: Shape) -> _Reads:
    """Each entry of a shape reads what any entry does."""
    return f"_mixed({reads[0]}, {code(shape)})", shape


def summed(reads: _Reads, axis: int) -> _Reads:
    """The sum along an axis."""
    text, shape = reads
    left = (*shape[:axis], *shape[axis + 1 :])
    places = f"np.broadcast_to(np.expand_dims({index(left)}, {axis}), {code(shape)})"
    return f"_added({text}, {places}, {code(left)})", left


def picked(reads: _Reads, places: str, shape: Shape) -> _Reads:
    """The entries at some places, which are code over `{}`, the numbers of all entries."""
    return f"_picked({reads[0]}, {places.format(index(reads[1]))})", shape


# -- a rule for each operation; all others mix ---------------------------------------------------

_Rule = Callable[..., list[_Reads]]


def _given(*operands: _Reads | None) -> list[_Reads]:
    return [reads for reads in operands if reads is not None]


def _all_mixed(p: _PatternWriter, expr: ArrayFunction, *operands: _Reads | None) -> list[_Reads]:
    return [mixed(reads, p.shape(expr)) for reads in _given(*operands)]


def _moved(places: str) -> _Rule:
    def rule(p: _PatternWriter, expr: ArrayFunction, x: _Reads) -> list[_Reads]:
        return [picked(x, places, p.shape(expr))]

    return rule


def _slice(p: _PatternWriter, expr: ArrayFunction, x: _Reads) -> list[_Reads]:
    return [picked(x, f"{{}}[{bounds(expr.args[1])}]", p.shape(expr))]


def _scatter(
    p: _PatternWriter, expr: ArrayFunction, part: _Reads, like: _Reads | None
) -> list[_Reads]:
    shape = p.shape(expr)
    inside = p.shape(a.slice_(expr.args[1], expr.args[2]))
    text, _ = spread(part, inside)
    return [(f"_added({text}, {index(shape)}[{bounds(expr.args[2])}], {code(shape)})", shape)]


def _expand(p: _PatternWriter, expr: ArrayFunction, x: _Reads) -> list[_Reads]:
    shape = p.shape(expr)
    return [picked(x, f"{{}}.reshape({code(shape)})", shape)]


def _like(
    p: _PatternWriter, expr: ArrayFunction, x: _Reads | None, *_: _Reads | None
) -> list[_Reads]:
    return [spread(reads, p.shape(expr)) for reads in _given(x)]


def _sum(p: _PatternWriter, expr: ArrayFunction, x: _Reads) -> list[_Reads]:
    if not expr.options:
        return [mixed(x, ())]
    for axis in reversed(expr.options):
        x = summed(x, int(axis))
    return [x]


def _matmul(
    p: _PatternWriter, expr: ArrayFunction, left: _Reads | None, right: _Reads | None
) -> list[_Reads]:
    """A row of the left matrix and a column of the right one."""
    shape, found = p.shape(expr), []
    if left is not None:
        column, _ = summed(left, 1)
        found.append(
            picked((column, shape[:1]), f"np.broadcast_to({{}}[:, None], {code(shape)})", shape)
        )
    if right is not None:
        found.append(spread(summed(right, 0), shape))
    return found


def _matvec(
    p: _PatternWriter, expr: ArrayFunction, matrix: _Reads | None, x: _Reads | None
) -> list[_Reads]:
    found = [summed(matrix, 1)] if matrix is not None else []
    return [*found, *(mixed(reads, p.shape(expr)) for reads in _given(x))]


def _outer(
    p: _PatternWriter, expr: ArrayFunction, u: _Reads | None, v: _Reads | None
) -> list[_Reads]:
    shape = p.shape(expr)
    column = f"np.broadcast_to({{}}[:, None], {code(shape)})"
    found = [picked(u, column, shape)] if u is not None else []
    return [*found, *(spread(reads, shape) for reads in _given(v))]


def _diag(p: _PatternWriter, expr: ArrayFunction, x: _Reads) -> list[_Reads]:
    shape = p.shape(expr)
    return [(f"_added({x[0]}, np.diagonal({index(shape)}), {code(shape)})", shape)]


def _trace(p: _PatternWriter, expr: ArrayFunction, x: _Reads) -> list[_Reads]:
    return [mixed(picked(x, "np.diagonal({})", x[1][:1]), ())]


def _permuted(p: _PatternWriter, expr: ArrayFunction, x: _Reads) -> list[_Reads]:
    axes = ", ".join(str(axis) for axis in expr.options)
    return [picked(x, f"np.transpose({{}}, ({axes}))", p.shape(expr))]


def _reshaped(
    p: _PatternWriter, expr: ArrayFunction, x: _Reads | None, *_: _Reads | None
) -> list[_Reads]:
    shape = p.shape(expr)
    return [picked(reads, f"{{}}.reshape({code(shape)})", shape) for reads in _given(x)]


def _einsum(
    p: _PatternWriter, expr: ArrayFunction, left: _Reads | None, right: _Reads | None
) -> list[_Reads]:
    """The axes that the result lacks summed, the others where it has them."""
    shape, (*names, result) = p.shape(expr), expr.subscripts
    found = []
    for reads, own in zip((left, right), names, strict=True):
        if reads is None:
            continue
        for axis in reversed(range(len(own))):
            reads = reads if own[axis] in result else summed(reads, axis)
        kept = [name for name in own if name in result]
        order = ", ".join(str(kept.index(name)) for name in result if name in kept)
        axes = ", ".join(":" if name in kept else "None" for name in result)
        turned = f"np.transpose({{}}, [{order}])[{axes}]" if kept else "{}"
        found.append(picked(reads, f"np.broadcast_to({turned}, {code(shape)})", shape))
    return found


def _concat(p: _PatternWriter, expr: ArrayFunction, *operands: _Reads | None) -> list[_Reads]:
    """Each operand in its part."""
    shape, axis = p.shape(expr), int(expr.options[0])
    found, start = [], 0 * shape[axis]
    lead = ":, " * axis
    for operand, reads in zip(expr.operands, operands, strict=True):
        own = p.shape(operand)
        stop = start + (own[axis] if own else 1)
        if reads is not None:
            part = f"{index(shape)}[{lead}{start}:{stop}]"
            found.append((f"_added({reads[0]}, {part}, {code(shape)})", shape))
        start = stop
    return found


def _explicit_matrix(
    p: _PatternWriter, expr: ArrayFunction, *operands: _Reads | None
) -> list[_Reads]:
    """Each number at its place."""
    shape = p.shape(expr)
    found = []
    for place, reads in enumerate(operands):
        if reads is not None:
            row, column = divmod(place, int(expr.options[0]))
            part = f"{index(shape)}[{row}, {column}:{column + 1}]"
            found.append((f"_added({reads[0]}, {part}, {code(shape)})", shape))
    return found


def _rows(p: _PatternWriter, expr: ArrayFunction, *operands: _Reads | None) -> list[_Reads]:
    """Each operand in its row."""
    shape = p.shape(expr)
    places = ((row, reads) for row, reads in enumerate(operands) if reads is not None)
    return [
        (f"_added({reads[0]}, {index(shape)}[{row}], {code(shape)})", shape)
        for row, reads in places
    ]


RULES: Mapping[type, _Rule] = {
    a.slice_: _slice,
    a.scatter: _scatter,
    a.expand_dims: _expand,
    a.transpose: _moved("{}.T"),
    a.diagonal: _moved("np.diagonal({})"),
    a.broadcast_like: _like,
    a.reduce_sum: _sum,
    a.mean: _sum,
    a.matmul: _matmul,
    a.matvec: _matvec,
    a.outer: _outer,
    a.diag: _diag,
    a.trace: _trace,
    a.concat: _concat,
    a.explicit_matrix: _explicit_matrix,
    a.rows: _rows,
    a.permute: _permuted,
    a.reshape: _reshaped,
    a.reshape_like: _reshaped,
    a.tril: _like,
    a.triu: _like,
    a.einsum: _einsum,
}
"""Operations whose entries do not read all entries of an operand."""

__all__ = ["RULES", "PatternText", "pattern_text"]
