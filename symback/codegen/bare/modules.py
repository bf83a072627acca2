"""Modules whose functions loop over samples, and have the lines of bare functions in the loop."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from symback.autodiff.derivatives import need_objective
from symback.circuits.circuit import Circuit, Node
from symback.circuits.names import fresh_name
from symback.circuits.requirements import uses_of
from symback.codegen.bare.body import BareBody, BareValue
from symback.codegen.bare.functions import BareFunction, bare_functions
from symback.errors import Unsupported
from symback.operations.arrays import NAMING_SIZES
from symback.operations.shapes import Size

LARGEST_LITERAL = 4
"""Larger sizes that are given as numbers have a name, so that a check may take smaller ones."""


@dataclass(frozen=True, slots=True)
class OfSample:
    """What the lines of a sample take, or give."""

    value: BareValue
    leaf: Node | None  # whose value, tangent or adjoint it is; None for that of the node itself
    moves: bool = False  # whether it is a tangent, or what else the caller multiplies with


def module_functions(circuit: Circuit, on_request: Sequence[str] = ()) -> dict[str, BareFunction]:
    """The functions of a module by kind: of the output, and of the number that training lowers.

    A Jacobian on request is made of the product with an adjoint, by the parameters.
    """
    output, objective = circuit.output, circuit.objective

    def function(kind: str, of: Node, wrt: Sequence[str] = ()) -> BareFunction:
        return bare_functions(circuit, [kind], of=of.name, wrt=wrt, keep_loops=True)[0]

    made = {"value": function("value", output)}
    if any(leaf.role in ("param", "input") for leaf in made["value"].leaves):
        for kind in ("vjp", "jvp"):
            made[kind] = function(kind, output)
    if "jacobian" in on_request:
        wrt = [leaf.name for leaf in made["value"].leaves if leaf.role == "param"]
        if not wrt:
            raise Unsupported(f"jacobian is by the parameters, but {output.name} has none below it")
        made["jacobian"] = function("vjp" if output.shape else "gradient", output, wrt)
    if "hessian" in on_request:
        need_objective(circuit, "hessian")
    if not objective.shape:
        whole = made["value_and_gradient"] = function("value", objective)
        wrt = [leaf.name for leaf in whole.leaves if leaf.role == "param"]
        if "hessian" in on_request and not wrt:
            raise Unsupported(
                f"hessian is by the parameters, but {objective.name} has none below it"
            )
        for kind in ("value_and_gradient", "hessp") if wrt else ():
            made[kind] = function(kind, objective, wrt)
    return made


def fixed_names(circuit: Circuit) -> dict[Size, str]:
    """The names of large sizes that are given as numbers, where no formula names one too."""
    if uses_of(circuit, *NAMING_SIZES):
        return {}
    taken = {n.name for n in circuit.nodes} | {str(s) for s in circuit.size_names}
    sizes = dict.fromkeys(s for n in circuit.leaves for s in n.shape if s.is_Integer)
    return {s: fresh_name([f"size{s}"], taken) for s in sizes if s > LARGEST_LITERAL}


def taken_by(function: BareFunction, body: BareBody) -> Iterator[OfSample]:
    """The arguments of a function, each with the leaf that it belongs to."""
    names, circuit = function.lowered.names, function.lowered.circuit
    moving = {names.tangent(n.name): n for n in circuit.leaves}
    for given, value in zip([*function.leaves, *function.vectors], body.arguments, strict=True):
        is_leaf = isinstance(given, Node)
        yield OfSample(value, given if is_leaf else moving.get(given), not is_leaf)


def given_by(function: BareFunction, body: BareBody) -> Iterator[OfSample]:
    """The results of a function, each with the leaf that it belongs to."""
    names, circuit = function.lowered.names, function.lowered.circuit
    bars = {names.adjoint(n.name).name: n for n in circuit.leaves}
    bars |= {names.tangent(bar).name: n for bar, n in bars.items()}
    for symbol, value in zip(function.program.results, body.results, strict=True):
        yield OfSample(value, bars.get(symbol.name))


__all__ = ["OfSample", "fixed_names", "given_by", "module_functions", "taken_by"]
