"""Whether a loss is a sum of squared residuals, so that least squares fits it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sympy import Expr, Pow, S, Symbol

from symback.circuits.circuit import Circuit, Node, computed
from symback.circuits.names import fresh_name
from symback.errors import CircuitError
from symback.operations.arrays import dot, full, mean, reduce_sum, shape_of


def squared_target(circuit: Circuit) -> Node | None:
    """The target y where the loss is c·Σ(f − y)² with f the output and a number c > 0; else None.

    The residual, its square and their sum may be nodes with names of their own.

    >>> import symback as sb
    >>> print(squared_target(sb.circuit("f = w*x + b")))
    y
    >>> print(squared_target(sb.circuit("w: param; x: input; y: target; L: loss = abs(w*x - y)")))
    None
    """
    if circuit.loss is None:
        return None
    output = circuit.output.symbol
    named = {n.symbol: n.formula for n in circuit.nodes if not n.is_leaf and n.symbol != output}
    factor, rest = _written(circuit.loss.symbol, named)
    if not factor > 0:
        return None
    square = rest.args[0] if isinstance(rest, reduce_sum | mean) else rest
    inner, square = _written(square, named)
    if not inner > 0:
        return None
    _, residual = _written(_root(square), named)
    slope = residual.coeff(output)
    if not slope.is_number or slope.is_zero:
        return None
    for target in circuit.targets:
        rest = (residual - slope * (output - target.symbol)).expand()
        if target.shape == circuit.output.shape and rest.is_zero:
            return target
    return None


def as_least_squares(circuit: Circuit) -> Circuit:
    """The circuit whose output f is compared with the data, where only a loss c·(f − y)² says so.

    Its residual is linear in one target, or where it reads none in one input alone, with a number
    before it. Other circuits are given back as they are; CircuitError where several could be meant.

    >>> import symback as sb
    >>> circuit = sb.circuit("x: input; w: param; y: target; l: loss = (y - w*x)**2")
    >>> found = as_least_squares(circuit)
    >>> print(found.output.formula, squared_target(found))
    w*x y
    """
    residual = None if squared_target(circuit) is not None else _residual(circuit)
    data = None if residual is None else _data_of(circuit, residual)
    if residual is None or data is None:
        return circuit
    slope = residual.coeff(data.symbol)
    formula = ((slope * data.symbol - residual) / slope).expand()
    shapes, names = circuit.shapes, {n.name for n in circuit.nodes}
    if shape_of(formula, shapes) != data.shape:  # a number, compared with each entry
        formula = formula * full(S.One, *data.shape)
    kept = _below(circuit, formula)
    operands = [n.name for n in kept]
    output = computed(
        fresh_name(("f", "fitted"), names), formula, operands, shapes=shapes, shape=data.shape
    )
    shapes = {**shapes, output.name: output.shape}
    squares = (output.symbol - data.symbol) ** 2
    objective = circuit.objective
    loss = computed(
        objective.name,
        (reduce_sum(squares) if output.shape else squares) / 2,
        [output.name, data.name],
        objective.place,
        shapes=shapes,
    )
    leaves = [n for n in kept if n.is_leaf and n.name != data.name]
    nodes = (*leaves, replace(data, role="target"), *(n for n in kept if not n.is_leaf))
    return replace(circuit, nodes=(*nodes, output, loss), output=output, loss=loss, stacked=())


def data_inside(circuit: Circuit) -> Node | None:
    """The input y where the output that a squared loss was added to is a square c·(f − y)² itself.

    >>> import symback as sb
    >>> print(data_inside(sb.circuit("x: input; y: input; w: param; loss = (w*x - y)**2")))
    y
    """
    if squared_target(circuit) is None:
        return None
    residual = _residual(replace(circuit, loss=None))
    return None if residual is None else _data_of(replace(circuit, loss=None), residual)


def _residual(circuit: Circuit) -> Expr | None:
    """The r where the objective is c·Σr² with a number c > 0, over the nodes it was typed with."""
    if circuit.objective.shape:
        return None
    named = {n.symbol: n.formula for n in circuit.computed}
    factor, rest = _written(circuit.objective.symbol, named)
    square = rest.args[0] if isinstance(rest, reduce_sum | mean) else rest
    inner, square = _written(square, named)
    if not (factor > 0 and inner > 0):
        return None
    root = _root(square)
    _, residual = _written(root, named)
    found: Expr = residual.expand()
    return None if found.is_zero else found


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


__all__ = ["as_least_squares", "data_inside", "squared_target"]
