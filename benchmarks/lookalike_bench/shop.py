"""The general recommender beside those made for one log, and without item columns.

All learn from the same log with the same part held out, and are measured by the same
relevance: on MovieLens a held-out film of at least the median rating counts twice, on
Steam every held-out game counts once.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from lookalike_bench.arrays import Array
from lookalike_bench.bars import Bar, Row, least, most

K = 20
LOGS = ("movielens_small", "steam_play_hours")
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
    data = spec.find_data(name)
    shop = spec.new({}, n_jobs=-1)
    relevance = shop.relevance(data)
    bare = replace(data, columns={}, titles=data.items)
    beside: dict[str, tuple[Any, Any]] = {"shop": (shop, data)}
    if data.columns:
        beside[WITHOUT] = spec.new({}, n_jobs=-1), bare
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
