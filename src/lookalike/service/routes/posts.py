"""``items`` of a feed: posts, which come and go while it answers."""

import asyncio
from typing import Any

from fastapi import APIRouter

from lookalike.core.items import Item
from lookalike.service.bodies import check_count
from lookalike.service.components import Components
from lookalike.service.errors import ServiceError
from lookalike.service.routes.access import needs, new_router
from lookalike.service.routes.items import (
    add_count,
    add_removal,
    check_items,
    store_items,
)
from lookalike.service.runtime import ServedSystem
from lookalike.service.schemas import ItemId, UpsertCatalogueRequest


def posts(components: Components, served: ServedSystem) -> APIRouter:
    """Return the routes of a feed's posts: upsert, delete and get."""
    router = new_router(components, f"/v1/{served.name}", served.name)
    write: Any = {"dependencies": [needs(components, "write")]}
    read: Any = {"dependencies": [needs(components, "read")]}

    @router.post("/items", **write)
    async def upsert(sent: UpsertCatalogueRequest) -> dict[str, Any]:
        """Add or replace posts, all of them or none; the next page may have them."""
        check_count(len(sent.items), components.settings, "items")
        changed = [
            Item(each.id, each.label, dict(each.attributes)) for each in sent.items
        ]
        check_items(served, changed)
        return await store_items(components, served, changed, "upserted")

    # What is removed is in nobody's page, and still counts in histories.
    add_removal(router, components, served, write)

    @router.get("/items/{id:name}", **read)
    async def get(id: ItemId) -> dict[str, Any]:
        """What is known of one post."""
        active = await asyncio.to_thread(served.current)
        try:
            attributes = active.system.post_values(id)
        except LookupError:
            raise ServiceError(404, "There is no item of this id.") from None
        return {
            "id": id,
            "attributes": attributes,
            "revision": active.revision,
            "generation": active.generation,
        }

    add_count(router, served, read)
    return router
