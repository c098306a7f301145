"""Scopes, as routes ask for them."""

from typing import Any

from fastapi import Depends, Request

from lookalike.service.parts import Parts


def needs(parts: Parts, scope: str) -> Any:
    """What a route depends on, to let in only those with a key of this scope."""
    admit = parts.keyring.admit

    async def check(request: Request) -> None:
        key = admit(request.headers.get("authorization"), scope)
        request.state.key_id = key.id

    return Depends(check)
