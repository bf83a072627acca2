"""Where a file comes from, and the comment at its head that says so."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Head:
    """The comment at the head of a file."""

    title: str
    formulas: Sequence[str]
    remarks: Sequence[str]
    indent: str = ""
    is_certified: bool = True  # whether it says how the module was checked


@dataclass(frozen=True, slots=True)
class Header:
    """Where a module comes from, as its heads and SOURCE say."""

    title: str
    formulas: Sequence[str]
    source: str
    version: str
    subject: str  # what it was made from
    body_hash: str = "0" * 16  # until the body is known

    @property
    def circuit_hash(self) -> str:
        return hashlib.sha256(self.source.encode()).hexdigest()[:16]

    def head(self, more: str, remarks: Sequence[str]) -> Head:
        """The head of a Python file, with what the title says besides."""
        return Head(f"{self.title}{more}", self.formulas, remarks)


NUMPY_ONLY = ". Needs NumPy ≥ 2 only."

__all__ = ["NUMPY_ONLY", "Head", "Header"]
