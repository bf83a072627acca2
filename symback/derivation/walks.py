"""The reverse passes that people see: over the formulas as typed, and over the stable form."""

from __future__ import annotations

from collections.abc import Sequence

from symback.autodiff.gates import gates, typed_gates
from symback.autodiff.reverse import ReversePass, reverse_pass
from symback.circuits.circuit import Circuit
from symback.derivation.numbers.links import below


def typed_walk(circuit: Circuit, of: str) -> ReversePass:
    """The reverse pass over the formulas as typed; from a part that only the stable form has,
    over that form.
    """
    typed = typed_gates(circuit)
    return reverse_pass(typed if of in typed else gates(circuit), of)


def stable_walk(circuit: Circuit, of: str, opaque: Sequence[str] = ()) -> ReversePass | None:
    """The reverse pass over what is computed, where formulas below the node are rewritten."""
    made = gates(circuit, opaque=opaque)
    if not made.rewrites or of not in made or of not in typed_gates(circuit):
        return None
    rewritten = {rewrite.node for rewrite in made.rewrites}
    is_computed = any(node.name in rewritten for node in below(made, of))
    return reverse_pass(circuit, of, opaque=opaque) if is_computed else None


__all__ = ["stable_walk", "typed_walk"]
