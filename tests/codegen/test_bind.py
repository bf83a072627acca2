"""`bind`: what samples give that were read once is what they give that are read at each call."""

import pickle
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import symback as sb
from symback.circuits.requirements import classes, distributions, least_sizes
from symback.codegen.generate import generate
from symback.codegen.numpy.bound import METHODS
from symback.errors import Unsupported
from tests.cases import array_circuits, sample_circuits
from tests.cases.compilers import compiles
from tests.cases.one_in import one_in

ROOT = Path(__file__).resolve().parents[2]
WITHOUT_PARAMETERS = {"l1_single_neuron", "l2_two_neurons", "l3_multiple_input"}
EXAMPLES = {
    path.stem: path.read_text()
    for path in sorted((ROOT / "examples").rglob("*.circuit"))
    if path.stem not in WITHOUT_PARAMETERS
}
LONG = ("attention", "lstm", "mixture")  # each needs seconds to derive
STRUCTURES = ("guarded where", "constant value", "Rosenbrock", "target t", "30 parameters")
ARRAYS = ("two layers", "cross-entropy by row", "extremes", "no samples", "class indices")
ROBERTSON = """
y1: param;  y2: param;  y3: param
slow = 0.04*y1;  fast = 1e4*y2*y3;  faster = 3e7*y2**2
f: output = [fast - slow, slow - fast - faster, faster]
loss: none
"""
TEXTS = {
    "kinetics": ROBERTSON,
    "no slope": "f = w*x + sign(b)",
    **EXAMPLES,
    **{name: sample_circuits.ALL[name] for name in STRUCTURES},
    **{name: text for name, text in array_circuits.CIRCUITS.items() if name in ARRAYS},
}
SHORT = [name for name in TEXTS if name not in LONG]
NUMPY = [("numpy", name) for name in SHORT]
C = [("c", name) for name in SHORT]


def offered(circuit, target):
    """The functions to bind that a circuit has in that target."""
    found = []
    for name in METHODS:
        try:
            generate(circuit, target=target, functions=name)
        except Unsupported:
            continue
        found.append(name)
    return found


@cache
def made(circuit, target="numpy", functions=None):
    circuit = sb.circuit(circuit) if isinstance(circuit, str) else circuit
    names = offered(circuit, target) if functions is None else functions
    return circuit.compile(target=target, functions=(*names, "bind"))


def drawn(circuit, module, dtype, rows=4):
    """Samples and a vector of parameters that a circuit's formulas take."""
    rng = np.random.default_rng(5)
    least = least_sizes(circuit)
    sizes = {s: max(3 + i, least.get(str(s), 1)) for i, s in enumerate(circuit.size_names)}
    columns = {}
    for node in (*circuit.inputs, *circuit.targets):
        shape = rows, *(int(size.subs(sizes)) for size in node.shape)
        columns[node.name] = rng.uniform(0.5, 2, shape)
    for name in distributions(circuit):
        columns[name] /= columns[name].sum(axis=-1, keepdims=True)
    for name, count in classes(circuit).items():
        columns[name] = rng.integers(int(count.subs(sizes)), size=rows)
    count = sum(int(np.prod([int(s.subs(sizes)) for s in p.shape])) for p in circuit.params)
    arrays = [columns[name].astype(dtype) for name in module.Inputs._fields]
    named = {str(s): n for s, n in sizes.items()} if circuit.has_arrays else {}
    return module.Inputs(*arrays), rng.uniform(0.5, 2, count).astype(dtype), named


def one(inputs):
    return type(inputs)(*(None if v is None else v[0] for v in inputs))


def results(module, inputs, vector, bound, **sizes):
    """What each function gives, by its name; at bound samples where these are given."""
    v = np.linspace(-1, 1, vector.size).astype(vector.dtype)
    found = {}
    if bound is None:
        found["output"] = module.forward(module.unravel(vector, **sizes), inputs)[0]
    else:
        found["output"] = bound.output(vector)
    for name in ("objective", *METHODS):
        arguments = (vector, v) if name == "hessp" else (vector,)
        if bound is None and hasattr(module, name):
            try:
                found[name] = getattr(module, name)(*arguments, inputs, **sizes)
            except (ArithmeticError, ValueError) as error:  # of covariance
                found[name] = str(error)
        elif hasattr(bound, name):
            try:
                found[name] = getattr(bound, name)(*arguments)
            except (ArithmeticError, ValueError) as error:
                found[name] = str(error)
    return found


def assert_same_bits(found, expected):
    if isinstance(expected, str):
        assert found == expected
    elif isinstance(expected, tuple):
        assert type(found) is type(expected)
        assert len(found) == len(expected)
        for a, b in zip(found, expected, strict=True):
            assert_same_bits(a, b)
    else:
        assert type(found) is type(expected)
        a, b = np.asarray(found), np.asarray(expected)
        assert (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes())


@pytest.mark.parametrize(
    ("target", "name"),
    [
        *one_in(4, NUMPY),
        *(pytest.param(*c.values, marks=[*c.marks, compiles]) for c in one_in(12, C)),
        *(pytest.param(t, n, marks=pytest.mark.slow) for n in LONG for t in ("numpy", "c")),
    ],
)
def test_bound_functions_give_the_same_bits(target, name):
    circuit = sb.circuit(TEXTS[name])
    module = made(circuit, target)
    for dtype in (np.float64, np.float32):
        given, theta, sizes = drawn(circuit, module, dtype)
        for samples in (given, one(given)):
            bound = module.bind(samples, **sizes)
            expected = results(module, samples, theta, None, **sizes)
            assert expected
            for _ in range(2):
                found = results(module, samples, theta, bound)
                assert found.keys() == expected.keys()
                for key, value in expected.items():
                    assert_same_bits(found[key], value)


BOTH = ["numpy", pytest.param("c", marks=compiles)]
NEURON = "f = x1 - sigma(w3*x3 + w4*x4)"
CLASSES = "x: input[d]; W: param[k, d]; z: output = W @ x; c: target; l: loss = cross_entropy(z, c)"


def neuron(module, rows=9, dtype=float):
    columns = np.random.default_rng(1).normal(size=(4, rows)).astype(dtype)
    return module.Inputs(*columns), np.array([0.3, -0.4], dtype)


@pytest.mark.parametrize("target", BOTH)
def test_a_change_of_the_data_afterwards_has_no_effect(target):
    module = made(NEURON, target)
    inputs, vector = neuron(module)
    bound, kept = module.bind(inputs), module.Inputs(*(v.copy() for v in inputs))
    for column in inputs:
        column[:] = 1e3
    expected = results(module, kept, vector, None)
    for key, value in results(module, kept, vector, bound).items():
        assert_same_bits(value, expected[key])


@pytest.mark.parametrize("target", BOTH)
def test_results_are_new_arrays_and_the_vector_is_not_changed(target):
    module = made(NEURON, target)
    inputs, vector = neuron(module)
    bound, before = module.bind(inputs), vector.copy()
    first = bound.objective(vector)[1], bound.jacobian(vector), bound.residuals(vector)
    copies = [value.copy() for value in first]
    bound.objective(2 * vector), bound.jacobian(2 * vector), bound.residuals(2 * vector)
    for value, copy in zip(first, copies, strict=True):
        assert np.array_equal(value, copy)
        assert value.flags.writeable
    assert np.array_equal(vector, before)


@pytest.mark.parametrize("target", BOTH)
def test_samples_are_refused_where_they_are_bound_as_where_they_are_used(target):
    module = made(NEURON, target)
    inputs, vector = neuron(module)
    bad = [
        {"x1": inputs[0]},
        inputs._replace(x3=inputs.x3[:4]),
        inputs._replace(x3=np.zeros((3, 3))),
        inputs._replace(x3=None),
        inputs._replace(x3=np.ma.masked_array(inputs.x3, inputs.x3 > 0)),
        inputs._replace(x3=["a"] * 9),
        inputs._replace(x3=[[1.0], [1.0, 2.0]]),
    ]
    for samples in bad:
        with pytest.raises(ValueError) as expected:
            module.objective(vector, samples)
        with pytest.raises(ValueError) as found:
            module.bind(samples)
        assert str(found.value) == str(expected.value)


@pytest.mark.parametrize("target", BOTH)
def test_vectors_are_refused_as_without_bind(target):
    module = made(NEURON, target)
    inputs, vector = neuron(module)
    bound = module.bind(inputs)
    bound.objective(vector)
    for bad in (vector[:1], np.zeros((2, 2)), ["a", "b"], 1.0, np.array([1j, 1j])):
        for name in ("objective", "jacobian", "residuals", "hessian"):
            with pytest.raises(ValueError) as expected:
                getattr(module, name)(bad, inputs)
            with pytest.raises(ValueError) as found:
                getattr(bound, name)(bad)
            assert str(found.value) == str(expected.value)
    with pytest.raises(ValueError, match="v has shape"):
        bound.hessp(vector, np.zeros(3))


@pytest.mark.parametrize("target", BOTH)
def test_a_missing_target_is_asked_for_by_the_functions_that_read_it(target):
    module = made(NEURON, target, ("residuals", "jacobian"))
    inputs, vector = neuron(module)
    bound = module.bind(inputs._replace(y=None))
    assert_same_bits(bound.jacobian(vector), module.jacobian(vector, inputs))
    for name in ("objective", "residuals"):
        with pytest.raises(ValueError, match=r"y is missing; give one value for every sample"):
            getattr(bound, name)(vector)


@pytest.mark.parametrize("target", BOTH)
def test_vectors_of_any_numbers_are_taken(target):
    module = made(NEURON, target)
    inputs, vector = neuron(module)
    bound = module.bind(inputs)
    strided = np.repeat(vector, 2)[::2]
    for given in (
        [0.3, -0.4],
        (1, 2),
        np.array([1, 2]),
        strided,
        vector[::-1],
        vector.astype("f4"),
    ):
        for name in ("objective", "jacobian", "residuals", "hessian"):
            assert_same_bits(getattr(bound, name)(given), getattr(module, name)(given, inputs))


@pytest.mark.parametrize("target", BOTH)
def test_many_samples_and_columns_with_gaps(target):
    module = made(NEURON, target)
    inputs, vector = neuron(module, rows=40_001)
    bound = module.bind(inputs)
    for name in ("objective", "jacobian", "residuals", "hessian"):
        assert_same_bits(getattr(bound, name)(vector), getattr(module, name)(vector, inputs))
    table = np.stack(inputs, axis=1)
    apart = module.bind(module.Inputs(*table.T))
    assert apart.objective(vector)[0] == pytest.approx(bound.objective(vector)[0], rel=1e-13, abs=0)


@pytest.mark.parametrize("target", BOTH)
def test_sizes_and_classes_are_checked_where_they_are_known(target):
    module = made(CLASSES, target)
    x, classes = np.random.default_rng(2).normal(size=(5, 3)), np.array([0, 1, 1, 0, 1])
    vector = np.linspace(-1, 1, 6)
    bound = module.bind(module.Inputs(x, classes))
    for name in results(module, module.Inputs(x, classes), vector, bound).keys() - {"output"}:
        arguments = (vector, vector) if name == "hessp" else (vector,)
        expected = getattr(module, name)(*arguments, module.Inputs(x, classes))
        assert_same_bits(getattr(bound, name)(*arguments), expected)
    with pytest.raises(ValueError, match="c has a value that is not a class from 0 to 0"):
        bound.objective(vector[:3])
    with pytest.raises(ValueError, match="vector has shape"):
        bound.objective(vector[:5])
    with pytest.raises(ValueError, match="c has a value that is not a class from 0 to 1"):
        module.bind(module.Inputs(x, classes + 1), k=2)
    named = module.bind(module.Inputs(x, classes), k=2)
    assert_same_bits(named.objective(vector), bound.objective(vector))


@pytest.mark.parametrize("target", BOTH)
def test_kinetics_are_those_of_the_formulas(target):
    module = made(ROBERTSON, target)
    bound, y = module.bind(module.Inputs()), np.array([0.9, 1e-5, 0.1])
    _, y2, y3 = y
    rows = [[-0.04, 1e4 * y3, 1e4 * y2], [0.04, -1e4 * y3 - 6e7 * y2, -1e4 * y2], [0, 6e7 * y2, 0]]
    np.testing.assert_allclose(bound.jacobian(y), rows, 1e-15)


@pytest.mark.parametrize("target", BOTH)
def test_a_bound_object_can_be_pickled(target):
    module = made(NEURON, target)
    inputs, vector = neuron(module)
    bound = pickle.loads(pickle.dumps(module.bind(inputs)))
    assert_same_bits(bound.objective(vector), module.objective(vector, inputs))
    module = made(CLASSES, target)
    x, vector = np.random.default_rng(2).normal(size=(5, 3)), np.linspace(-1, 1, 6)
    bound = pickle.loads(pickle.dumps(module.bind(module.Inputs(x, np.ones(5)), k=2)))
    assert_same_bits(
        bound.objective(vector), module.objective(vector, module.Inputs(x, np.ones(5)))
    )


def test_the_state_of_a_system_goes_in_as_the_vector():
    """What root, solve_ivp and filters call: the value, and its Jacobian, by hand."""
    text = "a: param; b: param; f: output = [a*b, a**2]; loss: none"
    module = sb.circuit(text.replace("; ", "\n")).compile(functions=("bind", "jacobian"))
    state = module.bind(module.Inputs())
    assert state.output([3.0, 2.0]).tolist() == [6.0, 9.0]
    assert state.jacobian([3.0, 2.0]).tolist() == [[2.0, 3.0], [6.0, 0.0]]
    with pytest.raises(ValueError, match=r"vector has shape \(2, 1\); expected \(2,\)"):
        state.output([[3.0], [2.0]])


@pytest.mark.parametrize("target", BOTH)
def test_sparse_results_are_those_of_the_function(target):
    text = "w: param[n]; x: input\nf: output = x*w**2\nloss: none"
    module = made(text, target, ("jacobian", "sparsity"))
    inputs, vector = module.Inputs(np.arange(1.0, 4.0)), np.linspace(0.5, 1.5, 8)
    bound = module.bind(inputs)
    for _ in range(2):
        found, expected = bound.jacobian(vector), module.jacobian(vector, inputs)
        assert type(found) is type(expected)
        assert_same_bits(found.toarray(), expected.toarray())


def test_bind_is_refused_where_there_is_nothing_to_bind():
    with pytest.raises(Unsupported, match="but the circuit has none"):
        sb.circuit("f = x1*exp(-x2)").generate(functions="bind")
    arrays = "x: input[d]; w: param[d]; z: output = w*x; loss: none"
    assert "class Bound" in sb.circuit(arrays).generate(functions="bind")
    assert "class Bound" in sb.circuit(arrays).generate(functions=("bind", "jacobian"))
