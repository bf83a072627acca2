"""The losses of a run as a picture, and what all pictures share; needs the extra `plots`."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from symback.errors import SymbackError
from symback.training.checkpoint import Record
from symback.training.sources.dtypes import FloatArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def loss_plot(history: Sequence[Record], steps_per_epoch: int, *, creator: str) -> bytes | None:
    """Mean loss of both parts over the epochs as SVG, or None where matplotlib is not installed."""
    try:
        figure = new_figure(6, 3.7)
    except SymbackError:
        return None
    from matplotlib.ticker import MaxNLocator

    axes = figure.add_subplot()
    epochs = [max(record.epoch, record.step / steps_per_epoch) for record in history]
    axes.plot(epochs, [record.loss for record in history], label="training rows")
    held_out = [r.validation_loss for r in history if r.validation_loss is not None]
    if held_out:
        axes.plot(epochs, held_out, "--", label="validation rows")
        axes.legend(frameon=False)
    log_where_it_helps(axes, np.array([record.loss for record in history] + held_out))
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylabel("mean loss")
    axes.spines[["top", "right"]].set_visible(False)
    return picture_bytes(figure, "svg", creator)


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, its size in inches; SymbackError where matplotlib is not installed."""
    try:
        import matplotlib  # noqa: F401  here: an extra, and slow to import
        from matplotlib.figure import Figure
    except ImportError:
        raise SymbackError(
            "pictures of descent need matplotlib: pip install 'symback[plots]'"
        ) from None
    return Figure(figsize=(width, height), layout="constrained")


def log_where_it_helps(axes: Any, losses: FloatArray) -> None:
    """A logarithmic axis for losses above 0, with plain numbers at its ticks."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    least, most = losses.min(), losses.max()
    if least <= 0 or most == least:
        return
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    if most < 30 * least:  # few decades: ticks between the powers of ten help
        axes.yaxis.set_minor_locator(LogLocator(subs=(2, 3, 5)))
        axes.yaxis.set_minor_formatter(StrMethodFormatter("{x:g}"))


def picture_bytes(figure: Figure, form: str, creator: str) -> bytes:
    """The picture as a file holds it, the same at every run."""
    import matplotlib

    metadata = {"svg": {"Creator": creator, "Date": None}, "png": {"Software": creator}}
    picture = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": creator}):
        figure.savefig(picture, format=form, dpi=150, metadata=metadata[form])
    return picture.getvalue()
