"""What the routes of all capabilities share: asking in time, answering, logging."""

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from fastapi import APIRouter, Request, Response

from lookalike._typing import Array
from lookalike.rank.slate import Drawn
from lookalike.service.answering import Answered, AnswerRequest
from lookalike.service.bodies import described, image_request, one_or_many, posts_of
from lookalike.service.components import Components
from lookalike.service.database.events import exposure_row
from lookalike.service.errors import ServiceError
from lookalike.service.experiments import Choice
from lookalike.service.interleaved_answers import interleaved
from lookalike.service.runtime import ServedSystem
from lookalike.service.schemas import (
    AnswerOptions,
    ImageOrTextRequest,
    ImageRequest,
    PostRequest,
    TextRequest,
)

_RNG = np.random.default_rng()
_BODIES = ("multipart/form-data", "image/png")
Handler = Callable[[Any, list[Any]], Awaitable[Response]]
"""Answers a request, given its options and its inputs."""


def responses_of(model: Any) -> dict[int | str, dict[str, Any]]:
    """Return what the OpenAPI document says of the answers of a route."""
    return {
        200: {
            "description": "The answers, and the generation that gave them.",
            "model": model,
        },
        422: {"description": "What is wrong with the request, in one sentence."},
        503: {"description": "Too busy, or too late; see Retry-After."},
    }


def add_input_route(
    router: APIRouter,
    path: str,
    components: Components,
    served: ServedSystem,
    handle: Handler,
    model: Any,
    images: type[ImageRequest] | None = None,
    texts: type[TextRequest] = TextRequest,
) -> None:
    """Add a route that takes the inputs of a system: images, texts or posts.

    Its name and description are those of ``handle``.

    images : what a request with images may say; None is by what the system takes
    texts : what one with texts may say
    """
    settings, decoder = components.settings, served.spec.decoder()
    kind = images or (ImageOrTextRequest if "text" in decoder.forms else ImageRequest)
    about: dict[str, Any] = {
        "methods": ["POST"],
        "name": handle.__name__,
        "description": handle.__doc__,
        "responses": responses_of(model),
        "response_class": Response,
    }

    async def of_images(request: Request) -> Response:
        return await handle(*await image_request(request, settings, kind))

    async def of_texts(sent: Any) -> Response:
        return await handle(sent, one_or_many(sent.text, sent.texts, "text", settings))

    async def of_posts(sent: PostRequest) -> Response:
        return await handle(sent, posts_of(sent, settings))

    of_texts.__annotations__["sent"] = texts

    if "post" in decoder.forms:
        router.add_api_route(path, of_posts, **about)
    elif "file" in decoder.forms:
        extra = described(kind, *_BODIES)
        router.add_api_route(path, of_images, openapi_extra=extra, **about)
    else:
        router.add_api_route(path, of_texts, **about)


async def ask(
    components: Components,
    served: ServedSystem,
    request: AnswerRequest,
    options: AnswerOptions | None = None,
    user: str | None = None,
) -> Answered:
    """Return the answer of the engine that an experiment says, or a refusal.

    user : whom the answer is for, where that is one; None is as the options say
    """
    check_ready(components)
    if request.k > components.settings.max_k:
        raise ServiceError(422, f"k may be at most {components.settings.max_k}.")
    has_attributes = any(map(served.spec.can, ("items", "catalogue", "facets")))
    if request.where and not has_attributes:
        raise ServiceError(
            422, f"Items of {served.name} have no attributes: leave where out."
        )
    seconds = components.settings.deadline
    options = options or AnswerOptions()
    if options.deadline_ms is not None:
        seconds = min(seconds, options.deadline_ms / 1000)
    deadline = time.monotonic() + seconds
    try:
        choice = components.experiments.choose(
            served,
            "page" if getattr(options, "cursor", None) else request.verb,
            user or options.user_id,
            options.session_id,
            options.variant,
        )
        if choice is None:
            found: Answered = await timed(served, request, deadline)
        else:
            found = await _chosen(components, choice, served, request, deadline)
    except ValueError as error:
        raise ServiceError(422, str(error)) from None
    except LookupError as error:
        raise ServiceError(404, str(error.args[0])) from None
    if choice is None or not choice.forced:
        components.experiments.shadow(served, request, found, deadline)
    return found


async def timed(
    served: ServedSystem, request: AnswerRequest, deadline: float
) -> Answered:
    """Return an engine's answer, with the time that it took."""
    begun = time.monotonic()
    found: Answered = await served.engine.ask(request, deadline)
    return replace(found, milliseconds=1e3 * (time.monotonic() - begun))


async def _chosen(
    components: Components,
    choice: Choice,
    served: ServedSystem,
    request: AnswerRequest,
    deadline: float,
) -> Answered:
    """Return the answer of a variant.

    One that cannot answer is counted, and what answers otherwise takes its place.
    """
    begun = time.monotonic()
    try:
        if choice.experiment.kind == "interleaving" and not choice.forced:
            found = await _drafted(components, choice, request, deadline)
        else:
            found = await timed(choice.served, request, deadline)
    except Exception as error:
        milliseconds = 1e3 * (time.monotonic() - begun)
        is_refusal = isinstance(error, ValueError | LookupError)
        if choice.served is served or time.monotonic() > deadline:
            if not is_refusal:  # then what is wrong is the request
                components.experiments.record_failed(choice, request, milliseconds)
            raise
        try:
            instead = await timed(served, request, deadline)
        except (ValueError, LookupError):
            if not is_refusal:
                components.experiments.record_failed(choice, request, milliseconds)
            raise
        components.experiments.record_failed(choice, request, milliseconds)
        return instead
    return replace(found, choice=choice)


async def _drafted(
    components: Components, choice: Choice, request: AnswerRequest, deadline: float
) -> Answered:
    """Return lists drafted from those of both variants of an interleaving."""
    both = components.experiments.sides(choice)
    if both is None:
        return await timed(choice.served, request, deadline)
    one, two = await asyncio.gather(*(timed(side, request, deadline) for side in both))
    found = interleaved(one, two, request.k, _RNG)
    return replace(found, milliseconds=max(one.milliseconds, two.milliseconds))


def is_drafted(found: Answered) -> bool:
    """Whether the lists are of two rankers: their order is left as it is."""
    return found.details is not None


def with_columns(
    served: ServedSystem,
    found: Answered,
    hits: list[dict[str, Any]],
    columns: Sequence[str],
) -> list[dict[str, Any]]:
    """Return the hits with what these columns of their items say.

    Raises
    ------
    ServiceError
        If the items have no such column.
    """
    if not columns:
        return hits
    if not served.spec.can("catalogue"):
        raise ServiceError(422, f"Items of {served.name} have no columns.")
    try:
        ids = [hit["id"] for hit in hits]
        values = found.active.system.item_values(ids, columns)
    except ValueError as error:
        raise ServiceError(422, str(error)) from None
    return [{**hit, "columns": each} for hit, each in zip(hits, values, strict=True)]


def check_ready(components: Components) -> None:
    """Refuse while nothing can be answered yet."""
    if not components.ready:
        raise ServiceError(503, "The service is starting.", 1)


def document_of(
    served: ServedSystem,
    found: Answered,
    query_id: str,
    answers: Sequence[Any],
    revision: int = 0,
) -> Response:
    """Return the answers as JSON, with the generation that gave them."""
    choice = found.choice
    document = {
        "system": served.name,
        "generation": found.active.generation,
        "embedding_version": found.active.embedding_version,
        "revision": revision,
        "query_id": query_id,
        "degraded": found.degraded,
        "experiment": None if choice is None else choice.document(),
        "answers": answers,
    }
    return json_response(document)


def json_response(document: Any) -> Response:
    """Return a document as JSON; NumPy's numbers and arrays become Python's."""
    text = json.dumps(document, default=lambda value: value.tolist(), allow_nan=False)
    return Response(text, media_type="application/json")


async def new_query_id(components: Components, options: AnswerOptions) -> str:
    """Return the id that the client chose for a request, or a new one.

    One that was used before gets an ending, so that what is shown is logged under an
    id of its own; the answer says which. Where nothing is logged it is left as it is.
    """
    if options.query_id is None:
        # Unique, and no secret; uuid4 would wait for the interpreter's lock.
        return f"{random.getrandbits(128):032x}"
    if not (components.settings.log_exposures or components.experiments.any_run):
        return options.query_id
    return await asyncio.to_thread(components.exposures.claim, options.query_id)


def query_ids(query_id: str, n: int) -> list[str]:
    """Ids of the n lists of one request: the first has its own, the others a suffix.

    >>> query_ids("q", 3)
    ['q', 'q.1', 'q.2']
    """
    return [query_id, *(f"{query_id}.{at}" for at in range(1, n))][:n]


@dataclass(frozen=True)
class Exposure:
    """One list that was shown.

    features : of the query, or one row for each hit
    propensities : probability with which each was shown; None is 1
    user_id : None is the one that the request names
    drawn : what the last place was drawn from; None where it was not
    """

    features: Array
    ids: Sequence[str]
    scores: Sequence[float]
    propensities: Sequence[float] | None = None
    revision: int = 0
    user_id: str | None = None
    drawn: Drawn | None = None


def log_exposures(
    components: Components,
    served: ServedSystem,
    verb: str,
    options: AnswerOptions,
    found: Answered,
    query_id: str,
    shown: Sequence[Exposure],
) -> None:
    """Count what was answered, and have it stored with the next commit."""
    queries = components.metrics.queries.labels(served.name, verb)
    queries.inc(len(found.answers))
    if found.choice is not None:
        ids = query_ids(query_id, len(found.answers))
        components.experiments.record(found.choice, found, ids)
    if not components.settings.log_exposures or not shown:
        return

    def rows() -> list[dict[str, Any]]:
        return [
            exposure_row(
                query_id=id,
                system=served.name,
                verb=verb,
                generation=found.active.generation,
                embedding_version=found.active.embedding_version,
                revision=each.revision,
                user={
                    "session_id": options.session_id,
                    "client_id": options.client_id,
                    "user_id": each.user_id or options.user_id,
                },
                features=each.features,
                ids=each.ids,
                scores=each.scores,
                propensities=each.propensities,
                drawn=each.drawn,
            )
            for id, each in zip(query_ids(query_id, len(shown)), shown, strict=True)
        ]

    components.exposures.add(rows)
