"""The pages in a real headless Chromium, in one session: steps, sliders, geometry, keys, print.

Four pages: two of the lecture, a network of 26 gates, and the network on digits, whose arrays have
no numbers to change. Slow tests, a step of their own in `.ci/run`; skipped where Chromium or
its driver is not installed. `test_page.py` has more.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path

import pytest

import symback as sb
from symback.derivation.numbers.links import reaching
from symback.derivation.numbers.scalars import numbers_at
from symback.derivation.starts import start
from tests.cases.browser import (
    CHROMEDRIVER,
    CHROMIUM,
    DIGITS,
    OVERLAPS,
    complaints,
    emulate,
    in_browser,
    lit_step,
    position,
    set_leaf,
    shown_numbers,
    start_browser,
    wanted_number,
)
from tests.cases.pictures import network
from tests.cases.sample_circuits import LECTURE

ROOT = Path(__file__).parents[2]
DIGITS_NETWORK = ROOT / "examples/digits_network/network.circuit"
PAGES = {
    "L5": LECTURE["L5"],
    "L6b": LECTURE["L6b"],
    "26 gates": network(2, 6, 6),
    "digits": DIGITS_NETWORK.read_text(encoding="utf-8"),
}
MOST_MOVES = 60  # of each kind but one, which goes through the longest derivation
MOST_TABS = 18

WALK = """
const [move, count, done] = arguments;
const seen = [];
for (let i = 0; i < count; i++) {
  if (move === "click") document.querySelector("[data-go=next]").click();
  else document.body.dispatchEvent(new KeyboardEvent("keydown", {key: move, bubbles: true}));
  const lit = [...document.querySelectorAll("li[aria-current=step]")].map((li) => li.dataset.step);
  seen.push([document.getElementById("position").textContent, lit.join()]);
}
setTimeout(() => done([seen, location.hash]), 100);
"""
"""Moves many times and tells what was shown; a long page is not worth a message for each key."""

PRINTED = """
dispatchEvent(new Event("beforeprint"));
const hidden = [...document.querySelectorAll("li[data-step]")]
  .filter((li) => li.getClientRects().length === 0 || li.matches(".later")).length;
const nav = document.querySelector("nav").getClientRects().length;
dispatchEvent(new Event("afterprint"));
return [hidden, nav];
"""

FOCUSED = """
const e = document.activeElement;
return e.dataset.leaf ? `${e.type} ${e.dataset.leaf}` : e.dataset.go ?? (e.id || e.tagName);
"""


def check_steps(driver, derivation):
    """Every step by button, by the arrow and by space, and back to the first."""
    from selenium.webdriver.common.keys import Keys

    last = len(derivation.steps)
    body = driver.find_element("tag name", "body")
    for move in ("click", "ArrowRight", " "):
        body.send_keys(Keys.HOME)
        assert position(driver) == 1
        end = last if move == "ArrowRight" else min(last, MOST_MOVES)
        seen, address = driver.execute_async_script(WALK, move, end - 1)
        assert seen == [[f"Step {i} of {last}", str(i)] for i in range(2, end + 1)], move
        assert address.partition("&")[0] == f"#step={end}"
    buttons = driver.find_elements("css selector", "[data-go]")
    go = {b.get_attribute("data-go"): b for b in buttons}
    body.send_keys(Keys.END)
    body.send_keys(Keys.ARROW_RIGHT)
    assert position(driver) == last
    go["back"].click()
    body.send_keys(Keys.ARROW_LEFT)
    assert position(driver) == lit_step(driver) == last - 2
    go["first"].click()
    body.send_keys(" ")
    assert position(driver) == 2
    go["last"].click()
    assert position(driver) == last
    driver.execute_script("location.hash = '#step=3'")
    driver.execute_async_script("setTimeout(arguments[0], 30)")
    assert position(driver) == 3


def check_numbers(driver, derivation):
    """A slider and number fields: every number of the page is Python's."""
    from selenium.webdriver.common.keys import Keys

    walk = derivation.walk
    leaves = [n.name for n in reaching(walk.circuit, walk.of) if n.is_leaf]
    at = dict(start(derivation).values)
    for i, leaf in enumerate(leaves[:5]):
        at[leaf] = (-1.0) ** i * (i + 1) / 7
        set_leaf(driver, "number", leaf, repr(at[leaf]))
    driver.find_element("tag name", "body").send_keys(Keys.END)
    set_leaf(driver, "range", leaves[0], "-0.75")
    at[leaves[0]] = -0.75
    numbers = numbers_at(walk, at)
    steps, rows = shown_numbers(driver)
    checked = set()
    for slot, text in steps:
        wanted = wanted_number(numbers, slot)
        if wanted is not None:
            assert float(text) == pytest.approx(wanted, rel=DIGITS, abs=1e-15), slot
            checked.add(slot)
    assert {f"contribution {e.node} {e.operand}" for e in walk.edges} <= checked
    assert rows
    for leaf, partial, difference in rows:
        if partial:  # rows further down are not computed before they are shown
            assert float(partial) == pytest.approx(numbers.adjoints[leaf], rel=DIGITS, abs=1e-15)
            assert float(difference) == pytest.approx(numbers.adjoints[leaf], rel=1e-6, abs=1e-8)


def check_link(driver, derivation):
    """The address holds the step and the numbers that were changed, and both are read from it."""
    if derivation.circuit.has_arrays:
        return
    leaves = [n.name for n in reaching(derivation.walk.circuit, derivation.of) if n.is_leaf]
    hash_ = f"#step=2&{leaves[-1]}=0.375"
    driver.execute_script(
        "document.getElementById('reset').click(); location.hash = arguments[0]", hash_
    )
    driver.execute_async_script("setTimeout(arguments[0], 150)")
    field = driver.find_element("css selector", f"input[type=number][data-leaf={leaves[-1]}]")
    assert field.get_attribute("value") == "0.375" and position(driver) == 2
    assert driver.execute_script("return location.hash") == hash_


def check_play(driver, derivation):
    """Play goes on by itself until it is stopped."""
    driver.find_element("css selector", "[data-go=first]").click()
    play = driver.find_element("id", "play")
    play.click()
    driver.execute_async_script("setTimeout(arguments[0], 1700)")
    assert position(driver) == 2 and play.get_attribute("aria-pressed") == "true"
    play.click()
    assert play.get_attribute("aria-pressed") == "false"


DIFFERENCES = "return [...document.querySelectorAll('[data-cell=apart]')].map((e) => e.textContent)"


def check_differences(driver, derivation):
    """No right partial is called wrong, also where the difference has lost its digits."""
    if derivation.circuit.has_arrays:
        return
    leaves = [n.name for n in reaching(derivation.walk.circuit, derivation.of) if n.is_leaf]
    driver.find_element("css selector", "[data-go=last]").click()
    for value in ("1e6", "-1e9", "1e-7", "3"):
        for leaf in leaves[:5]:
            driver.find_element("id", "reset").click()
            set_leaf(driver, "number", leaf, value)
            said = driver.execute_script(DIFFERENCES)
            assert said and not [text for text in said if "✗" in text], (leaf, value)
    driver.find_element("id", "reset").click()


def check_geometry(driver, derivation):
    """No label over another, nothing cut off, wide and narrow, light and dark."""
    papers = set()
    for width in (1200, 420):
        for theme in ("light", "dark"):
            emulate(driver, width, theme)
            assert driver.execute_script(OVERLAPS) == [], (width, theme)
            papers.add(driver.execute_script(
                "return getComputedStyle(document.body).backgroundColor"
            ))  # fmt: skip
    assert len(papers) == 2
    emulate(driver)


def check_print(driver, derivation):
    """Print shows all steps and no buttons."""
    at = position(driver)
    emulate(driver, media="print")
    assert driver.execute_script(PRINTED) == [0, 0]
    emulate(driver)
    assert position(driver) == at


def check_keyboard(driver, derivation):
    """Tab leads to every control, and keys move sliders without changing the step."""
    from selenium.webdriver.common.keys import Keys

    reached = []
    while len(reached) < MOST_TABS:
        driver.switch_to.active_element.send_keys(Keys.TAB)
        reached.append(driver.execute_script(FOCUSED))
    expected = {"SUMMARY", "first", "back", "next", "last", "picture"}
    if not derivation.circuit.has_arrays:
        leaf = next(n.name for n in derivation.walk.circuit.leaves)
        expected |= {f"range {leaf}", f"number {leaf}"}
        slider = driver.find_element("css selector", f"input[type=range][data-leaf={leaf}]")
        before, at = slider.get_attribute("value"), position(driver)
        slider.send_keys(Keys.ARROW_RIGHT)
        assert slider.get_attribute("value") != before
        assert position(driver) == at
    else:
        expected.add("steps")
    assert expected <= set(reached)


CHECKS = (
    *(check_keyboard, check_steps, check_numbers, check_link, check_play, check_differences),
    *(check_geometry, check_print),
)
ON_ONE_SCREEN = """
const shown = "#picture, #current, input[type=range], li[aria-current=step] .math";
const parts = [...document.querySelectorAll(shown)];
const places = parts.map((e) => e.getBoundingClientRect());
return places.length > 3 && places.every((r) => r.top >= 0 && r.bottom <= innerHeight);
"""


@in_browser
def test_picture_step_its_entry_and_sliders_are_on_one_screen(tmp_path):
    from selenium.webdriver.common.keys import Keys

    path = tmp_path / "page.html"
    path.write_text(sb.circuit(LECTURE["L6b"]).derive().to_html(), encoding="utf-8")
    driver = start_browser()
    still = [{"name": "prefers-reduced-motion", "value": "reduce"}]
    try:
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": still})
        for width, height in ((1366, 650), (1366, 768), (1920, 1080)):
            size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
            driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
            driver.get(path.as_uri())
            for key in (Keys.HOME, Keys.ARROW_RIGHT, Keys.END):
                driver.find_element("tag name", "body").send_keys(key)
                driver.execute_async_script("setTimeout(arguments[0], 100)")
                assert driver.execute_script(ON_ONE_SCREEN), (width, height, key)
    finally:
        driver.quit()


IN_PICTURE = """
const { steps } = JSON.parse(document.getElementById("page-data").textContent);
const { focus } = steps[document.querySelector("li[aria-current]").dataset.step - 1];
const [frame, box] = ["#picture", `#picture [data-box="${focus}"]`]
  .map((selector) => document.querySelector(selector).getBoundingClientRect());
return box.left >= frame.left && box.right <= frame.right
  && box.top >= frame.top && box.bottom <= frame.bottom;
"""


@contextmanager
def opened(folder, width, text):
    """A browser with the page of a circuit, in a window of a width."""
    path = folder / "page.html"
    path.write_text(sb.circuit(text).derive().to_html(), encoding="utf-8")
    driver = start_browser()
    try:
        emulate(driver, width)
        driver.get(path.as_uri())
        yield driver
    finally:
        driver.quit()


@in_browser
def test_picture_follows_the_step_where_the_window_changes(tmp_path):
    with opened(tmp_path, 1366, PAGES["26 gates"]) as driver:
        last = driver.execute_script("return document.querySelectorAll('li[data-step]').length")
        for step in (1, last // 2, last):
            driver.execute_script(f"location.hash = '#step={step}'")
            for width in (390, 1366, 844, 390):
                emulate(driver, width)
                driver.execute_async_script("setTimeout(arguments[0], 150)")
                assert driver.execute_script(IN_PICTURE), (step, width)


LETTERS = """
document.querySelector("[data-zoom=fit]").click();
const scale = document.querySelector("#picture svg").getScreenCTM().a;
const frame = document.getElementById("picture").getBoundingClientRect();
const seen = [...document.querySelectorAll("#picture text")]
  .filter((text) => text.checkVisibility({ visibilityProperty: true }));
return seen.map((text) => {
  const { left, right } = text.getBoundingClientRect();
  const size = parseFloat(getComputedStyle(text).fontSize) * scale;
  return [text.textContent, size, left - frame.left, frame.right - right];
});
"""


@in_browser
@pytest.mark.parametrize("shape, least", [((2, 2), 6), ((2, 6, 6), 5)])
def test_names_in_the_whole_picture_can_be_read_on_a_phone(tmp_path, shape, least):
    """As large as their lines allow: they meet neither each other nor the frame."""
    with opened(tmp_path, 390, network(*shape)) as driver:
        found = driver.execute_script(LETTERS)
        assert not driver.execute_script(OVERLAPS)
    assert {"tanh", "σ", "Σ"} <= {name for name, *_ in found}
    for name, size, left, right in found:
        assert size > least and min(left, right) > 0, name


@in_browser
def test_an_emptied_field_is_named_where_a_number_needs_it(tmp_path):
    with opened(tmp_path, 1366, LECTURE["L6b"]) as driver:
        driver.find_element("css selector", "[data-go=last]").click()
        set_leaf(driver, "number", "x4", "")
        said = "return document.querySelector('#current .lines').textContent"
        assert driver.execute_script(said) == "not determined without x4"
        set_leaf(driver, "number", "x4", "0.3")
        assert driver.execute_script(said).startswith("= ")


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
@pytest.mark.skipif(CHROMEDRIVER is None, reason="chromedriver is not installed")
def test_the_pages_in_chromium(tmp_path):
    """One test, so that one worker starts one browser; what fails is named by page and check."""
    driver = start_browser()
    failures = []
    try:
        emulate(driver)
        for name, text in PAGES.items():
            derivation = sb.circuit(text).derive()
            path = tmp_path / "page.html"
            path.write_text(derivation.to_html(), encoding="utf-8")
            driver.get("about:blank")
            driver.get(path.as_uri())
            for check in CHECKS:
                if check is check_numbers and derivation.circuit.has_arrays:
                    assert not driver.find_elements("css selector", "input")
                    continue
                try:
                    check(driver, derivation)
                except AssertionError as error:
                    failures.append(f"{name}, {check.__name__}: {error}")
            failures += [f"{name}: {line}" for line in complaints(driver)]
    finally:
        driver.quit()
    assert not failures, "\n\n".join(failures)
