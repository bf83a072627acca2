"""Laws that many cases obey: a share of them in each run, all of them in the slow one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def one_in(share: int, cases: Iterable[Any], first: int = 0) -> list[Any]:
    """The cases, those but every `share`-th marked slow."""
    return [_marked(case, i % share != first) for i, case in enumerate(cases)]


def _marked(case: Any, is_slow: bool) -> Any:
    marks = [pytest.mark.slow] * is_slow
    if hasattr(case, "marks"):  # a pytest.param
        return case._replace(marks=(*case.marks, *marks))
    return pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=marks)
