"""A check is bounded by the work that it does: points, and steps in balls by their precision."""

from pathlib import Path

import flint
import pytest

import symback as sb
from symback.operations.balls import scalars
from tests.cases import array_cases, elementwise
from tests.cases.one_in import one_in

ROOT = Path(__file__).parents[2]
MOST_POINTS = 200
MOST_BITS = 1.2e9  # of all results of steps in balls: some ten seconds
CIRCUITS = {
    **{str(f.relative_to(ROOT)): f.read_text() for f in sorted(ROOT.glob("examples/*/*.circuit"))},
    **{f"function {name}": case.circuit for name, case in elementwise.CASES.items()},
    **{f"array {case.name}": case.text for case in array_cases.CASES},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", one_in(4, [*CIRCUITS]))
def test_the_work_of_a_check_is_bounded(name, monkeypatch):
    found_by, bits = scalars.steps_of, 0

    def counted(expr):
        nonlocal bits
        steps = found_by(expr)
        bits += len(steps) * flint.ctx.prec
        return steps

    monkeypatch.setattr(scalars, "steps_of", counted)
    report = sb.circuit(CIRCUITS[name]).check()
    assert report.passed and report.points <= MOST_POINTS
    assert 0 < bits < MOST_BITS
