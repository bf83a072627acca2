"""What is true of an operation on numbers: the row that each has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flint import arb
from sympy import Expr, S

from symback.errors import Unsupported, clip
from symback.operations.functions import Elementary, Slope

Partials = Callable[..., tuple[Expr, ...]]


@dataclass(frozen=True, slots=True)
class Op:
    """One primitive operation.

    `partials(v, *operands)` gives the local partial for each operand, v being the value; with a
    `slope`, which is that for the first or the one that it names, for the others. `rule` is the
    derivative in words or symbols. `activation` marks the functions that a neuron applies to its
    net input: the argument of one is called net where the user gave it no name.
    """

    name: str
    head: Callable[..., Expr]
    rule: str
    arity: tuple[int, int | None] = (1, 1)
    in_pairs: bool = False  # it takes an even number of operands
    sign: str = ""
    partials: Partials | None = None
    slope: type[Slope] | None = None
    activation: bool = False
    aliases: tuple[str, ...] = ()
    definition: Callable[..., Expr] | None = None  # in SymPy's own functions, if it is not one
    enclosure: Callable[..., arb] | None = None  # of SymPy's own functions, in balls
    kink: str = ""  # where the derivative jumps: at "0", or at a "tie"
    at_kink: type[Elementary] | None = None  # the operation whose derivative there is an operand
    singular: bool = False  # it or its slope is not finite everywhere
    exact: bool = False  # it chooses or negates, and so never rounds
    given: int = 0  # so many first operands are numbers of the formula: no slope by them is known
    instead: str = ""  # the formula that has slopes by them too

    @property
    def meaning(self) -> Callable[..., Expr] | None:
        """The operation in SymPy's own functions; None if it is one of these."""
        return self.definition or getattr(self.head, "elementary", None)

    def need_numbers(self, operands: Sequence[Expr], node: str = "") -> None:
        """Refuse the first operands where they vary and no slope by them is known."""
        for operand in operands[: self.given]:
            if not operand.is_number:
                where = f"node '{clip(node, 20)}': " if node else ""
                why = "" if self.instead else ", which has no closed form"
                raise Unsupported(
                    f"{where}{self.name} has no slope by its parameter '{clip(str(operand), 30)}'"
                    f"{why}; write {self.instead or 'a number in its place'}"
                )

    def local_partials(self, value: Expr, *operands: Expr) -> tuple[Expr, ...]:
        self.need_numbers(operands)
        if self.slope is not None:
            others = self.partials(value, *operands) if self.partials else ()
            before = self.slope.by - 1
            return (*others[:before], self.slope(*operands), *others[before:])
        if self.partials is not None:
            zeros = (S.Zero,) * self.given
            return (*zeros, *self.partials(value, *operands))
        applied = self.head(*operands)
        return tuple(applied.fdiff(i + 1) for i in range(len(operands)))
