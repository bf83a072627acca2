"""symback's tool of GradBench, over its protocol; values by GradBench's formulas in mpmath."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import mpmath as mp
import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
RNG = np.random.default_rng(7)
HERE = shutil.which("cc") or shutil.which("gcc")
TARGETS = (
    "numpy",
    pytest.param(
        "c", marks=[pytest.mark.slow, pytest.mark.skipif(not HERE, reason="no C compiler")]
    ),
)


def tell(messages: Sequence[dict[str, Any]], target: str = "numpy") -> list[dict[str, Any]]:
    """What the tool answers to some messages, which get their ids here."""
    numbered = [json.dumps({"id": i} | message) for i, message in enumerate(messages)]
    told = subprocess.run(
        [sys.executable, "-m", "tools.gradbench", "--target", target],
        input="\n".join(numbered) + "\n",
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    answers = [json.loads(line) for line in told.stdout.splitlines()]
    assert [answer["id"] for answer in answers] == list(range(len(messages)))
    return answers


def evaluate(module: str, function: str, given: Any) -> dict[str, Any]:
    return {"kind": "evaluate", "module": module, "function": function, "input": given}


def partials(f: Callable[[list[Any]], Any], at: Sequence[float]) -> list[float]:
    """Central differences at 60 digits, right to 40."""
    with mp.workdps(60):
        h, x, found = mp.mpf(10) ** -20, [mp.mpf(float(v)) for v in at], []
        for i in range(len(x)):
            up, down = x.copy(), x.copy()
            up[i], down[i] = up[i] + h, down[i] - h
            found.append(float((f(up) - f(down)) / (2 * h)))
    return found


def rows(flat: Sequence[Any], width: int) -> list[list[Any]]:
    return [list(flat[i : i + width]) for i in range(0, len(flat), width)]


MIXTURE = {
    "d": 3, "k": 2, "n": 4, "m": 2, "gamma": 0.7,
    "x": RNG.normal(size=(4, 3)).tolist(),
    "alpha": RNG.normal(size=2).tolist(),
    "mu": RNG.normal(size=(2, 3)).tolist(),
    "q": (RNG.normal(size=(2, 3)) / 3).tolist(),
    "l": RNG.normal(size=(2, 3)).tolist(),
}  # fmt: skip


def log_posterior(flat: list[Any]) -> Any:
    """By densities of normal distributions and of Wishart's, with inverses as they are defined."""
    d, m, gamma = 3, MIXTURE["m"], mp.mpf(MIXTURE["gamma"])
    alpha, mu, q, low = flat[:2], rows(flat[2:8], d), rows(flat[8:14], d), rows(flat[14:], 3)
    precisions = []
    for qk, lk in zip(q, low, strict=True):
        Q = mp.diag([mp.e**v for v in qk])
        Q[1, 0], Q[2, 0], Q[2, 1] = lk
        precisions.append(Q.T * Q)
    weights = [mp.e**a / sum(mp.e**b for b in alpha) for a in alpha]
    total = mp.mpf(0)
    for point in MIXTURE["x"]:
        density = mp.mpf(0)
        for w, centre, P in zip(weights, mu, precisions, strict=True):
            u = mp.matrix([mp.mpf(a) - b for a, b in zip(point, centre, strict=True)])
            density += w * mp.e ** (-(u.T * P * u)[0] / 2) * mp.sqrt(mp.det(P) / (2 * mp.pi) ** d)
        total += mp.log(density)
    n = d + m + 1
    many = d * (d - 1) / mp.mpf(4) * mp.log(mp.pi) + sum(
        mp.loggamma((n - j) / mp.mpf(2)) for j in range(d)
    )
    for P in precisions:
        total += (n - d - 1) / mp.mpf(2) * mp.log(mp.det(P)) - gamma**2 * sum(
            P[i, i] for i in range(d)
        ) / 2
        total += n * d * mp.log(gamma) - n * d / mp.mpf(2) * mp.log(2) - many
    return total


CAMERA = [0.3, -0.2, 0.5, 1.0, 2.0, -3.0, 400.0, 5.0, -8.0, 0.1, 0.02]
SCENE = {
    "n": 2,
    "m": 3,
    "p": 30,
    "cam": CAMERA,
    "x": [2.0, 1.5, 4.0],
    "w": 0.4,
    "feat": [10.0, 20.0],
}


def reprojection(flat: list[Any]) -> list[Any]:
    """Rodrigues' formula as the exponential of a matrix."""
    r, centre, (f, u0, v0, k1, k2), point, w = (
        flat[:3],
        flat[3:6],
        flat[6:11],
        flat[11:14],
        flat[14],
    )
    turn = mp.expm(mp.matrix([[0, -r[2], r[1]], [r[2], 0, -r[0]], [-r[1], r[0], 0]]), "taylor")
    q = turn * mp.matrix([a - b for a, b in zip(point, centre, strict=True)])
    u, v = q[0] / q[2], q[1] / q[2]
    s = f * (1 + k1 * (u**2 + v**2) + k2 * (u**2 + v**2) ** 2)
    return [w * (u * s + u0 - 10), w * (v * s + v0 - 20)]


BITS, LAYERS = 3, 2
LSTM = {
    "main_params": RNG.random((2 * LAYERS, 4 * BITS)).tolist(),
    "extra_params": RNG.random((3, BITS)).tolist(),
    "state": RNG.random((2 * LAYERS, BITS)).tolist(),
    "sequence": [[0, 1, 1], [1, 0, 1], [1, 1, 0], [0, 0, 1]],
}


def lstm_loss(flat: list[Any]) -> Any:
    """Gate by gate, bit by bit."""
    main, extra = rows(flat[: 8 * LAYERS * BITS], 4 * BITS), rows(flat[8 * LAYERS * BITS :], BITS)
    state, total = [[mp.mpf(v) for v in row] for row in LSTM["state"]], mp.mpf(0)

    def sigma(z: Any) -> Any:
        return 1 / (1 + mp.e**-z)

    for now, after in zip(LSTM["sequence"], LSTM["sequence"][1:], strict=False):
        below = [v * w for v, w in zip(now, extra[0], strict=True)]
        for i in range(LAYERS):
            w, b, h, c = main[2 * i], main[2 * i + 1], state[2 * i], state[2 * i + 1]
            for j in range(BITS):
                forget, enter, leave, change = (g * BITS + j for g in range(4))
                out = sigma(below[j] * w[leave] + b[leave])
                kept = c[j] * sigma(below[j] * w[forget] + b[forget])
                c[j] = kept + sigma(h[j] * w[enter] + b[enter]) * mp.tanh(
                    h[j] * w[change] + b[change]
                )
                h[j] = out * mp.tanh(c[j])
            below = h
        y = [v * w + b for v, w, b in zip(below, extra[1], extra[2], strict=True)]
        total += sum(
            g * (v - mp.log(sum(mp.e**u for u in y) + 2)) for g, v in zip(after, y, strict=True)
        )
    return -total / (3 * BITS)


A = RNG.normal(size=(4, 4))
POINTS, CENTRES = RNG.random((12, 2)), np.array([[0.2, 0.3], [0.8, 0.6]])
NEAREST = ((POINTS[:, None] - CENTRES) ** 2).sum(axis=2)
MEANS = np.array([POINTS[NEAREST.argmin(axis=1) == j].mean(axis=0) for j in (0, 1)])
X = RNG.random(4)
T = np.linspace(-1, 1, 6)
RESIDUALS = np.sign(T) - np.vander(T, 4, increasing=True) @ X
ENDS = np.cumprod(2 * X / np.arange(1, 5))  # the y of ode, which four steps of order give exactly


def _flat(given: dict[str, Any], names: Sequence[str]) -> list[float]:
    return np.concatenate([np.ravel(given[name]) for name in names]).tolist()


def _mixture_bars() -> dict[str, Any]:
    bars = partials(log_posterior, _flat(MIXTURE, ("alpha", "mu", "q", "l")))
    return {
        "alpha": bars[:2],
        "mu": rows(bars[2:8], 3),
        "q": rows(bars[8:14], 3),
        "l": rows(bars[14:], 3),
    }


def _blocks() -> dict[str, Any]:
    at = [*CAMERA, *SCENE["x"], SCENE["w"]]
    values = [v for i in (0, 1) for v in partials(lambda z, i=i: reprojection(z)[i], at)]
    first = [*range(11), *range(22, 25), 31]
    return {
        "rows": [*range(0, 450, 15), 31 * 30],
        "cols": [*first, *first, 31 + 29],
        "vals": [*values, -2 * SCENE["w"]],
    }


def _cases() -> list[tuple[str, str, Any, Any]]:
    with mp.workdps(30):
        errors = [
            float(v) for v in reprojection([mp.mpf(v) for v in (*CAMERA, *SCENE["x"], SCENE["w"])])
        ]
        posterior = float(
            log_posterior([mp.mpf(v) for v in _flat(MIXTURE, ("alpha", "mu", "q", "l"))])
        )
        loss = float(lstm_loss([mp.mpf(v) for v in _flat(LSTM, ("main_params", "extra_params"))]))
        shares = [mp.e ** mp.mpf(v) for v in X]
        log_sum = float(mp.log(sum(shares)))
    det, powers = float(np.linalg.det(A)), np.vander(T, 4, increasing=True)
    matrix = {"A": A.ravel().tolist(), "ell": 4}
    groups = {"points": POINTS.tolist(), "centroids": CENTRES.tolist()}
    lstm_bars = partials(lstm_loss, _flat(LSTM, ("main_params", "extra_params")))
    return [
        ("hello", "square", 3.0, 9.0),
        ("hello", "double", 3.0, 6.0),
        ("det", "primal", matrix, det),
        ("det", "gradient", matrix, (det * np.linalg.inv(A).T).ravel()),
        ("gmm", "objective", MIXTURE, posterior),
        ("gmm", "jacobian", MIXTURE, _mixture_bars()),
        ("ba", "objective", SCENE, {
            "reproj_error": {"elements": errors, "repeated": 30},
            "w_err": {"element": 1 - 0.4**2, "repeated": 30},
        }),
        ("ba", "jacobian", SCENE, _blocks()),
        ("lstm", "objective", LSTM, loss),
        ("lstm", "jacobian", LSTM, lstm_bars),
        ("kmeans", "cost", groups, NEAREST.min(axis=1).sum()),
        ("kmeans", "dir", groups, CENTRES - MEANS),
        ("llsq", "primal", {"x": X.tolist(), "n": 6}, RESIDUALS @ RESIDUALS / 2),
        ("llsq", "gradient", {"x": X.tolist(), "n": 6}, -RESIDUALS @ powers),
        ("lse", "primal", {"x": X.tolist()}, log_sum),
        ("lse", "gradient", {"x": X.tolist()}, [float(v / sum(shares)) for v in shares]),
        ("ode", "primal", {"x": X.tolist(), "s": 3}, ENDS),
        ("ode", "gradient", {"x": X.tolist(), "s": 3}, ENDS[-1] / X),
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
def test_values_are_those_of_the_formulas(target: str) -> None:
    cases = _cases()
    answers = tell([evaluate(*case[:3]) for case in cases], target)
    for (module, function, _, expected), answer in zip(cases, answers, strict=True):
        assert answer["success"], answer
        assert {t["name"] for t in answer["timings"]} == {"prepare", "evaluate"}
        _compare(answer["output"], expected, f"{module} {function}")


def _compare(found: Any, expected: Any, where: str) -> None:
    if isinstance(expected, dict):
        assert found.keys() == expected.keys(), where
        for name, part in expected.items():
            _compare(found[name], part, f"{where} {name}")
    else:
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-13, err_msg=where)


def test_a_session_is_answered_message_by_message() -> None:
    start, defined, value, analysis, end = tell(
        [
            {"kind": "start", "eval": "hello"},
            {"kind": "define", "module": "hello"},
            evaluate("lse", "primal", {"x": [0, 0], "min_runs": 3, "min_seconds": 0}),
            {"kind": "analysis", "of": 2, "valid": True},
            {"kind": "end"},
        ]
    )
    assert start["tool"] == "symback"
    assert defined["success"] and analysis == {"id": 3} and end == {"id": 4}
    assert [t["name"] for t in value["timings"]] == ["prepare", *["evaluate"] * 3]


def test_what_it_has_not_is_refused_by_name() -> None:
    names = ("particle", "saddle", "ht", "nothing")
    *refused, function = tell(
        [*({"kind": "define", "module": name} for name in names), evaluate("gmm", "hessian", {})]
    )
    for name, answer in zip(names, refused, strict=True):
        assert not answer["success"]
        assert answer["error"].startswith(f"{name} is not a module of symback: ")
    assert [("where the data say" in a["error"]) for a in refused] == [True, True, False, False]
    assert function["error"] == "gmm has no function 'hessian': objective, jacobian"


def test_what_is_not_a_message_is_reported() -> None:
    command = [sys.executable, "-m", "tools.gradbench"]
    told = subprocess.run(
        command, input="nonsense\n", capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert told.returncode == 2
    assert told.stderr.startswith("not a message of GradBench: nonsense")
