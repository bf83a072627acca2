"""Random circuits, of numbers and of arrays, as texts that symback and Python both understand.

A line such as `v3 = tanh(v1)*p0` is circuit text, and it is Python over `autograd.numpy`: so a peer
that knows nothing of symback differentiates the same lines.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd import grad
from autograd.scipy.special import logsumexp

MOST_DEPTH = 30
NUMBERS = (
    "{a} + {b}",
    "{a} - {b}",
    "{a}*{b}",
    "{a}*{b} + {c}",
    "{a}/(1 + {b}**2)",
    "{a} + 2*{a}*{b} - 3/4",
    "tanh({a})",
    "sigma({a} + {b})",
    "softplus({a} - {b})",
    "sin({a})*{b}",
    "cos({a}) + {b}",
    "exp(tanh({a}))",
    "log(1 + {a}**2)",
    "sqrt(1 + {a}**2)",
    "atan2({a}, 1 + {b}**2)",
    "where({a} > {b}, {a}*{c}, {b} + {c})",
    "max({a}, {b})",
    "min({a}, {b})*{c}",
    "abs({a}) + {b}",
    "relu({a})*{b}",
)
"""Operations that are defined everywhere; operands are drawn from all nodes before."""

VECTORS = (
    ("{v} + {w}", "v"),
    ("{v}*{w}", "v"),
    ("{M} @ {v}", "v"),
    ("{M}.T @ {v}", "v"),
    ("tanh({v})", "v"),
    ("sigma({M} @ {v} + {w})", "v"),
    ("softmax({v})", "v"),
    ("{s}*{v}", "v"),
    ("concat({v}[1:], {w}[:1])", "v"),
    ("{M} @ {N}", "M"),
    ("{M} + {N}.T", "M"),
    ("tanh({M})*{N}", "M"),
    ("outer({v}, {w})", "M"),
    ("{M}*{v}[:, None]", "M"),
    ("dot({v}, {w})", "s"),
    ("sum({v})*{s}", "s"),
    ("mean({M})", "s"),
    ("logsumexp({v})", "s"),
    ("norm({v} + 2)", "s"),
    ("sin({s})", "s"),
    ("{s}/(1 + {s}**2)", "s"),
)
SIZE = 3  # of vectors; matrices are square
SHAPES: Mapping[str, tuple[int, ...]] = {"s": (), "v": (SIZE,), "M": (SIZE, SIZE)}


@dataclass(frozen=True)
class RandomCircuit:
    """A circuit's text, and the same lines as Python functions of dictionaries of numbers."""

    text: str
    lines: tuple[tuple[str, str], ...]
    inputs: Mapping[str, tuple[int, ...]]
    params: Mapping[str, tuple[int, ...]]

    @property
    def leaves(self) -> Mapping[str, tuple[int, ...]]:
        return {**self.inputs, **self.params}

    @property
    def output(self) -> str:
        return self.lines[-1][0]

    def value(self, leaves: Mapping[str, Any]) -> Any:
        names = dict(leaves)
        for name, line in self.lines:
            names[name] = eval(line, {"__builtins__": {}}, {**PYTHON, **names})  # our own text
        return names[self.output]

    def gradient(self, leaves: Mapping[str, Any]) -> Mapping[str, Any]:
        """By autograd."""
        with np.errstate(all="ignore"):  # its tanh' is 1/cosh², which overflows
            found: Mapping[str, Any] = grad(self.value)(dict(leaves))
        return found


def renamed(text: str, new: Mapping[str, str]) -> str:
    """Circuit text with other names, all at once."""
    return re.sub(r"\b[a-zA-Z]\w*\b", lambda word: new.get(word[0], word[0]), text)


def of_numbers(rng: np.random.Generator) -> RandomCircuit:
    """Depth 1 to 30; each node reads the one before it and any others."""
    depth = int(rng.integers(1, MOST_DEPTH + 1))
    inputs = {f"x{i}": () for i in range(rng.integers(1, 4))}
    params = {f"p{i}": () for i in range(rng.integers(1, 4))}
    lines: list[tuple[str, str]] = []
    known = [*inputs, *params]
    for i in range(depth):
        last = lines[-1][0] if lines else known[0]
        a, b, c = last, *rng.choice([n for n in known if n != last], 2)  # v - v would cancel
        if rng.random() < 0.3:
            a, b = b, a
        form = NUMBERS[rng.integers(len(NUMBERS))]
        line = form.format(a=a, b=b, c=c)
        lines.append((f"v{i}", line if last in line else f"{line} + {last}"))
        known.append(f"v{i}")
    return _made(lines, inputs, params)


def of_arrays(rng: np.random.Generator) -> RandomCircuit:
    """Vectors, matrices and numbers; the output is a number that reads what is left over."""
    inputs = {"x0": SHAPES["v"], "x1": SHAPES["s"], "X": SHAPES["M"]}
    params = {"p0": SHAPES["v"], "p1": SHAPES["s"], "W": SHAPES["M"]}
    leaves = {**inputs, **params}
    known = {kind: [n for n in leaves if leaves[n] == SHAPES[kind]] for kind in "svM"}
    lines: list[tuple[str, str]] = []
    read: set[str] = set()
    for i in range(int(rng.integers(1, 11))):
        form, kind = VECTORS[rng.integers(len(VECTORS))]
        chosen = {
            letter: str(rng.choice(known[of][-4:]))
            for letter, of in {"v": "v", "w": "v", "M": "M", "N": "M", "s": "s"}.items()
        }
        line = form.format(**chosen)
        read |= {name for name in chosen.values() if name in line}
        lines.append((f"v{i}", line))
        known[kind].append(f"v{i}")
    ends = [(n, kind) for kind in "svM" for n in known[kind] if n.startswith("v") and n not in read]
    whole = {"s": "sin({})", "v": "sum(tanh({}))", "M": "mean(cos({}))"}
    lines.append(("f", " + ".join(whole[kind].format(name) for name, kind in ends)))
    return _made(lines, inputs, params)


def _made(
    lines: Sequence[tuple[str, str]],
    inputs: Mapping[str, tuple[int, ...]],
    params: Mapping[str, tuple[int, ...]],
) -> RandomCircuit:
    """Leaves that nothing reads are left out."""
    used = {word for _, line in lines for word in re.findall(r"\w+", line)}
    head = [
        f"{name}: {role}{list(shape) if shape else ''}"
        for role, leaves in (("input", inputs), ("param", params))
        for name, shape in leaves.items()
        if name in used
    ]
    body = [f"{name} = {line}" for name, line in lines[:-1]]
    body.append(f"{lines[-1][0]}: output = {lines[-1][1]}")
    return RandomCircuit(
        "\n".join([*head, *body, "loss: none"]),
        tuple(lines),
        {n: s for n, s in inputs.items() if n in used},
        {n: s for n, s in params.items() if n in used},
    )


def _softmax(z: Any) -> Any:
    e = anp.exp(z - anp.max(z))
    return e / anp.sum(e)


PYTHON: Mapping[str, Any] = {
    "tanh": anp.tanh,
    "sigma": lambda u: (1 + anp.tanh(u / 2)) / 2,
    "softplus": lambda u: anp.logaddexp(u, 0.0),
    "sin": anp.sin,
    "cos": anp.cos,
    "exp": anp.exp,
    "log": anp.log,
    "sqrt": anp.sqrt,
    "atan2": anp.arctan2,
    "where": anp.where,
    "max": anp.maximum,
    "min": anp.minimum,
    "abs": anp.abs,
    "relu": lambda u: anp.maximum(u, 0.0),
    "softmax": _softmax,
    "concat": lambda *parts: anp.concatenate(parts),
    "outer": anp.outer,
    "dot": anp.dot,
    "sum": anp.sum,
    "mean": anp.mean,
    "logsumexp": logsumexp,
    "norm": lambda v: anp.sqrt(anp.sum(v**2)),
}
