"""What other libraries give where a derivative is a convention: `python -m tools.conventions`.

It needs jax, torch, tensorflow-cpu, pytensor, casadi and autograd, measures what each gives at the
points of `CASES`, and writes the table of docs/conventions.md with their versions. A library
without the function has a dash. symback's own column is what its NumPy module gives; a test
compares it with every target.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

PAGE = Path(__file__).parents[1] / "docs" / "conventions.md"
START, END = "<!-- table: python -m tools.conventions -->\n", "<!-- end of the table -->\n"
INF, NAN = float("inf"), float("nan")
Point = Sequence[Any]


@dataclass(frozen=True)
class Case:
    """A question: the circuit, its point, and the same in a library, given its names by `of`.

    `of(lib)` is a function of the point's values, `lib` having one name for each operation.
    """

    circuit: str
    at: dict[str, Any]
    of: Callable[[Any], Callable[..., Any]]


CASES = [
    Case("f = relu(x)", {"x": 0}, lambda lib: lib.relu),
    Case("f = abs(x)", {"x": 0}, lambda lib: lib.abs),
    Case("f = max(x, y)", {"x": 2, "y": 2}, lambda lib: lib.maximum),
    Case("f = min(x, y)", {"x": 2, "y": 2}, lambda lib: lib.minimum),
    Case("x: input[3]; f = max(x)", {"x": [2, 2, 1]}, lambda lib: lib.max),
    Case("f = hypot(x, y)", {"x": 0, "y": 0}, lambda lib: lib.hypot),
    Case(
        "f = sqrt(x**2 + y**2)",
        {"x": 0, "y": 0},
        lambda lib: lambda x, y: lib.sqrt(x**2 + y**2),
    ),
    Case("x: input[2]; f = norm(x)", {"x": [0, 0]}, lambda lib: lib.norm),
    Case(
        "x: input[2]; f = sqrt(sum(x**2))",
        {"x": [0, 0]},
        lambda lib: lambda x: lib.sqrt(lib.sum(x**2)),
    ),
    Case("f = x**p", {"x": 0, "p": 2}, lambda lib: lib.power),
    Case("f = x**p", {"x": 0, "p": 1}, lambda lib: lib.power),
    Case("f = x**p", {"x": 0, "p": 0}, lambda lib: lib.power),
    Case("f = x*log(x)", {"x": 0}, lambda lib: lambda x: x * lib.log(x)),
    Case(
        "f = x*log(x/y)",
        {"x": 0, "y": 2},
        lambda lib: lambda x, y: x * lib.log(x / y),
    ),
    Case("f = xlogy(x, y)", {"x": 0, "y": 2}, lambda lib: lib.xlogy),
    Case("f = xlogy(x, y)", {"x": 0, "y": 0}, lambda lib: lib.xlogy),
    Case("f = rel_entr(x, y)", {"x": 0, "y": 0}, lambda lib: lib.rel_entr),
    Case(
        "f = where(x > 0, sqrt(x), 0)",
        {"x": 0},
        lambda lib: lambda x: lib.where(x > 0, lib.sqrt(x), 0 * x),
    ),
    Case(
        "f = where(x > 0, log(x), x)",
        {"x": -1},
        lambda lib: lambda x: lib.where(x > 0, lib.log(x), x),
    ),
    Case("f = relu(x)", {"x": NAN}, lambda lib: lib.relu),
    Case("f = abs(x)", {"x": NAN}, lambda lib: lib.abs),
    Case("f = max(x, y)", {"x": NAN, "y": 1}, lambda lib: lib.maximum),
    Case("x: input[3]; f = max(x)", {"x": [1, NAN, 2]}, lambda lib: lib.max),
    Case(
        "f = where(x > 0, x, y)",
        {"x": NAN, "y": 2},
        lambda lib: lambda x, y: lib.where(x > 0, x, y),
    ),
    Case("x: input[2]; f = logsumexp(x)", {"x": [-INF, 3]}, lambda lib: lib.logsumexp),
    Case("x: input[2]; f = logsumexp(x)", {"x": [-INF, -INF]}, lambda lib: lib.logsumexp),
    Case("x: input[2]; f = logsumexp(x)", {"x": [INF, 3]}, lambda lib: lib.logsumexp),
    Case("f = logaddexp(x, y)", {"x": -INF, "y": -INF}, lambda lib: lib.logaddexp),
    Case(
        "f = relu(z) - z*t + log(1 + exp(-abs(z)))",
        {"z": 0, "t": 0},
        lambda lib: lambda z, t: lib.relu(z) - z * t + lib.log(1 + lib.exp(-lib.abs(z))),
    ),
]  # fmt: skip


class Library:
    """Operations by name, and value with partials of a function of them."""

    distribution = ""
    title = ""
    names: ClassVar[dict[str, str]] = {}

    def __init__(self) -> None:
        self.load()
        for name, path in self.names.items():
            setattr(self, name, self._found(path))

    def load(self) -> None:
        raise NotImplementedError

    def _found(self, path: str) -> Any:
        module, _, name = path.rpartition(".")
        return getattr(importlib.import_module(module), name)

    @property
    def version(self) -> str:
        return importlib.metadata.version(self.distribution)

    def measured(self, function: Callable[..., Any], at: Point) -> tuple[Any, list[Any]]:
        raise NotImplementedError


class Jax(Library):
    distribution, title = "jax", "JAX"
    names: ClassVar = {
        **{n: f"jax.numpy.{n}" for n in ("maximum", "minimum", "max", "hypot", "sqrt", "sum")},
        **{n: f"jax.numpy.{n}" for n in ("abs", "power", "where", "log", "exp", "logaddexp")},
        **{"relu": "jax.nn.relu", "norm": "jax.numpy.linalg.norm"},
        **{n: f"jax.scipy.special.{n}" for n in ("xlogy", "rel_entr")},
        "logsumexp": "jax.nn.logsumexp",
    }

    def load(self) -> None:
        self._jax = importlib.import_module("jax")
        self._jax.config.update("jax_enable_x64", True)

    def measured(self, function: Callable[..., Any], at: Point) -> tuple[Any, list[Any]]:
        values = [np.asarray(v, float) for v in at]
        partials = self._jax.grad(function, argnums=tuple(range(len(at))))(*values)
        return function(*values), list(partials)


class Torch(Library):
    distribution, title = "torch", "PyTorch"
    names: ClassVar = {
        **{n: f"torch.{n}" for n in ("maximum", "minimum", "hypot", "sqrt", "sum", "logaddexp")},
        **{n: f"torch.{n}" for n in ("abs", "where", "log", "exp", "relu")},
        **{"max": "torch.max", "power": "torch.pow", "norm": "torch.linalg.norm"},
        "xlogy": "torch.xlogy",
    }

    def load(self) -> None:
        self._torch = importlib.import_module("torch")
        self.logsumexp = lambda x: self._torch.logsumexp(x, 0)

    def measured(self, function: Callable[..., Any], at: Point) -> tuple[Any, list[Any]]:
        values = [self._torch.tensor(v, dtype=self._torch.float64, requires_grad=True) for v in at]
        value = function(*values)
        value.backward()
        partials = [np.zeros(v.shape) if v.grad is None else v.grad.numpy() for v in values]
        return value.detach().numpy(), partials


class TensorFlow(Library):
    distribution, title = "tensorflow-cpu", "TensorFlow"
    names: ClassVar = {
        **{n: f"tensorflow.{n}" for n in ("maximum", "minimum", "sqrt", "abs", "where", "exp")},
        **{"relu": "tensorflow.nn.relu", "max": "tensorflow.reduce_max", "norm": "tensorflow.norm"},
        **{"sum": "tensorflow.reduce_sum", "power": "tensorflow.pow", "log": "tensorflow.math.log"},
        "hypot": "tensorflow.experimental.numpy.hypot",
        "logsumexp": "tensorflow.reduce_logsumexp",
        "xlogy": "tensorflow.math.xlogy",
        "logaddexp": "tensorflow.experimental.numpy.logaddexp",
    }

    def load(self) -> None:
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
        self._tf = importlib.import_module("tensorflow")

    def measured(self, function: Callable[..., Any], at: Point) -> tuple[Any, list[Any]]:
        values = [self._tf.Variable(np.asarray(v, float)) for v in at]
        with self._tf.GradientTape() as tape:
            value = function(*values)
        found = tape.gradient(value, values)
        pairs = zip(found, values, strict=True)
        return value.numpy(), [np.zeros(v.shape) if g is None else g.numpy() for g, v in pairs]


class PyTensor(Library):
    distribution, title = "pytensor", "PyTensor"
    names: ClassVar = {
        **{n: f"pytensor.tensor.{n}" for n in ("maximum", "minimum", "max", "sqrt", "sum", "abs")},
        **{n: f"pytensor.tensor.{n}" for n in ("log", "exp", "logsumexp", "logaddexp")},
        **{"power": "pytensor.tensor.pow", "where": "pytensor.tensor.switch"},
        "norm": "pytensor.tensor.linalg.norm",
    }

    def load(self) -> None:
        self._pytensor = importlib.import_module("pytensor")
        self._tensor = importlib.import_module("pytensor.tensor")
        self.relu = lambda x: self._tensor.maximum(x, 0)

    def measured(self, function: Callable[..., Any], at: Point) -> tuple[Any, list[Any]]:
        kinds = self._tensor.dscalar, self._tensor.dvector
        names = [kinds[np.ndim(v)](f"x{i}") for i, v in enumerate(at)]
        value = function(*names)
        slopes = self._pytensor.grad(value, names, disconnected_inputs="ignore")
        made = self._pytensor.function(names, [value, *slopes])
        found, *partials = made(*(np.asarray(v, float) for v in at))
        return found, partials


class CasADi(Library):
    distribution, title = "casadi", "CasADi"
    names: ClassVar = {
        **{"maximum": "casadi.fmax", "minimum": "casadi.fmin", "abs": "casadi.fabs"},
        **{n: f"casadi.{n}" for n in ("sqrt", "log", "exp", "hypot")},
        **{"max": "casadi.mmax", "norm": "casadi.norm_2", "sum": "casadi.sum1"},
        **{"power": "casadi.power", "where": "casadi.if_else", "logsumexp": "casadi.logsumexp"},
    }

    def load(self) -> None:
        self._casadi = importlib.import_module("casadi")
        self.relu = lambda x: self._casadi.fmax(x, 0)

    def measured(self, function: Callable[..., Any], at: Point) -> tuple[Any, list[Any]]:
        ca = self._casadi
        names = [ca.MX.sym(f"x{i}", max(1, np.size(v))) for i, v in enumerate(at)]
        value = function(*names)
        made = ca.Function("f", names, [value, *(ca.gradient(value, n) for n in names)])
        found, *partials = made.call([ca.DM(np.asarray(v, float)) for v in at])
        shaped = zip(partials, at, strict=True)
        return float(found), [np.array(p).reshape(np.shape(v)) for p, v in shaped]


class Autograd(Library):
    distribution, title = "autograd", "autograd"
    names: ClassVar = {
        **{n: f"autograd.numpy.{n}" for n in ("maximum", "minimum", "max", "hypot", "sqrt", "sum")},
        **{n: f"autograd.numpy.{n}" for n in ("abs", "power", "where", "log", "exp", "logaddexp")},
        **{"norm": "autograd.numpy.linalg.norm", "logsumexp": "autograd.scipy.special.logsumexp"},
    }

    def load(self) -> None:
        self._grad = importlib.import_module("autograd").grad
        numpy = importlib.import_module("autograd.numpy")
        self.relu = lambda x: numpy.maximum(x, 0.0)

    def measured(self, function: Callable[..., Any], at: Point) -> tuple[Any, list[Any]]:
        values = [np.asarray(v, float)[()] for v in at]
        return function(*values), [self._grad(function, i)(*values) for i in range(len(at))]


class Symback(Library):
    distribution, title = "symback", "symback"

    def load(self) -> None:
        self._symback = importlib.import_module("symback")

    def of(self, case: Case) -> tuple[Any, list[Any]]:
        text = case.circuit
        inputs = None if ":" in text else list(case.at)
        circuit = self._symback.circuit(text.replace("; ", "\n"), inputs=inputs, loss=None)
        module = circuit.compile()
        given = module.Inputs(**{n: np.asarray(v, float)[()] for n, v in case.at.items()})
        value, cache = module.forward(module.Params(), given)
        partials = module.backward(module.Params(), given, cache)[1]
        return value, [getattr(partials, n) for n in case.at]


LIBRARIES = (Jax, Torch, TensorFlow, PyTensor, CasADi, Autograd)


def cell(library: Library, case: Case) -> str:
    """The value and, behind a semicolon, the partials; a dash where there is no such function."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if isinstance(library, Symback):
            return written(*library.of(case))
        try:
            function = case.of(library)
        except AttributeError:
            return "–"
        try:
            return written(*library.measured(function, list(case.at.values())))
        except (AttributeError, NotImplementedError) as error:
            print(f"{library.title}: {case.circuit}: {error}", file=sys.stderr)
            return "–"


def written(value: Any, partials: Sequence[Any]) -> str:
    return f"{_number(value)}; {', '.join(map(_number, partials))}"


def _number(value: Any) -> str:
    if np.ndim(value):
        return f"[{', '.join(map(_number, np.asarray(value)))}]"
    text = f"{float(value):.4g}"
    return {"nan": "NaN", "inf": "∞", "-inf": "−∞", "-0": "0"}.get(text, text.replace("-", "−"))


def at_point(case: Case) -> str:
    return ", ".join(f"{n} = {_number(v)}" for n, v in case.at.items())


def table() -> str:
    own = Symback()
    others = [library() for library in LIBRARIES]
    heads = ["circuit", "at", "symback", *(f"{o.title} {o.version}" for o in others)]
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    for case in CASES:
        at = at_point(case)
        cells = [f"`{case.circuit}`", at, cell(own, case), *(cell(o, case) for o in others)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{START}{table()}{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
