"""Derivations of a leaf: ∂w/∂w = 1, in every format, and nothing else."""

import pytest
from click.testing import CliRunner

import symback as sb
from symback.cli.main import cli
from symback.errors import SymbackError
from tests.cases.derivation_formats import FORMATS as DERIVATION_FORMATS

CIRCUITS = {
    "numbers": "f = w*x + b",
    "arrays": "x: input[3]; w: param[3]; b: param; y: target\nf = dot(w, x) + b",
    "constants": "A: const[2,2]; x: input[2]; b: param; y: target\nf = sum(A @ x) + b",
}
FORMATS = {**DERIVATION_FORMATS, "adjoints": lambda d: d.accumulation().to_text()}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("text", CIRCUITS.values(), ids=CIRCUITS)
def test_a_leaf_moves_with_itself_alone(text, name):
    derivation = sb.circuit(text).derive("b")
    assert derivation.result == 1
    found = FORMATS[name](derivation)
    assert "Forward" not in found or name == "html"
    assert "1" in found


@pytest.mark.parametrize("text", CIRCUITS.values(), ids=CIRCUITS)
def test_rows_that_are_leaves(text):
    circuit = sb.circuit(text)
    assert circuit.jacobian("b", "b")[0] == 1
    assert circuit.derive("b", "b", jacobian=True).matrix[0] == 1
    assert "= 1" in str(circuit.derive("b", "b", jacobian=True))
    for leaf in circuit.leaves:
        if leaf.shape:
            with pytest.raises(SymbackError, match="is an array"):
                circuit.derive(leaf.name)


def test_the_command_line_derives_leaves():
    for options in (["--of", "w"], ["--of", "x", "--format", "latex"], ["--of", "b", "--jacobian"]):
        done = CliRunner().invoke(cli, ["derive", "f = w*x + b", *options])
        assert done.exit_code == 0 and "1" in done.stdout
