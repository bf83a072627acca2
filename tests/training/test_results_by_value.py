"""Results of fits and runs compare by value, and are pickled with the text of their module."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest

import symback as sb
from symback.training import train_from_file

DATA = {"x": np.array([0.5, 1, 2, 3, 5]), "y": np.array([0.8, 1.3, 1.9, 2.2, 2.4])}
CURVE = sb.circuit("f = w1*(1 - exp(-w2*x))")
LIKELIHOOD = sb.circuit("x: input; y: target; m: param = 1\nL: loss = cosh(m*x - y)")
ARRAYS = sb.circuit("x: input[2]; w: param[2]; f = dot(w, x)")
PAIRS = {"x": np.array([[1.0, 2], [3, 1], [2, 5], [4, 4]]), "y": np.array([1.0, 2, 3, 5])}
RUN = {"epochs": 3, "quiet": True}

MADE = {
    "fit": lambda: sb.fit(CURVE, DATA, initial={"w1": 1, "w2": 1}),
    "fit on a bound": lambda: sb.fit(CURVE, DATA, bounds={"w2": (0, 0.1)}, initial={"w2": 0.1}),
    "likelihood": lambda: sb.fit(LIKELIHOOD, DATA),
    "fit of arrays": lambda: sb.fit(ARRAYS, PAIRS),
    "run": lambda: train_from_file(CURVE, DATA, standardise=True, **RUN),
    "run of arrays": lambda: train_from_file(ARRAYS, PAIRS, learning_rate=0.01, **RUN),
    "run over all rows": lambda: train_from_file(CURVE, DATA, optimiser="lbfgs", **RUN),
}


@pytest.mark.parametrize("name", MADE)
def test_copies_are_equal_whatever_was_compiled_since(name):
    found, again = MADE[name](), MADE[name]()
    assert found == again
    assert copy.deepcopy(found) == found
    for result in (found, again):
        read = pickle.loads(pickle.dumps(result))
        assert read == result
        assert str(read) == str(result)
        assert type(read.params) is type(result.params)


@pytest.mark.parametrize("name", ["fit", "run"])
def test_others_differ(name):
    found = MADE[name]()
    values = found.params._asdict()
    other = copy.copy(found)
    object.__setattr__(other, "params", found.params._replace(w1=values["w1"] + 1))
    assert found != other
    assert found != "a text"
    with pytest.raises(TypeError, match="unhashable"):
        hash(found)


@pytest.mark.slow
def test_another_process_reads_a_result(tmp_path):
    found = MADE["fit"]()
    (tmp_path / "fit.pickle").write_bytes(pickle.dumps(found))
    read = "import pickle, sys; print(pickle.load(open(sys.argv[1], 'rb')).params.w1)"
    command = [sys.executable, "-c", read, str(tmp_path / "fit.pickle")]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert float(printed) == found.params.w1


@pytest.mark.parametrize("target", ["numpy", "c"])
def test_tuples_of_a_module_are_pickled_after_it_is_compiled_again(target):
    first = CURVE.compile(target=target)
    params, inputs = first.Params(1.0, 2.0), first.Inputs(DATA["x"], DATA["y"])
    second = CURVE.compile(target=target)
    assert second is not first
    for value in (params, inputs, second.Params(1.0, 2.0)):
        read = pickle.loads(pickle.dumps(value))
        assert type(read) is type(value) and repr(read) == repr(value)
    np.testing.assert_array_equal(
        second.forward(params, inputs)[0], first.forward(params, inputs)[0]
    )
