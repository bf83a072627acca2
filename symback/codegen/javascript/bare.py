"""Bare functions in JavaScript: arguments are numbers, and typed arrays of them row by row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from symback.circuits.names import fresh_name
from symback.codegen.bare.body import BareBody, BareLanguage, bare_body
from symback.codegen.bare.functions import BareFunction
from symback.codegen.bare.matrices import BareMatrix, BareParts, MatrixPart, matrix_body, offset
from symback.codegen.bare.text import about_arrays, in_lines, refuse_name, said
from symback.codegen.javascript.elements import JavaScriptElementPrinter
from symback.codegen.javascript.printer import RESERVED, identifier, kernel_sources
from symback.codegen.javascript.statements import JavaScriptStatements


def javascript_names(names: Iterable[str], local: frozenset[str]) -> dict[str, str]:
    """Those of a circuit that JavaScript can't have, or that loops have."""
    return {name: f"{name}$" if name in local else identifier(name) for name in names}


JAVASCRIPT = BareLanguage(
    "bare JavaScript", JavaScriptElementPrinter, javascript_names, makes_arrays=True
)


def javascript_code(functions: BareParts) -> str:
    """The functions, and below them the kernels that they call."""
    texts = [_matrix(f) if isinstance(f, BareMatrix) else _function(f) for f in functions]
    kernels = kernel_sources(line for text in texts for line in text)
    return "\n\n".join([*("\n".join(text) for text in texts), *kernels]) + "\n"


def _function(function: BareFunction) -> list[str]:
    body = bare_body(function, JAVASCRIPT)
    results = [result.name for result in body.results]
    given = in_lines("return [", results, "];", "  ", depth=2)
    returned = given if function.out else [f"return {results[0]};"]
    return _whole(function, body, [*JavaScriptStatements().lines(body.tree), *returned])


def _whole(function: BareFunction, body: BareBody, lines: Sequence[str]) -> list[str]:
    """The function with its comment."""
    refuse_name(function.name, "JavaScript", RESERVED)
    arguments = [*(a.name for a in body.arguments), *body.sizes]
    about = [*said(function), *about_arrays(body)]
    return [
        *(f"// {line}".rstrip() for line in about),
        *in_lines(f"function {function.name}(", arguments, ") {", "  "),
        *(f"  {line}" for line in lines),
        "}",
    ]


def _matrix(matrix: BareMatrix) -> list[str]:
    """A function that calls another one with each unit vector."""
    of = matrix_body(matrix, JAVASCRIPT)
    unit, entry, results = of.unit, of.entry, of.body.results
    row = fresh_name(["row"], {unit, entry, *(v.name for v in (*of.inner.arguments, *results))})
    vectors = [unit] if of.whole else [_unit(unit, part) for part in of.vectors]
    given = [*(a.name for a in of.body.arguments), *vectors, *of.inner.sizes]
    stores = []
    for k, part in enumerate(of.results):
        count = "1" if part.is_number else part.value.count
        to = matrix.out or part.value.name
        place = offset(entry, of.count if matrix.out else count, part.place if matrix.out else "0")
        one = f"{to}[{place}] = {row}[{k}];"
        stores.append(one if part.is_number else f"{to}.set({row}[{k}], {place});")
    names = [result.name for result in results]
    lines = [
        *(f"const {name} = {code};" for name, code in of.starts),
        *(f"const {result.name} = new Float64Array({result.count});" for result in results),
        f"const {unit} = new Float64Array({of.count});",
        f"for (let {entry} = 0; {entry} < {of.count}; {entry}++) {{",
        f"  {unit}[{entry}] = 1;",
        *(
            f"  {line}"
            for line in in_lines(
                f"const {row} = {matrix.product.name}(", given, ");", "  ", depth=4
            )
        ),
        *(f"  {store}" for store in stores),
        f"  {unit}[{entry}] = 0;",
        "}",
        *([f"return {matrix.out};"] if matrix.out else in_lines("return [", names, "];", "  ")),
    ]
    return _whole(matrix.called, of.body, lines)


def _unit(unit: str, part: MatrixPart) -> str:
    """What a call takes of a unit vector."""
    if part.is_number:
        return f"{unit}[{part.place}]"
    end = part.value.count if part.place == "0" else f"{part.place} + {part.value.count}"
    return f"{unit}.subarray({part.place}, {end})"


__all__ = ["javascript_code", "javascript_names"]
