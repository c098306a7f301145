"""Whether the database answers, asked by whoever watches over the service."""

import asyncio
import time
from concurrent.futures import Future, ThreadPoolExecutor

import sqlalchemy as sa

from lookalike.service.database import Database
from lookalike.service.database.connection import service_error_of
from lookalike.service.metrics import Metrics

_PATIENCE = 2.0


class Probe:
    """Asks the database, one question at a time, however many want to know.

    Parameters
    ----------
    database : Database
    metrics : Metrics
        Told whether it answers, and how soon.
    """

    def __init__(self, database: Database, metrics: Metrics) -> None:
        self._database = database
        self._metrics = metrics
        self._thread = ThreadPoolExecutor(1, "probe")
        self._asked: Future[str] | None = None

    async def problem(self) -> str:
        """Return why the database cannot be used, "" if it can."""
        if self._asked is None or self._asked.done():
            self._asked = self._thread.submit(self.look)
        asked = asyncio.wrap_future(self._asked)
        try:
            return await asyncio.wait_for(asyncio.shield(asked), _PATIENCE)
        except TimeoutError:
            self._metrics.database_up.set(0)
            return "The database does not answer."

    def look(self) -> str:
        """Ask now; return why the database cannot be used, "" if it can."""
        started = time.perf_counter()
        try:
            self._database.check_file()
            with self._database.reading() as connection:
                connection.execute(sa.select(1))
        except (sa.exc.SQLAlchemyError, OSError) as error:
            self._metrics.database_up.set(0)
            return service_error_of(error).detail
        self._metrics.database_up.set(1)
        self._metrics.database_seconds.observe(time.perf_counter() - started)
        return ""

    def stop(self) -> None:
        """Ask nothing any more."""
        self._thread.shutdown(cancel_futures=True)
