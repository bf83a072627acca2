"""Bundle adjustment: a camera of 11 numbers sees a point, with a weight; 2 × 15 partials.

The camera has a rotation vector, a centre, a focal length, a principal point and two radii of
distortion (ADBench, https://github.com/microsoft/ADBench).
"""

import numpy as np

BUNDLE = """\
cam: input[11]; X: input[3]; w: input; feat: input[2]
r = cam[:3]
theta = norm(r)
k = r/theta
p = X - cam[3:6]
kxp = concat(k[1]*p[2] - k[2]*p[1], k[2]*p[0] - k[0]*p[2], k[0]*p[1] - k[1]*p[0])
q = p*cos(theta) + kxp*sin(theta) + k*dot(k, p)*(1 - cos(theta))
u = q[:2]/q[2]
s = dot(u, u)
z = cam[7:9] + cam[6]*u*(1 + cam[9]*s + cam[10]*s**2)
e: output = w*(z - feat)
loss: none
"""


def residual(cam, point, weight, feature):
    """e of one observation, in the dtype of its arguments."""
    angle = np.sqrt((cam[:3] ** 2).sum())
    k, p = cam[:3] / angle, point - cam[3:6]
    turned = p * np.cos(angle) + np.cross(k, p) * np.sin(angle)
    turned = turned + k * (k @ p) * (1 - np.cos(angle))
    u = turned[:2] / turned[2]
    s = u @ u
    return weight * (cam[7:9] + cam[6] * u * (1 + cam[9] * s + cam[10] * s**2) - feature)


def observations(count, seed=0):
    """Cameras, points in front of them, weights and features."""
    rng = np.random.default_rng(seed)
    cameras = 0.3 * rng.normal(size=(count, 11))
    points = rng.normal(size=(count, 3)) + np.array([0, 0, 5])
    return cameras, points, rng.uniform(0.5, 2, count), rng.normal(size=(count, 2))


__all__ = ["BUNDLE", "observations", "residual"]
