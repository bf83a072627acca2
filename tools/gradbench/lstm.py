"""ADBench's LSTM, all of whose gates work element by element, and the gradient of its mean loss.

The circuit is a part of the sequence, with the state before it as an input and the state after it
as an output; the gradient goes back from part to part by the adjoints of the state.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tools.gradbench.work import Work, as_list, compiled

STEPS = 1  # of one part; more make code that compilers optimise less


GATES = "FIOC"  # forget, in, out and change, as the parameters have them


def circuit(layers: int, bits: int, steps: int) -> str:
    """The circuit of some steps: the states after them, and the sum of the log-likelihoods."""
    cut = [f"[:, {i * bits}:{(i + 1) * bits}]" for i in range(4)]
    lines = [
        f"main: param[{2 * layers}, {4 * bits}]; extra: param[3, {bits}]",
        f"state: param[{2 * layers}, {bits}]; after_bar: param[{2 * layers}, {bits}]",
        f"x: input[{steps + 1}, {bits}]",
        *(f"{gate} = main{part}" for gate, part in zip(GATES, cut, strict=True)),
        "total[0] = 0",
    ]
    for i in range(layers):
        lines.append(f"h{i}[0] = state[{2 * i}]; c{i}[0] = state[{2 * i + 1}]")
    lines += [f"for t in range(1, {steps + 1}):", "    u[t] = extra[0]*x[t - 1]"]
    below = "u[t]"
    for i in range(layers):
        lines += [f"    {line}" for line in _cell(i, below)]
        below = f"h{i}[t]"
    after = ", ".join(f"h{i}[{steps}], c{i}[{steps}]" for i in range(layers))
    return "\n".join(
        [
            *lines,
            f"    y[t] = {below}*extra[1] + extra[2]",
            "    log_sum[t] = log(sum(exp(y[t])) + 2)",
            "    total[t] = total[t - 1] + sum(x[t]*(y[t] - log_sum[t]))",
            f"after: output = stack({after})",
            f"logs: output = total[{steps}]",
            "l: loss = sum(after_bar*after) - logs",
        ]
    )


def _cell(i: int, below: str) -> list[str]:
    """A layer's step: its gates, its cell and what it hands on."""
    before = f"h{i}[t - 1]"
    net = {
        gate: f"{below if gate in 'FO' else before}*{gate}[{2 * i}] + {gate}[{2 * i + 1}]"
        for gate in GATES
    }
    return [
        f"c{i}[t] = c{i}[t - 1]*sigma({net['F']}) + sigma({net['I']})*tanh({net['C']})",
        f"h{i}[t] = sigma({net['O']})*tanh(c{i}[t])",
    ]


def objective(given: dict[str, Any], target: str) -> Work:
    """The mean loss of a sequence."""
    sequence = Sequence(given, target)
    return Work(lambda: sequence.forward()[0], float)


def jacobian(given: dict[str, Any], target: str) -> Work:
    """Its gradient by the parameters, end to end."""
    return Work(Sequence(given, target).gradient, as_list)


class Sequence:
    """A sequence in parts, each with its samples bound."""

    def __init__(self, given: dict[str, Any], target: str) -> None:
        main, extra, self.state, x = (
            np.array(given[name], float)
            for name in ("main_params", "extra_params", "state", "sequence")
        )
        self.parameters = np.concatenate([main.ravel(), extra.ravel()])
        self.count = (len(x) - 1) * x.shape[1]
        self.parts = []
        for start in range(0, len(x) - 1, STEPS):
            part = x[start : start + STEPS + 1]
            m = compiled(circuit(len(main) // 2, x.shape[1], len(part) - 1), target, ("bind",))
            self.parts.append(m.bind(m.Inputs(part)))

    def forward(self) -> tuple[float, list[Any]]:
        """The mean loss, and the parameters and state before each part, adjoints left at 0."""
        size = self.state.size
        vector = np.concatenate([self.parameters, self.state.ravel(), np.zeros(size)])
        total, before = 0.0, []
        for part in self.parts:
            before.append(vector)
            loss, bars = part.objective(vector)
            vector = vector.copy()
            vector[-2 * size : -size] = bars[-size:]  # the state is the partial by its adjoint
            total += loss
        return total / self.count, before

    def gradient(self) -> Any:
        """The partials by the parameters: those of the parts, added."""
        bars, size = np.zeros(self.parameters.size), self.state.size
        state_bar = np.zeros(size)
        for part, vector in zip(reversed(self.parts), reversed(self.forward()[1]), strict=True):
            vector[-size:] = state_bar
            found = part.objective(vector)[1]
            bars += found[: bars.size]
            state_bar = found[bars.size : -size]
        return bars / self.count
