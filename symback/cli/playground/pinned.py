"""What the browser's engine consists of beside symback: pinned files, fetched by pip and npm.

Both keep what they have fetched, so that a second build needs no network. Whatever registries they
are set to, a file counts only if its hash is the one below.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from symback.codegen.files import shown_path
from symback.errors import FileRefused, NotInstalled, clip

PYODIDE = "314.0.7"
PYTHON = "3.14"  # Pyodide's
_PYODIDE_HASH = "66b7949e5a0cba2250b586d7e368bf12fb482800748d182c4618254b685ffaa0"
_FILES = (
    *("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm"),
    *("python_stdlib.zip", "pyodide-lock.json"),
)
_LONGEST = 600.0  # seconds that a download may take


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel of the Python package index."""

    name: str
    version: str
    file: str
    sha256: str
    platforms: Sequence[str] = ("any",)


WHEELS = (
    Wheel(
        "python-flint",
        "0.9.0",
        "python_flint-0.9.0-cp314-cp314-pyemscripten_2026_0_wasm32.whl",
        "b31f5c00e0e36040ab58d00b3025156e20869b990d776e4bf90f870b1ee11ad3",
        ("pyemscripten_2026_0_wasm32",),
    ),
    Wheel(
        "sympy",
        "1.14.0",
        "sympy-1.14.0-py3-none-any.whl",
        "e091cc3e99d2141a0ba2847328f5479b05d94a6635cb96148ccb3f34671bd8f5",
    ),
    Wheel(
        "mpmath",
        "1.3.0",
        "mpmath-1.3.0-py3-none-any.whl",
        "a0b2b9fe80bbcd81a6647ff13108738cfb482d481d826cc0e02f5b35e5c88d2c",
    ),
    Wheel(
        "lark",
        "1.3.1",
        "lark-1.3.1-py3-none-any.whl",
        "c629b661023a014c37da873b4ff58a817398d12635d3bbb2c5a03be7fe5d1e12",
    ),
    Wheel(
        "jinja2",
        "3.1.6",
        "jinja2-3.1.6-py3-none-any.whl",
        "85ece4451f492d0c13c5dd7c13a64681a86afae63a5f347908daf103ce6d2f67",
    ),
    Wheel(
        "latex2mathml",
        "3.81.1",
        "latex2mathml-3.81.1-py3-none-any.whl",
        "c337668441b71c819b6733905a8058ba9a9d767bae11a0c5fdacb3aff31361bd",
    ),
    Wheel(  # for its Python files: what is compiled in it is an option, and left out
        "markupsafe",
        "3.0.4",
        "markupsafe-3.0.4-cp314-cp314-manylinux2014_x86_64.manylinux_2_17_x86_64"
        ".manylinux_2_28_x86_64.whl",
        "a8e9f292fcda89b324f2f5c91d13f1424a153e40fc2756f38ee23b15835ff300",
        ("manylinux2014_x86_64", "manylinux_2_28_x86_64"),
    ),
)
"""The wheels; the first is the only one that is compiled for browsers."""


def fetch_wheels(folder: Path) -> dict[str, Path]:
    """The wheels by name, fetched by pip into a folder; FileRefused where one is not the pinned."""
    found = {}
    for wheel in WHEELS:
        platforms = [word for p in wheel.platforms for word in ("--platform", p)]
        options = ["--no-deps", "--only-binary=:all:", "--python-version", PYTHON, *platforms]
        what = f"{wheel.name}=={wheel.version}"
        pip = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "-q"]
        _run([*pip, *options, "-d", str(folder), what], what, "pip")
        found[wheel.name] = _checked(folder / wheel.file, wheel.sha256)
    return found


def fetch_pyodide(folder: Path) -> dict[str, bytes]:
    """The files of Pyodide by name, fetched by npm."""
    npm = shutil.which("npm")
    if npm is None:
        raise NotInstalled("the folder needs npm, which fetches Pyodide; install Node.js")
    what = f"pyodide@{PYODIDE}"
    _run([npm, "pack", what, "--silent", "--pack-destination", str(folder)], what, "npm")
    archive = _checked(folder / f"pyodide-{PYODIDE}.tgz", _PYODIDE_HASH)
    with tarfile.open(archive) as packed:
        return {name: _member(packed, f"package/{name}") for name in _FILES}


def numpy_wheel(folder: Path, lock: bytes) -> Path:
    """The wheel of NumPy that the lock file names, in Pyodide's full distribution."""
    row = json.loads(lock)["packages"]["numpy"]
    path = folder / row["file_name"]
    if not path.is_file():
        what = f"{shown_path(folder)} has no {row['file_name']}"
        raise FileRefused(f"{what}; name the full distribution of Pyodide {PYODIDE}")
    return _checked(path, row["sha256"])


def _member(packed: tarfile.TarFile, name: str) -> bytes:
    file = packed.extractfile(name)
    assert file is not None  # the hash of the whole is right
    with file:
        return file.read()


def _run(command: Sequence[str], what: str, tool: str) -> None:
    """Run pip or npm; FileRefused with what it says where it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_LONGEST)
    except subprocess.TimeoutExpired:
        raise FileRefused(f"{tool} did not fetch {what} within {_LONGEST:g} s; try again") from None
    except OSError as error:
        raise FileRefused(f"{tool} can't be run: {error.strerror}") from None
    if done.returncode:
        said = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        reason = next((s for s in said if "ERR" in s.upper()), said[-1] if said else "no word")
        raise FileRefused(f"{tool} can't fetch {what} (is there a network?): {clip(reason, 80)}")


def _checked(path: Path, sha256: str) -> Path:
    """The path, of a file with that hash."""
    if not path.is_file():
        raise FileRefused(f"{clip(path.name, 60)} was not fetched; another version may have come")
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != sha256:
        name = clip(path.name, 60)
        raise FileRefused(f"{name} is not the pinned file: its SHA-256 is {found[:16]}…")
    return path


__all__ = ["PYODIDE", "WHEELS", "Wheel", "fetch_pyodide", "fetch_wheels", "numpy_wheel"]
