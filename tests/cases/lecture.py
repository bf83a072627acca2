"""The rows of the lecture: each circuit in all its spellings, with the partials worked out by hand.

`LEAVES` gives, by leaf, the partial of f as SymPy text over leaves, in which S stands for
σ(w3·x3 + w4·x4) and the slope σ′ is written S*(1 - S). `SHOWN` gives lines that the lecture
writes down for the circuit typed as named lines.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Row:
    """One row: spellings typed flat and as named lines, partials, and lines of derivations."""

    flat: tuple[str, ...]
    named: tuple[str, ...]
    partials: dict[str, str]
    shown: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def spellings(self) -> tuple[str, ...]:
        return self.flat + self.named


NET = "w3*x3 + w4*x4"

ROWS: dict[str, Row] = {
    "L1 single neuron": Row(
        flat=("f = x1 − x2", "f = x1 - x2", "x1 − x2", "f = x₁ − x₂", "f = -x2 + x1"),
        named=("x1: input; x2: input\nf = x1 - x2",),
        partials={"x1": "1", "x2": "-1"},
        shown={"x1": ("∂f/∂x1 = 1",), "x2": ("∂f/∂x2 = −1",)},
    ),
    "L2 two neurons": Row(
        flat=("f = x1 − (x3 + x4)", "f = x1 - (x3 + x4)", "x1 - x3 - x4"),
        named=(
            "f = x1 − x2, x2 = x3 + x4",
            "x2 = x3 + x4\nf = x1 - x2",
            "f = x₁ − x₂; x₂ = x₃ + x₄",
            "x1: input; x3: input; x4: input\nx2 = x3 + x4\nf: output = x1 - x2\n",
        ),
        partials={"x1": "1", "x3": "-1", "x4": "-1"},
        shown={
            "x3": ("∂x2/∂x3 = 1", "∂f/∂x3 = ∂f/∂x2 · ∂x2/∂x3", "= −1 · 1", "= −1"),
            "x4": ("∂x2/∂x4 = 1", "∂f/∂x4 = ∂f/∂x2 · ∂x2/∂x4", "= −1"),
        },
    ),
    "L3 multiple input": Row(
        flat=("f = x1 − (x3 + x5 + x4)", "f = x1 - (x3 + x5 + x4)"),
        named=("f = x1 − x2, x2 = x3 + x5 + x4", "f = x1 - x2\nx2 = x3 + x5 + x4"),
        partials={"x1": "1", "x3": "-1", "x5": "-1", "x4": "-1"},
        shown={
            "x5": (
                "x2 = x3 + x5 + x4",
                "∂x2/∂x5 = 1",
                "∂f/∂x5 = ∂f/∂x2 · ∂x2/∂x5",
                "= −1 · 1",
                "= −1",
            )
        },
    ),
    "L4 weights on the edges": Row(
        flat=("f = x1 − (w3x3 + w4x4)", "f = x1 - (w3*x3 + w4*x4)", "f = x1 − (w₃x₃ + w₄·x₄)"),
        named=(
            "f = x1 − x2, x2 = w3x3 + w4x4",
            "f = x1 - x2; x2 = w3*x3 + w4*x4",
            "f = x1 − x2\nx2 = w3×x3 + w4⋅x4",
        ),
        partials={"x1": "1", "w3": "-x3", "w4": "-x4", "x3": "-w3", "x4": "-w4"},
        shown={
            "w3": ("∂x2/∂w3 = x3", "∂f/∂w3 = ∂f/∂x2 · ∂x2/∂w3", "= −1 · x3", "= −x3"),
            "x4": ("∂x2/∂x4 = w4", "∂f/∂x4 = ∂f/∂x2 · ∂x2/∂x4", "= −1 · w4", "= −w4"),
        },
    ),
    "L5 activation": Row(
        flat=(
            "f = x1 − σ(w3x3 + w4x4)",
            "f = x1 - sigma(w3*x3 + w4*x4)",
            "f = x1 − σ(w₃x₃ + w₄x₄)",
            "f = x1 - sigmoid(w3*x3 + w4*x4)",
            "x1 − σ(w3·x3 + w4·x4)",
            "swish(u) = σ(u)\nf = x1 − swish(w3x3 + w4x4)",
        ),
        named=(
            "f = x1 − x2, x2 = σ(net2), net2 = w3x3 + w4x4",
            "net2 = w3*x3 + w4*x4\nx2 = sigma(net2)\nf = x1 - x2",
            "x1: input; x3: input; x4: input\ny: target\nw3: param = 2.0\nw4: param = 0.8\n"
            "net2 = w3*x3 + w4*x4\nx2   = sigma(net2)\nf    = x1 - x2\nl: loss = (f - y)**2/2\n",
            "f = x₁ − x₂; x₂ = σ(net₂); net₂ = w₃x₃ + w₄x₄",
        ),
        partials={
            "x1": "1",
            "w3": "-S*(1 - S)*x3",
            "w4": "-S*(1 - S)*x4",
            "x3": "-S*(1 - S)*w3",
            "x4": "-S*(1 - S)*w4",
        },
        shown={
            "w3": (
                "∂f/∂x2 = −1",
                "∂x2/∂net2 = σ′(net2)",
                "∂net2/∂w3 = x3",
                "∂f/∂w3 = ∂f/∂x2 · ∂x2/∂net2 · ∂net2/∂w3",
                "= −1 · σ′ · x3",
                "= −x3·σ′",
                "σ(net2)·(1 − σ(net2))",
                "= −x3·x2·(1 − x2)",
            ),
        },
    ),
    "L6a multiple paths, flat": Row(
        flat=(
            "f = (x1 + x5) − σ(w3x3 + w4x4)",
            "f = (x1 + x5) - sigma(w3*x3 + w4*x4)",
            "f = x1 + x5 − σ(w₃·x₃ + w₄·x₄)",
        ),
        named=(
            "f = u − v, u = x1 + x5, v = σ(net), net = w3x3 + w4x4",
            "f = (x1 + x5) - x2\nx2 = sigma(w3*x3 + w4*x4)",
        ),
        partials={
            "x1": "1",
            "x5": "1",
            "w3": "-S*(1 - S)*x3",
            "w4": "-S*(1 - S)*x4",
            "x3": "-S*(1 - S)*w3",
            "x4": "-S*(1 - S)*w4",
        },
    ),
    "L6b multiple paths": Row(
        flat=(
            "f = (x3 + x5) − σ(w3x3 + w4x4)",
            "f = (x3 + x5) - sigma(w3*x3 + w4*x4)",
        ),
        named=(
            "f = x1 − x2, x1 = x3 + x5, x2 = σ(net2), net2 = w3x3 + w4x4",
            "x1 = x3 + x5\nnet2 = w3*x3 + w4*x4\nx2 = sigma(net2)\nf = x1 - x2",
            "f = x₁ − x₂\nx₁ = x₃ + x₅\nx₂ = σ(net₂)\nnet₂ = w₃x₃ + w₄x₄",
        ),
        partials={
            "x3": "-S*(1 - S)*w3 + 1",
            "x5": "1",
            "w3": "-S*(1 - S)*x3",
            "w4": "-S*(1 - S)*x4",
            "x4": "-S*(1 - S)*w4",
        },
        shown={
            "x3": (
                "2 paths lead from x3 to f",
                "∂f/∂x2 · ∂x2/∂net2 · ∂net2/∂x3",
                "∂f/∂x1 · ∂x1/∂x3",
                "−1 · σ′ · w3",
                "1 · 1",
                "= 1 − w3·σ′",
                "σ(net2)·(1 − σ(net2))",
                "= 1 − w3·x2·(1 − x2)",
            ),
            "w3": ("∂f/∂w3 = ∂f/∂x2 · ∂x2/∂net2 · ∂net2/∂w3", "= −x3·σ′"),
            "x5": ("∂f/∂x5 = ∂f/∂x1 · ∂x1/∂x5", "= 1 · 1", "= 1"),
        },
    ),
}
