"""Array operations: a class each, which says all that is true of it but its definition and VJP.

Inside a circuit the symbol of an array stands for its element, and a formula such as w*x + b says
what holds for each element, lower ranks being broadcast as NumPy does. So sums, products and all
scalar functions act on arrays by the rules they have for numbers; what mixes elements is a head
of this package. `symback.operations.matrix_view` shows the same as SymPy's matrix expressions.

Definitions over entries stand in `symback.operations.definitions`, VJPs in
`symback.operations.vjp`: the truth that code is checked against must not read the latter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sympy import Expr, Tuple

from symback.operations.arrays.base import ArrayFunction
from symback.operations.arrays.normalising import (
    cross_entropy,
    layer_norm,
    log_softmax,
    logsumexp,
    one_hot,
    rsqrt_variance,
    softmax,
    sparse_cross_entropy,
)
from symback.operations.arrays.parts import (
    broadcast_like,
    concat,
    diag,
    diagonal,
    expand_dims,
    explicit_matrix,
    eye,
    eye_like,
    fold,
    full,
    permute,
    reshape,
    reshape_like,
    rows,
    scatter,
    segment_sum,
    size,
    slice_,
    take,
    transpose,
    tril,
    triu,
    windows,
)
from symback.operations.arrays.products import (
    cholesky,
    det,
    dot,
    eigenvectors,
    eigvalsh,
    einsum,
    inv,
    inverse_gaps,
    kron,
    logdet,
    matmul,
    matvec,
    outer,
    solve,
    trace,
)
from symback.operations.arrays.reductions import (
    argmax_mask,
    mean,
    norm,
    normalized,
    reduce_max,
    reduce_min,
    reduce_sum,
)
from symback.operations.arrays.running import (
    cumprod,
    cumsum,
    prod,
    products_before,
    products_of_others,
    scan_back,
)
from symback.operations.expressions import compounds, postorder
from symback.operations.shapes import MOST_AXES, Shape, ShapeError, broadcast, shown

ARRAY_FUNCTIONS: frozenset[Any] = frozenset(
    [
        matmul,
        matvec,
        outer,
        dot,
        transpose,
        permute,
        reshape,
        reshape_like,
        tril,
        triu,
        windows,
        fold,
        take,
        segment_sum,
        einsum,
        reduce_sum,
        mean,
        reduce_max,
        reduce_min,
        argmax_mask,
        prod,
        products_of_others,
        cumsum,
        cumprod,
        products_before,
        scan_back,
        norm,
        normalized,
        trace,
        diag,
        diagonal,
        inv,
        det,
        logdet,
        solve,
        cholesky,
        eigvalsh,
        eigenvectors,
        inverse_gaps,
        softmax,
        log_softmax,
        logsumexp,
        cross_entropy,
        sparse_cross_entropy,
        one_hot,
        layer_norm,
        rsqrt_variance,
        concat,
        explicit_matrix,
        rows,
        slice_,
        scatter,
        expand_dims,
        broadcast_like,
        size,
        eye,
        eye_like,
        full,
    ]
)
"""Every head of circuits and adjoints; tests compare the tables of the other rooms with it."""

OF_DERIVATIONS: frozenset[Any] = frozenset([kron])
"""Heads that only results of derivations have: they print and have values."""

NAMING_SIZES = (slice_, concat, full, eye, reshape, tril, triu, windows)
"""Operations whose options depend on how large arrays are."""


# -- shapes -----------------------------------------------------------------------------------


def shape_of(
    expr: Expr, shapes: Mapping[str, Shape], known: dict[Expr, Shape] | None = None
) -> Shape:
    """The shape of a formula over the names in `shapes`; other names are numbers.

    `known` keeps shapes of parts from one call to the next.
    """
    known = {} if known is None else known
    for part in postorder(expr):
        if part in known or type(part) is Tuple:
            continue
        if part.is_Symbol:
            known[part] = shapes.get(part.name, ())
        elif isinstance(part, ArrayFunction):
            operands = [known[o] for o in part.operands]
            known[part] = part.shape_rule(operands, part.options)
            if len(known[part]) > MOST_AXES:
                raise ShapeError(f"an array of more than {MOST_AXES} axes: {shown(known[part])}")
        else:
            known[part] = broadcast([known[a] for a in part.args if known.get(a)])
    return known[expr]


def has_arrays(expr: Expr) -> bool:
    return any(isinstance(part, ArrayFunction) for part in compounds(expr))


def parts_of(expr: Expr) -> list[Expr]:
    """The symbols and array operations that an elementwise formula is over."""
    parts: dict[Expr, None] = {}
    stack: list[Any] = [expr]
    while stack:
        part = stack.pop()
        if part.is_Symbol or isinstance(part, ArrayFunction):
            parts[part] = None
        else:
            stack.extend(part.args)
    return list(parts)


__all__ = [
    "ARRAY_FUNCTIONS",
    "NAMING_SIZES",
    "OF_DERIVATIONS",
    "ArrayFunction",
    "argmax_mask",
    "broadcast_like",
    "cholesky",
    "concat",
    "cross_entropy",
    "cumprod",
    "cumsum",
    "det",
    "diag",
    "diagonal",
    "dot",
    "eigenvectors",
    "eigvalsh",
    "einsum",
    "expand_dims",
    "explicit_matrix",
    "eye",
    "eye_like",
    "fold",
    "full",
    "has_arrays",
    "inv",
    "inverse_gaps",
    "kron",
    "layer_norm",
    "log_softmax",
    "logdet",
    "logsumexp",
    "matmul",
    "matvec",
    "mean",
    "norm",
    "normalized",
    "one_hot",
    "outer",
    "parts_of",
    "permute",
    "prod",
    "products_before",
    "products_of_others",
    "reduce_max",
    "reduce_min",
    "reduce_sum",
    "reshape",
    "reshape_like",
    "rows",
    "rsqrt_variance",
    "scan_back",
    "scatter",
    "segment_sum",
    "shape_of",
    "size",
    "slice_",
    "softmax",
    "solve",
    "sparse_cross_entropy",
    "take",
    "trace",
    "transpose",
    "tril",
    "triu",
    "windows",
]
