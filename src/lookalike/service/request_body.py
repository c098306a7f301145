"""A request's body: no larger and no slower than is allowed, and inflated."""

import asyncio
import zlib
from collections.abc import Iterable

from starlette.types import Message, Receive

from lookalike.service.errors import ServiceError
from lookalike.service.settings import Settings

_EITHER = 32 + zlib.MAX_WBITS  # zlib tells the heads of gzip and of deflate apart
_ENCODINGS = (b"gzip", b"x-gzip", b"deflate")


class RequestBody:
    """Hands on a body as it arrives.

    Raises
    ------
    ServiceError
        While it is received: 408 if it takes too long, 413 if it is too large, also
        once it is inflated, 415 or 422 if it cannot be inflated.
    """

    def __init__(
        self,
        receive: Receive,
        headers: Iterable[tuple[bytes, bytes]],
        settings: Settings,
    ) -> None:
        self._receive = receive
        self._settings = settings
        self._size = 0
        self._deadline = asyncio.get_running_loop().time() + settings.body_seconds
        self._whole = False
        self._inflater = None
        known = dict(headers)
        encoding = known.get(b"content-encoding", b"identity").strip().lower()
        if encoding in _ENCODINGS:
            self._inflater = _Inflater(settings)
        elif encoding != b"identity":
            raise ServiceError(415, "A body may be compressed by gzip or deflate.")

    async def receive(self) -> Message:
        """The next part of it."""
        if self._whole:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            raise ServiceError(
                408,
                f"The request took longer than {self._settings.body_seconds:g} s to "
                "arrive.",
            ) from None
        if message["type"] != "http.request":
            return message  # the client went away
        part = message.get("body", b"")
        self._size += len(part)
        self._whole = not message.get("more_body", False)
        if self._size > self._settings.max_body:
            raise too_large(self._settings)
        if self._inflater is not None:
            part = self._inflater.inflated(part, self._whole)
            message = {**message, "body": part}
        return message


class _Inflater:
    """Inflates a stream of one or several members, to no more than is allowed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._size = 0
        self._stream = zlib.decompressobj(_EITHER)

    def inflated(self, part: bytes, last: bool) -> bytes:
        found = bytearray()
        try:
            while part:
                if self._stream.eof:
                    self._stream = zlib.decompressobj(_EITHER)
                room = self._settings.max_body - self._size - len(found)
                found += self._stream.decompress(part, room + 1)
                if len(found) + self._size > self._settings.max_body:
                    raise too_large(self._settings)
                part = self._stream.unused_data
        except zlib.error:
            raise ServiceError(
                422, "The body is not what gzip or deflate write."
            ) from None
        if last and not self._stream.eof:
            raise ServiceError(422, "The compressed body ends too early.")
        self._size += len(found)
        return bytes(found)


def too_large(settings: Settings) -> ServiceError:
    """Return the refusal of a body of too many bytes."""
    return ServiceError(413, f"A request may have {settings.max_body:,} bytes at most.")
