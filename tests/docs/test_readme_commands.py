"""CI reads its two commands from the README; they must be there, one line each."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


def load_reader() -> ModuleType:
    spec = importlib.util.spec_from_file_location("ci_commands", ROOT / ".ci" / "commands.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


reader = load_reader()


def test_readme_has_the_two_commands():
    found = reader.commands((ROOT / "README.md").read_text(encoding="utf-8"))
    assert set(found) == {"main job", "tests"}
    for command in found.values():
        assert command.startswith("python3 -m venv .venv && ")
    assert "symback derive" in found["main job"]
    assert "symback generate" in found["main job"]
    assert "--check" in found["main job"]
    assert "symback train" in found["main job"]
    assert ".venv/bin/pytest" in found["tests"]


def test_a_marked_command_is_read_as_it_stands():
    text = 'text\n\n<!-- command: a b -->\n```sh\necho "σ" && true\n```\n\n```sh\nother\n```\n'
    assert reader.commands(text) == {"a b": 'echo "σ" && true'}


FENCE = "```sh\ntrue\n```\n"
BROKEN = {
    "no fence": "<!-- command: a -->\n\n" + FENCE,
    "other language": "<!-- command: a -->\n```python\ntrue\n```\n",
    "two lines": "<!-- command: a -->\n```sh\ntrue\nfalse\n```\n",
    "no line": "<!-- command: a -->\n```sh\n```\n",
    "blank line": "<!-- command: a -->\n```sh\n  \n```\n",
    "open fence": "<!-- command: a -->\n```sh\ntrue",
    "continued": "<!-- command: a -->\n```sh\ntrue \\\n```\n",
    "twice": f"<!-- command: a -->\n{FENCE}<!-- command: a -->\n{FENCE}",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_block_is_an_error_that_names_it(text):
    with pytest.raises(ValueError, match=r"line \d+: command 'a'"):
        reader.commands(text)


def test_a_missing_marker_fails_loudly(capfd):
    assert reader.main(["no such command"]) == 1
    assert "<!-- command: no such command -->" in capfd.readouterr().err
