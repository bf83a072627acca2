"""The methods over all rows by name, and what each needs of a circuit and its module."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from symback.circuits.circuit import Circuit
from symback.circuits.squares import squared_targets
from symback.errors import TrainingError
from symback.training import gauss_newton, lbfgs, newton
from symback.training.engine.gradients import Engine
from symback.training.full_batch import FullBatchMethod
from symback.training.settings import GAUSS_NEWTON, LBFGS, NEEDED, NEWTON_CG

MOST_SQUARED = 4096  # parameters, of which Gauss and Newton's method holds a triangle


def method_of(name: str, engine: Engine) -> FullBatchMethod:
    """The method of a name, over the rows of an engine."""
    methods: dict[str, FullBatchMethod] = {
        LBFGS: partial(lbfgs.minimise, engine.whole),
        NEWTON_CG: partial(newton.minimise, engine.whole, engine.along),
        GAUSS_NEWTON: partial(gauss_newton.minimise, engine.triangle),
    }
    return methods[name]


def functions_for(circuit: Circuit, optimiser: str) -> tuple[str, ...]:
    """The functions that a module needs on request to be trained by an optimiser.

    TrainingError where the optimiser needs a squared loss and the circuit has another one.
    """
    if optimiser not in NEEDED or not circuit.params:  # which no optimiser takes
        return ()
    if optimiser == GAUSS_NEWTON and not squared_targets(circuit):
        what = "no loss" if circuit.loss is None else f"the loss {circuit.loss.name}"
        raise TrainingError(
            f"{GAUSS_NEWTON} needs a squared loss, such as ({circuit.output} − y)**2/2 with a "
            f"target y, and the circuit has {what}; choose {NEWTON_CG} or {LBFGS}"
        )
    return NEEDED[optimiser]


def check_functions(functions: Iterable[str], optimiser: str, count: int) -> None:
    """TrainingError unless a module with these functions and so many parameters can be trained."""
    missing = [name for name in NEEDED.get(optimiser, ()) if name not in functions]
    if missing:
        raise TrainingError(
            f"{optimiser} needs the function {missing[0]}; compile the module with "
            f"functions={list(NEEDED[optimiser])}"
        )
    if optimiser == GAUSS_NEWTON and count > MOST_SQUARED:
        raise TrainingError(
            f"{GAUSS_NEWTON} holds a number for each pair of parameters, and there are {count} of "
            f"them (at most {MOST_SQUARED}); choose {NEWTON_CG} or {LBFGS}"
        )


__all__ = ["check_functions", "functions_for", "method_of"]
