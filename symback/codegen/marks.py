"""The mark by which symback knows a file that it wrote and that nobody has changed since.

A module has it in its header (`hashes.py`). Every other file ends with it, in a comment of its
format: which command wrote the file, and the hash of what stands before.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from symback.codegen.hashes import is_unchanged

MODULE = "module"
"""The kind of files that `generate` writes; others are named after their command or content."""
_FOUND = re.compile(rb"Written by symback ([a-z]+), body sha256:([0-9a-f]{16})")
_BINARY = (b"\x89PNG", b"%PDF")
_LONGEST_TAIL = 200


@dataclass(frozen=True, slots=True)
class _Format:
    """How a format ends, and how it ends with a mark in it."""

    end: bytes
    tail: Callable[[bytes], bytes]


def _comment(before: str, after: str = "") -> _Format:
    return _Format(b"\n", lambda mark: b"\n" + before.encode() + mark + after.encode() + b"\n")


def _chunk(kind: bytes, data: bytes) -> bytes:
    """A part of a PNG file."""
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)


_IEND = _chunk(b"IEND", b"")
FORMATS: Mapping[str, _Format] = {
    "text": _comment("\n"),
    "latex": _comment("% "),
    "markdown": _comment("\n<!-- ", " -->"),
    "html": _comment("<!-- ", " -->"),
    "svg": _comment("<!-- ", " -->"),
    "dot": _comment("// "),
    "tikz": _comment("% "),
    "pdf": _comment("% "),  # behind its end, where readers skip what they don't know
    "python": _comment("# "),
    "c": _comment("/* ", " */"),
    "javascript": _comment("// "),
    "rust": _comment("// "),
    "json": _Format(b"\n}\n", lambda mark: b',\n  "written_by": "' + mark + b'"\n}\n'),
    "png": _Format(_IEND, lambda mark: _chunk(b"tEXt", b"Comment\0" + mark) + _IEND),
}


def marked(content: bytes, kind: str, form: str) -> bytes:
    """The content of a file of that format, with the mark at its end."""
    end = FORMATS[form].end
    content = content if content.endswith(end) else content + b"\n"
    if not content.endswith(end):
        raise ValueError(f"this is no {form}: it doesn't end with {end!r}")
    body = content[: -len(end)]
    return body + FORMATS[form].tail(_mark(kind, body))


def kind_of(content: bytes) -> str | None:
    """The kind of a file as symback wrote it; None for one that was edited, or is of others."""
    content = content if content.startswith(_BINARY) else content.replace(b"\r\n", b"\n")
    found = next(reversed([*_FOUND.finditer(content[-_LONGEST_TAIL:])]), None)
    if found is not None:
        kind = found[1].decode()
        for form in FORMATS.values():
            tail = form.tail(found[0])
            if content.endswith(tail) and _mark(kind, content[: -len(tail)]) == found[0]:
                return kind
    try:
        return MODULE if is_unchanged(content.decode()) else None
    except UnicodeDecodeError:
        return None


def _mark(kind: str, body: bytes) -> bytes:
    return f"Written by symback {kind}, body sha256:{_digest(kind, body)}".encode()


def _digest(kind: str, body: bytes) -> str:
    return hashlib.sha256(kind.encode() + b"\0" + body).hexdigest()[:16]


__all__ = ["FORMATS", "MODULE", "kind_of", "marked"]
