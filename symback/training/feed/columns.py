"""Which columns feed which input or target of a circuit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING

from symback.errors import DataError, nearest
from symback.training.feed.constants import shared
from symback.training.sources.messages import quoted
from symback.training.sources.source import ColumnGroup, Source

if TYPE_CHECKING:
    from types import ModuleType

    from symback.circuits.circuit import Circuit

SizesByName = dict[str, int]


@dataclass(frozen=True, slots=True)
class Leaf:
    """An input or target: `shape` holds lengths, or names of sizes that the data decide."""

    name: str
    role: str
    shape: tuple[int | str, ...] = ()


@dataclass(frozen=True, slots=True)
class Binding:
    """What feeds one leaf: a column, or the family of those that match a pattern, in order."""

    leaf: Leaf
    column: str  # its name, or the pattern
    group: ColumnGroup

    @property
    def is_family(self) -> bool:
        return self.group != (self.column,)


def leaves_of(circuit: Circuit) -> tuple[Leaf, ...]:
    """The inputs of a circuit, then its targets."""
    return tuple(
        Leaf(node.name, node.role, tuple(int(n) if n.is_Integer else str(n) for n in node.shape))
        for node in (*circuit.inputs, *circuit.targets)
    )


def leaves_of_module(module: ModuleType) -> tuple[Leaf, ...]:
    """The inputs and targets of a generated module."""
    shapes, targets = getattr(module, "SHAPES", {}), module.Inputs._field_defaults
    once = shared(module)
    return tuple(
        Leaf(name, "target" if name in targets else "input", tuple(shapes.get(name, ())))
        for name in module.Inputs._fields
        if name not in once
    )


def match_leaves(
    source: Source, leaves: Sequence[Leaf], mapping: Mapping[str, str] | None = None
) -> tuple[Binding, ...]:
    """What feeds each leaf: the column of its own name, or what `mapping` says.

    A name with `*` stands for the family of the columns that match it. Two leaves may take one
    column. Raises DataError for an unknown name on either side.
    """
    chosen = dict(mapping or {})
    names = [leaf.name for leaf in leaves]
    for name, column in chosen.items():
        if name not in names:
            raise DataError(
                f"--map {quoted(name)}: the circuit has no input or target of that name"
                + (nearest(name, names) or f"; it has {_plain_listing(names)}")
            )
        if not isinstance(column, str):
            raise DataError(f"--map {quoted(name)}: give the name of a column as text")
    found = tuple(_binding(source, leaf, chosen.get(leaf.name)) for leaf in leaves)
    _refuse_leaks(source, found)
    return found


def bind_sizes(source: Source, bindings: Sequence[Binding]) -> dict[str, tuple[int, ...]]:
    """The shape of each leaf in numbers; DataError where columns and shapes disagree.

    Array columns and families that are written as a grid decide all their sizes, other families
    the one that is left: k columns for the shape (m, n) with m known need n = k/m.
    """
    sizes: SizesByName = {}
    decided: dict[str, str] = {}  # size → the leaf that decided it
    waiting = list(bindings)
    while waiting:
        ready = [f for f in waiting if _shape(source, f, sizes) is not None]
        if not ready:
            raise DataError(_undecided(waiting[0], sizes))
        for binding in ready:
            shape = _shape(source, binding, sizes)
            assert shape is not None
            _bind(source, binding, shape, sizes, decided)
        waiting = [f for f in waiting if f not in ready]
    return {
        f.leaf.name: tuple(sizes[n] if isinstance(n, str) else n for n in f.leaf.shape)
        for f in bindings
    }


def family(pattern: str, names: Sequence[str]) -> ColumnGroup:
    """The names that match, by the numbers that the stars stand for, else as they come.

    >>> family("x_*", ["x_10", "x_9", "y"])
    ('x_9', 'x_10')
    """
    keys = _keys(pattern, names)
    if not _are_numbers(keys):
        return tuple(keys)
    return tuple(sorted(keys, key=lambda name: tuple(map(int, keys[name]))))


def gaps(binding: Binding) -> str:
    """A note on numbers that a family leaves out, or nothing."""
    keys = _keys(binding.column, binding.group)
    if not binding.is_family or binding.column.count("*") != 1 or not _are_numbers(keys):
        return ""
    numbers = [int(key) for (key,) in keys.values()]
    absent = next((n for n, m in pairwise(numbers) if m != n + 1), None)
    if absent is None:
        return ""
    return (
        f"{quoted(binding.column)} for {quoted(binding.leaf.name)} matches {len(numbers)} columns "
        f"numbered from {numbers[0]} to {numbers[-1]}; {absent + 1} is not among them"
    )


def _binding(source: Source, leaf: Leaf, wanted: str | None) -> Binding:
    column = leaf.name if wanted is None else wanted
    if column in source.elements:
        return Binding(leaf, column, (column,))
    if wanted is not None and "*" in wanted:
        return Binding(leaf, wanted, _family_for(source, leaf, wanted))
    if leaf.shape and wanted is None:
        raise DataError(
            f"{source.name} has no column {quoted(column)}, and {quoted(column)} is an array; "
            f"--map a family of columns to it, as in --map {_pattern(source, leaf.name)}"
        )
    feeds = f"for the {leaf.role} of that name" if wanted is None else f"for {quoted(leaf.name)}"
    short = wanted is None and len(leaf.name) < 20
    declared = f"; --params {leaf.name} if it is a parameter" if leaf.role == "input" else ""
    remedy = f" (or --map {leaf.name}=COLUMN{declared})" if short and not leaf.shape else ""
    hint = source.hint(column)
    raise DataError(f"{source.name} has no column {quoted(column)} {feeds}{hint}{remedy}")


def _family_for(source: Source, leaf: Leaf, pattern: str) -> ColumnGroup:
    where = f"--map {quoted(leaf.name)}: "
    if not leaf.shape:
        raise DataError(
            f"{where}{quoted(pattern)} is a family, but {quoted(leaf.name)} is a number; name one "
            "column"
        )
    if pattern.count("*") not in (1, len(leaf.shape)):
        raise DataError(f"{where}{quoted(pattern)} has too many stars; one, or one for each axis")
    names = family(pattern, list(source.elements))
    if not names:
        hint = source.hint(pattern.partition("*")[0])
        raise DataError(f"{where}no column of {source.name} matches {quoted(pattern)}{hint}")
    keys = _keys(pattern, names)
    seen: dict[tuple[int, ...], str] = {}
    for name in names:
        if source.elements[name]:
            raise DataError(f"{where}the column {quoted(name)} of the family is itself an array")
        number = tuple(map(int, keys[name])) if _are_numbers(keys) else None
        if number is not None and seen.setdefault(number, name) != name:
            raise DataError(
                f"{where}the columns {quoted(seen[number])} and {quoted(name)} have the same "
                "number; rename one"
            )
    return names


def _refuse_leaks(source: Source, bindings: Sequence[Binding]) -> None:
    """A family of inputs that catches a target would hand the answers to the circuit."""
    targets = {f.column: f.leaf for f in bindings if f.leaf.role == "target" and not f.is_family}
    for binding in bindings:
        if binding.is_family and binding.leaf.role != "target":
            for name in binding.group:
                if name in targets:
                    raise DataError(
                        f"--map {quoted(binding.leaf.name)}: {quoted(binding.column)} also matches "
                        f"{quoted(name)}, which feeds the target {quoted(targets[name].name)}; "
                        "narrow the pattern"
                    )


def _shape(source: Source, binding: Binding, sizes: SizesByName) -> tuple[int, ...] | None:
    """The shape of what feeds a leaf; None for a family while too many sizes are unknown."""
    if not binding.is_family:
        return source.elements[binding.column]
    if binding.column.count("*") > 1:
        return _grid(binding)
    wanted, count = binding.leaf.shape, len(binding.group)
    known = prod(sizes.get(n, 1) if isinstance(n, str) else n for n in wanted)
    unknown = [n for n in wanted if isinstance(n, str) and n not in sizes]
    if len(set(unknown)) > 1:
        return None
    free = round((count / known) ** (1 / len(unknown))) if unknown and known else 0
    shape = tuple((sizes.get(n, free) if isinstance(n, str) else n) for n in wanted)
    if prod(shape) != count:
        raise DataError(
            f"{source.name}: {count} column{'s match' if count > 1 else ' matches'} "
            f"{quoted(binding.column)}, but {quoted(binding.leaf.name)} has the shape "
            f"{_shown(wanted, sizes)}; check the pattern"
        )
    return shape


def _grid(binding: Binding) -> tuple[int, ...]:
    """The shape of a family with a star for each axis."""
    keys = list(_keys(binding.column, binding.group).values())
    shape = tuple(len({key[axis] for key in keys}) for axis in range(len(keys[0])))
    if prod(shape) != len(keys):
        raise DataError(
            f"--map {quoted(binding.leaf.name)}: the {len(keys)} columns that match "
            f"{quoted(binding.column)} are not a full grid; look for a missing one"
        )
    return shape


def _bind(
    source: Source,
    binding: Binding,
    shape: tuple[int, ...],
    sizes: SizesByName,
    decided: dict[str, str],
) -> None:
    leaf = binding.leaf
    if len(shape) != len(leaf.shape):
        raise DataError(_other_rank(source, binding, shape))
    for wanted, length in zip(leaf.shape, shape, strict=True):
        if isinstance(wanted, str) and wanted not in sizes:
            sizes[wanted], decided[wanted] = length, leaf.name
        known = sizes[wanted] if isinstance(wanted, str) else wanted
        if known != length:
            other = f", as {quoted(decided[wanted])} says" if isinstance(wanted, str) else ""
            raise DataError(
                f"{source.name}: {quoted(binding.column)} has the shape {_shown(shape)}, but "
                f"{quoted(leaf.name)} has {_shown(leaf.shape, sizes)}{other}; map another column"
            )


def _other_rank(source: Source, binding: Binding, shape: tuple[int, ...]) -> str:
    leaf, column = binding.leaf, quoted(binding.column)
    if not shape:
        return (
            f"{source.name}: column {column} holds a number a row, but {quoted(leaf.name)} is an "
            f"array; --map a family of columns, as in --map {_pattern(source, leaf.name)}"
        )
    what = f"is an array of shape {_shown(leaf.shape)}" if leaf.shape else "is a number"
    return (
        f"{source.name}: column {column} holds arrays of shape {_shown(shape)}, but "
        f"{quoted(leaf.name)} {what}; reshape the column or map another"
    )


def _undecided(binding: Binding, sizes: SizesByName) -> str:
    stars = "*_" * len(binding.leaf.shape)
    return (
        f"--map {quoted(binding.leaf.name)}: {len(binding.group)} columns do not decide the shape "
        f"{_shown(binding.leaf.shape, sizes)}; use a star for each axis, as in {stars[:-1]}"
    )


def _pattern(source: Source, name: str) -> str:
    """An option that would map a family to the leaf: of columns that are there, if any."""
    numbered = re.compile(re.escape(name) + r"([^0-9A-Za-z]?)[0-9]+").fullmatch
    found = next((match for column in source.elements if (match := numbered(column))), None)
    return f"{name}={name}{found[1] if found else '_'}*"


def _keys(pattern: str, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Name → what the stars stand for, of each name that matches."""
    fits = re.compile("(.*)".join(map(re.escape, pattern.split("*"))), re.DOTALL).fullmatch
    return {name: found.groups() for name in names if (found := fits(name))}


def _are_numbers(keys: Mapping[str, tuple[str, ...]]) -> bool:
    return all(len(k) < 19 and k.isascii() and k.isdecimal() for key in keys.values() for k in key)


def _shown(shape: Sequence[int | str], sizes: Mapping[str, int] | None = None) -> str:
    """A shape with the lengths of the sizes that are known: (m = 2, 3)."""
    known = sizes or {}
    parts = [f"{n} = {known[n]}" if isinstance(n, str) and n in known else f"{n}" for n in shape]
    return f"({', '.join(parts)}{',' * (len(parts) == 1)})"


def _plain_listing(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return shown + (f" and {len(names) - 3} more" if len(names) > 3 else "")
