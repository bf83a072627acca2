"""The loop: optimisers, schedules, early end, checkpoints, arrays; against NumPy by hand."""

from __future__ import annotations

import io
import json
import re
import zipfile

import numpy as np
import pytest

import symback as sb
from symback.cli.main import main
from symback.errors import DataError, FileRefused, TrainingError
from symback.training import summary, train_from_file
from symback.training.checkpoint import Saver, check_cadence, load
from symback.training.engine.gradients import InProcessEngine, ShardGradients
from symback.training.feed import batches
from symback.training.feed.batches import DRAW, SHUFFLE, stream
from symback.training.feed.feed import Feed
from symback.training.loop import Diverged, Settings, train
from symback.training.optimiser import Optimiser
from symback.training.progress import Progress
from symback.training.results.files import read_parameters
from tests.cases import hand_made as module

N = 120
LINEAR = "x: input[2]; t: target; w: param[2]; b: param\nf = dot(w, x) + b"
NETWORK = """\
x: input[d]; t: target
W1: param[h, d]; b1: param[h]; W2: param[k, h]; b2: param[k]
z = W2 @ tanh(W1 @ x + b1) + b2
E: loss = cross_entropy(z, t)
"""


@pytest.fixture(scope="module")
def columns():
    rng = np.random.default_rng(8)
    x = rng.normal(size=N)
    return {"x": x, "y": (x + 0.7 * rng.normal(size=N) > 0.2).astype(float)}


def batches_by_hand(columns, seed, epochs, size):
    for epoch in range(epochs):
        order = stream(seed, SHUFFLE, 0, epoch).permutation(N)
        for start in range(0, N, size):
            rows = order[start : start + size]
            yield module.Inputs(columns["x"][rows], columns["y"][rows])


def adam_by_hand(columns, settings, eta=None, clip=None, decay=0.0):
    """Kingma and Ba 2015, algorithm 1, as they write it; decay is decoupled."""
    theta = np.array(module.init_params(stream(settings.seed, DRAW)))
    m, v = np.zeros(2), np.zeros(2)
    inputs = batches_by_hand(columns, settings.seed, settings.epochs, settings.batch_size)
    for t, batch in enumerate(inputs, start=1):
        g = np.array(module.value_and_grad(module.Params(*theta), batch)[1])
        if clip is not None:
            g = g * min(1.0, clip / np.linalg.norm(g))
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        rate = settings.learning_rate if eta is None else eta(t - 1)
        moved = (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        theta = theta - rate * (moved + decay * theta)
    return theta


def test_adam_is_the_algorithm_of_the_paper(columns):
    chosen = Settings(4, 25, 0.02, validation=0, optimiser="adam", seed=3)
    result = train(module, columns, chosen)
    np.testing.assert_allclose(result.params, adam_by_hand(columns, chosen), rtol=1e-11)
    decoupled = Settings(4, 25, 0.02, validation=0, optimiser="adamw", seed=3, weight_decay=0.3)
    by_hand = adam_by_hand(columns, decoupled, decay=0.3)
    np.testing.assert_allclose(train(module, columns, decoupled).params, by_hand, rtol=1e-11)


def test_clip_and_schedule_act_in_every_step(columns):
    chosen = Settings(
        4, 25, 0.02, 0, optimiser="adam", seed=3, clip=0.05, schedule="cosine",
        options={"eta_min": 0.001, "warmup": 4},
    )  # fmt: skip
    last = 4 * 5 - 4

    def eta(t):
        if t < 4:
            return 0.02 * (t + 1) / 4
        return 0.001 + 0.019 * (1 + np.cos(np.pi * (t - 4) / last)) / 2

    by_hand = adam_by_hand(columns, chosen, eta, clip=0.05)
    np.testing.assert_allclose(train(module, columns, chosen).params, by_hand, rtol=1e-10)


def test_momentum_and_weight_decay(columns):
    chosen = Settings(
        3, 25, 0.05, 0, optimiser="momentum", options={"mu": 0.8}, weight_decay=0.1, seed=1
    )
    theta, m = np.array(module.init_params(stream(1, DRAW))), np.zeros(2)
    for batch in batches_by_hand(columns, 1, 3, 25):
        g = np.array(module.value_and_grad(module.Params(*theta), batch)[1]) + 0.1 * theta
        m = 0.8 * m + g
        theta = theta - 0.05 * m
    np.testing.assert_allclose(train(module, columns, chosen).params, theta, rtol=1e-11)


def test_lbfgs_finds_the_least_squares():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(N, 2))
    t = x @ [2.0, -3.0] + 0.5 + rng.normal(size=N)
    result = train(
        sb.circuit(LINEAR).compile(),
        {"x": x, "t": t},
        Settings(10, optimiser="lbfgs", validation=0),
    )
    wanted = np.linalg.lstsq(np.column_stack([x, np.ones(N)]), t, rcond=None)[0]
    np.testing.assert_allclose([*result.params.w, result.params.b], wanted, rtol=1e-6)
    assert len(result.history) < 10  # it ends where it finds no lower loss
    residual = t - x @ wanted[:2] - wanted[2]
    assert result.scores[0].r2 == pytest.approx(1 - residual.var() / t.var(), abs=1e-9)


def test_patience_keeps_the_best_parameters(columns):
    few = {name: column[:30] for name, column in columns.items()}
    chosen = Settings(400, 4, 2.0, 0.5, optimiser="adam", patience=4, seed=2)
    result = train(module, few, chosen)
    losses = [record.validation_loss for record in result.history]
    best = int(np.argmin(losses))
    assert result.stopped_early
    assert len(losses) == best + 5
    assert result.kept == result.history[best]
    assert (
        result.params
        == train(module, few, Settings(best, 4, 2.0, 0.5, optimiser="adam", seed=2)).params
    )
    assert f"ended early; kept are the parameters of epoch {best}" in summary(result)


def test_shards_are_the_weighted_mean_of_their_gradients(columns):
    settings = Settings(1, 30, 0.1, 0, shards=3, seed=4)
    result = train(module, columns, settings)
    theta = np.array(module.init_params(stream(4, DRAW)))
    orders = [40 * s + stream(4, SHUFFLE, s, 0).permutation(40) for s in range(3)]
    for step in range(4):
        rows = np.concatenate([order[10 * step : 10 * step + 10] for order in orders])
        batch = module.Inputs(columns["x"][rows], columns["y"][rows])
        theta = theta - 0.1 * np.array(module.value_and_grad(module.Params(*theta), batch)[1])
    np.testing.assert_allclose(result.params, theta, rtol=1e-12)


def test_local_steps_average_what_shards_learned_alone(columns):
    settings = Settings(1, 30, 0.1, 0, shards=3, local_steps=4, seed=4)
    result = train(module, columns, settings)
    ends = []
    for s in range(3):
        theta = np.array(module.init_params(stream(4, DRAW)))
        order = 40 * s + stream(4, SHUFFLE, s, 0).permutation(40)
        for step in range(4):
            rows = order[10 * step : 10 * step + 10]
            batch = module.Inputs(columns["x"][rows], columns["y"][rows])
            theta = theta - 0.1 * np.array(module.value_and_grad(module.Params(*theta), batch)[1])
        ends.append(theta)
    np.testing.assert_allclose(result.params, np.mean(ends, axis=0), rtol=1e-12)


# -- arrays ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """Ten classes of noisy pictures of 3 times 4 pixels, as a CSV file of columns."""
    rng = np.random.default_rng(2)
    shapes, t = rng.normal(size=(10, 12)), rng.integers(0, 10, 400)
    x = shapes[t] + 0.3 * rng.normal(size=(400, 12))
    x[:, 5] = 1.0
    path = tmp_path_factory.mktemp("digits") / "digits.csv"
    lines = [",".join([*map(repr, row), str(k)]) for row, k in zip(x.tolist(), t, strict=True)]
    path.write_text(",".join([*(f"pixel_{i}" for i in range(12)), "t"]) + "\n" + "\n".join(lines))
    return path


def test_a_network_learns_from_a_family_of_columns(digits, tmp_path):
    result = train_from_file(
        sb.circuit(NETWORK),
        digits,
        mapping={"x": "pixel_*"},
        sizes={"h": 16, "k": 10},
        standardise=True,
        optimiser="adam",
        learning_rate=0.02,
        epochs=30,
        batch_size=32,
        output=tmp_path / "o",
        quiet=True,
    )
    assert result.validation_accuracy > 0.95
    assert "1 of 12 entries of x are constant in the training rows" in " ".join(result.notes)
    assert "4 parameters, 378 numbers" in summary(result)
    assert result.columns == {"x": "pixel_*", "t": "t"}
    with np.load(tmp_path / "o" / "parameters.npz", allow_pickle=False) as saved:
        assert saved["W1"].shape == (16, 12)
    again = read_parameters(tmp_path / "o" / "parameters.npz", sb.circuit(NETWORK).compile())
    assert all((a == b).all() for a, b in zip(again, result.params, strict=True))
    written = json.loads((tmp_path / "o" / "training.json").read_text())
    assert len(written["scalings"]["x"]["mean"]) == 12


def test_a_size_that_nothing_determines_is_asked_for(digits):
    network = sb.circuit(NETWORK)
    run = {"mapping": {"x": "pixel_*"}, "quiet": True}
    with pytest.raises(TrainingError, match="do not determine the size 'h'; give it"):
        train_from_file(network, digits, **run, sizes={"k": 10})
    with pytest.raises(TrainingError, match="the size d is 13, but the data have 12"):
        train_from_file(network, digits, **run, sizes={"h": 4, "k": 10, "d": 13})
    with pytest.raises(TrainingError, match="no size 'q'"):
        train_from_file(network, digits, **run, sizes={"h": 4, "k": 10, "q": 1})


def test_float32_stays_float32(digits):
    run = {"mapping": {"x": "pixel_*"}, "quiet": True, "sizes": {"h": 4, "k": 10}}
    result = train_from_file(sb.circuit(NETWORK), digits, epochs=2, dtype="float32", **run)
    assert {value.dtype for value in result.params} == {np.dtype("float32")}


# -- checkpoints -----------------------------------------------------------------------------------


class StopAfter(Progress):
    """Ctrl-C after so many steps."""

    def __init__(self, last):
        self.last = last  # not `steps`, which a run sets to those of an epoch

    def step(self, step, loss):
        if step == self.last:
            raise KeyboardInterrupt


RUNS = {
    "sgd": {},
    "adam": {"optimiser": "adam", "schedule": "step", "options": {"decay": 0.5, "period": 7}},
    "adagrad": {"optimiser": "adagrad", "weight_decay": 0.01},
    "rmsprop": {"optimiser": "rmsprop", "options": {"rho": 0.8}, "clip": 0.5},
    "patience": {"optimiser": "nesterov", "patience": 3},
    "local": {"shards": 2, "local_steps": 2, "optimiser": "momentum"},
    "chunks": {"standardise": True},
}


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("stop", [1, 6, 7, 13])
def test_an_interrupted_run_goes_on_as_if_nothing_was(columns, tmp_path, monkeypatch, name, stop):
    if name == "chunks":
        monkeypatch.setattr(batches, "WHOLE", 16 * 40)
        monkeypatch.setattr(batches, "CHUNK", 16 * 9)
        monkeypatch.setattr(batches, "WINDOW", 3)
    chosen = Settings(4, 16, 0.05, 0.25, seed=6, **RUNS[name])
    whole = train(module, columns, chosen, saver=Saver(tmp_path / "whole"))
    broken = train(
        module, columns, chosen, saver=Saver(tmp_path / "broken"), progress=StopAfter(stop)
    )
    if stop % chosen.local_steps == 0 or name != "local":
        assert broken.interrupted
    resumed = train(module, columns, chosen, saver=Saver(tmp_path / "broken", resume=True))
    assert resumed.params == whole.params
    assert resumed.history == whole.history
    assert (resumed.path == whole.path).all()
    first, second = (tmp_path / n / "checkpoint.npz" for n in ("whole", "broken"))
    assert first.read_bytes() == second.read_bytes()


def test_initial_parameters_beside_a_checkpoint_are_reported_as_unused(columns, tmp_path):
    circuit = sb.circuit("f = w*x + b")
    run = {"learning_rate": 0.01, "output": tmp_path / "o", "quiet": True}
    train_from_file(circuit, columns, epochs=2, **run)
    start = tmp_path / "start.npz"
    start.write_bytes((tmp_path / "o" / "parameters.npz").read_bytes())
    resumed = train_from_file(circuit, columns, epochs=4, resume=True, initial=start, **run)
    assert any("initial parameters are not used again" in note for note in resumed.notes)
    assert resumed.params == train_from_file(circuit, columns, epochs=4, **run).params


def test_more_epochs_may_follow(columns, tmp_path):
    train(module, columns, Settings(2, 16, 0.05), saver=Saver(tmp_path))
    longer = Settings(5, 16, 0.05)
    resumed = train(module, columns, longer, saver=Saver(tmp_path, resume=True))
    assert resumed.params == train(module, columns, longer).params


OTHER = {
    "settings": ({"learning_rate": 0.2}, {}, "learning_rate was 0.1, now 0.2"),
    "schedule of another length": (
        {"schedule": "cosine", "epochs": 3},
        {"schedule": "cosine"},
        "epochs was 2, now 3",
    ),
    "seed": ({"seed": 1}, {}, "seed was 0, now 1"),
}


@pytest.mark.parametrize("name", OTHER)
def test_a_checkpoint_of_another_run_is_refused(columns, tmp_path, name):
    other, first, message = OTHER[name]
    train(module, columns, Settings(**{"epochs": 2, **first}), saver=Saver(tmp_path))
    with pytest.raises(TrainingError, match=f"another run: {message}"):
        train(
            module, columns, Settings(**{"epochs": 2, **other}), saver=Saver(tmp_path, resume=True)
        )
    more = {key: np.append(value, value[:1]) for key, value in columns.items()}
    with pytest.raises(TrainingError, match="another run: the data had 120 rows, now 121"):
        chosen = Settings(**{"epochs": 2, **first})
        train(module, more, chosen, saver=Saver(tmp_path, resume=True))


def damaged(path, name):
    content = path.read_bytes()
    if name == "cut":
        return content[: len(content) // 2]
    if name == "text":
        return b"symback train checkpoint 1"
    if name == "empty":
        return b""
    if name == "encrypted":
        return flagged(content, 6, 1)
    members, comment = {}, b""
    with zipfile.ZipFile(io.BytesIO(content)) as archived:
        members = {entry: archived.read(entry) for entry in archived.namelist()}
        comment = archived.comment
    if name == "no mark":
        comment = b"other"
    if name == "no theta":
        del members["theta.npy"]
    if name == "nested":
        members["meta.npy"] = npy(np.frombuffer(b"[" * 100_000, np.uint8))
    if name == "objects":
        members["theta.npy"] = npy(np.array([object(), None]), allow_pickle=True)
    if name == "negative":
        members["meta.npy"] = members["meta.npy"].replace(b'"step": ', b'"step":-')
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archived:
        archived.comment = comment
        for entry, value in members.items():
            archived.writestr(entry, value)
    return memory.getvalue()


def flagged(archive, offset, value):
    """The archive with a number in the header of its first member, and in the directory's."""
    found = bytearray(archive)
    found[offset] = value
    found[found.index(b"PK\x01\x02") + offset + 2] = value
    return bytes(found)


@pytest.mark.parametrize(("offset", "value"), [(6, 1), (8, 99), (4, 99), (4, 250)])
def test_parameters_in_an_archive_that_cannot_be_read_are_said_to_be(tmp_path, offset, value):
    np.savez(tmp_path / "p.npz", w=1.0, b=2.0)
    (tmp_path / "p.npz").write_bytes(flagged((tmp_path / "p.npz").read_bytes(), offset, value))
    with pytest.raises(DataError, match=r"p\.npz cannot be read: "):
        read_parameters(tmp_path / "p.npz", module)


def npy(array, **options):
    memory = io.BytesIO()
    np.lib.format.write_array(memory, array, **options)
    return memory.getvalue()


@pytest.mark.parametrize(
    "name",
    ["cut", "text", "empty", "no mark", "no theta", "nested", "objects", "negative", "encrypted"],
)
def test_a_damaged_checkpoint_is_said_to_be_one(columns, tmp_path, name):
    train(module, columns, Settings(1), saver=Saver(tmp_path))
    path = tmp_path / "checkpoint.npz"
    path.write_bytes(damaged(path, name))
    with pytest.raises(DataError, match=r"checkpoint\.npz is damaged.*without --resume"):
        load(tmp_path)


def test_a_checkpoint_with_a_flipped_byte_is_whole_or_damaged(columns, tmp_path):
    train(module, columns, Settings(1, optimiser="adam"), saver=Saver(tmp_path))
    path, whole = tmp_path / "checkpoint.npz", load(tmp_path)
    content, refused = path.read_bytes(), 0
    for at in range(0, len(content), 7):
        flipped = bytearray(content)
        flipped[at] ^= 0x55
        path.write_bytes(flipped)
        try:
            found = load(tmp_path)
        except DataError as error:
            refused += 1
            assert "checkpoint.npz is damaged" in str(error), at
        else:  # in a date, an unused field or the like
            assert np.array_equal(found.point.theta, whole.point.theta)
            assert found.history == whole.history and found.identity == whole.identity
    assert refused > len(content) // 7 / 2


@pytest.mark.parametrize("damage", ["cut to 100 bytes", "empty", "flipped"])
def test_a_run_that_resumes_from_a_damaged_checkpoint_says_so(columns, tmp_path, damage):
    run = {"epochs": 2, "output": tmp_path / "o", "quiet": True}
    circuit, path = sb.circuit("f = w*x + b"), tmp_path / "o" / "checkpoint.npz"
    train_from_file(circuit, columns, **run)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes({"cut to 100 bytes": content[:100], "empty": b""}.get(damage, content))
    wanted = r"checkpoint\.npz is damaged; remove it and run without --resume"
    with pytest.raises(DataError, match=wanted):
        train_from_file(circuit, columns, resume=True, **run)
    if damage != "flipped":
        with pytest.raises(FileRefused, match=r"checkpoint\.npz in .*o is damaged; name another"):
            train_from_file(circuit, columns, **run)
    again = train_from_file(circuit, columns, force=True, **run)
    assert again.history[-1].epoch == 2


@pytest.mark.parametrize("resume", [False, True])
@pytest.mark.parametrize("name", ["parameters.npz", "training.json"])
def test_a_file_of_a_run_that_was_cut_short_is_called_damaged(columns, tmp_path, name, resume):
    run = {"epochs": 2, "output": tmp_path / "o", "quiet": True}
    circuit, path = sb.circuit("f = w*x + b"), tmp_path / "o" / name
    train_from_file(circuit, columns, **run)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(FileRefused, match=rf"{name} in .*o (is|was edited or) damaged.*--force"):
        train_from_file(circuit, columns, resume=resume, **run)


def test_a_run_that_resumes_with_other_data_names_the_file(tmp_path):
    def write(name, numbers):
        lines = "\n".join(f"{number:g}" for number in numbers)
        (tmp_path / f"{name}.csv").write_text(f"{name}\n{lines}\n")

    numbers = np.linspace(0, 1, 30)
    write("x", numbers), write("y", 2 * numbers)
    circuit, files = sb.circuit("f = w*x + b"), [tmp_path / "x.csv", tmp_path / "y.csv"]
    run = {"epochs": 1, "output": tmp_path / "o", "quiet": True}
    train_from_file(circuit, files, **run)
    write("y", 3 * numbers)
    with pytest.raises(TrainingError) as caught:
        train_from_file(circuit, files, resume=True, **run)
    assert str(caught.value) == (
        "the checkpoint is of another run: y.csv has changed: it holds other numbers for 'y'; give "
        "the same, or run without --resume"
    )
    write("x", numbers[1:]), write("y", 2 * numbers[1:])
    with pytest.raises(TrainingError, match=r"another run: x.csv \+ y.csv had 30 rows, now 29;"):
        train_from_file(circuit, files, resume=True, **run)
    write("x", numbers), write("y", 2 * numbers)
    assert train_from_file(circuit, files, resume=True, **run).history[-1].epoch == 1


def test_no_checkpoint_is_said(tmp_path):
    with pytest.raises(DataError, match=r"no checkpoint\.npz in .*; run without --resume"):
        load(tmp_path)


def test_divergence_keeps_the_last_good_state(columns, tmp_path):
    circuit = sb.circuit("f = w*x + b")
    run = {"validation": 0, "batch_size": 8, "learning_rate": 30.0, "quiet": True}
    with pytest.raises(Diverged, match=r"after step \d+.*the state before is kept in .*o$"):
        train_from_file(circuit, columns, epochs=90, output=tmp_path / "o", **run)
    kept = read_parameters(tmp_path / "o" / "parameters.npz", circuit.compile())
    assert np.isfinite(kept).all() and abs(kept.w) > 1e100
    summary_ = json.loads((tmp_path / "o" / "training.json").read_text())
    last = (tmp_path / "o" / "history.csv").read_text().splitlines()[-1].split(",")
    assert summary_["steps_done"] == int(last[1]) > 0
    again = train_from_file(
        circuit, columns, initial=tmp_path / "o" / "parameters.npz", epochs=600,
        **{**run, "learning_rate": 0.1},
    )  # fmt: skip
    wanted = np.polyfit(columns["x"], columns["y"], 1)
    np.testing.assert_allclose(again.params, wanted, atol=0.1)


def test_a_full_disk_is_a_sentence_and_loses_nothing(columns, tmp_path, monkeypatch):
    train(module, columns, Settings(2), saver=Saver(tmp_path))
    before = (tmp_path / "checkpoint.npz").read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(FileRefused, match=r"checkpoint\.npz can't be written: No space left"):
            train(module, columns, Settings(3), saver=Saver(tmp_path, steps=1))
    assert (tmp_path / "checkpoint.npz").read_bytes() == before
    resumed = train(module, columns, Settings(3), saver=Saver(tmp_path, resume=True))
    assert resumed.params == train(module, columns, Settings(3)).params


def test_how_often_checkpoints_come():
    with pytest.raises(TrainingError, match="every so many steps or seconds; name one"):
        check_cadence(3, 2.0)
    with pytest.raises(TrainingError, match="checkpoint_steps is 0"):
        check_cadence(0, None)
    with pytest.raises(TrainingError, match="checkpoint_seconds is -1"):
        check_cadence(None, -1)


# -- settings --------------------------------------------------------------------------------------

REFUSED = {
    "optimiser": ({"optimiser": "adm"}, "no optimiser 'adm'; did you mean 'adam'"),
    "schedule": ({"schedule": "cosin"}, "no schedule 'cosin'; did you mean 'cosine'"),
    "option": ({"options": {"beta1": 0.9}}, "sgd with the schedule constant has no option 'beta1'"),
    "range": ({"optimiser": "adam", "options": {"beta1": 1.0}}, "beta1 is 1.0.*0 ≤ beta1 < 1"),
    "clip": ({"clip": 0}, "clip is 0"),
    "decay": ({"weight_decay": -1}, "weight_decay is -1"),
    "patience": ({"patience": 2, "validation": 0}, "patience needs rows that are held out"),
    "dtype": ({"dtype": "float16"}, "dtype is 'float16'"),
    "lbfgs": ({"optimiser": "lbfgs", "clip": 1.0}, "lbfgs takes no clip"),
    "rate of lbfgs": ({"optimiser": "lbfgs", "learning_rate": 0.1}, "lbfgs takes no learning_rate"),
    "shards": ({"shards": 0}, "shards is 0"),
    "two rates": ({"learning_rate": lambda t: 1.0, "schedule": "cosine"}, "a function already"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_settings_refused(name):
    chosen, message = REFUSED[name]
    with pytest.raises(TrainingError, match=message):
        Settings(**chosen)


# -- bad moments -----------------------------------------------------------------------------------


def test_an_interrupt_while_a_checkpoint_is_read_keeps_it(columns, tmp_path, monkeypatch):
    train(module, columns, Settings(3, 16), saver=Saver(tmp_path))
    before = (tmp_path / "checkpoint.npz").read_bytes()

    digests = Feed.digests, []

    def interrupted(feed):
        digests[1].append(1)
        if len(digests[1]) == 1:
            raise KeyboardInterrupt
        return digests[0](feed)

    with monkeypatch.context() as patch:
        patch.setattr(Feed, "digests", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train(module, columns, Settings(4, 16), saver=Saver(tmp_path, resume=True))
    assert (tmp_path / "checkpoint.npz").read_bytes() == before


def test_the_best_of_an_epoch_that_was_broken_off_has_its_own_losses(columns):
    chosen = Settings(9, 30, 0.01, 0.25, patience=9)
    result = train(module, columns, chosen, progress=StopAfter(5))
    assert result.interrupted and result.kept.step == 5
    whole = train(module, columns, Settings(1, 90, lambda t: 1e-300, 0.25), initial=result.params)
    assert result.kept.validation_loss == whole.history[-1].validation_loss
    assert result.summary()["loss"] == pytest.approx(whole.history[-1].loss, rel=1e-12, abs=0)


@pytest.mark.parametrize("size", [8, 120])
def test_what_a_run_that_diverged_keeps_has_its_own_losses(columns, tmp_path, size):
    run = {"validation": 0, "batch_size": size, "learning_rate": 30.0, "epochs": 200}
    with pytest.raises(Diverged):
        train_from_file(
            sb.circuit("f = w*x + b"), columns, output=tmp_path / "o", quiet=True, **run
        )
    told = json.loads((tmp_path / "o" / "training.json").read_text())
    kept = read_parameters(tmp_path / "o" / "parameters.npz", sb.circuit("f = w*x + b").compile())
    x, y = columns["x"], columns["y"]
    assert told["loss"] == pytest.approx(np.mean((kept.w * x + kept.b - y) ** 2 / 2), rel=1e-9)
    saved = load(tmp_path / "o").point
    assert saved.theta.tolist() == list(kept) and saved.step == told["steps_done"]


def test_lbfgs_leaves_the_domain_and_comes_back():
    """The first step leads out of log's domain; w = 1/100 is the least."""
    x = np.random.default_rng(0).uniform(0.1, 3, 200)
    circuit = sb.circuit("w: param = 5; f = log(w*x)")
    data = {"x": x, "y": np.log(x / 100)}
    result = train_from_file(circuit, data, optimiser="lbfgs", quiet=True)
    assert result.params.w == pytest.approx(0.01, rel=1e-6)


def test_an_epoch_of_lbfgs_is_shown_as_one(columns):
    shown = []

    class Watching(Progress):
        def start(self, epochs, steps, rows, done=0):
            super().start(epochs, steps, rows, done)
            shown.append(steps)

    chosen = Settings(3, optimiser="lbfgs", validation=0)
    result = train(module, columns, chosen, progress=Watching())
    assert shown == [20] and result.steps_per_epoch == 20
    assert all(record.step <= record.epoch * 20 for record in result.history)


@pytest.mark.parametrize("run", [{}, {"shards": 2, "local_steps": 2}])
def test_a_long_path_is_thinned_out_evenly(columns, run):
    chosen = Settings(60, 4, 1e-4, 0, **run)
    result = train(module, columns, chosen)
    assert 500 < len(result.path) <= 1001
    apart = np.linalg.norm(np.diff(result.path[:-1], axis=0), axis=1)
    assert apart.max() < 4 * apart.min() + 1e-3 * abs(result.path).max()


def test_a_broken_search_leaves_no_trace_of_its_own(columns, tmp_path):
    """Ctrl-C amid an epoch of L-BFGS: its iterations come anew, and once in the path."""
    chosen = Settings(3, optimiser="lbfgs", validation=0)
    whole = train(module, columns, chosen, saver=Saver(tmp_path / "whole"))

    class Broken(InProcessEngine):
        calls = 0

        def whole(self, theta):
            Broken.calls += 1
            if Broken.calls == 4:
                raise KeyboardInterrupt
            return super().whole(theta)

    def engine(_, parts, module, vector):
        return Broken([ShardGradients(module, vector, shard) for shard in parts])

    saver = Saver(tmp_path / "broken")
    assert train(module, columns, chosen, saver=saver, engine=engine).interrupted
    resumed = train(module, columns, chosen, saver=Saver(tmp_path / "broken", resume=True))
    assert np.array_equal(resumed.path, whole.path)
    first, second = (tmp_path / n / "checkpoint.npz" for n in ("whole", "broken"))
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("place", ["scores", "write_result"])
def test_an_interrupt_after_the_last_step_says_how_to_go_on(
    columns, tmp_path, monkeypatch, capsys, place
):
    where = {"scores": "loop._Run.result", "write_result": "run.write_result"}[place]
    np.savez(tmp_path / "d.npz", **columns)
    command = [
        "train",
        "f = w*x + b",
        "--data",
        str(tmp_path / "d.npz"),
        "--epochs",
        "2",
        "--quiet",
    ]
    monkeypatch.setattr("sys.argv", ["symback", *command, "-o", str(tmp_path / "o")])

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(f"symback.training.{where}", interrupted)
        with pytest.raises(SystemExit) as ended:
            main()
    assert ended.value.code == 130
    assert "what was learned is saved; to continue: the same command with --resume" in (
        capsys.readouterr().err
    )
    assert load(tmp_path / "o").point.epoch == 2


# -- what the module refuses -----------------------------------------------------------------------


def test_the_index_of_no_class_is_a_sentence():
    circuit = sb.circuit(
        "x: input[d]; k: target; W: param[m, d]; E: loss = cross_entropy(W @ x, k)"
    )
    data = {"x": np.eye(4), "k": np.array([0, 1, 3, 2])}
    for target in ("numpy", "c"):
        with pytest.raises(DataError, match="is not a class from 0 to 2; correct"):
            train_from_file(circuit, data, sizes={"m": 3}, validation=0, quiet=True, target=target)


def test_a_matrix_without_inverse_is_a_loss_that_is_not_finite():
    circuit = sb.circuit("x: input[2]; y: target; A: param[2, 2]; f = dot(solve(A, x), x)")
    module = circuit.compile()
    data = {"x": np.ones((9, 2)), "y": np.ones(9)}
    for params, place in ((np.zeros((2, 2)), "before the first step"), (np.eye(2), "after step 1")):
        with pytest.raises(Diverged, match=f"the loss is not finite {place}"):
            train(
                module, data, Settings(2, 9, 0.1, 0), initial=module.Params(params), engine=halving
            )


def halving(_, parts, module, vector):
    """An engine whose step from I has the gradient 5·[[1, 1], [1, 1]]: I - g/10 is singular."""

    class Halving(InProcessEngine):
        def step(self, theta, epoch, step):
            part = super().step(theta, epoch, step)
            return part._replace(gradient=np.full(4, 5.0)) if step == epoch == 0 else part

    return Halving([ShardGradients(module, vector, shard) for shard in parts])


@pytest.mark.parametrize("shape", [(3, 4), (2, 3), (3,)])
def test_initial_parameters_of_another_shape_are_refused(shape, tmp_path):
    circuit = sb.circuit(
        "x: input[d]; y: target[m]; W: param[m, d]; z = W @ x; E: loss = mse(z, y)"
    )
    np.savez(tmp_path / "p.npz", W=np.zeros(shape))
    data = {"x": np.zeros((9, 3)), "y": np.zeros((9, 3))}
    message = rf"'W' has the shape {list(shape)}; the circuit and the data have [3, 3]"
    with pytest.raises(DataError, match=re.escape(message)):
        train_from_file(circuit, data, initial=tmp_path / "p.npz", quiet=True)


@pytest.mark.parametrize("size", [10**13, 10**30])
def test_a_size_beyond_memory_is_a_sentence(size):
    with pytest.raises(TrainingError, match=r"do not fit into memory where .*h = 1e\+"):
        data = {"x": np.zeros((9, 3)), "t": np.zeros(9)}
        train_from_file(sb.circuit(NETWORK), data, sizes={"h": size, "k": 2}, quiet=True)


def test_more_shards_than_rows_are_refused(columns):
    with pytest.raises(DataError, match="120 rows cannot be parted into 121 shards"):
        train(module, columns, Settings(1, shards=121))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_clip_shortens_gradients_whose_squares_overflow(dtype):
    gradient = np.array([3.0, -4.0], dtype) * (1e200 if dtype == "float64" else 1e30)
    theta = np.zeros(2, dtype)
    optimiser = Optimiser(Settings(clip=5.0))
    moved, _ = optimiser.move(theta, gradient, optimiser.start(theta), t=0, eta=1.0)
    np.testing.assert_allclose(moved, [-3, 4], rtol=1e-6)
    assert moved.dtype == dtype


def test_a_function_of_the_step_is_asked_for_the_steps_of_the_run_only(columns, tmp_path):
    rates = [0.1, 0.2, 0.3, 0.4]
    run = {"epochs": 2, "batch_size": 60, "validation": 0, "output": tmp_path / "o", "quiet": True}
    train_from_file(sb.circuit("f = w*x + b"), columns, learning_rate=lambda t: rates[t], **run)
    lines = (tmp_path / "o" / "history.jsonl").read_text().splitlines()
    assert [json.loads(line)["learning_rate"] for line in lines] == [0.1, 0.3, 0.4]
    for wrong in (float("nan"), float("inf"), -1.0, "fast", None):
        with pytest.raises(TrainingError, match=r"learning_rate\(0\) is "):
            train(module, columns, Settings(1, learning_rate=lambda t, wrong=wrong: wrong))
