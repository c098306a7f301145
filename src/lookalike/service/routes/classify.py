"""``classify``: what each input is, and how sure the answer is.

Of a system that names things in its own words, or in those of the request.
"""

from typing import Any

from fastapi import APIRouter, Response

from lookalike.service.answering import Answered, AnswerRequest
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
    TextRequest,
    ZeroShotRequest,
    answer_model,
    filters,
    record_model,
)


def classify(components: Components, served: ServedSystem) -> APIRouter:
    """Return the route of a system that can classify."""
    router = new_router(components, f"/v1/{served.name}", served.name, "read")

    async def classify(
        options: ImageRequest | TextRequest, inputs: list[object]
    ) -> Response:
        """Say what each input is; an input may have several answers, or none."""
        where = filters(options)
        request = AnswerRequest("classify", inputs, where=where)
        found = await ask(components, served, request, options)
        query_id = await new_query_id(components, options)
        shown = [
            Exposure(s.vector, s.ids, s.scores, revision=s.revision)
            for answers in found.answers
            for s in (getattr(answer, "shown", None) for answer in answers)
            if s is not None
        ]
        log_exposures(components, served, "classify", options, found, query_id, shown)
        revision = shown[0].revision if shown else 0
        return document_of(served, found, query_id, records(found), revision)

    record = record_model(served.spec.member("answer"))
    model = answer_model(f"{record.__name__}s", record)
    add_input_route(router, "/classify", components, served, classify, model)
    return router


def zero_shot(components: Components, served: ServedSystem) -> APIRouter:
    """Return the route of a system that takes the labels from the request."""
    router = new_router(components, f"/v1/{served.name}", served.name, "read")

    async def classify(options: ZeroShotRequest, inputs: list[object]) -> Response:
        """Say which of the labels that are sent fits each image best."""
        request = AnswerRequest(
            "zero_shot", inputs, labels=options.labels, prompt=options.prompt
        )
        found = await ask(components, served, request, options)
        query_id = await new_query_id(components, options)
        log_exposures(components, served, "zero_shot", options, found, query_id, [])
        return document_of(served, found, query_id, records(found))

    record = record_model(served.spec.member("answer"))
    model = answer_model(f"{record.__name__}s", record)
    add_input_route(
        router, "/classify", components, served, classify, model, ZeroShotRequest
    )
    return router


def records(found: Answered) -> list[dict[str, Any]]:
    """Return all answers, each with the place of its input."""
    return [
        {**answer.record(), "input": at}
        for at, each in enumerate(found.answers)
        for answer in each
    ]
