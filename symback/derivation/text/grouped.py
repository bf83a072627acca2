"""The text of a large derivation: what has one form is one line, which says how many there are.

Nodes are grouped by form and by layer, edges by the groups of their ends. Which groups there are,
and how many are shown, depends on the circuit's size alone.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence

from sympy import Add, Expr

from symback.derivation.record import Derivation, Step
from symback.derivation.steps import NOT_RESULTS, Left
from symback.derivation.text.adjoints import adjoint_sign, with_adjoints
from symback.derivation.text.normal import (
    EDGES,
    WIDTH,
    ArrayDerivationText,
    Text,
    along_one_edge,
    ascii_words,
    folded,
)
from symback.errors import clip
from symback.operations.expressions import real_symbol
from symback.operations.forms import form_of
from symback.operations.simplify import weight
from symback.printing.text import AsciiPrinter, TextPrinter

MOST_EDGES = 300  # edges that are shown one by one
MOST_GROUPS = 24  # of nodes, and of edges
MOST_RESULTS = 8  # where all leaves are asked for
MOST_TERMS = 3  # of a sum that is cut short
LARGEST_FORMULA = 60  # operations of a result that is shown whole
LONGEST = 60  # letters of a formula that stands for its group


def is_large(derivation: Derivation) -> bool:
    """Whether a derivation has too many edges to be read one by one."""
    return sum(1 for s in derivation.steps if s.kind == "edge") > MOST_EDGES


def to_text(derivation: Derivation, *, ascii: bool = False) -> str:
    """The derivation with its nodes and edges in groups, and the results that were asked for."""
    kind = _GroupedAdjoints if derivation.view == "accumulation" else _Grouped
    return "\n".join(kind(derivation, ascii).lines()).rstrip() + "\n"


def groups_of_nodes(derivation: Derivation) -> dict[str, Hashable]:
    """The group of each node: its form and layer; its form alone where that makes many groups."""
    circuit = derivation.walk.circuit
    layer: dict[str, int] = {}
    found: dict[str, Hashable] = {}
    for node in circuit:
        layer[node.name] = 1 + max((layer[o] for o in node.operands), default=-1)
        found[node.name] = node.role
        if not node.is_leaf:
            found[node.name] = (form_of(node.formula, {}), layer[node.name])
    if len(set(found.values())) <= MOST_GROUPS:
        return found
    return {n: group[0] if isinstance(group, tuple) else group for n, group in found.items()}


def groups_of_edges(derivation: Derivation, steps: Sequence[Step]) -> list[list[Step]]:
    """Edges of one form between two groups of nodes."""
    group = groups_of_nodes(derivation)
    keys: dict[int, Hashable] = {}
    for step in steps:
        assert isinstance(step.left, tuple)
        node, operand = step.left
        symbols = {real_symbol(node): 0, real_symbol(operand): 1}
        form = form_of(step.right, symbols) if weight(step.right) < LARGEST_FORMULA else ()
        keys[step.id] = (group[node], group[operand], form)
    return _grouped(steps, keys)


def groups_of_names(derivation: Derivation, names: Sequence[str]) -> list[list[str]]:
    """Names of one role that nodes of the same groups use, equally often."""
    walk = derivation.walk
    group = groups_of_nodes(derivation)
    found: dict[Hashable, list[str]] = {}
    for name in names:
        users = tuple(group[e.node] for e in walk.into.get(name, ()))
        edges = walk.into.get(name, ())
        constant = all(e.partial.is_number for e in edges)
        key = (group[name], len(users), frozenset(users), constant)
        found.setdefault(key, []).append(name)
    return list(found.values())


def groups_of_steps(derivation: Derivation) -> list[list[Step]]:
    """All steps: those of the forward pass, of the edges, and of each asked name, by group."""
    by_kind: dict[str, list[Step]] = {}
    of_name: dict[str, list[Step]] = {}
    for step in derivation.typed_steps:
        by_kind.setdefault(step.kind, []).append(step)
        if step.kind not in NOT_RESULTS:
            of_name.setdefault(step.left[1], []).append(step)
    node_group = groups_of_nodes(derivation)
    forward = by_kind.get("forward", [])
    groups = _grouped(forward, {s.id: node_group[s.node] for s in forward})
    groups += [by_kind.get("seed", [])]
    groups += groups_of_edges(derivation, by_kind.get("edge", []))
    for names in groups_of_names(derivation, derivation.wrt):
        groups.append([s for name in names for s in of_name.get(name, [])])
    groups.append([*derivation.stable_steps])
    return [g for g in groups if g]


class _Grouped(Text):
    """Forward and edges by groups, each partial cut short where it is long."""

    def __init__(self, derivation: Derivation, ascii: bool) -> None:
        super().__init__(derivation, ascii)
        kind = AsciiPrinter if ascii else TextPrinter
        short = self._short.short_slopes
        self._printer, self._short = (with_adjoints(kind, derivation.walk) for _ in range(2))
        self._short.short_slopes = short
        self._group = groups_of_nodes(derivation)
        self._dots = "..." if ascii else "…"

    def lines(self) -> list[str]:
        derivation = self._derivation
        asked = list(derivation.wrt)
        is_all = len(asked) > MOST_RESULTS and asked == self._leaves()
        alike = [[name] for name in asked]
        if is_all:
            alike = groups_of_names(derivation, asked)
        parts = [[self._title()], self._forward(), self._edges()]
        parts += [self._result(names) for names in alike[: MOST_RESULTS if is_all else None]]
        parts += self._stable_form()
        if derivation.values:
            parts.append(self._numbers())
        parts.append(self._hints(sum(map(len, alike[MOST_RESULTS:])) if is_all else 0))
        return [line for part in parts for line in (*part, "")]

    def _result(self, names: Sequence[str]) -> list[str]:
        lines = self._partial((self._derivation.of, names[0]))
        if len(names) > 1:
            last = self._printer.partial(self._derivation.of, names[-1])
            lines.append(f"  {self._dots} and {len(names) - 1} more, up to {last}")
        return lines

    def _leaves(self) -> list[str]:
        circuit, into = self._derivation.circuit, self._derivation.walk.into
        return [n.name for n in circuit.leaves if n.name in into]

    def _hints(self, left_out: int) -> list[str]:
        of = self._derivation.of
        lines = []
        if left_out:
            lines.append(f"{self._dots} and {left_out} more partials")
        sign, partial = "v_bar" if self._ascii else "δv", self._printer.partial(of, "v")
        if self._derivation.direct:
            lines.append(along_one_edge(self._ascii))
        lines += folded("", f"{sign} stands for {partial}, which --wrt v derives")
        count = len(self._derivation.steps)
        lines += folded(
            "", f"Shortened; --wrt NAME derives one partial, --detail full shows all {count} steps"
        )
        return lines

    # -- groups -----------------------------------------------------------------------------------

    def _forward(self) -> list[str]:
        steps = self._steps("forward")
        groups = _grouped(steps, {s.id: self._group[s.node] for s in steps})
        lines = [f"Forward, {len(steps)} nodes in {len(groups)} groups of one form"]
        width = min(24, max(len(g[0].node) for g in groups))
        for group in groups[:MOST_GROUPS]:
            text = f"{group[0].node:<{width}} = {self._cut(group[0].right)}"
            lines += self._line_of_group(text, [s.node for s in group])
        return lines + self._left_out(groups)

    def _edges(self) -> list[str]:
        steps = self._steps("edge")
        groups = groups_of_edges(self._derivation, steps)
        lines = [f"{self._edges_title()}, {len(steps)} in {len(groups)} groups"]
        for group in groups[:MOST_GROUPS]:
            step = group[0]
            assert isinstance(step.left, tuple)
            node, operand = step.left
            text = f"{node}{self._arrow}{operand}   {self._edge_left(step)} "
            rule = ascii_words(step.rule) if self._ascii else step.rule
            text = f"{text}{self._cut(step.right)}   {rule}"
            links = [f"{s.left[0]}{self._arrow}{s.left[1]}" for s in group]
            lines += self._line_of_group(text, links)
        return lines + self._left_out(groups)

    def _edges_title(self) -> str:
        return EDGES

    def _edge_left(self, step: Step) -> str:
        return f"{self._printer.edge(*step.left)} ="

    def _line_of_group(self, text: str, names: Sequence[str]) -> list[str]:
        lines = folded("  ", text)
        if len(names) == 1:
            return lines
        more = f"{self._dots} and {len(names) - 1} more"
        last = f", up to {names[-1]}"
        if len(lines) == 1 and len(lines[0]) + len(more) + len(last) + 3 <= WIDTH:
            return [f"{lines[0]}   {more}{last}"]
        return [*lines, f"    {more}{last}"]

    def _left_out(self, groups: Sequence[Sequence[Step]]) -> list[str]:
        rest = groups[MOST_GROUPS:]
        count = sum(map(len, rest))
        return [f"  {self._dots} and {count} more in {len(rest)} groups"] if rest else []

    def _cut(self, expr: Expr) -> str:
        """The start of a formula that is one of many."""
        if expr.is_Add and len(expr.args) > MOST_TERMS + 1:
            terms = sorted(expr.args, key=self._printer.term_key)
            text = self._printer.print(Add(*terms[:2]))
            return f"{clip(text, LONGEST)} + {self._dots} ({len(terms)} terms)"
        if weight(expr) > LARGEST_FORMULA:
            return f"{self._dots} ({weight(expr)} operations)"
        return clip(self._printer.print(expr), LONGEST)

    # -- results ----------------------------------------------------------------------------------

    def _partial(self, about: Left) -> list[str]:
        steps = self._about.get(about, {})
        left = self._printer.partial(*about)
        if "substitute" not in steps:
            step = steps["simplify"]
            return folded(f"  {left} = ", f"{self._cut(step.right)}   ({step.rule})")
        chains, products = steps["sum"].right, steps["substitute"].right
        rights = [self._cut_sum(chains, self._short.chains)]
        if sum(weight(f) for p in products[:MOST_TERMS] for f in p) <= LARGEST_FORMULA:
            rights.append(self._cut_sum(products, self._short.products))
        kept = steps["simplify"].right
        if weight(kept) <= LARGEST_FORMULA:
            rights.append(self._short.print(kept))
        rights = [r for r in dict.fromkeys(rights) if r != left]
        lines = [self._count(steps["sum"])] if len(chains) > 1 else []
        lines += self._equations(left, rights)
        closed = steps["expand"].right if "expand" in steps else kept
        if closed is not kept and weight(closed) <= LARGEST_FORMULA:
            lines += self._expansion(left, steps["expand"], steps["substitute"])
        return lines

    def _count(self, step: Step) -> str:
        (of, name), chains = tuple(step.left), step.right
        users = {chain[-1][0] for chain in chains}
        if all(len(c) <= 2 and c[-1] != (of, name) for c in chains) and len(users) == len(chains):
            return f"{name} is used {len(users)} times; the contributions of all uses are added"
        return f"{len(chains)} paths lead from {name} to {of}; their products are added"

    def _cut_sum(self, terms: Sequence[Sequence[object]], render: object) -> str:
        assert callable(render)
        if len(terms) <= MOST_TERMS + 1:
            return str(render(terms))
        return f"{render(terms[:MOST_TERMS])} + {self._dots} ({len(terms)} terms)"


class _GroupedAdjoints(_Grouped, ArrayDerivationText):
    """The same by adjoints."""

    def _edges_title(self) -> str:
        sign = "v_bar" if self._ascii else "δv"
        partial = self._printer.partial(self._derivation.of, "v")
        return f"Backward pass, with {sign} = {partial}"

    def _edge_left(self, step: Step) -> str:
        walk = self._derivation.walk
        several = len(walk.into[step.left[1]]) > 1
        return f"{adjoint_sign(self._printer, walk, step.left[1])} {'+=' if several else '='}"

    def _partial(self, about: Left) -> list[str]:
        steps = self._about.get(about, {})
        left = self._printer.partial(*about)
        step = steps.get("expand") or steps.get("substitute") or steps["simplify"]
        lines = self._equations(left, [self._cut(step.right)])
        return lines if "substitute" in steps else [f"{lines[0]}   ({step.rule})", *lines[1:]]


def _grouped(steps: Iterable[Step], key: Mapping[int, Hashable]) -> list[list[Step]]:
    found: dict[Hashable, list[Step]] = {}
    for step in steps:
        found.setdefault(key[step.id], []).append(step)
    return list(found.values())


__all__ = ["groups_of_edges", "groups_of_names", "groups_of_nodes", "groups_of_steps", "is_large"]
