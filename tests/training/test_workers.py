"""Gradients by workers: the bits of one process, whoever makes them and whoever is lost."""

from __future__ import annotations

import pickle
import sys
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from functools import cache, partial
from multiprocessing import active_children, get_context

import numpy as np
import pytest
from click.testing import CliRunner
from threadpoolctl import threadpool_limits

import symback as sb
from symback.cli.main import cli
from symback.codegen.loading import ModuleFiles
from symback.errors import DataError, SymbackError
from symback.training.checkpoint import Saver
from symback.training.engine.gradients import Part, WorkersLost
from symback.training.engine.shard_recipes import SHARDS, aligned, opened
from symback.training.engine.workers import on_executor, on_processes
from symback.training.feed.batches import SHUFFLE
from symback.training.feed.columns import leaves_of_module
from symback.training.feed.feed import open_feed
from symback.training.loop import Diverged, Settings, TrainingError, train
from symback.training.optimiser import Optimiser
from symback.training.progress import Progress
from tests.cases import hand_made

N, S = 600, 3
NEURON = """\
x: input
y: target
w: param
b: param
net = w*x + b
f: output = sigma(net)
l: loss = softplus(net) - y*net
"""
SOFTMAX = """\
x: input[d]
y: target
W: param[4, d]
b: param[4]
z = W @ x + b
p: output = softmax(z)
E: loss = cross_entropy(z, y)
"""
WAYS = {
    "steps": {"optimiser": "adam", "clip": 0.5},
    "local steps": {"optimiser": "momentum", "local_steps": 3},
    "all rows": {"optimiser": "lbfgs", "batch_size": None},
    "products with the Hessian": {
        "optimiser": "newton-cg",
        "batch_size": None,
        "epochs": 1,
        "options": {"cg_iterations": 3},
    },
    "float32": {"dtype": "float32"},
}


def neuron_data():
    rng = np.random.default_rng(5)
    x = rng.normal(3.0, 2.0, N)
    return {"x": x, "y": (x + rng.normal(size=N) > 3.0).astype(float)}


def softmax_data():
    rng = np.random.default_rng(6)
    x = rng.normal(1.0, 3.0, (N, 7))
    return {"x": x, "y": (x @ rng.normal(size=(7, 4))).argmax(axis=1).astype(float)}


CIRCUITS = {"neuron": (NEURON, neuron_data), "softmax": (SOFTMAX, softmax_data)}


@cache
def module_of(circuit, target="numpy"):
    return sb.circuit(CIRCUITS[circuit][0]).compile(target=target, functions=["hessp"])


def settings_of(way, **more):
    known = {"epochs": 2, "batch_size": 100, "shards": S, "standardise": True, "seed": 3}
    return Settings(**{**known, **WAYS[way], **more})


def bits(result):
    """All that a run found, as bytes."""
    scalings = [
        (name, np.asarray(s.mean).tobytes(), np.asarray(s.scale).tobytes())
        for name, s in result.scalings.items()
    ]
    params = [np.asarray(value).tobytes() for value in result.params]
    return params, result.history, result.scores, scalings, result.stopped_early


@cache
def bits_here(circuit, way):
    return bits(train(module_of(circuit), CIRCUITS[circuit][1](), settings_of(way)))


@pytest.fixture
def stored(tmp_path):
    """A file with the rows of a circuit, open as a feed."""
    feeds = []

    def feed(circuit, columns=None, dtype="float64"):
        columns = columns or CIRCUITS[circuit][1]()
        kinds = [(name, "f8", column.shape[1:]) for name, column in columns.items()]
        rows = np.zeros(len(columns["y"]), kinds)
        for name, column in columns.items():
            rows[name] = column
        np.save(tmp_path / f"{circuit}.npy", rows)
        leaves = leaves_of_module(module_of(circuit))
        feeds.append(open_feed(tmp_path / f"{circuit}.npy", leaves, dtype=dtype))
        return feeds[-1]

    yield feed
    for opened_feed in feeds:
        opened_feed.close()


@pytest.fixture(scope="module")
def processes():
    with on_processes(2) as engine:
        yield engine


@pytest.fixture(scope="module")
def threads():
    with ThreadPoolExecutor(2) as executor:
        yield on_executor(executor)


class Pickling(Executor):
    """Tasks and answers go through pickle, as to another machine, but at once and here."""

    def submit(self, task, /, *arguments, **named):
        future = Future()
        try:
            found = pickle.loads(pickle.dumps(partial(task, *arguments, **named)))()
            future.set_result(pickle.loads(pickle.dumps(found)))
        except Exception as error:
            future.set_exception(pickle.loads(pickle.dumps(error)))
        return future


@pytest.fixture
def elsewhere(monkeypatch):
    """An executor whose process has nothing of the run but what is sent to it."""
    monkeypatch.setattr(SHARDS, "offer", lambda works: None)
    monkeypatch.setattr("symback.training.engine.shard_recipes.limit_threads", lambda count: None)
    with Pickling() as executor:
        yield on_executor(executor)


# ---- the same bits


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("circuit", CIRCUITS)
@pytest.mark.parametrize("workers", ["threads", "processes"])
def test_workers_give_the_bits_of_one_process(circuit, way, workers, request, stored):
    engine = request.getfixturevalue(workers)
    settings = settings_of(way)
    in_memory = train(module_of(circuit), CIRCUITS[circuit][1](), settings, engine=engine)
    from_file = train(
        module_of(circuit), stored(circuit, dtype=settings.dtype), settings, engine=engine
    )
    assert bits(in_memory) == bits(from_file) == bits_here(circuit, way)
    assert in_memory.history[-1].loss < in_memory.history[0].loss


def test_one_shard_is_the_run_without_shards(processes):
    settings = settings_of("steps", shards=1)
    with on_processes(1) as engine:
        apart = train(module_of("neuron"), neuron_data(), settings, engine=engine)
    assert bits(apart) == bits(train(module_of("neuron"), neuron_data(), settings))


def test_any_executor_will_do(elsewhere):
    apart = train(module_of("softmax"), softmax_data(), settings_of("steps"), engine=elsewhere)
    assert bits(apart) == bits_here("softmax", "steps")


def test_threads_of_blas_do_not_show_in_the_bits_of_shards():
    """These sizes are of those whose product has other last bits with two threads than with one."""
    rng = np.random.default_rng(0)
    columns = {"x": rng.normal(size=(800, 1500)), "y": rng.integers(0, 300, 800).astype(float)}
    text = SOFTMAX.replace("4", "300")
    module = sb.circuit(text).compile()
    found = []
    for count in (1, 2):
        with threadpool_limits(count, "blas"):
            result = train(module, columns, Settings(epochs=1, batch_size=400, shards=2))
            found.append(bits(result))
    assert found[0] == found[1]


def sigma(x):
    return 1 / (1 + np.exp(-x))


def gradient_by_hand(w, b, x, y):
    p = sigma(w * x + b)
    return np.array([np.mean((p - y) * x), np.mean(p - y)])


def dealt_by_hand(n, shards, size, seed, epoch, step):
    """The rows of each shard in a step: of ⌊ns/S⌋, …, as its own permutation orders them."""
    for number in range(shards):
        first, last = n * number // shards, n * (number + 1) // shards
        own = size // shards + (number < size % shards)
        sequence = np.random.SeedSequence(seed, spawn_key=(SHUFFLE, number, epoch))
        order = np.random.default_rng(sequence).permutation(last - first)
        yield first + order[step * own : (step + 1) * own]


@pytest.mark.parametrize("local_steps", [1, 4])
def test_shards_are_what_numpy_says_by_hand(local_steps, threads):
    columns, n, size, eta = neuron_data(), N - 1, 31, 0.2  # neither divides by the shards
    x, y = (column[:n] for column in columns.values())
    steps = max(-(-200 // own) for own in (11, 10, 10))
    theta = np.array([0.3, -0.1])
    for epoch in range(2):
        for start in range(0, steps, local_steps):
            alone = []
            for shard in range(S):
                own, rows = theta, 0
                for step in range(start, min(start + local_steps, steps)):
                    dealt = list(dealt_by_hand(n, S, size, 8, epoch, step))[shard]
                    if len(dealt):
                        own = own - eta * gradient_by_hand(*own, x[dealt], y[dealt])
                        rows += len(dealt)
                alone.append((rows, own))
            # one step alone and then the mean is a step along the weighted mean of the gradients
            theta = sum(rows * own for rows, own in alone) / sum(rows for rows, _ in alone)
    result = train(
        hand_made,
        {"x": x, "y": y},
        Settings(2, size, eta, validation=0, seed=8, shards=S, local_steps=local_steps),
        initial=hand_made.Params(0.3, -0.1),
        engine=threads,
    )
    np.testing.assert_allclose(result.params, theta, rtol=1e-12)


# ---- what travels


def test_module_travels_by_its_text(tmp_path):
    made = module_of("neuron")
    again = pickle.loads(pickle.dumps(ModuleFiles.of(made)))
    assert again.module() is made  # this process has it
    del sys.modules[made.__name__]
    try:
        other = again.module()
        assert other is not made
        assert other.SOURCE == made.SOURCE
    finally:
        sys.modules[made.__name__] = made
    assert ModuleFiles.of(hand_made).module().value_and_grad(
        hand_made.Params(1.0, 2.0), hand_made.Inputs(np.ones(3), np.ones(3))
    ) == hand_made.value_and_grad(
        hand_made.Params(1.0, 2.0), hand_made.Inputs(np.ones(3), np.ones(3))
    )


@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_optimiser_can_be_pickled(name):
    settings = Settings(optimiser=name, clip=1.0)
    optimiser = Optimiser(settings)
    again = pickle.loads(pickle.dumps(optimiser))
    theta, gradient = np.array([1.0, 2.0]), np.array([3.0, -4.0])
    for moved in (optimiser, again):
        found = moved.move(theta, gradient, moved.start(theta), t=4, eta=0.1)
        np.testing.assert_array_equal(
            found[0], optimiser.move(theta, gradient, optimiser.start(theta), t=4, eta=0.1)[0]
        )


def test_arrays_in_the_midst_of_a_message_are_aligned():
    numbers = np.arange(5.0)
    odd = np.frombuffer(b"." + numbers.tobytes(), np.uint8)[1:].view(np.float64)
    assert not odd.flags.aligned
    moved, same, _, inner = aligned((odd, numbers, 7, Part(1, 2.0, odd)))
    assert same is numbers
    assert inner.loss == 2.0
    for array in (moved, inner.gradient, aligned({"x": odd})["x"]):
        assert array.flags.aligned
        np.testing.assert_array_equal(array, numbers)


# ---- what goes wrong


class At(Progress):
    """Does something after a step."""

    def __init__(self, step, do):
        self.at, self.do = step, do

    def step(self, step, loss):
        if step == self.at:
            self.do()


def killer_of_a_new_worker():
    """What kills the one worker that is started from now on."""
    before = set(active_children())

    def kill():
        [process] = set(active_children()) - before
        process.kill()
        process.join()

    return kill


def test_killed_process_is_replaced(stored):
    kill = killer_of_a_new_worker()
    with on_processes(1) as engine:
        killing = At(4, kill)
        result = train(
            module_of("neuron"),
            stored("neuron"),
            settings_of("steps"),
            engine=engine,
            progress=killing,
        )
    assert bits(result) == bits_here("neuron", "steps")


def test_run_that_lost_its_executor_goes_on_later(tmp_path, stored):
    module, feed, settings = module_of("neuron"), stored("neuron"), settings_of("steps")
    tmp_path.joinpath("run").mkdir()
    kill = killer_of_a_new_worker()
    with (
        ProcessPoolExecutor(1, get_context("spawn")) as executor,
        pytest.raises(WorkersLost, match=r"out of memory; what was learned is saved.*resume"),
    ):
        train(
            module,
            feed,
            settings,
            engine=on_executor(executor),
            progress=At(7, kill),
            saver=Saver(tmp_path / "run"),
        )
    resumed = train(module, feed, settings, saver=Saver(tmp_path / "run", resume=True))
    assert bits(resumed) == bits_here("neuron", "steps")


def test_interrupt_ends_the_run_and_not_the_workers(threads):
    def interrupt():
        raise KeyboardInterrupt

    module, settings = module_of("neuron"), settings_of("steps")
    result = train(module, neuron_data(), settings, engine=threads, progress=At(5, interrupt))
    assert result.interrupted
    assert result.history[-1].step == 5
    assert bits(train(module, neuron_data(), settings, engine=threads)) == bits_here(
        "neuron", "steps"
    )


@pytest.mark.parametrize("workers", ["threads", "processes"])
def test_errors_of_data_are_those_of_one_process(workers, request, stored):
    columns = neuron_data()
    columns["x"][[N - 2, N // 2]] = np.nan
    found = []
    for engine in (None, request.getfixturevalue(workers)):
        for data in (columns, stored("neuron", columns)):
            with pytest.raises(DataError) as error:
                train(module_of("neuron"), data, settings_of("steps"), engine=engine)
            found.append(str(error.value))
    assert found[:2] == found[2:]
    assert "row 301, column 'x': nan is not finite" in found[1]


def test_divergence_names_the_row(processes):
    columns = {"x": np.full(N, 100.0), "y": np.full(N, -100.0)}
    columns["x"][411] = 0.0  # log(w) there, and w falls below 0 with the first step
    text = "x: input\ny: target\nw: param = 1\nf: output = log(x + w)\nl: loss = (f - y)**2"
    settings = Settings(batch_size=60, shards=2, validation=0, learning_rate=1.0)
    with pytest.raises(Diverged, match=r"row 412, first 'f'"):
        train(sb.circuit(text).compile(), columns, settings, engine=processes)


def test_other_data_at_a_worker_are_refused(stored):
    feed = stored("neuron")
    opened(feed.recipe, feed.digest()).close()
    with pytest.raises(DataError, match=r"neuron\.npy: a worker reads other numbers"):
        opened(feed.recipe, "0" * 64)


def test_other_version_at_a_worker_is_refused(monkeypatch, stored, elsewhere):
    monkeypatch.setattr("symback.training.engine.shard_recipes.__version__", "0.0.1")
    with pytest.raises(TrainingError, match=r"a worker has symback 0\.0\.1, the run"):
        train(module_of("neuron"), stored("neuron"), settings_of("steps"), engine=elsewhere)


@pytest.mark.parametrize("count", [0, -1, 1.5, True, "2"])
def test_no_number_of_workers(count):
    with pytest.raises(TrainingError, match=r"workers is .*; it must be a whole number ≥ 1"):
        on_processes(count)


def test_idle_workers_are_refused(processes):
    with pytest.raises(TrainingError, match=r"2 workers for 1 shard of the rows: give as many"):
        train(hand_made, neuron_data(), Settings(), engine=processes)


def test_executor_that_was_shut_down():
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    with pytest.raises(WorkersLost, match="the executor takes no tasks"):
        train(hand_made, neuron_data(), Settings(shards=2), engine=on_executor(executor))


# ---- the command line


OPTIONS = {
    ("--scheduler", "tcp://127.0.0.1:9"): "--scheduler needs --shards N",
    ("--dask",): "--dask needs --workers N",
    ("--workers", "2", "--shards", "1"): "2 workers for 1 shard",
    ("--workers", "0"): "workers is 0; it must be a whole number ≥ 1",
}


@pytest.fixture
def command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tmp_path.joinpath("neuron.circuit").write_text(NEURON)
    columns = neuron_data()
    np.save("rows.npy", np.rec.fromarrays(list(columns.values()), names=list(columns)))
    fixed = ["train", "neuron.circuit", "--data", "rows.npy", "--epochs", "2", "--quiet"]
    return lambda *options: CliRunner().invoke(cli, [*fixed, *options])


@pytest.mark.parametrize("options", OPTIONS, ids=" ".join)
def test_options_that_do_not_fit(command, options):
    result = command(*options)
    assert result.exit_code == 2
    assert OPTIONS[options] in result.output or OPTIONS[options] in str(result.exception)


@pytest.mark.slow
def test_workers_of_the_command_line(command):
    texts = []
    for folder, options in (("here", ["--shards", "2"]), ("apart", ["--workers", "2"])):
        result = command(*options, "--local-steps", "2", "-o", folder)
        assert result.exit_code == 0, result.output
        with open(f"{folder}/parameters.npz", "rb") as file:
            texts.append(file.read())
    assert texts[0] == texts[1]


def test_absent_dask_is_a_sentence(command, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delitem(sys.modules, "symback.training.engine.dask", raising=False)
    result = command("--dask", "--workers", "2")
    assert result.exit_code == 2
    assert "Dask is not installed: pip install 'symback[dask]'" in result.output


# ---- Dask


@pytest.fixture(scope="module")
def dask():
    pytest.importorskip("distributed")
    from symback.training.engine.dask import on_dask

    with on_dask(workers=2) as engine:
        yield engine


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("circuit", CIRCUITS)
def test_dask_gives_the_bits_of_one_process(circuit, way, dask, stored):
    settings = settings_of(way)
    for data in (CIRCUITS[circuit][1](), stored(circuit, dtype=settings.dtype)):
        result = train(module_of(circuit), data, settings, engine=dask)
        assert bits(result) == bits_here(circuit, way)


@pytest.mark.slow
def test_dask_takes_many_parameters_past_the_scheduler(dask):
    rng = np.random.default_rng(0)
    columns = {"x": rng.normal(size=(40, 20_000)), "y": rng.integers(0, 4, 40).astype(float)}
    module, settings = module_of("softmax"), Settings(epochs=2, batch_size=10, shards=2)
    assert bits(train(module, columns, settings, engine=dask)) == bits(
        train(module, columns, settings)
    )


@pytest.mark.slow
@pytest.mark.parametrize("lost", [1, 2])
@pytest.mark.parametrize("source", ["file", "memory"])
def test_dask_survives_lost_workers(lost, source, stored):
    psutil = pytest.importorskip("psutil")  # comes with Dask
    pytest.importorskip("distributed")
    from symback.training.engine.dask import on_dask

    def children():
        """By the system's list of processes: multiprocessing's own would reap them for Dask."""
        return set(psutil.Process().children())

    def kill_some():
        begun = [p for p in children() - others if p.status() != psutil.STATUS_ZOMBIE]
        workers = [p for p in begun if any("spawn_main" in part for part in p.cmdline())]
        assert len(workers) == 2
        for process in workers[:lost]:
            process.kill()

    data = neuron_data() if source == "memory" else stored("neuron")
    settings, progress = settings_of("steps"), At(4, kill_some)
    others = children()  # the engines of other tests
    with on_dask(workers=2) as engine:
        result = train(module_of("neuron"), data, settings, engine=engine, progress=progress)
    assert bits(result) == bits_here("neuron", "steps")


@pytest.mark.slow
def test_errors_on_dask_are_those_of_one_process(dask, stored):
    columns = neuron_data()
    columns["x"][[N - 2, N // 2]] = np.nan
    with pytest.raises(DataError, match=r"row 301, column 'x': nan is not finite"):
        train(module_of("neuron"), stored("neuron", columns), settings_of("steps"), engine=dask)


@pytest.mark.slow
def test_scheduler_that_nobody_works_for(monkeypatch):
    distributed = pytest.importorskip("distributed")
    from symback.training.engine import dask as dask_workers

    monkeypatch.setattr(dask_workers, "CONNECTING", 1.0)
    monkeypatch.setattr(dask_workers, "DESERTED", 1.0)
    with distributed.LocalCluster(
        n_workers=1,
        processes=False,
        dashboard_address="127.0.0.1:0",
        protocol="tcp",
        host="127.0.0.1",
    ) as cluster:
        address = cluster.scheduler_address
        with (
            dask_workers.on_dask(address, 2) as engine,
            pytest.raises(WorkersLost, match="has 1 workers, 2 are needed"),
        ):
            train(hand_made, neuron_data(), Settings(shards=2), engine=engine)
        with (
            dask_workers.on_dask(address) as engine,
            pytest.raises(WorkersLost, match="the cluster has had no workers for 1 s"),
        ):
            leave = At(4, lambda: cluster.scale(0))
            train(hand_made, neuron_data(), Settings(shards=2), engine=engine, progress=leave)
    with (
        dask_workers.on_dask(address) as engine,
        pytest.raises(WorkersLost, match="no Dask scheduler answers at tcp://"),
    ):
        train(hand_made, neuron_data(), Settings(shards=2), engine=engine)


@pytest.mark.slow
@pytest.mark.parametrize("address", ["nonsense://", "tcp://here", "10.0.0.1"])
def test_no_address_of_a_scheduler(address):
    pytest.importorskip("distributed")
    from symback.training.engine.dask import on_dask

    with pytest.raises(SymbackError, match="is not the address of a scheduler"):
        on_dask(address)


@pytest.mark.slow
def test_few_shards_move_when_workers_come_and_go():
    pytest.importorskip("distributed")
    from symback.training.engine.dask import spread

    rng = np.random.default_rng(0)
    for _ in range(300):
        shards, names = int(rng.integers(1, 20)), list("abcdefgh")
        places = [str(p) for p in rng.choice(names, shards)]
        there = [str(p) for p in rng.permutation(names)[: rng.integers(1, 8)]]
        found = spread(places, there)
        load = {name: found.count(name) for name in there}
        assert sum(load.values()) == shards
        assert max(load.values()) <= -(-shards // len(there))
        stayed = sum(a == b for a, b in zip(places, found, strict=True))
        assert stayed == sum(min(places.count(p), -(-shards // len(there))) for p in there)
