"""Targeting, auctions, and whole requests: exact, truthful and in time."""

import json
import time

import numpy as np

from lookalike.datasets.ad_simulator import simulate_ads
from lookalike.evaluate import bootstrap, paired_test
from lookalike.rank.auctions import run_auction
from lookalike.rank.targeting import Targeting
from lookalike.rank.targeting_rules import Comparison
from lookalike.systems.ads.replay import replayed_revenue
from lookalike.systems.ads.system import AdClicks
from lookalike_bench.arrays import Floats
from lookalike_bench.bars import Row
from lookalike_bench.under_load import n_failed, served

N_ADS, N_NAMES, N_USERS, N_CHECKED = 100_000, 20, 1000, 2000


def targeting() -> list[Row]:
    """Match users with 100,000 ads of 20 predicates each; some ads one by one, too."""
    rng = np.random.default_rng(0)
    pools = [_pool(f"c{at}", at % 4, rng) for at in range(N_NAMES)]
    drawn = rng.integers(len(pools[0]), size=(N_ADS, N_NAMES)).tolist()
    rules = [
        (tuple(pool[n] for pool, n in zip(pools, row, strict=True)),) for row in drawn
    ]
    started = time.process_time()
    compiled = Targeting(rules)
    seconds = time.process_time() - started
    taken, wrong, n_found = [], 0, []
    for number in range(N_USERS):
        user = _user(rng)
        started = time.thread_time()
        found = compiled.wanted(user)
        taken.append(time.thread_time() - started)
        n_found.append(len(found))
        if number < 5:
            some = set(found[found < N_CHECKED].tolist())
            truth = {
                at
                for at in range(N_CHECKED)
                if all(each.holds(user) for each in rules[at][0])
            }
            wrong += len(some ^ truth)
    return [
        {
            "method": "lookalike",
            "p50 ms": 1000 * float(np.quantile(taken, 0.5)),
            "p99 ms": 1000 * float(np.quantile(taken, 0.99)),
            "found": float(np.mean(n_found)),
            "wrong": wrong,
            "seconds to compile": seconds,
        }
    ]


def _pool(name: str, kind: int, rng: np.random.Generator) -> list[Comparison]:
    """Twenty comparisons of a name, most of which hold."""
    found = []
    for _ in range(20):
        if kind == 0:
            found.append(Comparison(name, ">=", (float(rng.integers(0, 15)),)))
        elif kind == 1:
            words = rng.choice(10, 8, replace=False).tolist()
            found.append(Comparison(name, "in", tuple(f"v{n}" for n in sorted(words))))
        else:
            op, word = ("in", "v") if kind == 2 else ("has", "l")
            found.append(Comparison(name, op, (f"{word}{rng.integers(10)}",), True))
    return found


def _user(rng: np.random.Generator) -> dict[str, object]:
    values = {
        0: lambda: int(rng.integers(5, 60)),
        1: lambda: f"v{rng.integers(10)}",
        2: lambda: f"v{rng.integers(10)}",
        3: lambda: f"l{rng.integers(10)}",
    }
    return {f"c{at}": values[at % 4]() for at in range(N_NAMES)}


def over_http(rate: float = 20, seconds: float = 10) -> list[Row]:
    """Sell pages of 1,100 ads, of which rules leave about 500, to one user each."""
    log = simulate_ads(n_users=500, n_ads=1100, n_pages=8000, random_state=5)
    system = AdClicks("crosses", compare="crosses", n_jobs=1).fit(log)
    user = next(
        name
        for name in log.users.ids.tolist()
        if 450 < len(system.recommend_each([name], 10_000)[0]) < 600
    )
    n = len(system.recommend_each([user], 10_000)[0])
    taken = []
    for _ in range(100):
        started = time.thread_time()
        system.run_auction(user, 3)
        taken.append(time.thread_time() - started)
    body = json.dumps({"user": user, "k": 3}).encode()
    with served("ads", system.save) as server:
        found = server.load(
            "/v1/ads/auction", body, rate=rate, connections=4, seconds=seconds
        )
    return [
        {
            "method": "lookalike",
            "ads ranked": n,
            "processor ms": 1000 * float(np.median(taken)),
            "requests/s": round(found["per_second"], 1),
            "p50 ms": round(found["p50"], 3),
            "p99 ms": round(found["p99"], 3),
            "refused": n_failed(found),
        }
    ]


def auctions(n: int = 3000) -> list[Row]:
    """Let a bidder of a random market try other bids than the truth."""
    rng = np.random.default_rng(0)
    gained: dict[str, list[float]] = {"vcg": [], "gsp": []}
    for _ in range(n):
        m = int(rng.integers(2, 7))
        value, quality = rng.uniform(0, 5, m), rng.uniform(0.01, 0.5, m)
        places = np.power(0.6, np.arange(int(rng.integers(1, 4)))).astype(np.float64)
        reserve = float(rng.choice([0.0, 0.5]))
        for kind, own in gained.items():
            honest = _surplus(value, value, quality, places, kind, reserve)
            tried = [
                _surplus(
                    np.append(value[0] * factor, value[1:]),
                    *(value, quality, places, kind, reserve),
                )
                for factor in (0.0, 0.5, 0.8, 0.95, 1.05, 1.3, 2.0)
            ]
            own.append(max(tried) - honest)
    return [
        {
            "method": kind,
            "most gained": max(own),
            "share of markets with a gain": float(np.mean(np.array(own) > 1e-9)),
        }
        for kind, own in gained.items()
    ]


def _surplus(
    bids: Floats,
    value: Floats,
    quality: Floats,
    places: Floats,
    kind: str,
    reserve: float,
) -> float:
    """What the first bidder has of its place, less what it pays."""
    sold = run_auction(bids, quality, places, kind, reserve)
    won = np.flatnonzero(sold.winners == 0)
    if not len(won):
        return 0.0
    clicks = quality[0] * places[won[0]]
    return float(value[0] * clicks - sold.payment[won[0]])


def revenue() -> list[Row]:
    """Hold the auctions of the test days again, ranked by each model."""
    log = simulate_ads(n_pages=40_000, random_state=2)
    system = AdClicks("crosses", compare="logistic,crosses", n_jobs=1).fit(log)
    test = log.is_test
    rows = system.learned_.builder.rows(log.columns(test), log.time[test])
    assert log.chance is not None
    chances = {
        name: system.learned_.chances(name, rows) for name in ("logistic", "crosses")
    }
    chances |= {"truth": log.chance[test], "rate": np.full(test.sum(), 0.05)}
    found = replayed_revenue(log.where(test), chances)
    rows_found: list[Row] = []
    for name, each in found.items():
        against = paired_test(each, found["rate"])
        rows_found.append(
            {
                "method": name,
                "revenue of a page": str(bootstrap(np.mean, each)),
                "more than by the rate": str(against.difference),
                "p": against.p_value,
            }
        )
    return rows_found
