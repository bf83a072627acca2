"""C and C++ compiled at run time, loaded with ctypes."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.contest import Run, Skip

COMPILERS = {"c": "gcc", "cpp": "g++"}
FLAGS = ("-O3", "-march=native", "-ffast-math", "-shared", "-fPIC")
"""-ffast-math lets the compiler add in any order and call the C library's vectors of exp."""


def load(source: str, language: str = "c") -> ctypes.CDLL | Skip:
    compiler = shutil.which(COMPILERS[language])
    if compiler is None:
        return Skip(f"there is no {COMPILERS[language]}")
    with tempfile.TemporaryDirectory() as folder:
        code, library = Path(folder, f"code.{language}"), Path(folder, "code.so")
        code.write_text(source, encoding="utf-8")
        command = [compiler, *FLAGS, str(code), "-o", str(library), "-lm"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            return Skip(f"{COMPILERS[language]} failed: {done.stderr.splitlines()[0]}")
        return ctypes.CDLL(str(library))  # stays open when the file is gone


def batch_mean(function: Any, theta: Sequence[float], columns: Sequence[Any], results: int) -> Run:
    """A run of void function(n, *theta, *columns, sums), sums divided by n."""
    pointer = ctypes.c_void_p
    function.argtypes = [ctypes.c_long, *[ctypes.c_double] * len(theta)]
    function.argtypes += [pointer] * (len(columns) + 1)
    function.restype = None
    n, sums = len(columns[0]), np.empty(results)
    arguments = (n, *theta, *(array.ctypes.data for array in (*columns, sums)))

    def run() -> Sequence[Any]:
        function(*arguments)
        return tuple(sums / n)

    return run
