"""Who may what: the keys as a worker knows them, and how often each may ask."""

import threading
import time
from dataclasses import dataclass

from lookalike.service.database import Database
from lookalike.service.database import keys as stored
from lookalike.service.database.keys import Key
from lookalike.service.refusal import Refusal
from lookalike.service.settings import Settings

_NOBODY = Key("", "nobody", "admin", 0.0)


@dataclass
class _Bucket:
    """So many requests at once, and so many more a second."""

    tokens: float
    moment: float


class Keyring:
    """The keys that are good, read again once a second and when the bell rings."""

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

    def admit(self, given: str | None, scope: str) -> Key:
        """Who asks, if they may what they ask for.

        Raises
        ------
        Refusal
            401 without a good key, 403 with one that is not good for this, 429 for
            one that asks too often.
        """
        key = self._who(given)
        if not key.may(scope):
            raise Refusal(
                403, f"This needs a key of scope {scope}; this one has {key.scope}."
            )
        self._count(key)
        return key

    def _who(self, given: str | None) -> Key:
        if given is None:
            if self._settings.require_key:
                raise Refusal(
                    401, "A key is needed here: send Authorization: Bearer lk_..."
                )
            return _NOBODY
        kind, _, text = given.partition(" ")
        key = None
        if kind.lower() == "bearer":
            key = stored.recognised(text.strip(), self._known)
        if key is None:
            raise Refusal(401, "This key is not known here.")
        return key

    def _count(self, key: Key) -> None:
        rate = (key.rate or self._settings.rate) / self._settings.workers
        if rate <= 0:
            return
        burst = max(1.0, self._settings.burst / self._settings.workers)
        with self._lock:
            moment = time.monotonic()
            bucket = self._buckets.setdefault(key.id, _Bucket(burst, moment))
            bucket.tokens += (moment - bucket.moment) * rate
            bucket.tokens = min(bucket.tokens, burst)
            bucket.moment = moment
            if bucket.tokens < 1:
                wait = (1 - bucket.tokens) / rate
                raise Refusal(429, f"At most {rate:g} requests a second.", wait)
            bucket.tokens -= 1
