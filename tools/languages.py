"""Every target beside the truth: value, gradient, J·v and H·v, at kinks and extremes too.

Circuits are those of the lecture, the digits network, the mixture, loops of data, an LSTM among
them, and formulas of textbooks. What a module gives in its own runtime is compared with SymPy's
truth, within what rounding allows: the bounds of certificates, which NumPy's modules keep. A
runtime that is missing is skipped by name.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import symback as sb
from symback.check.check import check_module
from symback.codegen.generate import compile_module
from symback.codegen.targets import TARGETS
from symback.errors import Unsupported
from tests.cases.formulas import FORMULAS
from tests.cases.loops import LOOPS_OF_DATA, NEIGHBOURS

ROOT = Path(__file__).resolve().parent.parent
MODELS = ("digits_network", "gaussian_mixture")
COUNT = 40
"""Formulas, from all of the table in equal steps."""


def circuits() -> Iterator[tuple[str, sb.Circuit]]:
    """The circuits by name."""
    files = [*sorted((ROOT / "examples" / "lecture").glob("*.circuit"))]
    files += [file for name in MODELS for file in (ROOT / "examples" / name).glob("*.circuit")]
    for file in files:
        yield file.stem, sb.circuit(file.read_text(encoding="utf-8"))
    yield "a recurrence", sb.circuit(LOOPS_OF_DATA["recurrent"].text)
    yield "an LSTM", sb.circuit(NEIGHBOURS["lstm"])
    readable = {name: found for name in FORMULAS if (found := _read(*FORMULAS[name])) is not None}
    names = list(readable)
    for name in names[:: max(1, len(names) // COUNT)][:COUNT]:
        yield name, readable[name]


def _read(text: str, options: dict[str, Any]) -> sb.Circuit | None:
    """The circuit of a formula; None where a name of it needs a declaration, as gamma does."""
    try:
        return sb.circuit(f"f = {text}", **options)
    except sb.SymbackError:
        return None


def compared(target: str, every: int) -> tuple[int, list[str]]:
    """How many circuits agree with the truth, and the reports of those that don't; the verdict on
    each is printed when it is known.

    Unsupported where none is compiled, as without the language's runtime.
    """
    agree, wrong, refused = 0, list[str](), 0
    row = TARGETS[target]
    functions = ("jvp", "hessp") if row.on_request else ()
    for name, circuit in list(circuits())[::every]:
        asked = functions if circuit.params and not circuit.objective.shape else functions[:1]
        try:
            module = compile_module(circuit, target, asked)
        except Unsupported as error:
            refused += 1
            wrong.append(f"{target}, {name}\n{error}")
            print(f"{target}, {name}: not compiled", flush=True)
            continue
        report = check_module(circuit, module, points=20)
        agree += report.passed
        print(f"{target}, {name}: {'agrees' if report.passed else 'DISAGREES'}", flush=True)
        if not report.passed:
            wrong.append(f"{target}, {name}\n{report}")
    if refused and refused == len(wrong) and not agree:
        raise Unsupported(wrong[0])
    return agree, wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", choices=list(TARGETS), action="append")
    parser.add_argument("--every", type=int, default=1, help="only every n-th circuit")
    asked = parser.parse_args()
    failed = False
    for target in asked.target or TARGETS:
        extra = TARGETS[target].extra
        if extra and find_spec(extra) is None:
            print(f"{target}: skipped, the package {extra} is missing", flush=True)
            continue
        try:
            agree, wrong = compared(target, asked.every)
        except Unsupported as error:
            print(f"{target}: skipped, {error}", flush=True)
            continue
        print(f"{target}: {agree} of {agree + len(wrong)} circuits agree", flush=True)
        for report in wrong:
            print(report, flush=True)
        failed = failed or bool(wrong)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
