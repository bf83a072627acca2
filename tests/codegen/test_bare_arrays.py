"""Bare code of arrays in each language beside that in NumPy, which other tests hold to SymPy."""

import math
import re

import numpy as np
import pytest

import symback as sb
from symback.codegen.bare.body import bare_body
from symback.codegen.bare.functions import bare_functions
from symback.codegen.c.bare import C
from symback.codegen.loops.tree import Call, Declare, For, Return, Store, walk
from symback.errors import Unsupported
from tests.cases.array_circuits import ALL as ARRAY_CIRCUITS
from tests.cases.array_circuits import values_of
from tests.cases.bare_runs import RUNS, run_arrays
from tests.cases.one_in import one_in

LANGUAGES = [language for language in RUNS if language != "numpy"]
KINDS = ("value", "gradient", "jvp", "hessp")


def sizes_of(circuit, values):
    found = {}
    for leaf in circuit.leaves:
        for size, length in zip(leaf.shape, np.shape(values[leaf.name]), strict=True):
            if size.is_Symbol:
                found[str(size)] = length
    return found


@pytest.mark.parametrize(
    ("name", "language", "kind"),
    one_in(40, [(c, n, k) for c in ARRAY_CIRCUITS for n in LANGUAGES for k in KINDS]),
)
def test_languages_agree_on_circuits_of_arrays(name, language, kind, tmp_path):
    if not RUNS[language]:
        pytest.skip(f"{language} does not run here")
    circuit = sb.circuit(ARRAY_CIRCUITS[name])
    of = circuit.objective.name
    if circuit.objective.shape and kind in ("gradient", "hessp"):
        kind = "jvp"
    values = values_of(circuit)
    rng = np.random.default_rng(2)
    dots = {f"{k}_dot": rng.uniform(-1, 1, np.shape(v)) for k, v in values.items()}
    made = "made" + (f"_{kind}" if kind != "value" else "")
    sizes = sizes_of(circuit, values)
    code = circuit.code("numpy", of=of, only=kind, name="made")
    with np.errstate(all="ignore"):  # infinite values of branches that are not taken
        wanted = run_arrays("numpy", code, made, values | dots, sizes, None, tmp_path)
    code = circuit.code(language, of=of, only=kind, name="made")
    lengths = [len(part) for part in wanted]
    got = run_arrays(language, code, made, values | dots, sizes, lengths, tmp_path)
    flat = [x for part in got for x in part]
    np.testing.assert_allclose(flat, [x for part in wanted for x in part], rtol=1e-10, atol=1e-13)


MATRICES = [
    (circuit, language, kind, product)
    for circuit in ARRAY_CIRCUITS
    for language in RUNS
    for kind, product in (("jacobian", "jvp"), ("hessian", "hessp"))
]


@pytest.mark.parametrize(("name", "language", "kind", "product"), one_in(60, MATRICES))
def test_a_matrix_times_a_vector_is_the_product_with_it(name, language, kind, product, tmp_path):
    """In each language the Jacobian and the Hessian beside NumPy's J·v and H·v."""
    if not RUNS[language]:
        pytest.skip(f"{language} does not run here")
    circuit = sb.circuit(ARRAY_CIRCUITS[name])
    if kind == "hessian" and circuit.objective.shape:
        pytest.skip("an array has no Hessian")
    of = circuit.objective.name if kind == "hessian" else circuit.output.name
    values, sizes = values_of(circuit), sizes_of(circuit, values_of(circuit))
    rng = np.random.default_rng(5)
    dots = {f"{k}_dot": rng.uniform(-1, 1, np.shape(v)) for k, v in values.items()}
    with np.errstate(all="ignore"):  # infinite values of branches that are not taken
        code = circuit.code("numpy", of=of, only=product, name="made")
        wanted = run_arrays("numpy", code, f"made_{product}", values | dots, sizes, None, tmp_path)
        entries = circuit.code(of=of, only="value", name="made")
        value = run_arrays("numpy", entries, "made", values, sizes, None, tmp_path)
        if not all(np.isfinite(part).all() for part in wanted):
            pytest.skip("the values that were drawn have no finite product")
        arguments = re.search(rf"def made_{product}\(([^)]*)\)", code)[1].split(",")
        leaves = [a.strip().removesuffix("_dot") for a in arguments if a.strip().endswith("_dot")]
        moving = [np.ravel(dots[f"{leaf}_dot"]) for leaf in leaves]
        lengths = [len(v) * sum(map(len, value)) for v in moving]
        if kind == "hessian":
            lengths = [sum(map(len, moving)) ** 2]
        code = circuit.code(language, of=of, only=kind, name="made")
        found = run_arrays(language, code, f"made_{kind}", values, sizes, lengths, tmp_path)
    if kind == "hessian":
        matrix = np.reshape(found[0], (sum(map(len, moving)), -1))
        np.testing.assert_allclose(matrix, matrix.T, rtol=1e-8, atol=1e-11)
    else:
        found = [[x] for x in found[0]] if len(found) < len(moving) else found  # of numbers
        rows = [np.reshape(p, (-1, len(v))) for p, v in zip(found, moving, strict=True)]
        matrix = np.concatenate(rows, axis=1)
    right = np.concatenate([np.ravel(part) for part in wanted])
    np.testing.assert_allclose(matrix @ np.concatenate(moving), right, rtol=1e-8, atol=1e-11)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_part_may_have_the_name_of_another_functions_array(language, tmp_path):
    """b_bar_part is an array of one and a number of the other."""
    if not RUNS[language]:
        pytest.skip(f"{language} does not run here")
    circuit = sb.circuit("x: param[3]; a: param; b: param; f: output = sum(sigma(a + b*log(x)))")
    at = {"x": np.array([0.4, 1.0, 2.5]), "a": 0.3, "b": 1.2}
    dots = {"x_dot": np.array([0.7, -0.2, 0.1]), "a_dot": -0.4, "b_dot": 0.9}
    wanted = second_by_hand(**at, **dots)
    kinds = {"numpy": "hessp", language: ("gradient", "hessp")}
    for each, only in kinds.items():
        code = circuit.code(each, only=only, name="made")
        got = run_arrays(each, code, "made_hessp", at | dots, {}, [3, 1, 1], tmp_path)
        for part, right in zip(got, wanted, strict=True):
            np.testing.assert_allclose(part, np.ravel(right), rtol=1e-12, atol=1e-14)


def second_by_hand(x, a, b, x_dot, a_dot, b_dot):
    """The directional derivative of σ′·b/x, Σ σ′ and Σ σ′·log x, where σ″ = σ′·(1 − 2σ)."""
    s = 1 / (1 + np.exp(-(a + b * np.log(x))))
    first, second = s * (1 - s), s * (1 - s) * (1 - 2 * s)
    moved = second * (a_dot + b_dot * np.log(x) + b * x_dot / x)
    by_x = moved * b / x + first * (b_dot / x - b * x_dot / x**2)
    by_b = moved * np.log(x) + first * x_dot / x
    return by_x, moved.sum(), by_b.sum()


@pytest.mark.parametrize("language", RUNS)
def test_products_with_an_adjoint_are_those_of_backward(language, tmp_path):
    """Also the value with its gradient, in one."""
    if not RUNS[language]:
        pytest.skip(f"{language} does not run here")
    circuit = sb.circuit(ARRAY_CIRCUITS["two layers"])
    values = values_of(circuit)
    sizes = sizes_of(circuit, values)
    module = circuit.compile()
    params = module.Params(**{p.name: values[p.name] for p in circuit.params})
    inputs = module.Inputs(x=values["x"], t=values["t"])
    z, cache = module.forward(params, inputs)
    bar = np.random.default_rng(3).normal(size=z.shape)
    bars, x_bars = module.backward(params, inputs, cache, bar)
    wanted = [*bars, x_bars.x]
    code = circuit.code(language, only="vjp", wrt=[*bars._fields, "x"], name="made")
    got = run_arrays(
        language,
        code,
        "made_vjp",
        {**values, "z_bar": bar},
        sizes,
        [np.size(part) for part in wanted],
        tmp_path,
    )
    for part, right in zip(got, wanted, strict=True):
        np.testing.assert_allclose(part, np.ravel(right), rtol=1e-12, atol=1e-14)
    loss, gradient = module.value_and_grad(params, inputs)
    wanted = [loss, *gradient]
    wrt = list(gradient._fields)
    code = circuit.code(language, of="E", only="value_and_gradient", wrt=wrt, name="whole")
    lengths = [np.size(part) for part in wanted]
    name = "whole_value_and_gradient"
    got = run_arrays(language, code, name, values, sizes, lengths, tmp_path)
    for part, right in zip(got, wanted, strict=True):
        np.testing.assert_allclose(part, np.ravel(right), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("language", LANGUAGES)
def test_fixed_sizes_need_nothing_of_the_caller(language):
    code = sb.circuit("x: input[3]; W: param[2, 3]\nf = sum(tanh(W @ x)**2)").code(language)
    (head,) = [line for line in code.splitlines() if "f_gradient(" in line]
    assert "size_t" not in head and "work" not in head


def test_c_names_the_memory_that_it_needs():
    code = sb.circuit("x: input[n]; W: param[m, n]\nf = tanh(W @ x)").code("c", only="value")
    assert "void f(\n" not in code and "size_t m, double *f, double *work)" in code
    assert "work is memory for m numbers" in code


IN_C = {
    name: text
    for name, text in ARRAY_CIRCUITS.items()
    if name == "products and spreads" or list(ARRAY_CIRCUITS).index(name) % 5 == 0
}


@pytest.mark.parametrize(("name", "kind"), one_in(6, [(c, k) for c in IN_C for k in KINDS[1:]], 1))
def test_nothing_is_computed_of_which_only_the_shape_is_asked(name, kind):
    """Every array and number that a function in C makes is read or returned."""
    circuit = sb.circuit(IN_C[name])
    if circuit.output.shape:
        kind = "vjp"
    for function in bare_functions(circuit, [kind], keep_loops=True):
        body = bare_body(function, C)
        nodes = list(walk(body.tree))
        values = [n.value for n in nodes if isinstance(n, Declare | Store | Return)]
        values += [n.stop for n in nodes if isinstance(n, For)]
        values += [n.offset for n in nodes if isinstance(n, Declare)]
        values += [", ".join(n.arguments) for n in nodes if isinstance(n, Call)]
        read = {word for value in values for word in re.findall(r"\w+", value)}
        read |= {name for r in body.results for name in (r.name, r.at)}
        made = {n.name for n in nodes if isinstance(n, Declare)}
        assert made <= read, made - read


def _rows(values):
    """Σ tanh(X[y])²: the gradient of a row once for each index that names it, and its tangent."""
    X, y, X_dot = values["X"], values["y"].astype(int), values["X_dot"]
    tanh = np.tanh(X)
    slope = 1 - tanh**2
    count = np.bincount(y, minlength=len(X))[:, None]
    gradient = 2 * count * tanh * slope
    return {
        "value": [np.sum(tanh[y] ** 2)],
        "gradient": [gradient],
        "jvp": [np.sum(gradient * X_dot)],
        "hessp": [2 * count * slope * (1 - 3 * tanh**2) * X_dot],
    }


def _steps(values):
    """w·Σ ⌊x⌋, which moves with w alone."""
    total, x, w_dot = np.floor(values["x"]).sum(), values["x"], values["w_dot"]
    return {
        "value": [values["w"] * total],
        "gradient": [np.zeros_like(x), total],
        "jvp": [w_dot * total],
        "hessp": [np.zeros_like(x), 0.0],
    }


STILL = {
    "rows of a parameter": ("X: param[3,2]; y: int[4]; f = sum(tanh(X[y])**2)", _rows),
    "rows of an input": ("X: input[3,n]; y: input[k]; f = sum(tanh(X[y])**2)", _rows),
    "steps": ("x: input[n]; w: param; f = w*sum(floor(x))", _steps),
}
"""Circuits with a leaf that nothing moves along, and the results by hand."""
STILL_VALUES = {
    "X": np.linspace(-1.5, 1.5, 6).reshape(3, 2),
    "X_dot": np.array([[0.5, -1], [2, 0.25], [1, 3]]),
    "y": np.array([2.0, 0, 2, 2]),
    "x": np.array([-1.5, 0.25, 2.75]),
    "x_dot": np.array([1.0, 2, 3]),
    "w": np.float64(1.5),
    "w_dot": np.float64(-0.5),
}


@pytest.mark.parametrize("language", RUNS)
@pytest.mark.parametrize("name", STILL)
def test_what_nothing_moves_along_is_left_out_or_has_zeros_of_its_shape(name, language, tmp_path):
    if not RUNS[language]:
        pytest.skip(f"{language} does not run here")
    text, by_hand = STILL[name]
    circuit = sb.circuit(text)
    for kind, wanted in by_hand(STILL_VALUES).items():
        code = circuit.code(language, only=kind, name="made")
        made = "made" + (f"_{kind}" if kind != "value" else "")
        lengths = [np.size(part) for part in wanted]
        sizes = {"n": 3 if "x" in circuit else 2, "k": 4}
        got = run_arrays(language, code, made, STILL_VALUES, sizes, lengths, tmp_path)
        assert [len(part) for part in got] == lengths
        for part, right in zip(got, wanted, strict=True):
            np.testing.assert_allclose(part, np.ravel(right), rtol=1e-13, atol=1e-15)


def test_nothing_has_a_derivative_by_an_index():
    circuit = sb.circuit("X: param[r,n]; y: int[k]; f = sum(X[y])")
    with pytest.raises(Unsupported, match="'y' is an index, and nothing has a derivative by it"):
        circuit.code(wrt=["X", "y"])


NUMBERS = {
    "functions of sizes": (
        "x: param[n]; y: output = x*(sigma(n) + max(n, 2) + erf(n) + where(n > 2, 1/3, n))",
        lambda x, n: x * (1 / (1 + math.exp(-n)) + n + math.erf(n) + 1 / 3),
        lambda x, n: 1 / (1 + math.exp(-n)) + n + math.erf(n) + 1 / 3,
    ),
    "functions of an array and a number": (
        "x: param[n]; y: output = hypot(x, n) + atan2(1/2, x) + max(x, 1/3) + where(n > 2, x, 1)",
        lambda x, n: np.hypot(x, n) + np.arctan2(0.5, x) + np.maximum(x, 1 / 3) + x,
        lambda x, n: x / np.hypot(x, n) - 0.5 / (x**2 + 0.25) + (x > 1 / 3) + 1,
    ),
    "choices of numbers": (
        "x: param[n]; y: output = x*where(x > 1/2, 1/3, where(x < 1/4, 2/3, n))",
        lambda x, n: x * np.array([2 / 3, 3, 1 / 3]),
        lambda x, n: np.array([2 / 3, 3, 1 / 3]),
    ),
    "a size that no line reads": (
        "X: param[m, n]; i: int; x = X[i]; y: output = x**2",
        lambda x, n: x**2,
        lambda x, n: 2 * x,
    ),
}
"""Circuits of one sample with numbers in them; what comes out, and its slope, by hand."""


@pytest.mark.parametrize("language", RUNS)
@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_and_sizes_are_operands_in_every_language(name, language, tmp_path):
    if not RUNS[language]:
        pytest.skip(f"{language} does not run here")
    text, value, slope = NUMBERS[name]
    circuit = sb.circuit(text)
    x, x_dot = np.array([0.125, 0.3, 1.75]), np.array([1.0, -2, 0.5])
    X, X_dot = np.stack([x + 1, x]), np.stack([x_dot, x_dot])
    given = {"x": x, "x_dot": x_dot, "X": X, "X_dot": X_dot, "i": 1.0, "v_i": 1.0}
    for kind, wanted in (("value", value(x, 3)), ("jvp", slope(x, 3) * x_dot)):
        code = circuit.code(language, only=kind, name="made")
        made = "made" + (f"_{kind}" if kind != "value" else "")
        (got,) = run_arrays(language, code, made, given, {"m": 2, "n": 3}, [3], tmp_path)
        np.testing.assert_allclose(got, wanted, rtol=1e-15, atol=0)


@pytest.mark.parametrize("language", RUNS)
def test_the_gradient_by_entries_at_indices_that_are_numbers(language, tmp_path):
    if not RUNS[language]:
        pytest.skip(f"{language} does not run here")
    circuit = sb.circuit("b: param[n]; i: int; j: int; f = b[i]*b[j]**2")
    code = circuit.code(language, only="gradient", name="made")
    given = {"b": np.array([2.0, 3, 5]), **dict.fromkeys(("i", "v_i"), 2.0)}
    given |= dict.fromkeys(("j", "v_j"), 0.0)
    (got,) = run_arrays(language, code, "made_gradient", given, {"n": 3}, [3], tmp_path)
    assert got == [20.0, 0.0, 4.0]


def test_strict_compilers_have_nothing_to_say_of_conditions_and_operands():
    """rustc warns of brackets around an operand, clang of a double that is a condition."""
    rust = sb.circuit("A: param[n, n]; f = sum(eigvalsh(A)**2)").code("rust", only="hessp")
    assert "f64::abs(" in rust and "f64::abs((" not in rust
    c = sb.circuit("f = besselj(0, x)", loss=None).code("c", only="value")
    assert "static inline int symback_is_whole" in c and "const double whole" not in c
