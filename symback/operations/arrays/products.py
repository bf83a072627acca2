"""Products of arrays, and what is made of a square matrix."""

from __future__ import annotations

from sympy import Expr

from symback.operations import shapes
from symback.operations.arrays.base import ArrayFunction


class matmul(ArrayFunction):
    """A·B, the product of two matrices."""

    arrays = 2
    shape_rule = staticmethod(shapes.matmul_shape)
    rule = "∂(A·B): δ·Bᵀ and Aᵀ·δ"


class matvec(ArrayFunction):
    """A·x, the product of a matrix and a vector."""

    arrays = 2
    shape_rule = staticmethod(shapes.matvec_shape)
    rule = "∂(A·x): δ·xᵀ and Aᵀ·δ"


class outer(ArrayFunction):
    """u·vᵀ, the matrix of all products u_i·v_j."""

    arrays = 2
    shape_rule = staticmethod(shapes.outer_shape)
    rule = "∂(u·vᵀ): δ·v and δᵀ·u"


class dot(ArrayFunction):
    """Σ a∘b over all elements of two arrays of one shape."""

    arrays = 2
    shape_rule = staticmethod(shapes.number_of_alike("dot"))
    rule = "∂Σ a∘b: b and a"


class kron(ArrayFunction):
    """A ⊗ B, the Kronecker product: the matrix of the blocks A_ij·B. Only derivations have it."""

    arrays = 2
    shape_rule = staticmethod(shapes.kron_shape)


class einsum(ArrayFunction):
    """Σ of products of two arrays over named axes: the arrays, then a Tuple that names the axes of
    each and of the result. The names are numbers; each stands once in an array, and in two of the
    three. So its adjoints are einsums too.
    """

    arrays = 2
    shape_rule = staticmethod(shapes.einsum_shape)
    rule = "∂ Σ a·b: Σ δ·b and Σ δ·a"

    @property
    def subscripts(self) -> tuple[tuple[int, ...], ...]:
        """The names of the axes of both operands, and of the result."""
        return tuple(tuple(map(int, letters)) for letters in self.options[0])


class inv(ArrayFunction):
    """A⁻¹."""

    singular = True
    shape_rule = staticmethod(shapes.inverse_shape)
    rule = "∂A⁻¹: −A⁻ᵀ·δ·A⁻ᵀ"
    grows_factorially = True


class det(ArrayFunction):
    """The determinant."""

    singular = True
    shape_rule = staticmethod(shapes.number_of_square("det"))
    rule = "∂ det A = det A·A⁻ᵀ"
    grows_factorially = True


class logdet(ArrayFunction):
    """log det A, for det A > 0."""

    singular = True
    shape_rule = staticmethod(shapes.number_of_square("logdet"))
    rule = "∂ log det A = A⁻ᵀ"
    grows_factorially = True


class cholesky(ArrayFunction):
    """The lower triangle L of A = L·Lᵀ > 0; of the symmetric A the lower triangle is read."""

    singular = True
    shape_rule = staticmethod(shapes.factor_shape)
    rule = "∂L: S + Sᵀ below the diagonal, S = L⁻ᵀ·half(Lᵀ·δ)·L⁻¹"
    grows_factorially = True


class eigvalsh(ArrayFunction):
    """The eigenvalues of a symmetric matrix in ascending order; its lower triangle is read."""

    shape_rule = staticmethod(shapes.eigenvalues_shape)
    rule = "∂λ(A) = Q·diag(δ)·Qᵀ, of the lower triangle"
    grows_factorially = True

    @property
    def companion(self) -> Expr:
        return eigenvectors(*self.args)


class eigenvectors(ArrayFunction):
    """Q, whose columns are the unit eigenvectors of a symmetric matrix, in the order of eigvalsh.

    The last entry of a column is not negative. The lower triangle is read.
    """

    singular = True
    shape_rule = staticmethod(shapes.eigenvectors_shape)
    rule = "∂Q(A) = Q·(F∘Qᵀ·δ)·Qᵀ, F_ij = 1/(λ_j − λ_i), of the lower triangle"
    grows_factorially = True


class inverse_gaps(ArrayFunction):
    """The matrix of 1/(λ_j − λ_i), 0 on the diagonal; NaN where rounding can't tell two apart."""

    in_adjoints_only = True
    shape_rule = staticmethod(shapes.gaps_shape)


class solve(ArrayFunction):
    """A⁻¹·b."""

    singular = True
    arrays = 2
    shape_rule = staticmethod(shapes.solution_shape)
    rule = "∂A⁻¹b: u = A⁻ᵀ·δ and −u·vᵀ"
    grows_factorially = True


class trace(ArrayFunction):
    """The sum of the diagonal."""

    moves = chooses = True
    shape_rule = staticmethod(shapes.number_of_square("trace"))
    rule = "∂ tr A = I"
