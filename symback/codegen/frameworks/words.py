"""NumPy's Python → that of a framework, by a table of words.

Lines and kernels are printed for NumPy and then translated call by call; what has no word in the
table is refused, so that nothing is left to chance.
"""

from __future__ import annotations

import ast
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import ClassVar, Self

from symback.codegen.bare.matrices import MatrixWords
from symback.errors import Unsupported, clip

_OF_NUMPY = re.compile(r"np(\.\w+)+")


class Words(ABC, ast.NodeTransformer):
    """How a framework says what is written for NumPy."""

    prefix: ClassVar[str]  # of its functions
    reserved: ClassVar[frozenset[str]]  # what no node can be called in its modules
    argument: ClassVar[str]  # what makes an array of an argument, whose name it takes
    matrix: ClassVar[MatrixWords]  # what calls functions with unit vectors
    copy: ClassVar[str] = ""  # what makes a value that shares no memory, where that matters
    scans: ClassVar[bool] = False  # whether loops of turns are scans
    carries: ClassVar[bool] = False  # whether it has a product that is 0 with a tangent
    asked: ClassVar[str] = ""  # the argument that says which partials to compute, where one does

    def __init__(self, sizes: Set[str] = frozenset(), tangents: Set[str] = frozenset()) -> None:
        self.sizes = sizes  # names that stand for numbers of Python
        self.tangents = tangents

    def beside(self, sizes: Iterable[str], tangents: Iterable[str] = ()) -> Self:
        """The same for lines where these names are sizes, and these are tangents."""
        return type(self)(frozenset(sizes), frozenset(tangents))

    def expression(self, text: str) -> str:
        """The translation of one expression."""
        return ast.unparse(self.visit(ast.parse(text, mode="eval")))

    def function(self, text: str) -> str:
        """The translation of a function, whose docstring stays."""
        return ast.unparse(self.visit(ast.parse(text)))

    def spread(self, value: str, like: str) -> str:
        """A value without a batch axis as that of each sample."""
        return f"{self.prefix}.broadcast_to({value}, {like}.shape){self.copy}"

    def fused(self, text: str, ranks: Mapping[str, int], known: Mapping[str, str]) -> str:
        """A line in fewer kernels, where the framework doesn't fuse by itself.

        `ranks` are those of what has no batch axis, -1 of the rest; `known` has the names of texts.
        """
        return text

    # -- what all frameworks say in another way ---------------------------------------------

    def visit_Call(self, node: ast.Call) -> ast.expr:
        inner = node.args[0] if node.args else None
        if isinstance(node.func, ast.Name) and node.func.id == "float" and inner is not None:
            return _of_sizes(node)
        function = ast.unparse(node.func)
        if function.endswith(".dtype.type"):
            owner = self.visit(ast.parse(function.removesuffix(".dtype.type"), mode="eval").body)
            (value,) = node.args
            return _parsed(self.number(ast.unparse(_OfSizes().visit(value)), ast.unparse(owner)))
        if _OF_NUMPY.fullmatch(function):
            arguments = [self.text(a) for a in node.args]
            named = {k.arg: self.text(k.value) for k in node.keywords if k.arg}
            return _parsed(self.called(function.removeprefix("np."), arguments, named))
        if isinstance(node.func, ast.Attribute):
            arguments = [self.text(a) for a in node.args]
            named = {k.arg: self.text(k.value) for k in node.keywords if k.arg}
            return _parsed(
                self.method(self.text(node.func.value), node.func.attr, arguments, named)
            )
        self.generic_visit(node)
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.stmt:
        """A new value in place of one that is changed."""
        self.generic_visit(node)
        before = _parsed(ast.unparse(node.target))
        return ast.Assign([node.target], ast.BinOp(before, node.op, node.value))

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        text = ast.unparse(node)
        if text in ("np.inf", "np.nan"):
            return _parsed(f"math.{node.attr}")
        self.generic_visit(node)
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        if ast.unparse(node.value) == "np.s_":
            parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            texts = ", ".join(shown_slice(part) for part in parts)
            return _parsed(f"({texts},)")
        self.generic_visit(node)
        return node

    def text(self, node: ast.expr) -> str:
        return ast.unparse(self.visit(node))

    def refuse(self, what: str) -> Unsupported:
        return Unsupported(f"{clip(what, 40)} has no word in {self.prefix}; choose another target")

    # -- what each says in its own ----------------------------------------------------------

    @abstractmethod
    def number(self, value: str, like: str) -> str:
        """A number as an array of the dtype of another one."""

    @abstractmethod
    def called(self, name: str, arguments: Sequence[str], named: dict[str, str]) -> str:
        """The call of a function of NumPy."""

    @abstractmethod
    def method(self, owner: str, name: str, arguments: Sequence[str], named: dict[str, str]) -> str:
        """The call of a method of NumPy's arrays."""


def listed(arguments: Sequence[str], named: dict[str, str]) -> str:
    """The inside of a call."""
    return ", ".join([*arguments, *(f"{name}={value}" for name, value in named.items())])


def _parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def shown_slice(part: ast.expr) -> str:
    """A part of an index as it stands outside brackets."""
    if not isinstance(part, ast.Slice):
        return ast.unparse(part)
    ends = [None if end is None else ast.unparse(end) for end in (part.lower, part.upper)]
    if part.step is not None:
        return f"slice({ends[0]}, {ends[1]}, {ast.unparse(part.step)})"
    return f"slice({ends[0]}, {ends[1]})"


class _OfSizes(ast.NodeTransformer):
    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        names = {"maximum": "max", "minimum": "min"}
        if ast.unparse(node.value) == "np":
            return _parsed(names.get(node.attr, f"math.{node.attr}"))
        self.generic_visit(node)
        return node


def _of_sizes(node: ast.Call) -> ast.expr:
    """A number made of sizes is one of Python, also where arrays are traced."""
    found: ast.expr = _OfSizes().visit(node)
    return found


__all__ = ["Words", "listed", "shown_slice"]
