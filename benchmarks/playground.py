"""Typing to derivation in the playground, beside a cold `symback derive` in a terminal.

`python -m benchmarks.playground` (extra serve, selenium, Chromium, npm) writes the static folder,
serves it and `symback serve` on loopback, and types L6b with new names into both pages. It prints
the size of the folder, the time from an empty cache to the first derivation, and medians of the
time from a key to its derivation, all in one run. The browser reaches this machine only.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import Any

from symback.cli.playground.site import build
from tests.cases.browser import start_browser

KEYS = 15
L6B = "f = x1 − x2\nx1 = x3 + x5\nx2 = σ(net2)\nnet2 = w{i}·x3 + w4·x4"
OFFLINE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
TYPE = """
const [text, name, done] = arguments;
const output = document.getElementById("output");
const start = performance.now();
const seen = () => {
  if (!output.textContent.includes(name)) return;
  watch.disconnect();
  done(performance.now() - start);
};
const watch = new MutationObserver(seen);
watch.observe(output, { childList: true, characterData: true, subtree: true });
const field = document.getElementById("text");
field.value = text;
field.dispatchEvent(new Event("input"));
"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main() -> None:
    """Print all times of one run."""
    cold = median(_cold_command() for _ in range(5))
    print(f"cold symback derive: {1e3 * cold:.0f} ms")
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder), say=lambda text: None)
        size = sum(p.stat().st_size for p in Path(folder).rglob("*") if p.is_file())
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=folder))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        first, key = _in_page(f"http://127.0.0.1:{server.server_port}/")
        server.shutdown()
        server.server_close()
    print(f"static folder: {size / 1e6:.1f} MB")
    _say("static folder", cold, first, key)
    _say("symback serve", cold, *_with_server())


def _say(where: str, cold: float, first: float, key: float) -> None:
    print(f"{where}: first derivation after {first:.1f} s")
    print(f"{where}: a key to its derivation {1e3 * key:.0f} ms, {key / cold:.2f} of the command")


def _cold_command() -> float:
    start = time.perf_counter()
    command = [sys.executable, "-m", "symback", "derive", L6B.format(i=3)]
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def _with_server() -> tuple[float, float]:
    command = [sys.executable, "-m", "symback", "serve", "--port", "0"]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert server.stderr is not None
        found = re.search(r"http://127\.0\.0\.1:\d+", server.stderr.readline())
        assert found is not None
        return _in_page(f"{found[0]}/")
    finally:
        server.terminate()
        server.wait()


def _in_page(address: str) -> tuple[float, float]:
    """Seconds to the first derivation in a browser without a cache, and from a key to its own."""
    driver: Any = start_browser(OFFLINE)
    driver.set_script_timeout(300)
    try:
        start = time.perf_counter()
        driver.get(address)
        while not driver.execute_script("return document.getElementById('output').textContent"):
            time.sleep(0.02)
        first = time.perf_counter() - start
        times = []
        for i in range(10, 10 + KEYS):
            time.sleep(1.0)  # the picture follows, and is not what is timed
            times.append(driver.execute_async_script(TYPE, L6B.format(i=i), f"w{i}") / 1e3)
        return first, median(times)
    finally:
        driver.quit()


if __name__ == "__main__":
    main()
