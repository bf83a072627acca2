"""The files that the pages for people name exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "symback"
FOLDERS = ("benchmarks", "docs", "examples", "generated", "symback", "templates", "tests", "tools")
PLACEHOLDER = re.compile(r"\b[A-Z]{4,}\b(?!\.)")  # NAME, PACKAGE: for the reader to fill in
PATH = re.compile(rf"(?<![\w./-])(?:{'|'.join(FOLDERS)})/[\w./-]*\w")
FILE = re.compile(r"`([\w/]+(?:\.(?:py|c|js|lark)|/))`")
PAGES = [
    *(ROOT / name for name in ("CONTRIBUTING.md", "README.md", "SECURITY.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
CONTRIBUTING = PAGES[0].read_text(encoding="utf-8")


def paths_in(text):
    """The paths from the root that a page names."""
    return {path for path in PATH.findall(text) if not PLACEHOLDER.search(path)}


def test_paths_are_found():
    text = "`symback/api.py`, `tests/PACKAGE/`, tests/test_a.py::b, x/tools/y, docs/l6b.svg."
    assert paths_in(text) == {"symback/api.py", "tests/test_a.py", "docs/l6b.svg"}
    assert len(paths_in(CONTRIBUTING)) > 40


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_paths_exist(page):
    paths = paths_in(page.read_text(encoding="utf-8"))
    assert {path for path in paths if not (ROOT / path).exists()} == set()


def rows(head):
    """The rows of the table of CONTRIBUTING whose first column has that head, each as its cells."""
    table = CONTRIBUTING.partition(f"| {head} | ")[2].partition("\n\n")[0]
    found = [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]
    assert found
    return found


def missing(folder, cell):
    """The files that a cell names and the folder lacks."""
    return {name for name in FILE.findall(cell) if not (folder / name).exists()}


def test_every_package_has_a_row_whose_modules_exist():
    places = [(ROOT / place.strip("`"), cells[1:]) for place, *cells in rows("package")]
    for folder, cells in places:
        assert not cells or missing(folder, cells[0]) == set(), folder
    packages = {f.parent for f in PACKAGE.rglob("*.py")} - {PACKAGE}
    large = {PACKAGE / "training", PACKAGE / "derivation"}  # which have tables of their own
    assert {f for f in packages if f.parent not in large} <= {folder for folder, _ in places}


@pytest.mark.parametrize("package", ["training", "derivation"])
def test_modules_of_the_large_packages_exist(package):
    top, named = PACKAGE / package, set()
    for first, what in rows(f"part of `symback/{package}/`"):
        assert missing(top, first) == set()
        parts = FILE.findall(first)
        named.update(parts)
        if all(part.endswith("/") for part in parts):
            assert set.intersection(*(missing(top / part, what) for part in parts)) == set(), first
    assert {f"{f.parent.name}/" for f in top.glob("*/__init__.py")} <= named
