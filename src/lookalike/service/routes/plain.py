"""``classify`` and ``explain`` of any system asked with images."""

import asyncio
import json
from typing import Any

from fastapi import APIRouter, Request, Response

from lookalike.service.forms import Asked, asked, described
from lookalike.service.parts import Parts
from lookalike.service.plain import Plain
from lookalike.service.refusal import Refusal
from lookalike.service.routes.access import needs
from lookalike.service.routes.asking import check_ready


def plain(parts: Parts, served: Plain) -> APIRouter:
    """The verbs of a system without items."""
    router = APIRouter(
        prefix=f"/v1/{served.name}",
        tags=[served.name],
        dependencies=[needs(parts, "read")],
    )
    body = described(Asked, "multipart/form-data", "image/png")

    @router.post("/classify", openapi_extra=body)
    async def answer(request: Request) -> Response:
        """Say what each image shows."""
        return await _told(parts, served.answer, await _files(request, parts))

    @router.post("/explain", openapi_extra=body)
    async def explain(request: Request) -> Response:
        """Say what one image shows, and why."""
        files = await _files(request, parts)
        if len(files) > 1:
            raise Refusal(422, f"One image is explained at a time; got {len(files)}.")
        return await _told(parts, served.explain, files[0])

    return router


async def _files(request: Request, parts: Parts) -> list[bytes]:
    _, images = await asked(request, parts.settings)
    files = [image for image in images if isinstance(image, bytes)]
    if len(files) < len(images):
        raise Refusal(422, "This system takes image files, in base64 or as they are.")
    return files


async def _told(parts: Parts, ask: Any, sent: Any) -> Response:
    check_ready(parts)
    try:
        found = await asyncio.to_thread(ask, sent)
    except ValueError as error:
        raise Refusal(422, str(error)) from None
    text = json.dumps(found, default=_number)
    return Response(text, media_type="application/json")


def _number(value: Any) -> Any:
    """NumPy's numbers and arrays as Python's."""
    return value.tolist()
