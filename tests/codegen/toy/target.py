"""A target in three files: modules that compute with Python's floats, one sample at a time."""

from pathlib import Path
from typing import ClassVar

import sympy as sp
from sympy import S

from symback.autodiff.lower import lower, optimised
from symback.circuits.program import batch_sum
from symback.codegen.targets import PYTHON, Renderer, Target
from symback.errors import Unsupported
from symback.operations import functions as ops
from symback.printing.circuit_text import circuit_text
from symback.printing.code import CodePrinter
from symback.printing.printer import ATOM


class FloatPrinter(CodePrinter):
    """Prints expressions over the `math` module; what its tables lack is an error."""

    functions: ClassVar = {
        sp.exp: "math.exp",
        sp.tanh: "math.tanh",
        ops.sigma: "_sigma",
        ops.sigma_prime: "_sigma_slope",
    }
    constants: ClassVar = {S.Pi: "math.pi"}

    def _print(self, expr):
        if isinstance(expr, batch_sum):  # one sample: a sum of one term
            return self._print(expr.args[0])
        return super()._print(expr)

    def root(self, base):
        return f"math.sqrt({self.print(base)})", ATOM

    def general_power(self, base, exponent):
        return f"math.pow({self.print(base)}, {self.print(exponent)})", ATOM

    def branch(self, condition, yes, no):
        return f"({yes} if {condition} else {no})"


def variables(circuit, stem):
    """What the template fills in: the lines of forward and backward pass in one function."""
    if circuit.has_arrays:
        raise Unsupported("the toy target has numbers only")
    lowered = optimised(lower(circuit, ("forward", "backward")))
    forward, backward = (function.program for function in lowered.functions.values())
    printer = FloatPrinter.of(lowered.circuit)
    bars = {n.name: lowered.names.adjoint(n.name) for n in circuit.leaves}
    return {
        "source": circuit_text(circuit),
        "leaves": [a.name for a in forward.arguments],
        "seed": lowered.seed.name,
        "lines": [
            f"{line.target.name} = {printer.print(line.expr)}"
            for line in (*forward.lines, *backward.lines)
        ],
        "forward": len(forward.lines),
        "output": circuit.output.name,
        "gradient": {name: bar.name for name, bar in bars.items() if bar in backward.results},
    }


TOY = Target(
    name="toy",
    main=PYTHON,
    circuits=Renderer({PYTHON: "toy/module.py.jinja"}, variables),
    updates=None,
    templates=Path(__file__).parent / "templates",
)
