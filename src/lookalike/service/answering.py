"""Requests to answers: what an engine does with requests that came together.

Requests of one verb and one k are decoded one by one and answered as one batch. A batch
answers exactly like its queries one by one, so that batching changes no answer. What
is wrong with one request is that request's alone.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lookalike.core.contracts import PROMPT
from lookalike.core.inputs import Inputs
from lookalike.core.spec import SystemSpec
from lookalike.service.bodies import check_pixels
from lookalike.service.engine import Job
from lookalike.service.errors import ServiceError
from lookalike.service.settings import Settings

_SLICE = 32  # queries between two looks at the clock, at most
_FIRST = 8  # before it is known how long one takes
_IN_BATCHES = ("classify", "search", "recommend", "history", "similar", "suggest")
_AS_SENT = ("history", "similar")  # their inputs are no queries that are decoded


@dataclass(frozen=True)
class AnswerRequest:
    """What one request asks a system for.

    verb : a capability: "classify", "zero_shot", "search", "recommend", "history",
        "similar", "suggest", "rank", "auction", "explain" or "explain_item"
    inputs : as they were sent, see ``core.inputs``; histories, or ids of items
    k : answers to each input
    where : attributes of items and what is let through, see ``core.contracts``
    ids : of the items that are ranked or explained
    exclude : items that are in no list of recommendations
    context : what the columns of users say of whoever asks
    labels, prompt : of which each input is to get the best, see ``NamesUnseen``
    user, country : who types and where, "" where it is not known
    auction : how places are sold: kind, reserve and what was spent
    """

    verb: str
    inputs: Sequence[Any]
    k: int = 10
    where: dict[str, Any] = field(default_factory=dict)
    ids: Sequence[str] = ()
    exclude: Sequence[str] = ()
    context: dict[str, Any] = field(default_factory=dict)
    labels: Sequence[str] = ()
    prompt: str = PROMPT
    user: str = ""
    country: str = ""
    auction: dict[str, Any] = field(default_factory=dict)

    @property
    def is_alone(self) -> bool:
        """Whether the request is not answered in one batch with others."""
        return (
            bool(self.where or self.exclude or self.context)
            or bool(self.user or self.country)
            or len(self.inputs) > _SLICE
            or self.verb not in _IN_BATCHES
        )


@dataclass(frozen=True)
class Answered:
    """Answers to the inputs of one request, fewer if time ran out.

    active : the generation that answered
    answers : one for each input, as the system's method returns them
    choice : the variant of an experiment that answered, if any
    milliseconds : from the question to the answer
    details : of an experiment, one for each answer
    """

    active: Any
    answers: list[Any]
    degraded: bool = False
    choice: Any = None
    milliseconds: float = 0.0
    details: list[dict[str, Any]] | None = None


def answer_batch(
    spec: SystemSpec,
    active: Any,
    jobs: Sequence[Job[AnswerRequest]],
    settings: Settings,
    pace: dict[str, float],
) -> list[Answered | Exception]:
    """Return one answer or exception a job, all from one generation.

    pace : seconds that one query of each verb took last; it is brought up to date
    """
    answers: list[Any] = [None] * len(jobs)
    groups: dict[Any, list[int]] = {}
    for at, job in enumerate(jobs):
        request = job.request
        key = (request.verb, request.k, at if request.is_alone else -1)
        groups.setdefault(key, []).append(at)
    decoder = spec.decoder()
    for positions in groups.values():
        decoded: dict[int, list[Any]] = {}
        for at in positions:
            try:
                decoded[at] = _queries(active.system, jobs[at], decoder, settings)
            # Whatever it is, it is this request's alone.
            except Exception as error:
                answers[at] = error
        for at, found in _answered(active, jobs, decoded, pace).items():
            answers[at] = found
    return answers


def _queries(
    system: Any, job: Job[AnswerRequest], decoder: Inputs, settings: Settings
) -> list[Any]:
    """Decode inputs: all of them, or the first for which there is time.

    Raises
    ------
    ServiceError
        If they are pictures of too many pixels; then none of them was decoded.
    """
    if job.request.verb in _AS_SENT:
        return list(job.request.inputs)
    check_pixels(job.request.inputs, settings)
    queries: list[Any] = []
    for sent in job.request.inputs:
        if queries and time.monotonic() > job.deadline:
            break
        query = decoder.decode(sent, settings.max_pixels)
        queries.append(system.check_query(query))
    return queries


def _answered(
    active: Any,
    jobs: Sequence[Job[AnswerRequest]],
    decoded: dict[int, list[Any]],
    pace: dict[str, float],
) -> dict[int, Answered | Exception]:
    """Answer the queries of several jobs together, or each alone if that fails."""
    if not decoded:
        return {}
    queries = [query for each in decoded.values() for query in each]
    deadline = max(jobs[at].deadline for at in decoded)
    request = jobs[next(iter(decoded))].request
    try:
        answers = _in_time(active.system, request, queries, deadline, pace)
    except Exception as error:
        if len(decoded) == 1:
            return dict.fromkeys(decoded, error)
        alone = [_answered(active, jobs, {at: decoded[at]}, pace) for at in decoded]
        return {at: found for each in alone for at, found in each.items()}
    found: dict[int, Answered | Exception] = {}
    start = 0
    for at, own in decoded.items():
        mine = answers[start : start + len(own)]
        start += len(own)
        found[at] = Answered(
            active, mine, degraded=len(mine) < len(jobs[at].request.inputs)
        )
        if not mine:
            found[at] = ServiceError(
                503, "The deadline passed before it was answered.", 1
            )
    return found


def _in_time(
    system: Any,
    request: AnswerRequest,
    queries: list[Any],
    deadline: float,
    pace: dict[str, float],
) -> list[Any]:
    """Return answers to all queries, or to the first for which there was time."""
    answers: list[Any] = []
    now = time.monotonic()
    while len(answers) < len(queries) and (not answers or now <= deadline):
        n = _FIRST
        if request.verb in pace:
            n = max(1, min(int((deadline - now) / pace[request.verb]), _SLICE))
        queried = queries[len(answers) : len(answers) + n]
        started = now
        answers += _verb(system, request, queried)
        now = time.monotonic()
        pace[request.verb] = max((now - started) / len(queried), 1e-9)
    return answers


def _verb(system: Any, request: AnswerRequest, queries: list[Any]) -> list[Any]:
    where = {"where": request.where} if request.where else {}
    told = {**where, "context": request.context} if request.context else where
    if request.verb == "classify":
        return list(system.classify_each(queries, **where))
    if request.verb == "zero_shot":
        return list(system.classify_as(queries, request.labels, request.prompt))
    if request.verb == "search":
        return list(system.search_each(queries, request.k, **where))
    if request.verb == "recommend":
        return list(system.recommend_each(queries, request.k, request.exclude, **told))
    if request.verb == "history":
        return list(system.recommend_from(queries, request.k, request.exclude, **told))
    if request.verb == "suggest":
        who = request.user, request.country
        return list(system.suggest_each(queries, request.k, *who))
    if request.verb == "similar":
        return list(system.similar_each(queries, request.k, **where))
    if request.verb == "rank":
        return [system.rank_items(query, request.ids) for query in queries]
    if request.verb == "auction":
        more = {**request.auction, "context": request.context}
        return [system.run_auction(query, request.k, **more) for query in queries]
    if request.verb == "explain_item":
        [id] = request.ids
        return [system.explain_item(query, id, request.k) for query in queries]
    return [system.explain(query) for query in queries]
