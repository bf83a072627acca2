"""Functions less their argument, h(u) − u, and beside it, h(u)/u."""

from __future__ import annotations

from symback.operations.elementwise.row import Op
from symback.operations.functions import Elementary, Slope
from symback.operations.special import (
    Remainder,
    asinc,
    asinc_prime,
    asinhc,
    asinhc_prime,
    asinhmx,
    asinmx,
    atanc,
    atanc_prime,
    atanhc,
    atanhc_prime,
    atanhmx,
    atanmx,
    expm1mx,
    log1pmx,
    log1prel,
    log1prel_prime,
    sinhmx,
    sinmx,
    tanc,
    tanc_prime,
    tanhmx,
    tanmx,
)


def _remainder(head: type[Remainder], rule: str, singular: bool = False) -> Op:
    """The row of h(u) - u."""
    return Op(
        head.__name__,
        head,
        rule,
        partials=lambda v, u: (head.derivative(u),),
        singular=singular,
    )


def _over_argument(
    head: type[Elementary], slope: type[Slope], rule: str, singular: bool = False
) -> Op:
    """The row of h(u)/u."""
    return Op(head.__name__, head, rule, slope=slope, singular=singular)


ROWS = (
    _remainder(log1pmx, "(log(1 + u) − u)′ = −u/(1 + u)", singular=True),
    _remainder(expm1mx, "(exp(u) − 1 − u)′ = exp(u) − 1", singular=True),
    _remainder(sinmx, "(sin(u) − u)′ = −2·sin²(u/2)"),
    _remainder(sinhmx, "(sinh(u) − u)′ = 2·sinh²(u/2)", singular=True),
    _remainder(tanmx, "(tan(u) − u)′ = tan²(u)", singular=True),
    _remainder(tanhmx, "(tanh(u) − u)′ = −tanh²(u)"),
    _remainder(asinmx, "(asin(u) − u)′ = 1/√(1 − u²) − 1", singular=True),
    _remainder(asinhmx, "(asinh(u) − u)′ = 1/√(1 + u²) − 1"),
    _remainder(atanmx, "(atan(u) − u)′ = −u²/(1 + u²)"),
    _remainder(atanhmx, "(atanh(u) − u)′ = u²/(1 − u²)", singular=True),
    _over_argument(
        log1prel,
        log1prel_prime,
        "(log(1 + u)/u)′ = (1/(1 + u) − log(1 + u)/u)/u",
        singular=True,
    ),
    _over_argument(tanc, tanc_prime, "(tan(u)/u)′ = (1 + tan²(u) − tan(u)/u)/u", singular=True),
    _over_argument(asinc, asinc_prime, "(asin(u)/u)′ = (1/√(1 − u²) − asin(u)/u)/u", singular=True),
    _over_argument(asinhc, asinhc_prime, "(asinh(u)/u)′ = (1/√(1 + u²) − asinh(u)/u)/u"),
    _over_argument(atanc, atanc_prime, "(atan(u)/u)′ = (1/(1 + u²) − atan(u)/u)/u"),
    _over_argument(
        atanhc, atanhc_prime, "(atanh(u)/u)′ = (1/(1 − u²) − atanh(u)/u)/u", singular=True
    ),
)
