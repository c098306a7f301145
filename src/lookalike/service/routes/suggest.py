"""``suggest``: the query that is being typed, and phrases that are never suggested."""

import asyncio

import numpy as np
from fastapi import APIRouter, Response

from lookalike.service.answering import AnswerRequest
from lookalike.service.bodies import one_or_many
from lookalike.service.components import Components
from lookalike.service.errors import ServiceError
from lookalike.service.routes.access import needs, new_router
from lookalike.service.routes.common import (
    Exposure,
    ask,
    document_of,
    log_exposures,
    new_query_id,
    responses_of,
)
from lookalike.service.runtime import ServedSystem
from lookalike.service.schemas import (
    BlockedPhrases,
    SuggestionList,
    SuggestRequest,
    answer_model,
    filters,
)

_MODEL = answer_model("Suggestions", SuggestionList)


def suggest(components: Components, served: ServedSystem) -> APIRouter:
    """Return the routes of a system that can suggest."""
    router = new_router(components, f"/v1/{served.name}", served.name)
    reads, administers = (needs(components, each) for each in ("read", "admin"))

    @router.post(
        "/suggest",
        responses=responses_of(_MODEL),
        response_class=Response,
        dependencies=[reads],
    )
    async def suggest(sent: SuggestRequest) -> Response:
        """Suggest k queries for each text that is being typed, the likeliest first."""
        texts = one_or_many(sent.text, sent.texts, "text", components.settings)
        user, country = sent.user_id or "", sent.country or ""
        where = filters(sent)  # which no system that suggests takes
        request = AnswerRequest(
            "suggest", texts, sent.k, where, user=user, country=country
        )
        found = await ask(components, served, request, sent)
        query_id = await new_query_id(components, sent)
        none = np.empty(0, np.float32)
        shown = [
            Exposure(none, [a.query for a in answers], [a.score for a in answers])
            for answers in found.answers
        ]
        log_exposures(components, served, "suggest", sent, found, query_id, shown)
        lists = [
            {"text": text, "suggestions": [each.record() for each in answers]}
            for text, answers in zip(texts, found.answers, strict=False)
        ]
        return document_of(served, found, query_id, lists)

    @router.get("/blocked", dependencies=[administers])
    async def blocked() -> dict[str, list[str]]:
        """The phrases that are in no suggestion."""
        return {"phrases": await asyncio.to_thread(served.live_queries.blocked)}

    @router.post("/blocked", dependencies=[administers])
    async def block(sent: BlockedPhrases) -> dict[str, list[str]]:
        """Block phrases, misspelt and inside others too, in every worker at once."""
        for phrase in sent.phrases:
            if not any(map(str.isalnum, phrase)):
                raise ServiceError(422, "A phrase must have a letter or a digit.")
        every = await asyncio.to_thread(served.live_queries.block, sent.phrases)
        return {"phrases": every}

    return router
