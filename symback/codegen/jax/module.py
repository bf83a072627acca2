"""Circuit → the texts of its JAX module."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from symback.circuits.circuit import Circuit, Node
from symback.codegen.frameworks import programs as of
from symback.codegen.frameworks.text import FrameworkText, asks_of_tangents, framework_text
from symback.codegen.jax.words import WORDS, kernel_sources
from symback.codegen.lines import tuple_of

REMARK = ". Needs JAX only."


@dataclass(frozen=True, slots=True)
class JaxText(FrameworkText):
    """What the templates fill in beside what all frameworks have."""

    init_signature: str = ""
    init_sentence: str = ""
    initial: Sequence[str] = ()


def jax_text(circuit: Circuit, version: str) -> JaxText:
    """All texts of a circuit's JAX module."""
    second = _of_arrays(circuit) if circuit.has_arrays else [of.PARTIALS, of.PARTIALS_DOT]
    totals = [] if circuit.objective.shape else [of.VALUE, of.TOTAL, of.TOTAL_DOT]
    names = [of.OUTPUT, *second, *totals]
    text = framework_text(circuit, version, names, WORDS, kernel_sources, REMARK)
    fields = {name: getattr(text, name) for name in FrameworkText.__slots__}
    start = "def init_params(key: Any = 0"
    sizes = dict.fromkeys(str(s) for p in circuit.params for n in p.shape for s in n.free_symbols)
    named = f", *, {', '.join(f'{s}: int' for s in sizes)}" if sizes else ""
    initial = [_initial(place, p) for place, p in enumerate(circuit.params)]
    sentence = text.face.init_sentence.replace("a NumPy Generator", "a key of jax.random")
    return JaxText(
        **fields,
        init_signature=f"{start}{named}) -> Params:",
        init_sentence=sentence,
        initial=initial,
    )


def _of_arrays(circuit: Circuit) -> list[str]:
    """Tangents that JAX can carry back; where a line asks what a tangent is, adjoints alone."""
    tangents = of.framework_programs(circuit, [of.OUTPUT_DOT])[of.OUTPUT_DOT]
    return [of.PULLED] if asks_of_tangents(tangents) else [of.OUTPUT_DOT]


def _initial(place: int, node: Node) -> str:
    """Matrices are scaled by 1/√n for n columns, so that products keep their magnitude."""
    shape = tuple_of([str(size) for size in node.shape]) if node.shape else "()"
    if node.initial is not None:
        return f"jnp.full({shape}, {node.initial!r})"
    scale = f"{node.shape[-1]}**-0.5" if len(node.shape) == 2 else "0.1"
    return f"{scale} * jax.random.normal(jax.random.fold_in(key, {place}), {shape})"


__all__ = ["jax_text"]
