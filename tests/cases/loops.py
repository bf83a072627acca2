"""Circuits whose loops are kept, with values of their sizes."""

from typing import NamedTuple


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
}
"""The same where T is a size that the data have."""
