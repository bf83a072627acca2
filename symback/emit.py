"""Program → module: the only place that knows Jinja, templates and the disk."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import linecache
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import ModuleType

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup

from symback._version import __version__
from symback.disk import refuse_twin, refuse_unless_file, replace_file, shown_path
from symback.errors import FileRefused, Unsupported, clip, nearest
from symback.sandbox import TemplateSandbox
from symback.structure import Circuit
from symback.targets.module_text import ModuleText, module_text

TEMPLATES = {"numpy": "numpy/module.py.jinja"}
"""The template of each target."""

_BODY_HASH = re.compile(r"body sha256:([0-9a-f]{16})")
_UNHASHED = "body sha256:" + "0" * 16


def generate(
    circuit: Circuit,
    path: str | os.PathLike[str] | None = None,
    *,
    target: str = "numpy",
    template: str | os.PathLike[str] | None = None,
    force: bool = False,
) -> str:
    """The text of the circuit's module; with a path it is written there as well.

    `template` names a folder whose templates come before symback's own. A file that was edited
    by hand, or that symback did not write, is overwritten only with `force`.
    """
    text = render(circuit, target=target, template=template)
    if path is not None:
        write(text, Path(path), force=force)
    return text


def render(
    circuit: Circuit,
    *,
    target: str = "numpy",
    template: str | os.PathLike[str] | None = None,
    certificate: Sequence[str] = (),
) -> str:
    """The module's text, with the hash of its body in its header.

    `certificate` are lines for the module's docstring that say how it was checked.
    """
    if target not in TEMPLATES:
        raise Unsupported(f"no target '{clip(target, 40)}'{nearest(target, TEMPLATES)}")
    folder = None if template is None else _folder(Path(template))
    text = replace(module_text(circuit, __version__), certificate=tuple(certificate))
    return _render(text, TEMPLATES[target], folder)


def _folder(path: Path) -> str:
    if "\0" in str(path) or not path.is_dir():
        raise FileRefused(f"the template folder {shown_path(path)} is no folder")
    return str(path)


def _render(text: ModuleText, name: str, folder: str | None) -> str:
    try:
        if folder is None:
            body = _environment().get_template(name).render(m=text)
        else:
            own = FileSystemLoader(templates_folder())
            body = TemplateSandbox(folder, own).render_bounded(name, m=text)
        body = re.sub(r"\n{4,}", "\n\n\n", body).rstrip() + "\n"
        return body.replace(_UNHASHED, f"body sha256:{_hash(body)}", 1)
    except Exception as error:  # whatever a user's template may raise
        kind = type(error).__name__
        raise FileRefused(f"the template {name} fails: {kind}: {clip(str(error), 90)}") from None


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


@cache
def _latex_environment() -> SandboxedEnvironment:
    return SandboxedEnvironment(
        loader=FileSystemLoader(templates_folder()),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
        variable_start_string="[[",
        variable_end_string="]]",
        block_start_string="[%",
        block_end_string="%]",
        comment_start_string="[#",
        comment_end_string="#]",
    )


@cache
def _environment(html: bool = False) -> SandboxedEnvironment:
    environment = SandboxedEnvironment(
        loader=FileSystemLoader(templates_folder()),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=html,
    )
    environment.filters["flush_left"] = _flush_left
    return environment


def _flush_left(code: str) -> Markup:
    """Code without what indents its lines and lines that are comments: bytes of every page."""
    return Markup(re.sub(r"^ *(//.*)?\n|^ +", "", code, flags=re.MULTILINE))


def templates_folder() -> Path:
    """Where the templates are: inside the installed package, else beside it in a checkout."""
    inside = Path(__file__).parent / "templates"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "templates"


def _hash(text: str) -> str:
    return hashlib.sha256(_BODY_HASH.sub(_UNHASHED, text, count=1).encode()).hexdigest()[:16]


def is_unchanged(text: str) -> bool:
    """Whether the text is a generated module whose body has the hash that its header states."""
    found = _BODY_HASH.search(text[:10_000])
    return found is not None and found.group(1) == _hash(text)


# -- disk ------------------------------------------------------------------------------------


def write(text: str, path: Path, *, force: bool = False) -> bool:
    """Write a module, whole or not at all; False where the file was up to date.

    Raises FileRefused for a symbolic link, a folder, and a file that was not generated or was
    edited since, which only `force` overwrites.
    """
    try:
        compile(text, path.name, "exec")
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise FileRefused(f"the template gives no Python: {clip(str(error), 100)}") from None
    refuse_twin(path)
    old = _existing(path)
    if old == text:
        return False
    if old is not None and not force and not is_unchanged(old):
        raise FileRefused(
            f"{shown_path(path)} was edited or not made by symback; --force (force=True) "
            "overwrites it"
        )
    replace_file(path, text.encode())
    # A module of the same size written within the same second would import its stale byte-code.
    Path(importlib.util.cache_from_source(str(path))).unlink(missing_ok=True)
    return True


def _existing(path: Path) -> str | None:
    """The text of the file that is there; None where there is none."""
    refuse_unless_file(path)
    try:
        return path.read_text(encoding="utf-8") if path.exists() else None
    except UnicodeDecodeError:
        return "not a text"
    except OSError as error:
        raise FileRefused(f"{shown_path(path)} can't be read: {error.strerror}") from None


# -- memory ----------------------------------------------------------------------------------


def read_module(path: Path) -> tuple[str, ModuleType, bool]:
    """The circuit text of a generated file, its module, and whether nobody edited it.

    The circuit text is read without running the file; the module is run.
    """
    text = _existing(path)
    if text is None:
        raise FileRefused(f"there is no file {shown_path(path)}")
    source = _source(text, path)
    try:
        module = load(text, path.stem)
    except Exception as error:  # whatever a module may raise while it is imported
        kind = type(error).__name__
        why = f"{kind}: {clip(str(error), 60)}"
        raise FileRefused(f"{shown_path(path)} can't be imported: {why}") from None
    return source, module, is_unchanged(text)


def _source(text: str, path: Path) -> str:
    """The value of SOURCE in a module's text."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise FileRefused(f"{shown_path(path)} is not a Python module") from None
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant):
            names = [t.id for t in statement.targets if isinstance(t, ast.Name)]
            if "SOURCE" in names and isinstance(statement.value.value, str):
                return statement.value.value
    raise FileRefused(f"{shown_path(path)} has no SOURCE, so it is no module made by symback")


def compile_circuit(circuit: Circuit) -> ModuleType:
    """The circuit's module, imported from memory."""
    return load(render(circuit), f"symback_{circuit.output.name}")


def load(text: str, name: str) -> ModuleType:
    """A module from generated text; its lines are known to debuggers and tracebacks."""
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    file = f"<symback {name} {digest}>"
    module = ModuleType(f"{name}_{digest}")
    module.__file__ = file
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    sys.modules[module.__name__] = module  # NamedTuples are pickled by their module's name
    exec(compile(text, file, "exec"), module.__dict__)
    return module
