"""The general recommender beside those made for one log, and without item columns.

All learn from the same log with the same part held out, and are measured by the same
relevance: on MovieLens a held-out film of at least the median rating counts twice,
elsewhere every held-out item counts once. The log of one's own is simulated, see
``lookalike_bench.own_log``; games reads it as if its columns had the names it knows.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from lookalike_bench import own_log
from lookalike_bench.arrays import Array
from lookalike_bench.bars import Bar, Row, least, most

K = 20
OWN = "own log"
LOGS = ("movielens_small", "steam_play_hours", OWN)
WITHOUT = "shop without item columns"


def bars() -> Iterator[Bar]:
    """Item columns help, and nothing is lost beside the system made for the log."""
    yield Bar(
        "shop: nDCG with item columns less without, the low end of its interval",
        0,
        least("low", f"shop {LOGS[0]}", WITHOUT),
    )
    yield Bar(
        "shop: gain in nDCG over games", 0, least("gain", f"shop {LOGS[1]}", "games")
    )
    yield Bar(
        "shop: gain in nDCG over games on a log of one's own",
        0,
        least("gain", f"shop {OWN}", "games"),
    )
    yield Bar(
        "shop: p of item columns",
        0.05,
        most("p", f"shop {LOGS[0]}", WITHOUT),
        at_most=True,
    )


def shop_rows(name: str) -> list[Row]:
    """Measure the shop, and those beside it; the shop is the first row."""
    from lookalike.evaluate.recommending import compare, list_metrics, padded
    from lookalike.systems import find_spec

    spec = find_spec("shop")
    data = own_data(spec) if name == OWN else spec.find_data(name)
    shop = spec.new({}, n_jobs=-1)
    relevance = shop.relevance(data)
    bare = replace(data, columns={}, titles=data.items)
    beside: dict[str, tuple[Any, Any]] = {"shop": (shop, data)}
    if data.columns:
        beside[WITHOUT] = spec.new({}, n_jobs=-1), bare
    if name == LOGS[0]:
        beside["films"] = find_spec("films").new({}, n_jobs=-1), data
    else:
        relevance.data[:] = 1
        beside["games"] = find_spec("games").new({}, n_jobs=-1), data
    users = np.flatnonzero(np.diff(relevance.indptr))
    found: dict[str, Array] = {}
    for method, (system, learned) in beside.items():
        system.fit(learned)
        slates = system.lists(system.history_.rows(users.tolist()), K)
        ids = padded([slate.items for slate in slates], K)
        found[method] = list_metrics(ids, relevance[users], 10)["ndcg_at_10"]
    known = system.history_.rows(users.tolist()).matrix().toarray() > 0
    often = np.where(known, -1, system.history_.counts())
    most_had = np.argsort(-often, axis=1, kind="stable")[:, :K]
    found["popularity"] = list_metrics(most_had, relevance[users], 10)["ndcg_at_10"]
    rows: list[Row] = []
    for each in compare(found):
        row: Row = {"method": each.name, "ndcg@10": str(each.mean)}
        if each.against is not None:
            lost = each.against.difference
            row |= {
                "gain": -lost.value,
                "low": -lost.high,
                "high": -lost.low,
                "p": each.against.p_value,
            }
        rows.append(row)
    return rows


def own_data(spec: Any) -> Any:
    """Return the simulated log as the system reads it from its files."""
    with TemporaryDirectory() as folder:
        log, items = own_log.write_own_log(Path(folder))
        options = {**own_log.COLUMNS, "items": str(items)}
        return spec.find_data(str(log), options=options)
