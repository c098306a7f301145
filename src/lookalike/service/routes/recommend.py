"""``recommend`` and ``rank``: what users may want, and items in order for a user."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query, Response

from lookalike.core.contracts import Recommends
from lookalike.rank.slate import ExplainedSlate, explore
from lookalike.service.answering import Answered, AnswerRequest
from lookalike.service.bodies import one_or_many
from lookalike.service.components import Components
from lookalike.service.errors import ServiceError
from lookalike.service.routes.access import new_router
from lookalike.service.routes.common import (
    Exposure,
    ask,
    check_ready,
    document_of,
    is_drafted,
    log_exposures,
    new_query_id,
    responses_of,
    with_columns,
)
from lookalike.service.runtime import ServedSystem
from lookalike.service.schemas import (
    AnswerOptions,
    RankRequest,
    RecommendationList,
    RecommendRequest,
    answer_model,
    filters,
)
from lookalike.service.settings import Settings

_POOL = 20  # how far below the last place the explored items may stand
_MODEL = answer_model("Recommendations", RecommendationList)


def recommend(components: Components, served: ServedSystem) -> APIRouter:
    """Return the route of a system that can recommend."""
    router = _router(components, served)
    rng = np.random.default_rng()

    @router.post("/recommend", responses=responses_of(_MODEL), response_class=Response)
    async def recommend(sent: RecommendRequest) -> Response:
        """Recommend k things to each user, best first; also to users not known.

        With a history: to whoever has it. With a context: to whoever is like this.
        """
        request, users = _request(served, sent, components.settings)
        share = components.settings.explore
        if share > 0:
            most = components.settings.max_k
            request = replace(request, k=min(sent.k + _POOL, max(most, sent.k)))
        user = users[0] if len(users) == 1 else None
        found = await ask(components, served, request, sent, user)
        share = 0.0 if is_drafted(found) else share
        lists = [explore(each, sent.k, share, rng) for each in found.answers]
        return await _shown(components, served, "recommend", sent, users, found, lists)

    @router.get("/users")
    async def users(
        n: Annotated[int, Query(ge=1, le=200)] = 20,
        prefix: Annotated[str, Query(max_length=200)] = "",
    ) -> dict[str, Any]:
        """A few users that were learned from, whose names begin with the prefix."""
        check_ready(components)
        return await asyncio.to_thread(some_users, served.active.system, n, prefix)

    return router


def _request(
    served: ServedSystem, sent: RecommendRequest, settings: Settings
) -> tuple[AnswerRequest, list[str | None]]:
    """Return what is asked of the system, and the user of each list."""
    if sent.context and not served.spec.can("catalogue"):
        raise ServiceError(422, f"{served.name} takes no context: leave it out.")
    if sent.context and sent.users is not None:
        raise ServiceError(422, "A context is one user's: send user or neither.")
    history = sent.history
    if history is None and sent.context and sent.user is None:
        history = {}
    if history is None:
        users = one_or_many(sent.user, sent.users, "user", settings)
        request = AnswerRequest(
            *("recommend", users, sent.k, filters(sent)),
            exclude=sent.exclude,
            context=sent.context,
        )
        return request, users
    if not served.spec.can("history"):
        raise ServiceError(422, f"{served.name} takes no history: leave it out.")
    if sent.users is not None:
        raise ServiceError(422, "A history is one user's: send user or neither.")
    if isinstance(history, list):
        history = dict.fromkeys(history, 1.0)
    request = AnswerRequest(
        *("history", [history], sent.k, filters(sent)),
        exclude=sent.exclude,
        context=sent.context,
    )
    return request, [sent.user]


def some_users(system: Recommends, n: int, prefix: str) -> dict[str, Any]:
    """Return at most n names with this prefix, spread over them, and their count."""
    names = [name for name in system.known_users.tolist() if name.startswith(prefix)]
    step = max(1, len(names) // n)
    return {"users": names[::step][:n], "count": len(names)}


def rank(components: Components, served: ServedSystem) -> APIRouter:
    """Return the route of a system that can rank."""
    router = _router(components, served)

    @router.post("/rank", responses=responses_of(_MODEL), response_class=Response)
    async def rank(sent: RankRequest) -> Response:
        """Put items in order for a user, best first, each once."""
        request = AnswerRequest("rank", [sent.user], 1, ids=sent.ids)
        found = await ask(components, served, request, sent, sent.user)
        lists = found.answers
        return await _shown(components, served, "rank", sent, [sent.user], found, lists)

    return router


def _router(components: Components, served: ServedSystem) -> APIRouter:
    return new_router(components, f"/v1/{served.name}", served.name, "read")


async def _shown(
    components: Components,
    served: ServedSystem,
    verb: str,
    options: AnswerOptions,
    users: Sequence[str | None],
    found: Answered,
    lists: list[ExplainedSlate],
) -> Response:
    query_id = await new_query_id(components, options)
    shown = [
        Exposure(
            np.asarray(each.features, np.float32),
            each.ids,
            each.scores.tolist(),
            each.chances.tolist(),
            user_id=user,
            drawn=each.drawn,
        )
        for user, each in zip(users, lists, strict=False)
    ]
    log_exposures(components, served, verb, options, found, query_id, shown)
    columns = getattr(options, "columns", [])
    answers = [_list(user, each) for user, each in zip(users, lists, strict=False)]
    for answer in answers:
        answer["hits"] = with_columns(served, found, answer["hits"], columns)
    return document_of(served, found, query_id, answers)


def _list(user: str | None, found: ExplainedSlate) -> dict[str, Any]:
    chances = found.chances.tolist()
    hits = [
        {**record, "propensity": chance}
        for record, chance in zip(found.records(), chances, strict=True)
    ]
    return {
        "user": user,
        "known": found.known,
        "hits": hits,
        "rules": list(found.rules),
    }
