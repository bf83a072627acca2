"""Sources: every kind of file and mapping gives the same numbers, and hostile ones a DataError."""

from __future__ import annotations

import csv
import errno
import io
import os
import struct
import subprocess
import sys
import tempfile
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symback.errors import DataError, SymbackError
from symback.training.sources import FORMATS, open_source
from symback.training.sources import csv as table
from symback.training.sources import storage as stored
from tests.cases.tables import MALFORMED, REFUSED_CELLS, read_table

ROWS = 1000
RNG = np.random.default_rng(7)
COLUMNS = {
    "x": RNG.normal(size=ROWS),
    "n": RNG.integers(-9, 9, ROWS),
    "u": RNG.integers(0, 256, ROWS).astype(np.uint8),
    "f": RNG.normal(size=ROWS).astype(np.float32),
    "b": RNG.random(ROWS) < 0.5,
    "m": RNG.normal(size=(ROWS, 2, 3)),
}
NUMBERS = {name: column for name, column in COLUMNS.items() if column.ndim == 1}


def structured(columns):
    fields = [(name, column.dtype, column.shape[1:]) for name, column in columns.items()]
    found = np.empty(ROWS, fields)
    for name, column in columns.items():
        found[name] = column
    return found


def arrow_table(columns):
    pa = pytest.importorskip("pyarrow")

    def listed(values, sizes):
        for size in reversed(sizes):
            values = pa.FixedSizeListArray.from_arrays(values, size)
        return values

    return pa.table({n: listed(pa.array(c.reshape(-1)), c.shape[1:]) for n, c in columns.items()})


def write_csv(path, columns):
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        writer.writerows(
            zip(*([repr(v + 0) for v in c.tolist()] for c in columns.values()), strict=True)
        )


def write_parquet(path, columns):
    data = arrow_table(columns)
    pytest.importorskip("pyarrow.parquet").write_table(data, path, row_group_size=300)


def feather(compression):
    def write(path, columns):
        data = arrow_table(columns)
        feather = pytest.importorskip("pyarrow.feather")
        feather.write_feather(data, str(path), compression=compression, chunksize=300)

    return write


# file → how it is written, and the columns it holds
FILES = {
    "t.csv": (write_csv, NUMBERS),
    "t.npy": (lambda path, columns: np.save(path, structured(columns)), COLUMNS),
    "stored.npz": (lambda path, columns: np.savez(path, **columns), COLUMNS),
    "packed.npz": (lambda path, columns: np.savez_compressed(path, **columns), COLUMNS),
    "t.parquet": (write_parquet, COLUMNS),
    "t.arrow": (feather("zstd"), COLUMNS),
    "t.feather": (feather("uncompressed"), COLUMNS),
    "lying.feather": (feather("uncompressed"), {n: c for n, c in COLUMNS.items() if n != "b"}),
}


def in_hdf5(columns):
    h5py = pytest.importorskip("h5py")
    file = h5py.File("memory", "w", driver="core", backing_store=False)
    for name, column in columns.items():
        file[name] = column
    return file


# mapping → how it is made, and the columns it holds
MAPPINGS = {
    "dict": (dict, COLUMNS),
    "lists": (lambda columns: {n: c.tolist() for n, c in columns.items()}, COLUMNS),
    "structured array": (structured, COLUMNS),
    "pandas": (lambda columns: pytest.importorskip("pandas").DataFrame(columns), NUMBERS),
    "nullable": (
        lambda columns: pytest.importorskip("pandas").DataFrame(columns).convert_dtypes(),
        NUMBERS,
    ),
    "polars": (lambda columns: pytest.importorskip("polars").DataFrame(columns), COLUMNS),
    "arrow": (arrow_table, COLUMNS),
    "hdf5": (in_hdf5, COLUMNS),
}


def test_every_ending_has_a_case():
    assert {os.path.splitext(name)[1] for name in FILES} == set(FORMATS)


def check_ranges(source, columns):
    assert source.rows == ROWS
    assert dict(source.elements) == {name: c.shape[1:] for name, c in columns.items()}
    for start, stop in ((0, ROWS), (0, 1), (299, 301), (300, 600), (17, 950), (5, 5)):
        for name, column in columns.items():
            assert source.columns[name].shape == column.shape
            np.testing.assert_array_equal(
                source.columns[name].read(start, stop), column[start:stop]
            )
        together = source.read([("n", "x", "u"), ("f",)], start, stop)
        expected = np.stack([columns[name][start:stop] for name in ("n", "x", "u")], axis=1)
        np.testing.assert_array_equal(together[0], expected)
        np.testing.assert_array_equal(together[1], columns["f"][start:stop])


@pytest.mark.parametrize("kept", [0, 1 << 20])
@pytest.mark.parametrize("name", FILES)
def test_each_kind_of_file_gives_any_range(tmp_path, monkeypatch, name, kept):
    monkeypatch.setattr(stored, "KEPT_IN_MEMORY", kept)
    write, columns = FILES[name]
    write(tmp_path / name, columns)
    with open_source(tmp_path / name) as source:
        check_ranges(source, columns)


@pytest.mark.parametrize("case", MAPPINGS)
def test_each_kind_of_mapping_gives_any_range(case):
    make, columns = MAPPINGS[case]
    with open_source(make(columns)) as source:
        check_ranges(source, columns)


def test_a_plain_array_is_a_column_named_like_its_file(tmp_path):
    for order in ("C", "F"):
        column = np.asarray(RNG.normal(size=(50, 3, 4)), order=order)
        np.save(tmp_path / "pixels.npy", column)
        with open_source(tmp_path / "pixels.npy") as source:
            np.testing.assert_array_equal(source.columns["pixels"].read(7, 31), column[7:31])


def test_other_byte_orders_and_names_beyond_ascii(tmp_path):
    data = np.zeros(3, [("größe", ">f8"), ("年", ">i4")])
    data["größe"], data["年"] = [1.5, 2.5, 3.5], [1, 2, 3]
    with pytest.warns(UserWarning, match="format 3.0"):
        np.save(tmp_path / "t.npy", data)
    with open_source(tmp_path / "t.npy") as source:
        assert source.columns["größe"].read(1, 3).tolist() == [2.5, 3.5]
        assert source.columns["年"].read(0, 2).tolist() == [1, 2]


def test_a_file_of_python_2(tmp_path):
    (tmp_path / "x.npy").write_bytes(npy(says("(2L,)"), np.array([1.5, 2.5]).tobytes()))
    with open_source(tmp_path / "x.npy") as source:
        assert source.columns["x"].read(0, 2).tolist() == [1.5, 2.5]


def test_systems_without_positioned_reads(tmp_path, monkeypatch):
    monkeypatch.delattr(os, "preadv", raising=False)
    np.savez(tmp_path / "t.npz", **COLUMNS)
    with open_source(tmp_path / "t.npz") as source:
        check_ranges(source, COLUMNS)


# -- CSV -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", [1, 7, 64])
@pytest.mark.parametrize("case", MALFORMED)
def test_where_a_part_of_the_text_ends_does_not_matter(tmp_path, monkeypatch, case, part):
    path = tmp_path / "t.csv"
    content, _ = MALFORMED[case]
    content = content if isinstance(content, bytes) else content.encode()
    if len(content) > 10_000:
        part *= 10_000
    path.write_bytes(content)
    messages = []
    for size in (table.PART, part):
        monkeypatch.setattr(table, "PART", size)
        with pytest.raises(DataError) as caught:
            read_table(path, ["x", "y"])
        messages.append(str(caught.value))
    assert messages[0] == messages[1]


CELL = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(["1", "-2", "+.5", "3.", "1e3", "1E-400", '"4"', "0005"]),
)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    st.lists(st.tuples(CELL, CELL), min_size=1, max_size=30),
    st.sampled_from([3, 40, 1 << 20]),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_plain_parts_and_single_rows_read_the_same(tmp_path_factory, rows, part, end):
    path = tmp_path_factory.getbasetemp() / "plain.csv"
    path.write_bytes("".join(f"{a},{b}{end}" for a, b in [("x", "y"), *rows]).encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table, "PART", part)
        found = read_table(path)
    expected = [[float(cell.strip('"')) for cell in row] for row in rows]
    assert np.stack([found["x"], found["y"]], axis=1).tolist() == expected


@pytest.mark.parametrize("cell", [c for c in REFUSED_CELLS if not set(c) & set(",\n")])
def test_cells_without_quotes_are_as_strict(tmp_path, cell):
    path = tmp_path / "t.csv"
    path.write_text(f"x,näme,y\n1,nan,2\n3,Müller,4\n5,,{cell}\n", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_table(path, ["y", "x"])
    assert str(caught.value).startswith("t.csv, line 4, column 'y': ")
    assert REFUSED_CELLS[cell] in str(caught.value)
    assert read_table(path, ["x"])["x"].tolist() == [1, 3, 5]


def test_blank_lines_are_refused_also_where_no_column_is_chosen(tmp_path):
    (tmp_path / "t.csv").write_text("x\n1\n\n2\n")
    for names in (["x"], []):
        with pytest.raises(DataError, match="line 3: the line is blank"):
            read_table(tmp_path / "t.csv", names)


def test_places_are_lines_until_a_row_takes_several(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('x,note\n1,a\n2,"b\nc"\n3,d\n')
    with open_source(path) as source:
        source.select(["x"])
        places = [source.place(row, "x") for row in range(3)]
    assert places == [f"t.csv, {at}, column 'x'" for at in ("line 2", "line 3", "row 3")]


def test_unused_columns_may_hold_text_and_other_columns_can_be_chosen_later(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("x,name,y\n1,Ada,2\n3,Grace,4\n")
    with open_source(path) as source:
        source.select(["y"])
        assert source.columns["y"].read(0, 2).tolist() == [2, 4]
        source.select(["x"])
        assert source.columns["x"].read(0, 2).tolist() == [1, 3]
        with pytest.raises(DataError, match=r"line 2, column 'name': 'Ada' is not"):
            source.select(["name"])


# -- what is put aside -----------------------------------------------------------------------------


def test_nothing_is_left_of_what_was_put_aside(tmp_path, monkeypatch):
    monkeypatch.setattr(stored, "KEPT_IN_MEMORY", 0)
    aside = tmp_path / "aside"
    aside.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(aside))
    write_csv(tmp_path / "t.csv", NUMBERS)
    with open_source(tmp_path / "t.csv") as source:
        assert source.rows == ROWS
        assert list(aside.iterdir()) == []  # nor while it is open


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is full")
@pytest.mark.parametrize("name", ["t.csv", "packed.npz", "t.parquet"])
def test_a_full_disk_says_where_and_what_to_set(tmp_path, monkeypatch, name):
    write, columns = FILES[name]
    write(tmp_path / name, columns)
    monkeypatch.setattr(stored, "KEPT_IN_MEMORY", 0)
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda buffering: io.FileIO("/dev/full", "w"))
    with open_source(tmp_path / name) as source, pytest.raises(DataError) as caught:
        source.select(["x"])
    message = str(caught.value)
    assert os.strerror(errno.ENOSPC) in message and "TMPDIR" in message and name in message


def test_what_cannot_fit_is_not_begun(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "t.npz", x=np.zeros(1000))
    monkeypatch.setattr(stored, "KEPT_IN_MEMORY", 0)
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 7999})())
    with open_source(tmp_path / "t.npz") as source, pytest.raises(DataError, match="but 7999"):
        source.select(["x"])


# -- what is refused -------------------------------------------------------------------------------


def npy(header, body=b"", version=(1, 0)):
    """An .npy file whose header says what it likes."""
    text = header.encode()
    length = struct.pack("<H" if version == (1, 0) else "<I", len(text))
    return b"\x93NUMPY" + bytes(version) + length + text + body


def says(shape, descr="'<f8'", fortran=False):
    return f"{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}\n"


def saved(array, **options):
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


def zipped(members, method=zipfile.ZIP_STORED, twice=False):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def patched(content, old, new):
    """The content with the last place of `old` overwritten."""
    at = content.rindex(old)
    return content[:at] + new + content[at + len(new) :]


def damaged(content, at):
    return content[:at] + bytes([content[at] ^ 255]) + content[at + 1 :]


ARRAY = saved(np.arange(8.0))
LYING = npy(says("(10000000000000,)"), b"\0" * 64)

# file, its bytes, and what the message must hold
HOSTILE = {
    "empty npy": ("x.npy", b"", ["empty", "np.save"]),
    "empty npz": ("t.npz", b"", ["not an archive", "np.savez"]),
    "not npy": ("x.npy", b"x,y\n1,2\n", ["not an array", "np.save"]),
    "not npz": ("t.npz", b"x,y\n1,2\n", ["not an archive"]),
    "npy called npz": ("t.npz", ARRAY, ["not an archive"]),
    "magic only": ("x.npy", b"\x93NUMPY", ["not an array", "cut short"]),
    "unknown version": ("x.npy", npy(says("(1,)"), b"\0" * 8, (9, 0)), ["not an array"]),
    "header cut short": ("x.npy", ARRAY[:40], ["not an array", "cut short"]),
    "numbers cut short": ("x.npy", ARRAY[:-1], ["64 bytes", "holds 63", "cut short"]),
    "something behind": ("x.npy", ARRAY + b"\0", ["holds 65", "behind"]),
    "two arrays": ("x.npy", ARRAY + ARRAY, ["behind"]),
    "shape beyond the file": ("x.npy", LYING, ["80000000000000 bytes", "holds 64"]),
    "shape beyond all": ("x.npy", npy(says("(1 << 99,)")), ["not an array"]),
    "shape of 30 digits": ("x.npy", npy(says(f"({10**30},)"), b"\0" * 8), ["cut short"]),
    "negative shape": ("x.npy", npy(says("(-1, -1)"), b"\0" * 8), ["impossible shape"]),
    "truth for a length": ("x.npy", npy(says("(True,)"), b"\0" * 8), ["impossible shape"]),
    "text for a shape": ("x.npy", npy(says("'8'"), b"\0" * 8), ["not an array"]),
    "code in the header": ("x.npy", npy("__import__('os').abort()\n"), ["not an array"]),
    "deep header": ("x.npy", npy("(" * 3000 + "\n"), ["not an array"]),
    "long header": ("x.npy", npy(says("(1,)") + " " * (1 << 19), b"", (2, 0)), ["not an array"]),
    "pickle in npy": ("x.npy", saved(np.array([{}]), allow_pickle=True), ["pickle", "none"]),
    "no rows": ("x.npy", saved(np.zeros((0, 3))), ["column 'x' has no rows"]),
    "rows of nothing": ("x.npy", npy(says("(1000000000000, 0)")), ["column 'x'", "no numbers"]),
    "single number": ("x.npy", saved(np.float64(3)), ["'x' is a single number"]),
    "complex": ("x.npy", saved(np.ones(3, complex)), ["complex numbers", "two columns"]),
    "text": ("x.npy", saved(np.array(["a"])), ["text", "not real numbers"]),
    "bytes": ("x.npy", saved(np.array([b"a"])), ["bytes", "not real numbers"]),
    "dates": ("x.npy", saved(np.array(["2020-01-01"], "M8[D]")), ["dates", "since a start"]),
    "durations": ("x.npy", saved(np.array([1], "m8[s]")), ["durations", "one unit"]),
    "nested records": ("x.npy", saved(np.zeros(2, [("r", [("a", "f8")])])), ["'r'", "records"]),
    "pickle in npz": (
        "t.npz",
        zipped({"x.npy": saved(np.array([{}]), allow_pickle=True)}),
        ["array 'x'", "pickle"],
    ),
    "pickle for npz": ("t.npz", b"\x80\x04\x95\x10\0\0\0\0\0\0\0", ["not an archive"]),
    "archive cut short": ("t.npz", zipped({"x.npy": ARRAY})[:-30], ["not an archive"]),
    "header lies in archive": ("t.npz", zipped({"x.npy": LYING}), ["array 'x'", "holds 64"]),
    "header lies, packed": (
        "t.npz",
        zipped({"x.npy": LYING}, zipfile.ZIP_DEFLATED),
        ["array 'x'", "holds 64"],
    ),
    "both lie, packed": (
        "t.npz",
        patched(
            zipped({"x.npy": npy(says("(400000000,)"), b"\0" * 64)}, zipfile.ZIP_DEFLATED),
            struct.pack("<I", len(npy(says("(400000000,)"))) + 64),
            struct.pack("<I", len(npy(says("(400000000,)"))) + 3_200_000_000),
        ),
        ["damaged or cut short"],
    ),
    "damaged numbers, packed": (
        "t.npz",
        damaged(zipped({"x.npy": saved(RNG.normal(size=500))}, zipfile.ZIP_DEFLATED), 3000),
        ["array 'x' is damaged"],
    ),
    "packed another way": (
        "t.npz",
        zipped({"x.npy": ARRAY}, zipfile.ZIP_LZMA),
        ["packed in a way"],
    ),
    "not an arrays": ("t.npz", zipped({"readme.txt": b"hello"}), ["no column 'x'"]),
    "not parquet": ("t.parquet", b"x,y\n1,2\n", ["t.parquet cannot be read"]),
    "empty parquet": ("t.parquet", b"", ["t.parquet cannot be read"]),
    "parquet magic only": ("t.parquet", b"PAR1" + b"\xff" * 8 + b"PAR1", ["cannot be read"]),
    "not arrow": ("t.arrow", b"x,y\n1,2\n", ["t.arrow cannot be read"]),
    "empty arrow": ("t.feather", b"", ["t.feather cannot be read"]),
    "compressed": ("t.csv.gz", b"\x1f\x8b", ["no reader for .gz", "unpack"]),
    "pickle": ("t.pkl", b"\x80\x04", ["no reader for .pkl", "pickle can run code"]),
    "spreadsheet": ("t.xlsx", b"PK\3\4", ["no reader for .xlsx", "CSV"]),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_file_is_refused_with_its_cause_and_nothing_is_allocated(tmp_path, case):
    name, content, parts = HOSTILE[case]
    if name.endswith((".parquet", ".arrow", ".feather")):
        pytest.importorskip("pyarrow.parquet")
    path = tmp_path / name
    path.write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(DataError) as caught, open_source(path) as source:
            source.select(["x"] if "x" in source.elements else list(source.elements) or ["x"])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    message = str(caught.value)
    assert [part for part in parts if part not in message] == [], message
    assert name in message and len(message) <= 200
    assert peak < 16 << 20


@pytest.mark.parametrize("name", FILES)
def test_missing_directory_and_cut_short(tmp_path, name):
    write, columns = FILES[name]
    with pytest.raises(DataError, match="there is no file"):
        open_source(tmp_path / name)
    (tmp_path / name).mkdir()
    with pytest.raises(DataError, match="is a directory"):
        open_source(tmp_path / name)
    (tmp_path / name).rmdir()
    if name.endswith(".csv"):
        return  # a text that ends early is a shorter table
    write(tmp_path / name, columns)
    whole = (tmp_path / name).read_bytes()
    for length in (0, 7, len(whole) // 2, len(whole) - 1):
        (tmp_path / name).write_bytes(whole[:length])
        with pytest.raises(DataError), open_source(tmp_path / name) as source:
            source.select(list(source.elements))


@pytest.mark.parametrize("name", ["t.npy", "stored.npz", "lying.feather"])
@pytest.mark.parametrize("how", ["cut", "longer", "same length"])
def test_a_file_that_changes_while_it_is_read(tmp_path, name, how):
    write, columns = FILES[name]
    path = tmp_path / name
    write(path, columns)
    with open_source(path) as source:
        source.select(["x"])
        assert source.columns["x"].read(0, 2).tolist() == columns["x"][:2].tolist()
        size = path.stat().st_size
        if how == "same length":
            os.utime(path, ns=(0, 0))
        else:
            os.truncate(path, size - 8 if how == "cut" else size + 8)
        with pytest.raises(DataError, match=f"{name} changed while it was read"):
            source.columns["x"].read(ROWS - 2, ROWS)


@pytest.mark.parametrize("name", ["t.npy", "stored.npz", "packed.npz", "t.parquet", "t.feather"])
def test_any_damage_is_a_given_dataerror_or_numbers(tmp_path_factory, name):
    folder = tmp_path_factory.mktemp("damage")
    write, columns = FILES[name]
    write(
        folder / name,
        {key: column[:40] if name != "t.npy" else column for key, column in columns.items()},
    )
    whole = (folder / name).read_bytes()
    ends = st.one_of(
        st.integers(0, min(600, len(whole) - 1)),
        st.integers(max(0, len(whole) - 900), len(whole) - 1),
    )

    @settings(deadline=None, derandomize=True, max_examples=40)
    @given(st.lists(st.tuples(ends, st.integers(0, 255)), min_size=1, max_size=4))
    def damage(changes):
        content = bytearray(whole)
        for at, byte in changes:
            content[at] = byte
        (folder / name).write_bytes(bytes(content))
        try:
            with open_source(folder / name) as source:
                source.select(list(source.elements))
                for column in source.columns.values():
                    assert column.read(0, source.rows).shape == column.shape
        except SymbackError as error:
            assert len(str(error)) <= 200

    damage()


def arrow_file(tmp_path, columns):
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    return tmp_path / "t.parquet"


def test_nulls_and_other_types_of_parquet_are_refused_by_row_and_column(tmp_path):
    pa = pytest.importorskip("pyarrow")
    lists = pa.FixedSizeListArray.from_arrays(pa.array([1.0, 2, 3, None, 5, 6]), 2)
    refused = {
        "hole": ([1.0, None, 3.0], ["row 2, column 'hole': the value is missing"]),
        "holes": (lists, ["row 2, column 'holes': the value is missing"]),
        "text": (["a", "b", "c"], ["column 'text' holds string", "not real numbers"]),
        "ragged": ([[1.0], [2.0, 3.0], []], ["holds list<", "of a fixed size"]),
        "when": (pa.array([1, 2, 3], pa.date32()), ["column 'when' holds date32"]),
        "money": (pa.array([1, 2, 3]).cast(pa.decimal128(21, 2)), ["holds decimal128"]),
        "nothing": (pa.nulls(3), ["holds null"]),
        "word": (pa.array(["a", "b", "a"]).dictionary_encode(), ["holds dictionary<"]),
    }
    data = {name: values for name, (values, _) in refused.items()} | {"x": [1.0, 2.0, 3.0]}
    path = arrow_file(tmp_path, data)
    for given_data in (path, pa.table(data)):
        with open_source(given_data) as source:
            for name, (_, parts) in refused.items():
                with pytest.raises(DataError) as caught:
                    source.select([name])
                if given_data is path or "missing" in parts[0]:
                    assert [p for p in parts if p not in str(caught.value)] == [], caught.value
            source.select(["x"])
            assert source.columns["x"].read(0, 3).tolist() == [1, 2, 3]


def test_without_pyarrow_the_extra_is_named(tmp_path, monkeypatch):
    (tmp_path / "t.parquet").write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(DataError, match=r"needs pyarrow; pip install 'symback\[arrow\]'"):
        open_source(tmp_path / "t.parquet")


def masked():
    return np.ma.array([1.0, 2.0, 3.0], mask=[False, True, False])


# mapping, what the message must hold
MAPPINGS_REFUSED = {
    "text": (lambda: {"x": ["a", "b"]}, ["column 'x' holds text"]),
    "ragged": (lambda: {"x": [[1.0], [1.0, 2.0]]}, ["column 'x' cannot be read"]),
    "number": (lambda: {"x": 1.5}, ["column 'x' is a single number"]),
    "empty": (lambda: {"x": []}, ["column 'x' has no rows"]),
    "objects": (lambda: {"x": [None, 1]}, ["column 'x' holds Python objects"]),
    "complex": (lambda: {"x": np.ones(2, complex)}, ["complex numbers"]),
    "masked": (lambda: {"x": masked()}, ["row 2, column 'x': the value is missing"]),
    "lengths": (lambda: {"x": [1, 2], "y": [1]}, ["'y' has 1 rows, but 'x' has 2"]),
    "same name": (lambda: {"1": [1], 1: [2]}, ["two columns named '1'"]),
    "nullable": (
        lambda: pytest.importorskip("pandas").DataFrame({"x": [1, None]}).astype("Int64"),
        ["row 2, column 'x': the value is missing"],
    ),
    "category": (
        lambda: pytest.importorskip("pandas").DataFrame({"x": ["a", "b"]}).astype("category"),
        ["column 'x' holds Python objects"],
    ),
    "twice": (
        lambda: pytest.importorskip("pandas").DataFrame([[1, 2]], columns=["x", "x"]),
        ["two columns named 'x'"],
    ),
    "polars null": (
        lambda: pytest.importorskip("polars").DataFrame({"x": [1, None]}),
        ["row 2, column 'x': the value is missing"],
    ),
    "polars text": (lambda: pytest.importorskip("polars").DataFrame({"x": ["a"]}), ["'x' holds"]),
}


@pytest.mark.parametrize("case", MAPPINGS_REFUSED)
def test_mapping_is_refused_with_its_cause(case):
    make, parts = MAPPINGS_REFUSED[case]
    with pytest.raises(DataError) as caught, open_source(make()) as source:
        source.select(list(source.elements))
    assert [part for part in parts if part not in str(caught.value)] == [], caught.value


@pytest.mark.parametrize("data", [None, 3, 1.5, [], [3], {1, 2}, np.zeros(3), object()])
def test_what_is_not_data_is_refused(data):
    with pytest.raises(DataError, match=r"^(data is a|the list of data files is empty)"):
        open_source(data)


# -- side by side ----------------------------------------------------------------------------------


def test_files_side_by_side_are_one_source(tmp_path):
    write_csv(tmp_path / "a.csv", {"x": COLUMNS["x"], "n": COLUMNS["n"]})
    np.savez(tmp_path / "b.npz", u=COLUMNS["u"], f=COLUMNS["f"], b=COLUMNS["b"], m=COLUMNS["m"])
    with open_source([tmp_path / "a.csv", tmp_path / "b.npz"]) as source:
        check_ranges(source, COLUMNS)
        assert source.place(4, "x") == "a.csv, line 6, column 'x'"
        assert source.place(4, "u") == "b.npz, row 5, column 'u'"


def test_files_side_by_side_that_do_not_fit(tmp_path):
    (tmp_path / "a.csv").write_text("x,y\n1,2\n3,4\n")
    (tmp_path / "b.csv").write_text("y,z\n1,2\n3,4\n")
    np.savez(tmp_path / "c.npz", w=np.arange(3))
    with pytest.raises(DataError, match=r"a\.csv and b\.csv both have a column 'y'"):
        open_source([tmp_path / "a.csv", tmp_path / "b.csv"])
    with open_source([tmp_path / "a.csv", tmp_path / "c.npz"]) as source:
        with pytest.raises(DataError, match=r"c\.npz has 3 rows, but a\.csv has 2"):
            source.select(["x", "w"])
        source.select(["x"])
        assert "c.npz feeds nothing" in source.notes


MEASURE = """
import re, sys
from symback.training.sources import open_source
with open_source(sys.argv[1]) as source:
    for start in range(0, source.rows, 10000):
        for column in source.columns.values():
            column.read(start, min(start + 10000, source.rows))
with open("/proc/self/status") as status:  # what getrusage says begins with the parent's peak
    print(re.search(r"VmHWM:\\s+([0-9]+) kB", status.read())[1])
"""


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="measured as Linux tells it")
@pytest.mark.parametrize(
    "ending", [".csv", ".npy", "stored.npz", "packed.npz", ".parquet", ".arrow"]
)
def test_peak_memory_does_not_grow_with_the_rows(tmp_path, ending):
    peaks = []
    for rows in (3_000_000, 9_000_000):
        columns = {name: RNG.normal(size=rows).round(3) for name in "xyz"}
        path = tmp_path / f"t{ending}"
        if ending == ".csv":
            pytest.importorskip("polars").DataFrame(columns).write_csv(path)
        elif ending == ".npy":
            np.save(path, np.stack(list(columns.values()), axis=1))
        elif ending.endswith(".npz"):
            (np.savez if "stored" in ending else np.savez_compressed)(path, **columns)
        else:
            data = pytest.importorskip("pyarrow").table(columns)
            if ending == ".arrow":
                feather = pytest.importorskip("pyarrow.feather")
                feather.write_feather(data, str(path), compression="lz4")
            else:
                pytest.importorskip("pyarrow.parquet").write_table(data, path)
        done = subprocess.run(
            [sys.executable, "-c", MEASURE, str(path)], capture_output=True, text=True, check=True
        )
        peaks.append(int(done.stdout) / 1024)
    assert peaks[1] < peaks[0] + 32, peaks  # MiB; the numbers grew by 137 MiB
    assert peaks[1] < 400
