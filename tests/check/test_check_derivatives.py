"""Jacobians, Hessians and products with them under the check, and errors planted in their rules."""

import pytest
import sympy as sp
from sympy import Piecewise

import symback as sb
from symback.autodiff import tangents
from symback.check.check import check_file, check_module
from symback.operations import arrays, edges, jvp, number_slopes
from symback.operations.special import exprel_prime
from symback.truth.second import SecondReference
from tests.cases.array_circuits import CIRCUITS
from tests.cases.one_in import one_in

ALL = ("jvp", "hessp", "residuals", "jacobian", "hessian", "per_sample")
NUMBERS = (
    "f = x1 - sigma(w3*x3 + w4*x4)",
    "f = w1*(1 - exp(-w2*x1))",
    "f = where(x1 > 1, sqrt(w*x1), b*w**2)",
    "f = hypot(w, b*x)",
    "f = exprel(w*x) + langevin(b*x)",
    "f = (w + x)**b",
    "f = w + b",
    "f = w**b",
    "f = (w*x + b)**(1/3) + (w**2 + 1)**(-2/3)",
    "u = w*x1, f = (1 - u)*(1 + u)*w*u",
)
BY_AXIS = (
    "A: param[2, 2]; x: input[2]\nl: loss = sum(norm(A*x, axis=1)**3)",
    "A: param[2, 2]; x: input[2]\nl: loss = sum((concat(A, A**2, axis=1) @ concat(x, x))**2)",
    "A: param[2, 2]; x: input[2]\nl: loss = sum(concat(A[0]*x, A[1]**2)**2)",
    "A: param[3, 2]; x: input[2]\nl: loss = sum(prod(A, axis=0)**2*x)",
    "A: param[3, 2]; x: input[2]\nl: loss = sum((cumprod(A, axis=0) @ x)**2)",
    "a: param[3]; x: input[2]\nl: loss = sum(concat(a**2, x, a[:2]*x)**2*prod(a))",
)
SMALL = ("two layers", "extremes", "norms", "determinant", "parts", "array output", "no samples")


def offered(circuit):
    """The functions that a circuit can have."""
    found = []
    for name in ALL:
        try:
            circuit.generate(functions=name)
        except sb.errors.Unsupported:
            continue
        found.append(name)
    return found


RIGHT = [*NUMBERS, *BY_AXIS, *(CIRCUITS[name] for name in SMALL)]


@pytest.mark.parametrize("text", one_in(6, RIGHT))
def test_right_functions_pass(text):
    circuit = sb.circuit(text)
    names = offered(circuit)
    report = circuit.check(functions=names)
    assert report.passed, report
    assert {*names} <= {row.quantity for row in report.rows}
    assert not report.remarks or "second derivatives" not in report.remarks[-1]


@pytest.mark.slow
@pytest.mark.parametrize("text", [CIRCUITS[name] for name in CIRCUITS if name not in SMALL])
def test_right_functions_of_larger_circuits_pass(text):
    circuit = sb.circuit(text)
    assert circuit.check(functions=offered(circuit)).passed


def test_the_check_of_a_file_finds_what_it_has(tmp_path):
    path = tmp_path / "curve.py"
    sb.circuit(NUMBERS[1]).generate(str(path), functions=["hessian"])
    assert "hessian" in {row.quantity for row in check_file(path).rows}
    text = path.read_text()
    assert text.count("    [1, 2],\n") == 1
    path.write_text(text.replace("    [1, 2],\n", "    [2, 2],\n"))
    (wrong,) = (row for row in check_file(path).rows if not row.passed)
    assert wrong.quantity == "hessian"
    assert "∂²l/∂w2∂w1" in wrong.at


WRONG_LINES = [
    ("jvp", "np.zeros_like(value)", "np.ones_like(value)", []),  # not called: all dots are given
    ("jvp", "_read(params, inputs", "_read(params_dot, inputs", ["jvp"]),
    ("hessp", "/ len(columns[0])\n\n\ndef _along", "\n\n\ndef _along", ["hessp"]),
    ("residuals", "= f - y", "= y - f", ["residuals"]),
    ("jacobian", "_rows[:, 0] =", "_rows[:, 0] = -", ["jacobian"]),
    ("jacobian", "_rows[:, 1] =", "_rows[:, 1] = 1.0000001 *", ["jacobian"]),
    ("per_sample", "rows[:, i, j] =", "rows[:, i, 0] =", ["per_sample"]),
    ("per_sample", "return (x1_bar,)", "return (-x1_bar,)", ["per_sample"]),
    ("per_sample", '("w1", "w2"), ("x1",)', '("w2", "w1"), ("x1",)', ["per_sample"]),
    ("per_sample", '"l": {', '"f": {', ["call with derivatives"]),
]


@pytest.mark.parametrize(("name", "line", "wrong", "found"), WRONG_LINES)
def test_wrong_lines_are_found(tmp_path, name, line, wrong, found):
    path = tmp_path / "curve.py"
    text = sb.circuit(NUMBERS[1]).generate(str(path), functions=name)
    assert line in text
    before, _, after = text.partition(f"def {name}(")
    path.write_text(f"{before}def {name}({after.replace(line, wrong)}")
    report = check_file(path)
    assert [row.quantity for row in report.rows if not row.passed] == found


WRONG_COVARIANCE = [
    ("(r @ r / (n - p))", "(r @ r / n)"),
    ("root @ root.T", "root.T @ root"),
    ("/ lengths[:, None]", "/ lengths"),
    ("(r @ r / (n - p))", "(r @ r / (n - p)) * (1 + 1e-9)"),
    ("np.linalg.qr(rows /", "np.linalg.qr(np.float32(rows) /"),
]


@pytest.mark.parametrize(("line", "wrong"), WRONG_COVARIANCE)
def test_wrong_covariances_are_found(tmp_path, line, wrong):
    path = tmp_path / "curve.py"
    text = sb.circuit(NUMBERS[1]).generate(str(path), functions="covariance")
    assert text.count(line) == 1
    assert check_file(path).passed
    path.write_text(text.replace(line, wrong))
    assert [row.quantity for row in check_file(path).rows if not row.passed] == ["covariance"]


def test_the_covariance_of_an_array_output_is_compared():
    text = (
        "x: input[2]; y: target[2]; W: param[2, 2]; b: param[2]\n"
        "z: output = tanh(W @ x + b)\nE: loss = sum((z - y)**2)/2"
    )
    report = sb.circuit(text).check(functions="covariance")
    (row,) = (row for row in report.rows if row.quantity == "covariance")
    assert report.passed and row.points >= 36 and len(row.entries) == 36


def test_a_covariance_without_freedom_is_not_compared():
    report = sb.circuit("f = w1*x + w2*x").check(functions="covariance")
    assert report.passed and "covariance" not in {row.quantity for row in report.rows}
    assert "no points were found at which J has full rank" in report.remarks[-1]


MANY = f"f = sin({' + '.join(f'w{i}*x{i % 3}' for i in range(38))})"


@pytest.mark.slow
def test_second_derivatives_by_many_numbers_are_compared_in_part(monkeypatch):
    report = sb.circuit(MANY).check(functions=("hessian", "hessp"))
    rows = {row.quantity: row for row in report.rows}
    assert report.passed and rows["hessian"].points == 4 * 36 and rows["hessp"].points == 4 * 6
    assert "by 38 numbers: compared are 6 rows and columns in each batch" in report.remarks[-1]
    method = "_function"
    right = getattr(tangents.TangentLines, method)

    def wrong(self, expr, name):
        return sp.Rational(1000001, 1000000) * right(self, expr, name)

    monkeypatch.setattr(tangents.TangentLines, method, wrong)
    report = sb.circuit(MANY).check(functions=("hessian", "hessp"))
    assert {row.quantity for row in report.rows if not row.passed} == {"hessian", "hessp"}


def test_a_second_partial_that_cancels_is_not_taken_for_an_error():
    """Of det([[a, b], [c, d]]) by d it is 0: in code ∂²/∂d² is a difference of equal products."""
    text = f"{USES[arrays.det]}\nl: loss = f"
    assert sb.circuit(text).check(points=20, functions=("jvp", "hessp")).passed


EYE = "np.eye(min(wide, entries - first), entries, first, dtype)"
SWAPPED = "np.repeat(chosen, samples.stop - start, axis=0)"
BLOCK = "yield samples, slice(first, first + len(chosen)), seeds"
WRONG_OF_ARRAYS = [
    (EYE, f"np.roll({EYE}, 1, axis=1)"),
    ("seeds = np.tile(chosen, (samples.stop - start, 1))", f"seeds = {SWAPPED}"),
    ("column[samples]", "np.roll(column, 1, axis=0)[samples]"),
    ("np.repeat(part, len(chosen), axis=0)", "np.tile(part, (len(chosen), 1))"),
    ("bar.reshape(*part.shape[:2], k)", "bar.reshape(*part.shape[:2], k) * 1.000001"),
    (BLOCK, f"{BLOCK} * (1 + 1e-6 * (wide == 1))"),
    (BLOCK, f"{BLOCK} * (1 + 1e-6 * (wide > 1))"),
    (BLOCK, f"{BLOCK} * (1 + 1e-6 * (first > 0))"),
    (BLOCK, f"{BLOCK} * (1 + 1e-6 * (start > 0))"),
    ("_z_by_params, (", "_h_by_params, ("),
]
"""Entries, samples, columns and factors: of all blocks, and of those of one way or place alone."""
OF_SEEDS = [row for row in WRONG_OF_ARRAYS if row[0] in (BLOCK, EYE)]
WRONG_PARTIALS = [
    *(("per_sample", *row) for row in WRONG_OF_ARRAYS),
    *(("jacobian", *row) for row in OF_SEEDS if "start" not in row[1]),
]


LAYER = "x: input[n]; W: param[m, n]\nh = tanh(W @ x)\nz: output = h**2\nloss: none"


@pytest.mark.parametrize(("name", "line", "wrong"), WRONG_PARTIALS)
def test_wrong_partials_of_arrays_are_found(tmp_path, name, line, wrong):
    path = tmp_path / "layer.py"
    text = sb.circuit(LAYER).generate(str(path), functions=name)
    assert text.count(line) == 1
    path.write_text(text.replace(line, wrong))
    assert [row.quantity for row in check_file(path).rows if not row.passed] == [name]


def test_a_name_that_a_module_lacks_is_a_finding(tmp_path):
    path = tmp_path / "layer.py"
    text = sb.circuit(LAYER).generate(str(path), functions="per_sample")
    path.write_text(text.replace("column[samples]", "colum[samples]"))
    (row,) = (row for row in check_file(path).rows if not row.passed)
    assert row.quantity == "call with derivatives" and "name 'colum' is not defined" in row.at


# -- errors in the rules ---------------------------------------------------------------------------

OF_ARRAYS = [head for head, rule in jvp.JVP.items() if rule is not jvp.still]
NUMBER = "w: param; x: input[2]\nf: output = "
VECTOR = "v: param[2]; x: input[2]\nf: output = "
STACK = "T: param[2, 2, 2]; x: input[2]\nf: output = "
MATRIX = "A: param[2, 2]; x: input[2]\nf: output = "
USES = {
    arrays.matmul: MATRIX + "sum((A @ A)**2)*x[0]",
    arrays.matvec: MATRIX + "sum((A @ x)**2)",
    arrays.outer: VECTOR + "sum(outer(v, x)**2)",
    arrays.dot: VECTOR + "dot(v, x)**2",
    arrays.transpose: MATRIX + "trace(A.T @ A)*x[0]",
    arrays.permute: STACK + "sum(transpose(T, (2, 0, 1))**2*x)",
    arrays.reshape: MATRIX + "sum(reshape(A*x, 4)**2)",
    arrays.reshape_like: MATRIX + "sum(reshape(A*x, 4)**2)",
    arrays.windows: VECTOR + "sum(windows(v*x, (2,))**3)",
    arrays.fold: VECTOR + "sum(windows(v*x, (1,))**3)",
    arrays.tril: MATRIX + "sum((tril(A) @ x)**2)",
    arrays.triu: MATRIX + "sum((triu(A) @ x)**2)",
    arrays.einsum: STACK + 'sum(einsum("ijk,ik->j", T, T[0])**2)*x[0]',
    arrays.prod: VECTOR + "prod(v*x)**2",
    arrays.products_of_others: VECTOR + "prod(v*x)",
    arrays.cumsum: VECTOR + "sum(cumsum(v*x)**2)",
    arrays.cumprod: VECTOR + "sum(cumprod(v*x)**2)",
    arrays.products_before: VECTOR + "sum(cumprod(v)*x)",
    arrays.scan_back: VECTOR + "sum(cumprod(v)**2*x)",
    arrays.reduce_sum: VECTOR + "sum(v*x)**2",
    arrays.mean: VECTOR + "mean(v*x)**2",
    arrays.reduce_max: VECTOR + "max(v*x)**2",
    arrays.reduce_min: VECTOR + "min(v*x)**2",
    arrays.norm: VECTOR + "norm(v*x)**3",
    arrays.normalized: VECTOR + "norm(v*x)",
    arrays.trace: MATRIX + "trace(A)**2*x[0]",
    arrays.diag: VECTOR + "sum((diag(v) @ x)**2)",
    arrays.diagonal: VECTOR + "sum(diag(v*x) @ diag(v))",
    arrays.inv: MATRIX + "sum(inv(A))*x[0]",
    arrays.det: MATRIX + "det(A)*x[0]",
    arrays.logdet: MATRIX + "logdet(A @ A.T)*x[0]",
    arrays.solve: MATRIX + "sum(solve(A, x))",
    arrays.softmax: VECTOR + "softmax(v*x)[0]",
    arrays.log_softmax: VECTOR + "log_softmax(v*x)[0]",
    arrays.logsumexp: VECTOR + "logsumexp(v*x)",
    arrays.cross_entropy: (
        "v: param[2]; x: input[2]; t: target[2]\nf: output = cross_entropy(v*x, t)**2"
    ),
    arrays.sparse_cross_entropy: (
        "v: param[2]; x: input[2]; t: target\nf: output = cross_entropy(v*x, t)**2"
    ),
    arrays.layer_norm: VECTOR + "layer_norm(v*x)[0]",
    arrays.rsqrt_variance: VECTOR + "layer_norm(v*x)[0]",
    arrays.concat: NUMBER + "sum(concat(w*x, w**2*x)**2)",
    arrays.explicit_matrix: "w: param; x: input[2]\nf: output = sum(([[w, 1], [w**2, 2]] @ x)**2)",
    arrays.rows: VECTOR + "sum(([v*x, x, v**2] @ v)**2)",
    arrays.slice_: VECTOR + "v[0]**2*x[1]",
    arrays.take: "A: param[2, 2]; x: input[2]; t: int\nf: output = sum((take(A, t)*x)**2)",
    arrays.segment_sum: "A: param[2, 2]; x: input[2]; t: int\nf: output = sum((take(A, t)*x)**2)",
    arrays.cholesky: MATRIX + "sum(cholesky(A @ A.T + eye(2))**3)*x[0]",
    arrays.eigvalsh: MATRIX + "dot(eigvalsh(A)**2, x)",
    arrays.eigenvectors: MATRIX + "dot(eigvalsh(A)**2, x)",
    arrays.inverse_gaps: MATRIX + "sum((eigenvectors(A) @ x)**3)",
    arrays.scatter: VECTOR + "v[0]**2*x[1]",
    arrays.expand_dims: VECTOR + "sum((v[:, None]*x)**2)",
    arrays.broadcast_like: "A: param[2, 2]; v: param[2]; x: input[2]\nf: output = sum(A*v**2)*x[0]",
}
"""A small circuit for each rule, whose functions use it."""


@pytest.mark.parametrize("head", one_in(4, OF_ARRAYS), ids=lambda h: h.__name__)
def test_errors_in_the_rules_of_arrays_are_found(monkeypatch, head):
    rule = jvp.JVP[head]

    def wrong(at, *dots):
        found = rule(at, *dots)
        return None if found is None else found * sp.Rational(1000001, 1000000)

    monkeypatch.setitem(jvp.JVP, head, wrong)
    circuit = sb.circuit(USES[head] + "\nl: loss = f")
    report = circuit.check(functions=("jvp", "hessp"))
    assert {row.quantity for row in report.rows if not row.passed} & {"jvp", "hessp"}


OF_NUMBERS = [
    (number_slopes.SECOND_SLOPES, exprel_prime, "f = exprel(w*x)"),
    (number_slopes.CAREFUL_JVP, edges.over_square, "f = atan2(w, b*x)"),
    (number_slopes.CAREFUL_JVP, edges.nonzero, "f = relu(w*x)**(1/3)"),
    (number_slopes.CAREFUL_JVP, edges.power_slope, "f = (w + x)**b"),
    (number_slopes.CAREFUL_JVP, edges.power_log, "f = (w + x)**b"),
    (number_slopes.CAREFUL_JVP, edges.root_slope, "f = (w**2 + 2)**b"),
    (number_slopes.CAREFUL_JVP, edges.exp_share, "f = logaddexp(w*x, b)"),
]


@pytest.mark.parametrize(
    ("table", "head", "text"), OF_NUMBERS, ids=[head.__name__ for _, head, _ in OF_NUMBERS]
)
def test_errors_in_the_rules_of_numbers_are_found(monkeypatch, table, head, text):
    rule = table[head]

    def wrong(*operands):
        found = rule(*operands)
        more = sp.Rational(1000001, 1000000)
        return tuple(e * more for e in found) if isinstance(found, tuple) else found * more

    monkeypatch.setitem(table, head, wrong)
    report = sb.circuit(text).check(functions="hessian")
    assert [row.quantity for row in report.rows if not row.passed] == ["hessian"]


WALK = [
    ("_product", "f = w*x/(b + x)"),
    ("_power", "f = (w*x + b)**3"),
    ("_choice", "f = where(x > 1, w*x, b*w**2)"),
    ("_function", "f = tanh(w*x + b)"),
]


@pytest.mark.parametrize(("method", "text"), WALK)
def test_errors_in_the_walk_are_found(monkeypatch, method, text):
    right = getattr(tangents.TangentLines, method)

    def wrong(self, *operands):
        found = right(self, *operands)
        if found is None:
            return None
        if isinstance(found, Piecewise):
            return Piecewise(*((2 * e, c) for e, c in found.args))
        return 2 * found

    monkeypatch.setattr(tangents.TangentLines, method, wrong)
    report = sb.circuit(text).check(functions=("jvp", "hessian"))
    assert {row.quantity for row in report.rows if not row.passed} == {"jvp", "hessian"}


# -- the truth -------------------------------------------------------------------------------------

TRUTHS = [
    ("f = exp(w*x)*b**3", {"w": 0.5, "x": 2.0, "b": 3.0}),
    ("u = w*x, v = sin(u)*b, f = u*v + w", {"w": 0.5, "x": 2.0, "b": 3.0}),
    ("f = where(x > 1, w**2*b, w)", {"w": 0.5, "x": 2.0, "b": 3.0}),
]


@pytest.mark.parametrize(("text", "point"), TRUTHS)
def test_second_partials_are_those_of_the_written_out_formula(text, point):
    circuit = sb.circuit(text)
    found = SecondReference(circuit, "f", ["w", "b"]).at(point)
    values = {circuit[n].symbol: sp.Rational(v) for n, v in point.items()}
    formula = circuit["f"].formula
    for node in reversed(circuit.computed[:-1]):
        formula = formula.subs(node.symbol, node.formula)
    for (a, b), ball in found.items():
        exact = sp.diff(formula, circuit[a].symbol, circuit[b].symbol).subs(values)
        assert float(ball.mid()) == pytest.approx(float(exact), rel=1e-15, abs=0)


def test_there_is_no_second_partial_at_an_edge():
    circuit = sb.circuit("f = sqrt(w)")
    assert SecondReference(circuit, "f", ["w"]).at({"w": 0.0}) is None


def test_a_module_without_functions_has_no_rows_for_them():
    circuit = sb.circuit("f = w*x")
    report = check_module(circuit, circuit.compile())
    assert not {row.quantity for row in report.rows} & {*ALL}
