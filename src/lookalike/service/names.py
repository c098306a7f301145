"""Names in addresses: any id, whatever it is made of, is one segment of a path.

A server decodes a path before it is routed, and then a slash within an id cannot be
told from one between segments. Here each segment is decoded alone; what would be taken
for something else stays encoded until the route's parameter is read.
"""

from urllib.parse import unquote

from starlette.convertors import Convertor, register_url_convertor
from starlette.types import ASGIApp, Receive, Scope, Send


class NameConvertor(Convertor[str]):
    """A parameter ``{id:name}`` of a route: an id, as the client knows it."""

    regex = ".+"

    def convert(self, value: str) -> str:
        """Return the id that a part of a path stands for."""
        return value.replace("%2F", "/").replace("%25", "%")

    def to_string(self, value: str) -> str:
        """Return the part of a path that stands for an id."""
        return value.replace("%", "%25").replace("/", "%2F")


NAME = NameConvertor()
register_url_convertor("name", NAME)


class NamesMiddleware:
    """Decodes the segments of a path one by one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, under a path that can be routed."""
        raw = scope.get("raw_path")
        if raw and b"%" in raw:
            segments = map(unquote, raw.decode("latin-1").split("/"))
            # In place: who looks later at the scope finds the route there.
            scope["path"] = "/".join(map(NAME.to_string, segments))
        await self._app(scope, receive, send)
