"""`symback serve`: the playground on this machine, for one reader or for a class.

The server gives out a fixed set of files, held in memory, and answers the protocol in worker
processes. It reads no path that a request names, and evaluates nothing of what it says.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import Any

from symback.cli.playground.files import TYPES, engine_file, page_files
from symback.cli.playground.pool import Bounds, Busy, Pool
from symback.cli.playground.protocol import LONGEST_DATA, LONGEST_TEXT
from symback.codegen.extras import imports_of_extra
from symback.errors import SymbackError

LONGEST_BODY = 6 * (LONGEST_TEXT + LONGEST_DATA)  # bytes: a letter may be six, as \u0041
_FRAME = "frame"
_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9_.-]+))(?::[0-9]{1,5})?").fullmatch
_NAMES = ("localhost", "127.0.0.1", "::1")

PAGE_POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; "
    "style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
FRAME_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-scripts allow-forms"
)
"""What pages may do: the frame shows derivations, whose scripts reach neither page nor network."""

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


class _Refused(Exception):
    """A request that is not answered: a status and a sentence."""


def application(pool: Pool, names: Sequence[str]) -> Any:
    """The ASGI application over a pool that has started; it answers to these host names only."""
    with imports_of_extra("serve needs Starlette: pip install 'symback[serve]'"):
        from starlette.applications import Starlette
        from starlette.routing import Route

    async def ask(request: Any) -> Any:
        try:
            return _response(await pool.ask(await _line(request)), "application/json")
        except Busy:
            return _refusal(503, "too many requests wait; try again in a moment")
        except _Refused as refused:
            return _refusal(*refused.args)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await pool.close()

    routes = [Route("/answer", ask, methods=["POST"])]
    routes += [Route(f"/{name}", _giving(*given)) for name, given in _files().items()]
    inner = Starlette(routes=routes, lifespan=lifespan)
    known = {name.lower() for name in names}

    async def guarded(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and _host(scope["headers"]) not in known:
            await _refusal(400, "this server has another name; give it with --name")(
                scope, receive, send
            )
        else:
            await inner(scope, receive, send)

    return guarded


def _host(headers: Sequence[tuple[bytes, bytes]]) -> str:
    """The one host that a request names, without its port; "" where that is not clear.

    >>> _host([(b"host", b"[::1]:8000")]), _host([(b"host", b"localhost")])
    ('::1', 'localhost')
    """
    given = [value.decode("latin-1").lower() for name, value in headers if name == b"host"]
    found = _HOST(given[0]) if len(given) == 1 else None
    return (found[1] or found[2]) if found else ""


def _files() -> dict[str, tuple[bytes, str]]:
    """All that is given out, by path, and its type."""
    found = {name: (content, TYPES[name]) for name, content in page_files().items()}
    found["frame.html"] = found["frame.html"][0], _FRAME
    found["engine.json"] = engine_file("server"), "application/json"
    return {"": found["index.html"], **found}


def _giving(content: bytes, kind: str) -> Callable[[Any], Awaitable[Any]]:
    async def give(request: Any) -> Any:
        return _response(content, kind)

    return give


def _response(body: bytes, kind: str, status: int = 200) -> Any:
    from starlette.responses import Response  # of the extra serve

    policy = FRAME_POLICY if kind == _FRAME else PAGE_POLICY
    media = TYPES["frame.html"] if kind == _FRAME else kind
    return Response(body, status, {**_HEADERS, "Content-Security-Policy": policy}, media)


def _refusal(status: int, message: str) -> Any:
    found = {"error": {"message": message, "line": None, "column": None}}
    return _response(json.dumps(found).encode(), "application/json", status)


async def _line(request: Any) -> bytes:
    """The request as JSON on one line, whatever was sent; raises _Refused."""
    from starlette.requests import ClientDisconnect  # of the extra serve

    headers = request.headers
    if headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise _Refused(415, "a request is JSON")
    origin = headers.get("origin")
    if origin is not None and origin.partition("//")[2] != headers.get("host"):
        raise _Refused(403, "a request comes from the playground's own page")
    body = bytearray()
    try:
        async for part in request.stream():
            body += part
            if len(body) > LONGEST_BODY:
                raise _Refused(413, "the text is too long; shorten it")
    except ClientDisconnect:
        raise _Refused(400, "the request ended early") from None
    try:
        return json.dumps(json.loads(bytes(body))).encode()
    except (ValueError, RecursionError):
        raise _Refused(400, "a request is a JSON object") from None


def serve(
    host: str = "127.0.0.1",
    port: int = 8000,
    *,
    names: Sequence[str] = (),
    bounds: Bounds | None = None,
    say: Callable[[str], object] = print,
) -> None:
    """Serve the playground until it is interrupted; `names` are further names of this machine.

    Its address is given out when all workers are ready, as no request is lost from then on.
    """
    with imports_of_extra("serve needs uvicorn: pip install 'symback[serve]'"):
        import uvicorn

    pool = Pool(bounds or Bounds())
    app = application(pool, [*_NAMES, host, *names])
    config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False)
    listening = _listening(host, port)
    shown = f"[{host}]" if ":" in host else host

    async def run() -> None:
        try:
            await pool.start()
        except (OSError, RuntimeError) as error:
            raise SymbackError(f"{error}; choose fewer workers with --workers") from None
        say(f"symback's playground: http://{shown}:{listening.getsockname()[1]} (Ctrl+C ends it)")
        if not _is_loopback(host):
            say("whoever reaches this address can use this machine's time")
        await uvicorn.Server(config).serve(sockets=[listening])

    with listening:
        asyncio.run(run())


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=512)
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or error
        raise SymbackError(
            f"the address {host}, port {port} can't be used: {why}; choose another with --port"
        ) from None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


__all__ = ["FRAME_POLICY", "PAGE_POLICY", "application", "serve"]
