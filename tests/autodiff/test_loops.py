"""Loops that are kept give what the same loops written out give, forward and backward."""

import re

import numpy as np
import pytest
import sympy as sp

import symback as sb
from symback.circuits.loops import has_loops, unrolled, with_sizes
from symback.language import loops
from tests.cases.loops import LOOPS, LOOPS_OF_DATA, NEIGHBOURS, ROWS, TURNS, samples
from tests.cases.one_in import one_in

CLOSE = 1e-12


def assert_close(got, expected):
    for name, value in expected._asdict().items():
        if value is not None:
            scale = np.abs(value).max()
            np.testing.assert_allclose(getattr(got, name), value, rtol=0, atol=CLOSE * scale)


def assert_same(circuit, written_out, sizes):
    kept, plain = circuit.compile(), sb.Circuit.of(written_out).compile()
    params, inputs = samples(circuit, kept, sizes)
    here = params, kept.Inputs(**inputs)
    there = plain.Params(*params), plain.Inputs(**inputs)
    value, gradient = kept.value_and_grad(*here)
    expected, partials = plain.value_and_grad(*there)
    assert value == pytest.approx(expected, rel=CLOSE)
    assert_close(gradient, partials)
    output, cache = kept.forward(*here)
    seed = np.random.default_rng(1).normal(size=np.shape(output))
    expected, other = plain.forward(*there)
    np.testing.assert_allclose(output, expected, rtol=CLOSE, atol=CLOSE)
    bars, bars_there = kept.backward(*here, cache, seed), plain.backward(*there, other, seed)
    for got, wanted in zip(bars, bars_there, strict=True):
        assert_close(got, wanted)


@pytest.mark.parametrize("name", one_in(3, LOOPS))
def test_a_kept_loop_is_the_loop_written_out(name):
    case = LOOPS[name]
    circuit = sb.circuit(case.text)
    assert has_loops(circuit)
    assert_same(circuit, unrolled(circuit), case.sizes)


@pytest.mark.parametrize("name", one_in(2, LOOPS_OF_DATA))
def test_a_loop_over_data_of_any_length(name):
    case = LOOPS_OF_DATA[name]
    circuit = sb.circuit(case.text)
    assert_same(circuit, unrolled(with_sizes(circuit, {"T": TURNS})), case.sizes)


@pytest.mark.parametrize("name", LOOPS)
def test_written_out_is_what_reads_without_loops(name, monkeypatch):
    """All but a filter's last state, which no formula reads, and which a circuit must not have."""
    kept = sb.circuit(LOOPS[name].text)
    assert sb.circuit(kept.source) == kept
    monkeypatch.setattr(loops, "FEWEST_TURNS", 10**9)
    if name == "kalman":
        with pytest.raises(sb.errors.CircuitError, match="no other node uses 'x_8'"):
            sb.circuit(LOOPS[name].text)
    else:
        here, there = unrolled(kept), sb.circuit(LOOPS[name].text)
        assert {*here.nodes} == {*there.nodes}  # two loops may stand in another order
        assert (here.output, here.loss) == (there.output, there.loss)


def test_the_module_has_one_loop_forward_and_one_backward():
    lengths = set()
    for turns in (8, 800):
        text = sb.circuit(LOOPS["recurrent"].text.replace("8", str(turns))).generate()
        bars = text.partition("def _loss_and_bars")[2].partition("\ndef ")[0]
        heads = re.findall(r"^    for \w[^:]* in ([^;]*?):\n", bars, re.M)
        assert ["[::-1]" in head for head in heads] == [False, True]
        lengths.add(text.count("\n"))
    assert len(lengths) == 1


def test_sequences_of_any_length_run_with_one_module():
    case = LOOPS_OF_DATA["gated"]
    module = sb.circuit(case.text).compile()
    params = module.init_params(0, **case.sizes)
    for turns in (1, 2, 40):
        x = np.random.default_rng(turns).normal(size=(3, turns, case.sizes["d"]))
        value, gradient = module.value_and_grad(params, module.Inputs(x))
        assert np.isfinite(value)
        module.check_gradients(params, module.Inputs(x))
        alone = [module.value_and_grad(params, module.Inputs(row)) for row in x]
        assert value == pytest.approx(np.mean([v for v, _ in alone]), rel=CLOSE)
        assert gradient.Un.dtype == np.float64


def test_float32_stays():
    case = LOOPS["gated"]
    module = sb.circuit(case.text).compile()
    params = module.Params(*(p.astype(np.float32) for p in module.init_params(0, **case.sizes)))
    x = np.ones((3, 9, 3), np.float32)
    _, gradient = module.value_and_grad(params, module.Inputs(x))
    assert {p.dtype for p in gradient} == {np.dtype(np.float32)}


def test_runge_kutta_of_a_linear_equation():
    """A step multiplies by P(dt·A), P the Taylor polynomial of exp of degree 4."""
    module = sb.circuit(LOOPS["runge kutta"].text).compile()
    rng = np.random.default_rng(2)
    A, start, dt = rng.normal(size=(3, 3)), rng.normal(size=3), 0.07
    value, gradient = module.value_and_grad(module.Params(dt, A), module.Inputs(start))
    powers = [np.linalg.matrix_power(A, k) for k in range(5)]
    step = sum(p * dt**k / f for p, k, f in zip(powers, range(5), (1, 1, 2, 6, 24), strict=True))
    by_dt = sum(
        p * dt ** (k - 1) / f for p, k, f in zip(powers[1:], range(1, 5), (1, 1, 2, 6), strict=True)
    )
    assert value == pytest.approx(
        (np.linalg.matrix_power(step, 12) @ start).sum(), rel=1e-12, abs=0
    )
    slope = 12 * (by_dt @ np.linalg.matrix_power(step, 11) @ start).sum()  # all of them commute
    assert gradient.dt == pytest.approx(slope, rel=1e-10, abs=0)


def test_the_method_unrolled_is_the_circuit_written_out():
    circuit = sb.circuit(LOOPS["recurrent"].text)
    assert circuit.unrolled() == unrolled(circuit)
    assert "h_3" in circuit.unrolled()
    assert circuit.unrolled().unrolled() is not None
    with pytest.raises(sb.errors.Unsupported, match="has T turns, which data give"):
        sb.circuit(LOOPS_OF_DATA["recurrent"].text).unrolled()


REFUSED = {
    "a number": ("    h[t] = h[t - 1] + t*x[t - 1]", "reads t otherwise than as an index"),
    "two turns back": ("    h[t] = h[t - 2] + x[t - 1]", "the turn before"),
    "two times t": ("    h[t] = h[t - 1] + x[2*t]", "an index is t and a whole number"),
    "too far": ("    h[t] = h[t - 1] + x[t]", "does not have an entry for each turn"),
    "another shape": (
        "    h[t] = sum(h[t - 1]) + x[0, 0]",
        "h\\[0\\] is \\[n\\], but h\\[1\\] a number",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_loop_of_data_that_cannot_be_kept_says_why(what):
    line, why = REFUSED[what]
    text = f"x: input[T, n]\nh[0] = zeros(n)\nfor t in range(1, T + 1):\n{line}\nf = sum(h[T])"
    with pytest.raises(sb.errors.CircuitError, match=why):
        sb.circuit(text)


def test_functions_without_loops_write_them_out_or_refuse():
    kept, of_data = (sb.circuit(of["recurrent"].text) for of in (LOOPS, LOOPS_OF_DATA))
    assert "h_3 = " in kept.generate(functions="per_sample")
    with pytest.raises(sb.errors.Unsupported, match="takes loops written out"):
        of_data.generate(functions="per_sample")


WHOLE = {"index": ("i",)}  # inputs that are whole numbers


@pytest.mark.parametrize("name", one_in(6, NEIGHBOURS))
@pytest.mark.parametrize("target", ["numpy", pytest.param("c", marks=pytest.mark.slow)])
def test_operations_and_roles_of_all_kinds_in_a_turn(name, target):
    circuit = sb.circuit(NEIGHBOURS[name])
    assert has_loops(circuit)
    assert sb.circuit(circuit.source) == circuit
    kept, plain = circuit.compile(target=target), circuit.unrolled().compile()
    sizes, rng = {"d": 4, "k": 3, "n": 2}, np.random.default_rng(0)
    named = {str(s) for p in circuit.params for s in p.shape if s.is_Symbol}
    params = kept.init_params(rng, **{n: k for n, k in sizes.items() if n in named})
    inputs = {}
    for leaf in circuit.columns:
        if leaf.role != "samples":
            shape = [sizes[str(s)] if s.is_Symbol else int(s) for s in leaf.shape]
            shape = shape if leaf.role == "const" else [ROWS, *shape]
            values = rng.normal(size=shape)
            inputs[leaf.name] = np.abs(values) > 1 if leaf.name in WHOLE.get(name, ()) else values
    if name == "class targets":
        inputs["y"] = np.eye(3)[rng.integers(0, 3, (ROWS, 9))]
    inputs = {n: np.asarray(v, float) for n, v in inputs.items()}
    here = kept.Params(*params), kept.Inputs(**inputs)
    there = plain.Params(*params), plain.Inputs(**inputs)
    pairs = []
    if hasattr(plain, "value_and_grad"):
        (value, gradient), (right, partials) = (
            kept.value_and_grad(*here),
            plain.value_and_grad(*there),
        )
        pairs += [(value, right), *zip(gradient, partials, strict=True)]
    (output, cache), (wanted, other) = kept.forward(*here), plain.forward(*there)
    seed = rng.normal(size=np.shape(wanted))
    bars, right_bars = kept.backward(*here, cache, seed), plain.backward(*there, other, seed)
    for both in zip(bars, right_bars, strict=True):
        pairs += zip(*both, strict=True)
    for got, right in [(output, wanted), *pairs]:
        if right is not None:
            np.testing.assert_allclose(got, right, rtol=1e-11, atol=1e-11)


def test_loops_are_over_recurrences_alone():
    """Gates that read inputs alone stand in front of the loop, what is read of it behind."""
    text = sb.circuit(NEIGHBOURS["two layers"]).generate()
    bars = text.partition("def _loss_and_bars")[2].partition("\ndef ")[0]
    bodies = re.findall(r"^    for .*\n(?:        .*\n|    \):\n)+", bars, re.M)
    forward = [body for body in bodies if "[::-1]" not in body]
    assert len(forward) == 3  # a layer each, and the sum
    assert [len(re.findall(r"_sigma|np.tanh|np.exp", body)) for body in forward] == [3, 1, 0]
    assert not any("@" in body or "einsum" in body for body in bodies)


def test_every_turn_reads_an_array_whole_and_an_entry_of_it():
    text = """x: input[T, d];  w: param[d]
h[0] = w
for t in range(T):
    h[t + 1] = tanh(h[t]*h[0] + x[t]*x[2])
E: loss = sum(h[T])
"""
    circuit = sb.circuit(text)
    assert_same(circuit, unrolled(with_sizes(circuit, {"T": TURNS})), {"d": 4})


def test_a_turn_backwards_has_no_more_products_than_it_carries_adjoints():
    """Slopes and gates of all turns are multiplied at once; δc and δh each take one product."""
    text = sb.circuit(NEIGHBOURS["two layers"]).generate()
    bars = text.partition("def _loss_and_bars")[2].partition("\ndef ")[0]
    backward = re.findall(r"^    for .*\n(?:        .*\n|    \):\n)+", bars, re.M)[3:]
    assert [len(re.findall(r" \* ", body)) for body in backward] == [0, 1, 3]


GEOMETRIC = (
    "w: param[1]; h[0] = zeros(1)\nfor t in range(8):\n    h[t + 1] = w*h[t] + 1\nf = sum(h[8])"
)


def test_the_node_of_a_loop_has_a_row_for_each_turn():
    """h_t = 1 + w + … + wᵗ⁻¹, whose slope is that of the geometric sum."""
    circuit = sb.circuit(GEOMETRIC, loss=None)
    w = sp.Symbol("w_0", real=True)
    turns = [sum(w**k for k in range(t)) for t in range(1, 9)]
    found = circuit.jacobian("h", expand=True)
    assert found.shape == (8, 1)
    assert all(sp.expand(a - sp.diff(b, w)) == 0 for a, b in zip(found, turns, strict=True))
    slopes = circuit.jacobian("f", "h", expand=True)
    assert slopes == sp.ImmutableMatrix([[w ** (8 - t) for t in range(1, 9)]])


@pytest.mark.slow
def test_the_jacobian_of_a_loop_is_derived_turn_by_turn():
    circuit = sb.circuit(GEOMETRIC, loss=None)
    derived = circuit.derive("h", jacobian=True)
    assert derived.row_names == tuple(f"h_{t}_0" for t in range(1, 9))
    assert derived.matrix == circuit.jacobian("h")


@pytest.mark.parametrize(
    ("ask", "hint"),
    [
        (lambda c: c.derive("h"), "all turns of a loop; name that of one turn, such as 'h_8', or"),
        (lambda c: c.derive("f", "h"), "such as 'h_8', or derive the Jacobian"),
        (lambda c: c.gradient("h"), r"did you mean 'h_0', … or 'h_8'\?"),
        (lambda c: c.draw(of="h"), r"did you mean 'h_0', … or 'h_8'\?"),
        (lambda c: c.jacobian("h[3]"), r"did you mean 'h_3'\?"),
        (lambda c: c["h[3]"], r"did you mean 'h_3'\?"),
    ],
    ids=["derive", "by all turns", "gradient", "draw", "jacobian", "node"],
)
def test_where_one_turn_is_asked_for_its_name_is_said(ask, hint):
    with pytest.raises(sb.errors.SymbackError, match=hint):
        ask(sb.circuit(GEOMETRIC, loss=None))


def test_turns_that_only_data_count_are_read_by_their_own_node():
    sized = GEOMETRIC.replace("range(8)", "range(T)").replace("h[8]", "h[T]*sum(x)")
    circuit = sb.circuit(f"x: input[T]; {sized}", loss=None)
    with pytest.raises(sb.errors.Unsupported, match=r"name that of one turn, such as 'h_last'$"):
        circuit.derive("h")
