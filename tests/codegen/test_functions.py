"""Functions of modules: one row of a table is a function of every target."""

import numpy as np
import pytest

import symback as sb
from symback.autodiff import lower as lowering
from symback.autodiff.function import Function, Port
from symback.autodiff.lower import FUNCTIONS, lower, optimised
from symback.codegen.numpy import module as numpy_module
from tests.cases.targets import TARGETS

NAMES = ("forward", "backward", "objective")
CIRCUITS = {
    "numbers": ("f = tanh(w*x + b)", {"w": 0.5, "b": -0.25}, {"x": [0.5, -1.0, 2.0]}),
    "arrays": (
        "x: input[n]\nW: param[m, n]\nf = tanh(W @ x)\nloss: none",
        {"W": [[0.5, -0.25], [1.0, 0.75], [0.125, 2.0]]},
        {"x": [[0.5, -1.0], [0.25, 2.0]]},
    ),
    "shared by all samples": ("f = tanh(w*b)", {"w": 0.5, "b": -0.25}, {}),
}


def value(made):
    """Leaves → the output alone."""
    output = made.circuit.output
    results = {Port.OUTPUT: {output.name: output.symbol}}
    return Function(
        summary="{of}.",
        of=output,
        varies=output.symbol in made.varying,
        program=made.program(made.leaves(output), made.values(output), results, made.varying),
        given={},
        results=results,
    )


@pytest.fixture
def with_value(monkeypatch):
    """Every module has the function `value`."""

    def more(circuit):
        return ("forward", "backward", "value")

    monkeypatch.setitem(FUNCTIONS, "value", value)
    for module in (lowering, numpy_module):
        monkeypatch.setattr(module, "plain", more)


@pytest.mark.parametrize("name", CIRCUITS)
@pytest.mark.parametrize("target", TARGETS)
def test_a_row_of_the_table_is_a_function_of_every_target(name, target, with_value):
    text, params, inputs = CIRCUITS[name]
    module = sb.circuit(text).compile(target=target)
    given = module.Params(**params), module.Inputs(**{n: np.array(v) for n, v in inputs.items()})
    if name == "arrays":
        expected = np.tanh(np.array(inputs["x"]) @ np.array(params["W"]).T)
    elif inputs:
        expected = np.tanh(params["w"] * np.array(inputs["x"]) + params["b"])
    else:
        expected = np.tanh(params["w"] * params["b"])
    np.testing.assert_allclose(module.value(*given), expected, rtol=4e-16)
    np.testing.assert_array_equal(module.value(*given), module.forward(*given)[0])
    assert module.value.__doc__ == "f for every sample."
    assert module.value.__annotations__["return"] == "Array"


# -- a lowered circuit -----------------------------------------------------------------------------


def test_only_what_is_asked_for_is_made():
    lowered = lower(sb.circuit("f = w*x"), ["objective"])
    assert [*lowered.functions] == ["objective"]
    assert [*lower(sb.circuit("f = w*x")).functions] == [*NAMES]


def test_an_array_without_a_loss_has_no_objective():
    text = "x: input[n]\nw: param[n]\nf = w*x\nloss: none"
    assert [*lower(sb.circuit(text)).functions] == ["forward", "backward"]


TWO_SHAPES = "x: input[n]\nw: param[n]\nh = tanh(w*x)\nf: output = h**2\nE: loss = sum(h)"
"""The adjoint of h is an array on the way back from f, and 1 on the way back from E."""


def test_an_adjoint_has_one_shape_in_all_functions():
    circuit = sb.circuit(TWO_SHAPES)
    alone, both = lower(circuit, ["objective"]), lower(circuit)
    assert alone.names.shapes.get("h_bar", ()) == ()
    (size,) = both.circuit["h"].shape
    for name in ("backward", "objective"):
        (line,) = [line for line in both.program(name).lines if line.target.name == "h_bar"]
        assert both.names.shape_of(line.expr) == (size,)
    report = circuit.check()
    assert report.passed, str(report)


def test_the_cache_is_no_more_than_backward_reads():
    before = lower(sb.circuit("f = tanh(w*x)**2 + exp(b)"))
    after = optimised(before)
    cache = after.functions["forward"].results[Port.CACHE]
    assert cache == after.functions["backward"].given[Port.CACHE]
    assert [*cache.values()] == [*after.program("forward").results[1:]]
    read = {s for line in after.program("backward").lines for s in line.reads}
    assert cache and set(cache.values()) <= read


def test_an_input_that_the_output_does_not_read_has_no_adjoint_among_the_results():
    functions = lower(sb.circuit("f = w*x\nl: loss = (f - z)**2", inputs=["z"])).functions
    assert [*functions["backward"].results[Port.INPUT_BARS]] == ["x"]
