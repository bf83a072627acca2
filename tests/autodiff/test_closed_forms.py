"""Closed forms: every name in a result can be asked for, and means what the result needs."""

from __future__ import annotations

import mpmath
import pytest
import sympy as sp

import symback as sb
from symback import errors
from symback.operations.elementwise import elementary
from symback.operations.expressions import postorder
from symback.printing.text import TextPrinter
from tests.cases import array_circuits, sample_circuits
from tests.cases.one_in import one_in

REWRITTEN = {
    "cross-entropy by hand": "p = 1/(1 + exp(-(w*x + b)))\nL = -y*log(p) - (1 - y)*log(1 - p)",
    "softmax by hand": (
        "z1 = tanh(w*x)*u\nz2 = w*x + b\np = exp(z1)/(exp(z1) + exp(z2))\nL = -log(p) - p*u"
    ),
    "root and sigmoid": "s = sqrt(u**2 + v**2)\nf = log(s + sigma(w*x + b)) + tanh(u*v + b)",
    "two nets": "f = sigma(w1*x1 + b1)*tanh(w2*x2 + b2) + sqrt(1 + exp(w3*x1))",
    "part of that name": "f_part = x*w\nf = sigma(f_part + b)*w",
}
NUMBERS = {**sample_circuits.LECTURE, **sample_circuits.STRUCTURES, **REWRITTEN}
ARRAYS = {
    name: text
    for name, text in array_circuits.ALL.items()
    if name not in array_circuits.SLOW and not sb.circuit(text).objective.shape
}


def names_in(expr) -> set[str]:
    """The names of an expression of SymPy, sizes of its matrices among them."""
    found = {s.name for s in expr.free_symbols}
    matrices = [p for p in postorder(expr) if isinstance(p, sp.MatrixSymbol)]
    return found | {s.name for m in matrices for size in m.shape for s in size.free_symbols}


def results_of(circuit: sb.Circuit):
    """Closed forms over names: by leaves and by gates, and what the derivation's steps say."""
    of = circuit.objective.name
    gradient = circuit.gradient(of)
    for name in (*gradient, *(n.name for n in circuit.gates.computed)):
        yield gradient[name]
    for wrt in (None, *(n.name for n in circuit.computed if n.name in gradient.walk.into)):
        for step in circuit.derive(of, wrt).steps:
            if isinstance(step.right, sp.Expr):
                yield step.right


@pytest.mark.parametrize("name", one_in(8, [*NUMBERS, *ARRAYS]))
def test_every_name_in_a_result_can_be_asked_for(name):
    circuit = sb.circuit({**NUMBERS, **ARRAYS}[name])
    asked = 0
    for result in results_of(circuit):
        for found in names_in(result):
            if found.startswith("u") and found not in circuit:  # the symbol of an element
                continue
            node = found.removesuffix("_bar") if found not in circuit else found
            assert circuit[node].name == node
            assert isinstance(circuit[node].expr, sp.Expr)
            asked += 1
    assert asked


def over_leaves(circuit: sb.Circuit, expr: sp.Expr) -> sp.Expr:
    """The expression with the formula of every name in it, as the circuit gives them."""
    while inner := [s for s in expr.free_symbols if not circuit[s.name].is_leaf]:
        expr = expr.xreplace({s: circuit[s.name].expr for s in inner})
    return expr


def value_at(expr: sp.Expr, point: dict[sp.Symbol, sp.Float]) -> mpmath.mpf:
    with mpmath.workdps(40):
        return mpmath.mpf(elementary(expr).xreplace(point).evalf(30))


@pytest.mark.parametrize("name", one_in(2, NUMBERS))
def test_names_mean_what_the_closed_form_needs(name):
    """With every name written out, a closed form is SymPy's derivative of the node's formula."""
    circuit = sb.circuit(NUMBERS[name])
    of = circuit.objective.name
    gradient, whole = circuit.gradient(of), over_leaves(circuit, circuit[of].symbol)
    leaves = sorted(whole.free_symbols, key=str)
    point = {s: sp.Float(f"0.{37 + 11 * i}", 40) for i, s in enumerate(leaves)}
    for leaf in leaves:
        step = sp.Rational(1, 10**15)
        moved = [whole.xreplace({leaf: leaf + h}) for h in (step, -step)]
        ahead, behind = (value_at(expr, point) for expr in moved)
        wanted = (ahead - behind) / (2 * step)
        found = value_at(over_leaves(circuit, gradient[leaf.name]), point)
        assert mpmath.almosteq(found, mpmath.mpf(wanted), 1e-12, 1e-12), leaf


def test_gates_of_arrays_have_expressions_in_sympy():
    circuit = sb.circuit("x: input[d]; W: param[h, d]; b: param[h]; f = sum(tanh(W @ x + b)**2)")
    net = circuit["net"].expr
    assert net.shape == (sp.Symbol("h", integer=True, positive=True), 1)
    assert {"W", "x", "b"} <= names_in(net)
    assert circuit["d"].role == circuit["h"].role == "size"
    assert circuit["f_1"].expr == circuit.gates["f_1"].expr == circuit.derive().gates["f_1"].expr


def test_adjoints_go_by_their_name():
    text = "\n".join([f"h{i} = tanh(w{i}*h{i - 1} + h{i - 1}**2)" for i in range(1, 60)])
    circuit = sb.circuit(f"{text}\nf = h59*w", inputs=["h0"])
    gradient = circuit.gradient()
    names = {s for leaf in gradient for s in names_in(gradient[leaf]) if s.endswith("_bar")}
    assert names
    for name in names:
        assert gradient[name] == gradient[name.removesuffix("_bar")]
        with pytest.raises(errors.UnknownName, match="it is the adjoint of"):
            circuit[name]


@pytest.mark.parametrize(
    ("name", "hint"), [("nett", "'net'"), ("q", ""), ("f_9", "'f_1'"), ("f_1_bar", "adjoint")]
)
def test_names_that_are_nowhere_are_refused_with_the_nearest(name, hint):
    circuit = sb.circuit("f = x1 - sigma(w3*x3 + w4*x4)")
    with pytest.raises(errors.UnknownName, match=f"'{name}'.*{hint}"):
        circuit[name]
    assert name not in circuit


@pytest.mark.parametrize(
    ("text", "at", "right"),
    [
        ("n = sqrt(u); f = where(u <= 0, 0, n)", {"u": 0}, {"u": 0}),
        ("n = 1/u; f = where(u > 0, n, v)", {"u": 0, "v": 2}, {"u": 0, "v": 1}),
        (
            "n = sqrt(u); m = n*v; g = where(u <= 0, v**2, m); f = g**2*w",
            {"u": 0, "v": 2, "w": 3},
            {"u": 0, "v": 96, "w": 16},
        ),
        (
            "n = log(u); g = where(u > 0, n, 0); h = where(v > 0, g*v, 1); f = g + h",
            {"u": 0, "v": 2},
            {"u": 0, "v": 0},
        ),
        (
            "s = v*sqrt(T); d = log(S/K)/s; f = where(T > 0, S*d, max(S - K, 0))",
            {"S": 3, "K": 1, "v": 2, "T": 0},
            {"S": 1, "K": -1, "v": 0, "T": 0},
        ),
        (
            "q = a/b; l = log(q); f = where(b > 0, q*l, a)",
            {"a": 3, "b": 0},
            {"a": 1, "b": 0},
        ),
    ],
)
def test_closed_forms_have_a_value_where_a_branch_is_not_taken(text, at, right):
    circuit = sb.circuit(text, inputs=list(at), loss=None)
    gradient = circuit.gradient()
    for leaf, wanted in right.items():
        whole = over_leaves(circuit, gradient[leaf])
        assert whole.subs({s: at[s.name] for s in whole.free_symbols}) == wanted, leaf


IN_FRONT = [
    ("X: input[b, d]; y: target[b]; w: param[d]; r = X @ w - y; E: loss = sum(r**2)/2/b", "Xᵀ·r/b"),
    ("x: input[d]; w: param[d]; y: target; r = dot(w, x) - y; E: loss = 3*r**2/2", "3·x·r"),
    ("A: param[d, d]; w: param[d]; E: loss = dot(w, A @ w)/2", "A·w/2 + Aᵀ·w/2"),
    ("k: param; w: param[d]; x: input[d]; E: loss = k*sum(w*x)/4", "k·x/4"),
    ("w: param[d]; E: loss = mean(w)", "1/d"),
    ("H: input[n, d]; w: param[d]; E: loss = sum((H @ w)**2)/2", "Hᵀ·H·w"),
    ("w: param[d]; x: input[d]; k: param; E: loss = sum(k*w*x)", "k·x"),
    ("w: param[d]; t: target[d]; p = softmax(w); E: loss = -sum(t*log(p))", "p·sum(t) - t"),
    ("w: param[d]; E: loss = sum(log(3 + w))", "1/(3 + w)"),
    ("A: const[d, d]; w: param[d, d]; E: loss = trace(A @ w)", "Aᵀ"),
    ("A: const[d, d]; w: param[d, d]; E: loss = 3*trace(w @ A)", "3·Aᵀ"),
]


@pytest.mark.parametrize(("text", "closed"), IN_FRONT)
def test_numbers_stand_in_front_in_closed_forms_of_arrays(text, closed):
    circuit = sb.circuit(text).as_typed()
    last = [s for s in circuit.partial("E", "w").steps if s.left == ("E", "w")][-1]
    assert TextPrinter.of(circuit).print(last.right).replace("−", "-") == closed


TEXTBOOK = [
    ("f = (x**2 + 1)/(x - 3)", "(x² - 6·x - 1)/(x - 3)²"),  # not over x² − 6·x + 9
    ("f = x/(x**2 + 2*x + 1)", "(1 - x)/(x + 1)³"),
    ("f = 1/(x**2 - 4*x + 4)", "-2/(x - 2)³"),
    ("f = y/(x + y*x)", "-y/(x²·(y + 1))"),
    ("f = 1/(1 + exp(-(w*x + b)))", "w·exp(-w·x - b)/(1 + exp(-w·x - b))²"),  # exp in one spelling
]


@pytest.mark.parametrize(("text", "closed"), TEXTBOOK)
def test_quotients_are_written_as_textbooks_do(text, closed):
    circuit = sb.circuit(text).as_typed()
    found = circuit.gradient()["x"]
    right = sp.diff(circuit["f"].formula, sp.Symbol("x", real=True))
    assert sp.simplify(found - right) == 0
    assert TextPrinter.of(circuit).print(found).replace("−", "-") == closed
