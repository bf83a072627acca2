"""The README is true: its outputs are what the code prints, its Python runs."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
_spec = importlib.util.spec_from_file_location("readme", ROOT / "tools" / "readme.py")
assert _spec is not None and _spec.loader is not None
readme = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(readme)

SHOWN = dict(re.findall(r"<!-- output: (\w+) -->\n```\w+\n(.*?)```\n", README, re.DOTALL))
PAGES = {str(p.relative_to(ROOT)): p.read_text(encoding="utf-8") for p in readme.PAGES}
PROGRAMS = {page: readme.programs(text) for page, text in PAGES.items()}
WITH_PROGRAMS = [page for page in PAGES if PROGRAMS[page]]
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")


def test_the_page_that_is_linked_is_up_to_date() -> None:
    assert "docs/l6b.html" in README
    assert readme.PAGE.read_text(encoding="utf-8") == readme.page()


def test_the_page_of_commands_is_up_to_date() -> None:
    page = PAGES["docs/command_line.md"]
    assert page == readme.updated(page) and page.count("\n## ") == len(readme.cli.commands) + 1
    assert set(re.findall(r"^\| `symback (\w+)", README, re.M)) == readme.cli.commands.keys()


def test_every_output_is_shown() -> None:
    assert SHOWN.keys() == readme.OUTPUTS.keys()


@pytest.mark.parametrize("name", readme.OUTPUTS)
def test_output_is_what_the_code_prints(name: str) -> None:
    """`python tools/readme.py` brings the README up to date."""
    assert SHOWN[name] == readme.OUTPUTS[name]()


def test_programs_are_found() -> None:
    assert {"README.md", "docs/training.md"} <= set(WITH_PROGRAMS)
    assert len(PROGRAMS["README.md"]) >= 4


@pytest.mark.parametrize("page", PAGES)
def test_every_fence_of_python_is_read(page: str) -> None:
    """It is an output, circuit text, or a program whose prints are shown."""
    found = len(re.findall(r"^ *(?:```|~~~) *(?:py|python3?|pycon)\b", PAGES[page], re.M | re.I))
    assert len([*readme.PYTHON.finditer(PAGES[page])]) == found
    assert all(block["head"] for block in PROGRAMS[page])
    assert PAGES[page].count("<!-- prints -->") == len(PROGRAMS[page])


def test_pages_elsewhere_have_no_python_that_is_not_run() -> None:
    elsewhere = {*ROOT.glob("*.md"), *(ROOT / "examples").rglob("*.md")} - {*readme.PAGES}
    assert len(elsewhere) > 3
    for page in elsewhere:
        assert not re.search(r"^ *(```|~~~) *py", page.read_text(encoding="utf-8"), re.M | re.I), (
            page
        )


NEEDED = [(page, library) for page in WITH_PROGRAMS for library in readme.needed(PAGES[page])]


@pytest.mark.parametrize(
    ("page", "library"),
    [*((page, None) for page in WITH_PROGRAMS), *NEEDED],
    ids=lambda part: part or "alone",
)
def test_python_prints_what_is_shown(page: str, library: str | None) -> None:
    """The last digits may differ between processors; the words and all other digits may not."""
    if library is not None:
        pytest.importorskip(library)
    libraries = [] if library is None else [library]
    for block, found in zip(PROGRAMS[page], readme.printed(PAGES[page], libraries), strict=True):
        if found is None:
            continue
        assert found.strip(), "it prints nothing, so that nothing is shown"
        assert NUMBER.sub("#", found) == NUMBER.sub("#", block["shown"])
        numbers = [[float(n) for n in NUMBER.findall(t)] for t in (found, block["shown"])]
        np.testing.assert_allclose(*numbers, rtol=1e-4)


def test_what_is_shown_is_compared_with_what_is_printed() -> None:
    text = "```python\nprint('w =', 1.5)\n```\n\n<!-- prints -->\n```text\n{}```\n"
    right, wrong = text.format("w = 1.5\n"), text.format("w = 1.6\n")
    assert readme.with_prints(wrong) == right == readme.with_prints(right)
    (block,) = readme.programs(wrong)
    assert (block["shown"], readme.printed(wrong)) == ("w = 1.6\n", ["w = 1.5\n"])


def test_programs_that_need_a_library_wait_for_it() -> None:
    text = "<!-- needs: {} -->\n```python\nprint(1)\n```\n\n<!-- prints -->\n```text\n```\n"
    assert readme.printed(text.format("json")) == [None]
    assert readme.printed(text.format("json"), ["json"]) == ["1\n"]
    assert readme.with_prints(text.format("json")) == text.format("json")[:-4] + "1\n```\n"
    assert readme.with_prints(text.format("nothing")) == text.format("nothing")


def test_circuit_text_of_the_readme_reads() -> None:
    import symback as sb

    text = re.search(r"```python\n(# neuron\.circuit\n.*?)```", README, re.DOTALL)
    assert text is not None
    assert sb.circuit(text.group(1)).params == ("w3", "w4")
