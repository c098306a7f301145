r"""A simulated market of ads, whose probabilities of a click and of a hide are known.

Advertisers have ads of a category and a style, with bids, daily budgets and rules of
whom they want. Users of a segment open a page at some hour on some device and see a few
ads that want them, one below the other. A click has the probability

.. math::

   \operatorname{logit} p = -2.6 + u + q + G_{s c} + D_{d y} + h
      - 0.5\, (i - 1) - 0.35 \ln (1 + n),

with u of the segment and the place, q the quality of the ad, G what segment s thinks of
category c, D how style y looks on device d, h of the hour, i the position from 1, and n
how often the user has seen the ad. Without interactions G and D are 0, and a sum over
columns is all there is to learn. The user hides an ad with
:math:`\operatorname{logit} = -5.5 + 0.9 \ln (1 + n) - G_{s c}`. Half of the clicks come
within minutes, half within hours.
"""

import hashlib

import numpy as np
from scipy.special import expit

from lookalike._checks import check_whole
from lookalike._typing import Array, Floats, Ints
from lookalike.datasets.click_log import Ads, ClickLog, ClickUsers, last_fifth

BEGIN = 1_767_571_200.0  # Monday, 5 January 2026
DAY = 86_400.0
SLOTS = 3  # ads of a page
CATEGORIES = (
    *("travel", "shoes", "games", "banks", "food", "music", "cars", "books"),
    *("garden", "films"),
)
STYLES = ("photo", "video", "text", "animation")
PLACES = ("de", "at", "ch", "fr", "it", "es", "nl", "pl")
LANGUAGES = ("de", "fr", "it", "es", "nl", "pl")
DEVICES = ("phone", "tablet", "desktop")
LISTS = ("buyers", "visitors", "newsletter", "members")
N_SEGMENTS = 12
_SPOKEN = (0, 0, 0, 1, 2, 3, 4, 5)  # language of each place
_HELD_IN_MEMORY = 2_000_000  # scores of a page and an ad at a time


def simulate_ads(
    n_users: int = 2000,
    n_ads: int = 300,
    n_pages: int = 30_000,
    n_days: int = 20,
    interactions: bool = True,
    random_state: int = 0,
) -> ClickLog:
    """Simulate pages with ads, and who clicks or hides what.

    Parameters
    ----------
    n_users, n_ads, n_pages : int
        At least 10 each. A page shows up to three ads; the last fifth is for testing.
    n_days : int
        At least 1.
    interactions : bool
        Whether what somebody clicks depends on pairs of columns.
    random_state : int
        Seed; the same arguments give the same data.

    Raises
    ------
    ValueError
        If a size is not a whole number of at least 10, or a day.

    Examples
    --------
    >>> log = simulate_ads(n_users=100, n_ads=40, n_pages=2000)
    >>> ranked = np.argsort(-log.chance)
    >>> [float(log.clicked[rows].mean()) for rows in np.array_split(ranked, 3)]
    [0.124, 0.033, 0.009]
    """
    sizes = {"n_users": n_users, "n_ads": n_ads, "n_pages": n_pages, "n_days": n_days}
    for name, size in sizes.items():
        check_whole(name, size, least=1 if name == "n_days" else 10)
    rng = np.random.default_rng(random_state)
    settings = f"ad_simulator 1 {sorted(sizes.items())} {interactions} {random_state}"
    users, segment = _users(rng, n_users)
    ads, wanted, quality = _ads(rng, n_ads, users)
    page_time = np.sort(rng.uniform(0, n_days * DAY, n_pages))
    active = rng.lognormal(sigma=1.0, size=n_users)
    page_user = rng.choice(n_users, n_pages, p=active / active.sum())
    device_of_page = rng.choice(len(DEVICES), n_pages, p=[0.6, 0.1, 0.3])
    page, ad, position = _shown(rng, page_user, wanted, ads.bid)
    user, device = page_user[page], device_of_page[page]
    time = BEGIN + page_time[page]
    hour = (page_time[page] % DAY // 3600).astype(np.int64)
    category = np.searchsorted(np.sort(CATEGORIES), ads.columns["category"])
    style = np.searchsorted(np.sort(STYLES), ads.columns["style"])
    seen = _seen_before(user, ad, n_ads)
    likings, looks, of_segment, of_place = _tastes(rng, interactions)
    place = np.array([of_place[name] for name in users.columns["place"].tolist()])
    liking = likings[segment[user], category[ad]]
    odds = -2.6 + of_segment[segment[user]] + place[user] + quality[ad] + liking
    odds = odds + looks[device, style[ad]]
    odds = odds + 0.3 * np.sin((hour - 14) / 24 * 2 * np.pi)
    odds = odds - 0.5 * (position - 1) - 0.35 * np.log1p(seen)
    chance = expit(odds)
    clicked = (rng.random(len(chance)) < chance).astype(np.int64)
    hide = expit(-5.5 + 0.9 * np.log1p(seen) - liking)
    hidden = ((rng.random(len(hide)) < hide) & (clicked == 0)).astype(np.int64)
    soon = rng.random(len(chance)) < 0.5
    delay = rng.exponential(np.where(soon, 600.0, 8 * 3600.0))
    return ClickLog(
        name="ad_simulator",
        checksum=hashlib.sha256(settings.encode()).hexdigest(),
        users=users,
        ads=ads,
        user=user,
        ad=ad,
        time=time,
        clicked=clicked,
        is_test=last_fifth(time),
        context={
            "device": np.array(DEVICES)[device],
            "hour": hour.astype(np.float64),
            "position": np.array(["1", "2", "3"])[position - 1],
        },
        kinds={
            "ad": "category",
            "advertiser": "category",
            **dict.fromkeys(("category", "style", "segment", "place"), "category"),
            "age": "number",
            **dict.fromkeys(("device", "position"), "category"),
            "hour": "number",
        },
        crosses=[("segment", "category"), ("device", "style")],
        counted=[("ad",), ("user", "ad"), ("user",)],
        served={"position": "1"},
        delay=np.where(clicked > 0, delay, np.nan),
        hidden=hidden,
        chance=chance,
    )


def _tastes(
    rng: np.random.Generator, interactions: bool
) -> tuple[Floats, Floats, Floats, dict[str, float]]:
    """G by segment and category, D by device and style, u by segment and by place."""
    strength = 1.0 if interactions else 0.0
    liking = (
        strength
        * rng.normal(size=(N_SEGMENTS, 3))
        @ rng.normal(scale=0.6, size=(3, len(CATEGORIES)))
    )
    looks = strength * rng.normal(scale=0.4, size=(len(DEVICES), len(STYLES)))
    of_segment = rng.normal(scale=0.3, size=N_SEGMENTS)
    of_place = rng.normal(scale=0.2, size=len(PLACES)).tolist()
    return liking, looks, of_segment, dict(zip(PLACES, of_place, strict=True))


def _users(rng: np.random.Generator, n: int) -> tuple[ClickUsers, Ints]:
    """Users, and the segment of each."""
    place = rng.choice(len(PLACES), n, p=np.arange(8, 0, -1) / 36)
    language = np.array(LANGUAGES)[np.array(_SPOKEN)[place]]
    segment = rng.integers(N_SEGMENTS, size=n)
    on = rng.random((n, len(LISTS))) < 0.2
    columns = {
        "age": np.clip(np.round(16 + rng.gamma(2.5, 9.0, n)), 16, 90),
        "place": np.array(PLACES)[place],
        "language": language,
        "segment": np.array([f"s{at}" for at in range(N_SEGMENTS)])[segment],
        "lists": np.array(
            ["|".join(np.array(LISTS)[row]) for row in on.tolist()], dtype=str
        ),
    }
    ids = np.array([f"u{at}" for at in range(n)])
    return ClickUsers(ids, columns), segment


def _ads(
    rng: np.random.Generator, n: int, users: ClickUsers
) -> tuple[Ads, Array, Floats]:
    """Ads, which of them want which user, bool (n_users, n_ads), and their quality."""
    n_advertisers = max(2, n // 5)
    advertiser = rng.integers(n_advertisers, size=n)
    line = rng.integers(len(CATEGORIES), size=n_advertisers)
    category = np.array(CATEGORIES)[line[advertiser]]
    bid = np.round(np.exp(rng.normal(-0.7, 0.5, n)), 2)
    wanted, rules = np.ones((len(users.ids), n), bool), []
    for at in range(n):
        said = []
        if rng.random() < 0.4:
            low = int(rng.integers(16, 40))
            high = low + int(rng.integers(15, 40))
            said.append(f"age >= {low} and age <= {high}")
            age = users.columns["age"]
            wanted[:, at] &= (age >= low) & (age <= high)
        if rng.random() < 0.4:
            places = rng.choice(PLACES, int(rng.integers(2, 6)), replace=False)
            said.append(f"place in ({', '.join(places.tolist())})")
            wanted[:, at] &= np.isin(users.columns["place"], places)
        if rng.random() < 0.15:
            name = str(rng.choice(LISTS))
            said.append(f"not lists has {name}")
            on = [name in cell.split("|") for cell in users.columns["lists"].tolist()]
            wanted[:, at] &= ~np.array(on)
        rules.append(" and ".join(said))
    ads = Ads(
        ids=np.array([f"a{at}" for at in range(n)]),
        advertiser=np.array([f"v{at}" for at in advertiser.tolist()]),
        bid=bid.astype(np.float64),
        budget=np.round(rng.uniform(20, 200, n)).astype(np.float64),
        targeting=np.array(rules, dtype=str),
        columns={
            "category": category,
            "style": rng.choice(np.array(STYLES), n),
        },
    )
    return ads, wanted, rng.normal(scale=0.5, size=n)


def _shown(
    rng: np.random.Generator, user: Ints, wanted: Array, bid: Floats
) -> tuple[Ints, Ints, Ints]:
    """Page, ad and position of each impression: bids count, and chance more."""
    pages, found, places = [], [], []
    step = max(1, _HELD_IN_MEMORY // len(bid))
    for first in range(0, len(user), step):
        some = user[first : first + step]
        score = np.log(bid) + rng.gumbel(size=(len(some), len(bid)))
        score[~wanted[some]] = -np.inf
        order = np.argsort(-score, axis=1)[:, :SLOTS]
        there = np.isfinite(np.take_along_axis(score, order, axis=1))
        row, place = np.nonzero(there)
        pages.append(first + row)
        found.append(order[row, place])
        places.append(place + 1)
    return np.concatenate(pages), np.concatenate(found), np.concatenate(places)


def _seen_before(user: Ints, ad: Ints, n_ads: int) -> Ints:
    """How often the user of each impression has seen its ad before."""
    pair = user * n_ads + ad
    order = np.argsort(pair, kind="stable")
    sizes = np.unique(pair, return_counts=True)[1]
    within = np.arange(len(pair)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    seen = np.empty(len(pair), np.int64)
    seen[order] = within
    return seen
