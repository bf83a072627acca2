"""A process that answers requests for the server: one JSON text a line in, one a line out.

It has the memory that its argument allows, no more; the server ends it where a request takes too
long, so that no request outlives its bounds or harms another.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import traceback
from typing import BinaryIO

from symback.cli.playground.protocol import EXAMPLES, answer

MOST_KEPT = 0.6  # of the memory allowed: a worker that holds more after an answer is replaced
_WARM_UP = ("derive", "page", "code")


def answered(line: bytes) -> bytes:
    """The answer to one line, as one line.

    >>> answered(b"{")
    b'{"error": {"message": "a request is a JSON object", "line": null, "column": null}}\\n'
    """
    try:
        request = json.loads(line)
    except (ValueError, RecursionError):
        request = None
    try:
        found = answer(request)
    except Exception as error:  # a fault of ours, which must not end the worker
        traceback.print_exc()
        what = f"internal: {type(error).__name__}; please report the circuit"
        found = {"error": {"message": what, "line": None, "column": None}}
    return json.dumps(found).encode() + b"\n"


def _serve(source: BinaryIO, sink: BinaryIO, most: int) -> None:
    text = EXAMPLES["L5: activation"]
    for ask in _WARM_UP:  # what libraries import and compile late is there at the first request
        answer({"ask": ask, "text": text})
    sink.write(b"ready\n")
    sink.flush()
    for line in source:
        sink.write(answered(line))
        sink.flush()
        if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 > MOST_KEPT * most:
            return


def main() -> None:
    """Answer the lines of standard input; whatever else is printed goes to standard error."""
    most = int(sys.argv[1]) * 1_000_000
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    _serve(sys.stdin.buffer, sink, most)


if __name__ == "__main__":
    main()
