"""Formulas that people have typed elsewhere: read, derived, generated, and held to SymPy."""

import pytest

import symback as sb

REWRITTEN_INSIDE = [
    "z: input[n]; t: input[n]; w: param\nE: output = mean(log(1 + exp(-w*t*z)))",
    "x: input[d]; W: param[h, d]\ny = W @ (1/(1 + exp(-x)))\nE: output = sum(y)",
    "a: param[n]; b: param[n]\nf: output = sum(concat(sqrt(a**2 + b**2), a*b))",
    "z: param[n]; t: input[n]\np = sigma(z)\nE: output = mean(-t*log(p) - (1 - t)*log(1 - p))",
    "z: param[n]; t: input[n]\nE: output = sum(binary_cross_entropy(z, t))",
    "z: param; t: input\nE: output = binary_cross_entropy(z, t)",
]
"""A rewriting inside an operation on arrays, and a slope that varies by sample where z does not."""


@pytest.mark.parametrize("text", REWRITTEN_INSIDE)
def test_formulas_that_are_rewritten_agree(text):
    report = sb.circuit(text).check()
    assert report.passed, str(report)
