"""Asking an engine from a route, and the names of what it answered."""

import time
from typing import Any

from lookalike.service.engine import Engine
from lookalike.service.parts import Parts
from lookalike.service.refusal import Refusal

ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The answers, and the generation that gave them."},
    422: {"description": "What is wrong with the request, in one sentence."},
    503: {"description": "Too busy, or too late; see Retry-After."},
}


async def in_time(
    parts: Parts, engine: Engine[Any], wanted: Any, deadline_ms: int | None = None
) -> Any:
    """The engine's answer, or a refusal."""
    check_ready(parts)
    seconds = parts.settings.deadline
    if deadline_ms is not None:
        seconds = min(seconds, deadline_ms / 1000)
    try:
        return await engine.ask(wanted, time.monotonic() + seconds)
    except ValueError as error:
        raise Refusal(422, str(error)) from None


def check_ready(parts: Parts) -> None:
    """Refuse while nothing can be answered yet."""
    if not parts.ready:
        raise Refusal(503, "The service is starting.", 1)


def query_ids(query_id: str, n: int) -> list[str]:
    """Ids of the n lists of one request: the first has its own, the others a suffix.

    >>> query_ids("q", 3)
    ['q', 'q.1', 'q.2']
    """
    return [query_id, *(f"{query_id}.{at}" for at in range(1, n))][:n]
