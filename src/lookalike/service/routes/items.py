"""``items``: a catalogue that changes while the service answers."""

import asyncio
from collections.abc import Sequence
from typing import Any

import numpy as np
from fastapi import APIRouter, Response

from lookalike.core.contracts import HasItems
from lookalike.core.items import Item, png_of
from lookalike.service.bodies import check_count, check_pixels, picture
from lookalike.service.components import Components
from lookalike.service.errors import ServiceError
from lookalike.service.routes.access import needs, new_router
from lookalike.service.runtime import Active, ServedSystem
from lookalike.service.schemas import (
    DeleteItemsRequest,
    ItemId,
    NewItem,
    UpsertItemsRequest,
)
from lookalike.service.settings import Settings


def items(components: Components, served: ServedSystem) -> APIRouter:
    """Return the routes of a system with items: upsert, delete and get."""
    router = new_router(components, f"/v1/{served.name}", served.name)
    write: Any = {"dependencies": [needs(components, "write")]}
    read: Any = {"dependencies": [needs(components, "read")]}

    @router.post("/items", **write)
    async def upsert(sent: UpsertItemsRequest) -> dict[str, Any]:
        """Add or replace items, all of them or none; the next search sees them."""
        check_count(len(sent.items), components.settings, "items")
        active = served.active
        changed = await asyncio.to_thread(
            described_items, served, sent.items, active, components.settings
        )
        return await store_items(components, served, changed, "upserted", active)

    add_removal(router, components, served, write)

    @router.get("/items/{id:name}/image", **read, response_class=Response)
    async def image(id: ItemId) -> Response:
        """The item's picture, a PNG."""
        active, number = await _found(served, id)
        png = png_of(active.system.items_.image(number))
        return Response(png, media_type="image/png")

    @router.get("/items/{id:name}", **read)
    async def get(id: ItemId) -> dict[str, Any]:
        """What is known of one item."""
        active, number = await _found(served, id)
        catalogue = active.system.items_
        item = catalogue.item(number)
        return {
            "id": id,
            "label": catalogue.labels(np.array([number]))[0].tolist(),
            "attributes": catalogue.attributes(number),
            "revision": item.revision if item else 0,
            "generation": active.generation,
            "embedding_version": active.embedding_version,
            "vector": np.asarray(catalogue.vector(number)).tolist(),
        }

    @router.get("/items", **read)
    async def count() -> dict[str, Any]:
        """How many there are, and how many changed since the generation was made."""
        active = await asyncio.to_thread(served.current)
        catalogue = active.system.items_
        return {
            "count": len(catalogue),
            "changed": catalogue.n_changed,
            "revision": catalogue.snapshot.revision,
            "generation": active.generation,
        }

    return router


def add_count(router: APIRouter, served: ServedSystem, read: Any) -> None:
    """Add the route that counts the items of a system that has no vectors of them."""

    @router.get("/items", **read)
    async def count() -> dict[str, Any]:
        """How many there are, and how many changed over HTTP."""
        active = await asyncio.to_thread(served.current)
        return {
            "count": active.system.n_items,
            "changed": await asyncio.to_thread(lambda: served.n_changed_items),
            "revision": active.revision,
            "generation": active.generation,
        }


def check_items(served: ServedSystem, items: Sequence[Item]) -> None:
    """Refuse all of these items if the system cannot add one of them.

    Raises
    ------
    ServiceError
        422, with the sentence of the first that is refused.
    """
    if len({item.id for item in items}) < len(items):
        raise ServiceError(422, "An id comes twice in one request.")
    try:
        for item in items:
            served.active.system.check_item(item)
    except ValueError as error:
        raise ServiceError(422, str(error)) from None


def add_removal(
    router: APIRouter, components: Components, served: ServedSystem, write: Any
) -> None:
    """Add the routes that remove items, of whatever kind they are."""

    @router.post("/items/delete", **write)
    async def delete(sent: DeleteItemsRequest) -> dict[str, Any]:
        """Remove items; those that are not there stay absent."""
        check_count(len(sent.ids), components.settings, "items")
        deleted = [Item(id, deleted=True) for id in dict.fromkeys(sent.ids)]
        return await store_items(components, served, deleted, "deleted")

    @router.delete("/items/{id:name}", **write)
    async def delete_one(id: ItemId) -> dict[str, Any]:
        """Remove one item."""
        deleted = [Item(id, deleted=True)]
        return await store_items(components, served, deleted, "deleted")


async def _found(served: ServedSystem, id: str) -> tuple[Active, int]:
    active = await asyncio.to_thread(served.current)
    number = active.system.items_.number(id)
    if number is None:
        raise ServiceError(404, "There is no item of this id.")
    return active, number


async def store_items(
    components: Components,
    served: ServedSystem,
    changed: list[Item],
    kind: str,
    active: Active | None = None,
) -> dict[str, Any]:
    """Write changes of items; acknowledged once every worker is told.

    active : whose embedding described the items; None is the one that answers
    """
    store = served.items
    assert store is not None
    version = (active or served.active).embedding_version
    revision = await components.writer.write(lambda c: store.store(c, changed, version))
    store.notify()  # before it is acknowledged: every worker's next search sees it
    components.metrics.items.labels(kind).inc(len(changed))
    return {kind: len(changed), "revision": revision}


def described_items(
    served: ServedSystem, sent: Sequence[NewItem], active: Active, settings: Settings
) -> list[Item]:
    """Return items with their vectors, checked: all of them, or refuse them all."""
    if len({item.id for item in sent}) < len(sent):
        raise ServiceError(422, "An id comes twice in one request.")
    system, decoder = active.system, served.spec.decoder()
    images: dict[str, Any] = {}
    pictures = {item.id: picture(item.image) for item in sent if item.image is not None}
    try:
        check_pixels(list(pictures.values()), settings)
        for item in sent:
            _check(item, system, active.embedding_version)
            if item.id in pictures:
                query = decoder.decode(pictures[item.id], settings.max_pixels)
                images[item.id] = system.check_query(query)
    except ValueError as error:
        raise ServiceError(422, str(error)) from None
    vectors = {i.id: np.asarray(i.vector, np.float32) for i in sent if i.vector}
    if images:
        described = system.describe(np.stack(list(images.values())))
        vectors |= dict(zip(images, described, strict=True))
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


def _check(item: NewItem, system: HasItems, version: str) -> None:
    system.check_label(item.label)
    if (item.image is None) == (item.vector is None):
        raise ValueError("An item has either an image or a vector.")
    if item.vector is None:
        return
    if item.embedding_version != version:
        raise ValueError(
            f"The vector must be of embedding {version}, got "
            f"{item.embedding_version!r}: vectors of two embeddings are never mixed."
        )
    n = system.items_.base_vectors.shape[1]
    values = np.asarray(item.vector, np.float32)
    if len(values) != n or not np.isfinite(values).all():
        raise ValueError(f"The vector must have {n} finite numbers, got {len(values)}.")
