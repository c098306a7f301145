"""Scopes of keys, as routes require them; a key is checked before a body is read."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from lookalike.service.components import Components
from lookalike.service.errors import ServiceError
from lookalike.service.keyring import Keyring

UNREADABLE = "There was an error parsing the body"
"""What FastAPI says of a body that is no JSON, such as one nested too deeply."""


class RequiredScope:
    """What a route depends on: a key of this scope."""

    def __init__(self, keyring: Keyring, scope: str) -> None:
        self._keyring = keyring
        self._scope = scope

    def admit(self, request: Request) -> None:
        """Refuse a request without such a key."""
        given = request.headers.get("authorization")
        required = getattr(request.state, "needs_key", False)
        key = self._keyring.admit(given, self._scope, required)
        request.state.key_id = key.id

    async def __call__(self) -> None:
        """Do nothing: ``KeyRoute`` has checked already."""


class KeyRoute(APIRoute):
    """A route that checks the key first: FastAPI parses bodies before dependencies."""

    def get_route_handler(
        self,
    ) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, with the check in front."""
        handle = super().get_route_handler()
        scopes = [d.dependency for d in self.dependencies]
        required = [s for s in scopes if isinstance(s, RequiredScope)]
        takes_json = self.body_field is not None

        async def checked(request: Request) -> Response:
            for scope in required:
                scope.admit(request)
            if takes_json:
                _read_as_json(request)
            try:
                return await handle(request)
            except HTTPException as error:
                if error.detail == UNREADABLE:
                    raise ServiceError(422, "The body is no JSON.") from None
                raise

        return checked


def needs(components: Components, scope: str) -> Any:
    """Return a dependency that admits only requests with a key of this scope."""
    return Depends(RequiredScope(components.keyring, scope))


def new_router(
    components: Components, prefix: str = "", tag: str = "", scope: str = ""
) -> APIRouter:
    """Return a router; ``scope`` is required by all its routes."""
    return APIRouter(
        prefix=prefix,
        tags=[tag] if tag else [],
        dependencies=[needs(components, scope)] if scope else [],
        route_class=KeyRoute,
    )


def _read_as_json(request: Request) -> None:
    """Let FastAPI read the body as JSON, whatever a client such as curl calls it."""
    headers = request.scope["headers"]  # changed in place: the request holds it
    others = [header for header in headers if header[0] != b"content-type"]
    headers[:] = [*others, (b"content-type", b"application/json")]
