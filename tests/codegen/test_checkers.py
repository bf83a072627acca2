"""Generated modules are clean under the checkers of the people who keep them in their projects.

Every checker runs as somebody has it who has configured nothing. They take minutes for all
circuits; CI takes every fourth: `EVERY=4 pytest -m slow tests/codegen/test_checkers.py`.
"""

import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import symback as sb
from symback.autodiff.updates import RULES
from symback.codegen import targets
from symback.codegen.functions import ON_REQUEST
from symback.codegen.generate import render_files
from symback.codegen.targets import PYTHON
from tests.cases import array_circuits, sample_circuits

ROOT = Path(__file__).resolve().parents[2]
EVERY = int(os.environ.get("EVERY", "1"))
MISSING = {name for name in ("jax", "torch") if find_spec(name) is None}
GENERATED = sorted(
    p
    for p in (ROOT / "generated").rglob("*.py")
    if p.stem != "__init__" and p.parent.name not in MISSING
)


def circuits():
    """Every circuit that the tests share, by a name that files can have."""
    for name in sample_circuits.ALL:
        yield name, sample_circuits.sample(name)
    for name in array_circuits.ALL:
        if name not in array_circuits.SLOW:  # those stand in generated/
            yield f"arrays of {name}", array_circuits.array_sample(name)
    for name in RULES:
        yield f"update {name}", sb.update(name)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The Python files of every target for every circuit, none of them with the name of another."""
    path = tmp_path_factory.mktemp("modules")
    for name, circuit in [*circuits()][::EVERY]:
        for target in targets.TRAINING:
            stem = re.sub(r"\W+", "_", f"{name} in {target}")
            files = render_files(circuit, target=target, stem=stem)
            (path / f"{stem}{PYTHON}").write_text(files[PYTHON], encoding="utf-8")
    return path


def agrees(*command, cwd):
    run = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def mypy(cwd, files, *options):
    own = ["--config-file=", f"--cache-dir={cwd / 'mypy'}", "--explicit-package-bases", *options]
    agrees(sys.executable, "-m", "mypy", *own, *files, cwd=cwd)


@pytest.mark.slow
def test_ruff(folder):
    """The linter's default rules: no name is unused, none undefined."""
    agrees(sys.executable, "-m", "ruff", "check", "--isolated", ".", *GENERATED, cwd=folder)


@pytest.mark.slow
def test_mypy_on_what_is_kept(tmp_path):
    mypy(tmp_path, GENERATED)


ROSENBROCK = "x: param[n]\nf: loss = sum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)"
WITH_FUNCTIONS = {
    "curve": ("f = w1*(1 - exp(-w2*x1))", ON_REQUEST),
    "layers": (array_circuits.CIRCUITS["two layers"], ("jvp", "hessp", "jacobian", "hessian")),
    "extremes": (array_circuits.CIRCUITS["extremes"], ON_REQUEST),
    "valley": (ROSENBROCK, ("hessian", "hessp", "sparsity", "bind", "per_sample")),
    "sparse rows": (
        "x: param[n]; b: param; t: input[n]\nz: output = sin(x*t) + b\nloss: none",
        ("jacobian", "sparsity", "bind", "per_sample", "jvp"),
    ),
    "shared data": (
        "x: input[d]; y: target; w: param[d]; s: const; A: const[d, d]\n"
        "f = s*dot(w, A @ x)\nl: loss = (f - y)**2/2",
        ("jvp", "hessp", "covariance", "hessian", "bind", "per_sample"),
    ),
    "entries": (array_circuits.CIRCUITS["array output"], ("jvp",)),
}


@pytest.mark.slow
def test_functions_on_request(tmp_path):
    for name, (text, functions) in WITH_FUNCTIONS.items():
        for target in targets.TRAINING:
            stem = f"{name.replace(' ', '_')}_{target}"
            files = render_files(sb.circuit(text), target=target, stem=stem, functions=functions)
            (tmp_path / f"{stem}{PYTHON}").write_text(files[PYTHON], encoding="utf-8")
    agrees(sys.executable, "-m", "ruff", "check", "--isolated", ".", cwd=tmp_path)
    mypy(tmp_path, sorted(tmp_path.glob("*.py")))


@pytest.mark.slow
def test_mypy(folder):
    mypy(folder, [*folder.glob("*.py")])


@pytest.mark.slow
def test_pyright(folder):
    pyright = shutil.which("pyright", path=Path(sys.executable).parent) or shutil.which("pyright")
    if pyright is None:
        pytest.skip("pyright is not here; it comes with pip install 'pyright[nodejs]'")
    agrees(pyright, f"--pythonpath={sys.executable}", ".", *GENERATED, cwd=folder)
