"""Losses and gradients that are not finite: the row, the name, and what helps."""

import re

import numpy as np
import pytest

import symback as sb
from symback.training import train_from_file
from symback.training.diagnosis import first_nonfinite_row
from symback.training.result import Diverged

X = np.linspace(0, 2, 50)
ROOT = "w: param = 1; x: input; f = sqrt(x - w)"


def spoiled(column, row, value):
    changed = np.array(column)
    changed[row] = value
    return changed


SPARE = "correct or remove that row, or give other initial values"
CASES = {  # circuit, x, settings, what the message has, what it has not
    "the slope in one row": (
        ROOT,
        spoiled(X + 1.5, 7, 1.0),
        {},
        [r"the gradient by 'w' is not finite before the first step \(the data, row 8\)", SPARE],
        ["learning rate"],
    ),
    "the slope in every row": (
        "w: param = 0; x: input; f = x*sqrt(w)",
        X + 1,
        {},
        [
            "the gradient by 'w' is not finite before the first step",
            "give other initial values: at",
        ],
        ["learning rate", "remove"],
    ),
    "the value in one row": (
        "w: param = 1; x: input; f = log(x - w)",
        spoiled(X + 1.5, 7, 0.5),
        {},
        [r"the loss is not finite before the first step \(the data, row 8, first 'f'\)", SPARE],
        ["learning rate", "standardise"],
    ),
    "the value in every row": (
        "w: param = 9; x: input; f = log(x - w)",
        X,
        {},
        [r"\(the data, row 1, first 'f'\); give other initial values: at these, no row"],
        ["learning rate", "remove"],
    ),
    "large inputs": (
        "w: param = 1; x: input; f = exp(w*x)",
        X * 1000,
        {},
        ["the loss is not finite before the first step", "or standardise the inputs"],
        ["learning rate"],
    ),
    "large inputs that are scaled already": (
        "w: param = 1e3; x: input; f = exp(w*x)",
        X * 1000,
        {"standardise": True},
        ["the loss is not finite before the first step"],
        ["learning rate", "standardise"],
    ),
    "one value far from all others": (
        "f = w*x + b",
        spoiled(X, 7, 1e100),
        {},
        [r"row 8, column 'x' holds 1e\+100, 1e\+100 times the median of 'x'; correct or remove"],
        ["learning rate", "standardise"],
    ),
    "steps that are too long": (
        "f = w*x + b",
        X * 100,
        {"learning_rate": 10.0, "epochs": 200},
        ["training diverged", "a smaller learning rate than 10, or standardise the inputs"],
        ["remove"],
    ),
    "steps that are too long over scaled inputs": (
        "f = w*x + b",
        X * 100,
        {"learning_rate": 10.0, "epochs": 1000, "standardise": True},
        ["training diverged", "a smaller learning rate than 10"],
        ["remove", "standardise"],
    ),
}
BY_RULE = ["sgd", "momentum", "adam", "lbfgs"]


def message(text, x, **settings):
    with pytest.raises(Diverged) as caught:
        data = {"x": x, "y": np.ones(50)}
        train_from_file(sb.circuit(text), data, validation=0, quiet=True, **settings)
    return str(caught.value)


@pytest.mark.parametrize("name", CASES)
def test_what_is_said_can_help(name):
    text, x, settings, wanted, unwanted = CASES[name]
    found = message(text, x, **settings)
    for part in wanted:
        assert re.search(part, found), found
    for part in unwanted:
        assert part not in found, found


@pytest.mark.parametrize("optimiser", BY_RULE)
@pytest.mark.parametrize("name", list(CASES)[:4])
def test_no_optimiser_is_blamed_for_rows_or_starts(name, optimiser):
    text, x, _, _, _ = CASES[name]
    found = message(text, x, optimiser=optimiser, batch_size=None if optimiser == "lbfgs" else 8)
    assert "learning rate" not in found
    assert "the data, row" in found and "give other initial values" in found, found


@pytest.mark.parametrize("optimiser", BY_RULE)
def test_the_advice_that_is_given_helps(optimiser):
    """Without the row that is named, or from other initial values, the run goes through."""
    text, x, _, _, _ = CASES["the slope in one row"]
    run = {"validation": 0, "quiet": True, "optimiser": optimiser, "epochs": 3}
    data = {"x": x, "y": np.ones(50)}
    without = {name: np.delete(column, 7) for name, column in data.items()}
    assert np.isfinite(train_from_file(sb.circuit(text), without, **run).params.w)
    assert np.isfinite(train_from_file(sb.circuit(text), data, initial={"w": 0.5}, **run).params.w)


def test_held_out_rows_are_named_as_well():
    with pytest.raises(Diverged, match=r"is not finite before the first step \(the data, row 11"):
        data = {"x": spoiled(X + 1.5, 10, 0.5), "y": np.ones(50)}
        for seed in range(30):  # in some of them row 11 is held out
            train_from_file(
                sb.circuit("w: param = 1; x: input; f = log(x - w)"), data, seed=seed, quiet=True
            )


@pytest.mark.parametrize("row", [None, 0, 3, 48, 49])
def test_the_first_row_is_found_by_halves(row):
    module = sb.circuit(ROOT).compile()
    columns = [X + 1.5 if row is None else spoiled(X + 1.5, row, 0.0), np.ones(50)]
    if row is not None and row < 49:
        columns[0][49] = 0.0  # a second one
    with np.errstate(all="ignore"):
        assert first_nonfinite_row(module, module.Params(1.0), columns) == row
