"""Circuit or update → the files of its module, by the row of the target."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from symback.autodiff.updates import Update
from symback.circuits.circuit import Circuit
from symback.circuits.loops import unrolled
from symback.circuits.paused_gc import no_search_for_cycles
from symback.codegen.files import shown_path, write_files
from symback.codegen.functions import requested
from symback.codegen.hashes import body_hash
from symback.codegen.loading import load_files
from symback.codegen.render import render_one
from symback.codegen.targets import Target, target_named
from symback.errors import FileRefused, Unsupported


def generate(
    subject: Circuit | Update,
    path: str | os.PathLike[str] | None = None,
    *,
    target: str = "numpy",
    functions: str | Iterable[str] = (),
    template: str | os.PathLike[str] | None = None,
    force: bool = False,
) -> str:
    """The text of the module; with a path it is written there as well.

    `functions` are those that the module has beside those of every module, such as "jacobian".
    `template` names a folder whose templates come before symback's own. A file that was edited
    by hand, or that symback did not write, is overwritten only with `force`.
    """
    stem = "" if path is None else Path(path).stem
    texts = render_files(subject, target=target, functions=functions, template=template, stem=stem)
    main = target_named(target).main
    if path is not None:
        write_files(texts, Path(path), main, force=force)
    return texts[main]


@no_search_for_cycles()
def render_files(
    subject: Circuit | Update,
    *,
    target: str = "numpy",
    functions: str | Iterable[str] = (),
    template: str | os.PathLike[str] | None = None,
    certificate: Sequence[str] = (),
    stem: str = "",
) -> dict[str, str]:
    """The texts of all files of the module, by what the files end with.

    `stem` is the name of the files, which a C file's functions begin with. `certificate` are
    lines for the module's docstring that say how it was checked.
    """
    row = target_named(target)
    folder = None if template is None else _folder(Path(template))
    asked = requested(functions, row.on_request, target)
    templates, variables = _renderer(row, subject, stem, asked)
    found: dict[str, str] = {}
    hashes: dict[str, str] = {}  # of the files before: a loader knows the files of its kind
    more = {**variables, "certificate": tuple(certificate), "hashes": hashes}
    for end, name in templates.items():
        found[end] = render_one(name, more, folder, own=row.templates)
        hashes[end] = body_hash(found[end])
    return found


def _renderer(
    row: Target, subject: Circuit | Update, stem: str, functions: tuple[str, ...]
) -> tuple[Mapping[str, str], Mapping[str, Any]]:
    """The templates for the subject by file ending, and what they fill in."""
    if isinstance(subject, Circuit):
        asked = (functions,) if functions else ()
        written_out = [name for name in functions if name in row.written_out]
        if written_out or not row.keeps_loops:
            subject = _without_loops(subject, row, written_out)
        return row.circuits.templates, row.circuits.variables(subject, stem, *asked)
    if functions:
        raise Unsupported("a module of an update has one function; others are those of a circuit")
    if row.updates is None:
        raise Unsupported(f"the target '{row.name}' has no modules of updates; choose another one")
    return row.updates.templates, row.updates.variables(subject, stem)


def _without_loops(circuit: Circuit, row: Target, functions: Sequence[str]) -> Circuit:
    """The circuit with its loops written out; Unsupported where only data know their turns."""
    try:
        return unrolled(circuit)
    except Unsupported as error:
        what = f"'{functions[0]}'" if functions else f"the target '{row.name}'"
        raise Unsupported(f"{what} takes loops written out, and {error.message}") from None


def _folder(path: Path) -> str:
    if "\0" in str(path) or not path.is_dir():
        raise FileRefused(f"the template folder {shown_path(path)} is not a folder")
    return str(path)


@no_search_for_cycles()
def compile_module(
    subject: Circuit | Update, target: str = "numpy", functions: str | Iterable[str] = ()
) -> ModuleType:
    """The module of a circuit or an update, imported from memory.

    Raises Unsupported where the target's compiler is missing or fails.
    """
    called = subject.output.name if isinstance(subject, Circuit) else subject.name
    name = f"symback_{called}"
    texts = render_files(subject, target=target, functions=functions, stem=name)
    return load_files(texts, name)


__all__ = ["compile_module", "generate", "render_files"]
