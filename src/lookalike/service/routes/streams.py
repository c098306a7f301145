"""``streams``: a sequence of frames that is followed, one request a frame."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Path

from lookalike.service.components import Components
from lookalike.service.errors import ServiceError
from lookalike.service.routes.access import new_router
from lookalike.service.routes.common import check_ready, responses_of
from lookalike.service.runtime import ServedSystem
from lookalike.service.schemas import (
    FrameAnswer,
    FrameRequest,
    StreamBegun,
    StreamEnded,
    StreamRequest,
)
from lookalike.service.streams import OpenStream, OpenStreams

StreamId = Annotated[str, Path(pattern="^[0-9a-f]{24}$")]


def streams(components: Components, served: ServedSystem) -> APIRouter:
    """Return the routes of a system that follows frames."""
    router = new_router(components, f"/v1/{served.name}", served.name, "read")
    opened = OpenStreams()

    @router.post("/streams", responses=responses_of(StreamBegun))
    async def begin(sent: StreamRequest) -> dict[str, Any]:
        """Begin to follow a sequence; it ends by itself when no frame comes."""
        check_ready(components)
        if components.settings.workers > 1:
            raise ServiceError(
                409, "A stream is kept in one process: serve with --workers 1."
            )
        active = await asyncio.to_thread(served.current)
        stream = active.system.new_stream(sent.width, sent.height, sent.sequence or "")
        return {
            "system": served.name,
            "generation": active.generation,
            "stream": opened.begin(OpenStream(active.system, stream)),
        }

    @router.post("/streams/{id}/frames", responses=responses_of(FrameAnswer))
    async def step(id: StreamId, sent: FrameRequest) -> dict[str, Any]:
        """Take up the next frame. One that is refused is as if it had never come."""
        check_ready(components)
        stream = opened.get(id)
        try:
            return await asyncio.to_thread(stream.step, sent.model_dump())
        except ValueError as error:
            raise ServiceError(422, str(error)) from None

    @router.delete("/streams/{id}", responses=responses_of(StreamEnded))
    async def end(id: StreamId) -> dict[str, Any]:
        """End a stream, and say what it has done."""
        found = opened.end(id).stream
        return {
            "stream": id,
            "frames": found.n_frames,
            "refused": found.n_refused,
            "late": found.n_late,
        }

    return router
