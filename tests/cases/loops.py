"""Circuits whose loops are kept, with values of their sizes."""

from typing import NamedTuple

import numpy as np


class LoopCase(NamedTuple):
    text: str
    sizes: dict


_RNN = """x: input[{T}, d]
y: target
W: param[n, d];  U: param[n, n];  b: param[n];  V: param[k, n]
h[0] = zeros(n)
for t in range(1, {T} + 1):
    h[t] = tanh(W @ x[t - 1] + U @ h[t - 1] + b)
z: output = V @ h[{T}]
E: loss = cross_entropy(z, y)
"""
_GRU = """x: input[{T}, d]
Wr: param[n, d];  Ur: param[n, n];  br: param[n];  cr: param[n]
Wz: param[n, d];  Uz: param[n, n];  bz: param[n];  cz: param[n]
Wn: param[n, d];  Un: param[n, n];  bn: param[n];  cn: param[n]
h0: param[n]
h[0] = h0
for t in range({T}):
    r[t] = sigma(Wr @ x[t] + br + Ur @ h[t] + cr)
    z[t] = sigma(Wz @ x[t] + bz + Uz @ h[t] + cz)
    m[t] = tanh(Wn @ x[t] + bn + r[t]*(Un @ h[t] + cn))
    h[t + 1] = (1 - z[t])*m[t] + z[t]*h[t]
E: loss = sum(h[{T}]**2)
"""
_RUNGE_KUTTA = """dt: param
A: param[n, n];  y0: input[n]
y[0] = y0
for t in range(12):
    k1[t] = A @ y[t]
    k2[t] = A @ (y[t] + dt/2*k1[t])
    k3[t] = A @ (y[t] + dt/2*k2[t])
    k4[t] = A @ (y[t] + dt*k3[t])
    y[t + 1] = y[t] + dt/6*(k1[t] + 2*k2[t] + 2*k3[t] + k4[t])
l: loss = sum(y[12])
"""
_KALMAN = """z: input[{T}, m]
A: param[n, n];  Q: param[n, n];  H: param[m, n];  R: param[m, m]
x[0] = zeros(n)
P[0] = eye(n)
L[0] = 0
for t in range(1, {T} + 1):
    a[t] = A @ x[t - 1]
    B[t] = A @ P[t - 1] @ A.T + Q @ Q.T
    S[t] = H @ B[t] @ H.T + R @ R.T + eye(m)
    e[t] = z[t - 1] - H @ a[t]
    v[t] = solve(S[t], e[t])
    x[t] = a[t] + B[t] @ H.T @ v[t]
    P[t] = B[t] - B[t] @ H.T @ solve(S[t], H @ B[t])
    L[t] = L[t - 1] + dot(e[t], v[t]) + logdet(S[t])
E: loss = L[{T}]
"""
_TWO = """x: input[9, n];  y: target[9, n]
w: param[n];  u: param[n];  s: param
a[0] = zeros(n)
for t in range(9):
    a[t + 1] = tanh(w*x[t] + s*a[t])
q[0] = ones(n)
for t in range(1, 10):
    q[t] = u*q[t - 1]*a[t] + w*x[9 - 1, 0]
E: loss = sum((q[9] - y[8])**2) + sum(a[3]*w)
"""
_TIED = """x: input[10, 2, n];  W: param[n, n];  c: param[2, n]
h[0] = c
g[0] = 0
for t in range(10):
    h[t + 1] = x[t]*h[t] @ W + h[t]
    g[t + 1] = g[t]/2 + sum(h[t + 1] @ W.T)*x[t, 1, 0]
f: output = g[10]*h[10]
l: loss = sum(f)
"""

_LAYERS = """x: input[T, n]
w: param[4, n];  p0: param[n]
h[0] = p0
k[0] = zeros(n)
S[0] = 0
for t in range(1, T):
    f[t] = sigma(w[0]*x[t - 1] + w[1])
    h[t] = f[t]*h[t - 1] + tanh(w[2]*h[t - 1])
    k[t] = tanh(w[3]*k[t - 1] + sigma(h[t]*w[0]))
    S[t] = S[t - 1] + sum(x[t]*(k[t] - log(sum(exp(k[t])) + 2)))
E: loss = S[T - 1]/(T - 1)
"""

LOOPS = {
    "recurrent": LoopCase(_RNN.format(T=8), {"d": 3, "n": 4, "k": 3}),
    "gated": LoopCase(_GRU.format(T=9), {"d": 3, "n": 4}),
    "runge kutta": LoopCase(_RUNGE_KUTTA, {"n": 3}),
    "kalman": LoopCase(_KALMAN.format(T=8), {"n": 3, "m": 2}),
    "two loops": LoopCase(_TWO, {"n": 3}),
    "a matrix is carried, and a number": LoopCase(_TIED, {"n": 3}),
}
"""With constant bounds."""

LOOPS_OF_DATA = {
    "recurrent": LoopCase(_RNN.format(T="T"), {"d": 3, "n": 4, "k": 3}),
    "gated": LoopCase(_GRU.format(T="T"), {"d": 3, "n": 4}),
    "kalman": LoopCase(_KALMAN.format(T="T"), {"n": 3, "m": 2}),
    "layers": LoopCase(_LAYERS, {"n": 3}),
}
"""The same where T is a size that the data have."""


NEIGHBOURS = {
    "relu": """
x: input[9, d]
W: param[d, d]
h[0] = zeros(d)
for t in range(9):
    h[t + 1] = relu(W @ h[t] + x[t])
E: loss = sum(h[9]**2)
""",
    "where": """
x: input[9, d]
W: param[d, d]
h[0] = zeros(d)
for t in range(9):
    h[t + 1] = where(x[t] > 0, W @ h[t], x[t])
E: loss = sum(h[9]**2)
""",
    "max": """
x: input[9, d]
w: param[d]
h[0] = zeros(d)
for t in range(9):
    h[t + 1] = maximum(h[t], w*x[t])
E: loss = sum(h[9])
""",
    "sqrt": """
x: input[9, d]
w: param[d]
h[0] = ones(d)
for t in range(9):
    h[t + 1] = sqrt(h[t]**2 + w*x[t]**2 + 1)
E: loss = sum(h[9])
""",
    "param sequence": """
x: input[d]
W: param[9, d]
h[0] = x
for t in range(9):
    h[t + 1] = tanh(W[t]*h[t])
E: loss = sum(h[9]**2)
""",
    "param sequence and data": """
x: input[9, d]
W: param[9, d, d]
h[0] = zeros(d)
for t in range(9):
    h[t + 1] = tanh(W[t] @ h[t] + x[t])
E: loss = sum(h[9]**2)
""",
    "no data": """
W: param[d, d]
y: target
h0: param[d]
h[0] = h0
for t in range(9):
    h[t + 1] = tanh(W @ h[t])
f: output = sum(h[9])
""",
    "no data but outside": """
x: input[d]
W: param[d, d]
h0: param[d]
h[0] = h0
for t in range(9):
    h[t + 1] = tanh(W @ h[t])
E: loss = sum(x*h[9])**2
""",
    "shared input": """
x: input[d]
W: param[d, d]
h0: param[d]
h[0] = h0
for t in range(9):
    h[t + 1] = tanh(W @ h[t]+x)
E: loss = sum(h[9])**2
""",
    "W used outside": """
x: input[9, d]
W: param[d, d]
h[0] = W @ ones(d)
for t in range(9):
    h[t + 1] = tanh(W @ h[t]+x[t])
E: loss = sum(W @ h[9])**2 + sum(W**2)
""",
    "targets": """
x: input[9, d]
y: target[9]
w: param[d]
b: param
a: param
h[0] = zeros(d)
S[0] = 0
for t in range(1, 10):
    h[t] = tanh(w*x[t - 1] + h[t - 1]*b)
    S[t] = S[t - 1] + (sum(h[t])*a - y[t - 1])**2
E: loss = S[9]/9
""",
    "class targets": """
x: input[9, d]
y: target[9, k]
V: param[k, d]
h[0] = zeros(d)
S[0] = 0
for t in range(1, 10):
    h[t] = tanh(x[t - 1] + h[t - 1])
    S[t] = S[t - 1] + cross_entropy(V @ h[t], y[t - 1])
E: loss = S[9]/9
""",
    "const": """
A: const[d, d]
x: input[9, d]
w: param[d]
h[0] = zeros(d)
for t in range(9):
    h[t + 1] = tanh(A @ h[t] + w*x[t])
E: loss = sum(h[9])
""",
    "const value": """
A: const = [[1, 2], [3, 4]]
x: input[9, 2]
w: param[2]
h[0] = zeros(2)
for t in range(9):
    h[t + 1] = tanh(A @ h[t] + w*x[t])
E: loss = sum(h[9])
""",
    "several outputs": """
x: input[9, d]
w: param[d]
h[0] = zeros(d)
for t in range(9):
    h[t + 1] = tanh(h[t] + w*x[t])
f: output = h[9]*2
g: output = sum(h[4]*w)
""",
    "function": """
swish(u) = u*sigma(u)
x: input[9, d]
w: param[d]
h[0] = zeros(d)
for t in range(9):
    h[t + 1] = swish(h[t] + w*x[t])
E: loss = sum(h[9])
""",
    "size in turn": """
x: input[9, d]
w: param[d]
h[0] = zeros(d)
for t in range(9):
    h[t + 1] = tanh(h[t]/sqrt(d) + w*x[t] + ones(d))
E: loss = sum(h[9])/d
""",
    "once": """
x: input[9, d]
w: param[d]
lam: const
h[0] = zeros(d)
for t in range(9):
    h[t + 1] = tanh(h[t] + w*x[t])
E: loss = sum(h[9]) + once(lam*norm(w)**2)
""",
    "names": """
x: input[9, d]
h_t: param[d]
turn: param[d]
h[0] = zeros(d)
for t in range(9):
    h[t + 1] = tanh(h[t]*turn + h_t*x[t])
E: loss = sum(h[9])
""",
    "stop": """
x: input[9, d]
w: param[d]
h[0] = zeros(d)
for t in range(9):
    h[t + 1] = stop_gradient(h[t]) + w*x[t]
E: loss = sum(h[9]**2)
""",
    "copy": """
x: input[9, d]
w: param[d]
a[0] = w
for t in range(9):
    a[t + 1] = a[t]
E: loss = sum(a[9]*x[0])
""",
    "index": """
x: input[9, d]
E: param[k, d]
i: int
h[0] = E[i]
for t in range(9):
    h[t + 1] = tanh(h[t] + x[t])
f: loss = sum(h[9])
""",
    "softmax": """
x: input[9, d]
w: param[d]
h[0] = zeros(d)
for t in range(9):
    h[t + 1] = softmax(h[t] + w*x[t])
E: loss = sum(h[9]**2)
""",
    "two layers": """
x: input[9, d];  y: input[9, d]
f: param[d];  u: param[d];  p: param[d];  g: param[d];  q: param[d]
h[0] = zeros(d)
c[0] = p
k[0] = zeros(d)
S[0] = 0
for t in range(1, 10):
    a[t] = sigma(f*x[t - 1] + p)
    c[t] = c[t - 1]*a[t] + sigma(u*h[t - 1])*tanh(g*h[t - 1])
    h[t] = sigma(q*a[t])*tanh(c[t])
    k[t] = tanh(k[t - 1]*u + h[t]*f)
    r[t] = exp(k[t]*q)
    S[t] = S[t - 1] - sum(y[t - 1]*(r[t] - log(sum(r[t]) + 2)))
E: loss = S[9]/9
""",
    "of the turn before": """
x: input[9, d]
w: param[d]
h[0] = w
s[0] = 0
for t in range(1, 10):
    h[t] = tanh(w*x[t - 1])
    v[t] = h[t - 1]*x[t - 1]
    s[t] = s[t - 1] + sum(v[t]**2)
f: output = s[9] + sum(h[9])
E: loss = f**2
""",
    "same in all turns": """
x: input[9, d]
w: param[d];  u: param[d];  V: param[d, d]
h[0] = zeros(d)
for t in range(9):
    a[t] = exp(w*u)
    b[t] = V @ x[3]
    h[t + 1] = tanh(h[t]*a[t] + x[t]*b[t])
E: loss = sum(h[9])
""",
    "samples and parameters": """
x: input[9, d]
w: param[d];  W: param[9, d];  V: param[d, d]
p[0] = w
h[0] = zeros(d)
for t in range(9):
    p[t + 1] = tanh(p[t]*W[t])
    q[t] = exp(W[t])*p[t]
    z[t] = V @ (x[t]*q[t])
    h[t + 1] = h[t]*w + z[t]
E: loss = sum(h[9]**2) + sum(p[4])
""",
    "no recurrence": """
x: input[9, d]
w: param[d]
h[0] = w
for t in range(9):
    h[t + 1] = tanh(w*x[t])
E: loss = sum(h[9]*h[3]*h[0])
""",
    "parameters alone, at once": """
x: input[d]
w: param[9, d]
a[0] = ones(d)
b[0] = zeros(d)
for t in range(9):
    u[t] = exp(w[t])
    a[t + 1] = a[t]*u[t]
    b[t + 1] = b[t] + sigma(a[t + 1])
E: loss = sum(b[9]*x)
""",
    "crossed": """
x: input[9, d]
w: param[d]
a[0] = zeros(d)
b[0] = ones(d)
for t in range(9):
    a[t + 1] = b[t]*w + x[t]
    b[t + 1] = tanh(a[t])
E: loss = sum(a[9]) + sum(b[5]**2)
""",
    "concat": """
x: input[9, d]
W: param[n, n]
h[0] = zeros(d)
for t in range(9):
    h[t + 1] = tanh(h[t][::-1]*x[t] + concat(h[t][1:], [x[t, 0]]))
E: loss = sum(h[9]**2)*sum(W)
""",
    "lstm": """
x: input[9, d]
W: param[4, n, d]
U: param[4, n, n]
b: param[4, n]
h[0] = zeros(n)
c[0] = zeros(n)
for t in range(9):
    i[t] = sigma(W[0] @ x[t] + U[0] @ h[t] + b[0])
    f[t] = sigma(W[1] @ x[t] + U[1] @ h[t] + b[1])
    g[t] = tanh(W[2] @ x[t] + U[2] @ h[t] + b[2])
    o[t] = sigma(W[3] @ x[t] + U[3] @ h[t] + b[3])
    c[t + 1] = f[t]*c[t] + i[t]*g[t]
    h[t + 1] = o[t]*tanh(c[t + 1])
E: loss = sum(h[9]**2)
""",
}
"""Operations, leaves and roles of all kinds in a turn; sizes d = 4, k = 3, n = 2."""

ROWS = 5
TURNS = 11  # where data say how many there are


def samples(circuit, module, sizes):
    rng = np.random.default_rng(0)
    named = {str(s) for p in circuit.params for s in p.shape if s.is_Symbol}
    params = module.init_params(rng, **{n: k for n, k in sizes.items() if n in named})
    inputs = {}
    for leaf in circuit.columns:
        shape = [{**sizes, "T": TURNS}[str(s)] if s.is_Symbol else int(s) for s in leaf.shape]
        classes = not shape
        drawn = rng.integers(0, 3, ROWS) if classes else rng.normal(size=(ROWS, *shape)) / 2
        inputs[leaf.name] = drawn
    return params, inputs
