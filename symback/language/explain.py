"""Text that the grammar refuses: what is wrong at the place, and what to write instead.

People type Python, spreadsheets, LaTeX and what stands in books; a message names what they meant
where the text around the place shows it.
"""

from __future__ import annotations

import re
import unicodedata

from lark import Token
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from symback.circuits.names import FOR_INFINITY, NOT_FINITE
from symback.language.foreign import CONDITIONS, LACKING, NORMAL, elsewhere
from symback.operations.elementwise import SPELLINGS

_ONLY_IN_WHERE = "comparisons stand only inside where(condition, a, b)"
_ALIKE = {
    **dict.fromkeys("–—‐‑‒﹣－", "-"),
    **dict.fromkeys("∗⁎＊⋅∙•", "*"),
    **dict.fromkeys("⁄∕／", "/"),
    **{"＋": "+", "＝": "=", "（": "(", "）": ")", "，": ",", "；": ";", "：": ":", "｜": "|"},
}
"""Signs that word processors and other keyboards write for those of the language."""
_AT_SIGN = {
    "^": "'^' takes a number or a bracket, as in x^2; use ** for other powers, as in x**y",
    "'": "a formula cannot contain text in quotes",
    '"': "a formula cannot contain text in quotes",
    "[": "'[' stands behind a name, x[0], h[t - 1], W[0:2], or around a list, [a, b]",
    "]": "']' without '['",
    "{": "use ( in place of '{'",
    "}": "use ) in place of '}'",
    ")": "')' without '('",
    "<": _ONLY_IN_WHERE,
    ">": _ONLY_IN_WHERE,
    "<=": _ONLY_IN_WHERE,
    ">=": _ONLY_IN_WHERE,
    "≤": _ONLY_IN_WHERE,
    "≥": _ONLY_IN_WHERE,
    "==": "'==' compares; write = to define a node",
    "!=": _ONLY_IN_WHERE,
    "=": "'=' defines a node once a line, as in f = x1 - x2",
    ":": "':' declares a role, as in w: param",
    "!": "'!' is not an operation; write factorial(n)",
    "%": "'%' is not an operation; write mod(a, b) for the remainder, and 0.05 for 5 %",
    "&": "'&' joins conditions, only inside where(condition, a, b)",
    "|": "'|' is not an operation; write abs(u) for |u|",
    ".": "'.' stands only inside a number or in .T, the transpose",
    "\\": 'for LaTeX add notation="latex", or --latex on the command line',
    "?": "'?' is not part of the language; write where(condition, a, b) for c ? a : b",
    "~": "'~' is not part of the language; write the opposite comparison",
    "$": "'$' is not part of the language; write the formula without it",
    "...": "'...' stands only in an index, as in x[..., 0]",
    "√": "write sqrt(u) for √u",
    "∛": "write u**(1/3) for ∛u",
    "∑": "write sum(x) for the sum of an array x",
    "∞": f"∞ {FOR_INFINITY}",
    "∂": "write the formula without ∂; symback derives it",
    "∇": "write the formula without ∇; symback derives it",
    "∫": "integrals are not known; write the formula of the integral",
    "≠": "write != for ≠",
    "∧": "write & for ∧",
    "∨": "write | for ∨",
    "¬": "write the opposite comparison for ¬",
    "‖": "write norm(x) for ‖x‖",
    "ᵀ": "write x.T for xᵀ, the transpose",
    "∘": "write * for ∘, the product of the elements",
    "÷": "write / for ÷",
    **{sign: f"write {plain} for {sign}" for sign, plain in _ALIKE.items()},
}
_CONDITIONAL = "Python's 'a if c else b' is where(c, a, b) here"
WORDS = {
    **{w: f"write {CONDITIONS[w]}, inside where(condition, a, b)" for w in ("and", "or", "not")},
    **dict.fromkeys(("if", "else", "elif", "then"), _CONDITIONAL),
    "is": "write == to compare",
    "in": "'in' stands only in for t in range(1, 9):",
    "for": "a loop is a line of its own, for t in range(1, 9):, and its block stands below",
    **dict.fromkeys(("lambda", "def", "return"), "a function is one line, swish(u) = u*sigma(u)"),
    "while": "a loop is for t in range(1, 9):, with bounds that are numbers or sizes",
    **dict.fromkeys(("import", "from"), "a circuit has formulas only, as f = exp(x)"),
}
"""Words of Python that people type, with what stands for them here."""
_MODULES = frozenset(
    "np numpy math Math sp sympy torch jnp jax tf scipy special nn linalg functional keras stats F "
    "K T LA".split()
)
_SIZES = frozenset("shape size ndim len".split())
_METHOD = re.compile(r"\.([A-Za-z]\w{0,29})(?:(\()((?:[^()]|\([^()]*\))*\))?)?", re.ASCII)
"""Behind an array: a name, and the operands that stand in its brackets."""
_LONGEST_LOOKED_AT = 1000
_NORMALS = frozenset("norm normal Normal gaussian Gaussian".split())
INFIX = {
    **dict.fromkeys(("mod", "Mod", "rem"), "mod({}, {})"),
    "div": "floor({}/{})",
    "dot": "dot({}, {})",
    "cross": "cross({}, {})",
    "max": "max({}, {})",
    "min": "min({}, {})",
}
"""Words that people write between two operands, and what to write for them."""
_POWER_OF_FUNCTION = re.compile(r"([A-Za-z]\w{0,29})\s*\^\s*\Z", re.ASCII)
INVERSES = {name: f"a{name}" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")}
_ENDS = ("NAME", "NUMBER", "RPAR", "SUPERSCRIPT", "HALF")  # tokens that end an operand
_ENDS_OF_ARRAYS = (*_ENDS, "RSQB", "TRANSPOSE")


def explain(text: str, error: UnexpectedInput) -> tuple[str, tuple[int, int]]:
    """What is wrong with a text, and the line and column of the place."""
    if isinstance(error, UnexpectedCharacters):
        start = error.pos_in_stream or 0
        return strange_character(text[start:][:40], text[:start]), (error.line, error.column)
    assert isinstance(error, UnexpectedToken)
    token = error.token
    before = error.token_history[-1] if error.token_history else None
    at = (token.line or 1, token.column or 1) if token.type != "$END" else _end(text)
    return _strange_token(token, before, error, text), at


def _end(text: str) -> tuple[int, int]:
    lines = text.rstrip().split("\n")
    return len(lines), len(lines[-1]) + 1


_NUMBER_AND_NAME = re.compile(
    r"(?!0[xXbBoO])((?:\d+\.?\d*|\.\d+)(?:[eE][+-]\d+)?)([A-Za-z]\w*)", re.ASCII
)
"""A product without its sign, such as 2x; 0x1 is a number in other languages."""


def strange_character(rest: str, before: str = "") -> str:
    """Why no token begins at a place: `rest` stands behind it."""
    character = rest[0]
    if (character.isdigit() and character.isascii()) or re.match(r"\.[0-9]", rest):
        return _strange_number(rest)
    if character == "." and (advice := _attribute(before, rest)):
        return advice
    if character == "!" and re.search(r"(^|[(,&|=])\s*\Z", before):
        return "write the opposite comparison, such as a <= b for !(a > b)"
    if re.match(r"\^T\b", rest):
        return "write x.T for the transpose"
    if character == "{" and (advice := _power_in_braces(before, rest)):
        return advice
    if character in _AT_SIGN:
        return _AT_SIGN[character]
    if character.isascii():
        return f"{character!r} is not part of the language"
    name = unicodedata.name(character, "a character without a name")
    return f"U+{ord(character):04X} {name[:60]} is not in the notation; write it in ASCII"


def _power_in_braces(before: str, rest: str) -> str:
    """What tanh^{-1}(x) may mean, and how to write sin^{2}(x)."""
    name, power = _POWER_OF_FUNCTION.search(before), re.match(r"\{\s*(-?[\d.]+)\s*\}", rest)
    if name is None or power is None or name[1] not in SPELLINGS:
        return ""
    function, typed = name[1], f"{name[1]}^{{{power[1]}}}"
    if power[1] != "-1":
        return f"write {function}(u)**{power[1]} for {typed}(u)"
    if function not in INVERSES:
        return f"write 1/{function}(u) for {typed}(u)"
    return f"is {typed} the inverse, {INVERSES[function]}(u), or 1/{function}(u)? Write one of them"


def _strange_number(rest: str) -> str:
    word = re.match(r"\d[\d.]*[eE][+-]\d+[A-Za-z]\w*|[\w.]+", rest, re.ASCII)
    shown = ascii(word.group(0) if word else rest[0])[1:-1]
    factors = _NUMBER_AND_NAME.fullmatch(shown) if len(shown) <= 30 else None
    advice = f"{factors[1]}*{factors[2]}" if factors else "it as 12, 0.5 or 2e-3"
    if re.fullmatch(r"\d+(_\d+)+", shown) and len(shown) <= 30:
        advice = shown.replace("_", "")
    return f"'{shown[:30]}' is not a number; write {advice}"


def _attribute(before: str, rest: str) -> str:
    """How to write np.exp(x) or x.sum()."""
    owner = re.search(r"([A-Za-z]\w{0,29}|[])])\Z", before, re.ASCII)
    name = _METHOD.match(rest)
    if owner is None or name is None:
        return ""
    if owner[1] in _MODULES:
        path = re.match(r"\.((?:[A-Za-z]\w{0,29}\.){0,4})([A-Za-z]\w{0,29})", rest, re.ASCII)
        assert path is not None
        if path[2] in NOT_FINITE:
            return f"'{path[2]}' {FOR_INFINITY}"
        owners = path[1].rstrip(".").rpartition(".")
        call = "(…)" if rest[path.end() :].lstrip().startswith("(") else ""
        if owners[2] and (advice := _of_distribution(owners[2], path[2], "")):
            return advice
        return f"write {path[2]}{call} without '{owner[1]}.{path[1]}'"
    if name[1] in _SIZES:
        return "write a size by its name, such as n where x: input[n] declares it"
    if not name[2]:
        return ""
    array = owner[1] if owner[1].isidentifier() else "…"
    operands = (name[3] or ")")[:-1].strip()[:40]
    inside = f"{array}, {operands}" if operands else array
    if advice := _of_distribution(array, name[1], operands):
        return advice
    return f"write {name[1]}({inside}) for {array}.{name[1]}({operands})"


def _of_distribution(owner: str, method: str, operands: str) -> str:
    """How to write norm.cdf(x), and that of other distributions; nothing for other methods."""
    if method not in NORMAL or "norm" in method:
        return ""
    typed = f"{owner}.{method}({operands or '…'})"
    if owner not in _NORMALS:
        return (
            f"symback has no distributions; write the formula for {owner}.{method}"
            f"{elsewhere(method)}"
        )
    if re.fullmatch(r"[\w.]+", operands):
        meaning = re.sub(r"\bu\b", operands, NORMAL[method])
        return f"write {meaning} for {typed}"
    return f"write {NORMAL[method]} for {typed}, u being (x - mean)/deviation"


def _strange_token(token: Token, before: Token | None, error: UnexpectedToken, text: str) -> str:
    typed = str(token)
    if "||" in _line_of(token, text):
        return "write one | to join conditions, and norm(x) for ‖x‖"
    if token.type == "$END":
        return _unclosed(error) or _bar(_line_of(token, text)) or "the expression is incomplete"
    for word in (typed, "" if before is None else str(before)):
        if word in WORDS:
            return f"'{word}' is not part of the language; {WORDS[word]}"
    if _LOOP.match(_line_of(token, text)):
        here = f"'{typed[:30]}' can't stand here; " if typed.strip() else ""
        return f"{here}a loop is for t in range(1, 9):, and its block stands on the lines below"
    if token.type == "_NEWLINE" or typed in (";", ","):
        return _early_end(token, typed, error, text)
    if typed == "]" and str(before) == "[":
        return "an empty list: entries are missing between '[' and ']'"
    if typed in (")", "]") and _unclosed(error):
        return _unclosed(error)
    if typed == ")" and before is not None and str(before) == "(":
        return "empty brackets: an expression is missing between '(' and ')'"
    if typed in (")", "]") and _open_bracket(text[: token.start_pos or 0]) == "(["[typed == "]"]:
        return f"an operand is missing before '{typed}'"
    begins = token.type in ("NAME", "NUMBER", "LPAR", "HALF")
    if begins and before is not None and before.type in _ENDS:
        return f"an operator is missing before '{typed[:30]}'; {_missing(token, before, text)}"
    if token.type == "COMPARE" and "AMPERSAND" in error.accepts | error.expected:
        return "one comparison at a time; join two with &, as in a < u & u < b"
    return _strange_sign(token, typed, before, text)


def _unclosed(error: UnexpectedToken) -> str:
    """Which bracket is open, if the text might be closed here."""
    for kind, sign in (("RPAR", "("), ("RSQB", "[")):
        if kind in error.accepts:
            return f"a '{sign}' is not closed"
    return ""


def _bar(line: str) -> str:
    """What is wrong with the bars of a line that ends too early; nothing where its end is."""
    if line.count("|") % 2:
        return "a '|' is not closed"
    ends = re.search(r"[\w)\]|]\s*\Z", line)
    return "an operand is missing between two '|'" if "|" in line and ends else ""


_LOOP = re.compile(r"\s*for\s+\w+\s+(in|=)\b(?!\s*range\s*\([^)]*\)\s*:\s*\Z)")
_SHAPE = re.compile(r"\s*\w+\s*:\s*(input|target|param)\s*\Z")


def _line_of(token: Token, text: str) -> str:
    """The line of a token, up to its end."""
    lines = text.split("\n")
    return lines[min(token.line or 1, len(lines)) - 1]


def _early_end(token: Token, typed: str, error: UnexpectedToken, text: str) -> str:
    if "RSQB" in error.accepts and typed != ",":
        return _unclosed(error)
    if "RPAR" in error.accepts and "COMMA" not in error.accepts:
        if typed != ",":
            return "a '(' is not closed"
        name = _function_around(text[: token.start_pos or 0])
        if name in LACKING:
            return f"there is no '{name}' here, and (a, b) is not an expression"
        return "(a, b) is not an expression; operands stand one by one, as in max(a, b)"
    where = f"'{typed}'" if typed in (";", ",") else "the end of the line"
    return f"an operand is missing before {where}"


def _function_around(before: str) -> str:
    """The name of the function whose operand is a tuple."""
    call = re.search(r"([A-Za-z_]\w*)\s*\([^()]*\([^()]*\Z", before)
    return call[1] if call else ""


def _open_bracket(before: str) -> str:
    """The innermost bracket that is open behind a text; nothing where none is."""
    depth = 0
    for character in reversed(before[-_LONGEST_LOOKED_AT:]):
        depth += (character in ")]") - (character in "([")
        if depth < 0:
            return character
    return ""


def _missing(token: Token, before: Token, text: str) -> str:
    """What to write where two operands stand side by side."""
    word = str(before)
    if word in SPELLINGS or word in ("where", "sum", "mean", "norm", "dot"):
        return f"write {word}(…) to call {word}"
    if str(token) == "(" and _SHAPE.match(text[: token.start_pos or 0].rpartition("\n")[2]):
        return "a shape stands in [ ], as in x: input[3]"
    return "write * for a product"


def _strange_sign(token: Token, typed: str, before: Token | None, text: str) -> str:
    behind = "" if before is None else str(before)
    if token.type == "STRING":
        return _AT_SIGN[typed[0]]
    if typed == "=" and behind == "=":
        return _AT_SIGN["=="]
    if ":=" in _line_of(token, text) and typed in (":", "="):
        return "write = for :="
    if typed == behind and typed in ("&", "|"):
        return f"write one {typed} to join conditions"
    if typed == "/" and _line_of(token, text).strip().startswith("//"):
        return "a comment begins with #"
    if typed == "/" and behind == "/":
        return "'//' is not an operation; write / for a quotient, floor(a/b) for a whole one"
    if typed in ("'", "′") and before is not None and before.type in _ENDS_OF_ARRAYS:
        return _strange_prime(before, text[token.end_pos or 0 :])
    if typed == ":" and _open_bracket(text[: token.start_pos or 0]) == "[":
        return "':' a third time: an index is start:stop or start:stop:step, as in x[0:8:2]"
    if token.type == "COMPARE" and "?" in _line_of(token, text):
        return _AT_SIGN["?"]
    if typed in _AT_SIGN and typed not in ("*", "/"):
        return _AT_SIGN[typed]
    return f"'{typed[:30]}' can't stand here; an operand is missing before it"


def _strange_prime(before: Token, rest: str) -> str:
    """A prime in a formula: behind a function a derivative, behind an array its transpose."""
    word = str(before)[:20] if str(before).isidentifier() else ""
    transpose = f"write {word}.T for the transpose"
    if str(before) not in SPELLINGS and not (word and re.match(r"['′]*\(", rest)):
        return transpose
    derivative = (
        f"a formula cannot contain the derivative {word}'; "
        "a line of its own states one at a kink, as relu'(0) = 1"
    )
    return derivative if str(before) in SPELLINGS else f"{derivative}; {transpose}"


__all__ = ["INFIX", "INVERSES", "WORDS", "explain", "strange_character"]
