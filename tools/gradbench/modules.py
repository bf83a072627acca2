"""The modules of GradBench that symback has, each by the names of its functions."""

from __future__ import annotations

from collections.abc import Mapping

from tools.gradbench import ba, dense, det, gmm, lstm, ode
from tools.gradbench.work import Prepare

MODULES: Mapping[str, Mapping[str, Prepare]] = {
    "hello": {"square": dense.square, "double": dense.double},
    "det": {"primal": det.primal, "gradient": det.gradient},
    "gmm": {"objective": gmm.objective, "jacobian": gmm.jacobian},
    "ba": {"objective": ba.objective, "jacobian": ba.jacobian},
    "lstm": {"objective": lstm.objective, "jacobian": lstm.jacobian},
    "kmeans": {"cost": dense.cost, "dir": dense.direction},
    "llsq": {"primal": dense.squares, "gradient": dense.squares_gradient},
    "lse": {"primal": dense.log_sum, "gradient": dense.shares},
    "ode": {"primal": ode.primal, "gradient": ode.gradient},
}

REFUSED: Mapping[str, str] = {
    "ht": "which bone moves which is part of the data, and a circuit has one formula for all data",
    "particle": "its loops end where the data say, and loops of a circuit have constant bounds",
    "saddle": "its loops end where the data say, and loops of a circuit have constant bounds",
}
"""Why, of those that it can't have."""
