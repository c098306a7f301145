"""The page: a few files that came with the package, sent as they are."""

import gzip
import hashlib
from pathlib import Path

from fastapi import APIRouter, Request, Response

from lookalike.service.errors import ServiceError

_FOLDER = Path(__file__).parents[1] / "page"
_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


def page() -> APIRouter:
    """The page and the pictures, scripts and styles that it needs."""
    router = APIRouter(include_in_schema=False)
    files = {
        path.name: _File(path) for path in _FOLDER.iterdir() if path.suffix in _KINDS
    }

    @router.get("/")
    async def index(request: Request) -> Response:
        return files["index.html"].answer(request)

    @router.get("/docs")
    async def docs(request: Request) -> Response:
        return files["docs.html"].answer(request)

    @router.get("/page/{name}")
    async def one(name: str, request: Request) -> Response:
        if name not in files:
            raise ServiceError(404, "There is no such file.")
        return files[name].answer(request)

    return router


class _File:
    """A file in memory, also compressed, and what names its contents."""

    def __init__(self, path: Path) -> None:
        self.plain = path.read_bytes()
        self.packed = gzip.compress(self.plain, mtime=0)
        self.kind = _KINDS[path.suffix]
        self.tag = f'"{hashlib.sha256(self.plain).hexdigest()[:16]}"'

    def answer(self, request: Request) -> Response:
        """The file, or that it did not change."""
        headers = {
            "etag": self.tag,
            "cache-control": "no-cache",
            "vary": "accept-encoding",
        }
        if request.headers.get("if-none-match") == self.tag:
            return Response(status_code=304, headers=headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["content-encoding"] = "gzip"
            return Response(self.packed, media_type=self.kind, headers=headers)
        return Response(self.plain, media_type=self.kind, headers=headers)
