"""``recommend``, ``rank`` and ``explain`` of a system that suggests."""

import json
import time
import uuid
from typing import Any

import numpy as np
from fastapi import APIRouter, Request, Response

from lookalike.rank.suggestions import Suggestions
from lookalike.service.exposure_log import exposure_row
from lookalike.service.forms import InOrder, ToSuggest, WhyThis, described, document
from lookalike.service.parts import Parts
from lookalike.service.refusal import Refusal
from lookalike.service.routes.access import needs
from lookalike.service.suggesting import Suggested, Suggesting, Wanted

_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The lists, and the generation that gave them."},
    422: {"description": "What is wrong with the request, in one sentence."},
    503: {"description": "Too busy, or too late; see Retry-After."},
}


def suggestions(parts: Parts, served: Suggesting) -> APIRouter:
    """The verbs of a system that suggests."""
    router = APIRouter(
        prefix=f"/v1/{served.name}",
        tags=[served.name],
        dependencies=[needs(parts, "read")],
    )

    @router.post("/recommend", responses=_ANSWERS, openapi_extra=described(ToSuggest))
    async def recommend(request: Request) -> Response:
        """Suggest k things to each user, best first; also to users not known."""
        sent = await document(request, ToSuggest)
        if (sent.user is None) == (sent.users is None):
            raise Refusal(422, "Send either user or users.")
        if sent.k > parts.settings.max_k:
            raise Refusal(422, f"k may be at most {parts.settings.max_k}.")
        users = sent.users if sent.user is None else [sent.user]
        wanted = Wanted(users or [], sent.k)
        if len(wanted.users) > parts.settings.max_batch:
            most = parts.settings.max_batch
            raise Refusal(413, f"At most {most} users at once; got {len(users or [])}.")
        return await _answer(parts, served, "recommend", sent, wanted)

    @router.post("/rank", responses=_ANSWERS, openapi_extra=described(InOrder))
    async def rank(request: Request) -> Response:
        """Put things in order for a user, best first, each thing once."""
        sent = await document(request, InOrder)
        return await _answer(
            parts, served, "rank", sent, Wanted([sent.user], 0, sent.ids)
        )

    @router.post("/explain", responses=_ANSWERS, openapi_extra=described(WhyThis))
    async def explain(request: Request) -> dict[str, Any]:
        """Why a thing is suggested to a user, or is not."""
        sent = await document(request, WhyThis)
        found = await _found(parts, served, Wanted([sent.user], sent.k), None)
        this = await _found(parts, served, Wanted([sent.user], 0, [sent.id]), None)
        return told(found, this, sent.id)

    return router


def told(found: Suggested, this: Suggested, id: str) -> dict[str, Any]:
    """The place of one thing in a user's list, and what speaks for it."""
    whole, one = found.lists[0], this.lists[0]
    rank = whole.ids.index(id) + 1 if id in whole.ids else None
    names = this.system.feature_names
    return {
        "id": id,
        "generation": this.generation,
        "known": one.known,
        "rank": rank,
        "score": float(one.scores[0]),
        "reasons": one.reasons,
        "features": dict(zip(names, one.features[0].tolist(), strict=True)),
        "rules": list(whole.rules),
    }


async def _found(
    parts: Parts, served: Suggesting, wanted: Wanted, deadline_ms: int | None
) -> Suggested:
    """The engine's answer, or a refusal."""
    if not parts.ready:
        raise Refusal(503, "The service is starting.", 1)
    seconds = parts.settings.deadline
    if deadline_ms is not None:
        seconds = min(seconds, deadline_ms / 1000)
    try:
        found: Suggested = await served.engine.ask(wanted, time.monotonic() + seconds)
    except ValueError as error:
        raise Refusal(422, str(error)) from None
    return found


async def _answer(
    parts: Parts,
    served: Suggesting,
    verb: str,
    sent: ToSuggest | InOrder,
    wanted: Wanted,
) -> Response:
    found = await _found(parts, served, wanted, sent.deadline_ms)
    query_id = sent.query_id or uuid.uuid4().hex
    document = {
        "system": served.name,
        "generation": found.generation,
        "query_id": query_id,
        "degraded": len(found.lists) < len(wanted.users),
        "answers": [
            _shown(user, each)
            for user, each in zip(wanted.users, found.lists, strict=False)
        ],
    }
    parts.metrics.queries.labels(verb).inc(len(wanted.users))
    if parts.settings.log_exposures:
        _log(parts, served, verb, sent, wanted, found, query_id)
    return Response(json.dumps(document), media_type="application/json")


def _shown(user: str, found: Suggestions) -> dict[str, Any]:
    scores, chances = found.scores.tolist(), found.chances.tolist()
    hits = [
        {"id": id, "score": score, "propensity": chance, "reason": reason}
        for id, score, chance, reason in zip(
            found.ids, scores, chances, found.reasons, strict=True
        )
    ]
    return {
        "user": user,
        "known": found.known,
        "hits": hits,
        "rules": list(found.rules),
    }


def _log(
    parts: Parts,
    served: Suggesting,
    verb: str,
    sent: ToSuggest | InOrder,
    wanted: Wanted,
    found: Suggested,
    query_id: str,
) -> None:
    def rows() -> list[dict[str, Any]]:
        return [
            exposure_row(
                query_id=query_id if at == 0 else f"{query_id}.{at}",
                system=served.name,
                verb=verb,
                generation=found.generation,
                embedding_version="",
                revision=0,
                who={
                    "session_id": sent.session_id,
                    "client_id": sent.client_id,
                    "user_id": user,
                },
                features=np.asarray(each.features, np.float32),
                ids=each.ids,
                scores=each.scores.tolist(),
                propensities=each.chances.tolist(),
            )
            for at, (user, each) in enumerate(
                zip(wanted.users, found.lists, strict=False)
            )
        ]

    parts.exposures.add(rows)
