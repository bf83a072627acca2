"""The table of works: each is run with all its systems and gives a section of the page."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import (
    cold_start,
    gmm,
    gradients,
    growth,
    hessians,
    jacobians,
    limits,
    lstm,
    mixture,
    product,
    trained,
    training,
)
from benchmarks.alone import Report
from benchmarks.contest import Effort, Result, Skip, contest, missing_packages
from benchmarks.formulas import BELL, NEURON, TWO_LAYERS, Formula, samples
from benchmarks.page import Plot, Section, Table, grid, lines_of, shown, three_digits

FLOAT64, FLOAT32 = 1e-9, 1e-4
MEGABYTE = 2.0**20


@dataclass(frozen=True, slots=True)
class Settings:
    effort: Effort
    is_quick: bool = False


def _over_batches(formula: Formula, settings: Settings) -> dict[float, Result]:
    batches = formula.batches[:2] if settings.is_quick else formula.batches
    return {
        b: contest(
            gradients.SYSTEMS,
            samples(formula, b),
            formula.quantities,
            tolerance=gradients.TOLERANCE,
            effort=settings.effort,
        )
        for b in batches
    }


def _labelled(results: dict[float, Result]) -> dict[str, Result]:
    return {f"b = {b:,}": result for b, result in results.items()}


def run_neuron(settings: Settings) -> Section:
    results = _over_batches(NEURON, settings)
    return Section(
        "Value and gradient of a neuron over a batch",
        (
            "The mean over b samples of (f − y)²/2 with f = (x3 + x5) − σ(w3·x3 + w4·x4), and its "
            f"partials by w3 and w4, float64. All agree to {gradients.TOLERANCE:.0e}. The loops by "
            "hand and around wrenfold's C++ are compiled with -O3 -march=native -ffast-math.",
            *grid("system", _labelled(results)),
            Plot("speed_neuron", "samples", "seconds", lines_of(results)),
        ),
    )


def run_formulas(settings: Settings) -> Section:
    parts: list[str | Table | Plot] = []
    for formula in (TWO_LAYERS, BELL):
        code = formula.circuit.replace("\n", "; ")
        parts.append(f"The same of `{code}`:")
        parts += grid(formula.name, _labelled(_over_batches(formula, settings)))
    return Section("Other formulas", tuple(parts))


def run_jacobians(settings: Settings) -> Section:
    rows = jacobians.ROWS[:1] if settings.is_quick else jacobians.ROWS
    works = {f"curve, n = {n:,}": jacobians.gauss(n) for n in rows}
    works["kinetics"] = jacobians.robertson()
    results = {
        name: contest(
            jacobians.SYSTEMS,
            work,
            jacobians.QUANTITIES,
            tolerance=jacobians.TOLERANCE,
            effort=settings.effort,
        )
        for name, work in works.items()
    }
    return Section(
        "Jacobians by the parameters",
        (
            f"The n × 8 partials of `{jacobians.GAUSS}` (Gauss1 of NIST) by its parameters, and "
            "the 3 × 3 ones of Robertson's kinetics at one state, float64; all agree to "
            f"{jacobians.TOLERANCE:.0e}. By hand the kinetics are Python numbers, put into an "
            "array. Unless it says unbound, symback reads the samples once.",
            *grid("system", results),
        ),
    )


def run_hessians(settings: Settings) -> Section:
    size = 100 if settings.is_quick else hessians.SIZE
    works = {
        f"Rosenbrock, n = {size:,}": hessians.rosenbrock(size),
        "H·v of a network": hessians.network(),
    }
    results = {
        name: contest(
            hessians.SYSTEMS,
            work,
            hessians.QUANTITIES,
            tolerance=hessians.TOLERANCE,
            effort=settings.effort,
        )
        for name, work in works.items()
    }
    return Section(
        "Second derivatives",
        (
            "The Hessian of Rosenbrock's function of n numbers, sparse but for JAX's, and the "
            "product of that of a network of 64-32-10 (tanh, softmax cross-entropy, 128 samples) "
            f"with a vector, float64; all agree to {hessians.TOLERANCE:.0e}. CasADi's is over SX, "
            "and JAX has `hessian`, and `jvp` of `grad`, under jit. Unless it says unbound, "
            "symback reads the samples once.",
            *grid("system", results),
        ),
    )


def run_steps(settings: Settings) -> Section:
    work = trained.neuron(20 if settings.is_quick else trained.STEPS)
    result = _trained(work, FLOAT64, settings)
    count = len(work.rows["y"]) // training.BATCH
    return Section(
        f"{count:,} steps of SGD with the neuron",
        (
            f"Mini-batches of {training.BATCH} samples in their order, float64, the loss of every "
            f"step kept. How far the parameters move agrees to {FLOAT64:.0e}.",
            *grid("system", {f"{count:,} steps": result}),
        ),
    )


def run_digits(settings: Settings) -> Section:
    works = {"float64": FLOAT64, "float32": FLOAT32}
    results = {
        dtype: _trained(trained.digits(dtype), tolerance, settings)
        for dtype, tolerance in works.items()
    }
    return Section(
        "One epoch of a network on digits",
        (
            f"1,797 digits, 64-128-10, tanh, softmax cross-entropy, b = {training.BATCH}, "
            "shuffled. "
            "How far the parameters move in an epoch agrees to "
            f"{FLOAT64:.0e} in float64 and {FLOAT32:.0e} in float32. The loops by hand take "
            "1 − tanh² for the slope; the module's slope keeps its digits.",
            *grid("system", results),
        ),
    )


def _trained(work: training.Training, tolerance: float, settings: Settings) -> Result:
    return contest(
        training.SYSTEMS,
        work,
        work.quantities,
        tolerance=tolerance,
        effort=settings.effort,
        read=work.read,
    )


def run_mixture(settings: Settings) -> Section:
    results: dict[float, Result] = {
        b: contest(
            mixture.SYSTEMS,
            mixture.mixture(b),
            mixture.QUANTITIES,
            tolerance=mixture.TOLERANCE,
            effort=settings.effort,
        )
        for b in mixture.BATCHES
    }
    return Section(
        "A mixture of normal distributions",
        (
            f"The mean negative log-likelihood of {mixture.COMPONENTS} components of "
            f"{mixture.MEASURES} measures and its gradient by all parameters, float64; all "
            f"agree to {mixture.TOLERANCE:.0e}.",
            *grid("system", _labelled(results)),
        ),
    )


def run_gmm(settings: Settings) -> Section:
    result = contest(
        gmm.SYSTEMS, gmm.gmm(), gmm.QUANTITIES, tolerance=gmm.TOLERANCE, effort=settings.effort
    )
    return Section(
        "ADBench's Gaussian mixture",
        (
            f"{gmm.COMPONENTS} components of {gmm.MEASURES} measures with full covariances, "
            f"{gmm.POINTS:,} points: the mean loss and its gradient by all parameters, float64; "
            f"all agree to {gmm.TOLERANCE:.0e}.",
            *grid("system", {f"{gmm.POINTS:,} points": result}),
        ),
    )


def run_lstm(settings: Settings) -> Section:
    result = contest(
        lstm.SYSTEMS, lstm.lstm(), lstm.QUANTITIES, tolerance=lstm.TOLERANCE, effort=settings.effort
    )
    return Section(
        "ADBench's LSTM",
        (
            f"A sequence of {lstm.CHARACTERS} characters through {lstm.LAYERS} layers of "
            f"{lstm.UNITS} units, whose gates work element by element: the loss and its gradient "
            f"by all parameters, float64; all agree to {lstm.TOLERANCE:.0e}. Loops stay loops in "
            "symback's modules (`docs/loops.md`) and in JAX's scan; PyTorch's is Python's.",
            *grid("system", {f"{lstm.CHARACTERS} characters": result}),
        ),
    )


def run_cold_start(settings: Settings) -> Section:
    with tempfile.TemporaryDirectory() as folder:
        result = contest(
            cold_start.SYSTEMS,
            Path(folder),
            cold_start.QUANTITIES,
            tolerance=cold_start.TOLERANCE,
            effort=replace(settings.effort, longest=60.0),  # of which none may be left out
        )
    return Section(
        "From the start of a process to its first gradient",
        ("The neuron at one sample, `python -c …`.", *grid("system", {"time": result})),
    )


def run_growth(settings: Settings) -> Section:
    rows: list[tuple[str, ...]] = []
    lines: dict[str, list[tuple[float, float]]] = {}
    for key, system in growth.SYSTEMS.items():
        for size in growth.QUICK_SIZES if settings.is_quick else growth.SIZES:
            found = growth.measured(key, size)
            if found == growth.NOT_TRIED:
                break
            parameters = size.network.parameters
            rows.append((system.name, f"{parameters:,}", *_stages(found, growth.STAGES)))
            if isinstance(found, Report):
                lines.setdefault(system.name, []).append((parameters, found.total))
            print("  ", *rows[-1], flush=True)
            if isinstance(found, Skip):
                break  # larger ones take longer
    fits = [
        f"{name}: {growth.exponent(points):.2f} ({len(points)} sizes)"
        for name, points in lines.items()
        if len(points) > 1
    ]
    head = ("system", "parameters", *growth.STAGES, "all", "peak memory")
    return Section(
        "Deriving all partials of a scalar network",
        (
            "A layer of tanh over inputs and a linear neuron over it, every weight a scalar "
            "parameter. Each row is a process of its own, its imports not counted, and ended after "
            + ", ".join(f"{s.limit:,.0f} s ({s.network.parameters:,})" for s in growth.SIZES)
            + ". A module's gradient is derived while its code is generated. "
            f"Some partials are compared with those by hand, to {growth.TOLERANCE:.0e}.",
            Table(head, tuple(rows)),
            f"Exponents p of seconds ~ parametersᵖ, by least squares: {'; '.join(fits)}.",
            Plot("speed_growth", "parameters", "seconds", lines),
        ),
    )


def _stages(found: Report | Skip, stages: tuple[str, ...]) -> tuple[str, ...]:
    if isinstance(found, Skip):
        return (*("–" for _ in stages), found.reason, "–")
    times = [shown(found.stages[s]) if s in found.stages else "–" for s in stages]
    return (*times, shown(found.total), _memory(found.peak))


def _memory(peak: int | None) -> str:
    return "–" if peak is None else f"{peak / MEGABYTE:,.0f} MB"


def run_product(settings: Settings) -> Section:
    rows = []
    for key, (name, _, sizes) in product.SYSTEMS.items():
        for n in sizes[:1] if settings.is_quick else sizes:
            found = product.measured(key, n)
            counts = ("–",) * 4
            if isinstance(found, Report):
                forward, both = found.found["forward"], found.found["both"]
                ratio, once = three_digits(both / forward), shown(found.found["seconds"])
                counts = (f"{forward:,}", f"{both:,}", ratio, once)
            rows.append((name, f"{n:,}", *counts, *_stages(found, growth.STAGES)))
            print("  ", *rows[-1], flush=True)
    head = ("system", "factors", "operations", "with gradient", "ratio", "one evaluation")
    return Section(
        "A product of many factors",
        (
            "All partials of x0·x1·…; operations of the product, and of the product with its "
            "gradient, counted alike for both. One evaluation is the fastest of many; the times of "
            f"deriving follow. Partials agree with those by hand to {product.TOLERANCE:.0e}.",
            Table((*head, *growth.STAGES, "all", "peak memory"), tuple(rows)),
        ),
    )


def run_limits(settings: Settings) -> Section:
    rows = [
        (limit.what, limit.each, limit.work, shown(limit.least))
        for limit in limits.measured(3 if settings.is_quick else 50)
    ]
    return Section(
        "What the machine allows",
        (
            "What a share of some works takes, the fastest of many: products at the rate of "
            "NumPy's, reading, calls. "
            "C modules of arrays compute values of type float32 in double: the rate of float64 "
            "bounds them, where JAX has that of float32. A slope that keeps its digits takes more "
            "operations of NumPy than one computed from the value, such as 1 − tanh².",
            Table(("limit", "measured", "work", "takes for it alone"), tuple(rows)),
            "Where more was tried:",
            Table(("work", "measured", "where the time goes"), limits.TRIED),
        ),
    )


@dataclass(frozen=True, slots=True)
class Work:
    run: Callable[[Settings], Section]
    needs: tuple[str, ...] = ()

    def section(self, name: str, settings: Settings) -> Section:
        if missing := missing_packages(self.needs):
            return Section(name, (f"Skipped: {missing[0]} is not installed.",))
        return self.run(settings)


WORKS = {
    "neuron": Work(run_neuron),
    "formulas": Work(run_formulas),
    "jacobians": Work(run_jacobians),
    "hessians": Work(run_hessians),
    "steps": Work(run_steps),
    "digits": Work(run_digits, ("sklearn",)),
    "mixture": Work(run_mixture),
    "gmm": Work(run_gmm),
    "lstm": Work(run_lstm),
    "product": Work(run_product),
    "growth": Work(run_growth),
    "cold-start": Work(run_cold_start),
    "limits": Work(run_limits),
}
