"""docs/stable.md: what is rewritten, and to what; the functions; what is not rewritten."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import sympy as sp

import symback as sb
from symback.operations import special
from symback.operations.elementwise import OPS
from symback.operations.polynomials import horner
from symback.stable import stable
from tests.cases.one_in import one_in

PAGE = (Path(__file__).parents[2] / "docs" / "stable.md").read_text(encoding="utf-8")


def rows_of(title):
    """The cells of the tables of a section of the page, without their heads."""
    part = PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("| `")]
    return [[c.strip() for c in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


REWRITTEN = [[cell.strip("`") for cell in row] for row in rows_of("Rewritten")]
LEFT = [row[0].strip("`") for row in rows_of("Not rewritten")]


def formula(text):
    vectors = "xpuw" if re.search(r"\b(sum|mean|dot)\(|norm\(|softmax|logsumexp", text) else ""
    used = [f"{name}: input[n]\n" for name in vectors if re.search(rf"\b{name}\b", text)]
    return sb.circuit(f"{''.join(used)}f: output = {text}", loss=None)


@pytest.mark.parametrize("typed, computed", one_in(2, map(tuple, REWRITTEN)))
def test_forms_are_computed_as_the_page_says(typed, computed):
    found = stable(formula(typed))
    assert found["f"].formula == formula(computed)["f"].formula
    assert stable(found) is found
    assert stable(as_given(found))["f"].formula == found["f"].formula


def as_given(computed):
    """A circuit of what was computed as if somebody had typed it."""
    return replace(computed, rewrites=())


@pytest.mark.parametrize("typed", [row[0].strip("`") for row in rows_of("Series near 0")])
def test_forms_have_a_series_near_0(typed):
    found = stable(formula(typed))
    choice = next(p for p in sp.preorder_traversal(found["f"].formula) if p.is_Piecewise)
    assert choice.args[0].expr.has(horner) and not choice.args[1].expr.has(horner)
    assert stable(as_given(found))["f"].formula == found["f"].formula


@pytest.mark.parametrize("typed", LEFT)
def test_forms_that_are_not_rewritten(typed):
    circuit = formula(typed)
    kept = stable(circuit)["f"].formula
    assert not any(kept.has(getattr(special, name)) for name in special.__all__ if name in OPS)


def test_every_function_has_a_row():
    rows = rows_of("Functions of their own")
    named = {name for row in rows for name in re.findall(r"`(\w+)\(", row[0])}
    assert named == {name for name in special.__all__ if name in OPS}
