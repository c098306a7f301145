"""``facets``: how many of the items that are found have each value of an attribute."""

import asyncio
from typing import Any

from fastapi import APIRouter

from lookalike.service.components import Components
from lookalike.service.errors import ServiceError
from lookalike.service.routes.access import new_router
from lookalike.service.routes.common import check_ready, responses_of
from lookalike.service.runtime import ServedSystem
from lookalike.service.schemas import FacetCounts, FacetsRequest, filters


def facets(components: Components, served: ServedSystem) -> APIRouter:
    """Return the route of a system that counts what it finds."""
    router = new_router(components, f"/v1/{served.name}", served.name, "read")

    @router.post("/facets", responses=responses_of(FacetCounts))
    async def facets(sent: FacetsRequest) -> dict[str, Any]:
        """Count the items that a text finds, or all, by the values of attributes."""
        check_ready(components)
        active = await asyncio.to_thread(served.current)
        names = sent.names if sent.names is not None else active.system.facet_names
        try:
            found = await asyncio.to_thread(
                active.system.facet_counts, sent.text, names, filters(sent)
            )
        except ValueError as error:
            raise ServiceError(422, str(error)) from None
        about = {"system": served.name, "generation": active.generation}
        return {**about, "facets": found}

    return router
