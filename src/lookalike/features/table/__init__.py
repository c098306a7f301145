"""Encoders of table columns that scikit-learn does not have."""

from lookalike.features.table.bucketise import Bucketiser
from lookalike.features.table.class_count_encoder import ClassCountEncoder
from lookalike.features.table.count_encoder import CountEncoder
from lookalike.features.table.crosses import HashedCrosses
from lookalike.features.table.ordered_target_encoder import OrderedTargetEncoder

__all__ = [
    "Bucketiser",
    "ClassCountEncoder",
    "CountEncoder",
    "HashedCrosses",
    "OrderedTargetEncoder",
]
