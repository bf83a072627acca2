"""The numbers of a derivation by adjoints among arrays: each step's own formula, evaluated.

Forward formulas, then what each edge gives, then the sums: in balls, entry by entry, so that every
number is rounded once. What depends on a leaf without numbers is left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from flint import arb
from sympy import Expr, Integer, S, Symbol

from symback.autodiff.names import Names
from symback.autodiff.reads import Reads
from symback.autodiff.reverse import ReversePass
from symback.circuits.circuit import Node
from symback.derivation.accumulation import ONE, adjoint_names
from symback.derivation.numbers.links import KINK
from symback.derivation.numbers.point import Value, sizes_of
from symback.derivation.record import Derivation
from symback.derivation.steps import Step
from symback.errors import CircuitError, TooLarge
from symback.operations.balls.arrays import Coinciding, Singular, evaluate_entries
from symback.operations.balls.functions import NOT_A_NUMBER, Undecided, infinite_poles
from symback.operations.balls.scalars import ball_of, nearest_float, precision
from symback.operations.edges import with_poles
from symback.operations.entries import Entries, nested

PRECISIONS = (200, 1000)  # bits; the second where digits cancel
ENOUGH_BITS = 64  # of an entry, where float64 has 53
MOST_ENTRIES = 300_000  # of all nodes together: some seconds
LACKED = {
    Coinciding: "eigenvalues coincide at the point, so that no eigenvector belongs to one of them; "
    "move the point a little",
    Singular: "a matrix has no inverse at the point, or nearly none; move the point a little",
    Undecided: KINK,
}
"""What a point lacks, by the error: the first that fits is said."""

_Key = tuple[str, Any]


@dataclass(frozen=True)
class ArrayNumbers:
    """Floats and arrays of them: values and adjoints by node, the value of each step by id."""

    values: Mapping[str, Any] = field(default_factory=dict)
    adjoints: Mapping[str, Any] = field(default_factory=dict)
    steps: Mapping[int, Any] = field(default_factory=dict)


class Accumulated:
    """Evaluates the steps of a walk in their order at one point, in balls.

    `leaves` are the entries that are known, `sizes` the values of sizes with a name, and `length`
    gives that of any size, None of one that is not known.
    """

    def __init__(
        self,
        walk: ReversePass,
        leaves: Mapping[str, Entries],
        sizes: Mapping[Any, int],
        length: Callable[[Expr], int | None],
    ) -> None:
        self._walk, self._sizes, self._length = walk, sizes, length
        self._bars = {name: symbol for symbol, name in adjoint_names(walk)[0].items()}
        names = Names(walk.circuit)
        self._reads = Reads(walk, names)
        self.has_singular = False  # a matrix without inverse, in a node that may not be read
        self._parts: dict[str, dict[str, Entries]] = {}
        self.values: dict[Expr, Entries] = {}
        for name, entries in leaves.items():
            self.values[walk.circuit[name].symbol] = entries

    def add(self, step: Step) -> Entries | None:
        """The entries of a step's left-hand side; None where they are not known."""
        if isinstance(step.left, str):
            if step.kind == "forward":
                self.keep_value(self._walk.node(step.left))
            return self.value(step.left)
        node, name = step.left
        if step.kind == "seed":
            self._keep(self._bars[name], self.evaluated(step.right, name))
        elif step.kind == "edge" or step.rule == ONE:
            part = self._contribution(node, name, step.right)
            if part is not None:
                self._parts.setdefault(name, {})[node] = part
                self._add_up(name)
            return part
        elif name not in self._walk.into:
            return self.evaluated(step.right, name)
        return self.adjoint(name)

    def keep_value(self, node: Node) -> Entries | None:
        """Evaluate a node's formula."""
        try:
            entries = self.evaluated(node.formula, node.name)
        except Singular:
            if not self._reads.may_be_unread(node.name):
                raise
            entries = self._full_of(node.name, NOT_A_NUMBER)
            self.has_singular = True
        self._keep(node.symbol, entries)
        return entries

    def value(self, name: str) -> Entries | None:
        return self.values.get(self._walk.node(name).symbol)

    def adjoint(self, name: str) -> Entries | None:
        return self.values.get(self._bars[name])

    def evaluated(self, expr: Expr, name: str) -> Entries | None:
        """A formula's entries in the shape of a node; None where a name has no entries."""
        shape = self._lengths(name)
        if shape is None or not expr.free_symbols <= self.values.keys() | self._sizes.keys():
            return None
        return evaluate_entries(expr, self.values, self._sizes).broadcast_to(shape)

    def _lengths(self, name: str) -> list[int] | None:
        lengths = [self._length(size) for size in self._walk.node(name).shape]
        known = [length for length in lengths if length is not None]
        return known if known == lengths else None

    def _full_of(self, name: str, entry: arb) -> Entries | None:
        shape = self._lengths(name)
        return None if shape is None else Entries.of(shape, lambda _: entry)

    def _contribution(self, node: str, name: str, right: Expr) -> Entries | None:
        """What an edge gives, chosen where its gate may not be read."""
        edge = next((e for e in self._walk.into.get(name, ()) if e.node == node), None)
        if edge is None:
            return self.evaluated(right, name)
        gate, guard = self._walk.node(node), self._reads.guard(edge)
        if guard is None:
            return self.evaluated(with_poles(right, gate.formula, gate.symbol), name)
        contribution = edge.local.contribution(self._bars[node], guard=guard)
        contribution = with_poles(contribution, gate.formula, gate.symbol)
        is_read = self._reads.any_read(edge) or S.One
        for mask, expr in self._reads.new_in(contribution + is_read):
            if expr.free_symbols <= self.values.keys() | self._sizes.keys():
                self.values[mask] = evaluate_entries(expr, self.values, self._sizes)
        try:
            return self.evaluated(contribution, name)
        except Singular:
            read = evaluate_entries(is_read, self.values, self._sizes)
            if any(entry != 0 for entry in read.flat):
                raise
            return self._full_of(name, arb(0))

    def _keep(self, symbol: Symbol, entries: Entries | None) -> None:
        if entries is not None:
            self.values[symbol] = entries

    def _add_up(self, name: str) -> None:
        """The adjoint, once all edges have given their part."""
        parts = list(self._parts[name].values())
        if len(parts) == len(self._walk.into[name]):
            self._keep(self._bars[name], sum(parts[1:], parts[0]))


class AccumulatedMatrices(Accumulated):
    """The same of matrices, which stand over values and adjoints at the end."""

    def add(self, step: Step) -> Entries | None:
        if step.kind in ("differential", "product"):  # of any direction
            return None
        if isinstance(step.left, str) or (self._second and len(step.left) < 3):
            return super().add(step)
        if not step.right.free_symbols <= self.values.keys() | self._sizes.keys():
            return None
        return evaluate_entries(step.right, self.values, self._sizes)

    _second = True

    @classmethod
    def of(cls, second: bool, *args: Any) -> AccumulatedMatrices:
        """Of second partials, or of first ones, which no adjoints lead to."""
        made = cls(*args)
        made._second = second
        return made


def array_numbers(derivation: Derivation) -> ArrayNumbers:
    """Values and adjoints at the derivation's point, as far as its numbers reach.

    Raises CircuitError where a branch can't be chosen or a matrix has no inverse, TooLarge.
    """
    sizes = sizes_of(derivation.circuit, derivation.values)
    _refuse_many(derivation, sizes)
    for bits in PRECISIONS:
        with precision(bits), infinite_poles():
            try:
                found = _at_point(derivation, sizes)
            except (Undecided, Singular) as error:
                if bits < PRECISIONS[-1]:
                    continue
                what = next(said for kind, said in LACKED.items() if isinstance(error, kind))
                raise CircuitError(what) from None
            if bits == PRECISIONS[-1] or all(map(_suffices, found.values())):
                return _rounded(found)
    raise AssertionError("the last precision returns or raises")


def _at_point(derivation: Derivation, sizes: Mapping[Any, int]) -> dict[_Key, Entries]:
    """All entries in balls: ("value", name), ("adjoint", name) and ("step", id)."""
    walk = derivation.walk
    leaves = {name: balls_of(value) for name, value in derivation.values.items()}
    of_matrices = derivation.view == "matrices"
    given = (walk, leaves, sizes, partial(_length, sizes))
    accumulated = Accumulated(*given)
    if of_matrices:
        accumulated = AccumulatedMatrices.of(derivation.order > 1, *given)
    found: dict[_Key, Entries | None] = {("value", name): e for name, e in leaves.items()}
    for step in derivation.typed_steps:
        found["step", step.id] = accumulated.add(step)
    for step in derivation.typed_steps:
        if isinstance(step.left, str) and step.kind != "differential":
            found["value", step.left] = accumulated.value(step.left)
    of = found.get(("value", walk.of))
    if accumulated.has_singular and of is not None and any(entry.is_nan() for entry in of.flat):
        raise Singular
    for name in walk.order:
        found["adjoint", name] = accumulated.adjoint(name)
    if of_matrices:
        for left in derivation.asked:
            found["adjoint", left] = found["step", derivation.last_step_about(left).id]
        return {key: entries for key, entries in found.items() if entries is not None}
    for name in derivation.wrt:  # one that no path leads to is 0
        found["adjoint", name] = found["step", derivation.last_step(name).id]
    return {key: entries for key, entries in found.items() if entries is not None}


def balls_of(value: Value) -> Entries:
    """What was given to a leaf, as exact balls; NaN is missing for certain."""
    return nested(value).map(ball_of)


def _length(sizes: Mapping[Any, int], size: Expr) -> int | None:
    number = size.xreplace({s: Integer(v) for s, v in sizes.items()})
    return int(number) if number.is_Integer else None


def _refuse_many(derivation: Derivation, sizes: Mapping[Any, int]) -> None:
    shapes = [[_length(sizes, size) or 1 for size in n.shape] for n in derivation.walk.circuit]
    count = sum(map(math.prod, shapes))
    if count > MOST_ENTRIES:
        raise TooLarge(
            f"{count:,} entries of all arrays are too many for a derivation with numbers, which "
            f"takes {MOST_ENTRIES:,}; c.compile(), the module, takes any"
        )


def _suffices(entries: Entries) -> bool:
    return all(
        b.is_exact() or not b.is_finite() or b.rel_accuracy_bits() >= ENOUGH_BITS
        for b in entries.flat
    )


def _rounded(found: Mapping[_Key, Entries]) -> ArrayNumbers:
    known: dict[int, Any] = {}
    kinds: dict[str, dict[Any, Any]] = {"value": {}, "adjoint": {}, "step": {}}
    for (kind, key), entries in found.items():
        if id(entries) not in known:
            known[id(entries)] = _floats(entries)
        kinds[kind][key] = known[id(entries)]
    return ArrayNumbers(kinds["value"], kinds["adjoint"], kinds["step"])


def _floats(entries: Entries) -> Any:
    floats = entries.map(_nearest)
    return floats if floats.ndim else floats.item()


def _nearest(ball: Any) -> float:
    """The nearest float; 0 where all digits cancel, in a thousand bits."""
    return 0.0 if ball.is_finite() and ball.contains(0) else nearest_float(ball)


__all__ = ["Accumulated", "ArrayNumbers", "array_numbers", "balls_of"]
