"""Derivations among arrays with numbers: values, shapes, renderings, and steps that are refused."""

import itertools
import json
import shutil
import subprocess
from functools import cache

import numpy as np
import pytest
import sympy as sp
from click.testing import CliRunner
from flint import arb

import symback as sb
from symback import errors
from symback.autodiff.gates import gates, split_number
from symback.cli.main import cli
from symback.derivation import accumulation
from symback.derivation.numbers.point import LONGEST_TEXT, read_text
from symback.derivation.page.lines import StillLines
from symback.derivation.text.numbers import value_latex, value_text
from symback.derivation.verify import arrays as verify_arrays
from symback.derivation.verify import gate as verify_gate
from symback.derivation.verify.scalars import StepRefused
from symback.operations import vjp
from symback.operations.arrays import ARRAY_FUNCTIONS, OF_DERIVATIONS, matmul, transpose
from symback.operations.balls.arrays import DEFINED
from symback.operations.balls.scalars import nearest_float
from symback.truth.explicit import explicit
from symback.truth.points import point_batches
from symback.truth.reference import Reference
from tests.cases.array_circuits import ALL, CIRCUITS

NETWORK = (
    "x: input[d]; t: target[k]; W1: param[h, d]; b1: param[h]; W2: param[k, h]; b2: param[k]\n"
    "h1 = tanh(W1 @ x + b1)\nz: output = W2 @ h1 + b2\nE: loss = cross_entropy(z, t)"
)
POINT = {
    "x": [1, 2],
    "t": [0, 1, 0],
    "W1": [[0.1, -0.25], [0.5, 0]],
    "b1": np.array([0.0, 0.1]),
    "W2": ((1, 2), (3, 4), (-1, 0.5)),
    "b2": [0, 0, 0.25],
}
AT = [f"--at={name}={np.asarray(value).tolist()}" for name, value in POINT.items()]
CLASSES = "z: param[k]; y: target; E: loss = cross_entropy(z, y)"
EXACT = {**CIRCUITS, "classes": CLASSES, "lstm": ALL["lstm"]}
EXACT.pop("array output")
EXACT_BY_DEFAULT = {
    *("extremes", "gaussian", "parts", "constants", "classes", "a part of a sum"),
}


@cache
def circuit_of(text):
    return sb.circuit(text)


@cache
def heads(text):
    """The operations that have a gate of their own."""
    nodes = gates(circuit_of(text)).computed
    terms = [term for node in nodes for term in sp.Add.make_args(node.formula)]
    return {split_number(term)[1].func for term in terms}


def objective(text):
    circuit = circuit_of(text)
    return circuit.derive(circuit.objective.name)


@cache
def network():
    return objective(NETWORK)


def at_point(**changed):
    return network().at(**{**POINT, **changed})


# -- values --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.slow] * (n not in EXACT_BY_DEFAULT)) for n in EXACT]
)
def test_every_number_is_the_float_nearest_to_sympys(name):
    """Another road: the circuit written out entry by entry, and SymPy's diff of that."""
    circuit = circuit_of(EXACT[name])
    numbers, layout = explicit(circuit)
    reference = Reference(numbers, numbers.objective.name)
    found = point_batches(numbers, np.random.default_rng(3), 8, layout)
    points = (batch.merged(batch.points[0]) for batch in itertools.islice(found, 20))
    point, truth = next((p, t) for p in points if (t := reference.at(p)) is not None)
    at = {
        leaf: np.array([point[entry] for entry in entries.flat]).reshape(entries.shape)
        for leaf, entries in layout.entries.items()
    }
    derivation = circuit.derive(circuit.objective.name).at(**at)
    assert derivation.verified
    values, partials = derivation.evaluated()
    assert values[circuit.objective.name] == nearest_float(truth.value)
    for leaf, partial in partials.items():
        wanted = [nearest_float(truth.partials.get(e, arb(0))) for e in layout.entries[leaf].flat]
        assert np.ravel(partial).tolist() == wanted, leaf
    assert set(derivation.numbers()) == {step.id for step in derivation.steps}


def test_a_network_against_numpy():
    x, t, w1, b1, w2, b2 = (np.array(POINT[n], dtype=float) for n in POINT)
    h1 = np.tanh(w1 @ x + b1)
    z = w2 @ h1 + b2
    soft = np.exp(z) / np.exp(z).sum()
    delta = (w2.T @ (soft - t)) * (1 - h1**2)
    values, partials = at_point().evaluated()
    assert values["E"] == pytest.approx(-np.log(soft[1]), rel=1e-14, abs=0)
    wanted = {"W1": np.outer(delta, x), "b1": delta, "W2": np.outer(soft - t, h1), "b2": soft - t}
    for name, expected in wanted.items():
        np.testing.assert_allclose(partials[name], expected, rtol=1e-14)
    by_kind = {(s.kind, s.left): s.id for s in at_point().steps}
    numbers = at_point().numbers()
    np.testing.assert_allclose(numbers[by_kind["forward", "h1"]], h1, rtol=1e-15)
    np.testing.assert_allclose(numbers[by_kind["edge", ("z", "h1")]], w2.T @ (soft - t), rtol=1e-14)
    assert numbers[by_kind["seed", ("E", "E")]] == 1.0


def test_what_two_edges_give_is_added():
    derivation = sb.circuit(
        "A: param[n, n]; x: param[n]; f = x.T @ A @ x; loss: none", loss=None
    ).partial("f", "x")
    a, x = np.array([[1.0, 2.0], [3.0, 5.0]]), np.array([0.5, -1.0])
    found = derivation.at(A=a, x=x)
    steps = {s.kind: s.id for s in derivation.steps}
    np.testing.assert_array_equal(found.numbers()[steps["sum"]], a @ x + a.T @ x)
    edges = [s.id for s in derivation.steps if s.edge is not None and s.edge[1] == "x"]
    assert len(edges) == 2
    total = sum(found.numbers()[i] for i in edges)
    np.testing.assert_array_equal(total, found.evaluated()[1]["x"])


def test_a_leaf_that_no_path_leads_from_is_zero():
    circuit = sb.circuit("x: input[n]; u: param[n]; f = sum(x); g = sum(u); h = f*g; loss: none")
    found = circuit.partial("f", "u").at(x=[1, 2], u=[3, 4])
    assert found.evaluated()[1]["u"].tolist() == [0.0, 0.0]


def test_where_a_leaf_is_missing_numbers_are_left_out_not_zero():
    few = network().at(**{n: POINT[n] for n in ("x", "W1", "b1")})
    known = {s.left for s in few.steps if s.id in few.numbers()}
    assert {"net", "h1"} <= known and not {"z", "E", ("E", "W1")} & known
    shown = few.to_text(detail="full")
    assert "= [−0.4, 0.6]" in shown and "= —" in shown
    assert "  not determined without t, W2, b2: z, E, ∂E/∂x, ∂E/∂W1, ∂E/∂b1, " in few.to_text()
    with pytest.raises(errors.DataError, match="missing values: t, W2, b2"):
        few.evaluated()


def test_a_large_network_is_evaluated_whole():
    rng = np.random.default_rng(0)
    point = {
        "x": rng.normal(size=64),
        "t": np.eye(10)[3],
        "W1": rng.normal(size=(128, 64)) / 8,
        "b1": rng.normal(size=128),
        "W2": rng.normal(size=(10, 128)) / 11,
        "b2": rng.normal(size=10),
    }
    circuit, derivation = circuit_of(NETWORK), network().at(**point)
    module = circuit.compile()
    params = module.Params(*(point[n] for n in module.Params._fields))
    value, gradient = module.value_and_grad(params, module.Inputs(point["x"], point["t"]))
    values, partials = derivation.evaluated()
    assert values["E"] == pytest.approx(value, rel=1e-13, abs=0)
    for name in module.Params._fields:
        np.testing.assert_allclose(partials[name], getattr(gradient, name), rtol=1e-10, atol=1e-15)
    text = str(derivation)
    assert "W1 = [128, 64]: " in text and max(map(len, text.splitlines())) <= 80


# -- what is refused -----------------------------------------------------------------------------

MISFITS = {
    # what is given → words of the message
    "two arrays": ({"x": [1, 2, 3]}, ["'W1' is [h, d]", "[2, 2]", "'x' is [3]", "d differs"]),
    "a matrix for a vector": ({"x": [[1, 2]]}, ["'x' is [d]", "[1, 2] as given", "that fits"]),
    "a number for an array": ({"x": 1}, ["'x' is [d]", "a number as given"]),
    "ragged rows": ({"W1": [[1, 2], [3]]}, ["rows of 'W1'", "1, 2 numbers", "same length"]),
    "numbers and rows": ({"W1": [[1, 2], 3]}, ["'W1' mixes numbers and rows"]),
    "rows behind a number": ({"x": [1, [2]]}, ["'x' mixes numbers and rows"]),
    "three axes": ({"W1": np.zeros((2, 2, 2))}, ["'W1' is [h, d]", "[2, 2, 2] as given"]),
    "seven axes": ({"W1": np.zeros((1,) * 7)}, ["'W1' has more than 6 axes"]),
    "rows of different depth": ({"W1": [[1], [[2]]]}, ["'W1' mixes numbers and rows"]),
    "nothing": ({"x": []}, ["'x' is empty"]),
    "a word": ({"x": [1, "2"]}, ["'x' holds '2'", "decimal numbers"]),
    "a complex number": ({"x": [1, 2j]}, ["'x' holds 2j"]),
    "a truth value": ({"x": [1, True]}, ["'x' holds True"]),
    "an unknown name": ({"w1": [1]}, ["'w1' is not an input", "did you mean 'W1'"]),
    "a computed node": ({"h1": [1, 2]}, ["'h1' is not an input"]),
    "a size": ({"d": 2}, ["'d' is a size"]),
    "a target that is no distribution": ({"t": [0, 1, 1]}, ["'t'", "add up to 1, not to 2"]),
}


@pytest.mark.parametrize("what", MISFITS)
def test_what_does_not_fit_is_refused(what):
    changed, words = MISFITS[what]
    with pytest.raises(errors.SymbackError) as caught:
        at_point(**changed)
    assert all(word in str(caught.value) for word in words), caught.value
    assert len(str(caught.value)) <= 200


REFUSED = {
    "an index beyond the classes": (
        "z: param[k]; y: target; E: loss = cross_entropy(z, y)",
        {"z": [1, 2], "y": 2},
        "one from 0 to 1",
    ),
    "half a class": (
        "z: param[k]; y: target; E: loss = cross_entropy(z, y)",
        {"z": [1, 2], "y": 0.5},
        "index of a class",
    ),
    "a fixed size": ("x: input[3]; E = sum(x*x); loss: none", {"x": [1, 2]}, "'x' is \\[3\\]"),
    "a singular matrix": (
        "A: param[n, n]; E = sum(inv(A)); loss: none",
        {"A": [[1, 2], [2, 4]]},
        "no inverse at the point",
    ),
    "too many entries": (
        "A: param[n, n]; E = sum(A*A); loss: none",
        {"A": np.ones((400, 400))},
        "c.compile",
    ),
    "an array for a number": ("E = w*x", {"w": [1, 2], "x": 1}, "'w' takes a number"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_has_no_numbers_is_refused(what):
    text, point, words = REFUSED[what]
    with pytest.raises(errors.SymbackError, match=words):
        sb.circuit(text).derive("E").at(**point).to_text()


def test_pictures_have_the_numbers_of_arrays():
    circuit = circuit_of(NETWORK)
    loss = circuit.objective.name
    values, _ = circuit.derive(loss).at(**POINT).evaluated()
    for draw in (circuit.draw, circuit.to_dot):
        assert f"{values[loss]:.6g}" in draw(POINT, of=loss)


# -- the command line ----------------------------------------------------------------------------

TEXTS = {
    "[1, 2.5, -3e-1]": [1.0, 2.5, -0.3],
    " [[1,2],[3,4]] ": [[1.0, 2.0], [3.0, 4.0]],
    "0.5": 0.5,
    "[[[1], [2]]]": [[[1.0], [2.0]]],
    "[]": [],
    "[1, -inf]": [1.0, -np.inf],
}
NO_NUMBERS = [
    *("[1, Nil]", "[Infinitely]", '["1"]', "[true]", "[null]", "[{}]", "[1, 2", "[1] [2]"),
    *(
        "[1,]",
        "[0x1]",
        "[1_0]",
        "[__import__('os')]",
        "[" * 10_000,
        "",
        "x",
        "[1e]",
    ),
    "[" + "1, " * (LONGEST_TEXT // 3) + "1]",
]


@pytest.mark.parametrize("text", TEXTS)
def test_lists_are_read(text):
    assert read_text(text) == TEXTS[text]


@pytest.mark.parametrize("text", NO_NUMBERS, ids=range(len(NO_NUMBERS)))
def test_everything_else_is_not_a_number(text):
    with pytest.raises(ValueError):
        read_text(text)


def run(*arguments):
    return CliRunner().invoke(cli, ["derive", NETWORK, "--of", "E", *arguments])


def test_the_command_line_takes_lists():
    done = run(*AT)
    assert done.exit_code == 0, done.output
    assert done.stdout == str(at_point())


@pytest.mark.parametrize("pair", ["x=[1,NaN]", "x=[1", "x", "=[1]", "x=[1,2,3]"])
def test_the_command_line_refuses_in_words(pair):
    refused = run("--at=W1=[[1,2],[3,4]]", f"--at={pair}")
    assert refused.exit_code == 2 and "Traceback" not in refused.output


# -- renderings ----------------------------------------------------------------------------------

SHOWN = {
    # a value and the room → its text
    ((0.1, -0.25), 20): "[0.1, -0.25]",
    (((1.0, 2.0), (3.0, 4.0)), 16): "[[1, 2], [3, 4]]",
    (((1.0, 2.0), (3.0, 4.0)), 15): "[2, 2]: 1, 2, …",
    ((1 / 3, 2 / 3), 20): "[0.333333, 0.666667]",
    ((1 / 3, 2 / 3), 19): "[0.3333, 0.6667]",
    (1 / 3, 4): "0.333333",
}


@pytest.mark.parametrize(("value", "room"), SHOWN)
def test_values_as_text(value, room):
    assert value_text(value, room) == SHOWN[value, room]


def test_values_as_latex():
    matrix = value_latex(np.arange(12.0).reshape(3, 4))
    assert matrix == (
        r"\begin{pmatrix} 0 & 1 & 2 & 3 \\ 4 & 5 & 6 & 7 \\ 8 & 9 & 10 & 11 \end{pmatrix}"
    )
    assert value_latex((1.0, 1e-9)) == r"\begin{pmatrix} 1 \\ 1 \cdot 10^{-9} \end{pmatrix}"
    large = value_latex(np.arange(70.0).reshape(7, 10))
    assert large.startswith(r"\begin{pmatrix} 0 & 1 & 2 & \cdots & 9 \\")
    assert r"\vdots & \vdots & \vdots & \ddots & \vdots \\ 60 & 61 & 62 & \cdots & 69" in large


def test_the_text_ends_with_the_numbers():
    lines = str(at_point()).splitlines()
    assert lines[-14:-9] == [
        "   t = [0, 1, 0]",
        "   W1 = [[0.1, −0.25], [0.5, 0]]",
        "   b1 = [0, 0.1]",
        "   W2 = [[1, 2], [3, 4], [−1, 0.5]]",
        "   b2 = [0, 0, 0.25]",
    ]
    assert "  net = [−0.4, 0.6]" in lines
    ascii_text = at_point().to_text(ascii=True)
    assert ascii_text.isascii() and "  net = [-0.4, 0.6]" in ascii_text


def test_a_step_shows_symbols_then_numbers():
    assert str(at_point().step(1)).splitlines()[:3] == [
        "[1]  forward    net = W1·x + b1",
        "                = [[0.1, −0.25], [0.5, 0]]·[1, 2] + [0, 0.1]",
        "                = [−0.4, 0.6]",
    ]
    assert "= tanh([-0.4, 0.6])" in at_point().to_text(ascii=True, detail="full")
    assert str(at_point().accumulation().step(1)) == str(at_point().step(1))


@pytest.mark.parametrize("name", ["gaussian", pytest.param("attention", marks=pytest.mark.slow)])
@pytest.mark.parametrize("ascii", [False, True])
def test_lines_stay_within_80_columns(name, ascii):
    derivation = objective(ALL[name])
    assert derivation.verified
    derivation = derivation.at(**point_of(derivation.circuit))
    for detail in ("normal", "full"):
        text = derivation.to_text(detail=detail, ascii=ascii)
        assert max(map(len, text.splitlines())) <= 80
        assert text.isascii() or not ascii


def point_of(circuit, least=4):
    """Numbers for all leaves, all sizes with a name being different."""
    sizes = {size: least + i for i, size in enumerate(circuit.size_names)}
    rng = np.random.default_rng(1)
    point = {
        n.name: rng.uniform(0.5, 1.5, [int(s.xreplace(sizes)) for s in n.shape])
        for n in circuit.leaves
    }
    return {**point, **({"y": 1} if "y" in circuit.targets else {})}


def test_json_holds_nested_lists():
    content = json.loads(at_point().to_json())
    assert content["at"]["W1"] == POINT["W1"]
    assert content["values"]["net"] == pytest.approx([-0.4, 0.6])
    assert np.shape(content["partials"]["W2"]) == (3, 2)


def test_the_steps_of_a_page_have_their_values():
    found = [StillLines(at_point()).numbers(step) for step in network().steps]
    assert found[0] == [["= [−0.4, 0.6]"]]
    assert [s.kind for s, lines in zip(network().steps, found, strict=True) if not lines] == [
        "seed"
    ]
    assert not any(StillLines(network()).numbers(step) for step in network().steps)


@pytest.mark.slow
def test_the_page_shows_the_values_of_its_steps():
    assert '"= [−0.4, 0.6]"' in at_point().to_html()
    by_adjoints = sb.circuit("f = w*x").partial("w").accumulation().at(w=2, x=3)
    assert "<p>= 6</p>" in by_adjoints.to_html()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex")
@pytest.mark.parametrize("style", ["align", "beamer", "table"])
def test_documents_with_numbers_compile(tmp_path, style):
    point = point_of(circuit_of(NETWORK), least=6)
    point["t"] = np.eye(len(point["t"]))[0]
    source = network().at(**point).to_latex(style, standalone=True)
    assert r"\begin{pmatrix}" in source and r"\vdots" in source
    (tmp_path / "d.tex").write_text(source)
    command = ["pdflatex", "-interaction=batchmode", "-halt-on-error", "d.tex"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True).returncode == 0


# -- steps are verified --------------------------------------------------------------------------


def test_there_is_a_definition_of_every_operation():
    assert set(DEFINED) == ARRAY_FUNCTIONS | OF_DERIVATIONS


def uses(head):
    """The shortest circuit in which an operation has a gate of its own."""
    texts = [text for name, text in CIRCUITS.items() if name != "array output"]
    more = [
        CLASSES,
        "i: int; E: param[3, 2]; u: input[2]; f = dot(E[i], u)**2",
        "A: param[2, 2]; f = sum(cholesky(A)**2)",
        "A: param[2, 2]; f = sum(eigvalsh(A)**2)",
        "A: param[2, 2]; f = sum(eigenvectors(A)**3)",
        "u: input[2]; w: param; f = sum([[w, 1], [w**2, 2]] @ u)",
    ]
    return next(t for t in sorted([*texts, *more], key=len) if head in heads(t))


def slightly_wrong(contribution):
    return contribution * (1 + sp.Rational(1, 10**12))


def planted(head, change):
    """The rule of an operation with a change in what its first operand gets."""
    rule = vjp.VJP[head]

    def wrong(g, at, *operands):
        first, *others = rule(g, at, *operands)
        return (change(first), *others)

    return wrong


CONTRIBUTING = [head for head in vjp.VJP if head.__name__ != "one_hot"]  # whose derivative is 0


@pytest.mark.parametrize("head", CONTRIBUTING, ids=lambda head: head.__name__)
def test_a_wrong_rule_is_raised_and_never_printed(monkeypatch, head):
    text = uses(head)
    monkeypatch.setitem(vjp.VJP, head, planted(head, slightly_wrong))
    with pytest.raises(StepRefused, match="does not hold"):
        objective(text)


WRONG = {
    # an operation → a rule with an error that is easily made
    "a transpose left out": (matmul, lambda g, at, a, b: (matmul(g, b), matmul(transpose(a), g))),
    "the operands in the wrong order": (
        matmul,
        lambda g, at, a, b: (matmul(transpose(b), g), matmul(transpose(a), g)),
    ),
    "the operands' adjoints exchanged": (
        matmul,
        lambda g, at, a, b: (matmul(transpose(a), g), matmul(g, transpose(b))),
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_shapes_that_do_not_fit_are_no_traceback(monkeypatch, what):
    head, rule = WRONG[what]
    monkeypatch.setitem(vjp.VJP, head, rule)
    with pytest.raises(errors.SymbackError):
        sb.circuit("A: param[m, n]; B: param[n, r]; f = sum(A @ B); loss: none").derive()


def test_a_wrong_sum_is_raised(monkeypatch):
    monkeypatch.setattr(accumulation, "Add", lambda *parts: parts[0])
    with pytest.raises(StepRefused, match="∂f/∂x"):
        sb.circuit("A: param[n, n]; x: param[n]; f = x.T @ A @ x; loss: none").derive()


def test_a_wrong_expansion_is_raised(monkeypatch):
    real = accumulation.inline_generated
    monkeypatch.setattr(
        accumulation, "inline_generated", lambda e, *a, **k: real(e, *a, **k).subs(sp.S.One, 2)
    )
    with pytest.raises(StepRefused, match="∂E/∂"):
        objective(NETWORK)


def test_gates_of_one_form_are_verified_once(monkeypatch):
    seen = []
    real = verify_gate.GateReference.verify
    verify_arrays.gives_the_truth.cache_clear()
    monkeypatch.setattr(
        verify_gate.GateReference,
        "verify",
        lambda self, right, *args, **more: seen.append(right) or real(self, right, *args, **more),
    )
    layers = "".join(f"h{i} = tanh(W @ h{i - 1})\n" for i in range(1, 9))
    text = f"h0: input[n]; W: param[n, n]\n{layers}f = sum(h8)"
    assert sb.circuit(text, loss=None).derive("f").verified
    assert len(seen) == 6  # a sum, tanh, W·h and, h0 being declared before W, W·h0: two each


def test_sizes_that_cannot_be_small_are_verified_along_a_direction(monkeypatch):
    text = "x: input[90]; W: param[40, 50]; f = sum((W @ x[10:60])**2); loss: none"
    assert sb.circuit(text).derive("f").verified
    verify_arrays.gives_the_truth.cache_clear()
    head = next(h for h in vjp.VJP if h.__name__ == "slice_")
    monkeypatch.setitem(vjp.VJP, head, planted(head, slightly_wrong))
    with pytest.raises(StepRefused):
        sb.circuit(text).derive("f")


def test_without_a_point_inside_the_domain_it_says_so():
    circuit = sb.circuit("x: input[n]; f = sum(log(x - abs(x) - 1)); loss: none")
    derivation = circuit.derive("f")
    assert not derivation.verified and derivation.steps
