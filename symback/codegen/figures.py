"""Figures of Matplotlib as files: the same bytes at every run. Needs the extra `plots`."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from symback.codegen.extras import imports_of_extra

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def require_matplotlib() -> None:
    """NotInstalled where matplotlib is not installed, before anything is computed."""
    with imports_of_extra("pictures need matplotlib: pip install 'symback[plots]'"):
        import matplotlib.figure  # noqa: F401  here: an extra, and slow to import


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, its size in inches; NotInstalled where matplotlib is not installed."""
    require_matplotlib()
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def figure_bytes(figure: Figure, form: str, creator: str) -> bytes:
    """The figure as a file of that format holds it."""
    import matplotlib

    metadata = {
        "svg": {"Creator": creator, "Date": None},
        "png": {"Software": creator},
        "pdf": {"Creator": creator, "Producer": None, "CreationDate": None},
    }
    picture = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": creator}):
        figure.savefig(picture, format=form, dpi=150, metadata=metadata[form])
    return picture.getvalue()


__all__ = ["figure_bytes", "new_figure", "require_matplotlib"]
