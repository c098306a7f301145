"""What the page looks at: a gallery, thumbnails, the map, the measured quality."""

import asyncio
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query, Response

from lookalike.core.generation import load
from lookalike.service.comparison import compared
from lookalike.service.layout import Layouts
from lookalike.service.parts import Parts
from lookalike.service.refusal import Refusal
from lookalike.service.routes.access import needs
from lookalike.service.served import Active, Served


def views(parts: Parts, served: Served) -> APIRouter:
    """Routes that only read."""
    router = APIRouter(
        prefix=f"/v1/{served.name}",
        tags=["views"],
        dependencies=[needs(parts, "read")],
    )
    layouts = Layouts()

    @router.get("/gallery")
    async def gallery(n: Annotated[int, Query(ge=1, le=200)] = 24) -> dict[str, Any]:
        """A few known items, spread over the catalogue and its labels."""
        active = await asyncio.to_thread(served.current)
        numbers = _spread(active, n)
        return {
            "ids": [active.catalogue.id(number) for number in numbers.tolist()],
            "labels": active.catalogue.labels(numbers).tolist(),
        }

    @router.get("/thumbnails", response_class=Response)
    async def thumbnails(
        id: Annotated[list[str], Query(min_length=1, max_length=200)],
    ) -> Response:
        """Pictures of items, one grey byte a pixel, one item after the other."""
        active = await asyncio.to_thread(served.current)
        numbers = [active.catalogue.number(each) for each in id]
        images = [
            np.zeros(active.face.shape, np.uint8)
            if number is None
            else active.catalogue.image(number)
            for number in numbers
        ]
        height, width = active.face.shape
        return Response(
            b"".join(image.tobytes() for image in images),
            media_type="application/octet-stream",
            headers={"x-shape": f"{height}x{width}"},
        )

    @router.get("/map")
    async def map_(n: Annotated[int, Query(ge=1, le=100_000)] = 10_000) -> Any:
        """The catalogue in two dimensions, at most n of its items."""
        active = await asyncio.to_thread(served.current)
        return await asyncio.to_thread(layouts.map, active, n)

    @router.get("/quality")
    async def quality() -> dict[str, Any]:
        """What was measured when the generation was made."""
        about = served.active.found.about
        return {
            "generation": served.active.name,
            "metrics": about["metrics"],
            "quality": about.get("quality"),
        }

    @router.get("/generations/compare")
    async def compare(
        first: Annotated[str, Query(pattern=r"^\d{4,12}$")],
        second: Annotated[str, Query(pattern=r"^\d{4,12}$")],
    ) -> dict[str, Any]:
        """Two generations side by side, image by image where that can be done."""
        return await asyncio.to_thread(_compared, served, first, second)

    return router


def _compared(served: Served, first: str, second: str) -> dict[str, Any]:
    found = []
    for name in (first, second):
        if name not in served.library.names():
            raise Refusal(404, f"There is no generation {name}.")
        try:
            found.append(load(served.library.folder / name, served.name).about)
        except ValueError:
            raise Refusal(422, f"Generation {name} is damaged.") from None
    return compared(first, second, *found)


def _spread(active: Active, n: int) -> Any:
    """Numbers of items: of each label in turn, evenly through the catalogue."""
    numbers = np.asarray(active.catalogue.state.snapshot.ids)
    if len(numbers) == 0:
        return numbers
    labels = active.catalogue.labels(numbers)
    kinds = np.unique(labels)
    each = -(-n // len(kinds))
    rows = []
    for kind in kinds:
        mine = numbers[labels == kind]
        at = np.linspace(0, len(mine) - 1, min(each, len(mine))).astype(int)
        rows.append(mine[np.unique(at)])
    turns = [row[i] for i in range(each) for row in rows if i < len(row)]
    return np.array(turns[:n])
