"""Operation counts: what a gradient costs, by hand, and never more than five times its value."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import symback as sb
from symback.autodiff.cost import OperationCount, operation_counts
from symback.cli.main import cli
from tests.cases import random_circuits
from tests.cases.one_in import one_in
from tests.cases.sample_circuits import LECTURE, sample

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").rglob("*.circuit"))
KINDS = {"numbers": random_circuits.of_numbers, "arrays": random_circuits.of_arrays}

# Counted by hand: a kept slope is one operation, a sum over the batch none.
BY_HAND = {
    "f = x1 - x2": [("f", 1, 2)],  # x2_bar = -f_bar; x1_bar is f_bar
    "f = w*x": [("f", 1, 3), ("l", 4, 5)],  # f - y, squared, halved; f_bar·x
    "f = x1 - sigma(w3*x3 + w4*x4)": [("f", 5, 12), ("l", 8, 12)],
}


@pytest.mark.parametrize("text", BY_HAND)
def test_operations_are_those_counted_by_hand(text):
    found = operation_counts(sb.circuit(text))
    wanted = BY_HAND[text]
    assert [(r.of, r.value, r.gradient) for r in found[: len(wanted)]] == wanted


def assert_cheap(circuit):
    found = operation_counts(circuit)
    assert found
    for count in found:
        assert count.live > 0
        assert count.ratio <= 5, str(count)


@pytest.mark.parametrize("name", LECTURE)
def test_gradients_of_the_lecture_cost_at_most_five_values(name):
    assert_cheap(sb.circuit(LECTURE[name]))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_gradients_of_examples_cost_at_most_five_values(path):
    assert_cheap(sb.circuit(path.read_text()))


@pytest.mark.parametrize("name", ["two layers", "30 parameters", "wide product", "normal density"])
def test_gradients_of_models_cost_at_most_five_values(name):
    assert_cheap(sample(name))


@pytest.mark.parametrize("kind", one_in(2, KINDS))
@pytest.mark.parametrize("number", one_in(12, range(60)))
def test_random_gradients_cost_at_most_five_values(kind, number):
    rng = np.random.default_rng([number, len(kind)])
    assert_cheap(sb.circuit(KINDS[kind](rng).text))


def test_a_product_of_1000_factors_costs_at_most_four_values():
    text = "f = " + "*".join(f"x{i}" for i in range(1, 1001))
    (count, *_) = operation_counts(sb.circuit(text, inputs="", loss=None))
    assert count.value == 999
    assert count.ratio <= 4


def test_the_command_line_prints_them(capsys):
    cli.main(["derive", "f = w*x", "--stats"], standalone_mode=False)
    # w, x and f_bar are given; f and w_bar are kept when x_bar is made, which x is not needed for
    assert capsys.readouterr().out == (
        "f: 1 operation; with its partials by all leaves 3, 3.0 times as many; live values: 5\n"
        "l: 4 operations; with its partials by parameters 5, 1.2 times as many; live values: 4\n"
    )


def test_a_value_without_operations_counts_as_one():
    assert OperationCount("f", "all leaves", 0, 2, 1).ratio == 2
