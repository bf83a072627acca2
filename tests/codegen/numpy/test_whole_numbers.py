"""Indices from data keep their whole numbers, or are refused."""

from __future__ import annotations

import numpy as np
import pytest

import symback as sb

LAST = 2**24  # float32 has every whole number so far

CIRCUITS = {
    "a row": ("i", "i: input; x: input; W: param[3]; f = W[i]*x"),
    "rows": ("i", "i: input[2]; x: input; W: param[3]; f = sum(W[i])*x"),
    "rows of the sample's own array": ("i", "i: input[2]; x: input[3]; w: param; f = w*sum(x[i])"),
    "rows that all share": ("i", "i: const[2]; x: input; W: param[3]; f = sum(W[i])*x"),
    "places along an axis": (
        "i",
        "i: input[2]; x: input[2, 3]; w: param; f = w*sum(take_along_axis(x, i[:, None], axis=1))",
    ),
    "a class": ("k", "x: input[2]; k: target; W: param[3, 2]; E: loss = cross_entropy(W @ x, k)"),
}


def given(circuit: sb.Circuit, module, index: str, number: int, real: type):
    """Parameters and one sample of ones, with a number for each index."""
    values = {
        leaf.name: np.full(
            [1, *map(int, leaf.shape)],
            number if leaf.name == index else 1,
            np.int64 if leaf.name == index else real,
        )
        for leaf in circuit.leaves
    }
    for name in (*module.Params._fields, *getattr(module, "SHARED", ())):
        values[name] = values[name][0]
    return (
        module.Params(*(values[n] for n in module.Params._fields)),
        module.Inputs(**{n: values[n] for n in module.Inputs._fields if n in values}),
    )


@pytest.mark.parametrize("target", ["numpy", "c"])
@pytest.mark.parametrize("case", CIRCUITS)
def test_an_index_that_float32_rounds_is_refused(case, target):
    index, text = CIRCUITS[case]
    circuit = sb.circuit(text.replace("; ", "\n"), loss="E" if index == "k" else None)
    module = circuit.compile(target=target, functions=("bind",) if index == "k" else ())
    run = module.value_and_grad if index == "k" else module.forward
    for number in (LAST + 1, LAST + 3, 2 * LAST + 2):
        with pytest.raises(ValueError, match=f"{index} is {number}; float32 has .* {LAST} only"):
            run(*given(circuit, module, index, number, np.float32))
        with pytest.raises(ValueError, match=" from 0 to 2"):  # as it has too few rows
            run(*given(circuit, module, index, number, np.float64))
        if index == "k":
            with pytest.raises(ValueError, match="float32 has"):
                module.bind(given(circuit, module, index, number, np.float32)[1])
    for number in (LAST, LAST + 2):  # floats themselves
        with pytest.raises(ValueError, match=" from 0 to 2"):
            run(*given(circuit, module, index, number, np.float32))
    assert np.all(np.isfinite(run(*given(circuit, module, index, 2, np.float32))[0]))
