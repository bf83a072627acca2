"""Program → module: the only place that knows Jinja, templates and the disk."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import ModuleType

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup

from symback._version import __version__
from symback.circuits.circuit import Circuit
from symback.circuits.paused_gc import no_search_for_cycles
from symback.codegen.c.module import CText, c_text
from symback.codegen.c.update import CUpdateText
from symback.codegen.files import refuse_twin, refuse_unless_file, replace_file, shown_path
from symback.codegen.loading import load_files
from symback.codegen.numpy.module import ModuleText, module_text
from symback.codegen.numpy.update import UpdateText
from symback.codegen.sandbox import TemplateSandbox
from symback.errors import FileRefused, Unsupported, clip, nearest

TEMPLATES = {
    "numpy": {".py": "numpy/module.py.jinja"},
    "c": {".h": "c/header.h.jinja", ".c": "c/module.c.jinja", ".py": "c/loader.py.jinja"},
}
"""The templates of each target by what its files end with, in the order they are made."""

MAIN = {"numpy": ".py", "c": ".c"}
"""What the file that is asked for ends with; the others are written beside it."""

_BODY_HASH = re.compile(r"body sha256:([0-9a-f]{16})")
_OF_UPDATE = re.compile(r'^RULE = "\w+"$', re.MULTILINE)
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
    stem = "" if path is None else Path(path).stem
    texts = render_files(circuit, target=target, template=template, stem=stem)
    if path is not None:
        write_files(texts, Path(path), MAIN[target], force=force)
    return texts[MAIN[target]]


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
    texts = render_files(circuit, target=target, template=template, certificate=certificate)
    return texts[MAIN[target]]


@no_search_for_cycles()
def render_files(
    circuit: Circuit,
    *,
    target: str = "numpy",
    template: str | os.PathLike[str] | None = None,
    certificate: Sequence[str] = (),
    stem: str = "",
) -> dict[str, str]:
    """The texts of all files of the module, by what the files end with.

    `stem` is the name of the files, which a C file's functions begin with.
    """
    refuse_target(target)
    folder = None if template is None else _folder(Path(template))
    if target == "c":
        return _render_c(c_text(circuit, __version__, stem), TEMPLATES["c"], certificate, folder)
    text = replace(module_text(circuit, __version__), certificate=tuple(certificate))
    return {end: render_one(text, name, folder) for end, name in TEMPLATES[target].items()}


def refuse_target(target: str) -> None:
    """Raise Unsupported where there is no such target."""
    if target not in TEMPLATES:
        hint = nearest(target, TEMPLATES) or f"; choose from {', '.join(TEMPLATES)}"
        raise Unsupported(f"no target '{clip(target, 40)}'{hint}")


def _render_c(
    text: CText,
    templates: Mapping[str, str],
    certificate: Sequence[str],
    folder: str | None,
) -> dict[str, str]:
    """All files, with the lines of a certificate."""
    text = replace(text, python=replace(text.python, certificate=tuple(certificate)))
    return render_with_interface(text, templates, folder)


def render_with_interface(
    text: CText | CUpdateText, templates: Mapping[str, str], folder: str | None = None
) -> dict[str, str]:
    """The header, and the files that state its hash: a loader knows the C file of its kind."""
    found: dict[str, str] = {}
    for end, name in templates.items():
        found[end] = render_one(text.python, name, folder, c=text)
        text = replace(text, interface=_hash(found[".h"]))
    return found


def _folder(path: Path) -> str:
    if "\0" in str(path) or not path.is_dir():
        raise FileRefused(f"the template folder {shown_path(path)} is no folder")
    return str(path)


def render_one(
    text: ModuleText | UpdateText, name: str, folder: str | None = None, **more: object
) -> str:
    """The text of one file, with the hash of its body in its header."""
    try:
        if folder is None:
            body = _environment().get_template(name).render(m=text, **more)
        else:
            own = FileSystemLoader(templates_folder())
            body = TemplateSandbox(folder, own).render_bounded(name, m=text, **more)
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
    package = Path(__file__).parent.parent
    inside = package / "templates"
    return inside if inside.is_dir() else package.parent / "templates"


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
    return write_files({path.suffix: text}, path, path.suffix, force=force)


def write_files(texts: Mapping[str, str], path: Path, main: str, *, force: bool = False) -> bool:
    """Write a module of several files, each whole or not at all, and none where one is refused.

    `texts` are by what the files end with; `main` is the end of that which `path` names.
    """
    if len(texts) > 1 and path.suffix != main:
        others = " and ".join(f"{path.stem}{end}" for end in sorted(texts) if end != main)
        raise FileRefused(f"name the file {path.stem}{main}; {others} are written beside it")
    files = by_path(texts, path, main)
    changed = {file: text for file, text in files.items() if _must_write(text, file, force)}
    for file, text in changed.items():
        replace_file(file, text.encode())
        if file.suffix == ".py":
            # A module of the same size written within the same second would import its stale
            # byte-code.
            Path(importlib.util.cache_from_source(str(file))).unlink(missing_ok=True)
    return bool(changed)


def by_path(texts: Mapping[str, str], path: Path, main: str) -> dict[Path, str]:
    """The texts of a module's files by where they go; `path` is that of the main one."""
    return {path if end == main else path.with_suffix(end): t for end, t in texts.items()}


def _must_write(text: str, path: Path, force: bool) -> bool:
    """Whether the file has another text; FileRefused where it must not be overwritten."""
    if not text.startswith("/*"):  # of C
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

    The circuit text is read without running the file; the module is run. A C file stands for the
    loader beside it.
    """
    path = path.with_suffix(".py") if path.suffix in (".c", ".h") else path
    text = _existing(path)
    if text is None:
        raise FileRefused(f"there is no file {shown_path(path)}")
    if _OF_UPDATE.search(text):
        raise FileRefused(
            f"{shown_path(path)} is the update of an optimiser, which has no gradient to check; "
            "symback generate --update NAME --diff compares it with its rule"
        )
    source = _source(text, path)
    beside = {end: _existing(path.with_suffix(end)) for end in (".c", ".h")}
    texts = {".py": text, **{end: t for end, t in beside.items() if t and _is_ours(t)}}
    try:
        module = load_files(texts, path.stem)
    except OSError as error:  # of a module that is compiled
        raise FileRefused(str(error)) from None
    except Exception as error:  # whatever a module may raise while it is imported
        kind = type(error).__name__
        why = f"{kind}: {clip(str(error), 60)}"
        raise FileRefused(f"{shown_path(path)} can't be imported: {why}") from None
    return source, module, all(is_unchanged(t) for t in texts.values())


def _is_ours(text: str) -> bool:
    """Whether symback made the file, edited or not."""
    return _BODY_HASH.search(text[:10_000]) is not None


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


def compile_circuit(circuit: Circuit, target: str = "numpy") -> ModuleType:
    """The circuit's module, imported from memory.

    Raises Unsupported where the target's compiler is missing or fails.
    """
    name = f"symback_{circuit.output.name}"
    return compiled(render_files(circuit, target=target, stem=name), name)


def compiled(texts: Mapping[str, str], name: str) -> ModuleType:
    """The module of these texts; Unsupported where the target's compiler is missing or fails."""
    try:
        return load_files(texts, name)
    except (ImportError, OSError) as error:
        raise Unsupported(str(error)) from None


def load(text: str, name: str) -> ModuleType:
    """A module from generated text; its lines are known to debuggers and tracebacks."""
    return load_files({".py": text}, name)
