"""The magics, what circuits and results show themselves as in a notebook, and the notebooks."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import jupytext
import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import symback as sb
from symback.check.report import CheckRow, Report
from symback.derivation import notebook as display

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "examples" / "notebooks").glob("*.py"))
NEURON = "f = x1 − σ(w3x3 + w4x4)"


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InteractiveShell]:
    """IPython without a kernel, a history or a profile."""
    before = os.environ.get("IPYTHONDIR")
    os.environ["IPYTHONDIR"] = str(tmp_path_factory.mktemp("ipython"))
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    shell = InteractiveShell.instance(config=config, user_module=ModuleType("session"))
    yield shell
    InteractiveShell.clear_instance()
    os.environ.pop("IPYTHONDIR")
    if before is not None:
        os.environ["IPYTHONDIR"] = before


@pytest.fixture
def shell(session: InteractiveShell) -> Iterator[InteractiveShell]:
    before = dict(session.user_ns)
    session.run_line_magic("load_ext", "symback")
    yield session
    session.run_line_magic("unload_ext", "symback")
    for name in session.user_ns.keys() - before.keys():
        del session.user_ns[name]


OWN_CALLS = {
    "sb.circuit('f = sgima(x)')": "symback: line 1, column 5: unknown function 'sgima'",
    "sb.circuit('f = w*x').compile(target='cobol')": "symback: no target 'cobol'",
    "def read(text):\n    return sb.circuit(text)\nread('f = (')": "symback: line 1, column 6",
}
"""Cells whose circuit is wrong, and how what IPython shows begins below its file names."""


@pytest.mark.parametrize("cell", OWN_CALLS)
def test_an_error_shows_the_readers_own_calls_alone(
    session: InteractiveShell, cell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    session.user_ns["sb"] = sb
    session.run_cell(cell)
    calls, _, message = capsys.readouterr().out.partition("symback: ")
    assert f"symback: {message}".startswith(OWN_CALLS[cell]) and message.count("\n") <= 3
    assert calls.count("  File ") == cell.count("def ") and "symback/" not in calls


def shown(shell: InteractiveShell, result: Any) -> dict[str, str]:
    """What a notebook shows of a result, by kind."""
    return shell.display_formatter.format(result)[0]


# -- magics ----------------------------------------------------------------------------------


def test_symback_is_imported_without_ipython_and_sympy() -> None:
    code = (
        "import sys, symback\n"
        "first = {'IPython', 'sympy', 'symback.cli.notebook'} & set(sys.modules)\n"
        "symback.load_ipython_extension\n"
        "then = {'IPython', 'sympy'} & set(sys.modules)\n"
        "sys.exit(f'imported {first} {then}' if first or then else 0)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment)
    assert done.returncode == 0, done.stderr.decode()


READ: list[tuple[str, str, dict[str, Any]]] = [
    (f"%%circuit neuron\n{NEURON}\n", "neuron", {}),
    (f"%%circuit\n{NEURON}\n", "c", {}),
    (f"%circuit {NEURON}", "c", {}),
    (f"net = %circuit {NEURON}", "net", {}),
    (f"%%circuit n --no-loss\n{NEURON}\n", "n", {"loss": None}),
    (f"%circuit --no-loss {NEURON}", "c", {"loss": None}),
    (f"%circuit {NEURON} --no-loss", "c", {"loss": None}),
    (f"%%circuit n --params x1,w3\n{NEURON}\n", "n", {"params": "x1,w3"}),
    (f'%%circuit n --params "x1, w3"\n{NEURON}\n', "n", {"params": "x1, w3"}),
    (f"%%circuit --inputs=w4 n\n{NEURON}\n", "n", {"inputs": "w4"}),
    (f"%%circuit n --loss '(f - 3)**2'\n{NEURON}\n", "n", {"loss": "(f - 3)**2"}),
    (f"%%circuit n --loss f --params w3\n{NEURON}\n", "n", {"loss": "f", "params": "w3"}),
]


@pytest.mark.parametrize(("cell", "name", "options"), READ, ids=[c[:40] for c, _, _ in READ])
def test_magic_binds_the_circuit(
    shell: InteractiveShell, cell: str, name: str, options: dict[str, Any]
) -> None:
    result = shell.run_cell(cell)
    expected = sb.circuit(NEURON, **options)
    assert result.success
    assert shell.user_ns[name] == expected
    if " = %" not in cell:
        assert result.result == expected  # so that it is shown


def test_inferred_roles_are_reported(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.run_cell(f"%circuit {NEURON}")
    assert "parameters w3, w4; inputs x1, x3, x4 (--params" in capsys.readouterr().out
    shell.run_cell("%%circuit\nw: param; x: input\nf = w*x")
    assert "inferred" not in capsys.readouterr().out


WRONG = [
    ("%%circuit c\nx2 = w3x3\nf = x1 − σ(net2\n", "line 2, column 16: a '(' is not closed"),
    ("%%circuit c\nx2 = w3x3\nf = x1 − σ(net2\n", "f = x1 − σ(net2\n               ^"),
    ("%circuit f = x1 - sgima(x2)", "did you mean 'sigma'"),
    ("%circuit f = (x1 -", "f = (x1 -\n         ^"),
    ("%circuit", "the circuit is missing; write one"),
    ("%%circuit c\n# nothing\n", "the circuit is empty"),
    ("%%circuit 3c\nf = w*x", "'3c' is not a Python name"),
    ("%%circuit for\nf = w*x", "'for' is not a Python name"),
    ("%%circuit a b\nf = w*x", "'a b' is not a Python name"),
    ("%%circuit c --param w\nf = w*x", "'--param' is not an option"),
    ("%%circuit c --params\nf = w*x", "'--params' is not an option, or its value is missing"),
    ("%%circuit c --params q\nf = w*x", "no name 'q'"),
    ("%%circuit c --loss f --no-loss\nf = w*x", "exclude each other"),
    ("%%circuit c --no-loss --loss f\nf = w*x", "exclude each other"),
    ("%circuit f = {shell} * $HOME", "use ( in place of '{'"),  # nothing is put in for it
    ("%circuit f = " + "(" * 5000 + "x" + ")" * 5000, "levels deep"),
    ('%%circuit c --loss ""\nf = w*x', "symback: "),
]


@pytest.mark.parametrize(("cell", "words"), WRONG, ids=[f"{c[:30]}:{w[:9]}" for c, w in WRONG])
def test_wrong_circuit_ends_in_a_message(
    shell: InteractiveShell, cell: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.user_ns["c"] = "as before"
    result = shell.run_cell(cell)
    said = capsys.readouterr()
    text = said.out + said.err
    assert not result.success  # so that the cells below it are not run
    assert text.startswith("symback: ") and words in text
    assert "Traceback" not in text and "notebook.py" not in text
    assert shell.user_ns["c"] == "as before"


def test_wrong_circuit_is_not_assigned(shell: InteractiveShell) -> None:
    assert not shell.run_cell("net = %circuit f = (x1 -").success
    assert "net" not in shell.user_ns


def test_unload_takes_the_magic_away(shell: InteractiveShell) -> None:
    assert shell.find_line_magic("circuit") and shell.find_cell_magic("circuit")
    shell.run_line_magic("unload_ext", "symback")
    assert not shell.find_line_magic("circuit") and not shell.find_cell_magic("circuit")
    shell.run_line_magic("load_ext", "symback")
    shell.run_line_magic("reload_ext", "symback")
    assert shell.find_line_magic("circuit")


def test_help_names_every_option(shell: InteractiveShell) -> None:
    help_text = shell.find_cell_magic("circuit").__doc__
    for option in ("--params", "--inputs", "--loss", "--no-loss"):
        assert option in help_text


# -- what is shown ---------------------------------------------------------------------------


def test_circuit_shows_its_picture(shell: InteractiveShell) -> None:
    c = sb.circuit(NEURON)
    kinds = shown(shell, c)
    assert kinds["image/svg+xml"] == c.draw()
    assert kinds["text/plain"] == c.source.rstrip("\n")


def chain(n: int) -> str:
    return "a0 = w*x\n" + "\n".join(f"a{i} = sigma(w*a{i - 1})" for i in range(1, n))


def dense(n: int) -> str:
    """Every node reads all before it: few nodes, and wires across the whole picture."""
    rows = (" + ".join(f"a{j}" for j in range(i)) for i in range(1, n))
    return "a0 = w*x\n" + "\n".join(f"a{i} = sigma({row})" for i, row in enumerate(rows, 1))


@pytest.mark.parametrize("text", [chain(400), dense(16)], ids=["many nodes", "many crossings"])
def test_large_circuit_shows_text(shell: InteractiveShell, text: str) -> None:
    kinds = shown(shell, sb.circuit(text))
    assert kinds.keys() == {"text/plain"}
    lines = kinds["text/plain"].splitlines()
    assert lines[0] == "w: param"
    assert len(lines) <= display.MOST_LINES + 1
    assert all(len(line) <= display.LONGEST_LINE for line in lines)


def test_derivation_shows_markdown(shell: InteractiveShell) -> None:
    d = sb.circuit(NEURON).partial("f", "w3")
    kinds = shown(shell, d)
    assert kinds["text/markdown"] == d.to_markdown()
    assert kinds["text/plain"] == str(d).rstrip("\n")


def test_derivation_without_its_numbers_says_which(shell: InteractiveShell) -> None:
    kinds = shown(shell, sb.circuit(NEURON).partial("f", "w3").at(w3=2))
    missing = "missing values: x1, x3, w4, x4 (every input and parameter needs one)"
    assert kinds == {"text/plain": f"symback: {missing}"}


def test_long_derivation_shows_text(
    shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(display, "MOST_STEPS", 3)
    assert shown(shell, sb.circuit(NEURON).partial("f", "w3")).keys() == {"text/plain"}


def test_gradient_shows_a_line_a_partial(shell: InteractiveShell) -> None:
    kinds = shown(shell, sb.circuit("f = x1 - x2, x2 = w3*x3").gradient())
    assert r"\frac{\partial f}{\partial w_{3}} &= -x_{3} \\" in kinds["text/markdown"]
    assert kinds["text/markdown"].startswith("$$\n") and kinds["text/markdown"].count("&=") == 3
    assert "∂f/∂w3 = -x3" in kinds["text/plain"]


def test_gradient_by_arrays_is_written_with_matrices(shell: InteractiveShell) -> None:
    text = (ROOT / "examples/digits_network/network.circuit").read_text(encoding="utf-8")
    kinds = shown(shell, sb.circuit(text).gradient("E"))
    softmax = r"\left(\operatorname{softmax}\left(z\right) - t\right)"
    assert (
        rf"\frac{{\partial E}}{{\partial W_{{2}}}} &= {softmax} \, h_{{1}}^{{\top}}"
        in (kinds["text/markdown"])
    )


def test_long_gradient_is_cut(shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(display, "MOST_ROWS", 3)
    monkeypatch.setattr(display, "LONGEST_ROW", len("x_{1}"))
    text = shown(shell, sb.circuit("f = w1*x1 - w2*x2").gradient())["text/markdown"]
    assert text.count("&=") == 3
    assert r"\frac{\partial f}{\partial w_{1}} &= x_{1} \\" in text
    assert r"\frac{\partial f}{\partial w_{2}} &= \ldots \quad \text{too long" in text
    assert text.endswith("\n… and 1 more\n")


def test_report_shows_a_table(shell: InteractiveShell) -> None:
    report = sb.circuit(NEURON).check()
    kinds = shown(shell, report)
    lines = kinds["text/markdown"].splitlines()
    assert len({line.count("|") for line in lines[: 2 + len(report.rows)]}) == 1
    assert any(line.startswith("| `∂f/∂w3` | 24 |") for line in lines)
    assert "agrees with SymPy at 24 points" in lines[-1]
    assert kinds["text/plain"] == str(report)


def test_report_of_a_wrong_module_says_so(shell: InteractiveShell) -> None:
    rows = (
        CheckRow("f", 24, 0.5, 0.1),
        CheckRow("∂f/∂a|b", 24, float("nan"), 1e9, "x = `1` | y = 2"),
    )
    text = shown(shell, Report("wrong", rows, 24, 0, ("a remark",)))["text/markdown"]
    assert r"| `∂f/∂a\|b` | 24 | – | 1e+09 | **WRONG** at `x = '1' \| y = 2` |" in text
    assert "**DISAGREES** with SymPy" in text and "`a remark`" in text


# -- the notebooks ---------------------------------------------------------------------------


def test_the_three_notebooks_are_found() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["lecture", "network", "wrong_edge"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_reads(shell: InteractiveShell, path: Path) -> None:
    """Every cell is Markdown, Python, or a circuit; and jupytext writes what it reads."""
    text = path.read_text(encoding="utf-8")
    read = jupytext.reads(text, fmt="py:percent")
    assert jupytext.writes(read, fmt="py:percent").split("# %%")[1:] == text.split("# %%")[1:]
    assert read.cells[0].cell_type == "markdown" and read.cells[0].source.startswith("# ")
    for cell in read.cells:
        if cell.source.startswith("%%circuit"):
            sb.circuit(cell.source.partition("\n")[2])
        elif cell.cell_type == "code":
            ast.parse(shell.transform_cell(cell.source))


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a kernel of its own, as Jupyter runs it; its cells assert what they state."""
    from nbclient import NotebookClient

    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    read = jupytext.read(path)
    resources = {"metadata": {"path": str(path.parent)}}
    NotebookClient(read, timeout=300, kernel_name="python3", resources=resources).execute()
    assert all(c.execution_count for c in read.cells if c.cell_type == "code")


@pytest.mark.slow
def test_kernel_shows_a_wrong_circuit_as_a_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nbclient import NotebookClient
    from nbformat.v4 import new_code_cell, new_notebook

    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    cells = ["%load_ext symback", "%%circuit c\nf = x1 − σ(net2\n"]
    book = new_notebook(cells=[new_code_cell(text) for text in cells])
    NotebookClient(book, timeout=60, kernel_name="python3", allow_errors=True).execute()
    (output,) = book.cells[1].outputs
    assert output.output_type == "error"
    assert output.traceback[0].startswith("symback: line 1, column 16: a '(' is not closed\nf = ")
    assert len(output.traceback) == 1
