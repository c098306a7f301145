"""``search``: the items most like each input."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from fastapi import APIRouter, Response

from lookalike.core.contracts import SearchAnswer
from lookalike.service.answering import AnswerRequest
from lookalike.service.components import Components
from lookalike.service.cursors import Cursor
from lookalike.service.errors import ServiceError
from lookalike.service.routes.access import new_router
from lookalike.service.routes.common import (
    Exposure,
    add_input_route,
    ask,
    document_of,
    is_drafted,
    log_exposures,
    new_query_id,
)
from lookalike.service.runtime import ServedSystem
from lookalike.service.schemas import (
    ImageRequest,
    SearchHits,
    TextRequest,
    TextSearchRequest,
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
        named = await _named(components, served, options, inputs, where)
        before = _cursors(served, options, inputs, where)
        most = components.settings.max_k
        k = max(options.k, min(max(map(len, before)) + options.k, most))
        request = AnswerRequest("search", inputs, k, where)
        found = await ask(components, served, request, options)
        left = [
            answer.reordered(_not_shown(answer.ids, cursor))
            for answer, cursor in zip(found.answers, before, strict=False)
        ]
        pages = [
            answer.reordered(range(len(answer.ids))[: options.k]) for answer in left
        ]
        query_id = await new_query_id(components, options)
        share = 0.0 if is_drafted(found) else components.settings.explore
        shuffled = (rng.random(len(found.answers)) < share).tolist()
        answers = [
            answer.reordered(rng.permutation(len(answer.ids)).tolist())
            if random
            else answer
            for answer, random in zip(pages, shuffled, strict=True)
        ]
        shown = [exposure(*each) for each in zip(answers, shuffled, strict=True)]
        log_exposures(components, served, "search", options, found, query_id, shown)
        hits: list[dict[str, Any]] = [
            {"shuffled": random, "hits": answer.records()}
            for answer, random in zip(answers, shuffled, strict=True)
        ]
        if served.spec.can("texts"):
            for at, (each, page) in enumerate(zip(hits, pages, strict=True)):
                after = before[at].after(page.ids)
                # A full answer may be a part of all that there is.
                is_full = len(found.answers[at].ids) == k
                goes_on = len(left[at].ids) > len(page.ids) or is_full
                each["did_you_mean"] = page.did_you_mean
                each["cursor"] = after.text if goes_on and len(after) < most else None
        for at, each in enumerate(hits[: len(named)]):
            each["named"] = named[at]
        revision = answers[0].revision if answers else 0
        return document_of(served, found, query_id, hits, revision)

    model = answer_model("SearchResults", SearchHits)
    add_input_route(
        *(router, "/search", components, served, search, model),
        texts=TextSearchRequest if served.spec.can("texts") else TextRequest,
    )
    return router


async def _named(
    components: Components,
    served: ServedSystem,
    options: ImageRequest | TextRequest,
    inputs: Sequence[Any],
    where: Mapping[str, Any],
) -> list[list[dict[str, Any]]]:
    """What classify says of each input, where that was asked for; else nothing."""
    if not getattr(options, "classify", False):
        return []
    if not served.spec.can("classify"):
        raise ServiceError(422, f"The system {served.name} names nothing.")
    request = AnswerRequest("classify", inputs, where=dict(where))
    found = await ask(components, served, request, options)
    return [[answer.record() for answer in each] for each in found.answers]


def _cursors(
    served: ServedSystem,
    options: ImageRequest | TextRequest,
    inputs: Sequence[Any],
    where: Mapping[str, Any],
) -> list[Cursor]:
    """What was shown of each search before: nothing, where no cursor was sent."""
    if not served.spec.can("texts"):
        return [Cursor(b"")] * len(inputs)
    before = [Cursor.of(served.name, text, where) for text in inputs]
    sent = getattr(options, "cursor", None)
    if sent is None:
        return before
    if len(inputs) > 1:
        raise ServiceError(422, f"A cursor is of one text; got {len(inputs)} texts.")
    try:
        return [before[0].taken_up(sent)]
    except ValueError as error:
        raise ServiceError(422, str(error)) from None


def _not_shown(ids: Sequence[str], before: Cursor) -> Sequence[int]:
    """Places of the items of an answer that no page before has shown."""
    if not len(before):
        return range(len(ids))
    return [at for at, id in enumerate(ids) if not before.has_shown(id)]


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
