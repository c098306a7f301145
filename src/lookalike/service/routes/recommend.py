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
from lookalike.service.once import cursor_before, handed, handed_before
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
        if served.spec.shows_once and sent.history is None:
            return await _once(components, served, sent, users, rng)
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


async def _once(
    components: Components,
    served: ServedSystem,
    sent: RecommendRequest,
    users: Sequence[str | None],
    rng: np.random.Generator,
) -> Response:
    """Answer with items that each user was not shown before, and a cursor."""
    if sent.cursor is not None and len(users) > 1:
        raise ServiceError(422, f"A cursor is of one user; got {len(users)} users.")
    lists, cursors, all_found = [], [], []
    share = components.settings.explore
    most = components.settings.max_k
    for user in map(str, users):
        before = cursor_before(served, user, sent.cursor)
        gone = await handed_before(components, served, user)
        gone = [*sent.exclude, *gone]
        k = min(sent.k + _POOL + len(before), max(most, sent.k))
        request = AnswerRequest("recommend", [user], k, filters(sent), exclude=gone)
        found = await ask(components, served, request, sent, user)
        whole = found.answers[0]
        left = [at for at, id in enumerate(whole.ids) if not before.has_shown(id)]
        whole = whole.take(left)
        drawn = explore(whole, sent.k, 0.0 if is_drafted(found) else share, rng)
        shown = await handed(components, served, user, drawn, whole, sent.k)
        lists.append(shown)
        after = before.after(shown.ids)
        goes_on = len(shown) == sent.k and len(after) < most
        cursors.append(after.text if goes_on else None)
        all_found.append(found)
    # One generation is named: that of the first, where another took over meanwhile.
    found = replace(all_found[0], answers=lists)
    return await _shown(
        components, served, "recommend", sent, users, found, lists, cursors
    )


def _request(
    served: ServedSystem, sent: RecommendRequest, settings: Settings
) -> tuple[AnswerRequest, list[str | None]]:
    """Return what is asked of the system, and the user of each list."""
    if sent.cursor is not None and not served.spec.shows_once:
        raise ServiceError(422, f"{served.name} has no pages: leave the cursor out.")
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
    cursors: Sequence[str | None] | None = None,
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
    for answer, cursor in zip(answers, cursors or (), strict=False):
        answer["cursor"] = cursor
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
