"""Circuits of small arrays, whose pages have sliders and practice."""

import symback as sb

NETWORK = (
    "x: input[2];  t: target[2]\nW1: param[3, 2];  b1: param[3]\nW2: param[2, 3];  b2: param[2]\n"
    "h = tanh(W1 @ x + b1)\nz: output = W2 @ h + b2\nE: loss = cross_entropy(z, t)"
)
CIRCUITS = {
    "network": NETWORK,
    "residual": "x: input[3]; W: param[3, 3]; h = relu(W @ x) + x; E: loss = sum(h**2)/2",
    "softmax": "x: input[4]; t: target[4]; p = softmax(x); E: loss = sum((p - t)**2)",
    "norm": "x: input[3]; y: target; w: param[3]; E: loss = (dot(w, x)/norm(w) - y)**2",
    "matrix": "A: param[2, 2]; x: input[2]; E: loss = dot(x, A @ x) + trace(A)",
    "where": "x: input[3]; w: param[3]; E: loss = sum(where(x > 0, w*x, w**2))",
    "two paths": "x: input[2]; w: param[2]; u = w*x; v = exp(u); E: loss = sum(u*v) + sum(u)",
    "attention": "q: input[2]; K: param[3, 2]; V: param[3, 2]; a = softmax(K @ q)\n"
    "y = a @ V; E: loss = sum(y**2)",
    "row sums": "X: input[2, 3]; w: param[3]; E: loss = sum(sigma(X @ w))",
}
HESSIANS = {
    "least squares": "X: input[3, 2]; w: param[2]; y: target[3]; f: output = X @ w\n"
    "l: loss = mean((f - y)**2)/2",
    "logistic regression": "X: input[3, 2]; w: param[2]; c: param; y: target[3]\n"
    "z: output = X @ w + c; l: loss = mean(softplus(z) - y*z)",
    "softmax": "x: input[2]; W: param[2, 2]; c: param[2]; t: target\nz: output = W @ x + c\n"
    "l: loss = cross_entropy(z, t)",
    "matrix": "X: input[3, 2]; Y: input[3, 2]; W: param[2, 2]; z: output = X @ W\n"
    "l: loss = sum((z - Y)**2)",
    "explicit matrix": "x: param[2]; a: input; f: output = x @ ([[a, 1], [1, 3]] @ x); loss: none",
    "zeros": "w: param[2]; x: input[2]; f: output = dot(w, x); loss: none",
    "rewritten": "X: input[3, 2]; w: param[2]; l: loss = sum(log(1 + exp(X @ w)))",
}
JACOBIANS = {
    "layer": "x: input[3]; W: param[2, 3]; b: param[2]; h: output = tanh(W @ x + b); loss: none",
    "two outputs": "x: input[2]; W: param[2, 2]; b: param[2]; u = W @ x\n"
    "h: output = softmax(u + b); s: output = dot(h, u); loss: none",
    "inverse": "A: input[2, 2]; a: param[2]; z: output = solve(A, a); loss: none",
    "branches": "x: param[3]; c: param; z: output = where(x > c, x**2, c*x); loss: none",
    "no product": "x: param[3]; c: param; z: output = c*x[1:]*x[:-1]; loss: none",
}


def derived(name):
    circuit = sb.circuit(CIRCUITS[name])
    return circuit.derive(circuit.objective.name)


def hessian(name):
    circuit = sb.circuit(HESSIANS[name])
    return circuit.derive(circuit.objective.name, order=2, view="matrices")


def jacobian(name):
    return sb.circuit(JACOBIANS[name]).derive(jacobian=True, view="matrices")
