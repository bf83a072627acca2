"""Errors planted in the tables that hold the mathematics: the tests and the check find them all."""

import re
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from tests.cases.one_in import one_in
from tools.mutation.equivalents import EQUIVALENTS, Equivalent
from tools.mutation.places import PLACES
from tools.mutation.planting import Mutant, mutants
from tools.mutation.run import Judges

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
    assert len(found) > least and len(kinds) >= (6 if few else 8), kinds
    assert len({m.text for m in found}) == len(found)
    for mutant in found[::29]:
        compile(mutant.text, file, "exec")


@pytest.mark.parametrize("file", PLACES)
def test_every_explanation_has_its_mutant(file):
    found = [Equivalent.of(m) for m in planted(file)]
    assert len(set(found)) == len(found)  # a row explains one mutant
    assert not [e for e in EQUIVALENTS if e.file == file and e not in found]


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
