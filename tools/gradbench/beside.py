"""Run GradBench's evals on symback's tool, and time other tools of a checkout on the same messages.

    python -m tools.gradbench.beside CHECKOUT [--eval gmm] [--tool manual] [--rounds 5] [-o PAGE]

CHECKOUT is one of github.com/gradbench/gradbench whose `tools/manual` can be built (`make -C cpp`
there fetches its JSON library): the evals judge by it. `--python` names an interpreter with the
packages of the evals and of the JAX and PyTorch tools (pydantic, dataclasses-json, numpy, scipy,
jax, torch). Every message that asks for a value goes to all tools in turn, in a new order each
round, on one core; a ratio is the median over the rounds of symback's time to that of the tool.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
OURS = "symback"
TOOLS = ("manual", "jax", "pytorch")
QUICK = ("--min-runs", "5", "--min-seconds", "0.1")
EVALS = {
    "hello": (),
    "det": ("-l", "5", "8"),
    "gmm": ("-d", "2", "10", "-k", "5", "25"),
    "ba": ("--max", "2"),
    "lstm": ("-l", "2", "4", "-c", "1024"),
    "kmeans": ("-k", "10", "100", "-n", "1000", "-d", "8"),
    "llsq": ("-n", "256", "4096"),
    "lse": ("-n", "10000", "320000"),
    "ode": ("-n", "1000", "10000", "-s", "1", "10"),
}
"""Some of each eval's sizes."""
WAITING = """
import runpy, sys
from pathlib import Path
import jax
from gradbench import wrap
runs = wrap.multiple_runs
wrap.multiple_runs = lambda **k: lambda f: runs(**k)(lambda x: jax.block_until_ready(f(x)))
sys.argv = sys.argv[1:]
sys.path.insert(0, str(Path(sys.argv[0]).parent))
runpy.run_path(sys.argv[0], run_name="__main__")
"""
"""GradBench's JAX tool with its results: by itself it times that they were asked for."""


class Row(NamedTuple):
    """One message, whether the eval found the answer right, and the times of the tools."""

    what: str
    valid: bool
    seconds: dict[str, float]
    ratios: dict[str, float]


class Process:
    """A process that answers a line with a line."""

    def __init__(self, command: Sequence[str], folder: Path, paths: Sequence[Path]) -> None:
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, paths))}
        environment |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self.running = subprocess.Popen(
            command, cwd=folder, env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def read(self) -> dict[str, Any] | None:
        assert self.running.stdout is not None
        line = self.running.stdout.readline()
        return json.loads(line) if line else None

    def write(self, message: dict[str, Any]) -> None:
        assert self.running.stdin is not None
        print(json.dumps(message), file=self.running.stdin, flush=True)

    def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        self.write(message)
        answer = self.read()
        if answer is None:
            raise SystemExit(f"{self.running.args} ended at {message!s:.200}")
        return answer

    def close(self) -> None:
        assert self.running.stdin is not None
        self.running.stdin.close()
        self.running.wait()


@contextmanager
def started(name: str, checkout: Path, python: str) -> Iterator[Process]:
    """A tool, or an eval with its arguments."""
    package = checkout / "python" / "gradbench"
    scripts = package / "gradbench"
    if name == OURS:
        process = Process([sys.executable, "-m", "tools.gradbench"], ROOT, [ROOT])
    elif name == "manual":
        process = Process([python, str(scripts / "cpp.py"), name], checkout, [package])
    elif name == "jax":
        script = str(scripts / "tools" / name / "run.py")
        process = Process([python, "-c", WAITING, script], checkout, [package])
    elif name in TOOLS:
        process = Process([python, str(scripts / "tools" / name / "run.py")], checkout, [package])
    else:
        script = str(scripts / "evals" / name / "run.py")
        options = EVALS[name] + (() if name == "hello" else QUICK)
        process = Process([python, script, *options], checkout, [package])
    try:
        yield process
    finally:
        process.close()


def run(name: str, checkout: Path, python: str, tools: Sequence[str], rounds: int) -> list[Row]:
    """All messages of one eval."""
    rows: list[Row] = []
    with ExitStack() as stack:
        asker = stack.enter_context(started(name, checkout, python))
        processes = {t: stack.enter_context(started(t, checkout, python)) for t in (OURS, *tools)}
        while (message := asker.read()) is not None:
            kind = message["kind"]
            if kind == "evaluate":
                answer, seconds = _timed(message, processes, rounds)
                rows.append(_row(message, seconds))
            else:
                answers = {t: p.ask(message) for t, p in processes.items()}
                answer = answers[OURS]
                if kind == "define":
                    lacking = [t for t in tools if not answers[t]["success"]]
                    processes = {t: p for t, p in processes.items() if t not in lacking}
                if kind == "analysis":
                    rows[-1] = rows[-1]._replace(valid=message["valid"])
                    if not message["valid"]:
                        print(f"{rows[-1].what}: {message['error']:.500}", file=sys.stderr)
            asker.write(answer)
    return rows


def _timed(
    message: dict[str, Any], processes: dict[str, Process], rounds: int
) -> tuple[dict[str, Any], dict[str, list[float]]]:
    """Our answer, and the seconds of each tool in each round."""
    seconds: dict[str, list[float]] = {name: [] for name in processes}
    names = list(processes)
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            found = processes[name].ask(message)
            if name == OURS:
                answer = found
            if found["success"]:
                spent = [
                    t["nanoseconds"] for t in found["timings"] or [] if t["name"] == "evaluate"
                ]
                seconds[name].append(float(np.median(spent)) / 1e9 if spent else np.nan)
            elif name == OURS:
                raise SystemExit(f"{message['module']}: {found['error']}")
    return answer, {name: found for name, found in seconds.items() if len(found) == rounds}


def _row(message: dict[str, Any], seconds: dict[str, list[float]]) -> Row:
    what = " ".join([message["module"], message["function"], message.get("description", "")])
    ours = np.array(seconds[OURS])
    ratios = {n: float(np.median(ours / found)) for n, found in seconds.items() if n != OURS}
    return Row(what, False, {n: float(np.median(found)) for n, found in seconds.items()}, ratios)


def page(rows: Sequence[Row], tools: Sequence[str]) -> str:
    """The figures as a table of Markdown."""
    lines = [
        f"| eval | right | symback, C | {' | '.join(tools)} |",
        f"| --- | --- | --- |{' --- |' * len(tools)}",
    ]
    for row in rows:
        cells = [_cell(row, tool) for tool in tools]
        ours = f"{row.seconds[OURS] * 1e3:.3g} ms"
        lines.append(
            f"| {row.what} | {'yes' if row.valid else 'no'} | {ours} | {' | '.join(cells)} |"
        )
    return "\n".join(lines)


def _cell(row: Row, tool: str) -> str:
    if tool not in row.ratios:
        return "–"
    return f"{row.seconds[tool] * 1e3:.3g} ms ({row.ratios[tool]:.2f})"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.gradbench.beside", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--eval", action="append", choices=EVALS, dest="evals")
    parser.add_argument("--tool", action="append", choices=TOOLS, dest="tools")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {0})  # the core that GradBench's JAX tool takes
    tools, rows = given.tools or list(TOOLS), []
    for name in given.evals or EVALS:
        rows += run(name, given.checkout.resolve(), given.python, tools, given.rounds)
    print(page(rows, tools))
    return 0 if all(row.valid for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
