"""Keys: made once, shown once, kept as a digest.

A key is ``lk_<id>_<secret>``. The secret has 256 random bits, so that one SHA-256 of
it cannot be inverted by trying, as that of a password could.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lookalike.service.database.connection import now
from lookalike.service.database.tables import keys

SCOPES = ("read", "write", "admin")
"""Each may do what those before it may."""
_FORM = re.compile(r"lk_([0-9a-f]{12})_([0-9A-Za-z_-]{43})")


@dataclass(frozen=True)
class Key:
    """Whose key it is, and what it may do."""

    id: str
    name: str
    scope: str
    rate: float
    digest: str = ""

    def may(self, scope: str) -> bool:
        """Whether this key is good for what needs that scope."""
        return SCOPES.index(self.scope) >= SCOPES.index(scope)


def make(
    connection: Connection,
    name: str,
    scope: str,
    rate: float = 0.0,
    key: str | None = None,
) -> str:
    """Make a key, or take the one that is given, and return the only copy of it.

    The same key may be given again, with the same name, scope and rate: so it can be
    whenever a service is started.
    """
    if scope not in SCOPES:
        raise ValueError(
            f"The scope must be one of {', '.join(SCOPES)}, got {scope!r}."
        )
    if not 1 <= len(name) <= 200:
        raise ValueError(f"The name must have 1 to 200 characters, got {len(name)}.")
    if not 0 <= rate < 1e9:
        raise ValueError(f"The rate must be at least 0 requests a second, got {rate}.")
    id, secret = _parts(key)
    row = {"id": id, "name": name, "scope": scope, "rate": rate, "revoked": None}
    row |= {"digest": _digest(secret), "created": now()}
    if key is not None:
        found = connection.execute(sa.select(keys).where(keys.c.id == id)).mappings()
        there = found.one_or_none()
        same = ("name", "scope", "rate", "revoked", "digest")
        if there is not None and any(there[each] != row[each] for each in same):
            raise ValueError(
                f"There is a key {id} already, revoked or made for something else."
            )
        if there is not None:
            return key
    connection.execute(sa.insert(keys).values(row))
    return f"lk_{id}_{secret}"


def revoke(connection: Connection, id: str) -> None:
    """Make a key invalid from now on."""
    mine = (keys.c.id == id) & keys.c.revoked.is_(None)
    if (
        connection.execute(sa.update(keys).where(mine).values(revoked=now())).rowcount
        == 0
    ):
        raise ValueError(f"There is no key {id!r} that could be revoked.")


def listed(connection: Connection) -> list[dict[str, Any]]:
    """Every key without its digest, oldest first."""
    shown = [column for column in keys.c if column.name != "digest"]
    query = sa.select(*shown).order_by(keys.c.created)
    return [dict(row._mapping) for row in connection.execute(query)]


def valid(connection: Connection) -> dict[str, Key]:
    """Every key that was not revoked, by its id."""
    query = sa.select(keys).where(keys.c.revoked.is_(None))
    rows = connection.execute(query).mappings()
    found = (Key(r["id"], r["name"], r["scope"], r["rate"], r["digest"]) for r in rows)
    return {key.id: key for key in found}


def recognised(text: str, known: dict[str, Key]) -> Key | None:
    """The key that a client sent, None if it is none of ours."""
    form = _FORM.fullmatch(text)
    if form is None or form[1] not in known:
        return None
    key = known[form[1]]
    return key if hmac.compare_digest(_digest(form[2]), key.digest) else None


def _parts(key: str | None) -> tuple[str, str]:
    """The id and the secret of a key; new ones where there is none."""
    if key is None:
        return secrets.token_hex(6), secrets.token_urlsafe(32)
    form = _FORM.fullmatch(key)
    if form is None:
        raise ValueError("The key must be one that `lookalike keys make` has printed.")
    return form[1], form[2]


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
