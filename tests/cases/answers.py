"""Answers to questions of the quiz: right ones in many forms, wrong ones with their mistakes."""

from __future__ import annotations

import sympy as sp

x1, x3, x4, x5, w3, w4, x2, net2 = sp.symbols("x1 x3 x4 x5 w3 w4 x2 net2")

# circuit, the partial that is asked for, and forms of it
RIGHT = [
    ("L5", ("f", "x2"), ["-1", "−1", "1 - 2", "-x3/x3", -1, -1.0, sp.Integer(-1)]),
    (
        "L5",
        ("x2", "net2"),
        [
            "sigma_prime(net2)",
            "σ′(net2)",
            "σ'(net2)",
            "σ′",
            "sigma'",
            "σ(1−σ)",
            "σ·(1 − σ)",
            "sigma(net2)*(1 - sigma(net2))",
            "x2*(1 - x2)",
            "x2 − x2²",
            "exp(-net2)/(1 + exp(-net2))**2",
            "sigma(w3*x3 + w4*x4)*sigma(-w3*x3 - w4*x4)",
            "(1 - tanh(net2/2)**2)/4",
            x2 * (1 - x2),
            sp.exp(-w3 * x3 - w4 * x4) / (1 + sp.exp(-w3 * x3 - w4 * x4)) ** 2,
            sp.Symbol("x2", real=True) - sp.Symbol("x2", real=True) ** 2,
        ],
    ),
    ("L5", ("net2", "w3"), ["x3", "+x3", "(net2 - w4*x4)/w3", "x3 + w4 - w4", x3, "x₃"]),
    (
        "L5",
        ("f", "w3"),
        [
            "-x3*sigma_prime(net2)",
            "−1 · σ′ · x3",
            "-σ(1−σ)·x3",
            "-x3*x2*(1 - x2)",
            "x3*x2*(x2 - 1)",
            "x3x2*(x2 - 1)",
            "-x3*(x1 - f)*(1 - x1 + f)",
            "-x3σ′",
            -x3 * x2 * (1 - x2),
        ],
    ),
    (
        "L6b",
        ("f", "x3"),
        [
            "1 - w3*x2*(1 - x2)",
            "1·1 + (−1)·σ′·w3",
            "1 - w3σ′",
            "1 - w3*sigma_prime(w3x3 + w4x4)",
            "1 + w3*x2**2 - w3*x2",
            "sin(x5)**2 + cos(x5)**2 - w3*sigma'(net2)",
            1 - w3 * x2 * (1 - x2),
        ],
    ),
    ("where", ("f", "w"), ["where(x > b, x, b**2)", "where(b < x, x, b**2)"]),
    ("tanh", ("f", "w"), ["w2*x*(1 - tanh(w*x + b)**2)", "w2*x*tanh′(w*x + b)", "w2*x*tanh′"]),
    ("log", ("f", "w"), ["1/w", "x/(w*x)", "x*log'(w*x)", "x*exp(-f)"]),
    ("power", ("f", "w"), ["3*x*(w*x + b)**2", "3*x*f/(w*x + b)"]),
    ("paths", ("f", "w"), ["(v + 1)*x + u*(2*u*x - 1)", "(u**2 - w + 1)*x + u*(2*u*x - 1)"]),
]
EXTRA = {"power": "f = (w*x + b)**3"}
# circuit, asked, wrong answer, edge that it gets wrong, words of the message
WRONG = [
    ("L5", ("f", "x2"), "1", ("f", "x2"), "sign"),
    ("L5", ("x2", "net2"), "x2", ("x2", "net2"), "itself"),
    ("L5", ("x2", "net2"), "σ(net2)", ("x2", "net2"), "itself"),
    ("L5", ("x2", "net2"), "1 - x2**2", ("x2", "net2"), "another function"),
    ("L5", ("x2", "net2"), "1 - x2", ("x2", "net2"), "factor"),
    ("L5", ("x2", "net2"), "x2*(1 + x2)", ("x2", "net2"), "sign inside"),
    ("L5", ("x2", "net2"), "-x2", ("x2", "net2"), "and the sign"),
    ("L5", ("x2", "net2"), "-σ′", ("x2", "net2"), "sign"),
    ("L5", ("net2", "w3"), "w3", ("net2", "w3"), "∂net2/∂x3"),
    ("L5", ("net2", "w3"), "x4", ("net2", "w3"), "∂net2/∂w4"),
    ("L5", ("net2", "w3"), "-x3", ("net2", "w3"), "sign"),
    ("L5", ("net2", "w3"), "-x3*σ′", ("net2", "w3"), "all the way"),
    ("L5", ("net2", "w3"), "1/x3", ("net2", "w3"), "upside down"),
    ("L5", ("f", "w3"), "x3*x2*(1 - x2)", ("f", "x2"), "sign"),
    ("L5", ("f", "w3"), "-x3*x2", ("x2", "net2"), "itself"),
    ("L5", ("f", "w3"), "-σ′", ("net2", "w3"), "factor is missing"),
    ("L5", ("f", "w3"), "-x3", ("x2", "net2"), "factor is missing"),
    ("L5", ("f", "w3"), "-w3*σ′", ("net2", "w3"), "∂net2/∂x3"),
    ("L5", ("f", "w3"), "-x4*σ′", ("net2", "w3"), "∂net2/∂w4"),
    ("L5", ("f", "w3"), "-x3*(1 - x2**2)", ("x2", "net2"), "another function"),
    ("L5", ("f", "w3"), "x3*x2", ("x2", "net2"), "and the sign"),
    ("L6b", ("f", "x3"), "1 + w3*σ′", ("f", "x2"), "f → x2 → net2 → x3"),
    ("L6b", ("f", "x3"), "-1 - w3*σ′", ("f", "x1"), "f → x1 → x3"),
    ("L6b", ("f", "x3"), "-w3*σ′", ("f", "x1"), "path f → x1 → x3 is missing"),
    ("L6b", ("f", "x3"), "1", ("f", "x2"), "path f → x2 → net2 → x3 is missing"),
    ("L6b", ("f", "x3"), "w3*σ′", ("f", "x1"), "missing, and the sign"),
    ("L6b", ("f", "x3"), "1 - w3*x2", ("x2", "net2"), "itself"),
    ("L6b", ("f", "x3"), "1 - σ′", ("net2", "x3"), "factor is missing"),
    ("L6b", ("f", "x3"), "1 - w3", ("x2", "net2"), "factor is missing"),
    ("L6b", ("f", "x3"), "1 - x3*σ′", ("net2", "x3"), "∂net2/∂w3"),
    ("L6b", ("f", "x3"), "x5 + x4", None, "does not equal ∂f/∂x3"),
    ("L6b", ("x1", "x3"), "x3", ("x1", "x3"), ""),
    ("L6b", ("f", "w4"), "x4*σ′", ("f", "x2"), "sign"),
    ("exp", ("f", "w"), "x*(w*x + b)", None, ""),
    ("wide product", ("f", "w1"), "w2*w3*x1*x2*x3", ("f", "f_1"), "factor of its partial"),
]
