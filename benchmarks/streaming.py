"""Samples that are larger than the memory allowed: an epoch from disk beside one in memory.

Four columns of float64 are written to .npy files in a temporary folder, 50 million rows unless
another number is given, and removed at the end. Each way trains one epoch in a process of its own,
in turn: the command's road from the files, the same over arrays in memory, whose parameters must be
equal to the bit, and the module's own `sgd` over arrays in memory, which shuffles all rows at once.

    python -m benchmarks.streaming [ROWS] [ROUNDS]
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.alone import Stages, peak_memory, report, run_alone
from benchmarks.contest import Skip
from benchmarks.page import Table
from benchmarks.threads import VARIABLES

CIRCUIT = "f = x1 − σ(w3x3 + w4x4)"
COLUMNS = ("x1", "x3", "x4", "y")
ROWS, ROUNDS, BATCHES = 50_000_000, 3, (128, 1024)
WAYS = {
    "files": "from the files",
    "memory": "arrays in memory",
    "sgd": "arrays in memory, `module.sgd`",
}
LIMIT = 600.0  # seconds
BLOCK = 1_000_000


def write(folder: Path, rows: int) -> None:
    """The columns, block by block; y is of w3 = 1.5 and w4 = -0.7, with noise."""
    rng = np.random.default_rng(0)
    files = {name: (folder / f"{name}.npy").open("wb") for name in COLUMNS}
    for file in files.values():
        header = {"descr": "<f8", "fortran_order": False, "shape": (rows,)}
        np.lib.format.write_array_header_1_0(file, header)
    for start in range(0, rows, BLOCK):
        x1, x3, x4, noise = rng.normal(size=(4, min(BLOCK, rows - start)))
        y = x1 - 1 / (1 + np.exp(-(1.5 * x3 - 0.7 * x4))) + 0.1 * noise
        for name, column in zip(COLUMNS, (x1, x3, x4, y), strict=True):
            files[name].write(column.tobytes())
    for file in files.values():
        file.close()


def epoch(way: str, batch_size: int, folder: Path) -> None:
    """One epoch, alone in this process: its seconds, peak of memory, and what it learned."""
    import symback as sb
    from symback.training import train_from_file

    circuit = sb.circuit(CIRCUIT)
    module = circuit.compile()
    paths = [str(folder / f"{name}.npy") for name in COLUMNS]
    data: Any = paths
    if way != "files":
        data = {name: np.load(path) for name, path in zip(COLUMNS, paths, strict=True)}
    watch = Stages()
    if way == "sgd":
        params, _ = module.sgd(
            module.init_params(),
            module.Inputs(*(data[name] for name in module.Inputs._fields)),
            learning_rate=0.1,
            batch_size=batch_size,
            rng=np.random.default_rng(0),
        )
    else:
        run = {"epochs": 1, "validation": 0, "quiet": True}
        params = train_from_file(circuit, data, batch_size=batch_size, **run).params
    watch("epoch")
    report(watch, peak_memory(), {name: float(value) for name, value in params._asdict().items()})


def main(rows: int, rounds: int) -> None:
    lines = []
    os.environ.update(dict.fromkeys(VARIABLES, "1"))  # of the processes that are timed
    with TemporaryDirectory() as folder:
        write(Path(folder), rows)
        for b in BATCHES:
            seconds: dict[str, list[float]] = {way: [] for way in WAYS}
            peaks: dict[str, int] = {}
            learned: dict[str, dict[str, float]] = {}
            for _ in range(rounds):
                for way in WAYS:
                    found = run_alone("benchmarks.streaming", [way, b, folder], LIMIT)
                    if isinstance(found, Skip):
                        raise SystemExit(f"{way}: {found}")
                    learned.setdefault(way, found.found)
                    seconds[way].append(found.total)
                    peaks[way] = max(peaks.get(way, 0), found.peak or 0)
            if learned["files"] != learned["memory"]:
                raise SystemExit(f"files and memory differ: {learned}")
            for way, title in WAYS.items():
                ratios = [a / c for a, c in zip(seconds["memory"], seconds[way], strict=True)]
                took = median(seconds[way])
                lines.append(
                    (
                        str(b),
                        title,
                        f"{took:.1f} s",
                        f"{rows / took / 1e6:.2f} M",
                        f"{median(ratios):.2f}",
                        f"{peaks[way] / 1e6:,.0f} MB",
                    )
                )
    head = ("b", "rows", "an epoch", "rows a second", "rate, of memory's", "peak memory")
    print(f"{rows:,} rows × {len(COLUMNS)} columns, {rows * 8 * len(COLUMNS) / 1e9:.1f} GB")
    print(Table(head, tuple(lines)))


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] in WAYS:
        epoch(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
    else:
        given = [int(float(text)) for text in sys.argv[1:]]
        main(*(given + [ROWS, ROUNDS][len(given) :]))
