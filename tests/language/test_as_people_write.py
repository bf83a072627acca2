"""Formulas as people write them: read as meant or refused with a spelling, and SymPy's text."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import mpmath
import numpy as np
import pytest
import sympy as sp

import symback as sb
from symback import errors
from symback.language import words
from tests.cases.elementwise import CASES
from tests.cases.formulas import FORMULAS
from tests.cases.one_in import one_in
from tests.cases.random_circuits import of_numbers

PAGE = (Path(__file__).parents[2] / "docs" / "notation.md").read_text(encoding="utf-8")


def rows_of(title: str) -> list[tuple[str, str]]:
    """The rows of the table below a title."""
    part = PAGE.split(f"## {title}\n")[1].split("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("|")][2:]
    cells = [re.split(r"(?<!\\)\|", line)[1:3] for line in lines]
    return [(a.strip().replace("\\|", "|"), b.strip().replace("\\|", "|")) for a, b in cells]


def codes(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def formula(text: str, **options):
    return sb.circuit(f"f = {text}", loss=None, **options).output.expr


READ = [
    ("2x", "2*x"),
    ("2 x", "2*x"),
    ("2.5x", "2.5*x"),
    (".5x", "x/2"),
    ("10x y", "10*x*y"),
    ("2(x + 1)", "2*(x + 1)"),
    ("(x + 1)(x - 1)", "(x + 1)*(x - 1)"),
    ("(x + 1)y", "(x + 1)*y"),
    ("2sin(x)", "2*sin(x)"),
    ("x sin(y)", "x*sin(y)"),
    ("sin(x) cos(y)", "sin(x)*cos(y)"),
    ("w x", "w*x"),
    ("w3 x3 + w4 x4", "w3*x3 + w4*x4"),
    ("w_3 x_3", "w_3*x_3"),
    ("α x + β", "alpha*x + beta"),
    ("2α", "2*alpha"),
    ("2π r", "2*pi*r"),
    ("2 pi r", "2*pi*r"),
    ("-2x", "-2*x"),
    ("2x^2", "2*x**2"),
    ("x^2 y", "x**2*y"),
    ("x² y", "x**2*y"),
    ("x^2(y + 1)", "x**2*(y + 1)"),
    ("½x^2", "x**2/2"),
    ("½ x**2 y", "x**2*y/2"),
    ("3x^2 - 2x + 1", "3*x**2 - 2*x + 1"),
    ("a x/b", "a*x/b"),
    ("x^-1", "1/x"),
    ("x^(y + 1)", "x**(y + 1)"),
    ("x ^ 2", "x**2"),
    ("-x^2", "-x**2"),
    ("2^3 x", "8*x"),
    ("|x|", "abs(x)"),
    ("|x - y|^2", "abs(x - y)**2"),
    ("|x|² + |y|**3", "abs(x)**2 + abs(y)**3"),
    ("|x|/2 + 3*|y|", "abs(x)/2 + 3*abs(y)"),
    ("|x + |y||", "abs(x + abs(y))"),
    ("where(|x| > 1 | y > 2, x, y)", "where(abs(x) > 1 | y > 2, x, y)"),
    ("½ x y", "x*y/2"),
    ("exp(-½ x^2)/sqrt(2π)", "exp(-x**2/2)/sqrt(2*pi)"),
    ("1/2 x", None),
    ("1/2x", None),
    ("a/b c", None),
    ("x^2y", None),
    ("x**2y", None),
    ("2xy", None),
    ("a mod b", None),
    ("x times y", None),
    ("x^y", None),
    ("x^n", None),
    ("x^-y", None),
    ("x^2^3", None),
    ("e^x", None),
    ("e^2", None),
    ("e^(-x)", None),
    ("sqrt x", None),
    ("sin^2(x)", None),
    ("√x", None),
    ("||x||", None),
    ("1x", None),
    ("2j", None),
    ("2e", None),
    ("2e3x", None),
    ("0x1", None),
    ("x 2", None),
    ("2 3", None),
    ("x |y|", None),
    ("sin(x)(y)", None),
    ("w(x + 1)", None),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "meant"), READ)
def test_what_is_typed_is_read_as_meant_or_refused(typed, meant):
    if meant is not None:
        assert formula(typed) == formula(meant)
        return
    with pytest.raises(errors.CircuitError) as caught:
        formula(typed)
    assert caught.value.line == 1 and len(str(caught.value)) <= 200


ADVICE = {
    "1/2x": "divide by 2 or by 2*x",
    "x^2y": "exponent 2 or 2*y",
    "x^y": "use ** for this power, as in x**y",
    "x^-y": "use ** for this power, as in x**(-y)",
    "x^y^2": "use ** for this power, as in x**(…)",
    "2^x**2": "use ** for this power, as in 2**(…)",
    "10^x": "use ** for this power, as in 10**x",
    "exp^x": "write exp(x)",
    "sin²(x)": "write sin(u)**2 for sin²(u)",
    "tan⁻¹(x)": "write atan(u) for tan⁻¹(u)",
    "log⁻¹(x)": "write 1/log(u) for log⁻¹(u)",
    "sigma x": "is sigma a number or the function? Write sigma*x or sigma(x)",
    "σ w*x": "is sigma a number or the function? Write sigma*w or sigma(w)",
    "2 sigma x": "is sigma a number or the function?",
    "3,5*x": "',' separates nodes; write a number with a point, as in 3.5",
    "x**0,5": "write a number with a point, as in 0.5",
    "x – 1": "write - for –",
    "x ∗ y": "write * for ∗",
    "x（y＋1）": "write ( for （",
    "x % 2": "write mod(a, b) for the remainder",
    "x // 2": "floor(a/b) for a whole one",
    "|x": "a '|' is not closed",
    "e^x": "write exp(x)",
    "e^(-x)": "write exp(u) for e^u",
    "sqrt x": "write sqrt(x)",
    "sin^2 (x)": "write sin(u)**2",
    "sin^-1(x)": "write asin(u) for sin^-1(u)",
    "tanh^(-1)(x)": "write atanh(u) for tanh^-1(u)",
    "log^-1(x)": "write 1/log(u) for log^-1(u)",
    "cos^3 (x)": "write cos(u)**3 for cos^3(u)",
    "A^T": "write x.T for the transpose",
    "||x||": "write norm(x)",
    "2xy": "write * for a product",
    "x 2": "write * for a product",
    "norm.cdf(x)": "write ndtr(x) for norm.cdf(x)",
    "norm.pdf(x)": "write norm_pdf(x) for norm.pdf(x)",
    "norm.ppf(x)": "write ndtri(x) for norm.ppf(x)",
    "norm.logcdf(x)": "write log_ndtr(x) for norm.logcdf(x)",
    "norm.logpdf(x)": "write -x**2/2 - log(2*pi)/2 for norm.logpdf(x)",
    "norm.cdf(x, 0, 1)": "write ndtr(u) for norm.cdf(x, 0, 1), u being (x - mean)/deviation",
    "scipy.stats.norm.sf(x)": "write ndtr(-u) for norm.sf(…)",
    "gamma.pdf(x)": "symback has no distributions; write the formula for gamma.pdf",
    "x mod 2": "write mod(x, 2) for x mod 2",
    "(x + 1) mod y": "write mod(a, b) for a mod b",
    "x div 2": "write floor(x/2) for x div 2",
    "tanh^{-1}(x)": "is tanh^{-1} the inverse, atanh(u), or 1/tanh(u)? Write one of them",
    "sin^{2}(x)": "write sin(u)**2 for sin^{2}(u)",
    "log^{-1}(x)": "write 1/log(u) for log^{-1}(u)",
}


@pytest.mark.parametrize("typed", ADVICE)
def test_a_refusal_has_the_spelling(typed):
    with pytest.raises(errors.CircuitError, match=re.escape(ADVICE[typed])):
        formula(typed)


PLACES = {  # what a first week types: the message, and the column of its caret
    "f(x) = x^2": ("write f = … for a node", 1),
    "b = 1; f(x) = b*x": ("the circuit has no inputs", None),
    "f := w*x": ("write = for :=", 4),
    "// a comment\nf = x": ("a comment begins with #", 1),
    "f = sigma x": ("sigma*x or sigma(x)", 11),
    "f = 3,5*x": ("3.5", 7),
    "f = sin²(x)": ("sin(u)**2", 10),
}


@pytest.mark.parametrize("text", PLACES)
def test_a_message_stands_where_the_text_is_wrong(text):
    advice, column = PLACES[text]
    with pytest.raises(errors.CircuitError, match=re.escape(advice)) as caught:
        sb.circuit(text)
    assert caught.value.column == column


def test_sigma_that_is_declared_is_a_number():
    declared = sb.circuit("sigma: param; x: input; f = sigma x", loss=None)
    assert declared["f"].expr == sb.circuit("f = sigma*x", loss=None)["f"].expr


ARRAYS = {
    "sum(W x)": "write @ for a product of matrices",
    "sum(|x|)": "norm(x)",
    "sum(W^2)": "A @ A",
    "sum(x.T^2)": "x.T of a vector stands only beside @",
    "sum(|x.T|)": "x.T of a vector stands only beside @",
}


@pytest.mark.parametrize("typed", ARRAYS)
def test_what_has_two_readings_of_arrays_is_refused(typed):
    with pytest.raises(errors.CircuitError, match=re.escape(ARRAYS[typed])):
        sb.circuit(f"W: param[3, 3]; x: input[3]; f = {typed} + sum(W @ x)", loss=None)


def test_numbers_stand_beside_arrays():
    left = sb.circuit("x: input[3]; a: param; f = sum(2a x^2 + 3x)", loss=None)
    assert left == sb.circuit("x: input[3]; a: param; f = sum(2*a*x**2 + 3*x)", loss=None)


WARNED = {
    "e**x": "write exp(x)",
    "e**(x + 1)": "write exp(x + 1)",
    "w_3x_3 + b": "write w_3*x_3",
    "w_3*x + w3": "'w3' and 'w_3'",
}


@pytest.mark.parametrize("typed", WARNED)
def test_what_is_likely_meant_otherwise_gives_a_warning(typed):
    with pytest.warns(errors.LikelyMeantOtherwise, match=re.escape(WARNED[typed])):
        formula(typed)


TEXT = [row for row in rows_of("Text") if " of a" not in row[0]]


@pytest.mark.parametrize("row", TEXT, ids=lambda row: row[0])
def test_the_page_says_what_is_refused(row):
    for typed in codes(row[0]):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                formula(typed)
                refused = False
            except errors.CircuitError:
                refused = True
        assert refused == row[1].startswith("refused"), typed
        assert bool(caught) == ("with a warning" in row[1]), typed


# -- words ---------------------------------------------------------------------------------------

u, v, w = map(mpmath.mpf, (1.7, 2.3, 0.4))
with mpmath.workdps(50):
    WORDS = {
        "log(u, v)": mpmath.log(u, v),
        "pow(u, v)": u**v,
        "power(u, v)": u**v,
        "square(u)": u * u,
        "cube(u)": u * u * u,
        "reciprocal(u)": 1 / u,
        "rsqrt(u)": 1 / mpmath.sqrt(u),
        "exp2(u)": mpmath.exp(u * mpmath.log(2)),
        "exp10(u)": mpmath.exp(u * mpmath.log(10)),
        "clip(u, w, v)": u,
        "clip(u, v, v + 1)": v,
        "clip(u, w, w + 1)": w + 1,
        **{
            f"{name}(u)": getattr(mpmath, name)(u)
            for name in "sec csc cot sech csch coth asec acsc acot acsch acoth".split()
        },
        "asech(w)": mpmath.asech(w),
        "arccot(u)": mpmath.acot(u),
        "relu6(u + 5)": mpmath.mpf(6),
        "hardtanh(u)": mpmath.mpf(1),
        "hardsigmoid(u)": u / 6 + mpmath.mpf(1) / 2,
        "hard_swish(u)": u * (u + 3) / 6,
        "hardshrink(w, u)": mpmath.mpf(0),
        "softshrink(-u, w)": w - u,
        "tanhshrink(u)": u - mpmath.tanh(u),
        "leaky_relu(-u)": -u / 100,
        "prelu(-u, w)": -u * w,
        "elu(-u)": mpmath.expm1(-u),
        "elu(-u, w)": w * mpmath.expm1(-u),
        "celu(-u, w)": w * mpmath.expm1(-u / w),
        "mish(u)": u * mpmath.tanh(mpmath.log1p(mpmath.exp(u))),
        "softsign(-u)": -u / (1 + u),
        "huber(w, u)": w * (u - w / 2),
        "huber(u, w)": w * w / 2,
        "pseudo_huber(u, w)": u * u * (mpmath.hypot(1, w / u) - 1),
        "entr(u)": -u * mpmath.log(u),
        "poch(u, w)": mpmath.rf(u, w),
        "rgamma(u)": mpmath.rgamma(u),
        "logsubexp(v, u)": mpmath.log(mpmath.exp(v) - mpmath.exp(u)),
        "logaddexp2(u, v)": mpmath.log(2**u + 2**v, 2),
        "sinpi(w)": mpmath.sinpi(w),
        "cospi(w)": mpmath.cospi(w),
        "tanpi(w)": mpmath.tan(mpmath.pi * w),
        "cosm1(w)": -2 * mpmath.sin(w / 2) ** 2,
        "deg2rad(u)": mpmath.radians(u),
        "degrees(u)": mpmath.degrees(u),
        "trunc(-u)": mpmath.mpf(-1),
        "inv_boxcox(u, w)": (1 + u * w) ** (1 / w),
        "lowergamma(2, u)": mpmath.gammainc(2, 0, u),
        "uppergamma(3/2, u)": mpmath.gammainc(1.5, u),
        **{f"{name}(u)": getattr(mpmath, name)(u) for name in ("j0", "j1")},
        **{
            f"{name}{k}(u)": getattr(mpmath, f"bessel{name}")(k, u)
            for name in "yik"
            for k in (0, 1)
        },
        **{f"{name}(1/2, u)": getattr(mpmath, f"bessel{name[0]}")(0.5, u) for name in ("jv", "kv")},
        "besseli(-3/2, u)": mpmath.besseli(-1.5, u),
        "bessely(-5/2, u)": mpmath.bessely(-2.5, u),
        "besselj(-5/2, u)": mpmath.besselj(-2.5, u),
        "expit(u)": 1 / (1 + mpmath.exp(-u)),
        "pnorm(u)": mpmath.ncdf(u),
        "norm_logcdf(u)": mpmath.log(mpmath.ncdf(u)),
        "norm_quantile(sigma(u))": mpmath.sqrt(2) * mpmath.erfinv(2 / (1 + mpmath.exp(-u)) - 1),
        "choose(5, w)": mpmath.binomial(5, w),
    }


def through_rounded(f, at, roundings):
    """What so many roundings of the argument make of a function, with half a unit more: its own."""
    return (roundings * abs(at * mpmath.diff(f, at) / f(at)) + 1) * mpmath.mpf(2) ** -53


THROUGH_ROUNDED = {"tanpi(w)": through_rounded(mpmath.tan, mpmath.pi * w, 2)}  # π, and π·w
"""The words that are functions of a product, and how far its rounding takes them."""


@pytest.mark.parametrize("text", WORDS)
def test_words_have_the_value_of_their_name(text):
    at = {"u": u, "v": v, "w": w}
    names = [n for n in at if re.search(rf"\b{n}\b", text)]
    module = sb.circuit(f"f = {text}", inputs=names, loss=None).compile()
    inputs = module.Inputs(**{n: float(at[n]) for n in names})
    found = float(module.forward(module.Params(), inputs)[0])
    allowed = max(4e-16, float(THROUGH_ROUNDED.get(text, 0)))
    assert abs(mpmath.mpf(found) - WORDS[text]) <= allowed * abs(WORDS[text])


@pytest.mark.parametrize("row", rows_of("Words"), ids=lambda row: row[0])
def test_the_page_has_the_compositions(row):
    for typed, meant in zip(codes(row[0]), codes(row[1]), strict=True):
        assert formula(typed) == formula(meant)


def test_the_page_has_every_word():
    typed = {re.match(r"\w+", t)[0] for row in rows_of("Words") for t in codes(row[0])}
    assert typed == set(words.names()) - {"ln"}


@pytest.mark.parametrize("name", ["sec", "clip", "Abs", "Max", "square"])
def test_words_are_not_reserved(name):
    assert formula(f"2*{name}") == 2 * sp.Symbol(name, real=True)
    c = sb.circuit(f"{name}(q) = q + 1; f = {name}(x)", loss=None)
    assert c.output.expr == sp.Symbol("x", real=True) + 1


@pytest.mark.parametrize("text", ["clip(x)", "sec(x, y)", "pow(x)", "Abs()", "Abs(x, y)"])
def test_words_take_their_arguments(text):
    with pytest.raises(errors.CircuitError) as caught:
        formula(text)
    assert caught.value.line == 1


def test_an_error_in_a_word_points_at_its_call():
    with pytest.raises(errors.DomainError) as caught:
        sb.circuit("g = x\nf = g + sec(pi/2)")
    assert (caught.value.line, caught.value.column) == (2, 9)


# -- SymPy's text --------------------------------------------------------------------------------


@pytest.mark.parametrize("row", rows_of("SymPy's spelling"), ids=lambda row: row[0])
def test_spellings_of_sympy(row):
    assert formula(codes(row[0])[0]) == formula(codes(row[1])[0])


@pytest.mark.parametrize("typed", ["Piecewise((x, x > 0))", "Piecewise(x, y)", "Piecewise((x, y))"])
def test_a_choice_has_a_last_branch(typed):
    with pytest.raises(errors.CircuitSyntaxError, match="Piecewise"):
        formula(typed)


def assert_str_reads_back(circuit: sb.Circuit) -> None:
    for node in circuit.computed:
        inputs = [s.name for s in node.expr.free_symbols]
        again = sb.circuit(f"f_ = {node.expr}", inputs=inputs, loss=None)
        assert again.output.expr == node.expr, node.expr


@pytest.mark.parametrize("seed", one_in(10, range(200)))
def test_text_of_sympy_reads_back(seed):
    assert_str_reads_back(sb.circuit(of_numbers(np.random.default_rng(seed)).text))


@pytest.mark.parametrize("name", CASES)
def test_text_of_sympy_of_every_operation_reads_back(name):
    assert_str_reads_back(sb.circuit(CASES[name].circuit, loss=None))


@pytest.mark.parametrize("name", one_in(6, FORMULAS))
def test_text_of_sympy_of_textbook_formulas_reads_back(name):
    text, options = FORMULAS[name]
    assert_str_reads_back(sb.circuit(text, **options))
