"""What rows of operations state beside derivatives: singular ones, rounding, companions, kinks."""

import pytest
import sympy as sp
from flint import arb

from symback.codegen.numpy.statements import TOGETHER
from symback.operations.arrays import ARRAY_FUNCTIONS
from symback.operations.balls.functions import Undecided
from symback.operations.balls.scalars import LARGEST_FLOAT, evaluate, precision
from symback.operations.elementwise import EXACT, OPS, elementary
from symback.operations.expressions import real_symbol
from symback.operations.properties import companion, has_kink
from tests.cases.elementwise import CASES

EVERYWHERE = (-800, -2, -1, -0.5, 0, 0.5, 1, 1.5, 800)
LETTERS = "xyzw"


def symbols_of(op):
    """Its operands: those that are given as numbers, then names."""
    numbers = map(sp.Integer, CASES[op.name].points[0][: op.given])
    return [*numbers, *(real_symbol(s) for s in LETTERS[op.given : op.arity[0]])]


def finite(op, at):
    """Whether value and partials are numbers that float64 can hold, all operands being `at`."""
    operands = symbols_of(op)
    applied = op.head(*operands)
    with precision(200):
        values = {s: arb(float(at)) for s in operands[op.given :]}
        for expr in (applied, *op.local_partials(applied, *operands)):
            try:
                value = evaluate(elementary(expr), dict(values))
            except Undecided:
                return False
            if not (value.is_finite() and abs(value) < LARGEST_FLOAT):
                return False
    return True


SMOOTH = [name for name, op in OPS.items() if not op.kink and name != "sqrt"]  # which is a power


POLES = {"tan", "tanmx", "tanc", "bateman", "horner", "besselj"}
"""Between floats, in a third operand, or of half orders alone."""


@pytest.mark.parametrize("name", SMOOTH)
def test_a_row_says_where_it_is_not_finite_everywhere(name):
    everywhere = all(finite(OPS[name], at) for at in EVERYWHERE)
    assert OPS[name].singular == (not everywhere or name in POLES)


@pytest.mark.parametrize("name", OPS)
def test_what_never_rounds_has_floats_as_values(name):
    op = OPS[name]
    meaning = elementary(op.head(*symbols_of(op)))
    found = []
    for at in CASES[name].points:
        places = dict(zip(symbols_of(op), map(sp.Rational, at), strict=True))
        exact = meaning.xreplace(places)
        found.append(exact.is_Rational and sp.Rational(float(exact)) == exact)
    assert all(found) == op.exact
    assert (op.head in EXACT) == op.exact


def test_every_operation_has_a_meaning_in_balls():
    for name, op in OPS.items():
        assert op.meaning or op.enclosure or name == "sqrt", name


def test_every_companion_has_a_kernel():
    x, t = real_symbol("x"), real_symbol("t")
    of_numbers = [op.head for op in OPS.values() if op.slope]
    one_or_two = [h for h in ARRAY_FUNCTIONS if h.arrays in (1, 2)]
    of_arrays = [h for h in one_or_two if companion(h(*(x, t)[: h.arrays])) is not None]
    assert of_numbers and of_arrays
    assert set(TOGETHER) == {*of_numbers, *of_arrays}


def test_kinks_are_found_inside_formulas():
    x, y = real_symbol("x"), real_symbol("y")
    kinked = [op.head(*symbols_of(op)) for op in OPS.values() if op.kink]
    kinked += [head(x) for head in ARRAY_FUNCTIONS if head.kink]
    assert len(kinked) > 5
    for part in (*kinked, sp.Piecewise((x, x > y), (y, True))):
        assert has_kink(1 + sp.exp(part))
    assert not has_kink(sp.exp(x * y))
