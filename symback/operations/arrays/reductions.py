"""Reductions of all elements, or along axes."""

from __future__ import annotations

from sympy import Expr

from symback.operations import shapes
from symback.operations.arrays.base import ArrayFunction
from symback.operations.arrays.products import dot


class reduce_sum(ArrayFunction):
    """The sum of all elements, or along axes."""

    moves = True
    shape_rule = staticmethod(shapes.reduced("sum"))
    rule = "∂Σ a: 1 for each"


class mean(ArrayFunction):
    """The mean of all elements, or along axes."""

    moves = True
    shape_rule = staticmethod(shapes.reduced("mean"))
    rule = "∂ mean: 1/n for each"


class reduce_max(ArrayFunction):
    """The largest element, or that along axes."""

    moves = chooses = by_row = keeps_nan = True
    shape_rule = staticmethod(shapes.reduced("max"))
    rule = "1 for the largest, equal parts where several are"
    kink = "tie"


class reduce_min(ArrayFunction):
    """The smallest element, or that along axes."""

    moves = chooses = by_row = keeps_nan = True
    shape_rule = staticmethod(shapes.reduced("min"))
    rule = "1 for the smallest, equal parts where several are"
    kink = "tie"


class argmax_mask(ArrayFunction):
    """1 where an element is the extreme v, equal parts where several are, else 0."""

    arrays = 2
    shape_rule = staticmethod(shapes.of_first)
    in_adjoints_only = True


class norm(ArrayFunction):
    """‖A‖ = √Σ a², the Euclidean or Frobenius norm, or that along axes; its square is a sum."""

    by_row = True
    shape_rule = staticmethod(shapes.reduced("norm"))
    rule = "∂‖a‖ = a/‖a‖"

    def _eval_power(self, exponent: Expr) -> Expr | None:
        array, *axes = self.args
        square = reduce_sum(array**2, *axes) if axes else dot(array, array)
        return square ** (exponent / 2) if exponent.is_Integer and exponent.is_even else None


class normalized(ArrayFunction):
    """A/‖A‖, where A = 0 is 0."""

    arrays = 2
    shape_rule = staticmethod(shapes.of_first)
    in_adjoints_only = True
