"""Partials of nodes of each sample, against SymPy, closed forms and the functions beside them."""

import zlib

import numpy as np
import pytest
import sympy as sp

import symback as sb
from symback.autodiff.closed_forms import over_leaves
from symback.autodiff.per_sample import MOST_NODES
from symback.errors import Unsupported
from symback.operations.elementwise import elementary
from tests.cases.bundle import BUNDLE, observations, residual
from tests.cases.one_in import one_in
from tests.cases.targets import TARGETS

NUMBERS = (
    "f = x1 - sigma(w3*x3 + w4*x4)",
    "u = tanh(w*x1 + b), f = u**2/(2 + u)",
    "u = w + b, f = u**2*x1",
    "f = where(x1 > 1, sqrt(w*x1), b*w**2)",
    "f = hypot(w, b*x1)",
)


def data_of(module, seed, rows=5):
    rng = np.random.default_rng(zlib.crc32(seed.encode()))
    inputs = module.Inputs(*rng.uniform(0.5, 2.0, (len(module.Inputs._fields), rows)))
    return module.Params(*rng.uniform(0.5, 2.0, len(module.Params._fields))), inputs


@pytest.mark.parametrize("text", NUMBERS)
def test_partials_of_every_node_are_those_of_sympy(text):
    circuit = sb.circuit(text)
    module = circuit.compile(functions="per_sample")
    params, inputs = data_of(module, text)
    columns = [n.symbol for n in (*circuit.params, *circuit.inputs, *circuit.targets)]
    leaves = [n.name for n in (*circuit.params, *circuit.inputs)]
    for node in circuit.computed:
        formula = elementary(over_leaves(circuit, node.formula))
        row = sp.Matrix([formula]).jacobian(columns[: len(leaves)])
        evaluate = sp.lambdify(columns, row, "mpmath")
        found = module.per_sample(params, inputs, of=node.name, wrt=leaves)
        assert found.shape == (5, 1, len(leaves))
        for sample, rows in zip(zip(*inputs, strict=True), found, strict=True):
            exact = [float(e) for e in evaluate(*map(float, [*params, *sample]))]
            np.testing.assert_allclose(rows, [exact], 1e-13, 1e-15)


LAYER = """
x: input[n]; W: param[m, n]; b: param
h = tanh(W @ x)
z: output = b*h
E: loss = sum(z**2)
"""


@pytest.fixture(scope="module")
def layer():
    return sb.circuit(LAYER).compile(functions=("per_sample", "jacobian"))


def drawn(module, rows=4):
    rng = np.random.default_rng(3)
    return module.Params(rng.normal(size=(3, 2)), 0.7), module.Inputs(rng.normal(size=(rows, 2)))


def test_arrays_have_a_row_for_each_entry(layer):
    """∂h_i/∂W_jk = δ_ij·(1 − h_i²)·x_k, and E = b²·Σh²."""
    params, inputs = drawn(layer)
    h = np.tanh(inputs.x @ params.W.T)
    slope = (1 / np.cosh(inputs.x @ params.W.T) ** 2)[:, :, None]  # 1 − h² would cancel
    by_x = layer.per_sample(params, inputs, of="h", wrt="x")
    np.testing.assert_allclose(by_x, slope * params.W, 1e-14)
    by_w = layer.per_sample(params, inputs, of="h", wrt="W").reshape(4, 3, 3, 2)
    expected = slope[..., None] * np.eye(3)[:, :, None] * inputs.x[:, None, None, :]
    np.testing.assert_allclose(by_w, expected, 1e-14)
    by_b = layer.per_sample(params, inputs, of="E", wrt="b")
    np.testing.assert_allclose(by_b[:, 0, 0], 2 * params.b * (h**2).sum(axis=1), 1e-14)
    assert not layer.per_sample(params, inputs, of="h", wrt="b").any()


def test_names_stand_side_by_side(layer):
    params, inputs = drawn(layer)
    found = layer.per_sample(params, inputs, of=("E", "z"), wrt=["b", "x"])
    assert found.shape == (4, 4, 3)
    for rows, of in ((slice(0, 1), "E"), (slice(1, 4), "z")):
        for columns, wrt in ((slice(0, 1), "b"), (slice(1, 3), "x")):
            part = layer.per_sample(params, inputs, of=of, wrt=wrt)
            assert np.array_equal(found[:, rows, columns], part)


def test_without_names_it_is_the_jacobian(layer):
    params, inputs = drawn(layer)
    rows = layer.per_sample(params, inputs)
    assert np.array_equal(rows.reshape(12, 7), layer.jacobian(layer.ravel(params), inputs))
    states = sb.circuit("x: input[2]\nf: output = [x[0]*x[1], sin(x[0])]\nloss: none")
    module = states.compile(functions="per_sample")
    found = module.per_sample(module.Params(), module.Inputs(x=[0.5, 2.0]))
    np.testing.assert_allclose(found, [[2, 0.5], [np.cos(0.5), 0]], 1e-15)


def test_one_sample_and_blocks(layer):
    params, inputs = drawn(layer, 2 * layer.BLOCK_ROWS // 3 + 5)
    one = layer.Inputs(inputs.x[1])
    every = layer.per_sample(params, inputs, of=("z", "E"), wrt=("W", "x"))
    assert layer.per_sample(params, one, of=("z", "E"), wrt=("W", "x")).shape == (4, 8)
    parts = [
        layer.per_sample(params, layer.Inputs(inputs.x[i : i + 100]), ("z", "E"), ("W", "x"))
        for i in range(0, len(inputs.x), 100)
    ]
    np.testing.assert_allclose(every, np.concatenate(parts), 1e-13, 1e-15)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    ("rows", "m"), [(1, 3), (2, 1030), (3, 2), *one_in(2, [(1030, 2), (600, 600)])]
)
def test_blocks_of_samples_and_of_entries(target, rows, m):
    """∂(W·x)_i/∂W_jk = δ_ij·x_k, whichever of samples and entries there are more."""
    text = "x: input[n]; W: param[m, n]; f: output = W @ x\nloss: none"
    module = sb.circuit(text).compile(target=target, functions=("per_sample", "jacobian"))
    rng = np.random.default_rng(m)
    params, inputs = (
        module.Params(rng.normal(size=(m, 1))),
        module.Inputs(rng.normal(size=(rows, 1))),
    )
    found = module.per_sample(params, inputs)
    np.testing.assert_array_equal(found, np.eye(m) * inputs.x[:, :, None])
    whole = module.jacobian(module.ravel(params), inputs)
    np.testing.assert_array_equal(whole, found.reshape(-1, m))


def test_what_all_samples_share_comes_once():
    module = sb.circuit(NUMBERS[2]).compile(functions="per_sample")
    params, inputs = module.Params(0.5, 2.0), module.Inputs(x1=np.ones(3), y=np.ones(3))
    assert module.per_sample(params, inputs, of="u").tolist() == [[1, 1]]
    assert module.per_sample(params, inputs, of="u", wrt="x1").tolist() == [[[0]]] * 3
    assert module.per_sample(params, inputs, of=("u", "f")).shape == (3, 2, 2)


def test_gradients_of_the_loss_add_up_to_that_of_training():
    module = sb.circuit("f = sigma(w*x + b)\nl: loss = -y*log(f) - (1 - y)*log(1 - f)").compile(
        functions="per_sample"
    )
    x = np.linspace(-2, 2, 9)
    params, inputs = module.Params(0.3, -0.2), module.Inputs(x=x, y=(x > 0.3) * 1.0)
    scores = module.per_sample(params, inputs, of="l")[:, 0]
    f = 1 / (1 + np.exp(-(0.3 * x - 0.2)))
    exact = (f - inputs.y)[:, None] * np.stack([x, np.ones(9)], axis=1)
    np.testing.assert_allclose(scores, exact, 1e-13, 1e-15)
    _, grad = module.value_and_grad(params, inputs)
    np.testing.assert_allclose(scores.mean(axis=0), grad, 1e-13)


@pytest.mark.parametrize("target", TARGETS)
def test_float32_stays_float32(target):
    for text in (LAYER, NUMBERS[0]):
        module = sb.circuit(text).compile(target=target, functions="per_sample")
        shapes = [(3, 2), ()] if text == LAYER else [(), ()]
        params = module.Params(*(np.full(s, 0.5, np.float32) for s in shapes))
        rows = [(4, 2)] if text == LAYER else [(4,)] * 4
        inputs = module.Inputs(*(np.full(s, 0.25, np.float32) for s in rows))
        for wrt in (None, module.Inputs._fields[0]):
            assert module.per_sample(params, inputs, wrt=wrt).dtype == np.float32


def test_blocks_of_bundle_adjustment_are_those_of_differences():
    module = sb.circuit(BUNDLE).compile(functions="per_sample")
    columns = observations(6)
    found = module.per_sample(module.Params(), module.Inputs(*columns), wrt=("cam", "X", "w"))
    assert found.shape == (6, 2, 15)
    for sample, blocks in enumerate(found):
        row = [np.longdouble(c[sample]) for c in columns]
        flat = np.concatenate([np.ravel(c) for c in row[:3]])
        for j in range(15):
            h = np.longdouble(1e-4)

            def at(step, j=j, row=row, flat=flat):
                moved = flat.copy()
                moved[j] += step
                return residual(moved[:11], moved[11:14], moved[14], row[3])

            near, far = at(h) - at(-h), at(2 * h) - at(-2 * h)
            np.testing.assert_allclose(blocks[:, j], (8 * near - far) / (12 * h), 1e-10, 1e-11)


# -- what is refused -------------------------------------------------------------------------------

WRONG = [
    ({"of": "q"}, "of names 'q'; expected one of h, z, E"),
    ({"of": "x"}, "of names 'x'; expected one of h, z, E"),
    ({"wrt": "h"}, "wrt names 'h'; expected one of W, b, x"),
    ({"wrt": ()}, "wrt names nothing; expected one of W, b, x"),
    ({"of": ["E", 3]}, "of names 3"),
]


@pytest.mark.parametrize(("names", "message"), WRONG)
def test_wrong_names_are_refused(layer, names, message):
    with pytest.raises(ValueError, match=message):
        layer.per_sample(*drawn(layer), **names)


def test_a_column_is_refused_by_name():
    fixed = sb.circuit("x: input[2]\nf: output = [x[0]*x[1], sin(x[0])]\nloss: none")
    module = fixed.compile(functions="per_sample")
    with pytest.raises(ValueError, match=r"a sample of x has shape \(1,\); expected \(2,\)"):
        module.per_sample(module.Params(), module.Inputs(x=np.ones((2, 1))))
    module = sb.circuit(NUMBERS[0]).compile(functions="per_sample")
    inputs = module.Inputs(*(np.ones((3, 1)) for _ in range(3)))
    with pytest.raises(ValueError, match=r"x1 has shape \(3, 1\); expected \(n,\)"):
        module.per_sample(module.Params(1.0, 2.0), inputs)


def test_the_target_of_a_loss_is_no_name_to_differentiate_by(layer):
    module = sb.circuit(NUMBERS[0]).compile(functions="per_sample")
    with pytest.raises(ValueError, match="wrt names 'y'; expected one of w3, w4, x1, x3, x4"):
        module.per_sample(*data_of(module, "y"), of="l", wrt="y")


def test_a_circuit_without_leaves_has_none():
    with pytest.raises(Unsupported, match="by parameters or inputs, but the circuit has neither"):
        sb.circuit("y: target\nf: output = 2\nl: loss = (f - y)**2").compile(functions="per_sample")


def test_of_many_nodes_it_has_the_ends():
    names = [f"u{i}" for i in range(MOST_NODES)]
    chain = "\n".join(f"{b} = sin({a}*w)" for a, b in zip(["x", *names], names, strict=False))
    module = sb.circuit(f"w: param; x: input\n{chain}\nf: output = {names[-1]}*x").compile(
        functions="per_sample"
    )
    params, inputs = module.Params(0.5), module.Inputs(x=[1.0], y=[2.0])
    assert module.per_sample(params, inputs, of=("f", "l")).shape == (1, 2, 1)
    with pytest.raises(ValueError, match="of names 'u1'; expected one of f, l"):
        module.per_sample(params, inputs, of="u1")


NAMES = "rows found shape start block of wrt above below kinds bars leaf seeds".split()


@pytest.mark.parametrize("target", TARGETS)
def test_names_of_nodes_may_be_those_of_locals(target):
    declared = "".join(f"{n}: param\n" for n in NAMES)
    text = f"x: input\n{declared}f: output = {'*'.join(NAMES)}*x\nl: loss = f**2"
    module = sb.circuit(text).compile(target=target, functions="per_sample")
    params = module.Params(*np.full(len(NAMES), 1.0))
    found = module.per_sample(params, module.Inputs(x=[3.0]))
    assert found.tolist() == [[[3.0] * len(NAMES)]]
