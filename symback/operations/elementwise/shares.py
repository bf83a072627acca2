"""Parts of a whole, such as a/(a + b), and 1/a − 1/b."""

from __future__ import annotations

import sympy as sp

from symback.operations.edges import nonzero, over_square, power_log
from symback.operations.elementwise.row import Op
from symback.operations.special import (
    bound,
    bound_partials,
    boundshare,
    boundshare_partials,
    diffshare,
    expshare,
    expshare_partials,
    hypotshare,
    hypotshare_partials,
    invdiff,
    powshare,
    powshare_prime,
    softsign,
    sumshare,
    unbound,
    unbound_partials,
    unboundshare,
    unboundshare_partials,
)

ROWS = (
    Op(
        "expshare",
        expshare,
        "(a/(a + b·exp(u)))′ = exp(u)·(b·∂a − a·∂b − a·b·∂u)/(a + b·exp(u))²",
        (3, 3),
        partials=expshare_partials,
        singular=True,
    ),
    Op(
        "sumshare",
        sumshare,
        "(a/(a + b))′ = (b·∂a − a·∂b)/(a + b)²",
        (2, 2),
        partials=lambda v, a, b: (sumshare(b, a) / (a + b), -v / (a + b)),
        singular=True,
    ),
    Op(
        "diffshare",
        diffshare,
        "((a − b)/(a + b))′ = 2·(b·∂a − a·∂b)/(a + b)²",
        (2, 2),
        partials=lambda v, a, b: (
            2 * sumshare(b, a) / (a + b),
            -2 * sumshare(a, b) / (a + b),
        ),
        singular=True,
    ),
    Op(
        "powshare",
        powshare,
        "(xⁿ/(xⁿ + kⁿ))′ = v·(1 − v)·(n·∂x/x − n·∂k/k + log(x/k)·∂n), v the value",
        (3, 3),
        slope=powshare_prime,
        partials=lambda v, x, k, n: (
            -powshare_prime(k, x, n),
            power_log(v * powshare(k, x, n), x / nonzero(k)),
        ),
        singular=True,
    ),
    Op(
        "softsign",
        softsign,
        "∂(x/(c + |x|)) = (c·∂x − x·∂c)/(c + |x|)²",
        (2, 2),
        partials=lambda v, x, c: (over_square(c, c + sp.Abs(x)), -v / (c + sp.Abs(x))),
        singular=True,
    ),
    Op(
        "hypotshare",
        hypotshare,
        "∂(x/h) = y²/h³·∂x − x·y/h³·∂y, h = √(x² + y²)",
        (2, 2),
        partials=hypotshare_partials,
        singular=True,
    ),
    Op(
        "bound",
        bound,
        "∂v = ((b − v)·∂a + (a − v)·∂b − v·∂k)/√((a + b + k)² − 4·a·b), v the value",
        (3, 3),
        partials=bound_partials,
        singular=True,
    ),
    Op(
        "unbound",
        unbound,
        "∂v = ((v + k)·∂a − v·∂b + (a − v)·∂k)/√((a + b + k)² − 4·a·b), v the value",
        (3, 3),
        partials=unbound_partials,
        singular=True,
    ),
    Op(
        "boundshare",
        boundshare,
        "∂v = ((1 − v)·(∂b − v·∂a) − v·∂k)/√((a + b + k)² − 4·a·b), v the value",
        (3, 3),
        partials=boundshare_partials,
        singular=True,
    ),
    Op(
        "unboundshare",
        unboundshare,
        "∂v = (v·((1 − v)·∂a − ∂b) + (1 − v)·∂k)/√((a + b + k)² − 4·a·b), v the value",
        (3, 3),
        partials=unboundshare_partials,
        singular=True,
    ),
    Op(
        "invdiff",
        invdiff,
        "∂(1/a − 1/b) = ∂b/b² − ∂a/a²",
        (2, 2),
        partials=lambda v, a, b: (-1 / a**2, 1 / b**2),
        singular=True,
    ),
)
