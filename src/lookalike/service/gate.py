"""In front of every request: limits that hold before anything is read or computed.

Plain ASGI. A request that is too many is turned away here, if the protocol below has
not done so already (see ``shedding``): only so does a service that is asked twice what
it can do still do what it can.
"""

import asyncio
import json
import re
import secrets
import time
from collections.abc import Sequence
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lookalike.service.log import Log
from lookalike.service.metrics import Metrics
from lookalike.service.refusal import Refusal
from lookalike.service.settings import Settings
from lookalike.service.shedding import ALWAYS, Occupancy

_LOCAL = re.compile(rb"(127(\.\d+){3}|localhost|\[::1\])(:\d+)?", re.IGNORECASE)
_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        b"img-src 'self' data: blob:; base-uri 'none'; form-action 'none'; "
        b"frame-ancestors 'none'",
    ),
]

_BUSY = Refusal(503, "Too many requests are being answered.", 1)


def occupancy(settings: Settings, metrics: Metrics) -> Occupancy:
    """Return the count of requests at work, at its beginning."""
    start, body = _whole(_BUSY, _HEADERS)
    lines = [b"HTTP/1.1 503 Service Unavailable"]
    lines += [name + b": " + value for name, value in start["headers"]]
    refusal = b"\r\n".join([*lines, b"", body["body"]])
    refused = metrics.refused.labels("busy")
    return Occupancy(settings.max_waiting, refusal, refused)


class Gate:
    """The outermost layer of the application."""

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        metrics: Metrics,
        log: Log,
        occupancy: Occupancy,
    ) -> None:
        self._app = app
        self._settings = settings
        self._metrics = metrics
        self._log = log
        self._occupancy = occupancy
        # Ready to be sent: who is turned away must cost next to nothing.
        self._busy = _whole(_BUSY, _HEADERS)
        self._ids = secrets.token_hex(4), iter(range(2**62))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._occupancy.full and scope["path"] not in ALWAYS:
            self._occupancy.refused.inc()
            for message in self._busy:
                await send(message)
            return
        started = time.perf_counter()
        visit = _Visit(scope, send, f"{self._ids[0]}{next(self._ids[1]):x}")
        try:
            self._check(scope)
        except Refusal as refusal:
            self._metrics.refused.labels("not allowed").inc()
            await visit.refuse(refusal)
            self._note(visit, started)
            return
        self._occupancy.at_work += 1
        try:
            body = _Body(receive, self._settings)
            await self._app(scope, body.receive, visit.send)
        except Refusal as refusal:
            await visit.refuse(refusal)
        except Exception as error:
            about = {"request": visit.id, "kind": type(error).__name__}
            self._log.write("error", "request failed", **about, detail=_where(error))
            await visit.refuse(Refusal(500, "Something went wrong here; it was noted."))
        finally:
            self._occupancy.at_work -= 1
            self._note(visit, started)

    def _check(self, scope: Scope) -> None:
        headers = dict(scope["headers"])
        if not self._settings.require_key:
            _check_local(headers, scope["method"])
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length) > self._settings.max_body:
            raise _too_large(self._settings)

    def _note(self, visit: "_Visit", started: float) -> None:
        seconds = time.perf_counter() - started
        route = visit.route
        self._metrics.requests.labels(route, str(visit.status)).inc()
        self._metrics.seconds.labels(route).observe(seconds)
        if self._settings.log_requests or visit.status >= 500:
            level = "error" if visit.status >= 500 else "info"
            self._log.write(
                level,
                "request",
                request=visit.id,
                method=visit.scope["method"],
                route=route,
                status=visit.status,
                milliseconds=round(1000 * seconds, 2),
                key=visit.scope.get("state", {}).get("key_id"),
            )


class _Visit:
    """One request on its way out."""

    def __init__(self, scope: Scope, send: Send, id: str) -> None:
        self.scope = scope
        self.id = id
        self.status = 499  # until an answer begins: the client went away
        self._send = send

    @property
    def route(self) -> str:
        """The route's pattern; what matches none is one label, or there were many."""
        route = self.scope.get("route")
        return str(getattr(route, "path", "none"))

    async def send(self, message: Message) -> None:
        """Send on, with our headers."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [*message.get("headers", ()), *_HEADERS]
            headers.append((b"x-request-id", self.id.encode()))
            if not any(name == b"cache-control" for name, _ in headers):
                headers.append((b"cache-control", b"no-store"))
            message = {**message, "headers": headers}
        await self._send(message)

    async def refuse(self, refusal: Refusal) -> None:
        """Answer with a sentence, unless an answer has begun already."""
        if self.status != 499:
            return
        start, body = _whole(refusal)
        await self.send(start)
        await self._send(body)


def _whole(
    refusal: Refusal, also: Sequence[tuple[bytes, bytes]] = ()
) -> tuple[Message, Message]:
    """The answer to a request that is refused."""
    body = json.dumps({"detail": refusal.sentence}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        *((k.lower().encode(), v.encode()) for k, v in refusal.headers.items()),
        *also,
    ]
    start = {"type": "http.response.start", "status": refusal.status}
    return {**start, "headers": headers}, {"type": "http.response.body", "body": body}


class _Body:
    """A request's body, no larger and no slower than is allowed."""

    def __init__(self, receive: Receive, settings: Settings) -> None:
        self._receive = receive
        self._settings = settings
        self._size = 0
        self._until = asyncio.get_running_loop().time() + settings.body_seconds
        self._whole = False

    async def receive(self) -> Message:
        """The next part of it."""
        if self._whole:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError:
            raise Refusal(
                408,
                f"The request took longer than {self._settings.body_seconds:g} s to "
                "arrive.",
            ) from None
        self._size += len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        if self._size > self._settings.max_body:
            raise _too_large(self._settings)
        return message


def _check_local(headers: dict[bytes, bytes], method: str) -> None:
    """Without keys, only this machine's own pages and programs may ask.

    A stranger's page in the same browser can send requests here: it cannot choose the
    host's name, nor hide where it comes from.
    """
    host = headers.get(b"host", b"")
    if not _LOCAL.fullmatch(host):
        raise Refusal(
            403,
            "Without keys this service answers to localhost only; see --require-key.",
        )
    origin = headers.get(b"origin")
    reads = method in ("GET", "HEAD", "OPTIONS")
    if origin is not None and not reads and origin.split(b"://")[-1] != host:
        raise Refusal(403, "Without keys other sites may not write here.")


def _too_large(settings: Settings) -> Refusal:
    return Refusal(413, f"A request may have {settings.max_body:,} bytes at most.")


def _where(error: BaseException) -> str:
    """Kind and place of an error, without its values: they may hold secrets."""
    trace = error.__traceback__
    places: list[Any] = []
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " > ".join(places[-6:])
