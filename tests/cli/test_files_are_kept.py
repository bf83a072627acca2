"""No command loses a file: every command that writes, beside every kind of file that is there."""

from __future__ import annotations

import os
import stat
import sys

import numpy as np
import pytest

import symback as sb
from symback.codegen.marks import kind_of
from tests.cases.compilers import compiles
from tests.cases.one_in import one_in

CIRCUIT, OTHER = "f = w*x + b", "f = tanh(w*x) + b"
DATA = "x,y\n" + "".join(f"{i / 4},{i / 2 + 1}\n" for i in range(12))

CERTIFIED = ["generate", "c.circuit", "-o", "n.py", "--certificate"]
DRAWN = ["descend", "c.circuit", "--data", "d.csv", "-o", "a.svg", "--losses"]
IN_C = ["generate", "c.circuit", "--target", "c", "-o"]
AS_LATEX = ["derive", "c.circuit", "--format", "latex", "-o"]
COMMANDS = {  # words of the command, and the file that it writes
    "derive": (["derive", "c.circuit", "-o", "out.txt"], "out.txt"),
    "derive --stats": (["derive", "c.circuit", "--stats", "-o", "out.txt"], "out.txt"),
    "latex": ([*AS_LATEX, "out.tex"], "out.tex"),
    "slides": ([*AS_LATEX, "o.tex", "--style", "beamer"], "o.tex"),
    "markdown": (["derive", "c.circuit", "--format", "markdown", "-o", "out.md"], "out.md"),
    "json": (["derive", "c.circuit", "--format", "json", "-o", "out.json"], "out.json"),
    "page": (["derive", "c.circuit", "--format", "html", "-o", "out.html"], "out.html"),
    "update": (["derive", "--update", "adam", "-o", "out.txt"], "out.txt"),
    "picture": (["draw", "c.circuit", "-o", "out.svg"], "out.svg"),
    "graph": (["draw", "c.circuit", "-o", "out.dot"], "out.dot"),
    "module": (["generate", "c.circuit", "-o", "out.py"], "out.py"),
    "module in C": ([*IN_C, "out.c"], "out.c"),
    "header": ([*IN_C, "out.c"], "out.h"),
    "loader": ([*IN_C, "out.c"], "out.py"),
    "module of an update": (["generate", "--update", "adam", "-o", "out.py"], "out.py"),
    "certificate": (["check", "m.py", "--certificate", "out.json"], "out.json"),
    "certificate beside": ([*CERTIFIED, "o.json"], "o.json"),
    "module beside": ([*CERTIFIED, "o.json"], "n.py"),
    "descent": (["descend", "c.circuit", "--data", "d.csv", "-o", "out.svg"], "out.svg"),
    "descent as PNG": (["descend", "c.circuit", "--data", "d.csv", "-o", "out.png"], "out.png"),
    "losses": (["descend", "c.circuit", "--data", "d.csv", "--losses", "out.svg"], "out.svg"),
}  # fmt: skip
TRAIN = ["train", "c.circuit", "--data", "d.csv", "--epochs", "1", "--quiet", "-o", "run"]
OF_A_RUN = ["parameters.npz", "history.csv", "history.jsonl", "training.json", "checkpoint.npz"]
OF_A_RUN += ["loss.svg", "path.svg"]
ALL = {**COMMANDS, **{f"train, {file}": (TRAIN, f"run/{file}") for file in OF_A_RUN}}
EACH = pytest.mark.parametrize("command", ALL)
ONE_FILE = pytest.mark.parametrize("command", COMMANDS)
SOME_FILES = pytest.mark.parametrize("command", one_in(2, COMMANDS))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder to work in, with a circuit, data, and a module to check."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.circuit").write_text(CIRCUIT)
    (tmp_path / "d.csv").write_text(DATA)
    (tmp_path / "m.py").write_text(sb.circuit(CIRCUIT).generate())
    (tmp_path / "run").mkdir()
    return tmp_path


def snapshot(folder):
    return {
        str(p.relative_to(folder)): (p.read_bytes() if p.is_file() else None, p.is_symlink())
        for p in folder.rglob("*")
        if "__pycache__" not in p.parts
    }


FOREIGN = {
    "text": b"mine\n",
    "binary": bytes(range(256)),
    "empty": b"",
    "no text": b"\xff\xfe\x00",
    "a circuit": CIRCUIT.encode(),
    "a picture": b'<svg xmlns="http://www.w3.org/2000/svg"/>\n',
    "a page": b"<!doctype html>\n<p>mine</p>\n",
    "a table": b"x,y\n1,2\n",
    "an archive": b"PK\x03\x04" + bytes(100),
    "the words of a mark": b"Written by symback derive, body sha256:0123456789abcdef\n",
    "a hash": b"# body sha256:0123456789abcdef\n",
}


ALWAYS = ("text", "empty", "the words of a mark")
EVERY = ("derive", "page", "picture", "module", "header", "train, history.csv")


@pytest.mark.parametrize(
    ("command", "kind"),
    one_in(2, [(c, k) for c in ALL for k in FOREIGN if k in ALWAYS or c in EVERY]),
)
def test_what_symback_did_not_write_is_kept(command, kind, folder, run):
    words, file = ALL[command]
    (folder / file).write_bytes(FOREIGN[kind])
    before = snapshot(folder)
    code, _, said = run(*words)
    assert code == 2 and "--force" in said and file.rpartition("/")[2] in said
    assert snapshot(folder) == before


@pytest.mark.parametrize("command", one_in(8, ALL))
def test_force_replaces_it(command, folder, run):
    words, file = ALL[command]
    (folder / file).write_bytes(b"mine\n")
    assert run(*words, "--force")[0] == 0
    replaced = not (folder / file).exists() or (folder / file).read_bytes() != b"mine\n"
    assert replaced or file == "run/path.svg"
    (folder / file).exists() and run(*words)  # what was written now is symback's own


@SOME_FILES
def test_its_own_file_is_brought_up_to_date(command, folder, run):
    words, file = COMMANDS[command]
    assert run(*words)[0] == 0
    content = (folder / file).read_bytes()
    code, _, said = run(*words)
    assert code == 0 and f"{file} is up to date" in said
    assert (folder / file).read_bytes() == content
    (folder / "c.circuit").write_text(OTHER)
    code, _, said = run(*words)
    assert code == 0
    constant = "update" in command or command == "certificate"  # these don't read the circuit
    assert ((folder / file).read_bytes() == content) is constant
    assert f"wrote {file}" in said or constant


def edits(content):
    """What may become of a file that symback wrote."""
    yield "appended", content + b"\nmine\n"
    yield "cut", content[:-1]
    yield "cut short", content[:100]
    yield "emptied", b""
    yield "one byte changed", content[:60] + bytes([content[60] ^ 1]) + content[61:]
    yield "twice", content + content


@SOME_FILES
def test_its_own_file_is_kept_once_it_was_edited(command, folder, run):
    words, file = COMMANDS[command]
    assert run(*words)[0] == 0
    for how, edited in edits((folder / file).read_bytes()):
        (folder / file).write_bytes(edited)
        before = snapshot(folder)
        code, _, said = run(*words)
        assert code == 2 and "--force" in said, how
        assert snapshot(folder) == before, how


@pytest.mark.parametrize(
    "file", one_in(6, [f for f in OF_A_RUN if f not in ("path.svg", "checkpoint.npz")])
)
def test_files_of_a_run_are_kept_once_they_were_edited(file, folder, run):
    assert run(*TRAIN)[0] == 0
    assert run(*TRAIN)[0] == 0
    path = folder / "run" / file
    for how, edited in edits(path.read_bytes()):
        path.write_bytes(edited)
        before = snapshot(folder)
        code, _, said = run(*TRAIN)
        assert code == 2 and "--force" in said and file in said, how
        assert snapshot(folder) == before, how
    assert run(*TRAIN, "--force")[0] == 0
    assert run(*TRAIN)[0] == 0


@SOME_FILES
def test_files_of_other_commands_are_kept(command, folder, run):
    words, file = COMMANDS[command]
    assert run(*words)[0] == 0
    own = kind_of((folder / file).read_bytes())
    others = {
        "derive": ["derive", "c.circuit", "-o", "a.txt"],
        "draw": ["draw", "c.circuit", "-o", "a.svg"],
        "module": ["generate", "c.circuit", "-o", "a.py"],
    }
    for kind, made in others.items():
        if kind == own:
            continue
        assert run(*made)[0] == 0
        (folder / made[-1]).replace(folder / file)
        before = snapshot(folder)
        code, _, said = run(*words)
        assert code == 2 and "--force" in said and ", not a " in said
        assert snapshot(folder) == before


@SOME_FILES
def test_a_read_only_file_is_kept(command, folder, run):
    words, file = COMMANDS[command]
    assert run(*words)[0] == 0
    (folder / "c.circuit").write_text(OTHER)
    (folder / file).chmod(0o444)
    before = snapshot(folder)
    code, _, said = run(*words)
    if "up to date" not in said:
        assert code == 2 and "is read-only; --force" in said
    assert snapshot(folder) == before
    assert run(*words, "--force")[0] == 0
    assert stat.S_IMODE((folder / file).stat().st_mode) == 0o444


@EACH
def test_links_folders_and_pipes_are_kept_by_force_too(command, folder, run):
    words, file = ALL[command]
    target = folder / "precious"
    target.write_text("mine")
    path = folder / file
    kinds = {
        "link": lambda: path.symlink_to(target),
        "dangling link": lambda: path.symlink_to(folder / "nowhere"),
        "folder": path.mkdir,
        "pipe": lambda: os.mkfifo(path),
    }
    for how, make in kinds.items():
        make()
        before = snapshot(folder)
        code, _, said = run(*words, "--force")
        assert code == 2 and path.name in said, how
        assert snapshot(folder) == before, how
        path.rmdir() if how == "folder" else path.unlink()


INPUTS = {  # commands that would write where they read
    "derive": ["derive", "c.circuit", "-o", "c.circuit"],
    "derive, page": ["derive", "c.circuit", "--format", "html", "-o", "c.circuit"],
    "stats": ["derive", "c.circuit", "--stats", "-o", "c.circuit"],
    "derive, other spelling": ["derive", "c.circuit", "-o", "./run/../c.circuit"],
    "derive, hard link": ["derive", "c.circuit", "-o", "hard"],
    "derive, through a linked folder": ["derive", "c.circuit", "-o", "linked/c.circuit"],
    "derive, from a link": ["derive", "soft.circuit", "-o", "c.circuit"],
    "draw": ["draw", "c.circuit", "--format", "svg", "-o", "c.circuit"],
    "draw, hard link": ["draw", "c.circuit", "-o", "hard.svg"],
    "generate, certificate": [*CERTIFIED, "c.circuit"],
    "generate, hard link": ["generate", "c.circuit", "-o", "hard.py"],
    "check": ["check", "m.py", "--certificate", "m.py"],
    "check, hard link": ["check", "m.py", "--certificate", "hard_m"],
    "check, C": ["check", "k.py", "--certificate", "k.c"],
    "check, header": ["check", "k.c", "--certificate", "k.h"],
    "check, loader": ["check", "k.c", "--certificate", "k.py"],
    "descend": ["descend", "d.svg", "--data", "d.csv", "-o", "d.svg"],
    "descend, data": ["descend", "c.circuit", "--data", "d.csv", "--losses", "data.svg"],
    "train, circuit": ["train", "run/history.csv", "--data", "d.csv", "-o", "run"],
    "train, data": ["train", "c.circuit", "--data", "run2/history.csv", "-o", "run2"],
    "train, initial": [*TRAIN[:-1], "old", "--initial", "old/parameters.npz"],
}


@pytest.mark.parametrize("force", [[], ["--force"]], ids=["plain", "forced"])
@pytest.mark.parametrize("case", INPUTS)
def test_an_output_is_never_an_input(case, force, folder, run):
    os.link("c.circuit", "hard")
    os.link("c.circuit", "hard.svg")
    os.link("c.circuit", "hard.py")
    os.link("m.py", "hard_m")
    os.link("d.csv", "data.svg")
    (folder / "soft.circuit").symlink_to("c.circuit")
    (folder / "linked").symlink_to(folder)
    (folder / "d.svg").write_text(CIRCUIT)
    sb.circuit(CIRCUIT).generate("k.c", target="c")
    (folder / "run" / "history.csv").write_text(CIRCUIT)
    (folder / "run2").mkdir()
    (folder / "run2" / "history.csv").write_text(DATA)
    if "old" in INPUTS[case]:
        run(*TRAIN[:-1], "old")
    before = snapshot(folder)
    code, _, said = run(*INPUTS[case], *force)
    assert code == 2 and "is read by this command" in said
    assert snapshot(folder) == before


def test_standard_input_is_an_input(folder, monkeypatch, run):
    with open("c.circuit") as stream:
        saved = os.dup(0)
        os.dup2(stream.fileno(), 0)
        monkeypatch.setattr(sys, "stdin", stream)
        try:
            code, _, said = run("derive", "-", "-o", "c.circuit", "--force")
        finally:
            os.dup2(saved, 0)
            os.close(saved)
    assert code == 2 and "is read by this command" in said
    assert (folder / "c.circuit").read_text() == CIRCUIT


TWICE = {
    "module and certificate": [*CERTIFIED, "n.py"],
    "other spelling": [*CERTIFIED, "run/../n.py"],
    "other case": [*CERTIFIED, "N.PY"],
    "header": [*IN_C, "n.c", "--certificate", "n.h"],
    "loader": [*IN_C, "n.c", "--certificate", "n.py"],
    "pictures": [*DRAWN, "a.svg"],
    "pictures, case": [*DRAWN, "A.svg"],
}  # fmt: skip


@pytest.mark.parametrize("force", [[], ["--force"]], ids=["plain", "forced"])
@pytest.mark.parametrize("case", TWICE)
def test_an_output_is_never_another_output(case, force, folder, run):
    before = snapshot(folder)
    code, _, said = run(*TWICE[case], *force)
    assert code == 2 and "is to be written twice" in said
    assert snapshot(folder) == before


PAIRS = {  # commands of two files: the one that is in the way, and the other
    "module in the way": ([*CERTIFIED, "n.json"], "n.py"),
    "certificate in the way": ([*CERTIFIED, "n.json"], "n.json"),
    "losses in the way": ([*DRAWN, "b.svg"], "b.svg"),
    "picture in the way": ([*DRAWN, "b.svg"], "a.svg"),
    "header in the way": ([*IN_C, "n.c"], "n.h"),
    "loader in the way": ([*IN_C, "n.c"], "n.py"),
}  # fmt: skip


@pytest.mark.parametrize("case", PAIRS)
def test_nothing_is_written_where_one_file_is_refused(case, folder, run):
    words, file = PAIRS[case]
    (folder / file).write_text("mine")
    before = snapshot(folder)
    code, _, said = run(*words)
    assert code == 2 and "--force" in said
    assert snapshot(folder) == before


@pytest.mark.parametrize("failing", [1, 2, 3])
def test_nothing_is_written_where_one_file_cannot_be(failing, folder, run, monkeypatch):
    words = [*IN_C, "new/n.c"]
    for _ in range(2):  # into a new folder, and over files that are there
        (folder / "c.circuit").write_text(OTHER)
        before = snapshot(folder)
        calls = []

        def replace(old, new, calls=calls):
            calls.append(new)
            if len(calls) == failing:
                raise OSError(28, "No space left on device")
            os.rename(old, new)

        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", replace)
            code, _, said = run(*words)
        assert code == 2 and "No space left on device" in said
        assert snapshot(folder) == before
        (folder / "c.circuit").write_text(CIRCUIT)
        assert run(*words)[0] == 0


@ONE_FILE
def test_folders_that_are_made_are_named(command, folder, run):
    words, file = COMMANDS[command]
    deep = [f"no/such/{w}" if w.rpartition(".")[0] in ("out", "o", "n") else w for w in words]
    code, _, said = run(*deep)
    assert code == 0 and f"made the folder {os.path.join('no', 'such')}" in said
    assert (folder / "no" / "such" / file).exists()


NAMES = {
    "numpy.py": "hide the module numpy",
    "sys.py": "hide the module sys",
    "math.py": "hide the module math",
    "typing.py": "hide the module typing",
    "random.py": "hide the module random",
    "json.py": "hide the module json",
    "symback.py": "hide the module symback",
    "class.py": "'class' is a word of Python's own",
    "None.py": "'None' is a word of Python's own",
    "a b.py": "'a b' is not a Python name; choose a name such as a_b.py",
    "my-model.py": "'my-model' is not a Python name; choose a name such as my_model.py",
    "1m.py": "'1m' is not a Python name; choose a name such as module_1m.py",
    "m.x.py": "'m.x' is not a Python name",
    "m.txt": "m.txt does not end in .py: name the file m.py",
    "m": "m does not end in .py: name the file m.py",
    "m.pyc": "does not end in .py",
    "a\nb.py": "is not a file name",
}
NAMES_IN_C = {
    "ctypes.c": "hide the module ctypes",
    "hashlib.c": "hide the module hashlib",
    "numpy.c": "hide the module numpy",
    "class.c": "'class' is a word of Python's own",
    "a b.c": "'a b' is not a Python name",
    "m.py": "name the file m.c; m.h and m.py are written beside it",
}


@pytest.mark.parametrize("force", [[], ["--force"]], ids=["plain", "forced"])
@pytest.mark.parametrize(
    ("name", "target", "why"),
    [(n, "numpy", w) for n, w in NAMES.items()] + [(n, "c", w) for n, w in NAMES_IN_C.items()],
)
def test_names_that_python_cannot_import_are_refused(name, target, why, force, folder, run):
    before = snapshot(folder)
    for words in (["c.circuit"], ["--update", "adam"]):
        code, _, said = run("generate", *words, "--target", target, "-o", name, *force)
        assert code == 2 and why in said
    assert snapshot(folder) == before


def test_every_module_that_modules_import_is_refused_as_a_name(folder):
    imported = set()
    for target in ("numpy", "c"):
        for subject in (sb.circuit(CIRCUIT), sb.update("adam")):
            text = subject.compile(target=target).__loader__.files[".py"].decode()
            lines = [line.split() for line in text.splitlines()]
            imported |= {w[1].partition(".")[0] for w in lines if w[:1] in (["import"], ["from"])}
    imported -= {"__future__"}
    assert {"numpy", "typing", "ctypes"} <= imported
    for name in imported:
        with pytest.raises(sb.SymbackError, match=f"would hide the module {name}"):
            sb.circuit(CIRCUIT).generate(folder / f"{name}.py")


@pytest.mark.slow
def test_the_same_rules_hold_in_python(folder):
    from symback.training import train_from_file
    from symback.training.results.descent import descend
    from symback.training.results.descent_plot import descent_picture, loss_picture

    circuit = sb.circuit(CIRCUIT)
    columns = {"x": np.linspace(0, 1, 8), "y": np.linspace(1, 3, 8)}
    paths = descend(circuit, columns, steps=2)
    writers = {
        "m2.py": lambda **o: circuit.generate("m2.py", **o),
        "u.py": lambda **o: sb.update("adam").generate("u.py", **o),
        "a.svg": lambda **o: descent_picture(circuit, columns, steps=2, save="a.svg", **o),
        "a.png": lambda **o: loss_picture(paths, save="a.png", **o),
        "run/history.csv": lambda **o: train_from_file(
            circuit, columns, epochs=1, quiet=True, output="run", **o
        ),
    }
    for file, write in writers.items():
        (folder / file).write_text("mine")
        before = snapshot(folder)
        with pytest.raises(sb.SymbackError, match="--force"):
            write()
        assert snapshot(folder) == before
        write(force=True)
        assert (folder / file).read_bytes() != b"mine"
        write()
    with pytest.raises(sb.SymbackError, match="is read by this command"):
        train_from_file(circuit, "run/history.csv", output="run")


@compiles
def test_the_written_files_still_work(folder, run):
    """The mark changes nothing for those who read the file."""
    import json
    import xml.dom.minidom

    for command in ("picture", "descent", "json", "certificate", "descent as PNG", "module in C"):
        assert run(*COMMANDS[command][0])[0] == 0
        path = folder / COMMANDS[command][1]
        if path.suffix == ".svg":
            xml.dom.minidom.parse(str(path))
            path.unlink()
        elif path.suffix == ".json":
            assert "written_by" in json.loads(path.read_text())
            path.unlink()
        elif path.suffix == ".png":
            import matplotlib.image

            assert matplotlib.image.imread(path).ndim == 3
    assert run("check", "out.py")[0] == 0
