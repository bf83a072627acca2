"""Passes: program → program of the same meaning, one a file, applied in the order seen here."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from symback.autodiff.names import Names
from symback.autodiff.passes.drop_dead import drop_dead
from symback.autodiff.passes.fold_copies import fold_copies
from symback.autodiff.passes.fold_products import fold_products
from symback.autodiff.passes.hoist_shared import hoist_shared
from symback.autodiff.passes.inline_sums import inline_sums
from symback.autodiff.passes.merge_guards import merge_guards
from symback.autodiff.passes.share_common import share_common
from symback.circuits.program import Program

Pass = Callable[[Program, Names], Program]

PASSES: tuple[Pass, ...] = (drop_dead, share_common, drop_dead)
"""For forward and backward, which keep one line a node."""

FUSED_PASSES: tuple[Pass, ...] = (
    drop_dead,
    fold_copies,
    share_common,
    inline_sums,
    fold_products,
    drop_dead,
)
"""For the fused objective, where no one asks for the adjoint of an inner node."""

JACOBIAN_PASSES: tuple[Pass, ...] = (drop_dead, fold_copies, share_common, fold_products, drop_dead)
"""For Jacobians and residuals, which have one value a sample."""

TANGENT_PASSES: tuple[Pass, ...] = (
    drop_dead,
    fold_copies,
    merge_guards,
    share_common,
    share_common,
    inline_sums,
    fold_products,
    drop_dead,
)
"""For programs with tangents, whose rules name values that get their names in the first sharing."""

UPDATE_PASSES: tuple[Pass, ...] = (drop_dead, share_common, hoist_shared, drop_dead)
"""For the updates of optimisers, whose samples are parameters: what they share is computed once."""


def optimise(program: Program, names: Names, passes: Sequence[Pass] = PASSES) -> Program:
    """The program after all passes, checked after each."""
    for run in passes:
        made = run(program, names)
        program = made if made is program else made.check()
    return program
