"""Pages in a headless Chromium: to start it, to operate a page, and to read what it shows."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium")
CHROMEDRIVER = shutil.which("chromedriver")
DIGITS = 1e-12
BROWSER_ONLY = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
    pytest.mark.skipif(CHROMEDRIVER is None, reason="chromedriver is not installed"),
]


def in_browser(test):
    for mark in BROWSER_ONLY:
        test = mark(test)
    return test


def start_browser(*more):
    webdriver = pytest.importorskip("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--window-size=1200,900",
        *more,
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options, webdriver.ChromeService(CHROMEDRIVER))


def complaints(driver):
    """What the console said, and every request for anything but the page itself."""
    found = [str(entry["message"]) for entry in driver.get_log("browser")]
    for entry in driver.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            url = message["params"]["request"]["url"]
            is_page = url.startswith("file:") and Path(url.partition("#")[0]).name == "page.html"
            if not is_page and not url.startswith(("about:", "data:")):
                found.append(f"requested {url}")
    return found


def position(driver):
    return int(re.search(r"\d+", driver.find_element("id", "position").text)[0])


def lit_step(driver):
    return int(
        driver.find_element("css selector", "li[aria-current=step]").get_attribute("data-step")
    )


def shown_numbers(driver):
    """Every number of the list of steps and of the table, exact, by its slot."""
    found = driver.execute_script(
        "return [...document.querySelectorAll('#steps [data-result]')]"
        ".map((e) => [e.dataset.result, e.firstChild.value])"
    )
    rows = driver.execute_script(
        "return [...document.querySelectorAll('[data-row]')].map((r) => [r.dataset.row,"
        " ...['partial', 'difference'].map("
        "(c) => r.querySelector(`[data-cell=${c}] data`)?.value ?? '')])"
    )
    return found, rows


def set_leaf(driver, kind, name, value):
    driver.execute_script(
        "const [type, leaf] = arguments;"
        "const e = document.querySelector(`input[type=${type}][data-leaf=${leaf}]`);"
        "e.value = arguments[2]; e.dispatchEvent(new Event('input', {bubbles: true}));"
        "e.dispatchEvent(new Event('change', {bubbles: true}));",
        kind, name, str(value),
    )  # fmt: skip


def wanted_number(numbers, slot):
    kind, *names = slot.split(" ")
    if kind == "contribution":
        return numbers.contributions[tuple(names)]
    if kind == "local":
        return None
    return getattr(numbers, f"{kind}s")[names[0]]


OVERLAPS = """
const found = [];
function compare(selector, slack) {
  const shown = [...document.querySelectorAll(selector)]
    .filter((e) => e.checkVisibility({ visibilityProperty: true }));
  const parts = shown.map((e) => [
    e.textContent, e.getBoundingClientRect(),
  ]);
  parts.forEach(([a, p], i) => parts.slice(i + 1).forEach(([b, q]) => {
    const x = Math.min(p.right, q.right) - Math.max(p.left, q.left);
    const y = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
    if (x > slack && y > slack) found.push([a, b, x, y]);
  }));
}
compare('#picture svg text', 1);
compare('nav button, #position', 0);
compare('main > section', 0);
compare('#steps li', 0.5);
const page = document.documentElement;
if (page.scrollWidth > page.clientWidth) found.push([page.scrollWidth, page.clientWidth]);
return found;
"""


def emulate(driver, width=1200, theme="light", media=""):
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False},
    )
    features = [
        {"name": "prefers-color-scheme", "value": theme},
        {"name": "prefers-reduced-motion", "value": "reduce"},
    ]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": features})
