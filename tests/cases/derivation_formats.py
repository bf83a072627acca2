"""Every format of a derivation, by name."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

FORMATS: Mapping[str, Callable[[Any], str]] = {
    "text": lambda d: d.to_text(),
    "ascii": lambda d: d.to_text(ascii=True),
    "brief": lambda d: d.to_text(detail="brief"),
    "full": lambda d: d.to_text(detail="full"),
    "align": lambda d: d.to_latex(),
    "beamer": lambda d: d.to_latex("beamer"),
    "table": lambda d: d.to_latex("table"),
    "markdown": lambda d: d.to_markdown(),
    "json": lambda d: json.dumps(json.loads(d.to_json()), ensure_ascii=False),  # if it is valid
    "html": lambda d: d.to_html(),
}
