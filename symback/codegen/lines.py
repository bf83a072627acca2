"""What the lines of all targets share: the order of terms, comments, the breaking of wide lines."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Sequence

from symback.autodiff.lower import Lowered
from symback.circuits.program import Chain, Program

WIDTH = 100


def chain_comment(of: tuple[str, str], chains: Sequence[Chain]) -> list[str]:
    """`# ∂f/∂x3 = ∂f/∂x2 · ∂x2/∂x3 + …`, over several lines where it is long.

    An edge that is a path by itself, beside others, is ∂⁺f/∂x3.
    """
    left = f"# ∂{of[0]}/∂{of[1]}"
    products = [" · ".join(f"∂{a}/∂{b}" for a, b in chain) for chain in chains]
    if products == [left[2:]]:
        return [left]
    products = [f"∂⁺{p[1:]}" if p == left[2:] else p for p in products]
    lines = [f"{left} = {products[0]}"]
    for product in products[1:]:
        if len(lines[-1]) + len(product) + 3 > WIDTH - 4:
            lines.append(f"#     + {product}")
        else:
            lines[-1] += f" + {product}"
    return lines


def wrapped(start: str, text: str, indent: int = 4) -> list[str]:
    """An assignment, broken before its operators where it is wider than a line.

    `start` is its left side with the sign: "f =" or "f +=".
    """
    if indent + len(start) + 1 + len(text) <= WIDTH:
        return [f"{start} {text}"]
    for separators in ((" + ", " - "), (" * ", " / ")):
        parts = _split_outside_brackets(text, separators)
        if len(parts) > 1:
            return [f"{start} (", *_filled(parts, WIDTH - indent - 4), ")"]
    return [f"{start} {text}"]


_MARKS = re.compile(r"[()\[\]]| [-+*/] ")


def _filled(parts: Sequence[str], width: int) -> list[str]:
    lines = [f"    {parts[0]}"]
    for part in parts[1:]:
        if len(lines[-1]) + 1 + len(part) > width:
            lines.append(f"    {part}")
        else:
            lines[-1] += f" {part}"
    return lines


def _split_outside_brackets(text: str, separators: tuple[str, ...]) -> list[str]:
    """The text cut before each separator that stands outside all brackets."""
    parts, depth, start = [], 0, 0
    for found in _MARKS.finditer(text):
        mark = found.group()
        depth += (mark in "([") - (mark in ")]")
        if depth == 0 and mark in separators and found.start() > start:
            parts.append(text[start : found.start()])
            start = found.start() + 1
    return [*parts, text[start:]]


def unpacked(names: Sequence[str]) -> str:
    """The left side of an assignment from a tuple."""
    return f"({names[0]},)" if len(names) == 1 else ", ".join(names)


def taken(names: Sequence[str], value: str, used: Container[str]) -> list[str]:
    """The assignment of a tuple to those of its names that are used, the others as `_`.

    >>> taken(["x1", "x3", "x4"], "columns", {"x1", "x4"})
    ['x1, _, x4 = columns']
    """
    if not any(name in used for name in names):
        return []
    return [f"{unpacked([name if name in used else '_' for name in names])} = {value}"]


def names_in(lines: Iterable[str]) -> set[str]:
    """The names that stand in lines of code, comments apart."""
    code = "\n".join(line for line in lines if not line.startswith("#"))
    return set(re.findall(r"\b[A-Za-z_]\w*", code, re.ASCII))


def freed(text: str) -> str:
    """The text without brackets around the whole of it, of which some compilers warn.

    >>> freed("(a + b)"), freed("(a)*(b)")
    ('a + b', '(a)*(b)')
    """
    depth = 0
    for place, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if depth == 0 and place < len(text) - 1:
            return text
    return freed(text[1:-1]) if text.startswith("(") else text


def tuple_of(names: Sequence[str]) -> str:
    return unpacked(names) if len(names) == 1 else f"({unpacked(names)})"


def quoted(names: Iterable[str]) -> str:
    """The names as further arguments of a call.

    >>> quoted(["x1", "x3"])
    ', "x1", "x3"'
    """
    return "".join(f', "{name}"' for name in names)


def columns_of(lowered: Lowered, program: Program) -> list[str]:
    """The inputs and targets that a program reads."""
    circuit = lowered.circuit
    columns = {n.name for n in circuit.columns}
    return [a.name for a in program.arguments if a.name in columns]


def print_order(lowered: Lowered, program: Program) -> dict[str, tuple[int, ...]]:
    """Ranks that put adjoints and slopes before the values they are multiplied with."""
    found = [*program.arguments, *(line.target for line in program.lines)]
    return {**{s.name: (-1, 0, i) for i, s in enumerate(found)}, **lowered.circuit.ranks}


__all__ = [
    "chain_comment",
    "columns_of",
    "freed",
    "names_in",
    "print_order",
    "quoted",
    "taken",
    "tuple_of",
    "wrapped",
]
