"""``items`` of recommenders, which change while it answers: titles and posts."""

import asyncio
from collections.abc import Callable
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


def catalogue(components: Components, served: ServedSystem) -> APIRouter:
    """Return the routes of titles and their columns: upsert, delete and get."""
    return _routes(components, served, _title)


def posts(components: Components, served: ServedSystem) -> APIRouter:
    """Return the routes of a feed's posts: upsert, delete and get."""
    return _routes(components, served, _post)


def _routes(
    components: Components,
    served: ServedSystem,
    known: Callable[[Any, str], dict[str, Any]],
) -> APIRouter:
    """Return the routes of what is recommended.

    known : what a system knows of an item; LookupError where there is none
    """
    router = new_router(components, f"/v1/{served.name}", served.name)
    write: Any = {"dependencies": [needs(components, "write")]}
    read: Any = {"dependencies": [needs(components, "read")]}

    @router.post("/items", **write)
    async def upsert(sent: UpsertCatalogueRequest) -> dict[str, Any]:
        """Add or replace items, all of them or none; the next list may have them."""
        check_count(len(sent.items), components.settings, "items")
        changed = [
            Item(each.id, each.label, dict(each.attributes)) for each in sent.items
        ]
        check_items(served, changed)
        return await store_items(components, served, changed, "upserted")

    # What is removed is suggested to nobody, and still counts in histories.
    add_removal(router, components, served, write)

    @router.get("/items/{id:name}", **read)
    async def get(id: ItemId) -> dict[str, Any]:
        """What is known of one item."""
        active = await asyncio.to_thread(served.current)
        try:
            about = known(active.system, id)
        except LookupError:
            raise ServiceError(404, "There is no item of this id.") from None
        where = {"revision": active.revision, "generation": active.generation}
        return {"id": id, **about, **where}

    add_count(router, served, read)
    return router


def _title(system: Any, id: str) -> dict[str, Any]:
    if not system.offers(id):
        raise LookupError(id)
    titles = system.catalogue_
    [values] = system.item_values([id], list(titles.described))
    return {"label": str(titles.titles[titles.item_rows[id]]), "attributes": values}


def _post(system: Any, id: str) -> dict[str, Any]:
    return {"attributes": system.post_values(id)}
