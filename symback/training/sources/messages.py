"""Names and causes as error messages show them: short, printable, quoted."""

from __future__ import annotations

from collections.abc import Sequence

from symback.errors import clip


def shorten(text: str, length: int) -> str:
    """The text with its unprintable characters as '?', cut to `length`."""
    return clip("".join(c if c.isprintable() else "?" for c in text[: length + 1]), length)


def quoted(text: str) -> str:
    """The text, shortened, between single quotes."""
    return f"'{shorten(text, 30)}'"


def reason(error: Exception) -> str:
    """Why the system refused, without the path."""
    why = error.strerror if isinstance(error, OSError) else None
    return shorten(why or str(error), 60)


def listing(names: Sequence[str]) -> str:
    """The first names, quoted, and how many there are more."""
    shown = ", ".join(quoted(name) for name in names[:2])
    return (shown or "none") + (f" and {len(names) - 2} more" if len(names) > 2 else "")
