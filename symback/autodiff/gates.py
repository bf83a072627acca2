"""Circuit → circuit of gates: every node small enough that its local partials are one step.

A gate is a sum of small products, one product or quotient, one power, one function or one
choice, over names. Inner parts get names of their own: the net input of an activation is `net`,
other parts of f are `f_1`, `f_2`, … Equal parts share one gate, and wide products and sums are
split, so that all local partials together cost no more than a constant times the circuit.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from sympy import Add, Expr, Mul, Piecewise, Pow, S, Symbol
from sympy.core.relational import Relational

from symback.circuits.circuit import Circuit, Node, computed
from symback.circuits.loops import unrolled
from symback.circuits.names import fresh_name
from symback.errors import TooLarge
from symback.operations.arrays import (
    ArrayFunction,
    full,
    matmul,
    matvec,
    one_hot,
    segment_sum,
    shape_of,
    solve,
    transpose,
)
from symback.operations.elementwise import BY_HEAD
from symback.operations.expressions import applied, postorder
from symback.operations.nonnegative import least_powers
from symback.operations.shapes import Shape
from symback.operations.simplify import Spelling
from symback.stable import stable

WIDEST_PRODUCT = 4  # factors of one gate
WIDEST_SUM = 64  # terms of one gate
WIDEST_SQUARE = 4  # terms of a sum that is squared in place, as in (f - y)**2/2


@dataclass(frozen=True, eq=False)
class Gates(Circuit):
    """A circuit whose nodes are gates: what the reverse pass and lowering work on.

    Those in `least` are powers of what is never negative. `typed` are the gates of the formulas as
    typed, where these are others.
    """

    least: frozenset[Symbol] = frozenset()
    typed: Gates | None = None


def gates(circuit: Circuit, *, opaque: Collection[str] = (), keep_loops: bool = False) -> Gates:
    """The circuit with inner parts as nodes of their own, marked as generated.

    Formulas that would lose digits are rewritten before, but those of a literal circuit; no rule
    looks behind the names in `opaque`. Loops are written out unless they are kept. Found once for
    each circuit.
    """
    circuit = circuit if keep_loops else unrolled(circuit)
    return circuit.once(_gates, frozenset(opaque))


def _gates(circuit: Circuit, opaque: frozenset[str]) -> Gates:
    try:
        found = circuit if circuit.is_literal else stable(circuit, opaque)
        if opaque:
            return _split(found, (gates(circuit), typed_gates(circuit)))
        if circuit.is_literal or not found.rewrites:
            return _split(found)
        typed = _split(circuit.as_typed(), net_inputs=_net_inputs(found))
        return replace(_split(found, (typed,)), typed=typed)
    except RecursionError:
        raise TooLarge("an expression is nested too deep; name inner parts of it") from None


def typed_gates(circuit: Circuit) -> Gates:
    """The gates of the formulas as typed; what `gates` has as well has the same name there.

    They are numbered first, since people read them: f_1, f_2, … without gaps. Those that only the
    stable form has come behind.
    """
    made = gates(circuit)
    return made.typed or made


def _net_inputs(circuit: Circuit) -> frozenset[Expr]:
    """What activations of the stable form are of, which has its name as typed, too."""
    parts = (part for node in circuit.computed for part in postorder(node.formula))
    return frozenset(
        part.args[0] for part in parts if part.args and part.args[0].is_Add and _is_activation(part)
    )


def _is_activation(expr: Expr) -> bool:
    return expr.func in BY_HEAD and BY_HEAD[expr.func].activation


def _split(
    circuit: Circuit, alike: Sequence[Gates] = (), net_inputs: frozenset[Expr] = frozenset()
) -> Gates:
    splitter = _Splitter(circuit, alike, net_inputs)
    for node in circuit.computed:
        splitter.add(node)
    nodes = (*circuit.sizes, *circuit.leaves, *splitter.nodes)
    by_name = {n.name: n for n in nodes}
    loss = by_name[circuit.loss.name] if circuit.loss else None
    output = by_name[circuit.output.name]
    return Gates(
        nodes,
        output,
        loss,
        circuit.inferred,
        circuit.rewrites,
        is_literal=circuit.is_literal,
        stacked=circuit.stacked,
        sums=splitter.sums,
        least=least_powers([(n.symbol, n.formula) for n in splitter.nodes]),
    )


class _Splitter:
    """Makes the gates; those that a circuit of `alike` has as well get the names they have there,
    so that a name means the same in all of them.
    """

    def __init__(
        self, circuit: Circuit, alike: Sequence[Gates], net_inputs: frozenset[Expr]
    ) -> None:
        self._net_inputs = net_inputs
        self.nodes: list[Node] = []
        self._taken = {n.name for of in (circuit, *alike) for n in of.nodes}
        self._known = {n.formula: n.name for of in alike for n in of.computed if n.generated}
        self._named: dict[Expr, Symbol] = {}  # gate expression → its node
        self._atoms: dict[Expr, Symbol] = {}  # typed part → its node
        self._ranks = circuit.ranks
        self.sums = dict(circuit.sums)  # their terms as typed, those of gates by the gates' names
        self._owner = ""
        self._count = 0
        self._shapes = circuit.shapes
        self._has_arrays = circuit.has_arrays

    def add(self, node: Node) -> None:
        self._owner, self._count = node.name, 0
        expr = self.gate(node.formula)
        self._append(node.name, expr, generated=False, node=node)

    def _append(
        self, name: str, expr: Expr, *, generated: bool, node: Node | None = None
    ) -> Symbol:
        names = [s.name for s in postorder(expr) if s.is_Symbol]
        names.sort(key=self._ranks.__getitem__)
        shape = node.shape if node else self._shape_of(expr)
        shapes = self._shapes if self._has_arrays else None
        place = node.place if node else None
        made = computed(name, expr, names, place, generated, shapes, shape)
        self.nodes.append(made)
        if shape:
            self._shapes[name] = shape
        if generated:
            first = self._ranks[names[0]][0] if names else 0
            self._ranks[name] = (first, 1, len(self.nodes))
        self._named.setdefault(expr, made.symbol)
        return made.symbol

    def _shape_of(self, expr: Expr) -> Shape:
        return shape_of(expr, self._shapes) if self._has_arrays else ()

    def atom(self, expr: Expr, name: str = "") -> Expr:
        """The expression if it is a name or a number, else the name of a gate for it."""
        if expr.is_Symbol or expr.is_number:
            return expr
        if expr not in self._atoms:  # a part that occurs twice is split once
            gate = self.gate(expr)
            name = name or ("net" if expr in self._net_inputs else "")
            if gate not in self._named:
                known = self._known.get(gate) or self._new_name(name)
                self._append(known, gate, generated=True)
            self._atoms[expr] = self._named[gate]
        return self._atoms[expr]

    def _new_name(self, wanted: str) -> str:
        if wanted:
            name = fresh_name([wanted], self._taken)
        else:
            self._count += 1
            while (name := f"{self._owner}_{self._count}") in self._taken:
                self._count += 1
        self._taken.add(name)
        return name

    # -- one kind of gate each --------------------------------------------------------------

    def gate(self, expr: Expr) -> Expr:
        """The expression with its inner parts replaced by names."""
        if expr.is_Symbol or expr.is_number:
            return expr
        if expr.is_Add:
            return self._sum(expr)
        if expr.is_Mul:
            return self._product(expr)
        if expr.is_Pow:
            return self._power(expr)
        if isinstance(expr, Piecewise):
            return self._choice(expr)
        if isinstance(expr, ArrayFunction):
            return self._array(expr)
        return self._function(expr)

    def _sum(self, expr: Add) -> Expr:
        terms = sorted(expr.args, key=self._rank)
        if len(terms) > WIDEST_SUM:
            chunks = [terms[i : i + WIDEST_SUM] for i in range(0, len(terms), WIDEST_SUM)]
            return self._sum(Add(*(self.atom(Add(*chunk)) for chunk in chunks)))
        split = [self._term(t) for t in terms]
        if split == terms:
            return expr
        made = Add(*split)
        if expr in self.sums and {*split} == {*made.args}:
            part_of = dict(zip(terms, split, strict=True))
            self.sums.setdefault(made, tuple(part_of[t] for t in self.sums[expr]))
        return made

    def _term(self, term: Expr) -> Expr:
        if term.is_number or is_monomial(term) or is_square(term):
            return term
        coefficient, rest = split_number(term)
        if isinstance(rest, matmul | matvec):  # W·x + b is one gate
            return coefficient * self._array(rest)
        return coefficient * self.atom(rest)

    def _product(self, expr: Mul) -> Expr:
        if is_square(expr):
            return expr
        coefficient, rest = split_number(expr)
        factors = [self._factor(f) for f in sorted(Mul.make_args(rest), key=self._rank)]
        while len(factors) > WIDEST_PRODUCT:
            pairs = [factors[i : i + 2] for i in range(0, len(factors), 2)]
            factors = [self.atom(Mul(*pair)) for pair in pairs]
        return coefficient * Mul(*factors)

    def _factor(self, factor: Expr) -> Expr:
        if factor.is_Pow and factor.exp.is_Integer:
            return Pow(self.atom(factor.base), factor.exp)
        return self.atom(factor)

    def _power(self, expr: Pow) -> Expr:
        if is_square(expr):
            return expr
        return Pow(self.atom(expr.base), self.atom(expr.exp))

    def _function(self, expr: Expr) -> Expr:
        op = BY_HEAD[expr.func]
        op.need_numbers(expr.args, self._owner)
        if op.name in ("min", "max"):
            args = sorted(expr.args, key=self._rank)
            atoms = [self.atom(a) for a in args]
            while len(atoms) > 2:
                atoms[:2] = [self.atom(expr.func(*atoms[:2]))]
            return expr.func(*atoms)
        name = "net" if op.activation and expr.args[0].is_Add else ""
        return applied(expr.func, *(self.atom(a, name) for a in expr.args))

    def _array(self, expr: ArrayFunction) -> Expr:
        """The operation over names; a product takes a transposed matrix as it is, and what only
        lends its shape stays as well.
        """
        operands = []
        for operand in expr.operands:
            if isinstance(operand, transpose) and isinstance(expr, matmul | matvec | solve):
                operands.append(transpose(self.atom(operand.args[0])))
            elif isinstance(operand, full) and isinstance(expr, segment_sum | one_hot):
                operands.append(operand)
            else:
                operands.append(self.atom(operand))
        return expr.with_operands(operands)

    def _choice(self, expr: Piecewise) -> Expr:
        return Piecewise(*((self.atom(value), self._condition(c)) for value, c in expr.args))

    def _condition(self, condition: object) -> object:
        if isinstance(condition, Relational):
            return condition.func(self.atom(condition.lhs), self.atom(condition.rhs))
        if condition in (S.true, S.false, True, False):
            return condition
        inner = [self._condition(c) for c in condition.args]  # type: ignore[attr-defined]
        return condition.func(*inner)  # type: ignore[attr-defined]

    def _rank(self, expr: Expr) -> tuple[object, ...]:
        found = sorted(self._ranks[s.name] for s in postorder(expr) if s.is_Symbol)
        return (not found, found, Spelling(expr))


def split_number(expr: Expr) -> tuple[Expr, Expr]:
    """The numeric factor of a product, π and roots included, and the rest."""
    if not any(a.is_number for a in Mul.make_args(expr)):
        return S.One, expr
    numbers = [f for f in Mul.make_args(expr) if f.is_number]
    others = [f for f in Mul.make_args(expr) if not f.is_number]
    return Mul(*numbers), Mul(*others)


def is_monomial(expr: Expr) -> bool:
    """Whether it is a number times at most four names to positive whole powers."""
    _, rest = split_number(expr)
    factors = Mul.make_args(rest)
    return len(factors) <= WIDEST_PRODUCT and all(_is_power_of_name(f) for f in factors)


def _is_power_of_name(expr: Expr) -> bool:
    if expr.is_Symbol:
        return True
    return bool(
        expr.is_Pow and expr.base.is_Symbol and expr.exp.is_Integer and expr.exp.is_positive
    )


def is_square(expr: Expr) -> bool:
    """Whether it is a number times the square of a short sum of names, as (f - y)**2/2."""
    _, rest = split_number(expr)
    if not (rest.is_Pow and rest.exp == 2 and rest.base.is_Add):
        return False
    terms: Sequence[Expr] = rest.base.args
    linear: Callable[[Expr], bool] = lambda t: t.is_number or split_number(t)[1].is_Symbol  # noqa: E731
    return len(terms) <= WIDEST_SQUARE and all(linear(t) for t in terms)


__all__ = ["Gates", "gates", "is_monomial", "is_square", "split_number", "typed_gates"]
