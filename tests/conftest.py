"""What a run leaves out by `-m "not slow"`: cases of `one_in`, which are not collected, and most
rows of tables of four and more whose rows take long.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.cases import one_in

LONG = {"autodiff", "check", "cli", "codegen", "derivation"}  # folders
FEW = 4  # rows of a test, of which all are run
SHARE = 0.25  # of more rows
GOLDEN = 0.6180339887498949  # multiples of which are spread evenly, whatever a table repeats


def pytest_configure(config):
    one_in.collects_slow = config.option.markexpr != "not slow"


@pytest.hookimpl(tryfirst=True)  # before marks decide
def pytest_collection_modifyitems(items):
    rows = [
        item
        for item in items
        if LONG.intersection(item.nodeid.split("/")[1:2])
        and hasattr(item, "callspec")
        and not item.get_closest_marker("slow")
    ]
    many = Counter(item.function for item in rows)
    seen = Counter()
    for item in rows:
        if many[item.function] >= FEW and seen[item.function] * GOLDEN % 1 >= SHARE:
            item.add_marker(pytest.mark.slow)
        seen[item.function] += 1
