"""Balls of functions whose operands have been rounded: tight around the truth, and soon there."""

import mpmath as mp
import pytest
from flint import arb

from symback.operations.balls.integrals import bessely, gammaincc
from symback.operations.balls.scalars import precision

WIDTH = 2.0**-52  # of each operand, relative
INSIDE = (-0.9, 0.0, 0.9)  # of its radius


@pytest.mark.parametrize("u", [0.5, 30.0, 2000.0])
@pytest.mark.parametrize("a", [0.3, 2.5, 40.0])
@pytest.mark.parametrize("rounded", ["u", "a", "both"])
def test_the_upper_incomplete_gamma_function_of_what_was_rounded(a, u, rounded):
    of_a, of_u = (WIDTH if rounded in (name, "both") else 0.0 for name in "au")
    with precision(1300):
        ball = gammaincc(arb(a, a * of_a), arb(u, u * of_u))
        with mp.workdps(160):
            for s in INSIDE:
                for t in INSIDE:
                    at = mp.mpf(a) * (1 + s * of_a), mp.mpf(u) * (1 + t * of_u)
                    value = mp.gammainc(at[0], at[1], mp.inf, regularized=True)
                    assert ball.contains(arb(mp.nstr(value, 150)))
        assert ball.rel_accuracy_bits() > 33  # u·WIDTH, and log(u)·a·WIDTH


@pytest.mark.parametrize("bits", [128, 1024])
@pytest.mark.parametrize("u", [0.01, 3.0, 40.0, 500.0])
@pytest.mark.parametrize("n", [0, 2, 2.5])
def test_the_bessel_function_of_the_second_kind_of_what_was_rounded(n, u, bits):
    with precision(bits):
        ball = bessely(arb(n), arb(u, u * WIDTH))
        with mp.workdps(40):
            for s in INSIDE:
                value = mp.bessely(n, mp.mpf(u) * (1 + s * WIDTH))
                assert ball.contains(arb(mp.nstr(value, 35)))
            slope = abs(mp.bessely(n, u, 1)) + abs(mp.bessely(n, u))
            assert ball.rad() < 2 * u * WIDTH * arb(mp.nstr(slope, 20)) + arb(2) ** -bits
