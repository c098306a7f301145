"""Random sampling of rows, items and numbers, with the weight of each sample."""

from lookalike.features.sampling.alias import AliasTable
from lookalike.features.sampling.importance import (
    ImportanceEstimate,
    importance_mean,
    importance_sample,
)
from lookalike.features.sampling.negatives import NegativeSampler, correct_logits
from lookalike.features.sampling.ranges import rand10, random_below
from lookalike.features.sampling.reservoir import Reservoir
from lookalike.features.sampling.stratified import WeightedRows, stratified_sample
from lookalike.features.sampling.uniform import uniform_sample
from lookalike.features.sampling.weighted_reservoir import WeightedReservoir

__all__ = [
    "AliasTable",
    "ImportanceEstimate",
    "NegativeSampler",
    "Reservoir",
    "WeightedReservoir",
    "WeightedRows",
    "correct_logits",
    "importance_mean",
    "importance_sample",
    "rand10",
    "random_below",
    "stratified_sample",
    "uniform_sample",
]
