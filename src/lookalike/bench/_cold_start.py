"""What newcomers cost: users and items that were not there when a model learned.

A tenth of the users who are asked about is left out of learning and then answered by
their histories; a tenth of the items is left out and then folded in, or, where nobody
has them yet, ranked by what is said of them. Each is compared, user by user, with the
model that learned from everything.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp

from lookalike._typing import Array, Floats, Ints
from lookalike.bench._run import Row
from lookalike.evaluate.recommending import compare, list_metrics
from lookalike.rank.content import ContentSimilarity
from lookalike.rank.ease import EASE
from lookalike.rank.implicit_als import ImplicitALS
from lookalike.rank.recommender import pick

K = 20
SHARE = 0.1
LEAST = 5  # users of an item that is played new
METRIC = "ndcg_at_10"


def colds(known: Any, relevance: Any, asked: Ints, content: Any) -> list[Row]:
    """Rows of all comparisons: the newcomers' nDCG, and the gap to the full fit."""
    rng = np.random.default_rng(0)
    pairs = _new_users(known, relevance, asked, rng)
    pairs |= _new_items(known, relevance, asked, rng)
    table = [_row(method, *pair) for method, pair in pairs.items()]
    return [*table, *_unheard(known, relevance, asked, content, rng)]


Pair = tuple[Floats, Floats]
"""NDCG of each user with the full fit, and as newcomers."""


def _new_users(
    known: Any, relevance: Any, asked: Ints, rng: np.random.Generator
) -> dict[str, Pair]:
    at = np.sort(rng.choice(len(asked), max(2, int(SHARE * len(asked))), replace=False))
    new, truth = known[asked[at]], relevance[at]
    others = np.setdiff1d(np.arange(known.shape[0]), asked[at])
    makers: dict[str, Callable[[], Any]] = {
        "EASE, new users": lambda: EASE(150.0),
        "ALS, new users": lambda: ImplicitALS(32, 50.0, 5.0, random_state=0),
    }
    return {
        method: (
            _worth(make().fit(known).recommend(new, K).ids, truth),
            _worth(make().fit(known[others]).recommend(new, K).ids, truth),
        )
        for method, make in makers.items()
    }


def _new_items(
    known: Any, relevance: Any, asked: Ints, rng: np.random.Generator
) -> dict[str, Pair]:
    new = _drawn(known, rng)
    order = np.concatenate([np.setdiff1d(np.arange(known.shape[1]), new), new])
    turned = sp.csr_array(known[:, order])
    old = sp.csr_array(turned[:, : len(order) - len(new)])
    truth = sp.csr_array(relevance[:, order])
    whole = ImplicitALS(32, 50.0, 5.0, random_state=0).fit(turned)
    late = ImplicitALS(32, 50.0, 5.0, random_state=0).fit(old).partial_fit(turned)
    found = (model.recommend(turned[asked], K).ids for model in (whole, late))
    first, second = (_worth(ids, truth) for ids in found)
    return {"ALS, new items folded in": (first, second)}


def _unheard(
    known: Any, relevance: Any, asked: Ints, content: Any, rng: np.random.Generator
) -> list[Row]:
    """Rank new items that nobody has, by content and by chance."""
    new = _drawn(known, rng)
    truth = sp.csr_array(relevance[:, new])
    there = np.flatnonzero(np.diff(truth.indptr))
    if len(there) < 2:
        return []
    hidden = np.ones(known.shape[1], np.float32)
    hidden[new] = 0
    shown = sp.csr_array(known[asked[there]] @ sp.diags_array(hidden))
    scores = ContentSimilarity().fit(content).score_items(shown)[:, new]
    chance = rng.random(scores.shape).astype(np.float32)
    lists = [pick(np.ascontiguousarray(s), None, K)[0] for s in (scores, chance)]
    ours, luck = (_worth(ids, truth[there]) for ids in lists)
    return [_row(f"content among {len(new)} items nobody has", luck, ours)]


def _drawn(known: Any, rng: np.random.Generator) -> Ints:
    counts = np.bincount(known.indices, minlength=known.shape[1])
    some = np.flatnonzero(counts >= LEAST)
    return np.sort(rng.choice(some, int(SHARE * len(some)), replace=False))


def _worth(ids: Array, truth: Any) -> Floats:
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
