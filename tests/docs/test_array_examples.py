"""The models of arrays learn what their pages say: each `train.py`, run as a user runs it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("sklearn")
ROOT = Path(__file__).resolve().parents[2]

REACHED = {
    # example → the figure that its last line must reach, and the epochs it may take
    "digits_network": (r"epoch (\d+): .*test accuracy ([0-9.]+)", 30, 0.95),
    "digits_softmax": (r"epoch (\d+): .*test accuracy ([0-9.]+)", 30, 0.95),
    "digits_convolution": (r"epoch (\d+): .*test accuracy ([0-9.]+)", 10, 0.95),
    "lstm": (r"epoch (\d+): .*test accuracy ([0-9.]+)", 30, 0.95),
    "attention": (r"epoch (\d+): .*test accuracy ([0-9.]+)", 40, 0.85),
}


def trained(name: str) -> str:
    script = ROOT / "examples" / name / "train.py"
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=300, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("name", REACHED)
def test_classifiers_learn(name):
    pattern, most_epochs, least = REACHED[name]
    epochs, accuracy = re.findall(pattern, trained(name))[-1]
    assert int(epochs) <= most_epochs and float(accuracy) >= least


@pytest.mark.slow
def test_sparse_hessians_lead_to_the_minimum():
    script = ROOT / "examples" / "rosenbrock" / "minimise.py"
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("2998 of 1000000 second partials")
    found = re.findall(r"(\d+) steps, (\S+) from the minimum", done.stdout)
    assert len(found) == 3
    assert all(int(steps) < 100 and float(distance) < 1e-7 for steps, distance in found)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gaussian_mixture", "matrix_factorisation"])
def test_losses_fall(name):
    losses = [float(x) for x in re.findall(r"loss ([-0-9.]+)", trained(name))]
    assert len(losses) >= 2 and losses[-1] < losses[0]
