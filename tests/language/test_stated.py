"""Derivatives that a circuit states: read, derived, generated and checked as stated."""

import mpmath as mp
import numpy as np
import pytest

import symback as sb
from symback.check import check_module
from symback.check.certificate import certify_file
from symback.errors import SymbackError, Unsupported
from tests.cases.one_in import one_in

TARGETS = ("numpy", "c")
STEP = "step(u) = heaviside(u); step'(u) = exp(-u**2); f = w*step(a*x + b)"
CASES = [
    STEP,
    "f = w*x + w*stop_gradient(w*x)",
    "g(u, v) = u*v; g'(u) = 3; g'(v) = u**2; f = w*g(w, x)",
    "x: input[n]; w: param[n]; q(u) = round(u); q'(u) = 1; f = dot(w, q(w*x))",
    "x: input[n]; w: param[n]; s = softmax(stop_gradient(w*x)); f = dot(w, s)",
]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("text", one_in(2, CASES))
def test_modules_have_the_derivative_that_is_stated(text, target):
    circuit = sb.circuit(text)
    assert sb.circuit(str(circuit)) == circuit
    functions = ("jvp", "hessp", "hessian")
    report = check_module(circuit, circuit.compile(target=target, functions=functions), points=20)
    assert report.passed, str(report)
    assert any(remark.startswith("stated, not derived: in ") for remark in report.remarks)


@pytest.mark.parametrize("target", TARGETS)
def test_value_and_partials_of_a_step(target):
    m = sb.circuit(STEP).compile(target=target)
    params, inputs = m.Params(w=2.0, b=0.25), m.Inputs(a=1.5, x=-0.5)
    value, cache = m.forward(params, inputs)
    bars, of_inputs = m.backward(params, inputs, cache)
    slope = 2 * mp.exp(-(mp.mpf("-0.5") ** 2))
    assert value == 0.0 and bars.w == 0.0
    assert bars.b == pytest.approx(float(slope), rel=1e-15, abs=0)
    assert of_inputs.x == pytest.approx(float(1.5 * slope), rel=1e-15, abs=0)


def test_a_hessian_differentiates_what_is_stated():
    found = sb.circuit("step(u) = floor(u); step'(u) = u**3; f = step(x)*w").hessian(wrt=["x", "w"])
    w, x = sorted(found.free_symbols, key=str)
    assert found[0, 0] == 3 * w * x**2 and found[0, 1] == x**3
    with pytest.raises(Unsupported, match="no derivation step by step"):
        sb.circuit("step(u) = floor(u); step'(u) = u**3; f = step(x)*w").derive(order=2)


def test_everything_that_shows_it_says_so(tmp_path):
    circuit = sb.circuit(STEP)
    derivation = circuit.derive()
    assert "stated, not derived" in str(derivation)
    assert "stated, not derived" in derivation.to_json()
    path = tmp_path / "step.py"
    circuit.generate(path)
    assert "its derivative is stated, not derived" in path.read_text()
    assert "its derivative is stated, not derived" in circuit.code(language="c")
    sentence = "stated, not derived: in f, the derivative by a*x + b is exp(-(a*x + b)**2)"
    assert sentence in certify_file(path).to_json()


def test_the_check_of_a_module_by_itself_judges_nothing():
    m = sb.circuit(STEP).compile()
    with pytest.raises(ArithmeticError, match="stated, not derived"):
        m.check_gradients()


def test_training_goes_along_what_is_stated():
    x = np.linspace(-1, 1, 40)
    m = sb.circuit("q(u) = round(u); q'(u) = 1; f = q(w*x)").compile()
    inputs = m.Inputs(x, np.round(3 * x))
    params, losses = m.sgd(m.Params(0.0), inputs, learning_rate=0.5, epochs=80)
    assert losses[-1] < 0.01 * losses[0]
    assert params.w == pytest.approx(3, abs=0.2)


REFUSED = [
    ("step'(u) = 1; f = w*x", "'step' is not a function of this text"),
    ("exp'(u) = 1; f = w*exp(x)", "'exp' is not a function of this text"),
    ("g(u) = u; g'(v) = 1; f = g(x)", "'g' has no argument 'v'; write g'(u)"),
    ("g(u) = u; g'(u) = 1; g'(u) = 2; f = g(x)", "g'(u) is stated twice"),
    ("g(u, v) = u*v; g'(u) = 1; f = g(w, x)", "the derivative of 'g' by 'v' is not stated"),
    ("relu'(1) = 2; f = relu(x)", "relu'(0) can be stated"),
]


@pytest.mark.parametrize(("text", "why"), REFUSED)
def test_what_is_refused(text, why):
    with pytest.raises(SymbackError) as caught:
        sb.circuit(text)
    assert why in str(caught.value)
