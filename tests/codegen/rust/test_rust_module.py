"""Rust modules: checked by rustc's program beside the truth, called and trained as people would."""

import json
import shutil
import subprocess

import numpy as np
import pytest
from click.testing import CliRunner
from mpmath import mp

import symback as sb
from symback.check.check import check_module
from symback.cli.main import cli
from symback.codegen.generate import render_files
from symback.errors import Unsupported
from tests.cases.bare_runs import rust_output
from tests.cases.flat_modules import CIRCUITS, FIRST, MATRICES, SCOPES, TWO_LAYERS
from tests.cases.one_in import one_in

RUSTC, CARGO = shutil.which("rustc"), shutil.which("cargo")
has_rustc = pytest.mark.skipif(RUSTC is None, reason="needs rustc")
NEURON = "f = x1 - sigma(w3*x3 + w4*x4)"
SOON = ("names that Rust has", "a ridge counted once")
assert set(SOON) <= set(FIRST)


@has_rustc
@pytest.mark.parametrize(
    "name", [n if n in SOON else pytest.param(n, marks=pytest.mark.slow) for n in CIRCUITS]
)
def test_modules_agree_with_the_truth(name):
    circuit = sb.circuit(CIRCUITS[name])
    report = check_module(circuit, circuit.compile(target="rust"), points=20)
    assert report.passed, str(report)


@has_rustc
@pytest.mark.parametrize("name", one_in(6, MATRICES, first=1))
def test_matrices_on_request_agree_with_the_truth_in_rust(name):
    circuit = sb.circuit(MATRICES[name])
    module = circuit.compile(target="rust", functions=["jacobian", "hessian"])
    report = check_module(circuit, module, points=20)
    assert report.passed, str(report)
    rows = {line.split()[0] for line in str(report).splitlines() if line.strip()}
    assert {"jacobian", "hessian", "hessp"} <= rows


def test_a_matrix_that_rust_has_not_is_refused():
    for text, function, words in (
        ("x: input; f = sin(x)", "jacobian", "has none below it"),
        ("x: input[n]; w: param; f: output = w*x", "hessian", "declare a loss"),
        ("x: input; w: param; f: output = w*x; E: loss = x**2", "hessian", "E has none below it"),
        ("f = w*x", "per_sample", "has no function 'per_sample'"),
    ):
        with pytest.raises(Unsupported, match=words):
            sb.circuit(text).generate(target="rust", functions=[function])


PLANTED = [
    ("_sigma_slope(net)", "_sigma(net)"),
    ("let x4_bar = w4 * net_bar", "let x4_bar = w3 * net_bar"),
    ("let f = x1 - f_1", "let f = x1 + f_1"),
    ("Ok(_whole(l_total) / count as f64)", "Ok(_whole(l_total))"),
    ("w3_bar_each[row] = w3_bar", "w3_bar_each[row] = w4_bar"),
    ("product.w4 = _whole(w4_bar_dot_total)", "product.w4 = _whole(w3_bar_dot_total)"),
]
IN_MATRICES = [
    ("part[0] = w3_bar", "part[0] = w4_bar"),
    ("place[0] = w4_bar", "place[0] = -w4_bar"),
    ("to_w3[0] = product.w3", "to_w3[0] = product.w4"),
    ("unit[entry] = 0.0", "unit[entry] = 0.5"),
]


@has_rustc
@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        PLANTED[0],
        *(pytest.param(*case, marks=pytest.mark.slow) for case in [*PLANTED[1:], *IN_MATRICES]),
    ],
)
def test_errors_that_are_planted_are_found(right, wrong, tmp_path):
    asked = ["jacobian", "hessian"] if (right, wrong) in IN_MATRICES else []
    texts = render_files(sb.circuit(NEURON), target="rust", stem="neuron", functions=asked)
    assert right in texts[".rs"]
    for end, text in texts.items():
        (tmp_path / f"neuron{end}").write_text(text.replace(right, wrong), encoding="utf-8")
    result = CliRunner().invoke(cli, ["check", str(tmp_path / "neuron.rs")])
    assert result.exit_code == 1 and "DISAGREES" in result.stdout


def test_a_missing_compiler_is_named(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(Unsupported, match=r"compiled by rustc; install it: rustup\.rs"):
        sb.circuit(NEURON).compile(target="rust")


@has_rustc
def test_a_kernel_with_a_long_series_compiles_and_gives_what_mpmath_gives(tmp_path):
    points = [0.25, 1.5, 6.0, 30.0]
    code = sb.circuit("f = besselj(1, x)", loss=None).code("rust", only="value")
    calls = ", ".join(f"f({x!r})" for x in points)
    got = rust_output(code, f'println!("{{:?}}", [{calls}]);', tmp_path)
    with mp.workdps(50):
        right = [float(mp.besselj(1, x)) for x in points]
    np.testing.assert_allclose(got, right, rtol=1e-14)


# -- as people call it -----------------------------------------------------------------------------


def in_rust(folder, text, main, flags=("-D", "warnings")):
    """What a program prints that has the module of a circuit, as JSON."""
    sb.circuit(text).generate(folder / "made.rs", target="rust")
    program = f"#[allow(dead_code)]\nmod made;\nuse made::*;\nfn main() {{\n{main}\n}}\n"
    (folder / "main.rs").write_text(program, encoding="utf-8")
    command = [RUSTC, "--edition=2021", *flags, "-o", "program", "main.rs"]
    subprocess.run(command, cwd=folder, check=True)
    done = subprocess.run([folder / "program"], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def listed(array):
    return f"&{np.ravel(array).tolist()}"


@has_rustc
def test_training_makes_the_steps_of_the_numpy_module(tmp_path):
    rng = np.random.default_rng(0)
    W, b, v = rng.normal(size=(2, 3)), rng.normal(size=2), rng.normal(size=2)
    x, y = rng.normal(size=(10, 3)), rng.normal(size=10)
    found = in_rust(
        tmp_path,
        TWO_LAYERS,
        f"""
        let sizes = Sizes {{ d: 3, h: 2 }};
        let mut params = Params {{
            W: {listed(W)[1:]}.to_vec(), b: {listed(b)[1:]}.to_vec(), v: {listed(v)[1:]}.to_vec()
        }};
        let inputs = Inputs {{ x: {listed(x)}, y: {listed(y)} }};
        let learning_rate = |t: usize| 0.1 / (1.0 + t as f64);
        let mut losses = vec![];
        let steps = Steps {{ learning_rate, epochs: 2, batch_size: 4 }};
        let mut memory = vec![0.0; work(&sizes)];
        let note = |_: usize, loss: f64, _: &Params<Vec<f64>>| losses.push(loss);
        sgd(&sizes, &mut params, &inputs, steps, note, &mut memory).unwrap();
        println!("[[{{:?}}, {{:?}}, {{:?}}], {{losses:?}}]", params.W, params.b, params.v);
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
    np.testing.assert_allclose(np.concatenate(found[0]), module.ravel(params), rtol=1e-12)
    np.testing.assert_allclose(found[1], losses, rtol=1e-12)


@has_rustc
@pytest.mark.slow
def test_what_is_counted_once_has_the_number_of_all_samples(tmp_path):
    x, y = np.linspace(0, 2, 10), np.linspace(1, -1, 10)
    found = in_rust(
        tmp_path,
        SCOPES["a ridge counted once"],
        f"""
        let mut params = Params {{ w: [1.0, 2.0, 3.0] }};
        let inputs = Inputs {{ x: {listed(x)}, y: {listed(y)}, n: &[] }};
        let mut losses = vec![];
        let steps = Steps {{ learning_rate: |_| 0.1, epochs: 1, batch_size: 4 }};
        let note = |_: usize, loss: f64, _: &Params<[f64; 3]>| losses.push(loss);
        sgd(&mut params, &inputs, steps, note).unwrap();
        println!("[{{:?}}, {{losses:?}}]", params.w);
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


REFUSED = """
let (x, out) = ([1.0, 2.0, 3.0], &mut [0.0; 3]);
let params = Params { w3: 1.0, w4: 2.0 };
let inputs = Inputs { x1: &x, x3: &x[..2], x4: &x, y: &[] };
let short = forward(&params, &inputs, out).unwrap_err();
let inputs = Inputs { x3: &x, ..inputs };
let room = forward(&params, &inputs, &mut out[..1]).unwrap_err();
let target = value_and_grad(&params, &inputs, &mut Params::default()).unwrap_err();
let none = value_and_grad(&params, &Inputs::default(), &mut Params::default()).unwrap_err();
let steep = Steps { learning_rate: |_| f64::MAX, epochs: 9, batch_size: 9 };
let inputs = Inputs { y: &x, x1: &[1e200; 3], ..inputs };
let lost = sgd(&mut { params }, &inputs, steep, |_, _, _| ()).unwrap_err();
println!("[\\"{short}\\", \\"{room}\\", \\"{target}\\", \\"{none}\\", \\"{lost}\\"]");
"""


@has_rustc
def test_what_is_refused_says_what_to_pass(tmp_path):
    assert in_rust(tmp_path, NEURON, REFUSED) == [
        "inputs.x3 has 2 numbers, expected 3",
        "results has 1 numbers, expected 3",
        "inputs.y is missing; pass 3 numbers",
        "there are no samples",
        "step 0: the loss is not finite",
    ]


NO_INDEX = """
let params = Params { E: [1.0, 2.0, 3.0, 4.0, 5.0, 6.0] };
let inputs = Inputs { i: &[2.0, 0.0], j: &[], y: &[1.0, 1.0] };
let mut out = [0.0; 2];
let mut said = [String::new(), String::new(), String::new(), String::new(), String::new()];
for (k, wrong) in [-1.0, 3.0, 0.5, f64::NAN].into_iter().enumerate() {
    let inputs = Inputs { i: &[2.0, wrong], j: &[0.0, 1.0], ..inputs };
    said[k] = forward(&params, &inputs, &mut out).unwrap_err().to_string();
}
let inputs = Inputs { j: &[0.0, 2.0], ..inputs };
said[4] = forward(&params, &inputs, &mut out).unwrap_err().to_string();
let inputs = Inputs { i: &[2.0, 7.0], j: &[0.0, 1.0], ..inputs };
let steps = Steps { learning_rate: |_| 0.1, epochs: 1, batch_size: 1 };
let late = sgd(&mut { params }, &inputs, steps, |_, _, _| ()).unwrap_err();
println!("[{said:?}, {:?}]", late.to_string());
"""


@has_rustc
def test_a_number_that_is_not_an_index_is_an_error(tmp_path):
    circuit = "E: param[2, 3]; i: input; j: const[2]; f = sum(E.T[i]) + sum(E[j]**2)"
    said, late = in_rust(tmp_path, circuit, NO_INDEX)
    wrong = ["-1", "3", "0.5", "NaN"]
    assert said == [
        *(f"inputs.i is {w} in sample 1; expected a whole number from 0 to 2" for w in wrong),
        "inputs.j is 2; expected a whole number from 0 to 1",
    ]
    assert late == "inputs.i is 7 in sample 1; expected a whole number from 0 to 2"


@pytest.mark.parametrize("name", ["Ok", "Some", "Err", "core", "f64"])
def test_words_that_rust_takes_for_others_get_another_name(name):
    code = sb.circuit(f"f = {name}*x", params=[name]).code("rust", only="value")
    assert f"v_{name}: f64, x: f64" in code and f"let f = v_{name} * x" in code


# -- without std, and beside linters ---------------------------------------------------------------

OPERATIONS = (
    "f = sigma(w*x) + tanh(x)**k + hypot(w, x)*gelu(x) + atanh(w) + mod(x, w) + atan2(x, w)"
)


@has_rustc
@pytest.mark.slow
@pytest.mark.parametrize("name", ["operations", "two layers"])
def test_a_module_needs_no_std(name, tmp_path):
    """The crate libm stands for what std has: here one that has its functions by name alone."""
    text = {"operations": OPERATIONS, "two layers": TWO_LAYERS}[name]
    code = sb.circuit(text).generate(target="rust")
    (tmp_path / "made.rs").write_text(code, encoding="utf-8")
    trait = code[code.index("impl _Math for f64") :]
    called = [line.strip() for line in trait.splitlines() if "libm::" in line]
    names = {line.removeprefix("libm::").split("(")[0]: line.count(",") + 1 for line in called}
    assert {"fma", "fabs"} <= names.keys()
    arguments = {n: ", ".join(f"_{k}: f64" for k in range(count)) for n, count in names.items()}
    crate = [f"pub fn {n}({given}) -> f64 {{ 0.0 }}" for n, given in arguments.items()]
    (tmp_path / "libm.rs").write_text("#![no_std]\n" + "\n".join(crate), encoding="utf-8")
    libm = [RUSTC, "--crate-type=rlib", "--edition=2021", "libm.rs"]
    subprocess.run(libm, cwd=tmp_path, check=True)
    (tmp_path / "root.rs").write_text("#![no_std]\npub mod made;\n", encoding="utf-8")
    made = ["--crate-type=rlib", "--cfg", 'feature="libm"', "--extern", "libm=liblibm.rlib"]
    command = [RUSTC, *made, "--edition=2021", "-D", "warnings", "root.rs"]
    subprocess.run(command, cwd=tmp_path, check=True)


@pytest.mark.slow
@pytest.mark.skipif(
    CARGO is None or shutil.which("cargo-clippy") is None, reason="needs cargo clippy"
)
def test_clippy_has_nothing_to_say(tmp_path):
    (tmp_path / "src").mkdir()
    package = '[package]\nname = "made"\nversion = "0.1.0"\nedition = "2021"\n'
    (tmp_path / "Cargo.toml").write_text(package, encoding="utf-8")
    root = []
    for k, (name, text) in enumerate(CIRCUITS.items()):
        if k % 3 and name not in FIRST:
            continue
        sb.circuit(text).generate(tmp_path / "src" / f"m{k}.rs", target="rust")
        root.append(f"pub mod m{k};")
    for k, text in enumerate(MATRICES.values()):
        to = tmp_path / "src" / f"matrices{k}.rs"
        sb.circuit(text).generate(to, target="rust", functions=["jacobian", "hessian"])
        root.append(f"pub mod matrices{k};")
    (tmp_path / "src" / "lib.rs").write_text("\n".join(root), encoding="utf-8")
    command = [CARGO, "clippy", "--offline", "-q", "--", "-D", "warnings"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


# -- what std computes with fewer digits -----------------------------------------------------------


@has_rustc
def test_inverse_hyperbolic_functions_have_all_digits(tmp_path):
    """Those of std lose some: findings/rust_inverse_hyperbolics.sh."""
    points = {
        "asinh": [1e-310, -1e-9, 0.25, -3.0, 1e7, 1e9, -1.7e308],
        "acosh": [1 + 2**-52, 1.0000000001, 1.5, 40.0, 1e9, 1.7e308],
        "atanh": [1e-310, -1e-9, 0.25, -0.5, 0.75, -0.999999, 1 - 2**-53],
    }
    calls = []
    text = "f = asinh(x) + acosh(y) + atanh(z)"
    code = sb.circuit(text, loss=None).code("rust", only="value")
    for name, at in points.items():
        calls += [f"_{name}({x!r}_f64)" for x in at]
    (tmp_path / "main.rs").write_text(
        f'{code}\nfn main() {{ println!("{{:?}}", [{", ".join(calls)}]); }}', encoding="utf-8"
    )
    command = [RUSTC, "-A", "dead_code", "-o", "program", "main.rs"]
    subprocess.run(command, cwd=tmp_path, check=True)
    done = subprocess.run([tmp_path / "program"], capture_output=True, text=True, check=True)
    with mp.workdps(50):
        right = [float(getattr(mp, name)(mp.mpf(x))) for name, at in points.items() for x in at]
    np.testing.assert_allclose(json.loads(done.stdout), right, rtol=4e-16 * 2)
