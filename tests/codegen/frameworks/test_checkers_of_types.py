"""Modules for JAX and PyTorch under mypy and, where it is installed, pyright, both as they come."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import symback as sb
from tests.cases.scopes import CIRCUITS

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = ("attention", "lstm", "gaussian_mixture/mixture", "digits_network/network")


@pytest.fixture(scope="module", params=["jax", "torch"])
def folder(request, tmp_path_factory):
    pytest.importorskip(request.param)
    path = tmp_path_factory.mktemp("modules")
    texts = dict(CIRCUITS)
    for name in EXAMPLES:
        file = ROOT / "examples" / f"{name if '/' in name else f'{name}/{name}'}.circuit"
        texts[name] = file.read_text(encoding="utf-8")
    for name, text in texts.items():
        file = path / f"{request.param}_{re.sub(r'[^a-z]', '_', name)}.py"
        file.write_text(sb.circuit(text).generate(target=request.param), encoding="utf-8")
    return path


def agrees(*command, cwd):
    run = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.slow
def test_mypy(folder):
    files = sorted(p.name for p in folder.glob("*.py"))
    agrees(sys.executable, "-m", "mypy", "--config-file=", *files, cwd=folder)


@pytest.mark.slow
def test_pyright(folder):
    if shutil.which("pyright") is None:
        pytest.skip("pyright is missing")
    files = sorted(p.name for p in folder.glob("*.py"))
    agrees("pyright", "--pythonpath", sys.executable, *files, cwd=folder)
