"""Hostile inputs by group, and what looks hostile and is accepted; test_hostile.py feeds them."""

from __future__ import annotations

import sympy as sp

CODE = [
    "__import__('os').system('touch P')",
    "open('P','w')",
    "().__class__.__base__.__subclasses__()",
    "x.subs.__globals__['__builtins__']",
    "(lambda: 1)()",
    "[i for i in (1,2)]",
    "x[0]",
    "'x'",
    '"x"',
    "f'{x}'",
    "sin('open(1)')",
    "(y:=1)",
    "x if y else z",
    "x<y",
    "x; import os",
    "import os",
    "from os import system",
    "sin(*x)",
    "sin(**x)",
    "sin(x=1)",
    "x//y",
    "x^y",
    "...",
    "sin(x)(y)",
    "x.y",
    "x.T",
    "x@y",
    "eval(x)",
    "exec(x)",
    "open(x)",
    "print(x)",
    "getattr(x, y)",
    "globals()",
    "Symbol(x)",
    "Function(x)",
    "lambdify(x, y)",
    "x and y",
    "not x",
    "x is y",
    "x in y",
    "x or y",
    "yield x",
    "await x",
    "del x",
    "return x",
    "raise x",
    "assert x",
    "pass",
    "x += 1",
    "x -> y",
    "@x",
    "x!",
    "{x}",
    "{x: y}",
    "{{7*7}}",
    "{% for i in x %}",
    "{# x #}",
    "$x",
    "`x`",
    "x\\ny",
    "x\\\ny",
    "x = open('P','w')",
    "f(x) = open('P','w')",
    "w: param = open('P','w')\nf = w*x",
    "x: input[open('P')]\nf = x",
    "l: loss = __import__('os')",
    '"""\nopen("P","w")\n"""',
    "x\x00",
    "x\x1b[31m",
    "x\u202ey",
]

BAD_NAMES = [
    "_",
    "__x__",
    "_x",
    "lambda",
    "class",
    "None",
    "True",
    "import",
    "np",
    "exp",
    "sin",
    "where",
    "math",
    "forward",
    "backward",
    "sgd",
    "Params",
    "Inputs",
    "Cache",
    "Array",
    "SOURCE",
    "params",
    "inputs",
    "cache",
    "columns",
    "output_bar",
    "init_params",
    "check_gradients",
    "nan",
    "inf",
    "pi",
    "x.y",
    "1x",
    "x y",
    "x-y",
    "",
    " ",
    "x" * 10_000,
    "x\u200b",
    "ｘ",
    "х",  # Cyrillic
    "ⅹ",
    "é",
    "x́",
    "x\npen",
    "x\nopen('P','w')",
    "x=open('P','w')",
    "a)->open('P','w'): 0\ndef g(b",
    '"""\nopen("P","w")\n"""',
    "'",
    '"',
    "\\",
    "{x}",
    "{{7*7}}",
    "{% x %}",
    "x;y",
    "x,y",
    "x#y",
    "x(y)",
    "../x",
    "x/y",
    "x\x00",
]

GOOD_NAMES = ["match", "E", "I", "S", "N", "Q", "beta", "gamma", "lambda_", "case", "type", "x_bar"]

NUMBERS = [
    "1_000",
    "0x10",
    "0b1",
    "0o7",
    "1j",
    "1J",
    "1e400",
    "-1e400",
    "1e999999999",
    "1e-999999999",
    "1..2",
    "1.2.3",
    "1e",
    "1e+",
    "1" * 4_301,
    "0." + "1" * 4_301,
    "1" * 400,
    "١٢",
    "１２",
    "1f",
    "1L",
]
GOOD_NUMBERS = {"--1": 1, ".5": sp.Rational(1, 2), "2e-3": sp.Rational(1, 500), "1.": 1}

SIZE = {
    "brackets": "(" * 100_000 + "x" + ")" * 100_000,
    "brackets, many lines": "\n".join("(" * 1_000 for _ in range(200)),
    "minuses": "-" * 100_000 + "x",
    "nested calls": "sin(" * 20_000 + "x" + ")" * 20_000,
    "a sum": " + ".join(["x"] * 100_000),
    "a sum in brackets": "(" + "\n+ ".join(["x"] * 100_000) + ")",
    "a name": "x" * 1_000_000,
    "names": ", ".join(["x" * 60_000] * 3),
    "factorial": "factorial(10**7)",
    "9**9**9": "9**9**9",
    "10**10**8": "10**10**8",
    "a power in a product": "x*9**9**9*y",
    "a power in an exponent": "x**9**9**9",
    "a root": "(9**9**9)**(1/2)",
    "exp of a power": "exp(9**9**9)",
    "many choices": "where(" * 90 + "x" + " > 0, 1, 2)" * 90,
    "nested minima": "min(x, y*" * 95 + "x" + ")" * 95,
    "functions": "g0(u) = u + u**2\n"
    + "\n".join(f"g{i}(u) = g{i - 1}(g{i - 1}(u))*g{i - 1}(u)" for i in range(1, 30))
    + "\nf = g29(x)",
    "a function of itself": "g(u) = exp(u)*sin(u)\nf = " + "g(" * 38 + "x" + ")" * 38,
    "a function of a wide sum": "g(u) = "
    + " + ".join(f"sin(u + {i})" for i in range(1500))
    + "\nf = g(g(g(x)))",
    "powers of powers": "g(u) = " + " + ".join(f"u**{i}" for i in range(2, 3000)) + "\nf = g(g(x))",
    "an error below many lines": "\n".join(f"a{i} = w{i}*x{i} + b{i}" for i in range(20_000))
    + "\nf = +",
    "a loop of too many turns": "h_0 = x\nfor t in range(1, 50_000):\n    h[t] = tanh(h[t - 1])",
    "too large loops": "\n".join(
        f"for t in range(1, 9999):\n    h{i}[t] = tanh(x*t)" for i in range(6)
    ),
}
UNEXPANDED = ["x**(10**9)", "(x+y+z)**150", "exp(exp(exp(exp(x))))"]

GRAMMAR = ["x +", "x * * y", "sin", "sin()", "sin(x,y)", "(x", "x)", "()", "sin x", ",", "=", ":"]
PRECEDENCE = {"-x**2": "-(x**2)", "x**-y": "x**(-y)", "x--y": "x + y"}
DOMAIN = ["x/0", "log(0)", "sqrt(-1)", "0**-1", "x*log(0)", "1/(x-x)", "asin(2)", "x/sin(0)"]
DOMAIN += ["where(x > log(min(x, 0)), x, y)", "where(x < 1, x, 0)**x", "1/where(x > 0, x, 0)"]

# One text a line; each is refused with its place.
TEXTS = r"""
x.__class__
x.T.T.T.__class__
x.__init__
f = x.T
lambda x: x
f = lambda: 0
f = x if x else y
f = [x][y][z]
f = [x][y + 1]
f = [x, [y]]
f = [x; y]
[x] = f
f = []
f = [x, y
f = (x, y)
f = {x}
f = x[...]
f = x[::2]
f = x[x:]
f = x[[0]]
f = *x
f = x := 1
f := x
f == x
f = g = x
f = x = y
f(x)(y) = x
f() = x
f(1) = x
f(x) = x
f(x+y) = x
f(x, x) = x
1 = x
1 = 1
x + y = z
-x = y
f[0 = x
f[x] = x
f[-1] = x
f[0.5] = x
f[1/2] = x
for t in range(3): h = x
while x: pass
def f(x): return x
class f: pass
with x as y: pass
try: x
async def f(): pass
import os; f = x
f = x; import os
global x
nonlocal x
exec("x")
eval("x")
compile(x)
__builtins__
__name__
__file__
__doc__
__debug__
None
True
False
f = None
f = True*x
f = None + x
x: input; __class__: param
x: __class__
x: input = 3
x: lambda
x: input[__import__('os')]
x: input[0]
x: input[-1]
x: input[1.5]
x: input[1e5]
x: input[99999999999999999999]
x: input[]
x: input[d, d, d]
x: input[np]
x: input[lambda]
x: input['d']
x: param = y
x: param = x
w: param = 1/0
w: param = log(0)
w: param = 1e400
w: param = nan
w: param = inf
w: param = -inf
w: param = 9**9**9
w: param = exp(1000)
w: param = sqrt(-1)
w: param = 0x10
w: param = 1_000
w: param = 1j
w: param = "2"
w: param = where(1>0, 1, 2)
w: param = 2; w: param = 3
w: param; w: input
l: loss
l: loss = x; m: loss = y
o: output = x; o: output = y
loss: none = 3
loss: some
x: none
f = sum(x)
f = x @ y
f = softmax(x)
f = sin(x, axis=0)
f = sin(axis=0)
f = exp(x=1)
f = max()
f = max(x)
f = min()
f = where(x, 1, 2)
f = where(x > 0, 1)
f = where(x > 0)
f = where()
f = where(x > 0 > 1, 1, 2)
f = where(x > 0 and y > 0, 1, 2)
f = where(x = 0, 1, 2)
f = where((x > 0) * 2, 1, 2)
f = where(not x > 0, 1, 2)
f = (x > 0)
f = (x > 0)*x
f = sin(x > 0)
f = x & y
f = x | y
f = ~x
f = x % y
f = x // y
f = x << 2
f = x >> 2
f = x!
f = x'
f = x"
f = `x`
f = x?
f = x:y
f = $x
f = x$
f = @x
f = x\
f = \frac{1}{x}
f = _x
f = _
f = __
f = x 2
f = x2(3)
f = x(2)
f = sin x
f = sin
f = sin + 1
sin = x
exp = x
pi = 3
pi: param
f = π2
f = x½
f = ½½
f = x⁻
f = x⁻⁻¹
f = x²²²²²²²²
f = ²
f = 2⁹⁹⁹⁹⁹
f = x₁₂₃₄₅₆₇₈₉₀₁₂₃₄₅₆₇₈₉₀₁₂₃₄₅₆₇₈₉₀₁₂₃₄₅₆₇₈₉₀₁₂₃₄₅₆₇₈₉₀₁₂₃₄₅₆₇₈₉₀₁₂₃₄₅₆₇₈₉
f = ∂x
f = ∑x
f = √x
f = ∞
f = x ÷ y
f = x ∗ y
f = x — y
f = x – y
f = ‐x
f = x＋y
f = （x）
f = x，y
f = ⅓
f = ¼
f = ①
f = Ⅷ
f = ℯ
f = 𝑥
f = 𝐱
f = ｓｉｎ(x)
f = ſin(x)
f = Å
f = ª
f = ß
f = ı
f = x̂
f = 1e5e5
f = 1.e
f = 1.2e-
f = .
f = ..
f = 1.
f = 0x1F
f = 1e
f = 1E400
f = 1e-400*x
f = 1e308*10*x
f = 1e-308*1e-308*x
f = x**1e400
f = x**(1e309)
f = x/1e400
f = 0/0
f = 0*x/0
f = x/(1-1)
f = 1/(x-x)
f = x**0 + log(0*x)
f = log(-1)
f = asin(2)*x
f = acosh(0)*x
f = atanh(1)*x
f = atanh(2)*x
f = (-8)**(1/3)*x
f = (-1)**x
f = 0**x
f = 0**(-x)
f = (-2)**0.5
f = tan(pi/2)
f = 1/sin(pi)
f = 1/(sin(1)**2+cos(1)**2-1)
f = log(sin(1)**2+cos(1)**2-1)
f = log(cos(pi/2))
f = exp(710)*x
f = exp(exp(10))
f = exp(exp(exp(exp(5))))*x
f = sinh(1000)*x
f = 2**1024*x
f = 2**-1080*x
f = 10**309*x
f = 10**400/10**399*x
f = factorial(5)
f = gamma(5)
f = zeta(x)
f = diff(x, x)
f = integrate(x, x)
f = Integral(x)
f = Sum(x)
f = subs(x, y)
f = S(x)
f = Symbol("x")
f = lambdify(x)
f = sympify(x)
f = N(x)
f = Rational(1, 2)
f = import_module(x)
f = os.system(x)
f = np.exp(x)
f = math.exp(x)
f = sympy.exp(x)
f = x.diff(x)
f = x.real
f = x.T.T
f = exp.__call__(x)
f = exp(x).T
f = f
f = f + x
f = g; g = f
a = b + x; b = c; c = a
f = x; f = y
f = x; x = y; y = f
f(u) = f(u); g = f(x)
f(u) = g(u); g(u) = f(u); h = f(x)
sigma = x; f = sigma(x)
f(x) = y; 
f(u) = u
x: input
w: param = 2
# only a comment
;;;;
,,,
)
(
]
[
}
{
+
-
*
/
**
@
.T
&
"""

LOOPS = [
    "for t in range(10**9):\n    h[t] = x",
    "for t in range(3):\n  for s in range(10**4):\n    for u in range(10**4):\n      h[u] = x",
    "for t in range(-5, 5):\n    h[t] = x",
    "for __class__ in range(3):\n    h[t] = x",
    "for t in range(x):\n    h[t] = x",
    "for t in range(9**9**9):\n    h[t] = x",
    "for t in range(1e3):\n    h[t] = x",
    "for t in [1,2]:\n    h[t] = x",
    "for t in open('P','w'):\n    h[t] = x",
]

# -- characters --------------------------------------------------------------------------------

CHARACTERS = {
    "form feed": "f = x\x0c+ y",
    "vertical tab": "f = x\x0b+ y",
    "carriage return": "f = x\ry = 2",
    "next line": "f = x\x85g = y",
    "line separator": "f = x\u2028g = y",
    "paragraph separator": "f = x\u2029g = y",
    "byte order mark inside": "f = \ufeffx",
    "no-break space": "f =\xa0x",
    "zero-width space": "f = x\u200b",
    "zero-width joiner": "f = x\u200dy",
    "soft hyphen": "f = x\xady",
    "right to left": "f = \u202ex",
    "isolate": "f = \u2066x",
    "word joiner": "f = \u2060x",
    "NUL": "f = x\0",
    "escape": "f = \x1b[31mx",
    "bell": "\x07f = x",
    "delete": "f = x\x7f",
    "surrogate": "f = x\ud800",
    "private use": "f = \ue000",
    "no character": "f = \uffff",
    "tag letter": "f = x\U000e0061",
    "emoji": "f = 😀",
    "variation selector": "f = x\ufe0f",
    "combining": "f = x\u0301",
    "fullwidth name": "ｆ = ｘ",
    "fullwidth digit": "f = x*１",
    "fullwidth sign": "f = x＋y",
    "Arabic digit": "f = ٣*x",
    "Kelvin": "f = \u212a",
    "long s": "f = ſin(x)",
    "final sigma": "f = ς",
    "mathematical italic": "f = 𝑥",
    "ligature": "f = ﬁ",
    "comment with NUL": "f = x  # \0",
    "comment turned round": "f = x  # \u202e",
    "comment with a surrogate": "f = x  # \ud800",
    "comment for the terminal": "f = x  # \x1b]0;owned\x07",
    "comment with a hidden letter": "f = x  # \u200b",
}

# -- options of circuit() and from_sympy() -----------------------------------------------------

NO_TEXTS = [None, 5, 2.5, True, b"f = x", ["f = x"], object(), sp.Symbol("x")]
NAMES_GIVEN = [
    ["x'); import os"],
    ["__class__"],
    ["f"],
    ["q"],
    5,
    [5],
    [None],
    b"w",
    ["w\n"],
    [""],
    ["w" * 10_000],
    ["ｗ"],
    "w;import os",
    [["w"]],
]
LOSSES = [
    "open('P','w')",
    "q",
    "w",
    "",
    "x; import os",
    "x\nimport os",
    "l = 3",
    "f; g: output = x",
    "f\ng = 2",
    "f, f",
    5,
    5.5,
    [1],
    b"f",
    True,
]

# -- SymPy -------------------------------------------------------------------------------------

x, y, w = sp.symbols("x y w")


class UnknownExpr(sp.Expr):
    """No operation that anybody knows."""


class UnknownAdd(sp.Add):
    """An addition that may mean something else."""


class Shouting(sp.Expr):
    """What fails as soon as it is printed."""

    def _sympystr(self, printer):
        raise RuntimeError("printed")


def _nested(levels):
    expr = x
    for _ in range(levels):
        expr = sp.sin(expr, evaluate=False)
    return expr


def _doubled(levels):
    expr = x
    for _ in range(levels):
        expr = sp.Add(expr, sp.Pow(expr, 2, evaluate=False), evaluate=False)
    return expr


_HUGE = sp.Pow(9, sp.Pow(9, 9, evaluate=False), evaluate=False)

# Each is called, for what SymPy does while it makes them is not symback's.
SYMPY = {
    "text": lambda: "__import__('os')",
    "bytes": lambda: b"abc",
    "nothing": lambda: None,
    "numbers": lambda: [1, 2],
    "text in a list": lambda: [x, "open('P','w')"],
    "text in a row": lambda: {"f": [[x, "open('P','w')"]]},
    "rows of two lengths": lambda: {"f": [[x, y], [x]]},
    "nothing in a list": lambda: {"f": [x, None]},
    "an empty matrix": lambda: sp.Matrix(0, 0, []),
    "nan in a matrix": lambda: sp.Matrix([x, sp.nan]),
    "a condition in a list": lambda: {"f": [x, x > 0]},
    "texts": lambda: ["ab", "cd"],
    "a set": lambda: {x},
    "no pairs": dict,
    "three in a pair": lambda: [("a", x, y)],
    "text in a mapping": lambda: {"f": "open('P','w')"},
    "text beside a matrix": lambda: {"f": "open('P','w')", "g": sp.MatrixSymbol("A", 2, 2)},
    "nothing in a mapping": lambda: {"f": None},
    "a number as name": lambda: {5: x},
    "a tuple as name": lambda: {(1, 2): x},
    "a class": lambda: sp.exp,
    "a function of Python": lambda: len,
    "True": lambda: True,
    "true": lambda: sp.true,
    "a relation": lambda: x < y,
    "an array of three axes": lambda: sp.Array([[[x, y]]]),
    "nan": lambda: sp.nan,
    "x + oo": lambda: x + sp.oo,
    "zoo": lambda: sp.zoo,
    "I": lambda: x * sp.I,
    "float nan": lambda: float("nan"),
    "float inf": lambda: float("inf"),
    "Float 1e400": lambda: x * sp.Float("1e400"),
    "Float 1e-400": lambda: x * sp.Float("1e-400"),
    "Float 2**(3e9)": lambda: x * sp.Float((0, 1, 3 * 10**9, 1)),
    "Float 2**(-3e9)": lambda: x * sp.Float((0, 1, -3 * 10**9, 1)),
    "5,001 digits": lambda: x + sp.Integer(10) ** 5000,
    "5,001 digits below": lambda: x * sp.Rational(1, 10**5000),
    "a long fraction": lambda: x * sp.Rational(10**5000 + 1, 10**5000),
    "10**400": lambda: x + sp.Integer(10) ** 400,
    "a huge exponent": lambda: x ** (sp.Integer(10) ** 5000),
    "9**9**9": lambda: sp.Add(_HUGE, x, evaluate=False),
    "x*9**9**9": lambda: sp.Mul(_HUGE, x, evaluate=False),
    "x**9**9**9": lambda: sp.Pow(x, _HUGE, evaluate=False),
    "exp(9**9**9)": lambda: sp.Mul(sp.exp(_HUGE, evaluate=False), x, evaluate=False),
    "10**10**8": lambda: sp.Add(sp.Pow(10, 10**8, evaluate=False), x, evaluate=False),
    "(2x)**10**9": lambda: sp.Pow(sp.Mul(2, x, evaluate=False), 10**9, evaluate=False),
    "log(0)": lambda: sp.Add(sp.log(0, evaluate=False), x, evaluate=False),
    "1/0": lambda: sp.Mul(sp.Pow(0, -1, evaluate=False), x, evaluate=False),
    "sqrt(-1)": lambda: sp.Pow(-1, sp.S.Half, evaluate=False) * x,
    "a function named like code": lambda: sp.Function("open('P','w')")(x),
    "an integral": lambda: sp.Integral(sp.exp(x**2), x),
    "a limit": lambda: sp.Limit(x, x, 0),
    "a lambda": lambda: sp.Lambda(x, x**2),
    "an order": lambda: sp.Order(x),
    "a double factorial": lambda: sp.factorial2(x),
    "a subfactorial": lambda: sp.subfactorial(x),
    "factorial(10**7)": lambda: sp.factorial(sp.Integer(10) ** 7, evaluate=False),
    "a zeta function": lambda: sp.zeta(x),
    "a Meijer G": lambda: sp.meijerg([[], []], [[0], []], x),
    "conjugate": lambda: sp.conjugate(x),
    "Catalan": lambda: sp.Catalan * x,
    "bounds": lambda: sp.AccumBounds(0, 1) * x,
    "a root": lambda: sp.CRootOf(x**5 - x + 1, 0) * y,
    "an index": lambda: sp.Idx("i") * x,
    "no last branch": lambda: sp.Piecewise((x, x > 0)),
    "a symbol as condition": lambda: sp.Piecewise((x, sp.Symbol("b")), (y, True)),
    "a set in a condition": lambda: sp.Piecewise((x, sp.Contains(x, sp.Interval(0, 1))), (y, True)),
    "not commutative": lambda: sp.Symbol("a", commutative=False) * x,
    "imaginary": lambda: sp.Symbol("a", imaginary=True) * x,
    "an unknown expression": lambda: sp.Mul(UnknownExpr(), x, evaluate=False),
    "an unknown addition": lambda: UnknownAdd(x, y, evaluate=False),
    "what cannot be printed": lambda: sp.Mul(Shouting(), x, evaluate=False),
    "a cycle": lambda: {"a": sp.Symbol("b") + x, "b": sp.Symbol("a")},
    "itself": lambda: {"a": sp.Symbol("a") + 1},
    "two of one name": lambda: sp.Symbol("x") * sp.Symbol("x", positive=True),
    "two in two nodes": lambda: [("u", x), ("f", sp.Symbol("x", real=True) + sp.Symbol("u"))],
    "two dummies": lambda: sp.Dummy("x") * sp.Dummy("x"),
    "a dummy and a symbol": lambda: sp.Dummy("x") * x,
    "defined twice": lambda: [("f", x), ("f", y)],
    "one name after folding": lambda: sp.Symbol("ｘ") * x,
    "one name after NFKC": lambda: sp.Symbol("x₁") * sp.Symbol("x1"),
    "Kelvin and K": lambda: sp.Symbol("\u212a") * sp.Symbol("K"),
}
SYMPY_SIZE = {
    "30,000 terms": lambda: sp.Add(*[sp.Symbol(f"x{i}") for i in range(30_000)]),
    "30,000 factors": lambda: sp.Mul(*sp.symbols("x:30000"), evaluate=False),
    "5,000 levels": lambda: _nested(5_000),
    "8,000 levels, shared": lambda: _doubled(8_000),
    "20,000 pairs, the last again": lambda: [(f"n{i}", x) for i in [*range(20_000), 0]],
}

# -- command line ------------------------------------------------------------------------------

AT = [
    "x=",
    "=1",
    "x",
    "=",
    "",
    "x=1e400",
    "x=1_000",
    "x=0x10",
    "x=1j",
    "x=١",
    "x=１",
    "x=__import__('os')",
    "x=1;2",
    "x=[",
    "x=[[1]]",
    "x=" + "1" * 5000,
    "x=[" * 2000,
    "q=1",
    "f=1",
    "__class__=1",
    "x\n=open('P','w')",
    "x\u202e=1",
    "x==1",
    "x=1 2",
]
NODES = ["x'); import os", "nope", "", "__class__", "x\n", "ｘ", "f" * 10_000, "../x", "{{7*7}}"]
MAPPED = [
    "x",
    "=",
    "x=",
    "=x",
    "x=nope",
    "q=x",
    "__class__=x",
    "x=\n",
    "x=x\u202e",
    "f=x",
    "x=" + "y" * 10_000,
]

# -- templates: each stands in place of numpy/train.py.jinja -----------------------------------

TEMPLATES = {
    "a power": "{{ 10**10**8 }}",
    "a long text": "{{ 'x' * 1000000000 }}",
    "a long list": "{{ [1]*1000000000 }}",
    "center": "{{ 'x'|center(1000000000) }}",
    "str.center": "{{ 'x'.center(1000000000) }}",
    "str.zfill": "{{ 'x'.zfill(1000000000) }}",
    "str.expandtabs": "{{ '\\t'.expandtabs(1000000000) }}",
    "format": "{{ '%1000000000d'|format(1) }}",
    "%": "{{ '%1000000000d' % 1 }}",
    "str.format": "{{ '{:1000000000}'.format(1) }}",
    "attributes in a format": "{{ '{0.__class__}'.format(m) }}",
    "indent": "{{ 'x'|indent(1000000000) }}",
    "batch": "{{ 'x'|batch(1000000000, 'x')|list }}",
    "replace": "{{ m.header.source|replace('', m.header.source) }}",
    "range": "{% for i in range(1000000000) %}x{% endfor %}",
    "ranges": "{% for i in range(90000) %}{% for j in range(90000) %}{% endfor %}{% endfor %}",
    "loops in loops": "{% for a in m.header.source %}" * 9 + "{% endfor %}" * 9,
    "a loop that calls itself": "{% for x in 'a' recursive %}{{ loop('a') }}{% endfor %}",
    "a macro": "{% macro f(n) %}{{ f(n-1) }}{{ f(n-1) }}{% endmacro %}{{ f(60) }}",
    "namespace": "{% set ns = namespace(s='x') %}{{ ns.s }}",
    "doubled by ~": "{% set x = m.header.source %}" + "{% set x = x ~ x %}" * 40 + "{{ x }}",
    "doubled by +": "{% set x = m.header.source %}" + "{% set x = x + x %}" * 40 + "{{ x }}",
    "doubled lists": "{% set x = [1] %}" + "{% set x = [x, x] %}" * 60 + "{{ x }}",
    "doubled tuples": "{% set x = (1, 2) %}" + "{% set x = (x, x) %}" * 60 + "{{ x }}",
    "doubled blocks": "{% set x = 1 %}" + "{% set x %}{{ x }}{{ x }}{% endset %}" * 60,
    "joined": "{% set x = m.header.source %}"
    + "{% set x = 'abcdefghi'|join(x) %}" * 60
    + "{{ x }}",
    "long work": "{% set x = m.header.source ~ m.header.source %}{% for i in range(100000) %}"
    "{% if x|upper == 1 %}{% endif %}{% endfor %}",
    "blocks that call": "{% block a %}{{ self.a() }}{{ self.a() }}{% endblock %}",
    "itself": "{% include 'numpy/train.py.jinja' %}",
    "itself, extended": "{% extends 'numpy/train.py.jinja' %}",
    "another file": "{% include '/etc/passwd' %}",
    "a file above": "{% include '../../../etc/passwd' %}",
    "import": "{% import 'os' as os %}",
    "lipsum": "{{ lipsum(n=1000000) }}",
    "globals of cycler": "{{ cycler.__init__.__globals__ }}",
    "globals of joiner": "{{ joiner.__init__.__globals__.os.popen('touch P') }}",
    "self": "{{ self.__init__ }}",
    "class": "{{ m.__class__ }}",
    "class as item": "{{ m['__class__'] }}",
    "class by filter": "{{ m|attr('__class__') }}",
    "class by map": "{{ m.face.params|map(attribute='__class__')|list }}",
    "subclasses": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "call": "{{ m() }}",
    "exec": "{{ exec('1') }}",
    "division": "{{ 1/0 }}",
    "undefined": "{{ nobody }}",
    "many brackets": "{{ " + "(" * 50_000 + "1" + ")" * 50_000 + " }}",
    "many nots": "{{ " + "not " * 20_000 + "1 }}",
    "many ifs": "{% if 1 %}" * 3_000 + "{% endif %}" * 3_000,
    "a large file": "x" * 300_000,
    "a surrogate": "{{ '\\ud800' }}",
    "unfinished": "{{ ",
    "do": "{% do m.face.params.append(1) %}",
}
