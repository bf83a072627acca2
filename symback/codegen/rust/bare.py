"""Bare functions in Rust: arguments are numbers of type f64, and slices of them row by row."""

from __future__ import annotations

from collections.abc import Sequence

from symback.codegen.bare.body import WORK, BareBody, BareLanguage, bare_body
from symback.codegen.bare.functions import BareFunction
from symback.codegen.bare.matrices import (
    BareMatrix,
    BareParts,
    MatrixPart,
    factor,
    matrix_body,
    offset,
)
from symback.codegen.bare.text import about_arrays, in_lines, refuse_name, said, takes
from symback.codegen.lines import freed
from symback.codegen.rust.elements import RustElementPrinter
from symback.codegen.rust.kernels import without_return
from symback.codegen.rust.printer import RESERVED, kernel_sources, rust_names
from symback.codegen.rust.statements import RustStatements

RUST = BareLanguage("bare Rust", RustElementPrinter, rust_names, makes_arrays=False)

NAMES_OF_USERS = "#[allow(clippy::all, non_snake_case)]"
"""Code that follows a formula has its names and its order, whatever is the custom."""
SPLIT = f", {WORK}) = "


def rust_code(functions: BareParts) -> str:
    """The functions, and below them the kernels that they call."""
    texts = [_matrix(f) if isinstance(f, BareMatrix) else _function(f) for f in functions]
    kernels = kernel_sources(line for text in texts for line in text)
    return "\n\n".join([*("\n".join(text) for text in texts), *kernels]) + "\n"


def _function(function: BareFunction) -> list[str]:
    body = bare_body(function, RUST)
    given = _taken(body)
    lines = _last_part(RustStatements().lines(body.tree))
    if any(result.count for result in body.results):
        given += [f"{r.name}: &mut {'f64' if r.at else '[f64]'}" for r in body.results]
        lines += [f"*{r.name} = {r.at};" for r in body.results if r.at]
        kind = ""
    elif function.out:
        kind = f" -> [f64; {len(body.results)}]"
        lines += in_lines("[", [r.name for r in body.results], "]", depth=4)
    else:
        kind = " -> f64"
        lines = without_return(lines)
    return _whole(function, body, kind, given, lines)


def _taken(body: BareBody) -> list[str]:
    found = [f"{a.name}: &[f64]" if a.count else f"{a.name}: f64" for a in body.arguments]
    return found + [f"{size}: usize" for size in body.sizes]


def _whole(
    function: BareFunction, body: BareBody, kind: str, given: list[str], lines: Sequence[str]
) -> list[str]:
    """The function with its comment."""
    refuse_name(function.name, "Rust", RESERVED)
    if body.work:
        given.append(f"{WORK}: &mut [f64]")
    return [
        *(f"/// {line}".rstrip() for line in _about(function, body)),
        NAMES_OF_USERS,
        *in_lines(f"pub fn {function.name}(", given, f"){kind} {{"),
        *(f"    {line}" for line in lines),
        "}",
    ]


def _matrix(matrix: BareMatrix) -> list[str]:
    """A function that calls another one with each unit vector."""
    of = matrix_body(matrix, RUST)
    unit, entry, out = of.unit, of.entry, matrix.out
    memory = any(part.value.count for part in of.results)
    rest = WORK if of.inner.work else "_"
    splits = []
    if out and memory:
        splits = [f"let {ROW} = &mut {out}[{offset(entry, of.count)}..][..{of.count}];"]
        for part in of.results:
            left = ROW if part is not of.results[-1] else "_"
            count = "1" if part.is_number else part.value.count
            splits.append(f"let ({part.value.name}, {left}) = {ROW}.split_at_mut({freed(count)});")
    given = [a.name for a in of.body.arguments]
    given += [unit] if of.whole else [_unit(unit, part) for part in of.vectors]
    given += of.inner.sizes
    given += [_row(entry, part, bool(out)) for part in of.results if memory]
    given += [WORK] if of.inner.work else []
    depth = 8
    start, end = f"{matrix.product.name}(", ");"
    if not memory:
        start = f"{out}[{offset(entry, of.count)}..][..{of.count}].copy_from_slice(&{start}"
        end = "));"
    lines = [
        *(f"let {name} = {code};" for name, code in of.starts),
        f"let {unit} = &mut [0.0; {of.count}];"
        if of.owns
        else f"let ({unit}, {rest}) = {WORK}.split_at_mut({of.count});",
        *([] if of.owns else [f"{unit}.fill(0.0);"]),
        f"for {entry} in 0..{factor(of.count)} {{",
        f"    {unit}[{entry}] = 1.0;",
        *(f"    {line}" for line in (*splits, *in_lines(start, given, end, depth=depth))),
        f"    {unit}[{entry}] = 0.0;",
        "}",
    ]
    arguments = [*_taken(of.body), *(f"{result.name}: &mut [f64]" for result in of.body.results)]
    return _whole(matrix.called, of.body, "", arguments, lines)


ROW = "row_"
"""What a row of a matrix is called, of which results take their parts."""


def _unit(unit: str, part: MatrixPart) -> str:
    """What a call takes of a unit vector."""
    if part.is_number:
        return f"{unit}[{part.place}]"
    start = "" if part.place == "0" else f"[{part.place}..]"
    return f"&{unit}{start}[..{part.value.count}]"


def _row(entry: str, part: MatrixPart, in_row: bool) -> str:
    """Where a call puts what it gives."""
    name, count = part.value.name, part.value.count
    if in_row:
        return f"&mut {name}[0]" if part.is_number else name
    if part.is_number:
        return f"&mut {name}[{entry}]"
    return f"&mut {name}[{offset(entry, count)}..][..{count}]"


def _last_part(lines: list[str]) -> list[str]:
    """The lines without a name for what the last array leaves of the memory."""
    places = [k for k, line in enumerate(lines) if SPLIT in line]
    for place in places[-1:]:
        lines[place] = lines[place].replace(SPLIT, ", _) = ")
    return lines


def _about(function: BareFunction, body: BareBody) -> list[str]:
    memory = any(result.count for result in body.results)
    return [*said(function, takes(function, body) if memory else ""), *about_arrays(body)]


__all__ = ["rust_code"]
