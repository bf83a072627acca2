"""SymPy → Circuit: expressions checked operation by operation, symbols mapped by name."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from itertools import count
from typing import Any

import sympy as sp
from sympy import Expr, Float, MatrixSymbol, Piecewise, Rational, S, Symbol
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational
from sympy.functions.elementary.piecewise import ExprCondPair
from sympy.logic.boolalg import And, BooleanAtom, Or

from symback.circuits.assembly import AUTOMATIC, Automatic, assemble, unused_nodes
from symback.circuits.circuit import Circuit, Node, computed, leaf, size
from symback.circuits.names import OUTPUT_NAMES, check_name, fresh_name
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
from symback.language.limits import (
    MOST_BITS,
    huge_power,
    is_float64,
    is_large,
    not_a_float,
    undefined_power,
)
from symback.language.options import (
    check_loss,
    in_given_order,
    inferred_role,
    names_in,
    only_in_loss,
    roles_given,
)
from symback.language.terms import DEEPEST, LARGEST
from symback.operations.arrays import has_arrays
from symback.operations.edges import CAREFUL, Careful
from symback.operations.elementwise import BY_HEAD, SLOPES
from symback.operations.expressions import exact, postorder, real_symbol
from symback.operations.functions import Slope
from symback.sympy_io.explicit import explicit
from symback.sympy_io.from_matrices import MatrixReader, has_matrices
from symback.sympy_io.functions import CONSTANTS, READ_AS
from symback.sympy_io.plain import plain
from symback.sympy_io.refusals import place_in, refusal
from symback.sympy_io.shared import depth, entries_with_names, shared

_RELATIONS = (sp.Eq, sp.Ne, sp.Lt, sp.Le, sp.Gt, sp.Ge)
_COMPOUND = frozenset({sp.Add, sp.Mul, sp.Pow, Piecewise, ExprCondPair, And, Or, *_RELATIONS})
_WITH_NAMES = (Symbol, MatrixSymbol, AppliedUndef)


def read(
    expr: Expr | Iterable[Expr] | Mapping[str, Expr] | Iterable[tuple[str, Expr]],
    name: str | None = None,
    *,
    params: Iterable[str] | None = None,
    inputs: Iterable[str] | None = None,
    outputs: Iterable[str] | None = None,
    loss: str | Automatic | None = AUTOMATIC,
) -> Circuit:
    """The circuit of a SymPy expression, or of named expressions; see `Circuit.from_sympy`."""
    try:
        lists = names_in(params), names_in(inputs), names_in(outputs)
        return _read(plain(_pairs(expr, name)), *lists, check_loss(loss))
    except RecursionError:
        raise TooLarge("the expression is nested too deep; name inner parts") from None


def _read(
    pairs: list[tuple[str, Any]],
    params: tuple[str, ...],
    inputs: tuple[str, ...],
    outputs: tuple[str, ...],
    loss: str | Automatic | None,
) -> Circuit:
    reader = _Reader(pairs)
    arrays = None
    if any(has_matrices(e) for _, e in pairs):
        arrays = MatrixReader(reader, entries_with_names(pairs, reader.part_name))
    nodes = arrays.nodes() if arrays else [n for p in pairs for n in reader.nodes(*p)]
    overrides = roles_given(params, inputs)
    targets = only_in_loss(nodes, loss)
    leaves: list[Node] = []
    unread = reader.unread - {o for n in nodes for o in n.operands}
    for leaf_name in (n for n in reader.leaves if n not in unread):
        role = overrides.pop(leaf_name, None) or inferred_role(leaf_name, targets)
        if arrays and leaf_name in arrays.targets:
            role = "target"
        shape = arrays.shapes.get(leaf_name, ()) if arrays else ()
        leaves.append(leaf(leaf_name, role, shape=shape))  # type: ignore[arg-type]
    has_data = any(node.role != "param" for node in leaves)
    for name, shape in arrays.carriers.items() if arrays else ():
        leaves.append(leaf(name, "input" if has_data else "param", shape=shape))
    for unknown in overrides:
        hint = nearest(unknown, reader.leaves)
        raise UnknownName(f"no symbol has the name '{clip(unknown, 40)}'{hint}")
    if isinstance(loss, str) and loss not in [n for n, _ in pairs]:
        raise UnknownName(f"the loss '{clip(loss, 40)}' is not one of the named expressions")
    ordered = in_given_order(leaves, params, inputs)
    of_leaves = dict.fromkeys(str(s) for node in ordered for s in node.shape)
    sizes = [size(n) for n in of_leaves if n in arrays.sizes] if arrays else []
    return assemble(
        [*sizes, *ordered, *nodes],
        outputs=_outputs([n for n, _ in pairs], nodes, outputs, loss),
        loss=loss,
        inferred=[n.name for n in leaves],
    )


def _outputs(
    names: Sequence[str], nodes: Sequence[Node], given: tuple[str, ...], loss: object
) -> list[str]:
    """The outputs that are given, else the expressions that no other uses if they are several."""
    for name in given:
        if name not in names:
            hint = nearest(name, names)
            raise UnknownName(f"the output '{clip(name, 40)}' is not a named expression{hint}")
        if name == loss or given.count(name) > 1:
            why = "is the loss" if name == loss else "is given twice"
            raise CircuitError(f"the output '{name}' {why}; name every other output once")
    if given:
        return [*given]
    unused = unused_nodes(nodes, next((n for n in nodes if n.name == loss), None))
    return [n.name for n in unused] if len(unused) > 1 else []


def _free_name(expr: Any) -> str:
    """f, or another name where the expression has an f, as the gradient of one has."""
    parts = postorder(expr) if isinstance(expr, sp.Basic) else []
    return fresh_name(OUTPUT_NAMES, {p.name for p in parts if isinstance(p, _WITH_NAMES)})


def _pairs(expr: Any, name: str | None) -> list[tuple[str, Any]]:
    if not isinstance(expr, sp.Basic) and getattr(expr, "shape", None) == ():  # one of NumPy
        expr = expr.item()
    elif isinstance(expr, Iterable) and not isinstance(
        expr, Mapping | Set | sp.MatrixBase | sp.Basic | str
    ):
        expr = list(expr)
    expr = explicit(expr)
    if isinstance(expr, Mapping):
        pairs = list(expr.items())
    elif isinstance(expr, list):
        pairs = [tuple(pair) if isinstance(pair, tuple | list) else (pair,) for pair in expr]
    else:
        pairs = [(_free_name(expr) if name is None else name, expr)]
    if not pairs or any(len(pair) != 2 for pair in pairs):
        raise CircuitError(
            "from_sympy takes an expression, a list of some, or pairs of a name and an expression"
        )
    checked = []
    for key, value in pairs:
        value = explicit(value)
        if isinstance(key, Symbol):
            key = key.name
        if not isinstance(key, str):
            raise NameRefused(f"a node's name is a text, not {type(key).__name__}")
        checked.append((check_name(key), value))
    name, times = Counter(n for n, _ in checked).most_common(1)[0]
    if times > 1:
        raise CircuitError(f"'{name}' is defined twice; give one of them another name")
    return checked


class _Reader:
    """Translates expressions; remembers which symbol each name stands for."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        self._names = {name for name, _ in pairs}
        self._pairs = pairs
        self._symbols: dict[str, Any] = {}
        self._taken: set[str] = set()  # names that no part may have, once one needs a name
        self._numbers: dict[str, Iterator[int]] = defaultdict(lambda: count(1))  # by the node
        self.leaves: dict[str, None] = {}
        self.unread: set[str] = set()  # names that the formulas may have left out

    def nodes(self, name: str, expr: Any) -> list[Node]:
        """The node of an expression, behind those of the parts that it uses again and again."""
        if not isinstance(expr, Expr):
            expr = self.number(name, expr)
        parts = postorder(expr)
        if sum(len(part.args) for part in parts) > LARGEST:
            raise TooLarge(f"node '{name}' has more than {LARGEST:,} operations; name parts of it")
        for part in reversed(parts):  # outermost first: name the sum, not its limits
            if not self.is_known(part):
                self.refuse(name, part, parts)
            conditions = [part.cond] if isinstance(part, ExprCondPair) else []
            conditions += part.args if isinstance(part, And | Or) else []
            if any(isinstance(c, Symbol) for c in conditions):
                raise Unsupported(f"node '{name}' has a name as condition; compare, as in x > 0")
        named = shared(parts)
        if depth(parts, named) > DEEPEST:
            raise TooLarge(f"node '{name}' is nested more than {DEEPEST} levels deep; name parts")
        done: dict[Any, Any] = {}
        nodes: list[Node] = []
        for part in parts:
            done[part] = self.translate(name, part, done)
            if part in named:
                own = self.part_name(name)
                nodes.append(_computed(own, done[part]))
                done[part] = real_symbol(own)
        return [*nodes, _computed(name, done[expr]) if nodes else _computed(name, done[expr], expr)]

    def part_name(self, node: str) -> str:
        """A name that is free, for a part of a node."""
        return self._new_name(f"{node}_{i}" for i in self._numbers[node])

    def free_name(self, name: str) -> str:
        """The name, with a number behind it if it is not free."""
        return self._new_name([name])

    def _new_name(self, wanted: Iterable[str]) -> str:
        if not self._taken:
            parts = (p for _, e in self._pairs if isinstance(e, Expr) for p in postorder(e))
            symbols = (p.name for p in parts if isinstance(p, Symbol | MatrixSymbol))
            self._taken = self._names.union(symbols)
        own = fresh_name(wanted, self._taken)
        self._names.add(own)
        self._taken.add(own)
        return own

    def number(self, name: str, value: Any) -> Expr:
        """The number that stands for a node's expression; Unsupported for anything else."""
        if isinstance(value, float) or (isinstance(value, int) and not isinstance(value, bool)):
            return Float(value) if isinstance(value, float) else sp.Integer(value)
        if isinstance(value, sp.NDimArray):
            raise Unsupported(
                f"node '{name}' is an array of {value.rank()} axes; give the circuit's text, in "
                "which arrays have more than two"
            )
        kind = clip(type(value).__name__, 40)
        article = "an" if kind[:1] in "AEIOU" else "a"
        raise Unsupported(f"node '{name}' is {article} {kind}; a node is a SymPy expression (Expr)")

    def translate(self, name: str, part: Any, done: Mapping[Any, Any]) -> Any:
        if isinstance(part, Symbol):
            return self._symbol(part)
        if part.is_Rational or isinstance(part, Float):
            return self._number(name, part)
        if not part.args:
            return CONSTANTS.get(part, part)
        args = [done[a] for a in part.args]
        if isinstance(part, sp.Pow):
            self._refuse_power(name, part, *args)
        if isinstance(part, Slope):
            return _with_own(part.of(*args).fdiff(part.by))
        if isinstance(part, Careful):  # its plain form may leave a name out
            self.unread.update(p.name for a in args for p in postorder(a) if p.is_Symbol)
            return self._real(name, part, part.plain(*args))
        if isinstance(part, Piecewise) and part.args[-1].cond != S.true:
            raise Unsupported(
                f"node '{name}': a Piecewise needs a last branch (…, True), "
                "as in Piecewise((x, x > 0), (0, True))"
            )
        if isinstance(part, Relational):
            return part.func(*args, evaluate=not is_large(args))
        if isinstance(part, Piecewise) or not isinstance(part, Expr):
            return part.func(*args)
        if isinstance(part, sp.Min | sp.Max) and is_large(args):
            return part.func(*args, evaluate=False)
        return self._real(name, part, self._read_as(name, part, args))

    @staticmethod
    def _read_as(name: str, part: Any, args: Sequence[Any]) -> Any:
        """What a function stands for; where it has operands that it is not read with, by node."""
        try:
            return READ_AS.get(part.func, part.func)(*args)
        except Unsupported as error:
            raise Unsupported(f"node '{name}': {error.message}") from None

    def refuse(self, name: str, part: Any, within: Iterable[Any] = ()) -> Any:
        raise Unsupported(refusal(name, part, within))

    def _number(self, name: str, number: Any) -> Any:
        """An exact number, refused before digits are computed that no float64 has."""
        mantissa_bits, exponent = (number._mpf_[3], number._mpf_[2]) if number.is_Float else (0, 0)
        if abs(mantissa_bits + exponent) < MOST_BITS:
            value = exact(number) if number.is_Float else number
            if is_float64(value) and (value != 0 or number.is_zero):
                return value
        raise DomainError(f"node '{name}' has a number that is not a float64")

    def _refuse_power(self, name: str, part: Any, base: Any, power: Any) -> None:
        why = undefined_power(base, power)
        if why:
            raise DomainError(f"{place_in(name, part)}: {why}")
        why = huge_power(base, power)
        if why:
            raise TooLarge(f"node '{name}' has {why}")

    def _real(self, name: str, part: Any, expr: Expr) -> Expr:
        if has_arrays(expr):
            return expr
        why = not_a_float(expr)
        if why:
            raise DomainError(f"{place_in(name, part)}: {why}")
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


def _with_own(expr: Expr) -> Expr:
    """The expression with our classes in place of SymPy's."""
    found = {p: READ_AS[p.func](*p.args) for p in postorder(expr) if p.func in READ_AS}
    return expr.xreplace(found) if found else expr


def _computed(name: str, formula: Expr, typed: Expr | None = None) -> Node:
    """The node, its operands in the order in which SymPy prints them."""
    return computed(name, formula, [s.name for s in _in_order(formula if typed is None else typed)])


def _is_known(part: Any) -> bool:
    """Whether a part is one of the known kinds; a subclass may mean something else."""
    kind = type(part)
    if isinstance(part, Symbol):
        return part.is_commutative and part.is_extended_real is not False
    if isinstance(part, Rational | BooleanAtom):
        return kind.__module__.startswith("sympy.")
    if kind is Float:
        return bool(part.is_finite)
    known = (BY_HEAD, READ_AS, SLOPES, _COMPOUND, CAREFUL)
    return part in CONSTANTS or any(kind in kinds for kinds in known)


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
