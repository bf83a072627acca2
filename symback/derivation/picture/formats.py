"""The formats of pictures: what the ending of a file asks for, and how each is made."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from symback.circuits.circuit import Circuit
from symback.codegen.files import Output, write_outputs
from symback.codegen.marks import marked
from symback.derivation.picture import dot, svg
from symback.derivation.picture.figure import to_bytes
from symback.derivation.picture.layout import picture
from symback.derivation.picture.tikz import to_tikz
from symback.errors import SymbackError, clip

PictureForm = Literal["svg", "png", "pdf", "tikz", "dot"]
ENDINGS: Mapping[str, PictureForm] = {
    ".svg": "svg",
    ".png": "png",
    ".pdf": "pdf",
    ".tex": "tikz",
    ".tikz": "tikz",
    ".dot": "dot",
    ".gv": "dot",
}


def form_of(file: str | os.PathLike[str]) -> PictureForm:
    """The format that the ending of a file asks for; SymbackError for an ending of another kind."""
    ending = Path(file).suffix.lower()
    if ending not in ENDINGS:
        known = [*ENDINGS]
        raise SymbackError(
            f"{clip(str(file), 80)}: a picture ends in {', '.join(known[:-1])} or {known[-1]}"
        )
    return ENDINGS[ending]


def rendered(
    circuit: Circuit,
    form: PictureForm,
    at: Mapping[str, Any] | None = None,
    view: str = "gates",
    of: str | None = None,
    tangents: Mapping[str, float] | None = None,
) -> bytes:
    """The content of a picture's file, without the mark by which symback knows its own files.

    Raises NotInstalled for png and pdf where Matplotlib is not installed.
    """
    if form == "dot":
        return dot.to_dot(circuit, at, view, of, tangents).encode()
    drawn = picture(*svg.drawing(circuit, at, view, of, tangents))
    if form == "svg":
        return svg.to_svg(drawn).encode()
    if form == "tikz":
        return to_tikz(drawn).encode()
    return to_bytes(drawn, form)


def write_picture(
    circuit: Circuit,
    path: str | os.PathLike[str],
    at: Mapping[str, Any] | None = None,
    view: str = "gates",
    of: str | None = None,
    tangents: Mapping[str, float] | None = None,
    *,
    force: bool = False,
) -> None:
    """Write the picture in the format that the file's ending asks for.

    A file that is there and was not written so, or was edited, is replaced with `force` only.
    """
    form = form_of(path)
    content = marked(rendered(circuit, form, at, view, of, tangents), "draw", form)
    write_outputs({Output(Path(path), "draw"): content}, force=force)


__all__ = ["ENDINGS", "PictureForm", "form_of", "rendered", "write_picture"]
