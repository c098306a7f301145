"""The HTTP application, assembled from the parts of a service. No globals."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse

import lookalike
from lookalike.core.library import Library
from lookalike.service.database import Database
from lookalike.service.database.connection import refusal_of
from lookalike.service.forms import (
    Asked,
    Events,
    GoneItems,
    InOrder,
    Named,
    NewItems,
    ToSuggest,
    Why,
    WhyThis,
    schemas,
)
from lookalike.service.gate import Gate
from lookalike.service.log import Log
from lookalike.service.parts import Parts, assemble
from lookalike.service.refusal import Refusal
from lookalike.service.routes.answers import answers
from lookalike.service.routes.events import events
from lookalike.service.routes.explain import explain
from lookalike.service.routes.generations import generations, snapshot_routes
from lookalike.service.routes.health import health
from lookalike.service.routes.items import items
from lookalike.service.routes.live import live
from lookalike.service.routes.page import page
from lookalike.service.routes.plain import plain
from lookalike.service.routes.searches import searches
from lookalike.service.routes.suggestions import suggestions
from lookalike.service.routes.users import users
from lookalike.service.routes.views import views
from lookalike.service.settings import Settings

_DOCUMENTS = (
    *(Asked, NewItems, GoneItems, Events, Why, Named),
    *(ToSuggest, InOrder, WhyThis),
)


def create_app(
    libraries: Mapping[str, Library],
    database: Database,
    settings: Settings,
    log: Log | None = None,
) -> FastAPI:
    """Build the application around libraries of generations.

    Parameters
    ----------
    libraries : mapping of str to Library
        By the name of their system.
    database : Database
    settings : Settings
    log : Log, default=None
        None writes to stderr.

    Returns
    -------
    FastAPI
        ``app.state.parts`` holds the parts; the lifespan starts and stops them.
    """
    parts = assemble(libraries, database, settings, log)
    app = FastAPI(
        title="lookalike",
        version=lookalike.__version__,
        lifespan=_lifespan(parts),
        docs_url=None,
        redoc_url=None,
    )
    app.state.parts = parts
    app.include_router(health(parts))
    for served in parts.served.values():
        of_system: tuple[Any, ...] = (answers, explain, items, views, generations)
        for make in of_system:
            app.include_router(make(parts, served))
    for other in parts.plain.values():
        app.include_router(plain(parts, other))
    for finder in parts.searching.values():
        app.include_router(searches(parts, finder))
    for each in parts.suggesting.values():
        app.include_router(suggestions(parts, each))
    app.include_router(page())
    for routes in (events, live, users, snapshot_routes):
        app.include_router(routes(parts))
    for kind, handler in _HANDLERS.items():
        app.add_exception_handler(kind, handler)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=["authorization", "content-type"],
        )
    app.add_middleware(
        Gate,
        settings=settings,
        metrics=parts.metrics,
        log=parts.log,
        occupancy=parts.occupancy,
    )
    app.openapi = _openapi(app)  # type: ignore[method-assign]
    return app


def _lifespan(parts: Parts) -> Any:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        await asyncio.to_thread(parts.start)
        stop = asyncio.Event()
        watching = asyncio.create_task(parts.watch(stop))
        parts.log.write("info", "ready")
        try:
            yield {"occupancy": parts.occupancy}
        finally:
            stop.set()
            await watching
            await asyncio.to_thread(parts.stop)

    return lifespan


async def _refused(request: Request, error: Any) -> JSONResponse:
    return JSONResponse({"detail": error.sentence}, error.status, error.headers)


async def _outage(request: Request, error: Exception) -> JSONResponse:
    return await _refused(request, refusal_of(error))


async def _invalid(request: Request, error: Any) -> JSONResponse:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:])
    what = str(first["msg"]).encode("utf-8", "replace").decode()
    return JSONResponse({"detail": f"{where}: {what}."}, 422)


async def _http(request: Request, error: Any) -> JSONResponse:
    return JSONResponse({"detail": error.detail}, error.status_code, error.headers)


_HANDLERS: dict[Any, Any] = {
    Refusal: _refused,
    SQLAlchemyError: _outage,
    RequestValidationError: _invalid,
    HTTPException: _http,
}


def _openapi(app: FastAPI) -> Callable[[], dict[str, Any]]:
    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = get_openapi(title=app.title, version=app.version, routes=app.routes)
            parts = made.setdefault("components", {}).setdefault("schemas", {})
            parts |= schemas(*_DOCUMENTS)
            app.openapi_schema = made
        return app.openapi_schema

    return openapi
