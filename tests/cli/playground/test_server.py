"""The server: who may ask, what is bounded, and that nothing is lost."""

import asyncio
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading

import pytest

from symback.cli.playground import server
from symback.cli.playground.pool import Bounds, Pool
from symback.cli.playground.protocol import EXAMPLES, answer
from symback.cli.playground.server import FRAME_POLICY, LONGEST_BODY, PAGE_POLICY, application
from symback.errors import SymbackError

pytest.importorskip("starlette", reason="starlette is not installed (extra serve)")
pytest.importorskip("uvicorn", reason="uvicorn is not installed (extra serve)")

L6B = EXAMPLES["L6b: multiple paths"]
JSON = {"content-type": "application/json"}


class Echo:
    """A pool that answers at once, in this process."""

    async def ask(self, line):
        return json.dumps(answer(json.loads(line))).encode()


def call(method, path, body=b"", **headers):
    """Status, headers and body of one request to the application, without a socket."""
    app = application(Echo(), ["localhost", "::1"])
    headers = {"host": "localhost:8000"} | {k.replace("_", "-"): v for k, v in headers.items()}
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "scheme": "http",
        "headers": [(k.encode(), v.encode()) for k, v in headers.items()],
    }
    sent = []

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    found = {k.decode(): v.decode() for k, v in sent[0]["headers"]}
    return sent[0]["status"], found, b"".join(m.get("body", b"") for m in sent[1:])


def test_a_derivation_is_answered():
    request = {"ask": "derive", "text": L6B}
    status, headers, body = call("POST", "/answer", json.dumps(request).encode(), **JSON)
    assert status == 200 and headers["content-type"] == "application/json"
    assert json.loads(body) == answer(request)


@pytest.mark.parametrize("path", ["/", "/index.html", "/playground.js", "/engine.json"])
def test_pages_may_load_from_here_only(path):
    status, headers, body = call("GET", path)
    assert status == 200 and body
    assert headers["content-security-policy"] == PAGE_POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert "unsafe-inline" not in PAGE_POLICY and "'unsafe-eval'" not in PAGE_POLICY


def test_the_frame_reaches_neither_the_page_nor_the_network():
    _, headers, _ = call("GET", "/frame.html")
    assert headers["content-security-policy"] == FRAME_POLICY
    assert "connect-src" not in FRAME_POLICY and "default-src 'none'" in FRAME_POLICY
    assert "form-action 'none'" in FRAME_POLICY  # forms grade answers, and are sent nowhere
    assert FRAME_POLICY.endswith("sandbox allow-scripts allow-forms")


PATHS = ["/../pyproject.toml", "/%2e%2e/x", "//etc/passwd", "/templates", "/pyodide/pyodide.mjs"]


@pytest.mark.parametrize("path", PATHS)
def test_no_other_path_is_served(path):
    assert call("GET", path)[0] == 404


HOSTS = {"localhost": 200, "LOCALHOST:80": 200, "[::1]:8000": 200, "::1": 400, "[::2]": 400}
HOSTS |= {"localhost.evil.example": 400, "localhost:80@evil.example": 400, "": 400, "evil": 400}


@pytest.mark.parametrize("host", HOSTS)
def test_only_known_hosts_are_answered(host):
    assert call("GET", "/", host=host)[0] == HOSTS[host]


def test_other_hosts_origins_and_types_are_refused():
    body = json.dumps({"ask": "hello"}).encode()
    assert call("POST", "/answer", body, **JSON, host="evil.example")[0] == 400
    assert call("GET", "/", host="evil.example")[0] == 400
    assert call("POST", "/answer", body, **JSON, origin="http://evil.example")[0] == 403
    assert call("POST", "/answer", body, **JSON, origin="null")[0] == 403
    assert call("POST", "/answer", body, content_type="text/plain")[0] == 415
    assert call("GET", "/answer")[0] == 405
    assert call("POST", "/answer", body, **JSON, origin="http://localhost:8000")[0] == 200


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000])
def test_what_is_not_json_is_refused(body):
    status, _, found = call("POST", "/answer", body, **JSON)
    assert status == 400
    assert json.loads(found)["error"]["message"] == "a request is a JSON object"


def test_a_body_too_long_is_refused():
    assert call("POST", "/answer", b" " * (LONGEST_BODY + 1), **JSON)[0] == 413


# -- processes -----------------------------------------------------------------------------------


def with_pool(bounds, use):
    """What `use` gives of a pool that is started and closed around it."""

    async def run():
        pool = Pool(bounds)
        await pool.start()
        try:
            return await use(pool)
        finally:
            await pool.close()

    return asyncio.run(run())


def line(ask, **options):
    return json.dumps({"ask": ask, **options}).encode()


@pytest.mark.slow
def test_a_request_that_takes_too_long_is_stopped_and_harms_no_other():
    async def use(pool):
        slow = await pool.ask(line("check", text=EXAMPLES["Softmax by hand"]))
        return json.loads(slow), json.loads(await pool.ask(line("hello")))

    slow, hello = with_pool(Bounds(workers=1, seconds=0.05), use)
    assert slow["error"]["message"].startswith("stopped after 0.05 s")
    assert hello == answer({"ask": "hello"})


GREEDY = """
import sys
from symback.cli.playground import protocol, worker
protocol.ASKS["hello"] = protocol.Handler(lambda: {"bytes": len(bytes(10**9))}, {})
sys.argv = ["worker", "400"]
worker.main()
"""


@pytest.mark.slow
def test_a_request_that_needs_too_much_memory_is_refused_and_harms_no_other():
    asked = b"\n".join([line("hello"), line("derive", text=L6B), b""])
    done = subprocess.run([sys.executable, "-c", GREEDY], input=asked, capture_output=True)
    ready, greedy, found = done.stdout.splitlines()
    assert ready == b"ready" and done.returncode == 0
    assert "too large" in json.loads(greedy)["error"]["message"]
    assert json.loads(found) == answer({"ask": "derive", "text": L6B})


def child_of(parent):
    """The worker that this process has started."""
    found = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(parent)], capture_output=True, text=True
    )
    [line] = [x for x in found.stdout.splitlines() if "symback.cli.playground.worker" in x]
    return int(line.split()[0])


@pytest.mark.slow
def test_a_worker_that_ends_is_replaced():
    async def use(pool):
        os.kill(child_of(os.getpid()), signal.SIGKILL)
        lost = json.loads(await pool.ask(line("hello")))
        return lost, json.loads(await pool.ask(line("derive", text=L6B)))

    lost, found = with_pool(Bounds(workers=1), use)
    assert lost["error"]["message"].startswith("stopped")
    assert found == answer({"ask": "derive", "text": L6B})


class Slow(Pool):
    """A pool whose workers need a moment, or never come."""

    def __init__(self, seen, error=None):
        super().__init__(Bounds(workers=1))
        self.seen, self.error = seen, error

    async def start(self):
        await asyncio.sleep(0.01)
        if self.error is not None:
            raise self.error
        self.seen.append("workers")


def seen_of(monkeypatch, error=None):
    """What happens in turn until requests are served."""
    import uvicorn

    seen = []

    async def accept(self, sockets):
        seen.append("requests")

    monkeypatch.setattr(server, "Pool", lambda bounds: Slow(seen, error))
    monkeypatch.setattr(uvicorn.Server, "serve", accept)
    return seen


def test_an_address_is_given_out_when_it_answers(monkeypatch):
    """A reader who comes before would be cut off where a worker does not start."""
    seen = seen_of(monkeypatch)
    server.serve(port=0, say=lambda text: seen.append(text.partition(":")[0]))
    assert seen == ["workers", "symback's playground", "requests"]


@pytest.mark.parametrize(
    "error", [OSError("Cannot allocate memory"), RuntimeError("a worker ended")], ids=str
)
def test_workers_that_do_not_start_are_a_sentence(monkeypatch, error):
    seen = seen_of(monkeypatch, error)
    with pytest.raises(SymbackError, match=f"^{error}; choose fewer workers with --workers$"):
        server.serve(port=0, say=seen.append)
    assert not seen


def test_a_worker_that_ends_before_it_is_ready(monkeypatch):
    monkeypatch.setattr(sys, "executable", shutil.which("true"))
    with pytest.raises(RuntimeError, match="ended before it was ready"):
        asyncio.run(Pool(Bounds(workers=1)).start())


@pytest.mark.slow
def test_the_command_serves_a_class():
    """Twenty readers at once over sockets; every answer is the library's."""
    command = [sys.executable, "-m", "symback", "serve", "--port", "0", "--workers", "2"]
    serving = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        port = int(re.search(r"127\.0\.0\.1:(\d+)", serving.stderr.readline())[1])
        texts = [f"f = x1 − σ(w{i}·x{i} + w4·x4)" for i in range(20)]
        found = {}

        def read(text):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request("POST", "/answer", line("derive", text=text), JSON)
            found[text] = json.loads(connection.getresponse().read())
            connection.close()

        readers = [threading.Thread(target=read, args=(text,)) for text in texts]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
        assert found == {text: answer({"ask": "derive", "text": text}) for text in texts}
    finally:
        serving.terminate()
        serving.wait(10)
        serving.stderr.close()
