"""Loops that are kept, in every language and function: what the same loops written out give."""

import re

import numpy as np
import pytest

import symback as sb
from symback.autodiff.gates import gates
from symback.check.check import check_module
from symback.circuits.loops import with_sizes
from symback.circuits.requirements import index_leaves
from symback.codegen.generate import compile_module, render_files
from symback.codegen.loading import load_files
from symback.codegen.runtimes import in_numpys_terms
from symback.codegen.targets import TARGETS
from tests.cases.bare_runs import RUNS, run_arrays
from tests.cases.loops import LOOPS, LOOPS_OF_DATA, NEIGHBOURS, TURNS, LoopCase, samples
from tests.cases.one_in import one_in

SIZES = {"d": 4, "k": 3, "n": 2}
CASES = {
    **LOOPS,
    **{f"{name} of data": case for name, case in LOOPS_OF_DATA.items()},
    **{name: LoopCase(text, SIZES) for name, text in NEIGHBOURS.items()},
}
KEEPING = [name for name, row in TARGETS.items() if row.keeps_loops]
SECOND = ("jvp", "hessp")


def arguments(name):
    """The circuit, values of its leaves, and the sizes that data have."""
    circuit = sb.circuit(CASES[name].text)
    params, inputs = samples(circuit, circuit.compile(), CASES[name].sizes)
    for leaf in circuit.leaves:
        if leaf.role == "samples":
            inputs[leaf.name] = np.full(len(next(iter(inputs.values()))), 5.0)
    sizes = {**CASES[name].sizes, "T": TURNS}
    return circuit, params, inputs, {str(size): sizes[str(size)] for size in circuit.size_names}


def written_out(circuit):
    """The circuit with its loops written out, where data have as many turns as `samples` gives."""
    is_of_data = any(str(size) == "T" for size in circuit.size_names)
    return (with_sizes(circuit, {"T": TURNS}) if is_of_data else circuit).unrolled()


def agree(got, right, what):
    scale = max(np.abs(right).max(), 1e-3)
    np.testing.assert_allclose(got, right, rtol=0, atol=1e-11 * scale, err_msg=what)


@pytest.mark.parametrize(
    ("name", "target"), one_in(40, [(name, target) for name in CASES for target in KEEPING])
)
def test_modules_give_what_loops_written_out_give(name, target):
    if not RUNS[target]:
        pytest.skip(f"{target} does not run here")
    circuit, params, inputs, sizes = arguments(name)
    asked = SECOND if circuit.params and not circuit.objective.shape else SECOND[:1]
    own = compile_module(circuit, target, [n for n in asked if n in TARGETS[target].on_request])
    whole = written_out(circuit)
    here, there = in_numpys_terms(own), whole.compile(functions=asked)
    at, before = (here.Params(*params), here.Inputs(**inputs)), (params, there.Inputs(**inputs))
    (output, cache), (right, other) = here.forward(*at), there.forward(*before)
    agree(output, right, "forward")
    rng = np.random.default_rng(1)
    seed = rng.normal(size=np.shape(output))
    bars, wanted = here.backward(*at, cache, seed), there.backward(*before, other, seed)
    names = ((node.name for node in part) for part in (circuit.params, circuit.columns))
    counted = index_leaves(gates(circuit, keep_loops=True))  # numbers of rows have no adjoint
    pairs = [
        pair
        for of, *both in zip(names, bars, wanted, strict=True)
        for leaf, *pair in zip(of, *both, strict=True)
        if leaf not in counted
    ]
    moved = [rng.normal(size=np.shape(value)) for value in params]
    still = {k: np.zeros(np.shape(v)) for k, v in inputs.items() if circuit[k].role == "input"}
    pairs.append(
        (
            here.jvp(*at, here.Params(*moved), here.Inputs(**still)),
            there.jvp(*before, there.Params(*moved), there.Inputs(**still)),
        )
    )
    if not circuit.objective.shape:
        (value, gradient), (loss, partials) = (
            here.value_and_grad(*at),
            there.value_and_grad(*before),
        )
        pairs += [(value, loss), *zip(gradient, partials, strict=True)]
        vectors = there.ravel(params), there.ravel(there.Params(*moved))
        products = []
        for module, of, (_, columns) in ((here, circuit, at), (there, whole, before)):
            of_params = {str(s) for p in of.params for n in p.shape for s in n.free_symbols}
            known = {k: v for k, v in sizes.items() if k in of_params}
            products.append(module.hessp(*vectors, columns, **known))
        pairs.append(tuple(products))
    for got, correct in pairs:
        if correct is not None:
            agree(got, correct, f"{name} in {target}")


@pytest.mark.parametrize(
    ("name", "language", "kind"),
    one_in(
        100,
        [
            (name, language, kind)
            for name in CASES
            for language in RUNS
            for kind in ("value", "gradient", "jvp", "hessp")
        ],
        first=11,
    ),
)
def test_bare_functions_give_what_loops_written_out_give(name, language, kind, tmp_path):
    if not RUNS[language]:
        pytest.skip(f"{language} does not run here")
    circuit, params, inputs, sizes = arguments(name)
    of = circuit.objective.name
    if circuit.objective.shape and kind in ("gradient", "hessp"):
        kind = "jvp"
    whole = written_out(circuit)
    values = dict(zip((p.name for p in circuit.params), params, strict=True))
    values |= {name: column[0] for name, column in inputs.items()}
    rng = np.random.default_rng(2)
    values |= {f"{k}_dot": rng.uniform(-1, 1, np.shape(v)) for k, v in dict(values).items()}
    made = "made" + (f"_{kind}" if kind != "value" else "")
    text = whole.code("numpy", of=of, only=kind, name="made")
    wanted = run_arrays("numpy", text, made, values, sizes, None, tmp_path)
    text = circuit.code(language, of=of, only=kind, name="made")
    lengths = [len(part) for part in wanted]
    got = run_arrays(language, text, made, values, sizes, lengths, tmp_path)
    for part, right in zip(got, wanted, strict=True):
        agree(part, np.asarray(right), f"{kind} in {language}")


ONE = """x: input[T]; a: param; b: param
h[0] = b
for t in range(T):
    h[t + 1] = tanh(a*h[t] + x[t])
E: loss = h[T]**2
"""
PLANTED = {
    "the adjoint that the next turn gives": (r"h_t_bar_here \+ h_t_bar_later", "h_t_bar_here"),
    "a sum over turns": (r"(a_bar\w*) \+= h_before", r"\1 = h_before"),
    "the entry of a turn": (r"T - 1 - turn", "turn"),
    "what is carried": (r"h_t_bar_later = h_before_bar", "h_t_bar_later = net_bar"),
    "a tangent that is carried": (r"h_before_dot = h_t_dot", "h_before_dot = net_dot"),
}


@pytest.mark.parametrize(
    ("target", "what"), one_in(10, [(t, w) for t in ("javascript", "rust") for w in PLANTED])
)
def test_the_check_finds_errors_that_are_planted_in_a_loop(target, what, tmp_path):
    if not RUNS[target]:
        pytest.skip(f"{target} does not run here")
    circuit = sb.circuit(ONE)
    texts = render_files(circuit, target=target, stem="made")
    texts[TARGETS[target].main], count = re.subn(*PLANTED[what], texts[TARGETS[target].main])
    assert count
    assert not check_module(circuit, load_files(texts, "made"), points=20).passed


@pytest.mark.parametrize("target", KEEPING)
def test_a_loop_is_as_long_as_data_say(target):
    """One module for sequences of any length, in its text one loop."""
    if not RUNS[target]:
        pytest.skip(f"{target} does not run here")
    circuit = sb.circuit(LOOPS_OF_DATA["recurrent"].text)
    texts = render_files(circuit, target=target, stem="made")
    here = in_numpys_terms(load_files(texts, "made"))
    params = here.Params(*circuit.compile().init_params(0, d=3, n=4, k=3))
    for turns in (1, 40):
        whole = with_sizes(circuit, {"T": turns}).unrolled().compile()
        x = np.random.default_rng(0).normal(size=(4, turns, 3))
        y = np.array([0, 1, 2, 1])
        value, gradient = here.value_and_grad(params, here.Inputs(x=x, y=y))
        right, partials = whole.value_and_grad(params, whole.Inputs(x=x, y=y))
        assert value == pytest.approx(right, rel=1e-12, abs=0)
        for got, correct in zip(gradient, partials, strict=True):
            agree(got, correct, f"{turns} turns")
