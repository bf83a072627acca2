"""A class at the playground: fifty readers type at once, every answer compared with the library's.

`python -m benchmarks.classroom` (extra serve) starts `symback serve` on loopback and prints the
median and the 99th percentile of a derivation, the memory, and how many requests failed. Each
reader types circuits that nobody else types, with a pause between two of them as a fast typist
makes, so that no answer is kept from another; every answer is the text of `symback derive`.
"""

from __future__ import annotations

import argparse
import http.client
import json
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from statistics import median

from symback.cli.playground.protocol import answer

READERS = 50
TEXTS = (
    "f = x1 − σ(w{i}·x3 + w4·x4)",
    "f = x1 − x2\nx1 = x3 + x5\nx2 = σ(net{i})\nnet{i} = w3·x3 + w4·x4",
    "f = tanh(w{i}·x)·exp(−v·x²)",
    "x: input[2]; W{i}: param[3, 2]; b: param[3]\nh = tanh(W{i} @ x + b)\nE: loss = sum(h²)/2",
)


def main() -> int:
    """Load the server, print what it took, and return 1 where an answer was lost or wrong."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--readers", type=int, default=READERS)
    parser.add_argument("--requests", type=int, default=20, help="of each reader")
    parser.add_argument("--pause", type=float, default=1.0, help="seconds between two of a reader")
    given = parser.parse_args()
    command = [sys.executable, "-m", "symback", "serve", "--port", "0"]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert server.stderr is not None
        found = re.search(r"127\.0\.0\.1:(\d+)", server.stderr.readline())
        assert found is not None
        port = int(found[1])
        _ask(port, {"ask": "hello"})
        seconds, wrong = _load(port, given.readers, given.requests, given.pause)
        memory = _memory(server.pid)
    finally:
        server.terminate()
        server.wait()
    seconds.sort()
    high = seconds[int(0.99 * (len(seconds) - 1))]
    print(f"{given.readers} readers, {len(seconds)} derivations, {len(wrong)} failed or wrong")
    print(f"median {1e3 * median(seconds):.0f} ms, 99th percentile {1e3 * high:.0f} ms")
    print(f"memory of the server and its workers: {memory:.0f} MB")
    for text in wrong[:3]:
        print(text)
    return 1 if wrong else 0


def _load(port: int, readers: int, requests: int, pause: float) -> tuple[list[float], list[str]]:
    """Seconds of every derivation, and what was not answered as the library answers."""
    seconds: list[float] = []
    answers: dict[str, object] = {}

    def read(reader: int) -> None:
        time.sleep(pause * reader / readers)
        for number in range(requests):
            text = TEXTS[number % len(TEXTS)].format(i=10 + reader * requests + number)
            start = time.perf_counter()
            try:
                answers[text] = _ask(port, {"ask": "derive", "text": text})
            except (OSError, ValueError, http.client.HTTPException) as error:
                answers[text] = repr(error)
            seconds.append(time.perf_counter() - start)
            time.sleep(pause)

    threads = [threading.Thread(target=read, args=(reader,)) for reader in range(readers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    right = {text: answer({"ask": "derive", "text": text}) for text in answers}
    return seconds, [f"{text!r}: {a}" for text, a in answers.items() if a != right[text]]


def _ask(port: int, request: dict[str, str]) -> object:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    body, headers = json.dumps(request), {"Content-Type": "application/json"}
    try:
        connection.request("POST", "/answer", body, headers)
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


def _memory(parent: int) -> float:
    """Megabytes that a process and its children hold."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
    pages = [int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
             for pid in (parent, *children)]  # fmt: skip
    return sum(pages) * 4096 / 1e6


if __name__ == "__main__":
    sys.exit(main())
