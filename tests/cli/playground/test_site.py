"""The folder of static files: what it holds, what it replaces, and that a browser derives alone."""

import hashlib
import json
import threading
import time
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from click.testing import CliRunner

import symback as sb
from symback.cli.main import cli
from symback.cli.playground import pinned, site
from symback.cli.playground.protocol import EXAMPLES, answer
from symback.errors import FileRefused, NotInstalled, SymbackError
from tests.cases import hostile_corpus as corpus
from tests.cases.browser import in_browser, start_browser

NUMPY_WHEEL = "numpy-1.0-cp314-cp314-pyemscripten_2026_0_wasm32.whl"


@pytest.fixture
def fetched(monkeypatch, tmp_path):
    """Small files in place of those that pip and npm would fetch."""
    wheels = {}
    for name, members in {
        "python-flint": ["flint/x.cpython-314-wasm32-emscripten.so", "flint/test/y.py"],
        "sympy": ["sympy/a.py", "sympy/core/tests/test_a.py"],
        "markupsafe": ["markupsafe/_native.py", "markupsafe/_speedups.so"],
    }.items():
        kind = "wasm32" if name == "python-flint" else "any"
        wheels[name] = tmp_path / f"{name}-{kind}.whl"
        with zipfile.ZipFile(wheels[name], "w") as packed:
            for member in members:
                packed.writestr(member, member)
    monkeypatch.setattr(site, "fetch_wheels", lambda folder: dict(wheels))
    numpy = tmp_path / "full" / NUMPY_WHEEL
    numpy.parent.mkdir()
    with zipfile.ZipFile(numpy, "w") as packed:
        for member in ("numpy/a.py", "numpy/b.cpython-314-wasm32-emscripten.so", "numpy/test/c.py"):
            packed.writestr(member, member)
    row = {"file_name": NUMPY_WHEEL, "sha256": hashlib.sha256(numpy.read_bytes()).hexdigest()}
    lock = json.dumps({"packages": {"numpy": row}}).encode()
    pyodide = {"pyodide.mjs": b"export {}", "pyodide-lock.json": lock}
    monkeypatch.setattr(site, "fetch_pyodide", lambda folder: pyodide)
    compiled = dict.fromkeys(("sympy/a.py", "symback/api.py", "numpy/a.py"), b"bytecode")
    monkeypatch.setattr(site, "compiled_modules", lambda folder, files, *, checks: compiled)


def names(archive):
    with zipfile.ZipFile(archive) as packed:
        return set(packed.namelist())


def test_the_folder_has_the_page_symback_and_what_it_needs(fetched, tmp_path):
    folder = tmp_path / "site"
    site.build(folder, say=lambda text: None)
    packages = names(folder / "packages.zip")
    assert {"symback/language/grammar.json", "symback/templates/html/page.html.jinja"} <= packages
    assert {"sympy/a.pyc", "markupsafe/_native.py"} <= packages
    assert {"symback/api.py", "symback/__pycache__/api.cpython-314.pyc"} <= packages
    assert not {name for name in packages if "tests" in name or name.endswith(".so")}
    assert names(folder / "flint.zip") == {"flint/x.cpython-314-wasm32-emscripten.so"}
    assert json.loads((folder / "engine.json").read_text())["engine"] == "browser"
    known = json.loads((folder / "files.json").read_text())
    assert known["index.html"] == hashlib.sha256((folder / "index.html").read_bytes()).hexdigest()


def test_the_same_bytes_at_every_build(fetched, tmp_path):
    for name in ("a", "b"):
        site.build(tmp_path / name, say=lambda text: None)
    assert (tmp_path / "a/files.json").read_bytes() == (tmp_path / "b/files.json").read_bytes()


def test_nothing_foreign_is_replaced(fetched, tmp_path):
    folder = tmp_path / "site"
    site.build(folder, say=lambda text: None)
    site.build(folder, say=lambda text: None)
    for name, text in (("index.html", "edited"), ("notes.txt", "mine")):
        (folder / name).write_text(text)
        with pytest.raises(FileRefused, match="was edited, or is not the playground's"):
            site.build(folder, say=lambda text: None)
        assert (folder / name).read_text() == text
        (folder / name).unlink()
    (folder / "notes.txt").write_text("mine")
    site.build(folder, force=True, say=lambda text: None)
    assert (folder / "notes.txt").read_text() == "mine"
    with pytest.raises(FileRefused, match="is not a folder"):
        site.build(folder / "notes.txt", say=lambda text: None)


# -- NumPy, of Pyodide's full distribution ---------------------------------------------------------


def test_numpy_comes_from_the_full_distribution_and_goes_without_it(fetched, tmp_path):
    folder, full = tmp_path / "site", tmp_path / "full"
    site.build(folder, distribution=full, say=lambda text: None)
    assert names(folder / "numpy.zip") == {
        "numpy/a.pyc",
        "numpy/b.cpython-314-wasm32-emscripten.so",
    }
    assert json.loads((folder / "engine.json").read_text())["numpy"] == "numpy.zip"
    assert not {name for name in names(folder / "packages.zip") if name.startswith("numpy/")}
    site.build(folder, say=lambda text: None)
    site.build(folder, say=lambda text: None)
    assert not (folder / "numpy.zip").exists()
    assert json.loads((folder / "engine.json").read_text())["numpy"] is None


@pytest.mark.parametrize(
    ("content", "says"),
    [(None, f"has no {NUMPY_WHEEL}; name the full distribution"), (b"x", "is not the pinned file")],
)
def test_only_the_numpy_of_this_pyodide_counts(fetched, tmp_path, content, says):
    full = tmp_path / "full"
    (full / NUMPY_WHEEL).unlink()
    if content is not None:
        (full / NUMPY_WHEEL).write_bytes(content)
    with pytest.raises(FileRefused, match=says):
        site.build(tmp_path / "site", distribution=full, say=lambda text: None)
    assert not (tmp_path / "site").exists()


# -- pip and npm -----------------------------------------------------------------------------------


def test_without_npm_a_message_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotInstalled, match="the folder needs npm"):
        pinned.fetch_pyodide(tmp_path)


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("echo 'npm ERR! network' >&2; exit 1", "npm can't fetch pyodide@.*network"),
        ("exit 0", "was not fetched"),
        (f"echo x > $5/pyodide-{pinned.PYODIDE}.tgz", "is not the pinned file"),
    ],
)
def test_only_the_pinned_file_counts(script, says, monkeypatch, tmp_path):
    npm = tmp_path / "npm"
    npm.write_text(f"#!/bin/sh\n{script}\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FileRefused, match=says):
        pinned.fetch_pyodide(tmp_path)


def test_the_command_ends_in_a_message(tmp_path):
    (tmp_path / "a.txt").write_text("mine")
    done = CliRunner().invoke(cli, ["playground", "-o", str(tmp_path)])
    assert done.exit_code == 2
    assert "name an empty folder, or use --force" in str(done.output)


# -- in Chromium, the network off -----------------------------------------------------------------


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder that the command writes."""
    folder = tmp_path_factory.mktemp("site")
    try:
        site.build(folder, say=lambda text: None)
    except SymbackError as error:
        pytest.skip(f"the folder can't be made here: {error}")
    return folder


@pytest.fixture(scope="module")
def address(folder):
    """A static server on loopback, which gives out the folder."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def page(address):
    """The page in a browser that reaches this machine only, when the first derivation is there."""
    driver = start_browser("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
    driver.set_script_timeout(180)
    driver.get(address)
    wait_for(driver, "return document.getElementById('output').textContent", 180)
    yield driver
    driver.quit()


def wait_for(driver, script, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := driver.execute_script(script):
            return found
        time.sleep(0.05)
    said = driver.execute_script("return document.getElementById('engine').textContent")
    raise AssertionError(f"nothing after {seconds} s: {said}")


def type_text(driver, text):
    driver.execute_script(
        "const field = document.getElementById('text'); field.value = arguments[0];"
        "field.dispatchEvent(new Event('input'));",
        text,
    )


ASK = """
const [request, done] = [arguments[0], arguments[arguments.length - 1]];
import("./engines.js").then(({ open }) => {
  window.asked ??= open(() => {});
  window.asked.then((engine) => engine.ask(request)).then(done, (error) => done(String(error)));
});
"""


@in_browser
def test_what_is_typed_is_derived_in_the_browser(page):
    for text in ("f = w·x + b", EXAMPLES["L6b: multiple paths"], EXAMPLES["Network of arrays"]):
        type_text(page, text)
        wanted = answer({"ask": "derive", "text": text})["text"]
        shown = f"return document.getElementById('output').textContent === {json.dumps(wanted)}"
        assert wait_for(page, shown)


SUBMIT_ELSEWHERE = """
const form = document.createElement("form");
form.action = "/elsewhere";
document.body.append(form);
form.submit();
"""


@in_browser
def test_the_picture_the_sliders_and_practice_are_there(page):
    from selenium.webdriver.common.keys import Keys

    type_text(page, EXAMPLES["L5: activation"])
    wait_for(page, "return document.getElementById('output').textContent.includes('x2')")
    end = time.monotonic() + 60
    sliders, wires = [], []
    while not (len(sliders) == 5 and wires) and time.monotonic() < end:  # the page before is gone
        page.switch_to.default_content()
        page.switch_to.frame("frame")
        sliders = page.find_elements("css selector", "input[type=range][data-leaf]")
        wires = page.find_elements("css selector", "#picture svg [data-wire]")
        time.sleep(0.1)
    assert len(sliders) == 5 and wires
    page.find_element("id", "practise").click()
    field = page.find_element("css selector", "form[data-question] input[type=text]")
    said = page.find_element("css selector", "form[data-question] .feedback")
    field.send_keys("x3+", Keys.ENTER)  # graded in the frame: its sandbox allows forms
    assert "the expression is incomplete" in said.get_attribute("textContent")
    page.find_element("id", "practise").click()
    page.execute_script(SUBMIT_ELSEWHERE)
    time.sleep(0.5)
    assert page.find_elements("id", "practise")  # its policy lets none of them go anywhere
    page.switch_to.default_content()


@in_browser
def test_the_browser_answers_as_the_library_does(page):
    asked = [{"ask": "derive", "text": text} for text in EXAMPLES.values()]
    l5 = EXAMPLES["L5: activation"]
    languages = answer({"ask": "hello"})["languages"]
    asked += [{"ask": "code", "text": l5, "language": language} for language in languages]
    arrays = EXAMPLES["Network of arrays"]
    asked += [{"ask": "page", "text": arrays}, {"ask": "code", "text": arrays, "language": "c"}]
    asked += [{"ask": "see", "what": "tangent", "text": arrays}, {"ask": "see", "what": "layers"}]
    asked += [{"ask": "table", "text": arrays}]
    asked += [{"ask": "picture", "text": l5}, {"ask": "page", "text": l5}]
    asked += [{"ask": "derive", "text": text} for text in corpus.CODE[::6]]
    for request in asked:
        assert page.execute_async_script(ASK, request) == answer(request), request


@in_browser
def test_what_is_nested_too_deep_ends_in_a_sentence_and_the_page_goes_on(page):
    for text in ("f = " + "sin(" * 3000 + "x" + ")" * 3000, "f = " + "-" * 9000 + "x"):
        found = page.execute_async_script(ASK, {"ask": "derive", "text": text})
        assert "error" in found
    request = {"ask": "derive", "text": "f = w*x"}
    assert page.execute_async_script(ASK, request) == answer(request)


@in_browser
def test_a_check_says_what_it_needs(page):
    found = page.execute_async_script(ASK, {"ask": "check", "text": "f = w*x"})
    assert "needs numpy" in found["error"]["message"]
    assert "run symback serve" in found["error"]["message"]


@in_browser
def test_a_check_loads_the_numpy_of_the_folder(page, folder, address):
    """A stand-in for NumPy, which has none of its functions, is imported as NumPy would be; where
    it can't be had, the next check tries again.
    """
    offer = (folder / "engine.json").read_bytes()
    (folder / "engine.json").write_text(json.dumps({**json.loads(offer), "numpy": "numpy.zip"}))
    try:
        page.get(f"{address}?with=numpy")
        found = page.execute_async_script(ASK, {"ask": "check", "text": "f = w*x"})
        said = "NumPy is missing: numpy.zip can't be loaded (404); check again"
        assert found["error"]["message"] == said
        with zipfile.ZipFile(folder / "numpy.zip", "w") as packed:
            packed.writestr("numpy/__init__.py", "import the_stand_in_was_imported")
        for ask in ("derive", "check", "check"):
            found = page.execute_async_script(ASK, {"ask": ask, "text": "f = w*x"})
            assert ("error" in found) == (ask == "check"), found
        assert "needs the_stand_in_was_imported" in found["error"]["message"]
    finally:
        (folder / "numpy.zip").unlink(missing_ok=True)
        (folder / "engine.json").write_bytes(offer)


@in_browser
def test_a_link_shares_an_example(page, address):
    page.get("about:blank")
    page.get(f"{address}#text=f+%3D+u*v&wrt=u&tab=derivation&page=step%3D2%26u%3D0.25")
    shown = wait_for(page, "return document.getElementById('output').textContent", 180)
    assert shown == answer({"ask": "derive", "text": "f = u*v", "wrt": "u"})["text"]
    page.get("about:blank")
    page.get(f"{address}#text=f+%3D+u*v&wrt=u&tab=unknown")
    assert wait_for(page, "return document.getElementById('output').textContent", 180) == shown
    assert not [e for e in page.get_log("browser") if e["level"] == "SEVERE"]


# -- descent ---------------------------------------------------------------------------------------

STEPS = 5
CELLS = "return [...document.querySelectorAll('[data-cell=now]')].map((e) => e.textContent)"


@in_browser
@pytest.mark.parametrize("name", ["Line", "Logistic regression", "Network of arrays"])
def test_descent_goes_where_the_module_goes(name, tmp_path):
    """Five steps of gradient descent over all rows, beside the generated module's `sgd`."""
    circuit = sb.circuit(EXAMPLES[name])
    table = answer({"ask": "table", "text": EXAMPLES[name]})["data"]
    path = tmp_path / "page.html"
    html = answer({"ask": "descent", "text": EXAMPLES[name], "data": table})["html"]
    path.write_text(html, encoding="utf-8")
    driver = start_browser()
    try:
        driver.get(path.as_uri())
        start = json.loads(
            driver.execute_script("return document.getElementById('page-data').textContent")
        )["start"]
        for _ in range(STEPS):
            driver.find_element("id", "step").click()
        shown = [float(text.replace("−", "-")) for text in driver.execute_script(CELLS)]
        said = driver.find_element("id", "said").text
        assert driver.find_element("id", "rules").text == "θt+1 = θt − ηt·gt"  # indices below
        assert not [e for e in driver.get_log("browser") if e["level"] == "SEVERE"]
    finally:
        driver.quit()
    module = circuit.compile()
    header, *rows = (line.split(",") for line in table.splitlines())
    columns = dict(zip(header, np.array(rows, dtype=float).T, strict=True))
    inputs = {
        n.name: np.stack([columns[c] for c in header if c.partition("_")[0] == n.name], axis=1)
        if n.shape
        else columns[n.name]
        for n in (*circuit.inputs, *circuit.targets)
    }
    begin = module.unravel(np.array(list(start.values())))
    found, losses = module.sgd(
        begin, module.Inputs(**inputs), learning_rate=0.1, epochs=STEPS, batch_size=len(rows)
    )
    assert said.startswith(f"step {STEPS}: ")
    np.testing.assert_allclose(shown, module.ravel(found), rtol=1e-4, atol=1e-5)
    assert float(said.rpartition(" ")[2].replace("−", "-")) < losses[0]
