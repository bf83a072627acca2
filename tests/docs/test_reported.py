"""The page of reported formulas: each row gives what it says, by every road."""

import re

import numpy as np
import pytest

import symback as sb
from tests.cases.compilers import compiles
from tests.cases.one_in import one_in
from tests.cases.reported import REPORTED, ROOT, TESTED, circuit_of, numbers


def given_by_module(circuit: sb.Circuit, at: dict[str, object], target: str) -> dict[str, object]:
    """Value and partials of one sample, by name, from a module."""
    module = circuit.compile(target=target)
    floats = {n: np.asarray(v, float) if isinstance(v, list) else float(v) for n, v in at.items()}
    params = module.Params(**{n: v for n, v in floats.items() if n in module.Params._fields})
    inputs = module.Inputs(**{n: v for n, v in floats.items() if n in module.Inputs._fields})
    with np.errstate(all="ignore"):
        value, cache = module.forward(params, inputs)
        bars = module.backward(params, inputs, cache)
    found = {circuit.output.name: value}
    for part in bars:
        found.update({f"∂{name}": bar for name, bar in part._asdict().items()})
    return found


def given_by_derivation(circuit: sb.Circuit, at: dict[str, object]) -> dict[str, object]:
    values, partials = circuit.derive().at(**at).evaluated()
    return {circuit.output.name: values[circuit.output.name]} | {
        f"∂{name}": partial for name, partial in partials.items()
    }


def assert_gives(found: dict[str, object], right: dict[str, object]) -> None:
    assert right
    for name, value in right.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-13, atol=5e-324, err_msg=name)


@pytest.mark.parametrize("text, at, gives", one_in(8, map(tuple, REPORTED)))
@pytest.mark.parametrize("target", ["numpy", pytest.param("c", marks=compiles)])
def test_modules_give_what_the_page_says(text, at, gives, target):
    point = numbers(at)
    assert_gives(given_by_module(circuit_of(text, point), point, target), numbers(gives))


@pytest.mark.parametrize("text, at, gives", one_in(7, map(tuple, REPORTED)))
def test_derivations_give_what_the_page_says(text, at, gives):
    point = numbers(at)
    assert_gives(given_by_derivation(circuit_of(text, point), point), numbers(gives))


@pytest.mark.parametrize("tried, promised, test", TESTED)
def test_promises_name_tests_that_exist(tried, promised, test):
    path, name = test.strip("`").split("::")
    assert re.search(rf"^def {name}\(", (ROOT / path).read_text(encoding="utf-8"), re.M), test
