"""Entries of arrays, x[0] and e[0] of e = exp(x), as numbers with names of their own.

Rules look for names: so what holds of u/(u + v) holds of x[0]/(x[0] + x[1]).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sympy import Expr, Piecewise, Symbol

from symback.circuits.circuit import Circuit, Node, Rewrite, computed, leaf
from symback.operations.arrays import ArrayFunction, slice_
from symback.operations.expressions import postorder, real_symbol

MOST = 64  # entries of a circuit that get names


class NamedEntries:
    """A circuit with names for entries of arrays, and what they stand for.

    Of arrays that formulas compute, only where these are of entries themselves.
    """

    def __init__(self, typed: Circuit, opaque: Collection[str]) -> None:
        self.typed = typed
        self.names: dict[Expr, Symbol] = {}
        self.nodes: list[Node] = []
        self._opaque = opaque
        self._shapes = {n.name: n.shape for n in typed.nodes}
        self._formulas = {n.symbol: n.formula for n in typed.nodes if not n.is_leaf}
        self.circuit = self._over_names() if typed.has_arrays else typed

    def _over_names(self) -> Circuit:
        nodes: list[Node] = []
        for node in self.typed.nodes:
            nodes += self._node(node)
            if len(self.names) > MOST:
                self.names.clear()
                return self.typed
        return _with(self.typed, nodes) if self.names else self.typed

    def _node(self, node: Node) -> Iterator[Node]:
        """The nodes of the entries that a node has and none before it, and the node over them."""
        known = len(self.nodes)
        entries = [] if node.is_leaf else self._entries_in(node.formula)
        for entry in entries:
            self._named(entry)
        yield from self.nodes[known:]
        names = {e: self.names[e] for e in entries if e in self.names}
        yield self._with_formula(node, node.formula.xreplace(names)) if names else node

    def _entries_in(self, formula: Expr) -> list[Expr]:
        """The entries by numbers of arrays with a name, in order; a row X[0] is not one."""
        return [
            p
            for p in postorder(formula)
            if isinstance(p, slice_) and p.args[0].is_Symbol and self._is_entry(*p.args[:2])
        ]

    def _is_entry(self, array: Expr, index: Expr) -> bool:
        whole = len(index.args) == len(self._shapes[str(array)])
        return whole and all(i.is_Integer for i in index.args)

    def _named(self, entry: Expr) -> None:
        """A name for an entry of a leaf, or of a formula of the entries of such, and its node."""
        array, index = entry.args[:2]
        formula = self._entry_of(array, index)
        if entry in self.names or (formula is None and array in self._formulas):
            return
        name = f"{array}[{', '.join(map(str, index))}]"
        self.names[entry] = real_symbol(name)
        self._shapes[name] = ()
        if formula is None:
            self.nodes.append(leaf(name, "input"))
        else:
            operands = sorted(s.name for s in formula.free_symbols)
            self.nodes.append(computed(name, formula, operands, shapes=self._shapes))

    def _entry_of(self, array: Symbol, index: Expr) -> Expr | None:
        formula = self._formulas.get(array)
        is_open = formula is not None and str(array) not in self._opaque
        if formula is None or not is_open or formula.has(ArrayFunction, Piecewise):
            return None
        shape = self._shapes[str(array)]
        entries = {}
        for s in sorted(formula.free_symbols, key=str):
            own = self._shapes.get(str(s), ())
            if own not in ((), shape) or (own == () and s in self._formulas):
                return None  # such as the norm of the array itself
            if own == shape:
                entries[s] = slice_(s, index)
                self._named(entries[s])
        if any(entry not in self.names for entry in entries.values()):
            return None
        return formula.xreplace({s: self.names[entry] for s, entry in entries.items()})

    def back(self, found: Circuit) -> Circuit:
        """A circuit over the names, over the entries again."""
        if found is self.circuit:
            return self.typed
        if not self.names:
            return found
        meaning = {symbol: entry for entry, symbol in self.names.items()}
        made = {node.name for node in self.nodes}
        nodes = [self._back(n, meaning) for n in found.nodes if n.name not in made]
        return replace(_with(found, nodes), rewrites=self.rewrites_back(found.rewrites))

    def rewrites_back(self, rewrites: Sequence[Rewrite]) -> tuple[Rewrite, ...]:
        meaning = {symbol: entry for entry, symbol in self.names.items()}
        made = {node.name for node in self.nodes}
        return tuple(
            replace(r, before=r.before.xreplace(meaning), after=r.after.xreplace(meaning))
            for r in rewrites
            if r.node not in made
        )

    def _back(self, node: Node, meaning: Mapping[Any, Expr]) -> Node:
        formula = node.formula.xreplace(meaning)
        if formula == node.formula:
            return node
        before = self.typed[node.name]
        if formula == before.formula:
            return before
        return self._with_formula(before, formula)

    def _with_formula(self, node: Node, formula: Expr) -> Node:
        new = sorted({s.name for s in formula.free_symbols} - set(node.operands))
        operands = [*node.operands, *new]
        place, shape = node.place, node.shape
        return computed(node.name, formula, operands, place, node.generated, self._shapes, shape)


def _with(circuit: Circuit, nodes: Sequence[Node]) -> Circuit:
    by_name = {n.name: n for n in nodes}
    loss = None if circuit.loss is None else by_name[circuit.loss.name]
    output = by_name[circuit.output.name]
    return replace(circuit, nodes=tuple(nodes), output=output, loss=loss)


__all__ = ["NamedEntries"]
