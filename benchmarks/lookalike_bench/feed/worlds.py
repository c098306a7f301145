"""Simulated feeds, in which everything is known: lists, position curves, weights."""

from dataclasses import replace

import numpy as np

from lookalike.core.weights import usual_weights, value_of
from lookalike.datasets.feed_log import FeedLog
from lookalike.datasets.feed_simulator import DEVICES, SLOT, examination, simulate_feed
from lookalike.evaluate import bootstrap
from lookalike.systems.feed import Feed
from lookalike.systems.feed.decisions import Decisions
from lookalike.systems.feed.examination import Examination
from lookalike.systems.feed.heads import learn_heads
from lookalike.systems.feed.preview import previewed
from lookalike.systems.feed.rows import FeedCounts
from lookalike.systems.feed.system import answers_of, features_of, looks_of
from lookalike_bench.arrays import Floats, Ints
from lookalike_bench.bars import Row, share_with_error

WORLD = {"n_users": 150, "n_authors": 80, "n_posts": 12_000, "n_lists": 15_000}
N_LISTS = 100
ENGAGED = ("like", "comment", "share")
N_WORLDS = 500
N_OTHER = 12
SMALL = {"n_users": 60, "n_authors": 20, "n_posts": 1200, "n_lists": 1200, "n_days": 6}
OTHER = {"click": 1.0, "dwell": 0.1}  # weights that are tried in each small world


def lists() -> list[Row]:
    """Build lists by all heads, and by clicks alone, and add up what they bring."""
    log = simulate_feed(**WORLD, random_state=3)
    ours = Feed("shared", new_author_boost=0.0, n_jobs=1).fit(log)
    brought = {
        "the best": _brought(ours, log, best=True),
        "clicks alone": _brought(ours.with_weights({"click": 1.0}), log),
        "lookalike": _brought(ours, log),
        "lookalike, new authors 5% more": _brought(_boosted(ours), log),
    }
    found = []
    best, clicks = brought["the best"], brought["clicks alone"]
    weights = ours.weights_

    def value(of: dict[str, Floats]) -> Floats:
        return np.sum([weights[name] * of[name] for name in weights], axis=0)

    def engaged(of: dict[str, Floats]) -> float:
        return float(np.sum([of[name].sum() for name in ENGAGED]))

    for name, of in brought.items():
        ratio = bootstrap(lambda a, b: float(a.sum() / b.sum()), value(of), value(best))
        found.append(
            {
                "method": name,
                "lists": N_LISTS,
                "value / best": str(ratio),
                "hides / clicks'": float(of["hide"].sum() / clicks["hide"].sum()),
                "engaged / clicks'": engaged(of) / engaged(clicks),
                "shown of new authors": float(of["new"].mean()),
            }
        )
    return found


def _boosted(system: Feed) -> Feed:
    found = system.with_weights(system.weights_)
    found.new_author_boost = 0.05
    return found


def _brought(system: Feed, log: FeedLog, best: bool = False) -> dict[str, Floats]:
    """What lists of ten bring, by head, (n_lists,); expectations, without chance."""
    truth, n_authors = log.truth, len(log.authors)
    place = {id: at for at, id in enumerate(log.posts.ids.tolist())}
    seen = np.bincount(log.posts.author[log.post[~log.is_test]], minlength=n_authors)
    found: dict[str, list[float]] = {}
    for user in range(N_LISTS):
        own = np.full(n_authors, user)
        shown = system.shown_today(own, np.arange(n_authors))
        if best:
            every = system.eligible(user)
            posts = truth.best_list(
                user, every, system.now_, system.weights_, 10, shown
            )
        else:
            [slate] = system.recommend_each([str(log.users[user])], 10)
            posts = np.array([place[id] for id in slate.ids])
        worth = truth.worth(user, posts, system.now_, "phone", shown)
        worth["new"] = float((seen[log.posts.author[posts]] < 100).mean())
        for name, each in worth.items():
            found.setdefault(name, []).append(each)
    return {name: np.array(each) for name, each in found.items()}


def curve() -> list[Row]:
    """Learn the position curve from 5% of 60,000 lists, by device."""
    return [
        {"method": device, "most off": float(off.max()), "mean off": float(off.mean())}
        for device, off in _curve_off(seed=4).items()
    ]


def other_worlds() -> list[Row]:
    """Learn the position curve in twelve worlds more, which no bar is measured in."""
    worlds = [_curve_off(seed) for seed in range(100, 100 + N_OTHER)]
    return [
        {
            "method": device,
            "worlds": N_OTHER,
            "median of most off": float(np.median([w[device].max() for w in worlds])),
            "worlds within 0.03": sum(bool(w[device].max() <= 0.03) for w in worlds),
        }
        for device in DEVICES
    ]


def _curve_off(seed: int) -> dict[str, Floats]:
    """How far each place of each device is off, (10,)."""
    log = simulate_feed(300, 60, 30_000, 60_000, 14, 0.05, random_state=seed)
    found = Examination.learned(log, np.ones(len(log), bool))
    place = np.arange(1, 11)
    return {
        device: np.abs(
            found.at(np.full(10, device), place) - examination(device, place)
        )
        for device in DEVICES
    }


def weights() -> list[Row]:
    """Preview a change of weights in many small worlds, and compare with the truth.

    The truth of a world is what the posts that either set of weights would choose at
    the places that were drawn truly bring, on average over these places.
    """
    held: dict[str, list[bool]] = {}
    refused = 0
    for seed in range(N_WORLDS):
        log = simulate_feed(**SMALL, random_state=1000 + seed)
        # The last half is judged: the heads have not learned from it.
        log = replace(log, is_test=log.time >= np.median(log.time))
        train = ~log.is_test
        flat = Examination.learned(log, train)
        counts = FeedCounts(log, train, looks_of(log, flat))
        X, y = features_of(counts, log, train, flat), answers_of(log, train)
        late = log.time[train] >= np.quantile(log.time[train], 0.8)
        heads = learn_heads("rates", X, y, late, counts)
        decisions = Decisions.of(log, heads, flat, counts.base)
        present = usual_weights(log.heads)
        other = {name: OTHER.get(name, 0.0) for name in log.heads}
        found = previewed(decisions, log.heads, present, other)
        truth = _true_change(log, decisions, present, other)
        for name, (_, _, interval) in found.heads.items():
            if interval is None:
                refused += 1
            else:
                inside = interval.low <= truth[name] <= interval.high
                held.setdefault(name, []).append(inside)
    every = [each for of in held.values() for each in of]
    rows: list[Row] = [
        {
            "method": "lookalike",
            "worlds": N_WORLDS,
            "intervals": len(every),
            "refused": refused,
            "held": share_with_error(float(np.mean(every)), len(every)),
        }
    ]
    rows += [
        {
            "method": f"of {name}",
            "worlds": N_WORLDS,
            "intervals": len(of),
            "share held": share_with_error(float(np.mean(of)), len(of)),
        }
        for name, of in held.items()
    ]
    return rows


def _true_change(
    log: FeedLog,
    decisions: Decisions,
    present: dict[str, float],
    other: dict[str, float],
) -> dict[str, float]:
    assert log.draws is not None
    draws = log.draws.taking(log.is_test[log.draws.row])
    expected = decisions.expected.astype(np.float64)
    row = draws.row
    n = np.arange(len(row))
    fall = examination(log.device[row], np.full(len(row), SLOT))
    said = []
    for each in (present, other):
        post = draws.pool[n, np.argmax(value_of(expected, each), axis=1)]
        before = _before(log, row, post)
        truth = log.truth.expected(log.user[row], post, log.time[row], before)
        # What passes by unseen takes 0.1 to 1 second: the mean of ln(1 + s).
        passed = dict.fromkeys(truth, 0.0) | {"dwell": _PASSED}
        said.append(
            {
                name: float((fall * t + (1 - fall) * passed[name]).mean())
                for name, t in truth.items()
            }
        )
    return {name: said[1][name] - said[0][name] for name in said[0]}


def _before(log: FeedLog, row: Ints, post: Ints) -> Ints:
    """Posts of an author that a user was shown in the day before, the list's above."""
    looks = np.ones(len(log))
    counts = FeedCounts(log, np.ones(len(log), bool), looks)
    author = log.posts.author[post]
    return counts.shown_today(log.user[row], author, log.time[row], log.place[row])


_PASSED = float(np.mean(np.log1p(np.linspace(0.1, 1.0, 10_001))))
