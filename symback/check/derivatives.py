"""The comparison of Jacobians, Hessians and products with them, where a module has these.

Truths are SymPy's first and second derivatives in balls; what rounding allows is what it does to
the programs that such functions are made of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from types import ModuleType
from typing import Any, Protocol

import numpy as np
from flint import arb
from sympy import Symbol

from symback.autodiff.lower import Lowered, lower
from symback.check.report import Location
from symback.circuits.circuit import Circuit
from symback.circuits.loops import has_loops
from symback.circuits.program import Program
from symback.circuits.squares import squared_targets
from symback.operations.balls.scalars import nearest_float, precision
from symback.truth.oracle import BITS, Expected, Oracle, Truths, total
from symback.truth.packing import with_constants
from symback.truth.points import Point, PointBatch
from symback.truth.rounding import SUBNORMAL, UNIT, OutOfRange, enclosures
from symback.truth.second import SecondReference

MOST_BATCHES = 4
MOST_COMPARED = 34  # parameters, whose second partials are all compared
SAMPLE = 6  # of more parameters those whose second partials are compared, others in each batch
STEPS = 64  # units in the last place that products with an inverse may cost
ALONG = "a direction"  # of all parameters


class Compare(Protocol):
    """Enters the error of one number of a function; of a matrix it is an entry."""

    def __call__(
        self,
        quantity: str,
        got: Any,
        expected: Expected,
        at: str,
        where: Location | None = None,
        *,
        entry: str = "",
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class _Given:
    """A batch with its truths, and the module's arguments for it."""

    batch: PointBatch
    truths: Sequence[Truths]
    params: Any
    inputs: Any
    vector: Any

    @property
    def at(self) -> str:
        return f"batch of {len(self.truths)} at {self.batch.describe(self.batch.points[0])}, …"


class DerivativeCheck:
    """Compares the functions that a module has on request, each with a row of its own."""

    def __init__(self, oracle: Oracle, module: ModuleType, compare: Compare) -> None:
        self._oracle, self._module, self._compare = oracle, module, compare
        self._params = [p.name for p in oracle.circuit.params]
        self._sizes = oracle.layout.sizes
        self._drawn = 0  # batches of which some second partials were compared

    @property
    def names(self) -> list[str]:
        """The functions that the module has."""
        known = ("jvp", "jacobian", "residuals", "hessian", "hessp")
        return [name for name in known if hasattr(self._module, name)]

    def run(self, found: Sequence[tuple[PointBatch, Sequence[Truths]]]) -> str:
        """Compare at the first batches; a remark where some could not be compared."""
        left = []
        for batch, truths in found[:MOST_BATCHES]:
            params = batch.params(self._module)
            ravel = getattr(self._module, "ravel", None)  # beside jvp alone there may be none
            vector = None if ravel is None else ravel(params)
            given = _Given(batch, truths, params, batch.batch(self._module), vector)
            if "jacobian" in self.names:
                self._check_jacobian(given)
                self._check_jacobian(self._ends(given))
            if "jvp" in self.names:
                self._check_jvp(given)
            if "residuals" in self.names:
                self._check_residuals(given)
            if {"hessian", "hessp"} & {*self.names} and not self._check_second(given):
                left.append(batch)
        if len(left) == len(found[:MOST_BATCHES]):
            return "no point was found at which second derivatives have a truth"
        size = len(self._params)
        if size > MOST_COMPARED and {"hessian", "hessp"} & {*self.names}:
            return (
                f"second derivatives by {size} numbers: compared are {SAMPLE} rows and columns in "
                "each batch, drawn at random, and products with a random direction of all"
            )
        return ""

    # -- first derivatives ----------------------------------------------------------------------

    def _ends(self, given: _Given) -> _Given:
        """The first and last sample alone: an output with more entries takes another way."""
        batch = given.batch.with_points([*given.batch.points[:1], *given.batch.points[1:][-1:]])
        truths = [*given.truths[:1], *given.truths[1:][-1:]]
        return _Given(batch, truths, given.params, batch.batch(self._module), given.vector)

    def _check_jacobian(self, given: _Given) -> None:
        for matrix in self._whole("jacobian", given):
            found = zip(self._by_sample(matrix), self._rows(given), strict=True)
            for (row, truths), point in zip(found, given.batch.points, strict=False):
                row, place = self._weighted(row), given.batch.merged(point)
                for name, got in zip(self._params, row, strict=True):
                    key = f"∂{self._oracle.circuit.output.name}/∂{name}"
                    expected, where = self._doubled(truths[key]), Location(key, place)
                    self._compare("jacobian", got, expected, f"{key}, {given.at}", where, entry=key)

    def _whole(self, function: str, given: _Given) -> list[Any]:
        """A matrix as the module gives it; where it may be sparse, also as if it always were."""
        densest = (
            [{}] if not hasattr(self._module, "sparsity") else [{"DENSEST": d} for d in (0, 1)]
        )
        found = []
        for constants in densest:
            with with_constants(self._module, **constants):
                matrix = getattr(self._module, function)(given.vector, given.inputs, **self._sizes)
            found.append(matrix if isinstance(matrix, np.ndarray) else matrix.toarray())
        return found

    def _by_sample(self, rows: Any) -> Any:
        """The rows of each sample together, the axes of the output before the parameters'."""
        weights = self._oracle.layout.weights
        shape = () if weights is None else weights.shape
        return np.reshape(rows, (-1, *shape, rows.shape[-1]))

    def _weighted(self, rows: Any) -> Any:
        """The weighted sum over the entries of the output that the explicit circuit has."""
        weights = self._oracle.layout.weights
        if weights is None:
            return rows
        return np.tensordot(np.asarray(weights.tolist()), rows, weights.ndim)

    def _rows(self, given: _Given) -> Sequence[Truths]:
        """The truths by row of a Jacobian: the same for all where nothing varies by sample."""
        varies = self._oracle.per_sample_output or squared_targets(self._oracle.typed)
        return given.truths if varies else given.truths[:1]

    @staticmethod
    def _doubled(expected: Expected) -> Expected:
        """A Jacobian may be of the other mode than the partials whose rounding is known."""
        return Expected(expected.truth, expected.allowed * 2, expected.is_loose)

    def _check_jvp(self, given: _Given) -> None:
        """J·v along tangents of all parameters and inputs."""
        circuit, output = self._oracle.circuit, self._oracle.circuit.output
        shared = {n.name: (-1.5) ** (i % 4) for i, n in enumerate(circuit.params)}
        ones = {n.name: (-0.75) ** (i % 3) for i, n in enumerate(circuit.inputs)}
        layout = self._oracle.layout
        params_dot = layout.pack(self._module.Params, shared)
        inputs_dot = layout.pack_batch(self._module.Inputs, [ones] * len(given.truths))
        values = self._module.jvp(given.params, given.inputs, params_dot, inputs_dot)
        values = np.atleast_1d(layout.output(values))
        rows = given.truths if self._oracle.per_sample_output else given.truths[:1]
        for got, truths, point in zip(values, rows, given.batch.points, strict=False):
            merged = given.batch.merged(point)
            dots = {f"{n}": v for n, v in {**shared, **ones}.items()}
            radii = self._radii("jvp", merged, [dots])
            if radii is None:
                continue
            with precision(BITS):
                parts = [truths[f"∂{output.name}/∂{n}"].truth * v for n, v in dots.items()]
                expected = as_expected(sum(parts, arb(0)), radii[0][0])
            self._compare("jvp", got, expected, given.at)

    def _check_residuals(self, given: _Given) -> None:
        """f − y, whose sum over the entries is weighted as the output is."""
        targets = squared_targets(self._oracle.typed)
        assert targets, "residuals are of a squared loss"
        layout, output = self._oracle.layout, self._oracle.circuit.output.name
        found = self._module.residuals(given.vector, given.inputs, **self._sizes)
        shape = () if layout.weights is None else layout.weights.shape
        values = layout.output(np.reshape(found, (-1, *shape)))
        data = [np.asarray(getattr(given.inputs, y.name)) for y in targets]
        rows = data[0]
        if len(data) > 1:
            rows = np.concatenate([np.reshape(y, (len(given.truths), -1)) for y in data], axis=1)
        for got, y, truths in zip(values, layout.output(rows), given.truths, strict=True):
            with precision(BITS):
                f = truths[output]
                room = f.allowed + 4 * UNIT * (abs(f.truth) + abs(arb(float(y))))
                expected = Expected(f.truth - arb(float(y)), room + arb(SUBNORMAL))
            self._compare("residuals", got, expected, given.at)

    # -- second derivatives ---------------------------------------------------------------------

    def _check_second(self, given: _Given) -> bool:
        """The Hessian entry by entry and its products; False where a sample has no truth."""
        if len(self._params) > MOST_COMPARED:
            return self._check_some(given)
        size = len(self._params)
        varies = self._oracle.per_sample_objective
        points = given.batch.points if varies else given.batch.points[:1]
        columns = [self._second_truths(given.batch.merged(point)) for point in points]
        known = [c for c in columns if c is not None]
        if len(known) < len(columns):
            return False
        share = 1.0 / len(known)
        mean = [
            [total([c[i][j] for c in known]).scaled(share) for j in range(size)]
            for i in range(size)
        ]
        if "hessian" in self.names:
            for found in self._whole("hessian", given):
                self._compare_matrix("hessian", found, mean, given.at)
        if "hessp" in self.names:
            products = [
                self._module.hessp(given.vector, v, given.inputs, **self._sizes)
                for v in np.eye(size)
            ]
            self._compare_matrix("hessp", np.array(products).T, mean, given.at)
        return True

    def _check_some(self, given: _Given) -> bool:
        """The same for some rows and columns, and products with a direction of all parameters."""
        rng = np.random.default_rng([len(self._params), self._drawn])
        self._drawn += 1
        chosen = sorted(rng.choice(len(self._params), SAMPLE, replace=False).tolist())
        v = rng.integers(-8, 9, len(self._params)) / 8.0
        names = [self._params[i] for i in chosen]
        along: dict[str, Mapping[str, float]] = {n: {n: 1.0} for n in names}
        along[ALONG] = dict(zip(self._params, v.tolist(), strict=True))
        points = given.batch.points if self._oracle.per_sample_objective else given.batch.points[:1]
        merged = [given.batch.merged(point) for point in points]
        reference = self._second.along(along)
        truths = [t for t in map(reference.at, merged) if t is not None]
        by_point = [self._radii("hessp", point, [*along.values()]) for point in merged]
        known = [radii for radii in by_point if radii is not None]
        if len(truths) < len(merged) or len(known) < len(merged):
            return False
        radii = {column: [of[i] for of in known] for i, column in enumerate(along)}

        def mean(column: str, i: int) -> Expected:
            row, parts = self._params[i], []
            for truth, allowed in zip(truths, radii[column], strict=True):
                pair = (column, row) if (column, row) in truth else (row, column)
                parts.append(as_expected(truth[pair], allowed[i]))
            return total(parts).scaled(1.0 / len(parts))

        self._compare_some(given, chosen, v, mean)
        return True

    def _compare_some(
        self, given: _Given, chosen: Sequence[int], v: Any, mean: Callable[[str, int], Expected]
    ) -> None:
        of = f"∂²{self._oracle.circuit.objective.name}"
        names = {i: self._params[i] for i in chosen}
        if "hessian" in self.names:
            for found, i, j in product(self._whole("hessian", given), chosen, chosen):
                expected = _looser(mean(names[j], i), mean(names[i], j))
                entry = f"{of}/∂{names[i]}∂{names[j]}"
                at = f"{entry}, {given.at}"
                self._compare("hessian", found[i, j], expected, at, entry=entry)
        if "hessp" in self.names:
            products = self._module.hessp(given.vector, v, given.inputs, **self._sizes)
            for i in chosen:
                at = f"{of}/∂{names[i]} along a direction, {given.at}"
                self._compare("hessp", products[i], mean(ALONG, i), at)

    def _compare_matrix(
        self, quantity: str, found: Any, expected: Sequence[Sequence[Expected]], at: str
    ) -> None:
        for i, row in enumerate(self._params):
            for j, column in enumerate(self._params):
                of = f"∂²{self._oracle.circuit.objective.name}/∂{row}∂{column}"
                self._compare(quantity, found[i, j], expected[i][j], f"{of}, {at}", entry=of)

    def _second_truths(self, point: Point) -> list[list[Expected]] | None:
        """The second partials at one point, with what rounding may do to each."""
        truths = self._second.at(point)
        if truths is None:
            return None
        size = len(self._params)
        found: list[list[Any]] = [[None] * size for _ in range(size)]
        radii = self._radii("hessp", point, [{column: 1.0} for column in self._params])
        if radii is None:
            return None
        for (j, column), allowed in zip(enumerate(self._params), radii, strict=True):
            for i, row in enumerate(self._params):
                pair = (row, column) if i <= j else (column, row)
                found[i][j] = as_expected(truths[pair], allowed[i])
        # code has the entries of one triangle only, those of a row or those of a column
        return [[_looser(found[i][j], found[j][i]) for j in range(size)] for i in range(size)]

    @cached_property
    def _second(self) -> SecondReference:
        circuit = self._oracle.circuit
        return SecondReference(circuit, circuit.objective.name, self._params)

    # -- what rounding may do -------------------------------------------------------------------

    @cached_property
    def _lowered(self) -> Lowered:
        """The products of the explicit circuit of the oracle."""
        has_hessian = {"hessian", "hessp"} & {*self.names}
        asked = [*(["jvp"] if "jvp" in self.names else []), *(["hessp"] if has_hessian else [])]
        return lower(self._oracle.lowered.circuit, asked)

    def _radii(
        self, name: str, point: Point, directions: Sequence[Mapping[str, float]]
    ) -> list[list[arb]] | None:
        """The radii of a function's results along each direction; None where there is no float64.

        What no tangent moves is enclosed once for all directions.
        """
        program: Program = self._lowered.program(name)
        still = self._still(program)
        unlimited = {line.target for line in program.lines if self._is_unlimited(line.target)}
        found: list[list[arb]] = []
        enclosed: dict[Symbol, arb] = {}
        try:
            with precision(BITS):
                for dots in directions:
                    known = dict(self._arguments(program, point, dots))
                    factorised = self._oracle.factorised
                    balls = enclosures(program, known, unlimited, factorised, enclosed=enclosed)
                    enclosed = {s: balls[s] for s in still}
                    lost = self._cancelled(balls) if name == "hessp" else arb(0)
                    found.append([arb(balls[result].rad()) + lost for result in program.results])
        except (OutOfRange, ArithmeticError):
            return None
        return found

    def _still(self, program: Program) -> list[Symbol]:
        """The lines of a program that no tangent moves."""
        moved = {self._lowered.names.tangent(n.name) for n in self._oracle.circuit.leaves}
        for line in program.lines:
            if not moved.isdisjoint(line.reads):
                moved.add(line.target)
        return [line.target for line in program.lines if line.target not in moved]

    def _cancelled(self, balls: Mapping[Symbol, arb]) -> arb:
        """What second partials through an inverse may keep of products that cancel, as those of a
        determinant do: the gradient times the inverse, in units in the last place.
        """
        names, lost = self._lowered.names, 0.0
        bars = [balls.get(names.adjoint(name)) for name in self._params]
        largest = max((abs(nearest_float(bar)) for bar in bars if bar is not None), default=0.0)
        for rows in self._oracle.factorised:
            matrix = np.array([[nearest_float(balls[s]) for s in row] for row in rows])
            lost += float(np.linalg.norm(np.linalg.pinv(matrix)))
        return STEPS * UNIT * arb(largest * lost)

    def _is_unlimited(self, line: Symbol) -> bool:
        return line in self._oracle.unlimited or any(
            line.name.startswith(s.name) for s in self._oracle.unlimited
        )

    def _arguments(
        self, program: Program, point: Point, dots: Mapping[str, float]
    ) -> Iterator[tuple[Symbol, float]]:
        by_dot = {self._lowered.names.tangent(n): n for n in point}
        for symbol in program.arguments:
            if symbol in by_dot:
                yield symbol, dots.get(by_dot[symbol], 0.0)
            else:
                yield symbol, point[symbol.name]


def left_out(circuit: Circuit, module: ModuleType) -> str:
    """What second derivatives are not compared at, as they follow conventions there."""
    if not {"hessp", "hessian"} & {*dir(module)} or not has_loops(circuit):
        return ""
    if not lower(circuit, ["hessp"], keep_loops=True).has_conventions:
        return ""
    return "second derivatives at kinks in the turns of a loop, which are those of conventions"


def as_expected(truth: arb, radius: arb) -> Expected:
    """The truth with that radius, and at least the half ULP of the last rounding."""
    with precision(BITS):
        return Expected(truth, radius + arb(truth.rad()) + UNIT * abs(truth) + arb(SUBNORMAL))


def _looser(one: Expected, other: Expected) -> Expected:
    return one if one.allowed > other.allowed else other


__all__ = ["Compare", "DerivativeCheck", "as_expected", "left_out"]
