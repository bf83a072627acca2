"""Formulas of textbooks, typed as published: circuits, gradients, modules, round trips.

Gradients are compared with `sympy.diff` of an expression that SymPy's own parser makes of the
text. Every sixth module is checked by default, all with `-m slow`.
"""

from __future__ import annotations

import re

import numpy as np
import pytest
import sympy as sp
from sympy.parsing.sympy_parser import parse_expr, rationalize, standard_transformations

import symback as sb
from symback.operations.elementwise import elementary
from tests.cases.formulas import FORMULAS, TABLES
from tests.cases.one_in import one_in

FUNCTIONS = {
    "arcsin": sp.asin,
    "arccos": sp.acos,
    "arctan": sp.atan,
    "arcsinh": sp.asinh,
    "ln": sp.log,
    "abs": sp.Abs,
    "min": sp.Min,
    "max": sp.Max,
    "sigma": lambda u: 1 / (1 + sp.exp(-u)),
}
KNOWN = {
    *FUNCTIONS,
    *("exp log sqrt sin cos tan asin acos atan atan2 sinh cosh tanh atanh erf sign").split(),
}
SOME = [
    pytest.param(name, marks=pytest.mark.slow if i % 9 else ()) for i, name in enumerate(FORMULAS)
]


def circuit(name):
    text, options = FORMULAS[name]
    return sb.circuit(text, **options)


def names_in(text):
    """The variables of a formula in order of appearance, read with a pattern."""
    found = re.findall(r"(?<![\w.])([A-Za-z]\w*)\b(?!\()", text)
    return [n for n in dict.fromkeys(found) if n != "pi"]


def independent(text):
    """The formula as SymPy's own parser reads it, its variables as real symbols."""
    symbols = {n: sp.Symbol(n, real=True) for n in names_in(text)}
    called = {n: f for n, f in FUNCTIONS.items() if re.search(rf"\b{n}\(", text)}
    return parse_expr(
        text,
        local_dict={**symbols, **called},
        transformations=(*standard_transformations, rationalize),
    )


def points(names, rng):
    """Rational points, most of them positive, of growing spread."""
    for number in range(200):
        high = (16, 40, 100, 400)[number % 4]
        values = {n: sp.Rational(int(rng.integers(1, high)), 16) for n in names}
        if number % 3 == 2:
            values = {n: v * int(rng.choice([-1, 1])) for n, v in values.items()}
        yield {sp.Symbol(n, real=True): v for n, v in values.items()}


def number(expr, point):
    """The value to 50 digits, or None where it is not a finite real number."""
    value = expr.subs(point)
    value = value.doit().evalf(50) if value.free_symbols == set() else None
    return value if value is not None and value.is_Number and value.is_finite else None


def test_there_are_enough_formulas():
    assert len(FORMULAS) == sum(map(len, TABLES.values())) >= 220
    assert len({text for text, _ in FORMULAS.values()}) >= 215
    assert set(re.findall(r"\b([a-z]\w*)\(", " ".join(t for t, _ in FORMULAS.values()))) <= KNOWN


@pytest.mark.parametrize("name", one_in(16, FORMULAS))
def test_gradient_agrees_with_sympy(name):
    text, _ = FORMULAS[name]
    expected = independent(text)
    gradient = circuit(name).gradient(expand=True)
    names = names_in(text)
    assert set(gradient) == set(names)
    partials = {n: sp.diff(expected, sp.Symbol(n, real=True)) for n in names}
    for point in points(names, np.random.default_rng(1)):
        truth = {n: number(p, point) for n, p in partials.items()}
        if None not in truth.values():
            break
    else:
        pytest.fail("no point inside the domain")
    for n in names:
        found = number(elementary(gradient[n]), point)
        assert abs(found - truth[n]) <= sp.Float("1e-40") * (1 + abs(truth[n])), n


@pytest.mark.parametrize("name", one_in(16, FORMULAS))
def test_value_agrees_with_sympy(name):
    text, _ = FORMULAS[name]
    expected, found = independent(text), elementary(circuit(name).output.expr)
    for point in points(names_in(text), np.random.default_rng(2)):
        truth = number(expected, point)
        if truth is not None:
            assert abs(number(found, point) - truth) <= sp.Float("1e-40") * (1 + abs(truth))
            return
    pytest.fail("no point inside the domain")


@pytest.mark.parametrize("name", one_in(16, FORMULAS))
def test_text_round_trips(name):
    c = circuit(name)
    again = sb.circuit(str(c))
    assert again == c
    assert str(again) == str(c)


@pytest.mark.parametrize("name", SOME)
def test_text_that_was_read_back_gives_the_same_bytes(name):
    c = circuit(name)
    assert sb.circuit(str(c)).generate() == c.generate()


@pytest.mark.parametrize("name", SOME)
def test_declaring_roles_changes_nothing_else(name):
    text, options = FORMULAS[name]
    names, expr = names_in(text), circuit(name).output.expr
    assert [n.name for n in sb.circuit(text, **options, inputs=names).params] == []
    forms = {
        "a name before it": sb.circuit(f"f_out = {text}", **options),
        "inputs in the text": sb.circuit(
            "; ".join(f"{n}: input" for n in names) + f"\nf_out = {text}", **options
        ),
        "params in the text": sb.circuit(
            "\n".join(f"{n}: param" for n in names) + f"\nf_out = {text}", **options
        ),
        "inputs as option": sb.circuit(text, **options, inputs=names),
        "params as option": sb.circuit(text, **options, params=" ".join(names)),
        "no loss": sb.circuit(text, **options, loss=None),
    }
    roles = {"inputs in the text": "input", "inputs as option": "input"}
    roles |= {"params in the text": "param", "params as option": "param"}
    for form, found in forms.items():
        assert found.output.expr == expr, form
        assert {n.name for n in found.leaves if n.role != "target"} == set(names), form
        if form in roles:
            assert {found[n].role for n in names} == {roles[form]}, form


@pytest.mark.parametrize("name", SOME)
def test_derivation_is_complete_and_narrow(name):
    text, _ = FORMULAS[name]
    c = circuit(name)
    printed = str(c.derive())
    assert max(map(len, printed.splitlines())) <= 80
    for n in names_in(text):
        assert f"∂{c.output.name}/∂{n} = " in printed


@pytest.mark.parametrize("name", SOME)
def test_module_agrees_with_sympy(name):
    c = circuit(name)
    report = c.check()
    assert report, str(report)
    assert c.compile().check_gradients() <= 1e-6
