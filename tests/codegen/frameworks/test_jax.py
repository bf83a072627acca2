"""JAX modules beside the truth, and under all that JAX transforms functions with."""

import numpy as np
import pytest
from mpmath import mp

import symback as sb
from symback.check.check import check_module
from tests.cases.framework_circuits import CIRCUITS

jax = pytest.importorskip("jax")
jnp = jax.numpy


@pytest.fixture(autouse=True)
def wide():
    with jax.enable_x64(True):
        yield


def module_of(name):
    return sb.circuit(CIRCUITS[name]).compile(target="jax")


def arguments(name, rng, rows=5):
    module = module_of(name)
    sizes = {"d": 3, "h": 4, "k": 2, "T": 5}
    shape = {n: tuple(sizes.get(s, s) for s in s_) for n, s_ in module.SHAPES.items()}
    params = module.Params(*(jnp.asarray(rng.normal(size=shape[n])) for n in module.Params._fields))
    drawn = {n: jnp.asarray(rng.normal(size=(rows, *shape[n]))) for n in module.Inputs._fields}
    if name == "two layers":
        drawn["t"] = jax.nn.softmax(drawn["t"])  # shares of classes
    return module, params, module.Inputs(**drawn)


@pytest.mark.slow
@pytest.mark.parametrize("name", CIRCUITS)
def test_values_and_derivatives_are_those_of_the_truth(name):
    circuit = sb.circuit(CIRCUITS[name])
    report = check_module(circuit, circuit.compile(target="jax"), points=20)
    assert report.passed, str(report)
    assert {"jvp", "hessp"} <= {row.quantity for row in report.rows}


@pytest.mark.parametrize("name", ["neuron", "two layers"])
def test_check_grads_of_order_two_in_both_modes(name):
    from jax.test_util import check_grads

    module, params, inputs = arguments(name, np.random.default_rng(0))
    moving = {n: v for n, v in inputs._asdict().items() if n not in module.TARGETS}

    def loss(params, moving):
        return module.loss(params, inputs._replace(**moving))

    def forward(params, moving):
        return module.forward(params, inputs._replace(**moving))

    check_grads(loss, (params, moving), order=2, modes=["fwd", "rev"])
    check_grads(forward, (params, moving), order=2, modes=["fwd", "rev"])


@pytest.mark.parametrize("name", CIRCUITS)
def test_all_transformations_agree(name):
    from jax.flatten_util import ravel_pytree

    module, params, inputs = arguments(name, np.random.default_rng(1))
    vector, unravel = ravel_pytree(params)

    def loss(v):
        return module.loss(unravel(v), inputs)

    hessian = jax.hessian(loss)(vector)
    assert hessian.shape == (vector.size, vector.size)
    assert np.allclose(hessian, hessian.T, rtol=1e-12, atol=1e-13)
    others = [jax.jacfwd(jax.jacfwd(loss))]
    if name != "masked":  # whose other branch is NaN, which JAX carries back
        others.append(jax.jacrev(jax.jacrev(loss)))
    for other in others:
        assert np.allclose(jax.jit(other)(vector), hessian, rtol=1e-11, atol=1e-12)
    each = jax.vmap(jax.grad(module.loss), in_axes=(None, 0))(params, inputs)
    mean = jax.tree.map(lambda bars: bars.mean(axis=0), each)
    assert jax.tree.all(jax.tree.map(np.allclose, mean, jax.grad(module.loss)(params, inputs)))
    rows = jax.vmap(module.forward, in_axes=(None, 0))(params, inputs)
    assert np.allclose(rows, module.forward(params, inputs), rtol=1e-14)


def test_training_with_scan_ends_where_numpy_does():
    module, params, inputs = arguments("neuron", np.random.default_rng(2))
    same = sb.circuit(CIRCUITS["neuron"]).compile()

    @jax.jit
    def train(params):
        def step(params, _):
            value, grad = jax.value_and_grad(module.loss)(params, inputs)
            return jax.tree.map(lambda w, bar: w - 0.1 * bar, params, grad), value

        return jax.lax.scan(step, params, length=20)

    found, losses = train(params)
    columns = same.Inputs(*map(np.asarray, inputs))
    start = same.Params(*map(np.asarray, params))
    right, all_losses = same.sgd(start, columns, learning_rate=0.1, epochs=20, batch_size=5)
    assert np.allclose(found, right, rtol=1e-12) and np.allclose(losses, all_losses, rtol=1e-12)


def test_conventions_at_kinks_are_symbacks():
    leaves = "a: input; b: input; c: input; d: input; e: input; g: input; "
    formula = "f = abs(a) + relu(b) + max(c, d) + hypot(e, g)"
    module = sb.circuit(leaves + formula, loss=None).compile(target="jax")
    point = module.Inputs(*([0.0] * 6))
    found = jax.grad(lambda x: module.forward(module.Params(), x))(point)
    assert dict(zip(found._fields, map(float, found), strict=True)) == {
        "a": 0.0, "b": 0.0, "c": 0.5, "d": 0.5, "e": 0.0, "g": 0.0,
    }  # fmt: skip


@pytest.mark.parametrize("x", [np.inf, np.nan, -1.0, 0.0])
def test_a_branch_that_is_not_taken_has_no_effect(x):
    text = "s: input; x: input; w: input; f = where(s > 0, log(x)*sqrt(x), s*w)"
    module = sb.circuit(text, loss=None).compile(target="jax")
    point = module.Inputs(s=-1.0, x=x, w=2.0)
    gradient = jax.grad(lambda p: module.forward(module.Params(), p))(point)
    assert float(gradient.x) == 0.0 and float(gradient.w) == -1.0
    hessian = jax.hessian(lambda p: module.forward(module.Params(), p))(point)
    assert float(hessian.x.x) == 0.0 and float(hessian.s.w) == 1.0


def test_float32_stays_and_new_sizes_are_traced_anew():
    with jax.enable_x64(False):
        module, params, inputs = arguments("two layers", np.random.default_rng(3))
        value, grad = jax.jit(module.value_and_grad)(params, inputs)
        assert {v.dtype.name for v in jax.tree.leaves((value, grad))} == {"float32"}
        more = jax.tree.map(lambda column: jnp.concatenate([column, column]), inputs)
        assert np.allclose(jax.jit(module.loss)(params, more), value, rtol=1e-6)


def test_what_is_wrong_is_named():
    module, params, inputs = arguments("two layers", np.random.default_rng(4))
    with pytest.raises(ValueError, match="W has shape"):
        module.forward(params._replace(W=params.W[0]), inputs)
    with pytest.raises(ValueError, match="t is missing"):
        module.loss(params, inputs._replace(t=None))
    with pytest.raises(TypeError, match="target"):
        jax.grad(lambda t: module.loss(params, inputs._replace(t=t)))(inputs.t)
    with pytest.raises(sb.SymbackError, match="'jnp' is a name"):
        sb.circuit("f = jnp*w").compile(target="jax")


@pytest.mark.parametrize("x", [700.0, -350.0, 20.5, 3.0, -1e-8])
def test_hyperbolic_functions_keep_their_digits(x):
    """Those of JAX lose some: findings/jax_sinh_of_large_numbers.sh."""
    module = sb.circuit("x: input; f = sinh(x) + 2*cosh(x)", loss=None).compile(target="jax")
    with mp.workdps(50):
        right = float(mp.sinh(x) + 2 * mp.cosh(x))
        slope = float(mp.cosh(x) + 2 * mp.sinh(x))
    value = module.forward(module.Params(), module.Inputs(x))
    bar = jax.grad(lambda p: module.forward(module.Params(), p))(module.Inputs(x)).x
    assert np.allclose([value, bar], [right, slope], rtol=2e-15)


def equations(jaxpr):
    """How many there are, in all that is called as well."""
    inner = [
        part.jaxpr if hasattr(part, "jaxpr") else part
        for equation in jaxpr.eqns
        for value in equation.params.values()
        for part in (value if isinstance(value, tuple | list) else [value])
        if hasattr(part, "jaxpr") or hasattr(part, "eqns")
    ]
    return len(jaxpr.eqns) + sum(map(equations, inner))


@pytest.mark.slow
@pytest.mark.parametrize("function", ["besselj", "besselk"])
def test_a_long_series_is_traced_as_one_of_its_steps(function):
    """Its values and first two derivatives are those of mpmath."""
    module = sb.circuit(f"f = {function}(1, w*x)", loss=None).compile(target="jax")
    params = module.Params(jnp.asarray(1.0))

    def value(x):
        return module.forward(params, module.Inputs(x))

    assert equations(jax.make_jaxpr(value)(1.0).jaxpr) < 700  # 2,000 to 3,000 step by step
    points = [0.25, 1.5, 6.0, 30.0]
    for order, call in enumerate((value, jax.grad(value), jax.grad(jax.grad(value)))):
        got = jax.vmap(call)(jnp.asarray(points))
        with mp.workdps(50):
            right = [mp.diff(lambda u: getattr(mp, function)(1, u), x, order) for x in points]
        np.testing.assert_allclose(got, np.array(right, float), rtol=2e-14)


def test_what_is_steep_is_carried_in_all_orders():
    """Of √(a·x + b) at x = 0 by a and x, also over samples and under jit."""
    module = sb.circuit("a: param; x: param; b: param; f = sqrt(a*x + b)", loss=None)
    module = module.compile(target="jax")

    def loss(v):
        return module.loss(module.Params(*v), module.Inputs())

    at = jnp.array([2.0, 0.0, 4.0])
    right = [[0, 0.25, 0], [0.25, -0.125, -0.0625], [0, -0.0625, -0.03125]]
    for outer in (jax.jacfwd, jax.jacrev):
        for inner in (jax.jacfwd, jax.jacrev):
            found = jax.jit(jax.vmap(outer(inner(loss))))(jnp.stack([at, at]))
            assert np.array_equal(found, [right, right])
    still = jax.jvp(loss, (jnp.array([2.0, 0.0, 0.0]),), (jnp.array([1.0, 0.0, 0.0]),))
    assert still == (0, 0)
