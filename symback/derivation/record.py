"""The step record: what the reverse pass did, as data that every rendering reads.

Order: one forward step a node, the seed, one edge step a local partial, then for each asked
partial the sum over its paths, the local partials put in place of the chain, the simplified
product, and the same with slopes such as σ′ written out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from sympy import Expr

from symback.autodiff.closed_forms import Gradient, refuse_array
from symback.autodiff.reverse import Edge, ReversePass, reverse_pass
from symback.circuits.circuit import Circuit, Node
from symback.circuits.paused_gc import no_search_for_cycles
from symback.derivation.paths import MANY, paths
from symback.derivation.steps import WHY, Step, View
from symback.derivation.writer import Writer
from symback.errors import CircuitError, UnknownName, nearest
from symback.operations.expressions import postorder
from symback.operations.functions import Slope

if TYPE_CHECKING:
    from symback.derivation.latex.documents import Style
    from symback.derivation.practice.quiz import Quiz
    from symback.derivation.text.detail import Shown

Detail = Literal["brief", "normal", "full"]
MANY_EDGES = 1000
LARGEST_OF_MANY = 40
"""Operations of a closed form where a circuit has many edges: longer adjoints keep their names."""


@dataclass(frozen=True)
class Derivation:
    """The derivation of one partial, or of all partials of a node.

    `print(d)` shows it; `d.steps` are its steps, `d.result` the closed form, `d.at(x1=1, …)`
    the same with numbers.

    >>> import symback as sb
    >>> d = sb.circuit("f = x1 - x2, x2 = w3*x3").partial("f", "w3")
    >>> d.result
    -x3
    """

    circuit: Circuit
    walk: ReversePass = field(repr=False)
    wrt: tuple[str, ...]
    steps: tuple[Step, ...]
    closed: Mapping[str, Expr] = field(repr=False)
    values: Mapping[str, Any] = field(default_factory=dict)
    view: View = "paths"
    verified: bool = True  # False: no point inside the domain was found to verify all steps at
    _cursor: list[int] = field(default_factory=lambda: [0], repr=False, compare=False)

    @property
    def of(self) -> str:
        return self.walk.of

    @cached_property
    def _slopes(self) -> dict[Slope, Expr]:
        asked = {s.left for s in self.steps if s.kind == "edge"}
        return {
            edge.local.slope: edge.local.expanded
            for edge in self.walk.edges
            if (edge.node, edge.operand) in asked and isinstance(edge.local.slope, Slope)
        }

    @property
    def result(self) -> Expr:
        """The closed form of the partial (of the first, where several are derived)."""
        return self.closed[self.wrt[0]]

    def at(self, /, **values: Any) -> Derivation:
        """The derivation with numbers: the value of every node and of every asked partial.

        A number for a number; lists, nested lists or NumPy arrays for arrays, which also tell
        what their sizes are. Raises DataError or UnknownName where they don't fit the circuit.
        """
        from symback.derivation.numbers.point import read_point  # kept out of start-up

        return replace(self, values=read_point(self.circuit, values))

    def evaluated(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Values of the nodes and of the asked partials at the point set by `at`.

        Floats, or NumPy arrays of them.
        """
        from symback.derivation.numbers.scalars import evaluated  # a room above

        return evaluated(self)

    def numbers(self) -> dict[int, Any]:
        """The value of each step at the point set by `at`, by the step's number."""
        from symback.derivation.numbers.scalars import numbers_of_steps

        return numbers_of_steps(self)

    def accumulation(self) -> Derivation:
        """The same by adjoints, as the code adds them up, instead of path by path."""
        found = derive(self.circuit, self.of, self.wrt, view="accumulation")
        return replace(found, values=self.values)

    def to_text(self, *, ascii: bool = False, detail: Detail = "normal") -> str:
        """Plain text; detail is "brief" (results), "normal" or "full" (every step and why)."""
        if detail == "normal":
            from symback.derivation.text.normal import to_text  # a rendering: a room above

            return to_text(self, ascii=ascii)
        from symback.derivation.text.detail import brief_text, full_text

        render = {"brief": brief_text, "full": full_text}.get(detail)
        if render is None:
            raise CircuitError(f"no detail '{detail}'; there are brief, normal and full")
        return render(self, ascii=ascii)

    # -- one step at a time -------------------------------------------------------------------

    def step(self, number: int) -> Shown:
        """Step `number` as text; `next()` goes on behind it.

        >>> import symback as sb
        >>> d = sb.circuit("f = x1 - x2, x2 = w3*x3").partial("f", "w3")
        >>> d.step(4)
        [4] edge       ∂f/∂x2 = −1
                       linear combination: the derivative is the coefficient; from 2
        """
        from symback.derivation.text.detail import step_text

        if not 1 <= number <= len(self.steps):
            raise CircuitError(f"there is no step {number}; there are 1 to {len(self.steps)}")
        self._cursor[0] = number
        return step_text(self, self.steps[number - 1])

    def next(self) -> Shown:
        """The step behind the one shown last."""
        return self.step(min(self._cursor[0] + 1, len(self.steps)))

    def back(self) -> Shown:
        """The step before the one shown last."""
        return self.step(max(self._cursor[0] - 1, 1))

    def why(self, number: int) -> Shown:
        """Why step `number` holds, and the steps that it needs."""
        from symback.derivation.text.detail import why_text

        self.step(number)
        return why_text(self, self.steps[number - 1])

    def path(self, *names: str) -> Shown:
        """The paths that lead over the names, each with its product of local partials.

        >>> import symback as sb
        >>> sb.circuit("f = x1 - x2, x2 = w3*x3").partial("f", "w3").path("x2", "w3")
        f → x2 → w3
          ∂f/∂x2 · ∂x2/∂w3
          = −1 · x3
        """
        from symback.derivation.text.detail import path_text

        return path_text(self, [str(name) for name in names])

    def paths(self, name: str) -> list[tuple[Edge, ...]] | None:
        """All paths from the node to a name, edge by edge; None where there are too many."""
        found = paths(self.walk, name)
        return None if found is MANY else list(found)

    def to_latex(self, style: Style = "align", *, standalone: bool = False) -> str:
        """LaTeX source: an align environment a section, or a document that compiles by itself.

        style is "align", a document where `standalone` is set; "beamer", slides on which the steps
        appear one by one; or "table", one row a step with its reason.
        """
        from symback.derivation.latex.sections import to_latex

        if style == "align" and not standalone:
            return to_latex(self)
        from symback.derivation.latex.documents import document

        return document(self, style)

    def quiz(
        self,
        kind: Literal["partials", "rules", "steps"] = "partials",
        blanks: int | None = None,
        seed: int = 0,
        level: int = 1,
    ) -> Quiz:
        """Practice: the derivation with blanks, more of them from level 1 to 3; see `Quiz`."""
        from symback.derivation.practice.quiz import Quiz

        return Quiz(self, kind, blanks, seed, level)

    def to_markdown(self) -> str:
        """Markdown with formulas in LaTeX, for notebooks and web pages."""
        from symback.derivation.latex.sections import to_markdown

        return to_markdown(self)

    def to_json(self) -> str:
        """The steps as JSON."""
        from symback.derivation.json import to_json

        return to_json(self)

    def to_html(self) -> str:
        """One HTML page that needs no network: picture, steps, sliders that recompute all."""
        from symback.derivation.page.html import to_html

        return to_html(self)

    def __str__(self) -> str:
        return self.to_text()

    def _repr_markdown_(self) -> str | None:
        from symback.cli.notebook import markdown_of_derivation  # a face: imported when shown

        return markdown_of_derivation(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        from symback.cli.notebook import text_of_derivation

        printer.text(text_of_derivation(self))


@no_search_for_cycles()
def derive(
    circuit: Circuit,
    of: str | None,
    wrt: str | Iterable[str] | None,
    *,
    view: View = "paths",
) -> Derivation:
    """The derivation of ∂of/∂wrt; of the output where `of` is None, by all leaves where `wrt` is.

    `view` is "paths", the products of all paths added up, or "accumulation", adjoint by adjoint as
    the code computes them; arrays have the latter only. Raises UnknownName for a name that the
    circuit has not.
    """
    named = () if wrt is None else (wrt,) if isinstance(wrt, str | Node) else tuple(wrt)
    inner = [n for n in map(str, named) if n in circuit and not circuit[n].is_leaf]
    walk = reverse_pass(circuit, None if of is None else str(of), opaque=inner)
    refuse_array(walk)
    brief = len(walk.edges) > MANY_EDGES
    gradient = Gradient(circuit, walk, False, *([LARGEST_OF_MANY] if brief else []))
    asked = tuple(gradient) if wrt is None else tuple(map(str, named))
    for name in asked:
        if name not in walk.circuit:
            known = [n.name for n in walk.circuit.nodes]
            raise UnknownName(f"the circuit has no node '{name}'{nearest(name, known)}")
    view = "accumulation" if circuit.has_arrays else view
    writer = Writer(walk, gradient, view)
    writer.write(asked)
    closed = {n: gradient[n] for n in asked}
    return Derivation(
        circuit, walk, asked, tuple(writer.steps), closed, view=view, verified=writer.verified
    )


def slopes_of(derivation: Derivation, *within: Expr) -> list[tuple[Slope, Expr]]:
    """The slopes that the derivation keeps, in order, each with its written-out form.

    Where expressions are given, only the slopes in them.
    """
    if not within:
        return list(derivation._slopes.items())
    used = {part for expr in within for part in postorder(expr)}
    return [(slope, written) for slope, written in derivation._slopes.items() if slope in used]


__all__ = ["WHY", "Derivation", "Step", "derive", "slopes_of"]
