"""Items that come and go while the service answers."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Path, Request, Response

from lookalike.service.database import items as stored
from lookalike.service.database.items import Item
from lookalike.service.digits_face import DigitsFace, png_of
from lookalike.service.forms import (
    GoneItems,
    NewItem,
    NewItems,
    described,
    document,
    picture,
)
from lookalike.service.parts import Parts
from lookalike.service.refusal import Refusal
from lookalike.service.routes.access import needs
from lookalike.service.served import Active, Served

Id = Annotated[str, Path(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


def items(parts: Parts, served: Served) -> APIRouter:
    """Upsert, delete and get."""
    router = APIRouter(prefix=f"/v1/{served.name}", tags=[served.name])
    write: Any = {"dependencies": [needs(parts, "write")]}
    read: Any = {"dependencies": [needs(parts, "read")]}
    bodies: dict[str, Any] = {"openapi_extra": described(NewItems)}
    gone: dict[str, Any] = {"openapi_extra": described(GoneItems)}

    @router.post("/items", **write, **bodies)
    async def upsert(request: Request) -> dict[str, Any]:
        """Add or replace items, all of them or none; the next search sees them."""
        sent = (await document(request, NewItems)).items
        _check_count(len(sent), parts)
        active = served.active
        changed = await asyncio.to_thread(_described, sent, active, parts)
        return await _store(parts, served, active, changed, "upserted")

    @router.post("/items/delete", **write, **gone)
    async def delete(request: Request) -> dict[str, Any]:
        """Remove items; those that are not there stay away."""
        ids = (await document(request, GoneItems)).ids
        _check_count(len(ids), parts)
        changed = [Item(id, deleted=True) for id in dict.fromkeys(ids)]
        return await _store(parts, served, served.active, changed, "deleted")

    @router.delete("/items/{id}", **write)
    async def delete_one(id: Id) -> dict[str, Any]:
        """Remove one item."""
        gone = [Item(id, deleted=True)]
        return await _store(parts, served, served.active, gone, "deleted")

    @router.get("/items/{id}", **read)
    async def get(id: Id) -> dict[str, Any]:
        """What is known of one item."""
        active, number = await _found(served, id)
        item = active.catalogue.item(number)
        return {
            "id": id,
            "label": active.catalogue.labels(np.array([number]))[0].tolist(),
            "attributes": active.catalogue.attributes(number),
            "revision": item.revision if item else 0,
            "generation": active.name,
            "embedding_version": active.face.embedding_version,
            "vector": np.asarray(active.catalogue.vector(number)).tolist(),
        }

    @router.get("/items/{id}/image", **read, response_class=Response)
    async def image(id: Id) -> Response:
        """The item's picture, a PNG."""
        active, number = await _found(served, id)
        png = png_of(active.catalogue.image(number))
        return Response(png, media_type="image/png")

    @router.get("/items", **read)
    async def count() -> dict[str, Any]:
        """How many there are, and how many came since the generation was made."""
        active = await asyncio.to_thread(served.current)
        return {
            "count": len(active.catalogue.state.snapshot),
            "changed": active.catalogue.n_changed,
            "revision": active.catalogue.state.revision,
            "generation": active.name,
        }

    return router


async def _found(served: Served, id: str) -> tuple[Active, int]:
    active = await asyncio.to_thread(served.current)
    number = active.catalogue.number(id)
    if number is None:
        raise Refusal(404, "There is no item of this id.")
    return active, number


def _check_count(n: int, parts: Parts) -> None:
    if n > parts.settings.max_batch:
        raise Refusal(
            413, f"At most {parts.settings.max_batch} items at once; got {n}."
        )


async def _store(
    parts: Parts, served: Served, active: Active, changed: list[Item], kind: str
) -> dict[str, Any]:
    version = active.face.embedding_version

    def work(connection: Any) -> int:
        return stored.store(parts.database, connection, served.name, changed, version)

    revision = await parts.writer.write(work)
    parts.bell.ring()  # before it is acknowledged: every worker's next search sees it
    parts.metrics.items.labels(kind).inc(len(changed))
    return {kind: len(changed), "revision": revision}


def _described(sent: Sequence[NewItem], active: Active, parts: Parts) -> list[Item]:
    """Items with their vectors, checked: all of them, or a refusal."""
    last = {item.id: item for item in sent}
    if len(last) < len(sent):
        raise Refusal(422, "An id comes twice in one request.")
    try:
        images = {i.id: _image(i, active.face, parts) for i in sent if i.image}
        for item in sent:
            _check(item, active.face)
    except ValueError as error:
        raise Refusal(422, str(error)) from None
    vectors = {i.id: np.asarray(i.vector, np.float32) for i in sent if i.vector}
    if images:
        made = active.face.describe(np.stack(list(images.values())))
        vectors |= dict(zip(images, made, strict=True))
    return [
        Item(
            id=item.id,
            label=item.label,
            attributes=dict(item.attributes),
            image=png_of(images[item.id]) if item.id in images else None,
            vector=vectors[item.id],
        )
        for item in sent
    ]


def _image(item: NewItem, face: DigitsFace, parts: Parts) -> Any:
    assert item.image is not None
    sent = picture(item.image)
    if isinstance(sent, bytes):
        return face.read(sent, parts.settings.max_pixels)
    return face.check(sent)


def _check(item: NewItem, face: DigitsFace) -> None:
    face.check_label(item.label)
    if (item.image is None) == (item.vector is None):
        raise ValueError("An item has either an image or a vector.")
    if item.vector is None:
        return
    if item.embedding_version != face.embedding_version:
        raise ValueError(
            f"The vector must be of embedding {face.embedding_version}, got "
            f"{item.embedding_version!r}: vectors of two embeddings are never mixed."
        )
    n = face.vectors.shape[1]
    values = np.asarray(item.vector, np.float32)
    if len(values) != n or not np.isfinite(values).all():
        raise ValueError(f"The vector must have {n} finite numbers, got {len(values)}.")
