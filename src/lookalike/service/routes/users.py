"""Deleting a user deletes the user."""

import asyncio
from typing import Any

from fastapi import APIRouter

from lookalike.service.components import Components
from lookalike.service.erasure import erase_user
from lookalike.service.routes.access import new_router
from lookalike.service.schemas import ItemId


def users(components: Components) -> APIRouter:
    """Return the route."""
    router = new_router(components, "/v1", "users", "admin")

    @router.delete("/users/{id:name}")
    async def delete(id: ItemId) -> dict[str, Any]:
        """Delete a user from every file of the service; say what is left, and where."""
        found = await asyncio.to_thread(erase_user, components, id)
        return found.document()

    return router
