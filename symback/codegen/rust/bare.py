"""Bare functions in Rust: arguments are numbers of type f64, and slices of them row by row."""

from __future__ import annotations

from collections.abc import Sequence

from symback.codegen.bare.body import WORK, BareBody, BareLanguage, bare_body
from symback.codegen.bare.functions import BareFunction
from symback.codegen.bare.text import about_arrays, in_lines, refuse_name, said, takes
from symback.codegen.rust.elements import RustElementPrinter
from symback.codegen.rust.kernels import without_return
from symback.codegen.rust.printer import RESERVED, kernel_sources, rust_names
from symback.codegen.rust.statements import RustStatements

RUST = BareLanguage("bare Rust", RustElementPrinter, rust_names, makes_arrays=False)

NAMES_OF_USERS = "#[allow(clippy::all, non_snake_case)]"
"""Code that follows a formula has its names and its order, whatever is the custom."""
SPLIT = f", {WORK}) = "


def rust_code(functions: Sequence[BareFunction]) -> str:
    """The functions, and below them the kernels that they call."""
    texts = [_function(function) for function in functions]
    kernels = kernel_sources(line for text in texts for line in text)
    return "\n\n".join([*("\n".join(text) for text in texts), *kernels]) + "\n"


def _function(function: BareFunction) -> list[str]:
    refuse_name(function.name, "Rust", RESERVED)
    body = bare_body(function, RUST)
    given = [f"{a.name}: &[f64]" if a.count else f"{a.name}: f64" for a in body.arguments]
    given += [f"{size}: usize" for size in body.sizes]
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
    if body.work:
        given.append(f"{WORK}: &mut [f64]")
    return [
        *(f"/// {line}".rstrip() for line in _about(function, body)),
        NAMES_OF_USERS,
        *in_lines(f"pub fn {function.name}(", given, f"){kind} {{"),
        *(f"    {line}" for line in lines),
        "}",
    ]


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
