"""Angles of the joints that bring the hand to points of a circle, by Newton's method."""

from pathlib import Path

import numpy as np

import symback as sb

FOLDER = Path(__file__).parent
module = sb.circuit((FOLDER / "arm.circuit").read_text(encoding="utf-8")).compile(
    functions=("jacobian", "bind")
)
arm = module.bind(module.Inputs(upper=1.0, lower=0.7))


def angles(target, q):
    """The angles near q at which the hand is at the target, and the steps that it took."""
    for step in range(20):
        away = target - arm.output(q)
        if np.linalg.norm(away) < 1e-12:
            return q, step
        q = q + np.linalg.solve(arm.jacobian(q), away)
    raise ArithmeticError(f"the hand does not reach {target}")


q = np.array([0.2, 1.5])
for degrees in range(0, 360, 45):
    angle = np.radians(degrees)
    target = np.array([0.8, 0.4]) + 0.3 * np.array([np.cos(angle), np.sin(angle)])
    q, steps = angles(target, q)
    area = np.linalg.det(arm.jacobian(q))
    print(f"{degrees:3d}°  q = {q[0]:8.5f} {q[1]:8.5f}  det J = {area:.5f}  {steps} steps")
