"""Rows of the page of reported formulas."""

import ast
import re
from pathlib import Path

import symback as sb

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reported.md").read_text(encoding="utf-8")
VALUES, PROMISES = PAGE.split("## Files, messages and objects")


def rows_of(part: str) -> list[list[str]]:
    """The cells of the rows of a table, without its two head rows."""
    lines = [line for line in part.splitlines() if line.startswith("|")]
    return [[c.strip() for c in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def numbers(cell: str) -> dict[str, object]:
    """Names and numbers of `x = 1, y = [1, inf]`."""
    parts = re.findall(r"([^\s=,]+) = (.+?)(?=, [^\s=,]+ = |$)", cell.strip("`"))
    spelled = {"inf": "1e999", "nan": "(1e999 - 1e999)"}
    found = {}
    for name, text in parts:
        plain = re.sub(r"\b(inf|nan)\b", lambda m: spelled[m.group()], text)
        found[name] = eval(compile(ast.parse(plain, mode="eval"), "a row", "eval"), {})
    return found


REPORTED = rows_of(VALUES)
TESTED = rows_of(PROMISES)


def circuit_of(text: str, at: dict[str, object]) -> sb.Circuit:
    plain = text.strip("`").replace("\\|", "|")
    if ": input" in plain or ": param" in plain:
        return sb.circuit(plain, loss=None)
    return sb.circuit(plain, inputs=[n for n in at if re.search(rf"\b{n}\b", plain)], loss=None)
