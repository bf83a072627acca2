"""Fits of likelihoods from poor starts: closed forms or roots of the equations by SciPy.

From many of these starts a whole step of Newton's method leaves the domain of the loss.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq, fsolve
from scipy.special import digamma

import symback as sb

RNG = np.random.default_rng(3)
X = RNG.uniform(0, 3, 100)
Y = 1.5 + 0.7 * X + 0.3 * RNG.normal(size=100)
GAMMA = RNG.gamma(2.5, 1 / 1.7, 100)
WEIBULL = 2 * RNG.weibull(1.6, 100)
BETA = RNG.beta(2.0, 5.0, 100)
LIFE = RNG.exponential(2.0, 100)
SEEN = np.minimum(LIFE, 1.5)
ENDED = (LIFE < 1.5).astype(float)
GUMBEL = RNG.gumbel(1, 2, 100)


def _normal():
    slope, at_0 = np.polyfit(X, Y, 1)
    return {"a": at_0, "b": slope, "s": np.std(Y - at_0 - slope * X)}


def _gamma():
    gap = np.log(GAMMA.mean()) - np.log(GAMMA).mean()
    a = brentq(lambda a: np.log(a) - digamma(a) - gap, 0.1, 100, xtol=1e-14)
    return {"a": a, "b": a / GAMMA.mean()}


def _weibull():
    logs = np.log(WEIBULL)
    k = brentq(lambda k: logs @ WEIBULL**k / np.sum(WEIBULL**k) - 1 / k - logs.mean(), 0.1, 10)
    return {"k": k, "q": np.mean(WEIBULL**k) ** (1 / k)}


def _beta():
    means = np.log(BETA).mean(), np.log(1 - BETA).mean()
    a, b = fsolve(lambda p: digamma(p) - digamma(p.sum()) - means, [2.0, 5.0], xtol=1e-13)
    return {"a": a, "b": b}


def _gumbel():
    def gap(s):
        share = np.exp(-GUMBEL / s)
        return GUMBEL.mean() - GUMBEL @ share / share.sum() - s

    s = brentq(gap, 0.5, 10, xtol=1e-14)
    return {"m": -s * np.log(np.exp(-GUMBEL / s).mean()), "s": s}


LIKELIHOODS = {
    "normal": (
        "u = a + b*x; l: loss = (u - y1)**2/(2*s**2) + log(s)",
        {"x": X, "y1": Y},
        _normal(),
        [(1, 1, 0.1), (0, 0, 1), (0, 0, 0.001), (0, 0, 50)],
    ),
    "gamma": (
        "l: loss = lgamma(a) - a*log(b) - (a - 1)*log(g) + b*g",
        {"g": GAMMA},
        _gamma(),
        [(1, 1), (20, 0.1), (0.01, 30), (100, 100)],
    ),
    "Weibull": (
        "l: loss = (w/q)**k - log(k/q) - (k - 1)*log(w/q)",
        {"w": WEIBULL},
        _weibull(),
        [(1, 1), (0.1, 10), (3, 50)],
    ),
    "beta, into the negative numbers by long steps": (
        "l: loss = lgamma(a) + lgamma(b) - lgamma(a + b) - (a - 1)*log(p) - (b - 1)*log(1 - p)",
        {"p": BETA},
        _beta(),
        [(1, 1), (0.1, 30), (50, 50)],
    ),
    "censored exponential": (
        "l: loss = h*t - d*log(h)",
        {"t": SEEN, "d": ENDED},
        {"h": ENDED.sum() / SEEN.sum()},
        [(0.001,), (100,)],
    ),
    "lognormal": (
        "l: loss = (log(w) - m)**2/(2*s**2) + log(s)",
        {"w": WEIBULL},
        {"m": np.log(WEIBULL).mean(), "s": np.log(WEIBULL).std()},
        [(3, 0.1), (0, 10), (-5, 0.05)],
    ),
    "Gumbel": (
        "z = (w - m)/s; l: loss = z + exp(-z) + log(s)",
        {"w": GUMBEL},
        _gumbel(),
        [(0, 1), (10, 0.5), (-20, 10), (0, 0.2)],
    ),
    "inverse Gauss": (
        "l: loss = q*(w - m)**2/(2*m**2*w) - log(q)/2",
        {"w": WEIBULL},
        {"m": WEIBULL.mean(), "q": 1 / np.mean(1 / WEIBULL - 1 / WEIBULL.mean())},
        [(5, 0.1), (0.1, 10)],
    ),
}
POSITIVE = {"s", "k", "q", "h"}


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_likelihoods_from_poor_starts(name):
    text, data, expected, starts = LIKELIHOODS[name]
    circuit = sb.circuit(text.replace("; ", "\n"), params=[*expected], inputs=[*data])
    bounds = {name: (1e-6, None) for name in POSITIVE & expected.keys()}
    for start in starts:
        initial = dict(zip(expected, start, strict=True))
        for limits in (None, bounds or None):
            found = sb.fit(circuit, data, initial=initial, bounds=limits)
            assert found.minimum.converged, (start, limits)
            assert found.values == pytest.approx(expected, rel=1e-7), (start, limits)


def test_a_likelihood_without_bound_says_that_it_falls_on():
    """The density of one of two components around one value has no largest value."""
    text = "l: loss = -log(p*exp(-(w/s)**2/2)/s + (1 - p)*exp(-(w - m)**2/2))"
    circuit = sb.circuit(text, params=["p", "s", "m"], inputs=["w"])
    start = {"p": 0.5, "s": 0.1, "m": 1.0}
    found = sb.fit(circuit, {"w": [0.0, 1.0, 2.0, 4.0]}, initial=start, evaluations=200)
    assert not found.minimum.converged and "has not converged" in str(found)
