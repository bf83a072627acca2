"""Verdicts that are kept, so that a run that was stopped goes on.

A verdict counts again where nothing that was judged, and nothing that judges, has changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from tools.mutation.planting import Mutant
from tools.mutation.run import Verdict


def digest(*folders: Path) -> str:
    """Of the names and bytes of all files in some folders, explanations of mutants apart."""
    found = sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.suffix != ".pyc" and path.name != "equivalents.txt":
                for part in (str(path.relative_to(folder)).encode(), path.read_bytes()):
                    found.update(len(part).to_bytes(8, "big") + part)
    return found.hexdigest()


class Log:
    """A file of verdicts, a JSON line each; without a path it keeps none."""

    def __init__(self, path: Path | None, judged: str) -> None:
        self._path, self._judged = path, judged
        self._known = {one["key"]: one for one in _lines(path)} if path and path.exists() else {}

    def find(self, mutant: Mutant) -> Verdict | None:
        """The verdict on a mutant, if it is known."""
        one = self._known.get(self._key(mutant))
        return one and Verdict(mutant, one["killer"], one["reason"], one["seconds"])

    def add(self, verdict: Verdict, kind: str) -> None:
        if self._path:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(self._entry(verdict, kind), ensure_ascii=False) + "\n")

    def _key(self, mutant: Mutant) -> str:
        return sha256(f"{self._judged} {mutant.file} {mutant.text}".encode()).hexdigest()

    def _entry(self, verdict: Verdict, kind: str) -> dict[str, object]:
        m = verdict.mutant
        return {
            "file": m.file,
            "place": m.place,
            "kind": m.kind,
            "old": m.old,
            "new": m.new,
            "line": m.line,
            "nth": m.nth,
            "verdict": kind,
            "killer": verdict.killer,
            "reason": verdict.reason,
            "seconds": round(verdict.seconds, 2),
            "key": self._key(m),
        }


def _lines(path: Path) -> Iterator[dict[str, object]]:
    """Those that are whole: of a run that was killed the last one may not be."""
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            one = json.loads(line)
        except json.JSONDecodeError:
            continue
        if "key" in one:
            yield one


__all__ = ["Log", "digest"]
