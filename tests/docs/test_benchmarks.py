"""The benchmarks: gradients are compared before anything is timed. No time is asserted here."""

import numpy as np
import pytest

from benchmarks import contest as contests
from benchmarks import (
    gmm,
    gradients,
    growth,
    limits,
    lstm,
    mixture,
    page,
    scaling_model,
    trained,
    training,
    works,
)
from benchmarks.__main__ import NAMES
from benchmarks.contest import QUICK, Disagreement, Effort, Skip, System, Timing, contest
from benchmarks.formulas import NEURON, samples

HERE = ("NumPy by hand", "SymPy lambdify(diff, cse=True)", contests.SYMBACK, "autograd")
BRIEF = Effort(rounds=1, least_rounds=1, measurement=0.0, budget=0.0)


def systems(*more):
    return [s for s in gradients.SYSTEMS if s.name in HERE] + list(more)


def neuron_contest(*more, b=4):
    work, named = samples(NEURON, b), NEURON.quantities
    return contest(systems(*more), work, named, tolerance=gradients.TOLERANCE, effort=BRIEF)


def test_systems_agree_and_are_timed():
    result = neuron_contest(System("absent", lambda work: pytest.fail(), ("no_such_package",)))
    assert result.found["absent"] == Skip("no_such_package is not installed")
    assert all(isinstance(result.found[name], Timing) for name in HERE)
    assert result.found[contests.SYMBACK].ratio == 1.0


@pytest.mark.parametrize(
    ("quantity", "factor"),
    [(0, 1 + 1e-8), (1, 1 + 1e-8), (2, 1 + 1e-8), (2, -1.0), (1, np.nan)],
)
def test_a_wrong_gradient_is_refused_before_anything_is_timed(monkeypatch, quantity, factor):
    monkeypatch.setattr(contests, "seconds", lambda *_: pytest.fail("timed before compared"))

    def planted(work):
        right = list(gradients.with_symback("numpy", work)())
        right[quantity] = right[quantity] * factor
        return lambda: right

    with pytest.raises(Disagreement, match=NEURON.quantities[quantity] + ", planted and NumPy"):
        neuron_contest(System("planted", planted))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda found: found[:2], "2 and 3 quantities"),
        (lambda found: [found[0], np.ones(2), found[2]], r"shape \[2\]"),
    ],
)
def test_a_gradient_of_another_shape_is_refused(wrong, message):
    def planted(work):
        found = wrong(gradients.with_symback("numpy", work)())
        return lambda: found

    with pytest.raises(Disagreement, match=message):
        neuron_contest(System("planted", planted))


def test_training_is_compared_by_how_far_it_moves():
    """Parameters that hardly move agree with any that hardly move; their moves do not."""
    work = trained.neuron(steps=2)
    found = [s for s in training.SYSTEMS if s.name in HERE]

    def planted(work):
        *params, losses = training.with_numpy(training.PLAIN, work)()
        moved = [w + (p - w) * (1 + 1e-7) for w, p in zip(work.start, params, strict=True)]
        return lambda: (*moved, losses)

    def run(systems):
        options = {"tolerance": works.FLOAT64, "effort": BRIEF, "read": work.read}
        return contest(systems, work, work.quantities, **options)

    assert all(isinstance(timing, Timing) for timing in run(found).found.values())
    with pytest.raises(Disagreement, match="the move of w3, planted"):
        run([*found, System("planted", planted)])


def test_a_gaussian_mixture_of_full_covariances_by_hand_is_that_of_symback():
    found = [s for s in gmm.SYSTEMS if s.name in HERE]
    result = contest(found, gmm.gmm(3), gmm.QUANTITIES, tolerance=gmm.TOLERANCE, effort=BRIEF)
    assert all(isinstance(result.found[s.name], Timing) for s in found)


def test_an_lstm_is_timed_at_any_length():
    found = [s for s in lstm.SYSTEMS if s.name in HERE or s.name == "PyTorch"]
    work = lstm.lstm(4)
    result = contest(found, work, lstm.QUANTITIES, tolerance=lstm.TOLERANCE, effort=BRIEF)
    assert isinstance(result.found[contests.SYMBACK], Timing)


def test_a_mixture_by_hand_is_that_of_symback():
    found = [s for s in mixture.SYSTEMS if s.name in HERE and "lambdify" not in s.name]
    work = mixture.mixture(5)
    tolerance = mixture.TOLERANCE
    result = contest(found, work, mixture.QUANTITIES, tolerance=tolerance, effort=BRIEF)
    assert {"NumPy by hand", contests.SYMBACK} == {*result.found}


@pytest.mark.parametrize("key", ["text", "sympy-objects", "module"])
def test_partials_of_a_scalar_network(key):
    network = growth.Network(2, 3)
    found = growth.SYSTEMS[key].derive(network, growth.Stages())()
    assert found == pytest.approx(network.expected(), rel=growth.TOLERANCE)
    assert len(network.names()) == network.parameters


def test_the_exponent_of_a_power_is_that_of_the_power():
    assert growth.exponent([(n, 3e-6 * n**1.5) for n in (1e3, 1e4, 1e5)]) == pytest.approx(1.5)


def test_limits_count_what_numpy_is_asked_for():
    """A product, a sum and a dot product, each once."""
    a = np.arange(3.0).view(limits.Counted)
    limits.Counted.calls = 0
    assert (a * 2.0 + a).dot(a) == 15.0
    assert limits.Counted.calls == 3
    assert limits.operations() > 10


def test_every_limit_is_measured_and_no_work_takes_less():
    found = limits.measured(1)
    assert all(0 < limit.least < 1 for limit in found)
    assert limits.digits_products() == 2 * 1797 * (2 * 64 * 128 + 3 * 128 * 10)
    assert "float32" in found[1].what and "GFLOP/s" in found[1].each


def test_slow_systems_are_left_out_with_their_time(monkeypatch):
    monkeypatch.setattr(contests, "seconds", lambda run, repeats: 6.0)
    slow = neuron_contest().found[contests.SYMBACK]
    assert slow == Skip("one call takes 6.0 s")


def test_the_page(tmp_path):
    result = neuron_contest(System("absent", lambda work: Skip("of a reason")))
    assert QUICK.rounds > 1
    parts = page.grid("system", {"b = 4": result})
    section = page.Section("A neuron", (*parts, page.Plot("plot", "n", "s", {"a": [(1, 2)]})))
    page.write([section], tmp_path / "speed.md", "COMMAND", 1)
    text = (tmp_path / "speed.md").read_text(encoding="utf-8")
    assert "## A neuron\n\n| system | b = 4 |\n" in text
    assert f"\n| {contests.SYMBACK} | " in text
    assert "Left out, of a reason: absent." in text
    assert "![s over n](plot.svg)" in text
    assert (tmp_path / "plot.svg").read_text(encoding="utf-8").startswith("<?xml")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(17.26e-6, "17.3 µs"), (0.99999, "1,000 ms"), (250.0, "250 s"), (4e-10, "0.40 ns")],
)
def test_times_have_three_digits(seconds, text):
    assert page.shown(seconds) == text


def test_the_table_of_works_is_complete():
    assert tuple(works.WORKS) == NAMES


def test_communication_is_fitted_by_what_it_is_made_of():
    right = scaling_model.Model(2e-3, 3e-4, 1e-9)
    empty = {("Dask", w, n): right(w, n) for w in (2, 4, 8) for n in (100, 1_000_000)}
    found = scaling_model.Found({}, empty, {})
    model = scaling_model.fitted(found, "Dask")
    for name in ("fixed", "task", "byte"):
        assert getattr(model, name) == pytest.approx(getattr(right, name), rel=1e-6)
    assert scaling_model.worst_error(found, "Dask", model) < 1e-9
    assert right(10, 1000) == pytest.approx(2e-3 + 10 * (3e-4 + 16_000 * 1e-9))
