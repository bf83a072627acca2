"""The README is true: its outputs are what the code prints, its Python runs."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
_spec = importlib.util.spec_from_file_location("readme", ROOT / "tools" / "readme.py")
assert _spec is not None and _spec.loader is not None
readme = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(readme)

SHOWN = dict(re.findall(r"<!-- output: (\w+) -->\n```\w+\n(.*?)```\n", README, re.DOTALL))
TRAINING = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
PYTHON = [
    block
    for page in (README, TRAINING)
    for block in re.findall(r"(?<!-->\n)```python\n(.*?)```\n", page, re.DOTALL)
    if "import" in block
]


def test_the_page_that_is_linked_is_up_to_date() -> None:
    assert "docs/l6b.html" in README
    assert readme.PAGE.read_text(encoding="utf-8") == readme.page()


def test_every_output_is_shown() -> None:
    assert SHOWN.keys() == readme.OUTPUTS.keys()


@pytest.mark.parametrize("name", readme.OUTPUTS)
def test_output_is_what_the_code_prints(name: str) -> None:
    """`python tools/readme.py` brings the README up to date."""
    assert SHOWN[name] == readme.OUTPUTS[name]()


@pytest.mark.parametrize("block", PYTHON, ids=range(len(PYTHON)))
def test_python_runs(
    block: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    exec(compile(block, "README.md", "exec"), {})
    assert capsys.readouterr().out


def test_circuit_text_of_the_readme_reads() -> None:
    import symback as sb

    text = re.search(r"```python\n(# neuron\.circuit\n.*?)```", README, re.DOTALL)
    assert text is not None
    assert sb.circuit(text.group(1)).params == ("w3", "w4")
