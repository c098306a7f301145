"""``search`` and ``explain`` of image search, and pictures of what it knows."""

import asyncio
import json
import math
import uuid
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query, Request, Response
from PIL import Image, ImageOps

from lookalike._typing import Array
from lookalike.service.database.events import exposure_row
from lookalike.service.forms import Asked, asked, described
from lookalike.service.parts import Parts
from lookalike.service.refusal import Refusal
from lookalike.service.routes.access import needs
from lookalike.service.routes.asking import ANSWERS, check_ready, in_time, query_ids
from lookalike.service.searching import Found, Searching, Wanted

_SIDE = 96  # pixels of a thumbnail


def searches(parts: Parts, served: Searching) -> APIRouter:
    """The verbs of a system that finds pictures."""
    router = APIRouter(
        prefix=f"/v1/{served.name}",
        tags=[served.name],
        dependencies=[needs(parts, "read")],
    )
    common: dict[str, Any] = {
        "responses": ANSWERS,
        "openapi_extra": described(Asked, "multipart/form-data", "image/png"),
    }

    @router.post("/search", **common)
    async def search(request: Request) -> Response:
        """Find the k items most like each image, best first, and what placed them."""
        options, images = await asked(request, parts.settings)
        _check(parts, options)
        wanted = Wanted(images, options.k)
        found: Found = await in_time(parts, served.engine, wanted, options.deadline_ms)
        query_id = options.query_id or uuid.uuid4().hex
        document = {
            "system": served.name,
            "generation": found.active.name,
            "embedding_version": found.active.system.about_["embedding_version"],
            "query_id": query_id,
            "degraded": len(found.answers) < len(images),
            "answers": _told(found),
        }
        parts.metrics.queries.labels("search").inc(len(images))
        if parts.settings.log_exposures:
            _log(parts, served, options, found, query_id)
        return Response(json.dumps(document), media_type="application/json")

    @router.post("/explain", **common)
    async def explain(request: Request) -> dict[str, Any]:
        """Say what one image finds, what spoke for each, and what was left out."""
        options, images = await asked(request, parts.settings)
        if len(images) > 1:
            raise Refusal(422, f"One image is explained at a time; got {len(images)}.")
        wanted = Wanted(images, 10)
        found: Found = await in_time(parts, served.engine, wanted, options.deadline_ms)
        system = found.active.system
        return {
            "generation": found.active.name,
            "reasons": list(system.reasons(found.answers[0])),
        }

    @router.get("/gallery")
    async def gallery(n: Annotated[int, Query(ge=1, le=200)] = 24) -> dict[str, Any]:
        """A few known items, spread over the catalogue."""
        check_ready(parts)
        system = served.active.system
        at = np.linspace(0, len(system.vectors_) - 1, min(n, len(system.vectors_)))
        rows = np.unique(at.astype(int)).tolist()
        return {
            "ids": [system.ids_[row] for row in rows],
            "labels": [str(system.labels_[row]) for row in rows],
        }

    @router.get("/thumbnails", response_class=Response)
    async def thumbnails(
        id: Annotated[list[str], Query(min_length=1, max_length=200)],
    ) -> Response:
        """Pictures of items, three bytes a pixel, one item after the other."""
        check_ready(parts)
        system = served.active.system
        pictures = await asyncio.to_thread(_pictures, system, id)
        return Response(
            b"".join(pictures),
            media_type="application/octet-stream",
            headers={"x-shape": f"{_SIDE}x{_SIDE}x3"},
        )

    return router


def _check(parts: Parts, options: Asked) -> None:
    if options.k > parts.settings.max_k:
        raise Refusal(422, f"k may be at most {parts.settings.max_k}.")
    if options.where:
        raise Refusal(422, "Images have no attributes: where must be left out.")


def _pictures(system: Any, ids: list[str]) -> list[bytes]:
    places = system.places()
    nothing = np.zeros((_SIDE, _SIDE), np.uint8)
    return [_square(system.picture(places[i]) if i in places else nothing) for i in ids]


def _square(image: Array) -> bytes:
    picture = Image.fromarray(image).convert("RGB")
    return ImageOps.pad(picture, (_SIDE, _SIDE), color="white").tobytes()


def _told(found: Found) -> list[dict[str, Any]]:
    system = found.active.system
    return [
        {
            "shuffled": shuffled,
            "hits": [
                {
                    "id": system.ids_[row],
                    "label": str(system.labels_[row]),
                    "similarity": float(similarity),
                    "score": float(score),
                    "rules": answer.item_notes.get(row, ()),
                }
                for row, similarity, score in zip(
                    answer.items.tolist(),
                    answer.columns["similarity"],
                    answer.scores,
                    strict=True,
                )
            ],
        }
        for answer, shuffled in zip(found.answers, found.shuffled, strict=True)
    ]


def _log(
    parts: Parts, served: Searching, options: Asked, found: Found, query_id: str
) -> None:
    who = {
        "session_id": options.session_id,
        "client_id": options.client_id,
        "user_id": options.user_id,
    }
    system = found.active.system
    names = query_ids(query_id, len(found.answers))

    def rows() -> list[dict[str, Any]]:
        return [
            exposure_row(
                query_id=name,
                system=served.name,
                verb="search",
                generation=found.active.name,
                embedding_version=system.about_["embedding_version"],
                revision=0,
                who=who,
                features=vector,
                ids=[system.ids_[row] for row in answer.items.tolist()],
                scores=[
                    _minus_distance(s) for s in answer.columns["similarity"].tolist()
                ],
                propensities=[1 / len(answer.items) if shuffled else 1.0]
                * len(answer.items),
            )
            for name, vector, answer, shuffled in zip(
                names, found.vectors, found.answers, found.shuffled, strict=False
            )
        ]

    parts.exposures.add(rows)


def _minus_distance(similarity: float) -> float:
    """Of vectors of length one: what a log calls the score of a search."""
    return -math.sqrt(max(2 - 2 * similarity, 0.0))
