"""The mean loss of a scalar formula and its gradient over a batch, system by system."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from benchmarks import by_hand, native, threads
from benchmarks.contest import SYMBACK, Run, Skip, System
from benchmarks.formulas import Functions, Samples, functions
from benchmarks.modules import module

TOLERANCE = 1e-9


def with_symback(target: str, work: Samples) -> Run | Skip:
    made = module(work.formula.circuit, target)
    if isinstance(made, Skip):
        return made
    params = made.Params(**dict(zip(work.formula.params, work.theta, strict=True)))
    inputs = made.Inputs(**dict(zip(work.formula.columns, work.columns, strict=True)))

    def run() -> Sequence[Any]:
        value, bars = made.value_and_grad(params, inputs)
        return value, *bars

    return run


def with_bound(target: str, work: Samples) -> Run | Skip:
    """The samples are read once, and the parameters are a vector."""
    made = module(work.formula.circuit, target, ("bind",))
    if isinstance(made, Skip):
        return made
    vector = np.array(work.theta)
    columns = dict(zip(work.formula.columns, work.columns, strict=True))
    bound = made.bind(made.Inputs(**columns))
    assert made.Params._fields == work.formula.params

    def run() -> Sequence[Any]:
        value, gradient = bound.objective(vector)
        return value, *gradient.tolist()

    return run


def with_lambdify(cse: bool, work: Samples) -> Run:
    import sympy as sp

    params = sp.symbols(work.formula.params, real=True)
    columns = sp.symbols(work.formula.columns, real=True)
    loss = work.formula.loss(functions(sp), *params, *columns)
    outputs = [loss, *(sp.diff(loss, p) for p in params)]
    function = sp.lambdify([*params, *columns], outputs, "numpy", cse=cse)
    return lambda: [np.mean(v) for v in function(*work.theta, *work.columns)]


def with_autograd(work: Samples) -> Run:
    import autograd.numpy as anp
    from autograd import value_and_grad

    m = functions(anp)

    def mean(*values: Any) -> Any:
        return anp.mean(work.formula.loss(m, *values))

    gradient = value_and_grad(mean, argnum=tuple(range(len(work.theta))))

    def run() -> Sequence[Any]:
        value, bars = gradient(*work.theta, *work.columns)
        return value, *bars

    return run


def with_torch(work: Samples) -> Run:
    import torch

    torch.set_num_threads(threads.count())
    m = Functions(torch.exp, torch.tanh, torch.sigmoid)
    theta = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in work.theta]
    columns = [torch.from_numpy(c) for c in work.columns]

    def run() -> Sequence[Any]:
        loss = work.formula.loss(m, *theta, *columns).mean()
        return loss.detach(), *torch.autograd.grad(loss, theta)

    return run


def with_jax(work: Samples) -> Run:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    m = Functions(jnp.exp, jnp.tanh, jax.nn.sigmoid)

    def mean(*values: Any) -> Any:
        return jnp.mean(work.formula.loss(m, *values))

    gradient = jax.jit(jax.value_and_grad(mean, argnums=tuple(range(len(work.theta)))))
    values = jax.device_put((*work.theta, *work.columns))

    def run() -> Sequence[Any]:
        value, bars = jax.block_until_ready(gradient(*values))
        return value, *bars

    return run


def with_pytensor(work: Samples) -> Run:
    import pytensor
    import pytensor.tensor as pt

    m = Functions(pt.exp, pt.tanh, pt.sigmoid)
    theta = [pt.dscalar(name) for name in work.formula.params]
    columns = [pt.dvector(name) for name in work.formula.columns]
    loss = pt.mean(work.formula.loss(m, *theta, *columns))
    results = [loss, *pytensor.grad(loss, theta)]
    gradient = pytensor.function([*theta, *columns], results, trust_input=True)
    values = [*map(np.asarray, work.theta), *work.columns]
    return lambda: gradient(*values)


def with_heyoka(work: Samples) -> Run:
    """Compiled for the processor's vectors; parameters are columns as well, which it asks for."""
    import heyoka as hy

    names = (*work.formula.params, *work.formula.columns)
    values = hy.make_vars(*names)
    m = Functions(hy.exp, hy.tanh, hy.sigmoid)
    loss = work.formula.loss(m, *values)
    tensors = hy.diff_tensors([loss], diff_args=values[: len(work.theta)], diff_order=1)
    compiled = hy.cfunc([loss, *tensors.gradient], vars=values)
    n = len(work.columns[0])
    given = np.array([*(np.full(n, v) for v in work.theta), *work.columns])
    found = np.empty((len(work.theta) + 1, n))
    return lambda: compiled(given, outputs=found).mean(axis=1)


def with_casadi_map(work: Samples) -> Run:
    """The function of one sample, mapped over the batch, sums taken by the map."""
    import casadi as cs

    theta = [cs.SX.sym(name) for name in work.formula.params]
    columns = [cs.SX.sym(name) for name in work.formula.columns]
    loss = work.formula.loss(functions(cs), *theta, *columns)
    results = [loss, *cs.vertsplit(cs.gradient(loss, cs.vertcat(*theta)))]
    n = len(work.columns[0])
    shared, summed = list(range(len(theta))), list(range(len(results)))
    function = cs.Function("sample", [*theta, *columns], results)
    mapped = function.map("batch", "serial", n, shared, summed)
    values = [cs.DM(v) for v in work.theta] + [cs.DM(c).T for c in work.columns]
    return lambda: [float(total) / n for total in mapped(*values)]


def with_casadi_columns(work: Samples) -> Run:
    """The loss of the whole batch as one graph over columns."""
    import casadi as cs

    n = len(work.columns[0])
    theta = [cs.MX.sym(name) for name in work.formula.params]
    columns = [cs.MX.sym(name, n) for name in work.formula.columns]
    loss = cs.sum1(work.formula.loss(functions(cs), *theta, *columns)) / n
    function = cs.Function(
        "batch", [*theta, *columns], [loss, *(cs.gradient(loss, p) for p in theta)]
    )
    values = [cs.DM(v) for v in (*work.theta, *work.columns)]
    return lambda: [float(v) for v in function(*values)]


def _in_wrenfold(work: Samples) -> Callable[..., Any]:
    """The formula and its partials as wrenfold reads functions: with annotated arguments."""
    from inspect import Parameter, Signature

    from wrenfold import code_generation, sym, type_annotations

    names = (*work.formula.params, *work.formula.columns)

    def sample(**values: Any) -> Any:
        loss = work.formula.loss(functions(sym), *(values[name] for name in names))
        bars = [loss.diff(values[name]) for name in work.formula.params]
        return [code_generation.OutputArg(v, f"out{i}") for i, v in enumerate([loss, *bars])]

    kind, scalar = Parameter.POSITIONAL_OR_KEYWORD, type_annotations.FloatScalar
    sample.__signature__ = Signature([Parameter(n, kind, annotation=scalar) for n in names])  # type: ignore[attr-defined]
    sample.__annotations__ = dict.fromkeys(names, scalar)
    return sample


def with_wrenfold_numpy(work: Samples) -> Run:
    """Its scalar code takes columns as well."""
    from wrenfold import code_generation

    function, _ = code_generation.generate_python(_in_wrenfold(work))
    return lambda: [np.mean(v) for v in function(*work.theta, *work.columns)]


def with_wrenfold_cpp(work: Samples) -> Run | Skip:
    """Its C++ for one sample, in a loop."""
    from wrenfold import code_generation

    code = code_generation.generate_function(
        _in_wrenfold(work), code_generation.CppGenerator(), name="sample"
    )
    params, columns = work.formula.params, work.formula.columns
    results = len(params) + 1
    arguments = [f"double {p}" for p in params] + [f"const double *__restrict {c}" for c in columns]
    outs = [f"out{i}" for i in range(results)]
    read = ", ".join([*params, *(f"{c}[i]" for c in columns), *outs])
    loop = f"""
extern "C" void batch(long n, {", ".join(arguments)}, double *__restrict sums)
{{
    double {", ".join(f"sum{i} = 0" for i in range(results))};
    for (long i = 0; i < n; i++) {{
        double {", ".join(outs)};
        sample<double>({read});
        {" ".join(f"sum{i} += out{i};" for i in range(results))}
    }}
    {" ".join(f"sums[{i}] = sum{i};" for i in range(results))}
}}
"""
    library = native.load("#include <cmath>\n" + code + loop, "cpp")
    if isinstance(library, Skip):
        return library
    return native.batch_mean(library.batch, work.theta, work.columns, results)


SYSTEMS = (
    System("NumPy by hand", by_hand.with_numpy),
    System("SymPy lambdify(diff)", partial(with_lambdify, False)),
    System("SymPy lambdify(diff, cse=True)", partial(with_lambdify, True)),
    System(SYMBACK, partial(with_symback, "numpy")),
    System("symback, NumPy, bound", partial(with_bound, "numpy")),
    System("NumPy by hand, on blocks", by_hand.with_blocks),
    System("autograd", with_autograd, ("autograd",)),
    System("PyTorch", with_torch, ("torch",)),
    System("JAX jit", with_jax, ("jax",)),
    System("PyTensor", with_pytensor, ("pytensor",)),
    System("heyoka", with_heyoka, ("heyoka",)),
    System("CasADi map", with_casadi_map, ("casadi",)),
    System("CasADi on columns", with_casadi_columns, ("casadi",)),
    System("wrenfold, NumPy code on columns", with_wrenfold_numpy, ("wrenfold",)),
    System("wrenfold, C++ in a loop", with_wrenfold_cpp, ("wrenfold",)),
    System("Numba loop by hand", by_hand.with_numba, ("numba",)),
    System("C loop by hand", by_hand.with_c),
    System("symback, C", partial(with_symback, "c")),
    System("symback, C, bound", partial(with_bound, "c")),
)
