"""Numbers as people write them where a value is asked for."""

import math

import pytest
from click.testing import CliRunner

from symback.cli.main import cli
from symback.derivation.numbers.point import read_text
from symback.errors import SymbackError
from symback.language.constants import number_in

NUMBERS = [
    ("0.5", 0.5),
    ("-2e-3", -0.002),
    (".5", 0.5),
    ("1/3", 1 / 3),
    ("-1/3", -1 / 3),
    ("pi", math.pi),
    ("-π/2", -math.pi / 2),
    ("2^10", 1024.0),
    ("sqrt(2)", math.sqrt(2)),
    ("2*exp(1)", 2 * math.e),
    ("0.1 + 0.2", 0.3),
]
REFUSED = ["", "x", "1/0", "9**9**9", "1 = 1", "1, 2", "(1", "__import__('os')", "log(-1)", "1e999"]


@pytest.mark.parametrize(("text", "number"), NUMBERS)
def test_a_formula_without_names_is_a_number(text, number):
    assert number_in(text) == pytest.approx(number, rel=1e-15, abs=0)
    assert read_text(text) == number_in(text)


@pytest.mark.parametrize("text", [*REFUSED, "1" * 500, "(" * 180])
def test_what_is_not_a_number_is_refused(text):
    with pytest.raises(SymbackError):
        number_in(text)
    with pytest.raises(ValueError):
        read_text(text)


@pytest.mark.parametrize(
    "options",
    [
        ["--at", "x=1/3", "--at", "y=pi", "--at", "z=-2^3"],
        ["--at", "x=1/3,y=pi,z=-8"],
        ["--at", "x=1/3, y=pi", "--at", "z=-8"],
    ],
)
@pytest.mark.parametrize("command", ["derive", "draw"])
def test_at_takes_fractions_constants_and_commas(command, options):
    done = CliRunner().invoke(cli, [command, "f = x*y + z", *options])
    assert done.exit_code == 0 and "−6.9528" in done.stdout, done.stdout


@pytest.mark.parametrize("pair", ["x=1/0", "x=q", "x", "x=1,x=2"])
def test_a_pair_that_is_not_one_is_refused(pair):
    done = CliRunner().invoke(cli, ["derive", "f = x*y", "--at", pair, "--at", "y=1"])
    assert done.exit_code == 2 and "--at" in done.stderr
