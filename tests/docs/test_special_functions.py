"""The table of special functions: complete, and within its bounds."""

import re
from pathlib import Path

import pytest

import symback as sb
from benchmarks.special_functions import FUNCTIONS, GOOD
from symback import errors

PAGE = (Path(__file__).parents[2] / "docs" / "trust.md").read_text(encoding="utf-8")
SECTION = PAGE.split("### Special functions\n")[1].split("\n## ")[0]
ROWS = {row[1]: row[2] for row in re.finditer(r"^\| `(\w+)` \|(.*)\|$", SECTION, re.MULTILINE)}


def test_every_function_has_a_row():
    assert [*ROWS] == [function.name for function in FUNCTIONS]


@pytest.mark.parametrize("name", ROWS)
def test_errors_are_within_4_units_or_what_rounding_the_operands_causes(name):
    cells = [cell.strip() for cell in ROWS[name].split("|")]
    assert len(cells) == 8
    for cell in cells:
        ulp, _, over = cell.partition(" [")
        assert float(ulp) <= GOOD or float(over.removesuffix("κ]")) < 1, cell


REFUSED = {
    "f = polygamma(n, x)": "polygamma has no slope by its parameter 'n'",
    "f = polygamma(5/2, x)": "a whole number n from 0 to 100, not 5/2",
    "f = polygamma(-1, x)": "a whole number n from 0 to 100, not -1",
    "f = besselj(n, x)": "besselj has no slope by its parameter 'n'",
    "f = besselk(1/3, x)": "besselk(n, x) has a whole or half order n from -50 to 50, not 1/3",
    "f = besseli(200, x)": "a whole or half order n from -50 to 50, not 200",
    "f = gammainc(a, x)": "gammainc has no slope by its parameter 'a'",
    "f = gammaincc(-1, x)": "gammaincc(a, x) has a parameter a > 0, not -1",
    "f = betainc(2, 10**5, x)": "a parameter b > 0 of at most 10000, not 100000",
    "f = betainc(a, 2, x)": "betainc has no slope by its parameter 'a', which has no closed form",
    "f = gammaincc(3*x, w)": "node 'f': gammaincc has no slope by its parameter '3*x'",
    "n = x**2; f = besselj(n + 1, x)": "node 'f': besselj has no slope by its parameter 'n + 1'",
    "f = gamma_pdf(a, x)": "write x**(a - 1)*exp(-x)/gamma(a)",
    "f = beta_pdf(2, w, x)": "write x**(a - 1)*(1 - x)**(b - 1)/euler_beta(a, b)",
    "f = lowergamma(w, x)": "gammainc has no slope by its parameter 'w'",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_has_no_slope_is_refused_in_one_sentence(text):
    with pytest.raises(errors.Unsupported, match=re.escape(REFUSED[text])):
        sb.circuit(text).derive()


ROADS = {
    "derive": lambda c: c.derive(order=2),
    "gradient": lambda c: c.gradient(),
    "hessian": lambda c: c.hessian(),
    "check": lambda c: c.check(),
    "C": lambda c: c.generate(target="c"),
    "page": lambda c: c.derive().to_html(),
}


@pytest.mark.parametrize("road", ROADS)
def test_every_road_refuses_alike(road):
    why = "node 'f': besselj has no slope by its parameter 'w', which has no closed form; write a"
    with pytest.raises(errors.Unsupported, match=re.escape(why)):
        ROADS[road](sb.circuit("f = besselj(w, x)", loss=None))
