"""A certificate: how many digits a generated module gives, where, and what costs the rest.

For every value and partial it has the worst error in units in the last place (ULP) and relative to
the condition number there, the point, and whether the point or the formula is to blame; for each
entry of a Jacobian, a Hessian or a covariance its worst error.
"""

from __future__ import annotations

import hashlib
import json
import math
import platform
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

from symback._version import __version__
from symback.check.check import check_module, with_typed
from symback.check.digits import Digits, digits_of
from symback.check.report import POINTS, CheckRow, Report, json_number
from symback.circuits.circuit import Circuit
from symback.codegen.loading import load_files, read_module
from symback.language.parse import circuit as parse
from symback.printing.circuit_text import circuit_text
from symback.truth.oracle import BITS, Oracle

SCHEMA = "symback-certificate/1"
WIDTH = 96
PACKAGES = ("numpy", "sympy", "python-flint")


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a check says about the digits of a module; `to_json()` is the file."""

    report: Report
    circuit: str
    sha256: str  # of the module's text
    digits: tuple[Digits, ...]
    ranges: Mapping[str, tuple[float, float]]  # smallest and largest number given to each leaf

    @property
    def worst(self) -> Digits:
        return max(self.digits, key=lambda d: d.ulp)

    def __str__(self) -> str:
        """The short form: a line for the worst value or partial, and one for each bad formula."""
        bad = [d for d in self.digits if d.is_lost]
        lines = [f"worst of {self.report.points} points: {self.worst}"]
        return "\n".join([*lines, *(str(d) for d in bad if d is not self.worst)])

    @property
    def summary(self) -> tuple[str, ...]:
        """The short form as lines of a module's docstring."""
        text = f"Checked against SymPy, {self}."
        return tuple(line for part in text.split("\n") for line in textwrap.wrap(part, WIDTH))

    def of(self, text: str) -> Certificate:
        """The same for another text of the module, that with the summary in it."""
        return replace(self, sha256=_digest(text.encode()))

    def to_json(self) -> str:
        """The certificate as JSON; the same module, seed and versions give the same text."""
        content = {
            "schema": SCHEMA,
            "module": self.report.name,
            "sha256": self.sha256,
            "circuit": self.circuit,
            "passed": self.report.passed,
            "points": self.report.points,
            "seed": self.report.seed,
            "precision_bits": BITS,
            "versions": versions(),
            "ranges": {name: list(pair) for name, pair in self.ranges.items()},
            "quantities": [_quantity(row, self._of(row)) for row in self.report.rows],
            "remarks": [*self.report.remarks, *filter(None, [self.report.left_out])],
        }
        return json.dumps(content, ensure_ascii=False, indent=2) + "\n"

    def _of(self, row: CheckRow) -> Digits | None:
        return next((d for d in self.digits if d.quantity == row.quantity), None)


def certify_file(path: Path, *, points: int = POINTS, seed: int = 0) -> Certificate:
    """Check a generated file and report where its digits go.

    Raises FileRefused where it is not a generated module, CheckFailed for too few points.
    """
    source, module, _ = read_module(path)
    return _certify(source, module, path.name, path.read_bytes(), points, seed)


def certify_files(circuit: Circuit, texts: Mapping[str, str], name: str, main: str) -> Certificate:
    """The certificate of a module that is not written yet; `main` is the end of its main file."""
    module = load_files(texts, Path(name).stem)
    return _certify(circuit_text(circuit), module, name, texts[main].encode(), POINTS, 0)


def _certify(
    source: str, module: ModuleType, name: str, text: bytes, points: int, seed: int
) -> Certificate:
    circuit = parse(source)
    oracle = Oracle(circuit)
    report = check_module(circuit, module, points=points, seed=seed, name=name, oracle=oracle)
    report = with_typed(report, circuit, oracle)
    met = [s.merged(p) for s, _ in oracle.point_batches(points, seed) for p in s.points]
    digits = tuple(digits_of(report.rows, oracle))
    return Certificate(report, source, _digest(text), digits, _ranges(met))


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def _ranges(points: Iterable[Mapping[str, float]]) -> dict[str, tuple[float, float]]:
    found: dict[str, tuple[float, float]] = {}
    for point in points:
        for name, value in point.items():
            if not math.isfinite(value):
                continue
            low, high = found.get(name, (value, value))
            found[name] = (min(low, value), max(high, value))
    return found


def _quantity(row: CheckRow, digits: Digits | None) -> dict[str, Any]:
    content: dict[str, Any] = {
        "quantity": row.quantity,
        "points": row.points,
        "passed": row.passed,
        "worst_ulp": json_number(row.worst_ulp),
        "share_of_what_rounding_allows": json_number(row.worst_share),
    }
    if row.entries:
        content["entries"] = {name: json_number(ulp) for name, ulp in row.entries.items()}
    if digits is not None:
        content["at"] = {name: json_number(value) for name, value in digits.point.items()}
        content["cause"] = digits.cause or None
        if digits.condition is not None:
            content["condition"] = {
                "problem": json_number(digits.condition.problem),
                "formula": json_number(digits.condition.formula),
                "node": digits.condition.line or None,
                "of_node": json_number(digits.condition.share),
            }
            relative = digits.relative
            content["ulp_by_condition"] = None if relative is None else json_number(relative)
    return content


def versions() -> dict[str, str]:
    """Of symback and of what its results depend on."""
    found = {name: version(name) for name in PACKAGES}
    return {"symback": __version__, "python": platform.python_version(), **found}


__all__ = ["Certificate", "certify_file", "certify_files", "versions"]
