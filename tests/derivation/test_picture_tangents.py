"""Pictures in forward mode: the tangent of each value along a direction of the leaves."""

import re

import pytest
import sympy as sp
from click.testing import CliRunner

import symback as sb
from symback.cli.main import cli
from symback.derivation.numbers.tangents import tangents_at
from symback.derivation.walks import stable_walk, typed_walk
from symback.errors import SymbackError, UnknownName
from symback.operations.elementwise import elementary

L6B = "f = x1 - x2, x1 = x3 + x5, x2 = sigma(net2), net2 = w3*x3 + w4*x4\nloss: none"
POINT = {"x3": 0.5, "x5": 0.3, "x4": -1.5, "w3": 2.0, "w4": 0.8}
DIRECTION = {"x3": 1.0, "w4": -0.5}
CIRCUITS = {
    "the lecture's": (L6B, POINT, DIRECTION),
    "a product": ("f = w*x*exp(x)\nloss: none", {"w": 0.5, "x": -1.25}, {"x": 2.0}),
    "a branch": (
        "f = where(x > 0, w*x, sqrt(x)*w**2)\nloss: none",
        {"w": 3.0, "x": 1.0},
        {"x": 1.0, "w": 1.0},
    ),
    "rewritten": ("f = log(1 + exp(w*x))\nloss: none", {"w": 0.5, "x": 2.0}, {"w": 1.0}),
}


@pytest.mark.parametrize("case", CIRCUITS.values(), ids=CIRCUITS)
def test_tangents_are_those_of_sympy(case):
    text, point, direction = case
    circuit = sb.circuit(text)
    walk, stable = typed_walk(circuit, "f"), stable_walk(circuit, "f")
    found = tangents_at(walk, stable, point, direction)
    values = {circuit[n].symbol: sp.Rational(v) for n, v in point.items()}
    for node in walk.circuit.computed:
        formula = node.formula
        for other in reversed(walk.circuit.computed):
            formula = formula.xreplace({other.symbol: other.formula})
        formula = elementary(formula)
        parts = [sp.diff(formula, circuit[n].symbol) * v for n, v in direction.items()]
        if node.name in found:
            truth = sum(part.subs(values).evalf(40) for part in parts)
            assert found[node.name] == pytest.approx(float(truth), rel=1e-15, abs=0.0)
    assert "f" in found


def texts_of(svg):
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


@pytest.mark.parametrize("view", ["gates", "neurons"])
def test_a_picture_shows_tangents_in_place_of_gradients(view):
    circuit = sb.circuit(L6B)
    found = texts_of(circuit.draw(POINT, view, tangents=DIRECTION))
    assert not [text for text in found if text.startswith("∂")]
    s = 1 / (1 + sp.exp(-(sp.Rational(1, 1) - sp.Rational(6, 5))))
    tangent = 1 - s * (1 - s) * (2 * 1 + sp.Rational(-1, 2) * sp.Rational(-3, 2))
    assert f"d {float(tangent):.6g}" in found
    assert "below (d): its tangent along dx3 = 1, dw4 = −0.5" in found
    assert found.count("dx3 = 1") == 2  # of both wires that leave x3
    plain = texts_of(circuit.draw(POINT, view))
    values = [t for t in plain if re.fullmatch(r"(x3 = )?−?[\d.]+", t)]
    assert [t for t in found if re.fullmatch(r"(x3 = )?−?[\d.]+", t)] == values


def test_what_does_not_move_has_the_tangent_0():
    circuit = sb.circuit("f = sqrt(w)*x\nloss: none")
    walk = typed_walk(circuit, "f")
    assert tangents_at(walk, None, {"w": 0.0, "x": 3.0}, {"x": 1.0}) == {
        "w": 0.0,
        "x": 1.0,
        "f_1": 0.0,
        "f": 0.0,
    }


def test_the_command_line_takes_a_direction(tmp_path):
    path = tmp_path / "tangents.svg"
    at = [part for name, value in POINT.items() for part in ("--at", f"{name}={value}")]
    done = CliRunner().invoke(cli, ["draw", L6B, *at, "--tangent", "x3=1", "-o", str(path)])
    assert done.exit_code == 0
    assert "its tangent along dx3 = 1" in path.read_text(encoding="utf-8")
    dot = sb.circuit(L6B).to_dot(POINT, tangents={"x3": 1.0})
    assert "dx3 = 1" in dot and "∂" not in dot


def test_what_is_refused():
    circuit = sb.circuit(L6B)
    with pytest.raises(SymbackError, match="tangents are those at a point"):
        circuit.draw(tangents={"x3": 1.0})
    with pytest.raises(UnknownName, match="'net2' is not an input or parameter"):
        circuit.draw(POINT, tangents={"net2": 1.0})


SEVERAL = "w: param; x: input; b: param\nu = w*x + b; f: output = tanh(u); g: output = u*f"
AT = {"w": 2.0, "x": 1.0, "b": 0.5}


@pytest.mark.parametrize("view", ["gates", "neurons"])
def test_a_picture_of_several_outputs_has_local_partials(view):
    circuit = sb.circuit(SEVERAL.replace("; ", "\n"))
    found = texts_of(circuit.draw(AT, view))
    u = sp.Rational(5, 2)
    f = sp.tanh(u)
    for number in (f, u * f):
        assert f"{float(number):.6g}" in found  # of the outputs, on the wires that leave
    for number in (1 - f**2, f, u):
        assert f"∂ {float(number):.6g}" in found
    assert "below (∂): the local partial along it" in found
    assert not any("concat" in text or "outputs" in text for text in found)
    dot = circuit.to_dot(AT, view)
    assert all(f'"value of {name}"' in dot for name in "fg") and "the local partial along" in dot
    moved = texts_of(circuit.draw(AT, view, tangents={"x": 1.0}))
    assert f"d {float(2 * (1 - f**2)):.6g}" in moved
    assert f"d {float(2 * (f + u * (1 - f**2))):.6g}" in moved


def test_pictures_of_many_outputs_collapse_and_keep_them():
    lines = "\n".join(f"v{i}: output = tanh(w{i}*x)*v{i - 1}" for i in range(1, 90))
    circuit = sb.circuit(f"v0: output = w0*x\n{lines}", loss=None)
    for view in ("gates", "neurons"):
        dot = circuit.to_dot(view=view)
        ends = ", ".join(re.findall(r'  "value of ([^"]*)" \[', dot)).split(", ")
        assert sorted(ends) == sorted(f"v{i}" for i in range(90))
        assert "collapsed to" in circuit.draw(view=view)
