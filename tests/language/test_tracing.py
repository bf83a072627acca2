"""Python functions under @sb.circuit: what they become, and what is refused with its line."""

# ruff: noqa: F821
import math

import numpy as np
import pytest

import symback as sb
from symback.errors import SymbackError, Unsupported


def test_a_function_is_the_circuit_of_its_formula():
    @sb.circuit
    def f(x1, w3, x3):
        return x1 - sb.sigma(w3 * x3)

    assert f == sb.circuit("x1: input; w3: param; x3: input; f: output = x1 - sigma(w3*x3)")
    assert "sigma" not in dir(sb) and "sigma" not in sb.__all__


def test_local_variables_name_inner_nodes():
    @sb.circuit
    def net(x: sb.Array["d"], W: sb.Array["h", "d"], b: sb.Array["h"], w2: sb.Array["h"]):
        z = W @ x + b
        act = sb.tanh(z)
        return sb.dot(w2, act)

    text = (
        "x: input[d]; W: param[h, d]; b: param[h]; w2: param[h]; "
        "z = W @ x + b; act = tanh(z); net: output = dot(w2, act)"
    )
    assert net == sb.circuit(text)


def test_loops_choices_initial_values_and_losses():
    @sb.circuit(loss="(f - y)**2 + once(w**2)")
    def f(x, y, w=2.0, b=0.5):
        u = w * x
        for k in range(3):
            u = sb.sin(u) + b * k
        return sb.where((u > 0) & (x < 1), u**2, -u)

    text = (
        "x: input; y: target; w: param = 2; b: param = 0.5; n: samples; "
        "u = sin(sin(sin(w*x)) + b) + 2*b; f: output = where((u > 0) & (x < 1), u**2, -u); "
        "l: loss = (f - y)**2 + w**2/n"
    )
    assert f == sb.circuit(text)


def test_several_outputs():
    def pair(x, w):
        a = sb.exp(w * x)
        return a, a * a + a

    assert sb.circuit(pair).outputs == ("a", "pair_2")
    assert sb.circuit(lambda x, w: {"u": x * w, "v": x / w}).outputs == ("u", "v")
    assert sb.circuit(lambda x, w: x * w).output.name == "f"


def test_every_operator_means_what_it_means_in_text():
    def f(x, w):
        u = -x + 2 - w * 3 / x
        return (1 - u) ** 2 + 2**x / abs(w) - +u

    text = "x: input; w: param; u = -x + 2 - w*3/x; f: output = (1 - u)**2 + 2**x/abs(w) - u"
    assert sb.circuit(f) == sb.circuit(text)
    x, w = 0.7, 1.3
    found = sb.circuit(f).output.expr.subs("u", 0) is not None
    assert found and math.isclose(
        float(sb.circuit(f, loss=None).compile().forward((w,), _inputs(f, x))[0]), f(x, w)
    )


def _inputs(made, x):
    return sb.circuit(made, loss=None).compile().Inputs(x)


def test_indices_and_arrays_of_numbers():
    def f(i, E: sb.Array["v", 2], x: sb.Array[2]):
        return sb.dot(E[i], x) + sum(v for v in x) + np.array([1.0, 2.0]) @ x + x[-1] * x[::-1][0]

    text = (
        "i: input; E: input[v, 2]; x: input[2]; "
        "f: output = dot(E[i], x) + (0 + x[0] + x[1]) + dot([1, 2], x) + x[-1]*x[::-1][0]"
    )
    assert (
        sb.circuit(f, params=[], loss=None)
        .compile()
        .forward((), sb.circuit(f, loss=None).compile().Inputs(1, np.eye(2), np.array([3.0, 5])))[0]
        == sb.circuit(text, loss=None)
        .compile()
        .forward(
            (), sb.circuit(text, loss=None).compile().Inputs(1, np.eye(2), np.array([3.0, 5]))
        )[0]
    )


def test_long_chains_and_shared_parts_stay_linear():
    def f(x, w):
        for _ in range(300):
            x = x * sb.tanh(x) + w * x
        return x

    circuit = sb.circuit(f)
    assert len(str(circuit)) < 40_000 and len(circuit.computed) < 1_000


def branch(x):
    return x if x > 0 else -x


def of_numpy(x):
    return np.exp(x)


def of_arrays(x):
    return np.sum(x)


def of_math(x):
    return math.exp(x)


def loop(x: sb.Array["n"]):
    return sum(v for v in x)


def unknown(x):
    return x * nowhere


def method(x):
    return x.sum()


def held(x):
    return np.array([x, x])


def nothing(x):
    return 3


def variadic(*x):
    return x[0]


REFUSED = [
    (branch, "a circuit has no branch on values; write sb.where(condition, a, b)"),
    (of_numpy, "np.exp is a function of NumPy, which computes with numbers; write sb.exp(…)"),
    (of_arrays, "np.sum is a function of NumPy"),
    (of_math, "write sb.exp(x) in place of math.exp(x)"),
    (loop, "the length is not known"),
    (unknown, "name 'nowhere' is not defined; a circuit reads arguments and numbers"),
    (method, "x.sum is not known; write sb.sum(x)"),
    (held, "write sb.stack(a, b)"),
]


@pytest.mark.parametrize(("made", "why"), REFUSED, ids=[made.__name__ for made, _ in REFUSED])
def test_what_is_refused_is_named_with_its_line(made, why):
    with pytest.raises(SymbackError) as caught:
        sb.circuit(made)
    assert why in str(caught.value)
    assert caught.value.place is not None
    assert caught.value.place.line == made.__code__.co_firstlineno + 1


@pytest.mark.parametrize(
    ("made", "why"), [(nothing, "returns 3"), (variadic, "name each argument of a circuit")]
)
def test_functions_that_are_no_circuit(made, why):
    with pytest.raises(SymbackError, match=why):
        sb.circuit(made)


def test_words_outside_of_a_circuit():
    with pytest.raises(Unsupported, match=r"call it inside a function under @sb.circuit"):
        sb.exp(2)
    with pytest.raises(AttributeError, match="nosuch"):
        _ = sb.nosuch
