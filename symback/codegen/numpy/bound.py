"""`bind`: the functions of the parameters alone, at samples that are read and checked once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from symback.autodiff.lower import Lowered
from symback.codegen.lines import columns_of, tuple_of
from symback.errors import Unsupported


@dataclass(frozen=True, slots=True)
class BoundText:
    """What the template of `bind` fills in; inputs are tuples of names as code."""

    inputs: str  # that a function reads
    reads: Sequence[str]  # by each function
    objective: str  # by this one; empty where there is none
    output: str  # by forward
    methods: Sequence[Method]  # the others
    of_numbers: bool  # whether parameters and inputs are


@dataclass(frozen=True, slots=True)
class Method:
    """A method of bound samples, which calls the function of its name."""

    name: str
    sentence: str
    more: str = ""  # an argument beside the vector


METHODS: Mapping[str, tuple[str, str]] = {
    "residuals": ("{of} less its target: a number for each sample and entry of {of}.", ""),
    "jacobian": ("∂{of}/∂θ: a row for each sample and entry of {of}.", ""),
    "hessian": ("The Hessian of the mean {mean}.", ""),
    "hessp": ("H·v: the Hessian of the mean {mean} times a vector.", "v"),
    "covariance": ("s²·(JᵀJ)⁻¹ at a least-squares fit.", ""),
}
"""What is bound beside the objective and the output, where a module has it."""


def bound_text(lowered: Lowered, names: Sequence[str]) -> BoundText:
    """The texts of `bind` beside these functions; Unsupported where there are no parameters."""
    circuit, functions = lowered.circuit, lowered.functions
    if not circuit.params:
        raise Unsupported("bind is of functions of the parameters, but the circuit has none")
    words = {"of": circuit.output.name, "mean": "loss" if circuit.loss else circuit.output.name}
    methods = [
        Method(name, sentence.format(**words), more)
        for name, (sentence, more) in METHODS.items()
        if name in names
    ]
    bound = [name for name in ("objective", "forward", *METHODS) if name in functions]
    read = {name: columns_of(lowered, functions[name].program) for name in bound}
    every = dict.fromkeys(column for columns in read.values() for column in columns)
    codes = {name: _tuple_of_strings(columns) for name, columns in read.items()}
    return BoundText(
        inputs=_tuple_of_strings([*every]),
        reads=list(dict.fromkeys(codes.values())),
        objective=codes.get("objective", ""),
        output=codes["forward"],
        methods=methods,
        of_numbers=not circuit.sizes and not any(leaf.shape for leaf in circuit.leaves),
    )


def _tuple_of_strings(names: Sequence[str]) -> str:
    return tuple_of([f'"{name}"' for name in names])


__all__ = ["BoundText", "Method", "bound_text"]
