"""A target that is registered, and known nowhere else, generates modules like any other."""

from pathlib import Path
from random import Random

import pytest
import sympy as sp
from click.testing import CliRunner

import symback as sb
from symback.cli.modules import generate
from symback.codegen.loading import read_module
from symback.codegen.targets import TARGETS
from symback.errors import Unsupported
from symback.operations.elementwise import elementary
from tests.codegen.toy.target import TOY

LECTURE = sorted((Path(__file__).parents[3] / "examples" / "lecture").glob("*.circuit"))
POINTS = 20


@pytest.fixture(autouse=True)
def toy(monkeypatch):
    monkeypatch.setitem(TARGETS, TOY.name, TOY)


def test_the_lecture_has_its_circuits():
    assert len(LECTURE) == 7


def written_out(circuit):
    """The output over the leaves alone, in SymPy's own functions."""
    found = circuit.output.symbol
    for node in reversed(circuit.computed):
        found = found.subs(node.symbol, elementary(node.formula))
    return found


@pytest.mark.parametrize("path", LECTURE, ids=lambda path: path.stem)
def test_value_and_gradient_are_sympys(path):
    circuit = sb.circuit(path.read_text(encoding="utf-8"))
    module = circuit.compile(target="toy")
    truth = written_out(circuit)
    names = sorted(s.name for s in truth.free_symbols)
    assert names
    slopes = {s.name: sp.diff(truth, s) for s in truth.free_symbols}
    random = Random(0)
    for _ in range(POINTS):
        point = {name: random.uniform(-3, 3) for name in names}
        exact = {s: sp.Rational(point[s.name]) for s in truth.free_symbols}
        value, gradient = module.value_and_grad(**point)
        assert value == pytest.approx(float(truth.subs(exact).evalf(40)), rel=1e-13, abs=0)
        assert gradient.keys() == slopes.keys()
        for name, slope in slopes.items():
            assert gradient[name] == pytest.approx(
                float(slope.subs(exact).evalf(40)), rel=1e-13, abs=0
            )


def test_its_files_are_written_read_and_refused_like_others(tmp_path):
    path = tmp_path / "neuron.py"
    circuit = sb.circuit("f = x1 - sigma(w3*x3)")
    text = circuit.generate(path, target="toy")
    source, module, unchanged = read_module(path)
    assert sb.circuit(source) == circuit and unchanged
    assert module.value_and_grad(x1=2.0, w3=0.0, x3=1.0)[0] == 1.5
    path.write_text(text.replace("1.0", "2.0"), encoding="utf-8")
    assert not read_module(path)[2]
    with pytest.raises(sb.SymbackError, match="edited"):
        circuit.generate(path, target="toy")


def test_the_command_line_takes_it():
    result = CliRunner().invoke(generate, ["f = w*x", "--target", "toy"])
    assert result.exit_code == 0 and "def value_and_grad(w, x):" in result.output


def test_what_it_lacks_is_refused():
    for text in ("f = erf(w*x)", "X: input[n]; f = sum(X)"):
        with pytest.raises(Unsupported):
            sb.circuit(text).compile(target="toy")
    with pytest.raises(Unsupported, match="no modules of updates"):
        sb.update("adam").compile(target="toy")
