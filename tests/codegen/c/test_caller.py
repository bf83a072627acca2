"""C modules that an extension calls, and the same where ctypes does: one contract for both."""

import gc
import subprocess
import sys
import sysconfig
import threading
import tracemalloc
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import symback as sb
from tests.cases.compilers import COMPILER, STRICT, compiles
from tests.cases.one_in import one_in

INCLUDE = sysconfig.get_path("include")
HEADERS = (Path(INCLUDE) / "Python.h").exists()
pytestmark = [compiles, pytest.mark.skipif(not HEADERS, reason="needs the headers of Python")]

SOURCE = Path(sb.__file__).parent / "codegen" / "c" / "caller.c"
OF_SQUARES = ("residuals", "jacobian", "hessian", "hessp", "covariance", "bind")
CIRCUITS = {
    "neuron": ("f = x1 - sigma(w3*x3 + w4*x4)", OF_SQUARES),
    "one parameter": ("f = w*x", OF_SQUARES),
    "unread": ("f = w*x1 + sign(x2)", OF_SQUARES),
    "no samples": (
        "w1: param; w2: param\nf = (1 - w1)**2 + 100*(w2 - w1**2)**2\nloss: none",
        ("jacobian", "hessian", "hessp", "bind"),
    ),
    "arrays": (
        "x: input[d]; w: param[d]; y: target; z: output = w @ x; l: loss = (z - y)**2/2",
        OF_SQUARES,
    ),
    "list of outputs": (
        "w1: param; w2: param; w3: param; x: input; s: input\n"
        "f: output = [w1*x, w2*w3**2 - s]\nloss: none",
        ("jacobian", "bind"),
    ),
}
DTYPES = (np.float64, np.float32)


@cache
def module(name, calls):
    """The circuit's module, which finds no headers where ctypes is to call."""
    text, functions = CIRCUITS[name]
    made = sb.circuit(text).compile(target="c", functions=functions)
    with pytest.MonkeyPatch.context() as patch:
        if calls == "ctypes":
            patch.setattr(sysconfig, "get_path", lambda path: "/nowhere")
        made.check_gradients()  # so that it looks for them now
    return made


def columns(name, rows=9, dtype=float):
    rng = np.random.default_rng(1)
    fields = module(name, "extension").Inputs._fields
    shapes = [(rows, 3) if name == "arrays" and field == "x" else (rows,) for field in fields]
    return {
        field: rng.uniform(0.5, 2, shape).astype(dtype)
        for field, shape in zip(fields, shapes, strict=True)
    }


def vector_of(name, dtype=float):
    size = 3 if name == "arrays" else len(module(name, "extension").Params._fields)
    return np.linspace(0.4, 1.1, size).astype(dtype)


def outcome(function, *arguments):
    """What a call gives, its types and its bits; or the sentence with which it is refused."""
    try:
        return bits(function(*arguments))
    except (ValueError, ArithmeticError) as error:
        return type(error), str(error)


def bits(value):
    if isinstance(value, tuple):
        return type(value).__name__, [bits(part) for part in value]
    array = np.asarray(value)
    return type(value), array.dtype, array.shape, array.tobytes()


def outcomes(name, calls, inputs, vector, bound):
    """Those of every function; bound, where the samples can be bound."""
    made = module(name, calls)
    inputs = inputs if isinstance(inputs, tuple) else made.Inputs(**inputs)
    inputs = made.Inputs._make(inputs)
    given = {} if name != "arrays" else {"d": 3}
    found = {}
    if bound:
        refused = outcome(lambda: made.bind(inputs, **given) and 0)
        if refused[0] is not int:
            return {"bind": refused}
        samples = made.bind(inputs, **given)
    for function in ("objective", *CIRCUITS[name][1][:-1]):
        if not hasattr(made, function):
            continue
        arguments = (vector, vector) if function == "hessp" else (vector,)
        if bound:
            found[function] = outcome(getattr(samples, function), *arguments)
        else:
            found[function] = outcome(getattr(made, function), *arguments, inputs)
    if not bound and isinstance(outcome(made.unravel, vector)[1], list):
        params = made.unravel(vector)
        if hasattr(made, "value_and_grad"):
            found["value_and_grad"] = outcome(made.value_and_grad, params, inputs)
            found["plain"] = outcome(made.value_and_grad, tuple(params), inputs)
        found["forward"] = outcome(lambda: made.forward(params, inputs)[0])
    return found


def both_agree(name, inputs, vector):
    for bound in (False, True):
        expected = outcomes(name, "ctypes", inputs, vector, bound)
        assert outcomes(name, "extension", inputs, vector, bound) == expected


@pytest.mark.parametrize(
    ("name", "of_data", "of_vector"),
    one_in(5, [(n, a, b) for n in CIRCUITS for a in DTYPES for b in DTYPES]),
)
def test_batches_and_single_samples(name, of_data, of_vector):
    given = columns(name, dtype=of_data)
    both_agree(name, given, vector_of(name, of_vector))
    both_agree(name, {n: v[:1] for n, v in given.items()}, vector_of(name, of_vector))
    both_agree(name, {n: v[0] for n, v in given.items()}, vector_of(name, of_vector))


def unaligned(value):
    raw = np.zeros(value.nbytes + 1, np.uint8)
    found = raw[1:].view(value.dtype)
    found[:] = value
    return found


KINDS = {
    "lists": lambda v: v.tolist(),
    "numbers of Python": lambda v: float(v[0]),
    "0-d arrays": lambda v: np.array(v[0]),
    "integers": lambda v: np.arange(1, 1 + len(v)),
    "gaps": lambda v: np.repeat(v, 2)[::2],
    "backwards": lambda v: v[::-1],
    "bytes of the other order": lambda v: v.astype(v.dtype.newbyteorder()),
    "unaligned": unaligned,
    "read only": lambda v: np.frombuffer(v.tobytes()),
    "longdouble": lambda v: v.astype(np.longdouble),
    "complex": lambda v: v.astype(complex),
    "two axes": lambda v: np.stack([v, v]),
    "empty": lambda v: v[:0],
    "words": lambda v: ["a"] * len(v),
    "masked": lambda v: np.ma.masked_array(v, v > 1),
    "missing": lambda v: None,
    "not finite": lambda v: np.where(v > 1, np.nan, v),
}


@pytest.mark.parametrize("kind", one_in(2, KINDS))
def test_arguments_of_all_kinds(kind):
    given, vector = columns("neuron"), vector_of("neuron")
    both_agree("neuron", {n: KINDS[kind](v) for n, v in given.items()}, vector)
    for field in given:
        both_agree("neuron", {**given, field: KINDS[kind](given[field])}, vector)
    both_agree("neuron", given, KINDS[kind](vector))


def test_params_of_all_kinds():
    given = columns("neuron")
    for kind in (tuple, list, np.array, lambda v: (np.float32(v[0]), v[1]), lambda v: (*v, 1.0)):
        found = []
        for calls in ("extension", "ctypes"):
            made = module("neuron", calls)
            arguments = kind((0.5, 0.25)), made.Inputs(**given)
            found.append(
                [outcome(made.value_and_grad, *arguments), outcome(made.objective, *arguments)]
            )
        assert found[0] == found[1]


def test_inputs_of_another_type_are_refused_or_read_alike():
    given, vector = columns("neuron"), vector_of("neuron")
    for inputs in (given, tuple(given.values()), None, [1, 2]):
        found = [
            outcome(module("neuron", c).objective, vector, inputs) for c in ("extension", "ctypes")
        ]
        assert found[0] == found[1]


@pytest.mark.slow
def test_more_rows_than_one_call_takes():
    both_agree("neuron", columns("neuron", 2**20 + 1), vector_of("neuron"))


def test_numbers_that_are_too_large_for_a_float_cause_the_same_warning():
    given = {n: v * np.float32(1e30) for n, v in columns("one parameter", dtype=np.float32).items()}
    for vector in (np.array([1e10]), np.array([1e300])):
        for name in ("objective", "hessian", "jacobian"):
            met = []
            for calls in ("extension", "ctypes"):
                made = module("one parameter", calls)
                with warnings.catch_warnings(record=True) as caught:
                    warnings.simplefilter("always")
                    value = outcome(getattr(made, name), vector, made.Inputs(**given))
                met.append((value, {str(w.message) for w in caught}))
            assert met[0] == met[1]


@pytest.mark.slow
@pytest.mark.parametrize("name", one_in(len(CIRCUITS), CIRCUITS))
def test_nothing_is_kept_of_calls(name):
    made = module(name, "extension")
    inputs, vector = made.Inputs(**columns(name)), vector_of(name)

    def calls():
        samples = made.bind(inputs)
        for _ in range(100):
            outcomes(name, "extension", inputs, vector, bound=False)
            samples.jacobian(vector)

    calls()
    counts = [sys.getrefcount(value) for value in (*inputs, vector, made.Params)]
    tracemalloc.start()
    calls()
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    calls()
    gc.collect()
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert after - before < 10_000
    assert [sys.getrefcount(value) for value in (*inputs, vector, made.Params)] == counts


@pytest.mark.parametrize("calls", ["extension", "ctypes"])
def test_other_threads_run_while_c_computes(calls):
    """None would get the interpreter from this one, which never gives it away by itself."""
    made = module("neuron", calls)
    bound, vector = made.bind(made.Inputs(**columns("neuron", 2**17))), vector_of("neuron")
    begin, ran = threading.Event(), []

    def other():
        begin.wait()
        ran.append(True)

    thread, interval = threading.Thread(target=other), sys.getswitchinterval()
    thread.start()
    sys.setswitchinterval(1000)
    try:
        begin.set()
        for _ in range(1000):
            bound.objective(vector)
            if ran:
                break
        assert ran
    finally:
        sys.setswitchinterval(interval)
        thread.join()


@pytest.mark.parametrize("calls", ["extension", "ctypes"])
def test_threads_may_use_the_same_samples(calls):
    made = module("neuron", calls)
    bound = made.bind(made.Inputs(**columns("neuron", 1000)))
    vectors = [np.array([0.1 * i, -0.2 * i]) for i in range(8)]
    expected = [bits(bound.objective(v)) for v in vectors]
    wrong = []

    def run(i):
        wrong.extend(i for _ in range(200) if bits(bound.objective(vectors[i])) != expected[i])

    threads = [threading.Thread(target=run, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_strict_compilers_have_nothing_to_say(tmp_path):
    command = [COMPILER, *STRICT, "-O2", "-isystem", INCLUDE, "-c", SOURCE, "-o", "made.o"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_compiler_that_refuses_the_headers_leaves_the_calls_to_ctypes(tmp_path, monkeypatch):
    (tmp_path / "Python.h").write_text("#error no\n")
    monkeypatch.setattr(sysconfig, "get_path", lambda path: str(tmp_path))
    made = sb.circuit(CIRCUITS["neuron"][0]).compile(target="c", functions="bind")
    inputs, vector = made.Inputs(**columns("neuron")), vector_of("neuron")
    expected = module("neuron", "extension").objective(vector, inputs)
    assert bits(made.objective(vector, inputs)) == bits(expected)
