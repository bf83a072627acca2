"""Circuit → the texts of its JAX module."""

from __future__ import annotations

from symback.circuits.circuit import Circuit, Node
from symback.codegen.frameworks import programs as of
from symback.codegen.frameworks.linear import asks_of_tangents
from symback.codegen.frameworks.text import (
    Framework,
    FrameworkText,
    framework_text,
)
from symback.codegen.jax.words import WORDS, kernel_sources
from symback.codegen.lines import tuple_of


def jax_text(circuit: Circuit, version: str) -> FrameworkText:
    """All texts of a circuit's JAX module."""
    second = _of_arrays(circuit) if circuit.has_arrays else [of.PARTIALS, of.PARTIALS_DOT]
    totals = [] if circuit.objective.shape else [of.VALUE, of.TOTAL, of.TOTAL_DOT]
    framework = Framework(
        words=WORDS,
        kernels=kernel_sources,
        remark=". Needs JAX only.",
        stream="key: Any = 0",
        streams="a key of jax.random",
        initial=_initial,
    )
    return framework_text(circuit, version, [of.OUTPUT, *second, *totals], framework)


def _of_arrays(circuit: Circuit) -> list[str]:
    """Tangents that JAX can carry back; where a line asks what a tangent is, adjoints alone."""
    tangents = of.framework_programs(circuit, [of.OUTPUT_DOT])[of.OUTPUT_DOT]
    return [of.PULLED] if asks_of_tangents(tangents, WORDS) else [of.OUTPUT_DOT]


def _initial(place: int, node: Node) -> str:
    """Matrices are scaled by 1/√n for n columns, so that products keep their magnitude."""
    shape = tuple_of([str(size) for size in node.shape]) if node.shape else "()"
    if node.initial is not None:
        return f"jnp.full({shape}, {node.initial!r})"
    scale = f"{node.shape[-1]}**-0.5" if len(node.shape) == 2 else "0.1"
    return f"{scale} * jax.random.normal(jax.random.fold_in(key, {place}), {shape})"


__all__ = ["jax_text"]
