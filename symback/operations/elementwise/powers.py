"""Powers, roots and their combinations."""

from __future__ import annotations

import sympy as sp
from sympy.codegen.cfunctions import hypot, log1p

from symback.operations.edges import nonzero, power_partials, zero_over
from symback.operations.elementwise.row import Op
from symback.operations.functions import cbrt
from symback.operations.polynomials import horner, horner_partials
from symback.operations.special import (
    boxcox,
    boxcox_prime,
    hypotsub,
    log1prel,
    pow1p,
    pow1pm1,
    pow1prel,
    pow1prel_prime,
    pow_rise,
    pow_rise_partials,
    powm1,
    quadroot,
    quadroot_partials,
    sqrtsub,
    weighed,
)

ROWS = (
    Op("sqrt", sp.sqrt, "√′(u) = 1/(2√u)", partials=lambda v, u: (1 / (2 * v),)),
    Op(
        "cbrt",
        cbrt,
        "∛′(u) = 1/(3·∛u²)",
        partials=lambda v, u: (1 / (3 * v**2),),
        singular=True,
    ),
    Op(
        "hypot",
        hypot,
        "∂hypot(a, b)/∂a = a/hypot(a, b)",
        (2, 2),
        partials=lambda v, a, b: (a / nonzero(v), b / nonzero(v)),
        definition=lambda a, b: sp.sqrt(a**2 + b**2),
    ),
    Op(
        "powm1",
        powm1,
        "∂(xᵏ − 1) = k·xᵏ⁻¹·∂x + xᵏ·log(x)·∂k",
        (2, 2),
        partials=lambda v, x, k: power_partials(x**k, x, k),
        singular=True,
    ),
    Op(
        "horner",
        horner,
        "∂(a + b·u + c·u² + …) = (b + 2·c·u + …)·∂u + ∂a + u·∂b + u²·∂c + …",
        (3, None),
        partials=horner_partials,
        singular=True,
    ),
    Op(
        "pow1pm1",
        pow1pm1,
        "∂((1 + x)ᵏ − 1) = k·(1 + x)ᵏ⁻¹·∂x + (1 + x)ᵏ·log(1 + x)·∂k",
        (2, 2),
        partials=lambda v, x, k: (k * pow1p(x, k - 1), weighed(pow1p(x, k), log1p(x))),
        singular=True,
    ),
    Op(
        "pow1p",
        pow1p,
        "∂(1 + x)ᵏ = k·(1 + x)ᵏ⁻¹·∂x + (1 + x)ᵏ·log(1 + x)·∂k",
        (2, 2),
        partials=lambda v, x, k: (zero_over(k, pow1p(x, 1 - k)), weighed(v, log1p(x))),
        singular=True,
    ),
    Op(
        "pow1prel",
        pow1prel,
        "∂r: (n·(1 + r)ⁿ⁻¹ − v)/r, ∂n: (1 + r)ⁿ·log(1 + r)/r, v the value",
        (2, 2),
        slope=pow1prel_prime,
        partials=lambda v, r, n: (zero_over(pow1p(r, n), 1 / log1prel(r)),),
        singular=True,
    ),
    Op(
        "pow_rise",
        pow_rise,
        "∂x: k·((x + h)ᵏ⁻¹ − xᵏ⁻¹), ∂h: k·(x + h)ᵏ⁻¹",
        (3, 3),
        partials=pow_rise_partials,
        singular=True,
    ),
    Op(
        "boxcox",
        boxcox,
        "∂x: xᵏ⁻¹, ∂k: (xᵏ·log(x) − (xᵏ − 1)/k)/k",
        (2, 2),
        slope=boxcox_prime,
        partials=lambda v, x, k: (x ** (k - 1),),
        singular=True,
    ),
    Op(
        "hypotsub",
        hypotsub,
        "∂(√(a² + c²) − a) = (a/√(a² + c²) − 1)·∂a + c/√(a² + c²)·∂c",
        (2, 2),
        partials=lambda v, a, c: (-v / hypot(a, c), c / hypot(a, c)),
        singular=True,
    ),
    Op(
        "sqrtsub",
        sqrtsub,
        "∂(√(b² + d) − b) = (b/√(b² + d) − 1)·∂b + ∂d/(2·√(b² + d))",
        (2, 2),
        partials=lambda v, b, d: (-v / sp.sqrt(b**2 + d), 1 / (2 * sp.sqrt(b**2 + d))),
        singular=True,
    ),
    Op(
        "quadroot",
        quadroot,
        "∂v = −(v²·∂a + v·∂b + ∂c)/√(b² − 4·a·c), v the root",
        (3, 3),
        partials=quadroot_partials,
        singular=True,
    ),
)

POWER = Op("**", sp.Pow, "∂aᵇ = b·aᵇ⁻¹·∂a + aᵇ·log(a)·∂b", (2, 2), partials=power_partials)
"""The row of aᵇ, which no name calls."""
