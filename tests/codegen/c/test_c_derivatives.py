"""Jacobians, Hessians and products with them in C modules: the check, and NumPy beside them."""

import re
import subprocess

import numpy as np
import pytest

import symback as sb
from symback.check.check import check_module
from symback.codegen.generate import render_files
from symback.errors import Unsupported
from tests.cases.array_circuits import CIRCUITS
from tests.cases.compilers import COMPILER, STRICT, compiles
from tests.cases.one_in import one_in

pytestmark = compiles

ALL = ("jvp", "hessp", "residuals", "jacobian", "hessian", "per_sample")
NUMBERS = (
    "f = x1 - sigma(w3*x3 + w4*x4)",
    "f = w1*(1 - exp(-w2*x1))",
    "f = where(x1 > 1, sqrt(w*x1), b*w**2)",
    "f = hypot(w, b*x) + exprel(w*x)",
    "f = w + b",
    "w: param; f: output = w**3\nl: loss = f",
)
ARRAYS = (
    "two layers",
    "cross-entropy by row",
    "extremes",
    "norms",
    "parts",
    "normalised",
    "broadcast",
    "no samples",
)


def offered(circuit, target="c"):
    found = []
    for name in ALL:
        try:
            circuit.generate(target=target, functions=name)
        except Unsupported:
            continue
        found.append(name)
    return found


@pytest.mark.parametrize("text", one_in(16, [*NUMBERS, *(CIRCUITS[name] for name in ARRAYS)]))
def test_functions_in_c_pass_the_check(text):
    circuit = sb.circuit(text)
    names = offered(circuit)
    report = check_module(circuit, circuit.compile(target="c", functions=names))
    assert report.passed, report
    assert {*names} <= {row.quantity for row in report.rows}


@pytest.mark.parametrize("text", one_in(2, NUMBERS))
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_functions_of_numbers_are_those_of_numpy(text, dtype):
    circuit = sb.circuit(text)
    names = offered(circuit)
    modules = [circuit.compile(functions=names, target=t) for t in ("numpy", "c")]
    rng = np.random.default_rng(3)
    vector = rng.uniform(0.5, 2, len(circuit.params)).astype(dtype)
    columns = rng.uniform(0.5, 2, (len(modules[0].Inputs._fields), 600)).astype(dtype)
    v = np.linspace(-1, 1, len(vector)).astype(dtype)
    results = []
    for m in modules:
        inputs = m.Inputs(*columns)
        params, dots = m.unravel(vector), m.unravel(v)
        found = [m.jvp(params, inputs, dots, inputs), m.jvp(params, inputs, dots)]
        found += [m.hessp(vector, v, inputs), m.hessian(vector, inputs), m.jacobian(vector, inputs)]
        found += [m.residuals(vector, inputs)] if "residuals" in names else []
        results.append(found)
    for one, other in zip(*results, strict=True):
        assert np.asarray(one).dtype == np.asarray(other).dtype == dtype
        scale = np.abs(one).max()
        np.testing.assert_allclose(
            other, one, 40 * np.finfo(dtype).eps, 40 * np.finfo(dtype).eps * scale
        )


def test_one_sample_and_covariance():
    circuit = sb.circuit(NUMBERS[1])
    module = circuit.compile(target="c", functions=("jvp", "covariance"))
    numpy = circuit.compile(functions="covariance")
    one = module.Inputs(x1=2.0)
    product = module.jvp(module.Params(2.0, 0.5), one, module.Params(1.0, 0.0))
    assert np.shape(product) == ()
    assert product == pytest.approx(1 - np.exp(-1.0), rel=1e-15, abs=0)
    columns = np.linspace(0.5, 3, 5), np.array([0.4, 0.9, 1.1, 1.3, 1.7])
    found = module.covariance([2.0, 0.5], module.Inputs(*columns))
    np.testing.assert_allclose(found, numpy.covariance([2.0, 0.5], numpy.Inputs(*columns)), 1e-12)


@pytest.mark.parametrize(
    "text", one_in(2, [NUMBERS[2], CIRCUITS["two layers"], CIRCUITS["extremes"]])
)
def test_strict_compilers_have_nothing_to_say(tmp_path, text):
    circuit = sb.circuit(text)
    circuit.generate(str(tmp_path / "made.c"), target="c", functions=offered(circuit))
    command = [COMPILER, *STRICT, "-O2", "-c", "made.c", "-o", "made.o"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_bound_products_of_an_array_that_has_a_loss():
    """Without a Jacobian beside them; and of a loss that no sample moves."""
    network = CIRCUITS["two layers"]
    for text, sizes in ((network, {}), ("x: param[n]\nf: loss = sum(sin(x[1:]*x[:-1]))", {"n": 9})):
        modules = [
            sb.circuit(text).compile(target=t, functions=("hessp", "bind")) for t in ("numpy", "c")
        ]
        found = []
        for module in modules:
            rng = np.random.default_rng(6)
            known = sizes or {"d": 3, "h": 4, "k": 2}
            shapes = {
                n: tuple(known.get(s, s) for s in shape) for n, shape in module.SHAPES.items()
            }
            inputs = module.Inputs(*(rng.random((5, *shapes[n])) for n in module.Inputs._fields))
            size = sum(int(np.prod(shapes[n])) for n in module.Params._fields)
            found.append(module.bind(inputs).hessp(rng.normal(size=size), np.cos(np.arange(size))))
        np.testing.assert_allclose(found[1], found[0], 1e-12, 1e-14)


VECTORS = (
    "x: input; a: param; b: param\nz: output = concat(a*x, b*sin(a*x), b**2)\nloss: none",
    "a: param; b: param\nz: output = concat(a*b, b*sin(a), b**2)\nloss: none",
    "x: input[2, 3]; w: param[3]; b: param\nz: output = b*tanh(x @ w)\nloss: none",
    "w: param[3]; b: param\nz: output = b*w**2\nloss: none",
)


@pytest.mark.parametrize("text", VECTORS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_jacobians_of_arrays_are_those_of_numpy(text, dtype):
    """Columns by a few numbers, rows for seeds otherwise; per sample and shared, block by block."""
    circuit = sb.circuit(text)
    modules = [circuit.compile(functions="jacobian", target=t) for t in ("numpy", "c")]
    rng, rows = np.random.default_rng(4), []
    shapes = [tuple(int(s) for s in n.shape) for n in circuit.inputs]
    columns = [rng.normal(size=(700, *shape)).astype(dtype) for shape in shapes]
    for module in modules:
        module.BLOCK_ROWS = 512
        vector = np.linspace(0.5, 2, sum(int(np.prod(p.shape)) for p in circuit.params))
        rows.append(module.jacobian(vector.astype(dtype), module.Inputs(*columns)))
        assert rows[-1].dtype == dtype
    np.testing.assert_allclose(rows[1], rows[0], 40 * np.finfo(dtype).eps, np.finfo(dtype).eps)


@pytest.mark.parametrize("name", ["jacobian", "hessian"])
def test_what_a_module_asks_of_its_extension_is_what_that_computes(name):
    """With sparse results as well, which the extension does not give."""
    circuit = sb.circuit("f = w*x")
    for more in ("sparsity", "bind"):
        functions = (name, more, "residuals", "hessp")
        module = render_files(circuit, target="c", functions=functions, stem="m")[".py"]
        (computed,) = re.findall(r"^WHOLES.*?^}", module, re.MULTILINE | re.DOTALL)
        asked = {*re.findall(r'_wholes?(?:\(\))?\["(\w+)"\]', module)}
        assert "objective" in asked <= {*re.findall(r'^    "(\w+)": \(', computed, re.MULTILINE)}


def test_a_jacobian_beside_sparsity_of_numbers():
    m = sb.circuit("f = w1*(1 - exp(-w2*x))").compile(
        target="c", functions=("jacobian", "hessian", "sparsity")
    )
    x, (a, b) = np.array([0.5, 1.0, 2.0]), (2.0, 0.75)
    data, e = m.Inputs(x, np.zeros(3)), np.exp(-b * x)
    jacobian = np.stack([1 - e, a * x * e], axis=1)
    np.testing.assert_allclose(m.jacobian([a, b], data), jacobian, rtol=1e-14)
    second = np.array([[0 * x, x * e], [x * e, -a * x**2 * e]])
    hessian = (jacobian.T @ jacobian + second @ (a * (1 - e))) / 3
    np.testing.assert_allclose(m.hessian([a, b], data), hessian, rtol=1e-13)
