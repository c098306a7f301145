"""Why an event is suggested: its features, in words."""

import numpy as np

from lookalike._typing import Array, Floats
from lookalike.systems.events.features import FEATURES

SPOKEN = {
    "friends": ("friends_going", "share_of_friends_going"),
    "invitations": ("invitations",),
    "taste": ("taste_said", "taste_joined", "taste_lift", "alike_joiners"),
    "distance": ("distance", "farther_than_usual"),
    "price": ("price", "free", "dearer_than_usual"),
    "time": ("hours_until", "hours_from_two_days", "likes_that_day"),
    "people": ("joins", "join_rate", "joins_of_a_day"),
    "host": ("joined_host_before", "rate_of_host", "joins_of_host"),
}
"""Features that are told in one sentence, by what it is about."""


def reasons_of(row: Array, shares: Floats) -> list[str]:
    """Return sentences, the one that counts the most first.

    Parameters
    ----------
    row : ndarray of shape (n_features,)
    shares : ndarray of shape (n_features,)
        How much each feature adds to the score, beside an average event.
    """
    value = dict(zip(FEATURES, row.tolist(), strict=True))
    share = dict(zip(FEATURES, shares.tolist(), strict=True))
    weights = {what: sum(share[n] for n in names) for what, names in SPOKEN.items()}
    told = {what: _told(what, value) for what in SPOKEN}
    order = sorted(SPOKEN, key=lambda what: -weights[what])
    return [told[what] for what in order if told[what]] or ["it is open"]


def _told(what: str, value: dict[str, float]) -> str:
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
    }[what]


def _taste(said: float, joined: float) -> str:
    if max(said, joined) < 0.3:
        return ""
    return "of the interests named" if said >= joined else "like what was joined before"


def _counted(n: int, one: str, several: str | None = None) -> str:
    return f"{n} {one if n == 1 else several or one + 's'}"


def _span(hours: float) -> str:
    days = round(hours / 24)
    return _counted(round(hours), "hour") if hours < 36 else _counted(days, "day")
