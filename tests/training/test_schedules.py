"""Schedules: their values against their formulas in SymPy at 50 digits, and their refusals."""

from __future__ import annotations

import random
from dataclasses import FrozenInstanceError, fields

import pytest
import sympy as sp

import symback as sb
from symback.errors import TrainingError
from symback.training.schedules import RULES, SETTINGS, Schedule

DIGITS = 50
GIVEN = {
    "constant": {},
    "step": {"decay": 0.7, "period": 13},
    "cosine": {"steps": 1000, "eta_min": 1e-4},
    "inverse": {"decay": 0.03},
}
CASES = [
    Schedule(name, eta, **given, warmup=warmup)
    for name, given in GIVEN.items()
    for eta in (0.1, 3e-4)
    for warmup in (0, 7)
] + [Schedule("cosine", 0.3, steps=steps) for steps in (1, 2, 999_983)]


def formula_of(schedule):
    """The right-hand side in SymPy; whole periods are SymPy's floor."""
    text, _, where = schedule.formula.partition(", k = ")
    formula = sb.circuit(f"{text}\nloss: none").output.expr
    if not where:
        return formula
    assert where.startswith("floor(") and where.endswith(")")
    inner = sb.circuit(f"k = {where[6:-1]}\nloss: none").output.expr
    return formula.xreplace({sp.Symbol("k", real=True): sp.floor(inner)})


def exact(schedule, formula, t):
    """The formula's value, every setting the float that it is."""
    at = {sp.Symbol(f.name, real=True): getattr(schedule, f.name) for f in fields(schedule)[1:]}
    at = {s: number(v) for s, v in at.items() if v is not None}
    return formula.xreplace({**at, sp.Symbol("t", real=True): sp.Integer(t)}).evalf(DIGITS)


def number(value):
    """The same number: counts exactly, floats with more digits than they have."""
    return sp.Integer(value) if isinstance(value, int) else sp.Float(value, DIGITS + 10)


def steps_of(schedule):
    rng = random.Random(3)
    ends = [0, 1, 6, 7, 8, 12, 13, 14, 500, 998, 999, 1000, 1001, 10**6, 2**53]
    return [*ends, *(rng.randrange(2000) for _ in range(12))]


@pytest.mark.parametrize("schedule", CASES, ids=str)
def test_values_are_those_of_the_formula(schedule):
    formula = formula_of(schedule)
    assert steps_of(schedule)
    for t in steps_of(schedule):
        value, wanted = schedule(t), exact(schedule, formula, t)
        assert type(value) is float and schedule(t) == value
        if abs(wanted) < 1e-290:  # where float64 has fewer digits
            assert value < 2e-290
        else:
            assert abs(sp.Rational(value) - wanted) <= sp.Float("1e-15", DIGITS) * wanted


def test_the_end_of_a_cosine_keeps_its_digits():
    """There 1 + cos(π·t/T) as typed would have lost ten of them."""
    schedule = Schedule("cosine", 1.0, steps=10**5)
    wanted = exact(schedule, formula_of(schedule), 10**5 - 1)
    assert abs(sp.Rational(schedule(10**5 - 1)) / wanted - 1) < 1e-15
    assert schedule(10**5) == schedule(10**6) == 0.0
    assert Schedule("cosine", 1.0, steps=5, eta_min=0.25)(5) == 0.25


def test_a_warm_up_rises_in_a_line_and_then_the_rule_begins():
    plain, warmed = (
        Schedule("inverse", 0.5, decay=0.1),
        Schedule("inverse", 0.5, decay=0.1, warmup=4),
    )
    assert [warmed(t) for t in range(4)] == [0.125, 0.25, 0.375, 0.5]
    assert [warmed(t + 4) for t in range(9)] == [plain(t) for t in range(9)]


def test_schedules_are_values():
    one = Schedule("step", 0.5, decay=0.5, period=10)
    assert one == Schedule("step", 0.5, decay=0.5, period=10) and hash(one) == hash(one)
    with pytest.raises(FrozenInstanceError):
        one.eta = 1.0
    assert type(Schedule("constant", 1)(0)) is float


def test_the_tables_are_complete():
    names = {f.name for f in fields(Schedule)} - {"name"}
    assert names == set(SETTINGS)
    for name, rule in RULES.items():
        assert name in GIVEN and {*rule.needs, *rule.takes} == set(GIVEN[name])


WRONG = {
    "name": (("cosinus",), {}, "no schedule 'cosinus'; did you mean 'cosine'?"),
    "no name": ((3,), {}, "no schedule 3; there are constant, step, cosine, inverse"),
    "missing": (("step",), {"decay": 0.5}, "period is missing; the schedule step needs a whole"),
    "foreign": (("constant",), {"decay": 0.5}, "decay is not a setting of the schedule constant"),
    "least": (("step",), {"decay": 0.5, "period": 1, "eta_min": 0.1}, "eta_min is not a setting"),
    "eta": (("constant", 0.0), {}, "eta is 0.0; expected a number > 0"),
    "eta as text": (("constant", "0.1"), {}, "eta is '0.1'; expected a number > 0"),
    "eta as truth": (("constant", True), {}, "eta is True; expected a number > 0"),
    "eta nan": (("constant", float("nan")), {}, "eta is nan; expected a number > 0"),
    "decay": (("inverse",), {"decay": -1}, "decay is -1; expected a number > 0"),
    "growing": (
        ("step",),
        {"decay": 1.5, "period": 2},
        "decay is 1.5; the learning rate would grow",
    ),
    "period": (("step",), {"decay": 0.5, "period": 2.5}, "period is 2.5; expected a whole number"),
    "steps": (("cosine",), {"steps": 0}, "steps is 0; expected a whole number of steps ≥ 1"),
    "above eta": (("cosine", 0.1), {"steps": 9, "eta_min": 0.2}, "eta_min is 0.2, more than eta"),
    "warmup": (("constant",), {"warmup": -1}, "warmup is -1; expected a whole number of steps ≥ 0"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_settings_are_named(case):
    positional, given, message = WRONG[case]
    with pytest.raises(TrainingError) as caught:
        Schedule(*positional, **given)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("t", [-1, 0.5, True, None, 2**53 + 1, "1"])
def test_a_step_is_a_whole_number(t):
    with pytest.raises(TrainingError, match="a step is a whole number from 0"):
        Schedule()(t)
