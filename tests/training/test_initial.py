"""Initial values: mappings, named tuples and files, in Python and on the command line."""

from collections import namedtuple

import numpy as np
import pytest
from click.testing import CliRunner

import symback as sb
from symback.cli.main import cli
from symback.errors import SymbackError
from symback.training import train_from_file

LINE = "f = w*x + b"
NETWORK = "x: input; y: target; W: param[h]; v: param[h]; f = dot(v, tanh(W*x))"
X = np.linspace(0, 2, 20)
DATA = {"x": X, "y": 3 * X + 1}


def started(text, initial, **settings):
    """The loss before training."""
    result = train_from_file(
        sb.circuit(text), DATA, initial=initial, epochs=1, validation=0, quiet=True, **settings
    )
    return result.history[0].loss


def loss_of_line(w, b):
    return np.mean((w * X + b - DATA["y"]) ** 2) / 2


GIVEN = {
    "mapping": {"w": 0.5, "b": 2},
    "in another order": {"b": 2, "w": 0.5},
    "NumPy numbers": {"w": np.float32(0.5), "b": np.array(2)},
    "Params": sb.circuit(LINE).compile().Params(0.5, 2.0),
    "Params of another order": sb.circuit(LINE, params=["b", "w"]).compile().Params(2.0, 0.5),
    "a named tuple": namedtuple("Start", "b w")(2, 0.5),
}


@pytest.mark.parametrize("name", GIVEN)
@pytest.mark.parametrize("optimiser", ["sgd", "adam", "lbfgs"])
def test_values_are_taken_by_name(name, optimiser):
    found = started(LINE, GIVEN[name], optimiser=optimiser)
    assert found == pytest.approx(loss_of_line(0.5, 2), rel=1e-13, abs=0)


def test_what_is_left_out_is_drawn():
    drawn = train_from_file(sb.circuit(LINE), DATA, epochs=1, learning_rate=1e-300, quiet=True)
    assert started(LINE, {"w": 0.5}) == pytest.approx(loss_of_line(0.5, drawn.params.b))
    assert started(LINE, {}) == pytest.approx(loss_of_line(*drawn.params))


def test_arrays_give_the_sizes_that_data_do_not():
    found = started(NETWORK, {"W": [0.5, 1], "v": [1, 2]})
    by_hand = np.tanh(0.5 * X) + 2 * np.tanh(X) - DATA["y"]
    assert found == pytest.approx(np.mean(by_hand**2) / 2, rel=1e-13, abs=0)
    assert np.isfinite(started(NETWORK, {"W": [0.5, 1, 3]}))


REFUSED = {
    "a name that is not there": ({"v": 1}, "'v' is not a parameter of the circuit; it has w, b"),
    "a text": ({"w": "a"}, "the initial value of 'w' is 'a'; give a number"),
    "a text of digits": ({"w": "1"}, "the initial value of 'w' is '1'; give a number"),
    "None": ({"w": None}, "the initial value of 'w' is None; give a number"),
    "a complex number": ({"w": 1j}, "the initial value of 'w' is 1j; give a number"),
    "a masked number": ({"w": np.ma.masked}, "the initial value of 'w' is masked"),
    "another shape": ({"w": [1, 2]}, "'w' has the shape [2]; the circuit and the data have []"),
    "ragged": ({"w": [[1], [1, 2]]}, "the initial value of 'w' is not an array of numbers"),
    "infinity": ({"w": np.inf}, "parameter 'w' is not finite before the first step; give finite"),
    "numbers without names": ([1, 2], "initial is list; give a mapping of names to numbers"),
    "a number": (1.5, "initial is float; give a mapping of names to numbers"),
    "no file": ("nothing.npz", "nothing.npz cannot be read: No such file"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_initial_values_refused(name):
    initial, message = REFUSED[name]
    with pytest.raises(SymbackError) as caught:
        started(LINE, initial)
    assert message in str(caught.value)


# -- the command line ------------------------------------------------------------------------------


@pytest.fixture
def command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = "\n".join(f"{x!r},{y!r}" for x, y in zip(*DATA.values(), strict=True))
    (tmp_path / "d.csv").write_text(f"x,y\n{lines}\n".replace("np.float64(", "").replace(")", ""))

    def run(*options, text=LINE):
        given = ["train", text, "--data", "d.csv", "--epochs", "1", "--validation", "0"]
        return CliRunner().invoke(cli, [*given, *options])

    return run


@pytest.mark.parametrize(
    "options",
    [
        ("--initial", "w=0.5,b=2"),
        ("--initial", "w=0.5", "--initial", "b=2"),
        ("--initial", "p.npz"),
    ],
)
def test_initial_values_on_the_command_line(command, options):
    np.savez("p.npz", w=0.5, b=2.0)
    done = command(*options)
    assert f"before training {loss_of_line(0.5, 2):.6g}" in done.output, done.output


def test_lists_on_the_command_line(command):
    done = command("--initial", "W=[0.5, 1],v=[1,2]", text=NETWORK)
    assert f"before training {started(NETWORK, {'W': [0.5, 1], 'v': [1, 2]}):.6g}" in done.output


@pytest.mark.parametrize(
    "given, message",
    [
        ("w=a", "'w=a' is not NAME=NUMBER"),
        ("w=1,w=2", "'w' is given twice"),
        ("z=1", "'z' is not a parameter of the circuit; it has w, b"),
        ("p.npz", "p.npz cannot be read"),
        ("b=1,w", "'b=1,w' is not NAME=NUMBER"),
    ],
)
def test_initial_values_refused_on_the_command_line(command, given, message):
    done = command("--initial", given)
    assert done.exit_code == 2 and message in done.output


# -- the order of parameters -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["f = w*x*z + b", "w: param; x: input; b: param; z: input; f = w*x*z + b"],
)
def test_params_and_inputs_have_the_order_that_is_given(text):
    circuit = sb.circuit(text, params=["b", "w"], inputs=["z", "x"])
    module = circuit.compile()
    assert module.Params._fields == ("b", "w") and module.Inputs._fields == ("z", "x", "y")
    assert sb.circuit(module.SOURCE) == circuit  # which the module's own text keeps
    x, z, w, b = (circuit[name].symbol for name in "xzwb")
    again = sb.Circuit.from_sympy(w * x * z + b, params=["b", "w"], inputs=["z", "x"])
    assert again.compile().Params._fields == ("b", "w")
    assert again.compile().Inputs._fields == ("z", "x", "y")
    assert train_from_file(
        circuit, {**DATA, "z": X}, initial={"w": 1, "b": 2}, epochs=1, quiet=True
    ).params._fields == ("b", "w")


def test_names_that_the_order_leaves_out_keep_their_places():
    circuit = sb.circuit("f = w1*x + w2*x**2 + w3*x**3", params=["w3", "w1"])
    assert circuit.compile().Params._fields == ("w3", "w2", "w1")
