"""Cold start: users and items that were not in the training data.

A tenth of the users of the test is left out of training and then answered by their
histories; a tenth of the items is left out and then folded in, or, without any user,
ranked by the words that describe them. Each is compared, user by user, with the model
trained on everything.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp

from lookalike.evaluate.recommending import compare, list_metrics, padded
from lookalike.rank.content import ContentSimilarity
from lookalike.rank.ease import EASE
from lookalike.rank.implicit_als import ImplicitALS
from lookalike.rank.recommender import pick
from lookalike_bench.arrays import Array, Floats, Ints
from lookalike_bench.bars import Row

K = 20
SHARE = 0.1
LEAST = 5  # users of an item that may be left out
METRIC = "ndcg_at_10"


def cold_starts(known: Any, relevance: Any, users: Ints, content: Any) -> list[Row]:
    """Return the rows of all comparisons: nDCG, and the gap to the full fit."""
    rng = np.random.default_rng(0)
    pairs = _new_users(known, relevance, users, rng)
    pairs |= _new_items(known, relevance, users, rng)
    table = [_row(method, *pair) for method, pair in pairs.items()]
    return [*table, *_without_users(known, relevance, users, content, rng)]


Pair = tuple[Floats, Floats]
"""NDCG of each user with the full fit, and at cold start."""


def _new_users(
    known: Any, relevance: Any, users: Ints, rng: np.random.Generator
) -> dict[str, Pair]:
    at = np.sort(rng.choice(len(users), max(2, int(SHARE * len(users))), replace=False))
    new, truth = known[users[at]], relevance[at]
    others = np.setdiff1d(np.arange(known.shape[0]), users[at])
    makers: dict[str, Callable[[], Any]] = {
        "EASE, new users": lambda: EASE(150.0),
        "ALS, new users": lambda: ImplicitALS(32, 50.0, 5.0, random_state=0),
    }
    return {
        method: (
            _ndcg(padded(make().fit(known).recommend(new, K).ids, K), truth),
            _ndcg(padded(make().fit(known[others]).recommend(new, K).ids, K), truth),
        )
        for method, make in makers.items()
    }


def _new_items(
    known: Any, relevance: Any, users: Ints, rng: np.random.Generator
) -> dict[str, Pair]:
    new = _drawn(known, rng)
    order = np.concatenate([np.setdiff1d(np.arange(known.shape[1]), new), new])
    turned = sp.csr_array(known[:, order])
    old = sp.csr_array(turned[:, : len(order) - len(new)])
    truth = sp.csr_array(relevance[:, order])
    whole = ImplicitALS(32, 50.0, 5.0, random_state=0).fit(turned)
    late = ImplicitALS(32, 50.0, 5.0, random_state=0).fit(old).partial_fit(turned)
    found = (
        padded(model.recommend(turned[users], K).ids, K) for model in (whole, late)
    )
    first, second = (_ndcg(ids, truth) for ids in found)
    return {"ALS, new items folded in": (first, second)}


def _without_users(
    known: Any, relevance: Any, users: Ints, content: Any, rng: np.random.Generator
) -> list[Row]:
    """Rank items without any user, by content and by chance."""
    new = _drawn(known, rng)
    truth = sp.csr_array(relevance[:, new])
    there = np.flatnonzero(np.diff(truth.indptr))
    if len(there) < 2:
        return []
    hidden = np.ones(known.shape[1], np.float32)
    hidden[new] = 0
    shown = sp.csr_array(known[users[there]] @ sp.diags_array(hidden))
    scores = ContentSimilarity().fit(content).score_items(shown)[:, new]
    chance = rng.random(scores.shape).astype(np.float32)
    lists = [pick(np.ascontiguousarray(s), None, K)[0] for s in (scores, chance)]
    ours, random = (_ndcg(ids, truth[there]) for ids in lists)
    return [_row(f"content among {len(new)} items without users", random, ours)]


def _drawn(known: Any, rng: np.random.Generator) -> Ints:
    counts = np.bincount(known.indices, minlength=known.shape[1])
    some = np.flatnonzero(counts >= LEAST)
    return np.sort(rng.choice(some, int(SHARE * len(some)), replace=False))


def _ndcg(ids: Array, truth: Any) -> Floats:
    return list_metrics(ids, truth, 10)[METRIC]


def _row(method: str, base: Floats, mine: Floats) -> Row:
    """``base`` is the full fit, or chance where nothing can be fitted."""
    first, second = compare({"base": base, method: mine})
    assert second.against is not None
    return {
        "method": method,
        "users": len(mine),
        "ndcg@10": str(second.mean),
        "full fit, or chance": str(first.mean),
        "gap": str(second.against.difference),
        "p": f"{second.against.p_value:.2g}",
    }
