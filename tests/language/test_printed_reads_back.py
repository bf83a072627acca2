"""What is printed of nested expressions of all operations, as text and as LaTeX, reads back."""

import re

import numpy as np
import pytest
import sympy as sp

import symback as sb
from symback import errors
from symback.operations.elementwise import SPELLINGS
from symback.printing.latex import LatexPrinter
from tests.cases.elementwise import CASES
from tests.cases.one_in import one_in

NAMES = """
x y w3 w_out theta lambda_ beta gamma x_hat x_1_2 V_max E I S N net pi2 alpha1 Gamma psi Phi J
sigma_f epsilon0 k_B T_half Delta
""".split()
UNKNOWN_TO_SYMPY = {"x_1_2", "net", "Phi", "psi", "Gamma", "Delta", "J", "I", "E"}
"""Names that SymPy writes as it writes something else: Phi before a bracket, n e t."""
FORMS = {
    **{name: case.circuit.partition("=")[2].strip() for name, case in CASES.items()},
    "power": "w**x",
    "rational": "2*w/3 - x/7",
    "decimal": "0.1*w + 2.5e-7*x",
    "conditions": "where(w > 1 & x <= 2, w, x)",
    "alternatives": "where(w < 1 | x != 2, w, 3)",
    "cases": "where(w > 1, x, where(x == 0, w, 2))",
    "roots": "sqrt(w) + x**(1/3)",
    "inverses": "1/w + x**-2",
    "pi": "pi*w - x",
    "greatest": "max(w, x, 2)",
    "clipped": "clip(w, -1, 1)",
}
SINGLE = {name: form for name, form in FORMS.items() if "\n" not in form and ";" not in form}


def drawn(rng: np.random.Generator, depth: int) -> str:
    """An expression as text: a form whose names are expressions themselves."""
    if depth == 0 or rng.random() < 0.15:
        return str(rng.choice(NAMES))
    form = SINGLE[str(rng.choice(list(SINGLE)))]
    parts: dict[str, str] = {}

    def part(match: re.Match) -> str:
        if match[0] in ("pi", "where", "clip") or match[0] in SPELLINGS:
            return match[0]
        return parts.setdefault(match[0], f"({drawn(rng, depth - 1)})")

    return re.sub(r"(?<![\w.])[A-Za-z_]\w*", part, form)


def circuit_of(seed: int) -> sb.Circuit:
    """The next circuit that is one: a name may be a function too, a condition too deep."""
    for more in range(100):
        rng = np.random.default_rng([seed, more])
        text = drawn(rng, int(rng.integers(1, 4)))
        used = [name for name in NAMES if re.search(rf"(?<!\w){name}(?!\w)", text)]
        try:
            return sb.circuit(f"y_o = {text}", inputs=used, loss=None)
        except errors.SymbackError:
            continue
    raise AssertionError(f"no circuit in a hundred texts of {seed}")


@pytest.mark.parametrize("seed", one_in(20, range(200)))
def test_text_and_latex_read_back(seed):
    made = circuit_of(seed)
    expr, inputs = made["y_o"].expr, made.inputs
    again = sb.circuit(f"y_o = {expr}", inputs=inputs, loss=None)
    assert again["y_o"].expr == expr, str(expr)
    printed = [LatexPrinter.of(made).print(made["y_o"].formula)]
    if not UNKNOWN_TO_SYMPY & {s.name for s in expr.free_symbols}:
        printed.append(sp.latex(expr))
    for text in printed:
        again = sb.circuit(f"y_o = {text}", inputs=inputs, loss=None, notation="latex")
        assert again["y_o"].expr == expr, text


def test_the_forms_are_of_all_operations():
    lacking = {name for name in CASES if name not in SINGLE}
    assert lacking <= {"binary_cross_entropy"}
