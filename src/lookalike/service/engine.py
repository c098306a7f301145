"""One thread that computes: requests that come together are answered together.

A search of eight queries costs much less than eight searches of one. While the thread
answers some requests the next ones gather, and go together. No request waits on
purpose: a lone one is answered at once.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from lookalike.service.errors import ServiceError

Request = TypeVar("Request")
_MAX_TOGETHER = 32


@dataclass(eq=False)
class Job(Generic[Request]):
    """One request that waits for its answer.

    deadline : of ``time.monotonic``; later the request is not answered any more
    """

    request: Request
    deadline: float
    future: "asyncio.Future[Any]" = field(repr=False)


class Engine(Generic[Request]):
    """A thread with a bounded queue in front.

    Parameters
    ----------
    answer : callable
        Takes a list of jobs and returns as many answers; an answer may be an
        exception, which is raised for its request alone.
    max_waiting : int
        How many requests may wait; a further one is refused.
    """

    def __init__(
        self,
        answer: Callable[[list[Job[Request]]], Sequence[Any]],
        max_waiting: int,
    ) -> None:
        self._answer = answer
        self._max_waiting = max_waiting
        self._waiting: deque[Job[Request]] = deque()
        self._wake = threading.Condition()
        self._running = False
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._running = True
        self._thread.start()

    def stop(self) -> None:
        """Answer what waits, then end."""
        with self._wake:
            self._running = False
            self._wake.notify()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def waiting(self) -> int:
        """How many requests wait."""
        return len(self._waiting)

    async def ask(self, request: Request, deadline: float) -> Any:
        """The answer to a request.

        Raises
        ------
        ServiceError
            If too many wait, or the deadline passed before its turn came.
        """
        future = asyncio.get_running_loop().create_future()
        with self._wake:
            if not self._running:
                raise ServiceError(503, "The service is stopping.", 1)
            if len(self._waiting) >= self._max_waiting:
                raise ServiceError(503, "Too many requests wait for an answer.", 1)
            self._waiting.append(Job(request, deadline, future))
            self._wake.notify()
        return await future

    def _run(self) -> None:
        while jobs := self._gather():
            now = time.monotonic()
            late = [job for job in jobs if job.deadline <= now]
            timely = [job for job in jobs if job.deadline > now]
            _deliver(late, [_too_late() for _ in late])
            _deliver(timely, self._answers(timely))

    def _answers(self, jobs: list[Job[Request]]) -> Sequence[Any]:
        """One answer or error a job: what fails together is answered one by one."""
        if not jobs:
            return []
        try:
            answers = self._answer(jobs)
            if len(answers) != len(jobs):
                raise RuntimeError(f"{len(answers)} answers to {len(jobs)} requests.")
        # Whatever it is: without this thread nobody would be answered any more.
        except BaseException as error:
            if len(jobs) == 1:
                return [error]
            return [answer for job in jobs for answer in self._answers([job])]
        return answers

    def _gather(self) -> list[Job[Request]]:
        with self._wake:
            while not self._waiting and self._running:
                self._wake.wait()
            n = min(len(self._waiting), _MAX_TOGETHER)
            return [self._waiting.popleft() for _ in range(n)]


def _too_late() -> ServiceError:
    return ServiceError(503, "The deadline passed before this request's turn came.", 1)


def _deliver(jobs: Sequence[Job[Any]], answers: Sequence[Any]) -> None:
    """Hand answers over to the event loops that wait for them, in one call for each."""
    by_loop: dict[Any, list[tuple[Job[Any], Any]]] = {}
    for job, answer in zip(jobs, answers, strict=True):
        by_loop.setdefault(job.future.get_loop(), []).append((job, answer))
    for loop, theirs in by_loop.items():
        try:
            loop.call_soon_threadsafe(_resolve, theirs)
        except RuntimeError:  # the loop was closed: nothing waits any more
            continue


def _settable(error: BaseException) -> Exception:
    """An error that a future takes, and that ends no event loop."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    return RuntimeError(f"{type(error).__name__}: {error}")


def _resolve(answered: Sequence[tuple[Job[Any], Any]]) -> None:
    for job, answer in answered:
        if job.future.done():  # the client went away
            continue
        if isinstance(answer, BaseException):
            job.future.set_exception(_settable(answer))
        else:
            job.future.set_result(answer)
