"""Updates of optimisers: against textbook formulas at 50 digits, NumPy against C to the bit."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import sympy as sp
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

import symback as sb
from symback.autodiff.names import Names
from symback.autodiff.passes.hoist_shared import hoist_shared
from symback.autodiff.updates import RULES, rule_named
from symback.circuits.program import Assign, Program
from symback.cli.main import cli
from symback.codegen.marks import marked
from symback.errors import FileRefused, SymbackError, UnknownName, Unsupported
from tests.cases.compilers import COMPILER, STRICT, compiles
from tests.cases.one_in import one_in
from tests.cases.rounded import DOUBLE, SINGLE, Rounded

CASES = [(n, decay) for n in RULES for decay in (False, True) if (n, decay) != ("adamw", True)]
SETTINGS = {
    "eta": 0.05,
    "mu": 0.8,
    "rho": 0.85,
    "beta1": 0.85,
    "beta2": 0.99,
    "epsilon": 1e-6,
    "decay": 0.03,
}
"""None of them a default."""


# -- the formulas, written down from the papers -------------------------------------------------


def sgd(theta, g, state, t, *, eta, decay=None):
    return theta - eta * penalised(g, theta, decay), ()


def momentum(theta, g, state, t, *, eta, mu, decay=None):
    """b ← μ·b + g; θ ← θ - η·b, the form of torch.optim.SGD."""
    (b,) = state
    b = mu * b + penalised(g, theta, decay)
    return theta - eta * b, (b,)


def nesterov(theta, g, state, t, *, eta, mu, decay=None):
    """b ← μ·b + g; θ ← θ - η·(g + μ·b), the form of torch.optim.SGD(nesterov=True)."""
    (b,) = state
    g = penalised(g, theta, decay)
    b = mu * b + g
    return theta - eta * (g + mu * b), (b,)


def adagrad(theta, g, state, t, *, eta, epsilon, decay=None):
    """G ← G + g²; θ ← θ - η·g/(√G + ε), the form of torch.optim.Adagrad."""
    g = penalised(g, theta, decay)
    total = state[0] + g * g
    return theta - eta * g / (root(total) + epsilon), (total,)


def rmsprop(theta, g, state, t, *, eta, rho, epsilon, decay=None):
    """E ← ρ·E + (1 − ρ)·g²; θ ← θ - η·g/(√E + ε), the form of torch.optim.RMSprop."""
    g = penalised(g, theta, decay)
    mean = rho * state[0] + (1 - rho) * (g * g)
    return theta - eta * g / (root(mean) + epsilon), (mean,)


def adam(theta, g, state, t, *, decay=None, **others):
    """Algorithm 1 of Kingma and Ba."""
    step, state = adaptive(penalised(g, theta, decay), state, t, **others)
    return theta - others["eta"] * step, state


def adamw(theta, g, state, t, *, decay, **others):
    """Algorithm 2 of Loshchilov and Hutter, its two step widths in one."""
    step, state = adaptive(g, state, t, **others)
    return theta - others["eta"] * (step + decay * theta), state


def adaptive(g, state, t, *, eta, beta1, beta2, epsilon):
    """m̂/(√v̂ + ε) and the moments."""
    m, v = state
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * (g * g)
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    return m_hat / (root(v_hat) + epsilon), (m, v)


def root(x):
    return sp.sqrt(x) if isinstance(x, sp.Expr) else x.sqrt()


def penalised(g, theta, decay):
    """The gradient of the loss with decay/2·θ² added to it."""
    return g if decay is None else g + decay * theta


TEXTBOOK = {f.__name__: f for f in (sgd, momentum, nesterov, adagrad, rmsprop, adam, adamw)}


def settings_of(name, decay):
    """The settings that a rule has, but for the step t."""
    names = {s.name for s in rule_named(name, decay=decay).settings} - {"t"}
    return {n: SETTINGS[n] for n in names}


def step_of(name, decay, t):
    """What a call of update is given, the step among it where the rule counts them."""
    counts = any(s.name == "t" for s in RULES[name].settings)
    return {**settings_of(name, decay), **({"t": t} if counts else {})}


# -- modules ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    """The module of a rule for a target, each compiled once, in a cache of their own."""
    made = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))

        def find(name, decay=False, target="numpy"):
            key = name, decay, target
            if key not in made:
                made[key] = sb.update(name, decay=decay).compile(target=target)
            return made[key]

        yield find


TARGETS = ["numpy", pytest.param("c", marks=compiles)]


# -- against the textbook -----------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(("name", "decay"), one_in(2, CASES))
def test_steps_agree_with_the_textbook_as_far_as_rounding_allows(
    name, decay, target, dtype, module
):
    """Six steps, the bound of the rounding carried along from the first to the last."""
    found = module(name, decay, target)
    unit = DOUBLE if dtype is np.float64 else SINGLE
    rng = np.random.default_rng(5)
    theta = rng.normal(size=4).astype(dtype)
    state = found.init_state(theta)
    exact = [Rounded.of(x, unit) for x in theta]
    kept = [tuple(Rounded.of(0, unit) for _ in found.State._fields) for _ in theta]
    given = {n: Rounded.of(v) for n, v in settings_of(name, decay).items()}
    for t in range(1, 7):
        g = (rng.normal(size=4) * 10.0 ** rng.integers(-3, 2, size=4)).astype(dtype)
        theta, state = found.update(theta, g, state, **step_of(name, decay, t))
        assert theta.dtype == dtype and all(array.dtype == dtype for array in state)
        for i in range(4):
            exact[i], kept[i] = TEXTBOOK[name](
                exact[i], Rounded.of(g[i], unit), kept[i], t, **given
            )
            pairs = [(theta[i], exact[i])]
            pairs += [(a[i], b) for a, b in zip(state, kept[i], strict=True)]
            for computed, wanted in pairs:
                assert abs(computed - wanted.value) <= wanted.error
                assert wanted.error < 1e-3 * abs(wanted.value) + 200 * unit  # a bound that binds


@pytest.mark.parametrize(("name", "decay"), CASES)
def test_formulas_are_those_of_the_textbook(name, decay):
    """In SymPy: the closed form and each next state, over leaves."""
    update = sb.update(name, decay=decay)
    symbols = {s.name: s for s in update.program.arguments}
    given = {n: symbols[n] for n in settings_of(name, decay)}
    t = symbols.get("t", sp.Symbol("t"))
    state = tuple(symbols[n] for n in update.rule.state)
    theta, after = TEXTBOOK[name](symbols["theta"], symbols["g"], state, t, **given)
    assert sp.simplify(update.closed - theta) == 0
    closed = {}
    for line, formula in update.formulas.items():
        closed[sp.Symbol(line, real=True)] = formula.xreplace(closed)
    for n, wanted in zip(update.rule.state, after, strict=True):
        assert sp.simplify(closed[sp.Symbol(f"{n}_next", real=True)] - wanted) == 0


def test_the_first_step_of_adam_is_eta_wide():
    """m̂ = g and v̂ = g² at t = 1, whatever the betas: the corrections of section 3."""
    adam = sb.update("adam")
    symbols = {n.name: n.symbol for n in adam.circuit.leaves}
    g = sp.Symbol("g", positive=True)
    betas = {symbols["beta1"]: sp.Rational(9, 10), symbols["beta2"]: sp.Rational(999, 1000)}
    start = {symbols[n]: 0 for n in ("m", "v", "epsilon")}
    first = adam.closed.subs({symbols["t"]: 1, **betas, **start})
    for gradient, direction in ((g, 1), (-g, -1)):
        moved = first.subs(symbols["g"], gradient)
        assert sp.simplify(moved - (symbols["theta"] - direction * symbols["eta"])) == 0


# -- C and NumPy --------------------------------------------------------------------------------


@st.composite
def steps(draw):
    """Arrays of one shape and dtype, and settings that a step can have."""
    dtype = draw(st.sampled_from([np.float64, np.float32]))
    shape = draw(npst.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=9))
    width = np.dtype(dtype).itemsize * 8
    anything = st.floats(width=width, allow_nan=False)
    arrays = [draw(npst.arrays(dtype, shape, elements=anything)) for _ in range(4)]
    arrays[3] = np.abs(arrays[3])  # a mean of squares
    below_one = st.floats(0, 1, exclude_max=True)
    given = {
        "eta": draw(st.floats(0, 1e3)),
        "mu": draw(below_one),
        "rho": draw(below_one),
        "beta1": draw(below_one),
        "beta2": draw(below_one),
        "epsilon": draw(st.floats(0, 1)),
        "decay": draw(st.floats(0, 1e3)),
        "t": draw(st.integers(1, 10**6)),
    }
    return arrays, given


def bits(array):
    """The bits of each value; one for all that are no number, whose sign hardware chooses."""
    array = np.array(array)
    array[np.isnan(array)] = np.nan
    return array.dtype, array.shape, array.tobytes()


@compiles
@pytest.mark.parametrize(("name", "decay"), CASES)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(step=steps())
def test_c_and_numpy_agree_to_the_bit(name, decay, module, step):
    (theta, g, *moments), given = step
    state = dict(zip("mv", moments, strict=True))
    kwargs = {n: given[n] for n in step_of(name, decay, 1)}
    results = []
    for target in ("numpy", "c"):
        found = module(name, decay, target)
        kept = found.State(*(state[n] for n in found.State._fields))
        before = [np.array(a).tobytes() for a in (theta, g, *kept)]
        with np.errstate(all="ignore"):
            moved, after = found.update(theta, g, kept, **kwargs)
        assert [np.array(a).tobytes() for a in (theta, g, *kept)] == before  # arguments unchanged
        assert isinstance(after, found.State)
        assert all(np.shape(a) == theta.shape and a.dtype == theta.dtype for a in (moved, *after))
        assert not any(np.shares_memory(a, b) for a in (moved, *after) for b in (theta, g, *kept))
        results.append([bits(a) for a in (moved, *after)])
    assert results[0] == results[1]


@compiles
@pytest.mark.parametrize(("name", "decay"), CASES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_vectors_agree_to_the_bit(name, decay, dtype, module):
    """Long enough for the vector units, over several steps."""
    runs = []
    for target in ("numpy", "c"):
        found, rng = module(name, decay, target), np.random.default_rng(1)
        theta = rng.normal(size=(7, 143)).astype(dtype)
        state = found.init_state(theta)
        for t in range(1, 9):
            g = rng.normal(size=theta.shape).astype(dtype)
            theta, state = found.update(theta, g, state, **step_of(name, decay, t))
        runs.append([bits(a) for a in (theta, *state)])
    assert runs[0] == runs[1]


@compiles
@pytest.mark.parametrize("name", RULES)
def test_the_c_file_is_strict_c99_and_its_header_c_plus_plus(name, tmp_path):
    update = sb.update(name)
    update.generate(tmp_path / f"{name}.c", target="c")
    flags = [*STRICT, "-Wshadow", "-fsyntax-only"]
    subprocess.run([COMPILER, *flags, str(tmp_path / f"{name}.c")], check=True)
    if shutil.which("g++"):
        header = ["-x", "c++", "-std=c++98", "-fsyntax-only", "-Wall", "-Wextra", "-Werror"]
        subprocess.run(["g++", *header, str(tmp_path / f"{name}.h")], check=True)


# -- the contract of the module -----------------------------------------------------------------


@pytest.mark.parametrize("target", TARGETS)
def test_state_begins_at_zero_with_shape_and_dtype_of_theta(target, module):
    adam = module("adam", target=target)
    for theta in (np.ones((2, 3)), np.float32(1) * np.ones(4, np.float32), np.zeros((0, 2))):
        state = adam.init_state(theta)
        assert state._fields == ("m", "v")
        for array in state:
            assert array.shape == theta.shape and array.dtype == theta.dtype and not array.any()
    assert adam.init_state([1, 2]).m.dtype == np.float64
    assert adam.init_state(np.ones(2, ">f4")).m.dtype == np.float32
    assert module("sgd", target=target).init_state([1.0]) == ()


@pytest.mark.parametrize("target", TARGETS)
def test_arrays_of_any_kind_give_what_plain_ones_give(target, module):
    """Strided, read-only, of another order of bytes, lists, integers."""
    adam = module("adam", target=target)
    rng = np.random.default_rng(3)
    theta, g, m, v = np.round(np.abs(rng.normal(size=(4, 6, 4))) * 10) + 1
    expected = adam.update(theta, g, adam.State(m, v), eta=0.1, t=2)
    wide = np.zeros((12, 8))
    wide[::2, ::2] = theta
    frozen = g.copy()
    frozen.flags.writeable = False
    kinds = [
        (wide[::2, ::2], frozen, m.astype(">f8"), np.asfortranarray(v)),
        (theta.tolist(), g.astype(int), m, v),
        (theta, g.astype(np.float32), m, v),
    ]
    for theta, g, m, v in kinds:
        found = adam.update(theta, g, adam.State(m, v), eta=0.1, t=2)
        assert bits(found[0]) == bits(expected[0])
        assert [bits(a) for a in found[1]] == [bits(a) for a in expected[1]]


@pytest.mark.parametrize("target", TARGETS)
def test_settings_that_numpy_holds_leave_float32(target, module):
    adam = module("adam", target=target)
    theta = np.ones(3, np.float32)
    given = {"eta": np.float64(0.1), "t": np.int64(3), "beta1": np.array(0.5)}
    moved, state = adam.update(theta, theta, adam.init_state(theta), **given)
    plain, _ = adam.update(theta, theta, adam.init_state(theta), eta=0.1, t=3, beta1=0.5)
    assert moved.dtype == state.m.dtype == np.float32 and bits(moved) == bits(plain)


WRONG = {
    "g": ({"g": np.ones(3)}, "g has shape (3,), but theta has shape (2,)"),
    "m": ({"m": np.ones((2, 1))}, "m has shape (2, 1), but theta has shape (2,)"),
    "v": ({"v": 1.0}, "v has shape (), but theta has shape (2,)"),
    "complex": ({"theta": np.ones(2, complex)}, "theta has dtype complex128; expected float64 or"),
    "text": ({"g": ["a", "b"]}, "g has dtype <U1; expected float64 or float32"),
    "ragged": ({"g": [[1.0], [1.0, 2.0]]}, "g has rows of different lengths"),
    "half": ({"g": np.ones(2, np.float16)}, "g has dtype float16; expected float64 or float32"),
    "no state": ({"state": None}, "state is None; expected one that init_state or update gave"),
    "other state": ({"state": (1.0,)}, "state is (1.0,); expected one that init_state"),
    "eta": ({"eta": -1.0}, "eta is -1.0; expected a number with 0 ≤ eta"),
    "eta is no number": ({"eta": "0.1"}, "eta is '0.1'; expected a number with 0 ≤ eta"),
    "eta is no one number": ({"eta": np.ones(2)}, "eta is array([1., 1.]); expected a number"),
    "eta is infinite": ({"eta": float("inf")}, "eta is inf; expected a number with 0 ≤ eta"),
    "t": ({"t": 0}, "t is 0; expected a number with 1 ≤ t"),
    "t is huge": ({"t": 10**400}, "t is 1000"),
    "beta1": ({"beta1": 1.0}, "beta1 is 1.0; expected a number with 0 ≤ beta1 < 1"),
    "beta2": ({"beta2": float("nan")}, "beta2 is nan; expected a number with 0 ≤ beta2 < 1"),
    "epsilon": ({"epsilon": None}, "epsilon is None; expected a number with 0 ≤ epsilon"),
}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_is_a_value_error_that_names_it(case, target, module):
    adam = module("adam", target=target)
    change, message = WRONG[case]
    arrays = {n: change.get(n, np.ones(2)) for n in ("theta", "g", "m", "v")}
    state = change.get("state", adam.State(arrays["m"], arrays["v"]))
    given = {"eta": 0.1, "t": 1, **{n: v for n, v in change.items() if n not in (*arrays, "state")}}
    with pytest.raises(ValueError) as caught:
        adam.update(arrays["theta"], arrays["g"], state, **given)
    assert str(caught.value).startswith(message)


def test_an_update_is_found_again_in_its_module():
    """SOURCE is the rule's circuit, RULE its name."""
    for name, decay in CASES:
        update = sb.update(name, decay=decay)
        found = update.compile()
        assert (found.RULE, sb.circuit(found.SOURCE)) == (name, update.circuit)


# -- the rules ----------------------------------------------------------------------------------


def test_every_rule_says_what_its_names_are():
    for rule in RULES.values():
        update = sb.update(rule.name)
        assert {n.name for n in update.circuit.params} == {s.name for s in rule.settings}
        assert {n.name for n in update.circuit.inputs} == {"theta", "g", *rule.state}
        results = [s.name for s in update.program.results]
        assert results == ["theta_next", *(f"{n}_next" for n in rule.state)]
        assert rule.source and rule.form and all(s.meaning for s in rule.settings)


@pytest.mark.slow  # two interpreters
def test_the_text_is_the_same_under_any_hash_seed():
    code = "import symback as sb; print(sb.update('adam', decay=True).generate(target='c'))"
    texts = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(texts) == 1 and b"adam_update" in texts.pop()


def test_updates_are_values():
    one, two = sb.update("adam"), sb.update("adam")
    assert one == two and hash(one) == hash(two) and one != sb.update("adam", decay=True)
    assert repr(one) == "<update adam: m_next, v_next, m_hat, v_hat, theta_next>"
    assert one._repr_markdown_() == one.to_markdown()


def test_decay_is_there_only_when_asked_for():
    assert "decay" not in sb.update("adam").text
    assert "g_decayed = g + decay*theta" in sb.update("adam", decay=True).text
    assert sb.update("adamw", decay=True) == sb.update("adamw")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("adm", "did you mean 'adam'?"),
        ("quasi", "there are sgd, momentum, nesterov, adagrad, rmsprop, adam, adamw"),
    ],
)
def test_an_unknown_rule_gets_the_nearest_suggested(name, message):
    with pytest.raises(UnknownName) as caught:
        sb.update(name)
    assert isinstance(caught.value, SymbackError) and str(caught.value).endswith(message)


def test_an_unknown_target_gets_the_nearest_suggested():
    with pytest.raises(Unsupported, match="did you mean 'numpy'"):
        sb.update("sgd").generate(target="nunpy")


def test_what_parameters_share_is_computed_once():
    """Each shared part has a line, a quotient stays one division, and putting back gives all."""
    a, b, x, y = sp.symbols("a b x y", real=True)
    f = sp.Symbol("f", real=True)
    for formula, count in (
        (x / (1 - a**b) + y * (1 - a**b), 1),
        (a * b * x * y / (a + b), 2),
        (a + b + x, 1),
        (sp.sqrt(x + a * b) / (a * b), 1),
        (-a * x + 2 * b * y, 0),
        (x**2 / a, 0),
    ):
        program = Program((a, b, x, y), (Assign(f, formula),), (f,), frozenset({x, y}))
        names = Names(sb.circuit("f = a + b + x + y"))
        made = hoist_shared(program, names).check()
        assert len(made.lines) == 1 + count, made
        back = {line.target: line.expr for line in made.lines[:-1]}
        assert sp.simplify(made.lines[-1].expr.xreplace(back) - formula) == 0
        assert not any(line.target in made.varying() for line in made.lines[:-1])


# -- for people ---------------------------------------------------------------------------------


def command(*words):
    return CliRunner().invoke(cli, [*words])


def test_derive_shows_title_source_formulas_and_names():
    shown = command("derive", "--update", "adam")
    assert shown.exit_code == 0 and shown.output == str(sb.update("adam"))
    for line in (
        "D. P. Kingma, J. Ba (2015): Adam: A Method for Stochastic Optimization, Algorithm 1.",
        "  g_t = (1/b)·Σ ∇l(θ_t, x_i, y_i), i = 1, …, b",
        "  m_{t+1} = β1·m_t + (1 − β1)·g_t",
        "  v_{t+1} = β2·v_t + (1 − β2)·g_t²",
        "  m_hat = m_{t+1}/(1 − β1^(t + 1))",
        "  θ_{t+1} = θ_t − η_t·m_hat/(√v_hat + ε)",
        "  β2       beta2    how much of the second moment is kept; 0 ≤ beta2 < 1; 0.999 "
        "by default",
        "  (t + 1)  t        the number of the step, counted from 1; 1 ≤ t",
    ):
        assert line in shown.output
    assert max(map(len, shown.output.splitlines())) <= 100


@pytest.mark.parametrize("form", ["text", "latex", "markdown", "json"])
def test_every_form_is_printed_and_written(form, tmp_path):
    for name, decay in CASES:
        update = sb.update(name, decay=decay)
        expected = getattr(update, f"to_{form}")()
        words = ["derive", "--update", name, *["--decay"][:decay], "--format", form]
        assert command(*words).output == expected
    file = tmp_path / "update"
    assert command(*words, "-o", str(file)).exit_code == 0
    assert file.read_bytes() == marked(expected.encode(), "derive", form)


def test_ascii_is_ascii():
    for name, decay in CASES:
        assert sb.update(name, decay=decay).to_text(ascii=True).isascii()


def test_json_reads_back():
    update = sb.update("adam", decay=True)
    content = json.loads(update.to_json())
    assert sb.circuit(content["circuit"]) == update.circuit
    steps = "\n".join(f"{s['node']} = {s['text']}" for s in content["steps"])
    again = sb.circuit(f"{steps}\nloss: none", params=[n.name for n in update.circuit.params])
    assert {n.name: n.expr for n in again.computed} == update.formulas
    assert [s["name"] for s in content["settings"] if s["default"] is None] == ["eta", "t", "decay"]


def test_latex_is_one_environment():
    text = sb.update("adamw").to_latex()
    assert text.count(r"\begin{align*}") == text.count(r"\end{align*}") == 1
    assert r"\theta_{t+1} &= \theta_{t} - \eta_{t} \, " in text
    assert r"g_{t} &= \frac{1}{b} \sum_{i=1}^{b} \nabla l(\theta_t, x_i, y_i)" in text


def test_gradient_descent_is_the_lectures():
    text = str(sb.update("sgd"))
    assert "θ_{t+1} = θ_t − η_t·g_t\n" in text and "Closed form" not in text
    plain = sb.update("sgd").to_text(ascii=True)
    assert "theta_next = theta - eta*g\n" in plain


USAGE = {
    "both": (["derive", "f = w*x", "--update", "adam"], "exclude each other"),
    "neither": (["derive"], "Missing argument 'CIRCUIT', or --update NAME"),
    "neither, to generate": (["generate"], "Missing argument 'CIRCUIT', or --update NAME"),
    "of a circuit": (["derive", "--update", "adam", "--wrt", "m"], "--wrt needs a circuit"),
    "params": (["generate", "--update", "adam", "--params", "w"], "--params needs a circuit"),
    "check": (["generate", "--update", "adam", "--check"], "--check needs a circuit"),
    "html": (["derive", "--update", "adam", "--format", "html"], "text, latex, markdown, json"),
    "decay": (["derive", "f = w*x", "--decay"], "add --update NAME"),
    "unknown": (["derive", "--update", "adamm"], "did you mean 'adam'?"),
    "target": (["generate", "--update", "adam", "--target", "x"], "no target 'x'"),
    "diff": (["generate", "--update", "adam", "--diff"], "--diff needs -o FILE"),
}


@pytest.mark.parametrize("case", USAGE)
def test_wrong_words_are_reported_and_end_with_2(case):
    words, message = USAGE[case]
    result = command(*words)
    assert result.exit_code == 2 and message in result.output


@pytest.mark.parametrize(("target", "file"), [("numpy", "adam.py"), ("c", "adam.c")])
def test_generate_writes_what_the_update_generates(target, file, tmp_path):
    path = tmp_path / file
    words = ["generate", "--update", "adam", "--target", target, "-o", str(path)]
    assert command(*words).exit_code == 0
    assert path.read_text(encoding="utf-8") == sb.update("adam").generate(target=target)
    assert "is up to date" in command(*words).output
    assert command(*words, "--diff").exit_code == 0
    assert command(*words, "--decay", "--diff").exit_code == 1
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(FileRefused, match="edited"):
        sb.update("adam").generate(path, target=target)
    assert command(*words, "--force").exit_code == 0


def test_an_update_has_no_gradient_to_check(tmp_path):
    sb.update("sgd").generate(tmp_path / "sgd.py")
    result = command("check", str(tmp_path / "sgd.py"))
    assert result.exit_code == 2 and "no gradient to check" in result.output


# -- against a peer -----------------------------------------------------------------------------


def of_torch(torch, name, decay, given, theta):
    """The optimiser of PyTorch that has the same rule."""
    shared = {"lr": given["eta"], "weight_decay": given.get("decay", 0.0)}
    moments = {"betas": (given.get("beta1"), given.get("beta2")), "eps": given.get("epsilon")}
    momentum = {"momentum": given.get("mu", 0.0), "nesterov": name == "nesterov"}
    kind, more = {
        "adagrad": (torch.optim.Adagrad, {"eps": given.get("epsilon")}),
        "rmsprop": (
            torch.optim.RMSprop,
            {"alpha": given.get("rho"), "eps": given.get("epsilon")},
        ),
        "adam": (torch.optim.Adam, moments),
        "adamw": (torch.optim.AdamW, moments),
    }.get(name, (torch.optim.SGD, momentum))
    return kind([theta], **shared, **more)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("name", "decay"), CASES)
def test_steps_agree_with_pytorch(name, decay, dtype, module):
    torch = pytest.importorskip("torch")
    found, given = module(name, decay), settings_of(name, decay)
    rng = np.random.default_rng(8)
    theta = rng.normal(size=50).astype(dtype)
    state = found.init_state(theta)
    theirs = torch.tensor(theta.copy(), requires_grad=True)
    optimiser = of_torch(torch, name, decay, given, theirs)
    for t in range(1, 21):
        g = rng.normal(size=50).astype(dtype)
        theta, state = found.update(theta, g, state, **step_of(name, decay, t))
        theirs.grad = torch.tensor(g)
        optimiser.step()
        unit = np.finfo(dtype).eps
        mine = theirs.detach().numpy()
        np.testing.assert_allclose(theta, mine, rtol=0, atol=40 * unit * (1 + abs(theta).max()))
