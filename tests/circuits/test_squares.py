"""Losses that are sums of squared residuals, and losses that are not."""

from __future__ import annotations

import pytest

import symback as sb
from symback.circuits.squares import as_least_squares, squared_targets

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
    assert [target.name for target in squared_targets(sb.circuit(text))] == ["y"]


@pytest.mark.parametrize("text", OTHERS)
def test_other_losses_have_none(text):
    loss = None if text.startswith("f:") else "L"
    circuit = sb.circuit(text, loss=loss) if loss else sb.circuit(text, loss=None)
    assert squared_targets(circuit) == ()


TWO = "x: input; y: target; z: target; w: param; b: param\nu: output = w*x; v: output = w + b*x\n"
LIST = TWO.replace("u: output = w*x; v: output = w + b*x", "f: output = [w*x, w + b*x]")
SEVERAL = {
    TWO + "L: loss = (u - y)**2/2 + (v - z)**2/2": None,
    TWO + "L: loss = (u - z)**2 + (y - v)**2": None,
    TWO + "r = u - y; s = z - v; q = r**2 + s**2\nL: loss = q/4": None,
    LIST + "L: loss = sum((f - [y, z])**2)": None,
    LIST + "t = [y, z]; r = f - t\nL: loss = dot(r, r)/2": None,
    TWO + "L: loss = (u/2 - y/2)**2 + (v - z)**2": (0.5, 2.0),
    TWO + "L: loss = 25*(u - y)**2 + (v - z)**2/2": (50.0, 1.0),
}


@pytest.mark.parametrize("text", SEVERAL)
def test_squares_of_several_outputs_have_a_target_each(text):
    circuit = sb.circuit(text)
    found = as_least_squares(circuit)
    wanted = ("z", "y") if "(u - z)" in text else ("y", "z")
    assert found is not None and tuple(y.name for y in found.targets) == wanted
    assert found.weights == SEVERAL[text]
    assert bool(squared_targets(circuit)) == (found.weights is None)
    assert squared_targets(found.circuit) == found.targets


@pytest.mark.parametrize(
    "loss",
    [
        "(u - y)**2 - (v - z)**2",
        "(u - y)**2 + (v - z)**2 + w**2",
        "(u - y)**2 + abs(v - z)",
        "(u - y)**2 + exp(b)*(v - z)**2",
        "((u - y)*(v - z))**2",
    ],
)
def test_other_sums_are_no_least_squares(loss):
    assert as_least_squares(sb.circuit(f"{TWO}L: loss = {loss}")) is None
