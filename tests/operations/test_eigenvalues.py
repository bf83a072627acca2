"""Eigenvalues and eigenvectors of symmetric matrices, and their slopes."""

import mpmath
import numpy as np
import pytest

import symback as sb
from symback.check import check_module
from symback.codegen.generate import compile_module
from symback.codegen.runtimes import in_numpys_terms
from symback.errors import CircuitError, SymbackError, Unsupported
from tests.cases.array_circuits import SPECTRA
from tests.cases.bare_runs import RUNS
from tests.cases.one_in import one_in

VALUES = "A: input[n, n]; f: output = eigvalsh(A)"
WEIGHED = "A: param[n, n]; v: input[n]; f = dot(sin(eigvalsh(A)), v)"
SYMMETRIC = "A: param[n, n]; f = sum(eigvalsh(A)**2)"
WILKINSON = (10.746194182903322, 10.746194182903393)
SECOND = ("jvp", "hessp")


def module(text, target="numpy", functions=()):
    if not RUNS[target]:
        pytest.skip(f"{target} does not run here")
    made = compile_module(sb.circuit(text, loss=None), target, functions)
    return in_numpys_terms(made) if target != "numpy" else made


def values(m, matrix):
    return m.forward(m.Params(), m.Inputs(np.asarray(matrix, float)))[0]


def differences(n):
    """The matrix of second differences, whose eigenvalues are 2 - 2·cos(k·π/(n + 1))."""
    return 2 * np.eye(n) - np.eye(n, k=1) - np.eye(n, k=-1)


@pytest.mark.slow
@pytest.mark.parametrize("text", SPECTRA, ids=["values", "vectors"])
def test_modules_agree_with_sympy(text):
    circuit = sb.circuit(text, loss=None)
    assert sb.circuit(str(circuit)) == circuit
    compiled = circuit.compile(functions=SECOND)
    report = check_module(circuit, compiled, points=20)
    assert report.passed, str(report)
    compiled.check_gradients()


@pytest.mark.parametrize("target", one_in(2, RUNS))
def test_known_spectra(target):
    m = module(VALUES, target)
    known = 2 - 2 * np.cos(np.arange(1, 8) * np.pi / 8)
    np.testing.assert_allclose(values(m, differences(7)), known, rtol=0, atol=2e-15)
    every = np.array([np.diag([3.0, 1.0, 2.0]), np.zeros((3, 3)), np.ones((3, 3))])
    wanted = [[1, 2, 3], [0, 0, 0], [0, 0, 3]]  # a matrix for each sample
    np.testing.assert_allclose(values(m, every), wanted, rtol=0, atol=2e-15)
    np.testing.assert_allclose(values(m, [[-2.5]]), [-2.5], rtol=0, atol=0)


def of_mpmath(matrix, v):
    """Σ v·sin(λ) of the lower triangle, with 60 digits."""
    n = len(v)
    whole = mpmath.matrix(n, n)
    for i in range(n):
        for j in range(i + 1):
            whole[i, j] = whole[j, i] = matrix[i][j]
    return mpmath.fsum(w * mpmath.sin(x) for w, x in zip(v, mpmath.eigsy(whole, True), strict=True))


def test_slopes_of_two_orders_are_those_of_differences_with_60_digits():
    rng = np.random.default_rng(3)
    a, along, v = rng.normal(size=(4, 4)), rng.normal(size=(4, 4)), rng.normal(size=4)
    m = module(WEIGHED, functions=SECOND)
    params, inputs = m.Params(a), m.Inputs(v)
    bars, _ = m.backward(params, inputs, m.forward(params, inputs)[1])
    hessp = m.hessp(m.ravel(params), m.ravel(m.Params(along)), inputs).reshape(4, 4)
    with mpmath.workdps(60):
        h = mpmath.mpf(10) ** -20

        def value(*moves):
            moved = [[mpmath.mpf(x) for x in row] for row in a.tolist()]
            for by in moves:
                moved = [[x + by[i][j] for j, x in enumerate(row)] for i, row in enumerate(moved)]
            return of_mpmath(moved, v.tolist())

        line = [[h * mpmath.mpf(x) for x in row] for row in along.tolist()]
        back = [[-x for x in row] for row in line]
        forwards = float((value(line) - value(back)) / (2 * h))
        for i, j in np.ndindex(4, 4):
            unit = [[h if (k, q) == (i, j) else 0 for q in range(4)] for k in range(4)]
            other = [[-x for x in row] for row in unit]
            slope = float((value(unit) - value(other)) / (2 * h))
            assert bars.A[i, j] == pytest.approx(slope, rel=1e-12, abs=1e-14)
            ends = [value(x, y) for x in (line, back) for y in (unit, other)]
            bend = float((ends[0] - ends[1] - ends[2] + ends[3]) / (4 * h**2))
            assert hessp[i, j] == pytest.approx(bend, rel=1e-11, abs=1e-12)
    dots = (m.Params(along), m.Inputs(np.zeros(4)))
    assert m.jvp(params, inputs, *dots) == pytest.approx(forwards, rel=1e-13, abs=0)


def test_the_lower_triangle_is_read():
    m = module(SYMMETRIC)
    params = m.Params(np.array([[1.0, np.nan], [2.0, 5.0]]))
    value, cache = m.forward(params, m.Inputs())
    assert value == pytest.approx(1 + 25 + 2 * 4, rel=1e-14, abs=0)
    bars, _ = m.backward(params, m.Inputs(), cache)
    np.testing.assert_allclose(bars.A, [[2, 0], [8, 10]], rtol=1e-14)


@pytest.mark.parametrize("target", one_in(3, RUNS, first=1))
def test_all_digits_of_the_norm_are_kept(target):
    """Of Wilkinson's W21+, whose largest two agree in 14 digits, as mpmath has them with 30."""
    m = module(VALUES, target)
    matrix = np.diag(np.abs(np.arange(-10.0, 11.0))) + np.eye(21, k=1) + np.eye(21, k=-1)
    found = values(m, matrix)
    np.testing.assert_allclose(found[-2:], WILKINSON, rtol=0, atol=1e-14)
    assert abs(found.sum() - 110.0) < 1e-13


@pytest.mark.parametrize("target", one_in(4, RUNS, first=1))
def test_what_is_not_finite_has_no_eigenvalues(target):
    m, n = module(VALUES, target), module(VALUES.replace("eigvalsh", "eigenvectors"), target)
    for wrong in (np.nan, np.inf):
        every = np.array([differences(3)] * 2)
        every[0, 2, 1] = wrong
        assert np.isnan(values(m, every)[0]).all() and np.isfinite(values(m, every)[1]).all()
        assert np.isnan(values(n, every)[0]).all() and np.isfinite(values(n, every)[1]).all()


@pytest.mark.parametrize("target", one_in(2, [t for t in RUNS if t not in ("jax", "torch")]))
def test_where_eigenvalues_coincide_symmetric_functions_have_slopes_and_no_second_ones(target):
    m = module(SYMMETRIC, target, SECOND)
    turn, _ = np.linalg.qr(np.random.default_rng(2).normal(size=(3, 3)))
    for a in (np.eye(3), turn @ np.diag([1.0, 1.0, 2.0]) @ turn.T):
        _, bars = m.value_and_grad(m.Params(a), m.Inputs())
        np.testing.assert_allclose(bars[0], 2 * np.tril(a) + 2 * np.tril(a, -1), atol=1e-14)
        assert np.isnan(m.hessp(a.ravel(), np.ones(9), m.Inputs())).any()


@pytest.mark.parametrize("target", one_in(2, RUNS))
def test_columns_are_units_whose_last_entry_is_not_negative(target):
    m = module(VALUES.replace("eigvalsh", "eigenvectors"), target)
    rng = np.random.default_rng(5)
    a = rng.normal(size=(3, 6, 6))
    a += a.swapaxes(1, 2)
    q = values(m, a)
    np.testing.assert_allclose(q.swapaxes(1, 2) @ q, np.array([np.eye(6)] * 3), atol=1e-14)
    whole = q.swapaxes(1, 2) @ a @ q
    diagonal = np.linalg.eigvalsh(a)[:, None] * np.eye(6)
    np.testing.assert_allclose(whole, diagonal, rtol=0, atol=2e-14)
    assert (q[:, -1] >= 0).all()


def test_what_is_refused_says_why():
    with pytest.raises(SymbackError, match="eigvalsh takes a square matrix"):
        sb.circuit("A: param[2, 3]; f = sum(eigvalsh(A))")
    with pytest.raises(SymbackError, match=r"write eigvalsh\(u\) for the eigenvalues"):
        sb.circuit("A: param[2, 2]; f = sum(eigh(A))")
    with pytest.raises(Unsupported, match=r"give the size a name, as in A: param\[n, n\]"):
        sb.circuit("A: input[4, 4]; f: output = eigvalsh(A)").check()
    with pytest.raises(CircuitError, match="eigenvalues coincide at the point"):
        print(sb.circuit(SYMMETRIC).derive("f").at(A=[[1, 0], [0, 1]]))
