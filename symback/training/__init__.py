"""Training: a circuit and a data file in, parameters, history and figures out.

Imports of NumPy and rich wait until a run starts, so that the command line starts fast.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from symback.errors import DataError

if TYPE_CHECKING:
    from symback.structure import Circuit
    from symback.training.loop import LearningRate, Result

MOST_PARAMETERS_SHOWN = 20


def train_from_file(
    circuit: Circuit,
    data_path: str | os.PathLike[str],
    *,
    mapping: Mapping[str, str] | None = None,
    epochs: int = 20,
    batch_size: int = 128,
    learning_rate: LearningRate = 0.1,
    validation: float = 0.2,
    standardise: bool = False,
    seed: int = 0,
    output: str | os.PathLike[str] | None = None,
    quiet: bool = False,
    delimiter: str = ",",
) -> Result:
    """Fit the parameters of a circuit to a CSV file, and write the folder `output` where named.

    `mapping` names the column of an input or target whose column has another name. Progress goes
    to stderr unless `quiet`. Raises a SymbackError for whatever is wrong with file or settings.
    """
    from dataclasses import replace

    from symback.training.columns import match_columns
    from symback.training.loop import Settings, train
    from symback.training.outputs import check_folder, write_result
    from symback.training.progress import progress_on
    from symback.training.table import TableReader

    settings = Settings(epochs, batch_size, learning_rate, validation, standardise, seed)
    inputs, targets = _leaves(circuit.inputs), _leaves(circuit.targets)
    if output is not None:
        check_folder(output)
    with TableReader(data_path, delimiter=delimiter) as table:
        columns = match_columns(table, inputs, targets, mapping)
        cells = table.read(columns.values())
    samples = {leaf: cells[column] for leaf, column in columns.items()}
    result = train(circuit.compile(), samples, settings, progress=progress_on(quiet=quiet))
    result = replace(result, columns=columns, notes=(*table.notes, *result.notes))
    if output is None:
        return result
    files, notes = write_result(result, output)
    return replace(result, files=tuple(files), notes=(*result.notes, *notes))


def summary(result: Result) -> str:
    """What a run did and learned, in a few lines."""
    first, last, (rows, held_out) = result.history[0], result.history[-1], result.rows
    lines = [f"{rows} rows to train" + (f", {held_out} held out" if held_out else "")]
    if result.scalings:
        lines[0] += f"; {len(result.scalings)} inputs standardised"
    if result.interrupted:
        lines.append(f"interrupted in epoch {last.epoch + 1}; what was learned until then is kept")
    lines.append(f"{last.epoch} epochs, {last.step} steps")
    lines.append(f"loss {last.loss:.6g} (before training {first.loss:.6g})")
    if last.validation_loss is not None:
        before = f"(before training {first.validation_loss:.6g})"
        lines.append(f"validation loss {last.validation_loss:.6g} {before}")
    if result.accuracy is not None:
        lines.append(f"accuracy {result.accuracy:.4f}")
    if result.validation_accuracy is not None:
        lines.append(f"validation accuracy {result.validation_accuracy:.4f}")
    lines.extend(_parameters(result.params))
    lines.extend(f"wrote {file}" for file in result.files)
    return "\n".join(lines)


def _leaves(nodes: tuple[Any, ...]) -> tuple[str, ...]:
    for node in nodes:
        if getattr(node, "shape", ()):
            raise DataError(
                f"'{node.name:.40}' is an array; a table of columns can feed scalars only"
            )
    return tuple(node.name for node in nodes)


def _parameters(params: Any) -> list[str]:
    named = params._asdict()
    if len(named) > MOST_PARAMETERS_SHOWN:
        return [f"{len(named)} parameters"]
    width = max(map(len, named))
    return [f"{name:{width}} = {float(value):.6g}" for name, value in named.items()]
