"""The examples of all docstrings run and give what they say."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import symback

SHARES = 6  # tests of their own, for as many processes
MODULES = sorted(
    m.name
    for m in pkgutil.walk_packages(symback.__path__, "symback.")
    if not m.name.endswith("__main__")
)


@pytest.mark.parametrize("share", range(SHARES))
def test_examples_of_docstrings(share):
    found = 0
    for name in MODULES[share::SHARES]:
        results = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
        assert results.failed == 0, f"an example of {name} is wrong; see the output"
        found += results.attempted
    assert found > 5
