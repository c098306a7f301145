"""Snapshots of everything that is served, and exports of tables."""

import asyncio
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from filelock import FileLock
from starlette.responses import FileResponse

from lookalike.service import restoring
from lookalike.service import snapshots as stored
from lookalike.service.components import Components
from lookalike.service.database.registry import acting
from lookalike.service.errors import ServiceError
from lookalike.service.routes.access import new_router
from lookalike.service.routes.generations import in_thread
from lookalike.service.schemas import NameRequest
from lookalike.service.shared_library import act_of


def snapshots(components: Components) -> APIRouter:
    """Return the routes."""
    router = new_router(components, "/v1", "snapshots", "admin")
    folder = components.settings.snapshots
    where: Any = (components.database, components.libraries, folder)

    @router.get("/snapshots")
    async def list_snapshots() -> dict[str, list[str]]:
        """Every snapshot."""
        return {"snapshots": stored.names(folder)}

    @router.post("/snapshots")
    async def take(sent: NameRequest) -> dict[str, Any]:
        """Keep the database and the generation of every system, as they are now."""
        await asyncio.to_thread(components.writer.settle)
        path = await in_thread(stored.snapshot, *where, sent.name)
        about = await in_thread(stored.read_about, path)
        return {"snapshot": sent.name, "generations": about["generations"]}

    @router.post("/snapshots/restore")
    async def restore(sent: NameRequest, request: Request) -> dict[str, Any]:
        """Put everything back as it was."""
        await asyncio.to_thread(components.writer.settle)
        key = getattr(request.state, "key_id", "")
        with acting(*act_of(key, f"restored from the snapshot {sent.name}")):
            found = await in_thread(restoring.restore, *where, sent.name)
        components.signal.notify()
        for served in components.served.values():
            await asyncio.to_thread(served.watch)
        return {"snapshot": sent.name, "generations": found}

    @router.get("/export/{table}")
    async def export_table(table: str) -> FileResponse:
        """A table as Parquet: events, exposures, experiment_exposures or training."""
        path = await in_thread(_export, components, table)
        return FileResponse(path, media_type="application/vnd.apache.parquet")

    return router


def _export(components: Components, table: str) -> Path:
    from lookalike.service.export import TABLES, export  # large, and seldom needed

    if table not in TABLES:
        raise ServiceError(404, f"There are {', '.join(TABLES)} to export.")
    components.writer.settle()
    path = components.settings.exports / f"{table}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(components.settings.exports_lock):
        export(components.database, table, path)
    return path
