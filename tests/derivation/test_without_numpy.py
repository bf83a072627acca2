"""Circuits are read, derived, drawn and printed where there is no NumPy, and their modules
generated."""

import json
import subprocess
import sys

import numpy as np
import pytest

import symback as sb
from symback.derivation.text.numbers import value_latex, value_text
from tests.cases.one_in import one_in
from tests.cases.sample_circuits import LECTURE

TEXTS = {
    "L6b": (LECTURE["L6b"], {"x3": 0.5, "x4": -1.0, "x5": 2.0, "w3": 0.25, "w4": 3.0}),
    "rewritten": ("f = log(1 + exp(w*x))", {"w": 0.5, "x": -2.0}),
    "network": (
        "x: input[d]\nt: target[k]\nW: param[k, d]\nb: param[k]\n"
        "z = W @ x + b\nE: loss = cross_entropy(z, t) + sum(W**2)/100",
        {"x": [0.5, -1.0], "t": [0.0, 1.0], "W": [[0.25, 3.0], [-1.0, 0.5]], "b": [0.1, 0.2]},
    ),
    "matrices": (
        "A: param[n, n]\nx: input[n]\nh = solve(A, x)\n"
        "f = max(h) + logdet(A.T @ A) + norm(concat(h, x[:1])) + trace(inv(A))\nloss: none",
        {"A": [[2.0, 0.5], [-0.25, 1.0]], "x": [1.0, -3.0]},
    ),
    "rewritten arrays": (
        "x: input[n]\nf = sum(log(1 + exp(x))) + log(sum(exp(x)))\nloss: none",
        {"x": [30.0, -2.0, 0.5]},
    ),
}
ABSENT = "import sys\nsys.modules['numpy'] = None\n"
SHOW = """
import json
import symback as sb

def shown(text, point):
    circuit, adam = sb.circuit(text), sb.update("adam")
    of = circuit.objective.name if circuit.has_arrays else circuit.output.name
    derivation = circuit.derive(of)
    made = {"circuit": str(circuit), "gradient": repr(circuit.gradient(of))}
    made["verified"] = derivation.verified
    made["update"] = [f() for f in (adam.to_text, adam.to_latex, adam.to_markdown, adam.to_json)]
    targets = ("numpy",) if "inv(" in text else ("numpy", "c")  # C has no inverse
    made["modules"] = [adam.generate(), *(circuit.generate(target=target) for target in targets)]
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
    made["pictures"] = [str(circuit.draw(view=v, of=of)) for v in ("gates", "neurons")]
    made["pictures"] += [derivation.to_html(), circuit.to_dot()]
    if circuit.has_arrays:
        return made
    made["pictures"].append(str(circuit.draw(point)))
    languages = ("numpy", "c", "javascript")
    made["code"] = [circuit.code(language) for language in languages]
    quiz = derivation.quiz()
    grades = [str(quiz.answer(1, given)) for given in ("17", "-1")]
    made["quiz"] = [str(quiz), str(quiz.question(1)), *grades]
    return made
"""


def python(text, *arguments):
    return subprocess.run([sys.executable, "-c", text, *arguments], capture_output=True, text=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", one_in(8, TEXTS))
def test_all_is_as_with_numpy(name):
    text, point = TEXTS[name]
    here = {}
    exec(SHOW, here)
    ask = f"print(json.dumps(shown({text!r}, {point!r})))"
    done = python(ABSENT + SHOW + ask)
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert made == here["shown"](text, point)
    assert all(made.values())
    assert made["accumulation numbers"] != made["accumulation names"]


def test_a_formula_is_rewritten():
    """Else the proof of a rewriting would not run in the test above."""
    assert all(sb.circuit(TEXTS[n][0]).derive().stable for n in TEXTS if "re" in n)


@pytest.mark.slow
def test_numbers_of_arrays_are_lists():
    text, point = TEXTS["network"]
    run = f"c = sb.circuit({text!r})\nprint(c.derive('E').at(**{point!r}).evaluated()[1]['b'])"
    done = python(ABSENT + "import symback as sb\n" + run)
    slopes = sb.circuit(text).derive("E").at(**point).evaluated()[1]["b"]
    assert done.returncode == 0, done.stderr
    assert isinstance(slopes, np.ndarray) and json.loads(done.stdout) == slopes.tolist()


COMMANDS = [
    (["derive", TEXTS["rewritten"][0], "--at", "w=0.5", "--at", "x=-2"], "w = 0.5"),
    (
        ["derive", TEXTS["rewritten arrays"][0], "--at", "x=[30, -2, 0.5]"],
        "f_5 = [30, 0.126928, 0.974077]",
    ),
]


@pytest.mark.parametrize(("arguments", "says"), COMMANDS)
def test_the_command_line(arguments, says):
    run = "import runpy\nrunpy.run_module('symback', run_name='__main__')"
    done = python(ABSENT + run, *arguments)
    assert done.returncode == 0, done.stderr
    assert says in done.stdout


NEEDED = {
    ("repl", "f = w*x"): "this command needs numpy: pip install numpy",
    ("train", "f = w*x", "--data", "x.csv"): "this command needs numpy: pip install numpy",
}


@pytest.mark.parametrize("arguments", NEEDED)
def test_the_command_line_names_the_package_that_a_command_needs(arguments):
    run = "import runpy\nrunpy.run_module('symback', run_name='__main__')"
    done = python(ABSENT + run, *arguments)
    assert done.returncode == 2
    assert done.stderr.endswith(f"symback: {NEEDED[arguments]}\n")
    assert "Traceback" not in done.stderr


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
