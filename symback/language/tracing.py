"""Python functions → circuit text: a function is called once, with operands that keep what is done.

Nothing of the function's text is read. Names of inner nodes are those of its local variables when
it returns; what has none, and is read once, stands in the formula that reads it.
"""

from __future__ import annotations

import inspect
import linecache
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from types import CodeType, FrameType
from typing import Any, ClassVar

from symback.circuits.names import check_name, fresh_name
from symback.errors import CircuitError, NameRefused, Place, clip
from symback.language.options import check_loss, inferred_role, names_in, roles_given
from symback.language.traced import TRACED, Traced, operand

DEEPEST = 20  # operations of one line, inside each other


class Array:
    """The shape of an argument: sizes are names or whole numbers, as in Array["n", 3].

    >>> Array["n", 3].shape
    ('n', 3)
    """

    shape: ClassVar[tuple[str | int, ...]] = ()

    def __class_getitem__(cls, sizes: Any) -> type[Array]:
        shape = sizes if isinstance(sizes, tuple) else (sizes,)
        for size in shape:
            if not isinstance(size, str | int) or isinstance(size, bool):
                raise CircuitError(f"a size is a name or a whole number, not {size!r:.30}")
        return type(f"Array{list(shape)}", (Array,), {"shape": shape})


@dataclass(slots=True)
class _Argument:
    name: str
    role: str
    shape: tuple[str | int, ...]
    initial: str
    value: Traced


def text_of(
    made: Callable[..., Any],
    params: Any = None,
    inputs: Any = None,
    loss: Any = None,
) -> str:
    """The circuit text of a function, every argument with its role and shape."""
    arguments = _arguments(made, roles_given(names_in(params), names_in(inputs)))
    returned, local = _called_once(made, arguments)
    loss = check_loss(loss)
    sizes = {str(size) for a in arguments for size in a.shape}
    names = {a.name for a in arguments} | sizes
    outputs = _named_outputs(made.__name__, returned, local, names)
    formula = loss if isinstance(loss, str) and loss not in outputs else ""
    lines = _lines(outputs, local, names, loss)
    read = _reached(list(outputs.values()))
    declared = []
    for argument in arguments:
        is_target = argument.role == "input" and argument.value.number not in read and formula
        shape = f"[{', '.join(map(str, argument.shape))}]" if argument.shape else ""
        role = "target" if is_target else argument.role
        declared.append(f"{argument.name}: {role}{shape}{argument.initial}")
    return "\n".join([*declared, *lines]) + "\n"


def _arguments(made: Callable[..., Any], roles: Mapping[str, str]) -> list[_Argument]:
    found = []
    hints = inspect.get_annotations(made, eval_str=True)
    parameters = inspect.signature(made).parameters
    for name in roles:
        if name not in parameters:
            raise CircuitError(f"{made.__name__} has no argument '{clip(name, 40)}'")
    for name, parameter in parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise CircuitError(f"{made.__name__} takes *{name}; name each argument of a circuit")
        check_name(name, None)
        hint = hints.get(name, float)
        shape = hint.shape if isinstance(hint, type) and issubclass(hint, Array) else ()
        role = roles.get(name) or inferred_role(name, ())
        initial = ""
        if parameter.default is not parameter.empty:
            if not isinstance(parameter.default, Real) or isinstance(parameter.default, bool):
                raise CircuitError(f"the initial value of '{name}' must be a number")
            role, initial = "param", f" = {float(parameter.default)!r}"
        found.append(_Argument(name, role, shape, initial, Traced(name, shape=shape)))
    return found


def _called_once(
    made: Callable[..., Any], arguments: Sequence[_Argument]
) -> tuple[Any, dict[str, Any]]:
    """What the function returns, and its local variables then."""
    local: dict[str, Any] = {}
    code: CodeType = made.__code__

    def watch(frame: FrameType, event: str, _: Any) -> None:
        if event == "return" and frame.f_code is code:
            local.clear()
            local.update(frame.f_locals)

    before = sys.getprofile()
    TRACED.append(code)
    sys.setprofile(watch)
    try:
        returned = made(**{a.name: a.value for a in arguments})
    except NameError as error:
        place = _line_of(error, code)
        raise CircuitError(f"{error}; a circuit reads arguments and numbers", place) from None
    finally:
        sys.setprofile(before)
        TRACED.pop()
    return returned, local


def _line_of(error: BaseException, code: CodeType) -> Place | None:
    trace, found = error.__traceback__, None
    while trace is not None:
        if trace.tb_frame.f_code is code:
            text = linecache.getline(code.co_filename, trace.tb_lineno).rstrip("\n")
            found = Place(trace.tb_lineno, len(text) - len(text.lstrip()) + 1, text)
        trace = trace.tb_next
    return found


def _named_outputs(
    name: str, returned: Any, local: Mapping[str, Any], taken: set[str]
) -> dict[str, Traced]:
    """What is returned, by the names that it has in the function."""
    if isinstance(returned, Mapping):
        return {str(key): operand(value) for key, value in returned.items()}
    values = list(returned) if isinstance(returned, tuple | list) else [returned]
    if not values or not all(isinstance(v, Traced) for v in values):
        raise CircuitError(f"{name} returns {returned!r:.30}; return what it computes")
    inner = {n: v for n, v in local.items() if isinstance(v, Traced) and v.operands}
    own = {v.number: n for n, v in inner.items() if n not in taken}
    found: dict[str, Traced] = {}
    for place, value in enumerate(values, 1):
        number = f"_{place}" if len(values) > 1 else ""
        chosen = _checked(own.get(value.number, "")) or _checked(f"{name}{number}") or f"f{number}"
        found[fresh_name([chosen], {*taken, *found})] = value
    return found


def _checked(name: str) -> str:
    """The name, if a node may have it; else nothing."""
    try:
        return check_name(name, None) if name else ""
    except NameRefused:
        return ""


def _reached(outputs: Sequence[Traced]) -> dict[int, Traced]:
    found: dict[int, Traced] = {}
    waiting = list(outputs)
    while waiting:
        node = waiting.pop()
        if node.number not in found:
            found[node.number] = node
            waiting += node.operands
    return dict(sorted(found.items()))


def _lines(
    outputs: Mapping[str, Traced], local: Mapping[str, Any], taken: set[str], loss: Any
) -> list[str]:
    """One line a node: what has a name, what is read more than once, and what is deep."""
    nodes = _reached(list(outputs.values()))
    names = {value.number: name for name, value in outputs.items()}
    for name, value in local.items():
        own = isinstance(value, Traced) and value.number in nodes and not value.is_condition
        if own and value.operands and name not in {*taken, *outputs} and _checked(name):
            names.setdefault(value.number, name)
    taken = {*names.values(), *taken}
    uses = Counter(o.number for node in nodes.values() for o in node.operands)
    texts: dict[int, tuple[str, bool, int]] = {}
    lines: list[str] = []
    for number, node in nodes.items():
        parts = [texts[o.number] for o in node.operands]
        depth = 1 + max((d for _, _, d in parts), default=0)
        is_sum = node.template == "{} + {}"
        inner = [t if atom or (is_sum and not i and " - " not in t and _is_sum(t)) else f"({t})"
                 for i, (t, atom, _) in enumerate(parts)]  # fmt: skip
        text = node.template.format(*inner) if node.operands else node.template
        shared = uses[number] > 1
        needs_name = node.operands and not node.is_condition and (shared or depth > DEEPEST)
        if number not in names and needs_name:
            names[number] = fresh_name([f"part_{len(lines) + 1}"], taken)
            taken.add(names[number])
        if number in names and node.operands:
            name = names[number]
            role = ": loss" if name == loss else ": output" if name in outputs else ""
            lines.append(f"{name}{role} = {text}")
            text, depth = name, 0
            texts[number] = (text, True, depth)
        else:
            texts[number] = (text, node.is_atom, depth)
    for name, value in outputs.items():
        if not value.operands:
            lines.append(f"{name}: output = {value.template}")
    return lines


def _is_sum(text: str) -> bool:
    """Whether a text is a sum of parts in brackets and names, to which a term may be added."""
    return " + " in text and "(" not in text and "&" not in text and "|" not in text


__all__ = ["Array", "text_of"]
