"""Statements as lines of C, and the loop over samples that a function's body has."""

from __future__ import annotations

from typing import get_args

import pytest

import symback as sb
from symback.codegen.c.signature import Signature
from symback.codegen.c.statements import StatementPrinter
from symback.codegen.generate import render_files
from symback.codegen.loops.tree import (
    Accumulate,
    Call,
    Comment,
    Declare,
    For,
    Return,
    Scope,
    Statement,
    Storage,
    Store,
    Unused,
)

LINES = [
    (Comment(("# a", "#   + b")), ["/* a", "     + b */"]),
    (Comment(("# a */ b",)), ["/* a * / b */"]),
    (Store("y[i]", "a"), ["y[i] = a;"]),
    (Store("y[i]", "a", "+="), ["y[i] += a;"]),
    (Store("y[i]", "a", rounded=True), ["y[i] = (float)a;"]),
    (Accumulate("total", "part"), ["symback_add(total, part);"]),
    (Call("f", ("a", "n")), ["f(a, n);"]),
    (Unused("work"), ["(void)work;"]),
    (Return("a"), ["return a;"]),
    (Scope((Return("a"),)), ["{", "    return a;", "}"]),
    (
        For("i", "0", "n", (Store("s", "x[i]", "+="),), simd=True, sums=("s",)),
        [
            "#pragma omp simd reduction(+ : s)",
            "for (size_t i = 0; i < n; i++) {",
            "    s += x[i];",
            "}",
        ],
    ),
    (For("i", "0", "n", (), step="4"), ["for (size_t i = 0; i < n; i += 4) {", "}"]),
]
DECLARED = {
    Storage.NUMBER: "const double a = v;",
    Storage.VARIABLE: "double a = v;",
    Storage.SUM: "double a[2] = {0.0, 0.0};",
    Storage.SIZE: "const size_t a = v;",
    Storage.READ: "const float *const a = v;",
    Storage.WRITE: "float *const a = v;",
    Storage.WORK: "double *const a = v;",
    Storage.OWN: "double a[n];",
}


@pytest.mark.parametrize(("statement", "lines"), LINES)
def test_statements_are_printed(statement, lines):
    assert StatementPrinter("float", "float").lines([statement]) == lines


def test_every_statement_and_storage_is_printed_above():
    assert {type(statement) for statement, _ in LINES} | {Declare} == set(get_args(Statement))
    assert set(DECLARED) == set(Storage)


@pytest.mark.parametrize("storage", Storage)
def test_declarations_have_the_type_of_their_storage(storage):
    printed = StatementPrinter("float", "float").lines([Declare(storage, "a", "v", count="n")])
    assert printed == [DECLARED[storage]]


def test_wide_signatures_are_broken_and_loaded_by_their_types():
    arguments = tuple(("const double *", f"column_{i}") for i in range(5))
    signature = Signature("size_t", "f", (*arguments, ("size_t ", "count")))
    assert [len(line) <= 100 for line in signature.text.splitlines()] == [True, True]
    assert signature.loaded == '("f", number, (one, one, one, one, one, number))'


def sums_of(text):
    """The C function that adds up value and gradient."""
    code = render_files(sb.circuit(text), target="c", stem="made")[".c"]
    return code[code.index("double made_sums(") : code.index("double made_value_and_grad(")]


def test_samples_are_taken_together_where_no_line_has_an_axis():
    numbers = sums_of("f = tanh(w*x)")
    assert "#pragma omp simd reduction(+ : w_bar_block, l_sum_block)" in numbers
    assert numbers.count("symback_add") == 2 and "work" not in numbers
    arrays = sums_of("x: input[n]; w: param[n]\nf = tanh(dot(w, x))")
    assert "for (size_t row = 0; row < count; row++)" in arrays and "BLOCK" not in arrays
