"""Terms → SymPy expressions: names resolved, arities checked, constants kept real and exact.

Numbers stay as they are typed (0.1 is 1/10); none is computed that a float64 could not hold.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import sympy as sp
from sympy import Basic, Expr, Integer, Mul, Pow, Rational, S

from symback.circuits.names import VARIABLE_TOO, other_spelling
from symback.errors import (
    CircuitError,
    CircuitSyntaxError,
    DomainError,
    Place,
    SymbackError,
    TooLarge,
    UnknownName,
    Unsupported,
    clip,
)
from symback.language import choices, words
from symback.language.application import apply, apply_stated, with_slopes
from symback.language.foreign import BRANCHES, function_hint
from symback.language.limits import (
    LARGEST,
    MOST_BITS,
    SMALLEST,
    huge_power,
    not_a_float,
    undefined_power,
)
from symback.language.neighbours import words_side_by_side
from symback.language.products import called_product
from symback.language.scopes import ONCE, CountedOnce, counted_once
from symback.language.syntax import SourceText
from symback.language.terms import Term, UserFunction
from symback.language.typed_sums import TypedSums
from symback.operations.elementwise import SPELLINGS, Op
from symback.operations.expressions import postorder, product, real_symbol
from symback.operations.shapes import size_symbol
from symback.operations.signs import exponent, juxtaposed

DEEPEST_BUILD = 150
_PRODUCTS = frozenset({"product", "beside", "juxtaposed", "dotted"})
LARGEST_EXPRESSION = 50_000  # parts, user functions written out: SymPy walks the whole tree
MOST_INNER_CALLS = 40  # of user functions by user functions, for one node


@dataclass(slots=True)
class Builder:
    """Builds the expressions of one circuit.

    `is_known` says whether a node, leaf or size of that name exists; `used` collects the names
    in order of first appearance, with their places.
    """

    source: SourceText
    is_known: Callable[[str], bool]
    functions: Mapping[str, UserFunction] = field(default_factory=dict)
    is_size: Callable[[str], bool] = lambda name: False
    bound: Mapping[str, Expr] = field(default_factory=dict)  # the variables of loops
    array_calls: Collection[str] = ()  # operations on arrays, by name
    kinks: Mapping[str, Expr] = field(default_factory=dict)  # stated derivatives, by operation
    once: CountedOnce | None = None  # of the loss
    sums: TypedSums = field(default_factory=TypedSums)
    used: dict[str, Place] = field(default_factory=dict)
    _calling: list[str] = field(default_factory=list)
    _depth: int = 0
    _built: int = 0
    _inner_calls: int = 0
    _applied: dict[tuple[object, ...], Expr] = field(default_factory=dict)
    _sizes: dict[Basic, int] = field(default_factory=dict)

    def build(self, term: Term) -> Expr:
        """The expression of a term."""
        self._built += 1
        self._depth += 1
        if self._depth > DEEPEST_BUILD or self._built > LARGEST_EXPRESSION:
            raise self._too_large(term)
        try:
            return _BUILD[term.kind](self, term)
        finally:
            self._depth -= 1

    def place_of(self, term: Term) -> Place:
        return self.source.place(term.place)

    def _too_large(self, term: Term) -> TooLarge:
        return TooLarge("the expression is too large; name inner parts", self.place_of(term))

    # -- leaves -----------------------------------------------------------------------------

    def _number(self, term: Term) -> Expr:
        power = term.text.lower().partition("e")[2]
        if power and abs(int(power)) > 1000:
            raise DomainError(f"{clip(term.text, 30)} is not a float64", self.place_of(term))
        number = Fraction(term.text)
        if abs(number) > LARGEST or 0 < abs(number) < SMALLEST:
            raise DomainError(f"{clip(term.text, 30)} is not a float64", self.place_of(term))
        return Rational(number.numerator, number.denominator)

    def _half(self, term: Term) -> Expr:
        return S.Half

    def _name(self, term: Term) -> Expr:
        return product(*self._factors(term))

    def _factors(self, term: Term) -> list[Expr]:
        """The factors that a name stands for: itself, or those of a product like w3x3."""
        name = term.text
        if name in self.bound:
            self._built += self._written_out(self.bound[name])
            return [self.bound[name]]
        if self.is_known(name):
            return [self._symbol(name, term)]
        if name == "pi":
            return [S.Pi]
        if name not in SPELLINGS and (factors := juxtaposed(name)) is not None:
            return [self.bound.get(f) or self._symbol(f, term) for f in factors]
        return [self._symbol(name, term)]

    def _is_own(self, name: str) -> bool:
        """Whether the text gives a name a meaning: a leaf, a node or the variable of a loop."""
        return self.is_known(name) or name in self.bound

    def _written_out(self, expr: Expr) -> int:
        """The number of parts, shared ones counted wherever they stand."""
        if expr not in self._sizes:
            for part in postorder(expr):
                self._sizes[part] = 1 + sum(self._sizes[a] for a in part.args)
        return self._sizes[expr]

    def _symbol(self, name: str, term: Term) -> Expr:
        if name in SPELLINGS and not self.is_known(name) and name not in VARIABLE_TOO:
            raise CircuitSyntaxError(f"'{name}' needs an argument: {name}(u)", self.place_of(term))
        self.used.setdefault(name, self.place_of(term))
        return size_symbol(name) if self.is_size(name) else real_symbol(name)

    # -- arithmetic -------------------------------------------------------------------------

    def _bracketed(self, term: Term) -> Expr:
        return self.build(term.args[0])

    def _negative(self, term: Term) -> Expr:
        return self.sums.negated(self.build(term.args[0]))

    def _sum(self, term: Term) -> Expr:
        operands = [self.build(a) for a in term.args]
        total: Expr = S.Zero
        for number in (o for o in operands if o.is_Rational):
            total = self._exact(total + number, term)
        made = sp.Add(total, *(o for o in operands if not o.is_Rational))
        return self._real(self.sums.kept(made, operands), term)

    def _product(self, term: Term) -> Expr:
        operands = [f for a in term.args for f in self._factors_of(a)]
        number: Expr = S.One
        for factor in (o for o in operands if o.is_Rational):
            number = self._exact(number * factor, term)
        others = [o for o in operands if not o.is_Rational]
        return self._real(product(*others) if number is S.One else Mul(number, *others), term)

    def _factors_of(self, term: Term) -> list[Expr]:
        """The factors of an operand of a product, those in brackets among them.

        So one product is made of 2/(3*(a + b)): SymPy would multiply an inner 3*(a + b) out.
        """
        while term.kind == "bracketed":
            term = term.args[0]
        if term.kind == "negative":
            return [S.NegativeOne, *self._factors_of(term.args[0])]
        if term.kind in _PRODUCTS:
            if term.kind == "beside":
                self._refuse_neighbours(term)
            return [f for a in term.args for f in self._factors_of(a)]
        if term.kind != "reciprocal":
            return [self.build(term)]
        divisor = term.args[0]
        if divisor.kind == "name" and len(self._factors(divisor)) > 1:
            raise CircuitSyntaxError(
                f"does / divide by all of '{divisor.text}'? Write brackets and *",
                self.place_of(divisor),
            )
        return [self._power_of(f, S.NegativeOne, divisor) for f in self._factors_of(divisor)]

    def _beside(self, term: Term) -> Expr:
        self._refuse_neighbours(term)
        return self._product(term)

    def _multiplied(self, term: Term) -> Expr:
        """A product of LaTeX, without a sign or with a dot."""
        return self._product(term)

    def _refuse_neighbours(self, term: Term) -> None:
        if unclear := words_side_by_side(term, self._is_own):
            raise CircuitSyntaxError(unclear, self.place_of(term.args[1]))

    def _bars(self, term: Term) -> Expr:
        return self.build(Term("call", term.place, term.args, "abs"))

    def _power(self, term: Term) -> Expr:
        base = term.args[0]
        if term.text == "^" and base.text == "e" and base.kind == "name" and not self._is_own("e"):
            raise CircuitSyntaxError(
                "'e' is a name here; write exp(u) for e^u", self.place_of(base)
            )
        return self._raise(term.args[0], lambda: self.build(term.args[1]), term)

    def _superscript(self, term: Term) -> Expr:
        if len(term.text) > 6:
            raise TooLarge("an exponent of more than 5 digits; write **", self.place_of(term))
        return self._raise(term.args[0], lambda: Integer(exponent(term.text)), term)

    def _raise(self, base: Term, power: Callable[[], Expr], term: Term) -> Expr:
        """base**power, the base built first: names count in order of appearance."""
        if base.kind == "name":  # w3x3² is w3·x3²
            *others, last = self._factors(base)
            return product(*others, self._power_of(last, power(), term))
        return self._power_of(self.build(base), power(), term)

    def _power_of(self, base: Expr, power: Expr, term: Term) -> Expr:
        for branch in base.args if base.is_Piecewise else ():  # SymPy moves the power into them
            self._power_of(branch.expr, power, term)
        if why := undefined_power(base, power):
            raise DomainError(why, self.place_of(term))
        if why := huge_power(base, power):
            raise TooLarge(why, self.place_of(term))
        if base.is_Mul and power.is_Integer:
            return self._real(Mul(*(self._power_of(f, power, term) for f in base.args)), term)
        # A whole power of a sum stays as it is; SymPy would ask first whether a term is infinite.
        plain = base.is_Add and power.is_Integer and abs(power) > 1 and not base.is_number
        return self._real(Pow(base, power, evaluate=not plain), term)

    def _exact(self, number: Expr, term: Term) -> Expr:
        if max(int(number.p).bit_length(), int(number.q).bit_length()) > MOST_BITS:
            raise TooLarge("a constant with too many digits", self.place_of(term))
        return number

    def _real(self, expr: Expr, term: Term) -> Expr:
        """The expression, if it is real; a constant is evaluated to prove it."""
        if expr.is_Symbol:
            return expr
        self._built += len(expr.args)
        if self._built > LARGEST_EXPRESSION:
            raise self._too_large(term)
        why = not_a_float(expr)
        if why:
            raise DomainError(why, self.place_of(term))
        return expr

    # -- calls ------------------------------------------------------------------------------

    def _call(self, term: Term) -> Expr:
        if term.text in words.ALIASES:
            term = self.own_word(term)
        name = term.text
        if name in self.functions:
            return self._apply(self.functions[name], term)
        if self.is_known(name) or name in self.bound:
            raise CircuitSyntaxError(
                f"'{name}' is a node here and can't be called; write {name}*(…) for a product"
                + (f"; {other}(…) is the function" if (other := other_spelling(name)) else ""),
                self.place_of(term),
            )
        op = SPELLINGS.get(name)
        if op is None or not _takes(op, len(term.args)):
            return self._other_call(term)
        args = [self.build(a) for a in term.args]
        if (name, *args) not in self._applied:
            at_kink = self.kinks.get(op.name)
            made = apply(op, args) if at_kink is None else apply_stated(op, args, at_kink)
            self._applied[name, *args] = self._real(made, term)
        return self._applied[name, *args]

    def _other_call(self, term: Term) -> Expr:
        """A choice or a composition; what is neither is refused."""
        name = term.text
        if name == ONCE:
            return counted_once(self, term)
        if name in ("where", "Piecewise"):
            return (choices.where if name == "where" else choices.piecewise)(self, term)
        for pair in (a for a in term.args if a.kind in ("pair", "tuple")):
            self._pair(pair)
        composed = words.called(name, len(term.args))
        if composed is None:
            raise self._no_function(term)
        name, arguments, body = composed
        return self._apply(UserFunction(name, arguments, words.placed(body, term.place)), term)

    def own_word(self, term: Term) -> Term:
        """The call by our word, where SymPy or another library has its own: Abs is abs."""
        word = words.ALIASES.get(term.text, term.text)
        if term.text in self.functions or self._is_own(term.text):
            return term
        return Term(term.kind, term.place, term.args, word, term.depth, term.size)

    def _no_function(self, term: Term) -> SymbackError:
        name, op = term.text, SPELLINGS.get(term.text)
        if op is not None:
            self.refuse_arity(term, *op.arity, 2 if op.in_pairs else 1)
        if name in self.array_calls:
            return self._needs_arrays(name, term)
        arities = words.arities(name)
        if arities:
            least, most = min(arities), max(arities)
            self.refuse_arity(term, least, most if least == most else None)
        known = [*SPELLINGS, *self.functions, *self.array_calls, *words.names(), "where"]
        hint = called_product(name, len(term.args)) or function_hint(name, known)
        hint = hint or f"; a function is one line, as in {clip(name, 40)}(u) = u**2"
        return UnknownName(f"unknown function '{clip(name, 40)}'{hint}", self.place_of(term))

    def refuse_arity(self, term: Term, least: int, most: int | None, times: int = 1) -> None:
        given = len(term.args)
        if given < least or (most is not None and given > most) or given % times:
            count = f"{least}" if most == least else f"at least {least}"
            count += ", an even number of" if times == 2 else ""
            plural = "argument" if least == 1 else "arguments"
            message = f"{term.text} takes {count} {plural}, {given} given"
            raise CircuitSyntaxError(message + BRANCHES.get(term.text, ""), self.place_of(term))

    def _apply(self, function: UserFunction, term: Term) -> Expr:
        self.refuse_arity(term, len(function.arguments), len(function.arguments))
        if function.name in self._calling:
            raise CircuitError(f"'{function.name}' calls itself", self.place_of(term))
        self._inner_calls += bool(self._calling) and function.name in self.functions
        if self._inner_calls > MOST_INNER_CALLS:
            raise TooLarge("functions that call functions grow too large", self.place_of(term))
        args = [self.build(a) for a in term.args]
        outer: Mapping[str, Expr] = self.bound
        self.bound = dict(zip(function.arguments, args, strict=True))
        self._calling.append(function.name)
        try:
            value = self.build(function.body)
            slopes = [
                self.build(slope) for slope in map(function.slopes.get, function.arguments) if slope
            ]
            return with_slopes(value, args, slopes) if slopes else value
        finally:
            self.bound = outer
            self._calling.pop()

    def _pair(self, term: Term) -> Expr:
        raise CircuitSyntaxError(
            "(a, b) is not an expression; operands stand one by one, as in max(a, b)",
            self.place_of(term),
        )

    # -- arrays: `symback.language.arrays` -------------------------------------------------------

    def _array(self, term: Term) -> Expr:
        what = {
            "matrix_product": "the matrix product @",
            "transpose": "the transpose .T",
            "index": "an index in [ ]",
            "vector": "a list in [ ]",
            "keyword": f"the option {clip(term.text, 30)}=",
            "string": "a text in quotes",
        }[term.kind]
        raise self._needs_arrays(what, term)

    def _needs_arrays(self, what: str, term: Term) -> Unsupported:
        return Unsupported(
            f"{what} needs arrays, and all names here are numbers; declare shapes, "
            "as in x: input[d]",
            self.place_of(term),
        )

    _matrix_product = _transpose = _keyword = _vector = _string = _array

    def _index(self, term: Term) -> Expr:
        member = self._member(term)
        return self._array(term) if member is None else member

    def _member(self, term: Term) -> Expr | None:
        """The node h_3 that h[3] stands for, where there is no array h."""
        base, *subscripts = term.args
        if base.kind != "name" or self.is_known(base.text) or base.text in self.bound:
            return None
        if self._is_function(base.text):
            why = f"'{base.text}' is a function; write {base.text}(…) with round brackets"
            raise CircuitSyntaxError(why, self.place_of(term))
        is_one = len(subscripts) == 1 and subscripts[0].kind not in _PARTS
        number = self.whole_number(subscripts[0]) if is_one else S.NegativeOne
        name = f"{base.text}_{number}"
        if number < 0 or not self.is_known(name):
            shown = f"{clip(base.text, 40)}[{number}]" if number >= 0 else clip(base.text, 40)
            why = f"'{shown}' is not defined; define it, or declare an array: x: input[3]"
            raise UnknownName(why, self.place_of(term))
        return self._symbol(name, term)

    def _is_function(self, name: str) -> bool:
        return any(name in known for known in (SPELLINGS, self.array_calls, self.functions))

    def whole_number(self, term: Term) -> Integer:
        """The number that an index, a bound or an axis is; it may depend on loops only."""
        used, self.used = self.used, {}
        number = Builder.build(self, term)
        names, self.used = list(self.used), used
        if not number.is_Integer or abs(number) >= 2**31:
            why = f", and '{clip(names[0], 20)}' is not one{_ONE_HOT}" if names else ""
            raise CircuitSyntaxError(f"a whole number stands here{why}", self.place_of(term))
        return number

    def _slice(self, term: Term) -> Expr:
        raise CircuitSyntaxError("':' stands only in an index, as in x[1:4]", self.place_of(term))


_PARTS = ("slice", "end", "dots")
"""Subscripts of more than one entry."""
_ONE_HOT = "; for an index from data write one_hot(t, n) @ W"


def _takes(op: Op, count: int) -> bool:
    """Whether an operation takes that many operands."""
    least, most = op.arity
    return least <= count and (most is None or count <= most) and not (op.in_pairs and count % 2)


_BUILD: Mapping[str, Callable[[Builder, Term], Expr]] = {
    "number": lambda builder, term: builder._number(term),
    "half": lambda builder, term: builder._half(term),
    "name": lambda builder, term: builder._name(term),
    "bracketed": lambda builder, term: builder._bracketed(term),
    "negative": lambda builder, term: builder._negative(term),
    "sum": lambda builder, term: builder._sum(term),
    "product": lambda builder, term: builder._product(term),
    "beside": lambda builder, term: builder._beside(term),
    **dict.fromkeys(("juxtaposed", "dotted"), lambda builder, term: builder._multiplied(term)),
    "bars": lambda builder, term: builder._bars(term),
    "power": lambda builder, term: builder._power(term),
    "superscript": lambda builder, term: builder._superscript(term),
    "call": lambda builder, term: builder._call(term),
    **dict.fromkeys(("compare", "both", "either"), choices.outside),
    "pair": lambda builder, term: builder._pair(term),
    "matrix_product": lambda builder, term: builder._matrix_product(term),
    "transpose": lambda builder, term: builder._transpose(term),
    "keyword": lambda builder, term: builder._keyword(term),
    "index": lambda builder, term: builder._index(term),
    **dict.fromkeys(_PARTS, lambda builder, term: builder._slice(term)),
    "vector": lambda builder, term: builder._vector(term),
    "tuple": lambda builder, term: builder._pair(term),
    "string": lambda builder, term: builder._string(term),
}
"""The method that builds each kind of term; builders of arrays and of answers override some."""
