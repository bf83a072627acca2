"""Jacobians and Hessians of numbers as SymPy matrices, against SymPy's own derivatives."""

import mpmath
import pytest
import sympy as sp
from flint import arb

import symback as sb
from symback.autodiff.closed_forms import over_leaves
from symback.errors import CircuitError, TooLarge, UnknownName, Unsupported
from symback.operations.balls.scalars import evaluate, precision
from symback.operations.elementwise import elementary

SMOOTH = (
    "f = x1 - sigma(w3*x3 + w4*x4)",
    "f = w*x/(b + x)",
    "u = tanh(w*x + b), f = u**2/(2 + u)",
    "f = exp(w*x)*sin(b*x)/(1 + w**2)",
    "u = w*x, v = u*b, f = u*v + sqrt(1 + v**2)",
    "f = (w + x)**b",
    "f = log(1 + exp(w*x + b))",
    "f = w1*w2*w3*w4*x",
)


def values_of(circuit):
    return {n.symbol: sp.Rational(7 + 4 * i, 9) for i, n in enumerate(circuit.leaves)}


def evaluated(matrix, values):
    with precision(400):
        known = {s: arb(int(v.p)) / int(v.q) for s, v in values.items()}
        return [evaluate(elementary(e), dict(known)) for e in matrix]


def expected(circuit):
    """SymPy's own Hessian of the formula over leaves."""
    formula = elementary(over_leaves(circuit, circuit.output.formula))
    return sp.hessian(formula, [p.symbol for p in circuit.params])


@pytest.mark.parametrize("text", SMOOTH)
def test_hessians_are_those_of_sympy(text):
    circuit = sb.circuit(text)
    values = values_of(circuit)
    found = evaluated(circuit.hessian(expand=True), values)
    for mine, theirs in zip(found, evaluated(expected(circuit), values), strict=True):
        assert mine.is_finite() and abs(mine - theirs) < arb(10) ** -60


@pytest.mark.parametrize("text", SMOOTH)
def test_names_stand_for_the_formulas_of_their_nodes(text):
    circuit = sb.circuit(text)
    values = values_of(circuit)
    over_names = circuit.hessian().applyfunc(lambda e: over_leaves(circuit.gates, e))
    pairs = zip(
        evaluated(over_names, values),
        evaluated(circuit.hessian(expand=True), values),
        strict=True,
    )
    assert all(abs(one - other) < arb(10) ** -60 for one, other in pairs)


@pytest.mark.parametrize("text", SMOOTH)
def test_jacobians_are_those_of_sympy(text):
    circuit = sb.circuit(text)
    nodes = [n.name for n in circuit.computed if n != circuit.loss]
    values, leaves = values_of(circuit), [n.symbol for n in circuit.leaves]
    found = circuit.jacobian(of=nodes, wrt=[n.name for n in circuit.leaves], expand=True)
    formulas = [elementary(over_leaves(circuit, circuit[n].formula)) for n in nodes]
    theirs = evaluated(sp.Matrix(formulas).jacobian(leaves), values)
    for mine, other in zip(evaluated(found, values), theirs, strict=True):
        assert mine.is_finite() and abs(mine - other) < arb(10) ** -60


def test_polynomials_are_equal_term_by_term():
    circuit = sb.circuit("u = a*x**2, f = u**2 + a*b", params=["a", "b"])
    a, x, u = (circuit[n].symbol for n in "axu")
    assert circuit.hessian() == sp.Matrix([[2 * x**4, 1], [1, 0]])
    assert circuit.hessian(wrt="x").expand() == sp.Matrix([[8 * a**2 * x**2 + 4 * a * u]])
    assert circuit.hessian(wrt=["x", "b"], expand=True)[0] == 12 * a**2 * x**2
    assert circuit.hessian(of="u", wrt=["a", "x"]) == sp.Matrix([[0, 2 * x], [2 * x, 2 * a]])
    assert circuit.jacobian() == sp.Matrix([[2 * u * x**2 + circuit["b"].symbol, a]])
    assert circuit.jacobian(of="f", wrt="u") == sp.Matrix([[2 * u]])


OUTPUTS = [
    "f: output = [a*x, sin(b*x), a*b, x]\na: param; b: param; x: input\nloss: none",
    "a: param; b: param; x: input\nu: output = a*x**2\nv: output = u*b\nloss: none",
    "a: param; b: param; x: input\nr = a*x; z: output = concat(r, r**b, -b)\nloss: none",
]


@pytest.mark.parametrize("text", OUTPUTS)
def test_several_outputs_and_entries_have_a_row_each(text):
    circuit = sb.circuit(text)
    values = {"a": 2, "b": sp.Rational(3, 2), "x": sp.Rational(5, 4)}
    at = {circuit[n].symbol: v for n, v in values.items()}
    formulas = [over_leaves(circuit, e) for e in circuit.output.formula.operands]
    expected = sp.Matrix(formulas).jacobian([circuit[n].symbol for n in "ab"])
    for expand in (True, False):
        found = circuit.jacobian(expand=expand)
        assert found.shape == expected.shape
        written = found.applyfunc(lambda e: over_leaves(circuit, e))
        difference = (written - expected).subs(at)
        assert all(abs(e.evalf(30)) < 1e-25 for e in difference)


def test_the_hessian_of_what_passes_through_arrays():
    text = "a: param; x: input\nz: output = [a*x, a**2]\nl: loss = z[0]**2 + z[1]"
    circuit = sb.circuit(text)
    with pytest.raises(Unsupported, match="'z' is an array"):
        circuit.hessian("z")
    assert circuit.hessian() == sp.Matrix([[2 * circuit["x"].symbol ** 2 + 2]])


def over_entries(text):
    """The symbols of the entries of arrays in a formula of SymPy."""
    names = [f"A_{i}_{j}" for i in range(2) for j in range(3)] + [f"x_{j}" for j in range(3)]
    known = {n: sp.Symbol(n, real=True) for n in names}
    a, x = (
        sp.Matrix(2, 3, [known[f"A_{i}_{j}"] for i in range(2) for j in range(3)]),
        sp.Matrix([known[f"x_{j}"] for j in range(3)]),
    )
    return eval(text, {"A": a, "x": x, "sp": sp}), [*a], [*x]


ENTRIES = [
    ("tanh(A @ x)", "(A*x).applyfunc(sp.tanh)"),
    (
        "sum(A**2, axis=0)*x",
        "sp.Matrix([sum(A[i, j]**2 for i in range(2))*x[j] for j in range(3)])",
    ),
    ("(A @ A.T)*exp(x[0])", "sp.Matrix(4, 1, [*(A*A.T*sp.exp(x[0]))])"),
    ("concat(x[1:], A[0])*x[2]", "sp.Matrix([x[1], x[2], *A[0, :]])*x[2]"),
]


@pytest.mark.parametrize(("formula", "by_sympy"), ENTRIES)
def test_arrays_have_their_entries_row_by_row(formula, by_sympy):
    circuit = sb.circuit(f"A: param[2, 3]; x: input[3]\nz: output = {formula}\nloss: none")
    expected, a, x = over_entries(by_sympy)
    for wrt, symbols in ((None, a), ("x", x), (["A", "x"], [*a, *x])):
        found = circuit.jacobian(wrt=wrt, expand=True)
        assert (found - sp.Matrix(expected).jacobian(symbols)).applyfunc(sp.simplify).is_zero_matrix
    circuit = sb.circuit(f"A: param[2, 3]; x: input[3]\nz = {formula}\nE: loss = sum(z**2)")
    total = sum(e**2 for e in expected)
    for wrt, symbols in (("x", x), (None, a)):
        found = circuit.hessian(wrt=wrt, expand=True)
        difference = found - sp.hessian(total, symbols)
        at = {s: sp.Rational(k + 2, 7 + k) for k, s in enumerate([*a, *x])}
        assert all(abs(e.subs(at).evalf(30)) < 1e-24 for e in difference)


def test_a_kept_loop_is_written_out():
    """h[8] = x·(1 + w + … + w⁷), entry by entry."""
    circuit = sb.circuit(
        "x: input[2]; w: param[2]; h[0] = zeros(2)\n"
        "for t in range(8):\n    h[t + 1] = w*h[t] + x\n"
        "f: output = h[8]; g: output = h[8][0]*h[8][1]; loss: none"
    )
    assert len(circuit.computed) < 8
    x, w = (sp.symbols(f"{name}_0 {name}_1", real=True) for name in "xw")
    h = [x[i] * sum(w[i] ** k for k in range(8)) for i in (0, 1)]
    jacobian = circuit.jacobian(["f", "g"], ["w", "x"], expand=True)
    by_sympy = sp.Matrix([*h, h[0] * h[1]]).jacobian((*w, *x))
    assert (jacobian - by_sympy).expand() == sp.zeros(3, 4)
    hessian = circuit.hessian("g", ["w", "x"], expand=True)
    assert (hessian - sp.hessian(h[0] * h[1], (*w, *x))).expand() == sp.zeros(4)


def test_entries_are_over_the_entries_of_nodes():
    circuit = sb.circuit("x: param[2]\nu = sin(x)\nf: output = u*u[0]\nloss: none")
    u0, u1, x0, x1 = sp.symbols("u_0 u_1 x_0 x_1", real=True)
    assert circuit.jacobian(wrt="u") == sp.Matrix([[2 * u0, 0], [u1, u0]])
    expected = [[2 * u0 * sp.cos(x0), 0], [u1 * sp.cos(x0), u0 * sp.cos(x1)]]
    assert circuit.jacobian() == sp.Matrix(expected)


LARGE = [
    (
        "x: param[n]\nf: loss = sum(x**2)",
        Unsupported,
        "so give n as a number, or generate a module",
    ),
    ("x: param[600]\nf: loss = sum(x**2)", TooLarge, "up to 500 entries of arrays"),
    ("x: param[60]\nf: loss = sum(x**2)", TooLarge, "its hessian 3,600"),
    ("A: param[7, 7]\nf: loss = det(A)", TooLarge, "too large for hessian() to write out"),
]


@pytest.mark.parametrize(("text", "kind", "message"), LARGE)
def test_large_arrays_are_refused(text, kind, message):
    with pytest.raises(kind) as caught:
        sb.circuit(text).hessian()
    assert message in str(caught.value)


def test_slopes_are_written_as_in_books():
    circuit = sb.circuit("f = sigma(w)")
    s = sb.circuit("f = sigma(w)").gradient()["w"].atoms(sp.Function).pop()
    assert circuit.hessian() == sp.Matrix([[(1 - s) * (1 - 2 * s) * s]])


def test_what_a_node_does_not_depend_on_is_zero():
    circuit = sb.circuit("u = a**2, f = u*x + b", params=["a", "b"])
    assert circuit.hessian(of="u", wrt=["a", "b"]) == sp.Matrix([[2, 0], [0, 0]])
    assert circuit.jacobian(of="u") == sp.Matrix([[2 * circuit["a"].symbol, 0]])


def test_branches_are_chosen():
    circuit = sb.circuit("f = where(x > 0, sqrt(w*x), w**2)")
    (entry,) = circuit.hessian()
    w, x = circuit["w"].symbol, circuit["x"].symbol
    assert entry.subs({x: 0, w: 3}) == 2
    assert sp.simplify(entry.subs({x: 4, w: 1})) == sp.Rational(-1, 2)


@pytest.mark.parametrize(
    ("ask", "kind", "message"),
    [
        (lambda c: c.hessian("q"), UnknownName, "'q'"),
        (lambda c: c.jacobian(wrt="q"), UnknownName, "'q'"),
        (lambda c: c.hessian(wrt="u"), Unsupported, "'u' is computed"),
        (lambda c: c.jacobian(of=[]), CircuitError, "at least one node"),
        (lambda c: sb.circuit("y: target; f: output = y**2").hessian(), CircuitError, "neither"),
        (
            lambda c: sb.circuit("x: input[n]; w: param[n]\nf = dot(w, x)").hessian(),
            Unsupported,
            "'w' is an array [n]",
        ),
        (
            lambda c: sb.circuit("x: input[n]; w: param\nz: output = w*x").jacobian(),
            Unsupported,
            "'z' is an array [n]",
        ),
        (
            lambda c: sb.circuit("f: output = w*x; g: output = w**2; loss: none").hessian(),
            Unsupported,
            "the circuit has the outputs f, g; a Hessian is that of one number, so name one",
        ),
        (
            lambda c: sb.circuit("x: param[2]; f: output = x**2; loss: none").hessian(),
            Unsupported,
            "'f' is an array [2]; a Hessian is that of one number, so name one",
        ),
    ],
)
def test_what_is_refused(ask, kind, message):
    with pytest.raises(kind) as caught:
        ask(sb.circuit("u = w*x, f = u**2"))
    assert message in str(caught.value)


LONG_IN_STABLE_FORM = {
    "Student's log-likelihood": (
        "x: input; m: param; s: param; n: param\nz = (x - m)/s\n"
        "l = lgamma((n + 1)/2) - lgamma(n/2) - log(n*pi)/2 - log(s) - (n + 1)/2*log(1 + z**2/n)",
        lambda x, m, s, n: sp.loggamma((n + 1) / 2) - sp.loggamma(n / 2) - sp.log(n * sp.pi) / 2
        - sp.log(s) - (n + 1) / 2 * sp.log(1 + ((x - m) / s) ** 2 / n),
        "1.25 0.5 0.75 4.5",
    ),
    "a mixture": (
        "x: input; p: param; a: param; b: param\n"
        "l = log(sigma(p)*exp(-(x - a)**2/2) + (1 - sigma(p))*exp(-(x - b)**2/2))",
        lambda x, p, a, b: sp.log(
            (sp.exp(p - (x - a) ** 2 / 2) + sp.exp(-((x - b) ** 2) / 2)) / (1 + sp.exp(p))
        ),
        "0.5 0.25 -1 2",
    ),
    "a call option": (
        "S: input; K: input; T: input; s: param; r: param\n"
        "d = (log(S/K) + (r + s**2/2)*T)/(s*sqrt(T)); e = d - s*sqrt(T)\n"
        "l = S*normcdf(d) - K*exp(-r*T)*normcdf(e)",
        lambda S, K, T, s, r: S / 2 * (1 + sp.erf((sp.log(S / K) + (r + s**2 / 2) * T)
        / (s * sp.sqrt(2 * T)))) - K * sp.exp(-r * T) / 2 * (1 + sp.erf(
        (sp.log(S / K) + (r - s**2 / 2) * T) / (s * sp.sqrt(2 * T)))),
        "100 110 0.5 0.25 0.03125",
    ),
    "a thick lens": (
        "R: param; Q: param; d: param; n: input\n"
        "l = 1/((n - 1)*(1/R - 1/Q + (n - 1)*d/(n*R*Q)))",
        lambda R, Q, d, n: 1 / ((n - 1) * (1 / R - 1 / Q + (n - 1) * d / (n * R * Q))),
        "0.125 -0.25 0.03125 1.5",
    ),
}  # fmt: skip


def test_a_long_stable_form_does_not_stand_in_the_way_of_a_short_second_partial():
    circuit = sb.circuit(LONG_IN_STABLE_FORM["Student's log-likelihood"][0], loss=None)
    (found,) = circuit.hessian("l", "m")
    s, n, z = (circuit[name].symbol for name in "snz")
    assert sp.simplify(found - (n + 1) * (z**2 - n) / (s * (n + z**2)) ** 2) == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", LONG_IN_STABLE_FORM)
def test_second_partials_that_are_long_in_stable_form_are_those_as_typed(name):
    text, by_hand, point = LONG_IN_STABLE_FORM[name]
    circuit = sb.circuit(text, loss=None)
    leaves = [node.symbol for node in circuit.leaves]
    params = [node.symbol for node in circuit.params]
    found, formula = circuit.hessian("l", expand=True), by_hand(*leaves)
    with mpmath.workdps(50):
        values = [mpmath.mpf(number) for number in point.split()]
        for i, row in enumerate(params):
            for j, column in enumerate(params[: i + 1]):
                wanted = sp.lambdify(leaves, sp.diff(formula, row, column), "mpmath")(*values)
                got = sp.lambdify(leaves, elementary(found[i, j]), "mpmath")(*values)
                assert mpmath.almosteq(got, wanted, rel_eps=1e-30, abs_eps=1e-40)
