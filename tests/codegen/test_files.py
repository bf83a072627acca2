"""Files are written whole or not at all, also by a writer that is killed; nothing else is lost."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import symback as sb
from symback.codegen.files import replace_file, write
from symback.errors import FileRefused
from symback.training.loop import Settings, train
from symback.training.results import files as outputs

CIRCUIT = sb.circuit("f = w*x")
OTHER = sb.circuit("f = tanh(w*x) + b")
FEW, MANY = 6, 200  # writers killed by default, and in the slow test


def kill_soon(write, rng):
    """Fork a process that writes again and again, and kill it at a random moment."""
    child = os.fork()
    if child == 0:  # pragma: no cover
        while True:
            write()
    time.sleep(rng.uniform(0.002, 0.03))
    os.kill(child, signal.SIGKILL)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL


def leftovers(folder, files):
    return [name for name in os.listdir(folder) if name not in files]


def assert_survives_kills(folder, write, wholes, times):
    """After every kill each file is one of its whole versions, and rubbish never adds up."""
    rng = random.Random(0)
    for _ in range(times):
        kill_soon(write, rng)
        for name, versions in wholes.items():
            assert (folder / name).read_bytes() in versions, name
        rest = leftovers(folder, wholes)
        assert all(name.startswith(".") and name.endswith(".tmp") for name in rest)
        of_one_file = [name.partition(".symback-")[0] for name in rest]
        assert len(of_one_file) == len(set(of_one_file)), rest
    for whole in wholes:  # the next write of a file removes what a dead writer left of it
        replace_file(folder / whole, wholes[whole][0])
    assert leftovers(folder, wholes) == []


def kill_generate(folder, times):
    texts = [CIRCUIT.generate(), OTHER.generate()]
    path = folder / "neuron.py"
    CIRCUIT.generate(path)

    def write_both():
        for text in texts:
            write(text, path)

    assert_survives_kills(folder, write_both, {"neuron.py": [t.encode() for t in texts]}, times)


def kill_training(folder, times):
    module = CIRCUIT.compile()
    columns = {"x": np.linspace(-1, 1, 20), "y": np.linspace(-2, 2, 20)}
    results = [train(module, columns, Settings(epochs=n, validation=0)) for n in (1, 2)]
    wholes: dict[str, list[bytes]] = {}
    for result in results:
        written, _ = outputs.write_result(result, folder)
        for name in map(Path, written):
            wholes.setdefault(name.name, []).append(name.read_bytes())

    made = [outputs.contents(result) for result in results]
    for contents in made:
        for name, content in contents.items():
            wholes[name].append(content)

    def write():
        for contents in made:
            for name, content in contents.items():
                replace_file(folder / name, content)

    # Pictures take long to draw: what is killed is the writing, of all files in turn.
    drawn = {name: versions for name, versions in wholes.items()}
    assert {"parameters.npz", "history.csv", "training.json"} <= drawn.keys()
    assert_survives_kills(folder, write, drawn, times)


KILLED = {"generate": kill_generate, "training": kill_training}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("what", KILLED)
def test_a_killed_writer_leaves_whole_files(what, tmp_path):
    KILLED[what](tmp_path, FEW)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("what", KILLED)
def test_very_many_killed_writers_leave_whole_files(what, tmp_path):
    KILLED[what](tmp_path, MANY)


def test_what_a_dead_writer_left_is_removed_and_what_a_living_one_writes_is_not(tmp_path):
    path = tmp_path / "neuron.py"
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left = tmp_path / f".neuron.py.symback-{dead.pid}-0123.tmp"
    living = tmp_path / f".neuron.py.symback-{os.getpid()}-0123.tmp"
    others = tmp_path / ".other.py.symback-1-0123.tmp"
    for file in (left, living, others):
        file.write_text("half")
    CIRCUIT.generate(path)
    assert sorted(os.listdir(tmp_path)) == sorted([living.name, others.name, "neuron.py"])


TWINS = {
    "case": ("neuron.py", "Neuron.py"),
    "capitals": ("NEURON.py", "neuron.py"),
    "composed": ("\u00e9.py", "e\u0301.py"),
    "fullwidth": ("n.py", "ｎ.py"),
    "sharp s": ("straße.py", "STRASSE.py"),
}


@pytest.mark.parametrize("case", TWINS)
def test_names_that_are_one_file_elsewhere_are_refused(case, tmp_path):
    first, second = TWINS[case]
    CIRCUIT.generate(tmp_path / first)
    before = (tmp_path / first).read_bytes()
    with pytest.raises(FileRefused, match="one file"):
        OTHER.generate(tmp_path / second)
    assert os.listdir(tmp_path) == [first]
    assert (tmp_path / first).read_bytes() == before
    OTHER.generate(tmp_path / first)  # the same name is the same file


STRANGE = [
    "a\nb.py",
    "a\tb.py",
    "a\x1b[31m.py",
    "a\u202e.py",
    "a\u200b.py",
    "a\0b.py",
    "a\udcff.py",
]


@pytest.mark.parametrize("name", STRANGE)
def test_names_that_hide_something_are_refused(name, tmp_path):
    with pytest.raises(FileRefused) as caught:
        CIRCUIT.generate(tmp_path / name)
    assert str(caught.value).isprintable() and len(str(caught.value)) <= 200
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("device", ["/dev/null", "/dev/full", "/dev/stdout", "/dev/fd/1"])
def test_devices_are_refused(device):
    with pytest.raises(FileRefused):
        CIRCUIT.generate(device, force=True)


def test_a_link_in_place_of_a_file_is_not_followed(tmp_path):
    target = tmp_path / "target"
    target.write_text("mine")
    (tmp_path / "neuron.py").symlink_to(target)
    (tmp_path / "dangling.py").symlink_to(tmp_path / "nowhere")
    for name in ("neuron.py", "dangling.py"):
        for force in (False, True):
            with pytest.raises(FileRefused, match="symbolic link"):
                CIRCUIT.generate(tmp_path / name, force=force)
    assert target.read_text() == "mine" and not (tmp_path / "nowhere").exists()


def test_a_long_path_leaves_the_way_out_in_the_message(tmp_path):
    path = tmp_path / ("d" * 150) / ("n" * 150 + ".py")
    path.parent.mkdir()
    path.write_text("mine = 1\n")
    with pytest.raises(FileRefused) as caught:
        CIRCUIT.generate(path)
    assert "--force" in str(caught.value) and len(str(caught.value)) <= 200
    assert path.read_text() == "mine = 1\n"


def test_a_new_file_keeps_to_the_umask_also_beside_threads(tmp_path):
    before = os.umask(0o027)
    try:
        CIRCUIT.generate(tmp_path / "neuron.py")
    finally:
        os.umask(before)
    assert (tmp_path / "neuron.py").stat().st_mode & 0o777 == 0o640


RUN = """
import sys
import symback as sb
from symback.training import train_from_file
c = sb.circuit("x: input; w: param; b: param = 1\\nu = w*x + b\\nf = sigma(u)*u")
c.generate(sys.argv[1] + "/module.py")
train_from_file(c, "data.csv", epochs=2, output=sys.argv[1] + "/run", quiet=True)
"""


@pytest.mark.slow
def test_files_have_the_same_bytes_under_any_hash_seed(tmp_path):
    (tmp_path / "data.csv").write_text("x,y\n1,2\n2,4\n3,5\n4,8\n5,9\n6,11\n")
    for seed in ("1", "4242"):
        subprocess.run(
            [sys.executable, "-c", RUN, seed],
            cwd=tmp_path,
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
        )
    first, second = tmp_path / "1", tmp_path / "4242"
    names = sorted(p.relative_to(first) for p in first.rglob("*") if p.is_file())
    assert len(names) >= 4
    for name in names:
        if name.suffix != ".pyc":
            assert (first / name).read_bytes() == (second / name).read_bytes(), name
