"""A double pendulum: its equations by sympy.physics.mechanics, and their module."""

from __future__ import annotations

import numpy as np
import sympy as sp
from sympy.physics.mechanics import LagrangesMethod, dynamicsymbols

import symback as sb

CONSTANTS = {"m": 1.0, "l": 1.0, "g": 9.81}


def lagrangian() -> tuple[sp.Expr, list[sp.Function]]:
    """L = T - V of two equal masses on rods of length l, the angles measured from below."""
    q1, q2 = dynamicsymbols("q1 q2")
    m, l, g = sp.symbols("m l g")  # noqa: E741
    v1, v2 = q1.diff(), q2.diff()
    kinetic = m * l**2 * (v1**2 + v2**2 / 2 + v1 * v2 * sp.cos(q1 - q2))
    potential = -m * g * l * (2 * sp.cos(q1) + sp.cos(q2))
    return kinetic - potential, [q1, q2]


def circuits() -> tuple[sb.Circuit, sb.Circuit]:
    """The rates of q1, q2, q1_t, q2_t, and the energy."""
    difference, angles = lagrangian()
    method = LagrangesMethod(difference, angles)
    method.form_lagranges_equations()
    state = ["q1", "q2", "q1_t", "q2_t"]
    rates = sb.Circuit.from_sympy(method.rhs(), params=CONSTANTS, inputs=state, loss=None)
    speeds = [q.diff() for q in angles]
    energy = sum(v * sp.diff(difference, v) for v in speeds) - difference
    return rates, sb.Circuit.from_sympy(energy, params=CONSTANTS, inputs=state, loss=None)


def simulate(seconds: float = 5.0, step: float = 1e-3) -> tuple[np.ndarray, np.ndarray]:
    """The states and energies of a pendulum that is let go, by Runge-Kutta's method."""
    rates, energy = (c.compile() for c in circuits())

    def rate(state: np.ndarray) -> np.ndarray:
        return rates.forward(rates.Params(**CONSTANTS), rates.Inputs(*state))[0]

    states = [np.array([2.0, 2.5, 0.0, 0.0])]
    for _ in range(round(seconds / step)):
        y = states[-1]
        k1 = rate(y)
        k2 = rate(y + step / 2 * k1)
        k3 = rate(y + step / 2 * k2)
        k4 = rate(y + step * k3)
        states.append(y + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4))
    found = np.array(states)
    energies, _ = energy.forward(energy.Params(**CONSTANTS), energy.Inputs(*found.T))
    return found, energies


if __name__ == "__main__":
    states, energies = simulate()
    q1, q2 = states[-1, :2]
    print(f"after 5 s: q1 = {q1:.4f}, q2 = {q2:.4f}")
    print(f"energy {energies[0]:.4f}, largest drift {np.abs(energies - energies[0]).max():.0e}")
