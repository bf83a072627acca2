"""Modules for NumPy: their text, their files, and what the contract leaves to a target."""

import ast
import functools
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import symback as sb
from symback.check.check import check_module
from symback.codegen.loading import load
from tests.cases.arguments import SHAPES
from tests.cases.one_in import one_in
from tests.cases.sample_circuits import ALL, sample

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def compiled():
    """Modules by name, each compiled once."""
    return functools.cache(lambda name: sample(name).compile())


def test_params_come_in_order_of_first_appearance():
    module = sb.circuit("f = w4*x1 + b - sigma(w3*x3 + w1*x2)").compile()
    assert module.Params._fields == ("w4", "b", "w3", "w1")
    assert module.Inputs._fields == ("x1", "x3", "x2", "y")


@pytest.mark.slow
def test_the_cache_holds_what_backward_needs_and_no_more():
    """∂f/∂w of f = w*x + b reads x only; of sigma, its slope only."""
    assert sb.circuit("f = w*x + b").compile().Cache._fields == ()
    assert sb.circuit("f = sigma(w*x + b)").compile().Cache._fields == ("f_slope",)
    for name in SHAPES:
        text = sample(name).generate()
        body = text[text.index("def backward") : text.index("def value_and_grad")]
        for field in sample(name).compile().Cache._fields:
            assert body.count(field) >= 2, (name, field)  # unpacked, then read


def test_initial_values():
    module = sb.circuit("w: param = -1.25; b: param; x: input\nf = w*x + b").compile()
    first, again = module.init_params(), module.init_params()
    assert first.w == -1.25 and first == again and 0 < abs(first.b) < 1
    assert module.init_params(np.random.default_rng(5)) != first
    assert module.init_params(np.random.default_rng(5)) == module.init_params(
        np.random.default_rng(5)
    )


# -- files ---------------------------------------------------------------------------------------
def python(*arguments, cwd, **environment):
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("name", one_in(4, ALL))
def test_source_regenerates_the_same_bytes(name, compiled):
    text = sample(name).generate()
    module = load(text, "again")
    assert sb.circuit(module.SOURCE).generate() == text
    assert sb.circuit(module.SOURCE).source == module.SOURCE
    digest = hashlib.sha256(module.SOURCE.encode()).hexdigest()[:16]
    assert f"circuit sha256:{digest}" in text


@pytest.mark.slow
def test_bytes_are_the_same_under_any_hash_seed(tmp_path):
    program = (
        "import sys, hashlib; sys.path.insert(0, sys.argv[1])\n"
        "from tests.cases.sample_circuits import ALL, sample\n"
        "names = sys.argv[2].split(';')\n"
        "print(hashlib.sha256(''.join(sample(n).generate() for n in names).encode()).hexdigest())"
    )
    names = ";".join(["L6b", "nested where", "tie", "two layers", "constants", "shared parts"])
    found = set()
    for seed in ("0", "4321"):
        done = python("-c", program, ROOT, names, cwd=tmp_path, PYTHONHASHSEED=seed)
        assert done.returncode == 0, done.stderr
        found.add(done.stdout)
    assert len(found) == 1


@pytest.mark.parametrize("name", ["L5", "Rosenbrock", "gelu", "nested where", "no parameters"])
def test_a_file_runs_isolated_and_checks_itself(name, tmp_path):
    path = tmp_path / "neuron.py"
    sample(name).generate(path)
    done = python("-I", path, cwd=tmp_path)
    assert done.returncode == 0 and "relative error" in done.stdout, done.stderr
    code = "import sys; sys.path.insert(0, '.'); import neuron; assert 'symback' not in sys.modules"
    done = python("-I", "-c", code, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("f = x1 - x2", "f = x1 + x2"),
        ("x2_bar = -f_bar", "x2_bar = f_bar"),
        ("x3_bar = w3 * net2_bar", "x3_bar = w4 * net2_bar"),
        ("w3_bar = np.dot(net2_bar, x3)", "w3_bar = np.dot(net2_bar, x4)"),
        ("net2_bar = -x2_slope * f_bar", "net2_bar = x2_slope * f_bar"),
        ("[bar / n for bar", "[bar for bar"),
    ],
)
def test_a_planted_error_fails_the_self_check(old, new, tmp_path):
    text = sample("L5").generate()
    assert old in text, old
    path = tmp_path / "neuron.py"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    done = python("-I", path, cwd=tmp_path)
    assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr


@pytest.mark.slow
def test_ruff_finds_nothing_in_generated_modules(tmp_path):
    for i, name in enumerate(ALL):
        sample(name).generate(tmp_path / f"module_{i}.py")
    done = python("-m", "ruff", "check", "--isolated", "--select=F,E9", tmp_path, cwd=tmp_path)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", one_in(12, ALL))
def test_generated_text_holds_nothing_of_this_machine(name):
    text = sample(name).generate()
    assert str(ROOT) not in text and os.uname().nodename not in text
    assert not {n.names[0].name for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Import)} - {
        "math",
        "sys",
        "numpy",
    }


def test_every_adjoint_line_has_its_chain_above_it():
    text = sample("L6b").generate()
    lines = text.splitlines()
    terms = {
        "x2_bar = -f_bar": "# ∂f/∂x2",
        "net2_bar = x2_slope * x2_bar": "# ∂f/∂net2 = ∂f/∂x2 · ∂x2/∂net2",
        "x3_bar = w3 * net2_bar + x1_bar": "# ∂f/∂x3 = ∂f/∂net2 · ∂net2/∂x3 + ∂f/∂x1 · ∂x1/∂x3",
    }
    assert terms
    for code, comment in terms.items():
        at = next(i for i, line in enumerate(lines) if line.strip() == code)
        assert lines[at - 1].strip() == comment


def test_the_check_is_for_any_module_of_the_circuit():
    circuit = sample("L5")
    assert check_module(circuit, circuit.compile(), name="mine").name == "mine"


@pytest.mark.parametrize(
    "text",
    [
        "f = D**h/(K**h + D**h)",
        "f = 1/(1 + (D/K)**(-h))",
        "f = low + (high - low)/(1 + (D/K)**h)",
        "f = low + (high - low)/(1 + exp(h*(log(D) - log(K))))",
    ],
)
def test_a_curve_of_hill_at_dose_0_gives_no_warning(text):
    """NumPy warns of nothing, and the slopes are 0 there, the exponent being above 1."""
    names = [name for name in ("h", "K", "low", "high") if name in text]
    module = sb.circuit(text, params=names).compile()
    params = module.Params(**dict(zip(names, (1.5, 2.5, 3.0, 0.25), strict=False)))
    inputs = module.Inputs(D=np.array([0.0, 1.0]))
    value, cache = module.forward(params, inputs)
    bars = module.backward(params, inputs, cache, np.array([1.0, 0.0]))
    assert value[0] == getattr(params, "high", 0.0)
    assert (bars[0].h, bars[0].K, bars[1].D[0]) == (0.0, 0.0, 0.0)
