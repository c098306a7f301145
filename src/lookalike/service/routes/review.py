"""Posts that wait for a person: the queue, decisions, appeals, and labels of them.

What is shown is masked unless it is asked for whole. Decisions come back as labels: a
table that training reads.
"""

import asyncio
import base64
import csv
import io
import json
import uuid
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Query, Response
from sqlalchemy.engine import Connection

from lookalike.core.masking import masked
from lookalike.service.answering import AnswerRequest
from lookalike.service.bodies import check_count, parts_of
from lookalike.service.components import Components
from lookalike.service.database import reviews
from lookalike.service.database.connection import now
from lookalike.service.errors import ServiceError
from lookalike.service.routes.access import needs, new_router
from lookalike.service.routes.common import ask
from lookalike.service.runtime import ServedSystem
from lookalike.service.schemas import (
    Appeal,
    ItemId,
    PostDocument,
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
        given = [
            parts_of(PostDocument(**each.model_dump(exclude={"id", "views"})))
            for each in sent.posts
        ]
        answers: list[Any] = []
        while len(answers) < len(given):  # those for which there was no time come next
            rest = AnswerRequest("classify", given[len(answers) :])
            found = await ask(components, served, rest)
            answers += found.answers
        rows: dict[str, dict[str, Any]] = {}  # of posts under one id the last waits
        told = []
        for each, parts, [answer] in zip(sent.posts, given, answers, strict=True):
            record, id = answer.record(), each.id or uuid.uuid4().hex
            value = found.active.system.review_value(answer)
            told.append({**record, "id": id, "waits": value is not None})
            if value is not None:
                rows[id] = {
                    "id": id,
                    "system": served.name,
                    "generation": found.active.generation,
                    "picture": _bytes(parts.pop("picture", None)),
                    "post": json.dumps(parts),
                    "answer": json.dumps(record),
                    "value": value * (each.views or 1.0),
                }
        waiting = list(rows.values())
        if waiting:
            await write(lambda c: reviews.add(components.database, c, waiting))
        return {"generation": found.active.generation, "answers": told}

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
            "posts": [_shown(row, reveal) for row in rows],
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
        found = _shown(row, reveal)
        if reveal and row["picture"] is not None:
            found["picture"] = {"base64": base64.b64encode(row["picture"]).decode()}
        return found

    @router.post("/{id}/decision", **writes)
    async def decide(id: ItemId, sent: ReviewDecision) -> dict[str, Any]:
        """Keep a post, remove it for the kinds that are named, or pass it over."""
        known = served.active.system.kinds_
        for kind in sent.kinds:
            if kind not in known:
                raise ServiceError(
                    422, f"A kind must be one of {', '.join(known)}, got {kind!r:.50}."
                )
        if sent.decision == "keep" and sent.kinds:
            raise ServiceError(422, "A post that is kept has no kinds of harm.")

        def store(connection: Connection) -> dict[str, Any]:
            row = reviews.one(connection, served.name, id)
            if sent.decision == "skip":
                more = {"skipped": row["skipped"] + 1}
            else:
                kinds = sent.kinds or ([known[0]] if sent.decision == "remove" else [])
                more = {
                    "decision": sent.decision,
                    "kinds": json.dumps(kinds),
                    "decided": now(),
                }
            return reviews.change(connection, served.name, id, **more)

        return _shown(await write(store), False)

    @router.post("/{id}/appeal", **writes)
    async def appeal(id: ItemId, sent: Appeal) -> dict[str, Any]:
        """Let a post that was decided wait again, with what its author says."""

        def store(connection: Connection) -> dict[str, Any]:
            return reviews.change(
                connection,
                served.name,
                id,
                appeal=sent.reason,
                decision=None,
                kinds=None,
                decided=None,
                skipped=0,
            )

        return _shown(await write(store), False)

    @router.delete("/{id}", **writes)
    async def forget(id: ItemId) -> dict[str, Any]:
        """Forget a post, and what was decided of it."""
        await write(lambda c: reviews.delete(c, served.name, id))
        return {"deleted": 1}

    return router


def as_table(rows: list[dict[str, Any]], kinds: tuple[str, ...]) -> str:
    """Return decisions as CSV: text, language, and 1 or 0 of each kind.

    Examples
    --------
    >>> rows = [{"text": "so", "language": "en", "decision": "remove", "kinds": ["a"]}]
    >>> print(as_table(rows, ("any", "a")).replace(chr(13), ""), end="")
    text,language,any,a
    so,en,1,1
    """
    out = io.StringIO(newline="")
    table = csv.writer(out)
    table.writerow(("text", "language", *kinds))
    for row in rows:
        harmful = row["decision"] == "remove"
        found = [int(harmful), *(int(kind in row["kinds"]) for kind in kinds[1:])]
        table.writerow((row.get("text", ""), row["language"] or "", *found))
    return out.getvalue()


def _bytes(picture: Any) -> bytes | None:
    if picture is None or isinstance(picture, bytes):
        return picture
    raise ServiceError(
        422, "A picture that waits for review must be a file, in base64."
    )


def _shown(row: dict[str, Any], reveal: bool) -> dict[str, Any]:
    """A row as it is sent: its text masked unless it is revealed."""
    post, answer = json.loads(row["post"]), json.loads(row["answer"])
    text, appeal = post.get("text") or "", row["appeal"]
    names = "kind", "probability", "low", "high", "language", "policy", "judged_by"
    return {
        "id": row["id"],
        "text": text if reveal else masked(text),
        "revealed": reveal,
        "has_picture": row["picture"] is not None,
        "author": post.get("author"),
        "reactions": post.get("reactions"),
        **{name: answer.get(name) for name in names},
        "value": row["value"],
        "appeal": row["appeal"] if reveal or not row["appeal"] else masked(appeal),
        "skipped": row["skipped"],
        "decision": row["decision"],
        "kinds": json.loads(row["kinds"] or "[]"),
        "decided": row["decided"],
        "received": row["received"],
    }
