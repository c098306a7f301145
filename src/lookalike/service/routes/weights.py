"""``weights``: what actions are worth, and what other weights would change."""

import asyncio
from typing import Any

from fastapi import APIRouter

from lookalike.service.components import Components
from lookalike.service.errors import ServiceError
from lookalike.service.routes.access import new_router
from lookalike.service.routes.common import check_ready
from lookalike.service.runtime import ServedSystem
from lookalike.service.schemas import WeightsPreview, WeightsRequest


def weights(components: Components, served: ServedSystem) -> APIRouter:
    """Return the routes of a system that sums with weights."""
    router = new_router(components, f"/v1/{served.name}", served.name, "read")

    @router.get("/weights")
    async def present() -> dict[str, Any]:
        """What each action is worth in the generation that answers."""
        check_ready(components)
        active = served.active
        return {"generation": active.generation, "weights": active.system.weights_}

    @router.post("/weights/preview", response_model=WeightsPreview)
    async def preview(sent: WeightsRequest) -> dict[str, Any]:
        """What the log says that other weights would change; nothing is changed."""
        check_ready(components)
        active = served.active
        try:
            found = await asyncio.to_thread(active.system.preview_weights, sent.weights)
        except ValueError as error:
            raise ServiceError(422, str(error)) from None
        return {"generation": active.generation, **found.record()}

    return router
