"""The work of generating a module grows linearly with the circuit: calls count, not seconds."""

import cProfile
import pstats
from pathlib import Path

import pytest
import sympy as sp

import symback as sb
from symback.codegen.generate import render_files
from tests.cases.one_in import one_in

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


def rows_of(work):
    """The rows of the profile of some work: calls in all, and by whom."""
    profile = cProfile.Profile()
    profile.enable()
    work()
    profile.disable()
    return pstats.Stats(profile).stats


def calls(circuit, target):
    rows = rows_of(lambda: render_files(circuit, target=target, stem="m"))
    callers = (row[4] for (_, _, name), row in rows.items() if name == "__eq__")
    return sum(row[1] for row in rows.values()), sum(map(own_calls, callers))


def own_calls(callers):
    """How many calls are not SymPy's: it compares numbers again once its cache of 1000 is full."""
    return sum(c[0] for (file, _, _), c in callers.items() if "sympy" not in Path(file).parts)


@pytest.mark.parametrize("target", one_in(2, ["numpy", "c"]))
def test_twice_as_many_parameters_take_twice_as_many_calls(target):
    calls(network(4), target)  # what is made once
    small, large = (calls(network(width), target) for width in (20, 40))
    assert 1.5 < large[0] / small[0] < GROWTH
    assert large[1] < GROWTH * small[1], "a list is searched once for each of its members"


def levels(count):
    """e ← sin(e)·tanh(e) + e/2, which stays in range: a level reads the one below three times."""
    e = sp.Symbol("w") * sp.Symbol("x")
    for _ in range(count):
        product = sp.Mul(sp.sin(e, evaluate=False), sp.tanh(e, evaluate=False), evaluate=False)
        e = sp.Add(product, sp.Mul(e, sp.S.Half, evaluate=False), evaluate=False)
    return e


def calls_from_sympy(count):
    """Calls to read an expression of shared levels, to generate its module, and to check it."""
    expr, found = levels(count), []
    for work in (
        lambda: found.append(sb.Circuit.from_sympy(expr, params=["w"])),
        lambda: found.append(found[0].compile()),
        lambda: found.append(found[0].check()),
    ):
        found.append(sum(row[1] for row in rows_of(work).values()))
    circuit, read, _, generated, report, checked = found
    assert len(circuit.computed) >= count and report.passed
    return read, generated, checked


def test_twice_as_many_shared_levels_take_twice_as_many_calls():
    calls_from_sympy(5)  # what is made once
    small, large = calls_from_sympy(8), calls_from_sympy(16)
    for what, few, many in zip(("read", "generated", "checked"), small, large, strict=True):
        assert many < GROWTH * few, what


def test_what_is_found_of_a_circuit_is_found_once():
    circuit = sb.Circuit.from_sympy(levels(6), params=["w"])
    circuit.compile()
    rows = rows_of(circuit.check)
    written = [row[1] for (_, _, name), row in rows.items() if name in ("numpy_text", "_rewritten")]
    assert not sum(written), "check writes the module again, or rewrites the formulas again"


def times_called(rows, name):
    return sum(row[1] for (_, _, called), row in rows.items() if called == name)


def test_what_concerns_few_gates_or_lines_is_not_asked_of_all():
    """Of 300 gates and 280 parameters 20 are functions; sums and products have no slope to ask."""
    circuit = network(20)
    rows = rows_of(lambda: render_files(circuit, target="numpy", stem="m"))
    for name in ("is_steep", "_starts"):
        assert 0 < times_called(rows, name) < len(circuit.params), name
    assert 0 < times_called(rows, "loops_in") < 4 * len(circuit.params), "a line is searched twice"


def test_a_text_is_read_with_one_call_a_reduction_and_no_product_of_one_name():
    text = "\n".join(f"h{i} = w{i}*x{i} + w{i}" for i in range(100))
    text += "\nf = " + " + ".join(f"h{i}" for i in range(100))
    rows = rows_of(lambda: sb.circuit(text))
    assert not times_called(rows, "_vargs_inline")
    products = sum(
        row[1]
        for (file, _, name), row in rows.items()
        if name == "__new__" and Path(file).name == "operations.py"
    )
    assert 0 < products < 250, "more than a sum and a few products a line"


def test_powers_of_a_plain_product_are_read_off():
    circuit = sb.circuit("f = (x3 + x5) - sigma(w3*x3 + w4*x4)", params=["w3", "w4"])
    assert not times_called(rows_of(circuit.compile), "powdenest")
