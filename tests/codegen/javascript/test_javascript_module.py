"""JavaScript modules: checked in Node beside the truth, called and trained as people would."""

import json
import math
import shutil
import subprocess

import numpy as np
import pytest
from click.testing import CliRunner

import symback as sb
from symback.check.check import check_module
from symback.cli.main import cli
from symback.codegen import flat_calls
from symback.codegen.generate import render_files
from symback.codegen.runtimes import in_numpys_terms
from symback.errors import Unsupported
from tests.cases.flat_modules import CIRCUITS, FIRST, MATRICES, SCOPES, TWO_LAYERS
from tests.cases.one_in import one_in

NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="needs Node.js")


@pytest.mark.parametrize(
    "name",
    [
        *one_in(2, FIRST),
        *(pytest.param(n, marks=pytest.mark.slow) for n in CIRCUITS if n not in FIRST),
    ],
)
def test_modules_agree_with_the_truth(name):
    circuit = sb.circuit(CIRCUITS[name])
    report = check_module(circuit, circuit.compile(target="javascript"), points=20)
    assert report.passed, str(report)


@pytest.mark.parametrize("name", one_in(2, MATRICES, first=1))
def test_matrices_on_request_agree_with_the_truth(name):
    circuit = sb.circuit(MATRICES[name])
    module = circuit.compile(target="javascript", functions=["jacobian", "hessian"])
    report = check_module(circuit, module, points=20)
    assert report.passed, str(report)
    rows = {line.split()[0] for line in str(report).splitlines() if line.strip()}
    assert {"jacobian", "hessian", "hessp"} <= rows


def test_what_has_no_matrix_is_refused():
    for text, function, words in (
        ("x: input; f = sin(x)", "jacobian", "has none below it"),
        ("x: input; f = sin(x)", "hessian", "the circuit has none"),
        ("x: input[n]; w: param; f: output = w*x", "hessian", "declare a loss"),
        ("f = w*x", "per_sample", "has no function 'per_sample'"),
    ):
        with pytest.raises(Unsupported, match=words):
            sb.circuit(text).compile(target="javascript", functions=[function])


PLANTED = [
    ("_sigma_slope(net)", "_sigma(net)"),
    ("const x4_bar = w4 * net_bar", "const x4_bar = w3 * net_bar"),
    ("const f = x1 - f_1", "const f = x1 + f_1"),
    ("sumOf(total) / at.count", "sumOf(total)"),
    ("w3_bar$sum += w3_bar", "w3_bar$sum += w4_bar"),
    ("summed(sums, at.count)", "summed(sums, 1)"),
]


@pytest.mark.parametrize(("right", "wrong"), one_in(2, PLANTED))
def test_errors_that_are_planted_are_found(right, wrong, tmp_path):
    circuit = sb.circuit("f = x1 - sigma(w3*x3 + w4*x4)")
    texts = render_files(circuit, target="javascript", stem="neuron")
    assert right in texts[".mjs"]
    for end, text in texts.items():
        (tmp_path / f"neuron{end}").write_text(text.replace(right, wrong), encoding="utf-8")
    result = CliRunner().invoke(cli, ["check", str(tmp_path / "neuron.mjs")])
    assert result.exit_code == 1 and "DISAGREES" in result.stdout


@pytest.mark.slow
def test_few_programs_wait_for_calls_at_a_time():
    factors = range(2, flat_calls.MOST_RUNNING + 4)
    circuits = [sb.circuit(f"f = {k}*x") for k in factors]
    made = [in_numpys_terms(circuit.compile(target="javascript")) for circuit in circuits]
    for _ in range(2):
        values = [m.forward(m.Params(), m.Inputs(2.0))[0] for m in made]
        assert values == [2.0 * k for k in factors]
    assert 0 < len(flat_calls.RUNNING) <= flat_calls.MOST_RUNNING


def in_node(folder, text, code):
    """What a program prints that imports the module of a circuit, as JSON."""
    sb.circuit(text).generate(folder / "made.mjs", target="javascript")
    program = f'import * as m from "./made.mjs";\n{code}'
    (folder / "program.mjs").write_text(program, encoding="utf-8")
    command = [NODE, "program.mjs"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_training_makes_the_steps_of_the_numpy_module(tmp_path):
    rng = np.random.default_rng(0)
    W, b, v = rng.normal(size=(2, 3)), rng.normal(size=2), rng.normal(size=2)
    x, y = rng.normal(size=(10, 3)), rng.normal(size=10)
    found = in_node(
        tmp_path,
        TWO_LAYERS,
        f"""
        const params = {{ W: {W.ravel().tolist()}, b: {b.tolist()}, v: {v.tolist()} }};
        const inputs = {{ x: {x.ravel().tolist()}, y: {y.tolist()} }};
        const options = {{ learningRate: (t) => 0.1 / (1 + t), epochs: 2, batchSize: 4 }};
        const {{ params: p, losses }} = m.sgd(params, inputs, options);
        const flat = [...p.W, ...p.b, ...p.v];
        console.log(JSON.stringify({{ flat, losses, kept: params.W }}));
        """,
    )
    module = sb.circuit(TWO_LAYERS).compile()
    params, losses = module.sgd(
        module.Params(W, b, v),
        module.Inputs(x, y),
        learning_rate=lambda t: 0.1 / (1 + t),
        epochs=2,
        batch_size=4,
    )
    np.testing.assert_allclose(found["flat"], module.ravel(params), rtol=1e-12)
    np.testing.assert_allclose(found["losses"], losses, rtol=1e-12)
    assert found["kept"] == W.ravel().tolist()


def test_what_is_counted_once_has_the_number_of_all_samples(tmp_path):
    x, y = np.linspace(0, 2, 10), np.linspace(1, -1, 10)
    found = in_node(
        tmp_path,
        SCOPES["a ridge counted once"],
        f"""
        const inputs = {{ x: {x.tolist()}, y: {y.tolist()} }};
        const options = {{ learningRate: 0.1, batchSize: 4 }};
        const {{ params, losses }} = m.sgd({{ w: [1, 2, 3] }}, inputs, options);
        console.log(JSON.stringify([[...params.w], losses]));
        """,
    )
    module = sb.circuit(SCOPES["a ridge counted once"]).compile()
    params, losses = module.sgd(
        module.Params(np.array([1.0, 2.0, 3.0])),
        module.Inputs(x, y),
        learning_rate=0.1,
        batch_size=4,
    )
    np.testing.assert_allclose(found[0], params.w, rtol=1e-12)
    np.testing.assert_allclose(found[1], losses, rtol=1e-12)


def test_functions_that_modules_have_anyway_may_be_asked_for():
    circuit = sb.circuit("f = w*x")
    asked = circuit.generate(target="javascript", functions=["jvp", "hessp"])
    assert asked == circuit.generate(target="javascript")
    with pytest.raises(sb.errors.Unsupported, match="'javascript' has no function 'residuals'"):
        circuit.generate(target="javascript", functions="residuals")


REFUSED = [
    ("m.forward({}, {x: [1, 2, 3]})", "W is missing; pass it in params"),
    ("m.forward({W: [1, 2, 3], b: [1], v: [1]}, {})", "x is missing; pass it in inputs"),
    (
        "m.forward({W: [1, 2, 3, 4], b: [1, 2], v: [1]}, {x: [1, 2]})",
        "v has 1 numbers, expected 2",
    ),
    (
        "m.forward({W: [[1, 2]], b: [1], v: [1]}, {x: [1, 2]})",
        "params.W holds what is not a number",
    ),
    ("m.forward({W: 'a', b: [1], v: [1]}, {x: [1, 2]})", "params.W is not an array of numbers"),
]


@pytest.mark.parametrize(("call", "words"), REFUSED)
def test_what_is_refused_says_what_to_pass(call, words, tmp_path):
    code = f"let said = ''; try {{ {call}; }} catch (e) {{ said = e.message; }}\n"
    said = in_node(tmp_path, TWO_LAYERS, f"{code}console.log(JSON.stringify(said));")
    assert words in said


INDICES = {
    "rows": ("E: param[3, k]; i: input; h = E[i]; f: output = sum(h)", {"E": 6}, 1),
    "columns": ("E: param[2, k]; i: input[2]; f: output = sum(E.T[i])", {"E": 6}, 2),
    "segments": ("E: param[2]; i: const[2]; f: output = sum(segment_sum(E, i, 3))", {"E": 2}, 0),
    "two": ("E: param[k]; B: param[7]; i: input; f: output = E[i] + B[i]", {"E": 3, "B": 7}, 1),
    "classes": ("E: param[k]; i: target; f: output = cross_entropy(E, i)", {"E": 3}, 1),
}
"""Circuits, how many numbers their parameters have, and how many indices a sample has."""


@pytest.mark.parametrize("name", INDICES)
def test_a_number_that_is_not_an_index_is_a_range_error(name, tmp_path):
    text, counts, size = INDICES[name]
    wrong, shown = [-1, 3, 0.5, math.nan], ["-1", "3", "0.5", "NaN"]
    params = {name: [1.0] * count for name, count in counts.items()}
    right = [0] * 2 * size + [2] * abs(size - 1)
    calls = [[*right, number] for number in wrong]
    found = in_node(
        tmp_path,
        text,
        f"""
        const params = {json.dumps(params)}, said = [];
        for (const i of {json.dumps(calls)}) {{
          try {{ m.forward(params, {{ i }}); said.push(""); }}
          catch (e) {{ said.push(`${{e.name}}: ${{e.message}}`); }}
        }}
        const right = m.forward(params, {{ i: {[2] * max(2 * size, 2)} }});
        console.log(JSON.stringify([said, [...right].every(Number.isFinite)]));
        """,
    )
    place = " in sample 2" if size else ""
    words = [f"RangeError: i is {w}{place}; expected a whole number from 0 to 2" for w in shown]
    assert found == [words, True]


def test_numbers_are_one_sample_and_initial_values_are_kept(tmp_path):
    found = in_node(
        tmp_path,
        "w: param = 2; b: param\nf = w*x + b",
        """
        const params = m.initParams({}, () => 0.5);
        const { value, gradient } = m.valueAndGradient({ w: 2, b: 1 }, { x: 3, y: 5 });
        const values = [...m.forward({ w: 2, b: 1 }, { x: 3 })];
        console.log(JSON.stringify([params.w, values, value, gradient]));
        """,
    )
    assert found == [2, [7], 2.0, {"w": 6.0, "b": 2.0}]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("tsc") is None, reason="needs TypeScript")
def test_types_pass_the_strict_compiler(tmp_path):
    texts = [
        *list(CIRCUITS.values())[::3],
        "f = erfcx(w*x) + digamma(x)",
        "f = log(cosh(w*x)) + ndtr(x)",
    ]
    for k, text in enumerate(texts):
        sb.circuit(text).generate(tmp_path / f"made{k}.mjs", target="javascript")
    flags = "--strict --allowJs --checkJs --noEmit --target es2022 --module esnext".split()
    command = [shutil.which("tsc"), *flags, *sorted(tmp_path.glob("*.mjs"))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
