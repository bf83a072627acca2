"""What the templates need of the partials of nodes, of each sample."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from symback.autodiff.function import Port
from symback.autodiff.lower import Lowered
from symback.autodiff.per_sample import PartialsOf, differentiated
from symback.codegen.lines import tuple_of
from symback.codegen.numpy.functions import FunctionText, FunctionWriter
from symback.codegen.numpy.shapes import fixed_sizes, looked_up


@dataclass(frozen=True, slots=True)
class PartialsText:
    """A node: its shape as code over `sizes`, and the functions of its partials."""

    of: PartialsOf
    shape: str
    by_params: FunctionText | None
    by_inputs: FunctionText | None

    @property
    def functions(self) -> list[FunctionText]:
        """Those that there are."""
        return [f for f in (self.by_params, self.by_inputs) if f is not None]

    @property
    def rows(self) -> list[str]:
        """By the kind of leaves: the function, the leaves, and the columns that it reads."""
        return [
            _row("Params", self.by_params, self.of.params),
            _row("Inputs", self.by_inputs, self.of.inputs),
        ]


def _row(kind: str, function: FunctionText | None, leaves: Sequence[str]) -> str:
    if function is None:
        return f'"{kind}": (None, (), ())'
    names = [_tuple([f'"{n}"' for n in part]) for part in (leaves, function.columns)]
    return f'"{kind}": ({function.name}, {", ".join(names)})'


def _tuple(texts: Sequence[str]) -> str:
    return tuple_of(texts) if texts else "()"


def partials_text(
    lowered: Lowered, written: Callable[[FunctionWriter, str, Sequence[str]], FunctionText]
) -> list[PartialsText]:
    """The nodes with their functions, each `written` under a name, with its further arguments."""
    found, fixed = [], fixed_sizes(lowered.circuit)
    for node in differentiated(lowered.circuit):
        functions: list[FunctionText | None] = []
        for name in (node.by_params, node.by_inputs):
            if not name:
                functions.append(None)
                continue
            writer = FunctionWriter(lowered, name)
            seeds = [f"{s}: Array" for s in writer.function.given.get(Port.SEED, {}).values()]
            functions.append(written(writer, f"_{name}", ["params: Params", *seeds]))
        sizes = lowered.circuit[node.node].shape
        shape = [fixed.get(size) or looked_up(size, 'sizes["{}"]') for size in sizes]
        found.append(PartialsText(node, _tuple(shape), *functions))
    return found


__all__ = ["PartialsText", "partials_text"]
