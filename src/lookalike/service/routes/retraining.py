"""``retrain``: the next generation from log and events, while this one answers."""

import asyncio
from typing import Any

from fastapi import APIRouter

from lookalike.service.components import Components
from lookalike.service.errors import ServiceError
from lookalike.service.routes.access import needs, new_router
from lookalike.service.runtime import ServedSystem


def retraining(components: Components, served: ServedSystem) -> APIRouter:
    """Return the routes of a system that can learn again."""
    prefix = f"/v1/{served.name}/generations"
    router = new_router(components, prefix, "generations")
    admin: Any = {"dependencies": [needs(components, "admin")]}
    work = components.retraining[served.name]

    @router.post("/retrain", status_code=202, **admin)
    async def retrain() -> dict[str, Any]:
        """Begin to learn from the log and from all events; the next GET tells more."""
        if not await asyncio.to_thread(work.start):
            raise ServiceError(409, f"The system {served.name} is learning already.")
        return {"system": served.name, **work.status()}

    @router.get("/retrain", dependencies=[needs(components, "read")])
    async def state() -> dict[str, Any]:
        """What has become of it: the generation, and how it compares."""
        return {"system": served.name, **await asyncio.to_thread(work.status)}

    return router
