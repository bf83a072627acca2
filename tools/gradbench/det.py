"""The determinant by minors, and its gradient; a minor that occurs in several is computed once.

Minors of the last s rows are a vector, one for each choice of s columns; they are made of those of
one row less, by indices and signs that the module gets with the matrix.
"""

from __future__ import annotations

from functools import cache
from itertools import combinations
from typing import Any

import numpy as np

from tools.gradbench.work import Work, as_list, compiled


@cache
def levels(size: int) -> list[tuple[list[int], list[int], list[int]]]:
    """For each s from 2 on: the column, the minor of s - 1 rows and the sign of every product."""
    found, smaller = [], {(j,): j for j in range(size)}
    for s in range(2, size + 1):
        chosen = list(combinations(range(size), s))
        terms = [(c, c[:i] + c[i + 1 :], (-1) ** i) for c in chosen for i, _ in enumerate(c)]
        columns = [c[i] for c in chosen for i in range(s)]
        found.append(
            (columns, [smaller[rest] for _, rest, _ in terms], [sign for *_, sign in terms])
        )
        smaller = {c: place for place, c in enumerate(chosen)}
    return found


def circuit(size: int) -> str:
    """The circuit of matrices of one size."""
    lines = [f"A: input[{size}, {size}]", f"v1 = A[{size - 1}]"]
    for s, (columns, *_) in enumerate(levels(size), start=2):
        terms = len(columns)
        lines += [
            f"i{s}: int[{terms}]; j{s}: int[{terms}]; sign{s}: input[{terms}]",
            f"t{s} = sign{s}*A[{size - s}][i{s}]*v{s - 1}[j{s}]",
            f"v{s} = sum(reshape(t{s}, {terms // s}, {s}), axis=1)",
        ]
    return "\n".join([*lines, f"f: output = sum(v{size})", "loss: none"])


def primal(given: dict[str, Any], target: str) -> Work:
    """The determinant."""
    m, inputs = _ready(given, target)
    return Work(lambda: m.forward(m.Params(), inputs)[0], float)


def gradient(given: dict[str, Any], target: str) -> Work:
    """Its partials by the entries, row by row."""
    m, inputs = _ready(given, target)

    def run() -> Any:
        cache = m.forward(m.Params(), inputs)[1]
        return m.backward(m.Params(), inputs, cache)[1].A.ravel()

    return Work(run, as_list)


def _ready(given: dict[str, Any], target: str) -> tuple[Any, Any]:
    size = given["ell"]
    m = compiled(circuit(size), target)
    named = {"A": np.reshape(given["A"], (size, size))}
    for s, (columns, minors, signs) in enumerate(levels(size), start=2):
        named |= {f"i{s}": np.array(columns), f"j{s}": np.array(minors)}
        named[f"sign{s}"] = np.array(signs, float)
    return m, m.Inputs(**named)
