"""L-BFGS: the iterations of SciPy's L-BFGS-B, certified digits, and a memory that goes on."""

from functools import cache

import numpy as np
import pytest

import symback as sb
from symback.errors import TrainingError
from symback.training.checkpoint import Saver, load
from symback.training.engine.gradients import Part
from symback.training.full_batch import Found, evaluation_of
from symback.training.lbfgs import minimise
from symback.training.line_search import Trial, search
from symback.training.loop import train
from symback.training.run import summary, train_from_file
from symback.training.settings import FULL_BATCH, NEEDED, Settings
from tests.cases.nist import compiled, problems
from tests.cases.one_in import one_in

optimize = pytest.importorskip("scipy.optimize")

OPTIONS = {"memory": 10, "ftol": 0.0, "gtol": 0.0}
EXACT = {"ftol": 0.0, "gtol": 0.0, "maxiter": 15_000, "maxfun": 10**6}
SLOW = {
    "Gauss1",
    "Gauss2",
    "Gauss3",
    "Hahn1",
    "Lanczos1",
    "Lanczos2",
    "Lanczos3",
    "MGH10",
    "Nelson",
}
RUNS = [
    pytest.param(name, start, marks=pytest.mark.slow if name in SLOW else ())
    for name in problems()
    for start in (0, 1)
]


def objective(name):
    """Loss and gradient of a problem over its rows, as SciPy takes them."""
    module, columns = compiled(name), problems()[name].columns
    inputs = module.Inputs(**columns)

    def value_and_grad(theta):
        loss, gradient = module.value_and_grad(module.Params(*theta), inputs)
        return float(loss), np.array(gradient, float)

    return value_and_grad


def whole_of(function):
    def whole(theta):
        loss, gradient = function(theta)
        return Part(1, loss, gradient)

    return whole


def fitted(name, start, **options):
    module, problem = compiled(name), problems()[name]
    settings = Settings(optimiser="lbfgs", validation=0, options=options)
    return train(module, problem.columns, settings, initial=module.Params(*problem.starts[start]))


def by_scipy(name, start, callback=None):
    with np.errstate(all="ignore"):
        return optimize.minimize(
            objective(name),
            problems()[name].starts[start],
            jac=True,
            method="L-BFGS-B",
            options=EXACT,
            callback=callback,
        )


# -- the same as SciPy -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", problems())
def test_losses_at_the_certified_values_are_the_certified_ones(name):
    """Values first: the module's loss is the residual sum of squares over 2·n."""
    problem = problems()[name]
    loss, gradient = objective(name)(problem.certified)
    certified = problem.residual_sum_of_squares / (2 * len(problem.columns["y"]))
    # the residuals of Lanczos1 are 1e-13, and consist of the rounding of y
    assert loss == pytest.approx(certified, rel=0.02 if name == "Lanczos1" else 1e-9)
    near = objective(name)(np.array(problem.certified) * (1 + 1e-3))[1]
    assert np.abs(gradient).max() < 1e-5 * np.abs(near).max()


@pytest.mark.parametrize("name, start", [("MGH17", 1), ("Thurber", 0), ("Gauss1", 0), ("ENSO", 1)])
def test_the_iterations_are_those_of_scipy(name, start):
    """20 of them, in two calls with the memory handed on."""
    theirs, ours = [], []
    by_scipy(name, start, callback=lambda theta: theirs.append(theta.copy()))
    whole = whole_of(objective(name))
    theta, state = np.array(problems()[name].starts[start]), ()
    for _ in range(2):
        found = minimise(
            whole,
            evaluation_of(whole, theta),
            state,
            iterations=10,
            trace=lambda _, theta: ours.append(theta),
            **OPTIONS,
        )
        theta, state = found.theta, found.state
        assert len(state) == 2 * len(ours) if len(ours) <= 10 else len(state) == 20
    assert len(ours) == 20
    np.testing.assert_allclose(ours, theirs[:20], rtol=1e-6)


@pytest.mark.parametrize("name, start", one_in(2, RUNS))
def test_certified_digits_beside_scipy(name, start):
    problem = problems()[name]
    ours = problem.digits(fitted(name, start).params)
    theirs = problem.digits(by_scipy(name, start).x)
    assert ours >= theirs - 1


@pytest.mark.parametrize("start", [0, 1])
def test_ten_digits_of_misra1b(start):
    result = fitted("Misra1b", start)
    assert problems()["Misra1b"].digits(result.params) > 10
    assert result.converged and ", converged" in summary(result)


# -- the line search -------------------------------------------------------------------------------

LINES = {  # of Moré and Thuente 1994, section 5
    "1": lambda a: (-a / (a * a + 2), (a * a - 2) / (a * a + 2) ** 2),
    "4": lambda a: _yanai(a, 0.001, 0.001),
    "5": lambda a: _yanai(a, 0.01, 0.001),
    "6": lambda a: _yanai(a, 0.001, 0.01),
}


def _yanai(a, b1, b2):
    g1, g2 = (np.sqrt(1 + b * b) - b for b in (b1, b2))
    r1, r2 = np.sqrt((1 - a) ** 2 + b2 * b2), np.sqrt(a * a + b1 * b1)
    return g1 * r1 + g2 * r2, g1 * (a - 1) / r1 + g2 * a / r2


@pytest.mark.parametrize("first", [1e-3, 0.1, 10.0, 1e3])
@pytest.mark.parametrize("line", LINES)
def test_steps_fulfil_the_conditions_of_wolfe(line, first):
    def at(step):
        value, slope = LINES[line](step)
        return Trial(step, float(value), float(slope))

    begin = at(0.0)
    found = search(at, begin, first)
    assert found.value <= begin.value + 1e-3 * found.step * begin.slope
    assert abs(found.slope) <= 0.9 * abs(begin.slope)


# -- runs ------------------------------------------------------------------------------------------


def test_the_memory_is_in_the_checkpoint(tmp_path):
    """A run that is broken off after each epoch makes the iterations of one that is not."""
    module, problem = compiled("Thurber"), problems()["Thurber"]
    initial = module.Params(*problem.starts[0])
    whole = train(
        module,
        problem.columns,
        Settings(6, optimiser="lbfgs", validation=0),
        initial=initial,
        saver=Saver(tmp_path / "whole"),
    )
    (tmp_path / "parts").mkdir()
    for epochs in range(1, 7):
        saver = Saver(tmp_path / "parts", resume=epochs > 1)
        settings = Settings(epochs, optimiser="lbfgs", validation=0)
        parts = train(module, problem.columns, settings, initial=initial, saver=saver)
        assert len(load(tmp_path / "parts").point.state) == 20
    assert parts.history == whole.history
    first, second = (tmp_path / n / "checkpoint.npz" for n in ("whole", "parts"))
    assert first.read_bytes() == second.read_bytes()


def test_iterations_end_amid_an_epoch_and_go_on(tmp_path):
    module, problem = compiled("Thurber"), problems()["Thurber"]
    run = {"initial": module.Params(*problem.starts[0])}

    def settings(most):
        return Settings(
            optimiser="lbfgs", validation=0, options={"max_iterations": most, "memory": 5}
        )

    first = train(module, problem.columns, settings(47), saver=Saver(tmp_path), **run)
    assert first.history[-1].step == 47 and first.converged is False
    saver = Saver(tmp_path, resume=True)
    second = train(module, problem.columns, settings(100), saver=saver, **run)
    assert second.history == train(module, problem.columns, settings(100), **run).history
    assert second.history[-1].step == 100


def test_tolerances_end_a_run():
    steps = {}
    for name, value in (("ftol", 1e-2), ("gtol", 1e3)):
        loose = fitted("Thurber", 0, **{name: value})
        assert loose.converged
        steps[name] = loose.history[-1].step
    exact = fitted("Thurber", 0)
    assert 0 < max(steps.values()) < exact.history[-1].step
    assert exact.history[-1].loss < fitted("Thurber", 0, ftol=1e-2).history[-1].loss


def test_a_run_that_did_not_converge_says_so():
    problem = problems()["Thurber"]
    result = train_from_file(
        problem.circuit, problem.columns, optimiser="lbfgs", epochs=1, quiet=True
    )
    assert result.converged is False
    assert result.notes == (
        "lbfgs has not converged after 20 iterations; give more epochs, or a larger "
        "max_iterations, ftol or gtol",
        "lbfgs fitted 30 of 37 rows; the others are held out by default: validation=0 "
        "(--validation 0) fits all",
    )


def test_checkpoints_come_every_so_many_iterations(tmp_path):
    problem, saved = problems()["Thurber"], []

    class Counting(Saver):
        def save(self, checkpoint):
            saved.append(checkpoint.point.step)
            super().save(checkpoint)

    settings = Settings(6, optimiser="lbfgs", validation=0)
    saver = Counting(tmp_path, steps=40)
    train(compiled("Thurber"), problem.columns, settings, saver=saver)
    assert saved[:3] == [40, 80, 120]


# -- options of optimisers -------------------------------------------------------------------------

RULES = ["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw"]
OPTIMISERS = [*RULES, *FULL_BATCH]
GIVEN = {  # each option with a value that is not its default, and the optimisers that take it
    "epochs": ({"epochs": 3}, OPTIMISERS),
    "batch_size": ({"batch_size": 5}, RULES),
    "learning_rate": ({"learning_rate": 0.003}, RULES),
    "a function": ({"learning_rate": lambda t: 0.01 / (t + 1)}, RULES),
    "schedule": ({"schedule": "inverse", "options": {"decay": 0.5}}, RULES),
    "warmup": ({"options": {"warmup": 4}}, RULES),
    "weight_decay": ({"weight_decay": 0.3}, RULES),
    "no decay": ({"weight_decay": 0.0}, ["adamw"]),
    "clip": ({"clip": 0.01}, RULES),
    "patience": ({"patience": 1}, OPTIMISERS),
    "validation": ({"validation": 0.4}, OPTIMISERS),
    "standardise": ({"standardise": True}, OPTIMISERS),
    "seed": ({"seed": 7}, OPTIMISERS),
    "dtype": ({"dtype": "float32"}, OPTIMISERS),
    "shards": ({"shards": 3}, OPTIMISERS),
    "local_steps": ({"shards": 3, "local_steps": 2}, RULES),
    "mu": ({"options": {"mu": 0.5}}, ["momentum", "nesterov"]),
    "rho": ({"options": {"rho": 0.5}}, ["rmsprop"]),
    "beta1": ({"options": {"beta1": 0.5}}, ["adam", "adamw"]),
    "beta2": ({"options": {"beta2": 0.5}}, ["adam", "adamw"]),
    "epsilon": ({"options": {"epsilon": 0.5}}, ["adagrad", "rmsprop", "adam", "adamw"]),
    "ftol": ({"options": {"ftol": 0.1}}, [*FULL_BATCH]),
    "gtol": ({"options": {"gtol": 0.1}}, [*FULL_BATCH]),
    "memory": ({"options": {"memory": 1}}, ["lbfgs"]),
    "cg_iterations": ({"options": {"cg_iterations": 1}}, ["newton-cg"]),
    "max_iterations": ({"options": {"max_iterations": 3}}, [*FULL_BATCH]),
}
MEANS_NOTHING = {("no decay", name) for name in RULES if name != "adamw"}  # it is their default


@cache
def network():
    return sb.circuit(
        "x: input; y: target; W: param[4]; c: param[4]; v: param[4]; f = dot(v, tanh(W*x + c))"
    ).compile(functions=[name for names in NEEDED.values() for name in names])


def noise():
    """Samples without a law, whose fit makes those held out worse."""
    random_numbers = np.random.default_rng(2)
    return {"x": random_numbers.normal(size=15), "y": random_numbers.normal(size=15)}


@cache
def plainly(**settings):
    return train(network(), noise(), Settings(**settings))


BESIDE = {  # what an option is given with
    "max_iterations": {"epochs": 1},
    "local_steps": {"shards": 3},
}


@pytest.mark.parametrize("optimiser", one_in(2, OPTIMISERS))
@pytest.mark.parametrize("option", one_in(2, GIVEN))
def test_no_option_is_taken_and_ignored(option, optimiser):
    given, takers = GIVEN[option]
    base = {"optimiser": optimiser, "epochs": 4 if optimiser in NEEDED else 40}
    base |= BESIDE.get(option, {})
    if option == "patience" and optimiser in RULES:
        base |= {"learning_rate": 1.0}
    if optimiser not in takers and (option, optimiser) not in MEANS_NOTHING:
        with pytest.raises(TrainingError, match=r"has no option|takes no"):
            Settings(**base | given)
        return
    plain = plainly(**base)
    result = train(network(), noise(), Settings(**base | given))
    same = result.history == plain.history and all(
        np.array_equal(ours, theirs)
        for ours, theirs in zip(result.params, plain.params, strict=True)
    )
    assert same == ((option, optimiser) in MEANS_NOTHING)


def test_every_setting_is_crossed_with_the_optimisers():
    given = {name for settings, _ in GIVEN.values() for name in settings}
    given |= {name for settings, _ in GIVEN.values() for name in settings.get("options", {})}
    known = {name for name, field in Settings.__dataclass_fields__.items() if field.init}
    assert {*known, *(o for options in FULL_BATCH.values() for o in options)} - given <= {
        "optimiser",
        "options",
        "sizes",
        "constants",  # as sizes, what the circuit needs, whichever the optimiser
    }


def test_a_run_ends_where_only_rounding_moves_the_loss(monkeypatch):
    """Iterations that go in circles: an epoch that lowers nothing is the last."""

    def circling(whole, start, state, *, iterations, **_):
        return Found(start.theta, (), iterations, False)

    monkeypatch.setattr("symback.training.lbfgs.minimise", circling)
    result = fitted("Thurber", 0)
    assert result.converged and len(result.history) == 2
