"""Constants and terms that are counted once, in runs and fits."""

import numpy as np
import pytest

import symback as sb
from symback.training import train_from_file

RIDGE = sb.circuit(
    "x: input[d]; y: target; A: const[d, d]; w: param[d]; lam: const = 3; "
    "f = dot(w, A @ x); l: loss = (f - y)**2/2 + once(lam*norm(w)**2/2)"
)
A = np.array([[1.0, 2, 0], [0, 1, 1], [3, 0, 1]])


def data(rows=200):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, 3))
    return {"x": x, "y": x @ A.T @ [1.0, -2, 0.5] + rng.normal(size=rows)}


def solved(columns):
    z = columns["x"] @ A.T
    return np.linalg.solve(z.T @ z + 3 * np.eye(3), z.T @ columns["y"])


@pytest.mark.parametrize("shards", [1, 3])
def test_a_ridge_needs_no_division_by_the_number_of_rows(shards):
    found = train_from_file(RIDGE, data(), constants={"A": A}, optimiser="lbfgs", validation=0.0,
                            quiet=True, shards=shards)  # fmt: skip
    assert np.allclose(found.params.w, solved(data()), rtol=1e-7)


@pytest.mark.parametrize("target", ["numpy", "c"])
def test_mini_batches_go_to_the_same_minimum(target):
    found = train_from_file(RIDGE, data(), constants={"A": A}, validation=0.0, batch_size=25,
                            epochs=300, learning_rate=0.02, quiet=True, target=target,
                            schedule="inverse", options={"decay": 0.01})  # fmt: skip
    assert np.allclose(found.params.w, solved(data()), rtol=2e-3)
    mean = np.mean((data()["x"] @ A.T @ found.params.w - data()["y"]) ** 2 / 2)
    ridge = 1.5 * found.params.w @ found.params.w / 200
    assert found.history[-1].loss == pytest.approx(mean + ridge, rel=1e-12, abs=0)


def test_a_fit_takes_constants():
    found = sb.fit(RIDGE, data(), constants={"A": A})
    assert np.allclose([found.values[f"w[{i}]"] for i in range(3)], solved(data()), rtol=1e-9)
    z = data()["x"] @ A.T
    errors = np.sqrt(np.diag(np.linalg.inv(z.T @ z + 3 * np.eye(3))))
    assert np.allclose([found.errors[f"w[{i}]"] for i in range(3)], errors, rtol=1e-9)


@pytest.mark.parametrize(
    ("constants", "why"),
    [
        ({}, "the constant 'A' is missing: give it with --const A=VALUE"),
        ({"A": A[:2]}, r"has shape \(2, 3\); it must be \(3, 3\)"),
        ({"A": A, "B": 1}, "no constant 'B'"),
        ({"A": [[1, "a"]]}, "give numbers"),
        ({"A": np.full((3, 3), np.inf)}, "is not finite"),
    ],
)
def test_constants_that_do_not_fit_are_named(constants, why):
    with pytest.raises(sb.SymbackError, match=why):
        train_from_file(RIDGE, data(), constants=constants, quiet=True)
