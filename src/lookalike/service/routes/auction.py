"""``auction``: the places of a page, sold to ads for one user."""

import numpy as np
from fastapi import APIRouter, Response

from lookalike.service.answering import AnswerRequest
from lookalike.service.components import Components
from lookalike.service.routes.access import new_router
from lookalike.service.routes.common import (
    Exposure,
    ask,
    document_of,
    log_exposures,
    new_query_id,
    responses_of,
)
from lookalike.service.runtime import ServedSystem
from lookalike.service.schemas import AuctionRequest, SoldPage, answer_model

_MODEL = answer_model("Auctions", SoldPage)


def auction(components: Components, served: ServedSystem) -> APIRouter:
    """Return the route of a system that sells places."""
    router = new_router(components, f"/v1/{served.name}", served.name, "read")

    @router.post("/auction", responses=responses_of(_MODEL), response_class=Response)
    async def auction(sent: AuctionRequest) -> Response:
        """Sell the k places of a page that a user sees, the first place first."""
        how = {"kind": sent.kind, "reserve": sent.reserve, "spent": sent.spent}
        request = AnswerRequest(
            *("auction", [sent.user], sent.k), context=sent.context, auction=how
        )
        found = await ask(components, served, request, sent, sent.user)
        query_id = await new_query_id(components, sent)
        shown = [
            Exposure(
                np.empty(0, np.float32),
                [place["id"] for place in sale.places],
                [place["payment"] for place in sale.places],
                user_id=sent.user,
            )
            for sale in found.answers
        ]
        log_exposures(components, served, "auction", sent, found, query_id, shown)
        answers = [sale.record() for sale in found.answers]
        return document_of(served, found, query_id, answers)

    return router
