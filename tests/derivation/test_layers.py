"""Orders of columns with few crossings, beside all orders of small graphs."""

import random
from itertools import permutations, product

import pytest

from symback.derivation.picture.layers import fewest_crossings


def crossings(columns, edges, places):
    pairs = [(columns[a], places[a], places[b]) for a, b in edges]
    return sum(
        p[0] == q[0] and (p[1] - q[1]) * (p[2] - q[2]) < 0
        for i, p in enumerate(pairs)
        for q in pairs[:i]
    )


def layered(seed):
    """Columns of two to four vertices, and edges from each to the next."""
    rng = random.Random(seed)
    columns = [c for c in range(rng.choice((2, 3))) for _ in range(rng.randint(2, 4))]
    edges = [
        (a, b)
        for a, b in product(range(len(columns)), repeat=2)
        if columns[b] == columns[a] + 1 and rng.random() < 0.5
    ]
    return columns, edges


def least(columns, edges):
    """The fewest crossings over all orders of all columns."""
    members = [[v for v, c in enumerate(columns) if c == k] for k in range(max(columns) + 1)]
    return min(
        crossings(columns, edges, {v: i for order in orders for i, v in enumerate(order)})
        for orders in product(*map(permutations, members))
    )


def test_no_other_order_has_fewer_crossings():
    for columns, edges in map(layered, range(12)):
        places = fewest_crossings(columns, edges)
        for column in set(columns):
            of_column = [p for p, c in zip(places, columns, strict=True) if c == column]
            assert sorted(of_column) == list(range(len(of_column)))
        assert crossings(columns, edges, places) == least(columns, edges)


@pytest.mark.parametrize("size", [2, 5])
def test_what_can_be_drawn_without_crossings_is(size):
    """A binary tree whose leaves are given in any order."""
    columns, edges = [0], []
    for column in range(1, size):
        before = [v for v, c in enumerate(columns) if c == column - 1]
        for tail in before * 2:
            edges.append((tail, len(columns)))
            columns.append(column)
    random.Random(size).shuffle(edges)
    assert crossings(columns, edges, fewest_crossings(columns, edges)) == 0
