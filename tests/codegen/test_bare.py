"""Bare code: its functions, run in each language, beside SymPy; its text, files and refusals."""

import ctypes
import inspect
import json
import math
import shutil
import subprocess

import numpy as np
import pytest
import sympy as sp
from click.testing import CliRunner

import symback as sb
from symback.cli.main import cli
from symback.codegen.bare.languages import LANGUAGES
from symback.codegen.marks import kind_of
from symback.errors import NameRefused, UnknownName, Unsupported
from tests.cases.array_circuits import ALL as ARRAY_CIRCUITS
from tests.cases.array_circuits import values_of
from tests.cases.bare_runs import (
    NODE,
    RUNS,
    python_function,
    run_arrays,
    rust_number,
    rust_output,
)
from tests.cases.compilers import COMPILER, STRICT
from tests.cases.elementwise import CASES as OPERATIONS
from tests.cases.one_in import one_in

# circuit, node, its value as SymPy reads it, points
CASES = {
    "one neuron": (
        "f = x1 - sigma(w3*x3 + w4*x4)",
        "f",
        "x1 - 1/(1 + exp(-w3*x3 - w4*x4))",
        [{"x1": 1, "w3": 2, "x3": 0.5, "w4": 0.8, "x4": -1.5}, dict.fromkeys(["x1"], 0.25)],
    ),
    "its loss": (
        "net = w*x + b\nf = tanh(net)\nE: loss = (f - y)**2/2",
        "E",
        "(tanh(w*x + b) - y)**2/2",
        [{"w": 0.5, "x": 2, "b": -0.25, "y": 1}, {"w": 3, "x": -4, "b": 1, "y": 0.5}],
    ),
    "several paths": (
        "a = w*x\nf = a*exp(a) + sin(a)/(1 + x**2)",
        "f",
        "w*x*exp(w*x) + sin(w*x)/(1 + x**2)",
        [{"w": 0.75, "x": -1.25}, {"w": -2, "x": 0.5}],
    ),
    "a stable form": (
        "f = log(1 + exp(w*x)) - log(2)",
        "f",
        "log(1 + exp(w*x)) - log(2)",
        [{"w": 1, "x": 0.5}, {"w": -1, "x": 30}, {"w": 20, "x": 40}],
    ),
    "a function with a series": (
        "f = w*(exp(x) - 1 - x)",
        "f",
        "w*(exp(x) - 1 - x)",
        [{"w": 2, "x": 1e-6}, {"w": 2, "x": -0.5}, {"w": -1, "x": 3}],
    ),
    "gelu and silu": (
        "f = w*gelu(x) + silu(w)",
        "f",
        "w*x*(1 + erf(x/sqrt(2)))/2 + w/(1 + exp(-w))",
        [{"w": 2, "x": 1.5}, {"w": -0.5, "x": -2.5}],
    ),
    "powers and roots": (
        "f = sqrt(a**2 + 1)/(b**3 + 2)**k",
        "f",
        "sqrt(a**2 + 1)/(b**3 + 2)**k",
        [{"a": 0.5, "b": 1.5, "k": 2.5}, {"a": -3, "b": 0.25, "k": -1}],
    ),
    "branches": (
        "f = where(x > 0, w*log(x), w**2*x)",
        "f",
        "Piecewise((w*log(x), x > 0), (w**2*x, True))",
        [{"w": 2, "x": 3}, {"w": 2, "x": -3}],
    ),
    "max": (
        "f = max(a*b, a + b)",
        "f",
        "Piecewise((a*b, a*b > a + b), (a + b, True))",
        [{"a": 3, "b": 4}, {"a": 1, "b": 0.5}],
    ),
    "names that languages have": (
        "f = new*var + double**2",
        "f",
        "new*var + double**2",
        [{"new": 2, "var": 3, "double": 5}],
    ),
}


LEAVES = {name for *_, points in CASES.values() for point in points for name in point}


def expected(text, names, point):
    """The value and the partials by the names that are not targets, from SymPy with 30 digits."""
    symbols = {name: sp.Symbol(name, real=True) for name in names}
    value = sp.sympify(text, locals=symbols)
    at = {symbols[name]: sp.Float(number, 30) for name, number in point.items()}
    formulas = [value, *(sp.diff(value, symbols[name]) for name in names if name != "y")]
    return [float(formula.evalf(30, subs=at)) for formula in formulas]


def run(language, code, name, points, count, folder, kinds=("", "_gradient")):
    """For each point what the functions return, end to end, as the language computes them.

    The first of them returns a number, the second `count` numbers.
    """
    names = [f"{name}{kind}" for kind in kinds]
    if language in ("numpy", "jax", "torch"):
        first, second = (python_function(language, code, name) for name in names)
        found = []
        for p in points:
            several = second(*map(np.float64, p))
            several = several if isinstance(several, tuple) else (several,)
            found.append([float(x) for x in (first(*map(np.float64, p)), *several)])
        return found
    if language == "javascript":
        rows = json.dumps(points)  # with NaN and Infinity, which JavaScript has as names
        calls = f"{rows}.map((p) => [{names[0]}(...p), ...{names[1]}(...p)].map(String))"
        text = f"{code}\nconsole.log(JSON.stringify({calls}));"
        done = subprocess.run([NODE, "-"], input=text, capture_output=True, text=True, check=True)
        return [
            [float(x.replace("Infinity", "inf")) for x in row] for row in json.loads(done.stdout)
        ]
    if language == "rust":
        calls = []
        for p in points:
            given = ", ".join(map(rust_number, p))
            calls.append(f"({names[0]}({given}), {names[1]}({given}))")
        lines = [f'let (a, b) = {call}; print!("[{{a:?}}, {{b:?}}]");' for call in calls]
        main = '\nprint!(", ");'.join(lines)
        rows = rust_output(code, f'print!("[");\n{main}\nprintln!("]");', folder)
        return [[a, *(b if isinstance(b, list) else [b])] for a, b in rows]
    (folder / "bare.c").write_text(code, encoding="utf-8")
    command = [COMPILER, *STRICT, "-O1", "-shared", "-fPIC", "bare.c", "-o", "bare.so", "-lm"]
    subprocess.run(command, cwd=folder, check=True)
    library = ctypes.CDLL(str(folder / "bare.so"))
    first, second = (getattr(library, name) for name in names)
    first.restype = ctypes.c_double
    found = []
    for p in points:
        numbers, room = [ctypes.c_double(x) for x in p], (ctypes.c_double * count)()
        second(*numbers, room)
        found.append([first(*numbers), *room])
    return found


@pytest.mark.parametrize(
    ("case", "language"), one_in(7, [(case, language) for case in CASES for language in LANGUAGES])
)
def test_values_and_gradients_are_those_of_sympy(case, language, tmp_path):
    if not RUNS[language]:
        pytest.skip(f"{language} does not run here")
    text, node, formula, points = CASES[case]
    circuit = sb.circuit(text)
    read = {
        str(s) for s in sp.sympify(formula, locals={n: sp.Symbol(n) for n in LEAVES}).free_symbols
    }
    names = [n.name for n in circuit.leaves if n.name in read]
    points = [{**dict.fromkeys(names, 0.5), **point} for point in points]
    code = circuit.code(language, of=node, name="made")
    partials = [name for name in names if name != "y"]
    rows = [[float(point[name]) for name in names] for point in points]
    found = run(language, code, "made", rows, len(partials), tmp_path)
    for point, got in zip(points, found, strict=True):
        wanted = expected(formula, names, point)
        assert got == pytest.approx(wanted, rel=1e-14, abs=1e-300), point


@pytest.mark.parametrize(
    ("case", "language"),
    one_in(10, [(case, language) for case in CASES for language in LANGUAGES], first=1),
)
def test_products_with_jacobians_and_hessians_are_those_of_sympy(case, language, tmp_path):
    if not RUNS[language]:
        pytest.skip(f"{language} does not run here")
    text, node, formula, points = CASES[case]
    circuit = sb.circuit(text)
    symbols = {name: sp.Symbol(name, real=True) for name in LEAVES}
    value = sp.sympify(formula, locals=symbols)
    names = [n.name for n in circuit.leaves if symbols.get(n.name) in value.free_symbols]
    wrt = [name for name in names if name != "y"]
    dots = {name: 0.75 - 0.5 * k for k, name in enumerate(wrt)}

    def moved(formula):
        return sum(sp.diff(formula, symbols[name]) * sp.Rational(dots[name]) for name in wrt)

    formulas = [moved(value), *(moved(sp.diff(value, symbols[name])) for name in wrt)]
    code = circuit.code(language, of=node, only=["jvp", "hessp"], name="made")
    points = [{**dict.fromkeys(names, 0.5), **point} for point in points]
    rows = [[float(point[name]) for name in names] + [*dots.values()] for point in points]
    found = run(language, code, "made", rows, len(wrt), tmp_path, ("_jvp", "_hessp"))
    for point, got in zip(points, found, strict=True):
        at = {symbols[name]: sp.Float(number, 40) for name, number in point.items()}
        wanted = [float(formula.evalf(40, subs=at)) for formula in formulas]
        assert got == pytest.approx(wanted, rel=1e-12, abs=1e-14), point


EXTREMES = (0.0, 1.0, -1.0, 1e3, -1e3, 1e200, -1e200, math.inf, -math.inf, math.nan)


@pytest.mark.skipif(not (RUNS["c"] and RUNS["javascript"]), reason="needs a C compiler and node")
@pytest.mark.parametrize("name", one_in(50, OPERATIONS))
def test_languages_agree_on_every_operation(name, tmp_path):
    """Also where the value is infinite, or no number."""
    circuit = sb.circuit(OPERATIONS[name].circuit)
    names = [n.name for n in circuit.leaves if n.role != "target"]
    rng = np.random.default_rng(1)
    points = [rng.uniform(*ends, len(names)).tolist() for ends in 3 * ((0.1, 1.5), (-0.9, 0.5))]
    points += [[extreme] * len(names) for extreme in EXTREMES]
    found = {}
    with np.errstate(all="ignore"):
        for language in filter(RUNS.get, LANGUAGES):
            code = circuit.code(language, name="made")
            found[language] = run(language, code, "made", points, len(names), tmp_path)
    for language in found:
        np.testing.assert_allclose(found[language], found["numpy"], rtol=1e-12, atol=1e-300)


ARRAYS = """\
x: input[n]
W: param[m, n]
b: param[m]
h = tanh(W @ x + b)
E: loss = sum(h**2)/n
"""


def test_arrays_have_the_shapes_that_are_stated():
    code = sb.circuit(ARRAYS).code(of="E")
    namespace = {}
    exec(code, namespace)
    rng = np.random.default_rng(0)
    x, W, b = rng.normal(size=3), rng.normal(size=(2, 3)), rng.normal(size=2)
    h = np.tanh(W @ x + b)
    assert namespace["E"](x, W, b) == pytest.approx(np.sum(h**2) / 3, rel=1e-14, abs=0)
    x_bar, W_bar, b_bar = namespace["E_gradient"](x, W.tolist(), b)
    bar = 2 * h * (1 - h**2) / 3
    for got, wanted in zip((x_bar, W_bar, b_bar), (W.T @ bar, np.outer(bar, x), bar), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-13)
    assert "    W: array [m, n]\n" in code and "h = tanh(W·x + b)\n" in code


@pytest.mark.parametrize("name", one_in(12, ARRAY_CIRCUITS))
def test_circuits_of_arrays_have_the_gradient_of_their_module(name):
    circuit = sb.circuit(ARRAY_CIRCUITS[name])
    if circuit.objective.shape:
        with pytest.raises(Unsupported, match="the gradient is that of a number"):
            circuit.code(of=circuit.objective.name)
        return
    module, values = circuit.compile(), values_of(circuit)
    params = module.Params(**{p.name: values[p.name] for p in circuit.params})
    samples = {n.name: values[n.name][None] for n in (*circuit.inputs, *circuit.targets)}
    value, gradient = module.value_and_grad(params, module.Inputs(**samples))
    namespace = {}
    wrt = [n.name for n in circuit.params or circuit.inputs]
    exec(circuit.code(of=circuit.objective.name, wrt=wrt, name="made"), namespace)
    given = [values[a] for a in inspect.signature(namespace["made"]).parameters]
    assert namespace["made"](*given) == pytest.approx(float(value), rel=1e-12, abs=0)
    partials = namespace["made_gradient"](*given)
    partials = partials if isinstance(partials, tuple) else (partials,)
    for name, partial in zip(wrt, partials, strict=True):
        assert np.shape(partial) == np.shape(values[name])
        if circuit.params:
            np.testing.assert_allclose(partial, getattr(gradient, name), rtol=1e-10, atol=1e-13)


def test_entries_of_arrays_are_computed_each():
    namespace = {}
    exec(sb.circuit("f = sigma(w*x)").code(), namespace)
    x = np.array([-700.0, 0.0, 3.0])
    np.testing.assert_allclose(namespace["f"](1.0, x), 1 / (1 + np.exp(-x)), rtol=1e-15)
    w_bar, x_bar = namespace["f_gradient"](1.0, x)
    slope = [0.0, 0.25, math.exp(-3) / (1 + math.exp(-3)) ** 2]
    np.testing.assert_allclose(w_bar, x * slope, rtol=1e-14, atol=1e-300)
    np.testing.assert_allclose(x_bar, slope, rtol=1e-14, atol=1e-300)


SECOND = {
    "its loss": ["w", "x", "b"],
    "a function with a series": ["w", "x"],
    "powers and roots": ["a", "b", "k"],
    "branches": ["x", "w"],
}


@pytest.mark.parametrize(
    ("name", "language"), one_in(4, [(name, language) for name in SECOND for language in RUNS])
)
def test_the_jacobian_and_the_hessian_of_a_number_are_those_of_sympy(name, language, tmp_path):
    if not RUNS[language]:
        pytest.skip(f"{language} does not run here")
    text, node, formula, points = CASES[name]
    point, wrt = points[0], SECOND[name]
    symbols = {leaf: sp.Symbol(leaf, real=True) for leaf in point}
    value = sp.sympify(formula, locals=symbols)
    at = {symbols[leaf]: sp.Float(number, 30) for leaf, number in point.items()}
    first = [sp.diff(value, symbols[leaf]) for leaf in wrt]
    second = [sp.diff(row, symbols[leaf]) for row in first for leaf in wrt]
    code = sb.circuit(text).code(language, of=node, wrt=wrt, only=["jacobian", "hessian"], name="c")
    n = len(wrt)
    (got,) = [run_arrays(language, code, "c_hessian", point, {}, [n * n], tmp_path)[0]]
    np.testing.assert_allclose(got, [float(s.evalf(30, subs=at)) for s in second], rtol=1e-12)
    found = run_arrays(language, code, "c_jacobian", point, {}, [n], tmp_path)
    row = [x for part in found for x in part]
    np.testing.assert_allclose(row, [float(s.evalf(30, subs=at)) for s in first], rtol=1e-12)


def test_a_matrix_has_the_functions_that_it_calls():
    circuit = sb.circuit("u = a*x\nv = a + x**2\nf: output = [u, v]")
    for language in LANGUAGES:
        code = circuit.code(language, only="jacobian")
        assert code.index("f_vjp") < code.index("f_jacobian") and "f_jvp" not in code
    clash = sb.circuit("unit: input[n]; row: param[n]; value: param; f = value*row*unit + f_vjp")
    with pytest.raises(NameRefused, match="name the functions with --name"):
        clash.code(only="jacobian")
    assert "unit_2 = np.eye" not in clash.code(only="jacobian", name="g")


# -- what there is of it -------------------------------------------------------------------------


def test_only_what_is_asked_for_is_there():
    circuit = sb.circuit("net = w*x + b\nf = sigma(net)\nE: loss = (f - y)**2/2")
    value = circuit.code(only="value")
    assert "def f(w, x, b):" in value and "gradient" not in value and "_sigma_slope" not in value
    gradient = circuit.code("c", only=["gradient"], of="E", wrt=["w", "y"], name="loss")
    assert "void loss_gradient(double w, double x, double b, double y, double gradient[2])" in (
        gradient
    )
    assert "gradient takes ∂E/∂w, ∂E/∂y" in gradient and "b_bar" not in gradient
    assert "double loss(" not in gradient
    assert "Params" not in value and "import symback" not in value


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_loop_is_kept(language):
    turns = "x: input[9, n]; a[0] = zeros(n)\nfor t in range(9):\n    a[t + 1] = a[t]*x[t] + 1"
    circuit = sb.circuit(f"{turns}\nf = sum(a[9])")
    code, lines = circuit.code(language), circuit.unrolled().code(language)
    assert "a_9 = a_8 ∘ x[8] + 1" in lines
    assert "for t in range(9):" in code and "a_8" not in code


def test_one_of_several_outputs_is_a_number():
    code = sb.circuit("g = a*b\nf: output = [g, a + g]").code("c", of="g")
    assert "double g(double a, double b)" in code


def test_a_long_signature_has_lines_of_its_own():
    names = [f"x{k}" for k in range(30)]
    circuit = sb.circuit("f = " + " + ".join(names))
    for language in LANGUAGES:
        code = circuit.code(language)
        assert max(map(len, code.splitlines())) <= 100
        assert f"{names[-2]}, {names[-1]}" in code.replace("double ", "").replace(": f64", "")


REFUSED = [
    ({"language": "fortran"}, Unsupported, "no language 'fortran'"),
    ({"only": "jacobean"}, Unsupported, "no function 'jacobean' of bare code"),
    ({"of": "g"}, UnknownName, "g"),
    ({"of": "w"}, Unsupported, "w is not a formula but a param"),
    ({"wrt": "y1"}, UnknownName, "y1"),
    ({"name": "exp", "language": "c"}, Unsupported, "'exp' can't be a function of C"),
    ({"name": "class"}, Unsupported, "'class' can't be a function of Python"),
    ({"name": "new", "language": "javascript"}, Unsupported, "can't be a function of JavaScript"),
    ({"name": "a b"}, Unsupported, "'a b' can't be a function"),
    ({"name": "f()\nimport os"}, Unsupported, "can't be a function"),
    ({"name": "_sigma"}, Unsupported, "'_sigma' can't be a function"),
]


@pytest.mark.parametrize(
    ("options", "error", "words"), REFUSED, ids=[str(index) for index in range(len(REFUSED))]
)
def test_what_is_refused(options, error, words):
    with pytest.raises(error) as raised:
        sb.circuit("f = w*x").code(**options)
    assert words in str(raised.value)


def test_a_leaf_that_the_node_does_not_read_is_no_leaf_of_its_gradient():
    circuit = sb.circuit("f = w*x\nE: loss = (f - y)**2")
    with pytest.raises(Unsupported, match="f does not depend on a leaf y"):
        circuit.code(wrt="y")


def test_an_array_has_no_gradient():
    with pytest.raises(Unsupported, match=r"h is an array \[m\]"):
        sb.circuit(ARRAYS).code(of="h")
    assert "def h(x, W, b):" in sb.circuit(ARRAYS).code(of="h", only="value")


# -- the command ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "name"), [("numpy", "f.py"), ("c", "f.c"), ("javascript", "f.js")]
)
def test_the_command_prints_what_the_method_gives_and_writes_it_with_its_mark(
    language, name, tmp_path
):
    arguments = ["code", "f = w*x + b", "--language", language, "--only", "value, gradient"]
    printed = CliRunner().invoke(cli, arguments)
    assert printed.stdout == sb.circuit("f = w*x + b").code(language)
    path = tmp_path / name
    assert CliRunner().invoke(cli, [*arguments, "-o", str(path)]).exit_code == 0
    content = path.read_bytes()
    assert content.startswith(printed.stdout_bytes) and kind_of(content) == "code"
    path.write_bytes(content.replace(b"w", b"v"))
    refused = CliRunner().invoke(cli, [*arguments, "-o", str(path)])
    assert refused.exit_code != 0 and "was edited" in str(refused.output)
    assert CliRunner().invoke(cli, [*arguments, "-o", str(path), "--force"]).exit_code == 0
    assert path.read_bytes() == content


def test_other_files_are_kept(tmp_path):
    path = tmp_path / "f.py"
    sb.circuit("f = w*x").generate(str(path))
    done = CliRunner().invoke(cli, ["code", "f = w*x", "-o", str(path)])
    assert done.exit_code != 0 and "is a generated module, not bare code" in str(done.output)


RANGES = {
    "i: int; E: param[v, d]; f = sum(E[i])": "i: a whole number from 0 to v - 1, which the caller",
    "i: int[m]; E: param[3, 2]; f = sum(E[i])": "i: whole numbers from 0 to 2, which the caller",
    "i: int[m]; v: param[m]; f = max(segment_sum(v, i, 4))": "i: whole numbers from 0 to 3, which",
    "z: input[k]; y: target; f: loss = cross_entropy(z, y)": "y: a whole number from 0 to k - 1",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_functions_state_the_range_of_indices(language):
    for text, contract in RANGES.items():
        assert contract in sb.circuit(text).code(language, of="f"), text


UNCALLED = {  # kernels that call others in a branch for vectors, or that nothing calls otherwise
    "powers of numbers": "f = x**p",
    "powers of an array": "x: input[n]; w: param[n]; f = sum(x**w)/sum(w)",
    "logarithms": "f = log(a)*log(1 + x) + (exp(x) - 1)/a",
    "hyperbolic functions": "f = sinh(x) + cosh(x) + tanh(x)",
    "a softmax": "x: input[n]; w: param[n]; f = logsumexp(w*x) + norm(x)",
}
STRICT_COMPILERS = {
    "gcc": ["gcc", "-std=c99"],
    "g++": ["g++", "-x", "c++"],
    "clang": ["clang", "-std=c99"],
    "clang++": ["clang++", "-x", "c++"],
    "clang for AVX-512": ["clang", "-std=c99", "-mavx512f"],
}


@pytest.mark.parametrize("compiler", STRICT_COMPILERS)
def test_every_function_of_bare_c_is_called(compiler, tmp_path):
    command = [*STRICT_COMPILERS[compiler], "-Wall", "-Wextra", "-Wconversion", "-Werror"]
    if shutil.which(command[0]) is None:
        pytest.skip(f"needs {command[0]}")
    for k, text in enumerate(UNCALLED.values()):
        code = sb.circuit(text).code("c", only=["value", "gradient", "hessp"], name="made")
        (tmp_path / f"bare{k}.c").write_text(code, encoding="utf-8")
    files = [f"bare{k}.c" for k in range(len(UNCALLED))]
    subprocess.run([*command, "-fsyntax-only", *files], cwd=tmp_path, check=True)
