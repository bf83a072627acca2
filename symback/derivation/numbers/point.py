"""The numbers that a user gives to leaves: read strictly, and fitted to the circuit's shapes."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from sympy import Integer

from symback.circuits.circuit import Circuit
from symback.circuits.requirements import classes, distributions, indices
from symback.errors import DataError, SymbackError, UnknownName, clip, nearest
from symback.language.constants import number_in
from symback.operations.shapes import HIGHEST_RANK, Shape, shown

Value = float | tuple[Any, ...]
"""A number, or the rows of a vector or of a matrix."""

LONGEST_TEXT = 1_000_000  # letters of an array on the command line
ROUNDED = 1e-9  # how far a sum of floats that should be 1 may be off


def read_point(circuit: Circuit, values: Mapping[str, Any]) -> dict[str, Value]:
    """What was given to the leaves, as floats and tuples of floats; checked where arrays are."""
    if not circuit.has_arrays:
        return {**numbers_in(values)}
    _refuse_unknown(circuit, values)
    found = {name: _read(name, value) for name, value in values.items()}
    _refuse_targets(circuit, found, sizes_of(circuit, found))
    return found


def numbers_in(values: Mapping[str, Any]) -> dict[str, float]:
    """What was given to leaves that are numbers."""
    return {name: _number(name, value) for name, value in values.items()}


def by_entries(entries: Mapping[str, tuple[str, ...]], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the entries of arrays that are written out; those of others as they are."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        if name not in entries:
            found[name] = value
            continue
        numbers = list(_flat(value.tolist() if hasattr(value, "tolist") else value))
        if len(numbers) != len(entries[name]):
            raise DataError(f"'{name}' has {len(entries[name])} entries, not {len(numbers)}")
        found |= dict(zip(entries[name], numbers, strict=True))
    return found


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, list | tuple):
        for part in value:
            yield from _flat(part)
    else:
        yield value


def _refuse_unknown(circuit: Circuit, values: Mapping[str, Any]) -> None:
    leaves = [n.name for n in circuit.leaves]
    for name in values:
        if name in map(str, circuit.size_names):
            raise UnknownName(
                f"'{name}' is a size, which the arrays determine; give values to leaves"
            )
        if name not in leaves:
            raise UnknownName(f"'{name}' is not an input or parameter{nearest(name, leaves)}")


def _number(name: str, value: Any) -> float:
    try:
        return float(value.tolist() if hasattr(value, "tolist") else value)  # None if it is masked
    except (TypeError, ValueError, OverflowError):
        raise DataError(
            f"'{name}' takes a number, not {clip(repr(value), 60)}; write for example {name}=0.5"
        ) from None


# -- arrays --------------------------------------------------------------------------------------


def _read(name: str, value: Any) -> Value:
    """A float, or rows of them, all of one length."""
    listed = value.tolist() if hasattr(value, "tolist") else value
    found = _nested(name, listed, 0)
    _refuse_ragged(name, found)
    return found


def _refuse_ragged(name: str, value: Value) -> None:
    """Rows that differ in length, along each axis."""
    level: list[Any] = [value]
    while any(isinstance(part, tuple) for part in level):
        if not all(isinstance(part, tuple) for part in level):
            raise DataError(f"'{name}' mixes numbers and rows; give [1, 2] or [[1, 2], [3, 4]]")
        lengths = {len(part) for part in level}
        if len(lengths) > 1:
            few = ", ".join(map(str, sorted(lengths)[:4]))
            raise DataError(f"the rows of '{name}' have {few} numbers; give all the same length")
        level = [entry for part in level for entry in part]


def _nested(name: str, value: Any, depth: int) -> Value:
    if isinstance(value, list | tuple):
        if depth == HIGHEST_RANK:
            raise DataError(f"'{name}' has more than {HIGHEST_RANK} axes; give an array of fewer")
        if not value:
            raise DataError(f"'{name}' is empty or has an empty row; give it numbers")
        return tuple(_nested(name, part, depth + 1) for part in value)
    number = _number_of(value)
    if number is None:
        what = clip(repr(value), 40)
        raise DataError(
            f"'{name}' holds {what}, which is not a number; give decimal numbers, inf or nan"
        )
    return number


def _number_of(value: Any) -> float | None:
    if isinstance(value, bool | str | bytes):
        return None
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def lengths_of(value: Value) -> tuple[int, ...]:
    """The sizes of what was given: () of a number."""
    found = []
    while isinstance(value, tuple):
        found.append(len(value))
        value = value[0]
    return tuple(found)


def sizes_of(circuit: Circuit, values: Mapping[str, Value]) -> dict[Any, int]:
    """The values of the sizes with a name, by their symbols, as the arrays determine them.

    Raises DataError for two shapes that don't fit.
    """
    found: dict[Any, tuple[int, str]] = {}
    sums: list[tuple[str, Shape, tuple[int, ...]]] = []
    for name, value in values.items():
        shape, lengths = circuit[name].shape, lengths_of(value)
        if len(shape) != len(lengths):
            raise _misfit(name, shape, lengths)
        for size, length in zip(shape, lengths, strict=True):
            if size.is_Integer and int(size) != length:
                raise _misfit(name, shape, lengths)
            if size.is_Symbol:
                before, other = found.setdefault(size, (length, name))
                if before != length:
                    of_other = _shown(lengths_of(values[other]))
                    clash = f", but '{other}' is {of_other}: {size} differs"
                    raise _misfit(name, shape, lengths, clash)
            elif not size.is_Integer:
                sums.append((name, shape, lengths))
    sizes = {size: length for size, (length, _) in found.items()}
    for name, shape, lengths in sums:
        numbers = tuple(size.xreplace({s: Integer(v) for s, v in sizes.items()}) for size in shape)
        if any(n.is_Integer and n != m for n, m in zip(numbers, lengths, strict=True)):
            raise _misfit(name, shape, lengths)
    return sizes


def _shown(lengths: tuple[int, ...]) -> str:
    return shown(tuple(map(Integer, lengths)))


def _misfit(name: str, shape: Shape, lengths: tuple[int, ...], more: str = "") -> DataError:
    return DataError(
        f"'{name}' is {shown(shape)} in the circuit and {_shown(lengths)} as given{more}; "
        "give an array that fits"
    )


def _refuse_targets(
    circuit: Circuit, values: Mapping[str, Value], sizes: Mapping[Any, int]
) -> None:
    """What a cross entropy demands of its target."""
    for name in distributions(circuit):
        for row in _rows(values.get(name, ())):
            if abs(math.fsum(row) - 1) > ROUNDED:
                raise DataError(
                    f"'{name}' is the target of a cross entropy and must add up to 1, not to "
                    f"{math.fsum(row):.6g}; give 1 for the class and 0 for the others"
                )
    known = {size: Integer(length) for size, length in sizes.items()}
    for name, size in classes(circuit).items():
        index, count = values.get(name, 0.0), size.xreplace(known)
        is_inside = isinstance(index, float) and index.is_integer() and index >= 0
        if not is_inside or (count.is_Integer and not index < count):
            last = f"{int(count) - 1}" if count.is_Integer else f"{size} - 1"
            raise DataError(f"'{name}' is the index of a class: give one from 0 to {last}")
    for name, size in indices(circuit).items():
        count = size.xreplace(known)
        for index in _numbers(values.get(name, 0.0)):
            if not (index.is_integer() and index >= 0) or (count.is_Integer and not index < count):
                last = f"{int(count) - 1}" if count.is_Integer else f"{count} - 1"
                raise DataError(f"'{name}' is an index: give whole numbers from 0 to {last}")


def _numbers(value: Value) -> Iterator[float]:
    if isinstance(value, tuple):
        for part in value:
            yield from _numbers(part)
    else:
        yield float(value)


def _rows(value: Value) -> Iterator[tuple[float, ...]]:
    if isinstance(value, tuple) and value:
        if not isinstance(value[0], tuple):
            yield value
            return
        for part in value:
            yield from _rows(part)


_JSON = {"inf": "Infinity", "nan": "NaN"}
_CONSTANT = re.compile(r"\b(inf|nan)\b", re.IGNORECASE)

# -- text ----------------------------------------------------------------------------------------


def read_text(text: str, finite: bool = False) -> Any:
    """A number such as 0.5 or pi/2, or a nested list such as [[1, 2], [-inf, 4]], from text.

    Raises ValueError where it is something else, or not `finite`. The text is data: it is never
    evaluated.
    """
    text = text.strip()
    if finite and _CONSTANT.search(text):
        raise ValueError("a number is not finite")
    if not text.startswith("["):
        try:
            return float(text) if _CONSTANT.fullmatch(text.lstrip("+-")) else number_in(text)
        except SymbackError as error:
            raise ValueError(str(error)) from None
    if len(text) > LONGEST_TEXT:
        raise ValueError("too long")
    try:
        spelled = _CONSTANT.sub(lambda word: _JSON[word[0].lower()], text)
        found = json.loads(spelled, parse_constant=float, parse_int=float)
    except RecursionError:
        raise ValueError("nested too deep") from None
    _refuse_others(found)
    return found


def _refuse_others(found: Any) -> None:
    parts = [found]
    while parts:
        part = parts.pop()
        if isinstance(part, list):
            parts += part
        elif not isinstance(part, float):
            raise ValueError("an entry is not a number")


__all__ = ["Value", "by_entries", "lengths_of", "numbers_in", "read_point", "read_text", "sizes_of"]
