"""Statements → outline: the leaves, definitions and functions of a text; loops kept or unrolled."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sympy import Expr, Integer

from symback.circuits.circuit import LEAF_ROLES
from symback.circuits.names import check_name, check_size_name
from symback.errors import (
    CircuitError,
    CircuitSyntaxError,
    NameRefused,
    Place,
    TooLarge,
    UnknownName,
    Unsupported,
    nearest,
)
from symback.language.loops import KeptLoop, NotKept, kept_loop, refusal
from symback.language.scalars import Builder
from symback.language.syntax import (
    Declaration,
    Equation,
    Kink,
    Loop,
    SourceText,
    Statement,
    statements,
)
from symback.language.terms import Term, UserFunction
from symback.operations.elementwise import AT_KINK, OPS
from symback.operations.shapes import HIGHEST_RANK, Shape, size_symbol

MOST_TURNS = 10_000  # of a loop, those of the loops around it multiplied

MOST_REPEATED = 50_000  # lines that the loops of a text write out

LARGEST_SIZE = 1_000_000_000

_ROLES = (*LEAF_ROLES, "int", "loss", "output")


@dataclass(slots=True)
class Definition:
    """One equation: a node's name and its right-hand side, and the variables of its loops."""

    name: str
    term: Term
    place: Place
    bound: Mapping[str, Expr] = field(default_factory=dict)


@dataclass(slots=True)
class Outline:
    """What the statements say, before any expression is built."""

    leaves: dict[str, tuple[str, Term | None, Place]] = field(default_factory=dict)
    shapes: dict[str, Shape] = field(default_factory=dict)  # of the leaves that are arrays
    sizes: dict[str, Place] = field(default_factory=dict)  # names in shapes
    definitions: dict[str, Definition] = field(default_factory=dict)
    functions: dict[str, UserFunction] = field(default_factory=dict)
    bare: Term | None = None
    loss: str | None = None
    outputs: list[str] = field(default_factory=list)
    constants: dict[str, Shape | None] = field(default_factory=dict)  # with a value in the text
    no_loss: bool = False
    kinks: dict[str, Expr] = field(default_factory=dict)  # stated derivatives, by operation
    slopes: list[Kink] = field(default_factory=list)  # of the text's own functions
    turns: int = 1  # of the loops that are open, multiplied
    repeated: int = 0  # lines that loops have written out
    loops: list[KeptLoop] = field(default_factory=list)


def outline_of(
    source: SourceText,
    found: Iterable[Statement] | None = None,
    unrolled: Container[tuple[int, int]] = (),
) -> Outline:
    """What a text says; `found` are its statements, if it is not circuit text. Loops at the places
    in `unrolled` are unrolled, others where they can't be kept.
    """
    outline = Outline()
    for statement in statements(source) if found is None else found:
        if isinstance(statement, Loop) and statement.variable.place not in unrolled:
            kept = _kept(source, outline, statement)
            if kept is not None:
                outline.loops.append(kept)
                continue
        _enter(source, outline, statement, {})
    if not outline.definitions and outline.bare is None and not outline.loops:
        for function in outline.functions.values():
            arguments = ", ".join(function.arguments)
            raise CircuitError(
                f"{function.name}({arguments}) = … is a function, which no node uses; write "
                f"{function.name} = … for a node",
                source.place(function.place),
            )
        raise CircuitError("the circuit is empty; write a formula such as f = w*x")
    _state_slopes(source, outline)
    for name, place in outline.sizes.items():
        if name in outline.leaves or name in outline.definitions or name in outline.functions:
            raise NameRefused(f"'{name}' is both a size and a node; rename one", place)
    return outline


def _enter(
    source: SourceText, outline: Outline, statement: Statement, bound: Mapping[str, Expr]
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


def _state(source: SourceText, outline: Outline, kink: Kink) -> None:
    """Enter the derivative that an operation has at its kink, as in relu'(0) = 1/2."""
    name, place = kink.function.text, source.place(kink.function.place)
    if kink.at.kind == "name" and (name not in AT_KINK or kink.at.text != OPS[name].kink):
        outline.slopes.append(kink)  # the function may stand below
        return
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


def _state_slopes(source: SourceText, outline: Outline) -> None:
    """Give functions the derivatives that the text states, as in step'(u) = exp(-u**2)."""
    for kink in outline.slopes:
        name, at, place = kink.function.text, kink.at.text, source.place(kink.function.place)
        function = outline.functions.get(name)
        if function is None:
            known = ", ".join(f"{n}'({OPS[n].kink})" for n in AT_KINK)
            raise CircuitError(
                f"'{name}' is not a function of this text, whose derivative could be stated; of "
                f"those that are known, {known} can be",
                place,
            )
        if at not in function.arguments:
            hint = nearest(at, function.arguments) or f"; write {name}'({function.arguments[0]})"
            raise UnknownName(f"'{name}' has no argument '{at}'{hint}", source.place(kink.at.place))
        if at in function.slopes:
            raise CircuitError(f"{name}'({at}) is stated twice", place)
        slopes = {**function.slopes, at: kink.value}
        outline.functions[name] = replace(function, slopes=slopes)
    for function in outline.functions.values():
        missing = [a for a in function.arguments if a not in function.slopes]
        if function.slopes and missing:
            raise CircuitError(
                f"the derivative of '{function.name}' by '{missing[0]}' is not stated; "
                f"write {function.name}'({missing[0]}) = … as well"
            )


def _unroll(source: SourceText, outline: Outline, loop: Loop, bound: Mapping[str, Expr]) -> None:
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


def _kept(source: SourceText, outline: Outline, statement: Loop) -> KeptLoop | None:
    """The loop, if it is one that is kept; a text that declares no arrays has none."""
    if not outline.shapes:
        return None
    try:
        found = kept_loop(source, outline.sizes, statement)
    except NotKept as error:
        raise refusal(error, source) from None
    if found is not None and found.count.is_Integer:
        return found if found.count <= MOST_TURNS else None
    if found is not None:
        place = source.place(found.at)
        variable = check_name(found.variable, place)
        if variable in outline.leaves or variable in outline.sizes:
            raise CircuitError(
                f"'{variable}' has a meaning already; call the loop's otherwise", place
            )
    return found


def _whole(source: SourceText, term: Term, bound: Mapping[str, Expr]) -> int:
    known: Callable[[str], bool] = lambda _: False  # noqa: E731
    builder = Builder(source, known, bound=bound)
    number = builder.build(term)
    if builder.used or not number.is_Integer:
        raise CircuitSyntaxError("the bounds of a loop are whole numbers", source.place(term.place))
    return int(number)


def _declare(source: SourceText, outline: Outline, statement: Declaration) -> None:
    place = source.place(statement.name.place)
    name, role = statement.name.text, statement.role.text
    role = "input" if role == "int" else role  # what its numbers choose says that they are whole
    if name == "loss" and role == "none" and statement.value is None:
        outline.no_loss = True
        return
    if role not in _ROLES:
        raise CircuitSyntaxError(
            f"unknown role '{role[:40]}'; the roles are {', '.join(_ROLES)}{nearest(role, _ROLES)}",
            source.place(statement.role.place),
        )
    check_name(name, place)
    if role == "const" and statement.value is not None:
        shape = None if statement.shape is None else _shape(source, outline, statement.shape)
        outline.constants[name] = shape
        define(outline, name, statement.value, place)
        return
    if role in LEAF_ROLES:
        if statement.value is not None and role != "param":
            article = "an" if role == "input" else "a"
            why = f"a param has an initial value, a const a value, not {article} {role}"
            raise CircuitSyntaxError(why, place)
        if role == "samples" and statement.shape is not None:
            raise CircuitSyntaxError(f"'{name}' is one number, that of the samples", place)
        if role == "samples" and any(r == role for r, _, _ in outline.leaves.values()):
            raise CircuitError("the number of samples has a name already; use that", place)
        _refuse_twice(outline, name, place)
        outline.leaves[name] = (role, statement.value, place)
        if statement.shape is not None:
            outline.shapes[name] = _shape(source, outline, statement.shape)
        return
    if statement.shape is not None:
        raise CircuitSyntaxError(
            "only inputs, targets, params and consts declare a shape; others have that of their "
            "formula",
            source.place(statement.shape.place),
        )
    if statement.value is None:
        raise CircuitSyntaxError(f"the {role} needs a formula: {name}: {role} = …", place)
    if role == "output":
        outline.outputs.append(name)
    elif outline.loss is not None:
        raise CircuitError(f"a second loss, '{name}'; a circuit has one, such as their sum", place)
    else:
        outline.loss = name
    define(outline, name, statement.value, place)


def _shape(source: SourceText, outline: Outline, term: Term) -> Shape:
    """A declared shape: sizes are whole numbers or names."""
    place = source.place(term.place)
    if len(term.args) > HIGHEST_RANK:
        raise Unsupported(
            f"an array has at most {HIGHEST_RANK} axes; a batch adds one of its own", place
        )
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
    source: SourceText, outline: Outline, statement: Equation, bound: Mapping[str, Expr]
) -> None:
    left, right = statement.left, statement.right
    place = source.place(left.place)
    if bound and (right is None or left.kind != "index"):
        raise CircuitSyntaxError("in a loop each turn has its own node: h[t] = …", place)
    if right is None:
        if meant := _decimal_comma(place):
            raise CircuitSyntaxError(
                f"',' separates nodes; write a number with a point, as in {meant}", place
            )
        if outline.bare is not None:
            raise CircuitError("a second expression without a name; write name = … for each", place)
        outline.bare = left
    elif left.kind == "name":
        define(outline, check_name(left.text, place), right, place)
    elif left.kind == "index" and left.args[0].kind == "name" and len(left.args) == 2:
        number = _whole(source, left.args[1], bound)
        if number < 0:
            raise CircuitSyntaxError("the index of a node counts from 0", place)
        name = check_name(f"{left.args[0].text}_{number}", place)
        define(outline, name, right, place, bound)
    elif left.kind == "call" and all(a.kind == "name" for a in left.args):
        arguments = tuple(check_name(a.text, source.place(a.place)) for a in left.args)
        if len(set(arguments)) < len(arguments):
            raise CircuitError(f"'{left.text}' names an argument twice", place)
        _refuse_twice(outline, check_name(left.text, place), place)
        outline.functions[left.text] = UserFunction(left.text, arguments, right, place=left.place)
    else:
        raise CircuitSyntaxError("left of '=' stands a name, as in f = x1 - x2", place)


_COMMA = re.compile(r"(?<![\w.])(\d+),\Z", re.ASCII)


def _decimal_comma(place: Place) -> str:
    """The number that was meant where 3,5 stands, as 3.5; nothing elsewhere."""
    before = _COMMA.search((place.text or "")[: place.column - 1])
    behind = re.match(r"\d+", (place.text or "")[place.column - 1 :], re.ASCII)
    return f"{before[1]}.{behind[0]}" if before and behind else ""


def define(
    outline: Outline,
    name: str,
    term: Term,
    place: Place,
    bound: Mapping[str, Expr] | None = None,
) -> None:
    _refuse_twice(outline, name, place)
    outline.definitions[name] = Definition(name, term, place, bound or {})


def _refuse_twice(outline: Outline, name: str, place: Place) -> None:
    if name in outline.leaves or name in outline.definitions or name in outline.functions:
        raise CircuitError(f"'{name}' is defined twice; give one of them another name", place)


__all__ = ["Definition", "Outline", "define", "outline_of"]
