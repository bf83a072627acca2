"""Hessians derived step by step: textbook second partials, both kinds of terms, every rendering."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
import sympy as sp
from flint import arb

import symback as sb
from symback.autodiff.closed_forms import over_leaves
from symback.derivation import hessian
from symback.derivation.verify.scalars import StepRefused
from symback.errors import CircuitError, DataError, TooLarge, UnknownName, Unsupported
from symback.operations.balls.scalars import evaluate, precision
from symback.operations.elementwise import elementary
from symback.truth.second import SecondReference
from tests.cases.lecture import ROWS
from tests.cases.one_in import one_in
from tests.cases.sample_circuits import ALL

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "docs/derivation.schema.json").read_text(encoding="utf-8"))
ROSENBROCK = "f = (1 - x)**2 + 100*(y - x**2)**2"
NEURON = "f = x1 - sigma(w3*x3 + w4*x4)"
S = "1/(1 + exp(-(w*x + b)))"
N = "1/(1 + exp(-(w3*x3 + w4*x4)))"
D2 = f"(-({N})*(1 - {N})*(1 - 2*{N}))"

TEXTBOOK = {
    "Rosenbrock": (ROSENBROCK, "x y", [["1200*x**2 - 400*y + 2", "-400*x"], ["-400*x", "200"]]),
    "logistic loss": (
        "w: param; b: param; x: input; y: target\nz = w*x + b\nl: loss = softplus(z) - y*z",
        "w b",
        [[f"{S}*(1 - {S})*x**2", f"{S}*(1 - {S})*x"], [f"{S}*(1 - {S})*x", f"{S}*(1 - {S})"]],
    ),
    "logistic loss as typed by hand": (
        "l = log(1 + exp(w*x + b))\nloss: none",
        "w b",
        [[f"{S}*(1 - {S})*x**2", f"{S}*(1 - {S})*x"], [f"{S}*(1 - {S})*x", f"{S}*(1 - {S})"]],
    ),
    "neuron of the lecture": (
        f"{NEURON}\nloss: none",
        "w3 w4",
        [[f"{D2}*x3**2", f"{D2}*x3*x4"], [f"{D2}*x3*x4", f"{D2}*x4**2"]],
    ),
    "mean square": (
        "w: param; b: param; x: input; y: target\nf: output = w*x + b\nl: loss = (f - y)**2/2",
        "w b",
        [["x**2", "x"], ["x", "1"]],
    ),
    "product rule, second": ("f = sin(x)*exp(x)\nloss: none", "x", [["2*cos(x)*exp(x)"]]),
    "quotient": ("f = x/y\nloss: none", "x y", [["0", "-1/y**2"], ["-1/y**2", "2*x/y**3"]]),
    "normal density": (
        "f = exp(-x**2/2)/sqrt(2*pi)\nloss: none",
        "x",
        [["(x**2 - 1)*exp(-x**2/2)/sqrt(2*pi)"]],
    ),
    "decay": (
        "f = w1*(1 - exp(-w2*x))\nloss: none",
        "w1 w2",
        [["0", "x*exp(-w2*x)"], ["x*exp(-w2*x)", "-w1*x**2*exp(-w2*x)"]],
    ),
    "xlogx": ("f = x*log(x)\nloss: none", "x", [["1/x"]]),
    "linear": ("f = w*x + b\nloss: none", "w b", [["0", "0"], ["0", "0"]]),
    "curved twice": (
        "u = x*y, f = u**2\nloss: none",
        "x y",
        [["2*y**2", "4*x*y"], ["4*x*y", "2*x**2"]],
    ),
}


def hessian_of(text, wrt=None, **options):
    circuit = sb.circuit(text)
    return circuit.derive(options.get("of"), wrt, order=2)


def values_of(circuit):
    return {n.symbol: sp.Rational(5 + 3 * i, 8) for i, n in enumerate(circuit.leaves)}


def ball(expr, values):
    with precision(400):
        return evaluate(elementary(expr), {s: arb(int(v.p)) / int(v.q) for s, v in values.items()})


def close(one, other):
    with precision(400):
        return one.is_finite() and abs(one - other) <= arb(10) ** -60 * (1 + abs(other))


@pytest.mark.parametrize("name", one_in(2, TEXTBOOK))
def test_textbook_hessians(name):
    text, names, expected = TEXTBOOK[name]
    circuit, wrt = sb.circuit(text), names.split()
    derivation = circuit.derive(circuit.objective.name if circuit.targets else None, wrt, order=2)
    assert derivation.verified
    values = values_of(circuit)
    symbols = {n.name: n.symbol for n in circuit.leaves}
    found = derivation.matrix.applyfunc(lambda e: over_leaves(circuit.gates, e))
    assert found.is_symmetric()
    at = derivation.at(**{s.name: float(v) for s, v in values.items()}).evaluated()[1]
    for i, a in enumerate(wrt):
        for j, b in enumerate(wrt):
            truth = ball(sp.sympify(expected[i][j], locals=symbols), values)
            assert close(ball(found[i, j], values), truth)
            if i <= j:
                number = at[derivation.of, a, b]
                assert number == pytest.approx(float(truth.mid()), rel=1e-15, abs=0.0)


@pytest.mark.parametrize("name", one_in(3, ROWS))
def test_rows_of_the_lecture(name):
    row = ROWS[name]
    for text in (row.flat[0], row.named[0]):
        circuit = sb.circuit(text, loss=None)
        names = {n: circuit[n].symbol for n in map(str, circuit.leaves)}
        net = elementary(sp.sympify("w3*x3 + w4*x4", locals=names)) if "w3" in names else 0
        derivation = circuit.derive(wrt=list(row.partials), order=2)
        assert derivation.verified
        values = values_of(circuit)
        for of, a, b in derivation.asked:
            assert of == "f"
            slope = sp.sympify(row.partials[a], locals={**names, "S": 1 / (1 + sp.exp(-net))})
            truth = ball(sp.diff(slope, names[b]), values)
            form = over_leaves(circuit.gates, derivation.closed[of, a, b])
            assert close(ball(form, values), truth)


@pytest.mark.parametrize("name", one_in(40, ALL))
def test_hessians_of_all_samples_are_those_of_sympy(name):
    circuit = sb.circuit(ALL[name])
    of = circuit.outputs[-1].name
    formula = elementary(over_leaves(circuit, circuit[of].formula))
    wrt = [n.name for n in circuit.leaves if n.symbol in formula.free_symbols][:4]
    derivation = circuit.derive(of, wrt, order=2)
    assert derivation.verified
    found = [sum(s.left == asked for s in derivation.steps) > 0 for asked in derivation.asked]
    assert all(found)
    if derivation.closed.keys() == {*derivation.asked}:
        assert derivation.matrix.is_symmetric()
    values = values_of(circuit)
    numbers = derivation.at(**{s.name: float(v) for s, v in values.items()}).evaluated()[1]
    for asked, form in derivation.closed.items():
        a, b = (circuit[n].symbol for n in asked[1:])
        truth = ball(sp.diff(formula, a, b), values)
        if not truth.is_finite():
            continue
        assert close(ball(over_leaves(circuit.gates, form), values), truth)
        # a 0 that is not proven is the least float
        assert numbers[asked] == pytest.approx(float(truth.mid()), rel=1e-15, abs=1e-320)


# -- what the steps say ---------------------------------------------------------------------------


def test_the_two_kinds_of_terms_have_names():
    text = str(hessian_of("f = x**3*exp(-x)\nloss: none"))
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "1 f_2 → f_1 ∂²f_2/∂f_1² = f_2 derivative of the local partial" in lines
    assert "∂²f/∂x² = ∂⁺²f/∂x² curvature of f times slopes" in lines
    assert "+ 2 · ∂⁺²f/∂x∂f_2 · ∂f_2/∂x curvature of f times slopes" in lines
    assert "+ ∂f/∂f_2 · ∂²f_2/∂x² slope of f times curvature of f_2" in lines
    assert "= 6·x·f_2 + 2 · 3·x² · (−f_2) + x³ · f_2" in lines
    assert lines[-1] == "∂²f/∂x² = x·exp(−x)·(x² − 6·x + 6)"


def test_each_pair_is_derived_once_and_chains_speak_of_known_steps():
    derivation = hessian_of("u = tanh(w*x + b), f = u**2*cos(u)\nloss: none", ["w", "b"])
    assert derivation.asked == (("f", "w", "w"), ("f", "w", "b"), ("f", "b", "b"))
    known = set()
    for step in derivation.steps:
        assert all(number < step.id for number in step.depends)
        if step.kind == "sum":
            links = [link for chain in step.right for link in chain if link != 2]
            assert {tuple(link) for link in links} <= known
        if not isinstance(step.left, str):
            known.add(step.left)


def test_the_stable_form_is_the_last_section():
    derivation = hessian_of("l = log(1 + exp(w*x + b))\nloss: none")
    steps = derivation.stable_steps
    assert [s.kind for s in steps] == ["rewrite", "stable", "stable", "stable"]
    assert [str(s.right) for s in steps[1:]] == [
        "x**2*(1 - sigma(net))*sigma(net)",
        "x*(1 - sigma(net))*sigma(net)",
        "(1 - sigma(net))*sigma(net)",
    ]
    at = derivation.at(w=400.0, x=2.0, b=0.5)  # as typed exp(800.5) overflows
    assert at.evaluated()[1]["l", "b", "b"] == pytest.approx(0.0, abs=1e-300)


def test_long_results_stay_names():
    layers = "\n".join(f"h{i} = tanh(w{i}*h{i - 1} + h{i - 1}**2*b)" for i in range(1, 9))
    derivation = hessian_of(f"h0 = b*x\n{layers}\nf: output = h8\nloss: none", ["b"])
    assert derivation.verified and derivation.closed.keys() <= {*derivation.asked}
    longest = max(len(line) for line in str(derivation).splitlines())
    assert longest <= 80
    last = derivation.results["f", "b", "b"]
    assert len(last["sum"].right) == 1  # f is h8: what h8 has, by its name
    values = {**{f"w{i}": 0.3 + i / 10 for i in range(1, 9)}, "b": 0.25, "x": 1.5}
    number = derivation.at(**values).evaluated()[1]["f", "b", "b"]
    h = [sp.Rational(3, 8), sp.Rational(3, 2), sp.Integer(0)]
    for i in range(1, 9):  # value, first and second derivative by b
        w, (v, p, q) = sp.Rational(3 + i, 10), h
        u = w * v + v**2 / 4
        du = w * p + v * p / 2 + v**2
        ddu = w * q + (p * p + v * q) / 2 + 4 * v * p
        t = sp.N(sp.tanh(u), 60)
        s = 1 - t**2
        h = [t, s * du, s * ddu - 2 * t * s * du**2]
    assert number == pytest.approx(float(h[2]), rel=1e-15, abs=0)


def test_numbers_where_the_typed_form_has_none():
    derivation = hessian_of("f = x*w**n\nloss: none", ["w", "n"]).at(w=0.0, x=-2.0, n=3.0)
    assert derivation.evaluated()[1] == {("f", "w", "w"): 0, ("f", "w", "n"): 0, ("f", "n", "n"): 0}
    assert "∂²f/∂n² = 0 (as typed: nan)" in str(derivation)
    chosen = hessian_of("f = where(x > 0, sqrt(w*x), w**2)\nloss: none", ["w", "x"])
    assert [*chosen.at(w=1.0, x=-2.0).evaluated()[1].values()] == [2.0, 0.0, 0.0]


# -- arrays ---------------------------------------------------------------------------------------

LEAST_SQUARES = (
    "x: input[3]; y: target; w: param[2]; v: param[2]\n"
    "f: output = dot(w, x[:2]) + v[1]*x[2]\nl: loss = (f - y)**2/2"
)


def test_arrays_of_fixed_sizes_are_written_out_by_their_entries():
    circuit = sb.circuit(LEAST_SQUARES)
    derivation = circuit.derive(wrt="w", order=2, of="l")
    x_0, x_1 = sp.symbols("x_0 x_1", real=True)
    assert derivation.verified
    assert derivation.matrix == sp.Matrix([[x_0**2, x_0 * x_1], [x_0 * x_1, x_1**2]])
    at = derivation.at(w=[1.0, 2.0], v=[3.0, 4.0], x=[0.5, -1.5, 2.0], y=1.0)
    assert [*at.evaluated()[1].values()] == [0.25, -0.75, 2.25]
    with pytest.raises(DataError, match="'x' has 3 entries, not 2"):
        derivation.at(x=[1.0, 2.0])
    whole = circuit.derive(of="l", order=2).asked
    assert len(whole) == 4 * 5 // 2 and ("l", "w_1", "v_0") in whole


def test_a_number_that_is_made_of_arrays():
    text = "a: param; x: input; z: output = [a*x, a**2]; l: loss = z[0]**2 + z[1]"
    (entry,) = hessian_of(text).matrix
    assert entry == 2 * sp.Symbol("x", real=True) ** 2 + 2


# -- renderings -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_every_format_has_the_same_steps():
    derivation = hessian_of("l = log(1 + exp(w*x)) + w**2*b\nloss: none", ["w"])
    whole = derivation.to_text()
    assert max(map(len, whole.splitlines())) <= 80
    assert derivation.to_text(ascii=True).isascii()
    full = derivation.to_text(detail="full")
    assert full.count("\n[") == len(derivation.steps)
    content = json.loads(derivation.to_json())
    jsonschema.Draft202012Validator(SCHEMA).validate(content)
    assert content["matrix"] == "Hessian" and len(content["steps"]) == len(derivation.steps)
    assert [*content["results"]] == [" ".join(left) for left in derivation.asked]
    for style in ("align", "beamer", "table"):
        latex = derivation.to_latex(style, standalone=True)
        assert "Hessian of $" in latex and r"\partial^{2}" in latex
        assert latex.count("{") == latex.count("}")
    assert r"\text{ times slopes}" in derivation.to_markdown()
    page = derivation.to_html()
    assert "the Hessian of" in page and page.count("data-step=") >= len(derivation.steps)
    assert re.search("Second chain rule", page)


def test_json_has_the_numbers_of_each_step():
    values = dict(w3=2.0, w4=0.8, x1=1.0, x3=0.5, x4=-1.5)
    derivation = hessian_of(NEURON).at(**values)
    content = json.loads(derivation.to_json())
    jsonschema.Draft202012Validator(SCHEMA).validate(content)
    net = values["w3"] * values["x3"] + values["w4"] * values["x4"]
    s = sp.N(1 / (1 + sp.exp(-sp.Rational(net))), 40)
    bend = -s * (1 - s) * (1 - 2 * s)
    for pair, factor in {("w3", "w3"): 0.25, ("w3", "w4"): -0.75, ("w4", "w4"): 2.25}.items():
        expected = pytest.approx(float(bend) * factor, rel=1e-14, abs=0)
        assert content["partials"]["f " + " ".join(pair)] == expected
    by_left = {tuple(s["left"]): s["value"] for s in content["steps"] if s["kind"] == "simplify"}
    assert by_left["f_1", "w4", "w4"] == pytest.approx(-float(bend) * 2.25, rel=1e-14, abs=0)


def test_a_session_goes_step_by_step():
    derivation = hessian_of(NEURON)
    curvature = next(s for s in derivation.steps if s.kind == "curvature")
    shown = derivation.step(curvature.id)
    assert "∂²f_1/∂net² = σ′(net)·(1 − 2·σ(net))" in shown
    assert "derivative of the local partial" in derivation.why(curvature.id)
    assert "second chain rule: curvature of f_1 times slopes" in derivation.next()


# -- what does not hold is refused ----------------------------------------------------------------


def test_a_wrong_curvature_is_refused(monkeypatch):
    right = hessian.curvatures

    def wrong(walk):
        return {n: {pair: 2 * e for pair, e in of.items()} for n, of in right(walk).items()}

    monkeypatch.setattr(hessian, "curvatures", wrong)
    with pytest.raises(StepRefused, match="∂²f_1/∂x∂x"):
        hessian_of(ROSENBROCK, ["x", "y"])


def test_a_missing_term_is_refused(monkeypatch):
    right = hessian.HessianWriter.terms

    def fewer(self, name, a, b):
        chains, rule = right(self, name, a, b)
        return (chains[:-1] if len(chains) > 1 else chains), rule

    monkeypatch.setattr(hessian.HessianWriter, "terms", fewer)
    with pytest.raises(StepRefused, match="∂²f_2/∂x²"):
        hessian_of(ROSENBROCK, ["x", "y"])


MANY = "f = " + " + ".join(f"w{i}*x" for i in range(21))
ARRAYS = "x: input[n]; y: target; w: param[n]; f: output = dot(w, x); l: loss = (f - y)**2/2"


@pytest.mark.parametrize(
    ("ask", "kind", "message"),
    [
        (lambda: hessian_of(MANY), TooLarge, "at most 20 names, not 21; name some (wrt="),
        (lambda: hessian_of("u = w*x, f = u**2", "u"), Unsupported, "'u' is computed"),
        (lambda: hessian_of(NEURON, "q"), UnknownName, "'q'"),
        (lambda: hessian_of(ARRAYS.replace("[n]", "[120]")), TooLarge, "at most 200 entries"),
        (lambda: hessian_of(ARRAYS, of="w"), Unsupported, "'w' is an array [n]"),
        (lambda: sb.circuit(NEURON).derive(order=3), CircuitError, "order is 1 or 2, not 3"),
        (
            lambda: sb.circuit(NEURON).derive(order=2, view="accumulation"),
            Unsupported,
            "along paths",
        ),
        (lambda: sb.circuit(NEURON).derive(["f"], order=2), CircuitError, "of one node"),
    ],
)
def test_what_is_refused(ask, kind, message):
    with pytest.raises(kind) as caught:
        ask()
    assert message in str(caught.value)


DEEP = """
v0 = x0*p2
v1 = v0 + 2*v0*x1 - 3/4
v2 = softplus(v1 - p2)
v3 = max(v2, x0)
v4 = tanh(v3)
v5 = relu(v4)*x1
v6 = softplus(x1 - v5)
v7 = where(v6 > v0, v6*v4, v0 + v4)
v8 = sin(v7)*p1
v9 = log(1 + exp(v8)) + 2*v8*v4
f: output = cos(v9) + x0
loss: none
"""


def test_results_that_are_over_names_in_one_form_only():
    """As typed or in the stable form: what is too long in one has no closed form."""
    circuit = sb.circuit(DEEP)
    wrt = ["x0"]
    derivation = circuit.derive(None, wrt, order=2)
    assert derivation.verified
    point = {n.name: 0.3 + 0.2 * i for i, n in enumerate(circuit.leaves)}
    found = derivation.at(**point).evaluated()[1]
    truth = SecondReference(circuit, "f", wrt).at(point)
    for (a, b), value in truth.items():
        assert found["f", a, b] == pytest.approx(float(value.mid()), rel=1e-14, abs=0)
    for rendered in (str(derivation), derivation.to_latex(), derivation.to_json()):
        assert "ITE" not in rendered
