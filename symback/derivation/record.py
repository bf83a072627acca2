"""The step record: what the reverse pass did, as data that every rendering reads.

Order: one forward step a node, the seed, one edge step a local partial, then for each asked
partial the sum over its paths, the local partials put in place of the chain, the simplified
product, and the same with slopes such as σ′ written out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from sympy import Add, Expr, S

from symback.balls import Undecided, evaluate, nearest_float, precision
from symback.derivation.accumulation import Accumulation
from symback.derivation.paths import MANY, MOST_PATHS, count_paths, paths
from symback.derivation.verify import Verifier
from symback.errors import CircuitError, DataError, UnknownName, Unsupported, nearest
from symback.gradient import Gradient, refuse_array
from symback.ops import Slope, elementary
from symback.partials import times
from symback.program import Chain
from symback.reverse import Edge, ReversePass, reverse_pass
from symback.simplify import simplified
from symback.structure import Circuit, Node

if TYPE_CHECKING:
    from symback.derivation.detail import Shown
    from symback.derivation.quiz import Quiz
    from symback.derivation.slides import Style

Kind = Literal["forward", "seed", "edge", "sum", "substitute", "simplify", "expand"]
View = Literal["paths", "accumulation"]
Detail = Literal["brief", "normal", "full"]
MANY_EDGES = 1000
LARGEST_OF_MANY = 40
"""Operations of a closed form where a circuit has many edges: longer adjoints keep their names."""

Products = tuple[tuple[Expr, ...], ...]

WHY: Mapping[str, str] = {
    "forward": "so the circuit defines it",
    "seed": "a node changes by 1 where it changes by 1",
    "edge": "{rule}",
    "sum": "along a path partials multiply, and where paths meet their products add up",
    "substitute": "{rule} put in for their names",
    "simplify": "{rule}",
    "expand": "{rule}, by the definition of each",
}
"""Why a step of each kind holds; {rule} stands for the step's own rule."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `left` = `right`, because of `rule`.

    `left` is a node's name or a partial (of, wrt). `right` is an expression, a sum of chains of
    partials, or a sum of products of local partials in the chain's order. Among arrays an edge's
    `right` is what the operand's adjoint gets, over the name of the node's adjoint.
    """

    id: int
    kind: Kind
    left: str | tuple[str, str]
    right: Any  # Expr, tuple[Chain, ...] or Products
    rule: str
    depends: tuple[int, ...] = ()
    before: Any = None  # what `right` was made from, where the step rewrites

    @property
    def node(self) -> str:
        return self.left if isinstance(self.left, str) else self.left[0]

    @property
    def edge(self) -> tuple[str, str] | None:
        """(node, operand) of an edge step."""
        return self.left if self.kind == "edge" and isinstance(self.left, tuple) else None

    @property
    def why(self) -> str:
        """Why the step holds, in words."""
        return WHY.get(self.kind, "{rule}").format(rule=self.rule)


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
    values: Mapping[str, float] = field(default_factory=dict)
    view: View = "paths"
    verified: bool = True  # False: no point inside the domain was found to verify steps at
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

    def at(self, **values: float) -> Derivation:
        """The derivation with numbers: the value of every node and of every asked partial."""
        return replace(self, values={name: float(value) for name, value in values.items()})

    def evaluated(self) -> tuple[dict[str, float], dict[str, float]]:
        """Values of the nodes and of the asked partials at the point set by `at`."""
        return _evaluated(self)

    def numbers(self) -> dict[int, float]:
        """The value of each step at the point set by `at`, by the step's number."""
        return _numbers_of_steps(self)

    def accumulation(self) -> Derivation:
        """The same by adjoints, as the code adds them up, instead of path by path."""
        return derive(self.circuit, self.of, self.wrt, view="accumulation").at(**self.values)

    def to_text(self, *, ascii: bool = False, detail: Detail = "normal") -> str:
        """Plain text; detail is "brief" (results), "normal" or "full" (every step and why)."""
        if detail == "normal":
            from symback.derivation.text import to_text  # a rendering: a room above

            return to_text(self, ascii=ascii)
        from symback.derivation.detail import brief_text, full_text

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
                       sum; from 2
        """
        from symback.derivation.detail import step_text

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
        from symback.derivation.detail import why_text

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
        from symback.derivation.detail import path_text

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
        from symback.derivation.latex import to_latex

        if style == "align" and not standalone:
            return to_latex(self)
        from symback.derivation.slides import document

        return document(self, style)

    def quiz(
        self,
        kind: Literal["partials", "rules", "steps"] = "partials",
        blanks: int | None = None,
        seed: int = 0,
        level: int = 1,
    ) -> Quiz:
        """Practice: the derivation with blanks, more of them from level 1 to 3; see `Quiz`."""
        from symback.derivation.quiz import Quiz

        return Quiz(self, kind, blanks, seed, level)

    def to_markdown(self) -> str:
        """Markdown with formulas in LaTeX, for notebooks and web pages."""
        from symback.derivation.latex import to_markdown

        return to_markdown(self)

    def to_json(self) -> str:
        """The steps as JSON."""
        from symback.derivation.export import to_json

        return to_json(self)

    def to_html(self) -> str:
        """One HTML page that needs no network: picture, steps, sliders that recompute all."""
        from symback.derivation.html import to_html

        return to_html(self)

    def __str__(self) -> str:
        return self.to_text()

    def _repr_markdown_(self) -> str | None:
        from symback.notebook import markdown_of_derivation  # a face: imported when shown

        return markdown_of_derivation(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        from symback.notebook import text_of_derivation

        printer.text(text_of_derivation(self))


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
    walk = reverse_pass(circuit, None if of is None else str(of))
    refuse_array(walk)
    brief = len(walk.edges) > MANY_EDGES
    gradient = Gradient(circuit, walk, False, *([LARGEST_OF_MANY] if brief else []))
    if wrt is None:
        asked = tuple(gradient)
    else:
        asked = (str(wrt),) if isinstance(wrt, str | Node) else tuple(map(str, wrt))
    for name in asked:
        if name not in walk.circuit:
            known = [n.name for n in walk.circuit.nodes]
            raise UnknownName(f"the circuit has no node '{name}'{nearest(name, known)}")
    view = "accumulation" if circuit.has_arrays else view
    writer = _Writer(walk, gradient, view)
    writer.write(asked)
    closed = {n: gradient[n] for n in asked}
    return Derivation(
        circuit, walk, asked, tuple(writer.steps), closed, view=view, verified=writer.verified
    )


class _Writer:
    """Writes the steps of a walk in their fixed order."""

    def __init__(self, walk: ReversePass, gradient: Gradient, view: View) -> None:
        self._walk = walk
        self._gradient = gradient
        self._view = view
        self._verifier = None if walk.circuit.has_arrays else Verifier(walk.circuit)
        self._count = count_paths(walk)
        self.steps: list[Step] = []
        self._forward: dict[str, int] = {}
        self._edges: dict[tuple[str, str], int] = {}

    def write(self, asked: Sequence[str]) -> None:
        for name in self._below():
            node = self._walk.circuit[name]
            depends = tuple(self._forward[o] for o in node.operands if o in self._forward)
            self._forward[name] = self._add("forward", name, node.formula, "definition", depends)
        self._add("seed", (self._walk.of, self._walk.of), S.One, "seed")
        useful = self._leading_to(asked)
        self._verify_edges(useful)
        if self._view == "accumulation":
            Accumulation(self._walk, self._gradient, self._add).write(useful, asked, self._forward)
            return
        for edge in self._walk.edges:
            if edge.operand in useful:
                key = (edge.node, edge.operand)
                because = (self._forward[edge.node],)
                rule = edge.local.rule
                self._edges[key] = self._add("edge", key, edge.partial, rule, because)
        for name in asked:
            self._partial(name)

    @property
    def verified(self) -> bool:
        """Whether steps were verified: among numbers, where a point in the domain was found."""
        return self._verifier is not None and self._verifier.point is not None

    def _verify_edges(self, useful: set[str]) -> None:
        if self._verifier is None:
            return
        for edge in self._walk.edges:
            if edge.operand in useful:
                node = self._walk.node(edge.node)
                self._verifier.partial(node, edge.operand, edge.partial)
                self._verifier.partial(node, edge.operand, edge.local.expanded)

    def _verify(self, before: Any, after: Any, left: tuple[str, str]) -> None:
        if self._verifier is not None:
            self._verifier.equal(before, after, f"∂{left[0]}/∂{left[1]}")

    def _add(
        self,
        kind: Kind,
        left: str | tuple[str, str],
        right: Any,
        rule: str,
        depends: tuple[int, ...] = (),
        before: Any = None,
    ) -> int:
        number = len(self.steps) + 1
        if isinstance(before, Expr | tuple) and isinstance(left, tuple) and kind != "substitute":
            self._verify(before, right, left)
        self.steps.append(Step(number, kind, left, right, rule, depends, before))
        return number

    def _below(self) -> list[str]:
        """The computed nodes that the value of `of` depends on."""
        needed = {self._walk.of}
        for node in reversed(self._walk.circuit.nodes):
            if node.name in needed:
                needed.update(node.operands)
        return [n.name for n in self._walk.circuit.computed if n.name in needed]

    def _leading_to(self, asked: Sequence[str]) -> set[str]:
        """Names from which an edge leads on to an asked one, those included."""
        useful = set(asked)
        for edge in reversed(self._walk.edges):
            if edge.operand in useful:
                useful.add(edge.node)
        return useful

    def _partial(self, name: str) -> None:
        left = (self._walk.of, name)
        found = paths(self._walk, name, self._count)
        if not found:
            same = name == self._walk.of
            rule = "seed" if same else "no path leads from it to the node"
            self._add("simplify", left, S.One if same else S.Zero, rule)
            return
        chains: tuple[Chain, ...]
        if found is MANY:
            last = self._walk.into[name]
            chains = tuple(((self._walk.of, e.node), (e.node, name)) for e in last)
            many = len(last)
            products = tuple((self._gradient.upstream(e.node, many), e.partial) for e in last)
            used = tuple(self._edges[(e.node, name)] for e in last)
        else:
            chains = tuple(tuple((e.node, e.operand) for e in p) for p in found)
            products = tuple(tuple(e.partial for e in path) for path in found)
            used = tuple(sorted({self._edges[link] for chain in chains for link in chain}))
        rule = "chain rule" if len(chains) == 1 else "chain rule; the products of all paths add up"
        number = self._add("sum", left, chains, rule, used)
        needed = (number, *used)
        number = self._add("substitute", left, products, "local partials", needed, chains)
        total = _sum([_product(p) for p in products])
        alike = self._gradient.alike
        kept = alike(total) if alike else simplified(total)
        number = self._add("simplify", left, kept, "simplified", (number,), products)
        closed = self._gradient[name]
        if closed != kept and not alike:  # among many edges, that of the slope says what it is
            slopes = _slopes(products)
            rule = "slopes written out" if slopes else "generated names written out"
            self._add("expand", left, closed, rule, (number,), kept)


def _sum(terms: Sequence[Expr]) -> Expr:
    if len(terms) > MOST_PATHS:  # one by one takes the square of their number
        return Add(*terms)
    return sum(terms, S.Zero)


def _product(factors: Sequence[Expr]) -> Expr:
    result: Expr = S.One
    for factor in factors:
        result = times(result, factor)
    return result


def _slopes(products: Products) -> list[Slope]:
    found = [s for product in products for factor in product for s in factor.atoms(Slope)]
    return list(dict.fromkeys(found))


def slopes_of(derivation: Derivation) -> list[tuple[Slope, Expr]]:
    """The slopes that the derivation keeps, in order, each with its written-out form."""
    return list(derivation._slopes.items())


# -- numbers ---------------------------------------------------------------------------------


def _evaluated(derivation: Derivation) -> tuple[dict[str, float], dict[str, float]]:
    walk, given = derivation.walk, derivation.values
    leaves = [n.name for n in walk.circuit.leaves]
    if walk.circuit.has_arrays:
        raise Unsupported(
            "numbers are put into circuits of numbers only; for arrays use c.compile(), the module"
        )
    for name in given:
        if name not in leaves:
            raise UnknownName(f"'{name}' is no input or parameter{nearest(name, leaves)}")
    forward = [s for s in derivation.steps if s.kind == "forward"]
    needed = {o for s in forward for o in walk.circuit[s.node].operands} & set(leaves)
    missing = [n for n in leaves if n in needed and n not in given]
    if missing:
        raise DataError(f"no value for {', '.join(missing[:5])}; give one to each leaf")
    with precision(200):
        return _values(derivation, [s.node for s in forward])


def _values(
    derivation: Derivation, nodes: Sequence[str]
) -> tuple[dict[str, float], dict[str, float]]:
    circuit = derivation.walk.circuit
    values: dict[Any, Any] = {}
    found: dict[str, float] = {}
    try:
        for name, number in derivation.values.items():
            values[circuit[name].symbol] = _ball(number)
        for name in nodes:
            node = circuit[name]
            values[node.symbol] = evaluate(elementary(node.formula), values)
            found[name] = nearest_float(values[node.symbol])
        partials = {
            name: nearest_float(evaluate(elementary(closed), values))
            for name, closed in derivation.closed.items()
        }
    except Undecided:
        raise CircuitError("the point lies on a kink too close to call; move it a little") from None
    return found, partials


def _numbers_of_steps(derivation: Derivation) -> dict[int, float]:
    """The value of each step, as far as the point's numbers reach."""
    if derivation.circuit.has_arrays:
        return {}
    from symback.derivation.point import numbers_at  # a room above

    walk = derivation.walk
    known = numbers_at(walk, derivation.values)
    found: dict[int, float] = {}
    for step in derivation.steps:
        if isinstance(step.left, str):
            value = known.values.get(step.left)
        elif step.kind == "edge" and derivation.view == "paths":
            value = known.partials.get(step.left)
        elif step.kind == "edge":
            value = known.contributions.get(step.left)
        else:
            value = known.adjoints.get(step.left[1])
        if value is not None:
            found[step.id] = value
    return found


def _ball(number: float) -> Any:
    from flint import arb  # kept out of start-up

    return arb(number)


__all__ = ["Derivation", "Step", "derive", "slopes_of"]
