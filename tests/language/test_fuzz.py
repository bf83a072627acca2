"""Random and mutated circuits: a circuit or one SymbackError, soon, and nothing else happens.

`pytest -m slow tests/language/test_fuzz.py` reads more than 100,000 inputs.
"""

from __future__ import annotations

import time
import warnings

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import symback as sb
from symback.errors import LONGEST_MESSAGE, LikelyMeantOtherwise, SymbackError
from tests.cases.watch import nothing_done

SLOWEST = 1.0  # seconds of processor time

WORDS = (
    "x y w1 w3x3 theta f net h l E I lambda_ sigma σ θ λ sin exp log sqrt atan2 where min max abs "
    "relu softmax sum dot concat eye norm cross_entropy input target param loss output none for "
    "in range axis 0 1 2 3 10 0.5 .5 1e9 2e-3 1e308 1e400 9**9**9 0x1 1_0 1j ( ) [ ] { } , ; : "
    "= == != < <= > >= & | + - * / ** // % @ ! ~ ^ . .. .T ' \" \\ # ½ ² ⁻¹ ³⁴ ₁ − · × ⋅ ≤ ≥ π "
    "µ ∂ √ х ｘ _ __x__ lambda import eval open __import__ None True np math len float".split()
)
PIECES = st.sampled_from([*WORDS, " ", "\n", "\n    ", "\r\n", "\t", "\0", "\u202e", "\u200b"])
ASCII = st.text(st.characters(min_codepoint=1, max_codepoint=127), max_size=40)

ATOMS = st.sampled_from("x y z w1 w2 b theta 1 2 0.5 3 pi σ(x) h[1] W x1x2 0 1e9".split())


def _formulas(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.tuples(inner, st.sampled_from("+ - * / ** @ · −".split()), inner)
    unary = "exp log sqrt sin tanh sigma relu abs sum softmax mean -  log1p asin".split()
    return st.one_of(
        pairs.map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        st.tuples(st.sampled_from(unary), inner).map(lambda p: f"{p[0]}({p[1]})"),
        st.tuples(inner, inner, inner).map(lambda p: f"where({p[0]} > {p[1]}, {p[2]}, {p[0]})"),
        st.tuples(st.sampled_from(("min", "max", "atan2", "dot")), inner, inner).map(
            lambda p: f"{p[0]}({p[1]}, {p[2]})"
        ),
        st.tuples(inner, st.sampled_from("² ³ ⁻¹ .T [0] [1:2] [:,0] **2 **-1 **0.5".split())).map(
            lambda p: f"({p[0]}){p[1]}"
        ),
    )


FORMULAS = st.recursive(ATOMS, _formulas, max_leaves=8)
LINES = st.one_of(
    FORMULAS.map(lambda f: f"f = {f}"),
    FORMULAS.map(lambda f: f"net = {f}"),
    FORMULAS.map(lambda f: f"g(u) = u*{f}"),
    FORMULAS.map(lambda f: f"l: loss = {f}"),
    FORMULAS.map(lambda f: f"w1: param = {f}"),
    FORMULAS.map(lambda f: f"for t in range(1, 3):\n    h[t] = {f}"),
    st.sampled_from(
        ["x: input[d]", "W: param[h, d]", "x: input[3]", "y: target", "w1: param = 2", "loss: none"]
    ),
)
CIRCUITS = st.lists(LINES, min_size=1, max_size=4).map("\n".join)
VALID = (
    "f = x1 − σ(w3x3 + w4x4)",
    "x: input; w: param = 2\ny: target\nu = w*x\nf = tanh(u)\nl: loss = (f - y)**2/2",
    "swish(u) = u*sigma(u)\nf = where(x > 0 & y < 1, swish(x), min(x, y, 2))",
    "exp(-(theta/sigma)**2/2)/(sqrt(2*pi)*sigma)",
    "x: input[d]; t: target[k]\nW: param[k, d]; b: param[k]\nz: output = W @ x + b\n"
    "E: loss = cross_entropy(z, t)",
    "x: input[8, 3]; W: param[4, 3]\nh[0] = zeros(4)\nfor t in range(1, 9):\n"
    "    h[t] = tanh(W @ x[t - 1] + h[t - 1])\nf = sum(h[8])",
)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A circuit with some pieces inserted, removed, doubled or exchanged."""
    text = draw(st.one_of(st.sampled_from(VALID), CIRCUITS))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 6)))
        piece = draw(st.one_of(PIECES, st.characters(), st.just(""), st.just(text[start:end] * 2)))
        text = text[:start] + piece + text[end:]
    return text


INPUTS = {
    "text": st.text(max_size=60),
    "ascii": ASCII,
    "words": st.tuples(st.sampled_from(["", " "]), st.lists(PIECES, max_size=16)).map(
        lambda p: p[0].join(p[1])
    ),
    "circuits": CIRCUITS,
    "mutated": mutated(),
}
counted = dict.fromkeys(INPUTS, 0)


def survives(kind: str, text: str) -> None:
    """The text is a circuit that reads back equal, or one SymbackError; soon, with no trace."""
    counted[kind] += 1
    start = time.process_time()
    with warnings.catch_warnings(), nothing_done():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", LikelyMeantOtherwise)
        try:
            circuit = sb.circuit(text)
        except SymbackError as error:
            message, circuit = str(error), None
            assert error.__cause__ is None
            assert 0 < len(message) <= LONGEST_MESSAGE
            assert all(c.isprintable() or c == "\n" for c in message)
        spent = time.process_time() - start
        assert spent < SLOWEST, f"{spent:.2f} s for {text!r}"
        if circuit is not None:
            assert sb.circuit(str(circuit)) == circuit


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    for text in VALID:
        sb.circuit(text)  # what is imported late is loaded
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("kind", INPUTS)
def test_inputs_are_read_or_refused(kind):
    settings(max_examples=30, deadline=None, derandomize=True, database=None)(
        given(INPUTS[kind])(lambda text: survives(kind, text))
    )()


@pytest.mark.slow
@pytest.mark.parametrize("kind", INPUTS)
def test_very_many_inputs_are_read_or_refused(kind):
    counted[kind] = 0
    settings(
        max_examples=21_000, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )(given(INPUTS[kind])(lambda text: survives(kind, text)))()
    print(f"{counted[kind]:,} inputs of the kind {kind}")
    assert counted[kind] >= 20_000
