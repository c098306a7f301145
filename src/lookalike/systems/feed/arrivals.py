"""Posts that come, change and go while the feed answers; nothing is learned of them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lookalike.core.items import Item
from lookalike.datasets.feed_log import FeedLog, Posts
from lookalike.datasets.tables import seconds_of

AUTHOR, TOPIC, CREATED = "author", "topic", "created"
GONE = np.inf
"""When a post was made that was taken away: it is in no window."""


def check_post(item: Item, log: FeedLog) -> None:
    """Refuse a post that a feed with this log cannot add.

    Raises
    ------
    ValueError
        If an attribute is none of author, topic, created and the log's numbers, or not
        of its kind, or if the topic is missing where posts have topics.
    """
    attributes = item.attributes or {}
    known = [AUTHOR, TOPIC, CREATED, *log.posts.numbers]
    for name, value in attributes.items():
        if name not in known:
            raise ValueError(f"A post has {', '.join(known)}; got {name!r}.")
        if name == CREATED:
            if not np.isfinite(_seconds(value)):
                raise ValueError(f"created must be a time since 1970, got {value!r}.")
        elif name in (AUTHOR, TOPIC):
            if not (isinstance(value, str) and value):
                raise ValueError(f"{name} must be a text, got {value!r}.")
        elif isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"{name} must be a number, got {value!r}.")
        elif not np.isfinite(value):
            raise ValueError(f"{name} must be finite, got {value!r}.")
    if TOPIC not in attributes and len(log.topics) > 1 and item.id not in log.posts.ids:
        raise ValueError(f"A post needs a topic here, such as {str(log.topics[0])!r}.")


def with_posts(
    log: FeedLog, items: Sequence[Item], now: float
) -> tuple[FeedLog, float]:
    """Return a log whose posts are as changes left them, and when the newest was made.

    Posts that are new follow those of the log; so do new authors and topics. A post
    without an author is its own; one without a time is made now, one without a number
    is like the mean of the others.

    items : in the order in which they changed
    now : the end of the log, seconds
    """
    posts = log.posts
    last = {item.id: item for item in items}
    place = {id: at for at, id in enumerate(posts.ids.tolist())}
    new = [id for id, item in last.items() if id not in place and not item.deleted]
    place |= {id: len(posts.ids) + at for at, id in enumerate(new)}
    authors = {name: at for at, name in enumerate(log.authors.tolist())}
    topics = {name: at for at, name in enumerate(log.topics.tolist())}
    n = len(new)
    author = np.concatenate([posts.author, np.zeros(n, np.int64)])
    topic = np.concatenate([posts.topic, np.zeros(n, np.int64)])
    created = np.concatenate([posts.created, np.full(n, now)])
    numbers = {
        name: np.concatenate([each, np.full(n, each.mean())])
        for name, each in posts.numbers.items()
    }
    latest = -np.inf
    for id, item in last.items():
        at = place.get(id)
        if at is None:
            continue  # it was taken away before it was known
        if item.deleted:
            created[at] = GONE
            continue
        given: dict[str, Any] = item.attributes or {}
        if AUTHOR in given or at >= len(posts.ids):
            author[at] = authors.setdefault(given.get(AUTHOR, id), len(authors))
        if TOPIC in given:
            topic[at] = topics.setdefault(given[TOPIC], len(topics))
        if CREATED in given:
            created[at] = _seconds(given[CREATED])
        latest = max(latest, float(created[at]))
        for name in posts.numbers:
            if name in given:
                numbers[name][at] = float(given[name])
    ids = np.array([*posts.ids.tolist(), *new])
    found = replace(
        log,
        posts=Posts(ids, author, created, topic, numbers),
        authors=np.array(list(authors)),
        topics=np.array(list(topics)),
    )
    return found, latest


def described(log: FeedLog, post: int) -> dict[str, Any]:
    """Return what is known of a post, ready for JSON."""
    posts = log.posts
    return {
        AUTHOR: str(log.authors[posts.author[post]]),
        TOPIC: str(log.topics[posts.topic[post]]),
        CREATED: float(posts.created[post]),
        **{name: float(each[post]) for name, each in posts.numbers.items()},
    }


def _seconds(value: Any) -> float:
    """A time as seconds since 1970, nan where it is none."""
    is_time = isinstance(value, int | float | str) and not isinstance(value, bool)
    return seconds_of(str(value)) if is_time else np.nan
