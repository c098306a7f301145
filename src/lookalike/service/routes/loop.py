"""The loop's history: what was learned again, and why it answers or does not."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query

from lookalike.service.components import Components
from lookalike.service.database.loop_steps import runs
from lookalike.service.routes.access import new_router
from lookalike.service.runtime import ServedSystem


def loop(components: Components, served: ServedSystem) -> APIRouter:
    """Return the route of a system that can learn again."""
    router = new_router(components, f"/v1/{served.name}", "generations", "read")

    @router.get("/loop")
    async def history(n: Annotated[int, Query(ge=1, le=1_000)] = 20) -> dict[str, Any]:
        """The steps of the newest n runs, newest first, each with its reason."""

        def read() -> list[dict[str, Any]]:
            with components.database.reading() as connection:
                found = runs(connection, served.name, n)
            return [vars(step) for run in found for step in reversed(run.steps)]

        return {"system": served.name, "steps": await asyncio.to_thread(read)}

    return router
