"""`symback playground`: the playground as a folder of static files, for any web host.

symback runs in the reader's browser, in a worker, by Pyodide. The folder has all that it needs.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from symback.cli.playground.files import engine_file, page_files
from symback.cli.playground.pinned import fetch_pyodide, fetch_wheels, numpy_wheel
from symback.codegen.files import shown_path
from symback.codegen.render import templates_folder
from symback.errors import FileRefused, NotInstalled, clip

MANIFEST = "files.json"
NUMPY = "numpy.zip"  # loaded when a check is asked for
_FLINT = "python-flint"
_LEFT_OUT = ("tests", "test", "testing", "benchmarks", "__pycache__")  # folders of packages
_TAG = "cpython-314"  # of the bytecode
_DATE = (1980, 1, 1, 0, 0, 0)  # the same bytes at every build


def build(
    folder: Path,
    *,
    distribution: Path | None = None,
    force: bool = False,
    say: Callable[[str], object] = print,
) -> None:
    """Write the folder; FileRefused where it holds files that are not the playground's.

    With the folder of Pyodide's full distribution it has NumPy too, which checks need.
    """
    _refuse_foreign(folder, force)
    with TemporaryDirectory() as fetched:
        say("fetching Pyodide and the packages")
        pyodide = fetch_pyodide(Path(fetched))
        wheels = fetch_wheels(Path(fetched))
        flint = _zip(_members(wheels.pop(_FLINT)))
        own, others = dict(_own()), dict(m for w in wheels.values() for m in _members(w))
        numpy = {}
        if distribution is not None:
            numpy = dict(_members(numpy_wheel(distribution, pyodide["pyodide-lock.json"])))
        say("compiling what the browser imports")
        files = {f"pyodide/{name}": content for name, content in pyodide.items()}
        packed = {"packages.zip": _zip({**own, **others, **numpy}.items()), "flint.zip": flint}
        compiled = compiled_modules(Path(fetched), {**files, **packed}, checks=bool(numpy))
        members = {**_beside(own, compiled), **_in_place(others, compiled)}
        files |= {**page_files(), "packages.zip": _zip(members.items()), "flint.zip": flint}
        if numpy:
            files[NUMPY] = _zip(_in_place(numpy, compiled).items())
        files["worker.js"] = (templates_folder() / "playground" / "worker.js").read_bytes()
    files["engine.json"] = engine_file("browser", numpy=NUMPY if numpy else None)
    _write(folder, files)
    say(f"wrote {folder}: {len(files) + 1} files, {sum(map(len, files.values())) / 1e6:.1f} MB")


# -- packages --------------------------------------------------------------------------------------

_Member = tuple[str, bytes]


def _own() -> Iterator[_Member]:
    """symback itself, with its templates inside."""
    package = Path(__file__).parents[2]
    for path in sorted(package.rglob("*")):
        inside = path.relative_to(package)
        if path.is_file() and inside.parts[0] != "templates" and "__pycache__" not in inside.parts:
            yield f"symback/{inside.as_posix()}", path.read_bytes()
    templates = templates_folder()
    for path in sorted(p for p in templates.rglob("*") if p.is_file()):
        yield f"symback/templates/{path.relative_to(templates).as_posix()}", path.read_bytes()


def _members(wheel: Path) -> Iterator[_Member]:
    """What a wheel installs, but for tests and what is compiled for another system."""
    with zipfile.ZipFile(wheel) as packed:
        for name in sorted(packed.namelist()):
            parts = Path(name).parts
            foreign = name.endswith((".so", ".pyd")) and "wasm32" not in wheel.name
            data = ".data" in parts[0]
            if not (name.endswith("/") or data or foreign or set(parts[:-1]) & set(_LEFT_OUT)):
                yield name, packed.read(name)


def _zip(members: Iterable[_Member]) -> bytes:
    """The members as one archive, the same bytes at every build."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as packed:
        for name, content in members:
            info = zipfile.ZipInfo(name, _DATE)
            packed.writestr(info, content, zipfile.ZIP_DEFLATED, 9)
    return made.getvalue()


def compiled_modules(folder: Path, files: Mapping[str, bytes], *, checks: bool) -> dict[str, bytes]:
    """The bytecode of what the browser imports, by the modules' paths; Node.js runs Pyodide.

    With `checks` the check runs too: FileRefused where it does not pass.
    """
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    script = folder / "compile.mjs"
    script.write_bytes((templates_folder() / "playground" / script.name).read_bytes())
    node = shutil.which("node")
    if node is None:
        raise NotInstalled("the folder needs node, which compiles what it holds; install Node.js")
    asks = ["derive", "page", "code", *(["check"] if checks else [])]
    done = subprocess.run([node, script.name, *asks], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no word"])[-1]
        raise FileRefused(f"the modules can't be compiled: {clip(said, 150)}")
    with zipfile.ZipFile(folder / "compiled.zip") as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def _beside(members: Mapping[str, bytes], compiled: Mapping[str, bytes]) -> dict[str, bytes]:
    """The members, bytecode beside the text of modules: symback reads its own."""
    paths = {PurePosixPath(name): compiled[name] for name in members if name in compiled}
    code = {f"{p.parent}/__pycache__/{p.stem}.{_TAG}.pyc": found for p, found in paths.items()}
    return {**members, **code}


def _in_place(members: Mapping[str, bytes], compiled: Mapping[str, bytes]) -> dict[str, bytes]:
    """The members, bytecode in place of the text of modules."""
    text = {name: content for name, content in members.items() if name not in compiled}
    return {**text, **{f"{name}c": compiled[name] for name in members if name in compiled}}


# -- the folder ------------------------------------------------------------------------------------


def _refuse_foreign(folder: Path, force: bool) -> None:
    """FileRefused for a folder with files that are not those of its manifest."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise FileRefused(f"{shown_path(folder)} is not a folder; name another with -o")
    if force or not folder.exists():
        return
    known = _known(folder)
    for path in sorted(p for p in folder.rglob("*") if not p.is_dir()):
        name = path.relative_to(folder).as_posix()
        if name != MANIFEST and (path.is_symlink() or known.get(name) != _hash(path.read_bytes())):
            what = f"{shown_path(path)} was edited, or is not the playground's"
            raise FileRefused(f"{what}; name an empty folder, or use --force")


def _known(folder: Path) -> Mapping[str, str]:
    """The files that were written, and their hashes."""
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return {str(name): str(value) for name, value in found.items()}
    except (OSError, ValueError, AttributeError):
        return {}


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    """All files, each whole, and the manifest behind them."""
    manifest = {name: _hash(content) for name, content in sorted(files.items())}
    text = json.dumps(manifest, indent=1).encode() + b"\n"
    numpy = folder / NUMPY
    was_ours = numpy.is_file() and _known(folder).get(NUMPY) == _hash(numpy.read_bytes())
    try:
        if was_ours and NUMPY not in files:
            numpy.unlink()
        for name, content in {**files, MANIFEST: text}.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            whole = path.with_name(f".{path.name}.part")
            whole.write_bytes(content)
            os.replace(whole, path)
    except OSError as error:
        raise FileRefused(f"{shown_path(folder)} can't be written: {error.strerror}") from None


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


__all__ = ["build"]
