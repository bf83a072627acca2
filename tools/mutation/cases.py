"""Cases that judge mutants: small questions about one or a few operations.

A case holds by returning, and fails by any exception. Cases import symback when they run, so that
they see the mutant.
"""

from __future__ import annotations

import importlib
import inspect
import itertools
import re
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

DIGITS = 60
ELSEWHERE = {"c", "C", "C, float32", "JavaScript", "NumPy, float32", "NumPy, a batch"}
"""Parameters of tests that say the same of other modules as of one that NumPy runs."""


@dataclass(frozen=True)
class Case:
    """One question; `words` are the operations that it is about."""

    name: str
    words: frozenset[str]
    run: Callable[[], None]
    reads: bool = False  # whether it looks at code that it does not call

    def __call__(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            self.run()


SIGNS = {
    "@": "matmul matvec",
    ".T": "transpose",
    "[": "slice",
    "None": "expand last",
    "sum(": "reduce sum",
    "max(": "reduce max argmax mask",
    "min(": "reduce min argmax mask",
    "norm(": "normalized",
    "cross_entropy(": "sparse one hot",
    "layer_norm(": "rsqrt variance",
    "**": "power pow square",
    "/": "product",
    "*": "product monomial times",
    "where(": "choice",
}
"""What circuit text writes as signs, and the names of the rules behind it."""


def words_of(text: str) -> frozenset[str]:
    """Names in a text in lower case, without underscores."""
    named = " ".join(names for sign, names in SIGNS.items() if sign in text)
    return frozenset(re.findall(r"[a-z0-9]+", f"{text} {named}".replace("_", " ").lower()))


def case(name: str, about: str, run: Callable[..., None], *args: Any, reads: bool = False) -> Case:
    return Case(name, words_of(about), lambda: run(*args), reads)


# -- the tests of a file -------------------------------------------------------------------------


def tests_of(module: str, *names: str, reads: bool = False, shares: bool = False) -> Iterator[Case]:
    """The tests of these names, or all: a case for each set of parameters, but slow ones.

    With `shares` also those that the suite leaves to the slow run, of a law with many cases.
    """
    loaded = importlib.import_module(module)
    titles: Counter[str] = Counter()
    for name in names or [n for n in vars(loaded) if n.startswith("test_")]:
        for i, given in enumerate(parameters(getattr(loaded, name), shares)):
            if given is None or any(isinstance(v, str) and v in ELSEWHERE for v in given.values()):
                continue
            about = " ".join(getattr(v, "__name__", str(v)) for v in given.values())
            title = f"{name} {about}".strip()[:160]
            titles[title] += 1
            title += f" #{titles[title]}" if titles[title] > 1 else ""
            yield case(title, f"{name} {about}", run_test, module, name, i, shares, reads=reads)


def parameters(test: Any, shares: bool) -> list[dict[str, Any] | None]:
    """What the marks of a test give to it, one set a run; None for a run that is slow."""
    marks = list(getattr(test, "pytestmark", ()))
    if any(m.name == "slow" for m in marks):
        return []
    axes = []
    for mark in marks:
        if mark.name == "parametrize":
            names, values = mark.args
            names = [n.strip() for n in names.split(",")] if isinstance(names, str) else list(names)
            axes.append([_named(names, value, shares) for value in values])
    return [
        None if None in row else {k: v for part in row for k, v in part.items()}
        for row in itertools.product(*axes)
    ]


def _named(names: list[str], value: Any, shares: bool) -> dict[str, Any] | None:
    if hasattr(value, "marks") and hasattr(value, "values") and hasattr(value, "id"):
        if any(m.name == "slow" for m in value.marks) and not shares:
            return None
        values = value.values
    else:
        values = value if len(names) > 1 else (value,)
    return dict(zip(names, values, strict=True))


def run_test(module: str, name: str, number: int, shares: bool) -> None:
    """A test with one set of its parameters, and those of pytest's fixtures that it asks for."""
    import mpmath as mp

    test = getattr(importlib.import_module(module), name)
    given = parameters(test, shares)[number]
    assert given is not None
    wanted = [n for n in inspect.signature(test).parameters if n not in given]
    with (
        pytest.MonkeyPatch.context() as patch,
        tempfile.TemporaryDirectory() as folder,
        mp.workdps(DIGITS),
    ):
        offered = {"monkeypatch": patch, "tmp_path": Path(folder)}
        try:
            test(**given, **{n: offered[n] for n in wanted})
        except pytest.skip.Exception:
            return


__all__ = ["Case", "case", "tests_of"]
