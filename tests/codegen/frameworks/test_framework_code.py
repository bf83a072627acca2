"""Bare functions in JAX and PyTorch beside those in NumPy."""

import inspect

import numpy as np
import pytest

import symback as sb
from symback.codegen.jax.words import WORDS

CIRCUITS = {
    "numbers": "f = x1 - sigma(w3*x3 + w4*x4)",
    "kinks": "f = abs(x)*w + max(x, w) + relu(w) + hypot(x, w)",
    "arrays": "x: input[n]; W: param[m, n]; f = sum(tanh(W @ x)**2)",
}
SHAPES = {"W": (2, 3), "x": (3,)}
FUNCTIONS = ("f", "f_gradient", "f_jvp", "f_hessp")
AT_ZERO = ("kinks",)


def results(language, name, array):
    """What each function gives of the same numbers."""
    names = {}
    code = sb.circuit(CIRCUITS[name]).code(
        language, only=["value", "gradient", "jvp", "hessp"], of="f"
    )
    exec(code, names)
    rng, found = np.random.default_rng(0), {}
    shapes = SHAPES if name == "arrays" else {}
    for function in FUNCTIONS:
        given = inspect.signature(names[function]).parameters
        values = [rng.normal(size=shapes.get(n.removesuffix("_dot"), ())) for n in given]
        if name in AT_ZERO:
            values = [v * n.endswith("_dot") for n, v in zip(given, values, strict=True)]
        result = names[function](*map(array, values))
        found[function] = result if isinstance(result, tuple) else (result,)
    return found


@pytest.mark.parametrize("language", ["jax", "torch"])
@pytest.mark.parametrize("name", CIRCUITS)
def test_functions_give_what_numpys_give(language, name):
    package = pytest.importorskip(language)
    right = results("numpy", name, np.float64)
    if language == "jax":
        with package.enable_x64(True):
            found = results(language, name, package.numpy.asarray)
    else:
        found = results(language, name, package.as_tensor)
    for function in FUNCTIONS:
        for value, expected in zip(found[function], right[function], strict=True):
            assert np.allclose(value, expected, rtol=1e-13, atol=1e-15), function


PRODUCTS = [
    "u_dot",
    "-u_dot",
    "2.5 * u_dot",
    "u_dot * 2.5",
    "2.5 * u_dot * a",
    "a * (2.5 * u_dot)",
    "a * u_dot * 2.5 * b",
    "3 * a * u_dot / (4 * b)",
    "u_dot / 4",
    "-(2 * u_dot) * a",
    "2.5 * np.where(a == 0, 0.0, 3 * u_dot) / b",
    "np.where(a > 0, 3 * u_dot, 0.5 * a * u_dot) * 7",
]


@pytest.mark.parametrize("product", PRODUCTS)
def test_what_a_tangent_carries_has_all_factors(product):
    """JAX's product with a tangent is that which NumPy computes, numbers among its factors."""
    text = f"np.where(u_dot == 0, 0.0, {product})"
    in_jax = WORDS.beside((), ["u_dot"]).expression(text)
    assert in_jax.startswith("_carried(")
    for a, b, u_dot in ((1.25, -3.0, 0.75), (-0.5, 2.0, -1.5), (2.0, 1.5, 0.0)):
        values = {"a": a, "b": b, "u_dot": u_dot, "np": np, "jnp": np}
        carried = {"_carried": lambda rate, dot: np.where(dot == 0, 0.0, rate * dot)}
        got, right = eval(in_jax, values | carried), eval(text, values)
        np.testing.assert_allclose(got, right, rtol=1e-15)


WHOLE = [  # the circuit, numbers for its leaves, the value
    ("x: input; w: param; f = w/x", (3, 2), 2 / 3),
    ("i: int; x: param; f = x**3*i/7", (2, 1.0), 2 / 7),
    ("i: int; x: param; f = x*where(i > 1, 1/3, 2/3)", (2, 2.0), 2 / 3),
    ("i: int; b: param[n]; f = b[i]/3 + b[0]*where(i > 1, 1/7, 3/7)", (1, [7.0, 1.0]), 10 / 3),
]


@pytest.mark.parametrize(("text", "given", "expected"), WHOLE)
def test_whole_numbers_keep_their_digits_in_torch(text, given, expected):
    torch = pytest.importorskip("torch")
    names = {}
    exec(sb.circuit(text).code("torch", only=["value", "gradient", "hessian"], of="f"), names)
    for values in (given, [torch.tensor(value) for value in given]):
        if all(isinstance(value, torch.Tensor) for value in values):
            values = [v.double() if v.is_floating_point() else v for v in values]
        assert float(names["f"](*values)) == pytest.approx(expected, rel=1e-15, abs=0)
        made = [names["f_hessian"](*values), *names["f_gradient"](*values)]
        assert {part.dtype for part in made} == {torch.float64}


def test_choices_of_numbers_have_the_dtype_of_the_data():
    torch = pytest.importorskip("torch")
    names = {}
    text = "x: param[n]; y: output = where(x > 0, x, where(x < -1, 1/3, where(n > 2, 2/3, n)))"
    exec(sb.circuit(text).code("torch", only="value", of="y"), names)
    for dtype in (torch.float32, torch.float64):
        got = names["y"](torch.tensor([1.0, -2.0, -0.5], dtype=dtype))
        assert got.dtype is dtype
        assert torch.equal(got, torch.tensor([1.0, 1 / 3, 2 / 3], dtype=dtype))
