"""Recommendation and ranking: candidate generators, rankers, re-ranking, the funnel.

Each file holds one algorithm. A matrix ``user_items`` is sparse, users by items.
"""

from lookalike.rank.blend import Blend
from lookalike.rank.boosted_ranker import BoostedRanker
from lookalike.rank.content import ContentSimilarity
from lookalike.rank.ease import EASE
from lookalike.rank.funnel import CandidateGenerator, Funnel, TrainingBatch
from lookalike.rank.implicit_als import ImplicitALS
from lookalike.rank.item_neighbors import ItemNeighbors
from lookalike.rank.lambda_mart import LambdaMART
from lookalike.rank.linear_ranker import LinearRanker
from lookalike.rank.logistic_ranker import LogisticRanker
from lookalike.rank.network_ranker import NetworkRanker
from lookalike.rank.point_in_time import History
from lookalike.rank.popularity import Popularity
from lookalike.rank.slate import ExplainedSlate
from lookalike.rank.two_tower import TwoTower
from lookalike.rank.user_neighbors import UserNeighbors
from lookalike.search.hits import Hits

__all__ = [
    "EASE",
    "Blend",
    "BoostedRanker",
    "CandidateGenerator",
    "ContentSimilarity",
    "ExplainedSlate",
    "Funnel",
    "History",
    "Hits",
    "ImplicitALS",
    "ItemNeighbors",
    "LambdaMART",
    "LinearRanker",
    "LogisticRanker",
    "NetworkRanker",
    "Popularity",
    "TrainingBatch",
    "TwoTower",
    "UserNeighbors",
]
