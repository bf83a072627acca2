"""Whether a loss is a sum of squared residuals, so that least squares fits it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from sympy import Expr, Mul, Pow, S, Symbol

from symback.circuits.assembly import stack_of
from symback.circuits.circuit import Circuit, Node, computed
from symback.circuits.names import fresh_name
from symback.errors import CircuitError
from symback.operations.arrays import concat, dot, full, mean, reduce_sum, shape_of


@dataclass(frozen=True, slots=True)
class LeastSquares:
    """A circuit whose loss is a sum of (f − y)² over its outputs, with the target y of each, and
    how much the squares of each count where that differs.
    """

    circuit: Circuit
    targets: tuple[Node, ...]
    weights: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class _Square:
    """A term c·Σr² of a loss."""

    factor: Expr
    residual: Expr


def squared_targets(circuit: Circuit) -> tuple[Node, ...]:
    """The target y where the loss is c·Σ(f − y)² with f the output and a number c > 0.

    Of several outputs, or of one that lists numbers, those of each in turn, whose squares have one
    c. The residual, its square and their sum may be nodes with names of their own. Nothing where
    the loss is another one.

    >>> import symback as sb
    >>> print(*squared_targets(sb.circuit("f = w*x + b")))
    y
    >>> two = sb.circuit("y: target; z: target; w: param; x: input; f: output = w*x\\n"
    ...                  "g: output = w + x; L: loss = (f - y)**2 + (g - z)**2")
    >>> print(*squared_targets(two))
    y z
    >>> squared_targets(sb.circuit("w: param; x: input; y: target; L: loss = abs(w*x - y)"))
    ()
    """
    if circuit.loss is None:
        return ()
    outputs = {node.symbol: node for node in circuit.outputs}
    squares = _squares(circuit, circuit.loss, {circuit.output.symbol, *outputs})
    if len(squares) == 1:
        return _targets_of(circuit, circuit.output, squares[0].residual)
    found: dict[Symbol, Node] = {}
    factors = set()
    for square in squares:
        own = [symbol for symbol in outputs if square.residual.has(symbol)]
        targets = _targets_of(circuit, outputs[own[0]], square.residual) if own else ()
        if len(own) != 1 or len(targets) != 1 or own[0] in found:
            return ()
        found[own[0]] = targets[0]
        factors.add(square.factor * square.residual.coeff(own[0]) ** 2)
    is_whole = len(factors) == 1 and found.keys() == outputs.keys()
    return tuple(found[symbol] for symbol in outputs) if is_whole else ()


def targets_together(circuit: Circuit, targets: Sequence[Node]) -> Expr:
    """What the output is compared with: its target, or those of several outputs as one vector."""
    table = {node.name: node for node in circuit.nodes}
    return targets[0].symbol if len(targets) == 1 else stack_of(targets, table).formula


def _targets_of(circuit: Circuit, output: Node, residual: Expr) -> tuple[Node, ...]:
    """The y, or the numbers of a list [y, z], for which the residual is c·(output − y)."""
    slope = residual.coeff(output.symbol)
    if not slope.is_number or slope.is_zero:
        return ()
    known = {target.symbol: target for target in circuit.targets}
    data = (output.symbol - residual / slope).expand()
    if data in known:
        return (known[data],) if known[data].shape == output.shape else ()
    if data.is_Symbol and data.name in circuit:
        data = circuit[data.name].formula
    listed = data.operands if isinstance(data, concat) else ()
    is_list = all(y in known and not known[y].shape for y in listed)
    return tuple(known[y] for y in listed) if is_list else ()


def as_least_squares(circuit: Circuit) -> LeastSquares | None:
    """The circuit whose outputs are compared with data, also where only its loss says so: one that
    is c·(f − y)², or a sum of such terms, each of which has an output.

    Each residual is linear in one target, or where it reads none in one input alone, with a number
    before it. None for other losses; CircuitError where several could be meant.

    >>> import symback as sb
    >>> circuit = sb.circuit("x: input; w: param; y: target; l: loss = (y - w*x)**2")
    >>> found = as_least_squares(circuit)
    >>> print(found.circuit.output.formula, *found.targets)
    w*x y
    """
    if targets := squared_targets(circuit):
        return LeastSquares(circuit, targets)
    if circuit.objective.shape:
        return None
    squares = _squares(circuit, circuit.objective, set())
    found = [(_data_of(circuit, square.residual), square) for square in squares]
    pairs = [(replace(y, role="target"), square) for y, square in found if y is not None]
    if not squares or len(pairs) < len(squares):
        return None
    names = [node.name for node in circuit.nodes]
    pairs.sort(key=lambda pair: names.index(pair[0].name))  # as typed, however terms are sorted
    weights = [2 * s.factor * s.residual.coeff(y.symbol) ** 2 for y, s in pairs]
    is_one = len(set(weights)) == 1
    if not is_one and not all(w.is_number for w in weights):
        return None
    targets = tuple(y for y, _ in pairs)
    made = _compared(circuit, [s.residual for _, s in pairs], targets)
    return LeastSquares(made, targets, None if is_one else tuple(map(float, weights)))


def _compared(circuit: Circuit, residuals: Sequence[Expr], targets: Sequence[Node]) -> Circuit:
    """The circuit with an output for each residual, and the loss that compares them."""
    shapes, names = circuit.shapes, {n.name for n in circuit.nodes}
    outputs: list[Node] = []
    below: dict[str, Node] = {}
    for residual, data in zip(residuals, targets, strict=True):
        slope = residual.coeff(data.symbol)
        formula = ((slope * data.symbol - residual) / slope).expand()
        if shape_of(formula, shapes) != data.shape:  # a number, compared with each entry
            formula = formula * full(S.One, *data.shape)
        kept = {n.name: n for n in _below(circuit, formula)}
        below |= kept
        name = fresh_name(("f", "fitted"), names)
        names.add(name)
        outputs.append(computed(name, formula, [*kept], shapes=shapes, shape=data.shape))
        shapes = {**shapes, name: data.shape}
    squares = [(f.symbol - y.symbol) ** 2 for f, y in zip(outputs, targets, strict=True)]
    total = sum(reduce_sum(s) if y.shape else s for s, y in zip(squares, targets, strict=True))
    by_data = {node.name: node for node in targets}
    operands = [n.name for n in (*outputs, *targets)]
    objective = circuit.objective
    loss = computed(objective.name, total / 2, operands, objective.place, shapes=shapes)
    inner = [n for n in circuit.nodes if n.name in below and n.name not in by_data]
    nodes = [n for n in inner if n.is_leaf]
    nodes += [*by_data.values(), *(n for n in inner if not n.is_leaf), *outputs]
    if len(outputs) == 1:
        return replace(circuit, nodes=(*nodes, loss), output=outputs[0], loss=loss, stacked=())
    stacked = tuple(n.name for n in outputs)
    output = stack_of(outputs, {n.name: n for n in nodes})
    return replace(circuit, nodes=(*nodes, output, loss), output=output, loss=loss, stacked=stacked)


def data_inside(circuit: Circuit) -> Node | None:
    """The input y where the output that a squared loss was added to is a square c·(f − y)² itself.

    >>> import symback as sb
    >>> print(data_inside(sb.circuit("x: input; y: input; w: param; loss = (w*x - y)**2")))
    y
    """
    if not squared_targets(circuit):
        return None
    alone = replace(circuit, loss=None)
    squares = [] if alone.output.shape else _squares(alone, alone.output, set())
    return _data_of(alone, squares[0].residual) if len(squares) == 1 else None


def _squares(circuit: Circuit, node: Node, kept: Collection[Symbol]) -> list[_Square]:
    """The terms of a node that is Σ c·Σr² with numbers c > 0, over the nodes it was typed with
    and those that are kept; nothing of another one.
    """
    named = {n.symbol: n.formula for n in circuit.computed if n.symbol not in kept}
    found: list[_Square] = []
    waiting: list[tuple[Expr, Expr]] = [(S.One, node.symbol)]
    while waiting:
        factor, expr = waiting.pop()
        more, rest = _written(expr, named)
        factor *= more
        if rest.is_Add:
            waiting += [(factor, term) for term in reversed(rest.args)]
            continue
        if isinstance(rest, reduce_sum | mean):
            if isinstance(rest, mean):
                factor /= Mul(*shape_of(rest.args[0], circuit.shapes))
            more, rest = _written(rest.args[0], named)
            factor *= more
        root = _root(rest)
        more, residual = _written(root, named)
        residual = residual.expand()
        if residual.is_zero or not factor.as_coeff_Mul()[0] > 0:  # beside it stand sizes alone
            return []
        found.append(_Square(factor * more**2, residual))
    return found


def _data_of(circuit: Circuit, residual: Expr) -> Node | None:
    """The leaf that a residual compares with: r = c·y + g, where g does not read y."""
    shape = shape_of(residual, circuit.shapes)
    for leaves in (circuit.targets, circuit.inputs):
        found = []
        for leaf in leaves:
            slope = residual.coeff(leaf.symbol)
            rest = residual - slope * leaf.symbol
            is_number = slope.is_number and not slope.is_zero and leaf.shape == shape
            if is_number and leaf not in _below(circuit, rest):
                found.append(leaf)
        if len(found) > 1:
            one, other = found[:2]
            raise CircuitError(
                f"the loss is the square of a residual that reads '{one}' and '{other}' alike; "
                f"say which of them is the data, as in {other}: target"
            )
        if found:
            return found[0]
    return None


def _below(circuit: Circuit, formula: Expr) -> list[Node]:
    """The nodes that a formula reads, and those that they read, in order."""
    needed = {s.name for s in formula.free_symbols}
    for node in reversed(circuit.nodes):
        if node.name in needed:
            needed.update(node.operands)
    return [n for n in circuit.nodes if n.name in needed]


def _written(expr: Expr, named: Mapping[Symbol, Expr]) -> tuple[Expr, Expr]:
    """The number and the rest of a product; for a rest that is a node, the formula of that node."""
    factor, rest = expr.as_coeff_Mul()
    while rest in named:
        more, rest = named[rest].as_coeff_Mul()
        factor *= more
    return factor, rest


def _root(expr: Expr) -> Expr:
    """The r of r² and of r·r; 0 for other formulas."""
    if isinstance(expr, dot) and expr.args[0] == expr.args[1]:
        found: Expr = expr.args[0]
        return found
    return expr.base if isinstance(expr, Pow) and expr.exp == 2 else S.Zero


__all__ = [
    "LeastSquares",
    "as_least_squares",
    "data_inside",
    "squared_targets",
    "targets_together",
]
