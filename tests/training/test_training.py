"""Training: against gradient descent by hand, and everything around the steps."""

from __future__ import annotations

import io
import json
import re
import types
from collections import namedtuple
from dataclasses import replace
from decimal import Decimal, localcontext
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import r2_score

import symback as sb
from symback.errors import DataError, FileRefused
from symback.training import run, summary, train_from_file
from symback.training.checkpoint import CHECKPOINT
from symback.training.feed.batches import DRAW, SHUFFLE, BatchPlan, shards, stream
from symback.training.feed.scaling import Moments, scalings_of
from symback.training.loop import Diverged, Settings, TrainingError, train
from symback.training.progress import Progress, ProgressLines, progress_on
from symback.training.results.files import FILES, check_folder, write_result
from tests.cases import hand_made as module
from tests.cases.tables import read_table

N = 200


@pytest.fixture
def columns():
    rng = np.random.default_rng(5)
    x = rng.normal(3.0, 2.0, N)
    return {"x": x, "y": (x + rng.normal(size=N) > 3.0).astype(float)}


@pytest.fixture
def circuit(monkeypatch):
    """A circuit whose module is made by hand."""
    monkeypatch.setattr(run, "compile_module", lambda *_, **__: module)
    return sb.circuit("y: target\nz: output = w*x + b\nE: loss = log(1 + exp(z)) - y*z")


@pytest.fixture
def file(tmp_path, columns):
    path = tmp_path / "table.csv"
    rows = "\n".join(
        f"{x!r},{y:g}" for x, y in zip(columns["x"].tolist(), columns["y"], strict=True)
    )
    path.write_text(f"x,y\n{rows}\n")
    return path


def descent_by_hand(x, y, w, b, rate, steps):
    """θ ← θ - η ∇E(θ) for the negative log likelihood of a logistic neuron, all rows a step."""
    losses = []
    for _ in range(steps):
        p = 1.0 / (1.0 + np.exp(-(w * x + b)))
        losses.append(-np.mean(np.where(y == 1, np.log(p), np.log1p(-p))))
        w, b = w - rate * ((p - y) @ x) / len(x), b - rate * (p - y).sum() / len(x)
    return w, b, losses


def test_full_batches_are_gradient_descent_by_hand(columns):
    start = module.Params(0.3, -0.2)
    settings = Settings(epochs=30, batch_size=N, learning_rate=0.05, validation=0)
    result = train(module, columns, settings, initial=start)
    w, b, losses = descent_by_hand(columns["x"], columns["y"], 0.3, -0.2, 0.05, 30)
    np.testing.assert_allclose(result.params, (w, b), rtol=1e-12)
    np.testing.assert_allclose([r.loss for r in result.history[:-1]], losses, rtol=1e-12)
    assert [r.step for r in result.history] == list(range(31))
    assert {r.validation_loss for r in result.history} == {None}


def test_epochs_are_calls_of_sgd_with_their_own_streams(columns):
    settings = Settings(epochs=4, batch_size=32, learning_rate=0.1, validation=0.25, seed=9)
    result = train(module, columns, settings)
    kept, _ = parted(columns, BatchPlan(9, 0.25))
    params = module.init_params(stream(9, DRAW))
    for epoch in range(4):
        params, _ = module.sgd(
            params,
            module.Inputs(columns["x"][kept], columns["y"][kept]),
            learning_rate=0.1,
            epochs=1,
            batch_size=32,
            rng=stream(9, SHUFFLE, 0, epoch),
        )
    np.testing.assert_allclose(result.params, params, rtol=1e-13)


def test_learning_rate_sees_the_step_of_the_run(columns):
    seen = []

    def rate(t):
        seen.append(t)
        return 0.1 / (1 + t)

    train(module, columns, Settings(3, 64, rate, validation=0.25))
    assert seen == list(range(9))  # 150 rows: three batches an epoch


def test_history_is_the_loss_over_each_whole_part(columns):
    settings = Settings(epochs=5, batch_size=7, learning_rate=0.1, validation=0.3, seed=2)
    result = train(module, columns, settings)
    kept, held = parted(columns, BatchPlan(2, 0.3))
    for rows, loss in ((kept, result.history[-1].loss), (held, result.history[-1].validation_loss)):
        part = module.Inputs(columns["x"][rows], columns["y"][rows])
        assert loss == module.value_and_grad(result.params, part)[0]
    assert [(r.epoch, r.step) for r in result.history] == [(e, 20 * e) for e in range(6)]
    assert result.rows == (140, 60)


def test_seed_decides_all_and_what_was_passed_in_stays(columns):
    before = {name: column.copy() for name, column in columns.items()}
    settings = Settings(epochs=2, batch_size=16, standardise=True, seed=1)
    first, again = (train(module, columns, settings) for _ in range(2))
    other = train(module, columns, Settings(epochs=2, batch_size=16, standardise=True, seed=2))
    assert first.params == again.params
    assert first.params != other.params
    assert all((columns[name] == before[name]).all() for name in columns)


# ---- the samples


class HeldRows:
    """A feed of columns in memory, as a shard reads one."""

    def __init__(self, **columns):
        self.columns = columns
        self.rows = len(next(iter(columns.values())))
        self.bytes_per_row = sum(column[:1].nbytes for column in columns.values())

    def read(self, start, stop):
        return {name: column[start:stop] for name, column in self.columns.items()}


def parted(columns, plan):
    """The rows that a run trains on and those that it holds out, in the order of the data."""
    (shard,) = shards(HeldRows(**columns, row=np.arange(len(columns["x"]))), 1, plan)
    (split,) = shard.parts()
    return split.training["row"], split.held_out["row"]


@settings(deadline=None, derandomize=True)
@given(st.integers(1, 300), st.floats(0, 0.99), st.integers(0, 2**40))
def test_split_parts_the_rows(n, share, seed):
    try:
        kept, held = parted({"x": np.zeros(n)}, BatchPlan(seed, share))
    except DataError:
        assert round(share * n) in (0, n)
        return
    assert sorted([*kept, *held]) == list(range(n))
    assert len(held) == round(share * n)
    assert len(kept) >= 1


def test_split_shuffles_and_is_seeded():
    column = {"x": np.zeros(1000)}
    parts = [parted(column, BatchPlan(seed, 0.25))[1].tolist() for seed in (1, 1, 2)]
    assert parts[0] == parts[1] != parts[2]
    assert parts[0] == sorted(parts[0])
    assert 350 < np.mean(parts[0]) < 650


def test_share_that_empties_a_part_is_refused():
    with pytest.raises(DataError, match=r"share of 0\.1 holds out none of 3 rows; raise it"):
        parted({"x": np.zeros(3)}, BatchPlan(0, 0.1))
    with pytest.raises(DataError, match=r"share of 0\.9 leaves none of 3 rows to train on"):
        parted({"x": np.zeros(3)}, BatchPlan(0, 0.9))
    assert [part.tolist() for part in parted({"x": np.zeros(1)}, BatchPlan(0, 0))] == [[0], []]


def test_standardisation_knows_only_the_training_part(columns):
    kept, held = parted(columns, BatchPlan(4, 0.25))
    result = train(module, columns, Settings(1, validation=0.25, standardise=True, seed=4))
    mean, scale = columns["x"][kept].mean(), columns["x"][kept].std()
    assert result.scalings["x"].mean == pytest.approx(mean, rel=1e-14, abs=0)
    assert result.scalings["x"].scale == pytest.approx(scale, rel=1e-14, abs=0)
    (shard,) = shards(HeldRows(**columns), 1, BatchPlan(4, 0.25, 128, result.scalings))
    (split,) = shard.parts()
    np.testing.assert_allclose(split.training["x"], (columns["x"][kept] - mean) / scale)
    np.testing.assert_allclose(split.held_out["x"], (columns["x"][held] - mean) / scale)
    assert abs(split.held_out["x"].mean()) > 1e-6
    assert (split.training["y"] == columns["y"][kept]).all()
    assert set(result.scalings) == {"x"}


@pytest.mark.parametrize("value", [0.0, 0.1, -3e300, 5e-324])
def test_constant_input_is_named(value):
    with pytest.raises(DataError, match="'x' is constant"):
        scalings_of({"x": Moments.of(np.full(7, value))})


FLOATS = arrays(
    np.float64,
    st.integers(2, 30),
    elements=st.floats(allow_nan=False, allow_infinity=False),
    unique=True,
)


@settings(deadline=None, derandomize=True)
@given(FLOATS)
def test_standardised_columns_have_mean_0_and_deviation_1(column):
    try:
        scaling = scalings_of({"x": Moments.of(column)})[0]["x"]
    except DataError:
        assert np.ptp(column / 2) < 1e-300  # a scale so small that 1/scale overflows
        return
    with np.errstate(over="ignore", under="ignore"):
        spread = np.abs(column - scaling.mean).max()
        scaled = scaling(column)
    if np.isfinite(spread) and scaling.scale > 1e-300 and spread > 1e-6 * abs(scaling.mean):
        assert abs(scaled.mean()) < 1e-6
        assert abs(scaled.std() - 1) < 1e-6


@settings(deadline=None, derandomize=True)
@given(FLOATS, st.integers(1, 29))
def test_moments_of_parts_add_up_to_those_of_the_whole(column, cut):
    """Against exact arithmetic, for numbers of any size."""
    if cut >= len(column):
        return
    added = Moments.of(column[:cut]) + Moments.of(column[cut:])
    exact = [Fraction(number) for number in column.tolist()]
    mean = sum(exact) / len(exact)
    variance = sum((number - mean) ** 2 for number in exact) / len(exact)
    largest = max(abs(number) for number in exact)
    assert added.n == len(column)
    assert abs(Fraction(float(added.mean)) - mean) <= Fraction(1e-14) * largest + Fraction(1e-322)
    with localcontext() as context:
        context.prec = 60
        deviation = (Decimal(variance.numerator) / Decimal(variance.denominator)).sqrt()
        error = abs(Decimal(float(added.deviation)) - deviation)
        assert error <= Decimal("1e-13") * Decimal(float(largest)) + Decimal("1e-320")


def test_constant_entries_of_an_array_are_centred_and_that_is_said():
    pixels = np.stack([np.full(9, 3.0), np.arange(9.0)], axis=1)
    scalings, notes = scalings_of({"x": Moments.of(pixels)})
    scaled = scalings["x"](pixels)
    assert (scaled[:, 0] == 0).all() and scaled[:, 1].std() == pytest.approx(1)
    assert notes == [
        "1 of 2 entries of x are constant in the training rows; they are centred and not scaled"
    ]


COLUMNS_REFUSED = {
    "missing": ({"x": [1.0]}, "no column 'y'"),
    "near": ({"x": [1.0], "yy": [1.0]}, "no column 'y'.*'yy'"),
    "text": ({"x": ["a"], "y": [1.0]}, "'x'.*numbers"),
    "two axes": ({"x": [[1.0]], "y": [1.0]}, "'x'"),
    "empty": ({"x": [], "y": []}, "no rows"),
    "lengths": ({"x": [1.0, 2.0], "y": [1.0]}, "'y' has 1 row.*'x' has 2"),
    "nan": ({"x": [1.0, np.nan], "y": [1.0, 2.0]}, "row 2, column 'x'.*nan is not finite"),
}


@pytest.mark.parametrize("case", COLUMNS_REFUSED)
def test_columns_refused(case):
    columns, message = COLUMNS_REFUSED[case]
    with pytest.raises(DataError, match=message):
        train(module, columns, Settings(validation=0))


# ---- settings, divergence, interruption

SETTINGS_REFUSED = {
    "epochs": [0, -1, 1.5, True],
    "batch_size": [0, -1, 2.0],
    "seed": [-1, 0.5],
    "learning_rate": [0, -0.1, float("nan"), float("inf"), "0.1"],
    "validation": [-0.1, 1, 1.5, float("nan"), "0.1"],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, all_ in SETTINGS_REFUSED.items() for value in all_]
)
def test_setting_is_refused_by_name(name, value):
    with pytest.raises(TrainingError, match=name):
        Settings(**{name: value})


def test_divergence_names_the_step_and_the_way_out():
    rng = np.random.default_rng(0)
    columns = {"x": 1e200 * rng.normal(size=50), "y": np.ones(50)}
    settings = Settings(epochs=3, batch_size=10, learning_rate=1e200, validation=0)
    with pytest.raises(Diverged) as caught:
        train(module, columns, settings)
    assert re.search(r"not finite after step \d+: training diverged", str(caught.value))
    assert "smaller learning rate than 1e+200, or standardise" in str(caught.value)
    assert len(str(caught.value)) <= 200


def test_loss_that_rose_is_said(columns):
    rose = train(module, columns, Settings(epochs=1, learning_rate=1e4, validation=0))
    assert rose.history[-1].loss > rose.history[0].loss
    assert rose.notes[0].startswith("the loss rose from ")
    assert rose.notes[0].endswith(
        "; use a smaller learning rate than 10000, or standardise the inputs"
    )
    assert train(module, columns, Settings(epochs=1, learning_rate=0.01)).notes == ()


def test_divergence_stops_at_the_first_bad_step(columns):
    losses = []

    def value_and_grad(params, inputs):
        loss, grad = module.value_and_grad(params, inputs)
        if len(inputs.x) == 50:  # a batch
            losses.append(loss if len(losses) < 5 else float("nan"))
            return losses[-1], grad
        return loss, grad

    spoiled = types.SimpleNamespace(**{**vars(module), "value_and_grad": value_and_grad})
    with pytest.raises(Diverged, match="the loss is not finite after step 5") as caught:
        train(spoiled, columns, Settings(epochs=9, batch_size=50, validation=0))
    assert np.isfinite(losses[:5]).all()
    good = train(module, columns, Settings(epochs=1, batch_size=50, validation=0))
    assert caught.value.result.params == good.params  # of step 4, the last whose loss was finite


def test_loss_that_is_not_finite_from_the_start(columns):
    with pytest.raises(Diverged, match="'w' is not finite before the first step"):
        train(module, columns, initial=module.Params(float("inf"), 0.0))


def test_parameter_that_is_not_finite_under_a_finite_loss(columns):
    flat = types.SimpleNamespace(
        **{**vars(module), "value_and_grad": lambda params, _: (1.0, params)}
    )
    with pytest.raises(Diverged, match="'b' is not finite before the first step"):
        train(flat, columns, initial=module.Params(0.0, float("nan")))


def test_validation_loss_that_is_not_finite(columns):
    def value_and_grad(params, inputs):
        return (float("inf") if len(inputs.x) == 50 else 1.0), params

    bad = types.SimpleNamespace(**{**vars(module), "value_and_grad": value_and_grad})
    with pytest.raises(Diverged, match="the validation loss is not finite"):
        train(bad, columns, Settings(validation=0.25))


class Interrupting(Progress):
    """Ctrl-C after so many steps."""

    def __init__(self, after):
        self.after, self.stopped = after, False

    def step(self, step, loss):
        if step == self.after:
            raise KeyboardInterrupt

    def stop(self):
        self.stopped = True


def test_interrupt_keeps_what_was_learned(columns):
    settings = Settings(epochs=10, batch_size=40, validation=0, seed=3)
    progress = Interrupting(after=12)
    result = train(module, columns, settings, progress=progress)
    params = module.init_params(stream(3, DRAW))
    for epoch, steps in ((0, 5), (1, 5), (2, 2)):
        order = stream(3, SHUFFLE, 0, epoch).permutation(N)[: 40 * steps]
        inputs = module.Inputs(columns["x"][order], columns["y"][order])
        params, _ = module.sgd(params, inputs, learning_rate=0.1, batch_size=40)
    assert result.interrupted
    assert progress.stopped
    np.testing.assert_allclose(result.params, params, rtol=1e-13)
    assert [(r.epoch, r.step) for r in result.history] == [(0, 0), (1, 5), (2, 10), (2, 12)]
    assert "interrupted in epoch 3" in summary(result)


def test_module_without_parameters_or_inputs_is_refused(columns):
    bare = types.SimpleNamespace(_fields=(), _field_defaults={})
    no_params = types.SimpleNamespace(Params=bare, Inputs=module.Inputs)
    with pytest.raises(TrainingError, match="no parameters"):
        train(no_params, columns)
    no_inputs = types.SimpleNamespace(Params=module.Params, Inputs=bare)
    with pytest.raises(DataError, match="no inputs"):
        train(no_inputs, columns)


# ---- accuracy


def test_accuracy_of_a_binary_target(columns):
    result = train(module, columns, Settings(epochs=5, validation=0.25, seed=1))
    for rows, accuracy in zip(
        parted(columns, BatchPlan(1, 0.25)),
        (result.accuracy, result.validation_accuracy),
        strict=True,
    ):
        right = sum(
            (result.params.w * columns["x"][r] + result.params.b >= 0) == columns["y"][r]
            for r in rows
        )
        assert accuracy == right / len(rows)


def test_no_accuracy_where_target_or_output_is_not_a_probability(columns):
    settings = Settings(epochs=1)
    halves = train(module, {**columns, "y": columns["y"] / 2}, settings)
    assert (halves.accuracy, halves.validation_accuracy) == (None, None)

    def forward(params, inputs):
        return params.w * inputs.x + params.b + 2, ()

    linear = types.SimpleNamespace(**{**vars(module), "forward": forward})
    assert train(linear, columns, settings).accuracy is None
    assert "accuracy" not in summary(halves)


# ---- from file to folder


def test_file_to_folder(circuit, file, tmp_path, columns):
    folder = tmp_path / "runs" / "first"
    result = train_from_file(
        circuit, file, epochs=6, standardise=True, output=folder, quiet=True, validation=0.25
    )
    same = train(module, columns, Settings(6, standardise=True, validation=0.25))
    assert result.params == same.params
    written = [name for name in FILES if "svg" not in name and name != CHECKPOINT]
    assert [Path(f).name for f in result.files if "svg" not in f] == written
    with np.load(folder / "parameters.npz", allow_pickle=False) as saved:
        assert {name: saved[name].item() for name in saved} == result.params._asdict()
        assert saved["w"].dtype == np.float64

    history = read_table(folder / "history.csv")
    assert list(history) == ["epoch", "step", "loss", "validation_loss"]
    assert history["loss"].tolist() == [r.loss for r in result.history]
    assert history["validation_loss"].tolist() == [r.validation_loss for r in result.history]

    text = (folder / "training.json").read_text()
    lines = [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]
    assert [line["loss"] for line in lines] == history["loss"].tolist()
    assert {line["learning_rate"] for line in lines} == {0.1}

    settings = json.loads(text)
    assert list(settings) == sorted(settings)
    assert str(tmp_path) not in text
    assert settings["scalings"] == {
        "x": {"mean": result.scalings["x"].mean, "scale": result.scalings["x"].scale}
    }
    assert settings["loss"] == result.history[-1].loss
    assert settings["validation_accuracy"] == result.validation_accuracy
    assert (settings["rows_training"], settings["rows_validation"]) == (150, 50)
    assert not [p for p in folder.iterdir() if p.name.endswith(".tmp")]


def test_equal_runs_write_equal_bytes(circuit, file, tmp_path):
    written = []
    for name in ("a", "b"):
        train_from_file(circuit, file, epochs=2, output=tmp_path / name, quiet=True)
        written.append({p.name: p.read_bytes() for p in (tmp_path / name).iterdir()})
    assert written[0] == written[1]


def test_without_validation_there_is_no_such_column(circuit, file, tmp_path):
    train_from_file(circuit, file, epochs=1, validation=0, output=tmp_path / "o", quiet=True)
    assert (tmp_path / "o" / "history.csv").read_text().startswith("epoch,step,loss\n0,0,")
    assert json.loads((tmp_path / "o" / "training.json").read_text())["validation_loss"] is None


def test_parameter_may_be_named_like_an_argument_of_savez(columns, tmp_path):
    result = train(module, columns, Settings(epochs=1))
    named = namedtuple("Params", ["file", "E"])(1.5, np.float32(2))
    result = replace(result, params=named)
    write_result(result, tmp_path / "o")
    with np.load(tmp_path / "o" / "parameters.npz", allow_pickle=False) as saved:
        assert {name: saved[name].item() for name in saved} == {"file": 1.5, "E": 2.0}


def test_own_files_are_replaced_and_that_is_said(circuit, file, tmp_path):
    first = train_from_file(circuit, file, epochs=1, output=tmp_path / "o", quiet=True)
    (tmp_path / "kept.csv").hardlink_to(tmp_path / "o" / "history.csv")
    again = train_from_file(circuit, file, epochs=2, output=tmp_path / "o", quiet=True)
    assert not any("earlier run" in note for note in first.notes)
    assert any("earlier run" in note and "replaced" in note for note in again.notes)
    assert len((tmp_path / "o" / "history.csv").read_text().splitlines()) == 4
    assert (
        len((tmp_path / "kept.csv").read_text().splitlines()) == 3
    )  # moved over, not written into


@pytest.mark.parametrize("name", FILES)
def test_foreign_file_is_kept(circuit, file, tmp_path, name):
    (tmp_path / "o").mkdir()
    (tmp_path / "o" / name).write_text("mine")
    with pytest.raises(FileRefused, match=f"{name} in .* was not made by symback"):
        train_from_file(circuit, file, epochs=1, output=tmp_path / "o", quiet=True)
    assert (tmp_path / "o" / name).read_text() == "mine"
    assert [p.name for p in (tmp_path / "o").iterdir()] == [name]


def test_links_files_and_closed_folders_are_refused(circuit, file, tmp_path, monkeypatch):
    real = tmp_path / "real"
    real.mkdir()
    (tmp_path / "link").symlink_to(real)
    with pytest.raises(FileRefused, match="link is a symbolic link"):
        check_folder(tmp_path / "link")
    with pytest.raises(FileRefused, match="is a file; name a folder"):
        check_folder(file)
    with pytest.raises(FileRefused, match="cannot be made or written to"):
        check_folder(file / "below")
    (real / "history.csv").symlink_to(file)
    with pytest.raises(FileRefused, match=r"history\.csv in .* is a symbolic link"):
        train_from_file(circuit, file, epochs=1, output=real, quiet=True)
    assert file.read_text().startswith("x,y\n")
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(FileRefused, match="cannot be made or written to"):
        check_folder(tmp_path / "new")


def test_folder_is_checked_before_the_run(circuit, file, monkeypatch):
    monkeypatch.delattr(run, "compile_module")
    with pytest.raises(FileRefused, match="is a file; name a folder"):
        train_from_file(circuit, file, output=file)


def test_failed_write_leaves_the_old_file(circuit, file, tmp_path, monkeypatch):
    folder = tmp_path / "o"
    train_from_file(circuit, file, epochs=1, output=folder, quiet=True)
    before = {p.name: p.read_bytes() for p in folder.iterdir()}

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(FileRefused, match=r"checkpoint\.npz can't be written: No space left"):
        train_from_file(circuit, file, epochs=2, output=folder, quiet=True)
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before


def test_refused_data_leave_no_folder(circuit, tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text("x,y\n1,\n")
    with pytest.raises(DataError, match=r"bad\.csv, line 2, column 'y': the cell is empty"):
        train_from_file(circuit, bad, output=tmp_path / "o")
    assert not (tmp_path / "o").exists()


def test_picture_needs_the_extra_and_says_so(circuit, file, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    result = train_from_file(circuit, file, epochs=1, output=tmp_path / "o", quiet=True)
    assert any("pip install 'symback[plots]'" in note for note in result.notes)
    assert not (tmp_path / "o" / "loss.svg").exists()


def test_picture_of_the_losses(circuit, file, tmp_path):
    pytest.importorskip("matplotlib")
    train_from_file(circuit, file, epochs=3, output=tmp_path / "o", quiet=True)
    picture = (tmp_path / "o" / "loss.svg").read_text()
    assert picture.count("<svg") == 1
    assert "symback train" in picture
    assert "dc:date" not in picture


def test_mapped_column_and_byte_order_mark(circuit, tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"\xef\xbb\xbfage;y;name\n" + b"1;0;a\n2;1;b\n3;1;c\n4;0;d\n")
    result = train_from_file(
        circuit, path, mapping={"x": "age"}, delimiter=";", validation=0.25, quiet=True
    )
    assert result.columns == {"x": "age", "y": "y"}
    assert result.notes == ("t.csv begins with a byte order mark, which is skipped",)


def test_summary(circuit, file, tmp_path):
    result = train_from_file(
        circuit,
        file,
        epochs=6,
        standardise=True,
        validation=0.25,
        output=tmp_path / "o",
        quiet=True,
    )
    last = result.history[-1]
    lines = summary(result).splitlines()
    assert lines[0] == "150 rows to train, 50 held out (validation 0.25); 1 inputs standardised"
    assert lines[1] == "6 epochs, 12 steps"
    assert lines[2].startswith(f"loss {last.loss:.6g} (before training ")
    assert lines[3].startswith(f"validation loss {last.validation_loss:.6g} (before training ")
    assert lines[4] == f"accuracy {result.accuracy:.4f}"
    assert lines[5] == f"validation accuracy {result.validation_accuracy:.4f}"
    assert lines[6:8] == [f"w = {result.params.w:.6g}", f"b = {result.params.b:.6g}"]
    assert lines[8:] == [f"wrote {path}" for path in result.files]


# ---- progress


def test_lines_are_few_and_name_the_losses(columns):
    stream = io.StringIO()
    result = train(module, columns, Settings(epochs=40), progress=ProgressLines(stream))
    lines = stream.getvalue().splitlines()
    assert len(lines) == 11  # the first is of what there was before training
    assert re.fullmatch(
        re.escape(
            f"epoch 40/40: loss {result.history[-1].loss:.6g}, "
            f"validation loss {result.history[-1].validation_loss:.6g}, "
        )
        + r"\S+( [kMG])? rows/s, 0 s left",
        lines[-1],
    )


def test_long_epochs_are_not_silent(columns, monkeypatch):
    clock = iter(range(0, 10_000, 20))
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    stream = io.StringIO()
    train(module, columns, Settings(epochs=1, batch_size=16), progress=ProgressLines(stream))
    shown = r"^step \d+/10: loss \S+ in its batch, \S+ rows/s, \d+ (s|min) left$"
    assert re.search(shown, stream.getvalue(), re.MULTILINE)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_bar_on_a_terminal_only(columns, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    train(module, columns, Settings(epochs=3), progress=progress_on(stream))
    assert "epoch 3/3" in stream.getvalue()
    assert "validation loss" in stream.getvalue()
    assert type(progress_on(io.StringIO())) is ProgressLines
    assert type(progress_on(Terminal(), quiet=True)) is Progress


def test_quiet_run_says_nothing(circuit, file, capsys):
    train_from_file(circuit, file, epochs=2, quiet=True)
    assert capsys.readouterr() == ("", "")
    train_from_file(circuit, file, epochs=2)
    out, err = capsys.readouterr()
    assert out == ""
    assert "epoch 2/2: loss " in err


# -- what diverged first -------------------------------------------------------------------------

BLAMED = {
    "numbers": ("x: input; y: target; w: param = 1\nu = log(x)\nv = w*u\nf = v + 1", "u"),
    "overflow": ("x: input; y: target; w: param = 1\nu = w*x*x\nv = u*u\nf = v - v*w", "v"),
}


@pytest.mark.parametrize("case", BLAMED)
def test_divergence_names_the_row_and_the_first_node(case):
    """One row of 40 leaves the domain; whatever the order of the rows, it is the one named."""
    text, node = BLAMED[case]
    column = np.linspace(1, 2, 40)
    column[22] = -1.0 if case == "numbers" else 1e100
    settings = Settings(epochs=2, batch_size=8, learning_rate=0.01, validation=0, seed=3)
    compiled = sb.circuit(text).compile()
    frozen = types.SimpleNamespace(**vars(compiled))
    calls = []

    def value_and_grad(params, inputs):  # the first record sees all rows; let it pass
        calls.append(1)
        return (1.0, params) if len(calls) == 1 else compiled.value_and_grad(params, inputs)

    frozen.value_and_grad = value_and_grad
    with pytest.raises(Diverged, match=rf"row 23, first '{node}'") as caught:
        train(frozen, {"x": column, "y": np.ones(40)}, settings)
    assert len(str(caught.value)) <= 200


# -- what scores are told ------------------------------------------------------------------------


def fitted(text, data, **settings):
    run = {"epochs": 1, "validation": 0, "quiet": True, **settings}
    return train_from_file(sb.circuit(text), data, **run)


SEVERAL = "x: input[2]; y: target[2]; W: param[2, 2]; f = W @ x; l: loss = mse(f, y)"


@pytest.mark.parametrize("shards", [1, 3])
def test_r2_of_arrays_has_a_mean_for_each_entry(shards):
    rng = np.random.default_rng(1)
    data = {"x": rng.normal(size=(50, 2)), "y": rng.normal([0, 1000], size=(50, 2))}
    result = fitted(SEVERAL, data, shards=shards)
    output = data["x"] @ result.params.W.T
    wanted = r2_score(data["y"], output, multioutput="variance_weighted")
    assert result.scores[0].r2 == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("shards", [1, 3])
def test_no_r2_where_all_targets_are_equal(shards):
    data = {"x": np.arange(19.0), "y": np.full(19, 0.1)}
    assert data["y"].mean() != 0.1
    assert fitted("f = w*x", data, shards=shards, learning_rate=1e-9).scores[0].r2 is None


@pytest.mark.parametrize(
    "text",
    [
        "x: input; y: target; w: param; l: loss = (w*x - y)**2",
        "x: input; y: target; w: param; f = w*x - y; l: loss = f**2",
    ],
)
def test_no_score_of_an_output_that_reads_the_target(text):
    data = {"x": np.arange(10.0), "y": np.arange(10) % 2.0}
    result = fitted(text, data, learning_rate=1e-3)
    assert result.accuracy is None and result.scores[0].r2 is None


def test_scores_that_overflow_are_not_reported(tmp_path):
    data = {"x": np.arange(1, 11.0), "y": np.arange(10) * 1e200}
    text = "f = w*x; l: loss = abs(f - y)"
    result = fitted(text, data, learning_rate=1e-3, output=tmp_path / "o")
    assert result.scores[0].r2 is None
    told = json.loads((tmp_path / "o" / "training.json").read_text())
    assert told["r2"] is None and told["loss"] > 1e199


def test_the_node_of_a_loss_is_named_as_in_the_circuit():
    data = {"x": np.ones(9), "y": np.ones(9)}
    with pytest.raises(Diverged, match="first 'l'"):
        fitted("f = w*x", data, learning_rate=1e300, batch_size=3)


@pytest.mark.parametrize("name", ["", "bad\nname", "n" * 300, "a/" * 3000])
def test_a_name_that_no_folder_can_have_is_refused_before_the_run(circuit, file, name, monkeypatch):
    monkeypatch.delattr(run, "compile_module")
    with pytest.raises(FileRefused, match=r"is not the name of a folder|too long|is empty"):
        train_from_file(circuit, file, output=name)


def test_a_folder_that_cannot_be_written_to_is_refused_before_the_run(
    circuit, file, tmp_path, monkeypatch
):
    """As root everything seems to be permitted; a read-only file system still refuses."""
    monkeypatch.delattr(run, "compile_module")

    def refused(*_, **__):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("symback.training.results.files.TemporaryFile", refused)
    with pytest.raises(FileRefused, match="o cannot be made or written to: Read-only"):
        train_from_file(circuit, file, output=tmp_path / "o")
    assert not (tmp_path / "o").exists()
