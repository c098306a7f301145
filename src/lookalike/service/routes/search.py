"""``search``: the items most like each input."""

from typing import Any

import numpy as np
from fastapi import APIRouter, Response

from lookalike.core.contracts import SearchAnswer
from lookalike.service.answering import AnswerRequest
from lookalike.service.components import Components
from lookalike.service.routes.access import new_router
from lookalike.service.routes.common import (
    Exposure,
    add_input_route,
    ask,
    document_of,
    log_exposures,
    new_query_id,
)
from lookalike.service.runtime import ServedSystem
from lookalike.service.schemas import (
    ImageRequest,
    SearchHits,
    TextRequest,
    answer_model,
    filters,
)


def search(components: Components, served: ServedSystem) -> APIRouter:
    """Return the route of a system that can search."""
    router = new_router(components, f"/v1/{served.name}", served.name, "read")
    rng = np.random.default_rng()

    async def search(
        options: ImageRequest | TextRequest, inputs: list[object]
    ) -> Response:
        """Find the k items most like each input, best first; fewer if there are."""
        where = filters(options)
        request = AnswerRequest("search", inputs, options.k, where)
        found = await ask(components, served, request, options.deadline_ms)
        query_id = await new_query_id(components, options)
        share = components.settings.explore
        shuffled = (rng.random(len(found.answers)) < share).tolist()
        answers = [
            answer.reordered(rng.permutation(len(answer.ids)).tolist())
            if random
            else answer
            for answer, random in zip(found.answers, shuffled, strict=True)
        ]
        shown = [exposure(*each) for each in zip(answers, shuffled, strict=True)]
        log_exposures(components, served, "search", options, found, query_id, shown)
        hits: list[dict[str, Any]] = [
            {"shuffled": random, "hits": answer.records()}
            for answer, random in zip(answers, shuffled, strict=True)
        ]
        if served.spec.can("texts"):
            for each, answer in zip(hits, answers, strict=True):
                each["did_you_mean"] = answer.did_you_mean
        revision = answers[0].revision if answers else 0
        return document_of(served, found, query_id, hits, revision)

    model = answer_model("SearchResults", SearchHits)
    add_input_route(router, "/search", components, served, search, model)
    return router


def exposure(answer: SearchAnswer, shuffled: bool) -> Exposure:
    """Return what is logged of an answer; a random order has a known propensity."""
    n = len(answer.ids)
    return Exposure(
        np.asarray(answer.vector),
        answer.ids,
        answer.columns.get("similarity", answer.scores),
        [1 / n if shuffled else 1.0] * n,
        answer.revision,
    )
