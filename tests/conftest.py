"""What a run leaves out by `-m "not slow"`: cases of `one_in`, which are not collected, and most
rows of tables of four and more.
"""

from __future__ import annotations

import gc
from collections import Counter

import pytest

from tests.cases import one_in

WHOLE = {"docs", "language"}  # folders whose rows are soon run, or are those of pages
FEW = 4  # rows of a test, of which all are run
SHARE = 0.2  # of more rows
GOLDEN = 0.6180339887498949  # multiples of which are spread evenly, whatever a table repeats


def pytest_configure(config):
    one_in.collects_slow = config.option.markexpr != "not slow"


@pytest.hookimpl(tryfirst=True)  # before marks decide
def pytest_collection_modifyitems(items):
    rows = [
        item
        for item in items
        if WHOLE.isdisjoint(item.nodeid.split("/")[1:2])
        and hasattr(item, "callspec")
        and not item.get_closest_marker("slow")
    ]
    many = Counter(item.function for item in rows)
    seen = Counter()
    for item in rows:
        if many[item.function] >= FEW and seen[item.function] * GOLDEN % 1 >= SHARE:
            item.add_marker(pytest.mark.slow)
        seen[item.function] += 1


def pytest_collection_finish():
    """What was collected stays: a search for garbage need not pass through it, and comes seldom,
    as formulas are many small objects.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
