"""The structure of the package: no circle of imports, few entries, modules and functions of bounded
length. The layers are contracts of import-linter, in pyproject.toml.
"""

import ast
import subprocess
import sys
from collections import Counter
from graphlib import TopologicalSorter
from pathlib import Path

import grimp

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


def test_lengths_have_a_bound_or_a_reason():
    without_reason, long = [], []
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        said = " ".join((ast.get_docstring(tree) or "").split())
        if len(text.splitlines()) > LONGEST_MODULE and REASON not in said:
            without_reason.append(path)
        for part in ast.walk(tree):
            is_function = isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)
            if is_function and part.end_lineno - part.lineno >= LONGEST_FUNCTION:
                long.append((path, part.name))
    assert MODULES and not without_reason and not long


FACADE = {"Circuit", "Derivation", "Gradient", "Update"}
"""Classes that `symback/api.py` extends for users, under the same name."""
TWO_MEANINGS = {"Array", "Printed", "Statement"}
"""Names that have been given twice, of different packages; none comes to them."""


def type_names(tree):
    """The public classes and type aliases of a module."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign):
            yield from (
                t.id for t in node.targets if isinstance(t, ast.Name) and not t.id.isupper()
            )


def test_a_public_class_means_one_thing():
    named = Counter()
    for path in MODULES:
        names = set(type_names(ast.parse(path.read_text(encoding="utf-8"))))
        named.update(name for name in names if name[0].isupper())
    assert len(named) > 300
    assert {name for name, count in named.items() if count > 1} == FACADE | TWO_MEANINGS
