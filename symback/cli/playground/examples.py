"""The circuits that the playground offers, by name; those of the lecture come first."""

from __future__ import annotations

from collections.abc import Mapping

EXAMPLES: Mapping[str, str] = {
    "L1: single neuron": "f = x1 − x2",
    "L2: two neurons": "f = x1 − x2\nx2 = x3 + x4",
    "L3: several inputs": "f = x1 − x2\nx2 = x3 + x5 + x4",
    "L4: weights": "f = x1 − x2\nx2 = w3·x3 + w4·x4",
    "L5: activation": "f = x1 − x2\nx2 = σ(net2)\nnet2 = w3·x3 + w4·x4",
    "L6a: flat": "f = (x1 + x5) − σ(w3·x3 + w4·x4)",
    "L6b: multiple paths": "f = x1 − x2\nx1 = x3 + x5\nx2 = σ(net2)\nnet2 = w3·x3 + w4·x4",
    "L7: loss": "x1: input;  x3: input;  x4: input\ny: target\nw3: param;  w4: param\n"
    "f: output = x1 − σ(w3·x3 + w4·x4)\nl: loss = (f − y)²/2",
    "Line": "x: input;  y: target\nw: param = 0;  b: param = 0\nf: output = w·x + b\n"
    "l: loss = (f − y)²/2",
    "Logistic regression": "x: input;  y: target\nw: param = 0;  b: param = 0\n"
    "p: output = σ(w·x + b)\nE: loss = −y·log(p) − (1 − y)·log(1 − p)",
    "Softmax by hand": "s = exp(z1) + exp(z2)\np1 = exp(z1)/s\np2 = exp(z2)/s\n"
    "L = −t1·log(p1) − t2·log(p2)",
    "Network of arrays": "x: input[2];  t: target[2]\nW1: param[3, 2];  b1: param[3]\n"
    "W2: param[2, 3];  b2: param[2]\nh = tanh(W1 @ x + b1)\nz: output = W2 @ h + b2\n"
    "E: loss = cross_entropy(z, t)",
}

__all__ = ["EXAMPLES"]
