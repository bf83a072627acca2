"""The step record: what the reverse pass did, as data that every rendering reads.

Order: one forward step a node, the seed, one edge step a local partial, then for each asked
partial the sum over its paths, the local partials put in place of the chain, the simplified
product, and the same with slopes such as σ′ written out. A Hessian has second local partials
behind the edges, then slopes of inner nodes and second partials, node by node. All of these are
about the formulas as typed. Where they are computed by equal formulas that keep their digits, the
stable form is the last section: the formulas that change, and each result in that form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations_with_replacement
from typing import Any, Literal

from sympy import BlockMatrix, Expr, ImmutableMatrix, MatrixExpr

from symback.autodiff.closed_forms import Inner, inline_generated, inner_nodes
from symback.autodiff.reverse import ReversePass
from symback.circuits.circuit import Circuit
from symback.derivation.numbers.links import Link
from symback.derivation.paths import direct_edges, parallel_edges
from symback.derivation.steps import NOT_RESULTS, STABLE_FORM, WHY, Left, Step, View, partial_text
from symback.errors import TooLarge, Unsupported
from symback.operations.expressions import postorder
from symback.operations.functions import Slope

Detail = Literal["brief", "normal", "full"]
LEFT_OUT = (
    "is not written out, for its length or its conditions; hessian() of the circuit has its formula"
)
LARGEST_SLOPE = 30  # operations of a slope that is written over the names of the results


@dataclass(frozen=True)
class Derivation:
    """The derivation of one partial, or of all partials of a node: its steps and closed forms.

    Of order 2 it is that of a Hessian, whose entries are by two names. A Jacobian has `rows`, the
    derivation of each node, whose steps it has in turn, those that they share once. `wrt` are the
    names of the columns, and `closed` has the partials by (of, wrt, …). Matrices of arrays are over
    their entries, which have the names in `entries`.

    `walk` is that of the typed formulas; `stable` has the derivations of the stable form, whose
    results the closed forms are: that of leaves, which modules compute, and that of inner nodes.
    """

    circuit: Circuit
    walk: ReversePass = field(repr=False)
    wrt: tuple[str, ...]
    steps: tuple[Step, ...]
    closed: Mapping[Any, Expr] = field(repr=False)  # by name; of matrices by (of, wrt, …)
    values: Mapping[str, Any] = field(default_factory=dict)
    view: View = "paths"
    verified: bool = True  # False: no point inside the domain was found to verify all steps at
    stable: tuple[Derivation, ...] = field(default=(), repr=False)
    order: int = 1
    rows: tuple[Derivation, ...] = field(default=(), repr=False)
    entries: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    heads: Mapping[str, str] = field(default_factory=dict, repr=False)  # of loops, by their names

    def __hash__(self) -> int:
        """The record has mappings, which have no hash; these few determine it."""
        return hash((self.circuit, self.of, self.wrt, self.view, self.order, len(self.rows)))

    @property
    def of(self) -> str:
        return self.walk.of

    @property
    def is_matrix(self) -> bool:
        """Whether it is the derivation of a Jacobian or of a Hessian."""
        return self.order > 1 or bool(self.rows) or self.view == "matrices"

    @property
    def asked(self) -> tuple[Left, ...]:
        """The partials that were asked for, in their order; of a symmetric matrix each once."""
        if self.rows:
            return tuple(left for row in self.rows for left in row.asked)
        if self.order > 1:
            pairs = combinations_with_replacement(self.wrt, 2)
            return tuple((self.of, *pair) for pair in pairs)
        return tuple((self.of, name) for name in self.wrt)

    @property
    def matrix_name(self) -> str:
        """What the matrix is called, where there is one."""
        return "Hessian" if self.order > 1 else "Jacobian" if self.is_matrix else ""

    @property
    def row_names(self) -> tuple[str, ...]:
        """The nodes that are differentiated."""
        return tuple(row.of for row in self.rows) or (self.of,)

    @property
    def walks(self) -> tuple[ReversePass, ...]:
        """The walk, or that of each row."""
        return tuple(row.walk for row in self.rows) or (self.walk,)

    @cached_property
    def slopes(self) -> dict[Slope, Expr]:
        """The slopes that the derivation keeps, in order, each with its written-out form."""
        asked = {s.left for s in self.steps if s.kind == "edge"}
        has_edges = self.view != "matrices" or self.order > 1
        return {
            edge.local.slope: edge.local.expanded
            for walk in self.walks
            for edge in walk.edges
            if isinstance(edge.local.slope, Slope)
            and ((edge.node, edge.operand) in asked or not has_edges)
        }

    @property
    def result(self) -> Expr:
        """The closed form of the partial (of the first, where several are derived)."""
        return self.closed[self.asked[0] if self.is_matrix else self.wrt[0]]

    @property
    def matrix(self) -> Any:
        """The closed forms as a matrix: the gradient as a row, a Jacobian, or a Hessian.

        In the view "matrices" it is over arrays: the only block, or a BlockMatrix.

        >>> import symback as sb
        >>> sb.circuit("f = w*x + b").derive(wrt=["w", "x"]).matrix
        Matrix([[x, w]])
        """
        if self.view == "matrices":
            return self._entry_of_blocks()
        if self.order > 1:
            form = {frozenset(left[1:]): self._form(left) for left in self.asked}
            return ImmutableMatrix([[form[frozenset((a, b))] for b in self.wrt] for a in self.wrt])
        rows = [row.of for row in self.rows] or [self.of]
        return ImmutableMatrix([[self._form((of, name)) for name in self.wrt] for of in rows])

    def _entry_of_blocks(self) -> Any:
        """The block of each pair of names; the only one as it is."""
        blocks = {left: self._form(left) for left in self.asked}
        if len(blocks) == 1:
            return blocks[self.asked[0]]
        rows = self.wrt if self.order > 1 else self.row_names
        found: list[list[Any]] = []
        for i, row in enumerate(rows):
            found.append([])
            for j, column in enumerate(self.wrt):
                turned = self.order > 1 and j < i
                left = (self.of, column, row) if turned else (self.of, row, column)
                block = _block(blocks[left if self.order > 1 else (row, column)])
                found[-1].append(self._oriented(block, row, column, turned))
        return BlockMatrix(found)

    def _oriented(self, block: Any, row: str, column: str, turned: bool) -> Any:
        """A block with a row for each entry of `row`: that of a number by a vector is a row."""
        rows, columns = self.circuit[row].shape, self.circuit[column].shape
        is_row = not rows and bool(columns)
        by_vector = bool(rows) != bool(columns)
        if by_vector and (len(rows) > 1 or len(columns) > 1):
            raise Unsupported(
                f"the block of '{row}' by '{column}' has the shape of a matrix, not of a row or "
                "column; derive it alone: of=…, wrt=…"
            )
        if by_vector:
            return block.T if is_row else block
        return block.T if turned else block

    def _form(self, left: Left) -> Expr:
        if left not in self.closed and self.view == "matrices":
            raise Unsupported(
                f"no product of matrices writes {partial_text(left)}; its steps have its product "
                "with a differential"
            )
        if self.is_left_out(left):
            raise TooLarge(f"{partial_text(left)} {LEFT_OUT}")
        return self.closed[left if self.is_matrix else left[1]]

    def is_left_out(self, left: Left) -> bool:
        """Whether an entry of a matrix of numbers is derived over names alone."""
        return self.is_matrix and self.view == "paths" and left not in self.closed

    @cached_property
    def direct(self) -> frozenset[tuple[str, str]]:
        """The edges of its steps whose partial is only a part of the whole one of these names."""
        if self.view != "paths":  # adjoints have names of their own
            return frozenset()
        edges = frozenset(s.edge for s in self.steps if s.edge is not None)
        found = parallel_edges(self.walk) if self.order > 1 else frozenset[Link]()
        return edges & found.union(*(direct_edges(walk) for walk in self.walks))

    @property
    def typed_steps(self) -> tuple[Step, ...]:
        """The steps about the formulas as typed."""
        return tuple(s for s in self.steps if s.kind not in STABLE_FORM)

    @property
    def stable_steps(self) -> tuple[Step, ...]:
        """The steps of the stable form; none where no formula below the node is rewritten."""
        return tuple(s for s in self.steps if s.kind in STABLE_FORM)

    @cached_property
    def results(self) -> Mapping[Left, Mapping[str, Step]]:
        """The steps along the typed formulas about each partial, in their order, by their kind."""
        found: dict[Left, dict[str, Step]] = {}
        for step in self.typed_steps:
            if step.kind not in NOT_RESULTS and not isinstance(step.left, str):
                found.setdefault(step.left, {})[step.kind] = step
        return found

    def blocks_of(self, left: Left) -> list[Step]:
        """The steps with the blocks of two classes of a second partial's leaf."""
        if len(left) < 3:
            return []
        blocks = (s for s in self.steps if s.kind == "block" and s.left[0] == left[0])
        return [s for s in blocks if {n.partition("[")[0] for n in s.left[1:]} == {*left[1:]}]

    def last_step(self, name: str) -> Step:
        """The last step along the typed formulas about the partial by a name."""
        return self.last_step_about((self.of, name))

    def last_step_about(self, about: Left) -> Step:
        """The last step along the typed formulas about a partial."""
        return next(s for s in reversed(self.typed_steps) if s.left == about)

    @property
    def stable_title(self) -> str:
        """What the section of the stable form is called."""
        title = "Rewritten for numerical stability"
        return f"{title}, as modules compute it" if self.stable_of_leaves else title

    @property
    def stable_of_leaves(self) -> Derivation | None:
        """The derivation of what modules compute, where it differs from what was typed."""
        return next((form for form in self.stable if not form.walk.opaque), None)


def _block(form: Any) -> Any:
    return form if isinstance(form, MatrixExpr) else ImmutableMatrix([[form]])


def slopes_of(derivation: Derivation, *within: Expr) -> list[tuple[Slope, Expr]]:
    """The slopes that the derivation keeps, in order, each with its written-out form.

    Where expressions are given, only the slopes in them, over the names that results have.
    """
    if not within:
        return list(derivation.slopes.items())
    used = {part for expr in within for part in postorder(expr)}
    inner = inner_nodes(derivation.walk.circuit, derivation.of)
    found = [(slope, written) for slope, written in derivation.slopes.items() if slope in used]
    return [(slope, _over_names_of_results(written, inner)) for slope, written in found]


def _over_names_of_results(written: Expr, inner: Inner) -> Expr:
    """The form over the names that closed forms have, unless it is long."""
    inlined = inline_generated(written, inner, slopes=True, largest=LARGEST_SLOPE)
    return written if inlined.free_symbols & inner.keys() else inlined


__all__ = ["LEFT_OUT", "WHY", "Derivation", "Detail", "Step", "slopes_of"]
