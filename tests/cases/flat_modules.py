"""Circuits for targets whose modules loop over flat arrays."""

from tests.cases.array_circuits import ALL as ARRAYS
from tests.cases.elementwise import CASES as OPERATIONS
from tests.cases.sample_circuits import LECTURE

SCOPES = {
    "a ridge counted once": (
        "x: input; y: target; w: param[3]\nf = w[0]*exp(-w[1]*x) + w[2]\n"
        "E: loss = (f - y)**2 + once(0.1*sum(w**2))"
    ),
    "a constant matrix": "A: const[2, 2]; x: input[2]; w: param[2]\nf = dot(w, A @ x)",
    "nothing to train": "f = 3*x",
    "parameters alone": "a: param; b: param; f = (1 - a)**2 + 100*(b - a**2)**2",
    "an output of parameters": (
        "a: param; x: input; y: target; f: output = a**2; E: loss = (f - x*y)**2"
    ),
    "sizes that the circuit gives": (
        "x: input[12]; W: param[7, 12]; y: target[7]; f: output = W @ x; E: loss = sum((f - y)**2)"
    ),
    "several outputs": "f: output = [a*b, a + b]",
    "names that modules have": (
        "row: input[at]; stop: param[at, start]; read: param[start]; given: param; y: target\n"
        "sums = row @ stop + read\ntotal = sum(tanh(sums))*given\ntangents: loss = (total - y)**2"
    ),
    "names that Rust has": (
        "type: input[count]; start: param[work, count]; Ok: param[work]; sizes: param; y: target\n"
        "results = start @ type + Ok\nrow = sum(tanh(results))*sizes\nBLOCK: loss = (row - y)**2"
    ),
    "one sample that is guarded": "f = where(x > 1, w*log(x - 1), w*x)",
}
CIRCUITS = {
    **LECTURE,
    **SCOPES,
    **{name: case.circuit for name, case in OPERATIONS.items()},
    **ARRAYS,
}


FIRST = [*SCOPES, "L5", "two layers"]
"""Those that the suite takes; the slow run takes all."""
TWO_LAYERS = """\
x: input[d]; W: param[h, d]; b: param[h]; v: param[h]; y: target
f = dot(v, tanh(W @ x + b))
"""
MATRICES = {
    "a number": "f = x1 - sigma(w3*x3 + w4*x4)",
    "an array of arrays": (
        "x: input[d]; W: param[k, d]; b: param; y: target[k]\n"
        "p: output = softmax(W @ x + b)\nE: loss = sum((p - y)**2)"
    ),
    "a parameter of the loss alone": (
        "x: input; w: param; v: param; y: target\n"
        "f: output = w*x**2\nE: loss = (f - y)**2/2 + v**2*f"
    ),
    "several outputs": "a: param; b: param; x: input; y: target[2]\nf: output = [a*x, sin(b*x)]\n"
    "E: loss = sum((f - y)**2)",
    "data for all samples": "x: input[3]; y: target; w: param[3]; c: const\nf = c*dot(w, x)\n"
    "E: loss = (f - y)**2/2",
    "a kept loop": (
        "x: input[T]; a: param; b: param; y: target\nh[0] = 0\n"
        "for t in range(T):\n    h[t + 1] = tanh(a*h[t] + b*x[t])\n"
        "f: output = h[T]\nE: loss = (f - y)**2/2"
    ),
}
"""Circuits with Jacobians and Hessians by the parameters."""
