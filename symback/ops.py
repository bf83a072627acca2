"""The primitive operations: what each means in SymPy and what its local partials are.

`OPS` is the one table. A row gives the operation's name in circuit text, its SymPy head, its
number of operands, its sign in print and its partials. Partials are written over the operands
and the operation's own value v, so that a derivative reuses what forward has computed:
exp'(u) = v. Where no partial is given, SymPy's own `fdiff` supplies it.

Conventions at kinks: relu'(0) = 0, abs'(0) = sign(0) = 0, sign'(0) = 0; where the arguments of
min or max are equal, each gets half; where(c, a, b) has the derivative of the branch taken.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import sympy as sp
from sympy import Expr, Float, Function, Integer, Piecewise, Rational, S, Symbol
from sympy.codegen.cfunctions import expm1, hypot, log1p
from sympy.logic.boolalg import Boolean


class Elementary(Function):
    """A smooth or piecewise function of one real number that SymPy does not have.

    A subclass states its meaning in SymPy's own functions (`elementary`) and its derivative.
    """

    nargs = 1
    is_extended_real = True

    @staticmethod
    def elementary(u: Expr) -> Expr:
        raise NotImplementedError

    @staticmethod
    def derivative(u: Expr) -> Expr:
        raise NotImplementedError

    @classmethod
    def eval(cls, u: Expr) -> Expr | None:
        return cls.elementary(u) if u.is_zero else None

    def fdiff(self, argindex: int = 1) -> Expr:
        return self.derivative(self.args[0])

    def doit(self, **hints: Any) -> Expr:
        return self.func(self.args[0].doit(**hints))

    def _eval_evalf(self, prec: int) -> Expr:
        return self.elementary(self.args[0])._eval_evalf(prec)

    def _eval_rewrite_as_exp(self, u: Expr, **hints: Any) -> Expr:
        return self.elementary(u)

    def _print_elementary(self, printer: Any) -> str:
        return str(printer._print(self.elementary(self.args[0])))

    # SymPy's code printers (lambdify among them) look for these names.
    _numpycode = _pythoncode = _mpmathcode = _scipycode = _print_elementary


class sigma(Elementary):
    """The logistic function sigma(u) = 1/(1 + exp(-u))."""

    is_positive = True

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return 1 / (1 + sp.exp(-u))

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return sigma(u) * (1 - sigma(u))


class softplus(Elementary):
    """softplus(u) = log(1 + exp(u))."""

    is_positive = True

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return sp.log(1 + sp.exp(u))

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return sigma(u)


class logsigmoid(Elementary):
    """logsigmoid(u) = log(sigma(u)) = -log(1 + exp(-u))."""

    is_negative = True

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return -sp.log(1 + sp.exp(-u))

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return sigma(-u)


class relu(Elementary):
    """relu(u) = u where u > 0, else 0."""

    is_nonnegative = True

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return Piecewise((u, u > 0), (0, True))

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return Piecewise((1, u > 0), (0, True))


class silu(Elementary):
    """silu(u) = u*sigma(u) (Elfwing, Uchibe and Doya 2018)."""

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return u / (1 + sp.exp(-u))

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return sigma(u) * (1 + u * (1 - sigma(u)))


class gelu(Elementary):
    """gelu(u) = u*(1 + erf(u/sqrt(2)))/2 (Hendrycks and Gimpel 2016)."""

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return u * (1 + sp.erf(u / sp.sqrt(2))) / 2

    @staticmethod
    def derivative(u: Expr) -> Expr:
        density = sp.exp(-(u**2) / 2) / sp.sqrt(2 * sp.pi)
        return (1 + sp.erf(u / sp.sqrt(2))) / 2 + u * density


class Slope(Elementary):
    """The derivative of an operation, kept as one symbol: sigma_prime(u) stands for sigma'(u)."""

    of: type[Function]

    @classmethod
    def eval(cls, u: Expr) -> Expr | None:
        return None

    @classmethod
    def expanded(cls, u: Expr, value: Expr) -> Expr:
        """The derivative over u and the operation's value."""
        return cls.of(u).fdiff().xreplace({cls.of(u): value})


class sigma_prime(Slope):
    """sigma'(u) = sigma(u)*(1 - sigma(u))."""

    of = sigma
    is_positive = True

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return sp.exp(-u) / (1 + sp.exp(-u)) ** 2

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return sigma_prime(u) * (1 - 2 * sigma(u))


class tanh_prime(Slope):
    """tanh'(u) = 1 - tanh(u)**2."""

    of = sp.tanh
    is_nonnegative = True

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return 1 / sp.cosh(u) ** 2

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return -2 * sp.tanh(u) * tanh_prime(u)


class silu_prime(Slope):
    """silu'(u) = sigma(u)*(1 + u*(1 - sigma(u)))."""

    of = silu

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return sp.diff(silu.elementary(u), u) if u.is_Symbol else silu.derivative(u)

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return sigma_prime(u) * (2 + u * (1 - 2 * sigma(u)))

    @classmethod
    def expanded(cls, u: Expr, value: Expr) -> Expr:
        return sigma(u) + value * (1 - sigma(u))


class gelu_prime(Slope):
    """gelu'(u) = (1 + erf(u/sqrt(2)))/2 + u*exp(-u**2/2)/sqrt(2*pi)."""

    of = gelu

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return gelu.derivative(u)

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return (2 - u**2) * sp.exp(-(u**2) / 2) / sp.sqrt(2 * sp.pi)


Partials = Callable[..., tuple[Expr, ...]]


@dataclass(frozen=True, slots=True)
class Op:
    """One primitive operation.

    `partials(v, *operands)` gives the local partial for each operand, v being the value.
    `activation` marks the functions that a neuron applies to its net input: the argument of one
    is called net where the user gave it no name. `rule` is the derivative in words or symbols.
    """

    name: str
    head: Callable[..., Expr]
    rule: str
    arity: tuple[int, int | None] = (1, 1)
    sign: str = ""
    partials: Partials | None = None
    slope: type[Slope] | None = None
    activation: bool = False
    aliases: tuple[str, ...] = ()
    kinks: tuple[int, ...] = field(default=())  # arguments at which the derivative jumps

    def local_partials(self, value: Expr, *operands: Expr) -> tuple[Expr, ...]:
        if self.slope is not None:
            return (self.slope(*operands),)
        if self.partials is not None:
            return self.partials(value, *operands)
        applied = self.head(*operands)
        return tuple(applied.fdiff(i + 1) for i in range(len(operands)))


_half = Rational(1, 2)


def _larger(a: Expr, b: Expr) -> Expr:
    return Piecewise((1, a > b), (_half, sp.Eq(a, b)), (0, True))


def _power_partials(v: Expr, a: Expr, b: Expr) -> tuple[Expr, ...]:
    return b * a ** (b - 1), v * sp.log(a)


_TABLE = (
    Op("exp", sp.exp, "exp′ = exp", partials=lambda v, u: (v,)),
    Op("log", sp.log, "log′(u) = 1/u", aliases=("ln",)),
    Op("log1p", log1p, "log1p′(u) = 1/(1 + u)"),
    Op("expm1", expm1, "expm1′(u) = exp(u)", partials=lambda v, u: (sp.exp(u),)),
    Op("sqrt", sp.sqrt, "√′(u) = 1/(2√u)"),
    Op("sin", sp.sin, "sin′ = cos"),
    Op("cos", sp.cos, "cos′ = −sin"),
    Op("tan", sp.tan, "tan′ = 1 + tan²", partials=lambda v, u: (1 + v**2,)),
    Op(
        "asin",
        sp.asin,
        "asin′(u) = 1/√(1 − u²)",
        partials=lambda v, u: (1 / sp.sqrt((1 - u) * (1 + u)),),
        aliases=("arcsin",),
    ),
    Op(
        "acos",
        sp.acos,
        "acos′(u) = −1/√(1 − u²)",
        partials=lambda v, u: (-1 / sp.sqrt((1 - u) * (1 + u)),),
        aliases=("arccos",),
    ),
    Op("atan", sp.atan, "atan′(u) = 1/(1 + u²)", aliases=("arctan",)),
    Op(
        "atan2",
        sp.atan2,
        "∂atan2(y, x) = (x·∂y − y·∂x)/(x² + y²)",
        (2, 2),
        partials=lambda v, y, x: (x / hypot(x, y) ** 2, -y / hypot(x, y) ** 2),
        aliases=("arctan2",),
    ),
    Op("sinh", sp.sinh, "sinh′ = cosh"),
    Op("cosh", sp.cosh, "cosh′ = sinh"),
    Op("tanh", sp.tanh, "tanh′ = 1 − tanh²", slope=tanh_prime, activation=True),
    Op(
        "asinh",
        sp.asinh,
        "asinh′(u) = 1/√(1 + u²)",
        partials=lambda v, u: (1 / hypot(1, u),),
        aliases=("arcsinh",),
    ),
    Op(
        "acosh",
        sp.acosh,
        "acosh′(u) = 1/√(u² − 1)",
        partials=lambda v, u: (1 / sp.sqrt((u - 1) * (u + 1)),),
        aliases=("arccosh",),
    ),
    Op(
        "atanh",
        sp.atanh,
        "atanh′(u) = 1/(1 − u²)",
        partials=lambda v, u: (1 / ((1 - u) * (1 + u)),),
        aliases=("arctanh",),
    ),
    Op("abs", sp.Abs, "abs′ = sign", partials=lambda v, u: (sp.sign(u),), kinks=(0,)),
    Op("sign", sp.sign, "sign′ = 0", partials=lambda v, u: (S.Zero,), kinks=(0,)),
    Op(
        "min",
        sp.Min,
        "1 for the smaller, ½ each where equal",
        (2, None),
        partials=lambda v, a, b: (_larger(b, a), _larger(a, b)),
        aliases=("minimum",),
    ),
    Op(
        "max",
        sp.Max,
        "1 for the larger, ½ each where equal",
        (2, None),
        partials=lambda v, a, b: (_larger(a, b), _larger(b, a)),
        aliases=("maximum",),
    ),
    Op(
        "hypot",
        hypot,
        "∂hypot(a, b)/∂a = a/hypot(a, b)",
        (2, 2),
        partials=lambda v, a, b: (a / v, b / v),
    ),
    Op("erf", sp.erf, "erf′(u) = 2·exp(−u²)/√π"),
    Op(
        "sigma",
        sigma,
        "σ′ = σ·(1 − σ)",
        sign="σ",
        slope=sigma_prime,
        activation=True,
        aliases=("sigmoid", "logistic"),
    ),
    Op(
        "softplus",
        softplus,
        "softplus′ = σ",
        partials=lambda v, u: (sigma(u),),
        activation=True,
    ),
    Op(
        "relu",
        relu,
        "relu′(u) = 1 where u > 0, else 0",
        partials=lambda v, u: (relu.derivative(u),),
        activation=True,
        kinks=(0,),
    ),
    Op(
        "silu",
        silu,
        "silu′(u) = σ(u)·(1 + u·(1 − σ(u)))",
        slope=silu_prime,
        activation=True,
    ),
    Op(
        "gelu",
        gelu,
        "gelu′(u) = (1 + erf(u/√2))/2 + u·exp(−u²/2)/√(2π)",
        slope=gelu_prime,
        activation=True,
    ),
    Op(
        "logsigmoid",
        logsigmoid,
        "logsigmoid′(u) = σ(−u)",
        partials=lambda v, u: (sigma(-u),),
        activation=True,
    ),
)

OPS: dict[str, Op] = {op.name: op for op in _TABLE}
"""Every operation by the name that circuit text gives it."""

POWER = Op("**", sp.Pow, "∂aᵇ = b·aᵇ⁻¹·∂a + aᵇ·log(a)·∂b", (2, 2), partials=_power_partials)

SPELLINGS: dict[str, Op] = {spelling: op for op in _TABLE for spelling in (op.name, *op.aliases)}
"""Every accepted spelling of an operation."""

BY_HEAD: dict[Any, Op] = {op.head: op for op in _TABLE if op.name != "sqrt"}
"""Operations by SymPy class; sqrt has none of its own, being a power."""

SLOPES: dict[type[Slope], Op] = {op.slope: op for op in _TABLE if op.slope is not None}

_ELEMENTARY: dict[Any, Callable[..., Expr]] = {
    **{head: head.elementary for head in (sigma, softplus, logsigmoid, relu, silu, gelu)},
    **{slope: slope.elementary for slope in SLOPES},
    log1p: lambda u: sp.log(1 + u),
    expm1: lambda u: sp.exp(u) - 1,
    hypot: lambda a, b: sp.sqrt(a**2 + b**2),
}


def elementary(expr: Expr) -> Expr:
    """The expression in SymPy's own functions only, by each operation's definition.

    Conditions stay as they are: SymPy would solve a choice inside a comparison.
    """
    done: dict[Expr, Expr] = {}
    for part in postorder(expr):
        if not part.args or isinstance(part, Boolean):
            done[part] = part
            continue
        args = [done[a] for a in part.args]
        meaning = _ELEMENTARY.get(part.func)
        done[part] = meaning(*args) if meaning else part.func(*args)
    return done[expr]


def expand_slopes(expr: Expr) -> Expr:
    """The expression with every kept slope, sigma'(u), written out: sigma(u)*(1 - sigma(u))."""
    found = {part for part in postorder(expr) if isinstance(part, Slope)}
    if not found:
        return expr
    return expr.xreplace({s: s.of(s.args[0]).fdiff() for s in found})


def postorder(expr: Expr) -> list[Expr]:
    """The distinct subexpressions, operands first: linear in the shared graph, no recursion."""
    seen: set[Expr] = set()
    ordered: list[Expr] = []
    stack: list[tuple[Expr, bool]] = [(expr, False)]
    while stack:
        part, expanded = stack.pop()
        if expanded:
            ordered.append(part)
        elif part not in seen:
            seen.add(part)
            stack.append((part, True))
            stack.extend((a, False) for a in reversed(part.args) if a not in seen)
    return ordered


def real_symbol(name: str) -> Symbol:
    """The symbol of a node: real, so that abs and sqrt differentiate to printable results."""
    return Symbol(name, real=True)


def exact(number: Float) -> Rational:
    """The decimal number that a float was typed as: 0.1 becomes 1/10, not its binary neighbour.

    A float of more than double precision keeps its exact binary value.
    """
    if number._prec <= 53:
        return Rational(repr(float(number)))
    return Rational(number)


__all__ = [
    "BY_HEAD",
    "OPS",
    "POWER",
    "SLOPES",
    "SPELLINGS",
    "Elementary",
    "Integer",
    "Op",
    "Slope",
    "elementary",
    "exact",
    "expand_slopes",
    "expm1",
    "hypot",
    "log1p",
    "postorder",
    "real_symbol",
]
