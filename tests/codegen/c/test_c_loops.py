"""Loops that are kept, in C: what NumPy's loops give, and the check."""

import re
import shutil

import numpy as np
import pytest

import symback as sb
from symback.check import check_module
from symback.codegen.generate import render_files
from tests.cases.loops import LOOPS, LOOPS_OF_DATA, samples

pytestmark = pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler")
CASES = {
    **LOOPS,
    **{f"{name}, of data": LOOPS_OF_DATA[name] for name in ("recurrent", "gated")},
}
FAST = ("gated, of data",)
EACH = [name if name in FAST else pytest.param(name, marks=pytest.mark.slow) for name in CASES]


@pytest.mark.slow
@pytest.mark.parametrize("name", EACH)
def test_a_loop_in_c_gives_what_it_gives_in_numpy(name):
    case = CASES[name]
    circuit = sb.circuit(case.text)
    here, there = circuit.compile(target="c"), circuit.compile()
    params, inputs = samples(circuit, there, case.sizes)
    at, numpy_at = (here.Params(*params), here.Inputs(**inputs)), (params, there.Inputs(**inputs))
    value, gradient = here.value_and_grad(*at)
    expected, partials = there.value_and_grad(*numpy_at)
    assert value == pytest.approx(expected, rel=1e-13, abs=0)
    (output, cache), (wanted, other) = here.forward(*at), there.forward(*numpy_at)
    seed = np.random.default_rng(1).normal(size=np.shape(output))
    bars, numpy_bars = here.backward(*at, cache, seed), there.backward(*numpy_at, other, seed)
    pairs = [(output, wanted), *zip(gradient, partials, strict=True)]
    pairs += [
        pair for both in zip(bars, numpy_bars, strict=True) for pair in zip(*both, strict=True)
    ]
    for got, right in pairs:
        if right is not None:
            scale = max(np.abs(right).max(), 1e-3)
            np.testing.assert_allclose(got, right, rtol=0, atol=1e-12 * scale)


def test_turns_run_over_single_precision_and_any_length():
    case = LOOPS_OF_DATA["gated"]
    module = sb.circuit(case.text).compile(target="c")
    params = module.Params(*(p.astype(np.float32) for p in module.init_params(0, **case.sizes)))
    for turns in (1, 30):
        x = np.random.default_rng(0).normal(size=(4, turns, 3)).astype(np.float32)
        _, gradient = module.value_and_grad(params, module.Inputs(x))
        double = module.Params(*(p.astype(float) for p in params))
        _, expected = module.value_and_grad(double, module.Inputs(x.astype(float)))
        for got, right in zip(gradient, expected, strict=True):
            np.testing.assert_allclose(got, right, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("target", ["numpy", "c"])
@pytest.mark.parametrize("name", ["recurrent, of data", "two loops"])
def test_the_check_holds_for_loops(name, target):
    circuit = sb.circuit(CASES[name].text)
    report = check_module(circuit, circuit.compile(target=target), points=20)
    assert report.passed, report


@pytest.mark.parametrize("name", ["gated", "two loops"])
def test_a_loop_over_elements_has_kernels_of_one_operand(name):
    """So that compilers compute several elements at a time; value and slope share their steps."""
    text = render_files(sb.circuit(CASES[name].text), target="c", stem="loops")[".c"]
    inner = re.findall(r"for \(size_t i = 0; i < \w+; i\+\+\) \{([^{}]*)\}", text)
    found = [set(re.findall(r"symback_(?:sigma|tanh)(?:_slope)?(\(.*);", body)) for body in inner]
    assert max(map(len, found)) == 1
    assert sum(map(len, found)) >= 2


@pytest.mark.slow
def test_kernels_are_pasted_where_a_module_calls_few():
    """Else compilers would call some from loops over elements, which then have no vectors."""
    layer = "h{0} = tanh(W @ h{1} + x)\n"
    few, many = (
        "x: input[d]; W: param[d, d]; h0 = x\n" + "".join(layer.format(k + 1, k) for k in range(n))
        for n in (3, 120)
    )
    for text, is_pasted in ((few, True), (many, False)):
        made = render_files(sb.circuit(f"{text}f = sum(h{text.count(chr(10)) - 1})"), target="c")
        assert ("SYMBACK_PASTED double symback_tanh(" in made[".c"]) == is_pasted
