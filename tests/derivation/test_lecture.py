"""Every row of the lecture, in every spelling: circuits, derivations, modules, training."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy as sp
from sympy.parsing.sympy_parser import parse_expr

import symback as sb
from symback.operations.elementwise import elementary
from tests.cases.lecture import NET, ROWS

SPELLINGS = [(name, text) for name, row in ROWS.items() for text in row.spellings]
NAMED = [(name, text) for name, row in ROWS.items() for text in row.named[:1]]
SHOWN = [
    (name, text, wrt) for name, row in ROWS.items() for text in row.named[:2] for wrt in row.shown
]
LEAF_NAMES = ("x1", "x2", "x3", "x4", "x5", "w3", "w4", "y")
SYMBOLS = {name: sp.Symbol(name, real=True) for name in LEAF_NAMES}
WITH_LOSS = [name for name, row in ROWS.items() if "w3" in row.partials]


def by_hand(text):
    """A partial of the table over leaves, in SymPy's own functions."""
    s = 1 / (1 + sp.exp(-parse_expr(NET, local_dict=SYMBOLS)))
    return parse_expr(text, local_dict={**SYMBOLS, "S": s})


def assert_equal(found, expected):
    """Equal at random rational points, to 60 digits."""
    rng = np.random.default_rng(7)
    difference = elementary(found) - expected
    for _ in range(5):
        point = {s: sp.Rational(int(rng.integers(-40, 41)), 16) for s in SYMBOLS.values()}
        value = difference.subs(point)
        assert value == 0 or abs(value.evalf(60, maxn=1000, chop=True)) < sp.Float("1e-55")


def test_the_table_has_every_row():
    assert [name.split()[0] for name in ROWS] == ["L1", "L2", "L3", "L4", "L5", "L6a", "L6b"]


# -- circuits and partials -------------------------------------------------------------------


@pytest.mark.parametrize(("row", "text"), SPELLINGS)
def test_every_spelling_has_the_partials_of_the_lecture(row, text):
    c = sb.circuit(text)
    gradient = c.gradient("f", expand=True)
    assert set(gradient) == set(ROWS[row].partials)
    for name, expected in ROWS[row].partials.items():
        assert gradient[name].free_symbols <= set(SYMBOLS.values())
        assert_equal(gradient[name], by_hand(expected))


@pytest.mark.parametrize("row", ROWS)
def test_partials_are_equal_symbolically(row):
    gradient = sb.circuit(ROWS[row].flat[0]).gradient(expand=True)
    for name, expected in ROWS[row].partials.items():
        assert sp.simplify(elementary(gradient[name]) - by_hand(expected)) == 0


@pytest.mark.parametrize("row", ROWS)
def test_flat_spellings_make_one_circuit(row):
    circuits = [sb.circuit(text) for text in ROWS[row].flat]
    assert len({c.output.expr for c in circuits}) == 1
    assert len({tuple(sorted(map(str, c.leaves))) for c in circuits}) == 1


@pytest.mark.parametrize(("row", "text"), SPELLINGS)
def test_roles_are_those_of_the_lecture(row, text):
    c = sb.circuit(text)
    assert {n.name for n in c.params} == {n for n in ROWS[row].partials if n.startswith("w")}
    assert {n.name for n in c.inputs} == {n for n in ROWS[row].partials if n.startswith("x")}
    assert c.output.name == "f"
    assert (c.loss is None) == (not c.params)


# -- derivations -----------------------------------------------------------------------------


def squeezed(text):
    """The text with single spaces, so that folded and aligned lines compare."""
    return " ".join(text.split())


@pytest.mark.parametrize(("row", "text", "wrt"), SHOWN)
def test_derivation_writes_the_lines_of_the_lecture(row, text, wrt):
    printed = squeezed(str(sb.circuit(text).partial("f", wrt)))
    at = 0
    for line in ROWS[row].shown[wrt]:
        assert squeezed(line) in printed[at:], f"{line!r} is missing behind {printed[:at]!r}"
        at = printed.index(squeezed(line), at) if line.startswith("= ") else at


@pytest.mark.parametrize("text", ROWS["L5 activation"].spellings)
def test_both_views_of_the_slope(text):
    derivation = sb.circuit(text).partial("f", "w3")
    printed = squeezed(str(derivation))
    assert "= −1 · σ′ · x3" in printed
    assert "= −x3·σ′" in printed
    assert "Expand σ′ = σ(net" in printed and "·(1 − σ(net" in printed
    assert not derivation.result.atoms(sb_slopes())


def sb_slopes():
    from symback.operations.functions import Slope

    return Slope


def test_flat_text_gets_a_net_input_of_its_own():
    printed = str(sb.circuit("f = x1 − σ(w3x3 + w4x4)").partial("f", "w3"))
    assert "net = w3·x3 + w4·x4" in squeezed(printed)
    assert printed.rstrip().endswith("∂f/∂w3 = −x3·σ(net)·(1 − σ(net))")


@pytest.mark.parametrize(("row", "text"), SPELLINGS)
def test_derivations_fit_a_terminal(row, text):
    c = sb.circuit(text)
    for derivation in (c.derive(), *(c.partial("f", leaf.name) for leaf in c.inputs)):
        assert max(map(len, str(derivation).splitlines())) <= 80
        assert derivation.to_text(ascii=True).isascii()


# -- L7: the loss ----------------------------------------------------------------------------


@pytest.mark.parametrize("row", WITH_LOSS)
def test_gradient_of_the_loss_is_residual_times_gradient_of_the_hypothesis(row):
    c = sb.circuit(ROWS[row].flat[0])
    assert c.loss.name == "l"
    assert [t.name for t in c.targets] == ["y"]
    f = elementary(c.output.expr)
    gradient = c.gradient("l", expand=True)
    for name, expected in ROWS[row].partials.items():
        assert_equal(gradient[name], (f - SYMBOLS["y"]) * by_hand(expected))
    assert_equal(gradient["y"], -(f - SYMBOLS["y"]))


@pytest.mark.parametrize(("row", "text"), NAMED)
def test_derivation_of_the_loss_begins_with_the_residual(row, text):
    if row not in WITH_LOSS:
        return
    c = sb.circuit(text)
    f, y = sp.symbols("f y", real=True)
    assert c.gradient("l")["f"] == f - y
    over_names = c.gradient("l")["w3"] - (f - y) * c.gradient("f")["w3"]
    assert sp.simplify(elementary(over_names)) == 0
    assert "∂l/∂w3 = ∂l/∂f · ∂f/∂x2" in str(c.partial("l", "w3")) or row.startswith("L6a")


# -- L8: modules -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "text"), [(n, t) for n, r in ROWS.items() for t in (r.flat[0], r.named[0])]
)
def test_module_of_every_row_agrees_with_sympy(row, text):
    report = sb.circuit(text).check()
    assert report, str(report)


def plain(w3, w4, x1, x3, x4):
    """f of row L5 and its partials, on plain numbers."""
    s = 1 / (1 + math.exp(-(w3 * x3 + w4 * x4)))
    slope = s * (1 - s)
    return x1 - s, {
        "x1": 1.0,
        "w3": -slope * x3,
        "w4": -slope * x4,
        "x3": -slope * w3,
        "x4": -slope * w4,
    }


@pytest.fixture(scope="module")
def module():
    return sb.circuit("f = x1 − x2, x2 = σ(net2), net2 = w3x3 + w4x4").compile()


@pytest.fixture(scope="module")
def samples():
    """300 samples of a neuron with w3 = 2, w4 = 0.8, and noise."""
    rng = np.random.default_rng(42)
    x1, x3, x4 = rng.normal(size=(3, 300))
    y = x1 - 1 / (1 + np.exp(-(2 * x3 + 0.8 * x4))) + 0.05 * rng.normal(size=300)
    return {"x1": x1, "x3": x3, "x4": x4, "y": y}


def test_forward_and_backward_in_one_sweep(module, samples):
    params = module.Params(w3=2.0, w4=0.8)
    inputs = module.Inputs(**samples)
    f, cache = module.forward(params, inputs)
    bars, input_bars = module.backward(params, inputs, cache)
    rows = [
        plain(2.0, 0.8, *row)
        for row in zip(samples["x1"], samples["x3"], samples["x4"], strict=True)
    ]
    np.testing.assert_allclose(f, [value for value, _ in rows], rtol=1e-12)
    for name in ("w3", "w4"):
        np.testing.assert_allclose(getattr(bars, name), sum(p[name] for _, p in rows), rtol=1e-11)
    for name in ("x1", "x3", "x4"):
        np.testing.assert_allclose(
            getattr(input_bars, name), [p[name] for _, p in rows], rtol=1e-12
        )


def test_lecture_point_by_hand(module):
    """σ′ = 0.247517 at net2 = −0.2, worked out on paper."""
    params, inputs = module.Params(2.0, 0.8), module.Inputs(1.0, 0.5, -1.5)
    f, cache = module.forward(params, inputs)
    bars, _ = module.backward(params, inputs, cache)
    assert f == pytest.approx(1 - 0.450166002687522, rel=1e-13, abs=0)
    assert bars.w3 == pytest.approx(-0.247516572711860 * 0.5, rel=1e-12, abs=0)
    assert bars.w4 == pytest.approx(0.247516572711860 * 1.5, rel=1e-12, abs=0)


# -- L9 to L11: descent ----------------------------------------------------------------------


def plain_descent(samples, start, eta, epochs, b):
    """θ ← θ − η_t (1/b) Σ ∇l, sample by sample, in the order given."""
    w3, w4 = start
    losses, t, n = [], 0, len(samples["y"])
    for _ in range(epochs):
        for first in range(0, n, b):
            rows = range(first, min(first + b, n))
            loss = g3 = g4 = 0.0
            for i in rows:
                x1, x3, x4, y = (samples[name][i] for name in ("x1", "x3", "x4", "y"))
                f, partial = plain(w3, w4, x1, x3, x4)
                loss += (f - y) ** 2 / 2
                g3 += (f - y) * partial["w3"]
                g4 += (f - y) * partial["w4"]
            step = eta(t) / len(rows)
            w3, w4 = w3 - step * g3, w4 - step * g4
            losses.append(loss / len(rows))
            t += 1
    return (w3, w4), losses


DESCENTS = {
    "gradient descent, batch_size = n": {"b": 300, "epochs": 5, "eta": 0.5},
    "stochastic, batch_size = 1": {"b": 1, "epochs": 2, "eta": 0.1},
    "mini-batch of 128 with a ragged last": {"b": 128, "epochs": 4, "eta": 0.5},
    "mini-batch larger than the samples": {"b": 1000, "epochs": 3, "eta": 0.5},
    "η_t falls with t": {"b": 128, "epochs": 4, "eta": lambda t: 1.0 / (1 + t)},
}


@pytest.mark.parametrize("name", DESCENTS)
def test_descent_follows_the_rule_of_the_lecture(name, module, samples):
    rule = DESCENTS[name]
    eta = rule["eta"] if callable(rule["eta"]) else lambda t: rule["eta"]
    start = module.Params(0.3, -0.2)
    seen = []
    params, losses = module.sgd(
        start,
        module.Inputs(**samples),
        learning_rate=rule["eta"],
        epochs=rule["epochs"],
        batch_size=rule["b"],
        callback=lambda t, loss, now: seen.append((t, loss, tuple(now))),
    )
    expected, expected_losses = plain_descent(samples, start, eta, rule["epochs"], rule["b"])
    np.testing.assert_allclose(params, expected, rtol=1e-10)
    np.testing.assert_allclose(losses, expected_losses, rtol=1e-10)
    assert [t for t, _, _ in seen] == list(range(len(expected_losses)))
    assert seen[-1][2] == tuple(params)
    assert tuple(start) == (0.3, -0.2)


def test_default_batch_is_128(module, samples):
    inputs = module.Inputs(**samples)
    default = module.sgd(module.Params(0.3, -0.2), inputs, learning_rate=0.5)
    stated = module.sgd(module.Params(0.3, -0.2), inputs, learning_rate=0.5, batch_size=128)
    assert len(default[1]) == 3
    np.testing.assert_array_equal(default[1], stated[1])


def test_a_generator_shuffles_every_epoch(module, samples):
    """With η = 0 the losses of single steps are the samples' own, in the order visited."""
    params, inputs = module.Params(0.3, -0.2), module.Inputs(**samples)
    own = [
        (plain(0.3, -0.2, *row[:3])[0] - row[3]) ** 2 / 2
        for row in zip(samples["x1"], samples["x3"], samples["x4"], samples["y"], strict=True)
    ]

    def visit(rng):
        return module.sgd(params, inputs, learning_rate=0.0, epochs=2, batch_size=1, rng=rng)[1]

    np.testing.assert_allclose(visit(None), own + own, rtol=1e-9)
    shuffled = visit(np.random.default_rng(5))
    first, second = shuffled[:300], shuffled[300:]
    for epoch in (first, second):
        np.testing.assert_allclose(np.sort(epoch), np.sort(own), rtol=1e-9)
    assert not np.array_equal(first, second)
    assert not np.allclose(first, own)
    np.testing.assert_array_equal(shuffled, visit(np.random.default_rng(5)))


def test_descent_finds_the_weights_that_made_the_samples(module, samples):
    params, losses = module.sgd(
        module.Params(0.0, 0.0), module.Inputs(**samples), learning_rate=4.0, epochs=400
    )
    np.testing.assert_allclose(params, (2.0, 0.8), atol=0.1)
    assert losses[-1] < losses[0] / 10


# -- L12: why the gradient -------------------------------------------------------------------


def test_first_order_expansion_of_the_loss(module, samples):
    """l(θ + εv) − l(θ) − ε∇l·v shrinks as ε²."""
    inputs, theta = module.Inputs(**samples), np.array([0.7, -0.4])
    value, gradient = module.objective(theta, inputs)
    v = np.array([0.6, 0.8])

    def error(eps):
        moved, _ = module.objective(theta + eps * v, inputs)
        return moved - value - eps * float(gradient @ v)

    for eps in (1e-2, 1e-3):
        assert error(eps) / error(eps / 2) == pytest.approx(4, rel=0.05)
        assert abs(error(eps)) < eps**2


def test_a_step_along_minus_the_gradient_goes_down(module, samples):
    inputs, theta = module.Inputs(**samples), np.array([0.7, -0.4])
    value, gradient = module.objective(theta, inputs)
    for eps in (1e-3, 1e-2, 1e-1):
        lower, _ = module.objective(theta - eps * gradient, inputs)
        expected = value - eps * float(gradient @ gradient)
        assert lower < value
        assert lower == pytest.approx(expected, abs=eps**2)
