"""A second answer that nobody is shown, and how it differs from the one that was."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lookalike.service.answering import Answered, AnswerRequest
from lookalike.service.logs import log
from lookalike.service.runtime import ServedSystem

_MOST = 4  # requests at a time: a shadow must not slow down what is shown


@dataclass(frozen=True)
class Compared:
    """What a shadow did with a request.

    details : the verb, the time of what was shown, and ``difference``; None where the
        shadow failed
    """

    generation: str
    milliseconds: float
    details: dict[str, Any] | None


class Shadows:
    """Second answers on their way, a few at a time."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Compared]] = set()

    @property
    def is_full(self) -> bool:
        """Whether a further request is left out."""
        return len(self._tasks) >= _MOST

    def add(
        self,
        answer: Coroutine[Any, Any, Compared],
        record: Callable[[Compared], None],
    ) -> None:
        """Have an answer compared, and then recorded."""
        task = asyncio.create_task(answer)
        self._tasks.add(task)

        def end(done: asyncio.Task[Compared]) -> None:
            self._tasks.discard(done)
            if not done.cancelled():
                record(done.result())

        task.add_done_callback(end)


async def compared(
    served: ServedSystem, request: AnswerRequest, shown: Answered, deadline: float
) -> Compared:
    """Answer a request a second time, and compare; it raises nothing."""
    begun = time.monotonic()
    try:
        found: Answered = await served.engine.ask(request, deadline)
        milliseconds = 1e3 * (time.monotonic() - begun)
        details = {
            "verb": request.verb,
            "shown_milliseconds": shown.milliseconds,
            **difference(shown.answers, found.answers),
        }
        return Compared(found.active.generation, milliseconds, details)
    # Whatever it is, nobody waits for this answer: it is counted.
    except Exception as error:
        log(logging.ERROR, "shadow failed", kind=type(error).__name__)
        milliseconds = 1e3 * (time.monotonic() - begun)
        return Compared(served.active.generation, milliseconds, None)


def difference(shown: Sequence[Any], other: Sequence[Any]) -> dict[str, Any]:
    """Return how the lists of one request differ, averaged over its queries.

    Parameters
    ----------
    shown, other : sequences
        The answers that were shown and those that were not: lists of items with scores,
        or of answers that name something.

    Returns
    -------
    dict
        overlap : share of the things of either list that both have, in [0, 1]
        same_first : share of the queries whose first thing is the same
        score : mean absolute difference of scores of things that both have, None
            without any

    Examples
    --------
    >>> from lookalike.core.contracts import SearchAnswer
    >>> one = SearchAnswer(["a", "b"], [1.0, 0.5], [None] * 2)
    >>> two = SearchAnswer(["a", "c"], [0.8, 0.5], [None] * 2)
    >>> found = difference([one], [two])
    >>> found["overlap"], found["same_first"], round(found["score"], 2)
    (0.3333333333333333, 1.0, 0.2)
    """
    pairs = list(zip(map(_scores, shown), map(_scores, other), strict=False))
    overlaps, firsts, gaps = [], [], []
    for one, two in pairs:
        both = [name for name in one if name in two]
        either = len(one) + len(two) - len(both)
        overlaps.append(len(both) / either if either else 1.0)
        firsts.append(next(iter(one), None) == next(iter(two), None))
        gaps += [abs(one[name] - two[name]) for name in both]
    finite = [gap for gap in gaps if np.isfinite(gap)]
    return {
        "overlap": float(np.mean(overlaps)) if pairs else 1.0,
        "same_first": float(np.mean(firsts)) if pairs else 1.0,
        "score": float(np.mean(finite)) if finite else None,
    }


def _scores(answer: Any) -> dict[str, float]:
    """Things of one answer with their scores, best first."""
    if hasattr(answer, "ids"):
        return dict(zip(answer.ids, map(float, answer.scores), strict=True))
    found: dict[str, float] = {}
    for at, each in enumerate(answer):
        record = each.record()
        name = str(record.get("label", record.get("query", at)))
        score = record.get("probability", record.get("score", 0.0))
        found.setdefault(name, float(score or 0.0))
    return found
