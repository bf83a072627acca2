"""Formulas that lose digits as typed, and points where they do: at the edge, near it, far off.

A row has the circuit as text and its points by name. Where the typed form is 0/0 or ∞/∞ there, it
has the same function in mpmath as it is continued; elsewhere the truth is the typed formula itself.
"""

from dataclasses import dataclass

import mpmath as mp

from tests.cases.special_kernels import (
    MEANING,
    divided,
    erf_slope,
    exprel,
    langevin,
    over,
    pow1prel,
    quadroot,
)


@dataclass(frozen=True, eq=False)
class Form:
    """A circuit, its points, and what it means where the typed form means nothing."""

    circuit: str
    points: dict[str, tuple[float, ...]]
    meaning: object = None
    but: tuple[str, ...] = ()
    """Partials that no rewriting mends, named in docs/stable.md."""


def at(**points: tuple[float, ...]) -> dict[str, tuple[float, ...]]:
    assert len({len(values) for values in points.values()}) == 1
    return points


AROUND_ZERO = (0.0, 1e-60, -1e-20, 1e-9, -1e-5, 0.01, -0.7, 3.0, -20.0)
FAR = (-800.0, 800.0, -100.0, 40.0)
PLACES = (*AROUND_ZERO, *FAR)
NOT_ZERO = PLACES[1:]
NEAR_ONE = (1.0, 1 - 1e-15, 1 - 1e-9, 1 - 1e-4, 0.9, 0.3, -0.5)


def quotient_of(h, slope):
    """(h(x) - h(y))/(x - y), and its limit."""
    return lambda x, y: (h(x) - h(y)) / (x - y) if x != y else slope(x)


CLOSE = at(
    x=(0.3, 0.3, -2.0, 0.0, 1e-20, 0.5, 30.0), y=(0.3, 0.3 + 1e-9, -1.5, 0.0, -1e-20, -0.7, 29.0)
)
WITHIN_ONE = {
    name: values[:-1]
    for name, values in at(
        x=(0.3, 0.3, -0.9, 0.0, 1e-20, 0.5, 0.0), y=(0.3, 0.3 + 1e-9, -0.8, 0.0, -1e-20, -0.7, 0.0)
    ).items()
}
POSITIVE = at(
    x=(0.3, 0.3, 2.0, 1e-20, 1e-20, 1e5), y=(0.3, 0.3 + 1e-9, 2.5, 3e-20, 1e20, 1e5 + 1e-5)
)
LARGE_OR_SMALL = at(x=(1e10, 1e3, 2.5, 0.3, 1.46))
STUDENT = at(v=(1e12, 4.0, 1.0, 1e6, 30.0), x=(2.0, 3.0, 1e5, 0.5, 1e-9))
OF_ERF = at(
    x=(0.3, 0.3, -2.0, 0.0, 0.5, 5.0, 30.0), y=(0.3, 0.3 + 1e-9, -1.5, 0.0, -0.7, 5.5, 29.0)
)
OF_LOG = at(x=(1e-10, 1e-3, 0.5, 1.0000001, 2.0, 1e10), a=(0.3, 0.3, 0.7, 1e-7, 0.3, 1.0))
NEARLY_EQUAL = at(p=(0.3, 0.3, 0.3, 1e-9), q=(0.3 + 1e-9, 0.3, 0.4, 0.5))
SIGMA = [lambda u: 1 / (1 + mp.exp(-u)), lambda u: mp.exp(-u) / (1 + mp.exp(-u)) ** 2]
DIVIDED = {
    "sin": (CLOSE, mp.sin, mp.cos),
    "cos": (CLOSE, mp.cos, lambda u: -mp.sin(u)),
    "tan": (WITHIN_ONE, mp.tan, lambda u: mp.sec(u) ** 2),
    "expm1": (CLOSE, mp.expm1, mp.exp),
    "sinh": (CLOSE, mp.sinh, mp.cosh),
    "cosh": (CLOSE, mp.cosh, mp.sinh),
    "tanh": (CLOSE, mp.tanh, lambda u: mp.sech(u) ** 2),
    "sigma": (CLOSE, *SIGMA),
    "softplus": (
        at(
            x=(0.3, 0.3, 30.0, -30.0, 1.0, 40.0, -1.0, 5.0, 1.0),
            y=(0.3, 0.3 + 1e-9, 29.0, -31.0, 30.0, 30.0, -30.0, -30.0, 5.5),
        ),
        lambda u: mp.log1p(mp.exp(u)),
        SIGMA[0],
    ),
    "atan": (CLOSE, mp.atan, lambda u: 1 / (1 + u * u)),
    "asin": (WITHIN_ONE, mp.asin, lambda u: 1 / mp.sqrt(1 - u * u)),
    "acos": (WITHIN_ONE, mp.acos, lambda u: -1 / mp.sqrt(1 - u * u)),
    "asinh": (CLOSE, mp.asinh, lambda u: 1 / mp.sqrt(1 + u * u)),
    "atanh": (WITHIN_ONE, mp.atanh, lambda u: 1 / (1 - u * u)),
    "log": (POSITIVE, mp.log, lambda u: 1 / u),
    "log10": (POSITIVE, mp.log10, lambda u: 1 / (u * mp.log(10))),
    "sqrt": (POSITIVE, mp.sqrt, lambda u: 1 / (2 * mp.sqrt(u))),
    "cbrt": (POSITIVE, mp.cbrt, lambda u: mp.cbrt(u) / (3 * u)),
}
"""h → places where the divided difference is tried, h and h′."""


FORMS = [
    # the deviance of counts whose mean is an exponential
    Form(
        "d = y*log(y/exp(u))\nf = 2*(d - (y - exp(u)))",
        at(y=(1.0, 3.0, 2.0), u=(1e-9, 1.0986, -30.0)),
    ),
    Form(
        "m = exp(a + b*x)\nf = 2*(y*log(y/m) - y + m)",
        at(y=(1.0, 3.0), a=(1e-9, 1.1), b=(0.5, 0.3), x=(0.0, 0.1)),
    ),
    # extreme values, exponentially modified normal distributions, and functions of p/v beside v
    Form("f = (1 + k*z)**(-1/k)", at(z=(0.5, 2.0, 1.0), k=(1e-12, 0.2, -0.2))),
    Form("f = -log(s) - (1 + 1/k)*log(1 + k*z)", at(z=(0.5, 1.0), k=(1e-12, -0.2), s=(1.0, 2.0))),
    Form("f = log(1 + a*x)/x", at(a=(0.5, 2.0, 30.0), x=(1e-12, 3.0, -0.01))),
    Form("f = n*asinh(v/n)", at(n=(1.0, 1e8), v=(2.0, 1.0))),
    Form("f = 2*r*asin(c/(2*r))", at(r=(1.0, 1e8), c=(1.0, 1.0))),
    Form("f = a*tanh(x/a)", at(a=(1.0, 1e8), x=(2.0, 1.0))),
    Form("f = exp(l*x)*erfc((l*s + x/s)/sqrt(2))", at(l=(1.0, 100.0), x=(0.5, 3.0), s=(1.0, 0.3))),
    Form(
        "z = m + l*s**2 - x\nf = l/2*exp(l/2*(2*m + l*s**2 - 2*x))*erfc(z/(sqrt(2)*s))",
        at(l=(1.0, 30.0), x=(0.5, 3.0), s=(1.0, 2.0), m=(0.0, 0.0)),
        but=("l",),
    ),
    # divided differences
    *(
        Form(f"f = ({h}(x) - {h}(y))/(x - y)", places, quotient_of(*meaning))
        for h, (places, *meaning) in DIVIDED.items()
    ),
    *(
        Form(
            f"f = (x**({n}) - y**({n}))/(x - y)",
            POSITIVE,
            quotient_of(lambda u, n=n: u ** mp.mpf(n), lambda u, n=n: n * u ** mp.mpf(n - 1)),
        )
        for n in (2, 3, -1, 1.5, -0.5)
    ),
    Form(
        "u = w*x + a\nv = w*y + a\nf = (sigma(u) - sigma(v))/(x - y)",
        at(x=(0.3, 0.3, 0.5), y=(0.3, 0.3 + 1e-9, -0.7), w=(2.0, 3.0, 0.5), a=(1.0, -1.0, 0.0)),
        lambda x, y, w, a: w * quotient_of(*SIGMA)(w * x + a, w * y + a),
    ),
    Form(
        "f = (x - y)/(atan(x) - atan(y))",
        CLOSE,
        lambda x, y: 1 / quotient_of(*DIVIDED["atan"][1:])(x, y),
    ),
    Form(
        "f = (sin(x + h) - sin(x - h))/(2*h)",
        at(x=(0.3, 0.5, 2.0), h=(0.0, 1e-9, 1.0)),
        lambda x, h: quotient_of(mp.sin, mp.cos)(x + h, x - h),
    ),
    Form(
        "f = (x**p - y**p)/(x - y)",
        at(x=(0.3, 0.3, 2.0), y=(0.3, 0.3 + 1e-9, 2.5), p=(2.5, 0.3, -1.2)),
        lambda x, y, p: (x**p - y**p) / (x - y) if x != y else p * x ** (p - 1),
    ),
    # exprel and its relatives
    Form("f = (exp(x) - 1)/x", at(x=(*PLACES[:-4], 700.0, -800.0)), lambda x: exprel(x)),
    Form(
        "f = y*(1 - exp(-x))/(2*x)",
        at(x=PLACES[:-4], y=(3.0,) * 9),
        lambda x, y: y * exprel(-x) / 2,
    ),
    Form("e = exp(x) - 1\nf = e/x", at(x=PLACES[:-4]), lambda x: exprel(x)),
    Form(
        "f = expm1(k*x)/k",
        at(x=(2.0, 3.0, 2.0), k=(0.0, 1e-12, -1e-5)),
        lambda x, k: x * exprel(k * x),
    ),
    Form("f = x/(exp(x) - 1)", at(x=PLACES), lambda x: 1 / exprel(x)),
    Form("f = x/(1 - exp(-x))", at(x=PLACES), lambda x: 1 / exprel(-x)),
    Form(
        "f = a*(v - c)/(1 - exp(-(v - c)/k))",
        at(
            v=(-40.0, -40.0, 10.0, -90.0),
            c=(-40.0, -40 + 2.0**-30, -40.0, -40.0),
            k=(10.0,) * 4,
            a=(0.1,) * 4,
        ),
        lambda v, c, k, a: a * k / exprel(-(v - c) / k),
    ),
    Form("f = 1/(exp(x) - 1)", at(x=NOT_ZERO)),
    Form("f = c/(1 - exp(-x))", at(x=NOT_ZERO, c=(0.7,) * 12)),
    Form("f = exp(x)/(exp(x) - 1)**2", at(x=NOT_ZERO[1:])),
    Form("f = x**2*exp(x)/(exp(x) - 1)**2", at(x=PLACES), lambda x: 1 / exprel(x) / exprel(-x)),
    Form("f = x**3/(exp(x) - 1)", at(x=PLACES), lambda x: x**2 / exprel(x)),
    Form("f = 1/(exp(x) - 2)", at(x=(800.0, -800.0, 0.5, 3.0))),
    Form(
        "f = (1 - exp(-k*t))/k",
        at(k=(0.0, 1e-12, 0.5, 2.0), t=(3.0, 3.0, 4.0, 60.0)),
        lambda k, t: t * exprel(-k * t),
    ),
    Form("f = x*(exp(1/x) - 1)", at(x=(1e9, -1e5, 2.0, -0.1, 1e20))),
    # logistic curves with factors, exponentials of exponentials
    Form(
        "f = K/(1 + c*exp(-r*u))",
        at(
            K=(3.0,) * 5,
            c=(0.5, 2.0, -0.3, 7.0, 1e-5),
            r=(1.0, 2.0, 1.0, -1.0, 0.5),
            u=(-2000.0, -1000.0, -900.0, 0.3, 4000.0),
        ),
    ),
    Form(
        "e = exp(-r*u)\nd = 1 + c*e\nf = K/d",
        at(K=(3.0,) * 2, c=(0.5, 2.0), r=(1.0, 2.0), u=(-2000.0, -1000.0)),
    ),
    Form(
        "f = K*P*exp(r*t)/(K + P*(exp(r*t) - 1))",
        at(K=(10.0, 10.0, 5.0), P=(0.1, 2.0, 0.5), r=(1.0,) * 3, t=(2000.0, 0.3, -900.0)),
    ),
    Form(
        "f = a*exp(-b*exp(-c*t))",
        at(a=(2.0,) * 4, b=(3.0, 0.5, 1.0, 2.0), c=(1.0,) * 4, t=(-800.0, 0.3, 2000.0, -6.0)),
    ),
    Form(
        "z = (x - m)/b\nf = exp(-(z + exp(-z)))/b",
        at(x=(-800.0, 0.3, 40.0), m=(0.0, 1.0, 0.5), b=(1.0, 2.0, 1.5)),
    ),
    Form("f = 1 - exp(-exp(x))", at(x=(-40.0, -1.0, 0.5, 4.0, 800.0))),
    Form(
        "f = p*exp(a)/(p*exp(a) + q*exp(b))",
        at(p=(0.3, 0.5, 0.0), q=(0.7, 0.5, 1.0), a=(900.0, -900.0, 1.0), b=(890.0, -901.0, 2.0)),
    ),
    Form("f = 1/sqrt(1 + exp(x))", at(x=(-800.0, 0.3, 800.0, 1500.0))),
    # differences of exponentials with close rates
    Form(
        "f = exp(-a*t) - exp(-b*t)",
        at(a=(1.0, 1.0, 2.0), b=(1 + 2.0**-40, 1.5, 2.0), t=(3.0, 900.0, 0.1)),
    ),
    Form(
        "f = k*(exp(-k*t) - exp(-m*t))/(m - k)",
        at(k=(1.0, 1.0, 1.0, 2.0), t=(3.0, 0.5, 0.5, 500.0), m=(1 + 2.0**-40, 1.0, 3.0, 1.0)),
        lambda k, t, m: k * t * divided(-k * t, -m * t),
    ),
    Form(
        "f = ka/(ka - ke)*(exp(-ke*t) - exp(-ka*t))",
        at(ka=(10.0, 2.0, 1.0), ke=(1e-6, 0.5, 1 + 2.0**-30), t=(100.0, 2.0, 3.0)),
    ),
    Form(
        "f = (exp(a) - exp(b))/(a - b)",
        at(a=(1.0, 2.0, -800.0), b=(1.0, 2 + 2.0**-40, 3.0)),
        divided,
    ),
    Form(
        "d = k - m\nf = D*k/(V*d)*(exp(-m*t) - exp(-k*t))",
        at(D=(5.0,) * 2, V=(2.0,) * 2, k=(1.0, 1.0), t=(3.0, 0.5), m=(1 + 2.0**-40, 1.0)),
        lambda D, V, k, t, m: D * k / V * t * divided(-m * t, -k * t),
    ),
    # differences of one function
    Form(
        "f = sigma(a) - sigma(b)",
        at(a=(40.0, 1.0, -800.0, 0.5), b=(39.0, 1 + 2.0**-40, -801.0, -3.0)),
    ),
    Form(
        "p = 1/(1 + exp(-(c - x)))\nq = 1/(1 + exp(-(d - x)))\nf = log(p - q)",
        at(c=(2.0, 1.0, 2.0), d=(1.0, 1 - 2.0**-40, -3.0), x=(40.0, 0.3, -800.0)),
    ),
    Form("f = w*tanh(a) - w*tanh(b)", at(a=(20.0, 0.3), b=(21.0, 0.3 + 1e-9), w=(3.0, 0.5))),
    Form(
        "f = erf(b) - erf(a)",
        at(a=(9.0, -6.0, 0.3, -1.0, 0.6, 0.1), b=(10.0, -5.0, 0.3 + 1e-9, 1.0, 0.6 + 1e-9, 0.7)),
    ),
    Form(
        "f = (1 + erf(a/sqrt(2)))/2 - (1 + erf(b/sqrt(2)))/2",
        at(a=(-9.0, 8.0, 0.3), b=(-10.0, 7.0, 0.2)),
    ),
    Form("f = erfc(a)/2 - erfc(b)/2", at(a=(9.0, -6.0), b=(10.0, -7.0))),
    Form("f = n*(1/a - 1/b)", at(a=(1.0, -3.0, 2.0), b=(1 - 1e-12, 5.0, 1e200), n=(2.0,) * 3)),
    # functions beside their argument
    *(
        Form(f"f = {text}", at(x=points, a=(1.5,) * len(points)))
        for text, points in (
            ("a*log(1 + x) - a*x", (1e-150, -1e-9, 1e-5, 0.3, -0.9, 40.0)),
            ("a*(exp(x) - 1 - x)", (1e-150, -1e-9, 1e-5, 0.3, -3.0, 40.0)),
            ("a*exp(x) - a*x - a", (1e-150, -1e-9, 1e-5, 0.3, -3.0, 40.0)),
            ("1 - a*x - exp(-a*x)", (1e-150, -1e-9, 1e-5, 0.3, -3.0, 40.0)),
            *(
                (f"a*{h}(x) - a*x", (1e-90, -1e-9, 1e-5, 0.3, -0.9))
                for h in ("sin", "sinh", "tan", "tanh", "asin", "asinh", "atan", "atanh")
            ),
        )
    ),
    Form("f = log(1 + x)/x", at(x=(0.0, 1e-150, -1e-9, 0.3, -0.9, 40.0)), over("log1p")),
    Form("f = x/log(1 + x)", at(x=(0.0, 1e-150, -1e-9, 0.3)), lambda x: 1 / over("log1p")(x)),
    *(
        Form(f"f = {h}(x)/x", at(x=(0.0, 1e-150, -1e-9, 0.3, -0.9)), over(h))
        for h in ("tan", "asin", "asinh", "atan", "atanh")
    ),
    Form(
        "f = atan(2*x)/(3*x)",
        at(x=(0.0, -1e-9, 0.4, 40.0)),
        lambda x: 2 * over("atan")(2 * x) / 3,
    ),
    # quotients of differences
    Form(
        "f = ((1 + r)**n - 1)/r",
        at(r=(0.0, 1e-12, -1e-5, 0.3, 3.0), n=(30.0, 12.0, -2.5, 0.5, 4.0)),
        pow1prel,
    ),
    Form(
        "f = p*r/(1 - (1 + r)**(-n))",
        at(r=(0.0, 1e-12, 0.01), n=(30.0, 12.0, 360.0), p=(1e5,) * 3),
        lambda r, n, p: -p / pow1prel(r, -n),
    ),
    Form("f = ((1 + x)**3 - 1)/x", at(x=(0.0, 1e-9, -3.0, 2.0)), lambda x: pow1prel(x, 3)),
    Form(
        "f = ((1 + r/m)**n - 1)/(r/m)",
        at(r=(0.0, 1e-9, 0.05), n=(30.0, 12.0, 360.0), m=(12.0,) * 3),
        lambda r, n, m: pow1prel(r / m, n),
    ),
    Form("f = 1/(exp(x) - 1) - 1/x", at(x=PLACES), lambda x: MEANING["inv_expm1sub"](x)),
    Form(
        "f = c/(1 - exp(-x)) - c/x",
        at(x=PLACES, c=(0.7,) * 13),
        lambda x, c: -c * MEANING["inv_expm1sub"](-x),
    ),
    Form(
        "f = (-b - sqrt(b**2 - 4*a*c))/(2*a)",
        at(a=(1.0, 1e-9, 0.0), b=(-1e8, -5.0, -2.0), c=(1.0, 2.0, 3.0)),
        lambda a, b, c: -quadroot(a, -b, c),
    ),
    Form("f = c*(x + h)**2 - c*x**2", at(x=(1e8, 1.0, -3.0), h=(1e-7, 1e-12, 3.0), c=(2.0,) * 3)),
    # squares out of range
    Form("f = log(x**2 + y**2)", at(x=(1e200, 3e-200, 0.5), y=(1e200, 1e-190, -2.0))),
    Form(
        "f = sqrt((x**2 + y**2 + z**2)/3)", at(x=(1e200, 3e-200), y=(1e200, 1e-199), z=(2.0, 0.0))
    ),
    # products with a log, and logs of quotients
    Form("f = x*log(x)", at(x=(1e-300, 1e-9, 0.3, 1 - 1e-12, 1e100))),
    Form("f = p*log(p) + (1 - p)*log(1 - p)", at(p=(1e-300, 1e-9, 0.3, 0.5, 1 - 1e-12))),
    Form("q = 1 - p\nf = -p*log(p) - q*log(q)", at(p=(1e-300, 1e-9, 0.3, 0.5, 1 - 1e-12))),
    Form("f = x*log(x/y)", at(x=(0.3, 1e-9, 0.25), y=(0.3 + 1e-12, 0.5, 1e-7))),
    Form("f = 3*x*(log(x) - log(y))", at(x=(0.3, 1e-9, 0.25), y=(0.3 + 1e-12, 0.5, 1e-7))),
    Form("f = x*log(x) - x*log(y)", at(x=(1e9, 1e-9), y=(1e9 + 1e-3, 0.5))),
    Form("f = r**2*log(r)", at(r=(1e-100, 1e-9, 0.3, 1 + 1e-12, 40.0))),
    Form("f = a*r**2*log(r/3)", at(r=(1e-100, 1e-9, 0.3, 3 + 1e-12, 40.0), a=(2.0,) * 5)),
    Form("f = sqrt(x)*log(x)", at(x=(1e-100, 1e-9, 0.3, 1 + 1e-12, 40.0))),
    Form("f = x*log(x**2)", at(x=(1e-100, -1e-9, 0.3, -1 - 1e-12, 40.0))),
    Form("f = 2*(y*log(y/m) - (y - m))", at(y=(3.0, 3.0), m=(2.5, 40.0))),
    Form(
        "f = t*log(t/p) + (1 - t)*log((1 - t)/(1 - p))",
        at(t=(0.3, 1e-9, 0.75), p=(0.5, 0.25, 0.1)),
    ),
    Form("f = log(a/b)", at(a=(1.0, 3.0, 0.25), b=(1 - 1e-12, 0.5, 1e-7))),
    Form("f = log(a) - log(b)", at(a=(1e100, 3.0, 1e200), b=(1e100 * (1 - 1e-12), 0.5, 1e-200))),
    Form("f = log(p/(1 - p))", at(p=(0.5, 0.5 + 1e-9, 0.49999, 1e-300, 0.9999, 0.3))),
    Form("q = 1 - p\nf = w*log(q/p)", at(p=(0.5, 0.5 + 1e-9, 1e-300, 0.9999), w=(3.0,) * 4)),
    Form("f = log(p) - log(1 - p)", at(p=(0.5, 0.5 + 1e-9, 0.49999, 1e-300, 0.9999, 0.3))),
    # Box-Cox and powers beside 1
    Form(
        "f = (x**k - 1)/k",
        at(x=(2.0, 3.0, 2.0, 0.5, 1 + 2.0**-40, 1e-10), k=(0.0, 1e-12, 2.0, -0.5, 0.3, 5.0)),
        lambda x, k: (x**k - 1) / k if k else mp.log(x),
    ),
    Form("f = where(k == 0, log(x), (x**k - 1)/k)", at(x=(2.0, 3.0), k=(1e-12, 1e-3))),
    Form("f = (1 + x)**3 - 1", at(x=(1e-9, -1e-20, 0.5, -0.5, -1.5, 40.0, -3.0))),
    Form("f = (1 + x)**2 - 1", at(x=(1e-9, -1e-20, 0.5, 1e30))),
    Form("f = P*(1 + r)**n - P", at(P=(100.0,) * 3, r=(1e-9, 0.03, 1e-12), n=(30.0, 10.0, 0.5))),
    Form("f = x**k - 1", at(x=(2.0, 0.3, 5.0), k=(1e-12, -1e-9, 3.0))),
    Form("f = (1 + x)**1.5 - 1", at(x=(1e-9, 0.5, 8.0))),
    Form("f = 1/(1 + x) - 1", at(x=(1e-9, 0.5, -0.5, 8.0))),
    # a guess rate, a lapse
    Form(
        "f = log(1 - (g + (1 - g)/(1 + exp(-z))))",
        at(g=(0.2, 0.25, 0.0, 0.1), z=(60.0, 800.0, 0.3, -50.0)),
    ),
    Form(
        "s = 1/(1 + exp(-a*(t - b)))\np = g + (1 - g)*s\nf = log(1 - p)",
        at(g=(0.2, 0.25), a=(2.0, 1.0), t=(60.0, 800.0), b=(1.0, -2.0)),
    ),
    Form(
        "p = g + (1 - g - l)*sigma(z)\nf = -log(1 - p)",
        at(g=(0.2, 0.25), l=(0.01, 1e-20), z=(60.0, 3.0)),
    ),
    Form(
        "p = g + (1 - g)*(1 + erf(z/sqrt(2)))/2\nf = log(1 - p)", at(g=(0.2, 0.25), z=(9.0, 30.0))
    ),
    Form("f = log(1 - (g + (1 - g)*(1 - exp(-x))))", at(g=(0.2, 0.25), x=(60.0, 900.0))),
    # logs of weighted sums of exponentials
    Form(
        "f = log(p*exp(a) + (1 - p)*exp(b))",
        at(p=(0.3, 0.5, 0.25, 0.75), a=(900.0, -900.0, 1.0, 1e-9), b=(890.0, -901.0, 2.0, -0.5)),
    ),
    Form(
        "u = p*exp(a)\nv = (1 - p)*exp(b)\nf = log(u + v)",
        at(p=(0.3, 0.5), a=(900.0, -900.0), b=(890.0, -901.0)),
    ),
    Form(
        "f = log(p*exp(-(x - m)**2/2) + q*exp(-(x - n)**2/2) + (1 - p - q)*exp(-x**2/2))",
        at(p=(0.3, 0.5), q=(0.1, 0.25), m=(1.0, 2.0), n=(-1.0, 2.5), x=(60.0, -100.0)),
    ),
    Form(
        "f = log(1 + p*exp(x))",
        at(p=(2.0, 0.3, 0.5, 1e-30, 2e-8), x=(800.0, -40.0, 0.5, 3.0, -0.3)),
    ),
    Form("f = log(exp(a) - exp(b))", at(a=(900.0, 1.0, -800.0), b=(899.0, 1 - 2.0**-30, -900.0))),
    # hyperbolic and inverse trigonometric functions
    Form("f = cosh(x)/sinh(x) - 1/x", at(x=PLACES), lambda x: langevin(x)),
    Form(
        "f = 1/tanh(b*c) - 1/(b*c)",
        at(b=(0.0, 1e-9, 2.0), c=(3.0,) * 3),
        lambda b, c: langevin(b * c),
    ),
    Form("f = (exp(x) + exp(-x))/(exp(x) - exp(-x)) - 1/x", at(x=PLACES), lambda x: langevin(x)),
    Form("f = a/tanh(a*x) - b/tanh(b*x)", at(a=(1.5, 1.5), b=(0.5, 0.5), x=(1e-9, 3.0))),
    Form("f = tanh(x)/x", at(x=PLACES), lambda x: mp.tanh(x) / x if x else mp.mpf(1)),
    Form("f = x/tanh(x)", at(x=PLACES), lambda x: x * mp.coth(x) if x else mp.mpf(1)),
    Form("f = sinh(x)/x", at(x=(*PLACES[:-4], 40.0)), lambda x: mp.sinh(x) / x if x else mp.mpf(1)),
    Form("f = x/sinh(x)", at(x=PLACES), lambda x: x / mp.sinh(x) if x else mp.mpf(1)),
    Form("f = x/sin(x)", at(x=AROUND_ZERO[:-2]), lambda x: x / mp.sin(x) if x else mp.mpf(1)),
    Form(
        "f = 2*v*acos(w)/sqrt(1 - w**2)",
        at(w=NEAR_ONE, v=(0.3,) * 7),
        lambda w, v: 2 * v * (mp.acos(w) / mp.sqrt(1 - w**2) if w != 1 else mp.mpf(1)),
    ),
    Form(
        "t = acos(w)\nf = v*t/sin(t)",
        at(w=NEAR_ONE, v=(0.3,) * 7),
        lambda w, v: v * (mp.acos(w) / mp.sqrt(1 - w**2) if w != 1 else mp.mpf(1)),
    ),
    # differences of roots, inverse hyperbolic functions typed out
    Form("f = sqrt(x**2 + 1) - x", at(x=(1e8, 1e150, 0.3, -3.0, -1e8, 0.0))),
    Form("f = 1/(sqrt(x**2 + 1) + x)", at(x=(-1e8, -1e15, 0.3, 3.0, 1e8, 0.0))),
    Form("f = a*sqrt(x**2 + y**2) - a*x", at(x=(1e8, 1.0, -5.0), y=(1.0, 3.0, 2.0), a=(2.0,) * 3)),
    Form(
        "f = (-b + sqrt(b**2 - 4*a*c))/(2*a)",
        at(a=(1.0, 2.0, 1.0), b=(1e8, 5.0, -1e8), c=(1.0, 2.0, 1.0)),
    ),
    Form("f = sqrt(x + y) - sqrt(x)", at(x=(1e16, 2.0, 1e-30), y=(1.0, 1e-9, 3.0))),
    Form("f = sqrt(x + 1) - sqrt(x)", at(x=(1e16, 2.0, 1e-9))),
    Form("f = log(x + sqrt(x**2 + 1))", at(x=(-1e8, -1.0, 1e-9, 0.0, 5.0, 1e100))),
    Form("f = log(x + sqrt(x**2 - 1))", at(x=(1 + 2.0**-40, 2.0, 1e100))),
    Form("f = log((x + sqrt(x**2 + 4))/2)", at(x=(-1e8, 1e-9, 3.0))),
    Form("f = log((1 + x)/(1 - x))/2", at(x=(1e-9, -1e-20, 0.5, -0.999, 0.999, 0.0))),
    Form("f = (log(1 + x) - log(1 - x))/2", at(x=(1e-9, -1e-20, 0.5, -0.999, 0.999, 0.0))),
    Form("f = log((x + 1)/x)", at(x=(1e15, 3.0, 1e-9))),
    # the gamma function
    Form("f = loggamma(y + r) - loggamma(r)", at(y=(3.0, 1.0, 1e-9), r=(1e9, 0.25, 30.0))),
    Form("f = loggamma(n/2) - loggamma((n + 1)/2)", at(n=(1e9, 3.0, 0.25))),
    Form("f = digamma(y + r) - digamma(r)", at(y=(3.0, 1.0, 1e-9), r=(1e9, 0.25, 30.0))),
    Form("f = loggamma(a) + loggamma(b) - loggamma(a + b)", at(a=(1e9, 0.25), b=(3.0, 40.0))),
    Form("f = loggamma(s) - loggamma(m*s) - loggamma((1 - m)*s)", at(m=(0.5, 0.125), s=(1e9, 3.0))),
    Form("f = log(gamma(x))", at(x=(1e5, 3.0, 0.25))),
    Form("f = log(factorial(x))", at(x=(1e5, 3.0, 0.25))),
    Form("f = log(beta(a, b))", at(a=(1e5, 3.0), b=(2e5, 0.25))),
    # the normal distribution
    Form("f = exp(x**2)*erfc(x)", at(x=(30.0, 1e5, 0.3, 0.0, -3.0))),
    Form("f = exp(-x**2/2)/(1 + erf(x/sqrt(2)))", at(x=(-40.0, -5.0, 0.3, 3.0))),
    Form("f = log(erfc(x))", at(x=(30.0, 1e5, 0.3, 1e-9, -3.0))),
    Form("f = log((1 + erf(x/sqrt(2)))/2)", at(x=(-40.0, -5.0, 0.3, 3.0))),
    Form(
        "p = erfc(-x/sqrt(2))/2\nf = -t*log(p) - (1 - t)*log(1 - p)",
        at(x=(-40.0, 40.0, 0.3, -30.0), t=(1.0, 0.0, 0.25, 0.0)),
    ),
    Form("f = log(1 - (1 + erf(x/sqrt(2)))/2)", at(x=(40.0, 5.0, 0.3, -3.0))),
    Form(
        "f = where(y > 0, -(y - m)**2/(2*s**2) - log(s), log(erfc(m/(s*sqrt(2)))/2))",
        at(y=(-1.0, 1.0), m=(50.0, 2.0), s=(1.0, 3.0)),
    ),
    # two factors below
    Form(
        "f = (1 - exp(-a*x))/(a*x)",
        at(a=(0.0, 2.0, 1e-9, 2.0), x=(3.0, 0.0, 0.5, 40.0)),
        lambda a, x: exprel(-a * x),
    ),
    Form(
        "f = a*x/(exp(a*x) - 1)",
        at(a=(0.0, 2.0, 1e-9, 2.0), x=(3.0, 0.0, 0.5, 40.0)),
        lambda a, x: 1 / exprel(a * x),
    ),
    Form(
        "f = tanh(a*x)/(a*x)",
        at(a=(0.0, 2.0, 1e-9), x=(3.0, 0.0, 0.5)),
        lambda a, x: mp.tanh(a * x) / (a * x) if a * x else mp.mpf(1),
    ),
    Form(
        "f = a*x/sinh(a*x)",
        at(a=(0.0, 2.0, 1e-9), x=(3.0, 0.0, 0.5)),
        lambda a, x: a * x / mp.sinh(a * x) if a * x else mp.mpf(1),
    ),
    Form("f = (1 - cos(sqrt(x)))/x", at(x=(1e-300, 1e-18, 1e-9, 0.5, 30.0))),
    Form("f = sin(sqrt(x))/sqrt(x)", at(x=(1e-300, 1e-18, 1e-9, 0.5, 30.0))),
    Form("r = sqrt(x)\nf = y*tan(r)**2/x", at(x=(1e-18, 1e-9, 0.5), y=(2.0, -1.0, 3.0))),
    Form(
        "s = x**2 + y**2\nr = sqrt(s)\nf = (1 - cos(r))/s",
        at(x=(0.0, 1e-9, 0.5, 0.0), y=(0.0, 1e-9, -2.0, 1e-150)),  # ∂y·y underflows below
        lambda x, y: (1 - mp.cos(mp.hypot(x, y))) / (x**2 + y**2) if x or y else mp.mpf(1) / 2,
    ),
    Form(
        "r = sqrt(x**2 + y**2)\nh = x/r\nv = y/r\nf = (w*h - z*v)*sin(r)",
        at(w=(1.0, 2.0, 1.0), x=(0.0, 1e-9, 0.5), y=(0.0, 3e-9, -2.0), z=(3.0, 0.5, 2.0)),
        lambda w, x, y, z: (w * x - z * y) * mp.sincpi(mp.hypot(x, y) / mp.pi),
    ),
    Form(
        "f = sin(a*x)/(a*x)",
        at(a=(0.0, 2.0, 1e-9), x=(3.0, 0.0, 0.5)),
        lambda a, x: mp.sin(a * x) / (a * x) if a * x else mp.mpf(1),
    ),
    # shares of a sum
    Form(
        "f = V*c/(K + c)",
        at(V=(2.0, 3.0, 0.5, 1.0), c=(1e10, 1e-9, 0.0, 3.0), K=(1.0, 2.0, 3.0, 1e-20)),
    ),
    Form("f = K*p/(1 + K*p)", at(K=(1e5, 2.0, 1e-9), p=(1e5, 0.0, 0.3))),
    Form("f = x**2/(1 + x**2)", at(x=(1e6, -1e100, 0.0, 0.7))),
    Form("s = K + c\nf = 1 - c/s", at(c=(1e10, 0.0, 3.0), K=(1.0, 2.0, 1e-9))),
    Form("f = V*S/(K*(1 + I/L) + S)", at(V=(2.0,), S=(1e9,), K=(1.0,), I=(2.0,), L=(3.0,))),
    Form("f = 1/(1 + K/x)", at(K=(2.0, 1e-9), x=(1e12, 0.3))),
    Form("f = (a - b)/(a + b)", at(a=(1e10, 3.0, 1.0), b=(1.0, 1e-9, 1 + 2.0**-40))),
    Form("f = (1 - x)/(1 + x)", at(x=(1e10, 0.3, 1e-9))),
    Form(
        "f = D**h/(K**h + D**h)",
        at(D=(1e5, 1e-9, 1e200, 2.0), K=(1.0, 1e-9, 1e200, 3.0), h=(2.0, 40.0, 3.0, -1.5)),
    ),
    Form("f = 1/(1 + (E/D)**h)", at(D=(1e-10, 2.0), E=(1.0, 2.0), h=(40.0, 1.5))),
    Form("f = 1/(1 + (D/E)**(-h))", at(D=(1e-10, 2.0), E=(1.0, 2.0), h=(40.0, 1.5))),
    Form("f = 1/(1 + (D/E)**h)", at(D=(1e10, 2.0), E=(1.0, 2.0), h=(40.0, 1.5))),
    Form(
        "f = 1/(1 + exp(h*(log(E) - log(D))))",
        at(D=(1e-10, 2.0, 2.0000001), E=(1.0, 2.0, 2.0), h=(40.0, 1.5, 3.0)),
    ),
    Form("f = q*(b*C)**n/(1 + (b*C)**n)", at(q=(2.0,), b=(3.0,), C=(1e9,), n=(40.0,))),
    # deviances, which are 0 where the two numbers are equal
    Form(
        "f = 2*(y*log(y/m) - (y - m))",
        at(y=(2.00000001, 3.0, 1e-9, 40.0), m=(2.0, 3 + 2.0**-20, 2.0, 0.3)),
    ),
    Form("f = 2*(y/m - log(y/m) - 1)", at(y=(2.00000001, 1e-9, 40.0), m=(2.0, 2.0, 0.3))),
    # near the ends of what floats hold
    Form("f = log(sinh(x))", at(x=(900.0, 1e-9, 0.7))),
    Form("f = log(tanh(x))", at(x=(30.0, 1e-9, 0.7))),
    Form("f = log(1 - exp(-exp(x)))", at(x=(-40.0, 5.0, 0.3, -0.3))),
    Form("f = erfc(x)/erfc(y)", at(x=(30.0, -3.0, 0.3), y=(31.0, 0.5, 5.0))),
    Form("f = 1/(1 + exp(-x)) - 1/2", at(x=(1e-10, -3.0, 800.0))),
    Form("f = pi/2 - atan(x)", at(x=(1e12, -3.0, 0.3))),
    Form("f = acosh(1 + x)", at(x=(1e-14, 1e100, 0.3))),
    Form("f = acos(1 - x)", at(x=(1e-20, 0.3, 1.7))),
    Form("f = (a - b)/log(a/b)", at(a=(2.0, 2.0, 1e-9), b=(2.0000000001, 200000.0, 3.0))),
    Form("f = log(x)/(x - 1)", at(x=(1.0000000001, 1e-20, 40.0))),
    # 1 + p/v beside a multiple of v
    Form("f = (1 + x/n)**n", at(x=(2.0, 2.0, -0.7, 0.3), n=(1e12, 3.0, 1.0, 1e200))),
    Form("f = P*(1 + r/n)**(n*t)", at(P=(100.0,), r=(0.05,), n=(1e9,), t=(3.0,))),
    Form("f = (1 + x/n)**n - 1", at(x=(2.0, 1e-9), n=(1e9, 3.0))),
    Form("f = n*log(1 + x/n)", at(x=(2.0, 2.0), n=(1e9, 0.01))),
    Form("f = -(v + 1)/2*log(1 + x**2/v)", at(x=(2.0, 3.0, 1e9), v=(1e12, 4.0, 0.5))),
    Form("f = (1 + x**2/v)**(-(v + 1)/2)", at(x=(2.0, 3.0), v=(1e12, 4.0))),
    # a logarithm or a quotient that is infinite at 0
    Form("f = sigma(a + b*log(x))", at(x=(1e-20, 2.0), a=(1.0, 0.3), b=(1.5, -2.0))),
    Form("f = exp(a + b*log(x))", at(x=(1e-20, 2.0), a=(1.0, 0.3), b=(1.5, -2.0))),
    Form("f = tanh(a + log(x))", at(x=(1e-20, 2.0), a=(1.0, 0.3))),
    Form("f = exp(-a/x)/x**2", at(x=(0.05, 3.0), a=(1.0, 0.3))),
    Form("f = 1/(a + b/x)", at(x=(1e-20, 3.0, 1e-200), a=(1.0, 0.3, 2.0), b=(2.0, 3.0, 3.0))),
    Form("f = 1/(a + b/x)**2", at(x=(1e-9, 0.5, 1e100), a=(1.0, 3.0, 2.0), b=(1.0, 1.0, 2.0))),
    Form("f = 1/(1/x + 1/y)", at(x=(1e200, 1e-200, 1.0), y=(1e200, 1e-200, 1e300))),
    Form("f = 1/(1/x + 1/y + 1/z)", at(x=(1e200, 1e-200), y=(1e200, 2e-200), z=(1e200, 1.0))),
    Form("f = atan(a/x)", at(x=(1e-20, -3.0), a=(1.0, 0.3))),
    # series near 0
    *(
        Form(f"f = {typed}", at(x=(0.0, 1e-60, -1e-9, 1e-5, 0.01, -0.3, 1.1, 2.7)), meaning)
        for typed, meaning in (
            ("(x - sin(x))/x**3", lambda x: (x - mp.sin(x)) / x**3 if x else mp.mpf(1) / 6),
            ("1/x - 1/sin(x)", lambda x: 1 / x - 1 / mp.sin(x) if x else x),
            ("1/x - 1/tan(x)", lambda x: 1 / x - 1 / mp.tan(x) if x else x),
            (
                "(cos(x) - 1 + x**2/2)/x**4",
                lambda x: (mp.cos(x) - 1 + x**2 / 2) / x**4 if x else mp.mpf(1) / 24,
            ),
            ("(exp(x) - 1 - x)/x**2", lambda x: (mp.expm1(x) - x) / x**2 if x else mp.mpf(0.5)),
            ("erf(x)/x", lambda x: mp.erf(x) / x if x else 2 / mp.sqrt(mp.pi)),
            (
                "3*(sin(x) - x*cos(x))/x**3",
                lambda x: 3 * (mp.sin(x) - x * mp.cos(x)) / x**3 if x else mp.mpf(1),
            ),
            ("1/x**2 - 1/sinh(x)**2", lambda x: 1 / x**2 - mp.csch(x) ** 2 if x else mp.mpf(1) / 3),
            ("1 - exp(-x)*(1 + x)", lambda x: 1 - mp.exp(-x) * (1 + x)),
        )
    ),
    Form(
        "f = a*(1 - cos(k*t))/(k*t)**2",
        at(a=(3.0,) * 4, k=(0.0, 1e-9, 0.3, 2.0), t=(2.0, 3.0, 0.5, 1.3)),
        lambda a, k, t: a * (1 - mp.cos(k * t)) / (k * t) ** 2 if k else a / 2,
    ),
    Form(
        "d = x - sin(x)\nc = x**3\nf = d/c",
        at(x=(0.0, 1e-9, 0.3)),
        lambda x: (x - mp.sin(x)) / x**3 if x else mp.mpf(1) / 6,
    ),
    # series of several numbers
    Form(
        "f = (1 - exp(-t/L))/(t/L) - exp(-t/L)",
        at(t=(1e-8, 1e-3, 0.5, 10.0, 300.0), L=(1.5, -2.0, 3.0, 0.7, 1.5)),
    ),
    Form(
        "f = sqrt(p**2*c**2 + m**2*c**4) - m*c**2",
        at(p=(1e-10, 1e-3, 1.0, 100.0), c=(3.0, 0.2, -3.0, 1.0), m=(2.0, 1.0, 0.3, 5.0)),
    ),
    # powers of sums of powers of e, with weights that have names
    Form(
        "f = K/(1 + Q*exp(-r*t))**(1/v)",
        at(
            K=(2.0,) * 5,
            Q=(0.5, 0.5, 1e9, 0.5, 3.0),
            r=(1.3,) * 5,
            t=(-900.0, -2000.0, 900.0, 0.3, -30.0),
            v=(0.5, 3.0, 0.5, 2.0, 0.1),
        ),
    ),
    # differences and shares
    Form(
        "f = log(1 + exp(a)) - log(1 + exp(b))", at(a=(1e-10, 40.0, -40.0), b=(2e-10, -3.0, -41.0))
    ),
    Form("f = atan(a) - atan(b)", at(a=(1e8, 1e-9, 3.0), b=(2e8, 2.0, -0.5))),
    Form("f = x/(1 + abs(x))", at(x=(1e9, -1e200, 0.0, 0.3))),
    Form("f = x/sqrt(1 + x**2)", at(x=(1e5, -1e200, 0.0, 0.3))),
    Form("f = x/sqrt(a + x**2)", at(x=(1e200, 1e8, 0.0, 0.3), a=(1.0, 3.0, 2.0, -0.01))),
    Form("s = sqrt(a + x**2)\nf = 2*x/s", at(x=(1e200, 1e8, 0.3), a=(1.0, 3.0, 2.0))),
    Form("f = a*x/sqrt(x**2 + y**2)", at(a=(2.0, 3.0), x=(1e-9, 1e5), y=(1.0, 2.0))),
    Form(
        "f = low + (high - low)/(1 + (D/K)**h)",
        at(low=(1.0, 1.0), high=(3.0, 3.0), D=(1e-4, 1e4), K=(2.0, 2.0), h=(1.5, 1.5)),
    ),
    Form(
        "f = trigamma(y + r) - trigamma(r)",
        at(y=(3.0, 1.0, 1e-9), r=(1e9, 0.25, 30.0)),
        but=("r",),
    ),
    # logs to other bases
    Form("f = log2(1 + x)", at(x=(1e-20, 1e-9, 0.3, 1e10))),
    Form("f = B*log2(1 + S/N)", at(B=(2.0, 2.0, 3.0), S=(1e-20, 1e-9, 0.3), N=(1.0, 3.0, 2.0))),
    Form("f = log10(1 + x)", at(x=(1e-20, 1e-9, 0.3, 1e10))),
    Form("f = log2(1 + exp(x))", at(x=(-40.0, 800.0, 0.3))),
    Form("f = log10(exp(x) + exp(y))", at(x=(-40.0, 800.0, 0.3), y=(-800.0, 790.0, 0.1))),
    Form("f = log2(x) - log2(y)", at(x=(1.0, 3.0), y=(1 - 1e-12, 0.5))),
    Form("f = 10*log10(x/y)", at(x=(1.0, 3.0), y=(1 - 1e-12, 0.5))),
    Form("f = -log2(sigma(z))", at(z=(-800.0, 40.0, 0.3))),
    Form("f = -p*log2(p) - (1 - p)*log2(1 - p)", at(p=(1e-300, 1e-9, 0.3, 0.5, 1 - 1e-12))),
    Form("l = log2(p)\nf = -p*l", at(p=(1e-300, 1e-9, 0.3, 1 - 1e-12))),
    Form(
        "f = p*log2(p/q) + (1 - p)*log2((1 - p)/(1 - q))",
        at(p=(0.3, 0.3, 1e-9), q=(0.3 + 1e-9, 0.4, 0.5)),
    ),
    # powers of what is nearly 1, whose exponent has a name or is large
    Form("f = P*(1 + r)**n", at(P=(100.0,) * 3, r=(1e-12, 1e-9, 0.05), n=(360.0, 30.0, 12.0))),
    Form("f = (1 + r)**360", at(r=(1e-12, 1e-9, 0.05))),
    Form("f = F/(1 + r)**n", at(F=(100.0,) * 3, r=(1e-12, 1e-9, 0.05), n=(360.0, 30.0, 12.0))),
    Form("q = 1 + r/12\nf = q**(12*t)", at(r=(1e-12, 1e-9, 0.05), t=(30.0, 30.0, 12.0))),
    Form(
        "f = (1 + (t/a)**b)**(-c)",
        at(t=(40.0, 1e-9, 0.3), a=(2.0, 2.0, 1.5), b=(1.0, 2.0, 0.5), c=(1.0, 3.0, 2.0)),
    ),
    Form(
        "f = p*r*(1 + r)**n/((1 + r)**n - 1)",
        at(p=(100.0,) * 3, r=(1e-12, 0.05, 1e-300), n=(360.0, 30.0, 5.0)),
    ),
    Form("f = -(1 - p)**g*log(p)", at(p=(1e-20, 1e-9, 0.3, 1 - 1e-12), g=(2.0, 2.0, 1.5, 2.0))),
    Form(
        "p = sigma(z)\nf = -t*(1 - p)**g*log(p) - (1 - t)*p**g*log(1 - p)",
        at(
            z=(-40.0, 40.0, 30.0, -30.0, 0.3, 800.0),
            g=(2.0, 2.0, 2.0, 1.5, 2.0, 2.0),
            t=(1.0, 0.0, 0.0, 1.0, 0.5, 1.0),
        ),
    ),
    # divergences from a mean
    Form("m = (p + q)/2\nf = p*log(p/m)/2 + q*log(q/m)/2", NEARLY_EQUAL),
    Form("f = (p*log(2*p/(p + q)) + q*log(2*q/(p + q)))/2", NEARLY_EQUAL),
    Form("m = (p + q)/2\na = p*log2(p/m)\nb = q*log2(q/m)\nf = (a + b)/2", NEARLY_EQUAL),
    Form("m = (p + q)/2\nf = p*log(p)/2 + q*log(q)/2 - m*log(m)", NEARLY_EQUAL),
    Form("f = p*log(p) + q*log(q) - (p + q)*log((p + q)/2)", NEARLY_EQUAL),
    Form("m = (p + q)/2\nf = p*(log(p) - log(m)) + q*(log(q) - log(m))", NEARLY_EQUAL),
    Form(
        "m = w*p + (1 - w)*q\nf = w*p*log(p/m) + (1 - w)*q*log(q/m)",
        NEARLY_EQUAL | {"w": (0.25, 0.3, 0.4, 0.5)},
    ),
    # logs of slopes and of quotients that overflow
    Form("f = log(1 - tanh(x)**2)", at(x=(-400.0, 0.3, 400.0, 1e-9))),
    Form("a = tanh(x)\nf = log1p(-a**2)", at(x=(-400.0, 0.3, 400.0, 1e-9))),
    Form("a = sigma(x)\nf = log(a*(1 - a))", at(x=(-400.0, 0.3, 400.0, 1e-9))),
    Form("f = log(exp(-x)/(1 + exp(-x))**2)", at(x=(-400.0, 0.3, 400.0, 1e-9))),
    Form("f = log((exp(x) - 1)/x)", at(x=(1e-9, 0.3, 800.0, -800.0, -1e-5, -3.0))),
    Form("f = log(x/(1 - exp(-x)))", at(x=(1e-9, 0.3, 800.0, -800.0, -1e-5, -3.0))),
    # beside a length
    Form("f = 1 - x/sqrt(1 + x**2)", at(x=(1e9, 0.3, -1e12, 1e200))),
    Form("f = 1 + x/sqrt(1 + x**2)", at(x=(1e9, 0.3, -1e12, -1e200))),
    Form(
        "f = s/2*(1 - z/sqrt(z**2 + r**2))",
        at(s=(1.0,) * 4, z=(1e9, 0.3, -1e12, 1e200), r=(1.0, 2.0, 3.0, 4.0)),
    ),
    # quotients of values of the gamma function
    Form("f = gamma(x + a)/gamma(x)", at(x=(1e10, 0.3, 800.0, -0.3), a=(0.5, 1.5, 2.0, 0.1))),
    Form("f = gamma(n + 2)/gamma(n)", at(n=(1e10, 5.3, 2000.0, 0.3))),
    Form("f = factorial(n)/factorial(n - k)", at(n=(1e10, 5.3, 2000.0), k=(0.5, 1.5, 3.0))),
    Form("f = log(binomial(n, k))", at(n=(1e10, 5.3, 2000.0, 10.0), k=(0.5, 1.5, 1000.0, 0.0))),
    # what Stirling's formula leaves
    Form("f = log(x) - digamma(x) - s", at(x=(1e10, 1e3, 2.5), s=(1e-11, 1e-4, 0.1))),
    Form("l = log(x)\nf = n*l - n*digamma(x)", at(x=(1e10, 1e3, 2.5), n=(3.0, 2.0, 1.0))),
    Form("f = digamma(x/2) - log(x/2)", LARGE_OR_SMALL),
    Form("f = x*log(x) - x - loggamma(x)", LARGE_OR_SMALL),
    Form("f = loggamma(x) - (x - 1/2)*log(x) + x - log(2*pi)/2", LARGE_OR_SMALL),
    Form("f = w*loggamma(x) - w*x*log(x) + w*x", LARGE_OR_SMALL | {"w": (1.0, 2.0, 0.5, 3.0, 1.0)}),
    Form("f = loggamma(x + 1) - x*log(x) + x - log(2*pi*x)/2", LARGE_OR_SMALL),
    Form("f = log(factorial(x)) - x*log(x) + x", LARGE_OR_SMALL),
    Form("a = x*log(x)\nb = loggamma(x + 1)\nf = b - a + x", LARGE_OR_SMALL),
    # Student's t at many degrees of freedom
    Form(
        "f = loggamma((v + 1)/2) - loggamma(v/2) - log(v*pi)/2 - (v + 1)/2*log(1 + x**2/v)", STUDENT
    ),
    Form("f = -betaln(v/2, 1/2) - log(v)/2 - (v + 1)/2*log(1 + x**2/v)", STUDENT),
    Form(
        "f = loggamma((v + 1)/2) - loggamma(v/2) - log(sqrt(v*pi)*s)",
        {"v": STUDENT["v"], "s": (1.0, 2.0, 0.5, 0.1, 3.0)},
    ),
    Form(
        "z = (x - m)/s\na = loggamma((v + 1)/2)\nb = loggamma(v/2)\n"
        "f = a - b - log(v*pi*s**2)/2 - (v + 1)/2*log(1 + z**2/v)",
        at(v=(1e12, 4.0, 1.0), x=(2.0, 3.0, 0.5), m=(1.0, 0.0, 0.1), s=(2.0, 0.5, 3.0)),
    ),
    Form(
        "f = gamma((v + 1)/2)/(gamma(v/2)*sqrt(v*pi))*(1 + x**2/v)**(-(v + 1)/2)",
        at(v=(1e10, 0.3, 800.0, 4.0, 1e5), x=(1.0, 0.3, 0.2, 0.0, 2.0)),
    ),
    # roots
    Form(
        "f = 2*c/(-b - sqrt(b**2 - 4*a*c))",
        at(a=(1.0, 2.0, 1.0, 1e-12), b=(1e8, 5.0, -1e8, -3.0), c=(1.0, 2.0, 1.0, 1.0)),
    ),
    Form(
        "d = b**2 - 4*a*c\nf = 2*c/(-b + sqrt(d))",
        at(a=(1.0, 2.0, 1.0, 1e-12), b=(1e8, 5.0, -1e8, -3.0), c=(1.0, 2.0, 1.0, 1.0)),
    ),
    Form("r = 1/x\nf = x*sqrt(r)", at(x=(1e-300, 1e-20, 0.3, 1e300))),
    Form("f = x**2*(1/x)**1.5", at(x=(1e-100, 1e-20, 0.3, 1e100))),
    # the error function at two places
    Form("f = (erf(x) - erf(y))/(x - y)", OF_ERF, quotient_of(mp.erf, erf_slope)),
    Form("f = (erfc(x) - erfc(y))/(x - y)", OF_ERF, quotient_of(mp.erfc, lambda u: -erf_slope(u))),
    Form(
        "u = x/sqrt(2)\nv = y/sqrt(2)\nf = (erf(u) - erf(v))/(2*(x - y))",
        OF_ERF,
        lambda x, y: quotient_of(mp.ncdf, mp.npdf)(x, y),
    ),
    Form(
        "f = (erf(x + h) - erf(x))/h",
        at(x=(0.3, 2.0, 1e-5, 5.0), h=(0.0, 1e-9, 1e-5, 0.5)),
        lambda x, h: quotient_of(mp.erf, erf_slope)(x + h, x),
    ),
    # what vanishes over what vanishes with it, and what is nearly 1 squared
    Form(
        "f = (sin(n*x)/sin(x))**2",
        at(n=(4.0, 4.0, 4.0, 4.0, 2.5, 7.0), x=(0.0, 1e-9, 1e-3, 1.0, 3.0, 0.5)),
        lambda n, x: (mp.sin(n * x) / mp.sin(x)) ** 2 if x else n**2,
    ),
    Form(
        "f = (exp(a*x) - 1)/(exp(b*x) - 1)",
        at(a=(2.0, 2.0, 3.0, 1.0), b=(1.0, -1.0, 2.0, 3.0), x=(0.0, 1e-9, 1e-3, 20.0)),
        lambda a, b, x: mp.expm1(a * x) / mp.expm1(b * x) if x else a / b,
    ),
    Form(
        "f = d*(1 - exp(-a*(r - s)))**2 - d",
        at(d=(4.0,) * 4, a=(1.0, 0.2, 1.0, 1.0), r=(60.0, 30.0, 1.5, 0.5), s=(1.0,) * 4),
    ),
    # powers of neighbours
    Form("f = 1/r - 1/(r + h)", at(r=(1.0, 1.0, 1e-3, 5.0), h=(1e-9, 0.0, 1e3, -2.0))),
    Form(
        "f = 1/(r - h)**2 - 1/(r + h)**2",
        at(r=(1.0, 1.0, 1e-3, 5.0, 1e3), h=(1e-9, 0.0, 2e3, 2.0, 1e-3)),
    ),
    Form(
        "f = 1/(r + a) - 1/(r + b)",
        at(r=(1.0, 1.0, 1e-9, 2.0), a=(1.0, 1e-9, 3.0, 1e9), b=(1 + 1e-9, 2e-9, 2.0, 1e-3)),
    ),
    Form("f = (x + h)**1.5 - x**1.5", at(x=(1.0, 1.0, 1e-3, 5.0), h=(1e-9, 0.0, 2e3, -2.0))),
    # growth over growth
    Form(
        "f = c*(1 - ((1 + g)/(1 + r))**n)/(r - g)",
        at(
            c=(100.0, 100.0, 3.0, 5.0, 1.0),
            g=(0.03, 0.03, 0.03, 0.02, -0.5),
            r=(0.03, 0.03 + 1e-9, 0.05, 0.02 - 1e-5, 0.9),
            n=(30.0, 30.0, 10.0, 300.0, 2.5),
        ),
        lambda c, g, r, n: (
            c * (1 - ((1 + g) / (1 + r)) ** n) / (r - g) if r != g else c * n / (1 + r)
        ),
    ),
    Form(
        "f = (1 - ((1 + g)/(1 + r))**10)/(r - g)",
        at(g=(0.03, 0.03, 0.02, -0.5), r=(0.03, 0.03 + 1e-9, 0.05, 0.9)),
        lambda g, r: (1 - ((1 + g) / (1 + r)) ** 10) / (r - g) if r != g else 10 / (1 + r),
    ),
    # what two bind of each other
    *(
        Form(
            f"f = {text}",
            at(
                a=(1.0, 1.0, 1e-6, 1e-9, 10.0, 1.0),
                b=(1e-9, 1e9, 1e-3, 5.0, 10.0, 1.0),
                k=(1.0, 1.0, 1e-9, 1.0, 1e-3, 1e6),
            ),
        )
        for text in (
            "((a + b + k) - sqrt((a + b + k)**2 - 4*a*b))/2",
            "1 - ((a + b + k) - sqrt((a + b + k)**2 - 4*a*b))/(2*a)",
            "a - ((a + b + k) - sqrt((a + b + k)**2 - 4*a*b))/2",
            "(a - b - k + sqrt((a - b - k)**2 + 4*a*k))/(2*a)",
        )
    ),
    Form(
        "f = (sqrt(k**2 + 4*k*c) - k)/2",
        at(k=(1.0, 1.0, 1e5, 1e-5, -3.0), c=(1e-12, 0.0, 1e-9, 1e5, -2.0)),
    ),
    Form(
        "f = (sqrt(k**2 + 8*k*c) - k)/(4*c)",
        at(k=(1.0, 1.0, 1e5, 1e-5), c=(1e-12, 0.0, 1e-9, 1e5)),
        lambda k, c: (mp.sqrt(k * k + 8 * k * c) - k) / (4 * c) if c else mp.mpf(1),
    ),
    Form(
        "a = 1 + 4*x\nr = sqrt(a)\ns = r - 1\nf = s/(2*x)",
        at(x=(0.0, 1e-9, 1e-3, -0.2, 1e9)),
        lambda x: (mp.sqrt(1 + 4 * x) - 1) / (2 * x) if x else mp.mpf(1),
    ),
    Form(
        "g = 1/sqrt(1 - v**2/c**2)\nf = m*c**2*(g - 1)",
        at(m=(1.0, 1.0, 2.0, 1.0), c=(3e8,) * 4, v=(1.0, 0.0, 1e5, 2.9e8)),
    ),
    # shares of a power, typed with its logarithm
    Form("f = tanh(a + log(x))", OF_LOG),
    Form("f = tanh(log(x))", at(x=OF_LOG["x"])),
]

OF_SEVERAL = [
    Form(
        "f = (1 - exp(-k*T))/k - T",
        at(k=(1e-10, 1e-4, 0.5, -0.3, 3.0), T=(1.0, 5.0, 2.0, 3.0, 9.0)),
    ),
    Form(
        "f = s**2/(2*k**2)*(T - 2*(1 - exp(-k*T))/k + (1 - exp(-2*k*T))/(2*k))",
        at(k=(1e-6, 1e-3, 0.05, 0.5), T=(1.0, 5.0, 2.0, 3.0), s=(0.2, 0.3, 2.0, 1.0)),
    ),
    Form(
        "f = m*g/b*(t - m/b*(1 - exp(-b*t/m)))",
        at(m=(2.0,) * 4, g=(9.8,) * 4, b=(1e-9, 1e-4, 0.1, 3.0), t=(1.0, 2.0, 3.0, 0.5)),
    ),
]
"""Forms that keep their digits in one line only."""
