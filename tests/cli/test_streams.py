"""Streams that are full or closed, and files that cannot be read, end in a sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import symback as sb
from tests.cases.compilers import compiles
from tests.cases.one_in import one_in

ROOT = Path(__file__).resolve().parents[2]
NEEDS_FULL = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
COMMANDS = {
    "derive": "derive c.circuit",
    "html": "derive c.circuit --format html",
    "draw": "draw c.circuit",
    "generate": "generate c.circuit",
    "check": "check m.py",
    "train": "train c.circuit --data d.csv --epochs 1 --quiet",
    "train as JSON": "train c.circuit --data d.csv --epochs 1 --quiet --json",
    "quiz": "quiz c.circuit",
    "--help": "--help",
    "derive --help": "derive --help",
    "-V": "-V",
    "--version": "--version",
}
STREAMS = {  # how the shell sets the streams; the exit code; what is said
    "output full": (">/dev/full </dev/null", 2, "symback: standard output: No space left"),
    "output closed": (">&- </dev/null", 2, "symback: standard output: not writable"),
    "output closed by its reader": ("2>said </dev/null | true", 0, ""),
    "both full": (">/dev/full 2>/dev/full </dev/null", 2, ""),
    "both closed": (">&- 2>&- </dev/null", 2, ""),
    "messages closed": (">/dev/null 2>&- </dev/null", 0, ""),
    "input closed": (">/dev/null <&-", 0, ""),
    "all closed": (">&- 2>&- <&-", 2, ""),
}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.circuit").write_text("f = w*x + b")
    (tmp_path / "m.py").write_text(sb.circuit("f = w*x + b").generate())
    (tmp_path / "d.csv").write_text("x,y\n" + "".join(f"{i},{2 * i}\n" for i in range(9)))
    return tmp_path


def in_shell(command, streams):
    """Runs it with these streams; exit code and what is said."""
    line = f'{sys.executable} -m symback {command} {streams}; echo "${{PIPESTATUS[0]}}" >code'
    run = subprocess.run(
        ["bash", "-c", line],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=120,
        check=False,
    )
    said = Path("said").read_text() if Path("said").exists() else ""
    return int(Path("code").read_text()), run.stderr + said


FEW = ("derive",)
CASES = [(c, s) for c in COMMANDS for s in STREAMS if s == "output full" or c in FEW]


@NEEDS_FULL
@pytest.mark.parametrize(("command", "streams"), one_in(16, CASES))
def test_no_stream_ends_in_a_traceback(command, streams):
    how, code, words = STREAMS[streams]
    found, said = in_shell(COMMANDS[command], how)
    sentences = [line for line in said.splitlines() if line.startswith("symback: ")]
    assert found == code and "Traceback" not in said and "Exception" not in said
    assert len(sentences) == bool(words) and all(s.startswith(words) for s in sentences)


@pytest.mark.slow
@NEEDS_FULL
@pytest.mark.parametrize("streams", STREAMS)
@pytest.mark.parametrize("command", [c for c in COMMANDS if c not in FEW])
def test_no_stream_of_any_command_ends_in_a_traceback(command, streams):
    test_no_stream_ends_in_a_traceback(command, streams)


@NEEDS_FULL
@pytest.mark.parametrize("name", ["m.py", pytest.param("k.c", marks=[pytest.mark.slow, compiles])])
def test_a_module_that_checks_itself_ends_in_a_sentence(name, folder):
    if name == "k.c":
        sb.circuit("f = w*x + b").generate(name, target="c")
    module = str(Path(name).with_suffix(".py"))
    for streams, code, words in (
        (">/dev/full", 2, "standard output: No space left on device\n"),
        ("| true", 2, "standard output: Broken pipe\n"),
        ("", 0, ""),
    ):
        line = f'sleep 0.1 && {sys.executable} {module} {streams}; exit "${{PIPESTATUS[0]}}"'
        run = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
        assert (run.returncode, run.stderr) == (code, words)
        assert run.stdout.startswith("gradients agree") == (code == 0)


def test_a_quiz_without_input_ends():
    code, said = in_shell(COMMANDS["quiz"], ">/dev/null <&-")
    assert code == 0 and "Traceback" not in said


def test_a_circuit_from_closed_input_is_empty():
    code, said = in_shell("derive -", "<&-")
    assert code == 2 and said.startswith("symback: the circuit is empty")


UNREADABLE = {
    "binary": (bytes(range(256)), "is not UTF-8 text"),
    "zeros": (bytes(100), ""),
    "UTF-16": ("f = w*x".encode("utf-16"), "is not UTF-8 text"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(50), "is not UTF-8 text"),
    "an archive": (b"PK\x03\x04" + bytes(50), ""),
    "empty": (b"", "the circuit is empty"),
}


READERS = {
    "derive": ["derive", "FILE"],
    "draw": ["draw", "FILE"],
    "generate": ["generate", "FILE"],
    "quiz": ["quiz", "FILE"],
    "train": ["train", "FILE", "--data", "d.csv"],
    "descend": ["descend", "FILE", "--data", "d.csv"],
    "check": ["check", "FILE"],
    "diff": ["generate", "c.circuit", "-o", "FILE", "--diff"],
}
CIRCUITS = [name for name, words in READERS.items() if words[1] == "FILE" and name != "check"]


@pytest.mark.parametrize("kind", UNREADABLE)
@pytest.mark.parametrize("command", CIRCUITS)
def test_circuits_that_are_no_text_end_in_a_sentence(command, kind, folder, run):
    content, words = UNREADABLE[kind]
    (folder / "x.circuit").write_bytes(content)
    given = ["x.circuit" if w == "FILE" else w for w in READERS[command]]
    code, _, said = run(*given)
    assert code == 2 and said.startswith("symback: ") and words in said
    assert len(said.splitlines()[0]) <= 210


@pytest.mark.parametrize("command", READERS)
def test_what_is_no_file_ends_in_a_sentence(command, folder, monkeypatch, run):
    """A folder, a file that may not be read, one that is not there, a name with a line break."""
    (folder / "x.py").mkdir()
    (folder / "locked.py").write_text("f = w*x")
    (folder / "a\nb.py").write_text("f = w*x")
    os.mkfifo(folder / "pipe.py")
    monkeypatch.setattr("builtins.open", locked(open, "locked.py"))
    monkeypatch.setattr(Path, "read_bytes", locked(Path.read_bytes, "locked.py"))
    for name in ("x.py", "locked.py", "no/such.py", "a\nb.py", "pipe.py", "n" * 300 + ".py"):
        given = [name if w == "FILE" else w for w in READERS[command]]
        code, _, said = run(*given)
        if command == "diff" and name == "no/such.py":
            assert code == 1  # it is out of date
            continue
        if "\n" in name and command in CIRCUITS:
            assert "'a?b.py' has a line break in its name; rename the file" in said
        message = [line for line in said.splitlines() if line.startswith(("symback: ", "Error: "))]
        assert code == 2 and len(message) == 1, (name, said)


def locked(function, name):
    def refuse(path, *args, **kwargs):
        if str(path).endswith(name):
            raise PermissionError(13, "Permission denied", str(path))
        return function(path, *args, **kwargs)

    return refuse


WRITERS = {
    "derive": ["derive", "c.circuit", "-o"],
    "draw": ["draw", "c.circuit", "-o"],
    "generate": ["generate", "c.circuit", "-o"],
    "certificate": ["check", "m.py", "--certificate"],
    "descend": ["descend", "c.circuit", "--data", "d.csv", "-o"],
    "train": ["train", "c.circuit", "--data", "d.csv", "--quiet", "-o"],
}
ENDS = {"generate": ".py", "train": ""}


@pytest.mark.parametrize("command", WRITERS)
def test_names_that_cannot_be_written_end_in_a_sentence(command, folder, run):
    end = ENDS.get(command, ".svg")
    (folder / "file").write_text("mine")
    names = ["/proc/x", "file/x", "a\nb", "n" * 300, "\udcff", "a\u202eb"]
    before = sorted(folder.iterdir())
    for name in names:
        code, _, said = run(*WRITERS[command], name + end)
        assert code == 2 and "symback: " in said, name
        assert sorted(folder.iterdir()) == before, name
    assert run(*WRITERS[command], "")[0] == 2
    assert sorted(folder.iterdir()) == before
