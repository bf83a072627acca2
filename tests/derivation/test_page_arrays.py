"""Pages of arrays: every number that the page computes is Python's; sliders, entries, links."""

import json
import re
import shutil
import subprocess

import numpy as np
import pytest

import symback as sb
from symback.derivation.numbers.arrays import array_numbers
from symback.derivation.page.arrays import array_page
from symback.derivation.page.html import page_text
from symback.derivation.starts import array_start, by_entry, flat_of, leaves_below
from tests.cases.arrays_on_pages import (
    CIRCUITS,
    HESSIANS,
    JACOBIANS,
    NETWORK,
    derived,
    hessian,
    jacobian,
)
from tests.cases.browser import OVERLAPS, complaints, in_browser, set_leaf, start_browser
from tests.cases.one_in import one_in
from tests.cases.sample_circuits import LECTURE

NODE = shutil.which("node")


def by_page(derivation, at):
    """All numbers by their slots, as the page's own function computes them in Node.js."""
    page = array_page(derivation)
    script = (
        f"{page.code}\nconst at = {json.dumps(at)};\n"
        f"const page = {json.dumps({'arguments': page.arguments, 'slots': page.slots})};\n"
        "const given = page.arguments.map(([name, entries]) => entries.length === 1 && "
        "entries[0] === name ? at[name] : Float64Array.from(entries, (e) => at[e]));\n"
        "const found = allNumbers(...given).map((x) => typeof x === 'number' ? [x] : [...x]);\n"
        "console.log(JSON.stringify(found));\n"
    )
    done = subprocess.run([NODE, "-e", script], capture_output=True, text=True, check=True)
    return dict(zip([slot for slot, _ in page.slots], json.loads(done.stdout), strict=True))


@pytest.mark.skipif(NODE is None, reason="node is not installed")
@pytest.mark.parametrize("name", one_in(2, CIRCUITS))
def test_every_number_of_the_page_is_that_of_the_derivation(name):
    derivation = derived(name)
    values = array_start(derivation).values
    found = by_page(derivation, by_entry(values, leaves_below(derivation)))
    numbers = array_numbers(derivation.at(**values))
    for slot, entries in found.items():
        kind, *names = slot.split(" ")
        if kind == "contribution":
            step = next(s for s in derivation.steps if s.kind == "edge" and s.left == tuple(names))
            wanted = numbers.steps[step.id]
        else:
            wanted = (numbers.values if kind == "value" else numbers.adjoints)[names[0]]
        assert entries == pytest.approx(flat_of(wanted), rel=1e-13, abs=1e-15), slot
    kinds = {slot.split(" ")[0] for slot in found}
    assert {"value", "adjoint"} <= kinds


@pytest.mark.skipif(NODE is None, reason="node is not installed")
@pytest.mark.parametrize("name", HESSIANS)
def test_every_block_of_a_hessian_is_that_of_the_derivation(name):
    derivation = hessian(name)
    values = array_start(derivation).values
    found = by_page(derivation, by_entry(values, leaves_below(derivation)))
    at = derivation.at(**values)
    steps, (_, blocks) = array_numbers(at).steps, at.evaluated()
    shown = {step.left: found.get(f"block {step.id}") for step in derivation.steps}
    for left, block in blocks.items():
        assert shown[left] == pytest.approx(np.ravel(block), rel=1e-12, abs=1e-15), left
    for number, entries in steps.items():
        if f"block {number}" in found:
            wanted = flat_of(entries)
            assert found[f"block {number}"] == pytest.approx(wanted, rel=1e-12, abs=1e-15)
    leaves = [n.name for n in leaves_below(derivation)]
    assert {row.leaf for row in page_text(derivation).rows} == set(leaves)


@pytest.mark.skipif(NODE is None, reason="node is not installed")
@pytest.mark.parametrize("name", JACOBIANS)
def test_every_block_of_a_jacobian_is_that_of_the_derivation(name):
    derivation = jacobian(name)
    values = array_start(derivation).values
    found = by_page(derivation, by_entry(values, leaves_below(derivation)))
    at = derivation.at(**values)
    for number, wanted in array_numbers(at).steps.items():
        step = derivation.steps[number - 1]
        slot = f"value {step.left}" if step.kind == "forward" else f"block {number}"
        if step.kind not in ("differential", "product"):
            assert found[slot] == pytest.approx(flat_of(wanted), rel=1e-12, abs=1e-15), slot
    last = {left: derivation.last_step_about(left) for left in derivation.asked}
    for left, block in at.evaluated()[1].items():
        assert last[left].kind == "product" or found[f"block {last[left].id}"] == pytest.approx(
            np.ravel(block), rel=1e-12, abs=1e-15
        )
    rows = page_text(at).rows
    assert {row.leaf for row in rows} == {n.name for n in leaves_below(derivation)}
    assert all(row.is_leaf and not row.partial for row in rows)


@pytest.mark.parametrize("name", CIRCUITS)
def test_each_entry_has_a_row_with_its_number_and_its_partial(name):
    derivation = derived(name)
    values = array_start(derivation).values
    at = derivation.at(**values)
    _, gradient = at.evaluated()
    rows = {row.name: row for row in page_text(at).rows}
    assert list(rows) == list(by_entry(values, leaves_below(derivation)))
    for leaf in derivation.wrt:
        own = [row for row in rows.values() if row.leaf == leaf]
        partials = [float(row.still[1].replace("−", "-")) for row in own]
        wanted = np.ravel(gradient[leaf])
        assert partials == pytest.approx(wanted, rel=1e-5, abs=1e-12)


def test_what_is_derived_for_some_values_only_has_no_slider():
    rows = {row.name: row.is_leaf for row in page_text(derived("network")).rows}
    assert not rows["t.1"] and not rows["t.2"]
    assert rows["x.1"] and rows["W1.3.2"] and rows["b2.2"]


def test_a_size_with_a_name_leaves_the_page_without_sliders():
    derivation = sb.circuit("x: input[n]; w: param[n]; E: loss = sum(w*x)").derive("E")
    assert array_page(derivation) is None
    assert not page_text(derivation).rows


def test_a_derivation_by_adjoints_of_numbers_has_sliders_as_well():
    derivation = sb.circuit(LECTURE["L6b"]).derive(view="accumulation")
    rows = page_text(derivation).rows
    assert [row.name for row in rows] == ["x3", "x5", "w3", "w4", "x4"]


# -- in Chromium -----------------------------------------------------------------------------------

STATE = """
const all = (selector) => [...document.querySelectorAll(selector)];
const texts = (selector) => all(selector).map((e) => e.textContent);
return [texts("[data-cell=apart]"), texts("[data-cell=partial]"), location.hash,
  texts("#steps [data-result]"), all("[data-slot]").map((e) => [e.dataset.slot, e.textContent])];
"""


@in_browser
def test_sliders_of_entries_move_the_whole_page(tmp_path):
    path = tmp_path / "page.html"
    derivation = derived("network")
    path.write_text(derivation.to_html(), encoding="utf-8")
    driver = start_browser()
    try:
        driver.get(path.as_uri())
        driver.find_element("css selector", "[data-go=last]").click()
        set_leaf(driver, "number", "W1\\.3\\.2", "1e6")
        set_leaf(driver, "number", "x\\.1", "0.75")
        driver.execute_async_script("setTimeout(arguments[0], 150)")  # the address follows
        apart, partials, address, results, slots = driver.execute_script(STATE)
        assert apart and not any("✗" in text for text in apart)
        assert driver.execute_script(OVERLAPS) == []
        assert "W1.3.2=1000000" in address and "x.1=0.75" in address
        assert len(results) > 15 and not any("—" in text for text in results)
        driver.get("about:blank")
        driver.get(f"{path.as_uri()}{address}")
        again = driver.execute_script(STATE)
        assert again[1] == partials and again[3] == results and again[4] == slots
        set_leaf(driver, "number", "x\\.1", "")
        emptied = driver.execute_script(STATE)
        assert all(text == "—" for text in emptied[3])
        assert not complaints(driver)
    finally:
        driver.quit()


MATRICES = [*[(hessian, name) for name in HESSIANS], (jacobian, "layer"), (jacobian, "two outputs")]


@in_browser
@pytest.mark.parametrize(("derive", "name"), MATRICES)
def test_sliders_move_the_blocks_of_a_matrix(tmp_path, derive, name):
    path = tmp_path / "page.html"
    derivation = derive(name)
    path.write_text(derivation.to_html(), encoding="utf-8")
    values = dict(array_start(derivation).values)
    leaf = next(n for n in leaves_below(derivation) if n.role == "param" and n.shape)
    moved = np.array(values[leaf.name])
    moved.flat[0] = 0.375
    values[leaf.name] = moved.tolist()
    last = {left: derivation.last_step_about(left).id for left in derivation.asked}
    driver = start_browser()
    try:
        driver.get(path.as_uri())
        driver.find_element("css selector", "[data-go=last]").click()
        set_leaf(driver, "number", leaf.name + "\\.1" * len(leaf.shape), "0.375")
        shown = driver.execute_script(BLOCKS)
        assert not complaints(driver)
    finally:
        driver.quit()
    blocks = derivation.at(**values).evaluated()[1]
    for left, number in last.items():
        text = shown[f"block {number}"].replace("−", "-")
        entries = [float(x) for x in re.findall(r"-?[\d.]+(?:e[-+]?\d+)?", text)]
        assert entries == pytest.approx(np.ravel(blocks[left]), rel=6e-4, abs=1e-12), left


BLOCKS = """
return Object.fromEntries([...document.querySelectorAll("#steps [data-result^=block]")]
  .map((e) => [e.dataset.result, e.textContent]));
"""


# -- pictures of arrays at a point ----------------------------------------------------------------


def test_pictures_of_arrays_have_numbers_on_their_wires(run_picture):
    circuit = sb.circuit(NETWORK)
    at = {"x": [1.0, -0.5], "t": [0.0, 1.0], "W1": [[1, 2], [3, 4], [5, 6]], "b1": [0, 0, 0]}
    at |= {"W2": [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]], "b2": [0.0, 0.25]}
    svg = circuit.draw(at, of="E")
    h = np.tanh(np.array(at["W1"]) @ at["x"])
    z = np.array(at["W2"]) @ h + at["b2"]
    delta = np.exp(z) / np.exp(z).sum() - at["t"]
    for wanted in (f"[{z[0]:.3g}, {z[1]:.3g}]", f"∂ [{delta[0]:.3g}, {delta[1]:.3g}]",
                   f"‖·‖ {np.linalg.norm(at['W1']):.3g}"):  # fmt: skip
        assert wanted.replace("-", "−") in svg
    assert "∂ 0<" not in svg  # the adjoint of a target is not asked for, and not 0
    assert svg == run_picture(at)


@pytest.fixture
def run_picture():
    from click.testing import CliRunner

    from symback.cli.main import cli

    def drawn(at):
        pairs = [part for k, v in at.items() for part in ("--at", f"{k}={json.dumps(v)}")]
        return CliRunner().invoke(cli, ["draw", NETWORK, "--of", "E", *pairs]).stdout

    return drawn


def test_a_picture_of_an_array_at_a_point_has_values_alone():
    circuit = sb.circuit("x: input[2]; w: param[2]; y: output = w*x; E: loss = sum(y**2)")
    svg = circuit.draw({"x": [1, 2], "w": [3, 4]}, of="y")
    assert all(
        text in svg for text in ("[1, 2]", "[3, 4]", "[3, 8]", "no gradients: y is an array")
    )
    assert "∂" not in svg
    several = sb.circuit("x: input[n]; y: output = 2*x; z: output = sum(y)")
    svg = several.draw({"x": [1, 2]})
    assert all(text in svg for text in ("[2, 4]", ">6<", "no gradients: y is an array"))
