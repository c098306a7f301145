"""Generations and snapshots, for whoever runs the service."""

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import FileResponse

from lookalike.core.generation import load
from lookalike.service import snapshot as snapshots
from lookalike.service.database.connection import refusal_of
from lookalike.service.fold import fold
from lookalike.service.forms import Named, described, document
from lookalike.service.parts import Parts
from lookalike.service.reembed import reembed
from lookalike.service.refusal import Refusal
from lookalike.service.routes.access import needs
from lookalike.service.served import Served

_TABLES = ("events", "exposures", "training")


def generations(parts: Parts, served: Served) -> APIRouter:
    """What answers, and moving the pointer."""
    router = APIRouter(prefix=f"/v1/{served.name}/generations", tags=["generations"])
    admin: Any = {"dependencies": [needs(parts, "admin")]}
    named: Any = {"openapi_extra": described(Named), **admin}

    @router.get("", dependencies=[needs(parts, "read")])
    async def listed() -> dict[str, Any]:
        """Every generation, and which one answers."""
        return await asyncio.to_thread(_listed, served)

    @router.post("/activate", **named)
    async def activate(request: Request) -> dict[str, Any]:
        """Let a generation answer, if it is whole."""
        name = (await document(request, Named)).name
        return await _moved(served, served.library.activate, name)

    @router.post("/rollback", **admin)
    async def rollback() -> dict[str, Any]:
        """Let the generation before the current one answer."""
        return await _moved(served, served.library.rollback)

    @router.post("/fold", **admin)
    async def folded() -> dict[str, Any]:
        """Make the next generation of this one and all that changed."""
        active = await asyncio.to_thread(served.current)
        return await _moved(served, fold, active, served.library)

    @router.post("/reembed", **named)
    async def reembedded(request: Request) -> dict[str, Any]:
        """Describe items by another generation's embedding, then let it answer."""
        name = (await document(request, Named)).name
        work = (served.library, parts.database, name)
        done, lost = await _refusing(reembed, *work)
        await asyncio.to_thread(served.watch)
        return {"generation": served.active.name, "described": done, "lost": lost}

    return router


def snapshot_routes(parts: Parts) -> APIRouter:
    """Snapshots and exports."""
    router = APIRouter(
        prefix="/v1", tags=["snapshots"], dependencies=[needs(parts, "admin")]
    )
    named: Any = {"openapi_extra": described(Named)}
    libraries = {name: each.library for name, each in parts.served.items()}
    where: Any = (parts.database, libraries, parts.settings.snapshots)

    @router.get("/snapshots")
    async def listed() -> dict[str, list[str]]:
        """Every snapshot."""
        return {"snapshots": snapshots.names(parts.settings.snapshots)}

    @router.post("/snapshots", **named)
    async def take(request: Request) -> dict[str, str]:
        """Keep everything as it is now."""
        name = (await document(request, Named)).name
        await asyncio.to_thread(parts.writer.settle)
        await _refusing(snapshots.snapshot, *where, name)
        return {"snapshot": name}

    @router.post("/snapshots/restore", **named)
    async def restore(request: Request) -> dict[str, Any]:
        """Put everything back as it was."""
        name = (await document(request, Named)).name
        await asyncio.to_thread(parts.writer.settle)
        found = await _refusing(snapshots.restore, *where, name)
        parts.bell.ring()
        for served in parts.served.values():
            await asyncio.to_thread(served.watch)
        return {"snapshot": name, "generations": found}

    @router.get("/export/{table}")
    async def exported(table: str) -> FileResponse:
        """A table as Parquet: events, exposures or training."""
        if table not in _TABLES:
            raise Refusal(404, f"There are {', '.join(_TABLES)} to export.")
        await asyncio.to_thread(parts.writer.settle)
        path = parts.settings.exports / f"{table}.parquet"
        await _refusing(_export, parts.database, table, path)
        return FileResponse(path, media_type="application/vnd.apache.parquet")

    return router


def _export(*args: Any) -> int:
    from lookalike.service.export import export  # large, and seldom needed

    return export(*args)


async def _moved(served: Served, move: Any, *args: Any) -> dict[str, Any]:
    number = await _refusing(move, *args)
    await asyncio.to_thread(served.watch)
    return {"system": served.name, "generation": number}


async def _refusing(work: Any, *args: Any) -> Any:
    """Do it in a thread; what is wrong with it is the client's to know."""
    try:
        return await asyncio.to_thread(work, *args)
    except ValueError as error:
        raise Refusal(422, _without_paths(error)) from None
    except OSError as error:
        raise refusal_of(error) from None


def _without_paths(error: ValueError) -> str:
    """The sentence, without where things lie on this machine."""
    words = str(error).split()
    return " ".join(w.rsplit("/", 1)[-1] if "/" in w else w for w in words)


def _listed(served: Served) -> dict[str, Any]:
    found = []
    for name in served.library.names():
        try:
            about = load(served.library.folder / name, served.name).about
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
    return {"current": served.active.name, "generations": found}
