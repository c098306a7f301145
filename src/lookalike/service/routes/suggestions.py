"""``recommend``, ``rank`` and ``explain`` of a system that suggests."""

import json
import uuid
from typing import Any

import numpy as np
from fastapi import APIRouter, Request, Response

from lookalike.rank.slate import ExplainedSlate
from lookalike.service.exposure_log import exposure_row
from lookalike.service.forms import InOrder, ToSuggest, WhyThis, described, document
from lookalike.service.parts import Parts
from lookalike.service.refusal import Refusal
from lookalike.service.routes.access import needs
from lookalike.service.routes.asking import ANSWERS, in_time, query_ids
from lookalike.service.suggesting import Suggested, Suggesting, Wanted


def suggestions(parts: Parts, served: Suggesting) -> APIRouter:
    """The verbs of a system that suggests."""
    router = APIRouter(
        prefix=f"/v1/{served.name}",
        tags=[served.name],
        dependencies=[needs(parts, "read")],
    )

    @router.post("/recommend", responses=ANSWERS, openapi_extra=described(ToSuggest))
    async def recommend(request: Request) -> Response:
        """Suggest k things to each user, best first; also to users not known."""
        sent = await document(request, ToSuggest)
        if (sent.user is None) == (sent.users is None):
            raise Refusal(422, "Send either user or users.")
        if sent.k > parts.settings.max_k:
            raise Refusal(422, f"k may be at most {parts.settings.max_k}.")
        users = [sent.user] if sent.user is not None else sent.users or []
        most = parts.settings.max_batch
        if len(users) > most:
            raise Refusal(413, f"At most {most} users at once; got {len(users)}.")
        wanted = Wanted(users, sent.k)
        return await _answer(parts, served, "recommend", sent, wanted)

    @router.post("/rank", responses=ANSWERS, openapi_extra=described(InOrder))
    async def rank(request: Request) -> Response:
        """Put things in order for a user, best first, each thing once."""
        sent = await document(request, InOrder)
        return await _answer(
            parts, served, "rank", sent, Wanted([sent.user], 0, sent.ids)
        )

    @router.post("/explain", responses=ANSWERS, openapi_extra=described(WhyThis))
    async def explain(request: Request) -> dict[str, Any]:
        """Why a thing is suggested to a user, or is not."""
        sent = await document(request, WhyThis)
        engine = served.engine
        found = await in_time(parts, engine, Wanted([sent.user], sent.k))
        this = await in_time(parts, engine, Wanted([sent.user], 0, [sent.id]))
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


async def _answer(
    parts: Parts,
    served: Suggesting,
    verb: str,
    sent: ToSuggest | InOrder,
    wanted: Wanted,
) -> Response:
    found: Suggested = await in_time(parts, served.engine, wanted, sent.deadline_ms)
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


def _shown(user: str, found: ExplainedSlate) -> dict[str, Any]:
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
    names = query_ids(query_id, len(found.lists))

    def rows() -> list[dict[str, Any]]:
        return [
            exposure_row(
                query_id=name,
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
            for name, user, each in zip(names, wanted.users, found.lists, strict=False)
        ]

    parts.exposures.add(rows)
