"""Quotients of sums of powers of e that overflow, means of powers, entries of arrays."""

import pytest

import symback as sb
from tests.cases.reported import circuit_of, numbers
from tests.cases.roads import assert_gives, by_derivation, by_module

# Values from mpmath with 700 digits.
ROWS = [
    (
        "f = (a + b*exp(x))/(c + d*exp(x))",
        "a = 1, b = 2, c = 3, d = 4, x = 900",
        "f = 0.5, ∂b = 0.25, ∂d = -0.125",
    ),
    (
        "e = exp(x); f = (a + b*e)**2/(c + d*e)**2",
        "a = 1, b = 2, c = 3, d = 4, x = 900",
        "f = 0.25, ∂b = 0.25",
    ),
    (
        "f = (a*exp(x) + b*exp(y))/(exp(x) + exp(y))",
        "a = 1, b = 2, x = 900, y = 899",
        "f = 1.2689414213699951, ∂a = 0.7310585786300049, ∂x = -0.19661193324148185",
    ),
    (
        "f = (a*exp(-x) + b*exp(x))/(exp(-x) + exp(x))",
        "a = 1, b = 2, x = 900",
        "f = 2, ∂b = 1",
    ),
    (
        "a = K*exp(x); b = M*exp(y); f = a/(1 + a + b)",
        "K = 2, M = 3, x = 900, y = 890",
        "f = 0.9999319047426361, ∂K = 3.4045310199899804e-05",
    ),
    (
        "f = w*(exp(x) - exp(y))/(a*exp(x) + b*exp(y))",
        "x = 1.000000001, y = 1, a = 2, b = 3, w = 2",
        "f = 4.0000003313614841e-10",
    ),
    (
        "n = ci - co*exp(-V/k); f = P*V*n/(1 - exp(-V/k))",
        "P = 2, V = -30000, ci = 3, co = 1, k = 25",
        "f = -60000, ∂V = 2, ∂co = -60000",
    ),
    (
        "f = P*V*(ci - co*exp(-V/k))/(1 - exp(-V/k))",
        "P = 2, V = 0, ci = 3, co = 1, k = 25",
        "f = 100, ∂V = 4, ∂k = 4",
    ),
    (
        "f = (exp(p*x) - 1)/(exp(p*L) - 1)",
        "p = 0, x = 0.5, L = 1",
        "f = 0.5, ∂p = -0.125, ∂x = 1, ∂L = -0.5",
    ),
    (
        "f = (exp(a*x) - 1)/(exp(b*x) - 1)",
        "a = 800, x = 1, b = 900",
        "f = 3.720075976020836e-44, ∂x = -3.720075976020836e-42",
    ),
    (
        "f = 2*(exp(g*T) - 1)/((g + a)*(exp(g*T) - 1) + 2*g)",
        "a = 0.125, g = 0.25, T = 9000",
        "f = 5.333333333333333, ∂g = -14.222222222222221",
    ),
    (
        "f = sinh(m*(L - x))/sinh(m*L)",
        "x = 0.5, m = 900, L = 1",
        "f = 3.6938830684872563e-196, ∂m = -1.8469415342436281e-196",
    ),
    (
        "f = sinh(p)/cosh(q)",
        "p = 900, q = 901",
        "f = 0.36787944117144233, ∂p = 0.36787944117144233",
    ),
    (
        "x: input[2]; v: param[2]; e = exp(x); f: output = (v[0]*e[0] + v[1]*e[1])/(e[0] + e[1])",
        "x = [900, 899], v = [1, 2]",
        "f = 1.2689414213699951, ∂v = [0.7310585786300049, 0.2689414213699951]",
    ),
    (
        "f = ((x + 1)**k - 1)/k",
        "x = 3, k = 0",
        "f = 1.3862943611198906, ∂x = 0.25, ∂k = 0.9609060278364028",
    ),
    (
        "f = ((x + 1)**k - 1)/k",
        "x = 1e-9, k = 0.5",
        "f = 9.999999997500001e-10, ∂k = 4.9999999966666673e-19",
    ),
    (
        "l = 2 - k; f = -((1 - x)**l - 1)/l",
        "x = -3, k = 2",
        "f = -1.3862943611198906, ∂x = 0.25, ∂k = 0.9609060278364028",
    ),
    (
        "f = (x**(k*t) - 1)/k",
        "x = 3, k = 0, t = 2",
        "f = 2.1972245773362196, ∂t = 1.0986122886681098",
    ),
    ("f = (x**(k*t) - 1)/k", "x = 0, k = 1, t = 2", "f = -1, ∂x = 0, ∂k = 1"),
]
MEANS = [
    (
        "f = (a*x**r + (1 - a)*y**r)**(1/r)",
        "a = 0.25, x = 2, y = 3, r = 0",
        "f = 2.7108060108295344, ∂a = -1.099137252241259, ∂r = 0.041780794200535578",
    ),
    (
        "f = (a*x**((s - 1)/s) + (1 - a)*y**((s - 1)/s))**(s/(s - 1))",
        "a = 0.25, x = 2, y = 3, s = 1.000000001",
        "f = 2.7108060108713153, ∂s = 0.041780794111971052",
    ),
    (
        "x: input[3]; p: param; f: output = mean(x**p)**(1/p)",
        "x = [1, 2, 4], p = 0",
        "f = 2, ∂x = [0.6666666666666666, 0.3333333333333333, 0.16666666666666666]",
    ),
    ("f = log(x)/(1 - x**2)", "x = 1", "f = -0.5, ∂x = 0.5"),
    ("f = (x**2 - 1)/log(x)", "x = 1", "f = 2, ∂x = 2"),
    ("f = x*log(x)/(x - 1)", "x = 1", "f = 1, ∂x = 0.5"),
    (
        "f = (x**k - y**k)/k",
        "x = 3, k = 0, y = 2",
        "f = 0.40546510810816438, ∂k = 0.36324797344719028, ∂y = -0.5",
    ),
    ("f = (x**k - x**(-k))/(2*k)", "x = 3, k = 0", "f = 1.0986122886681097, ∂k = 0"),
    (
        "X: input[2, 2]; f: output = sqrt(trace(X.T @ X))",
        "X = [[3e200, 0], [0, 4e200]]",
        "f = 5e200, ∂X = [[0.6, 0], [0, 0.8]]",
    ),
]
# A rule on names holds of entries of arrays as well: x[0] and e[0] of e = exp(x).
ENTRIES = [
    (
        "x: input[2]; f: output = (sqrt(x[0]) - sqrt(x[1]))/(x[0] - x[1])",
        "x = [4, 4]",
        "f = 0.25, ∂x = [-0.015625, -0.015625]",
    ),
    ("x: input[2]; f: output = (x[0]**3 - 1)/(x[0] - 1)*x[1]", "x = [1, 2]", "f = 6, ∂x = [6, 3]"),
    (
        "x: input[2]; f: output = sqrt(x[0])*tanh(x[1]*sqrt(x[0]))",
        "x = [0, 4]",
        "f = 0, ∂x = [4, 0]",
    ),
    (
        "x: input[2]; f: output = sin(3*acos(x[0]))/sqrt(1 - x[0]**2)*x[1]",
        "x = [1, 2]",
        "f = 6, ∂x = [16, 3]",
    ),
    ("x: input[2]; f: output = 1/(1/x[0] + 1/x[1])", "x = [0, 4]", "f = 0, ∂x = [1, 0]"),
    ("x: input[2]; r = 1/x; f: output = r[0]/(1 + r[0])*x[1]", "x = [0, 4]", "f = 4, ∂x = [-4, 1]"),
    (
        "X: input[2, 2]; f: output = (X[0, 1]**2 + X[1, 0])/(X[0, 1] + X[1, 0])",
        "X = [[0, 1], [3, 0]]",
        "f = 1, ∂X = [[0, 0.25], [0, 0]]",
    ),
]


@pytest.mark.parametrize("text, at, gives", [*ROWS, *MEANS, *ENTRIES])
def test_quotients_whose_parts_overflow_or_vanish(text, at, gives):
    point = numbers(at)
    circuit, right = circuit_of(text, point), numbers(gives)
    assert_gives(by_module(circuit, point, "numpy", float), right, 1e-13, "numpy")
    assert_gives(by_derivation(circuit, point), right, 1e-13, "derivation")


# -40/10 + 4 is exactly 0 where the division comes last.
RATES = [
    ("f = (V + 40)/10/(1 - exp(-(V + 40)/10))", {"V": -40}, 1.0, 0.05),
    ("f = 0.01*(10 - V)/(exp((10 - V)/10) - 1)", {"V": 10}, 0.1, 0.005),
    ("f = abs(x/3 - 2/3)", {"x": 2}, 0.0, 0.0),
    ("f = y**q*p - y", {"y": 0, "q": 0.5, "p": -2.5}, 0.0, float("-inf")),
    ("f = y**q*p - y*log(3)", {"y": 0, "q": 0.5, "p": 2.5}, 0.0, float("inf")),
]


@pytest.mark.parametrize("text, at, value, slope", RATES)
def test_numbers_of_derivations_at_zeros_of_decimals(text, at, value, slope):
    values, partials = sb.circuit(text, inputs=list(at), loss=None).derive().at(**at).evaluated()
    assert (values["f"], partials[next(iter(at))]) == (value, slope)
