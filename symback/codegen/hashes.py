"""The hash by which a generated text shows whether it was edited."""

from __future__ import annotations

import hashlib
import re

_BODY_HASH = re.compile(r"body sha256:([0-9a-f]{16})")
_UNHASHED = "body sha256:" + "0" * 16
_HEAD = 10_000
"""Characters in which the hash stands."""
_PIECE = 2**20
"""Characters that are hashed at a time."""


def body_hash(text: str) -> str:
    """The hash of a text without the words in which the text states it."""
    stated = _BODY_HASH.search(text)
    start, end = stated.span() if stated else (0, 0)
    found = hashlib.sha256(text[:start].encode())
    found.update(_UNHASHED.encode() if stated else b"")
    for at in range(end, len(text), _PIECE):  # a copy of a large module takes much memory
        found.update(text[at : at + _PIECE].encode())
    return found.hexdigest()[:16]


def hashed(text: str) -> str:
    """A new text, its hash in its header."""
    return text.replace(_UNHASHED, f"body sha256:{body_hash(text)}", 1)


def is_generated(text: str) -> bool:
    """Whether symback made the text, edited or not."""
    return _BODY_HASH.search(text[:_HEAD]) is not None


def is_unchanged(text: str) -> bool:
    """Whether the text is a generated module whose body has the hash that its header states."""
    found = _BODY_HASH.search(text[:_HEAD])
    return found is not None and found.group(1) == body_hash(text)


__all__ = ["body_hash", "hashed", "is_generated", "is_unchanged"]
