"""Whether the process lives, whether it is ready, and what it counted."""

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import JSONResponse

from lookalike.service.parts import Parts
from lookalike.service.routes.access import needs


def health(parts: Parts) -> APIRouter:
    """Routes for whoever watches over the service."""
    router = APIRouter(tags=["health"])

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Whether the process answers at all."""
        return {"status": "alive"}

    @router.get("/readyz", responses={503: {"description": "Not ready."}})
    async def readyz() -> JSONResponse:
        """Whether every system is loaded and its kernels are warm."""
        if not parts.ready:
            return JSONResponse({"status": "starting"}, 503)
        names = {each.name: each.active.name for each in parts.systems}
        verbs = {each.name: each.verbs for each in parts.systems}
        return JSONResponse({"status": "ready", "generations": names, "verbs": verbs})

    @router.get("/metrics", dependencies=[needs(parts, "read")])
    async def metrics() -> Response:
        """What was counted, in the form of Prometheus."""
        text = generate_latest(parts.metrics.registry)
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    return router
