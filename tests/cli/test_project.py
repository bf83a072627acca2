"""The modules of a project: all written, all compared, or a sentence that names the row."""

import shutil
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "project"
FILES = ("neuron.py", "neuron_jax.py", "curve.py")


@pytest.fixture
def generate_all(run):
    """The command: its exit code, and what it says."""

    def call(*arguments):
        done = run("generate", "--all", *arguments)
        return done.code, done.err

    return call


@pytest.fixture
def project(tmp_path):
    shutil.copy(EXAMPLE / "symback.toml", tmp_path)
    (tmp_path / "neuron.circuit").write_text("f = x1 - sigma(w3*x3 + w4*x4)\n")
    text = (tmp_path / "symback.toml").read_text()
    first = text.replace("f = x1 - sigma(w3*x3 + w4*x4)", "neuron.circuit", 1)
    (tmp_path / "symback.toml").write_text(first)
    return tmp_path


def test_all_are_written_once_and_then_up_to_date(project, generate_all):
    assert generate_all(project, "--diff")[0] == 1
    assert generate_all(project)[0] == 0
    assert all((project / name).exists() for name in FILES)
    assert "def jacobian" in (project / "curve.py").read_text()
    assert 'TARGET = "jax"' in (project / "neuron_jax.py").read_text()
    code, err = generate_all(project / "symback.toml", "--diff")
    assert code == 0 and err.count("is up to date") == len(FILES)
    circuit = project / "neuron.circuit"
    circuit.write_text(circuit.read_text().replace("x1 -", "x1 +"))
    code, err = generate_all(project, "--diff")
    assert code == 1 and "neuron.py is out of date" in err and "curve.py is up to date" in err


def test_a_table_of_pyproject_is_the_same(project, generate_all):
    text = (project / "symback.toml").read_text().replace("[modules.", "[tool.symback.modules.")
    (project / "symback.toml").unlink()
    (project / "pyproject.toml").write_text(text)
    assert generate_all(project)[0] == 0 and (project / "neuron.py").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names no module"),
        ("[modules.'a.py']", "circuit is missing"),
        ("[modules.'a.py']\ncircuit = 'f = w*x'\ntaget = 'c'", "did you mean 'target'"),
        ("[modules.'a.py']\ncircuit = 'f = w*'", "module a.py: line 1"),
        ("[modules.'a.py']\ncircuit = 'f = w*x'\ntarget = 'cobol'", "no target 'cobol'"),
        ("[modules.'a b.py']\ncircuit = 'f = w*x'", "a b"),
        ("[modules", "can't be read"),
    ],
)
def test_a_wrong_row_is_named_and_nothing_is_written(text, said, tmp_path, generate_all):
    (tmp_path / "symback.toml").write_text(
        "[modules.'good.py']\ncircuit = 'f = w*x'\n" * bool("]\n" in text) + text
    )
    code, err = generate_all(tmp_path)
    assert code == 2 and said in err, err
    assert [path.name for path in tmp_path.iterdir()] == ["symback.toml"]


def test_a_file_of_others_is_kept(project, generate_all):
    (project / "neuron.py").write_text("mine = 1\n")
    assert generate_all(project)[0] == 2
    assert not (project / "curve.py").exists()
    assert generate_all(project, "--force")[0] == 0
