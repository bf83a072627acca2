"""Templates → text: the only place that knows Jinja and where templates are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from symback.codegen.hashes import hashed
from symback.codegen.sandbox import TemplateSandbox
from symback.errors import FileRefused, clip


def render_one(
    name: str, variables: Mapping[str, Any], folder: str | None = None, own: Path | None = None
) -> str:
    """The text of one file by its template, with the hash of its body in its header.

    Templates are looked for in a user's `folder`, in the target's `own` and in symback's.
    """
    try:
        if folder is None:
            body = _environment(own=own).get_template(name).render(variables)
        else:
            body = TemplateSandbox(folder, _loader(own)).render_bounded(name, **variables)
        return hashed(_tidy(body))
    except Exception as error:  # whatever a user's template may raise
        kind = type(error).__name__
        raise FileRefused(f"the template {name} fails: {kind}: {clip(str(error), 90)}") from None


def _tidy(body: str) -> str:
    """The text with at most two empty lines at once and one line end; not copied without need."""
    body = re.sub(r"\n{4,}", "\n\n\n", body)
    return body if re.search(r"\S\n\Z", body[-2:]) else body.rstrip() + "\n"


def render_page(name: str, page: object) -> str:
    """An HTML page by its template; every text in it is escaped."""
    try:
        return _environment(html=True).get_template(name).render(p=page)
    except Exception as error:  # whatever a user's template may raise
        kind = type(error).__name__
        raise FileRefused(f"the template {name} fails: {kind}: {clip(str(error), 90)}") from None


def render_latex(name: str, document: object) -> str:
    """A LaTeX document by its template, whose texts are LaTeX already.

    The signs of Jinja are [[ ]] and [% %] there: braces belong to LaTeX.
    """
    return _latex_environment().get_template(name).render(d=document)


def _loader(own: Path | None = None) -> FileSystemLoader:
    """What finds templates: a target's own, then symback's."""
    return FileSystemLoader([*([] if own is None else [own]), templates_folder()])


_OPTIONS: Mapping[str, Any] = {
    "undefined": StrictUndefined,
    "trim_blocks": True,
    "lstrip_blocks": True,
    "keep_trailing_newline": True,
    "optimized": False,  # to look for constants in a template takes longer than it saves
}


@cache
def _latex_environment() -> Environment:
    return Environment(
        **_OPTIONS,
        loader=_loader(),
        variable_start_string="[[",
        variable_end_string="]]",
        block_start_string="[%",
        block_end_string="%]",
        comment_start_string="[#",
        comment_end_string="#]",
    )


@cache
def _environment(html: bool = False, own: Path | None = None) -> Environment:
    environment = Environment(**_OPTIONS, loader=_loader(own), autoescape=html)
    environment.filters["flush_left"] = _flush_left
    return environment


def _flush_left(code: str) -> Markup:
    """Code without what indents its lines and lines that are comments: bytes of every page."""
    return Markup(re.sub(r"^ *(//.*)?\n|^ +", "", code, flags=re.MULTILINE))


def templates_folder() -> Path:
    """Where the templates are: inside the installed package, else beside it in a checkout."""
    package = Path(__file__).parent.parent
    inside = package / "templates"
    return inside if inside.is_dir() else package.parent / "templates"


__all__ = ["render_latex", "render_one", "render_page", "templates_folder"]
