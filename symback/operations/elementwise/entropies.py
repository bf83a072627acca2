"""Entropies, and products and ratios with a logarithm."""

from __future__ import annotations

import sympy as sp
from sympy.codegen.cfunctions import log1p

from symback.operations.edges import zero_over
from symback.operations.elementwise.row import Op
from symback.operations.special import (
    kl_div,
    log_ratio,
    logit,
    powlog,
    powlog_partials,
    rel_entr,
    weighed,
    xlog1py,
    xlogx,
    xlogx1p,
    xlogy,
)

ROWS = (
    Op(
        "log_ratio",
        log_ratio,
        "∂log(a/b) = ∂a/a − ∂b/b",
        (2, 2),
        partials=lambda v, a, b: (1 / a, -1 / b),
        singular=True,
    ),
    Op(
        "weighed",
        weighed,
        "∂(w·u) = u·∂w + w·∂u",
        (2, 2),
        partials=lambda v, w, u: (u, w),
    ),
    Op(
        "logit",
        logit,
        "logit′(p) = 1/(p·(1 − p))",
        partials=lambda v, p: (1 / (p * (1 - p)),),
        singular=True,
    ),
    Op(
        "xlogx",
        xlogx,
        "(u·log(u))′ = log(u) + 1",
        partials=lambda v, u: (sp.log(u) + 1,),
        singular=True,
    ),
    Op(
        "xlogx1p",
        xlogx1p,
        "((1 + u)·log(1 + u))′ = log(1 + u) + 1",
        partials=lambda v, u: (log1p(u) + 1,),
        singular=True,
    ),
    Op(
        "powlog",
        powlog,
        "∂(xᵏ·log(x)) = xᵏ⁻¹·(k·log(x) + 1)·∂x + xᵏ·log(x)²·∂k",
        (2, 2),
        partials=powlog_partials,
        singular=True,
    ),
    Op(
        "xlogy",
        xlogy,
        "∂(x·log(y)) = log(y)·∂x + x/y·∂y",
        (2, 2),
        partials=lambda v, x, y: (sp.log(y), zero_over(x, y)),
        singular=True,
    ),
    Op(
        "xlog1py",
        xlog1py,
        "∂(x·log(1 + y)) = log(1 + y)·∂x + x/(1 + y)·∂y",
        (2, 2),
        partials=lambda v, x, y: (log1p(y), zero_over(x, 1 + y)),
        singular=True,
    ),
    Op(
        "rel_entr",
        rel_entr,
        "∂(x·log(x/y)) = (log(x/y) + 1)·∂x − x/y·∂y",
        (2, 2),
        partials=lambda v, x, y: (log_ratio(x, y) + 1, -zero_over(x, y)),
        singular=True,
    ),
    Op(
        "kl_div",
        kl_div,
        "∂(x·log(x/y) − x + y) = log(x/y)·∂x + (1 − x/y)·∂y",
        (2, 2),
        partials=lambda v, x, y: (log_ratio(x, y), (y - x) / y),
        singular=True,
    ),
)
