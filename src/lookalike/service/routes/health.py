"""Whether the process lives, whether it is ready, and what it counted."""

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import JSONResponse

from lookalike.service.components import Components
from lookalike.service.routes.access import needs, new_router


def health(components: Components) -> APIRouter:
    """Return the routes for whatever watches over the service."""
    router = new_router(components, tag="health")

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Whether the process answers at all."""
        return {"status": "alive"}

    @router.get("/readyz", responses={503: {"description": "Not ready."}})
    async def readyz() -> JSONResponse:
        """Whether every system is loaded, the database answers, and it goes on."""
        if components.drain.begun:
            return JSONResponse({"status": "draining"}, 503)
        if not components.ready:
            return JSONResponse({"status": "starting"}, 503)
        if detail := await components.probe.problem():
            return JSONResponse({"status": "no database", "detail": detail}, 503)
        names = {n: s.active.generation for n, s in components.served.items()}
        return JSONResponse({"status": "ready", "generations": names})

    @router.get("/metrics", dependencies=[needs(components, "read")])
    async def metrics() -> Response:
        """What was counted, in the form of Prometheus."""
        text = generate_latest(components.metrics.registry)
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    return router
