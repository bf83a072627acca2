"""Descent with one parameter or two: paths against formulas by hand, and what the pictures show."""

import sys

import numpy as np
import pytest
from click.testing import CliRunner

import symback as sb
from symback.autodiff.updates import RULES
from symback.cli.main import cli
from symback.errors import DataError, SymbackError, UnknownName
from symback.training.loop import Diverged, TrainingError
from symback.training.results.descent import METHODS, Descent, descend, read_samples, summary
from symback.training.results.descent_plot import (
    LOOKS,
    contour_levels,
    descent_picture,
    loss_picture,
    window,
)

N = 60
NEURON = "f = x1 − σ(w3x3 + w4x4)"
START = {"w3": -1.0, "w4": 2.5}
RUN = {"start": START, "learning_rate": 2.0, "steps": 25}


@pytest.fixture(scope="module")
def circuit():
    return sb.circuit(NEURON)


@pytest.fixture(scope="module")
def columns():
    rng = np.random.default_rng(3)
    x1, x3, x4 = rng.normal(size=(3, N))
    y = x1 - 1 / (1 + np.exp(-(2.0 * x3 + 0.8 * x4))) + 0.02 * rng.normal(size=N)
    return {"x1": x1, "x3": x3, "x4": x4, "y": y}


@pytest.fixture(scope="module")
def paths(circuit, columns):
    return {path.method: path for path in descend(circuit, columns, **RUN)}


@pytest.fixture
def file(tmp_path, columns):
    path = tmp_path / "table.csv"
    np.savetxt(path, np.column_stack(list(columns.values())), delimiter=",", comments="",
               header=",".join(columns), fmt="%.17g")  # fmt: skip
    return path


def errors(columns, theta, rows=slice(None)):
    """f − y and σ at θ, as the lecture writes them."""
    x1, x3, x4, y = (columns[name][rows] for name in ("x1", "x3", "x4", "y"))
    sigma = 1 / (1 + np.exp(-(theta[0] * x3 + theta[1] * x4)))
    return x1 - sigma - y, sigma, np.array([x3, x4])


def step(columns, theta, eta, rows=slice(None)):
    """θ − η (1/b) Σ (f − y)·(−σ(1 − σ)·x)"""
    error, sigma, x = errors(columns, theta, rows)
    return theta - eta * np.mean(-error * sigma * (1 - sigma) * x, axis=1)


def mean_loss(columns, theta):
    return np.mean(errors(columns, theta)[0] ** 2) / 2


# -- paths -----------------------------------------------------------------------------------------


def test_gradient_descent_is_that_of_the_lecture(columns, paths):
    theta, expected = np.array([-1.0, 2.5]), []
    for _ in range(26):
        expected.append(theta)
        theta = step(columns, theta, 2.0)
    path = paths["gd"]
    np.testing.assert_allclose(path.points, expected, rtol=1e-12)
    np.testing.assert_allclose(path.losses, [mean_loss(columns, t) for t in expected], rtol=1e-12)
    assert (path.batch_size, path.names) == (N, ("w3", "w4"))
    assert path.losses[-1] < path.losses[0] / 3


@pytest.mark.parametrize("method, b", [("sgd", 1), ("minibatch", 7)])
def test_the_others_take_shuffled_batches(columns, paths, method, b):
    order, theta, expected = np.random.default_rng(0).permutation(N), np.array([-1.0, 2.5]), []
    assert paths[method].batch_size == b
    for start in range(0, min(25 * b, N), b):  # the first epoch, its last batch smaller
        expected.append(theta)
        theta = step(columns, theta, 2.0, order[start : start + b])
    points = paths[method].points
    assert points.shape == (26, 2)
    np.testing.assert_allclose(points[: len(expected)], expected, rtol=1e-10)


MOVES = {  # the step against g in step t, and what is kept: by hand, from the papers
    "momentum": lambda g, m, v, t: (0.9 * m + g, 0.9 * m + g, v),
    "nesterov": lambda g, m, v, t: (g + 0.9 * (0.9 * m + g), 0.9 * m + g, v),
    "adagrad": lambda g, m, v, t: (g / (np.sqrt(v + g * g) + 1e-10), m, v + g * g),
    "rmsprop": lambda g, m, v, t: (
        g / (np.sqrt(0.9 * v + 0.1 * g * g) + 1e-8), m, 0.9 * v + 0.1 * g * g,
    ),
    "adam": lambda g, m, v, t: (
        (0.9 * m + 0.1 * g) / (1 - 0.9**t)
        / (np.sqrt((0.999 * v + 0.001 * g * g) / (1 - 0.999**t)) + 1e-8),
        0.9 * m + 0.1 * g,
        0.999 * v + 0.001 * g * g,
    ),
}  # fmt: skip


@pytest.mark.parametrize("method", MOVES)
@pytest.mark.parametrize("rate", [0.5, lambda t: 0.5 / (1 + t)], ids=["constant", "falling"])
def test_other_optimisers_take_all_rows(circuit, columns, method, rate):
    settings = {**RUN, "learning_rate": rate, "methods": [method], "steps": 20}
    (path,) = descend(circuit, columns, **settings)
    theta, m, v, expected = np.array([-1.0, 2.5]), np.zeros(2), np.zeros(2), []
    for t in range(20):
        expected.append(theta)
        g = theta - step(columns, theta, 1.0)
        moved, m, v = MOVES[method](g, m, v, t + 1)
        theta = theta - (rate(t) if callable(rate) else rate) * moved
    np.testing.assert_allclose(path.points, [*expected, theta], rtol=1e-9)
    assert path.batch_size == N and path.losses[-1] < path.losses[0]


def test_every_rule_is_a_method_with_a_look_of_its_own(circuit, columns):
    """AdamW is Adam and its decay: without it both are the same."""
    assert set(METHODS) == {"gd", "minibatch", *RULES} == set(LOOKS)
    for look in ("colour", "line", "marker"):
        assert len({getattr(each, look) for each in LOOKS.values()}) == len(METHODS)
    both = descend(circuit, columns, **RUN | {"learning_rate": 0.1}, methods=["adam", "adamw"])
    adam, adamw = (path.points[1] for path in both)
    np.testing.assert_allclose(adam - adamw, 0.1 * 0.01 * np.array([-1.0, 2.5]), rtol=1e-9)


def test_a_rate_may_change_with_the_step(circuit, columns):
    settings = {**RUN, "learning_rate": lambda t: 2.0 / (1 + t), "methods": ["gd"], "steps": 3}
    (path,) = descend(circuit, columns, **settings)
    theta = np.array([-1.0, 2.5])
    for t in range(3):
        theta = step(columns, theta, 2.0 / (1 + t))
    np.testing.assert_allclose(path.points[-1], theta, rtol=1e-12)


def test_the_same_paths_again_and_others_for_another_seed(circuit, columns, paths):
    (again,) = descend(circuit, columns, **RUN, methods=["sgd"])
    (other,) = descend(circuit, columns, **RUN, methods=["sgd"], seed=1)
    assert (again.points == paths["sgd"].points).all()
    assert (other.points != paths["sgd"].points).any()


def test_batches_are_an_eighth_of_few_rows_and_128_of_many(circuit, columns):
    many = {name: np.tile(column, 40) for name, column in columns.items()}
    for data, expected in ((columns, 7), (many, 128)):
        (path,) = descend(circuit, data, start=START, steps=1, methods=["minibatch"])
        assert path.batch_size == expected


def test_a_start_left_out_is_that_of_the_circuit(columns):
    declared = sb.circuit("w3: param = 2; w4: param = 0.8; x1: input; x3: input; x4: input; "
                          "f = x1 - sigma(w3*x3 + w4*x4)")  # fmt: skip
    (path,) = descend(declared, columns, start={"w4": 1.5}, steps=1, methods=["gd"])
    assert path.points[0].tolist() == [2.0, 1.5]


def test_inputs_may_be_arrays():
    circuit = sb.circuit("x: input[3]; t: target; a: param = 1; b: param = 0\n"
                         "f = a*sum(x) + b\nl: loss = (f - t)**2/2")  # fmt: skip
    x = np.random.default_rng(0).normal(size=(20, 3))
    (path,) = descend(circuit, {"x": x, "t": 2 * x.sum(axis=1) - 1}, methods=["gd"], steps=200)
    np.testing.assert_allclose(path.points[-1], [2, -1], atol=0.01)
    assert path.batch_size == 20
    with pytest.raises(DataError, match="'x'"):
        descend(circuit, {"x": x[:, :2], "t": x[:, 0]})
    with pytest.raises(DataError, match="no column 't'"):
        descend(circuit, {"x": x})


def test_summary_says_where_each_arrived(paths):
    lines = summary(list(paths.values())).splitlines()
    assert lines[0].startswith("gradient descent, b = 60  25 steps  loss ")
    assert "b = 1 " in lines[1] and "w4 = " in lines[2]


# -- errors ----------------------------------------------------------------------------------------

REFUSED = {
    "three parameters": ("f = w1*x1 + w2*x2 + b", {}, SymbackError, r"3 parameters: w1, w2, b; .*"),
    "no parameter": ("x: input; f = x; y: target; l: loss = (f-y)**2", {}, SymbackError, "has 0 p"),
    "array": ("x: input[2]; w: param[2]; b: param; f = dot(w, x) + b", {}, SymbackError, "array"),
    "method": (NEURON, {"methods": ["lbfgs"]}, TrainingError, "no method 'lbfgs'; choose from gd"),
    "no method": (NEURON, {"methods": []}, TrainingError, "no method is named"),
    "start": (NEURON, {"start": {"w33": 1.0}}, UnknownName, "did you mean 'w3'"),
    "no start": (NEURON, {"start": {"w3": float("nan")}}, TrainingError, "must be a finite number"),
    "steps": (NEURON, {"steps": 0}, TrainingError, "steps is 0"),
    "rate": (NEURON, {"learning_rate": -1.0}, TrainingError, "learning_rate is -1"),
    "batch": (NEURON, {"batch_size": 61}, TrainingError, "61, but there are 60 rows"),
    "no batch": (NEURON, {"batch_size": 0}, TrainingError, "batch_size is 0"),
    "seed": (NEURON, {"seed": -1}, TrainingError, "seed is -1"),
}


@pytest.mark.parametrize("text, settings, kind, message", REFUSED.values(), ids=REFUSED)
def test_what_cannot_descend_is_a_message(columns, text, settings, kind, message):
    with pytest.raises(kind, match=message):
        descend(sb.circuit(text), columns, **settings)


def test_a_circuit_without_loss_is_a_message(columns):
    with pytest.raises(SymbackError, match="has no loss to descend; declare one"):
        descend(sb.circuit(NEURON, loss=None), columns)


def test_columns_that_are_missing_are_named(circuit, columns):
    with pytest.raises(DataError, match="'y'"):
        descend(circuit, {name: columns[name] for name in ("x1", "x3", "x4")})


def test_divergence_is_a_message_that_names_the_step():
    line, x = sb.circuit("f = w*x + b"), np.arange(1.0, 21.0)
    with pytest.raises(Diverged, match=r"left the finite numbers in step \d+; use a smaller .* 9"):
        descend(line, {"x": x, "y": x}, learning_rate=9.0, steps=400)
    root = sb.circuit("x: input; a: param; b: param; f = log(a)*x + b")
    with pytest.raises(Diverged, match="at the start; choose another start"):
        descend(root, {"x": x, "y": x}, start={"a": -1.0, "b": 0.0})


def test_without_matplotlib_a_message_names_the_extra(circuit, columns, paths, monkeypatch):
    for name in [n for n in sys.modules if n.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(SymbackError, match=r"need matplotlib: pip install 'symback\[plots\]'"):
        descent_picture(circuit, columns, **RUN)
    with pytest.raises(SymbackError, match="matplotlib"):
        loss_picture(list(paths.values()))


# -- pictures --------------------------------------------------------------------------------------


def lines_of(axes):
    return {line.get_label(): line for line in axes.lines if not line.get_label().startswith("_")}


def test_one_parameter_descends_on_its_curve():
    """E(w) = mean (w·x − y)²/2: a step maps d, how far the minimum is, to d·(1 − η·mean x²)."""
    x = np.array([1.0, 2.0, 3.0])
    y = np.array([2.5, 3.5, 6.5])
    line = sb.circuit("f = w*x; l: loss = (f - y)**2/2")
    settings = {"start": {"w": -1.0}, "learning_rate": 0.05, "steps": 12}
    (path,) = descend(line, {"x": x, "y": y}, methods=["gd"], **settings)
    least, shrinks = (x @ y) / (x @ x), 1 - 0.05 * np.mean(x**2)
    wanted = least + (-1.0 - least) * shrinks ** np.arange(13)
    np.testing.assert_allclose(path.points[:, 0], wanted, rtol=1e-12)
    figure = descent_picture(line, {"x": x, "y": y}, methods=["gd"], **settings)
    (axes,) = figure.axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("w", "mean loss")
    drawn = lines_of(axes)[path.title].get_xydata()
    np.testing.assert_allclose(drawn, np.column_stack([wanted, path.losses]), rtol=1e-12)
    w, loss = axes.lines[0].get_xydata().T
    np.testing.assert_allclose(loss, [np.mean((v * x - y) ** 2) / 2 for v in w], rtol=1e-12)


def test_a_loss_of_parameters_alone_needs_no_data(tmp_path):
    """E(w) = 2(w − 1)²: a step maps w − 1 to (1 − 4η)·(w − 1), here −0.6 of it."""
    bowl = sb.circuit("E: loss = 2*(w - 1)**2")
    settings = {"start": {"w": 3.0}, "learning_rate": 0.4, "steps": 8}
    for method in ("gd", "sgd", "minibatch"):
        (path,) = descend(bowl, {}, methods=[method], **settings)
        np.testing.assert_allclose(path.points[:, 0], 1 + 2 * (-0.6) ** np.arange(9), rtol=1e-12)
    (axes,) = descent_picture(bowl, {}, **settings).axes
    assert (
        axes.get_ylabel() == "loss" and axes.get_title() == "Loss and 8 steps of descent, η = 0.4"
    )
    file = tmp_path / "bowl.svg"
    given = ["descend", bowl.source, "--start", "w=3", "--learning-rate", "0.4", "-o", str(file)]
    done = CliRunner().invoke(cli, given)
    assert done.exit_code == 0 and file.exists(), done.output
    assert "gradient descent  100 steps" in done.output and "stochastic" not in done.output
    refused = CliRunner().invoke(cli, ["descend", "f = w*x"])
    assert refused.exit_code == 2 and "reads x, y; name a file with --data" in refused.output


def test_levels_are_in_equal_ratios():
    bowl = np.add.outer(np.linspace(-1, 1, 41) ** 2, np.linspace(-1, 1, 41) ** 2)
    for height in (1e-3, 5.0, -7.0):  # of the loss itself, then of what it has above the least
        levels = contour_levels(bowl + height)
        excess = levels - (0 if height == 1e-3 else height)
        assert len(levels) == 12
        ratios = excess[1:] / excess[:-1]
        assert np.ptp(np.log(ratios)) < 0.5 * np.log(ratios).mean()
    assert not contour_levels(np.ones((5, 5))).size
    assert not contour_levels(np.full((5, 5), np.nan)).size


def test_the_window_holds_the_paths_and_is_not_a_sliver():
    points = np.array([[0.0, 5.0], [8.0, 5.0]])
    (left, right), (low, high) = window(points)
    assert left < 0 and right > 8
    assert 4 * (high - low) == pytest.approx(right - left) and low < 5 < high


def test_the_picture_shows_surface_paths_start_and_ends(circuit, columns, paths):
    pytest.importorskip("matplotlib")
    figure = descent_picture(circuit, columns, **RUN)
    (axes,) = figure.axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("w3", "w4")
    assert "η = 2" in axes.get_title() and "60 samples" in axes.get_title()
    lines = lines_of(axes)
    for path in paths.values():
        line = lines[path.title]
        assert (line.get_xydata() == path.points).all()
        (end,) = (e for e in axes.lines if e.get_label()[0] == "_"
                  and e.get_marker() == line.get_marker())  # fmt: skip
        assert (end.get_xydata() == path.points[-1]).all()
    drawn = [lines[path.title] for path in paths.values()]
    for look in ("get_color", "get_linestyle", "get_marker"):
        assert len({getattr(line, look)() for line in drawn}) == 3
    assert lines["start"].get_xydata().tolist() == [[-1.0, 2.5]]
    assert len(axes.texts) >= 4  # losses on contours
    entries = [text.get_text() for text in figure.legends[0].get_texts()]
    assert entries == ["gradient descent, b = 60", "mini-batch, b = 7", "stochastic, b = 1",
                       "start", "end (black edge)"]  # fmt: skip


def test_a_legend_of_all_methods_stays_inside_the_picture(circuit, columns):
    pytest.importorskip("matplotlib")
    run = {**RUN, "learning_rate": 0.1, "steps": 3}
    for methods in (["gd"], list(METHODS)):
        figure = descent_picture(circuit, columns, **run, methods=methods)
        figure.draw_without_rendering()
        legend = figure.legends[0].get_window_extent()
        assert legend.x0 >= 0 and legend.x1 <= figure.bbox.width


def test_contours_are_those_of_the_mean_loss(circuit, columns):
    pytest.importorskip("matplotlib")
    (axes,) = descent_picture(circuit, columns, **RUN).axes
    contours = axes.collections[1]
    checked = 0
    for level, segments in zip(contours.levels, contours.allsegs, strict=True):
        for theta in np.concatenate([*segments, np.empty((0, 2))])[::10]:
            assert mean_loss(columns, theta) == pytest.approx(level, rel=0.05)
            checked += 1
    assert checked > 50


def test_a_picture_where_part_of_the_plane_has_no_loss():
    pytest.importorskip("matplotlib")
    circuit = sb.circuit("x: input; a: param; b: param; f = sqrt(a)*x + b")
    x = np.linspace(-1, 1, 20)
    run = {"start": {"a": 0.1, "b": 1.0}, "steps": 20}
    assert descent_picture(circuit, {"x": x, "y": x}, **run).axes[0].collections
    flat = {"x": 0 * x, "y": 0 * x}  # no contour at all
    still = {"start": {"a": 1.0, "b": 0.0}, "steps": 2, "methods": ["gd"]}
    assert descent_picture(circuit, flat, **still)


def test_losses_of_all_steps(paths):
    pytest.importorskip("matplotlib")
    (axes,) = loss_picture(list(paths.values())).axes
    assert axes.get_yscale() == "log"
    for path in paths.values():
        assert (lines_of(axes)[path.title].get_ydata() == path.losses).all()
    below_zero = Descent("gd", 1, ("a", "b"), np.zeros((2, 2)), np.array([1.0, -1.0]))
    assert loss_picture([below_zero]).axes[0].get_yscale() == "linear"
    with pytest.raises(TrainingError, match="no path"):
        loss_picture([])


@pytest.mark.parametrize("suffix", [".svg", ".png"])
def test_files_have_the_same_bytes_at_every_run(circuit, columns, paths, tmp_path, suffix):
    pytest.importorskip("matplotlib")
    one, two, losses = (tmp_path / f"{name}{suffix}" for name in ("one", "two", "losses"))
    for path in (one, two):
        descent_picture(circuit, columns, **RUN, save=path)
    assert one.read_bytes() == two.read_bytes()
    loss_picture(list(paths.values()), save=losses)
    assert losses.read_bytes()[:5] == (b"<?xml" if suffix == ".svg" else b"\x89PNG\r")
    assert b"dc:date" not in one.read_bytes()


def test_a_file_of_another_kind_is_refused_before_the_run(circuit, columns, tmp_path):
    with pytest.raises(SymbackError, match=r"ends in \.svg, \.png or \.pdf"):
        descent_picture(circuit, columns, save=tmp_path / "descent.jpg")


# -- command line ----------------------------------------------------------------------------------


def test_samples_of_a_file(circuit, columns, file):
    read = read_samples(circuit, file, {"y": "x1"})
    assert (read["y"] == columns["x1"]).all() and set(read) == set(columns)
    with pytest.raises(DataError, match="'x' is an array"):
        read_samples(sb.circuit("x: input[2]; a: param; f = a*sum(x)"), file)


def test_command_line(file, tmp_path, paths):
    command = ["descend", NEURON, "--data", str(file), "--start", "w3=-1", "--start", "w4=2.5"]
    command += ["--learning-rate", "2", "--steps", "25"]
    plain = CliRunner().invoke(cli, command)
    assert plain.exit_code == 0, plain.output
    assert plain.stdout == summary(list(paths.values())) + "\n"
    two = CliRunner().invoke(cli, [*command, "--method", "rmsprop", "--method", "gd"]).stdout
    assert two.splitlines()[0].startswith("RMSProp, b = 60 ") and len(two.splitlines()) == 2
    refused = CliRunner().invoke(cli, [*command, "--start", "w3=x"])
    assert refused.exit_code == 2 and "--start" in refused.output
    pytest.importorskip("matplotlib")
    picture, losses = tmp_path / "descent.svg", tmp_path / "losses.png"
    more = ["--batch-size", "5", "-o", str(picture), "--losses", str(losses)]
    run = CliRunner().invoke(cli, [*command, *more])
    assert run.exit_code == 0 and "mini-batch, b = 5" in run.stdout
    assert f"wrote {picture}" in run.stderr
    assert picture.read_text().startswith("<?xml") and losses.exists()
