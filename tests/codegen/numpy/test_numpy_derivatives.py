"""Jacobians, Hessians and products with them in NumPy modules, against SymPy and differences."""

import os
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
import sympy as sp

import symback as sb
from symback.autodiff.closed_forms import over_leaves
from symback.autodiff.updates import update
from symback.codegen.functions import requested
from symback.codegen.generate import generate
from symback.errors import Unsupported
from symback.operations.balls.scalars import precision
from symback.operations.elementwise import elementary
from tests.cases.array_cases import BATCH, CASES, SIZES
from tests.cases.array_judge import arguments, assert_near, circuit, jacobians, samples, varies
from tests.cases.compilers import compiles
from tests.cases.one_in import one_in
from tests.cases.program_balls import (
    dotted,
    entries,
    of_numbers,
    plain_gradient_with_tangents,
    run,
)

ALL = ("jvp", "hessp", "residuals", "jacobian", "hessian", "covariance")
OF_LOSS = ("jvp", "hessp", "jacobian", "hessian")

# -- numbers, against SymPy's own first and second derivatives -------------------------------------

CIRCUITS = (
    "f = x1 - sigma(w3*x3 + w4*x4)",
    "f = w*x1/(b + x1)",
    "u = tanh(w*x1 + b), f = u**2/(2 + u)",
    "f = exp(w*x1)*sin(b*x1)/(1 + w**2)",
    "f = w1*(1 - exp(-w2*x1))",
    "f = (w + x1)**b",
    "f = log(1 + exp(w*x1 + b))",
    "f = w1*w2*w3*w4*x1",
    "f = w + b",
    "f = hypot(w, b*x1)",
    "f = where(x1 > 1, sqrt(w*x1), b*w**2)",
)


def data_of(found, module, rows=7):
    rng = np.random.default_rng(zlib.crc32(found.output.name.encode()))
    inputs = module.Inputs(*rng.uniform(0.5, 2.0, (len(module.Inputs._fields), rows)))
    return rng.uniform(0.5, 2.0, len(module.Params._fields)), inputs


def of_sympy(found, node, vector, inputs, order):
    """SymPy's Jacobian or Hessian of a node by the parameters, one sample after the other."""
    formula = elementary(over_leaves(found, found[node].formula))
    params = [p.symbol for p in found.params]
    wanted = sp.Matrix([formula]).jacobian(params) if order == 1 else sp.hessian(formula, params)
    names = [n.symbol for n in (*found.inputs, *found.targets)]
    evaluate = sp.lambdify([*params, *names], wanted, "mpmath")
    columns = [inputs._asdict()[s.name] for s in names]
    rows = zip(*columns, strict=True) if columns else [()]
    return np.array([[float(e) for e in evaluate(*map(float, [*vector, *row]))] for row in rows])


@pytest.mark.parametrize("text", CIRCUITS)
def test_numbers_are_those_of_sympy(text):
    found = sb.circuit(text)
    module = found.compile(functions=ALL)
    vector, inputs = data_of(found, module)
    output, loss, size = found.output.name, found.loss.name, len(vector)
    first = of_sympy(found, output, vector, inputs, 1)
    jacobian = module.jacobian(vector, inputs)
    assert jacobian.shape == (len(inputs[0]), size)
    np.testing.assert_allclose(jacobian, np.broadcast_to(first, jacobian.shape), 1e-12, 1e-14)
    second = of_sympy(found, loss, vector, inputs, 2).mean(axis=0).reshape(size, size)
    np.testing.assert_allclose(module.hessian(vector, inputs), second, 1e-11, 1e-13)
    v = np.linspace(-1, 2, size)
    np.testing.assert_allclose(module.hessp(vector, v, inputs), second @ v, 1e-10, 1e-12)


@pytest.mark.parametrize("text", CIRCUITS)
def test_products_are_those_with_the_jacobian(text):
    found = sb.circuit(text)
    module = found.compile(functions=("jvp", "jacobian", "residuals"))
    vector, inputs = data_of(found, module)
    params, v = module.unravel(vector), np.linspace(-1, 2, len(vector))
    product = module.jvp(params, inputs, module.unravel(v))
    expected = module.jacobian(vector, inputs) @ v
    np.testing.assert_allclose(np.broadcast_to(product, expected.shape), expected, 1e-12, 1e-14)
    across = module.Inputs(*(np.cos(column) for column in inputs))
    both = module.jvp(params, inputs, module.unravel(v), across)
    _, cache = module.forward(params, inputs)
    bars, x_bars = module.backward(params, inputs, cache)
    pairs = [*zip(bars, module.unravel(v), strict=True), *zip(x_bars, across, strict=True)]
    expected = sum(np.sum(bar * dot) for bar, dot in pairs if bar is not None)
    assert np.sum(both) == pytest.approx(expected, rel=1e-12, abs=1e-14)
    f = np.broadcast_to(module.forward(params, inputs)[0], inputs.y.shape)
    np.testing.assert_allclose(module.residuals(vector, inputs), f - inputs.y, 1e-13, 1e-15)


def test_a_slope_that_is_read_before_its_value_comes_with_it():
    text = "x1: input; p: param; q: param\nu = sin(p)*softplus(cos(x1) + q)\nf: output = tanh(u)"
    found = sb.circuit(f"{text}\nloss: none")
    module = found.compile(functions="hessian")
    vector, inputs = data_of(found, module)
    second = of_sympy(found, "f", vector, inputs, 2).mean(axis=0)
    np.testing.assert_allclose(module.hessian(vector, inputs), second.reshape(2, 2), 1e-11)


# -- what is the same for all circuits -------------------------------------------------------------

CURVE = sb.circuit("f = w1*(1 - exp(-w2*x1))")


@pytest.fixture(scope="module")
def curve():
    return CURVE.compile(functions=ALL)


def test_one_sample_comes_without_the_batch_axis(curve):
    vector, one = np.array([2.0, 0.5]), curve.Inputs(x1=3.0, y=1.0)
    many = curve.Inputs(x1=[3.0], y=[1.0])
    assert curve.jacobian(vector, one).tolist() == curve.jacobian(vector, many).tolist()
    assert curve.residuals(vector, one).shape == (1,)
    params = curve.Params(2.0, 0.5)
    product = curve.jvp(params, one, curve.Params(1.0, 0.0), curve.Inputs(x1=2.0))
    x = sp.Symbol("x")
    moved = 1 - np.exp(-1.5) + 2 * float(sp.diff(2 * (1 - sp.exp(-x / 2)), x).subs(x, 3))
    assert np.shape(product) == ()
    assert product == pytest.approx(moved, rel=1e-14, abs=0)


def test_float32_stays_float32(curve):
    x1 = np.linspace(0.5, 2, 5, dtype=np.float32)
    inputs, vector = curve.Inputs(x1=x1, y=x1), np.array([2, 0.5], np.float32)
    v = np.ones(2, np.float32)
    params = curve.unravel(vector)
    found = [
        curve.jacobian(vector, inputs),
        curve.residuals(vector, inputs),
        curve.hessian(vector, inputs),
        curve.hessp(vector, v, inputs),
        curve.covariance(vector, inputs),
        curve.jvp(params, inputs, params, inputs),
    ]
    assert [array.dtype for array in found] == [np.float32] * len(found)
    exact = curve.hessian(vector.astype(float), curve.Inputs(x1.astype(float), x1.astype(float)))
    np.testing.assert_allclose(found[2], exact, 1e-5)


def test_many_rows_are_done_block_by_block(curve):
    rows = 2 * curve.BLOCK_ROWS + 7
    x1 = np.linspace(0.1, 3, rows)
    inputs, vector = curve.Inputs(x1=x1, y=np.sin(x1)), np.array([2.0, 0.5])
    parts = [slice(start, start + 1000) for start in range(0, rows, 1000)]

    def of_part(function, part, *given):
        return function(vector, *given, curve.Inputs(*(column[part] for column in inputs)))

    for function in (curve.jacobian, curve.residuals):
        expected = np.concatenate([of_part(function, part) for part in parts])
        assert np.array_equal(function(vector, inputs), expected)
    total = sum(of_part(curve.hessian, part) * len(x1[part]) for part in parts)
    np.testing.assert_allclose(curve.hessian(vector, inputs), total / rows, 1e-12)
    v = np.array([0.3, -2.0])
    np.testing.assert_allclose(curve.hessp(vector, v, inputs), total @ v / rows, 1e-12)


def test_covariance_is_that_of_linear_regression():
    """s²·(XᵀX)⁻¹, by SymPy in rationals."""
    module = sb.circuit("f = w*x + b").compile(functions="covariance")
    x, y = [1, 2, 4, 7, 8], [1, 3, 2, 5, 7]
    design = sp.Matrix([[u, 1] for u in x])
    fit = (design.T * design).inv() * design.T * sp.Matrix(y)
    r = design * fit - sp.Matrix(y)
    expected = (design.T * design).inv() * (r.T * r)[0] / (len(x) - 2)
    inputs = module.Inputs(x=np.array(x, float), y=np.array(y, float))
    found = module.covariance(np.array(fit, float).ravel(), inputs)
    np.testing.assert_allclose(found, np.array(expected, float), 1e-13)


def test_covariance_refuses_what_data_do_not_determine():
    module = sb.circuit("f = w1*x + w2*x").compile(functions="covariance")
    inputs = module.Inputs(x=[1.0, 2.0, 3.0], y=[1.0, 2.0, 4.0])
    with pytest.raises(ArithmeticError, match="full rank"):
        module.covariance([1.0, 2.0], inputs)
    with pytest.raises(ValueError, match="2 residuals leave no freedom to 2 parameters"):
        module.covariance([1.0, 2.0], module.Inputs(x=[1.0, 2.0], y=[1.0, 2.0]))


def test_branches_are_chosen_not_multiplied():
    text = "f: output = where(x > 0, sqrt(x)*w, w**2)\nl: loss = f\nw: param; x: input"
    module = sb.circuit(text).compile(functions=OF_LOSS)
    inputs = module.Inputs(x=np.array([0.0, -1.0, 4.0]))
    params, still = module.Params(3.0), module.Params(0.0)
    assert module.jacobian([3.0], inputs).ravel().tolist() == [6, 6, 2]
    moving = module.Inputs(x=np.ones(3))
    assert module.jvp(params, inputs, still, moving).tolist() == [0, 0, 0.75]
    assert module.hessian([3.0], inputs).tolist() == [[4 / 3]]


@pytest.mark.parametrize("share", ["x**n/(x**n + k**n)", "1/(1 + (x/k)**n)", "1/(1 + (k/x)**n)"])
@pytest.mark.parametrize("power", [1.5, 2.0, 2.98])
def test_second_derivatives_of_a_curve_of_hill_at_the_dose_0(share, power):
    """By its parameters they are 0 there, the slope's own among them; beside it those of SymPy."""
    found = sb.circuit(f"k: param\nn: param\nx: input\nf: output = {share}\nloss: none")
    module = found.compile(functions="hessian")
    with np.errstate(all="ignore"):
        at_zero = module.hessian([3.0, power], module.Inputs(np.zeros(2)))
    np.testing.assert_array_equal(at_zero, np.zeros((2, 2)))
    k, n, x = sp.symbols("k n x", positive=True)
    exact = sp.hessian(sp.sympify(share, {"k": k, "n": n, "x": x}), (k, n))
    exact = np.array(
        exact.subs({k: 3, n: sp.Rational(power), x: sp.Rational(7, 10)}).evalf(30), float
    )
    beside = module.hessian([3.0, power], module.Inputs(np.array([0.7])))
    np.testing.assert_allclose(beside, exact, rtol=1e-12)


NUMBERS = {  # losses whose second derivatives are numbers, beside their Hessians at (1, …)
    "x: input; m: param; L: loss = (x - m)**2/8": [[1 / 4]],
    "x: input; m: param; L: loss = x*m**2/2 - m": [[2]],
    "x: input; m: param; k: param; L: loss = (x - m)**2/8 + 3*k**2 + k*m": [[1 / 4, 1], [1, 6]],
    "m: param; L: loss = 5*m**2": [[10]],
    "x: input[2]; m: param[2]; L: loss = sum((x - m)**2)/8": [[1 / 4, 0], [0, 1 / 4]],
}


@pytest.mark.parametrize("target", ["numpy", pytest.param("c", marks=compiles)])
@pytest.mark.parametrize("text", NUMBERS)
def test_second_derivatives_may_be_numbers(text, target):
    found = sb.circuit(text.replace("; ", "\n"))
    module = found.compile(functions=("hessian", "hessp"), target=target)
    x = np.arange(1.0, 4.0)
    inputs = module.Inputs(
        *(np.stack([x, x], axis=1) if "[2]" in text else x for _ in found.inputs)
    )
    right = np.array(NUMBERS[text], float)
    theta = np.ones(len(right))
    np.testing.assert_allclose(module.hessian(theta, inputs), right, rtol=1e-15)
    np.testing.assert_allclose(module.hessp(theta, theta, inputs), right.sum(axis=1), rtol=1e-15)


def test_an_array_output_has_a_row_for_each_entry():
    text = "x: input; a: param; b: param\nz: output = concat(a*x, b*sin(a*x), b**2)\nloss: none"
    module = sb.circuit(text).compile(functions="jacobian")
    x, a, b = np.array([0.5, 2.0]), 1.5, -0.25
    found = module.jacobian([a, b], module.Inputs(x=x))
    expected = [[[u, 0], [b * u * np.cos(a * u), np.sin(a * u)], [0, 2 * b]] for u in x]
    np.testing.assert_allclose(found, np.reshape(expected, (6, 2)), 1e-14)


WRONG = [
    (lambda m, i: m.jvp(m.Params(1.0, 2.0), i, m.Params([1.0], 2.0)), r"w1_dot has shape \(1,\)"),
    (
        lambda m, i: m.jvp(m.Params(1.0, 2.0), i, m.Params(1.0, 2.0), m.Inputs(x1=[1.0])),
        r"x1_dot has shape \(1,\), but x1 has shape \(2,\)",
    ),
    (lambda m, i: m.jvp(m.Params(1.0, 2.0), i, {"w1": 1.0}), "params is a dict"),
    (lambda m, i: m.hessp([1.0, 2.0], [1.0], i), r"v has shape \(1,\), but vector"),
    (lambda m, i: m.hessian([1.0], i), r"vector has shape \(1,\)"),
    (lambda m, i: m.jacobian([1.0, 2.0], m.Inputs(x1=None)), "x1 is missing"),
    (lambda m, i: m.residuals([1.0, 2.0], m.Inputs(x1=[1.0])), "y is missing"),
]


@pytest.mark.parametrize(("call", "message"), WRONG)
def test_wrong_arguments_are_named(curve, call, message):
    inputs = curve.Inputs(x1=np.ones(2), y=np.ones(2))
    with pytest.raises(ValueError, match=message):
        call(curve, inputs)


REFUSED = [
    ("f = w*x", "hesian", "no function 'hesian' can be added; did you mean 'hessian'?"),
    ("f = w*x", "sgd", "no function 'sgd' can be added"),
    (
        "x: input[n]; w: param\nz: output = w*x\nloss: none",
        "hessian",
        "is an array; declare a loss",
    ),
    (
        "f: output = w*x; g: output = w**2; loss: none",
        "hessp",
        "hessp is of one number, but the circuit has the outputs f, g; declare a loss",
    ),
    ("f = x**2", "jacobian", "by the parameters, but the circuit has none"),
    ("f = x**2", "hessp", "by the parameters, but the circuit has none"),
    ("w: param; x: input; l: loss = abs(w*x)", "residuals", "those of a squared loss"),
    ("w: param; x: input; l: loss = abs(w*x)", "covariance", "those of a squared loss"),
]


@pytest.mark.parametrize(("text", "name", "message"), REFUSED)
def test_what_a_circuit_cannot_have_is_refused(text, name, message):
    with pytest.raises(Unsupported) as caught:
        sb.circuit(text).compile(functions=name)
    assert message in str(caught.value)


def test_other_subjects_and_targets_refuse():
    with pytest.raises(Unsupported, match="the target 'toy' has no function 'jvp'"):
        requested("jvp", ["hessp"], "toy")
    with pytest.raises(Unsupported, match="a module of an update has one function"):
        generate(update("adam"), functions=["jvp"])


@pytest.mark.parametrize("case", range(2))
def test_names_of_nodes_may_be_those_of_functions(case):
    names = "rows found shape start block index seed v jacobian hessian n dtype parts".split()
    if case:
        declared = "".join(f"{n}: param[v]\n" for n in names if n != "v")
        formula = " + ".join(f"{n}*x" for n in names if n != "v")
        text = f"x: input[v]\n{declared}f: output = {formula}\nl: loss = sum(f**2)"
    else:
        declared = "".join(f"{n}: param\n" for n in names)
        text = f"x: input\n{declared}f: output = {'*'.join(names)}*x\nl: loss = f**2"
    module = sb.circuit(text).compile(functions=OF_LOSS)
    size = len(names) - case
    vector, inputs = (
        np.ones(size * (3 if case else 1)),
        module.Inputs(x=np.ones((2, 3)[: 1 + case])),
    )
    assert module.jacobian(vector, inputs).sum() == size * (6 if case else 2)
    v = np.ones(len(vector))
    found = module.hessp(vector, v, inputs)
    np.testing.assert_allclose(module.hessian(vector, inputs) @ v, found)


def test_plain_modules_have_none_of_them():
    plain = sb.circuit("f = w*x + b").generate()
    assert not any(f"def {name}(" in plain for name in ALL)
    assert plain == sb.circuit("f = w*x + b").generate(functions=())


# -- digits ----------------------------------------------------------------------------------------

NEAR = (1e-9, -1e-6, 1e-4, -1e-2, 0.1, -0.5, 0.9, -1.1, 2.0)  # zero, where quotients are 0/0
DIGITS = [
    *(
        (name, (u,))
        for name in ("exprel", "inv_exprel", "langevin", "log_sinhc", "tanhc", "sinc")
        for u in NEAR
    ),
    *((name, (u / 3,)) for name in ("asin", "acos", "atanh", "sigma", "tanh") for u in NEAR),
    *((name, (2.25, u)) for name in ("hypot", "boxcox", "expm1over") for u in NEAR),
    *(("overexpm1", (u, 1.5)) for u in NEAR),
    *(("expdivdiff", (0.5, 0.5 + u, 2.0)) for u in NEAR),
    ("inv_exprel", (-800.0,)),
    ("inv_exprel", (600.0,)),
    ("langevin", (400.0,)),
]


@pytest.mark.parametrize(
    ("name", "point"), one_in(2, DIGITS), ids=lambda p: str(p).replace(" ", "")
)
def test_second_derivatives_keep_their_digits(name, point):
    """Each entry within 100 ULP of the formulas of books, which are computed with 2000 bits."""
    found = of_numbers(name, point)
    hessian = found.compile(functions="hessian").hessian(np.array(point), ())
    values = {p.name: entries(u) for p, u in zip(found.params, point, strict=True)}
    for j, p in enumerate(found.params):
        directions = {q.name: entries(float(q is p)) for q in found.params}
        with precision(2000):
            at = {**values, **dotted(directions)}
            column = run(plain_gradient_with_tangents(found), at, {})
            exact = [float(ball.item().mid()) for ball in column]
        for got, wanted in zip(hessian[:, j], exact, strict=True):
            assert abs(got - wanted) <= 100 * np.spacing(abs(wanted)), (name, point, got, wanted)


# -- arrays, against central differences -----------------------------------------------------------

SOME = list({c.name: c for c in CASES if not c.is_slow and "param" in c.roles}.values())


def compiled(case):
    names = OF_LOSS if circuit(case).loss else ("jvp", "jacobian")
    return circuit(case).compile(functions=names)


@pytest.mark.parametrize("case", one_in(8, SOME), ids=lambda c: c.id)
def test_arrays_agree_with_differences(case):
    module = compiled(case)
    params, inputs = arguments(module, case, samples(case))
    vector, sizes = module.ravel(params), sizes_of(case)
    rows = module.jacobian(vector, inputs, **sizes)
    expected = []
    for shift in range(BATCH if varies(case) else 1):
        parts = jacobians(case, shift)
        flat = [np.reshape(parts[n], (np.size(getattr(params, n)), -1)) for n in params._fields]
        expected.append(np.concatenate(flat).T)
    expected = np.concatenate(expected)
    if not varies(case):  # the same for all rows of the target
        expected = np.tile(expected, (len(rows) // len(expected), 1))
    assert_near(rows, expected, "jacobian", 1e-6)
    judge_products(module, vector, params, inputs, rows, case.id)
    judge_second(module, vector, inputs, sizes, case.id)


def sizes_of(case):
    found = {str(s) for p in circuit(case).params for size in p.shape for s in size.free_symbols}
    return {name: SIZES[name] for name in found}


def judge_products(module, vector, params, inputs, rows, what):
    v = np.random.default_rng(5).normal(size=vector.shape)
    parts, start = [], 0
    for value in params:
        parts.append(v[start : start + np.size(value)].reshape(np.shape(value)))
        start += np.size(value)
    product = module.jvp(params, inputs, module.Params(*parts))
    assert_near(np.ravel(product), rows[: np.size(product)] @ v, f"J·v of {what}", 1e-12)


def judge_second(module, vector, inputs, sizes, what, h=1e-4):
    """The Hessian against fourth-order differences of the gradient."""
    found, size = module.hessian(vector, inputs, **sizes), len(vector)
    assert np.array_equal(found, found.T)
    v = np.random.default_rng(7).normal(size=size)

    def gradient(step):
        return module.objective(vector + step * v, inputs, **sizes)[1]

    near, far = gradient(h) - gradient(-h), gradient(2 * h) - gradient(-2 * h)
    assert_near(found @ v, (8 * near - far) / (12 * h), f"H·v of {what}", 1e-6)
    assert_near(module.hessp(vector, v, inputs, **sizes), found @ v, f"hessp of {what}", 1e-11)


@pytest.mark.slow
def test_the_command_line_adds_functions(tmp_path):
    path = tmp_path / "curve.py"
    command = [sys.executable, "-m", "symback", "generate"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    options = ["--with", "jvp, hessian", "-o", str(path)]
    subprocess.run([*command, CURVE.source, *options], check=True, env=environment)
    assert path.read_text() == CURVE.generate(functions=["jvp", "hessian"])
    wrong = [*command, "f = w*x", "--with", "hesian"]
    done = subprocess.run(wrong, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "did you mean 'hessian'?" in done.stderr


LISTS = (
    "w1: param; w2: param; w3: param; x: input\nf: output = [w1*x, w2*w3**2 - x, w3]\nloss: none",
    "w1: param; w2: param\nf: output = [w1*w2, 2*w1, exp(w2)/w1]\nloss: none",
    "w: param; b: param; x: input\nu = w*x\nf: output = [u, u*b, -u]\nloss: none",
    "w: param; b: param; x: input\nf: output = [w*x, b, x]\nloss: none",
)


@pytest.mark.parametrize("text", LISTS)
@pytest.mark.parametrize("target", ["numpy", pytest.param("c", marks=compiles)])
def test_jacobians_of_lists_are_those_of_sympy(text, target):
    found = sb.circuit(text)
    module = found.compile(target=target, functions=("jacobian", "bind"))
    vector, inputs = data_of(found, module)
    count = len(found.params)
    formula = over_leaves(found, found.output.formula)
    rows = sp.Matrix(formula.args[1:]).jacobian([p.symbol for p in found.params])
    names = [n.symbol for n in found.inputs]
    evaluate = sp.lambdify([*(p.symbol for p in found.params), *names], rows, "mpmath")
    samples = zip(*inputs, strict=True) if names else [()]
    expected = [[float(e) for e in evaluate(*map(float, [*vector, *row]))] for row in samples]
    expected = np.array(expected).reshape(-1, count)
    for jacobian in (module.jacobian(vector, inputs), module.bind(inputs).jacobian(vector)):
        np.testing.assert_allclose(jacobian, expected, 1e-14)
