"""The command line as a user meets it: output, messages, exit codes, files."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import symback as sb
from symback.cli.session import interact
from symback.codegen.marks import marked

Run = Callable[..., Any]

NEURON = "f = x1 − σ(w3x3 + w4x4)"
ROOT = Path(__file__).resolve().parents[2]


def run_alone(
    *args: str, stdin: str | None = None, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, from the checkout."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100", **(env or {})}
    return subprocess.run(
        [sys.executable, "-m", "symback", *args],
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
    )


def test_derive_prints_the_chain_of_the_lecture(run: Run) -> None:
    done = run("derive", NEURON, "--wrt", "w3")
    assert done.code == 0
    assert "∂f/∂f_1 · ∂f_1/∂net · ∂net/∂w3" in done.out
    assert "−x3·σ(net)·(1 − σ(net))" in done.out
    assert "parameters w3, w4; inputs x1, x3, x4" in done.err
    assert all(len(line) <= 80 for line in done.out.splitlines())


@pytest.mark.parametrize("names", [["w3,w4"], ["w3, w4"], ["w3", "w4"]])
def test_names_are_given_one_by_one_or_with_commas(run: Run, names: list[str]) -> None:
    options = [part for name in names for part in ("--wrt", name)]
    done = run("derive", NEURON, *options, "--detail", "brief")
    assert [line.split(" = ")[0] for line in done.out.splitlines()] == ["∂f/∂w3", "∂f/∂w4"]
    assert run("code", NEURON, *options, "--only", "gradient").out.count("# ∂f/∂w") == 2


def test_derive_takes_a_file_and_standard_input(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "neuron.circuit"
    path.write_text(NEURON, encoding="utf-8")
    shown = {
        run("derive", source, "--wrt", "w3", stdin=text).out
        for source, text in ((NEURON, None), (str(path), None), ("-", NEURON))
    }
    assert len(shown) == 1


@pytest.mark.parametrize(
    "command, words",
    [
        (["draw", "-o", "x.jpg"], "x.jpg: a picture ends in .svg, .png, .pdf, .tex, .tikz,"),
        (["draw", "-o", "x.xml"], "x.xml: a picture ends in .svg, .png, .pdf, .tex, .tikz,"),
        (["draw", "--format", "svg", "-o", "x.png"], "--format svg and a file .png"),
        (["draw", "--format", "png", "-o", "x.jpg"], "--format png and a file .jpg"),
        (["draw", "--format", "pdf"], "pdf is not text; name a file: -o FILE.pdf"),
        (["draw", "--format", "dot", "-o", "x.svg"], "--format dot and a file .svg"),
        (["derive", "-o", "x.pdf"], "derive doesn't write .pdf"),
    ],
)
def test_no_file_gets_an_ending_that_says_another_format(
    run: Run, command: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(*command, "f = w*x")
    assert done.code == 2 and words in done.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "options, begins",
    [
        (["-o", "x.svg"], "<svg"),
        (["-o", "x.gv"], "digraph"),
        (["-o", "x.dot"], "digraph"),
        (["--format", "svg", "-o", "x.xml"], "<svg"),
        (["-o", "picture"], "<svg"),
    ],
)
def test_draw_writes_what_the_ending_says(
    run: Run, options: list[str], begins: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("draw", "f = w*x", *options)
    assert done.code == 0
    (path,) = tmp_path.iterdir()
    assert path.read_text(encoding="utf-8").startswith(begins)


@pytest.mark.parametrize("form", ["text", "latex", "markdown", "json"])
def test_derive_formats(run: Run, form: str, tmp_path: Path) -> None:
    path = tmp_path / "out"
    done = run("derive", NEURON, "--wrt", "w3", "--format", form, "-o", str(path))
    assert done.code == 0 and done.out == ""
    text = path.read_text(encoding="utf-8")
    printed = run("derive", NEURON, "--wrt", "w3", "--format", form).out
    assert text.encode() == marked(printed.encode(), "derive", form)
    if form == "json":
        assert {s["kind"] for s in json.loads(text)["steps"]} >= {"forward", "edge", "sum"}


def test_derive_at_a_point(run: Run) -> None:
    at = [f"--at={pair}" for pair in ("x1=1", "x3=0.5", "x4=-1.5", "w3=2", "w4=0.8")]
    done = run("derive", NEURON, "--wrt", "w3", "--ascii", *at)
    net = 2 * 0.5 - 0.8 * 1.5
    s = 1 / (1 + np.exp(-net))
    slope = s * (1 - s)
    assert f"df/dw3 = -1 * {slope:.6g} * 0.5 = {-0.5 * slope:.6g}\n" in done.out
    assert done.out.isascii()


def test_generate_writes_checks_and_compares(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "neuron.py"
    done = run("generate", NEURON, "-o", str(path), "--check")
    assert done.code == 0, done.err
    assert "agrees with SymPy" in done.out
    assert run("generate", NEURON).out == path.read_text(encoding="utf-8")
    assert run("generate", NEURON, "-o", str(path), "--diff").code == 0
    other = run("generate", "f = x1 − σ(w3x3)", "-o", str(path), "--diff")
    assert other.code == 1 and "-    w4: Array" in other.out
    assert run("check", str(path)).code == 0
    assert "up to date" in run("generate", NEURON, "-o", str(path)).err


@pytest.mark.parametrize(
    "circuit", ["f = w*x", "w*x + b", "f: output = w*x; g: output = sin(f)", "c.circuit", "-"]
)
def test_a_formula_is_checked_as_its_module_is(run: Run, circuit, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.circuit").write_text("u = w*x; f = u**2")
    done = run("check", circuit, "--no-loss", "--json", stdin="f = exp(w*x)")
    assert not done.code
    report = json.loads(done.out)
    assert report["passed"] and any(row["quantity"].startswith("∂") for row in report["rows"])
    assert not any(row["quantity"].startswith("l") for row in report["rows"])


def test_an_edited_file_is_kept_and_its_error_found(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "neuron.py"
    run("generate", NEURON, "-o", str(path))
    edited = path.read_text(encoding="utf-8").replace(
        "x3_bar = w3 * net_bar", "x3_bar = w4 * net_bar"
    )
    path.write_text(edited, encoding="utf-8")
    done = run("generate", NEURON, "-o", str(path))
    assert done.code == 2 and "--force" in done.err
    assert path.read_text(encoding="utf-8") == edited
    checked = run("check", str(path), "--json")
    assert checked.code == 1
    report = json.loads(checked.out)
    wrong = [row["quantity"] for row in report["rows"] if not row["passed"]]
    assert not report["passed"] and "∂f/∂x3" in wrong and "∂f/∂x4" not in wrong
    assert run("generate", NEURON, "-o", str(path), "--force").code == 0
    assert run("check", str(path)).code == 0


def test_train_learns_breast_cancer(run: Run, tmp_path: Path) -> None:
    example = ROOT / "examples" / "breast_cancer"
    arguments = "--standardise --validation 0.25 --epochs 100 --batch-size 32 --learning-rate 0.5"
    done = run(
        "train",
        str(example / "neuron.circuit"),
        "--data",
        str(example / "breast_cancer.csv"),
        *arguments.split(),
        "-o",
        str(tmp_path / "run"),
    )
    assert done.code == 0, done.err
    accuracy = float(done.out.split("validation accuracy ")[1].split()[0])
    assert accuracy >= 0.95
    with np.load(tmp_path / "run" / "parameters.npz", allow_pickle=False) as saved:
        assert "w_radius" in saved.files and saved["bias"].shape == ()


def test_train_maps_columns(run: Run, tmp_path: Path) -> None:
    data = tmp_path / "data.csv"
    data.write_text("age,dose\n" + "".join(f"{i / 10},{0.3 * i + 1}\n" for i in range(40)))
    done = run(
        "train", "f = w*x + b", "--data", str(data), "--map", "x=age", "--map", "y=dose",
        "--epochs", "400", "--learning-rate", "0.1", "--quiet",
    )  # fmt: skip
    assert done.code == 0, done.err
    values = dict(line.split(" = ") for line in done.out.splitlines() if " = " in line)
    assert abs(float(values["w"]) - 3.0) < 1e-3 and abs(float(values["b"]) - 1.0) < 1e-2


@pytest.mark.slow
def test_repl_has_everything_imported() -> None:
    done = run_alone("repl", NEURON, stdin="print(c.gradient()['x1'], sb.__version__, np.pi)\n")
    assert done.returncode == 0
    assert "3.14159" in done.stdout


def test_the_console_without_ipython_shows_texts_and_each_error_once(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "IPython", None)
    lines = "nothing_here\nc\nc.partial('w3')\nc.draw()\n'text'\nc['f']\n_.name\nc['g']\n"
    monkeypatch.setattr(sys, "stdin", io.StringIO(lines))
    before = sys.displayhook
    interact(sb.circuit(NEURON))
    assert sys.displayhook is before
    shown, errors = capfd.readouterr()
    assert "ModuleNotFoundError" not in errors and errors.count("Traceback") == 1
    assert "f: output = x1 - sigma(w3*x3 + w4*x4)" in shown
    assert "∂f/∂w3 of the circuit\n\nForward\n" in shown
    assert "<SVG of " in shown and "'text'" in shown and "'f'" in shown
    assert "is not defined\nsymback: the circuit has no node 'g'\n" in errors


WRONG: list[tuple[list[str], str]] = [
    (["derive", "f = x1 - sgima(x2)"], "did you mean 'sigma'"),
    (["derive", "f = (x1 -"], "line 1, column 10"),
    (["derive", "nowhere.circuit"], "nowhere.circuit can't be read"),
    (["derive", "."], "can't be read"),
    (["derive", NEURON, "--wrt", "w5"], "no node 'w5'"),
    (["derive", NEURON, "--of", "ff"], "no node 'ff'"),
    (["derive", NEURON, "--at", "w3"], "not NAME=NUMBER"),
    (["derive", NEURON, "--at", "w3=none"], "not NAME=NUMBER"),
    (["draw", NEURON, "--at", "w3=nan"], "not NAME=NUMBER"),
    (["derive", NEURON, "--at", "w9=1"], "w9"),
    (["derive", NEURON, "--at", "w3=1"], "missing values"),
    (["derive", NEURON, "--format", "pdf"], "pdf"),
    (["derive", NEURON, "--params", "q"], "no name 'q'"),
    (["derive", NEURON, "--loss", "l", "--no-loss"], "exclude"),
    (["derive", NEURON, "-o", "/"], "folder"),
    (["derive"], "CIRCUIT"),
    (["deriv", NEURON], "derive"),
    (["generate", NEURON, "--target", "fortran"], "fortran"),
    (["generate", NEURON, "--diff"], "-o FILE"),
    (["generate", NEURON, "--template", "/nowhere"], "/nowhere is not a folder"),
    (["generate", NEURON, "-o", "/proc/neuron.py"], "can't be written"),
    (["check", "nowhere.py"], "no file"),
    (["check", "nowhere"], "no file nowhere; to check a formula, write f = …"),
    (["check", "a/b"], "to check a formula"),
    (["check", "nowhere.circuit"], "can't be read"),
    (["check", "f = (w"], "a '(' is not closed"),
    (["check", "f = w*x", "--certificate", "c.json"], "generate CIRCUIT -o FILE.py --certificate"),
    (["check", "nowhere.py", "--no-loss"], "go with a circuit"),
    (["check", str(ROOT / "README.md")], "not a Python module"),
    (["check", str(ROOT / "tests" / "cli" / "test_cli.py")], "no SOURCE"),
    (["check", "x.py", "--points", "3"], "20"),
    (["train", NEURON, "--data", "nowhere.csv"], "nowhere.csv"),
    (["train", NEURON], "--data"),
    (["train", NEURON, "--data", "x.csv", "--map", "x"], "NAME=COLUMN"),
    (["train", NEURON, "--data", "x.csv", "--epochs", "many"], "many"),
    ([], "Usage"),
]


@pytest.mark.parametrize(("args", "words"), WRONG, ids=[" ".join(a)[:40] for a, _ in WRONG])
def test_mistakes_end_in_a_message(
    run: Run, args: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(*args)
    assert done.code == 2
    assert words in done.err and done.out == ""
    assert not list(tmp_path.iterdir())


def test_a_mistake_shows_no_traceback_in_a_process_of_its_own() -> None:
    done = run_alone("derive", "f = x1 - (x2")
    assert done.returncode == 2 and "line 1, column 13" in done.stderr
    assert "Traceback" not in done.stderr and done.stdout == ""


def test_a_reader_that_closes_early_is_not_an_error() -> None:
    command = f"{sys.executable} -m symback generate '{NEURON}' 2>/dev/null | head -n 1"
    done = subprocess.run(
        ["sh", "-c", command],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.stdout.count("\n") == 1 and done.stderr == ""


def test_output_survives_an_ascii_terminal() -> None:
    done = run_alone("derive", NEURON, env={"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0 and "Traceback" not in done.stderr


def test_help_imports_nothing_heavy() -> None:
    """What makes `symback --help` answer at once, told without a clock."""
    code = (
        "import sys; sys.argv = ['symback', '--help']\n"
        "try:\n    from symback.cli.main import main; main()\n"
        "except SystemExit:\n    pass\n"
        "heavy = {'sympy', 'numpy', 'jinja2', 'lark', 'rich', 'flint'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    assert "Usage" in done.stdout


def test_derive_a_hessian_and_a_jacobian(run: Run) -> None:
    curve = "f = w1*(1 - exp(-w2*x))"
    point = ("--at", "w1=2", "--at", "w2=1", "--at", "x=0.5")
    code, out, _ = run("derive", curve, "--hessian", *point)
    assert code == 0 and out.startswith("Hessian of f with respect to w1, w2\n")
    assert "  ∂²f/∂w2² = −0.303265\n" in out  # −2·0.25·exp(−0.5)
    vector = "u: output = w*x; v: output = w**2; loss: none"
    code, out, _ = run("derive", vector, "--jacobian", "--format", "json")
    assert code == 0 and json.loads(out)["rows"] == ["u", "v"]
    code, out, _ = run("derive", vector, "--jacobian", "--of", "v", "--of", "u")
    assert code == 0 and out.startswith("Jacobian of v, u with respect to w\n")


@pytest.mark.parametrize(
    "options, message",
    [
        (["--hessian", "--jacobian"], "exclude each other"),
        (["--of", "f", "--of", "net"], "with --jacobian it may be repeated"),
        (["--hessian", "--view", "accumulation"], "along paths"),
        (["--hessian", "--wrt", "net"], "'net'"),
        (["--stats", "--format", "json"], "--format has no effect beside --stats"),
        (["--stats", "-o", "costs.html"], "--format text and a file .html exclude each other"),
        (["--stats", "--at", "x1=1"], "--at has no effect beside --stats"),
        (["--stats", "--hessian"], "--hessian has no effect beside --stats"),
        (["--format", "json", "--detail", "full"], "--detail needs --format text"),
        (["--format", "latex", "--ascii"], "--ascii needs --format text"),
        (["--format", "html", "--style", "beamer"], "--style and --standalone need --format latex"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    run: Run, options: list[str], message: str
) -> None:
    code, out, said = run("derive", NEURON, *options)
    assert code == 2 and not out and message in said


FORMATS = {  # how each begins, and the endings that say it
    "text": ("∂f/∂w", ()),
    "latex": ("%", (".tex",)),
    "markdown": ("**", (".md", ".markdown")),
    "json": ("{", (".json",)),
    "html": ("<!doctype html>", (".html", ".htm")),
}


def test_the_ending_of_a_derivation_says_its_format(run: Run, tmp_path: Path) -> None:
    own = {ending: form for form, (_, endings) in FORMATS.items() for ending in endings}
    for ending in (*own, ".txt", ""):
        for asked in (None, *FORMATS):
            written = tmp_path / f"{asked}{ending}"
            options = ["--wrt", "w", *(["--format", asked] if asked else [])]
            code, _, said = run("derive", "f = w*x", *options, "-o", str(written))
            form = asked or own.get(ending, "text")
            if own.get(ending, form) != form:
                assert code == 2 and not written.exists()
                assert f"--format {form} and a file {ending} exclude each other" in said
            else:
                assert code == 0 and written.read_text().startswith(FORMATS[form][0])


@pytest.mark.parametrize("language", ["numpy", "c", "jax", "torch", "javascript", "rust"])
def test_code_is_not_written_under_the_ending_of_another_language(
    run: Run, tmp_path: Path, language: str
) -> None:
    own = {"c": ".c", "javascript": ".js", "rust": ".rs"}.get(language, ".py")
    for ending in (".py", ".c", ".js", ".rs", ".txt"):
        written = tmp_path / f"code{ending}"
        code, _, said = run("code", "f = w*x", "--language", language, "-o", str(written))
        fits = ending in (own, ".txt")
        assert (code, written.exists()) == ((0, True) if fits else (2, False))
        assert fits or f"--language {language} and a file {ending} exclude each other" in said
