"""Routes of posts that wait for a person: the queue, decisions, appeals, labels.

What is shown is masked unless it is asked for whole. Decisions come back as labels: a
table that training reads.
"""

import asyncio
import uuid
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Query, Response
from sqlalchemy.engine import Connection

from lookalike.service.answering import AnswerRequest
from lookalike.service.bodies import check_count, parts_of
from lookalike.service.components import Components
from lookalike.service.database import reviews
from lookalike.service.errors import ServiceError
from lookalike.service.review_queue import (
    APPEALED,
    as_table,
    check_decision,
    decided_as,
    picture_of,
    row_of,
    shown,
)
from lookalike.service.routes.access import needs, new_router
from lookalike.service.routes.common import ask
from lookalike.service.runtime import ServedSystem
from lookalike.service.schemas import (
    Appeal,
    ItemId,
    ReviewDecision,
    ReviewRequest,
)

Found = TypeVar("Found")


def review(components: Components, served: ServedSystem) -> APIRouter:
    """Return the routes of a system whose posts people review."""
    router = new_router(components, f"/v1/{served.name}/review", served.name)
    reads: Any = {"dependencies": [needs(components, "read")]}
    writes: Any = {"dependencies": [needs(components, "write")]}

    async def read(work: Callable[[Connection], Found]) -> Found:
        def do() -> Found:
            with components.database.reading() as connection:
                return work(connection)

        try:
            return await asyncio.to_thread(do)
        except LookupError as error:
            raise ServiceError(404, str(error.args[0])) from None

    async def write(work: Callable[[Connection], Found]) -> Any:
        try:
            return await components.writer.write(work)
        except LookupError as error:
            raise ServiceError(404, str(error.args[0])) from None

    @router.post("", **writes)
    async def send_for_review(sent: ReviewRequest) -> dict[str, Any]:
        """Judge posts; those that a person has to see wait from then on."""
        check_count(len(sent.posts), components.settings, "posts")
        given = list(map(parts_of, sent.posts))
        judged = await _judged(components, served, given)
        rows: dict[str, dict[str, Any]] = {}  # of posts under one id the last waits
        told = []
        for each, parts, (answer, active) in zip(
            sent.posts, given, judged, strict=True
        ):
            record, id = answer.record(), each.id or uuid.uuid4().hex
            value = active.system.review_value(answer, each.views or 1.0)
            told.append({**record, "id": id, "waits": value is not None})
            if value is not None:
                of = {"system": served.name, "generation": active.generation}
                rows[id] = row_of(parts, record, id=id, value=value, **of)
        if rows:
            waiting = list(rows.values())
            await write(lambda c: reviews.add(components.database, c, waiting))
        _, last = judged[-1]
        return {"generation": last.generation, "answers": told}

    @router.get("", **reads)
    async def list_waiting(
        n: Annotated[int, Query(ge=1, le=200)] = 20, reveal: bool = False
    ) -> dict[str, Any]:
        """Posts that wait, the most valuable look first; masked unless ``reveal``."""
        rows, count = await read(
            lambda c: (
                reviews.waiting(c, served.name, n),
                reviews.n_waiting(c, served.name),
            )
        )
        kinds = list(served.active.system.kinds_)
        return {
            "waiting": count,
            "kinds": kinds[1:] or kinds,
            "posts": [shown(row, reveal) for row in rows],
        }

    @router.get("/labels", **reads)
    async def labels() -> Response:
        """What people decided, as a table with which a system can be trained."""
        rows = await read(lambda c: reviews.decided(c, served.name))
        table = as_table(rows, served.active.system.kinds_)
        return Response(table, media_type="text/csv")

    @router.get("/{id}", **reads)
    async def show(id: ItemId, reveal: bool = False) -> dict[str, Any]:
        """One post, with its picture where it is revealed."""
        row = await read(lambda c: reviews.one(c, served.name, id))
        found = shown(row, reveal)
        picture = picture_of(row) if reveal else None
        return found if picture is None else {**found, "picture": picture}

    @router.post("/{id}/decision", **writes)
    async def decide(id: ItemId, sent: ReviewDecision) -> dict[str, Any]:
        """Keep a post, remove it for the kinds that are named, or pass it over."""
        known = served.active.system.kinds_
        check_decision(sent, known)

        def store(connection: Connection) -> dict[str, Any]:
            row = reviews.one(connection, served.name, id)
            changed = decided_as(sent, row, known)
            return reviews.change(connection, served.name, id, **changed)

        return shown(await write(store), False)

    @router.post("/{id}/appeal", **writes)
    async def appeal(id: ItemId, sent: Appeal) -> dict[str, Any]:
        """Let a post that was decided wait again, with what its author says."""
        changed = {**APPEALED, "appeal": sent.reason}
        row = await write(lambda c: reviews.change(c, served.name, id, **changed))
        return shown(row, False)

    @router.delete("/{id}", **writes)
    async def forget(id: ItemId) -> dict[str, Any]:
        """Forget a post, and what was decided of it."""
        await write(lambda c: reviews.delete(c, served.name, id))
        return {"deleted": 1}

    return router


async def _judged(
    components: Components, served: ServedSystem, given: list[Any]
) -> list[tuple[Any, Any]]:
    """Return the answer to each post, and the generation that gave it."""
    judged: list[tuple[Any, Any]] = []
    while len(judged) < len(given):  # those for which there was no time come next
        rest = AnswerRequest("classify", given[len(judged) :])
        found = await ask(components, served, rest)
        judged += [(answer, found.active) for [answer] in found.answers]
    return judged
