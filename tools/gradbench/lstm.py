"""ADBench's LSTM, all of whose gates work element by element, and the gradient of its mean loss."""

from __future__ import annotations

from typing import Any

import numpy as np

from tools.gradbench.work import Work, as_list, compiled

GATES = "FIOC"  # forget, in, out and change, as the parameters have them


def circuit(layers: int, bits: int) -> str:
    """The circuit of sequences of any length T."""
    cut = [f"[:, {i * bits}:{(i + 1) * bits}]" for i in range(4)]
    lines = [
        f"main: param[{2 * layers}, {4 * bits}]; extra: param[3, {bits}]",
        f"state: const[{2 * layers}, {bits}]; x: input[T, {bits}]",
        *(f"{gate} = main{part}" for gate, part in zip(GATES, cut, strict=True)),
        "total[0] = 0",
    ]
    for i in range(layers):
        lines.append(f"h{i}[0] = state[{2 * i}]; c{i}[0] = state[{2 * i + 1}]")
    lines += ["for t in range(1, T):", "    u[t] = extra[0]*x[t - 1]"]
    below = "u[t]"
    for i in range(layers):
        lines += [f"    {line}" for line in _cell(i, below)]
        below = f"h{i}[t]"
    return "\n".join(
        [
            *lines,
            f"    y[t] = {below}*extra[1] + extra[2]",
            "    log_sum[t] = log(sum(exp(y[t])) + 2)",
            "    total[t] = total[t - 1] + sum(x[t]*(y[t] - log_sum[t]))",
            f"f: output = -total[T - 1]/((T - 1)*{bits})",
            "l: loss = f",
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
    m, params, inputs = _ready(given, target)
    return Work(lambda: m.forward(params, inputs)[0], float)


def jacobian(given: dict[str, Any], target: str) -> Work:
    """Its gradient by the parameters, end to end."""
    m, params, inputs = _ready(given, target)
    return Work(lambda: m.ravel(m.value_and_grad(params, inputs)[1]), as_list)


def _ready(given: dict[str, Any], target: str) -> tuple[Any, Any, Any]:
    main, extra, state, x = (
        np.array(given[name], float)
        for name in ("main_params", "extra_params", "state", "sequence")
    )
    m = compiled(circuit(len(main) // 2, x.shape[1]), target)
    return m, m.Params(main, extra), m.Inputs(x=x, state=state)
