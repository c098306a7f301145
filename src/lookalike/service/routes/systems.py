"""``/v1/systems``: what is served, what each system can do, and how to ask it."""

from typing import Any

from fastapi import APIRouter

from lookalike.core.contracts import CAPABILITIES
from lookalike.core.spec import SystemSpec
from lookalike.service.components import Components
from lookalike.service.routes.access import new_router
from lookalike.service.routes.common import check_ready
from lookalike.service.runtime import ServedSystem

_ASKED = ("classify", "search", "recommend", "suggest")
_ABSENT = {
    "classify": "it names nothing",
    "search": "it searches nothing",
    "recommend": "it recommends nothing",
    "suggest": "it completes nothing that is being typed",
    "items": "it has no items with vectors, to compact or re-embed",
}


def systems(components: Components) -> APIRouter:
    """Return the route."""
    router = new_router(components, "/v1", "systems", "read")

    @router.get("/systems")
    async def list_systems() -> dict[str, Any]:
        """Every system that is served."""
        check_ready(components)
        return {"systems": [described(each) for each in components.served.values()]}

    return router


def described(served: ServedSystem) -> dict[str, Any]:
    """Return what a system is, what it can do, and an example request."""
    spec = served.spec
    forms = list(spec.decoder().forms)
    if spec.can("zero_shot") and not served.active.system.takes_text:
        forms.remove("text")
    return {
        "name": spec.name,
        "title": spec.title,
        "generation": served.active.generation,
        "embedding_version": served.active.embedding_version,
        "input": spec.decoder().noun,
        "forms": forms,
        "capabilities": [name for name in CAPABILITIES if spec.can(name)],
        "absent": {name: why for name, why in _ABSENT.items() if not spec.can(name)},
        "example": example_of(spec, served),
    }


def example_of(spec: SystemSpec, served: ServedSystem) -> dict[str, Any]:
    """Return a request that the system answers: method, path and body."""
    verb = next(v for v in _ASKED if spec.can(v))
    decoder = spec.decoder()
    path = f"/v1/{spec.name}/{verb}"
    if decoder.noun == "image":
        return {"method": "POST", "path": path, "body": "an image file"}
    example = spec.example
    if spec.can("recommend"):
        example = str(served.active.system.known_users[0])
    field = "text" if "text" in decoder.forms else decoder.noun
    return {"method": "POST", "path": path, "body": {field: example}}
