"""Products typed without a sign that become one name: a warning where that is likely."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

import symback as sb
from symback import errors
from symback.language.parse import circuit

ROOT = Path(__file__).parents[2]

MEANT = {
    "f = wx + b": {"wx": "w*x"},
    "f = w1x + b": {"w1x": "w1*x"},
    "f = ax": {"ax": "a*x"},
    "y = θ₁x + θ₀": {"theta1x": "theta1*x"},
    "f = ax + by + c": {"ax": "a*x", "by": "b*y"},
    "y = a*x**2 + bx + c": {"bx": "b*x"},
    "net = wx + b; f = sigma(net)": {"wx": "w*x"},
    "f = exp(-kt)": {"kt": "k*t"},
    "f = wx + bias": {"wx": "w*x"},
    "f = 2*xy + x + y": {"xy": "x*y"},
    "f = σ(Wx + b)": {"Wx": "W*x"},
    "s = v0t + at**2/2": {"v0t": "v0*t", "at": "a*t"},
    "f = w*sinx": {"sinx": "sin(x)"},
    "f = expx1 + tanhy": {"expx1": "exp(x1)", "tanhy": "tanh(y)"},
}
RIGHT_AS_TYPED = [
    "f = w*x + b",
    "f = w1x1 + w2x2",
    "wx: param; x: input; f = wx*x",
    "f = sqrt(ax**2 + ay**2)",
    "f = vx",
    "f = sin(kx*x)",
    "h = tanh(wx*x + wh*h0 + b)",
    "f = mu*x + nu*y",
    "f = dx/dt",
    "f = kB*T",
    "f = tau*x + alpha*t",
    "f = exp(-Ea/(kB*T))",
    "f = lr*xs",
    "f = cost + logp + maxx + sigmax",
]


@pytest.mark.parametrize("text", MEANT)
def test_a_likely_product_gives_a_warning_with_its_place(text):
    with pytest.warns(errors.LikelyMeantOtherwise) as caught:
        found = sb.circuit(text, loss=None)
    assert [str(w.message) for w in caught] == list(found.warnings)
    assert len(found.warnings) == len(MEANT[text])
    for sentence, (name, product) in zip(found.warnings, MEANT[text].items(), strict=True):
        place, rest = sentence.split(": ", 1)
        assert re.fullmatch(r"line 1, column \d+", place)
        assert f"'{name}'" in rest and f"write {product} " in rest
        assert name in found.leaves  # it is read as typed all the same


@pytest.mark.parametrize("text", RIGHT_AS_TYPED)
def test_names_that_are_meant_give_none(text):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert sb.circuit(text, loss=None).warnings == ()


def test_who_names_the_parameter_means_the_name():
    assert circuit("f = wx + b", params=["wx", "b"], loss=None).warnings == ()
    assert circuit(sb.circuit("f = w*x", loss=None).source).warnings == ()


def texts_of_the_repository() -> set[str]:
    """What could be circuits in pages, examples and tests; not this file, nor what it warns of."""
    found: set[str] = set()
    for folder in ("tests", "examples", "benchmarks", "tools"):
        for path in (ROOT / folder).rglob("*.py"):
            if path != Path(__file__):
                tree = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
                found |= {n.value for n in tree if isinstance(n, ast.Constant)} - {...}
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        page = path.read_text(encoding="utf-8")
        found |= {*re.findall(r'"([^"\n]+)"', page), *re.findall(r"```\w*\n(.*?)```", page, re.S)}
    found |= {p.read_text(encoding="utf-8") for p in (ROOT / "examples").rglob("*.circuit")}
    return {t for t in found if isinstance(t, str) and "=" in t and len(t) < 600} - MEANT.keys()


@pytest.mark.slow
def test_no_circuit_of_the_repository_gives_a_false_alarm():
    read = 0
    for text in sorted(texts_of_the_repository()):
        try:
            found = circuit(text)
        except errors.SymbackError:
            continue
        read += 1
        assert found.warnings == (), text
    assert read > 500


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("x: input; w: param; b: param; z = wx + b; f = z", "write w*x for a product"),
        ("x: input[d]\nW: param[h, d]\nf = sum(Wx)", "write W @ x for a product"),
        ("x: input[d]; f = sum(x)*xsin(2)", "write x*sin(…) for a product"),
        ("f = xexp(y)", "write x*exp(…) for a product"),
        ("f = w1tanh(y)", "write w1*tanh(…) for a product"),
        ("f = w(x + b)", "write w*(…) for a product"),
    ],
)
def test_names_that_are_not_defined_say_how_to_write_the_product(text, advice):
    with pytest.raises(errors.UnknownName, match=re.escape(advice)):
        sb.circuit(text)


def test_the_command_line_warns_on_stderr_and_goes_on():
    command = [sys.executable, "-m", "symback", "derive", "f = wx + b", "--wrt", "wx"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    lines = [line for line in done.stderr.splitlines() if line.startswith("warning: ")]
    assert lines == [
        "warning: line 1, column 5: 'wx' is one name; write w*x for a product, or declare wx: param"
    ]
    assert "∂f/∂wx" in done.stdout and "warn" not in done.stdout
