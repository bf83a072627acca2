"""Sparse Jacobians and Hessians under the check, and errors planted in patterns and colours."""

import pytest

import symback as sb
from symback.check.check import check_file
from symback.codegen.numpy import sparsity
from tests.cases.one_in import one_in

ROSENBROCK = "x: param[n]\nf: loss = sum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)"
RESIDUALS = "x: param[n]; b: param; t: input[n]\nz: output = sin(x*t) + b\nloss: none"
LAYER = "A: param[n, m]; x: input[m]\nz: output = tanh(A @ x)\nE: loss = sum(z**2)"
RIGHT = (
    (ROSENBROCK, ("hessian",), {"hessian", "sparse hessian"}),
    (RESIDUALS, ("jacobian",), {"jacobian", "sparse jacobian"}),
    (LAYER, ("jacobian", "hessian"), {"sparse jacobian", "sparse hessian"}),
    ("w: param[20]; x: input[30, 20]\nz: output = x @ w\nloss: none", ("jacobian",), {"jacobian"}),
    ("a: param; b: param; c: param\nf: loss = exp(a) + b**2 + c**4", ("hessian",), {"hessian"}),
)


@pytest.mark.parametrize(("text", "names", "rows"), one_in(4, RIGHT))
def test_right_results_pass(text, names, rows):
    report = sb.circuit(text).check(functions=(*names, "sparsity"))
    assert report.passed, report
    assert rows <= {row.quantity for row in report.rows}


WRONG = [
    (
        ROSENBROCK,
        "hessian",
        "_picked(x_dot, _index((n,))[1:])",
        "_picked(x_dot, _index((n,))[:-1])",
    ),
    (ROSENBROCK, "hessian", "f_6_bar_dot, _index((n,))[1:]", "f_6_bar_dot, _index((n,))[:-1]"),
    (
        ROSENBROCK,
        "hessian",
        "found.sort_indices()",
        "found.data[0] = False; found.eliminate_zeros()",
    ),
    (ROSENBROCK, "hessian", "taken |= ends[w] if colours[w] >= 0 else seen[w].keys()", "pass"),
    (ROSENBROCK, "hessian", "colours[row] * rows + column", "colours[row] * rows + row"),
    (ROSENBROCK, "hessian", "[found] == 1", "[found] >= 1"),
    (ROSENBROCK, "hessian", "arange(size)] = 1", "arange(size)] = 1.0001"),
    (RESIDUALS, "jacobian", "if colour not in taken", "if colour or True"),
    (RESIDUALS, "jacobian", "found = found + more", "found = more"),
    (RESIDUALS, "jacobian", "swapaxes(0, 1)", "copy()"),
    (RESIDUALS, "jacobian", "taken[row].add(colour)", "pass"),
]


@pytest.mark.parametrize(("text", "name", "line", "wrong"), one_in(3, WRONG))
def test_errors_in_patterns_and_colours_are_found(tmp_path, text, name, line, wrong):
    path = tmp_path / "made.py"
    made = sb.circuit(text).generate(str(path), functions=(name, "sparsity"))
    assert made.count(line) == 1
    path.write_text(made.replace(line, wrong))
    found = {row.quantity for row in check_file(path).rows if not row.passed}
    assert found


@pytest.mark.parametrize("head", one_in(5, sparsity.RULES), ids=lambda head: head.__name__)
def test_errors_in_the_rules_of_patterns_are_found(monkeypatch, head):
    """A rule by which entries read nothing."""
    rule = sparsity.RULES[head]

    def wrong(p, expr, *operands):
        shapes = [shape for _, shape in rule(p, expr, *operands)]
        return [(f"_none({sparsity.code(shape)}, _shapes)", shape) for shape in shapes]

    monkeypatch.setitem(sparsity.RULES, head, wrong)
    name = "hessian" if "E: loss" in USES[head] else "jacobian"
    report = sb.circuit(USES[head]).check(functions=(name, "sparsity"))
    found = {row.quantity for row in report.rows if not row.passed}
    assert found


A = sparsity.a
VECTOR = "x: param[n]; b: param\nloss: none\nz: output = "
MATRIX = "A: param[m, n]; x: param[n]\nloss: none\nz: output = "
SQUARE = "A: param[n, n]; x: param[n]\nloss: none\nz: output = "
USES = {
    A.slice_: VECTOR + "b*x[1:]**2",
    A.scatter: VECTOR + "concat(x[1:]**2, [2])*b",
    A.expand_dims: MATRIX + "x[:, None]*A.T",
    A.transpose: MATRIX + "A.T*x[:, None]",
    A.diagonal: SQUARE + "diag(A)*x",
    A.broadcast_like: "t: input[n]; b: param; c: param\nloss: none\nz: output = t + b*c",
    A.reduce_sum: MATRIX + "sum(A**2, axis=0)*x",
    A.mean: MATRIX + "mean(A**2, axis=0)*x",
    A.matmul: MATRIX + "A @ A.T + sum(x)",
    A.matvec: MATRIX + "(A @ x)**2",
    A.outer: VECTOR + "outer(x, x)*b",
    A.diag: VECTOR + "diag(x)*b",
    A.trace: SQUARE + "trace(A)*x",
    A.permute: "T: param[2, n, 3]; x: param[n]\nloss: none\nz: output = transpose(T, (2, 0, 1))*x",
    A.reshape: "A: param[4, 3]; x: param[6]\nloss: none\nz: output = reshape(A, 2, 6)*x",
    A.reshape_like: "A: param[4, 3]; x: param[6]\nE: loss = sum(exp(reshape(A, 2, 6)*x))",
    A.tril: SQUARE + "tril(A**2)*x",
    A.triu: SQUARE + "triu(A**2)*x",
    A.einsum: "T: param[n, m, 2]; A: param[m, n]\nloss: none\nz = einsum('ijk,ji->ik', T, A)",
    A.concat: VECTOR + "concat(x, x**2)*b",
    A.rows: "x: param[n]; b: param[n]\nloss: none\nz: output = [b, x**2]*b",
    A.explicit_matrix: VECTOR + "[[x[0]**2, 1], [x[1], x[0]*x[1]]]*b",
}


def test_every_rule_has_a_use():
    assert USES.keys() == sparsity.RULES.keys()
