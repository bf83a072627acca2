"""How many errors, planted in the tables that hold the mathematics, are found.

    python -m tools.mutation                 all mutants of the files whose equivalents are listed
    python -m tools.mutation --every 20      a sample
    python -m tools.mutation --only symback/operations/vjp.py
    python -m tools.mutation --every-file --log verdicts.jsonl     all files; stop it at will

With a log, a run goes on where the one before it stopped: a verdict counts again as long as nothing
that was judged, and nothing that judges, has changed by a byte.

It prints a table by file and every survivor that `equivalents.txt` does not explain; the exit code
is 1 where there is one, or where the battery fails without a mutant.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from tools.mutation.equivalents import EQUIVALENTS, Equivalent
from tools.mutation.log import Log, digest
from tools.mutation.places import FILES, PLACES
from tools.mutation.planting import Mutant, mutants
from tools.mutation.run import ROOT, Judges, Verdict

HERE = Path(__file__).parent
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
    parser.add_argument("--every-file", action="store_true", help="those on request as well")
    parser.add_argument(
        "--log", type=Path, help="read verdicts from there, and add every new one, a JSON line each"
    )
    options = parser.parse_args(arguments)
    rows: dict[str, Counter[str]] = {}
    survivors: list[Mutant] = []
    broken: list[str] = []
    start = time.perf_counter()
    with (
        tempfile.TemporaryDirectory() as scratch,
        Judges(Path(scratch), options.jobs, options.root) as judges,
    ):
        log = Log(options.log, digest(judges.frozen, HERE) if options.log else "")
        for file in options.only or (PLACES if options.every_file else FILES):
            found = [m for m in mutants(file, judges.text(file), PLACES[file])]
            if options.place:
                found = [m for m in found if options.place in m.place]
            found = found[:: options.every]
            begun = time.perf_counter()
            print(f"{file}: {len(found)} mutants", file=sys.stderr, flush=True)
            rows[file] = Counter()
            for verdict in judged(found, judges, log, broken):
                kind = enter(verdict, rows[file])
                if kind == "survived":
                    survivors.append(verdict.mutant)
                    print(f"  SURVIVED {verdict.mutant}", file=sys.stderr, flush=True)
            rows[file]["seconds"] = round(time.perf_counter() - begun)
    print(table(rows))
    print(f"\n{time.perf_counter() - start:.0f} s with {options.jobs} processes")
    for mutant in survivors:
        print(f"survived: {mutant}")
    return 1 if survivors or broken else 0


def judged(
    found: Sequence[Mutant], judges: Judges, log: Log, broken: list[str]
) -> Iterator[Verdict]:
    """The verdicts that the log knows, then those on the others, which it is given.

    Cases that fail without a mutant are added to `broken`; then the log is given none.
    """
    known = {mutant: log.find(mutant) for mutant in found}
    yield from (verdict for verdict in known.values() if verdict)
    others = [mutant for mutant, verdict in known.items() if verdict is None]
    print(f"  {len(found) - len(others)} are known", file=sys.stderr, flush=True)
    if not others:
        return
    begun = time.perf_counter()
    failed = judges.load(others[0].file)
    broken += failed
    for case in failed:
        print(f"  FAILS WITHOUT A MUTANT: {case}", file=sys.stderr, flush=True)
    seconds = time.perf_counter() - begun
    print(f"  its battery takes {seconds:.0f} s", file=sys.stderr, flush=True)
    for verdict in judges.judge(others):
        if not failed:
            log.add(verdict, kind_of(verdict))
        yield verdict


def kind_of(verdict: Verdict) -> str:
    """What a verdict says, beside the explanations."""
    explained = Equivalent.of(verdict.mutant) in EQUIVALENTS
    if verdict.killer:
        return "not equivalent" if explained else "killed"
    return "equivalent" if explained else "survived"


def enter(verdict: Verdict, row: Counter[str]) -> str:
    """Count a verdict; what it is."""
    kind = kind_of(verdict)
    row["mutants"] += 1
    row[kind] += 1
    row["crashed"] += bool(verdict.killer) and not verdict.reason.startswith(WRONG_RESULT)
    return kind


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
