"""Sums of products as people write them: by subscripts, and the products of stacks of matrices."""

from __future__ import annotations

from collections.abc import Sequence

from sympy import Expr, S, Tuple

from symback.operations.arrays import eye, slice_
from symback.operations.construction import sum_of_products
from symback.operations.shapes import Shape, ShapeError, Size, need_equal, shown
from symback.operations.subscripts import LETTERS, matrix_subscripts

_WHOLE = Tuple(S.Zero, S.Infinity)
_Named = tuple[Expr, tuple[int, ...]]


def named_products(text: str, operands: Sequence[Expr], shapes: Sequence[Shape]) -> Expr:
    """Those of einsum("ij,jk->ik", …), as NumPy has them; ShapeError says why not.

    >>> from symback.operations.expressions import real_symbol
    >>> from symback.operations.shapes import size_symbol
    >>> A, x = real_symbol("A"), real_symbol("x")
    >>> named_products("ij,j", [A, x], [(size_symbol("m"), size_symbol("n")), (size_symbol("n"),)])
    matvec(A, x)
    """
    of_operands, result = _read(*_without_dots(text, shapes), len(operands))
    sizes: dict[str, Size] = {}
    named: list[_Named] = []
    for operand, letters, shape in zip(operands, of_operands, shapes, strict=True):
        if len(letters) != len(shape):
            raise ShapeError(f"einsum: '{letters}' names {len(letters)} axes of {shown(shape)}")
        for letter, size in zip(letters, shape, strict=True):
            if sizes.setdefault(letter, size) != size:
                raise ShapeError(f"einsum: the axis {letter} is {sizes[letter]} and {size}")
        named += _without_twins(operand, letters, sizes, named, "".join(of_operands) + result)
    missing = [letter for letter in result if letter not in sizes]
    if missing or len(set(result)) < len(result):
        raise ShapeError(f"einsum: the result '{result}' takes each axis of an operand once")
    return sum_of_products(named, tuple(LETTERS.index(letter) for letter in result))


def _without_dots(text: str, shapes: Sequence[Shape]) -> tuple[str, str, str]:
    """The subscripts with a letter for each axis that ... stands for, the last ones aligned."""
    given, arrow, result = text.replace(" ", "").partition("->")
    parts = given.split(",")
    if not any("..." in part for part in (*parts, result)):
        return given, arrow, result
    unused = [c for c in reversed(LETTERS) if c not in text]
    counts = {
        i: len(shape) - len(part) + len("...")
        for i, (part, shape) in enumerate(zip(parts, shapes, strict=False))
        if part.count("...") == 1
    }
    most = max((0, *counts.values()))
    for i, count in counts.items():
        own = "".join(unused[most - max(count, 0) : most])
        parts[i] = parts[i].replace("...", own)
    whole = "".join(unused[:most])
    if not arrow:
        letters = "".join(c for c in given if c in LETTERS)
        result = "..." + "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    return ",".join(parts), "->", result.replace("...", whole)


def _read(given: str, arrow: str, result: str, count: int) -> tuple[list[str], str]:
    """The names of the axes of the operands, and of the result."""
    of_operands = given.split(",")
    letters = "".join(of_operands)
    if any(c not in LETTERS for c in letters + result):
        raise ShapeError("einsum: subscripts are letters, as in ij,jk->ik or ...i,ij->...j")
    if len(of_operands) != count:
        raise ShapeError(f"einsum: subscripts for {len(of_operands)} arrays, {count} given")
    if not arrow:
        result = "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    return of_operands, result


def _without_twins(
    operand: Expr, letters: str, sizes: dict[str, Size], before: Sequence[_Named], taken: str
) -> list[_Named]:
    """The operand, each axis under a name of its own: a twin meets the first in an identity."""
    used = {i for _, names in before for i in names} | {LETTERS.index(c) for c in taken}
    own: list[int] = []
    found: list[_Named] = []
    for letter in letters:
        name = LETTERS.index(letter)
        if name in own:
            twin = next(i for i in range(len(LETTERS)) if i not in used)
            used.add(twin)
            found.append((eye(sizes[letter]), (name, twin)))
            name = twin
        own.append(name)
    return [(operand, tuple(own)), *found]


def product_of_stacks(left: Expr, right: Expr, of_left: Shape, of_right: Shape) -> Expr:
    """left @ right where one has more than two axes: products of matrices, as NumPy has them."""
    inner = of_left[-1], of_right[-2] if len(of_right) > 1 else of_right[0]
    need_equal("@", of_left, of_right, inner)
    first, second, result = (
        tuple(map(int, names)) for names in matrix_subscripts(len(of_left), len(of_right))
    )
    sizes = dict(zip(first, of_left, strict=True))
    ones: tuple[list[int], list[int]] = ([], [])
    for letter, size in zip(second[: len(of_right) - 2], of_right, strict=False):
        other = sizes.get(letter, size)
        if other != size and S.One not in (other, size):
            raise ShapeError(f"@: shapes {shown(of_left)} and {shown(of_right)} don't fit")
        if other != size:
            ones[0 if other == 1 else 1].append(letter)
    operands = [
        _without_ones(expr, letters, dropped)
        for expr, letters, dropped in zip((left, right), (first, second), ones, strict=True)
    ]
    return sum_of_products(operands, result)


def _without_ones(expr: Expr, letters: tuple[int, ...], dropped: Sequence[int]) -> _Named:
    """An array without axes of one element, which are broadcast."""
    if not dropped:
        return expr, letters
    parts = [S.Zero if letter in dropped else _WHOLE for letter in letters]
    while parts[-1] == _WHOLE:
        parts.pop()
    return slice_(expr, Tuple(*parts)), tuple(i for i in letters if i not in dropped)


__all__ = ["named_products", "product_of_stacks"]
