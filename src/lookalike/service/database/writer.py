"""All writes of a process, through one thread: many requests share one commit.

A commit that waits for the disk costs the same for one row as for a thousand. So
while one commit is on its way the next requests gather, and go together. Each is
acknowledged only after the commit that holds it.
"""

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from sqlalchemy.engine import Connection

from lookalike.service.database.connection import Database, is_outage, service_error_of
from lookalike.service.errors import ServiceError

Work = Callable[[Connection], Any]
_TOGETHER = 64  # requests in one commit


class Writer:
    """The one thread that writes.

    Parameters
    ----------
    database : Database
    most_waiting : int
        Requests that may wait; a further one is refused.
    """

    def __init__(self, database: Database, most_waiting: int) -> None:
        self._database = database
        self._queue: queue.Queue[tuple[Work, Future[Any]] | None]
        self._queue = queue.Queue(most_waiting)
        self._later: queue.SimpleQueue[tuple[Work, Future[Any]]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, then end."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()

    async def write(self, work: Work) -> Any:
        """Do this in a transaction; what it returns comes back once it is stored.

        Raises
        ------
        ServiceError
            If too many wait, or the database failed: then nothing was stored.
        """
        future: Future[Any] = Future()
        try:
            self._queue.put_nowait((work, future))
        except queue.Full:
            raise ServiceError(429, "Too many writes wait for the disk.", 1) from None
        return await asyncio.wrap_future(future)

    def write_behind(self, work: Work) -> Future[Any]:
        """Do this soon, with whatever is written next, without waiting for it."""
        future: Future[Any] = Future()
        self._later.put((work, future))
        return future

    def settle(self) -> None:
        """Wait until everything that was to be written behind is written."""
        future: Future[Any] = Future()
        self._queue.put((lambda connection: None, future))
        future.result()

    @property
    def waiting(self) -> int:
        """How many requests wait."""
        return self._queue.qsize()

    def _run(self) -> None:
        running = True
        while running:
            together, running = self._gather()
            behind = [self._later.get() for _ in range(self._later.qsize())]
            if together or behind:
                self._store(behind + together)

    def _gather(self) -> tuple[list[tuple[Work, Future[Any]]], bool]:
        together: list[tuple[Work, Future[Any]]] = []
        try:
            first = self._queue.get(timeout=0.05)
            while first is not None:
                together.append(first)
                if len(together) == _TOGETHER:
                    return together, True
                first = self._queue.get_nowait()
            return together, False
        except queue.Empty:
            return together, True

    def _store(self, together: list[tuple[Work, Future[Any]]]) -> None:
        try:
            with self._database.writing() as connection:
                answers = [work(connection) for work, _ in together]
        except Exception as error:
            self._one_by_one(together, error)
            return
        self._acknowledge(together, answers)

    def _one_by_one(
        self, together: list[tuple[Work, Future[Any]]], error: Exception
    ) -> None:
        """One request must not spoil the others; a broken database fails them all."""
        for work, future in together:
            if is_outage(error):
                future.set_exception(service_error_of(error))
            else:
                self._alone(work, future)

    def _alone(self, work: Work, future: Future[Any]) -> None:
        try:
            with self._database.writing() as connection:
                answer = work(connection)
        except Exception as error:
            future.set_exception(service_error_of(error) if is_outage(error) else error)
        else:
            self._acknowledge([(work, future)], [answer])

    def _acknowledge(
        self, together: list[tuple[Work, Future[Any]]], answers: list[Any]
    ) -> None:
        for (_, future), answer in zip(together, answers, strict=True):
            future.set_result(answer)
