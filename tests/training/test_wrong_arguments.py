"""Arguments of a run that are out of range or of another kind: sentences, by every road."""

import math

import numpy as np
import pytest
from click.testing import CliRunner

import symback as sb
from symback.cli.main import cli
from symback.errors import SymbackError, TrainingError
from symback.training import train_from_file
from symback.training.results.descent import descend
from symback.training.settings import Settings
from tests.cases.one_in import one_in

LINE = sb.circuit("f = w*x + b")
X = np.linspace(0, 2, 20)
DATA = {"x": X, "y": 3 * X + 1}
VALUES = [
    *(math.nan, math.inf, -1, 0, 1.5, 2, "a", "3", None, True, [], {}, (), b"x", 1j, 10**400),
    *(np.nan, np.float32(2), np.int64(2), np.array([1, 2]), np.array(2), {"a": 1}, object()),
]
FIELDS = [name for name, field in Settings.__dataclass_fields__.items() if field.init]
NUMBERS = ["learning_rate", "weight_decay", "clip", "validation"]
COUNTS = ["epochs", "batch_size", "shards", "local_steps", "patience"]
RULES = {
    "momentum": ["mu"],
    "nesterov": ["mu"],
    "adagrad": ["epsilon"],
    "rmsprop": ["rho", "epsilon"],
    "adam": ["beta1", "beta2", "epsilon"],
    "adamw": ["beta1", "beta2", "epsilon"],
    "lbfgs": ["ftol", "gtol", "memory", "max_iterations"],
    "newton-cg": ["ftol", "gtol", "cg_iterations", "max_iterations"],
    "gauss-newton": ["ftol", "gtol", "max_iterations"],
}


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("name", one_in(2, FIELDS))
def test_a_setting_is_taken_or_refused_by_name(name, value):
    try:
        found = getattr(Settings(**{name: value}), name)
    except TrainingError as error:
        assert name.removesuffix("s") in str(error) and len(str(error)) < 200
    else:
        if name not in ("options", "sizes"):
            assert type(found).__module__ == "builtins"  # no number of NumPy's is kept
            assert value is None or found == value


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_out_of_range(name):
    least = {"learning_rate": 0, "clip": 0}.get(name, -1e-9)
    for value in (math.nan, math.inf, -math.inf, least, "a", "0.1", [0.1]):
        with pytest.raises(TrainingError, match=f"^{name} is .*; it must be "):
            Settings(**{name: value})


@pytest.mark.parametrize("name", COUNTS)
def test_counts_that_are_none(name):
    for value in (0, -1, 1.5, 3.0, "3", math.nan, math.inf, True):
        with pytest.raises(TrainingError, match=f"^{name} is .*; it must be a whole number ≥ 1"):
            Settings(**{name: value})
    assert Settings(**{name: np.int64(3)}) == Settings(**{name: 3})


@pytest.mark.parametrize("optimiser", RULES)
def test_options_out_of_range(optimiser):
    for name in RULES[optimiser]:
        for value in (math.nan, math.inf, -1e-9, "a", "0.5", None, True, [0.5], 10**400):
            with pytest.raises(TrainingError, match=f"^{name} is .*; it must "):
                Settings(optimiser=optimiser, options={name: value})
    if optimiser == "lbfgs":
        with pytest.raises(TrainingError, match=r"memory is 2\.5; it must be a whole number ≥ 1"):
            Settings(optimiser="lbfgs", options={"memory": 2.5})
        assert Settings(optimiser="lbfgs", options={"memory": 5.0}).method["memory"] == 5


REFUSED = {
    "workers": ({"workers": 2}, "in Python give an engine and shards, as in: with symback.train"),
    "dask": ({"dask": True}, "dask is an option of the command line"),
    "a slip": ({"learning_rte": 0.1}, "no option 'learning_rte'; did you mean 'learning_rate'"),
    "another name": ({"zzzz": 1}, "there is no option 'zzzz'"),
    "mapping": ({"mapping": "x=y"}, "mapping is 'x=y'; it must be a mapping"),
    "output": ({"output": 5}, "output is 5; it must be the name of a folder"),
    "target": ({"target": None}, "target is None; it must be the name of a language"),
    "engine": ({"engine": 2}, "engine is 2; it must be an engine"),
    "checkpoints": ({"checkpoint_seconds": "a"}, "checkpoint_seconds is 'a'; it must be finite"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_train_from_file_refuses(name):
    given, message = REFUSED[name]
    with pytest.raises(TrainingError) as caught:
        train_from_file(LINE, DATA, quiet=True, **given)
    assert message in str(caught.value)


@pytest.mark.parametrize("circuit", ["f = w*x + b", None, 5])
def test_what_is_no_circuit(circuit):
    with pytest.raises(TrainingError, match=r"the circuit is .*; read a text with sb\.circuit"):
        train_from_file(circuit, DATA, quiet=True)


@pytest.mark.parametrize("value", [math.nan, -1, "a", [1]], ids=repr)
@pytest.mark.parametrize("name", ["learning_rate", "steps", "batch_size", "seed", "start"])
def test_what_descend_refuses(name, value):
    if (name, value) == ("start", -1):
        return
    with pytest.raises(SymbackError, match=name):
        descend(LINE, DATA, **{name: {"w": value} if name == "start" else value})


COMMANDS = {
    "learning rate": (["--learning-rate", "nan"], "learning_rate is nan; it must be finite"),
    "no learning rate": (["--learning-rate", "0"], "learning_rate is 0.0; it must be finite"),
    "a text": (["--learning-rate", "a"], "'a' is not a valid float"),
    "epochs": (["--epochs", "1.5"], "'1.5' is not a valid int"),
    "no epochs": (["--epochs", "0"], "epochs is 0; it must be a whole number ≥ 1"),
    "batch size": (["--batch-size", "-3"], "batch_size is -3; it must be a whole number ≥ 1"),
    "momentum": (
        ["--optimiser", "momentum", "--set", "mu=1"],
        "mu is 1.0; it must hold 0 ≤ mu < 1",
    ),
    "tolerance": (["--optimiser", "lbfgs", "--set", "ftol=-1"], "ftol is -1.0; it must hold"),
    "batches of lbfgs": (["--optimiser", "lbfgs", "--batch-size", "8"], "takes no batch_size"),
    "a slip": (["--optimiser", "lbfgs", "--set", "ftl=1"], "no option 'ftl'; did you mean 'ftol'"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_what_the_command_line_refuses(name, tmp_path):
    options, message = COMMANDS[name]
    np.savez(tmp_path / "d.npz", **DATA)
    done = CliRunner().invoke(
        cli, ["train", "f = w*x + b", "--data", str(tmp_path / "d.npz"), *options]
    )
    assert done.exit_code == 2 and message in done.output
