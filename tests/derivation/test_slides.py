"""Slides, tables and articles in LaTeX: they are well formed, and they compile."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner

import symback as sb
from symback.cli.main import cli
from symback.derivation.accumulation import ONE
from symback.derivation.latex import line_breaking as breaking
from symback.derivation.latex.documents import CELL_LINES, words_in_latex
from symback.derivation.record import WHY, Derivation
from symback.errors import SymbackError, Unsupported
from symback.operations.arrays import ARRAY_FUNCTIONS
from symback.operations.elementwise import OPS
from tests.cases.one_in import one_in
from tests.cases.sample_circuits import ALL, OPERATIONS

STYLES = ["align", "beamer", "table"]
EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = """beta_1: input; Alpha: input; omicron: input; x_long_name: input
w: param; theta_12: param; lambda_: param
mu = theta_12*beta_1 + w*Alpha + nu
nu = where((x_long_name > 0) & (Alpha < omicron), log(x_long_name)*w, tanh(omicron*w)**2)
f = sqrt(abs(mu))*asinh(mu) + max(mu, w)/omicron + lambda_*softplus(mu)
"""

COMMANDS = set(
    # LaTeX, its classes and packages
    "documentclass usepackage providecommand renewcommand begin end section subsection setlength "
    "arraystretch raggedright arraybackslash footnotesize ensuremath dots textbackslash "
    "textasciitilde textasciicircum scalebox displaystyle toprule midrule bottomrule endhead "
    "endfoot addlinespace allowdisplaybreaks usefonttheme setbeamertemplate uncover "
    # mathematics
    "partial frac cdot sqrt surd left right mathrm operatorname text textstyle sum le ge ne circ "
    "mathbf prod wedge vee top Vert lVert rVert to big bigl bigr biggl biggr quad qquad mathrel "
    "det ln lfloor rfloor lceil rceil binom "
    "exp log sin cos tan sinh cosh tanh min max arcsin arccos arctan "
    # Greek
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau "
    "upsilon phi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega".split()
)


def circuits() -> dict[str, sb.Circuit]:
    found = {name: sb.circuit(text) for name, text in ALL.items()}
    found["names"] = sb.circuit(NAMES)
    for file in (
        "digits_network/network",
        "attention/attention",
        "matrix_factorisation/factorisation",
    ):
        path = EXAMPLES / f"{file}.circuit"
        found[path.stem] = sb.circuit(path.read_text(encoding="utf-8"))
    return found


CIRCUITS = circuits()
KINDS = [*OPERATIONS, "L5", "L6b", "names", "nested where", "network", "attention", "factorisation"]


@cache
def derivation(name: str) -> Derivation:
    circuit = CIRCUITS[name]
    return circuit.derive(circuit.objective.name)


def faults(text: str) -> list[str]:
    """What LaTeX would stop at: unbalanced braces, brackets, environments; unknown commands."""
    found = []
    plain = re.sub(r"(?<!\\)%.*", "", text).replace(r"\\", " ")
    braces = 0
    for sign in re.findall(r"(?<!\\)[{}]", plain):
        braces += 1 if sign == "{" else -1
        found += ["a } too many"] if braces < 0 else []
    found += ["braces"] if braces else []
    stack: list[str] = []
    for kind, name in re.findall(r"\\(begin|end|left|right)\b(?:\{([a-z*]+)\})?", plain):
        if kind in ("begin", "left"):
            stack.append(name or "left")
        elif not stack or stack.pop() != (name or "left"):
            found.append(f"{kind} {name}")
    found += stack
    defined = set(re.findall(r"\\providecommand\{\\([A-Za-z]+)\}", plain))
    found += sorted(set(re.findall(r"\\([A-Za-z]+)", plain)) - COMMANDS - defined)
    found += [] if text.isascii() else ["not in ASCII"]
    return found


@pytest.mark.parametrize("style", one_in(2, STYLES))
@pytest.mark.parametrize("name", one_in(6, KINDS))
def test_documents_are_well_formed(name: str, style: str) -> None:
    text = derivation(name).to_latex(style, standalone=True)
    assert faults(text) == []
    assert text.count(r"\begin{document}") == text.count(r"\documentclass") == 1
    assert text == derivation(name).to_latex(style, standalone=True)


def test_the_check_of_documents_finds_faults() -> None:
    for wrong in (r"{", r"}{", r"\left(", r"\begin{a}\end{b}", r"\nocommand", "σ"):
        assert faults(wrong), wrong
    assert faults(r"\{ \begin{cases} \left( x \right. \end{cases} % {") == []


@pytest.mark.parametrize("name", ["L5", "L6b", "names", "network"])
def test_align_is_the_default_and_stays_without_a_preamble(name: str) -> None:
    plain = derivation(name).to_latex()
    assert plain == derivation(name).to_latex("align")
    assert plain.startswith("% Forward\n\\begin{align*}") and "documentclass" not in plain


def test_slides_uncover_one_step_after_another() -> None:
    text = derivation("L6b").to_latex("beamer")
    for frame in text.split(r"\begin{frame}")[1:]:
        steps = [int(n) for n in re.findall(r"\\uncover<(\d+)->\{\{\}", frame)]
        assert steps == list(range(1, len(steps) + 1))
    titles = re.findall(r"\\begin\{frame\}\{(.*)\}\n", text)
    assert titles[
        0
    ] == "Forward" and "Partial derivative of $f$ with respect to $x_{3}$" in "".join(
        titles
    ).replace("$l$", "$f$")
    assert r"\ensuremath{\sigma}\ensuremath{'}" in text  # the rule beside its edge


def test_large_derivations_take_several_frames() -> None:
    terms = " + ".join(f"w{i}*x{i}" for i in range(14))
    text = sb.circuit(f"f = sigma({terms})").derive().to_latex("beamer")
    assert "Local partials (2/" in text
    sizes = [len(re.findall(r"\\\\\n", frame)) for frame in text.split(r"\begin{frame}")[1:]]
    assert max(sizes) < 12
    assert faults(text) == []


def test_a_table_has_a_row_for_every_step() -> None:
    found = derivation("L6b")
    text = found.to_latex("table")
    assert [int(n) for n in re.findall(r"^  (\d+) &$", text, re.M)] == [s.id for s in found.steps]
    assert "by definition of the circuit" in text and "as in step 1; from" in text


def test_a_table_shows_numbers_and_what_is_not_known() -> None:
    circuit = CIRCUITS["L6b"]
    text = circuit.partial("f", "x3").at(x3=1, x5=0.5).to_latex("table")
    assert "= x_{3} + x_{5} = 1.5" in text and r"= \text{---}" in text and faults(text) == []


def test_a_long_formula_in_a_table_is_parted() -> None:
    terms = " + ".join(f"sin(w{i}*x{i})*exp(x{i})" for i in range(60))
    text = sb.circuit(f"f = ({terms})**3", loss=None).partial("f", "w1").to_latex("table")
    cells = re.findall(r"\\begin\{aligned\}.*?\\end\{aligned\}", text, re.S)
    assert max(cell.count("&") for cell in cells) <= CELL_LINES
    assert faults(text) == []


def test_letters_without_a_command_are_latin_ones() -> None:
    for text in (derivation("names").to_latex(style) for style in ("align", "beamer", "table")):
        assert r"\mathrm{A}" in text and r"\mathrm{o}" in text and r"\beta_{1}" in text
        assert r"\Alpha" not in text and r"\omicron" not in text
        assert r"x_{\mathrm{long\_name}}" in text


FORMULA = r"\frac{\partial f}{\partial x} \cdot \left(a_{1} \, b + \tanh\left(c\right)^{2}\right)"


@pytest.mark.parametrize("room", [4.0, 6.0, 9.0, 14.0, 60.0])
@pytest.mark.parametrize(
    "formula",
    [
        FORMULA,
        f"{FORMULA} - {FORMULA} + -1",
        rf"\frac{{{FORMULA} + x}}{{{FORMULA} + y}}",
        rf"\begin{{cases}} {FORMULA} & \text{{if }} x > 0 \\ 0 & \text{{otherwise}} \end{{cases}}",
        r"\left\lVert W \, x + b \right\rVert^{2} + \operatorname{concat}\left(a, b, c, d\right)",
    ],
)
def test_formulas_break_into_lines_that_fit(formula: str, room: float) -> None:
    lines = breaking.lines(formula, room)
    assert all(line.width <= room + 1e-9 for line in lines)
    for line in lines:
        assert [f for f in faults(line.text) if f != "left"] == []
    if room == 60.0:
        assert [line.text for line in lines] == [formula]
    signs = re.sub(r"[^a-z0-9]", "", re.sub(r"\\[A-Za-z]+|\{[0-9.]+\}", "", formula))
    shown = "".join(line.text for line in lines)
    if "scalebox" not in shown:
        assert re.sub(r"[^a-z0-9]", "", re.sub(r"\\[A-Za-z]+|\{[0-9.]+\}", "", shown)) == signs


def test_every_reason_has_latex() -> None:
    rules = [row.rule for row in (*OPS.values(), *ARRAY_FUNCTIONS) if row.rule]
    for rule in (*rules, *WHY.values(), ONE, "∂(−Σ t∘log softmax(z))"):
        assert words_in_latex(rule).isascii() and faults(words_in_latex(rule)) == []
    assert words_in_latex("50% of a_b & {c}") == r"50\% of a\_b \& \{c\}"
    with pytest.raises(Unsupported, match=r"U\+2603"):
        words_in_latex("☃")


def test_there_are_three_styles() -> None:
    with pytest.raises(SymbackError, match="did you mean 'beamer'"):
        derivation("L5").to_latex("beamr")  # type: ignore[arg-type]


@pytest.mark.parametrize("style", STYLES)
def test_the_command_line_has_styles(style: str) -> None:
    run = CliRunner().invoke(
        cli, ["derive", ALL["L5"], "--format", "latex", "--style", style, "--wrt", "w3"]
    )
    assert run.exit_code == 0
    assert run.stdout == sb.circuit(ALL["L5"]).partial("f", "w3").to_latex(style)  # type: ignore[arg-type]


def test_a_style_needs_latex() -> None:
    for option in (["--style", "table"], ["--standalone"]):
        run = CliRunner().invoke(cli, ["derive", ALL["L5"], *option])
        assert run.exit_code == 2 and "--format latex" in run.stderr


@pytest.mark.slow
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", ["L5", "L6b", "names", "network"])
def test_documents_compile(name: str, style: str, tmp_path: Path) -> None:
    if shutil.which("pdflatex") is None:
        pytest.skip("pdflatex is not installed")
    (tmp_path / "d.tex").write_text(derivation(name).to_latex(style, standalone=True))
    command = [
        "pdflatex",
        "-halt-on-error",
        "-interaction=nonstopmode",
        "-no-shell-escape",
        "d.tex",
    ]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=120)
    log = run.stdout.decode(errors="replace")
    missing = re.search(r"File `(\S+)' not found", log)
    if missing:
        pytest.skip(f"LaTeX has no {missing[1]}")
    assert run.returncode == 0, log[-2000:]
    assert (tmp_path / "d.pdf").stat().st_size > 10_000
    too_wide = [float(w) for w in re.findall(r"Overfull \\[hv]box \(([\d.]+)pt", log)]
    assert max(too_wide, default=0.0) < 5.0
