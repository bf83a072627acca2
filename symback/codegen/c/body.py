"""The C target for arrays: a program as the body of a function with one loop over the samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sympy import Add, Expr, Mul, S, Symbol

from symback.circuits.program import Assign, Program, batch_sum, varies
from symback.codegen.c.elements import ElementPrinter
from symback.codegen.c.loops import Evaluator, Lines
from symback.codegen.c.names import ArrayNames, words
from symback.codegen.c.number_module import joined_sums, remark
from symback.codegen.lines import chain_comment, print_order
from symback.operations.expressions import real_symbol
from symback.operations.shapes import is_size
from symback.printing.circuit_text import rewrite_notes


@dataclass(frozen=True, slots=True)
class ArrayFunctionText:
    """The body of a C function: what comes before the loop over samples, in it, and behind it."""

    sizes: Sequence[str]
    before: Sequence[str]
    each: Sequence[str]
    after: Sequence[str]
    unread: Sequence[str]
    work: Expr  # numbers of working memory


class Body:
    """One function: its lines sorted by whether they belong to a sample."""

    def __init__(self, writer: ArrayNames, program: Program) -> None:
        self.writer = writer
        self.program = program
        lowered = writer.lowered
        self.notes = rewrite_notes(lowered.circuit)
        kept = frozenset(s for s in program.arguments if s in writer.kept_varying)
        self.varying = replace(program, per_sample=program.per_sample | kept).varying()
        self.shapes = dict(writer.shapes)
        params = {p.name for p in writer.circuit.params}
        order = print_order(lowered, program)
        self.printer = ElementPrinter(order, params, self.shapes, writer.length)
        self.printer.signs = {**writer.names, _ROWS.name: "(double)count"}
        self.before: Lines = []
        self.each: Lines = []
        self.after: Lines = []
        self.behind: set[Symbol] = set()
        self.placed: set[str] = set()  # arrays that have memory
        self.memory: Lines = []
        self.declared: dict[str, str] = {}  # lines that read arguments, and the names they make
        self.last = ("work", "")
        self.work: Expr = S.Zero
        self.stored: dict[Expr, Symbol] = {}
        self.target = ""  # of the line that is written

    def text(
        self, results: Sequence[tuple[Symbol, str]], given: Sequence[str]
    ) -> ArrayFunctionText:
        self._arguments()
        ends = self._result_memory(results)
        for line in self.program.lines:
            self._line(line)
        for symbol, place in ends:
            self._result(symbol, place)
        code = [*self.memory, *self.before, *self.each, *self.after]
        known = words(line for line in code if line not in self.declared)
        idle = {line for line, name in self.declared.items() if name not in known}  # but its shape
        before = [line for line in (*self.memory, *self.before) if line not in idle]
        self.each = [line for line in self.each if line not in idle]
        texts = [*before, *self.each, *self.after]
        used = words(texts)
        if self.each:
            used.add("count")
        sizes = self.writer.read_sizes(texts, [])
        if sizes:
            used.add("sizes")
        unread = [name for name in given if name not in used]
        return ArrayFunctionText(sizes, before, self.each, self.after, unread, self.work)

    # -- memory -------------------------------------------------------------------------------

    def _arguments(self) -> None:
        """Pointers to arguments, and the numbers among them."""
        needed = {s for line in self.program.lines for s in line.reads}
        needed |= set(self.program.results)
        lowered, writer = self.writer.lowered, self.writer
        for argument in self.program.arguments:
            if argument not in needed or is_size(argument):
                continue
            name = writer.name(argument.name)
            if argument == lowered.seed:
                source = "output_bar"
            elif argument in lowered.cache:
                source = f"cache->{name}"
            else:
                role = writer.circuit[argument.name].role
                source = f"{'params' if role == 'param' else 'inputs'}->{name}"
            self._pointer("const double", argument, source)

    def _pointer(self, kind: str, symbol: Symbol, source: str) -> None:
        """A name for what is in the caller's memory, of this sample where it varies."""
        shape, name = self.shapes.get(symbol.name, ()), self.writer.name(symbol.name)
        lines = self.each if symbol in self.varying else self.before
        if not shape:
            row = "row" if symbol in self.varying else "0"
            lines.append(f"{kind} {name} = {source}[{row}];")
            self.declared[lines[-1]] = name
            return
        row = f" + row * {_factor(self.writer.count(shape))}" if symbol in self.varying else ""
        lines.append(f"{kind} *const {name} = {source}{row};")
        self.declared[lines[-1]] = name
        self.placed.add(symbol.name)

    def _result_memory(self, results: Sequence[tuple[Symbol, str]]) -> list[tuple[Symbol, str]]:
        """Computes arrays where the caller wants them; gives the results that must be copied."""
        made = {line.target for line in self.program.lines}
        ends = []
        for symbol, place in results:
            per_sample = not place.startswith(("param_bars->", "bars->")) and (
                place.startswith("input_bars->") or symbol in self.varying
            )
            shape = self.shapes.get(symbol.name, ())
            direct = shape and symbol in made and symbol.name not in self.placed
            if direct and per_sample == (symbol in self.varying):
                self._pointer("double", symbol, place)
            else:
                ends.append((symbol, f"{place} per sample" if per_sample else place))
        return ends

    def _result(self, symbol: Symbol, place: str) -> None:
        """Copies a value to the caller."""
        shape, writer = self.shapes.get(symbol.name, ()), self.writer
        place, per_sample = place.removesuffix(" per sample"), place.endswith(" per sample")
        lines = self.each if per_sample else self.after
        if not shape:
            index = "row" if per_sample else "0"
            lines.append(f"{place}[{index}] = {self.printer.print(symbol)};")
            return
        copy = real_symbol(writer.fresh(f"{symbol.name}_to"))
        row = f" + row * {_factor(writer.count(shape))}" if per_sample else ""
        lines.append(f"double *const {copy} = {place}{row};")
        self.shapes[copy.name] = shape
        lines += self._evaluator(lines).loops.elementwise(copy, shape, "=", symbol)

    def _allocate(self, symbol: Symbol) -> None:
        """Working memory for an array that has none."""
        shape = self.shapes.get(symbol.name, ())
        if not shape or symbol.name in self.placed:
            return
        name, (last, length) = self.writer.name(symbol.name), self.last
        self.memory.append(f"double *const {name} = {last}{length};")
        self.last = (name, f" + {self.writer.count(shape)}")
        self.work += self.writer.elements(shape)
        self.placed.add(symbol.name)

    # -- lines --------------------------------------------------------------------------------

    def _lines_of(self, expr: Expr) -> Lines:
        """Where an expression is computed."""
        if varies(expr, self.varying):
            return self.each
        return self.after if expr.free_symbols & self.behind else self.before

    def _evaluator(self, lines: Lines) -> Evaluator:
        return Evaluator(self.printer, self._store)

    def _store(self, part: Expr) -> Symbol:
        """A symbol for the value of a part, computed where the part may be."""
        if part not in self.stored:
            shape = self.printer.shape_of(part)
            symbol = real_symbol(self.writer.fresh(f"{self.target}_part"))
            if shape:
                self.shapes[symbol.name] = shape
            lines = self._lines_of(part)
            if lines is self.each:
                self.varying.add(symbol)
            elif lines is self.after:
                self.behind.add(symbol)
            self._assign(lines, symbol, part)
            self.stored[part] = symbol
        return self.stored[part]

    def _assign(self, lines: Lines, to: Symbol, expr: Expr, sign: str = "=") -> None:
        self._allocate(to)
        lines += self._evaluator(lines).assigned(to, expr, sign)

    def _line(self, line: Assign) -> None:
        comment = self._comment(line)
        self.target = line.target.name
        if line.expr.has(batch_sum):
            expr = self._sums(line, comment)
            if expr is not None:
                self.behind.add(line.target)
                self.after += comment
                self._assign(self.after, line.target, expr)
            return
        lines = self._lines_of(line.expr)
        if lines is self.after:
            self.behind.add(line.target)
        lines += comment
        self._assign(lines, line.target, line.expr)

    def _comment(self, line: Assign) -> Lines:
        if line.chains and line.of:
            return remark(chain_comment(line.of, line.chains))
        if line.target.name in self.notes:
            return remark([self.notes[line.target.name]])
        return []

    # -- sums over the batch ------------------------------------------------------------------

    def _sums(self, line: Assign, comment: Lines) -> Expr | None:
        """Adds up in the loop; the expression over the sums, None where the target is the sum."""
        shape = self.shapes.get(line.target.name, ())
        terms = Add.make_args(line.expr)
        direct = shape and all(isinstance(t, batch_sum) for t in terms)
        if direct and all(varies(t.args[0], self.varying) for t in terms):
            self.behind.add(line.target)
            self._allocate(line.target)
            self.before += self._evaluator(self.before).loops.zero(line.target, shape)
            self.each += comment
            for term in sorted(terms, key=self.printer.term_key):
                self._assign(self.each, line.target, term.args[0], "+=")
            return None
        expr = joined_sums(line.expr)
        totals: dict[Expr, Expr] = {}
        for part in sorted(expr.atoms(batch_sum), key=self.printer.term_key):
            factors = Mul.make_args(part.args[0])
            shared = Mul(*(f for f in factors if not varies(f, self.varying)))
            rest = Mul(*(f for f in factors if varies(f, self.varying)))
            totals[part] = shared * (_ROWS if rest == 1 else self._total(line, rest))
        return expr.xreplace(totals)

    def _total(self, line: Assign, rest: Expr) -> Symbol:
        """The symbol of a sum over the samples."""
        shape = self.printer.shape_of(rest)
        total = real_symbol(self.writer.fresh(f"{line.target.name}_total"))
        self.behind.add(total)
        if shape:
            self.shapes[total.name] = shape
            self._allocate(total)
            self.before += self._evaluator(self.before).loops.zero(total, shape)
            self._assign(self.each, total, rest, "+=")
            return total
        value = self._evaluator(self.each).prepared(rest)
        self.before.append(f"double {total}[2] = {{0.0, 0.0}};")
        self.each.append(f"symback_add({total}, {self.printer.print(value)});")
        self.printer.signs = {**self.printer.signs, total.name: f"symback_sum({total})"}
        return total


_ROWS = Symbol("symback_rows", real=True)
"""Stands for the number of samples."""


def _factor(text: str) -> str:
    return f"({text})" if " " in text else text


__all__ = ["ArrayFunctionText", "Body"]
