"""Circuit → circuit: every node's formula rewritten by the rules, operands first.

Parts that nodes share are rewritten once. A rule may look behind the name of a node, as for
log(s) where s = σ(z); names in `opaque` stay what they are, so that a partial by such a node is
still asked of a circuit that uses it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sympy as sp
from sympy import Add, Basic, Expr, Piecewise, Pow, Symbol
from sympy.codegen.cfunctions import log1p
from sympy.logic.boolalg import Boolean

from symback.circuits.circuit import Circuit, Node, Rewrite, computed, size
from symback.operations.arrays import shape_of
from symback.operations.expressions import postorder, written_size
from symback.operations.shapes import Shape, is_size
from symback.stable.array_proof import holds_for_arrays
from symback.stable.entries import NamedEntries
from symback.stable.looked_for import FUNCTIONS, is_looked_for, is_looked_for_last
from symback.stable.matching import DEEPEST
from symback.stable.proof import holds
from symback.stable.rules import COVERED, PRODUCTS, RULES, SERIES, Rule, why_of, words_of
from symback.stable.series import may_be_scaled, may_cancel_anywhere, with_series

MOST_CHANGES = 40  # of one part, one after the other
LARGEST_INLINED = 48  # written parts of a formula with names replaced by their formulas
MOST_INLINED_TERMS = 4  # of a sum that has a name


def _by_head(rules: Sequence[Rule]) -> Mapping[Any, list[Rule]]:
    return {h: [rule for rule in rules if h in rule.heads] for of in rules for h in of.heads}


RULES_BY_HEAD = _by_head([rule for rule in RULES if not rule.last])
LAST_BY_HEAD = _by_head([rule for rule in RULES if rule.last])


def stable(circuit: Circuit, opaque: Collection[str] = ()) -> Circuit:
    """The circuit with formulas that keep their digits; itself where there is nothing to rewrite.

    `rewrites` of the result say what was changed.

    >>> import symback as sb
    >>> print(stable(sb.circuit("f = 1/(1 + exp(-x))")).output.formula)
    sigma(x)
    """
    return rewritten(circuit, opaque)[0]


def rewritten(
    circuit: Circuit, opaque: Collection[str] = ()
) -> tuple[Circuit, tuple[Rewrite, ...]]:
    """`stable(circuit)`, and the rewritings that are not used as no proof of them was found."""
    return circuit.once(_found, frozenset(opaque)) if not circuit.rewrites else (circuit, ())


def _found(circuit: Circuit, opaque: frozenset[str]) -> tuple[Circuit, tuple[Rewrite, ...]]:
    named = NamedEntries(circuit, opaque)
    found, unproven = _rewritten(named.circuit, opaque)
    return named.back(found), named.rewrites_back(unproven)


def _rewritten(circuit: Circuit, opaque: frozenset[str]) -> tuple[Circuit, tuple[Rewrite, ...]]:
    first = Rewriter(circuit, opaque)
    nodes = [first.node(n) for n in circuit.nodes]
    rewrites, unproven = first.rewrites, first.unproven
    sizes = first.sizes
    typed = (n.formula for n in nodes if not n.is_leaf)
    if any(_is_for_last(formula) for formula in typed if formula not in first.plain):
        changed = _with(circuit, nodes, sizes, rewrites) if rewrites else circuit
        last = Rewriter(changed, opaque, LAST_BY_HEAD, inlines=False)
        nodes = [last.node(n) for n in nodes]
        rewrites, sizes = _joined(rewrites, last.rewrites), sizes | last.sizes
        unproven = [*unproven, *last.unproven]
    if not rewrites:
        return circuit, tuple(unproven)
    return _with(circuit, nodes, sizes, rewrites), tuple(unproven)


def _is_for_last(formula: Expr) -> bool:
    return is_looked_for_last(formula) or may_be_scaled(formula)


def _with(
    circuit: Circuit, nodes: Sequence[Node], sizes: Mapping[str, Node], rewrites: Sequence[Rewrite]
) -> Circuit:
    """The circuit with other formulas, and the sizes that only these use as numbers."""
    nodes = (*sizes.values(), *nodes)
    by_name = {n.name: n for n in nodes}
    return replace(
        circuit,
        nodes=nodes,
        output=by_name[circuit.output.name],
        loss=by_name[circuit.loss.name] if circuit.loss else None,
        rewrites=(*circuit.rewrites, *rewrites),
    )


def _joined(first: Sequence[Rewrite], last: Sequence[Rewrite]) -> list[Rewrite]:
    """One rewriting a node, in the order of the nodes that were rewritten first."""
    found = {r.node: r for r in first}
    for r in last:
        before = found.get(r.node)
        if before is not None:
            words = ", ".join(dict.fromkeys((before.rule, r.rule)))
            whys = "; ".join(dict.fromkeys((before.why, r.why)))
            r = Rewrite(r.node, before.before, r.after, words, whys, before.smooths)
        found[r.node] = r
    return list(found.values())


@dataclass(frozen=True, slots=True)
class _Change:
    """What one part became, by which rules, and which names were looked through."""

    result: Any
    rules: tuple[Rule, ...] = ()
    behind: frozenset[Symbol] = frozenset()


class Rewriter:
    """Rewrites the nodes of a circuit one after another, leaves first."""

    def __init__(
        self,
        circuit: Circuit,
        opaque: frozenset[str],
        rules: Mapping[Any, list[Rule]] | None = None,
        inlines: bool = True,
    ) -> None:
        self._opaque = opaque
        self._rules = RULES_BY_HEAD if rules is None else rules
        self._inlines = inlines  # names where more rules apply so, not for the last rules
        self._shapes = circuit.shapes
        self._has_arrays = circuit.has_arrays
        self._ranks = circuit.ranks
        self._places = {n.symbol: i for i, n in enumerate(circuit.nodes)}
        self._typed: dict[Symbol, Expr] = {}  # formulas of the nodes so far, as typed
        self._formulas: dict[Symbol, Expr] = {}  # and as rewritten
        self._seen: dict[Expr, Expr] = {}  # those of names that rules look behind
        self._numbers: dict[Symbol, Symbol] = {}  # names of formulas of one number, and that
        self._behind: dict[Symbol, frozenset[Symbol]] = {}  # names that a rewriting used
        self._changes: dict[Any, _Change] = {}
        self.plain: set[Expr] = set()  # products and sums that no rule looks for
        self._looked = set[Symbol]()
        self.searched: dict[tuple[Callable[[Any], bool], Expr], tuple[int, int | None]] = {}
        self.through: dict[Expr, tuple[Expr, list[Expr]]] = {}
        self.sizes: dict[str, Node] = {}  # that only rewritten formulas use as numbers
        self.rewrites: list[Rewrite] = []
        self.unproven: list[Rewrite] = []

    def node(self, node: Node) -> Node:
        if node.is_leaf:
            return node
        symbol = node.symbol
        self._typed[symbol] = node.formula
        numbers = {self._numbers.get(s, s) for s in node.formula.free_symbols}
        if len(numbers) == 1 and self._may_be_seen(symbol):
            (self._numbers[symbol],) = numbers
        made = self._rewritten(node)
        formula = self._formulas[symbol] = made.formula
        if symbol.name not in self._opaque and not (formula.is_Symbol or formula.is_number):
            self._seen[symbol] = formula
        return made

    def _rewritten(self, node: Node) -> Node:
        if all(self._is_leaf(t) or self.is_plain(t) for t in Add.make_args(node.formula)):
            self.plain.add(node.formula)  # as most of a large circuit is
            return node
        after = self.rewrite(node.formula).result
        series = self._with_series(node.formula)
        typed = node.formula if series is None else series[1]
        parts = [self._changes[p] for p in _parts(typed)]
        rules = tuple(dict.fromkeys(rule for part in parts for rule in part.rules))
        names = {s for part in parts for s in part.behind}
        if series is not None:
            after, rules, names = series[0], (SERIES, *rules), names | series[2]
        elif self._inlines:
            after, rules, names = self._inlined(node.formula, rules) or (after, rules, names)
        if after == node.formula:
            return node
        behind = self._closure(names)
        words = words_of(node.formula, after, rules)
        smooths = any(rule.smooths for rule in rules)
        rewrite = Rewrite(node.name, node.formula, after, words, why_of(words, rules), smooths)
        kept = self._shapes and shape_of(after, self._shapes) != node.shape
        if kept or not self._proven(node.formula, after, behind):
            self.unproven.append(rewrite)
            return node
        self._behind[node.symbol] = frozenset(behind)
        self.rewrites.append(rewrite)
        used = {s.name: s for s in postorder(after) if s.is_Symbol}
        self.sizes |= {n: size(n) for n, s in used.items() if is_size(s) and n not in self._ranks}
        new = sorted(used.keys() - set(node.operands), key=lambda n: self._ranks.get(n, (-1, 0, 0)))
        shapes = self._shapes if self._has_arrays else None
        operands = [*node.operands, *new]
        return computed(node.name, after, operands, node.place, node.generated, shapes, node.shape)

    def _with_series(self, formula: Expr) -> tuple[Expr, Expr, set[Symbol]] | None:
        """The rewritten formula with series near 0 where it needs some; what it is with names
        replaced, and these names.
        """
        if isinstance(formula, Piecewise):
            return None
        through = set[Symbol]()
        if not self._inlines:
            if formula.is_Add and len(formula.free_symbols) <= MOST_INLINED_TERMS:
                formula = self._with_formulas(formula, self._may_be_seen, through)
            found = self._series_of(formula) if may_be_scaled(formula) else None
            return None if found is None else (found, formula, through)
        whole = self._with_formulas(formula, self._numbers.__contains__, through)
        if not may_cancel_anywhere(whole):
            return None
        found = self._series_of(whole)
        if found is None:
            beside = whole.free_symbols
            again = self._with_formulas(whole, lambda s: self._is_product(s, beside), through)
            found = None if again == whole else self._series_of(again)
            whole = again
        return None if found is None else (found, whole, through)

    def _series_of(self, whole: Expr) -> Expr | None:
        computed = self.rewrite(whole).result
        found = with_series(computed, not self._inlines)
        return None if found == computed else found

    def _with_formulas(
        self, whole: Expr, eligible: Callable[[Symbol], bool], through: set[Symbol]
    ) -> Expr:
        """The formula with some names replaced by what they stand for; these join `through`."""
        for _ in range(DEEPEST):
            names = {s: self._typed[s] for s in whole.free_symbols if eligible(s)}
            sizes = {s: written_size(f) for s, f in names.items()}
            if not names or written_size(whole, sizes) > LARGEST_INLINED:
                break
            through |= set(names)
            whole = whole.xreplace(names)
        return whole

    def _is_product(self, symbol: Symbol, beside: set[Basic]) -> bool:
        """Whether it is the name of a product, such as k·t, of which a factor stands beside it."""
        formula = self._typed.get(symbol)
        if formula is None or not formula.is_Mul or beside.isdisjoint(formula.free_symbols):
            return False
        return self._may_be_seen(symbol)

    def _may_be_seen(self, symbol: Symbol) -> bool:
        formula = self._typed.get(symbol)
        known = formula is not None and symbol.name not in self._opaque
        return known and not isinstance(formula, Piecewise)

    def _inlined(
        self, formula: Expr, known: tuple[Rule, ...]
    ) -> tuple[Expr, tuple[Rule, ...], set[Symbol]] | None:
        """The formula rewritten with names replaced by what they stand for, where more rules
        apply so; parts that stay whole get their names again.
        """
        inside: dict[Symbol, Expr] = {}
        whole = formula
        while True:
            names = {s: self._typed[s] for s in _skeleton(whole) if self._may_inline(s)}
            sizes = {s: written_size(formula) for s, formula in names.items()}
            if not names or written_size(whole, sizes) > LARGEST_INLINED:
                break
            inside |= names
            whole = whole.xreplace(names)
        if not inside or not any(map(is_looked_for, postorder(whole))):
            return None
        meaning: dict[Symbol, Expr] = {}
        for s in sorted(inside, key=self._places.__getitem__):
            meaning[s] = inside[s].xreplace(meaning)
        after = self.rewrite(whole).result
        own = set(_parts(whole)).difference(*(_parts(m) for m in meaning.values()))
        rules = tuple(dict.fromkeys(r for part in own for r in self._changes[part].rules))
        if set(rules) <= set(known) or any(r.stays for r in known if r not in rules):
            return None
        named = {m: s for s, m in reversed(meaning.items())}
        behind = {s for part in _parts(whole) for s in self._changes[part].behind}
        return after.xreplace(named), rules, behind | set(inside)

    def _may_inline(self, symbol: Symbol) -> bool:
        formula = self._typed.get(symbol)
        if formula is None or symbol.name in self._opaque or formula.is_number:
            return False
        short = formula.is_Add and len(formula.args) <= MOST_INLINED_TERMS
        return bool(short or formula.is_Mul or formula.is_Pow or formula.func in FUNCTIONS)

    def _closure(self, names: set[Symbol]) -> set[Symbol]:
        """The names with those that their own rewritings have looked through."""
        return names | {s for name in names for s in self._behind.get(name, frozenset())}

    def _proven(self, before: Expr, after: Expr, behind: set[Symbol]) -> bool:
        inner = [(s, self._typed[s]) for s in sorted(behind, key=self._places.__getitem__)]
        if self._has_arrays:
            found = holds_for_arrays(before, after, inner, self._shapes, self._became)
            if not found and any(f.has(*PRODUCTS) for f in (before, *(f for _, f in inner))):
                covered = (*COVERED, *PRODUCTS)
                found = holds_for_arrays(before, after, inner, self._shapes, self._became, covered)
            return found
        return holds(before, after, inner)

    def _became(self, part: Any) -> Any:
        change = self._changes.get(part)
        return part if change is None else change.result

    def shape_of(self, expr: Expr) -> Shape:
        return shape_of(expr, self._shapes)

    def __call__(self, expr: Expr) -> Expr:
        """The formula behind the name of a computed node; any other expression as it is."""
        formula = self._seen.get(expr)
        if formula is None:
            return expr
        self._looked.add(expr)
        return formula

    def rewrite(self, expr: Any) -> _Change:
        """Bottom up, every distinct part once."""
        for part in _parts(expr):
            if part not in self._changes:
                if isinstance(part, Boolean) or self.is_plain(part):
                    self._changes[part] = _Change(part)
                    continue
                args = tuple(self._changes[a].result for a in part.args)
                rebuilt = part if args == part.args else _rebuilt(part, args)
                self._changes[part] = self._to_fixpoint(rebuilt, part.func)
        return self._changes[expr]

    def is_plain(self, part: Any) -> bool:
        """Whether it is a product of names of leaves, or a sum of these.

        Rules look for numbers, powers and functions, so that most parts of a large circuit need
        not be shown to them.
        """
        if part.is_Mul:
            plain = all(map(self._is_leaf, part.args))
        else:
            plain = part.is_Add and all(t in self.plain or self._is_leaf(t) for t in part.args)
        if plain:
            self.plain.add(part)
        return bool(plain)

    def _is_leaf(self, part: Any) -> bool:
        return part.is_Symbol and part not in self._formulas

    def _to_fixpoint(self, expr: Any, head: Any) -> _Change:
        rules: list[Rule] = []
        behind: set[Symbol] = set()
        if expr.func is not head and expr.args:  # 1/(-u) is rebuilt as -(1/u), 1/u a new part
            inner = self._rewrite_new(expr)
            rules, behind, expr = [*inner.rules], {*inner.behind}, inner.result
        for _ in range(MOST_CHANGES):
            step = self.once(expr)
            if step is None:
                break
            found, rule = step
            behind |= self._looked
            # the form as it is, beside another for a point, and what is final
            kept = [p for p in _parts(found) if p == expr or rule.final]
            self._changes |= {p: _Change(p) for p in kept if p == expr or p not in self._changes}
            inner = self._rewrite_new(found)
            rules += [rule, *inner.rules]
            behind |= inner.behind
            expr = inner.result
        return _Change(expr, tuple(rules), frozenset(behind))

    def _rewrite_new(self, found: Any) -> _Change:
        """What a rule has made may hold parts that rules apply to; its own head comes next."""
        changes = [self.rewrite(a) for a in found.args]
        args = tuple(change.result for change in changes)
        rebuilt = found if args == found.args else _rebuilt(found, args)
        parts = [self._changes[p] for a in found.args for p in _parts(a)]
        return _Change(
            rebuilt,
            tuple(rule for part in parts for rule in part.rules),
            frozenset(s for part in parts for s in part.behind),
        )

    def once(self, expr: Any) -> tuple[Expr, Rule] | None:
        """What the first rule that applies makes of an expression, and that rule."""
        for rule in self._rules.get(expr.func, ()):
            self._looked = set()
            found = rule.match(self, expr)
            if found is not None and found != expr:
                return found, rule
        return None


def _skeleton(expr: Expr) -> list[Symbol]:
    """The names that sums, products and quotients are made of; below a log as well."""
    found: dict[Symbol, None] = {}
    stack = [expr.args[0] if isinstance(expr, sp.log | log1p) else expr]
    while stack:
        part = stack.pop()
        if part.is_Symbol:
            found[part] = None
        elif part.is_Add or part.is_Mul:
            stack.extend(part.args)
        elif part.is_Pow and not (part.exp.is_Integer and part.exp.is_positive):
            stack.append(part.base)
    return list(found)


def _rebuilt(part: Any, args: tuple[Any, ...]) -> Any:
    """The part over other operands; a choice keeps its conditions as they are written, and its
    power is one power."""
    if isinstance(part, Piecewise):
        return Piecewise(*_beyond_zeros(args), evaluate=False)
    if part.is_Pow and isinstance(args[0], Piecewise):
        return Pow(*args, evaluate=False)
    return part.func(*args)


def _beyond_zeros(choices: Sequence[Any]) -> Iterator[tuple[Expr, Any]]:
    """The branches of a choice, without choices for v = 0 in those that v = 0 does not reach."""
    zeros = set[Any]()
    for branch, condition in choices:
        there = set(zeros)
        if isinstance(condition, sp.StrictGreaterThan) and condition.rhs == 0:
            there.add(sp.Eq(condition.lhs, 0))
        inner = (p for p in postorder(branch) if there and isinstance(p, Piecewise))
        gone = {p: p.args[1].args[0] for p in inner if p.args[0].args[1] in there}
        yield (branch.xreplace(gone) if gone else branch), condition
        if isinstance(condition, sp.Eq):
            zeros.add(condition)


def _parts(expr: Any) -> Iterator[Any]:
    """The distinct parts, operands first; conditions are left as they are."""
    seen: set[Basic] = set()
    stack: list[tuple[Basic, bool]] = [(expr, False)]
    while stack:
        part, done = stack.pop()
        if done:
            yield part
        elif part not in seen:
            seen.add(part)
            stack.append((part, True))
            if not isinstance(part, Boolean):
                stack.extend((a, False) for a in reversed(part.args) if a not in seen)


__all__ = ["Rewrite", "rewritten", "stable"]
