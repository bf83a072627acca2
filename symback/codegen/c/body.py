"""The C target: a program as the body of a function with one loop over the samples.

Where no line of a sample has an axis, the loop takes several samples at a time and adds them up in
blocks. Where a matrix meets a vector of each sample, it goes over tiles of samples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sympy import Add, Expr, Mul, S, Symbol

from symback.circuits.names import fresh_name
from symback.circuits.program import Assign, Program, batch_sum, loop_lines, varies
from symback.codegen.c.elements import CElementPrinter
from symback.codegen.c.memory import WorkingMemory
from symback.codegen.c.names import CNames, words
from symback.codegen.c.statements import StatementPrinter
from symback.codegen.c.tiles import TileProducts, Tiles, is_of_tile
from symback.codegen.c.turns import SampleTurnWriter
from symback.codegen.lines import chain_comment, print_order
from symback.codegen.loops.evaluator import Evaluator, without_unread
from symback.codegen.loops.tree import (
    Accumulate,
    Comment,
    Declare,
    For,
    Return,
    Statement,
    Storage,
    Store,
    Tree,
    Unused,
    fused,
    has_axis,
)
from symback.operations.arrays import matmul, matvec, outer
from symback.operations.expressions import compounds, real_symbol
from symback.operations.shapes import Shape, Size, is_size
from symback.printing.circuit_text import rewrite_notes

OF_PARAMS = "params_dot->"
"""What begins the code for a tangent of a parameter."""
BLOCK = "SYMBACK_BLOCK"
"""The macro of how many samples are added up before their sum is added to the others."""


@dataclass(frozen=True, slots=True)
class FunctionResult:
    """A value that a function hands to its caller."""

    symbol: Symbol
    place: str
    per_sample: bool = False
    by_value: bool = False  # a member of a structure, not memory


@dataclass(frozen=True, slots=True)
class FunctionBody:
    """The statements of a C function, and what it needs."""

    tree: Sequence[Statement]
    work: Expr  # numbers of working memory
    tile_work: Expr = S.Zero  # those for each sample of a tile

    def lines(self, real: str, written: str, work: str) -> list[str]:
        """C whose caller has values of type `real`, takes results of type `written`, and lends
        memory of type `work`.
        """
        return StatementPrinter(real, written, work=work).lines(self.tree)


class Body:
    """One function: its lines sorted by whether they belong to a sample."""

    def __init__(self, writer: CNames, program: Program, given: Mapping[Symbol, str]) -> None:
        self.writer = writer
        self.program = program = without_unread(program)
        self.given = given  # the code for arguments beside the leaves
        lowered = writer.lowered
        self.notes = rewrite_notes(lowered.circuit)
        kept = frozenset(s for s in program.arguments if s in writer.kept_varying)
        self.varying = replace(program, per_sample=program.per_sample | kept).varying()
        self.shapes = dict(writer.shapes)
        self.taken = set(writer.taken)
        params = {p.name for p in writer.circuit.params}
        order = print_order(lowered, program)
        self.printer = CElementPrinter(order, params, self.shapes, writer.length)
        self.signs = {**writer.names, _ROWS.name: "(double)count"}
        self.printer.signs = self.signs
        self.pointers: Tree = []  # to what the caller has
        self.memory = WorkingMemory(writer, self.shapes)
        self.before: Tree = []
        self.each: Tree = []
        self.ends: Tree = []  # of a tile
        self.after: Tree = []
        self.sums: list[tuple[str, str, str]] = []  # of numbers: total, a block's part, a sample's
        self.behind: set[Symbol] = set()
        self.placed: set[str] = set()  # arrays that have memory
        self.carried: set[str] = set()  # variables of loops that turns hand on
        self.reads: list[Declare] = []  # of arguments
        self.idle: set[str] = set()  # those whose values no line needs, perhaps but their shape
        self.tiles = Tiles(self.fresh, {})
        self.stored: dict[Expr, Symbol] = {}
        self.target = ""  # of the line that is written
        self.loops = loop_lines(program)  # where there are any, samples go one by one

    def text(
        self,
        results: Sequence[FunctionResult],
        given: Sequence[str],
        returned: Symbol | None = None,
    ) -> FunctionBody:
        """The function that is given these arguments and returns a number, or none."""
        self._arguments()
        ends = self._result_memory(results)
        behind = {line.target for lines in self.loops.values() for line in lines[1:]}
        for line in self.program.lines:
            if line.target in self.loops:
                SampleTurnWriter(self, self.loops[line.target]).write()
            elif line.target not in behind:
                self.write_line(line)
        stores = [node for end in ends for node in self._result(end)]
        if returned is not None:
            self.after.append(Return(self.printer.print(returned)))
        head, loop = self._parts(stores)
        used = words(StatementPrinter().lines([*head, *loop]))
        for node in reversed(self.reads):
            if node.name in used:
                self.idle.remove(node.name)
                used |= words([node.value, node.offset])
        head, tail = self._parts(stores)
        sizes = self.writer.read_sizes(used, [])
        used |= {"sizes"} if sizes else set()
        unread = [Unused(name) for name in given if name not in used]
        tree = [*sizes, *head, *unread, *tail]
        return FunctionBody(
            tree, self.memory.of_sample(self.tiles), self.memory.of_tile(self.tiles)
        )

    def _parts(self, stores: Tree) -> tuple[Tree, Tree]:
        """What stands before the arguments that nobody reads, and what stands behind them."""
        pointers, before, each = (
            [n for n in tree if not isinstance(n, Declare) or n.name not in self.idle]
            for tree in (self.pointers, self.before, self.each)
        )
        loop = self._loop(each, stores)
        return [*pointers, *self.memory.declared(self.tiles), *before], [*loop, *self.after]

    # -- the loop over samples ------------------------------------------------------------------

    def _added(self) -> Tree:
        """What a sample adds to sums of numbers."""
        return [Accumulate(total, text) for total, _, text in self.sums]

    def _loop(self, each: Tree, stores: Tree) -> Tree:
        """The loop over samples, where there is anything to do in it."""
        if is_of_tile([*self.ends, *each]):
            arrays = self.memory.arrays.items()
            counts = {n: self.memory.count(s) for n, s in arrays if s in self.varying}
            self.tiles = replace(self.tiles, counts=counts, wide={})
            return [self.tiles.loop([*each, *self.ends], [*self._added(), *stores])]
        if has_axis([*each, *stores]):
            return [For("row", "0", "count", (*fused(each), *self._added(), *stores))]
        if not self.sums:
            simd = For("row", "0", "count", (*each, *stores), simd=True)
            return [simd] if stores else []
        blocks = tuple(block for _, block, _ in self.sums)
        added = [Store(block, text, "+=") for _, block, text in self.sums]
        row: tuple[Statement, ...] = (*each, *added, *stores)
        left = f"(count - start > {BLOCK}) ? start + {BLOCK} : count"
        body: tuple[Statement, ...] = (
            Declare(Storage.SIZE, "stop", left),
            *(Declare(Storage.VARIABLE, block, "0.0") for block in blocks),
            For("row", "start", "stop", row, simd=True, sums=blocks),
            *(Accumulate(total, block) for total, block, _ in self.sums),
        )
        return [For("start", "0", "count", body, step=BLOCK)]

    # -- memory -------------------------------------------------------------------------------

    def name(self, symbol: Symbol) -> str:
        return self.writer.name(symbol.name)

    def length(self, size: Size) -> str:
        return self.writer.length(size)

    def count(self, shape: Shape) -> str:
        return self.writer.count(shape)

    def fresh(self, name: str) -> str:
        found = fresh_name([name, f"{name}_"], self.taken)
        self.taken.add(found)
        return found

    def _arguments(self) -> None:
        """Pointers to arguments, and the numbers among them."""
        needed = {s for line in self.program.lines for s in line.reads}
        needed |= set(self.program.results)
        writer = self.writer
        for argument in self.program.arguments:
            if argument not in needed or is_size(argument):
                continue
            name = writer.name(argument.name)
            source = self.given.get(argument, "")
            param = source.startswith(OF_PARAMS)
            if not source:
                param = writer.circuit[argument.name].role == "param"
                source = f"{'params' if param else 'inputs'}->{name}"
            start = len(self.pointers), len(self.before), len(self.each)
            if self.shapes.get(argument.name, ()):
                self._pointer(Storage.READ, argument, source)
            else:
                self._number(argument, source, by_value=param and writer.by_value)
            trees = zip((self.pointers, self.before, self.each), start, strict=True)
            self.reads += [n for tree, i in trees for n in tree[i:] if isinstance(n, Declare)]
        self.idle = {node.name for node in self.reads}  # until a line that reads one is found

    def _number(self, argument: Symbol, source: str, by_value: bool) -> None:
        """Reads a number, once or for each sample."""
        name = self.writer.name(argument.name)
        if argument in self.varying:
            pointer = self.fresh(f"{name}_at")
            self.pointers.append(Declare(Storage.READ, pointer, source))
            self.each.append(Declare(Storage.NUMBER, name, f"{pointer}[row]"))
        else:
            value = source if by_value else f"{source}[0]"
            self.before.append(Declare(Storage.NUMBER, name, value))

    def _pointer(self, kind: Storage, symbol: Symbol, source: str) -> None:
        """A name for an array in the caller's memory, of this sample where it varies."""
        name, varying = self.writer.name(symbol.name), symbol in self.varying
        offset = self._row_offset(symbol) if varying else ""
        tree = self.each if varying else self.pointers
        tree.append(Declare(kind, name, source, offset))
        self.placed.add(symbol.name)

    def _row_offset(self, symbol: Symbol) -> str:
        count = self.writer.count(self.shapes[symbol.name])
        return f"row * ({count})" if " " in count else f"row * {count}"

    def _result_memory(self, results: Sequence[FunctionResult]) -> list[FunctionResult]:
        """Computes arrays where the caller wants them; gives the results that must be copied."""
        made = {line.target for line in self.program.lines}
        ends = []
        for result in results:
            symbol = result.symbol
            direct = symbol.name in self.shapes and self.shapes[symbol.name] and symbol in made
            fits = result.per_sample == (symbol in self.varying)
            if direct and symbol.name not in self.placed and fits:
                self._pointer(Storage.WRITE, symbol, result.place)
            else:
                ends.append(result)
        return ends

    def _result(self, result: FunctionResult) -> Tree:
        """Copies a value to the caller: the statements for each sample; others go behind them."""
        symbol, place = result.symbol, result.place
        shape = self.shapes.get(symbol.name, ())
        if not shape and result.per_sample:
            pointer = self.fresh(f"{self.writer.name(symbol.name)}_to")
            self.pointers.append(Declare(Storage.WRITE, pointer, place))
            return [Store(f"{pointer}[row]", self.printer.print(symbol), rounded=True)]
        if not shape:
            place = place if result.by_value else f"{place}[0]"
            self.after.append(Store(place, self.printer.print(symbol), rounded=True))
            return []
        copy = real_symbol(self.fresh(f"{symbol.name}_to"))
        offset = self._row_offset(symbol) if result.per_sample else ""
        self.shapes[copy.name] = shape
        nodes = [
            Declare(Storage.WRITE, copy.name, place, offset),
            *self.evaluator().loops.elementwise(copy, shape, "=", symbol),
        ]
        if result.per_sample:
            return nodes
        self.after += nodes
        return []

    def allocate(self, symbol: Symbol) -> None:
        """Working memory for an array that has none."""
        shape = self.shapes.get(symbol.name, ())
        if not shape or symbol.name in self.placed:
            return
        self.memory.add(symbol)
        self.placed.add(symbol.name)

    # -- lines --------------------------------------------------------------------------------

    def _tree_of(self, expr: Expr) -> Tree:
        """Where an expression is computed."""
        if varies(expr, self.varying):
            return self.each
        return self.before if self.behind.isdisjoint(expr.free_symbols) else self.after

    def evaluator(self) -> Evaluator:
        return Evaluator(self.printer, self.store)

    def store(self, part: Expr) -> Symbol:
        """A symbol for the value of a part, computed where the part may be."""
        if part not in self.stored:
            shape = self.printer.shape_of(part)
            symbol = real_symbol(self.fresh(f"{self.target}_part"))
            self.shapes[symbol.name] = shape  # another program may have an array of this name
            tree = self._tree_of(part)
            if tree is self.each:
                self.varying.add(symbol)
            elif tree is self.after:
                self.behind.add(symbol)
            self.assign(tree, symbol, part)
            self.stored[part] = symbol
        return self.stored[part]

    def assign(self, tree: Tree, to: Symbol, expr: Expr, sign: str = "=") -> None:
        self.allocate(to)
        products = self._tile_products()
        product: Statement | None = products.of_matrices(to, expr, sign)
        if product is None and not self.loops and tree is self.each and sign == "=":
            product = products.product(to, expr, self.varying)
        if product is not None:
            tree.append(product)
            return
        tree += self.evaluator().assigned(to, expr, sign)

    def _tile_products(self) -> TileProducts:
        p = self.printer
        return TileProducts(p.shape_of, p.memory, self.writer.length, self.store)

    def _add(self, to: Symbol, expr: Expr, comment: Tree) -> None:
        """Adds a value of each sample to an array, at the end of a tile where that is a product."""
        products = self._tile_products()
        product = None if self.loops else products.added(to, expr, self.varying)
        if product is not None:
            self.ends += [*comment, product]
            return
        self.each += comment
        self.assign(self.each, to, expr, "+=")

    def write_line(self, line: Assign) -> None:
        comment = self._comment(line)
        self.target = line.target.name
        if any(isinstance(part, batch_sum) for part in compounds(line.expr)):
            expr = self._sums(line, comment)
            if expr is not None:
                self.behind.add(line.target)
                self.after += comment
                self.assign(self.after, line.target, expr)
            return
        tree = self._tree_of(line.expr)
        if tree is self.after:
            self.behind.add(line.target)
        tree += comment
        self.assign(tree, line.target, line.expr)

    def _comment(self, line: Assign) -> Tree:
        if line.chains and line.of:
            return [Comment(tuple(chain_comment(line.of, line.chains)))]
        if line.target.name in self.notes:
            return [Comment((self.notes[line.target.name],))]
        return []

    # -- sums over the batch ------------------------------------------------------------------

    def _sums(self, line: Assign, comment: Tree) -> Expr | None:
        """Adds up in the loop; the expression over the sums, None where the target is the sum."""
        shape = self.shapes.get(line.target.name, ())
        terms = Add.make_args(line.expr)
        direct = shape and all(isinstance(t, batch_sum) for t in terms)
        if direct and all(self._is_added(t.args[0]) for t in terms):
            self.behind.add(line.target)
            self.allocate(line.target)
            self.before += self.evaluator().loops.zero(line.target, shape)
            for term in sorted(terms, key=self.printer.term_key):
                self._add(line.target, term.args[0], comment)
                comment = []
            return None
        expr = _joined_sums(line.expr)
        totals: dict[Expr, Expr] = {}
        for part in sorted(expr.atoms(batch_sum), key=self.printer.term_key):
            factors = Mul.make_args(part.args[0])
            shared = Mul(*(f for f in factors if not varies(f, self.varying)))
            rest = Mul(*(f for f in factors if varies(f, self.varying)))
            totals[part] = shared * (_ROWS if rest == 1 else self._total(line, rest))
        return expr.xreplace(totals)

    def _is_added(self, expr: Expr) -> bool:
        """Whether it varies, as more than one operand of a product with what all samples share."""
        return varies(expr, self.varying) and _varying_operand(expr, self.varying) is None

    def _total(self, line: Assign, rest: Expr) -> Expr:
        """A sum over the samples; of products with what they share, the product of their sum."""
        place = _varying_operand(rest, self.varying)
        if place is not None:
            operands = list(rest.args)
            operands[place] = self._total(line, operands[place])
            return rest.func(*operands)
        shape = self.printer.shape_of(rest)
        total = real_symbol(self.fresh(f"{line.target.name}_total"))
        self.behind.add(total)
        self.shapes[total.name] = shape
        if shape:
            self.allocate(total)
            self.before += self.evaluator().loops.zero(total, shape)
            self._add(total, rest, [])
            return total
        value = self.printer.print(self.evaluator().prepared(rest))
        self.before.append(Declare(Storage.SUM, total.name))
        self.sums.append((total.name, self.fresh(f"{line.target.name}_block"), value))
        self.signs[total.name] = f"symback_sum({total})"
        return total


_ROWS = Symbol("symback_rows", real=True)
"""Stands for the number of samples."""


def _varying_operand(expr: Expr, varying: set[Symbol]) -> int | None:
    """Which operand of a product of arrays varies by sample, where it is only one."""
    if not isinstance(expr, matmul | matvec | outer):
        return None
    found = [i for i, operand in enumerate(expr.args) if varies(operand, varying)]
    return found[0] if len(found) == 1 else None


def _joined_sums(expr: Expr) -> Expr:
    """The same with one sum over the batch where several are added."""
    parts = [t for t in Add.make_args(expr) if isinstance(t, batch_sum)]
    if len(parts) < 2:
        return expr
    others = [t for t in Add.make_args(expr) if t not in parts]
    return Add(batch_sum(Add(*(p.args[0] for p in parts))), *others)


__all__ = ["BLOCK", "Body", "FunctionBody", "FunctionResult"]
