"""Limits that hold for every request before anything is read or computed.

A plain ASGI middleware. A request that is too many is refused here, if the protocol
below has not done so already (see ``shedding``): so a service at twice its capacity
still answers as many requests as it can.
"""

import json
import logging
import secrets
import time
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lookalike.service.arrival import Arrivals
from lookalike.service.callers import check_caller
from lookalike.service.draining import Drain
from lookalike.service.errors import ServiceError
from lookalike.service.head import as_get
from lookalike.service.logs import log
from lookalike.service.metrics import Metrics
from lookalike.service.request_body import RequestBody, too_large
from lookalike.service.settings import Settings
from lookalike.service.shedding import ALWAYS, Occupancy

_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        b"img-src 'self' data: blob:; media-src 'self' blob:; base-uri 'none'; "
        b"form-action 'none'; frame-ancestors 'none'",
    ),
]

_BUSY = ServiceError(503, "Too many requests are being answered.", 1)


def occupancy(settings: Settings, metrics: Metrics) -> Occupancy:
    """Return the counter of requests at work."""
    refused = metrics.refused.labels("busy")
    return Occupancy(settings.max_waiting, _written(_BUSY, _HEADERS), refused)


def arrivals(settings: Settings, metrics: Metrics) -> Arrivals:
    """Return what is allowed to connections, and the count of those that wait."""
    headers = [*_HEADERS, (b"connection", b"close")]
    large = f"The head of a request may have {settings.max_head:,} bytes at most."
    late = f"The head of a request may take {settings.head_seconds:g} s at most."
    return Arrivals(
        settings.max_head,
        settings.head_seconds,
        2 * settings.body_seconds,  # the application itself refuses a late body first
        settings.max_idle,
        _written(ServiceError(431, large), headers),
        _written(ServiceError(408, late), headers),
        metrics.refused.labels("head"),
    )


def _written(error: ServiceError, also: Sequence[tuple[bytes, bytes]]) -> bytes:
    """The whole answer to what is refused, as it is sent."""
    start, body = _whole(error, also)
    status = HTTPStatus(error.status_code)
    lines = [f"HTTP/1.1 {status.value} {status.phrase}".encode()]
    lines += [name + b": " + value for name, value in start["headers"]]
    return b"\r\n".join([*lines, b"", body["body"]])


class RequestLimitsMiddleware:
    """The outermost layer of the application."""

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        metrics: Metrics,
        occupancy: Occupancy,
        drain: Drain,
    ) -> None:
        self._app = app
        self._drain = drain
        self._settings = settings
        self._metrics = metrics
        self._occupancy = occupancy
        # Ready to be sent: a refusal must cost next to nothing.
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
        id = f"{self._ids[0]}{next(self._ids[1]):x}"
        context = RequestContext(scope, send, id, self._drain)
        try:
            self._check(scope)
        except ServiceError as error:
            self._metrics.refused.labels("not allowed").inc()
            await context.refuse(error)
            self._record(context, started)
            return
        self._occupancy.at_work += 1
        try:
            body = RequestBody(receive, scope["headers"], self._settings)
            asked, answer = as_get(scope, context.send)
            await self._app(asked, body.receive, answer)
        except ServiceError as error:
            await context.refuse(error)
        except ClientDisconnect:
            pass
        except Exception as error:
            about = {"request": context.id, "kind": type(error).__name__}
            log(logging.ERROR, "request failed", **about, detail=_origin(error))
            await context.refuse(
                ServiceError(500, "Something went wrong here; it was logged.")
            )
        finally:
            self._occupancy.at_work -= 1
            self._record(context, started)

    def _check(self, scope: Scope) -> None:
        if not self._settings.require_key:
            check_caller(scope, self._settings.trusted_proxies)
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if not length.isdigit() or int(length) > self._settings.max_body:
            raise too_large(self._settings)

    def _record(self, context: "RequestContext", started: float) -> None:
        seconds = time.perf_counter() - started
        route = context.route
        self._metrics.requests.labels(route, str(context.status)).inc()
        self._metrics.seconds.labels(route).observe(seconds)
        failed = context.status >= 500
        if self._settings.log_requests or failed:
            log(
                logging.ERROR if failed else logging.INFO,
                "request",
                request=context.id,
                method=context.scope["method"],
                route=route,
                status=context.status,
                milliseconds=round(1000 * seconds, 2),
                key=context.scope.get("state", {}).get("key_id"),
            )


class RequestContext:
    """One request: its id, its route and the status of its answer."""

    def __init__(self, scope: Scope, send: Send, id: str, drain: Drain) -> None:
        self.scope = scope
        self.id = id
        self.status = 499  # until an answer begins: the client went away
        self._send = send
        self._drain = drain

    @property
    def route(self) -> str:
        """The route's pattern; what matches none is one label, or there were many."""
        route = self.scope.get("route")
        return str(
            getattr(route, "path_format", None) or getattr(route, "path", "none")
        )

    async def send(self, message: Message) -> None:
        """Send on, with our headers."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [*message.get("headers", ()), *_HEADERS]
            headers.append((b"x-request-id", self.id.encode()))
            if not any(name == b"cache-control" for name, _ in headers):
                headers.append((b"cache-control", b"no-store"))
            if self._drain.begun:  # so that nothing comes when the socket is closed
                headers.append((b"connection", b"close"))
            message = {**message, "headers": headers}
        await self._send(message)

    async def refuse(self, error: ServiceError) -> None:
        """Answer with a sentence, unless an answer has begun already."""
        if self.status != 499:
            return
        start, body = _whole(error)
        await self.send(start)
        await self._send(body)


def _whole(
    error: ServiceError, also: Sequence[tuple[bytes, bytes]] = ()
) -> tuple[Message, Message]:
    """The answer to a request that is refused."""
    body = json.dumps({"detail": error.detail}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        *((k.lower().encode(), v.encode()) for k, v in (error.headers or {}).items()),
        *also,
    ]
    start = {"type": "http.response.start", "status": error.status_code}
    return {**start, "headers": headers}, {"type": "http.response.body", "body": body}


def _origin(error: BaseException) -> str:
    """Kind and place of an error, without its values: they may hold secrets."""
    trace = error.__traceback__
    frames: list[Any] = []
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append(f"{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " > ".join(frames[-6:])
