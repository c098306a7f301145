"""HEAD: answered like GET, without the body (RFC 9110, section 9.3.2)."""

from starlette.types import Message, Scope, Send


def as_get(scope: Scope, send: Send) -> tuple[Scope, Send]:
    """Return a HEAD request as a GET, and what sends its answer without the body.

    Others are returned as they are. The route that is found is noted in ``scope`` too.
    """
    if scope["method"] != "HEAD":
        return scope, send
    asked = {**scope, "method": "GET"}

    async def without_body(message: Message) -> None:
        if "route" in asked:
            scope["route"] = asked["route"]
        if message["type"] == "http.response.body":
            if message.get("more_body", False):
                return
            message = {"type": "http.response.body", "body": b""}
        await send(message)

    return asked, without_body
