"""Layers that people take from PyTorch and JAX, as circuits: value and gradient agree to 1e-10."""

import numpy as np
import pytest

import symback as sb
from symback.check.check import check_module
from symback.circuits.requirements import indices
from symback.codegen.runtimes import in_numpys_terms

pytestmark = pytest.mark.slow
CLOSE = 1e-10  # of the largest element of an array

ATTENTION = """
x: input[5, 8]; Wq: param[8, 8]; Wk: param[8, 8]; Wv: param[8, 8]; Wo: param[8, 8]; bo: param[8]
q = transpose(reshape(x @ Wq.T, 5, 2, 4), (1, 0, 2))
k = transpose(reshape(x @ Wk.T, 5, 2, 4), (1, 0, 2))
v = transpose(reshape(x @ Wv.T, 5, 2, 4), (1, 0, 2))
p = softmax(q @ k.mT/2)
h = reshape(transpose(p @ v, (1, 0, 2)), 5, 8)
f = sum(sin(h @ Wo.T + bo))
"""
CONVOLUTIONS = """
x: input[1, 8, 8]; K1: param[3, 1, 3, 3]; K2: param[4, 3, 3, 3]; W: param[10, 16]; b: param[10]
y: target
h1 = relu(conv2d(x, K1, padding=1))
h2 = relu(conv2d(max_pool(h1, 2), K2, padding=1))
z = W @ ravel(max_pool(h2, 2)) + b
f: output = cross_entropy(z, y)
"""
FEW_CONVOLUTIONS = """
x: input[1, 4, 4]; K1: param[2, 1, 3, 3]; K2: param[1, 2, 3, 3]; W: param[2, 1]; b: param[2]
y: target
h1 = relu(conv2d(x, K1, padding=1))
h2 = relu(conv2d(max_pool(h1, 2), K2, padding=1))
z = W @ ravel(max_pool(h2, 2)) + b
f: output = cross_entropy(z, y)
"""  # few enough for the check, which takes each entry
LSTM = """
x: input[6, 3]; W: param[16, 3]; U: param[16, 4]; b: param[16]; c: param[16]
h[0] = zeros(4)
s[0] = zeros(4)
for t in range(1, 7):
    a[t] = W @ x[t - 1] + b + U @ h[t - 1] + c
    s[t] = sigma(a[t][4:8])*s[t - 1] + sigma(a[t][0:4])*tanh(a[t][8:12])
    h[t] = sigma(a[t][12:16])*tanh(s[t])
f = sum(h[6]) + sum(h[3]**2)
"""
EMBEDDING = """
i: int[4]; E: param[7, 3]; u: param[3]
f = sum(tanh(E[i] @ u))
"""
GRAPH = """
X: input[4, 3]; i: int[6]; j: int[6]; W: param[3, 3]
H = tanh(X @ W.T)
f = sum(sin(segment_sum(H[j], i, 4)))
"""


def attention(torch, x, Wq, Wk, Wv, Wo, bo):
    layer = torch.nn.MultiheadAttention(8, 2, bias=True, batch_first=True, dtype=torch.float64)
    zeros = torch.zeros(24, dtype=torch.float64)
    state = {
        "in_proj_weight": torch.cat([Wq, Wk, Wv]),
        "in_proj_bias": zeros,
        "out_proj.weight": Wo,
        "out_proj.bias": bo,
    }
    value, _ = torch.func.functional_call(layer, state, (x, x, x))
    return value.sin().sum((1, 2))


def convolutions(torch, x, y, K1, K2, W, b):
    f = torch.nn.functional
    h = f.max_pool2d(f.conv2d(x, K1, padding=1).relu(), 2)
    h = f.max_pool2d(f.conv2d(h, K2, padding=1).relu(), 2)
    return f.cross_entropy(h.flatten(1) @ W.T + b, y.long(), reduction="none")


def lstm(torch, x, W, U, b, c):
    layer = torch.nn.LSTM(3, 4, batch_first=True, dtype=torch.float64)
    state = {"weight_ih_l0": W, "weight_hh_l0": U, "bias_ih_l0": b, "bias_hh_l0": c}
    h, _ = torch.func.functional_call(layer, state, (x,))
    return h[:, 5].sum(1) + (h[:, 2] ** 2).sum(1)


def embedding(torch, i, E, u):
    return (torch.nn.functional.embedding(i.long(), E) @ u).tanh().sum(1)


def graph(torch, X, i, j, W):
    H = (X @ W.T).tanh()
    sums = [
        torch.zeros(4, 3, dtype=H.dtype).index_add(0, to, h[of])
        for h, to, of in zip(H, i.long(), j.long(), strict=True)
    ]
    return torch.stack(sums).sin().sum((1, 2))


CASES = {
    "graph": (GRAPH, graph),
    "attention": (ATTENTION, attention),
    "convolutions": (CONVOLUTIONS, convolutions),
    "lstm": (LSTM, lstm),
    "embedding": (EMBEDDING, embedding),
}


def attention_in_jax(jax, x, Wq, Wk, Wv, Wo, bo):
    """Not by jax.nn.dot_product_attention: findings/jax_attention_in_float32.sh."""
    q, k, v = ((x @ W.T).reshape(-1, 5, 2, 4) for W in (Wq, Wk, Wv))
    p = jax.nn.softmax(jax.numpy.einsum("btha,bsha->bhts", q, k) / 2, axis=-1)
    h = jax.numpy.einsum("bhts,bsha->btha", p, v).reshape(-1, 5, 8)
    return jax.numpy.sin(h @ Wo.T + bo).sum((1, 2))


def convolutions_in_jax(jax, x, y, K1, K2, W, b):
    names, pads = ("NCHW", "OIHW", "NCHW"), ((1, 1), (1, 1))

    def layer(h, K):
        h = jax.nn.relu(jax.lax.conv_general_dilated(h, K, (1, 1), pads, dimension_numbers=names))
        size = (1, 1, 2, 2)
        return jax.lax.reduce_window(h, -jax.numpy.inf, jax.lax.max, size, size, "VALID")

    z = layer(layer(x, K1), K2).reshape(len(x), -1) @ W.T + b
    classes = y.astype(int)[:, None]
    return -jax.numpy.take_along_axis(jax.nn.log_softmax(z), classes, axis=1)[:, 0]


def lstm_in_jax(jax, x, W, U, b, c):
    def step(state, at):
        h, s = state
        i, f, g, o = jax.numpy.split(at @ W.T + b + h @ U.T + c, 4, axis=-1)
        s = jax.nn.sigmoid(f) * s + jax.nn.sigmoid(i) * jax.numpy.tanh(g)
        h = jax.nn.sigmoid(o) * jax.numpy.tanh(s)
        return (h, s), h

    start = jax.numpy.zeros((len(x), 4))
    _, h = jax.lax.scan(step, (start, start), x.swapaxes(0, 1))
    return h[5].sum(1) + (h[2] ** 2).sum(1)


def embedding_in_jax(jax, i, E, u):
    return jax.numpy.tanh(E[i.astype(int)] @ u).sum(1)


def graph_in_jax(jax, X, i, j, W):
    H = jax.numpy.tanh(X @ W.T)

    def sums(h, to, of):
        return jax.ops.segment_sum(h[of.astype(int)], to.astype(int), num_segments=4)

    return jax.numpy.sin(jax.vmap(sums)(H, i, j)).sum((1, 2))


IN_JAX = {
    "graph": graph_in_jax,
    "attention": attention_in_jax,
    "convolutions": convolutions_in_jax,
    "lstm": lstm_in_jax,
    "embedding": embedding_in_jax,
}
TARGETS = ("numpy", "c", "jax", "torch")


def drawn(circuit, rng):
    """Parameters, and a batch of 3 samples."""
    params = {p.name: rng.normal(size=tuple(map(int, p.shape))) * 0.5 for p in circuit.params}
    inputs = {n.name: rng.normal(size=(3, *map(int, n.shape))) for n in circuit.inputs}
    for name, rows in indices(circuit).items():
        inputs[name] = rng.integers(int(rows), size=inputs[name].shape).astype(float)
    if circuit.targets and circuit.targets == ("y",) and circuit.objective == circuit.output:
        inputs["y"] = rng.integers(10, size=3).astype(float)
    return params, inputs


def computed(circuit, target, params, inputs):
    """Value and adjoints of a module in its own runtime."""
    if target in ("jax", "torch"):
        pytest.importorskip(target)
    m = in_numpys_terms(circuit.compile(target=target))
    value, cache = m.forward(m.Params(**params), m.Inputs(**inputs))
    return value, *m.backward(m.Params(**params), m.Inputs(**inputs), cache)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", CASES)
def test_value_and_gradient_agree_with_jax(name, target):
    jax = pytest.importorskip("jax")
    circuit = sb.circuit(CASES[name][0], loss=None)
    params, inputs = drawn(circuit, np.random.default_rng(1))
    value, bars, of_inputs = computed(circuit, target, params, inputs)
    moving = {n: v for n, v in {**inputs, **params}.items() if n not in "ijy"}
    fixed = {n: v for n, v in inputs.items() if n in "ijy"}
    with jax.enable_x64(True):
        fixed = {n: jax.numpy.asarray(v) for n, v in fixed.items()}
        leaves = {n: jax.numpy.asarray(v) for n, v in moving.items()}
        expected = IN_JAX[name](jax, **fixed, **leaves)
        grads = jax.grad(lambda given: IN_JAX[name](jax, **fixed, **given).sum())(leaves)
    assert_close(value, np.asarray(expected), "value")
    for leaf, grad in grads.items():
        assert_close(getattr(bars if leaf in params else of_inputs, leaf), np.asarray(grad), leaf)


@pytest.mark.parametrize("target", ["jax", "torch"])
@pytest.mark.parametrize("name", CASES)
def test_modules_of_layers_agree_with_the_truth(name, target):
    pytest.importorskip(target)
    text = FEW_CONVOLUTIONS if name == "convolutions" else CASES[name][0]
    circuit = sb.circuit(text, loss=None)
    report = check_module(circuit, circuit.compile(target=target), points=20)
    assert report.passed, str(report)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", CASES)
def test_value_and_gradient_agree_with_pytorch(name, target):
    torch = pytest.importorskip("torch")
    text, peer = CASES[name]
    circuit = sb.circuit(text, loss=None)
    params, inputs = drawn(circuit, np.random.default_rng(0))
    value, bars, of_inputs = computed(circuit, target, params, inputs)
    moved = {n: torch.tensor(v, requires_grad=n not in "ijy") for n, v in inputs.items()}
    leaves = {n: torch.tensor(v, requires_grad=True) for n, v in params.items()}
    expected = peer(torch, **moved, **leaves)
    expected.sum().backward()
    assert_close(value, expected.detach().numpy(), "value")
    for leaf in params:
        assert_close(getattr(bars, leaf), leaves[leaf].grad.numpy(), leaf)
    if "x" in inputs:
        assert_close(of_inputs.x, moved["x"].grad.numpy(), "x")


def assert_close(found, expected, name):
    assert np.shape(found) == np.shape(expected), name
    assert np.max(abs(expected)) > 1e-4, f"{name}: the numbers drawn don't test it"
    assert np.max(abs(found - expected)) <= CLOSE * np.max(abs(expected)), name
