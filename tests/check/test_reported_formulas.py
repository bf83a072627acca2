"""Formulas that people have typed elsewhere: read, derived, generated, and held to SymPy."""

import mpmath as mp
import numpy as np
import pytest
import sympy as sp

import symback as sb
from tests.cases.one_in import one_in

REWRITTEN_INSIDE = [
    "z: input[n]; t: input[n]; w: param\nE: output = mean(log(1 + exp(-w*t*z)))",
    "x: input[d]; W: param[h, d]\ny = W @ (1/(1 + exp(-x)))\nE: output = sum(y)",
    "a: param[n]; b: param[n]\nf: output = sum(concat(sqrt(a**2 + b**2), a*b))",
    "z: param[n]; t: input[n]\np = sigma(z)\nE: output = mean(-t*log(p) - (1 - t)*log(1 - p))",
    "z: param[n]; t: input[n]\nE: output = sum(binary_cross_entropy(z, t))",
    "z: param; t: input\nE: output = binary_cross_entropy(z, t)",
]
"""A rewriting inside an operation on arrays, and a slope that varies by sample where z does not."""


@pytest.mark.parametrize("text", one_in(2, REWRITTEN_INSIDE))
def test_formulas_that_are_rewritten_agree(text):
    report = sb.circuit(text).check()
    assert report.passed, str(report)


# formula, its names at a point, value and partials by mpmath at 50 digits
TAILS = [
    ("erfc(-x/sqrt(2))/2", {"x": -10}, lambda x: mp.erfc(-x / mp.sqrt(2)) / 2),
    ("(1 + erf(x/sqrt(2)))/2", {"x": -10}, lambda x: (1 + mp.erf(x / mp.sqrt(2))) / 2),
    ("erfc(b - a)", {"b": 12, "a": 2}, lambda b, a: mp.erfc(b - a)),
    ("erfc(a - b)", {"b": 2, "a": 12}, lambda b, a: mp.erfc(a - b)),
    ("1 - erfc(x)/2", {"x": -6}, lambda x: 1 - mp.erfc(x) / 2),
    ("1 - erfc(x)", {"x": 1e-12}, lambda x: 1 - mp.erfc(x)),
    ("log(erfc(-x))", {"x": -20}, lambda x: mp.log(mp.erfc(-x))),
]


def one_sample(text, point):
    """The value of f at a point, and its partial by each name."""
    circuit = sb.circuit(f"f = {text}", inputs=list(point), loss=None)
    module = circuit.compile()
    inputs = module.Inputs(**{name: float(value) for name, value in point.items()})
    value, cache = module.forward(module.Params(), inputs)
    _, bars = module.backward(module.Params(), inputs, cache)
    return value, {name: getattr(bars, name) for name in point}


@pytest.mark.parametrize("text, point, meaning", TAILS)
def test_tails_keep_their_digits(text, point, meaning):
    value, bars = one_sample(text, point)
    with mp.workdps(400):
        at = {name: mp.mpf(number) for name, number in point.items()}
        np.testing.assert_allclose(value, float(meaning(**at)), rtol=1e-13)
        for name in point:
            right = mp.diff(lambda u, name=name: meaning(**{**at, name: u}), at[name], h=1e-60)
            np.testing.assert_allclose(bars[name], float(right), rtol=1e-12)


def test_erfc_of_sympy_comes_in():
    x = sp.Symbol("x", real=True)
    circuit = sb.Circuit.from_sympy(sp.erfc(-x) + sp.erfc(x - 1), "f")
    assert circuit.check().passed
