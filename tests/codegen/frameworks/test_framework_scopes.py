"""Constants, terms counted once, stated derivatives and indices in JAX and PyTorch modules."""

import inspect

import numpy as np
import pytest

import symback as sb
from symback.check.check import check_module
from tests.cases.scopes import CIRCUITS

SIZES = {"d": 2, "k": 3}
ROWS = 4


def drawn(module, circuit):
    """Parameters and samples for NumPy's module; constants without a batch axis."""
    rng = np.random.default_rng(0)
    shapes = getattr(module, "SHAPES", {})
    known = {n.name: tuple(SIZES.get(s, s) for s in shapes.get(n.name, ())) for n in circuit.leaves}
    params = module.Params(*(rng.normal(size=known[n]) for n in module.Params._fields))
    columns = {}
    for node in (*circuit.inputs, *circuit.targets, *circuit.constants):
        if node.role == "samples":
            continue  # counted
        lead = () if node.role == "const" else (ROWS,)
        columns[node.name] = rng.normal(size=(*lead, *known[node.name]))
        if node.name in ("i", "t"):
            columns[node.name] = rng.integers(0, SIZES["k"], size=lead)
    return params, columns


def gradient(target, module, params, columns):
    """Value, gradient and output in a framework."""
    package = pytest.importorskip(target)
    array = package.as_tensor if target == "torch" else package.numpy.asarray
    inputs = module.Inputs(**{n: array(v) for n, v in columns.items()})
    params = module.Params(*map(array, params))
    value, grad = module.value_and_grad(params, inputs)
    return value, grad, module.forward(params, inputs)


@pytest.mark.parametrize("target", ["jax", "torch"])
@pytest.mark.parametrize("name", CIRCUITS)
def test_modules_give_what_numpys_give(name, target):
    package = pytest.importorskip(target)
    circuit = sb.circuit(CIRCUITS[name])
    numpys = circuit.compile()
    params, columns = drawn(numpys, circuit)
    right = numpys.value_and_grad(params, numpys.Inputs(**columns))
    output, _ = numpys.forward(params, numpys.Inputs(**columns))
    module = circuit.compile(target=target)
    if target == "jax":
        with package.enable_x64(True):
            found = gradient(target, module, params, columns)
    else:
        found = gradient(target, module, params, columns)
    assert np.allclose(found[0], right[0], rtol=1e-13)
    for bar, expected in zip(found[1], right[1], strict=True):
        assert np.allclose(bar, expected, rtol=1e-12, atol=1e-15)
    assert np.allclose(found[2], output, rtol=1e-13) and found[2].shape == np.shape(output)


@pytest.mark.slow
@pytest.mark.parametrize("target", ["jax", "torch"])
@pytest.mark.parametrize("name", CIRCUITS)
def test_modules_agree_with_the_truth(name, target):
    pytest.importorskip(target)
    circuit = sb.circuit(CIRCUITS[name])
    report = check_module(circuit, circuit.compile(target=target), points=20)
    assert report.passed, str(report)


def test_constants_under_transformations_of_jax():
    jax = pytest.importorskip("jax")
    module = sb.circuit(CIRCUITS["once"]).compile(target="jax")
    rng = np.random.default_rng(1)
    params = module.Params(rng.normal(size=2))
    inputs = module.Inputs(rng.normal(size=(5, 2)), rng.normal(size=5), lam=2.0)
    value = jax.jit(module.loss)(params, inputs)
    assert np.allclose(value, module.loss(params, inputs))
    axes = module.Inputs(0, 0, lam=None, n=None)
    each = jax.vmap(module.loss, in_axes=(None, axes))(params, inputs._replace(n=5.0))
    assert np.allclose(each.mean(), value, rtol=1e-5)
    with pytest.raises(TypeError, match="a target or a const"):
        jax.grad(lambda c: module.loss(params, inputs._replace(lam=c)))(2.0)
    with pytest.raises(ValueError, match="lam is missing"):
        module.loss(params, inputs._replace(lam=None))


def test_constants_under_transformations_of_torch():
    torch = pytest.importorskip("torch")
    module = sb.circuit(CIRCUITS["once"]).compile(target="torch")
    params = module.Params(torch.randn(2))
    inputs = module.Inputs(torch.randn(5, 2), torch.randn(5), lam=torch.tensor(2.0))
    value = module.loss(params, inputs)
    compiled = torch.compile(module.loss, fullgraph=True, backend="eager")(params, inputs)
    assert torch.allclose(compiled, value)
    given = inputs._replace(n=torch.tensor(5.0))
    axes = (None, module.Inputs(0, 0, lam=None, n=None))
    each = torch.func.vmap(module.loss, in_dims=axes)(params, given)
    assert torch.allclose(each.mean(), value)
    hessian = torch.func.hessian(module.loss)(params, inputs)[0][0]
    assert torch.allclose(hessian, hessian.mT) and hessian.shape == (2, 2)
    with pytest.raises(TypeError, match="a target or a const"):
        module.loss(params, inputs._replace(lam=torch.tensor(2.0, requires_grad=True)))
    with pytest.raises(ValueError, match="lam is missing"):
        module.loss(params, inputs._replace(lam=None))


@pytest.mark.parametrize("name", CIRCUITS)
def test_device_and_dtype_follow_the_arguments_of_torch(name):
    """Tensors without numbers have a device of their own, `meta`."""
    torch = pytest.importorskip("torch")
    circuit = sb.circuit(CIRCUITS[name])
    module = circuit.compile(target="torch")
    params, columns = drawn(circuit.compile(), circuit)
    kind = {"device": "meta", "dtype": torch.float16}
    params = module.Params(*(torch.zeros(np.shape(v), **kind) for v in params))
    inputs = module.Inputs(**{n: torch.zeros(np.shape(v), **kind) for n, v in columns.items()})
    moving = module.Params(*(p.clone().requires_grad_() for p in params))
    value, grad = module.value_and_grad(params, inputs)
    others = torch.autograd.grad(module.loss(moving, inputs), moving)
    for found in (module.forward(params, inputs), value, *grad, *others):
        assert found.device.type == "meta" and found.dtype == torch.float16


def bare_results(circuit, language, values, array):
    """What the bare functions of the objective give, by their names."""
    names, of = {}, circuit.objective.name
    exec(circuit.code(language, only=["value", "gradient", "jvp", "hessp"], of=of), names)
    called = [of, f"{of}_gradient", f"{of}_jvp", f"{of}_hessp"]
    arguments = {n: inspect.signature(names[n]).parameters for n in called}
    return {n: names[n](*(array(values[a]) for a in arguments[n])) for n in called}


@pytest.mark.parametrize("language", ["jax", "torch"])
@pytest.mark.parametrize("name", CIRCUITS)
def test_bare_functions_give_what_numpys_give(name, language):
    package = pytest.importorskip(language)
    circuit, rng, values = sb.circuit(CIRCUITS[name]), np.random.default_rng(2), {}
    for leaf in circuit.leaves:
        shape = tuple(int(s) if s.is_Integer else SIZES[str(s)] for s in leaf.shape)
        values[leaf.name], values[f"{leaf.name}_dot"] = rng.normal(size=(2, *shape))
        if leaf.role == "samples":
            values[leaf.name] = np.float64(ROWS)
        if leaf.name in ("i", "t"):
            values[leaf.name] = np.int64(1)
    right = bare_results(circuit, "numpy", values, np.asarray)
    if language == "jax":
        with package.enable_x64(True):
            found = bare_results(circuit, language, values, package.numpy.asarray)
    else:
        found = bare_results(circuit, language, values, package.as_tensor)
    for function, result in right.items():
        pairs = (r if isinstance(r, tuple) else (r,) for r in (found[function], result))
        for value, expected in zip(*pairs, strict=True):
            assert np.allclose(value, expected, rtol=1e-12, atol=1e-15), function
