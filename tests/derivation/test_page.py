"""The page: the record's steps, no network, the same bytes at every run, numbers as in Python.

Its programs run in node, the page itself in a headless Chromium; each where it is installed.
"""

from __future__ import annotations

import inspect
import json
import math
import os
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import sympy as sp
from click.testing import CliRunner

import symback as sb
from symback.cli.main import cli
from symback.codegen.javascript import printer as javascript
from symback.codegen.javascript.printer import FUNCTIONS, JavaScriptPrinter, module
from symback.codegen.numpy import (
    bessel_kernels,
    difference_kernels,
    entropy_kernels,
    exponential_kernels,
    gamma_kernels,
    incomplete_kernels,
    inverse_kernels,
    kernels,
    remainder_kernels,
    rise_kernels,
    series_kernels,
    special_kernels,
    stirling_kernels,
)
from symback.derivation.numbers.links import reaching
from symback.derivation.numbers.scalars import numbers_at
from symback.derivation.page.html import MOST_STEPS_IN_MATHML, page_text
from symback.derivation.page.live import programs
from symback.derivation.page.mathml import mathml
from symback.derivation.page.matrix import has_stable_form, matrix_programs
from symback.errors import CircuitError, SymbackError, Unsupported
from symback.operations.edges import CAREFUL, over_square
from symback.operations.elementwise import OPS, SLOPES
from tests.cases.browser import (
    DIGITS,
    OVERLAPS,
    complaints,
    in_browser,
    lit_step,
    position,
    set_leaf,
    shown_numbers,
    start_browser,
    wanted_number,
)
from tests.cases.one_in import one_in
from tests.cases.page_reader import Reader
from tests.cases.sample_circuits import ALL, LECTURE, OPERATIONS

ROOT = Path(__file__).parents[2]
NODE = shutil.which("node")
L6B_POINT = {"x3": 0.5, "x5": 0.3, "x4": -1.5, "w3": 2.0, "w4": 0.8}


RUNNER = """
function run(rows, names) {
  for (const row of rows) names.set(row.name, row.value(...row.from.map((n) => names.get(n))));
  return names;
}
"""


def page_of(text, of=None, wrt=None, **at):
    d = sb.circuit(text).derive(of, wrt)
    return (d.at(**at) if at else d).to_html()


# -- without a browser -----------------------------------------------------------------------


@pytest.mark.parametrize("name", one_in(14, ALL))
def test_the_steps_are_the_records(name):
    d = sb.circuit(ALL[name]).derive()
    page = Reader(d.to_html())
    assert page.steps == [(s.id, s.kind) for s in d.steps]
    assert len(page.ids) == len(set(page.ids))


@pytest.mark.parametrize("name", ["L5", "L6b", "nested where", "two layers"])
def test_the_page_needs_nothing_else(name):
    text = page_of(ALL[name])
    assert "http" not in text
    assert not re.search(r"@import|url\(|\bimport\b|fetch\(|XMLHttpRequest|<iframe|<object", text)
    for tag, key, value in Reader(text).attributes:
        assert key not in ("src", "srcset", "action", "data", "poster", "xmlns"), (tag, key)
        assert not key.startswith("on"), (tag, key)
        if key in ("href", "xlink:href"):
            assert value.startswith("#step=") or value == "data:,"


@pytest.mark.slow
def test_the_same_bytes_under_any_hash_seed(tmp_path):
    code = (
        "import sys; from symback.cli.main import cli; cli(['derive', sys.argv[1], '--at', 'x=0.5',"
        " '--format', 'html', '-o', sys.argv[2]])"
    )
    text = "f = where((x > 1) & (b < x), w*log(x), max(w*x, b)) + gelu(w*x)*silu(b)"
    pages = []
    for seed in ("0", "1"):
        out = tmp_path / f"{seed}.html"
        env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        run = [sys.executable, "-c", code, text, str(out)]
        subprocess.run(run, check=True, env=env, capture_output=True)
        pages.append(out.read_bytes())
    assert pages[0] == pages[1]


def test_command_line_writes_the_page():
    result = CliRunner().invoke(cli, ["derive", "f = w*x", "--format", "html"])
    assert result.exit_code == 0
    assert result.stdout.startswith("<!doctype html>")


def test_texts_are_escaped():
    text = "f = where(x < 1 & w > 2, w*x, b)  # </script><script>alert(1)</script>"
    page = page_of(text)
    assert "alert" not in page
    assert Reader(page).open == []
    assert "<script>alert" not in page.lower()


@pytest.mark.parametrize("name", ["x<b", "x'", 'x"', "</script>", "x y", "é", "a)=>alert(1", "x$"])
def test_hostile_names_are_impossible(name):
    with pytest.raises(SymbackError):
        sb.Circuit.from_sympy(sp.Symbol(name) * 2)
    with pytest.raises(Unsupported):
        JavaScriptPrinter({}).print(sp.Symbol(name))


def test_words_of_javascript_are_ordinary_names():
    text = " + ".join(f"{n}*x{i}" for i, n in enumerate(["new", "var", "this", "let", "eval"]))
    rows = dict(programs(sb.circuit(f"f = {text}").derive()).tables)["FORWARD"]
    assert "new$ * x0" in "".join(rows)


@pytest.mark.parametrize("of", ["l", "f", "x2", "net", "w3"])
def test_every_node_has_a_page(of):
    text = (
        "x3: input; w3: param; y: target\nx2 = sigma(w3*x3 + 1)\nf: output = 2*x2\n"
        "l: loss = (f - y)**2/2"
    )
    d = sb.circuit(text).derive(of, None)
    assert Reader(d.to_html()).steps == [(s.id, s.kind) for s in d.steps]


def test_inner_nodes_can_be_asked_for():
    page = page_text(sb.circuit(LECTURE["L6b"]).derive(None, ["net2", "x3", "f"]))
    assert [r.name for r in page.rows if not r.is_leaf] == ["net2", "f"]


def test_large_derivations_are_written_as_text():
    terms = " + ".join(f"w{i}*x{i}*x{i + 1}" for i in range(60))
    d = sb.circuit(f"f = sigma({terms})").derive()
    page = page_text(d)
    assert len(d.steps) > MOST_STEPS_IN_MATHML
    assert not any("<math" in step.math for group in page.groups for step in group.steps)
    assert len(d.to_html()) < 3_000_000


def test_names_are_words_in_mathematics():
    assert '<mi class="w">net</mi>' in mathml(r"\mathrm{net}_{2}")
    assert '<mi class="w">1_2</mi>' in mathml(r"h_{\mathrm{1\_2}}")


# -- the printer -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("latex", "stretched"),
    [
        (r"f\left(f - y\right)", 0),
        (r"\sigma\left(\mathrm{net}_{2}\right)", 0),
        (r"\left|x\right|", 0),
        (r"\left(\frac{a}{b} - y\right)", 2),
        (r"\frac{a}{b}\left(f - y\right)", 0),
    ],
)
def test_only_brackets_around_something_tall_stretch(latex, stretched):
    brackets = re.findall(r"<mo([^>]*)>[()|]</mo>", mathml(latex))
    assert len(brackets) == 2
    assert sum('stretchy="false"' not in b for b in brackets) == stretched


def test_every_operation_is_printed():
    heads = {op.head for op in OPS.values() if op.name != "sqrt"} | set(SLOPES)
    assert heads | {*CAREFUL} - {over_square} == set(FUNCTIONS)


def test_every_kernel_is_there_and_used():
    called = {name for name in FUNCTIONS.values() if name.startswith("_")}
    sources = javascript.kernel_sources([f"{name}(x)" for name in called])
    text = (ROOT / "symback/codegen/javascript/array_kernels.js").read_text(encoding="utf-8")
    of_rows = set(re.findall(r"^function (_\w+)", text, re.M))  # which modules of arrays call
    assert len(sources) == len(javascript.kernels.names() - of_rows)


def test_unknown_is_an_error():
    x = sp.Symbol("x", real=True)
    for expr in (sp.gamma(x), sp.Function("g")(x), sp.Heaviside(x), sp.Integral(x)):
        with pytest.raises(Unsupported):
            JavaScriptPrinter({"x": (0,)}).print(expr)


def points_of(circuit, count=3):
    """Random points at which all values and adjoints are finite and no digits cancel."""
    rng = random.Random(circuit.source)
    walk = circuit.derive().walk
    leaves = [n.name for n in reaching(walk.circuit, walk.of) if n.is_leaf]
    found = []
    for trial in range(500):
        low = (-2.0, 0.05, 1.05)[trial % 3]
        at = {name: rng.uniform(low, 3.0) for name in leaves}
        try:
            numbers = numbers_at(walk, at)
        except CircuitError:
            continue
        if all(map(math.isfinite, (*numbers.values.values(), *numbers.adjoints.values()))):
            found.append((at, numbers))
        if len(found) == count:
            break
    assert found, "no point in the domain"
    return found


SHARES = 8  # of the circuits, run one by one


def jobs(share):
    for name in list(ALL)[share::SHARES]:
        circuit = sb.circuit(ALL[name])
        yield name, circuit.derive(), points_of(circuit)


def test_programs_can_be_printed_of_every_operation():
    assert set(OPERATIONS) >= set(OPS)


@pytest.mark.skipif(NODE is None, reason="node is not installed")
@pytest.mark.parametrize("share", one_in(SHARES, range(SHARES)))
def test_printed_programs_agree_with_python(share, tmp_path):
    """All values, adjoints and local partials of all sample circuits, at 3 points each."""
    lines, expected = [RUNNER, "const out = [];"], []
    for name, d, points in jobs(share):
        printed = programs(d)
        lines += ["{", *module(printed.tables)]
        for at, numbers in points:
            lines.append(
                f"{{ const v = run(FORWARD, new Map(Object.entries({json.dumps(at)})));"
                f' v.set("{printed.seed}", 1); run(BACKWARD, v); run(LOCAL, v);'
                " out.push([...v].map(([n, x]) => [n, String(x)])); }"
            )
            expected.append((name, printed, numbers))
        lines.append("}")
    lines.append("console.log(JSON.stringify(out));")
    script = tmp_path / "programs.js"
    script.write_text("\n".join(lines), encoding="utf-8")
    run = subprocess.run([NODE, str(script)], capture_output=True, text=True, check=True)
    wrong = []
    for found, (name, printed, numbers) in zip(json.loads(run.stdout), expected, strict=True):
        got = {n: float(x.replace("Infinity", "inf")) for n, x in found}
        pairs = [(n, got.get(n), v) for n, v in numbers.values.items()]
        for n, v in numbers.adjoints.items():
            if n in printed.adjoints:
                pairs.append((f"adjoint {n}", got[printed.adjoints[n]], v))
        scale = max(map(abs, numbers.values.values()))
        for what, value, wanted in pairs:
            if value is None or abs(value - wanted) > DIGITS * max(abs(wanted), 1e-3 * scale):
                wrong.append(f"{name}: {what} is {value!r}, not {wanted!r}")
    assert wrong == []


# test_special_kernels.py has these in every language
FAMILIES = (
    exponential_kernels,
    special_kernels,
    entropy_kernels,
    difference_kernels,
    gamma_kernels,
    bessel_kernels,
    incomplete_kernels,
    inverse_kernels,
    remainder_kernels,
    rise_kernels,
    stirling_kernels,
)
ELSEWHERE = {name for family in FAMILIES for name in vars(family)}
KERNELS = sorted(
    name
    for head, name in FUNCTIONS.items()
    if name.startswith("_") and name not in ELSEWHERE and head not in CAREFUL
)
OUTER = [700.0, 90.0, 37.5, 12.0, 5.0, 2.5, 1.2784645427610738, 1.0, 0.7517915246935645]
PLACES = [sign * x for x in (*OUTER, 0.3, 1e-3, 1e-9, 1e-300) for sign in (-1, 1)]


@pytest.mark.skipif(NODE is None, reason="node is not installed")
@pytest.mark.parametrize("kernel", KERNELS)
def test_kernels_agree_far_out_and_next_to_their_zeros(kernel):
    """With NumPy's kernels, which tests of their own compare with mpmath."""
    natives = {"_relu": lambda z: np.maximum(z, 0.0), "_round": lambda z: np.rint(z)}
    natives["_mod"] = lambda u, v: np.mod(u, v)
    reference = {**natives, **vars(kernels), **vars(series_kernels)}[kernel]
    others = [0.25] * (len(inspect.signature(reference).parameters) - 1)
    places = [x for x in PLACES if x < 0 or kernel != "_log1mexp"]
    code = "\n".join(javascript.kernel_sources([f"{kernel}(x)"]))
    given = ", ".join(["x", *map(str, others)])
    code += f"\nconsole.log(JSON.stringify({json.dumps(places)}.map((x) => {kernel}({given}))));"
    run = subprocess.run([NODE, "-e", code], capture_output=True, text=True, check=True)
    for x, found in zip(places, json.loads(run.stdout), strict=True):
        wanted = float(reference(np.asarray([x]), *others)[0])
        assert found == pytest.approx(wanted, rel=DIGITS, abs=1e-305), x


def test_branches_not_taken_pass_nothing_on():
    d = sb.circuit("n = sqrt(x); f = where(x > 0, w*n, b*x)").derive()
    guarded = [r for r in dict(programs(d).tables)["GUARDS"] if '"n x"' in r]
    assert len(guarded) == 1 and "0" in guarded[0]


# -- in a browser ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def driver():
    found = start_browser()
    yield found
    found.quit()


@pytest.fixture
def opened(driver, tmp_path):
    """Opens a derivation's page; afterwards, nothing was requested or complained of."""

    def open_page(derivation, step=None):
        path = tmp_path / "page.html"
        path.write_text(derivation.to_html(), encoding="utf-8")
        driver.get("about:blank")
        driver.get(path.as_uri() + (f"#step={step}" if step else ""))
        return driver

    complaints(driver)
    yield open_page
    assert complaints(driver) == []


@in_browser
@pytest.mark.parametrize("name", ["L5", "L6b"])
def test_every_step_is_reached_by_button_and_key(opened, name):
    from selenium.webdriver.common.keys import Keys

    d = sb.circuit(ALL[name]).derive()
    driver = opened(d)
    last = len(d.steps)
    body = driver.find_element("tag name", "body")
    button = {
        b.get_attribute("data-go"): b for b in driver.find_elements("css selector", "[data-go]")
    }
    forward = {
        "key": lambda: body.send_keys(Keys.ARROW_RIGHT),
        "space": lambda: body.send_keys(" "),
    }
    for move in (forward["key"], button["next"].click, forward["space"]):
        body.send_keys(Keys.HOME)
        seen = [position(driver)]
        while len(seen) < last:
            move()
            assert lit_step(driver) == position(driver)
            seen.append(position(driver))
        assert seen == list(range(1, last + 1))
        driver.execute_async_script("setTimeout(arguments[0], 100)")
        assert driver.execute_script("return location.hash") == f"#step={last}"
    move()
    assert position(driver) == last
    for back in (lambda: body.send_keys(Keys.ARROW_LEFT), button["back"].click):
        body.send_keys(Keys.END)
        for expected in range(last - 1, 0, -1):
            back()
            assert position(driver) == expected
    button["last"].click()
    assert position(driver) == last
    button["first"].click()
    assert position(driver) == 1
    assert driver.find_element("id", "said").text.startswith(f"Step 1 of {last}")


@in_browser
def test_the_address_names_the_step(opened):
    d = sb.circuit(LECTURE["L6b"]).derive()
    driver = opened(d, step=12)
    assert position(driver) == 12
    driver.execute_script("location.hash = '#step=7'")
    driver.execute_async_script("setTimeout(arguments[0], 50)")
    assert position(driver) == 7
    driver.find_element("css selector", "li[data-step='9'] a.number").send_keys("\n")
    driver.execute_async_script("setTimeout(arguments[0], 50)")
    assert position(driver) == 9


@in_browser
@pytest.mark.parametrize("name", ["L5", "L6b", "two layers", "gelu", "paths"])
def test_a_slider_recomputes_all_as_python_does(opened, name):
    d = sb.circuit(ALL[name]).derive()
    driver = opened(d, step=len(d.steps))
    leaves = [n.name for n in reaching(d.walk.circuit, d.of) if n.is_leaf]
    at = {leaf: float(i + 1) / 7 for i, leaf in enumerate(leaves)}
    for leaf, value in at.items():
        set_leaf(driver, "number", leaf, repr(value))
    set_leaf(driver, "range", leaves[0], "-0.75")
    at[leaves[0]] = -0.75
    numbers = numbers_at(d.walk, at)
    steps, rows = shown_numbers(driver)
    checked = 0
    for slot, text in steps:
        wanted = wanted_number(numbers, slot)
        if wanted is not None:
            assert float(text) == pytest.approx(wanted, rel=DIGITS, abs=1e-15), slot
            checked += 1
    assert checked >= len(d.walk.edges)
    for leaf, partial, difference in rows:
        assert float(partial) == pytest.approx(numbers.adjoints[leaf], rel=DIGITS, abs=1e-15)
        assert float(difference) == pytest.approx(numbers.adjoints[leaf], rel=1e-7, abs=1e-8)


@in_browser
def test_nothing_is_shown_before_it_is_computed(opened):
    d = sb.circuit(LECTURE["L6b"]).derive().at(**L6B_POINT)
    driver = opened(d, step=1)
    texts = driver.execute_script(
        "return [...document.querySelectorAll('[data-slot]')]"
        ".map((e) => [e.dataset.slot, e.textContent])"
    )
    for slot, text in texts:
        if (slot.startswith("value x") and slot != "value x2") or slot.startswith("value w"):
            assert "—" not in text
        else:
            assert text.endswith("—"), slot
    set_leaf(driver, "number", "w3", "")
    driver.find_element("css selector", "[data-go=last]").click()
    _, rows = shown_numbers(driver)
    known = {leaf for leaf, partial, _ in rows if partial}
    assert known == set()
    assert "0" not in driver.execute_script(
        "return document.querySelector('[data-slot=\"value net2\"]').textContent"
    )


@in_browser
def test_numbers_that_are_not_finite_are_named(opened):
    d = sb.circuit("f = log(x)*w + 1/x", loss=None).derive().at(x=1, w=1)
    driver = opened(d, step=len(d.steps))
    set_leaf(driver, "number", "x", "-1")
    assert "undefined" in driver.find_element("id", "steps").text
    set_leaf(driver, "number", "x", "0")
    text = driver.find_element("id", "steps").text
    assert "∞" in text and "undefined" in text


@in_browser
def test_a_branch_not_taken_does_no_harm(opened):
    d = sb.circuit(ALL["guarded where"]).derive().at(x=-0.5, w=2, b=3)
    driver = opened(d, step=len(d.steps))
    _, rows = shown_numbers(driver)
    assert {leaf: float(p) for leaf, p, _ in rows} == {"x": 3.0, "w": 0.0, "b": -0.5}


NETWORK = (
    "h1 = tanh(w1*x1 + w2*x2 + b1)\nh2 = tanh(w3*x1 + w4*x2 + b2)\nh3 = tanh(w5*x1 + w6*x2 + b3)\n"
    "k1 = tanh(w7*h1 + w8*h2 + w9*h3 + b4)\nk2 = tanh(w10*h1 + w11*h2 + w12*h3 + b5)\n"
    "f = sigma(w13*k1 + w14*k2 + b6)"
)


@in_browser
@pytest.mark.parametrize("width", [1200, 420])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("text", [LECTURE["L5"], LECTURE["L6b"], NETWORK], ids=["L5", "L6b", "net"])
def test_no_label_overlaps_another(opened, text, theme, width):
    d = sb.circuit(text).derive()
    driver = opened(d, step=len(d.steps))
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False},
    )
    features = [{"name": "prefers-color-scheme", "value": theme}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    assert driver.execute_script(OVERLAPS) == []
    for leaf in ("x3", "x1"):
        if driver.find_elements("css selector", f"input[data-leaf={leaf}]"):
            set_leaf(driver, "number", leaf, "-1.2345678e-105")
    assert driver.execute_script(OVERLAPS) == []
    driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@in_browser
def test_print_shows_all_steps(opened):
    d = sb.circuit(LECTURE["L6b"]).derive().at(**L6B_POINT)
    driver = opened(d, step=2)
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    driver.execute_script("dispatchEvent(new Event('beforeprint'))")
    hidden = driver.execute_script(
        "return [...document.querySelectorAll('li[data-step]')]"
        ".filter((li) => li.getClientRects().length === 0 || li.matches('.later')).length"
    )
    assert hidden == 0
    assert not driver.find_element("css selector", "nav").is_displayed()
    assert (
        driver.execute_script("return getComputedStyle(document.getElementById('steps')).maxHeight")
        == "none"
    )
    driver.execute_script("dispatchEvent(new Event('afterprint'))")
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert position(driver) == 2


@in_browser
def test_the_keyboard_alone_reaches_every_control(opened):
    from selenium.webdriver.common.keys import Keys

    driver = opened(sb.circuit(LECTURE["L5"]).derive())
    reached = set()
    for _ in range(120):
        driver.switch_to.active_element.send_keys(Keys.TAB)
        reached.add(driver.execute_script(
            "const e = document.activeElement;"
            "if (e.dataset.leaf) return `${e.type} ${e.dataset.leaf}`;"
            "return e.dataset.go ?? (e.id || e.tagName)"
        ))  # fmt: skip
    leaves = [f"{kind} {name}" for kind in ("range", "number") for name in ("x1", "w3", "x4")]
    assert {
        "first",
        "back",
        "next",
        "last",
        "reset",
        "picture",
        "steps",
        "SUMMARY",
        *leaves,
    } <= reached
    slider = driver.find_element("css selector", "input[type=range][data-leaf=w3]")
    before = slider.get_attribute("value")
    slider.send_keys(Keys.ARROW_RIGHT)
    assert slider.get_attribute("value") != before
    assert position(driver) == 1


# -- matrices --------------------------------------------------------------------------------------

MATRICES = {
    "product": ("x: input; w: param; f = x*sin(w*x) + w**2", {"order": 2, "wrt": ["w", "x"]}),
    "powers": ("x: input; w: param; u = x**3; f = u**2*w + u", {"order": 2, "wrt": ["w", "x"]}),
    "branch": (
        "x: input; w: param; f = where(x > 0.5, x**2*w, w**3)",
        {"order": 2, "wrt": ["w", "x"]},
    ),
    "rows": (
        "p: param; w: param; x: output = cos(p)*w; y: output = sin(p + w)",
        {"jacobian": True},
    ),
    "softplus": ("x: input; w: param; f = log(1 + exp(w*x))", {"order": 2, "wrt": ["w", "x"]}),
    "growth": ("x: input; a: param; k: param; f = a*(1 - exp(-k*x))", {"order": 2}),
    "row as typed, then a stable one": (
        "x: input; a: param; k: param; g: output = a*x; f: output = a*(1 - exp(-k*x))",
        {"jacobian": True},
    ),
    "two stable rows": (
        "x: input; w: param; k: param; g: output = log(1 + exp(w*x)); f: output = 1 - exp(-k*x*w)",
        {"jacobian": True},
    ),
    "cross entropy": (
        "x: input; y: input; w: param; p = sigma(w*x); L = -y*log(p) - (1 - y)*log(1 - p)",
        {"order": 2, "of": "L", "wrt": ["w", "x"]},
    ),
}
STABLE = {"softplus": {"w": 40.0, "x": 20.0}, "cross entropy": {"w": 40.0, "x": 20.0, "y": 1.0}}
"""Points where the formulas as typed have no number, or only a few digits."""


def matrix_of(name):
    text, options = MATRICES[name]
    return sb.circuit(text.replace("; ", "\n"), loss=None).derive(**options)


@pytest.mark.skipif(NODE is None, reason="node is not installed")
@pytest.mark.parametrize("name", MATRICES)
def test_entries_of_matrices_agree_with_python(tmp_path, name):
    d = matrix_of(name)
    printed = matrix_programs(d)
    at = {n.name: 0.3 + 0.4 * i for i, n in enumerate(d.walk.circuit.leaves)}
    script = tmp_path / "entries.js"
    lines = [RUNNER, *module(printed.tables)]
    lines.append(f"const v = run(FORWARD, new Map(Object.entries({json.dumps(at)})));")
    lines.append("run(ENTRIES, v);")
    if has_stable_form(d):
        lines.append("run(STABLE_ENTRIES, v);")
    lines.append("console.log(JSON.stringify([...v]));")
    script.write_text("\n".join(lines), encoding="utf-8")
    run = subprocess.run([NODE, str(script)], capture_output=True, text=True, check=True)
    found = dict(json.loads(run.stdout))
    expected = d.at(**at).evaluated()[1]
    assert len(expected) > 2
    for left, value in expected.items():
        slot = " ".join(("whole", *left))
        for each in {slot, f"stable {slot}"} & found.keys():
            assert found[each] == pytest.approx(value, rel=1e-12, abs=1e-15)


@in_browser
@pytest.mark.parametrize("name", MATRICES)
def test_sliders_move_the_entries_of_a_matrix(opened, name):
    d = matrix_of(name)
    driver = opened(d, step=len(d.steps))
    leaves = [n.name for n in d.walk.circuit.leaves]
    at = {leaf: float(i + 1) / 7 for i, leaf in enumerate(leaves)}
    for leaf, value in at.items():
        set_leaf(driver, "number", leaf, repr(value))
    set_leaf(driver, "range", leaves[0], "-0.75")
    at[leaves[0]] = -0.75
    shown = dict(shown_numbers(driver)[0])
    compare_entries(d, at, shown)
    if name in STABLE:
        for leaf, value in STABLE[name].items():
            set_leaf(driver, "number", leaf, repr(value))
        compare_entries(d, STABLE[name], dict(shown_numbers(driver)[0]))
    assert complaints(driver) == []


@in_browser
@pytest.mark.parametrize("name", [name for name, (_, o) in MATRICES.items() if "jacobian" in o])
def test_the_table_of_a_jacobian_has_every_entry_and_its_central_difference(opened, name):
    d = matrix_of(name)
    driver = opened(d, step=len(d.steps))
    at = {n.name: 0.3 + 0.4 * i for i, n in enumerate(d.walk.circuit.leaves)}
    for leaf, value in at.items():
        set_leaf(driver, "number", leaf, repr(value))
    found = {tuple(key.split(" ")): numbers for key, *numbers in shown_numbers(driver)[1]}
    for (of, leaf), value in d.at(**at).evaluated()[1].items():
        partial, difference = found[(leaf,) if of == d.of else (leaf, of)]
        assert float(partial) == pytest.approx(value, rel=DIGITS, abs=1e-15), (of, leaf)
        assert float(difference) == pytest.approx(value, rel=1e-7, abs=1e-8), (of, leaf)


def compare_entries(d, at, shown):
    """What the page gives: the number of the stable form, where an entry has one."""
    for left, value in d.at(**at).evaluated()[1].items():
        slot = " ".join(("whole", *left))
        found = float(shown.get(f"stable {slot}", shown.get(slot)))
        assert found == pytest.approx(value, rel=DIGITS, abs=1e-15), left


def test_a_matrix_of_arrays_whose_sizes_have_names_has_the_numbers_of_its_point():
    arrays = sb.circuit("x: input[n]; w: param[n]\nf = dot(w, x)**2\nloss: none")
    page = arrays.derive("f", order=2).at(x=[1, 2], w=[3, 4]).to_html()
    assert '<input type="range"' not in page and "const ENTRIES" not in page


@pytest.mark.parametrize("name", MATRICES)
def test_each_part_of_a_matrix_is_there_once(name):
    page = matrix_of(name).to_html().partition('<section id="steps"')[2]
    titles = re.findall(r"<(?:h2|summary)[^>]*>(.*?)</(?:h2|summary)>", page)
    assert len(titles) == len(set(titles)) > 2


@pytest.mark.parametrize("name", ["L5", "L6a", "L6b"])
def test_folded_headings_have_a_name_for_screen_readers(name):
    derivation = sb.circuit(LECTURE[name]).derive()
    html = derivation.to_html()
    spoken = re.findall(r'<summary aria-label="([^"]*)">', html)
    assert spoken == [f"∂{derivation.of}/∂{leaf}" for leaf in derivation.wrt]
    assert html.count('<details class="group">') == len(spoken)
