"""Bare functions in C: arguments are numbers of type double, and arrays of them row by row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from symback.codegen.bare.body import WORK, BareBody, BareLanguage, bare_body
from symback.codegen.bare.functions import BareFunction
from symback.codegen.bare.matrices import (
    BareMatrix,
    BareParts,
    MatrixBody,
    MatrixPart,
    matrix_body,
    offset,
)
from symback.codegen.bare.text import about_arrays, in_lines, refuse_name, said, takes
from symback.codegen.c.elements import CElementPrinter
from symback.codegen.c.printer import RESERVED, c_names, kernel_sources
from symback.codegen.c.statements import PRAGMA, StatementPrinter

OF_THE_LIBRARY = frozenset(
    """
    acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf erfc exp exp2 expm1 fabs
    fdim floor fma fmax fmin fmod frexp gamma hypot ilogb isfinite isinf isnan isnormal j0 j1 jn
    ldexp lgamma llrint llround log log10 log1p log2 logb lrint lround main modf nan nearbyint
    nextafter nexttoward pow remainder remquo rint round scalbln scalbn signbit sin sinh sqrt tan
    tanh tgamma trunc y0 y1 yn memcpy
    """.split()
)
"""Functions of the library, which no other function can be called like."""
_HEADERS = {"stddef.h": "size_t", "stdint.h": "uint64_t", "string.h": "memcpy("}
"""Headers beside <math.h> by what needs them."""


def _names(names: Iterable[str], local: frozenset[str]) -> dict[str, str]:
    return c_names(names, "symback", local)


C = BareLanguage("bare C", CElementPrinter, _names, makes_arrays=False)


def c_code(functions: BareParts) -> str:
    """The kernels that the functions call, and the functions."""
    texts = [_matrix(f) if isinstance(f, BareMatrix) else _function(f) for f in functions]
    kernels = kernel_sources((line for text in texts for line in text), vectors_too=False)
    blocks = kernels + ["\n".join(text) for text in texts]
    lines = [line for block in blocks for line in (*block.splitlines(), "")]
    # a compiler that was not asked to heed the pragmas would warn of them
    whole = "\n".join(line for line in lines if not line.lstrip().startswith(PRAGMA))
    headers = ["math.h", *(h for h, word in _HEADERS.items() if word in whole)]
    return "\n".join(f"#include <{header}>" for header in headers) + f"\n\n{whole}"


def _function(function: BareFunction) -> list[str]:
    body = bare_body(function, C)
    printer = StatementPrinter()
    given = _taken(body)
    kind, ends = "void", []
    if any(result.count for result in body.results):
        given += [f"double *{result.name}" for result in body.results]
        ends = [f"{r.name}[0] = {r.at};" for r in body.results if r.at]
    elif function.out:
        given.append(f"double {function.out}[{len(body.results)}]")
        ends = [f"{function.out}[{k}] = {r.name};" for k, r in enumerate(body.results)]
    else:
        kind = "double"
    return _whole(function, body, kind, given, [*printer.lines(body.tree), *ends])


def _taken(body: BareBody) -> list[str]:
    found = [f"const double *{a.name}" if a.count else f"double {a.name}" for a in body.arguments]
    return found + [f"size_t {size}" for size in body.sizes]


def _whole(
    function: BareFunction, body: BareBody, kind: str, given: list[str], lines: Sequence[str]
) -> list[str]:
    """The function with its comment."""
    refuse_name(function.name, "C", RESERVED | OF_THE_LIBRARY)
    if body.work:
        given.append(f"double *{WORK}")
    return [
        *_comment([*said(function, takes(function, body)), *about_arrays(body)]),
        *in_lines(f"{kind} {function.name}(", given or ["void"], ")"),
        "{",
        *(f"    {line}" for line in lines),
        "}",
    ]


def _matrix(matrix: BareMatrix) -> list[str]:
    """A function that calls another one with each unit vector."""
    of = matrix_body(matrix, C)
    unit, entry, product = of.unit, of.entry, matrix.product
    rest = WORK if of.owns else f"{WORK} + {of.count}"
    given = [
        *(a.name for a in of.body.arguments),
        *(_unit(of, part) for part in of.vectors),
        *of.inner.sizes,
        *_rows(matrix, of),
        *([rest] if of.inner.work else []),
    ]
    lines = [
        *(f"const size_t {name} = {code};" for name, code in of.starts),
        f"double {unit}[{of.count}];" if of.owns else f"double *const {unit} = {WORK};",
        f"for (size_t {entry} = 0; {entry} < {of.count}; {entry}++) {{",
        f"    {unit}[{entry}] = 0.0;",
        "}",
        f"for (size_t {entry} = 0; {entry} < {of.count}; {entry}++) {{",
        f"    {unit}[{entry}] = 1.0;",
        *(f"    {line}" for line in in_lines(f"{product.name}(", given, ");", depth=8)),
        f"    {unit}[{entry}] = 0.0;",
        "}",
    ]
    arguments = [*_taken(of.body), *(f"double *{result.name}" for result in of.body.results)]
    return _whole(matrix.called, of.body, "void", arguments, lines)


def _unit(of: MatrixBody, part: MatrixPart) -> str:
    if part.is_number:
        return f"{of.unit}[{part.place}]"
    return of.unit if part.place == "0" else f"{of.unit} + {part.place}"


def _rows(matrix: BareMatrix, of: MatrixBody) -> list[str]:
    """Where a call puts what it gives."""
    if matrix.out and not any(part.value.count for part in of.results):
        return [f"{matrix.out} + {offset(of.entry, of.count)}"]
    if matrix.out:
        return [f"{matrix.out} + {offset(of.entry, of.count, part.place)}" for part in of.results]
    counts = ["1" if part.is_number else part.value.count for part in of.results]
    return [
        f"{part.value.name} + {offset(of.entry, count)}"
        for part, count in zip(of.results, counts, strict=True)
    ]


def _comment(about: Sequence[str]) -> list[str]:
    text = "\n   ".join(about).replace("*/", "* /").replace("/*", "/ *")
    return [line.rstrip() for line in f"/* {text} */".splitlines()]


__all__ = ["c_code"]
