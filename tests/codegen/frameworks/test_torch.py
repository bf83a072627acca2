"""PyTorch modules beside the truth, and under all that PyTorch differentiates functions with."""

import shutil

import numpy as np
import pytest

import symback as sb
from symback.check.check import check_module
from tests.cases.framework_circuits import CIRCUITS

torch = pytest.importorskip("torch")


def arguments(name, seed, rows=4, dtype=torch.float64):
    module = sb.circuit(CIRCUITS[name]).compile(target="torch")
    rng, sizes = np.random.default_rng(seed), {"d": 3, "h": 2, "k": 2, "T": 5}
    shape = {n: tuple(sizes.get(s, s) for s in s_) for n, s_ in module.SHAPES.items()}

    def drawn(n, *lead):
        return torch.as_tensor(rng.normal(size=(*lead, *shape[n])), dtype=dtype)

    params = module.Params(*(drawn(n) for n in module.Params._fields))
    inputs = module.Inputs(*(drawn(n, rows) for n in module.Inputs._fields))
    if name == "two layers":
        inputs = inputs._replace(t=torch.softmax(inputs.t, dim=-1))  # shares of classes
    return module, params, inputs


@pytest.mark.slow
@pytest.mark.parametrize("name", CIRCUITS)
def test_values_and_derivatives_are_those_of_the_truth(name):
    circuit = sb.circuit(CIRCUITS[name])
    report = check_module(circuit, circuit.compile(target="torch"), points=20)
    assert report.passed, str(report)
    assert {"jvp", "hessp"} <= {row.quantity for row in report.rows}


@pytest.mark.parametrize("name", CIRCUITS)
def test_gradcheck_and_gradgradcheck(name):
    module, params, inputs = arguments(name, 0)
    moving = [n for n in module.Inputs._fields if n not in module.TARGETS]
    leaves = [v.requires_grad_() for v in (*params, *(getattr(inputs, n) for n in moving))]

    def split(values):
        count = len(params)
        columns = dict(zip(moving, values[count:], strict=True))
        return module.Params(*values[:count]), inputs._replace(**columns)

    for function in (module.loss, module.forward):
        call = lambda *values, f=function: f(*split(values))  # noqa: E731
        assert torch.autograd.gradcheck(call, leaves, check_forward_ad=True)
        assert torch.autograd.gradgradcheck(call, leaves, check_fwd_over_rev=True)


@pytest.mark.parametrize("name", CIRCUITS)
def test_functions_of_torch_func_agree(name):
    module, params, inputs = arguments(name, 1)
    sizes = [p.numel() for p in params]

    def loss(v):
        parts = zip(torch.split(v, sizes), params, strict=True)
        return module.loss(module.Params(*(part.reshape(p.shape) for part, p in parts)), inputs)

    vector = torch.cat([p.reshape(-1) for p in params])
    hessian = torch.func.hessian(loss)(vector)
    twice = torch.func.jacrev(torch.func.jacrev(loss))(vector)
    assert torch.allclose(hessian, twice, rtol=1e-12, atol=1e-13)
    assert torch.allclose(hessian, hessian.mT, rtol=1e-12, atol=1e-13)
    axes = (None, module.Inputs(*[0] * len(inputs)))
    each = torch.func.vmap(torch.func.grad(module.loss), in_dims=axes)(params, inputs)
    whole = torch.func.grad(module.loss)(params, inputs)
    for bars, bar in zip(each, whole, strict=True):
        assert torch.allclose(bars.mean(dim=0), bar, rtol=1e-12, atol=1e-13)
    rows = torch.func.vmap(module.forward, in_dims=axes)(params, inputs)
    assert torch.allclose(rows, module.forward(params, inputs), rtol=1e-14)


@pytest.mark.parametrize("name", CIRCUITS)
def test_value_and_grad_agrees_on_every_road(name):
    """Without a graph, with one that is differentiated again, and under vmap."""
    module, params, inputs = arguments(name, 7)
    value, grad = module.value_and_grad(params, inputs)
    assert not value.requires_grad and not any(bar.requires_grad for bar in grad)
    leaves = module.Params(*(p.clone().requires_grad_() for p in params))
    total = module.loss(leaves, inputs)
    right = torch.autograd.grad(total, leaves, create_graph=True)
    assert torch.allclose(value, total, rtol=1e-14)
    with_graph = module.value_and_grad(leaves, inputs)[1]
    for bar, other, kept in zip(grad, right, with_graph, strict=True):
        assert torch.allclose(bar, other, rtol=1e-13) and torch.allclose(bar, kept, rtol=1e-13)
    along = [torch.randn_like(p) for p in params]
    second = [
        torch.autograd.grad(bars, leaves, along, retain_graph=True, materialize_grads=True)
        for bars in (right, with_graph)
    ]
    exact = torch.func.jvp(
        lambda p: module.value_and_grad(p, inputs)[1], (params,), (module.Params(*along),)
    )[1]
    for found, again, h in zip(*second, exact, strict=True):
        assert torch.allclose(found, h, rtol=1e-12, atol=1e-13)
        assert torch.allclose(again, h, rtol=1e-12, atol=1e-13)
    axes = (None, module.Inputs(*[0] * len(inputs)))
    values, each = torch.func.vmap(module.value_and_grad, in_dims=axes)(params, inputs)
    assert torch.allclose(values.mean(), value, rtol=1e-13)
    for bars, bar in zip(each, grad, strict=True):
        assert torch.allclose(bars.mean(dim=0), bar, rtol=1e-12, atol=1e-13)


def operations(call):
    """What PyTorch runs in a call, without views."""
    from torch.utils._python_dispatch import TorchDispatchMode

    found = []

    class Count(TorchDispatchMode):
        def __torch_dispatch__(self, op, types, args=(), kwargs=None):
            if not op.is_view:
                found.append(str(op))
            return op(*args, **(kwargs or {}))

    with Count():
        call()
    return found


def gradient_by(module, function, params, inputs, chosen):
    """The gradient by some leaves, and how many operations it takes."""
    moving = [n for n in module.Inputs._fields if n not in module.TARGETS]
    p = module.Params(*(v.clone() for v in params))
    x = inputs._replace(**{n: getattr(inputs, n).clone() for n in moving})
    leaves = [*p, *(getattr(x, n) for n in moving)]
    asked, found = [leaves[i].requires_grad_() for i in chosen], []

    def call():
        value = function(p, x)
        if asked:
            found.extend(torch.autograd.grad(value, asked))

    return len(operations(call)), found


@pytest.mark.parametrize("name", [name for name in CIRCUITS if name != "loop"])
def test_only_the_partials_that_are_asked_for_are_computed(name):
    module, params, inputs = arguments(name, 8)
    count = len(params) + len(module.Inputs._fields) - len(module.TARGETS)
    choices = ([], [0], range(len(params)), range(count))
    for function in (module.loss, lambda *given: module.forward(*given).sum()):
        found = [gradient_by(module, function, params, inputs, chosen) for chosen in choices]
        whole = found[-1][1]
        for chosen, (_, bars) in zip(choices, found, strict=True):
            for place, bar in zip(chosen, bars, strict=True):
                assert torch.allclose(bar, whole[place], rtol=1e-13)
        counts = [n for n, _ in found]
        assert counts == sorted(counts) and counts[0] < counts[1] and counts[2] < counts[3]


def test_the_neuron_takes_fewer_operations_than_autograd():
    module, params, inputs = arguments("neuron", 9)
    leaves = module.Params(*(p.clone().requires_grad_() for p in params))

    def plain(p, x):
        f = x.x1 - torch.sigmoid(p.w3 * x.x3 + p.w4 * x.x4)
        return ((f - x.y) ** 2 / 2).mean()

    eager = operations(lambda: torch.autograd.grad(plain(leaves, inputs), leaves))
    own = operations(lambda: module.value_and_grad(params, inputs))
    assert len(own) < len(eager)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["eager", "aot_eager", "inductor"])
@pytest.mark.parametrize("name", CIRCUITS)
def test_compile_takes_the_whole_graph(name, backend):
    if backend == "inductor" and shutil.which("g++") is None:
        pytest.skip("Inductor needs g++, which is missing")
    module, params, inputs = arguments(name, 2)
    still = torch.compile(module.loss, fullgraph=True, backend=backend)(params, inputs)
    params = module.Params(*(p.requires_grad_() for p in params))
    value = torch.compile(module.loss, fullgraph=True, backend=backend)(params, inputs)
    right = module.loss(params, inputs)
    assert torch.allclose(value, right, rtol=1e-13) and torch.allclose(still, right, rtol=1e-13)
    found = torch.autograd.grad(value, params)
    whole = torch.autograd.grad(right, params)
    both = torch.compile(module.value_and_grad, fullgraph=True, backend=backend)(params, inputs)[1]
    for bar, again, other in zip(found, both, whole, strict=True):
        assert torch.allclose(bar, other, rtol=1e-12) and torch.allclose(again, other, rtol=1e-12)
    output = torch.compile(module.forward, fullgraph=True, backend=backend)(params, inputs)
    found = torch.autograd.grad(output.sum(), params)
    for bar, other in zip(
        found, torch.autograd.grad(module.forward(params, inputs).sum(), params), strict=True
    ):
        assert torch.allclose(bar, other, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_dtype_follows_the_arguments(dtype):
    module, params, inputs = arguments("two layers", 3, dtype=dtype)
    layer = module.Module(params)
    assert [n for n, _ in layer.named_parameters()] == ["W", "V"]
    value = layer.loss(inputs)
    value.backward()
    assert {value.dtype, layer(inputs).dtype, layer.W.grad.dtype} == {dtype}


def test_a_layer_passes_gradients_on():
    module, params, _ = arguments("two layers", 4, dtype=torch.float32)
    network = torch.nn.Sequential(torch.nn.Linear(5, 3), module.Module(params))
    shares = network(torch.randn(7, 5))
    (shares[:, 0] ** 2).sum().backward()
    assert network[0].weight.grad.abs().sum() > 0 and network[1].V.grad.abs().sum() > 0


def test_conventions_at_kinks_are_symbacks():
    leaves = "a: input; b: input; c: input; d: input; e: input; g: input; "
    formula = "f = abs(a) + relu(b) + max(c, d) + hypot(e, g)"
    module = sb.circuit(leaves + formula, loss=None).compile(target="torch")
    point = [torch.zeros((), dtype=torch.float64, requires_grad=True) for _ in range(6)]
    found = torch.autograd.grad(module.forward(module.Params(), module.Inputs(*point)), point)
    assert [float(bar) for bar in found] == [0.0, 0.0, 0.5, 0.5, 0.0, 0.0]


@pytest.mark.parametrize("x", [float("inf"), float("nan"), -1.0, 0.0])
def test_a_branch_that_is_not_taken_has_no_effect(x):
    text = "s: input; x: input; w: input; f = where(s > 0, log(x)*sqrt(x), s*w)"
    module = sb.circuit(text, loss=None).compile(target="torch")

    def f(*leaves):
        return module.forward(module.Params(), module.Inputs(*leaves))

    point = tuple(torch.tensor(v, dtype=torch.float64) for v in (-1.0, x, 2.0))
    gradient = torch.func.grad(f, argnums=(0, 1, 2))(*point)
    assert [float(bar) for bar in gradient] == [2.0, 0.0, -1.0]
    hessian = torch.func.hessian(f, argnums=(0, 1, 2))(*point)
    assert [[float(h) for h in row] for row in hessian] == [[0, 0, 1], [0, 0, 0], [1, 0, 0]]


def test_what_is_wrong_is_named():
    module, params, inputs = arguments("two layers", 5)
    with pytest.raises(ValueError, match="W has shape"):
        module.forward(params._replace(W=params.W[0]), inputs)
    with pytest.raises(ValueError, match="t is missing"):
        module.loss(params, inputs._replace(t=None))
    with pytest.raises(TypeError, match="target"):
        module.loss(params, inputs._replace(t=inputs.t.requires_grad_()))
    with pytest.raises(sb.SymbackError, match="'torch' is a name"):
        sb.circuit("f = torch*w").compile(target="torch")


def test_forward_over_forward_is_refused():
    """PyTorch gives 0 there: findings/torch_forward_over_forward.sh."""
    module, params, inputs = arguments("neuron", 6)
    slope = torch.func.jacfwd(module.loss)
    assert all(bar.abs() > 0 for bar in slope(params, inputs))
    with pytest.raises(RuntimeError, match="hessian"):
        torch.func.jacfwd(slope)(params, inputs)


def test_the_sign_of_nan_is_nan():
    """That of PyTorch is 0: findings/torch_sign_of_nan.sh."""
    module = sb.circuit("x: input; f = sign(x)", loss=None).compile(target="torch")
    found = module.forward(module.Params(), module.Inputs(torch.tensor([float("nan"), -2.0, 0.0])))
    assert torch.isnan(found[0]) and found[1:].tolist() == [-1.0, 0.0]


@pytest.mark.parametrize("formula", ["sum(x*w)**2/d", "sum(x*w)/(2*d)", "sum(x/w)*(1/(d + 1))"])
def test_what_divides_by_a_size_is_a_number_of_python(formula):
    """In modules and in bare code."""
    circuit = sb.circuit(f"x: input[d]; w: param[d]; E: loss = {formula}")
    here, there = circuit.compile(target="torch"), circuit.compile()
    w, x = np.array([1.0, -2.0, 0.5]), np.array([[2.0, 1.0, 4.0]])
    value, gradient = here.value_and_grad(
        here.Params(torch.as_tensor(w)), here.Inputs(torch.as_tensor(x))
    )
    right, partials = there.value_and_grad(there.Params(w), there.Inputs(x))
    assert float(value) == pytest.approx(right, rel=1e-14, abs=0)
    np.testing.assert_allclose(gradient.w, partials.w, rtol=1e-14)
    names = {}
    exec(circuit.code("torch", only="value"), names)
    assert float(names["E"](torch.as_tensor(x[0]), torch.as_tensor(w))) == pytest.approx(right)
