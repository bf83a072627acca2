"""Which column of a table feeds which input or target of a circuit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symback.errors import DataError, nearest
from symback.training.table import TableReader, quoted


def match_columns(
    table: TableReader,
    inputs: Sequence[str],
    targets: Sequence[str],
    mapping: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Leaf name → column name, for every input and target, inputs first.

    A leaf takes the column of its own name unless `mapping` names another; two leaves may be
    mapped to one column. Raises DataError for an unknown name on either side.
    """
    chosen = dict(mapping or {})
    leaves = (*inputs, *targets)
    for leaf in chosen:
        if leaf not in leaves:
            raise DataError(
                f"--map {quoted(leaf)}: the circuit has no input or target of that name"
                + (nearest(leaf, leaves) or f"; it has {_listing(leaves)}")
            )
    matched = {leaf: chosen.get(leaf, leaf) for leaf in leaves}
    for leaf, column in matched.items():
        if column not in table.header:
            role = "input" if leaf in inputs else "target"
            feeds = f"for the {role} of that name" if leaf not in chosen else f"for {quoted(leaf)}"
            hint = table.hint(column)
            remedy = f" (or --map {leaf}=COLUMN)" if leaf not in chosen and len(leaf) < 20 else ""
            raise DataError(f"{table.file} has no column {quoted(column)} {feeds}{hint}{remedy}")
    return matched


def _listing(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return shown + (f" and {len(names) - 3} more" if len(names) > 3 else "")
