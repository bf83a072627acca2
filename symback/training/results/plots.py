"""The losses of a run and the residuals of a fit, and the files of such pictures.

Needs the extra `plots`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from symback.codegen.figures import figure_bytes, new_figure
from symback.codegen.files import Output
from symback.codegen.marks import marked
from symback.errors import SymbackError, clip
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
    return figure_bytes(figure, "svg", creator)


def residual_plot(fitted: FloatArray, residuals: FloatArray) -> Figure:
    """The residuals over the fitted values: a pattern in them is what the formula misses."""
    figure = new_figure(6, 3.7)
    axes = figure.add_subplot()
    axes.axhline(0, color="0.6", linewidth=0.8)
    axes.plot(fitted, residuals, "o", markersize=4)
    axes.set(xlabel="fitted value", ylabel="residual")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


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


def picture_form(save: str | os.PathLike[str]) -> str:
    """The format that the file's name asks for; SymbackError for another one."""
    suffix = Path(save).suffix.lower()
    if suffix not in (".svg", ".png", ".pdf"):
        raise SymbackError(f"{clip(str(save), 80)}: name a file that ends in .svg, .png or .pdf")
    return suffix[1:]


def picture_place(save: str | os.PathLike[str], kind: str) -> Output:
    """The file of a picture that the command `kind` writes; SymbackError for other formats."""
    picture_form(save)
    return Output(Path(save), kind)


def picture_file(figure: Figure, save: str | os.PathLike[str], kind: str) -> tuple[Output, bytes]:
    """The file of a picture and its content: no date, no random names in it."""
    form = picture_form(save)
    content = figure_bytes(figure, form, f"symback {kind}")
    return picture_place(save, kind), marked(content, kind, form)
