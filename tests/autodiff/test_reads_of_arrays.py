"""Entries that nothing reads, behind every operation that takes some entries only.

Each way to read crossed with each node that has no value, or no slope, at some of its entries:
right values are those of the entries that are read, from mpmath.
"""

from functools import cache

import mpmath as mp
import numpy as np
import pytest

import symback as sb
from tests.cases.compilers import compiles
from tests.cases.one_in import one_in

NAN = float("nan")
TARGETS = ["numpy", pytest.param("c", marks=compiles), "derivation"]


def exps(row):
    return [mp.exp(x) for x in row]


def softmax(row):
    return [e / sum(exps(row)) for e in exps(row)]


def dot(row, other):
    return sum(x * y for x, y in zip(row, other, strict=True))


def column(n, j=1):
    return [row[j] for row in n]


def corner(n):
    return [n[i][j] for i, j in CORNER]


def squares(entries):
    return sum(x * x for x in entries)


def logsumexp(row):
    return mp.log(sum(exps(row)))


def norm(row):
    return mp.sqrt(sum(x * x for x in row))


def layer_norm(row):
    mean = sum(row) / len(row)
    variance = sum((x - mean) ** 2 for x in row) / len(row)
    return [(x - mean) / mp.sqrt(variance + mp.mpf("1e-5")) for x in row]


# a node over X and a, its meaning, entries without a value or slope, entries with both
NODES = {
    "sqrt(a*X)": (lambda x, a: mp.sqrt(a * x), [-1, 0], 2.25),
    "a*log(X)": (lambda x, a: a * mp.log(x), [0, -2], 1.5),
    "a/X": (lambda x, a: a / x, [0], 0.8),
    "X**a": (lambda x, a: x**a, [-1], 0.7),
    "a*acos(X)": (lambda x, a: a * mp.acos(x), [1, 2], 0.3),
    "sqrt(X)*log(X)/a": (lambda x, a: mp.sqrt(x) * mp.log(x) / a, [0, -1], 1.2),
    "a*X": (lambda x, a: a * x, [NAN], 0.6),
    "tanh(a*X + 1)": (lambda x, a: mp.tanh(a * x + 1), [NAN], 0.1),
    "(a*X)**2": (lambda x, a: (a * x) ** 2, [NAN], 0.9),
}
# what is read of the matrix N, and its meaning over the entries that are read; the others are bad
ROW, CORNER = [(1, 0), (1, 1), (1, 2)], [(1, 1), (1, 2), (2, 1), (2, 2)]
COLUMN, ROWS = [(0, 1), (1, 1), (2, 1)], [*ROW, (2, 0), (2, 1), (2, 2)]
READ = {
    "N[1,2]*N[1,1]": (ROW[1:], lambda n: n[1][2] * n[1][1]),
    "sum(N[1]**2)": (ROW, lambda n: squares(n[1])),
    "sum(N[:,1]**2)": (COLUMN, lambda n: squares(column(n))),
    "sum(N[1:3,1:3]*N[1,1])": (CORNER, lambda n: sum(corner(n)) * n[1][1]),
    "trace(softmax(N[1:3,1:3]))": (
        CORNER,
        lambda n: softmax(n[1][1:])[0] + softmax(n[2][1:])[1],
    ),
    "trace(N[1:3] @ N[:,1:3])": (
        [(i, j) for i in range(3) for j in range(3) if (i, j) != (0, 0)],
        lambda n: dot(n[1], column(n)) + dot(n[2], column(n, 2)),
    ),
    "trace(N[1:3,1:3])": ([(1, 1), (2, 2)], lambda n: n[1][1] + n[2][2]),
    "N.T[1,2] + N[1,1]": ([(2, 1), (1, 1)], lambda n: n[2][1] + n[1][1]),
    "sum(where(K > 0, N, 1))": (CORNER, lambda n: sum(corner(n)) + 5),
    "sum(where(K > 0, N, 0)**2)/sum(K)": (CORNER, lambda n: squares(corner(n)) / 4),
    "max(where(K > 0, N*b, -100))": (CORNER, lambda n: max(corner(n)) * B),
    "min(N[1:3,1:3])": (CORNER, lambda n: min(corner(n))),
    "sum(max(N[1:3,1:3], axis=0))": (CORNER, lambda n: sum(max(n[1][j], n[2][j]) for j in (1, 2))),
    "sum(N, axis=1)[1]": (ROW, lambda n: sum(n[1])),
    "mean(N, axis=0)[1]": (COLUMN, lambda n: sum(column(n)) / 3),
    "max(N, axis=1)[1]": (ROW, lambda n: max(n[1])),
    "min(N, axis=0)[1]": (COLUMN, lambda n: min(column(n))),
    "norm(N, axis=1)[1]": (ROW, lambda n: norm(n[1])),
    "norm(N, axis=0)[1]": (COLUMN, lambda n: norm(column(n))),
    "softmax(N)[1,0]": (ROW, lambda n: softmax(n[1])[0]),
    "log_softmax(N)[1,0]": (ROW, lambda n: mp.log(softmax(n[1])[0])),
    "logsumexp(N)[1]": (ROW, lambda n: logsumexp(n[1])),
    "layer_norm(N)[1,2]": (ROW, lambda n: layer_norm(n[1])[2]),
    "dot(softmax(N[1]), v)": (ROW, lambda n: dot(softmax(n[1]), V)),
    "(N @ v)[1]": (ROW, lambda n: dot(n[1], V)),
    "(v @ N)[1]": (COLUMN, lambda n: dot(column(n), V)),
    "(N @ W)[1,0]": (ROW, lambda n: dot(n[1], column(MATRIX_W, 0))),
    "(W @ N)[0,1]": (COLUMN, lambda n: dot(MATRIX_W[0], column(n))),
    "(N.T @ W)[1,2]": (COLUMN, lambda n: dot(column(n), column(MATRIX_W, 2))),
    "(N @ N.T)[1,1]": (ROW, lambda n: squares(n[1])),
    "outer(N[1], N[0])[1,1]": ([(1, 1), (0, 1)], lambda n: n[1][1] * n[0][1]),
    "sum(where(k > 0, N @ v, 0))": (ROW, lambda n: dot(n[1], V)),
    "sum(where(k > 0, norm(N, axis=1), 0))": (ROW, lambda n: norm(n[1])),
    "sum(where(k > 0, logsumexp(N*b), b))": (
        ROW,
        lambda n: logsumexp([x * B for x in n[1]]) + 2 * B,
    ),
    "dot(where(k > 0, sum(N*v, axis=1), 2), v)": (
        ROW,
        lambda n: dot(n[1], V) * V[1] + 2 * (V[0] + V[2]),
    ),
    "sum(N[i]**2)": (ROW, lambda n: squares(n[1])),
    "sum(relu(N @ W + 9)[i]**2)": (
        ROW,
        lambda n: squares(dot(n[1], column(MATRIX_W, j)) + 9 for j in range(3)),
    ),
    "(v @ N)[i]*N[0,1]": (COLUMN, lambda n: dot(column(n), V) * n[0][1]),
    "sum((N @ v)[q])": (ROWS, lambda n: dot(n[2], V) + 2 * dot(n[1], V)),
    "sum((N*W).T[i])": (COLUMN, lambda n: dot(column(n), column(MATRIX_W))),
    "sum(concat(N[1], b*N[1,0:2]))": (ROW, lambda n: sum(n[1]) + B * (n[1][0] + n[1][1])),
    "sum((diag(N[1]) @ v)[0:2])": (ROW[:2], lambda n: n[1][0] * V[0] + n[1][1] * V[1]),
    "det(N[1:3,1:3])": (CORNER, lambda n: n[1][1] * n[2][2] - n[1][2] * n[2][1]),
    "solve(N[1:3,1:3], v[0:2])[0]": (
        CORNER,
        lambda n: (V[0] * n[2][2] - V[1] * n[1][2]) / (n[1][1] * n[2][2] - n[1][2] * n[2][1]),
    ),
}  # fmt: skip
A, B, V = 1.75, 0.5, [0.5, -1.25, 2.0]
MATRIX_W = [[1.0, 0.5, -2.0], [0.25, 3.0, 1.5], [2.0, -1.0, 0.75]]
GIVEN = {
    "K": [[0, 0, 0], [0, 1, 1], [0, 1, 1]], "k": [0, 1, 0], "v": V, "W": MATRIX_W, "b": B,
    "i": 1, "q": [2, 1, 1],
}  # fmt: skip
DECLARED = {
    "K": "input[3, 3]", "k": "input[3]", "v": "param[3]", "W": "param[3, 3]", "b": "input",
    "i": "int", "q": "int[3]",
}  # fmt: skip
SPREAD = [[1.0, 1.1, 0.95], [1.05, 1.2, 0.9], [1.15, 0.85, 1.3]]  # no two entries are equal


@cache
def circuit_of(node, read, role):
    leaves = [f"{n}: {DECLARED[n]}" for n in GIVEN if _has(read, n)]
    head = "; ".join([f"X: {role}[3, 3]; a: param", *leaves])
    return sb.circuit(f"{head}\nN = {node}\nf: output = {read}", loss=None)


def _has(read, name):
    return name in read.replace("max", "").replace("[", " ").replace("norm", "").split() or any(
        f"{before}{name}{after}" in read for before in "( *[," for after in ")*,[] "
    )


def point(node, read, bad, which):
    """All leaves, and X with bad entries where nothing reads them."""
    read_there, _ = READ[read]
    good = NODES[node][2]
    X = [[good * SPREAD[i][j] for j in range(3)] for i in range(3)]
    for number, place in enumerate((i, j) for i in range(3) for j in range(3)):
        if place not in read_there and (which == "all" or number % 2):
            X[place[0]][place[1]] = bad
    return X


def right(node, read, X):
    """f, ∂a and ∂X by hand: through the entries that are read only."""
    function, _, _ = NODES[node]
    there, meaning = READ[read]

    def whole(a, entries):
        N = [[None] * 3 for _ in range(3)]
        for (i, j), x in zip(there, entries, strict=True):
            N[i][j] = function(x, a)
        return meaning(N)

    at = [mp.mpf(X[i][j]) for i, j in there]
    bars = np.zeros((3, 3))
    for k, (i, j) in enumerate(there):
        moved = lambda x, k=k: whole(A, [*at[:k], x, *at[k + 1 :]])  # noqa: E731
        bars[i, j] = mp.diff(moved, at[k])
    return float(whole(A, at)), float(mp.diff(lambda a: whole(a, at), A)), bars


def assert_right(found, expected, text):
    value, of_a, of_X = expected
    np.testing.assert_allclose(float(found["f"]), value, rtol=1e-12, err_msg=text)
    np.testing.assert_allclose(found["a"], of_a, rtol=1e-11, atol=1e-12, err_msg=text)
    np.testing.assert_allclose(found["X"], of_X, rtol=1e-11, atol=1e-14, err_msg=text)


def by_module(circuit, X, target, samples=None):
    """By name: of one sample, or of each of several with ∂a over all of them."""
    module = circuit.compile(target=target)
    given = {
        n: np.asarray(GIVEN.get(n, A), float)
        for n in (*module.Params._fields, *module.Inputs._fields)
    }
    if samples is None:
        given["X"] = np.asarray(X, float)
    params = module.Params(*(given[n][()] for n in module.Params._fields))
    if samples is not None:
        count = len(samples)
        given = {n: np.broadcast_to(v, (count, *v.shape)) for n, v in given.items()}
        given["X"] = np.asarray(samples, float)
    inputs = module.Inputs(*(given[n][()] for n in module.Inputs._fields))
    with np.errstate(all="raise"):  # nor does it warn
        value, cache_ = module.forward(params, inputs)
        bars = module.backward(params, inputs, cache_)
        _, mean = module.value_and_grad(params, inputs)
    found = {n: bar for part in bars for n, bar in part._asdict().items()}
    count = 1 if samples is None else len(samples)
    for name, bar in mean._asdict().items():
        np.testing.assert_allclose(bar * count, found[name], rtol=1e-12, atol=1e-15, err_msg=name)
    return {**found, "f": value}


def in_turn(all_of_them):
    """Every way to read with every node, or each target with one node in turn."""
    for i, read in enumerate(READ):
        for j, target in enumerate(TARGETS):
            name, marks = (target.values[0], target.marks) if j == 1 else (target, ())
            if name == "c" and ("det" in read or "solve" in read):
                continue  # C has no inverse
            few = [n for k, n in enumerate(NODES) if all_of_them or (i + 3 * j + k) % 9 == 0]
            yield pytest.param(read, name, few, marks=marks, id=f"{read}-{name}")


@pytest.mark.slow
@pytest.mark.parametrize(("read", "target", "nodes"), list(in_turn(True)))
def test_no_entry_that_is_not_read_passes_anything_on(read, target, nodes):
    assert_unread_pass_nothing_on(read, target, nodes)


@pytest.mark.parametrize(("read", "target", "nodes"), one_in(8, in_turn(False)))
def test_entries_that_are_not_read_pass_nothing_on(read, target, nodes):
    assert_unread_pass_nothing_on(read, target, nodes)


def assert_unread_pass_nothing_on(read, target, nodes):
    for node in nodes:
        for bad in NODES[node][1]:
            for which in ("all", "some"):
                X = point(node, read, bad, which)
                text = f"{node} {read} {bad}"
                if target != "derivation":
                    circuit = circuit_of(node, read, "input")
                    found = by_module(circuit, X, target)
                elif np.isnan(bad):
                    continue  # a derivation takes finite numbers
                else:
                    circuit = circuit_of(node, read, "input")
                    at = {
                        n: v for n, v in {**GIVEN, "a": A, "X": X}.items() if n in leaves(circuit)
                    }
                    values, found = circuit.derive().at(**at).evaluated()
                    found = {**found, "f": values["f"]}
                assert_right(found, right(node, read, X), text)


def leaves(circuit):
    return {n.name for n in circuit.leaves}


SOME = [
    pytest.param(
        read,
        [*NODES][i % len(NODES) :: 4],
        t,
        marks=[*marks, *[pytest.mark.slow] * (i % 2)],
        id=f"{read}-{t}",
    )
    for i, read in enumerate(READ)
    for t, marks in (("numpy", ()), ("c", [compiles]))
    if t == "numpy" or (i % 4 == 0 and "det" not in read and "solve" not in read)
]


@pytest.mark.parametrize(("read", "nodes", "target"), SOME)
def test_one_sample_at_an_edge_leaves_the_others(read, nodes, target):
    for node in nodes:
        samples = [point(node, read, b, "all") for b in (NODES[node][2], NODES[node][1][0])]
        samples.append([[1.02 * x if x == x else x for x in row] for row in samples[0]])
        found = by_module(circuit_of(node, read, "input"), None, target, samples)
        wanted = [right(node, read, X) for X in samples]
        np.testing.assert_allclose(found["f"], [w[0] for w in wanted], rtol=1e-12)
        np.testing.assert_allclose(found["a"], sum(w[1] for w in wanted), rtol=1e-11, atol=1e-12)
        np.testing.assert_allclose(found["X"], [w[2] for w in wanted], rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize(("read", "nodes", "target"), SOME)
def test_parameters_that_nothing_reads_may_be_missing(read, nodes, target):
    for node in nodes:
        X = point(node, read, NAN, "all")
        found = by_module(circuit_of(node, read, "param"), X, target)
        assert_right(found, right(node, read, X), node)
