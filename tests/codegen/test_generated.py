"""generated/ is in step with the generator, byte by byte, and every module passes its check."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path

import pytest

from symback.check.check import check_file
from tests.cases.one_in import one_in

ROOT = Path(__file__).resolve().parents[2]
_spec = importlib.util.spec_from_file_location("regenerate", ROOT / "tools" / "regenerate.py")
assert _spec is not None and _spec.loader is not None
regenerate = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(regenerate)

MODULES = sorted(regenerate.circuits())


@pytest.fixture(scope="module")
def texts() -> dict[Path, str]:
    return regenerate.texts()


def test_every_module_has_a_circuit() -> None:
    found = {p.stem for p in (ROOT / "generated").glob("*.py")} - {"__init__"}
    assert found == set(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_regenerating_gives_the_same_bytes(name: str, texts: dict[Path, str]) -> None:
    path = ROOT / "generated" / f"{name}.py"
    assert path.read_bytes() == texts[path].encode()


def test_every_file_is_regenerated_with_the_same_bytes(texts: dict[Path, str]) -> None:
    """Those of all targets and the updates of optimisers too; nothing else lies there."""
    folders = [p for p in (ROOT / "generated").iterdir() if p.is_dir() and p.stem != "__pycache__"]
    found = {p for folder in folders for p in folder.iterdir() if p.is_file()}
    assert found == {path for path in texts if path.parent in folders}
    for path in found:
        assert path.read_bytes() == texts[path].encode(), path.name


LONG = ("attention", "lstm")  # hundreds of entries, each with all its partials


@pytest.mark.parametrize("name", MODULES)
def test_imports_and_passes_its_own_check(name: str) -> None:
    module = importlib.import_module(f"generated.{name}")
    assert module.check_gradients() < 1e-6


@pytest.mark.parametrize(
    "name",
    [
        *one_in(8, [m for m in MODULES if m not in LONG]),
        *(pytest.param(m, marks=pytest.mark.slow) for m in LONG),
    ],
)
def test_agrees_with_sympy(name: str) -> None:
    report = check_file(ROOT / "generated" / f"{name}.py")
    assert report.passed, str(report)
    assert all(remark.startswith("rewritten: ") for remark in report.remarks)
