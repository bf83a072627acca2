"""A kernel's Python → the scalar that it returns for one number.

For one number `np.where` and `if` are the same choice, `x.sum()` and `_largest(x)` are x, and what
only arrays need (dtypes, shapes, the detour of float32, `np.errstate`) is left out.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from typing import NoReturn

from symback.codegen.kernels.scalars import (
    Scalar,
    call,
    is_condition,
    is_plain,
    number,
    where,
)
from symback.codegen.kernels.sources import OF_NUMBERS, KernelSource, functions
from symback.errors import Unsupported, clip

OF_NUMPY = frozenset(
    """
    exp log log1p expm1 sqrt sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arctanh hypot
    abs sign rint copysign minimum maximum isinf isnan isfinite
    """.split()
)
"""Functions that every language has to have."""
THE_SAME = frozenset({"any", "asarray", "_smallest", "_largest", "_powers", "abs_"})
"""Functions that for one number give the number."""
METHODS = frozenset({"sum", "reshape", "astype", "ravel"})
"""Methods that do."""
INLINED = frozenset({"_tail_powers", "_gaussian"})
"""Functions that stand where they are called: they return several numbers, or powers of one."""
NOT_ALONE = INLINED | frozenset(
    "_horner _only_where _in_float64 _smallest _largest _powers _polynomial _logwsumexp".split()
)
"""Functions that have no translation by themselves."""

_SIGNS: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
    ast.BitAnd: "and",
    ast.BitOr: "or",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}
_ALWAYS = Scalar("and", ())

_Names = dict[str, Scalar]


class Untranslatable(Unsupported):
    """A construct of a kernel that other languages have no translation of."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """A function of numbers."""

    name: str
    comment: str  # the first paragraph of its docstring
    arguments: tuple[str, ...]
    value: Scalar


@cache
def translatable() -> dict[str, KernelSource]:
    """The kernels that have a translation, by name: those that return one number."""
    return {
        name: source
        for name, source in functions(OF_NUMBERS).items()
        if name not in NOT_ALONE and not name.endswith("_and_slope")
    }


def read(name: str, source: KernelSource) -> Kernel:
    """The kernel of that source; Untranslatable for what is not in the language of kernels."""
    reader = _Reader(source)
    function = reader.function
    arguments = tuple(a.arg for a in function.args.args)
    if function.args.vararg:
        reader.refuse(function, f"*{function.args.vararg.arg}")
    value = reader.returned(function, [Scalar("name", (a,)) for a in arguments])
    if not isinstance(value, Scalar):
        reader.refuse(function, "a function that returns several values")
    comment = (ast.get_docstring(function) or "").partition("\n\n")[0]
    return Kernel(name, " ".join(comment.split()), arguments, value)


@dataclass
class _Reader:
    source: KernelSource
    function: ast.FunctionDef = field(init=False)
    numbers: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        parsed = ast.parse(self.source.text).body[0]
        assert isinstance(parsed, ast.FunctionDef)
        self.function = parsed

    def refuse(self, node: ast.AST, construct: str = "") -> NoReturn:
        line = self.source.line + getattr(node, "lineno", 1) - 1
        shown = clip(construct or ast.unparse(node).partition("\n")[0], 60)
        raise Untranslatable(
            f"symback/codegen/numpy/{self.source.file}, line {line}: `{shown}` has no translation "
            f"into other languages; write {self.function.name} without it, or by hand"
        )

    def returned(
        self, function: ast.FunctionDef, operands: Sequence[Scalar]
    ) -> Scalar | list[Scalar]:
        """What a function returns of these operands."""
        arguments = [a.arg for a in function.args.args]
        value = self.block(function.body, dict(zip(arguments, operands, strict=True)), {})
        if value is None:
            self.refuse(function, f"{function.name} without return")
        return value

    # -- statements -------------------------------------------------------------------------

    def block(
        self, body: Sequence[ast.stmt], names: _Names, local: dict[str, ast.FunctionDef]
    ) -> Scalar | list[Scalar] | None:
        """What the statements return, None where they don't; `names` gets what they assign."""
        for place, statement in enumerate(body):
            rest = body[place + 1 :]
            if isinstance(statement, ast.With):
                return self.block([*statement.body, *rest], names, local)
            if isinstance(statement, ast.Return) and statement.value:
                return self.result(statement.value, names, local)
            if isinstance(statement, ast.If) and not _is_of_float32(statement.test):
                return self.choice(statement, rest, names, local)
            if isinstance(statement, ast.FunctionDef):
                local = {**local, statement.name: statement}
            elif isinstance(statement, ast.For):
                self.loop(statement, names)
            elif not isinstance(statement, ast.If):
                self.assignment(statement, names)
        return None

    def result(
        self, value: ast.expr, names: _Names, local: dict[str, ast.FunctionDef]
    ) -> Scalar | list[Scalar]:
        if isinstance(value, ast.Call) and ast.unparse(value.func) == "_in_float64":
            inner, *operands = value.args
            if ast.unparse(inner) not in local:
                self.refuse(value)
            return self.returned(
                local[ast.unparse(inner)], [self.scalar(operand, names) for operand in operands]
            )
        if isinstance(value, ast.Tuple):
            return [self.scalar(part, names) for part in value.elts]
        return self.scalar(value, names)

    def choice(
        self,
        statement: ast.If,
        rest: Sequence[ast.stmt],
        names: _Names,
        local: dict[str, ast.FunctionDef],
    ) -> Scalar | list[Scalar] | None:
        """A choice of what is returned, or of what names stand for from here on."""
        condition = self.scalar(statement.test, names)
        yes, no = dict(names), dict(names)
        first = self.block(statement.body, yes, local)
        if first is not None:
            other = self.block([*statement.orelse, *rest], no, local)
            if not isinstance(first, Scalar) or not isinstance(other, Scalar):
                self.refuse(statement, "a choice of several values")
            return where(condition, first, other)
        if self.block(statement.orelse, no, local) is not None:
            self.refuse(statement, "return in else alone")
        for name in yes.keys() & no.keys():
            if yes[name] != no[name]:
                self.bind(name, where(condition, yes[name], no[name]), names)
        return self.block(rest, names, local)

    def loop(self, statement: ast.For, names: _Names) -> None:
        """`for k in range(…):` with constant bounds, over names that are carried along."""
        counter, body, bounds = statement.target, statement.body, statement.iter
        targets = [step.targets[0] for step in body if isinstance(step, ast.Assign)]
        if not (
            isinstance(counter, ast.Name)
            and counter.id not in names
            and isinstance(bounds, ast.Call)
            and ast.unparse(bounds.func) == "range"
            and len(targets) == len(body)
            and all(isinstance(t, ast.Name) and t.id in names for t in targets)
        ):
            self.refuse(statement)
        try:
            steps = range(*(ast.literal_eval(bound) for bound in bounds.args))
        except (ValueError, TypeError):
            self.refuse(statement)
        carried = {ast.unparse(target): next(self.numbers) for target in targets}
        inner = {
            **names,
            **{name: Scalar("carried", (identity,)) for name, identity in carried.items()},
            counter.id: Scalar("name", (counter.id, True)),
        }
        places = tuple([*carried].index(ast.unparse(target)) for target in targets)
        following = [
            self.scalar(step.value, inner) for step in body if isinstance(step, ast.Assign)
        ]
        head = (tuple(carried), tuple(carried.values()), counter.id, steps, places)
        loop = Scalar("loop", (*head, *(names[name] for name in carried), *following))
        for name, identity in carried.items():
            names[name] = Scalar("let", (name, identity, loop))

    def assignment(self, statement: ast.stmt, names: _Names) -> None:
        if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
            name = statement.target.id
            scalar = self.binary(statement.op, names[name], self.scalar(statement.value, names))
            self.bind(name, scalar, names)
        elif isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            self.assign(statement, statement.targets[0], statement.value, names)
        elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            out = [k.value for k in statement.value.keywords if k.arg == "out"]
            if not out or not isinstance(out[0], ast.Name):
                self.refuse(statement)
            self.bind(ast.unparse(out[0]), self.scalar(statement.value, names), names)
        elif not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)):
            self.refuse(statement)  # all but a docstring

    def assign(
        self, statement: ast.Assign, target: ast.expr, value: ast.expr, names: _Names
    ) -> None:
        if isinstance(target, ast.Name):
            self.bind(target.id, self.scalar(value, names), names)
            return
        if not isinstance(target, ast.Tuple):
            self.refuse(statement)
        if isinstance(value, ast.Tuple):
            scalars: Scalar | list[Scalar] = [self.scalar(part, names) for part in value.elts]
        else:
            scalars = self.inlined(value, names) if isinstance(value, ast.Call) else []
        if not isinstance(scalars, list) or len(scalars) != len(target.elts):
            self.refuse(statement)
        for name, scalar in zip(target.elts, scalars, strict=True):
            self.bind(ast.unparse(name), scalar, names)

    def bind(self, name: str, scalar: Scalar, names: _Names) -> None:
        if not is_plain(scalar) and not is_condition(scalar) and scalar.head != "let":
            scalar = Scalar("let", (name, next(self.numbers), scalar))
        names[name] = scalar

    # -- expressions ------------------------------------------------------------------------

    def scalar(self, node: ast.expr, names: _Names) -> Scalar:
        """The scalar of an expression."""
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            return number(node.value)  # type: ignore[arg-type]
        if isinstance(node, ast.Name) and node.id in names:
            return names[node.id]
        if isinstance(node, ast.Attribute) and ast.unparse(node) in ("np.inf", "np.nan"):
            return number(math.inf if node.attr == "inf" else math.nan)
        if isinstance(node, ast.BinOp) and type(node.op) in _SIGNS:
            return self.binary(
                node.op, self.scalar(node.left, names), self.scalar(node.right, names)
            )
        if isinstance(node, ast.UnaryOp):
            return self.unary(node, self.scalar(node.operand, names))
        if isinstance(node, ast.BoolOp):
            return self.connected([self.scalar(part, names) for part in node.values], node.op)
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _SIGNS:
            if ast.unparse(node).endswith(".dtype.itemsize == 8"):
                return _ALWAYS
            left, right = self.scalar(node.left, names), self.scalar(node.comparators[0], names)
            return Scalar(_SIGNS[type(node.ops[0])], (left, right))
        if isinstance(node, ast.IfExp):
            return where(
                *(self.scalar(part, names) for part in (node.test, node.body, node.orelse))
            )
        if isinstance(node, ast.Subscript) and ast.unparse(node.slice) in ("()", "tuple()"):
            return self.scalar(node.value, names)
        if isinstance(node, ast.Call):
            found = self.called(node, names)
            if isinstance(found, Scalar):
                return found
        self.refuse(node)

    def binary(self, sign: ast.operator, left: Scalar, right: Scalar) -> Scalar:
        head = _SIGNS[type(sign)]
        if head not in ("and", "or"):
            left, right = _as_number(left), _as_number(right)
        return Scalar(head, (left, right))

    def unary(self, node: ast.UnaryOp, operand: Scalar) -> Scalar:
        if not isinstance(node.op, ast.USub):
            return Scalar("not", (operand,))
        return (
            number(-operand.operands[0]) if operand.head == "number" else Scalar("neg", (operand,))
        )

    def connected(self, parts: Sequence[Scalar], sign: ast.boolop) -> Scalar:
        parts = [part for part in parts if part is not _ALWAYS]
        head = "and" if isinstance(sign, ast.And) else "or"
        whole = parts[0]
        for part in parts[1:]:
            whole = Scalar(head, (whole, part))
        return whole

    def called(self, node: ast.Call, names: _Names) -> Scalar | list[Scalar]:
        function = ast.unparse(node.func)
        if isinstance(node.func, ast.Attribute) and node.func.attr in METHODS:
            return self.scalar(node.func.value, names)
        if function in INLINED:
            return self.inlined(node, names)
        if function == "_polynomial" and len(node.args) == 2:
            coefficients = tuple(ast.literal_eval(node.args[0]))
            return Scalar("polynomial", (coefficients, self.scalar(node.args[1], names)))
        if function == "_only_where":
            condition, kernel, x, others = node.args
            chosen = call(ast.unparse(kernel), self.scalar(x, names))
            return where(self.scalar(condition, names), chosen, self.scalar(others, names))
        if function == "_horner":
            return _nested(ast.literal_eval(node.args[0]), self.scalar(node.args[1], names))
        name = function.removeprefix("np.")
        if name in THE_SAME:
            return self.scalar(node.args[0], names)
        operands = [self.scalar(argument, names) for argument in node.args]
        if function == "np.where" and len(operands) == 3:
            return where(*operands)
        numbers = [_as_number(operand) for operand in operands]
        if function == "np.clip" and len(operands) == 3:
            return call("minimum", call("maximum", numbers[0], numbers[1]), numbers[2])
        known = (
            function in translatable()
            or function == "abs"
            or (function.startswith("np.") and name in OF_NUMPY)
        )
        return call(name, *numbers) if known else []

    def inlined(self, node: ast.Call, names: _Names) -> Scalar | list[Scalar]:
        function = ast.unparse(node.func)
        if function not in INLINED:
            self.refuse(node)
        parsed = ast.parse(functions(OF_NUMBERS)[function].text).body[0]
        assert isinstance(parsed, ast.FunctionDef)
        return self.returned(parsed, [self.scalar(argument, names) for argument in node.args])


def _is_of_float32(test: ast.expr) -> bool:
    """Whether a branch is the detour that float32 takes, or asks what else only arrays have."""
    return ast.unparse(test).endswith(".dtype == np.float32")


def _nested(coefficients: Sequence[float], x: Scalar) -> Scalar:
    """The polynomial in Horner's form, lowest coefficient first."""
    value = number(coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        value = Scalar("+", (Scalar("*", (value, x)), number(coefficient)))
    return value


def _as_number(scalar: Scalar) -> Scalar:
    """A condition as 1 or 0, where NumPy reckons with it."""
    return where(scalar, number(1.0), number(0.0)) if is_condition(scalar) else scalar


__all__ = ["OF_NUMPY", "Kernel", "Untranslatable", "read", "translatable"]
