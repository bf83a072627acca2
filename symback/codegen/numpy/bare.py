"""Bare functions in Python with NumPy: arguments are numbers, or arrays with the shapes stated."""

from __future__ import annotations

import keyword
from collections.abc import Sequence
from typing import ClassVar

from sympy import Expr

from symback.codegen.bare.functions import BareFunction
from symback.codegen.bare.matrices import BareMatrix, BareParts, MatrixWords, python_matrix
from symback.codegen.bare.text import in_lines, refuse_name, said
from symback.codegen.lines import WIDTH, print_order
from symback.codegen.numpy.arrays import ArrayPrinter
from symback.codegen.numpy.functions import GUARDED
from symback.codegen.numpy.printer import kernel_sources
from symback.codegen.numpy.statements import statements
from symback.errors import Unsupported
from symback.printing.circuit_text import rewrite_notes

TAKEN = frozenset({*keyword.kwlist, "math", "np"})


class BarePrinter(ArrayPrinter):
    """Prints constants in float64, which all arguments are turned into."""

    casts: ClassVar = True


def numpy_code(functions: BareParts) -> str:
    """The functions, and below them the kernels that they call."""
    texts = [_matrix(f) if isinstance(f, BareMatrix) else _function(f) for f in functions]
    lines = [line for text in texts for line in text]
    kernels = kernel_sources(lines)
    needs_math = any("math." in line for line in (*lines, *kernels))
    imports = ["import math", ""] if needs_math else []
    blocks = ["\n".join(text) for text in texts] + kernels
    return "\n\n\n".join(["\n".join([*imports, "import numpy as np"]), *blocks]) + "\n"


def _function(function: BareFunction) -> list[str]:
    refuse_name(function.name, "Python", TAKEN)
    program, lowered = function.program, function.lowered
    names = function.arguments
    printer = BarePrinter(
        print_order(lowered, program),
        {p.name for p in lowered.circuit.params},
        shapes=lowered.names.shapes,
        like="",
        has_guards=lowered.has_guards,
    )
    notes = rewrite_notes(lowered.circuit)
    body = [
        *(f"{name} = np.float64({name})" for name in names),
        *(f"{size} = {size_code(function, size)}" for size in function.sizes),
        *statements(program, printer, copies=function.has_arrays, notes=notes),
        *returned([str(symbol) for symbol in program.results]),
    ]
    return [
        *([GUARDED] if lowered.has_guards else []),
        *in_lines(f"def {function.name}(", names, "):"),
        *docstring(said(function)),
        *(f"    {line}" for line in body),
    ]


MATRIX = MatrixWords(
    array="np.float64({})",
    units="np.eye({count})",
    one="np.array([*map({row}, {units})])",
    several="map(np.array, zip(*map({row}, {units}), strict=True))",
    joined="np.concatenate",
)


def _matrix(matrix: BareMatrix) -> list[str]:
    refuse_name(matrix.name, "Python", TAKEN)
    return matrix_lines(matrix, MATRIX)


def matrix_lines(matrix: BareMatrix, words: MatrixWords) -> list[str]:
    """A function that calls another one with each unit vector."""
    return [
        *in_lines(f"def {matrix.name}(", matrix.arguments, "):"),
        *docstring(said(matrix.called)),
        *(f"    {line}".rstrip() for line in python_matrix(matrix, words)),
    ]


def returned(results: Sequence[str]) -> list[str]:
    line = f"return {', '.join(results)}"
    return [line] if len(line) <= WIDTH - 4 else in_lines("return (", results, ")", depth=4)


def docstring(about: Sequence[str]) -> list[str]:
    lines = [line.replace("\\", "\\\\").replace('"""', '\\"""') for line in about]
    if len(lines) == 1:
        return [f'    """{lines[0]}"""']
    return [f'    """{lines[0]}', *(f"    {line}".rstrip() for line in lines[1:]), '    """']


def size_code(function: BareFunction, size: Expr) -> str:
    """The code for a size: an axis of an argument."""
    for node in function.leaves:
        if size in node.shape:
            return f"{node.name}.shape[{node.shape.index(size)}]"
    raise Unsupported(f"the size {size} can't be inferred from the arguments of {function.name}")


__all__ = ["TAKEN", "docstring", "matrix_lines", "numpy_code", "returned", "size_code"]
