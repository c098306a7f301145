"""The HTTP application, assembled from the components of a service. No globals."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse

import lookalike
from lookalike.core.library import Library
from lookalike.service.bodies import schemas_of, sentence_of
from lookalike.service.components import Components, assemble
from lookalike.service.database import Database
from lookalike.service.database.connection import service_error_of
from lookalike.service.limits import RequestLimitsMiddleware
from lookalike.service.logs import log
from lookalike.service.names import NamesMiddleware
from lookalike.service.routes.alarms import alarms, drift
from lookalike.service.routes.auction import auction
from lookalike.service.routes.catalogue import catalogue, posts
from lookalike.service.routes.classify import classify, zero_shot
from lookalike.service.routes.events import events
from lookalike.service.routes.experiments import experiments
from lookalike.service.routes.explain import explain
from lookalike.service.routes.facets import facets
from lookalike.service.routes.generations import generations
from lookalike.service.routes.health import health
from lookalike.service.routes.items import items
from lookalike.service.routes.live import live
from lookalike.service.routes.loop import loop
from lookalike.service.routes.media import media
from lookalike.service.routes.page import page
from lookalike.service.routes.recommend import rank, recommend
from lookalike.service.routes.retraining import retraining
from lookalike.service.routes.review import review
from lookalike.service.routes.search import search
from lookalike.service.routes.similar import similar
from lookalike.service.routes.snapshots import snapshots
from lookalike.service.routes.streams import streams
from lookalike.service.routes.suggest import suggest
from lookalike.service.routes.systems import systems
from lookalike.service.routes.texts import texts
from lookalike.service.routes.users import users
from lookalike.service.routes.views import gallery, map_, quality
from lookalike.service.routes.weights import weights
from lookalike.service.runtime import ServedSystem
from lookalike.service.schemas import (
    ImageOrTextRequest,
    ImageRequest,
    ZeroShotRequest,
)
from lookalike.service.settings import Settings

Routes = Callable[[Components, ServedSystem], APIRouter]
OF_EVERY_SYSTEM: tuple[Routes, ...] = (generations, quality, drift)
OF_CAPABILITY: dict[str, tuple[Routes, ...]] = {
    "search": (search,),
    "classify": (classify,),
    "zero_shot": (zero_shot,),
    "recommend": (recommend,),
    "rank": (rank,),
    "auction": (auction,),
    "weigh": (weights,),
    "suggest": (suggest,),
    "similar": (similar,),
    "facets": (facets,),
    "texts": (texts,),
    "retrain": (retraining, loop),
    "catalogue": (catalogue,),
    "posts": (posts,),
    "explain": (explain,),
    "review": (review,),
    "stream": (streams,),
    "items": (items, map_),
    "gallery": (gallery,),
    "media": (media,),
}
"""Routes of a system by what it can do, see ``core.contracts``."""


def create_app(
    libraries: Mapping[str, Library], database: Database, settings: Settings
) -> FastAPI:
    """Build the application around libraries of generations.

    Parameters
    ----------
    libraries : mapping of str to Library
        By the name of their system.
    database : Database
    settings : Settings

    Returns
    -------
    FastAPI
        ``app.state.components`` holds the components; the lifespan starts and stops
        them.
    """
    components = assemble(libraries, database, settings)
    app = FastAPI(
        title="lookalike",
        version=lookalike.__version__,
        lifespan=_lifespan(components),
        docs_url=None,
        redoc_url=None,
    )
    app.state.components = components
    # Routes are tried in their order: those that answer queries come first.
    for served in components.served.values():
        for routes in _routes_of(served):
            app.include_router(routes(components, served))
    app.include_router(health(components))
    app.include_router(systems(components))
    app.include_router(page())
    for common in (events, experiments, alarms, live, users, snapshots):
        app.include_router(common(components))
    for kind, handler in _HANDLERS.items():
        app.add_exception_handler(kind, handler)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=["authorization", "content-type"],
        )
    app.add_middleware(NamesMiddleware)
    app.add_middleware(
        RequestLimitsMiddleware,
        settings=settings,
        metrics=components.metrics,
        occupancy=components.occupancy,
        drain=components.drain,
    )
    app.openapi = _openapi(app)  # type: ignore[method-assign]
    return app


def _routes_of(served: ServedSystem) -> list[Routes]:
    found: list[Routes] = []
    for capability, routes in OF_CAPABILITY.items():
        if served.spec.can(capability):
            found += routes
    return [*found, *OF_EVERY_SYSTEM]


def _lifespan(components: Components) -> Any:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        try:
            await asyncio.to_thread(components.start)
        except Exception as error:
            # Of others the values may be secret.
            is_sentence = isinstance(error, ValueError | OSError | ImportError)
            reason = str(error) if is_sentence else type(error).__name__
            log(logging.ERROR, "cannot start", reason=reason)
            raise
        stop = asyncio.Event()
        watching = asyncio.create_task(components.watch(stop))
        log(logging.INFO, "ready")
        try:
            state: dict[str, Any] = {"arrivals": components.arrivals}
            state["drain"] = components.drain
            if components.settings.shed_early:
                state["occupancy"] = components.occupancy
            yield state
        finally:
            stop.set()
            await watching
            await asyncio.to_thread(components.stop)

    return lifespan


async def _outage(request: Request, error: Exception) -> JSONResponse:
    return await _http(request, service_error_of(error))


async def _invalid(request: Request, error: Any) -> JSONResponse:
    first = error.errors()[0]
    return JSONResponse({"detail": sentence_of(first["loc"][1:], first["msg"])}, 422)


async def _http(request: Request, error: Any) -> JSONResponse:
    return JSONResponse({"detail": error.detail}, error.status_code, error.headers)


_HANDLERS: dict[Any, Any] = {
    SQLAlchemyError: _outage,
    RequestValidationError: _invalid,
    HTTPException: _http,
}


def _openapi(app: FastAPI) -> Callable[[], dict[str, Any]]:
    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = get_openapi(title=app.title, version=app.version, routes=app.routes)
            found = made.setdefault("components", {}).setdefault("schemas", {})
            found |= schemas_of(ImageRequest, ImageOrTextRequest, ZeroShotRequest)
            app.openapi_schema = made
        return app.openapi_schema

    return openapi
