"""What a template of a user may do: print, loop and choose; nothing else, and never without end.

Jinja's own sandbox keeps templates from the interpreter, but lets `10**10**8`, loops in loops and
`center(10**9)` run as long as they like. Here filters, tests, methods and global functions stand
in closed tables, and every turn of a loop, every call and every text counts against a budget.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, ChoiceLoader, Environment, FileSystemLoader, StrictUndefined, nodes
from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS
from jinja2.sandbox import ImmutableSandboxedEnvironment

LARGEST_TEMPLATE = 200_000  # characters
MOST_STEPS = 200_000  # turns of loops, calls and pieces of text; a large module takes some thousand
LONGEST_TEXT = 200_000  # characters of a text that a template builds
LONGEST_MODULE = 20_000_000
LARGEST_NUMBER = 10**18

_FILTERS = frozenset(
    "capitalize count default d e escape first last length list lower reverse string title trim "
    "upper".split()
)
_REFUSED = (
    nodes.Macro,
    nodes.CallBlock,
    nodes.Import,
    nodes.FromImport,
    nodes.AssignBlock,
    nodes.FilterBlock,
    nodes.Dict,
)
_TESTS = frozenset(
    "defined undefined none true false boolean number string sequence iterable in eq ne lt le gt "
    "ge == != < <= > >= odd even divisibleby equalto sameas mapping".split()
)
_METHODS: dict[type, frozenset[str]] = {
    str: frozenset(
        "capitalize endswith isdigit isidentifier islower isupper lower lstrip removeprefix "
        "removesuffix rstrip split splitlines startswith strip title upper".split()
    ),
    dict: frozenset({"get", "items", "keys", "values"}),
    list: frozenset({"count", "index"}),
    tuple: frozenset({"count", "index"}),
}


class _Loader(FileSystemLoader):
    """Templates of a folder, each of bounded size."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Any]:
        for folder in self.searchpath:
            path = Path(folder, *template.split("/"))
            if path.is_file() and path.stat().st_size > LARGEST_TEMPLATE:
                raise SecurityError(f"it is larger than {LARGEST_TEMPLATE:,} bytes")
        return super().get_source(environment, template)


class TemplateSandbox(ImmutableSandboxedEnvironment):
    """An environment for one rendering; SecurityError where a template goes too far."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})

    def __init__(self, folder: str, own: BaseLoader) -> None:
        super().__init__(
            loader=ChoiceLoader([_Loader(folder), own]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            autoescape=False,
            cache_size=0,
        )
        self._steps = 0
        self.globals = {"range": self._range}
        self.filters = {name: self._charged(FILTERS[name]) for name in _FILTERS}
        self.filters |= {"join": self._join, "counted": self._counted, "bounded": self._bounded}
        self.tests = {name: test for name, test in self.tests.items() if name in _TESTS}

    def render_bounded(self, name: str, **context: Any) -> str:
        """What the template prints, unless that is too much."""
        pieces: list[str] = []
        length = 0
        for piece in self.get_template(name).generate(**context):
            self.count()
            length += len(piece)
            if length > LONGEST_MODULE:
                raise SecurityError(f"it prints more than {LONGEST_MODULE:,} characters")
            pieces.append(piece)
        return "".join(pieces)

    def count(self, length: int = 0) -> None:
        """Count a step, and more where a text of that length is worked on."""
        self._steps += 1 + length // 100
        if self._steps > MOST_STEPS:
            raise SecurityError(f"it takes more than {MOST_STEPS:,} steps")

    # -- what Jinja asks --------------------------------------------------------------------------

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        """The template with its loops counted and its joined texts bounded."""
        self.count(30_000 + 10 * len(source))  # an include is parsed each time
        tree = super()._parse(source, name, filename)
        for refused in tree.find_all(_REFUSED):
            kind = type(refused).__name__
            raise SecurityError(f"line {refused.lineno}: {kind} is not known here")
        for listed in tree.find_all((nodes.List, nodes.Tuple)):
            if not all(_is_plain(item) for item in getattr(listed, "items", ())):
                raise SecurityError(f"line {listed.lineno}: a list holds constants only")
        for loop in tree.find_all(nodes.For):
            if loop.recursive:
                raise SecurityError(f"line {loop.lineno}: a loop may not call itself")
            loop.iter = _filtered(loop.iter, "counted")
        return _bound_texts(tree)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if not super().is_safe_attribute(obj, attr, value):
            return False
        return not callable(value) or attr in _METHODS.get(type(obj), ())

    def is_safe_callable(self, obj: Any) -> bool:
        owner = getattr(obj, "__self__", None)
        return owner is self or getattr(obj, "__name__", "") in _METHODS.get(type(owner), ())

    def call(__self, __context: Any, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        owner = getattr(__obj, "__self__", None)
        __self.count(len(owner) if isinstance(owner, str) else 0)
        return super().call(__context, __obj, *args, **kwargs)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        numbers = isinstance(left, int | float) and isinstance(right, int | float)
        joined = operator == "+" and type(left) is type(right) and isinstance(left, str | list)
        if (not numbers and not joined) or operator == "**":
            raise SecurityError(f"{operator} of these operands is not known here")
        self.count()
        return self._bounded(super().call_binop(context, operator, left, right))

    # -- bounded functions ------------------------------------------------------------------------

    def _counted(self, items: Iterable[Any]) -> Iterator[Any]:
        for item in items:
            self.count()
            yield item

    def _charged(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A filter of Jinja that counts what it works on."""

        @wraps(function)
        def charged(*args: Any, **kwargs: Any) -> Any:
            self.count(sum(len(a) for a in args if isinstance(a, str)))
            return function(*args, **kwargs)

        return charged

    def _bounded(self, value: Any) -> Any:
        self.count(len(value) if isinstance(value, str) else 0)
        if isinstance(value, int) and abs(value) > LARGEST_NUMBER:
            raise SecurityError("a number grows too large")
        if isinstance(value, str | list) and len(value) > LONGEST_TEXT:
            raise SecurityError(f"a text grows beyond {LONGEST_TEXT:,} characters")
        return value

    def _join(self, items: Iterable[Any], between: str = "") -> str:
        texts = []
        length = 0
        for item in items:
            self.count()
            texts.append(str(item))
            length += len(texts[-1]) + len(between)
            if length > LONGEST_TEXT:
                raise SecurityError(f"a text grows beyond {LONGEST_TEXT:,} characters")
        return str(between).join(texts)

    def _range(self, *bounds: int) -> range:
        numbers = range(*bounds)
        if len(numbers) > MOST_STEPS:
            raise SecurityError(f"it takes more than {MOST_STEPS:,} steps")
        return numbers


def _filtered(expr: Any, name: str) -> nodes.Filter:
    return nodes.Filter(expr, name, [], [], None, None, lineno=expr.lineno)


def _bound_texts(tree: nodes.Template) -> nodes.Template:
    """The tree with a bound around every a ~ b."""
    waiting: list[nodes.Node] = [tree]
    while waiting:
        node = waiting.pop()
        for field, value in node.iter_fields():
            if isinstance(value, list):
                setattr(node, field, [_bound(v) if isinstance(v, nodes.Node) else v for v in value])
            elif isinstance(value, nodes.Node):
                setattr(node, field, _bound(value))
        waiting.extend(_inside(node))
    return tree


def _inside(node: nodes.Node) -> list[nodes.Node]:
    """The children of a node; of a bound, those of what it bounds."""
    children = list(node.iter_child_nodes())
    if isinstance(node, nodes.Filter) and node.name == "bounded":
        return [inner for child in children for inner in child.iter_child_nodes()]
    return children


def _bound(node: nodes.Node) -> nodes.Node:
    return _filtered(node, "bounded") if isinstance(node, nodes.Concat) else node


def _is_plain(item: nodes.Node) -> bool:
    """Whether a list may hold it: a constant, or the name that a loop gives to something."""
    return isinstance(item, nodes.Const) or (
        isinstance(item, nodes.Name) and item.ctx in ("store", "param")
    )
