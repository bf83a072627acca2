"""`symback fit`: what it prints, writes and refuses."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from symback.cli.main import cli
from tests.cases.nist import problems

FORMULA = "f = b1*(1 - exp(-b2*x))"
START = ("--initial", "b1=500,b2=0.0001")


@pytest.fixture
def rows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    problem = problems()["Misra1a"]
    table = np.column_stack([problem.columns["x"], problem.columns["y"]])
    np.savetxt("misra.csv", table, "%.17g", ",", header="x,y", comments="")
    return tmp_path


def run(*arguments: str):
    return CliRunner().invoke(
        cli, ["fit", FORMULA, "--params", "b1,b2", "--data", "misra.csv", *arguments]
    )


def test_a_table_with_certified_numbers(rows):
    result = run(*START)
    assert result.exit_code == 0, result.output
    for certified in ("238.9421292", "0.0005501564", "2.70701", "7.26687e-06", "0.10187876"):
        assert certified in result.stdout
    assert "12 degrees of freedom" in result.stdout


def test_json_and_files(rows):
    result = run(*START, "--json", "-o", "fit.json", "--plot", "residuals.svg")
    assert result.exit_code == 0, result.output
    shown = json.loads(result.stdout)
    kept = json.loads((rows / "fit.json").read_text())
    assert kept.pop("written_by").startswith("Written by symback fit")
    assert kept == shown
    assert shown["parameters"]["b1"]["standard_error"] == pytest.approx(2.7070075241, rel=1e-8)
    assert (rows / "residuals.svg").read_text().startswith("<?xml")
    again = run(*START, "-o", "fit.json", "--plot", "residuals.svg")
    assert again.exit_code == 0
    assert "fit.json is up to date" in again.stderr


def test_fixed_and_bounded(rows):
    result = run("--fix", "b2=0.00055", "--bound", "b1=0:")
    assert result.exit_code == 0, result.output
    assert "b2 = 0.00055 (fixed)" in result.stdout


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("-o", "misra.csv"), "does not end in .json"),
        (("--plot", "misra.csv"), "ends in .svg, .png or .pdf"),
        (("--bound", "b1"), "is not NAME=LOW:HIGH"),
        (("--bound", "b1=1"), "is not NAME=LOW:HIGH"),
        (("--bound", "b1=a:b"), "is not NAME=LOW:HIGH"),
        (("--bound", "b1=0:1", "--bound", "b1=0:2"), "given twice"),
        (("--fix", "b9=1"), "'b9' is not a parameter"),
        (("--level", "95"), "a probability such as 0.95"),
        (("--weights", "v"), "no column 'v'"),
    ],
)
def test_refusals(rows, arguments, message):
    before = (rows / "misra.csv").read_bytes()
    result = run(*START, *arguments)
    assert result.exit_code == 2
    assert message in result.output
    assert "Traceback" not in result.output
    assert (rows / "misra.csv").read_bytes() == before


def test_a_fit_that_has_not_converged_says_so_first(rows):
    """Table, JSON, file and exit code agree."""
    (rows / "classes.csv").write_text("x,y\n-2,0\n-1,0\n1,1\n2,1\n")
    loss = "x: input; y: target; w: param = 1\nL: loss = binary_cross_entropy(w*x, y)"
    command = ["fit", loss, "--data", "classes.csv"]
    table = CliRunner().invoke(cli, [*command, "-o", "found.json"])
    assert table.exit_code == 1
    assert "has not converged" in table.output.splitlines()[1]
    printed = CliRunner().invoke(cli, [*command, "--json"])
    assert printed.exit_code == 1
    for text in (printed.output, (rows / "found.json").read_text()):
        found = json.loads(text)
        assert found["converged"] is False
        assert "has not converged" in found["notes"][0]


def test_a_foreign_file_is_kept(rows):
    (rows / "notes.json").write_text('{"mine": 1}\n')
    result = run(*START, "-o", "notes.json")
    assert result.exit_code == 2
    assert "--force" in result.output
    assert (rows / "notes.json").read_text() == '{"mine": 1}\n'


def test_a_likelihood_has_no_residuals_to_draw(rows):
    formula = "m: param\nx: input\nL: loss = cosh(x - m)"
    arguments = ["fit", formula, "--data", "misra.csv", "--plot", "residuals.svg"]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 2
    assert "the residuals of a squared loss" in result.output


def test_a_missing_plotting_library_is_found_before_the_fit(rows, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    result = run(*START, "--plot", "residuals.svg", "-o", "fit.json")
    assert result.exit_code == 2
    assert "pip install 'symback[plots]'" in result.output
    assert result.stdout == "" and not (rows / "fit.json").exists()
