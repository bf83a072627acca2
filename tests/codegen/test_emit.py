"""Writing modules: whole or not at all, and never over what is not ours."""

import os
import signal
import stat
import sys
import time

import pytest

import symback as sb
from symback.codegen.files import write
from symback.codegen.generate import render_files
from symback.codegen.hashes import is_unchanged
from symback.codegen.loading import load
from symback.codegen.targets import TARGETS
from symback.errors import FileRefused, SymbackError, Unsupported
from tests.cases.folders import entries
from tests.cases.sample_circuits import sample

CIRCUIT = sample("L5")
OTHER = sample("one parameter")


def test_a_file_is_written_and_is_importable(tmp_path):
    path = tmp_path / "neuron.py"
    text = CIRCUIT.generate(path)
    assert path.read_text(encoding="utf-8") == text == CIRCUIT.generate()
    assert b"\r" not in path.read_bytes() and path.read_bytes().endswith(b"\n")
    assert entries(tmp_path) == ["neuron.py"]


def test_a_missing_folder_is_made(tmp_path):
    path = tmp_path / "a" / "b" / "neuron.py"
    CIRCUIT.generate(path)
    assert path.is_file()


def test_a_text_path_will_do(tmp_path):
    CIRCUIT.generate(str(tmp_path / "neuron.py"))
    assert entries(tmp_path) == ["neuron.py"]


def test_an_unchanged_file_is_left_alone(tmp_path):
    path = tmp_path / "neuron.py"
    text = CIRCUIT.generate(path)
    os.utime(path, (1, 1))
    inode = path.stat().st_ino
    assert write(text, path) is False
    assert (path.stat().st_mtime, path.stat().st_ino) == (1, inode)


def test_a_generated_file_is_replaced(tmp_path):
    path = tmp_path / "neuron.py"
    OTHER.generate(path)
    assert write(CIRCUIT.generate(), path) is True
    assert path.read_text(encoding="utf-8") == CIRCUIT.generate()


def edited(text):
    return text.replace("x2_bar = -f_bar", "x2_bar = f_bar")


FOREIGN = {
    "edited body": lambda text: edited(text).encode(),
    "edited docstring": lambda text: text.replace('"""', '"""Mine. ', 1).encode(),
    "edited hash": lambda text: text.replace("body sha256:", "body sha256:f", 1).encode(),
    "appended line": lambda text: (text + "x = 1\n").encode(),
    "foreign": lambda text: b"print('mine')\n",
    "empty": lambda text: b"",
    "binary": lambda text: b"\xff\xfe\x00",
    "hash in a foreign text": lambda text: b"# body sha256:0123456789abcdef\n",
}


@pytest.mark.parametrize("case", FOREIGN)
def test_edited_and_foreign_files_are_refused_unless_forced(case, tmp_path):
    path = tmp_path / "neuron.py"
    content = FOREIGN[case](CIRCUIT.generate())
    path.write_bytes(content)
    with pytest.raises(FileRefused, match="force") as error:
        CIRCUIT.generate(path)
    assert isinstance(error.value, SymbackError) and "neuron.py" in str(error.value)
    assert path.read_bytes() == content and entries(tmp_path) == ["neuron.py"]
    CIRCUIT.generate(path, force=True)
    assert path.read_text(encoding="utf-8") == CIRCUIT.generate()


def test_line_ends_of_another_system_are_no_edit_that_is_lost(tmp_path):
    """A checkout with CR LF is refused or replaced, never taken for something it is not."""
    path = tmp_path / "neuron.py"
    path.write_bytes(CIRCUIT.generate().replace("\n", "\r\n").encode())
    CIRCUIT.generate(path)  # the same text once line ends are read as Python reads them
    assert path.read_text(encoding="utf-8") == CIRCUIT.generate()


@pytest.mark.parametrize("force", [False, True])
def test_symbolic_links_are_refused(force, tmp_path):
    aim = tmp_path / "aim.py"
    aim.write_text("precious = 1\n")
    link = tmp_path / "neuron.py"
    link.symlink_to(aim)
    with pytest.raises(FileRefused, match="symbolic link"):
        CIRCUIT.generate(link, force=force)
    dangling = tmp_path / "dangling.py"
    dangling.symlink_to(tmp_path / "nowhere.py")
    with pytest.raises(FileRefused, match="symbolic link"):
        CIRCUIT.generate(dangling, force=force)
    assert aim.read_text() == "precious = 1\n" and link.is_symlink()
    assert not (tmp_path / "nowhere.py").exists()


@pytest.mark.parametrize("force", [False, True])
def test_folders_are_refused(force, tmp_path):
    folder = tmp_path / "neuron.py"
    folder.mkdir()
    with pytest.raises(FileRefused, match="folder"):
        CIRCUIT.generate(folder, force=force)
    assert folder.is_dir()


def test_a_parent_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FileRefused):
        CIRCUIT.generate(tmp_path / "file" / "neuron.py")


@pytest.mark.parametrize("path", ["", ".", "/", "a\0b.py"])
def test_impossible_paths_are_refused(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SymbackError):
        CIRCUIT.generate(path)
    assert entries(tmp_path) == []


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    pipe = tmp_path / "neuron.py"
    os.mkfifo(pipe)

    def give_up(*_):
        raise TimeoutError("the pipe was opened")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(3)
    try:
        with pytest.raises(FileRefused, match="is not a regular file"):
            CIRCUIT.generate(pipe)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("broken", ["replace", "fsync", "chmod"])
def test_a_failure_leaves_the_old_file_whole(broken, tmp_path, monkeypatch):
    path = tmp_path / "neuron.py"
    old = OTHER.generate(path)

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, broken, fail)
    with pytest.raises(FileRefused, match="No space left"):
        CIRCUIT.generate(path)
    monkeypatch.undo()
    assert path.read_text(encoding="utf-8") == old and entries(tmp_path) == ["neuron.py"]


def test_an_interrupt_leaves_the_old_file_whole(tmp_path, monkeypatch):
    path = tmp_path / "neuron.py"
    old = OTHER.generate(path)

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        CIRCUIT.generate(path)
    monkeypatch.undo()
    assert path.read_text(encoding="utf-8") == old and entries(tmp_path) == ["neuron.py"]


def test_text_that_is_not_python_is_not_written(tmp_path):
    path = tmp_path / "neuron.py"
    with pytest.raises((SymbackError, SyntaxError)):
        write("def (:\n", path)
    assert entries(tmp_path) == []


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755])
def test_the_mode_is_kept(mode, tmp_path):
    path = tmp_path / "neuron.py"
    OTHER.generate(path)
    path.chmod(mode)
    CIRCUIT.generate(path)
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_new_file_has_the_mode_that_the_umask_leaves(tmp_path):
    before = os.umask(0o027)
    try:
        CIRCUIT.generate(tmp_path / "neuron.py")
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "neuron.py").stat().st_mode) == 0o640


def test_a_module_of_the_same_size_and_second_is_imported_anew(tmp_path, monkeypatch):
    """CPython takes byte-code of the same size and second for current; it must be gone."""
    import importlib

    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    path = tmp_path / "same_second.py"
    one = sb.circuit("w: param = 1.5; x: input\nf = w*x")
    two = sb.circuit("w: param = 2.5; x: input\nf = w*x")
    one.generate(path)
    now = int(time.time())
    os.utime(path, (now, now))
    module = importlib.import_module("same_second")
    assert module.init_params().w == 1.5
    two.generate(path)
    os.utime(path, (now, now))
    assert path.stat().st_size == len(one.generate().encode())
    del sys.modules["same_second"]
    importlib.invalidate_caches()
    assert importlib.import_module("same_second").init_params().w == 2.5
    del sys.modules["same_second"]


# -- hash ----------------------------------------------------------------------------------------


def test_the_hash_shows_an_edit():
    text = CIRCUIT.generate()
    assert is_unchanged(text)
    assert not is_unchanged(edited(text)) and not is_unchanged(text + "\n")
    assert not is_unchanged("")


# -- templates -----------------------------------------------------------------------------------


def test_an_own_template_comes_before_symbacks(tmp_path):
    (tmp_path / "numpy").mkdir()
    (tmp_path / "numpy" / "train.py.jinja").write_text("def mine():\n    return 42\n")
    text = CIRCUIT.generate(template=tmp_path)
    assert "def mine():" in text and "def sgd(" not in text and "def forward(" in text
    assert load(text, "mine").mine() == 42
    assert "def mine():" not in CIRCUIT.generate()


SUBJECTS = {
    "numbers": CIRCUIT,
    "arrays": sb.circuit("x: input[n]\nW: param[m, n]\nf = sum(tanh(W @ x))"),
    "update": sb.update("adam"),
}


ON_REQUEST = {"numpy": ("jvp", "hessp", "covariance", "hessian"), "c": ()}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("subject", SUBJECTS)
def test_own_templates_keep_to_what_those_of_users_may_do(subject, target, tmp_path):
    if subject == "update" and TARGETS[target].updates is None:
        return
    asked = ON_REQUEST.get(target, ()) if subject == "numbers" else ()
    options = {"target": target, "functions": asked}
    bounded = render_files(SUBJECTS[subject], template=tmp_path, **options)
    assert bounded == render_files(SUBJECTS[subject], **options)


BROKEN = {
    "undefined": "{{ m.nothing_of_that_name }}",
    "undefined name": "{{ nobody }}",
    "syntax": "{% for %}",
    "missing include": '{% include "nowhere.jinja" %}',
    "attribute of Python": "{{ m.__class__.__mro__ }}",
    "method of undefined": "{{ m.header.title.nothing() }}",
    "type error": "{{ m.header.title + 1 }}",
    "endless recursion": '{% include "numpy/train.py.jinja" %}',
    "division by zero": "{{ 1 // 0 }}",
    "no Python": "def (:",
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_template_is_an_error_of_symback(case, tmp_path):
    (tmp_path / "numpy").mkdir()
    (tmp_path / "numpy" / "train.py.jinja").write_text(BROKEN[case])
    path = tmp_path / "out" / "neuron.py"
    with pytest.raises(SymbackError):
        CIRCUIT.generate(path, template=tmp_path)
    assert not path.exists()


def test_a_template_folder_that_is_none_is_refused(tmp_path):
    with pytest.raises(FileRefused, match="template"):
        CIRCUIT.generate(template=tmp_path / "nowhere")


def test_an_unknown_target_is_refused_with_the_nearest():
    with pytest.raises(Unsupported, match="did you mean 'numpy'"):
        CIRCUIT.generate(target="nunpy")


def test_a_template_cannot_reach_the_interpreter(tmp_path):
    (tmp_path / "numpy").mkdir()
    escape = "{{ ''.__class__.__base__.__subclasses__() }}"
    (tmp_path / "numpy" / "train.py.jinja").write_text(escape)
    with pytest.raises(SymbackError):
        CIRCUIT.generate(template=tmp_path)


# -- memory --------------------------------------------------------------------------------------


def test_a_compiled_module_shows_its_source():
    import inspect
    import linecache

    module = CIRCUIT.compile()
    assert "net2 = w3 * x3 + w4 * x4" in inspect.getsource(module.forward)
    linecache.checkcache()
    assert "def forward" in inspect.getsource(module.forward)


def test_two_circuits_of_one_name_do_not_meet():
    one, two = CIRCUIT.compile(), OTHER.compile()
    assert one.Params._fields != two.Params._fields
    assert CIRCUIT.compile().Params(1, 2) == one.Params(1, 2)
