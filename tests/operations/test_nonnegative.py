"""What is never negative by its form, and what is not known to be."""

from __future__ import annotations

import re

import pytest

import symback as sb
from symback.operations.nonnegative import Nonnegative, least_powers

LEAVES = "x: input; y: input; w: param; v: input[n]; u: input[n]; M: input[n, n]; A: param[n, n]"

# formulas with all that is known of the nodes before the last; ; stands between nodes
NEVER_NEGATIVE = [
    "x**2",
    "x**4",
    "(x*y - 1)**2",
    "x**2 + y**2 + 3",
    "abs(x)",
    "abs(x)**0.7",
    "hypot(x, y)",
    "relu(x)",
    "log1psq(x)",
    "logcosh(x)",
    "exp(x)",
    "cosh(x)",
    "sigma(x)",
    "softplus(x)",
    "sqrt(x**2 + y**2)",
    "2*x**2*abs(y)",
    "w*x**2",
    "w*y*x**2",
    "a = x*y; w*a**2",
    "a = x**2; w*a",
    "max(x, y**2)",
    "max(x**2, y)",
    "min(x**2, abs(y))",
    "where(x > y, x**2, 1)",
    "sum(v**2)",
    "mean(abs(v))",
    "max(v**2)",
    "min(exp(v))",
    "sum(M**2, axis=0)",
    "(M**2).T",
    "(v**2)[1]",
    "(v**2)[:, None]",
    "diag(M**2)",
    "concat(v**2, abs(u))",
    "norm(v)",
    "softmax(v)",
    "dot(v, v)",
    "dot(v**2, u**2)",
    "dot(v**2, u)",
    "dot(v, A @ v)",
    "dot(A @ v, v)",
    "a = A @ v; dot(a, v)",
    "a = A @ v; dot(v, a)",
    "dot(v, u*v)",
    "dot(v/u, v)",
    "x**2/w",
    "x**2*w**y",
    "x**2/w**2 + abs(y)",
    "sum(v**2/u)",
    "trace(M @ M.T)",
    "diag(M.T @ M)",
    "a = M.T; diag(M @ a)",
    "G = M @ M.T; trace(G)",
]
NOT_KNOWN = [
    "x",
    "x**3",
    "1/x",
    "x**(-2)*y",
    "x*y",
    "-x**2",
    "x**2 - y**2",
    "x**2 + y",
    "sin(x)**3",
    "tanh(x)",
    "sinh(x)",
    "x*exp(y)",
    "2*x*abs(y)",
    "a = sin(y); a*x**2",
    "a = y**3; w*a",
    "a = sin(y); w*a*x**2",
    "w*abs(x)**0.7",
    "a = abs(x)**0.7; w*a",
    "max(x, y)",
    "min(x**2, y)",
    "min(y, x**2)",
    "where(x > y, x**2, y)",
    "where(x > y, y, x**2)",
    "sum(v)",
    "max(v)",
    "min(v)",
    "mean(v**3)",
    "concat(v**2, u)",
    "log_softmax(v)",
    "dot(v, u)",
    "dot(u, A @ v)",
    "a = A @ v; dot(a, u)",
    "dot(v, M.T @ v) - 1",
    "B = sin(A); dot(v, B @ v)",
    "x/w**2",
    "a = sin(y); x**2/a",
    "M @ M.T",
    "trace(M)",
    "trace(A @ M.T)",
    "diag(M @ M)",
]


def of_last(text: str) -> bool:
    known = Nonnegative()
    *named, last = text.split("; ")
    used = [leaf for leaf in LEAVES.split("; ") if re.search(rf"\b{leaf[0]}\b", text)]
    lines = [*used, *named, f"f: output = {last}"]
    circuit = sb.circuit("\n".join(lines), loss=None)
    for node in circuit.computed:
        if node is not circuit.output:
            known.add(node.symbol, node.formula)
    return known(circuit.output.formula)


@pytest.mark.parametrize("text", NEVER_NEGATIVE)
def test_what_is_never_negative_by_its_form(text):
    assert of_last(text) is True


@pytest.mark.parametrize("text", NOT_KNOWN)
def test_what_may_be_negative(text):
    assert of_last(text) is False


def test_roots_of_what_is_never_negative_are_least_powers():
    text = "s = x**2 + abs(y); r = sqrt(s); q = s**2; p = x**0.3; f = r*q*p*s**1.5"
    nodes = sb.circuit(text.replace("; ", "\n"), inputs="x y", loss=None).computed
    found = least_powers([(n.symbol, n.formula) for n in nodes])
    assert {s.name for s in found} == {"r"} and isinstance(found, frozenset)
