"""Adjoints at large sizes, against differences of the module's own forward pass.

Truths entry by entry exist at small sizes only, and an error may need a large one: a block that
is cut off, an axis of the wrong length. For every linear map ⟨v̄, J·ẋ⟩ = ⟨Jᵀ·v̄, ẋ⟩, so one random
direction ẋ of a leaf tests all entries of its adjoint at once. J·ẋ is a central difference of
fourth order, and the tolerance comes from the values themselves:

- truncation: the differences between step widths, of which it is some fifteenth;
- rounding: the noise of the function along the line, from the fourth differences of values at
  neighbouring points (Hamming 1973; Moré and Wild 2011, "Estimating computational noise").
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from sympy import Integer

from symback.circuits.circuit import Circuit, Node
from symback.circuits.requirements import distributions, index_leaves, least_sizes, uses_of
from symback.operations.arrays import eigenvectors
from symback.truth.packing import with_constants
from symback.truth.points import has_kinks, shared_alone
from symback.truth.rounding import UNIT

PRIMES = (37, 53, 29, 41, 31, 43, 47, 59, 61, 67, 71, 73, 79, 83, 89, 97)
SAMPLES = 5
PLACES = 2  # of different magnitudes
ATTEMPTS = 12
STEPS = range(3, 13)  # widths 2^-k
KINKED_STEPS = range(3, 24)
CONFIRMED = 3  # narrower widths that must agree where there are kinks
NEIGHBOURS = 9
SPACING = 2.0**-30  # of neighbours: the fourth difference of what is smooth there is below rounding
DEVIATIONS = 8  # of the noise that a value may be off by
SHARP = 1e-4  # a tolerance above this part of the slope decides nothing
SPARSE = 1e-11  # of the largest entry: the error of a sparse entry, which is made in another sum
MOST_PARAMS = 4_000  # of a sparse matrix, whose columns are made one by one beside it
MOST_NUMBERS = 4_000_000  # of an array with one row a sample


@dataclass(frozen=True, slots=True)
class Finding:
    """One comparison: the error in parts of the tolerance, and whether that is narrow."""

    what: str
    share: float
    sharp: bool = True


@dataclass(frozen=True, slots=True)
class LargePoint:
    """Parameters and samples at large sizes."""

    sizes: Mapping[str, int]
    params: Any
    inputs: Any

    def __str__(self) -> str:
        named = ", ".join(f"{name} = {n}" for name, n in self.sizes.items())
        return f"{named or 'sizes as given'}, {SAMPLES} samples"


@dataclass(frozen=True, slots=True)
class DirectionalFunction:
    """A function of one number t, and the slope at 0 that the module's adjoint claims.

    `slope(t)` is the sum of `terms`; sizes are the sums of absolute values, for rounding. Terms
    that cancel inside the module are not seen, so `floor` is a size that they have at least.
    """

    value: Callable[[float], float]
    slope: Callable[[float], float]
    value_size: float
    slope_size: float
    floor: float
    has_kinks: bool


def compare_at_large_sizes(
    circuit: Circuit, module: ModuleType, seed: int
) -> tuple[str, list[Finding]]:
    """Where it was compared and what came out; no finding where no point is in the domain."""
    rng = np.random.default_rng(seed)
    found: list[Finding] = []
    suspected: set[str] = set()
    at, clean = "", 0
    doubt: tuple[str, list[Finding]] | None = None
    for place in _places(circuit, module, rng):
        fresh = _Comparer(circuit, module, place, rng).findings()
        wrong = {f.what for f in fresh if f.share > 1}
        if wrong & suspected:
            return str(place), fresh
        if wrong:  # a kink beside the point, or chaos there, would not be at another one
            suspected |= wrong
            doubt = str(place), fresh
            continue
        at, found = str(place), [*found, *fresh]
        clean += all(f.sharp for f in fresh)
        if clean == PLACES:
            break
    return doubt if doubt and not clean else (at, found)


def sparse_findings(circuit: Circuit, module: Any, seed: int) -> list[Finding]:
    """What is sparse at a large place, entry by entry beside what is made column by column."""
    place = next(_places(circuit, module, np.random.default_rng(seed)), None)
    found: list[Finding] = []
    if place is None:
        return found
    vector = module.ravel(place.params)
    for name in ("jacobian", "hessian"):
        if not hasattr(module, name) or vector.size > MOST_PARAMS:
            continue
        sparse = getattr(module, name)(vector, place.inputs, **place.sizes)
        if isinstance(sparse, np.ndarray):
            continue
        with with_constants(module, DENSEST=0.0):
            dense = getattr(module, name)(vector, place.inputs, **place.sizes)
        error = np.abs(sparse.toarray() - dense).max()
        found.append(Finding(name, float(error / (SPARSE * np.abs(dense).max() + 1e-300))))
    return found


# -- places ----------------------------------------------------------------------------------


def large_sizes(circuit: Circuit) -> dict[str, int]:
    """A prime for each size with a name, all different and none a size given as a number."""
    least = least_sizes(circuit)
    taken = {int(s) for n in circuit.leaves for s in n.shape if s.is_Integer}
    chosen: dict[str, int] = {}
    for symbol in circuit.size_names:
        lowest = least.get(str(symbol), 1)
        fitting = (p for p in (*PRIMES, lowest + 1, lowest) if p >= lowest and p not in taken)
        chosen[str(symbol)] = next(fitting)
        taken.add(chosen[str(symbol)])
    return chosen


def _places(circuit: Circuit, module: Any, rng: np.random.Generator) -> Iterator[LargePoint]:
    """Places where output, adjoints and loss are finite."""
    sizes = large_sizes(circuit)
    may_coincide = bool(uses_of(circuit, eigenvectors))  # eigenvalues, as of X.T @ X for few rows
    for attempt in range(ATTEMPTS):
        once = {*(n.name for n in circuit.params), *shared_alone(circuit)}
        drawn = {n.name: _drawn(n, n.name in once, sizes, attempt, rng) for n in circuit.leaves}
        for name in distributions(circuit):
            drawn[name] = rng.dirichlet(np.ones(drawn[name].shape[-1]), drawn[name].shape[:-1])
        for name, count in index_leaves(circuit).items():
            shape = np.shape(drawn[name])
            drawn[name] = rng.integers(_length(count, sizes), size=shape).astype(float)
        params = module.Params(*(drawn[n.name] for n in circuit.params))
        inputs = module.Inputs(*(drawn[name] for name in module.Inputs._fields))
        try:
            value, cache = module.forward(params, inputs)
            bars = module.backward(params, inputs, cache)
        except np.linalg.LinAlgError:  # a matrix without an inverse
            continue
        if np.all(np.isfinite(value)):
            finite = all(np.all(np.isfinite(b)) for part in bars for b in part if b is not None)
            if not finite and may_coincide:
                continue
            if not finite:
                raise FloatingPointError("an adjoint is not finite where the output is")
            if circuit.objective.shape or np.isfinite(module.value_and_grad(params, inputs)[0]):
                yield LargePoint(sizes, params, inputs)


def _length(size: Any, sizes: Mapping[str, int]) -> int:
    return int(size.xreplace({s: Integer(sizes[str(s)]) for s in size.free_symbols}))


def _drawn(
    node: Node, once: bool, sizes: Mapping[str, int], attempt: int, rng: np.random.Generator
) -> Any:
    """Values of a leaf; products keep their magnitude, and every third time all are positive."""
    shape = tuple(_length(s, sizes) for s in node.shape)
    lead = () if once else (SAMPLES,)
    values = rng.normal(size=(*lead, *shape)) * (1.0, 0.3, 2.0, 0.05)[attempt % 4]
    if shape:
        values = values / math.sqrt(shape[-1]) if len(shape) == 2 else values
        values = values + np.eye(shape[0]) if _is_square(shape) and attempt % 2 else values
    return np.abs(values) + 0.01 if attempt % 3 == 2 else values


def _is_square(shape: tuple[int, ...]) -> bool:
    return len(shape) == 2 and shape[0] == shape[1]


# -- comparison ------------------------------------------------------------------------------


class _Comparer:
    def __init__(
        self, circuit: Circuit, module: Any, place: LargePoint, rng: np.random.Generator
    ) -> None:
        self._circuit, self._module, self._rng = circuit, module, rng
        self._place = place
        self._kinks = has_kinks(circuit)
        self._params, self._inputs = place.params, place.inputs
        self._bar = rng.normal(size=np.shape(module.forward(place.params, place.inputs)[0]))

    def findings(self) -> list[Finding]:
        """Every leaf along a direction of its own, then samples one by one and in blocks."""
        output, objective = self._circuit.output, self._circuit.objective
        found = []
        for leaf in map(self._circuit.__getitem__, self._movable):
            line = self._line_of_output([leaf.name])
            found.append(_compared(f"∂{output.name}/∂{leaf.name}", line))
        trains = not objective.shape
        for leaf in self._circuit.params if trains else ():
            line = self._line_of_objective([leaf.name])
            found.append(_compared(f"mean ∂{objective.name}/∂{leaf.name}", line))
        if np.ndim(self._bar) > len(output.shape):
            found += self._one_by_one()
        if trains and self._has_samples:
            found += self._in_blocks()
        return found

    # -- lines

    def _line_of_output(self, leaves: list[str]) -> DirectionalFunction:
        """⟨v̄, f⟩ along a direction, and the direction's product with the adjoints."""
        module, bar = self._module, self._bar
        along = self._direction(self._params, leaves)
        across = self._direction(self._inputs, leaves)

        def value(t: float) -> float:
            f, _ = module.forward(_moved(self._params, along, t), _moved(self._inputs, across, t))
            return float(np.sum(bar * f))

        def terms(t: float) -> list[Any]:
            params, inputs = _moved(self._params, along, t), _moved(self._inputs, across, t)
            _, cache = module.forward(params, inputs)
            bars, x_bars = module.backward(params, inputs, cache, bar)
            return [*_products(bars, along), *_products(x_bars, across)]

        f, _ = module.forward(self._params, self._inputs)
        sizes = _size([bar * f]), _size(terms(0.0)), self._floor(along, across)
        return DirectionalFunction(value, _sum_of(terms), *sizes, self._kinks)

    def _line_of_objective(self, leaves: list[str]) -> DirectionalFunction:
        """The mean objective along a direction, and the product with its adjoints.

        Those of inputs are not among its results: along them a line serves for noise alone.
        """
        along = self._direction(self._params, leaves)
        across = self._direction(self._inputs, leaves)

        def at(t: float) -> Any:
            params, inputs = _moved(self._params, along, t), _moved(self._inputs, across, t)
            return self._module.value_and_grad(params, inputs)

        def value(t: float) -> float:
            return float(at(t)[0])

        def terms(t: float) -> list[Any]:
            return _products(at(t)[1], along)

        sizes = abs(value(0.0)), _size(terms(0.0)), self._floor(along, across)
        return DirectionalFunction(value, _sum_of(terms), *sizes, self._kinks)

    def _floor(self, *steps: Any) -> float:
        """Steps times a number of the size of the leaves, summed as slopes are."""
        leaves = [value for part in (self._params, self._inputs) for value in part]
        largest = max(float(np.max(np.abs(v), initial=1.0)) for v in leaves if v is not None)
        return largest * _size([step for part in steps for step in part if step is not None])

    def _direction(self, values: Any, leaves: list[str]) -> Any:
        """Steps as large as the values, in the leaves that are named."""
        steps = (
            self._rng.normal(size=np.shape(value)) * (np.abs(value) + 0.1)
            if name in leaves and value is not None
            else None
            for name, value in zip(values._fields, values, strict=True)
        )
        return type(values)(*steps)

    # -- samples

    @property
    def _has_samples(self) -> bool:
        once = shared_alone(self._circuit)
        names = zip(self._inputs._fields, self._inputs, strict=True)
        return any(value is not None and name not in once for name, value in names)

    @property
    def _movable(self) -> list[str]:
        """All leaves but targets and indices: a class, or a share of 1, stays what it is."""
        fixed = index_leaves(self._circuit)
        moved = (*self._circuit.params, *self._circuit.inputs)
        return [n.name for n in moved if n.name not in fixed]

    def _rows(self, chosen: Any) -> Any:
        once = shared_alone(self._circuit)
        names = zip(self._inputs._fields, self._inputs, strict=True)
        return type(self._inputs)(*(v if v is None or n in once else v[chosen] for n, v in names))

    def _one_by_one(self) -> list[Finding]:
        """A batch gives what its samples give."""
        line = self._line_of_output(self._movable)
        noise = _noise(line.value) * 2 + SAMPLES * UNIT * line.value_size
        value, _ = self._module.forward(self._params, self._inputs)
        singles = [self._module.forward(self._params, self._rows(i))[0] for i in range(SAMPLES)]
        error = abs(float(np.sum(self._bar * value)) - float(np.sum(self._bar * np.array(singles))))
        return [Finding(f"{self._circuit.output.name} sample by sample", _share(error, noise))]

    def _in_blocks(self) -> list[Finding]:
        """More samples than a block holds: the mean of the objective and of its gradient."""
        module, name = self._module, self._circuit.objective.name
        rows = self._block_rows()
        chosen = np.arange(rows + 3) % SAMPLES
        along = self._direction(self._params, list(self._params._fields))
        singles = [module.value_and_grad(self._params, self._rows(i)) for i in range(SAMPLES)]
        with with_constants(module, BLOCK_ROWS=rows):
            mean, grad = module.value_and_grad(self._params, self._rows(chosen))
        line = self._line_of_objective(self._movable)
        weights = np.bincount(chosen, minlength=SAMPLES) / len(chosen)
        values = np.array([value for value, _ in singles])
        slopes = np.array([_total(_products(g, along)) for _, g in singles])
        sizes = np.array([_size(_products(g, along)) for _, g in singles])
        found = []
        for what, got, parts, size, function in (
            (name, mean, values, np.abs(values), line.value),
            (f"∂{name}", _total(_products(grad, along)), slopes, sizes, line.slope),
        ):
            noise = 2 * math.sqrt(SAMPLES) * _noise(function)
            noise += len(chosen) * UNIT * (float(weights @ size) + line.floor)
            error = abs(float(got) - float(weights @ parts))
            found.append(Finding(f"mean {what} in blocks", _share(error, noise)))
        return found

    def _block_rows(self) -> int:
        """As many rows as the module takes at once, fewer where that would fill the memory."""
        width = max(int(np.size(v)) for v in self._inputs if v is not None) // SAMPLES
        width = max(width, *(int(np.size(v)) for v in self._params), 1)
        rows = int(self._module.BLOCK_ROWS)
        return rows if rows * width <= MOST_NUMBERS else SAMPLES - 1


def _compared(what: str, line: DirectionalFunction) -> Finding:
    """The slope against differences, at the step width where these are known best."""
    slope = line.slope(0.0)
    own = _noise(line.slope) + UNIT * (line.slope_size + line.floor)
    best, tolerance = min(_differences(line), key=lambda pair: pair[1], default=(slope, math.inf))
    tolerance += own
    scale = max(abs(best), line.slope_size)
    sharp = tolerance <= SHARP * scale or scale <= tolerance
    return Finding(what, _share(abs(best - slope), tolerance), sharp and math.isfinite(tolerance))


def _differences(line: DirectionalFunction) -> list[tuple[float, float]]:
    """Differences of ever smaller width, each with what it may be off by.

    The change from one width to the next should be a 16th of the one before. Where narrower ones
    contradict, a kink lies within reach, and the difference is left out.
    """
    noise = _noise(line.value) + UNIT * line.value_size
    found: list[tuple[float, float]] = []
    far = wide = change = math.nan
    for k in KINKED_STEPS if line.has_kinks else STEPS:
        h = 2.0**-k
        near = line.value(h) - line.value(-h)
        narrow = (8 * near - far) / (12 * h)
        before, change = change, abs(narrow - wide)
        rounding = 1.5 * noise / h  # (8 + 8 + 1 + 1)/12 values
        room = change + before / 16 + rounding
        found = [(d, r) for d, r in found if not abs(d - narrow) > r + rounding]
        if math.isfinite(room):
            found.append((narrow, room))
        far, wide = near, narrow
    return found[:-CONFIRMED] if line.has_kinks else found


def _noise(function: Callable[[float], float]) -> float:
    """What rounding may do to a value: some deviations of the noise along the line."""
    half = NEIGHBOURS // 2
    values = np.array([function(k * SPACING) for k in range(-half, half + 1)])
    fourth = np.diff(values, 4)
    variance = float(np.mean(fourth**2)) / 70  # 70 = 1 + 16 + 36 + 16 + 1
    return DEVIATIONS * math.sqrt(variance)


def _share(error: float, tolerance: float) -> float:
    if math.isfinite(error) and math.isfinite(tolerance):
        return error / tolerance if tolerance else (math.inf if error else 0.0)
    return 0.0 if math.isinf(tolerance) else math.inf


def _moved(values: Any, steps: Any, t: float) -> Any:
    moved = (v if s is None else v + t * s for v, s in zip(values, steps, strict=True))
    return type(values)(*moved)


def _products(bars: Any, steps: Any) -> list[Any]:
    pairs = zip(bars, steps, strict=True)
    return [bar * step for bar, step in pairs if bar is not None and step is not None]


def _sum_of(terms: Callable[[float], list[Any]]) -> Callable[[float], float]:
    return lambda t: _total(terms(t))


def _total(terms: list[Any]) -> float:
    return float(sum(np.sum(term) for term in terms))


def _size(terms: list[Any]) -> float:
    """What the rounding of a sum is relative to: Σ |terms|, times the additions of the longest."""
    lengths = max((math.log2(np.size(term) + 1) for term in terms), default=0.0)
    return lengths * float(sum(np.sum(np.abs(term)) for term in terms))


__all__ = ["Finding", "compare_at_large_sizes", "large_sizes", "sparse_findings"]
