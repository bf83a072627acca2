"""What modules take once for all samples, in every language."""

import numpy as np
import pytest

import symback as sb
from symback.check import check_module
from tests.cases.one_in import one_in

TARGETS = ("numpy", "c")
CASES = [
    "x: input[2]; w: param[2]; A: const = [[1, 2], [3, 4]]; f = dot(w, A @ x)",
    "x: input[k]; w: param[k]; A: const[k, k]; f = dot(w, A @ x)",
    "x: input; w: param; y: target; c: const; f = w*x*c; l: loss = (f - y)**2/2 + 0.5*once(w**2)",
    "x: input[d]; w: param[d]; y: target; lam: const = 0.1; f = dot(w, x); "
    "l: loss = (f - y)**2/2 + once(lam*norm(w)**2)",
]
EVERY = ("jvp", "hessp", "jacobian", "hessian", "bind", "per_sample")


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("text", one_in(2, CASES))
def test_modules_agree_with_sympy(text, target):
    circuit = sb.circuit(text)
    report = check_module(circuit, circuit.compile(target=target, functions=EVERY), points=20)
    assert report.passed, str(report)


@pytest.mark.parametrize("target", TARGETS)
class TestOfNumbers:
    X, Y = np.array([1.0, 2, 3]), np.array([0.0, 1, 2])

    def module(self, target):
        return sb.circuit(CASES[2]).compile(target=target)

    def mean(self, w, n):
        return np.mean((2 * w * self.X - self.Y) ** 2 / 2) + 0.5 * w**2 / n

    def test_a_term_is_counted_once_among_all_samples(self, target):
        m = self.module(target)
        value, grad = m.value_and_grad(m.Params(0.5), m.Inputs(self.X, self.Y, 2.0))
        assert value == pytest.approx(self.mean(0.5, 3), rel=1e-15, abs=0)
        slope = np.mean((self.X - self.Y) * 2 * self.X) + 0.5 / 3
        assert grad.w == pytest.approx(slope, rel=1e-15, abs=0)

    def test_the_number_of_samples_may_be_given(self, target):
        m = self.module(target)
        value, _ = m.value_and_grad(m.Params(0.5), m.Inputs(self.X, self.Y, 2.0, n=10))
        assert value == pytest.approx(self.mean(0.5, 10), rel=1e-15, abs=0)

    def test_a_batch_of_sgd_counts_its_share(self, target):
        m = self.module(target)
        inputs = m.Inputs(self.X, self.Y, 2.0)
        _, losses = m.sgd(m.Params(0.5), inputs, learning_rate=0.0, batch_size=1)
        share = 0.5 * 0.25 / 3
        each = (2 * 0.5 * self.X - self.Y) ** 2 / 2 + share
        assert np.allclose(losses, each, rtol=1e-15)

    def test_a_missing_or_wrong_constant_is_named(self, target):
        m = self.module(target)
        for inputs, why in (
            (m.Inputs(self.X, self.Y), "c is missing; give it once, for all samples"),
            (m.Inputs(self.X, self.Y, [1.0, 2]), r"c has shape \(2,\); expected \(\), one number"),
        ):
            with pytest.raises(ValueError, match=why):
                m.value_and_grad(m.Params(0.5), inputs)

    def test_one_sample_needs_no_axis(self, target):
        m = self.module(target)
        value, _ = m.forward(m.Params(0.5), m.Inputs(3.0, c=2))
        assert value == 3.0
        with pytest.raises(FloatingPointError, match="step 1, rows 1"):
            bad = m.Inputs(np.array([1.0, np.inf]), self.Y[:2], 2.0)
            m.sgd(m.Params(0.5), bad, learning_rate=0.1, batch_size=1)


@pytest.mark.parametrize("target", TARGETS)
def test_an_array_is_given_once(target):
    m = sb.circuit(CASES[1]).compile(target=target)
    rng = np.random.default_rng(0)
    matrix, x, w = rng.normal(size=(3, 3)), rng.normal(size=(5, 3)), rng.normal(size=3)
    value, cache = m.forward(m.Params(w), m.Inputs(x, A=matrix))
    assert np.allclose(value, x @ matrix.T @ w, rtol=1e-14)
    bars, of_inputs = m.backward(m.Params(w), m.Inputs(x, A=matrix), cache)
    assert np.allclose(bars.w, matrix @ x.sum(axis=0), rtol=1e-14)
    assert np.allclose(of_inputs.x, np.tile(matrix.T @ w, (5, 1)), rtol=1e-14)
    assert of_inputs.A is None
    with pytest.raises(ValueError, match=r"k = 3 in"):
        m.forward(m.Params(w), m.Inputs(x, A=matrix[:2, :2]))


def test_residuals_have_no_term_that_is_counted_once():
    circuit = sb.circuit(CASES[3])
    with pytest.raises(sb.SymbackError, match="counted once for all"):
        circuit.compile(functions=["residuals"])
