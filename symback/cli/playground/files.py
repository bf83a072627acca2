"""The files of the playground's page, which a server gives out and a folder holds."""

from __future__ import annotations

import json
from collections.abc import Mapping

from symback.cli.playground.protocol import answer
from symback.codegen.render import templates_folder

TYPES: Mapping[str, str] = {
    "index.html": "text/html; charset=utf-8",
    "frame.html": "text/html; charset=utf-8",
    "playground.css": "text/css; charset=utf-8",
    "playground.js": "text/javascript; charset=utf-8",
    "state.js": "text/javascript; charset=utf-8",
    "engines.js": "text/javascript; charset=utf-8",
}
"""The files that both engines have, and what they are."""


def page_files() -> dict[str, bytes]:
    """The files of the page by name."""
    folder = templates_folder() / "playground"
    return {name: (folder / name).read_bytes() for name in TYPES}


def engine_file(engine: str, **more: object) -> bytes:
    """What the page reads first: which engine answers, and what it offers."""
    return json.dumps({"engine": engine, **answer({"ask": "hello"}), **more}).encode()


__all__ = ["TYPES", "engine_file", "page_files"]
