"""The parts of arrays that indices choose, counted from the front where sizes are numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sympy import Expr, Integer, S, Tuple

from symback.language.terms import Term
from symback.operations.shapes import ShapeError

WHOLE = Tuple(S.Zero, S.Infinity)
_Number = Callable[[Term], Integer]
"""The whole number that a term is."""


def is_new_axis(term: Term) -> bool:
    return term.kind == "name" and term.text == "None"


def without_dots(subscripts: Sequence[Term], rank: int) -> list[Term]:
    """The subscripts with : for each axis that ... stands for."""
    dots = [i for i, s in enumerate(subscripts) if s.kind == "dots"]
    if not dots:
        return list(subscripts)
    if len(dots) > 1:
        raise ShapeError("... stands once in an index")
    end = Term("end", (1, 1), [])
    missing = rank - sum(not is_new_axis(s) for s in subscripts) + 1
    whole = [Term("slice", (1, 1), [end, end])] * max(missing, 0)
    return [*subscripts[: dots[0]], *whole, *subscripts[dots[0] + 1 :]]


def part(number: _Number, term: Term, size: Expr) -> Expr:
    """The part of an axis of that size: a place, or start, stop and step."""
    if term.kind == "slice" and len(term.args) == 3:
        return _stepped(number, term, size)
    if term.kind == "slice":
        start, stop = term.args
        first = S.Zero if start.kind == "end" else counted(number(start), size)
        if stop.kind == "end":
            return Tuple(first, S.Infinity)
        last = counted(number(stop), size)
        return Tuple(first, S.Infinity if last == size else last)
    return counted(number(term), size)


def _stepped(number: _Number, term: Term, size: Expr) -> Expr:
    """start:stop:step; where the size is a number, with both bounds counted from the front."""
    step = number(term.args[2])
    if step == 0:
        raise ShapeError("the step of a part is not 0")
    open_ends = (S.Infinity, S.Infinity if step > 0 else S.NegativeInfinity)
    start, stop = (
        is_open if bound.kind == "end" else number(bound)
        for bound, is_open in zip(term.args, open_ends, strict=False)
    )
    if size.is_Integer:
        first, last = (None if bound.is_infinite else int(bound) for bound in (start, stop))
        places = range(int(size))[first : last : int(step)]
        if not places:
            raise ShapeError(f"the part takes nothing of an axis of {size}")
        start = Integer(places.start)
        stop = open_ends[1] if places.stop in (-1, int(size)) else Integer(places.stop)
    if step == 1:
        return Tuple(S.Zero if start.is_infinite else start, stop)
    return Tuple(start, stop, step)


def counted(number: Integer, size: Expr) -> Expr:
    """Counted from the front where the size is a number."""
    return number + size if number < 0 and size.is_Integer and number >= -size else number


def listed(number: _Number, subscripts: Sequence[Term], size: Expr) -> list[Expr] | None:
    """The rows that W[[0, 2, 2]] takes; None where no list stands in the index."""
    lists = [s for s in subscripts if s.kind == "vector"]
    if not lists:
        return None
    if len(subscripts) > 1:
        raise ShapeError("a list of rows stands alone in an index: write W.T[[0, 2]].T for columns")
    if any(entry.kind == "vector" for entry in lists[0].args):
        raise ShapeError("an index is a whole number, a part, or one list of whole numbers")
    return [counted(number(entry), size) for entry in lists[0].args]


__all__ = ["WHOLE", "counted", "is_new_axis", "listed", "part", "without_dots"]
