"""Small circuits of arrays, which together use every operation on arrays."""

from pathlib import Path

import numpy as np

import symback as sb

EXAMPLES = {
    path.parent.name: path
    for path in Path(__file__).parents[2].glob("examples/*/*.circuit")
    if path.parent.name != "lecture"
}
SLOW = {"attention", "lstm"}  # each needs several seconds

CIRCUITS = {
    "two layers": (
        "x: input[d]; W1: param[h, d]; b1: param[h]; W2: param[k, h]; t: target[k]\n"
        "a1 = relu(W1 @ x + b1)\nz: output = W2 @ a1\nE: loss = mse(z, t)"
    ),
    "both softmax": (
        "x: input[n]; W: param[k, n]; U: param[k, n]\n"
        "f = dot(softmax(W @ x), log_softmax(U @ x)) + logsumexp(W @ x)"
    ),
    "cross-entropy by row": (
        "X: input[r, n]; T: target[r, k]; W: param[k, n]\n"
        "Z: output = X @ W.T\nE: loss = mean(cross_entropy(Z, T))"
    ),
    "soft cross-entropy": (
        "x: input[n]; q: input[k]; W: param[k, n]\nf = cross_entropy(W @ x, softmax(q))"
    ),
    "an index": (
        "t: input; W: param[k, n]; V: param[3, n]; x: input[n]\n"
        "f = dot(one_hot(t, k) @ W, x) + sum(one_hot(2*t - 1, 3) @ V*x)"
    ),
    "extremes": (
        "X: input[r, n]; w: param[n]; v: param[r]\n"
        "f = dot(max(X*w, axis=1), v) - sum(min(X*w, axis=0)*w) + maximum(w) - minimum(v)"
    ),
    "norms": (
        "x: input[n]; A: param[n, n]; w: param[n]\n"
        "f = norm(A @ x - w) + norm(A)*trace(A) + dot(diag(A), diag(w) @ x)"
    ),
    "solve": (
        "x: input[n]; A: param[n, n]; B: param[n, r]\n"
        "f = dot(x, solve(A, x)) + sum(solve(A, B)**2)/100"
    ),
    "a matrix per sample": (
        "A: input[n, n]; b: input[n]; w: param[n]\nf = dot(w, solve(A, b)) + det(A)*dot(w, A @ b)"
    ),
    "gaussian": (
        "x: input[n]; S: param[n, n]; mu: param[n]\nP = S @ S.T + eye(n)/4\n"
        "f = (logdet(P) + (x - mu).T @ inv(P) @ (x - mu))/2"
    ),
    "determinant": "x: input; A: param[n, n]\nf = tanh(x*det(A))",
    "parts": (
        "x: input[6]; w: param[4]; v: param[3]; c: param\n"
        "u = concat(w*x[1:5], v)\nf = dot(u[2:], u[:5]) + x[5]*u[-1] + c*mean(concat(x[0], c))"
    ),
    "a part of a sum": "x: input[n]; w: param[n]\nf = sum((w + x)[1:3]**2)",
    "numbers only": "x: input; w: param; c: param\nf = mean(concat(w*x, c))**2",
    "constants": (
        "x: input[n]; W: param[n, n]\nf = sum((W + ones(n, n)) @ (x + ones(n))) + "
        "dot(zeros(n), x) + trace(W @ eye(n))"
    ),
    "normalised": (
        "X: input[r, n]; g: param[n]; b: param[n]; v: param[r]\n"
        "z: output = mean(layer_norm(X, g, b)*v[:, None], axis=0)\n"
        "E: loss = sum(layer_norm(z)**3)"
    ),
    "outer": (
        "x: input[n]; y: input[r]; u: param[n]; v: param[r]\n"
        "f = sum(outer(x, v)*outer(u, y)) + sum(outer(u, v))**2 + sum(outer(x, y), axis=1) @ u"
    ),
    "broadcast": (
        "X: input[r, n]; a: param[r]; b: param[n]; c: param\n"
        "f: output = sigma(X*b + a[:, None])*c\n"
        "E: loss = mean(f**2) + c*sum(a) + sum(exp(f), axis=0) @ b"
    ),
    "products": (
        "X: input[r, n]; Y: input[n, r]; W: param[n, n]; v: param[r]\n"
        "Z = X @ W @ Y\nf = v @ Z @ v + sum(X @ W)*trace(Z)/7 + dot(X, Y.T)"
    ),
    "stacks": (
        "x: input[2, r, n]; W: param[2, n, r]; v: param[r]\n"
        "s = softmax(transpose(x @ W, (1, 0, 2)), axis=0)\n"
        "f = sum(mean(s, axis=(0, 1))*v) + sum(swapaxes(W, 0, 1)**2)/9"
    ),
    "other shapes": (
        "x: input[4]; A: param[2, n]; w: param[n]\n"
        "B = reshape(x, 2, 2) @ A\n"
        "f = dot(ravel(tril(B) + triu(A, 1)), vec(stack(w, w**2))) + sum(kron(w, x[::2])) + "
        'sum(einsum("ij,ij->i", A, transpose(B.T))**2)'
    ),
    "products and spreads": (
        "x: input[3]; A: param[2, 3]; w: param[3]\n"
        "f = prod(x*w + 1) + dot(cumprod(w), cumsum(x)) + sum(prod(A, axis=0)) + "
        "std(w*x)*var(A, ddof=1)"
    ),
    "windows": (
        "x: input[5]; w: param[2]; v: param[3]\n"
        "f = sum(conv1d(x, w, stride=2)**2) + sum(max_pool(x[1:]*sum(w), (2,))) + "
        "sum((windows(x, (3,)) @ v)**2)"
    ),
    "images": (
        "x: input[1, 3, 3]; K: param[2, 1, 2, 2]; c: param[2]\n"
        "h = tanh(conv2d(x, K, padding=1) + c[:, None, None])\nf = sum(avg_pool(h, 2)**2)"
    ),
    "elements moved": (
        "x: input[3]; w: param[3]; c: param[2]\n"
        "u = expand_dims(flip(x)*w, 0)\n"
        "v = unsqueeze(reshape(tile(c, 3) + repeat(c, 3), 2, 3), 0)\n"
        "f = dot(squeeze(u), roll(w, 1)) + dot(diff(x*w), c) + dot(cross(x, w), x*w) + "
        "sum(v**2) + dot(pad(c, (1, 0)), hstack(x[:1], c))"
    ),
    "axes moved": (
        "A: input[2, 3, 2]; B: param[3, 2]; c: param[2]\n"
        "M = moveaxis(A, 0, -1) + movedim(sin(A), 0, 1)\n"
        "f = sum(tensordot(M, B.T, axes=1)**2)/9 + sum(vstack(B[0], c) @ c)"
    ),
    "elements along an axis": (
        "X: input[r, n]; y: target[r]; W: param[r, n]\n"
        "f = sum(take_along_axis(log_softmax(X*W), y[:, None], axis=1)**2) + "
        "sum(take_along_axis(W.T, y[None], axis=0)**3) + sum(tanh(segment_sum(W, y, n)))"
    ),
    "no parameters": "x: input[n]; y: input[n]\nf = dot(x, y)/norm(x) + mean(x*y)",
    "no samples": "w: param[n]; A: param[n, n]\nf = w @ A @ w + sum(tanh(w))\nloss: none",
    "array output": "x: input[n]; W: param[k, n]; s: param\nz = s*softmax(W @ x)\nloss: none",
}

ALL = {**CIRCUITS, **{name: path.read_text() for name, path in EXAMPLES.items()}}


def array_sample(name: str) -> sb.Circuit:
    """The circuit of that name."""
    return sb.circuit(ALL[name])


def values_of(circuit):
    """Arrays for the leaves: classes for y, shares for t and T, numbers elsewhere."""
    sizes, rng = {}, np.random.default_rng(0)

    def size(n):
        known = {s: sizes.setdefault(s, 3 + len(sizes)) for s in sorted(n.free_symbols, key=str)}
        return int(n.subs(known))

    found = {}
    for leaf in circuit.leaves:
        value = rng.uniform(0.2, 1.2, [size(n) for n in leaf.shape])
        if leaf.name == "y" and leaf.role != "param":
            value = np.floor(value)
        elif leaf.name in ("t", "T") and leaf.shape:
            value = value / value.sum(axis=-1, keepdims=True)
        found[leaf.name] = value
    return found


FACTORS = [
    "a: param[m, m]; b: param[m]; f = sum((cholesky(a) @ b)**2)",
    "X: param[m, m]; y: input[m]; s: param; L = cholesky(X @ X.T + s**2*eye(m)); "
    "u = solve_triangular(L, y); f = dot(u, u)/2 + sum(log(diag(L)))",
]
"""Circuits with the factor of Cholesky and triangular systems."""
SPECTRA = [
    "A: param[n, n]; x: input[n]; f = dot(eigvalsh(A)**2, x)",
    "X: param[m, n]; y: input[n]; f = sum((eigenvectors(X.T @ X) @ y)**3)",
]
"""Circuits with eigenvalues and eigenvectors."""
ROWS = [
    "i: int; E: param[v, d]; u: param[d]; f = dot(u, E[i])",
    "i: int[n]; E: param[v, d]; f = sum(tanh(E[i]))",
    "i: int[n]; E: param[v, d, k]; u: param[k]; f = sum(E[i] @ u)",
    "x: input[k]; y: target; W: param[k, k]; p = log_softmax(W @ x); L: loss = -p[y]",
    "i: int[n]; A: input[v, d]; w: param[d]; h = A[i]; f = sum(h @ w)",
    "i: const[n]; A: input[v, d]; w: param[d]; h = A[i]; f = sum(h @ w)",
    "i: int; j: int; E: param[v, d]; f = dot(E[i], E[j])",
    "i: int; j: int; E: param[v, d]; f = E[i][j]**2",
    "i: int; b: param[v]; x: input; f = b[i]*x",
    "i: int[n]; Z: input[n, d]; w: param[d]; f = sum(take_along_axis(Z*w, i[:, None], axis=1)**2)",
    "i: int[2, d]; E: param[n, d]; f = sum(tanh(take_along_axis(E, i, axis=0)))",
    "i: int[m]; V: param[m, d]; w: param[n, d]; f = sum(tanh(segment_sum(V, i, n)*w))",
    "i: int[m, 2]; v: input[m, 2]; a: param; f = sum(segment_sum(exp(a*v), i, 3)**2)",
    "i: const[m]; j: const[m]; X: input[n, d]; W: param[d, k]; H = X @ W\n"
    "f = sum(sin(segment_sum(H[j], i, n)))",
    "i: int; v: param[d]; w: param[n, d]; f = sum(segment_sum(v**2, i, n)*w)",
]
"""Circuits that read at whole numbers from data."""
