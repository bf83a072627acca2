"""Sparse Jacobians and Hessians: patterns that circuits show, colours, and the entries."""

import builtins
import sys

import numpy as np
import pytest
from scipy import sparse

import symback as sb
from symback.errors import Unsupported
from tests.cases.one_in import one_in
from tests.cases.targets import TARGETS

ROSENBROCK = "x: param[n]\nf: loss = sum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)"
FIXED = ROSENBROCK.replace("[n]", "[1000]")
ALL = ("jacobian", "hessian", "hessp", "sparsity", "bind")


def of_rosenbrock(x):
    """Its Hessian: 1200·x² − 400·y + 2 and 200 on the diagonal, −400·x beside it."""
    main, beside = np.zeros(len(x)), -400 * x[:-1]
    main[:-1] += 1200 * x[:-1] ** 2 - 400 * x[1:] + 2
    main[1:] += 200
    return sparse.diags_array([beside, main, beside], offsets=[-1, 0, 1]).toarray()


@pytest.mark.parametrize("text", [ROSENBROCK, FIXED])
@pytest.mark.parametrize("target", TARGETS)
def test_the_hessian_of_rosenbrock_is_three_products(text, target):
    module = sb.circuit(text).compile(target=target, functions=ALL)
    x = np.linspace(-1.5, 2, 1000)
    sizes = {"n": 1000} if text == ROSENBROCK else {}
    assert module.sparsity(**sizes).hessian.nnz == 2998
    for found in (
        module.hessian(x, module.Inputs()),
        module.bind(module.Inputs(), **sizes).hessian(x),
    ):
        assert isinstance(found, sparse.csr_array)
        assert found.nnz == 2998
        exact = of_rosenbrock(x)
        np.testing.assert_allclose(found.toarray(), exact, 1e-13, 1e-11)
    (kept,) = module._COMPRESSED.values()
    assert len(kept.seeds) == 3
    v = np.cos(x)
    np.testing.assert_allclose(module.hessp(x, v, module.Inputs()), exact @ v, 1e-12, 1e-9)


def test_results_have_memory_of_their_own():
    module = sb.circuit(ROSENBROCK).compile(functions=("hessian", "sparsity"))
    x = np.linspace(0.5, 2, 50)
    first, exact = module.hessian(x, module.Inputs()), of_rosenbrock(x)
    first.data[:], first.indices[:], first.indptr[:] = 0, 0, 0
    np.testing.assert_allclose(module.hessian(x, module.Inputs()).toarray(), exact, 1e-12, 1e-9)


# -- patterns, beside what is not 0 in a Jacobian that is made column by column --------------------

VECTOR = "x: param[4]; y: param[3]\nz: output = "
MATRIX = "A: param[2, 3]; x: param[3]; u: param[2]\nz: output = "
ROWS = MATRIX.replace("x: param[3]; ", "")
COLUMNS = MATRIX.replace("; u: param[2]", "")
SHAPES = {
    "a sum over two axes": "x: param[2, 3, 2]; a: input\nf: output = sum(x**2*a, axis=(0, 2))",
    "slices": VECTOR + "x[1:]**2*y",
    "entries": VECTOR + "concat(x[0]*y[2], x[3]**2, sin(y[1]))",
    "joined": VECTOR + "concat(x[:2]*x[2:], exp(y), x[1]*y[:1])",
    "sums": COLUMNS + "sum(A**2, axis=0)*x",
    "means": ROWS + "mean(A, axis=1)*u",
    "columns": MATRIX + "u[:, None]*A + x",
    "one sum": VECTOR + "sum(x)*y",
    "transposed": ROWS + "A.T*u",
    "outer": MATRIX + "outer(u, x) + A",
    "matrix and vector": MATRIX + "(A @ x)*u",
    "matrices": MATRIX + "A @ A.T + outer(u, u) + x[0]",
    "diagonal": "A: param[3, 3]; x: param[3]\nz: output = diag(A)*x",
    "of a diagonal": "A: param[3, 3]; x: param[3]\nz: output = diag(x) @ A",
    "trace": "A: param[3, 3]; x: param[3]\nz: output = trace(A)*x",
    "branches": VECTOR + "where(y > 100, x[1:], y**2)",
    "all mixed": VECTOR + "softmax(x)[:3]*y",
    "of numbers": "a: param; b: param; c: param\nz: output = concat(a*b, sin(c), a)",
    "samples": "t: input[3]; x: param[3]\nz: output = sin(t*x)",
}


MORE = {"branches": 6, "of a diagonal": 36}  # entries, more than are not 0


def drawn(module, circuit, rows=3):
    rng = np.random.default_rng(8)
    vector = rng.uniform(0.5, 2, sum(int(np.prod(p.shape)) for p in circuit.params))
    columns = [rng.uniform(0.5, 2, (rows, *map(int, n.shape))) for n in circuit.inputs]
    return vector, module.Inputs(*columns)


@pytest.mark.parametrize("name", one_in(3, SHAPES))
def test_patterns_of_jacobians_are_what_the_circuit_shows(name):
    """All that is not 0, and nothing else but of a branch that is not taken, and of diag(x) @ A,
    which takes the diagonal matrix as any matrix.
    """
    circuit = sb.circuit(f"{SHAPES[name]}\nloss: none")
    module = circuit.compile(functions=("jacobian", "sparsity"))
    vector, inputs = drawn(module, circuit)
    module.DENSEST = 0
    dense = module.jacobian(vector, inputs)
    pattern = module.sparsity().jacobian.toarray()
    shown = np.tile(pattern, (len(dense) // len(pattern), 1))
    if name in MORE:
        assert not (dense != 0)[~shown].any()
        assert pattern.sum() == MORE[name]
    else:
        np.testing.assert_array_equal(shown, dense != 0)
    module.DENSEST = 1
    found = module.jacobian(vector, inputs)
    assert isinstance(found, sparse.csr_array)
    np.testing.assert_allclose(found.toarray(), dense, 1e-14, 1e-15)
    assert found.indices.tolist() == sparse.csr_array(shown).indices.tolist()


HESSIANS = {
    "chain": ("x: param[n]\nf: loss = sum(x[1:]*x[:-1])", lambda i, j: abs(i - j) == 1),
    "diagonal": ("x: param[n]\nf: loss = sum(exp(x))", lambda i, j: i == j),
    "arrow": (
        "x: param[n]\nf: loss = sum(x**4) + x[0]*sum(x)",
        lambda i, j: i == j or i == 0 or j == 0,
    ),
    "linear": ("x: param[n]\nf: loss = 3*sum(x)", lambda i, j: False),
    "second neighbours": (
        "x: param[n]\nf: loss = sum((x[2:] - 2*x[1:-1] + x[:-2])**2)",
        lambda i, j: abs(i - j) <= 2,
    ),
}
COLOURS = {"chain": 2, "diagonal": 1, "arrow": 2, "linear": 1, "second neighbours": 5}


@pytest.mark.parametrize("name", HESSIANS)
def test_patterns_of_hessians(name):
    text, has_entry = HESSIANS[name]
    module = sb.circuit(text).compile(functions=("hessian", "sparsity"))
    pattern = module.sparsity(n=40).hessian.toarray()
    expected = [[has_entry(i, j) for j in range(40)] for i in range(40)]
    np.testing.assert_array_equal(pattern, expected)
    x = np.linspace(0.5, 1.5, 40)
    found = module.hessian(x, module.Inputs())
    (kept,) = module._COMPRESSED.values()
    assert len(kept.seeds) <= COLOURS[name]
    module.DENSEST = -1
    np.testing.assert_allclose(found.toarray(), module.hessian(x, module.Inputs()), 1e-13, 1e-14)


def test_a_row_that_reads_all_does_not_make_others_dense():
    """Residuals with a parameter of their own each and a shared one: two products."""
    text = "x: param[n]; b: param; t: input[n]\nz: output = sin(x*t) + b\nloss: none"
    module = sb.circuit(text).compile(functions=("jacobian", "sparsity"))
    rng = np.random.default_rng(1)
    vector, t = rng.normal(size=31), rng.normal(size=(4, 30))
    found = module.jacobian(vector, module.Inputs(t=t))
    rows = [np.hstack([np.diag(u * np.cos(u * vector[:30])), np.ones((30, 1))]) for u in t]
    np.testing.assert_allclose(found.toarray(), np.concatenate(rows), 1e-13, 1e-15)
    (kept,) = module._COMPRESSED.values()
    assert len(kept.seeds) == 2


# -- colours ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def rosenbrock():
    return sb.circuit(ROSENBROCK).compile(functions=("hessian", "sparsity"))


@pytest.mark.parametrize("symmetric", [True, False])
def test_every_entry_is_read_from_the_products(rosenbrock, symmetric):
    """Of random matrices: symmetric ones, and others by their columns."""
    rng = np.random.default_rng(5)
    for trial in range(60):
        rows = int(rng.integers(1, 25))
        size = rows if symmetric else int(rng.integers(1, 25))
        values = rng.normal(size=(rows, size)) * (rng.random((rows, size)) < rng.uniform(0, 0.5))
        values = values + values.T if symmetric else values
        pattern = sparse.csr_array(values != 0)
        kept = rosenbrock._coloured(pattern, symmetric)
        products = kept.seeds @ values.T
        found = rosenbrock._sparse_array(kept, products.take(kept.places))
        np.testing.assert_array_equal(found.toarray(), values, str(trial))


def test_large_patterns_are_coloured_in_time(rosenbrock):
    arrow = sparse.eye_array(4000, format="lil", dtype=bool)
    arrow[0, :] = arrow[:, 0] = True
    assert len(rosenbrock._coloured(sparse.csr_array(arrow), True).seeds) == 2


# -- faces -----------------------------------------------------------------------------------------


def test_what_is_not_sparse_stays_an_array(rosenbrock):
    assert isinstance(rosenbrock.hessian(np.ones(5), rosenbrock.Inputs()), np.ndarray)
    assert isinstance(rosenbrock.hessian(np.ones(12), rosenbrock.Inputs()), sparse.csr_array)
    plain = sb.circuit(ROSENBROCK).compile(functions="hessian")
    assert isinstance(plain.hessian(np.ones(12), plain.Inputs()), np.ndarray)


@pytest.mark.parametrize("target", TARGETS)
def test_float32_stays_float32(target):
    text = "x: param[n]; t: input[n]\nz: output = sin(x*t)\nE: loss = sum(z**2)"
    module = sb.circuit(text).compile(target=target, functions=("jacobian", "hessian", "sparsity"))
    given = np.full(9, 0.5, np.float32), module.Inputs(t=np.ones((2, 9), np.float32))
    for found in (module.jacobian(*given), module.hessian(*given)):
        assert isinstance(found, sparse.csr_array)
        assert found.dtype == np.float32
    assert module.jacobian(*given).shape == (18, 9)


def test_covariance_takes_a_sparse_jacobian():
    text = "x: param[3]; t: input[3]; y: target[3]\nz: output = x*t\nE: loss = sum((z - y)**2)"
    plain = sb.circuit(text).compile(functions="covariance")
    module = sb.circuit(text).compile(functions=("covariance", "sparsity"))
    module.DENSEST = 1
    rng = np.random.default_rng(2)
    given = rng.normal(size=3), module.Inputs(*rng.normal(size=(2, 6, 3)))
    np.testing.assert_allclose(module.covariance(*given), plain.covariance(*given), 1e-13)


def test_a_size_that_is_not_given_is_named(rosenbrock):
    with pytest.raises(ValueError, match="the size n is not known; give it, as in n=10"):
        rosenbrock.sparsity()


def test_sparsity_alone_is_refused():
    with pytest.raises(Unsupported, match="ask for jacobian or hessian too"):
        sb.circuit(ROSENBROCK).compile(functions="sparsity")


def test_the_missing_package_is_named(rosenbrock, monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    with pytest.raises(ImportError, match="sparse arrays need SciPy; install the package scipy"):
        rosenbrock.sparsity(n=5)


def test_scipy_is_imported_when_it_is_needed(monkeypatch):
    imported, real = [], builtins.__import__

    def noted(name, *others, **named):
        imported.append(name)
        return real(name, *others, **named)

    monkeypatch.setattr(builtins, "__import__", noted)
    sb.circuit(ROSENBROCK + " + 0*x[0]").compile(functions=("hessian", "sparsity"))
    assert not any(name.startswith("scipy") for name in imported)
