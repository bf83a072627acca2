"""Bundle adjustment: reprojection errors, and their sparse Jacobian."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tools.gradbench.work import Work, compiled

CIRCUIT = """
cam: input[11]; X: input[3]; w: input; seen: input[2]
r1 = cam[0]; r2 = cam[1]; r3 = cam[2]
square = r1**2 + r2**2 + r3**2
angle = sqrt(square)
c = cos(angle); s = sin(angle)
n1 = r1/angle; n2 = r2/angle; n3 = r3/angle
p1 = X[0] - cam[3]; p2 = X[1] - cam[4]; p3 = X[2] - cam[5]
along = (1 - c)*(n1*p1 + n2*p2 + n3*p3)
q1 = where(square > 0, p1*c + (n2*p3 - n3*p2)*s + n1*along, p1 + r2*p3 - r3*p2)
q2 = where(square > 0, p2*c + (n3*p1 - n1*p3)*s + n2*along, p2 + r3*p1 - r1*p3)
q3 = where(square > 0, p3*c + (n1*p2 - n2*p1)*s + n3*along, p3 + r1*p2 - r2*p1)
u1 = q1/q3; u2 = q2/q3
far = u1**2 + u2**2
scale = cam[6]*(1 + cam[9]*far + cam[10]*far**2)
e: output = [w*(u1*scale + cam[7] - seen[0]), w*(u2*scale + cam[8] - seen[1])]
loss: none
"""
"""A camera: angle times axis (3), centre (3), focal length, principal point (2), distortion (2).

Computed as typed: the formulas are those of the other tools.
"""
WEIGHT = "w: input\ne: output = 1 - w**2\nloss: none"


class Problem(NamedTuple):
    """Cameras and points, and which of them each observation is of."""

    cameras: Any
    points: Any
    weights: Any
    seen: Any
    camera: Any
    point: Any

    def inputs(self, m: Any) -> Any:
        """A row for each observation."""
        cameras, points = (
            self.cameras.take(self.camera, axis=0),
            self.points.take(self.point, axis=0),
        )
        return m.Inputs(cameras, points, self.weights, self.seen)


def problem(given: dict[str, Any]) -> Problem:
    """One camera, point and observation, repeated as often as the eval says."""
    n, m, p = (given[name] for name in "nmp")
    each = np.arange(p, dtype=np.int32)
    return Problem(
        np.tile(given["cam"], (n, 1)),
        np.tile(given["x"], (m, 1)),
        np.full(p, given["w"]),
        np.tile(given["feat"], (p, 1)),
        each % n,
        each % m,
    )


def objective(given: dict[str, Any], target: str) -> Work:
    """The errors of all observations, and those of their weights."""
    m, of_weight = _modules(target)
    of = problem(given)

    def run() -> Any:
        errors = m.forward(m.Params(), of.inputs(m))[0]
        return errors, of_weight.forward(of_weight.Params(), of_weight.Inputs(of.weights))[0]

    return Work(run, _read_errors)


def _modules(target: str) -> list[Any]:
    return [compiled(text, target, ("per_sample",), stable=False) for text in (CIRCUIT, WEIGHT)]


def _read_errors(found: Any) -> dict[str, Any]:
    errors, of_weights = found
    return {
        "reproj_error": {"elements": errors[0].tolist(), "repeated": len(errors)},
        "w_err": {"element": float(of_weights[0]), "repeated": len(of_weights)},
    }


def jacobian(given: dict[str, Any], target: str) -> Work:
    """The Jacobian by all cameras, points and weights: rows, columns and values."""
    m, of_weight = _modules(target)
    of = problem(given)

    def run() -> Any:
        blocks = m.per_sample(m.Params(), of.inputs(m), of="e", wrt=("cam", "X", "w"))
        weights = of_weight.Inputs(of.weights)
        ends = of_weight.per_sample(of_weight.Params(), weights, of="e", wrt="w")
        return *pattern(of), np.concatenate([blocks.ravel(), ends.ravel()])

    return Work(run, _read_matrix)


def pattern(of: Problem) -> tuple[Any, Any]:
    """Where rows begin, and each value's column: two rows of 15 an observation, then weights."""
    n, m, p = len(of.cameras), len(of.points), len(of.weights)
    rows = np.concatenate([np.arange(0, 30 * p, 15), np.arange(30 * p, 31 * p + 1)])
    place = np.arange(11 * n + 3 * m + p, dtype=np.int32)
    of_cameras, of_points, of_weights = np.split(place, [11 * n, 11 * n + 3 * m])
    parts = (
        of_cameras.reshape(n, 11).take(of.camera, axis=0),
        of_points.reshape(m, 3).take(of.point, axis=0),
        of_weights[:, None],
    )
    each = np.repeat(np.concatenate(parts, axis=1), 2, axis=0)
    columns = np.concatenate([each.ravel(), of_weights])
    return rows, columns


def _read_matrix(found: Any) -> dict[str, Any]:
    """The first 30 of each and the last, as the eval asks."""
    parts = zip(("rows", "cols", "vals"), found, strict=True)
    return {name: [*part[:30].tolist(), part[-1].item()] for name, part in parts}
