"""Bare functions in JavaScript: arguments are numbers, and typed arrays of them row by row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from symback.codegen.bare.body import BareLanguage, bare_body
from symback.codegen.bare.functions import BareFunction
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


def javascript_code(functions: Sequence[BareFunction]) -> str:
    """The functions, and below them the kernels that they call."""
    texts = [_function(function) for function in functions]
    kernels = kernel_sources(line for text in texts for line in text)
    return "\n\n".join([*("\n".join(text) for text in texts), *kernels]) + "\n"


def _function(function: BareFunction) -> list[str]:
    refuse_name(function.name, "JavaScript", RESERVED)
    body = bare_body(function, JAVASCRIPT)
    results = [result.name for result in body.results]
    given = in_lines("return [", results, "];", "  ", depth=2)
    returned = given if function.out else [f"return {results[0]};"]
    arguments = [*(a.name for a in body.arguments), *body.sizes]
    about = [*said(function), *about_arrays(body)]
    return [
        *(f"// {line}".rstrip() for line in about),
        *in_lines(f"function {function.name}(", arguments, ") {", "  "),
        *(f"  {line}" for line in (*JavaScriptStatements().lines(body.tree), *returned)),
        "}",
    ]


__all__ = ["javascript_code", "javascript_names"]
