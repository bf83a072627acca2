"""Pictures: no text over another, numbers that SymPy confirms, the same bytes at every run."""

import os
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from itertools import combinations, pairwise
from pathlib import Path

import pytest
import sympy as sp
from click.testing import CliRunner

import symback as sb
from symback.autodiff.reverse import reverse_pass
from symback.circuits.assembly import assemble
from symback.circuits.circuit import computed
from symback.cli.main import cli
from symback.codegen.marks import kind_of, marked
from symback.derivation.numbers.scalars import numbers_at
from symback.derivation.picture.diagram import MOST_BOXES, diagram
from symback.derivation.picture.figure import figure_of
from symback.derivation.picture.formats import ENDINGS
from symback.derivation.picture.labels import NOT_COMPUTED, Texts, number
from symback.derivation.picture.layout import picture
from symback.derivation.picture.tikz import in_mathematics, to_tikz
from symback.errors import SymbackError, TooLarge, UnknownName
from symback.operations.expressions import real_symbol
from tests.cases.one_in import one_in
from tests.cases.pictures import LARGE, PICTURES, point, some_circuit
from tests.cases.sample_circuits import ALL, LECTURE

ROOT = Path(__file__).parents[2]
VIEWS = ("gates", "neurons")
L6B = "examples/lecture/l6b_multiple_paths.circuit"
L6B_POINT = {"x3": 0.5, "x5": 0.3, "x4": -1.5, "w3": 2.0, "w4": 0.8}


def layout(circuit, view, at=None, of=None):
    walk = reverse_pass(circuit, of)
    drawn = diagram(walk, view)
    numbers = None if at is None else numbers_at(walk, at)
    return picture(drawn, Texts(walk, drawn, numbers))


def overlap(a, b):
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def bent(points):
    """Points along a wire: straight inside a layer, an S between layers."""
    for i, ((x0, y0), (x1, y1)) in enumerate(pairwise(points)):
        for step in range(13):
            t = step / 12
            u = 3 * t**2 - 2 * t**3
            middle = 1.5 * t * (1 - t) * (x0 + x1) + x0 * (1 - t) ** 3 + x1 * t**3
            yield (middle, y0 + (y1 - y0) * u) if i % 2 else (x0 + (x1 - x0) * t, y0)


def assert_nothing_overlaps(drawn):
    texts = [t for s in drawn.shapes for t in s.texts[1:]] + list(drawn.notes)
    texts += [t for p in drawn.paths for t in p.texts]
    boxes = [(t.line.text, t.bounds) for t in texts]
    boxes += [(s.box.name, s.bounds) for s in drawn.shapes]
    for (a, first), (b, second) in combinations(boxes, 2):
        assert not overlap(first, second), f"{a} over {b}"
    for shape in drawn.shapes:
        inside = shape.texts[0].bounds
        assert shape.bounds[0] <= inside[0] and inside[2] <= shape.bounds[2], shape.box.name
    for name, (left, top, right, bottom) in boxes:
        assert min(left, top) >= 0 and right <= drawn.width and bottom <= drawn.height, name
    for path in drawn.paths:
        for x, y in bent(path.points):
            for name, (left, top, right, bottom) in boxes:
                through = left + 0.2 < x < right - 0.2 and top + 0.2 < y < bottom - 0.2
                assert not through, f"a wire runs through {name}"


@pytest.mark.parametrize("view", one_in(4, VIEWS))
@pytest.mark.parametrize("name", [*PICTURES, *one_in(4, sorted(set(ALL) - set(PICTURES)))])
def test_no_text_overlaps(name, view):
    circuit = sb.circuit({**ALL, **PICTURES}[name])
    assert_nothing_overlaps(layout(circuit, view))
    assert_nothing_overlaps(layout(circuit, view, at={}))
    at = {n.name: -1234567.0 / 3**i for i, n in enumerate(circuit.leaves)}
    assert_nothing_overlaps(layout(circuit, view, at))


@pytest.mark.parametrize("seed", one_in(6, range(30)))
def test_no_text_overlaps_in_random_circuits(seed):
    circuit = some_circuit(seed)
    for view in VIEWS:
        assert_nothing_overlaps(layout(circuit, view, point(circuit)))


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("name", PICTURES)
def test_svg_is_self_contained_xml_with_title_and_description(name, view):
    circuit = sb.circuit(PICTURES[name])
    text = circuit.draw(point(circuit), view)
    root = ET.fromstring(text)
    tags = {element.tag.removeprefix("{http://www.w3.org/2000/svg}") for element in root.iter()}
    assert tags == {"svg", "title", "desc", "style", "rect", "path", "g", "text"}
    assert "@media screen and (prefers-color-scheme:dark)" in text  # paper is never dark
    assert text.count("http") == 1 and "url(" not in text
    assert " id=" not in text  # two pictures in one page can't clash
    assert root[0].text and root[1].text
    assert not any("-" in (e.text or "") for e in root.iter() if e.tag.endswith("text"))


@pytest.mark.slow
def test_bytes_are_the_same_under_any_hash_seed():
    program = (
        "import symback as sb; from tests.cases import pictures as t\n"
        "for text in t.PICTURES.values():\n"
        "    c = sb.circuit(text)\n"
        "    for view in ('gates', 'neurons'): print(c.draw(t.point(c), view))\n"
    )
    outputs = set()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        run = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, check=True
        )
        outputs.add(run.stdout)
    assert len(outputs) == 1 and outputs.pop()


# -- numbers ---------------------------------------------------------------------------------------


def by_sympy(circuit, of, at):
    """Each edge's contribution ∂of/∂node · ∂node/∂operand by SymPy's diff, over the gates."""
    values = {circuit[name].symbol: sp.Rational(value) for name, value in at.items()}
    for node in circuit.computed:
        values[node.symbol] = node.expr.xreplace(values).doit().n(40)
    found = {}
    for upper in circuit.computed:
        expr = circuit[of].expr if upper.name != of else upper.symbol
        for node in reversed(circuit.computed):
            if node.name != upper.name:
                expr = expr.xreplace({node.symbol: node.expr})
        upstream = expr.diff(upper.symbol).xreplace(values).doit().n(40)
        for operand in upper.operands:
            local = upper.expr.diff(circuit[operand].symbol).xreplace(values).doit().n(40)
            found[upper.name, operand] = float(upstream * local)
    return found, {s.name: float(v) for s, v in values.items()}


@pytest.mark.parametrize("name", [*LECTURE, "16 gates"])
def test_numbers_on_the_wires_are_sympys(name):
    circuit = sb.circuit(PICTURES[name])
    at = point(circuit, seed=4)
    walk = reverse_pass(circuit)
    numbers = numbers_at(walk, at)
    contributions, values = by_sympy(walk.circuit, walk.of, at)
    assert numbers.contributions and numbers.values
    for link, value in numbers.contributions.items():
        assert value == pytest.approx(contributions[link], rel=1e-12, abs=0), link
    for node, value in numbers.values.items():
        assert value == pytest.approx(values[node], rel=1e-12, abs=0), node
    drawn = layout(circuit, "gates", at)
    for wire, path in zip(diagram(walk, "gates").wires, drawn.paths, strict=False):
        if len(wire.edges) == 1:
            value, gradient = (t.line.text for t in path.texts)
            assert value.split(" = ")[-1] == number(values[wire.edges[0][1]])
            assert gradient == f"∂ {number(contributions[wire.edges[0]])}"


def test_adjoints_are_the_sums_of_contributions():
    walk = reverse_pass(sb.circuit(LECTURE["L6b"]))
    numbers = numbers_at(walk, L6B_POINT)
    paths = [v for (_, operand), v in numbers.contributions.items() if operand == "x3"]
    assert len(paths) == 2
    assert numbers.adjoints["x3"] == pytest.approx(sum(paths), rel=1e-15, abs=0)
    text = sb.circuit(LECTURE["L6b"]).draw(L6B_POINT)
    assert f"∂f/∂x3 = {number(sum(paths))}" in text


def test_what_is_not_computed_is_a_dash_and_never_0():
    circuit = sb.circuit(LECTURE["L5"])
    texts = [[t.line.text for t in p.texts] for p in layout(circuit, "gates", {}).paths]
    assert [NOT_COMPUTED, "∂ 1"] in texts  # x1 and the output: known without any number
    assert [NOT_COMPUTED, f"∂ {NOT_COMPUTED}"] in texts
    assert not any("0" in line for wire in texts for line in wire)
    some = [[t.line.text for t in p.texts] for p in layout(circuit, "gates", {"x1": 3}).paths]
    assert ["3", "∂ 1"] in some


def test_without_numbers_there_are_no_numbers():
    drawn = layout(sb.circuit(LECTURE["L5"]), "gates")
    assert not any(path.texts for path in drawn.paths)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "—"),
        (0.0, "0"),
        (-0.25, "−0.25"),
        (1 / 3, "0.333333"),
        (-1.5e-7, "−1.5e−07"),
        (float("nan"), "undefined"),
        (float("-inf"), "−∞"),
        (5e-324, "≈ 0"),
    ],
)
def test_numbers_print_short(value, text):
    assert number(value) == text


def test_a_gradient_too_small_for_a_float_is_not_0():
    numbers = numbers_at(reverse_pass(sb.circuit("f = w*exp(-x**2)")), {"w": 1, "x": 40})
    assert number(numbers.values["f"]) == "≈ 0"
    assert number(numbers.contributions["f", "w"]) == "≈ 0"
    below = numbers_at(reverse_pass(sb.circuit("f = -w*exp(-x**2)")), {"w": 1, "x": 40})
    assert below.values["f"] == -numbers.values["f"] < 0


# -- views -----------------------------------------------------------------------------------------


def test_neurons_carry_weights_on_their_wires():
    drawn = diagram(reverse_pass(sb.circuit(LECTURE["L6b"])), "neurons")
    assert [b.name for b in drawn.boxes] == ["x3", "x5", "x4", "x1", "x2", "f"]
    weights = {(w.tail, w.head): [name for _, name in w.weights] for w in drawn.wires}
    assert weights[("x3", "x2")] == ["w3"] and weights[("x4", "x2")] == ["w4"]
    assert weights[("x3", "x1")] == []


def test_a_parameter_that_is_not_a_mere_weight_keeps_its_box():
    text = "h = tanh(w*x + b), f = h*w**2"
    drawn = diagram(reverse_pass(sb.circuit(text)), "neurons")
    assert {b.name for b in drawn.boxes} == {"x", "b", "w", "h", "f"}
    assert ("w", "h") not in {(w.tail, w.head) for w in drawn.wires}


def test_every_box_stands_as_late_as_possible():
    drawn = layout(sb.circuit(LECTURE["L6b"]), "gates", L6B_POINT)
    x = {s.box.name: s.x for s in drawn.shapes}
    assert x["w3"] == x["x3"] < x["net2"] == x["x5"] < x["x1"] == x["x2"] < x["f"]


@pytest.mark.parametrize(
    ("text", "signs"),
    [
        ("f = x1 - x2", "−"),
        ("f = x1 + x5 - x2", "Σ"),
        ("f = x1 + x2 + x3", "+"),
        ("f = x1*x2", "×"),
        ("f = x1/x2", "÷"),
        ("f = w1*x1 + w2*x2", "Σ"),
        ("f = sqrt(x)", "√"),
        ("f = x**2", "u²"),
        ("f = (x - w)**2/2", "u²"),
        ("f = sigma(x)", "σ"),
        ("f = exp(x)", "exp"),
        ("f = where(x > 0, x, w)", "where"),
    ],
)
def test_signs(text, signs):
    drawn = layout(sb.circuit(text), "gates")
    assert drawn.shapes[-1].texts[0].line.text == signs


def test_the_loss_can_be_drawn():
    circuit = sb.circuit(LECTURE["L5"])
    assert "∂l/∂" not in circuit.draw(point(circuit))
    assert "Circuit l, gates view" in circuit.draw(point(circuit), of="l")


# -- size ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("name", one_in(2, LARGE))
def test_large_circuits_collapse_and_say_so(name, view):
    circuit = sb.circuit(LARGE[name])
    start = time.monotonic()
    drawn = layout(circuit, view, dict.fromkeys(map(str, circuit.leaves), 0.5))
    assert time.monotonic() - start < 30
    assert len(drawn.shapes) <= MOST_BOXES
    assert "collapsed" in drawn.notes[-1].line.text
    assert_nothing_overlaps(drawn)


def test_collapsing_keeps_every_gate_and_every_wire_between_boxes():
    walk = reverse_pass(sb.circuit(LARGE["dense"]))
    drawn = diagram(walk, "gates")
    members = [m for b in drawn.boxes for m in b.members]
    assert sorted(members) == sorted(walk.order)
    inside = {m: b.name for b in drawn.boxes for m in b.members}
    between = {(e.node, e.operand) for e in walk.edges if inside[e.node] != inside[e.operand]}
    assert {e for w in drawn.wires for e in w.edges} == between
    assert drawn.boxes[-1].name == walk.of


def test_beyond_a_bound_a_message():
    names = [f"a{i}" for i in range(6000)]
    nodes = [sb.circuit("a = x")["x"]]
    for before, name in zip(["x", *names], names, strict=False):
        nodes.append(computed(name, real_symbol(before) + 1, [before]))
    with pytest.raises(TooLarge, match="6001 nodes"):
        sb.Circuit.of(assemble(nodes)).draw()


# -- faces -----------------------------------------------------------------------------------------


def test_text_is_escaped_and_errors_are_messages():
    circuit = sb.circuit("f = where(x < w, x, w)")
    assert ET.fromstring(circuit.draw({"x": 1, "w": 2})) is not None
    with pytest.raises(UnknownName, match="did you mean 'w3'"):
        sb.circuit(LECTURE["L5"]).draw({"w33": 1})
    with pytest.raises(UnknownName):
        circuit.draw(of="nothing")
    with pytest.raises(SymbackError, match="choose gates or neurons"):
        circuit.draw(view="surface")


def test_notebooks_show_the_picture():
    circuit = sb.circuit(LECTURE["L5"])
    assert circuit._repr_svg_() == circuit.draw() == circuit.draw()._repr_svg_()
    assert repr(circuit.draw()).startswith("<SVG of ")


BEGINS = {
    ".svg": b"<svg ",
    ".png": b"\x89PNG\r\n",
    ".PDF": b"%PDF-",
    ".tex": b"% \\usepackage{amsmath,tikz}",
    ".tikz": b"% \\usepackage{amsmath,tikz}",
    ".gv": b"digraph ",
}


def test_every_ending_has_a_row():
    assert {*ENDINGS} - {".dot"} == {ending.lower() for ending in BEGINS}


@pytest.mark.parametrize("ending", BEGINS)
def test_a_picture_is_written_by_its_ending(ending, tmp_path):
    pytest.importorskip("matplotlib")
    circuit, path = sb.circuit(LECTURE["L5"]), tmp_path / f"neuron{ending}"
    circuit.draw(path=path)
    content = path.read_bytes()
    assert content.startswith(BEGINS[ending]) and kind_of(content) == "draw"
    circuit.draw({"w3": 2.0}, path=path)  # its own file, not edited
    assert path.read_bytes() != content
    circuit.draw(path=path)
    assert path.read_bytes() == content  # nothing of the time
    written = CliRunner().invoke(cli, ["draw", LECTURE["L5"], "-o", str(path)])
    assert written.exit_code == 0 and path.read_bytes() == content
    path.write_bytes(content.replace(b"w3", b"w9") + b" ")
    with pytest.raises(SymbackError, match="force"):
        circuit.draw(path=path)
    circuit.draw(path=path, force=True)
    assert path.read_bytes() == content


def test_without_matplotlib_a_message_names_the_extra(monkeypatch, tmp_path):
    for name in [n for n in sys.modules if n.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(SymbackError, match=r"symback\[plots\]"):
        sb.circuit(LECTURE["L5"]).draw(path=tmp_path / "neuron.png")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("name", one_in(18, ["L6b", *sorted(set(ALL) - {"L6b"})]))
def test_figures_have_every_text_and_wire_of_the_picture(name, view):
    pytest.importorskip("matplotlib")
    drawn = layout(sb.circuit({**ALL, **PICTURES}[name]), view)
    axes = figure_of(drawn).axes[0]
    texts = [t for s in drawn.shapes for t in s.texts] + list(drawn.notes)
    texts += [t for p in drawn.paths for t in p.texts]
    shown = sorted((t.get_text(), *t.get_position()) for t in axes.texts)
    assert shown == sorted((t.line.text, t.x, t.y) for t in texts)
    boxes = sum(len(s.corners) for s in drawn.shapes)
    assert len(axes.patches) == 2 * len(drawn.paths) + boxes
    ends = [p.get_path().vertices[-1] for p in axes.patches[: 2 * len(drawn.paths) : 2]]
    assert [tuple(end) for end in ends] == [path.points[-1] for path in drawn.paths]


TYPESET = [
    ("net2 = w3·x3 + w4·x4", r"\mathrm{net}_{2} =w_{3} \cdot x_{3} +w_{4} \cdot x_{4}"),
    ("σ(net2)", r"\sigma (\mathrm{net}_{2} )"),
    ("x1 − x2", "x_{1} -x_{2}"),
    ("∂ −0.5", r"\partial \,{-}0.5"),
    ("∂f/∂x = 2", r"\partial f /\partial x =2"),
    ("x^(3/2)/y³", "x ^{3/2}/y ^{3}"),
    ("exp(−x)", r"\exp ({-}x )"),
    ("θ₀ ≤ a_b", r"\theta_{0} \le a_{\mathrm{b}}"),
    ("100% & #1", r"100\%\,\&\,\#1"),
]


@pytest.mark.parametrize(("text", "latex"), TYPESET)
def test_tikz_sets_formulas_as_mathematics(text, latex):
    assert in_mathematics(text) == latex


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_latex_accepts_every_picture(tmp_path):
    circuits = [sb.circuit(text) for text in {**ALL, **PICTURES}.values()]
    pictures = [to_tikz(layout(c, view, point(c))) for c in circuits for view in VIEWS]
    body = "\n\\newpage\n".join(pictures)
    packages = "\\usepackage[a1paper,landscape]{geometry}\\usepackage{amsmath,tikz}"
    page = f"\\documentclass{{article}}{packages}\\begin{{document}}{body}\\end{{document}}"
    (tmp_path / "p.tex").write_text(page, encoding="utf-8")
    command = ["pdflatex", "-interaction=batchmode", "-halt-on-error", "p.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    log = (tmp_path / "p.log").read_text(encoding="utf-8", errors="replace")
    if "tikz.sty' not found" in log:
        pytest.skip("TikZ is not installed")
    assert done.returncode == 0, log[-2000:]
    assert "Missing character" not in log


def test_command_line(tmp_path):
    arguments = ["draw", "f = x1 − σ(w3x3 + w4x4)", "--at", "x1=1", "--view", "neurons"]
    printed = CliRunner().invoke(cli, arguments)
    assert printed.exit_code == 0
    assert ET.fromstring(printed.stdout).tag.endswith("svg")
    path = tmp_path / "neuron.svg"
    written = CliRunner().invoke(cli, [*arguments, "-o", str(path)])
    assert written.exit_code == 0
    assert path.read_bytes() == marked(printed.stdout_bytes, "draw", "svg")
    assert ET.parse(path).getroot().tag.endswith("svg")
    assert CliRunner().invoke(cli, [*arguments, "--at", "x9=1"]).exit_code == 2


def test_the_picture_in_the_documentation_is_up_to_date():
    """Made by `symback draw FILE --at x3=0.5 … > docs/l6b.svg`, with the numbers of L6B_POINT."""
    circuit = sb.circuit((ROOT / L6B).read_text(encoding="utf-8"))
    assert (ROOT / "docs/l6b.svg").read_text(encoding="utf-8") == circuit.draw(L6B_POINT)
