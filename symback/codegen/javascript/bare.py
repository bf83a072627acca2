"""Bare functions in JavaScript: arguments are numbers."""

from __future__ import annotations

from collections.abc import Sequence

from symback.codegen.bare.functions import BareFunction
from symback.codegen.bare.text import in_lines, refuse_name, said
from symback.codegen.javascript.printer import (
    RESERVED,
    JavaScriptPrinter,
    identifier,
    kernel_sources,
)
from symback.codegen.lines import chain_comment, print_order, wrapped
from symback.errors import Unsupported
from symback.printing.circuit_text import rewrite_notes


def javascript_code(functions: Sequence[BareFunction]) -> str:
    """The functions, and below them the kernels that they call."""
    texts = [_function(function) for function in functions]
    kernels = kernel_sources(line for text in texts for line in text)
    return "\n\n".join([*("\n".join(text) for text in texts), *kernels]) + "\n"


def _function(function: BareFunction) -> list[str]:
    refuse_name(function.name, "JavaScript", RESERVED)
    program, lowered = function.program, function.lowered
    if function.has_arrays:
        raise Unsupported("bare code of arrays is in NumPy, not in JavaScript")
    printer = JavaScriptPrinter(
        print_order(lowered, program), {p.name for p in lowered.circuit.params}
    )
    notes = rewrite_notes(lowered.circuit)
    lines = []
    for line in program.lines:
        if line.chains and line.of:
            lines += [f"//{text[1:]}" for text in chain_comment(line.of, line.chains)]
        elif line.target.name in notes:
            lines.append(f"//{notes[line.target.name][1:]}")
        start = f"const {identifier(line.target.name)} ="
        *first, last = wrapped(start, printer.print(line.expr))
        lines += [*first, f"{last};"]
    results = [identifier(symbol.name) for symbol in program.results]
    given = in_lines("return [", results, "];", "  ", depth=2)
    returned = given if function.out else [f"return {results[0]};"]
    arguments = [identifier(name) for name in function.arguments]
    return [
        *(f"// {line}".rstrip() for line in said(function)),
        *in_lines(f"function {function.name}(", arguments, ") {", "  "),
        *(f"  {line}" for line in (*lines, *returned)),
        "}",
    ]


__all__ = ["javascript_code"]
