"""Cases of circuits over arrays: circuit text that is Python as well.

The body of a case is run twice: by symback, and by Python over the plain functions of `PLAIN`, one
sample at a time. Nothing here uses symback.
"""

from __future__ import annotations

import functools
import math
import re
import zlib
from dataclasses import dataclass, replace
from itertools import combinations, combinations_with_replacement, product
from typing import Any

import numpy as np

SIZES = {"m": 4, "n": 2, "k": 5}
BATCH = 3  # none of the sizes, so that no axis can be taken for the batch


# -- operations as NumPy has them, one sample at a time ------------------------------------------


def softmax(z, axis=-1):
    e = np.exp(z)
    return e / e.sum(axis=axis, keepdims=True)


def log_softmax(z, axis=-1):
    return z - np.log(np.exp(z).sum(axis=axis, keepdims=True))


def logsumexp(z, axis=-1, keepdims=False):
    return np.log(np.exp(z).sum(axis=axis, keepdims=keepdims))


def cross_entropy(z, t):
    terms = log_softmax(z)
    return -terms[int(t)] if np.ndim(t) == 0 else -(t * terms).sum(axis=-1)


def layer_norm(x, gain=1.0, bias=0.0):
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = (centred**2).mean(axis=-1, keepdims=True)
    return centred / np.sqrt(variance + 1e-5) * gain + bias


def segment_sum(values, index, count):
    whole = np.zeros((count, *np.shape(values)[np.ndim(index) :]))
    np.add.at(whole, index, values)
    return whole


def eigenvectors(a):
    columns = np.linalg.eigh(a)[1]
    return columns * np.where(columns[-1] < 0, -1, 1)


def concat(*arrays, axis=0):
    return np.stack(arrays) if np.ndim(arrays[0]) == 0 else np.concatenate(arrays, axis)


def reshape(a, *sizes):
    return np.reshape(a, sizes[0] if isinstance(sizes[0], tuple) else sizes)


def stack(*arrays, axis=0):
    return np.stack(arrays, axis)


def windows(a, sizes, steps=1):
    steps = steps if isinstance(steps, tuple) else (steps,) * len(sizes)
    every = np.lib.stride_tricks.sliding_window_view(a, sizes, tuple(range(-len(sizes), 0)))
    return every[(..., *(np.s_[::step] for step in steps), *[np.s_[:]] * len(sizes))]


def conv(axes):
    """By the definition: a sum over channels and the elements of the kernel, place by place."""

    def call(a, kernel, stride=1, padding=0):
        strides, pads = (n if isinstance(n, tuple) else (n,) * axes for n in (stride, padding))
        if kernel.ndim == axes:
            return call(a[None], kernel[None, None], stride, padding)[0]
        a = np.pad(a, [(0, 0), *((n, n) for n in pads)])
        parts = windows(a, kernel.shape[2:], strides)
        made = np.zeros((len(kernel), *parts.shape[1 : 1 + axes]))
        for at in np.ndindex(made.shape):
            made[at] = np.sum(kernel[at[0]] * parts[(slice(None), *at[1:])])
        return made

    return call


def pool(reduce):
    def call(a, size, stride=None):
        sizes = size if isinstance(size, tuple) else (size,) * min(np.ndim(a), 2)
        parts = windows(a, sizes, sizes if stride is None else stride)
        return reduce(parts, axis=tuple(range(-len(sizes), 0)))

    return call


def extreme(reduce, choose):
    """max or min: of one array along axes, of several elementwise."""

    def call(*arrays, **options):
        return reduce(*arrays, **options) if len(arrays) == 1 else functools.reduce(choose, arrays)

    return call


def norm(a, axis=None, keepdims=False):
    return np.sqrt(np.sum(a**2, axis=axis, keepdims=keepdims))


def sigma(u):
    return 1 / (1 + np.exp(-u))


PLAIN = {
    "sum": np.sum,
    "mean": np.mean,
    "max": extreme(np.max, np.maximum),
    "maximum": extreme(np.max, np.maximum),
    "min": extreme(np.min, np.minimum),
    "minimum": extreme(np.min, np.minimum),
    "dot": lambda a, b: np.sum(a * b),
    "norm": norm,
    "transpose": np.transpose,
    "swapaxes": np.swapaxes,
    "reshape": reshape,
    "ravel": np.ravel,
    "vec": lambda a: np.ravel(a, order="F"),
    "stack": stack,
    "kron": np.kron,
    "tril": np.tril,
    "triu": np.triu,
    "einsum": np.einsum,
    "windows": windows,
    "conv1d": conv(1),
    "conv2d": conv(2),
    "max_pool": pool(np.max),
    "avg_pool": pool(np.mean),
    "prod": np.prod,
    "cumsum": np.cumsum,
    "cumprod": np.cumprod,
    "var": np.var,
    "std": np.std,
    "flip": np.flip,
    "roll": np.roll,
    "tile": np.tile,
    "repeat": np.repeat,
    "squeeze": np.squeeze,
    "expand_dims": np.expand_dims,
    "unsqueeze": np.expand_dims,
    "moveaxis": np.moveaxis,
    "movedim": np.moveaxis,
    "diff": np.diff,
    "cross": np.cross,
    "hstack": np.hstack,
    "vstack": np.vstack,
    "tensordot": np.tensordot,
    "pad": np.pad,
    "outer": np.outer,
    "trace": np.trace,
    "diag": np.diag,
    "inv": np.linalg.inv,
    "det": np.linalg.det,
    "logdet": lambda a: np.log(np.linalg.det(a)),
    "cholesky": np.linalg.cholesky,
    "eigvalsh": np.linalg.eigvalsh,
    "eigenvectors": eigenvectors,
    "solve_triangular": lambda a, b, lower=True: (
        np.linalg.inv(np.tril(a) if lower else np.triu(a)) @ b
    ),
    "solve": lambda a, b: np.linalg.inv(a) @ b,
    "softmax": softmax,
    "log_softmax": log_softmax,
    "logsumexp": logsumexp,
    "cross_entropy": cross_entropy,
    "take": lambda array, t: array[int(t)],
    "segment_sum": lambda v, i, n: segment_sum(v, np.asarray(i, int), n),
    "take_along_axis": lambda a, i, axis: np.take_along_axis(a, np.asarray(i, int), axis),
    "one_hot": lambda t, like: np.eye(np.size(like) if np.ndim(like) else like)[int(t)],
    "mse": lambda a, b: np.mean((a - b) ** 2),
    "layer_norm": layer_norm,
    "concat": concat,
    "eye": np.eye,
    "zeros": lambda *sizes: reshape(np.zeros(np.prod(sizes)), *sizes),
    "ones": lambda *sizes: reshape(np.ones(np.prod(sizes)), *sizes),
    "where": np.where,
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "sin": np.sin,
    "cos": np.cos,
    "tanh": np.tanh,
    "abs": np.abs,
    "sign": np.sign,
    "atan2": np.arctan2,
    "hypot": np.hypot,
    "sigma": sigma,
    "sigmoid": sigma,
    "silu": lambda u: u * sigma(u),
    "relu": lambda u: np.maximum(u, 0),
    "softplus": lambda u: np.log1p(np.exp(u)),
    "logsigmoid": lambda u: -np.log1p(np.exp(-u)),
    "gelu": lambda u: u * (1 + np.vectorize(math.erf)(u / math.sqrt(2))) / 2,
    "pi": math.pi,
    "range": range,
}


# -- cases ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """A body that defines z, and its leaves: `a[m,n] b[n]`.

    A leaf's role is left open unless it has one of its own, as in t[k]:distribution, t:class and
    s:target. `domain` says how leaves are drawn: "" of any sign, "positive", "spaced".
    """

    name: str
    spec: str
    body: str
    domain: str = ""
    roles: tuple[str, ...] = ()
    is_higher: bool = False  # over axes of any number, where one pattern of leaves is enough

    @property
    def leaves(self) -> dict[str, tuple[str, ...]]:
        """The sizes of each leaf, as they are typed."""
        found = {}
        for leaf in self.spec.split():
            name, shape = re.match(r"(\w+)(?:\[([^\]]*)\])?", leaf).groups()
            found[name] = tuple(shape.split(",")) if shape else ()
        return found

    @property
    def kinds(self) -> dict[str, str]:
        """What a leaf is drawn as, where its role is not open."""
        return dict(re.findall(r"(\w+)(?:\[[^\]]*\])?:(\w+)", self.spec))

    @property
    def open(self) -> list[str]:
        return [name for name in self.leaves if name not in self.kinds]

    def shape(self, name: str) -> tuple[int, ...]:
        return tuple(SIZES.get(s) or int(s) for s in self.leaves[name])

    def role(self, name: str) -> str:
        return "target" if name in self.kinds or name == "y" else self.roles[self.open.index(name)]

    @property
    def text(self) -> str:
        """The circuit, with a loss that weighs every element of z differently."""
        lines = []
        for name, sizes in self.leaves.items():
            shape = f"[{', '.join(sizes)}]" if sizes else ""
            lines.append(f"{name}: {self.role(name)}{shape}")
        *before, last = self.body.strip("\n").split("\n")
        assert last.startswith("z = "), last
        return "\n".join(
            [*lines, "y: target", *before, f"z: output{last[1:]}", f"l: loss = {self.loss}", ""]
        )

    @property
    def loss(self) -> str:
        return "(z - y)**2" if np.ndim(self.plain(self.sample())) == 0 else "mean((z - y)**2)"

    # -- values -----------------------------------------------------------------------------

    def draw(self, name: str, shift: int = 0) -> Any:
        rng = np.random.default_rng([zlib.crc32(f"{self.name} {name}".encode()), shift])
        shape = self.shape(name) if name in self.leaves else ()
        kind = self.kinds.get(name, "")
        if kind == "class":
            return np.asarray(rng.integers(min(SIZES.values()), size=shape), float)[()]
        if kind == "distribution":
            return rng.dirichlet(np.ones(shape[-1]), shape[:-1])
        if self.domain == "spaced":  # no two alike, none near 0
            return (rng.permutation(math.prod(shape)) + 1.0).reshape(shape) / 10
        if self.domain == "positive":
            return rng.uniform(0.5, 2.0, shape)
        values = rng.normal(size=shape)
        if len(shape) == 2 and shape[0] == shape[1]:  # far from singular, det > 0
            values = 2 * np.eye(shape[0]) + 0.3 * values
        return np.float64(values) if shape == () else values

    def sample(self, shift: int = 0) -> dict[str, Any]:
        """One sample: parameters are the same for all."""
        return {
            name: self.draw(name, 0 if self.is_param(name) else shift)
            for name in (*self.leaves, "y")
        }

    def is_param(self, name: str) -> bool:
        return bool(self.roles) and self.role(name) == "param"

    def plain(self, sample: dict[str, Any]) -> Any:
        """z of one sample, by Python."""
        names = {**PLAIN, **SIZES, **_families(self.body, sample), **sample}
        exec(_code(self.body), names)
        return names["z"]

    def plain_loss(self, sample: dict[str, Any]) -> float:
        return float(np.mean((self.plain(sample) - sample["y"]) ** 2))

    @property
    def is_slow(self) -> bool:
        """Whether several leaves are alike where cases of one operation show that as well."""
        if self.is_higher and "input" in self.roles[1:]:
            return True
        alike = len(self.roles) > 1 and len(set(self.roles)) == 1
        return alike and len(re.findall(r"[-+*/@(\[]", self.body)) > 1

    @property
    def id(self) -> str:
        return f"{self.name} {''.join(r[0] for r in self.roles)}".strip()


@functools.cache
def _code(body: str) -> Any:
    return compile(body, "<case>", "exec")


def _families(body: str, sample: dict[str, Any]) -> dict[str, dict[int, Any]]:
    """h of h[t] = …, and the members W_1, W_2 of a family of leaves."""
    found: dict[str, dict[int, Any]] = {n: {} for n in re.findall(r"(\w+)\[[^\]]*\] = ", body)}
    for name, value in sample.items():
        family, _, number = name.rpartition("_")
        if number.isdigit():
            found.setdefault(family, {})[int(number)] = value
    return found


def _spread(case: Case) -> list[Case]:
    """The case with each leaf as a parameter and as an input: in all ways for up to two leaves."""
    size = len(case.open)
    if size <= 2:
        ways = list(product(("param", "input"), repeat=size))
    else:
        one = ("param", "input")
        ways = [tuple(one[(i + start) % 2] for i in range(size)) for start in (0, 1)]
        ways.append(("input",) * size)
    return [replace(case, roles=tuple(way)) for way in ways]


OPERATIONS = """
matrix @ vector | a[m,n] b[n] | z = a @ b
vector @ matrix | a[m] b[m,n] | z = a @ b
matrix @ matrix | a[m,n] b[n,k] | z = a @ b
vector @ vector | a[n] b[n] | z = a @ b
transposed @ vector | a[n,m] b[n] | z = a.T @ b
transposed @ matrix | a[n,m] b[n,k] | z = a.T @ b
matrix @ transposed | a[m,n] b[k,n] | z = a @ b.T
transposed @ transposed | a[n,m] b[k,n] | z = a.T @ b.T
transposed product | a[m,n] b[n,k] | z = (a @ b).T
transposed product @ vector | a[m,n] b[n,k] c[m] | z = (a @ b).T @ c
three matrices | a[m,n] b[n,k] c[k,m] | z = a @ b @ c
two matrices @ vector | a[m,n] b[n,k] c[k] | z = a @ b @ c
quadratic form | x[n] a[n,n] | z = x.T @ a @ x
bilinear form | x[m] a[m,n] w[n] | z = x.T @ a @ w
quadratic form of a matrix | x[m,n] a[m,m] | z = x.T @ a @ x
gram matrix | a[m,n] | z = a.T @ a
same vector twice | a[m,n] x[n] | z = a @ x * mean(x) + sum(x)
row and matrix | x[m] a[m,n] | z = x.T @ a
vector @ transposed | x[n] a[m,n] | z = x @ a.T
matrix of one column | a[m,n] b[n,1] | z = a @ b
matrix of one row | a[1,n] b[n,m] | z = a @ b
one by one | a[1,1] b[1,1] | z = a @ b
scaled product | a[m,n] x[n] s | z = 3*s*(a @ x)
difference of products | a[m,n] x[n] b[m,k] v[k] | z = a @ x - b @ v
product minus | a[m,n] x[n] b[m] | z = b - a @ x
product over | a[m,n] x[n] b[m] | z = (a @ x)/(2 + b**2)
square of product | a[m,n] x[n] b[m] | z = (a @ x + b)**2
transpose | a[m,n] b[n,m] | z = a.T*b
transpose alone | a[m,n] | z = a.T
transpose of a number | a[m] s | z = s.T*a
transpose twice | a[m,n] b[m,n] | z = a.T.T*b
sum of a vector | a[n] | z = sum(a**2)
sum of a matrix | a[m,n] | z = sum(sin(a))
sum over rows | a[m,n] | z = sum(sin(a), axis=0)
sum over columns | a[m,n] | z = sum(sin(a), axis=1)
sum by a second argument | a[m,n] | z = sum(sin(a), 1)
sum over the last axis | a[m,n] | z = sum(sin(a), axis=-1)
sum over a vector's axis | a[n] | z = sum(sin(a), axis=0)
sum of a product | a[m,n] b[m,n] | z = sum(a*b)
sum of a product of numbers and arrays | a[m,n] b[m,n] s | z = sum(s*a*b)
sum of broadcast | a[m,n] b[n] | z = sum(a*b)
sum of a product over rows | a[m,n] b[m,n] | z = sum(a*b, axis=0)
sum of three factors | a[n] b[n] c[n] | z = sum(a*b*c)
mean of a vector | a[n] | z = mean(a**2)
mean of a matrix | a[m,n] | z = mean(a**3)
mean over rows | a[m,n] | z = mean(a**2, axis=0)
mean over columns | a[m,n] | z = mean(a**2, axis=1)
centred | a[m,n] | z = a - mean(a, axis=0)
max of a vector | a[n] | z = max(a)
max of a matrix | a[m,n] | z = max(a)
max over rows | a[m,n] | z = max(a, axis=0)
max over columns | a[m,n] | z = max(a, axis=1)
maximum | a[k] | z = maximum(a)*2
min of a vector | a[n] | z = min(a)
min of a matrix | a[m,n] | z = min(a)
min over rows | a[m,n] | z = min(a, axis=0)
min over columns | a[m,n] | z = min(a, axis=-1)
minimum | a[k] | z = minimum(a)*2
max of two | a[n] b[n] | z = max(a, b)
min of an array and numbers | a[m,n] s | z = min(a, s, 0.25)
max with broadcast | a[m,n] b[n] | z = max(a, b)
dot of vectors | a[n] b[n] | z = dot(a, b)
dot of matrices | a[m,n] b[m,n] | z = dot(a, b)
norm of a vector | a[k] | z = norm(a)
norm of a matrix | a[m,n] | z = norm(a)
norm of a difference | a[k] b[k] | z = norm(a - b)
normalised | a[k] | z = a/norm(a)
outer | a[m] b[n] | z = outer(a, b)
outer of one | a[n] | z = outer(a, a)
outer @ matrix | a[m] b[n] c[n,k] | z = outer(a, b) @ c
trace | a[m,m] | z = trace(a)
trace of a product | a[m,n] b[n,m] | z = trace(a @ b)
diag of a vector | a[n] | z = diag(a)
diag @ matrix | a[m] b[m,n] | z = diag(a) @ b
diag of a matrix | a[m,m] | z = diag(a)
diag of a product | a[m,n] b[n,m] | z = diag(a @ b)
inv | a[n,n] | z = inv(a)
inv @ vector | a[n,n] b[n] | z = inv(a) @ b
inv of a transposed | a[n,n] b[n,m] | z = inv(a.T) @ b
inv in a branch | a[n,n] s | z = where(s > 0, sum(inv(a)), s)
det | a[n,n] | z = det(a)
det of a product | a[n,n] b[n,n] | z = det(a @ b)
logdet | a[m,m] | z = logdet(a)
logdet of gram | a[m,n] | z = logdet(a.T @ a + eye(n))
solve for a vector | a[m,m] b[m] | z = solve(a, b)
solve for a matrix | a[m,m] b[m,n] | z = solve(a, b)
cholesky | a[m,m] b[m] | z = cholesky(a) @ b
eigvalsh | a[m,m] b[m] | z = eigvalsh(a)*b
eigvalsh of gram | a[m,n] | z = log(eigvalsh(a.T @ a + eye(n)))
eigenvectors | a[m,m] b[m] | z = eigenvectors(a)**2 @ b
cholesky of a product | a[n,n] b[n] | z = solve_triangular(cholesky(a @ a.T), b)
solve with an upper triangle | a[m,m] b[m] | z = solve_triangular(a, b, lower=False)
evidence of a Gaussian process | a[n,n] b[n] | z = sum(log(diag(cholesky(a @ a.T)))) + dot(b, b)
solve transposed | a[m,m] b[m] | z = solve(a.T, b)
solve for a transposed matrix | a[m,m] b[n,m] | z = solve(a, b.T)
solve in a branch | a[m,m] b[m] s | z = where(s > 0, sum(solve(a, b)), s)
distance of Mahalanobis | a[m,m] b[m] | z = dot(b, solve(a, b))
softmax of a vector | a[k] | z = softmax(a)
softmax of a matrix | a[m,k] | z = softmax(a)
log_softmax of a vector | a[k] | z = log_softmax(a)
log_softmax of a matrix | a[m,k] | z = log_softmax(a)
logsumexp of a vector | a[k] | z = logsumexp(a)
logsumexp of a matrix | a[m,k] | z = logsumexp(a)
attention | a[m,n] b[k,n] c[k,n] | z = softmax(a @ b.T/sqrt(n)) @ c
cross_entropy of a vector | a[k] t[k]:distribution | z = cross_entropy(a, t)
cross_entropy of a matrix | a[m,k] t[m,k]:distribution | z = cross_entropy(a, t)
cross_entropy of a class | a[k] t:class | z = cross_entropy(a, t)
cross_entropy of a class of a product | a[k,n] b[n] t:class | z = 2*cross_entropy(a @ b, t)
one_hot as long as a vector | a[k] t:class | z = one_hot(t, a)*a
take of a vector | a[k] t:class s | z = take(a, t)*s
take of rows | a[n,k] b[k] t:class | z = take(a, t)*b
take of rows of a product | a[n,k] b[k,m] t:class | z = take(a @ b, t)
elements of rows | a[m,k] b[k] t[m,2]:class | z = take_along_axis(a*b, t, axis=1)
elements of columns | a[n,k] s t[k]:class | z = take_along_axis(a, t[None], axis=0)*s
elements of three axes | a[2,m,k] b[k] t[2,1,k]:class | z = take_along_axis(a*b, t, axis=-2)
sums of elements | a[m] b[n] t[m]:class | z = segment_sum(a, t, n)*b
sums of rows | a[m,k] b[k] t[m]:class | z = segment_sum(a*b, t, k)
one_hot of a size | a[n,k] t:class | z = a @ one_hot(t, k)
cross_entropy of no target | a[k] b[k] | z = cross_entropy(a, b)
cross_entropy of rows, no target | a[m,k] b[m,k] | z = cross_entropy(a, softmax(b))
mse of vectors | a[k] b[k] | z = mse(a, b)
mse of matrices | a[m,n] b[m,n] | z = mse(a, b)
mse of numbers | a[n] s | z = mse(sum(a), s)
mse of a target | a[k] t[k]:target | z = mse(a, t)
layer_norm of a vector | a[k] | z = layer_norm(a)
layer_norm of a matrix | a[m,k] | z = layer_norm(a)
layer_norm with gain | a[m,k] b[k] | z = layer_norm(a, b)
layer_norm with gain and bias | a[m,k] b[k] c[k] | z = layer_norm(a, b, c)
concat of vectors | a[m] b[n] | z = concat(a, b)
concat of matrices | a[m,n] b[k,n] | z = concat(a, b)
concat of columns | a[m,n] b[m,k] | z = concat(a, b, axis=1)
concat along the last axis | a[m,n] b[m,k] | z = concat(a, b, axis=-1)
concat of three | a[m] b[m] c[n] | z = concat(a, b*a, c)
concat of numbers | a s | z = concat(a, s, a*s)
concat of one | a[n] | z = concat(a)
concat of one number | s | z = concat(s**2)
concat with constants | a[m] b[n] | z = concat(a, zeros(n), b)
concat of columns and rows | a[m,n] b[m,n] | z = concat(a, b, axis=1) @ concat(b, a, axis=1).T
axes moved and dropped | a[m,n] | z = squeeze(unsqueeze(moveaxis(a, 0, 1), 0))*movedim(a, 1, 0)
axis of one | a[m,n] | z = squeeze(expand_dims(sin(a), 0), 0)*a
flipped and rolled | a[5] | z = flip(a)*roll(a, 2) + a
tiled and repeated | a[n] | z = tile(a, 2)*repeat(a, 2)
padded differences | a[k] | z = pad(diff(a), (0, 1))*a
cross | a[3] b[3] | z = cross(a, b)
side by side and below | a[2] b[2] | z = vstack([a, b]) @ a + hstack([a, b])[1:3]
tensordot | a[m,n] b[m,n] | z = tensordot(a, b)
rows of vectors | a[n] b[n] | z = [a*b, b] @ b
rows of vectors and numbers | a[2] s | z = a @ [a, [s, 1]]
rows of matrices | a[m,n] b[m,n] | z = sum([a, a*b], axis=0)*b
stack of rows | a[n] b[n] c[n] | z = stack(a, b, c)*b
matrix of numbers @ vector | s u b[2] | z = [[s, u], [u*s, 2]] @ b
vector @ matrix of numbers | s b[2] | z = b @ [[s, 1, b[0]], [2, -s, s**2]]
matrix of constants | b[3] | z = [[1, 2, 3], [0.5, 0, -1]] @ b
matrix of one number | s b[1,2] | z = [[s**2]] @ b
eye | a[m,m] | z = a*eye(m) + a
eye @ matrix | a[m,n] | z = eye(m) @ a + a
zeros of a vector | a[m] | z = (zeros(m) + a)**2
zeros of a matrix | a[m,n] s | z = (zeros(m, n) + s)*a
ones of a vector | a[m,n] | z = a @ ones(n)
ones of a matrix | a[m,n] | z = ones(n, m) @ a
ones spread | s a[n] | z = s*ones(n) + a
constants of whole sizes | a[2] | z = outer(a, ones(3)) + zeros(2, 3)
size as a number | a[n] b[m] | z = a*sqrt(n)/m + sum(b)
size alone | a[m,n] b[n] | z = a @ b/(m + n)
index | a[k] | z = a[0]*a[1]
index from the end | a[k] | z = a[-1]*a[-2]
row | a[m,n] | z = a[1]
row from the end | a[m,n] | z = a[-1]
entry | a[m,n] | z = a[1, 0]*a[-1, -1]
column | a[m,n] | z = a[:, 1]
column from the end | a[m,n] | z = a[:, -1]
slice | a[k] | z = a[1:4]
slice from the start | a[k] | z = a[:2]
slice to the end | a[k] | z = a[2:]
slice from both ends | a[k] | z = a[1:-1]
last ones | a[k] | z = a[-2:]
all but last | a[k] | z = a[:-1]*a[1:]
rows | a[m,n] | z = a[1:3]
block | a[m,k] | z = a[1:3, 0:2]
columns | a[m,k] | z = a[:, 1:3]
whole | a[m,n] | z = a[:, :]**2
index of an index | a[m,n] | z = a[1][0]*a[0][1]
index of a product | a[m,n] b[n] | z = (a @ b)[1]
index of fixed sizes | a[3,5] | z = a[-1]*a[0, 4]
part @ part | a[m,k] b[k] | z = a[:, 1:3] @ b[1:3]
new axis behind | a[m] b[n] | z = a[:, None]*b
new axis in front | a[m] b[n] | z = a[None, :].T*b[None, :]
new axis of an expression | a[m] b[m,n] | z = b - (2*a)[:, None]
where of arrays | a[m,n] b[n] | z = where(a > b, a*b, b**2)
where of numbers | a[n] s | z = where(s > 0, a*s, a**2)
where by a size | a[n] b[n] | z = where(n > 1, a*b, a)
copy of a leaf | a[m,n] | z = a
copy of a vector | a[n] | z = a
negative | a[m,n] | z = -a
sum of a copy | a[n] b[n] | z = a + b
activations | a[m,n] b[n] | z = sigma(a + b)*tanh(a) + softplus(b) + silu(a)
kinks | a[m,n] b[n] | z = relu(a + b) + abs(b)*sign(a) + hypot(a, b)
gelu | a[k] | z = gelu(a)
logsigmoid of dot | a[k] b[k] | z = logsigmoid(dot(a, b))
number in a vector | a[n] s | z = a*s + s**2
number in a matrix | a[m,n] s | z = exp(s)*a/(1 + s**2)
square | a[m,n] b[n] | z = (a - b)**2/2
square of a sum | a[m,1] b[1,n] | z = (a - 2*b)**2
fourth powers | a[n] b[n] | z = a**3*b**4
reused operation | a[m,n] b[n] | z = softmax(a @ b) * softmax(a @ b)[0]
column of means | a[m,n] | z = a/(1 + mean(a**2, axis=1)[:, None])
norms in a quotient | a[m] b[n] | z = a*sum(b/norm(b)/norm(b))
"""

HIGHER = """
sum over two axes | a[m,n,k] | z = sum(sin(a), axis=(0, 2))
sum over the first axes, kept | a[m,n,k] | z = sum(sin(a), axis=(0, -2), keepdims=True)*a
mean over the middle axis | a[m,n,k] b[k] | z = mean(a*b, axis=1)
max over two axes | a[m,n,k] | z = max(a, axis=(0, 1))
norm over the outer axes | a[m,n,k] | z = norm(a, axis=(0, 2))
norm of an array of rank 3 | a[m,n,k] | z = norm(a)
softmax along the first axis | a[k,n] | z = softmax(a, axis=0)
log_softmax along two axes | a[m,n,2] | z = log_softmax(a, axis=(0, 2))
logsumexp along the first axis | a[k,n] | z = logsumexp(a, axis=0, keepdims=True)*a
transpose by axes | a[m,n,k] b[m,k] | z = transpose(a, (1, 0, 2))*b
transpose of rank 3 | a[m,n,k] b[m] | z = a.T*b
matrices transposed | a[m,n,k] | z = sin(a).mT
axes swapped | a[m,n,k] | z = swapaxes(a, 0, -1)**2
elementwise of rank 3 | a[m,n,k] b[n,k] c[n,1] | z = tanh(a*b + c)
rank 3 by a vector and a number | a[m,n,k] b[k] s | z = where(a > s, a*b, a - s)
new axes of rank 3 | a[m,n] b[k] | z = a[:, :, None]*b[None, None]
parts of rank 3 | a[m,n,k] | z = a[1:, 0, 2:4]*a[0, 1, -2:]
layer_norm of rank 3 | a[2,2,k] b[k] | z = layer_norm(a, b)
concat of rank 3 | a[m,n,k] b[m,2,k] | z = concat(a, b, axis=1)
dot of rank 3 | a[m,n,2] b[m,n,2] | z = dot(a, b)
ones of rank 3 | a[m,n] | z = ones((2, m, n))*a + zeros(m, n)
every second element | a[8] b[4] | z = a[0:8:2]*b
elements in reverse | a[k] b[k] | z = a[::-1]*b
in reverse by two, of some axes | a[2,7,m] | z = a[:, 5:0:-2, ::-1]
in reverse from an index | a[k] | z = a[3:0:-1]*a[-2::-1][:3]
rows by two from the end | a[9,n] b[4,n] | z = a[-2::-2]*b
reshape to a matrix | a[m,n] b[n,m] | z = reshape(sin(a), n, m)*b
reshape of rank 3 | a[2,3,n] b[6,n] | z = reshape(a, (6, n))*b
reshape with one size open | a[m,n] | z = reshape(a, -1, n)[1:] @ reshape(a, n, -1)
ravel | a[m,n] b[m,n] | z = ravel(a*b)
vec | a[m,n] | z = vec(exp(a))*ravel(a.T)
stack of vectors | a[n] b[n] | z = stack(a, a*b, b, axis=1)
stack of matrices | a[m,n] b[m,n] | z = stack(a, b, axis=-2)**2
stack of numbers | a s | z = stack(a*s, s)
kron of matrices | a[2,n] b[3,2] | z = kron(a, b)
kron of vectors | a[2] b[n] | z = kron(a, b)
tril | a[m,m] b[m] | z = tril(a) @ b
triu of a stack | a[2,3,k] | z = triu(a, 1)*tril(a, k=2)
tril below | a[k,m] | z = tril(a, -1)**2
stacks of matrices | a[2,m,n] b[2,n,3] | z = a @ b
a stack by a matrix | a[2,m,n] b[n,3] | z = a @ b
a matrix by a stack | a[m,n] b[2,n,3] | z = a @ b
a stack by a vector | a[2,m,n] b[n] | z = a @ b
a vector by a stack | a[n] b[2,n,m] | z = a @ b
stacks broadcast | a[2,1,m,n] b[3,n,2] | z = a @ b
a stack transposed | a[2,m,n] b[2,k,n] | z = a @ b.mT
einsum of matrices | a[m,n] b[k,n] | z = einsum("ij,kj->ki", a, b)
einsum of heads | a[2,m,n] b[2,k,n] | z = einsum("hqd,hkd->hqk", a, b)
einsum across axes | a[m,2,n] b[n,3,m] | z = einsum("ihd,dki->kh", a, b)
einsum of three | a[m,n] b[n] c[n,2,m] | z = einsum("ij,j,jki->k", a, b, c)
einsum of a diagonal | a[m,m] b[m] | z = einsum("ii,i->i", a, b)
einsum of a trace | a[m,n,m] | z = einsum("iji->j", a)
einsum without arrow | a[m,n] b[n,m] | z = einsum("ij,jk", a, b)
einsum to a number | a[m,n,2] b[2,m] | z = einsum("ijk,ki->", a, b)
einsum of one | a[2,m,n] | z = einsum("kij->ji", a)
einsum of outer products | a[m] b[2,n] | z = einsum("i,jk->jik", a, b)
einsum of axes in common | a[m,n,k] b[n,k,2] | z = einsum("ijk,jkl->il", a, b)
product of a vector | a[k] | z = prod(a)
product of a matrix | a[m,n] | z = prod(a)
product over two axes | a[2,n,k] b[n] | z = prod(a, axis=(0, 2))*b
products along rows | a[m,n] | z = prod(a, axis=1, keepdims=True)*a
products along columns | a[m,n] | z = prod(a, axis=0)
running sums | a[k] b[k] | z = cumsum(a*b)
running sums along an axis | a[m,n] b[m,n] | z = cumsum(a, axis=0)*b
running sums of all elements | a[m,n] | z = cumsum(a)
running products | a[k] b[k] | z = cumprod(a)*b
running products along an axis | a[2,k,n] b[2,k,n] | z = cumprod(a, 1)*b
running products of all elements | a[m,n] | z = cumprod(a)
variance of a vector | a[k] | z = var(a)
variance along an axis | a[m,k] b[m] | z = var(a, axis=1, ddof=1)*b
deviation of a vector | a[k] | z = std(a, ddof=1)
deviation over two axes | a[m,n,k] | z = std(a, axis=(0, 2), keepdims=True)*a
windows of a vector | a[k] b[3] | z = windows(a, (3,))*b
windows of a matrix by steps | a[2,7,5] b[2] | z = windows(a, (3, 2), (2, 1))*b
conv1d of vectors | a[k] b[2] | z = conv1d(a, b)
conv1d with channels | a[2,7] b[3,2,3] | z = conv1d(a, b, stride=2, padding=1)
conv2d of matrices | a[m,k] b[2,2] | z = conv2d(a, b, padding=(0, 1))
conv2d with channels | a[2,5,4] b[3,2,2,2] | z = conv2d(a, b, stride=(2, 1), padding=1)
max_pool of images | a[2,4,6] | z = max_pool(a, 2)
max_pool of a row | a[2,7] b[2] | z = max_pool(a, (3,), stride=2)*b[:, None]
avg_pool of images | a[2,4,6] | z = avg_pool(a, (2, 3))
avg_pool of a vector | a[6] | z = avg_pool(a, 2, stride=1)
"""

POSITIVE = """
log and root | a[m,n] b[n] | z = log(a*b) + sqrt(a)/b
powers | a[m,n] s | z = a**s + a**1.5 + 1/a**2
power of a vector | a[n] b[n] | z = a**b
power of a constant | a[n] s | z = 2**(a*s)
normalised to 1 | a[m,n] | z = a/sum(a)
softmax by hand | a[k] | z = exp(a)/sum(exp(a))
quotient of products | a[m,n] b[n] c[n] | z = (a @ b)/(a @ c)
atan2 | a[m,n] b[n] | z = atan2(a, b)
geometric mean | a[k] | z = exp(mean(log(a)))
"""

KINDS = {
    "number": "",
    "vector": "[n]",
    "matrix": "[m,n]",
    "one column": "[m,1]",
    "one row": "[1,n]",
}

LINES = """
two layers | W[m,n] x[n] b[m] V[k,m]
h = tanh(W @ x + b)
z = V @ h

one node read three times | W[m,m] x[m]
h = sigma(W @ x)
s = sum(h)
z = h*s + W.T @ h

a vector added to rows and columns | a[m,n] b[n] c[m]
d = a + b
e = d - c[:, None]
z = d*e

heads of attention | x[3,m] Q[2,m,n] K[2,m,n] V[2,m,n] O[2,n,m]
q = einsum("td,hdk->htk", x, Q)
r = einsum("td,hdk->htk", x, K)
v = einsum("td,hdk->htk", x, V)
s = softmax(q @ r.mT/sqrt(n))
z = layer_norm(x + einsum("htk,hkd->td", s @ v, O))

a small convolutional network | x[1,6,6] K[2,1,3,3] c[2] W[k,8]
h = max_pool(relu(conv2d(x, K) + c[:, None, None]), 2)
z = W @ ravel(h)

residual layers | x[m,k] W[k,k] g[k]
u = x + relu(layer_norm(x, g) @ W)
v = u + tanh(u @ W.T)
z = sum(v, axis=0)

weight decay | W[m,n] x[n]
z = sum((W @ x)**2) + sum(W**2)/2

constant node | a[m,n]
c = 2.5
d = ones(m, n)
z = (a + c*d) @ d.T

numbers between arrays | a[k] s
p = s**2
q = p*norm(a)
z = q*a - p

condition on a reduced number | a[k] s
p = mean(a)
z = where(p > s, a*p, a - s)

log likelihood | x[n] u[n] S[n,n]
d = x - u
z = (dot(d, solve(S, d)) + logdet(S) + n*log(2*pi))/2

scores of two matrices | Q[m,n] K[k,n]
S = Q @ K.T
z = logsumexp(S)*S[:, 0] + max(S, axis=1)

recurrent network | x[3,n] W[m,m] U[m,n] b[m]
h[0] = zeros(m)
for t in range(1, 4):
    h[t] = tanh(U @ x[t - 1] + W @ h[t - 1] + b)
z = h[3]

nested | a[n] b[n]
s[0] = a
for i in range(2):
    for j in range(1, 3):
        s[2*i + j] = sin(s[2*i + j - 1])*b + (i + 1)*a
z = s[4]

family of numbers | a[4] s
c[0] = s
for t in range(4):
    c[t + 1] = c[t]*a[t] + sin(c[t])
z = c[4]

family of parameters | W_1[m,n] W_2[m,m] W_3[k,m] x[n]
h[0] = x
for t in range(1, 4):
    h[t] = tanh(W[t] @ h[t - 1])
z = h[3]

two families | a[3] s
p[0] = s
v[0] = 1.0
for t in range(3):
    v[t + 1] = v[t] - a[t]*p[t]/10
    p[t + 1] = p[t] + v[t + 1]/10
z = concat(p[3], v[3])

power iteration | a[m,m] v[m]
u[0] = v
for t in range(3):
    u[t + 1] = a @ u[t]/norm(a @ u[t])
z = dot(u[3], a @ u[3])

numbers only | x w b
h[0] = x
for t in range(3):
    h[t + 1] = tanh(w*h[t] + b)
z = h[3]

numbers, nested | x w
g[0] = w
for i in range(2):
    for j in range(2):
        g[2*i + j + 1] = sin(g[2*i + j])*x + i
z = g[4]*w

family of parameters that are numbers | w_1 w_2 w_3 x
h[0] = x
for t in range(1, 4):
    h[t] = sigma(w[t]*h[t - 1])
z = h[3]
"""


def _rows(table: str, domain: str = "") -> list[Case]:
    rows = [[part.strip() for part in line.split(" | ")] for line in table.strip().split("\n")]
    return [Case(name, spec, body, domain) for name, spec, body in rows]


def _blocks(table: str) -> list[Case]:
    found = []
    for block in table.strip().split("\n\n"):
        head, body = block.split("\n", 1)
        name, spec = head.split(" | ")
        found.append(Case(name, spec, body))
    return found


REDUCTIONS = ("sum", "mean", "max", "min", "norm", "logsumexp", "prod", "var", "std")
ROLES = tuple(product(("param", "input"), repeat=2))
RANKS = {1: "[k]", 2: "[m,k]", 3: "[2,k,3]", 4: "[2,3,n,3]"}


def _reductions() -> list[Case]:
    """Every reduction over every set of axes, kept and not, of every rank."""
    found = []
    for name, (rank, shape), keep in product(REDUCTIONS, RANKS.items(), (False, True)):
        for size in range(1, rank + 1):
            for axes in combinations(range(rank), size):
                named = axes[0] - rank * keep if size == 1 else axes[::-1]
                option = ", keepdims=True" if keep else ""
                inner = "a" if name in ("max", "min", "norm") else "sin(a) + b"
                body = f"z = {name}({inner}, axis={named}{option})" + "*sum(b)" * (inner == "a")
                row = Case(f"{name} {axes} {keep} of rank {rank}", f"a{shape} b{shape}", body)
                found.append(replace(row, domain="spaced" if inner == "a" else ""))
    for name, (rank, shape) in product(("softmax", "log_softmax"), RANKS.items()):
        for size in range(1, rank + 1):
            for axes in combinations(range(rank), size):
                body = f"z = {name}(a, axis={axes})*b"
                found.append(Case(f"{name} {axes} of rank {rank}", f"a{shape} b{shape}", body))
    for name, (rank, shape) in product(("cumsum", "cumprod"), RANKS.items()):
        for axis in range(rank):
            body = f"z = {name}(a + b, axis={axis})*b"
            found.append(Case(f"{name} {axis} of rank {rank}", f"a{shape} b{shape}", body))
    return [replace(case, roles=ROLES[i % len(ROLES)]) for i, case in enumerate(found)]


def _broadcasts() -> list[Case]:
    pairs = combinations_with_replacement(KINDS, 2)
    body = "z = a/b"
    return [Case(f"{x} and {y}", f"a{KINDS[x]} b{KINDS[y]}", body, "positive") for x, y in pairs]


UNSPREAD = [
    *_rows(OPERATIONS),
    *(replace(case, is_higher=True) for case in _rows(HIGHER)),
    *_rows(POSITIVE, "positive"),
    *_broadcasts(),
    *_blocks(LINES),
]
CASES = [case for unspread in UNSPREAD for case in _spread(unspread)]
"""Every case with its leaves in several patterns of parameter and input."""

ALONG_AXES = _reductions()
"""What goes along axes, over every set of them at every rank, its leaves in one of the patterns."""
