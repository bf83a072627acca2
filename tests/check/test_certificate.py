"""Condition numbers and certificates: what they say, against their definitions."""

from __future__ import annotations

import hashlib
import json
import math

import pytest
import sympy as sp
from click.testing import CliRunner
from flint import arb

import symback as sb
from symback.autodiff.lower import lower
from symback.check.certificate import Digits, certify_file
from symback.check.report import Report
from symback.cli.main import cli
from symback.operations.balls.scalars import precision
from symback.truth.condition import Condition, Conditions
from symback.truth.oracle import Oracle

NEURON = "f = x1 - sigma(w3*x3 + w4*x4)"
POINT = {"x1": 1.0, "x3": 10.0, "x4": 3.0, "w3": 2.0, "w4": -5.5, "y": 0.25}
CANCELS = "f = x/(x**2 + 1) - 1/(x + 2)"


def problem(formula: sp.Expr, point: dict[str, float]) -> float:
    """Σ |∂y/∂x · x| / |y| by its definition, at 60 digits."""
    at = {s: sp.Rational(point[s.name]) for s in formula.free_symbols}
    parts = [abs(formula.diff(s) * s).subs(at) for s in at]
    return float(sp.N(sum(parts) / abs(formula.subs(at)), 60))


def test_the_condition_of_the_problem_is_what_its_definition_says() -> None:
    x1, x3, x4, w3, w4 = sp.symbols("x1 x3 x4 w3 w4", real=True)
    f = x1 - 1 / (1 + sp.exp(-w3 * x3 - w4 * x4))
    found = Oracle(sb.circuit(NEURON)).conditions(POINT)
    for key, formula in {"f": f, "∂f/∂w3": f.diff(w3), "∂f/∂x4": f.diff(x4)}.items():
        assert found[key].problem == pytest.approx(problem(formula, POINT), rel=1e-12, abs=0)
    assert found["∂f/∂x1"].problem == 0.0  # a constant has no condition


@pytest.mark.parametrize(
    ("text", "line", "units"),
    [
        ("f = a*b + c", "f", 6.0),
        ("f = sin(a*b) + c*a + 10", "f", 10 / abs(math.sin(6))),
        ("f = exp(a*b*c)", "f_1", 30.0),
        ("f = a - b", "f", 1.0),
    ],
)
def test_a_line_counts_by_what_a_unit_of_it_does(text: str, line: str, units: float) -> None:
    lowered = lower(sb.circuit(text, loss=None))
    point = {
        s: arb({"a": 2, "b": 3, "c": -5}[s.name]) for s in lowered.program("forward").arguments
    }
    with precision(200):
        found = Conditions(lowered.program("forward").lines, point).of(
            lowered.circuit.output.symbol
        )
    assert found.share == pytest.approx(units, rel=1e-12, abs=0)
    assert found.line == line


def test_a_sign_or_a_choice_does_not_round() -> None:
    lowered = lower(sb.circuit("f = -max(a, -b)", loss=None))
    point = {s: arb(2) for s in lowered.program("forward").arguments}
    with precision(200):
        found = Conditions(lowered.program("forward").lines, point).of(
            lowered.circuit.output.symbol
        )
    assert found == Condition(1.0, 1.0, "", 0.0)


def test_a_bad_formula_differs_from_an_ill_conditioned_point() -> None:
    bad = Oracle(sb.circuit(CANCELS)).conditions({"x": 1e8})["f"]
    assert bad.formula_is_to_blame
    assert bad.problem == pytest.approx(2.0, rel=1e-6) and bad.formula > 1e7
    good = Oracle(sb.circuit(NEURON)).conditions({**POINT, "x1": 1.0, "w4": 8.0})["f"]
    assert good.problem > 1e18 and not good.formula_is_to_blame
    assert "loses digits at f_4" in str(Digits("f", 1e7, bad, {"x": 1e8}))
    assert "the point is ill-conditioned" in str(Digits("f", 1e18, good, POINT))
    assert str(Digits("f", 0.5, bad, {})) == "f 0.5 ULP"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    path = tmp_path_factory.mktemp("certificate") / "neuron.py"
    sb.circuit(NEURON).generate(path)
    return path


def test_a_certificate_holds_every_quantity_with_its_reason(written) -> None:
    certificate = certify_file(written)
    content = json.loads(certificate.to_json())
    assert content["schema"] == "symback-certificate/1" and content["passed"] is True
    assert content["sha256"] == hashlib.sha256(written.read_bytes()).hexdigest()
    assert content["versions"]["symback"] == sb.__version__
    report: Report = certificate.report
    assert [q["quantity"] for q in content["quantities"]] == [r.quantity for r in report.rows]
    for quantity, row in zip(content["quantities"], report.rows, strict=True):
        assert quantity["worst_ulp"] == row.worst_ulp
        if not row.quantity.startswith(("batch", "blocks", "sgd")):
            assert set(quantity["at"]) == {*POINT}
            assert quantity["worst_ulp"] <= 2 * max(1.0, quantity["condition"]["formula"])
            assert (quantity["worst_ulp"] > 4) == (quantity["cause"] is not None)
    assert all(low <= high for low, high in content["ranges"].values())
    assert certify_file(written).to_json() == certificate.to_json()


def test_a_certificate_holds_every_entry_of_matrices(tmp_path) -> None:
    path = tmp_path / "curve.py"
    sb.circuit("f = w1*(1 - exp(-w2*x))").generate(path, functions=("covariance", "hessian"))
    content = json.loads(certify_file(path).to_json())
    found = {q["quantity"]: q for q in content["quantities"]}
    assert [*found["jacobian"]["entries"]] == ["∂f/∂w1", "∂f/∂w2"]
    assert set(found["jacobian"]["at"]) == {"w1", "w2", "x", "y"}
    pairs = [("w1", "w1"), ("w1", "w2"), ("w2", "w1"), ("w2", "w2")]
    assert [*found["hessian"]["entries"]] == [f"∂²l/∂{a}∂{b}" for a, b in pairs]
    assert len(found["covariance"]["entries"]) == 4
    for name in ("jacobian", "hessian", "covariance"):
        assert max(found[name]["entries"].values()) == found[name]["worst_ulp"]


def test_a_wrong_module_has_no_certificate_that_passes(written, tmp_path) -> None:
    text = written.read_text(encoding="utf-8")
    wrong = tmp_path / "wrong.py"
    wrong.write_text(text.replace("f = x1 - f_1\n", "f = x1 + f_1\n"), encoding="utf-8")
    assert text != wrong.read_text(encoding="utf-8")
    content = json.loads(certify_file(wrong).to_json())
    assert content["passed"] is False
    assert not next(q for q in content["quantities"] if q["quantity"] == "f")["passed"]


def test_the_command_line_writes_certificates(tmp_path) -> None:
    module, kept, again = (tmp_path / name for name in ("n.py", "n.json", "again.json"))
    arguments = ["generate", NEURON, "-o", str(module), "--certificate", str(kept)]
    run = CliRunner().invoke(cli, arguments)
    assert run.exit_code == 0, run.output
    docstring = module.read_text(encoding="utf-8").split('"""')[1]
    assert "Checked against SymPy, worst of 24 points: " in docstring
    assert max(map(len, docstring.splitlines())) <= 100
    run = CliRunner().invoke(cli, ["check", str(module), "--certificate", str(again)])
    assert run.exit_code == 0 and "worst of 24 points: " in run.output
    assert again.read_bytes() == kept.read_bytes()
    assert "edited" not in run.output


def test_a_wrong_module_gets_no_file(tmp_path, monkeypatch) -> None:
    from symback.codegen.numpy import printer as target

    monkeypatch.setitem(target.FUNCTIONS, sp.sin, "np.cos")
    module, kept = tmp_path / "n.py", tmp_path / "n.json"
    arguments = ["generate", "f = sin(x)", "-o", str(module), "--certificate", str(kept)]
    run = CliRunner().invoke(cli, arguments)
    assert run.exit_code == 1 and "nothing was written" in run.output
    assert not module.exists() and not kept.exists()
