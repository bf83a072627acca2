"""Circuits and arguments that tests of modules of numbers share."""

import numpy as np

# circuits that between them have every shape of parameters, inputs, targets and loss
SHAPES = [
    "L1",
    "L5",
    "L6b",
    "Rosenbrock",
    "no parameters",
    "one parameter",
    "regulariser",
    "input of the loss",
    "loss reads the net",
    "cross-entropy",
    "target t",
    "where",
    "nested where",
    "abs",
    "sign",
    "max",
    "relu",
    "gelu",
    "unreached input",
    "constant value",
    "constants",
    "two layers",
    "30 parameters",
    "copied output",
]


def params_of(module, dtype=float, seed=1):
    rng = np.random.default_rng(seed)
    return module.Params(*(dtype(v) for v in rng.uniform(0.2, 1.5, len(module.Params._fields))))


def inputs_of(module, n=7, dtype=float, seed=2):
    rng = np.random.default_rng(seed)
    shape = () if n is None else (n,)
    columns = [rng.uniform(0.2, 1.5, shape) for _ in module.Inputs._fields]
    return module.Inputs(*(np.asarray(c, dtype)[()] for c in columns))
