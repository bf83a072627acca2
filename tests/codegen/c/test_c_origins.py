"""H·v of C modules at the origin of a norm of parameters, which all samples share."""

from __future__ import annotations

import numpy as np
import pytest

import symback as sb
from tests.cases.compilers import compiles

X = np.array([0.5, -1.25, 2.0])
MEAN, MEAN_SQUARE = X.mean(), np.mean(X**2)
DIRECTION = np.array([0.75, -2.0])
HESSIANS = {
    "an absolute value": ("x: input; w: param; f = cos(x*abs(w))", -MEAN_SQUARE),
    "two numbers": ("x: input; a: param; b: param; f = x*cos(hypot(a, b))", -MEAN),
    "what is made of one": (
        "x: input; a: param; b: param; r = cos(hypot(a, b)); f = x*r**3",
        -3 * MEAN,
    ),
    "an array": ("x: input; w: param[2]; f = (x*norm(w))**2/2", MEAN_SQUARE),
}
"""The mean loss is that number times w @ w/2 near 0, but for a constant."""


@compiles
@pytest.mark.parametrize("name", HESSIANS)
def test_second_partials_of_norms_that_samples_share(name):
    text, expected = HESSIANS[name]
    module = sb.circuit(f"{text}\nl: loss = f").compile(target="c", functions="hessp")
    count = 1 if "w: param;" in text else 2
    found = module.hessp(np.zeros(count), DIRECTION[:count], module.Inputs(X))
    np.testing.assert_allclose(found, expected * DIRECTION[:count], rtol=1e-14)
