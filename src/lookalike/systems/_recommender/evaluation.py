"""How good lists of games or films are: what was hidden, looked for."""

from typing import TYPE_CHECKING, Any

import numpy as np

from lookalike._typing import Array, Floats, Ints
from lookalike.core.verbs import Measured, Tell
from lookalike.datasets.interactions import Interactions
from lookalike.evaluate import bootstrap, paired_test
from lookalike.evaluate.recommending import (
    by_slice,
    coverage,
    diversity,
    list_metrics,
    novelty,
    padded,
    popularity_bias,
)
from lookalike.rank.recommender import pick
from lookalike.systems._recommender.history import History

if TYPE_CHECKING:
    from lookalike.systems._recommender.base import Recommending

K = 10
FEW = ((1, 3), (3, 10), (10, 30), (30, np.inf))
"""Lengths of known histories, from and below: the slices that are reported."""


def users_asked(relevance: Any) -> Ints:
    """Users who have something hidden, of csr (n_users, n_items)."""
    return np.flatnonzero(np.diff(relevance.indptr))


def recommending_measured(
    system: "Recommending", data: Interactions, tell: Tell
) -> Measured:
    """Look for what was hidden, with the funnel and with each generator on its own."""
    relevance = system.relevance(data)
    asked = users_asked(relevance)
    if len(asked) < 2:
        raise ValueError("At least two users must have something hidden.")
    tell("answering", 0.1)
    relevance = relevance[asked]
    history = system._history.rows(asked.tolist())
    ours = _places(system, history, asked.tolist())
    lists = {"funnel": ours} | _alone(system, history, tell)
    scored = {name: list_metrics(ids, relevance, K) for name, ids in lists.items()}
    mine = scored["funnel"]
    metrics = {name: bootstrap(np.mean, values) for name, values in mine.items()}
    for name in ("ndcg_at_10", "recall_at_20"):
        for generator, values in scored.items():
            if generator != "funnel":
                key = f"{name}_of_{generator.replace(' ', '_')}"
                metrics[key] = bootstrap(np.mean, values[name])
    n_items, top = len(system.items_), ours[:, :K]
    popular = np.bincount(system._history.item, minlength=n_items)
    metrics |= {
        "novelty": bootstrap(np.mean, novelty(top, popular, len(system.users_))),
        "diversity": bootstrap(np.mean, diversity(top, system._content)),
        "popularity_bias": bootstrap(np.mean, popularity_bias(top, popular)),
    }
    return Measured(
        f"{len(asked):,} users with something hidden",
        metrics,
        {
            name: paired_test(mine["ndcg_at_10"], values["ndcg_at_10"])
            for name, values in scored.items()
            if name != "funnel"
        },
        {
            "slices": _slices(history, relevance, mine["ndcg_at_10"], popular),
            "shown": {name: _shown(ids, n_items) for name, ids in lists.items()},
            "popular": popular,
            "coverage": {
                name: coverage(ids[:, :K], n_items) for name, ids in lists.items()
            },
        },
    )


def _places(system: "Recommending", history: History, rows: list[int]) -> Ints:
    """First 2 K places of the funnel's lists, -1 where one ends."""
    slates = system._slates(history, 2 * K, rows)
    return padded([slate.items for slate in slates], 2 * K)


def _alone(system: "Recommending", history: History, tell: Tell) -> dict[str, Ints]:
    """Lists of each generator on its own."""
    matrices, generators = system.matrices(history), system._funnel.generators
    lists = {}
    for n, generator in enumerate(generators):
        tell(f"asking {generator.name} alone", 0.4 + 0.5 * n / len(generators))
        scores = generator.model.score_items(matrices[generator.score_matrix])
        lists[generator.name] = pick(scores, matrices["plain"], 2 * K, system.n_jobs)[0]
    return lists


def _slices(
    history: History, relevance: Any, values: Floats, popular: Ints
) -> dict[str, Any]:
    """NDCG by the length of the history, and by what there is to find."""
    sizes = np.bincount(history.user, minlength=history.n_users)
    names = [
        f"{low} to {high - 1:.0f} known" if np.isfinite(high) else f"{low} or more"
        for low, high in FEW
    ]
    place = np.searchsorted([low for low, _ in FEW], sizes, "right") - 1
    labels = np.array(names)[np.maximum(place, 0)]
    by_length = by_slice(values, labels)
    tail = popular <= np.quantile(popular[popular > 0], 0.8)
    share = (relevance.astype(bool).astype(float) @ tail) / np.diff(relevance.indptr)
    kinds = np.where(share > 0.5, "mostly tail items", "mostly popular items")
    lengths = {name: by_length[name] for name in names if name in by_length}
    return lengths | by_slice(values, kinds)


def _shown(ids: Ints, n_items: int) -> Array:
    """How often each item is shown, most often first."""
    top = ids[:, :K]
    return -np.sort(-np.bincount(top[top >= 0], minlength=n_items))
