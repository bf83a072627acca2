"""The C compiler that is here, what tests of C files ask of it, and modules of such files."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path

import pytest

COMPILER = next(
    (c for c in (os.environ.get("CC"), "cc", "gcc", "clang") if c and shutil.which(c)), ""
)
compiles = pytest.mark.skipif(not COMPILER, reason="needs a C compiler")
STRICT = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"]


def imported(folder: Path, name: str = "neuron"):
    spec = importlib.util.spec_from_file_location(f"{name}_of_{folder.name}", folder / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module
    spec.loader.exec_module(module)
    return module
