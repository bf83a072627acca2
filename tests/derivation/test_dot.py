"""Graphviz text: the boxes, wires and texts of the SVG, and nothing that `dot` stumbles over."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from html import unescape

import pytest
from click.testing import CliRunner

import symback as sb
from symback.autodiff.reverse import reverse_pass
from symback.circuits.assembly import assemble
from symback.circuits.circuit import computed
from symback.cli.main import cli
from symback.codegen.marks import marked
from symback.derivation.numbers.scalars import numbers_at
from symback.derivation.picture.diagram import MOST_BOXES, diagram
from symback.derivation.picture.dot import dot_string, html_text
from symback.derivation.picture.labels import Texts
from symback.derivation.picture.layout import picture
from symback.errors import SymbackError, TooLarge, UnknownName
from symback.operations.expressions import real_symbol
from tests.cases.one_in import one_in
from tests.cases.pictures import LARGE, PICTURES, point
from tests.cases.sample_circuits import LECTURE, OPERATIONS

VIEWS = ("gates", "neurons")
STRING = r'"((?:[^"\\]|\\.)*)"'
LABEL = r"label=<(.*)>\]"
EDGE = re.compile(rf"  {STRING} -> {STRING}(?: \[{LABEL})?")
NODE = re.compile(rf"  {STRING} \[.*?tooltip={STRING} {LABEL}")
NETWORK = "x: input[3]; W: param[2, 3]; t: target[2]; E: loss = cross_entropy(tanh(W @ x), t)"


def texts_in(label):
    """The lines of an HTML-like label, without their tags."""
    lines = re.sub(r"<br[^>]*/>", "\n", label or "").split("\n")
    return [unescape(re.sub(r"<[^>]*>", "", line)) for line in lines if line]


def parsed(text):
    """Node name → its texts, and (tail, head) → its texts; every line must be one of the known."""
    lines = text.splitlines()
    assert re.fullmatch(rf"digraph {STRING} {{", lines[0]) and lines[-1] == "}"
    nodes, edges = {}, {}
    for line in lines[1:-1]:
        if found := EDGE.fullmatch(line):
            edges[found[1], found[2]] = texts_in(found[3])
        elif found := NODE.fullmatch(line):
            nodes[found[1]] = texts_in(found[3])
        else:
            assert re.match(r'  (graph|node|edge) \[|  "value of |        +', line), line
    return nodes, edges


def drawing(circuit, view, at=None, of=None):
    walk = reverse_pass(circuit, of)
    drawn = diagram(walk, view)
    return drawn, Texts(walk, drawn, None if at is None else numbers_at(walk, at))


@pytest.mark.parametrize("view", one_in(2, VIEWS))
@pytest.mark.parametrize(
    "text", one_in(3, [*PICTURES.values(), *OPERATIONS.values(), LARGE["wide"]])
)
def test_boxes_wires_and_texts_are_those_of_the_svg(text, view):
    circuit = sb.circuit(text)
    at = None if text == LARGE["wide"] else point(circuit)
    drawn, texts = drawing(circuit, view, at)
    nodes, edges = parsed(circuit.to_dot(at, view))
    assert list(nodes) == [b.name for b in drawn.boxes]
    assert len(nodes) <= MOST_BOXES
    (of,) = drawn.results
    assert list(edges) == [*((w.tail, w.head) for w in drawn.wires), (of, f"value of {of}")]
    shown = picture(drawn, texts)
    in_svg = [t for shape in shown.shapes for t in shape.texts]
    in_svg += [t for path in shown.paths for t in path.texts]
    in_dot = [line for lines in (*nodes.values(), *edges.values()) for line in lines]
    assert Counter(in_dot) == Counter(t.line.text for t in in_svg)


def test_numbers_stand_on_wires_only_where_they_are_given():
    circuit = sb.circuit(LECTURE["L5"])
    _, plain = parsed(circuit.to_dot())
    assert not any(plain.values())
    _, edges = parsed(circuit.to_dot({"x1": 1.0}))
    assert edges["x1", "f"] == ["1", "∂ 1"]
    assert edges["x3", "net2"] == ["—", "∂ —"]
    assert "gradient of f along the wire" in circuit.to_dot({})


def test_neurons_have_weights_on_their_wires():
    nodes, edges = parsed(sb.circuit(LECTURE["L5"]).to_dot(view="neurons"))
    assert "w3" not in nodes
    assert edges["x3", "x2"] == ["w3"]


def test_another_node_and_arrays():
    nodes, _ = parsed(sb.circuit(LECTURE["L5"]).to_dot(of="l"))
    assert list(nodes)[-1] == "l" and "y" in nodes
    nodes, _ = parsed(sb.circuit(NETWORK).to_dot(of="E"))
    assert {"x", "W", "t", "E"} <= nodes.keys()


def test_words_of_the_language_are_names_like_others():
    circuit = sb.circuit("node = graph*edge\ndigraph = sin(node)", params=[], loss=None)
    nodes, edges = parsed(circuit.to_dot())
    assert list(nodes) == ["graph", "edge", "node", "digraph"]
    assert ("node", "digraph") in edges


def test_any_text_is_quoted():
    assert dot_string('a"b\\') == '"a\\"b\\\\"'
    assert dot_string("\\N\n\x00") == '"\\\\N ?"'
    assert html_text("x<y & z>\x1b") == "x&lt;y &amp; z&gt;?"
    nodes, _ = parsed(sb.circuit("f = where(x < w, x, w)").to_dot())
    assert "f = where(w > x, x, w)" in nodes["f"]


def test_errors_are_those_of_draw():
    circuit = sb.circuit(LECTURE["L5"])
    with pytest.raises(UnknownName, match="did you mean 'w3'"):
        circuit.to_dot({"w33": 1})
    with pytest.raises(UnknownName):
        circuit.to_dot(of="nothing")
    with pytest.raises(SymbackError, match="choose gates or neurons"):
        circuit.to_dot(view="surface")
    names = [f"a{i}" for i in range(6000)]
    nodes = [sb.circuit("a = x")["x"]]
    for before, name in zip(["x", *names], names, strict=False):
        nodes.append(computed(name, real_symbol(before) + 1, [before]))
    with pytest.raises(TooLarge, match="6001 nodes"):
        sb.Circuit.of(assemble(nodes)).to_dot()


@pytest.mark.slow
def test_the_same_bytes_under_any_hash_seed():
    code = f"import symback as sb; print(sb.circuit({LECTURE['L6b']!r}).to_dot({{}}), end='')"
    expected = sb.circuit(LECTURE["L6b"]).to_dot({})
    for seed in ("0", "4711"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"}
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment)
        assert run.stdout.decode() == expected


def test_command_line(tmp_path):
    arguments = ["draw", "f = x1 − σ(w3x3 + w4x4)", "--at", "x1=1", "--view", "neurons"]

    def invoke(*more):
        return CliRunner().invoke(cli, [*arguments, *more])

    printed = invoke("--format", "dot")
    assert printed.exit_code == 0 and printed.stdout.startswith('digraph "f" {')
    for name, begin in (("a.dot", "digraph"), ("a.GV", "digraph"), ("a.svg", "<svg")):
        path = tmp_path / name
        assert invoke("-o", str(path)).exit_code == 0
        assert path.read_text(encoding="utf-8").startswith(begin)
    assert (tmp_path / "a.dot").read_bytes() == marked(printed.stdout_bytes, "draw", "dot")
    refused = invoke("-o", str(tmp_path / "b.dot"), "--format", "svg")
    assert refused.exit_code == 2 and not (tmp_path / "b.dot").exists()
    assert "--format svg and a file .dot exclude each other" in refused.stderr
    assert invoke("--format", "png").exit_code == 2


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("name", [*PICTURES, "dense"])
def test_graphviz_accepts_it(name, view):
    if shutil.which("dot") is None:
        pytest.skip("Graphviz's dot is not installed")
    circuit = sb.circuit({**PICTURES, **LARGE}[name])
    text = circuit.to_dot(None if name in LARGE else point(circuit), view)
    run = subprocess.run(["dot", "-Tplain"], input=text.encode(), capture_output=True, timeout=60)
    assert run.returncode == 0 and not run.stderr, run.stderr.decode()
    kinds = Counter(line.split()[0] for line in run.stdout.decode().splitlines())
    nodes, edges = parsed(text)
    assert (kinds["node"], kinds["edge"]) == (len(nodes) + 1, len(edges))
