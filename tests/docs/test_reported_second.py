"""The page of reported formulas to the second order: H·v gives every second partial that exists."""

import re

import numpy as np
import pytest

import symback as sb
from symback.codegen.runtimes import in_numpys_terms
from tests.cases.compilers import compiles
from tests.cases.limits import Limits
from tests.cases.one_in import one_in
from tests.cases.reported import REPORTED, numbers

QUADRATURE = ("betainc", "gammainc", "bessel", "owens")  # what mpmath integrates, to few digits
OF_ROOTS = ("sin(sqrt(s))", "cos(r)")  # at s = 1e-18 H is a difference of slopes that are 1e9
BESIDE_ROOTS = ("x**2.5/(1 + x**2)", "x**t)", "x**0.6)")  # 0·∞ in tangents: NaN, as docs say
OF_FEW_DIGITS = ("(erfc(x + h) - erfc(x))/h", "2*c/(-b - sqrt(b**2 - 4*a*c))")  # as docs say
FAR = 1000.0  # beyond it functions of functions have more digits than limits are worth


def is_near(at):
    values = np.concatenate([np.ravel(v).astype(float) for v in at.values()])
    return bool(np.all(np.abs(values) <= FAR))  # NaN and infinite ones are not


ROWS = [
    (text, at)
    for text, at, _ in REPORTED
    if is_near(numbers(at))
    and not any(name in text for name in (*QUADRATURE, *OF_ROOTS, *BESIDE_ROOTS, *OF_FEW_DIGITS))
]


def of_parameters(text, at):
    """The circuit of a row by all of its leaves."""
    plain = text.strip("`").replace("\\|", "|")
    if ": input" in plain or ": param" in plain:
        return sb.circuit(plain.replace(": input", ": param"), loss=None)
    return sb.circuit(
        plain, params=[n for n in at if re.search(rf"\b{n}\b", plain)], inputs=[], loss=None
    )


def second_partials(module, at):
    """H by the names of the rows and columns, a column for each product with a unit."""
    fields = {n: np.asarray(at[n], float) for n in module.Params._fields}
    names = [
        "_".join([n, *map(str, index)]) for n, v in fields.items() for index in np.ndindex(v.shape)
    ]
    theta = np.concatenate([np.ravel(v) for v in fields.values()])
    inputs = module.Inputs(**{n: np.asarray(at[n]) for n in module.Inputs._fields})
    with np.errstate(all="ignore"):
        columns = [module.hessp(theta, unit, inputs) for unit in np.eye(len(theta))]
    return {
        (row, names[j]): column[i]
        for j, column in enumerate(columns)
        for i, row in enumerate(names)
    }


def assert_right(module, at, limits):
    """What exists in the row of a parameter whose own slope does."""
    found, smooth = second_partials(module, at), limits.first()
    wanted = {pair: v for pair, v in limits.second().items() if pair[0] in smooth}
    for pair in wanted.keys() & found.keys():
        expected = wanted[pair]
        assert abs(found[pair] - expected) <= 1e-9 * max(1, abs(expected)), (
            pair,
            found[pair],
            expected,
        )


@pytest.mark.parametrize(("text", "at"), one_in(16, ROWS))
@pytest.mark.parametrize("target", ["numpy", pytest.param("c", marks=[compiles, pytest.mark.slow])])
def test_second_partials_that_exist_are_right(text, at, target):
    point = numbers(at)
    circuit = of_parameters(text, point)
    limits = Limits(circuit, point)
    assert_right(circuit.compile(target=target, functions=("hessp",)), point, limits)


@pytest.mark.parametrize(("text", "at"), one_in(96, ROWS))
@pytest.mark.parametrize("target", ["jax", "torch"])
def test_second_partials_of_frameworks_are_right(text, at, target):
    """The same of jax.jvp of jax.grad, and of what torch.func has."""
    pytest.importorskip(target)
    point = numbers(at)
    circuit = of_parameters(text, point)
    assert_right(in_numpys_terms(circuit.compile(target=target)), point, Limits(circuit, point))
