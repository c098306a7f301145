"""Deleting a user deletes the user."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Path

from lookalike.service.erasure import erase_user
from lookalike.service.parts import Parts
from lookalike.service.routes.access import needs

Id = Annotated[str, Path(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


def users(parts: Parts) -> APIRouter:
    """The route."""
    router = APIRouter(
        prefix="/v1", tags=["users"], dependencies=[needs(parts, "admin")]
    )

    @router.delete("/users/{id}")
    async def delete(id: Id) -> dict[str, Any]:
        """Delete what a user did and was shown, from every file of the service."""
        gone = await asyncio.to_thread(erase_user, parts, id)
        return {"deleted": gone}

    return router
