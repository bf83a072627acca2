"""Losses that are sums of squared residuals, and losses that are not."""

from __future__ import annotations

import pytest

import symback as sb
from symback.circuits.squares import squared_target

NUMBERS = "x: input; y: target; w: param\nf: output = w*x\n"
ARRAYS = "x: input[d]; y: target[k]; w: param[k, d]\nf: output = w @ x\n"

SQUARED = [
    "f = w*x + b",
    NUMBERS + "L: loss = (f - y)**2",
    NUMBERS + "L: loss = 3*(y - f)**2",
    NUMBERS + "L: loss = (y - f)**2/7",
    ARRAYS + "L: loss = sum((f - y)**2)",
    ARRAYS + "L: loss = sum((y - f)**2)/2",
    ARRAYS + "L: loss = mean((f - y)**2)",
    ARRAYS + "L: loss = dot(f - y, f - y)",
    NUMBERS + "d = f - y\nL: loss = d**2/2",
    NUMBERS + "d = y - f\ns = d**2\nL: loss = 0.5*s",
    NUMBERS + "d = y - f\ns = 3*d**2\nq = s/4\nL: loss = q",
    NUMBERS + "d = f - y\nL: loss = d*d",
    NUMBERS + "d = (y - f)/3\nL: loss = d**2/2",
    NUMBERS + "L: loss = (f/3 - y/3)**2",
    ARRAYS + "e = f - y\nL: loss = e @ e / 2",
    ARRAYS + "e = f - y\ns = e**2\nL: loss = mean(s)",
    ARRAYS + "s = sum((f - y)**2)\nL: loss = s/2",
]

OTHERS = [
    "f: output = w*x + b",
    NUMBERS + "L: loss = -(f - y)**2",
    NUMBERS + "L: loss = abs(f - y)",
    NUMBERS + "L: loss = (f + y)**2",
    NUMBERS + "L: loss = (f - y)**4",
    NUMBERS + "L: loss = (f - y)**2 + w**2",
    NUMBERS + "L: loss = w*(f - y)**2",
    NUMBERS + "L: loss = (2*f - y)**2",
    ARRAYS + "L: loss = sum(abs(f - y))",
    ARRAYS + "L: loss = dot(f - y, f)",
    ARRAYS + "L: loss = sum(f - y)**2",
    NUMBERS + "d = f - y\nL: loss = d**3",
    NUMBERS + "d = f - y\ns = -d**2\nL: loss = s",
    NUMBERS + "d = f - 2*y\nL: loss = d**2",
    NUMBERS + "g = w*x\nd = g - y\nL: loss = d**2 + w",
    ARRAYS + "e = f - y\nL: loss = dot(e, f)",
    "x: input; y: target; w: param\nL: loss = (w*x - y)**2",
]


@pytest.mark.parametrize("text", SQUARED)
def test_squared_losses_have_their_target(text):
    target = squared_target(sb.circuit(text))
    assert target is not None
    assert target.name == "y"


@pytest.mark.parametrize("text", OTHERS)
def test_other_losses_have_none(text):
    loss = None if text.startswith("f:") else "L"
    circuit = sb.circuit(text, loss=loss) if loss else sb.circuit(text, loss=None)
    assert squared_target(circuit) is None
