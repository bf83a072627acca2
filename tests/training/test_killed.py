"""Runs that are killed at any moment and resumed: nothing is lost, and the last bytes are equal."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from tests.cases.killed_run import KilledRun

NEURON = "f = sigma(w1*x1 + w2*x2 + b)"
ADAM = {"optimiser": "adam", "learning_rate": 0.01, "schedule": "cosine", "patience": 60}
CASES = {
    "sgd, every step": {"checkpoint_steps": 1, "epochs": 6},
    "adam, cosine, patience": {**ADAM, "checkpoint_steps": 7, "epochs": 60},
    "momentum, two shards": {
        "optimiser": "momentum",
        "learning_rate": 0.01,
        "shards": 2,
        "local_steps": 3,
        "checkpoint_seconds": 0.02,
        "epochs": 60,
    },
    "lbfgs": {"optimiser": "lbfgs", "checkpoint_seconds": 0.0, "epochs": 12},
    "newton-cg": {"optimiser": "newton-cg", "checkpoint_seconds": 0.0, "shards": 2},
    "gauss-newton": {"optimiser": "gauss-newton", "checkpoint_seconds": 0.0},
}
KILLS = 60  # of all cases together, in the slow test


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A table of some hundred kilobytes, and so of many chunks."""
    random_numbers = np.random.default_rng(3)
    x = random_numbers.normal(size=(3000, 2))
    y = 1 / (1 + np.exp(-(2 * x[:, 0] - x[:, 1] + 0.5))) + 0.1 * random_numbers.normal(size=3000)
    path = tmp_path_factory.mktemp("data") / "samples.csv"
    lines = [f"{a!r},{b!r},{c!r}" for a, b, c in np.column_stack([x, y]).tolist()]
    path.write_text("x1,x2,y\n" + "\n".join(lines) + "\n")
    return path


def start(data, folder, settings):
    return KilledRun(NEURON, data, folder, {"standardise": True, "seed": 5, **settings})


def contents(folder):
    """The files of a run; archives of pictures and of checkpoints among them."""
    return {
        path.name: path.read_bytes() for path in Path(folder).iterdir() if path.suffix != ".tmp"
    }


def run_with_kills(data, folder, settings, moments, seconds):
    """Run until done, killed at random moments; gives how often a kill hit."""
    hits = 0
    while True:
        run = start(data, folder, settings)
        time.sleep(moments.uniform(0, seconds))
        sign = moments.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
        run.send(sign)
        code = run.finish()
        hits += code != 0
        assert code in (0, 130, -sign, 1), code
        if code == 0:
            return hits
        seconds *= 1.3  # so that each run ends


def compare(data, tmp_path, settings, moments, seconds):
    whole = tmp_path / "whole"
    began = time.monotonic()
    assert start(data, whole, settings).finish() == 0
    took = time.monotonic() - began
    expected, hits = contents(whole), 0
    assert {"parameters.npz", "history.csv", "checkpoint.npz"} <= set(expected)
    for number in range(100):
        folder = tmp_path / f"killed{number}"
        folder.mkdir()
        hits += run_with_kills(data, folder, settings, moments, min(seconds, took))
        assert contents(folder) == expected
        yield hits


@pytest.mark.slow
def test_a_killed_run_goes_on_to_the_same_bytes(data, tmp_path):
    settings = {**CASES["adam, cosine, patience"], "epochs": 20}
    hits = next(compare(data, tmp_path, settings, random.Random(1), 1.4))
    assert hits > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_runs_killed_at_many_moments_go_on_to_the_same_bytes(data, tmp_path, name):
    for hits in compare(data, tmp_path, CASES[name], random.Random(name), 1.5):
        if hits >= KILLS // len(CASES):
            return
    pytest.fail(f"only {hits} kills hit")
