"""Generations of a system: which there are, which answers, and moving the pointer."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from fastapi import APIRouter, Request

from lookalike.service.compaction import compact_served
from lookalike.service.components import Components
from lookalike.service.database.connection import service_error_of
from lookalike.service.database.registry import acting
from lookalike.service.errors import ServiceError, without_paths
from lookalike.service.reembed import reembed
from lookalike.service.routes.access import needs, new_router
from lookalike.service.runtime import ServedSystem
from lookalike.service.schemas import NameRequest
from lookalike.service.shared_library import SharedLibrary, act_of


def generations(components: Components, served: ServedSystem) -> APIRouter:
    """Return the routes; every system has them."""
    prefix = f"/v1/{served.name}/generations"
    router = new_router(components, prefix, "generations")
    admin: Any = {"dependencies": [needs(components, "admin")]}
    is_shared, turn = isinstance(served.library, SharedLibrary), asyncio.Lock()

    @router.get("", dependencies=[needs(components, "read")])
    async def list_generations() -> dict[str, Any]:
        """Every generation, and which one answers."""
        return await asyncio.to_thread(_listed, served)

    @router.post("/activate", **admin)
    async def activate(sent: NameRequest, request: Request) -> dict[str, Any]:
        """Let a generation answer, if it is whole."""
        with _by(request, "activated"):
            return await _moved(served, served.library.activate, sent.name)

    @router.post("/rollback", **admin)
    async def rollback(request: Request) -> dict[str, Any]:
        """Let the generation before the current one answer."""
        with _by(request, "rolled back"):
            return await _moved(served, served.library.rollback)

    @router.post("/compact", **admin)
    async def compact_items() -> dict[str, Any]:
        """Make the next generation of this one and all items that changed."""
        _check_items(served)
        if not is_shared:
            return await _moved(served, compact_served, served)
        async with turn:  # those that wait hold no thread
            return await _moved(served, compact_served, served)

    @router.post("/reembed", **admin)
    async def reembed_items(sent: NameRequest, request: Request) -> dict[str, Any]:
        """Describe items by another generation's embedding, then let it answer."""
        _check_items(served)
        work = (served.spec, served.library, components.database, sent.name)
        with _by(request, "its embedding describes every item"):
            n_described, lost = await in_thread(reembed, *work)
        await asyncio.to_thread(served.watch)
        return {
            "generation": served.active.generation,
            "described": n_described,
            "lost": lost,
        }

    return router


async def in_thread(work: Callable[..., Any], *args: Any) -> Any:
    """Run work in a thread; what is wrong with it becomes the answer."""
    try:
        return await asyncio.to_thread(work, *args)
    except ValueError as error:
        raise ServiceError(422, without_paths(str(error))) from None
    except OSError as error:
        raise service_error_of(error) from None


def _by(request: Request, reason: str) -> AbstractContextManager[None]:
    """Say who asks for a change, and why."""
    return acting(*act_of(getattr(request.state, "key_id", ""), reason))


def _check_items(served: ServedSystem) -> None:
    if not served.spec.can("items"):
        raise ServiceError(404, f"The system {served.name} has no items to compact.")


async def _moved(
    served: ServedSystem, move: Callable[..., Any], *args: Any
) -> dict[str, Any]:
    number = await in_thread(move, *args)
    await asyncio.to_thread(served.watch)
    return {"system": served.name, "generation": number}


def _listed(served: ServedSystem) -> dict[str, Any]:
    found = []
    for name in served.library.names():
        try:
            about = served.library.load(name).about
        except (OSError, ValueError):
            found.append({"name": name, "whole": False})
            continue
        found.append(
            {
                "name": name,
                "whole": True,
                "created": about["created"],
                "data": about["data"]["name"],
                "embedding_version": about["embedding_version"],
                "metrics": about["metrics"],
            }
        )
    answer = {"current": served.active.generation, "generations": found}
    library = served.library
    if isinstance(library, SharedLibrary):
        answer |= {"registry": library.listed(), "moves": library.moves()}
    return answer
