"""The examples train as their pages say."""

from __future__ import annotations

import contextlib
import csv
import io
import re
import runpy
import shlex
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.stats import norm

import symback as sb
from symback.cli.main import cli
from symback.training import summary, train_from_file
from symback.training.loop import Settings, train
from tests.cases.one_in import one_in
from tests.cases.tables import read_table

ROOT = Path(__file__).resolve().parents[2]
PAGES = {
    path.parent.name: path.read_text(encoding="utf-8")
    for path in sorted(ROOT.glob("examples/*/README.md"))
    if [*path.parent.glob("*.csv")]
}
EXAMPLES = [name for name, page in PAGES.items() if "    symback train " in page]
FITS = [name for name, page in PAGES.items() if "    symback fit " in page]
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")
OPTIONS = {  # of `symback train`, as train_from_file takes them
    "--epochs": ("epochs", int),
    "--batch-size": ("batch_size", int),
    "--learning-rate": ("learning_rate", float),
    "--validation": ("validation", float),
    "--seed": ("seed", int),
    "--optimiser": ("optimiser", str),
}
PAIRS = {"--map": ("mapping", str), "--size": ("sizes", int)}  # NAME=VALUE, more than once


def read_page(name):
    """The circuit file, the data file, the options of the command, and the figures of a page."""
    page = PAGES[name]
    command = re.search(r"^    (symback train (?:.*\\\n)*.*)$", page, re.MULTILINE)[1]
    words = iter(shlex.split(command.replace("\\\n", " "))[2:])
    circuit, options, data = next(words), {}, None
    for word in words:
        if word == "--data":
            data = next(words)
        elif word == "--standardise":
            options["standardise"] = True
        elif word in PAIRS:
            (key, kind), (name, value) = PAIRS[word], next(words).split("=")
            options.setdefault(key, {})[name] = kind(value)
        elif word == "-o":
            next(words)
        else:
            key, kind = OPTIONS[word]
            options[key] = kind(next(words))
    figures = re.search(r"```text\n(.*?)```", page, re.DOTALL)[1]
    return ROOT / circuit, ROOT / data, options, figures


def test_tables_are_found():
    assert {"breast_cancer", "diabetes", "digits_network"} <= set(EXAMPLES)
    assert {"puromycin", "ryegrass", "challenger", *PUBLISHED} <= set(FITS)
    assert {*EXAMPLES, *FITS} == set(PAGES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_page_shows_what_its_command_prints(name):
    circuit, data, options, figures = read_page(name)
    result = train_from_file(
        sb.circuit(circuit.read_text(encoding="utf-8")), data, quiet=True, **options
    )
    shown = "\n".join(line for line in figures.splitlines() if not line.startswith("wrote "))
    assert_shown(summary(result), shown)


@pytest.mark.parametrize("name", FITS)
def test_page_shows_what_its_fit_prints(name):
    words = shlex.split(re.search(r"^    symback (fit .*)$", PAGES[name], re.MULTILINE)[1])
    with contextlib.chdir(ROOT):
        result = CliRunner().invoke(cli, words)
    assert result.exit_code == 0, result.output
    assert_shown(result.stdout, re.search(r"```text\n(.*?)```", PAGES[name], re.DOTALL)[1])


SCRIPTS = {
    path.parent.name: path
    for path in sorted(ROOT.glob("examples/*/*.py"))
    if path.name != "train.py" and path.parent.name != "notebooks"
}
SHOWN = [name for name in SCRIPTS if name != "rosenbrock"]  # its figures are rounding


def printed_by(name):
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        runpy.run_path(str(SCRIPTS[name]), run_name="__main__")
    return printed.getvalue()


def test_scripts_are_found():
    assert {"robertson", "two_link_arm", "kalman_filter", "rosenbrock"} <= set(SCRIPTS)


@pytest.mark.parametrize(
    "name",
    one_in(2, [pytest.param(n, marks=[pytest.mark.slow] * (n == "robertson")) for n in SHOWN]),
)
def test_page_shows_what_its_script_prints(name):
    page = (SCRIPTS[name].parent / "README.md").read_text(encoding="utf-8")
    assert f"    python examples/{name}/{SCRIPTS[name].name}\n" in page
    assert_shown(printed_by(name), re.search(r"```text\n(.*?)```", page, re.DOTALL)[1])


def test_the_evidence_of_the_nile_is_that_of_scikit_learn():
    gaussian_process = pytest.importorskip("sklearn.gaussian_process")
    kernels = gaussian_process.kernels
    module = sb.circuit(runpy.run_path(str(SCRIPTS["nile"]))["CIRCUIT"]).compile()
    x, y = np.arange(12.0), 9 + np.cos(np.arange(12.0))
    params = module.Params(level=9.1, slow=0.3, years=0.7, noise=-1.2)
    found, _ = module.value_and_grad(params, module.Inputs(x[None], y[None]))
    kernel = kernels.ConstantKernel(np.exp(0.6)) * kernels.RBF(np.exp(0.7))
    kernel += kernels.WhiteKernel(np.exp(-2.4))
    peer = gaussian_process.GaussianProcessRegressor(kernel, optimizer=None, alpha=0)
    peer.fit(x[:, None], y - 9.1)
    assert -found == pytest.approx(peer.log_marginal_likelihood_value_, rel=1e-10, abs=0)


@pytest.mark.slow
def test_rosenbrock_ends_at_its_minimum():
    first, *ends = printed_by("rosenbrock").splitlines()
    assert first.startswith("2998 of 1000000")
    assert len(ends) == 3
    assert all(float(re.search(r"(\S+) from the minimum", end)[1]) < 1e-6 for end in ends)


def test_stiff_kinetics_end_where_the_test_set_says():
    page = (ROOT / "examples/robertson/README.md").read_text(encoding="utf-8")
    found = re.findall(r"[ABC] = (.*)", page)
    right = (2.083340149701255e-08, 8.333360770334713e-14, 0.9999999791665050)
    np.testing.assert_allclose([float(f) for f in found], [*right, *right], rtol=1e-6)


def test_the_arm_is_at_its_targets_and_its_determinant_is_that_of_the_textbook():
    page = (ROOT / "examples/two_link_arm/README.md").read_text(encoding="utf-8")
    rows = re.findall(r"(\d+)°  q = +(\S+) +(\S+)  det J = (\S+)", page)
    assert len(rows) == 8
    for degrees, first, second, determinant in np.array(rows, float):
        hand = np.exp(1j * first) + 0.7 * np.exp(1j * (first + second))
        target = 0.8 + 0.4j + 0.3 * np.exp(1j * np.radians(degrees))
        assert abs(hand - target) < 2e-5
        assert determinant == pytest.approx(0.7 * np.sin(second), abs=2e-5)


def test_ryegrass_has_the_published_estimates():
    """Of drc, whose standard errors are those of the whole Hessian."""
    folder = ROOT / "examples/ryegrass"
    curve = sb.circuit((folder / "log_logistic.circuit").read_text(encoding="utf-8"))
    found = sb.fit(curve, folder / "ryegrass.csv")
    published = {"low": 0.48141, "high": 7.79296, "ED50": 3.05795, "slope": 2.98222}
    for name, value in published.items():
        assert found.values[name] == pytest.approx(value, abs=1e-5)
    assert found.residual_error == pytest.approx(0.5196256, abs=1e-7)
    assert found.log_likelihood == pytest.approx(-16.15514, abs=1e-5)
    columns = read_table(folder / "ryegrass.csv")
    module = curve.compile(functions="hessian")
    inputs = module.Inputs(columns["concentration"], columns["length"])
    with np.errstate(divide="ignore"):  # of the dose 0
        whole = 24 * module.hessian(list(found.values.values()), inputs)
    errors = np.sqrt(np.diag(np.linalg.inv(whole))) * found.residual_error
    np.testing.assert_allclose(errors, [0.21219, 0.18857, 0.18573, 0.46506], atol=1e-5)


def test_challenger_has_the_published_estimates():
    """Of R's glm and statsmodels' Logit, which is asked where it is installed."""
    folder = ROOT / "examples/challenger"
    line = sb.circuit((folder / "logistic.circuit").read_text(encoding="utf-8"))
    found = sb.fit(line, folder / "challenger.csv")
    assert (*found.values.values(),) == pytest.approx((15.04290165, -0.23216274), abs=5e-9)
    assert (*found.errors.values(),) == pytest.approx((7.37863638, 0.10823652), abs=5e-9)
    assert found.log_likelihood == pytest.approx(-10.157596343933413, rel=1e-12, abs=0)
    statsmodels = pytest.importorskip("statsmodels.api")
    columns = read_table(folder / "challenger.csv")
    design = statsmodels.add_constant(columns["temperature"])
    theirs = statsmodels.Logit(columns["damaged"], design).fit(disp=0)
    assert (*found.values.values(),) == pytest.approx(tuple(theirs.params), rel=1e-8)
    assert (*found.errors.values(),) == pytest.approx(tuple(theirs.bse), rel=1e-8)
    assert (*found.p_values.values(),) == pytest.approx(tuple(theirs.pvalues), rel=1e-7)
    assert (found.aic, found.bic) == pytest.approx((theirs.aic, theirs.bic), rel=1e-10, abs=0)


PUBLISHED = {
    "dobson": {"intercept": (3.0445, 0.1260), "second": (-0.4543, 0.2022)},
    "mites": {"m": (1.1467,), "k": (1.0246,)},
    "gasoline": {
        "intercept": (-6.1595710,),
        "slope": (0.0109669,),
        "b[0]": (1.7277289,),
        "b[8]": (0.3857930,),
    },
    "stackloss": {"flow": (0.85,), "temperature": (0.49,), "strength": (-0.07,)},
    "beetles": {"intercept": (-34.94, 2.64), "slope": (19.73, 1.48)},
}
"""Estimates, and standard errors, as the literature that each page names prints them."""


@pytest.mark.parametrize("name", PUBLISHED)
def test_fits_have_the_published_estimates(name):
    """Those of the page, which is compared with what its command prints."""
    for parameter, published in PUBLISHED[name].items():
        row = re.search(rf"^{re.escape(parameter)} +(\S+) +(\S+) ", PAGES[name], re.MULTILINE)
        for figure, expected in zip(row.groups(), published, strict=False):
            places = len(str(expected).partition(".")[2])
            assert round(float(figure), places) == expected, (parameter, figure)


def test_fits_estimate_what_enters_by_its_log():
    phi = re.search(r"^log_phi +(\S+)", PAGES["gasoline"], re.MULTILINE)[1]
    nu = re.search(r"^log_nu +(\S+)", PAGES["stackloss"], re.MULTILINE)[1]
    assert np.exp(float(phi)) == pytest.approx(440.27839, rel=1e-6)
    assert round(np.exp(float(nu)), 1) == 1.1


def test_poisson_regression_on_groups_has_closed_form():
    at = [float(row.split()[1]) for row in PAGES["dobson"].splitlines() if " … " in row]
    np.testing.assert_allclose(at, np.log([21, 40 / 63, 47 / 63]), rtol=1e-8)


def test_greeks_are_those_of_black_scholes_and_merton():
    page = (ROOT / "examples/black_scholes/README.md").read_text(encoding="utf-8")
    block = re.search(r"```text\n.*?\n(.*?)```", page, re.DOTALL)[1]
    density, probability = norm.pdf, norm.cdf
    for row in block.splitlines():
        spot, price, *greeks = map(float, row.split())
        strike, r, v, t = 40.0, 0.1, 0.2, 0.5
        d = (np.log(spot / strike) + (r + v**2 / 2) * t) / (v * np.sqrt(t))
        e, paid = d - v * np.sqrt(t), strike * np.exp(-r * t)
        theta = -spot * density(d) * v / (2 * np.sqrt(t)) - r * paid * probability(e)
        expected = [
            probability(d),
            density(d) / (spot * v * np.sqrt(t)),
            spot * density(d) * np.sqrt(t),
            theta,
            t * paid * probability(e),
        ]
        np.testing.assert_allclose(greeks, expected, atol=6e-5)
        assert price == pytest.approx(spot * expected[0] - paid * probability(e), abs=6e-5)
    assert "4.7594" in block  # 4.76 in Hull's book


def assert_shown(printed, shown):
    """The last digits may differ between processors; the words and all other digits may not."""
    assert NUMBER.sub("#", printed) == NUMBER.sub("#", shown)
    np.testing.assert_allclose(
        [float(n) for n in NUMBER.findall(printed)],
        [float(n) for n in NUMBER.findall(shown)],
        rtol=1e-4,
    )


def test_logistic_neuron_distinguishes_malignant_from_benign():
    circuit, data, options, _ = read_page("breast_cancer")
    c = sb.circuit(circuit.read_text(encoding="utf-8"))
    columns = read_table(data, [leaf.name for leaf in (*c.inputs, *c.targets)])
    module = c.compile()
    found = [
        train(module, columns, Settings(**options, seed=seed)).validation_accuracy
        for seed in range(5)
    ]
    assert np.mean(found) >= 0.96
    assert min(found) >= 0.94  # 134 of 142; the page says what 60 seeds give


def test_loss_of_the_logistic_neuron_is_the_negative_log_likelihood():
    circuit, data, _, _ = read_page("breast_cancer")
    c = sb.circuit(circuit.read_text(encoding="utf-8"))
    columns = read_table(data, [leaf.name for leaf in (*c.inputs, *c.targets)])
    module = c.compile()
    scaled = {k: (v - v.mean()) / v.std() if k != "malignant" else v for k, v in columns.items()}
    inputs = module.Inputs(**scaled)
    params = module.init_params(np.random.default_rng(3))
    probability, _ = module.forward(params, inputs)
    malignant = columns["malignant"]
    by_hand = -np.mean(np.where(malignant == 1, np.log(probability), np.log(1 - probability)))
    assert module.value_and_grad(params, inputs)[0] == pytest.approx(by_hand, rel=1e-13, abs=0)


def test_breast_cancer_table_is_the_published_one():
    path = ROOT / "examples/breast_cancer/breast_cancer.csv"
    columns = read_table(path)
    assert len(columns) == 31
    assert all(name.isidentifier() for name in columns)
    assert columns["malignant"].sum() == 212
    assert len(columns["malignant"]) == 569
    # the ranges that the source states for the means and for the worst values
    assert (columns["radius_mean"].min(), columns["radius_mean"].max()) == (6.981, 28.11)
    assert (columns["area_worst"].min(), columns["area_worst"].max()) == (185.2, 4254.0)
    sick = columns["malignant"] == 1
    assert columns["radius_mean"][sick].mean() > columns["radius_mean"][~sick].mean()


def test_diabetes_table_is_the_published_one():
    path = ROOT / "examples/diabetes/diabetes.csv"
    columns = read_table(path)
    assert len(columns["age"]) == 442
    assert (columns["progression"].min(), columns["progression"].max()) == (25, 346)
    with path.open(encoding="utf-8", newline="") as stream:
        first = next(csv.DictReader(stream))
    assert (first["age"], first["bmi"], first["progression"]) == ("59", "32.1", "151")
