"""The work of generating a module grows linearly with the circuit: calls count, not seconds."""

import cProfile
import pstats
from pathlib import Path

import pytest

import symback as sb
from symback.codegen.generate import render_files

GROWTH = 2.3
"""Times as many calls for twice as many parameters: sorting is a little more than linear."""


def network(width):
    """tanh units of 12 weights each, as numbers."""
    units = [
        f"h{i} = tanh(" + " + ".join(f"w{i}_{j}*x{j}" for j in range(12)) + f" + b{i})"
        for i in range(width)
    ]
    output = " + ".join(f"v{i}*h{i}" for i in range(width))
    return sb.circuit("\n".join([*units, f"f: output = {output}"]))


def calls(circuit, target):
    profile = cProfile.Profile()
    profile.enable()
    render_files(circuit, target=target, stem="m")
    profile.disable()
    rows = pstats.Stats(profile).stats
    callers = (row[4] for (_, _, name), row in rows.items() if name == "__eq__")
    return sum(row[1] for row in rows.values()), sum(map(own_calls, callers))


def own_calls(callers):
    """How many calls are not SymPy's: it compares numbers again once its cache of 1000 is full."""
    return sum(c[0] for (file, _, _), c in callers.items() if "sympy" not in Path(file).parts)


@pytest.mark.parametrize("target", ["numpy", "c"])
def test_twice_as_many_parameters_take_twice_as_many_calls(target):
    calls(network(4), target)  # what is made once
    small, large = (calls(network(width), target) for width in (20, 40))
    assert 1.5 < large[0] / small[0] < GROWTH
    assert large[1] < GROWTH * small[1], "a list is searched once for each of its members"
