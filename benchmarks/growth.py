"""How derivation grows: all partials of a scalar network of 10³ to 10⁵ parameters.

    f = Σ vᵢ·tanh(Σ wᵢⱼ·xⱼ + bᵢ) + c

Every system and size has a process of its own: `python -m benchmarks.growth SYSTEM WIDTH HIDDEN`.
Imports are not timed. Some partials are compared with the formula by hand.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from benchmarks.alone import Report, Stages, peak_memory, report, run_alone
from benchmarks.contest import Skip, compare, missing_packages

TOLERANCE = 1e-9
STAGES = ("build", "gradient", "code")
NOT_TRIED = Skip("not tried")


class Network(NamedTuple):
    """A layer of `hidden` neurons over `width` inputs, and one linear neuron over them."""

    width: int
    hidden: int

    @property
    def parameters(self) -> int:
        return self.hidden * (self.width + 2) + 1

    def names(self) -> list[str]:
        weights = [f"w{i}_{j}" for i in range(self.hidden) for j in range(self.width)]
        return [*weights, *(f"{v}{i}" for v in "bv" for i in range(self.hidden)), "c"]

    def inputs(self) -> list[str]:
        return [f"x{j}" for j in range(self.width)]

    def lines(self) -> Iterator[tuple[str, str]]:
        """Nodes and their formulas, as circuit text has them."""
        for i in range(self.hidden):
            products = " + ".join(f"w{i}_{j}*x{j}" for j in range(self.width))
            yield f"n{i}", f"{products} + b{i}"
            yield f"h{i}", f"tanh(n{i})"
        yield "f", " + ".join(f"v{i}*h{i}" for i in range(self.hidden)) + " + c"

    def text(self) -> str:
        return "\n".join(f"{name} = {formula}" for name, formula in self.lines())

    def nodes(
        self, symbols: dict[str, Any], tanh: Callable[[Any], Any], add: Callable[[Any], Any]
    ) -> dict[str, Any]:
        """The nodes as expressions of a system, over those nodes that have a symbol."""
        x = [symbols[name] for name in self.inputs()]
        found: dict[str, Any] = {}
        hidden = []
        for i in range(self.hidden):
            products = [symbols[f"w{i}_{j}"] * x[j] for j in range(self.width)]
            net = found[f"n{i}"] = add([*products, symbols[f"b{i}"]])
            h = found[f"h{i}"] = tanh(symbols.get(f"n{i}", net))
            hidden.append(symbols[f"v{i}"] * symbols.get(f"h{i}", h))
        found["f"] = add([*hidden, symbols["c"]])
        return found

    def point(self) -> dict[str, float]:
        """A value for each parameter and input; weights small, so that 1 - tanh² keeps digits."""
        rng = np.random.default_rng(0)
        names = [*self.names(), *self.inputs()]
        scales = [self.width**-0.5 if name[0] == "w" else 1.0 for name in names]
        return dict(zip(names, (rng.normal(size=len(names)) * scales).tolist(), strict=True))

    def values(self) -> dict[str, float]:
        """Of parameters, inputs and inner nodes at the point."""
        values = self.point()
        for i in range(self.hidden):
            terms = (values[f"w{i}_{j}"] * values[f"x{j}"] for j in range(self.width))
            values[f"n{i}"] = sum(terms) + values[f"b{i}"]
            values[f"h{i}"] = float(np.tanh(values[f"n{i}"]))
        return values

    def expected(self) -> dict[str, float]:
        """Some partials at the point, by hand."""
        values, last = self.values(), self.hidden - 1
        found = {"c": 1.0}
        for i, j in ((0, 0), (last // 2, self.width // 2), (last, self.width - 1)):
            slope = values[f"v{i}"] / np.cosh(values[f"n{i}"]) ** 2
            found[f"w{i}_{j}"] = float(slope * values[f"x{j}"])
            found[f"b{i}"] = float(slope)
            found[f"v{i}"] = values[f"h{i}"]
        return found


class Size(NamedTuple):
    network: Network
    limit: float  # seconds of one process
    runs: int


SIZES = (
    Size(Network(30, 31), 60, 1),
    Size(Network(54, 56), 120, 1),
    Size(Network(98, 100), 300, 1),
    Size(Network(176, 177), 600, 1),
    Size(Network(314, 316), 1200, 1),
)
QUICK_SIZES = (Size(Network(4, 5), 60, 1), Size(Network(9, 10), 60, 1))

Partials = Callable[[], dict[str, float]]


def derive_from_text(network: Network, watch: Stages) -> Partials:
    import symback as sb

    return _derived(network, watch, lambda: sb.circuit(network.text(), params=network.names()))


def derive_from_sympy(network: Network, watch: Stages) -> Partials:
    import sympy as sp

    import symback as sb

    def build() -> Any:
        inner = [f"{v}{i}" for v in "nh" for i in range(network.hidden)]
        leaves = [*network.names(), *network.inputs()]
        symbols = {name: sp.Symbol(name, real=True) for name in (*leaves, *inner)}
        nodes = network.nodes(symbols, sp.tanh, lambda terms: sp.Add(*terms))
        return sb.Circuit.from_sympy(nodes, params=network.names())

    return _derived(network, watch, build)


def _derived(network: Network, watch: Stages, build: Callable[[], Any]) -> Partials:
    import sympy as sp

    circuit = build()
    watch("build")
    gradient = circuit.gradient()
    partials = {name: gradient[name] for name in network.names()}
    watch("gradient")

    def check() -> dict[str, float]:
        values: dict[Any, Any] = {circuit[n].symbol: v for n, v in network.values().items()}
        for i in range(network.hidden):  # 1 - h**2 needs more digits of h than a float has
            net = sp.Float(values[circuit[f"n{i}"].symbol], 50)
            values[circuit[f"h{i}"].symbol] = sp.tanh(net)
        return {name: float(partials[name].subs(values).evalf()) for name in network.expected()}

    return check


def generate_from_text(network: Network, watch: Stages) -> Partials:
    import symback as sb

    circuit = sb.circuit(network.text(), params=network.names())
    watch("build")
    text = circuit.generate()
    watch("code")  # with the gradient, which has no stage of its own

    def check() -> dict[str, float]:
        module: dict[str, Any] = {"__name__": "generated"}
        exec(compile(text, "generated", "exec"), module)
        point = network.point()
        params = module["Params"](**{name: point[name] for name in network.names()})
        inputs = module["Inputs"](**{name: np.array([point[name]]) for name in network.inputs()})
        _, cache = module["forward"](params, inputs)
        bars, _ = module["backward"](params, inputs, cache)
        return {name: float(getattr(bars, name)) for name in network.expected()}

    return check


def with_sympy(network: Network, watch: Stages) -> Partials:
    import sympy as sp

    return _diff_each(network, watch, sp, lambda terms: sp.Add(*terms))


def with_symengine(network: Network, watch: Stages) -> Partials:
    import symengine as se

    return _diff_each(network, watch, se, lambda terms: se.Add(*terms))


def _diff_each(network: Network, watch: Stages, m: Any, add: Any) -> Partials:
    symbols = {name: m.Symbol(name) for name in (*network.names(), *network.inputs())}
    f = network.nodes(symbols, m.tanh, add)["f"]
    watch("build")
    partials = {name: f.diff(symbols[name]) for name in network.names()}
    watch("gradient")

    def check() -> dict[str, float]:
        values = {symbols[name]: value for name, value in network.point().items()}
        return {name: float(partials[name].subs(values).n()) for name in network.expected()}

    return check


def with_casadi(network: Network, watch: Stages) -> Partials:
    import casadi as cs

    names, inputs = network.names(), network.inputs()
    symbols = {name: cs.SX.sym(name) for name in (*names, *inputs)}
    f = network.nodes(symbols, cs.tanh, sum)["f"]
    leaves = cs.vertcat(*(symbols[name] for name in names))
    watch("build")
    gradient = cs.gradient(f, leaves)
    watch("gradient")

    def check() -> dict[str, float]:
        point = network.point()
        x = cs.vertcat(*(symbols[name] for name in inputs))
        function = cs.Function("gradient", [leaves, x], [gradient])
        found = np.array(function([point[n] for n in names], [point[n] for n in inputs])).ravel()
        return {n: float(found[names.index(n)]) for n in network.expected()}

    return check


@dataclass(frozen=True, slots=True)
class Deriver:
    """A system: how it derives, and the most parameters that it is asked for."""

    name: str
    derive: Callable[[Network, Stages], Partials]
    needs: tuple[str, ...] = ()
    largest: int = 1_000_000


SYSTEMS = {
    "text": Deriver("symback: gradients from circuit text", derive_from_text),
    "sympy-objects": Deriver(
        "symback: gradients from SymPy objects", derive_from_sympy, largest=10_100
    ),
    "module": Deriver("symback: module from circuit text", generate_from_text),
    "sympy": Deriver("SymPy, diff by each", with_sympy, largest=1_000),
    "symengine": Deriver("SymEngine, diff by each", with_symengine, ("symengine",), 3_200),
    "casadi": Deriver("CasADi, gradient", with_casadi, ("casadi",)),
}


def measured(key: str, size: Size) -> Report | Skip:
    """The median run of a system at a size, its partials compared."""
    system = SYSTEMS[key]
    if missing := missing_packages(system.needs):
        return Skip(f"{missing[0]} is not installed")
    if size.network.parameters > system.largest:
        return NOT_TRIED
    reports = []
    for _ in range(size.runs):
        found = run_alone("benchmarks.growth", (key, *size.network), size.limit)
        if isinstance(found, Skip):
            return found
        expected = size.network.expected()
        got = [found.found[name] for name in expected]
        quantities = [f"∂f/∂{name}" for name in expected]
        compare(system.name, got, "by hand", list(expected.values()), quantities, TOLERANCE)
        reports.append(found)
    middle = statistics.median_low(r.total for r in reports)
    return next(r for r in reports if r.total == middle)


def exponent(points: list[tuple[float, float]]) -> float:
    """p of the least-squares fit seconds = a·parametersᵖ, in logarithms."""
    x, y = np.log(points).T
    return float(np.polyfit(x, y, 1)[0])


def main() -> None:
    key, width, hidden = sys.argv[1:]
    network = Network(int(width), int(hidden))
    for module in ("numpy", "sympy", *SYSTEMS[key].needs):
        __import__(module)
    if key in ("text", "sympy-objects", "module"):
        import symback.autodiff.closed_forms
        import symback.codegen.generate
        import symback.codegen.numpy.module
        import symback.language.parse  # noqa: F401
    watch = Stages()
    check = SYSTEMS[key].derive(network, watch)
    report(watch, peak_memory(), check())


if __name__ == "__main__":
    main()
