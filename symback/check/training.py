"""Training of a module beside the truth: every step from where the module itself was."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from flint import arb

from symback.operations.balls.scalars import nearest_float, precision
from symback.truth.oracle import BITS, Expected, Oracle, total
from symback.truth.points import PointBatch
from symback.truth.rounding import SUBNORMAL, UNIT

TRAINED = 2  # batches on which training is checked


class TrainingCheck:
    """Every step of sgd against θ - η_t ∇E(θ_t), on batches that do not divide the samples, and
    on one sample at a time.
    """

    def __init__(self, oracle: Oracle, module: ModuleType, compare: Callable[..., None]) -> None:
        self._oracle = oracle
        self._circuit = oracle.circuit
        self._layout = oracle.layout
        self._module = module
        self._compare = compare

    def run(self, found: Sequence[tuple[PointBatch, Sequence[dict[str, Expected]]]]) -> bool:
        """Trains on some batches; False where no step stays inside the domain."""
        trained = 0
        for batch, truths in found:
            if trained < TRAINED and len(batch.points) >= 3:
                trained += self._train(batch, truths, 1 if trained else len(batch.points) - 1)
        return trained > 0 or any(self._train(batch, truths, 2) for batch, truths in found)

    def _train(self, batch: PointBatch, truths: Sequence[dict[str, Expected]], size: int) -> bool:
        """Two epochs by batches of a size; False where a step leaves the domain or the floats."""
        module, n = self._module, len(batch.points)
        slopes = [self._slope(truth) for truth in truths]
        # the steepest first: it moves the parameters, and the last may be a batch by itself
        order = sorted(range(n), key=lambda i: -slopes[i])
        batch, slope = batch.with_points([batch.points[i] for i in order]), max(slopes)
        start = batch.params(module)
        smallest = min((abs(v) for v in batch.shared.values() if v), default=1.0)
        base = min(0.01 * smallest / max(slope, 1e-300), 1e300)  # a module refuses an infinite rate
        rate: Callable[[int], float] = lambda t: base / (1 + t)  # noqa: E731
        seen: list[tuple[int, float, Any]] = []
        inputs = batch.batch(module)
        result, losses = module.sgd(
            start,
            inputs,
            learning_rate=rate,
            epochs=2,
            batch_size=size,
            callback=lambda t, loss, params: seen.append((t, loss, params)),
        )
        per_sample = self._oracle.per_sample_objective
        starts = range(0, n, size)
        batches = [list(range(i, min(i + size, n))) for i in starts] if per_sample else [[0]]
        steps = [*batches, *batches]
        if (
            len(seen) != len(steps)
            or len(losses) != len(steps)
            or self._layout.unpack(result) != self._layout.unpack(seen[-1][2])
        ):
            raise ValueError(f"sgd made {len(seen)} steps, expected {len(steps)}")
        before = start
        for t, rows in enumerate(steps):
            expected = self._step_truth(batch, before, rows)
            if expected is None:
                return False
            if not self._compare_step(batch, before, seen[t], expected, rate(t), t):
                return False
            if float(losses[t]) != seen[t][1] or seen[t][0] != t:
                raise ValueError(f"sgd's callback and losses disagree at step {t}")
            before = seen[t][2]
        return True

    def _slope(self, truth: dict[str, Expected]) -> float:
        """The largest partial of the objective by a parameter, and what rounding adds."""
        objective = self._circuit.objective.name
        keys = [f"∂{objective}./∂{p.name}" for p in self._circuit.params]
        return max(
            abs(nearest_float(truth[key].truth)) + nearest_float(truth[key].allowed) for key in keys
        )

    def _step_truth(
        self, batch: PointBatch, params: Any, rows: Sequence[int]
    ) -> list[dict[str, Expected]] | None:
        found = []
        for i in rows:
            point = {**batch.merged(batch.points[i]), **self._layout.unpack(params)}
            expected = self._oracle.expected(point)
            if expected is None:
                return None
            found.append(expected)
        return found

    def _compare_step(
        self,
        batch: PointBatch,
        before: Any,
        step: tuple[int, float, Any],
        rows: Sequence[dict[str, Expected]],
        rate: float,
        t: int,
    ) -> bool:
        """False where a step leaves the floats: nothing is to be compared then."""
        objective = self._circuit.objective.name
        at = f"step {t} from {batch.describe(batch.points[0])}"
        share = 1.0 / len(rows)
        loss = total([r[f"{objective}."] for r in rows]).scaled(share)
        moves: dict[str, Expected] = {}
        for leaf in self._circuit.params:
            old = float(self._layout.entry(before, leaf.name))
            moved = total([r[f"∂{objective}./∂{leaf.name}"] for r in rows]).scaled(-rate * share)
            with precision(BITS):
                truth = arb(old) + moved.truth
                room = moved.allowed + 8 * UNIT * (abs(moved.truth) + abs(arb(old)))
                moves[leaf.name] = Expected(truth, room + arb(SUBNORMAL))
                if not math.isfinite(nearest_float(abs(truth) + room)):
                    return False
        self._compare("sgd loss", step[1], loss, at)
        for name, expected in moves.items():
            self._compare("sgd", self._layout.entry(step[2], name), expected, at)
        return True


__all__ = ["TrainingCheck"]
