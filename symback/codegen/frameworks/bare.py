"""Bare functions in a framework's Python: arguments are numbers, or arrays with shapes stated."""

from __future__ import annotations

import keyword
from collections.abc import Callable, Iterable, Sequence

from sympy import S

from symback.circuits.program import loop_lines
from symback.circuits.requirements import index_leaves
from symback.codegen.bare.functions import BareFunction
from symback.codegen.bare.matrices import BareMatrix, BareParts
from symback.codegen.bare.text import in_lines, refuse_name, said
from symback.codegen.frameworks.loops import framework_loop
from symback.codegen.frameworks.words import Words
from symback.codegen.lines import chain_comment, print_order, wrapped
from symback.codegen.numpy.arrays import VIEWS, ArrayPrinter
from symback.codegen.numpy.bare import docstring, matrix_lines, returned, size_code
from symback.codegen.numpy.statements import is_constant
from symback.errors import NameRefused
from symback.printing.circuit_text import rewrite_notes


def framework_code(
    functions: BareParts,
    words: Words,
    kernels: Callable[[Iterable[str]], list[str]],
    imports: Sequence[str],
) -> str:
    """The functions, and below them the kernels that they call."""
    texts = [
        _matrix(f, words) if isinstance(f, BareMatrix) else _function(f, words) for f in functions
    ]
    lines = [line for text in texts for line in text]
    sources = kernels(lines)
    everything = "\n".join((*lines, *sources))
    head = ["import math"] if "math." in everything else []
    head += ["from typing import Any"] if "Any" in everything or "Array" in everything else []
    head = [*head, "", *imports] if head else list(imports)
    head += ["", "Array = Any"] if "Array" in everything else []
    blocks = ["\n".join(head), *("\n".join(text) for text in texts), *sources]
    return "\n\n\n".join(blocks) + "\n"


def _matrix(matrix: BareMatrix, words: Words) -> list[str]:
    _refuse_name(matrix.name, words)
    return matrix_lines(matrix, words.matrix)


def _refuse_name(name: str, words: Words) -> None:
    refuse_name(name, words.prefix, frozenset({*keyword.kwlist, "math", *words.reserved}))


def _function(function: BareFunction, words: Words) -> list[str]:
    _refuse_name(function.name, words)
    program, lowered, names = function.program, function.lowered, function.arguments
    for name in names:
        if name in words.reserved:
            raise NameRefused(f"'{name}' is a name that the code needs; choose another")
    indices = index_leaves(lowered.circuit)
    like = next((name for name in names if name not in indices), "")
    printer = ArrayPrinter(
        print_order(lowered, program),
        {p.name for p in lowered.circuit.params},
        shapes=lowered.names.shapes,
        like=like,
        has_guards=lowered.has_guards,
    )
    words = words.beside(s.name for s in lowered.circuit.size_names)
    notes = rewrite_notes(lowered.circuit)
    body = [f"{name} = {words.argument.format(name)}" for name in names]
    body += [f"{size} = {size_code(function, size)}" for size in function.sizes]
    loops = loop_lines(program)
    behind = {line.target for of in loops.values() for line in of[1:]}
    for line in program.lines:
        if line.target in loops:
            body += framework_loop(loops[line.target], printer, words)
        if line.target in loops or line.target in behind:
            continue
        if line.chains and line.of:
            body += chain_comment(line.of, line.chains)
        elif line.target.name in notes:
            body.append(notes[line.target.name])
        text = printer.print(line.expr)
        if line.expr is S.Zero and line.of:
            text = f"np.zeros_like({line.of[1]})"
        elif is_constant(line.expr) and like:
            text = printer.constant(line.expr)
        text = words.expression(text)
        shared = isinstance(line.expr, VIEWS) and line.target in program.returned
        body += wrapped(f"{line.target.name} =", text + words.copy * shared)
    return [
        *in_lines(f"def {function.name}(", names, "):"),
        *docstring(said(function)),
        *(f"    {line}" for line in (*body, *returned([str(s) for s in program.results]))),
    ]


__all__ = ["framework_code"]
