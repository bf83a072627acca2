"""Laws that many cases obey: a share of them in each run, all of them in the slow one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def one_in(share: int, cases: Iterable[Any], first: int = 0) -> list[Any]:
    """The cases, those but every `share`-th marked slow."""
    found = [case if isinstance(case, tuple) else (case,) for case in cases]
    return [
        pytest.param(*case, marks=() if i % share == first else pytest.mark.slow)
        for i, case in enumerate(found)
    ]
