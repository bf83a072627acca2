"""The losses of a run as a picture; needs the extra `plots` (matplotlib)."""

from __future__ import annotations

import io
from collections.abc import Sequence

from symback.training.loop import Record


def loss_plot(history: Sequence[Record], *, creator: str) -> bytes | None:
    """Mean loss of both parts over the epochs as SVG, or None where matplotlib is not installed."""
    try:
        import matplotlib  # here: an extra, and slow to import
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure
    except ImportError:
        return None
    figure = Figure(figsize=(6, 3.7), layout="constrained")
    axes = figure.add_subplot()
    per_epoch = history[-1].step / history[-1].epoch if history[-1].epoch else 1
    epochs = [record.step / per_epoch for record in history]
    axes.plot(epochs, [record.loss for record in history], label="training rows")
    held_out = [r.validation_loss for r in history if r.validation_loss is not None]
    if held_out:
        axes.plot(epochs, held_out, "--", label="validation rows")
        axes.legend(frameon=False)
    if min([record.loss for record in history] + held_out) > 0:
        axes.set_yscale("log")
    axes.set_xlabel("epoch")
    axes.set_ylabel("mean loss")
    axes.spines[["top", "right"]].set_visible(False)
    FigureCanvasSVG(figure)
    picture = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": creator}):
        figure.savefig(picture, format="svg", metadata={"Creator": creator, "Date": None})
    return picture.getvalue()
