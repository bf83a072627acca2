"""A derivation as plain text, at most 80 columns wide, the same at every run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from operator import add
from typing import Any

from symback.derivation.accumulation import ONE
from symback.derivation.numbers.not_finite import causes
from symback.derivation.numbers.steps import (
    DerivationNumbers,
    known_numbers_of,
    missing_values,
)
from symback.derivation.record import Derivation, Step, slopes_of
from symback.derivation.steps import Left, is_chains
from symback.derivation.text.adjoints import adjoint_sign, matrix_left, printer_of
from symback.derivation.text.numbers import number_text, value_text
from symback.printing.text import AsciiPrinter, TextPrinter

WIDTH = 80
MOST_FACTORS = 12  # of a chain with its numbers in place
MOST_CAUSES = 4  # of numbers that are not finite, which are named
_BREAKS = "·*/(,"  # a line may end behind one of these
_ASCII = str.maketrans(
    {"′": "'", "σ": "sigma", "·": "*", "−": "-", "√": "sqrt", "∛": "cbrt", "²": "**2", "½": "1/2"}
    | {"∂": "d", "ᵇ": "**b", "⁻": "-", "¹": "1", "π": "pi"}
    | {"→": "->", "—": "-", "δ": "delta ", "θ": "theta", "η": "eta", "α": "alpha", "≤": "<="}
    | {
        "ᵀ": ".T",
        "∘": "*",
        "Σ": "sum ",
        "Π": "product ",
        "‖": "|",
        "ᵏ": "**k",
        "ⁿ": "**n",
        "∞": "infinity",
        "⁺": "+",
    }
)


def ascii_words(text: str) -> str:
    """A rule or a reason in ASCII."""
    return text.translate(_ASCII)


EDGES = "Edges, with their local partials"


def printer_for(derivation: Derivation, ascii: bool = False) -> TextPrinter:
    return printer_of(AsciiPrinter if ascii else TextPrinter, derivation)


def title_of(derivation: Derivation, printer: TextPrinter, behind: str = "") -> str:
    """What a derivation is about; `behind` stands behind one partial."""
    if derivation.is_matrix:
        of, wrt = ", ".join(derivation.row_names), ", ".join(derivation.wrt)
        return f"{derivation.matrix_name} of {of} with respect to {wrt}"
    if len(derivation.wrt) == 1:
        return f"{printer.partial(derivation.of, derivation.wrt[0])}{behind}"
    return f"All partials of {derivation.of}"


def edges_title(derivation: Derivation, ascii: bool = False) -> str:
    """The title of the local partials; it says what ∂⁺ means where one is written so."""
    return f"{EDGES}; {along_one_edge(ascii)}" if derivation.direct else EDGES


def along_one_edge(ascii: bool) -> str:
    return f"{'d+' if ascii else '∂⁺'}: along this edge alone"


class Text:
    """A derivation along paths: forward, edges, each result, the stable form, numbers."""

    behind_title = " of the circuit"

    def __init__(self, derivation: Derivation, ascii: bool) -> None:
        self._derivation = derivation
        self._ascii = ascii
        self._arrow = " -> " if ascii else " → "
        self._printer, self._short = (printer_for(derivation, ascii) for _ in range(2))
        slopes = [slope for slope, _ in slopes_of(derivation)]
        kinds = [type(s) for s in slopes]
        self._short.short_slopes = frozenset(s for s in slopes if kinds.count(type(s)) == 1)
        self._about = derivation.results
        self._said: set[str] = set()  # what slopes are

    def lines(self) -> list[str]:
        derivation = self._derivation
        parts = [[self._title()], self._forward(), self._edges(), *self._partials()]
        parts += self._stable_form()
        if derivation.values:
            parts.append(self._numbers())
        return [line for part in parts if part for line in (*part, "")]

    def _title(self) -> str:
        return title_of(self._derivation, self._printer, self.behind_title)

    def _partials(self) -> list[list[str]]:
        """A part for each partial that was asked for."""
        return [self._partial(left) for left in self._derivation.asked]

    def _steps(self, kind: str) -> list[Step]:
        return [s for s in self._derivation.steps if s.kind == kind]

    def _forward(self) -> list[str]:
        rows = [(s.node, self._printer.print(s.right)) for s in self._steps("forward")]
        if not rows:  # of a leaf
            return []
        width = max(len(name) for name, _ in rows)
        lines, head = ["Forward"], ""
        for name, text in rows:
            before, head = head, self._derivation.heads.get(name, "")
            lines += [f"  {head}:"] if head and head != before else []
            lines += folded(f"  {'  ' if head else ''}{name:<{width}} = ", text)
        return lines

    def _stable_form(self) -> list[list[str]]:
        """A part of its own, where formulas are computed otherwise than typed."""
        lines = [self._derivation.stable_title]
        for step in self._derivation.stable_steps:
            right = self._printer.print(step.right)
            if step.kind == "define":
                lines += folded(f"  {step.node} = ", right)
            elif step.kind == "rewrite":
                lines += self._rewritten(step, f"{self._printer.print(step.before)} = {right}")
            else:
                left = matrix_left(self._printer, self._derivation, step)
                lines += folded(f"  {left} = ", right)
        return [lines] if len(lines) > 1 else []

    def _rewritten(self, step: Step, equation: str) -> list[str]:
        """The equation, and why beside it or below."""
        why = ascii_words(step.rule) if self._ascii else step.rule
        line = f"  {step.node} = {equation}   "
        if len(line) + len(why) <= WIDTH:
            return [f"{line:<{WIDTH - len(why)}}{why}"]
        return [*folded(f"  {step.node} = ", equation), *folded("    ", why)]

    def _edges(self) -> list[str]:
        steps = self._steps("edge")
        return self._table(self._edges_title(), steps) if steps else []

    def _table(self, title: str, steps: Sequence[Step]) -> list[str]:
        """Numbered lines: from where to where, the local partial, and its rule."""
        rows = []
        for step in steps:
            node, *operands = tuple(step.left)
            rows.append(
                (
                    f"{node}{self._arrow}{', '.join(dict.fromkeys(operands))}",
                    self._printer.edge(node, *operands),
                    self._printer.print(step.right),
                    ascii_words(step.rule) if self._ascii else step.rule,
                )
            )
        widths = [max(len(row[i]) for row in rows) for i in range(3)]
        lines = [title]
        for number, (edge, left, right, rule) in enumerate(rows, 1):
            line = f"  {number:>2}  {edge:<{widths[0]}}   {left:<{widths[1]}} = {right}"
            room = f"  {'':>2}  {'':<{widths[0]}}   {'':<{widths[1]}}   {'':<{widths[2]}}"
            if len(room) + 3 + len(rule) <= WIDTH:
                lines.append(f"{line:<{len(room)}}   {rule}")
            else:
                lines += with_rule(line, folded("", line), rule)
        return lines

    def _edges_title(self) -> str:
        return edges_title(self._derivation, self._ascii)

    def _partial(self, about: Left) -> list[str]:
        steps = self._about.get(about, {})
        left = self._printer.partial(*about)
        if "sum" not in steps:
            if about[0] == about[1]:
                return [f"  {left} = 1"]
            right = self._printer.print(steps["simplify"].right)
            return [f"  {left} = {right}   ({steps['simplify'].rule})"]
        lines = self._paths(steps["sum"])
        chains = self._short.chains(steps["sum"].right)
        rights = [chains, *self._forms(steps)]
        lines += self._equations(left, [r for r in dict.fromkeys(rights) if r != left])
        if "expand" in steps:
            lines += self._expansion(left, steps["expand"], steps["substitute"])
        return lines

    def _forms(self, steps: Mapping[str, Step]) -> list[str]:
        """The products with the local partials in place, and the simplified form."""
        products = self._short.products(steps["substitute"].right)
        return [products, self._short.print(steps["simplify"].right)]

    def _paths(self, step: Step) -> list[str]:
        chains: Sequence[Sequence[tuple[str, str]]] = step.right
        of, name = tuple(step.left)
        if len(chains) < 2:
            return []
        complete = all(a[1] == b[0] for chain in chains for a, b in pairwise(chain)) and len(
            chains
        ) == len(set(map(tuple, chains)))
        listed = complete and chains[0][0][0] == of
        lines = [f"{len(chains)} paths lead from {name} to {of}; their products are added"]
        if not listed:
            return lines
        for chain in chains:
            route = self._arrow.join([name, *(a for a, _ in reversed(chain))])
            lines += folded("  ", route)
        return lines

    def _equations(self, left: str, rights: Sequence[str]) -> list[str]:
        lines: list[str] = []
        for i, right in enumerate(rights):
            start = f"  {left} = " if i == 0 else f"  {'':<{len(left)}} = "
            lines += folded(start, right)
        return lines

    def _expansion(self, left: str, step: Step, substitute: Step | None) -> list[str]:
        products = () if substitute is None else substitute.right
        factors = {factor for product in products for factor in product}
        lines = []
        for slope, expanded in slopes_of(self._derivation, *factors) if factors else ():
            written = self._printer.print(slope.written)
            texts = [self._short.print(slope), written, self._printer.print(expanded)]
            lines += self._expanded_slope(texts)
        lines = lines or ["Expand"]
        return [*lines, *folded(f"  {left} = ", self._printer.print(step.right))]

    def _expanded_slope(self, texts: Sequence[str]) -> list[str]:
        """What a slope is, where no result above has said so."""
        line = " = ".join(dict.fromkeys(texts))
        if line in self._said:
            return []
        self._said.add(line)
        return folded("Expand ", line)

    def _numbers(self) -> list[str]:
        derivation = self._derivation
        found = known_numbers_of(derivation)
        nodes = [s for s in derivation.steps if s.kind == "forward" and s.node in found.nodes]
        given = ", ".join(f"{n} = {number_text(v)}" for n, v in derivation.values.items())
        values = (f"{s.node} = {number_text(found.nodes[s.node])}" for s in nodes)
        remarks = (self._remark(found, s) for s in nodes)
        computed = ", ".join(map(add, values, remarks))
        lines = [*folded("At ", given), *(folded("  ", computed) if computed else [])]
        for left, value in found.partials_of(derivation).items():
            remark = self._remark(found, derivation.last_step_about(left))
            chain = "" if remark else self._chain_in_numbers(found, left)
            text = f"{self._printer.partial(*left)} = {chain}{number_text(value)}{remark}"
            lines += folded("  ", text)
        lines += [*self._causes(found), *self._unknown(found)]
        return [self._printer.numeral(line) for line in lines]

    def _unknown(self, found: DerivationNumbers) -> list[str]:
        """What has no number, as leaves have none."""
        derivation = self._derivation
        missing = missing_values(derivation)
        if not missing:
            return []
        known = found.partials_of(derivation)
        nodes = (s.node for s in derivation.steps if s.kind == "forward")
        names = [name for name in dict.fromkeys(nodes) if name not in found.nodes]
        names += [self._printer.partial(*left) for left in derivation.asked if left not in known]
        return folded("  ", f"not determined without {', '.join(missing)}: {', '.join(names)}")

    def _chain_in_numbers(self, found: DerivationNumbers, left: Left) -> str:
        """The products of local partials with their numbers in place, and "= " behind them."""
        derivation = self._derivation
        total = derivation.results.get(left, {}).get("sum")
        if total is None or derivation.order > 1 or not is_chains(total.right):
            return ""
        edges = {s.edge: found.steps.get(s.id) for s in derivation.steps if s.kind == "edge"}
        chains = [[edges.get((link[0], link[1])) for link in chain] for chain in total.right]
        factors = [factor for chain in chains for factor in chain]
        if len(factors) < 2 or len(factors) > MOST_FACTORS or None in factors:
            return ""
        texts = [[number_text(x) for x in chain if x is not None] for chain in chains]
        products = [[f"({t})" if t.startswith("-") else t for t in chain] for chain in texts]
        products[0][0] = texts[0][0]
        times = f" {self._printer.times_sign.strip()} "
        return " + ".join(times.join(product) for product in products) + " = "

    def _causes(self, found: DerivationNumbers) -> list[str]:
        """Why numbers are not finite: which formula makes one of finite ones."""
        lines = []
        for step, read in causes(self._derivation, found)[:MOST_CAUSES]:
            printer = self._printer
            left = step.left if isinstance(step.left, str) else printer.edge(*step.left)
            where = ", ".join(f"{name} = {number_text(value)}" for name, value in read.items())
            formula = f"{left} = {printer.print(step.right)}"
            lines += folded("  ", f"{formula} has no finite value at {where}")
        return lines

    def _remark(self, found: DerivationNumbers, step: Step) -> str:
        """Behind a given number: what it is as typed, where that is another."""
        remark = found.typed(step, number_text)
        return f" ({remark})" if remark else ""


class ArrayDerivationText(Text):
    """A derivation by adjoints: what each edge gives to its operand, then the result."""

    def __init__(self, derivation: Derivation, ascii: bool) -> None:
        super().__init__(derivation, ascii)
        kind = AsciiPrinter if ascii else TextPrinter
        short = self._short.short_slopes
        self._printer, self._short = (printer_of(kind, derivation, adjoints=True) for _ in range(2))
        self._short.short_slopes = short
        self._room = 0

    def _sign(self, name: str) -> str:
        return adjoint_sign(self._printer, self._derivation.walk, name)

    def _edges(self) -> list[str]:
        derivation = self._derivation
        into = derivation.walk.into
        sign = "v_bar" if self._ascii else "δv"
        lines = [f"Backward pass, with {sign} = {self._printer.partial(derivation.of, 'v')}"]
        edges = [s.edge for s in derivation.steps if s.edge is not None]
        longest = max((len(a) + len(b) for a, b in edges), default=0)
        self._room = min(6 + longest + len(self._arrow), WIDTH // 3)
        number, head = 0, ""
        for step in derivation.steps:
            if step.kind == "edge":
                number += 1
                assert isinstance(step.left, tuple)
                node, operand = step.left
                before, head = head, derivation.heads.get(node, "")
                if head and head != before:
                    lines.append(f"  {head}, the last turn first")
                several = len(into[operand]) > 1
                left = f"{self._sign(operand)}{' +=' if several else ' ='} "
                lines += self._line(f"  {number:>2}  {node}{self._arrow}{operand}", left, step)
            elif step.kind == "simplify" and step.rule == ONE:
                lines += self._line("", "= ", step)
            elif step.kind == "sum" and isinstance(step.left, tuple):
                lines += self._line("", f"{self._sign(step.left[1])} = ", step)
        return lines if number else []

    def _line(self, start: str, left: str, step: Step) -> list[str]:
        rule = ascii_words(step.rule) if self._ascii else step.rule
        start = f"{start:<{self._room}}  {left}"
        text = self._printer.print(step.right)
        return with_rule(start + text, folded(start, text), rule)

    def _partial(self, about: Left) -> list[str]:
        steps = self._about.get(about, {})
        left = self._printer.partial(*about)
        if "substitute" not in steps:
            step = steps["simplify"]
            return folded(f"  {left} = ", f"{self._printer.print(step.right)}   ({step.rule})")
        rights = [self._short.print(steps["substitute"].right)]
        chain = self._chain(about[1])
        if chain:
            rights.insert(0, chain)
        lines = self._equations(left, rights)
        if "expand" in steps:
            expanded = self._printer.print(steps["expand"].right)
            lines += [*self._slopes(steps["substitute"]), *folded(f"  {left} = ", expanded)]
        return lines

    def _chain(self, name: str) -> str:
        """The chain of partials, where one path leads to the node."""
        walk = self._derivation.walk
        links: list[tuple[str, str]] = []
        while name != walk.of:
            if len(walk.into[name]) != 1:
                return ""
            links.insert(0, (walk.into[name][0].node, name))
            name = links[0][0]
        return self._printer.chain(tuple(links)) if len(links) > 1 else ""

    def _numbers(self) -> list[str]:
        """One line a node: what was given, the values, the partials."""
        derivation = self._derivation
        if not derivation.walk.circuit.has_arrays:
            return super()._numbers()
        found = known_numbers_of(derivation)
        lines = []
        for i, (name, value) in enumerate(derivation.values.items()):
            lines.append(self._value(f"{'At ' if i == 0 else '   '}{name} = ", value))
        nodes = (s for s in derivation.steps if s.kind == "forward" and s.node in found.nodes)
        rows = [(f"  {s.node}", found.nodes[s.node], s) for s in nodes]
        for left, value in found.partials_of(derivation).items():
            partial = f"  {self._printer.partial(*left)}"
            rows.append((partial, value, derivation.last_step_about(left)))
        for about, value, step in rows:
            lines.append(self._value(f"{about} = ", value))
            typed = found.typed(step, lambda v: self._text(v, WIDTH - 16))
            lines += [f"    {typed}"] if typed else []
        return [*lines, *self._unknown(found)]

    def _value(self, start: str, value: Any) -> str:
        return start + self._text(value, WIDTH - len(start))

    def _text(self, value: Any, width: int) -> str:
        text = value_text(value, width, "..." if self._ascii else "…")
        return self._printer.numeral(text)

    def _slopes(self, step: Step) -> list[str]:
        lines = []
        for slope, expanded in slopes_of(self._derivation, step.right):
            lines += self._expanded_slope([self._short.print(slope), self._printer.print(expanded)])
        return lines or ["Expand"]


def with_rule(line: str, broken: Sequence[str], rule: str) -> list[str]:
    """The line with its rule at the right margin; where it is too long, broken, the rule below."""
    if len(line) + 3 + len(rule) <= WIDTH:
        return [f"{line:<{WIDTH - len(rule)}}{rule}"]
    below = [f"{rule:>{WIDTH}}"] if len(rule) <= WIDTH - 4 else folded("    ", rule)
    return [*broken, *below]


def folded(start: str, text: str) -> list[str]:
    """`start` and the text, broken at spaces, else behind signs, where it is wider than a line."""
    indent = " " * min(len(start) + 2, WIDTH // 2)
    lines, line = [], start
    for word in text.split(" "):
        if len(line) + len(word) + 1 > WIDTH and line.strip() and line != start:
            lines.append(line.rstrip())
            line = indent
        while len(line) + len(word) > WIDTH:
            piece = _fitting(word, WIDTH - len(line))
            lines.append((line + piece).rstrip())
            line, word = indent, word[len(piece) :]
        line += word + " "
    return [*lines, line.rstrip()]


def _fitting(word: str, width: int) -> str:
    """The longest start of a long word that ends behind a sign and fits; at least something."""
    ends = [i + 1 for i, c in enumerate(word[:width]) if c in _BREAKS and i > 0]
    return word[: ends[-1]] if ends else word[:width]
