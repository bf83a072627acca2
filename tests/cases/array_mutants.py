"""Planted errors in modules of arrays, and which of them change nothing.

A mutant differs from the module in one place of one function. Whether it means something else is
decided by running both at many points: other sizes, other magnitudes and other batches than the
check has, each result compared as a whole.
"""

import ast
import inspect
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np

from symback.check.check import check_module
from symback.circuits.requirements import distributions, index_leaves
from symback.codegen.loading import load
from symback.codegen.numpy import array_kernels
from symback.truth.explicit import explicit
from symback.truth.oracle import Oracle
from symback.truth.packing import ModuleEntries
from symback.truth.points import point_batches
from tests.cases.mutants import Mutant, Tally, of_call, of_operation

FUNCTIONS = (
    "forward",
    "backward",
    "_loss_and_bars",
    "_sums",
    "value_and_grad",
    "sgd",
    "ravel",
    "unravel",
    "objective",
)
KERNELS = tuple(n for n, f in vars(array_kernels).items() if inspect.isfunction(f))
SUBSCRIPTS = {
    '"bi,bi->i"': ['"bi,bj->i"', '"bi,bj->j"'],
    '"Zabc,cd->Zabd"': ['"Zacb,cd->Zabd"'],
    '"Zabd,cd->Zabc"': ['"Zabd,cd->Zacb"'],
    '"Zabd,Zabc->cd"': ['"Zabd,Zacb->cd"'],
    '"bij,bij->b"': ['"bij,bik->b"', '"bij,bji->b"', '"bij,cij->b"'],
}
WITH_AXES = ("np.tensordot", "_argmax_mask")  # their third argument
LOST = 1e-17  # of the largest result: what cancels leaves that much
MODERATE = 1e9  # of results: beyond it even shifts that cancel round to something else
ROOM = 1e-11  # of the largest element: rounding in another order stays below

Change = tuple[ast.expr | ast.stmt, str, str]


# -- planting ------------------------------------------------------------------------------------


def mutants(text: str, shapes: dict[str, dict[str, tuple[int, ...]]]) -> Iterator[Mutant]:
    """Every planted error, one at a time; `shapes` are those of the variables of each function."""
    source = text.encode()
    starts = [0, *(i + 1 for i, byte in enumerate(source) if byte == ord("\n"))]
    seen = {text}
    for function in ast.parse(text).body:
        if not isinstance(function, ast.FunctionDef) or function.name not in (*FUNCTIONS, *KERNELS):
            continue
        for node, kind, changed in _of_function(function, shapes.get(function.name, {})):
            first = starts[node.lineno - 1] + node.col_offset
            last = starts[node.end_lineno - 1] + node.end_col_offset
            changed = changed if isinstance(node, ast.stmt) else f"({changed})"
            mutated = (source[:first] + changed.encode() + source[last:]).decode()
            if mutated not in seen:
                seen.add(mutated)
                where = f"{function.name}: {source[first:last].decode()} → {changed}"
                yield Mutant(kind, where, mutated)


def _of_function(function: ast.FunctionDef, shapes: dict[str, tuple[int, ...]]) -> Iterator[Change]:
    known: list[str] = [a.arg for a in function.args.args if a.arg in shapes]
    first = next((a.arg for a in function.args.args if a.arg != "params"), "")
    samples = "len(columns[0])" if "columns" in _names(function) else f"len({first})"
    for statement in ast.walk(function):
        if isinstance(statement, ast.AugAssign):
            yield from _of_step(statement)
        if not isinstance(statement, ast.Assign | ast.Return | ast.AugAssign):
            continue
        if statement.value is None:
            continue
        for node, kind, changed in _of_value(statement, known, shapes):
            yield node, kind, ast.unparse(changed) if isinstance(changed, ast.expr) else changed
        if isinstance(statement, ast.Assign):
            yield from _of_line(statement, shapes, samples)
            assigned = (n for target in statement.targets for n in ast.walk(target))
            names = {n.id for n in assigned if isinstance(n, ast.Name)} & shapes.keys()
            known += sorted(names.difference(known))


def _names(function: ast.FunctionDef) -> set[str]:
    return {n.id for n in ast.walk(function) if isinstance(n, ast.Name)}


def _of_step(statement: ast.AugAssign) -> Iterator[Change]:
    """In-place operations: left out, or another."""
    target, value = ast.unparse(statement.target), ast.unparse(statement.value)
    yield statement, "term or factor dropped", "pass"
    others = {ast.Add: "-", ast.Sub: "+", ast.Mult: "/", ast.Div: "*"}
    yield statement, "sign", f"{target} {others[type(statement.op)]}= {value}"


def _of_line(
    statement: ast.Assign, shapes: dict[str, tuple[int, ...]], samples: str
) -> Iterator[Change]:
    target, value = statement.targets[0], ast.unparse(statement.value)
    if not isinstance(target, ast.Name) or target.id not in shapes:
        return
    planted = {
        "sign": f"-({value})",
        "constant off by 1e-9": f"({value}) * (1 + 1e-9)",
        "float32": f"_rounded({value})",
        "mean for sum": f"({value}) / {samples}",
    }
    for kind, changed in planted.items():
        if kind != "mean for sum" or target.id.endswith(("_bar", "_sum")):
            yield statement.value, kind, changed


def _of_value(
    statement: ast.Assign | ast.Return | ast.AugAssign,
    known: list[str],
    shapes: dict[str, tuple[int, ...]],
) -> Iterator[tuple[ast.expr, str, Any]]:
    indices = {
        id(part)
        for node in ast.walk(statement.value)
        for place in _places(node)
        for part in ast.walk(place)
    }
    for node in ast.walk(statement.value):
        if id(node) in indices:
            continue
        if isinstance(node, ast.BinOp):
            yield from of_operation(node)
            yield from _of_product(node, shapes)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            yield node, "sign", node.operand
        elif isinstance(node, ast.Call):
            yield from of_call(node)
            yield from _of_array_call(node)
        elif isinstance(node, ast.Attribute) and node.attr in ("T", "mT"):
            yield node, "transpose removed", node.value
        elif isinstance(node, ast.Constant) and type(node.value) in (int, float) and node.value:
            yield node, "constant off by 1e-9", ast.Constant(node.value * (1 + 1e-9))
        elif isinstance(node, ast.Name) and node.id in known:
            yield from _swapped(node, known, shapes)


def _places(node: ast.AST) -> Iterator[ast.AST]:
    """Parts that are no numbers of the computation: indices, axes, dtypes, shapes."""
    if isinstance(node, ast.Subscript):
        yield node.slice
    elif isinstance(node, ast.keyword) and node.arg in ("axis", "axis1", "axis2", "out", "dtype"):
        yield node.value
    elif isinstance(node, ast.Attribute):
        yield from [node.value] if node.attr in ("dtype", "shape", "size") else []
    elif isinstance(node, ast.Call) and ast.unparse(node.func) in WITH_AXES:
        yield node.args[2]


def _swapped(
    node: ast.Name, known: list[str], shapes: dict[str, tuple[int, ...]]
) -> Iterator[tuple[ast.expr, str, Any]]:
    """Two other variables of the same rank, those of the same shape first."""
    rank = len(shapes[node.id])
    others = [n for n in known if n != node.id and len(shapes[n]) == rank]
    others.sort(key=lambda n: (shapes[n] != shapes[node.id], known.index(n)))
    for other in others[:2]:
        yield node, "swapped operand", ast.Name(other)


def _of_product(
    node: ast.BinOp, shapes: dict[str, tuple[int, ...]]
) -> Iterator[tuple[ast.expr, str, Any]]:
    if not isinstance(node.op, ast.MatMult):
        return
    yield node, "operands swapped", ast.BinOp(node.right, ast.MatMult(), node.left)
    yield node, "factor dropped", node.left
    yield node, "factor dropped", node.right
    yield node, "sign", ast.UnaryOp(ast.USub(), node)
    for side in (node.left, node.right):
        if isinstance(side, ast.Name) and len(shapes.get(side.id, ())) >= 2:
            flipped = "mT" if len(shapes[side.id]) == 3 else "T"
            yield side, "transpose added", f"{side.id}.{flipped}"


def _of_array_call(node: ast.Call) -> Iterator[tuple[ast.expr, str, Any]]:
    name = ast.unparse(node.func)
    text = ast.unparse(node)
    method = name.rsplit(".", 1)[-1]
    if isinstance(node.func, ast.Attribute) and method in ("sum", "mean", "max", "min", "var"):
        before = ast.unparse(node.func.value)
        rest = text[len(ast.unparse(node.func)) :]
        for other in {"sum": ["mean"], "mean": ["sum"], "max": ["min"], "min": ["max"]}.get(
            method, ["std"]
        ):
            yield node, f"{other} for {method}", f"{before}.{other}{rest}"
        for axis in (k.value for k in node.keywords if k.arg == "axis"):
            for other in ("0", "1", "-1", "-2", "(0, 1)"):
                changed = rest.replace(f"axis={ast.unparse(axis)}", f"axis={other}")
                if changed != rest:
                    yield node, "another axis", f"{before}.{method}{changed}"
    elif name == "np.einsum":
        written = f'"{node.args[0].value}"'
        for other in SUBSCRIPTS[written]:
            yield node, "subscripts", text.replace(repr(node.args[0].value), other)
    elif name == "np.tensordot" and not isinstance(node.args[2], ast.Constant):
        axes = ast.unparse(node.args[2])
        for old, new in (("1))", "2))"), ("2))", "1))"), ("(0, 1), ", "(0, 2), ")):
            if old in axes:
                changed = axes.replace(old, new, 1)
                yield node, "another axis", text.replace(axes, changed)
    elif name in ("np.vecdot", "np.vdot", "np.outer", "np.linalg.solve", "_scatter"):
        for kept in node.args[:2] if name != "_scatter" else ():
            yield node, "factor dropped", kept
        yield node, "sign", f"-{text}"
        if name in ("np.outer", "np.linalg.solve"):
            swapped = ", ".join(ast.unparse(a) for a in node.args[::-1])
            yield node, "operands swapped", f"{name}({swapped})"
    elif name in ("np.concatenate", "np.stack") and isinstance(node.args[0], ast.Tuple):
        swapped = ast.unparse(ast.Tuple(node.args[0].elts[::-1]))
        yield node, "operands swapped", text.replace(ast.unparse(node.args[0]), swapped)


def _rounded(value: Any) -> Any:
    """The value as float32 has it, in its own type."""
    value = np.asarray(value)
    return value.astype(np.float32).astype(value.dtype)[()]


def mutant_module(text: str, name: str = "mutant") -> ModuleType:
    module = load(text, name)
    module.__dict__["_rounded"] = _rounded
    return module


# -- meaning -------------------------------------------------------------------------------------


class Trials:
    """Points of many kinds, and everything that a module computes there."""

    def __init__(self, circuit: Any, text: str, count: int = 24, seed: int = 5) -> None:
        self._circuit = circuit
        rng = np.random.default_rng(seed)
        original = load(text, "original")
        self._seen: list[tuple[Any, list[Any], list[float]]] = []
        for number in range(10 * count):
            trial = self._draw(number, rng)
            with np.errstate(all="ignore"):
                try:
                    expected = self._observe(original, trial)
                    beside = self._observe(original, self._beside(trial, rng))
                except (np.linalg.LinAlgError, FloatingPointError):  # sgd stops there
                    continue
            if all(np.all(np.abs(value) < MODERATE) for value in expected):
                pairs = zip(expected, beside, strict=True)
                noise = [float(np.max(np.abs(a - b), initial=0.0)) for a, b in pairs]
                self._seen.append((trial, expected, noise))
            if len(self._seen) == count:
                break
        assert len(self._seen) >= 4, "no points to tell mutants apart"

    def _draw(self, number: int, rng: np.random.Generator) -> Any:
        circuit = self._circuit
        sizes = {str(s): int(rng.integers(3, 9)) for s in circuit.size_names}
        scale = (1.0, 0.2, 5.0, 300.0)[number % 4]
        n = (1, 2, 7, 11)[number // 4 % 4]

        def draw(leaf: Any, *lead: int) -> Any:
            shape = tuple(int(s.xreplace(_numbers(s, sizes))) for s in leaf.shape)
            return scale * rng.normal(size=(*lead, *shape)) * rng.choice([0.1, 1.0])

        found = {p.name: draw(p) for p in circuit.params}
        found |= {leaf.name: draw(leaf, n) for leaf in (*circuit.inputs, *circuit.targets)}
        if number % 3 == 1:  # ties and zeros
            found = {name: np.round(value) for name, value in found.items()}
        for name in distributions(circuit):
            weights = np.abs(found[name]) + 1e-3
            found[name] = weights / weights.sum(axis=-1, keepdims=True)
        for name, size in index_leaves(circuit).items():
            rows = int(size.xreplace(_numbers(size, sizes)))
            found[name] = rng.integers(rows, size=found[name].shape) * 1.0
        return found, n, sizes

    def _beside(self, trial: Any, rng: np.random.Generator) -> Any:
        """The same point up to rounding."""
        found, n, sizes = trial
        moved = {p.name for p in (*self._circuit.params, *self._circuit.inputs)}
        moved -= index_leaves(self._circuit).keys()
        spoilt = {
            name: v * (1 + 2.0**-52 * rng.normal(size=np.shape(v))) if name in moved else v
            for name, v in found.items()
        }
        return spoilt, n, sizes

    def _observe(self, module: Any, trial: Any) -> list[Any]:
        found, n, sizes = trial
        params = module.Params(*(found[name] for name in module.Params._fields))
        inputs = module.Inputs(*(found[name] for name in module.Inputs._fields))
        seen: list[Any] = []
        value, cache = module.forward(params, inputs)
        bar = np.cos(np.arange(np.size(value))).reshape(np.shape(value))
        param_bars, input_bars = module.backward(params, inputs, cache, bar)
        seen += [value, *param_bars, *(b for b in input_bars if b is not None)]
        if self._circuit.inputs:
            one = module.Inputs(*(None if v is None else v[0] for v in inputs))
            seen.append(module.forward(params, one)[0])
        if self._circuit.objective.shape:
            return seen
        for rows in (1024, 3):
            module.BLOCK_ROWS = rows
            mean, grad = module.value_and_grad(params, inputs)
            seen += [mean, *grad]
        if params:
            size = max(1, (2 * n) // 3)
            trained, losses = module.sgd(
                params, inputs, learning_rate=lambda t: 1e-6 / (t + 1), epochs=2, batch_size=size
            )
            seen += [*(a - b for a, b in zip(trained, params, strict=True)), losses]
            vector = module.ravel(params)
            seen += [vector, *module.unravel(vector, **sizes)]
            seen += list(module.objective(vector, inputs, **sizes))
        return seen

    def same(self, text: str) -> bool:
        """Whether the text gives the same arrays, up to rounding."""
        with np.errstate(all="ignore"):
            for trial, expected, noise in self._seen:
                try:
                    got = self._observe(mutant_module(text), trial)
                except (ArithmeticError, TypeError, ValueError, AttributeError, LookupError):
                    return False
                floor = LOST * max(float(np.max(np.abs(e), initial=0.0)) for e in expected)
                noise = [floor + n for n in noise]
                if len(got) != len(expected) or not all(map(_alike, got, expected, noise)):
                    return False
        return True


def _numbers(size: Any, sizes: dict[str, int]) -> dict[Any, int]:
    return {s: sizes[str(s)] for s in size.free_symbols}


def _alike(got: Any, expected: Any, noise: float) -> bool:
    got, expected = np.asarray(got), np.asarray(expected)
    if got.shape != expected.shape or got.dtype != expected.dtype:
        return False
    largest = np.max(np.abs(expected), initial=0.0)
    return bool(np.all(np.abs(got - expected) <= ROOM * largest + 100 * noise))


# -- the hunt ------------------------------------------------------------------------------------


def shapes_of(circuit: Any, module: ModuleType) -> dict[str, dict[str, tuple[int, ...]]]:
    """The shapes that the variables of each function have at the end of a run."""
    found: dict[str, dict[str, tuple[int, ...]]] = {}

    def note(frame: Any, event: str, _: Any) -> None:
        if event == "return" and frame.f_globals is module.__dict__:
            arrays = {k: v for k, v in frame.f_locals.items() if isinstance(v, np.ndarray | float)}
            found[frame.f_code.co_name] = {k: np.shape(v) for k, v in arrays.items()}

    made, entries = explicit(circuit)
    layout = ModuleEntries.of(entries)
    batch = next(point_batches(made, np.random.default_rng(0), 24, layout))
    with layout.fitted(module), np.errstate(all="ignore"):
        params, inputs = batch.params(module), batch.batch(module)
        sys.setprofile(note)
        try:
            value, cache = module.forward(params, inputs)
            module.backward(params, inputs, cache, np.ones_like(value))
            if not circuit.objective.shape:
                module.value_and_grad(params, inputs)
        finally:
            sys.setprofile(None)
    return found


def planted(circuit: Any, every: int = 1) -> list[Mutant]:
    """Each `every`-th mutant of a circuit's module."""
    text = circuit.generate()
    return list(mutants(text, shapes_of(circuit, load(text, "traced"))))[::every]


def hunt(circuit: Any, every: int = 1, points: int = 24, seed: int = 0) -> Tally:
    """Check each mutant; those that pass must mean the same."""
    text = circuit.generate()
    oracle = Oracle(circuit)
    right = check_module(circuit, load(text, "whole"), points=points, seed=seed, oracle=oracle)
    assert right.passed, str(right)
    tally, survived = Tally(), []
    trials: Trials | None = None
    for mutant in planted(circuit, every):
        if _is_caught(circuit, mutant, oracle, points, seed):
            tally.killed += 1
            continue
        trials = trials or Trials(circuit, text)
        if trials.same(mutant.text):
            tally.equivalent += 1
        else:
            survived.append(mutant)
    tally.survived = survived
    return tally


def _is_caught(circuit: Any, mutant: Mutant, oracle: Oracle, points: int, seed: int) -> bool:
    try:
        module = mutant_module(mutant.text)
    except Exception:
        return True
    return not check_module(circuit, module, points=points, seed=seed, oracle=oracle).passed
