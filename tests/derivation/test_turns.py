"""The derivation of a kept loop shows its turn once, over h[t] and δh[t]."""

import json

import numpy as np
import pytest

import symback as sb
from tests.cases.loops import LOOPS, LOOPS_OF_DATA

RECURRENT = """\
Forward
  h[0]   = zeros(n)
  for t in range(1, 9):
    net[t] = W·x[t - 1] + U·h[t - 1] + b
    h[t]   = tanh(net[t])
  z      = V·h[8]
  E      = cross_entropy(z, y)
"""
BACKWARD = """\
   2  z → h[8]           δh[8] = Vᵀ·δz                     ∂(A·x): δ·xᵀ and Aᵀ·δ
  for t in range(1, 9), the last turn first
   3  h[t] → net[t]      δnet[t] = δh[t] ∘ tanh′(net[t])       tanh′ = 1 − tanh²
   4  net[t] → x[t - 1]  δx[t - 1] = Wᵀ·δnet[t]            ∂(A·x): δ·xᵀ and Aᵀ·δ
   5  net[t] → h[t - 1]  δh[t - 1] = Uᵀ·δnet[t]            ∂(A·x): δ·xᵀ and Aᵀ·δ
   6  net[t] → W         ∂E/∂W += δnet[t]·x[t - 1]ᵀ        ∂(A·x): δ·xᵀ and Aᵀ·δ
"""
ONE_LOOP = [name for name in LOOPS if name != "two loops"]  # which reads a value in the middle


def test_a_turn_stands_once():
    derivation = sb.circuit(LOOPS["recurrent"].text).derive("E")
    text = str(derivation)
    assert RECURRENT in text
    assert BACKWARD in text
    assert "∂E/∂U = δnet[t]·h[t - 1]ᵀ   (summed over t in range(1, 9))" in text
    assert "∂E/∂x = δx[t - 1]   (its entry x[t - 1], for t in range(1, 9))" in text
    assert derivation.verified


def test_a_turn_of_data_ends_with_the_size():
    derivation = sb.circuit(LOOPS_OF_DATA["gated"].text).derive("E")
    assert "for t in range(T):" in str(derivation)
    assert "E_1 → h[T]" in str(derivation)
    assert "δh[t] += z[t] ∘ δh[t + 1]" in str(derivation)
    assert "∂E/∂h0 = δh[0]" in str(derivation)
    assert derivation.verified


@pytest.mark.parametrize("name", ["gated"])
def test_the_turn_in_other_formats(name):
    derivation = sb.circuit(LOOPS[name].text).derive("E")
    assert r"h_{t + 1}" in derivation.to_latex()
    assert r"{\mathrm{net}_{2}}_{t}" in derivation.to_latex()
    names = [step["left"] for step in json.loads(derivation.to_json())["steps"]]
    assert any("h[t + 1]" in str(name) for name in names)
    assert not any("[t + 2]" in str(name) for name in names)
    assert "h[t + 1]" in derivation.to_markdown() or "h_{t + 1}" in derivation.to_markdown()


@pytest.mark.slow
@pytest.mark.parametrize("name", ONE_LOOP)
def test_every_loop_is_derived_and_verified(name):
    circuit = sb.circuit(LOOPS[name].text)
    derivation = circuit.derive(circuit.loss.name)
    assert derivation.verified
    assert derivation.heads
    assert len(derivation.to_html()) > 10_000


def test_numbers_are_those_of_all_turns():
    circuit = sb.circuit(LOOPS["recurrent"].text)
    rng = np.random.default_rng(0)
    shapes = {"x": (8, 2), "W": (2, 2), "U": (2, 2), "b": (2,), "V": (2, 2)}
    values = {n: rng.normal(size=shape).round(2).tolist() for n, shape in shapes.items()}
    text = str(circuit.derive("E", "b").at(**values, y=1))
    module = circuit.compile()
    arrays = {n: np.array(v) for n, v in values.items()}
    params = module.Params(*(arrays[n] for n in "WUbV"))
    _, gradient = module.value_and_grad(params, module.Inputs(arrays["x"], 1))
    assert f"{gradient.b[0]:.6g}".replace("-", "−") in text


def test_what_only_data_know_has_no_numbers():
    derivation = sb.circuit(LOOPS_OF_DATA["recurrent"].text).derive("E")
    with pytest.raises(sb.errors.Unsupported, match="declare a number for that size"):
        derivation.at(x=[[1]])
