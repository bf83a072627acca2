"""Circuits of numbers are read, derived and printed where neither NumPy nor igraph exists, and
their modules generated."""

import json
import subprocess
import sys

import numpy as np
import pytest

import symback as sb
from symback.derivation.text.numbers import value_latex, value_text
from tests.cases.sample_circuits import LECTURE

TEXTS = {
    "L6b": (LECTURE["L6b"], {"x3": 0.5, "x4": -1.0, "x5": 2.0, "w3": 0.25, "w4": 3.0}),
    "rewritten": ("f = log(1 + exp(w*x))", {"w": 0.5, "x": -2.0}),
}
ABSENT = "import sys\nsys.modules['numpy'] = sys.modules['igraph'] = None\n"
SHOW = """
import json
import symback as sb

def shown(text, point):
    circuit, adam = sb.circuit(text), sb.update("adam")
    derivation = circuit.derive()
    made = {"circuit": str(circuit), "gradient": repr(circuit.gradient())}
    made["update"] = [f() for f in (adam.to_text, adam.to_latex, adam.to_markdown, adam.to_json)]
    made["modules"] = [circuit.generate(), circuit.generate(target="c"), adam.generate()]
    for view in (derivation, derivation.accumulation()):
        for name, given in (("names", view), ("numbers", view.at(**point))):
            made[f"{view.view} {name}"] = [
                *(given.to_text(detail=detail) for detail in ("brief", "normal", "full")),
                *(given.to_latex(style) for style in ("align", "table", "beamer")),
                given.to_latex(standalone=True),
                given.to_markdown(),
                given.to_json(),
                str(given.why(len(given.steps))),
            ]
    quiz = derivation.quiz()
    grades = [str(quiz.answer(1, given)) for given in ("17", "-1")]
    made["quiz"] = [str(quiz), str(quiz.question(1)), *grades]
    return made
"""


@pytest.mark.parametrize(("text", "point"), TEXTS.values(), ids=TEXTS)
def test_all_is_as_with_numpy(text, point):
    here = {}
    exec(SHOW, here)
    ask = f"print(json.dumps(shown({text!r}, {point!r})))"
    done = subprocess.run(
        [sys.executable, "-c", ABSENT + SHOW + ask], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert made == here["shown"](text, point)
    assert all(made.values())
    assert made["paths numbers"] != made["paths names"]


def test_a_formula_is_rewritten():
    """Else the proof of a rewriting would not run in the test above."""
    assert sb.circuit(TEXTS["rewritten"][0]).gradient().walk.circuit.rewrites


def test_the_command_line():
    arguments = ["derive", TEXTS["rewritten"][0], "--at", "w=0.5", "--at", "x=-2"]
    run = "import runpy\nrunpy.run_module('symback', run_name='__main__')"
    ask = f"sys.argv[1:] = {arguments!r}\n{run}"
    done = subprocess.run([sys.executable, "-c", ABSENT + ask], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "w = 0.5" in done.stdout


def test_arrays_of_any_kind_are_printed():
    rows = [[1.0, 2.5], [-3.0, 1e-9]]
    for value in (rows, tuple(map(tuple, rows)), np.array(rows)):
        assert value_text(value, 40) == "[[1, 2.5], [-3, 1e-09]]"
        assert value_latex(value) == (
            r"\begin{pmatrix} 1 & 2.5 \\ -3 & 1 \cdot 10^{-9} \end{pmatrix}"
        )
    assert value_text(np.float64(2.0), 40) == value_text(2, 40) == value_text(np.array(2.0), 40)
    assert value_latex([1.0, 2.0]) == r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}"
    assert value_text(np.ones(100), 20) == "[100]: 1, 1, 1, 1, …"
