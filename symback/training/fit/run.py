"""A fit from data to its result."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from numbers import Real
from types import ModuleType
from typing import Any

import numpy as np

from symback.circuits.arguments import checked
from symback.circuits.circuit import Circuit
from symback.circuits.squares import as_least_squares, data_inside, squared_targets
from symback.codegen.generate import compile_module
from symback.errors import DataError, TrainingError
from symback.training.engine.gradients import ParameterVector
from symback.training.feed.columns import leaves_of_module
from symback.training.feed.constants import constants_for, numbers_of, shared
from symback.training.feed.feed import Leaf, open_feed
from symback.training.fit.parameters import FreeParameters, free_parameters, within
from symback.training.fit.problem import Likelihood, Squares
from symback.training.fit.result import Fit
from symback.training.fit.solvers import Minimum, least_squares, most_likely, scipy_optimize
from symback.training.fit.statistics import Uncertainty, of_likelihood, of_squares
from symback.training.initial import check_shapes, given, sizes_of
from symback.training.results.files import read_parameters
from symback.training.settings import Settings
from symback.training.setup import NO_PARAMETERS, refuse_untrainable
from symback.training.sources.dtypes import FloatArray
from symback.training.sources.messages import quoted

EVALUATIONS = 10_000
"""Evaluations of a solver before it gives up."""
MOST_EVALUATIONS = 2**31 - 1  # what MINPACK counts to


@checked(TrainingError)
@np.errstate(all="ignore")  # steps of the solvers may leave a formula's domain
def fit(
    circuit: Circuit,
    data: Any,
    *,
    mapping: Mapping[str, str] | None = None,
    initial: Mapping[str, Any] | str | os.PathLike[str] | None = None,
    fixed: Mapping[str, Any] | None = None,
    bounds: Mapping[str, Sequence[float]] | None = None,
    weights: str | None = None,
    level: float = 0.95,
    sizes: Mapping[str, int] | None = None,
    constants: Mapping[str, Any] | None = None,
    delimiter: str = ",",
    evaluations: int = EVALUATIONS,
) -> Fit:
    """Estimate the parameters of a circuit from data, with standard errors.

    A circuit with the squared loss is fitted by least squares, also where only the loss says what f
    is, as (w*x − y)**2 does: θ minimises Σ wᵢ·(fᵢ − yᵢ)², and its covariance is (JᵀJ)⁻¹·s². A sum
    of such losses, as of two outputs, has the residuals of each: those of c·(f − y)² count 2c where
    c differs from one to the other. Another loss that the circuit declares is taken as −log of a
    likelihood: θ minimises Σ lossᵢ, and its covariance is the inverse of the Hessian of that sum,
    the observed information (constants in the loss do not matter, factors do).

    `data` and `mapping` are as in `train_from_file`; `weights` names a column with the weight of
    each row; one of weight 0 is left out. `initial` has starting values (what it leaves out is
    drawn), `constants` the values of what is declared const, `fixed` parameters that stay, `bounds`
    a pair (lower, upper) a parameter. `level` is that of the intervals. Raises DataError for data
    that do not fit, TrainingError for parameters that the data do not determine, NotInstalled where
    SciPy is missing.

    >>> import symback as sb
    >>> line = sb.circuit("f = w*x + b")
    >>> found = sb.fit(line, {"x": [0., 1., 2., 3.], "y": [1., 3., 5., 8.]})
    >>> {name: (round(v, 3), round(found.errors[name], 3)) for name, v in found.values.items()}
    {'w': (2.3, 0.173), 'b': (0.8, 0.324)}
    """
    scipy_optimize()
    _refuse_settings(level, evaluations)
    squares = as_least_squares(circuit)
    circuit = circuit if squares is None else squares.circuit
    module = _module(circuit, squares is not None, weights)
    try:
        opened = open_feed(data, leaves_of_module(module), mapping=mapping, delimiter=delimiter)
    except DataError as error:
        raise _with_hint(error, circuit) from None
    with opened as feed:
        known = sizes_of(module, feed, Settings(sizes=sizes or {}))
        once = constants_for(module, numbers_of(constants or {}), known)
        inputs = module.Inputs(**feed.read(0, feed.rows), **once)
        parameters = _parameters(circuit, module, known, initial, fixed or {}, bounds or {})
    if squares is not None:
        column = None if weights is None else _weights(data, weights, delimiter, feed.rows)
        if column is not None:
            inputs, column = _measured(module, inputs, column)
        targets = tuple(node.name for node in squares.targets)
        problem = Squares(module, inputs, parameters, targets, column, squares.weights)
        return _of_squares(problem, level, evaluations)
    return _of_likelihood(Likelihood(module, inputs, parameters), level, evaluations)


def _measured(module: ModuleType, inputs: Any, weights: FloatArray) -> tuple[Any, FloatArray]:
    """The rows of positive weight; one of weight 0 is not a measurement."""
    rows = {n: v[weights > 0] for n, v in inputs._asdict().items() if n not in shared(module)}
    return inputs._replace(**rows), weights[weights > 0]


def _refuse_settings(level: Any, evaluations: int) -> None:
    is_number = isinstance(level, Real)
    if not is_number or not 0 < level < 1:
        raise TrainingError(f"level is {level!r:.20}; give a probability such as 0.95")
    if evaluations < 1:
        raise TrainingError(f"evaluations is {evaluations!r:.20}; give a number from 1 on")


def _with_hint(error: DataError, circuit: Circuit) -> DataError:
    """What to write where the output is compared with a column, but is itself a loss."""
    targets, inside = squared_targets(circuit), data_inside(circuit)
    if inside is None or f"no column {quoted(targets[0].name)}" not in str(error):
        return error
    return DataError(
        f"{error}; if {quoted(circuit.output.name)} is the loss, declare what it compares with: "
        f"{inside}: target"
    )


def _module(circuit: Circuit, squares: bool, weights: str | None) -> ModuleType:
    """The circuit's module with what the fit needs of it."""
    if weights is not None and not squares:
        raise TrainingError(
            "weights belong to least squares; multiply the loss of the circuit by an input instead"
        )
    if not circuit.params:
        raise TrainingError(NO_PARAMETERS)
    wanted = ("residuals", "jacobian", "bind") if squares else ("hessian", "bind")
    module = compile_module(circuit, functions=wanted)
    refuse_untrainable(module)
    return module


def _parameters(
    circuit: Circuit,
    module: ModuleType,
    known: Mapping[str, int],
    initial: Any,
    fixed: Mapping[str, Any],
    bounds: Mapping[str, Sequence[float]],
) -> FreeParameters:
    is_file = isinstance(initial, str | os.PathLike)
    declared = {n.name for n in circuit.params if n.initial is not None}
    begin = read_parameters(initial, module) if is_file else initial
    begin = begin._asdict() if hasattr(begin, "_asdict") else begin
    if isinstance(begin, Mapping) or begin is None:
        begin = {**(begin or {}), **{k: v for k, v in fixed.items() if k in module.Params._fields}}
    params = given(module, begin, known, 0)
    check_shapes(module, params, known)
    if isinstance(begin, Mapping):  # a value that was drawn lies where it may
        drawn = [n for n in module.Params._fields if n not in {*begin, *declared}]
        moved = {n: within(getattr(params, n), n, bounds[n]) for n in drawn if n in bounds}
        params = params._replace(**moved)
    return free_parameters(ParameterVector(module, params), params, fixed, bounds)


def _weights(data: Any, column: str, delimiter: str, rows: int) -> FloatArray:
    with open_feed(data, [Leaf(column, "weights")], delimiter=delimiter) as feed:
        found = feed.read(0, feed.rows)[column]
        if len(found) != rows:
            raise DataError(f"{quoted(column)} has {len(found)} weights for {rows} rows")
        negative = np.flatnonzero(found < 0)
        if negative.size:
            place = feed.place(int(negative[0]), column)
            raise DataError(f"{place}: the weight {found[negative[0]]:g} is negative")
    if not found.any():
        raise DataError(f"all weights in {quoted(column)} are 0")
    return found


def _refuse_few(count: int, free: int, what: str) -> None:
    if count < free:
        does = f"{what[:-1]} does" if count == 1 else f"{what} do"
        raise DataError(
            f"{count} {does} not determine {free} parameters; give more rows, or fix "
            "parameters (--fix)"
        )


def _refuse_infinite(values: FloatArray, slopes: FloatArray) -> None:
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        where = f" in row {int(bad[0]) + 1}" if values.size > 1 else ""
        raise DataError(
            f"the value at the initial values is {values[bad[0]]}{where}; begin elsewhere "
            "(--initial NAME=VALUE)"
        )
    if not np.isfinite(slopes).all():
        raise DataError(
            "a derivative at the initial values is not finite; begin elsewhere (--initial "
            "NAME=VALUE)"
        )


def _of_squares(problem: Squares, level: float, evaluations: int) -> Fit:
    parameters = problem.parameters
    start = parameters.start[parameters.free]
    _refuse_few(problem.residuals(start).size, start.size, "residuals")
    _refuse_infinite(problem.residuals(start), problem.jacobian(start))
    minimum = least_squares(problem, start, min(evaluations, MOST_EVALUATIONS))
    theta = minimum.theta
    residuals = problem.residuals(theta)
    loss = float(residuals @ residuals)
    inner = ~parameters.on_bounds(theta)
    uncertainty = of_squares(problem.jacobian(theta), loss, inner, parameters.free_names, level)
    weights, y = problem.weights, problem.data
    plain = residuals if weights is None else residuals / np.sqrt(weights)
    fitted = y + plain if y.size == plain.size else None
    return _result(
        problem, minimum, uncertainty, level,
        rows=problem.rows,
        residuals=residuals,
        fitted=fitted,
        loss=loss,
        log_likelihood=_of_normal_errors(residuals.size, loss, weights),
        r2=None if fitted is None else _r2(problem, loss),
    )  # fmt: skip


def _of_likelihood(problem: Likelihood, level: float, evaluations: int) -> Fit:
    parameters = problem.parameters
    start = parameters.start[parameters.free]
    _refuse_few(problem.rows, start.size, "rows")
    _refuse_infinite(np.array([problem.loss(start)]), problem.hessian(start))
    minimum = most_likely(problem, start, evaluations)
    theta = minimum.theta
    inner = ~parameters.on_bounds(theta)
    uncertainty = of_likelihood(problem.hessian(theta), inner, parameters.free_names, level)
    loss = problem.loss(theta)
    return _result(
        problem, minimum, uncertainty, level,
        rows=problem.rows,
        residuals=None,
        fitted=None,
        loss=loss,
        log_likelihood=0.0 - loss,
        r2=None,
    )  # fmt: skip


def _of_normal_errors(count: int, squares: float, weights: FloatArray | None) -> float:
    """The largest log-likelihood of errors N(0, σ²/w): −n/2·(log(2π·S/n) + 1) + Σ log(w)/2."""
    if not squares > 0:  # a fit through all points, whose likelihood has no bound
        return np.inf
    each = 0.0 if weights is None else float(np.log(weights).sum())
    return -count / 2 * float(np.log(2 * np.pi * squares / count) + 1) + each / 2


def _r2(problem: Squares, loss: float) -> float | None:
    """1 − Σw·r²/Σw·(y − ȳ)² with the weighted mean ȳ of each target; None where y is constant."""
    y, weights = problem.data, problem.weights
    total = 0.0
    for number in range(len(problem.targets)):
        own = problem.target_of_each == number
        w = np.ones(own.sum()) if weights is None else weights[own]
        total += float(w @ (y[own] - w @ y[own] / w.sum()) ** 2)
    return 1 - loss / total if total else None


def _result(
    problem: Squares | Likelihood,
    minimum: Minimum,
    uncertainty: Uncertainty,
    level: float,
    **more: Any,
) -> Fit:
    parameters, names = problem.parameters, problem.parameters.free_names
    theta, errors = minimum.theta, uncertainty.errors
    half = uncertainty.quantile * errors

    def named(values: FloatArray) -> dict[str, float]:
        return dict(zip(names, values.tolist(), strict=True))

    whole = parameters.whole(theta)
    found = Fit(
        params=parameters.vector.unflatten(whole),
        values=named(theta),
        errors=named(errors),
        lower=named(theta - half),
        upper=named(theta + half),
        p_values=named(uncertainty.p_values(theta)),
        fixed={
            name: float(value)
            for name, value, free in zip(parameters.names, whole, parameters.free, strict=True)
            if not free
        },
        covariance=uncertainty.covariance,
        correlation=uncertainty.correlation,
        on_bounds=tuple(np.array(names)[parameters.on_bounds(theta)].tolist()),
        level=level,
        minimum=minimum,
        **more,
    )
    why = _why_not(problem, minimum)
    return replace(found, notes=_notes(parameters, minimum, found.degrees_of_freedom, why))


def _why_not(problem: Squares | Likelihood, minimum: Minimum) -> str:
    """Why a search has not converged, in a clause."""
    theta = minimum.theta
    if isinstance(problem, Likelihood) and not minimum.converged:
        if problem.loss(2 * theta) < problem.loss(theta):
            return (
                "the losses still fall where the parameters are twice as large, as they do where "
                "classes can be separated"
            )
        if np.isinf(minimum.step):
            return "the losses curve downwards there, so that it is no minimum"
    if np.isinf(minimum.step):
        return "the derivatives there have no step to a better point"
    return f"the next step would change a parameter by {minimum.step:.1g} of itself"


def _notes(
    parameters: FreeParameters, minimum: Minimum, freedom: int | None, why: str
) -> tuple[str, ...]:
    notes = []
    if not minimum.converged:
        notes.append(
            f"the fit has not converged after {minimum.evaluations} "
            f"evaluation{'s' * (minimum.evaluations != 1)} ({why}); begin elsewhere (--initial), "
            "or fix or bound parameters (--fix, --bound)"
        )
    bound = parameters.on_bounds(minimum.theta)
    for name, low, high, value, on in zip(
        parameters.free_names, parameters.lower, parameters.upper, minimum.theta, bound, strict=True
    ):
        if on:
            side = "lower" if value <= low else "upper"
            notes.append(
                f"{name} is on its {side} bound {low if value <= low else high:g}: it has no "
                "standard error, and those of the others hold with it fixed there"
            )
    if freedom == 0:
        notes.append(
            "as many residuals as parameters: the fit passes through the data, and there is no "
            "standard error"
        )
    return tuple(notes)


__all__ = ["EVALUATIONS", "fit"]
