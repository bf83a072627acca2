"""The modules of a project: a table in pyproject.toml or symback.toml, a row for each file."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symback.cli.arguments import read_circuit
from symback.errors import FileRefused, SymbackError, clip, nearest

if TYPE_CHECKING:
    from symback.codegen.files import Output

OWN, SHARED = "symback.toml", "pyproject.toml"
KEYS = ("circuit", "target", "with", "loss")
"""What a row may say."""


@dataclass(frozen=True, slots=True)
class ProjectModule:
    """A module of the project: where it stands and what it is made of."""

    path: Path
    circuit: str  # a formula, or the path of a file
    options: Mapping[str, Any]
    place: str  # of the row, for messages

    @property
    def inputs(self) -> list[str]:
        """The files that it is made from."""
        return [self.circuit] if Path(self.circuit).is_file() else []

    def contents(self) -> dict[Output, bytes]:
        """The files of the module."""
        from symback.codegen.files import module_outputs
        from symback.codegen.generate import render_files  # SymPy: imported when needed
        from symback.codegen.targets import target_named

        loss = self.options.get("loss")
        target = self.options.get("target", "numpy")
        try:
            circuit = read_circuit(
                self.circuit,
                loss=loss if isinstance(loss, str) else None,
                no_loss=loss is False,
            )
            texts = render_files(
                circuit,
                target=target,
                functions=self.options.get("with", ()),
                stem=self.path.stem,
            )
            return module_outputs(texts, self.path, target_named(target).main)
        except SymbackError as error:
            raise FileRefused(f"{self.place}: {error}") from None


def project_rows(file: str) -> list[ProjectModule]:
    """The rows of a project; `file` is a TOML file, or a folder that has one."""
    path = _found(Path(file))
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise FileRefused(f"{path} can't be read: {clip(str(error), 80)}") from None
    modules = _modules(table, path)
    if not isinstance(modules, dict) or not modules:
        raise FileRefused(
            f'{path} names no module; write [tool.symback.modules."neuron.py"] and below it '
            'circuit = "neuron.circuit"'
        )
    return list(_rows(modules, path))


def _modules(table: Any, path: Path) -> Any:
    """What stands under tool.symback, or in a file of symback's own without these names."""
    with suppress(KeyError, TypeError):
        return table["tool"]["symback"]["modules"]
    return table.get("modules") if path.name != SHARED else None


def _found(path: Path) -> Path:
    if not path.is_dir():
        if not path.is_file():
            raise FileRefused(f"there is no file {clip(str(path), 80)}")
        return path
    for name in (OWN, SHARED):
        if (path / name).is_file():
            return path / name
    raise FileRefused(f"there is neither {OWN} nor {SHARED} in {clip(str(path), 80)}")


def _rows(modules: Mapping[str, Any], path: Path) -> Iterator[ProjectModule]:
    for name, row in modules.items():
        place = f"{path}, module {clip(name, 40)}"
        if not isinstance(row, dict) or not isinstance(row.get("circuit"), str):
            raise FileRefused(f'{place}: circuit is missing; write circuit = "FILE or formula"')
        for key in row:
            if key not in KEYS:
                hint = nearest(key, KEYS) or f"; choose from {', '.join(KEYS)}"
                raise FileRefused(f"{place}: there is no key '{clip(key, 40)}'{hint}")
        functions = row.get("with", [])
        if not isinstance(functions, list) or not isinstance(row.get("target", ""), str):
            raise FileRefused(f"{place}: with is a list of names, target a name")
        if not isinstance(row.get("loss", ""), str) and row["loss"] is not False:
            raise FileRefused(f"{place}: loss is the name of a node, or false")
        circuit = row["circuit"]
        beside = path.parent / circuit
        with suppress(OSError, ValueError):
            circuit = str(beside) if beside.is_file() else circuit
        yield ProjectModule(path.parent / name, circuit, row, place)


__all__ = ["ProjectModule", "project_rows"]
