"""Mutants of a source file: the same text with one thing of its mathematics changed.

Places are found in the syntax tree, so that they move with the code; the text around a change
stays as it is. Names, words, types, annotations, errors and assertions are no mathematics and
are left alone.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise

Change = tuple[ast.AST, str, str]  # what is replaced, the kind of error, the text in its place


@dataclass(frozen=True)
class Mutant:
    """One planted error of a file."""

    file: str
    place: str  # the definition or row of a table that holds it
    kind: str
    old: str
    new: str
    line: str  # the line of the file on which it starts
    text: str  # of the whole file
    nth: int = 0  # of those in the place that read alike, from 1; 0 where it is the only one

    @property
    def alike(self) -> tuple[str, ...]:
        """What it reads as: the place, the line, what is replaced and what by."""
        return self.place, self.line, " ".join(self.old.split()), self.new

    @property
    def words(self) -> frozenset[str]:
        return frozenset(re.findall(r"[a-z0-9]+", self.place.replace("_", " ").lower()))

    def __str__(self) -> str:
        nth = f" #{self.nth}" if self.nth else ""
        shown = f"{_short(self.old)}{nth} → {_short(self.new)}"
        return f"{self.file} {self.place}: {shown}  [{self.kind}]"


def _short(text: str) -> str:
    return " ".join(text.split())[:100]


SIBLINGS = dict(
    pair.split()
    for pair in """
    sin cos, cos sin, sinh cosh, cosh sinh, asin acos, acos asin, asinh acosh, acosh asinh,
    atan tan, tan tanh, tanh sinh, atanh tanh, erf erfc, erfc erf, Min Max, Max Min, Ne Eq,
    Eq Ne, maximum minimum, minimum maximum, argmin argmax, argmax argmin, expm1 exp,
    log1p log, sum mean, mean sum, var std, max min, min max, all any, any all,
    sigma softplus, softplus sigma, gelu silu, silu gelu, reduce_max reduce_min,
    reduce_min reduce_max, diag diagonal, diagonal diag, det trace, softmax log_softmax,
    log_softmax softmax, expand_reduced expand_last_axis, expand_last_axis expand_reduced,
    inv transpose, is_Add is_Mul,
    is_Mul is_Add, is_Pow is_Mul, is_number is_Symbol, is_Symbol is_number,
    _smallest _largest, _largest _smallest, ones_like zeros_like, zeros ones, base exp,
    abs negative, rint ceil, copysign abs, exp expm1, log log1p, Add Mul, Mul Add,
    reduce_sum mean, hypot atan2, atan2 hypot, logaddexp hypot, sign Abs, Abs sign
    """.split(",")
)
"""Functions and properties, each with what stands in its place."""

BASES = {
    "ones_like": ("np",),
    "zeros": ("np",),
    "abs": ("np",),
    "copysign": ("np",),
    "exp": ("sp", "np"),
    "sign": ("sp", "np"),
    "max": None,
    "min": None,
}
"""Where a name of `SIBLINGS` has other meanings: the modules of which it is replaced."""

COMMUTATIVE = {
    "vecdot",
    "maximum",
    "minimum",
    "Max",
    "Min",
    "max",
    "min",
    "hypot",
    "dot",
    "multiply",
    "Add",
    "Mul",
    "Eq",
    "Ne",
}
ROWS = {"Op", "Rule"}
"""Rows of tables: their parts are changed, not their order."""

UNTOUCHED_CALLS = {"isinstance", "raise", "zip", "type", "TypeVar", "field", "dataclass"}
UNTOUCHED_KEYWORDS = {"dtype", "rule", "sign", "aliases", "activation", "strict", "name"}
OPERATORS: dict[type[ast.AST], tuple[str, ...]] = {
    ast.Add: ("-",),
    ast.Sub: ("+",),
    ast.Mult: ("/",),
    ast.Div: ("*",),
    ast.Pow: ("*",),
    ast.Lt: ("<=", ">"),
    ast.LtE: ("<", ">"),
    ast.Gt: (">=", "<"),
    ast.GtE: (">", "<"),
    ast.Eq: ("!=",),
    ast.NotEq: ("==",),
    ast.Is: ("is not",),
    ast.IsNot: ("is",),
    ast.In: ("not in",),
    ast.NotIn: ("in",),
}
SIGNS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}


# -- places --------------------------------------------------------------------------------------


def mutants(file: str, text: str, holds_mathematics: Callable[[str], bool]) -> Iterator[Mutant]:
    """Every mutant of the definitions whose names `holds_mathematics` accepts, as they stand."""
    planted = sorted(_planted(file, text, holds_mathematics), key=lambda pair: pair[0])
    found = [mutant for _, mutant in planted]
    alike, so_far = Counter(m.alike for m in found), Counter[tuple[str, ...]]()
    for mutant in found:
        so_far[mutant.alike] += 1
        is_single = alike[mutant.alike] == 1
        yield mutant if is_single else replace(mutant, nth=so_far[mutant.alike])


def _planted(
    file: str, text: str, holds_mathematics: Callable[[str], bool]
) -> Iterator[tuple[int, Mutant]]:
    """Each with the byte of the file at which it starts."""
    source, lines = text.encode(), text.splitlines()
    starts = [0, *(i + 1 for i, byte in enumerate(source) if byte == ord("\n"))]
    seen: set[tuple[int, int, str]] = set()
    for place, node, parameters in _places(ast.parse(text).body, ""):
        if not holds_mathematics(place):
            continue
        for at, kind, new in _changes(node, parameters):
            first = starts[at.lineno - 1] + at.col_offset  # type: ignore[attr-defined]
            last = starts[at.end_lineno - 1] + at.end_col_offset  # type: ignore[attr-defined]
            old = source[first:last].decode()
            if (first, last, new) in seen or _plain(new) == _plain(old):
                continue
            if "\n" in new:
                raise AssertionError(f"{file}: {new!r} is more than a line")
            seen.add((first, last, new))
            below = "\n" * old.count("\n")  # what follows keeps its place
            planted = f"{new}{below}" if isinstance(at, ast.stmt) else f"({new}{below})"
            mutated = (source[:first] + planted.encode() + source[last:]).decode()
            line = lines[at.lineno - 1].strip()  # type: ignore[attr-defined]
            yield first, Mutant(file, place, kind, old, new, line, mutated)


@cache
def _plain(text: str) -> str:
    try:
        return ast.unparse(ast.parse(text.strip()))
    except SyntaxError:
        return text


def _places(body: list[ast.stmt], inside: str) -> Iterator[tuple[str, ast.AST, tuple[str, ...]]]:
    """Functions, methods, rows of tables and assigned values, with their names."""
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from _places(node.body, f"{inside}{node.name}.")
        elif isinstance(node, ast.FunctionDef):
            yield f"{inside}{node.name}", node, _parameters(node.args)
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            yield from _rows(f"{inside}{ast.unparse(target)}", node.value)


def _rows(name: str, value: ast.expr) -> Iterator[tuple[str, ast.AST, tuple[str, ...]]]:
    if isinstance(value, ast.Dict):
        for key, row in zip(value.keys, value.values, strict=True):
            shown = "**" if key is None else ast.unparse(key)
            yield f"{name}[{shown}]", row, ()
    elif isinstance(value, ast.Tuple) and value.elts and isinstance(value.elts[0], ast.Call):
        for row in value.elts:
            first = row.args[0] if isinstance(row, ast.Call) and row.args else row
            yield f"{name}[{ast.unparse(first)}]", row, ()
    else:
        yield name, value, ()


def _parameters(arguments: ast.arguments) -> tuple[str, ...]:
    names = [a.arg for a in arguments.args]
    return tuple(n for n in names if n not in ("self", "cls", "at", "hints", "axis", "out", "see"))


# -- changes -------------------------------------------------------------------------------------


def _changes(node: ast.AST, parameters: tuple[str, ...]) -> Iterator[Change]:
    """All changes below a definition or a row."""
    if isinstance(node, ast.FunctionDef):
        for statement in node.body:
            yield from _of_statement(statement, parameters)
    else:
        yield from _of_expression(node, parameters)


def _of_statement(node: ast.stmt, parameters: tuple[str, ...]) -> Iterator[Change]:
    if isinstance(node, ast.Raise | ast.Assert | ast.Import | ast.ImportFrom | ast.Delete):
        return
    if isinstance(node, ast.FunctionDef):
        yield from _changes(node, (*parameters, *_parameters(node.args)))
        return
    if isinstance(node, ast.Expr):
        if isinstance(node.value, ast.Constant):
            return
        yield node, "statement dropped", "pass"
    if isinstance(node, ast.AugAssign):
        yield from _of_step(node)
    if isinstance(node, ast.If | ast.While):
        yield node.test, "condition negated", f"not ({ast.unparse(node.test)})"
    if isinstance(node, ast.Return | ast.Assign) and node.value is not None:
        yield from _sign(node.value)
    for name, part in ast.iter_fields(node):
        if name in ("annotation", "target", "targets", "returns", "type_comment"):
            continue
        for child in part if isinstance(part, list) else [part]:
            if isinstance(child, ast.stmt):
                yield from _of_statement(child, parameters)
            elif isinstance(child, ast.expr | ast.withitem):
                yield from _of_expression(child, parameters)


def _of_step(node: ast.AugAssign) -> Iterator[Change]:
    target, value = ast.unparse(node.target), ast.unparse(node.value)
    yield node, "statement dropped", "pass"
    for other in OPERATORS.get(type(node.op), ()):
        yield node, "operator", f"{target} {other}= {value}"


def _of_expression(node: ast.AST, parameters: tuple[str, ...]) -> Iterator[Change]:
    """Changes of an expression and of its parts."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) in UNTOUCHED_CALLS:
        for part in node.args if ast.unparse(node.func) == "zip" else ():
            yield from _of_expression(part, parameters)
        return
    if isinstance(node, ast.JoinedStr):
        return
    rule = RULES.get(type(node))
    if rule is not None:
        yield from rule(node)
    if isinstance(node, ast.Name):
        for other in parameters if node.id in parameters else ():
            if other != node.id:
                yield node, "swapped operand", other
        return
    if isinstance(node, ast.Lambda):
        parameters = _parameters(node.args)
        yield from _sign(node.body)
        yield from _of_expression(node.body, parameters)
        return
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.keyword) and child.arg in UNTOUCHED_KEYWORDS:
            continue
        if isinstance(child, ast.expr | ast.keyword | ast.comprehension | ast.withitem):
            yield from _of_expression(child, parameters)


def _sign(value: ast.expr) -> Iterator[Change]:
    """The sign of what is returned or kept, of each part of a tuple."""
    for part in value.elts if isinstance(value, ast.Tuple) else [value]:
        if isinstance(part, ast.BinOp) or (
            isinstance(part, ast.Call) and not ast.unparse(part.func).endswith(("astype", "dtype"))
        ):
            yield part, "sign", f"-({ast.unparse(part)})"
        elif isinstance(part, ast.Name) and isinstance(value, ast.Tuple):
            yield part, "sign", f"-{part.id}"


def _of_operation(node: ast.BinOp) -> Iterator[Change]:
    left, right = ast.unparse(node.left), ast.unparse(node.right)
    for other in OPERATORS.get(type(node.op), ()):
        yield node, "operator", f"({left}) {other} ({right})"
    sign = SIGNS.get(type(node.op))
    if sign is None:
        return
    if sign in ("-", "/", "**"):
        yield node, "operands swapped", f"({right}) {sign} ({left})"
    yield node, "operand dropped", left
    if sign in ("+", "*"):
        yield node, "operand dropped", right


def _of_sign(node: ast.UnaryOp) -> Iterator[Change]:
    if isinstance(node.op, ast.USub):
        yield node, "sign", ast.unparse(node.operand)
    elif isinstance(node.op, ast.Not):
        yield node, "condition negated", ast.unparse(node.operand)


def _of_constant(node: ast.Constant) -> Iterator[Change]:
    value = node.value
    if isinstance(value, bool):
        yield node, "constant", str(not value)
    elif isinstance(value, int):
        yield node, "constant", str(value + 1)
        yield node, "constant", f"-1 + {value}" if value else "-1"
    elif isinstance(value, float):
        yield node, "constant off by 1e-9", repr(value * (1 + 1e-9)) if value else "1e-9"
        yield node, "constant", repr(value + 1.0)
        if value:
            yield node, "constant", repr(-value)


def _of_comparison(node: ast.Compare) -> Iterator[Change]:
    if len(node.ops) > 1:
        return
    left, right = ast.unparse(node.left), ast.unparse(node.comparators[0])
    for other in OPERATORS.get(type(node.ops[0]), ()):
        yield node, "comparison", f"({left}) {other} ({right})"


def _of_choice(node: ast.IfExp) -> Iterator[Change]:
    test, yes, no = (ast.unparse(p) for p in (node.test, node.body, node.orelse))
    yield node, "branches swapped", f"({no}) if ({test}) else ({yes})"
    yield node, "branch dropped", yes
    yield node, "branch dropped", no


def _of_logic(node: ast.BoolOp) -> Iterator[Change]:
    word = " or " if isinstance(node.op, ast.And) else " and "
    yield node, "logic", word.join(f"({ast.unparse(v)})" for v in node.values)
    for dropped in node.values:
        kept = [v for v in node.values if v is not dropped]
        yield node, "logic", word.join(f"({ast.unparse(v)})" for v in kept)


def _of_call(node: ast.Call) -> Iterator[Change]:
    func, args = ast.unparse(node.func), [ast.unparse(a) for a in node.args]
    rest = [f"{k.arg}={ast.unparse(k.value)}" if k.arg else f"**{ast.unparse(k.value)}"
            for k in node.keywords]  # fmt: skip
    name = func.rsplit(".", 1)[-1]

    def call(*changed: str) -> str:
        return f"{func}({', '.join([*changed, *rest])})"

    if name in ROWS:
        return
    if name in ("where", "Piecewise"):
        yield from _of_branches(node, name, args, call)
    elif len(args) == 1 and not isinstance(node.args[0], ast.Starred | ast.GeneratorExp):
        yield node, "call dropped", args[0]
    elif len(args) > 1:
        if name not in COMMUTATIVE:
            yield node, "arguments swapped", call(args[1], args[0], *args[2:])
        yield node, "argument dropped", call(*args[:-1])
        yield node, "argument doubled", call(args[0], args[0], *args[2:])
        yield node, "argument doubled", call(args[1], args[1], *args[2:])
    elif not args and isinstance(node.func, ast.Attribute):
        yield node, "call dropped", ast.unparse(node.func.value)


def _of_branches(
    node: ast.Call, name: str, args: list[str], call: Callable[..., str]
) -> Iterator[Change]:
    if name == "where":
        condition, yes, no = args
        yield node, "branches swapped", call(condition, no, yes)
        yield node, "branch dropped", yes
        yield node, "branch dropped", no
        return
    pairs = [a for a in node.args if isinstance(a, ast.Tuple)]
    for one, two in pairwise(pairs):
        texts = list(args)
        values = [ast.unparse(p.elts[0]) for p in (two, one)]
        for pair, value in zip((one, two), values, strict=True):
            texts[node.args.index(pair)] = f"({value}, {ast.unparse(pair.elts[1])})"
        yield node, "branches swapped", call(*texts)


def _of_name(node: ast.Name | ast.Attribute) -> Iterator[Change]:
    name = node.id if isinstance(node, ast.Name) else node.attr
    base = "" if isinstance(node, ast.Name) else ast.unparse(node.value)
    if name in BASES and BASES[name] is not None and base not in BASES[name]:
        return
    if name in SIBLINGS:
        other = SIBLINGS[name]
        yield node, "another function", f"{base}.{other}" if base else other


def _of_tuple(node: ast.Tuple) -> Iterator[Change]:
    if len(node.elts) == 2 and not any(isinstance(e, ast.Starred) for e in node.elts):
        one, two = (ast.unparse(e) for e in node.elts)
        yield node, "order", f"({two}, {one})"


RULES: dict[type[ast.AST], Callable[..., Iterator[Change]]] = {
    ast.BinOp: _of_operation,
    ast.UnaryOp: _of_sign,
    ast.Constant: _of_constant,
    ast.Compare: _of_comparison,
    ast.IfExp: _of_choice,
    ast.BoolOp: _of_logic,
    ast.Call: _of_call,
    ast.Name: _of_name,
    ast.Attribute: _of_name,
    ast.Tuple: _of_tuple,
}
"""What is planted in each kind of expression."""
