"""The examples of all docstrings run and give what they say."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

import symback

SHARES = 2  # tests of their own, for as many processes
FOLDER = Path(symback.__file__).parent
MODULES = sorted(  # those with examples: doctest takes long to find that there are none
    ".".join(path.relative_to(FOLDER.parent).with_suffix("").parts).removesuffix(".__init__")
    for path in FOLDER.rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("share", range(SHARES))
def test_examples_of_docstrings(share):
    found = 0
    for name in MODULES[share::SHARES]:
        results = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
        assert results.failed == 0, f"an example of {name} is wrong; see the output"
        found += results.attempted
    assert found > 50
