"""Bare functions in C: arguments are numbers of type double."""

from __future__ import annotations

from collections.abc import Sequence

from symback.codegen.bare.functions import BareFunction
from symback.codegen.bare.text import in_lines, refuse_name, said
from symback.codegen.c.printer import RESERVED, CPrinter, c_names, kernel_sources
from symback.codegen.c.statements import StatementPrinter
from symback.codegen.lines import chain_comment, print_order
from symback.codegen.loops.tree import Comment, Declare, Return, Storage, Tree, Unused
from symback.errors import Unsupported
from symback.printing.circuit_text import rewrite_notes

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


def c_code(functions: Sequence[BareFunction]) -> str:
    """The kernels that the functions call, and the functions."""
    texts = [_function(function) for function in functions]
    kernels = kernel_sources(line for text in texts for line in text)
    blocks = kernels + ["\n".join(text) for text in texts]
    whole = "\n\n".join(blocks)
    headers = ["math.h", *(h for h, word in _HEADERS.items() if word in whole)]
    return "\n".join(f"#include <{header}>" for header in headers) + f"\n\n{whole}\n"


def _function(function: BareFunction) -> list[str]:
    refuse_name(function.name, "C", RESERVED | OF_THE_LIBRARY)
    program, lowered = function.program, function.lowered
    if function.has_arrays:
        raise Unsupported(
            "bare code of arrays is in NumPy; generate --target c writes a module of arrays in C"
        )
    symbols = [*program.arguments, *(line.target for line in program.lines)]
    called = c_names([s.name for s in symbols], "symback", frozenset({function.out}))
    printer = CPrinter(print_order(lowered, program), {p.name for p in lowered.circuit.params})
    printer.signs = called
    notes = rewrite_notes(lowered.circuit)
    arguments = [called.get(name, name) for name in function.arguments]
    read = {s.name for line in program.lines for s in line.reads}
    read |= {symbol.name for symbol in program.results}
    body: Tree = [
        Unused(name)
        for name, typed in zip(arguments, function.arguments, strict=True)
        if typed not in read
    ]
    for line in program.lines:
        if line.chains and line.of:
            body.append(Comment(tuple(chain_comment(line.of, line.chains))))
        elif line.target.name in notes:
            body.append(Comment((notes[line.target.name],)))
        name = called.get(line.target.name, line.target.name)
        body.append(Declare(Storage.NUMBER, name, printer.print(line.expr)))
    results = [called.get(symbol.name, symbol.name) for symbol in program.results]
    given = [f"double {name}" for name in arguments]
    if function.out:
        given.append(f"double {function.out}[{len(results)}]")
        ends = [f"{function.out}[{k}] = {name};" for k, name in enumerate(results)]
    else:
        ends = StatementPrinter().lines([Return(results[0])])
    kind = "void" if function.out else "double"
    return [
        *_comment(said(function, f"{function.out} takes ")),
        *in_lines(f"{kind} {function.name}(", given or ["void"], ")"),
        "{",
        *(f"    {line}" for line in (*StatementPrinter().lines(body), *ends)),
        "}",
    ]


def _comment(about: Sequence[str]) -> list[str]:
    text = "\n   ".join(about).replace("*/", "* /").replace("/*", "/ *")
    return [line.rstrip() for line in f"/* {text} */".splitlines()]


__all__ = ["c_code"]
