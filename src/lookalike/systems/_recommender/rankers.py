"""The rankers that a recommender can be fitted with."""

from typing import Any

import numpy as np

from lookalike.rank import Blend, BoostedRanker, LambdaMART, LogisticRanker
from lookalike.rank.ranker import Ranker

RANKERS = ("blend", "lambda_mart", "boosted", "logistic")


def new_ranker(name: str, n_known: int, n_jobs: int | None) -> Ranker:
    """Return an unfitted ranker, its size chosen for so many known interactions.

    name : one of RANKERS
    """
    if name == "logistic":
        return LogisticRanker()
    # Few leaves of many rows each, of parts of rows and columns: relevant rows are few.
    least = int(np.clip(n_known // 250, 5, 200))
    growth: Any = {"n_estimators": 150, "min_child_samples": least, "n_jobs": n_jobs}
    growth |= {"subsample": 0.5, "colsample": 0.4}
    boosted = BoostedRanker(num_leaves=15, **growth)
    lambda_mart = LambdaMART(num_leaves=7, **growth)
    kinds: dict[str, Ranker] = {
        "boosted": boosted,
        "lambda_mart": lambda_mart,
        "blend": Blend([lambda_mart, boosted]),
    }
    return kinds[name]
