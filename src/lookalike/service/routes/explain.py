"""``explain``: why an answer is what it is, or why an item stands where it does."""

from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Response

from lookalike.service.answering import AnswerRequest
from lookalike.service.components import Components
from lookalike.service.errors import ServiceError
from lookalike.service.routes.access import new_router
from lookalike.service.routes.common import (
    add_input_route,
    ask,
    json_response,
    responses_of,
)
from lookalike.service.runtime import ServedSystem
from lookalike.service.schemas import (
    AnswerOptions,
    ExplainRecommendationRequest,
    ExplanationDocument,
    ImageRequest,
    TextRequest,
)


def explain(components: Components, served: ServedSystem) -> APIRouter:
    """Return the route of a system that can explain."""
    router = new_router(components, f"/v1/{served.name}", served.name, "read")

    async def explain(
        options: ImageRequest | TextRequest, inputs: list[object]
    ) -> Response:
        """Give reasons for the answer to one input, or for the place of one item."""
        if len(inputs) > 1:
            raise ServiceError(
                422, f"One input is explained at a time; got {len(inputs)}."
            )
        request = AnswerRequest("explain", inputs, options.k)
        if options.id is not None:
            if not served.spec.can("explain_item"):
                raise ServiceError(422, f"{served.name} has no items: leave id out.")
            request = AnswerRequest("explain_item", inputs, options.k, ids=[options.id])
        found = await ask(components, served, request, options)
        [answer] = found.answers
        return _document(found.active.generation, answer)

    async def explain_recommendation(sent: ExplainRecommendationRequest) -> Response:
        """Give reasons for what is recommended to a user, or for one item."""
        request = AnswerRequest("explain", [sent.user], sent.k)
        if sent.id is not None:
            request = replace(request, verb="explain_item", ids=[sent.id])
        who = AnswerOptions(session_id=sent.session_id)
        found = await ask(components, served, request, who, sent.user)
        return _document(found.active.generation, found.answers[0])

    if served.spec.can("recommend"):
        router.add_api_route(
            "/explain",
            explain_recommendation,
            methods=["POST"],
            responses=responses_of(ExplanationDocument),
            response_class=Response,
        )
    else:
        model = ExplanationDocument
        add_input_route(router, "/explain", components, served, explain, model)
    return router


def _document(generation: str, answer: Any) -> Response:
    if isinstance(answer, dict):
        return json_response({"generation": generation, **answer})
    return json_response(
        {
            "generation": generation,
            "answer": answer.answer,
            "reasons": list(answer.reasons),
        }
    )
