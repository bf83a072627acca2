"""The signature of a C function: its line in the header, and what the loader says of it."""

from __future__ import annotations

from dataclasses import dataclass

from symback.codegen.lines import WIDTH

CTYPES = {"void": "None", "double": "ctypes.c_double", "size_t": "number"}
"""What the loader calls types; a pointer is one address."""


@dataclass(frozen=True, slots=True)
class Signature:
    """A function's name and the types of its result and arguments.

    >>> Signature("void", "scale", (("double *", "x"), ("size_t ", "count"))).text
    'void scale(double *x, size_t count)'
    """

    result: str
    name: str
    arguments: tuple[tuple[str, str], ...]  # type and name

    @property
    def text(self) -> str:
        """The declaration without its end, over several lines where it is wide."""
        lines = [f"{self.result} {self.name}("]
        last = len(self.arguments) - 1
        for i, (kind, name) in enumerate(self.arguments):
            part = f"{kind}{name}{')' if i == last else ','}"
            if len(lines[-1]) + 1 + len(part) > WIDTH:
                lines.append(f"    {part}")
            else:
                lines[-1] += part if i == 0 else f" {part}"
        return "\n".join(lines)

    @property
    def loaded(self) -> str:
        """Name, type of the result and types of the arguments, as the loader lists them."""
        kinds = ["one" if "*" in kind else CTYPES[kind.strip()] for kind, _ in self.arguments]
        end = "," if len(kinds) == 1 else ""
        return f'("{self.name}", {CTYPES[self.result]}, ({", ".join(kinds)}{end}))'


__all__ = ["Signature"]
