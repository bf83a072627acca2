"""Circuits that several tests share, as texts with the options of `symback.circuit`."""

import symback as sb
from tests.cases import elementwise

LECTURE = {
    "L1": "f = x1 - x2",
    "L2": "f = x1 - x2, x2 = x3 + x4",
    "L3": "f = x1 - x2, x2 = x3 + x5 + x4",
    "L4": "f = x1 - x2, x2 = w3*x3 + w4*x4",
    "L5": "f = x1 - x2, x2 = sigma(net2), net2 = w3*x3 + w4*x4",
    "L5 flat": "f = x1 - sigma(w3*x3 + w4*x4)",
    "L6a": "f = (x1 + x5) - sigma(w3*x3 + w4*x4)",
    "L6b": "f = x1 - x2, x1 = x3 + x5, x2 = sigma(net2), net2 = w3*x3 + w4*x4",
}

OPERATIONS = {name: case.circuit for name, case in elementwise.CASES.items()}

STRUCTURES = {
    "quotient": "f = w*x1/(b + x2)",
    "wide quotient": "f = w1*w2*x1/(x2*x3**2)",
    "powers": "f = w*x**3 + b*x**4 - x**5/7",
    "roots": "f = w*x**1.5 + x**(1/3)/b",
    "general power": "f = (w*x)**b",
    "exponential": "f = 2**(w*x)",
    "constants": "f = pi*w*x + sqrt(2)*b/3 + 0.1*x**2 + 1e-9",
    "normal density": "f = exp(-(x/w)**2/2)/(sqrt(2*pi)*w)",
    "where": "f = where(x > b, w*x, w*b**2)",
    "guarded where": "f = where(x > 0, w*sqrt(x), b*x)",
    "nested where": "f = where((x > 1) & (b < x), w*log(x), where(x < -1, b*x**2, b))",
    "tie": "f = max(w*x, x*w) + min(w*x, b)",
    "wide product": "f = w1*w2*w3*x1*x2*x3*x4",
    "shared parts": "f = sin(w*x + b)*exp(w*x + b), g: output = f + w*x + b",
    "paths": "f = u*v + u, u = w*x + b, v = u**2 - w",
    "two layers": (
        "h1 = tanh(w1*x1 + w2*x2 + b1)\nh2 = tanh(w3*x1 + w4*x2 + b2)\n"
        "f = sigma(w5*h1 + w6*h2 + b3)"
    ),
    "cross-entropy": (
        "x: input; w: param; b: param; y: target\nz = w*x + b\np: output = sigma(z)\n"
        "E: loss = softplus(z) - y*z"
    ),
    "regulariser": (
        "x: input; w: param; b: param; c: param = 0.5; y: target\nf: output = w*x + b\n"
        "E: loss = (f - y)**2/2 + c**2*w**2 + abs(c)"
    ),
    "loss reads the net": (
        "x: input; w: param; y: target\nnet = w*x\nf: output = sigma(net)\n"
        "E: loss = softplus(net) - y*net"
    ),
    "input of the loss": (
        "x: input; s: input; w: param; y: target\nf: output = w*x\nE: loss = s*(f - y)**2"
    ),
    "target t": "x: input; w: param; t: target\nf = w*x\nE: loss = (f - t)**2",
    "Rosenbrock": (
        "w1: param = -1.2; w2: param = 1\nf = (1 - w1)**2 + 100*(w2 - w1**2)**2\nloss: none"
    ),
    "no parameters": "x1: input; x2: input\nf = x1*exp(-x2)",
    "one parameter": "f = w*x",
    "unreached input": "f = w*x1 + sign(x2)",
    "constant value": "w: param; x: input\nf = w*sign(x)\nloss: none",
    "copied output": "x: input; w: param\nf = x + 0*w + w\nloss: none",
    "30 parameters": "f = " + " + ".join(f"w{i}*x{i}" for i in range(30)),
}

ALL = {**LECTURE, **OPERATIONS, **STRUCTURES}


def sample(name: str) -> sb.Circuit:
    """The circuit of that name."""
    return sb.circuit(ALL[name])
