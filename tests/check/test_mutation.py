"""Errors planted in the tables that hold the mathematics: the tests and the check find them all."""

import re
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from tests.cases.one_in import one_in
from tools.mutation.battery import BATTERIES
from tools.mutation.equivalents import EQUIVALENTS, Equivalent
from tools.mutation.log import Log, digest
from tools.mutation.places import LEFT_OUT, MATHEMATICS, PLACES, modules
from tools.mutation.planting import Mutant, mutants
from tools.mutation.run import Judges, Verdict, changed_lines

ROOT = Path(__file__).parents[2]

# file → a case of its battery, and a mutant that this case kills: place, what is replaced, what by
KILLED = {
    "symback/operations/elementwise/trigonometric.py": (
        "partials of tan",
        ("ROWS['tan']", "1 + v**2", "(1) - (v ** 2)"),
    ),
    "symback/operations/vjp.py": (
        "outer in Python",
        ("VJP[outer]", "transpose(g)", "g"),
    ),
    "symback/codegen/numpy/kernels.py": (
        "test_digits _softplus float64",
        ("_softplus", "np.log1p(np.exp(z))", "-(np.log1p(np.exp(z)))"),
    ),
    "symback/codegen/numpy/array_kernels.py": (
        "logsumexp of a vector in Python",
        ("_logsumexp", "np.exp(shifted)", "shifted"),
    ),
}


TINY = {f"symback/operations/special/{name}.py" for name in ("continued", "named")}
"""Files of a few lines."""


@cache
def planted(file: str) -> list[Mutant]:
    return list(mutants(file, (ROOT / file).read_text(encoding="utf-8"), PLACES[file]))


@pytest.mark.parametrize("file", one_in(6, PLACES))
def test_mutants_are_many_and_of_many_kinds(file):
    found = planted(file)
    kinds = Counter(m.kind for m in found)
    is_table = file == "symback/stable/rules.py"  # rows alike: few kinds of places
    few = is_table or len((ROOT / file).read_text(encoding="utf-8").splitlines()) < 180
    least = 20 if file.endswith("/__init__.py") else 30 if few else 100  # one gathers tables
    least = 16 if file in TINY else least
    assert len(found) > least and len(kinds) >= (6 if few else 8), kinds
    assert len({m.text for m in found}) == len({Equivalent.of(m) for m in found}) == len(found)
    for mutant in found[::29]:
        compile(mutant.text, file, "exec")


def test_every_module_of_mathematics_is_judged_or_left_out_for_a_reason():
    """A new one is entered in `tools/mutation/places.py`, and what has gone is taken out."""
    of_mathematics = [file for pattern in MATHEMATICS for file in modules(pattern)]
    assert len(of_mathematics) > 100
    assert sorted([*PLACES, *LEFT_OUT]) == sorted(of_mathematics)
    assert PLACES.keys() == BATTERIES.keys()
    assert {e.file for e in EQUIVALENTS} <= PLACES.keys()


def test_a_new_module_is_noticed(tmp_path, monkeypatch):
    monkeypatch.setattr("tools.mutation.places.ROOT", tmp_path)
    (tmp_path / "symback" / "stable").mkdir(parents=True)
    for name, text in {
        "new": "import sympy as sp\n\nHALF = sp.Rational(1, 2)\n",
        "__init__": '"""Only words."""\n\nimport sympy\n',
    }.items():
        (tmp_path / "symback" / "stable" / f"{name}.py").write_text(text)
    assert modules("symback/stable/*.py") == ["symback/stable/new.py"]


@pytest.mark.parametrize("file", sorted({e.file for e in EQUIVALENTS}))
def test_every_explanation_has_its_mutant(file):
    found = [Equivalent.of(m) for m in planted(file)]
    assert len(set(found)) == len(found)  # a row explains one mutant
    assert not [e for e in EQUIVALENTS if e.file == file and e not in found]


def test_a_mutant_is_judged_by_what_comes_by_its_statement():
    text = "def f(a):\n    if a > 0:\n        return (1,\n    2)\n    return g(a,\n    -a)\n"
    for old, new, lines in [
        ("a > 0", "a >= 0", {2}),
        ("2)", "3)", {3, 4}),  # a tuple of constants is one, of its first line
        ("-a)", "a)", {5, 6}),
    ]:
        assert changed_lines(text, text.replace(old, new)) == lines
    assert changed_lines(text, text) == set()


def test_a_verdict_counts_again_until_anything_changes(tmp_path):
    tree, file = tmp_path / "tree", tmp_path / "verdicts.jsonl"
    (tree / "symback").mkdir(parents=True)
    source = tree / "symback" / "rows.py"
    source.write_text("f = a + b\n")
    one, two = (Mutant("symback/rows.py", "f", "sign", "+", s, "f", f"f = a {s} b") for s in "-*")
    log = Log(file, digest(tree))
    assert log.find(one) is None and log.find(two) is None
    verdict = Verdict(one, "a case", "AssertionError", 0.25)
    log.add(verdict, "killed")
    file.write_text(file.read_text() + '{"key": "cut o')  # by a run that was killed
    again = Log(file, digest(tree))
    assert again.find(one) == verdict and again.find(two) is None
    (tree / "symback" / "equivalents.txt").write_text("explanations change no verdict")
    assert Log(file, digest(tree)).find(one) == verdict
    source.write_text("f = b + a\n")
    assert Log(file, digest(tree)).find(one) is None
    source.rename(tree / "symback" / "lines.py")
    assert Log(file, digest(tree)).find(one) is None


@pytest.mark.slow
def test_mutants_are_killed_and_the_original_is_not(tmp_path):
    with Judges(tmp_path) as judges:
        for file, (name, (place, old, new)) in KILLED.items():
            assert judges.load(file, lambda case, name=name: case.name == name) == []
            found = {(m.place, m.old, m.new): m for m in planted(file)}
            mutant = found[place, old, new]
            text = judges.text(file)
            same = Mutant(file, place, "none", "", "", "", text)
            imported = Mutant(file, place, "a name more", "", "", "", f"{text}\nPLANTED = 0\n")
            verdicts = {v.mutant.kind: v.killer for v in judges.judge([mutant, same, imported])}
            assert verdicts == {mutant.kind: name, "none": "", "a name more": ""}, file


@pytest.mark.slow
def test_all_mutants_are_killed_but_those_that_mean_the_same():
    command = [sys.executable, "-m", "tools.mutation"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\| all \|.*100\.00 %", done.stdout)
