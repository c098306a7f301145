"""What users did: stored before it is acknowledged, once however often it comes."""

import json
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request

from lookalike.service.database import events as stored
from lookalike.service.forms import Event, Events, checked, described
from lookalike.service.parts import Parts
from lookalike.service.refusal import Refusal
from lookalike.service.routes.access import needs


def events(parts: Parts) -> APIRouter:
    """Ingestion of events."""
    router = APIRouter(prefix="/v1", tags=["events"])

    @router.post(
        "/events",
        dependencies=[needs(parts, "write")],
        openapi_extra=described(Events),
    )
    async def ingest(request: Request) -> dict[str, int]:
        """Store events: all of them or none, each id once."""
        sent = checked(await request.body(), Events).events
        if len(sent) > parts.settings.max_events:
            most = parts.settings.max_events
            raise Refusal(413, f"At most {most} events at once; got {len(sent)}.")
        rows = [event_row(event) for event in sent]
        new = await parts.writer.write(
            lambda c: stored.store_events(parts.database, c, rows)
        )
        _count(parts, sent, new)
        return {"acknowledged": len(sent), "new": new}

    return router


def event_row(event: Event) -> dict[str, Any]:
    """An event as the database keeps it."""
    attributes = event.event_attributes
    thing = attributes.object if attributes else None
    place = attributes.position if attributes else None
    kept = attributes.model_dump(exclude_none=True) if attributes else {}
    moment = event.timestamp
    return {
        "event_id": event.event_id,
        "application": event.application,
        "action_name": event.action_name,
        "query_id": event.query_id,
        "session_id": event.session_id,
        "client_id": event.client_id,
        "user_id": event.user_id,
        "object_id": thing.object_id if thing else None,
        "position": place.ordinal if place else None,
        "value": event.value,
        "message_type": event.message_type,
        "message": event.message,
        "event_attributes": _text(kept),
        # timestamp() rounds; these are whole numbers all the way.
        "timestamp": int(moment.timestamp() // 1) * 1_000_000 + moment.microsecond,
    }


def _text(attributes: dict[str, Any]) -> str:
    text = json.dumps(attributes)
    if len(text) > 20_000:
        raise Refusal(422, f"event_attributes may have 20,000 bytes; got {len(text)}.")
    return text


def _count(parts: Parts, sent: Sequence[Event], new: int) -> None:
    parts.metrics.events.labels("all").inc(new)
    parts.metrics.duplicates.inc(len(sent) - new)
