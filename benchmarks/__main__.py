"""Run the works that are named, or all of them and write docs/speed.md.

python -m benchmarks [WORK …] [--threads N] [--quick] [-o FILE.md]
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from benchmarks import threads

NAMES = (
    *("neuron", "formulas", "jacobians", "hessians", "steps", "digits", "mixture"),
    *("gmm", "lstm", "product", "growth", "cold-start", "limits"),
)
PAGE = Path(__file__).parent.parent / "docs" / "speed.md"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Time symback and its peers on the same works, in turn.",
    )
    parser.add_argument("works", nargs="*", metavar="WORK", help=f"of {', '.join(NAMES)}")
    parser.add_argument("--threads", type=int, default=1, help="of every system, 1 unless told")
    parser.add_argument("--quick", action="store_true", help="small sizes and few rounds")
    parser.add_argument("-o", dest="page", type=Path, help="where to write the page")
    found = parser.parse_args()
    if unknown := sorted({*found.works} - {*NAMES}):
        parser.error(f"no work {unknown[0]!r}; there are {', '.join(NAMES)}")
    if found.page is None and not found.works and not found.quick:
        found.page = PAGE
    return found


def main() -> int:
    chosen = arguments()
    threads.limit(chosen.threads)
    # these import NumPy, which reads the number of threads once
    from benchmarks.contest import QUICK, Disagreement, Effort
    from benchmarks.page import Plot, write
    from benchmarks.works import WORKS, Settings

    assert tuple(WORKS) == NAMES
    settings = Settings(QUICK if chosen.quick else Effort(), chosen.quick)
    sections = []
    for name in chosen.works or NAMES:
        start = time.perf_counter()
        try:
            section = WORKS[name].section(name, settings)
        except Disagreement as error:
            print(f"{name}: {error}", file=sys.stderr)
            return 1
        sections.append(section)
        print(f"\n## {section.title}\n")
        print("\n\n".join(str(part) for part in section.parts if not isinstance(part, Plot)))
        print(f"\n({name}: {time.perf_counter() - start:.0f} s)", flush=True)
    if chosen.page:
        command = "python -m benchmarks" + f" --threads {chosen.threads}" * (chosen.threads != 1)
        write(sections, chosen.page, command, chosen.threads)
    return 0


if __name__ == "__main__":
    sys.exit(main())
