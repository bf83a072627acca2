"""floor, ceil, round, mod and heaviside where they jump, on every road: NumPy, C, JavaScript."""

import math

import numpy as np
import pytest

from tests.cases import roads
from tests.cases.compilers import COMPILER
from tests.cases.one_in import one_in

NAN = math.nan
JUMPS = [
    ("floor(x)", {"x": 2.0}, {"f": 2.0, "∂x": 0.0}),
    ("floor(x)", {"x": -0.5}, {"f": -1.0, "∂x": 0.0}),
    ("ceil(x)", {"x": 2.0}, {"f": 2.0, "∂x": 0.0}),
    ("ceil(x)", {"x": -1.5}, {"f": -1.0, "∂x": 0.0}),
    ("round(x)", {"x": 0.5}, {"f": 0.0, "∂x": 0.0}),
    ("round(x)", {"x": 1.5}, {"f": 2.0, "∂x": 0.0}),
    ("round(x)", {"x": 2.5}, {"f": 2.0, "∂x": 0.0}),
    ("round(x)", {"x": -1.5}, {"f": -2.0, "∂x": 0.0}),
    ("round(x)", {"x": -2.5}, {"f": -2.0, "∂x": 0.0}),
    ("round(x)", {"x": 0.49999999999999994}, {"f": 0.0, "∂x": 0.0}),
    ("mod(x, y)", {"x": 6.0, "y": 3.0}, {"f": 0.0, "∂x": 1.0, "∂y": -2.0}),
    ("mod(x, y)", {"x": -1.0, "y": 3.0}, {"f": 2.0, "∂x": 1.0, "∂y": 1.0}),
    ("mod(x, y)", {"x": 1.0, "y": -3.0}, {"f": -2.0, "∂x": 1.0, "∂y": 1.0}),
    ("mod(x, y)", {"x": 1.0, "y": 0.1}, {"f": math.fmod(1.0, 0.1), "∂x": 1.0, "∂y": -9.0}),
    ("mod(x, y)", {"x": 1e16, "y": 3.0}, {"f": 1.0, "∂x": 1.0, "∂y": -3333333333333333.0}),
    ("frac(x)*y", {"x": 2.25, "y": 4.0}, {"f": 1.0, "∂x": 4.0, "∂y": 0.25}),
    ("heaviside(x)*y", {"x": 0.0, "y": 4.0}, {"f": 2.0, "∂x": 0.0, "∂y": 0.5}),
    ("heaviside(x)*y", {"x": -1.0, "y": 4.0}, {"f": 0.0, "∂x": 0.0, "∂y": 0.0}),
    ("heaviside(x, 1)*y", {"x": 0.0, "y": 4.0}, {"f": 4.0, "∂x": 0.0, "∂y": 1.0}),
    ("cbrt(x)", {"x": -27.0}, {"f": -3.0, "∂x": 1 / 27}),
    ("cbrt(x)", {"x": 0.0}, {"f": 0.0, "∂x": math.inf}),
    ("log10(x)", {"x": 1000.0}, {"f": 3.0, "∂x": 1 / (1000 * math.log(10))}),
    ("log2(x)", {"x": 1024.0}, {"f": 10.0, "∂x": 1 / (1024 * math.log(2))}),
    ("clip(x, 0, 1)*y", {"x": 1.0, "y": 4.0}, {"f": 4.0, "∂x": 2.0, "∂y": 1.0}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "at", "right"), one_in(2, JUMPS))
def test_values_and_slopes_where_a_function_jumps(text, at, right):
    circuit = roads.circuit_at(f"f = {text}", at)
    found = {"NumPy": roads.by_module(circuit, at, "numpy", np.float64)}
    if COMPILER:
        found["C"] = roads.by_module(circuit, at, "c", np.float64)
    if roads.NODE:
        found["JavaScript"] = roads.by_javascript(circuit, at)
    found["--at"] = roads.by_derivation(circuit, at)
    for road, values in found.items():
        lacking = right.keys() - values.keys()  # only modules have partials that are always 0
        assert all(right[name] == 0 for name in lacking) and (road[0] in "-J" or not lacking)
        roads.assert_gives(values, {n: right[n] for n in right.keys() - lacking}, 4e-16, road)


@pytest.mark.parametrize("text", ["floor(x)", "ceil(x)", "round(x)", "mod(x, 2)", "cbrt(x)"])
def test_float32_and_nan_stay(text):
    at = {"x": 2.75}
    circuit = roads.circuit_at(f"f = {text}", at)
    found = roads.by_module(circuit, at, "numpy", np.float32, rows=3)
    assert all(np.asarray(v).dtype == np.float32 for v in found.values())
    for target in ("numpy", *(["c"] if COMPILER else [])):
        assert math.isnan(roads.by_module(circuit, {"x": NAN}, target, np.float64)["f"])


@pytest.mark.parametrize("text", ["floor(w*x)*x", "w*mod(x, 2)", "cbrt(w*x)", "round(x)*w"])
def test_modules_with_steps_agree_at_jumps_and_beside(text):
    assert roads.circuit_at(f"w: param; x: input; f: output = {text}", {}).check().passed
