"""The structure of the package: no circle of imports, few entries, modules and functions of bounded
length. The layers are contracts of import-linter, in pyproject.toml.
"""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "symback"
MODULES = sorted(PACKAGE.rglob("*.py"))
MOST_ENTRIES = 20
LONGEST_MODULE = 450
LONGEST_FUNCTION = 60
REASON = "is long because"
"""The words with which the docstring of a longer module gives its reason."""


def test_no_circle_among_modules():
    """Lazy and type-only imports count."""
    graph = grimp.build_graph("symback", cache_dir=None)
    assert len(graph.modules) >= len(MODULES)
    imports = {m: graph.find_modules_directly_imported_by(m) for m in graph.modules}
    assert sum(map(len, imports.values())) > len(MODULES)
    TopologicalSorter(imports).prepare()  # raises CycleError


def test_layers_are_kept():
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [lint, "--no-cache"],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


def test_the_package_has_few_entries():
    entries = [path for path in PACKAGE.iterdir() if path.name != "__pycache__"]
    assert 0 < len(entries) <= MOST_ENTRIES


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_lengths_have_a_bound_or_a_reason(path):
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    if len(text.splitlines()) > LONGEST_MODULE:
        assert REASON in " ".join((ast.get_docstring(tree) or "").split())
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    long = {f.name for f in functions if f.end_lineno - f.lineno >= LONGEST_FUNCTION}
    assert not long
