"""Streams that are open: each follows one sequence, in the process that began it.

A stream holds what the last frames were, and so cannot be asked in another process: a
service with several workers begins none. One that is not asked for a while ends.
"""

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lookalike.service.errors import ServiceError

MOST = 64
"""Streams of one system that may be open at a time."""
IDLE = 60.0
"""Seconds without a frame after which a stream ends."""


@dataclass
class OpenStream:
    """One stream, with the system that it began with and stays with.

    asked : when it was asked last, by the clock of ``OpenStreams``
    """

    system: Any
    stream: Any
    asked: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def step(self, sent: dict[str, Any]) -> dict[str, Any]:
        """Take up one frame; frames that come at once are taken one by one."""
        with self.lock:
            found: dict[str, Any] = self.system.step_record(self.stream, sent)
        return found


class OpenStreams:
    """The open streams of one system.

    Examples
    --------
    >>> streams = OpenStreams(clock=lambda: 0.0)
    >>> id = streams.begin(OpenStream(None, "walk"))
    >>> streams.get(id).stream, len(streams)
    ('walk', 1)
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._open: dict[str, OpenStream] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Return how many are open."""
        return len(self._open)

    def begin(self, stream: OpenStream) -> str:
        """Keep a stream, and return its id."""
        with self._lock:
            self._end_idle()
            if len(self._open) >= MOST:
                raise ServiceError(
                    503, f"{MOST} streams are open, which is the most.", retry_after=5
                )
            id = secrets.token_hex(12)
            stream.asked = self._clock()
            self._open[id] = stream
        return id

    def get(self, id: str) -> OpenStream:
        """Return an open stream.

        Raises
        ------
        ServiceError
            404 if it has ended or never was.
        """
        with self._lock:
            self._end_idle()
            found = self._open.get(id)
            if found is None:
                raise _none(id)
            found.asked = self._clock()
        return found

    def end(self, id: str) -> OpenStream:
        """End a stream, and return it."""
        with self._lock:
            self._end_idle()
            found = self._open.pop(id, None)
        if found is None:
            raise _none(id)
        return found

    def _end_idle(self) -> None:
        before = self._clock() - IDLE
        for id in [id for id, each in self._open.items() if each.asked < before]:
            del self._open[id]


def _none(id: str) -> ServiceError:
    return ServiceError(
        404,
        f"There is no stream {id!r}: it has ended, or was not asked for {IDLE:g} "
        "seconds.",
    )
