"""What the service does right now, for the page, which takes differences of totals."""

import time
from typing import Any

from fastapi import APIRouter

from lookalike.service.components import Components
from lookalike.service.routes.access import new_router

_HELPERS = (
    "/v1/live",
    "/v1/systems",
    "/readyz",
    "/healthz",
    "/metrics",
    "none",
    "/page/{name}",
    "/",
)


def live(components: Components) -> APIRouter:
    """Return the route."""
    router = new_router(components, "/v1", "views", "read")

    @router.get("/live")
    async def now() -> dict[str, Any]:
        """Totals since the start, and how many requests took how long."""
        return totals(components)

    return router


def totals(components: Components) -> dict[str, Any]:
    """Sums over routes and workers; the page's own requests are left out."""
    requests = errors = refused = events = 0.0
    buckets: dict[float, float] = {}
    for family in components.metrics.registry.collect():
        for sample in family.samples:
            name, labels, value = sample.name, sample.labels, sample.value
            if labels.get("route") in _HELPERS:
                continue
            if name == "lookalike_requests_total":
                requests += value
                errors += value if labels["status"] >= "500" else 0
            elif name == "lookalike_refused_total":
                refused += value
            elif name == "lookalike_events_total":
                events += value
            elif name == "lookalike_request_seconds_bucket":
                edge = float(labels["le"])
                buckets[edge] = buckets.get(edge, 0) + value
    changed = sum(each.n_changed_items for each in components.served.values())
    infinite = float("inf")
    return {
        "time": time.time(),
        "requests": requests,
        "errors": errors,
        "refused": refused,
        "events": events,
        "changed": changed,
        "buckets": [
            [None if edge == infinite else edge, buckets[edge]]
            for edge in sorted(buckets)
        ]
        or [[None, 0]],
    }
