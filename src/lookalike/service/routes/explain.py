"""Why this result: the evidence, the score's parts and the rule that placed it."""

import base64
from typing import Any

import numpy as np
from fastapi import APIRouter, Request

from lookalike.service.answering import Answered, Query
from lookalike.service.forms import Why, described, document, picture
from lookalike.service.parts import Parts
from lookalike.service.refusal import Refusal
from lookalike.service.routes.access import needs
from lookalike.service.routes.asking import in_time
from lookalike.service.served import Served


def explain(parts: Parts, served: Served) -> APIRouter:
    """The route."""
    router = APIRouter(
        prefix=f"/v1/{served.name}",
        tags=[served.name],
        dependencies=[needs(parts, "read")],
    )

    @router.post("/explain", openapi_extra=described(Why))
    async def why(request: Request) -> dict[str, Any]:
        """Why an item stands where it does among the answers to an image."""
        sent = await document(request, Why)
        images = [picture(sent.image)]
        query = Query(served, "search", images, sent.k, parts.settings.max_pixels)
        found: Answered = await in_time(parts, parts.engine, query)
        number = found.active.catalogue.number(sent.id)
        if number is None:
            raise Refusal(404, "There is no item of this id.")
        return {**told(found, number), "query": _shown(found)}

    return router


def told(found: Answered, number: int) -> dict[str, Any]:
    """The place of one item among the answers to one image, and what made it."""
    active, catalogue = found.active, found.active.catalogue
    vector = np.asarray(catalogue.vector(number), np.float64)
    differences = (found.vectors[0].astype(np.float64) - vector) ** 2
    squared = float(differences.sum())
    order = np.argsort(-differences, kind="stable")[:5]
    numbers, distances = found.numbers[0].tolist(), found.distances[0].tolist()
    rank = numbers.index(number) + 1 if number in numbers else None
    return {
        "id": catalogue.id(number),
        "label": catalogue.labels(np.array([number]))[0].tolist(),
        "generation": active.name,
        "embedding_version": active.face.embedding_version,
        "rank": rank,
        "distance": squared**0.5,
        "score": 0.0 - squared**0.5,
        "parts": [
            {
                "dimension": int(d),
                "squared_difference": float(differences[d]),
                "share": float(differences[d] / squared) if squared else 0.0,
            }
            for d in order
        ],
        "evidence": [
            {"id": catalogue.id(n), "label": label, "distance": d}
            for n, label, d in zip(
                numbers,
                catalogue.labels(found.numbers)[0].tolist(),
                distances,
                strict=True,
            )
        ],
        "votes": rank is not None and rank <= active.face.n_neighbors,
        "rules": _rules(found, number, rank, distances),
    }


def _shown(found: Answered) -> dict[str, Any]:
    """The image as the system read it: grey bytes in base64."""
    image = found.images[0]
    pixels = base64.b64encode(np.ascontiguousarray(image).data).decode()
    return {"height": image.shape[0], "width": image.shape[1], "pixels": pixels}


def _rules(
    found: Answered, number: int, rank: int | None, distances: list[float]
) -> list[str]:
    """What placed it there, in sentences."""
    catalogue = found.active.catalogue
    rules = ["Items are ordered by their distance to the image, the nearest first."]
    if rank is None and distances:
        rules.append(
            f"It is not among the first {len(distances)}: the last of those is at "
            f"{distances[-1]:.4g}."
        )
    if rank is not None and distances.count(distances[rank - 1]) > 1:
        rules.append("It ties with another item; the older one comes first.")
    item = catalogue.item(number)
    if item is not None:
        rules.append(
            f"It was added or changed (revision {item.revision}) after generation "
            f"{found.active.name} was made, and lies over it."
        )
    return rules
