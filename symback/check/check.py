"""A generated module against SymPy: every value and partial, at points of many magnitudes.

The truth comes from `symback.truth.reference`; the error allowed at a point is what rounding can do
there (`symback.truth.rounding`). So a wrong sign, a swapped operand, a constant off by 1e-9 or a
float32 on the way is an error, and an ill-conditioned point is not.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from symback.check.comparison import compared
from symback.check.derivatives import left_out
from symback.check.digits import lost_digits
from symback.check.report import FEWEST_POINTS, MOST_POINTS, POINTS, CheckRow, Report
from symback.circuits.arguments import checked
from symback.circuits.circuit import Circuit
from symback.circuits.loops import loops_written_out
from symback.codegen.generate import compile_module
from symback.codegen.loading import read_module
from symback.codegen.runtimes import in_numpys_terms
from symback.errors import CheckFailed
from symback.language.parse import circuit as parse
from symback.printing.circuit_text import stated_sentences
from symback.stable.rewrite import Rewrite, rewritten
from symback.truth.oracle import Oracle


def check_circuit(
    circuit: Circuit,
    *,
    points: int = POINTS,
    seed: int = 0,
    functions: str | Iterable[str] = (),
) -> Report:
    """Generate the circuit's module in memory, with functions on request, and check it."""
    oracle = Oracle(circuit)
    module = compile_module(circuit, functions=functions)
    report = check_module(circuit, module, points=points, seed=seed, oracle=oracle)
    return with_typed(report, circuit, oracle)


@checked(CheckFailed)
def check_module(
    circuit: Circuit,
    module: ModuleType,
    *,
    points: int = POINTS,
    seed: int = 0,
    name: str = "",
    oracle: Oracle | None = None,
) -> Report:
    """Check a module against SymPy's evaluation of the circuit.

    At `points` points (at least 20): forward, backward and value_and_grad sample by sample and
    as a batch, whole and in blocks, sgd step by step, ravel, unravel, objective and the initial
    values; of the functions on request Jacobians, Hessians and products with them; for arrays,
    once all that is right, adjoints at large sizes. An `oracle` of the circuit keeps its truths,
    for who checks many modules of one circuit.
    """
    for option, given in (("points", points), ("seed", seed)):
        if given < 0:
            raise CheckFailed(f"{option} is {given}; it must be a whole number ≥ 0")
    if points > MOST_POINTS:
        raise CheckFailed(f"a check takes at most {MOST_POINTS} points")
    if points < FEWEST_POINTS:
        raise CheckFailed(f"{points} points are too few; ask for {FEWEST_POINTS} or more")
    oracle, module = oracle or Oracle(circuit), in_numpys_terms(module)
    report = compared(oracle, module, points, seed, name or f"the module of {circuit.output.name}")
    remarks = (*report.remarks, *stated_sentences(circuit))
    report = replace(report, remarks=remarks, left_out=left_out(circuit, module))
    return replace(report, loses_digits=lost_digits(report, oracle)) if report.passed else report


@checked(CheckFailed)
def check_file(path: str | os.PathLike[str], *, points: int = POINTS, seed: int = 0) -> Report:
    """Check a generated file against the circuit that its SOURCE states.

    Raises FileRefused where it is not a generated module.
    """
    file = Path(path)
    source, module, unchanged = read_module(file)
    circuit = parse(source)
    oracle = Oracle(circuit)
    report = check_module(circuit, module, points=points, seed=seed, name=file.name, oracle=oracle)
    report = with_typed(report, circuit, oracle)
    if unchanged:
        return report
    return replace(report, remarks=(*report.remarks, "the file was edited since it was generated"))


def with_typed(report: Report, circuit: Circuit, oracle: Oracle) -> Report:
    """The report, with a remark on what the errors would be had no formula been rewritten."""
    changed, unproven = rewritten(loops_written_out(circuit))
    rewrites = changed.rewrites
    report = replace(report, remarks=(*report.remarks, *map(_left_as_typed, unproven)))
    if not rewrites:
        return report
    module = compile_module(circuit.as_typed())
    typed = compared(oracle, module, report.asked, report.seed, report.name)
    now = {row.quantity: row.worst_ulp for row in report.rows}
    both = [(r.worst_ulp, now[r.quantity], r.quantity) for r in typed.rows if r.quantity in now]
    before, after, quantity = max(both, key=lambda e: (e[0] / max(e[1], 1.0), -e[1], e[2]))
    typed_error = f"would be {before:.3g} ULP" if math.isfinite(before) else "would not be finite"
    rules = ", ".join(dict.fromkeys(f"{r.node} by the rule {r.rule}" for r in rewrites[:3]))
    more = ", …" if len(rewrites) > 3 else ""
    remark = f"rewritten: {rules}{more}; as typed {quantity} {typed_error}, it is {after:.3g} ULP"
    return replace(report, remarks=(*report.remarks, remark))


def _left_as_typed(rewrite: Rewrite) -> str:
    return (
        f"left as typed: {rewrite.node}; no proof was found that {rewrite.rule} is equal to it "
        "wherever it is defined"
    )


__all__ = ["CheckRow", "Report", "check_circuit", "check_file", "check_module", "with_typed"]
