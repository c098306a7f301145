"""How good the lists of a recommender are: how much of what was held out they find."""

import time
from typing import Any

import numpy as np

from lookalike._typing import Array, Floats, Ints
from lookalike.core.evaluation import EvaluationResult, milliseconds_per_answer
from lookalike.core.progress import ProgressCallback, no_progress
from lookalike.datasets.interactions import Interactions
from lookalike.evaluate import Estimate, bootstrap, paired_test
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
from lookalike.systems._recommender.base import K, RecommenderSystem
from lookalike.systems._recommender.history import InteractionHistory

HISTORY_LENGTHS = ((1, 3), (3, 10), (10, 30), (30, np.inf))
"""Lengths of known histories, from and below: the slices that are reported."""
N_TIMED = 50  # users who are answered one at a time


def evaluate(
    system: RecommenderSystem,
    data: Interactions,
    on_progress: ProgressCallback = no_progress,
) -> EvaluationResult:
    """Measure the lists of users with something held out, beside each generator alone.

    The unit of chance is the user. Every number carries a 95% bootstrap interval, and
    the comparisons are paired user by user.

    Raises
    ------
    ValueError
        If the data have other users or items than were learned from, or fewer than two
        users have something held out.
    """
    _check_data(system, data)
    relevance = system.relevance(data)
    users = np.flatnonzero(np.diff(relevance.indptr))
    if len(users) < 2:
        raise ValueError("At least two users must have something held out.")
    on_progress("answering", 0.1)
    relevance = relevance[users]
    history = system.history_.rows(users.tolist())
    ours = _lists(system, history)
    lists = {"funnel": ours} | _lists_of_generators(system, history, on_progress)
    scored = {name: list_metrics(ids, relevance, K) for name, ids in lists.items()}
    mine = scored.pop("funnel")
    n_items, popularity = history.n_items, system.history_.counts()
    on_progress("timing", 0.95)
    covered = {name: coverage(ids[:, :K], n_items) for name, ids in lists.items()}
    facts = {
        "n_test": len(users),
        "coverage": round(covered["funnel"], 4),
        "users_per_second": _users_per_second(system, history),
        "milliseconds_per_answer": milliseconds_per_answer(
            system.recommend, [[name] for name in system.known_users[users[:N_TIMED]]]
        ),
    }
    return EvaluationResult(
        f"{len(users):,} users with something held out",
        {
            **{name: bootstrap(np.mean, values) for name, values in mine.items()},
            **_metrics_of_generators(scored),
            **_metrics_of_lists(system, ours[:, :K], popularity),
        },
        {
            name: paired_test(mine["ndcg_at_10"], values["ndcg_at_10"])
            for name, values in scored.items()
        },
        facts,
        details={
            "slices": _slices(history, relevance, mine["ndcg_at_10"], popularity),
            "shown": {name: _shown(ids, n_items) for name, ids in lists.items()},
            "coverage": covered,
        },
    )


def _check_data(system: RecommenderSystem, data: Interactions) -> None:
    catalogue = system.catalogue_
    if not catalogue.is_of(data):
        raise ValueError(
            f"Expected the {len(catalogue.users):,} users and "
            f"{len(catalogue.items):,} items that were learned from, got others."
        )


def _lists(system: RecommenderSystem, history: InteractionHistory) -> Ints:
    """First 2 K positions of the funnel's lists, -1 where one ends."""
    return padded([slate.items for slate in system.lists(history, 2 * K)], 2 * K)


def _lists_of_generators(
    system: RecommenderSystem,
    history: InteractionHistory,
    on_progress: ProgressCallback,
) -> dict[str, Ints]:
    """The same of each generator on its own."""
    matrices = system.matrices(history, system.catalogue_)
    generators = system.funnel_.generators
    lists = {}
    for n, generator in enumerate(generators):
        on_progress(f"asking {generator.name} alone", 0.4 + 0.5 * n / len(generators))
        scores = generator.model.score_items(matrices[generator.score_matrix])
        lists[generator.name] = pick(scores, matrices["plain"], 2 * K, system.n_jobs)[0]
    return lists


def _metrics_of_generators(
    scored: dict[str, dict[str, Floats]],
) -> dict[str, Estimate]:
    return {
        f"{metric}_of_{name.replace(' ', '_')}": bootstrap(np.mean, values[metric])
        for metric in ("ndcg_at_10", "recall_at_20")
        for name, values in scored.items()
    }


def _metrics_of_lists(
    system: RecommenderSystem, ids: Ints, popularity: Ints
) -> dict[str, Estimate]:
    """What the lists do to the catalogue."""
    n_users, vectors = len(system.known_users), system.vectors(system.catalogue_)
    return {
        "novelty": bootstrap(np.mean, novelty(ids, popularity, n_users)),
        "diversity": bootstrap(np.mean, diversity(ids, vectors)),
        "popularity_bias": bootstrap(np.mean, popularity_bias(ids, popularity)),
    }


def _users_per_second(system: RecommenderSystem, history: InteractionHistory) -> int:
    started = time.perf_counter()
    system.lists(history, K)
    return round(history.n_users / (time.perf_counter() - started))


def _slices(
    history: InteractionHistory, relevance: Any, values: Floats, popularity: Ints
) -> dict[str, Estimate]:
    """NDCG by the length of the history, and by what there is to find."""
    sizes = np.bincount(history.user, minlength=history.n_users)
    names = [
        f"{low} to {high - 1:.0f} known" if np.isfinite(high) else f"{low} or more"
        for low, high in HISTORY_LENGTHS
    ]
    length = np.searchsorted([low for low, _ in HISTORY_LENGTHS], sizes, "right") - 1
    labels = np.array(names)[np.maximum(length, 0)]
    by_length = by_slice(values, labels)
    tail = popularity <= np.quantile(popularity[popularity > 0], 0.8)
    share = (relevance.astype(bool).astype(float) @ tail) / np.diff(relevance.indptr)
    kinds = np.where(share > 0.5, "mostly tail items", "mostly popular items")
    lengths = {name: by_length[name] for name in names if name in by_length}
    return lengths | by_slice(values, kinds)


def _shown(ids: Ints, n_items: int) -> Array:
    """How often each item is shown, most often first."""
    top = ids[:, :K]
    return -np.sort(-np.bincount(top[top >= 0], minlength=n_items))
