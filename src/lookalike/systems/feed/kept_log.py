"""The log inside of a generation: whole numbers where they do, and back again."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from lookalike._arrays import named, prefixed
from lookalike._typing import Array
from lookalike.datasets.feed_log import FeedLog, Posts

UNKNOWN = -1
_COLUMNS = ("user", "post", "time", "place", "shuffled", "is_test")


def log_state(log: FeedLog) -> tuple[dict[str, Array], dict[str, Any]]:
    """Return a log as arrays and a document; draws and truth are left out."""
    device, code = np.unique(log.device, return_inverse=True)
    posts = log.posts
    arrays: dict[str, Array] = {
        **{name: getattr(log, name) for name in _COLUMNS},
        **{name: getattr(log, name) for name in ("users", "authors", "topics")},
        **{name: getattr(log, name) for name in ("follows", "blocks")},
        "devices": device.astype(str),
        "device": code.astype(np.int16),
        **prefixed(
            "posts.",
            {n: getattr(posts, n) for n in ("ids", "author", "created", "topic")},
        ),
    }
    for at, column in enumerate(posts.numbers.values()):
        arrays[f"number{at}"] = column
    for at, values in enumerate(log.actions.values()):
        known = np.isfinite(values)
        arrays[f"action{at}"] = np.where(known, values, UNKNOWN).astype(np.int8)
    if log.dwell is not None:
        arrays["dwell"] = log.dwell.astype(np.float64)
    return arrays, {
        "name": log.name,
        "checksum": log.checksum,
        "actions": list(log.actions),
        "numbers": list(posts.numbers),
    }


def kept_log(arrays: Mapping[str, Array], document: Mapping[str, Any]) -> FeedLog:
    """Return the log of which this is the state.

    Raises
    ------
    KeyError, ValueError
        If it is not whole.
    """
    of_posts: dict[str, Any] = {
        name: np.asarray(each) for name, each in named("posts.", arrays).items()
    }
    numbers = {
        name: np.asarray(arrays[f"number{at}"], np.float64)
        for at, name in enumerate(document["numbers"])
    }
    actions = {}
    for at, name in enumerate(document["actions"]):
        values = np.asarray(arrays[f"action{at}"]).astype(np.float64)
        actions[name] = np.where(values == UNKNOWN, np.nan, values)
    names = ("users", "authors", "topics", "follows", "blocks", *_COLUMNS)
    columns: dict[str, Any] = {name: np.asarray(arrays[name]) for name in names}
    found = FeedLog(
        name=document["name"],
        checksum=document["checksum"],
        posts=Posts(**of_posts, numbers=numbers),
        device=np.asarray(arrays["devices"])[np.asarray(arrays["device"])],
        actions=actions,
        dwell=np.asarray(arrays["dwell"]) if "dwell" in arrays else None,
        **columns,
    )
    n = len(found)
    rows = (found.post, found.time, found.place, *found.actions.values())
    if any(len(each) != n for each in rows) or not n:
        raise ValueError("its log is not whole.")
    return found
