"""Random circuits: derivation = code = SymPy = autograd, and laws that every gradient obeys.

A few by default; the slow run takes CIRCUITS of each kind from the environment, 100 if it does not
say: `CIRCUITS=1000 pytest -m slow tests/check/test_random_circuits.py`.
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pytest

import symback as sb
from symback.autodiff.lower import lower, optimised
from symback.autodiff.passes.drop_dead import drop_dead
from symback.check.check import check_module, with_typed
from symback.errors import CircuitError
from symback.truth.oracle import Oracle
from tests.cases import random_circuits
from tests.cases.random_circuits import RandomCircuit, renamed

EPS = 2.0**-53
KINDS = {"numbers": random_circuits.of_numbers, "arrays": random_circuits.of_arrays}
BY_DEFAULT = 1
MANY = int(os.environ.get("CIRCUITS", "100"))
CASES = [
    pytest.param(kind, number, marks=[pytest.mark.slow] if number >= BY_DEFAULT else [])
    for kind in KINDS
    for number in range(MANY)
]
EACH = pytest.mark.parametrize(("kind", "number"), CASES, scope="module")
PEER = 1e-9  # of the largest term; autograd's own formulas lose digits
ORDER = 1e-11  # the same for sums in another order


def drawn(kind: str, number: int) -> tuple[RandomCircuit, np.random.Generator]:
    rng = np.random.default_rng([number, len(kind)])
    return KINDS[kind](rng), rng


@lru_cache(maxsize=2)  # the tests of one circuit run one after another
def made(kind: str, number: int) -> tuple[sb.Circuit, Any]:
    """The circuit and its module with all that the check compares."""
    circuit, _ = drawn(kind, number)
    built = sb.circuit(circuit.text)
    names = ["jvp", *(["jacobian", "hessian", "hessp"] if circuit.params else [])]
    return built, built.compile(functions=names)


def numbers(circuit: RandomCircuit, rng: np.random.Generator, *batch: int) -> dict[str, Any]:
    """Log-uniform magnitudes of both signs; inputs with a batch axis where one is asked for."""

    def some(shape: tuple[int, ...]) -> Any:
        return np.exp(rng.uniform(-5, 1.2, shape)) * rng.choice([-1.0, 1.0], shape)

    inputs = {name: some((*batch, *shape)) for name, shape in circuit.inputs.items()}
    return {**inputs, **{name: some(shape) for name, shape in circuit.params.items()}}


def bars(circuit: RandomCircuit, module: Any, leaves: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Value and partials by the module."""
    params = module.Params(**{name: leaves[name] for name in circuit.params})
    inputs = module.Inputs(**{name: leaves[name] for name in circuit.inputs})
    value, cache = module.forward(params, inputs)
    of_params, of_inputs = module.backward(params, inputs, cache)
    return value, {**of_params._asdict(), **of_inputs._asdict()}


def close(got: Any, expected: Any, tolerance: float, scale: float) -> bool:
    return bool(np.all(np.abs(np.asarray(got) - expected) <= tolerance * scale))


def size(*parts: Any) -> float:
    """The largest magnitude, at least 1: operations here carry numbers of about that size."""
    return max(1.0, *(float(np.max(np.abs(p))) for p in parts))


@EACH
def test_code_sympy_derivation_and_autograd_agree(kind, number):
    circuit, rng = drawn(kind, number)
    built, module = made(kind, number)
    oracle = Oracle(built)
    report = check_module(built, module, points=20, seed=number, oracle=oracle)
    report = with_typed(report, built, oracle)  # code against SymPy, in balls
    assert report.passed, f"{circuit.text}\n{report}"
    leaves = numbers(circuit, rng)
    value, partials = bars(circuit, module, leaves)
    expected = circuit.gradient(leaves)
    assert close(value, circuit.value(leaves), PEER, size(circuit.value(leaves)))
    scale = size(*expected.values())
    for name in circuit.leaves:
        assert np.shape(partials[name]) == np.shape(expected[name])
        assert close(partials[name], expected[name], PEER, scale), (name, circuit.text)
    if kind == "numbers":  # the closed forms that the derivation ends in
        derivation = built.derive().at(**leaves)
        try:
            _, derived = derivation.evaluated()
        except CircuitError as error:  # of a comparison like (a + b) - b > a
            assert "on a kink" in str(error)
            pytest.skip("on a kink wherever it is, which the derivation refuses to guess")
        for name in derivation.wrt:
            assert close(partials[name], derived[name], PEER, scale), (name, circuit.text)


@EACH
def test_costs_by_count(kind, number):
    """Beside the value, J·v is at most three times its operations, and H·v ten times."""
    circuit, _ = drawn(kind, number)
    names = ["jvp", *(["hessp"] if circuit.params else [])]
    built, _ = made(kind, number)
    found = optimised(lower(built, ["forward", "objective", *names]))

    def value(function):
        program = found.program(function)
        return drop_dead(replace(program, results=program.results[:1]), found.names).operations

    for name, of, most in (("jvp", "forward", 3), ("hessp", "objective", 10)):
        if name in names:
            assert found.program(name).operations - value(of) <= most * value(of), circuit.text


@EACH
def test_laws(kind, number):
    """Renaming, the order of operands, linearity, and batch = samples."""
    circuit, rng = drawn(kind, number)
    _, module = made(kind, number)
    leaves = numbers(circuit, rng)
    value, partials = bars(circuit, module, leaves)
    scale = size(value, *partials.values())

    new = {name: f"n_{name}_{i}" for i, name in enumerate(circuit.leaves)}
    other = sb.circuit(renamed(circuit.text, new)).compile()
    again, moved = bars(
        RandomCircuit(
            "",
            (),
            {new[n]: s for n, s in circuit.inputs.items()},
            {new[n]: s for n, s in circuit.params.items()},
        ),
        other,
        {new[n]: v for n, v in leaves.items()},
    )
    assert np.array_equal(again, value)
    assert all(np.array_equal(moved[new[n]], partials[n]) for n in circuit.leaves)

    last = circuit.output
    scaled = circuit.text.replace(f"{last}: output =", f"{last} =").replace("loss: none", "")
    scaled += f"\ng = cos({last})/3\nh: output = 7*g - 2*{last}\nloss: none"
    both, sums = bars(circuit, sb.circuit(scaled).compile(), leaves)
    assert close(both, 7 * np.cos(value) / 3 - 2 * value, ORDER, scale)
    slope = -7 * np.sin(value) / 3 - 2
    for name in circuit.leaves:
        assert close(sums[name], slope * partials[name], ORDER, 10 * scale), name

    count = 5
    batch = numbers(circuit, rng, count)
    values, whole = bars(circuit, module, batch)
    rows = []
    for i in range(count):
        one = {n: batch[n][i] if n in circuit.inputs else batch[n] for n in circuit.leaves}
        rows.append(bars(circuit, module, one))
    scale = size(*(p for _, found in rows for p in found.values()))
    assert close(values, [v for v, _ in rows], ORDER, size(values)) or not circuit.inputs
    for name in circuit.inputs:
        assert close(whole[name], np.stack([p[name] for _, p in rows]), ORDER, scale), name
    if circuit.inputs and np.shape(values):
        for name in circuit.params:
            total = sum(p[name] for _, p in rows)
            assert close(whole[name], total, ORDER, count * scale), (name, circuit.text)


@pytest.mark.parametrize("form", ["a + b", "a*b + c", "max(a, b, c)", "a*b*c", "hypot(a, b)"])
def test_the_order_of_operands_does_not_matter(form):
    names = {"a": "x*p", "b": "x - q", "c": "tanh(q*x)"}
    turned = {"a": names["b"], "b": names["a"], "c": names["c"]}
    rng = np.random.default_rng(3)
    point = {"x": rng.normal(), "p": rng.normal(), "q": rng.normal()}
    found = []
    for chosen in (names, turned):
        if form == "a*b + c":
            chosen = {**chosen, "c": names["c"]}
        text = "x: input; p: param; q: param\n"
        text += "".join(f"{n} = {e}\n" for n, e in chosen.items() if n in form) + f"f = {form}"
        found.append(sb.circuit(f"{text}\nloss: none").compile())
    circuit = RandomCircuit("", (), {"x": ()}, {"p": (), "q": ()})
    first, second = (bars(circuit, module, point) for module in found)
    assert first[0] == pytest.approx(second[0], rel=4 * EPS)
    assert first[1] == pytest.approx(second[1], rel=64 * EPS)


def test_the_peer_reads_the_same_lines():
    """The generator's Python means what its circuit text says, at one point by hand."""
    lines = (("v0", "tanh(x0)*p0"), ("v1", "where(v0 > p0, v0, v0*2)"))
    circuit = RandomCircuit("", lines, {"x0": ()}, {"p0": ()})
    assert circuit.value({"x0": 0.5, "p0": 2.0}) == pytest.approx(4 * np.tanh(0.5))
    assert circuit.gradient({"x0": 0.5, "p0": 2.0})["p0"] == pytest.approx(2 * np.tanh(0.5))
    with pytest.raises(CircuitError):
        sb.circuit("x0: input; v0 = tanh(x0")
