"""Operations whose derivative is stated, not derived."""

from __future__ import annotations

from sympy import S

from symback.operations.elementwise.row import Op
from symback.operations.stated import stated, stop_gradient

ROWS = (
    Op(
        "stop_gradient",
        stop_gradient,
        "stop_gradient′ = 0, stated, not derived",
        partials=lambda v, u: (S.Zero,),
        enclosure=lambda u: u,
        aliases=("detach",),
        exact=True,
    ),
    Op(
        "stated",
        stated,
        "stated, not derived",
        (3, 3),
        partials=lambda v, value, u, d: (S.Zero, d, S.Zero),
        enclosure=lambda value, u, d: value,
        exact=True,
    ),
)
