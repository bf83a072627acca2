"""The losses of a run as a picture; needs the extra `plots` (matplotlib)."""

from __future__ import annotations

import io
from collections.abc import Sequence

from symback.training.checkpoint import Record


def loss_plot(history: Sequence[Record], steps_per_epoch: int, *, creator: str) -> bytes | None:
    """Mean loss of both parts over the epochs as SVG, or None where matplotlib is not installed."""
    try:
        import matplotlib  # here: an extra, and slow to import
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure
        from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, StrMethodFormatter
    except ImportError:
        return None
    figure = Figure(figsize=(6, 3.7), layout="constrained")
    axes = figure.add_subplot()
    epochs = [max(record.epoch, record.step / steps_per_epoch) for record in history]
    axes.plot(epochs, [record.loss for record in history], label="training rows")
    held_out = [r.validation_loss for r in history if r.validation_loss is not None]
    if held_out:
        axes.plot(epochs, held_out, "--", label="validation rows")
        axes.legend(frameon=False)
    shown = [record.loss for record in history] + held_out
    if min(shown) > 0:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:g}")
        if max(shown) < 30 * min(shown):  # few decades: ticks between the powers of ten help
            axes.yaxis.set_minor_formatter(StrMethodFormatter("{x:g}"))
            axes.yaxis.set_minor_locator(LogLocator(subs=(2, 5)))
        else:
            axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylabel("mean loss")
    axes.spines[["top", "right"]].set_visible(False)
    FigureCanvasSVG(figure)
    picture = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": creator}):
        figure.savefig(picture, format="svg", metadata={"Creator": creator, "Date": None})
    return picture.getvalue()
