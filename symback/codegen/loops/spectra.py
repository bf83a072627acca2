"""Loops of the eigenvalues and eigenvectors of symmetric matrices: Jacobi's rotations.

What reads a decomposition reads one array: n rows of the matrix, which became diagonal, n rows of
the eigenvectors in columns, and behind them the places of the columns in ascending order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sympy as sp
from sympy import Expr, Symbol

from symback.codegen.lines import freed
from symback.codegen.loops.loops import INNER, TOTAL, Loops
from symback.codegen.loops.tree import Declare, For, Statement, Storage, Store, Tree
from symback.operations import arrays as a
from symback.operations.arrays import ArrayFunction
from symback.operations.expressions import real_symbol
from symback.operations.shapes import Shape

_NAMES = "first second across ratio tangent cosine sine part left right lost off stop place".split()
FIRST, SECOND, ACROSS, RATIO, TANGENT, COSINE, SINE, PART, LEFT, RIGHT, LOST, OFF, STOP, PLACE = (
    f"symback_{name}" for name in _NAMES
)
SWEEPS = 60
"""More than any matrix takes; a matrix that is diagonal takes only the sum that says so."""

UNITS = 32
"""Of the last place of the largest eigenvalue, a row: two that are as close have no gap."""


class spectrum(ArrayFunction):
    """The decomposition of a symmetric matrix, of 2n + 1 rows."""

    @staticmethod
    def shape_rule(operands: Sequence[Shape], options: Any) -> Shape:
        rows, columns = operands[0]
        return (2 * rows + 1, columns)


def rotated(w: Loops, to: Symbol, m: Expr) -> Tree:
    """Cyclic Jacobi (Golub and Van Loan, "Matrix Computations", 4th ed., section 8.5).

    Each entry below the diagonal in turn is made 0 by a rotation, until all are 0. One is put to 0
    where a hundred times of it changes no digit of the two on the diagonal. Of a matrix with an
    entry that is not finite all results are NaN.
    """
    p, size = w.printer, w.shape(m)[0]
    n = p.length(size)
    finite = p.same(LOST, "0.0")
    entry = p.branch("j <= i", p.element(m, "i", "j"), p.element(m, "j", "i"))
    unit = p.branch(p.same("i", "j"), "1.0", "0.0")
    at = _Memory(w, to, n)
    started: Tree = [
        Store(at("i", "j"), p.choice(finite, entry, "0.0")),
        Store(at.vector("i", "j"), unit),
    ]
    lost = Store(LOST, f"0.0 * {p.element(m, 'i', 'j')}", "+=")
    below = For("j", "0", "i", (Store(OFF, _magnitude(w, at("i", "j")), "+="),))
    pairs = For("i", "0", STOP, (For("j", "i + 1", STOP, tuple(_rotation(w, at))),))
    sweep: Tree = [
        Declare(Storage.VARIABLE, OFF, "0.0"),
        w.loop("i", size, [below]),
        Declare(Storage.SIZE, STOP, _unless(w, f"{OFF} > 0.0", n)),
        pairs,
    ]
    smaller = f"{at(INNER, INNER)} < {at('j', 'j')}"
    before = f"(({p.same(at(INNER, INNER), at('j', 'j'))}) && ({INNER} < j))"
    counted = p.choice(f"({smaller}) || {before}", "1.0", "0.0")
    order: Tree = [
        Declare(Storage.VARIABLE, TOTAL, "0.0"),
        w.loop(INNER, size, [Store(TOTAL, counted, "+=")]),
        Store(at(f"2 * {n}", "j"), TOTAL),
    ]
    spoiled = For("i", "0", f"2 * {n}", (w.loop("j", size, [Store(at("i", "j"), LOST, "+=")]),))
    return [
        Declare(Storage.VARIABLE, LOST, "0.0"),
        w.loop("i", size, [For("j", "0", "i + 1", (lost,))]),
        *w.over((size, size), started, simd=False),
        For("sweep", "0", str(SWEEPS), tuple(sweep)),
        w.loop("j", size, order),
        spoiled,
    ]


class _Memory:
    """Prints the places of a decomposition."""

    def __init__(self, w: Loops, to: Symbol, n: str) -> None:
        self._w, self._to, self.n = w, to, n

    def __call__(self, row: str, column: str) -> str:
        return self._w.printer.element(self._to, row, column)

    def vector(self, row: str, column: str) -> str:
        return self(f"{self.n} + {row}", column)


def _magnitude(w: Loops, text: str) -> str:
    held = real_symbol("symback_held")
    printed: str = w.printer.print(sp.Abs(held))
    return printed.replace("symback_held", freed(text))


def _unless(w: Loops, condition: str, count: str) -> str:
    """A length, or 0 where a condition does not hold."""
    p = w.printer
    return p.as_index(f"({p.branch(condition, p.as_number(count), '0.0')})")


def _rotation(w: Loops, at: _Memory) -> Tree:
    """Of the rows and columns i and j, so that the entry they share is 0."""
    p = w.printer
    small = _magnitude(w, ACROSS)
    sizes = [_magnitude(w, name) for name in (FIRST, SECOND)]
    alike = " && ".join(f"({p.same(f'{size} + 100.0 * {small}', size)})" for size in sizes)
    root = p.root_of(f"{RATIO} * {RATIO} + 1.0")
    larger = f"({_magnitude(w, RATIO)} + {root})"
    turn = p.branch(f"{RATIO} < 0.0", f"-1.0 / {larger}", f"1.0 / {larger}")
    return [
        Declare(Storage.NUMBER, FIRST, at("i", "i")),
        Declare(Storage.NUMBER, SECOND, at("j", "j")),
        Declare(Storage.NUMBER, ACROSS, at("i", "j")),
        Declare(Storage.NUMBER, RATIO, f"({SECOND} - {FIRST}) / (2.0 * {ACROSS})"),
        Declare(Storage.NUMBER, TANGENT, p.choice(alike, "0.0", turn)),
        Declare(Storage.NUMBER, COSINE, f"1.0 / {p.root_of(f'{TANGENT} * {TANGENT} + 1.0')}"),
        Declare(Storage.NUMBER, SINE, f"{TANGENT} * {COSINE}"),
        Declare(Storage.NUMBER, PART, f"{SINE} / (1.0 + {COSINE})"),
        Declare(Storage.SIZE, PLACE, _unless(w, p.differs(TANGENT, "0.0"), at.n)),
        For(INNER, "0", f"2 * {PLACE}", _turned(at(INNER, "i"), at(INNER, "j"))),
        For(INNER, "0", PLACE, _turned(at("i", INNER), at("j", INNER))),
        Store(at("i", "j"), "0.0"),
        Store(at("j", "i"), "0.0"),
        Store(at("i", "i"), f"{FIRST} - {TANGENT} * {ACROSS}"),
        Store(at("j", "j"), f"{SECOND} + {TANGENT} * {ACROSS}"),
    ]


def _turned(one: str, other: str) -> tuple[Statement, ...]:
    """Both rotated, by what a small rotation adds (Rutishauser 1966, "The Jacobi method for real
    symmetric matrices").
    """
    return (
        Declare(Storage.NUMBER, LEFT, one),
        Declare(Storage.NUMBER, RIGHT, other),
        Store(one, f"{LEFT} - {SINE} * ({RIGHT} + {PART} * {LEFT})"),
        Store(other, f"{RIGHT} + {SINE} * ({LEFT} - {PART} * {RIGHT})"),
    )


def eigenvalues(w: Loops, to: Symbol, sign: str, of: Expr) -> Tree:
    """The diagonal, in ascending order."""
    p, size = w.printer, w.shape(to)[0]
    body: Tree = [
        Declare(Storage.SIZE, PLACE, p.as_index(p.element(of, f"2 * {p.length(size)}", "j"))),
        Store(p.element(to, PLACE), p.element(of, "j", "j")),
    ]
    return [w.loop("j", size, body)]


def eigenvectors(w: Loops, to: Symbol, sign: str, of: Expr) -> Tree:
    """The columns in the same order, those whose last entry is negative with the other sign."""
    p, size = w.printer, w.shape(to)[0]
    n = p.length(size)
    last = p.element(of, f"{n} + ({n} - 1)", "j")
    body: Tree = [
        Declare(Storage.SIZE, PLACE, p.as_index(p.element(of, f"2 * {n}", "j"))),
        Declare(Storage.NUMBER, SINE, p.branch(f"{last} < 0.0", "-1.0", "1.0")),
        w.loop(
            INNER,
            size,
            [
                Store(
                    p.element(to, INNER, PLACE), f"{SINE} * {p.element(of, f'{n} + {INNER}', 'j')}"
                )
            ],
        ),
    ]
    return [w.loop("j", size, body)]


def inverse_gaps(w: Loops, to: Symbol, sign: str, v: Expr) -> Tree:
    """Not a number where two are as close as roundings leave them."""
    p, size = w.printer, w.shape(to)[0]
    n = p.as_number(p.length(size))
    one = _magnitude(w, p.element(v, INNER))
    gap = f"({p.element(v, 'j')} - {p.element(v, 'i')})"
    alike = f"{_magnitude(w, gap)} <= {TOTAL} * {n} * {UNITS * 2.0**-52!r}"
    found = f"{p.root_of(p.branch(alike, '-1.0', '1.0'))} / {gap}"
    entry = Store(p.element(to, "i", "j"), p.choice(p.same("i", "j"), "0.0", found))
    return [
        Declare(Storage.VARIABLE, TOTAL, "0.0"),
        w.loop(INNER, size, [Store(TOTAL, p.choice(f"{one} > {TOTAL}", one, TOTAL))]),
        *w.over((size, size), [entry], simd=False),
    ]


DECOMPOSED: dict[Any, Callable[..., Tree]] = {
    a.eigvalsh: eigenvalues,
    a.eigenvectors: eigenvectors,
}
"""Operations that read the decomposition of their operand in its place."""

__all__ = ["DECOMPOSED", "inverse_gaps", "rotated", "spectrum"]
