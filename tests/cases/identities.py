"""Identities of matrix calculus: scalar functions of vectors and matrices with known gradients.

`IDENTITIES` is a table. Each entry has a circuit text, the same function in plain NumPy, and the
closed form of its gradients as published, in the shape of the leaf. Nothing here uses symback.
The forms are those of

- Petersen and Pedersen, The Matrix Cookbook (2012), by number of equation or section,
- Giles, Collected Matrix Derivative Results for Forward and Reverse Mode AD (2008), by topic,
- Magnus and Neudecker, Matrix Differential Calculus with Applications in Statistics and
  Econometrics (1988), by chapter,
- Boyd and Vandenberghe, Convex Optimization (2004),
- the tables of the article Matrix calculus in Wikipedia, and the textbooks and papers named.

A source that names a book's chapter gives the rule of which the entry is a case; "elementwise",
"broadcasting" and "partitioned" stand for the rules of sums of entries.

Where an identity permits, sizes differ, so that a forgotten transpose can't hide.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.linalg import det, inv, norm, solve
from numpy.linalg import matrix_power as power

Array = Any
SIZES = {"m": 4, "n": 3, "p": 2, "q": 5, "k": 6}


@dataclass(frozen=True)
class Identity:
    """A scalar function f of declared leaves, and its gradients.

    `domain` says how leaves are sampled: "" entries of any sign, "positive" positive entries,
    "spd" square leaves are symmetric positive definite (the gradient is that of a matrix without
    structure all the same), "wellconditioned" square leaves are near a multiple of the identity.
    `given` has the leaves that aren't sampled, such as labels.
    """

    name: str
    text: str
    sizes: dict[str, int]
    gradients: dict[str, Callable[..., Array]]
    source: str
    domain: str = ""
    value: Callable[..., Array] = field(kw_only=True)
    given: dict[str, Array] = field(default_factory=dict, kw_only=True)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every leaf, read off its declaration."""
        found = {}
        for name, shape in _LEAF.findall(self.text):
            sizes = [s.strip() for s in shape.split(",") if s.strip()]
            found[name] = tuple(int(s) if s.isdigit() else self.sizes[s] for s in sizes)
        return found

    @property
    def roles(self) -> dict[str, str]:
        return dict(_ROLE.findall(self.text))

    @property
    def has_loss(self) -> bool:
        return "loss: none" not in self.text


_LEAF = re.compile(r"(\w+): (?:param|input|target)(?:\[([^\]]*)\])?")
_ROLE = re.compile(r"(\w+): (param|input|target)")

IDENTITIES: list[Identity] = []


def _add(
    name: str,
    text: str,
    source: str,
    value: Callable[..., Array],
    domain: str = "",
    given: dict[str, Array] | None = None,
    **gradients: Callable[..., Array],
) -> None:
    """One more entry; a text without a loss says so in its last line."""
    shapes = {s.strip() for _, shape in _LEAF.findall(text) for s in shape.split(",")}
    sizes = {s: n for s, n in SIZES.items() if s in shapes}
    if "f: loss" not in text:
        text += "\nloss: none"
    IDENTITIES.append(
        Identity(name, text, sizes, gradients, source, domain, value=value, given=given or {})
    )


def tr(A: Array) -> Array:
    return np.trace(A)


def logdet(A: Array) -> Array:
    return np.linalg.slogdet(A)[1]


def sigma(u: Array) -> Array:
    return 1 / (1 + np.exp(-u))


def lse(z: Array) -> Array:
    """log Σ exp over the last axis."""
    top = z.max(axis=-1)
    return top + np.log(np.exp(z - top[..., None]).sum(axis=-1))


def softmax(z: Array) -> Array:
    return np.exp(z - lse(z)[..., None])


def columns(v: Array, w: Array) -> Array:
    return np.multiply.outer(v, w)


def gauss_cdf(u: Array) -> Array:
    return (1 + np.vectorize(math.erf)(u / math.sqrt(2))) / 2


def gauss_pdf(u: Array) -> Array:
    return np.exp(-(u**2) / 2) / math.sqrt(2 * math.pi)


def one_hot(index: int, size: int) -> Array:
    return np.eye(size)[index]


# First order: linear forms and traces -------------------------------------------------------------

_add(
    "a'x",
    "a: input[n]; x: param[n]; f = a @ x",
    "Cookbook 69",
    lambda a, x: a @ x,
    x=lambda a, x: a,
    a=lambda a, x: x,
)
_add(
    "dot(a, x)",
    "a: param[n]; x: param[n]; f = dot(a, x)",
    "Cookbook 69",
    lambda a, x: a @ x,
    x=lambda a, x: a,
    a=lambda a, x: x,
)
_add(
    "a'Xb",
    "a: input[m]; X: param[m, n]; b: input[n]; f = a.T @ X @ b",
    "Cookbook 70",
    lambda a, X, b: a @ X @ b,
    X=lambda a, X, b: columns(a, b),
    a=lambda a, X, b: X @ b,
    b=lambda a, X, b: X.T @ a,
)
_add(
    "a'X'b",
    "a: input[n]; X: param[m, n]; b: input[m]; f = a.T @ X.T @ b",
    "Cookbook 71",
    lambda a, X, b: a @ X.T @ b,
    X=lambda a, X, b: columns(b, a),
    a=lambda a, X, b: X.T @ b,
    b=lambda a, X, b: X @ a,
)
_add(
    "a'Xa",
    "a: param[n]; X: param[n, n]; f = a @ X @ a",
    "Cookbook 72",
    lambda a, X: a @ X @ a,
    X=lambda a, X: columns(a, a),
    a=lambda a, X: (X + X.T) @ a,
)
_add(
    "tr(X)",
    "X: param[n, n]; f = trace(X)",
    "Cookbook 99",
    lambda X: tr(X),
    X=lambda X: np.eye(3),
)
_add(
    "tr(E)+1",
    "E: param[n, n]; f = trace(E) + 1",
    "Cookbook 99",
    lambda E: tr(E) + 1,
    E=lambda E: np.eye(3),
)
_add(
    "tr(XA)",
    "X: param[m, n]; A: input[n, m]; f = trace(X @ A)",
    "Cookbook 100",
    lambda X, A: tr(X @ A),
    X=lambda X, A: A.T,
    A=lambda X, A: X.T,
)
_add(
    "tr(AXB)",
    "A: input[p, m]; X: param[m, n]; B: input[n, p]; f = trace(A @ X @ B)",
    "Cookbook 101",
    lambda A, X, B: tr(A @ X @ B),
    X=lambda A, X, B: A.T @ B.T,
    A=lambda A, X, B: B.T @ X.T,
    B=lambda A, X, B: X.T @ A.T,
)
_add(
    "tr(AX'B)",
    "A: param[p, n]; X: param[m, n]; B: param[m, p]; f = trace(A @ X.T @ B)",
    "Cookbook 102",
    lambda A, X, B: tr(A @ X.T @ B),
    X=lambda A, X, B: B @ A,
    A=lambda A, X, B: B.T @ X,
    B=lambda A, X, B: X @ A.T,
)
_add(
    "tr(X'A)",
    "X: param[m, n]; A: input[m, n]; f = trace(X.T @ A)",
    "Cookbook 103",
    lambda X, A: tr(X.T @ A),
    X=lambda X, A: A,
)
_add(
    "tr(AX')",
    "A: input[m, n]; X: param[m, n]; f = trace(A @ X.T)",
    "Cookbook 104",
    lambda A, X: tr(A @ X.T),
    X=lambda A, X: A,
)
_add(
    "sum(X)",
    "X: param[m, n]; f = sum(X)",
    "Magnus-Neudecker 9",
    lambda X: X.sum(),
    X=lambda X: np.ones((4, 3)),
)
_add(
    "1'X1",
    "X: param[m, n]; f = ones(m) @ X @ ones(n)",
    "Cookbook 70",
    lambda X: X.sum(),
    X=lambda X: np.ones((4, 3)),
)
_add(
    "tr(A+XB) of a sum",
    "A: param[m, m]; X: param[m, n]; B: param[n, m]; f = trace(A + X @ B) - 2*trace(A.T)",
    "Giles, addition",
    lambda A, X, B: tr(A + X @ B) - 2 * tr(A),
    A=lambda A, X, B: -np.eye(4),
    X=lambda A, X, B: B.T,
    B=lambda A, X, B: X.T,
)
_add(
    "tr(C'AB), product",
    "A: param[m, n]; B: param[n, p]; C: input[m, p]; f = trace(C.T @ (A @ B))",
    "Giles, multiplication",
    lambda A, B, C: tr(C.T @ A @ B),
    A=lambda A, B, C: C @ B.T,
    B=lambda A, B, C: A.T @ C,
    C=lambda A, B, C: A @ B,
)
_add(
    "scalar times matrix",
    "c: param; X: param[m, n]; a: input[m]; b: input[n]; f = a @ (c*X) @ b",
    "Wikipedia, scalar by matrix",
    lambda c, X, a, b: c * (a @ X @ b),
    c=lambda c, X, a, b: a @ X @ b,
    X=lambda c, X, a, b: c * columns(a, b),
)

# Second order: quadratic forms and traces ---------------------------------------------------------

_add(
    "x'x",
    "x: param[n]; f = x @ x",
    "Cookbook 131",
    lambda x: x @ x,
    x=lambda x: 2 * x,
)
_add(
    "x'Ax",
    "x: param[n]; A: input[n, n]; f = x.T @ A @ x",
    "Cookbook 81",
    lambda x, A: x @ A @ x,
    x=lambda x, A: (A + A.T) @ x,
    A=lambda x, A: columns(x, x),
)
_add(
    "x'Ax, A symmetric",
    "x: param[n]; A: input[n, n]; f = x @ A @ x",
    "Wikipedia, scalar by vector",
    lambda x, A: x @ A @ x,
    "spd",
    x=lambda x, A: 2 * A @ x,
)
_add(
    "x'Ax + b'x",
    "x: param[n]; A: param[n, n]; b: param[n]; f = x @ A @ x + b @ x",
    "Cookbook 97",
    lambda x, A, b: x @ A @ x + b @ x,
    x=lambda x, A, b: (A + A.T) @ x + b,
    A=lambda x, A, b: columns(x, x),
    b=lambda x, A, b: x,
)
_add(
    "a'xx'b",
    "a: input[n]; x: param[n]; b: input[n]; f = (a @ x)*(x @ b)",
    "Wikipedia, scalar by vector",
    lambda a, x, b: (a @ x) * (x @ b),
    x=lambda a, x, b: (columns(a, b) + columns(b, a)) @ x,
)
_add(
    "(sum x)^2",
    "x: param[n]; f = sum(outer(x, x))",
    "Cookbook 76",
    lambda x: x.sum() ** 2,
    x=lambda x: 2 * x.sum() * np.ones(3),
)
_add(
    "sum of all products of entries",
    "X: param[m, n]; f = sum(X)**2",
    "Cookbook 76",
    lambda X: X.sum() ** 2,
    X=lambda X: 2 * X.sum() * np.ones((4, 3)),
)
_add(
    "b'X'Xc",
    "b: input[n]; X: param[m, n]; c: input[n]; f = b.T @ X.T @ X @ c",
    "Cookbook 77",
    lambda b, X, c: b @ X.T @ X @ c,
    X=lambda b, X, c: X @ (columns(b, c) + columns(c, b)),
    b=lambda b, X, c: X.T @ X @ c,
)
_add(
    "(Bx+b)'C(Dx+d)",
    "B: param[m, n]; x: param[n]; b: param[m]; C: param[m, q]; D: param[q, n]; d: param[q]\n"
    "f = (B @ x + b).T @ C @ (D @ x + d)",
    "Cookbook 78",
    lambda B, x, b, C, D, d: (B @ x + b) @ C @ (D @ x + d),
    x=lambda B, x, b, C, D, d: B.T @ C @ (D @ x + d) + D.T @ C.T @ (B @ x + b),
    C=lambda B, x, b, C, D, d: columns(B @ x + b, D @ x + d),
    B=lambda B, x, b, C, D, d: columns(C @ (D @ x + d), x),
    D=lambda B, x, b, C, D, d: columns(C.T @ (B @ x + b), x),
    b=lambda B, x, b, C, D, d: C @ (D @ x + d),
    d=lambda B, x, b, C, D, d: C.T @ (B @ x + b),
)
_add(
    "b'X'DXc",
    "b: input[n]; X: param[m, n]; D: input[m, m]; c: input[n]; f = b.T @ X.T @ D @ X @ c",
    "Cookbook 82",
    lambda b, X, D, c: b @ X.T @ D @ X @ c,
    X=lambda b, X, D, c: D.T @ X @ columns(b, c) + D @ X @ columns(c, b),
)
_add(
    "(Xb+c)'D(Xb+c)",
    "X: param[m, n]; b: input[n]; c: param[m]; D: input[m, m]\nu = X @ b + c\nf = u @ D @ u",
    "Cookbook 83",
    lambda X, b, c, D: (X @ b + c) @ D @ (X @ b + c),
    X=lambda X, b, c, D: columns((D + D.T) @ (X @ b + c), b),
    c=lambda X, b, c, D: (D + D.T) @ (X @ b + c),
    b=lambda X, b, c, D: X.T @ (D + D.T) @ (X @ b + c),
)
_add(
    "(x-As)'W(x-As)",
    "x: param[m]; A: param[m, n]; s: param[n]; W: input[m, m]; f = (x - A@s).T @ W @ (x - A@s)",
    "Cookbook 84, 87, 88",
    lambda x, A, s, W: (x - A @ s) @ W @ (x - A @ s),
    "spd",
    s=lambda x, A, s, W: -2 * A.T @ W @ (x - A @ s),
    x=lambda x, A, s, W: 2 * W @ (x - A @ s),
    A=lambda x, A, s, W: -2 * columns(W @ (x - A @ s), s),
)
_add(
    "(x-s)'W(x-s)",
    "x: param[n]; s: param[n]; W: param[n, n]; u = x - s; f = u @ W @ u",
    "Cookbook 85, 86",
    lambda x, s, W: (x - s) @ W @ (x - s),
    "spd",
    x=lambda x, s, W: 2 * W @ (x - s),
    s=lambda x, s, W: -2 * W @ (x - s),
    W=lambda x, s, W: columns(x - s, x - s),
)
_add(
    "u'v, u=Bx, v=Cx",
    "B: input[m, n]; C: input[m, n]; x: param[n]; u = B @ x; v = C @ x; f = u @ v",
    "Wikipedia, scalar by vector",
    lambda B, C, x: (B @ x) @ (C @ x),
    x=lambda B, C, x: B.T @ (C @ x) + C.T @ (B @ x),
)
_add(
    "u'Av, u=tanh(x), v=exp(x)",
    "x: param[n]; A: param[n, n]; u = tanh(x); v = exp(x); f = u @ A @ v",
    "Wikipedia, scalar by vector",
    lambda x, A: np.tanh(x) @ A @ np.exp(x),
    x=lambda x, A: (1 - np.tanh(x) ** 2) * (A @ np.exp(x)) + np.exp(x) * (A.T @ np.tanh(x)),
    A=lambda x, A: columns(np.tanh(x), np.exp(x)),
)
_add(
    "(a'x)(b'x)/(c'x)",
    "a: input[n]; b: input[n]; c: input[n]; x: param[n]; f = (a @ x)*(b @ x)/(c @ x)",
    "Wikipedia, scalar by vector",
    lambda a, b, c, x: (a @ x) * (b @ x) / (c @ x),
    "positive",
    x=lambda a, b, c, x: (
        (b @ x) / (c @ x) * a + (a @ x) / (c @ x) * b - (a @ x) * (b @ x) / (c @ x) ** 2 * c
    ),
)
_add(
    "tr(X^2)",
    "X: param[n, n]; f = trace(X @ X)",
    "Cookbook 106",
    lambda X: tr(X @ X),
    X=lambda X: 2 * X.T,
)
_add(
    "tr(X^2 B)",
    "X: param[n, n]; B: input[n, n]; f = trace(X @ X @ B)",
    "Cookbook 107",
    lambda X, B: tr(X @ X @ B),
    X=lambda X, B: (X @ B + B @ X).T,
)
_add(
    "tr(X'BX)",
    "X: param[m, n]; B: input[m, m]; f = trace(X.T @ B @ X)",
    "Cookbook 108",
    lambda X, B: tr(X.T @ B @ X),
    X=lambda X, B: B @ X + B.T @ X,
    B=lambda X, B: X @ X.T,
)
_add(
    "tr(A'BA)",
    "A: param[m, n]; B: param[m, m]; f = trace(A.T @ B @ A)",
    "Cookbook 108",
    lambda A, B: tr(A.T @ B @ A),
    A=lambda A, B: (B + B.T) @ A,
    B=lambda A, B: A @ A.T,
)
_add(
    "tr(BXX')",
    "B: input[m, m]; X: param[m, n]; f = trace(B @ X @ X.T)",
    "Cookbook 109",
    lambda B, X: tr(B @ X @ X.T),
    X=lambda B, X: B @ X + B.T @ X,
)
_add(
    "tr(XX'B)",
    "X: param[m, n]; B: input[m, m]; f = trace(X @ X.T @ B)",
    "Cookbook 110",
    lambda X, B: tr(X @ X.T @ B),
    X=lambda X, B: B @ X + B.T @ X,
)
_add(
    "tr(XBX')",
    "X: param[m, n]; B: input[n, n]; f = trace(X @ B @ X.T)",
    "Cookbook 111",
    lambda X, B: tr(X @ B @ X.T),
    X=lambda X, B: X @ B.T + X @ B,
    B=lambda X, B: X.T @ X,
)
_add(
    "tr(BX'X)",
    "B: input[n, n]; X: param[m, n]; f = trace(B @ X.T @ X)",
    "Cookbook 112",
    lambda B, X: tr(B @ X.T @ X),
    X=lambda B, X: X @ B.T + X @ B,
)
_add(
    "tr(X'XB)",
    "X: param[m, n]; B: input[n, n]; f = trace(X.T @ X @ B)",
    "Cookbook 113",
    lambda X, B: tr(X.T @ X @ B),
    X=lambda X, B: X @ B.T + X @ B,
)
_add(
    "tr(AXBX)",
    "A: input[n, m]; X: param[m, n]; B: input[n, m]; f = trace(A @ X @ B @ X)",
    "Cookbook 114",
    lambda A, X, B: tr(A @ X @ B @ X),
    X=lambda A, X, B: A.T @ X.T @ B.T + B.T @ X.T @ A.T,
)
_add(
    "tr(X'X)",
    "X: param[m, n]; f = trace(X.T @ X)",
    "Cookbook 115",
    lambda X: tr(X.T @ X),
    X=lambda X: 2 * X,
)
_add(
    "tr(B'X'CXB)",
    "B: input[n, p]; X: param[m, n]; C: input[m, m]; f = trace(B.T @ X.T @ C @ X @ B)",
    "Cookbook 116",
    lambda B, X, C: tr(B.T @ X.T @ C @ X @ B),
    X=lambda B, X, C: C.T @ X @ B @ B.T + C @ X @ B @ B.T,
    B=lambda B, X, C: X.T @ (C + C.T) @ X @ B,
    C=lambda B, X, C: X @ B @ B.T @ X.T,
)
_add(
    "tr(C'X'BXC), named parts",
    "C: param[n, p]; X: param[m, n]; B: param[m, m]; Y = X @ C; Z = B @ Y; f = trace(Y.T @ Z)",
    "Cookbook 116",
    lambda C, X, B: tr(C.T @ X.T @ B @ X @ C),
    X=lambda C, X, B: (B.T + B) @ X @ C @ C.T,
    C=lambda C, X, B: X.T @ (B + B.T) @ X @ C,
    B=lambda C, X, B: X @ C @ C.T @ X.T,
)
_add(
    "tr(X'BXC)",
    "X: param[m, n]; B: input[m, m]; C: input[n, n]; f = trace(X.T @ B @ X @ C)",
    "Cookbook 117",
    lambda X, B, C: tr(X.T @ B @ X @ C),
    X=lambda X, B, C: B @ X @ C + B.T @ X @ C.T,
)
_add(
    "tr(AXBX'C)",
    "A: input[p, m]; X: param[m, n]; B: input[n, n]; C: input[m, p]\n"
    "f = trace(A @ X @ B @ X.T @ C)",
    "Cookbook 118",
    lambda A, X, B, C: tr(A @ X @ B @ X.T @ C),
    X=lambda A, X, B, C: A.T @ C.T @ X @ B.T + C @ A @ X @ B,
)
_add(
    "tr((AXB+C)(AXB+C)')",
    "A: input[p, m]; X: param[m, n]; B: input[n, q]; C: param[p, q]\n"
    "R = A @ X @ B + C\n"
    "f = trace(R @ R.T)",
    "Cookbook 119",
    lambda A, X, B, C: ((A @ X @ B + C) ** 2).sum(),
    X=lambda A, X, B, C: 2 * A.T @ (A @ X @ B + C) @ B.T,
    C=lambda A, X, B, C: 2 * (A @ X @ B + C),
)
_add(
    "tr(C'B'AB), quadratic product",
    "A: param[m, m]; B: param[m, n]; C: input[n, n]; f = trace(C.T @ (B.T @ A @ B))",
    "Giles, first quadratic form",
    lambda A, B, C: tr(C.T @ B.T @ A @ B),
    A=lambda A, B, C: B @ C @ B.T,
    B=lambda A, B, C: A @ B @ C.T + A.T @ B @ C,
)
_add(
    "tr(U)tr(V), product of traces",
    "A: input[n, m]; B: input[n, m]; X: param[m, n]; f = trace(A @ X)*trace(B @ X)",
    "Wikipedia, scalar by matrix",
    lambda A, B, X: tr(A @ X) * tr(B @ X),
    X=lambda A, B, X: tr(B @ X) * A.T + tr(A @ X) * B.T,
)
_add(
    "a'XX'a",
    "a: param[m]; X: param[m, n]; f = a @ X @ X.T @ a",
    "Magnus-Neudecker 9",
    lambda a, X: a @ X @ X.T @ a,
    X=lambda a, X: 2 * columns(a, a) @ X,
    a=lambda a, X: 2 * X @ X.T @ a,
)
_add(
    "a'X^2 b",
    "a: input[n]; X: param[n, n]; b: input[n]; f = a @ X @ X @ b",
    "Magnus-Neudecker 9",
    lambda a, X, b: a @ X @ X @ b,
    X=lambda a, X, b: columns(X.T @ a, b) + columns(a, X @ b),
)

# Higher order and compositions --------------------------------------------------------------------

_add(
    "tr(XXX)",
    "X: param[n, n]; f = trace(X @ X @ X)",
    "Cookbook 121",
    lambda X: tr(X @ X @ X),
    X=lambda X: 3 * (X @ X).T,
)
_add(
    "tr(X^4)",
    "X: param[n, n]; Y = X @ X; f = trace(Y @ Y)",
    "Cookbook 121",
    lambda X: tr(power(X, 4)),
    X=lambda X: 4 * power(X, 3).T,
)
_add(
    "tr(AX^3)",
    "A: input[n, n]; X: param[n, n]; f = trace(A @ X @ X @ X)",
    "Cookbook 122",
    lambda A, X: tr(A @ X @ X @ X),
    X=lambda A, X: sum((power(X, r) @ A @ power(X, 2 - r)).T for r in range(3)),
)
_add(
    "tr(B'X'CXX'CXB)",
    "B: input[n, p]; X: param[m, n]; C: input[m, m]\n"
    "f = trace(B.T @ X.T @ C @ X @ X.T @ C @ X @ B)",
    "Cookbook 123",
    lambda B, X, C: tr(B.T @ X.T @ C @ X @ X.T @ C @ X @ B),
    X=lambda B, X, C: (
        C @ X @ X.T @ C @ X @ B @ B.T
        + C.T @ X @ B @ B.T @ X.T @ C.T @ X
        + C @ X @ B @ B.T @ X.T @ C @ X
        + C.T @ X @ X.T @ C.T @ X @ B @ B.T
    ),
)
_add(
    "a'X^3 b",
    "a: input[n]; X: param[n, n]; b: input[n]; f = a @ X @ X @ X @ b",
    "Cookbook 91",
    lambda a, X, b: a @ power(X, 3) @ b,
    X=lambda a, X, b: sum(power(X, r).T @ columns(a, b) @ power(X, 2 - r).T for r in range(3)),
)
_add(
    "a'X^4 b by a loop",
    "a: input[n]; X: param[n, n]; b: input[n]\n"
    "v[1] = X @ b\n"
    "for t in range(2, 5):\n"
    "    v[t] = X @ v[t - 1]\n"
    "f = a @ v[4]",
    "Cookbook 91",
    lambda a, X, b: a @ power(X, 4) @ b,
    X=lambda a, X, b: sum(power(X, r).T @ columns(a, b) @ power(X, 3 - r).T for r in range(4)),
)
_add(
    "b'(X^2)'X^2 b",
    "X: param[n, n]; b: param[n]; f = b @ (X @ X).T @ (X @ X) @ b",
    "Cookbook 92",
    lambda X, b: (X @ X @ b) @ (X @ X @ b),
    X=lambda X, b: 2 * (columns(X.T @ X @ X @ b, b) + columns(X @ X @ b, X @ b)),
    b=lambda X, b: 2 * X.T @ X.T @ X @ X @ b,
)
_add(
    "exp(x'Ax)",
    "x: param[n]; A: param[n, n]; f = exp(x @ A @ x/4)",
    "Wikipedia, chain rule",
    lambda x, A: np.exp(x @ A @ x / 4),
    x=lambda x, A: np.exp(x @ A @ x / 4) / 4 * (A + A.T) @ x,
    A=lambda x, A: np.exp(x @ A @ x / 4) / 4 * columns(x, x),
)
_add(
    "sin(tr(AX))",
    "A: input[n, m]; X: param[m, n]; f = sin(trace(A @ X))",
    "Wikipedia, chain rule",
    lambda A, X: np.sin(tr(A @ X)),
    X=lambda A, X: np.cos(tr(A @ X)) * A.T,
)
_add(
    "polynomial of a matrix",
    "A: param[n, n]; C: input[n, n]; f = trace(C.T @ (2*eye(n) - 3*A + A @ A/2 + A @ A @ A))",
    "Giles, matrix polynomial",
    lambda A, C: tr(C.T @ (2 * np.eye(3) - 3 * A + A @ A / 2 + A @ A @ A)),
    A=lambda A, C: (
        -3 * C
        + (A.T @ C + C @ A.T) / 2
        + sum(power(A.T, r) @ C @ power(A.T, 2 - r) for r in range(3))
    ),
)
_add(
    "Frobenius norm of a commutator",
    "A: param[n, n]; X: param[n, n]; C = A @ X - X @ A; f = trace(C.T @ C)/2",
    "Magnus-Neudecker 9",
    lambda A, X: ((A @ X - X @ A) ** 2).sum() / 2,
    X=lambda A, X: A.T @ (A @ X - X @ A) - (A @ X - X @ A) @ A.T,
    A=lambda A, X: (A @ X - X @ A) @ X.T - X.T @ (A @ X - X @ A),
)
_add(
    "distance from orthogonality",
    "X: param[m, n]; f = norm(X.T @ X - eye(n))**2/4",
    "Cookbook 123",
    lambda X: ((X.T @ X - np.eye(3)) ** 2).sum() / 4,
    X=lambda X: X @ (X.T @ X - np.eye(3)),
)

# Inverses and linear systems ----------------------------------------------------------------------

_add(
    "a'X^-1 b",
    "a: input[n]; X: param[n, n]; b: input[n]; f = a.T @ inv(X) @ b",
    "Cookbook 61",
    lambda a, X, b: a @ inv(X) @ b,
    "wellconditioned",
    X=lambda a, X, b: -inv(X).T @ columns(a, b) @ inv(X).T,
    a=lambda a, X, b: inv(X) @ b,
    b=lambda a, X, b: inv(X).T @ a,
)
_add(
    "tr(AX^-1 B)",
    "A: input[m, n]; X: param[n, n]; B: input[n, m]; f = trace(A @ inv(X) @ B)",
    "Cookbook 63",
    lambda A, X, B: tr(A @ inv(X) @ B),
    "wellconditioned",
    X=lambda A, X, B: -(inv(X) @ B @ A @ inv(X)).T,
    A=lambda A, X, B: (inv(X) @ B).T,
    B=lambda A, X, B: (A @ inv(X)).T,
)
_add(
    "tr((X+A)^-1)",
    "X: param[n, n]; A: input[n, n]; f = trace(inv(X + A))",
    "Cookbook 64",
    lambda X, A: tr(inv(X + A)),
    "wellconditioned",
    X=lambda X, A: -(inv(X + A) @ inv(X + A)).T,
)
_add(
    "tr(C'A^-1)",
    "A: param[n, n]; C: input[n, n]; f = sum(C*inv(A))",
    "Giles, inverse",
    lambda A, C: (C * inv(A)).sum(),
    "wellconditioned",
    A=lambda A, C: -inv(A).T @ C @ inv(A).T,
)
_add(
    "tr(C'A^-1 B), solve with a matrix",
    "A: param[n, n]; B: param[n, m]; C: input[n, m]; f = trace(C.T @ solve(A, B))",
    "Giles, matrix inverse product",
    lambda A, B, C: tr(C.T @ solve(A, B)),
    "wellconditioned",
    A=lambda A, B, C: -solve(A.T, C) @ solve(A, B).T,
    B=lambda A, B, C: solve(A.T, C),
)
_add(
    "c'solve(A, b)",
    "A: param[n, n]; b: param[n]; c: input[n]; f = c @ solve(A, b)",
    "Giles, matrix inverse product",
    lambda A, b, c: c @ solve(A, b),
    "wellconditioned",
    A=lambda A, b, c: -columns(solve(A.T, c), solve(A, b)),
    b=lambda A, b, c: solve(A.T, c),
    c=lambda A, b, c: solve(A, b),
)
_add(
    "||solve(A, b) - x||^2/2",
    "A: param[n, n]; b: param[n]; x: input[n]; r = solve(A, b) - x; f = r @ r/2",
    "Giles, matrix inverse product",
    lambda A, b, x: ((solve(A, b) - x) ** 2).sum() / 2,
    "wellconditioned",
    A=lambda A, b, x: -columns(solve(A.T, solve(A, b) - x), solve(A, b)),
    b=lambda A, b, x: solve(A.T, solve(A, b) - x),
)
_add(
    "tr(C'B'A^-1 B), inverse quadratic",
    "A: param[m, m]; B: param[m, n]; C: input[n, n]; f = trace(C.T @ (B.T @ inv(A) @ B))",
    "Giles, second quadratic form",
    lambda A, B, C: tr(C.T @ B.T @ inv(A) @ B),
    "wellconditioned",
    A=lambda A, B, C: -inv(A).T @ B @ C @ B.T @ inv(A).T,
    B=lambda A, B, C: inv(A).T @ B @ C + inv(A) @ B @ C.T,
)
_add(
    "x'Y^-1 x, matrix fractional function",
    "x: param[n]; Y: param[n, n]; f = x @ solve(Y, x)",
    "Boyd-Vandenberghe 3.1.7",
    lambda x, Y: x @ inv(Y) @ x,
    "spd",
    x=lambda x, Y: 2 * solve(Y, x),
    Y=lambda x, Y: -columns(solve(Y, x), solve(Y, x)),
)
_add(
    "tr((X'CX)^-1 A)",
    "X: param[m, n]; C: input[m, m]; A: input[n, n]; f = trace(inv(X.T @ C @ X) @ A)",
    "Cookbook 125",
    lambda X, C, A: tr(inv(X.T @ C @ X) @ A),
    "spd",
    X=lambda X, C, A: -(C @ X @ inv(X.T @ C @ X)) @ (A + A.T) @ inv(X.T @ C @ X),
)
_add(
    "tr((X'CX)^-1 (X'BX))",
    "X: param[m, n]; C: input[m, m]; B: input[m, m]\nf = trace(inv(X.T @ C @ X) @ (X.T @ B @ X))",
    "Cookbook 126",
    lambda X, C, B: tr(inv(X.T @ C @ X) @ X.T @ B @ X),
    "spd",
    X=lambda X, C, B: (
        -2 * C @ X @ inv(X.T @ C @ X) @ X.T @ B @ X @ inv(X.T @ C @ X)
        + 2 * B @ X @ inv(X.T @ C @ X)
    ),
)
_add(
    "tr((A+X'CX)^-1 (X'BX))",
    "A: input[n, n]; X: param[m, n]; C: input[m, m]; B: input[m, m]\n"
    "f = trace(inv(A + X.T @ C @ X) @ (X.T @ B @ X))",
    "Cookbook 127",
    lambda A, X, C, B: tr(inv(A + X.T @ C @ X) @ X.T @ B @ X),
    "spd",
    X=lambda A, X, C, B: (
        -2 * C @ X @ inv(A + X.T @ C @ X) @ X.T @ B @ X @ inv(A + X.T @ C @ X)
        + 2 * B @ X @ inv(A + X.T @ C @ X)
    ),
)
_add(
    "tr(X^-1 A X^-1 B)",
    "X: param[n, n]; A: input[n, n]; B: input[n, n]; f = trace(inv(X) @ A @ inv(X) @ B)",
    "Magnus-Neudecker 9",
    lambda X, A, B: tr(inv(X) @ A @ inv(X) @ B),
    "wellconditioned",
    X=lambda X, A, B: -(inv(X) @ (A @ inv(X) @ B + B @ inv(X) @ A) @ inv(X)).T,
)
_add(
    "a'(A+xB)^-1 b by the scalar x",
    "a: input[n]; A: input[n, n]; x: param; B: input[n, n]; b: input[n]\n"
    "U = A + x**2*B\n"
    "f = a @ inv(U) @ b",
    "Cookbook 59",
    lambda a, A, x, B, b: a @ inv(A + x**2 * B) @ b,
    "wellconditioned",
    x=lambda a, A, x, B, b: -2 * x * a @ inv(A + x**2 * B) @ B @ inv(A + x**2 * B) @ b,
)
_add(
    "sum of the inverse",
    "X: param[n, n]; f = ones(n) @ inv(X) @ ones(n)",
    "Cookbook 61",
    lambda X: inv(X).sum(),
    "wellconditioned",
    X=lambda X: -columns(inv(X).sum(axis=0), inv(X).sum(axis=1)),
)
_add(
    "tr(diag(x)^-1 A), inverse of a diagonal",
    "x: param[n]; A: input[n, n]; f = trace(inv(diag(x)) @ A)",
    "Cookbook 63",
    lambda x, A: (np.diag(A) / x).sum(),
    "positive",
    x=lambda x, A: -np.diag(A) / x**2,
)

# Determinants -------------------------------------------------------------------------------------

_add(
    "det(X)",
    "X: param[n, n]; f = det(X)",
    "Cookbook 49",
    lambda X: det(X),
    X=lambda X: det(X) * inv(X).T,
)
_add(
    "det(X)^2",
    "X: param[n, n]; f = det(X)**2",
    "Cookbook 58",
    lambda X: det(X) ** 2,
    X=lambda X: 2 * det(X) ** 2 * inv(X).T,
)
_add(
    "det(X'), even size",
    "X: param[m, m]; f = det(X.T)",
    "Cookbook 49",
    lambda X: det(X),
    X=lambda X: det(X) * inv(X).T,
)
_add(
    "det(cX)",
    "c: param; X: param[n, n]; f = det(c*X)",
    "Wikipedia, scalar by matrix",
    lambda c, X: det(c * X),
    X=lambda c, X: det(c * X) * inv(X).T,
    c=lambda c, X: 3 * c**2 * det(X),
)
_add(
    "det(AXB)",
    "A: input[n, n]; X: param[n, n]; B: input[n, n]; f = det(A @ X @ B)",
    "Cookbook 51",
    lambda A, X, B: det(A @ X @ B),
    "wellconditioned",
    X=lambda A, X, B: det(A @ X @ B) * inv(X).T,
    A=lambda A, X, B: det(A @ X @ B) * inv(A).T,
    B=lambda A, X, B: det(A @ X @ B) * inv(B).T,
)
_add(
    "det(AXB), none square",
    "A: input[p, m]; X: param[m, n]; B: input[n, p]; f = det(A @ X @ B)",
    "Magnus-Neudecker 9",
    lambda A, X, B: det(A @ X @ B),
    X=lambda A, X, B: det(A @ X @ B) * A.T @ inv(A @ X @ B).T @ B.T,
)
_add(
    "det(X'AX), X square",
    "X: param[n, n]; A: input[n, n]; f = det(X.T @ A @ X)",
    "Cookbook 52",
    lambda X, A: det(X.T @ A @ X),
    "wellconditioned",
    X=lambda X, A: 2 * det(X.T @ A @ X) * inv(X).T,
)
_add(
    "det(X'AX), A symmetric",
    "X: param[m, n]; A: input[m, m]; f = det(X.T @ A @ X)",
    "Cookbook 53",
    lambda X, A: det(X.T @ A @ X),
    "spd",
    X=lambda X, A: 2 * det(X.T @ A @ X) * A @ X @ inv(X.T @ A @ X),
)
_add(
    "det(X'AX)",
    "X: param[m, n]; A: input[m, m]; f = det(X.T @ A @ X)",
    "Cookbook 54",
    lambda X, A: det(X.T @ A @ X),
    X=lambda X, A: det(X.T @ A @ X) * (A @ X @ inv(X.T @ A @ X) + A.T @ X @ inv(X.T @ A.T @ X)),
)
_add(
    "det(XX')",
    "X: param[n, m]; f = det(X @ X.T)",
    "Magnus-Neudecker 9",
    lambda X: det(X @ X.T),
    X=lambda X: 2 * det(X @ X.T) * inv(X @ X.T) @ X,
)
_add(
    "det(X'X)",
    "X: param[m, n]; f = det(X.T @ X)",
    "Magnus-Neudecker 9",
    lambda X: det(X.T @ X),
    X=lambda X: 2 * det(X.T @ X) * X @ inv(X.T @ X),
)
_add(
    "det(X^2)",
    "X: param[n, n]; f = det(X @ X)",
    "Magnus-Neudecker 9",
    lambda X: det(X @ X),
    "wellconditioned",
    X=lambda X: 2 * det(X) ** 2 * inv(X).T,
)
_add(
    "det(X^3)",
    "X: param[n, n]; f = det(X @ X @ X)",
    "Cookbook 58",
    lambda X: det(X) ** 3,
    X=lambda X: 3 * det(X) ** 3 * inv(X).T,
)
_add(
    "det(X^-1)",
    "X: param[n, n]; f = det(inv(X))",
    "Cookbook 62",
    lambda X: det(inv(X)),
    "wellconditioned",
    X=lambda X: -det(inv(X)) * inv(X).T,
)
_add(
    "logdet(A)",
    "A: param[n, n]; f = logdet(A)",
    "Cookbook 57",
    lambda A: logdet(A),
    "wellconditioned",
    A=lambda A: inv(A).T,
)
_add(
    "log(det(A))",
    "A: param[n, n]; f = log(det(A))",
    "Cookbook 57",
    lambda A: logdet(A),
    "wellconditioned",
    A=lambda A: inv(A).T,
)
_add(
    "logdet(A), A positive definite",
    "A: param[m, m]; f = logdet(A)",
    "Boyd-Vandenberghe A.4.1",
    lambda A: logdet(A),
    "spd",
    A=lambda A: inv(A),
)
_add(
    "logdet(X'X)",
    "X: param[m, n]; f = logdet(X.T @ X)",
    "Cookbook 55",
    lambda X: logdet(X.T @ X),
    X=lambda X: 2 * np.linalg.pinv(X).T,
)
_add(
    "logdet(X'AX)",
    "X: param[m, n]; A: param[m, m]; f = logdet(X.T @ A @ X)",
    "Magnus-Neudecker 9",
    lambda X, A: logdet(X.T @ A @ X),
    "wellconditioned",
    X=lambda X, A: A @ X @ inv(X.T @ A @ X) + A.T @ X @ inv(X.T @ A.T @ X),
    A=lambda X, A: X @ inv(X.T @ A @ X).T @ X.T,
)
_add(
    "logdet(AXB)",
    "A: input[n, n]; X: param[n, n]; B: input[n, n]; f = logdet(A @ X @ B)",
    "Wikipedia, scalar by matrix",
    lambda A, X, B: logdet(A @ X @ B),
    "wellconditioned",
    X=lambda A, X, B: inv(X).T,
)
_add(
    "logdet(cX)",
    "c: input; X: param[m, m]; f = logdet(c**2*X)",
    "Wikipedia, scalar by matrix",
    lambda c, X: logdet(c**2 * X),
    "wellconditioned",
    X=lambda c, X: inv(X).T,
    c=lambda c, X: 8 / c,
)
_add(
    "logdet(X^3)",
    "X: param[n, n]; f = logdet(X @ X @ X)",
    "Wikipedia, scalar by matrix",
    lambda X: 3 * logdet(X),
    "wellconditioned",
    X=lambda X: 3 * inv(X).T,
)
_add(
    "logdet(inv(X))",
    "X: param[n, n]; f = logdet(inv(X))",
    "Cookbook 62",
    lambda X: -logdet(X),
    "wellconditioned",
    X=lambda X: -inv(X).T,
)
_add(
    "det(A+xB) by the scalar x",
    "A: input[n, n]; B: input[n, n]; x: param; f = det(A + x*B)",
    "Cookbook 46",
    lambda A, B, x: det(A + x * B),
    "wellconditioned",
    x=lambda A, B, x: det(A + x * B) * tr(inv(A + x * B) @ B),
)
_add(
    "logdet(A+exp(x)B) by the scalar x",
    "A: input[n, n]; B: input[n, n]; x: param; f = logdet(A + exp(x)*B)",
    "Cookbook 43",
    lambda A, B, x: logdet(A + np.exp(x) * B),
    "wellconditioned",
    x=lambda A, B, x: np.exp(x) * tr(inv(A + np.exp(x) * B) @ B),
)
_add(
    "det(A+uv'), matrix determinant lemma",
    "A: param[n, n]; u: param[n]; v: param[n]; f = det(A + outer(u, v))",
    "Cookbook 24",
    lambda A, u, v: det(A + columns(u, v)),
    "wellconditioned",
    A=lambda A, u, v: det(A + columns(u, v)) * inv(A + columns(u, v)).T,
    u=lambda A, u, v: det(A) * inv(A).T @ v,
    v=lambda A, u, v: det(A) * inv(A) @ u,
)
_add(
    "logdet(A diag(x) A'), D-optimal design",
    "A: param[p, n]; x: param[n]; f = -logdet(A @ diag(x) @ A.T)",
    "Boyd-Vandenberghe 7.5.2",
    lambda A, x: -logdet((A * x) @ A.T),
    "positive",
    x=lambda A, x: -np.einsum("in,ij,jn->n", A, inv((A * x) @ A.T), A),
    A=lambda A, x: -2 * inv((A * x) @ A.T) @ A * x,
)
_add(
    "tr(inv(A diag(x) A')), A-optimal design",
    "A: input[p, n]; x: param[n]; f = trace(inv(A @ diag(x) @ A.T))",
    "Boyd-Vandenberghe 7.5.2",
    lambda A, x: tr(inv((A * x) @ A.T)),
    "positive",
    x=lambda A, x: -((inv((A * x) @ A.T) @ A) ** 2).sum(axis=0),
)
_add(
    "logdet(diag(v))",
    "v: param[n]; f = logdet(diag(v))",
    "Cookbook 57",
    lambda v: np.log(v).sum(),
    "positive",
    v=lambda v: 1 / v,
)
_add(
    "det(X)/tr(X)^n",
    "X: param[n, n]; f = det(X)/trace(X)**3",
    "Magnus-Neudecker 9",
    lambda X: det(X) / tr(X) ** 3,
    "wellconditioned",
    X=lambda X: det(X) / tr(X) ** 3 * (inv(X).T - 3 * np.eye(3) / tr(X)),
)

# Norms --------------------------------------------------------------------------------------------

_add(
    "||x-a||",
    "x: param[n]; a: param[n]; f = norm(x - a)",
    "Cookbook 129",
    lambda x, a: norm(x - a),
    x=lambda x, a: (x - a) / norm(x - a),
    a=lambda x, a: -(x - a) / norm(x - a),
)
_add(
    "c'(x-a)/||x-a||",
    "x: param[n]; a: input[n]; c: input[n]; u = x - a; f = c @ (u/norm(u))",
    "Cookbook 130",
    lambda x, a, c: c @ (x - a) / norm(x - a),
    x=lambda x, a, c: c / norm(x - a) - (x - a) * (c @ (x - a)) / norm(x - a) ** 3,
)
_add(
    "||x||^2",
    "x: param[n]; f = norm(x)**2",
    "Cookbook 131",
    lambda x: x @ x,
    x=lambda x: 2 * x,
)
_add(
    "||X||_F^2",
    "X: param[m, n]; f = norm(X)**2",
    "Cookbook 132",
    lambda X: (X**2).sum(),
    X=lambda X: 2 * X,
)
_add(
    "||X||_F",
    "X: param[m, n]; f = norm(X)",
    "Giles, Frobenius norm",
    lambda X: norm(X),
    X=lambda X: X / norm(X),
)
_add(
    "sqrt(tr(X'X))",
    "X: param[m, n]; f = sqrt(trace(X.T @ X))",
    "Giles, Frobenius norm",
    lambda X: norm(X),
    X=lambda X: X / norm(X),
)
_add(
    "||Ax-b||",
    "A: param[m, n]; x: param[n]; b: param[m]; f = norm(A @ x - b)",
    "Wikipedia, scalar by vector",
    lambda A, x, b: norm(A @ x - b),
    x=lambda A, x, b: A.T @ (A @ x - b) / norm(A @ x - b),
    A=lambda A, x, b: columns(A @ x - b, x) / norm(A @ x - b),
    b=lambda A, x, b: -(A @ x - b) / norm(A @ x - b),
)
_add(
    "||A-UV||^2/2 + ||U||^2/2",
    "A: input[m, n]; U: param[m, p]; V: param[p, n]; f = norm(A - U @ V)**2/2 + norm(U)**2/2",
    "Magnus-Neudecker 17",
    lambda A, U, V: ((A - U @ V) ** 2).sum() / 2 + (U**2).sum() / 2,
    U=lambda A, U, V: -(A - U @ V) @ V.T + U,
    V=lambda A, U, V: -U.T @ (A - U @ V),
)
_add(
    "||AX-B||_F",
    "A: input[m, n]; X: param[n, p]; B: input[m, p]; f = norm(A @ X - B)",
    "Cookbook 119",
    lambda A, X, B: norm(A @ X - B),
    X=lambda A, X, B: A.T @ (A @ X - B) / norm(A @ X - B),
)
_add(
    "sum |x|^3",
    "x: param[n]; f = sum(abs(x)**3)",
    "Cookbook 10.3",
    lambda x: (abs(x) ** 3).sum(),
    x=lambda x: 3 * np.sign(x) * x**2,
)
_add(
    "(sum x^3)^(1/3), 3-norm of positive entries",
    "x: param[n]; f = sum(x**3)**(1/3)",
    "Cookbook 10.3",
    lambda x: (x**3).sum() ** (1 / 3),
    "positive",
    x=lambda x: x**2 * (x**3).sum() ** (-2 / 3),
)
_add(
    "sum |Ax-b|",
    "A: input[m, n]; x: param[n]; b: input[m]; f = sum(abs(A @ x - b))",
    "Boyd-Vandenberghe 6.1",
    lambda A, x, b: abs(A @ x - b).sum(),
    x=lambda A, x, b: A.T @ np.sign(A @ x - b),
)
_add(
    "x'Ax/x'x, Rayleigh quotient",
    "x: param[n]; A: input[n, n]; f = (x @ A @ x)/(x @ x)",
    "Magnus-Neudecker 9",
    lambda x, A: (x @ A @ x) / (x @ x),
    "spd",
    x=lambda x, A: 2 * (A @ x - (x @ A @ x) / (x @ x) * x) / (x @ x),
)
_add(
    "x'Ax/x'Bx, generalised Rayleigh quotient",
    "x: param[n]; A: param[n, n]; B: param[n, n]; f = (x @ A @ x)/(x @ B @ x)",
    "Magnus-Neudecker 9",
    lambda x, A, B: (x @ A @ x) / (x @ B @ x),
    "wellconditioned",
    x=lambda x, A, B: (A + A.T) @ x / (x @ B @ x) - (x @ A @ x) / (x @ B @ x) ** 2 * (B + B.T) @ x,
    A=lambda x, A, B: columns(x, x) / (x @ B @ x),
    B=lambda x, A, B: -(x @ A @ x) / (x @ B @ x) ** 2 * columns(x, x),
)
_add(
    "cosine similarity",
    "u: param[n]; v: param[n]; f = (u @ v)/(norm(u)*norm(v))",
    "Cookbook 130",
    lambda u, v: (u @ v) / (norm(u) * norm(v)),
    u=lambda u, v: v / (norm(u) * norm(v)) - (u @ v) * u / (norm(u) ** 3 * norm(v)),
    v=lambda u, v: u / (norm(u) * norm(v)) - (u @ v) * v / (norm(u) * norm(v) ** 3),
)
_add(
    "x'x/y, quadratic over linear",
    "x: param[n]; y: param; f = x @ x/y",
    "Boyd-Vandenberghe 3.1.5",
    lambda x, y: x @ x / y,
    "positive",
    x=lambda x, y: 2 * x / y,
    y=lambda x, y: -x @ x / y**2,
)

# Hadamard products, outer products, diagonals -----------------------------------------------------

_add(
    "sum(A o X)",
    "A: input[m, n]; X: param[m, n]; f = sum(A*X)",
    "Magnus-Neudecker 9",
    lambda A, X: (A * X).sum(),
    X=lambda A, X: A,
)
_add(
    "dot(A, X) of matrices",
    "A: param[m, n]; X: param[m, n]; f = dot(A, X @ eye(n))",
    "Giles, inner product of matrices",
    lambda A, X: (A * X).sum(),
    A=lambda A, X: X,
    X=lambda A, X: A,
)
_add(
    "sum(A o X o X)",
    "A: input[m, n]; X: param[m, n]; f = sum(A*X*X)",
    "Magnus-Neudecker 9",
    lambda A, X: (A * X * X).sum(),
    X=lambda A, X: 2 * A * X,
)
_add(
    "a'(B o X)c",
    "a: input[m]; B: input[m, n]; X: param[m, n]; c: input[n]; f = a @ (B*X) @ c",
    "Magnus-Neudecker 9",
    lambda a, B, X, c: a @ (B * X) @ c,
    X=lambda a, B, X, c: B * columns(a, c),
    a=lambda a, B, X, c: (B * X) @ c,
)
_add(
    "tr(A(X o X))",
    "A: input[n, m]; X: param[m, n]; f = trace(A @ X**2)",
    "Magnus-Neudecker 9",
    lambda A, X: tr(A @ (X * X)),
    X=lambda A, X: 2 * A.T * X,
)
_add(
    "(x o a)'B(x o c)",
    "x: param[n]; a: input[n]; B: input[n, n]; c: input[n]; f = (x*a) @ B @ (x*c)",
    "Magnus-Neudecker 9",
    lambda x, a, B, c: (x * a) @ B @ (x * c),
    x=lambda x, a, B, c: a * (B @ (x * c)) + c * (B.T @ (x * a)),
)
_add(
    "||W o (X - UV)||^2/2, weighted factorisation",
    "W: input[m, n]; X: input[m, n]; U: param[m, p]; V: param[p, n]\nf = sum((W*(X - U @ V))**2)/2",
    "Magnus-Neudecker 9",
    lambda W, X, U, V: ((W * (X - U @ V)) ** 2).sum() / 2,
    U=lambda W, X, U, V: -(W**2 * (X - U @ V)) @ V.T,
    V=lambda W, X, U, V: -U.T @ (W**2 * (X - U @ V)),
)
_add(
    "sum(A/X)",
    "A: param[m, n]; X: param[m, n]; f = sum(A/X)",
    "Magnus-Neudecker 9",
    lambda A, X: (A / X).sum(),
    "positive",
    A=lambda A, X: 1 / X,
    X=lambda A, X: -A / X**2,
)
_add(
    "sum(X**Y)",
    "X: param[m, n]; Y: param[m, n]; f = sum(X**Y)",
    "elementwise",
    lambda X, Y: (X**Y).sum(),
    "positive",
    X=lambda X, Y: Y * X ** (Y - 1),
    Y=lambda X, Y: X**Y * np.log(X),
)
_add(
    "a'outer(u, v)b",
    "a: input[m]; u: param[m]; v: param[n]; b: input[n]; f = a @ outer(u, v) @ b",
    "Cookbook 70",
    lambda a, u, v, b: (a @ u) * (v @ b),
    u=lambda a, u, v, b: (v @ b) * a,
    v=lambda a, u, v, b: (a @ u) * b,
)
_add(
    "||M-uv'||^2/2, rank one",
    "M: input[m, n]; u: param[m]; v: param[n]; f = sum((M - outer(u, v))**2)/2",
    "Magnus-Neudecker 17",
    lambda M, u, v: ((M - columns(u, v)) ** 2).sum() / 2,
    u=lambda M, u, v: -(M - columns(u, v)) @ v,
    v=lambda M, u, v: -(M - columns(u, v)).T @ u,
    M=lambda M, u, v: M - columns(u, v),
)
_add(
    "tr(outer(u, v))",
    "u: param[n]; v: param[n]; f = trace(outer(u, v))",
    "Cookbook 99",
    lambda u, v: u @ v,
    u=lambda u, v: v,
    v=lambda u, v: u,
)
_add(
    "u[:, None]*v, outer by broadcasting",
    "A: input[m, n]; u: param[m]; v: param[n]; f = sum(A*(u[:, None]*v))",
    "Cookbook 70",
    lambda A, u, v: u @ A @ v,
    u=lambda A, u, v: A @ v,
    v=lambda A, u, v: A.T @ u,
)
_add(
    "a'diag(x)b",
    "a: input[n]; x: param[n]; b: input[n]; f = a @ diag(x) @ b",
    "Cookbook 2.8.3",
    lambda a, x, b: (a * x * b).sum(),
    x=lambda a, x, b: a * b,
    a=lambda a, x, b: x * b,
)
_add(
    "tr(A diag(x))",
    "A: param[n, n]; x: param[n]; f = trace(A @ diag(x))",
    "Cookbook 2.8.3",
    lambda A, x: np.diag(A) @ x,
    x=lambda A, x: np.diag(A),
    A=lambda A, x: np.diag(x),
)
_add(
    "a'diag(X), diagonal of a matrix",
    "a: input[n]; X: param[n, n]; f = a @ diag(X)",
    "Magnus-Neudecker 9",
    lambda a, X: a @ np.diag(X),
    X=lambda a, X: np.diag(a),
)
_add(
    "||diag(X)||^2",
    "X: param[n, n]; f = norm(diag(X))**2",
    "Magnus-Neudecker 9",
    lambda X: (np.diag(X) ** 2).sum(),
    X=lambda X: 2 * np.diag(np.diag(X)),
)
_add(
    "sum of squares off the diagonal",
    "X: param[n, n]; f = sum((X - diag(diag(X)))**2)/2",
    "Magnus-Neudecker 9",
    lambda X: ((X**2).sum() - (np.diag(X) ** 2).sum()) / 2,
    X=lambda X: X - np.diag(np.diag(X)),
)
_add(
    "tr(diag(u) A diag(v) B)",
    "u: param[m]; A: param[m, n]; v: param[n]; B: input[n, m]\n"
    "f = trace(diag(u) @ A @ diag(v) @ B)",
    "Magnus-Neudecker 9",
    lambda u, A, v, B: u @ (A * B.T) @ v,
    u=lambda u, A, v, B: (A * B.T) @ v,
    v=lambda u, A, v, B: (A * B.T).T @ u,
    A=lambda u, A, v, B: columns(u, v) * B.T,
)
_add(
    "x'diag(Ax)x",
    "x: param[n]; A: param[n, n]; f = x @ diag(A @ x) @ x",
    "Magnus-Neudecker 9",
    lambda x, A: (x**2) @ A @ x,
    x=lambda x, A: 2 * x * (A @ x) + A.T @ x**2,
    A=lambda x, A: columns(x**2, x),
)

# Elementwise functions ----------------------------------------------------------------------------


def _elementwise(name: str, call: str, g: Callable, slope: Callable, domain: str = "") -> None:
    """v'g(Wx + b), with the partials of backpropagation."""
    _add(
        f"v'{name}(Wx+b)",
        f"v: param[m]; W: param[m, n]; x: input[n]; b: param[m]\nu = W @ x + b\nf = v @ ({call})",
        "backpropagation of a layer",
        lambda v, W, x, b: v @ g(W @ x + b),
        domain,
        v=lambda v, W, x, b: g(W @ x + b),
        W=lambda v, W, x, b: columns(v * slope(W @ x + b), x),
        b=lambda v, W, x, b: v * slope(W @ x + b),
        x=lambda v, W, x, b: W.T @ (v * slope(W @ x + b)),
    )


_elementwise("tanh", "tanh(u)", np.tanh, lambda u: 1 / np.cosh(u) ** 2)
_elementwise("sigma", "sigma(u)", sigma, lambda u: sigma(u) * sigma(-u))
_elementwise("softplus", "softplus(u)", lambda u: np.logaddexp(0, u), sigma)
_elementwise("relu", "relu(u)", lambda u: np.maximum(u, 0), lambda u: 1.0 * (u > 0))
_elementwise(
    "gelu",
    "gelu(u)",
    lambda u: u * gauss_cdf(u),
    lambda u: gauss_cdf(u) + u * gauss_pdf(u),
)
_elementwise(
    "silu",
    "silu(u)",
    lambda u: u * sigma(u),
    lambda u: sigma(u) * (1 + u * sigma(-u)),
)
_elementwise("sin", "sin(u)", np.sin, np.cos)
_elementwise("cos", "cos(u)", np.cos, lambda u: -np.sin(u))
_elementwise("exp", "exp(u)", np.exp, np.exp)
_elementwise("square", "u**2", np.square, lambda u: 2 * u)
_elementwise("cube", "u**3", lambda u: u**3, lambda u: 3 * u**2)
_elementwise("abs", "abs(u)", np.abs, np.sign)
_elementwise("atan", "atan(u)", np.arctan, lambda u: 1 / (1 + u**2))
_elementwise(
    "asinh",
    "asinh(u)",
    np.arcsinh,
    lambda u: 1 / np.sqrt(1 + u**2),
)
_elementwise("logsigmoid", "logsigmoid(u)", lambda u: -np.logaddexp(0, -u), lambda u: sigma(-u))
_elementwise("log", "log(u)", np.log, lambda u: 1 / u, "positive")
_elementwise("sqrt", "sqrt(u)", np.sqrt, lambda u: 1 / (2 * np.sqrt(u)), "positive")
_elementwise("reciprocal", "1/u", lambda u: 1 / u, lambda u: -1 / u**2, "positive")
_elementwise("log1p", "log1p(u)", np.log1p, lambda u: 1 / (1 + u), "positive")
_elementwise(
    "leaky",
    "where(u > 0, u, u/10)",
    lambda u: np.where(u > 0, u, u / 10),
    lambda u: np.where(u > 0, 1.0, 0.1),
)

_add(
    "sum(exp(AX))",
    "A: input[m, n]; X: param[n, p]; f = sum(exp(A @ X))",
    "elementwise",
    lambda A, X: np.exp(A @ X).sum(),
    X=lambda A, X: A.T @ np.exp(A @ X),
)
_add(
    "sum(log(X))",
    "X: param[m, n]; f = sum(log(X))",
    "elementwise",
    lambda X: np.log(X).sum(),
    "positive",
    X=lambda X: 1 / X,
)
_add(
    "sum(X log X)",
    "X: param[m, n]; f = sum(X*log(X))",
    "elementwise",
    lambda X: (X * np.log(X)).sum(),
    "positive",
    X=lambda X: np.log(X) + 1,
)
_add(
    "sum(hypot(X, Y))",
    "X: param[m, n]; Y: param[m, n]; f = sum(hypot(X, Y))",
    "elementwise",
    lambda X, Y: np.hypot(X, Y).sum(),
    X=lambda X, Y: X / np.hypot(X, Y),
    Y=lambda X, Y: Y / np.hypot(X, Y),
)
_add(
    "tr(A'tanh(X)) with a function of a transpose",
    "A: input[n, m]; X: param[m, n]; f = sum(A*tanh(X.T))",
    "elementwise",
    lambda A, X: (A * np.tanh(X.T)).sum(),
    X=lambda A, X: A.T / np.cosh(X) ** 2,
)
_add(
    "c'max(x, y) and min, elementwise",
    "c: input[n]; x: param[n]; y: param[n]; f = c @ max(x, y) - 2*(c @ min(x, y))",
    "elementwise",
    lambda c, x, y: c @ np.maximum(x, y) - 2 * c @ np.minimum(x, y),
    x=lambda c, x, y: c * (x > y) - 2 * c * (x < y),
    y=lambda c, x, y: c * (y > x) - 2 * c * (y < x),
)
_add(
    "geometric mean",
    "x: param[n]; f = exp(mean(log(x)))",
    "Boyd-Vandenberghe 3.1.5",
    lambda x: np.exp(np.log(x).mean()),
    "positive",
    x=lambda x: np.exp(np.log(x).mean()) / (3 * x),
)
_add(
    "harmonic mean",
    "x: param[n]; f = n/sum(1/x)",
    "Boyd-Vandenberghe 3.1.5",
    lambda x: 3 / (1 / x).sum(),
    "positive",
    x=lambda x: 3 / (1 / x).sum() ** 2 / x**2,
)
_add(
    "-sum log(b-Ax), logarithmic barrier",
    "A: param[m, n]; x: param[n]; b: input[m]; f = -sum(log(b - A @ x))",
    "Boyd-Vandenberghe 11.2",
    lambda A, x, b: -np.log(b - A @ x).sum(),
    given={"b": np.array([9.0, 10.0, 11.0, 12.0])},
    x=lambda A, x, b: A.T @ (1 / (b - A @ x)),
    A=lambda A, x, b: columns(1 / (b - A @ x), x),
)

# Joins and parts ----------------------------------------------------------------------------------

_add(
    "c'concat(x, y)",
    "c: param[7]; x: param[4]; y: param[3]; f = c @ concat(x, y)",
    "partitioned",
    lambda c, x, y: c[:4] @ x + c[4:] @ y,
    x=lambda c, x, y: c[:4],
    y=lambda c, x, y: c[4:],
    c=lambda c, x, y: np.concatenate([x, y]),
)
_add(
    "||W concat(x, h)||^2/2",
    "W: param[2, 7]; x: param[4]; h: param[3]; z = W @ concat(x, h); f = z @ z/2",
    "partitioned",
    lambda W, x, h: ((W @ np.concatenate([x, h])) ** 2).sum() / 2,
    W=lambda W, x, h: columns(W @ np.concatenate([x, h]), np.concatenate([x, h])),
    x=lambda W, x, h: (W.T @ W @ np.concatenate([x, h]))[:4],
    h=lambda W, x, h: (W.T @ W @ np.concatenate([x, h]))[4:],
)
_add(
    "sum(C o concat(X, Y, Z)), rows",
    "C: input[9, 3]; X: param[4, 3]; Y: param[3, 3]; Z: param[2, 3]\nf = sum(C*concat(X, Y, Z))",
    "partitioned",
    lambda C, X, Y, Z: (C * np.concatenate([X, Y, Z])).sum(),
    X=lambda C, X, Y, Z: C[:4],
    Y=lambda C, X, Y, Z: C[4:7],
    Z=lambda C, X, Y, Z: C[7:],
)
_add(
    "tr(C concat(X, Y, axis=1)), columns",
    "C: input[5, 4]; X: param[4, 3]; Y: param[4, 2]; f = trace(C @ concat(X, Y, axis=1))",
    "partitioned",
    lambda C, X, Y: tr(C @ np.hstack([X, Y])),
    X=lambda C, X, Y: C.T[:, :3],
    Y=lambda C, X, Y: C.T[:, 3:],
)
_add(
    "parts of a vector",
    "x: param[5]; a: input[3]; f = a @ x[1:4] + x[0]*x[-1]",
    "partitioned",
    lambda x, a: a @ x[1:4] + x[0] * x[4],
    x=lambda x, a: np.concatenate([[x[4]], a, [x[0]]]),
)
_add(
    "overlapping parts, sum of squared differences",
    "x: param[q]; f = sum((x[1:5] - x[0:4])**2)/2",
    "Boyd-Vandenberghe 6.3",
    lambda x: (np.diff(x) ** 2).sum() / 2,
    x=lambda x: np.concatenate([[0], np.diff(x)]) - np.concatenate([np.diff(x), [0]]),
)
_add(
    "a row and an entry of a matrix",
    "A: param[m, n]; b: input[n]; f = A[0] @ b + A[1, 2]**2",
    "Cookbook 73",
    lambda A, b: A[0] @ b + A[1, 2] ** 2,
    A=lambda A, b: columns(one_hot(0, 4), b) + 2 * A[1, 2] * columns(one_hot(1, 4), one_hot(2, 3)),
)
_add(
    "a column of a matrix",
    "A: param[m, n]; b: input[m]; f = b @ A[:, 1]",
    "Cookbook 73",
    lambda A, b: b @ A[:, 1],
    A=lambda A, b: columns(b, one_hot(1, 3)),
)
_add(
    "columns of a matrix",
    "A: param[4, 3]; B: input[4, 2]; f = sum(B*exp(A[:, 0:2]))",
    "partitioned",
    lambda A, B: (B * np.exp(A[:, :2])).sum(),
    A=lambda A, B: np.hstack([B * np.exp(A[:, :2]), np.zeros((4, 1))]),
)
_add(
    "(X'BX) entry",
    "X: param[m, n]; B: input[m, m]; f = (X.T @ B @ X)[0, 2]",
    "Cookbook 79",
    lambda X, B: (X.T @ B @ X)[0, 2],
    X=lambda X, B: columns(B @ X[:, 2], one_hot(0, 3)) + columns(B.T @ X[:, 0], one_hot(2, 3)),
)
_add(
    "inverse entry",
    "X: param[n, n]; f = inv(X)[2, 0]",
    "Cookbook 60",
    lambda X: inv(X)[2, 0],
    "wellconditioned",
    X=lambda X: -columns(inv(X)[2], inv(X)[:, 0]),
)

# Broadcasting, sums and means along axes ----------------------------------------------------------

_add(
    "sum((X+b)^2 o C), b to every row",
    "X: param[m, n]; b: param[n]; C: input[m, n]; f = sum((X + b)**2*C)/2",
    "broadcasting",
    lambda X, b, C: ((X + b) ** 2 * C).sum() / 2,
    X=lambda X, b, C: (X + b) * C,
    b=lambda X, b, C: ((X + b) * C).sum(axis=0),
)
_add(
    "sum(tanh(X+b[:, None]) o C), b to every column",
    "X: param[m, n]; b: param[m]; C: input[m, n]; f = sum(tanh(X + b[:, None])*C)",
    "broadcasting",
    lambda X, b, C: (np.tanh(X + b[:, None]) * C).sum(),
    X=lambda X, b, C: C / np.cosh(X + b[:, None]) ** 2,
    b=lambda X, b, C: (C / np.cosh(X + b[:, None]) ** 2).sum(axis=1),
)
_add(
    "(c+x)'A(x-c), a number to a vector",
    "c: param; x: param[n]; A: input[n, n]; f = (c + x) @ A @ (x - c)",
    "broadcasting",
    lambda c, x, A: (c + x) @ A @ (x - c),
    c=lambda c, x, A: (A @ (x - c)).sum() - (A.T @ (x + c)).sum(),
    x=lambda c, x, A: A @ (x - c) + A.T @ (x + c),
)
_add(
    "a matrix with one column stretches",
    "X: param[m, 1]; Y: param[m, n]; C: input[m, n]; f = sum(C*X*Y)",
    "broadcasting",
    lambda X, Y, C: (C * X * Y).sum(),
    X=lambda X, Y, C: (C * Y).sum(axis=1, keepdims=True),
    Y=lambda X, Y, C: C * X,
)
_add(
    "a row and a column stretch",
    "X: param[m, 1]; Y: param[1, n]; C: input[m, n]; f = sum(C*exp(X - Y))",
    "broadcasting",
    lambda X, Y, C: (C * np.exp(X - Y)).sum(),
    X=lambda X, Y, C: (C * np.exp(X - Y)).sum(axis=1, keepdims=True),
    Y=lambda X, Y, C: -(C * np.exp(X - Y)).sum(axis=0, keepdims=True),
)
_add(
    "rows divided by their scale",
    "X: param[m, n]; s: param[m]; C: input[m, n]; f = sum(C*X/s[:, None])",
    "broadcasting",
    lambda X, s, C: (C * X / s[:, None]).sum(),
    "positive",
    X=lambda X, s, C: C / s[:, None],
    s=lambda X, s, C: -(C * X).sum(axis=1) / s**2,
)
_add(
    "||X'1||^2/2, sums of columns",
    "X: param[m, n]; s = sum(X, axis=0); f = s @ s/2",
    "Cookbook 116",
    lambda X: (X.sum(axis=0) ** 2).sum() / 2,
    X=lambda X: np.ones((4, 1)) * X.sum(axis=0),
)
_add(
    "c'(X1), sums of rows",
    "c: input[m]; X: param[m, n]; f = c @ sum(X, axis=1)**2",
    "Cookbook 116",
    lambda c, X: c @ X.sum(axis=1) ** 2,
    X=lambda c, X: np.outer(2 * c * X.sum(axis=1), np.ones(3)),
)
_add(
    "mean(X)",
    "X: param[m, n]; f = mean(X)",
    "Magnus-Neudecker 9",
    lambda X: X.mean(),
    X=lambda X: np.full((4, 3), 1 / 12),
)
_add(
    "c'mean(X, axis=0) and d'mean(X, axis=1)",
    "X: param[m, n]; c: input[n]; d: input[m]; f = c @ mean(X, axis=0) + d @ mean(X, axis=1)",
    "Magnus-Neudecker 9",
    lambda X, c, d: c @ X.mean(axis=0) + d @ X.mean(axis=1),
    X=lambda X, c, d: c / 4 + d[:, None] / 3,
)
_add(
    "variance",
    "x: param[n]; f = mean((x - mean(x))**2)",
    "Magnus-Neudecker 9",
    lambda x: x.var(),
    x=lambda x: 2 * (x - x.mean()) / 3,
)
_add(
    "total variance of columns, centring matrix",
    "X: param[m, n]; f = sum((X - mean(X, axis=0))**2)/2",
    "Magnus-Neudecker 9",
    lambda X: ((X - X.mean(axis=0)) ** 2).sum() / 2,
    X=lambda X: X - X.mean(axis=0),
)
_add(
    "covariance matrix against C",
    "X: param[m, n]; C: input[n, n]; Z = X - mean(X, axis=0); f = trace(C.T @ (Z.T @ Z)/m)",
    "Cookbook 117",
    lambda X, C: tr(C.T @ np.cov(X.T, bias=True)),
    X=lambda X, C: (X - X.mean(axis=0)) @ (C + C.T) / 4,
)
_add(
    "max of a vector",
    "x: param[n]; f = max(x)**2",
    "Boyd-Vandenberghe 3.1.5",
    lambda x: x.max() ** 2,
    x=lambda x: 2 * x.max() * (x == x.max()),
)
_add(
    "min of a matrix",
    "X: param[m, n]; f = exp(min(X))",
    "Boyd-Vandenberghe 3.1.5",
    lambda X: np.exp(X.min()),
    X=lambda X: np.exp(X.min()) * np.equal(X, X.min()),
)
_add(
    "max of every row",
    "X: param[m, n]; c: input[m]; f = c @ max(X, axis=1)",
    "Boyd-Vandenberghe 3.1.5",
    lambda X, c: c @ X.max(axis=1),
    X=lambda X, c: c[:, None] * np.equal(X, X.max(axis=1, keepdims=True)),
)
_add(
    "min of every column",
    "X: param[m, n]; c: param[n]; f = c @ min(X, axis=0)",
    "Boyd-Vandenberghe 3.1.5",
    lambda X, c: c @ X.min(axis=0),
    X=lambda X, c: c * np.equal(X, X.min(axis=0)),
    c=lambda X, c: X.min(axis=0),
)
_add(
    "max(Ax+b), piecewise linear",
    "A: param[m, n]; x: param[n]; b: param[m]; f = max(A @ x + b)",
    "Boyd-Vandenberghe 3.2.3",
    lambda A, x, b: (A @ x + b).max(),
    x=lambda A, x, b: A[np.argmax(A @ x + b)],
    b=lambda A, x, b: one_hot(np.argmax(A @ x + b), 4),
    A=lambda A, x, b: columns(one_hot(np.argmax(A @ x + b), 4), x),
)
_add(
    "sums of squared distances to a point",
    "X: input[m, n]; c: param[n]; f = sum(sqrt(sum((X - c)**2, axis=1)))",
    "Cookbook 129",
    lambda X, c: np.sqrt(((X - c) ** 2).sum(axis=1)).sum(),
    c=lambda X, c: ((c - X) / norm(X - c, axis=1)[:, None]).sum(axis=0),
    X=lambda X, c: (X - c) / norm(X - c, axis=1)[:, None],
)
_add(
    "size as a number",
    "x: param[n]; f = x @ x/(2*sqrt(n))",
    "Cookbook 131",
    lambda x: x @ x / (2 * np.sqrt(3)),
    x=lambda x: x / np.sqrt(3),
)

# log sum exp, softmax, cross-entropy --------------------------------------------------------------

_add(
    "log sum exp v",
    "v: param[n]; f = log(sum(exp(v)))",
    "Boyd-Vandenberghe 3.1.5",
    lambda v: lse(v),
    v=lambda v: softmax(v),
)
_add(
    "logsumexp(v)",
    "v: param[n]; f = logsumexp(v)",
    "Boyd-Vandenberghe 3.1.5",
    lambda v: lse(v),
    v=lambda v: softmax(v),
)
_add(
    "logsumexp(Ax+b)",
    "A: param[m, n]; x: param[n]; b: param[m]; f = logsumexp(A @ x + b)",
    "Boyd-Vandenberghe A.4.2",
    lambda A, x, b: lse(A @ x + b),
    x=lambda A, x, b: A.T @ softmax(A @ x + b),
    A=lambda A, x, b: columns(softmax(A @ x + b), x),
    b=lambda A, x, b: softmax(A @ x + b),
)
_add(
    "c'softmax(z)",
    "c: param[m]; z: param[m]; f = c @ softmax(z)",
    "Goodfellow 6.2.2",
    lambda c, z: c @ softmax(z),
    z=lambda c, z: softmax(z) * (c - c @ softmax(z)),
    c=lambda c, z: softmax(z),
)
_add(
    "c'log_softmax(z)",
    "c: param[m]; z: param[m]; f = c @ log_softmax(z)",
    "Goodfellow 6.2.2",
    lambda c, z: c @ (z - lse(z)),
    z=lambda c, z: c - c.sum() * softmax(z),
    c=lambda c, z: z - lse(z),
)
_add(
    "||softmax(z)||^2",
    "z: param[m]; s = softmax(z); f = s @ s",
    "Goodfellow 6.2.2",
    lambda z: (softmax(z) ** 2).sum(),
    z=lambda z: 2 * softmax(z) * (softmax(z) - (softmax(z) ** 2).sum()),
)
_add(
    "entropy of softmax(z)",
    "z: param[m]; f = -dot(softmax(z), log_softmax(z))",
    "Goodfellow 3.13",
    lambda z: -softmax(z) @ (z - lse(z)),
    z=lambda z: -softmax(z) * ((z - lse(z)) - softmax(z) @ (z - lse(z))),
)
_add(
    "KL(softmax(a) || softmax(b))",
    "a: param[m]; b: param[m]; f = softmax(a) @ (log_softmax(a) - log_softmax(b))",
    "Goodfellow 3.13",
    lambda a, b: softmax(a) @ (a - lse(a) - b + lse(b)),
    a=lambda a, b: softmax(a) * (a - lse(a) - b + lse(b) - softmax(a) @ (a - lse(a) - b + lse(b))),
    b=lambda a, b: softmax(b) - softmax(a),
)
_add(
    "tr(C'softmax(X)), rows",
    "C: input[m, n]; X: param[m, n]; f = sum(C*softmax(X))",
    "Goodfellow 6.2.2",
    lambda C, X: (C * softmax(X)).sum(),
    X=lambda C, X: softmax(X) * (C - (C * softmax(X)).sum(axis=1, keepdims=True)),
)
_add(
    "tr(C'log_softmax(X)), rows",
    "C: input[m, n]; X: param[m, n]; f = sum(C*log_softmax(X))",
    "Goodfellow 6.2.2",
    lambda C, X: (C * (X - lse(X)[:, None])).sum(),
    X=lambda C, X: C - C.sum(axis=1, keepdims=True) * softmax(X),
)
_add(
    "c'logsumexp(X), rows",
    "c: input[m]; X: param[m, n]; f = c @ logsumexp(X)",
    "Boyd-Vandenberghe 3.1.5",
    lambda c, X: c @ lse(X),
    X=lambda c, X: c[:, None] * softmax(X),
)
_add(
    "c'softmax(X')d, columns",
    "c: input[n]; X: param[m, n]; d: input[m]; f = c @ softmax(X.T) @ d",
    "Goodfellow 6.2.2",
    lambda c, X, d: c @ softmax(X.T) @ d,
    X=lambda c, X, d: (
        (softmax(X.T) * (columns(c, d) - (columns(c, d) * softmax(X.T)).sum(axis=1)[:, None])).T
    ),
)
_add(
    "cross_entropy(Wx+b, t), one-hot t",
    "x: input[n]; t: target[m]; W: param[m, n]; b: param[m]\n"
    "z: output = W @ x + b\n"
    "f: loss = cross_entropy(z, t)",
    "Goodfellow 6.2.2",
    lambda x, t, W, b: lse(W @ x + b) - t @ (W @ x + b),
    given={"t": one_hot(2, 4)},
    W=lambda x, t, W, b: columns(softmax(W @ x + b) - t, x),
    b=lambda x, t, W, b: softmax(W @ x + b) - t,
)
_add(
    "cross_entropy(Wx+b, t), t a distribution",
    "x: input[n]; t: target[m]; W: param[m, n]; b: param[m]\n"
    "z: output = W @ x + b\n"
    "f: loss = cross_entropy(z, t)",
    "Goodfellow 6.2.2",
    lambda x, t, W, b: lse(W @ x + b) - t @ (W @ x + b),
    given={"t": np.array([0.1, 0.2, 0.3, 0.4])},
    W=lambda x, t, W, b: columns(softmax(W @ x + b) - t, x),
    b=lambda x, t, W, b: softmax(W @ x + b) - t,
)
_add(
    "cross_entropy(Wx, t), t the index of a class",
    "x: input[n]; t: target; W: param[m, n]\nz: output = W @ x\nf: loss = cross_entropy(z, t)",
    "Goodfellow 6.2.2",
    lambda x, t, W: lse(W @ x) - (W @ x)[int(t)],
    given={"t": 1.0},
    W=lambda x, t, W: columns(softmax(W @ x) - one_hot(1, 4), x),
)
_add(
    "cross-entropy of rows",
    "X: input[m, n]; W: param[n, p]; Y: input[m, p]\nf = -mean(sum(Y*log_softmax(X @ W), axis=1))",
    "Goodfellow 6.2.2",
    lambda X, W, Y: -(Y * (X @ W - lse(X @ W)[:, None])).sum() / 4,
    given={"Y": np.eye(2)[[0, 1, 1, 0]]},
    W=lambda X, W, Y: X.T @ (softmax(X @ W) - Y) / 4,
)
_add(
    "temperature: c'softmax(z/tau)",
    "c: input[m]; z: param[m]; tau: param; f = c @ softmax(z/tau)",
    "Goodfellow 6.2.2",
    lambda c, z, tau: c @ softmax(z / tau),
    "positive",
    z=lambda c, z, tau: softmax(z / tau) * (c - c @ softmax(z / tau)) / tau,
    tau=lambda c, z, tau: -(softmax(z / tau) * (c - c @ softmax(z / tau))) @ z / tau**2,
)


def _attention(C: Array, Q: Array, K: Array, V: Array) -> tuple[Array, Array, Array, Array]:
    """sum(C*(softmax(QK'/sqrt(d))V)) with its gradients for Q, K and V."""
    scale = 1 / math.sqrt(Q.shape[1])
    S = softmax(Q @ K.T * scale)
    S_bar = C @ V.T
    Z_bar = S * (S_bar - (S_bar * S).sum(axis=1, keepdims=True)) * scale
    return (C * (S @ V)).sum(), Z_bar @ K, Z_bar.T @ Q, S.T @ C


_add(
    "attention",
    "C: input[m, p]; Q: param[m, n]; K: param[q, n]; V: param[q, p]\n"
    "S = softmax(Q @ K.T/sqrt(n))\n"
    "f = sum(C*(S @ V))",
    "Vaswani 2017, equation 1",
    lambda C, Q, K, V: _attention(C, Q, K, V)[0],
    Q=lambda C, Q, K, V: _attention(C, Q, K, V)[1],
    K=lambda C, Q, K, V: _attention(C, Q, K, V)[2],
    V=lambda C, Q, K, V: _attention(C, Q, K, V)[3],
    C=lambda C, Q, K, V: softmax(Q @ K.T / math.sqrt(3)) @ V,
)

# Normalisation ------------------------------------------------------------------------------------

EPS = 1e-5


def _normed(x: Array) -> tuple[Array, Array]:
    """Layer normalisation over the last axis, and the standard deviation it divides by."""
    deviation = np.sqrt(x.var(axis=-1, keepdims=True) + EPS)
    return (x - x.mean(axis=-1, keepdims=True)) / deviation, deviation


def _normed_bar(x: Array, c: Array) -> Array:
    """The gradient of sum(c*layer_norm(x))."""
    y, deviation = _normed(x)
    mean = c.mean(axis=-1, keepdims=True)
    return (c - mean - y * (c * y).mean(axis=-1, keepdims=True)) / deviation


_add(
    "c'layer_norm(x)",
    "c: input[q]; x: param[q]; f = c @ layer_norm(x)",
    "Ba, Kiros and Hinton 2016",
    lambda c, x: c @ _normed(x)[0],
    x=lambda c, x: _normed_bar(x, c),
    c=lambda c, x: _normed(x)[0],
)
_add(
    "c'layer_norm(x, gain, bias)",
    "c: input[q]; x: param[q]; gain: param[q]; bias: param[q]\nf = c @ layer_norm(x, gain, bias)",
    "Ba, Kiros and Hinton 2016",
    lambda c, x, gain, bias: c @ (_normed(x)[0] * gain + bias),
    x=lambda c, x, gain, bias: _normed_bar(x, c * gain),
    gain=lambda c, x, gain, bias: c * _normed(x)[0],
    bias=lambda c, x, gain, bias: c,
)
_add(
    "sum(C o layer_norm(X)), rows",
    "C: input[m, q]; X: param[m, q]; f = sum(C*layer_norm(X))",
    "Ba, Kiros and Hinton 2016",
    lambda C, X: (C * _normed(X)[0]).sum(),
    X=lambda C, X: _normed_bar(X, C),
)
_add(
    "sum(C o layer_norm(X, gain, bias)), rows",
    "C: input[m, q]; X: param[m, q]; gain: param[q]; bias: param[q]\n"
    "f = sum(C*layer_norm(X, gain, bias))",
    "Ba, Kiros and Hinton 2016",
    lambda C, X, gain, bias: (C * (_normed(X)[0] * gain + bias)).sum(),
    X=lambda C, X, gain, bias: _normed_bar(X, C * gain),
    gain=lambda C, X, gain, bias: (C * _normed(X)[0]).sum(axis=0),
    bias=lambda C, X, gain, bias: C.sum(axis=0),
)
_add(
    "standardised by hand",
    "c: input[q]; x: param[q]; u = x - mean(x); f = c @ (u/sqrt(mean(u**2) + 1e-5))",
    "Ba, Kiros and Hinton 2016",
    lambda c, x: c @ _normed(x)[0],
    x=lambda c, x: _normed_bar(x, c),
)
_add(
    "root mean square norm",
    "c: input[q]; x: param[q]; g: param[q]; f = c @ (g*x/sqrt(mean(x**2)))",
    "Zhang and Sennrich 2019",
    lambda c, x, g: c @ (g * x) / np.sqrt((x**2).mean()),
    x=lambda c, x, g: c * g / np.sqrt((x**2).mean()) - x * (c @ (g * x)) / 5 / (x**2).mean() ** 1.5,
    g=lambda c, x, g: c * x / np.sqrt((x**2).mean()),
)
_add(
    "batch norm of columns",
    "C: input[m, n]; X: param[m, n]; Z = X - mean(X, axis=0)\n"
    "f = sum(C*Z/sqrt(mean(Z**2, axis=0) + 1e-5))",
    "Ioffe and Szegedy 2015",
    lambda C, X: (C.T * _normed(X.T)[0]).sum(),
    X=lambda C, X: _normed_bar(X.T, C.T).T,
)

# Regression ---------------------------------------------------------------------------------------

_add(
    "||Xw-y||^2/2, least squares",
    "X: input[m, n]; w: param[n]; y: input[m]; f = norm(X @ w - y)**2/2",
    "Magnus-Neudecker 13",
    lambda X, w, y: ((X @ w - y) ** 2).sum() / 2,
    w=lambda X, w, y: X.T @ X @ w - X.T @ y,
    X=lambda X, w, y: columns(X @ w - y, w),
    y=lambda X, w, y: y - X @ w,
)
_add(
    "||Xw-y||^2 + c||w||^2, ridge",
    "X: input[m, n]; w: param[n]; y: input[m]; c: param; f = norm(X @ w - y)**2 + c*norm(w)**2",
    "Boyd-Vandenberghe 6.3.2",
    lambda X, w, y, c: ((X @ w - y) ** 2).sum() + c * w @ w,
    w=lambda X, w, y, c: 2 * (X.T @ X + c * np.eye(3)) @ w - 2 * X.T @ y,
    c=lambda X, w, y, c: w @ w,
)
_add(
    "ridge solution, c'(X'X+aI)^-1 X'y",
    "X: input[m, n]; y: param[m]; a: param; c: input[n]\n"
    "f = c @ solve(X.T @ X + a*eye(n), X.T @ y)",
    "Cookbook 59",
    lambda X, y, a, c: c @ solve(X.T @ X + a * np.eye(3), X.T @ y),
    "positive",
    y=lambda X, y, a, c: X @ solve(X.T @ X + a * np.eye(3), c),
    a=lambda X, y, a, c: (
        -solve(X.T @ X + a * np.eye(3), c) @ solve(X.T @ X + a * np.eye(3), X.T @ y)
    ),
)
_add(
    "residual sum of squares after projection",
    "X: param[m, n]; y: param[m]; f = y @ y - y @ X @ solve(X.T @ X, X.T @ y)",
    "Magnus-Neudecker 13",
    lambda X, y: y @ y - y @ X @ solve(X.T @ X, X.T @ y),
    y=lambda X, y: 2 * (y - X @ np.linalg.pinv(X) @ y),
    X=lambda X, y: -2 * columns(y - X @ np.linalg.pinv(X) @ y, np.linalg.pinv(X) @ y),
)
_add(
    "(y-Xw)'W(y-Xw), generalised least squares",
    "y: input[m]; X: input[m, n]; w: param[n]; V: param[m, m]\nr = y - X @ w\nf = r @ solve(V, r)",
    "Magnus-Neudecker 13",
    lambda y, X, w, V: (y - X @ w) @ inv(V) @ (y - X @ w),
    "spd",
    w=lambda y, X, w, V: -2 * X.T @ inv(V) @ (y - X @ w),
    V=lambda y, X, w, V: -columns(solve(V, y - X @ w), solve(V, y - X @ w)),
)
_add(
    "sum(c o (Xw-y)^2), weighted least squares",
    "X: input[m, n]; w: param[n]; y: input[m]; c: param[m]; f = sum(c*(X @ w - y)**2)/2",
    "Magnus-Neudecker 13",
    lambda X, w, y, c: (c * (X @ w - y) ** 2).sum() / 2,
    w=lambda X, w, y, c: X.T @ (c * (X @ w - y)),
    c=lambda X, w, y, c: (X @ w - y) ** 2 / 2,
)
_add(
    "||XB-Y||^2/2, several responses",
    "X: input[m, n]; B: param[n, p]; Y: input[m, p]; f = sum((X @ B - Y)**2)/2",
    "Magnus-Neudecker 13",
    lambda X, B, Y: ((X @ B - Y) ** 2).sum() / 2,
    B=lambda X, B, Y: X.T @ (X @ B - Y),
    X=lambda X, B, Y: (X @ B - Y) @ B.T,
)
_add(
    "mse(Wx+b, t)",
    "x: input[n]; t: target[m]; W: param[m, n]; b: param[m]\n"
    "z: output = W @ x + b\n"
    "f: loss = mse(z, t)",
    "Goodfellow 5.1.4",
    lambda x, t, W, b: ((W @ x + b - t) ** 2).mean(),
    W=lambda x, t, W, b: columns(W @ x + b - t, x) / 2,
    b=lambda x, t, W, b: (W @ x + b - t) / 2,
)
_add(
    "mse(sigma(Wv+b), t)",
    "v: input[n]; t: target[m]; W: param[m, n]; b: param[m]\n"
    "y: output = sigma(W @ v + b)\n"
    "f: loss = mse(y, t)",
    "backpropagation of a layer",
    lambda v, t, W, b: ((sigma(W @ v + b) - t) ** 2).mean(),
    W=lambda v, t, W, b: columns(
        (sigma(W @ v + b) - t) * sigma(W @ v + b) * sigma(-W @ v - b) / 2, v
    ),
    b=lambda v, t, W, b: (sigma(W @ v + b) - t) * sigma(W @ v + b) * sigma(-W @ v - b) / 2,
)
_add(
    "mse of matrices",
    "A: param[m, n]; B: param[m, n]; f = mse(A, B)",
    "Cookbook 132",
    lambda A, B: ((A - B) ** 2).mean(),
    A=lambda A, B: (A - B) / 6,
    B=lambda A, B: (B - A) / 6,
)
LABELS = np.array([1.0, -1.0, -1.0, 1.0])
_add(
    "logistic loss, labels 1 and -1",
    "X: input[m, n]; w: param[n]; b: param; y: input[m]; f = sum(log1p(exp(-y*(X @ w + b))))",
    "Boyd-Vandenberghe 7.1.1",
    lambda X, w, b, y: np.logaddexp(0, -y * (X @ w + b)).sum(),
    given={"y": LABELS},
    w=lambda X, w, b, y: -X.T @ (y * sigma(-y * (X @ w + b))),
    b=lambda X, w, b, y: -(y * sigma(-y * (X @ w + b))).sum(),
)
_add(
    "logistic loss, labels 0 and 1",
    "X: input[m, n]; w: param[n]; y: input[m]\n"
    "s = sigma(X @ w)\n"
    "f = -sum(y*log(s) + (1 - y)*log(1 - s))",
    "Bishop 4.3.2",
    lambda X, w, y: (np.logaddexp(0, X @ w) - y * (X @ w)).sum(),
    given={"y": (LABELS + 1) / 2},
    w=lambda X, w, y: X.T @ (sigma(X @ w) - y),
)
_add(
    "logistic loss of one sample",
    "x: input[n]; t: target; w: param[n]; b: param\n"
    "z: output = w @ x + b\n"
    "f: loss = softplus(z) - t*z",
    "Bishop 4.3.2",
    lambda x, t, w, b: np.logaddexp(0, w @ x + b) - t * (w @ x + b),
    given={"t": 1.0},
    w=lambda x, t, w, b: (sigma(w @ x + b) - t) * x,
    b=lambda x, t, w, b: sigma(w @ x + b) - t,
)
_add(
    "Poisson regression",
    "X: input[m, n]; w: param[n]; y: input[m]; f = sum(exp(X @ w) - y*(X @ w))",
    "Boyd-Vandenberghe 7.1.1",
    lambda X, w, y: (np.exp(X @ w) - y * (X @ w)).sum(),
    given={"y": np.array([0.0, 2.0, 1.0, 3.0])},
    w=lambda X, w, y: X.T @ (np.exp(X @ w) - y),
)
_add(
    "hinge loss",
    "X: input[m, n]; w: param[n]; y: input[m]; f = sum(max(0, 1 - y*(X @ w))) + w @ w/2",
    "Boyd-Vandenberghe 8.6.1",
    lambda X, w, y: np.maximum(0, 1 - y * (X @ w)).sum() + w @ w / 2,
    given={"y": LABELS},
    w=lambda X, w, y: -X.T @ (y * (y * (X @ w) < 1)) + w,
)
_add(
    "Huber loss",
    "X: input[m, n]; w: param[n]; y: input[m]\n"
    "r = X @ w - y\n"
    "f = sum(where(abs(r) <= 1, r**2/2, abs(r) - 1/2))",
    "Boyd-Vandenberghe 6.1.2",
    lambda X, w, y: np.where(abs(X @ w - y) <= 1, (X @ w - y) ** 2 / 2, abs(X @ w - y) - 0.5).sum(),
    w=lambda X, w, y: X.T @ np.clip(X @ w - y, -1, 1),
)
_add(
    "probit loss",
    "X: input[m, n]; w: param[n]; y: input[m]; f = -sum(log((1 + erf(y*(X @ w)/sqrt(2)))/2))",
    "Boyd-Vandenberghe 7.1.1",
    lambda X, w, y: -np.log(gauss_cdf(y * (X @ w))).sum(),
    given={"y": LABELS},
    w=lambda X, w, y: -X.T @ (y * gauss_pdf(X @ w) / gauss_cdf(y * (X @ w))),
)

# Likelihoods and information ----------------------------------------------------------------------

_add(
    "-log N(x; mu, S)",
    "x: input[n]; mu: param[n]; S: param[n, n]\n"
    "r = x - mu\n"
    "f = r @ solve(S, r)/2 + logdet(S)/2 + n/2*log(2*pi)",
    "Cookbook 8.1",
    lambda x, mu, S: (x - mu) @ solve(S, x - mu) / 2 + logdet(S) / 2 + 1.5 * np.log(2 * np.pi),
    "spd",
    mu=lambda x, mu, S: -solve(S, x - mu),
    x=lambda x, mu, S: solve(S, x - mu),
    S=lambda x, mu, S: (inv(S) - columns(solve(S, x - mu), solve(S, x - mu))) / 2,
)
_add(
    "-log N(x; mu, P^-1), precision matrix",
    "x: input[n]; mu: param[n]; P: param[n, n]; r = x - mu; f = r @ P @ r/2 - logdet(P)/2",
    "Cookbook 8.1",
    lambda x, mu, P: (x - mu) @ P @ (x - mu) / 2 - logdet(P) / 2,
    "spd",
    mu=lambda x, mu, P: -P @ (x - mu),
    P=lambda x, mu, P: (columns(x - mu, x - mu) - inv(P)) / 2,
)
_add(
    "N(x; mu, S), the density itself",
    "x: input[n]; mu: param[n]; S: param[n, n]\n"
    "r = x - mu\n"
    "f = exp(-(r @ inv(S) @ r)/2)/sqrt(det(2*pi*S))",
    "Cookbook 8.1",
    lambda x, mu, S: np.exp(-(x - mu) @ inv(S) @ (x - mu) / 2) / np.sqrt(det(2 * np.pi * S)),
    "spd",
    mu=lambda x, mu, S: (
        np.exp(-(x - mu) @ inv(S) @ (x - mu) / 2)
        / np.sqrt(det(2 * np.pi * S))
        * (inv(S) @ (x - mu))
    ),
    S=lambda x, mu, S: (
        np.exp(-(x - mu) @ inv(S) @ (x - mu) / 2)
        / np.sqrt(det(2 * np.pi * S))
        * (columns(solve(S, x - mu), solve(S, x - mu)) - inv(S))
        / 2
    ),
)
_add(
    "Gaussian likelihood of the rows of X",
    "X: input[m, n]; mu: param[n]; S: param[n, n]\n"
    "R = X - mu\n"
    "f = trace(R @ inv(S) @ R.T)/2 + m*logdet(S)/2",
    "Magnus-Neudecker 15",
    lambda X, mu, S: tr((X - mu) @ inv(S) @ (X - mu).T) / 2 + 2 * logdet(S),
    "spd",
    mu=lambda X, mu, S: -inv(S) @ (X - mu).sum(axis=0),
    S=lambda X, mu, S: 2 * inv(S) - inv(S) @ (X - mu).T @ (X - mu) @ inv(S) / 2,
)
_add(
    "Gaussian likelihood, diagonal covariance",
    "x: input[n]; mu: param[n]; s: param[n]; f = sum((x - mu)**2*exp(-2*s))/2 + sum(s)",
    "Bishop 5.6",
    lambda x, mu, s: ((x - mu) ** 2 * np.exp(-2 * s)).sum() / 2 + s.sum(),
    mu=lambda x, mu, s: -(x - mu) * np.exp(-2 * s),
    s=lambda x, mu, s: 1 - (x - mu) ** 2 * np.exp(-2 * s),
)
_add(
    "KL of Gaussians",
    "a: param[n]; A: param[n, n]; b: param[n]; B: param[n, n]\n"
    "r = b - a\n"
    "f = (trace(inv(B) @ A) + r @ solve(B, r) - n + logdet(B) - logdet(A))/2",
    "Cookbook 8.1",
    lambda a, A, b, B: (
        (tr(inv(B) @ A) + (b - a) @ inv(B) @ (b - a) - 3 + logdet(B) - logdet(A)) / 2
    ),
    "spd",
    a=lambda a, A, b, B: -inv(B) @ (b - a),
    b=lambda a, A, b, B: inv(B) @ (b - a),
    A=lambda a, A, b, B: (inv(B) - inv(A)) / 2,
    B=lambda a, A, b, B: (inv(B) - inv(B) @ (A + columns(b - a, b - a)) @ inv(B)) / 2,
)
_add(
    "KL of a diagonal Gaussian to the standard one",
    "mu: param[n]; s: param[n]; f = sum(exp(s) + mu**2 - 1 - s)/2",
    "Kingma and Welling 2014, B",
    lambda mu, s: (np.exp(s) + mu**2 - 1 - s).sum() / 2,
    mu=lambda mu, s: mu,
    s=lambda mu, s: (np.exp(s) - 1) / 2,
)
_add(
    "Wishart log density",
    "W: param[n, n]; V: param[n, n]; f = 3*logdet(W)/2 - trace(inv(V) @ W)/2 - 7/2*logdet(V)",
    "Cookbook 7",
    lambda W, V: 1.5 * logdet(W) - tr(inv(V) @ W) / 2 - 3.5 * logdet(V),
    "spd",
    W=lambda W, V: 1.5 * inv(W).T - inv(V).T / 2,
    V=lambda W, V: (inv(V) @ W @ inv(V)).T / 2 - 3.5 * inv(V).T,
)
_add(
    "Student t log density",
    "x: input[n]; mu: param[n]; S: param[n, n]\n"
    "r = x - mu\n"
    "f = (5 + n)/2*log(1 + r @ solve(S, r)/5) + logdet(S)/2",
    "Cookbook 7",
    lambda x, mu, S: 4 * np.log(1 + (x - mu) @ solve(S, x - mu) / 5) + logdet(S) / 2,
    "spd",
    mu=lambda x, mu, S: -8 * solve(S, x - mu) / (5 + (x - mu) @ solve(S, x - mu)),
    S=lambda x, mu, S: (
        inv(S) / 2
        - 4 * columns(solve(S, x - mu), solve(S, x - mu)) / (5 + (x - mu) @ solve(S, x - mu))
    ),
)


def _process(y: Array, K: Array, a: float, b: float) -> tuple[Array, Array]:
    """The covariance of a Gaussian process with noise, and α = C⁻¹y."""
    C = np.exp(a) * K + np.exp(b) * np.eye(len(y))
    return C, solve(C, y)


_add(
    "Gaussian process, marginal likelihood",
    "y: input[m]; K: input[m, m]; a: param; b: param\n"
    "C = exp(a)*K + exp(b)*eye(m)\n"
    "f = y @ solve(C, y)/2 + logdet(C)/2",
    "Rasmussen and Williams 5.9",
    lambda y, K, a, b: y @ _process(y, K, a, b)[1] / 2 + logdet(_process(y, K, a, b)[0]) / 2,
    "spd",
    a=lambda y, K, a, b: (
        np.exp(a)
        / 2
        * (
            tr(inv(_process(y, K, a, b)[0]) @ K)
            - _process(y, K, a, b)[1] @ K @ _process(y, K, a, b)[1]
        )
    ),
    b=lambda y, K, a, b: (
        np.exp(b) / 2 * (tr(inv(_process(y, K, a, b)[0])) - (_process(y, K, a, b)[1] ** 2).sum())
    ),
)


def _parts(s: Array, z: Array, M: Array) -> Array:
    """Log of weight times density of every part of a mixture of unit Gaussians."""
    return z - lse(z) - ((s - M) ** 2).sum(axis=1) / 2


_add(
    "mixture of Gaussians",
    "s: input[n]; z: param[m]; M: param[m, n]\n"
    "f = -logsumexp(log_softmax(z) - sum((s - M)**2, axis=1)/2)",
    "Cookbook 8.3",
    lambda s, z, M: -lse(_parts(s, z, M)),
    z=lambda s, z, M: softmax(z) - softmax(_parts(s, z, M)),
    M=lambda s, z, M: -softmax(_parts(s, z, M))[:, None] * (s - M),
)
_add(
    "graphical lasso objective, smooth part",
    "S: input[n, n]; P: param[n, n]; f = trace(S @ P) - logdet(P)",
    "Boyd-Vandenberghe 7.1.1",
    lambda S, P: tr(S @ P) - logdet(P),
    "wellconditioned",
    P=lambda S, P: S.T - inv(P).T,
)
_add(
    "linear discriminant, tr((W'BW)/(W'SW))",
    "W: param[m, p]; B: input[m, m]; S: input[m, m]\nf = trace(solve(W.T @ S @ W, W.T @ B @ W))",
    "Cookbook 126",
    lambda W, B, S: tr(solve(W.T @ S @ W, W.T @ B @ W)),
    "spd",
    W=lambda W, B, S: (
        -2 * S @ W @ inv(W.T @ S @ W) @ W.T @ B @ W @ inv(W.T @ S @ W)
        + 2 * B @ W @ inv(W.T @ S @ W)
    ),
)
_add(
    "independent components, log |det W| and log cosh",
    "x: input[n]; W: param[n, n]; f = sum(log(cosh(W @ x))) - logdet(W)",
    "Cookbook 57",
    lambda x, W: np.log(np.cosh(W @ x)).sum() - logdet(W),
    "wellconditioned",
    W=lambda x, W: columns(np.tanh(W @ x), x) - inv(W).T,
)

# Networks -----------------------------------------------------------------------------------------


def _two_layers(x: Array, t: Array, A: Array, a: Array, B: Array, b: Array) -> dict[str, Array]:
    """Cross-entropy of two layers with its gradients, by the published recursion."""
    h = np.tanh(A @ x + a)
    z = B @ h + b
    z_bar = softmax(z) - t
    u_bar = (B.T @ z_bar) * (1 - h**2)
    return {
        "f": lse(z) - t @ z,
        "A": columns(u_bar, x),
        "a": u_bar,
        "B": columns(z_bar, h),
        "b": z_bar,
    }


_add(
    "two layers with cross-entropy",
    "x: input[n]; t: target[m]; A: param[q, n]; a: param[q]; B: param[m, q]; b: param[m]\n"
    "h = tanh(A @ x + a)\n"
    "z: output = B @ h + b\n"
    "f: loss = cross_entropy(z, t)",
    "Goodfellow 6.5",
    lambda **leaves: _two_layers(**leaves)["f"],
    given={"t": one_hot(3, 4)},
    A=lambda **leaves: _two_layers(**leaves)["A"],
    a=lambda **leaves: _two_layers(**leaves)["a"],
    B=lambda **leaves: _two_layers(**leaves)["B"],
    b=lambda **leaves: _two_layers(**leaves)["b"],
)
_add(
    "deep linear network",
    "x: input[n]; y: input[p]; A: param[m, n]; B: param[q, m]; C: param[p, q]\n"
    "r = C @ (B @ (A @ x)) - y\n"
    "f = r @ r/2",
    "Cookbook 119",
    lambda x, y, A, B, C: ((C @ B @ A @ x - y) ** 2).sum() / 2,
    A=lambda x, y, A, B, C: columns(B.T @ C.T @ (C @ B @ A @ x - y), x),
    B=lambda x, y, A, B, C: columns(C.T @ (C @ B @ A @ x - y), A @ x),
    C=lambda x, y, A, B, C: columns(C @ B @ A @ x - y, B @ A @ x),
    x=lambda x, y, A, B, C: (C @ B @ A).T @ (C @ B @ A @ x - y),
)
_add(
    "||x-W'Wx||^2/2, linear autoencoder",
    "x: input[n]; W: param[p, n]; r = W.T @ (W @ x) - x; f = r @ r/2",
    "Cookbook 123",
    lambda x, W: ((W.T @ W @ x - x) ** 2).sum() / 2,
    W=lambda x, W: columns(W @ x, W.T @ W @ x - x) + columns(W @ (W.T @ W @ x - x), x),
)
_add(
    "autoencoder with tied weights",
    "x: input[n]; W: param[m, n]; r = W.T @ sigma(W @ x) - x; f = r @ r/2",
    "Goodfellow 14",
    lambda x, W: ((W.T @ sigma(W @ x) - x) ** 2).sum() / 2,
    W=lambda x, W: (
        columns(sigma(W @ x), W.T @ sigma(W @ x) - x)
        + columns(
            sigma(W @ x) * sigma(-W @ x) * (W @ (W.T @ sigma(W @ x) - x)),
            x,
        )
    ),
)
_add(
    "residual block",
    "x: param[n]; A: param[m, n]; B: param[n, m]; c: input[n]; f = c @ (x + B @ relu(A @ x))",
    "He 2016",
    lambda x, A, B, c: c @ (x + B @ np.maximum(A @ x, 0)),
    x=lambda x, A, B, c: c + A.T @ ((B.T @ c) * (A @ x > 0)),
    A=lambda x, A, B, c: columns((B.T @ c) * (A @ x > 0), x),
    B=lambda x, A, B, c: columns(c, np.maximum(A @ x, 0)),
)
_add(
    "gated unit",
    "x: input[n]; A: param[m, n]; B: param[m, n]; c: input[m]; f = c @ (sigma(A @ x)*(B @ x))",
    "Dauphin 2017",
    lambda x, A, B, c: c @ (sigma(A @ x) * (B @ x)),
    A=lambda x, A, B, c: columns(c * (B @ x) * sigma(A @ x) * sigma(-A @ x), x),
    B=lambda x, A, B, c: columns(c * sigma(A @ x), x),
)
_add(
    "a layer for the rows of X",
    "X: input[q, n]; W: param[m, n]; b: param[m]; C: input[q, m]; f = sum(C*tanh(X @ W.T + b))",
    "backpropagation of a layer",
    lambda X, W, b, C: (C * np.tanh(X @ W.T + b)).sum(),
    W=lambda X, W, b, C: (C / np.cosh(X @ W.T + b) ** 2).T @ X,
    b=lambda X, W, b, C: (C / np.cosh(X @ W.T + b) ** 2).sum(axis=0),
    X=lambda X, W, b, C: (C / np.cosh(X @ W.T + b) ** 2) @ W,
)
_add(
    "negative sampling",
    "u: param[n]; v: param[n]; N: param[m, n]; f = -logsigmoid(u @ v) - sum(logsigmoid(-(N @ u)))",
    "Mikolov 2013",
    lambda u, v, N: np.logaddexp(0, -u @ v) + np.logaddexp(0, N @ u).sum(),
    u=lambda u, v, N: -sigma(-u @ v) * v + N.T @ sigma(N @ u),
    v=lambda u, v, N: -sigma(-u @ v) * u,
    N=lambda u, v, N: columns(sigma(N @ u), u),
)
_add(
    "factorisation machine",
    "x: input[n]; w: param[n]; V: param[n, p]\n"
    "f = w @ x + (sum((V.T @ x)**2) - sum((V**2).T @ x**2))/2",
    "Rendle 2010",
    lambda x, w, V: w @ x + (((V.T @ x) ** 2).sum() - ((V**2).T @ x**2).sum()) / 2,
    w=lambda x, w, V: x,
    V=lambda x, w, V: columns(x, V.T @ x) - V * (x**2)[:, None],
    x=lambda x, w, V: w + V @ (V.T @ x) - (V**2).sum(axis=1) * x,
)
_add(
    "triplet loss with a margin",
    "a: param[n]; b: param[n]; c: param[n]; f = relu(norm(a - b)**2 - norm(a - c)**2 + 30)",
    "Schroff 2015",
    lambda a, b, c: np.maximum(0, ((a - b) ** 2).sum() - ((a - c) ** 2).sum() + 30),
    a=lambda a, b, c: 2 * (c - b),
    b=lambda a, b, c: 2 * (b - a),
    c=lambda a, b, c: 2 * (a - c),
)
_add(
    "contrastive loss of rows",
    "X: param[m, n]; Y: param[m, n]; f = mean(logsumexp(X @ Y.T) - sum(X*Y, axis=1))",
    "Oord 2018",
    lambda X, Y: (lse(X @ Y.T) - (X * Y).sum(axis=1)).mean(),
    X=lambda X, Y: (softmax(X @ Y.T) @ Y - Y) / 4,
    Y=lambda X, Y: (softmax(X @ Y.T).T @ X - X) / 4,
)


def _recurrent(x: Array, U: Array, W: Array, b: Array, c: Array) -> dict[str, Array]:
    """c'h at the end of a recurrence and its gradients, back through time."""
    states = [np.zeros(len(b))]
    for row in x:
        states.append(np.tanh(U @ row + W @ states[-1] + b))
    bars = {"U": np.zeros(U.shape), "W": np.zeros(W.shape), "b": np.zeros(b.shape)}
    x_bar = np.zeros(x.shape)
    h_bar = c
    for t in range(len(x), 0, -1):
        u_bar = h_bar * (1 - states[t] ** 2)
        bars["U"] += columns(u_bar, x[t - 1])
        bars["W"] += columns(u_bar, states[t - 1])
        bars["b"] += u_bar
        x_bar[t - 1] = U.T @ u_bar
        h_bar = W.T @ u_bar
    return {**bars, "x": x_bar, "c": states[-1], "f": c @ states[-1]}


_add(
    "recurrent network by a loop",
    "x: input[5, p]; U: param[n, p]; W: param[n, n]; b: param[n]; c: param[n]\n"
    "h[0] = zeros(n)\n"
    "for t in range(1, 6):\n"
    "    h[t] = tanh(U @ x[t - 1] + W @ h[t - 1] + b)\n"
    "f = c @ h[5]",
    "Goodfellow 10.2.2",
    lambda **leaves: _recurrent(**leaves)["f"],
    U=lambda **leaves: _recurrent(**leaves)["U"],
    W=lambda **leaves: _recurrent(**leaves)["W"],
    b=lambda **leaves: _recurrent(**leaves)["b"],
    c=lambda **leaves: _recurrent(**leaves)["c"],
    x=lambda **leaves: _recurrent(**leaves)["x"],
)
_add(
    "gradient steps by a loop",
    "A: input[n, n]; b: param[n]; c: input[n]; s: param\n"
    "v[1] = s*b\n"
    "for t in range(2, 5):\n"
    "    v[t] = v[t - 1] - s*(A @ v[t - 1] - b)\n"
    "f = c @ v[4]",
    "Cookbook 91",
    lambda A, b, c, s: c @ sum(power(np.eye(3) - s * A, r) @ b * s for r in range(4)),
    b=lambda A, b, c, s: s * sum(power(np.eye(3) - s * A, r).T @ c for r in range(4)),
    s=lambda A, b, c, s: (
        c
        @ sum(
            power(np.eye(3) - s * A, r) @ b
            - (s * r * power(np.eye(3) - s * A, r - 1) @ A @ b if r else 0)
            for r in range(4)
        )
    ),
)
