"""Values and partials of forms that lose digits as typed, by every target, beside mpmath."""

import math
from functools import cache

import mpmath as mp
import numpy as np
import pytest

import symback as sb
from symback.autodiff.gates import gates
from symback.operations.expressions import real_symbol
from symback.printing.circuit_text import NotationPrinter
from symback.stable.rewrite import rewritten
from tests.cases.compilers import compiles
from tests.cases.independent import value
from tests.cases.one_in import one_in
from tests.cases.typed_forms import FORMS, OF_SEVERAL, Form

ULP = 4.0
OVER_CONDITION = 2.0  # units of what rounding the arguments alone causes
ENOUGH = mp.mpf(2) ** -70


def circuit_of(form):
    leaves = "\n".join(f"{name}: input" for name in form.points)
    return sb.circuit(f"{leaves}\n{form.circuit}", loss=None)


def quantity(form, circuit):
    """The output as a function of numbers in mpmath: as typed, or as it is continued."""
    names = list(form.points)
    if form.meaning is not None:
        return lambda *at: form.meaning(**dict(zip(names, at, strict=True)))

    def typed(*at):
        values = dict(zip(names, at, strict=True))
        for node in circuit.computed:
            values[node.name] = value(node.expr, values)
        return values["f"]

    return typed


def by_differences(of, at, precision):
    """The value, its partials, and for each of these the sizes that rounding the operands moves."""
    steps = [max(abs(x), mp.mpf(2) ** -precision) * mp.mpf(2) ** (-precision // 3) for x in at]
    steps = [h if x else mp.mpf(2) ** (-precision // 3) for h, x in zip(steps, at, strict=True)]

    @cache
    def moved(*by):
        return of(*(x + k * h for x, k, h in zip(at, by, steps, strict=True)))

    def sides(*places):
        by = [0] * len(at)
        for place, sign in places:
            by[place] += sign
        return moved(*by)

    count = range(len(at))
    here = moved(*([0] * len(at)))
    partials = [(sides((i, 1)) - sides((i, -1))) / (2 * steps[i]) for i in count]
    found = [(here, sum(abs(p * x) for p, x in zip(partials, at, strict=True)))]
    for i in count:
        size = mp.mpf(0)
        for j in count:
            if i == j:
                second = (sides((i, 1)) - 2 * here + sides((i, -1))) / steps[i] ** 2
            else:
                corners = [(a, b, sides((i, a), (j, b))) for a in (1, -1) for b in (1, -1)]
                second = sum(a * b * v for a, b, v in corners) / (4 * steps[i] * steps[j])
            size += abs(second * at[j])
        found.append((partials[i], size))
    return found


def truth(of, at):
    """The same at a precision that is doubled until values and partials agree to 70 bits."""
    found, precision = None, 1200
    while True:
        with mp.workprec(precision):
            now = by_differences(of, [mp.mpf(x) for x in at], precision)
        if found is not None and all(
            abs(a - b) <= ENOUGH * abs(a) + mp.mpf(2) ** -1100
            for (a, _), (b, _) in zip(now, found, strict=True)
        ):
            return now
        found, precision = now, 2 * precision
        assert precision < 2**14, at


@cache
def true_values(form, row):
    """The same for the quantity of a form."""
    return truth(quantity(form, circuit_of(form)), row)


def survives(row, dtype):
    """Whether what is not 0, not ±1 and not equal in a point is so in float32 as well."""
    with np.errstate(over="ignore"):
        rounded = np.array(row, dtype).astype(float)
    given = [0.0, 1.0, -1.0, *row]
    came = [0.0, 1.0, -1.0, *rounded.tolist()]
    return bool(np.isfinite(rounded).all()) and len(set(given)) == len(set(came))


def faults(form, written, target, dtype):
    """What is wrong with the form as it is written: quantity, point, what came, what is right."""
    circuit = circuit_of(written)
    info = np.finfo(dtype)
    module = circuit.compile(target=target)
    with np.errstate(over="ignore"):
        columns = [np.array(values, dtype) for values in form.points.values()]
    kept = np.array([survives(row, dtype) for row in zip(*form.points.values(), strict=True)])
    if not kept.any():
        return []
    columns = [c[kept] for c in columns]
    inputs = module.Inputs(*columns)
    with np.errstate(all="ignore"):
        got, cache_ = module.forward(module.Params(), inputs)
        bars = module.backward(module.Params(), inputs, cache_, np.ones_like(columns[0]))[1]
    results = [got, *bars]
    wrong = []
    for number, row in enumerate(zip(*(c.tolist() for c in columns), strict=True)):
        try:
            right = true_values(form, row)
        except ZeroDivisionError:  # rounded to where there is no value
            continue
        for name, values, (expected, moved) in zip(
            ["f", *form.points], results, right, strict=True
        ):
            came = float(np.broadcast_to(values, columns[0].shape)[number])
            if name in form.but or isinstance(expected, mp.mpc) or abs(expected) > float(info.max):
                continue
            if not math.isfinite(came):
                wrong.append((name, row, came, mp.nstr(expected, 20)))
                continue
            error = abs(mp.mpf(came) - expected)
            unit = float(np.spacing(dtype(max(abs(float(expected)), float(info.tiny)))))
            if error > ULP * unit and error > OVER_CONDITION * float(info.eps) * (
                abs(expected) + moved
            ):
                wrong.append((name, row, came, mp.nstr(expected, 20), float(error / unit)))
    return wrong


def as_typed(form):
    return form


def with_names(form):
    """The form with a name for every operation of it."""
    split = gates(circuit_of(form).as_typed())
    named = {n.symbol: real_symbol(f"n{i}") for i, n in enumerate(split.computed) if n.name != "f"}
    printer = NotationPrinter({})
    lines = [
        f"{named.get(n.symbol, n.symbol)} = {printer.print(n.formula.xreplace(named))}"
        for n in split.computed
    ]
    return Form("\n".join(lines), form.points, form.meaning, form.but)


@pytest.mark.parametrize(
    "written, target, dtype",
    [
        (as_typed, "numpy", np.float64),
        pytest.param(as_typed, "c", np.float64, marks=compiles),
        (with_names, "numpy", np.float64),
        (as_typed, "numpy", np.float32),
    ],
)  # one after the other for each form, as they share its true values
@pytest.mark.parametrize(
    "form", one_in(24, FORMS), ids=lambda form: form.circuit.replace("\n", "; ")
)
def test_typed_forms_keep_their_digits(form, written, target, dtype):
    """Within 4 ULP, or within what rounding the arguments causes; finite wherever the truth is."""
    assert not faults(form, written(form), target, dtype)


@pytest.mark.parametrize("form", OF_SEVERAL, ids=lambda form: form.circuit)
@pytest.mark.parametrize(
    "target, dtype",
    [
        ("numpy", np.float64),
        pytest.param("c", np.float64, marks=compiles),
        ("numpy", np.float32),
    ],
)
def test_forms_of_several_numbers_keep_their_digits(form, target, dtype):
    assert not faults(form, form, target, dtype)


# weights of a sum of exponentials → vectors, and what they are worth
WEIGHTED = [
    ("log(sum(w*exp(x)))", [0.3, 0.7], [900.0, 890.0]),
    ("log(sum(w*exp(x)))", [0.3, 0.7], [-900.0, -890.0]),
    ("log(sum(w*exp(x)))", [-0.5, 1.0], [1.0, 2.0]),
    ("log(sum(w*exp(x)))", [0.0, 1.0], [900.0, 890.0]),
    ("log(sum(softmax(w)*exp(x)))", [0.3, 0.7], [-1900.0, -1890.0]),
    ("-log(sum(softmax(w)*exp(-(x - 1)**2/2)))", [0.3, 0.7], [60.0, 61.0]),
    ("log(sum(2*w*exp(-x)))", [0.3, 1e-30], [-900.0, 890.0]),
]


def worth(text, w, x):
    total = sum(mp.exp(a) for a in w)
    shares = [mp.exp(a) / total for a in w] if "softmax" in text else w
    times = 2 if "2*w" in text else 1
    exponents = [-((a - 1) ** 2) / 2 if "**2" in text else -a if "-x" in text else a for a in x]
    value = mp.log(sum(times * s * mp.exp(u) for s, u in zip(shares, exponents, strict=True)))
    return -value if text.startswith("-") else value


@pytest.mark.parametrize("text, w, x", one_in(3, WEIGHTED))
@pytest.mark.parametrize("target", ["numpy", pytest.param("c", marks=compiles)])
@pytest.mark.parametrize("inner", ["{}", "s"])
def test_weighted_sums_over_arrays_keep_their_digits(text, w, x, target, inner):
    """In one line, and with the sum in a node of its own."""
    sum_ = text[text.index("sum(") : -1]
    lines = f"f: output = {text}"
    if inner == "s":
        lines = f"s = {sum_}\nf: output = {text.replace(sum_, 's')}"
    circuit = sb.circuit(f"w: param[n]\nx: param[n]\n{lines}", loss=None)
    module = circuit.compile(target=target)
    params = module.Params(w=np.array(w), x=np.array(x))
    with np.errstate(all="ignore"):
        value, cache_ = module.forward(params, module.Inputs())
        bars = module.backward(params, module.Inputs(), cache_)[0]
    count = len(w)
    right = truth(lambda *at: worth(text, at[:count], at[count:]), [*w, *x])
    got = [float(value), *bars.w.tolist(), *bars.x.tolist()]
    for came, (expected, moved) in zip(got, right, strict=True):
        allowed = 2.0**-52 * (OVER_CONDITION * (abs(expected) + moved) + ULP * abs(expected))
        assert abs(mp.mpf(came) - expected) <= allowed, (got, right)


def divergence(x, y):
    return mp.fsum(
        a * mp.log(2 * a / (a + b)) + b * mp.log(2 * b / (a + b)) for a, b in zip(x, y, strict=True)
    )


def cosine(x, y):
    lengths = [mp.sqrt(mp.fsum(u * u for u in v)) for v in (x, y)]
    return mp.fsum(a * b for a, b in zip(x, y, strict=True)) / lengths[0] / lengths[1]


def of_powers(x, y):
    return mp.cbrt(mp.fsum(abs(u) ** 3 for u in x)) + mp.root(mp.fsum(u**4 for u in y) / len(y), 4)


NEARLY = ([0.3, 0.25, 0.45], [0.3 + 1e-9, 0.25, 0.45 - 1e-9])
# formulas of two vectors → these, and what is meant
OF_VECTORS = [
    ("sum(x*log(2*x/(x + y))) + sum(y*log(2*y/(x + y)))", *NEARLY, divergence),
    ("sum(x*log(x)) + sum(y*log(y)) - 2*sum((x + y)/2*log((x + y)/2))", *NEARLY, divergence),
    ("(x @ y)/(norm(x)*norm(y))", [1e200, 2e200, 1e199], [1e-200, -2e-200, 3e-199], cosine),
    (
        "sum(abs(x)**3)**(1/3) + mean(y**4)**(1/4)",
        [1e200, -2e200, 1e199],
        [3e200, 1e198, -2e200],
        of_powers,
    ),
    (
        "sum(abs(x)**3)**(1/3) + mean(y**4)**(1/4)",
        [1e-200, -2e-200, 1e-210],
        [3.0, 1e-9, -2.0],
        of_powers,
    ),
    ("sum(x*y)/sqrt(sum(x**2)*sum(y**2))", [1e-200, 2e-201], [-1e-180, 2e-179], cosine),
]


@pytest.mark.parametrize("text, x, y, meaning", one_in(3, OF_VECTORS))
@pytest.mark.parametrize("target", ["numpy", pytest.param("c", marks=compiles)])
def test_formulas_of_two_vectors_keep_their_digits(text, x, y, meaning, target):
    module = sb.circuit(f"x: param[n]\ny: param[n]\nf: output = {text}").compile(target=target)
    params = module.Params(x=np.array(x), y=np.array(y))
    with np.errstate(all="ignore"):
        value, cache_ = module.forward(params, module.Inputs())
        bars = module.backward(params, module.Inputs(), cache_)[0]
    count = len(x)
    right = truth(lambda *at: meaning(at[:count], at[count:]), [*x, *y])
    got = [float(value), *bars.x.tolist(), *bars.y.tolist()]
    for came, (expected, moved) in zip(got, right, strict=True):
        allowed = 2.0**-52 * (OVER_CONDITION * (abs(expected) + moved) + ULP * abs(expected))
        assert abs(mp.mpf(came) - expected) <= allowed, (got, right)


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.circuit.replace("\n", "; "))
def test_the_check_agrees(form):
    """At its own points: rounding inside a kernel is allowed for, and every rewriting is proven."""
    report = circuit_of(form).check()
    assert report.passed, str(report)
    assert not any("left as typed" in remark for remark in report.remarks)


@pytest.mark.parametrize(
    "form", one_in(6, [f for f in FORMS if "\n" not in f.circuit]), ids=lambda form: form.circuit
)
def test_forms_in_a_mean_over_arrays_are_rewritten_as_those_of_numbers(form):
    leaves = "".join(f"{name}: input[rows9]\n" for name in form.points)
    typed = form.circuit.removeprefix("f = ")
    found, unproven = rewritten(sb.circuit(f"{leaves}out: output = mean({typed})", loss=None))
    alone, _ = rewritten(circuit_of(form))
    assert not unproven
    assert found["out"].formula.args[0] == alone["f"].formula
