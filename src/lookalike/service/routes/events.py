"""Events: stored before they are acknowledged, once however often they come."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import APIRouter

from lookalike.service.components import Components
from lookalike.service.database import events as stored
from lookalike.service.errors import ServiceError
from lookalike.service.routes.access import new_router
from lookalike.service.schemas import Event, EventsRequest

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def events(components: Components) -> APIRouter:
    """Return the route."""
    router = new_router(components, "/v1", "events", "write")

    @router.post("/events")
    async def ingest(request: EventsRequest) -> dict[str, int]:
        """Store events: all of them or none, each id once."""
        sent = request.events
        if len(sent) > components.settings.max_events:
            limit = components.settings.max_events
            raise ServiceError(413, f"At most {limit} events at once; got {len(sent)}.")
        rows = [event_row(event) for event in sent]
        new = await components.writer.write(
            lambda c: stored.store_events(components.database, c, rows)
        )
        _count(components, sent, new)
        return {"acknowledged": len(sent), "new": new}

    return router


def event_row(event: Event) -> dict[str, Any]:
    """An event as the database keeps it."""
    attributes = event.event_attributes
    thing = attributes.object if attributes else None
    position = attributes.position if attributes else None
    kept = attributes.model_dump(exclude_none=True) if attributes else {}
    return {
        "event_id": event.event_id,
        "application": event.application,
        "action_name": event.action_name,
        "query_id": event.query_id,
        "session_id": event.session_id,
        "client_id": event.client_id,
        "user_id": event.user_id,
        "object_id": thing.object_id if thing else None,
        "position": position.ordinal if position else None,
        "value": event.value,
        "message_type": event.message_type,
        "message": event.message,
        "event_attributes": _text(kept),
        # Whole numbers all the way: timestamp() rounds.
        "timestamp": (event.timestamp - _EPOCH) // timedelta(microseconds=1),
    }


def _text(attributes: dict[str, Any]) -> str:
    try:
        text = json.dumps(attributes, allow_nan=False)
    except ValueError:
        raise ServiceError(
            422, "event_attributes may hold finite numbers only, not NaN or Infinity."
        ) from None
    if len(text) > 20_000:
        raise ServiceError(
            422, f"event_attributes may have 20,000 bytes; got {len(text)}."
        )
    return text


def _count(components: Components, sent: Sequence[Event], new: int) -> None:
    components.metrics.events.labels("all").inc(new)
    components.metrics.duplicates.inc(len(sent) - new)
