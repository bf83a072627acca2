"""Tests share what they need through tests/cases: no test file imports another."""

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
FILES = sorted(TESTS.rglob("*.py"))


def imported(tree):
    """The modules that a file imports anywhere, and each name taken from one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(TESTS).as_posix())
def test_no_test_file_imports_a_test_file(path):
    names = list(imported(ast.parse(path.read_text(encoding="utf-8"))))
    assert not [
        name
        for name in names
        if name.startswith("tests.") and any(p.startswith("test_") for p in name.split("."))
    ]
