"""Circuit → the texts of its PyTorch module."""

from __future__ import annotations

from symback.circuits.circuit import Circuit, Node
from symback.codegen.frameworks import programs as of
from symback.codegen.frameworks.text import Framework, FrameworkText, framework_text
from symback.codegen.lines import tuple_of
from symback.codegen.torch.words import WORDS, kernel_sources


def torch_text(circuit: Circuit, version: str) -> FrameworkText:
    """All texts of a circuit's PyTorch module."""
    totals = [] if circuit.objective.shape else [of.VALUE, of.TOTAL, of.TOTAL_DOT]
    names = [of.OUTPUT, of.OUTPUT_DOT, of.PULLED, of.PULLED_DOT, *totals]
    framework = Framework(
        words=WORDS,
        kernels=kernel_sources,
        remark=". Needs PyTorch only.",
        stream="generator: Any = 0",
        streams="a torch.Generator",
        initial=_initial,
    )
    return framework_text(circuit, version, names, framework)


def _initial(place: int, node: Node) -> str:
    """Matrices are scaled by 1/√n for n columns, so that products keep their magnitude."""
    shape = tuple_of([str(size) for size in node.shape]) if node.shape else "()"
    if node.initial is not None:
        return f"torch.full({shape}, {float(node.initial)!r})"
    scale = f"{node.shape[-1]}**-0.5" if len(node.shape) == 2 else "0.1"
    return f"{scale} * torch.randn({shape}, generator=generator)"


__all__ = ["torch_text"]
