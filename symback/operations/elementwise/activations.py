"""What neurons apply to their net inputs, and what goes with σ."""

from __future__ import annotations

import sympy as sp
from sympy import Piecewise, S

from symback.operations.edges import zero_or_nan
from symback.operations.elementwise.row import Op
from symback.operations.functions import (
    binary_cross_entropy,
    binary_cross_entropy_prime,
    gelu,
    gelu_prime,
    logsigmoid,
    relu,
    relu_at,
    sigma,
    sigma_prime,
    silu,
    silu_prime,
    softplus,
)
from symback.operations.special import sigmadiff, softplusdiff

ROWS = (
    Op(
        "sigma",
        sigma,
        "σ′ = σ·(1 − σ)",
        sign="σ",
        slope=sigma_prime,
        activation=True,
        aliases=("sigmoid", "logistic"),
    ),
    Op(
        "sigma_prime",
        sigma_prime,
        "(σ′)′ = −σ′·tanh(u/2)",
        sign="σ′",
        partials=lambda v, u: (-v * sp.tanh(u / 2),),
    ),
    Op(
        "sigmadiff",
        sigmadiff,
        "∂(σ(a) − σ(b)) = σ′(a)·∂a − σ′(b)·∂b",
        (2, 2),
        partials=lambda v, a, b: (sigma(a) * sigma(-a), -sigma(b) * sigma(-b)),
    ),
    Op(
        "softplusdiff",
        softplusdiff,
        "∂(softplus(a) − softplus(b)) = σ(a)·∂a − σ(b)·∂b",
        (2, 2),
        partials=lambda v, a, b: (sigma(a), -sigma(b)),
    ),
    Op(
        "softplus",
        softplus,
        "softplus′ = σ",
        partials=lambda v, u: (sigma(u),),
        activation=True,
    ),
    Op(
        "logsigmoid",
        logsigmoid,
        "logsigmoid′(u) = σ(−u)",
        partials=lambda v, u: (sigma(-u),),
        activation=True,
    ),
    Op(
        "relu",
        relu,
        "relu′(u) = 1 where u > 0, else 0",
        partials=lambda v, u: (Piecewise((1, u > 0), (zero_or_nan(v), True)),),
        activation=True,
        kink="0",
        at_kink=relu_at,
        exact=True,
    ),
    Op(
        "relu_at",
        relu_at,
        "relu′(u) = 1 where u > 0, k at 0, else 0",
        (2, 2),
        partials=lambda v, u, k: (
            Piecewise((1, u > 0), (k, sp.Eq(u, 0)), (zero_or_nan(v), True)),
            S.Zero,
        ),
        activation=True,
        kink="0",
        exact=True,
    ),
    Op(
        "silu",
        silu,
        "silu′(u) = σ(u)·(1 + u·(1 − σ(u)))",
        slope=silu_prime,
        activation=True,
    ),
    Op(
        "gelu",
        gelu,
        "gelu′(u) = (1 + erf(u/√2))/2 + u·exp(−u²/2)/√(2π)",
        slope=gelu_prime,
        activation=True,
    ),
    Op(
        "binary_cross_entropy",
        binary_cross_entropy,
        "∂z: σ(z) − t, ∂t: −z",
        (2, 2),
        partials=lambda v, z, t: (-z,),
        slope=binary_cross_entropy_prime,
        activation=True,
    ),
)
