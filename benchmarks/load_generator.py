"""A load generator: one process, many connections, little work per request.

Reads one JSON object from stdin and prints one: the number of answers by status, the
rate, and the percentiles of the latency. With a rate, requests are due at fixed times
and timed from when they were due, so that a slow server does not lower its own load
(no coordinated omission). Without one, each connection sends its next request as soon
as it has an answer.
"""

import asyncio
import base64
import json
import re
import sys
import time
from collections import deque
from typing import Any

_COUNTER = b"@@@@@@@@@@@@"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)


class Connection(asyncio.Protocol):
    """One request at a time; of answers only status and length are read."""

    transport: Any

    def __init__(self, load: "Load") -> None:
        self.load = load
        self.moment = 0.0
        self.found = b""

    def connection_made(self, transport: Any) -> None:
        """Keep the transport."""
        self.transport = transport

    def ask(self, request: bytes, moment: float) -> None:
        """Send a request; ``moment`` is when it was due."""
        self.moment = moment
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Collect data until the answer is complete."""
        found = self.found = self.found + data if self.found else data
        end = found.find(b"\r\n\r\n")
        if end < 0:
            return
        length = _LENGTH.search(found, 0, end + 2)
        if length and len(found) < end + 4 + int(length[1]):
            return
        self.found = b""
        moment, self.moment = self.moment, 0.0
        self.load.note(found[9:12].decode() if length else "broken", moment)
        self.load.next(self)

    def connection_lost(self, error: Exception | None) -> None:
        """Open another connection unless this one was closed on purpose."""
        load = self.load
        if self.moment:
            load.note("broken", self.moment)
        elif self in load.idle:
            load.idle.remove(self)
        else:
            return  # closed by this program
        load.loop.create_task(self._replace())

    async def _replace(self) -> None:
        while time.perf_counter() < self.load.until + 5:
            await asyncio.sleep(0.05)
            try:
                self.load.next(await self.load.connect())
                return
            except OSError:
                continue
        self.load.end_one()

    def close(self) -> None:
        """Close the connection."""
        self.transport.close()


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
        """Send requests for as long as was ordered."""
        self.loop = asyncio.get_running_loop()
        self.due: deque[float] = deque()
        self.idle: list[Connection] = []
        self.left = self.connections
        self.ended = self.loop.create_future()
        for _ in range(self.connections):
            self.idle.append(await self.connect())
        begin = time.perf_counter()
        self.until = begin + self.seconds
        if self.rate:
            await self._make_due(begin)
        for connection in self._take_idle():
            self.next(connection)
        await self.ended
        return self._result(time.perf_counter() - begin)

    async def connect(self) -> "Connection":
        """Open one more connection."""
        _, connection = await self.loop.create_connection(
            lambda: Connection(self), self.host, self.port
        )
        return connection

    async def _make_due(self, begin: float) -> None:
        n = 0
        while (moment := begin + n / self.rate) < self.until:
            n += 1
            wait = moment - time.perf_counter()
            if wait > 0.0005:
                await asyncio.sleep(wait)
            if self.idle:
                self.send(self.idle.pop(), moment)
            else:
                self.due.append(moment)
        while time.perf_counter() < self.until:
            await asyncio.sleep(0.001)

    def _take_idle(self) -> list["Connection"]:
        idle, self.idle = self.idle, []
        return idle

    def next(self, connection: "Connection") -> None:
        """Send the next request, wait for one, or end."""
        now = time.perf_counter()
        # A server that cannot keep up must not prolong the run without end.
        if self.due and now < self.until + 5:
            self.send(connection, self.due.popleft())
        elif now < self.until and self.rate:
            self.idle.append(connection)
        elif now < self.until:
            self.send(connection, now)
        else:
            connection.close()
            self.end_one()

    def end_one(self) -> None:
        """Count a connection that has ended."""
        self.left -= 1
        if not self.left:
            self.ended.set_result(None)

    def send(self, connection: "Connection", moment: float) -> None:
        """Send the request that was due at ``moment``."""
        request = self.request
        if self.counts:
            request = request.replace(_COUNTER, b"%012d" % (self.start + self.sent))
        self.sent += 1
        connection.ask(request, moment)

    def note(self, status: str, moment: float) -> None:
        """Count an answer."""
        if status == "200":
            self.times.append(time.perf_counter() - moment)
        self.statuses[status] = self.statuses.get(status, 0) + 1

    def _result(self, seconds: float) -> dict[str, Any]:
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
    """Run the load that stdin describes."""
    try:
        import uvloop

        runner: Any = uvloop.run
    except ModuleNotFoundError:
        runner = asyncio.run
    order = json.loads(sys.stdin.read())
    print(json.dumps(runner(Load(order).run())))


if __name__ == "__main__":
    main()
