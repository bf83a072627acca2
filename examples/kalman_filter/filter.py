"""An extended Kalman filter for a pendulum, whose two Jacobians come from circuits."""

from pathlib import Path

import numpy as np

import symback as sb

FOLDER = Path(__file__).parent
DT, STEPS = 0.01, 500
Q = 0.01 * np.array([[DT**3 / 3, DT**2 / 2], [DT**2 / 2, DT]])  # of a noisy acceleration
R = np.array([[0.1]])


def bound(file, **inputs):
    """The functions of the state that a circuit gives, at its inputs."""
    circuit = sb.circuit((FOLDER / file).read_text(encoding="utf-8"))
    module = circuit.compile(functions=("jacobian", "bind"))
    return module.bind(module.Inputs(**inputs))


motion, sight = bound("motion.circuit", dt=DT), bound("sight.circuit")


def filtered(measured, x, P):
    """The means of the state after each measurement (Särkkä 2013, algorithm 5.4)."""
    for z in measured:
        F = motion.jacobian(x)
        x, P = motion.output(x), F @ P @ F.T + Q
        H = sight.jacobian(x)
        S = H @ P @ H.T + R
        K = P @ H.T @ np.linalg.inv(S)
        x, P = x + K @ (z - sight.output(x)), P - K @ S @ K.T
        yield x


rng = np.random.default_rng(0)
truth, state = [], np.array([1.5, 0.0])
for _ in range(STEPS):
    state = motion.output(state) + np.linalg.cholesky(Q) @ rng.normal(size=2)
    truth.append(state)
truth = np.array(truth)
measured = np.sin(truth[:, :1]) + np.sqrt(R) * rng.normal(size=(STEPS, 1))
found = np.array(list(filtered(measured, np.array([1.0, 0.0]), 0.5 * np.eye(2))))


def rms(error):
    return np.sqrt(np.mean(error**2))


alone = np.arcsin(np.clip(measured[:, 0], -1, 1))
print(f"error of the angle, measurements alone: {rms(alone - truth[:, 0]):.4f}")
print(f"error of the angle, filtered:           {rms(found[:, 0] - truth[:, 0]):.4f}")
print(f"error of the velocity, filtered:        {rms(found[:, 1] - truth[:, 1]):.4f}")
