"""``media``: the user's own files, played from any second, and frames of them."""

import asyncio
import base64
import mimetypes
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.responses import FileResponse

from lookalike.service.components import Components
from lookalike.service.errors import ServiceError
from lookalike.service.routes.access import new_router
from lookalike.service.routes.common import check_ready
from lookalike.service.runtime import ServedSystem

ItemName = Annotated[str, Query(min_length=1, max_length=4096)]
_KINDS = {".mkv": "video/x-matroska", ".avi": "video/x-msvideo", ".ts": "video/mp2t"}


def media(components: Components, served: ServedSystem) -> APIRouter:
    """Return the routes of a system whose items play."""
    router = new_router(components, f"/v1/{served.name}", served.name, "read")

    @router.get("/media", response_class=Response)
    async def media(id: ItemName) -> Response:
        """The file of an item, whole or the range of bytes that is asked for.

        Only a file that lies below the folder that was indexed, and holds what was
        indexed, is served.
        """
        check_ready(components)
        active = await asyncio.to_thread(served.current)
        try:
            path = await asyncio.to_thread(active.system.media_file, id)
        except LookupError as error:
            raise ServiceError(404, str(error.args[0])) from None
        kind = _KINDS.get(path.suffix.lower()) or mimetypes.guess_type(path.name)[0]
        is_played = kind is not None and (
            kind.startswith("video/") or kind == "image/gif"
        )
        return FileResponse(
            path,
            media_type=kind if is_played else "application/octet-stream",
            headers={"x-content-type-options": "nosniff"},
        )

    @router.get("/strip")
    async def strip(id: ItemName) -> dict[str, Any]:
        """Frames of an item with their seconds, JPEG files in base64."""
        check_ready(components)
        active = await asyncio.to_thread(served.current)
        try:
            found = await asyncio.to_thread(active.system.strip, id)
        except LookupError as error:
            raise ServiceError(404, str(error.args[0])) from None
        frames = [
            {"second": second, "jpeg": base64.b64encode(data).decode()}
            for second, data in found
        ]
        return {"id": id, "generation": active.generation, "frames": frames}

    return router
