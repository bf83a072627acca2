"""Strict CSV: each malformed file is refused with its place and its cause."""

from __future__ import annotations

import csv
import math
import os
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symback.errors import DataError
from symback.training.feed.feed import Leaf, open_feed
from symback.training.sources.csv import TableReader
from tests.cases.tables import MALFORMED, REFUSED_CELLS, read_table

ACCEPTED_CELLS = {
    "1": 1.0,
    "-1": -1.0,
    "+1.50": 1.5,
    ".5": 0.5,
    "5.": 5.0,
    "2e-3": 0.002,
    "2E+3": 2000.0,
    "007": 7.0,
    "-0": -0.0,
    "5e-324": 5e-324,
    "1e-400": 0.0,
    "1.7976931348623157e308": 1.7976931348623157e308,
    "0." + "3" * 5000: 1 / 3,
}


@pytest.fixture
def table(tmp_path):
    def write(content):
        path = tmp_path / "t.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.mark.parametrize("case", MALFORMED)
def test_malformed_table_is_refused_with_place_and_cause(table, case):
    content, parts = MALFORMED[case]
    with pytest.raises(DataError) as caught:
        read_table(table(content), ["x", "y"])
    message = str(caught.value)
    assert [part for part in parts if part not in message] == [], message
    assert "t.csv" in message
    assert len(message) <= 200
    assert message.isprintable()


@pytest.mark.parametrize("cell", REFUSED_CELLS)
def test_cell_is_refused_with_line_column_and_text(table, cell):
    quoted = '"' + cell.replace('"', '""') + '"'
    with pytest.raises(DataError) as caught:
        read_table(table(f"x,age,y\n1,2,3\n1,{quoted},3\n"), ["x", "age"])
    message = str(caught.value)
    assert message.startswith("t.csv, line 3, column 'age': ")
    assert REFUSED_CELLS[cell] in message
    assert not cell.strip() or cell.strip()[:10] in message
    assert len(message) <= 200


@pytest.mark.parametrize("cell", ACCEPTED_CELLS)
def test_cell_is_the_nearest_double(table, cell):
    value = read_table(table(f"x,y\n{cell},1\n"), ["x"])["x"][0]
    assert value == ACCEPTED_CELLS[cell]
    assert math.copysign(1, value) == math.copysign(1, ACCEPTED_CELLS[cell])


def test_longest_places_and_texts_still_fit_in_a_message(tmp_path):
    path = tmp_path / ("n" * 200 + ".csv")
    name, cell = "c" * 500, "t" * 5000
    path.write_text(f"{name}\n{cell}\n")
    with pytest.raises(DataError) as caught:
        read_table(path)
    assert len(caught.value.message) <= 200
    assert caught.value.message.endswith("correct it or remove the row")


def test_columns_that_are_not_needed_may_hold_text(table):
    path = table('name,x,y\n"Ada, ""the first""",1,\n"two\nlines",-2.5,nan\n')
    columns = read_table(path, ["x"])
    assert list(columns) == ["x"]
    assert columns["x"].dtype == np.float64
    assert columns["x"].tolist() == [1.0, -2.5]


def test_one_line_of_several_and_all_line_ends(table):
    expected = {"x": [1.0, 3.0], "y": [2.0, 4.0]}
    for text in (
        "x,y\n1,2\n3,4",
        "x,y\r\n1,2\r\n3,4\r\n",
        "x,y\r1,2\r3,4\r",
        'x,y\n"1","2"\n3,4\n',
    ):
        columns = read_table(table(text))
        assert {name: column.tolist() for name, column in columns.items()} == expected


@pytest.mark.parametrize(("delimiter", "name"), [(";", "semicolon"), ("\t", "tab"), ("\t", r"\t")])
def test_other_delimiters_only_when_asked_for(table, delimiter, name):
    path = table(f"x{delimiter}y\n1{delimiter}2\n")
    assert read_table(path, ["y"], delimiter=delimiter)["y"].tolist() == [2.0]
    assert read_table(path, ["y"], delimiter=name)["y"].tolist() == [2.0]
    with pytest.raises(DataError, match=r"delimiter\?"):
        read_table(path, ["y"])


@pytest.mark.parametrize("delimiter", ["|", "", ",,", " ", '"', "\n"])
def test_strange_delimiter_is_refused(table, delimiter):
    with pytest.raises(DataError, match="delimiter"):
        read_table(table("x,y\n1,2\n"), delimiter=delimiter)


def test_byte_order_mark_is_skipped_and_said(table):
    with TableReader(table(b"\xef\xbb\xbfx,y\n1,2\n")) as reader:
        assert reader.header == ("x", "y")
        assert reader.notes == ("t.csv begins with a byte order mark, which is skipped",)
    with TableReader(table("x,y\n1,2\n")) as reader:
        assert reader.notes == ()


def test_missing_file_directory_and_unreadable_file(tmp_path, monkeypatch):
    with pytest.raises(DataError, match=r"no file none\.csv; check the path"):
        read_table(tmp_path / "none.csv")
    with pytest.raises(DataError, match="is a directory"):
        read_table(tmp_path)
    with pytest.raises(DataError, match=r"cannot be read|no file"):
        read_table("a\0b.csv")
    path = tmp_path / "locked.csv"
    path.write_text("x\n1\n")

    def refuse(*_args, **_options):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("pathlib.Path.open", refuse)  # as root, modes do not hinder reading
    with pytest.raises(DataError, match=r"locked\.csv cannot be read: Permission denied"):
        read_table(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_read_as_a_stream(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_text, args=("x,y\n1,2\n3,4\n",))
    writer.start()
    assert read_table(path, ["y"])["y"].tolist() == [2.0, 4.0]
    writer.join()


doubles = st.floats(allow_nan=False, allow_infinity=False)


@settings(deadline=None, derandomize=True)
@given(st.lists(st.tuples(doubles, st.text(st.characters(codec="utf-8"))), min_size=1))
def test_what_the_csv_module_writes_is_read_back_to_the_last_bit(tmp_path_factory, rows):
    path = tmp_path_factory.getbasetemp() / "written.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["x", "note"])
        writer.writerows((repr(x), note.replace("\0", "")) for x, note in rows)
    columns = read_table(path, ["x"])
    assert columns["x"].tobytes() == np.array([x for x, _ in rows]).tobytes()


@settings(deadline=None, derandomize=True)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_table_or_a_data_error(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(b"x,y\n1,2\n" + content)
    try:
        columns = read_table(path)
    except DataError as error:
        assert len(str(error)) <= 200
    else:
        assert all(np.isfinite(column).all() for column in columns.values())


# mapping, then what it gives or what the message must hold
MAPPINGS = {
    "by name": ({}, {"x1": "x1", "x3": "x3", "y": "y"}),
    "one mapped": ({"x3": "age"}, {"x1": "x1", "x3": "age", "y": "y"}),
    "target mapped": ({"y": "age"}, {"x1": "x1", "x3": "x3", "y": "age"}),
    "shared column": ({"x1": "age", "x3": "age"}, {"x1": "age", "x3": "age", "y": "y"}),
    "unknown leaf": ({"x33": "age"}, ["--map 'x33'", "no input or target", "did you mean 'x3'?"]),
    "leaf unlike all": ({"hue": "age"}, ["--map 'hue'", "it has x1, x3, y"]),
    "unknown column": ({"x3": "agee"}, ["no column 'agee' for 'x3'", "did you mean 'age'?"]),
}


@pytest.mark.parametrize("case", MAPPINGS)
def test_mapping(table, case):
    mapping, expected = MAPPINGS[case]
    data = table("x1,x3,age,y\n1,2,3,4\n")
    if isinstance(expected, dict):
        with open_feed(data, leaves("x1", "x3"), mapping=mapping) as feed:
            assert feed.columns == expected
    else:
        with pytest.raises(DataError) as caught:
            open_feed(data, leaves("x1", "x3"), mapping=mapping)
        assert [p for p in expected if p not in str(caught.value)] == [], caught.value


def leaves(*inputs):
    return [*(Leaf(name, "input", ()) for name in inputs), Leaf("y", "target", ())]


def test_leaf_without_column_names_its_role_and_the_option(table):
    data = table("x1,age,label\n1,2,3\n")
    with pytest.raises(DataError, match=r"no column 'x3' for the input.*--map x3=COLUMN"):
        open_feed(data, leaves("x1", "x3"))
    with pytest.raises(DataError, match="no column 'y' for the target"):
        open_feed(data, leaves("x1"))
