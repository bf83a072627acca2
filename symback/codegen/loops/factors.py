"""Loops of matrices' factors: LU with rows exchanged, Cholesky, and what is computed of them.

What divides by a matrix reads its LU factors, which are one array: row by row those of L below the
diagonal and of U on and above it, and behind them the row that was exchanged with this one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sympy as sp
from sympy import Expr, Symbol

from symback.codegen.loops.loops import FACTOR, INNER, INNERS, TOTAL, Loops
from symback.codegen.loops.tree import Declare, For, Statement, Storage, Store, Tree
from symback.operations import arrays as a
from symback.operations.arrays import ArrayFunction
from symback.operations.expressions import real_symbol
from symback.operations.shapes import Shape

BEST, PIVOT, ROW, HELD = (f"symback_{name}" for name in ("best", "pivot", "row", "held"))
OTHER = INNERS[1]


class lu(ArrayFunction):
    """The LU factors of a matrix, of n rows and n + 1 columns."""

    @staticmethod
    def shape_rule(operands: Sequence[Shape], options: Any) -> Shape:
        rows, columns = operands[0]
        return (rows, columns + 1)


def factors(w: Loops, to: Symbol, m: Expr) -> Tree:
    """LU: of each column the largest element left is the pivot, as its row is moved up."""
    p, size = w.printer, w.shape(m)[0]
    n = p.length(size)

    def at(row: str, column: str) -> str:
        return p.element(to, row, column)

    magnitude = p.print(sp.Abs(real_symbol(HELD)))
    better = f"{magnitude} > {BEST}"
    search: Tree = [
        Declare(Storage.NUMBER, HELD, at(OTHER, INNER)),
        Store(PIVOT, p.choice(better, p.as_number(OTHER), PIVOT)),
        Store(BEST, p.choice(better, magnitude, BEST)),
    ]
    below = f"{INNER} + 1"
    rest: Tree = [
        Declare(Storage.NUMBER, FACTOR, f"{at(OTHER, INNER)} / {at(INNER, INNER)}"),
        Store(at(OTHER, INNER), FACTOR),
        For("j", below, n, (Store(at(OTHER, "j"), f"{FACTOR} * {at(INNER, 'j')}", "-="),)),
    ]
    column: Tree = [
        Declare(Storage.VARIABLE, BEST, "-1.0"),
        Declare(Storage.VARIABLE, PIVOT, p.as_number(INNER)),
        For(OTHER, INNER, n, tuple(search)),
        Store(at(INNER, n), PIVOT),
        Declare(Storage.SIZE, ROW, p.as_index(PIVOT)),
        For("j", "0", n, _exchanged(at(INNER, "j"), at(ROW, "j"))),
        For(OTHER, below, n, tuple(rest)),
    ]
    copied = w.over((size, size), [Store(at("i", "j"), p.element(m, "i", "j"))], simd=False)
    return [*copied, w.loop(INNER, size, column)]


def _exchanged(first: str, second: str) -> tuple[Statement, ...]:
    return (Declare(Storage.NUMBER, HELD, first), Store(first, second), Store(second, HELD))


def solved(w: Loops, to: Symbol, sign: str, of: Expr, b: Expr) -> Tree:
    """b with its rows exchanged, then divided by L and by U."""
    return [*w.elementwise(to, w.shape(to), "=", b), *_divided(w, to, of)]


def inverse(w: Loops, to: Symbol, sign: str, of: Expr) -> Tree:
    """The same of 1."""
    size = w.shape(to)[0]
    return [*w.elementwise(to, w.shape(to), "=", a.eye(size)), *_divided(w, to, of)]


def _divided(w: Loops, to: Symbol, of: Expr) -> Tree:
    p, shape = w.printer, w.shape(to)
    size, n = shape[0], w.printer.length(shape[0])

    def at(row: str) -> str:
        return p.element(to, row, *["j"] * (len(shape) - 1))

    def row(*body: Statement) -> Tree:
        return [w.loop("j", shape[1], body)] if len(shape) > 1 else [*body]

    def less(line: str, column: str) -> Tree:
        return row(Store(at(line), f"{p.element(of, line, column)} * {at(column)}", "-="))

    pivot = p.as_index(p.element(of, INNER, n))
    moved: Tree = [Declare(Storage.SIZE, ROW, pivot), *row(*_exchanged(at(INNER), at(ROW)))]
    by_l = For(OTHER, f"{INNER} + 1", n, tuple(less(OTHER, INNER)))
    diagonal = p.element(of, ROW, ROW)
    by_u: Tree = [
        Declare(Storage.SIZE, ROW, f"{n} - 1 - {INNER}"),
        *row(Store(at(ROW), f"{at(ROW)} / {diagonal}")),
        For(OTHER, "0", ROW, tuple(less(OTHER, ROW))),
    ]
    loops = ([*moved], [by_l], by_u)
    return [w.loop(INNER, size, body) for body in loops]


def determinant(w: Loops, to: Symbol, sign: str, of: Expr) -> Tree:
    """The product of U's diagonal, with a sign for each exchange."""
    p, name = w.printer, w.printer.print(to)
    value = Store(name, f"{name} * {_signed(w, of, p.element(of, INNER, INNER))}")
    return [Declare(Storage.VARIABLE, name, "1.0"), w.loop(INNER, w.shape(of)[0], [value])]


def log_determinant(w: Loops, to: Symbol, sign: str, of: Expr) -> Tree:
    """The sum of logarithms of U's diagonal; not a number where the determinant is below 0."""
    p, name, held = w.printer, w.printer.print(to), real_symbol(HELD)
    body: Tree = [
        Declare(Storage.NUMBER, HELD, p.element(of, INNER, INNER)),
        Store(name, p.print(sp.log(sp.Abs(held))), "+="),
        Store(TOTAL, f"{TOTAL} * {_signed(w, of, p.print(sp.sign(held)))}"),
    ]
    return [
        Declare(Storage.VARIABLE, name, "0.0"),
        Declare(Storage.VARIABLE, TOTAL, "1.0"),
        w.loop(INNER, w.shape(of)[0], body),
        Store(name, p.print(sp.log(real_symbol(TOTAL))), "+="),
    ]


def _signed(w: Loops, of: Expr, value: str) -> str:
    """The value, with the other sign where a row was exchanged."""
    p = w.printer
    pivot = p.element(of, INNER, p.length(w.shape(of)[0]))
    return p.branch(p.same(pivot, p.as_number(INNER)), value, f"-{value}")


def cholesky(w: Loops, to: Symbol, sign: str, m: Expr) -> Tree:
    """Row by row, of the lower triangle; not a number from where a matrix has no factor."""
    p, shape = w.printer, w.shape(to)
    n = p.length(shape[0])
    product = f"{p.element(to, 'i', INNER)} * {p.element(to, 'j', INNER)}"
    root = p.root_of(p.branch(f"{TOTAL} > 0.0", TOTAL, "-1.0"))
    left = f"{TOTAL} / {p.element(to, 'j', 'j')}"
    entry: Tree = [
        Declare(Storage.VARIABLE, TOTAL, p.element(m, "i", "j")),
        For(INNER, "0", "j", (Store(TOTAL, product, "-="),)),
        Store(p.element(to, "i", "j"), p.choice(p.same("i", "j"), root, left)),
    ]
    row = (
        For("j", "0", "i + 1", tuple(entry)),
        For("j", "i + 1", n, (Store(p.element(to, "i", "j"), "0.0"),)),
    )
    return [w.loop("i", shape[0], row)]


DIVIDING: dict[Any, Callable[..., Tree]] = {
    a.solve: solved,
    a.inv: inverse,
    a.det: determinant,
    a.logdet: log_determinant,
}
"""Operations that read the factors of their first operand in its place."""

__all__ = ["DIVIDING", "cholesky", "factors", "lu"]
