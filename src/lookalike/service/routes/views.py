"""What the page shows of a system: gallery, thumbnails, map, measured quality."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from lookalike.service.comparison import compare_generations
from lookalike.service.components import Components
from lookalike.service.errors import ServiceError
from lookalike.service.layout import Layouts
from lookalike.service.routes.access import new_router
from lookalike.service.routes.common import check_ready
from lookalike.service.runtime import ServedSystem


def quality(components: Components, served: ServedSystem) -> APIRouter:
    """Return the routes about what was measured; every system has them."""
    router = _router(components, served)

    @router.get("/quality")
    async def quality() -> dict[str, Any]:
        """What was measured when the generation was made."""
        check_ready(components)
        active = served.active
        manifest = active.system.manifest_
        return {
            "generation": active.generation,
            "metrics": manifest.metrics,
            "comparisons": manifest.comparisons,
            "quality": manifest.quality,
        }

    @router.get("/generations/compare")
    async def compare(
        first: Annotated[str, Query(pattern=r"^\d{4,12}$")],
        second: Annotated[str, Query(pattern=r"^\d{4,12}$")],
    ) -> dict[str, Any]:
        """Two generations side by side, item by item where that can be done."""
        return await asyncio.to_thread(_compared, served, first, second)

    return router


def gallery(components: Components, served: ServedSystem) -> APIRouter:
    """Return the routes of a system that can show its items."""
    router = _router(components, served)

    @router.get("/gallery")
    async def gallery(n: Annotated[int, Query(ge=1, le=200)] = 24) -> dict[str, Any]:
        """A few known items, spread over the catalogue and its labels."""
        check_ready(components)
        active = await asyncio.to_thread(served.current)
        ids, labels = await asyncio.to_thread(active.system.gallery, n)
        return {"ids": ids, "labels": labels}

    @router.get("/thumbnails", response_class=Response)
    async def thumbnails(
        id: Annotated[list[str], Query(min_length=1, max_length=200)],
    ) -> Response:
        """Pictures of items as bytes, one after the other; black where there is none.

        The header x-shape says height and width, and x3 for colour.
        """
        check_ready(components)
        active = await asyncio.to_thread(served.current)
        images = await asyncio.to_thread(active.system.thumbnails, id)
        return Response(
            images.tobytes(),
            media_type="application/octet-stream",
            headers={"x-shape": "x".join(map(str, images.shape[1:]))},
        )

    return router


def map_(components: Components, served: ServedSystem) -> APIRouter:
    """Return the map of a system with items."""
    router = _router(components, served)
    layouts = Layouts()

    @router.get("/map")
    async def map_(n: Annotated[int, Query(ge=1, le=100_000)] = 10_000) -> Any:
        """The catalogue in two dimensions, at most n of its items."""
        check_ready(components)
        active = await asyncio.to_thread(served.current)
        return await asyncio.to_thread(layouts.map, active, n)

    return router


def _router(components: Components, served: ServedSystem) -> APIRouter:
    return new_router(components, f"/v1/{served.name}", "views", "read")


def _compared(served: ServedSystem, first: str, second: str) -> dict[str, Any]:
    found = []
    for name in (first, second):
        if name not in served.library.names():
            raise ServiceError(404, f"There is no generation {name}.")
        try:
            found.append(served.library.load(name).about)
        except ValueError:
            raise ServiceError(422, f"Generation {name} is damaged.") from None
    return compare_generations(first, second, *found)
