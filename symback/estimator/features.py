"""The columns of a matrix of features, assigned to the inputs of a circuit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

from symback.errors import DataError, nearest
from symback.training.feed.columns import Leaf
from symback.training.sources.dtypes import Array
from symback.training.sources.messages import quoted


def assign_features(
    leaves: Sequence[Leaf],
    matrix: Array,
    *,
    names: Sequence[str] | None = None,
    sizes: Mapping[str, int] | None = None,
) -> dict[str, Array]:
    """For each leaf the columns of `matrix` that feed it, in the leaf's shape.

    Where columns have names, each number takes the one of its own name, and arrays share the rest
    in order; otherwise all leaves take columns in order. A size that neither the shapes nor `sizes`
    give follows from the number of columns. Raises DataError where the columns do not fit.

    >>> import numpy as np
    >>> leaves = [Leaf("x", "input", ("d",)), Leaf("s", "input")]
    >>> found = assign_features(leaves, np.array([[1, 2, 3]]))
    >>> found["x"].tolist(), found["s"].tolist()
    ([[1, 2]], [3])
    """
    places = list(range(matrix.shape[1]))
    found: dict[str, Array] = {}
    if names is not None:
        for leaf in leaves:
            if not leaf.shape:
                found[leaf.name] = matrix[:, _place(leaf, names)]
                places.remove(_place(leaf, names))
        if len(found) == len(leaves):
            return found  # as in a table, whose other columns are left alone
    waiting = [leaf for leaf in leaves if leaf.name not in found]
    shapes = _shapes(waiting, len(places), sizes or {})
    for leaf, shape in zip(waiting, shapes, strict=True):
        own, places = places[: prod(shape)], places[prod(shape) :]
        whole = own == list(range(matrix.shape[1]))
        chosen = matrix if whole else matrix[:, own]
        found[leaf.name] = chosen.reshape(len(matrix), *shape)
    return found


def _place(leaf: Leaf, names: Sequence[str]) -> int:
    if leaf.name in names:
        return list(names).index(leaf.name)
    hint = nearest(leaf.name, names) or "; rename one, or pass an array, whose order counts"
    raise DataError(f"X has no column {quoted(leaf.name)} for the {leaf.role} of that name{hint}")


def _shapes(
    leaves: Sequence[Leaf], columns: int, sizes: Mapping[str, int]
) -> list[tuple[int, ...]]:
    """The shapes in numbers, so that all together have as many entries as there are columns."""
    unknown = sorted({n for leaf in leaves for n in leaf.shape if isinstance(n, str)} - set(sizes))
    if len(unknown) > 1:
        raise DataError(
            f"{columns} columns do not decide the sizes {' and '.join(unknown)}; give all but one, "
            f"as in sizes={{'{unknown[0]}': 8}}"
        )
    found: list[tuple[int, ...]] = []
    for size in range(1, max(columns, 1) + 1):
        known = {**dict.fromkeys(unknown, size), **sizes}
        found = [tuple(known[n] if isinstance(n, str) else n for n in x.shape) for x in leaves]
        if not unknown or sum(map(prod, found)) >= columns:
            break
    taken = sum(map(prod, found))
    if taken != columns:
        shown = ", ".join(x.name + (str(list(x.shape)) if x.shape else "") for x in leaves)
        # without the quotes of names of sizes
        raise DataError(
            f"{columns} column{'s' if columns != 1 else ''} cannot fill "
            f"{shown.replace(chr(39), '')}{'' if unknown else f', which take {taken}'}; "
            "choose other columns or sizes"
        )
    return found
