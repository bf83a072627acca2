"""What divides by matrices, in languages that factor them in loops: LAPACK's values, in NumPy."""

import numpy as np
import pytest

import symback as sb
from symback.codegen.generate import compile_module
from symback.codegen.runtimes import in_numpys_terms
from tests.cases.bare_runs import RUNS
from tests.cases.one_in import one_in

LANGUAGES = ("c", "javascript", "rust")
SECOND = ("jvp", "hessp")
POSITIVE = "P = A @ A.T + diag(x**2 + 1)"
CASES = {
    "solve, a vector": "E: loss = sum(sin(solve(A, x)))",
    "solve, a matrix": "E: loss = sum(sin(solve(A, outer(x, x) + A)))",
    "solve, a matrix of each sample": "E: loss = sum(sin(solve(A + diag(x), x)))",
    "solve_triangular": "E: loss = sum(sin(solve_triangular(A, x)))",
    "solve_triangular, upper": "E: loss = sum(sin(solve_triangular(A, x, lower=False)))",
    "inv": "E: loss = sum(sin(inv(A) @ x))",
    "det": "E: loss = det(A + diag(x))",
    "logdet": f"{POSITIVE}; E: loss = logdet(P)",
    "cholesky": f"{POSITIVE}; E: loss = sum(sin(cholesky(P) @ x))",
    "eigvalsh": "E: loss = sum(eigvalsh(A)**2*x)",
    "eigvalsh, a matrix of each sample": "E: loss = sum(sin(eigvalsh(A + outer(x, x))*x))",
    "eigenvectors": "E: loss = sum(sin(eigenvectors(A + diag(x)) @ x) + eigvalsh(A + diag(x)))",
    "evidence": f"{POSITIVE}; L = cholesky(P); u = solve_triangular(L, x); "
    "E: loss = dot(u, u)/2 + sum(log(diag(L)))",
}


def modules(text, language, functions=()):
    if not RUNS[language]:
        pytest.skip(f"{language} does not run here")
    circuit = sb.circuit(f"A: param[n, n]; x: input[n]; {text}")
    there = circuit.compile(functions=functions)
    return in_numpys_terms(compile_module(circuit, language, functions)), there


@pytest.mark.parametrize(
    ("name", "language", "n"),
    one_in(15, [(c, language, n) for c in CASES for language in LANGUAGES for n in (4, 1)]),
)
def test_values_and_derivatives_are_those_of_lapack(name, language, n):
    here, there = modules(CASES[name], language, SECOND)
    rng = np.random.default_rng(n)
    a, x, a_dot, x_dot = (rng.normal(size=shape) for shape in ((n, n), (3, n)) * 2)
    found = []
    for m in (here, there):
        params, inputs = m.Params(a), m.Inputs(x)
        moved = there.ravel(there.Params(a_dot))
        found.append(
            [
                m.forward(params, inputs)[0],
                *m.value_and_grad(params, inputs)[1],
                m.jvp(params, inputs, m.Params(a_dot), m.Inputs(x_dot)),
                m.hessp(there.ravel(there.Params(a)), moved, inputs),
            ]
        )
    for got, right in zip(*found, strict=True):
        scale = max(np.abs(right).max(), 1e-3)
        np.testing.assert_allclose(got, right, rtol=1e-9, atol=1e-10 * scale)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_row_is_moved_up_where_the_pivot_is_0_and_what_has_no_factors_is_not_finite(language):
    here, _ = modules("f: output = solve(A, x)", language)
    rotation = np.array([[0.0, 2.0, 0.0], [0.0, 0.0, 4.0], [8.0, 0.0, 0.0]])
    x = np.array([[2.0, 4.0, 8.0]])
    np.testing.assert_array_equal(
        here.forward(here.Params(rotation), here.Inputs(x))[0], [[1.0, 1.0, 1.0]]
    )
    singular = np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [1.0, 0.0, 1.0]])
    assert not np.isfinite(here.forward(here.Params(singular), here.Inputs(x))[0]).all()


@pytest.mark.parametrize("language", one_in(3, LANGUAGES))
def test_a_matrix_that_is_not_positive_has_no_cholesky_factor(language):
    here, _ = modules("f: output = cholesky(A) @ x", language)
    x = np.array([[1.0, 1.0]])
    for wrong in ([[0.0, 0.0], [0.0, 1.0]], [[1.0, 2.0], [2.0, 1.0]]):
        found = here.forward(here.Params(np.array(wrong)), here.Inputs(x))[0]
        assert not np.isfinite(found).all()
