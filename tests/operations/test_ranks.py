"""Shape rules, definitions and VJPs at rank 3, beyond what circuit text can declare so far.

A contribution in balls is compared with SymPy's derivative of the definition, entry by entry.
"""

import numpy as np
import pytest
import sympy as sp
from flint import arb
from sympy import S, Tuple

from symback.operations import arrays as a
from symback.operations.balls.arrays import evaluate_entries
from symback.operations.balls.scalars import precision
from symback.operations.construction import unbroadcast
from symback.operations.definitions import SYMPY, definitions
from symback.operations.entries import Entries
from symback.operations.expressions import real_symbol
from symback.operations.shapes import ShapeError
from symback.operations.vjp import At, contributions
from tests.cases.one_in import one_in

X, Y, G, V = map(real_symbol, "xygv")
SHAPE = (2, 3, 4)
WHOLE = Tuple(S.Zero, S.Infinity)
PARTS = ((0,), (-1, Tuple(1, 3)), (WHOLE, 2), (WHOLE, WHOLE, 1))

OPERATIONS = [
    *(head(X, *axis) for head in (a.reduce_sum, a.mean) for axis in ((), (0,), (1,), (2,))),
    *(a.reduce_max(X, 0), a.reduce_max(X, 1), a.reduce_min(X, 2)),
    *(a.norm(X), a.dot(X, Y)),
    *(a.softmax(X), a.log_softmax(X), a.logsumexp(X), a.layer_norm(X)),
    a.cross_entropy(X, Y),
    *(a.concat(axis, X, Y) for axis in (0, 1, 2)),
    *(a.slice_(X, Tuple(*parts)) for parts in PARTS),
    *(a.expand_dims(X), a.expand_dims(X, 0), a.expand_dims(X, 1)),
]


def sizes(*numbers):
    return tuple(map(sp.Integer, numbers))


def entries(name, shape):
    return Entries.of(shape, lambda index: real_symbol(f"{name}_{'_'.join(map(str, index))}"))


def numbers(shape, seed):
    """Different numbers of a few bits."""
    drawn = np.random.default_rng(seed).permutation(int(np.prod(shape))) - np.prod(shape) // 3
    return (drawn / 8).reshape(shape)


def balls(values):
    return Entries.of(np.shape(values), lambda index: arb(float(np.asarray(values)[index])))


def close(got, expected):
    assert got.shape == np.shape(expected)
    pairs = list(zip(got.flat, np.ravel(expected), strict=True))
    assert pairs
    assert all(abs(float(p.mid()) - q) <= 1e-12 * (1 + abs(q)) for p, q in pairs)


@pytest.mark.parametrize("op", one_in(8, OPERATIONS), ids=str)
def test_rules_hold_at_rank_3(op):
    names = {"x": entries("x", SHAPE), "y": entries("y", SHAPE)}
    given = {"x": numbers(SHAPE, 1), "y": numbers(SHAPE, 2)}
    if isinstance(op, a.cross_entropy):
        given["y"] = np.broadcast_to([0.5, 0.25, 0.25, 0], SHAPE)
    options = [o if isinstance(o, Tuple) else int(o) for o in op.options]
    value = definitions(SYMPY)[op.func](*(names[o.name] for o in op.operands), *options)
    shapes = {"x": sizes(*SHAPE), "y": sizes(*SHAPE)}
    shape = a.shape_of(op, shapes)
    assert shape == value.shape

    upstream = numbers(shape, 3) if shape else np.float64(0.75)
    at = At(op, V, {**shapes, "g": shape, "v": shape})
    point = {names[n][i]: sp.Rational(given[n][i]) for n in given for i in np.ndindex(*SHAPE)}
    scalar = sp.Add(
        *(sp.Rational(u) * v for u, v in zip(np.ravel(upstream), value.flat, strict=True))
    )
    with precision(200):
        known = {X: balls(given["x"]), Y: balls(given["y"]), G: balls(upstream)}
        known[V] = evaluate_entries(op, known, {})
        for operand, found in zip(op.operands, contributions(op, G, at), strict=True):
            if found is None:
                continue
            slopes = [sp.diff(scalar, s).subs(point).evalf(30) for s in names[operand.name].flat]
            got = evaluate_entries(found, known, {}).broadcast_to(SHAPE)
            close(got, np.array([float(s) for s in slopes]).reshape(SHAPE))


BROADCASTS = [
    *((SHAPE, to) for to in ((), (4,), (1,), (3, 4), (3, 1), (1, 4), (1, 1))),
    *((SHAPE, to) for to in ((2, 3, 1), (2, 1, 4), (1, 3, 4), (1, 3, 1), (2, 1, 1), (1, 1, 1))),
    *(((2, 3, 4, 5), to) for to in ((3, 1, 5), (2, 1, 4, 1), (1, 3, 1, 5))),
]


@pytest.mark.parametrize(("shape", "to"), BROADCASTS, ids=str)
def test_what_was_broadcast_is_summed(shape, to):
    given = numbers(shape, 4)
    lead = len(shape) - len(to)
    stretched = [i for i, size in enumerate(to) if size == 1 != shape[lead + i]]
    expected = given.sum(axis=(*range(lead), *(lead + i for i in stretched))).reshape(to)
    formula = unbroadcast(X, sizes(*shape), sizes(*to))
    assert a.shape_of(formula, {"x": sizes(*shape)}) == to
    close(evaluate_entries(formula, {X: balls(given)}, {}), expected)


def test_a_matrix_by_nature_refuses_rank_3():
    for op in (a.matmul(X, Y), a.transpose(X), a.inv(X), a.trace(X), a.diag(X)):
        with pytest.raises(ShapeError, match=r"\[2, 3, 4\]"):
            a.shape_of(op, {"x": sizes(*SHAPE), "y": sizes(*SHAPE)})
