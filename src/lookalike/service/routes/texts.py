"""``items`` of a system that searches texts: documents come and go as it answers."""

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
from lookalike.service.schemas import ItemId, NewDocument, UpsertDocumentsRequest


def texts(components: Components, served: ServedSystem) -> APIRouter:
    """Return the routes of a system with documents: upsert, delete and get."""
    router = new_router(components, f"/v1/{served.name}", served.name)
    write: Any = {"dependencies": [needs(components, "write")]}
    read: Any = {"dependencies": [needs(components, "read")]}

    @router.post("/items", **write)
    async def upsert(sent: UpsertDocumentsRequest) -> dict[str, Any]:
        """Add or replace documents, all of them or none; the next search sees them."""
        check_count(len(sent.items), components.settings, "items")
        items = await asyncio.to_thread(_checked, served, sent.items)
        return await store_items(components, served, items, "upserted")

    add_removal(router, components, served, write)

    @router.get("/items/{id:name}", **read)
    async def get(id: ItemId) -> dict[str, Any]:
        """Title, text and attributes of one document."""
        active = await asyncio.to_thread(served.current)
        try:
            found = active.system.document(id)
        except LookupError:
            raise ServiceError(404, "There is no item of this id.") from None
        about = {"revision": active.revision, "generation": active.generation}
        return {"id": id, **found, **about}

    add_count(router, served, read)
    return router


def _checked(served: ServedSystem, sent: Sequence[NewDocument]) -> list[Item]:
    """Return documents that can be added: all of them, or refuse them all."""
    items = [
        Item(each.id, each.title, {**each.attributes, "text": each.text})
        for each in sent
    ]
    check_items(served, items)
    return items
