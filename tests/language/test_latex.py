"""LaTeX in: formulas of textbooks, what symback and SymPy print, ambiguities, bounds."""

from __future__ import annotations

import time

import numpy as np
import pytest
import sympy as sp
from click.testing import CliRunner

import symback as sb
from symback import errors
from symback.cli.main import cli
from symback.printing.latex import LatexPrinter
from tests.cases.elementwise import CASES
from tests.cases.latex import AMBIGUOUS, FORMULAS
from tests.cases.one_in import one_in
from tests.cases.random_circuits import of_numbers
from tests.cases.watch import nothing_done


def latex(text, **options):
    return sb.circuit(text, loss=None, notation="latex", **options)


@pytest.mark.parametrize("name", FORMULAS)
def test_formulas_of_textbooks(name):
    typed, text = FORMULAS[name]
    if text is None:
        with pytest.raises(errors.CircuitSyntaxError):
            latex(typed)
        return
    found, right = latex(typed), sb.circuit(text, loss=None)
    assert {n.name: n.expr for n in found.nodes} == {n.name: n.expr for n in right.nodes}
    assert {n.name: (n.role, n.shape) for n in found.leaves} == {
        n.name: (n.role, n.shape) for n in right.leaves
    }


@pytest.mark.parametrize("text", AMBIGUOUS)
def test_what_has_two_readings_is_refused_with_its_place(text):
    with pytest.raises(errors.SymbackError) as caught:
        latex(text)
    assert AMBIGUOUS[text] in caught.value.message
    assert caught.value.line == 1 and len(str(caught.value)) <= 200


def assert_reads_back(circuit: sb.Circuit) -> None:
    """What symback prints, and what SymPy prints, of each node."""
    printer = LatexPrinter.of(circuit)
    for node in circuit.computed:
        inputs = [s.name for s in node.expr.free_symbols]
        for printed in (printer.print(node.formula), sp.latex(node.expr)):
            again = latex(f"y_o = {printed}", inputs=inputs)
            assert again.output.expr == node.expr, printed


@pytest.mark.parametrize("seed", one_in(20, range(200)))
def test_latex_of_random_circuits_reads_back(seed):
    assert_reads_back(sb.circuit(of_numbers(np.random.default_rng(seed)).text))


READS_BACK = [name for name in CASES if name != "weighed"]
"""weighed(w, u) is printed as books have it: the product w u."""


@pytest.mark.parametrize("name", one_in(3, READS_BACK))
def test_latex_of_every_operation_reads_back(name):
    assert_reads_back(sb.circuit(CASES[name].circuit, loss=None))


SIGNED = {
    "besselj(2, x)": r"\mathrm{J}_{2}\left(x\right)",
    "besselj(5/2, x)**2": r"\mathrm{J}_{\frac{5}{2}}\left(x\right)^{2}",
    "besselk(0, x + y)": r"\mathrm{K}_{0}\left(x + y\right)",
    "gammainc(2, x)": r"\mathrm{P}\left(2, x\right)",
    "gammaincc(2, x)": r"\mathrm{Q}\left(2, x\right)",
    "betainc(2, 3, x)": r"\mathrm{I}_{x}\left(2, 3\right)",
    "beta(x, y)": r"\mathrm{B}\left(x, y\right)",
    "betaln(x, y)": r"\ln\mathrm{B}\left(x, y\right)",
    "loggamma(x)": r"\ln\Gamma\left(x\right)",
    "digamma(x)": r"\psi^{(0)}\left(x\right)",
    "trigamma(x)": r"\psi^{(1)}\left(x\right)",
    "polygamma(3, x)": r"\psi^{(3)}\left(x\right)",
    "lambertwm1(x)": r"\mathrm{W}_{-1}\left(x\right)",
    "ndtri(x)": r"\Phi^{-1}\left(x\right)",
    "log10(x)": r"\log_{10}\left(x\right)",
    "binomial(x, y)": r"\binom{x}{y}",
    "factorial(x)": "x!",
    "factorial(x + y)": r"\left(x + y\right)!",
    "factorial(x1)**2": "x_{1}!^{2}",
    "floor(x)": r"\left\lfloor x \right\rfloor",
    "ceil(x)": r"\left\lceil x \right\rceil",
}


@pytest.mark.parametrize("text", SIGNED)
def test_functions_have_the_signs_of_textbooks(text):
    circuit = sb.circuit(f"f = {text}", loss=None)
    assert LatexPrinter.of(circuit).print(circuit.output.formula) == SIGNED[text]
    assert_reads_back(circuit)


NAMES = {
    "x": "x",
    "x_1": "x1",
    "x_{12}": "x12",
    "x_{1,2}": "x_1_2",
    "x_i": "x_i",
    r"x_{\mathrm{max}}": "x_max",
    r"\alpha": "alpha",
    r"\theta_1": "theta1",
    r"\lambda": "lambda_",
    r"\varepsilon": "epsilon",
    r"\mathrm{net}": "net",
    r"\mathrm{net}_2": "net2",
    r"\text{learning\_rate}": "learning_rate",
    r"\hat y": "y_hat",
    r"\hat{y}_1": "y_hat_1",
    r"\bar{x}": "x_bar",
    r"\mathbf{x}": "x",
    r"\boldsymbol{\theta}": "theta",
    r"\vec v": "v",
    "α": "alpha",
}


@pytest.mark.parametrize("typed", NAMES)
def test_names(typed):
    assert latex(f"f = 2 {typed}", inputs=[NAMES[typed]]).inputs == (NAMES[typed],)


def test_spacing_and_marks_for_the_eye_mean_nothing():
    plain = latex(r"f = \frac{x}{2}(y + 1)")
    for text in (
        r"\[ f = \frac{x}{2}\,\bigl(y + 1\bigr) \]",
        r"$$ f = \dfrac{x}{2} \left( y + 1 \right). $$",
        "% a comment\n\\begin{equation}\\label{eq:f} f = \\frac x2 \\; (y+1) \\end{equation}",
    ):
        assert latex(text) == plain


def test_a_loss_may_be_a_formula():
    c = sb.circuit(r"f = w x", loss=r"\frac{(f - y)^2}{2}", notation="latex")
    assert c == sb.circuit("f = w*x", loss="(f - y)**2/2")


def test_circuit_text_with_a_backslash_names_the_notation():
    with pytest.raises(errors.CircuitSyntaxError, match='notation="latex"'):
        sb.circuit(r"f = \frac{1}{x}")
    with pytest.raises(errors.CircuitError, match="text or latex"):
        sb.circuit("f = x", notation="tex")


def test_the_command_line_reads_latex(tmp_path):
    file = tmp_path / "neuron.tex"
    file.write_text(r"f = x_1 - \sigma(w_3 x_3 + w_4 x_4)", encoding="utf-8")
    by_text = CliRunner().invoke(cli, ["derive", "f = x1 - sigma(w3*x3 + w4*x4)", "--wrt", "w3"])
    for given in ([str(file)], ["--latex", file.read_text(encoding="utf-8")]):
        done = CliRunner().invoke(cli, ["derive", *given, "--wrt", "w3"])
        assert done.exit_code == 0 and done.output == by_text.output


SIZE = {
    "brackets": "f = " + "(" * 50_000 + "x",
    "fractions": "f = " + r"\frac{1}{" * 5_000 + "x" + "}" * 5_000,
    "powers": "f = x" + "^{x" * 5_000 + "}" * 5_000,
    "roots": "f = " + r"\sqrt " * 5_000 + "x",
    "functions": "f = " + r"\sin " * 5_000 + "x",
    "sums": "f = " + " ".join(rf"\sum_{{{i}=1}}^{{999}}" for i in "abcd") + " x_a x_b x_c x_d",
    "a long sum": r"f = \sum_{i=1}^{999999} x_i",
    "a long text": "f = " + "x + " * 60_000 + "x",
    "a power of a number": "f = 9^{9^{9^{9}}} x",
    "accents": "f = " + r"\hat " * 5_000 + "x",
    "subscripts": "f = x" + "_{x" * 5_000 + "}" * 5_000,
    "a long name": r"f = \mathrm{" + "x" * 100_000 + "}",
}


@pytest.mark.parametrize("name", one_in(4, SIZE))
def test_size_is_bounded(name):
    latex("f = x")
    start = time.process_time()
    with pytest.raises(errors.SymbackError) as caught, nothing_done():
        latex(SIZE[name])
    assert time.process_time() - start < 3
    assert len(str(caught.value)) <= 200


CODE = [
    r"\input{/etc/passwd}",
    r"\write18{touch P}",
    r"\def\x{1}",
    r"\catcode`\@=11",
    r"f = \mathrm{__import__}(x)",
    r"f = \operatorname{eval}(x)",
    r"f = \mathrm{x\ny}",
    r"f = \text{'; import os}",
    r"\mathrm{np} = x",
    r"\mathrm{exp} = x",
    "",
    "%",
    r"\\",
    "f =",
    "= f",
    r"f = \frac{x}",
    r"f = \begin{cases}",
    r"f = \end{cases}",
    "f = x_",
    "f = x^",
    r"f = \sqrt",
    r"f = \sin",
    "f = |x",
    "f = \x00",
    "f = \u202ex",
]


@pytest.mark.parametrize("text", CODE)
def test_code_and_broken_formulas_are_refused(text):
    with pytest.raises(errors.SymbackError) as caught, nothing_done():
        latex(text)
    assert len(str(caught.value)) <= 200
