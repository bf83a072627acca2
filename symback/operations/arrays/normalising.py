"""What normalises, and the entropies made of it."""

from __future__ import annotations

from sympy import Expr

from symback.operations import shapes
from symback.operations.arrays.base import ArrayFunction


class softmax(ArrayFunction):
    """exp(z)/Σ exp(z) along the last axis, or those that are named."""

    by_row = True
    shape_rule = staticmethod(shapes.along_axes("softmax"))
    rule = "∂ softmax: s∘(δ − Σ δ∘s)"
    normalises = exponential = True


class log_softmax(ArrayFunction):
    """z - log Σ exp(z) along the last axis, or those that are named."""

    by_row = True
    shape_rule = staticmethod(shapes.along_axes("log_softmax"))
    rule = "∂ log_softmax: δ − softmax·Σ δ"
    normalises = exponential = True


class logsumexp(ArrayFunction):
    """log Σ exp(z) along the last axis, or those that are named."""

    by_row = True
    shape_rule = staticmethod(shapes.last_axis_reduced("logsumexp"))
    rule = "∂ logsumexp = softmax"
    normalises = exponential = True

    @property
    def companion(self) -> Expr:
        return softmax(*self.args)


class cross_entropy(ArrayFunction):
    """-Σ t∘log_softmax(z) along the last axis, for a target t that adds up to 1."""

    by_row = True
    arrays = 2
    shape_rule = staticmethod(shapes.entropies_shape)
    rule = "softmax(z)·Σt − t, and Σt = 1"
    normalises = exponential = True

    @property
    def companion(self) -> Expr:
        return softmax(self.args[0])


class sparse_cross_entropy(ArrayFunction):
    """-log_softmax(z)[t], for a target t that is the index of a class."""

    by_row = True
    arrays = 2
    shape_rule = staticmethod(shapes.class_entropy_shape)
    rule = "softmax(z) − one_hot(t)"
    normalises = exponential = True

    @property
    def companion(self) -> Expr:
        return softmax(self.args[0])


class one_hot(ArrayFunction):
    """1 at the index t, else 0; as long as the second operand."""

    arrays = 2
    shape_rule = staticmethod(shapes.one_hot_shape)
    rule = "one_hot jumps: 0"


class layer_norm(ArrayFunction):
    """(x - mean)/√(variance + 1e-5) along the last axis (Ba, Kiros and Hinton 2016)."""

    by_row = True
    shape_rule = staticmethod(shapes.along_axes("layer_norm"))
    rule = "∂ layer_norm: (δ − mean δ − v∘mean(δ∘v))/deviation"
    normalises = True


class rsqrt_variance(ArrayFunction):
    """1/√(variance + 1e-5) along the last axis."""

    shape_rule = staticmethod(shapes.last_axis_reduced("layer_norm"))
    in_adjoints_only = True
