"""Bare functions in JAX and PyTorch beside those in NumPy."""

import inspect

import numpy as np
import pytest

import symback as sb

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
