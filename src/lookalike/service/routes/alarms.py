"""Alarms, and how far the lists of a generation have drifted."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query

from lookalike.service.components import Components
from lookalike.service.database.alarms import acknowledge, listed, monitor_state
from lookalike.service.errors import ServiceError
from lookalike.service.monitoring import LEAST
from lookalike.service.routes.access import needs, new_router
from lookalike.service.runtime import ServedSystem


def alarms(components: Components) -> APIRouter:
    """Return the routes of the service."""
    router = new_router(components, "/v1/alarms", "monitoring")

    @router.get("", dependencies=[needs(components, "read")])
    async def list_alarms(
        n: Annotated[int, Query(ge=1, le=1_000)] = 100,
        system: Annotated[str | None, Query(max_length=40)] = None,
        open: bool = False,
    ) -> dict[str, Any]:
        """Alarms, newest first; ``open`` leaves out those that were acknowledged."""

        def read() -> list[dict[str, Any]]:
            with components.database.reading() as connection:
                return listed(connection, n, system, open)

        return {"alarms": await asyncio.to_thread(read)}

    @router.post("/{id}/acknowledge", dependencies=[needs(components, "admin")])
    async def acknowledge_alarm(id: str) -> dict[str, Any]:
        """Say that somebody has seen it: from then on it may be raised again."""
        try:
            found = await components.writer.write(lambda c: acknowledge(c, id))
        except LookupError as error:
            raise ServiceError(404, str(error.args[0])) from None
        return found

    return router


def drift(components: Components, served: ServedSystem) -> APIRouter:
    """Return the route of a system; every system has it."""
    router = new_router(components, f"/v1/{served.name}", "monitoring", "read")

    @router.get("/drift")
    async def drift() -> dict[str, Any]:
        """How the last window of lists differs from the first, feature by feature."""
        number = served.active.generation

        def read() -> Any:
            with components.database.reading() as connection:
                return monitor_state(connection, served.name, number)

        state = await asyncio.to_thread(read)
        return {
            "system": served.name,
            "generation": number,
            "reference": state.get("reference"),
            "report": state.get("report"),
            "outcomes": state.get("outcomes"),
            "sentence": _sentence(components, state),
        }

    return router


def _sentence(components: Components, state: dict[str, Any]) -> str:
    hours = components.settings.drift_hours
    if not hours:
        return "Nobody looks: LOOKALIKE_DRIFT_HOURS is 0."
    if "reference" not in state:
        return f"The reference is gathered: {hours:g} hours or more, of {LEAST} lists."
    if "report" not in state:
        return f"The first look comes {hours:g} hours after the reference."
    return ""
