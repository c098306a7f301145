"""Who and what -> an ordered list: candidates, rankers, re-rankers, the funnel.

One algorithm a file. Matrices are ``user_items``: sparse, users by items.
"""

from lookalike.rank.boosted_ranker import BoostedRanker
from lookalike.rank.cross_network import CrossNetwork
from lookalike.rank.hits import Hits
from lookalike.rank.lambda_mart import LambdaMART
from lookalike.rank.logistic_ranker import LogisticRanker
from lookalike.rank.network_ranker import NetworkRanker
from lookalike.rank.point_in_time import History
from lookalike.rank.suggestions import Suggestions

__all__ = [
    "BoostedRanker",
    "CrossNetwork",
    "History",
    "Hits",
    "LambdaMART",
    "LogisticRanker",
    "NetworkRanker",
    "Suggestions",
]
