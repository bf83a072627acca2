"""Circuit text → Circuit: declarations, equations, functions; roles where none are declared."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sympy import Expr, Integer, Symbol

from symback.circuits.circuit import (
    AUTOMATIC,
    LEAF_ROLES,
    Circuit,
    Node,
    _Automatic,
    assemble,
    computed,
    leaf,
    size,
)
from symback.circuits.names import check_name, check_size_name, fresh_name
from symback.circuits.paused_gc import no_search_for_cycles
from symback.errors import (
    CircuitError,
    CircuitSyntaxError,
    NameRefused,
    Place,
    TooLarge,
    UnknownName,
    Unsupported,
    clip,
    nearest,
)
from symback.language.arrays import CALLS, ArrayBuilder
from symback.language.scalars import Builder, UserFunction
from symback.language.syntax import (
    Declaration,
    Equation,
    Kink,
    Loop,
    Source,
    Statement,
    Term,
    statements,
)
from symback.operations.balls.scalars import constant, nearest_float
from symback.operations.elementwise import AT_KINK, OPS
from symback.operations.shapes import Shape, size_symbol

PARAM_LETTERS = ("w", "W", "b", "B", "theta")
"""Names that begin so are parameters where no role is declared; θ is read as theta."""

_OUTPUT_NAMES = ("f", "g", "out", "output_f")
MOST_TURNS = 10_000  # of a loop, those of the loops around it multiplied
MOST_REPEATED = 50_000  # lines that the loops of a text write out
LARGEST_SIZE = 1_000_000_000
HIGHEST_RANK = 2  # of an array: a batch adds an axis of its own
ARRAYS_WITHOUT_LEAF = frozenset({"eye", "zeros", "ones", "concat"})
_ROLES = (*LEAF_ROLES[:3], "loss", "output")


@no_search_for_cycles()
def circuit(
    text: str,
    *,
    params: Iterable[str] | None = None,
    inputs: Iterable[str] | None = None,
    loss: str | _Automatic | None = AUTOMATIC,
) -> Circuit:
    """The circuit that a text describes.

    `params` and `inputs` override the roles inferred from names; `loss` is the name of the node
    to minimise or its formula, None for none. Errors are CircuitError and its kin, with line,
    column and cause.

    >>> import symback as sb
    >>> print(sb.circuit("f = x1 − σ(w3x3 + w4x4)", loss=None))
    x1: input
    w3: param
    x3: input
    w4: param
    x4: input
    f: output = x1 - sigma(w3*x3 + w4*x4)
    loss: none
    <BLANKLINE>
    """
    if not isinstance(text, str):
        raise CircuitError(f"a circuit is a text, not {type(text).__name__}")
    params, inputs, loss = names_in(params), names_in(inputs), check_loss(loss)
    loss_text = loss if isinstance(loss, str) and not loss.isidentifier() else None
    source = Source(text if loss_text is None else _with_loss(text, loss_text))
    try:
        outline = _outline(source)
        return _Assembly(source, outline, params, inputs).circuit(
            AUTOMATIC if loss_text is not None else loss
        )
    except RecursionError:
        raise TooLarge("the expression is nested too deep; name inner parts") from None


def _with_loss(text: str, formula: str) -> str:
    """The text with the formula of the loss below it; the formula is one expression."""
    found = statements(Source(formula))
    if len(found) != 1 or not isinstance(found[0], Equation) or found[0].right is not None:
        raise CircuitSyntaxError("the loss is one formula, as in (f - y)**2", Place(1, 1, formula))
    return f"{text.rstrip()}\nl: loss = {formula.strip()}"


def names_in(names: Iterable[Any] | None) -> tuple[str, ...]:
    """The names that an option lists: texts or nodes, or one text with commas between."""
    if isinstance(names, str):
        names = names.replace(",", " ").split()
    if isinstance(names, bytes) or not isinstance(names, Iterable | None):
        raise CircuitError(f"a list of names was expected, not {type(names).__name__[:40]}")
    listed = tuple(names or ())
    for name in listed:
        if not isinstance(name, str | Node | Symbol):
            raise CircuitError(f"a name is a text, not {type(name).__name__[:40]}")
    return tuple(str(name) for name in listed)


def check_loss(loss: Any) -> str | _Automatic | None:
    """The option, if it is one: the name of a node, a formula, None or AUTOMATIC."""
    loss = loss.name if isinstance(loss, Node) else loss
    if loss is not None and not isinstance(loss, str | _Automatic):
        raise CircuitError(f"the loss is a name or a formula, not {type(loss).__name__[:40]}")
    return loss


def roles_given(params: Iterable[str], inputs: Iterable[str]) -> dict[str, str]:
    """The roles that the options `params` and `inputs` give to names."""
    roles = dict.fromkeys(params, "param")
    for name in inputs:
        if roles.setdefault(name, "input") != "input":
            raise CircuitError(f"'{clip(name, 40)}' is named both a parameter and an input")
    return roles


@dataclass(slots=True)
class _Definition:
    """One equation: a node's name and its right-hand side, and the variables of its loops."""

    name: str
    term: Term
    place: Place
    bound: Mapping[str, Expr] = field(default_factory=dict)


@dataclass(slots=True)
class _Outline:
    """What the statements say, before any expression is built."""

    leaves: dict[str, tuple[str, Term | None, Place]] = field(default_factory=dict)
    shapes: dict[str, Shape] = field(default_factory=dict)  # of the leaves that are arrays
    sizes: dict[str, Place] = field(default_factory=dict)  # names in shapes
    definitions: dict[str, _Definition] = field(default_factory=dict)
    functions: dict[str, UserFunction] = field(default_factory=dict)
    bare: Term | None = None
    loss: str | None = None
    output: str | None = None
    no_loss: bool = False
    kinks: dict[str, Expr] = field(default_factory=dict)  # stated derivatives, by operation
    turns: int = 1  # of the loops that are open, multiplied
    repeated: int = 0  # lines that loops have written out


def _outline(source: Source) -> _Outline:
    outline = _Outline()
    for statement in statements(source):
        _enter(source, outline, statement, {})
    if not outline.definitions and outline.bare is None:
        raise CircuitError("the circuit is empty; write a formula such as f = w*x")
    for name, place in outline.sizes.items():
        if name in outline.leaves or name in outline.definitions or name in outline.functions:
            raise NameRefused(f"'{name}' is both a size and a node; rename one", place)
    return outline


def _enter(
    source: Source, outline: _Outline, statement: Statement, bound: Mapping[str, Expr]
) -> None:
    if isinstance(statement, Loop):
        _unroll(source, outline, statement, bound)
    elif isinstance(statement, Equation):
        _equate(source, outline, statement, bound)
    elif bound:
        at = statement.function if isinstance(statement, Kink) else statement.name
        raise CircuitSyntaxError(
            "declare before the loop; a loop has equations only", source.place(at.place)
        )
    elif isinstance(statement, Kink):
        _state(source, outline, statement)
    else:
        _declare(source, outline, statement)


def _state(source: Source, outline: _Outline, kink: Kink) -> None:
    """Enter the derivative that an operation has at its kink, as in relu'(0) = 1/2."""
    name, place = kink.function.text, source.place(kink.function.place)
    if name not in AT_KINK or kink.at.text != OPS[name].kink:
        known = ", ".join(f"{n}'({OPS[n].kink})" for n in AT_KINK)
        raise CircuitError(f"only {known} can be stated; other derivatives follow", place)
    stated = f"{name}'({kink.at.text})"
    if name in outline.kinks:
        raise CircuitError(f"{stated} is stated twice", place)
    builder = Builder(source, lambda _: False)
    number = builder.build(kink.value)
    if builder.used or not number.is_number:
        raise CircuitSyntaxError(f"{stated} is a number", source.place(kink.value.place))
    outline.kinks[name] = number


def _unroll(source: Source, outline: _Outline, loop: Loop, bound: Mapping[str, Expr]) -> None:
    """Enter the block of a loop once for every value of its variable."""
    place = source.place(loop.variable.place)
    variable = check_name(loop.variable.text, place)
    if variable in outline.leaves or variable in bound:
        raise CircuitError(f"'{variable}' has a meaning already; call the loop's otherwise", place)
    start = 0 if loop.start is None else _whole(source, loop.start, bound)
    stop = _whole(source, loop.stop, bound)
    if stop <= start:
        raise CircuitError(f"the loop over '{variable}' is empty", place)
    outline.turns *= stop - start
    outline.repeated += (stop - start) * sum(isinstance(s, Equation) for s in loop.body)
    if outline.turns > MOST_TURNS:
        raise CircuitError(f"the loop over '{variable}' has more than {MOST_TURNS:,} turns", place)
    if outline.repeated > MOST_REPEATED:
        raise TooLarge(f"the loops write out more than {MOST_REPEATED:,} lines", place)
    for value in range(start, stop):
        for statement in loop.body:
            _enter(source, outline, statement, {**bound, variable: Integer(value)})
    outline.turns //= stop - start


def _whole(source: Source, term: Term, bound: Mapping[str, Expr]) -> int:
    known: Callable[[str], bool] = lambda _: False  # noqa: E731
    builder = Builder(source, known, bound=bound)
    number = builder.build(term)
    if builder.used or not number.is_Integer:
        raise CircuitSyntaxError("the bounds of a loop are whole numbers", source.place(term.place))
    return int(number)


def _declare(source: Source, outline: _Outline, statement: Declaration) -> None:
    place = source.place(statement.name.place)
    name, role = statement.name.text, statement.role.text
    if name == "loss" and role == "none" and statement.value is None:
        outline.no_loss = True
        return
    if role not in _ROLES:
        raise CircuitSyntaxError(
            f"unknown role '{role[:40]}'; the roles are {', '.join(_ROLES)}{nearest(role, _ROLES)}",
            source.place(statement.role.place),
        )
    check_name(name, place)
    if role in LEAF_ROLES:
        if statement.value is not None and role != "param":
            raise CircuitSyntaxError(f"only a param has an initial value, not an {role}", place)
        _refuse_twice(outline, name, place)
        outline.leaves[name] = (role, statement.value, place)
        if statement.shape is not None:
            outline.shapes[name] = _shape(source, outline, statement.shape)
        return
    if statement.shape is not None:
        raise CircuitSyntaxError(
            "only inputs, targets and params declare a shape; others have that of their formula",
            source.place(statement.shape.place),
        )
    if statement.value is None:
        raise CircuitSyntaxError(f"the {role} needs a formula: {name}: {role} = …", place)
    if getattr(outline, role) is not None:
        raise CircuitError(f"a second {role}, '{name}'; a circuit has one", place)
    setattr(outline, role, name)
    _define(outline, name, statement.value, place)


def _shape(source: Source, outline: _Outline, term: Term) -> Shape:
    """A declared shape: sizes are whole numbers or names."""
    place = source.place(term.place)
    if len(term.args) > HIGHEST_RANK:
        raise Unsupported("an array has one or two axes; a batch adds one of its own", place)
    sizes: list[Any] = []
    for part in term.args:
        if part.kind == "name":
            outline.sizes.setdefault(check_size_name(part.text, place), place)
            sizes.append(size_symbol(part.text))
        elif part.kind == "number" and part.text.isdigit() and 0 < int(part.text) <= LARGEST_SIZE:
            sizes.append(Integer(part.text))
        else:
            raise CircuitSyntaxError("a size is a name or a whole number from 1", place)
    return tuple(sizes)


def _equate(
    source: Source, outline: _Outline, statement: Equation, bound: Mapping[str, Expr]
) -> None:
    left, right = statement.left, statement.right
    place = source.place(left.place)
    if bound and (right is None or left.kind != "index"):
        raise CircuitSyntaxError("in a loop each turn has its own node: h[t] = …", place)
    if right is None:
        if outline.bare is not None:
            raise CircuitError("a second expression without a name; write name = … for each", place)
        outline.bare = left
    elif left.kind == "name":
        _define(outline, check_name(left.text, place), right, place)
    elif left.kind == "index" and left.args[0].kind == "name" and len(left.args) == 2:
        number = _whole(source, left.args[1], bound)
        if number < 0:
            raise CircuitSyntaxError("the index of a node counts from 0", place)
        name = check_name(f"{left.args[0].text}_{number}", place)
        _define(outline, name, right, place, bound)
    elif left.kind == "call" and all(a.kind == "name" for a in left.args):
        arguments = tuple(check_name(a.text, source.place(a.place)) for a in left.args)
        if len(set(arguments)) < len(arguments):
            raise CircuitError(f"'{left.text}' names an argument twice", place)
        _refuse_twice(outline, check_name(left.text, place), place)
        outline.functions[left.text] = UserFunction(left.text, arguments, right)
    else:
        raise CircuitSyntaxError("left of '=' stands a name, as in f = x1 - x2", place)


def _define(
    outline: _Outline,
    name: str,
    term: Term,
    place: Place,
    bound: Mapping[str, Expr] | None = None,
) -> None:
    _refuse_twice(outline, name, place)
    outline.definitions[name] = _Definition(name, term, place, bound or {})


def _refuse_twice(outline: _Outline, name: str, place: Place) -> None:
    if name in outline.leaves or name in outline.definitions or name in outline.functions:
        raise CircuitError(f"'{name}' is defined twice; give one of them another name", place)


class _Assembly:
    """Resolves names and roles of an outline and assembles the circuit."""

    def __init__(
        self,
        source: Source,
        outline: _Outline,
        params: tuple[str, ...],
        inputs: tuple[str, ...],
    ) -> None:
        self._source = source
        self._outline = outline
        self._overrides = roles_given(params, inputs)
        self._appeared: dict[str, Place] = {}
        self._uncalled: set[str] = set()  # names that no formula calls
        self._built: dict[str, Node | None] = {}
        self._used: dict[str, dict[str, Place]] = {}  # by definition, in the text's order
        self._has_arrays = bool(outline.shapes) or any(
            term.kind == "call" and term.text in ARRAYS_WITHOUT_LEAF
            for d in outline.definitions.values()
            for term in _terms(d.term)
        )
        if self._has_arrays:
            self._refuse_names_of_operations()
        if outline.bare is not None:
            self._name_bare(outline.bare)

    def _refuse_names_of_operations(self) -> None:
        """Among arrays, sum and its kin are operations and nothing else."""
        outline = self._outline
        places: dict[str, Place | None] = {
            **{name: place for name, (_, _, place) in outline.leaves.items()},
            **{name: definition.place for name, definition in outline.definitions.items()},
            **dict.fromkeys(outline.functions),
        }
        for name, place in places.items():
            if name in CALLS:
                raise NameRefused(f"'{name}' is an operation on arrays; choose another name", place)

    def _name_bare(self, bare: Term) -> None:
        """A single expression without a name is f, or another name where f is taken."""
        place = self._source.place(bare.place)
        if self._outline.definitions.keys() - {self._outline.loss}:
            raise CircuitError("an expression without a name; write name = …", place)
        taken = {t.text for t in _terms(bare)} | set(self._outline.leaves) | set(self._overrides)
        taken |= {self._outline.loss or ""}
        _define(self._outline, fresh_name(_OUTPUT_NAMES, taken), bare, place)

    def _is_known(self, name: str) -> bool:
        outline = self._outline
        return (
            name in outline.leaves
            or name in outline.definitions
            or name in outline.sizes
            or name in self._overrides
        )

    def circuit(self, loss: str | _Automatic | None) -> Circuit:
        nodes = [self._computed(d) for d in self._outline.definitions.values()]
        for place_of in self._used.values():
            for name, place in place_of.items():
                self._appeared.setdefault(name, place)
        chosen = self._loss(loss)
        leaves, inferred = self._leaves(only_in_loss(nodes, chosen))
        sizes = [size(n, p) for n, p in self._outline.sizes.items() if n in self._appeared]
        return assemble(
            [*sizes, *leaves, *nodes], output=self._outline.output, loss=chosen, inferred=inferred
        )

    def _loss(self, option: str | _Automatic | None) -> str | _Automatic | None:
        if isinstance(option, str):
            if option not in self._outline.definitions:
                hint = nearest(option, self._outline.definitions)
                raise UnknownName(f"the loss '{clip(option, 40)}' is not a computed node{hint}")
            return option
        if option is None or self._outline.no_loss:
            return None
        return self._outline.loss or AUTOMATIC

    def _computed(self, definition: _Definition) -> Node:
        """The node of a definition, built once; arrays ask for the shapes of others first."""
        if definition.name not in self._built:
            self._built[definition.name] = None  # being built
            self._used[definition.name] = {}
            self._built[definition.name] = self._build(definition)
        node = self._built[definition.name]
        if node is None:
            raise CircuitError(f"'{definition.name}' depends on itself", definition.place)
        return node

    def _build(self, definition: _Definition) -> Node:
        outline, name = self._outline, definition.name
        settings: Any = {
            "is_size": outline.sizes.__contains__,
            "bound": definition.bound,
            "array_calls": CALLS,
            "kinks": outline.kinks,
        }
        builder: Builder
        if self._has_arrays:
            builder = ArrayBuilder(
                self._source,
                self._is_known,
                outline.functions,
                **settings,
                shape=self._shape_of,
                is_target=lambda n: n in outline.leaves and outline.leaves[n][0] == "target",
            )
            formula, shape = builder.whole(definition.term)
            shapes = {n: s for n, s in builder.shapes.items() if s}
        else:
            builder = Builder(self._source, self._is_known, outline.functions, **settings)
            formula, shape, shapes = builder.build(definition.term), (), None
        self._used[name] = builder.used
        if "sigma" in builder.used and not self._is_known("sigma"):
            self._refuse_called("sigma")
        used = list(builder.used)
        return computed(name, formula, used, definition.place, shapes=shapes, shape=shape)

    def _shape_of(self, name: str) -> Shape:
        outline = self._outline
        if name in outline.definitions:
            return self._computed(outline.definitions[name]).shape
        return outline.shapes.get(name, ())

    def _refuse_called(self, name: str) -> None:
        """A name that stands for a number can't be a function in the same circuit."""
        if name in self._uncalled:
            return
        self._uncalled.add(name)
        for other in self._outline.definitions.values():
            for term in _terms(other.term):
                if term.kind == "call" and term.text == name:
                    raise CircuitSyntaxError(
                        f"'{name}' is both a number and a function here; write sigmoid(…)",
                        self._source.place(term.place),
                    )

    def _leaves(self, targets: Container[str]) -> tuple[list[Node], tuple[str, ...]]:
        """Leaves, declared and inferred, in order of declaration or of first appearance."""
        outline, is_strict = self._outline, self._is_strict
        found = [self._declared(name) for name in outline.leaves]
        inferred = []
        for name, place in self._appeared.items():
            if name in outline.definitions or name in outline.leaves or name in outline.sizes:
                continue
            if is_strict and name not in self._overrides:
                known = [*outline.leaves, *outline.definitions, *self._overrides]
                hint = nearest(name, known)
                raise UnknownName(f"'{name[:64]}' is not defined{hint}", place)
            role = self._overrides.get(name) or inferred_role(name, targets)
            found.append(leaf(check_name(name, place), role, place=place))  # type: ignore[arg-type]
            inferred += [] if name in self._overrides else [name]
        self._refuse_unknown_overrides(found)
        return found, tuple(inferred)

    @property
    def _is_strict(self) -> bool:
        """Whether every name must be declared: where inputs or params are, beside several nodes."""
        declared = any(role in ("input", "param") for role, _, _ in self._outline.leaves.values())
        return declared and len(self._outline.definitions) > 1

    def _declared(self, name: str) -> Node:
        role, value, place = self._outline.leaves[name]
        role = self._overrides.get(name, role)
        initial = None if value is None or role != "param" else self._initial(name, value)
        shape = self._outline.shapes.get(name, ())
        return leaf(name, role, initial, place, shape)  # type: ignore[arg-type]

    def _initial(self, name: str, term: Term) -> float:
        expr = Builder(self._source, lambda _: False).build(term)
        return _float(name, expr, self._source.place(term.place))

    def _refuse_unknown_overrides(self, leaves: list[Node]) -> None:
        names = {n.name: None for n in leaves}  # in order, and found at once
        for name in self._overrides:
            if name in self._outline.definitions:
                raise CircuitError(f"'{name}' is computed, so it can't be a parameter or an input")
            if name not in names:
                hint = nearest(name, names)
                raise UnknownName(f"the circuit has no name '{clip(name, 40)}'{hint}")


def _float(name: str, expr: Expr, place: Place) -> float:
    if not expr.is_number:
        raise CircuitError(f"the initial value of '{name}' must be a number", place)
    return nearest_float(constant(expr))


def inferred_role(name: str, only_in_loss: Container[str]) -> str:
    """The role that a name suggests: a target if no node but the loss reads it."""
    if name.startswith(PARAM_LETTERS):
        return "param"
    return "target" if name in only_in_loss else "input"


def only_in_loss(nodes: Sequence[Node], loss: object) -> set[str]:
    """The names that the loss reads and no other node; none where the loss is the only node."""
    others = {name for n in nodes if n.name != loss for name in n.operands}
    return {name for n in nodes if n.name == loss for name in n.operands if others} - others


def _terms(term: Term) -> list[Term]:
    stack, found = [term], []
    while stack:
        last = stack.pop()
        found.append(last)
        stack.extend(last.args)
    return found


__all__ = ["check_loss", "circuit", "inferred_role", "names_in", "only_in_loss", "roles_given"]
