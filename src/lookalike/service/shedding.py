"""Requests that are too many, refused before they are parsed.

A server at twice its capacity spends its time on refusals. So while as many requests
are at work as may be, one that arrives whole and between two others gets its 503
written as it is: no parser, no task, no application. Everything else goes the usual way
and is refused by ``limits``. This overrides parts of uvicorn's protocol that are not
public: a test holds it to the version that is installed, and the setting ``shed_early``
turns it off.
"""

import re
from dataclasses import dataclass
from typing import Any

from lookalike.service.arrival import ArrivalProtocol

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d{1,9}) *\r\n", re.IGNORECASE)
_UNUSUAL = re.compile(
    rb"\r\n(transfer-encoding|expect|upgrade):|\r\nconnection:(?! *keep-alive *\r)",
    re.I,
)
ALWAYS = ("/healthz", "/readyz", "/metrics")
"""Paths that are answered however many requests are at work."""
_SHEDS = re.compile(
    rf"(GET|POST|PUT|DELETE) (?!{'|'.join(ALWAYS)})/\S* HTTP/1\.1\r\n".encode()
)


@dataclass
class Occupancy:
    """How many requests are at work in this process, and how many may be."""

    max_at_work: int
    refusal: bytes
    """The whole answer to one more."""
    refused: Any
    """Counts them: a counter with ``inc``."""
    at_work: int = 0

    @property
    def full(self) -> bool:
        """Whether one more is one too many."""
        return self.at_work >= self.max_at_work


class SheddingProtocol(ArrivalProtocol):
    """The protocol with limits of what arrives, and a short way out.

    The application's lifespan hands the :class:`Occupancy` over as ``occupancy``.
    """

    def data_received(self, data: bytes) -> None:
        """Refuse what is too many, or read on."""
        occupancy = self.app_state.get("occupancy")
        if occupancy and occupancy.full and self._is_idle and is_whole(data):
            self._unset_keepalive_if_required()
            self._disarm()
            if self._arrivals is not None:
                self._wait(self._arrivals)
            occupancy.refused.inc()
            self.transport.write(occupancy.refusal)
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )
            return
        super().data_received(data)

    @property
    def _is_idle(self) -> bool:
        answered = self.cycle is None or self.cycle.response_complete
        return answered and not self._within and not self.transport.is_closing()


def is_whole(data: bytes) -> bool:
    r"""Whether these bytes are one request, all of it, of a kind that may be shed.

    >>> is_whole(b"POST /v1/x HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nhi")
    True
    >>> is_whole(b"POST /v1/x HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nhi")
    False
    >>> is_whole(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n")
    False
    """
    end = data.find(b"\r\n\r\n")
    if end < 0 or not _SHEDS.match(data) or _UNUSUAL.search(data, 0, end + 2):
        return False
    length = _LENGTH.search(data, 0, end + 2)
    return len(data) == end + 4 + (int(length[1]) if length else 0)
