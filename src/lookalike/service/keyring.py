"""Keys as a worker knows them: what each may do, and how often."""

import threading
import time
from dataclasses import dataclass

from lookalike.service.database import Database
from lookalike.service.database import keys as stored
from lookalike.service.database.keys import Key
from lookalike.service.errors import ServiceError
from lookalike.service.settings import Settings

_NO_KEY = Key("", "no key", "admin", 0.0)


@dataclass
class _Bucket:
    """A token bucket: so many requests at once, and so many more a second."""

    tokens: float
    updated: float


class Keyring:
    """The keys that are valid, read again at every look at the database."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._known: dict[str, Key] = {}
        self._buckets: dict[str, _Bucket] = {}
        self._lock = threading.Lock()

    def read(self) -> None:
        """Read the keys."""
        with self._database.reading() as connection:
            self._known = stored.valid(connection)

    def admit(self, given: str | None, scope: str, required: bool = False) -> Key:
        """Return the key of a request, if it is good for this scope.

        required : whether the request needs one whatever the settings say

        Raises
        ------
        ServiceError
            401 without a good key, 403 with one that is not good for this, 429 for
            one that is used too often.
        """
        key = self._key_of(given, required or self._settings.require_key)
        if not key.may(scope):
            raise ServiceError(
                403, f"This needs a key of scope {scope}; this one has {key.scope}."
            )
        self._count(key)
        return key

    def _key_of(self, given: str | None, required: bool) -> Key:
        if given is None:
            if required:
                raise ServiceError(
                    401, "A key is needed here: send Authorization: Bearer lk_..."
                )
            return _NO_KEY
        kind, _, text = given.partition(" ")
        key = None
        if kind.lower() == "bearer":
            key = stored.recognised(text.strip(), self._known)
        if key is None:
            raise ServiceError(401, "This key is not known here.")
        return key

    def _count(self, key: Key) -> None:
        rate = (key.rate or self._settings.rate) / self._settings.workers
        if rate <= 0:
            return
        burst = max(1.0, self._settings.burst / self._settings.workers)
        with self._lock:
            now = time.monotonic()
            bucket = self._buckets.setdefault(key.id, _Bucket(burst, now))
            bucket.tokens += (now - bucket.updated) * rate
            bucket.tokens = min(bucket.tokens, burst)
            bucket.updated = now
            if bucket.tokens < 1:
                wait = (1 - bucket.tokens) / rate
                raise ServiceError(429, f"At most {rate:g} requests a second.", wait)
            bucket.tokens -= 1
