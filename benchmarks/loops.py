"""The loops of C, Rust and JavaScript modules in turn: mean loss and gradient of the neuron.

    python -m benchmarks.loops

Each is compiled as its module says, C also without vector instructions. Results are compared first;
a time is the median of CPU times, which other processes disturb least, a ratio that over C's. What
has no gcc, rustc or Node is skipped by name.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import symback as sb
from symback.codegen.generate import render_files

NEURON = "f = x1 - sigma(w3*x3 + w4*x4)"
C = ("-std=c99", "-O3", "-fno-math-errno", "-ffp-contract=off", "-shared", "-fPIC")
FAST = ("-march=native", "-fopenmp-simd", "-fno-trapping-math", "-fno-thread-jumps")
RUST = ("--edition=2021", "-Copt-level=3", "-Ctarget-cpu=native", "--crate-type=cdylib")
LIBRARY = """
#![allow(dead_code)]
mod neuron;
use neuron::*;

#[no_mangle]
pub unsafe extern "C" fn run(n: usize, w: &Params, at: &[*const f64; 4], g: &mut Params) -> f64 {
    let [x1, x3, x4, y] = at.map(|column| std::slice::from_raw_parts(column, n));
    value_and_grad(w, &Inputs { x1, x3, x4, y }, g).unwrap()
}
"""
PROGRAM = """
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import * as m from "./neuron.mjs";
const all = new Float64Array(readFileSync("columns").buffer);
const n = all.length / 4;
const [x1, x3, x4, y] = [0, 1, 2, 3].map((k) => all.slice(k * n, (k + 1) * n));
const params = { w3: 2, w4: 0.8 };
for await (const _ of createInterface({ input: process.stdin })) {
  const start = process.cpuUsage();
  const { value, gradient } = m.valueAndGradient(params, { x1, x3, x4, y });
  const { user, system } = process.cpuUsage(start);
  console.log(JSON.stringify([(user + system) / 1e6, value, gradient.w3, gradient.w4]));
}
"""

Run = Callable[[], tuple[float, list[float]]]
"""Gives the seconds of one run, and the mean loss with its gradient."""


def written(folder: Path, target: str) -> None:
    for end, text in render_files(sb.circuit(NEURON), target=target, stem="neuron").items():
        (folder / f"neuron{end}").write_text(text, encoding="utf-8")


def built(folder: Path, *command: str) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def called(function: Any, arguments: Callable[[Any], tuple[Any, ...]]) -> Run:
    """A run of a function of a library that takes memory for a gradient."""
    function.restype, gradient = ctypes.c_double, (ctypes.c_double * 2)()
    given = arguments(gradient)

    def run() -> tuple[float, list[float]]:
        start = time.process_time()
        value = function(*given)
        return time.process_time() - start, [value, *gradient]

    return run


def runs(folder: Path, columns: np.ndarray[Any, Any]) -> Iterator[tuple[str, Run]]:
    """What runs here, by name; C is the first."""
    n, params = ctypes.c_size_t(columns.shape[1]), (ctypes.c_double * 2)(2.0, 0.8)
    pointers = (ctypes.c_void_p * 4)(*(column.ctypes.data for column in columns))
    written(folder, "c")
    for name, flags in (("C", (*C, *FAST)), ("C without vectors", C)):
        built(folder, "gcc", *flags, "neuron.c", "-o", f"{name}.so", "-lm")
        library = ctypes.CDLL(str(folder / f"{name}.so"))
        yield name, called(library.neuron_value_and_grad, lambda g: (params, pointers, n, g))
    if shutil.which("rustc"):
        written(folder, "rust")
        (folder / "run.rs").write_text(LIBRARY, encoding="utf-8")
        built(folder, "rustc", *RUST, "-o", "rust.so", "run.rs")
        library = ctypes.CDLL(str(folder / "rust.so"))
        yield "Rust", called(library.run, lambda g: (n, params, pointers, g))
    else:
        print("Rust: skipped, rustc is missing")
    if shutil.which("node"):
        written(folder, "javascript")
        (folder / "run.mjs").write_text(PROGRAM, encoding="utf-8")
        (folder / "columns").write_bytes(columns.tobytes())
        yield "JavaScript", in_node(folder)
    else:
        print("JavaScript: skipped, Node is missing")


def in_node(folder: Path) -> Run:
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        ["node", "run.mjs"], cwd=folder, stdin=pipe, stdout=pipe, text=True, bufsize=1
    )

    def run() -> tuple[float, list[float]]:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write("\n")
        seconds, *found = json.loads(process.stdout.readline())
        return seconds, found

    return run


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10**6)
    parser.add_argument("--turns", type=int, default=60)
    asked = parser.parse_args()
    if not shutil.which("gcc"):
        print("skipped, gcc is missing")
        return 0
    columns = np.random.default_rng(0).normal(size=(4, asked.rows))
    with tempfile.TemporaryDirectory() as name:
        found = dict(runs(Path(name), columns))
        _, right = found["C"]()
        for other, run in found.items():
            np.testing.assert_allclose(run()[1], right, rtol=1e-12, err_msg=other)
        times: dict[str, list[float]] = {name: [] for name in found}
        for _ in range(asked.turns):
            for other, run in found.items():
                times[other].append(run()[0])
    of_c = statistics.median(times["C"])
    for other, seconds in times.items():
        middle = statistics.median(seconds)
        print(f"{other}: {1e3 * middle:.2f} ms, {middle / of_c:.2f} of C", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
