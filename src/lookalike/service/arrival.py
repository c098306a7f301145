"""How requests arrive: limits of a head, and of connections that wait for one.

uvicorn reads a head of any length for any time, and counts connections without asking
what they do. So whoever sends half of a head a thousand times keeps everybody else from
an answer. Here a head that is too large or too late is refused and its connection
closed; of connections that wait for a head, the one that waits longest makes room.
This overrides parts of uvicorn's protocol that are not public: a test holds it to the
version that is installed.
"""

import asyncio
import sys
from dataclasses import dataclass, field
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_LAST = 0.25  # seconds in which a request that was sent before the end arrives
_LINGER = 1.0  # seconds for which a client that was refused may go on sending
_DISCARDED = 2**17  # bytes of that


@dataclass
class Arrivals:
    """What is allowed to connections of one process, and those that wait for a head.

    max_head : bytes of a request's line and fields
    head_seconds : for a head to arrive, also for the first one of a connection
    body_seconds : for the rest of a request, until its connection is closed
    max_idle : connections that wait for a head
    too_large, too_late : whole answers
    refused : counts them: a counter with ``inc``
    """

    max_head: int
    head_seconds: float
    body_seconds: float
    max_idle: int
    too_large: bytes
    too_late: bytes
    refused: Any
    idle: "dict[ArrivalProtocol, None]" = field(default_factory=dict, repr=False)
    """The one that has waited longest first."""


class ArrivalProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with limits of what arrives.

    The application's lifespan hands the :class:`Arrivals` over as ``arrivals``.
    """

    _arrivals: Arrivals | None = None  # where the application hands over none
    _max_head = sys.maxsize
    _within = False  # a request has begun to arrive
    _in_head = True  # and its head is not whole
    _head = 0  # bytes of the head so far, as they came and as they were parsed
    _parsed = 0
    _timer: asyncio.TimerHandle | None = None
    _timed = ""  # what the timer is for
    _discarded = 0
    _refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Expect a first head."""
        super().connection_made(transport)
        arrivals = self._arrivals = self.app_state.get("arrivals")
        if arrivals is None:
            return
        self._max_head = arrivals.max_head
        self._wait(arrivals)
        self._arm(arrivals, "head")
        while len(arrivals.idle) > arrivals.max_idle:
            oldest = next(iter(arrivals.idle))
            del arrivals.idle[oldest]
            oldest.give_up(arrivals)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        if self._arrivals is not None:
            self._arrivals.idle.pop(self, None)
        self._disarm()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """Finish; where the process drains, a request that is on its way is answered.

        Closing at once would reset the connection of whoever has just sent one.
        """
        drain = self.app_state.get("drain")
        if drain is not None and drain.begun:
            self.loop.call_later(_LAST, super().shutdown)
        else:
            super().shutdown()

    def data_received(self, data: bytes) -> None:
        """Read on, as long as the head is neither too large nor too late."""
        arrivals = self._arrivals
        if arrivals is None:
            super().data_received(data)
            return
        if self._refused:
            self._discarded += len(data)
            if self._discarded > _DISCARDED:
                self.transport.abort()
            return
        if self._in_head:
            self._head += len(data)
        super().data_received(data)
        if not self._within:
            if self._timed:
                self._disarm()
            return
        if self._in_head and self._head > self._max_head:
            self._refuse(arrivals)
        if not self._refused:
            self._arm(arrivals, "head" if self._in_head else "body")

    def on_message_begin(self) -> None:
        """A request begins."""
        self._within = self._in_head = True
        self._parsed = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Part of its address came."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field came, of the head or after the body."""
        self._count(len(name) + len(value) + 4)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._in_head, self._head = False, 0
        if self._arrivals is not None:
            self._arrivals.idle.pop(self, None)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._within, self._in_head = False, True
        super().on_message_complete()
        if self._arrivals is not None and self.cycle.response_complete:
            # Answered before all of it had come: the time starts anew.
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def on_response_complete(self) -> None:
        """The connection waits for another head, or for what is not needed any more."""
        super().on_response_complete()
        if self._arrivals is not None and self.cycle.response_complete:
            self._wait(self._arrivals)

    def send_400_response(self, msg: str) -> None:
        """Refuse what cannot be parsed, or was not parsed further."""
        arrivals = self._arrivals
        if arrivals is not None and self._parsed > self._max_head:
            self._refuse(arrivals)
        else:
            super().send_400_response(msg)

    def give_up(self, arrivals: Arrivals) -> None:
        """Close a connection that waits for a head."""
        if self._refused:
            self.transport.abort()
            return
        if self._within and self._in_head:
            arrivals.refused.inc()
            self.transport.write(arrivals.too_late)
        self.transport.close()

    def _wait(self, arrivals: Arrivals) -> None:
        """Take the last place among those that wait for a head."""
        arrivals.idle.pop(self, None)
        if not self.transport.is_closing():
            arrivals.idle[self] = None

    def _count(self, n: int) -> None:
        self._parsed += n
        if self._parsed > self._max_head:
            raise ValueError("The head is too large.")  # the parser ends with a 400

    def _refuse(self, arrivals: Arrivals) -> None:
        """Answer 431, and close once the client has had time to read it."""
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        arrivals.refused.inc()
        self._disarm()
        if self.cycle is not None and not self.cycle.response_complete:
            self.transport.close()  # another answer is under way on this connection
            return
        self.transport.write(arrivals.too_large)
        if self.transport.can_write_eof():
            # Closing at once would let the system throw away what was written.
            self.transport.write_eof()
            self._timer = self.loop.call_later(_LINGER, self.transport.abort)
        else:
            self.transport.close()

    def _arm(self, arrivals: Arrivals, what: str) -> None:
        if self._timed == what:
            return
        self._disarm()
        self._timed = what
        seconds = arrivals.head_seconds if what == "head" else arrivals.body_seconds
        self._timer = self.loop.call_later(seconds, self._late)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._timed = None, ""

    def _late(self) -> None:
        arrivals = self._arrivals
        if arrivals is not None:
            self.give_up(arrivals)
