"""Kernels are written once: constructs of Python beside what C and JavaScript have for them."""

import ast
import math
import operator
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from symback.codegen.c.kernels import C
from symback.codegen.javascript.kernels import JavaScript
from symback.codegen.kernels.facts import Facts
from symback.codegen.kernels.reader import OF_NUMPY, Untranslatable, read, translatable
from symback.codegen.kernels.scalars import COMPARISONS, Scalar, call, number, steps_of
from symback.codegen.kernels.sources import OF_ARRAYS, OF_NUMBERS, KernelSource, functions
from symback.codegen.kernels.writer import source, written
from symback.codegen.numpy import kernels as numpy_kernels
from symback.codegen.rust.kernels import Rust
from tests.cases.one_in import one_in

LANGUAGES = {"C": C(), "JavaScript": JavaScript()}


def body(language, text, arguments="z"):
    """The lines of a kernel without its head, its last brace and the first indentation."""
    lines = "\n".join(f"    {line}" for line in text.strip("\n").splitlines())
    given = KernelSource("example.py", 1, f'def _f({arguments}):\n    """f."""\n{lines}')
    whole = written(LANGUAGES[language], read("_f", given))
    inside = whole.rstrip().removesuffix("}").split("{\n", 1)[1]
    first = re.match(" *", inside)[0]
    return re.sub(f"^{first}", "", inside, flags=re.MULTILINE).rstrip()


# construct → Python, C, JavaScript
CONSTRUCTS = {
    "numbers": ("return 2.0 * z + 1e-300", "return 2.0 * z + 1e-300;", "return 2 * z + 1e-300;"),
    "a difference of differences": ("return z - (1.0 - z)", "return z - (1.0 - z);", None),
    "a square": (
        "return (1.0 + z) ** 2",
        "return symback_square(1.0 + z);",
        "return (1 + z) ** 2;",
    ),
    "a square of a name": ("return 2.0 / z**2", "return 2.0 / (z * z);", "return 2 / (z * z);"),
    "a power": ("return -(z**a)", "return -pow(z, a);", "return -Math.pow(z, a);"),
    "a call": ("return np.arcsin(z)", "return asin(z);", "return Math.asin(z);"),
    "a call of a kernel": ("return _sigma(-z)", "return symback_sigma(-z);", "return _sigma(-z);"),
    "a function that one language has": ("return _erf(z)", "return erf(z);", "return _erf(z);"),
    "copysign": (
        "return np.copysign(1.0 / z, -z)",
        "return copysign(1.0 / z, -z);",
        "return Math.sign(-z) * Math.abs(1 / z);",
    ),
    "infinities": (
        "return np.where(z == np.inf, -np.inf, np.nan)",
        "return (z == (double)INFINITY) ? -(double)INFINITY : (double)NAN;",
        "return z === Infinity ? -Infinity : NaN;",
    ),
    "conditions": (
        "return np.where((z > 0.0) & ~np.isnan(a) | np.isinf(z), z, a)",
        "return ((z > 0.0 && a == a) || isinf(z)) ? z : a;",
        "return (z > 0 && a === a) || Math.abs(z) === Infinity ? z : a;",
    ),
    "a condition as a number": (
        "return z + (z == 0.0)",
        "return z + ((z == 0.0) ? 1.0 : 0.0);",
        "return z + (z === 0 ? 1 : 0);",
    ),
    "a definition": (
        "e = np.exp(-np.abs(z))\nreturn e / (1.0 + e)",
        "const double e = exp(-fabs(z));\nreturn e / (1.0 + e);",
        "const e = Math.exp(-Math.abs(z));\nreturn e / (1 + e);",
    ),
    "a definition that is used once": (
        "e = np.exp(z)\nreturn 1.0 + e",
        "return 1.0 + exp(z);",
        "return 1 + Math.exp(z);",
    ),
    "a definition with the name of a function": (
        "log = np.log(z)\nreturn log * log",
        "const double log_ = log(z);\nreturn log_ * log_;",
        "const log = Math.log(z);\nreturn log * log;",
    ),
    "in place": (
        "e = np.exp(z)\nnp.log(e, out=e)\ne *= 2.0\ne -= 1.0\nreturn e",
        "return log(exp(z)) * 2.0 - 1.0;",
        "return Math.log(Math.exp(z)) * 2 - 1;",
    ),
    "a sum of a series": (
        "series = 1.0\nfor k in range(9, -1, -1):\n"
        "    series = 1.0 + z / (2 * k + 1) * series\nreturn series",
        "double series = 1.0;\nfor (int k = 9; k >= 0; k--) {\n"
        "    series = 1.0 + z / (double)(2 * k + 1) * series;\n}\nreturn series;",
        "let series = 1;\nfor (let k = 9; k >= 0; k--) {\n"
        "  series = 1 + z / (2 * k + 1) * series;\n}\nreturn series;",
    ),
    "quotients of integers": (
        "s = 0.0\nfor k in range(3):\n    s = s + (k + 1) ** 2 / (k + 2) * z\nreturn s",
        "double s = 0.0;\nfor (int k = 0; k < 3; k++) {\n"
        "    s = s + (double)((k + 1) * (k + 1)) / (double)(k + 2) * z;\n}\nreturn s;",
        "let s = 0;\nfor (let k = 0; k < 3; k++) {\n"
        "  s = s + (k + 1) * (k + 1) / (k + 2) * z;\n}\nreturn s;",
    ),
    "a polynomial": (
        "return _polynomial((1.0, 0.5, 2.5, 1e-9), _powers(z / 3.0))",
        "static const double c[4] = {\n    1.0, 0.5, 2.5,\n    1e-09\n};\n"
        "return symback_polynomial(c, z / 3.0);",
        "const c = [\n  1, 0.5, 2.5,\n  1e-09,\n];\nreturn _polynomial(z / 3, c);",
    ),
    "a choice": (
        "return np.where(z > 1.0, np.exp(z), z)",
        "return (z > 1.0) ? exp(z) : z;",
        "return z > 1 ? Math.exp(z) : z;",
    ),
    "operands that are held where they are not used": (
        "near = np.minimum(np.abs(z), 2.0)\nfar = np.maximum(np.abs(z), 2.0)\n"
        "return np.where(np.abs(z) < 2.0, np.exp(near), 1.0 / far)",
        "return (fabs(z) < 2.0) ? exp(fabs(z)) : 1.0 / fabs(z);",
        None,
    ),
    "an operand that is replaced where it is not used": (
        "return np.where(z == 0.0, 1.0, np.sin(z) / np.where(z == 0.0, 1.0, z))",
        "return (z == 0.0) ? 1.0 : sin(z) / z;",
        None,
    ),
    "an operand that is held on both sides": (
        "near = np.clip(z, -2.0, 2.0)\nreturn np.where(np.abs(z) < 2.0, near * np.exp(near), 3.0)",
        "return (fabs(z) < 2.0) ? z * exp(z) : 3.0;",
        None,
    ),
    "an operand that has to be held": (
        "return np.where(z > 0.0, np.exp(np.minimum(z, 40.0)), 1.0)",
        "return (z > 0.0) ? exp(symback_min(z, 40.0)) : 1.0;",
        "return z > 0 ? Math.exp(Math.min(z, 40)) : 1;",
    ),
    "a side with definitions of its own": (
        "e = np.exp(z)\nreturn np.where(z < 0.0, e / (1.0 + e), z)",
        "if (z < 0.0) {\n    const double e = exp(z);\n    return e / (1.0 + e);\n}\nreturn z;",
        "if (z < 0) {\n  const e = Math.exp(z);\n  return e / (1 + e);\n}\nreturn z;",
    ),
    "what both sides need": (
        "e = np.exp(z)\nreturn np.where(z < 0.0, e, 2.0 - e)",
        "const double e = exp(z);\nreturn (z < 0.0) ? e : 2.0 - e;",
        "const e = Math.exp(z);\nreturn z < 0 ? e : 2 - e;",
    ),
    "a choice that both sides of another need": (
        "s = 1.0\nfor k in range(2):\n    s = s * z\nt = np.where(z < 9.0, s, z)\n"
        "return np.where(a < 0.0, 2.0 - t, t)",
        "double t;\nif (z < 9.0) {\n    double s = 1.0;\n    for (int k = 0; k < 2; k++) {\n"
        "        s = s * z;\n    }\n    t = s;\n} else {\n    t = z;\n}\n"
        "return (a < 0.0) ? 2.0 - t : t;",
        None,
    ),
    "early returns": (
        "if _largest(z) < 87.0:\n    return np.exp(z)\nreturn 1.0 / z",
        "return (z < 87.0) ? exp(z) : 1.0 / z;",
        "return z < 87 ? Math.exp(z) : 1 / z;",
    ),
    "a name that a branch changes": (
        "y = z\nif not np.any(z > 0.0):\n    y = -z\nreturn np.exp(y)",
        "return exp((!(z > 0.0)) ? -z : z);",
        "return Math.exp(!(z > 0) ? -z : z);",
    ),
    "what only arrays need": (
        "if z.dtype == np.float32:\n    return _f(z.astype(np.float64)).astype(np.float32)\n"
        'with np.errstate(over="ignore"):\n    e = np.asarray(np.exp(z)).reshape(z.shape)[()]\n'
        "    return e",
        "return exp(z);",
        "return Math.exp(z);",
    ),
    "computed in float64": (
        "def wide(x, y):\n    return x / y\n\nreturn _in_float64(wide, z, a)",
        "return z / a;",
        "return z / a;",
    ),
}
CASES = [
    (name, language, python, expected)
    for name, (python, *texts) in CONSTRUCTS.items()
    for language, expected in zip(LANGUAGES, texts, strict=True)
    if expected is not None
]


@pytest.mark.parametrize(
    ("python", "language", "expected"),
    [(python, language, expected) for _, language, python, expected in CASES],
    ids=[f"{name} in {language}" for name, language, _, _ in CASES],
)
def test_constructs(python, language, expected):
    assert body(language, python, "z, a") == expected


UNKNOWN = {
    "a function of whole arrays": ("return np.linalg.det(z)", "np.linalg.det(z)", 3),
    "another function": ("y = z\nreturn _unknown(y)", "_unknown(y)", 4),
    "an element": ("return z[0]", "z[0]", 3),
    "a name that is not defined": ("return y", "y", 3),
    "bounds that are not constant": (
        "s = z\nfor k in range(z):\n    s = s * z\nreturn s",
        "for k in range(z):",
        4,
    ),
    "a loop that defines a name": (
        "s = z\nfor k in range(2):\n    s = s * z\n    t = s + z\nreturn s",
        "for k in range(2):",
        4,
    ),
    "a counter with the name of an argument": (
        "s = z\nfor z in range(2):\n    s = s + z\nreturn s",
        "for z in range(2):",
        4,
    ),
    "while": ("while z > 0.0:\n    z = z - 1.0\nreturn z", "while z > 0.0:", 3),
    "several values": ("return z, z", "a function that returns several values", 1),
    "no return": ("y = z", "_f without return", 1),
    "a comparison of three": ("return np.where(0.0 < z < 1.0, z, 1.0)", "0.0 < z < 1.0", 3),
    "a string": ('return "z"', "'z'", 3),
    "a statement for its effect": ("print(z)\nreturn z", "print(z)", 3),
    "an attribute": ("z.real = 1.0\nreturn z", "z.real = 1.0", 3),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_has_no_translation_is_named_with_its_place(name):
    text, construct, line = UNKNOWN[name]
    with pytest.raises(Untranslatable) as raised:
        body("C", text)
    assert f"numpy/example.py, line {line}: `{construct}` has no translation" in str(raised.value)
    assert "_f" in str(raised.value)


ALL = {**LANGUAGES, "Rust": Rust()}


@pytest.mark.parametrize("language", ALL)
def test_every_language_has_every_function_and_translates_every_kernel(language):
    assert ALL[language].functions.keys() >= OF_NUMPY
    assert len(translatable()) > 90
    for name in translatable():
        text = source(ALL[language], name)
        assert max(map(len, text.splitlines())) <= 100
        assert ALL[language].prefix in text and "ULP" not in text and "float32" not in text
        assert re.sub(r"/\*.*?\*/|^//[^\n]*", "", text, flags=re.DOTALL | re.MULTILINE).isascii()


# -- what is left out on one way through a kernel ------------------------------------------------

PLACES = (
    *(0.0, 1.0, -1.0, 0.3, -0.3, 0.5, -0.5, 2.0, -2.0, 2.9, 28.0, -45.0, 87.0, -87.0, -150.0),
    *(701.0, -701.0, 1e300, -1e300, math.inf, -math.inf, math.nan),
)
OF_TWO: dict[str, Callable[..., Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": np.divide,
    "**": np.power,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "and": lambda a, b: a and b,
    "or": lambda a, b: a or b,
}


def computed(scalar, names):
    """The value of a scalar; a call of a kernel is some function of its operands."""
    head, (*operands,) = scalar.head, scalar.operands
    if head == "number":
        return np.float64(operands[0])
    if head in ("name", "carried"):
        return names[operands[0]]
    if head == "let" and scalar.parts[0].head == "loop":
        return carried(scalar.parts[0], names)[operands[1]]
    if head == "where":
        condition, yes, no = scalar.parts
        return computed(yes if computed(condition, names) else no, names)
    parts = [computed(part, names) for part in scalar.parts]
    if head == "let":
        return parts[0]
    if head == "neg":
        return -parts[0]
    if head == "not":
        return not parts[0]
    if head == "polynomial":
        return np.polyval(operands[0][::-1], parts[0])
    if head == "call":
        name = operands[0]
        if name in ("_erf", "_erfc"):
            return np.float64(getattr(math, name[1:])(parts[0]))
        return getattr(np, name, some_number)(*parts)
    return OF_TWO[head](*parts) if parts else True


def carried(loop, names):
    """What a loop carries along, by its numbers."""
    _, identities, counter, steps, _ = loop.operands[:5]
    initial, following = steps_of(loop)
    values = {k: computed(start, names) for k, start in zip(identities, initial, strict=True)}
    for k in steps:
        for place, step in following:
            inside = {**names, **values, counter: np.float64(k)}
            values[identities[place]] = computed(step, inside)
    return values


def some_number(*operands):
    return sum(np.cos((k + 2.0) * x) for k, x in enumerate(operands))


def conditions(scalar):
    """All conditions of choices, outer ones first; those of loops hold in some steps alone."""
    if scalar.head == "loop":
        return
    if scalar.head == "where":
        yield scalar.parts[0]
    for part in scalar.parts:
        yield from conditions(part)


@pytest.mark.parametrize("name", one_in(20, translatable()))
def test_what_is_left_out_is_not_needed(name):
    """On the way that each point takes, the scalar without what is known there has its value."""
    kernel = read(name, translatable()[name])
    rng = np.random.default_rng(3)
    with np.errstate(all="ignore"):
        for place in PLACES:
            others = rng.choice(PLACES, len(kernel.arguments) - 1)
            names = dict(zip(kernel.arguments, map(np.float64, [place, *others]), strict=True))
            facts = Facts()
            for condition in conditions(kernel.value):
                facts = facts.and_that(condition, bool(computed(condition, names)))
            shorter = facts.simplified(kernel.value)
            assert not [*conditions(shorter)]
            got, wanted = computed(shorter, names), computed(kernel.value, names)
            np.testing.assert_array_equal(got, wanted, err_msg=f"{name}{names}")


X = Scalar("name", ("x",))
SIZE = call("abs", X)
LIMITS = (-2.0, -1.0, 0.0, 1.0, 2.0)
VALUES = (-math.inf, -2.5, -2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, math.inf, math.nan)
COMPARED = [
    Scalar(sign, (scalar, number(limit)))
    for sign in COMPARISONS
    for scalar in (X, SIZE)
    for limit in LIMITS
]


def at(scalar, x):
    return computed(scalar, {"x": np.float64(x)})


def condition(rng):
    """A comparison, or two of them."""
    first, second = (COMPARED[k] for k in rng.integers(len(COMPARED), size=2))
    kind = rng.choice(["one", "and", "or", "not"])
    if kind == "not":
        return Scalar("not", (first,))
    return first if kind == "one" else Scalar(str(kind), (first, second))


def test_facts_hold_for_every_value_that_they_leave():
    """Whatever was decided; and operands that are held are those of NumPy, also NaN."""
    rng = np.random.default_rng(5)
    decided = shorter = 0
    held = [
        call(f, s, number(c)) for f in ("minimum", "maximum") for s in (X, SIZE) for c in LIMITS
    ]
    for _ in range(150):
        known = [(condition(rng), bool(rng.integers(2))) for _ in range(2)]
        facts = Facts()
        for each, holds in known:
            facts = facts.and_that(each, holds)
        left = [x for x in VALUES if all(bool(at(each, x)) == holds for each, holds in known)]
        for asked in (*COMPARED, condition(rng), condition(rng)):
            answer = facts.decided(asked)
            decided += answer is not None
            assert answer is None or {bool(at(asked, x)) for x in left} <= {answer}, (known, asked)
        for whole in held:
            part = facts.simplified(whole)
            shorter += part != whole
            np.testing.assert_array_equal([at(part, x) for x in left], [at(whole, x) for x in left])
    assert decided > 2000 and shorter > 500


# what is known → what follows from it
FOLLOWS = [
    ([("<", X, 2.0)], ("<", X, 2.0), True),
    ([("<", X, 2.0)], ("<=", X, 2.0), True),
    ([("<=", X, 2.0)], ("<", X, 2.0), None),
    ([("<=", X, 2.0)], ("<", X, 2.5), True),
    ([("<", X, 2.0)], (">=", X, 2.0), False),
    ([("<=", X, 2.0)], (">", X, 2.0), False),
    ([("<=", X, 2.0)], (">=", X, 2.0), None),
    ([("<", X, 2.0)], ("==", X, 2.0), False),
    ([("<", X, 2.0)], ("!=", X, 2.0), True),
    ([("<", SIZE, 2.0)], (">", X, -2.0), True),
    ([("<=", SIZE, 2.0)], (">=", X, -2.0), True),
    ([(">", X, 1.0)], (">", SIZE, 1.0), True),
    ([("<", X, -1.0)], (">", SIZE, 1.0), True),
    ([("<", X, 1.0)], ("<", SIZE, 1.0), None),
    ([], ("<", SIZE, 0.0), False),
    ([], (">=", SIZE, 0.0), None),  # NaN
]


@pytest.mark.parametrize(("known", "asked", "answer"), FOLLOWS)
def test_what_follows(known, asked, answer):
    facts = Facts()
    for sign, scalar, limit in known:
        facts = facts.and_that(Scalar(sign, (scalar, number(limit))), True)
    sign, scalar, limit = asked
    assert facts.decided(Scalar(sign, (scalar, number(limit)))) is answer


def test_functions_are_found_as_python_finds_them():
    """By their text, which is faster: one pattern instead of a parser."""
    folder = numpy_kernels.__file__.rpartition("/")[0]
    for file in (*OF_NUMBERS, *OF_ARRAYS):
        with open(f"{folder}/{file}", encoding="utf-8") as stream:
            text = stream.read()
        lines = text.splitlines()
        parsed = {
            node.name: (node.lineno, "\n".join(lines[node.lineno - 1 : node.end_lineno]))
            for node in ast.parse(text).body
            if isinstance(node, ast.FunctionDef)
        }
        found = functions((file,))
        assert {name: (s.line, s.text) for name, s in found.items()} == parsed
