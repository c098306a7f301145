"""Reasons for suggesting an event: its features, in sentences."""

import numpy as np

from lookalike._typing import Array, Floats
from lookalike.systems.events.features import FEATURE_NAMES

TOPICS = {
    "friends": ("friends_going", "share_of_friends_going"),
    "invitations": ("invitations",),
    "taste": ("taste_said", "taste_joined", "taste_lift", "alike_joiners"),
    "distance": ("distance", "farther_than_usual"),
    "price": ("price", "free", "dearer_than_usual"),
    "time": ("hours_until", "hours_from_two_days", "likes_that_day"),
    "people": ("joins", "join_rate", "joins_of_a_day"),
    "host": ("joined_host_before", "rate_of_host", "joins_of_host"),
}
"""Features that one sentence is about, by its topic."""


def reasons_of(row: Array, contributions: Floats) -> list[str]:
    """Return sentences, the one that contributes the most first.

    Parameters
    ----------
    row : ndarray of shape (n_features,)
    contributions : ndarray of shape (n_features,)
        What each feature adds to the score, compared with an average event.
    """
    value = dict(zip(FEATURE_NAMES, row.tolist(), strict=True))
    share = dict(zip(FEATURE_NAMES, contributions.tolist(), strict=True))
    weights = {topic: sum(share[n] for n in names) for topic, names in TOPICS.items()}
    sentences = _sentences(value)
    order = sorted(TOPICS, key=lambda topic: -weights[topic])
    return [sentences[topic] for topic in order if sentences[topic]] or ["it is open"]


def _sentences(value: dict[str, float]) -> dict[str, str]:
    """The sentence on each topic, "" where there is nothing to say."""
    friends = round(np.expm1(value["friends_going"]))
    invited = round(np.expm1(value["invitations"]))
    joins = round(np.expm1(value["joins"]))
    said, joined = value["taste_said"], value["taste_joined"]
    return {
        "friends": f"{_counted(friends, 'friend')} going" if friends else "",
        "invitations": f"invited by {_counted(invited, 'friend')}" if invited else "",
        "taste": _taste(said, joined),
        "distance": ""
        if value["distance_unknown"]
        else f"{4 * np.expm1(value['distance']):.0f} km away",
        "price": "free" if value["free"] else "",
        "time": f"begins in {_span(np.exp(value['hours_until']))}",
        "people": f"{_counted(joins, 'person', 'people')} joined" if joins else "",
        "host": "by a host joined before" if value["joined_host_before"] else "",
    }


def _taste(said: float, joined: float) -> str:
    if max(said, joined) < 0.3:
        return ""
    return "of the interests named" if said >= joined else "like what was joined before"


def _counted(n: int, one: str, several: str | None = None) -> str:
    return f"{n} {one if n == 1 else several or one + 's'}"


def _span(hours: float) -> str:
    days = round(hours / 24)
    return _counted(round(hours), "hour") if hours < 36 else _counted(days, "day")
