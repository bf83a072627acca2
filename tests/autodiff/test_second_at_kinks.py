"""Smooth functions whose spelling has kinks have their second partials there, in every spelling.

Each inner formula n has n² = Σ k·x² over its parameters, and so an even F(n) has the second
partials F″(0)·k on the diagonal at 0. F″(0) is a limit that mpmath computes.
"""

import itertools
import json
import re

import mpmath as mp
import numpy as np
import pytest

import symback as sb
from symback.check.derivatives import left_out
from symback.codegen.runtimes import in_numpys_terms
from tests.cases.one_in import one_in

INNER = {  # n: its parameters, and the weights of their squares
    "abs(x)": ("x: param", [1]),
    "sqrt(x**2)": ("x: param", [1]),
    "max(x, -x)": ("x: param", [1]),
    "-min(x, -x)": ("x: param", [1]),
    "max(abs(x), 0)": ("x: param", [1]),
    "relu(x) + relu(-x)": ("x: param", [1]),
    "max(relu(x), relu(-x))": ("x: param", [1]),
    "where(x > 0, x, -x)": ("x: param", [1]),
    "abs(w*x)": ("x: param; w: input", [9]),
    "sqrt(w*x**2)": ("x: param; w: input", [3]),
    "hypot(x, y)": ("x: param; y: param", [1, 1]),
    "sqrt(x**2 + y**2)": ("x: param; y: param", [1, 1]),
    "sqrt(2*x**2 + y**2)": ("x: param; y: param", [2, 1]),
    "sqrt(w*x**2 + y**2)": ("x: param; y: param; w: input", [3, 1]),
    "sqrt(exp(w)*x**2 + y**2/w)": ("x: param; y: param; w: input", [float(mp.exp(3)), 1 / 3]),
    "sqrt((x - y)**2 + (x + y)**2)": ("x: param; y: param", [2, 2]),
    "norm(u)": ("u: param[3]", [1, 1, 1]),
    "sqrt(u @ u)": ("u: param[3]", [1, 1, 1]),
    "sqrt(sum(u**2))": ("u: param[3]", [1, 1, 1]),
    "sqrt(sum(k*u**2))": ("u: param[3]; k: input[3]", [2, 3, 5]),
    "sqrt(mean(u**2))": ("u: param[3]", [1 / 3, 1 / 3, 1 / 3]),
}
OUTER = {
    "n**2": lambda n: n**2,
    "n*n": lambda n: n**2,
    "n**3": lambda n: n**3,
    "n**4": lambda n: n**4,
    "cos(n)": mp.cos,
    "cosh(2*n)": lambda n: mp.cosh(2 * n),
    "log(1 + n**2)": lambda n: mp.log(1 + n**2),
    "exp(-n**2)": lambda n: mp.exp(-(n**2)),
    "sin(n)/n": lambda n: mp.sin(n) / n,
    "n*tanh(n)": lambda n: n * mp.tanh(n),
    "n*sin(n)": lambda n: n * mp.sin(n),
    "(1 + n)*exp(-n)": lambda n: (1 + n) * mp.exp(-n),
    "n**2*log(n)": lambda n: n**2 * mp.log(n),  # infinite
}
SIN_OVER = "sin(n)/n"
NOT_FOUND = {  # 0/0 in what is typed or what is computed for it: NaN
    ("where(x > 0, x, -x)", SIN_OVER, "inline"),
}
DATA = {"w": np.array([3.0]), "k": np.array([[2.0, 3.0, 5.0]])}


def _limit(outer):
    """F″(0) = lim 2·(F(h) − F(0))/h², as F is even; ∞ where it has no limit."""
    with mp.workdps(120):
        value = OUTER[outer](mp.mpf(10) ** -50)
        found = [2 * (OUTER[outer](h) - value) / h**2 for h in (mp.mpf("1e-20"), mp.mpf("1e-22"))]
        return float(found[1]) if abs(found[0] - found[1]) < 1e-15 else np.inf


def _hessian(text, size, target="numpy", at=0.0):
    circuit = sb.circuit(text)
    module = in_numpys_terms(circuit.compile(target=target, functions=("hessp",)))
    inputs = module.Inputs(**{n.name: DATA[n.name] for n in circuit.inputs})
    with np.errstate(all="ignore"):
        point = np.full(size, at)
        return np.array([module.hessp(point, v, inputs) for v in np.eye(size)])


def _put(outer, inner):
    return re.sub(r"\bn\b", f"({inner})", outer)


def _text(inner, outer, form):
    declared = INNER[inner][0]
    if form == "inline":
        return f"{declared}; f: loss = {_put(outer, inner)}"
    return f"{declared}; n = {inner}; f: loss = {outer}"


CASES = [*itertools.product(INNER, OUTER, ["inline", "named"], ["numpy", "c"])]


@pytest.mark.parametrize(("inner", "outer", "form", "target"), one_in(173, CASES, 3))
def test_a_smooth_function_spelled_with_kinks_has_its_second_partials(inner, outer, form, target):
    weights = INNER[inner][1]
    found = _hessian(_text(inner, outer, form), len(weights), target)
    second = _limit(outer)
    if np.isinf(second):
        assert not np.isfinite(np.diag(found)).any()
    elif (inner, outer, form) in NOT_FOUND:
        assert np.isnan(found).all()
    else:
        np.testing.assert_allclose(found, second * np.diag(weights), rtol=2e-14, atol=1e-14)


TURNS = {  # n of a turn, by v with v² = u²
    "norm(v[t])": 1,
    "sqrt(sum(2*v[t]**2))": 2,
    "sqrt(v[t] @ v[t])": 1,
    "hypot(norm(v[t]), norm(v[t]))": 2,
}


@pytest.mark.parametrize(
    ("inner", "outer", "target"),
    one_in(48, itertools.product(TURNS, [o for o in OUTER if o != SIN_OVER], ["numpy", "c"]), 5),
)
def test_so_has_one_in_the_turns_of_a_loop(inner, outer, target):
    text = (
        "u: param[3]\nv[0] = u\ng[0] = 0\nfor t in range(1, 10):\n    v[t] = -v[t-1]\n"
        f"    n[t] = {inner}\n    g[t] = g[t-1] + ({_put(outer, 'n[t]')})/9\n"
        "f: loss = g[9]"
    )
    found, second = _hessian(text, 3, target), _limit(outer)
    if np.isinf(second):
        assert not np.isfinite(np.diag(found)).any()
    else:
        expected = second * TURNS[inner] * np.eye(3)
        np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-14)


def test_a_kink_beside_a_loop_that_is_kept():
    """Only data know how many turns there are, whose slope is 1 at 0."""
    text = "u: param[n]; x: input[T, n]; h[0] = u\nfor t in range(T):\n"
    text += "    h[t + 1] = sin(h[t]) + x[t]\nf: loss = cos(norm(h[T]))"
    module, v = sb.circuit(text).compile(functions=("hessp",)), np.array([1.0, 0.5, -0.25])
    inputs = module.Inputs(x=np.zeros((1, 5, 3)))
    np.testing.assert_allclose(module.hessp(np.zeros(3), v, inputs), -v, rtol=1e-15)


@pytest.mark.slow
def test_kinks_in_turns_that_are_kept_follow_conventions_and_the_check_says_so():
    text = "u: param[2]; x: input[T, 2]; h[0] = u\nfor t in range(T):\n"
    text += "    h[t + 1] = cos(abs(h[t])) + x[t]\nf: loss = sum(h[T])"
    circuit = sb.circuit(text)
    module = circuit.compile(functions=("hessp",))
    found = module.hessp(np.zeros(2), np.ones(2), module.Inputs(x=np.zeros((1, 1, 2))))
    np.testing.assert_array_equal(found, [0, 0])
    report = circuit.check(points=20, functions=("hessp",))
    assert report.passed and "not compared: second derivatives at kinks" in report.verdict
    assert json.loads(report.to_json())["left_out"] == report.left_out
    assert not left_out(circuit, circuit.compile())  # of first derivatives alone
    few, many = (sb.circuit(text.replace("T", turns)) for turns in ("9", "400"))
    assert not left_out(few, module) and left_out(many, module)


BENT = {  # smooth at the number, with this second derivative there
    "(max(x, 2 - x) - 1)**2": (1, 2),
    "(max(x, 1) - 1)**2 + (min(x, 1) - 1)**2": (1, 2),
    "relu(x - 1)**2 + relu(1 - x)**2": (1, 2),
    "relu(2*x)**2 + relu(-2*x)**2": (0, 8),
    "max(x, -x)*max(x, -x)": (0, 2),
    "abs(x)**3": (0, 0),
    "max(x, -x)**3": (0, 0),
    "relu(x)**3": (0, 0),
    "relu(x) + log(1 + exp(-abs(x)))": (0, 0.25),
    "max(x, 0) + log1p(exp(-abs(x)))": (0, 0.25),
    "logaddexp(abs(x), -abs(x))": (0, 1),
}


@pytest.mark.parametrize("target", one_in(2, ["numpy", "c"]))
def test_kinks_elsewhere_and_in_pairs(target):
    for formula, (at, second) in [*BENT.items()][:: 1 if target == "numpy" else 4]:
        found = _hessian(f"x: param; f: loss = {formula}", 1, target, at)
        np.testing.assert_allclose(found, [[second]], rtol=1e-14, atol=1e-14, err_msg=formula)


@pytest.mark.parametrize(
    ("formula", "second"),
    [
        ("sum(cosh(max(X, axis=1) - min(X, axis=1)))", [[1, -1], [-1, 1]]),
        ("max(concat(X[0, :], -X[0, :]))**2 + 0*sum(X)", [[2, 0], [0, 2]]),
        ("sum(relu(X) + relu(-X))**2", [[2, 0], [0, 2]]),
        ("sum(cos(sqrt(diag(X @ X.T))))", [[-1, 0], [0, -1]]),
    ],
)
def test_extreme_entries_and_kinks_of_arrays(formula, second):
    """At entries that are all equal, of the first row."""
    found = _hessian(f"X: param[2, 2]; f: loss = {formula}", 4)
    np.testing.assert_allclose(found[:2, :2], second, rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize(
    "formula",
    [
        "relu(x)**2",
        "max(x, 0)**2",
        "((x + abs(x))/2)**2",
        "x*relu(x)",
        "max(x, 0)*abs(x)",
    ],
)
def test_a_second_derivative_that_jumps_is_that_on_the_side_of_v(formula):
    module = sb.circuit(f"x: param; f: loss = {formula}").compile(functions=("hessp",))
    found = [module.hessp(np.zeros(1), np.array([v]), module.Inputs())[0] for v in (1.0, -1.0)]
    assert found == [2.0, 0.0]


@pytest.mark.parametrize(
    "formula", ["(x**2 + y**2)**0.75", "cos((x**2 + y**2)**0.3)", "hypot(x, y)**1.5"]
)
def test_an_infinite_second_derivative_is_no_number(formula):
    found = _hessian(f"x: param; y: param; f: loss = {formula}", 2)
    assert not np.isfinite(np.diag(found)).any()


@pytest.mark.parametrize("power", ["0.75", "0.3", "0.5"])
def test_a_root_that_is_not_read_adds_nothing(power):
    text = f"x: param; y: param; w: input; f: loss = where(w < 0, cos((x**2 + y**2)**{power}), x*y)"
    np.testing.assert_array_equal(_hessian(text, 2), [[0, 1], [1, 0]])


@pytest.mark.parametrize("n", ["abs(x)*w", "norm(u)*w", "sqrt(sum(2*u**2))*w", "max(x, -x)*w"])
@pytest.mark.parametrize("target", ["numpy", "c"])
def test_a_norm_of_parameters_that_all_samples_share(n, target):
    size = 3 if "u" in n else 1
    declared = "u: param[3]" if "u" in n else "x: param"
    circuit = sb.circuit(f"{declared}; w: input; f: loss = cosh({n})")
    module = in_numpys_terms(circuit.compile(target=target, functions=("hessp", "hessian")))
    inputs = module.Inputs(w=np.array([1.0, 2.0, 3.0]))
    expected = 14 / 3 * (2 if "2*u" in n else 1) * np.eye(size)
    np.testing.assert_allclose(module.hessian(np.zeros(size), inputs), expected, rtol=1e-14)
    np.testing.assert_allclose(
        module.hessp(np.zeros(size), np.eye(size)[0], inputs), expected[0], rtol=1e-14
    )


NESTED = [  # singular at the origin alone, but for what is nowhere differentiable twice
    "cos(max(abs(x + y), abs(x - y)))",
    "hypot(max(x, -x), 2*y)*tanh(abs(y) + relu(x))",
    "norm(stack(min(x, y), x))**2*exp(max(x, y))",
    "cos(sqrt(max(x, y)**2 + 2*min(x, y)**2))",
    "max(stack(x + y, x - y, -2*x))**2 + (relu(2*x - y) + relu(y - 2*x))**2",
    "max(x, y)*abs(min(x, -y)) + log(1 + relu(hypot(x, y))**2)",
    "(1 + abs(max(x + y, 0)))*exp(-abs(max(x + y, 0)))",
    "(max(stack(x, y)) - 3*min(stack(x, y)))**2",
]


@pytest.mark.parametrize("formula", one_in(3, NESTED))
def test_products_at_the_origin_are_the_limit_along_v(formula):
    module = sb.circuit(f"x: param; y: param; f: loss = {formula}").compile(functions=("hessp",))
    for v in np.array([[1.25, 0.5], [-0.75, 0.375], [0.5, -1.125], [-1.0, -0.625]]):
        at, beside = (module.hessp(t * v, v, module.Inputs()) for t in (0.0, 2.0**-40))
        np.testing.assert_allclose(at, beside, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("(max(u) - 2)**2", [0, 6, 0]),
        ("(min(-u) + 2)**2", [0, 6, 0]),
        ("(max(u[:2]) - 2)**2", [0, 6, 0]),
    ],
)
def test_entries_that_are_less_have_no_share_where_the_slope_is_0(formula, expected):
    module = sb.circuit(f"u: param[3]; f: loss = {formula}").compile(functions=("hessp",))
    found = module.hessp(np.array([1.0, 2.0, -1.0]), np.array([3.0, 3.0, 5.0]), module.Inputs())
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("head", ["max", "min"])
def test_a_tangent_is_that_of_the_operand_taken(head):
    """Of shares where they tie, and NaN where one is."""
    module = sb.circuit(f"x: input; y: input; f = {head}(x, y)", loss=None).compile(
        functions=("jvp",)
    )
    x, y = np.array([1.0, 2.0, 3.0, np.nan, 1.0]), np.array([2.0, 1.0, 3.0, 1.0, np.nan])
    dots = module.Inputs(x=np.full(5, 4.0), y=np.full(5, 8.0))
    found = module.jvp(module.Params(), module.Inputs(x=x, y=y), module.Params(), dots)
    expected = [8.0, 4.0, 6.0, np.nan, np.nan] if head == "max" else [4.0, 8.0, 6.0, np.nan, np.nan]
    np.testing.assert_array_equal(found, expected)
