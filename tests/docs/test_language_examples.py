"""The examples in other languages: what their pages say to run, run in a copy."""

import contextlib
import functools
import http.server
import os
import re
import shlex
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner

from symback.cli.main import cli
from tests.cases.browser import in_browser, start_browser
from tests.cases.compilers import COMPILER

EXAMPLES = Path(__file__).parents[2] / "examples"
HAS_CARGO = bool(shutil.which("cargo") and shutil.which("rustc"))
HAS_CPP = bool(COMPILER and shutil.which("c++"))
PROGRAMS = {
    "rust_program": [
        pytest.mark.slow,
        pytest.mark.skipif(not HAS_CARGO, reason="needs cargo and rustc"),
    ],
    "cpp_program": [
        pytest.mark.slow,
        pytest.mark.skipif(not HAS_CPP, reason="needs a compiler of C and one of C++"),
    ],
    "firmware": [pytest.mark.skipif(not COMPILER, reason="needs a C compiler")],
}
ENVIRONMENT = {**os.environ, "CARGO_NET_OFFLINE": "true"}


def copied(name, folder):
    shutil.copytree(EXAMPLES / name, folder / name)
    page = (folder / name / "README.md").read_text(encoding="utf-8")
    return folder / name, re.search(r"```sh\n(.*?)```", page, re.S)[1].splitlines(), page


def done(command, folder):
    """What a command of a page prints."""
    words = shlex.split(command)
    if words[0] == "symback":
        with contextlib.chdir(folder):
            result = CliRunner().invoke(cli, words[1:])
        assert result.exit_code == 0, result.output
        return result.output
    ran = subprocess.run(
        words, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    return ran.stdout


@pytest.mark.parametrize("name", [pytest.param(n, marks=marks) for n, marks in PROGRAMS.items()])
def test_programs_print_what_their_pages_say(name, tmp_path):
    folder, commands, page = copied(name, tmp_path)
    printed = [done(command, folder) for command in commands][-1]
    assert printed == re.search(r"```text\n(.*?)```", page, re.S)[1]
    done("symback generate --all --diff", folder)
    if name == "firmware" and shutil.which("nm"):
        needed = {line.split()[-1] for line in done("nm -u sensor", folder).splitlines()}
        assert not {name for name in needed if re.match("(m|c|re)alloc|free", name)}, needed


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@in_browser
def test_sliders_show_the_loss_and_a_step_lowers_it(tmp_path):
    folder, commands, _ = copied("slider_page", tmp_path)
    done(commands[0], folder)
    handler = functools.partial(_Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    browser = start_browser()
    try:
        browser.get(f"http://127.0.0.1:{server.server_port}/index.html")
        shown = {
            name: lambda name=name: float(
                browser.execute_script(f"return document.getElementById('{name}').value")
            )
            for name in ("loss", "by-w3", "w3-is")
        }
        first = shown["loss"]()
        assert first > 0 and shown["w3-is"]() == 0 and shown["by-w3"]() != 0
        move = "const s = document.getElementById(arguments[0]); s.value = arguments[1];"
        for name, value in (("w3", 1.5), ("w4", -0.5)):
            browser.execute_script(f"{move} s.dispatchEvent(new Event('input'))", name, value)
        assert shown["loss"]() == 0 and shown["w3-is"]() == 1.5
        browser.execute_script(f"{move} s.dispatchEvent(new Event('input'))", "w3", 0)
        before = shown["loss"]()
        browser.execute_script("document.getElementById('step').click()")
        assert 0 < shown["loss"]() < before
    finally:
        browser.quit()
        server.shutdown()
        server.server_close()


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")
def test_the_page_imports_what_its_module_exports(tmp_path):
    folder, commands, _ = copied("slider_page", tmp_path)
    done(commands[0], folder)
    page = (folder / "index.html").read_text(encoding="utf-8")
    names = re.search(r'import \{ (.*?) \} from "\./neuron\.mjs"', page)[1]
    program = f'import {{ {names} }} from "./neuron.mjs"; console.log({names.split(", ")[0]}.name)'
    (folder / "program.mjs").write_text(program, encoding="utf-8")
    assert done("node program.mjs", folder) == "forward\n"
