"""``similar``: the items most like an item."""

import numpy as np
from fastapi import APIRouter, Response

from lookalike.service.answering import AnswerRequest
from lookalike.service.bodies import one_or_many
from lookalike.service.components import Components
from lookalike.service.routes.access import new_router
from lookalike.service.routes.common import (
    Exposure,
    ask,
    document_of,
    log_exposures,
    new_query_id,
    responses_of,
    with_columns,
)
from lookalike.service.runtime import ServedSystem
from lookalike.service.schemas import (
    SimilarHits,
    SimilarRequest,
    answer_model,
    filters,
)

_MODEL = answer_model("SimilarItems", SimilarHits)


def similar(components: Components, served: ServedSystem) -> APIRouter:
    """Return the route of a system that can find similar items."""
    router = new_router(components, f"/v1/{served.name}", served.name, "read")

    @router.post("/similar", responses=responses_of(_MODEL), response_class=Response)
    async def similar(sent: SimilarRequest) -> Response:
        """Find the k items most like each item, best first; fewer if there are."""
        ids = one_or_many(sent.id, sent.ids, "id", components.settings)
        request = AnswerRequest("similar", ids, sent.k, filters(sent))
        found = await ask(components, served, request, sent)
        query_id = await new_query_id(components, sent)
        shown = [
            Exposure(np.empty(0, np.float32), answer.ids, answer.scores)
            for answer in found.answers
        ]
        log_exposures(components, served, "similar", sent, found, query_id, shown)
        answers = [
            {
                "id": id,
                "hits": with_columns(served, found, answer.records(), sent.columns),
            }
            for id, answer in zip(ids, found.answers, strict=False)
        ]
        return document_of(served, found, query_id, answers)

    return router
