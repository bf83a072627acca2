"""Random circuits at their edges: branches outside a domain, powers at 0, norms at the origin.

Named nodes leave their domain where only a branch reads them that is not taken; formulas that are
rewritten stand inside reductions; points are zeros, ties, and numbers of very different size.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

import numpy as np

MOST_STEPS = 5
POOL = (0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -3.0, 1e-9, -1e-170, 40.0, 1e3)
SIZE = 2  # of vectors; matrices are square

NUMBERS: tuple[tuple[str, ...], ...] = (
    # the last line is the step's result; others are named nodes that it reads as {n}
    ("sqrt({a})", "where({a} <= 0, {b}, {n})"),
    ("log({a})", "where({a} > 0, {n}, {b})"),
    ("1/{a}", "where(abs({a}) < 1/2, {b}, {n})"),
    ("{a}**1.5", "where({a} < 0, 0, {n})*{b}"),
    ("acos({a})", "where(abs({a}) < 1, {n}, {b})"),
    ("{a}**{b}", "where({a} > 0, {n}, {c})"),
    ("exp(400*{a})", "where({a} > 1, {b}, tanh({n}))"),
    ("sqrt({a}**2 + {b}**2)", "where({n} > 1, {n}, {n}**2/2 + 1/2)"),
    ("sqrt({a}**2 + {b}**2)", "{n}**2 + {c}"),
    ("hypot({a}, {b})", "where({n} > 1/2, {n}, {c})"),
    ("where({a} <= 0, {b}, sqrt({a}))",),
    ("where(({a} > 0) & ({b} > 0), sqrt({a})*log({b}), {c})",),
    ("max({a}, 0)**2.5 + {b}",),
    ("{c}*max({a}, 0)**(1 + {b}**2)",),
    ("abs({a})**1.5 - {b}",),
    ("hypot({a}, {b})",),
    ("sqrt({a}**2 + {b}**2)*{c}",),
    ("log(1 + exp({a}))*{b}",),
    ("1/(1 + exp(-{a})) + {b}",),
    ("log(exp({a}) + exp({b}))",),
    ("sqrt(1 + {a}**2) - 1 + {b}",),
    ("log(1 + {a}**2)*{b}",),
    ("abs({a}) + {b}",),
    ("relu({a})*{b}",),
    ("max({a}, {b})",),
    ("min({a}, {b})*{c}",),
    ("tanh({a})*{b} + {c}",),
)

ARRAYS: tuple[tuple[str, ...], ...] = (
    # the first word is the kind of the result, the others as above
    ("v", "sqrt(sum({M}**2, axis=1))", "where({n} > 1/2, {n}, 1)"),
    ("v", "sqrt({v})", "where({v} <= 0, {w}, {n})"),
    ("v", "log({v})", "where({v} > 0, {s}*{n}, {w})"),
    ("v", "where({v} > 0, ({w} - {s})**2, 0)"),
    ("v", "{M} @ (1/(1 + exp(-{v})))"),
    ("v", "softmax({v}) + {w}"),
    ("v", "max({v}, {w})"),
    ("v", "abs({v})*{w}"),
    ("v", "{v}*{w} + {s}"),
    ("s", "{v}**2 + {s}*{w}**2", "sqrt({n} + 1)[0]"),
    ("s", "norm({v})"),
    ("s", "norm({v} - {w})"),
    ("s", "norm({v})", "where({n} > 1, {n}, {n}**2/2)"),
    ("s", "sqrt(dot({v}, {v}))"),
    ("s", "sqrt(sum({v}**2))*{s}"),
    ("s", "mean(log(1 + exp(-{s}*{v})))"),
    ("s", "sum(sqrt({v}**2 + {w}**2))"),
    ("s", "sum(where({v} > {w}, {v}, {w}**2))"),
    ("s", "logsumexp({v})"),
    ("s", "max({v})*{s}"),
    ("s", "mean(relu({M}))"),
    ("s", "dot({v}, {w})"),
    ("s", "tanh({s})"),
    ("s", "where({s} <= 0, 0, sqrt({s}))"),
)
SHAPES: Mapping[str, tuple[int, ...]] = {"s": (), "v": (SIZE,), "M": (SIZE, SIZE)}


def awkward(names: Iterable[str], rng: np.random.Generator) -> dict[str, float]:
    """Numbers of a small pool, so that many are 0 and many are equal."""
    few = rng.choice(POOL, 3 + int(rng.integers(4)))
    return {name: float(rng.choice(few)) for name in names}


def of_numbers(rng: np.random.Generator) -> str:
    """The text of a circuit of a few steps; each reads the result before it and any other names."""
    leaves: dict[str, tuple[int, ...]] = {n: () for n in ("x0", "x1", "p0", "p1")}
    known, lines = list(leaves), []
    for i in range(int(rng.integers(1, MOST_STEPS + 1))):
        last = known[-1] if i else known[0]
        a, b, c = last, *(str(n) for n in rng.choice(known, 2))
        if rng.random() < 0.3:
            a, b = b, a
        step = NUMBERS[rng.integers(len(NUMBERS))]
        lines += _step(step, i, {"a": a, "b": b, "c": c})
        if last not in " ".join(line for _, line in lines[-len(step) :]):
            lines[-1] = (lines[-1][0], f"{lines[-1][1]} + {last}")
        known.append(f"v{i}")
    return _made(lines, leaves)


def of_arrays(rng: np.random.Generator) -> str:
    """Vectors, matrices and numbers; the output adds up what nothing has read."""
    leaves = {"x0": SHAPES["v"], "x1": SHAPES["s"], "X": SHAPES["M"],
              "p0": SHAPES["v"], "p1": SHAPES["s"], "P": SHAPES["M"]}  # fmt: skip
    known = {kind: [n for n in leaves if leaves[n] == SHAPES[kind]] for kind in "svM"}
    lines: list[tuple[str, str]] = []
    read: set[str] = set()
    for i in range(int(rng.integers(1, MOST_STEPS))):
        kind, *step = ARRAYS[rng.integers(len(ARRAYS))]
        chosen = {letter: str(rng.choice(known[letter][-3:])) for letter in "svM"}
        others = [name for name in known["v"] if name != chosen["v"]]  # v - v would cancel
        chosen["w"] = str(rng.choice(others[-3:]))
        made = _step(tuple(step), i, chosen)
        read |= {word for _, line in made for word in re.findall(r"\w+", line)}
        lines += made
        known[kind].append(f"v{i}")
    ends = [(n, kind) for kind in "sv" for n in known[kind] if n.startswith("v") and n not in read]
    lines.append(("f", " + ".join(n if kind == "s" else f"sum({n})" for n, kind in ends)))
    return _made(lines, leaves)


def _step(step: tuple[str, ...], i: int, chosen: Mapping[str, str]) -> list[tuple[str, str]]:
    names = {**chosen, "n": f"n{i}"}
    *named, result = (line.format(**names) for line in step)
    return [*((f"n{i}", line) for line in named), (f"v{i}", result)]


def _made(lines: list[tuple[str, str]], leaves: Mapping[str, tuple[int, ...]]) -> str:
    """Leaves that nothing reads are left out."""
    used = {word for _, line in lines for word in re.findall(r"\w+", line)}
    kept = {n: shape for n, shape in leaves.items() if n in used}
    head = [
        f"{n}: {'input' if n[0] in 'xX' else 'param'}{list(shape) if shape else ''}"
        for n, shape in kept.items()
    ]
    *body, (name, last) = lines
    text = [*head, *(f"{n} = {line}" for n, line in body), f"{name}: output = {last}", "loss: none"]
    return "\n".join(text)


KINDS: Mapping[str, Callable[[np.random.Generator], str]] = {
    "numbers": of_numbers,
    "arrays": of_arrays,
}
