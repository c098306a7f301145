"""``items`` of recommenders: titles and columns, which change while it answers."""

import asyncio
from collections.abc import Sequence
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
from lookalike.service.schemas import (
    ItemId,
    NewCatalogueItem,
    UpsertCatalogueRequest,
)


def catalogue(components: Components, served: ServedSystem) -> APIRouter:
    """Return the routes of a recommender with items: upsert, delete and get."""
    router = new_router(components, f"/v1/{served.name}", served.name)
    write: Any = {"dependencies": [needs(components, "write")]}
    read: Any = {"dependencies": [needs(components, "read")]}

    @router.post("/items", **write)
    async def upsert(sent: UpsertCatalogueRequest) -> dict[str, Any]:
        """Add or replace items, all of them or none; the next list may have them."""
        check_count(len(sent.items), components.settings, "items")
        items = _checked(served, sent.items)
        return await store_items(components, served, items, "upserted")

    # What is removed is suggested to nobody, and still counts in histories.
    add_removal(router, components, served, write)

    @router.get("/items/{id:name}", **read)
    async def get(id: ItemId) -> dict[str, Any]:
        """What is known of one item."""
        active = await asyncio.to_thread(served.current)
        if not active.system.offers(id):
            raise ServiceError(404, "There is no item of this id.")
        catalogue = active.system.catalogue_
        [values] = active.system.item_values([id], list(catalogue.described))
        return {
            "id": id,
            "label": str(catalogue.titles[catalogue.item_rows[id]]),
            "attributes": values,
            "revision": active.revision,
            "generation": active.generation,
        }

    add_count(router, served, read)
    return router


def _checked(served: ServedSystem, sent: Sequence[NewCatalogueItem]) -> list[Item]:
    """Return items whose columns are the system's: all of them, or refuse them all."""
    items = [Item(each.id, each.label, dict(each.attributes)) for each in sent]
    check_items(served, items)
    return items
