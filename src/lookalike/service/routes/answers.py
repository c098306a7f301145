"""``classify`` and ``search``: what an image shows, and what is like it."""

import json
import uuid
from typing import Any

import numpy as np
from fastapi import APIRouter, Request, Response

from lookalike.service.answering import Answered, Query
from lookalike.service.exposure_log import exposure_row
from lookalike.service.forms import Asked, asked, described
from lookalike.service.parts import Parts
from lookalike.service.refusal import Refusal
from lookalike.service.routes.access import needs
from lookalike.service.routes.asking import ANSWERS, in_time, query_ids
from lookalike.service.served import Served

_BODIES = ("multipart/form-data", "image/png")


def answers(parts: Parts, served: Served) -> APIRouter:
    """The verbs of a system that describes images and finds their neighbours."""
    router = APIRouter(
        prefix=f"/v1/{served.name}",
        tags=[served.name],
        dependencies=[needs(parts, "read")],
    )
    common: dict[str, Any] = {
        "responses": ANSWERS,
        "openapi_extra": described(Asked, *_BODIES),
    }

    @router.post("/search", **common)
    async def search(request: Request) -> Response:
        """Find the k known items most like each image, best first."""
        options, images = await asked(request, parts.settings)
        if options.k > parts.settings.max_k:
            raise Refusal(422, f"k may be at most {parts.settings.max_k}.")
        return await _answer(parts, served, "search", options, images, options.k)

    @router.post("/classify", **common)
    async def classify(request: Request) -> Response:
        """Say what each image shows, and how its neighbours voted."""
        options, images = await asked(request, parts.settings)
        return await _answer(parts, served, "classify", options, images, 0)

    return router


async def _answer(
    parts: Parts,
    served: Served,
    verb: str,
    options: Asked,
    images: list[Any],
    k: int,
) -> Response:
    where: dict[str, Any] = dict(options.where)
    query = Query(served, verb, images, k, parts.settings.max_pixels, where)
    found: Answered = await in_time(parts, parts.engine, query, options.deadline_ms)
    hits, ids, scores = _hits(found)
    query_id = options.query_id or uuid.uuid4().hex
    document = {
        "system": served.name,
        "generation": found.active.name,
        "embedding_version": found.active.face.embedding_version,
        "revision": found.state.revision,
        "query_id": query_id,
        "degraded": found.degraded,
        "answers": hits if verb == "search" else _votes(found, hits),
    }
    parts.metrics.queries.labels(verb).inc(len(images))
    if parts.settings.log_exposures:
        _log(parts, served, verb, options, found, query_id, ids, scores)
    return Response(json.dumps(document), media_type="application/json")


def _hits(found: Answered) -> tuple[list[Any], list[list[str]], list[list[float]]]:
    catalogue = found.active.catalogue
    labels = catalogue.labels(found.numbers).tolist()
    ids = [[catalogue.id(n) for n in row] for row in found.numbers.tolist()]
    distances = found.distances.tolist()
    hits = [
        {
            "hits": [
                {"id": i, "label": label, "distance": d, "score": 0.0 - d}
                for i, label, d in zip(*row, strict=True)
            ]
        }
        for row in zip(ids, labels, distances, strict=True)
    ]
    return hits, ids, [[0.0 - d for d in row] for row in distances]


def _votes(found: Answered, hits: list[Any]) -> list[Any]:
    catalogue, face = found.active.catalogue, found.active.face
    if found.numbers.shape[1] == 0:
        raise Refusal(422, "No item is let through, so none can vote.")
    labels, shares = face.vote(catalogue.labels(found.numbers))
    classes = [str(name) for name in face.classes.tolist()]
    return [
        {
            "label": label,
            "probability": max(row),
            "probabilities": dict(zip(classes, row, strict=True)),
            "evidence": each["hits"],
        }
        for label, row, each in zip(labels.tolist(), shares.tolist(), hits, strict=True)
    ]


def _log(
    parts: Parts,
    served: Served,
    verb: str,
    options: Asked,
    found: Answered,
    query_id: str,
    ids: list[list[str]],
    scores: list[list[float]],
) -> None:
    who = {
        "session_id": options.session_id,
        "client_id": options.client_id,
        "user_id": options.user_id,
    }

    def rows() -> list[dict[str, Any]]:
        return [
            exposure_row(
                query_id=name,
                system=served.name,
                verb=verb,
                generation=found.active.name,
                embedding_version=found.active.face.embedding_version,
                revision=found.state.revision,
                who=who,
                features=np.asarray(found.vectors[at]),
                ids=ids[at],
                scores=scores[at],
            )
            for at, name in enumerate(query_ids(query_id, len(ids)))
        ]

    parts.exposures.add(rows)
