"""How many errors, planted in the tables that hold the mathematics, are found.

    python -m tools.mutation                 all mutants of the files whose equivalents are listed
    python -m tools.mutation --every 20      a sample
    python -m tools.mutation --only symback/operations/vjp.py

It prints a table by file and every survivor that `equivalents.txt` does not explain; the exit code
is 1 where there is one, or where the battery fails without a mutant.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tools.mutation.equivalents import EQUIVALENTS, Equivalent
from tools.mutation.places import FILES, PLACES
from tools.mutation.planting import Mutant, mutants
from tools.mutation.run import ROOT, Judges, Verdict

WRONG_RESULT = ("AssertionError", "Failed", "StepRefused", "RewriteRefused")
"""The errors that show a wrong result; a mutant that ends in another error is killed by that."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.mutation", description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="judge each N-th mutant only")
    parser.add_argument(
        "--only", action="append", choices=PLACES, metavar="FILE", help="a file; may be repeated"
    )
    parser.add_argument("--place", help="only places that contain this text")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--root", type=Path, default=ROOT, help="a checkout to judge")
    parser.add_argument("--log", type=Path, help="write every verdict there, a JSON line each")
    options = parser.parse_args(arguments)
    log = options.log.open("w") if options.log else None
    rows: dict[str, Counter[str]] = {}
    survivors: list[Mutant] = []
    broken: list[str] = []
    start = time.perf_counter()
    with (
        tempfile.TemporaryDirectory() as scratch,
        Judges(Path(scratch), options.jobs, options.root) as judges,
    ):
        for file in options.only or FILES:
            found = [m for m in mutants(file, judges.text(file), PLACES[file])]
            if options.place:
                found = [m for m in found if options.place in m.place]
            found = found[:: options.every]
            begun = time.perf_counter()
            print(f"{file}: {len(found)} mutants", file=sys.stderr, flush=True)
            for failed in judges.load(file):
                broken.append(failed)
                print(f"  FAILS WITHOUT A MUTANT: {failed}", file=sys.stderr, flush=True)
            seconds = time.perf_counter() - begun
            print(f"  its battery takes {seconds:.0f} s", file=sys.stderr, flush=True)
            rows[file] = Counter()
            for verdict in judges.judge(found):
                kind = enter(verdict, rows[file])
                if kind == "survived":
                    survivors.append(verdict.mutant)
                    print(f"  SURVIVED {verdict.mutant}", file=sys.stderr, flush=True)
                if log:
                    log.write(json.dumps(entry(verdict, kind), ensure_ascii=False) + "\n")
                    log.flush()
            rows[file]["seconds"] = round(time.perf_counter() - begun)
    print(table(rows))
    print(f"\n{time.perf_counter() - start:.0f} s with {options.jobs} processes")
    for mutant in survivors:
        print(f"survived: {mutant}")
    return 1 if survivors or broken else 0


def enter(verdict: Verdict, row: Counter[str]) -> str:
    """Count a verdict; what it is."""
    explained = Equivalent.of(verdict.mutant) in EQUIVALENTS
    if verdict.killer:
        kind = "not equivalent" if explained else "killed"
    else:
        kind = "equivalent" if explained else "survived"
    row["mutants"] += 1
    row[kind] += 1
    row["crashed"] += bool(verdict.killer) and not verdict.reason.startswith(WRONG_RESULT)
    return kind


def entry(verdict: Verdict, kind: str) -> dict[str, object]:
    m = verdict.mutant
    return {
        "file": m.file,
        "place": m.place,
        "kind": m.kind,
        "old": m.old,
        "new": m.new,
        "line": m.line,
        "nth": m.nth,
        "verdict": kind,
        "killer": verdict.killer,
        "reason": verdict.reason,
        "seconds": round(verdict.seconds, 2),
    }


def table(rows: dict[str, Counter[str]]) -> str:
    """Markdown: a line for each file."""
    lines = [
        "| file | mutants | killed | of these by an error | mean the same | survived "
        "| killed of those that differ | s |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    total: Counter[str] = sum(rows.values(), Counter())
    for file, row in [*rows.items(), ("all", total)]:
        differ = row["mutants"] - row["equivalent"]
        killed = row["killed"] + row["not equivalent"]
        share = f"{100 * killed / differ:.2f} %" if differ else "–"
        cells = (row["mutants"], killed, row["crashed"], row["equivalent"], row["survived"])
        lines.append(f"| {file} | {' | '.join(map(str, cells))} | {share} | {row['seconds']} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
