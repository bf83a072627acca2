"""The check of modules of arrays: right ones pass, planted errors never do."""

import json
import math
import re

import numpy as np
import pytest

import symback as sb
from symback.check.check import check_circuit, check_module
from symback.check.directional import compare_at_large_sizes, large_sizes
from symback.circuits.requirements import EXPONENTIAL
from symback.codegen.loading import load
from symback.errors import Unsupported
from symback.language.arrays import CALLS
from symback.operations.arrays import ARRAY_FUNCTIONS
from symback.operations.vjp import VJP
from symback.truth.explicit import EXPLICIT, explicit
from symback.truth.oracle import Oracle
from symback.truth.small_sizes import small_sizes
from tests.cases.array_circuits import (
    ALL,
    CIRCUITS,
    EXAMPLES,
    FACTORS,
    ROWS,
    SLOW,
    SPECTRA,
    array_sample,
)
from tests.cases.array_mutants import hunt, planted
from tests.cases.one_in import one_in

# -- right modules -------------------------------------------------------------------------------

OF_NUMBERS = {name for name in EXAMPLES if not array_sample(name).has_arrays}
ARRAYS = [name for name in ALL if name not in OF_NUMBERS]
NAMES = [*one_in(8, CIRCUITS), *(pytest.param(n, marks=pytest.mark.slow) if n in SLOW else n
                      for n in sorted(EXAMPLES))]  # fmt: skip


def test_every_operation_has_a_circuit():
    text = " ".join([*CIRCUITS.values(), *FACTORS, *SPECTRA, *ROWS]).replace("E[i]", "take(E, i)")
    assert not [name for name in CALLS if not re.search(rf"\b{name}\(", text)]


def test_every_operation_has_a_definition():
    """What adjoints alone contain needs none: it is never differentiated."""
    of_adjoints = ARRAY_FUNCTIONS - set(VJP)
    assert set(VJP) <= set(EXPLICIT) and set(EXPONENTIAL) <= set(EXPLICIT)
    assert {head.__name__ for head in set(EXPLICIT) & of_adjoints} == {"eye", "full"}


@pytest.mark.parametrize("name", one_in(16, NAMES))
def test_right_modules_pass(name):
    report = array_sample(name).check()
    assert report.passed and report.points >= 24, str(report)
    assert not [r for r in report.remarks if not r.startswith("rewritten: ")], str(report)
    large = [row for row in report.rows if row.quantity == "adjoint at large sizes"]
    assert len(large) == (name not in OF_NUMBERS) and all(row.points >= 3 for row in large)


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in ARRAYS if n not in SLOW])
def test_right_modules_never_fail(name):
    circuit, module = array_sample(name), array_sample(name).compile()
    oracle = Oracle(circuit)
    for seed in range(12):
        report = check_module(circuit, module, points=32, seed=seed, oracle=oracle)
        assert report.passed, str(report)


def test_a_module_is_left_as_it_was():
    circuit = sb.circuit("x: input[784]; W: param[10, 784]\nz: output = W @ x\nloss: none")
    module = circuit.compile()
    before = dict(module.SHAPES), module.BLOCK_ROWS
    assert check_module(circuit, module)
    assert before == (module.SHAPES, module.BLOCK_ROWS)


# -- planted errors ------------------------------------------------------------------------------

PLANTED = {
    # a few mutants of each of these by default, all of them in the slow run
    "digits_network": 37,
    "gaussian_mixture": 97,
    "both softmax": 53,
    "solve": 41,
    "parts": 61,
}
SLOW_EVERY = {"attention": 25, "lstm": 60}


FEW = [(name, every, 24) for name, every in PLANTED.items()]
EVERY = [
    pytest.param(n, SLOW_EVERY.get(n, 1), 24 if n in SLOW else 96, marks=pytest.mark.slow)
    for n in ARRAYS
]


@pytest.mark.parametrize(("name", "every", "points"), [*one_in(16, FEW, first=3), *EVERY])
def test_planted_errors_are_caught(name, every, points):
    """How many are caught is printed; pytest -rP shows it."""
    found = hunt(array_sample(name), every, points)
    print(f"{name}: {found.killed} caught, {found.equivalent} mean the same")
    assert not found.survived, "\n".join(f"{m.kind}: {m.where}" for m in found.survived)
    assert found.killed >= 5


OF_ONE = {
    "numbers": "x: input; y: target; w: param\nf: output = tanh(w*x)\nl: loss = (f - y)**2",
    "arrays": "x: input[2]; y: target; w: param[2]\nf: output = w @ x\nl: loss = (f - y)**2",
}


@pytest.mark.parametrize("text", OF_ONE.values(), ids=OF_ONE)
def test_training_on_one_sample_at_a_time_is_checked(text):
    """A module that refuses batches of one, or counts their samples wrongly, is wrong."""
    circuit = sb.circuit(text)
    source = circuit.generate()
    for old, new in {
        '_count("batch_size", batch_size, 1)': '_count("batch_size", batch_size, 2)',
        "            b = len(batch[0])\n": "            b = max(2, len(batch[0]))\n",
    }.items():
        assert source.count(old) == 1
        assert check_module(circuit, load(source, "right"))
        wrong = check_module(circuit, load(source.replace(old, new), "wrong"))
        assert not wrong.passed, str(wrong)


@pytest.mark.slow
def test_mutants_are_of_every_kind():
    """All the kinds of error that the check must know, in every function that computes."""
    found = [m for name in ("digits_network", "normalised") for m in planted(array_sample(name))]
    assert {m.kind for m in found} >= {
        "another axis",
        "constant off by 1e-9",
        "factor dropped",
        "float32",
        "mean for sum",
        "operands swapped",
        "sign",
        "swapped operand",
        "term dropped",
        "transpose added",
        "transpose removed",
    }
    functions = {m.where.split(":")[0] for m in found}
    assert functions >= {"forward", "backward", "_loss_and_bars", "_sums", "value_and_grad", "sgd"}
    assert functions >= {"_cross_entropy_and_softmax", "_layer_norm", "_rsqrt_variance"}
    subscripts = planted(array_sample("gaussian_mixture"))
    assert any(m.kind == "subscripts" for m in [*subscripts, *planted(array_sample("products"))])


# -- errors that only large sizes show -------------------------------------------------------------

LARGE = {
    "a block that is cut off": (
        "range(0, n, BLOCK_ROWS)",
        "range(0, min(n, 1000), BLOCK_ROWS)",
    ),
    "an axis that is cut off": (
        "    W1_bar = net_bar.T @ x\n",
        "    W1_bar = net_bar.T @ x\n    W1_bar[:, 32:] = 0\n",
    ),
    "a sum over part of an axis": ("z_bar @ W2", "z_bar[:, :32] @ W2[:32]"),
    "another algorithm for many": (
        "    z = h1 @ W2.T\n",
        "    z = h1 @ W2.T\n    h1_slope[:, 20:] = 1 - h1[:, 20:]\n",
    ),
    "an output that is no number": (
        "    W2_bar = z_bar.T @ h1\n",
        "    W2_bar = z_bar.T @ h1\n    W2_bar[50:] = np.nan\n",
    ),
    "an exception": (
        "    W2_bar = z_bar.T @ h1\n",
        "    W2_bar = z_bar.T @ h1\n    W2_bar[np.arange(len(W2_bar)) // 16 * 20]\n",
    ),
    "samples that meet": (
        "    z += b2\n",
        "    z += b2\n    z[:, 7:] += 1e-6 * (z[:, 7:].mean(axis=0) - z[:, 7:])\n",
    ),
}


@pytest.mark.parametrize("case", one_in(4, LARGE))
def test_errors_of_large_sizes_are_caught(case):
    old, new = LARGE[case]
    circuit = array_sample("digits_network")
    text = circuit.generate()
    assert old in text
    report = check_module(circuit, load(text.replace(old, new), "planted"))
    wrong = [row.quantity for row in report.rows if not row.passed]
    assert wrong in (["adjoint at large sizes"], ["call with large sizes"]), str(report)


def test_a_slope_that_is_slightly_wrong_is_caught():
    """The tolerance is far below one part in a million."""
    circuit = array_sample("digits_network")
    text = circuit.generate().replace(
        "    b1_bar = net_bar.sum(axis=0)\n",
        "    b1_bar = net_bar.sum(axis=0)\n    b1_bar[7:] *= 1 + 1e-7\n",
    )
    assert not check_module(circuit, load(text, "planted"))


@pytest.mark.parametrize("name", one_in(2, ["two layers", "extremes", "determinant", "gaussian"]))
def test_right_adjoints_pass_at_large_sizes_for_any_seed(name):
    circuit = array_sample(name)
    module = circuit.compile()
    for seed in range(3):
        _, found = compare_at_large_sizes(circuit, module, seed)
        assert found and max(f.share for f in found) < 1
        assert sum(f.sharp for f in found) >= len(found) - 1


@pytest.mark.parametrize("leaves", ["z: input[k]; t: target", "z: param[k]; t: target",
                                    "z: input[k]; w: param[k]; t: target[k]"])  # fmt: skip
def test_an_output_that_reads_its_target_is_compared_at_large_sizes(leaves):
    """A class can't be moved along a direction: it would be none."""
    z = "w*z" if "w:" in leaves else "z"
    report = sb.circuit(f"{leaves}\nE: output = cross_entropy({z}, t)").check(points=20)
    assert report.passed, str(report)
    assert any(row.quantity == "adjoint at large sizes" for row in report.rows)


ONLY_SHARED_DATA = (
    "A: const[n, n]; w: param[n]; f = dot(w, A @ w)",
    "A: const[n, n]; w: param[n]; f: output = dot(w, A @ w)",
    "A: const[n, n]; w: param[n]; f: output = A @ w",
    "A: const[n, n]; s: input; w: param[n]; f: output = dot(w, A @ w); l: loss = s*f**2",
    "a: const = 3; w: param; f = a*w**2",
    "t: const[m]; w: param[k]; f: output = sum(exp(w[0]*t)) + w[1]**2",
)


@pytest.mark.parametrize(
    ("text", "target"), one_in(2, [(t, c) for t in ONLY_SHARED_DATA for c in ("numpy", "c")])
)
def test_data_for_all_samples_alone_has_no_batch(text, target):
    """Modules take no value for each sample where no leaf has one."""
    circuit = sb.circuit(text)
    names = ("jvp", "jacobian", "hessian", "hessp")
    names = names[:2] if circuit.output.shape else names
    module = circuit.compile(target=target, functions=names)
    report = check_module(circuit, module)
    assert report.passed and {"batch forward", names[-1]} <= {r.quantity for r in report.rows}
    wrong = circuit.generate()
    wrong = re.sub(r"( w_bar = )", r"\1 1.001*", wrong, count=1)
    assert not check_module(circuit, load(wrong, "wrong")).passed


def test_a_domain_that_no_large_point_meets_is_reported():
    report = sb.circuit("x: input[n]; w: param[n]\nf = w[0]*sqrt(9 - n + 0*x[0])*x[0]").check()
    assert report.passed and "no point at large sizes" in str(report), str(report)


def test_the_row_is_reported_in_words_and_in_json():
    report = array_sample("digits_softmax").check()
    content = json.loads(report.to_json())
    row = next(r for r in content["rows"] if r["quantity"] == "adjoint at large sizes")
    assert row["worst_ulp"] is None and row["passed"] and "d = 37, k = 53" in row["at"]
    line = next(li for li in str(report).splitlines() if li.startswith("adjoint at large"))
    assert "–" in line and math.isfinite(row["worst_share"])


# -- sizes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ARRAYS)
def test_sizes_differ(name):
    circuit = array_sample(name)
    numbers = {int(s) for n in circuit.leaves for s in n.shape if s.is_Integer}
    small = small_sizes(circuit)
    chosen = [*small.named.values(), *small.shrunk.values()]
    kept = numbers - {int(s) for s in small.shrunk}
    assert len({*chosen, *kept}) == len(chosen) + len(kept)
    large = list(large_sizes(circuit).values())
    assert len({*large, *numbers}) == len(large) + len(numbers) and min(large, default=29) >= 29


def test_normalised_axes_have_three_elements():
    """Of two elements layer_norm leaves signs, and its slope next to nothing."""
    sizes = small_sizes(array_sample("attention"))
    assert sizes.named["e"] == 3 and min(sizes.shrunk.values()) >= 3


REFUSED = {
    "x: input[3000]\nf = x[2999]": "3,000 entries of 'x'",
    "x: input[n]\nf = x[2999]": "3,000 entries of 'x'",
    "A: param[8, 8]; x: input[8]\nf = det(A)*x[0]": "40,320 terms",
    "x: input[24]; A: param[24, 24]\nf = sum(A @ A)*x[0]": "entries with all",
}


@pytest.mark.slow
@pytest.mark.parametrize("text", REFUSED)
def test_too_many_entries_are_refused_with_what_to_do(text):
    with pytest.raises(Unsupported, match=REFUSED[text]) as caught:
        sb.circuit(text).check()
    assert "give large sizes a name, as in x: input[d]" in str(caught.value)


def test_large_numbers_become_small():
    """A size given as a number, where no formula names a part."""
    circuit = sb.circuit("x: input[784]; W: param[100, 784]; v: param[100]\nf = v @ tanh(W @ x)")
    made, layout = explicit(circuit)
    assert len(made.leaves) < 20 and layout.shapes["W"] == layout.entries["W"].shape
    assert circuit.check()


# -- points --------------------------------------------------------------------------------------


NAIVE = ("np.exp(z)", "np.exp(z - z.max())", "np.exp(z - z[:, :1])", "np.exp(np.minimum(z, 80.0))")


@pytest.mark.parametrize("kernel", NAIVE)
def test_a_softmax_without_its_shift_is_caught(kernel):
    circuit = array_sample("digits_softmax")
    text = circuit.generate()
    old = "np.exp(_below_largest(z, axes)[0])"
    assert old in text
    with np.errstate(all="ignore"):
        assert not check_module(circuit, load(text.replace(old, kernel), "naive"))


ADJOINTS_OF_TWO_SHAPES = (
    # of f or h: one number for all entries in one program, an array in the other
    "f = W @ x\nl: loss = sum(f)",
    "f = W @ x\nl: loss = (sum(f) - y)**2",
    "f = W @ x\nl: loss = sum(f - y)**2",
    "f = W @ x\ng = 2*f\nl: loss = sum(g)**2 + y",
    "h = W @ x\nf = sum(h)\nl: loss = (f - y)**2 + dot(h, h)",
    "h = W @ x\nf: output = dot(h, h)\nl: loss = f*y + sum(h)",
    "h = tanh(W @ x)\nf: output = 2*h\nl: loss = sum(h) + y*sum(f)",
)


@pytest.mark.parametrize("text", ADJOINTS_OF_TWO_SHAPES)
def test_an_adjoint_may_be_a_number_in_one_program_only(text):
    target = "; y: target" if "y" in text else ""
    circuit = sb.circuit(f"x: input[d]{target}; W: param[2, d]\n{text}")
    report = circuit.check()
    assert report.passed, report
    circuit.compile().check_gradients()


# -- right modules that need care ------------------------------------------------------------------

DELICATE = {
    # zero but for rounding, so differences between blocks are rounding alone
    "no parameters": "x: input[n]\nf = sum(layer_norm(x))",
    # so is its gradient: a step along it must stay small
    "a slope of rounding alone": "x: input[n]; w: param[n]\nf = sum(layer_norm(w*x))",
    # constant in the explicit circuit, an array with a batch axis in the module
    "softmax of one": "x: input[1]\nf: output = softmax(x)",
    "layer_norm of one": "x: input[1]; w: param[1]\nf: output = layer_norm(w*x)",
    "cross_entropy of one": "x: input[1]; t: target\nf: output = cross_entropy(x, t)",
    "a loss of one class": "x: input; w: param[1]; t: target\nz: output = w*x\n"
    "l: loss = cross_entropy(z, t)",
    # exp of the user's own keeps its range beside operations that shift theirs
    "a mixture": "x: input[d]; m: param[k, d]; s: param[k]; a: param[k]\n"
    "q = sum((x - m)**2, axis=1)\nf: output = -logsumexp(log_softmax(a) - q/(2*exp(2*s)) - s)",
    "exp inside softmax": "x: input[n]; s: param[n]\nf = dot(softmax(x/exp(2*s)), x)",
    "exp beside softmax": "z: input[k]; s: param[k]\nf = dot(softmax(z), 1/exp(2*s))",
}  # fmt: skip


@pytest.mark.parametrize("seed", [0, 3])
@pytest.mark.parametrize("case", one_in(2, DELICATE))
def test_right_modules_that_need_care_pass(case, seed):
    report = sb.circuit(DELICATE[case]).check(seed=seed)
    assert report.passed, str(report)


@pytest.mark.parametrize("seed", [7, 11])
@pytest.mark.parametrize("name", ["determinant", "gaussian"])
def test_a_factorisation_is_exact_for_a_matrix_beside_the_given_one(name, seed):
    """A small cofactor beside large entries has their rounding, not its own."""
    circuit = array_sample(name)
    report = check_module(circuit, circuit.compile(), points=32, seed=seed)
    assert report.passed, str(report)


def test_a_report_of_an_array_names_no_node_that_is_not_the_reader_s():
    """One number stands for an array that is the output; the legend says which."""
    report = check_circuit(sb.circuit("h: output = [a*x, b*x**2]", params=["a", "b"]))
    assert report.passed and "weighted_output" not in str(report)
    names = [row.quantity for row in report.rows]
    assert names[:3] == ["w·h", "∂(w·h)/∂a", "∂(w·h)/∂b"]
    legend = "w·h: the sum of the entries of h, times 0.5, -1, 2 in turn"
    assert legend in str(report) and legend in report.to_markdown()
