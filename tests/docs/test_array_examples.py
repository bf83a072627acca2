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
@pytest.mark.parametrize("name", ["gaussian_mixture", "matrix_factorisation"])
def test_losses_fall(name):
    losses = [float(x) for x in re.findall(r"loss ([-0-9.]+)", trained(name))]
    assert len(losses) >= 2 and losses[-1] < losses[0]
