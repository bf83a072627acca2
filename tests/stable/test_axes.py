"""A rotation by a vector r as it is typed, by r/θ, sin(θ) and 1 - cos(θ): smooth at r = 0."""

import mpmath as mp
import numpy as np
import pytest

import symback as sb
from tests.cases.one_in import one_in
from tests.cases.targets import TARGETS

ARRAYS = """
r: input[3]; p: input[3]
theta = norm(r)
k = r/theta
kxp = concat(k[1]*p[2] - k[2]*p[1], k[2]*p[0] - k[0]*p[2], k[0]*p[1] - k[1]*p[0])
q: output = p*cos(theta) + kxp*sin(theta) + k*dot(k, p)*(1 - cos(theta))
loss: none
"""
SQUARE = """
r: input[3]; p: input[3]
s = dot(r, r)
theta = sqrt(s)
rxp = concat(r[1]*p[2] - r[2]*p[1], r[2]*p[0] - r[0]*p[2], r[0]*p[1] - r[1]*p[0])
q: output = p*cos(theta) + rxp*(sin(theta)/theta) + r*dot(r, p)*((1 - cos(theta))/s)
loss: none
"""
NUMBERS = """
r: input[3]; p: input[3]
square = r[0]**2 + r[1]**2 + r[2]**2
theta = sqrt(square)
c = cos(theta); s = sin(theta); inverse = 1/theta
k1 = r[0]*inverse; k2 = r[1]*inverse; k3 = r[2]*inverse
t = (k1*p[0] + k2*p[1] + k3*p[2])*(1 - c)
q1 = p[0]*c + (k2*p[2] - k3*p[1])*s + k1*t
q2 = p[1]*c + (k3*p[0] - k1*p[2])*s + k2*t
q3 = p[2]*c + (k1*p[1] - k2*p[0])*s + k3*t
q: output = [q1, q2, q3]
loss: none
"""
TYPED = {
    "arrays": ARRAYS,
    "square": SQUARE,
    "numbers": NUMBERS,
    "quotients": NUMBERS.replace("; inverse = 1/theta", "").replace("*inverse", "/theta"),
}
PLACES = (
    (0.0, 0.0, 0.0),
    (1e-9, 2e-9, -1e-9),
    (1e-160, 0.0, 0.0),
    (0.0, 1e-5, 1e-5),
    (1e-9, 0.0, 0.7),
    (0.3, -0.2, 0.5),
)
POINT = (0.3, -0.7, 5.0)


def turned(r, p):
    """exp([r]×)·p by its series: no angle, no axis."""
    cross = mp.matrix([[0, -r[2], r[1]], [r[2], 0, -r[0]], [-r[1], r[0], 0]])
    term, total = mp.matrix(p), mp.matrix(p)
    for n in range(1, 60):
        term = cross * term / n
        total += term
    return total


def exact(r):
    """The value, and its partials by r and p by central differences at 60 digits."""
    with mp.workdps(60):
        at, h = [mp.mpf(v) for v in (*r, *POINT)], mp.mpf(10) ** -20
        columns = []
        for i in range(6):
            up, down = at.copy(), at.copy()
            up[i], down[i] = up[i] + h, down[i] - h
            columns.append((turned(up[:3], up[3:]) - turned(down[:3], down[3:])) / (2 * h))
        value = [float(v) for v in turned(at[:3], at[3:])]
        return value, np.array([[float(v) for v in column] for column in columns]).T


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", one_in(2, TYPED))
def test_rotations_as_typed_are_right_at_small_angles(name, target):
    module = sb.circuit(TYPED[name]).compile(target=target, functions="per_sample")
    for r in PLACES:
        inputs = module.Inputs(np.array(r), np.array(POINT))
        value, partials = exact(r)
        np.testing.assert_allclose(module.forward(module.Params(), inputs)[0], value, 0, 2e-15)
        np.testing.assert_allclose(module.per_sample(module.Params(), inputs), partials, 0, 2e-15)
