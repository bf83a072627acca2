"""The comparison of a module with the truth: one row for each value and partial.

Sample by sample and as a batch, whole and in blocks, step by step of training; at points of many
magnitudes, at kinks, and on the edges of the formulas.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
from flint import arb

from symback.check.floats import SMALLEST_NORMAL, ulp_of, without_subnormals
from symback.check.report import CheckRow, Location, Report
from symback.check.training import TrainingCheck
from symback.circuits.circuit import Node
from symback.circuits.requirements import stated_in
from symback.codegen.functions import ON_REQUEST
from symback.errors import clip
from symback.operations.balls.scalars import nearest_float, precision
from symback.truth.explicit import WEIGHTS
from symback.truth.oracle import BITS, Expected, Oracle, total
from symback.truth.packing import with_constants
from symback.truth.points import Point, PointBatch

SLACK = 2.0  # optimised code may round in another order than the program that bounds it
ARRAY_SLACK = 8.0  # arrays are computed by other formulas than entries are: shifted, factorised


def compared(oracle: Oracle, module: ModuleType, points: int, seed: int, name: str) -> Report:
    """The report of a comparison, without a word on digits."""
    checker = _Checker(oracle, module)
    count = checker.run(points, seed)
    rows, remarks = tuple(checker.rows.values()), tuple(checker.remarks)
    legend = ""
    if oracle.typed.output.shape:
        rows, legend = _in_words_of_the_reader(oracle, rows)
    skipped = oracle.skipped(points, seed)
    return Report(name, rows, count, seed, remarks, asked=points, skipped=skipped, legend=legend)


def _in_words_of_the_reader(
    oracle: Oracle, rows: Sequence[CheckRow]
) -> tuple[tuple[CheckRow, ...], str]:
    """The rows with w·f for the sum that stands for an array f, and a legend that says so."""
    name, output = oracle.circuit.output.name, oracle.typed.output.name
    shown = f"w·{output}"
    found = []
    for row in rows:
        quantity = shown if row.quantity == name else row.quantity
        quantity = re.sub(f"^(∂?(mean )?){re.escape(name)}(?=/|$)", rf"\1({shown})", quantity)
        found.append(replace(row, quantity=quantity))
    weights = ", ".join(f"{weight:g}" for weight in WEIGHTS)
    return tuple(found), f"{shown}: the sum of the entries of {output}, times {weights} in turn"


class _Checker:
    def __init__(self, oracle: Oracle, module: ModuleType) -> None:
        self._oracle = oracle
        self._circuit = oracle.circuit
        self._layout = oracle.layout
        self._slack = ARRAY_SLACK if oracle.layout.has_arrays else SLACK
        self._module = module
        self._flushes = not getattr(module, "SUBNORMALS", True)
        self.rows: dict[str, CheckRow] = {}
        self.remarks: list[str] = []

    def run(self, points: int, seed: int) -> int:
        with self._layout.fitted(self._module):
            done = self._run(points, seed)
        if self._layout.has_arrays and all(row.passed for row in self.rows.values()):
            self._guarded("large sizes", self._check_large, seed)
            if hasattr(self._module, "sparsity"):
                self._guarded("sparse results", self._check_sparse, seed)
        return done

    def _run(self, points: int, seed: int) -> int:
        done = 0
        found = self._oracle.point_batches(points, seed)
        if self._flushes:
            found, done, remark = without_subnormals(found)
            self.remarks += remark
        for batch, truths in found:
            for point, expected in zip(batch.points, truths, strict=True):
                self._guarded("one sample", self._check_sample, batch, point, expected)
                done += 1
            self._guarded("a batch", self._check_batch, batch, truths)
            self._guarded("blocks", self._check_blocks, batch, truths)
        if done < points:
            self.remarks.append(
                f"only {done} of {points} points inside the domain and the range of float64 found"
            )
        inside = [pair for pair in found if not pair[0].at_edge]
        self._guarded("training", self._check_training, inside)
        self._guarded("vectors", self._check_vectors, found)
        self._guarded("derivatives", self._check_derivatives, inside)
        return done

    def _guarded(self, what: str, check: Callable[..., None], *args: Any) -> None:
        """An exception of the module under test is a finding, not an error of the check."""
        try:
            with np.errstate(all="ignore"):
                check(*args)
        except (
            ArithmeticError,
            LookupError,
            TypeError,
            ValueError,
            AttributeError,
            NameError,
        ) as error:
            row = self._row(f"call with {what}")
            row.points += 1
            row.worst_share = math.inf
            row.at = f"{type(error).__name__}: {clip(str(error), 100)}"

    # -- comparison -------------------------------------------------------------------------

    def _row(self, quantity: str) -> CheckRow:
        return self.rows.setdefault(quantity, CheckRow(quantity))

    def _compare(
        self,
        quantity: str,
        got: Any,
        expected: Expected,
        at: str,
        where: Location | None = None,
        *,
        entry: str = "",
    ) -> None:
        """Enter the error of one number; anything that is not one finite float is wrong.

        Of a matrix the number is an `entry`.
        """
        row = self._row(quantity)
        row.points += 1
        number = np.asarray(got)
        if expected.truth.is_nan():
            if not (number.shape == () and number.dtype == np.float64 and np.isnan(number)):
                row.worst_share = math.inf
                row.at = f"{at}: {clip(repr(got), 40)}, where a number that is read is NaN"
            return
        if number.shape != () or number.dtype != np.float64 or not np.isfinite(number):
            if row.worst_share < math.inf:
                row.at = f"{at}: {clip(repr(got), 40)} is not a finite float64 number"
            row.worst_share, row.worst_ulp = math.inf, math.inf
            return
        with precision(BITS):
            error = abs(arb(float(number)) - expected.truth)
            if number == 0 and self._flushes and error < SMALLEST_NORMAL:
                return
            share = nearest_float((error / (expected.allowed * self._slack)).mid())
            ulp = nearest_float((error / ulp_of(expected.truth)).mid())
        if entry and not expected.is_loose:
            row.entries[entry] = max(ulp, row.entries.get(entry, 0.0))
        if not expected.is_loose and (ulp > row.worst_ulp or not row.worst):
            row.worst_ulp, row.worst = max(ulp, row.worst_ulp), where
        if share > row.worst_share or not row.at:
            row.worst_share, row.at = max(share, row.worst_share), at

    def _check_sample(self, batch: PointBatch, point: Point, expected: dict[str, Expected]) -> None:
        """forward, backward and value_and_grad without a batch axis."""
        module, output, objective = self._module, self._circuit.output, self._circuit.objective
        params, inputs = batch.params(module), batch.inputs(module, point)
        at, merged = batch.describe(point), batch.merged(point)

        lost: list[str] = []

        def compare(quantity: str, key: str, got: Any) -> None:
            if key in expected or not batch.at_edge:
                passed = quantity not in self.rows or self.rows[quantity].worst_share < math.inf
                self._compare(quantity, got, expected[key], at, Location(key, merged))
                if passed and self.rows[quantity].worst_share == math.inf:
                    lost.append(quantity)

        value, cache = module.forward(params, inputs)
        compare(output.name, output.name, self._layout.output(value))
        param_bars, input_bars = module.backward(params, inputs, cache, self._layout.seed(1.0))
        for leaf in (*self._circuit.params, *self._moved):
            bars = param_bars if leaf.role == "param" else input_bars
            key = f"∂{output.name}/∂{leaf.name}"
            compare(key, key, self._layout.entry(bars, leaf.name))
        if self._has_objective:
            mean, grad = module.value_and_grad(params, inputs)
            label = self._label()
            compare(label, f"{objective.name}.", mean)
            for leaf in self._circuit.params:
                got = self._layout.entry(grad, leaf.name)
                compare(f"∂{label}/∂{leaf.name}", f"∂{objective.name}./∂{leaf.name}", got)
        if lost:
            self._name_line(lost, batch, point)

    @property
    def _moved(self) -> list[Node]:
        """The inputs but for indices, by which nothing is differentiated."""
        fixed = self._layout.classes
        return [n for n in self._circuit.inputs if self._layout.array_of(n.name) not in fixed]

    def _name_line(self, lost: Sequence[str], batch: PointBatch, point: Point) -> None:
        """Add to what is wrong the line of the module at which numbers are lost."""

        from symback.check.first_lost import first_lost  # few modules lose numbers

        def again(module: ModuleType) -> None:
            params, inputs = batch.params(module), batch.inputs(module, point)
            _, cache = module.forward(params, inputs)
            module.backward(params, inputs, cache, self._layout.seed(1.0))
            if self._has_objective:
                module.value_and_grad(params, inputs)

        of_adjoint = all(quantity.startswith("∂") for quantity in lost)
        line = first_lost(self._module, again, of_adjoint, self._layout.fitted)
        for quantity in lost if line else ():
            self.rows[quantity].at += f", from {line}"

    def _label(self) -> str:
        """What value_and_grad computes, distinguished from the output where there is no loss."""
        objective = self._circuit.objective
        return objective.name if self._circuit.loss else f"mean {objective.name}"

    def _check_batch(self, batch: PointBatch, truths: Sequence[dict[str, Expected]]) -> None:
        """The same with a batch axis and an adjoint of the output that differs by sample."""
        module, circuit = self._module, self._circuit
        n = len(batch.points)
        params, inputs = batch.params(module), batch.batch(module)
        at = f"batch of {n} at {batch.describe(batch.points[0])}, …"
        values, cache = module.forward(params, inputs)
        per_sample = self._oracle.per_sample_output
        seeds: Any = np.array([(-2.0) ** (i % 3) for i in range(n)]) if per_sample else 1.0
        values = self._layout.output(values)
        bars = self._layout.seed(seeds)
        param_bars, input_bars = module.backward(params, inputs, cache, bars)
        weights: Any = seeds if per_sample else np.ones(1)
        rows = truths if per_sample else truths[:1]
        self._compare_each("batch forward", np.atleast_1d(values), rows, circuit.output.name, at)
        for leaf in circuit.params:
            key = f"∂{circuit.output.name}/∂{leaf.name}"
            if not _known(key, rows):
                continue
            parts = [t[key].scaled(float(w)) for t, w in zip(rows, weights, strict=True)]
            got = self._layout.entry(param_bars, leaf.name)
            self._compare("batch backward", got, total(parts), at)
        for leaf in self._moved:
            key = f"∂{circuit.output.name}/∂{leaf.name}"
            scaled = [
                {key: t[key].scaled(float(w))} if key in t else {}
                for t, w in zip(rows, weights, strict=True)
            ]
            bars = np.atleast_1d(self._layout.entry(input_bars, leaf.name))
            scaled *= 1 if per_sample else len(bars)  # 0 for each sample, of which a size is read
            self._compare_each("batch backward", bars, scaled, key, at)
        if not self._has_objective:
            return
        mean, grad = module.value_and_grad(params, inputs)
        rows = truths if self._oracle.per_sample_objective else truths[:1]
        self._compare_mean("batch value_and_grad", mean, grad, rows, at)

    def _check_blocks(self, batch: PointBatch, truths: Sequence[dict[str, Expected]]) -> None:
        """value_and_grad where the samples are more than one block holds."""
        per_sample = self._has_objective and self._oracle.per_sample_objective
        if len(batch.points) < 3 or not per_sample:
            return
        module = self._module
        with with_constants(module, BLOCK_ROWS=2):
            mean, grad = module.value_and_grad(batch.params(module), batch.batch(module))
        at = f"blocks of 2 at {batch.describe(batch.points[0])}, …"
        self._compare_mean("blocks of a batch", mean, grad, truths, at)

    def _compare_each(
        self,
        quantity: str,
        got: Any,
        expected: Sequence[dict[str, Expected]],
        key: str,
        at: str,
    ) -> None:
        if len(got) != len(expected):
            raise ValueError(f"{quantity} gives {len(got)} values for {len(expected)} samples")
        for value, truth in zip(got, expected, strict=True):
            if key in truth:
                self._compare(quantity, value, truth[key], at)

    def _compare_mean(
        self, quantity: str, mean: Any, grad: Any, rows: Sequence[dict[str, Expected]], at: str
    ) -> None:
        share = 1.0 / len(rows)
        objective = self._circuit.objective.name
        if _known(f"{objective}.", rows):
            totals = total([r[f"{objective}."] for r in rows]).scaled(share)
            self._compare(quantity, mean, totals, at)
        for leaf in self._circuit.params:
            key = f"∂{objective}./∂{leaf.name}"
            if not _known(key, rows):
                continue
            mean_partial = total([r[key] for r in rows]).scaled(share)
            self._compare(quantity, self._layout.entry(grad, leaf.name), mean_partial, at)

    # -- what a module has beside values and gradients ---------------------------------------

    def _check_training(self, inside: Sequence[tuple[PointBatch, Any]]) -> None:
        if self._circuit.params and self._has_objective and hasattr(self._module, "sgd"):
            check = TrainingCheck(self._oracle, self._module, self._compare)
            if not check.run(inside):
                self._row("sgd").worst_share = math.inf
                self._row("sgd").at = "no point at which a step stays inside the domain"

    def _check_vectors(self, found: Sequence[tuple[PointBatch, Any]]) -> None:
        """ravel and unravel are inverse; objective is value_and_grad; initial values hold."""
        module, layout = self._module, self._layout
        for batch, _ in found[:1]:
            if not self._has_objective:
                break
            params, inputs = batch.params(module), batch.batch(module)
            vector = module.ravel(params)
            if [float(v) for v in vector] != list(layout.unpack(params).values()):
                raise ValueError("ravel gives another order or other numbers than Params")
            if layout.unpack(module.unravel(vector, **layout.sizes)) != layout.unpack(params):
                raise ValueError("unravel(ravel(params)) differs from params")
            value, grad = module.value_and_grad(params, inputs)
            again, flat = module.objective(vector, inputs, **layout.sizes)
            same = list(layout.unpack(grad).values()) == [float(g) for g in flat]
            if again != value or not same:
                raise ValueError("objective differs from value_and_grad")
        sizes = inspect.signature(module.init_params).parameters.keys() & layout.sizes.keys()
        initial = module.init_params(**{name: layout.sizes[name] for name in sizes})
        for leaf in self._circuit.params:
            got = float(layout.entry(initial, leaf.name))
            if leaf.initial is not None and got != leaf.initial:
                raise ValueError(f"init_params gives {leaf.name} another value than the circuit")

    def _check_derivatives(self, inside: Sequence[tuple[PointBatch, Any]]) -> None:
        """The functions that the module has on request, such as a Hessian."""
        if not any(hasattr(self._module, name) for name in ON_REQUEST):
            return
        from symback.check.derivatives import DerivativeCheck  # most modules have none

        check = DerivativeCheck(self._oracle, self._module, self._compare)
        if check.names:
            self.remarks += filter(None, [check.run(inside)])
        if hasattr(self._module, "covariance"):
            from symback.check.covariance import CovarianceCheck

            errors = CovarianceCheck(self._oracle, self._module, self._compare)
            self.remarks += filter(None, [errors.run([batch for batch, _ in inside])])
        if hasattr(self._module, "per_sample"):
            from symback.check.per_sample import PerSampleCheck

            partials = PerSampleCheck(self._oracle, self._module, self._compare)
            self.remarks += filter(None, [partials.run([batch for batch, _ in inside])])

    def _check_large(self, seed: int) -> None:
        """Where no truth is known entry by entry: the adjoints along directions."""
        from symback.check.directional import compare_at_large_sizes  # of arrays alone

        if stated_in(self._oracle.typed):
            self.remarks.append(
                "differences don't judge a derivative that is stated: none were made"
            )
            return
        at, found = compare_at_large_sizes(self._oracle.kept, self._module, seed)
        decided = [f for f in found if f.sharp or f.share > 1]
        if not decided:
            self.remarks.append("no point at large sizes found where differences decide the slope")
            return
        worst = max(decided, key=lambda f: f.share)
        row = self._row("adjoint at large sizes")
        row.points, row.worst_share, row.worst_ulp = len(decided), worst.share, math.nan
        row.at = f"{worst.what}, {at}"

    def _check_sparse(self, seed: int) -> None:
        """Sparse results at large sizes, beside those that are made column by column."""
        from symback.check.directional import sparse_findings  # few modules have some

        for finding in sparse_findings(self._oracle.typed, self._module, seed):
            row = self._row(f"sparse {finding.what}")
            row.points, row.worst_share, row.worst_ulp = 1, finding.share, math.nan
            row.at = "large sizes"

    @property
    def _has_objective(self) -> bool:
        """Whether the module trains: not where its output is an array and no loss is declared."""
        return not self._oracle.typed.objective.shape


def _known(key: str, rows: Sequence[dict[str, Expected]]) -> bool:
    """Whether a quantity has a truth in all samples; at an edge it may lack one."""
    return all(key in row for row in rows)


__all__ = ["compared"]
