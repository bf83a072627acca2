"""Formulas with cosh and sinh where these overflow, and inverses of their own functions."""

from dataclasses import replace

import mpmath as mp
import numpy as np
import pytest

import symback as sb
from symback.stable import stable
from tests.cases.one_in import one_in

# A formula in u and c, and its meaning.
FORMULAS = [
    ("sinh(u)/(cosh(u) + c)", lambda u, c: mp.sinh(u) / (mp.cosh(u) + c)),
    ("(c*cosh(u) + 3*sinh(u))/cosh(u)", lambda u, c: c + 3 * mp.tanh(u)),
    ("1/(c + cosh(u))**2", lambda u, c: 1 / (c + mp.cosh(u)) ** 2),
    ("1/(cosh(u) + sinh(u)/c)", lambda u, c: 1 / (mp.cosh(u) + mp.sinh(u) / c)),
    ("sinh(u)**2/(c + sinh(u)**2)", lambda u, c: mp.sinh(u) ** 2 / (c + mp.sinh(u) ** 2)),
    ("h = cosh(u); s = c + h; f = sinh(u)/s", lambda u, c: mp.sinh(u) / (c + mp.cosh(u))),
    ("(cosh(u) - 1)/sinh(u)*c", lambda u, c: c * mp.tanh(u / 2)),
    ("exp(-c*abs(u))*cosh(u)", lambda u, c: mp.exp(-c * abs(u)) * mp.cosh(u)),
    ("cosh(u)/cosh(c*u)", lambda u, c: mp.cosh(u) / mp.cosh(c * u)),
    ("sinh(u)/sinh(c*u)", lambda u, c: mp.sinh(u) / mp.sinh(c * u)),
    ("cosh(u)/(cosh(u) + cosh(c))", lambda u, c: mp.cosh(u) / (mp.cosh(u) + mp.cosh(c))),
    (
        "sinh(u)/(3*cosh(c) + c*cosh(u))",
        lambda u, c: mp.sinh(u) / (3 * mp.cosh(c) + c * mp.cosh(u)),
    ),
    ("1/(cosh(u) + cosh(c))", lambda u, c: 1 / (mp.cosh(u) + mp.cosh(c))),
    ("c*log(1 + sinh(u)**2)", lambda u, c: 2 * c * mp.log(mp.cosh(u))),
    ("c*cosh(u)**2 - c*sinh(u)**2 + u", lambda u, c: c + u),
    ("(cosh(u)**2 - 1)*exp(-c*abs(u))", lambda u, c: mp.sinh(u) ** 2 * mp.exp(-c * abs(u))),
    ("c*sinh(u)/sqrt(1 + sinh(u)**2)", lambda u, c: c * mp.tanh(u)),
    ("log(cosh(u) + c)", lambda u, c: mp.log(mp.cosh(u) + c)),
    ("c*atan(sinh(u))", lambda u, c: c * mp.atan(mp.sinh(u))),
    ("c*asin(tanh(u))", lambda u, c: c * mp.asin(mp.tanh(u))),
    ("c*atanh(tanh(u))", lambda u, c: c * u),
    ("c*asinh(sinh(u))", lambda u, c: c * u),
    ("t = cosh(u); f = c*acosh(t)", lambda u, c: c * abs(u)),
    ("log((1 + c*exp(abs(u)))/(1 + c))", lambda u, c: mp.log((1 + c * mp.exp(abs(u))) / (1 + c))),
]


@pytest.mark.parametrize("text, meaning", one_in(2, FORMULAS))
def test_far_out_and_near(text, meaning):
    circuit = sb.circuit(text if "f = " in text else f"f = {text}", loss=None)
    module = circuit.compile()
    with mp.workdps(1200):
        for u, c in ((900.0, 2.0), (-900.0, 2.0), (1.5, 2.25), (-0.75, 2.0), (1e-9, 1.5)):
            value, cache = module.forward(*module_arguments(module, u, c))
            bars = module.backward(*module_arguments(module, u, c), cache)
            found = {n: bar for part in bars for n, bar in part._asdict().items()}
            wanted = meaning(mp.mpf(u), mp.mpf(c))
            size = max(1, abs(u))  # what rounding c·u alone changes, in units in the last place
            assert_close(value, wanted, 4 * size, f"{text} at {u}")
            by_u = mp.diff(lambda x, c=c: meaning(x, mp.mpf(c)), mp.mpf(u))
            by_c = mp.diff(lambda y, u=u: meaning(mp.mpf(u), y), mp.mpf(c))
            assert_close(found["u"], by_u, 8 * size, f"∂u of {text} at {u}")
            assert_close(found["c"], by_c, 8 * size, f"∂c of {text} at {u}")


@pytest.mark.parametrize("text, meaning", one_in(3, FORMULAS))
def test_what_was_made_is_computed_as_it_stands(text, meaning):
    circuit = sb.circuit(text if "f = " in text else f"f = {text}", loss=None)
    made = stable(circuit)
    assert stable(made) is made
    given = replace(made, rewrites=()).compile()  # as if somebody had typed it
    arguments = module_arguments(given, 900.0, 2.0)
    value, cache = given.forward(*arguments)
    with mp.workdps(1200):
        assert_close(value, meaning(mp.mpf(900), mp.mpf(2)), 4 * 900, text)
    bars = given.backward(*arguments, cache)
    assert all(np.isfinite(bar) for part in bars for bar in part)


def module_arguments(module, u, c):
    given = {"u": np.float64(u), "c": np.float64(c)}
    parts = [getattr(module, kind, None) for kind in ("Params", "Inputs")]
    return [part(*(given[n] for n in part._fields)) if part else None for part in parts]


def assert_close(found, wanted, ulps, text):
    if abs(wanted) < mp.mpf(10) ** -300:
        assert abs(found) < 1e-300, text
    else:
        assert abs(mp.mpf(float(found)) - wanted) <= ulps * 2.0**-52 * abs(wanted), text
