"""Who asks: without keys, only this machine's own pages and programs may."""

import re
from collections.abc import Sequence
from functools import lru_cache

from starlette.types import Scope

from lookalike.service.errors import ServiceError

_LOCAL = re.compile(rb"(127(\.\d+){3}|localhost|\[::1\])(:\d+)?", re.IGNORECASE)
_FORWARDED = re.compile(
    rb"forwarded|via|x-forwarded(-.+)?|x-original-(for|host|forwarded-for)|"
    rb"x-(real|client|cluster-client)-ip|(true|fastly)-client-ip|"
    rb"(cf|do)-connecting-ip|cf-ray|x-amzn-trace-id|x-envoy-external-address"
)
"""Fields that proxies add to what they hand on."""


def check_caller(scope: Scope, trusted_proxies: Sequence[str]) -> None:
    """Without a key, only this machine's own pages and programs may ask.

    A page of another site in the same browser can send requests here, but it can
    neither choose the host's name nor hide its origin. What a proxy hands on may
    come from anywhere: it needs a key, which ``scope["state"]`` says.

    trusted_proxies : names of hosts under which a proxy may hand on requests

    Raises
    ------
    ServiceError
        403 if the request came under another host's name, or from another site.
    """
    headers = dict(scope["headers"])
    host = headers.get(b"host", b"")
    is_local = _LOCAL.fullmatch(host) is not None
    own = {name.lower() for name in trusted_proxies}
    # Of another site's page in a browser here the host is that site.
    is_trusted = bool(own) and not own.isdisjoint(
        {_name(host)} | (_forwarded_names(headers) if is_local else set())
    )
    has_key = b"authorization" in headers
    if not is_trusted and (_is_proxied(scope, headers) or (not is_local and has_key)):
        scope.setdefault("state", {})["needs_key"] = True
        return
    if not is_trusted and not is_local:
        raise ServiceError(
            403,
            "Without keys this service answers to localhost only; see --require-key.",
        )
    origin = headers.get(b"origin")
    if origin is not None and scope["method"] not in ("GET", "HEAD", "OPTIONS"):
        site = origin.split(b"://")[-1]
        if site != host and not (is_trusted and _name(site) in own):
            raise ServiceError(403, "Without keys other sites may not write here.")


def _is_proxied(scope: Scope, headers: dict[bytes, bytes]) -> bool:
    """Whether a proxy has handed the request on: it says so, or speaks HTTP/1.0.

    Some proxies say nothing unless they are told to, and name this machine as the host.
    """
    return scope["http_version"] == "1.0" or _is_forwarded(tuple(headers))


@lru_cache(256)  # a client sends the same names each time
def _is_forwarded(names: tuple[bytes, ...]) -> bool:
    return any(map(_FORWARDED.fullmatch, names))


def _forwarded_names(headers: dict[bytes, bytes]) -> set[str]:
    """Names of hosts at which a proxy was asked, by what it says."""
    hosts = headers.get(b"x-forwarded-host", b"").split(b",")
    hosts += re.findall(rb'host="?([^";,\s]+)', headers.get(b"forwarded", b""), re.I)
    return {_name(host) for host in hosts}


def _name(host: bytes) -> str:
    """A host's name, without its port."""
    return re.sub(r":\d+$", "", host.decode("latin-1").strip().lower())
