"""Minima by SciPy's solvers, and whether a point is one.

Least squares begins with Levenberg and Marquardt's method (MINPACK). Where it ends at a point that
is not a minimum of full rank, and where there are bounds, the trust region reflective method
follows. What they found is refined by steps of Gauss and Newton, which need no tolerance on the sum
of squares. Likelihoods are maximised by Newton's method in a trust region, with bounds first by a
quasi-Newton method.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from symback.codegen.extras import imports_of_extra
from symback.training.fit.parameters import Mask
from symback.training.fit.problem import Likelihood, Squares
from symback.training.sources.dtypes import FloatArray

SMALL_STEP = 1e-7  # of a parameter, in which a minimum is found
NEAR = 1e-6  # of a bound: relative to the entry, or 1
OFFSET = 1e-6  # relative offset (Bates and Watts 1981) of a minimum
_EPS = float(np.finfo(float).eps)
_MOST_REFINEMENTS = 20
SHORT_STEP = 0.1  # of the starting point's length
_BEYOND = 1e150  # in place of what is not finite: a step there is taken back


@dataclass(frozen=True)
class Minimum:
    """Where a solver ended. `step` is the largest relative step of Newton's method from there."""

    theta: FloatArray
    method: str
    evaluations: int
    converged: bool
    step: float


def scipy_optimize() -> Any:
    """SciPy's optimisers; NotInstalled where SciPy is not there."""
    with imports_of_extra("a fit needs SciPy: pip install 'symback[scipy]'"):
        import scipy.optimize  # here: an extra
    return scipy.optimize


def least_squares(problem: Squares, start: FloatArray, most: int) -> Minimum:
    """The least sum of squares that the solvers find from `start`, in `most` evaluations each."""
    attempts = (_refined(problem, found) for found in _attempts(problem, start, most))
    return _best(attempts, lambda theta: _sum_of_squares(problem, theta))


def _best(attempts: Iterable[Minimum], size: Callable[[FloatArray], float]) -> Minimum:
    """The first attempt that converged, or else the one of the least size."""
    best: Minimum | None = None
    least = np.inf
    for found in attempts:
        own = size(found.theta)
        is_less = own < least and not math.isclose(own, least, rel_tol=1e-9)
        if best is None or is_less or found.converged:
            best, least = found, own
        if best.converged:
            break
    assert best is not None  # there is always a first attempt
    return best


def _attempts(problem: Squares, start: FloatArray, most: int) -> Iterator[Minimum]:
    optimize, parameters = scipy_optimize(), problem.parameters
    methods: list[tuple[str, str, Any]] = [
        ("trf", "trust region reflective", "jac"),
        ("trf", "trust region reflective", 1.0),
    ]
    enough_rows = problem.residuals(start).size >= start.size
    if not parameters.bounded and enough_rows:
        methods.insert(0, ("lm", "Levenberg–Marquardt", "jac"))
    for method, title, scale in methods:
        bounds = {} if method == "lm" else {"bounds": (parameters.lower, parameters.upper)}
        with warnings.catch_warnings(action="ignore"):
            try:
                result = optimize.least_squares(
                    _finite(problem.residuals),
                    _inside(start, parameters.lower, parameters.upper) if bounds else start,
                    jac=_finite(problem.jacobian),
                    method=method,
                    x_scale=scale,
                    max_nfev=most,
                    **bounds,
                    **dict.fromkeys(("ftol", "xtol", "gtol"), 4 * _EPS),
                )
            except (ValueError, np.linalg.LinAlgError):  # of a step out of the finite numbers
                continue
        yield Minimum(result.x, title, int(result.nfev), False, np.inf)
    yield Minimum(start, "no solver", 1, False, np.inf)


def _finite(function: Callable[[FloatArray], FloatArray]) -> Callable[[FloatArray], FloatArray]:
    """The function with a very large number for what is not finite."""

    def clipped(theta: FloatArray) -> FloatArray:
        found: FloatArray = np.nan_to_num(
            function(theta), nan=_BEYOND, posinf=_BEYOND, neginf=-_BEYOND
        )
        return found

    return clipped


def _inside(theta: FloatArray, lower: FloatArray, upper: FloatArray) -> FloatArray:
    """The point moved off its bounds, where the method has to begin."""
    room = np.where(np.isfinite(upper - lower), upper - lower, np.maximum(1, np.abs(theta)))
    margin = 1e-10 * room
    found: FloatArray = np.clip(theta, lower + margin, upper - margin)
    return found


def _on_near_bounds(problem: Squares, theta: FloatArray) -> FloatArray:
    """The point with entries on the bounds that the sum of squares falls towards.

    Interior methods stop a little before them.
    """
    lower, upper = problem.parameters.lower, problem.parameters.upper
    slope = problem.jacobian(theta).T @ problem.residuals(theta)
    near = NEAR * np.maximum(1, np.abs(theta))
    moved = np.where((slope > 0) & (theta - lower < near), lower, theta)
    moved = np.where((slope < 0) & (upper - theta < near), upper, moved)
    most = _sum_of_squares(problem, theta) * (1 + 1e-9)  # rounding aside
    return moved if _sum_of_squares(problem, moved) <= most else theta


def _refined(problem: Squares, found: Minimum) -> Minimum:
    """The point after steps of Gauss and Newton that do not raise the sum of squares."""
    theta, parameters = _on_near_bounds(problem, found.theta), problem.parameters
    inner = ~parameters.on_bounds(theta)
    best = _sum_of_squares(problem, theta)
    step, size = _gauss_newton(problem, theta, inner)
    for _ in range(_MOST_REFINEMENTS):
        moved = np.clip(theta + step, parameters.lower, parameters.upper)
        squares = _sum_of_squares(problem, moved)
        again, smaller = _gauss_newton(problem, moved, inner)
        if not (squares <= best * (1 + 1e-12) and smaller < size):
            break
        theta, best, step, size = moved, min(best, squares), again, smaller
    offset = _offset(problem, theta, inner)
    converged = bool(np.isfinite(best) and (size < SMALL_STEP or offset < OFFSET))
    return replace(found, theta=theta, converged=converged, step=size)


def _sum_of_squares(problem: Squares, theta: FloatArray) -> float:
    found = float(np.sum(problem.residuals(theta) ** 2))
    return found if np.isfinite(found) else np.inf


def _gauss_newton(problem: Squares, theta: FloatArray, inner: Mask) -> tuple[FloatArray, float]:
    """The step of the entries that are off their bounds, and its largest relative part."""
    step = np.zeros_like(theta)
    jacobian, residuals = problem.jacobian(theta)[:, inner], problem.residuals(theta)
    if not inner.any():
        return step, 0.0
    if not (np.isfinite(jacobian).all() and np.isfinite(residuals).all()):
        return step, np.inf
    scale = np.linalg.norm(jacobian, axis=0)
    if not scale.all():
        return step, np.inf
    solved, _, rank, _ = np.linalg.lstsq(jacobian / scale, -residuals)
    if rank < inner.sum():
        return step, np.inf
    step[inner] = solved / scale
    return step, float(np.max(np.abs(step) / np.maximum(np.abs(theta), 1e-300)))


def _offset(problem: Squares, theta: FloatArray, inner: Mask) -> float:
    """The relative offset of Bates and Watts: how far the residuals lean into the tangent plane.

    ‖Qᵀr‖·√(n − p) / (‖r − QQᵀr‖·√p), with the columns of Q spanning those of the Jacobian.
    """
    jacobian, residuals = problem.jacobian(theta)[:, inner], problem.residuals(theta)
    rows, columns = jacobian.shape
    if rows <= columns or not (np.isfinite(jacobian).all() and np.isfinite(residuals).all()):
        return np.inf
    scale = np.linalg.norm(jacobian, axis=0)
    if not scale.all() or np.linalg.matrix_rank(jacobian / scale) < columns:
        return np.inf
    tangent = np.linalg.qr(jacobian / scale)[0]
    along = tangent.T @ residuals
    rest = float(np.linalg.norm(residuals - tangent @ along))
    leaning = float(np.linalg.norm(along)) / np.sqrt(max(columns, 1))
    return leaning * np.sqrt(rows - columns) / rest if rest else np.inf


def most_likely(problem: Likelihood, start: FloatArray, most: int) -> Minimum:
    """The least sum of losses that the solvers find from `start`, in `most` evaluations each."""
    return _best((_newton(problem, f) for f in _searches(problem, start, most)), problem.loss)


def _searches(problem: Likelihood, start: FloatArray, most: int) -> Iterator[Minimum]:
    """Newton's method, at last by steps too short to leave the domain of a formula for another."""
    optimize, parameters = scipy_optimize(), problem.parameters
    if parameters.bounded:
        with warnings.catch_warnings(action="ignore"):
            result = optimize.minimize(
                problem.loss,
                start,
                jac=problem.gradient,
                method="L-BFGS-B",
                bounds=list(zip(parameters.lower, parameters.upper, strict=True)),
                options={"maxiter": most, "ftol": 0.0, "gtol": 1e-10},
            )
        title = "quasi-Newton within bounds (L-BFGS-B)"
        yield Minimum(result.x, title, int(result.nfev), False, np.inf)
    guarded = _Guarded(problem)
    short = SHORT_STEP * max(1.0, float(np.linalg.norm(start)))
    for regions in ({}, {"initial_trust_radius": short / 2, "max_trust_radius": short}):
        with warnings.catch_warnings(action="ignore"):
            result = optimize.minimize(
                guarded.loss,
                start,
                jac=guarded.gradient,
                hess=guarded.hessian,
                method="trust-exact",
                options={"maxiter": most, "gtol": 1e-10 * problem.rows, **regions},
            )
        yield Minimum(result.x, "Newton in a trust region", int(result.nfev), False, np.inf)
        if result.nit >= most:  # it falls without end
            return


class _Guarded:
    """Loss, gradient and Hessian, with an infinite loss beyond bounds and where one is not finite.

    A step there is taken back. SciPy would neither take a step to NaN nor try a shorter one.
    """

    def __init__(self, problem: Likelihood) -> None:
        self._problem = problem
        self._theta: FloatArray | None = None

    def loss(self, theta: FloatArray) -> float:
        self._go_to(theta)
        return self._loss

    def gradient(self, theta: FloatArray) -> FloatArray:
        self._go_to(theta)
        return self._gradient

    def hessian(self, theta: FloatArray) -> FloatArray:
        self._go_to(theta)
        return self._hessian

    def _go_to(self, theta: FloatArray) -> None:
        if self._theta is not None and np.array_equal(theta, self._theta):
            return
        problem, self._theta = self._problem, theta.copy()
        self._loss, self._gradient = problem.loss(theta), problem.gradient(theta)
        self._hessian = problem.hessian(theta)
        inside = np.all((theta >= problem.parameters.lower) & (theta <= problem.parameters.upper))
        values = self._loss, self._gradient, self._hessian
        if not (inside and all(np.isfinite(v).all() for v in values)):
            self._loss = np.inf
            self._gradient, self._hessian = np.zeros(theta.size), np.eye(theta.size)


def _newton(problem: Likelihood, found: Minimum) -> Minimum:
    """The point after whole steps of Newton's method, as long as they become smaller."""
    theta, size = found.theta, np.inf
    inner = ~problem.parameters.on_bounds(theta)
    for _ in range(_MOST_REFINEMENTS):
        step = _newton_step(problem, theta, inner)
        smaller = float(np.max(np.abs(step) / np.maximum(np.abs(theta), 1e-300), initial=0.0))
        if not smaller < size / 2:
            break
        size = smaller
        moved = np.clip(theta + step, problem.parameters.lower, problem.parameters.upper)
        if not problem.loss(moved) <= problem.loss(theta) + 1e-9 * abs(problem.loss(theta)):
            break
        theta = moved
    return replace(found, theta=theta, converged=size < SMALL_STEP, step=size)


def _newton_step(problem: Likelihood, theta: FloatArray, inner: Mask) -> FloatArray:
    """−H⁻¹∇L of the entries off their bounds; infinite where H is not positive definite."""
    step = np.zeros_like(theta)
    hessian = problem.hessian(theta)[np.ix_(inner, inner)]
    gradient = problem.gradient(theta)[inner]
    try:
        np.linalg.cholesky(hessian)
        step[inner] = -np.linalg.solve(hessian, gradient)
    except np.linalg.LinAlgError:
        step[inner] = np.inf
    return step


__all__ = ["Minimum", "least_squares", "most_likely", "scipy_optimize"]
