"""Products of matrices over tiles of samples: exact on whole numbers, at every edge of a block."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest

import symback as sb
from symback.codegen.generate import render_files
from symback.codegen.loops.tree import Accumulate, Call, Declare, For, Storage, Store, fused
from tests.cases.compilers import COMPILER, STRICT, compiles
from tests.cases.one_in import one_in

LAYER = """x: input[d]; t: target[k]; A: param[h, d]; B: param[h, k]
u = A @ x
z: output = u @ B
l: loss = dot(z - t, z - t)/2"""
SIZES = [(1, 1, 1), (3, 9, 2), (8, 16, 17), (17, 33, 16), (257, 5, 31)]
COUNTS = (1, 3, 4, 7, 8, 9, 70, 300)


@pytest.fixture(scope="module")
def layer():
    return sb.circuit(LAYER).compile(target="c")


def whole_numbers(rng, *shape):
    return rng.integers(-3, 4, shape).astype(float)


@compiles
@pytest.mark.parametrize(("d", "h", "k"), SIZES)
def test_products_over_tiles_are_exact_at_every_edge(layer, d, h, k):
    """x·Aᵀ, u·B, z̄·Bᵀ, ūᵀ·x and uᵀ·z̄ of whole numbers, which no order of terms rounds."""
    rng = np.random.default_rng(d)
    params = layer.Params(whole_numbers(rng, h, d), whole_numbers(rng, h, k))
    for count in COUNTS:
        x, t = whole_numbers(rng, count, d), whole_numbers(rng, count, k)
        u = x @ params.A.T
        z_bar = u @ params.B - t
        u_bar = z_bar @ params.B.T
        loss, bars = layer.value_and_grad(params, layer.Inputs(x, t))
        assert loss == np.sum(z_bar**2) / 2 / count
        np.testing.assert_array_equal(bars.A, u_bar.T @ x / count)
        np.testing.assert_array_equal(bars.B, u.T @ z_bar / count)
        z, kept = layer.forward(params, layer.Inputs(x))
        np.testing.assert_array_equal(z, u @ params.B)
        _, back = layer.backward(params, layer.Inputs(x), kept, z_bar)
        np.testing.assert_array_equal(back.x, u_bar @ params.A)


@compiles
def test_a_sample_has_the_same_bits_in_every_batch_of_four_and_more(layer):
    """Each entry of a product is the sum of its terms in their order, wherever its row stands."""
    rng = np.random.default_rng(1)
    params = layer.Params(rng.normal(size=(33, 300)), rng.normal(size=(33, 17)))
    x = rng.normal(size=(301, 300))
    z, _ = layer.forward(params, layer.Inputs(x))
    for start, count in ((0, 4), (5, 8), (250, 51), (13, 260)):
        some, _ = layer.forward(params, layer.Inputs(x[start : start + count]))
        np.testing.assert_array_equal(some, z[start : start + count])


@compiles
@pytest.mark.parametrize(
    "flags", one_in(3, [["-O0"], ["-O3"], ["-O3", "-march=native", "-fopenmp-simd"]])
)
def test_the_file_has_no_warning_on_any_processor(flags, tmp_path):
    for end, text in render_files(sb.circuit(LAYER), target="c", stem="layer").items():
        (tmp_path / f"layer{end}").write_text(text, encoding="utf-8")
    command = [COMPILER, *STRICT, *flags, "-c", "layer.c", "-o", "layer.o"]
    subprocess.run(command, cwd=tmp_path, check=True)


def test_what_only_one_part_reads_has_no_memory_of_a_tile():
    text = render_files(sb.circuit(LAYER), target="c", stem="layer")[".c"]
    sums = text[text.index("double layer_sums(") :]
    assert "double *const u_tile" in sums and "l_tile" not in sums
    assert sums.count("symback_product(") == 5


@compiles
@pytest.mark.parametrize(("m", "n", "p"), [(1, 9, 2), (3, 4, 5), (8, 16, 17), (9, 300, 33)])
def test_products_of_matrices_are_exact_however_they_lie(m, n, p):
    """A·B, Aᵀ·B, A·Bᵀ and Aᵀ·Bᵀ, of parameters and of samples, and their gradients."""
    text = """A: param[m, n]; B: input[n, p]; C: input[p, m]; t: target[m, p]
Y = A @ B + A @ B @ C @ A @ B + C.T @ (A @ B).T @ C.T
f: output = Y + (C @ A @ B @ C).T
l: loss = sum((f - t)**2)/2"""
    circuit = sb.circuit(text)
    c, numpy = circuit.compile(target="c"), circuit.compile()
    rng = np.random.default_rng(m)
    A, B, C, t = (
        (rng.random(shape) < 0.2).astype(float)
        for shape in ((m, n), (3, n, p), (3, p, m), (3, m, p))
    )
    found = c.value_and_grad(c.Params(A), c.Inputs(B, C, t))
    expected = numpy.value_and_grad(numpy.Params(A), numpy.Inputs(B, C, t))
    assert found[0] == expected[0]
    np.testing.assert_array_equal(found[1].A, expected[1].A)


@compiles
@pytest.mark.parametrize(
    ("leaves", "formula", "products"),
    [
        ("A: input[m, n]; U: param[m, r]; V: param[r, n]; t: target[m, n]", "A - U @ V", 2),
        ("x: input[m]; a: param[m]; W: param[r, m]; t: target[r]", "W @ (a - x)", 1),
        ("A: input[m, n]; v: param[n]; t: target[m]", "A @ v", 0),
    ],
)
def test_what_samples_are_multiplied_with_alike_multiplies_their_sum(leaves, formula, products):
    """Σ R·Vᵀ over the samples is (Σ R)·Vᵀ: one product, not one a sample."""
    circuit = sb.circuit(f"{leaves}\nf: output = {formula}\nl: loss = sum((f - t)**2)/2")
    text = render_files(circuit, target="c", stem="m")[".c"]
    sums = text[text.index("double m_sums(") : text.index("double m_value_and_grad(")]
    behind = sums[sums.rindex("symback_add(") :]  # the loop over the samples
    assert behind.count("symback_product(") == products
    c, numpy = circuit.compile(target="c"), circuit.compile()
    sizes, rng = {"m": 9, "n": 10, "r": 11}, np.random.default_rng(0)

    def given(names, *lead):
        shapes = [[sizes[str(s)] for s in circuit[name].shape] for name in names]
        return [whole_numbers(rng, *lead, *shape) for shape in shapes]

    params, inputs = given(c.Params._fields), given(c.Inputs._fields, 40)
    found = c.value_and_grad(c.Params(*params), c.Inputs(*inputs))
    expected = numpy.value_and_grad(numpy.Params(*params), numpy.Inputs(*inputs))
    assert found[0] == expected[0]
    for bar, other in zip(found[1], expected[1], strict=True):
        np.testing.assert_array_equal(bar, other)


ROWS = [  # of products, for each index of an axis; those that have no kernel are loops
    ("kij,kj->ki", True),
    ("kji,kj->ki", True),
    ("ikj,kj->ki", True),
    ("ijk,kj->ki", True),
    ("kij,jk->ki", True),
    ("kij,kj->ik", True),
    ("kij,kj->i", False),
]


@compiles
@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize(("subscripts", "is_product"), one_in(3, ROWS))
def test_rows_of_products_are_exact(subscripts, is_product, swapped):
    factors, result = subscripts.split("->")
    first, second = factors.split(",")
    sizes = {"i": 3, "j": 10, "k": 2}
    shapes = [", ".join(letters) for letters in (first, second, result)]
    text = f"A: param[{shapes[0]}]; x: input[{shapes[1]}]; t: target[{shapes[2]}]\n"
    given = f'"{second},{first}->{result}", x*x, A' if swapped else f'"{subscripts}", A, x*x'
    circuit = sb.circuit(f"{text}f: output = einsum({given})\nl: loss = sum((f - t)**2)/2")
    c, numpy = circuit.compile(target="c"), circuit.compile()
    assert ("symback_product(taken" in render_files(circuit, target="c")[".c"]) == is_product
    rng = np.random.default_rng(0)
    A, x, t = (
        whole_numbers(rng, *lead, *(sizes[letter] for letter in letters))
        for lead, letters in (((), first), ((41,), second), ((41,), result))
    )
    for count in (1, 5, 41):
        found = c.value_and_grad(c.Params(A), c.Inputs(x[:count], t[:count]))
        expected = numpy.value_and_grad(numpy.Params(A), numpy.Inputs(x[:count], t[:count]))
        assert found[0] == expected[0]
        np.testing.assert_array_equal(found[1].A, expected[1].A)


INDEX = "i * n + j"


def nest(*stores, stop="n"):
    inner = For("j", "0", "n", stores, simd=True)
    return For("i", "0", stop, (inner,))


def test_loops_side_by_side_are_one_where_no_turn_waits_for_another():
    y, z = Store(f"y[{INDEX}]", "x[i]"), Store(f"z[{INDEX}]", f"x[j] * y[{INDEX}]")
    assert fused([nest(y), nest(z)]) == [nest(y, z)]
    for other in (
        Store(f"z[{INDEX}]", "y[j * n + i]"),  # of another turn
        Store(f"x[{INDEX}]", "y[i]"),
        Store("z[j]", "1.0", "+="),  # many turns write there
        Accumulate("total", f"y[{INDEX}]"),
        Call("f", ("y",)),
        Declare(Storage.NUMBER, "a", f"y[{INDEX}]"),
    ):
        assert fused([nest(y), nest(other)]) == [nest(y), nest(other)]
    assert len(fused([nest(y), nest(z, stop="m")])) == 2


def test_arrays_that_lie_alike_are_gone_along_in_one_loop():
    y, one = Store(f"y[{INDEX}]", f"f(x[{INDEX}])"), Store("y[i]", "f(x[i])")
    assert fused([nest(y, stop="m")]) == [For("i", "0", "m * n", (one,), simd=True)]
    deep = For("h", "0", "2", (nest(Store("y[(h * m + i) * n + j]", "0.0"), stop="m"),))
    assert fused([deep]) == [For("h", "0", "2 * m * n", (Store("y[h]", "0.0"),), simd=True)]
    for other in ("x[i]", "x[j]", "x[j * n + i]", "(double)i", f"x[{INDEX} + 1]"):
        kept = nest(Store(f"y[{INDEX}]", f"{other} * z[{INDEX}]"))
        assert fused([kept]) == [kept]
