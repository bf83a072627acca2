"""Tests share what they need through tests/cases: no test file imports another. What begins with
an underscore is for the file that defines it alone, in the package and in its tests.
"""

import ast
import functools
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
ROOT = TESTS.parent
OWN = ("symback", "tests", "tools", "benchmarks")
FILES = sorted(TESTS.rglob("*.py"))
PACKAGE = sorted((ROOT / "symback").rglob("*.py"))
OURS = sorted(
    [*FILES, *PACKAGE, *(p for d in ("tools", "benchmarks") for p in (ROOT / d).rglob("*.py"))]
)
PASTED = tuple(p.stem for p in (ROOT / "symback/codegen/numpy").glob("*kernels.py"))
"""Modules whose text is pasted into generated ones: their private names are those modules'."""


def imported(nodes):
    """The modules that a file imports anywhere, and each name taken from one."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_no_test_file_imports_a_test_file():
    assert len(FILES) > 200
    found = [(path.name, name) for path in FILES for name in imported(nodes_of(path))]
    assert not [
        (file, name)
        for file, name in found
        if name.startswith("tests.") and any(p.startswith("test_") for p in name.split("."))
    ]


# -- private names --------------------------------------------------------------------------------


def is_private(name):
    return name.startswith("_") and not name.startswith("__") and len(name) > 1


def names_of_classes(nodes):
    """The private names of methods, of fields, and of what is set on an object."""
    for node in nodes:
        if isinstance(node, ast.ClassDef):
            for part in node.body:
                if isinstance(part, ast.FunctionDef):
                    yield part.name
                elif isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
                    yield part.target.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr


@functools.cache
def nodes_of(path):
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


PROTOCOLS = {
    *("_repr_svg_", "_repr_markdown_", "_repr_pretty_"),  # IPython's
    *("_asdict", "_fields", "_field_defaults", "_make", "_replace"),  # of named tuples
    "_print",  # SymPy's printers'
}


@functools.cache
def names_in_classes():
    """The private names of classes of the package, by the folder where these stand."""
    found = {}
    for path in PACKAGE:
        names = filter(is_private, names_of_classes(nodes_of(path)))
        found.setdefault(path.parent, set()).update(names)
    return found


@functools.cache
def all_names_in_classes():
    return set().union(*names_in_classes().values())


def private_uses(nodes, folder):
    """Private names of another file: imported, of an imported module, set in one, and those of an
    object whose class stands in another folder.
    """
    modules = {}
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in OWN:
            is_pasted = node.module.split(".")[-1] in PASTED
            for alias in node.names:
                modules[alias.asname or alias.name] = alias.name
                if is_private(alias.name) and not (is_pasted or alias.name == "_version"):
                    yield f"{node.lineno}: import of {alias.name}"
    own = {*names_of_classes(nodes), *PROTOCOLS, *names_in_classes().get(folder, ())}
    foreign = all_names_in_classes()
    for node in nodes:
        if isinstance(node, ast.Attribute) and is_private(node.attr) and node.attr not in own:
            of = node.value.id if isinstance(node.value, ast.Name) else ""
            of_module = of in modules and modules[of] not in PASTED
            of_object = of not in ("self", "cls", *modules) and node.attr in foreign
            if of_module or of_object:
                yield f"{node.lineno}: {ast.unparse(node)}"
        elif isinstance(node, ast.Call) and sets_attribute(node.func):
            names = [a.value for a in node.args if isinstance(a, ast.Constant)]
            private = any(isinstance(name, str) and is_private(name) for name in names)
            if private and ast.unparse(node.args[0]) in modules:
                yield f"{node.lineno}: {ast.unparse(node)}"


def sets_attribute(function):
    return getattr(function, "attr", getattr(function, "id", "")).endswith("setattr")


def test_no_file_uses_private_names_of_another():
    assert len(OURS) > 700
    found = {path: list(private_uses(nodes_of(path), path.parent)) for path in OURS}
    assert not {path: uses for path, uses in found.items() if uses}


@pytest.mark.parametrize(
    "text",
    [
        "from symback.stable.rewrite import _private",
        "from symback.stable import rewrite\nrewrite._private",
        "from symback.stable import rewrite\nmonkeypatch.setattr(rewrite, '_private', 1)",
        "from symback.api import Circuit\nCircuit._private(c)",
        "def f(derivation):\n    return derivation._shown",
    ],
)
def test_a_private_name_is_seen(text):
    assert len(list(private_uses([*ast.walk(ast.parse(text))], TESTS))) == 1


def test_close_comparisons_say_that_they_are_relative():
    """pytest.approx allows 1e-12 beside a relative tolerance, unless `abs` says otherwise."""
    loose = [
        f"{path.name}:{call.lineno}"
        for path in FILES
        for call in nodes_of(path)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "pytest.approx"
        for given in [{k.arg: k.value for k in call.keywords}]
        if isinstance(given.get("rel"), ast.Constant) and given["rel"].value < 1e-11
        if "abs" not in given
    ]
    assert not loose
