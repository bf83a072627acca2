"""Circuits over arrays: every operation in every pattern of parameters and batched inputs."""

import linecache
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import symback as sb
from symback.autodiff.lower import lower
from symback.codegen.numpy import array_kernels
from symback.codegen.numpy import arrays as numpy_arrays
from symback.language import arrays as build_arrays
from symback.operations import arrays, vjp
from symback.operations.arrays import ARRAY_FUNCTIONS, OF_DERIVATIONS, ArrayFunction
from symback.operations.definitions import index_of
from symback.operations.expressions import postorder, real_symbol
from symback.printing import array_notation as arrays_in_print
from symback.truth import explicit
from tests.cases.array_cases import CASES, KINDS, UNSPREAD
from tests.cases.array_judge import arguments, assert_near, circuit, compiled, samples
from tests.cases.loops import LOOPS
from tests.cases.one_in import one_in
from tests.cases.targets import TARGETS

ROOT = Path(__file__).parents[2]
FAST = [case for case in CASES if not case.is_slow]


SOME = list({c.name: c for c in FAST}.values())


# -- values and gradients ------------------------------------------------------------------------


@pytest.mark.parametrize("case", one_in(4, SOME), ids=lambda c: c.id)
def test_the_self_check_of_a_module(case):
    assert compiled(case).check_gradients() < 1e-6


# -- the tables are complete ---------------------------------------------------------------------

IN_ADJOINTS_ONLY = {head for head in ARRAY_FUNCTIONS if head.in_adjoints_only}
CONSTANTS = {arrays.eye, arrays.full}
OF_TEXT = ARRAY_FUNCTIONS - IN_ADJOINTS_ONLY


def heads(formulas):
    return {p.func for f in formulas for p in postorder(f) if isinstance(p, ArrayFunction)}


def test_every_operation_has_a_case():
    found = {head for case in FAST for head in heads(n.formula for n in circuit(case).computed)}
    assert found == OF_TEXT
    called = {name for case in UNSPREAD for name in re.findall(r"\w+(?=\()", case.body)}
    assert build_arrays.CALLS.keys() <= called


def test_every_operation_reaches_generated_code():
    found = set()
    for case in SOME:
        lowered = lower(circuit(case))
        for program in (f.program for f in lowered.functions.values()):
            found |= heads(line.expr for line in program.lines)
        if found == ARRAY_FUNCTIONS:
            break
    assert found == ARRAY_FUNCTIONS


@pytest.mark.slow
def test_every_kernel_of_arrays_is_pasted_into_some_module():
    own = {n for n, f in vars(array_kernels).items() if callable(f) and n.startswith("_")}
    missing = own - vars(sb.circuit(LOOPS["recurrent"].text).compile()).keys()
    for case in FAST:
        if not missing:
            break
        missing -= vars(compiled(case)).keys()
    assert own and not missing


TABLES = [
    ("VJP", vjp.VJP, OF_TEXT - CONSTANTS),
    ("rule", {head for head in ARRAY_FUNCTIONS if head.rule}, OF_TEXT - CONSTANTS),
    ("EXPLICIT", explicit.EXPLICIT, OF_TEXT),
    ("PRINT", numpy_arrays.PRINT, ARRAY_FUNCTIONS),
    ("NOTATION", arrays_in_print.NOTATION, ARRAY_FUNCTIONS | OF_DERIVATIONS),
    ("PEOPLE", arrays_in_print.PEOPLE, ARRAY_FUNCTIONS | OF_DERIVATIONS),
]


@pytest.mark.parametrize(("name", "table", "wanted"), TABLES, ids=[t[0] for t in TABLES])
def test_tables_are_complete(name, table, wanted):
    assert set(table) == wanted


def test_sums_over_the_batch_are_of_printed_operations():
    assert set(numpy_arrays.SUMMED) <= set(numpy_arrays.PRINT)


def test_every_head_is_in_the_table():
    declared = {
        head
        for head in vars(arrays).values()
        if isinstance(head, type) and issubclass(head, ArrayFunction) and head is not ArrayFunction
    }
    assert declared == ARRAY_FUNCTIONS | OF_DERIVATIONS


def test_every_pair_of_ranks_is_broadcast():
    pairs = {tuple(case.name.split(" and ")) for case in UNSPREAD if " and " in case.name}
    for a in KINDS:
        for b in KINDS:
            assert (a, b) in pairs or (b, a) in pairs


# -- kinks -----------------------------------------------------------------------------------------


def gradient(text, **leaves):
    """The gradient of f by its inputs, for one sample."""
    module = sb.circuit(text, loss=None).compile()
    inputs = module.Inputs(*(np.array(leaves[n], float) for n in module.Inputs._fields))
    _, cache = module.forward(module.Params(), inputs)
    return module.backward(module.Params(), inputs, cache)[1]


KINKS = [
    ("max(x)", [3.0, 1.0, 3.0], [0.5, 0, 0.5]),
    ("min(x)", [3.0, 1.0, 3.0], [0, 1, 0]),
    ("sum(max(x, 2))", [3.0, 2.0, 1.0], [1, 0.5, 0]),
    ("norm(x)", [0.0, 0.0, 0.0], [0, 0, 0]),
    ("norm(x)", [0.0, -2.0, 0.0], [0, -1, 0]),
    ("sum(abs(x))", [0.0, -2.0, 1.0], [0, -1, 1]),
    ("sum(where(x > 0, sqrt(x), x))", [4.0, -2.0, 0.0], [0.25, 1, 1]),
    ("sum(x)*sum(relu(-x))", [1.0, 2.0, 3.0], [0, 0, 0]),
]


@pytest.mark.parametrize(("formula", "x", "expected"), KINKS)
def test_kinks(formula, x, expected):
    assert_near(gradient(f"x: input[n]\nf = {formula}", x=x).x, expected, formula, 1e-15)


@pytest.mark.parametrize("axis", [None, 0, 1, 2])
def test_the_adjoint_of_a_new_axis_is_what_stands_at_its_one_place(axis):
    x, g, value = map(real_symbol, "xgv")
    op = arrays.expand_dims(x) if axis is None else arrays.expand_dims(x, axis)
    (part,) = vjp.contributions(op, g, vjp.At(op, value, {"x": (2, 3)}))
    a = np.arange(6).reshape(2, 3)
    assert part.func is arrays.slice_ and part.args[0] == g
    wide = np.expand_dims(a, -1 if axis is None else axis)
    assert np.array_equal(wide[index_of(part.args[1])], a)


def test_ties_along_an_axis_share():
    bar = gradient("x: input[m, n]\nf = sum(max(x, axis=1))", x=[[1, 1], [0, 2], [3, -3]]).x
    assert bar.tolist() == [[0.5, 0.5], [0, 1], [1, 0]]


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp"])
def test_large_operands_do_not_overflow(name):
    text = (
        f"x: input[n]\nf = sum({name}(x))"
        if name != "logsumexp"
        else "x: input[n]\nf = logsumexp(x)"
    )
    bar = gradient(text, x=[1000.0, -1000.0, 999.0]).x
    assert np.all(np.isfinite(bar))


# -- products of zeros, and spreads of equal numbers ---------------------------------------------

ZEROS = {
    # x → the gradient of Π x, and its second derivative by x_0 and x_1
    (2.0, 0.0, 3.0): ([0.0, 6.0, 0.0], 3.0),
    (0.0, 0.0, 3.0): ([0.0, 0.0, 0.0], 3.0),
    (0.0, 0.0, 0.0): ([0.0, 0.0, 0.0], 0.0),
    (-0.5, 4.0, 0.0): ([0.0, 0.0, -2.0], 0.0),
}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("x", ZEROS, ids=str)
def test_products_of_zeros_have_their_derivatives(x, target):
    """Value, gradient and Hessian, of the product and of the last of the running products."""
    gradient_of_x, second = ZEROS[x]
    for formula in ("prod(x)", "cumprod(x)[-1]", "cumprod(x[::-1])[2]"):
        circuit = sb.circuit(f"x: param[3]\nf = {formula}", loss=None)
        module = circuit.compile(target=target, functions=("hessian", "hessp"))
        params = module.Params(np.array(x))
        value, bars = module.value_and_grad(params, module.Inputs())
        assert value == np.prod(x) and bars.x.tolist() == gradient_of_x
        assert module.hessian(np.array(x), module.Inputs())[0, 1] == second
        assert module.hessp(np.array(x), np.array([0.0, 1.0, 0.0]), module.Inputs())[0] == second


def test_the_adjoint_of_an_entry_has_the_dtype_of_the_array():
    for formula in ("x[1]", "cumprod(x)[2]"):
        module = sb.circuit(f"x: param[3]\nf = {formula}", loss=None).compile()
        for dtype in (np.float32, np.float64):
            params = module.Params(np.array([0.5, 2.0, 0.25], dtype))
            assert module.value_and_grad(params, module.Inputs())[1].x.dtype == dtype


@pytest.mark.parametrize("x", [[2.0, 2.0, 2.0], [0.0, 0.0, 0.0]])
def test_the_deviation_of_equal_numbers_has_the_slope_of_a_norm_at_0(x):
    assert gradient("x: input[n]\nf = std(x)", x=x).x.tolist() == [0.0, 0.0, 0.0]
    assert gradient("x: input[n]\nf = var(x, ddof=1)", x=x).x.tolist() == [0.0, 0.0, 0.0]


# -- what stands in a circuit beside arrays --------------------------------------------------------


def test_functions_of_the_text_take_arrays():
    module = sb.circuit(
        "swish(u) = u*sigma(u)\nx: input[n]\nf = sum(swish(x) + swish(2*x))"
    ).compile()
    x = np.array([0.5, -1.0])
    expected = np.sum(x / (1 + np.exp(-x)) + 2 * x / (1 + np.exp(-2 * x)))
    assert_near(module.forward((), module.Inputs(x))[0], expected, "swish", 1e-14)


def test_an_array_as_output_has_no_objective():
    """One number is needed to be made small; forward and backward are there all the same."""
    module = sb.circuit("W: param[m, n]\nx: input[n]\nz = W @ x").compile()
    for name in ("value_and_grad", "sgd", "objective", "ravel"):
        assert not hasattr(module, name)
    assert module.check_gradients() < 1e-6


def test_an_output_that_is_a_number_gets_the_loss_of_the_lecture():
    c = sb.circuit("w: param[n]\nx: input[n]\nf = dot(w, x)")
    assert str(c.loss.formula) == "(f - y)**2/2"
    assert [t.name for t in c.targets] == ["y"]


def test_a_parameter_of_the_loss_alone():
    text = """x: input[n]; t: target; w: param[n]; u: param[m, n]
    f: output = dot(w, x)
    l: loss = (f - t)**2 + sum(u**2)"""
    module = sb.circuit(text).compile()
    w, u = np.array([1.0, 2.0]), np.array([[1.0, -1.0], [0.5, 2.0], [3.0, 0.0]])
    x, t = np.array([[1.0, 0.0], [2.0, 1.0]]), np.array([1.0, 2.0])
    params, inputs = module.Params(w, u), module.Inputs(x, t)
    value, bars = module.value_and_grad(params, inputs)
    assert value == 2.0 + np.sum(u**2)
    assert bars.w.tolist() == [4.0, 2.0] and np.array_equal(bars.u, 2 * u)
    _, cache = module.forward(params, inputs)
    unread = module.backward(params, inputs, cache)[0].u
    assert unread.shape == u.shape and not unread.any()


def test_an_input_of_the_loss_alone():
    text = """x: input[n]; v: input[n]; w: param[n]
    f: output = w*x
    l: loss = mse(f, v)"""
    module = sb.circuit(text).compile()
    x = np.arange(6.0).reshape(3, 2)
    params, inputs = module.Params(np.ones(2)), module.Inputs(x, x)
    _, cache = module.forward(params, inputs)
    bars = module.backward(params, inputs, cache)[1]
    assert bars.v.shape == x.shape and not bars.v.any()
    assert module.value_and_grad(params, inputs)[0] == 0


def test_whole_numbers_are_taken_as_floats():
    module = sb.circuit("W: param[m, n]; x: input[n]; z = W @ x").compile()
    params = module.Params([[1, 2], [3, 4], [5, 6]])
    z, cache = module.forward(params, module.Inputs([[1, 1], [0, 1]]))
    assert z.dtype == float and z.tolist() == [[3, 7, 11], [2, 4, 6]]
    assert module.backward(params, module.Inputs([[1, 1], [0, 1]]), cache)[0].W.dtype == float


@pytest.mark.parametrize(
    "layout", [np.asfortranarray, lambda a: np.repeat(a, 2, axis=-1)[..., ::2]]
)
def test_memory_layout_does_not_matter(layout):
    case = next(c for c in CASES if c.id == "two layers pipi")
    module = compiled(case)
    params, inputs = arguments(module, case, samples(case))
    expected = module.value_and_grad(params, inputs)[1]
    other = module.Params(*map(layout, params)), module.Inputs(*map(layout, inputs[:-1]), inputs.y)
    for a, b in zip(module.value_and_grad(*other)[1], expected, strict=True):
        assert_near(a, b, "gradient", 1e-14)


def test_few_entries_of_many_samples_lie_side_by_side():
    """What is laid out otherwise has the same sums, and bits that no caller's layout changes."""
    text = "c: param[k, d]; x: input[d]; E: loss = logsumexp(sum(tanh(x - c)**2*exp(c), axis=1))"
    module = sb.circuit(text).compile()
    rng = np.random.default_rng(0)
    params, x = module.Params(rng.normal(size=(2, 3))), rng.normal(size=(96, 3))
    whole = module.value_and_grad(params, module.Inputs(x))
    for layout in (np.asfortranarray, lambda a: np.repeat(a, 2, axis=-1)[..., ::2]):
        value, (bar,) = module.value_and_grad(params, module.Inputs(layout(x)))
        assert value == whole[0] and np.array_equal(bar, whole[1].c) and bar.flags.c_contiguous
    halves = [module.value_and_grad(params, module.Inputs(part)) for part in (x[:48], x[48:])]
    assert_near(np.mean([value for value, _ in halves]), whole[0], "value", 1e-14)
    assert_near(np.mean([bars.c for _, bars in halves], axis=0), whole[1].c, "gradient", 1e-14)


# -- the generated text ----------------------------------------------------------------------------

NETWORK = """
x: input[d]; t: target[k]
W1: param[h, d]; b1: param[h]; W2: param[k, h]; b2: param[k]
h1 = tanh(W1 @ x + b1)
z: output = W2 @ h1 + b2
E: loss = cross_entropy(z, t)
"""
WRITTEN = [
    (
        NETWORK,
        [
            "net = x @ W1.T",
            "net += b1",
            "z = h1 @ W2.T",
            "h1_bar = z_bar @ W2",
            "x_bar = net_bar @ W1",
            "W1_bar = net_bar.T @ x",
            "b1_bar = net_bar.sum(axis=0)",
            "W2_bar = z_bar.T @ h1",
            "E, E_slope = _cross_entropy_and_softmax(z, t)",
            "z_bar = E_slope - t",
        ],
    ),
    (
        "X: input[s, d]; W: param[d, h]; b: param[h]; t: target[s, h]\n"
        "Z: output = X @ W + b\nE: loss = mse(Z, t)",
        [
            "Z = X @ W",
            "Z += b",
            "W_bar = np.tensordot(X, Z_bar, ((0, 1), (0, 1)))",
            "b_bar = Z_bar.sum(axis=(0, 1))",
            "X_bar = Z_bar @ W.T",
        ],
    ),
    (
        "x: input[n]; w: param[n]; b: param; y: target\n"
        "f: output = sigma(dot(w, x) + b)\nE: loss = (f - y)**2",
        ["f_1 = x @ w", "w_bar = net_bar @ x", "b_bar = net_bar.sum()"],
    ),
    (
        "A: param[n, n]; x: input[n]\nf = x.T @ A @ x",
        ["f_1 = x @ A.T", "f_1_bar = f_bar[:, None] * x", "A_bar = f_1_bar.T @ x"],
    ),
    (
        "U: param[m, r]; V: param[n, r]; R: input[m, n]\nE: loss = sum((R - U @ V.T)**2)",
        ["E_1 = R - U @ V.T"],
    ),
    (
        "W: param[k, n]; x: input[n]\nz = W @ x",
        ["z = x @ W.T", "W_bar = z_bar.T @ x", "x_bar = z_bar @ W"],
    ),
    (
        "a: param[n]; c: param[n]; x: input[n]\nf = sum(a*x*c)",
        ["a_bar = c * (f_1_bar @ x)"],
    ),
    (
        "Q: input[s, d]; K: input[s, d]\nz = softmax(Q @ K.T/sqrt(d))",
        ["z_1 = Q.dtype.type(1 / np.sqrt(d))", "z_2 = Q @ K.mT"],
    ),
]


def body(text):
    """The lines of forward, backward and of the loss with its gradient."""
    lines = sb.circuit(text).generate().split("\n")
    start = lines.index("def forward(params: Params, inputs: Inputs) -> tuple[Array, Cache]:")
    end = next((i for i, line in enumerate(lines) if line.startswith("def sgd(")), None)
    end = end or next(i for i, line in enumerate(lines) if line.startswith("def check_gradients("))
    return [line.strip() for line in lines[start:end]]


@pytest.mark.parametrize(("text", "expected"), WRITTEN, ids=range(len(WRITTEN)))
def test_modules_are_written_as_by_a_careful_engineer(text, expected):
    lines = body(text)
    assert [line for line in expected if line not in lines] == []


def test_linear_layers_need_no_loop_and_no_outer_products():
    for text, _ in WRITTEN:
        joined = "\n".join(body(text))
        assert "einsum" not in joined and "[..., None, :]" not in joined
        loops = [line for line in body(text) if line.startswith(("for ", "while "))]
        assert set(loops) <= {
            "for start in range(0, n, BLOCK_ROWS)",
            "for block_total, block_bars in blocks:",
        }


@pytest.mark.parametrize("case", one_in(2, SOME), ids=lambda c: c.name)
def test_results_are_not_copied_twice(case):
    """A copy is made of what shares memory, and of nothing else."""
    assert linecache.getlines(compiled(case).__file__)
    for line in map(str.rstrip, linecache.getlines(compiled(case).__file__)):
        if line.endswith(".copy()"):
            assert not re.search(r" @ |\b_(?!windows)\w+\(", line.partition(" = ")[2]), line


@pytest.mark.slow
def test_same_bytes_under_any_hash_seed():
    program = "import sys, symback; print(symback.circuit(sys.argv[1]).generate())"
    text = "\n".join([NETWORK.strip(), "# a comment"])
    made = {
        subprocess.run(
            [sys.executable, "-c", program, text],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=ROOT,
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1")
    }
    assert len(made) == 1
