"""Update of an optimiser → module, by the same templates, hashes and loaders as any module."""

from __future__ import annotations

import os
from pathlib import Path
from types import ModuleType

from symback._version import __version__
from symback.autodiff.updates import Update
from symback.circuits.paused_gc import no_search_for_cycles
from symback.codegen.c.update import c_update_text
from symback.codegen.numpy.update import update_text
from symback.codegen.render import (
    MAIN,
    compiled,
    refuse_target,
    render_one,
    render_with_interface,
    write_files,
)

TEMPLATES = {
    "numpy": {".py": "numpy/update.py.jinja"},
    "c": {
        ".h": "c/update_header.h.jinja",
        ".c": "c/update_module.c.jinja",
        ".py": "c/update_loader.py.jinja",
    },
}
"""The templates of each target by what its files end with, in the order they are made."""


def generate_update(
    update: Update,
    path: str | os.PathLike[str] | None = None,
    *,
    target: str = "numpy",
    force: bool = False,
) -> str:
    """The text of the update's module; with a path it is written there as well."""
    stem = "" if path is None else Path(path).stem
    texts = render_update_files(update, target=target, stem=stem)
    if path is not None:
        write_files(texts, Path(path), MAIN[target], force=force)
    return texts[MAIN[target]]


@no_search_for_cycles()
def render_update_files(update: Update, *, target: str = "numpy", stem: str = "") -> dict[str, str]:
    """The texts of all files of the module, by what the files end with."""
    refuse_target(target)
    if target == "c":
        return render_with_interface(c_update_text(update, __version__, stem), TEMPLATES["c"])
    text = update_text(update, __version__)
    return {end: render_one(text, name) for end, name in TEMPLATES[target].items()}


def compile_update(update: Update, target: str = "numpy") -> ModuleType:
    """The update's module, imported from memory."""
    name = f"symback_{update.name}"
    return compiled(render_update_files(update, target=target, stem=name), name)


__all__ = ["TEMPLATES", "compile_update", "generate_update", "render_update_files"]
