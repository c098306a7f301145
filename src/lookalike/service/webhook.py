"""Telling of alarms: each is posted to one address, again until it is taken.

It is done in a thread of the background and by one worker, so that no answer waits for
it. What was not taken is in the database, and outlives a restart. An alarm may come
twice, where an answer got lost: its id says so.
"""

import http.client
import json
import logging
import urllib.error
import urllib.request
from typing import Any

from lookalike.service.database import Database
from lookalike.service.database.alarms import tried, undelivered
from lookalike.service.database.connection import now
from lookalike.service.logs import log

SECONDS = 5.0
"""For one attempt."""
SENT = (
    *("id", "system", "generation", "kind", "subject"),
    *("effect", "p_value", "sentence", "raised"),
)
"""What is posted of an alarm."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """An alarm goes where it was sent, or nowhere."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        """Follow none."""
        return


def deliver_waiting(
    database: Database, url: str, moment: int | None = None, seconds: float = SECONDS
) -> int:
    """Post the alarms whose turn it is; return how many were taken.

    moment : microseconds since 1970, now by default
    seconds : for each attempt
    """
    with database.reading() as connection:
        waiting = undelivered(connection, now() if moment is None else moment)
    n = 0
    for row in waiting:
        is_taken = post(url, {name: row[name] for name in SENT}, seconds)
        with database.writing() as connection:
            tried(connection, row["id"], is_taken)
        n += is_taken
        if not is_taken:
            break  # the others wait for it, and not each for its own time limit
    return n


def post(url: str, document: dict[str, Any], seconds: float = SECONDS) -> bool:
    """Post a document as JSON; return whether it was taken: the status is a 2xx.

    The address is told to nobody: it may hold a secret.
    """
    request = urllib.request.Request(
        url, json.dumps(document).encode(), {"content-type": "application/json"}
    )
    opener = urllib.request.build_opener(_NoRedirects)
    try:
        with opener.open(request, timeout=seconds) as answer:
            return bool(200 <= answer.status < 300)
    except urllib.error.HTTPError as error:
        log(logging.WARNING, "webhook refused an alarm", status=error.code)
    except (OSError, ValueError, http.client.HTTPException) as error:
        log(logging.WARNING, "webhook not reached", kind=type(error).__name__)
    return False
