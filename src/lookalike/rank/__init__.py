"""Who and what -> an ordered list: candidates, rankers, re-rankers, the funnel.

One algorithm a file. Matrices are ``user_items``: sparse, users by items.
"""

from lookalike.rank.boosted_ranker import BoostedRanker
from lookalike.rank.hits import Hits
from lookalike.rank.lambda_mart import LambdaMART
from lookalike.rank.logistic_ranker import LogisticRanker

__all__ = ["BoostedRanker", "Hits", "LambdaMART", "LogisticRanker"]
