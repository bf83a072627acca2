"""Feeds: columns and families become finite numbers in the shape of the leaves."""

from __future__ import annotations

import os
import pickle
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import symback as sb
from symback.errors import DataError
from symback.training.feed.columns import family
from symback.training.feed.feed import Leaf, leaves_of, open_feed

X, Y = Leaf("x", "input"), Leaf("y", "target")
RNG = np.random.default_rng(11)


def numbered(count, prefix="p_"):
    """One row; column i of the family holds i."""
    return {f"{prefix}{i}": np.array([float(i)]) for i in range(count)}


def test_leaves_of_a_circuit():
    c = sb.circuit(
        "X: input[m, 3]; v: input[3]; w: param[3]; y: target; l: loss = (sum(X@w) - y + sum(v))**2"
    )
    assert leaves_of(c) == (
        Leaf("X", "input", ("m", 3)),
        Leaf("v", "input", (3,)),
        Leaf("y", "target", ()),
    )


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    rows=st.integers(1, 40),
    tile=st.sampled_from([1, 100, 1 << 18]),
    dtype=st.sampled_from(["float64", "float32"]),
    bounds=st.tuples(st.integers(0, 40), st.integers(0, 40)),
    order=st.permutations(["x", "y", *(f"p{i}" for i in range(6))]),
)
def test_rows_of_a_feed_are_those_of_the_data(rows, tile, dtype, bounds, order):
    data = {name: RNG.normal(size=rows) for name in order}
    leaves = [X, Leaf("m", "input", (2, "k")), Y]
    start, stop = sorted(min(bound, rows) for bound in bounds)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("symback.training.feed.feed._TILE", tile)
        patch.setattr("symback.training.feed.feed._PIECE", 1)
        with open_feed(data, leaves, mapping={"m": "p*"}, dtype=dtype) as feed:
            found = feed.read(start, stop)
            kept = {name: np.full((50, *s), 9, dtype) for name, s in feed.shapes.items()}
            again = feed.read(start, stop, kept)
    expected = np.stack([data[f"p{i}"] for i in range(6)], axis=1).reshape(rows, 2, 3)
    np.testing.assert_array_equal(found["m"], expected[start:stop].astype(dtype))
    np.testing.assert_array_equal(found["x"], data["x"][start:stop].astype(dtype))
    assert list(found) == ["x", "m", "y"] and feed.shapes == {"x": (), "m": (2, 3), "y": ()}
    assert feed.sizes == {"k": 3} and feed.bytes_per_row == 8 * np.dtype(dtype).itemsize
    for name, block in found.items():
        assert block.dtype == dtype and block.flags.c_contiguous and block.flags.writeable
        assert not np.shares_memory(block, data.get(name, data["p0"]))
        np.testing.assert_array_equal(again[name], block)
        assert np.shares_memory(again[name], kept[name]) or start == stop


# pattern → what it gathers of these columns, in order
NAMES = ["p_10", "p_9", "q_a", "p_2", "q_b", "r_1_10", "r_1_9", "r_0_9", "r_0_10", "a.b", "axb"]
FAMILIES = {
    "p_*": ("p_2", "p_9", "p_10"),
    "q_*": ("q_a", "q_b"),
    "r_*_*": ("r_0_9", "r_0_10", "r_1_9", "r_1_10"),
    "r_*": ("r_1_10", "r_1_9", "r_0_9", "r_0_10"),  # no numbers: header order
    "*_10": ("p_10", "r_1_10", "r_0_10"),
    "a.*": ("a.b",),
    "z*": (),
}


@pytest.mark.parametrize("pattern", FAMILIES)
def test_family(pattern):
    assert family(pattern, NAMES) == FAMILIES[pattern]


def test_a_name_that_holds_a_star_is_that_column():
    data = {"x*": [1.0], "x1": [2.0]}
    with open_feed(data, [X], mapping={"x": "x*"}) as feed:
        assert feed.read(0, 1)["x"].tolist() == [1]


# leaves, mapping, columns with the shape of their rows → the shapes bound
BOUND = {
    "vector of any length": ([("x", ("n",))], {"x": "p_*"}, numbered(5), {"x": (5,)}),
    "matrix, one known": ([("x", (2, "n"))], {"x": "p_*"}, numbered(6), {"x": (2, 3)}),
    "square": ([("x", ("n", "n"))], {"x": "p_*"}, numbered(9), {"x": (3, 3)}),
    "size from another": (
        [("m", ("n", "k")), ("v", ("k",))],
        {"m": "p_*", "v": "q*"},
        {**numbered(6), **numbered(2, "q")},
        {"m": (3, 2), "v": (2,)},
    ),
    "grid": (
        [("m", ("n", "k"))],
        {"m": "p_*_*"},
        {f"p_{i}_{j}": np.array([1.0 * i + j]) for j in range(3) for i in range(2)},
        {"m": (2, 3)},
    ),
    "array column": ([("m", ("n", "k"))], {}, {"m": np.zeros((1, 4, 5))}, {"m": (4, 5)}),
    "shared column": ([("a", ()), ("b", ())], {"a": "x", "b": "x"}, {"x": [1]}, {"a": (), "b": ()}),
}


@pytest.mark.parametrize("case", BOUND)
def test_sizes_are_bound_by_the_data(case):
    leaves, mapping, data, shapes = BOUND[case]
    with open_feed(data, [Leaf(n, "input", s) for n, s in leaves], mapping=mapping) as feed:
        assert feed.shapes == shapes
        assert {name: block.shape[1:] for name, block in feed.read(0, 1).items()} == shapes


def test_a_grid_is_row_major():
    data = {f"p_{i}_{j}": np.array([10.0 * i + j]) for j in (9, 10) for i in (10, 9)}
    with open_feed(data, [Leaf("m", "input", (2, 2))], mapping={"m": "p_*_*"}) as feed:
        assert feed.read(0, 1)["m"].tolist() == [[[99, 100], [109, 110]]]


# leaves, mapping, data, what the message must hold
VECTOR = [("x", ("n",))]
MISMATCHED = {
    "unknown leaf": ([("x", ())], {"xx": "y"}, {"x": [1]}, ["--map 'xx'", "did you mean 'x'?"]),
    "unknown column": ([("x", ())], {"x": "ag"}, {"age": [1]}, ["'ag' for 'x'", "mean 'age'?"]),
    "no column": ([("x", ())], {}, {"z": [1]}, ["no column 'x'", "it has 'z'", "--map x=COLUMN"]),
    "array without column": (VECTOR, {}, {"x1": [1]}, ["'x' is an array", "--map", "x=x*"]),
    "array, other names": (VECTOR, {}, numbered(2), ["'x' is an array", "x=x_*"]),
    "array from numbers": (VECTOR, {}, {"x": [1]}, ["holds a number a row", "x=x_*"]),
    "number from arrays": ([("x", ())], {}, {"x": np.ones((2, 3))}, ["(3,)", "'x' is a number"]),
    "other rank": (VECTOR, {}, {"x": np.ones((2, 3, 3))}, ["(3, 3)", "of shape (n,)"]),
    "other length": ([("x", (4,))], {}, {"x": np.ones((2, 3))}, ["has the shape (3,)", "(4,)"]),
    "other count": ([("x", (4,))], {"x": "p_*"}, numbered(3), ["3 columns match 'p_*'", "(4,)"]),
    "one too few": ([("x", (2, "n"))], {"x": "p_*"}, numbered(5), ["5 columns", "(2, n)"]),
    "no square": ([("x", ("n", "n"))], {"x": "p_*"}, numbered(8), ["8 columns", "(n, n)"]),
    "sizes differ": (
        [("x", ("n",)), ("v", ("n",))],
        {},
        {"x": np.ones((2, 3)), "v": np.ones((2, 4))},
        ["(4,)", "'v' has (n = 3,)", "as 'x' says"],
    ),
    "undecided": ([("x", ("m", "n"))], {"x": "p_*"}, numbered(6), ["do not decide", "*_*"]),
    "no match": (VECTOR, {"x": "q_*"}, numbered(2), ["no column of the data matches 'q_*'"]),
    "family for a number": ([("x", ())], {"x": "p_*"}, numbered(2), ["'x' is a number"]),
    "too many stars": (VECTOR, {"x": "*_*"}, numbered(2), ["too many stars"]),
    "same number": (VECTOR, {"x": "p*"}, {"p1": [1], "p01": [1]}, ["'p1' and 'p01'", "rename"]),
    "arrays in a family": (VECTOR, {"x": "p*"}, {"p1": np.ones((1, 2))}, ["itself an array"]),
    "hole in a grid": (
        [("x", ("m", "n"))],
        {"x": "p_*_*"},
        {"p_0_0": [1], "p_0_1": [1], "p_1_0": [1]},
        ["not a full grid"],
    ),
    "no text": ([("x", ())], {"x": 3}, {"x": [1]}, ["name of a column as text"]),
}


@pytest.mark.parametrize("case", MISMATCHED)
def test_what_does_not_fit_is_refused_with_its_cause(case):
    leaves, mapping, data, parts = MISMATCHED[case]
    with pytest.raises(DataError) as caught:
        open_feed(data, [Leaf(n, "input", s) for n, s in leaves], mapping=mapping)
    message = str(caught.value)
    assert [part for part in parts if part not in message] == [], message
    assert len(message) <= 200


def test_a_family_that_catches_the_target_is_refused():
    data = {"a": [1.0], "b": [2.0], "y": [3.0]}
    with pytest.raises(DataError, match="also matches 'y', which feeds the target 'y'"):
        open_feed(data, [Leaf("x", "input", ("n",)), Y], mapping={"x": "*"})
    both = [Leaf("x", "input", ("n",)), Leaf("y", "target", ("n",))]  # of an autoencoder
    with open_feed(numbered(3), both, mapping={"x": "p_*", "y": "p_*"}) as feed:
        block = feed.read(0, 1)
        assert block["x"].tolist() == block["y"].tolist() == [[0, 1, 2]]


def test_a_place_names_the_column_where_it_is_one(tmp_path):
    (tmp_path / "t.csv").write_text("p_1,p_2,y\n1,2,3\n4,5,6\n")
    leaves = [Leaf("x", "input", ("n",)), Y]
    with open_feed(tmp_path / "t.csv", leaves, mapping={"x": "p_*"}) as feed:
        assert feed.place(1, "y") == "t.csv, line 3, column 'y'"
        assert feed.place(1, "x") == feed.place(1) == "t.csv, line 3"


def test_a_gap_in_the_numbers_is_said():
    data = {name: [1.0] for name in ("p_0", "p_1", "p_3")}
    with open_feed(data, [Leaf("x", "input", ("n",))], mapping={"x": "p_*"}) as feed:
        (note,) = feed.notes
        assert "3 columns numbered from 0 to 3; 2 is not among them" in note
    with open_feed(numbered(3), [Leaf("x", "input", ("n",))], mapping={"x": "p_*"}) as feed:
        assert feed.notes == ()


def npy(path, **columns):
    data = np.empty(len(next(iter(columns.values()))), [(n, c.dtype) for n, c in columns.items()])
    for name, column in columns.items():
        data[name] = column
    np.save(path, data)
    return path


NOT_FINITE = {
    "nan": (np.array([1, 2, np.nan, np.inf]), "float64", ["row 3", "nan is not finite"]),
    "infinity": (np.array([1, -np.inf, 3]), "float64", ["row 2", "-inf is not finite"]),
    "float32": (np.array([1, 2, 1e39]), "float32", ["row 3", "1e+39", "range of float32"]),
    "2^53 + 1": (np.array([2**53, 2**53 + 1]), "float64", ["row 2", "9007199254740993", "exact"]),
    "-2^53 - 1": (np.array([0, -(2**53) - 1]), "float64", ["row 2", "exact"]),
    "2^63 - 1": (np.array([1, 2**63 - 1]), "float64", ["row 2", "exact"]),
    "2^64 - 1": (np.array([1, 2**64 - 1], "u8"), "float64", ["row 2", "exact"]),
}


@pytest.mark.parametrize("case", NOT_FINITE)
def test_numbers_that_cannot_be_are_refused_by_file_row_and_column(tmp_path, case):
    column, dtype, parts = NOT_FINITE[case]
    path = npy(tmp_path / "t.npy", age=column, p_0=np.ones(len(column)), p_1=column)
    for leaf, named, where in ((X, "age", "'age'"), (Leaf("x", "input", (2,)), "p_*", "'p_1'")):
        with open_feed(path, [leaf], mapping={"x": named}, dtype=dtype) as feed:
            feed.read(0, 1)
            with pytest.raises(DataError) as caught:
                feed.read(0, feed.rows)
            message = str(caught.value)
            assert [p for p in ("t.npy", where, *parts) if p not in message] == [], message


def test_large_whole_numbers_that_are_exact_are_taken():
    for column in (np.array([2**53, 2**60, -(2**63)]), np.array([2**63, 2**64 - 2**11], "u8")):
        with open_feed({"x": column}, [X]) as feed:
            assert [int(v) for v in feed.read(0, len(column))["x"]] == column.tolist()


def test_a_sum_beyond_the_range_is_not_a_number_beyond_the_range():
    with open_feed({"x": np.full(9, 1e308)}, [X]) as feed:
        assert (feed.read(0, 9)["x"] == 1e308).all()


def test_an_entry_of_an_array_is_named():
    column = np.ones((3, 2, 2))
    column[1, 0, 1] = np.nan
    refused = pytest.raises(DataError, match=r"row 2, column 'm', entry \(0, 1\): nan is not")
    with open_feed({"m": column}, [Leaf("m", "input", (2, 2))]) as feed, refused:
        feed.read(0, 3)


def test_the_recipe_opens_the_same_feed_elsewhere(tmp_path, monkeypatch):
    path = npy(tmp_path / "a.npy", p0=RNG.normal(size=30), p1=RNG.normal(size=30))
    (tmp_path / "b.csv").write_text("y\n" + "\n".join(map(repr, RNG.normal(size=30).tolist())))
    monkeypatch.chdir(tmp_path)
    leaves = [Leaf("x", "input", ("n",)), Y]
    with open_feed([path.name, "b.csv"], leaves, mapping={"x": "p*"}, dtype="float32") as feed:
        monkeypatch.chdir("/")
        with pickle.loads(pickle.dumps(feed.recipe)).open() as other:
            assert other.digest() == feed.digest()
            assert other.columns == feed.columns == {"x": "p*", "y": "y"}
            for name, block in feed.read(3, 9).items():
                np.testing.assert_array_equal(other.read(3, 9)[name], block)
    with open_feed({"x": [1.0]}, [X]) as feed:
        assert feed.recipe is None


def test_the_digest_distinguishes_data_and_not_files(tmp_path):
    column = RNG.normal(size=200_000)
    np.save(tmp_path / "x.npy", column)
    np.savez_compressed(tmp_path / "moved.npz", x=column)

    def digest(data, **options):
        with open_feed(data, [X], **options) as feed:
            return feed.digest()

    same = {digest(tmp_path / "x.npy"), digest(tmp_path / "moved.npz"), digest({"x": column})}
    assert len(same) == 1
    others = {digest({"x": column[:-1]}), digest({"x": column}, dtype="float32")}
    for row in (0, 100, 199_999):
        changed = column.copy()
        changed[row] += 1e-9
        others.add(digest({"x": changed}))
    assert len(others | same) == 6
    small = RNG.normal(size=3000)  # of few rows each counts
    before = digest({"x": small})
    small[1777] += 1e-9
    assert digest({"x": small}) != before


def test_rows_that_are_not_there_are_an_error_of_the_caller():
    with open_feed({"x": [1.0, 2.0]}, [X]) as feed:
        for start, stop in ((-1, 1), (1, 3), (2, 1)):
            with pytest.raises(IndexError):
                feed.read(start, stop)


def test_strange_requests():
    with pytest.raises(DataError, match="dtype is 'int8'; choose float64 or float32"):
        open_feed({"x": [1]}, [X], dtype="int8")
    with pytest.raises(DataError, match="no inputs"):
        open_feed({"x": [1]}, [])


@pytest.mark.skipif(not hasattr(os, "preadv"), reason="one position for the whole process")
def test_threads_may_read_one_feed(tmp_path):
    column = np.arange(20_000.0)
    np.save(tmp_path / "x.npy", column)
    wrong = []
    with open_feed(tmp_path / "x.npy", [X]) as feed:

        def read(seed):
            for start in np.random.default_rng(seed).integers(0, 19_000, 200):
                if not (feed.read(start, start + 999)["x"] == column[start : start + 999]).all():
                    wrong.append(start)

        threads = [threading.Thread(target=read, args=(seed,)) for seed in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []
