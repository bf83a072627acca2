"""Standard errors, intervals and correlations of what was fitted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from symback.errors import TrainingError
from symback.training.fit.parameters import Mask
from symback.training.sources.dtypes import FloatArray


@dataclass(frozen=True)
class Uncertainty:
    """The covariance of the free entries; nan for entries that lie on a bound."""

    covariance: FloatArray
    quantile: float  # standard errors on each side of an estimate, in its interval
    freedom: float  # degrees of freedom of Student's distribution; infinite for the normal one

    @property
    def errors(self) -> FloatArray:
        """The standard errors: roots of the diagonal."""
        found: FloatArray = np.sqrt(np.diag(self.covariance))
        return found

    def p_values(self, theta: FloatArray) -> FloatArray:
        """The probability of so large a ratio |θ|/error, either way, where θ is 0."""
        from scipy.stats import t as student  # here: an extra

        if not self.freedom:
            return np.full(len(theta), np.nan)
        with np.errstate(all="ignore"):
            found: FloatArray = 2 * student.sf(np.abs(theta) / self.errors, self.freedom)
        return found

    @property
    def correlation(self) -> FloatArray:
        found: FloatArray = self.covariance / np.outer(self.errors, self.errors)
        return found


def of_squares(
    jacobian: FloatArray,
    squares: float,
    inner: Mask,
    names: Sequence[str],
    level: float,
) -> Uncertainty:
    """(JᵀJ)⁻¹·s² with s² = Σr²/(n − p), of the entries that are off their bounds (`inner`).

    By the QR factors of J with columns of norm 1, so that the condition of J is not squared. The
    quantile is Student's with n − p degrees of freedom. Raises TrainingError where J has not full
    rank, with the names of what the data do not determine.
    """
    from scipy.stats import t as student  # here: an extra

    kept = jacobian[:, inner]
    rows, columns = kept.shape
    freedom = rows - columns
    scale = np.linalg.norm(kept, axis=0)
    _refuse_undetermined(kept, scale, [n for n, i in zip(names, inner, strict=True) if i])
    triangle = np.linalg.qr(kept / scale, mode="r")
    inverse = np.linalg.solve(triangle, np.eye(columns)) / scale[:, None]
    variance = squares / freedom if freedom else np.nan
    quantile = float(student.ppf((1 + level) / 2, freedom)) if freedom else np.nan
    return _spread(inverse @ inverse.T * variance, inner, quantile, freedom)


def of_likelihood(
    information: FloatArray, inner: Mask, names: Sequence[str], level: float
) -> Uncertainty:
    """The inverse of the observed information, the Hessian of −log likelihood at its minimum.

    The quantile is the normal distribution's.
    """
    from scipy.stats import norm as normal  # here: an extra

    kept = information[np.ix_(inner, inner)]
    scale = np.sqrt(np.abs(np.diag(kept)))
    if not (np.diag(kept) < 0).any():
        free = [n for n, i in zip(names, inner, strict=True) if i]
        _refuse_undetermined(kept, scale, free, scale)
    scaled = kept / np.outer(scale, scale)
    try:
        np.linalg.cholesky(scaled)
        inverse = np.linalg.inv(scaled) / np.outer(scale, scale)
    except np.linalg.LinAlgError:  # it curves downwards: no minimum, which the result says
        inverse = np.full_like(scaled, np.nan)
    return _spread(inverse, inner, float(normal.ppf((1 + level) / 2)), np.inf)


def _spread(covariance: FloatArray, inner: Mask, quantile: float, freedom: float) -> Uncertainty:
    whole = np.full((inner.size, inner.size), np.nan)
    whole[np.ix_(inner, inner)] = (covariance + covariance.T) / 2
    return Uncertainty(whole, quantile, freedom)


def _refuse_undetermined(
    matrix: FloatArray,
    scale: FloatArray,
    names: Sequence[str],
    across: FloatArray | None = None,
) -> None:
    """TrainingError unless the matrix has full rank, its columns (and rows) scaled."""
    what = "the derivative" if across is None else "the second derivative of the loss"
    if not np.isfinite(matrix).all():
        raise TrainingError(
            "the derivatives at the estimate are not finite, so that it has no standard errors; "
            "begin elsewhere (--initial)"
        )
    silent = [name for name, size in zip(names, scale, strict=True) if not size]
    if silent:
        it = "it" if len(silent) == 1 else "them"
        raise TrainingError(
            f"the data do not determine {_listed(silent)}: {what} by {it} is 0 at the estimate; "
            f"fix {it} (--fix) or begin elsewhere (--initial)"
        )
    scaled = matrix / scale if across is None else matrix / np.outer(across, scale)
    _, sizes, directions = np.linalg.svd(scaled)
    smallest = sizes[-1] / sizes[0] if len(sizes) else 1.0
    if smallest > max(scaled.shape) * np.finfo(float).eps:
        return
    weak = np.abs(directions[-1]) > 0.1
    raise TrainingError(
        f"the data do not determine {_listed([n for n, w in zip(names, weak, strict=True) if w])} "
        "apart: a change of one is made up for by the others; fix one of them (--fix)"
    )


def _listed(names: Sequence[str]) -> str:
    shown = [*names[:4], f"{len(names) - 4} more"] if len(names) > 5 else list(names)
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


__all__ = ["Uncertainty", "of_likelihood", "of_squares"]
