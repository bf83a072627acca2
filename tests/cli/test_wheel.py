"""The wheel, as a stranger gets it: built from the sdist, installed into an empty environment, used
from another folder. What it generates then runs in an environment that has NumPy and nothing else.
"""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CIRCUIT = "f = x1 - sigma(w3*x3 + w4*x4)"

pytestmark = pytest.mark.slow


def run(*command: str | Path, cwd: Path) -> str:
    """Standard output of a command that must succeed, run without any of our import paths."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    result = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment | {"PYTHONIOENCODING": "utf-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
    )
    output = f"{result.stdout}\n{result.stderr}"
    assert result.returncode == 0, f"{result.args}\nexit {result.returncode}\n{output}"
    return result.stdout


def make_environment(folder: Path, *requirements: str | Path) -> Path:
    """A new virtual environment with these requirements; returns its folder of executables."""
    run(sys.executable, "-m", "venv", folder, cwd=folder.parent)
    executables = folder / ("Scripts" if os.name == "nt" else "bin")
    run(executables / "python", "-m", "pip", "install", "-q", *requirements, cwd=folder.parent)
    return executables


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel; without --wheel, build makes the sdist first and the wheel from that."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--outdir", folder, ROOT, cwd=folder)
    (built,) = folder.glob("symback-*.whl")
    return built


@pytest.fixture(scope="module")
def neuron(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A module generated and checked by the installed wheel."""
    folder = tmp_path_factory.mktemp("installed")
    executables = make_environment(folder / "venv", wheel)
    run(executables / "symback", "generate", CIRCUIT, "-o", "neuron.py", "--check", cwd=folder)
    return folder / "neuron.py"


def test_wheel_contents(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    templates = {
        f"symback/templates/{path.relative_to(ROOT / 'templates').as_posix()}"
        for path in (ROOT / "templates").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert templates
    assert templates <= names
    language = {f"symback/language/grammar.{end}" for end in ("lark", "json")}
    assert {"symback/__init__.py", "symback/py.typed", *language} <= names
    tops = {name.split("/")[0] for name in names}
    assert tops == {"symback", f"{wheel.name.rsplit('-', 3)[0]}.dist-info"}


NUMBERS = """
import importlib.util, sys
import numpy as np

sys.path.insert(0, sys.argv[1])
import neuron

for absent in ("symback", "sympy"):
    assert importlib.util.find_spec(absent) is None, absent

x1, x3, x4, y = np.random.default_rng(0).normal(size=(4, 300))
w3, w4 = 2.0, 0.8
loss, grad = neuron.value_and_grad(
    neuron.Params(w3=w3, w4=w4), neuron.Inputs(x1=x1, x3=x3, x4=x4, y=y)
)

s = 1 / (1 + np.exp(-(w3 * x3 + w4 * x4)))
residual = x1 - s - y
np.testing.assert_allclose(loss, np.mean(residual**2) / 2, rtol=1e-12)
np.testing.assert_allclose(grad.w3, np.mean(-residual * s * (1 - s) * x3), rtol=1e-11)
np.testing.assert_allclose(grad.w4, np.mean(-residual * s * (1 - s) * x4), rtol=1e-11)
"""


OLDEST_NUMPY = "numpy==2.0.*" if sys.version_info < (3, 13) else "numpy"
"""The oldest NumPy that generated modules support, where it has wheels for this Python."""


def test_generated_module_needs_numpy_only(neuron: Path, tmp_path: Path) -> None:
    python = make_environment(tmp_path / "venv", OLDEST_NUMPY) / "python"
    run(python, "-I", neuron, cwd=tmp_path)
    run(python, "-I", "-c", NUMBERS, neuron.parent, cwd=tmp_path)
