"""Products of elements, running sums and products, and the recurrences of their derivatives.

Each goes along one axis, the last where none is named.
"""

from __future__ import annotations

from symback.operations import shapes
from symback.operations.arrays.base import ArrayFunction


class prod(ArrayFunction):
    """The product of all elements along an axis."""

    by_row = True
    shape_rule = staticmethod(shapes.last_axis_reduced("prod"))
    rule = "∂ Π a: the product of the others"


class products_of_others(ArrayFunction):
    """For each element the product of the others along an axis, right where some are 0."""

    shape_rule = staticmethod(shapes.of_first)
    in_adjoints_only = True


class cumsum(ArrayFunction):
    """The sums of the elements up to each one along an axis."""

    moves = True
    shape_rule = staticmethod(shapes.along_axes("cumsum"))
    rule = "the sums of δ from each element on"


class cumprod(ArrayFunction):
    """The products of the elements up to each one along an axis."""

    by_row = True
    shape_rule = staticmethod(shapes.along_axes("cumprod"))
    rule = "the product before each, times the sum of δ with the products behind"


class products_before(ArrayFunction):
    """The products of the elements before each one along an axis; 1 for the first."""

    shape_rule = staticmethod(shapes.of_first)
    in_adjoints_only = True


class scan_back(ArrayFunction):
    """s_i = a_(i+1)·s_(i+1) + b_i along an axis, of a and b; the last is that of b."""

    arrays = 2
    shape_rule = staticmethod(shapes.of_second)
    in_adjoints_only = True
