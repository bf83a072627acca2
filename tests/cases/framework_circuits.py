"""Circuits for what frameworks transform modules with."""

from tests.cases.sample_circuits import LECTURE

TWO_LAYERS = """
x: input[d]; W: param[h, d]; V: param[k, h]; t: target[k]
z = V @ tanh(W @ x)
l: loss = cross_entropy(z, t)
p: output = softmax(z)
"""
LOOP = """
x: input[T, d]; W: param[h, d]; U: param[h, h]; V: param[k, h]
s[0] = zeros(h)
for i in range(T):
    s[i + 1] = tanh(W @ x[i] + U @ s[i])
p: output = V @ s[T]
l: loss = sum(p**2)
"""
KINKS = "f = abs(x)*w + max(x, w) + relu(w*x) + min(x, 1)"
MASKED = "f = where(x > 1, w*log(x - 1), w*x)"
SHARES = """
x: input[d]; w: param[d]
h = softmax(w*x)
E: loss = sum(softmax(h + w*x)**2)
"""
CIRCUITS = {
    "neuron": LECTURE["L5"],
    "kinks": KINKS,
    "masked": MASKED,
    "two layers": TWO_LAYERS,
    "loop": LOOP,
    "shares of shares": SHARES,
}
