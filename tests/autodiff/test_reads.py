"""What is not read passes nothing on: untaken branches, smaller operands, entries of no slice.

However the circuit is cut into nodes, in modules and in derivations: right values are those of
the branch alone, by hand.
"""

import mpmath as mp
import numpy as np
import pytest

import symback as sb
from symback.autodiff.lower import lower
from tests.cases.compilers import compiles
from tests.cases.one_in import one_in
from tests.cases.sample_circuits import STRUCTURES

NAN = float("nan")
E = np.e

# a value beyond its domain, its domain, and a point beyond it
OUTSIDE = {
    "sqrt(u)": [0, -1],
    "log(u)": [0, -2],
    "1/u": [0],
    "u**1.5": [-1],
    "u**(-2)": [0],
    "u**0.3": [0, -1],
    "u**v": [-1],
    "log1p(u)": [-1, -3],
    "acos(u)": [1, 2],
    "asin(u)": [-1, -2],
    "acosh(u)": [1, 0],
    "atanh(u)": [1, 3],
    "exp(u**2)": [100],
    "sqrt(u)/u": [0],
    "log(u)*sqrt(u)": [0, -1],
    "atan2(u, u**2)": [0],
    "log(1 - exp(u))": [0, 1],
}
# how the value is read where c > 0, and what f is there; elsewhere it is v**2, whatever u
READ = {
    "one line": ("f = where(c > 0, {n}*v, v**2)", lambda n, v: n * v),
    "named": ("n = {n}; f = where(c > 0, n*v, v**2)", lambda n, v: n * v),
    "named twice": ("n = {n}; m = 3*n + v; f = where(c <= 0, v**2, m)", lambda n, v: 3 * n + v),
    "two readers": (
        "n = {n}; f = where(c > 0, n*v, v**2) + where(c > 0, sin(n), 0)",
        lambda n, v: n * v + mp.sin(n),
    ),
    "nested": ("n = {n}; g = where(c > -1, n, 1); f = where(c > 0, g*v, v**2)", lambda n, v: n * v),
    "both conditions": (
        "n = {n}; f = where((c > 0) & (v > -9), n**2 + v, v**2)",
        lambda n, v: n**2 + v,
    ),
    "condition of the node": (
        "n = {n}; g = n + v; f = where((g > 0) & (c > 0), g, v**2)",
        lambda n, v: n + v,
    ),
    "behind a sum": ("n = {n}; f = v**2 + where(c > 0, n - v, 0)", lambda n, v: v**2 + n - v),
}
INSIDE = {
    "sqrt(u)": (2.25, mp.sqrt),
    "log(u)": (1.5, mp.log),
    "1/u": (4.0, lambda u: 1 / u),
    "u**1.5": (2.0, lambda u: u**1.5),
}


def gradients(text, at, target):
    """Value and partials of one sample by name, from a module or from a derivation."""
    return next(all_gradients(text, [at], target))


def all_gradients(text, points, target):
    """The same at several points."""
    if ": input" in text or ": param" in text:
        circuit = sb.circuit(text, loss=None)
    else:
        circuit = sb.circuit(text, inputs=list(points[0]), loss=None)
    derivation = circuit.derive() if target == "derivation" else None
    module = None if derivation else circuit.compile(target=target)
    for at in points:
        if derivation:
            values, partials = derivation.at(**at).evaluated()
            yield values[circuit.output.name], partials
        else:
            yield of_module(module, at)


def of_module(module, at):
    given = {n: np.asarray(v, float) if isinstance(v, list) else float(v) for n, v in at.items()}
    params = module.Params(*(given[n] for n in module.Params._fields))
    inputs = module.Inputs(*(given[n] for n in module.Inputs._fields))
    with np.errstate(all="raise"):  # nor does it warn
        value, cache = module.forward(params, inputs)
        bars = module.backward(params, inputs, cache)
        batch = module.Inputs(*(np.stack([np.asarray(x)] * 2) for x in inputs))
        _, mean = module.value_and_grad(params, batch)
    found = {n: bar for part in bars for n, bar in part._asdict().items()}
    for name, bar in mean._asdict().items():
        np.testing.assert_allclose(bar, found[name], rtol=1e-12)
    return value, found


TARGETS = ["numpy", pytest.param("c", marks=compiles), "derivation"]


def in_turn(names):
    """Each way to read crossed with all names; each pair goes to one of the targets, in turn."""
    for i, how in enumerate(READ):
        for j, target in enumerate(TARGETS):
            few = [n for k, n in enumerate(names) if (i + j + k) % len(TARGETS) == 0]
            values, marks = (target.values, target.marks) if j == 1 else ((target,), ())
            yield pytest.param(how, values[0], few, marks=marks, id=f"{how}-{values[0]}")


@pytest.mark.parametrize(("how", "target", "nodes"), one_in(4, in_turn(OUTSIDE)))
def test_an_untaken_branch_passes_nothing_on(how, target, nodes):
    for node in nodes:
        text = READ[how][0].format(n=node)
        points = [{"u": u, "v": 3, "c": -0.5} for u in OUTSIDE[node]]
        for at, (value, found) in zip(points, all_gradients(text, points, target), strict=True):
            assert value == 9.0, (text, at)
            assert (found["u"], found["v"]) == (0.0, 6.0), (text, at)


@pytest.mark.parametrize(("how", "target", "nodes"), list(in_turn(INSIDE)))
def test_a_taken_branch_passes_all_on(how, target, nodes):
    text, meaning = READ[how]
    for node in nodes:
        u, function = INSIDE[node]
        value, found = gradients(text.format(n=node), {"u": u, "v": 3, "c": 0.5}, target)
        whole = lambda u, v, function=function: meaning(function(u), v)  # noqa: E731
        np.testing.assert_allclose(value, float(whole(u, 3)), rtol=1e-14)
        np.testing.assert_allclose(found["u"], float(mp.diff(whole, (u, 3), (1, 0))), rtol=1e-12)
        np.testing.assert_allclose(found["v"], float(mp.diff(whole, (u, 3), (0, 1))), rtol=1e-12)


# circuit, point, right partials
CHOSEN = [
    ("n = log(u); f = where(n > 0, n, 0)", {"u": 0}, {"u": 0}),
    ("n = log(u); f = max(n, -2)", {"u": 0}, {"u": 0}),
    ("n = log(u); f = -min(-n, 2)", {"u": 0}, {"u": 0}),
    ("f = relu(log(u))*v", {"u": 0, "v": 2}, {"u": 0, "v": 0}),
    ("f = max(0, 1 - exp(u)*v)", {"u": 800, "v": 1}, {"u": 0, "v": 0}),
    (
        "f = where(u > 0, where(v > 0, log(u*v), sqrt(u)), exp(u))",
        {"u": -1, "v": 2},
        {"u": 1 / E, "v": 0},
    ),
    (
        "f = where(u > 0, where(v > 0, log(u*v), sqrt(u)), exp(u))",
        {"u": 2, "v": -1},
        {"u": 0.5 / 2**0.5, "v": 0},
    ),
    (
        "a = log(u); b = a*v; c = where(v > 0, b, 0); f = where(u > 0, c + a, 1)",
        {"u": 0, "v": 2},
        {"u": 0, "v": 0},
    ),
    ("q = 1/d; m = q*k; f = where(d > 0, m**2, 0)", {"d": 0, "k": 0}, {"d": 0, "k": 0}),
    (
        "X: input[n, k]; r = sqrt(sum(X**2, axis=1)); f: output = sum(where(r > 0.5, r, 1))",
        {"X": [[0, 0], [3, 4]]},
        {"X": [[0, 0], [0.6, 0.8]]},
    ),
    (
        "X: input[2, 2]; Y: input[2, 2]; a: param; T = X**2 + a*Y**2; r = sqrt(T)\n"
        "f: output = r[0, 1]",
        {"X": [[0, 3], [0, 0]], "Y": [[0, 4], [1, 0]], "a": 1},
        {"a": 1.6, "X": [[0, 0.6], [0, 0]], "Y": [[0, 0.8], [0, 0]]},
    ),
    (
        "X: input[2, 2]; Y: input[2, 2]; a: input; T = X**2 + a*Y**2; r = sqrt(T)\n"
        "f: output = r[0, 1] + r[1, 0]",
        {"X": [[0, 3], [3, 0]], "Y": [[0, 4], [4, 0]], "a": 1},
        {"a": 3.2},
    ),
    ("T: input[k]; r = sqrt(T); f: output = max(r)", {"T": [0, 4]}, {"T": [0, 0.25]}),
    ("T: input[k]; r = log(T); f: output = min(-r)", {"T": [0, 4]}, {"T": [0, -0.25]}),
    (
        "A: input[2, 2]; r = sqrt(A); f: output = trace(r)",
        {"A": [[4, 0], [-1, 1]]},
        {"A": [[0.25, 0], [0, 0.5]]},
    ),
    (
        "p: param; x: input[k]; s = sqrt(p); f: output = sum(where(x <= 0, 0, s*x))",
        {"x": [-1, 0], "p": 0},
        {"p": 0, "x": [0, 0]},
    ),
    (
        "p: param; x: input[k]; n = log(x); f: output = sum(where(x > 0, p*n, 0))",
        {"x": [-1, 2], "p": 3},
        {"p": np.log(2), "x": [0, 1.5]},
    ),
    (
        "x: input[3]; n = log(x); f: output = mean(n[1:3])",
        {"x": [-1, 2, 4]},
        {"x": [0, 0.25, 0.125]},
    ),
    (
        "x: input[3]; n = sqrt(x); y = n.T; f: output = sum(concat(y[0:1], y[2:3])*2)",
        {"x": [4, 0, 1]},
        {"x": [0.5, 0, 1]},
    ),
    (
        "x: input[2]; s: param; y = s*sum(x); p = softmax(x)\n"
        "f: output = sum(where(x > 0, y*x, p))",
        {"x": [1, 2], "s": 2},
        {"s": 9, "x": [12, 12]},
    ),
    (
        "X: input[2, 2]; v: input[2]; r = sqrt(X) @ v; f: output = where(v[0] > 0, sum(r), v[1])",
        {"X": [[0, 1], [-1, 1]], "v": [-1, 1]},
        {"X": [[0, 0], [0, 0]], "v": [0, 1]},
    ),
]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(("text", "at", "right"), one_in(3, CHOSEN))
def test_what_is_not_chosen_passes_nothing_on(text, at, right, target):
    _, found = gradients(text, at, target)
    for name, wanted in right.items():
        np.testing.assert_allclose(found[name], wanted, rtol=1e-12, err_msg=name)


SINGULAR = [[1, 1], [1, 1]]
# matrices without inverse in a branch that is not taken; C has no such operations
MATRICES = [
    "A = inv(X); f: output = where(y > 0, sum(A), y)",
    "f: output = where(y > 0, logdet(X), y)",
    "u = solve(X, v); f: output = where(y > 0, u[0], y)",
    "U = solve(X, X); f: output = where(y > 0, trace(U), y)",
    "f: output = where(y > 0, log(det(X)), y)",
]


@pytest.mark.parametrize("target", ["numpy", "derivation"])
@pytest.mark.parametrize("text", MATRICES)
def test_a_matrix_without_inverse_is_no_matter_where_it_is_not_read(text, target):
    at = {"X": SINGULAR, "y": -1} | ({"v": [1, 2]} if "v)" in text else {})
    leaves = "; ".join(f"{n}: input{list(np.shape(v)) or ''}" for n, v in at.items())
    value, found = gradients(f"{leaves}\n{text}", at, target)
    assert (value, found["y"]) == (-1, 1)
    np.testing.assert_array_equal(found["X"], np.zeros((2, 2)))


def test_a_matrix_without_inverse_is_an_error_where_it_is_read():
    circuit = sb.circuit(f"X: input[2, 2]; y: input\n{MATRICES[0]}", loss=None)
    with pytest.raises(sb.SymbackError, match="no inverse"):
        circuit.derive().at(X=SINGULAR, y=1).evaluated()
    unconditional = sb.circuit("X: input[2, 2]; f: output = sum(inv(X))", loss=None).compile()
    with pytest.raises(np.linalg.LinAlgError):
        unconditional.forward(unconditional.Params(), unconditional.Inputs(np.ones((2, 2))))


# missing data in rows that a mask leaves out; a derivation takes finite numbers only
MISSING = [
    (
        "d: input[k]; m: input[k]; a: param; f: output = sum(where(m > 0, (d - a)**2, 0))",
        {"d": [NAN, 3], "m": [0, 1], "a": 1},
        {"a": -4},
    ),
    (
        "d: input[k]; m: input[k]; a: param; r = d*a; f: output = sum(where(m > 0, exp(r), 0))",
        {"d": [NAN, 2], "m": [0, 1], "a": 0},
        {"a": 2},
    ),
    (
        "X: input[k]; m: input; w: param[k]; f: output = where(m > 0, (dot(w, X) - 1)**2, 0)",
        {"X": [NAN, 3], "m": 0, "w": [1, 2]},
        {"w": [0, 0]},
    ),
    (
        "X: input[k]; m: input; W: param[h, k]\n"
        "z = tanh(W @ X); f: output = where(m > 0, sum(z), 0)",
        {"X": [NAN, 3], "m": 0, "W": [[1, 2], [3, 4]]},
        {"W": [[0, 0], [0, 0]]},
    ),
    # a choice between numbers passes NaN on, but not from where it is not read
    (
        "x: input; y: input; p: param; n = max(sqrt(x), y); f: output = where(p > 0, n, p)",
        {"x": NAN, "y": NAN, "p": -1},
        {"x": 0, "y": 0, "p": 1},
    ),
    (
        "x: input; p: param; q = p*exp(x); n = min(q, 2); f: output = where(p > 0, n, p)",
        {"x": NAN, "p": -1},
        {"x": 0, "p": 1},
    ),
    (
        "x: input[3]; p: param; f: output = where(p > 0, max(x), p)",
        {"x": [1, NAN, 2], "p": -1},
        {"x": [0, 0, 0], "p": 1},
    ),
    (
        "x: input[3]; p: param; q = p*sqrt(x); n = min(q); f: output = where(p > 0, n, p)",
        {"x": [1, NAN, 2], "p": -1},
        {"x": [0, 0, 0], "p": 1},
    ),
    (
        "X: input[2, 2]; w: param; n = max(sqrt(w*X)); f: output = where(w > 4, n, w)",
        {"X": [[NAN, 1], [9, 4]], "w": 4},
        {"X": [[0, 0], [0, 0]], "w": 1},
    ),
]


ROWS = {"X": [[NAN, 1], [3, 4]], "m": [0, 1]}
# operations by row, of which the first row is missing and not read
MISSING += [
    (f"X: input[2, 2]; m: input[2]; {text}; f: output = sum(where(m > 0, {read}, 0))", ROWS, right)
    for text, read, right in [
        ("r = norm(X, axis=1)", "r", {"X": [[0, 0], [0.6, 0.8]]}),
        ("r = sqrt(sum(X**2, axis=1))", "r**2", {"X": [[0, 0], [6, 8]]}),
        ("l = logsumexp(X)", "l", {"X": [[0, 0], [1 / (1 + E), E / (1 + E)]]}),
        ("l = log(sum(exp(X), axis=1))", "l", {"X": [[0, 0], [1 / (1 + E), E / (1 + E)]]}),
        ("r = max(X, axis=1)", "r**2", {"X": [[0, 0], [0, 8]]}),
        ("Q = sqrt(X); r = min(Q, axis=1)", "r", {"X": [[0, 0], [0.25 / 3**0.5 * 2, 0]]}),
        ("P = softmax(X); p = P @ ones(2)", "p*m", {"m": [0, 1]}),
        ("P = log_softmax(X); p = sum(P, axis=1)", "p", {"X": [[0, 0], [1 - 2 / (1 + E)] * 2]}),
    ]
]
MISSING[-1][2]["X"][1][1] *= -1


@pytest.mark.parametrize("target", TARGETS[:2])
@pytest.mark.parametrize(("text", "at", "right"), one_in(3, MISSING))
def test_missing_data_behind_a_mask_pass_nothing_on(text, at, right, target):
    value, found = gradients(text, at, target)
    assert np.isfinite(value)
    for name, wanted in right.items():
        np.testing.assert_allclose(found[name], wanted, rtol=1e-12, err_msg=name)


@pytest.mark.parametrize(
    "text",
    [
        "f = log(x)",
        "f = where(x > 0, w, -x)",
        "f = relu(w*x + b)",
        "f = max(w*x, b)",
        "n = log(x); f = where(x > 1, n, 2*n)",
        "W: param[h, d]; V: param[h]; x: input[d]; f: output = dot(V, relu(W @ x))",
        "W: param[4, d]; x: input[d]; z = W @ x; f: output = sum(tanh(z[0:2])*sigma(z[2:4]))",
    ],
)
def test_what_is_read_for_certain_costs_nothing(text):
    assert not lower(sb.circuit(text, loss=None)).has_guards


@pytest.mark.parametrize("name", ["where", "guarded where", "nested where"])
def test_derivations_show_no_guard(name):
    circuit = sb.circuit(STRUCTURES[name], loss=None)
    choices = [n for n in circuit.derive().walk.circuit.computed if n.formula.is_Piecewise]
    assert len(choices) == 1
