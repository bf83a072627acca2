"""Constants, the number of samples, and terms counted once: how they are read and refused."""

import pytest

import symback as sb
from symback.errors import SymbackError, Unsupported

READ = [
    ("c: const = 2.5; f = c*w*x", "c = 5/2", ()),
    ("A: const = [[1, 2], [3, 4]]; x: input[2]; w: param[2]; f = dot(w, A @ x)", "A = [[", ()),
    ("A: const[2, 2] = [[1, 2], [3, 4]]; x: input[2]; w: param[2]; f = dot(w, A @ x)", "A = [[",
     ()),
    ("k: const[3] = 2; x: input[3]; w: param; f = w*dot(k, x)", "k = 2*ones(3)", ()),
    ("a: const = 2; b: const = a*pi; f = b*w*x", "b = pi*a", ()),
    ("A: const[n, n]; x: input[n]; w: param[n]; f = dot(w, A @ x)", "A: const[n, n]", ("A",)),
    ("c: const; w: param; x: input; f = c*w*x", "c: const", ("c",)),
    ("f = w*x; l: loss = (f - y)**2 + once(w**2)", "l: loss = w**2/n + (f - y)**2", ("n",)),
    ("n: input; w: param; y: target; f = w*n; l: loss = (f - y)**2 + once(w**2)", "w**2/n_samples",
     ("n_samples",)),
    ("N: samples; f = w*x; l: loss = (f - y)**2 + once(w**2)", "w**2/N", ("N",)),
    ("N: samples; f = w*x; l: loss = (f - y)**2 + w**2/N", "w**2/N", ("N",)),
    ("f = w*x; l: loss = (f - y)**2 - 3*once(w**2) + once(b)", "- 3*w**2/n", ("n",)),
]  # fmt: skip


@pytest.mark.parametrize(("text", "shown", "constants"), READ)
def test_what_is_read_and_read_back(text, shown, constants):
    circuit = sb.circuit(text)
    assert shown in str(circuit)
    assert circuit.constants == constants or not (circuit.constants or constants)
    assert sb.circuit(str(circuit)) == circuit


def test_the_loss_of_an_option_may_count_terms_once():
    circuit = sb.circuit("f = w*x", loss="(f - y)**2 + once(w**2)")
    assert circuit.constants == ("n",)
    named = sb.circuit("f = w*x; cost = (f - y)**2 + once(w**2)", loss="cost")
    assert named.constants == ("n",)


REFUSED = [
    ("f = w*x + once(w)", "is a term of the loss"),
    ("f = w*x; l: loss = exp(once(w)) + f", "is a term of the loss"),
    ("f = w*x; l: loss = once(once(w)) + f", "is a term of the loss"),
    ("f = w*x; l: loss = f/once(w)", "is a term of the loss"),
    ("f = w*x; l: loss = f + once(w, w)", "once takes 1 argument, 2 given"),
    ("f = w*x; l: loss = f + once(w*f)", "depends on the input 'x'"),
    ("f = w*x; l: loss = f + once((w - y)**2)", "depends on the target 'y'"),
    ("k: const = x; f = x*k", "reads 'x', which is not a const"),
    ("x: input[2]; k: const[3] = [1, 2]; w: param; f = w*dot(x, k)", "declared [3], but its value"),
    ("n: samples[3]; f = w*x", "one number, that of the samples"),
    ("n: samples; m: samples; f = w*x*n*m", "has a name already"),
    ("n: samples = 4; f = w*x*n", "an initial value, a const a value, not a samples"),
    ("w: cons; f = w*x", "did you mean 'const'?"),
]


@pytest.mark.parametrize(("text", "why"), REFUSED)
def test_what_is_refused(text, why):
    with pytest.raises(SymbackError) as caught:
        sb.circuit(text)
    assert why in str(caught.value)


def test_nothing_is_differentiated_by_a_constant():
    circuit = sb.circuit("c: const; w: param; x: input; f = c*w*x; l: loss = f + once(w**2)")
    assert list(circuit.gradient()) == ["w", "x"]
    asked = [
        lambda: circuit.gradient()["c"],
        lambda: circuit.gradient("l")["n"],
        lambda: circuit.partial("f", "c"),
        lambda: circuit.hessian(wrt=["w", "c"]),
        lambda: circuit.jacobian(wrt=["c"]),
        lambda: circuit.code(wrt=["c"]),
    ]
    for ask in asked:
        with pytest.raises(Unsupported, match="by which nothing is differentiated"):
            ask()


def test_a_constant_stands_in_derivation_and_picture():
    circuit = sb.circuit("c: const; w: param; x: input; f = c*w*x; l: loss = f + once(w**2)")
    assert str(circuit.partial("l", "w")).endswith("= c·x + 2·w/n\n")
    picture = str(circuit.draw())
    assert "c: constant" in picture
