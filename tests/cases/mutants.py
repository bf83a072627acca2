"""Planted errors: generated modules with one thing wrong, and which of them change nothing.

A mutant differs from the module in one place of one function. Whether it means something else is
decided by running both on mpmath numbers of 60 digits, at points of many magnitudes: there only
the mathematics counts, not rounding.
"""

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import mpmath as mp
import numpy as np

from symback.check.check import check_module
from symback.codegen.loading import load
from symback.codegen.numpy.printer import FUNCTIONS, VALUE_AND_SLOPE
from symback.operations import elementwise as ops
from symback.truth.oracle import Oracle
from tests.cases.independent import DIGITS, MEANING, SLOPE_MEANING

FUNCTIONS_UNDER_TEST = (
    "forward",
    "backward",
    "_loss_and_bars",
    "_value_and_bars",
    "_sums",
    "value_and_grad",
    "sgd",
    "ravel",
    "unravel",
    "objective",
    "init_params",
)


@dataclass(frozen=True)
class Mutant:
    """One planted error: what it is, where, and the module's text with it."""

    kind: str
    where: str
    text: str


# -- planting ------------------------------------------------------------------------------------


def mutants(text: str) -> Iterator[Mutant]:
    """Every planted error of every arithmetic line, one at a time."""
    source = text.encode()
    starts = [0, *(i + 1 for i, byte in enumerate(source) if byte == ord("\n"))]

    def span(node: ast.expr) -> slice:
        assert node.end_lineno is not None and node.end_col_offset is not None
        first = starts[node.lineno - 1] + node.col_offset
        return slice(first, starts[node.end_lineno - 1] + node.end_col_offset)

    for function in ast.parse(text).body:
        if isinstance(function, ast.FunctionDef) and function.name in FUNCTIONS_UNDER_TEST:
            for node, kind, changed in _of_function(function):
                here, planted = span(node), f"({changed})"
                where = f"{function.name}: {source[here].decode()} → {planted}"
                mutated = source[: here.start] + planted.encode() + source[here.stop :]
                yield Mutant(kind, where, mutated.decode())


def _of_function(function: ast.FunctionDef) -> Iterator[tuple[ast.expr, str, str]]:
    names = _numbers_by_line(function)
    for statement in ast.walk(function):
        if not isinstance(statement, ast.Assign | ast.Return) or statement.value is None:
            continue
        if "rng.normal" in ast.unparse(statement):  # another draw is no error
            continue
        for node, kind, changed in _changes(statement, names):
            text = ast.unparse(changed)
            if text != ast.unparse(node):
                yield node, kind, text


def _numbers_by_line(function: ast.FunctionDef) -> dict[int, list[str]]:
    """For each line, the names of numbers that are known before it."""
    known: list[str] = []
    if function.name.endswith("_and_bars"):
        known = [a.arg for a in function.args.args[1:]]
    found = {}
    for statement in function.body:
        found[statement.lineno] = list(known)
        if isinstance(statement, ast.Assign):
            for target in ast.walk(statement.targets[0]):
                if isinstance(target, ast.Name) and target.id != "columns":
                    known.append(target.id)
    return found


def _changes(
    statement: ast.Assign | ast.Return, names: dict[int, list[str]]
) -> Iterator[tuple[ast.expr, str, ast.expr]]:
    """Pairs of an expression in the statement and what is planted in its place."""
    assert statement.value is not None
    dtypes = {  # x.dtype is that of every other number
        id(node.value)
        for node in ast.walk(statement.value)
        if isinstance(node, ast.Attribute) and node.attr == "dtype"
    }
    for node in ast.walk(statement.value):
        if id(node) in dtypes:
            continue
        if isinstance(node, ast.BinOp):
            yield from of_operation(node)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            yield node, "sign", node.operand
        elif isinstance(node, ast.Call):
            yield from of_call(node)
        elif isinstance(node, ast.Constant) and type(node.value) in (int, float) and node.value:
            yield node, "constant off by 1e-9", ast.Constant(node.value * (1 + 1e-9))
        elif isinstance(node, ast.Name) and node.id in names.get(statement.lineno, ()):
            others = [n for n in names[statement.lineno] if n != node.id]
            for other in others:
                yield node, "swapped operand", ast.Name(other)
    if isinstance(statement, ast.Assign) and _is_arithmetic(statement):
        yield from _of_line(statement.value)


def of_operation(node: ast.BinOp) -> Iterator[tuple[ast.expr, str, ast.expr]]:
    left, op, right = node.left, node.op, node.right
    if isinstance(op, ast.Add):
        yield node, "sign", ast.BinOp(left, ast.Sub(), right)
        yield node, "term dropped", left
        yield node, "term dropped", right
    elif isinstance(op, ast.Sub):
        yield node, "sign", ast.BinOp(left, ast.Add(), right)
        yield node, "operands swapped", ast.BinOp(right, ast.Sub(), left)
        yield node, "term dropped", left
    elif isinstance(op, ast.Mult):
        yield node, "factor dropped", left
        yield node, "factor dropped", right
        yield node, "operands swapped", ast.BinOp(right, ast.Mult(), left)
        yield node, "sign", ast.UnaryOp(ast.USub(), node)
    elif isinstance(op, ast.Div):
        yield node, "factor dropped", left
        yield node, "operands swapped", ast.BinOp(right, ast.Div(), left)
        yield node, "sign", ast.UnaryOp(ast.USub(), node)
    elif isinstance(op, ast.Pow):
        yield node, "factor dropped", left
        yield node, "operands swapped", ast.BinOp(right, ast.Pow(), left)


def of_call(node: ast.Call) -> Iterator[tuple[ast.expr, str, ast.expr]]:
    name = ast.unparse(node.func)
    if name == "np.dot":
        a, b = node.args
        for kept in (a, b):
            yield (
                node,
                "factor dropped",
                ast.parse(f"({ast.unparse(kept)}).sum()", mode="eval").body,
            )
        yield node, "sign", ast.UnaryOp(ast.USub(), node)
    elif name == "np.where":
        condition, yes, no = node.args
        yield node, "operands swapped", ast.Call(node.func, [condition, no, yes], [])
        yield (
            node,
            "branch dropped",
            ast.parse(f"({ast.unparse(yes)}) + 0 * ({ast.unparse(no)})", mode="eval").body,
        )
    elif name in _functions() and len(node.args) == 1:
        for bound in ("-5", "-20", "-40"):
            clipped = f"np.clip({ast.unparse(node.args[0])}, {bound}.0, {bound[1:]}.0)"
            argument = ast.parse(clipped, mode="eval").body
            yield node, "clipped argument", ast.Call(node.func, [argument], [])
        small = f"np.maximum({ast.unparse(node.args[0])}, 1e-7)"
        yield (
            node,
            "clipped argument",
            ast.Call(node.func, [ast.parse(small, mode="eval").body], []),
        )
    elif name in _functions() and len(node.args) == 2:
        yield node, "operands swapped", ast.Call(node.func, node.args[::-1], [])


def _of_line(value: ast.expr) -> Iterator[tuple[ast.expr, str, ast.expr]]:
    text = ast.unparse(value)
    planted = {
        "sign": f"-({text})",
        "off by 1e-3": f"({text}) * 1.001",
        "constant off by 1e-9": f"({text}) * (1 + 1e-9)",
        "float32": f"_like(np.asarray({text}).astype(np.float32), np.asarray({text}))",
        "rounded to float32 by +": f"(({text}) + 1e8) - 1e8",
    }
    for kind, changed in planted.items():
        yield value, kind, ast.parse(changed, mode="eval").body


def _is_arithmetic(statement: ast.Assign) -> bool:
    """Whether the line computes one number a sample, or one for all."""
    target = statement.targets[0]
    if not isinstance(target, ast.Name) or target.id in ("n", "b", "columns", "order", "rows"):
        return False
    calls = [ast.unparse(c.func) for c in ast.walk(statement.value) if isinstance(c, ast.Call)]
    known = _functions() | {"np.dot", "np.where", "np.sqrt", "float", "_seed"}
    if any(c not in known and not c.endswith((".sum", ".astype", ".copy")) for c in calls):
        return False
    return bool(calls) or isinstance(statement.value, ast.BinOp | ast.UnaryOp)


def _functions() -> set[str]:
    return (
        {name.split("(")[0] for name in FUNCTIONS.values()}
        | {"np.sqrt"}
        | set(VALUE_AND_SLOPE.values())
    )


# -- meaning -------------------------------------------------------------------------------------


def _elementwise(function: Callable[..., Any]) -> Callable[..., Any]:
    def one(*args: Any) -> Any:
        if any(mp.isfinite(a) and abs(a) > 1e60 for a in args):  # exp would fill the memory
            raise OverflowError
        return function(*args)

    def apply(*args: Any) -> Any:
        return np.frompyfunc(one, len(args), 1)(*args)

    return apply


def _pick(condition: Any, yes: Any, no: Any) -> Any:
    return np.where(condition, np.asarray(yes, object), np.asarray(no, object))


class Numbers:
    """What a generated module calls np, on arrays of mpmath numbers."""

    float32 = np.float32
    isnan = staticmethod(_elementwise(lambda u: bool(mp.isnan(u))))
    asarray = staticmethod(np.asarray)
    array = staticmethod(lambda values, dtype=None: np.array(values, object))
    concatenate = staticmethod(np.concatenate)
    dot = staticmethod(np.dot)
    where = staticmethod(_pick)
    sqrt = staticmethod(_elementwise(mp.sqrt))
    clip = staticmethod(_elementwise(lambda u, low, high: min(max(u, low), high)))
    zeros_like = staticmethod(lambda u: 0 * u)
    zeros = staticmethod(lambda shape, dtype=None: np.full(shape, mp.mpf(0), object)[()])
    random = np.random
    shape = staticmethod(np.shape)
    inf = mp.inf


def _namespaces() -> tuple[type[Numbers], dict[str, Any]]:
    kernels: dict[str, Any] = {}
    meaning = {op.head: MEANING[name] for name, op in ops.OPS.items()} | SLOPE_MEANING
    for head, name in FUNCTIONS.items():
        if "{" in name:  # a call of another function, which has a row of its own
            continue
        if name.startswith("np."):
            setattr(Numbers, name[3:], staticmethod(_elementwise(meaning[head])))
        else:
            kernels[name] = _elementwise(meaning[head])
    for slope, name in VALUE_AND_SLOPE.items():
        value, one = _elementwise(meaning[slope.of]), _elementwise(meaning[slope])
        kernels[name] = lambda *u, f=value, g=one: (f(*u), g(*u))
    return Numbers, kernels


_NUMBERS, _KERNELS = _namespaces()

# A number of a program without samples stands where NumPy has a scalar with these.
mp.mpf.copy = lambda self: self
mp.mpf.sum = lambda self: self
mp.mpf.astype = lambda self, dtype: self
mp.mpf.dtype = np.dtype(object)
mp.mpf.size = 1


def _exact(text: str) -> ModuleType:
    """The module on mpmath numbers: its own lines, symback's kernels by their definitions."""
    module = ModuleType("exact")
    module.__dict__["__name__"] = "exact"
    exec(compile(text, "<mutant>", "exec"), module.__dict__)
    module.__dict__.update(
        {k: v for k, v in _KERNELS.items() if hasattr(module, k)},
        np=_NUMBERS,
        _read=lambda params, inputs, *names: (params, [getattr(inputs, n) for n in names], False),
        _seed=lambda bar, shape, single, dtype: np.full(shape, mp.mpf(1) * bar, object)[()],
        _array=lambda name, value, floats="": np.asarray(value),
        _like=_like,
        BLOCK_ROWS=2,
    )
    return module


def _like(rounded: Any, original: Any) -> Any:
    """A float32 value as the type it was."""
    if original.dtype == object:
        return _elementwise(lambda v: mp.mpf(float(v)))(rounded.astype(float))
    return rounded.astype(original.dtype)[()]


def _rate(module: ModuleType, batch: Any) -> Any:
    """A learning rate that moves no parameter by more than a thousandth."""
    params = module.Params(*(mp.mpf(v) for v in batch.shared.values()))
    columns = {n: np.array([mp.mpf(p[n]) for p in batch.points]) for n in batch.points[0]}
    grad = module.value_and_grad(params, module.Inputs(**columns))[1]
    largest = max((abs(g) for g in grad), default=1)
    smallest = min((abs(p) for p in params if p), default=1)
    return min(mp.mpf("0.001") * smallest / (largest or 1), mp.mpf(10))


def _observe(module: ModuleType, batch: Any, eta: Any) -> list[Any]:
    """Everything that the module computes at a point batch, as a flat list of numbers."""
    params = module.Params(*(mp.mpf(v) for v in batch.shared.values()))
    columns = {n: np.array([mp.mpf(p[n]) for p in batch.points], object) for n in batch.points[0]}
    inputs = module.Inputs(**columns)
    value, cache = module.forward(params, inputs)
    seeds = np.array([mp.mpf(i % 3 + 1) / 2 for i in range(np.size(value))], object)
    bars = module.backward(params, inputs, cache, seeds if np.ndim(value) else mp.mpf(1))
    loss, grad = module.value_and_grad(params, inputs)
    found = [value, *bars[0], *(b for b in bars[1] if b is not None), loss, *grad]
    if params:
        seen: list[Any] = []
        size = max(2, len(batch.points) - 1)
        trained, losses = module.sgd(
            params,
            inputs,
            learning_rate=lambda t: eta / (1 + t),
            epochs=2,
            batch_size=size,
            callback=lambda *step: seen.append(step),
        )
        found += [*trained, losses, *(number for t, v, p in seen for number in (t, v, *p))]
        vector = module.ravel(params)
        found += [vector, *module.unravel(vector), module.init_params()]
        again, flat = module.objective(vector, inputs)
        found += [again, flat]
    return [number for item in found for number in np.atleast_1d(np.asarray(item, object)).flat]


class Equivalence:
    """Which mutants of a module mean the same, judged without rounding."""

    def __init__(self, text: str, oracle: Oracle, points: int = 48, seed: int = 77) -> None:
        self._seen: list[tuple[Any, Any, list[Any]]] = []
        with mp.workdps(DIGITS):
            original = _exact(text)
            for batch, _ in oracle.point_batches(points, seed):
                if len(batch.points) >= 3 or not oracle.circuit.inputs:
                    try:
                        eta = _rate(original, batch)
                        self._seen.append((batch, eta, _observe(original, batch, eta)))
                    except (OverflowError, ZeroDivisionError):  # too large, or no number, to judge
                        continue
        assert self._seen, "no point batch to tell mutants apart"

    def same(self, text: str) -> bool:
        """Whether the text computes the same numbers as the module, to 12 digits."""
        with mp.workdps(DIGITS), np.errstate(all="ignore"):
            for batch, eta, expected in self._seen:
                try:
                    got = _observe(_exact(text), batch, eta)
                except (ArithmeticError, TypeError, ValueError, AttributeError, LookupError):
                    return False
                if len(got) != len(expected) or not all(map(_alike, got, expected)):
                    return False
        return True


def _alike(a: Any, b: Any) -> bool:
    if isinstance(b, mp.mpc) or isinstance(a, mp.mpc):
        return isinstance(a, mp.mpc) == isinstance(b, mp.mpc)
    if a == b or (mp.isnan(a) and mp.isnan(b)):  # infinite ones among them
        return True
    return bool(abs(a - b) <= mp.mpf(10) ** -12 * abs(b) + mp.mpf(10) ** -320)


# -- the hunt ------------------------------------------------------------------------------------


@dataclass
class Tally:
    """How many mutants of a circuit the check caught."""

    killed: int = 0
    equivalent: int = 0
    survived: Sequence[Mutant] = ()


def hunt(circuit: Any, every: int = 1, points: int = 24, seed: int = 0) -> Tally:
    """Check each mutant (each `every`-th one); those that pass must mean the same."""
    text = circuit.generate()
    oracle = Oracle(circuit)
    assert check_module(
        circuit, load(text, "whole"), points=points, seed=seed, oracle=oracle
    ).passed
    tally, survived = Tally(), []
    equivalence: Equivalence | None = None
    for mutant in list(mutants(text))[::every]:
        if _is_caught(circuit, mutant, oracle, points, seed):
            tally.killed += 1
            continue
        equivalence = equivalence or Equivalence(text, oracle)
        if equivalence.same(mutant.text):
            tally.equivalent += 1
        else:
            survived.append(mutant)
    tally.survived = survived
    return tally


def _is_caught(circuit: Any, mutant: Mutant, oracle: Oracle, points: int, seed: int) -> bool:
    try:
        module = load(mutant.text, "mutant")
    except Exception:
        return True
    module.__dict__["_like"] = _like
    return not check_module(circuit, module, points=points, seed=seed, oracle=oracle).passed
