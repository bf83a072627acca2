"""Pages without scripts: the numbers they start with are there; pictures are set as formulas."""

import json
import xml.etree.ElementTree as ET

import pytest

import symback as sb
from symback.derivation.page.html import page_text
from symback.derivation.page.typeset import typeset
from symback.derivation.text.numbers import number_text
from tests.cases.browser import in_browser, start_browser
from tests.cases.page_reader import Reader
from tests.cases.pictures import network
from tests.cases.sample_circuits import LECTURE

POINT = {"x3": 0.5, "x5": 0.3, "x4": -1.5, "w3": 2.0, "w4": 0.8}


def text_of(number):
    return number_text(float(number)).replace("-", "−")


@pytest.mark.parametrize("name", [n for n in LECTURE if n != "L7"])
def test_the_table_and_the_steps_have_their_numbers_before_any_script(name):
    derivation = sb.circuit(LECTURE[name]).derive()
    point = {k: v for k, v in POINT.items() if k in derivation.circuit} | {
        n.name: 0.25 for n in derivation.circuit.leaves if n.name not in POINT
    }
    at = derivation.at(**point)
    found = page_text(at)
    values, gradient = at.evaluated()
    for row in found.rows:
        assert row.still == (text_of(point[row.name]), text_of(gradient[row.name])), row.name
    for group in found.groups:
        for step in group.steps:
            if step.kind not in ("forward", "seed"):
                assert step.still.startswith("= "), step
            elif step.kind == "forward":
                node = derivation.steps[step.id - 1].node
                assert step.still == f"= {text_of(values[node])}"


def test_names_of_the_picture_are_set_as_in_formulas():
    label = ET.fromstring("<text>net2 = w3·x_3 + theta·beta2 + up</text>")
    typeset(label, {"net2", "w3", "x_3", "theta", "beta2"})
    found = [(e.get("class"), e.text) for e in label]
    assert "".join(label.itertext()) == "net2 = w3·x3 + θ·β2 + up"
    assert [text for kind, text in found if kind == "sub"] == ["2", "3", "3", "2"]
    assert [text for kind, text in found if kind == "var"] == ["w", "x", "θ", "β"]
    moved = [float(e.get("dy", 0)) for e in label]
    assert sum(moved) == 0 and max(moved) > 0


def test_the_picture_has_its_numbers_before_any_script():
    page = sb.circuit(LECTURE["L6b"]).derive().at(**POINT).to_html()
    attributes = Reader(page).attributes
    places = [value for tag, key, value in attributes if (tag, key) == ("tspan", "data-slot")]
    assert "value net2" in places and "contribution f x2" in places
    svg = ET.fromstring(page[page.index("<svg") : page.index("</svg>") + 6])
    shown = {e.get("data-slot"): e.text for e in svg.iter("tspan") if e.get("data-slot")}
    assert shown["value net2"] == "−0.2"
    assert float(shown["adjoint x3"].replace("−", "-")) == pytest.approx(
        1 - 2 * 0.450166 * 0.549834, abs=1e-5
    )


ZOOMED = """
const width = () => document.querySelector("#picture svg").getBoundingClientRect().width;
const found = [width()];
for (const name of ["in", "in", "out", "fit"]) {
  document.querySelector(`[data-zoom=${name}]`).click();
  found.push(width());
}
const frame = document.getElementById("picture");
const wide = frame.scrollWidth - frame.clientWidth;
const high = frame.scrollHeight - frame.clientHeight;
return [found, wide <= 1, high <= 1];
"""
FIND = """
const field = document.getElementById("find");
field.value = arguments[0];
field.dispatchEvent(new Event("input"));
field.dispatchEvent(new Event("change"));
const marked = [...document.querySelectorAll("[data-box].found")].map((e) => e.dataset.node);
const place = (selector) => document.querySelector(selector).getBoundingClientRect();
const [box, frame] = [place(".found"), place("#picture")];
const isInView = box.left >= frame.left && box.right <= frame.right;
return [marked, isInView, document.getElementById("position").textContent];
"""


@in_browser
def test_zoom_pan_and_search_in_a_large_circuit(tmp_path):
    from selenium.webdriver import ActionChains

    derivation = sb.circuit(network(2, 6, 6)).derive()
    path = tmp_path / "page.html"
    path.write_text(derivation.to_html(), encoding="utf-8")
    driver = start_browser()
    try:
        driver.get(path.as_uri())
        (start, one, two, less, whole), wide, high = driver.execute_script(ZOOMED)
        assert one == pytest.approx(1.25 * start, rel=1e-3)
        assert two == pytest.approx(1.25 * one, rel=1e-3) and less == pytest.approx(one, rel=1e-3)
        assert wide and high and whole <= start * 1.001
        body = driver.find_element("tag name", "body")
        body.send_keys("+" * 12)
        driver.execute_script("document.getElementById('picture').scrollTo(300, 0)")
        picture = driver.find_element("id", "picture")
        ActionChains(driver).move_to_element(picture).click_and_hold().move_by_offset(
            80, 0
        ).release().perform()
        assert driver.execute_script("return document.getElementById('picture').scrollLeft") == 220
        node = derivation.walk.circuit.computed[0].name
        driver.execute_script("document.querySelector('[data-zoom=fit]').click()")
        marked, is_in_view, position = driver.execute_script(FIND, node)
        assert marked == [node] and is_in_view
        jumps = json.loads(page_text(derivation).data)["jumps"]
        assert position == f"Step {jumps[node]} of {len(derivation.steps)}"
    finally:
        driver.quit()


@in_browser
def test_without_scripts_the_page_shows_numbers_and_no_dead_controls(tmp_path):
    path = tmp_path / "page.html"
    path.write_text(sb.circuit(LECTURE["L6b"]).derive().at(**POINT).to_html(), encoding="utf-8")
    driver = start_browser()
    try:
        driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        driver.get(path.as_uri())
        for selector in ("nav", "#current", "input", "#reset"):
            assert not any(e.is_displayed() for e in driver.find_elements("css selector", selector))
        text = driver.find_element("css selector", "#numbers table").text
        assert "0.5" in text and text_of(1 - 2 * 0.450166002687522 * 0.549833997312478) in text
        steps = driver.find_elements("css selector", "#steps li .math")
        assert steps and all(e.size["height"] > 5 for e in steps)
    finally:
        driver.quit()
