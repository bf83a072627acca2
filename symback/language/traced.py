"""Operands that keep what a Python function does with them, as pieces of circuit text."""

from __future__ import annotations

import linecache
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from numbers import Real
from types import CodeType, FrameType
from typing import Any

from symback.errors import CircuitError, Place, SymbackError, Unsupported

LARGEST_LITERAL = 400  # elements of an array of NumPy that a formula holds
_NUMBERS = count()
TRACED: list[CodeType] = []  # the functions that are being traced


def refusal(why: str, kind: type[SymbackError] = CircuitError) -> SymbackError:
    """The error at the line of the function that is being traced."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code not in TRACED:
        frame = frame.f_back
    if frame is None:
        return kind(why)
    text = linecache.getline(frame.f_code.co_filename, frame.f_lineno).rstrip("\n")
    column = len(text) - len(text.lstrip()) + 1
    return kind(why, Place(frame.f_lineno, column, text))


@dataclass(eq=False, slots=True)
class Traced:
    """An operand of a traced function, or a condition: a piece of circuit text, with the operands
    in its braces.
    """

    template: str
    operands: Sequence[Traced] = ()
    is_atom: bool = True  # it needs no brackets inside another one
    is_condition: bool = False
    shape: tuple[str | int, ...] | None = None  # of an argument
    number: int = field(default_factory=lambda: next(_NUMBERS))

    __array_priority__ = 1000
    __hash__ = object.__hash__

    def __add__(self, other: Any) -> Traced:
        return _joined("{} + {}", self, other)

    def __radd__(self, other: Any) -> Traced:
        return _joined("{} + {}", other, self)

    def __sub__(self, other: Any) -> Traced:
        return _joined("{} - {}", self, other)

    def __rsub__(self, other: Any) -> Traced:
        return _joined("{} - {}", other, self)

    def __mul__(self, other: Any) -> Traced:
        return _joined("{}*{}", self, other)

    def __rmul__(self, other: Any) -> Traced:
        return _joined("{}*{}", other, self)

    def __truediv__(self, other: Any) -> Traced:
        return _joined("{}/{}", self, other)

    def __rtruediv__(self, other: Any) -> Traced:
        return _joined("{}/{}", other, self)

    def __pow__(self, other: Any) -> Traced:
        return _joined("{}**{}", self, other)

    def __rpow__(self, other: Any) -> Traced:
        return _joined("{}**{}", other, self)

    def __matmul__(self, other: Any) -> Traced:
        return _joined("{} @ {}", self, other)

    def __rmatmul__(self, other: Any) -> Traced:
        return _joined("{} @ {}", other, self)

    def __neg__(self) -> Traced:
        return _joined("-{}", self)

    def __pos__(self) -> Traced:
        return self

    def __abs__(self) -> Traced:
        return called("abs", self)

    def __lt__(self, other: Any) -> Traced:
        return _compared("{} < {}", self, other)

    def __le__(self, other: Any) -> Traced:
        return _compared("{} <= {}", self, other)

    def __gt__(self, other: Any) -> Traced:
        return _compared("{} > {}", self, other)

    def __ge__(self, other: Any) -> Traced:
        return _compared("{} >= {}", self, other)

    def __eq__(self, other: object) -> Any:
        return _compared("{} == {}", self, other)

    def __ne__(self, other: object) -> Any:
        return _compared("{} != {}", self, other)

    def __and__(self, other: Any) -> Traced:
        return _compared("{} & {}", self, other)

    def __or__(self, other: Any) -> Traced:
        return _compared("{} | {}", self, other)

    @property
    def T(self) -> Traced:
        """The transpose."""
        return Traced("{}.T", [self])

    @property
    def mT(self) -> Traced:
        """The transposes of the matrices of a stack."""
        return Traced("{}.mT", [self])

    def __getitem__(self, index: Any) -> Traced:
        parts = index if isinstance(index, tuple) else (index,)
        texts, operands = [], [self]
        for part in parts:
            if isinstance(part, Traced):
                texts.append("{}")
                operands.append(part)
            else:
                texts.append(_part(part))
        return Traced(f"{{}}[{', '.join(texts)}]", operands)

    def __len__(self) -> int:
        if self.shape and isinstance(self.shape[0], int):
            return self.shape[0]
        raise refusal(
            "the length is not known while the circuit is made; write sb.sum(x) and its kin in "
            "place of a loop, or a whole number in Array[…]"
        )

    def __iter__(self) -> Any:
        return iter([self[i] for i in range(len(self))])

    def __bool__(self) -> bool:
        raise refusal(
            "a circuit has no branch on values; write sb.where(condition, a, b) in place of if, "
            "& and | for and and or, sb.max for max"
        )

    def __float__(self) -> float:
        raise refusal(
            "a number is wanted where the circuit has none yet: functions of math and float() take "
            "numbers; write sb.exp(x) in place of math.exp(x)"
        )

    __int__ = __index__ = __complex__ = __float__

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise refusal(f"x.{name} is not known; write sb.{name}(x) where sb has it")

    def __array_ufunc__(self, ufunc: Any, method: str, *operands: Any, **_: Any) -> Any:
        template = _UFUNCS.get(ufunc.__name__)
        if template is None or method != "__call__":
            raise refusal(_of_numpy(ufunc.__name__))
        made = _compared if ufunc.__name__ in _COMPARISONS else _joined
        return made(template, *operands)

    def __array_function__(self, function: Any, *_: Any) -> Any:
        raise refusal(_of_numpy(function.__name__))

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise refusal("NumPy can't hold what a circuit computes; write sb.stack(a, b) for an array")


_UFUNCS = {
    **{"add": "{} + {}", "subtract": "{} - {}", "multiply": "{}*{}", "divide": "{}/{}"},
    **{"true_divide": "{}/{}", "power": "{}**{}", "matmul": "{} @ {}", "negative": "-{}"},
    **{"less": "{} < {}", "less_equal": "{} <= {}", "greater": "{} > {}"},
    **{"greater_equal": "{} >= {}", "equal": "{} == {}", "not_equal": "{} != {}"},
}
_COMPARISONS = ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal")


def _of_numpy(name: str) -> str:
    own = f"; write sb.{name}(…)" if is_word(name) else ""
    return f"np.{name} is a function of NumPy, which computes with numbers{own}"


def _joined(template: str, *operands: Any) -> Traced:
    return Traced(template, [operand(o) for o in operands], is_atom=False)


def _compared(template: str, *operands: Any) -> Traced:
    return Traced(template, [operand(o) for o in operands], is_atom=False, is_condition=True)


def operand(value: Any) -> Traced:
    """What a formula may read: what was traced, numbers, lists and small arrays of numbers."""
    if isinstance(value, Traced):
        return value
    if isinstance(value, Real) and not isinstance(value, bool):
        return Traced(_number(value))
    if hasattr(value, "tolist") and getattr(value, "ndim", 3) < 3:
        return operand(value.tolist()) if value.size <= LARGEST_LITERAL else _too_large(value)
    if isinstance(value, list | tuple) and value:
        return Traced(f"[{', '.join(['{}'] * len(value))}]", [operand(v) for v in value])
    if getattr(value, "free_symbols", None) is not None:
        raise refusal("an expression of SymPy stands here; give it to sb.Circuit.from_sympy")
    raise refusal(f"{value!r:.40} is not an operand of a formula", Unsupported)


def _too_large(value: Any) -> Traced:
    raise refusal(
        f"an array of {value.size:,} numbers is too large for a formula; make it an argument"
    )


def _number(value: Any) -> str:
    whole = int(value) if isinstance(value, int) or hasattr(value, "denominator") else None
    if whole is not None and getattr(value, "denominator", 1) != 1:
        return f"({value.numerator}/{value.denominator})"
    text = repr(float(value)) if whole is None else str(whole)
    if text in ("inf", "-inf", "nan"):
        raise refusal(f"{text} is not a number of a formula")
    return f"({text})" if text.startswith("-") else text


def _part(part: Any) -> str:
    if part is None:
        return "None"
    if isinstance(part, slice):
        texts = ["" if bound is None else str(_whole(bound)) for bound in (part.start, part.stop)]
        return ":".join([*texts, *([] if part.step is None else [str(_whole(part.step))])])
    return str(_whole(part))


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__") or isinstance(value, Traced):
        raise refusal(f"an index is a whole number or an argument, not {value!r:.30}")
    return int(value)


# -- words of circuit text as functions ----------------------------------------------------


def is_word(name: str) -> bool:
    """Whether circuit text has a function of that name."""
    from symback.language import words
    from symback.language.array_calls import CALLS
    from symback.operations.elementwise import SPELLINGS

    known = (SPELLINGS, CALLS, ("where", "once"), words.names())
    return any(name in of for of in known)


def function(name: str) -> Callable[..., Traced]:
    """The word as a function of Python, for functions that become circuits."""

    def call(*arguments: Any, **options: Any) -> Traced:
        return called(name, *arguments, **options)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"{name}(…) of circuit text, inside a function under @sb.circuit."
    return call


def called(name: str, *arguments: Any, **options: Any) -> Traced:
    if not TRACED:
        raise Unsupported(
            f"sb.{name} makes circuits: call it inside a function under @sb.circuit, or write "
            f'{name}(…) in circuit text, sb.circuit("f = {name}(x)")'
        )
    texts: list[str] = []
    operands: list[Traced] = []
    for value in arguments:
        _argument(value, texts, operands)
    for option, value in options.items():
        _argument(value, texts, operands, f"{option}=")
    return Traced(f"{name}({', '.join(texts)})", operands)


def _argument(value: Any, texts: list[str], operands: list[Traced], option: str = "") -> None:
    if isinstance(value, str):
        texts.append(f'{option}"{value}"')
    elif isinstance(value, bool):
        texts.append(f"{option}{value}")
    elif isinstance(value, tuple) and all(isinstance(v, int) for v in value):
        texts.append(f"{option}({', '.join(map(str, value))}{',' * (len(value) == 1)})")
    else:
        texts.append(f"{option}{{}}")
        operands.append(operand(value))


__all__ = ["TRACED", "Traced", "called", "function", "is_word", "operand", "refusal"]
