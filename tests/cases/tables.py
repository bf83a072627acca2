"""CSV files and cells that are refused, and a reader of whole tables."""

from __future__ import annotations

from symback.training.sources.csv import LONGEST_LINE, TableReader

# text or bytes of the file, then what the message must hold: place, cause, next step
MALFORMED = {
    "empty file": ("", ["t.csv", "is empty", "must name the columns"]),
    "mark only": (b"\xef\xbb\xbf", ["t.csv", "is empty"]),
    "header only": ("x,y\n", ["t.csv", "no rows", "add"]),
    "blank header": ("\nx,y\n1,2\n", ["line 1", "column 1 has no name"]),
    "nameless column": ("x,,y\n1,2,3\n", ["line 1", "column 2 has no name", "give it one"]),
    "spaces for a name": ("x, ,y\n1,2,3\n", ["line 1", "column 2 has no name"]),
    "name twice": ("x,y,x\n1,2,3\n", ["line 1", "columns 1 and 3", "'x'", "rename"]),
    "numbers for names": ("1,2\n3,4\n", ["no column 'x'", "line 1 holds numbers"]),
    "column missing": ("xx,y\n1,2\n", ["no column 'x'", "did you mean 'xx'?"]),
    "column unlike all": ("p,q,r,y\n1,2,3,4\n", ["no column 'x'", "'p', 'q' and 2 more"]),
    "other case": ("X,y\n1,2\n", ["no column 'x'", "did you mean 'X'?"]),
    "other delimiter": ("x;y\n1;2\n", ["no column 'x'", "is a semicolon the delimiter?"]),
    "tab": ("x\ty\n1\t2\n", ["no column 'x'", "is a tab the delimiter?"]),
    "short row": ("x,y\n1,2\n3\n", ["line 3", "1 field, ", "header has 2", "delimiter"]),
    "long row": ("x,y\n1,2\n3,4,5\n", ["line 3", "3 fields", "header has 2"]),
    "thousands": ("x,y\n1,234,5\n", ["line 2", "3 fields"]),
    "blank row": ("x,y\n1,2\n\n3,4\n", ["line 3", "blank", "remove"]),
    "blank row at the end": ("x,y\n1,2\n\n", ["line 3", "blank"]),
    "line after a long field": ('n,x,y\n"a\nb",1,2\nc,d,2\n', ["line 4", "'x'", "'d'"]),
    "quote unclosed": ('n,x,y\nu,1,2\n"a,1,2\nb,3,4\n', ["line 3", "never closed"]),
    "text after a quote": ('n,x,y\n"a"b,1,2\n', ["line 2", "after a closing quote"]),
    "bare quote": ('n,x,y\na"b,1,2\n', ["line 2", "quote inside an unquoted field"]),
    "bare quote in a header": ('n"m,x,y\na,1,2\n', ["line 1", "quote inside an unquoted"]),
    "field too long": (
        'n,x,y\n"' + "a\n" * 100_000 + '",1,2\n',
        ["line 2", "field is longer than 131072", "closing quote"],
    ),
    "line too long": ("n,x,y\n" + "a" * (LONGEST_LINE + 9), ["line 2", "longer than 1048576"]),
    "Latin 1": ("n,x,y\nu,1,2\nMüller,1,2\n".encode("latin-1"), ["line 3", "0xfc", "UTF-8"]),
    "Latin 1 header": ("größe,x,y\nu,1,2\n".encode("latin-1"), ["line 1", "0xf6", "UTF-8"]),
    "UTF-16": ("x,y\n1,2\n".encode("utf-16"), ["line 1", "not UTF-8"]),
    "surrogate": (b"n,x,y\n\xed\xb2\x80,1,2\n", ["line 2", "0xed", "not UTF-8"]),
    "UTF-16 without mark": ("x,y\n1,2\n".encode("utf-16-le"), ["line 1", "character 2", "NUL"]),
    "NUL": (b"x,y\n1,2\n1\0,2\n", ["line 3", "character 2", "NUL"]),
    "NUL in other text": (b"n,x,y\na\0,1,2\n", ["line 2", "NUL"]),
}
# cell → cause
REFUSED_CELLS = {
    "": "is empty",
    " ": "not a finite decimal number",
    "nan": "not a finite decimal number",
    "NaN": "not a finite decimal number",
    "-nan": "not a finite decimal number",
    "inf": "not a finite decimal number",
    "-Infinity": "not a finite decimal number",
    "NA": "not a finite decimal number",
    "1e400": "beyond the range",
    "-1e999999999": "beyond the range",
    "1_000": "not a finite decimal number",
    "0x10": "not a finite decimal number",
    "0b1": "not a finite decimal number",
    "1j": "not a finite decimal number",
    "1e": "not a finite decimal number",
    "1.2.3": "not a finite decimal number",
    "1.5.": "not a finite decimal number",
    ".": "not a finite decimal number",
    "e5": "not a finite decimal number",
    "+-1": "not a finite decimal number",
    "--1": "not a finite decimal number",
    "1 000": "not a finite decimal number",
    "1'000": "not a finite decimal number",
    "12%": "not a finite decimal number",
    "true": "not a finite decimal number",
    "−1": "not a finite decimal number",
    "٣": "not a finite decimal number",
    "１": "not a finite decimal number",
    "1²": "not a finite decimal number",
    "1\n": "spaces around",
    " 1.5": "spaces around",
    "1.5\t": "spaces around",
    "1\u00a0": "spaces around",
    "1,5": "decimal point",
    "1,234": "decimal point",
    "__import__('os').system('true')": "not a finite decimal number",
}


def read_table(path, names=None, *, delimiter=","):
    """The named columns of a CSV file (all of them by default) as float64 arrays."""
    with TableReader(path, delimiter=delimiter) as table:
        return table.read(table.header if names is None else names)
