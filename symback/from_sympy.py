"""SymPy → Circuit: expressions checked operation by operation, symbols mapped by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sympy as sp
from sympy import Expr, Float, Piecewise, S, Symbol
from sympy.core.relational import Relational
from sympy.functions.elementary.piecewise import ExprCondPair
from sympy.logic.boolalg import And, BooleanAtom, Or

from symback.arrays import has_arrays
from symback.balls import LARGEST_FLOAT, constant
from symback.errors import (
    CircuitError,
    DomainError,
    NameRefused,
    TooLarge,
    UnknownName,
    Unsupported,
    clip,
    nearest,
)
from symback.from_matrices import MatrixReader, has_matrices
from symback.names import check_name
from symback.ops import BY_HEAD, SLOPES, Slope, exact, postorder, real_symbol
from symback.parse import inferred_role, only_in_loss
from symback.structure import AUTOMATIC, Circuit, Node, _Automatic, assemble, computed, leaf, size
from symback.syntax import DEEPEST

_COMPOUND = (sp.Add, sp.Mul, sp.Pow, Piecewise, ExprCondPair, Relational, And, Or)
_CONSTANTS = (S.Pi, S.Exp1)


def read(
    expr: Expr | Mapping[str, Expr] | Iterable[tuple[str, Expr]],
    name: str = "f",
    *,
    params: Iterable[str] | None = None,
    inputs: Iterable[str] | None = None,
    loss: str | _Automatic | None = AUTOMATIC,
) -> Circuit:
    """The circuit of a SymPy expression, or of named expressions; see `Circuit.from_sympy`."""
    pairs = _pairs(expr, name)
    reader = _Reader([n for n, _ in pairs])
    arrays = MatrixReader(reader, pairs) if any(has_matrices(e) for _, e in pairs) else None
    nodes = arrays.nodes() if arrays else [reader.node(n, e) for n, e in pairs]
    overrides = {
        **dict.fromkeys(map(str, params or ()), "param"),
        **dict.fromkeys(map(str, inputs or ()), "input"),
    }
    targets = only_in_loss(nodes, loss)
    leaves: list[Node] = []
    for leaf_name in reader.leaves:
        role = overrides.pop(leaf_name, None) or inferred_role(leaf_name, targets)
        if arrays and leaf_name in arrays.targets:
            role = "target"
        shape = arrays.shapes.get(leaf_name, ()) if arrays else ()
        leaves.append(leaf(leaf_name, role, shape=shape))  # type: ignore[arg-type]
    for unknown in overrides:
        raise UnknownName(f"no symbol has the name '{unknown}'{nearest(unknown, reader.leaves)}")
    if isinstance(loss, str) and loss not in [n for n, _ in pairs]:
        raise UnknownName(f"the loss '{loss}' is none of the named expressions")
    sizes = [size(n) for n in arrays.sizes] if arrays else []
    return assemble([*sizes, *leaves, *nodes], loss=loss, inferred=[n.name for n in leaves])


def _pairs(expr: Any, name: str) -> list[tuple[str, Any]]:
    if isinstance(expr, Mapping):
        pairs = list(expr.items())
    elif isinstance(expr, Iterable) and not isinstance(expr, sp.Basic | str):
        pairs = [tuple(pair) for pair in expr]
    else:
        pairs = [(name, expr)]
    if not pairs or any(len(pair) != 2 for pair in pairs):
        raise CircuitError("from_sympy takes an expression or pairs of a name and an expression")
    checked = []
    for key, value in pairs:
        if isinstance(key, Symbol):
            key = key.name
        if not isinstance(key, str):
            raise NameRefused(f"a node's name is a text, not {type(key).__name__}")
        checked.append((check_name(key), value))
    twice = {n for n, _ in checked if [m for m, _ in checked].count(n) > 1}
    if twice:
        raise CircuitError(f"'{min(twice)}' is defined twice; give one of them another name")
    return checked


class _Reader:
    """Translates expressions; remembers which symbol each name stands for."""

    def __init__(self, names: list[str]) -> None:
        self._names = set(names)
        self._symbols: dict[str, Any] = {}
        self.leaves: dict[str, None] = {}

    def node(self, name: str, expr: Any) -> Node:
        if isinstance(expr, int | float) and not isinstance(expr, bool):
            expr = sp.sympify(expr)
        if (
            not isinstance(expr, sp.Basic)
            or not isinstance(expr, Expr)
            or isinstance(expr, sp.MatrixExpr)
        ):
            kind = type(expr).__name__
            raise Unsupported(f"node '{name}' is a {kind}; a node is a SymPy expression (Expr)")
        parts = postorder(expr)
        for part in reversed(parts):  # outermost first: name the sum, not its limits
            if not self.is_known(part):
                self.refuse(name, part)
        if _depth(parts) > DEEPEST:
            raise TooLarge(f"node '{name}' is nested more than {DEEPEST} levels deep; name parts")
        done: dict[Any, Any] = {}
        for part in parts:
            done[part] = self.translate(name, part, done)
        result = done[expr]
        operands = [s.name for s in _in_order(expr)]
        return computed(name, result, operands)

    def translate(self, name: str, part: Any, done: Mapping[Any, Any]) -> Any:
        if isinstance(part, Symbol):
            return self._symbol(part)
        if isinstance(part, Float):
            return exact(part)
        if not part.args:
            return part
        args = [done[a] for a in part.args]
        if isinstance(part, Slope):
            return part.of(*args).fdiff()
        if isinstance(part, Piecewise) and part.args[-1].cond != S.true:
            raise Unsupported(f"node '{name}': a Piecewise needs a last branch (…, True)")
        if isinstance(part, Piecewise) or not isinstance(part, Expr):
            return part.func(*args)
        return self._real(name, part.func(*args))

    def refuse(self, name: str, part: Any) -> Any:
        kind = type(part).__name__
        shown = "" if part.args else f" ({clip(ascii(str(part)), 30)})"
        hint = nearest(kind, [op.name for op in BY_HEAD.values()])
        raise Unsupported(
            f"node '{name}' has the operation '{clip(kind, 40)}'{shown}, which symback doesn't "
            f"know{hint}"
        )

    def _real(self, name: str, expr: Expr) -> Expr:
        if expr.is_number and not expr.is_Rational and not has_arrays(expr):
            value = constant(expr)
            if not value.is_finite() or abs(value) > LARGEST_FLOAT:
                raise DomainError(f"node '{name}' has a constant that is no real float64")
        return expr

    def _symbol(self, symbol: Symbol) -> Symbol:
        name = self.claim(symbol)
        self.add_leaf(name)
        return real_symbol(name)

    def add_leaf(self, name: str) -> None:
        if name not in self._names:
            self.leaves[name] = None

    def claim(self, symbol: Any) -> str:
        """The name of a symbol, which no other symbol may have."""
        name = check_name(symbol.name)
        other = self._symbols.setdefault(name, symbol)
        if other != symbol:
            raise NameRefused(
                f"two different symbols are called '{name}' (their assumptions differ); "
                "use one symbol, or rename one"
            )
        return name

    @staticmethod
    def is_known(part: Any) -> bool:
        return _is_known(part)


def _depth(parts: Iterable[Any]) -> int:
    """Levels of an expression, from its parts in postorder."""
    levels: dict[Any, int] = {}
    for part in parts:
        levels[part] = 1 + max((levels[a] for a in part.args), default=0)
    return max(levels.values())


def _is_known(part: Any) -> bool:
    if isinstance(part, Symbol | BooleanAtom) or part.is_Rational or part in _CONSTANTS:
        return True
    if isinstance(part, Float):
        return bool(part.is_finite)
    return part.func in BY_HEAD or part.func in SLOPES or isinstance(part, _COMPOUND)


def _in_order(expr: Expr) -> list[Symbol]:
    """The symbols in the order in which SymPy prints them."""
    stack, found = [expr], []
    seen: set[Any] = set()
    while stack:
        part = stack.pop()
        if part in seen:
            continue
        seen.add(part)
        if isinstance(part, Symbol):
            found.append(part)
        stack.extend(reversed(part.as_ordered_terms() if part.is_Add else part.args))
    return found
