"""Ending without a request that fails: first say so, then stop listening.

When a process is told to end (SIGTERM), ``/readyz`` answers 503 for a second, so that a
balancer sends nothing more, while everything that comes is still answered, each answer
with ``Connection: close``. Then the server closes its socket and finishes what it has.
"""

import asyncio
import signal
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI


@dataclass
class Drain:
    """Whether this process has been told to end."""

    begun: bool = False


def drain_on_sigterm(app: FastAPI, drain: Drain, seconds: float) -> None:
    """Let the server of an application drain before it ends.

    The server's own handler of the signal is called when the time is over, or by a
    second signal. Ctrl-C ends it at once.

    seconds : between the signal and the end of listening; 0 is none
    """
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[Any]:
        loop = asyncio.get_running_loop()
        before: Any = signal.getsignal(signal.SIGTERM)
        is_ours = seconds > 0 and callable(before) and _is_main()

        def handle(number: int, frame: Any) -> None:
            if drain.begun:
                before(number, frame)
                return
            drain.begun = True
            loop.call_soon_threadsafe(loop.call_later, seconds, end)

        def end() -> None:
            before(signal.SIGTERM, None)

        if is_ours:
            signal.signal(signal.SIGTERM, handle)
        try:
            async with inner(app) as state:
                yield state
        finally:
            if is_ours:
                signal.signal(signal.SIGTERM, before)

    app.router.lifespan_context = lifespan


def _is_main() -> bool:
    return threading.current_thread() is threading.main_thread()
