"""Recommendation and ranking: candidate generators, rankers, re-ranking, the funnel.

Each file holds one algorithm. A matrix ``user_items`` is sparse, users by items.
"""

from lookalike.rank.blend import Blend
from lookalike.rank.boosted_ranker import BoostedRanker
from lookalike.rank.chain_click_models import (
    CascadeModel,
    DynamicBayesianModel,
    SimplifiedDynamicBayesianModel,
)
from lookalike.rank.clicks import Impressions
from lookalike.rank.content import ContentSimilarity
from lookalike.rank.counterfactual_ranker import CounterfactualRanker
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
from lookalike.rank.position_click_models import PositionBasedModel, UserBrowsingModel
from lookalike.rank.slate import ExplainedSlate
from lookalike.rank.two_tower import TwoTower
from lookalike.rank.user_neighbors import UserNeighbors
from lookalike.search.hits import Hits

__all__ = [
    "EASE",
    "Blend",
    "BoostedRanker",
    "CandidateGenerator",
    "CascadeModel",
    "ContentSimilarity",
    "CounterfactualRanker",
    "DynamicBayesianModel",
    "ExplainedSlate",
    "Funnel",
    "History",
    "Hits",
    "ImplicitALS",
    "Impressions",
    "ItemNeighbors",
    "LambdaMART",
    "LinearRanker",
    "LogisticRanker",
    "NetworkRanker",
    "Popularity",
    "PositionBasedModel",
    "SimplifiedDynamicBayesianModel",
    "TrainingBatch",
    "TwoTower",
    "UserBrowsingModel",
    "UserNeighbors",
]
