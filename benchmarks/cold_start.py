"""From the start of a process to the first gradient: `python -c SCRIPT`, as many wait for it.

The loss is that of the neuron at one sample; what the scripts print is compared.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import symback as sb
from benchmarks.contest import SYMBACK, Run, Skip, System
from benchmarks.formulas import NEURON
from benchmarks.modules import lacks_compiler

QUANTITIES = NEURON.quantities
TOLERANCE = 1e-12
MODULES = {"numpy": "generated_neuron.py", "c": "generated_neuron_in_c.c"}

VALUES = "w3, w4, x3, x4, x5, y = 2.0, 0.8, 0.5, -1.5, 1.0, 0.25"
LOSS = "((x3 + x5) - 1/(1 + exp(-(w3*x3 + w4*x4))) - y)**2/2"

BY_HAND = f"""
from math import exp
{VALUES}
s = 1/(1 + exp(-(w3*x3 + w4*x4)))
error = x3 + x5 - s - y
print(error**2/2, -error*s*(1 - s)*x3, -error*s*(1 - s)*x4)
"""
GENERATED = f"""
import MODULE as neuron
{VALUES}
l, bars = neuron.value_and_grad(
    neuron.Params(w3=w3, w4=w4), neuron.Inputs(x3=x3, x4=x4, x5=x5, y=y)
)
print(float(l), float(bars.w3), float(bars.w4))
"""
LAMBDIFIED = f"""
from sympy import diff, exp, lambdify, symbols
names = w3, w4, x3, x4, x5, y = symbols("w3 w4 x3 x4 x5 y", real=True)
l = {LOSS}
gradient = lambdify(names, [l, diff(l, w3), diff(l, w4)], cse=True)
{VALUES}
print(*map(float, gradient(w3, w4, x3, x4, x5, y)))
"""
AUTOGRAD = f"""
from autograd import value_and_grad
from autograd.numpy import exp
{VALUES}
l, bars = value_and_grad(lambda w3, w4: {LOSS}, argnum=(0, 1))(w3, w4)
print(float(l), *map(float, bars))
"""
TORCH = f"""
import torch
from torch import exp
{VALUES}
w3, w4 = (torch.tensor(w, dtype=torch.float64, requires_grad=True) for w in (w3, w4))
l = {LOSS}
print(float(l.detach()), *map(float, torch.autograd.grad(l, (w3, w4))))
"""
JAX = f"""
import jax
jax.config.update("jax_enable_x64", True)
from jax.numpy import exp
{VALUES}
l, bars = jax.jit(jax.value_and_grad(lambda w3, w4: {LOSS}, argnums=(0, 1)))(w3, w4)
print(float(l), *map(float, bars))
"""


def started(script: str, folder: Path) -> Run:
    """Runs in `folder`, where generated modules lie, and nothing of symback does."""
    environment = {**os.environ, "PYTHONPATH": str(folder)}

    def run() -> Sequence[float]:
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return [float(word) for word in done.stdout.split()]

    return run


def generated(target: str, folder: Path) -> Run | Skip:
    """A module of symback; one in C is compiled by the first run, which is not timed."""
    if missing := lacks_compiler(target):
        return missing
    path = folder / MODULES[target]
    try:
        sb.circuit(NEURON.circuit).generate(str(path), target=target)
    except sb.SymbackError as error:
        return Skip(str(error).splitlines()[0])
    return started(GENERATED.replace("MODULE", path.stem), folder)


SYSTEMS = (
    System("Python by hand, no import", partial(started, BY_HAND)),
    System("NumPy alone, by hand", partial(started, "import numpy" + BY_HAND)),
    System(SYMBACK, partial(generated, "numpy")),
    System("symback, C, compiled before", partial(generated, "c")),
    System("SymPy lambdify(diff, cse=True)", partial(started, LAMBDIFIED)),
    System("autograd", partial(started, AUTOGRAD), ("autograd",)),
    System("PyTorch", partial(started, TORCH), ("torch",)),
    System("JAX jit", partial(started, JAX), ("jax",)),
)
