"""A load generator: one process, many connections, as little of its own work as may be.

Reads one JSON object from stdin, prints one: how many answers of which status came,
how many a second, and the percentiles of how long they took. With a rate, requests are
due at fixed times and timed from when they were due: who is slow cannot hide it by
being asked less. Without one, each connection asks again as soon as it is answered.
"""

import asyncio
import base64
import json
import sys
import time
from typing import Any

_COUNTER = b"@@@@@@@@@@@@"


class Load:
    """Requests to one route."""

    def __init__(self, order: dict[str, Any]) -> None:
        self.host, self.port = order["host"], order["port"]
        body = base64.b64decode(order["body"])
        head = (
            f"POST {order['path']} HTTP/1.1\r\nhost: localhost\r\n"
            f"content-type: {order['content_type']}\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        )
        self.request = head.encode() + body
        self.counts = _COUNTER in self.request
        self.start = int(order.get("first", 0))
        self.seconds = float(order["seconds"])
        self.rate = float(order.get("rate") or 0)
        self.connections = int(order["connections"])
        self.times: list[float] = []
        self.statuses: dict[str, int] = {}
        self.sent = 0

    async def run(self) -> dict[str, Any]:
        """Ask for as long as was ordered."""
        begin = time.perf_counter()
        self.until = begin + self.seconds
        if self.rate:
            due: asyncio.Queue[float] = asyncio.Queue()
            workers = [self._answer_due(due) for _ in range(self.connections)]
            await asyncio.gather(self._make_due(due, begin), *workers)
        else:
            await asyncio.gather(*(self._ask() for _ in range(self.connections)))
        return self._told(time.perf_counter() - begin)

    async def _make_due(self, due: asyncio.Queue[float], begin: float) -> None:
        n = 0
        while (moment := begin + n / self.rate) < self.until:
            n += 1
            wait = moment - time.perf_counter()
            if wait > 0.0005:
                await asyncio.sleep(wait)
            due.put_nowait(moment)
        for _ in range(self.connections):
            due.put_nowait(0.0)

    async def _answer_due(self, due: asyncio.Queue[float]) -> None:
        connection = await self._connect()
        while moment := await due.get():
            # Who cannot keep up at all must not go on for ever.
            if time.perf_counter() > self.until + 5:
                continue
            connection = await self._one(connection, moment)

    async def _ask(self) -> None:
        connection = await self._connect()
        while (moment := time.perf_counter()) < self.until:
            connection = await self._one(connection, moment)

    async def _connect(self) -> Any:
        return await asyncio.open_connection(self.host, self.port)

    async def _one(self, connection: Any, moment: float) -> Any:
        reader, writer = connection
        request = self.request
        if self.counts:
            request = request.replace(_COUNTER, b"%012d" % (self.start + self.sent))
        self.sent += 1
        try:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            at = head.lower().index(b"content-length: ") + 16
            length = int(head[at : head.index(b"\r", at)])
            await reader.readexactly(length)
            status = head[9:12].decode()
        except (OSError, ValueError, asyncio.IncompleteReadError):
            self.statuses["broken"] = self.statuses.get("broken", 0) + 1
            writer.close()
            await asyncio.sleep(0.05)
            return await self._connect()
        if status == "200":
            self.times.append(time.perf_counter() - moment)
        self.statuses[status] = self.statuses.get(status, 0) + 1
        return connection

    def _told(self, seconds: float) -> dict[str, Any]:
        times = sorted(self.times) or [float("nan")]

        def at(share: float) -> float:
            return 1000 * times[min(len(times) - 1, int(share * len(times)))]

        return {
            "statuses": self.statuses,
            "per_second": len(self.times) / seconds,
            "p50": at(0.5),
            "p95": at(0.95),
            "p99": at(0.99),
            "most": 1000 * times[-1],
        }


def main() -> None:
    """Do what stdin orders."""
    try:
        import uvloop

        runner: Any = uvloop.run
    except ModuleNotFoundError:
        runner = asyncio.run
    order = json.loads(sys.stdin.read())
    print(json.dumps(runner(Load(order).run())))


if __name__ == "__main__":
    main()
