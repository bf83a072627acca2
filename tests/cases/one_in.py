"""Laws that many cases obey: a share of them in each run, all of them in the slow one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

collects_slow = True  # unless the run leaves them out


def one_in(share: int, cases: Iterable[Any], first: int = 0) -> list[Any]:
    """The cases, those but every `share`-th marked slow."""
    found = ((case, i % share != first) for i, case in enumerate(cases))
    return [_marked(case, is_slow) for case, is_slow in found if collects_slow or not is_slow]


def _marked(case: Any, is_slow: bool) -> Any:
    marks = [pytest.mark.slow] * is_slow
    if hasattr(case, "marks"):  # a pytest.param
        return case._replace(marks=(*case.marks, *marks))
    return pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=marks)
