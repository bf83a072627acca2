"""Cases that a run leaves out by `-m "not slow"` are not collected: most are among them."""

from __future__ import annotations

from tests.cases import one_in


def pytest_configure(config):
    one_in.collects_slow = config.option.markexpr != "not slow"
