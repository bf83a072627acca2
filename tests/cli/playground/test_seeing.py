"""What `symback see` draws: every number beside closed forms, NumPy or mpmath."""

import json
import math
import re
import shutil
import subprocess

import mpmath as mp
import numpy as np
import pytest
import sympy as sp
from click.testing import CliRunner

import symback as sb
from symback.autodiff.updates import RULES
from symback.cli.in_browser import PICTURES
from symback.cli.main import cli
from symback.cli.playground.protocol import EXAMPLES, answer
from symback.cli.playground.seeing import ACTIVATIONS, PAGES, seeing_page
from symback.derivation.text.updates import step_in_text
from tests.cases.browser import in_browser, start_browser

NODE = shutil.which("node")


def parts(page):
    """The functions of a page, and its data."""
    code = page.partition("const FUNCTIONS = ")[2].partition("})();")[0] + "})();"
    data = page.partition('id="page-data">')[2].partition("</script>")[0]
    return code, json.loads(data)


def in_node(code, expression):
    script = f"const FUNCTIONS = {code}\nconsole.log(JSON.stringify({expression}));"
    done = subprocess.run([NODE, "-e", script], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_the_command_and_the_protocol_have_the_same_pictures():
    assert tuple(PAGES) == PICTURES
    html = answer({"ask": "see", "what": "layers", "text": "f = w*x"})["html"]
    assert html == seeing_page("layers")


def test_the_command_writes_a_page_of_its_own(tmp_path):
    path = tmp_path / "tangent.html"
    done = CliRunner().invoke(cli, ["see", "tangent", "f = σ(w·x + b)", "-o", str(path)])
    assert done.exit_code == 0
    text = path.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>") and "http" not in text.replace("httpequiv", "")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["tangent"], "give one, such as f = sigma(w*x)"),
        (["layers", "f = w*x"], "'layers' takes no circuit"),
        (["tangent", "x: input[d]; w: param[d]; l: loss = sum(w*x)"], "a size has a name"),
        (["tangent", "x: input[99]; w: param[99]; l: loss = sum(w*x)"], "at most 60 entries"),
        (["surface"], "'tangent', 'activations', 'layers'"),
    ],
)
def test_what_cannot_be_seen_is_said(arguments, says):
    done = CliRunner().invoke(cli, ["see", *arguments])
    assert done.exit_code == 2
    assert says in str(done.exception) + done.output


@pytest.mark.skipif(NODE is None, reason="node is not installed")
def test_the_tangent_has_value_gradient_and_curvature_of_the_circuit():
    code, data = parts(seeing_page("tangent", sb.circuit(EXAMPLES["L6b: multiple paths"])))
    names = [name for name, _, _ in data["arguments"]]
    x3, x5, w3, w4, x4 = sp.symbols("x3 x5 w3 w4 x4")
    f = x3 + x5 - 1 / (1 + sp.exp(-(w3 * x3 + w4 * x4)))
    at = {sp.Symbol(name): sp.Float(data["at"][name], 50) for name in names}
    moved = [sp.Symbol(name) for name in data["moved"]]
    given = ", ".join(repr(data["at"][name]) for name in names)
    v = [0.5, -0.25, 1.0, 2.0, -1.5]
    found = in_node(
        code,
        f"[FUNCTIONS.value({given}), FUNCTIONS.gradient({given}),"
        f" FUNCTIONS.hessp({given}, {', '.join(map(repr, v))})]",
    )
    assert found[0] == pytest.approx(float(f.subs(at)), rel=1e-14, abs=0)
    assert found[1] == pytest.approx([float(f.diff(m).subs(at)) for m in moved], rel=1e-13, abs=0)
    hessp = sp.hessian(f, moved).subs(at) * sp.Matrix(v)
    assert found[2] == pytest.approx([float(x) for x in hessp], rel=1e-12, abs=0)


TRUE = {
    "sigma": lambda x: 1 / (1 + mp.exp(-x)),
    "tanh": mp.tanh,
    "relu": lambda x: max(x, mp.mpf(0)),
    "leaky_relu": lambda x: x if x > 0 else x / 10,
    "elu": lambda x: x if x > 0 else mp.expm1(x),
    "softplus": lambda x: mp.log1p(mp.exp(x)),
    "silu": lambda x: x / (1 + mp.exp(-x)),
    "gelu": lambda x: x * mp.ncdf(x),
}


@pytest.mark.skipif(NODE is None, reason="node is not installed")
def test_activations_and_slopes_are_true():
    code, data = parts(seeing_page("activations"))
    assert [name for name, _ in data["functions"]] == list(ACTIVATIONS) == list(TRUE)
    places = [-5.5, -1.25, -0.5, 0.75, 3.0]
    found = in_node(
        code,
        f"Object.entries(FUNCTIONS).map(([name, f]) => [name, {places}.map((x) =>"
        " [Number(f.value(x)), Number(f.slope(x))])])",
    )
    with mp.workdps(50):
        for name, rows in found:
            for x, (value, slope) in zip(places, rows, strict=True):
                assert value == pytest.approx(float(TRUE[name](mp.mpf(x))), rel=1e-13, abs=0), (
                    name,
                    x,
                )
                wanted = float(mp.diff(TRUE[name], mp.mpf(x)))
                assert slope == pytest.approx(wanted, rel=1e-13, abs=1e-15), (name, x)


# -- in Chromium -----------------------------------------------------------------------------------


class Normals:
    """The page's generator: a linear congruence, and the transform of Box and Muller."""

    def __init__(self, seed):
        self.state = seed

    def uniform(self):
        self.state = (self.state * 1664525 + 1013904223) % 2**32
        return (self.state + 0.5) / 2**32

    def __call__(self):
        radius = math.sqrt(-2 * math.log(self.uniform()))
        return radius * math.cos(2 * math.pi * self.uniform())


def norms(value, slope, depth, width, scale):
    """‖δ‖ of the first and the last layer, with matrices."""
    normal = Normals(1)
    draw = lambda: np.array([normal() for _ in range(width)])  # noqa: E731
    h, last = draw(), draw()
    weights = [scale / math.sqrt(width) * np.array([draw() for _ in range(width)])
               for _ in range(depth)]  # fmt: skip
    nets = []
    for w in weights:
        nets.append(w @ h)
        h = value(nets[-1])
    delta = last * slope(nets[-1])
    found = [np.linalg.norm(delta)]
    for w, net in zip(weights[:0:-1], nets[-2::-1], strict=True):
        delta = slope(net) * (w.T @ delta)
        found.append(np.linalg.norm(delta))
    return found[-1], found[0]


def sigma(x):
    return 1 / (1 + np.exp(-x))


FORMS = {
    "sigma": (sigma, lambda x: sigma(x) * (1 - sigma(x))),
    "tanh": (np.tanh, lambda x: 1 - np.tanh(x) ** 2),
    "relu": (lambda x: np.maximum(x, 0), lambda x: (x > 0) * 1.0),
}


@in_browser
def test_the_pages_in_chromium(tmp_path):
    driver = start_browser()
    try:
        for name in PAGES:
            circuit = sb.circuit(EXAMPLES["Network of arrays"]) if name == "tangent" else None
            (tmp_path / "page.html").write_text(seeing_page(name, circuit), encoding="utf-8")
            driver.get("about:blank")
            driver.get((tmp_path / "page.html").as_uri())
            assert not driver.get_log("browser")
            said = driver.find_element("id", "said").get_attribute("textContent")
            if name == "tangent":
                check_tangent(said)
            captions = [e.text for e in driver.find_elements("css selector", "#plots figcaption")]
            if name == "activations":
                assert len(captions) == len(ACTIVATIONS)
                assert "φ = 0.7311, φ′ = 0.1966" in captions[0]
            if name == "layers":
                check_layers(captions)
    finally:
        driver.quit()


def check_tangent(said):
    """The parabola is nearer than the tangent, and ∇f·v is the length of the gradient."""
    number = r"(−?[\d.]+(?:e[−+]?\d+)?)"
    found = re.search(rf"∇f·v = {number}, vᵀHv = {number}", said)
    slope, _ = (float(x.replace("−", "-")) for x in found.groups())
    circuit = sb.circuit(EXAMPLES["Network of arrays"])
    from symback.derivation.starts import array_start

    derivation = circuit.derive("E")
    _, gradient = derivation.at(**array_start(derivation).values).evaluated()
    length = math.sqrt(sum(float(np.sum(np.square(x))) for x in gradient.values()))
    assert slope == pytest.approx(-length, rel=1e-4)


def check_layers(captions):
    for text, (name, forms) in zip(captions, FORMS.items(), strict=True):
        first, last = norms(*forms, depth=12, width=16, scale=1.0)
        found = [float(x.replace("−", "-")) for x in re.findall(r"(?:from|to) ([\d.e−]+) at", text)]
        assert text.startswith(name)
        assert found == pytest.approx([last, first], rel=6e-3)


BESIDE = """
const choose = (id, value) => {
  const field = document.getElementById(id);
  field.value = value;
  field.dispatchEvent(new Event("change"));
};
return [...document.querySelectorAll("#method option")].map(({ value }) => {
  choose("method", value);
  choose("beside", "gd");
  for (let i = 0; i < 8; i += 1) document.getElementById("step").click();
  choose("view", "surface");
  const texts = ["said", "rules"].map((id) => document.getElementById(id).textContent);
  return [value, ...texts, document.getElementById("legend").hidden];
});
"""


def by_hand(method, slopes, *, eta=0.1, steps=8):
    """Where an optimiser stands after some steps from 0 over all rows, as its paper has it."""
    theta, m, v = np.zeros(2), np.zeros(2), np.zeros(2)
    for t in range(1, steps + 1):
        g = slopes(theta)
        m = 0.9 * m + g * (0.1 if method.startswith("adam") else 1)
        kept = {"adagrad": (1, 1), "rmsprop": (0.9, 0.1)}.get(method, (0.999, 0.001))
        v = kept[0] * v + kept[1] * g * g
        m_hat, v_hat = m / (1 - 0.9**t), v / (1 - 0.999**t)
        theta = (
            theta
            - eta
            * {
                "gd": g,
                "momentum": m,
                "nesterov": g + 0.9 * m,
                "adagrad": g / (np.sqrt(v) + 1e-10),
                "rmsprop": g / (np.sqrt(v) + 1e-8),
                "adam": m_hat / (np.sqrt(v_hat) + 1e-8),
                "adamw": m_hat / (np.sqrt(v_hat) + 1e-8) + 0.01 * theta,
            }[method]
        )
    return theta


@in_browser
def test_every_method_descends_beside_another_in_one_picture(tmp_path):
    """Each beside plain descent on the mean of (w·x + b − y)²/2, as by NumPy's recurrences."""
    text = EXAMPLES["Line"]
    table = answer({"ask": "table", "text": text})["data"]
    page = answer({"ask": "descent", "text": text, "data": table})["html"]
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    rows = np.array([line.split(",") for line in table.splitlines()[1:]], dtype=float)
    x, y = rows.T

    def residual(theta):
        return theta[0] * x + theta[1] - y

    def slopes(theta):
        return np.array([np.mean(residual(theta) * x), np.mean(residual(theta))])

    driver = start_browser()
    try:
        driver.get((tmp_path / "page.html").as_uri())
        found = driver.execute_script(BESIDE)
        assert not driver.get_log("browser")
    finally:
        driver.quit()
    assert [method for method, *_ in found] == ["gd", "minibatch", "sgd", *list(RULES)[1:]]
    for method, said, lines, is_hidden in found:
        assert not is_hidden
        rule = step_in_text(sb.update(method if method in RULES else "sgd"))[-1]
        assert rule.translate(str.maketrans("", "", "_{}")) in lines  # indices are set as such
        losses = [float(part) for part in re.findall(r"mean loss ([\d.]+)", said)]
        for name, loss in zip([method, "gd"], losses, strict=True):
            if name not in ("minibatch", "sgd"):  # whose rows are drawn
                wanted = np.mean(residual(by_hand(name, slopes)) ** 2) / 2
                assert loss == pytest.approx(wanted, rel=1e-4), name
