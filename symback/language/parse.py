"""Circuit text → Circuit: the names and roles of an outline resolved, its formulas built."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import replace
from itertools import count
from typing import Any

from sympy import Expr

from symback.circuits.assembly import AUTOMATIC, Automatic, assemble
from symback.circuits.circuit import Circuit, Node, computed, leaf, size
from symback.circuits.names import (
    OUTPUT_NAMES,
    VARIABLE_TOO,
    check_name,
    fresh_name,
    other_spelling,
)
from symback.circuits.paused_gc import no_search_for_cycles
from symback.circuits.requirements import indices
from symback.errors import (
    CircuitError,
    CircuitSyntaxError,
    NameRefused,
    Place,
    SymbackError,
    TooLarge,
    UnknownName,
    clip,
    nearest,
)
from symback.language.arrays import CALLS, NO_NAMES
from symback.language.loop_nodes import LoopNodes, StepBuilder
from symback.language.loops import NotKept, refusal
from symback.language.options import (
    check_loss,
    in_given_order,
    inferred_role,
    names_in,
    only_in_loss,
    roles_given,
)
from symback.language.outline import Definition, Outline, define, outline_of
from symback.language.products import (
    calls_meant,
    factors_among,
    powers_of_e,
    products_meant,
    spelled_twice,
)
from symback.language.scalars import Builder
from symback.language.scopes import (
    NOT_IN_LOSS,
    CountedOnce,
    constant_of,
    inner_once,
    refuse_reads,
)
from symback.language.syntax import (
    Equation,
    SourceText,
    Statement,
    statements,
)
from symback.language.terms import Term, terms_in
from symback.language.typed_sums import TypedSums
from symback.operations.balls.scalars import constant, nearest_float
from symback.operations.shapes import Shape

LONGEST_LATEX = 200_000
MOST_ATTEMPTS = 4  # to keep some loops of a text, before all are unrolled
ARRAYS_WITHOUT_LEAF = frozenset({"eye", "zeros", "ones", "concat", "stack", "one_hot"})


@no_search_for_cycles()
def circuit(
    text: str,
    *,
    params: Iterable[str] | None = None,
    inputs: Iterable[str] | None = None,
    loss: str | Automatic | None = AUTOMATIC,
    notation: str = "text",
) -> Circuit:
    """The circuit that a text describes, or with notation="latex" LaTeX.

    `params` and `inputs` override the roles inferred from names, and order them; `loss` names the
    node to minimise or its formula, None for none. Errors are CircuitError and its kin, with line,
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
    if notation not in NOTATIONS:
        raise CircuitError(f"the notation is text or latex, not {clip(repr(notation), 40)}")
    params, inputs, loss = names_in(params), names_in(inputs), check_loss(loss)
    is_formula = isinstance(loss, str) and not loss.isidentifier()
    if is_formula and notation == "latex":
        text, loss, is_formula = f"{text}\n\\\\ l = {loss}", "l", False
    loss_text = str(loss) if is_formula else None
    source = SourceText(text if loss_text is None else _with_loss(text, loss_text))
    try:
        found = _statements(source, notation)
        return _assembled(source, found, params, inputs, AUTOMATIC if loss_text else loss)
    except RecursionError:
        raise TooLarge("the expression is nested too deep; name inner parts") from None


def _assembled(
    source: SourceText,
    found: list[Statement],
    params: tuple[str, ...],
    inputs: tuple[str, ...],
    loss: str | Automatic | None,
) -> Circuit:
    """The circuit of statements; what can't be kept as a loop is unrolled, so are all where the
    circuit has an error, which then speaks of what was typed.
    """
    unrolled: set[tuple[int, int]] = set()
    for attempt in count():
        outline = outline_of(source, found, unrolled)
        constant = {kept.at for kept in outline.loops if kept.count.is_Integer}
        try:
            return _Assembly(source, outline, params, inputs).circuit(loss)
        except NotKept as error:
            if error.at not in constant:
                raise refusal(error, source) from None
            unrolled |= {error.at} if attempt < MOST_ATTEMPTS else constant
        except SymbackError:
            if not constant:
                raise
            unrolled |= constant
    raise AssertionError("a text without loops that are kept has none that can't be")


NOTATIONS = ("text", "latex")


def _statements(source: SourceText, notation: str) -> list[Statement]:
    if notation == "text":
        return statements(source)
    if len(source.text) > LONGEST_LATEX:
        raise TooLarge(f"the text is longer than {LONGEST_LATEX:,} characters")
    from symback.language.latex import statements_of_latex  # most circuits are circuit text

    return statements_of_latex(source)


def _with_loss(text: str, formula: str) -> str:
    """The text with the formula of the loss below it; the formula is one expression."""
    found = statements(SourceText(formula))
    if len(found) != 1 or not isinstance(found[0], Equation) or found[0].right is not None:
        raise CircuitSyntaxError("the loss is one formula, as in (f - y)**2", Place(1, 1, formula))
    return f"{text.rstrip()}\nl: loss = {formula.strip()}"


class _Assembly:
    """Resolves names and roles of an outline and assembles the circuit."""

    def __init__(
        self,
        source: SourceText,
        outline: Outline,
        params: tuple[str, ...],
        inputs: tuple[str, ...],
    ) -> None:
        self._source = source
        self._outline = outline
        self._overrides, self._lists = roles_given(params, inputs), (params, inputs)
        self._appeared: dict[str, Place] = {}
        self._uncalled: set[str] = set()  # names that no formula calls
        self._sums = TypedSums()
        self._built: dict[str, Node | None] = {}
        self._used: dict[str, dict[str, Place]] = {}  # by definition, in the text's order
        taken = {*outline.leaves, *outline.definitions, *outline.sizes, *self._overrides}
        self._once = CountedOnce.among(outline.leaves, taken)
        whole = [d.term for d in outline.definitions.values()]
        whole += [f.body for f in outline.functions.values()]
        whole += [outline.bare] if outline.bare else []
        self._has_arrays = (
            bool(outline.shapes)
            or any(outline.constants.values())
            or any(
                term.kind == "vector" or (term.kind == "call" and term.text in ARRAYS_WITHOUT_LEAF)
                for one in whole
                for term in terms_in(one)
            )
        )
        if self._has_arrays:
            self._refuse_names_of_operations()
        settings = {**self._settings({}), **self._of_arrays, "is_known": self._is_known}
        self._loops = LoopNodes(source, outline, settings, self._shape_of)
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
            if name in NO_NAMES:
                raise NameRefused(f"'{name}' is an operation on arrays; choose another name", place)

    def _name_bare(self, bare: Term) -> None:
        """A single expression without a name is f, or another name where f is taken."""
        place = self._source.place(bare.place)
        if self._outline.definitions.keys() - {self._outline.loss}:
            raise CircuitError("an expression without a name; write name = …", place)
        taken = {t.text for t in terms_in(bare)} | set(self._outline.leaves) | set(self._overrides)
        taken |= {self._outline.loss or ""}
        define(self._outline, fresh_name(OUTPUT_NAMES, taken), bare, place)

    def _is_known(self, name: str) -> bool:
        outline = self._outline
        return (
            name in outline.leaves
            or name in outline.definitions
            or name in outline.sizes
            or name in self._overrides
            or (name == self._once.name and bool(self._once.places))
            or self._loops.knows(name)
        )

    def circuit(self, loss: str | Automatic | None) -> Circuit:
        self._option = loss
        nodes = [self._computed(d) for d in self._outline.definitions.values()]
        nodes += self._loops.nodes()
        for place_of in (*self._used.values(), *self._loops.used.values()):
            for name, place in place_of.items():
                self._appeared.setdefault(name, place)
        chosen = self._loss(loss)
        leaves, inferred = self._leaves(only_in_loss(nodes, chosen))
        sizes = [size(n, p) for n, p in self._outline.sizes.items() if n in self._appeared]
        leaves += self._once.leaves()
        self._once.refuse_data({n.name: n for n in (*leaves, *nodes)})
        made = assemble(
            [*sizes, *leaves, *nodes],
            outputs=self._outline.outputs,
            loss=chosen,
            inferred=inferred,
        )
        self._refuse_trained_indices(made)
        return replace(made, warnings=self._warnings(made), sums=self._sums)

    def _refuse_trained_indices(self, made: Circuit) -> None:
        for name in indices(made):
            if made[name].role == "param":
                raise CircuitError(
                    f"the index '{name}' is a parameter, but it comes from data; "
                    f"declare {name}: int",
                    made[name].place,
                )

    def _warnings(self, made: Circuit) -> tuple[str, ...]:
        """A sentence for each name that is likely meant otherwise, with the spelling to write."""
        why = {
            name: f"'{name}' is one name; write {product} for a product, "
            f"or declare {name}: {made[name].role}"
            for name, product in products_meant(made.nodes, made.inferred).items()
        }
        for name, call in calls_meant(made.inferred).items():
            role = made[name].role
            why[name] = f"'{name}' is one name; write {call} to call it, or declare {name}: {role}"
        for name, other in spelled_twice(made.inferred).items():
            why[name] = f"'{other}' and '{name}' are two names; write one of them, or declare both"
        for name, power in powers_of_e(made.nodes, made.inferred).items():
            why[name] = f"'{name}' is a name; write {power} for the exponential, or declare it"
        places = {name: self._appeared[name] for name in why}
        return tuple(f"line {p.line}, column {p.column}: {why[n]}" for n, p in places.items())

    def _loss(self, option: str | Automatic | None) -> str | Automatic | None:
        if isinstance(option, str):
            if option not in self._outline.definitions:
                hint = nearest(option, self._outline.definitions)
                raise UnknownName(f"the loss '{clip(option, 40)}' is not a computed node{hint}")
            return option
        if option is None or self._outline.no_loss:
            return None
        return self._outline.loss or AUTOMATIC

    def _computed(self, definition: Definition) -> Node:
        """The node of a definition, built once; arrays ask for the shapes of others first."""
        if definition.name not in self._built:
            self._built[definition.name] = None  # being built
            self._used[definition.name] = {}
            self._built[definition.name] = self._build(definition)
        node = self._built[definition.name]
        if node is None:
            raise CircuitError(f"'{definition.name}' depends on itself", definition.place)
        return node

    def _build(self, definition: Definition) -> Node:
        outline, name = self._outline, definition.name
        settings: Any = {
            **self._settings(definition.bound),
            "once": self._once if self._is_loss(name) else None,
        }
        if inner := inner_once(definition.term):
            raise CircuitSyntaxError(NOT_IN_LOSS, self._source.place(inner.place))
        builder: Builder
        if self._has_arrays:
            builder = StepBuilder(
                self._source,
                self._is_known,
                **settings,
                **self._of_arrays,
                shape=self._shape_of,
                step=self._loops.step,
            )
            formula, shape = builder.whole(definition.term)
            shapes = {n: s for n, s in builder.shapes.items() if s}
        else:
            builder = Builder(self._source, self._is_known, **settings)
            formula, shape, shapes = builder.build(definition.term), (), None
        self._used[name] = builder.used
        if name in outline.constants:
            refuse_reads(name, builder.used, outline.constants)
            declared = outline.constants[name]
            formula, shape = constant_of(name, formula, shape, declared, definition.place)
        for variable in VARIABLE_TOO & builder.used.keys():
            if not self._is_known(variable):
                self._refuse_called(variable)
        used = list(builder.used)
        return computed(name, formula, used, definition.place, shapes=shapes, shape=shape)

    def _settings(self, bound: Mapping[str, Expr]) -> dict[str, Any]:
        """What all builders of formulas are given."""
        outline = self._outline
        return {
            "functions": outline.functions,
            "is_size": outline.sizes.__contains__,
            "bound": bound,
            "array_calls": CALLS,
            "kinks": outline.kinks,
            "sums": self._sums,
        }

    @property
    def _of_arrays(self) -> dict[str, Any]:
        outline = self._outline
        return {
            "is_target": lambda n: n in outline.leaves and outline.leaves[n][0] == "target",
            "is_leaf": lambda n: n not in outline.definitions and not self._loops.knows(n),
        }

    def _is_loss(self, name: str) -> bool:
        return name == (self._option if isinstance(self._option, str) else self._outline.loss)

    def _shape_of(self, name: str) -> Shape:
        outline = self._outline
        if name in outline.definitions:
            return self._computed(outline.definitions[name]).shape
        if self._loops.knows(name):
            return self._loops.node(name).shape
        return outline.shapes.get(name, ())

    def _refuse_called(self, name: str) -> None:
        """A name that stands for a number can't be a function in the same circuit."""
        if name in self._uncalled:
            return
        self._uncalled.add(name)
        for other in self._outline.definitions.values():
            for term in terms_in(other.term):
                if term.kind == "call" and term.text == name:
                    raise CircuitSyntaxError(
                        f"'{name}' is both a number and a function here; write "
                        f"{other_spelling(name)}(…)",
                        self._source.place(term.place),
                    )

    def _leaves(self, targets: Container[str]) -> tuple[list[Node], tuple[str, ...]]:
        """Leaves in the order of the options, of their declaration, or of first appearance."""
        outline, is_strict = self._outline, self._is_strict
        found = [self._declared(name) for name in outline.leaves]
        inferred = []
        for name, place in self._appeared.items():
            if name in outline.definitions or name in outline.leaves or name in outline.sizes:
                continue
            if (name == self._once.name and self._once.places) or self._loops.knows(name):
                continue
            if is_strict and name not in self._overrides:
                known = [*outline.leaves, *outline.definitions, *self._overrides]
                hint = self._product_of(name) or nearest(name, known)
                raise UnknownName(f"'{name[:64]}' is not defined{hint}", place)
            role = self._overrides.get(name) or inferred_role(name, targets)
            found.append(leaf(check_name(name, place), role, place=place))  # type: ignore[arg-type]
            inferred += [] if name in self._overrides else [name]
        self._refuse_unknown_overrides(found)
        return in_given_order(found, *self._lists), tuple(inferred)

    def _product_of(self, name: str) -> str:
        factors = factors_among(name, self._is_known)
        return f"; write {'*'.join(factors)} for a product" if factors else ""

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
        if term.kind == "vector":
            raise _not_a_number(name, self._source.place(term.place))
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
        raise _not_a_number(name, place)
    return nearest_float(constant(expr))


def _not_a_number(name: str, place: Place) -> CircuitError:
    return CircuitError(f"the initial value of '{name}' must be a number", place)


__all__ = ["circuit"]
